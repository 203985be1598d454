//! `cargo xtask power [--cuts N] [--first SEED]`: takes the power away from the real program, and sees what is left.
//!
//! The project lies on an ext4 of its own, in a file that is mounted through a loop device. A cut is ext4's shutdown
//! ioctl without a flush of its log: what was not synced is gone, as when the plug is pulled. The remote is another
//! machine's and lies outside. Cuts come in two kinds:
//!
//! - *after done*: a work chosen at random was shown as `committed` in the JSON events (the same note that is
//!   `✅ phase-1 done` on a terminal), and a random part of a second has passed;
//! - *within the commit*: a random moment between the end of a work's green verification (where it has none: the answer
//!   at its gate) and that event. The time it takes is measured in an undisturbed run. A cut that came too late, because
//!   the event was shown already, is examined like the others and is counted apart, as one beside the commit.
//!
//! After each the disk is mounted again, which replays its journal, and: everything shown as done is in history with its
//! trailers, `git fsck --strict` finds nothing, documents are whole, what the person had is there byte by byte. Then the
//! program is started again and must come to the end of an undisturbed run.
//!
//! The control is the same with syncing switched off, and not in our program: `strace` answers its calls of `fsync` and
//! the like with success and does not make them. Where nothing is lost then, the cuts prove nothing, and that is a
//! failure.
//!
//! What only root can do happens in namespaces of its own for mounts and processes: however it ends, also by ctrl-c or
//! SIGKILL, the kernel ends every process in it, unmounts, and lets go of the loop device.
//!
//! Absent on purpose: the cache of a disk. What ext4 handed to the block device before the cut stays, in the order in
//! which it was handed over.

mod bench;
mod disk;
mod inside;
mod life;
mod needs;
mod scene;

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use serde::{Deserialize, Serialize};

use crate::simulate::cargo;

/// What a caller gets where nothing could be tried: neither a success nor a failure, as automake has it.
const SKIPPED: u8 = 77;
/// How many cuts of each kind there are where nothing else is said.
const CUTS: u32 = 20;
const USAGE: &str = "usage: cargo xtask power [--cuts N] [--first SEED]";

/// What is to be tried.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Plan {
    /// So many cuts of each kind, however long they take.
    pub(crate) least: u32,
    /// And as many as there is time for.
    pub(crate) time: Duration,
    /// The seed of the first pair of cuts; the next pair has the next.
    pub(crate) first: u64,
}

/// What became of a plan.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Outcome {
    /// It cannot be tried here, and why.
    Skipped(String),
    Tried(Report),
}

/// What cuts came to.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Report {
    pub(crate) first_seed: u64,
    pub(crate) last_seed: u64,
    /// Cuts within the second after something was shown as done.
    pub(crate) after_done: u32,
    /// Cuts between a green verification and the news of the commit.
    pub(crate) within_commit: u32,
    /// Cuts that were meant to come within the commit, and came after it.
    pub(crate) beside: u32,
    pub(crate) control: Control,
    /// What was lost, or what did not come to its end, with the seed.
    pub(crate) failures: Vec<String>,
}

/// The same without syncing.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Control {
    pub(crate) cuts: u32,
    /// Cuts after which something was lost.
    pub(crate) lost: u32,
    /// What one of them lost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) example: Option<String>,
    /// Why there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) skipped: Option<String>,
}

