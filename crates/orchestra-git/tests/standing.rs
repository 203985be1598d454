use orchestra_core::repo::Obstacle;
use orchestra_git::standing::{head, standing};

use crate::fixture::Fixture;

fn obstacle(fixture: &Fixture) -> Obstacle {
    standing(&fixture.repo()).unwrap().unwrap_err()
}

fn check(fixture: &Fixture, what: &str, hint: &str) {
    let found = obstacle(fixture);
    assert!(found.what.contains(what) && found.hint.contains(hint), "{found:?}");
}

/// Two branches that cannot be merged.
fn conflicting() -> Fixture {
    let fixture = Fixture::new();
    fixture.git(["switch", "-q", "-c", "other"]);
    fixture.write("README.md", "other\n");
    fixture.commit_all("other");
    fixture.git(["switch", "-q", "main"]);
    fixture.write("README.md", "main\n");
    fixture.commit_all("main");
    fixture
}

fn fails(fixture: &Fixture, args: &[&str]) {
    assert!(!fixture.git_however_it_ends(args));
}

#[test]
fn a_branch_with_a_commit_is_where_work_can_start() {
    let fixture = Fixture::new();
    let found = standing(&fixture.repo()).unwrap().unwrap();
    assert_eq!(found.branch, "main");
    assert_eq!(found.commit, fixture.head());
    assert_eq!(found.tree.as_str(), fixture.git(["rev-parse", "HEAD^{tree}"]));
    assert_eq!(head(&fixture.repo()).unwrap(), found);
}

#[test]
fn a_branch_without_a_commit_is_in_the_way() {
    check(&Fixture::empty(), "no commit", "git commit");
}

#[test]
fn f65_a_detached_head_is_in_the_way() {
    let fixture = Fixture::new();
    fixture.git(["checkout", "-q", "--detach"]);
    check(&fixture, "no branch", "git switch");
}

#[test]
fn f67_whatever_is_in_progress_is_in_the_way_and_named_with_what_ends_it() {
    for (command, what, hint) in [
        (&["merge", "other"][..], "merge", "git merge --abort"),
        (&["rebase", "other"], "rebase", "git rebase --abort"),
        (&["cherry-pick", "other"], "cherry-pick", "git cherry-pick --abort"),
    ] {
        let fixture = conflicting();
        fails(&fixture, command);
        check(&fixture, what, hint);
    }
    let fixture = conflicting();
    fixture.write("README.md", "later\n");
    fixture.commit_all("later");
    fails(&fixture, &["revert", "--no-edit", "HEAD~1"]);
    check(&fixture, "revert", "git revert --abort");
    let fixture = conflicting();
    fixture.git(["bisect", "start"]);
    check(&fixture, "bisect", "git bisect reset");
}

#[test]
fn conflicts_that_a_stash_left_behind_are_in_the_way() {
    let fixture = Fixture::new();
    fixture.write("README.md", "put aside\n");
    fixture.git(["stash", "-q"]);
    fixture.write("README.md", "other\n");
    fixture.commit_all("other");
    fails(&fixture, &["stash", "pop"]);
    check(&fixture, "conflicts", "git add");
}

#[test]
fn f73_a_split_or_sparse_index_is_refused_with_the_command_that_undoes_it() {
    let fixture = Fixture::new();
    fixture.git(["update-index", "--split-index"]);
    check(&fixture, "split", "--no-split-index");
    fixture.git(["update-index", "--no-split-index"]);
    assert!(standing(&fixture.repo()).unwrap().is_ok());
    fixture.git(["config", "core.splitIndex", "true"]);
    check(&fixture, "split", "core.splitIndex false");

    let fixture = Fixture::new();
    fixture.git(["sparse-checkout", "set", "src"]);
    check(&fixture, "sparse", "git sparse-checkout disable");
}

#[test]
fn a_name_or_an_address_is_written_as_git_writes_it() {
    let cases = [
        ("Jane <jd> Doe", "<jane@example.com>"),
        (" \"Doe, Jane\" ", "jane@example.com;"),
        ("O'Neil", "o'neil@example.com"),
        ("'Jané'", "j @example.com"),
    ];
    for (name, email) in cases {
        let fixture = Fixture::new();
        fixture.git(["config", "user.name", name]);
        fixture.git(["config", "user.email", email]);
        let who = || fixture.git(["log", "-1", "--format=%an|%ae|%cn|%ce"]);
        fixture.git(["commit", "-q", "--allow-empty", "-m", "git's own"]);
        let expected = who();
        assert!(standing(&fixture.repo()).unwrap().is_ok(), "{name}");
        fixture.land(&fixture.order(&[])).unwrap();
        assert_eq!(who(), expected);
    }
}

#[test]
fn a_name_of_which_git_would_leave_nothing_is_none() {
    let fixture = Fixture::new();
    fixture.git(["config", "user.name", "<;>"]);
    check(&fixture, "who you are", "git config user.name");
}

#[test]
fn nobody_and_the_agent_are_no_committers() {
    let fixture = Fixture::new();
    fixture.git(["config", "--unset", "user.name"]);
    check(&fixture, "who you are", "git config user.name");
    fixture.git(["config", "user.name", "Agent"]);
    fixture.git(["config", "user.email", "agent@orchestra.invalid"]);
    check(&fixture, "who you are", "git config user.name");
}
