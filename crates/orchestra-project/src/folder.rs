//! An open folder. What lies beneath it is reached by name and never through a symbolic link.
//!
//! Every step goes by a descriptor, so that a link that is swapped in between a check and its use leads nowhere.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read as _};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Component, Path, PathBuf};

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, Stat};
use rustix::io::Errno;

use crate::file::{At as _, FileError};

/// The flags with which every file and folder is opened: no link, no wait for a FIFO's other end, no terminal.
const SAFE: OFlags = OFlags::NOFOLLOW.union(OFlags::CLOEXEC).union(OFlags::NONBLOCK).union(OFlags::NOCTTY);

/// The bits that make a file the owner's alone.
pub(crate) const PRIVATE_FILE: Mode = Mode::RUSR.union(Mode::WUSR);

/// How often a file that is written to while it is read is read again.
const MAX_READS: u32 = 5;

/// Whether other users may look at what is made.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Access {
    /// As the umask has it: documents, which are committed anyway.
    Shared,
    /// The owner alone, whatever the umask: state, transcripts, trust.
    Private,
}

impl Access {
    fn of_folder(self) -> Mode {
        match self {
            Self::Shared => Mode::RWXU | Mode::RWXG | Mode::RWXO,
            Self::Private => Mode::RWXU,
        }
    }

    pub(crate) fn of_file(self) -> Mode {
        match self {
            Self::Shared => PRIVATE_FILE | Mode::RGRP | Mode::WGRP | Mode::ROTH | Mode::WOTH,
            Self::Private => PRIVATE_FILE,
        }
    }
}

/// What tells one version of a file from another without reading it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Stamp {
    /// Wide, because systems differ in the type.
    device: i128,
    inode: i128,
    size: u64,
    /// Nanoseconds since 1970.
    modified: i128,
    /// Nanoseconds since 1970; changes with every write and rename, also where a program sets `modified` back.
    changed: i128,
}

impl Stamp {
    pub(crate) fn of(stat: &Stat) -> Self {
        let nanos = |seconds: i128, nanos: i128| seconds * 1_000_000_000 + nanos;
        Self {
            device: stat.st_dev.into(),
            inode: stat.st_ino.into(),
            size: u64::try_from(stat.st_size).unwrap_or(0),
            modified: nanos(stat.st_mtime.into(), stat.st_mtime_nsec.into()),
            changed: nanos(stat.st_ctime.into(), stat.st_ctime_nsec.into()),
        }
    }

    /// Whether the two are of the same file, whatever it contains.
    pub fn is_same_file(&self, other: &Self) -> bool {
        (self.device, self.inode) == (other.device, other.inode)
    }

    /// Whether the two are of the same file with the same content, wherever it was moved meanwhile.
    pub fn is_same_version(&self, other: &Self) -> bool {
        self.is_same_file(other) && (self.size, self.modified) == (other.size, other.modified)
    }

    /// The size in bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Whether the file system seems to keep no parts of a second.
    pub(crate) fn is_of_whole_seconds(&self) -> bool {
        (self.modified % 1_000_000_000, self.changed % 1_000_000_000) == (0, 0)
    }

    /// As a file system would have it that keeps no parts of a second.
    #[cfg(test)]
    pub(crate) fn in_whole_seconds(self) -> Self {
        let whole = |nanos: i128| nanos - nanos % 1_000_000_000;
        Self { modified: whole(self.modified), changed: whole(self.changed), ..self }
    }

    /// How long before `now` (nanoseconds since 1970) the file was last written; negative where clocks disagree.
    pub(crate) fn age(&self, now: i128) -> i128 {
        now - self.changed.max(self.modified)
    }
}

/// A plain file's bytes, and which version of it they are.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Plain {
    /// All of its bytes.
    pub bytes: Vec<u8>,
    /// The same before and after they were read, unless somebody writes without a pause.
    pub stamp: Stamp,
    /// Its permissions.
    pub(crate) mode: Mode,
}

