//! The lock under which documents are written.

use std::ffi::OsStr;
use std::fs::{File, TryLockError};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use rustix::fs::OFlags;
use thiserror::Error;

use super::has_no_locks;
use crate::file::FileError;
use crate::layout::Layout;

const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(5);

/// Held by one process for the moment of a write, released when dropped.
///
/// Where the file system has no locks it holds nothing: then the comparison before each rename alone keeps what
/// somebody else wrote.
#[derive(Debug)]
pub struct DocumentsLock {
    _file: File,
}

/// Why documents cannot be written now.
#[derive(Debug, Error)]
pub enum DocumentsLockError {
    /// Another process holds the lock and does not let go: it may have been suspended.
    #[error("another process has held `{path}` for {} s", PATIENCE.as_secs())]
    Busy {
        /// The lock's file.
        path: PathBuf,
    },
    /// A file could not be used.
    #[error(transparent)]
    File(#[from] FileError),
}

impl DocumentsLock {
    /// Waits for the lock, at most ten seconds.
    pub fn acquire(layout: &Layout) -> Result<Self, DocumentsLockError> {
        let folder = layout.make_state_folder("")?;
        let file = folder.open_private(OsStr::new("documents.lock"), OFlags::empty())?;
        acquire(&file, layout.documents_lock())?;
        Ok(Self { _file: file })
    }
}

/// Waits for the lock of an open file; at most ten seconds.
pub(crate) fn acquire(file: &File, path: PathBuf) -> Result<(), DocumentsLockError> {
    let until = Instant::now() + PATIENCE;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) if Instant::now() < until => std::thread::sleep(PAUSE),
            Err(TryLockError::WouldBlock) => return Err(DocumentsLockError::Busy { path }),
            Err(TryLockError::Error(error)) if has_no_locks(&error) => return Ok(()),
            Err(TryLockError::Error(error)) => return Err(FileError::new("lock", path, error).into()),
        }
    }
}
