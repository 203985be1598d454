//! Everything that a push would publish.

use git2::{Oid, Repository, Sort};
use orchestra_core::repo::{CommitId, PushCommit, PushTarget, Survey};

use crate::config::Config;
use crate::fault::{Doing as _, Fault};
use crate::repo::Repo;
use crate::review_diff::stat;
use crate::standing::{commit_id, head_of, oid};
use crate::target;
use crate::trailers;

/// Finds out where a push of `head` goes and what it publishes, without asking the remote.
///
/// `remote` and `branch` are what the configuration names. Commits count as published where the remote-tracking ref of
/// the target has them; where it was never fetched, where any ref of that remote has them.
pub fn survey(
    repo: &Repo,
    remote: Option<&str>,
    branch: Option<&str>,
    head: &CommitId,
) -> Result<Survey, Fault> {
    let library = repo.library()?;
    let config = Config::read(repo)?;
    let current = head_of(&library)?.branch;
    let target = target::find(repo, &config, &current, remote, branch)?;
    let tip = oid(head)?;
    let known = known_tips(&library, &config, &target)?;
    let commits = missing_commits(&library, tip, &known)?;
    let files = {
        let tree_of = |id| library.find_commit(id).map(|commit| commit.tree_id()).doing("read a commit");
        let base = newest_base(&library, tip, &known)?.map(tree_of).transpose()?;
        stat(&library, base, tree_of(tip)?)?
    };
    Ok(Survey { head: Some(head.clone()), target, commits, files })
}

/// What the target is known to have.
fn known_tips(library: &Repository, config: &Config, target: &PushTarget) -> Result<Vec<Oid>, Fault> {
    let PushTarget::Remote { name, branch, .. } = target else { return Ok(Vec::new()) };
    let tracking = target::tracking_ref(config, name, branch);
    if let Some(id) = tracking.as_deref().and_then(|name| library.refname_to_id(name).ok()) {
        return Ok(vec![id]);
    }
    // Not by glob: the name of a remote may hold characters that mean something there.
    let mut tips = Vec::new();
    let below = format!("refs/remotes/{name}/");
    for reference in library.references().doing("list the refs")? {
        let reference = reference.doing("list the refs")?;
        if reference.name_bytes().starts_with(below.as_bytes())
            && let Ok(commit) = reference.peel_to_commit()
        {
            tips.push(commit.id());
        }
    }
    Ok(tips)
}

fn missing_commits(library: &Repository, tip: Oid, known: &[Oid]) -> Result<Vec<PushCommit>, Fault> {
    let mut walk = library.revwalk().doing("walk the history")?;
    walk.set_sorting(Sort::TOPOLOGICAL | Sort::REVERSE)
        .and_then(|()| walk.push(tip))
        .doing("walk the history")?;
    for id in known {
        walk.hide(*id).doing("walk the history")?;
    }
    let mut commits = Vec::new();
    for id in walk {
        let commit = library.find_commit(id.doing("walk the history")?).doing("read a commit")?;
        let subject = String::from_utf8_lossy(commit.summary_bytes().unwrap_or_default()).into_owned();
        let of = trailers::pairs(commit.message_bytes()).pop();
        commits.push(PushCommit { id: commit_id(commit.id()), subject, of });
    }
    Ok(commits)
}

/// The newest commit that both sides have; `None` where they share nothing.
fn newest_base(library: &Repository, tip: Oid, known: &[Oid]) -> Result<Option<Oid>, Fault> {
    let mut best: Option<Oid> = None;
    for id in known {
        let base = match library.merge_base(tip, *id) {
            Ok(base) => base,
            Err(error) if error.code() == git2::ErrorCode::NotFound => continue,
            Err(source) => return Err(Fault::Library { action: "compare commits", source }),
        };
        best = match best {
            Some(old) if !library.graph_descendant_of(base, old).doing("compare commits")? => Some(old),
            Some(_) | None => Some(base),
        };
    }
    Ok(best)
}
