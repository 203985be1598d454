//! Where the git directory of a work tree lies, believed only where both sides agree.
//!
//! A `.git` file is a pointer that anybody can write who can write to the work tree; following it means running the
//! other side's configuration. So it counts only if the other side points back: a linked worktree that the common
//! directory has registered, or a submodule whose `core.worktree` is this folder (gitrepository-layout(5)).

use std::fs::{self, File};
use std::io::{ErrorKind, Read as _};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use super::OpenError;
use crate::fault::{At as _, DiskError};

/// The longest pointer file that is read, in bytes.
const POINTER: u64 = 16 * 1024;

/// The two git directories of a work tree; they are one where it is no linked worktree.
pub(crate) struct Layout {
    pub(crate) git_dir: PathBuf,
    pub(crate) common_dir: PathBuf,
}

/// Finds the git directories of the work tree with its top at `root`.
pub(crate) fn read(root: &Path) -> Result<Layout, OpenError> {
    let entry = root.join(".git");
    let Ok(metadata) = entry.symlink_metadata() else {
        let is_bare = is_bare(root);
        let root = root.to_owned();
        return Err(if is_bare { OpenError::Bare { root } } else { OpenError::NotARepository { root } });
    };
    if metadata.is_dir() {
        // A main git directory with a `commondir` would be read as another repository's worktree.
        if entry.join("commondir").symlink_metadata().is_ok() {
            return Err(OpenError::Foreign { root: root.to_owned(), git_dir: entry });
        }
        return Ok(Layout { git_dir: entry.clone(), common_dir: entry });
    }
    let foreign = |git_dir: &Path| OpenError::Foreign { root: root.to_owned(), git_dir: git_dir.to_owned() };
    if !metadata.is_file() {
        return Err(foreign(&entry));
    }
    let pointer = read_pointer(&entry)?;
    let Some(named) = pointer.strip_prefix(b"gitdir: ") else { return Err(foreign(&entry)) };
    let named = root.join(as_path(named));
    if named.symlink_metadata().is_err_and(|error| error.kind() == ErrorKind::NotFound) {
        return Err(OpenError::Gone { root: root.to_owned(), git_dir: named });
    }
    let git_dir = named.canonicalize().at("find", &named)?;
    match find_common_dir(&git_dir)? {
        Some(common_dir) if is_registered(root, &git_dir, &common_dir)? => Ok(Layout { git_dir, common_dir }),
        None if is_submodule(root, &git_dir)? => Ok(Layout { git_dir: git_dir.clone(), common_dir: git_dir }),
        Some(_) | None => Err(foreign(&git_dir)),
    }
}

/// Tells whether a folder looks like a git directory: what git itself looks for first.
pub(super) fn is_bare(folder: &Path) -> bool {
    folder.join("HEAD").is_file() && folder.join("objects").is_dir() && folder.join("refs").is_dir()
}

/// The common directory that a linked worktree's git directory names.
fn find_common_dir(git_dir: &Path) -> Result<Option<PathBuf>, OpenError> {
    let file = git_dir.join("commondir");
    if file.symlink_metadata().is_err() {
        return Ok(None);
    }
    let named = git_dir.join(as_path(&read_pointer(&file)?));
    Ok(Some(named.canonicalize().at("find", &named)?))
}

/// Tells whether the common directory has a worktree of this name which points back to this folder.
fn is_registered(root: &Path, git_dir: &Path, common_dir: &Path) -> Result<bool, OpenError> {
    if git_dir.parent() != Some(&common_dir.join("worktrees")) {
        return Ok(false);
    }
    let back = git_dir.join(as_path(&read_pointer(&git_dir.join("gitdir"))?));
    Ok(back.parent().and_then(|folder| folder.canonicalize().ok()).as_deref() == Some(root)
        && back.file_name().is_some_and(|name| name == ".git"))
}

/// Tells whether a git directory below another one's `modules` says that this folder is its work tree.
fn is_submodule(root: &Path, git_dir: &Path) -> Result<bool, OpenError> {
    if !git_dir.ancestors().skip(1).any(|folder| folder.file_name().is_some_and(|name| name == "modules")) {
        return Ok(false);
    }
    let file = git_dir.join("config");
    // One file, no includes: nothing but what git itself wrote there is believed.
    let config = git2::Config::open(&file).map_err(|source| crate::fault::Fault::Library {
        action: "read the submodule's configuration",
        source,
    })?;
    let Ok(work_tree) = config.get_path("core.worktree") else { return Ok(false) };
    Ok(git_dir.join(work_tree).canonicalize().is_ok_and(|path| path == root))
}

/// Reads a small file of one line.
fn read_pointer(file: &Path) -> Result<Vec<u8>, DiskError> {
    let is_plain = fs::symlink_metadata(file).at("read", file)?.is_file();
    let mut bytes = Vec::new();
    if is_plain {
        File::open(file).and_then(|open| open.take(POINTER).read_to_end(&mut bytes)).at("read", file)?;
    }
    let end = bytes.iter().rposition(|byte| !matches!(byte, b'\n' | b'\r')).map_or(0, |last| last + 1);
    bytes.truncate(end);
    Ok(bytes)
}

fn as_path(bytes: &[u8]) -> &Path {
    Path::new(std::ffi::OsStr::from_bytes(bytes))
}
