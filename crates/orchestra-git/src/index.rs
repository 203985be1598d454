//! The person's index: read with libgit2, changed by `git update-index` for single paths only.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use git2::{Index, IndexEntry};
use orchestra_core::path::RepoPath;
use thiserror::Error;

use crate::config::Config;
use crate::fault::{DiskError, Doing as _, Fault};
use crate::guard::Purpose;
use crate::program::{Call, ProgramError};
use crate::repo::Repo;
use crate::scan::person_index;
use crate::store::sync_all;
use crate::tree::{Edits, Entry};

mod held;

pub(crate) use held::Holder;

/// Says why the index could not be changed.
#[derive(Debug, Error)]
pub enum IndexError {
    /// Somebody holds its lock, and did not let go in time.
    #[error("`{}` has been held for {held_for:?}", path.display())]
    Locked {
        /// The lock file.
        path: PathBuf,
        /// For how long, by its time stamp.
        held_for: Duration,
    },
    /// Anything else.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl From<ProgramError> for IndexError {
    fn from(error: ProgramError) -> Self {
        Self::Fault(error.into())
    }
}

impl From<DiskError> for IndexError {
    fn from(error: DiskError) -> Self {
        Self::Fault(error.into())
    }
}

/// How often a lock is looked at while it is waited for.
pub(crate) const GLANCE: Duration = Duration::from_millis(20);

/// `CE_INTENT_TO_ADD`, among the extended flags: a name without content.
const INTENT_TO_ADD: u16 = 1 << 13;

/// `CE_STAGEMASK`: which side of a conflict an entry is of.
const STAGE: u16 = 0x3000;

/// The person's index, as it is now.
#[derive(Debug)]
pub(crate) struct PersonIndex {
    /// By path, byte by byte.
    entries: Vec<IndexEntry>,
    pub(crate) has_conflicts: bool,
}

impl PersonIndex {
    pub(crate) fn open(repo: &Repo) -> Result<Arc<Self>, Fault> {
        Self::try_open(repo).doing("read the index")
    }

    /// As [`PersonIndex::open`], for who knows what libgit2 says of an index that it cannot read.
    pub(crate) fn try_open(repo: &Repo) -> Result<Arc<Self>, git2::Error> {
        repo.index().read(&person_index(repo))
    }

    fn read(path: &Path) -> Result<Self, git2::Error> {
        let index = Index::open(path)?;
        Ok(Self { entries: index.iter().collect(), has_conflicts: index.has_conflicts() })
    }

    /// What is staged of a path. A name without content (`git add -N`) counts as nothing.
    pub(crate) fn entry(&self, path: &RepoPath) -> Option<Entry> {
        // Beside one that is staged there are none of a conflict's.
        let at = self.entries.binary_search_by(|entry| entry.path.as_slice().cmp(path.as_bytes())).ok()?;
        let entry = self.entries.get(at)?;
        let is_real = entry.flags & STAGE == 0 && entry.flags_extended & INTENT_TO_ADD == 0;
        is_real.then_some(Entry { mode: i32::try_from(entry.mode).ok()?, id: entry.id })
    }

    /// All entries, also those of conflicts.
    pub(crate) fn entries(&self) -> impl Iterator<Item = &IndexEntry> {
        self.entries.iter()
    }
}

/// Sets these paths of the person's index, leaves all others as they are, and syncs it.
pub(crate) fn set(repo: &Repo, entries: &Edits) -> Result<(), IndexError> {
    if entries.is_empty() {
        return Ok(());
    }
    let mut input = Vec::new();
    for (path, entry) in entries {
        let (mode, id) = entry.map_or((0, git2::Oid::ZERO_SHA1), |entry| (entry.mode, entry.id));
        input.extend_from_slice(format!("{mode:06o} {id}\t").as_bytes());
        input.extend_from_slice(path.as_bytes());
        input.push(0);
    }
    // Git looks at files whose time stamp is that of the index while it writes it. Without their filter some of them
    // look changed and are marked to be looked at again, which is no harm.
    let config = Config::read(repo)?;
    let lock = repo.git_dir().join("index.lock");
    let deadline = Instant::now() + repo.options().lock_wait;
    loop {
        let call = Call::new(repo, ["update-index", "-z", "--index-info"]);
        let call = call.without_filters(&config).stdin(input.clone());
        match call.guarded_read(Purpose::Index) {
            Ok(_) => break,
            Err(ProgramError::Failed { words, .. }) if words.contains("index.lock") => {
                if Instant::now() >= deadline {
                    let held_for = age(&lock);
                    return Err(IndexError::Locked { path: lock, held_for });
                }
                thread::sleep(GLANCE);
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(sync_all(&[person_index(repo), repo.git_dir().to_owned()])?)
}

/// How long ago a lock file was made; nothing where it is gone or the clock went back.
pub(crate) fn age(lock: &Path) -> Duration {
    let made = fs::symlink_metadata(lock).and_then(|metadata| metadata.modified());
    made.ok().and_then(|made| SystemTime::now().duration_since(made).ok()).unwrap_or_default()
}
