//! A worker while it runs: another one beside it, stopping it, reading what it prints.

use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use orchestra_testkit::{Milestone, TestProject};
use serde_json::Value;

use crate::terminal::Terminal;
use crate::trouble::{PLAIN, one_phase, project, with_turn};

/// A project with two phases; in the first the agent writes a file, and then waits at a gate of the test's.
fn held_up() -> (TestProject, PathBuf) {
    let project = project(
        "version: 1\nturns:\n  - when: { work: phase-1 }\n    steps:\n      \
         - write: { path: src/a.txt, content: \"in\\n\" }\n      - run: cat ../barrier\n    report: { summary: x }\n  \
         - when: { work: phase-2 }\n    steps:\n      - write: { path: web/b.txt, content: \"in\\n\" }\n    \
         report: { summary: y }\n  - when: { work: \"review-*\" }\n    report: { verdict: approved }\n",
    );
    project.add(&Milestone::new("M1-one").with("rfc: skip").phase("backend").phase("frontend"));
    let barrier = project.top().join("barrier");
    let made = Command::new("mkfifo").arg(&barrier).status().unwrap();
    assert!(made.success());
    (project, barrier)
}

/// Waits until the agent waits: a pipe opens when both ends are there.
fn reach(barrier: &PathBuf) -> File {
    File::options().write(true).open(barrier).unwrap()
}

#[test]
fn a_second_worker_is_told_who_works_here_and_how_to_watch() {
    let (project, barrier) = held_up();
    let running = project.start(&["start", "--auto", "--once"]);
    let open = reach(&barrier);
    let ran = project.build().expect(4).says("orchestra status --watch").says("M1-one phase-1");
    assert!(ran.said().contains(&running.pid().to_string()), "{}", ran.said());
    drop(open);
    let _ran = running.wait().expect(0);
    assert_eq!(project.ledger(), ["M1-one phase-1", "M1-one phase-2", "M1-one close"]);
}

#[test]
fn nothing_is_brought_back_while_somebody_builds() {
    let (project, barrier) = held_up();
    project.write("mine.txt", "mine\n");
    let running = project.start(&["start", "--auto", "--once"]);
    let open = reach(&barrier);
    let restore = &["rescue", "restore", "M1-one/phase-1/1/before"];
    let _ran = project.run(restore).expect(4).says("a worker runs in this checkout");
    drop(open);
    let _ran = running.wait().expect(0);
    let _ran = project.run(restore).expect(0);
}

#[test]
fn a_stop_lets_the_phase_come_to_its_commit() {
    let (project, barrier) = held_up();
    let running = project.start(&["start", "--auto", "--once"]);
    let open = reach(&barrier);
    let _ran = project.run(&["stop"]).expect(0).says("to leave after its phase");
    drop(open);
    let _ran = running.wait().expect(0).says("left off: M1-one");
    assert_eq!(project.ledger(), ["M1-one phase-1"]);
    let _ran = project.build().expect(0);
    assert_eq!(project.ledger(), ["M1-one phase-1", "M1-one phase-2", "M1-one close"]);
    project.check();
}

#[test]
fn a_stop_at_once_ends_the_turn_and_leaves_its_changes_in_the_tree() {
    let (project, barrier) = held_up();
    let running = project.start(&["start", "--auto", "--once"]);
    let open = reach(&barrier);
    let _ran = project.run(&["stop", "--now"]).expect(0);
    let _ran = running.wait().says("left off: M1-one");
    drop(open);
    assert_eq!(project.read("src/a.txt"), "in\n");
    assert_eq!(project.ledger(), [] as [&str; 0]);
    let again = project.start(&["start", "--auto", "--once"]);
    drop(reach(&barrier));
    let _ran = again.wait().expect(0);
    assert_eq!(project.ledger(), ["M1-one phase-1", "M1-one phase-2", "M1-one close"]);
    project.check();
}

#[test]
fn at_a_terminal_ctrl_c_interrupts_the_turn_and_a_second_one_leaves() {
    let (project, barrier) = held_up();
    let mut terminal = Terminal::run(project.orchestra(&["start", "--once"]));
    let open = reach(&barrier);
    terminal.interrupt();
    terminal.wait_for("phase-1 was interrupted; its changes are in the tree. Go on?");
    drop(open);
    terminal.line("whatever");
    terminal.wait_for("`whatever` is not an answer here");
    terminal.line("retry in one file");
    terminal.wait_for("→ retry: in one file");
    let open = reach(&barrier);
    terminal.interrupt();
    terminal.wait_for("Go on?");
    drop(open);
    terminal.interrupt();
    let (code, said) = terminal.end();
    assert_eq!(code, 130, "{said}");
    assert_eq!(project.read("src/a.txt"), "in\n");
    assert_eq!(project.ledger(), [] as [&str; 0]);

    let mut terminal = Terminal::run(project.orchestra(&["start", "--once"]));
    drop(reach(&barrier));
    terminal.wait_for("All done. Push to origin?");
    terminal.wait_for("stop\r\n");
    terminal.line("approve\napprove");
    terminal.wait_for("a paste answers nothing");
    terminal.write("approve\u{4}\u{4}");
    terminal.wait_for("ctrl-d answers nothing");
    terminal.line("\u{4}");
    terminal.wait_for("ctrl-d answers nothing");
    terminal.wait_for("Please type one of");
    terminal.line("approve approve");
    terminal.wait_for("`approve` stands alone");
    terminal.line("approve");
    let (code, said) = terminal.end();
    assert_eq!(code, 0, "{said}");
    assert_eq!(project.remote_subjects(), project.subjects());
    project.check();
}

