//! The loop with the tools that are built in: real files, real commands.

use orchestra_agent::http::HttpRunner;
use orchestra_core::id::RoleId;
use orchestra_core::ownership::Room;
use orchestra_core::plan::Role;
use orchestra_core::report::{AgentEvent, Fault};
use orchestra_testkit::model_server::Reply;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::desk::{Desk, KEY, WIRES, fault, run_and_at};
use crate::support::{is_alive, launcher, pid_in, run};

fn agent(desk: &Desk) -> HttpRunner {
    HttpRunner::new(desk.config.clone(), launcher())
}

fn everywhere() -> Room {
    let role = Role {
        id: RoleId::parse("backend-engineer").unwrap(),
        alias: None,
        icon: None,
        writes: vec!["**".to_owned()],
        agent: None,
        model: None,
        keywords: Vec::new(),
        prompt: String::new(),
    };
    Room::of(&role, None).unwrap()
}

#[tokio::test]
async fn a_model_reads_writes_and_runs_in_the_repository() {
    for wire in WIRES {
        let desk = Desk::new(wire);
        std::fs::write(desk.room.repository().join("a.txt"), "one\n").unwrap();
        desk.server
            .call("read", json!({ "path": "a.txt" }))
            .call("edit", json!({ "path": "a.txt", "old": "one", "new": "two" }))
            .call("run", json!({ "command": "cat a.txt; env" }))
            .say("Done.");
        let mut request = desk.request();
        request.room = Some(everywhere());
        let (outcome, events) = run(&agent(&desk), request).await;
        Desk::reported(outcome);
        assert_eq!(std::fs::read_to_string(desk.room.repository().join("a.txt")).unwrap(), "two\n");
        assert!(events.contains(&AgentEvent::FileChanged { path: "a.txt".into() }), "{events:?}");
        let told = desk.told(3);
        assert!(told.contains("one") && told.contains("PATH="), "{told}");
        // What is run has no key to show.
        assert!(!told.contains(KEY) && !told.contains(super::desk::KEY_ENV), "{told}");
    }
}

#[tokio::test]
async fn a_role_that_writes_nothing_is_offered_nothing_that_writes() {
    for wire in WIRES {
        let desk = Desk::new(wire);
        desk.server.call("write", json!({ "path": "a.txt", "content": "x" })).say("I only read.");
        let mut request = desk.request();
        (request.room, request.writes) = (Some(everywhere()), false);
        Desk::reported(run(&agent(&desk), request).await.0);
        assert!(!desk.room.repository().join("a.txt").exists());
        assert!(
            desk.kept()[2]["results"][0]["text"].as_str().unwrap().starts_with("there is no tool `write`")
        );
    }
}

#[tokio::test]
async fn what_runs_ends_with_the_turn() {
    let desk = Desk::new(WIRES[0]);
    let pid = desk.room.path("pid");
    let command = format!("echo $$ > {0}.new; mv {0}.new {0}; sleep 1000", pid.display());
    desk.server.answer(Reply::new().call("run", &json!({ "command": command })));
    let cancel = CancellationToken::new();
    let mut request = desk.request();
    (request.room, request.cancel) = (Some(everywhere()), cancel.clone());
    let folder = pid.parent().unwrap().to_path_buf();
    let waiting = tokio::task::spawn_blocking(move || {
        let pid = pid_in(&folder, "pid");
        cancel.cancel();
        pid
    });
    let (outcome, _) = run_and_at(&agent(&desk), request, |_| {}).await;
    assert_eq!(fault(outcome), Fault::Cancelled);
    let pid = waiting.await.unwrap();
    crate::support::until("the command's end", || !is_alive(pid));
    assert_eq!(desk.roles(), ["user", "agent", "results"]);
}
