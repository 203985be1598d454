//! What a machine may lack: a kind umask, a disk that can be written, space on it, watches.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use jiff::Timestamp;
use orchestra_core::record::{Answer, Record};
use orchestra_project::answers::{self, AnswerError};
use orchestra_project::config_files::Sources;
use orchestra_project::documents::{CreateError, WriteError, create_milestone};
use orchestra_project::file::FileError;
use orchestra_project::journal::{self, Durability, Journal, JournalError};
use orchestra_project::layout::Layout;
use orchestra_project::load::{Scanner, load};
use orchestra_project::lock::{DocumentsLockError, LockError, WorkerLock};
use orchestra_project::stop::{self, StopWhen};
use orchestra_project::trust::TrustStore;
use orchestra_project::watch::{Watching, watch};

use crate::child::{Player, project, question, set_status};

/// Runs a part in namespaces of its own, after a script that may mount and set limits there; `$D` is the root.
fn in_namespaces(script: &str, part: &str, root: &Path) {
    let works = Command::new("unshare").args(["-Urm", "true"]).output();
    if !works.is_ok_and(|output| output.status.success()) {
        eprintln!("SKIPPED `{part}`: this machine lets nobody make namespaces (`unshare -Urm`)");
        return;
    }
    let root_text = root.to_str().unwrap();
    let script = format!("set -e; D='{root_text}'; {script}; exec \"$@\"");
    Player::start(&["unshare", "-Urm", "sh", "-c", &script, "sh"], part, root).finish();
}

#[test]
fn a51_what_only_the_person_may_read_is_so_whatever_the_umask() {
    for umask in ["umask 000; exec \"$@\"", "umask 277; exec \"$@\""] {
        let temp = tempfile::tempdir().unwrap();
        project(&temp.path().join("project"));
        Player::start(&["sh", "-c", umask, "sh"], "leave private files", temp.path()).finish();
        let mut count = 0;
        let mut folders = vec![temp.path().join("project/.orchestra/.state"), temp.path().join("data/trust")];
        while let Some(folder) = folders.pop() {
            assert_eq!(mode(&folder), 0o700, "{}", folder.display());
            for entry in fs::read_dir(&folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    assert_eq!(mode(&path), 0o600, "{}", path.display());
                    count += 1;
                }
            }
        }
        assert_eq!(count, 7, "two locks, journal, answer, request, trust, what git ignores");
    }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

pub(crate) fn leave_private_files(root: &Path) {
    let layout = Layout::open(&root.join("project")).unwrap();
    let lock = WorkerLock::try_acquire(&layout, "1").unwrap();
    layout.make_state().unwrap();
    let (mut journal, folded) = Journal::open(&layout).unwrap();
    let mut memory = folded.memory;
    let (gate, asked) = question();
    memory.take(&journal.append(asked, Durability::Synced).unwrap().record);
    answers::file(&layout, &memory, &gate, Answer::Approve, Timestamp::UNIX_EPOCH).unwrap();
    stop::request(&layout, lock.holder(), StopWhen::Now).unwrap();
    let store = TrustStore::open(&root.join("data"), layout.root()).unwrap();
    store.remember(&[], Timestamp::UNIX_EPOCH).unwrap();
}

#[test]
fn f22_on_a_read_only_disk_every_write_is_refused_with_its_path_and_reading_works() {
    let temp = tempfile::tempdir().unwrap();
    let layout = project(temp.path());
    drop(Journal::open(&layout).unwrap());
    let script = "mount --bind \"$D\" \"$D\" && mount -o remount,bind,ro \"$D\"";
    in_namespaces(script, "find everything read-only", temp.path());
}

pub(crate) fn find_everything_read_only(root: &Path) {
    let layout = Layout::open(root).unwrap();
    let plan = load(&layout, &Sources::default()).unwrap().plan;
    assert_eq!(plan.milestones.len(), 1);
    let memory = journal::fold(&layout).unwrap();
    assert_eq!(memory.skipped, 0);

    let denied = |error: &FileError| {
        assert!(matches!(error, FileError::Denied { .. }), "{error:?}");
        assert!(error.path().starts_with(layout.orchestra()), "{error:?}");
    };
    match WorkerLock::try_acquire(&layout, "1") {
        Err(LockError::File(error)) => denied(&error),
        other => panic!("{other:?}"),
    }
    match Journal::open(&layout) {
        Err(JournalError::File(error)) => denied(&error),
        other => panic!("{other:?}"),
    }
    match layout.sweep() {
        Err(DocumentsLockError::File(error)) => denied(&error),
        other => panic!("{other:?}"),
    }
}

#[test]
fn f20_on_a_full_disk_nothing_is_cut_short_and_space_is_all_it_takes_to_go_on() {
    let temp = tempfile::tempdir().unwrap();
    let script = "mount -t tmpfs -o size=256k none \"$D\"";
    in_namespaces(script, "find the disk full", temp.path());
}

