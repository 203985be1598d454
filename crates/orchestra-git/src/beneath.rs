//! Files of the work tree, reached name by name from its top.
//!
//! Every folder on the way is opened with `O_NOFOLLOW` from the descriptor of the one before, so a symbolic link that
//! is swapped in between never leads out of the tree (THREATS A11, A12). A path beyond a link does not exist here.

use std::ffi::OsStr;
use std::fs::File;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use orchestra_core::path::RepoPath;
use rustix::fs::{self as unix, AtFlags, FileType, Mode, OFlags};
use rustix::io::Errno;

use crate::fault::{At as _, DiskError};
use crate::tree::os_path;

mod aside;

pub(crate) use aside::Aside;

/// The top of a work tree, held open.
#[derive(Debug)]
pub(crate) struct Top {
    folder: OwnedFd,
    path: PathBuf,
}

/// What lies at a path.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Present {
    /// Nothing, or nothing that can be reached without following a link.
    Absent,
    /// A plain file.
    File {
        /// Its permission bits.
        permissions: u32,
        /// Its size in bytes.
        size: u64,
    },
    /// A symbolic link.
    Link,
    /// A folder.
    Folder,
    /// Something that must not be read, or a file that cannot be.
    Special(&'static str),
}

/// What is said of a file that the person may not read: `root`'s, left by a container, or a key.
pub(crate) const UNREADABLE: &str = "a file that cannot be read";

/// The permission bits of a mode.
#[cfg_attr(
    target_os = "linux",
    expect(clippy::useless_conversion, reason = "the raw type is narrower on other systems")
)]
fn permissions_of(mode: Mode) -> u32 {
    u32::from(mode.bits()) & 0o777
}

const FOLDER_FLAGS: OFlags =
    OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

const FILE_FLAGS: OFlags =
    OFlags::RDONLY.union(OFlags::NOFOLLOW).union(OFlags::NONBLOCK).union(OFlags::CLOEXEC);

/// Tells whether a file may not be opened. Trying is the only answer that network file systems give truly.
fn is_unreadable(folder: &OwnedFd, name: &OsStr) -> bool {
    let opened = unix::openat(folder, name, FILE_FLAGS, Mode::empty());
    matches!(opened, Err(Errno::ACCESS | Errno::PERM))
}

