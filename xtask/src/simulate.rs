//! `cargo xtask simulate [--schedules N] [--first S]`: plays many schedules of the worker's simulation, optimised.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, bail};

/// How many schedules are played where nothing else is said.
const SCHEDULES: u64 = 1_000_000;

/// Plays them and prints what they came to, or the first seed that breaks a promise and its least schedule.
pub(crate) fn run(options: &[&str]) -> anyhow::Result<()> {
    let (mut schedules, mut first) = (SCHEDULES, 0);
    let mut left = options.iter();
    while let Some(option) = left.next() {
        let number = left.next().and_then(|text| text.replace('_', "").parse().ok());
        let number: u64 = number.with_context(|| format!("`{option}` needs a number"))?;
        match *option {
            "--schedules" => schedules = number,
            "--first" => first = number,
            _ => bail!("usage: cargo xtask simulate [--schedules N] [--first SEED]"),
        }
    }
    let status = command(first, schedules).status().context("start cargo")?;
    if !status.success() {
        bail!("a schedule breaks a promise (`ORCHESTRA_SEED=` above plays it alone)");
    }
    Ok(())
}

/// Plays so many schedules from this seed on.
pub(crate) fn command(first: u64, schedules: u64) -> Command {
    let mut command = Command::new(cargo());
    command
        .args(["test", "--release", "--package", "orchestra-core", "--lib", "schedules_keep", "--"])
        .arg("--nocapture")
        .current_dir(crate::top())
        .env("ORCHESTRA_SCHEDULES", schedules.to_string())
        .env("ORCHESTRA_FIRST", first.to_string())
        .env("RUST_BACKTRACE", "0");
    command
}

/// The cargo that runs this program.
pub(crate) fn cargo() -> PathBuf {
    std::env::var_os("CARGO").map_or_else(|| "cargo".into(), PathBuf::from)
}