pub(crate) fn find_the_disk_full(root: &Path) {
    let layout = project(root);
    let (mut journal, _) = Journal::open(&layout).unwrap();
    set_status(&layout, &mut journal, 0).unwrap();
    let before = documents(&layout);
    // All but what is left in the journal's last page.
    let filler = root.join("filler");
    assert!(fs::write(&filler, vec![b'x'; 1024 * 1024]).is_err());

    let full = |error: &FileError| assert!(matches!(error, FileError::Full { .. }), "{error:?}");
    match set_status(&layout, &mut journal, 1) {
        Err(WriteError::File(error) | WriteError::Journal(JournalError::File(error))) => full(&error),
        other => panic!("{other:?}"),
    }
    let files = [("milestone.md".to_owned(), "x".to_owned())];
    match create_milestone(&layout, "M2-x", &files, &mut journal) {
        Err(CreateError::File(error) | CreateError::Journal(JournalError::File(error))) => full(&error),
        other => panic!("{other:?}"),
    }
    let (gate, asked) = question();
    let at = Timestamp::UNIX_EPOCH;
    let mut memory = orchestra_core::worker::Memory::default();
    memory.take(&asked);
    match answers::file(&layout, &memory, &gate, Answer::Approve, at) {
        Err(AnswerError::File(error)) => full(&error),
        other => panic!("{other:?}"),
    }
    let long = Record::Note { text: "x".repeat(10_000) };
    match journal.append(long, Durability::Synced) {
        Err(JournalError::File(error)) => full(&error),
        other => panic!("{other:?}"),
    }
    assert_eq!(documents(&layout), before, "old versions, whole, and nothing half-written");

    fs::remove_file(&filler).unwrap();
    set_status(&layout, &mut journal, 1).unwrap();
    create_milestone(&layout, "M2-x", &files, &mut journal).unwrap();
    drop(journal);
    let (mut journal, memory) = Journal::open(&layout).unwrap();
    assert!(memory.skipped <= 1, "at most the entry that was cut short");
    let entry = journal.append(Record::Note { text: "on".to_owned() }, Durability::Synced).unwrap();
    assert_eq!(journal::read_all(&layout).unwrap().entries.last(), Some(&entry));
}

#[test]
fn f25_however_many_milestones_there_are_few_descriptors_do() {
    let temp = tempfile::tempdir().unwrap();
    let layout = project(temp.path());
    for number in 2..=200 {
        let files = fs::read_to_string(layout.milestone("M1-x").join("milestone.md")).unwrap();
        let folder = layout.milestone(&format!("M{number}-x"));
        fs::create_dir_all(folder.join("phases")).unwrap();
        fs::write(folder.join("milestone.md"), files.replace("M1-x", &format!("M{number}-x"))).unwrap();
    }
    let few = "ulimit -n 24; exec \"$@\"";
    Player::start(&["sh", "-c", few, "sh"], "have few descriptors", temp.path()).finish();
    let none = "ulimit -n 24; exec \"$@\"";
    Player::start(&["sh", "-c", none, "sh"], "have no descriptors", temp.path()).finish();
}

/// A milestone that cannot be looked at because of that is not one that is broken.
pub(crate) fn have_no_descriptors(root: &Path) {
    let layout = Layout::open(root).unwrap();
    let mut scanner = Scanner::default();
    let before = scanner.scan(&layout).unwrap();
    let mut taken = Vec::new();
    while let Ok(file) = fs::File::open(root) {
        taken.push(file);
    }
    // With each one that is given back the scan comes a step further, until it comes through.
    while taken.pop().is_some() {
        match scanner.scan(&layout) {
            Err(error) => assert!(matches!(error, FileError::Exhausted { .. }), "{error:?}"),
            Ok(plan) => {
                assert_eq!(plan, before);
                return;
            }
        }
    }
    panic!("the scan needs more descriptors than there were before");
}

pub(crate) fn have_few_descriptors(root: &Path) {
    let layout = Layout::open(root).unwrap();
    let plan = Scanner::default().scan(&layout).unwrap();
    assert_eq!((plan.milestones.len(), plan.set_aside), (200, Vec::new()));
    let _lock = WorkerLock::try_acquire(&layout, "1").unwrap();
    let (mut journal, _) = Journal::open(&layout).unwrap();
    set_status(&layout, &mut journal, 1).unwrap();
    assert_eq!(layout.sweep().unwrap(), 0);
}

/// Every file of the milestones with its content.
fn documents(layout: &Layout) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let (mut found, mut folders) = (Vec::new(), vec![layout.milestones()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push((path.clone(), fs::read(path).unwrap()));
            }
        }
    }
    found.sort();
    found
}

#[test]
fn f26_where_the_system_has_no_watches_left_the_caller_is_asked_to_look() {
    let temp = tempfile::tempdir().unwrap();
    project(temp.path());
    let script = "echo 2 > /proc/sys/user/max_inotify_watches";
    in_namespaces(script, "find no watches", temp.path());
    let script = "echo 0 > /proc/sys/user/max_inotify_instances";
    in_namespaces(script, "find no watches", temp.path());
}

pub(crate) fn find_no_watches(root: &Path) {
    let layout = Layout::open(root).unwrap();
    let (sender, hints) = std::sync::mpsc::channel();
    let watch = watch(&layout, move |hint| drop(sender.send(hint)));
    let Watching::Polling { why } = watch.mode() else { panic!("{:?}", watch.mode()) };
    let long = std::time::Duration::from_secs(20);
    assert_eq!(hints.recv_timeout(long), Ok(orchestra_project::watch::Hint::Polling { why }));
    assert_eq!(hints.recv_timeout(long), Ok(orchestra_project::watch::Hint::Look));
    assert_eq!(Scanner::default().scan(&layout).unwrap().milestones.len(), 1);
}
