//! Files that git ignores and that are looked at all the same: a folder of documents kept out of git by its owner.

use std::fs;

use orchestra_core::path::RepoPath;

use super::{InTree, Scan, Scanned, joined};
use crate::fault::{At as _, Fault};
use crate::repo::{Repo, Watched};
use crate::tree::os_path;

/// Adds the plain files of each watched folder that git ignores as a whole.
pub(super) fn add(repo: &Repo, scan: &mut Scan) -> Result<(), Fault> {
    for Watched { folder, except } in &repo.options().watched {
        let is_ignored = scan.ignored_folders.iter().any(|ignored| folder.is_beneath(ignored.as_bytes()));
        if !is_ignored {
            continue;
        }
        let mut folders = vec![folder.clone()];
        while let Some(folder) = folders.pop() {
            let full = repo.root().join(os_path(&folder));
            let entries = match fs::read_dir(&full) {
                Ok(entries) => entries,
                // Gone meanwhile.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error).at("list", full).map_err(Fault::from),
            };
            for entry in entries {
                let entry = entry.at("list", &full)?;
                let kind = entry.file_type().at("look at", entry.path())?;
                let name = std::os::unix::ffi::OsStringExt::into_vec(entry.file_name());
                let Ok(path) = RepoPath::parse(joined(folder.as_bytes(), &name)) else { continue };
                if except.contains(&path) {
                    continue;
                }
                if kind.is_dir() {
                    folders.push(path);
                } else if kind.is_file() || kind.is_symlink() {
                    let untracked =
                        Scanned { head: None, index: None, tree: InTree::Untracked, mode: 0, unfit: None };
                    scan.paths.entry(path).or_insert(untracked);
                }
            }
        }
    }
    Ok(())
}
