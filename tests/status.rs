use std::io::{BufRead as _, BufReader};

use orchestra_core::path::ContentHash;
use orchestra_project::lock::WorkerLock;
use serde_json::{Value, json};

use crate::project::{Asked, Project};
use crate::terminal::Terminal;

fn json_of(project: &Project) -> Value {
    serde_json::from_str(&project.run(["status", "--json"]).well()).unwrap()
}

#[test]
fn alone_it_says_how_to_begin() {
    let said = Project::bare_folder().run([""; 0]).well();
    assert!(said.contains("in no git repository") && said.contains("next: git init\n"), "{said}");
    let said = Project::new().run([""; 0]).well();
    assert!(said.contains("not set up") && said.contains("next: orchestra init\n"), "{said}");
    let project = Project::set_up();
    assert_eq!(project.run([""; 0]).well(), project.run(["status"]).well());
    // Asked for by name, it is an error.
    assert_eq!(Project::bare_folder().run(["status"]).code, 2);
}

#[test]
fn milestones_phases_and_what_they_wait_for_are_listed() {
    let project = Project::set_up();
    let first = project.milestone("one");
    let second = project.milestone("two");
    let file = format!(".orchestra/milestones/{second}/milestone.md");
    let text = project.read(&file).replace("depends_on: []", &format!("depends_on: [{first}]"));
    project.write(&file, text);
    let phase = format!(".orchestra/milestones/{first}/phases/phase-1.md");
    project.write(&phase, project.read(&phase).replace("status: pending", "status: in-progress"));
    let milestone = format!(".orchestra/milestones/{first}/milestone.md");
    project.write(&milestone, project.read(&milestone).replace("status: planning", "status: in-progress"));
    assert_eq!(
        project.run(["status"]).well(),
        "shop · no worker runs\n\
         ▶ M1-one  one  in-progress · 0 of 1 phases done · P1\n    \
             ◐ phase-1  backend-engineer  one\n\
         ○ M2-two  two  planning · 0 of 1 phases done · P1 · waits for M1-one\n    \
             ○ phase-1  backend-engineer  two\n\
         next: orchestra start  goes on with M1-one\n"
    );
}

#[test]
fn an_open_question_stands_with_its_milestone_and_the_commands_that_answer_it() {
    let project = Project::set_up();
    let id = project.milestone("one");
    let text = "Approve RFC to start implementation?";
    let asked = Asked {
        name: "rfc",
        milestone: Some(&id),
        text,
        answers: &["approve", "revise", "stop"],
        ..Asked::default()
    };
    project.ask("rfc-3f9a", &asked);
    project.ask(
        "trust-1",
        &Asked { name: "trust", text: "Run 3?", answers: &["approve", "stop"], ..Asked::default() },
    );
    let said = project.run(["status"]).well();
    assert!(
        said.contains(
            "    🚦 rfc-3f9a  Approve RFC to start implementation?\n        \
             orchestra answer rfc-3f9a approve\n        \
             orchestra answer rfc-3f9a revise \"what to change\"\n        \
             orchestra answer rfc-3f9a stop\n"
        ),
        "{said}"
    );
    assert!(said.contains("🚦 trust-1  Run 3?"), "{said}");
    assert!(said.ends_with("next: orchestra answer rfc-3f9a approve  answers for M1-one\n"), "{said}");
    let status = json_of(&project);
    assert_eq!(status["gates"][0]["id"], "rfc-3f9a");
    assert_eq!(status["gates"][0]["commands"][0], "orchestra answer rfc-3f9a approve");

    project.run(["answer", "rfc-3f9a", "approve"]).well();
    let said = project.run(["status"]).well();
    assert!(said.contains("answered: approve; the worker has not taken it up yet"), "{said}");
    assert_eq!(json_of(&project)["gates"][0]["answered"], "approve");
}

