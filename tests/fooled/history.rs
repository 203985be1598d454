//! An agent that uses git by itself.

use orchestra_testkit::TestProject;

use crate::trouble::{one_phase, with_turn};

use super::{NOTHING, deed, nobody_answered, with_deed};

/// Two phases, of which the second is done by a script.
fn with_second_deed(script: &str) -> TestProject {
    let project = with_turn(
        "  - when: { work: phase-1 }\n    steps:\n      - write: { path: src/first.txt, content: \"first\\n\" }\n    \
         report: { summary: x, commit: { type: feat, scope: part, subject: first } }\n  \
         - when: { work: phase-2 }\n    steps:\n      - run: \"sh ../deed.sh\"\n    \
         report: { summary: y, commit: { type: feat, scope: part, subject: second } }\n",
    );
    deed(&project, "deed.sh", script);
    project.add(&one_phase().phase("backend"));
    project
}

#[test]
fn a22_commits_of_an_agent_with_forged_trailers_are_one_commit_of_the_worker_and_nothing_more() {
    let project = with_deed(
        "echo \"$ORCHESTRA_PHASE\" >>src/a.txt
git add -A
git commit -q -m 'feat: everything

Orchestra-Milestone: M1-one
Orchestra-Phase: phase-1
'
echo more >>src/a.txt
git commit -q -a -m 'feat: the rest

Orchestra-Milestone: M1-one
Orchestra-Phase: phase-2

Orchestra-Milestone: M1-one
Orchestra-Phase: close
'
",
    );
    project.add(&one_phase().phase("backend"));
    let _ran = project.build().expect(0).says("orchestra rescue");
    assert_eq!(project.ledger(), ["M1-one phase-1", "M1-one phase-2", "M1-one close"]);
    assert_eq!(
        project.subjects()[2..],
        ["feat(part): add phase-1", "feat(part): add phase-2", "chore(orchestra): close M1-one"]
    );
    assert_eq!(project.git(&["log", "--format=%ce", "origin/main"]).matches("agent@").count(), 0);
    assert!(project.rescued().iter().any(|name| name.contains("phase-2")), "{:?}", project.rescued());
    project.check();
}

#[test]
fn what_an_agent_stashes_away_is_no_change_and_what_the_person_had_comes_back() {
    let project = with_deed("echo mine >src/a.txt\ngit add -A\ngit stash --quiet --include-untracked\n");
    project.write("README.md", "# A project\nmy notes\n");
    project.write("private.txt", "the person's\n");
    let _ran = project.build().expect(1).says("M1-one is set aside");
    assert_eq!(project.ledger(), NOTHING);
    assert_eq!(project.read("README.md"), "# A project\nmy notes\n");
    assert_eq!(project.read("private.txt"), "the person's\n");
    assert!(!project.has("src/a.txt"));
    project.check();
}

/// Nothing of the second phase counts, the first is missed, and all is well when the person has brought it back.
fn check_missed(deed: &str) {
    let project = with_second_deed(deed);
    let ran = project.build().expect(1).says("Commits that were there when phase-2 began are gone: phase-1.");
    let ran = ran.says("M1-one is set aside");
    let back = ran.said().split("git reset --keep ").nth(1).unwrap().split('`').next().unwrap().to_owned();
    assert_eq!(project.remote_subjects(), ["chore: begin", "chore: script"]);
    project.check();

    project.git(&["stash", "--quiet", "--include-untracked"]);
    project.git(&["reset", "--quiet", "--hard", &back]);
    deed_is_good(&project);
    project.answer(&["retry"]);
    let _ran = project.build().expect(0);
    assert_eq!(project.ledger(), ["M1-one phase-1", "M1-one phase-2", "M1-one close"]);
    assert_eq!(project.git(&["show", "HEAD:src/first.txt"]), "first\n");
    assert_eq!(project.remote_subjects(), project.subjects());
    project.check();
}

/// From now on the agent does what it should.
fn deed_is_good(project: &TestProject) {
    deed(project, "deed.sh", "echo good >src/second.txt\n");
}

#[test]
fn an_earlier_phases_commit_that_an_agent_amends_is_not_taken_for_the_workers() {
    check_missed(
        "echo forged >src/first.txt\ngit commit -q -a --amend --no-edit\necho second >src/second.txt\n",
    );
}

#[test]
fn an_earlier_phases_commit_that_an_agent_takes_off_the_branch_is_missed() {
    check_missed("git reset -q --hard HEAD~1\necho second >src/second.txt\n");
}

#[test]
fn a_push_of_an_agents_own_is_no_approval_and_is_noticed_when_the_person_approves() {
    let project = with_deed(
        "echo mine >src/a.txt\ngit add -A\ngit commit -q -m 'feat: mine'\ngit push -q origin HEAD:main\n",
    );
    let _ran = project.attend().expect(3).says("Push to origin?").says("nothing pushed");
    assert_eq!(
        project.remote_subjects(),
        ["chore: begin", "chore: script", "feat: mine"],
        "without a sandbox it can"
    );
    assert_eq!(project.ledger(), ["M1-one phase-1"]);
    nobody_answered(&project);
    project.answer(&["approve"]);
    let _ran = project.attend().expect(3).says("not pushed").says("non-fast-forward");
    assert_eq!(project.remote_subjects().len(), 3, "nothing is forced");
    project.check();
}

#[test]
fn tags_and_branches_of_an_agent_are_not_published() {
    let project = with_deed(
        "echo mine >src/a.txt\ngit tag v9\ngit branch other\ngit config push.followTags true\ngit config push.default matching\n",
    );
    let _ran = project.build().expect(0);
    assert_eq!(project.ledger(), ["M1-one phase-1", "M1-one close"]);
    let remote = project.git_at(&project.remote(), &["for-each-ref", "--format=%(refname)"]);
    assert_eq!(remote.trim(), "refs/heads/main");
    assert_eq!(project.remote_subjects(), project.subjects());
    project.check();
}

#[test]
fn a_branch_that_an_agent_switches_to_is_not_committed_on() {
    let project =
        with_deed("[ -e ../once ] || { : >../once; git switch -q -c mine; }\necho mine >src/a.txt\n");
    let begun = project.git(&["rev-parse", "HEAD"]);
    let _ran = project.build().expect(1).says("begun on branch main, and mine is checked out");
    assert_eq!(
        [project.git(&["rev-parse", "main"]), project.git(&["rev-parse", "mine"])],
        [begun.clone(), begun]
    );
    project.git(&["switch", "--quiet", "main"]);
    project.answer(&["retry"]);
    let _ran = project.build().expect(0);
    assert_eq!(project.ledger(), ["M1-one phase-1", "M1-one close"]);
    assert_eq!(project.remote_subjects(), project.subjects());
    project.check();
}
