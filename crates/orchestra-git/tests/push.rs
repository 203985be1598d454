use std::fs;
use std::time::Duration;

use orchestra_git::guard::Purpose;
use orchestra_git::push::{PushError, PushOrder, PushOutcome, push, push_dry_run};

use crate::fixture::{Fixture, script};

fn with_remote() -> Fixture {
    let fixture = Fixture::new();
    fixture.git(["init", "-q", "--bare", "../remote.git"]);
    fixture.git(["remote", "add", "origin", "../remote.git"]);
    fixture
}

fn order(fixture: &Fixture) -> PushOrder {
    PushOrder {
        remote: "origin".to_owned(),
        url: Some("../remote.git".to_owned()),
        commit: fixture.head(),
        branch: "main".to_owned(),
        timeout: Duration::from_secs(30),
    }
}

fn on_remote(fixture: &Fixture, name: &str) -> String {
    let remote = fixture.base().join("remote.git");
    fixture.git_in(&remote, ["for-each-ref", "--format=%(objectname)", name])
}

fn rejected(outcome: PushOutcome) -> String {
    match outcome {
        PushOutcome::Rejected { words } => words,
        other => panic!("{other:?}"),
    }
}

#[test]
fn exactly_the_commit_goes_to_exactly_the_branch() {
    let fixture = with_remote();
    let order = order(&fixture);
    fixture.git(["tag", "-a", "v1", "-m", "x"]);
    fixture.git(["config", "push.followTags", "true"]);
    fixture.git(["config", "remote.origin.mirror", "true"]);
    fixture.git(["commit", "-q", "--allow-empty", "-m", "later"]);
    assert_eq!(push_dry_run(&fixture.repo(), &order).unwrap(), PushOutcome::Accepted);
    assert_eq!(on_remote(&fixture, "refs"), "");
    assert_eq!(push(&fixture.repo(), &order).unwrap(), PushOutcome::Accepted);
    assert_eq!(on_remote(&fixture, "refs"), order.commit.as_str());
    assert_eq!(fixture.git(["rev-parse", "refs/remotes/origin/main"]), order.commit.as_str());
    // Killed before the answer came: it has it already.
    assert_eq!(push(&fixture.repo(), &order).unwrap(), PushOutcome::Accepted);
    let other = PushOrder { branch: "orchestra/M1-a".to_owned(), ..order };
    assert_eq!(push(&fixture.repo(), &other).unwrap(), PushOutcome::Accepted);
    assert_eq!(on_remote(&fixture, "refs/heads/orchestra/M1-a"), other.commit.as_str());
    assert!(fixture.guard.seen.lock().unwrap().contains(&Purpose::Push));
}

#[test]
fn f80_what_somebody_else_pushed_is_never_overwritten() {
    let fixture = with_remote();
    let clone = fixture.base().join("clone");
    push(&fixture.repo(), &order(&fixture)).unwrap();
    fixture.git(["clone", "-q", "../remote.git", clone.to_str().unwrap()]);
    let person = ["-c", "user.name=x", "-c", "user.email=x@y.z"];
    fixture.git_in(&clone, [&person[..], &["commit", "-q", "--allow-empty", "-m", "theirs"]].concat());
    fixture.git_in(&clone, ["push", "-q", "origin", "main"]);
    let theirs = on_remote(&fixture, "refs/heads/main");
    fixture.git(["commit", "-q", "--allow-empty", "-m", "ours"]);
    fixture.git(["config", "remote.origin.push", "+refs/heads/*:refs/heads/*"]);
    let words = rejected(push(&fixture.repo(), &order(&fixture)).unwrap());
    assert!(words.contains("[rejected]"), "{words}");
    assert_eq!(on_remote(&fixture, "refs/heads/main"), theirs);
}

#[test]
fn f80_the_remotes_own_words_come_back_when_its_hook_says_no() {
    let fixture = with_remote();
    script(&fixture.base().join("remote.git/hooks/pre-receive"), "echo branch is protected >&2; exit 1");
    let words = rejected(push(&fixture.repo(), &order(&fixture)).unwrap());
    assert!(words.contains("branch is protected"), "{words}");
    assert_eq!(on_remote(&fixture, "refs"), "");
}

#[test]
fn the_persons_own_hook_runs_and_may_say_no() {
    let fixture = with_remote();
    fixture.hook("pre-push", "read local id remote old; echo \"no $remote\" >&2; exit 1");
    let words = rejected(push(&fixture.repo(), &order(&fixture)).unwrap());
    assert!(words.contains("no refs/heads/main"), "{words}");
    assert_eq!(on_remote(&fixture, "refs"), "");
}

#[test]
fn f80_a_remote_that_is_gone_is_told_from_one_that_says_no() {
    let fixture = with_remote();
    fs::remove_dir_all(fixture.base().join("remote.git")).unwrap();
    match push(&fixture.repo(), &order(&fixture)).unwrap() {
        PushOutcome::Unreachable { words } => assert!(words.contains("remote.git"), "{words}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn f80_a_push_that_takes_too_long_is_ended() {
    let fixture = with_remote();
    fixture.hook("pre-push", "sleep 1000");
    let order = PushOrder { timeout: Duration::from_millis(300), ..order(&fixture) };
    let error = push(&fixture.repo(), &order).unwrap_err();
    assert!(matches!(error, PushError::TimedOut { .. }), "{error}");
}

#[test]
fn an_address_that_changed_since_it_was_shown_is_not_pushed_to() {
    let fixture = with_remote();
    let order = order(&fixture);
    fixture.git(["config", "remote.origin.pushurl", "../other.git"]);
    match push(&fixture.repo(), &order).unwrap_err() {
        PushError::AddressChanged { now, .. } => assert_eq!(now, "../other.git"),
        other => panic!("{other}"),
    }
}

#[test]
fn a_name_that_is_no_remote_or_no_branch_is_refused() {
    let fixture = with_remote();
    for remote in ["--mirror", "../remote.git", "none"] {
        let order = PushOrder { remote: remote.to_owned(), ..order(&fixture) };
        assert!(matches!(push(&fixture.repo(), &order).unwrap_err(), PushError::NoRemote { .. }), "{remote}");
    }
    for branch in ["", "a..b", "x:refs/heads/y", "a b", "x.lock"] {
        let order = PushOrder { branch: branch.to_owned(), ..order(&fixture) };
        assert!(matches!(push(&fixture.repo(), &order).unwrap_err(), PushError::Branch { .. }), "{branch}");
    }
}
