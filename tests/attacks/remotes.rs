//! What changes between a gate and its push.

use orchestra_testkit::TestProject;

use crate::trouble::{PLAIN, one_phase, project};

/// A project whose milestone waits at its push gate.
fn at_the_gate() -> TestProject {
    let project = project(PLAIN);
    project.add(&one_phase());
    let _ran = project.attend().expect(3).says("Push to origin?");
    project
}

#[test]
fn a54_a57_an_approval_is_of_the_commits_that_were_shown_and_of_no_others() {
    let project = at_the_gate();
    project.answer(&["approve"]);
    project.write("mine.txt", "mine\n");
    project.git(&["add", "mine.txt"]);
    project.git(&["commit", "--quiet", "--message", "feat: mine", "mine.txt"]);
    let _ran = project.attend().expect(3).says("with 1 commit from outside M1-one");
    assert_eq!(project.remote_subjects(), ["chore: begin", "chore: script"]);
    project.answer(&["approve"]);
    let _ran = project.attend().expect(0);
    assert_eq!(project.remote_subjects(), project.subjects());
    project.check();
}

#[test]
fn a54_a_branch_that_is_protected_or_was_rewritten_is_told_and_never_forced() {
    let project = at_the_gate();
    let hook = project.remote().join("hooks/pre-receive");
    crate::project::script(&hook, "#!/bin/sh\necho 'main is protected'\nexit 1\n");
    project.answer(&["approve"]);
    let _ran = project.attend().expect(3).says("not pushed").says("main is protected");
    std::fs::remove_file(hook).unwrap();

    // Somebody forced another history upon it.
    let (remote, root) = (project.remote(), project.git(&["rev-list", "--max-parents=0", "HEAD"]));
    let tree = project.git(&["rev-parse", "HEAD^{tree}"]);
    let theirs = project.git(&["commit-tree", tree.trim(), "-p", root.trim(), "-m", "feat: theirs"]);
    project.git(&["push", "--quiet", "--force", "origin", &format!("{}:main", theirs.trim())]);
    project.git(&["update-ref", "refs/remotes/origin/main", "HEAD~1"]);
    let _ran = project.attend();
    project.answer(&["approve"]);
    let _ran = project.attend().expect(3).says("not pushed");
    assert_eq!(project.git_at(&remote, &["rev-parse", "main"]), theirs);
    assert_eq!(project.ledger(), ["M1-one phase-1", "M1-one close"]);
    project.check();
}

#[test]
fn a55_an_address_that_changes_after_the_gate_is_shown_and_asked_about_anew() {
    for way in ["pushurl", "insteadOf", "pushInsteadOf"] {
        let project = at_the_gate();
        let evil = project.top().join("evil.git");
        let evil = evil.to_str().unwrap();
        project.git_at(&project.top(), &["init", "--quiet", "--bare", "--initial-branch=main", evil]);
        project.answer(&["approve"]);
        let remote = project.remote();
        match way {
            "pushurl" => project.git(&["config", "remote.origin.pushurl", evil]),
            way => project.git(&["config", &format!("url.{evil}.{way}"), remote.to_str().unwrap()]),
        };
        let _ran = project.attend().expect(3).says("Push to origin?").says(evil);
        assert_eq!(project.git_at(project.top().join("evil.git").as_path(), &["for-each-ref"]), "", "{way}");
        assert_eq!(project.remote_subjects(), ["chore: begin", "chore: script"], "{way}");
        // It is where it goes if that is what the person wants.
        project.answer(&["approve"]);
        let _ran = project.attend().expect(0);
        let there = project.git_at(project.top().join("evil.git").as_path(), &["log", "--format=%s", "main"]);
        assert!(there.contains("add phase-1"), "{way}: {there}");
        project.check();
    }
}
