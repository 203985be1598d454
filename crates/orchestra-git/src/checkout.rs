//! Files as git would check them out, made in a folder of our own and then put in place.

use std::ffi::OsString;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use git2::{Index, Tree};
use orchestra_core::path::RepoPath;
use tempfile::TempDir;

use crate::beneath::{Present, Top};
use crate::config::Config;
use crate::fault::{At as _, DiskError, Doing as _, Fault};
use crate::filters::{self, nul_terminated};
use crate::guard::Purpose;
use crate::program::Call;
use crate::repo::{Filters, Repo};
use crate::store::sync_all;
use crate::tree::{EXECUTABLE, Entry, LINK, os_path};

/// A folder of our own that goes when it is dropped.
pub(crate) fn scratch(repo: &Repo) -> Result<TempDir, DiskError> {
    let folder = &repo.options().scratch;
    fs::create_dir_all(folder).at("make", folder)?;
    let folder = folder.canonicalize().at("find", folder)?;
    tempfile::Builder::new().prefix("git-").tempdir_in(&folder).at("make a folder in", folder)
}

/// Has git check paths of a tree out below `scratch`, with line endings and filters as it does, and syncs them.
/// Returns the folder that stands for the top of the work tree.
pub(crate) fn check_out(
    repo: &Repo,
    config: &Config,
    tree: &Tree<'_>,
    paths: &[&RepoPath],
    scratch: &Path,
) -> Result<PathBuf, Fault> {
    let folder = scratch.join("out");
    if paths.is_empty() {
        return Ok(folder);
    }
    // The whole tree, since `.gitattributes` are read from the index.
    let index = scratch.join("out.index");
    let mut private = Index::open(&index).doing("make an index")?;
    private.read_tree(tree).and_then(|()| private.write()).doing("make an index")?;
    let args = ["checkout-index".into(), "-z".into(), "--stdin".into(), "-f".into(), prefix(&folder)];
    let call = Call::new(repo, args).index(&index).stdin(nul_terminated(paths.iter().copied()));
    let filtered = filters::find(repo, Some(&index), paths.iter().copied())?;
    let runs_filters = repo.options().filters == Filters::Trusted
        && filtered.iter().any(|filtered| config.has_filter(&filtered.filter));
    if runs_filters {
        call.guarded_read(Purpose::Filter)?;
    } else {
        call.without_filters(config).read()?;
    }
    let files: Vec<PathBuf> = paths.iter().map(|path| folder.join(os_path(path))).collect();
    let plain = files.into_iter().filter(|file| !file.is_symlink());
    sync_all(&plain.collect::<Vec<_>>())?;
    Ok(folder)
}

/// The argument that has `git checkout-index` write below a folder.
pub(crate) fn prefix(folder: &Path) -> OsString {
    let mut argument = OsString::from("--prefix=");
    argument.push(folder);
    argument.push("/");
    argument
}

/// A file that is there keeps its permissions, but for those to run it.
pub(crate) fn keep_permissions(
    top: &Top,
    path: &RepoPath,
    entry: Entry,
    complete: &Path,
) -> Result<(), DiskError> {
    let Present::File { permissions, .. } = top.look(path)? else { return Ok(()) };
    if entry.mode == LINK {
        return Ok(());
    }
    let runs = if entry.mode == EXECUTABLE { (permissions & 0o444) >> 2 } else { 0 };
    let permissions = Permissions::from_mode(permissions & !0o111 | runs);
    fs::set_permissions(complete, permissions).at("set the permissions of", complete)
}
