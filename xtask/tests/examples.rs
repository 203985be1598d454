//! The examples in the documents are what the program reads: each is handed to the code that it is for.
//!
//! A comment above a block says what it is: `<!-- config -->`, `<!-- script -->`, `<!-- report -->`, `<!-- events -->`,
//! `<!-- agent -->` (a program that keeps the contract) or `<!-- file: PATH -->`, a document below `.orchestra/`.

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};

use orchestra_agent::scripted::Script;
use orchestra_core::config::layer::{Layer, parse_layer};
use orchestra_core::config::resolve::resolve;
use orchestra_core::document::{MilestoneSource, SourceFile, parse_plan};
use orchestra_core::plan::Plan;
use orchestra_core::report::{AgentEvent, Report};

use crate::tidy::Tree;

/// One example.
struct Example {
    /// Where it stands, for messages.
    place: String,
    kind: String,
    text: String,
}

/// Every example of ours that says what it is.
fn examples() -> Vec<Example> {
    let documents = Tree::of_repository().texts().filter(|(path, _)| {
        *path == "README.md" || path.starts_with("docs/") && !path.starts_with("docs/pictures/")
    });
    documents.flat_map(|(path, text)| examples_in(path, text)).collect()
}

fn examples_in(path: &str, text: &str) -> Vec<Example> {
    let mut examples = Vec::new();
    let mut lines = text.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        let kind = line.strip_prefix("<!-- ").and_then(|rest| rest.strip_suffix(" -->"));
        let Some(kind) = kind.filter(|kind| !kind.starts_with("Made from") && !kind.ends_with("proof"))
        else {
            continue;
        };
        let opening = lines.next().map(|(_, line)| line).unwrap_or_default();
        assert!(opening.starts_with("```"), "{path}:{}: a block is expected below `{kind}`", number + 1);
        let block: Vec<&str> =
            lines.by_ref().map(|(_, line)| line).take_while(|line| *line != "```").collect();
        examples.push(Example {
            place: format!("{path}:{}", number + 1),
            kind: kind.to_owned(),
            text: format!("{}\n", block.join("\n")),
        });
    }
    examples
}

/// The examples of one kind, at least `least` of them.
fn of_kind(kind: &str, least: usize) -> Vec<Example> {
    let found: Vec<Example> = examples().into_iter().filter(|example| example.kind == kind).collect();
    assert!(found.len() >= least, "{} examples of {kind}, where {least} or more were", found.len());
    found
}

#[test]
fn every_example_is_of_a_kind_that_is_tried() {
    for Example { place, kind, .. } in examples() {
        let is_known = ["config", "script", "report", "events", "agent"].contains(&kind.as_str());
        assert!(is_known || kind.starts_with("file: "), "{place}: nobody tries `{kind}`");
    }
}

#[test]
fn the_configurations_are_read_without_a_complaint() {
    for Example { place, text, .. } in of_kind("config", 5) {
        let read = parse_layer(Layer::Project, &place, text.as_bytes());
        assert_eq!(read.warnings, [], "{place}");
        let layer = read.result.unwrap_or_else(|faults| panic!("{place}: {faults:?}"));
        let resolved = resolve(vec![layer]);
        assert_eq!(resolved.warnings, [], "{place}");
        resolved.result.unwrap_or_else(|faults| panic!("{place}: {faults:?}"));
    }
}

#[test]
fn the_scripts_and_reports_are_read() {
    for Example { place, text, .. } in of_kind("script", 1) {
        Script::parse(&text).unwrap_or_else(|error| panic!("{place}: {error}"));
    }
    for Example { place, text, .. } in of_kind("report", 1) {
        let report: Report = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{place}: {error}"));
        assert!(report.verdict.is_some() && report.findings.len() == 1, "{place}: {report:?}");
    }
    for Example { place, text, .. } in of_kind("events", 1) {
        for line in text.lines() {
            serde_json::from_str::<AgentEvent>(line)
                .unwrap_or_else(|error| panic!("{place}: {line}: {error}"));
        }
    }
}

#[test]
fn the_documents_are_a_project_without_a_finding() {
    let mut milestone = MilestoneSource { folder: "M1-user-auth".to_owned(), ..MilestoneSource::default() };
    let mut roles = Vec::new();
    for Example { kind, text, .. } in examples() {
        let Some(path) = kind.strip_prefix("file: ") else { continue };
        let file = SourceFile { path: format!(".orchestra/{path}"), bytes: text.into_bytes() };
        match path.strip_prefix("milestones/M1-user-auth/") {
            Some("milestone.md") => milestone.milestone = Some(file),
            Some("context.md") => milestone.context = Some(file),
            Some(_) => milestone.phases.push(file),
            None => roles.push(file),
        }
    }
    let Plan { milestones, roles, set_aside, warnings } = parse_plan(&[milestone], &roles);
    assert_eq!((set_aside, warnings), (vec![], vec![]));
    assert_eq!(roles.len(), 1);
    let [milestone] = milestones.as_slice() else { panic!("one milestone, not {milestones:?}") };
    assert_eq!(milestone.phases.len(), 2);
    assert!(milestone.cursor.as_ref().is_some_and(|cursor| cursor.work.is_some()), "{:?}", milestone.cursor);
}

#[test]
fn the_program_in_the_documents_keeps_the_contract() {
    for Example { place, text, .. } in of_kind("agent", 1) {
        for (phase, prompt) in [("phase-1", "Do it.\n"), ("review", "Look at it.\n")] {
            let folder = tempfile::tempdir().unwrap();
            let (program, report) = (folder.path().join("agent.sh"), folder.path().join("report.json"));
            fs::write(&program, &text).unwrap();
            let mut child = Command::new("sh")
                .arg(&program)
                .current_dir(folder.path())
                .env("ORCHESTRA_PHASE", phase)
                .env("ORCHESTRA_ROLE", "backend-engineer")
                .env("ORCHESTRA_REPORT", &report)
                .stdin(Stdio::piped())
                .stdout(Stdio::null())
                .spawn()
                .unwrap();
            child.stdin.take().unwrap().write_all(prompt.as_bytes()).unwrap();
            assert!(child.wait().unwrap().success(), "{place}");
            let report: Report = serde_json::from_slice(&fs::read(&report).unwrap()).unwrap();
            assert_eq!(report.verdict.is_some(), phase == "review", "{place}");
            assert_eq!(folder.path().join("notes.md").exists(), phase != "review", "{place}");
        }
    }
}
