use orchestra_git::changes::changes;
use orchestra_git::fold::{Fold, FoldError, fold};
use orchestra_git::own_commits::own_commits;
use orchestra_git::rescue::{PatchFor, show};
use orchestra_git::snapshot::snapshot;

use crate::fixture::{BEFORE, Fixture, paths, shown};

const OWN: &str = "refs/orchestra/rescue/M1-a/phase-1/1/commits";

fn as_agent(fixture: &Fixture, message: &str) {
    fixture.git([
        "-c",
        "user.name=agent",
        "-c",
        "user.email=agent@orchestra.invalid",
        "commit",
        "-q",
        "-m",
        message,
    ]);
}

#[test]
fn f15_an_agents_commits_go_and_its_work_stays() {
    let fixture = Fixture::new();
    fixture.write("README.md", "staged by the person\n");
    fixture.git(["add", "README.md"]);
    snapshot(&fixture.repo(), BEFORE, u64::MAX).unwrap();
    let before = fixture.head();
    fixture.git(["restore", "-q", "--staged", "README.md"]);
    fixture.write("src/a.rs", "one\n");
    fixture.git(["add", "src/a.rs"]);
    as_agent(&fixture, "first");
    fixture.git(["rm", "-q", "src/b.rs"]);
    fixture.write("new", "x\n");
    fixture.git(["add", "new"]);
    as_agent(&fixture, "second");
    fixture.git(["add", "README.md"]);
    fixture.write("src/a.rs", "two\n");
    let tip = fixture.head();

    let repo = fixture.repo();
    let own = own_commits(&repo, &before).unwrap();
    assert_eq!(own.len(), 2);
    let done = fold(&repo, &before, OWN).unwrap();
    assert_eq!(done, Fold::Folded { reference: OWN.to_owned(), commits: own });
    assert_eq!(fixture.head(), before);
    assert_eq!(fixture.status(), "M  README.md\n M src/a.rs\n D src/b.rs\n?? new");
    assert_eq!(shown(&changes(&repo, BEFORE).unwrap()), ["+new", "~src/a.rs", "-src/b.rs"]);
    // The commits are kept, whole.
    assert_eq!(fixture.git(["rev-parse", &format!("{OWN}^2")]), tip.as_str());
    assert_eq!(show(&repo, OWN, PatchFor::Applying).unwrap().paths, paths(&["new", "src/a.rs", "src/b.rs"]));
    assert_eq!(fold(&repo, &before, OWN).unwrap(), Fold::Nothing);
    fixture.assert_sound();
}

#[test]
fn a_commit_of_the_person_among_them_stops_it() {
    let fixture = Fixture::new();
    let before = fixture.head();
    fixture.write("src/a.rs", "one\n");
    fixture.git(["add", "src/a.rs"]);
    as_agent(&fixture, "first");
    fixture.write("README.md", "the person\n");
    let persons = fixture.commit_all("the person's");
    match fold(&fixture.repo(), &before, OWN).unwrap_err() {
        FoldError::Mixed { others } => assert_eq!(others, std::slice::from_ref(&persons)),
        other => panic!("{other}"),
    }
    assert_eq!(fixture.head(), persons);
    assert_eq!(fixture.git(["for-each-ref", "refs/orchestra"]), "");
}

#[test]
fn the_persons_own_commits_are_nothing_to_fold() {
    let fixture = Fixture::new();
    let before = fixture.head();
    fixture.git(["commit", "-q", "--allow-empty", "-m", "the person's"]);
    assert_eq!(fold(&fixture.repo(), &before, OWN).unwrap(), Fold::Nothing);
}

#[test]
fn f15_f60_a_lock_in_the_way_leaves_index_and_branch_together() {
    let fixture = Fixture::new();
    let before = fixture.head();
    fixture.write("src/a.rs", "one\n");
    fixture.git(["add", "src/a.rs"]);
    as_agent(&fixture, "first");
    let lock = fixture.root.join(".git/HEAD.lock");
    std::fs::write(&lock, "").unwrap();
    assert!(matches!(fold(&fixture.repo(), &before, OWN).unwrap_err(), FoldError::Swap(_)));
    std::fs::remove_file(lock).unwrap();
    assert_eq!(fixture.status(), "");
    assert!(matches!(fold(&fixture.repo(), &before, OWN).unwrap(), Fold::Folded { .. }));
    assert_eq!(fixture.status(), " M src/a.rs");
}