#[test]
fn the_worker_that_runs_is_named_with_what_it_runs() {
    let project = Project::set_up();
    let mut worker = WorkerLock::try_acquire(&project.layout(), "9.9").unwrap();
    worker.describe("M1-one phase-1", false).unwrap();
    let pid = std::process::id();
    let said = project.run(["status"]).well();
    assert!(said.starts_with(&format!("shop · ● M1-one phase-1 (process {pid}, since ")), "{said}");
    assert!(said.ends_with("next: orchestra status --watch  follows the worker\n"), "{said}");
    let status = json_of(&project);
    assert_eq!(status["worker"]["by"], "worker");
    assert_eq!(status["worker"]["pid"], pid);
    assert_eq!(status["worker"]["version"], "9.9");
}

#[test]
fn a_parked_milestone_says_why_and_how_it_is_taken_up_again() {
    let project = Project::set_up();
    let id = project.milestone("one");
    let file = format!(".orchestra/milestones/{id}/milestone.md");
    let text =
        project.read(&file).replace("status: planning", "status: parked\nreason: phase-1 failed three times");
    project.write(&file, text);
    let said = project.run(["status"]).well();
    assert!(said.contains("▪ M1-one  one  parked"), "{said}");
    assert!(said.contains("    parked: phase-1 failed three times\n"), "{said}");
    assert!(said.ends_with("next: orchestra start --milestone M1-one  takes up what was parked\n"), "{said}");
}

#[test]
fn a_document_that_cannot_be_read_is_named_with_its_line_and_the_others_go_on() {
    let project = Project::set_up();
    let id = project.milestone("one");
    project.milestone("two");
    let file = format!(".orchestra/milestones/{id}/milestone.md");
    project.write(&file, project.read(&file).replace("status: planning", "status: plannning"));
    let said = project.run(["status"]).well();
    assert!(said.contains("✘ M1-one  set aside until this is mended:\n    "), "{said}");
    assert!(said.contains(&format!("    {file}:4:9: ")) && said.contains("      hint: "), "{said}");
    assert!(said.ends_with("next: orchestra start  begins M2-two\n"), "{said}");
    let status = json_of(&project);
    assert_eq!(status["set_aside"][0]["folder"], "M1-one");
    assert_eq!(status["set_aside"][0]["diagnostics"][0]["line"], 4);
}

#[test]
fn what_is_over_is_a_line_and_what_it_has_run_is_still_agreed_to() {
    let project = Project::set_up();
    for text in ["one", "two"] {
        let id = project.milestone(text);
        let phase = format!(".orchestra/milestones/{id}/phases/phase-1.md");
        let verify = format!("verify: [\"check {text}\"]\nstatus: pending");
        project.write(&phase, project.read(&phase).replace("status: pending", &verify));
    }
    project.run(["trust", "--yes"]).well();
    let over = |status: &str| {
        let file = ".orchestra/milestones/M1-one/milestone.md";
        project.write(file, project.read(file).replace("status: planning", status));
    };
    over("status: done");
    let said = project.run(["status"]).well();
    assert!(said.contains("✔ M1-one  one  done · P1\n"), "{said}");
    assert!(said.ends_with("next: orchestra start  begins M2-two\n"), "{said}");
    assert_eq!(json_of(&project)["milestones"][1]["phases"][0]["id"], "phase-1", "scripts see all of it");

    // Whatever changed since is told as it is.
    let phase = |milestone: &str| format!(".orchestra/milestones/{milestone}/phases/phase-1.md");
    for milestone in ["M1-one", "M2-two"] {
        let text = project.read(phase(milestone));
        for other in ["[\"check three\"]", "[]"] {
            let at = text.find("verify: ").unwrap() + "verify: ".len();
            let end = at + text[at..].find('\n').unwrap();
            project.write(phase(milestone), format!("{}{other}{}", &text[..at], &text[end..]));
            let said = project.run(["status"]).well();
            assert!(said.contains("has changed since you agreed.\nnext: orchestra trust"), "{said}");
        }
        project.write(phase(milestone), text);
    }
}

#[test]
fn without_an_agent_the_next_command_is_the_doctor() {
    let project = Project::new();
    project.run(["init"]).well();
    project.milestone("one");
    let said = project.run(["status"]).well();
    assert!(said.contains("next: orchestra doctor  no agent is chosen yet"), "{said}");
}

