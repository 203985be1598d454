//! The guard: a small process of our own binary between a worker and whatever it runs.
//!
//! ```text
//!  worker ── socket pair (order; stdio and lock as SCM_RIGHTS; stop, pause) ──▶ guard ── fork ──▶ agent ──▶ anything
//!     └── end of file on the socket = the worker is dead ──▶ SIGKILL to everything below, then the lock goes
//! ```
//!
//! Invariants:
//! - The guard lives in a session of its own and is the sub-reaper of all below it, so that a daemon which forks
//!   twice and calls `setsid` still ends up as its child.
//! - It ends, and lets go of its copy of the lock, only when nothing is alive below it. A process that the kernel
//!   cannot end (state D) holds both until it is gone.
//! - The child gets the descriptors 0, 1 and 2 and no others, whatever the worker itself inherited.
//! - What is paused stands still as a whole, its time limit too, and nothing is started meanwhile: a guard begins paused. A
//!   stop wakes it first, for a process that stands still takes no SIGTERM; a worker that dies has it killed all the same.
//!
//! On macOS there is no sub-reaper: descendants are found by parent and by process group, and by the environment
//! mark [`MARK`] as far as `ps` shows it. A process that leaves its parent *and* its group escapes there.
//!
//! Absent on purpose: the sandbox. It is a part of the order's program and arguments.

mod below;
mod fleet;
mod launch;
mod output;
mod pausing;
mod serve;
mod tree;
mod wire;

use std::ffi::OsString;
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use self::below::{end_marked, is_below, is_below_a_guard};
pub use self::fleet::WorkClock;
pub use self::launch::{GuardLauncher, GuardedChild, LaunchError};
pub(crate) use self::output::Collector;
pub use self::output::{Captured, Output, OutputLimits, run_to_end};
pub use self::serve::serve;

/// The environment variable that every process below a guard carries; its value is the guard's id.
pub const MARK: &str = "ORCHESTRA_GUARD";

/// What a guard is told to run.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Order {
    /// The program: an absolute path, or a name that is looked up in the `PATH` of `env`.
    pub program: OsString,
    /// Its arguments.
    pub args: Vec<OsString>,
    /// Its whole environment; nothing is inherited. [`MARK`] is added.
    pub env: Vec<(OsString, OsString)>,
    /// Its working directory.
    pub cwd: OsString,
    /// How long it may run before it is stopped, without the time for which it was paused.
    pub timeout: Option<Duration>,
    /// How it is stopped when its time is up.
    pub stop: StopPlan,
}

impl Order {
    /// Orders a program without arguments, environment or time limit.
    pub fn new(program: impl Into<OsString>, cwd: impl Into<OsString>) -> Self {
        Self {
            program: program.into(),
            args: Vec::new(),
            env: Vec::new(),
            cwd: cwd.into(),
            timeout: None,
            stop: StopPlan::gentle(),
        }
    }
}

/// How a running tree is asked to end. After the last step everything left is killed.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct StopPlan {
    /// Signals for the program's process group, each with the time that it is given.
    pub steps: Vec<StopStep>,
}

/// One signal and the time it is given.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct StopStep {
    /// The signal.
    pub signal: StopSignal,
    /// How long to wait for the program's end after it.
    pub grace: Duration,
}

/// The signals that ask rather than force.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum StopSignal {
    /// SIGINT: end the turn.
    Interrupt,
    /// SIGTERM: end the program.
    Terminate,
}

impl StopPlan {
    /// SIGTERM, five seconds, SIGKILL.
    pub fn gentle() -> Self {
        Self { steps: vec![StopStep { signal: StopSignal::Terminate, grace: Duration::from_secs(5) }] }
    }

    /// SIGINT, five seconds, SIGTERM, two seconds, SIGKILL: what coding programs need in order to keep their
    /// session and to end their own commands.
    pub fn interrupt() -> Self {
        Self {
            steps: vec![
                StopStep { signal: StopSignal::Interrupt, grace: Duration::from_secs(5) },
                StopStep { signal: StopSignal::Terminate, grace: Duration::from_secs(2) },
            ],
        }
    }

    /// SIGKILL at once.
    pub fn now() -> Self {
        Self { steps: Vec::new() }
    }
}

/// How a guarded program ended, and when nothing was left of its tree.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Ended {
    /// How the program itself ended.
    pub exit: Exit,
    /// Who ended it.
    pub why: Why,
    /// How many processes it left behind, all of which were ended.
    pub left_behind: u32,
}

/// How a process ended.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum Exit {
    /// By itself, with this code.
    Code(i32),
    /// By this signal.
    Signal(i32),
    /// Nobody saw it, because the guard was killed.
    Unseen,
}

impl Exit {
    /// Tells whether it is an exit with code 0.
    pub fn is_success(self) -> bool {
        self == Self::Code(0)
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "exit code {code}"),
            Self::Signal(signal) => write!(f, "signal {signal}"),
            Self::Unseen => f.write_str("an unseen end"),
        }
    }
}

/// Who ended a guarded program.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum Why {
    /// Nobody: it came to its end.
    Itself,
    /// Somebody asked for it.
    Stopped,
    /// Its time was up.
    TimedOut,
    /// The guard was killed from outside; what carried its mark was ended by the worker.
    GuardLost,
}
