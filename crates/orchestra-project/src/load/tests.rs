use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::{Duration, Instant};

use orchestra_core::plan::PhaseStatus;

use super::*;
use crate::testing::{backend, milestone, project};

fn ids(plan: &Plan) -> Vec<String> {
    plan.milestones.iter().map(|milestone| milestone.id.to_string()).collect()
}

fn aside(plan: &Plan) -> Vec<(String, Vec<String>)> {
    let said = |diagnostic: &Diagnostic| format!("{}: {}", diagnostic.path, diagnostic.expected);
    plan.set_aside
        .iter()
        .map(|aside| (aside.folder.clone(), aside.diagnostics.iter().map(said).collect()))
        .collect()
}

/// Waits until the stamps of what was just written are old enough to be relied upon.
fn settle() {
    let until = Instant::now() + Duration::from_millis(60);
    while Instant::now() < until {
        std::thread::yield_now();
    }
}

#[test]
fn a_project_is_read_with_its_roles_its_milestones_and_what_it_would_run() {
    let (_temp, layout) = project();
    backend(&layout);
    milestone(&layout, "M1-x", 2);
    fs::write(layout.milestone("M1-x").join("rfc.md"), "# Design\n").unwrap();
    fs::write(layout.config(), "verify: [\"cargo test\"]\n").unwrap();
    let loaded = load(&layout, &Sources::default()).unwrap();
    assert_eq!(aside(&loaded.plan), []);
    let read = &loaded.plan.milestones[0];
    assert_eq!((read.phases.len(), read.rfc_document), (2, Some(ContentHash::of(b"# Design\n"))));
    assert_eq!(loaded.plan.roles.len(), 1);
    assert!(loaded.trust.iter().any(|item| item.text.contains("cargo test")), "{:?}", loaded.trust);

    fs::write(layout.config(), "verifi: []\n").unwrap();
    let loaded = load(&layout, &Sources::default()).unwrap();
    assert!(loaded.config.result.is_err());
    assert!(loaded.trust.iter().all(|item| !item.text.contains("cargo test")));
    assert_eq!(ids(&loaded.plan), ["M1-x"], "a bad configuration does not hide the plan");
}

#[test]
fn a11_f33_a_milestone_with_what_cannot_be_used_is_set_aside_and_the_others_go_on() {
    let (temp, layout) = project();
    backend(&layout);
    for id in ["M1-good", "M2-link", "M3-pipe", "M4-large", "M5-folder", "M6-phases"] {
        milestone(&layout, id, 1);
    }
    let file = |id: &str, name: &str| layout.milestone(id).join(name);
    let secret = temp.path().join("secret.md");
    fs::write(&secret, "secret").unwrap();
    fs::remove_file(file("M2-link", "context.md")).unwrap_or_default();
    symlink(&secret, file("M2-link", "context.md")).unwrap();
    let pipe = file("M3-pipe", "phases/phase-2.md");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(made.success());
    fs::write(file("M4-large", "phases/phase-2.md"), vec![b'x'; 1024 * 1024 + 1]).unwrap();
    fs::create_dir(file("M5-folder", "rfc.md")).unwrap();
    fs::remove_dir_all(file("M6-phases", "phases")).unwrap();
    symlink(temp.path(), file("M6-phases", "phases")).unwrap();
    symlink(temp.path(), layout.milestone("M7-outside")).unwrap();
    // None of these is a milestone, and nobody is told.
    fs::write(layout.milestones().join("README.md"), "x").unwrap();
    fs::create_dir(layout.milestones().join(".orchestra-tmp-1-a")).unwrap();
    fs::write(file("M1-good", "phases/.phase-1.md.swp"), "x").unwrap();
    fs::write(file("M1-good", "phases/phase-1.md~"), "x").unwrap();

    let plan = Scanner::default().scan(&layout).unwrap();
    assert_eq!(ids(&plan), ["M1-good"]);
    let of = |folder: &str, path: &str, what: &str| {
        let said = format!(".orchestra/milestones/{folder}{path}: this cannot be used: it is {what}");
        (folder.to_owned(), vec![said])
    };
    let expected = [
        of("M2-link", "/context.md", "a symbolic link"),
        of("M3-pipe", "/phases/phase-2.md", "no plain file"),
        of("M4-large", "/phases/phase-2.md", "larger than 1 MiB"),
        of("M5-folder", "/rfc.md", "no plain file"),
        of("M6-phases", "/phases", "a symbolic link"),
        of("M7-outside", "", "a symbolic link"),
    ];
    assert_eq!(aside(&plan), expected);
}

