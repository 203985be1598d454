//! What can go wrong with a file, always with its path.

use std::io;
use std::path::{Path, PathBuf};

use rustix::io::Errno;
use thiserror::Error;

/// Why a file or folder could not be used. The variants are what a caller can do about it.
#[derive(Debug, Error)]
pub enum FileError {
    /// The disk or the quota is full: free some space and try again.
    #[error("no space left to {action} `{path}`")]
    Full {
        /// What was tried.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The folder, file or file system may not be written by this user, or at all.
    #[error("not allowed to {action} `{path}`")]
    Denied {
        /// What was tried.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The process or the machine has no descriptors or memory left: it says nothing about the file.
    #[error("the system has nothing left to {action} `{path}`")]
    Exhausted {
        /// What was tried.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Anything else that the system said.
    #[error("could not {action} `{path}`")]
    Io {
        /// What was tried.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A symbolic link stands where a file or folder of the project must be.
    #[error("`{path}` is a symbolic link, and nothing of a project is read or written through one")]
    Link {
        /// The link.
        path: PathBuf,
    },
    /// Something that is no plain file stands where one must be: a folder, a FIFO, a socket, a device.
    #[error("`{path}` is not a plain file")]
    NotAFile {
        /// What stands there.
        path: PathBuf,
    },
    /// Something that is no folder stands where one must be.
    #[error("`{path}` is not a folder")]
    NotAFolder {
        /// What stands there.
        path: PathBuf,
    },
    /// The file is larger than anything that is read here.
    #[error("`{path}` is larger than {max} bytes")]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The bound, in bytes.
        max: u64,
    },
    /// The folder has more names than are looked at.
    #[error("`{path}` has more than {max} entries")]
    TooMany {
        /// The folder.
        path: PathBuf,
        /// The bound.
        max: usize,
    },
    /// The file was saved by somebody else over and over; what was there is kept under the second name.
    #[error(
        "`{path}` is being saved by somebody else without a pause; one of its versions is kept as `{kept}`"
    )]
    Contended {
        /// The file.
        path: PathBuf,
        /// Where a version of it is kept.
        kept: PathBuf,
    },
}

impl FileError {
    /// Sorts an error of the system by what can be done about it.
    pub fn new(action: &'static str, path: impl Into<PathBuf>, source: impl Into<io::Error>) -> Self {
        let (path, source) = (path.into(), source.into());
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full { action, path, source },
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                Self::Denied { action, path, source }
            }
            io::ErrorKind::OutOfMemory => Self::Exhausted { action, path, source },
            _ if matches!(Errno::from_io_error(&source), Some(Errno::MFILE | Errno::NFILE)) => {
                Self::Exhausted { action, path, source }
            }
            _ => Self::Io { action, path, source },
        }
    }

    /// Tells whether the file or a folder above it is not there.
    pub fn is_missing(&self) -> bool {
        match self {
            Self::Io { source, .. } => source.kind() == io::ErrorKind::NotFound,
            Self::Full { .. }
            | Self::Denied { .. }
            | Self::Exhausted { .. }
            | Self::Link { .. }
            | Self::NotAFile { .. }
            | Self::NotAFolder { .. }
            | Self::TooLarge { .. }
            | Self::TooMany { .. }
            | Self::Contended { .. } => false,
        }
    }

    /// The path that the error is about.
    pub fn path(&self) -> &Path {
        match self {
            Self::Full { path, .. }
            | Self::Denied { path, .. }
            | Self::Exhausted { path, .. }
            | Self::Io { path, .. }
            | Self::Link { path }
            | Self::NotAFile { path }
            | Self::NotAFolder { path }
            | Self::TooLarge { path, .. }
            | Self::TooMany { path, .. }
            | Self::Contended { path, .. } => path,
        }
    }
}

/// Gives an error of the system its path.
pub trait At<T> {
    /// Says what was tried, with which path.
    fn at(self, action: &'static str, path: &Path) -> Result<T, FileError>;
}

impl<T, E: Into<io::Error>> At<T> for Result<T, E> {
    fn at(self, action: &'static str, path: &Path) -> Result<T, FileError> {
        self.map_err(|source| FileError::new(action, path, source))
    }
}
