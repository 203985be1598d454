//! Runs of tests, with what they count.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};

use super::record::{Faults, Kills, Schedules};
use crate::simulate::{self, cargo};
use crate::tally::Tally;

/// All test binaries; documentation has no faults.
const TESTS: [&str; 7] = ["test", "--workspace", "--locked", "--no-fail-fast", "--lib", "--bins", "--tests"];
/// The whole-program tests, chosen so that cargo builds nothing anew.
const PROGRAM_TESTS: [&str; 5] = ["test", "--workspace", "--locked", "--test", "main"];
const KILLS: &str = "kills::wherever";
/// Kills of one round: an undisturbed run comes first in each.
const ROUND: u64 = 60;
/// Schedules from which the speed is known.
const FIRST_SCHEDULES: u64 = 20_000;
/// How long a round of schedules takes.
const LONG_ROUND: Duration = Duration::from_mins(1);
/// So little is not begun any more.
const TOO_LITTLE: Duration = Duration::from_secs(5);

/// What a run printed, and whether it succeeded.
struct Ran {
    is_good: bool,
    said: String,
}

/// Builds everything that is run, so that the time is for running it.
pub(super) fn build() -> anyhow::Result<()> {
    let built = |mut command: Command| -> anyhow::Result<()> {
        let status =
            command.current_dir(crate::top()).stdin(Stdio::null()).status().context("start cargo")?;
        ensure!(status.success(), "it does not build");
        Ok(())
    };
    let mut tests = Command::new(cargo());
    tests.args(TESTS).arg("--no-run");
    built(tests)?;
    // Programs that tests start; with them named, `cargo test` would build something else.
    let mut examples = Command::new(cargo());
    examples.args(["build", "--workspace", "--locked", "--examples"]);
    built(examples)?;
    let mut simulation = Command::new(cargo());
    simulation.args(["test", "--release", "--package", "orchestra-core", "--lib", "--no-run"]);
    built(simulation)
}

/// Runs every test that is named after a row of the fault matrix.
pub(super) fn faults(failures: &mut Vec<String>) -> anyhow::Result<Faults> {
    let listed = run(Command::new(cargo()).args(TESTS).args(["--", "--list", "--format", "terse"]))?;
    ensure!(listed.is_good, "the tests cannot be listed:\n{}", listed.said);
    let names = listed.said.lines().filter_map(|line| line.strip_suffix(": test"));
    let chosen: BTreeSet<&str> = names.filter(|name| row(name).is_some()).collect();
    let rows: BTreeSet<String> = chosen.iter().filter_map(|name| row(name)).map(str::to_owned).collect();
    if chosen.is_empty() {
        return Ok(Faults::default());
    }
    let ran = run(Command::new(cargo()).args(TESTS).args(["--", "--exact"]).args(&chosen))?;
    let mut tally = Tally::default();
    ran.said.lines().for_each(|line| tally.line(line));
    writeln!(io::stdout(), "{tally}")?;
    if !ran.is_good || !tally.is_good() {
        writeln!(io::stdout(), "{}", ran.said)?;
        failures.extend(tally.failures().iter().map(|name| format!("fault: {name}")));
        if tally.failures().is_empty() {
            failures.push("fault: the tests did not come to their end".to_owned());
        }
    }
    let (passed, failed) = (u64::from(tally.passed()), u64::from(tally.failed()));
    Ok(Faults { rows: rows.into_iter().collect(), passed, failed, seconds: 0 })
}

/// Kills the real program until the time is over, and once in any case.
pub(super) fn kills(first: u64, until: Instant, failures: &mut Vec<String>) -> anyhow::Result<Kills> {
    let mut kills = Kills { first_seed: first, last_seed: first, ..Kills::default() };
    let mut next = first;
    loop {
        let begun = Instant::now();
        let ran = run(Command::new(cargo())
            .args(PROGRAM_TESTS)
            .args(["--", KILLS, "--nocapture"])
            .env("ORCHESTRA_KILLS", ROUND.to_string())
            .env("ORCHESTRA_FIRST", next.to_string()))?;
        let (last, count) = killed(&ran.said);
        if !ran.is_good || count == 0 {
            writeln!(io::stdout(), "{}", ran.said)?;
            failures.push(format!("kills: seed {}", last.unwrap_or(next)));
            return Ok(kills);
        }
        kills.last_seed = last.unwrap_or(next);
        kills.count += count;
        writeln!(io::stdout(), "{} kills, seeds {first} to {}", kills.count, kills.last_seed)?;
        next = kills.last_seed + 1;
        if Instant::now() + begun.elapsed() > until {
            return Ok(kills);
        }
    }
}

