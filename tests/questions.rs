//! What is asked, where nobody sits at the terminal: the run ends or waits, `orchestra answer` answers, and a start
//! goes on.

use orchestra_testkit::{Milestone, Running, TestProject, until};

use crate::terminal::Terminal;
use crate::trouble::{PLAIN, one_phase, project, with_turn};

const NOTHING: [&str; 0] = [];

/// A project whose configuration has these lines more.
fn configured(lines: &str) -> TestProject {
    let project = project(PLAIN);
    project.write(".orchestra/config.yaml", &(project.read(".orchestra/config.yaml") + lines));
    project.commit_all("chore: configure");
    project.git(&["push", "--quiet", "origin", "main"]);
    project.trust();
    project
}

fn phase(project: &TestProject) -> String {
    project.read(".orchestra/milestones/M1-one/phases/phase-1.md")
}

#[test]
fn a_design_is_sent_back_with_words_and_nothing_is_built_before_it_is_approved() {
    let project = project(
        "version: 1\nturns:\n  - when: { work: rfc }\n    steps:\n      \
         - write: { path: \".orchestra/milestones/${milestone}/rfc.md\", content: \"# First\\n\" }\n  \
         - when: { work: rfc, attempt: 2 }\n    steps:\n      - expect: say why not a cookie\n      \
         - write: { path: \".orchestra/milestones/${milestone}/rfc.md\", content: \"# Second\\n\" }\n  \
         - when: { work: phase-1 }\n    steps:\n      - write: { path: src/a.txt, content: \"in\\n\" }\n    \
         report: { summary: x }\n  - when: { work: \"review-*\" }\n    report: { verdict: approved }\n",
    );
    project.add(&Milestone::new("M1-one").phase("backend"));
    let _ran = project.attend().expect(3).says("Approve RFC").says("waits for you: M1-one");
    project.answer(&["revise", "say why not a cookie"]);
    let _ran = project.attend().expect(3);
    assert_eq!(project.read(".orchestra/milestones/M1-one/rfc.md"), "# Second\n");
    assert_eq!(project.ledger(), NOTHING);
    project.answer(&["approve"]);
    let _ran = project.attend().expect(3).says("Push to origin?");
    assert_eq!(project.ledger(), ["M1-one rfc", "M1-one phase-1"]);
    assert!(!project.remote_subjects().iter().any(|subject| subject.contains("rfc")));
    project.answer(&["approve"]);
    let _ran = project.attend().expect(0);
    assert_eq!(project.remote_subjects(), project.subjects());
    project.check();
}

#[test]
fn an_approval_counts_for_the_design_that_was_shown_and_no_other() {
    let project = project(PLAIN);
    project.add(&Milestone::new("M1-one").phase("backend"));
    let _ran = project.attend().expect(3);
    project.answer(&["approve"]);
    project.write(".orchestra/milestones/M1-one/rfc.md", "# Something else\n");
    let _ran = project.attend().expect(3).says("Approve RFC");
    assert_eq!(project.ledger(), NOTHING);
    project.answer(&["approve"]);
    let _ran = project.attend().expect(3).says("Push to origin?");
    assert_eq!(project.git(&["show", "HEAD~1:.orchestra/milestones/M1-one/rfc.md"]), "# Something else\n");
}

#[test]
fn with_wait_a_run_stays_until_it_is_answered_from_elsewhere() {
    let project = project(PLAIN);
    project.add(&Milestone::new("M1-one").phase("backend"));
    let running = project.start(&["start", "--once", "--wait"]);
    for (question, word) in [("rfc", "approve"), ("push", "finish")] {
        let is_asked = || project.gates().iter().any(|gate| gate.starts_with(question));
        until("the question is asked", is_asked);
        let status = || project.read(".orchestra/.state/worker.lock").contains("\"waits\":true");
        until("it waits", status);
        // Nothing runs: what is brought back now is the person's doing.
        let _ran = project.run(&["rescue", "restore", "M1-one/rfc/1/before"]).expect(0);
        project.answer(&[word]);
    }
    let ran = running.wait().expect(0);
    assert!(ran.said().contains("M1-one done, not pushed"), "{}", ran.said());
    assert_eq!(project.ledger(), ["M1-one rfc", "M1-one phase-1", "M1-one close"]);
    assert_eq!(project.remote_subjects().len(), 2);
}

