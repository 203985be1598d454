use std::time::Duration;

use orchestra_git::commit_paths::{CommitPathsError, commit_paths};

use crate::fixture::{Fixture, path};

fn commit(fixture: &Fixture, paths: &[&str]) -> Result<(), CommitPathsError> {
    let paths: Vec<_> = paths.iter().map(path).collect();
    commit_paths(&fixture.repo(), &paths, "chore: set up", Duration::from_mins(1))
}

/// The subject of the last commit, its paths, and what `git status` says after it.
fn seen(fixture: &Fixture) -> [String; 2] {
    [fixture.git(["show", "--format=%s", "--name-only", "HEAD"]), fixture.git(["status", "--porcelain"])]
}

#[test]
fn only_the_named_paths_are_committed_and_what_is_staged_stays_staged() {
    let fixture = Fixture::new();
    fixture.write("new/a [1].txt", "x");
    fixture.write("README.md", "two\n");
    fixture.write("src/a.rs", "staged\n");
    fixture.git(["add", "src/a.rs"]);
    fixture.write("src/b.rs", "changed\n");
    commit(&fixture, &["new/a [1].txt", "README.md"]).unwrap();
    assert_eq!(
        seen(&fixture),
        ["chore: set up\n\nREADME.md\nnew/a [1].txt".to_owned(), "M  src/a.rs\n M src/b.rs".to_owned()]
    );
}

#[test]
fn a_branch_without_a_commit_gets_its_first() {
    let fixture = Fixture::empty();
    fixture.write("a", "x");
    fixture.write("b", "x");
    commit(&fixture, &["a"]).unwrap();
    assert_eq!(seen(&fixture), ["chore: set up\n\na".to_owned(), "?? b".to_owned()]);
}

#[test]
fn a_hook_that_says_no_leaves_the_index_as_it_was() {
    let fixture = Fixture::new();
    fixture.hook("pre-commit", "#!/bin/sh\necho not today >&2\nexit 1\n");
    fixture.write("a", "x");
    fixture.write("README.md", "two\n");
    fixture.write("staged", "x");
    fixture.git(["add", "staged"]);
    let before = (fixture.head(), fixture.git(["status", "--porcelain"]));
    let error = commit(&fixture, &["a", "README.md"]).unwrap_err();
    assert!(
        matches!(&error, CommitPathsError::Refused { words } if words.contains("not today")),
        "{error:?}"
    );
    assert_eq!((fixture.head(), fixture.git(["status", "--porcelain"])), before);
}

#[test]
fn without_an_identity_nothing_is_touched() {
    let fixture = Fixture::new();
    fixture.git(["config", "--unset", "user.email"]);
    fixture.write("a", "x");
    assert!(matches!(commit(&fixture, &["a"]), Err(CommitPathsError::NoIdentity)));
    assert_eq!(fixture.git(["status", "--porcelain"]), "?? a");
}
