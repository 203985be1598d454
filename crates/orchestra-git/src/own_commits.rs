//! Commits that an agent made although it was told not to.

use git2::{Oid, Repository, Sort};
use orchestra_core::repo::CommitId;

use crate::fault::{Doing as _, Fault};
use crate::repo::Repo;
use crate::standing::{commit_id, head_of, oid};

pub use crate::identity::AGENT_EMAIL;

/// Lists the commits since `since` on the branch whose committer is an agent, oldest first.
pub fn own_commits(repo: &Repo, since: &CommitId) -> Result<Vec<CommitId>, Fault> {
    let library = repo.library()?;
    let own = since_head(&library, oid(since)?)?.into_iter().filter(|(_, is_agents)| *is_agents);
    Ok(own.map(|(id, _)| commit_id(id)).collect())
}

/// Lists the commits of the head that `since` does not have, oldest first, and whether an agent made each.
pub(crate) fn since_head(library: &Repository, since: Oid) -> Result<Vec<(Oid, bool)>, Fault> {
    let head = oid(&head_of(library)?.commit)?;
    let mut walk = library.revwalk().doing("walk the history")?;
    walk.set_sorting(Sort::TOPOLOGICAL | Sort::REVERSE).doing("walk the history")?;
    walk.push(head).and_then(|()| walk.hide(since)).doing("walk the history")?;
    let mut found = Vec::new();
    for id in walk {
        let id = id.doing("walk the history")?;
        let commit = library.find_commit(id).doing("read a commit")?;
        found.push((id, is_agents(&commit)));
    }
    Ok(found)
}

/// Tells whether an agent made a commit.
pub(crate) fn is_agents(commit: &git2::Commit<'_>) -> bool {
    commit.committer().email_bytes() == AGENT_EMAIL.as_bytes()
}
