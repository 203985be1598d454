//! One worker a checkout, one writer of documents at a time.
//!
//! The kernel's lock on an open file decides. It goes when the last copy of the descriptor goes, which a guard may
//! hold a moment longer than its worker. The file says who holds it; it is never deleted. Where the file system
//! has no such locks, a file that only one process can make stands in (`exclusive`).

mod documents;
mod exclusive;
mod holder;
mod tree;

use std::ffi::OsStr;
use std::fs::{File, TryLockError};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use rustix::fs::OFlags;
use rustix::io::Errno;
use thiserror::Error;

pub(crate) use self::documents::acquire;
pub use self::documents::{DocumentsLock, DocumentsLockError};
use self::exclusive::ExclusiveFile;
pub use self::holder::Holder;
pub use self::tree::{TreeLock, TreeLockError};
use crate::file::{At as _, FileError};
use crate::folder::{Folder, Stamp};
use crate::layout::Layout;
use crate::machine::{Life, Machine, Process};

const NAME: &str = "worker.lock";

/// How often a lock is tried again that nobody seems to hold: somebody may only have looked at it.
const LOOKS: u32 = 5;
const PAUSE: Duration = Duration::from_millis(10);

/// The right to work in a checkout, held until dropped, by this process and every guard that got a copy.
#[derive(Debug)]
pub struct WorkerLock {
    file: File,
    folder: Folder,
    holder: Holder,
    exclusive: Option<ExclusiveFile>,
}

/// Why the lock could not be had.
#[derive(Debug, Error)]
pub enum LockError {
    /// Somebody else has it.
    #[error("another worker holds the lock")]
    Held(Box<Held>),
    /// The lock's file could not be used.
    #[error(transparent)]
    File(#[from] FileError),
}

/// Who has the lock.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Held {
    /// What the holder wrote about itself; `None` where it cannot be read.
    pub holder: Option<Holder>,
    /// What is still alive of it.
    pub by: HeldBy,
    /// Where the file system has no locks: the file to remove by hand if that worker is known to be gone.
    pub way_out: Option<PathBuf>,
}

/// What of a worker holds a lock.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum HeldBy {
    /// The worker itself.
    Worker,
    /// A guard that still ends what its dead worker left: the lock is free in a moment.
    Guard,
    /// Another machine, another container, or nothing known.
    Unknown,
}

type TryLock = fn(&File) -> Result<(), TryLockError>;

impl WorkerLock {
    /// Takes the lock if it is free. `version` is the program's, for whoever finds the lock held.
    pub fn try_acquire(layout: &Layout, version: &str) -> Result<Self, LockError> {
        Self::acquire_by(layout, version, File::try_lock)
    }

    fn acquire_by(layout: &Layout, version: &str, try_lock: TryLock) -> Result<Self, LockError> {
        let folder = layout.make_state_folder("")?;
        let file = folder.open_private(OsStr::new(NAME), OFlags::empty())?;
        let path = layout.worker_lock();
        let holder = Holder {
            process: Process::this(),
            machine: Machine::observe(),
            since: Timestamp::now(),
            version: version.to_owned(),
            running: String::new(),
            waits: false,
        };
        let mut looks = 0;
        let exclusive = loop {
            match try_lock(&file) {
                Ok(()) => {
                    // A machine that has no locks on this file system may have left the other kind.
                    ExclusiveFile::check(&folder, &holder).map_err(held)?;
                    break None;
                }
                Err(TryLockError::WouldBlock) => {
                    let seen = look(&folder)?;
                    looks += 1;
                    if seen.by == HeldBy::Worker || looks == LOOKS {
                        return Err(LockError::Held(Box::new(seen)));
                    }
                    std::thread::sleep(PAUSE);
                }
                Err(TryLockError::Error(error)) if has_no_locks(&error) => {
                    break Some(ExclusiveFile::create(&folder, &holder).map_err(held)?);
                }
                Err(TryLockError::Error(error)) => {
                    return Err(FileError::new("lock", path, error).into());
                }
            }
        };
        let lock = Self { file, folder, holder, exclusive };
        lock.holder.write_to(&lock.file).at("write", &path)?;
        Ok(lock)
    }

