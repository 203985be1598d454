//! Writes that are there whole or not at all, also after a power cut.
//!
//! A file is written beside its target under a name of ours, synced, moved to its name, and the folder synced.
//! What is left over by a kill is recognised by that name and swept at the next start.

mod replace;

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use orchestra_core::unfinished;
use rustix::fs::{AtFlags, Mode, OFlags, RenameFlags};
use rustix::io::Errno;

pub(crate) use self::replace::{MAX_WAITS, SETTLING, is_settling};
pub use self::replace::{Replacement, replace_if};
use crate::file::{At as _, FileError};
use crate::folder::{Access, Folder, Kind};

/// How many names of a folder are looked at.
const MAX_NAMES: usize = 100_000;

/// Writes a file, replacing what is there; its permissions are kept.
pub fn write(folder: &Folder, name: &OsStr, bytes: &[u8], access: Access) -> Result<(), FileError> {
    write_by_way_of(folder, folder, name, bytes, access)
}

/// As [`write()`], with the half-written file in another folder of the same file system.
pub(crate) fn write_by_way_of(
    way: &Folder,
    folder: &Folder,
    name: &OsStr,
    bytes: &[u8],
    access: Access,
) -> Result<(), FileError> {
    let mode = folder.read_mode(name)?;
    let temp = Temp::write(way, bytes, access, mode)?;
    rustix::fs::renameat(way, &temp.name, folder, name).at("replace", &folder.path().join(name))?;
    temp.keep();
    folder.sync()
}

/// Writes a file that must not be there yet.
pub fn create(folder: &Folder, name: &OsStr, bytes: &[u8], access: Access) -> Result<Creation, FileError> {
    let temp = Temp::write(folder, bytes, access, None)?;
    match rename_new(folder, &temp.name, folder, name) {
        Err(Errno::EXIST) => Ok(Creation::Exists),
        renamed => {
            renamed.at("create", &folder.path().join(name))?;
            temp.keep();
            folder.sync()?;
            Ok(Creation::Created)
        }
    }
}

/// What became of [`create`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Creation {
    /// The file is there, whole.
    Created,
    /// There was one already; nothing was changed.
    Exists,
}

/// Makes a folder with all of its files appear in one step. Paths are relative to it.
pub fn create_dir_whole(
    parent: &Folder,
    name: &OsStr,
    files: &[(PathBuf, Vec<u8>)],
) -> Result<Creation, FileError> {
    let temp = Temp { folder: parent, name: temp_name(), is_folder: true, keep: false };
    let whole = parent.make_beneath(Path::new(&temp.name), Access::Shared)?;
    for (path, bytes) in files {
        let (Some(file), Some(above)) = (path.file_name(), path.parent()) else {
            let path = whole.path().join(path);
            return Err(FileError::NotAFile { path });
        };
        let folder = whole.make_beneath(above, Access::Shared)?;
        let mut new = folder.new_file(file, Access::Shared, None)?;
        let path = folder.path().join(file);
        new.write_all(bytes).at("write", &path)?;
        new.sync_all().at("sync", &path)?;
        folder.sync()?;
    }
    whole.sync()?;
    match rename_new(parent, &temp.name, parent, name) {
        Err(Errno::EXIST | Errno::NOTEMPTY) => Ok(Creation::Exists),
        renamed => {
            renamed.at("create", &parent.path().join(name))?;
            temp.keep();
            parent.sync()?;
            Ok(Creation::Created)
        }
    }
}

/// Tells whether a name is one that only an unfinished write of ours has.
pub fn is_temp(name: &OsStr) -> bool {
    unfinished::writer_of(name.as_encoded_bytes()).is_some()
}

/// Takes away what an earlier process left over in a folder. The caller holds the lock under which writes happen.
///
/// A file is moved to `kept`, where there is one, instead of being removed: after a kill in the middle of
/// [`replace_if`] it may be the one place where somebody's save is. Returns how many there were.
pub fn sweep(folder: &Folder, kept: Option<&Folder>) -> Result<usize, FileError> {
    let mut count = 0;
    for (name, kind) in folder.list(MAX_NAMES)? {
        if !is_temp(&name) {
            continue;
        }
        let path = folder.path().join(&name);
        match (kind, kept) {
            (Kind::File, Some(kept)) => rustix::fs::renameat(folder, &name, kept, &name).at("keep", &path)?,
            (Kind::File | Kind::Link | Kind::Other, _) => folder.remove(&name)?,
            (Kind::Folder, _) => std::fs::remove_dir_all(&path).at("remove", &path)?,
        }
        count += 1;
    }
    Ok(count)
}

