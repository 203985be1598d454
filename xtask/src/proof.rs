//! `cargo xtask proof --minutes N`: tries the promises for so long, in every way there is, and writes down what came of
//! it.
//!
//! What it finds is `docs/proof.json`, and the README's figures are made from that by `cargo xtask generate`. A figure is
//! what was counted in this run, failures included; what could not be tried is named there with the reason.
//!
//! Building comes before and is not counted. Then, in this order: the tests of faults, all of them, however long they
//! take; power cuts, kills and crash schedules share what is left.
//!
//! Absent on purpose: the machine's name and its folders.

mod record;
mod runs;
mod shares;

use std::fs;
use std::io::{self, Write};
use std::num::NonZero;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use record::Proof;

use crate::power::{self, Outcome, Plan};

/// Where it is written down.
const PATH: &str = "docs/proof.json";
const USAGE: &str = "usage: cargo xtask proof --minutes N [--first SEED]";

/// What is asked for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Options {
    minutes: u64,
    /// The first seed of everything that has seeds.
    first: u64,
}

/// Tries everything, and fails where something failed.
pub(crate) fn run(options: &[&str]) -> anyhow::Result<()> {
    let Options { minutes, first } = parse(options)?;
    let mut proof = Proof { minutes, ..about_this_run()? };
    say("building")?;
    runs::build()?;
    let begun = Instant::now();
    let end = begun + Duration::from_mins(minutes);

    say("faults")?;
    let since = Instant::now();
    proof.faults = runs::faults(&mut proof.failures)?;
    proof.faults.seconds = since.elapsed().as_secs();

    let [cuts, ..] = shares::of(end.saturating_duration_since(Instant::now()));
    say(&format!("power cuts, for about {} s", cuts.as_secs()))?;
    try_power(&mut proof, &Plan { least: shares::least_cuts(minutes), time: cuts, first })?;

    let [_, kills, schedules] = shares::of(end.saturating_duration_since(Instant::now()));
    // The cuts had theirs already.
    let kills = kills + shares::part(end.saturating_duration_since(Instant::now()), kills, schedules);
    say(&format!("kills, for about {} s", kills.as_secs()))?;
    let since = Instant::now();
    proof.kills = runs::kills(first, since + kills, &mut proof.failures)?;
    proof.kills.seconds = since.elapsed().as_secs();

    let left = end.saturating_duration_since(Instant::now());
    say(&format!("crash schedules, for about {} s", left.as_secs()))?;
    let since = Instant::now();
    proof.schedules = runs::schedules(first, end, &mut proof.failures)?;
    proof.schedules.seconds = since.elapsed().as_secs();

    proof.seconds = begun.elapsed().as_secs();
    let text = proof.to_json()?;
    fs::write(crate::top().join(PATH), &text).with_context(|| format!("write `{PATH}`"))?;
    writeln!(io::stdout(), "{text}\nwrote {PATH}; `cargo xtask generate` brings the README in line")?;
    ensure!(proof.failures.is_empty(), "{} of these failed", proof.failures.len());
    Ok(())
}

fn try_power(proof: &mut Proof, plan: &Plan) -> anyhow::Result<()> {
    let since = Instant::now();
    match power::try_out(plan)? {
        Outcome::Skipped(why) => {
            say(&format!("SKIPPED: no power was cut: {why}"))?;
            proof.skipped.push(format!("power cuts: {why}"));
        }
        Outcome::Tried(report) => {
            proof.skipped.extend(report.control.skipped.iter().map(|why| format!("the control: {why}")));
            proof.failures.extend(report.failures.iter().map(|why| format!("power: {why}")));
            proof.power = Some(report);
        }
    }
    proof.power_seconds = since.elapsed().as_secs();
    Ok(())
}

/// The README as it must be: with the section that is made from the proof. None where there is no proof.
pub(crate) fn readme(top: &Path) -> anyhow::Result<Option<String>> {
    let file = top.join(PATH);
    if !file.exists() {
        return Ok(None);
    }
    let text = fs::read_to_string(&file).with_context(|| format!("read `{PATH}`"))?;
    let proof = Proof::parse(&text)?;
    let readme = fs::read_to_string(top.join("README.md")).context("read `README.md`")?;
    Ok(Some(record::put_in(&readme, &proof)?))
}

fn parse(options: &[&str]) -> anyhow::Result<Options> {
    let (mut minutes, mut first) = (None, 1);
    let mut left = options.iter();
    while let Some(option) = left.next() {
        let number: Option<u64> = left.next().and_then(|text| text.parse().ok());
        let number = number.with_context(|| format!("`{option}` needs a number; {USAGE}"))?;
        match *option {
            "--minutes" => minutes = Some(number),
            "--first" => first = number,
            _ => bail!("{USAGE}"),
        }
    }
    let minutes = minutes.filter(|minutes| *minutes > 0).context(USAGE)?;
    Ok(Options { minutes, first })
}

/// When, of what and on how many cores.
fn about_this_run() -> anyhow::Result<Proof> {
    let said = |program: &str, arguments: &[&str]| -> anyhow::Result<String> {
        let output = Command::new(program).args(arguments).current_dir(crate::top()).output();
        let output = output.with_context(|| format!("start {program}"))?;
        ensure!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr).trim());
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    Ok(Proof {
        date: said("date", &["-u", "+%Y-%m-%d"])?,
        commit: said("git", &["rev-parse", "HEAD"])?,
        changed: !said("git", &["status", "--porcelain"])?.is_empty(),
        cores: std::thread::available_parallelism().map_or(1, NonZero::get),
        ..Proof::default()
    })
}

fn say(what: &str) -> io::Result<()> {
    writeln!(io::stdout(), "== {what}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minutes_must_be_named_and_the_first_seed_may_be() {
        assert_eq!(parse(&["--minutes", "12"]).unwrap(), Options { minutes: 12, first: 1 });
        let both = parse(&["--first", "7", "--minutes", "1"]).unwrap();
        assert_eq!(both, Options { minutes: 1, first: 7 });
        for options in [&[][..], &["--minutes"], &["--minutes", "0"], &["--minutes", "1", "--fast", "2"]] {
            assert!(parse(options).unwrap_err().to_string().contains(USAGE), "{options:?}");
        }
    }

    #[test]
    fn the_readme_shows_the_figures_of_the_proof_that_is_committed() {
        let top = crate::top();
        let expected = readme(&top).unwrap().expect("there is a proof");
        let found = fs::read_to_string(top.join("README.md")).unwrap();
        assert!(found == expected, "README.md and {PATH} differ: run `cargo xtask generate`");
    }
}