#[test]
fn f83_a_half_copied_milestone_is_set_aside_until_it_is_whole() {
    let (_temp, layout) = project();
    backend(&layout);
    milestone(&layout, "M1-x", 1);
    let whole = fs::read(layout.milestone("M1-x").join("milestone.md")).unwrap();
    fs::write(layout.milestone("M1-x").join("milestone.md"), &whole[..20]).unwrap();
    let mut scanner = Scanner::default();
    assert_eq!(aside(&scanner.scan(&layout).unwrap()).len(), 1);
    fs::write(layout.milestone("M1-x").join("milestone.md"), whole).unwrap();
    assert_eq!(ids(&scanner.scan(&layout).unwrap()), ["M1-x"]);
    fs::rename(layout.milestone("M1-x"), layout.milestones().join("aside")).unwrap();
    fs::remove_dir_all(layout.milestones().join("aside")).unwrap();
    assert_eq!(ids(&scanner.scan(&layout).unwrap()), [""; 0]);
}

#[test]
fn only_what_changed_is_read_again() {
    let (_temp, layout) = project();
    backend(&layout);
    for number in 1..=20 {
        milestone(&layout, &format!("M{number}-x"), 4);
    }
    settle();
    let mut scanner = Scanner::default();
    let first = scanner.scan(&layout).unwrap();
    assert_eq!((first.milestones.len(), scanner.last_read()), (20, 1 + 20 * 5));
    assert_eq!((scanner.scan(&layout).unwrap(), scanner.last_read()), (first.clone(), 0));

    let document = layout.milestone("M7-x").join("phases/phase-2.md");
    let text = fs::read_to_string(&document).unwrap();
    // The same length, in place: only times tell.
    fs::write(&document, text.replace("pending", "skipped")).unwrap();
    let second = scanner.scan(&layout).unwrap();
    let changed = second.milestones.iter().find(|milestone| milestone.folder == "M7-x").unwrap();
    assert_eq!((changed.phases[1].status, scanner.last_read()), (PhaseStatus::Skipped, 5));
    assert_eq!(Scanner::default().scan(&layout).unwrap(), second, "as if read for the first time");
}

#[test]
fn a_change_right_after_a_scan_is_seen_although_the_clock_did_not_tick() {
    let (_temp, layout) = project();
    backend(&layout);
    milestone(&layout, "M1-x", 1);
    let document = layout.milestone("M1-x").join("phases/phase-1.md");
    let text = fs::read_to_string(&document).unwrap();
    let mut scanner = Scanner::default();
    for round in 0..500 {
        let word = ["pending", "skipped"][round % 2];
        fs::write(&document, text.replace("pending", word)).unwrap();
        let status = scanner.scan(&layout).unwrap().milestones[0].phases[0].status;
        assert_eq!(status.as_str(), word, "{round}");
    }
}

#[test]
fn a_stamp_without_parts_of_a_second_is_relied_upon_later() {
    let (_temp, layout) = project();
    backend(&layout);
    let docs = || folders::roles(&layout).docs;
    let is_settled = |stamp: Stamp, after: i128| {
        let mut docs = docs();
        docs[0].stamp = stamp;
        stamps(&docs, after - stamp.age(0))[0].1.is_some()
    };
    let fine = docs()[0].stamp;
    let coarse = fine.in_whole_seconds();
    assert!(!is_settled(fine, 49_000_000) && is_settled(fine, 51_000_000));
    assert!(!is_settled(coarse, 2_400_000_000) && is_settled(coarse, 2_600_000_000));
}