#[test]
fn what_was_never_agreed_to_is_the_next_thing() {
    let mut project = Project::set_up();
    project.milestone("one");
    let data = project.base().join("home/other");
    project.set("XDG_DATA_HOME", data);
    let said = project.run(["status"]).well();
    assert!(
        said.contains("You have not agreed to what this project would run.\nnext: orchestra trust"),
        "{said}"
    );
    let file = ".orchestra/milestones/M1-one/milestone.md";
    project.write(file, project.read(file).replace("status: planning", "status: done"));
    let said = project.run(["status"]).well();
    assert!(said.contains("next: orchestra add"), "{said}");
}

#[test]
fn at_a_terminal_the_only_gate_need_not_be_named() {
    let project = Project::set_up();
    let id = project.milestone("one");
    let asked = Asked { milestone: Some(&id), answers: &["approve", "stop"], ..Asked::default() };
    project.ask("rfc-3f9a", &asked);
    let said = Terminal::start(&project, ["status"]).end().1;
    assert!(said.ends_with("next: orchestra answer approve  answers for M1-one\n"), "{said}");
    project.ask("trust-1", &Asked { name: "trust", answers: &["approve", "stop"], ..Asked::default() });
    let said = Terminal::start(&project, ["status"]).end().1;
    assert!(said.ends_with("next: orchestra answer rfc-3f9a approve  answers for M1-one\n"), "{said}");
}

#[test]
fn a06_looking_runs_nothing_that_the_repository_names() {
    let project = Project::set_up();
    let canary = project.base().join("PWNED");
    crate::project::script(
        &project.base().join("bin/canary"),
        &format!("#!/bin/sh\ntouch {}\n", canary.display()),
    );
    for key in
        ["core.fsmonitor", "core.pager", "core.editor", "core.sshCommand", "diff.external", "gpg.program"]
    {
        project.git(["config", key, "canary"]);
    }
    project.git(["config", "core.hooksPath", "hooks"]);
    crate::project::script(&project.root().join("hooks/pre-push"), "#!/bin/sh\ncanary\n");
    for args in [&["status"][..], &["doctor"], &["rescue"], &["config"], &[]] {
        project.run(args);
        assert!(!canary.exists(), "{args:?}");
    }
}

#[test]
fn following_prints_again_when_something_changes_and_only_then() {
    let project = Project::set_up();
    let mut child = project.command(["status", "--watch", "--json"]).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut last = Value::Null;
    // Between two of our steps there may be more than one that can be seen.
    let mut wait_for = |pointer: &str, wanted: Value| {
        while last.is_null() || *last.pointer(pointer).unwrap_or(&Value::Null) != wanted {
            let status = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
            assert_ne!(status, last, "the same was printed twice");
            last = status;
        }
    };
    wait_for("/milestones", json!([]));
    project.milestone("one");
    wait_for("/milestones/0/id", json!("M1-one"));
    // A lock that is taken tells nobody; it is seen all the same.
    let worker = WorkerLock::try_acquire(&project.layout(), "1").unwrap();
    wait_for("/worker/by", json!("worker"));
    drop(worker);
    wait_for("/worker", Value::Null);
    project.ask("failed-1", &Asked { of: ContentHash::of(b"x"), ..Asked::default() });
    wait_for("/gates/0/id", json!("failed-1"));
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn at_a_terminal_one_status_is_seen_at_a_time_with_and_without_colours() {
    const CLEAR: &str = "\u{1b}[2J\u{1b}[H";
    let project = Project::set_up();
    let mut terminal = Terminal::start(&project, ["status", "--watch"]);
    terminal.wait_for(CLEAR);
    terminal.wait_for("next: ");
    project.milestone("one");
    terminal.wait_for(CLEAR);
    terminal.wait_for("M1-one");
    terminal.interrupt();

    // Where nothing can be cleared, a line parts one from the next.
    let mut command = project.command(["status", "--watch"]);
    command.env("TERM", "dumb");
    let mut terminal = Terminal::run(command);
    terminal.wait_for("M1-one");
    project.milestone("two");
    terminal.wait_for("\n── ");
    terminal.wait_for("M2-two");
    terminal.interrupt();
}