#[test]
fn f86_a_slip_of_the_pen_in_the_configuration_asks_nobody_to_trust_again() {
    let project = project(PLAIN);
    project.add(&one_phase());
    let running = project.start(&["start", "--wait"]);
    let is_asked = || !project.gates().is_empty();
    until("the push is asked about", is_asked);
    project.answer(&["finish"]);
    until("the milestone is done", || project.ledger().contains(&"M1-one close".to_owned()));
    let config = project.read(".orchestra/config.yaml");
    project.write(".orchestra/config.yaml", &(config + "limits: { retries: 3\n"));
    project.add(&Milestone::new("M2-two").with("rfc: skip").phase("backend"));
    until("something is asked", is_asked);
    // The next one is built as the last configuration says that could be read.
    assert!(project.gates()[0].starts_with("push"), "{:?}", project.gates());
    assert_eq!(project.ledger(), ["M1-one phase-1", "M1-one close", "M2-two phase-1"]);
    running.signal("TERM");
    let ran = running.wait().expect(143);
    assert!(ran.said().contains(".orchestra/config.yaml:"), "{}", ran.said());
}

#[test]
fn f61_commits_of_others_are_never_published_unseen() {
    let project = project(PLAIN);
    project.write("mine.txt", "mine\n");
    project.commit_all("feat: my own");
    project.add(&one_phase());
    project.add(&Milestone::new("M2-two").with("rfc: skip").phase("backend"));
    let _ran = project.build().expect(3).says("1 commit from outside M1-one");
    assert_eq!(project.ledger(), ["M1-one phase-1", "M2-two phase-1"], "the next milestone ran");
    assert_eq!(project.remote_subjects(), ["chore: begin", "chore: script"]);
    project.check();
}

#[test]
fn a_gate_that_a_milestone_holds_waits_also_under_auto() {
    let project = project(PLAIN);
    project.add(&one_phase().with("hold: [push]"));
    project.add(&Milestone::new("M2-two").with("rfc: skip").with("depends_on: [M1-one]").phase("backend"));
    let _ran = project.build().expect(3).says("M1-one waits, others go on");
    assert_eq!(project.ledger(), ["M1-one phase-1"]);
    project.answer(&["approve"]);
    let _ran = project.build().expect(0);
    assert_eq!(project.ledger().last().unwrap(), "M2-two close");
    assert_eq!(project.remote_subjects(), project.subjects());
}

#[test]
fn what_a_review_found_is_shown_wherever_the_push_is_approved() {
    let project = with_turn(
        "  - when: { work: phase-1 }\n    steps:\n      - write: { path: src/a.txt, content: \"in\\n\" }\n    report: { summary: x }\n  \
         - when: { work: \"review-*\" }\n    report: { verdict: changes-requested, findings: [{ severity: blocking, file: src/a.txt, line: 1, message: no such thing }] }\n",
    );
    let path = ".orchestra/config.yaml";
    project.write(path, &(project.read(path) + "review: { when: always, fix_rounds: 0 }\n"));
    project.commit_all("chore: configure");
    project.git(&["push", "--quiet", "origin", "main"]);
    let asked = "All done but 1 blocking finding. Push to origin?";
    let _ran = project.attend().expect(3).says(asked);
    let _ran = project.run(&["status"]).expect(0).says(asked).says("blocking: src/a.txt:1 no such thing");
    let status = project.run(&["status", "--json"]).expect(0);
    let status: serde_json::Value = serde_json::from_str(&status.stdout).unwrap();
    let about = serde_json::json!(["review: changes-requested", "blocking: src/a.txt:1 no such thing"]);
    assert_eq!(status["gates"][0]["about"], about, "{status}");
}

