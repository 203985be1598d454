//! Verify commands: the person's own, below a guard, without a terminal.

use std::ffi::OsString;

use orchestra_agent::environment::command_environment;
use orchestra_agent::guard::{Order, OutputLimits, run_to_end};
use orchestra_core::id::WorkId;
use orchestra_core::worker::{Checked, Fact, Failure, Policy};

use super::place::Place;
use crate::failure;

/// How much of a command's output is kept: its begin, and more of its end, in bytes.
const OUTPUT: OutputLimits = OutputLimits { head: 4 * 1024, tail: 12 * 1024 };

impl Place {
    /// Runs commands in order; where `all` is not asked for, until one is red.
    pub(super) fn verify(
        &self,
        work: WorkId,
        commands: Vec<String>,
        all: bool,
        policy: &Policy,
    ) -> Result<Fact, Failure> {
        let mut results = Vec::new();
        for command in commands {
            let checked = self.check(command, policy)?;
            let is_green = checked.green;
            results.push(checked);
            if !is_green && !all {
                break;
            }
        }
        Ok(Fact::Verified { work, results })
    }

    fn check(&self, command: String, policy: &Policy) -> Result<Checked, Failure> {
        let filtered = command_environment(&self.environment);
        let mut env = filtered.kept;
        env.retain(|(name, _)| name != "CI" && name != "TERM");
        env.extend(
            [("CI", "true"), ("TERM", "dumb")]
                .map(|(name, value)| (OsString::from(name), OsString::from(value))),
        );
        let timeout = policy.config.limits.verify_timeout;
        let order = Order {
            args: vec!["-c".into(), command.clone().into()],
            env,
            timeout: Some(timeout),
            ..Order::new("/bin/sh", self.layout.root())
        };
        let output = run_to_end(&self.launcher, &order, Vec::new(), OUTPUT)
            .map_err(|error| failure::run(format!("run `{command}`"), &error))?;
        let green = output.is_success();
        let mut text = output.stdout.text();
        let errors = output.stderr.text();
        if !text.is_empty() && !errors.is_empty() {
            text.push('\n');
        }
        text.push_str(&errors);
        if output.timed_out {
            text.push_str(&format_note(&format!("it did not end within {} minutes", timeout.as_secs() / 60)));
        }
        let missed = filtered.held_back.iter().find(|name| !green && text.contains(name.as_str()));
        if let Some(name) = missed {
            text.push_str(&format_note(&format!(
                "{name} is held back from verify commands (see `orchestra doctor`)"
            )));
        }
        Ok(Checked { command, green, output: text })
    }
}

fn format_note(text: &str) -> String {
    format!("\n[orchestra: {text}]\n")
}
