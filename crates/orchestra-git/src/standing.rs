//! Whether work can start here, and on what.

use git2::{Repository, RepositoryState};
use orchestra_core::repo::{CommitId, Head, Obstacle, TreeId};

use crate::config::Config;
use crate::fault::{Doing as _, Fault};
use crate::identity;
use crate::index::PersonIndex;
use crate::repo::Repo;

/// Says where the work tree stands, or what is in the way of any work, with the command that ends it.
pub fn standing(repo: &Repo) -> Result<Result<Head, Obstacle>, Fault> {
    let library = repo.library()?;
    let config = Config::read(repo)?;
    let obstacle = match in_progress(&library) {
        Some(obstacle) => Some(obstacle),
        None => match detached_or_unborn(&library)? {
            Some(obstacle) => Some(obstacle),
            None => unusable_index(repo, &config)?.or_else(|| nobody(repo, &config)),
        },
    };
    match obstacle {
        Some(obstacle) => Ok(Err(obstacle)),
        None => head_of(&library).map(Ok),
    }
}

/// Says what somebody has begun in the work tree that is theirs to end: a merge, a rebase, a head on no branch, conflicts
/// in the index, or an index that cannot be read here. Cheaper than [`standing`], which also reads the configuration.
pub fn under_way(repo: &Repo) -> Result<Option<Obstacle>, Fault> {
    let library = repo.library()?;
    match in_progress(&library) {
        Some(obstacle) => Ok(Some(obstacle)),
        None => match detached_or_unborn(&library)? {
            Some(obstacle) => Ok(Some(obstacle)),
            None => unreadable_index(repo),
        },
    }
}

/// Reads branch, commit and tree of the head, without asking whether anything is in the way.
pub fn head(repo: &Repo) -> Result<Head, Fault> {
    head_of(&repo.library()?)
}

pub(crate) fn head_of(library: &Repository) -> Result<Head, Fault> {
    let head = match library.head() {
        Ok(head) if head.is_branch() => head,
        Ok(_) => return Err(Fault::NoHead),
        Err(error) if error.code() == git2::ErrorCode::UnbornBranch => return Err(Fault::NoHead),
        Err(source) => return Err(Fault::Library { action: "read the head", source }),
    };
    let branch = String::from_utf8_lossy(head.shorthand_bytes()).into_owned();
    let commit = head.peel_to_commit().doing("read the head")?;
    Ok(Head { branch, commit: commit_id(commit.id()), tree: tree_id(commit.tree_id()) })
}

/// The id of a commit in our own words.
pub(crate) fn commit_id(id: git2::Oid) -> CommitId {
    CommitId::parse(&id.to_string()).expect("libgit2 writes ids as lowercase hexadecimal digits")
}

/// The id of a tree in our own words.
pub(crate) fn tree_id(id: git2::Oid) -> TreeId {
    TreeId::parse(&id.to_string()).expect("libgit2 writes ids as lowercase hexadecimal digits")
}

/// The id of a commit in libgit2's words.
pub(crate) fn oid(id: &CommitId) -> Result<git2::Oid, Fault> {
    git2::Oid::from_str(id.as_str()).doing("read an id")
}

fn obstacle(what: &str, hint: &str) -> Obstacle {
    Obstacle { what: what.to_owned(), hint: hint.to_owned() }
}

fn in_progress(library: &Repository) -> Option<Obstacle> {
    let in_progress = match library.state() {
        RepositoryState::Clean => return None,
        RepositoryState::Merge => {
            obstacle("A merge is in progress.", "git merge --continue, or git merge --abort")
        }
        RepositoryState::Revert | RepositoryState::RevertSequence => {
            obstacle("A revert is in progress.", "git revert --continue, or git revert --abort")
        }
        RepositoryState::CherryPick | RepositoryState::CherryPickSequence => obstacle(
            "A cherry-pick is in progress.",
            "git cherry-pick --continue, or git cherry-pick --abort",
        ),
        RepositoryState::Bisect => obstacle("A bisect is in progress.", "git bisect reset"),
        RepositoryState::Rebase | RepositoryState::RebaseInteractive | RepositoryState::RebaseMerge => {
            obstacle("A rebase is in progress.", "git rebase --continue, or git rebase --abort")
        }
        RepositoryState::ApplyMailbox | RepositoryState::ApplyMailboxOrRebase => {
            obstacle("Patches are being applied.", "git am --continue, or git am --abort")
        }
    };
    Some(in_progress)
}

fn detached_or_unborn(library: &Repository) -> Result<Option<Obstacle>, Fault> {
    if library.head_detached().doing("read the head")? {
        return Ok(Some(obstacle(
            "The work tree stands on no branch (the head is detached).",
            "git switch <branch>, or git switch -c <new-branch>",
        )));
    }
    match library.head() {
        Ok(_) => Ok(None),
        Err(error) if error.code() == git2::ErrorCode::UnbornBranch => {
            Ok(Some(obstacle("The branch has no commit yet.", "git commit --allow-empty -m \"Begin\"")))
        }
        Err(source) => Err(Fault::Library { action: "read the head", source }),
    }
}

/// libgit2 cannot open a split or a sparse index, and rewriting either by hand is not ours to do.
fn unusable_index(repo: &Repo, config: &Config) -> Result<Option<Obstacle>, Fault> {
    if config.is_on("core.sparsecheckout") {
        return Ok(Some(obstacle("This is a sparse checkout.", "git sparse-checkout disable")));
    }
    if config.is_on("core.splitindex") {
        return Ok(Some(split()));
    }
    unreadable_index(repo)
}

fn split() -> Obstacle {
    obstacle(
        "The index is split in two files.",
        "git config core.splitIndex false && git update-index --no-split-index",
    )
}

fn unreadable_index(repo: &Repo) -> Result<Option<Obstacle>, Fault> {
    match PersonIndex::try_open(repo) {
        Ok(index) if index.has_conflicts => Ok(Some(obstacle(
            "The index holds conflicts.",
            "git status, then git add or git rm each of them",
        ))),
        Ok(_) => Ok(None),
        Err(error) if error.message().contains("'link'") => Ok(Some(split())),
        Err(error) if error.message().contains("'sdir'") => {
            Ok(Some(obstacle("The index is sparse.", "git sparse-checkout disable")))
        }
        Err(source) => Err(Fault::Library { action: "read the index", source }),
    }
}

fn nobody(repo: &Repo, config: &Config) -> Option<Obstacle> {
    let hint = "git config user.name \"Your Name\" && git config user.email you@example.com";
    let Some(identities) = identity::find(repo, config) else {
        return Some(obstacle("Git does not know who you are.", hint));
    };
    // What cannot be signed with is found out before an agent has worked for it.
    let signature = identities.author.signature().and_then(|_| identities.committer.signature());
    signature.is_err().then(|| obstacle("Your name or address for git cannot stand in a commit.", hint))
}
