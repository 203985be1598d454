//! One role after the other, and each again: `orchestra role`, `#role`, `--resume`.

use std::path::PathBuf;
use std::process::Command;

use orchestra_testkit::until;

use super::*;
use crate::terminal::Terminal;

/// A project whose product manager and whose backend say who they are, and what they heard.
fn two_who_talk() -> TestProject {
    with_planner(
        "version: 1\nturns:\n  - when: { work: conversation, role: product-manager }\n    steps:\n      \
         - say: I plan.\n  - when: { work: conversation, role: backend-engineer }\n    steps:\n      \
         - say: I am the backend.\n",
    )
}

/// A project with a product manager among its roles, played by this script.
fn with_planner(script: &str) -> TestProject {
    let project = trouble::project(script);
    project.write(
        ".orchestra/roles/product-manager.md",
        "---\nid: product-manager\nalias: pm\nwrites: []\n---\nYou plan.\n",
    );
    project.commit_all("chore: a planner");
    project.trust();
    project
}

fn start(project: &TestProject, args: &[&str]) -> Terminal {
    let mut command: Command = project.orchestra(args);
    command.env("TERM", "xterm");
    Terminal::run(command)
}

/// The files of the conversations with a role, the oldest first.
fn files_of(project: &TestProject, role: &str) -> Vec<PathBuf> {
    let Ok(folder) = fs::read_dir(project.path(".orchestra/.state/conversations")) else { return Vec::new() };
    let mut files: Vec<PathBuf> = folder.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.file_stem().unwrap().to_str().unwrap().contains(role));
    files.sort();
    files
}

