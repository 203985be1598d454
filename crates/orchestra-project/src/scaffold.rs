//! What `init` writes: the folder `.orchestra`, and a section of a few lines for agents.
//!
//! Invariants, held by tests: nothing that exists is overwritten; in `AGENTS.md`, `CLAUDE.md` and git's `exclude`
//! every byte outside of our own section stays; nothing is written through a symbolic link; a second run has
//! nothing to do.
//!
//! Absent on purpose: git (the caller says where `exclude` lies and commits), questions to a person, and a look at
//! which agents are installed.

pub mod milestone;
pub mod section;

mod delivered;
mod disk;
mod render;

use std::path::{Path, PathBuf};

use orchestra_core::config::AgentConfig;
use orchestra_core::config::layer::{Layer, parse_layer};
use orchestra_core::config::resolve::resolve;
use orchestra_core::config::trust::{TrustItem, commands_of};
use orchestra_core::document::{SourceFile, parse_plan};
use orchestra_core::id::AgentName;
use orchestra_core::path::{ContentHash, RepoPathError};
use thiserror::Error;

use crate::detect::Detection;
use crate::file::FileError;
use crate::journal::JournalError;
use crate::layout::{LayoutError, ORCHESTRA};
use crate::lock::DocumentsLockError;
use crate::upgrade;
pub(crate) use delivered::Delivered;
use disk::{Writer, look_outside};
pub(crate) use disk::{find_folder, look};
pub use render::TemplateFile;
pub(crate) use render::{found_values, kept_values, quoted, template_files, visible};

/// What stands between the marks in `AGENTS.md` and `CLAUDE.md`.
pub(crate) const AGENTS_SECTION: &str = include_str!("../../../template/AGENTS.section.md");
/// The files that agents read, which get a section of ours.
const SECTION_FILES: [&str; 2] = ["AGENTS.md", "CLAUDE.md"];
/// What keeps `.orchestra` out of git, between the marks in git's `exclude`.
const EXCLUDE_SECTION: &str = "/.orchestra/\n";

/// An agent that was found, or chosen, to play the roles.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FoundAgent {
    /// Its key in `config.yaml`.
    pub name: AgentName,
    /// How it is reached.
    pub config: AgentConfig,
}

/// How a project is set up.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Options {
    /// Keeps `.orchestra` out of git: git's `exclude`, where it is wanted. Nothing outside of `.orchestra` changes then.
    pub private: Option<PathBuf>,
}

/// One file to be written.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FileToWrite {
    /// Where it lies.
    pub place: Place,
    /// What was there when it was planned; `None` where nothing was.
    pub old: Option<Vec<u8>>,
    /// What will be there.
    pub new: Vec<u8>,
}

/// Where a file lies.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Place {
    /// Below the top of the project, with `/` between names.
    Project(String),
    /// Outside of the work tree: git's `exclude`.
    Git(PathBuf),
}

/// What a set-up will do.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Plan {
    /// Files to write, in this order.
    pub files: Vec<FileToWrite>,
    /// Those of the template among them, as it is filled in from what was found in this project and on this machine.
    pub ours: Vec<TemplateFile>,
    /// Paths that exist already and stay as they are.
    pub kept: Vec<String>,
    /// What a person should know, a sentence each.
    pub notes: Vec<String>,
}

/// What was written.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Written {
    /// Paths below the top of the project, which can be offered for a commit.
    pub files: Vec<String>,
    /// Git's `exclude`, where it was changed.
    pub excluded: Option<PathBuf>,
    /// The files of the template that are meant by [`Plan::ours`], for [`Written::commands`].
    pub ours: Vec<TemplateFile>,
}

impl Written {
    /// Lists what the template itself brought along that would be run or let happen.
    ///
    /// It comes from the template's own text, never from what lies in the project: a command that stood there before,
    /// in a file of ours or of another name, is none of these.
    pub fn commands(&self) -> Vec<TrustItem> {
        let (mut layers, mut roles) = (Vec::new(), Vec::new());
        for TemplateFile { path, text } in &self.ours {
            let (path, bytes) = (format!("{ORCHESTRA}/{path}"), text.clone().into_bytes());
            if path == format!("{ORCHESTRA}/config.yaml") {
                layers.extend(parse_layer(Layer::Project, &path, &bytes).result.ok());
            } else if path.starts_with(&format!("{ORCHESTRA}/roles/")) {
                roles.push(SourceFile { path, bytes });
            }
        }
        let resolved = resolve(layers).result.unwrap_or_default();
        commands_of(&resolved, &parse_plan(&[], &roles))
    }
}

/// A file that a set-up wrote, now or long ago.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DeliveredFile {
    /// Its path below the top of the project.
    pub path: String,
    /// Whether nobody else changed anything in it.
    pub is_untouched: bool,
}

