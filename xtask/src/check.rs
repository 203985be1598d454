//! `cargo xtask check`: everything that must hold before a change is handed in, in one list.
//!
//! All of it runs, also after a failure, so that one look shows everything that is to be mended. The last line is the
//! sum of all tests.

use std::fmt;
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};

use crate::tally::Tally;
use crate::{generate, transcripts};

/// A call of cargo.
struct Call {
    name: &'static str,
    args: &'static [&'static str],
    env: &'static [(&'static str, &'static str)],
}

const FORMAT: Call = Call { name: "format", args: &["fmt", "--all", "--check"], env: &[] };
const CLIPPY: Call = Call {
    name: "clippy",
    args: &["clippy", "--workspace", "--all-targets", "--locked", "--", "--deny", "warnings"],
    env: &[],
};
/// What the README says, and on with the other binaries where one fails. Doctests are part of it.
const TESTS: Call =
    Call { name: "tests", args: &["test", "--workspace", "--locked", "--no-fail-fast"], env: &[] };
const DOCS: Call = Call {
    name: "docs",
    args: &["doc", "--no-deps", "--workspace", "--locked"],
    env: &[("RUSTDOCFLAGS", "--deny warnings")],
};
/// Advisories are looked up by a job of their own: a new one must not fail an old change.
const PACKAGES: Call =
    Call { name: "packages", args: &["deny", "--locked", "check", "bans", "licenses", "sources"], env: &[] };

/// Runs everything. `recordings` holds recorded runs of coding programs, where somebody has some.
pub(crate) fn run(recordings: Option<&Path>) -> anyhow::Result<()> {
    let mut tally = Tally::default();
    let mut steps = Steps::default();
    steps.run(FORMAT.name, || FORMAT.run())?;
    steps.run("generated", generate::check)?;
    steps.run(CLIPPY.name, || CLIPPY.run())?;
    steps.run(TESTS.name, || TESTS.run_counting(&mut tally))?;
    steps.run(DOCS.name, || DOCS.run())?;
    steps.run(PACKAGES.name, || PACKAGES.run())?;
    if let Some(dir) = recordings {
        steps.run("transcripts", || transcripts::run(dir))?;
    }
    let mut out = io::stdout().lock();
    writeln!(out, "\n{steps}\n{tally}")?;
    out.flush()?;
    let failed = steps.failed();
    if !failed.is_empty() {
        bail!("failed: {}", failed.join(", "));
    }
    Ok(())
}

impl Call {
    fn command(&self) -> Command {
        let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command.args(self.args).envs(self.env.iter().copied()).current_dir(crate::top()).stdin(Stdio::null());
        command
    }

    fn run(&self) -> anyhow::Result<()> {
        let status = self.command().status().with_context(|| format!("start {self}"))?;
        ensure!(status.success(), "{self}: {status}");
        Ok(())
    }

    /// Shows the output of tests as it comes, and counts it.
    fn run_counting(&self, tally: &mut Tally) -> anyhow::Result<()> {
        let mut child =
            self.command().stdout(Stdio::piped()).spawn().with_context(|| format!("start {self}"))?;
        let mut output = BufReader::new(child.stdout.take().context("its output is a pipe")?);
        let mut line = Vec::new();
        while output.read_until(b'\n', &mut line)? > 0 {
            io::stdout().write_all(&line)?;
            tally.line(&String::from_utf8_lossy(&line));
            line.clear();
        }
        let status = child.wait()?;
        ensure!(status.success(), "{self}: {status}");
        ensure!(tally.is_good(), "no test ran");
        Ok(())
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cargo {}", self.args.join(" "))
    }
}

/// What has run so far: name, time, and whether it held.
#[derive(Default)]
struct Steps(Vec<(&'static str, Duration, bool)>);

impl Steps {
    /// Runs a step. A failure is said at once and kept; an error is one of saying it.
    fn run(&mut self, name: &'static str, step: impl FnOnce() -> anyhow::Result<()>) -> io::Result<()> {
        writeln!(io::stdout(), "\n== {name}")?;
        let begun = Instant::now();
        let result = step();
        self.0.push((name, begun.elapsed(), result.is_ok()));
        match result {
            Ok(()) => Ok(()),
            Err(error) => writeln!(io::stdout(), "{error:#}"),
        }
    }

    fn failed(&self) -> Vec<&'static str> {
        self.0.iter().filter(|(_, _, held)| !held).map(|(name, _, _)| *name).collect()
    }
}

impl fmt::Display for Steps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, time, held) in &self.0 {
            let word = if *held { "ok" } else { "FAILED" };
            writeln!(f, "{name:<12} {:>7.1} s  {word}", time.as_secs_f64())?;
        }
        let whole: Duration = self.0.iter().map(|(_, time, _)| *time).sum();
        write!(f, "{:<12} {:>7.1} s", "all", whole.as_secs_f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_that_fails_is_named_and_the_next_one_runs_all_the_same() {
        let mut steps = Steps::default();
        steps.run("first", || bail!("no luck")).unwrap();
        steps.run("second", || Ok(())).unwrap();
        assert_eq!(steps.failed(), ["first"]);
        let table = steps.to_string();
        let lines: Vec<Vec<&str>> = table.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(lines[0], ["first", "0.0", "s", "FAILED"]);
        assert_eq!(lines[1], ["second", "0.0", "s", "ok"]);
        assert_eq!(lines[2], ["all", "0.0", "s"]);
    }
}
