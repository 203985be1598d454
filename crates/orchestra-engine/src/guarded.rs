//! Git's hooks, filters, signing and pushes below the worker's guard.

use std::error::Error;

use orchestra_agent::guard::{Exit, GuardLauncher, Order, OutputLimits, StopPlan, run_to_end};
use orchestra_git::guard::{Ending, Guarded, GuardedCommand, GuardedError, GuardedOutput};
use thiserror::Error;

/// How much of what a command of git prints is taken, in bytes.
const OUTPUT: usize = 64 * 1024 * 1024;

/// Runs what the git crate hands over below a guard.
#[derive(Clone, Debug)]
pub struct GuardedGit {
    launcher: GuardLauncher,
}

/// Why nothing is known of a command that ran.
#[derive(Debug, Error)]
enum Lost {
    /// Its output was longer than is taken.
    #[error("it printed more than {OUTPUT} bytes")]
    TooLong,
    /// The guard was ended.
    #[error("the guard was ended, and the command with it")]
    Guard,
}

impl GuardedGit {
    /// Takes the launcher whose guards hold a copy of the worker's lock.
    pub fn new(launcher: GuardLauncher) -> Self {
        Self { launcher }
    }
}

impl Guarded for GuardedGit {
    fn run(&self, command: GuardedCommand) -> Result<GuardedOutput, GuardedError> {
        let GuardedCommand { purpose, program, args, env, cwd, stdin, timeout } = command;
        let failed =
            |source: Box<dyn Error + Send + Sync>| GuardedError { purpose, program: program.clone(), source };
        let order = Order {
            program: program.clone().into_os_string(),
            args,
            env,
            cwd: cwd.into_os_string(),
            timeout: Some(timeout),
            stop: StopPlan::gentle(),
        };
        let limits = OutputLimits { head: OUTPUT, tail: 0 };
        let output =
            run_to_end(&self.launcher, &order, stdin, limits).map_err(|error| failed(error.into()))?;
        let ending = match (output.timed_out, output.status.exit) {
            (true, _) => Ending::TimedOut,
            (false, Exit::Code(code)) => Ending::Exited(code),
            (false, Exit::Signal(signal)) => Ending::Signalled(signal),
            (false, Exit::Unseen) => return Err(failed(Lost::Guard.into())),
        };
        let stdout = output.stdout.complete().ok_or_else(|| failed(Lost::TooLong.into()))?;
        let stderr = output.stderr.text().into_bytes();
        Ok(GuardedOutput { ending, stdout, stderr })
    }
}
