//! The agent's own commits, taken off the branch again without touching a file.

use orchestra_core::repo::CommitId;
use thiserror::Error;

use crate::fault::{Doing as _, Fault};
use crate::index::{self, IndexError, PersonIndex};
use crate::kept::{self, Kept, Record};
use crate::own_commits::since_head;
use crate::refs;
use crate::repo::Repo;
use crate::standing::{commit_id, head_of, oid};
use crate::store::Store;
use crate::swap::{SwapError, swap};
use crate::tree::{self, Difference, Edits};

/// What was done.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Fold {
    /// There was no commit of an agent.
    Nothing,
    /// The branch is back where it was; files and what they hold are as they were.
    Folded {
        /// The ref that keeps the commits.
        reference: String,
        /// The commits, oldest first.
        commits: Vec<CommitId>,
    },
}

/// Says why the branch was left as it is.
#[derive(Debug, Error)]
pub enum FoldError {
    /// Somebody else has committed among them.
    #[error("the branch has commits of the agent and of somebody else")]
    Mixed {
        /// The others' commits, oldest first.
        others: Vec<CommitId>,
    },
    /// The ref is not one of ours.
    #[error("`{reference}` cannot be a rescue ref")]
    Name {
        /// The ref.
        reference: String,
    },
    /// The branch.
    #[error(transparent)]
    Swap(#[from] SwapError),
    /// The index.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// Anything else.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// Moves the branch back to `since` if every commit after it is an agent's. These are kept under `rescue` first, and the
/// index lets go of what they had put there; the work tree stays as it is, so that its changes join the phase's commit.
pub fn fold(repo: &Repo, since: &CommitId, rescue: &str) -> Result<Fold, FoldError> {
    if !refs::is_rescue_name(rescue) {
        return Err(FoldError::Name { reference: rescue.to_owned() });
    }
    let mut store = Store::open(repo)?;
    let head = head_of(&store.repository)?;
    let since_id = oid(since)?;
    let commits = since_head(&store.repository, since_id)?;
    if !commits.iter().any(|(_, is_agents)| *is_agents) {
        return Ok(Fold::Nothing);
    }
    let others: Vec<CommitId> =
        commits.iter().filter(|(_, is_agents)| !is_agents).map(|(id, _)| commit_id(*id)).collect();
    let tip = oid(&head.commit)?;
    let descends = store.repository.graph_descendant_of(tip, since_id).doing("compare commits")?;
    if !others.is_empty() || !descends {
        return Err(FoldError::Mixed { others });
    }
    let tree_of = |id| store.repository.find_commit(id).map(|commit| commit.tree_id()).doing("read a commit");
    let (before, after) = (tree_of(since_id)?, tree_of(tip)?);
    let differences = tree::differences(&store.repository, Some(before), Some(after))?;
    let reference = keep(repo, &mut store, rescue, since_id, tip, &differences)?;

    // The index first: after a crash in between, all of this happens once more and comes to the same.
    let theirs = entries_of(repo, &differences)?;
    index::set(repo, &theirs.before)?;
    if let Err(error) =
        swap(repo, &head.branch, since, &head.commit, "orchestra: fold the agent's own commits")
    {
        index::set(repo, &theirs.after)?;
        return Err(error.into());
    }
    let commits = commits.into_iter().map(|(id, _)| commit_id(id)).collect();
    Ok(Fold::Folded { reference, commits })
}

/// What the index has from the agent's commits, and what it had before.
struct Theirs {
    before: Edits,
    after: Edits,
}

fn entries_of(repo: &Repo, differences: &[Difference]) -> Result<Theirs, Fault> {
    let index = PersonIndex::open(repo)?;
    let theirs: Vec<&Difference> =
        differences.iter().filter(|difference| index.entry(&difference.path) == difference.new).collect();
    Ok(Theirs {
        before: theirs.iter().map(|difference| (difference.path.clone(), difference.old)).collect(),
        after: theirs.iter().map(|difference| (difference.path.clone(), difference.new)).collect(),
    })
}

/// Keeps the commits behind one of ours, so that what it keeps can be shown and restored like all else.
fn keep(
    repo: &Repo,
    store: &mut Store,
    rescue: &str,
    since: git2::Oid,
    tip: git2::Oid,
    differences: &[Difference],
) -> Result<String, Fault> {
    let kept = |difference: &Difference| (difference.path.clone(), Kept::of(difference.new));
    let record: Record = differences.iter().map(kept).collect();
    for n in 0.. {
        let name = refs::nth_name(rescue, n);
        match refs::find(&store.repository, &name)? {
            None => {
                let tree = store.repository.find_commit(tip).doing("read a commit")?.tree_id();
                let subject = "orchestra: the agent's own commits";
                kept::commit_tree(repo, store, &name, subject, tree, &record, &[since, tip])?;
                return Ok(name);
            }
            Some(id) => {
                let commit = store.repository.find_commit(id).doing("read a commit")?;
                if commit.parent_ids().eq([since, tip]) {
                    return Ok(name);
                }
            }
        }
    }
    unreachable!("the numbers do not end")
}
