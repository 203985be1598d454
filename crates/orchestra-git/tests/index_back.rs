use orchestra_git::index_back::{IndexBack, index_back, is_index_changed};
use orchestra_git::rescue::{PatchFor, list, restore, show};
use orchestra_git::snapshot::snapshot;

use crate::fixture::{BEFORE, Fixture, paths};

const INDEX: &str = "refs/orchestra/rescue/M1-a/phase-1/1/index";

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

fn back(fixture: &Fixture) -> IndexBack {
    let repo = fixture.repo();
    let is_changed = is_index_changed(&repo, BEFORE).unwrap();
    let done = index_back(&repo, BEFORE, INDEX).unwrap();
    assert_eq!(is_changed, !done.paths.is_empty());
    done
}

#[test]
fn what_was_staged_and_unstaged_during_a_turn_is_as_it_was_and_nothing_is_lost() {
    let fixture = begun();
    let before = fixture.status();
    fixture.git(["add", "-A"]);
    fixture.git(["rm", "-q", "--cached", "src/a.rs"]);
    let done = back(&fixture);
    assert_eq!(done.paths, paths(&["README.md", "private.txt", "src/a.rs"]));
    assert_eq!(done.reference.as_deref(), Some(INDEX));
    assert_eq!((fixture.status(), fixture.git(["show", ":README.md"])), (before, "staged".to_owned()));
    assert_eq!(fixture.git(["show", &format!("{INDEX}^2:README.md")]), "on disk");
    assert_eq!(fixture.read("src/a.rs"), "fn a() {}\n");
    assert_eq!(back(&fixture), IndexBack::default());
    fixture.assert_sound();
}

#[test]
fn what_was_only_unstaged_is_staged_again() {
    let fixture = begun();
    let before = fixture.status();
    fixture.git(["reset", "-q"]);
    assert_eq!(back(&fixture), IndexBack { paths: paths(&["README.md"]), reference: None });
    assert_eq!(fixture.status(), before);
    fixture.git(["rm", "-q", "-f", "--cached", "README.md"]);
    assert_eq!(back(&fixture).paths, paths(&["README.md"]));
    assert_eq!(fixture.status(), before);
}

#[test]
fn what_the_person_committed_meanwhile_and_a_turn_that_staged_nothing_are_left() {
    let fixture = begun();
    assert_eq!(back(&fixture), IndexBack::default());
    fixture.git(["commit", "-q", "-m", "the person's"]);
    assert_eq!(back(&fixture), IndexBack::default());
    fixture.git(["add", "README.md"]);
    assert_eq!(back(&fixture), IndexBack::default());
    assert_eq!(fixture.status(), "M  README.md\n?? private.txt");
    fixture.git(["add", "private.txt"]);
    let tree = fixture.git(["rev-parse", "HEAD^{tree}"]);
    let elsewhere = fixture.git(["commit-tree", &tree, "-m", "another history"]);
    fixture.git(["update-ref", "refs/heads/main", &elsewhere]);
    assert_eq!(back(&fixture), IndexBack::default());
}

#[test]
fn an_entry_that_names_an_object_nobody_has_is_no_trouble() {
    let fixture = begun();
    let entry = format!("100644,{},src/a.rs", "1".repeat(40));
    fixture.git(["update-index", "--cacheinfo", &entry]);
    assert_eq!(back(&fixture), IndexBack { paths: paths(&["src/a.rs"]), reference: None });
    assert_eq!(fixture.status(), "MM README.md\n?? private.txt");
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
