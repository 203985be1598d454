use std::fs;
use std::sync::mpsc::Receiver;

use super::*;
use crate::testing::project;

/// Longer than any hint takes to come.
const LONG: Duration = Duration::from_secs(20);
/// Long enough for a second hint to come, if there were one.
const AGAIN: Duration = Duration::from_millis(400);

fn hints(layout: &Layout) -> (Watch, Receiver<Hint>) {
    let (sender, receiver) = mpsc::channel();
    (watch(layout, move |hint| drop(sender.send(hint))), receiver)
}

fn is_quiet(hints: &Receiver<Hint>) -> bool {
    hints.recv_timeout(AGAIN).is_err()
}

#[test]
fn an_editors_save_by_rename_is_one_hint() {
    let (_temp, layout) = project();
    fs::create_dir(layout.milestone("M1-x")).unwrap();
    let (_watch, hints) = hints(&layout);
    assert!(is_quiet(&hints));
    let document = layout.milestone("M1-x").join("milestone.md");
    fs::write(&document, "old").unwrap();
    assert_eq!(hints.recv_timeout(LONG), Ok(Hint::Look));
    assert!(is_quiet(&hints));

    fs::rename(&document, document.with_extension("md~")).unwrap();
    fs::write(document.with_extension("swp"), "new").unwrap();
    fs::rename(document.with_extension("swp"), &document).unwrap();
    fs::remove_file(document.with_extension("md~")).unwrap();
    assert_eq!(hints.recv_timeout(LONG), Ok(Hint::Look));
    assert!(is_quiet(&hints), "one save, one hint");
}

#[test]
fn reading_and_the_workers_own_state_give_no_hint() {
    let (_temp, layout) = project();
    layout.make_state().unwrap();
    fs::write(layout.config(), "version: 1\n").unwrap();
    let (_watch, hints) = hints(&layout);
    fs::read(layout.config()).unwrap();
    fs::read_dir(layout.milestones()).unwrap().for_each(drop);
    fs::write(layout.journal(), "x").unwrap();
    fs::write(layout.transcripts().join("turn-1.jsonl"), "x").unwrap();
    fs::create_dir_all(layout.state().join("worktrees/a/b")).unwrap();
    assert!(is_quiet(&hints));

    fs::write(layout.answers().join("rfc-1.json"), "x").unwrap();
    assert_eq!(hints.recv_timeout(LONG), Ok(Hint::Look), "answers are watched");
}

#[test]
fn a_request_to_stop_gives_a_hint() {
    let (_temp, layout) = project();
    let lock = crate::lock::WorkerLock::try_acquire(&layout, "1").unwrap();
    layout.make_state().unwrap();
    let (_watch, hints) = hints(&layout);
    crate::stop::request(&layout, lock.holder(), crate::stop::StopWhen::Now).unwrap();
    assert_eq!(hints.recv_timeout(LONG), Ok(Hint::Look));
}

#[test]
fn a_milestone_that_appears_in_one_rename_is_watched_and_so_is_a_folder_that_comes_later() {
    let (temp, layout) = project();
    fs::remove_dir(layout.milestones()).unwrap();
    let (mut watch, hints) = hints(&layout);
    fs::create_dir(layout.milestones()).unwrap();
    assert_eq!(hints.recv_timeout(LONG), Ok(Hint::Look));
    watch.refresh();

    fs::create_dir_all(temp.path().join("new/phases")).unwrap();
    fs::rename(temp.path().join("new"), layout.milestone("M1-x")).unwrap();
    assert_eq!(hints.recv_timeout(LONG), Ok(Hint::Look));
    assert!(is_quiet(&hints));
    fs::write(layout.milestone("M1-x").join("phases/phase-1.md"), "x").unwrap();
    assert_eq!(hints.recv_timeout(LONG), Ok(Hint::Look));

    // Another folder in its place.
    fs::rename(layout.milestones(), temp.path().join("old")).unwrap();
    fs::create_dir(layout.milestones()).unwrap();
    assert_eq!(hints.recv_timeout(LONG), Ok(Hint::Look));
    watch.refresh();
    assert!(is_quiet(&hints));
    fs::write(layout.milestones().join("x"), "x").unwrap();
    assert_eq!(hints.recv_timeout(LONG), Ok(Hint::Look));
}

#[test]
fn a_link_in_a_milestone_is_not_followed() {
    let (_temp, layout) = project();
    let outside = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(outside.path(), layout.milestone("M1-x")).unwrap();
    let (_watch, hints) = hints(&layout);
    fs::write(outside.path().join("x"), "x").unwrap();
    assert!(is_quiet(&hints));
}

#[test]
fn f26_where_watches_are_used_up_the_caller_is_asked_to_look_and_told_why_once() {
    let (_temp, layout) = project();
    let (sender, hints) = mpsc::channel();
    let watch = watch_by(
        &layout,
        move |hint| drop(sender.send(hint)),
        |_| Err(notify::Error::new(notify::ErrorKind::MaxFilesWatch)),
    );
    let Watching::Polling { why } = watch.mode() else { panic!("{:?}", watch.mode()) };
    assert!(why.contains("max_user_watches"), "{why}");
    assert_eq!(hints.recv_timeout(LONG), Ok(Hint::Polling { why }));
    for _ in 0..2 {
        assert_eq!(hints.recv_timeout(LONG), Ok(Hint::Look));
    }
}

#[test]
fn f26_where_the_limit_is_met_later_the_caller_is_asked_to_look_from_then_on() {
    let (_temp, layout) = project();
    let (sender, hints) = mpsc::channel();
    let (given, handler) = mpsc::channel();
    let watch = watch_by(
        &layout,
        move |hint| drop(sender.send(hint)),
        move |made| {
            given.send(Handler { wake: made.wake.clone() }).unwrap();
            RecommendedWatcher::new(made, notify::Config::default())
        },
    );
    assert_eq!(watch.mode(), Watching::Events);
    handler.recv().unwrap().handle_event(Err(notify::Error::new(notify::ErrorKind::MaxFilesWatch)));
    assert!(matches!(hints.recv_timeout(LONG), Ok(Hint::Polling { .. })));
    for _ in 0..2 {
        assert_eq!(hints.recv_timeout(LONG), Ok(Hint::Look));
    }
    assert!(matches!(watch.mode(), Watching::Polling { .. }));
}

#[test]
fn f27_a_storm_of_changes_is_a_few_hints_and_the_last_one_comes_after_the_last_change() {
    let (_temp, layout) = project();
    let (_watch, hints) = hints(&layout);
    for round in 0..20_000 {
        let name = |number: u32| layout.milestones().join(format!("f{}", number % 2));
        if round == 0 {
            fs::write(name(0), "x").unwrap();
        }
        fs::rename(name(round), name(round + 1)).unwrap();
    }
    let mut count = 0;
    while hints.recv_timeout(AGAIN.max(LATEST * 2)).is_ok() {
        count += 1;
    }
    assert!((1..=50).contains(&count), "{count}");
}
