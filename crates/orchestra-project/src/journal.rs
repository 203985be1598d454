//! The journal: append-only lines of JSON, one entry a line.
//!
//! Worker and product manager append to the same file, each append under the file's own lock, so that numbers go
//! up by one. A line that was cut short by a crash is ended before the next append and skipped by every reader,
//! and so is a record that only a later program knows; both are counted. Nothing is ever removed.

mod read;

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::File;
use std::io::Write as _;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use jiff::Timestamp;
use orchestra_core::path::{ContentHash, RepoPath};
use orchestra_core::record::{Entry, Record};
use rustix::fs::OFlags;
use thiserror::Error;

pub use self::read::{Folded, Followed, Reading, fold, follow, read_all};
use crate::file::{At as _, FileError};
use crate::folder::{Folder, Stamp};
use crate::layout::Layout;
use crate::lock::DocumentsLockError;

const NAME: &str = "journal.jsonl";

/// The longest line that is written or read, in bytes.
pub const MAX_LINE: usize = 4 * 1024 * 1024;

/// When an append counts as done.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Durability {
    /// It survives the end of this process.
    Written,
    /// It survives a power cut, with all that was appended before it.
    Synced,
}

/// The journal, open for appending.
#[derive(Debug)]
pub struct Journal {
    file: File,
    folder: Folder,
    /// The end of what this process has seen, and the number of the last entry up to there.
    seen: u64,
    last: u64,
    /// After a failed sync nobody knows what reached the disk; nothing may count as done any more.
    is_broken: bool,
    /// What this process last said it writes, by path.
    wrote: BTreeMap<RepoPath, ContentHash>,
}

/// Why something could not be journalled.
#[derive(Debug, Error)]
pub enum JournalError {
    /// The file could not be used.
    #[error(transparent)]
    File(#[from] FileError),
    /// Another process holds the journal and does not let go.
    #[error("the journal is held by another process")]
    Busy(#[source] DocumentsLockError),
    /// An earlier sync failed, so what was appended since cannot be relied upon. Only a new start helps.
    #[error("the journal could not be synced earlier, and nothing is relied upon after that")]
    Broken,
    /// The entry is too long to be read again.
    #[error("an entry of {bytes} bytes is longer than {MAX_LINE}")]
    TooLong {
        /// The length of its line.
        bytes: usize,
    },
    /// The entry could not be written as JSON.
    #[error("an entry could not be written as json")]
    Json(#[source] serde_json::Error),
}

impl Journal {
    /// Opens the journal, makes it where it is missing, and reads all of it.
    pub fn open(layout: &Layout) -> Result<(Self, Folded), JournalError> {
        let folder = layout.make_state_folder("")?;
        let file = folder.open_private(OsStr::new(NAME), OFlags::APPEND)?;
        folder.sync()?;
        let mut folded = Folded::default();
        let seen = read::fold_file(&file, &layout.journal(), &mut folded)?;
        let last = folded.last_seq;
        Ok((Self { file, folder, seen, last, is_broken: false, wrote: BTreeMap::new() }, folded))
    }

    /// Appends a record as of now.
    pub fn append(&mut self, record: Record, durability: Durability) -> Result<Entry, JournalError> {
        self.append_at(Timestamp::now(), record, durability)
    }

    /// Appends a record. When this returns an error the record may or may not be found later.
    pub fn append_at(
        &mut self,
        at: Timestamp,
        record: Record,
        durability: Durability,
    ) -> Result<Entry, JournalError> {
        if self.is_broken {
            return Err(JournalError::Broken);
        }
        let path = self.folder.path().join(NAME);
        // An open file of its own holds the lock, so that it ends when this function does.
        let lock = self.folder.open_private(OsStr::new(NAME), OFlags::APPEND)?;
        match crate::lock::acquire(&lock, path.clone()) {
            Ok(()) => {}
            Err(DocumentsLockError::File(error)) => return Err(error.into()),
            Err(busy @ DocumentsLockError::Busy { .. }) => return Err(JournalError::Busy(busy)),
        }
        self.follow_replacement(&lock, &path)?;
        let end = self.file.metadata().at("look at", &path)?.len();
        if end != self.seen {
            self.last = self.last.max(read::last_seq(&self.file, &path, self.seen, end)?);
        }
        let entry = Entry { seq: self.last + 1, at, record };
        let mut line = serde_json::to_vec(&entry).map_err(JournalError::Json)?;
        line.push(b'\n');
        if line.len() > MAX_LINE {
            return Err(JournalError::TooLong { bytes: line.len() });
        }
        if end > 0 {
            let mut byte = [0];
            self.file.read_exact_at(&mut byte, end - 1).at("read", &path)?;
            if byte != *b"\n" {
                line.insert(0, b'\n');
            }
        }
        self.file.write_all(&line).at("append to", &path)?;
        self.seen = end + line.len() as u64;
        self.last = entry.seq;
        if let Record::Wrote { path, hash } = &entry.record {
            self.wrote.insert(path.clone(), *hash);
        }
        match durability {
            Durability::Written => {}
            Durability::Synced => self.sync()?,
        }
        Ok(entry)
    }

    /// The end of what this process has seen, for [`follow`].
    pub fn end(&self) -> u64 {
        self.seen
    }

    /// Whether these bytes are what this process last wrote to a document: then nobody is saving it.
    pub fn has_written(&self, path: &RepoPath, bytes: &[u8]) -> bool {
        self.wrote.get(path).is_some_and(|hash| *hash == ContentHash::of(bytes))
    }

    /// Goes on in the file that is there now, where somebody removed or replaced the journal.
    fn follow_replacement(&mut self, there: &File, path: &Path) -> Result<(), FileError> {
        let stamp = |file: &File| rustix::fs::fstat(file).at("look at", path).map(|stat| Stamp::of(&stat));
        if !stamp(&self.file)?.is_same_file(&stamp(there)?) {
            self.file = self.folder.open_private(OsStr::new(NAME), OFlags::APPEND)?;
            self.folder.sync()?;
            self.seen = 0;
        }
        Ok(())
    }

    /// Makes everything appended so far survive a power cut.
    pub fn sync(&mut self) -> Result<(), JournalError> {
        if self.is_broken {
            return Err(JournalError::Broken);
        }
        let synced = self.file.sync_data();
        self.is_broken = synced.is_err();
        Ok(synced.at("sync", &self.folder.path().join(NAME))?)
    }
}

#[cfg(test)]
mod tests;