#[test]
fn what_cannot_be_read_outweighs_what_waits() {
    let project = project(PLAIN);
    project.add(&one_phase());
    project
        .write(".orchestra/milestones/M2-broken/milestone.md", "---\nid: M2-broken\nstatus: nonsense\n---\n");
    let _ran = project.attend().expect(1).says("waits for you: M1-one").says("cannot be read: M2-broken");
}

#[test]
fn auto_for_the_design_alone_leaves_the_push_to_the_person() {
    let project = project(PLAIN);
    project.add(&Milestone::new("M1-one").phase("backend"));
    let _ran = project.run(&["start", "--auto=rfc", "--once"]).expect(3).says("yes (auto)");
    assert_eq!(project.ledger(), ["M1-one rfc", "M1-one phase-1"]);
    assert_eq!(project.remote_subjects(), ["chore: begin", "chore: script"]);
}

#[test]
fn gates_that_the_configuration_answers_are_answered_by_policy_unless_they_are_held() {
    let project = configured("gates: { rfc: auto, push: never }\n");
    project.add(&Milestone::new("M1-one").phase("backend"));
    project.add(&Milestone::new("M2-held").with("hold: [rfc]").phase("backend"));
    let _ran = project.attend().expect(3).says("yes (policy)").says("M1-one done, not pushed");
    assert_eq!(project.ledger(), ["M1-one rfc", "M1-one phase-1", "M1-one close"]);
    assert_eq!(project.gates().len(), 1);
}

#[test]
fn a_gate_that_a_flag_answers_is_answered_for_this_run() {
    let project = configured("gates: { rfc: ask, push: ask }\n");
    project.add(&one_phase());
    let _ran = project.run(&["start", "--once", "-c", "gates.push=never"]).expect(0).says("done, not pushed");
    assert_eq!(project.ledger(), ["M1-one phase-1", "M1-one close"]);
}

#[test]
fn what_failed_is_retried_with_a_persons_words() {
    let project = with_turn(
        "  - when: { work: phase-1 }\n    report: { summary: nothing to do }\n  \
         - when: { work: phase-1, attempt: 3 }\n    steps:\n      - expect: it is in src\n      \
         - write: { path: src/a.txt, content: \"in\\n\" }\n    report: { summary: x }\n",
    );
    let _ran = project.attend().expect(1).says("not done: M1-one (it changed nothing");
    assert!(phase(&project).contains("status: failed"));
    project.answer(&["retry", "it is in src"]);
    let _ran = project.attend().expect(3).says("Push to origin?");
    assert_eq!(project.ledger(), ["M1-one phase-1"]);
    project.check();
}

#[test]
fn what_failed_is_skipped_and_the_gate_says_so() {
    let project = with_turn(
        "  - when: { work: phase-1 }\n    steps:\n      - write: { path: src/a.txt, content: \"BUG\\n\" }\n    \
         report: { summary: x }\n  - when: { work: phase-2 }\n    steps:\n      \
         - write: { path: web/b.txt, content: \"in\\n\" }\n    report: { summary: y }\n",
    );
    project.write(".orchestra/milestones/M1-one/milestone.md", "");
    project.add(&one_phase().phase("frontend"));
    let _ran = project.attend().expect(1).says("`sh check.sh` is red").says("found a BUG");
    assert!(project.has("src/a.txt"), "a person may want to look");
    project.answer(&["skip"]);
    let _ran = project.attend().expect(3);
    assert!(!project.has("src/a.txt"));
    assert!(project.has_rescued("BUG\n"));
    assert!(phase(&project).contains("status: skipped"));
    assert_eq!(project.ledger(), ["M1-one phase-2"]);
    project.check();
}

