//! Planning and building in two terminals, with a model behind an endpoint.

use jiff::Timestamp;
use orchestra_testkit::model_server::{Gate, Reply};
use orchestra_testkit::until;
use rustix::process::Signal;

use super::desk::{Desk, WIRES};
use super::*;

/// How long a worker that rests may take to begin with what was approved. It is to be one second; what is more is for
/// machines that do a hundred other things at the same time.
const PICKED_WITHIN: i64 = 5_000;

/// What is built in the end, a commit each.
const BUILT: [&str; 5] = [
    "M1-user-login phase-1",
    "M1-user-login phase-2",
    "M1-user-login close",
    "M2-user-logout phase-1",
    "M2-user-logout close",
];

fn logout() -> Value {
    let mut logout = login();
    logout["title"] = json!("User logout");
    logout["summary"] = json!("Customers can log out.");
    logout["criteria"] = json!(["POST /logout answers 204"]);
    logout["phases"][0]["title"] = json!("Logout endpoint");
    logout["phases"][0]["objective"] = json!("A client can log out.");
    logout["phases"][0]["files"] = json!(["src/logout.txt"]);
    logout
}

fn rate_limit() -> Value {
    json!({
        "milestone": "M1-user-login",
        "reason": "the site is under attack",
        "changes": [{ "add_phase": { "phase": {
            "role": "backend",
            "title": "Rate limit",
            "objective": "The sixth login in a minute is refused.",
            "files": ["src/limit.txt"],
            "complexity": "quick",
        } } }],
    })
}

/// When something was put on record first.
fn recorded(project: &TestProject, record: &str) -> Option<Timestamp> {
    let journal = journal(project);
    let line = journal.lines().find(|line| line.contains(&format!("\"record\":\"{record}\"")))?;
    let line: Value = serde_json::from_str(line).unwrap();
    Some(line["at"].as_str().unwrap().parse().unwrap())
}

/// A worker that rests begins with what was approved.
fn it_is_picked_at_once(project: &TestProject) {
    until("it is picked", || recorded(project, "picked").is_some());
    // The approval is on record before the files are there: this is longer than what is meant.
    let (created, picked) = (recorded(project, "created").unwrap(), recorded(project, "picked").unwrap());
    let took = picked.as_millisecond() - created.as_millisecond();
    assert!(took < PICKED_WITHIN, "picked {took} ms after the approval");
}

/// Says something to the planner, who proposes this; the person approves it.
fn plan(desk: &Desk, screen: &mut Emulator, words: &str, call: (&str, &Value), way: &str, done: &str) {
    desk.plans(Reply::new().say("I propose this.").call(call.0, call.1));
    desk.plans(Reply::new().say(&format!("So it is: {words}.")));
    screen.send_text(words);
    screen.wait_armed(way);
    screen.keys("a");
    screen.wait_for(done);
    screen.wait_for(&format!("So it is: {words}."));
    screen.wait_for("waiting for you");
}

