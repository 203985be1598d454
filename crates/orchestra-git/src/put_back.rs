//! Paths back to what they were at a baseline, after what they are now was saved.

use git2::{Repository, Tree};
use orchestra_core::path::RepoPath;
use thiserror::Error;

use crate::bring::{Bring, Target, Wanted};
use crate::changes::{Baseline, BaselineError};
use crate::fault::{DiskError, Doing as _, Fault};
use crate::index::{self, IndexError, PersonIndex};
use crate::kept::{self, Kept};
use crate::own_commits::since_head;
use crate::repo::Repo;
use crate::save::{SaveError, save_with_staged};
use crate::scan::unfit;
use crate::standing::{head_of, oid};
use crate::tree::{self, Edits, Entry, GITLINK};

/// What was done.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct PutBack {
    /// The ref that keeps what was there; `None` where every path was as it should be already.
    pub reference: Option<String>,
    /// Paths that were changed.
    pub restored: Vec<RepoPath>,
    /// Paths that were left as they are, with the reason.
    pub left: Vec<(RepoPath, String)>,
}

/// Says why paths were not put back, or not all.
#[derive(Debug, Error)]
pub enum PutBackError {
    /// The baseline.
    #[error(transparent)]
    Baseline(#[from] BaselineError),
    /// Saving; nothing was changed.
    #[error(transparent)]
    Save(#[from] SaveError),
    /// The index; the work tree is done.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// Anything else.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl From<DiskError> for PutBackError {
    fn from(error: DiskError) -> Self {
        Self::Fault(error.into())
    }
}

/// Puts paths back to what they were at the baseline: content, mode, or absence, each in one step.
///
/// First all that is there now is kept under `rescue` (see [`crate::save::save`]). A path that was dirty gets the very
/// bytes of the snapshot, any other what git would check out: from the head of now where the person has committed
/// meanwhile, from the head of then where an agent has. What somebody staged of these paths since is unstaged, and kept
/// too. What somebody writes to a path after it was kept is left there and named. After a crash in the middle it can be
/// called again.
pub fn put_back(
    repo: &Repo,
    baseline: &str,
    paths: &[RepoPath],
    rescue: &str,
) -> Result<PutBack, PutBackError> {
    let library = repo.library()?;
    let baseline = Baseline::open(&library, baseline)?;
    let clean = clean_tree(&library, &baseline)?;
    let bring = Bring::new(repo, &library)?;
    let mut done = PutBack::default();
    let mut wanted: Vec<Wanted> = Vec::new();
    for path in paths {
        match target(&baseline, &clean, path)? {
            Ok(target) => wanted.push((path.clone(), target)),
            Err(why) => done.left.push((path.clone(), why.to_owned())),
        }
    }
    let named: Vec<RepoPath> = wanted.iter().map(|(path, _)| path.clone()).collect();
    let to_do = bring.unfinished(wanted)?;
    let paths: Vec<RepoPath> = to_do.iter().map(|(path, _)| path.clone()).collect();
    let ready = bring.ready(to_do, &clean)?;
    let staged = staged_since(repo, &library, &baseline, named.iter())?;
    if paths.is_empty() && staged.is_empty() {
        return Ok(done);
    }
    let to_keep: Edits = staged.iter().map(|(path, since)| (path.clone(), since.now)).collect();
    let saved = save_with_staged(repo, rescue, &paths, &to_keep)?;
    bring.apply(ready, &saved, &mut done)?;
    done.reference = Some(saved);
    let before: Edits = staged.into_iter().map(|(path, since)| (path, since.before)).collect();
    index::set(repo, &before)?;
    Ok(done)
}

/// The tree that clean paths come from.
fn clean_tree<'a>(library: &'a Repository, baseline: &Baseline<'a>) -> Result<Tree<'a>, Fault> {
    let (head, then) = (oid(&head_of(library)?.commit)?, baseline.head.id());
    let has_agents = since_head(library, then)?.iter().any(|(_, is_agents)| *is_agents);
    let is_ahead = head != then && library.graph_descendant_of(head, then).doing("compare commits")?;
    let tree = if is_ahead && !has_agents {
        library.find_commit(head).and_then(|commit| commit.tree())
    } else {
        baseline.head.tree()
    };
    tree.doing("read a tree")
}

/// What a path becomes, or why it is left.
fn target(
    baseline: &Baseline<'_>,
    clean: &Tree<'_>,
    path: &RepoPath,
) -> Result<Result<Target, &'static str>, Fault> {
    let bytes = |permissions| -> Result<Target, Fault> {
        let entry = kept::entry_of(&baseline.commit, path)?;
        Ok(entry.map_or(Target::Absent, |entry| Target::Bytes { entry, permissions }))
    };
    if let Some(why) = unfit::by_name(path) {
        return Ok(Err(why));
    }
    Ok(match baseline.record.get(path) {
        Some(Kept::Unfit) => Err("it was there before and could not be kept"),
        Some(Kept::Gone) => Ok(Target::Absent),
        Some(Kept::File { permissions }) => Ok(bytes(Some(*permissions))?),
        Some(Kept::Link) => Ok(bytes(None)?),
        Some(Kept::Staged) | None => match tree::find_entry(clean, path)? {
            Some(entry) if entry.mode == GITLINK => Err("it is a submodule"),
            Some(entry) => Ok(Target::Checkout(entry)),
            None => Ok(Target::Absent),
        },
    })
}

/// What was staged of a path at the baseline, and what is now.
struct StagedSince {
    before: Option<Entry>,
    now: Option<Entry>,
}

/// Finds what was staged of these paths since the baseline and is in no commit.
fn staged_since<'a>(
    repo: &Repo,
    library: &Repository,
    baseline: &Baseline<'_>,
    paths: impl Iterator<Item = &'a RepoPath>,
) -> Result<Vec<(RepoPath, StagedSince)>, Fault> {
    let index = PersonIndex::open(repo)?;
    let head = oid(&head_of(library)?.commit)?;
    let head = library.find_commit(head).and_then(|commit| commit.tree()).doing("read a tree")?;
    let then = match baseline.commit.parent(1) {
        Ok(staged) => staged.tree(),
        Err(_) => baseline.head.tree(),
    };
    let then = then.doing("read a tree")?;
    let mut found = Vec::new();
    for path in paths {
        let (before, now) = (tree::find_entry(&then, path)?, index.entry(path));
        if now != before && now != tree::find_entry(&head, path)? {
            found.push((path.clone(), StagedSince { before, now }));
        }
    }
    Ok(found)
}
