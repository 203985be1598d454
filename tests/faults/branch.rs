//! The branch moves, or another one is checked out, while the worker works.

use orchestra_testkit::{Milestone, TestProject};

use super::{DONE, NOTHING, is_done_in_a_hook, meanwhile};
use crate::trouble::{PLAIN, one_phase, project};

#[test]
fn f61_a_commit_of_the_person_during_a_turn_is_the_parent_of_the_phases() {
    let project = meanwhile("echo mine > mine.txt; git add mine.txt; git commit -q -m 'feat: mine'");
    let _ran = project.build().expect(3).says("1 commit from outside M1-one");
    assert_eq!(project.subjects()[2..], ["feat: mine", "feat: Part 1"]);
    assert_eq!(project.git(&["show", "--format=", "--name-only", "HEAD", "--", "mine.txt"]), "");
    assert!(!project.status().iter().any(|line| line.contains("mine.txt") || line.contains("src/")));
    project.check();
    project.answer(&["approve"]);
    let _ran = project.build().expect(0);
    assert_eq!(project.ledger(), DONE);
    assert_eq!(project.remote_subjects(), project.subjects());
}

#[test]
fn f61_a_commit_of_the_person_while_a_hook_runs_is_the_parent_of_the_phases() {
    let project = meanwhile("");
    is_done_in_a_hook(
        &project,
        "pre-commit",
        "echo mine > mine.txt; git add mine.txt; git commit -q -m 'feat: mine'",
    );
    let _ran = project.build().expect(3).says("1 commit from outside M1-one");
    assert_eq!(project.subjects()[2..], ["feat: mine", "feat: Part 1"]);
    assert!(!project.status().iter().any(|line| line.contains("mine.txt") || line.contains("src/")));
    project.check();
}

#[test]
fn f61_somebody_who_commits_whenever_the_worker_does_is_asked_to_stop() {
    let project = meanwhile("");
    is_done_in_a_hook(
        &project,
        "commit-msg",
        "rm ../hooked; git -c core.hooksPath=/dev/null commit -q --allow-empty -m mine",
    );
    let _ran = project.attend().expect(3).says("Somebody keeps committing while phase-1 is being committed");
    assert_eq!(project.ledger(), NOTHING);
    assert_eq!(project.read("src/a.txt"), "in\n");
    project.check();
    std::fs::remove_file(project.path(".git/hooks/commit-msg")).unwrap();
    project.answer(&["retry"]);
    let _ran = project.attend().expect(3).says("with 4 commits from outside M1-one");
    assert_eq!(project.ledger(), ["M1-one phase-1"]);
    project.check();
}

#[test]
fn f63_a_file_that_the_phase_and_a_commit_of_the_person_both_changed_is_asked_about() {
    let project = meanwhile(
        "echo mine >> src/lib.txt; git commit -q -m 'feat: mine' src/lib.txt; echo agents > src/lib.txt",
    );
    let _ran = project
        .attend()
        .expect(3)
        .says("src/lib.txt was changed by phase-1 and by a commit made meanwhile")
        .says("Bring the two together");
    assert_eq!(project.git(&["show", "HEAD:src/lib.txt"]), "one\nmine\n");
    assert_eq!(project.read("src/lib.txt"), "agents\n");
    project.check();
    project.write("src/lib.txt", "one\nmine\nagents\n");
    project.git(&["commit", "--quiet", "--message", "feat: both", "src/lib.txt"]);
    project.answer(&["retry"]);
    let _ran = project.attend().expect(3).says("from outside M1-one");
    assert_eq!(project.read("src/lib.txt"), "one\nmine\nagents\n");
    assert_eq!(project.ledger(), ["M1-one phase-1"]);
    project.check();
}

/// A person switches away while the worker is somewhere; it stops before it writes, and goes on when they are back.
fn is_away(project: &orchestra_testkit::TestProject, said: &str) {
    let ran = project.attend();
    assert_eq!(ran.code, Some(3), "{}", ran.said());
    assert!(ran.said().contains(said) && ran.said().contains("git switch main"), "{}", ran.said());
    assert_eq!(project.ledger(), NOTHING);
    assert_eq!(project.git(&["log", "--format=%s", "-1", "main"]), "chore: script\n");
    project.check();
    project.git(&["switch", "--quiet", "main"]);
    assert_eq!(project.read("src/a.txt"), "in\n");
    if !project.gates().is_empty() {
        project.answer(&["retry"]);
    }
    let _ran = project.build().expect(0);
    assert_eq!(project.ledger(), DONE);
    project.check();
}

const ELSEWHERE: &str = "M1-one was begun on branch main, and other is checked out.";

#[test]
fn f65_a_branch_switched_during_a_turn_is_waited_for() {
    is_away(&meanwhile("git switch -q -c other"), ELSEWHERE);
}

#[test]
fn f65_a_branch_switched_during_verification_is_waited_for() {
    let project =
        meanwhile("echo '[ -e ../switched ] || { : > ../switched; git switch -q -c other; }' > ../check");
    project.write("check.sh", "[ ! -e ../check ] || sh ../check\n");
    super::begin_with(&project);
    let ran = project.attend().expect(3).says(ELSEWHERE).says("git switch main");
    assert_eq!(project.git(&["log", "--format=%s", "-1", "main"]), "chore: before\n", "{}", ran.said());
    project.check();
    project.git(&["switch", "--quiet", "main"]);
    project.answer(&["retry"]);
    let _ran = project.build().expect(0);
    assert_eq!(project.ledger(), DONE);
    project.check();
}

