//! Locks of git that a worker's death left behind.
//!
//! A lock is ours if the journal names a step that takes it, no record says that the step was finished, and the worker
//! that took it is gone: whoever asks holds the worker's lock, so nothing of an earlier one is alive. Any other lock is
//! somebody else's, and is waited for.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use orchestra_core::record::Record;
use orchestra_core::worker::Failure;
use orchestra_project::journal;

use super::failure;
use super::place::Place;

/// How much older than the record of its step a lock may look: clocks of files tick slowly.
const TICK: Duration = Duration::from_secs(2);

impl Place {
    /// Removes locks of git that an earlier worker took and did not live to let go of.
    pub(super) fn remove_left_locks(&self) -> Result<(), Failure> {
        let reading =
            journal::read_all(&self.layout).map_err(|error| failure::run("read the journal", &error))?;
        let last = reading.entries.iter().rev().find_map(|entry| match &entry.record {
            Record::Touching { step } => Some(Some((entry.at, step.clone()))),
            Record::Touched => Some(None),
            _ => None,
        });
        let Some(Some((at, step))) = last else { return Ok(()) };
        let since = SystemTime::from(at) - TICK;
        for path in self.lock_files() {
            let is_newer = |path: &PathBuf| {
                let modified = fs::symlink_metadata(path).and_then(|metadata| metadata.modified());
                modified.is_ok_and(|modified| modified >= since)
            };
            if is_newer(&path) {
                match fs::remove_file(&path) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => {
                        return Err(failure::run(format!("remove {}", path.display()), &error));
                    }
                    _ => {
                        let name = path.display();
                        let text =
                            format!("removed {name}: an earlier run was cut short while it would {step}");
                        self.record(Record::Note { text })?;
                    }
                }
            }
        }
        self.record(Record::Touched)
    }

    /// The locks that our own steps take: index, head and branches.
    fn lock_files(&self) -> Vec<PathBuf> {
        let mut files = vec![self.repo.git_dir().join("index.lock"), self.repo.git_dir().join("HEAD.lock")];
        let mut folders = vec![self.repo.common_dir().join("refs/heads")];
        while let Some(folder) = folders.pop() {
            // A folder that is gone holds no lock.
            let Ok(entries) = fs::read_dir(&folder) else { continue };
            for entry in entries.flatten() {
                let path = entry.path();
                match entry.file_type() {
                    Ok(kind) if kind.is_dir() => folders.push(path),
                    Ok(_) if path.extension().is_some_and(|extension| extension == "lock") => {
                        files.push(path);
                    }
                    Ok(_) | Err(_) => {}
                }
            }
        }
        files
    }

    /// Runs a step that takes locks of git; the journal names it before and says when it is over.
    pub(super) fn touching<T>(
        &self,
        step: &str,
        work: impl FnOnce() -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        self.record(Record::Touching { step: step.to_owned() })?;
        let done = work();
        self.record(Record::Touched)?;
        done
    }
}