/// A run that waits at a failed phase whose agent wrote into the library, and tries nothing by itself.
fn waits_at_a_failure(project: &TestProject) -> Running {
    let running = project.start(&["start", "--once", "--wait", "-c", "limits.repair_attempts=0"]);
    until("the failure is asked about", || project.gates().iter().any(|gate| gate.starts_with("failed")));
    running
}

#[test]
fn a_phase_that_is_mended_while_its_failure_is_asked_about_is_tried_as_it_is_now() {
    let project = with_turn(
        "  - when: { work: phase-1 }\n    steps:\n      - write: { path: src/a.txt, content: \"two\\n\" }\n    \
         report: { summary: x }\n",
    );
    project.add(
        &Milestone::new("M1-one")
            .with("rfc: skip")
            .phase_with("backend", "verify: [\"! grep -q two src/a.txt\"]\n"),
    );
    project.trust();
    let running = waits_at_a_failure(&project);
    let mended = phase(&project).replace("! grep -q two", "grep -q two");
    project.write(".orchestra/milestones/M1-one/phases/phase-1.md", &mended);
    project.trust();
    project.answer(&["retry"]);
    until("the push is asked about", || project.gates().iter().any(|gate| gate.starts_with("push")));
    project.answer(&["finish"]);
    let ran = running.wait().expect(0);
    assert_eq!(ran.said().matches("`! grep -q two src/a.txt` is red").count(), 3, "{}", ran.said());
    assert_eq!(project.ledger(), ["M1-one phase-1", "M1-one close"]);
    project.check();
}

#[test]
fn a_role_that_is_mended_while_a_failure_is_asked_about_counts_and_stays() {
    let project = with_turn(
        "  - when: { work: phase-1 }\n    steps:\n      - write: { path: docs/a.txt, content: \"in\\n\" }\n    \
         report: { summary: x }\n",
    );
    let running = waits_at_a_failure(&project);
    let role = ".orchestra/roles/backend-engineer.md";
    let mended = project.read(role).replace("\"tests/**\"", "\"docs/**\"");
    project.write(role, &mended);
    project.trust();
    project.answer(&["retry"]);
    until("the push is asked about", || project.gates().iter().any(|gate| gate.starts_with("push")));
    project.answer(&["finish"]);
    let _ran = running.wait().expect(0);
    assert_eq!(project.read(role), mended);
    assert_eq!(project.read("docs/a.txt"), "in\n");
    assert_eq!(project.ledger(), ["M1-one phase-1", "M1-one close"]);
    project.check();
}

#[test]
fn what_is_committed_while_a_phase_that_plans_to_touch_it_waits_is_built_on() {
    let project = project(
        "version: 1\nturns:\n  - when: { work: phase-1 }\n    steps:\n      \
         - append: { path: src/lib.txt, content: \"theirs\\n\" }\n    report: { summary: x }\n  \
         - when: { work: \"review-*\" }\n    report: { verdict: approved }\n",
    );
    project
        .add(&Milestone::new("M1-one").with("rfc: skip").phase_with("backend", "files: [\"src/lib.txt\"]\n"));
    project.write("src/lib.txt", "one\nmine\n");
    let mut terminal = Terminal::run(project.orchestra(&["start", "--once"]));
    terminal.wait_for("Changed already: src/lib.txt");
    terminal.line("keep");
    terminal.wait_for("phase-1 plans to touch what you have changed: src/lib.txt");
    project.git(&["commit", "--quiet", "--message", "feat: mine", "src/lib.txt"]);
    terminal.line("retry");
    terminal.wait_for("with 1 commit from outside M1-one");
    terminal.line("finish");
    let (code, said) = terminal.end();
    assert_eq!(code, 0, "{said}");
    assert_eq!(project.read("src/lib.txt"), "one\nmine\ntheirs\n");
    assert_eq!(project.ledger(), ["M1-one phase-1", "M1-one close"]);
}

