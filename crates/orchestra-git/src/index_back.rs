//! The person's index back to what it was before a turn, where somebody staged or unstaged something during it.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use git2::{DiffOptions, Index, Repository, Tree};
use orchestra_core::path::RepoPath;
use thiserror::Error;

use crate::changes::{Baseline, BaselineError};
use crate::fault::{Doing as _, Fault};
use crate::index::{self, IndexError, PersonIndex};
use crate::kept;
use crate::repo::Repo;
use crate::save::{SaveError, save_with_staged};
use crate::scan::person_index;
use crate::standing::{head_of, oid};
use crate::tree::{self, Edits, GITLINK};

/// What was done.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct IndexBack {
    /// The paths whose entry was changed.
    pub paths: Vec<RepoPath>,
    /// The ref whose second parent keeps what was staged of them; `None` where they had only been unstaged.
    pub reference: Option<String>,
}

/// Says why the index is not as it was.
#[derive(Debug, Error)]
pub enum IndexBackError {
    /// The baseline.
    #[error(transparent)]
    Baseline(#[from] BaselineError),
    /// Saving; nothing was changed.
    #[error(transparent)]
    Save(#[from] SaveError),
    /// Somebody holds the index's lock, and did not let go in time.
    #[error("`{}` has been held for {held_for:?}", path.display())]
    Locked {
        /// The lock file.
        path: PathBuf,
        /// For how long, by its time stamp.
        held_for: Duration,
    },
    /// Anything else.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl From<IndexError> for IndexBackError {
    fn from(error: IndexError) -> Self {
        match error {
            IndexError::Locked { path, held_for } => Self::Locked { path, held_for },
            IndexError::Fault(fault) => Self::Fault(fault),
        }
    }
}

/// Brings every entry of the index back to what it was at the baseline. What is staged now and was not then is kept under
/// `rescue` first; the work tree is not touched.
///
/// Left as they are: paths that somebody has committed since, for their entries follow that commit; an index that holds
/// conflicts; and all of it where the head does not descend from that of the baseline any more. The agent's own commits must have been folded before ([`crate::fold::fold`]). May be called again.
pub fn index_back(repo: &Repo, baseline: &str, rescue: &str) -> Result<IndexBack, IndexBackError> {
    let Differing { back, to_keep } = differing(repo, baseline)?;
    if back.is_empty() {
        return Ok(IndexBack::default());
    }
    let reference =
        if to_keep.is_empty() { None } else { Some(save_with_staged(repo, rescue, &[], &to_keep)?) };
    index::set(repo, &back)?;
    Ok(IndexBack { paths: back.into_keys().collect(), reference })
}

/// Tells whether [`index_back`] would have anything to do. Takes no lock.
pub fn is_index_changed(repo: &Repo, baseline: &str) -> Result<bool, IndexBackError> {
    Ok(!differing(repo, baseline)?.back.is_empty())
}

/// Entries that are to be as they were, and those versions of now that only the index has.
#[derive(Default)]
struct Differing {
    back: Edits,
    to_keep: Edits,
}

fn differing(repo: &Repo, baseline: &str) -> Result<Differing, IndexBackError> {
    let library = repo.library()?;
    let baseline = Baseline::open(&library, baseline)?;
    let (head, then) = (oid(&head_of(&library)?.commit)?, baseline.head.id());
    if head != then && !library.graph_descendant_of(head, then).doing("compare commits")? {
        return Ok(Differing::default());
    }
    let head = library.find_commit(head).and_then(|commit| commit.tree()).doing("read a tree")?;
    let head_then = baseline.head.tree().doing("read a tree")?;
    let then = match kept::staged(&baseline.commit) {
        Some(staged) => staged.tree().doing("read a tree")?,
        None => head_then.clone(),
    };
    let Some(mut paths) = staged_now(repo, &library, &head)? else { return Ok(Differing::default()) };
    let staged_then = tree::differences(&library, Some(head_then.id()), Some(then.id()))?;
    paths.extend(staged_then.into_iter().map(|difference| difference.path));

    let index = PersonIndex::open(repo)?;
    let odb = library.odb().doing("open the object store")?;
    let (mut back, mut to_keep) = (Edits::new(), Edits::new());
    for path in paths {
        let (was, is) = (tree::find_entry(&then, &path)?, index.entry(&path));
        let (in_head, in_head_then) = (tree::find_entry(&head, &path)?, tree::find_entry(&head_then, &path)?);
        if was == is || in_head != in_head_then {
            continue;
        }
        // An entry can name an object that nobody has: there is nothing to keep of it.
        let is_there = is.is_none_or(|entry| entry.mode == GITLINK || odb.exists(entry.id));
        if is != in_head && is_there {
            to_keep.insert(path.clone(), is);
        }
        back.insert(path, was);
    }
    Ok(Differing { back, to_keep })
}

/// The paths at which the index differs from the head; `None` where it holds conflicts.
fn staged_now(
    repo: &Repo,
    library: &Repository,
    head: &Tree<'_>,
) -> Result<Option<BTreeSet<RepoPath>>, Fault> {
    let index = Index::open(&person_index(repo)).doing("read the index")?;
    if index.has_conflicts() {
        return Ok(None);
    }
    let mut options = DiffOptions::new();
    options.include_typechange(true).ignore_submodules(false).skip_binary_check(true);
    let diff = library.diff_tree_to_index(Some(head), Some(&index), Some(&mut options));
    let diff = diff.doing("compare the index with the head")?;
    let files = diff.deltas().flat_map(|delta| [delta.old_file(), delta.new_file()]);
    let unreadable = || Fault::Unreadable { what: "a path of the index".to_owned() };
    let paths: Option<BTreeSet<RepoPath>> =
        files.filter_map(|file| file.path_bytes()).map(|path| RepoPath::parse(path).ok()).collect();
    paths.map(Some).ok_or_else(unreadable)
}
