//! Files beneath the top of a workspace, reached name by name.
//!
//! Every folder on the way is opened with `O_NOFOLLOW` from the descriptor of the one before. A symbolic link is read
//! and its names are walked in the same way, `..` by going back to the descriptor that we came from. So nothing leads
//! out, whatever is swapped in meanwhile, and at the end the real path is known: the rules of a role hold for that
//! one, not for a name that a link gives to it.
//!
//! Absent on purpose: `openat2` with `RESOLVE_BENEATH`. It stays inside as this does, but does not say where it
//! arrived, so that `notes -> .orchestra/.state` would pass; and it is Linux's alone.

mod way;

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use orchestra_core::ownership::{is_gits, is_state};
use orchestra_core::path::RepoPath;
use rustix::fs::{AtFlags, FileType, Mode, OFlags};
use rustix::io::Errno;
use thiserror::Error;

use self::way::Way;
use super::asked;

/// How many folders deep a path may lie: each is held open on the way.
pub(super) const MAX_DEPTH: usize = 128;

/// No link, no wait for a FIFO's other end, no controlling terminal.
const SAFE: OFlags = OFlags::NOFOLLOW.union(OFlags::CLOEXEC).union(OFlags::NONBLOCK).union(OFlags::NOCTTY);

/// Why a path cannot be used. The text is for the model.
#[derive(Debug, Error)]
pub(super) enum PathError {
    #[error("the path is longer than a path can be")]
    TooLong,
    #[error("the path has a control character in it")]
    Control,
    #[error("the path has a `\\` in it: write `/` between names")]
    Backslash,
    #[error("`~` stands for nothing here: paths are relative to the top of the repository")]
    Home,
    #[error("`..` is not resolved: write the path from the top of the repository")]
    Upwards,
    #[error("it lies outside the repository{}: paths are relative to its top", shown_top(top.as_deref()))]
    Absolute { top: Option<PathBuf> },
    #[error("`{link}` is a symbolic link that leads outside the repository")]
    Outside { link: String },
    #[error("too many symbolic links on the way")]
    Links,
    #[error("it lies too many folders deep")]
    Depth,
    #[error("`{folder}` is not a folder")]
    NotAFolder { folder: String },
    #[error("no such file or folder")]
    Missing,
    #[error("it is the worker's own state, which nobody else reads or writes")]
    State,
    #[error("it is git's own, which is neither read nor written here")]
    Git,
    #[error("it is {what}, not a file")]
    NotAFile { what: &'static str },
    #[error("could not {what} it")]
    Io {
        what: &'static str,
        #[source]
        source: io::Error,
    },
}

fn shown_top(top: Option<&Path>) -> String {
    top.map(|top| format!(" (`{}`)", top.display())).unwrap_or_default()
}

impl PathError {
    /// All that there is to say of it, with its cause.
    pub(super) fn words(&self) -> String {
        match self {
            Self::Io { source, .. } => format!("{self}: {source}"),
            _ => self.to_string(),
        }
    }
}

/// Gives an error of the system the words for what was tried.
pub(super) fn could_not<E: Into<io::Error>>(what: &'static str) -> impl FnOnce(E) -> PathError {
    move |error| PathError::Io { what, source: error.into() }
}

/// What stands under a name.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    File,
    Folder,
    Link,
    Special(&'static str),
}

impl Kind {
    pub(super) fn of(kind: FileType) -> Self {
        match kind {
            FileType::RegularFile => Self::File,
            FileType::Directory => Self::Folder,
            FileType::Symlink => Self::Link,
            FileType::Fifo => Self::Special("a FIFO"),
            FileType::Socket => Self::Special("a socket"),
            FileType::CharacterDevice | FileType::BlockDevice => Self::Special("a device"),
            FileType::Unknown => Self::Special("neither file nor folder"),
        }
    }

    pub(super) fn words(self) -> &'static str {
        match self {
            Self::File => "a file",
            Self::Folder => "a folder",
            Self::Link => "a symbolic link",
            Self::Special(what) => what,
        }
    }
}

/// Whether a link at the very end of a path is followed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum LastLink {
    Follow,
    Keep,
}

/// The top of a work tree, held open.
#[derive(Debug)]
pub(super) struct Top {
    folder: OwnedFd,
    /// As the caller has it, and with all links resolved.
    names: [PathBuf; 2],
}

/// Where a path leads to.
#[derive(Debug)]
pub(super) enum Spot {
    /// A folder, which may be the top itself.
    Folder(Folder),
    /// Something else, or nothing, under a name.
    Name(Name),
}

/// An open folder and the real path to it; none for the top.
#[derive(Debug)]
pub(super) struct Folder {
    pub(super) fd: OwnedFd,
    pub(super) path: Option<RepoPath>,
}

/// A name in an open folder, or in one that is still to be made.
#[derive(Debug)]
pub(super) struct Name {
    folder: OwnedFd,
    /// Folders that are missing between the two.
    missing: Vec<Vec<u8>>,
    last: Vec<u8>,
    /// The real path.
    pub(super) path: RepoPath,
    /// What stands there; `None` where nothing does.
    pub(super) kind: Option<Kind>,
}

