use orchestra_core::config::http::Wire;
use serde_json::json;

use super::super::Decoder;
use super::*;
use crate::http::message::CallResult;

fn ask(messages: &[Message], effort: Option<Effort>) -> Ask<'_> {
    Ask { model: "m", standing: "You are.", messages, tools: &[], max_output: None, effort, host: "x" }
}

fn read(events: &[Value]) -> Vec<StreamEvent> {
    let mut decoder = Decoder::new(Wire::OpenAiResponses);
    events.iter().flat_map(|event| decoder.event(&event.to_string()).unwrap()).collect()
}

#[test]
fn a_request_has_the_form_that_its_makers_describe() {
    let sealed = json!({ "type": "reasoning", "id": "rs", "summary": [], "encrypted_content": "e" });
    let call = Call {
        id: "c".into(),
        name: "read".into(),
        input: json!({ "path": "a" }),
        unreadable: None,
        signed: None,
    };
    let parts = vec![
        Part::Thinking { text: String::new(), signed: Some(sealed.clone()) },
        Part::Text { text: "I look.".into() },
        Part::Call(call),
    ];
    let result = CallResult { id: "c".into(), text: "r".into(), is_error: true };
    let messages = [
        Message::user("Do it."),
        Message::agent(Wire::OpenAiResponses, "m", parts),
        Message::Results { results: vec![result] },
    ];
    let body = request(&ask(&messages, None));
    let whole = json!({
        "model": "m",
        "instructions": "You are.",
        "input": [
            { "type": "message", "role": "user", "content": [{ "type": "input_text", "text": "Do it." }] },
            sealed,
            { "type": "message", "role": "assistant", "content": [{ "type": "output_text", "text": "I look.", "annotations": [] }] },
            { "type": "function_call", "call_id": "c", "name": "read", "arguments": "{\"path\":\"a\"}" },
            { "type": "function_call_output", "call_id": "c", "output": "error: r" },
        ],
        "include": ["reasoning.encrypted_content"],
        "prompt_cache_key": body["prompt_cache_key"],
        "store": false,
        "stream": true,
    });
    assert_eq!(body, whole);
    let key = body["prompt_cache_key"].as_str().unwrap();
    assert!(key.len() == 40 && key.bytes().all(|byte| byte.is_ascii_hexdigit()), "{key}");
    let never_thinks = request(&ask(&messages, Some(Effort::None)));
    assert!(never_thinks.get("include").is_none() && never_thinks.get("reasoning").is_none());
    let thinks = request(&ask(&messages, Some(Effort::Low)));
    assert_eq!(thinks["reasoning"], json!({ "effort": "low", "summary": "auto" }));
}

#[test]
fn an_answer_is_read_in_pieces_and_kept_in_items() {
    let reasoning = json!({ "type": "reasoning", "id": "rs", "status": "completed", "summary": [{ "type": "summary_text", "text": "a" }, { "type": "summary_text", "text": "b" }], "encrypted_content": "e" });
    let events = read(&[
        json!({ "type": "response.created", "response": {} }),
        json!({ "type": "response.reasoning_summary_part.added", "summary_index": 0 }),
        json!({ "type": "response.reasoning_summary_text.delta", "delta": "a" }),
        json!({ "type": "response.reasoning_summary_part.added", "summary_index": 1 }),
        json!({ "type": "response.output_item.done", "item": reasoning }),
        json!({ "type": "response.output_item.added", "item": { "type": "function_call" } }),
        json!({ "type": "response.function_call_arguments.delta", "delta": "{}" }),
        json!({ "type": "response.output_item.done", "item": { "type": "function_call", "id": "fc", "call_id": "c", "name": "list", "arguments": "{}" } }),
        json!({ "type": "response.output_text.delta", "delta": "Hi" }),
        json!({ "type": "response.output_item.done", "item": { "type": "message", "content": [{ "type": "output_text", "text": "Hi" }] } }),
        json!({ "type": "response.output_item.done", "item": { "type": "web_search_call" } }),
        json!({ "type": "response.completed", "response": { "usage": { "input_tokens": 9, "input_tokens_details": { "cached_tokens": 4 }, "output_tokens": 3 } } }),
    ]);
    let signed = json!({ "type": "reasoning", "id": "rs", "summary": [{ "type": "summary_text", "text": "a" }, { "type": "summary_text", "text": "b" }], "encrypted_content": "e" });
    let call = Call { id: "c".into(), name: "list".into(), input: json!({}), unreadable: None, signed: None };
    assert_eq!(
        events,
        [
            StreamEvent::Thinking("a".into()),
            StreamEvent::Thinking("\n\n".into()),
            StreamEvent::Part(Part::Thinking { text: "a\n\nb".into(), signed: Some(signed) }),
            StreamEvent::CallBegan,
            StreamEvent::Arguments(2),
            StreamEvent::Part(Part::Call(call)),
            StreamEvent::Text("Hi".into()),
            StreamEvent::Part(Part::Text { text: "Hi".into() }),
            StreamEvent::Usage(Tokens { input: 9, cached: 4, written: 0, output: 3 }),
            StreamEvent::Stopped(Stop::End),
            StreamEvent::Ended,
        ]
    );
}

#[test]
fn thinking_that_is_not_sealed_is_shown_and_not_sent_back() {
    let item = json!({ "type": "reasoning", "content": [{ "type": "reasoning_text", "text": "hm" }] });
    let events = read(&[json!({ "type": "response.output_item.done", "item": item })]);
    assert_eq!(events, [StreamEvent::Part(Part::Thinking { text: "hm".into(), signed: None })]);
}

#[test]
fn each_end_is_known() {
    let incomplete = |reason: &str| json!({ "type": "response.incomplete", "response": { "incomplete_details": { "reason": reason } } });
    assert_eq!(read(&[incomplete("max_output_tokens")])[0], StreamEvent::Stopped(Stop::MaxOutput));
    assert_eq!(read(&[incomplete("content_filter")])[0], StreamEvent::Stopped(Stop::Filtered));
    let refusal = json!({ "type": "response.output_item.done", "item": { "type": "message", "content": [{ "type": "refusal", "refusal": "no" }] } });
    let events = read(&[refusal, json!({ "type": "response.completed", "response": {} })]);
    assert_eq!(events[0], StreamEvent::Stopped(Stop::Refusal("no".into())));
    let mut decoder = Decoder::new(Wire::OpenAiResponses);
    for error in [
        json!({ "type": "error", "code": "rate_limit_exceeded", "message": "slow down" }),
        json!({ "type": "response.failed", "response": { "error": { "code": "server_error", "message": "x" } } }),
        json!({ "type": "response.failed", "response": {} }),
    ] {
        assert!(decoder.event(&error.to_string()).is_err(), "{error}");
    }
}
