//! Reads a project, so that what `init` writes fits it.
//!
//! Looks at names and at a handful of manifests. Bounded in depth, entries and bytes; follows no symbolic link
//! and skips hidden, built and installed folders. Names that are put into a command or a glob are plain: anything
//! else in a repository is somebody's text.
//!
//! Absent on purpose: running anything, and reading sources.

mod cargo;
mod node;
mod owners;
mod part;
mod tree;
mod verify;

use std::io;
use std::path::{Path, PathBuf};

use orchestra_core::config::VerifyPlan;
use thiserror::Error;

use crate::scaffold::visible;
use part::Part;
use tree::Tree;

/// How many notes are worth a person's time.
const MAX_NOTES: usize = 20;

/// What a project looks like.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Detection {
    /// What it is, in words: `Go module, Vite + React in web`.
    pub kind: String,
    /// Globs of what the back end's role may write.
    pub backend: Vec<String>,
    /// Globs of what the front end's role may write.
    pub frontend: Vec<String>,
    /// Globs of what the architect may write besides documents; only where nothing has been set up yet.
    pub architect: Vec<String>,
    /// Manifests that were found, relative to the top.
    pub manifests: Vec<String>,
    /// Lock files that were found, relative to the top.
    pub lock_files: Vec<String>,
    /// Commands that check the project.
    pub verify: VerifyPlan,
    /// What a person should know about the above, a sentence each.
    pub notes: Vec<String>,
}

/// Says why a project could not be read.
#[derive(Debug, Error)]
pub enum DetectError {
    /// The top folder cannot be listed; anything below that cannot be read becomes a note.
    #[error("could not list `{path}`")]
    List {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Reads the project at `root`.
pub fn detect(root: &Path) -> Result<Detection, DetectError> {
    let tree = Tree::read(root)?;
    let mut notes = tree.notes().to_vec();
    let parts = part::find(&tree, &mut notes);
    let owners = owners::divide(&tree, &parts, &mut notes);
    let verify = verify::commands(&parts, &mut notes);
    let more = notes.len().saturating_sub(MAX_NOTES);
    notes.truncate(MAX_NOTES);
    let mut notes: Vec<String> = notes.iter().map(|note| visible(note)).collect();
    notes.extend((more > 0).then(|| format!("{more} more notes were left out.")));
    Ok(Detection {
        kind: describe(&tree, &parts),
        backend: owners.backend,
        frontend: owners.frontend,
        architect: owners.architect,
        manifests: tree.files_named(part::is_manifest),
        lock_files: tree.files_named(part::is_lock_file),
        verify,
        notes,
    })
}

fn describe(tree: &Tree, parts: &[Part]) -> String {
    let described: Vec<String> =
        parts.iter().filter(|part| !owners::is_coordinator(part, parts)).filter_map(Part::describe).collect();
    let shown = 6;
    let more = described.len().saturating_sub(shown);
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    let words = described.iter().take(shown).cloned().collect::<Vec<_>>().join(", ") + &more;
    match (part::workspace_manager(parts), words.is_empty()) {
        (Some(manager), true) => format!("{manager} monorepo"),
        (Some(manager), false) => format!("{manager} monorepo: {words}"),
        (None, false) => words,
        (None, true) if tree.is_empty() => "empty project".to_owned(),
        (None, true) => "project of an unknown kind".to_owned(),
    }
}
