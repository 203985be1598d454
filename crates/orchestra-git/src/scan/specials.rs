//! FIFOs, sockets and devices, which git passes over in silence, and folders that cannot be read.

use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::FileTypeExt as _;
use std::path::Path;

use orchestra_core::path::RepoPath;

use super::{InTree, Scan, Scanned, joined};
use crate::beneath::Top;
use crate::fault::{At as _, DiskError, Fault};
use crate::program::Call;
use crate::repo::Repo;
use crate::tree::os_path;

/// Adds what is neither file, link nor folder and is not ignored. Looks at names and types only; opens nothing.
pub(super) fn add(repo: &Repo, scan: &mut Scan) -> Result<(), Fault> {
    let nested = scan.paths.iter().filter(|(_, scanned)| scanned.unfit.is_some()).map(|(path, _)| path);
    let closed: BTreeSet<&[u8]> = scan.ignored_folders.iter().chain(nested).map(RepoPath::as_bytes).collect();
    let found = walk(repo.root(), &closed)?;
    let ignored = ignored(repo, found.iter().map(|(path, _)| path))?;
    for (path, what) in found {
        if !ignored.contains(&path) {
            let scanned = Scanned { head: None, index: None, tree: InTree::Untracked, mode: 0, unfit: None };
            scan.paths.entry(path).or_insert(scanned).unfit = Some(what);
        }
    }
    Ok(())
}

fn walk(root: &Path, closed: &BTreeSet<&[u8]>) -> Result<Vec<(RepoPath, &'static str)>, DiskError> {
    let mut found = Vec::new();
    let mut folders = vec![Vec::new()];
    while let Some(folder) = folders.pop() {
        let here = RepoPath::parse(folder.clone()).ok();
        let full = here.as_ref().map_or_else(|| root.to_owned(), |path| root.join(os_path(path)));
        let entries = match fs::read_dir(&full) {
            Ok(entries) => entries,
            Err(error) => {
                match (error.kind(), here) {
                    // Gone meanwhile, or too deep for any program.
                    (ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::InvalidFilename, _) => {}
                    (ErrorKind::PermissionDenied, Some(path)) => {
                        found.push((path, "a folder that cannot be read"));
                    }
                    (_, _) => return Err(error).at("list", full),
                }
                continue;
            }
        };
        let entries = entries.collect::<Result<Vec<_>, _>>().at("list", &full)?;
        // Another repository, or a submodule: never entered.
        if !folder.is_empty() && entries.iter().any(|entry| entry.file_name().as_bytes() == b".git") {
            continue;
        }
        for entry in entries {
            let kind = entry.file_type().at("look at", entry.path())?;
            let path = joined(&folder, &entry.file_name().into_vec());
            if kind.is_dir() {
                if entry.file_name().as_bytes() != b".git" && !closed.contains(path.as_slice()) {
                    folders.push(path);
                }
            } else if !kind.is_file() && !kind.is_symlink() {
                let what = if kind.is_fifo() {
                    "a FIFO"
                } else if kind.is_socket() {
                    "a socket"
                } else {
                    "a device"
                };
                found.extend(RepoPath::parse(path).ok().map(|path| (path, what)));
            }
        }
    }
    Ok(found)
}

/// Finds those of these paths that git ignores.
pub(crate) fn ignored<'a>(
    repo: &Repo,
    paths: impl IntoIterator<Item = &'a RepoPath>,
) -> Result<BTreeSet<RepoPath>, Fault> {
    let top = Top::open(repo.root())?;
    let mut input = Vec::new();
    for path in paths {
        // Git refuses to answer for what lies beyond a link or in another repository: it ignores neither.
        if !top.is_out_of_reach(path)? {
            // Literal path specs do not exist here, and `./` keeps `:(magic)` from being one.
            input.extend_from_slice(b"./");
            input.extend_from_slice(path.as_bytes());
            input.push(0);
        }
    }
    if input.is_empty() {
        return Ok(BTreeSet::new());
    }
    let call = Call::new(repo, ["check-ignore", "-z", "--stdin"]).without("GIT_LITERAL_PATHSPECS");
    // Code 1: none of them.
    let output = call.stdin(input).read_codes(&[0, 1])?.stdout;
    let names = output.split(|byte| *byte == 0).filter_map(|name| name.strip_prefix(b"./"));
    Ok(names.filter_map(|name| RepoPath::parse(name).ok()).collect())
}
