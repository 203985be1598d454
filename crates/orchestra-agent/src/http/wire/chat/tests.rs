use orchestra_core::config::http::Wire;
use serde_json::json;

use super::super::Decoder;
use super::*;
use crate::http::message::CallResult;

fn ask(messages: &[Message]) -> Ask<'_> {
    Ask {
        model: "m",
        standing: "You are.",
        messages,
        tools: &[],
        max_output: Some(7),
        effort: None,
        host: "x",
    }
}

/// What a server says, each delta alone; `None` is its `[DONE]`.
fn read(deltas: &[Value], finish: Option<&str>, is_done: bool) -> Vec<StreamEvent> {
    let mut decoder = Decoder::new(Wire::OpenAiChat);
    let mut events = Vec::new();
    for delta in deltas {
        let chunk = json!({ "choices": [{ "index": 0, "delta": delta }] });
        events.extend(decoder.event(&chunk.to_string()).unwrap());
    }
    if let Some(finish) = finish {
        let chunk = json!({ "choices": [{ "index": 0, "delta": {}, "finish_reason": finish }] });
        events.extend(decoder.event(&chunk.to_string()).unwrap());
    }
    events.extend(if is_done { decoder.event(" [DONE]").unwrap() } else { decoder.close() });
    events
}

fn parts(events: &[StreamEvent]) -> Vec<Part> {
    let part = |event: &StreamEvent| match event {
        StreamEvent::Part(part) => Some(part.clone()),
        _ => None,
    };
    events.iter().filter_map(part).collect()
}

fn call(id: &str, name: &str, input: Value) -> Part {
    Part::Call(Call { id: id.into(), name: name.into(), input, unreadable: None, signed: None })
}

#[test]
fn a_request_has_the_form_that_its_makers_describe() {
    let thought = || Part::Thinking { text: "hm".into(), signed: None };
    let answer = |text: &str, id: &str| {
        let parts =
            vec![thought(), Part::Text { text: text.into() }, call(id, "read", json!({ "path": "a" }))];
        Message::agent(Wire::OpenAiChat, "m", parts)
    };
    let result = |id: &str, is_error| Message::Results {
        results: vec![CallResult { id: id.into(), text: "r".into(), is_error }],
    };
    let messages = [
        Message::user("one"),
        answer("I look.", "1"),
        result("1", false),
        Message::user("two"),
        answer("", "2"),
        result("2", true),
    ];
    let calls = |id: &str| {
        let function = json!({ "name": "read", "arguments": "{\"path\":\"a\"}" });
        json!([{ "id": id, "type": "function", "function": function }])
    };
    let whole = json!({
        "model": "m",
        "messages": [
            { "role": "system", "content": "You are." },
            { "role": "user", "content": "one" },
            { "role": "assistant", "content": "I look.", "tool_calls": calls("1") },
            { "role": "tool", "tool_call_id": "1", "content": "r" },
            { "role": "user", "content": "two" },
            { "role": "assistant", "content": "", "reasoning_content": "hm", "tool_calls": calls("2") },
            { "role": "tool", "tool_call_id": "2", "content": "error: r" },
        ],
        "max_tokens": 7,
        "stream": true,
        "stream_options": { "include_usage": true },
    });
    assert_eq!(request(&ask(&messages)), whole);
    let makers = request(&Ask { host: "api.openai.com", ..ask(&messages) });
    assert_eq!((makers.get("max_tokens"), &makers["max_completion_tokens"]), (None, &json!(7)));
}

#[test]
fn calls_are_read_however_a_server_gives_them() {
    let piece = |index: u64, id: &str, name: &str, arguments: &str| json!({ "tool_calls": [{ "index": index, "id": id, "function": { "name": name, "arguments": arguments } }] });
    let (a, b) = (call("1", "read", json!({ "path": "a" })), call("2", "list", json!({})));
    // In pieces, by index.
    let events = read(
        &[
            piece(0, "1", "read", ""),
            json!({ "tool_calls": [{ "index": 0, "function": { "arguments": "{\"path\":" } }] }),
            piece(1, "2", "list", "{"),
            json!({ "tool_calls": [{ "index": 0, "function": { "arguments": "\"a\"}" } }] }),
            json!({ "tool_calls": [{ "index": 1, "function": { "arguments": "}" } }] }),
        ],
        Some("tool_calls"),
        true,
    );
    assert_eq!(parts(&events), [a.clone(), b.clone()]);
    // Whole, and all of them with the same index.
    let events =
        read(&[piece(0, "1", "read", "{\"path\":\"a\"}"), piece(0, "2", "list", "")], Some("stop"), true);
    assert_eq!(parts(&events), [a.clone(), b.clone()]);
    // Without an index, in one delta, one of them with an object for its arguments.
    let both = json!({ "tool_calls": [
        { "id": "1", "function": { "name": "read", "arguments": { "path": "a" } } },
        { "id": "2", "function": { "name": "list", "arguments": "{}" } },
    ] });
    assert_eq!(parts(&read(&[both], Some("stop"), true)), [a, b]);
    // With the id and the name in every piece.
    let events = read(
        &[piece(0, "1", "read", "{\"path\":"), piece(0, "1", "read", "\"a\"}")],
        Some("tool_calls"),
        true,
    );
    assert_eq!(parts(&events), [call("1", "read", json!({ "path": "a" }))]);
}

