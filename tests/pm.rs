//! Planning with an agent, as a person does it: at a screen, in lines, and without a terminal.

mod answers;
mod desk;
mod edited;
mod key;
mod lines;
mod long;
mod model;
mod printed;
mod roles;
mod switching;
mod wrong;

use std::fs;

use orchestra_testkit::{Emulator, TestProject};
use serde_json::{Value, json};

use crate::trouble;

/// What is proposed in these tests: one phase, which becomes M1.
fn login() -> Value {
    json!({
        "title": "User login",
        "summary": "Customers can log in.",
        "criteria": ["POST /login answers 401 when the password is wrong"],
        "out_of_scope": ["Signing up"],
        "prd": "They asked for it.",
        "skip_rfc": "one small thing",
        "phases": [{
            "role": "backend",
            "title": "Login endpoint",
            "objective": "A client can log in.",
            "files": ["src/auth.txt"],
            "complexity": "quick",
        }],
    })
}

/// A form of one question with two answers.
fn which() -> Value {
    json!({ "questions": [{
        "question": "How long does a login last?",
        "options": [{ "label": "7 days" }, { "label": "30 days" }],
    }] })
}

/// A step that calls one of Orchestra's own tools.
fn call(tool: &str, input: &Value) -> String {
    // JSON is YAML.
    format!("      - call: {}\n", json!({ "tool": tool, "input": input }))
}

/// A project whose agent plays these turns of a conversation, each a list of steps: the first is the first turn's.
fn planning(turns: &[&str]) -> TestProject {
    let turns: Vec<String> = turns
        .iter()
        .enumerate()
        .map(|(index, steps)| {
            let attempt = index + 1;
            format!("  - when: {{ work: conversation, attempt: {attempt} }}\n    steps:\n{steps}")
        })
        .collect();
    trouble::project(&format!("version: 1\nturns:\n{}", turns.concat()))
}

/// Starts `orchestra pm` on a screen that shows everything.
fn pm(project: &TestProject) -> Emulator {
    let mut screen = Emulator::start_with(project, &["pm"], (45, 160), &[]);
    screen.wait_for_screen("Say what you want to build");
    screen
}

/// Waits until nobody thinks any more, and leaves.
fn leave(screen: &mut Emulator) {
    screen.wait_for("waiting for you");
    screen.keys("\x03");
    screen.wait_for("ctrl-c again: leave");
    screen.keys("\x03");
    assert_eq!(screen.end(), 0, "{}", screen.screen());
    screen.is_as_it_was_found();
}

/// The lines that are kept of the only conversation.
fn kept(project: &TestProject) -> Vec<Value> {
    let folder = project.path(".orchestra/.state/conversations");
    let mut files: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "jsonl"));
    let [file] = files.as_slice() else { panic!("not one conversation: {files:?}") };
    let text = fs::read_to_string(file).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The kept lines of one kind.
fn kept_of(project: &TestProject, kind: &str) -> Vec<Value> {
    kept(project).into_iter().filter(|line| line["line"] == kind).collect()
}

/// The journal, where there is one.
fn journal(project: &TestProject) -> String {
    fs::read_to_string(project.path(".orchestra/.state/journal.jsonl")).unwrap_or_default()
}

/// Nothing was planned, and nobody is on record as having said yes.
fn nothing_is_planned(project: &TestProject) {
    let milestones = project.path(".orchestra/milestones");
    let found = fs::read_dir(milestones).map_or(0, Iterator::count);
    assert_eq!(found, 0, "something was written");
    let journal = journal(project);
    assert!(!journal.contains("\"record\":\"created\""), "{journal}");
    assert!(kept_of(project, "wrote").is_empty());
    let answered = kept_of(project, "answered");
    assert!(answered.iter().all(|line| line["answer"] != "create"), "{answered:?}");
}
