//! Agents that fail in the ways in which agents fail.

use std::io::Write as _;

use orchestra_agent::agent::Agent as _;

use super::*;
use crate::support::{is_alive, pid_in, until};

/// Plays a turn that is cancelled as soon as the agent has said something.
async fn cancelled(stage: &Stage, agent: &AcpRunner) -> (Outcome, Vec<AgentEvent>) {
    let request = stage.request();
    let cancel = request.cancel.clone();
    let (sender, mut events) = mpsc::channel(16);
    let person = async {
        let mut seen = Vec::new();
        while let Some(event) = events.recv().await {
            if matches!(event, AgentEvent::Text { .. }) {
                cancel.cancel();
            }
            seen.push(event);
        }
        seen
    };
    tokio::join!(agent.run(request, sender), person)
}

fn failure(outcome: &Outcome) -> &str {
    match outcome {
        Outcome::Faulted(Fault::Failed { message }) => message,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_turn_is_cancelled_in_the_protocols_words_first() {
    let stage = Stage::new(&json!([
        { "say": "Working." }, { "until": "cancelled" }, { "end": { "stopReason": "cancelled" } },
    ]));
    let (outcome, _) = cancelled(&stage, &stage.agent()).await;
    assert_eq!(outcome, Outcome::Faulted(Fault::Cancelled));
    assert_eq!(stage.asked("session/cancel"), [json!({ "sessionId": "s-1" })]);
}

#[tokio::test]
async fn f51_one_that_minds_neither_cancel_nor_signals_is_killed_with_all_that_it_began() {
    let mut stage =
        Stage::new(&json!([{ "orphan": "orphan" }, { "say": "Working." }, { "until": "killed" }]));
    // What a program ignores when it begins it goes on to ignore.
    let line = format!("trap '' INT TERM; exec {} {}", stage.config.run[0], stage.config.run[1]);
    stage.config.run = vec!["/bin/sh".to_owned(), "-c".to_owned(), line];
    let agent = stage.agent().with_patience(Duration::from_millis(100));
    let (outcome, _) = cancelled(&stage, &agent).await;
    assert_eq!(outcome, Outcome::Faulted(Fault::Cancelled));
    let orphan = pid_in(&stage.room.repository(), "orphan");
    until("the orphan's end", || !is_alive(orphan));
}

#[tokio::test]
async fn f50_what_an_agent_leaves_behind_is_ended_and_told() {
    let stage = Stage::new(&json!([{ "orphan": "orphan" }, { "say": "Done." }, { "end": {} }]));
    let (outcome, events) = stage.play(stage.request()).await;
    assert_eq!(summary(&outcome), "Done.");
    assert!(!is_alive(pid_in(&stage.room.repository(), "orphan")));
    assert!(notices(&events).contains(&"ended 1 processes that it left behind"), "{events:?}");
}

#[tokio::test]
async fn f54_one_that_hangs_is_told_of_then_cancelled_then_stopped() {
    for script in [
        json!([{ "until": "cancelled" }, { "end": { "stopReason": "cancelled" } }]),
        json!([{ "until": "killed" }]),
    ] {
        let stage = Stage::new(&script);
        let mut request = stage.request();
        request.timeout = Duration::from_millis(1500);
        request.silence = Duration::from_millis(200);
        let agent = stage.agent().with_patience(Duration::from_millis(200));
        let (outcome, events) = run(&agent, request).await;
        let timed_out = Fault::TimedOut { after: Duration::from_millis(1500) };
        assert_eq!(outcome, Outcome::Faulted(timed_out));
        assert!(notices(&events).contains(&"has said nothing for 0 s"), "{events:?}");
        assert_eq!(stage.asked("session/cancel").len(), 1);
    }
}

#[tokio::test]
async fn one_that_opens_no_conversation_is_given_up_long_before_the_turns_time() {
    for script in [json!([{ "until": "killed" }]), json!([{ "initialize": {} }, { "until": "killed" }])] {
        let stage = Stage::bare(&script);
        let agent = stage.agent().with_start(Duration::from_millis(300));
        let (outcome, _) = run(&agent, stage.request()).await;
        let is_late = matches!(&outcome, Outcome::Faulted(Fault::Transient { message, .. }) if message.contains("in time"));
        assert!(is_late, "{outcome:?}");
    }
}

#[tokio::test]
async fn f55_an_end_in_the_middle_is_a_failure_and_what_it_complained_of_is_told() {
    let half = r#"{"jsonrpc":"2.0","method":"session/upd"#;
    for end in [json!({ "exit": 0 }), json!({ "exit": 3 }), json!({ "die": 9 })] {
        let running = json!({ "sessionUpdate": "tool_call", "toolCallId": "t", "title": "x", "kind": "read", "status": "in_progress" });
        let stage = Stage::new(
            &json!([{ "update": running }, { "complain": "out of luck" }, { "print": half }, end]),
        );
        let (outcome, events) = stage.play(stage.request()).await;
        let told = failure(&outcome);
        assert!(told.contains("in the middle of its turn") && told.contains("out of luck"), "{told}");
        let is_ended = |event: &AgentEvent| matches!(event, AgentEvent::ToolFinished { ok: false, output, .. } if output == "(never came back)");
        assert!(events.iter().any(is_ended), "{events:?}");
    }
}

#[tokio::test]
async fn a_program_that_does_not_speak_the_protocol_is_of_no_use() {
    let room = Room::new();
    room.program("other", "echo 'usage: other [--help]'; echo 'unknown option' >&2; exit 2");
    let config = AcpAgent { run: vec!["other".to_owned(), "--acp".to_owned()], ..AcpAgent::default() };
    let (outcome, events) = run(&AcpRunner::new(config, launcher()), room.request("phase-1")).await;
    let is_told = matches!(&outcome, Outcome::Faulted(Fault::Unusable { message, hint })
        if message.contains("unknown option") && hint.contains("`run:`"));
    assert!(is_told, "{outcome:?}");
    assert!(notices(&events).contains(&"usage: other [--help]"), "{events:?}");
}

#[tokio::test]
async fn f56_one_that_closes_its_output_and_lives_on_is_ended() {
    let room = Room::new();
    room.program("mute", "exec >&- 2>&-; exec sleep 600");
    let config = AcpAgent { run: vec!["mute".to_owned()], ..AcpAgent::default() };
    let agent = AcpRunner::new(config, launcher()).with_grace(Duration::from_millis(100));
    let (outcome, _) = run(&agent, room.request("phase-1")).await;
    assert!(matches!(outcome, Outcome::Faulted(Fault::Unusable { .. })), "{outcome:?}");
}

#[tokio::test]
async fn one_that_lives_on_after_its_turn_costs_neither_the_turn_nor_much_time() {
    let stage = Stage::new(&json!([{ "say": "Done." }, { "end": {} }, { "until": "killed" }]));
    assert_eq!(summary(&stage.play(stage.request()).await.0), "Done.");
}

#[tokio::test]
async fn nobody_logged_in_is_told_with_the_way_in() {
    let methods = json!([{ "id": "x", "name": "Login with x", "description": "Run `x login`" }]);
    let required = json!({ "error": { "code": -32000, "message": "Authentication required" } });
    let stage = Stage::bare(&json!([{ "initialize": { "authMethods": methods } }, { "open": required }]));
    let (outcome, _) = stage.play(stage.request()).await;
    let is_told = matches!(&outcome, Outcome::Faulted(Fault::Unusable { message, hint })
        if message == "Authentication required" && hint.contains("Run `x login`"));
    assert!(is_told, "{outcome:?}");
}

#[tokio::test]
async fn f57_a_failure_of_the_service_is_told_apart_from_one_of_the_work() {
    let busy =
        json!({ "error": { "code": -32603, "message": "busy", "data": { "errorKind": "server_error" } } });
    let stage = Stage::new(&json!([{ "end": busy }]));
    let (outcome, _) = stage.play(stage.request()).await;
    assert!(matches!(outcome, Outcome::Faulted(Fault::Transient { .. })), "{outcome:?}");

    // An end that is none.
    let said = json!({ "usage": null });
    let stage = Stage::new(&json!([{ "say": "stream disconnected before completion" }, { "end": said }]));
    let (outcome, _) = stage.play(stage.request()).await;
    assert!(matches!(outcome, Outcome::Faulted(Fault::Transient { .. })), "{outcome:?}");
}

#[tokio::test]
async fn a_turn_that_ends_over_a_refusal_says_so() {
    let tool = json!({ "toolCallId": "1", "kind": "edit", "locations": [{ "path": "docs/a.md" }] });
    let stage = Stage::new(
        &json!([{ "permission": { "toolCall": tool } }, { "end": { "stopReason": "cancelled" } }]),
    );
    let mut request = stage.request();
    request.room = Some(src_room());
    let (outcome, _) = stage.play(request).await;
    let told = failure(&outcome);
    assert!(told.starts_with("it gave up its turn: edit was denied") && told.contains("docs/a.md"), "{told}");
}

#[tokio::test]
async fn f52_a_flood_costs_no_memory_and_the_turn_goes_on_after_it() {
    let room = Room::new();
    let chunk = |text: &str| {
        let update =
            json!({ "sessionUpdate": "agent_message_chunk", "content": { "type": "text", "text": text } });
        json!({ "jsonrpc": "2.0", "method": "session/update", "params": { "sessionId": "s", "update": update } }).to_string()
    };
    let answer = |id: u32, result: Value| json!({ "jsonrpc": "2.0", "id": id, "result": result }).to_string();
    let write = |name: &str, lines: &[String]| {
        let mut file = std::fs::File::create(room.path(name)).unwrap();
        for line in lines {
            writeln!(file, "{line}").unwrap();
        }
    };
    write("open", &[answer(1, json!({ "protocolVersion": 1 })), answer(2, json!({ "sessionId": "s" }))]);
    write("flood", &vec![chunk(&"x".repeat(100_000)); 300]);
    write("long", &["y".repeat(20 * 1024 * 1024)]);
    write("end", &[chunk("Done."), answer(3, json!({ "stopReason": "end_turn" }))]);
    // It answers what it is going to be asked: a reader that is ahead of its own questions would be misled.
    room.program(
        "flood",
        "read a; head -n 1 ../open; read b; tail -n 1 ../open; read c; cat ../flood ../flood ../long ../end; cat > /dev/null",
    );
    let config = AcpAgent { run: vec!["flood".to_owned()], ..AcpAgent::default() };
    let mut request = room.request("phase-1");
    request.output_limit = 1024 * 1024;
    let before = crate::command::resident_mib();
    let mut most = before;
    let mut looks = tokio::time::interval(Duration::from_millis(20));
    let agent = AcpRunner::new(config, launcher());
    let turn = run(&agent, request);
    tokio::pin!(turn);
    let (outcome, events) = loop {
        tokio::select! {
            ended = &mut turn => break ended,
            _ = looks.tick() => most = most.max(crate::command::resident_mib()),
        }
    };
    assert!(summary(&outcome).ends_with("Done."));
    assert!(said(&events).len() <= 1024 * 1024);
    let told = notices(&events);
    assert!(told.iter().any(|text| text.starts_with("it says more than is kept")), "{told:?}");
    assert!(told.contains(&"a line of 20971520 bytes was left out"), "{told:?}");
    assert!(most - before < 96, "{before} MiB became {most} MiB");
}

#[tokio::test]
async fn f53_bytes_that_are_no_text_are_shown_and_end_nothing() {
    let stage = Stage::new(
        &json!([{ "print": "not json\u{0}\u{1b}[2J\n{\"half\": \n" }, { "say": "Done." }, { "end": {} }]),
    );
    let (outcome, events) = stage.play(stage.request()).await;
    assert_eq!(summary(&outcome), "Done.");
    assert!(notices(&events).iter().any(|text| text.starts_with("not json")), "{events:?}");
}

#[tokio::test]
async fn a_dropped_turn_ends_the_agent() {
    let stage = Stage::new(&json!([{ "orphan": "orphan" }, { "until": "killed" }]));
    let (agent, request) = (stage.agent(), stage.request());
    let turn = tokio::spawn(async move { run(&agent, request).await.0 });
    let folder = stage.room.repository();
    let orphan = tokio::task::spawn_blocking(move || pid_in(&folder, "orphan")).await.unwrap();
    turn.abort();
    assert!(turn.await.unwrap_err().is_cancelled());
    until("the orphan's end", || !is_alive(orphan));
}
