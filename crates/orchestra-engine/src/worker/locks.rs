//! Locks of git that a worker's death left behind.
//!
//! A lock is ours if the journal names a step that takes just this one, no record says that the step was finished, it
//! was made soon after that record, and the worker that took it is gone: whoever asks holds the worker's lock, so nothing of an
//! earlier one is alive. So is any lock of a ref below `refs/orchestra/`. Any other lock is somebody else's, and is
//! waited for.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use orchestra_core::record::Record;
use orchestra_core::worker::Failure;
use orchestra_project::journal;

use super::place::Place;
use crate::failure;

/// How much older than the record of its step a lock may look: clocks of files tick slowly.
const TICK: Duration = Duration::from_secs(2);

/// How long after the record of its step a lock is taken at the latest. One that is younger may be of somebody who
/// has `git commit` open in an editor since.
const TAKEN_WITHIN: Duration = Duration::from_mins(1);

/// Something that takes locks of git.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Step {
    /// Saving under `refs/orchestra/`.
    Save,
    /// The one moment of truth.
    MoveBranch,
    /// Bringing the index in line with a commit.
    Settle,
    /// Taking the agent's own commits back.
    Fold,
    /// Putting changes back.
    PutBack,
    /// The push.
    Push,
}

impl Step {
    const ALL: [Self; 6] =
        [Self::Save, Self::MoveBranch, Self::Settle, Self::Fold, Self::PutBack, Self::Push];

    /// What it does, as the journal names it.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Save => "save something",
            Self::MoveBranch => "move the branch",
            Self::Settle => "bring the index in line with the commit",
            Self::Fold => "take the agent's own commits back",
            Self::PutBack => "put changes back",
            Self::Push => "push",
        }
    }

    fn of(words: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.words() == words)
    }

    /// Tells whether it locks the index.
    fn locks_index(self) -> bool {
        matches!(self, Self::Settle | Self::Fold | Self::PutBack)
    }

    /// Tells whether it locks HEAD and branches.
    fn locks_branch(self) -> bool {
        matches!(self, Self::MoveBranch | Self::Fold)
    }
}

impl Place {
    /// Removes locks of git that an earlier worker took and did not live to let go of.
    pub(super) fn remove_left_locks(&self) -> Result<(), Failure> {
        for path in locks_below(self.repo.common_dir().join("refs/orchestra")) {
            self.remove_left_lock(&path, Step::Save)?;
        }
        let reading =
            journal::read_all(&self.layout).map_err(|error| failure::run("read the journal", &error))?;
        let last = reading.entries.iter().rev().find_map(|entry| match &entry.record {
            Record::Touching { step } => Some(Some((entry.at, step.clone()))),
            Record::Touched => Some(None),
            _ => None,
        });
        let Some(Some((at, words))) = last else { return Ok(()) };
        // An unknown one is of another version: what it locked is waited for, and named.
        let Some(step) = Step::of(&words) else { return self.record(Record::Touched) };
        let taken = SystemTime::from(at) - TICK..SystemTime::from(at) + TAKEN_WITHIN;
        for path in self.locks_of(step) {
            let modified = fs::symlink_metadata(&path).and_then(|metadata| metadata.modified());
            if modified.is_ok_and(|modified| taken.contains(&modified)) {
                self.remove_left_lock(&path, step)?;
            }
        }
        self.record(Record::Touched)
    }

    fn remove_left_lock(&self, path: &Path, step: Step) -> Result<(), Failure> {
        match fs::remove_file(path) {
            Ok(()) => {
                let (path, what) = (path.display(), step.words());
                let text = format!("removed {path}: an earlier run was cut short while it would {what}");
                self.record(Record::Note { text })
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(failure::run(format!("remove {}", path.display()), &error)),
        }
    }

    /// The locks that a step takes.
    fn locks_of(&self, step: Step) -> Vec<PathBuf> {
        let (own, shared) = (self.repo.git_dir(), self.repo.common_dir());
        let mut files = Vec::new();
        if step.locks_index() {
            files.push(own.join("index.lock"));
        }
        if step.locks_branch() {
            files.push(own.join("HEAD.lock"));
            files.extend(locks_below(shared.join("refs/heads")));
        }
        if step == Step::Push {
            files.extend(locks_below(shared.join("refs/remotes")));
        }
        files
    }

    /// Runs a step that takes locks of git; the journal names it before and says when it is over.
    pub(super) fn touching<T>(
        &self,
        step: Step,
        work: impl FnOnce() -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        self.record(Record::Touching { step: step.words().to_owned() })?;
        let done = work();
        self.record(Record::Touched)?;
        done
    }
}

/// The lock files in a folder and below it; a folder that is gone holds none.
fn locks_below(folder: PathBuf) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for entry in entries.flatten() {
            let path = entry.path();
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(path),
                Ok(_) if path.extension().is_some_and(|extension| extension == "lock") => files.push(path),
                Ok(_) | Err(_) => {}
            }
        }
    }
    files
}