impl Top {
    /// Opens the top of a work tree.
    pub(crate) fn open(path: &Path) -> Result<Self, DiskError> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let folder = unix::open(path, flags, Mode::empty()).at("open", path)?;
        Ok(Self { folder, path: path.to_owned() })
    }

    /// The full path, for messages and for handing to programs.
    pub(crate) fn full(&self, path: &RepoPath) -> PathBuf {
        self.path.join(os_path(path))
    }

    /// Opens the folder that a path lies in; `None` where there is none, or a link or file in its place.
    fn parent<'a>(&self, path: &'a RepoPath) -> Result<Option<(OwnedFd, &'a OsStr)>, DiskError> {
        let mut folder = self.folder.try_clone().at("open", &self.path)?;
        let mut names = path.as_bytes().split(|byte| *byte == b'/').map(OsStr::from_bytes).peekable();
        while let Some(name) = names.next() {
            if names.peek().is_none() {
                return Ok(Some((folder, name)));
            }
            folder = match unix::openat(&folder, name, FOLDER_FLAGS, Mode::empty()) {
                Ok(next) => next,
                Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => return Ok(None),
                Err(error) => return Err(error).at("open the folder of", self.full(path)),
            };
        }
        Ok(None)
    }

    /// Tells whether a folder above a path is a link, or the top of another repository.
    pub(crate) fn is_out_of_reach(&self, path: &RepoPath) -> Result<bool, DiskError> {
        let bytes = path.as_bytes();
        let slashes = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'/');
        for (slash, _) in slashes {
            let folder = RepoPath::parse(&bytes[..slash]);
            let inside = RepoPath::parse([&bytes[..slash], b"/.git"].concat());
            let (Ok(folder), Ok(inside)) = (folder, inside) else { return Ok(true) };
            if self.look(&folder)? == Present::Link || self.look(&inside)? != Present::Absent {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Looks at a path without following links. Only a plain file is opened, to see whether it can be.
    pub(crate) fn look(&self, path: &RepoPath) -> Result<Present, DiskError> {
        let Some((folder, name)) = self.parent(path)? else { return Ok(Present::Absent) };
        let stat = match unix::statat(&folder, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => stat,
            Err(Errno::NOENT | Errno::NOTDIR) => return Ok(Present::Absent),
            Err(error) => return Err(error).at("look at", self.full(path)),
        };
        Ok(match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile if is_unreadable(&folder, name) => Present::Special(UNREADABLE),
            FileType::RegularFile => Present::File {
                permissions: permissions_of(Mode::from_raw_mode(stat.st_mode)),
                size: u64::try_from(stat.st_size).unwrap_or_default(),
            },
            FileType::Symlink => Present::Link,
            FileType::Directory => Present::Folder,
            FileType::Fifo => Present::Special("a FIFO"),
            FileType::Socket => Present::Special("a socket"),
            FileType::CharacterDevice | FileType::BlockDevice => Present::Special("a device"),
            FileType::Unknown => Present::Special("neither file nor folder"),
        })
    }

    /// Opens a plain file for reading; `None` where there is none. Never blocks on a FIFO.
    pub(crate) fn read(&self, path: &RepoPath) -> Result<Option<File>, DiskError> {
        let Some((folder, name)) = self.parent(path)? else { return Ok(None) };
        let file = match unix::openat(&folder, name, FILE_FLAGS, Mode::empty()) {
            Ok(file) => File::from(file),
            Err(Errno::NOENT | Errno::LOOP | Errno::NXIO) => return Ok(None),
            Err(error) => return Err(error).at("read", self.full(path)),
        };
        let is_plain = file.metadata().at("read", self.full(path))?.is_file();
        Ok(is_plain.then_some(file))
    }

    /// Reads where a link points to; `None` where there is no link.
    pub(crate) fn read_link(&self, path: &RepoPath) -> Result<Option<Vec<u8>>, DiskError> {
        let Some((folder, name)) = self.parent(path)? else { return Ok(None) };
        match unix::readlinkat(&folder, name, Vec::new()) {
            Ok(target) => Ok(Some(target.into_bytes())),
            Err(Errno::NOENT | Errno::INVAL) => Ok(None),
            Err(error) => Err(error).at("read the link", self.full(path)),
        }
    }

    /// Makes the folders that a path lies in. What stands in their way and is no folder is an error.
    fn make_parent<'a>(&self, path: &'a RepoPath) -> Result<(OwnedFd, &'a OsStr), DiskError> {
        let mut folder = self.folder.try_clone().at("open", &self.path)?;
        let bytes = path.as_bytes();
        let (folders, name) = match bytes.iter().rposition(|byte| *byte == b'/') {
            Some(slash) => (&bytes[..slash], &bytes[slash + 1..]),
            None => (&[][..], bytes),
        };
        for step in folders.split(|byte| *byte == b'/').filter(|step| !step.is_empty()) {
            let step = OsStr::from_bytes(step);
            match unix::mkdirat(&folder, step, Mode::from_raw_mode(0o777)) {
                Ok(()) => unix::fsync(&folder).at("sync the folder of", self.full(path))?,
                Err(Errno::EXIST) => {}
                Err(error) => return Err(error).at("make the folder of", self.full(path)),
            }
            folder = unix::openat(&folder, step, FOLDER_FLAGS, Mode::empty())
                .at("open the folder of", self.full(path))?;
        }
        Ok((folder, OsStr::from_bytes(name)))
    }

    /// Takes a plain file away, where there is one.
    pub(crate) fn remove_file(&self, path: &RepoPath) -> Result<(), DiskError> {
        let Some((folder, name)) = self.parent(path)? else { return Ok(()) };
        match unix::unlinkat(&folder, name, AtFlags::empty()) {
            // What has become a folder meanwhile stays.
            Ok(()) | Err(Errno::NOENT | Errno::ISDIR | Errno::PERM) => Ok(()),
            Err(error) => Err(error).at("take away", self.full(path)),
        }
    }

    /// Takes the folders above a path away that are empty.
    pub(crate) fn remove_empty_folders(&self, path: &RepoPath) -> Result<(), DiskError> {
        let mut bytes = path.as_bytes();
        while let Some(slash) = bytes.iter().rposition(|byte| *byte == b'/') {
            bytes = &bytes[..slash];
            let Ok(above) = RepoPath::parse(bytes) else { break };
            let Some((folder, name)) = self.parent(&above)? else { continue };
            match unix::unlinkat(&folder, name, AtFlags::REMOVEDIR) {
                Ok(()) | Err(Errno::NOENT) => {}
                // Something else lives there, or it is none of ours to remove.
                Err(_) => break,
            }
        }
        Ok(())
    }

    /// Takes a folder away that has nothing in it but empty folders, so that a file can take its place.
    pub(crate) fn remove_empty_folder(&self, path: &RepoPath) -> Result<(), DiskError> {
        let Some((folder, name)) = self.parent(path)? else { return Ok(()) };
        match unix::unlinkat(&folder, name, AtFlags::REMOVEDIR) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(error) => Err(error).at("take away the folder", self.full(path)),
        }
    }
}
