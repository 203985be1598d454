//! History rewritten under a milestone that is half done, or cut short.

use orchestra_testkit::{Milestone, TestProject};

use crate::trouble::{PLAIN, project};

/// A milestone of two phases, of which the first is committed; the run was ended after it.
fn half_done() -> TestProject {
    let project = project(&format!(
        "{PLAIN}  - when: {{ work: \"diagnosis-*\" }}\n    report: {{ summary: wait for it }}\n"
    ));
    project.add(
        &Milestone::new("M1-one")
            .with("rfc: skip")
            .phase("backend")
            .phase_with("backend", "verify: [\"[ -e ../go ]\"]\n"),
    );
    project.trust();
    let ran = project.run(&["start", "--once", "-c", "limits.repair_attempts=0"]).expect(1);
    assert!(!project.gates().is_empty(), "{}", ran.said());
    assert_eq!(project.ledger(), ["M1-one phase-1"]);
    std::fs::write(project.top().join("go"), "").unwrap();
    project.answer(&["retry"]);
    project
}

/// Both works of the milestone, and each once.
fn goes_on(project: &TestProject) {
    let ran = project.attend().expect(3);
    assert!(ran.said().contains("All done. Push to origin"), "{}", ran.said());
    let mut ledger = project.ledger();
    ledger.sort();
    assert_eq!(ledger, ["M1-one phase-1", "M1-one phase-2"], "{}", ran.said());
    assert_eq!(project.read("src/M1-one-phase-1.txt"), "done\n");
    project.check();
}

#[test]
fn f66_a_phase_whose_commit_was_amended_is_done() {
    let project = half_done();
    project.git(&[
        "commit",
        "--quiet",
        "--amend",
        "--no-verify",
        "--message",
        "feat: mine",
        "--message",
        "Orchestra-Milestone: M1-one\nOrchestra-Phase: phase-1",
    ]);
    goes_on(&project);
}

#[test]
fn f66_a_phase_whose_commit_was_rebased_onto_others_is_done() {
    let project = half_done();
    project.git(&["stash", "--quiet"]);
    project.git(&["rebase", "--quiet", "--force-rebase", "--no-ff", "HEAD~1"]);
    project.git(&["commit", "--quiet", "--allow-empty", "--message", "feat: on top"]);
    project.git(&["stash", "pop", "--quiet"]);
    goes_on(&project);
}

#[test]
fn f66_a_phase_that_was_squashed_into_another_commit_is_done() {
    let project = half_done();
    let message = project.git(&["log", "-1", "--format=%B"]);
    project.git(&["reset", "--quiet", "--soft", "HEAD~1"]);
    project.git(&["commit", "--quiet", "--message", &format!("feat: all of it\n\n* {message}")]);
    goes_on(&project);
}

#[test]
fn f66_a_phase_that_was_reverted_is_named_and_not_done_again() {
    let project = half_done();
    project.git(&["stash", "--quiet"]);
    project.git(&["revert", "--no-edit", "--no-commit", "HEAD"]);
    project.git(&["restore", "--staged", "--worktree", "--source=HEAD", ".orchestra"]);
    project.git(&["commit", "--quiet", "--no-edit"]);
    project.git(&["stash", "pop", "--quiet"]);
    let _ran = project.attend().expect(3).says("the commit of phase-1 was reverted; it is not done again");
    assert!(!project.has("src/M1-one-phase-1.txt"));
    project.check();
}

#[test]
fn f66_a_phase_whose_commit_is_gone_is_asked_about_and_done_again_only_on_an_answer() {
    let project = half_done();
    // As `git rebase -i` with `drop` does, with the documents brought back.
    let (documents, kept) = (project.path(".orchestra/milestones"), project.top().join("documents"));
    std::fs::rename(&documents, &kept).unwrap();
    project.git(&["reset", "--quiet", "--hard", "HEAD~1"]);
    project.git(&["clean", "--quiet", "--force", "-d", "src"]);
    std::fs::rename(&kept, &documents).unwrap();
    let _ran = project
        .attend()
        .expect(3)
        .says("phase-1 of M1-one says it is done, and the branch has no commit of it");
    project.check();
    project.answer(&["retry"]);
    goes_on(&project);
}

#[test]
fn f68_a_history_that_was_reset_to_before_the_milestone_is_asked_about() {
    let project = half_done();
    let tip = project.git(&["rev-parse", "HEAD"]);
    project.git(&["reset", "--quiet", "--soft", "HEAD~2"]);
    for _ in 0..2 {
        let _ran = project.attend().expect(3).says("is no longer below the branch's tip").says("context.md");
    }
    assert_eq!(project.ledger(), [] as [&str; 0]);
    project.check();
    project.git(&["reset", "--quiet", "--soft", tip.trim()]);
    project.answer(&["retry"]);
    goes_on(&project);
}

#[test]
fn f69_a_clone_that_is_too_shallow_says_how_to_fetch_the_rest() {
    let project = half_done();
    project.git(&["push", "--quiet", "origin", "HEAD:refs/heads/main"]);
    project.git(&["checkout", "--quiet", "HEAD", "--", "."]);
    let kept = project.top().join("kept");
    std::fs::rename(project.root(), &kept).unwrap();
    let (url, root) = (format!("file://{}", project.remote().display()), project.root());
    project.git_at(&project.top(), &["clone", "--quiet", "--depth=1", &url, root.to_str().unwrap()]);
    for (key, value) in [("user.name", "A Person"), ("user.email", "person@example.com")] {
        project.git(&["config", key, value]);
    }
    project.trust();
    for _ in 0..2 {
        let _ran = project.attend().expect(3).says("too shallow to tell").says("git fetch --unshallow");
    }
    assert_eq!(project.ledger(), ["M1-one phase-1"]);
    project.git(&["fetch", "--quiet", "--unshallow"]);
    let _ran = project.attend().expect(3).says("Push to origin?");
    assert_eq!(project.ledger(), ["M1-one phase-1", "M1-one phase-2"]);
    project.check();
}