#[test]
fn f65_a_branch_switched_while_a_hook_runs_is_waited_for() {
    let project = meanwhile("");
    is_done_in_a_hook(&project, "pre-commit", "git switch -q -c other");
    is_away(&project, ELSEWHERE);
}

#[test]
fn f65_a_head_detached_during_a_turn_is_waited_for() {
    is_away(&meanwhile("git checkout -q --detach"), "no branch");
}

#[test]
fn f65_a_head_detached_while_a_hook_runs_is_waited_for() {
    let project = meanwhile("");
    is_done_in_a_hook(&project, "pre-commit", "git checkout -q --detach");
    is_away(&project, "no branch");
}

#[test]
fn f65_a_branch_switched_at_night_sets_the_milestone_aside_with_everything_kept() {
    let project = meanwhile("git switch -q -c other");
    let _ran = project.build().expect(1).says(ELSEWHERE);
    assert_eq!(project.git(&["log", "--format=%s", "-1", "main"]), "chore: script\n");
    assert!(project.has("src/a.txt") || project.has_rescued("in\n"));
    project.check();
    project.git(&["switch", "--quiet", "main"]);
    project.answer(&["retry"]);
    let _ran = project.build().expect(0);
    assert_eq!(project.ledger(), DONE);
    project.check();
}

#[test]
fn f65_a_branch_switched_while_the_push_waits_is_named_and_nothing_is_pushed() {
    let project = project(PLAIN);
    project.add(&one_phase());
    let _ran = project.attend().expect(3).says("Push to origin?");
    project.git(&["switch", "--quiet", "--create", "other"]);
    let _ran = project.attend().expect(3).says(ELSEWHERE).says("git switch main");
    assert_eq!(project.remote_subjects(), ["chore: begin", "chore: script"]);
    project.check();
    project.git(&["switch", "--quiet", "main"]);
    let _ran = project.build();
    assert_eq!(project.ledger(), DONE);
    project.check();
}

/// During the turn this happens, in a repository with a branch `other` that says something else in the same file.
fn against_other(does: &str) -> TestProject {
    let project = meanwhile(does);
    project.git(&["switch", "--quiet", "--create", "other"]);
    project.write("README.md", "other\n");
    project.git(&["commit", "--quiet", "--message", "docs: other", "README.md"]);
    project.git(&["switch", "--quiet", "main"]);
    project.write("README.md", "main\n");
    project.git(&["commit", "--quiet", "--message", "docs: main", "README.md"]);
    project.git(&["push", "--quiet", "origin", "main"]);
    project
}

#[test]
fn f67_a_merge_that_stops_with_conflicts_during_a_turn_is_waited_for() {
    let project = against_other("git merge -q other || true");
    let ran = project.attend();
    assert!(project.has(".git/MERGE_HEAD"), "{}", ran.said());
    assert_eq!(ran.code, Some(3), "{}", ran.said());
    assert!(
        ran.said().contains("A merge is in progress") && ran.said().contains("git merge --abort"),
        "{}",
        ran.said()
    );
    assert_eq!(project.ledger(), NOTHING);
    assert!(project.read("README.md").contains("<<<<<<<"));
    project.check();
    project.git(&["merge", "--abort"]);
    assert_eq!(project.read("src/a.txt"), "in\n");
    project.answer(&["retry"]);
    let _ran = project.build().expect(0);
    assert_eq!(project.ledger(), DONE);
    assert_eq!(project.read("README.md"), "main\n");
    project.check();
}

#[test]
fn f67_a_rebase_that_stops_during_a_turn_is_waited_for() {
    let project = against_other("git rebase -q --autostash other || true");
    let ran = project.attend();
    assert_eq!(ran.code, Some(3), "{}", ran.said());
    assert!(ran.said().contains("rebase --abort"), "{}", ran.said());
    assert_eq!(project.ledger(), NOTHING);
    project.git(&["rebase", "--abort"]);
    if !project.gates().is_empty() {
        project.answer(&["retry"]);
    }
    let _ran = project.build().expect(0);
    assert_eq!(project.ledger(), DONE);
    project.check();
}

#[test]
fn f67_whatever_is_in_progress_at_the_start_is_named_with_what_ends_it() {
    let project = project(PLAIN);
    project.add(&Milestone::new("M1-one").with("rfc: skip").phase("backend"));
    let head = project.git(&["rev-parse", "HEAD"]);
    for (file, said) in [
        ("MERGE_HEAD", "git merge --abort"),
        ("CHERRY_PICK_HEAD", "git cherry-pick --abort"),
        ("REVERT_HEAD", "git revert --abort"),
    ] {
        project.write(&format!(".git/{file}"), &head);
        let _ran = project.build().expect(2).says(said);
        let _ran = project.attend().expect(2).says(said);
        std::fs::remove_file(project.path(&format!(".git/{file}"))).unwrap();
    }
    assert_eq!(project.ledger(), NOTHING);
    let _ran = project.build().expect(0);
    project.check();
}
