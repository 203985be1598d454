//! The work tree around a folder.

use std::path::{Path, PathBuf};

use super::{OpenError, layout};
use crate::fault::At as _;

/// Finds the top of the work tree around `start`: the nearest folder upwards with a `.git`.
///
/// Reads names only; nothing of what it finds is run or believed before [`super::Repo::open`]. A bare repository that
/// lies around or in a folder is no work tree and is passed by; only where there is none at all, the error names it.
pub fn discover(start: &Path) -> Result<PathBuf, OpenError> {
    let start = start.canonicalize().at("find", start)?;
    for folder in start.ancestors() {
        if folder.file_name().is_some_and(|name| name == ".git") {
            return Err(OpenError::InGitDirectory { git_dir: folder.to_owned(), folder: start.clone() });
        }
        if folder.join(".git").symlink_metadata().is_ok() {
            return Ok(folder.to_owned());
        }
    }
    match start.ancestors().find(|folder| layout::is_bare(folder)) {
        Some(bare) => Err(OpenError::Bare { root: bare.to_owned() }),
        None => Err(OpenError::NotARepository { root: start }),
    }
}
