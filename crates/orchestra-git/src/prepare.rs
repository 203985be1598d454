//! One commit object, complete and synced, while nothing that anybody else sees has changed.
//!
//! The tree is the parent's with the phase's paths and documents replaced, on a private index: what hooks do there can be
//! looked at, kept or left out before any ref or index is touched. Where no hook runs, the object store is private, too.
//! The commit is ours alone until [`crate::swap::swap`].

use std::collections::BTreeSet;
use std::time::Duration;

use git2::{Oid, Tree};
use orchestra_core::id::{MilestoneId, WorkId};
use orchestra_core::path::RepoPath;
use orchestra_core::repo::{CommitId, TreeId};
use thiserror::Error;

use crate::beneath::{Present, Top};
use crate::checkout::scratch;
use crate::config::Config;
use crate::facts;
use crate::fault::{DiskError, Doing as _, Fault};
use crate::filters::{self, Filtered};
use crate::identity;
use crate::program::ProgramError;
use crate::repo::{Filters, Repo};
use crate::scan::unfit;
use crate::standing::{commit_id, oid, tree_id};
use crate::store::Store;
use crate::trailers;
use crate::tree::{self, Edits};

mod hooks;
mod import;
mod object;
mod private;

pub(crate) use object::{New, signed_commit};
use private::Private;

/// What is to become one commit.
#[derive(Clone, Debug)]
pub struct CommitOrder {
    /// The commit to build on.
    pub parent: CommitId,
    /// Paths to take from the work tree as they are now; what is gone goes from the tree.
    pub paths: Vec<RepoPath>,
    /// Documents with the bytes that they have in the work tree, or will have. Line endings are converted as `git add`
    /// would; the file on the disk is not read.
    pub documents: Vec<(RepoPath, Vec<u8>)>,
    /// The message without Orchestra's trailers.
    pub message: String,
    /// The trailer `Orchestra-Milestone`.
    pub milestone: MilestoneId,
    /// The trailer `Orchestra-Phase`.
    pub work: WorkId,
    /// Paths that a hook changed before and may not: they get the parent's version again.
    pub leave_out: Vec<RepoPath>,
    /// Which hooks run.
    pub hooks: Hooks,
}

/// Whether hooks run.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Hooks {
    /// None of them.
    Off,
    /// `pre-commit`, `prepare-commit-msg` and `commit-msg`, each with this much time.
    Run {
        /// How long one hook may take.
        timeout: Duration,
    },
}

/// A commit that nothing names yet.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Prepared {
    /// The commit.
    pub commit: CommitId,
    /// Its tree.
    pub tree: TreeId,
    /// The tree before any hook ran; [`crate::settle::settle`] needs it to bring a formatter's work to the work tree.
    pub before_hooks: TreeId,
    /// Every path at which it differs from its parent.
    pub paths: Vec<RepoPath>,
    /// Those that a hook changed or added.
    pub changed_by_hooks: Vec<RepoPath>,
    /// Paths of the work tree that a hook changed without putting them into the commit.
    pub left_by_hooks: Vec<RepoPath>,
    /// Whether it is signed.
    pub is_signed: bool,
}

/// Says why there is no commit. Nothing shared was touched.
#[derive(Debug, Error)]
pub enum PrepareError {
    /// A hook said no.
    #[error("the hook `{hook}` failed")]
    HookFailed {
        /// Its name.
        hook: &'static str,
        /// What it said, the end of it.
        output: String,
        /// Files that it changed in the work tree, where it ran there.
        changed: Vec<RepoPath>,
    },
    /// A hook did not end.
    #[error("the hook `{hook}` did not end within {after:?}")]
    HookTimedOut {
        /// Its name.
        hook: &'static str,
        /// How long it had.
        after: Duration,
        /// What it said, the end of it.
        output: String,
    },
    /// Nobody is known who could commit.
    #[error("git does not know who commits")]
    NoIdentity,
    /// The commit is to be signed and could not be.
    #[error("the commit could not be signed")]
    SigningFailed {
        /// What the signing program said.
        output: String,
    },
    /// A path has a content filter that is not set up; its content would be committed as it is.
    #[error("`{path}` needs the content filter `{filter}`, which is not set up")]
    FilterMissing {
        /// The filter's name: `lfs`.
        filter: String,
        /// One of the paths.
        path: RepoPath,
    },
    /// A content filter failed.
    #[error("a content filter failed")]
    FilterFailed {
        /// What it said.
        output: String,
    },
    /// A path that cannot be committed.
    #[error("`{path}` cannot be committed: it is {why}")]
    Unfit {
        /// The path.
        path: RepoPath,
        /// What it is.
        why: &'static str,
    },
    /// Anything else.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl PrepareError {
    /// Tells whether the agent can do something about it when it is told. Exhaustive on purpose.
    pub fn is_agents_to_mend(&self) -> bool {
        match self {
            Self::HookFailed { .. } | Self::HookTimedOut { .. } | Self::Unfit { .. } => true,
            Self::NoIdentity
            | Self::SigningFailed { .. }
            | Self::FilterMissing { .. }
            | Self::FilterFailed { .. }
            | Self::Fault(_) => false,
        }
    }
}

impl From<DiskError> for PrepareError {
    fn from(error: DiskError) -> Self {
        Self::Fault(error.into())
    }
}

impl From<ProgramError> for PrepareError {
    fn from(error: ProgramError) -> Self {
        Self::Fault(error.into())
    }
}

