//! The way back: what lies under `refs/orchestra/rescue/`.

use orchestra_core::path::RepoPath;
use orchestra_core::repo::{CommitId, FileStat};
use thiserror::Error;

use crate::fault::{DiskError, Doing as _, Fault};
use crate::kept::{self, Kept, Record};
use crate::put_back::{PutBack, PutBackError};
use crate::refs::{self, RESCUE};
use crate::repo::Repo;
use crate::review_diff::{Bounded, diff, diff_to_apply, push_patch, stat};
use crate::save::SaveError;
use crate::standing::commit_id;

mod restore;

pub use restore::restore;

/// What the name of a ref ends in where not the files are meant, but what was staged: its second parent, in git's words.
const STAGED: &str = "^2";

/// One thing that was saved.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Rescued {
    /// The ref, in full; with `^2` at its end where this is what was staged beside it.
    pub reference: String,
    /// The commit under it.
    pub commit: CommitId,
    /// What it is, in a line.
    pub subject: String,
    /// When it was saved, in seconds since 1970.
    pub saved_at: i64,
    /// How many paths it keeps.
    pub path_count: usize,
}

/// What one rescue ref holds.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Shown {
    /// The ref and what it is.
    pub what: Rescued,
    /// Every path that it keeps, also those that were gone or could not be kept.
    pub paths: Vec<RepoPath>,
    /// How these differ from the commit that they were saved over.
    pub files: Vec<FileStat>,
    /// The same as a patch, byte by byte.
    pub patch: Vec<u8>,
    /// How many more bytes the patch has than were asked for.
    pub cut: usize,
}

/// What a patch is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum PatchFor {
    /// A person, who reads at most so many bytes; of a file that is no text they see that it is another.
    Reading {
        /// How many bytes.
        limit: usize,
    },
    /// `git apply`, which needs every byte of every file.
    Applying,
}

/// Says why a rescue ref was not shown or restored.
#[derive(Debug, Error)]
pub enum RescueError {
    /// There is no such ref.
    #[error("nothing is saved as `{reference}`")]
    Missing {
        /// The ref.
        reference: String,
    },
    /// It does not keep this path.
    #[error("`{reference}` does not keep `{path}`")]
    NoSuchPath {
        /// The ref.
        reference: String,
        /// The path.
        path: RepoPath,
    },
    /// What is there now could not be saved; nothing was changed.
    #[error(transparent)]
    Save(#[from] SaveError),
    /// Restoring failed on the way.
    #[error(transparent)]
    Restore(#[from] Box<PutBackError>),
    /// Anything else.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl From<DiskError> for RescueError {
    fn from(error: DiskError) -> Self {
        Self::Fault(error.into())
    }
}

/// What a restore did; `reference` keeps what was there before it.
pub type Restored = PutBack;

/// Lists everything that was saved, by ref. What was staged is an entry of its own.
pub fn list(repo: &Repo) -> Result<Vec<Rescued>, Fault> {
    let library = repo.library()?;
    let mut found = Vec::new();
    for reference in library.references_glob(&format!("{RESCUE}*")).doing("list the refs")? {
        let reference = reference.doing("list the refs")?;
        let Ok(commit) = reference.peel_to_commit() else { continue };
        let name = String::from_utf8_lossy(reference.name_bytes()).into_owned();
        let record = record_of(&library, &commit)?;
        if let Some(staged) = kept::staged(&commit) {
            let record = record_of(&library, &staged)?;
            found.push(described(format!("{name}{STAGED}"), &staged, record.len()));
        }
        found.push(described(name, &commit, record.len()));
    }
    found.sort_by(|one, two| one.reference.cmp(&two.reference));
    Ok(found)
}

/// Shows one of them, with its patch. The name may be given without `refs/orchestra/rescue/`, and with `^2` at its end
/// for what was staged.
pub fn show(repo: &Repo, reference: &str, wanted: PatchFor) -> Result<Shown, RescueError> {
    let library = repo.library()?;
    let (name, commit) = find(&library, reference)?;
    let record = record_of(&library, &commit)?;
    let (before, after) = (commit.parent(0).map(|parent| parent.tree_id()).ok(), commit.tree_id());
    let (changed, limit) = match wanted {
        PatchFor::Reading { limit } => (diff(&library, before, Some(after))?, limit),
        PatchFor::Applying => (diff_to_apply(&library, before, Some(after))?, usize::MAX),
    };
    let mut patch = Bounded::new(limit);
    push_patch(&changed, &mut patch)?;
    let (patch, cut) = patch.into_parts();
    Ok(Shown {
        what: described(name, &commit, record.len()),
        paths: record.into_keys().collect(),
        files: stat(&library, before, after)?,
        patch,
        cut,
    })
}

fn described(reference: String, commit: &git2::Commit<'_>, path_count: usize) -> Rescued {
    Rescued {
        reference,
        commit: commit_id(commit.id()),
        subject: String::from_utf8_lossy(commit.summary_bytes().unwrap_or_default()).into_owned(),
        saved_at: commit.time().seconds(),
        path_count,
    }
}

fn find<'a>(
    library: &'a git2::Repository,
    reference: &str,
) -> Result<(String, git2::Commit<'a>), RescueError> {
    let missing = || RescueError::Missing { reference: reference.to_owned() };
    let name =
        if reference.starts_with(RESCUE) { reference.to_owned() } else { format!("{RESCUE}{reference}") };
    let saved = name.strip_suffix(STAGED).unwrap_or(&name);
    if !refs::is_rescue_name(saved) {
        return Err(missing());
    }
    let id = refs::find(library, saved)?.ok_or_else(missing)?;
    let commit = library.find_commit(id).doing("read a commit")?;
    let commit = if saved == name { commit } else { kept::staged(&commit).ok_or_else(missing)? };
    Ok((name, commit))
}

/// What a commit keeps: by its record, or where it is none of ours, by what it changes.
fn record_of(library: &git2::Repository, commit: &git2::Commit<'_>) -> Result<Record, Fault> {
    if let Some(record) = kept::read_record(commit) {
        return Ok(record);
    }
    let before = commit.parent(0).map(|parent| parent.tree_id()).ok();
    let changed = crate::tree::differences(library, before, Some(commit.tree_id()))?;
    Ok(changed.into_iter().map(|difference| (difference.path, Kept::of(difference.new))).collect())
}