#[test]
fn a_review_that_was_skipped_does_not_stand_for_the_next_one() {
    let project = project(
        "version: 1\nturns:\n  - when: { work: \"phase-*\" }\n    steps:\n      \
         - write: { path: \"src/${phase}.txt\", content: \"in\\n\" }\n    report: { summary: x }\n  \
         - when: { work: review-1 }\n    report: { summary: no verdict }\n  \
         - when: { work: review-2 }\n    report: { verdict: approved-with-comments }\n",
    );
    project.add(&one_phase());
    let _ran = project.attend().expect(1).says("review-1");
    project.answer(&["skip"]);
    let _ran = project.attend().expect(3).says("Push to origin?");
    project.answer(&["revise", "and the other half"]);
    let _ran = project.attend().expect(3).says("approved-with-comments");
    assert_eq!(project.ledger(), ["M1-one phase-1", "M1-one phase-2"]);
    project.check();
}

#[test]
fn a_stage_that_the_plan_names_and_the_configuration_leaves_out_is_skipped_and_named() {
    let project = configured("gates: { rfc: never }\nreview: { when: never }\n");
    project.add(&Milestone::new("M1-one").phase("architect").phase("backend").phase("reviewer"));
    let _ran = project
        .attend()
        .expect(3)
        .says("phase-1 is skipped: not wanted by the configuration (gates.rfc: never)");
    let _ran = project.run(&["status"]).says("skipped: phase-3");
    let status = |phase: &str| {
        let text = project.read(&format!(".orchestra/milestones/M1-one/phases/{phase}.md"));
        text.lines().find(|line| line.starts_with("status: ")).unwrap_or_default().to_owned()
    };
    assert_eq!(
        ["phase-1", "phase-2", "phase-3"].map(status),
        ["status: skipped", "status: done", "status: skipped"]
    );
    let context = project.read(".orchestra/milestones/M1-one/context.md");
    assert!(context.contains("not wanted by the configuration (review.when: never)"), "{context}");
    project.check();
}

#[test]
fn what_was_set_aside_is_taken_up_again_when_it_is_answered() {
    let project = with_turn(
        "  - when: { work: phase-1 }\n    steps:\n      - write: { path: src/a.txt, content: \"BUG\\n\" }\n    \
         report: { summary: x }\n  - when: { work: phase-1, attempt: 5 }\n    steps:\n      \
         - write: { path: src/a.txt, content: \"fine\\n\" }\n    report: { summary: x }\n",
    );
    let _ran = project.build().expect(1).says("M1-one is set aside");
    assert!(project.read(".orchestra/milestones/M1-one/milestone.md").contains("status: parked"));
    let _ran = project.build().expect(3).says("waits for you: M1-one");
    assert_eq!(project.ledger(), NOTHING, "nobody took it up");
    project.answer(&["retry"]);
    let _ran = project.build().expect(0).says("M1-one done.");
    assert_eq!(project.ledger(), ["M1-one phase-1", "M1-one close"]);
    project.check();
}

#[test]
fn f65_on_another_branch_nothing_is_touched_until_the_person_is_back() {
    let project = project(PLAIN);
    project.add(&one_phase());
    let _ran = project.attend().expect(3);
    project.git(&["switch", "--quiet", "--create", "other"]);
    let before = project.status();
    let _ran = project.attend().expect(3).says("git switch main");
    assert_eq!(project.status(), before);
    assert_eq!(project.git(&["log", "--format=%s", "main..other"]), "");
    project.git(&["switch", "--quiet", "main"]);
    project.check();
    let _ran = project.build().expect(0);
    assert_eq!(project.ledger(), ["M1-one phase-1", "M1-one close"]);
}

#[test]
fn more_than_is_saved_unasked_is_asked_about_and_left_as_it_is() {
    let project = configured("limits: { snapshot: 1KiB }\n");
    project.add(&one_phase());
    let large = "a line of a person's work\n".repeat(100);
    project.write("large.txt", &large);
    let _ran = project.build().expect(1).says("KiB of uncommitted files").says("M1-one is set aside");
    assert_eq!(project.read("large.txt"), large);
    assert!(!project.has_rescued(&large));
    project.add(&Milestone::new("M2-two").with("rfc: skip").phase("backend"));
    let _ran = project.run(&["start", "--once", "--milestone", "M2"]).expect(3).says("KiB of uncommitted");
    assert_eq!(project.ledger(), NOTHING);
}

