//! Paths brought to a wanted state, each in one step: what `put_back` and `rescue restore` have in common.

use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use git2::{Oid, Repository, Tree};
use orchestra_core::path::RepoPath;
use rustix::io::Errno;

use crate::beneath::{Present, Top};
use crate::checkout::{check_out, keep_permissions, place, scratch};
use crate::config::Config;
use crate::fault::{At as _, DiskError, Doing as _, Fault};
use crate::put_back::PutBack;
use crate::repo::Repo;
use crate::scan::flagged::converted_ids;
use crate::store::hash_present;
use crate::tree::{Entry, LINK, os_path};

/// What a path is to become.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Target {
    Absent,
    /// These bytes.
    Bytes {
        entry: Entry,
        permissions: Option<u32>,
    },
    /// What git checks out for this.
    Checkout(Entry),
}

/// A path with what it is to become.
pub(crate) type Wanted = (RepoPath, Target);

/// Brings paths of the work tree to a wanted state.
pub(crate) struct Bring<'a> {
    pub(crate) repo: &'a Repo,
    pub(crate) library: &'a Repository,
    pub(crate) config: Config,
    pub(crate) top: Top,
}

impl<'a> Bring<'a> {
    pub(crate) fn new(repo: &'a Repo, library: &'a Repository) -> Result<Self, Fault> {
        Ok(Self { repo, library, config: Config::read(repo)?, top: Top::open(repo.root())? })
    }

    /// Leaves out what is as it should be already.
    pub(crate) fn unfinished(&self, all: Vec<Wanted>) -> Result<Vec<Wanted>, Fault> {
        let converted = converted_ids(self.repo, &self.config, &self.top, all.iter().map(|(path, _)| path))?;
        let mut unfinished = Vec::new();
        for ((path, target), converted) in all.into_iter().zip(converted) {
            let is_done = match target {
                Target::Absent => self.top.look(&path)? == Present::Absent,
                Target::Bytes { entry, .. } => hash_present(&self.top, &path)? == Some(entry),
                Target::Checkout(entry) => {
                    let present = hash_present(&self.top, &path)?;
                    present == Some(entry)
                        || present.is_some_and(|present| present.mode == entry.mode)
                            && entry.mode != LINK
                            && converted == Some(entry.id)
                }
            };
            if !is_done {
                unfinished.push((path, target));
            }
        }
        Ok(unfinished)
    }

    /// Brings them there. What is checked out comes from `clean`. What is in the way is left and named.
    pub(crate) fn apply(
        &self,
        to_do: Vec<Wanted>,
        clean: &Tree<'_>,
        done: &mut PutBack,
    ) -> Result<(), Fault> {
        let scratch = scratch(self.repo)?;
        let from_git = to_do.iter().filter(|(_, target)| matches!(target, Target::Checkout(_)));
        let from_git: Vec<&RepoPath> = from_git.map(|(path, _)| path).collect();
        let checked_out = check_out(self.repo, &self.config, clean, &from_git, scratch.path())?;
        // What goes makes room for what comes: a folder where a file was, a link where a folder was.
        let (gone, back): (Vec<_>, Vec<_>) =
            to_do.into_iter().partition(|(_, target)| matches!(target, Target::Absent));
        for (path, target) in gone.into_iter().chain(back) {
            let outcome = match target {
                Target::Absent if self.top.look(&path)? == Present::Folder => {
                    done.left.push((path, "it is a folder with a repository or ignored files".to_owned()));
                    continue;
                }
                Target::Absent => self.top.remove(&path),
                Target::Bytes { entry, permissions } => {
                    let complete = self.write_bytes(entry, permissions, scratch.path())?;
                    place(&self.top, &path, &complete)
                }
                Target::Checkout(entry) => {
                    let complete = checked_out.join(os_path(&path));
                    keep_permissions(&self.top, &path, entry, &complete)?;
                    place(&self.top, &path, &complete)
                }
            };
            match outcome {
                Ok(()) => done.restored.push(path),
                Err(error) if is_in_the_way(&error) => done.left.push((path, why(&error))),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Writes kept bytes to a synced file of our own.
    fn write_bytes(&self, entry: Entry, permissions: Option<u32>, scratch: &Path) -> Result<PathBuf, Fault> {
        let file = scratch.join("bytes");
        match fs::remove_file(&file) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error).at("replace", &file)?,
        }
        if entry.mode == LINK {
            let blob = self.library.find_blob(entry.id).doing("read an object")?;
            let target = std::os::unix::ffi::OsStrExt::from_bytes(blob.content());
            std::os::unix::fs::symlink::<&std::ffi::OsStr, _>(target, &file).at("write", &file)?;
            return Ok(file);
        }
        let mut open = File::create_new(&file).at("write", &file)?;
        copy_blob(self.library, entry.id, &mut open, &file)?;
        if let Some(permissions) = permissions {
            open.set_permissions(Permissions::from_mode(permissions)).at("set the permissions of", &file)?;
        }
        open.sync_all().at("sync", &file)?;
        Ok(file)
    }
}

/// Copies a blob into a file, in pieces where its storage allows that.
pub(crate) fn copy_blob(
    library: &Repository,
    id: Oid,
    to: &mut impl io::Write,
    path: &Path,
) -> Result<(), Fault> {
    let odb = library.odb().doing("open the object store")?;
    // Packed objects cannot be streamed by libgit2.
    if let Ok((mut reader, _, _)) = odb.reader(id) {
        io::copy(&mut reader, to).at("write", path)?;
    } else {
        let object = odb.read(id).doing("read an object")?;
        to.write_all(object.data()).at("write", path)?;
    }
    Ok(())
}

/// Tells whether an error is about what lies at a path, and not about the disk.
fn is_in_the_way(error: &DiskError) -> bool {
    let ways =
        [Errno::LOOP, Errno::NOTDIR, Errno::NOTEMPTY, Errno::EXIST, Errno::ISDIR, Errno::ACCESS, Errno::PERM];
    ways.iter().any(|errno| error.source.raw_os_error() == Some(errno.raw_os_error()))
}

fn why(error: &DiskError) -> String {
    format!("{error}: {}", error.source)
}
