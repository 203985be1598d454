use std::fs;
use std::io;

use super::*;
use crate::testing::project;

fn no_locks(_: &File) -> Result<(), TryLockError> {
    Err(TryLockError::Error(io::Error::from(Errno::NOLCK)))
}

fn held_by(result: Result<WorkerLock, LockError>) -> Held {
    match result {
        Err(LockError::Held(held)) => *held,
        other => panic!("not held: {other:?}"),
    }
}

/// Changes what the file of the other kind of lock says about its holder.
fn forge(layout: &Layout, change: impl FnOnce(&mut Holder)) {
    let path = layout.state().join("worker.lock.exclusive");
    let mut holder = Holder::parse(&fs::read(&path).unwrap()).unwrap();
    change(&mut holder);
    fs::write(&path, holder.to_bytes()).unwrap();
}

#[test]
fn the_second_worker_is_told_who_the_first_one_is_and_what_it_does() {
    let (_temp, layout) = project();
    assert_eq!(peek(&layout).unwrap(), None);
    let mut first = WorkerLock::try_acquire(&layout, "1.2.3").unwrap();
    first.describe("M1-user-auth, phase-2, in some detail", false).unwrap();
    first.describe("M1 phase-3", false).unwrap();

    let held = held_by(WorkerLock::try_acquire(&layout, "1.2.3"));
    assert_eq!(held.by, HeldBy::Worker);
    assert_eq!(held.holder.as_ref(), Some(first.holder()));
    assert_eq!(held.holder.as_ref().unwrap().running, "M1 phase-3");
    assert_eq!(peek(&layout).unwrap(), Some(held));

    drop(first);
    assert_eq!(peek(&layout).unwrap(), None);
    assert!(layout.worker_lock().exists(), "the file stays");
    drop(WorkerLock::try_acquire(&layout, "1.2.3").unwrap());
}

#[test]
fn f29_a_lock_whose_file_was_removed_or_replaced_is_not_ours_any_more() {
    let (_temp, layout) = project();
    let lock = WorkerLock::try_acquire(&layout, "1").unwrap();
    assert!(lock.still_ours().unwrap());
    let aside = layout.state().join("aside");
    fs::rename(layout.worker_lock(), &aside).unwrap();
    assert!(!lock.still_ours().unwrap());
    fs::copy(&aside, layout.worker_lock()).unwrap();
    assert!(!lock.still_ours().unwrap());
    fs::rename(&aside, layout.worker_lock()).unwrap();
    assert!(lock.still_ours().unwrap());
    fs::rename(layout.state(), layout.orchestra().join("gone")).unwrap();
    assert!(!lock.still_ours().unwrap());
}

#[test]
fn f28_without_locks_of_the_file_system_a_file_stands_in() {
    let (_temp, layout) = project();
    let first = WorkerLock::acquire_by(&layout, "1", no_locks).unwrap();
    let held = held_by(WorkerLock::acquire_by(&layout, "1", no_locks));
    assert_eq!((held.by, held.way_out.is_some()), (HeldBy::Worker, true));
    assert_eq!(held_by(WorkerLock::try_acquire(&layout, "1")), held, "a machine with locks sees it too");
    assert_eq!(peek(&layout).unwrap(), Some(held));
    assert!(first.still_ours().unwrap());
    forge(&layout, |holder| holder.process.pid += 1);
    assert!(!first.still_ours().unwrap());
    drop(first);
    assert!(layout.state().join("worker.lock.exclusive").exists(), "what is not ours is not removed");
}

#[test]
fn f30_such_a_file_is_stale_only_where_that_is_proven() {
    let stale = |change: fn(&mut Holder)| {
        let (_temp, layout) = project();
        let lock = WorkerLock::acquire_by(&layout, "1", no_locks).unwrap();
        forge(&layout, change);
        drop(lock);
        WorkerLock::acquire_by(&layout, "1", no_locks).is_ok()
    };
    let dead: fn(&mut Holder) =
        |holder| holder.process.started = holder.process.started.map(|start| start + 1);
    assert!(!stale(|holder| holder.since -= jiff::SignedDuration::from_hours(10_000)), "age proves nothing");
    assert!(stale(dead), "the id is another process's by now");
    assert!(stale(|holder| holder.machine.boot = "another".to_owned()), "this machine was started anew");
    assert!(!stale(|holder| {
        holder.machine.boot = "another".to_owned();
        holder.machine.host = "elsewhere".to_owned();
    }));
    assert!(!stale(|holder| {
        holder.machine.pids = "pid:[1]".to_owned();
        holder.process.pid = u32::MAX;
    }));
    assert!(!stale(|holder| holder.machine.boot.clear()));
}

#[test]
fn a_file_that_says_nothing_is_held() {
    let (_temp, layout) = project();
    layout.make_state().unwrap();
    fs::write(layout.state().join("worker.lock.exclusive"), "").unwrap();
    let held = held_by(WorkerLock::acquire_by(&layout, "1", no_locks));
    assert_eq!((held.holder, held.by), (None, HeldBy::Unknown));
}

#[test]
fn two_that_find_a_stale_file_do_not_both_get_the_lock() {
    let (_temp, layout) = project();
    for _ in 0..50 {
        let lock = WorkerLock::acquire_by(&layout, "1", no_locks).unwrap();
        forge(&layout, |holder| holder.machine.boot = "another".to_owned());
        drop(lock);
        let won: Vec<WorkerLock> = std::thread::scope(|scope| {
            let start = || scope.spawn(|| WorkerLock::acquire_by(&layout, "1", no_locks).ok());
            let both = [start(), start()];
            both.into_iter().filter_map(|thread| thread.join().unwrap()).collect()
        });
        assert!(won.len() <= 1, "{won:?}");
    }
}

#[test]
fn one_process_writes_documents_at_a_time() {
    let (_temp, layout) = project();
    let first = DocumentsLock::acquire(&layout).unwrap();
    let layout = &layout;
    std::thread::scope(|scope| {
        let (sender, receiver) = std::sync::mpsc::channel();
        scope.spawn(move || {
            let _second = DocumentsLock::acquire(layout).unwrap();
            sender.send(()).unwrap();
        });
        assert!(receiver.recv_timeout(Duration::from_millis(50)).is_err());
        drop(first);
        receiver.recv().unwrap();
    });
}
