//! Being spoken to, and being stopped.

use orchestra_core::own_tool::OwnTool;
use orchestra_core::report::{AgentEvent, Fault};
use orchestra_testkit::model_server::{Gate, Reply};
use serde_json::json;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::desk::{Desk, WIRES, fault, own, run_and_at};
use crate::support::run;

fn heard(events: &[AgentEvent]) -> usize {
    events.iter().filter(|event| **event == AgentEvent::Heard).count()
}

#[tokio::test]
async fn what_is_said_meanwhile_is_told_with_the_next_request() {
    for wire in WIRES {
        let desk = Desk::new(wire);
        desk.server.call("telephone", json!({})).say("With bcrypt, then.");
        let (say, words) = mpsc::channel(4);
        *desk.tools.person.lock().unwrap() = Some(say);
        let mut request = desk.request();
        request.words = Some(words);
        let (outcome, events) = run(&desk.agent(), request).await;
        assert_eq!(Desk::reported(outcome).summary, "With bcrypt, then.");
        assert_eq!(heard(&events), 1);
        assert!(!desk.told(0).contains("bcrypt") && desk.told(1).contains("use bcrypt, please"));
        assert_eq!(desk.roles(), ["user", "agent", "results", "user", "agent"]);
        assert!(desk.written().contains("[you] use bcrypt, please"));
    }
}

#[tokio::test]
async fn what_is_said_into_the_last_answer_makes_the_turn_go_on() {
    for wire in WIRES {
        let desk = Desk::new(wire);
        let gate = Gate::new();
        desk.server.answer(Reply::new().say("Nearly done. ").hold(&gate).say("Done.")).say("That too.");
        let (say, words) = mpsc::channel(4);
        let mut request = desk.request();
        request.words = Some(words);
        let mut is_said = false;
        let at = |event: &AgentEvent| {
            if !is_said && matches!(event, AgentEvent::Text { .. }) {
                is_said = true;
                say.try_send("and the tests".to_owned()).unwrap();
                say.try_send("and the docs".to_owned()).unwrap();
                gate.open();
            }
        };
        let (outcome, events) = run_and_at(&desk.agent(), request, at).await;
        assert_eq!(Desk::reported(outcome).summary, "That too.");
        assert_eq!(heard(&events), 2);
        assert!(desk.told(1).contains("and the tests") && desk.told(1).contains("and the docs"));
    }
}

#[tokio::test]
async fn a_report_that_was_handed_in_before_the_person_spoke_is_not_the_last_word() {
    let desk = Desk::new(WIRES[0]);
    let (say, words) = mpsc::channel(4);
    *desk.tools.person.lock().unwrap() = Some(say);
    let calls =
        Reply::new().call("telephone", &json!({})).call("report_result", &json!({ "summary": "old" }));
    desk.server.answer(calls).call("report_result", json!({ "summary": "new" }));
    let mut request = desk.request();
    request.own = Some(own(OwnTool::WORKING).0);
    request.words = Some(words);
    let (outcome, _) = run(&desk.agent(), request).await;
    assert_eq!(Desk::reported(outcome).summary, "new");

    // And where the model has nothing to add, the old one stands.
    let desk = Desk::new(WIRES[0]);
    let (say, words) = mpsc::channel(4);
    *desk.tools.person.lock().unwrap() = Some(say);
    let calls =
        Reply::new().call("telephone", &json!({})).call("report_result", &json!({ "summary": "old" }));
    desk.server.answer(calls).say("I did use it.");
    let mut request = desk.request();
    request.own = Some(own(OwnTool::WORKING).0);
    request.words = Some(words);
    let (outcome, _) = run(&desk.agent(), request).await;
    assert_eq!(Desk::reported(outcome).summary, "old");
}

#[tokio::test]
async fn a_turn_that_is_stopped_in_an_answer_keeps_what_was_said() {
    for wire in WIRES {
        let desk = Desk::new(wire);
        let gate = Gate::new();
        desk.server.answer(Reply::new().say("I begin and").hold(&gate).say(" never end"));
        let cancel = CancellationToken::new();
        let mut request = desk.request();
        request.cancel = cancel.clone();
        let mut text = String::new();
        let at = |event: &AgentEvent| {
            if let AgentEvent::Text { text: piece } = event {
                text.push_str(piece);
                if text == "I begin and" {
                    cancel.cancel();
                }
            }
        };
        let (outcome, events) = run_and_at(&desk.agent(), request, at).await;
        assert_eq!(fault(outcome), Fault::Cancelled);
        let kept = desk.kept();
        assert_eq!(kept[1]["parts"], json!([{ "part": "text", "text": "I begin and" }]), "{wire:?}");

        // And it is gone on with.
        desk.server.say("Where was I?");
        let mut request = desk.request();
        request.session = events.iter().find_map(|event| match event {
            AgentEvent::Session { session } => Some(session.clone()),
            _ => None,
        });
        Desk::reported(run(&desk.agent(), request).await.0);
        assert!(desk.told(1).contains("I begin and"));
        assert_eq!(desk.roles(), ["user", "agent", "user", "agent"]);
    }
}

#[tokio::test]
async fn a_turn_that_is_stopped_in_a_tool_tells_it_to_the_model_the_next_time() {
    for wire in WIRES {
        let desk = Desk::new(wire);
        let calls = Reply::new()
            .call("read", &json!({ "path": "a" }))
            .call("hang", &json!({}))
            .call("write", &json!({ "path": "b" }));
        desk.server.answer(calls);
        let cancel = CancellationToken::new();
        let mut request = desk.request();
        request.cancel = cancel.clone();
        let at = |event: &AgentEvent| {
            if matches!(event, AgentEvent::ToolStarted { name, .. } if name == "hang") {
                cancel.cancel();
            }
        };
        let (outcome, events) = run_and_at(&desk.agent(), request, at).await;
        assert_eq!(fault(outcome), Fault::Cancelled);
        assert_eq!(desk.tools.asked().len(), 2, "the third was never begun");
        let kept = desk.kept();
        let results = kept[2]["results"].as_array().unwrap();
        assert_eq!(results[0]["text"], "hello");
        for result in &results[1..] {
            assert!(result["text"].as_str().unwrap().starts_with("interrupted"), "{result}");
        }
        let ended = |event: &&AgentEvent| matches!(event, AgentEvent::ToolFinished { ok: false, .. });
        assert_eq!(events.iter().filter(ended).count(), 1);
    }
}

#[tokio::test]
async fn a_turn_that_nobody_listens_to_any_more_still_ends_at_once_when_it_is_stopped() {
    let desk = Desk::new(WIRES[0]);
    let gate = Gate::new();
    desk.server.answer(Reply::new().say("x ".repeat(200).trim()).hold(&gate));
    let cancel = CancellationToken::new();
    let mut request = desk.request();
    request.cancel = cancel.clone();
    // A channel with one place that nobody empties.
    let (sender, mut receiver) = mpsc::channel(1);
    let agent = desk.agent();
    let running =
        tokio::spawn(async move { orchestra_agent::agent::Agent::run(&agent, request, sender).await });
    receiver.recv().await.unwrap();
    cancel.cancel();
    assert_eq!(fault(running.await.unwrap()), Fault::Cancelled);
}
