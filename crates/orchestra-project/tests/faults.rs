//! Faults put into system calls, and a kill at each of them.

use std::fs;
use std::path::Path;
use std::process::Command;

use orchestra_core::path::ContentHash;
use orchestra_core::record::Record;
use orchestra_project::atomic;
use orchestra_project::documents::WriteError;
use orchestra_project::file::FileError;
use orchestra_project::journal::{self, Durability, Journal, JournalError};
use orchestra_project::layout::Layout;
use orchestra_project::load::Scanner;
use orchestra_project::lock::{HeldBy, LockError, WorkerLock, peek};
use orchestra_project::scaffold::{self, Options};

use crate::child::{Player, project, set_status};
use crate::scaffold_projects::{self, snapshot};

/// Starts a part with a fault in the calls that `inject` names; `None` where this machine cannot.
fn start_with(inject: &str, part: &str, root: &Path) -> Option<Player> {
    let works = Command::new("strace").args(["-f", "-qq", "-o", "/dev/null", "true"]).output();
    if !works.is_ok_and(|output| output.status.success()) {
        eprintln!("SKIPPED `{part}` with `{inject}`: no strace that works here");
        return None;
    }
    let inject = format!("inject={inject}");
    Some(Player::start(&["strace", "-f", "-qq", "-o", "/dev/null", "-e", &inject], part, root))
}

#[test]
fn f01_killed_at_any_call_that_changes_something_a_write_is_done_or_not_and_is_done_again() {
    let undisturbed = tempfile::tempdir().unwrap();
    let whole = project(undisturbed.path());
    write_once(undisturbed.path());
    let expected = documents(&whole);
    for call in ["renameat2", "fsync", "fdatasync", "unlinkat", "mkdirat", "write"] {
        let mut killed = 0;
        for when in 1.. {
            let temp = tempfile::tempdir().unwrap();
            let layout = project(temp.path());
            let before = documents(&layout);
            let inject = format!("{call}:signal=SIGKILL:when={when}");
            let Some(mut player) = start_with(&inject, "write once", temp.path()) else { return };
            let came_to_its_end = player.ends_well();

            let memory = journal::fold(&layout).unwrap().memory;
            for (path, bytes) in documents(&layout) {
                let was_before = before.contains(&(path.clone(), bytes.clone()));
                let is_temp = path.contains(".orchestra-tmp-");
                let repo_path = orchestra_core::path::RepoPath::parse(path.as_str()).unwrap();
                let is_ours = memory.is_ours(&repo_path, ContentHash::of(&bytes));
                assert!(was_before || is_temp || is_ours, "{inject}: {path} is half there");
            }
            assert_eq!(Scanner::default().scan(&layout).unwrap().set_aside, [], "{inject}");
            layout.sweep().unwrap();
            write_once(temp.path());
            assert_eq!(documents(&layout), expected, "{inject}");
            if came_to_its_end {
                break;
            }
            killed = when;
        }
        println!("{call}: killed at {killed} places");
        assert!(killed > 0, "{call} was never called, so nothing was tried");
    }
}

pub(crate) fn write_once(root: &Path) {
    let layout = Layout::open(root).unwrap();
    let (mut journal, _) = Journal::open(&layout).unwrap();
    set_status(&layout, &mut journal, 1).unwrap();
}

