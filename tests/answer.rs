use std::io::Write as _;
use std::process::Stdio;

use orchestra_core::id::{GateId, MilestoneId};
use orchestra_core::path::ContentHash;
use orchestra_core::record::Record;
use serde_json::json;

use crate::project::{Asked, Project};
use crate::terminal::Terminal;

const RFC: &str = "# Design\n\nOne table.\n";

/// A project whose worker asks about the design of its only milestone.
fn with_rfc_gate() -> (Project, MilestoneId) {
    let project = Project::set_up();
    let id = project.milestone("one");
    project.write(format!(".orchestra/milestones/{id}/rfc.md"), RFC);
    let asked = Asked {
        name: "rfc",
        milestone: Some(&id),
        of: ContentHash::of(RFC.as_bytes()),
        text: "Approve RFC to start implementation?",
        answers: &["approve", "revise", "stop"],
        ..Asked::default()
    };
    project.ask("rfc-3f9a", &asked);
    (project, id)
}

/// What counts of an answer: everything but the time.
fn counted(project: &Project, gate: &str) -> serde_json::Value {
    let mut answer = project.answer(gate).unwrap();
    assert!(answer.as_object_mut().unwrap().remove("at").is_some());
    answer
}

#[test]
fn an_answer_is_left_for_the_worker_bound_to_what_was_shown() {
    let (project, _) = with_rfc_gate();
    let said = project.run(["answer", "rfc-3f9a", "approve"]).well();
    assert_eq!(
        said,
        "✔ Answered rfc-3f9a: approve.\nNo worker runs; the next one takes it up: orchestra start\n"
    );
    let of = ContentHash::of(RFC.as_bytes()).to_string();
    assert_eq!(counted(&project, "rfc-3f9a"), json!({ "gate": "rfc-3f9a", "of": of, "answer": "approve" }));
}

#[test]
fn an_answer_is_given_once() {
    let (project, _) = with_rfc_gate();
    project.run(["answer", "rfc-3f9a", "revise", "smaller"]).well();
    let said = project.run(["answer", "rfc-3f9a", "approve"]).badly(2);
    assert!(said.contains("`rfc-3f9a` is answered already"), "{said}");
    assert_eq!(counted(&project, "rfc-3f9a")["feedback"], "smaller");
}

#[test]
fn text_comes_from_the_line_a_flag_a_file_or_standard_input() {
    let feedback = |args: &[&str]| {
        let (project, _) = with_rfc_gate();
        project.write("feedback.md", "from a file\nwith two lines\n");
        let args = [&["answer", "rfc-3f9a", "revise"][..], args].concat();
        let mut child = project.command(args).stdin(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(b"from standard input\n").unwrap_or_default();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        counted(&project, "rfc-3f9a")["feedback"].as_str().unwrap().to_owned()
    };
    assert_eq!(feedback(&["two", "words"]), "two words");
    assert_eq!(feedback(&["--note", "-- a flag"]), "-- a flag");
    assert_eq!(feedback(&["--file", "feedback.md"]), "from a file\nwith two lines");
    assert_eq!(feedback(&["--file", "-"]), "from standard input");
}

#[test]
fn what_does_not_fit_is_refused_and_nothing_is_left() {
    let (project, _) = with_rfc_gate();
    let large = project.base().join("large");
    std::fs::write(&large, vec![b'x'; 300 * 1024]).unwrap();
    let cases: [(&[&str], &str); 8] = [
        (
            &["rfc-3f9a", "skip"],
            "`skip` does not answer this question; answer with one of: approve, revise, stop",
        ),
        (&["rfc-3f9a", "revise"], "`revise` needs what should be changed with it"),
        (&["rfc-3f9a", "approve", "it"], "`approve` takes no text"),
        (&["rfc-3f9a", "yes"], "`yes` is no answer"),
        (&["rfc-0000", "approve"], "no question `rfc-0000` is open"),
        (&["rfc-3f9a", "revise", "a", "--note", "b"], "the text is given twice"),
        (&["rfc-3f9a", "revise", "--file", "missing.md"], "could not read `missing.md`"),
        (&["rfc-3f9a", "revise", "--file", large.to_str().unwrap()], "is longer than 262144 bytes"),
    ];
    for (args, expected) in cases {
        let said = project.run([&["answer"][..], args].concat()).badly(2);
        assert!(said.contains(expected), "{args:?}: {said}");
        assert_eq!(project.answer("rfc-3f9a"), None, "{args:?}");
    }
}

#[test]
fn a_gate_that_is_not_open_lists_those_that_are() {
    let (project, _) = with_rfc_gate();
    let said = project.run(["answer", "push-1111", "approve"]).badly(2);
    assert!(said.contains("🚦 rfc-3f9a (M1-one)  Approve RFC"), "{said}");
    assert!(said.contains("    orchestra answer rfc-3f9a revise \"what to change\"\n"), "{said}");
    project.journal(Record::Withdrawn { gate: GateId::parse("rfc-3f9a").unwrap() });
    let said = project.run(["answer", "rfc-3f9a", "approve"]).badly(2);
    assert!(said.contains("no question `rfc-3f9a` is open") && !said.contains('🚦'), "{said}");
    let said = project.run(["answer", "approve"]).badly(2);
    assert!(said.contains("nothing is asked at the moment"), "{said}");
}

#[test]
fn without_a_terminal_the_gate_must_be_named() {
    let (project, _) = with_rfc_gate();
    let said = project.run(["answer", "approve"]).badly(2);
    assert!(said.contains("without a terminal the question must be named"), "{said}");
    assert!(said.contains("orchestra answer rfc-3f9a approve"), "{said}");
    assert_eq!(project.answer("rfc-3f9a"), None);
}

#[test]
fn at_a_terminal_what_is_approved_is_shown_and_asked() {
    let (project, id) = with_rfc_gate();
    let mut terminal = Terminal::start_after_typing(&project, ["answer", "approve"], "y\n");
    terminal.wait_for(&format!(".orchestra/milestones/{id}/rfc.md"));
    terminal.wait_for("One table.");
    terminal.wait_for("Approve RFC to start implementation?");
    terminal.wait_for("Answer rfc-3f9a with approve? [y/N] ");
    terminal.line("");
    let (code, said) = terminal.end();
    assert_eq!((code, project.answer("rfc-3f9a")), (2, None), "{said}");

    let mut terminal = Terminal::start(&project, ["answer", "approve"]);
    terminal.wait_for("[y/N] ");
    terminal.line("y");
    assert_eq!(terminal.end().0, 0);
    assert_eq!(counted(&project, "rfc-3f9a")["answer"], "approve");
}

#[test]
fn a57_a_design_that_changed_since_it_was_asked_about_is_not_approved_unseen() {
    let (project, id) = with_rfc_gate();
    project.write(format!(".orchestra/milestones/{id}/rfc.md"), "# Design\n\nAnother one.\n");
    let (code, said) = Terminal::start(&project, ["answer", "approve"]).end();
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("what `rfc-3f9a` asks about has changed since it was asked"), "{said}");
    assert_eq!(project.answer("rfc-3f9a"), None);
}

