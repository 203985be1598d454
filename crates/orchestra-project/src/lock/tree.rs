//! Who may change the work tree now: the worker from a phase's begin to its end, or a role in a conversation for one turn.

use std::ffi::OsStr;
use std::fs::{File, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::sync::Arc;

use rustix::fs::OFlags;
use thiserror::Error;

use super::has_no_locks;
use crate::file::{At as _, FileError};
use crate::layout::Layout;

const NAME: &str = "tree.lock";
/// How long the name of a holder may be, in bytes.
const MAX_HOLDER: u64 = 200;

/// The right to change the work tree, held until dropped, by this process and every guard that got a copy.
///
/// It lies below the worker's own lock: a worker holds it while it is at a phase, and lets go of it while it waits between
/// two, so that a role may work there with the person.
#[derive(Debug)]
pub struct TreeLock {
    file: Arc<File>,
}

/// Why the tree is not to be changed now.
#[derive(Debug, Error)]
pub enum TreeLockError {
    /// Somebody else changes it.
    #[error("{by} is at work in this folder")]
    Held {
        /// Who, as they named themselves.
        by: String,
    },
    /// The file system has no locks, so that nobody can be kept out.
    #[error("this file system has no locks")]
    NoLocks,
    /// The lock's file could not be used.
    #[error(transparent)]
    File(#[from] FileError),
}

impl TreeLock {
    /// Takes the lock if it is free. `holder` is told to whoever finds it held.
    pub fn try_acquire(layout: &Layout, holder: &str) -> Result<Self, TreeLockError> {
        let folder = layout.make_state_folder("")?;
        let path = folder.path().join(NAME);
        let mut file = folder.open_private(OsStr::new(NAME), OFlags::empty())?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut by = String::new();
                // Whoever took it this instant has not written their name yet, and a cut name names nobody.
                let read = file.take(MAX_HOLDER).read_to_string(&mut by);
                let is_named = read.is_ok() && !by.trim().is_empty();
                let by = if is_named { by.trim().to_owned() } else { "somebody else".to_owned() };
                return Err(TreeLockError::Held { by });
            }
            Err(TryLockError::Error(error)) if has_no_locks(&error) => return Err(TreeLockError::NoLocks),
            Err(TryLockError::Error(error)) => return Err(FileError::new("lock", path, error).into()),
        }
        let limit = usize::try_from(MAX_HOLDER).unwrap_or(usize::MAX);
        file.set_len(0).at("write", &path)?;
        file.rewind().at("write", &path)?;
        file.write_all(&holder.as_bytes()[..holder.len().min(limit)]).at("write", &path)?;
        Ok(Self { file: Arc::new(file) })
    }

    /// The locked file. A copy of its descriptor in another process keeps the lock held.
    pub fn file(&self) -> Arc<File> {
        Arc::clone(&self.file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::project;

    #[test]
    fn one_at_a_time_changes_the_tree_and_the_other_is_told_who_does() {
        let (_temp, layout) = project();
        let first = TreeLock::try_acquire(&layout, "a longer name than the next").unwrap();
        let held = TreeLock::try_acquire(&layout, "worker").unwrap_err();
        assert_eq!(held.to_string(), "a longer name than the next is at work in this folder");
        // A guard's copy holds it, too.
        let copy = first.file();
        drop(first);
        assert!(matches!(TreeLock::try_acquire(&layout, "worker"), Err(TreeLockError::Held { .. })));
        drop(copy);
        let _second = TreeLock::try_acquire(&layout, "backend").unwrap();
        let held = TreeLock::try_acquire(&layout, "worker").unwrap_err();
        assert_eq!(held.to_string(), "backend is at work in this folder");
    }
}