#[test]
fn a_changed_role_is_in_view_of_milestones_that_did_not_change() {
    let (_temp, layout) = project();
    milestone(&layout, "M1-x", 1);
    settle();
    let mut scanner = Scanner::default();
    let without = scanner.scan(&layout).unwrap();
    backend(&layout);
    let with = scanner.scan(&layout).unwrap();
    assert_ne!(without, with);
    assert_eq!(with, Scanner::default().scan(&layout).unwrap());
    assert_eq!(aside(&with), []);
    symlink(Path::new("backend-engineer.md"), layout.roles().join("twin.md")).unwrap();
    let linked = scanner.scan(&layout).unwrap();
    assert!(linked.warnings.iter().any(|warning| warning.path == ".orchestra/roles/twin.md"), "{linked:?}");
    assert_eq!(scanner.scan(&layout).unwrap(), linked);
}

fn replace(file: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(file).unwrap();
    assert!(text.contains(from), "{text}");
    fs::write(file, text.replace(from, to)).unwrap();
}

#[test]
fn of_what_is_over_only_its_own_document_is_read_unless_an_open_one_depends_on_it() {
    let (_temp, layout) = project();
    backend(&layout);
    for id in ["M1-x", "M2-x", "M3-x", "M4-x"] {
        milestone(&layout, id, 2);
    }
    for (id, status) in [("M1-x", "done"), ("M2-x", "dropped"), ("M3-x", "done")] {
        replace(&layout.milestone(id).join("milestone.md"), "status: planning", &format!("status: {status}"));
        fs::write(layout.milestone(id).join("phases/phase-1.md"), "nothing to be read\n").unwrap();
    }
    let open = || load_open(&layout, &Sources::default()).unwrap().plan;
    let phases = |plan: &Plan| plan.milestones.iter().map(|one| one.phases.len()).collect::<Vec<_>>();
    assert_eq!(
        (ids(&open()), phases(&open())),
        (["M1-x", "M2-x", "M3-x", "M4-x"].map(String::from).to_vec(), vec![0, 0, 0, 2])
    );
    assert_eq!(aside(&Scanner::default().scan(&layout).unwrap()).len(), 3, "the worker reads all of it");

    // By its id, and by its number alone.
    let document = layout.milestone("M4-x").join("milestone.md");
    for named in ["M3-x", "M3"] {
        let text = fs::read_to_string(&document).unwrap();
        replace(&document, "title:", &format!("depends_on: [{named}]\ntitle:"));
        let plan = open();
        let whole = Scanner::default().scan(&layout).unwrap();
        assert_eq!(ids(&plan), ["M1-x", "M2-x", "M4-x"], "{named}");
        assert_eq!(plan.milestones.last(), whole.milestones.last());
        assert_eq!(aside(&plan), aside(&whole)[2..]);
        fs::write(&document, text).unwrap();
    }

    fs::write(layout.milestone("M1-x").join("milestone.md"), "---\nstatus: dunn\n---\n").unwrap();
    assert_eq!(aside(&open())[0], aside(&Scanner::default().scan(&layout).unwrap())[0], "all of its faults");
}

#[test]
fn without_anything_that_is_over_everything_is_read_as_ever() {
    let (_temp, layout) = project();
    assert_eq!(load_open(&layout, &Sources::default()).unwrap(), load(&layout, &Sources::default()).unwrap());
    backend(&layout);
    milestone(&layout, "M1-x", 2);
    milestone(&layout, "M2-x", 0);
    fs::create_dir(layout.milestones().join("M3-x")).unwrap();
    fs::write(layout.milestones().join("README.md"), "x").unwrap();
    symlink("M1-x", layout.milestone("M4-link")).unwrap();
    let loaded = load_open(&layout, &Sources::default()).unwrap();
    assert_eq!(loaded, load(&layout, &Sources::default()).unwrap());
    assert_eq!((ids(&loaded.plan), aside(&loaded.plan).len()), (vec!["M1-x".to_owned()], 3));
}
