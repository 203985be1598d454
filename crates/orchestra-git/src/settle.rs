//! After the branch has moved: the person's index, a formatter's work, and a look at what history says now.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use git2::{ErrorCode, Repository};
use orchestra_core::id::{MilestoneId, WorkId};
use orchestra_core::path::RepoPath;
use orchestra_core::repo::{CommitId, TreeId};
use thiserror::Error;

use crate::beneath::Top;
use crate::checkout::{check_out, keep_permissions, scratch};
use crate::config::Config;
use crate::exchange::{self, Exchanged, Held};
use crate::fault::{DiskError, Doing as _, Fault};
use crate::index::{self, IndexError, PersonIndex};
use crate::kept::{self, Keep};
use crate::refs;
use crate::repo::Repo;
use crate::scan::flagged::converted_ids;
use crate::standing::{head_of, oid};
use crate::store::{Store, hash_present};
use crate::trailers;
use crate::tree::{self, Edits, Entry, LINK, os_path};

/// A commit that the branch has moved to.
#[derive(Clone, Debug)]
pub struct SettleOrder {
    /// The commit.
    pub commit: CommitId,
    /// The commit that it was built on.
    pub parent: CommitId,
    /// The tree that it must have.
    pub tree: TreeId,
    /// The milestone that its trailer must name.
    pub milestone: MilestoneId,
    /// The work that its trailer must name.
    pub work: WorkId,
    /// The paths at which it differs from its parent.
    pub paths: Vec<RepoPath>,
    /// The tree before hooks, where they may have put files in order ([`crate::prepare::Prepared::before_hooks`]).
    pub before_hooks: Option<TreeId>,
    /// Where staged versions of these paths are kept.
    pub rescue: String,
}

/// What was done.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Settled {
    /// The ref that keeps what the person had staged of the committed paths, and which paths.
    pub kept: Option<(String, Vec<RepoPath>)>,
    /// Files that a hook had put in order elsewhere, and that were brought to the work tree.
    pub followed: Vec<RepoPath>,
}

/// Says what could not be settled. The commit stands all the same.
#[derive(Debug, Error)]
pub enum SettleError {
    /// Somebody holds the index's lock, and did not let go in time.
    #[error("`{}` has been held for {held_for:?}", path.display())]
    Locked {
        /// The lock file.
        path: PathBuf,
        /// For how long, by its time stamp.
        held_for: Duration,
    },
    /// The branch's history does not have the commit any more: somebody has amended or removed it.
    #[error("the branch's history has no commit {}", commit.short())]
    Gone {
        /// The commit.
        commit: CommitId,
    },
    /// The commit is not what it was meant to be.
    #[error("commit {} has another tree or other trailers than it was given", commit.short())]
    NotOurs {
        /// The commit.
        commit: CommitId,
    },
    /// The ref is not one of ours.
    #[error("`{reference}` cannot be a rescue ref")]
    Name {
        /// The ref.
        reference: String,
    },
    /// Anything else.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl From<IndexError> for SettleError {
    fn from(error: IndexError) -> Self {
        match error {
            IndexError::Locked { path, held_for } => Self::Locked { path, held_for },
            IndexError::Fault(fault) => Self::Fault(fault),
        }
    }
}

impl From<DiskError> for SettleError {
    fn from(error: DiskError) -> Self {
        Self::Fault(error.into())
    }
}

/// Refreshes the person's index for the commit's paths, and reads the commit back. May be called again.
///
/// What they staged of other paths stays staged. A staged version of one of these paths, that neither the commit nor
/// its parent has, is kept under the rescue ref first.
pub fn settle(repo: &Repo, order: &SettleOrder) -> Result<Settled, SettleError> {
    if !refs::is_rescue_name(&order.rescue) {
        return Err(SettleError::Name { reference: order.rescue.clone() });
    }
    let mut settled = Settled::default();
    let (refresh, staged) = compare(repo, order)?;
    if !staged.is_empty() {
        let paths = staged.keys().cloned().collect();
        let mut store = Store::open(repo)?;
        let subject = "orchestra: staged versions of committed files".to_owned();
        let parent = oid(&order.parent)?;
        let keep = Keep { subject, parent, paths: BTreeMap::new(), staged: &staged };
        let name = kept::keep(repo, &mut store, &Top::open(repo.root())?, &order.rescue, &keep)?;
        settled.kept = Some((name, paths));
    }
    index::set(repo, &refresh)?;
    if let Some(before) = &order.before_hooks {
        settled.followed = follow_hooks(repo, order, before)?;
    }
    read_back(&repo.library()?, order)?;
    Ok(settled)
}

