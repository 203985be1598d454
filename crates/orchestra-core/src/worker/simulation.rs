//! The machine against an in-memory world, cut at every boundary.
//!
//! A schedule is a seed and a list of disturbances: kills, power cuts, faults of agent, verification, hook, remote and
//! disk, and a person who edits, stages, commits, switches branches and answers late. After each cut the machine is
//! started again on what is left. The world itself objects as soon as a promise is broken (`oracle.rs`); comparing only
//! the end would let a recovery pass that does everything twice.
//!
//! `ORCHESTRA_SCHEDULES=1000000 cargo test --release -p orchestra-core schedules` runs a million;
//! `ORCHESTRA_FIRST=n` begins at another seed, `ORCHESTRA_SEED=n` runs one and prints it.

mod agent;
mod disk;
mod oracle;
mod person;
mod run;
mod schedule;
mod world;

use schedule::Schedule;

/// How many schedules the ordinary test run takes.
const ORDINARY: u64 = 20_000;

#[expect(clippy::disallowed_methods, reason = "a person chooses how many schedules to run, and which")]
fn asked(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|text| text.parse().ok())
}

#[test]
fn schedules_keep_every_promise() {
    if let Some(seed) = asked("ORCHESTRA_SEED") {
        let schedule = Schedule::of(seed);
        println!("{schedule}");
        let (log, result) = run::with_log(&schedule);
        println!("{log}\n{result:?}");
        return assert!(result.is_ok());
    }
    let count = asked("ORCHESTRA_SCHEDULES").unwrap_or(ORDINARY);
    let mut sums = run::Sums::default();
    let first = asked("ORCHESTRA_FIRST").unwrap_or(0);
    for seed in first..first + count {
        let schedule = Schedule::of(seed);
        match run::run(&schedule) {
            Ok(came_to) => sums.add(&came_to),
            Err(violation) => {
                let least = schedule.least(|schedule| run::run(schedule).is_err());
                let (log, _) = run::with_log(&least);
                panic!(
                    "{violation}\n\nleast schedule that fails:\n{least}\n\n{log}\n\nORCHESTRA_SEED={seed}"
                );
            }
        }
    }
    println!("{count} schedules: {sums}");
    sums.reach_everything(count);
}

#[test]
fn a_schedule_without_disturbance_ends_with_everything_pushed() {
    let came_to = run::run(&Schedule::undisturbed()).unwrap();
    assert_eq!((came_to.code, came_to.lives), (Some(0), 1));
    assert_eq!(
        came_to.ledger,
        [
            "M1-first rfc",
            "M1-first phase-1",
            "M1-first phase-2",
            "M1-first fix-1-backend-engineer",
            "M1-first close"
        ]
    );
}
