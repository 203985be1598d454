//! The push: exactly one commit, by its id, to exactly one branch, and never against the remote's will.

use std::time::Duration;

use git2::Reference;
use orchestra_core::repo::CommitId;
use thiserror::Error;

use crate::config::Config;
use crate::fault::Fault;
use crate::guard::{Ending, Purpose};
use crate::program::{Call, ProgramError};
use crate::repo::Repo;
use crate::target;

/// What to push where.
#[derive(Clone, Debug)]
pub struct PushOrder {
    /// The remote's name.
    pub remote: String,
    /// The address that was shown when this was agreed to ([`orchestra_core::repo::PushTarget::Remote`]); a push to
    /// another one is refused. `None` where nobody was asked.
    pub url: Option<String>,
    /// The commit.
    pub commit: CommitId,
    /// The branch on the remote's side.
    pub branch: String,
    /// How long it may take.
    pub timeout: Duration,
}

/// What the remote said.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum PushOutcome {
    /// It has the commit, now or since before.
    Accepted,
    /// It, or the person's `pre-push` hook, does not want it.
    Rejected {
        /// Its words.
        words: String,
    },
    /// It could not be reached, or did not let us in. Nothing is known about what it has.
    Unreachable {
        /// What the program said.
        words: String,
    },
}

/// Says why nothing was pushed.
#[derive(Debug, Error)]
pub enum PushError {
    /// There is no such remote.
    #[error("there is no remote `{remote}`")]
    NoRemote {
        /// The name.
        remote: String,
    },
    /// Git would not take this as a branch.
    #[error("`{branch}` cannot be a branch")]
    Branch {
        /// The name.
        branch: String,
    },
    /// The address is not the one that was agreed to.
    #[error("the address of `{remote}` has changed to `{now}`")]
    AddressChanged {
        /// The remote.
        remote: String,
        /// Its address now, without a password.
        now: String,
    },
    /// It took too long. The remote may have it.
    #[error("the push did not end within {after:?}")]
    TimedOut {
        /// How long it had.
        after: Duration,
    },
    /// Anything else.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl From<ProgramError> for PushError {
    fn from(error: ProgramError) -> Self {
        Self::Fault(error.into())
    }
}

/// Pushes the commit.
pub fn push(repo: &Repo, order: &PushOrder) -> Result<PushOutcome, PushError> {
    run(repo, order, &[])
}

/// Asks the remote whether it would take the commit, as far as it tells without taking it.
pub fn push_dry_run(repo: &Repo, order: &PushOrder) -> Result<PushOutcome, PushError> {
    run(repo, order, &["--dry-run"])
}

fn run(repo: &Repo, order: &PushOrder, more: &[&str]) -> Result<PushOutcome, PushError> {
    let config = Config::read(repo)?;
    let full = format!("refs/heads/{}", order.branch);
    if !Reference::is_valid_name(&full) {
        return Err(PushError::Branch { branch: order.branch.clone() });
    }
    if !target::names(&config).contains(&order.remote) {
        return Err(PushError::NoRemote { remote: order.remote.clone() });
    }
    let now = target::url(repo, &order.remote)?;
    if order.url.as_ref().is_some_and(|agreed| *agreed != now) {
        return Err(PushError::AddressChanged { remote: order.remote.clone(), now });
    }
    let refspec = format!("{}:{full}", order.commit);
    let flags = ["push", "--porcelain", "--no-follow-tags", "--recurse-submodules=no"];
    let args = [&flags[..], more, &["--", &order.remote, &refspec]].concat();
    let mut call = Call::as_person(repo, args)
        .setting("core.fsync", "all")
        .setting("protocol.ext.allow", "never")
        .setting(&format!("remote.{}.mirror", order.remote), "false")
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("LC_ALL", "C")
        // A window that asks for a password would wait for nobody.
        .without("SSH_ASKPASS");
    if !has_own_ssh(repo, &config) {
        call = call.env("GIT_SSH_COMMAND", "ssh -o BatchMode=yes");
    }
    let output = call.guarded(Purpose::Push, Some(order.timeout))?;
    let words = words(&output.stdout, &output.stderr);
    match output.ending {
        Ending::Exited(0) => Ok(PushOutcome::Accepted),
        Ending::TimedOut => Err(PushError::TimedOut { after: order.timeout }),
        Ending::Exited(_) | Ending::Signalled(_) if is_rejection(&output.stdout, &output.stderr) => {
            Ok(PushOutcome::Rejected { words })
        }
        Ending::Exited(_) | Ending::Signalled(_) => Ok(PushOutcome::Unreachable { words }),
    }
}

/// Tells whether the person has their own way to call ssh, which is then left alone.
fn has_own_ssh(repo: &Repo, config: &Config) -> bool {
    let environment = &repo.options().environment;
    config.get("core.sshcommand").is_some()
        || environment.iter().any(|(name, _)| name == "GIT_SSH_COMMAND" || name == "GIT_SSH")
}

/// A line that begins with `!` says of a ref that it was not taken (git-push(1), "Output"); a hook that fails ends the
/// push before anything is sent, and git then says which ref failed, but nothing about the remote.
fn is_rejection(stdout: &[u8], stderr: &[u8]) -> bool {
    let is_refused = stdout.split(|byte| *byte == b'\n').any(|line| line.starts_with(b"!\t"));
    let stderr = String::from_utf8_lossy(stderr);
    let is_cut_off = stderr.contains("Could not read from remote repository") || stderr.contains("fatal: ");
    is_refused || (stderr.contains("failed to push some refs") && !is_cut_off)
}

/// What git and the remote said, without the addresses that git prints.
fn words(stdout: &[u8], stderr: &[u8]) -> String {
    let both = [stdout, b"\n", stderr].concat();
    let text = String::from_utf8_lossy(&both);
    let is_telling = |line: &&str| {
        !line.is_empty() && !line.starts_with("To ") && *line != "Done" && !line.starts_with("hint: ")
    };
    text.lines().map(str::trim_end).filter(is_telling).collect::<Vec<_>>().join("\n")
}
