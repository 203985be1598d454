use orchestra_git::rescue::{PatchFor, RescueError, list, restore, show};
use orchestra_git::save::save;
use orchestra_git::snapshot::snapshot;

use crate::fixture::{BEFORE, Fixture, OUT, paths};

/// The person had `src/a.rs` and `notes` dirty and `src/b.rs` gone when a turn began.
fn with_snapshot() -> Fixture {
    let fixture = Fixture::new();
    fixture.write("src/a.rs", "the person\n");
    fixture.write("notes", "the person\r\n");
    fixture.remove("src/b.rs");
    snapshot(&fixture.repo(), BEFORE, u64::MAX).unwrap();
    fixture
}

#[test]
fn everything_that_was_saved_is_listed_and_shown() {
    let fixture = with_snapshot();
    let repo = fixture.repo();
    fixture.write("src/a.rs", "the agent\n");
    save(&repo, OUT, &paths(&["src/a.rs"])).unwrap();
    let listed = list(&repo).unwrap();
    let short: Vec<_> = listed.iter().map(|saved| (saved.reference.as_str(), saved.path_count)).collect();
    assert_eq!(short, [(BEFORE, 3), (OUT, 1)]);
    assert!(listed[0].saved_at > 1_000_000_000 && listed[0].subject.starts_with("orchestra: "));
    let shown = show(&repo, "M1-a/phase-1/1/before", PatchFor::Reading { limit: 10_000 }).unwrap();
    assert_eq!(shown.what, listed[0]);
    assert_eq!(shown.paths, paths(&["notes", "src/a.rs", "src/b.rs"]));
    let patch = String::from_utf8(shown.patch).unwrap();
    assert!(patch.contains("-fn a() {}\n+the person\n") && patch.contains("\n+the person\r\n"), "{patch}");
    assert_eq!((shown.files.len(), shown.cut), (3, 0));
    let cut = show(&repo, BEFORE, PatchFor::Reading { limit: 10 }).unwrap();
    assert_eq!((cut.patch.len(), cut.cut), (10, patch.len() - 10));
}

#[test]
fn what_was_saved_comes_back_and_what_is_there_is_saved_first() {
    let fixture = with_snapshot();
    let repo = fixture.repo();
    fixture.write("src/a.rs", "the agent\n");
    fixture.remove("notes");
    fixture.write("src/b.rs", "the agent\n");
    let done = restore(&repo, BEFORE, None).unwrap();
    assert_eq!(done.restored, paths(&["notes", "src/a.rs"]));
    assert_eq!(done.left.len(), 1);
    let replaced = done.reference.unwrap();
    assert_eq!(replaced, format!("{BEFORE}-replaced"));
    assert_eq!(fixture.git(["show", &format!("{replaced}:src/a.rs")]), "the agent");
    assert_eq!(
        (fixture.read("notes").as_str(), fixture.read("src/a.rs").as_str()),
        ("the person\r\n", "the person\n")
    );
    assert_eq!(fixture.read("src/b.rs"), "the agent\n");
    assert_eq!(restore(&repo, BEFORE, None).unwrap().reference, None);
    fixture.assert_sound();
}

#[test]
fn single_paths_come_back_where_they_are_named_even_as_gone() {
    let fixture = with_snapshot();
    let repo = fixture.repo();
    fixture.write("src/a.rs", "the agent\n");
    fixture.write("src/b.rs", "the agent\n");
    let done = restore(&repo, BEFORE, Some(&paths(&["src/b.rs"]))).unwrap();
    assert_eq!(done.restored, paths(&["src/b.rs"]));
    assert!(!fixture.exists("src/b.rs"));
    assert_eq!(fixture.read("src/a.rs"), "the agent\n");
    let error = restore(&repo, BEFORE, Some(&paths(&["README.md"]))).unwrap_err();
    assert!(matches!(error, RescueError::NoSuchPath { .. }), "{error}");
}

#[test]
fn what_was_never_saved_is_missing() {
    let fixture = Fixture::new();
    for name in ["nothing", "refs/heads/main", "../heads/main"] {
        let error = show(&fixture.repo(), name, PatchFor::Applying).unwrap_err();
        assert!(matches!(error, RescueError::Missing { .. }), "{name}: {error}");
    }
}

#[test]
fn f78_a_collection_of_garbage_takes_nothing_away() {
    let fixture = with_snapshot();
    fixture.remove("notes");
    fixture.git(["gc", "-q", "--prune=now"]);
    restore(&fixture.repo(), BEFORE, None).unwrap();
    assert_eq!(fixture.read("notes"), "the person\r\n");
}
