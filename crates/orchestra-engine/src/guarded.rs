//! Git's hooks, filters, signatures and pushes, below the guard.

use std::error::Error;

use orchestra_agent::guard::{
    Captured, Exit, GuardLauncher, Order, Output, OutputLimits, StopPlan, run_to_end,
};
use orchestra_git::guard::{Ending, Guarded, GuardedCommand, GuardedError, GuardedOutput, Purpose};
use thiserror::Error;

/// The most that is taken of an output which is read by a program, in bytes: a million paths of average length.
const WHOLE: usize = 256 * 1024 * 1024;

/// Runs what git would run for a person below a guard of its own.
#[derive(Clone, Debug)]
pub struct GuardedGit {
    launcher: GuardLauncher,
}

/// Why nothing is known about a command that was handed to a guard.
#[derive(Debug, Error)]
enum Lost {
    #[error("nobody saw how it ended, because the guard was killed")]
    Unseen,
    #[error("it printed more than {WHOLE} bytes")]
    TooMuch,
}

impl GuardedGit {
    /// Takes what starts guards.
    pub fn new(launcher: GuardLauncher) -> Self {
        Self { launcher }
    }
}

impl Guarded for GuardedGit {
    /// Blocks. [`GuardedCommand::writable`] has no effect: this version has no sandbox.
    fn run(&self, command: GuardedCommand) -> Result<GuardedOutput, GuardedError> {
        let program = command.program.clone();
        let lost = |source: Box<dyn Error + Send + Sync>| GuardedError { program: program.clone(), source };
        let order = Order {
            program: command.program.into(),
            args: command.args,
            env: command.env,
            cwd: command.cwd.into(),
            timeout: Some(command.timeout),
            stop: StopPlan::gentle(),
        };
        let limits = limits_of(command.purpose);
        let output = run_to_end(&self.launcher, &order, command.stdin, limits)
            .map_err(|error| lost(Box::new(error)))?;
        let ending = ending_of(&output).ok_or_else(|| lost(Box::new(Lost::Unseen)))?;
        let taken = |stream: &Captured| match (is_read_by_a_program(command.purpose), stream.complete()) {
            (_, Some(bytes)) => Ok(bytes),
            (false, None) => Ok(stream.text().into_bytes()),
            (true, None) => Err(lost(Box::new(Lost::TooMuch))),
        };
        Ok(GuardedOutput {
            ending,
            stdout: taken(&output.stdout)?,
            stderr: output.stderr.text().into_bytes(),
        })
    }
}

/// What a hook or a server says is for a person, who needs its beginning and its end.
fn limits_of(purpose: Purpose) -> OutputLimits {
    if is_read_by_a_program(purpose) {
        OutputLimits { head: WHOLE, tail: 0 }
    } else {
        OutputLimits::default()
    }
}

fn is_read_by_a_program(purpose: Purpose) -> bool {
    match purpose {
        Purpose::Filter | Purpose::Sign | Purpose::Index => true,
        Purpose::Hook | Purpose::Push => false,
    }
}

fn ending_of(output: &Output) -> Option<Ending> {
    if output.timed_out {
        return Some(Ending::TimedOut);
    }
    match output.status.exit {
        Exit::Code(code) => Some(Ending::Exited(code)),
        Exit::Signal(signal) => Some(Ending::Signalled(signal)),
        Exit::Unseen => None,
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_guard_that_cannot_be_started_is_an_error_with_its_cause() {
        let missing = PathBuf::from("/nowhere/orchestra");
        let guard = GuardedGit::new(GuardLauncher::new(missing, vec!["__guard".into()], None));
        let command = GuardedCommand {
            purpose: Purpose::Hook,
            program: "/bin/true".into(),
            args: Vec::new(),
            env: Vec::new(),
            cwd: "/".into(),
            stdin: Vec::new(),
            timeout: Duration::from_secs(1),
            writable: Vec::new(),
        };
        let error = guard.run(command).unwrap_err();
        assert_eq!(error.program, PathBuf::from("/bin/true"));
        assert_eq!(error.source.to_string(), "could not start the guard `/nowhere/orchestra`");
    }

    #[test]
    fn what_a_program_reads_is_whole_or_an_error_and_what_a_person_reads_may_be_cut() {
        for purpose in [Purpose::Filter, Purpose::Sign, Purpose::Index] {
            assert_eq!(limits_of(purpose), OutputLimits { head: WHOLE, tail: 0 });
        }
        for purpose in [Purpose::Hook, Purpose::Push] {
            assert_eq!(limits_of(purpose), OutputLimits::default());
        }
    }
}