#[test]
fn a_change_of_another_plan_is_taken_up_by_the_worker_that_runs() {
    let (project, barrier) = held_up();
    project.add(&Milestone::new("M2-two").with("rfc: skip").phase("backend"));
    let running = project.start(&["start", "--auto", "--once"]);
    let open = reach(&barrier);
    let second = ".orchestra/milestones/M2-two/milestone.md";
    project.write(second, &project.read(second).replace("status: planning", "status: dropped"));
    drop(open);
    let _ran = running.wait().expect(0);
    assert_eq!(project.ledger(), ["M1-one phase-1", "M1-one phase-2", "M1-one close"]);
}

#[test]
fn as_json_every_line_is_an_object_and_nothing_else_is_printed() {
    let project = project(PLAIN);
    project.add(&Milestone::new("M1-one").phase("backend"));
    let ran = project.run(&["start", "--auto", "--once", "--output", "json"]).expect(0);
    let lines: Vec<Value> = ran
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}")))
        .collect();
    let events: Vec<&str> = lines.iter().map(|line| line["event"].as_str().unwrap()).collect();
    assert_eq!(events.first(), Some(&"target"));
    assert_eq!(events.last(), Some(&"left"));
    for event in ["starting", "turn-began", "rfc-ready", "answered", "committed", "reviewed", "pushed"] {
        assert!(events.contains(&event), "{event}: {events:?}");
    }
    assert_eq!(lines.last().unwrap()["code"], 0);
    assert_eq!(ran.stderr, "");
}

#[test]
fn f43_a_reader_that_has_seen_enough_does_not_hurt_the_work() {
    let project = project(PLAIN);
    project.add(&one_phase());
    let mut child = project.orchestra(&["start", "--auto", "--once"]).stdout(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let _status = child.wait().unwrap();
    let _ran = project.build().expect(0);
    assert_eq!(project.ledger(), ["M1-one phase-1", "M1-one close"]);
    project.check();
}

#[test]
fn a_milestone_that_is_not_there_is_named_with_those_that_are() {
    let project = project(PLAIN);
    project.add(&one_phase());
    let _ran = project
        .run(&["start", "--milestone", "M9"])
        .expect(2)
        .says("there is no milestone M9")
        .says("M1-one");
    let _ran = project.run(&["start", "--jobs", "4"]).expect(2).says("one phase at a time");
}

#[test]
fn only_the_milestone_that_was_named_is_built() {
    let project = project(PLAIN);
    project.add(&one_phase());
    project.add(&Milestone::new("M2-two").with("rfc: skip").phase("backend"));
    let _ran = project.run(&["start", "--auto", "--once", "--milestone", "M2"]).expect(0);
    assert_eq!(project.ledger(), ["M2-two phase-1", "M2-two close"]);
}

#[test]
fn a_milestone_of_the_original_goes_on_where_it_was() {
    let project = with_turn(
        "  - when: { work: phase-2 }\n    steps:\n      - write: { path: web/login.txt, content: \"form\\n\" }\n    \
         report: { summary: x }\n",
    );
    project.git(&["clean", "-fdq", ".orchestra/milestones"]);
    let folder = ".orchestra/milestones/M7-user-auth";
    let milestone = "# Milestone: M7 — User Authentication\n\n| Field | Value |\n|-------|-------|\n\
                     | Status | in-progress |\n| Priority | P0 |\n\n## Phases\n\n\
                     | # | Role | Description | Status |\n|---|------|-------------|--------|\n\
                     | 1 | #backend | DB schema | done |\n| 2 | #frontend | Login form | pending |\n";
    project.write(&format!("{folder}/milestone.md"), milestone);
    for (number, role, status) in [(1, "backend-engineer", "done"), (2, "frontend", "pending")] {
        let text = format!("---\nrole: {role}\nstatus: {status}\norder: {number}\n---\n\n# Phase {number}\n");
        project.write(&format!("{folder}/phases/phase-{number}.md"), &text);
    }
    let _ran = project.build().expect(0).says("done before Orchestra came: phase-1");
    assert_eq!(project.ledger(), ["M7 phase-2", "M7 close"]);
    let said = project.read(&format!("{folder}/milestone.md"));
    assert!(said.contains("| Status | done |"), "{said}");
    assert!(said.contains("| 2 | #frontend | Login form | done |"), "{said}");
    project.check();
}

#[test]
fn a_long_history_of_answers_and_notes_is_readable_json_lines() {
    let project = project(PLAIN);
    project.add(&one_phase());
    let _ran = project.build().expect(0);
    let journal = project.read(".orchestra/.state/journal.jsonl");
    assert!(journal.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()), "{journal}");
    // A torn last line is what a power cut leaves; the next run goes on.
    let mut file =
        File::options().append(true).open(project.path(".orchestra/.state/journal.jsonl")).unwrap();
    file.write_all(b"{\"at\":\"2026").unwrap();
    project.add(&Milestone::new("M2-two").with("rfc: skip").phase("backend"));
    let _ran = project.build().expect(0);
    assert_eq!(project.ledger().len(), 4);
}

#[test]
fn a_milestone_without_a_phase_is_named_and_the_others_go_on() {
    let project = project(PLAIN);
    project.add(&Milestone::new("M1-empty"));
    let what = "`M1-empty` has no phase in `phases/`";
    let status = project.run(&["status"]).expect(0).says(what);
    assert!(!status.said().contains("begins M1-empty"), "{}", status.said());
    project.add(&Milestone::new("M2-two").with("rfc: skip").phase("backend"));
    let ran = project.run(&["start", "--auto", "--once"]);
    assert!(ran.said().contains(what), "{}", ran.said());
    assert_eq!(project.ledger(), ["M2-two phase-1", "M2-two close"]);
}
