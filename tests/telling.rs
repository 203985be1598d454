//! Telling a person elsewhere, and how far a run is.

use std::fs;
use std::time::{Duration, Instant};

use orchestra_testkit::{Milestone, TestProject, until};
use serde_json::{Value, json};

use crate::kills::nothing_runs;
use crate::trouble::{PLAIN, one_phase, project, with_turn};

fn own_config(project: &TestProject, text: &str) {
    let file = project.home().join("config/orchestra/config.yaml");
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, text).unwrap();
}

/// Has the person told by a script of theirs, which finds the event in `$event` and the text in `$2`.
fn told_by(project: &TestProject, script: &str) {
    let teller = project.top().join("teller");
    crate::project::script(&teller, &format!("#!/bin/sh\nevent=$(cat)\n{script}\n"));
    own_config(project, &format!("notify_command: [\"{}\", Orchestra]\n", teller.display()));
}

/// Writes each event into a file, with the text before it.
const KEEPS: &str = "printf '%s|%s\\n' \"$2\" \"$event\" >> \"$(dirname \"$0\")/told\"";

fn told(project: &TestProject) -> Vec<(String, Value)> {
    let lines = fs::read_to_string(project.top().join("told")).unwrap_or_default();
    let line = |line: &str| {
        let (text, event) = line.split_once('|').unwrap();
        (text.to_owned(), serde_json::from_str(event).unwrap())
    };
    lines.lines().map(line).collect()
}

#[test]
fn what_waits_and_the_end_are_told_with_all_that_it_takes_to_answer() {
    let project = project(PLAIN);
    told_by(&project, KEEPS);
    project.add(&Milestone::new("M1-one").phase("backend"));
    let _ran = project.attend().expect(3);
    let told = told(&project);
    let texts: Vec<&str> = told.iter().map(|(text, _)| text.as_str()).collect();
    assert_eq!(texts, ["project: rfc waits for you", "project: the run has ended"]);
    let (waits, ended) = (&told[0].1, &told[1].1);
    let gate = &project.gates()[0];
    assert_eq!(
        [&waits["event"], &waits["gate"], &waits["milestone"]],
        [&json!("waits"), &json!(gate), &json!("M1-one")]
    );
    assert_eq!(waits["commands"][0], json!(format!("orchestra answer {gate} approve")));
    assert_eq!(
        [&ended["event"], &ended["code"], &ended["waiting"]],
        [&json!("ended"), &json!(3), &json!(["M1-one"])]
    );
    assert!(told.iter().all(|(text, event)| event["text"] == json!(text) && event["at"].is_string()));
}

#[test]
fn what_is_done_and_what_is_set_aside_is_told() {
    let project = with_turn(
        "  - when: { work: \"phase-*\" }\n    fault: { kind: failed, message: \"no $(touch told) `x`\" }",
    );
    told_by(&project, KEEPS);
    project.add(&Milestone::new("M2-two").with("rfc: skip").with("depends_on: [M1-one]").phase("backend"));
    let _ran = project.build().expect(1);
    let events: Vec<Value> = told(&project).into_iter().map(|(_, event)| event["event"].clone()).collect();
    assert_eq!(events, [json!("parked"), json!("ended")]);
    assert_eq!(told(&project)[0].1["gate"], json!(project.gates()[0]));

    let project = self::project(PLAIN);
    told_by(&project, KEEPS);
    project.add(&one_phase());
    let _ran = project.build().expect(0);
    let told = told(&project);
    assert_eq!([&told[0].1["event"], &told[0].1["pushed"]], [&json!("done"), &json!(true)]);
    assert_eq!([&told[1].1["event"], &told[1].1["done"]], [&json!("ended"), &json!(["M1-one"])]);
}

#[test]
fn a_program_that_fails_is_a_remark_and_stops_nothing() {
    let project = project(PLAIN);
    told_by(&project, "exit 3");
    project.add(&one_phase());
    let _ran = project.build().expect(0).says("of `notify_command` failed: exit code 3");
    own_config(&project, "notify_command: [no-such-program]\n");
    project.add(&Milestone::new("M2-two").with("rfc: skip").phase("backend"));
    let _ran = project.build().expect(0).says("`no-such-program` of `notify_command` was not found");
    assert_eq!(project.ledger().len(), 4, "both are built");
}

#[test]
fn a_program_that_hangs_holds_nothing_up_for_longer_than_its_time_and_leaves_nothing() {
    let project = project(PLAIN);
    told_by(&project, "sleep 1000 & sleep 1000");
    project.add(&one_phase());
    let begun = Instant::now();
    let _ran = project.build().expect(0).says("notify_command");
    assert!(begun.elapsed() < Duration::from_mins(1), "{:?}", begun.elapsed());
    until("nothing of it runs any more", || nothing_runs(&project));
    assert_eq!(project.ledger(), ["M1-one phase-1", "M1-one close"]);
}

#[test]
fn whoever_is_told_by_a_program_is_not_answered_for_by_it() {
    let project = project(PLAIN);
    let script = format!(
        "cd '{}' && '{}' answer \"$(printf '%s' \"$event\" | sed 's/.*\"gate\":\"\\([^\"]*\\)\".*/\\1/')\" approve 2>&1\nprintf '%s\\n' \"$?\" >> \"$(dirname \"$0\")/codes\"",
        project.root().display(),
        project.program().display()
    );
    told_by(&project, &script);
    project.add(&Milestone::new("M1-one").phase("backend"));
    let _ran = project.attend().expect(3);
    let codes = fs::read_to_string(project.top().join("codes")).unwrap();
    assert_eq!(codes, "2\n2\n");
    assert_eq!(project.gates().len(), 1);
}

#[test]
fn while_it_works_it_is_told_how_far_it_is_and_while_it_waits_it_is_not() {
    let project = with_turn(
        "  - when: { work: \"phase-*\" }\n    steps:\n      - pause: 1500ms\n      - write: { path: src/a.txt, content: x }",
    );
    own_config(&project, "notify_progress: 500ms\n");
    let ran = project.run(&["start", "--once", "--output", "json"]).expect(3);
    let lines = ran.stdout.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let notes: Vec<Value> = lines.filter(|line| line["event"] == "progress").collect();
    assert!(!notes.is_empty(), "{}", ran.stdout);
    let one = &notes[0];
    assert_eq!(
        [&one["milestone"], &one["done"], &one["phases"], &one["percent"], &one["seconds_left"]],
        [&json!("M1-one"), &json!(0), &json!(1), &json!(0), &Value::Null]
    );
    // In words, too; and whoever wants none has none.
    let project = with_turn(
        "  - when: { work: \"phase-*\" }\n    steps:\n      - pause: 1500ms\n      - write: { path: src/a.txt, content: x }",
    );
    let said = |value: &str| {
        let ran = project.run(&["start", "--once", "-c", value]).expect(3);
        ran.stdout.contains("0 %, 0 of 1 phase over · at phase-1 · ")
    };
    assert!(said("notify_progress=500ms"));
    let project = with_turn(
        "  - when: { work: \"phase-*\" }\n    steps:\n      - pause: 1500ms\n      - write: { path: src/a.txt, content: x }",
    );
    assert!(
        !project.run(&["start", "--once", "-c", "notify_progress=off"]).expect(3).stdout.contains("0 %,")
    );
}