/// What stands under a name.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// A plain file.
    File,
    /// A folder.
    Folder,
    /// A symbolic link, whatever it points to.
    Link,
    /// A FIFO, a socket or a device.
    Other,
}

impl Kind {
    fn of(kind: FileType) -> Self {
        match kind {
            FileType::RegularFile => Self::File,
            FileType::Directory => Self::Folder,
            FileType::Symlink => Self::Link,
            FileType::Fifo
            | FileType::Socket
            | FileType::CharacterDevice
            | FileType::BlockDevice
            | FileType::Unknown => Self::Other,
        }
    }
}

/// An open folder.
#[derive(Debug)]
pub struct Folder {
    fd: OwnedFd,
    path: PathBuf,
}

impl AsFd for Folder {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl Folder {
    /// Opens a folder by a path that the caller trusts; links in the path are followed.
    pub fn open(path: &Path) -> Result<Self, FileError> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let fd = rustix::fs::open(path, flags, Mode::empty()).at("open", path)?;
        Ok(Self { fd, path: path.to_owned() })
    }

    /// Where it was when it was opened.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Opens a folder beneath this one. No part of `relative` may be a link, `..` or a root.
    pub fn open_beneath(&self, relative: &Path) -> Result<Self, FileError> {
        self.walk(relative, Self::open_folder)
    }

    /// Opens a folder beneath this one and makes what is missing of it.
    pub fn make_beneath(&self, relative: &Path, access: Access) -> Result<Self, FileError> {
        self.walk(relative, |folder, name| match folder.open_folder(name) {
            Err(error) if error.is_missing() => {
                let path = folder.path.join(name);
                match rustix::fs::mkdirat(folder, name, access.of_folder()) {
                    // Somebody else made it between the two calls.
                    Err(Errno::EXIST) => folder.open_folder(name),
                    made => {
                        made.at("create", &path)?;
                        folder.sync()?;
                        let made = folder.open_folder(name)?;
                        if access == Access::Private {
                            rustix::fs::fchmod(&made, Mode::RWXU).at("protect", &path)?;
                        }
                        Ok(made)
                    }
                }
            }
            opened => opened,
        })
    }

    fn walk(
        &self,
        relative: &Path,
        mut step: impl FnMut(&Self, &OsStr) -> Result<Self, FileError>,
    ) -> Result<Self, FileError> {
        let mut reached = None;
        for part in relative.components() {
            let Component::Normal(name) = part else {
                let path = self.path.join(relative);
                return Err(FileError::new("open", path, io::Error::from(io::ErrorKind::InvalidFilename)));
            };
            reached = Some(step(reached.as_ref().unwrap_or(self), name)?);
        }
        match reached {
            Some(folder) => Ok(folder),
            None => Ok(Self { fd: self.fd.try_clone().at("open", &self.path)?, path: self.path.clone() }),
        }
    }

    fn open_folder(&self, name: &OsStr) -> Result<Self, FileError> {
        let path = self.path.join(name);
        match rustix::fs::openat(self, name, SAFE | OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty()) {
            Ok(fd) => Ok(Self { fd, path }),
            // Both mean "not a folder"; which one a link gives differs between systems.
            Err(Errno::NOTDIR | Errno::LOOP) => match self.kind(name)? {
                Some(Kind::Link) => Err(FileError::Link { path }),
                Some(Kind::File | Kind::Folder | Kind::Other) | None => Err(FileError::NotAFolder { path }),
            },
            Err(error) => Err(FileError::new("open", path, error)),
        }
    }

