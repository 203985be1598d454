use std::fs;

use orchestra_core::repo::TreeId;
use orchestra_git::guard::Purpose;
use orchestra_git::prepare::prepare;
use orchestra_git::settle::{SettleError, SettleOrder, settle};
use orchestra_git::swap::swap;

use crate::fixture::{Fixture, path, script, settling};

/// A phase that changed `src/a.rs` while the person had staged another version of it, and `README.md`.
fn swapped(fixture: &Fixture) -> SettleOrder {
    fixture.write("README.md", "staged\n");
    fixture.write("src/a.rs", "staged version\n");
    fixture.git(["add", "README.md", "src/a.rs"]);
    fixture.write("src/a.rs", "the phase\n");
    let order = fixture.order(&["src/a.rs"]);
    let prepared = prepare(&fixture.repo(), &order).unwrap();
    swap(&fixture.repo(), "main", &prepared.commit, &order.parent, "x").unwrap();
    settling(&order, &prepared)
}

#[test]
fn f62_a_staged_version_of_a_committed_file_is_kept_and_named() {
    let fixture = Fixture::new();
    let order = swapped(&fixture);
    let settled = settle(&fixture.repo(), &order).unwrap();
    let (reference, kept) = settled.kept.unwrap();
    assert_eq!((reference.as_str(), kept), (order.rescue.as_str(), vec![path("src/a.rs")]));
    assert_eq!(fixture.git(["show", &format!("{reference}^2:src/a.rs")]), "staged version");
    assert_eq!(fixture.status(), "M  README.md");
    assert!(fixture.guard.seen.lock().unwrap().contains(&Purpose::Index));
    fixture.assert_sound();
}

#[test]
fn twice_is_once() {
    let fixture = Fixture::new();
    let order = swapped(&fixture);
    settle(&fixture.repo(), &order).unwrap();
    assert_eq!(settle(&fixture.repo(), &order).unwrap().kept, None);
    assert_eq!(fixture.status(), "M  README.md");
}

#[test]
fn a_crash_between_swap_and_settle_is_mended_later() {
    let fixture = Fixture::new();
    let order = swapped(&fixture);
    // What a person would see in between.
    assert!(fixture.status().contains("MM src/a.rs"));
    fixture.write("src/b.rs", "and goes on\n");
    settle(&fixture.repo(), &order).unwrap();
    assert_eq!(fixture.status(), "M  README.md\n M src/b.rs");
}

#[test]
fn a_file_that_was_only_named_for_adding_is_no_staged_version() {
    let fixture = Fixture::new();
    fixture.write("new", "x\n");
    fixture.git(["add", "-N", "new"]);
    let (_, settled) = fixture.land(&fixture.order(&["new"])).unwrap();
    assert_eq!((settled.kept, fixture.status().as_str()), (None, ""));
}

#[test]
fn f60_a_lock_of_the_index_that_stays_is_named_and_never_removed() {
    let fixture = Fixture::new();
    let order = swapped(&fixture);
    let lock = fixture.root.join(".git/index.lock");
    fs::write(&lock, "").unwrap();
    match settle(&fixture.repo(), &order).unwrap_err() {
        SettleError::Locked { path, .. } => assert_eq!(path, lock),
        other => panic!("{other}"),
    }
    assert!(lock.exists());
    fs::remove_file(lock).unwrap();
    settle(&fixture.repo(), &order).unwrap();
}

#[test]
fn f77_a_commit_that_somebody_amended_is_missed() {
    let fixture = Fixture::new();
    let order = swapped(&fixture);
    fixture.git(["commit", "-q", "--amend", "-m", "mine now"]);
    let error = settle(&fixture.repo(), &order).unwrap_err();
    assert!(matches!(error, SettleError::Gone { .. }), "{error}");
}

#[test]
fn a_commit_of_the_person_on_top_is_no_trouble() {
    let fixture = Fixture::new();
    fixture.write("src/a.rs", "the phase\n");
    let order = fixture.order(&["src/a.rs"]);
    let prepared = prepare(&fixture.repo(), &order).unwrap();
    swap(&fixture.repo(), "main", &prepared.commit, &order.parent, "x").unwrap();
    fixture.git(["commit", "-q", "--allow-empty", "-m", "on top"]);
    settle(&fixture.repo(), &settling(&order, &prepared)).unwrap();
}

#[test]
fn other_trailers_than_were_given_are_noticed() {
    let fixture = Fixture::new();
    let mut order = swapped(&fixture);
    order.work = crate::fixture::work("phase-2");
    let error = settle(&fixture.repo(), &order).unwrap_err();
    assert!(matches!(error, SettleError::NotOurs { .. }), "{error}");
}

#[test]
fn f63_what_the_person_writes_while_a_formatters_work_is_checked_out_stays() {
    let fixture = Fixture::new();
    let written = fixture.root.join("src/a.rs");
    let filter = fixture.base().join("slow");
    script(&filter, &format!("cat\necho the person > '{}'", written.display()));
    fixture.write(".gitattributes", "*.rs filter=slow\n");
    fixture.git(["config", "filter.slow.smudge", filter.to_str().unwrap()]);
    fixture.git(["config", "filter.slow.clean", "cat"]);
    fixture.commit_all("with a filter");
    fixture.write("src/a.rs", "the phase\n");
    let order = fixture.order(&["src/a.rs"]);
    let prepared = prepare(&fixture.repo(), &order).unwrap();
    let mut settling = settling(&order, &prepared);
    swap(&fixture.repo(), "main", &prepared.commit, &order.parent, "x").unwrap();
    // As if a hook had turned the file as it is into the one that was committed.
    fixture.write("src/a.rs", "before the hook\n");
    fixture.git(["add", "src/a.rs"]);
    settling.before_hooks = TreeId::parse(&fixture.git(["write-tree"]));
    let settled = settle(&fixture.repo(), &settling).unwrap();
    assert_eq!((settled.followed, fixture.read("src/a.rs").as_str()), (vec![], "the person\n"));
}

#[test]
fn f78_a_tree_from_before_the_hooks_that_was_collected_is_no_trouble() {
    let fixture = Fixture::new();
    let mut order = swapped(&fixture);
    order.before_hooks = TreeId::parse(&"1".repeat(40));
    assert_eq!(settle(&fixture.repo(), &order).unwrap().followed, []);
}