#[test]
fn what_nobody_agreed_to_is_not_run() {
    let project = TestProject::new(env!("CARGO_BIN_EXE_orchestra"));
    project.add(&one_phase());
    for start in [&["start", "--once"][..], &["start", "--auto", "--once"]] {
        let _ran = project.run(start).expect(2).says("orchestra trust");
    }
    project.trust();
    project.write("check.sh", "touch ran\n");
    project.write(
        ".orchestra/config.yaml",
        &project.read(".orchestra/config.yaml").replace("sh check.sh", "sh check.sh --all"),
    );
    let _ran = project.build().expect(2).says("orchestra trust");
    assert!(!project.has("ran"));
}

/// Sets a key of a document's front matter.
fn set(project: &TestProject, document: &str, key: &str, value: &str) {
    let path = format!(".orchestra/milestones/M1-one/{document}");
    let text = project.read(&path);
    let line = text.lines().find(|line| line.starts_with(key)).unwrap().to_owned();
    project.write(&path, &text.replacen(&line, &format!("{key}: {value}"), 1));
}

/// The second phase of a milestone says that it is done, and nobody has committed it.
fn claimed() -> TestProject {
    let project = with_turn(
        "  - when: { work: phase-1 }\n    steps:\n      - write: { path: src/a.txt, content: \"in\\n\" }\n    report: { summary: x }\n  \
         - when: { work: phase-2 }\n    steps:\n      - run: \"[ -e ../ready ]\"\n      - write: { path: src/b.txt, content: \"in\\n\" }\n    report: { summary: y }\n",
    );
    project.add(&one_phase().phase("backend"));
    let _ran = project.build().expect(1);
    set(&project, "phases/phase-2.md", "status", "done");
    set(&project, "milestone.md", "status", "in-progress");
    let _ran = project.build().expect(1).says("phase-2 of M1-one says it is done");
    project
}

#[test]
fn what_is_said_elsewhere_of_a_phase_without_a_commit_is_heard() {
    let project = claimed();
    project.answer(&["keep"]);
    let _ran = project.build().expect(0);
    assert_eq!(project.ledger(), ["M1-one phase-1", "M1-one close"]);

    let project = claimed();
    std::fs::write(project.top().join("ready"), "").unwrap();
    project.answer(&["retry"]);
    let _ran = project.build().expect(0);
    assert_eq!(project.ledger(), ["M1-one phase-1", "M1-one phase-2", "M1-one close"]);
}

#[test]
fn what_may_be_saved_is_saved_also_when_that_is_said_elsewhere() {
    let project = configured("limits: { snapshot: 1KiB }\n");
    project.add(&one_phase());
    project.write("large.txt", &"x".repeat(4096));
    let _ran = project.build().expect(1).says("would be saved first");
    project.answer(&["approve"]);
    let _ran = project.build().expect(0);
    assert_eq!(project.ledger(), ["M1-one phase-1", "M1-one close"]);
}

#[test]
fn a_review_that_fails_is_skipped_also_when_that_is_said_elsewhere() {
    let project = project(
        "version: 1\nturns:\n  - when: { work: phase-1 }\n    steps:\n      - write: { path: src/a.txt, content: \"in\\n\" }\n    report: { summary: x }\n  \
         - when: { work: \"review-*\" }\n    report: { summary: no verdict }\n  - when: { work: \"diagnosis-*\" }\n    report: { summary: none }\n",
    );
    project.add(&one_phase());
    let _ran = project.build().expect(1).says("review-1 failed");
    project.answer(&["skip"]);
    let _ran = project.build().expect(0);
    assert_eq!(project.ledger(), ["M1-one phase-1", "M1-one close"]);
}