/// Makes the commit object and syncs it with all that it needs.
pub fn prepare(repo: &Repo, order: &CommitOrder) -> Result<Prepared, PrepareError> {
    let config = Config::read(repo)?;
    let identities = identity::find(repo, &config).ok_or(PrepareError::NoIdentity)?;
    let top = Top::open(repo.root())?;
    check_fit(&top, order)?;
    let folder = scratch(repo)?;
    let mut store = Store::open(repo)?;
    let parent = oid(&order.parent)?;
    let parent_tree = store.repository.find_commit(parent).doing("read a commit")?.tree_id();

    let timeout = match order.hooks {
        Hooks::Run { timeout } if !facts::hook_names(repo, &config).is_empty() => Some(timeout),
        Hooks::Run { .. } | Hooks::Off => None,
    };
    let documents = order.documents.iter().map(|(path, _)| path);
    let only = timeout.is_none().then(|| order.paths.iter().chain(documents).collect());
    let mut private = {
        let parent_tree = store.repository.find_tree(parent_tree).doing("read a tree")?;
        Private::new(repo, &config, folder.path(), &parent_tree, only)?
    };
    let seen = import::Seen::open(repo, &store, private.objects.as_deref())?;
    private.filtered = check_filters(repo, &config, &private, order)?;
    private.add(&top, &order.paths)?;
    private.add_documents(&top, &order.documents)?;
    let before_hooks = private.write_tree(&seen.repository)?;
    let pair = (order.milestone.clone(), order.work.clone());
    let message = trailers::repaired(&prettified(&order.message)?, &pair);
    let after = match timeout {
        Some(timeout) => hooks::run(&private, &seen.repository, order, timeout, &message)?,
        None => hooks::After::none(before_hooks, message),
    };
    let message = trailers::repaired(&prettified(&after.message)?, &pair);

    let changed = tree::differences(&seen.repository, Some(before_hooks), Some(after.tree))?;
    let changed_by_hooks: Vec<RepoPath> = changed
        .into_iter()
        .map(|difference| difference.path)
        .filter(|path| !after.linked.contains(path) && !order.leave_out.contains(path))
        .collect();
    seen.import(&mut store, parent_tree, before_hooks)?;
    let tree = {
        let edits = left_out(&store, parent_tree, order, &after.linked)?;
        seen.import_edited(&mut store, parent_tree, after.tree, &edits)?
    };
    let new = object::New { tree, parent, message: &message, identities: &identities };
    let is_signed = config.is_on("commit.gpgsign");
    if is_signed {
        // git finds in the repository alone what it is to sign.
        store.sync()?;
    }
    let commit = if is_signed { object::signed(repo, &new)? } else { object::unsigned(&store, &new)? };
    store.wrote([commit]);
    store.sync()?;
    let paths = tree::differences(&store.repository, Some(parent_tree), Some(tree))?;
    Ok(Prepared {
        commit: commit_id(commit),
        tree: tree_id(tree),
        before_hooks: tree_id(before_hooks),
        paths: paths.into_iter().map(|difference| difference.path).collect(),
        changed_by_hooks,
        left_by_hooks: after.left,
        is_signed,
    })
}

/// Refuses what git would take for something else than a file.
fn check_fit(top: &Top, order: &CommitOrder) -> Result<(), PrepareError> {
    let documents = order.documents.iter().map(|(path, _)| path);
    for path in order.paths.iter().chain(documents) {
        if let Some(why) = unfit::why(top, path)? {
            return Err(PrepareError::Unfit { path: path.clone(), why });
        }
    }
    for path in &order.paths {
        if top.look(path)? == Present::Folder && has_repository(top, path)? {
            return Err(PrepareError::Unfit { path: path.clone(), why: "a nested repository" });
        }
    }
    Ok(())
}

fn has_repository(top: &Top, folder: &RepoPath) -> Result<bool, DiskError> {
    let inside = [folder.as_bytes(), b"/.git"].concat();
    match RepoPath::parse(inside) {
        Ok(inside) => Ok(top.look(&inside)? != Present::Absent),
        Err(_) => Ok(false),
    }
}

/// Refuses to commit a file without its filter: a large file would become part of history for ever. Returns the paths
/// that have one.
fn check_filters(
    repo: &Repo,
    config: &Config,
    private: &Private<'_>,
    order: &CommitOrder,
) -> Result<BTreeSet<RepoPath>, PrepareError> {
    let paths = order.paths.iter().chain(order.documents.iter().map(|(path, _)| path));
    let filtered = filters::find(repo, Some(&private.index), paths)?;
    let is_missing = |name: &str| repo.options().filters == Filters::Off || !config.has_filter(name);
    match filtered.iter().find(|filtered| is_missing(&filtered.filter)) {
        Some(Filtered { path, filter }) => {
            Err(PrepareError::FilterMissing { filter: filter.clone(), path: path.clone() })
        }
        None => Ok(filtered.into_iter().map(|filtered| filtered.path).collect()),
    }
}

/// What gets the parent's version back: what may not be in the commit, and our own links to ignored folders.
fn left_out(
    store: &Store,
    parent_tree: Oid,
    order: &CommitOrder,
    linked: &BTreeSet<RepoPath>,
) -> Result<Edits, Fault> {
    let parent: Tree<'_> = store.repository.find_tree(parent_tree).doing("read a tree")?;
    let paths = order.leave_out.iter().chain(linked);
    paths.map(|path| Ok((path.clone(), tree::find_entry(&parent, path)?))).collect()
}

/// Cleans a message as `git commit` does: no blank lines around it, none doubled, no spaces at the ends of lines.
fn prettified(message: &str) -> Result<String, Fault> {
    let clean = message.replace('\0', " ");
    git2::message_prettify(clean, None).doing("clean the message")
}
