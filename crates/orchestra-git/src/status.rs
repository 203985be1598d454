//! Which paths are not as the head has them.

use orchestra_core::path::RepoPath;

use crate::config::Config;
use crate::fault::Fault;
use crate::repo::Repo;
use crate::scan;

pub use crate::scan::InTree;

/// A path that is dirty: staged, changed, gone or untracked, and not ignored.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DirtyPath {
    /// The path.
    pub path: RepoPath,
    /// Whether the index has something else than the head.
    pub is_staged: bool,
    /// How the work tree relates to the index.
    pub tree: InTree,
    /// Why it can neither be saved nor committed, where that is so. Nothing of it was read.
    pub unfit: Option<&'static str>,
}

/// Lists every dirty path, by path. Submodules and nested repositories are named, never entered.
pub fn status(repo: &Repo) -> Result<Vec<DirtyPath>, Fault> {
    let scan = scan::read(repo, &Config::read(repo)?)?;
    let dirty = scan.paths.into_iter().map(|(path, scanned)| DirtyPath {
        path,
        is_staged: scanned.is_staged(),
        tree: scanned.tree,
        unfit: scanned.unfit,
    });
    Ok(dirty.collect())
}