/// Says what the index is to have, and what it has that nobody else does.
fn compare(repo: &Repo, order: &SettleOrder) -> Result<(Edits, Edits), Fault> {
    let library = repo.library()?;
    let tree_of = |id: &CommitId| {
        let id = oid(id)?;
        library.find_commit(id).and_then(|commit| commit.tree()).doing("read a tree")
    };
    let (new, old) = (tree_of(&order.commit)?, tree_of(&order.parent)?);
    let index = PersonIndex::open(repo)?;
    let (mut refresh, mut staged) = (Edits::new(), Edits::new());
    for path in &order.paths {
        let (new, old) = (tree::find_entry(&new, path)?, tree::find_entry(&old, path)?);
        let now = index.entry(path);
        if now == new {
            continue;
        }
        if now != old {
            staged.insert(path.clone(), now);
        }
        refresh.insert(path.clone(), new);
    }
    Ok((refresh, staged))
}

/// Brings files to the work tree that a hook has changed in a checkout of its own, where the work tree still has what
/// was given to the hook.
fn follow_hooks(repo: &Repo, order: &SettleOrder, before: &TreeId) -> Result<Vec<RepoPath>, Fault> {
    let library = repo.library()?;
    let before = git2::Oid::from_str(before.as_str()).doing("read an id")?;
    match library.find_tree(before) {
        Ok(_) => {}
        // Nothing refers to it, and a collection of garbage came before this.
        Err(error) if error.code() == ErrorCode::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(Fault::Library { action: "read a tree", source }),
    }
    let commit = library.find_commit(oid(&order.commit)?).doing("read a commit")?;
    let tree = commit.tree().doing("read a tree")?;
    let changed = tree::differences(&library, Some(before), Some(tree.id()))?;
    let top = Top::open(repo.root())?;
    let config = Config::read(repo)?;
    // Looked at before it is converted: what is written in between is no longer what was converted.
    let present: Result<Vec<Option<Entry>>, Fault> =
        changed.iter().map(|difference| hash_present(&top, &difference.path)).collect();
    let present = present?;
    let converted = converted_ids(repo, &config, &top, changed.iter().map(|difference| &difference.path))?;
    let mut behind: Vec<(RepoPath, Entry, Held)> = Vec::new();
    for ((difference, converted), present) in changed.into_iter().zip(converted).zip(present) {
        let is_as_given = match difference.old {
            Some(old) if old.mode == LINK => present == Some(old),
            Some(old) => present.is_some() && (converted == Some(old.id) || present == Some(old)),
            None => present.is_none(),
        };
        // A hook that deletes a file from the commit leaves the person's alone.
        if let Some(new) = difference.new.filter(|_| is_as_given) {
            behind.push((difference.path, new, present.map_or(Held::Nothing, Held::Content)));
        }
    }
    let paths: Vec<&RepoPath> = behind.iter().map(|(path, ..)| path).collect();
    let scratch = scratch(repo)?;
    let folder = check_out(repo, &config, &tree, &paths, scratch.path())?;
    let mut followed = Vec::new();
    for (path, entry, given) in behind {
        let complete = folder.join(os_path(&path));
        keep_permissions(&top, &path, entry, &complete)?;
        // What the person has written meanwhile stays theirs.
        if exchange::put(&top, &path, &complete, given)? == Exchanged::Done {
            followed.push(path);
        }
    }
    Ok(followed)
}

fn read_back(library: &Repository, order: &SettleOrder) -> Result<(), SettleError> {
    let head = oid(&head_of(library)?.commit)?;
    let id = oid(&order.commit)?;
    let is_there = head == id || library.graph_descendant_of(head, id).doing("compare commits")?;
    if !is_there {
        return Err(SettleError::Gone { commit: order.commit.clone() });
    }
    let commit = library.find_commit(id).doing("read the commit back")?;
    let pairs = trailers::pairs(commit.message_bytes());
    let is_ours = commit.tree_id().to_string() == order.tree.as_str()
        && pairs == [(order.milestone.clone(), order.work.clone())]
        && commit.parent_ids().eq([oid(&order.parent)?]);
    if is_ours { Ok(()) } else { Err(SettleError::NotOurs { commit: order.commit.clone() }) }
}