/// Says why a project could not be set up.
#[derive(Debug, Error)]
pub enum ScaffoldError {
    /// A file could not be read or written, or a link stands where it would be.
    #[error(transparent)]
    File(#[from] FileError),
    /// The project's folder cannot be used.
    #[error(transparent)]
    Layout(#[from] LayoutError),
    /// A file's path is none of a repository's.
    #[error(transparent)]
    Path(#[from] RepoPathError),
    /// Another process of ours does not let go of the documents.
    #[error(transparent)]
    Lock(#[from] DocumentsLockError),
    /// The hash of a file could not be journalled, so it was not written.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// Somebody else wrote the file meanwhile; it was left alone.
    #[error("`{path}` changed while the project was being set up")]
    Changed {
        /// The file.
        path: PathBuf,
    },
}

/// Finds out what setting up the project at `root` would write.
pub fn plan(
    root: &Path,
    detection: &Detection,
    agents: &[FoundAgent],
    options: &Options,
) -> Result<Plan, ScaffoldError> {
    let mut plan = Plan::default();
    let mut delivered = Delivered::read(root)?.unwrap_or_default();
    let found = found_values(detection, agents);
    delivered.values = kept_values(&delivered.values, &found);
    for (file, fresh) in template_files(&delivered.values).into_iter().zip(template_files(&found)) {
        let path = format!(".orchestra/{}", file.path);
        match look(root, &path)? {
            Some(found) => {
                // Ours, from a set-up that was cut short.
                if found == file.text.as_bytes() {
                    delivered.record(&file);
                }
                plan.kept.push(path);
            }
            None if delivered.has(&file.path) => {
                plan.notes.push(format!("`{path}` was deleted and stays deleted."));
            }
            None => {
                delivered.record(&file);
                let new = file.text.into_bytes();
                plan.files.push(FileToWrite { place: Place::Project(path), old: None, new });
                plan.ours.push(fresh);
            }
        }
    }
    let record = delivered.to_file(root)?;
    if !plan.files.is_empty() || record.old.is_none() {
        plan.files.push(record);
    }
    match &options.private {
        Some(exclude) => plan_exclude(exclude, &mut plan)?,
        None => plan_sections(root, &mut plan)?,
    }
    Ok(plan)
}

/// Writes what was planned, as long as everything is as it was when it was planned.
///
/// Stops at the first file that cannot be written; what was written before it stays, and a second run goes on.
pub fn write(root: &Path, plan: &Plan) -> Result<Written, ScaffoldError> {
    let mut written = Written { ours: plan.ours.clone(), ..Written::default() };
    let mut writer = Writer::new(root);
    for file in &plan.files {
        writer.put(file)?;
        match &file.place {
            Place::Project(path) => written.files.push(path.clone()),
            Place::Git(path) => written.excluded = Some(path.clone()),
        }
    }
    Ok(written)
}

/// Plans the sections in `AGENTS.md`, which is made where it is missing, and in `CLAUDE.md` where there is one.
pub(crate) fn plan_sections(root: &Path, plan: &mut Plan) -> Result<(), ScaffoldError> {
    for (name, is_made) in [("AGENTS.md", true), ("CLAUDE.md", false)] {
        let old = match look(root, name) {
            Ok(old) => old,
            // Often one of the two is a link to the other.
            Err(FileError::Link { .. }) => {
                plan.notes.push(format!("`{name}` is a symbolic link and was left alone."));
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        if old.is_none() && !is_made {
            continue;
        }
        let before = old.as_deref().unwrap_or_default();
        if upgrade::find_legacy_section(before).is_some() {
            plan.notes.push(format!(
                "`{name}` has a section of Orchestra 1.7; `orchestra init --upgrade` replaces it."
            ));
            continue;
        }
        match section::MARKDOWN.set(before, AGENTS_SECTION) {
            Ok(new) if new == before => plan.kept.push(name.to_owned()),
            Ok(new) => plan.files.push(FileToWrite { place: Place::Project(name.to_owned()), old, new }),
            Err(fault) => plan.notes.push(format!("`{name}` was left alone: {fault}.")),
        }
    }
    Ok(())
}

/// Lists the files of a set-up that are there. `committed` says what git has of a file: in `AGENTS.md` and `CLAUDE.md`
/// the lines beside our section are somebody else's, and only a comparison tells whether they changed.
pub fn find_delivered<E: From<ScaffoldError>>(
    root: &Path,
    committed: impl Fn(&str) -> Result<Option<Vec<u8>>, E>,
) -> Result<Vec<DeliveredFile>, E> {
    let mut found = Vec::new();
    let Some(delivered) = Delivered::read(root)? else { return Ok(found) };
    for (path, hash) in &delivered.files {
        let path = format!("{ORCHESTRA}/{path}");
        if let Some(bytes) = look(root, &path).map_err(ScaffoldError::from)? {
            found.push(DeliveredFile { path, is_untouched: ContentHash::of(&bytes) == *hash });
        }
    }
    found.push(DeliveredFile { path: Delivered::PATH.to_owned(), is_untouched: true });
    for name in SECTION_FILES {
        let now = match look(root, name) {
            Ok(Some(now)) => now,
            Ok(None) | Err(FileError::Link { .. }) => continue,
            Err(error) => return Err(ScaffoldError::from(error).into()),
        };
        let before = committed(name)?.unwrap_or_default();
        let is_untouched = section::MARKDOWN.set(&before, AGENTS_SECTION).is_ok_and(|ours| ours == now);
        found.push(DeliveredFile { path: name.to_owned(), is_untouched });
    }
    Ok(found)
}

/// Tells whether a project was set up so that git leaves `.orchestra` out.
pub fn is_private(exclude: &Path) -> Result<bool, ScaffoldError> {
    let text = look_outside(exclude)?.unwrap_or_default();
    Ok(matches!(section::COMMENT.find(&text), Ok(Some(_))))
}

fn plan_exclude(exclude: &Path, plan: &mut Plan) -> Result<(), ScaffoldError> {
    let old = look_outside(exclude)?;
    match section::COMMENT.set(old.as_deref().unwrap_or_default(), EXCLUDE_SECTION) {
        Ok(new) if Some(&new) == old.as_ref() => {}
        Ok(new) => plan.files.push(FileToWrite { place: Place::Git(exclude.to_owned()), old, new }),
        Err(fault) => plan.notes.push(format!("`{}` was left alone: {fault}.", exclude.display())),
    }
    Ok(())
}