/// The chore.
pub(crate) fn run(options: &[&str]) -> anyhow::Result<ExitCode> {
    let plan = parse(options)?;
    let mut out = io::stdout();
    match try_out(&plan)? {
        Outcome::Skipped(why) => {
            writeln!(out, "SKIPPED: no power was cut: {why}")?;
            Ok(ExitCode::from(SKIPPED))
        }
        Outcome::Tried(report) => {
            writeln!(out, "{}", report.summary())?;
            ensure!(report.failures.is_empty(), "{}", report.failures.join("\n"));
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// The part of it that runs in namespaces of its own.
pub(crate) fn run_inside(folder: &str) -> anyhow::Result<ExitCode> {
    inside::run(Path::new(folder))?;
    Ok(ExitCode::SUCCESS)
}

fn parse(options: &[&str]) -> anyhow::Result<Plan> {
    let mut plan = Plan { least: CUTS, time: Duration::ZERO, first: 1 };
    let mut left = options.iter();
    while let Some(option) = left.next() {
        let number: Option<u32> = left.next().and_then(|text| text.parse().ok());
        let number = number.with_context(|| format!("`{option}` needs a number; {USAGE}"))?;
        match *option {
            "--cuts" => plan.least = number,
            "--first" => plan.first = u64::from(number),
            _ => bail!("{USAGE}"),
        }
    }
    Ok(plan)
}

/// Tries it, and tells its progress on standard output.
pub(crate) fn try_out(plan: &Plan) -> anyhow::Result<Outcome> {
    let found = match needs::look() {
        Ok(found) => found,
        Err(missing) => return Ok(Outcome::Skipped(missing)),
    };
    build()?;
    let own = std::env::current_exe().context("find this program")?;
    let folder = tempfile::Builder::new().prefix("orchestra-power-").tempdir().context("make a folder")?;
    let order = inside::Order { plan: plan.clone(), program: beside(&own), strace: found.strace };
    order.write(folder.path())?;
    // A copy: cargo may build this program anew while it runs, and its file is another one then.
    let inside = folder.path().join("xtask");
    fs::copy("/proc/self/exe", &inside).context("copy this program")?;
    let mut child = Command::new(found.unshare)
        .args(["--mount", "--pid", "--fork", "--kill-child", "--mount-proc"])
        .arg(inside)
        .args(["power-inside".as_ref(), folder.path().as_os_str()])
        .stdin(Stdio::piped())
        .spawn()
        .context("start unshare")?;
    // Held until the end: that it is closed tells the inside that nobody waits for it any more.
    let leash = child.stdin.take();
    let status = child.wait().context("wait for unshare")?;
    drop(leash);
    ensure!(status.success(), "the part with the disk ended with {status}");
    inside::read_outcome(folder.path())
}

/// Builds the program that is tried.
fn build() -> anyhow::Result<()> {
    let status = Command::new(cargo())
        .args(["build", "--locked", "--package", "orchestra"])
        .current_dir(crate::top())
        .stdin(Stdio::null())
        .status()
        .context("start cargo")?;
    ensure!(status.success(), "the program does not build");
    Ok(())
}

/// The program, which cargo puts beside this one.
fn beside(own: &Path) -> PathBuf {
    own.with_file_name("orchestra")
}

impl Report {
    pub(crate) fn summary(&self) -> String {
        let Self { first_seed, last_seed, after_done, within_commit, beside, control, failures } = self;
        let failed = failures.len();
        let control = match &control.skipped {
            Some(why) => format!("no control: {why}"),
            None => format!("without syncing {} of {} cuts lost something", control.lost, control.cuts),
        };
        format!(
            "power cuts: {after_done} after done, {within_commit} within the commit, {beside} beside it, seeds \
             {first_seed} to {last_seed}: {failed} lost something; {control}"
        )
    }
}

/// Reads a file, and names it where that fails.
fn read(path: &Path) -> anyhow::Result<String> {
    fs::read_to_string(path).with_context(|| format!("read `{}`", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twenty_cuts_of_each_kind_are_made_where_nothing_else_is_said() {
        assert_eq!(parse(&[]).unwrap(), Plan { least: 20, time: Duration::ZERO, first: 1 });
        let chosen = parse(&["--first", "7", "--cuts", "3"]).unwrap();
        assert_eq!((chosen.least, chosen.first), (3, 7));
    }

    #[test]
    fn an_option_that_is_not_known_or_has_no_number_is_refused() {
        for options in [&["--cuts"][..], &["--cuts", "many"], &["--cut", "3"]] {
            let why = parse(options).unwrap_err().to_string();
            assert!(why.contains(USAGE), "{why}");
        }
    }

    #[test]
    fn a_control_that_could_not_be_run_is_named() {
        let control = Control { skipped: Some("no strace".to_owned()), ..Control::default() };
        let report = Report { control, ..Report::default() };
        assert!(
            report.summary().ends_with("0 lost something; no control: no strace"),
            "{}",
            report.summary()
        );
    }
}