/// What the person said to a role, in all conversations with it.
fn said_to(project: &TestProject, role: &str) -> Vec<String> {
    let texts = files_of(project, role).into_iter().map(|file| fs::read_to_string(file).unwrap());
    let mut lines: Vec<Value> = texts
        .flat_map(|text| text.lines().map(|line| serde_json::from_str(line).unwrap()).collect::<Vec<_>>())
        .collect();
    lines.sort_by_key(|line| line["at"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap());
    let said = lines.iter().filter(|line| line["line"] == "said");
    said.map(|line| line["text"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn in_lines_the_first_line_after_a_switch_is_heard_by_the_role_that_was_switched_to() {
    let project = two_who_talk();
    let mut terminal = start(&project, &["pm", "--plain-ui"]);
    terminal.wait_for("Say what you want to build.");
    terminal.line("what is planned?");
    terminal.wait_for("I plan.");
    terminal.line("#backend");
    terminal.wait_for("You talk to backend-engineer.");
    terminal.line("who are you?");
    terminal.wait_for("I am the backend.");
    // And back, with words at once, and once more.
    terminal.line("#product-manager so what?");
    terminal.wait_for("I plan.");
    terminal.line("fine");
    terminal.wait_for("I plan.");
    terminal.write("\x04");
    let (code, said) = terminal.end();
    assert_eq!(code, 0, "{said}");
    assert_eq!(said_to(&project, "backend"), ["who are you?"]);
    assert_eq!(said_to(&project, "product-manager"), ["what is planned?", "so what?", "fine"]);
}

#[test]
fn on_the_screen_the_first_key_after_a_switch_is_the_next_conversations() {
    let project = two_who_talk();
    let mut screen = pm(&project);
    screen.send_text("what is planned?");
    screen.wait_for("I plan.");
    screen.wait_for("waiting for you");
    for _ in 0..3 {
        screen.send_text("#backend");
        screen.wait_for("orchestra role backend-engineer");
        screen.send_text("who are you?");
        screen.wait_for("I am the backend.");
        screen.wait_for("waiting for you");
        screen.send_text("#product-manager and you?");
        screen.wait_for("orchestra pm");
        screen.wait_for("I plan.");
        screen.wait_for("waiting for you");
    }
    leave(&mut screen);
    assert_eq!(said_to(&project, "backend"), ["who are you?"; 3]);
    assert_eq!(
        said_to(&project, "product-manager"),
        ["what is planned?", "and you?", "and you?", "and you?"]
    );
}

#[test]
fn a_signal_after_a_switch_ends_the_conversation_that_is_held() {
    let project = two_who_talk();
    let mut screen = pm(&project);
    screen.send_text("#backend who are you?");
    screen.wait_for("I am the backend.");
    screen.wait_for("waiting for you");
    screen.signal(rustix::process::Signal::TERM);
    assert_eq!(screen.end(), 143, "{}", screen.screen());
    screen.is_as_it_was_found();
}

#[test]
fn any_role_reads_and_talks_and_proposes_nothing() {
    let project = trouble::project(&format!(
        "version: 1\nturns:\n  - when: {{ work: conversation, role: backend-engineer }}\n    steps:\n      \
         - expect: what is in it?\n      - run: cat README.md\n      - say: I read it.\n{}",
        call("propose_milestone", &login()).replace("- call: {", "- call: { \"may_fail\": true,"),
    ));
    let mut terminal = start(&project, &["role", "backend", "--plain-ui"]);
    terminal.wait_for("You talk to backend-engineer.");
    terminal.line("what is in it?");
    terminal.wait_for("I read it.");
    until("its turn ends", || {
        let text = fs::read_to_string(&files_of(&project, "backend")[0]).unwrap();
        text.contains("\"line\":\"turn-ended\"")
    });
    terminal.write("\x04");
    let (code, said) = terminal.end();
    assert_eq!(code, 0, "{said}");
    assert!(!said.contains("is proposed"), "{said}");
    nothing_is_planned(&project);
}

#[test]
fn a_role_that_is_not_there_is_told_with_those_that_are() {
    let project = two_who_talk();
    let ran = project.run(&["role", "wizard", "--print", "abracadabra"]).expect(2);
    let _ran = ran.says("there is no role `wizard`").says("backend");
}

#[test]
fn whatever_named_it_a_conversation_goes_on_with_the_role_that_it_was_held_with() {
    let project = two_who_talk();
    let _ran = project.run(&["role", "backend", "--print", "who are you?"]).expect(0);
    let ran = project.run(&["pm", "--resume", "1", "--print", "and now?"]).expect(0);
    assert_eq!(ran.stdout, "I am the backend.\n", "{}", ran.stderr);
    assert_eq!(said_to(&project, "backend"), ["who are you?", "and now?"]);
    assert_eq!(files_of(&project, "product-manager").len(), 0);
    // Who names another role is told, and nothing is said to either.
    let file = files_of(&project, "backend").remove(0);
    let id = file.file_stem().unwrap().to_str().unwrap();
    let ran = project.run(&["role", "product-manager", "--resume", id, "--print", "and now?"]).expect(2);
    let _ran = ran
        .says("was held with backend-engineer")
        .says(&format!("orchestra role backend-engineer --resume {id}"));
    let ran = project.run(&["role", "backend", "--resume", id, "--print", "once more"]).expect(0);
    assert_eq!(ran.stdout, "I am the backend.\n", "{}", ran.stderr);
    assert_eq!(said_to(&project, "backend"), ["who are you?", "and now?", "once more"]);
}

#[test]
fn what_was_cut_short_goes_on_by_itself_where_the_same_role_is_called() {
    let project = two_who_talk();
    for role in ["backend", "product-manager"] {
        let mut terminal = start(&project, &["role", role, "--plain-ui"]);
        terminal.wait_for("#help");
        terminal.line("who are you?");
        terminal.wait_for("I ");
        until("the turn ends", || {
            let text = fs::read_to_string(&files_of(&project, role)[0]).unwrap();
            text.contains("\"line\":\"turn-ended\"")
        });
        // Killed.
        drop(terminal);
    }
    // What somebody else's file is called is nothing to go by.
    let folder = project.path(".orchestra/.state/conversations");
    fs::write(folder.join("2999-01-01-000000-backend-engineer.jsonl"), "not json\n").unwrap();
    fs::create_dir(folder.join("2999-01-02-000000-backend-engineer.jsonl")).unwrap();
    let mut terminal = start(&project, &["role", "backend", "--plain-ui"]);
    terminal.wait_for("-backend-engineer, which was cut short.");
    terminal.wait_for("I am the backend.");
    terminal.write("\x04");
    assert_eq!(terminal.end().0, 0);
    // One that was left is over.
    let mut terminal = start(&project, &["role", "backend", "--plain-ui"]);
    terminal.wait_for("You talk to backend-engineer.");
    terminal.write("\x04");
    let (code, said) = terminal.end();
    assert_eq!(code, 0, "{said}");
    assert!(!said.contains("cut short"), "{said}");
}