/// Plays schedules until the time is over, and [`FIRST_SCHEDULES`] in any case.
pub(super) fn schedules(first: u64, until: Instant, failures: &mut Vec<String>) -> anyhow::Result<Schedules> {
    let mut sum = Schedules { first_seed: first, ..Schedules::default() };
    let mut count = FIRST_SCHEDULES;
    loop {
        let begun = Instant::now();
        let next = first + sum.played;
        let ran = run(&mut simulate::command(next, count))?;
        if !ran.is_good {
            writeln!(io::stdout(), "{}", ran.said)?;
            failures.push(format!("schedules: {} of the {count} from seed {next} on", broken(&ran.said)));
            return Ok(sum);
        }
        sum.played += count;
        writeln!(io::stdout(), "{} schedules", sum.played)?;
        let left = until.saturating_duration_since(Instant::now());
        if left < TOO_LITTLE {
            return Ok(sum);
        }
        count = fitting(count, begun.elapsed(), left.min(LONG_ROUND));
    }
}

/// How many of something fit into a time, where so many took so long.
fn fitting(count: u64, took: Duration, time: Duration) -> u64 {
    let fit = u128::from(count) * time.as_millis() / took.as_millis().max(1);
    // A round of few could miss what every round must reach.
    u64::try_from(fit).unwrap_or(u64::MAX).max(FIRST_SCHEDULES / 10)
}

/// The row of the fault matrix after which a test is named: `f20` of `disk::f20_a_full_disk`.
fn row(name: &str) -> Option<&str> {
    name.match_indices(['f', 'a']).map(|(at, _)| at).find_map(|at| {
        let begins = at == 0 || name[..at].ends_with([':', '_']);
        let id = name.get(at..at + 3)?;
        let is_id = id[1..].bytes().all(|byte| byte.is_ascii_digit());
        (begins && is_id && name[at + 3..].starts_with('_')).then_some(id)
    })
}

/// The last seed that a round of kills began, and how many there were where it came to its end.
fn killed(said: &str) -> (Option<u64>, u64) {
    let mut seeds =
        said.lines().filter_map(|line| line.strip_prefix("seed ")?.split_once(',')?.0.parse().ok());
    let kills = said.lines().filter_map(|line| line.strip_suffix(" kills")?.parse::<u64>().ok());
    (seeds.next_back(), kills.sum())
}

/// What the simulation says of the seed that breaks a promise.
fn broken(said: &str) -> &str {
    said.lines().find(|line| line.starts_with("ORCHESTRA_SEED=")).unwrap_or("one")
}

fn run(command: &mut Command) -> anyhow::Result<Ran> {
    command.current_dir(crate::top()).env("RUST_BACKTRACE", "0").stdin(Stdio::null());
    let output = command.output().context("start cargo")?;
    let said = [output.stdout, output.stderr].concat();
    Ok(Ran { is_good: output.status.success(), said: String::from_utf8_lossy(&said).into_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_of_a_fault_has_the_row_in_its_name() {
        assert_eq!(row("f20_a_full_disk"), Some("f20"));
        assert_eq!(row("disk::f20_a_full_disk"), Some("f20"));
        assert_eq!(row("disk::rows_f20_and_f21_stop"), Some("f20"));
        assert_eq!(row("traps::a05_is_not_run"), Some("a05"));
        for other in ["half20_done", "f2_short", "f200_long", "disk::a_file_of_20_bytes", "f20", "fä20_"] {
            assert_eq!(row(other), None, "{other}");
        }
    }

    #[test]
    fn kills_are_counted_from_what_the_test_prints() {
        let said = "seed 4, after up to 300 ms\nseed 5, after up to 300 ms\n61 kills\ntest kills::a ... ok\n";
        assert_eq!(killed(said), (Some(5), 61));
        assert_eq!(killed("seed 4, after up to 300 ms\npanicked"), (Some(4), 0));
        assert_eq!(killed(""), (None, 0));
    }

    #[test]
    fn a_round_of_schedules_fits_into_its_time() {
        let second = Duration::from_secs(1);
        assert_eq!(fitting(20_000, 10 * second, 60 * second), 120_000);
        assert_eq!(fitting(20_000, 10 * second, Duration::ZERO), 2_000);
        assert_eq!(fitting(20_000, Duration::ZERO, second), 20_000_000);
    }

    #[test]
    fn the_seed_that_breaks_a_promise_is_named() {
        let said = "x\nORCHESTRA_SEED=77 fails; the least schedule that does:\ny";
        assert!(broken(said).starts_with("ORCHESTRA_SEED=77 "));
        assert_eq!(broken(""), "one");
    }
}
