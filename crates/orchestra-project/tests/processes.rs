//! Two processes, one project.

use std::fs;
use std::time::{Duration, Instant};

use orchestra_project::layout::Layout;
use orchestra_project::load::Scanner;
use orchestra_project::lock::{HeldBy, LockError, WorkerLock, peek};
use orchestra_project::{atomic, journal};

use crate::child::{Player, project};

const LONG: Duration = Duration::from_secs(30);

fn held_by(layout: &Layout) -> HeldBy {
    match WorkerLock::try_acquire(layout, "1") {
        Err(LockError::Held(held)) => held.by,
        other => panic!("{other:?}"),
    }
}

#[test]
fn f81_a_second_process_is_told_at_once_who_has_the_lock() {
    let temp = tempfile::tempdir().unwrap();
    let layout = project(temp.path());
    let mut worker = Player::start(&["env"], "hold the lock", temp.path());
    worker.wait_ready(1);
    let began = Instant::now();
    let Err(LockError::Held(held)) = WorkerLock::try_acquire(&layout, "1") else { panic!("not held") };
    assert!(began.elapsed() < Duration::from_millis(200), "{:?}", began.elapsed());
    let holder = held.holder.clone().unwrap();
    assert_eq!(
        (held.by, holder.process.pid, holder.version.as_str()),
        (HeldBy::Worker, worker.pid(), "1.2.3")
    );
    assert_eq!(peek(&layout).unwrap(), Some(*held));
}

#[test]
fn f02_a_guard_of_a_dead_worker_is_waited_for_and_a_living_worker_is_not() {
    let temp = tempfile::tempdir().unwrap();
    let layout = project(temp.path());
    let mut worker = Player::start(&["env"], "hold the lock", temp.path());
    worker.wait_ready(1);
    let mut told = Vec::new();
    let alive = WorkerLock::acquire_waiting(&layout, "1", LONG, |held| told.push(held.by));
    assert!(matches!(alive, Err(LockError::Held(_))));
    assert_eq!(told, []);

    worker.kill();
    assert_eq!(held_by(&layout), HeldBy::Guard, "the copy of the lock lives on");
    let short = WorkerLock::acquire_waiting(&layout, "1", Duration::from_millis(50), |_| {});
    assert!(matches!(short, Err(LockError::Held(_))));
    // The guard ends while it is waited for.
    let mut input = worker.input.take();
    let lock = WorkerLock::acquire_waiting(&layout, "1", LONG, |held| {
        told.push(held.by);
        input = None;
    });
    assert!(lock.unwrap().still_ours().unwrap());
    assert_eq!(told, [HeldBy::Guard], "said once");
}

#[test]
fn f01_wherever_a_writer_is_killed_every_document_is_whole_and_the_next_start_sweeps_up() {
    let temp = tempfile::tempdir().unwrap();
    let layout = project(temp.path());
    let mut swept = 0;
    for round in 0..40 {
        let mut writer = Player::start(&["env"], "write without end", temp.path());
        writer.wait_ready(1 + round % 3);
        // Somewhere else in the next write each time.
        (0..round * 30_000).for_each(|_| std::hint::spin_loop());
        writer.kill();

        let plan = Scanner::default().scan(&layout).unwrap();
        assert_eq!((plan.milestones.len(), &plan.set_aside), (1, &Vec::new()), "round {round}");
        let milestone = fs::read_to_string(layout.milestone("M1-x").join("milestone.md")).unwrap();
        assert!(milestone.ends_with("- [ ] x\n"), "{milestone}");
        let memory = journal::fold(&layout).unwrap().memory;
        for path in memory.wrote.keys() {
            let bytes = fs::read(layout.locate(path)).unwrap();
            let hash = orchestra_core::path::ContentHash::of(&bytes);
            assert!(memory.is_ours(path, hash), "round {round}: {path} is not known to be ours");
        }
        swept += layout.sweep().unwrap();
        let left = fs::read_dir(layout.milestone("M1-x")).unwrap();
        assert!(!left.into_iter().any(|entry| atomic::is_temp(&entry.unwrap().file_name())));
    }
    println!("swept {swept}");
}
