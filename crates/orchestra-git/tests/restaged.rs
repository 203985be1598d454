use orchestra_git::rescue::{PatchFor, list, restore, show};
use orchestra_git::restaged::restaged;
use orchestra_git::snapshot::snapshot;

use crate::fixture::{BEFORE, Fixture, paths};

/// The person has staged one version of `README.md` and works on another, and has a file that git does not know.
fn begun() -> Fixture {
    let fixture = Fixture::new();
    fixture.write("README.md", "staged\n");
    fixture.git(["add", "README.md"]);
    fixture.write("README.md", "on disk\n");
    fixture.write("private.txt", "the person\n");
    snapshot(&fixture.repo(), BEFORE, u64::MAX).unwrap();
    fixture
}

/// The paths that are named.
fn named(fixture: &Fixture) -> Vec<orchestra_core::path::RepoPath> {
    restaged(&fixture.repo(), BEFORE).unwrap().paths
}

#[test]
fn what_was_staged_and_unstaged_is_named_and_the_way_back_leads_back() {
    let fixture = begun();
    let before = fixture.status();
    assert_eq!(named(&fixture), []);
    fixture.git(["add", "-A"]);
    fixture.git(["rm", "-q", "--cached", "src/a.rs"]);
    let found = restaged(&fixture.repo(), BEFORE).unwrap();
    assert_eq!(found.paths, paths(&["README.md", "private.txt", "src/a.rs"]));
    fixture.git([
        "restore",
        "--staged",
        "--source",
        &found.source,
        "--",
        "README.md",
        "private.txt",
        "src/a.rs",
    ]);
    assert_eq!((fixture.status(), fixture.git(["show", ":README.md"])), (before, "staged".to_owned()));
    assert_eq!(named(&fixture), []);
}

#[test]
fn where_nothing_was_staged_the_way_back_is_the_head_of_then() {
    let fixture = Fixture::new();
    snapshot(&fixture.repo(), BEFORE, u64::MAX).unwrap();
    fixture.git(["rm", "-q", "--cached", "src/a.rs"]);
    let found = restaged(&fixture.repo(), BEFORE).unwrap();
    assert_eq!(found.paths, paths(&["src/a.rs"]));
    fixture.git(["restore", "--staged", "--source", &found.source, "--", "src/a.rs"]);
    assert_eq!(named(&fixture), []);
}

#[test]
fn what_the_person_committed_meanwhile_and_another_history_are_not_named() {
    let fixture = begun();
    fixture.git(["commit", "-q", "-m", "the person's"]);
    assert_eq!(named(&fixture), []);
    fixture.git(["add", "README.md"]);
    assert_eq!(named(&fixture), []);
    fixture.git(["add", "private.txt"]);
    assert_eq!(named(&fixture), paths(&["private.txt"]));
    let tree = fixture.git(["rev-parse", "HEAD^{tree}"]);
    let elsewhere = fixture.git(["commit-tree", &tree, "-m", "another history"]);
    fixture.git(["update-ref", "refs/heads/main", &elsewhere]);
    assert_eq!(named(&fixture), []);
}

#[test]
fn what_was_staged_is_listed_shown_and_restored_by_the_name_of_the_second_parent() {
    let fixture = begun();
    let repo = fixture.repo();
    let name = format!("{BEFORE}^2");
    let listed: Vec<_> =
        list(&repo).unwrap().into_iter().map(|one| (one.reference, one.path_count)).collect();
    assert_eq!(listed, [(BEFORE.to_owned(), 2), (name, 1)]);
    let shown = show(&repo, "M1-a/phase-1/1/before^2", PatchFor::Reading { limit: 10_000 }).unwrap();
    let patch = String::from_utf8(shown.patch).unwrap();
    assert!(patch.contains("-one\n+staged\n"), "{patch}");
    let done = restore(&repo, "M1-a/phase-1/1/before^2", Some(&paths(&["README.md"]))).unwrap();
    assert_eq!((done.restored, fixture.read("README.md").as_str()), (paths(&["README.md"]), "staged\n"));
    assert_eq!(done.reference, Some(format!("{BEFORE}-staged-replaced")));
    restore(&repo, BEFORE, None).unwrap();
    assert_eq!(
        (fixture.read("README.md").as_str(), fixture.status().as_str()),
        ("on disk\n", "MM README.md\n?? private.txt")
    );
}
