//! What somebody staged or unstaged since a snapshot.
//!
//! An agent's `git add -A` and a person's `git add` cannot be told apart, so nothing is taken back: it is named, with the
//! way back.

use std::collections::BTreeSet;

use git2::Tree;
use orchestra_core::path::RepoPath;

use crate::changes::{Baseline, BaselineError};
use crate::fault::{Doing as _, Fault};
use crate::index::PersonIndex;
use crate::kept;
use crate::program::Call;
use crate::repo::Repo;
use crate::standing::{head_of, oid};
use crate::tree;

/// Entries of the index that are not what they were.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Restaged {
    /// Their paths.
    pub paths: Vec<RepoPath>,
    /// What `git restore --staged --source` takes to bring them back.
    pub source: String,
}

/// Finds the entries of the index that differ from what they were at the baseline, but for paths that somebody has
/// committed since: their entries follow that commit. The agent's own commits must have been folded before
/// ([`crate::fold::fold`]).
///
/// None in an index that holds conflicts, and where the head does not descend from that of the baseline any more.
pub fn restaged(repo: &Repo, baseline: &str) -> Result<Restaged, BaselineError> {
    let library = repo.library()?;
    let found = Baseline::open(&library, baseline)?;
    let staged = kept::staged(&found.commit);
    // The first parent is the head that the snapshot was taken on.
    let source = format!("{baseline}^{}", if staged.is_some() { 2 } else { 1 });
    let none = Restaged { paths: Vec::new(), source: source.clone() };
    let (head, then) = (oid(&head_of(&library)?.commit)?, found.head.id());
    if head != then && !library.graph_descendant_of(head, then).doing("compare commits")? {
        return Ok(none);
    }
    let head = library.find_commit(head).and_then(|commit| commit.tree()).doing("read a tree")?;
    let head_then = found.head.tree().doing("read a tree")?;
    let then = match staged {
        Some(staged) => staged.tree().doing("read a tree")?,
        None => head_then.clone(),
    };
    let index = PersonIndex::open(repo)?;
    if index.has_conflicts {
        return Ok(none);
    }
    let mut paths = staged_now(repo, &head)?;
    let staged_then = tree::differences(&library, Some(head_then.id()), Some(then.id()))?;
    paths.extend(staged_then.into_iter().map(|difference| difference.path));
    let mut restaged = Vec::new();
    for path in paths {
        let is_committed = tree::find_entry(&head, &path)? != tree::find_entry(&head_then, &path)?;
        if !is_committed && tree::find_entry(&then, &path)? != index.entry(&path) {
            restaged.push(path);
        }
    }
    Ok(Restaged { paths: restaged, source })
}

/// The paths at which the index differs from a tree.
fn staged_now(repo: &Repo, head: &Tree<'_>) -> Result<BTreeSet<RepoPath>, Fault> {
    let (tree, unreadable) =
        (head.id().to_string(), || Fault::Unreadable { what: "a path of the index".to_owned() });
    let listed = Call::new(
        repo,
        ["diff-index", "--cached", "--name-only", "--ignore-submodules=none", "-z", tree.as_str()],
    )
    .read()?;
    let paths = listed.split(|byte| *byte == 0).filter(|path| !path.is_empty());
    paths.map(|path| RepoPath::parse(path).ok().ok_or_else(unreadable)).collect()
}
