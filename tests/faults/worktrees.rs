//! Several work trees of one repository.

use orchestra_testkit::TestProject;

use super::{DONE, NOTHING};
use crate::trouble::{PLAIN, one_phase, project};

/// The program in another work tree.
fn in_tree(project: &TestProject, tree: &str, args: &[&str]) -> orchestra_testkit::Ran {
    let mut command = project.orchestra(args);
    command.current_dir(project.top().join(tree));
    TestProject::start_as(command).wait()
}

fn ledger_of(project: &TestProject, branch: &str) -> Vec<String> {
    let format = "--format=%(trailers:key=Orchestra-Milestone,valueonly,separator=) \
                  %(trailers:key=Orchestra-Phase,valueonly,separator=)";
    let log = project.git(&["log", "--reverse", format, branch]);
    log.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

#[test]
fn f70_in_a_linked_worktree_a_milestone_is_built_on_its_own_branch() {
    let project = project(PLAIN);
    project.add(&one_phase());
    project.commit_all("docs: plan");
    project.git(&["push", "--quiet", "origin", "main"]);
    project.git(&["worktree", "add", "--quiet", "../linked", "-b", "linked"]);
    let _ran = in_tree(&project, "linked", &["trust", "--yes"]);
    let _ran = in_tree(&project, "linked", &["start", "--auto", "--once"]).expect(0);
    assert_eq!(ledger_of(&project, "linked"), DONE);
    assert_eq!(project.ledger(), NOTHING);
    assert_eq!(project.status(), NOTHING);
    assert!(!project.has(".orchestra/.state/journal.jsonl"), "each work tree has its own");
    project.check();
}

#[test]
fn f70_two_worktrees_build_the_same_milestone_and_neither_takes_the_others_snapshots() {
    let project = project(PLAIN);
    project.write(
        ".orchestra/script.yaml",
        "version: 1\nturns:\n  - when: { work: \"phase-*\" }\n    steps:\n      - write: { path: src/a.txt, content: \"in\\n\" }\n      \
         - write: { path: README.md, content: \"agents\\n\" }\n    report: { summary: x }\n  \
         - when: { work: \"review-*\" }\n    report: { verdict: approved }\n",
    );
    project.add(&one_phase());
    project.commit_all("docs: plan");
    project.git(&["push", "--quiet", "origin", "main"]);
    project.git(&["worktree", "add", "--quiet", "../linked", "-b", "linked"]);
    let linked = project.top().join("linked");
    std::fs::write(linked.join("README.md"), "in the linked one\n").unwrap();
    let _ran = in_tree(&project, "linked", &["trust", "--yes"]);
    let _ran = in_tree(&project, "linked", &["start", "--auto", "--once"]).expect(0);
    assert_eq!(std::fs::read_to_string(linked.join("README.md")).unwrap(), "in the linked one\n");
    project.check();

    project.write("README.md", "in the main one\n");
    project.write("src/mine.txt", "never seen by git\n");
    let ran = project.build().expect(0);
    assert_eq!(project.read("README.md"), "in the main one\n", "{}", ran.said());
    assert_eq!(project.read("src/mine.txt"), "never seen by git\n");
    assert!(!project.git(&["ls-tree", "-r", "HEAD"]).contains("mine.txt"));
    assert!(project.rescued().contains(&"M1-one@linked/phase-1/1/before".to_owned()));
    assert!(project.has_rescued("in the main one\n") && project.has_rescued("in the linked one\n"));
    assert_eq!(project.ledger(), DONE);
    assert_eq!(ledger_of(&project, "linked"), DONE);
    project.check();
}

#[test]
fn f70_without_its_state_a_work_tree_believes_no_snapshot_of_before() {
    let project = project(PLAIN);
    project.add(&one_phase());
    let head = project.git(&["rev-parse", "HEAD"]);
    let _ran = project.attend().expect(3);
    // A person begins again: history, documents and state as they were.
    project.git(&["reset", "--quiet", "--hard", head.trim()]);
    std::fs::remove_dir_all(project.path(".orchestra/.state")).unwrap();
    project.add(&one_phase());
    project.write("src/mine.txt", "never seen by git\n");
    let _ran = project.attend().expect(3).says("Push to origin?");
    assert_eq!(project.read("src/mine.txt"), "never seen by git\n");
    assert!(!project.git(&["ls-tree", "-r", "HEAD"]).contains("mine.txt"));
    assert!(project.has_rescued("never seen by git\n"));
    project.check();
}

#[test]
fn f70_a_worktree_whose_main_one_is_gone_says_what_is_missing() {
    let project = project(PLAIN);
    project.git(&["worktree", "add", "--quiet", "../linked", "-b", "linked"]);
    let _ran = in_tree(&project, "linked", &["trust", "--yes"]).expect(0);
    std::fs::rename(project.root(), project.top().join("gone")).unwrap();
    let _ran = in_tree(&project, "linked", &["start", "--auto", "--once"])
        .expect(2)
        .says(".git/worktrees/linked")
        .says("git worktree repair");
    let linked = project.top().join("linked");
    project.git_at(&project.top().join("gone"), &["worktree", "repair", linked.to_str().unwrap()]);
    let _ran = in_tree(&project, "linked", &["start", "--auto", "--once"]).expect(0);
}
