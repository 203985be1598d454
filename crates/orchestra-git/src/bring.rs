//! Paths brought to a wanted state, each in one step: what `put_back` and `rescue restore` have in common.

use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use git2::{Commit, Oid, Repository, Tree};
use orchestra_core::path::RepoPath;
use rustix::io::Errno;
use tempfile::TempDir;

use crate::beneath::{Present, Top, UNREADABLE};
use crate::checkout::{check_out, keep_permissions, scratch};
use crate::config::Config;
use crate::exchange::{self, Exchanged, Held};
use crate::fault::{At as _, DiskError, Doing as _, Fault};
use crate::kept::{self, Kept, Record};
use crate::put_back::PutBack;
use crate::refs;
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

/// What is said of a path that somebody wrote in the meantime.
const NEWER: &str = "somebody wrote to it meanwhile, so it was left as it is now";

/// Paths whose new content lies in a folder of our own.
pub(crate) struct Ready {
    to_do: Vec<Wanted>,
    scratch: TempDir,
    checked_out: PathBuf,
}

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

    /// Has git check out what comes from `clean`. Filters may take their time; nothing is saved before.
    pub(crate) fn ready(&self, to_do: Vec<Wanted>, clean: &Tree<'_>) -> Result<Ready, Fault> {
        let scratch = scratch(self.repo)?;
        let from_git = to_do.iter().filter(|(_, target)| matches!(target, Target::Checkout(_)));
        let from_git: Vec<&RepoPath> = from_git.map(|(path, _)| path).collect();
        let checked_out = check_out(self.repo, &self.config, clean, &from_git, scratch.path())?;
        Ok(Ready { to_do, scratch, checked_out })
    }

    /// Brings paths there whose present content lies under `saved`. What is in the way, and what is no longer what was
    /// saved, is left and named.
    pub(crate) fn apply(&self, ready: Ready, saved: &str, done: &mut PutBack) -> Result<(), Fault> {
        let Ready { to_do, scratch, checked_out } = ready;
        let saved = Saved::open(self.library, saved)?;
        // What goes makes room for what comes: a folder where a file was, a link where a folder was.
        let (gone, back): (Vec<_>, Vec<_>) =
            to_do.into_iter().partition(|(_, target)| matches!(target, Target::Absent));
        for (path, target) in gone.into_iter().chain(back) {
            let known = saved.held(&path)?;
            let outcome = match target {
                Target::Absent if self.top.look(&path)? == Present::Folder => {
                    done.left.push((path, "it is a folder with a repository or ignored files".to_owned()));
                    continue;
                }
                Target::Absent => exchange::take_away(&self.top, &path, scratch.path(), known),
                Target::Bytes { entry, permissions } => {
                    let complete = self.write_bytes(entry, permissions, scratch.path())?;
                    exchange::put(&self.top, &path, &complete, known)
                }
                Target::Checkout(entry) => {
                    let complete = checked_out.join(os_path(&path));
                    keep_permissions(&self.top, &path, entry, &complete)?;
                    exchange::put(&self.top, &path, &complete, known)
                }
            };
            match outcome {
                Ok(Exchanged::Done) => done.restored.push(path),
                Ok(Exchanged::Newer) => done.left.push((path, NEWER.to_owned())),
                Ok(Exchanged::Unreadable) => done.left.push((path, format!("it is {UNREADABLE}"))),
                Err(Fault::Disk(error)) if is_in_the_way(&error) => done.left.push((path, why(&error))),
                Err(error) => return Err(error),
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

/// What was saved of paths before they are replaced.
struct Saved<'a> {
    commit: Commit<'a>,
    record: Record,
}

impl<'a> Saved<'a> {
    fn open(library: &'a Repository, reference: &str) -> Result<Self, Fault> {
        let missing = || Fault::Unreadable { what: format!("`{reference}`") };
        let id = refs::find(library, reference)?.ok_or_else(missing)?;
        let commit = library.find_commit(id).doing("read a commit")?;
        let record = kept::read_record(&commit).ok_or_else(missing)?;
        Ok(Self { commit, record })
    }

    /// What a path held when it was saved.
    fn held(&self, path: &RepoPath) -> Result<Held, Fault> {
        Ok(match self.record.get(path) {
            Some(Kept::File { .. } | Kept::Link) => {
                kept::entry_of(&self.commit, path)?.map_or(Held::Nothing, Held::Content)
            }
            Some(Kept::Unfit) => Held::Special,
            Some(Kept::Gone | Kept::Staged) | None => Held::Nothing,
        })
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
