//! An ordinary commit of a few paths, as a person makes it with `git commit -- <paths>`.
//!
//! For what a person asked to be committed at once, such as what `orchestra init` wrote; a phase's commit is made by
//! [`crate::prepare`]. Works on a branch without a commit too. What else is staged stays staged.

use std::collections::BTreeSet;
use std::time::Duration;

use orchestra_core::path::RepoPath;
use thiserror::Error;

use crate::config::Config;
use crate::fault::Fault;
use crate::filters::nul_terminated;
use crate::guard::{Ending, Purpose};
use crate::identity;
use crate::program::{Call, ProgramError};
use crate::repo::Repo;

/// Says why nothing was committed. The index is as it was.
#[derive(Debug, Error)]
pub enum CommitPathsError {
    /// Nobody is known who could commit.
    #[error("git does not know who commits")]
    NoIdentity,
    /// A hook, the signing program or git itself said no.
    #[error("git did not commit")]
    Refused {
        /// What was said.
        words: String,
    },
    /// It took too long.
    #[error("the commit did not end within {after:?}")]
    TimedOut {
        /// How long it had.
        after: Duration,
    },
    /// Anything else.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl From<ProgramError> for CommitPathsError {
    fn from(error: ProgramError) -> Self {
        Self::Fault(error.into())
    }
}

/// Commits these paths as they are in the work tree. Hooks and signing run as the person set them up, below the guard.
pub fn commit_paths(
    repo: &Repo,
    paths: &[RepoPath],
    message: &str,
    timeout: Duration,
) -> Result<(), CommitPathsError> {
    if identity::find(repo, &Config::read(repo)?).is_none() {
        return Err(CommitPathsError::NoIdentity);
    }
    // `git commit` takes no path that the index does not know.
    let known = known_to_index(repo)?;
    let new: Vec<&RepoPath> = paths.iter().filter(|path| !known.contains(path.as_bytes())).collect();
    let from_stdin = ["--pathspec-from-file=-", "--pathspec-file-nul"];
    if !new.is_empty() {
        let args = [&["add", "--intent-to-add"][..], &from_stdin].concat();
        Call::new(repo, args).stdin(nul_terminated(new.iter().copied())).read()?;
    }
    let committed = commit(repo, paths, message, timeout, from_stdin);
    if committed.is_err() && !new.is_empty() {
        let args = ["update-index", "--force-remove", "-z", "--stdin"];
        Call::new(repo, args).stdin(nul_terminated(new.iter().copied())).read()?;
    }
    committed
}

fn commit(
    repo: &Repo,
    paths: &[RepoPath],
    message: &str,
    timeout: Duration,
    from_stdin: [&str; 2],
) -> Result<(), CommitPathsError> {
    let message = format!("--message={message}");
    let args = [&["commit", "--quiet", "--only", message.as_str()][..], &from_stdin].concat();
    let call = Call::as_person(repo, args)
        .setting("core.fsync", "all")
        .env("GIT_LITERAL_PATHSPECS", "1")
        .stdin(nul_terminated(paths));
    let output = call.guarded(Purpose::Hook, Some(timeout))?;
    match output.ending {
        Ending::Exited(0) => Ok(()),
        Ending::TimedOut => Err(CommitPathsError::TimedOut { after: timeout }),
        Ending::Exited(_) | Ending::Signalled(_) => Err(CommitPathsError::Refused { words: output.words() }),
    }
}

fn known_to_index(repo: &Repo) -> Result<BTreeSet<Vec<u8>>, Fault> {
    let listed = Call::new(repo, ["ls-files", "-z"]).read()?;
    Ok(listed.split(|byte| *byte == 0).map(<[u8]>::to_vec).collect())
}