#[test]
fn an_answer_without_its_last_word_is_whole_where_it_has_a_reason_to_finish() {
    let text = [json!({ "content": "Hello" })];
    let whole = [
        StreamEvent::Text("Hello".into()),
        StreamEvent::Part(Part::Text { text: "Hello".into() }),
        StreamEvent::Stopped(Stop::End),
        StreamEvent::Ended,
    ];
    assert_eq!(read(&text, Some("stop"), true), whole);
    assert_eq!(read(&text, Some("stop"), false), whole);
    assert_eq!(read(&text, None, false), whole[..1], "the connection was lost");
}

#[test]
fn each_reason_to_finish_is_known() {
    for (finish, stop) in [
        ("stop", Stop::End),
        ("tool_calls", Stop::End),
        ("something new", Stop::End),
        ("length", Stop::MaxOutput),
        ("content_filter", Stop::Filtered),
    ] {
        assert_eq!(read(&[], Some(finish), true)[0], StreamEvent::Stopped(stop), "{finish}");
    }
    let refused = read(&[json!({ "refusal": "I will " }), json!({ "refusal": "not." })], Some("stop"), true);
    assert_eq!(refused[0], StreamEvent::Stopped(Stop::Refusal("I will not.".into())));
}

#[test]
fn thinking_is_read_under_both_its_names_and_signed_thinking_goes_back_as_it_came() {
    for key in ["reasoning", "reasoning_content"] {
        let events = read(&[json!({ key: "hm" })], Some("stop"), true);
        assert_eq!(events[0], StreamEvent::Thinking("hm".into()));
        assert_eq!(parts(&events), [Part::Thinking { text: "hm".into(), signed: None }]);
    }
    let detail = |text: &str| json!({ "type": "reasoning.text", "text": text, "index": 0 });
    let mut last = detail("m");
    last["signature"] = json!("s");
    let events = read(
        &[
            json!({ "reasoning": "h", "reasoning_details": [detail("h")] }),
            json!({ "reasoning": "m", "reasoning_details": [last] }),
        ],
        Some("stop"),
        true,
    );
    let signed = json!([{ "type": "reasoning.text", "text": "hm", "index": 0, "signature": "s" }]);
    let parts = parts(&events);
    assert_eq!(parts, [Part::Thinking { text: "hm".into(), signed: Some(signed.clone()) }]);
    let mut answer = parts;
    answer.push(Part::Text { text: "So.".into() });
    let body = request(&ask(&[Message::agent(Wire::OpenAiChat, "m", answer)]));
    let whole = json!({ "role": "assistant", "content": "So.", "reasoning_details": signed });
    assert_eq!(body["messages"][1], whole);
}

#[test]
fn the_seal_of_a_call_goes_back_to_the_model_that_made_it() {
    let seal = json!({ "google": { "thought_signature": "s" } });
    let call = json!({ "index": 0, "id": "1", "function": { "name": "read", "arguments": "{}" }, "extra_content": seal });
    let answer = parts(&read(&[json!({ "tool_calls": [call] })], Some("tool_calls"), true));
    let sent = |model: &str| {
        let body = request(&ask(&[Message::agent(Wire::OpenAiChat, model, answer.clone())]));
        body["messages"][1]["tool_calls"][0].get("extra_content").cloned()
    };
    assert_eq!((sent("m"), sent("other")), (Some(seal), None));
}

#[test]
fn usage_and_errors_are_read_wherever_they_stand() {
    let mut decoder = Decoder::new(Wire::OpenAiChat);
    let usage = json!({ "choices": [], "usage": { "prompt_tokens": 9, "completion_tokens": 2, "prompt_cache_hit_tokens": 4 } });
    let tokens = Tokens { input: 9, cached: 4, written: 0, output: 2 };
    assert_eq!(decoder.event(&usage.to_string()).unwrap(), [StreamEvent::Usage(tokens)]);
    let null = json!({ "choices": [{ "delta": { "content": null, "tool_calls": null } }], "usage": null, "error": null });
    assert_eq!(decoder.event(&null.to_string()).unwrap(), []);
    assert!(decoder.event(r#"{"error":{"message":"no","code":502}}"#).is_err());
    assert!(decoder.event("{").is_err());
}
