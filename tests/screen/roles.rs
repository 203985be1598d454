//! Talking to a role in the worker's own terminal, while it works.

use orchestra_testkit::until;
use rustix::process::Signal;

use super::*;

/// One phase, whose agent waits until the test lets it go on; and a role that knows what was said to it.
fn at_work() -> (TestProject, Barrier) {
    let project = project(
        "version: 1\nturns:\n  - when: { work: conversation, attempt: 1 }\n    steps:\n      - expect: hello\n      \
         - say: I know the backend\n  - when: { work: conversation, attempt: 2 }\n    steps:\n      - say: I think\n      \
         - listen: 10m\n  - when: { work: phase-1 }\n    steps:\n      - say: I build\n      \
         - run: cat ../barrier\n      - say: it is built\n      \
         - write: { path: src/a.txt, content: \"in\\n\" }\n    report: { summary: x }\n  \
         - when: { work: \"review-*\" }\n    report: { verdict: approved }\n",
    );
    project.add(&one_phase());
    let barrier = Barrier::make(&project);
    (project, barrier)
}

/// The worker's screen, with the conversation in front of it.
fn talking(project: &TestProject) -> Emulator {
    let mut screen = Emulator::start_with(project, &ONCE, (45, 160), &[]);
    screen.wait_for("I build");
    screen.keys("#backend hello");
    screen.wait_for("enter talk with backend-engineer");
    screen.linger();
    screen.keys("\r");
    screen.wait_for("I know the backend");
    screen.wait_for("orchestra role backend");
    screen.wait_for("waiting for you");
    screen
}

fn leave(screen: &mut Emulator) {
    screen.keys("\x03");
    screen.wait_for("ctrl-c again: leave");
    screen.keys("\x03");
}

/// The lines of all conversations.
fn said(project: &TestProject) -> String {
    let folder = project.path(".orchestra/.state/conversations");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files = files.filter(|path| path.extension().is_some_and(|extension| extension == "jsonl"));
    files.map(|path| std::fs::read_to_string(path).unwrap()).collect()
}

#[test]
fn a_role_is_talked_to_while_the_worker_goes_on_to_its_question() {
    let (project, barrier) = at_work();
    let mut screen = talking(&project);
    // It is built while the person talks, and asks.
    drop(barrier.reach());
    screen.wait_for("leave to answer it");
    assert!(screen.screen().contains("I know the backend"), "{}", screen.screen());
    assert_eq!(project.ledger(), ["M1-one phase-1"]);
    leave(&mut screen);
    screen.wait_armed("a push");
    assert!(!screen.screen().contains("I know the backend"), "{}", screen.screen());
    // What the worker told meanwhile is there.
    screen.keys("\x1b");
    screen.wait_for("it is built");
    screen.keys("g");
    screen.wait_armed("a push");
    screen.keys("a");
    assert_eq!(screen.end(), 0, "{}", screen.screen());
    screen.is_as_it_was_found();
    assert_eq!(project.ledger(), ["M1-one phase-1", "M1-one close"]);
    let said = said(&project);
    assert!(said.contains("\"line\":\"said\"") && said.contains("hello"), "{said}");
    assert!(said.trim_end().ends_with('}') && said.contains("\"line\":\"left\""), "{said}");
    // The agent of the phase heard nothing of it.
    assert!(!journal(&project).contains("hello"), "{}", journal(&project));
    project.check();
}

#[test]
fn a_signal_ends_both_the_conversation_and_the_worker() {
    let (project, _barrier) = at_work();
    let mut screen = talking(&project);
    screen.send_text("think about it");
    screen.wait_for("I think");
    screen.signal(Signal::TERM);
    assert_eq!(screen.end(), 143, "{}", screen.screen());
    screen.is_as_it_was_found();
    until("nothing runs any more", || crate::kills::nothing_runs(&project));
}

#[test]
fn a_worker_that_leaves_meanwhile_does_not_end_the_conversation() {
    let (project, barrier) = at_work();
    let mut screen = talking(&project);
    drop(barrier.reach());
    screen.wait_for("leave to answer it");
    project.answer(&["approve"]);
    screen.wait_for("the worker has left");
    screen.send_text("think about it");
    screen.wait_for("I think");
    leave(&mut screen);
    assert_eq!(screen.end(), 0, "{}", screen.screen());
    screen.is_as_it_was_found();
    assert!(said(&project).contains("think about it"));
    project.check();
}

#[test]
fn commands_are_answered_where_the_agent_speaks_and_reach_nobody() {
    let (project, barrier) = at_work();
    let mut screen = Emulator::start_with(&project, &ONCE, (45, 160), &[]);
    screen.wait_for("I build");
    screen.send_text("#status");
    screen.wait_for("M1-one: ");
    screen.send_text("#start");
    screen.wait_for("The worker runs in this terminal.");
    screen.send_text("/help");
    screen.wait_for("where the project stands");
    screen.send_text("#nobody");
    screen.wait_for("there is no #nobody: #help says what there is");
    screen.keys(&"\x7f".repeat(7));
    drop(barrier.reach());
    screen.wait_armed("a push");
    screen.keys("f");
    assert_eq!(screen.end(), 0, "{}", screen.screen());
    assert!(!journal(&project).contains("\"record\":\"said\""), "{}", journal(&project));
}

#[test]
fn in_lines_a_role_is_talked_to_in_another_terminal() {
    let (project, barrier) = at_work();
    let mut command = project.orchestra(&["start", "--once", "--plain-ui"]);
    command.env("TERM", "xterm");
    let mut terminal = crate::terminal::Terminal::run(command);
    terminal.wait_for("I build");
    terminal.line("#backend hello");
    terminal.wait_for("Talk to it in another terminal: `orchestra role backend-engineer`");
    terminal.line("#status");
    terminal.wait_for("M1-one: ");
    terminal.line("#nobody");
    terminal.wait_for("`#nobody` is no command and no role");
    drop(barrier.reach());
    terminal.wait_for("5 stop");
    terminal.line("3");
    let (code, said) = terminal.end();
    assert_eq!(code, 0, "{said}");
    assert!(!journal(&project).contains("hello"), "{}", journal(&project));
}
