//! What somebody staged or unstaged since a snapshot.
//!
//! An agent's `git add -A` and a person's `git add` cannot be told apart, so nothing is taken back: it is named, with the
//! way back.

use std::collections::BTreeSet;

use git2::{DiffOptions, Index, Repository, Tree};
use orchestra_core::path::RepoPath;

use crate::changes::{Baseline, BaselineError};
use crate::fault::{Doing as _, Fault};
use crate::index::PersonIndex;
use crate::kept;
use crate::repo::Repo;
use crate::scan::person_index;
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
    let Some(mut paths) = staged_now(repo, &library, &head)? else { return Ok(none) };
    let staged_then = tree::differences(&library, Some(head_then.id()), Some(then.id()))?;
    paths.extend(staged_then.into_iter().map(|difference| difference.path));
    let index = PersonIndex::open(repo)?;
    let mut restaged = Vec::new();
    for path in paths {
        let is_committed = tree::find_entry(&head, &path)? != tree::find_entry(&head_then, &path)?;
        if !is_committed && tree::find_entry(&then, &path)? != index.entry(&path) {
            restaged.push(path);
        }
    }
    Ok(Restaged { paths: restaged, source })
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
