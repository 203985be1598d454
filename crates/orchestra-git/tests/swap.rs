use std::fs;
use std::thread;
use std::time::Duration;

use orchestra_core::repo::CommitId;
use orchestra_git::prepare::prepare;
use orchestra_git::repo::{Repo, RepoOptions};
use orchestra_git::swap::{SwapError, swap};

use crate::fixture::Fixture;

fn prepared(fixture: &Fixture) -> CommitId {
    prepare(&fixture.repo(), &fixture.order(&[])).unwrap().commit
}

#[test]
fn f61_a_branch_that_moved_meanwhile_is_left_alone() {
    let fixture = Fixture::new();
    let (parent, commit) = (fixture.head(), prepared(&fixture));
    fixture.write("README.md", "the person\n");
    let now = fixture.commit_all("the person's");
    match swap(&fixture.repo(), "main", &commit, &parent, "x").unwrap_err() {
        SwapError::Moved { now: found } => assert_eq!(found, now),
        other => panic!("{other}"),
    }
    assert_eq!(fixture.head(), now);
    fixture.assert_sound();
}

#[test]
fn f65_a_head_on_another_branch_or_on_none_is_left_alone() {
    let fixture = Fixture::new();
    let (parent, commit) = (fixture.head(), prepared(&fixture));
    fixture.git(["switch", "-q", "-c", "other"]);
    match swap(&fixture.repo(), "main", &commit, &parent, "x").unwrap_err() {
        SwapError::OtherBranch { now } => assert_eq!(now.as_deref(), Some("other")),
        other => panic!("{other}"),
    }
    fixture.git(["checkout", "-q", "--detach"]);
    match swap(&fixture.repo(), "main", &commit, &parent, "x").unwrap_err() {
        SwapError::OtherBranch { now } => assert_eq!(now, None),
        other => panic!("{other}"),
    }
    assert_eq!(fixture.git(["rev-parse", "main"]), parent.as_str());
    fixture.assert_sound();
}

#[test]
fn twice_is_once() {
    let fixture = Fixture::new();
    let (parent, commit) = (fixture.head(), prepared(&fixture));
    for _ in 0..2 {
        swap(&fixture.repo(), "main", &commit, &parent, "only once").unwrap();
    }
    assert_eq!(fixture.git(["reflog", "--format=%gs", "main"]).matches("only once").count(), 1);
}

#[test]
fn a_branch_that_lies_in_packed_refs_moves_too_and_so_does_one_with_a_slash() {
    let fixture = Fixture::new();
    fixture.git(["switch", "-q", "-c", "topic/deep"]);
    fixture.git(["pack-refs", "--all"]);
    let (parent, commit) = (fixture.head(), prepared(&fixture));
    swap(&fixture.repo(), "topic/deep", &commit, &parent, "x").unwrap();
    assert_eq!(fixture.head(), commit);
    fixture.assert_sound();
}

#[test]
fn f60_a_lock_that_stays_is_named_and_never_removed() {
    let fixture = Fixture::new();
    let (parent, commit) = (fixture.head(), prepared(&fixture));
    for lock in ["index.lock", "HEAD.lock", "refs/heads/main.lock"] {
        let file = fixture.root.join(".git").join(lock);
        fs::write(&file, "").unwrap();
        match swap(&fixture.repo(), "main", &commit, &parent, "x").unwrap_err() {
            SwapError::Locked { path, .. } => assert_eq!(path, file),
            other => panic!("{other}"),
        }
        assert!(file.exists());
        fs::remove_file(file).unwrap();
    }
    assert_eq!(fixture.head(), parent);
    swap(&fixture.repo(), "main", &commit, &parent, "x").unwrap();
    fixture.assert_sound();
}

#[test]
fn f60_a_lock_that_is_let_go_is_waited_for() {
    let fixture = Fixture::new();
    let (parent, commit) = (fixture.head(), prepared(&fixture));
    let lock = fixture.root.join(".git/HEAD.lock");
    fs::write(&lock, "").unwrap();
    let options = RepoOptions { lock_wait: Duration::from_secs(30), ..fixture.options() };
    let repo = Repo::open(&fixture.root, options).unwrap();
    thread::scope(|scope| {
        let swapping = scope.spawn(|| swap(&repo, "main", &commit, &parent, "x"));
        fs::remove_file(&lock).unwrap();
        swapping.join().unwrap().unwrap();
    });
    assert_eq!(fixture.head(), commit);
}

#[test]
fn of_two_that_swap_at_once_one_wins() {
    let fixture = Fixture::new();
    let parent = fixture.head();
    let commits: Vec<CommitId> = (0..4)
        .map(|n| {
            let mut order = fixture.order(&[]);
            order.message = format!("feat: {n}");
            prepare(&fixture.repo(), &order).unwrap().commit
        })
        .collect();
    let options = || RepoOptions { lock_wait: Duration::from_secs(30), ..fixture.options() };
    let won: Vec<bool> = thread::scope(|scope| {
        let swapping: Vec<_> = commits
            .iter()
            .map(|commit| {
                let repo = Repo::open(&fixture.root, options()).unwrap();
                let parent = &parent;
                scope.spawn(move || match swap(&repo, "main", commit, parent, "x") {
                    Ok(()) => true,
                    Err(SwapError::Moved { .. }) => false,
                    Err(other) => panic!("{other}: {other:?}"),
                })
            })
            .collect();
        swapping.into_iter().map(|swap| swap.join().unwrap()).collect()
    });
    assert_eq!(won.iter().filter(|won| **won).count(), 1);
    let winner = won.iter().position(|won| *won).unwrap();
    assert_eq!(fixture.head(), commits[winner]);
    fixture.assert_sound();
}