#[test]
fn what_a_person_sets_aside_stays_there() {
    let project = project(PLAIN);
    project.write("check.sh", "exit 1\n");
    project.commit_all("chore: red");
    project.git(&["push", "--quiet", "origin", "main"]);
    project.trust();
    project.add(&Milestone::new("M1-one").phase("backend"));
    let _ran = project.attend().expect(3).says("keep (policy)").says("Approve RFC");
    set(&project, "milestone.md", "status", "parked");
    let _ran = project.attend();
    assert!(project.read(".orchestra/milestones/M1-one/milestone.md").contains("status: parked"));
}

#[test]
fn what_is_planned_while_the_push_waits_is_built_before_the_close() {
    let project = project(PLAIN);
    project.add(&one_phase());
    let running = project.start(&["start", "--once", "--wait"]);
    let is_asked = || project.gates().iter().any(|gate| gate.starts_with("push"));
    until("the push is asked about", is_asked);
    let first = project.read(".orchestra/milestones/M1-one/phases/phase-1.md");
    let front = first.split("## Result").next().unwrap();
    let second = front.replace("id: phase-1", "id: phase-2").replace("status: done", "status: pending");
    project
        .write(".orchestra/milestones/M1-one/phases/phase-2.md", &second.replace("order: 1\n", "order: 2\n"));
    until("it is built and asked about anew", || project.ledger().len() == 2 && is_asked());
    project.answer(&["approve"]);
    let _ran = running.wait().expect(0);
    assert_eq!(project.ledger(), ["M1-one phase-1", "M1-one phase-2", "M1-one close"]);
}

#[test]
fn what_was_set_aside_runs_again_in_the_same_worker_once_its_phase_is_pending() {
    let project = with_turn(
        "  - when: { work: phase-1 }\n    steps:\n      - run: \"[ -e ../ready ]\"\n      - write: { path: src/a.txt, content: \"in\\n\" }\n    report: { summary: x }\n",
    );
    let running = project.start(&["start", "--auto"]);
    let milestone = || project.read(".orchestra/milestones/M1-one/milestone.md");
    until("it is set aside", || milestone().contains("status: parked"));
    std::fs::write(project.top().join("ready"), "").unwrap();
    set(&project, "phases/phase-1.md", "status", "pending");
    until("it is built", || milestone().contains("status: done"));
    running.signal("TERM");
    let _ran = running.wait().expect(143);
    assert_eq!(project.ledger(), ["M1-one phase-1", "M1-one close"]);
}

#[test]
fn whoever_builds_or_mends_is_told_the_commands_that_count() {
    let project = project(
        "version: 1\nturns:\n  - when: { work: phase-1 }\n    steps:\n      - expect: sh check.sh\n      \
         - write: { path: src/a.txt, content: \"in\\n\" }\n    report: { summary: x }\n  \
         - when: { work: phase-2 }\n    steps:\n      - expect: sh ./check.sh\n      \
         - write: { path: src/b.txt, content: \"in\\n\" }\n    report: { summary: x }\n  \
         - when: { work: review-1 }\n    report: { verdict: changes-requested, findings: [{ severity: blocking, file: src/a.txt, line: 1, message: no }] }\n  \
         - when: { work: \"fix-1-*\" }\n    steps:\n      - expect: sh check.sh\n      \
         - write: { path: src/a.txt, content: \"out\\n\" }\n    report: { summary: x }\n  \
         - when: { work: \"review-*\" }\n    report: { verdict: approved }\n",
    );
    let phases = Milestone::new("M1-one").with("rfc: skip").phase("backend");
    project.add(&phases.phase_with("backend", "verify: [\"sh ./check.sh\"]\n"));
    project.trust();
    let _ran = project.build().expect(0);
    assert_eq!(
        project.ledger(),
        ["M1-one phase-1", "M1-one phase-2", "M1-one fix-1-backend-engineer", "M1-one close"]
    );
    project.check();
}