fn temp_name() -> OsString {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    // Only has to differ from what an earlier process of the same id left over; the open is exclusive anyway.
    let nanos =
        SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.subsec_nanos());
    let number = (u64::from(nanos) << 24) ^ COUNT.fetch_add(1, Ordering::Relaxed);
    unfinished::name(std::process::id(), number).into()
}

/// A half-written file or folder, removed when dropped unless it was moved to its name.
struct Temp<'a> {
    folder: &'a Folder,
    name: OsString,
    is_folder: bool,
    keep: bool,
}

impl<'a> Temp<'a> {
    fn write(
        folder: &'a Folder,
        bytes: &[u8],
        access: Access,
        mode: Option<Mode>,
    ) -> Result<Self, FileError> {
        let temp = Self { folder, name: temp_name(), is_folder: false, keep: false };
        let path = folder.path().join(&temp.name);
        let mut file = folder.new_file(&temp.name, access, mode)?;
        file.write_all(bytes).at("write", &path)?;
        file.sync_all().at("sync", &path)?;
        Ok(temp)
    }

    /// Leaves it to the caller, under its name.
    fn keep(mut self) -> OsString {
        self.keep = true;
        std::mem::take(&mut self.name)
    }
}

impl Drop for Temp<'_> {
    fn drop(&mut self) {
        if self.keep {
            return;
        }
        // What cannot be removed now is swept at the next start.
        let _ = if self.is_folder {
            std::fs::remove_dir_all(self.folder.path().join(&self.name)).at("remove", self.folder.path())
        } else {
            self.folder.remove(&self.name)
        };
    }
}

impl Folder {
    fn new_file(&self, name: &OsStr, access: Access, mode: Option<Mode>) -> Result<File, FileError> {
        let path = self.path().join(name);
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let fd = rustix::fs::openat(self, name, flags, access.of_file()).at("create", &path)?;
        let mode = match access {
            Access::Shared => mode,
            Access::Private => Some(mode.unwrap_or(Access::Private.of_file()) & Access::Private.of_file()),
        };
        if let Some(mode) = mode {
            rustix::fs::fchmod(&fd, mode).at("set the permissions of", &path)?;
        }
        Ok(File::from(fd))
    }

    /// The permissions of the plain file under a name; an error where something else stands there.
    fn read_mode(&self, name: &OsStr) -> Result<Option<Mode>, FileError> {
        let Some((_, stat)) = self.open_plain(name)? else { return Ok(None) };
        Ok(Some(Mode::from_raw_mode(stat.st_mode) & (Mode::RWXU | Mode::RWXG | Mode::RWXO)))
    }
}

/// Renames, and fails with `EXIST` where the new name is taken.
fn rename_new(from: &Folder, old: &OsStr, to: &Folder, new: &OsStr) -> Result<(), Errno> {
    match rustix::fs::renameat_with(from, old, to, new, RenameFlags::NOREPLACE) {
        Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {}
        renamed => return renamed,
    }
    // A file system that cannot: a link fails where the name is taken; folders cannot be linked, but a plain
    // rename of one fails unless the target is an empty folder.
    match rustix::fs::linkat(from, old, to, new, AtFlags::empty()) {
        Ok(()) => rustix::fs::unlinkat(from, old, AtFlags::empty()),
        Err(Errno::PERM | Errno::ISDIR) => rustix::fs::renameat(from, old, to, new),
        Err(error) => Err(error),
    }
}

/// Moves a file to a name that must be free. `false` where the file was gone, or the name was taken.
pub(crate) fn move_new(folder: &Folder, old: &OsStr, new: &OsStr) -> Result<bool, FileError> {
    match rename_new(folder, old, folder, new) {
        Err(Errno::NOENT | Errno::EXIST) => Ok(false),
        renamed => renamed.map(|()| true).at("move", &folder.path().join(old)),
    }
}

#[cfg(test)]
mod tests;
