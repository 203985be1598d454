//! The one moment of truth: the branch moves to a commit, if nobody moved it before.

use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use git2::{ErrorCode, Transaction};
use orchestra_core::repo::CommitId;
use thiserror::Error;

use crate::config::Config;
use crate::fault::{DiskError, Doing as _, Fault};
use crate::identity;
use crate::index::{GLANCE, age};
use crate::refs::{self, Durable};
use crate::repo::Repo;
use crate::standing::{commit_id, oid};

/// Says why the branch did not move.
#[derive(Debug, Error)]
pub enum SwapError {
    /// Somebody moved it meanwhile.
    #[error("the branch has moved to {}", now.short())]
    Moved {
        /// Where it is now.
        now: CommitId,
    },
    /// The head names another branch, or none.
    #[error("the work tree stands on {}", now.as_deref().unwrap_or("no branch"))]
    OtherBranch {
        /// The branch, where there is one.
        now: Option<String>,
    },
    /// Somebody holds the lock of head or branch, and did not let go in time.
    #[error("`{}` has been held for {held_for:?}", path.display())]
    Locked {
        /// The lock file.
        path: PathBuf,
        /// For how long, by its time stamp.
        held_for: Duration,
    },
    /// Anything else. The branch may or may not have moved: its history tells.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl From<DiskError> for SwapError {
    fn from(error: DiskError) -> Self {
        Self::Fault(error.into())
    }
}

/// Moves `branch` from `expected` to `commit`, in one transaction that holds the locks of head and branch and sees that
/// the head still names it; then syncs ref, reflogs and their folders.
///
/// A branch that is at `commit` already is synced once more and nothing else. Locks of others are waited for, as long
/// as the repository's options say.
pub fn swap(
    repo: &Repo,
    branch: &str,
    commit: &CommitId,
    expected: &CommitId,
    reflog: &str,
) -> Result<(), SwapError> {
    let durable = Durable::open(repo)?;
    let name = format!("refs/heads/{branch}");
    let (new, expected) = (oid(commit)?, oid(expected)?);
    let mut transaction = lock(repo, &durable, &name)?;
    check_head(&durable, &name)?;
    let now = durable.repository.refname_to_id(&name).doing("read the branch")?;
    if now != new {
        if now != expected {
            return Err(SwapError::Moved { now: commit_id(now) });
        }
        // Nothing but a commit that is there may become the branch.
        durable.repository.find_commit(new).doing("read the new commit")?;
        let committer = match identity::find(repo, &Config::read(repo)?) {
            Some(identities) => identities.committer.signature()?,
            None => identity::own()?,
        };
        let line = reflog.replace(char::is_control, " ");
        transaction.set_target(&name, new, Some(&committer), &line).doing("move the branch")?;
        transaction.commit().doing("move the branch")?;
    }
    sync(repo, &name)
}

/// Takes both locks, and waits for whoever holds one. While somebody holds the index's, the branch stays where it is, too:
/// an index that cannot follow makes the next commit of theirs take ours back.
fn lock<'a>(repo: &Repo, durable: &'a Durable, name: &str) -> Result<Transaction<'a>, SwapError> {
    let deadline = Instant::now() + repo.options().lock_wait;
    let index = repo.git_dir().join("index.lock");
    while index.symlink_metadata().is_ok() {
        if Instant::now() >= deadline {
            return Err(SwapError::Locked { held_for: age(&index), path: index });
        }
        thread::sleep(GLANCE);
    }
    loop {
        let mut transaction = durable.repository.transaction().doing("begin a transaction")?;
        match transaction.lock_ref("HEAD").and_then(|()| transaction.lock_ref(name)) {
            Ok(()) => return Ok(transaction),
            Err(error) if error.code() == ErrorCode::Locked => {
                // Lets go of the one that it may have got.
                drop(transaction);
                if Instant::now() >= deadline {
                    let locks =
                        [repo.git_dir().join("HEAD.lock"), repo.common_dir().join(format!("{name}.lock"))];
                    let [head, branch] = locks;
                    let path = if head.symlink_metadata().is_ok() { head } else { branch };
                    return Err(SwapError::Locked { held_for: age(&path), path });
                }
                thread::sleep(GLANCE);
            }
            Err(source) => return Err(Fault::Library { action: "lock the branch", source }.into()),
        }
    }
}

fn check_head(durable: &Durable, name: &str) -> Result<(), SwapError> {
    let head = durable.repository.find_reference("HEAD").doing("read the head")?;
    let target = head.symbolic_target_bytes();
    if target == Some(name.as_bytes()) {
        return Ok(());
    }
    let shown = target.map(String::from_utf8_lossy);
    let now = shown.map(|text| text.strip_prefix("refs/heads/").unwrap_or(&text).to_owned());
    Err(SwapError::OtherBranch { now })
}

fn sync(repo: &Repo, name: &str) -> Result<(), SwapError> {
    refs::sync_ref(repo.common_dir(), name)?;
    refs::sync_ref(repo.common_dir(), &format!("logs/{name}"))?;
    refs::sync_ref(repo.git_dir(), "logs/HEAD")?;
    Ok(())
}