#[test]
fn f01_a_set_up_that_is_killed_anywhere_leaves_whole_files_and_what_is_swept() {
    let files = [("Cargo.toml", "[package]\nname = \"shop\"\n"), ("AGENTS.md", "# Ours\n")];
    let undisturbed = scaffold_projects::project(&files);
    set_up(undisturbed.path());
    let expected = snapshot(undisturbed.path());
    for call in ["renameat2", "fsync", "mkdirat"] {
        let mut killed = 0;
        for when in 1.. {
            let temp = scaffold_projects::project(&files);
            let inject = format!("{call}:signal=SIGKILL:when={when}");
            let Some(mut player) = start_with(&inject, "set up", temp.path()) else { return };
            let came_to_its_end = player.ends_well();
            for (path, bytes) in snapshot(temp.path()) {
                let is_whole = expected.get(&path) == Some(&bytes);
                let is_old = files.contains(&(path.as_str(), str::from_utf8(&bytes).unwrap()));
                let is_temp = atomic::is_temp(Path::new(&path).file_name().unwrap());
                assert!(is_whole || is_old || is_temp, "{inject}: {path}");
            }
            // Where there is no folder yet, nothing was left in it.
            if let Ok(layout) = Layout::open(temp.path()) {
                layout.sweep().unwrap();
            }
            set_up(temp.path());
            assert!(snapshot(temp.path()) == expected, "{inject}");
            if came_to_its_end {
                break;
            }
            killed = when;
        }
        println!("{call}: killed at {killed} places");
        assert!(killed > 0, "{call} was never called, so nothing was tried");
    }
}

pub(crate) fn set_up(root: &Path) {
    let detection = scaffold_projects::detection(root);
    let plan = scaffold::plan(root, &detection, &scaffold_projects::claude(), &Options::default()).unwrap();
    scaffold::write(root, &plan).unwrap();
}

/// Every file of the milestones, by its path as git has it.
fn documents(layout: &Layout) -> Vec<(String, Vec<u8>)> {
    let (mut found, mut folders) = (Vec::new(), vec![layout.milestones()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(layout.root()).unwrap().to_str().unwrap().to_owned();
                found.push((name, fs::read(path).unwrap()));
            }
        }
    }
    found.sort();
    found
}

#[test]
fn f23_what_could_not_be_synced_is_never_said_to_be_done() {
    for call in ["fsync", "fdatasync"] {
        let temp = tempfile::tempdir().unwrap();
        let layout = project(temp.path());
        drop(Journal::open(&layout).unwrap());
        let inject = format!("{call}:error=EIO");
        let Some(mut player) = start_with(&inject, "find no sync", temp.path()) else { return };
        player.finish();
    }
}

pub(crate) fn find_no_sync(root: &Path) {
    let layout = Layout::open(root).unwrap();
    let note = || Record::Note { text: "x".to_owned() };
    let (mut journal, _) = match Journal::open(&layout) {
        Ok(opened) => opened,
        // Not even the folder can be synced.
        Err(error) => return assert!(matches!(error, JournalError::File(FileError::Io { .. })), "{error:?}"),
    };
    journal.append(note(), Durability::Written).unwrap();
    let error = journal.append(note(), Durability::Synced).unwrap_err();
    assert!(matches!(error, JournalError::File(FileError::Io { action: "sync", .. })), "{error:?}");
    for _ in 0..2 {
        assert!(matches!(journal.append(note(), Durability::Written), Err(JournalError::Broken)));
        assert!(matches!(journal.sync(), Err(JournalError::Broken)));
    }
    let error = set_status(&layout, &mut journal, 1).unwrap_err();
    assert!(matches!(error, WriteError::Journal(JournalError::Broken)), "{error:?}");
}

#[test]
fn f28_a_file_system_without_locks_is_noticed_and_two_workers_still_exclude_each_other() {
    let temp = tempfile::tempdir().unwrap();
    project(temp.path());
    for error in ["ENOLCK", "EOPNOTSUPP"] {
        let inject = format!("flock:error={error}");
        let Some(mut player) = start_with(&inject, "find no locks", temp.path()) else { return };
        player.finish();
    }
}

pub(crate) fn find_no_locks(root: &Path) {
    let layout = Layout::open(root).unwrap();
    let lock = WorkerLock::try_acquire(&layout, "1").unwrap();
    let Err(LockError::Held(held)) = WorkerLock::try_acquire(&layout, "1") else { panic!("not held") };
    assert_eq!(held.by, HeldBy::Worker);
    assert_eq!(held.way_out, Some(layout.state().join("worker.lock.exclusive")));
    assert_eq!(peek(&layout).unwrap(), Some(*held));
    assert!(lock.still_ours().unwrap());
    write_once(root);
    drop(lock);
    assert_eq!(peek(&layout).unwrap(), None);
}
