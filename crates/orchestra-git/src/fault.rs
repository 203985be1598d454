//! What can go wrong below every operation: the `git` program, libgit2, the disk.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

pub use crate::program::ProgramError;

/// A failure that no operation has a better word for.
#[derive(Debug, Error)]
pub enum Fault {
    /// The `git` program.
    #[error(transparent)]
    Program(#[from] ProgramError),
    /// libgit2.
    #[error("libgit2 could not {action}")]
    Library {
        /// What it was asked to do.
        action: &'static str,
        /// Why it could not.
        #[source]
        source: git2::Error,
    },
    /// A file.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// Git said something that this program does not understand.
    #[error("cannot make sense of what git says about {what}")]
    Unreadable {
        /// What was asked about.
        what: String,
    },
    /// The head names no commit on a branch, which the caller should have found out before.
    #[error("the work tree stands on no branch with a commit")]
    NoHead,
}

/// A file that could not be read or written.
#[derive(Debug, Error)]
#[error("could not {action} `{}`", path.display())]
pub struct DiskError {
    /// What was tried: `read`, `write`, `sync` …
    pub action: &'static str,
    /// The file.
    pub path: PathBuf,
    /// Why not.
    #[source]
    pub source: io::Error,
}

/// Adds what was tried, and on which file, to an [`io::Error`].
pub(crate) trait At<T> {
    fn at(self, action: &'static str, path: impl AsRef<Path>) -> Result<T, DiskError>;
}

impl<T, E: Into<io::Error>> At<T> for Result<T, E> {
    fn at(self, action: &'static str, path: impl AsRef<Path>) -> Result<T, DiskError> {
        self.map_err(|source| DiskError { action, path: path.as_ref().to_owned(), source: source.into() })
    }
}

/// Adds what was tried to an error of libgit2.
pub(crate) trait Doing<T> {
    fn doing(self, action: &'static str) -> Result<T, Fault>;
}

impl<T> Doing<T> for Result<T, git2::Error> {
    fn doing(self, action: &'static str) -> Result<T, Fault> {
        self.map_err(|source| Fault::Library { action, source })
    }
}