    /// Takes the lock, and while only a guard of a dead worker holds it, waits for at most `patience`.
    ///
    /// `waiting` is told once, before the first wait, who is waited for.
    pub fn acquire_waiting(
        layout: &Layout,
        version: &str,
        patience: Duration,
        mut waiting: impl FnMut(&Held),
    ) -> Result<Self, LockError> {
        let until = Instant::now() + patience;
        let mut told = false;
        loop {
            match Self::try_acquire(layout, version) {
                Err(LockError::Held(held)) if held.by == HeldBy::Guard && Instant::now() < until => {
                    if !told {
                        waiting(&held);
                        told = true;
                    }
                    std::thread::sleep(PAUSE);
                }
                ended => return ended,
            }
        }
    }

    /// The locked file. A copy of its descriptor in another process keeps the lock held.
    pub fn file(&self) -> &File {
        &self.file
    }

    /// What this lock says about its holder.
    pub fn holder(&self) -> &Holder {
        &self.holder
    }

    /// Says what runs now, or that a person is waited for, for whoever finds the lock held.
    pub fn describe(&mut self, running: &str, waits: bool) -> Result<(), FileError> {
        self.holder.waits = waits;
        self.holder.running = running.chars().take(holder::MAX_RUNNING).collect();
        self.holder.write_to(&self.file).at("write", &self.folder.path().join(NAME))
    }

    /// Whether the file under the lock's name is still the one that is locked, and not a later one.
    pub fn still_ours(&self) -> Result<bool, FileError> {
        let path = self.folder.path().join(NAME);
        // A whole new folder may stand in the place of the one that was opened.
        let there = match Folder::open(self.folder.path()) {
            Ok(there) => there,
            Err(error) if error.is_missing() => return Ok(false),
            Err(error) => return Err(error),
        };
        let held = Stamp::of(&rustix::fs::fstat(&self.file).at("look at", &path)?);
        let same = match there.stamp(OsStr::new(NAME)) {
            Ok(stamp) => stamp.is_some_and(|stamp| stamp.is_same_file(&held)),
            // Something else was put in its place.
            Err(FileError::Link { .. } | FileError::NotAFile { .. }) => false,
            Err(error) => return Err(error),
        };
        Ok(same && self.exclusive.as_ref().map_or(Ok(true), ExclusiveFile::is_ours)?)
    }
}

/// Tells who holds the worker's lock, without taking it. `None` where it is free.
pub fn peek(layout: &Layout) -> Result<Option<Held>, FileError> {
    let folder = match layout.open_folder(".state") {
        Err(error) if error.is_missing() => return Ok(None),
        opened => opened?,
    };
    let Some((file, _)) = folder.open_plain(OsStr::new(NAME))? else { return Ok(None) };
    match file.try_lock_shared() {
        Ok(()) => Ok(ExclusiveFile::look(&folder)?),
        Err(TryLockError::WouldBlock) => Ok(Some(look(&folder)?)),
        Err(TryLockError::Error(error)) if has_no_locks(&error) => Ok(ExclusiveFile::look(&folder)?),
        Err(TryLockError::Error(error)) => Err(FileError::new("lock", layout.worker_lock(), error)),
    }
}

/// Reads who holds a lock that is known to be held.
fn look(folder: &Folder) -> Result<Held, FileError> {
    let holder = Holder::read_from(folder, OsStr::new(NAME))?;
    let by = match &holder {
        Some(holder) if holder.machine.is_same_boot(&Machine::observe()) => match holder.process.life() {
            Life::Alive => HeldBy::Worker,
            Life::Dead => HeldBy::Guard,
            Life::Unsure => HeldBy::Unknown,
        },
        Some(_) | None => HeldBy::Unknown,
    };
    Ok(Held { holder, by, way_out: None })
}

fn held(error: exclusive::ExclusiveError) -> LockError {
    match error {
        exclusive::ExclusiveError::Held(held) => LockError::Held(held),
        exclusive::ExclusiveError::File(error) => error.into(),
    }
}

/// Tells the answers of a file system without locks: NFS without its daemon, 9p, some FUSE ones.
fn has_no_locks(error: &std::io::Error) -> bool {
    matches!(Errno::from_io_error(error), Some(Errno::NOLCK | Errno::OPNOTSUPP | Errno::NOSYS))
}

#[cfg(test)]
mod tests;