#[test]
fn of_two_that_fit_one_must_be_named() {
    let (project, _) = with_rfc_gate();
    project.ask("trust-1", &Asked { name: "other", answers: &["approve"], ..Asked::default() });
    let (code, said) = Terminal::start(&project, ["answer", "approve"]).end();
    assert_eq!(code, 2);
    assert!(said.contains("`approve` answers more than one open question"), "{said}");
    // A word that fits one of them alone is enough.
    let mut terminal = Terminal::start(&project, ["answer", "stop"]);
    terminal.wait_for("Answer rfc-3f9a with stop? [y/N] ");
    terminal.line("yes");
    assert_eq!(terminal.end().0, 0);
    assert_eq!(counted(&project, "rfc-3f9a")["answer"], "stop");
}

#[test]
fn at_the_push_gate_every_commit_is_shown() {
    let project = Project::with_remote();
    let id = project.milestone("one");
    project.write("src/main.rs", "fn main() { one() }\n");
    project.git(["add", "src/main.rs"]);
    let message = format!("feat: one\n\nOrchestra-Milestone: {id}\nOrchestra-Phase: phase-1\n");
    project.git(["commit", "-q", "-m", &message]);
    project.git(["commit", "-q", "--allow-empty", "-m", "chore: mine"]);
    let head = project.git(["rev-parse", "HEAD"]);
    let below = project.git(["rev-parse", "HEAD~1"]);
    // As the gate shows it: remote, address, branch, head and every commit.
    let of =
        ContentHash::of_parts(["origin", "../remote.git", "main", &head, &below, &head].map(str::as_bytes));
    let asked = Asked {
        name: "push",
        milestone: Some(&id),
        of,
        text: "All done. Push to origin?",
        answers: &["approve", "revise", "finish", "push-to", "stop"],
        ..Asked::default()
    };
    project.ask("push-81c0", &asked);
    let mut terminal = Terminal::start(&project, ["answer", "approve"]);
    terminal.wait_for("origin (../remote.git), branch main");
    terminal.wait_for("feat: one\r\n");
    terminal.wait_for("chore: mine");
    terminal.wait_for("not this milestone's");
    terminal.wait_for("src/main.rs");
    terminal.wait_for("Answer push-81c0 with approve? [y/N] ");
    terminal.line("y");
    assert_eq!(terminal.end().0, 0);
    assert_eq!(counted(&project, "push-81c0")["answer"], "approve");

    let project_two = Project::with_remote();
    let id = project_two.milestone("one");
    project_two.ask("push-81c0", &Asked { milestone: Some(&id), ..asked });
    let (code, said) = Terminal::start(&project_two, ["answer", "approve"]).end();
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("has changed since it was asked"), "{said}");
}

#[test]
fn every_word_that_a_question_takes_can_be_filed() {
    let project = Project::set_up();
    let answers =
        &["approve", "revise", "retry", "skip", "keep", "restore", "finish", "push-to", "verify", "stop"];
    for (number, word) in answers.iter().enumerate() {
        let gate = format!("failed-{number}");
        project.ask(&gate, &Asked { answers, ..Asked::default() });
        let text: &[&str] = match *word {
            "revise" | "push-to" | "verify" | "retry" => &["text"],
            _ => &[],
        };
        project.run([&["answer", &gate, word][..], text].concat()).well();
        let answer = counted(&project, &gate);
        assert_eq!(answer["answer"], *word);
        let told =
            ["feedback", "branch", "command", "note"].into_iter().filter(|key| answer[key] == "text").count();
        assert_eq!(told, text.len(), "{answer}");
    }
}
