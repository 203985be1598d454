//! A lock for file systems that have none: a file that only one process can make.
//!
//! It outlives its maker, so whether it is stale must be proven, by host, boot, process and start time. Age proves
//! nothing. What cannot be proven stale is held, and a person is told which file to remove.

use std::ffi::{OsStr, OsString};

use thiserror::Error;

use super::holder::Holder;
use super::{Held, HeldBy};
use crate::atomic::{self, Creation};
use crate::file::FileError;
use crate::folder::{Access, Folder};
use crate::machine::{Life, Machine};

const NAME: &str = "worker.lock.exclusive";
const MAX_FILE: u64 = 64 * 1024;

/// Such a file of ours; removed when dropped.
#[derive(Debug)]
pub(super) struct ExclusiveFile {
    folder: Folder,
    bytes: Vec<u8>,
}

#[derive(Debug, Error)]
pub(super) enum ExclusiveError {
    #[error("another worker holds the lock")]
    Held(Box<Held>),
    #[error(transparent)]
    File(#[from] FileError),
}

impl ExclusiveFile {
    /// Makes the file, after removing one that is proven stale.
    pub(super) fn create(folder: &Folder, holder: &Holder) -> Result<Self, ExclusiveError> {
        let bytes = holder.to_bytes();
        loop {
            Self::check(folder, holder)?;
            match atomic::create(folder, OsStr::new(NAME), &bytes, Access::Private)? {
                Creation::Created => return Ok(Self { folder: folder.open_beneath("".as_ref())?, bytes }),
                // Somebody was faster: look at theirs.
                Creation::Exists => {}
            }
        }
    }

    /// Removes a stale file. An error where one is there that may be in use.
    pub(super) fn check(folder: &Folder, holder: &Holder) -> Result<(), ExclusiveError> {
        let Some(plain) = folder.read(OsStr::new(NAME), MAX_FILE)? else { return Ok(()) };
        let found = Holder::parse(&plain.bytes);
        if !found.as_ref().is_some_and(|found| is_stale(found, &holder.machine)) {
            return Err(ExclusiveError::Held(Box::new(describe(folder, found))));
        }
        // Two may find it stale at once, and the slower one must not remove what the faster one made. So it is
        // moved to a name of our own first, and moved back if it turns out to be another one.
        let aside = OsString::from(format!("{NAME}.stale-{}", holder.process.pid));
        folder.remove(&aside)?;
        if !atomic::move_new(folder, OsStr::new(NAME), &aside)? {
            return Ok(());
        }
        let moved = folder.read(&aside, MAX_FILE)?;
        if moved.as_ref().is_none_or(|moved| moved.bytes != plain.bytes) {
            atomic::move_new(folder, &aside, OsStr::new(NAME))?;
            let found = moved.and_then(|moved| Holder::parse(&moved.bytes));
            return Err(ExclusiveError::Held(Box::new(describe(folder, found))));
        }
        folder.remove(&aside)?;
        Ok(())
    }

    /// Who holds such a file; `None` where there is none, or only a stale one.
    pub(super) fn look(folder: &Folder) -> Result<Option<Held>, FileError> {
        let Some(plain) = folder.read(OsStr::new(NAME), MAX_FILE)? else { return Ok(None) };
        let found = Holder::parse(&plain.bytes);
        let stale = found.as_ref().is_some_and(|found| is_stale(found, &Machine::observe()));
        Ok((!stale).then(|| describe(folder, found)))
    }

    /// Whether the file is there and ours.
    pub(super) fn is_ours(&self) -> Result<bool, FileError> {
        let there = self.folder.read(OsStr::new(NAME), MAX_FILE)?;
        Ok(there.is_some_and(|there| there.bytes == self.bytes))
    }
}

impl Drop for ExclusiveFile {
    fn drop(&mut self) {
        if self.is_ours().unwrap_or(false) {
            // What stays is proven stale by the next start: our process will be gone.
            let _ = self.folder.remove(OsStr::new(NAME));
        }
    }
}

fn describe(folder: &Folder, holder: Option<Holder>) -> Held {
    let by = match &holder {
        Some(holder)
            if holder.machine.is_same_boot(&Machine::observe()) && holder.process.life() == Life::Alive =>
        {
            HeldBy::Worker
        }
        Some(_) | None => HeldBy::Unknown,
    };
    Held { holder, by, way_out: Some(folder.path().join(NAME)) }
}

/// Proves that a holder is gone: another boot of this machine, or a process of this boot that has ended.
fn is_stale(holder: &Holder, here: &Machine) -> bool {
    let machine = &holder.machine;
    machine.is_other_boot(here) || (machine.is_same_boot(here) && holder.process.life() == Life::Dead)
}