impl AsFd for Folder {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl Top {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let real = path.canonicalize()?;
        let flags = OFlags::DIRECTORY | OFlags::RDONLY | OFlags::CLOEXEC;
        Ok(Self { folder: rustix::fs::open(&real, flags, Mode::empty())?, names: [path.to_owned(), real] })
    }

    /// Resolves what a model wrote. The worker's state and git's own files, in which tokens may stand, are refused,
    /// whether they are there or not.
    pub(super) fn resolve(&self, asked: &str, last_link: LastLink) -> Result<Spot, PathError> {
        let names = asked::names(asked, &[&self.names[0], &self.names[1]])?;
        let top = self.folder.try_clone().map_err(could_not("open"))?;
        let spot = Way::new(top, names, last_link).go()?;
        let path = match &spot {
            Spot::Folder(folder) => folder.path.as_ref(),
            Spot::Name(name) => Some(&name.path),
        };
        match path {
            Some(path) if is_state(path) => Err(PathError::State),
            Some(path) if is_gits(path) => Err(PathError::Git),
            Some(_) | None => Ok(spot),
        }
    }

    /// Resolves a path to a plain file and opens it for reading.
    pub(super) fn open_file(&self, asked: &str) -> Result<(File, RepoPath), PathError> {
        match self.resolve(asked, LastLink::Follow)? {
            Spot::Folder(_) => Err(PathError::NotAFile { what: "a folder" }),
            Spot::Name(name) => Ok((name.open()?, name.path)),
        }
    }
}

impl Folder {
    /// Opens a folder in this one; a link is none.
    pub(super) fn folder(&self, name: &[u8]) -> Result<Self, Errno> {
        let path = beneath(self.path.as_ref(), name).ok_or(Errno::INVAL)?;
        Ok(Self { fd: open_folder(&self.fd, name)?, path: Some(path) })
    }

    /// Opens a plain file in this one without following a link and without waiting.
    pub(super) fn file(&self, name: &[u8]) -> Result<File, PathError> {
        open_file(&self.fd, name)
    }
}

impl Name {
    /// Opens the plain file.
    pub(super) fn open(&self) -> Result<File, PathError> {
        if self.kind.is_none() || !self.missing.is_empty() {
            return Err(PathError::Missing);
        }
        open_file(&self.folder, &self.last)
    }

    pub(super) fn os_name(&self) -> &OsStr {
        OsStr::from_bytes(&self.last)
    }

    /// Opens the folder that it lies in, and makes what is missing of it.
    pub(super) fn make_folder(&self) -> Result<OwnedFd, PathError> {
        let mut folder = self.folder.try_clone().map_err(could_not("open the folder of"))?;
        for name in &self.missing {
            let name = OsStr::from_bytes(name);
            // The umask takes what the person does not grant.
            match rustix::fs::mkdirat(&folder, name, Mode::from_raw_mode(0o777)) {
                Ok(()) | Err(Errno::EXIST) => {}
                Err(error) => return Err(could_not("make the folder of")(error)),
            }
            folder = open_folder(&folder, name.as_bytes()).map_err(could_not("open the folder of"))?;
        }
        Ok(folder)
    }

    /// Reads where the link here points to, for a message.
    pub(super) fn target(&self) -> String {
        let target = rustix::fs::readlinkat(&self.folder, self.os_name(), Vec::new());
        target.map(|target| target.to_string_lossy().into_owned()).unwrap_or_default()
    }
}

fn path_of(bytes: Vec<u8>) -> Result<RepoPath, PathError> {
    RepoPath::parse(bytes).map_err(|error| could_not("name")(io::Error::other(error)))
}

/// The path of a name in a folder.
pub(super) fn beneath(folder: Option<&RepoPath>, name: &[u8]) -> Option<RepoPath> {
    let path = match folder {
        Some(folder) => [folder.as_bytes(), b"/", name].concat(),
        None => name.to_vec(),
    };
    RepoPath::parse(path).ok()
}

/// Looks at a name without following a link; `None` where nothing is.
pub(super) fn kind_of(folder: impl AsFd, name: &[u8]) -> Result<Option<Kind>, Errno> {
    match rustix::fs::statat(folder, OsStr::from_bytes(name), AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => Ok(Some(Kind::of(FileType::from_raw_mode(stat.st_mode)))),
        Err(Errno::NOENT) => Ok(None),
        Err(error) => Err(error),
    }
}

fn open_folder(folder: &OwnedFd, name: &[u8]) -> Result<OwnedFd, Errno> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | SAFE;
    rustix::fs::openat(folder, OsStr::from_bytes(name), flags, Mode::empty())
}

fn open_file(folder: &OwnedFd, name: &[u8]) -> Result<File, PathError> {
    // A device may do something when it is opened, so it is looked at first.
    match kind_of(folder, name).map_err(could_not("look at"))? {
        Some(Kind::File) => {}
        Some(other) => return Err(PathError::NotAFile { what: other.words() }),
        None => return Err(PathError::Missing),
    }
    let opened = rustix::fs::openat(folder, OsStr::from_bytes(name), OFlags::RDONLY | SAFE, Mode::empty());
    let file = File::from(opened.map_err(could_not("open"))?);
    if file.metadata().map_err(could_not("look at"))?.is_file() {
        Ok(file)
    } else {
        Err(PathError::NotAFile { what: "something else by now" })
    }
}
