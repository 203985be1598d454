//! The conversation that is kept, and the transcript.

use orchestra_core::config::http::{Price, Wire};
use orchestra_core::id::SessionId;
use orchestra_core::report::AgentEvent;
use orchestra_testkit::model_server::{Reply, Usage};
use serde_json::{Value, json};

use super::desk::{Desk, WIRES};
use crate::support::{notices, run};

fn session(events: &[AgentEvent]) -> Option<SessionId> {
    events.iter().find_map(|event| match event {
        AgentEvent::Session { session } => Some(session.clone()),
        _ => None,
    })
}

#[tokio::test]
async fn another_turn_goes_on_with_the_conversation() {
    for wire in WIRES {
        let desk = Desk::new(wire);
        desk.server.say("My name is Ada.").say("Ada, as I said.");
        let (outcome, events) = desk.run().await;
        Desk::reported(outcome);
        let mut request = desk.request();
        request.prompt = "What is your name?".into();
        request.session = session(&events);
        let (outcome, again) = run(&desk.agent(), request).await;
        let report = Desk::reported(outcome);
        assert_eq!(report.usage.unwrap().input, 100, "of this turn alone");
        assert_eq!(session(&again), session(&events));
        assert_eq!(notices(&again), ["no report was handed in: its last words are the summary"]);
        for told in ["Do it.", "My name is Ada.", "What is your name?"] {
            assert!(desk.told(1).contains(told), "{wire:?} {told}");
        }
    }
}

#[tokio::test]
async fn a_conversation_that_is_gone_is_said_to_be() {
    let desk = Desk::new(WIRES[0]);
    desk.server.say("Hello.");
    let mut request = desk.request();
    request.session = Some(SessionId("20200101-000000-x".to_owned()));
    let (outcome, events) = run(&desk.agent(), request).await;
    Desk::reported(outcome);
    assert_eq!(notices(&events)[0], "the conversation is not there any more: it starts afresh");
    assert!(session(&events).is_some_and(|session| session.0.ends_with("-phase-1")));
}

#[tokio::test]
async fn a_turn_without_a_folder_keeps_nothing_and_has_no_name() {
    let desk = Desk::new(WIRES[0]);
    desk.server.say("Hello.");
    let mut request = desk.request();
    request.conversations = None;
    let (outcome, events) = run(&desk.agent(), request).await;
    Desk::reported(outcome);
    assert_eq!(session(&events), None);
    assert!(!desk.folder().exists());
}

#[tokio::test]
async fn what_was_thought_goes_back_signed_to_the_model_that_thought_it_and_to_no_other() {
    for wire in WIRES {
        let desk = Desk::new(wire);
        let thinking = Reply::new().think("secretly").call("read", &json!({ "path": "a" }));
        desk.server.answer(thinking).say("So.").say("Another model speaks.");
        let (outcome, events) = desk.run().await;
        Desk::reported(outcome);
        let mut request = desk.request();
        request.session = session(&events);
        request.model = Some("model-2".to_owned());
        Desk::reported(run(&desk.agent(), request).await.0);
        let requests = desk.server.requests();
        assert_eq!(
            (&requests[1].body["model"], &requests[2].body["model"]),
            (&json!("model-1"), &json!("model-2"))
        );
        let seal = match wire {
            Wire::AnthropicMessages => "signed:secretly",
            Wire::OpenAiChat => r#""reasoning_content":"secretly""#,
            Wire::OpenAiResponses => "sealed:secretly",
        };
        assert!(requests[1].text().contains(seal), "{wire:?}: {}", requests[1].text());
        assert!(!requests[2].text().contains("secretly"), "{wire:?}: {}", requests[2].text());
        assert!(requests[2].text().contains("hello"), "what was read stays");
    }
}

#[tokio::test]
async fn a_conversation_begun_over_one_wire_goes_on_over_another() {
    for (first, second) in [(0, 1), (1, 2), (2, 0)].map(|(one, two)| (WIRES[one], WIRES[two])) {
        let mut desk = Desk::new(first);
        let thinking = Reply::new().think("hm").say("I look.").call("read", &json!({ "path": "a" }));
        desk.server.answer(thinking).say("So.").say("Go on.");
        let (outcome, events) = desk.run().await;
        Desk::reported(outcome);
        desk.config.wire = second;
        let mut request = desk.request();
        request.session = session(&events);
        Desk::reported(run(&desk.agent(), request).await.0);
        let body = desk.told(2);
        for told in ["I look.", "hello", "So.", "read"] {
            assert!(body.contains(told), "{first:?} {second:?} {told}: {body}");
        }
        assert!(!body.contains("signed:") && !body.contains("sealed:"), "{body}");
    }
}

#[tokio::test]
async fn the_transcript_has_the_exact_prompt_once_and_every_event() {
    for wire in WIRES {
        let desk = Desk::new(wire);
        desk.server.call("read", json!({ "path": "a" })).say("Done.");
        let (outcome, events) = desk.run().await;
        Desk::reported(outcome);
        let written = desk.written();
        let lines: Vec<Value> = written.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let asked: Vec<&Value> = lines.iter().filter_map(|line| line.get("request")).collect();
        assert_eq!(asked, [&desk.server.requests()[0].body], "{wire:?}");
        let sent: Vec<&Value> = lines.iter().filter_map(|line| line.get("sent")).collect();
        assert_eq!(sent.len(), 1);
        assert_eq!(sent[0][0]["results"][0]["text"], "hello");
        let told: Vec<AgentEvent> =
            lines.iter().filter_map(|line| serde_json::from_value(line.clone()).ok()).collect();
        assert_eq!(told, events);
    }
}

#[tokio::test]
async fn what_it_costs_is_told_where_prices_are_known() {
    for wire in WIRES {
        let mut desk = Desk::new(wire);
        desk.config.prices.own = Some(Price { input: 3_000_000, cached: 300_000, output: 15_000_000 });
        let usage = Usage { input: 900_000, cached: 400_000, written: 100_000, output: 20_000 };
        desk.server.answer(Reply::new().say("Dear.").usage(usage));
        let (outcome, events) = desk.run().await;
        let usage = Desk::reported(outcome).usage.unwrap();
        assert_eq!((usage.input, usage.cached, usage.output), (900_000, 400_000, 20_000));
        // 400k at 3, 100k at 3.75 where the wire tells that they were put into the cache, 400k at 0.3, 20k at 15.
        let cost = if wire == Wire::AnthropicMessages { 1.995 } else { 1.92 };
        assert!((usage.cost_usd.unwrap() - cost).abs() < 1e-6, "{wire:?} {usage:?}");
        assert!(events.contains(&AgentEvent::Usage { usage }));
    }
}
