//! What a lock's file says about who holds it.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::file::FileError;
use crate::folder::Folder;
use crate::machine::{Machine, Process};

/// How many characters say what runs.
pub(super) const MAX_RUNNING: usize = 200;

/// The file is filled up to this many bytes, so that a shorter text replaces a longer one in one write.
const FILLED: usize = 2048;
const MAX_FILE: u64 = 64 * 1024;

/// Who holds a lock. One line of JSON.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Holder {
    /// The worker's process.
    #[serde(flatten)]
    pub process: Process,
    /// Where it runs.
    #[serde(flatten)]
    pub machine: Machine,
    /// When it took the lock.
    pub since: Timestamp,
    /// Its program's version.
    pub version: String,
    /// What it is doing, for a person.
    #[serde(default)]
    pub running: String,
    /// Whether nothing runs and a person is waited for.
    #[serde(default)]
    pub waits: bool,
}

impl Holder {
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        // Only text and numbers: nothing in it can fail to be written as JSON.
        let mut line = serde_json::to_vec(self).unwrap_or_default();
        line.push(b'\n');
        if line.len() < FILLED {
            line.resize(FILLED - 1, b' ');
            line.push(b'\n');
        }
        line
    }

    pub(super) fn write_to(&self, file: &File) -> io::Result<()> {
        let bytes = self.to_bytes();
        file.write_all_at(&bytes, 0)?;
        file.set_len(bytes.len() as u64)
    }

    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes.split(|byte| *byte == b'\n').next()?).ok()
    }

    /// Reads what a holder wrote; `None` where that cannot be understood.
    pub(super) fn read_from(folder: &Folder, name: &OsStr) -> Result<Option<Self>, FileError> {
        // A read in the middle of the holder's write is torn; the next one is not.
        for _ in 0..3 {
            let Some(plain) = folder.read(name, MAX_FILE)? else { return Ok(None) };
            if let Some(holder) = Self::parse(&plain.bytes) {
                return Ok(Some(holder));
            }
            std::thread::yield_now();
        }
        Ok(None)
    }
}
