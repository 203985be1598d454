use orchestra_core::config::http::Wire;
use serde_json::json;

use super::super::Decoder;
use super::*;
use crate::http::message::INTERRUPTED;
use crate::tools::{Access, Spec};

fn ask<'a>(messages: &'a [Message], tools: &'a [Spec]) -> Ask<'a> {
    Ask { model: "m", standing: "You are.", messages, tools, max_output: None, effort: None, host: "x" }
}

fn read(events: &[Value]) -> Vec<StreamEvent> {
    let mut decoder = Decoder::new(Wire::AnthropicMessages);
    events.iter().flat_map(|event| decoder.event(&event.to_string()).unwrap()).collect()
}

#[test]
fn a_request_has_the_form_that_its_makers_describe() {
    let spec = |name: &str| Spec {
        name: name.to_owned(),
        description: "d".to_owned(),
        schema: json!({ "type": "object" }),
        access: Access::Reads,
    };
    let call = |id: &str| Call {
        id: id.into(),
        name: "a".into(),
        input: json!({ "x": 1 }),
        unreadable: None,
        signed: None,
    };
    let thought = Part::Thinking {
        text: "hm".into(),
        signed: Some(json!({ "type": "thinking", "thinking": "hm", "signature": "s" })),
    };
    let parts =
        vec![thought, Part::Text { text: " \n".into() }, Part::Call(call("t:1")), Part::Call(call("t2"))];
    let results = vec![
        CallResult { id: "t:1".into(), text: String::new(), is_error: false },
        CallResult::interrupted(&call("t2")),
    ];
    let messages = [
        Message::user("Do it."),
        Message::agent(Wire::AnthropicMessages, "m", parts),
        Message::Results { results },
        Message::user("and the docs"),
    ];
    let mark = json!({ "type": "ephemeral" });
    let whole = json!({
        "model": "m",
        "max_tokens": 32_000,
        "system": [{ "type": "text", "text": "You are.", "cache_control": mark }],
        "tools": [
            { "name": "a", "description": "d", "input_schema": { "type": "object" } },
            { "name": "b", "description": "d", "input_schema": { "type": "object" }, "cache_control": mark },
        ],
        "messages": [
            { "role": "user", "content": [{ "type": "text", "text": "Do it.", "cache_control": mark }] },
            { "role": "assistant", "content": [
                { "type": "thinking", "thinking": "hm", "signature": "s" },
                { "type": "tool_use", "id": "t_1", "name": "a", "input": { "x": 1 } },
                { "type": "tool_use", "id": "t2", "name": "a", "input": { "x": 1 } },
            ] },
            { "role": "user", "content": [
                { "type": "tool_result", "tool_use_id": "t_1", "content": "(nothing)" },
                { "type": "tool_result", "tool_use_id": "t2", "content": INTERRUPTED, "is_error": true },
                { "type": "text", "text": "and the docs", "cache_control": mark },
            ] },
        ],
        "stream": true,
    });
    assert_eq!(request(&ask(&messages, &[spec("a"), spec("b")])), whole);
    let bare = request(&Ask { standing: " ", ..ask(&messages[..1], &[]) });
    assert!(bare.get("system").is_none() && bare.get("tools").is_none(), "{bare}");
}

#[test]
fn an_answer_is_read_in_pieces_and_kept_in_parts() {
    let events = read(&[
        json!({ "type": "message_start", "message": { "usage": { "input_tokens": 5, "cache_read_input_tokens": 20, "cache_creation_input_tokens": 3, "output_tokens": 1 } } }),
        json!({ "type": "content_block_start", "index": 0, "content_block": { "type": "redacted_thinking", "data": "xyz" } }),
        json!({ "type": "content_block_stop", "index": 0 }),
        json!({ "type": "content_block_start", "index": 1, "content_block": { "type": "text", "text": "" } }),
        json!({ "type": "ping" }),
        json!({ "type": "content_block_delta", "index": 1, "delta": { "type": "text_delta", "text": "Hello" } }),
        json!({ "type": "content_block_stop", "index": 1 }),
        json!({ "type": "content_block_start", "index": 2, "content_block": { "type": "tool_use", "id": "t", "name": "read", "input": {} } }),
        json!({ "type": "content_block_delta", "index": 2, "delta": { "type": "input_json_delta", "partial_json": "" } }),
        json!({ "type": "content_block_stop", "index": 2 }),
        json!({ "type": "content_block_start", "index": 3, "content_block": { "type": "server_tool_use", "id": "s" } }),
        json!({ "type": "content_block_stop", "index": 3 }),
        json!({ "type": "something_new" }),
        json!({ "type": "message_delta", "delta": { "stop_reason": "tool_use" }, "usage": { "output_tokens": 9 } }),
        json!({ "type": "message_stop" }),
    ]);
    let tokens = Tokens { input: 28, cached: 20, written: 3, output: 1 };
    let sealed = Some(json!({ "type": "redacted_thinking", "data": "xyz" }));
    let call = Call { id: "t".into(), name: "read".into(), input: json!({}), unreadable: None, signed: None };
    assert_eq!(
        events,
        [
            StreamEvent::Usage(tokens),
            StreamEvent::Part(Part::Thinking { text: String::new(), signed: sealed }),
            StreamEvent::Text("Hello".into()),
            StreamEvent::Part(Part::Text { text: "Hello".into() }),
            StreamEvent::CallBegan,
            StreamEvent::Arguments(0),
            StreamEvent::Part(Part::Call(call)),
            StreamEvent::Usage(Tokens { output: 9, ..tokens }),
            StreamEvent::Stopped(Stop::End),
            StreamEvent::Ended,
        ]
    );
}

#[test]
fn each_reason_to_stop_is_known() {
    for (reason, stop) in [
        ("end_turn", Stop::End),
        ("stop_sequence", Stop::End),
        ("max_tokens", Stop::MaxOutput),
        ("model_context_window_exceeded", Stop::Overflow),
        ("pause_turn", Stop::Paused),
        ("refusal", Stop::Refusal("why".to_owned())),
    ] {
        let delta = json!({ "stop_reason": reason, "stop_details": { "explanation": "why" } });
        assert_eq!(read(&[json!({ "type": "message_delta", "delta": delta })]), [StreamEvent::Stopped(stop)]);
    }
}

#[test]
fn blocks_in_no_order_at_all_end_nothing() {
    let events = read(&[
        json!({ "type": "content_block_stop", "index": 7 }),
        json!({ "type": "content_block_delta", "index": u64::MAX, "delta": { "type": "text_delta", "text": "x" } }),
        json!({ "type": "content_block_start", "index": 1_000_000_000, "content_block": { "type": "text", "text": "a" } }),
        json!({ "type": "content_block_start" }),
        json!({ "type": "message_start", "message": [] }),
        json!([]),
        json!(null),
    ]);
    assert_eq!(events, [StreamEvent::Text("a".into())]);
}
