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
mod found;
mod git;
mod oracle;
mod person;
mod run;
mod schedule;
mod traces;
mod tree;
mod view;
mod words;
mod world;

use std::num::NonZero;
use std::sync::atomic::{AtomicU64, Ordering};

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
        return show(&Schedule::of(seed));
    }
    let count = asked("ORCHESTRA_SCHEDULES").unwrap_or(ORDINARY);
    let first = asked("ORCHESTRA_FIRST").unwrap_or(0);
    match play_all(first, first + count) {
        Ok(sums) => {
            println!("{count} schedules: {sums}");
            sums.reach_everything(count);
        }
        Err(seed) => {
            let least = Schedule::of(seed).least(|schedule| run::run(schedule).is_err());
            println!("ORCHESTRA_SEED={seed} fails; the least schedule that does:");
            show(&least);
        }
    }
}

/// Plays a schedule and prints all of it.
fn show(schedule: &Schedule) {
    println!("{schedule}");
    let (log, result) = run::with_log(schedule);
    println!("{log}\n{result:?}");
    if let Err(violation) = result {
        panic!("{violation}");
    }
}

/// Plays the schedules of a range of seeds on all cores; fails with the first seed that breaks a promise.
fn play_all(first: u64, end: u64) -> Result<run::Sums, u64> {
    let (next, broken) = (AtomicU64::new(first), AtomicU64::new(u64::MAX));
    let play = || {
        let mut sums = run::Sums::default();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= end || seed > broken.load(Ordering::Relaxed) {
                return sums;
            }
            match run::run(&Schedule::of(seed)) {
                Ok(came_to) => sums.add(&came_to),
                Err(_) => drop(broken.fetch_min(seed, Ordering::Relaxed)),
            }
        }
    };
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    let sums = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..cores).map(|_| scope.spawn(play)).collect();
        let parts =
            threads.into_iter().map(|thread| thread.join().expect("a schedule fails, it does not panic"));
        parts.sum()
    });
    match broken.into_inner() {
        u64::MAX => Ok(sums),
        seed => Err(seed),
    }
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