#[test]
fn what_is_planned_in_one_terminal_is_built_in_the_other_while_more_is_planned() {
    let desk = Desk::new(WIRES[0]);
    let project = &desk.project;
    let mut worker = desk.screen(&["start"]);
    worker.wait_for("waiting for new work");
    let mut pm = desk.pm();
    let gate = Gate::new();
    desk.builds(
        Reply::new().hold(&gate).call("write", &json!({ "path": "src/auth.txt", "content": "in\n" })),
    );
    desk.reports(&json!({ "summary": "did it" }));
    plan(
        &desk,
        &mut pm,
        "let people log in",
        ("propose_milestone", &login()),
        "a create",
        "M1-user-login ready",
    );
    it_is_picked_at_once(project);
    until("the model builds", || {
        desk.server.requests().iter().any(|asked| asked.text().contains(desk::WORKER))
    });
    worker.wait_for("phase-1");
    // While it builds, more is planned, and what it builds gets one phase more.
    plan(&desk, &mut pm, "and log out", ("propose_milestone", &logout()), "a create", "M2-user-logout ready");
    plan(
        &desk,
        &mut pm,
        "limit the rate",
        ("propose_change", &rate_limit()),
        "a change it so",
        "M1-user-login is changed",
    );
    assert!(project.read(".orchestra/milestones/M1-user-login/phases/phase-2.md").contains("Rate limit"));
    assert_eq!(project.ledger(), [] as [&str; 0]);
    desk.builds_file("src/limit.txt").reports(&json!({ "verdict": "approved", "summary": "fine" }));
    gate.open();
    worker.wait_armed("a push");
    assert_eq!(project.ledger(), BUILT[..2]);
    // Both see where it waits.
    pm.wait_for("answer in its terminal");
    desk.builds_file("src/logout.txt").reports(&json!({ "verdict": "approved", "summary": "fine" }));
    worker.keys("a");
    worker.wait_without("a push");
    worker.wait_armed("a push");
    worker.keys("a");
    until("all is pushed", || {
        project.remote_subjects() == project.subjects() && project.ledger().len() == BUILT.len()
    });
    assert_eq!(project.ledger(), BUILT);
    assert_eq!(journal(project).matches(r#""record":"replanned","milestone":"M1-user-login""#).count(), 1);
    assert_eq!(desk.server.left(), 0);
    worker.wait_for("waiting for new work");
    worker.keys("\x03");
    worker.wait_left();
    let _code = worker.end();
    worker.is_as_it_was_found();
    project.check();
}

#[test]
fn a_planner_that_is_killed_comes_back_with_its_conversation() {
    let desk = Desk::new(WIRES[0]);
    let mut pm = desk.pm();
    desk.plans(Reply::new().say("Sessions live in memory."));
    pm.send_text("where do sessions live?");
    pm.wait_for("Sessions live in memory.");
    pm.wait_for("waiting for you");
    let gate = Gate::new();
    desk.plans(Reply::new().say("I begin to").hold(&gate).say("never"));
    pm.send_text("move them to the database");
    pm.wait_for("I begin to");
    pm.signal(Signal::KILL);
    // The modes of the line are the shell's.
    pm.wait_left();
    gate.open();

    desk.plans(Reply::new().say("Now I go on."));
    let mut pm = desk.screen(&["pm"]);
    pm.wait_for_screen("Sessions live in memory.");
    pm.wait_for("move them to the database");
    // It goes on by itself.
    pm.wait_for("Now I go on.");
    let last = desk.server.requests().pop().unwrap().text();
    assert!(last.contains("where do sessions live?") && last.contains("Sessions live in memory."), "{last}");
    assert!(last.contains("move them to the database"), "{last}");
    assert_eq!(kept_of(&desk.project, "began").len(), 1);
    assert_eq!(kept_of(&desk.project, "said").len(), 2);
    nothing_is_planned(&desk.project);
}

#[test]
fn what_is_proposed_when_it_is_killed_waits_again_and_can_be_approved() {
    let desk = Desk::new(WIRES[0]);
    let mut pm = desk.pm();
    desk.plans(Reply::new().call("propose_milestone", &login()));
    pm.send_text("let people log in");
    pm.wait_armed("a create");
    pm.signal(Signal::KILL);
    // The modes of the line are the shell's.
    pm.wait_left();
    nothing_is_planned(&desk.project);
    let mut pm = desk.screen(&["pm"]);
    pm.wait_armed("a create");
    nothing_is_planned(&desk.project);
    pm.keys("a");
    pm.wait_for("M1-user-login ready");
    assert!(desk.project.has(".orchestra/milestones/M1-user-login/phases/phase-1.md"));
}

#[test]
fn each_wire_plans_and_builds() {
    for wire in &WIRES[1..] {
        let desk = Desk::new(wire);
        let mut pm = desk.pm();
        plan(
            &desk,
            &mut pm,
            "let people log in",
            ("propose_milestone", &login()),
            "a create",
            "M1-user-login ready",
        );
        drop(pm);
        desk.builds_file("src/auth.txt").reports(&json!({ "verdict": "approved", "summary": "fine" }));
        let _ran = desk.run(&["start", "--auto", "--once"]).expect(0);
        assert_eq!(desk.project.ledger(), ["M1-user-login phase-1", "M1-user-login close"], "{wire}");
        assert_eq!(desk.project.remote_subjects(), desk.project.subjects());
        desk.project.check();
    }
}
