//! The door to Orchestra's guard process: what can run somebody's code is handed over here.
//!
//! Hooks, filters, signing and pushes run programs that the repository or the person configured. They run below a
//! guard, which ends their whole process tree with the worker. The guard lives in another crate; this is its shape.

use std::error::Error;
use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use thiserror::Error;

/// Runs one command below a guard, and ends everything below it before it returns.
pub trait Guarded: Send + Sync {
    /// Runs the command to its end, or ends it when its time is up.
    fn run(&self, command: GuardedCommand) -> Result<GuardedOutput, GuardedError>;
}

/// One command, complete: nothing is added from the worker's own environment.
#[derive(Clone, Debug)]
pub struct GuardedCommand {
    /// What it is for.
    pub purpose: Purpose,
    /// The program's absolute path.
    pub program: PathBuf,
    /// Its arguments, without its name.
    pub args: Vec<OsString>,
    /// Its whole environment.
    pub env: Vec<(OsString, OsString)>,
    /// The folder that it starts in.
    pub cwd: PathBuf,
    /// All of its standard input.
    pub stdin: Vec<u8>,
    /// How long it may take.
    pub timeout: Duration,
}

/// What a guarded command is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Purpose {
    /// A hook of the repository.
    Hook,
    /// Content filters (`filter.<name>.clean`, Git LFS).
    Filter,
    /// A signature.
    Sign,
    /// The person's index is refreshed.
    Index,
    /// A push: needs the network and the person's credentials.
    Push,
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Hook => "a hook",
            Self::Filter => "a content filter",
            Self::Sign => "the signing program",
            Self::Index => "the refresh of the index",
            Self::Push => "the push",
        })
    }
}

/// What a command left behind.
#[derive(Clone, Debug)]
pub struct GuardedOutput {
    /// How it ended.
    pub ending: Ending,
    /// What it printed, up to the guard's bound.
    pub stdout: Vec<u8>,
    /// What it complained about, up to the guard's bound.
    pub stderr: Vec<u8>,
}

/// How a command ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Ending {
    /// By itself, with this code.
    Exited(i32),
    /// By this signal.
    Signalled(i32),
    /// Its time was up and it was ended.
    TimedOut,
}

/// The guard itself failed: nothing is known about the command.
#[derive(Debug, Error)]
#[error("the guard could not run `{program}` for {purpose}")]
pub struct GuardedError {
    /// What it was to be run for.
    pub purpose: Purpose,
    /// The program that was to be run.
    pub program: PathBuf,
    /// Why not.
    #[source]
    pub source: Box<dyn Error + Send + Sync>,
}