    fn stat(&self, name: &OsStr) -> Result<Option<Stat>, FileError> {
        match rustix::fs::statat(self, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(stat)),
            Err(Errno::NOENT) => Ok(None),
            Err(error) => Err(FileError::new("look at", self.path.join(name), error)),
        }
    }

    /// What stands under a name, without following it.
    pub fn kind(&self, name: &OsStr) -> Result<Option<Kind>, FileError> {
        Ok(self.stat(name)?.map(|stat| Kind::of(FileType::from_raw_mode(stat.st_mode))))
    }

    /// Which version of a plain file stands under a name, without opening it.
    pub fn stamp(&self, name: &OsStr) -> Result<Option<Stamp>, FileError> {
        let Some(stat) = self.stat(name)? else { return Ok(None) };
        self.check_plain(name, &stat)?;
        Ok(Some(Stamp::of(&stat)))
    }

    /// The folder's own stamp: changes when a name in it appears or goes.
    pub fn own_stamp(&self) -> Result<Stamp, FileError> {
        Ok(Stamp::of(&rustix::fs::fstat(&self.fd).at("look at", &self.path)?))
    }

    fn check_plain(&self, name: &OsStr, stat: &Stat) -> Result<(), FileError> {
        match Kind::of(FileType::from_raw_mode(stat.st_mode)) {
            Kind::File => Ok(()),
            Kind::Link => Err(FileError::Link { path: self.path.join(name) }),
            Kind::Folder | Kind::Other => Err(FileError::NotAFile { path: self.path.join(name) }),
        }
    }

    /// Opens a plain file. Looks before it opens, so that no FIFO blocks and no device is touched.
    pub(crate) fn open_plain(&self, name: &OsStr) -> Result<Option<(File, Stat)>, FileError> {
        let path = self.path.join(name);
        let Some(before) = self.stat(name)? else { return Ok(None) };
        self.check_plain(name, &before)?;
        let fd = match rustix::fs::openat(self, name, SAFE | OFlags::RDONLY, Mode::empty()) {
            Ok(fd) => fd,
            Err(Errno::NOENT) => return Ok(None),
            Err(Errno::LOOP) => return Err(FileError::Link { path }),
            Err(error) => return Err(FileError::new("read", path, error)),
        };
        let stat = rustix::fs::fstat(&fd).at("look at", &path)?;
        self.check_plain(name, &stat)?;
        Ok(Some((File::from(fd), stat)))
    }

    /// Opens a plain file to read and write, and makes it, the owner's alone, where it is missing.
    pub(crate) fn open_private(&self, name: &OsStr, more: OFlags) -> Result<File, FileError> {
        let path = self.path.join(name);
        if let Some(stat) = self.stat(name)? {
            self.check_plain(name, &stat)?;
        }
        let flags = SAFE | OFlags::RDWR | OFlags::CREATE | more;
        let fd = match rustix::fs::openat(self, name, flags, PRIVATE_FILE) {
            Err(Errno::LOOP) => return Err(FileError::Link { path }),
            opened => opened.at("open", &path)?,
        };
        let stat = rustix::fs::fstat(&fd).at("look at", &path)?;
        self.check_plain(name, &stat)?;
        if Mode::from_raw_mode(stat.st_mode) != PRIVATE_FILE {
            rustix::fs::fchmod(&fd, PRIVATE_FILE).at("protect", &path)?;
        }
        Ok(File::from(fd))
    }

    /// Reads a plain file of at most `max` bytes; `None` where there is none.
    pub fn read(&self, name: &OsStr, max: u64) -> Result<Option<Plain>, FileError> {
        let path = self.path.join(name);
        let mut looks = 0;
        loop {
            let Some((file, stat)) = self.open_plain(name)? else { return Ok(None) };
            let stamp = Stamp::of(&stat);
            if stamp.size > max {
                return Err(FileError::TooLarge { path, max });
            }
            // With room for all of it and one more byte: a read for each, and none for finding out how much there is.
            let mut bytes = Vec::with_capacity(usize::try_from(stamp.size).unwrap_or(0) + 1);
            (&file).take(max + 1).read_to_end(&mut bytes).at("read", &path)?;
            if bytes.len() as u64 > max {
                return Err(FileError::TooLarge { path, max });
            }
            let after = Stamp::of(&rustix::fs::fstat(&file).at("look at", &path)?);
            // Otherwise it was written to while it was read: these bytes may never have been a whole file.
            if after.is_same_version(&stamp) || looks == MAX_READS {
                let mode = Mode::from_raw_mode(stat.st_mode) & (Mode::RWXU | Mode::RWXG | Mode::RWXO);
                return Ok(Some(Plain { bytes, stamp: after, mode }));
            }
            looks += 1;
        }
    }

    /// Lists names and what they are, sorted; at most `max` of them.
    pub fn list(&self, max: usize) -> Result<Vec<(OsString, Kind)>, FileError> {
        let mut names = Vec::new();
        for entry in Dir::read_from(&self.fd).at("list", &self.path)? {
            let entry = entry.at("list", &self.path)?;
            let name = entry.file_name().to_bytes();
            if matches!(name, b"." | b"..") {
                continue;
            }
            if names.len() == max {
                return Err(FileError::TooMany { path: self.path.clone(), max });
            }
            let name = OsString::from_vec(name.to_vec());
            let kind = match entry.file_type() {
                // Some file systems do not say.
                FileType::Unknown => match self.kind(&name)? {
                    Some(kind) => kind,
                    None => continue,
                },
                known => Kind::of(known),
            };
            names.push((name, kind));
        }
        names.sort_by(|one, two| one.0.as_bytes().cmp(two.0.as_bytes()));
        Ok(names)
    }

    /// Removes a file (not a folder). One that is not there is not an error.
    pub fn remove(&self, name: &OsStr) -> Result<(), FileError> {
        match rustix::fs::unlinkat(self, name, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(error) => Err(FileError::new("remove", self.path.join(name), error)),
        }
    }

    /// Makes names that appeared or went durable.
    pub fn sync(&self) -> Result<(), FileError> {
        rustix::fs::fsync(&self.fd).at("sync", &self.path)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn nothing_beneath_a_folder_is_reached_through_a_link_or_upwards() {
        let temp = tempfile::tempdir().unwrap();
        let outside = tempfile::tempdir().unwrap();
        std::fs::write(outside.path().join("secret"), "x").unwrap();
        std::fs::create_dir(temp.path().join("in")).unwrap();
        symlink(outside.path(), temp.path().join("out")).unwrap();
        symlink(outside.path().join("secret"), temp.path().join("file")).unwrap();
        symlink("in", temp.path().join("near")).unwrap();
        let folder = Folder::open(temp.path()).unwrap();

        for name in ["out", "near", "out/deeper"] {
            assert!(matches!(folder.open_beneath(Path::new(name)), Err(FileError::Link { .. })), "{name}");
        }
        for name in ["..", "in/../..", "/"] {
            assert!(folder.open_beneath(Path::new(name)).is_err(), "{name}");
        }
        assert!(matches!(folder.read(OsStr::new("file"), 10), Err(FileError::Link { .. })));
        assert!(matches!(
            folder.open_private(OsStr::new("file"), OFlags::empty()),
            Err(FileError::Link { .. })
        ));
        assert!(folder.open_beneath(Path::new("in")).is_ok());
    }

    #[test]
    fn a_fifo_blocks_nobody_and_a_large_file_is_not_read() {
        let temp = tempfile::tempdir().unwrap();
        let folder = Folder::open(temp.path()).unwrap();
        rustix::fs::mkfifoat(&folder, "pipe", PRIVATE_FILE).unwrap();
        std::fs::write(temp.path().join("large"), "12345").unwrap();

        assert!(matches!(folder.read(OsStr::new("pipe"), 10), Err(FileError::NotAFile { .. })));
        assert!(matches!(folder.read(OsStr::new("large"), 4), Err(FileError::TooLarge { max: 4, .. })));
        assert_eq!(folder.read(OsStr::new("large"), 5).unwrap().unwrap().bytes, b"12345");
        assert_eq!(folder.read(OsStr::new("none"), 5).unwrap(), None);
    }
}
