use orchestra_core::config::http::Wire;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::http::wire::{self, Ask};

/// A secret by its looks. Every text below may have it, so that a careless cut would leave a half of it.
const SECRET: &str = "ghp_AbCdEfGhIjKlMnOpQrStUvWxYz0123456789";

/// Something that happens in a conversation.
#[derive(Clone, Debug)]
enum Step {
    Told(String),
    /// What the model says and calls. A result to each call follows.
    Answer {
        text: String,
        thought: Option<String>,
        calls: Vec<(usize, String, bool)>,
    },
}

fn any_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        3 => "[a-zäß😀 \n]{0,40}",
        1 => Just(SECRET.to_owned()),
        1 => "[a-z]{1,3}".prop_map(|text| format!("{text} ").repeat(300)),
    ];
    proptest::collection::vec(piece, 0..5).prop_map(|pieces| pieces.join(" "))
}

fn any_step() -> impl Strategy<Value = Step> {
    let calls = proptest::collection::vec((0_usize..5, any_text(), any::<bool>()), 0..4);
    prop_oneof![
        1 => any_text().prop_map(Step::Told),
        4 => (any_text(), proptest::option::of(any_text()), calls)
            .prop_map(|(text, thought, calls)| Step::Answer { text, thought, calls }),
    ]
}

const TOOLS: [&str; 5] = ["read", "write", "run", "raise_concern", "unheard_of"];

fn conversation(steps: &[Step], wire: Wire) -> Vec<Message> {
    let mut messages = vec![Message::user("The task.")];
    for (at, step) in steps.iter().enumerate() {
        let (text, thought, calls) = match step {
            Step::Told(text) => {
                messages.push(Message::user(format!("{at} {text}")));
                continue;
            }
            Step::Answer { text, thought, calls } => (text, thought, calls),
        };
        let mut parts = Vec::new();
        parts.extend(thought.iter().map(|text| Part::Thinking {
            text: text.clone(),
            signed: Some(json!({ "type": "thinking", "thinking": text, "signature": "s" })),
        }));
        parts.push(Part::Text { text: format!("{at} {text}") });
        let call = |(number, (tool, text, _)): (usize, &(usize, String, bool))| Call {
            id: format!("call_{number}"),
            name: TOOLS[*tool].to_owned(),
            input: json!({ "path": text, "deep": [{ "text": text }] }),
            unreadable: None,
            signed: None,
        };
        let called: Vec<Call> = calls.iter().enumerate().map(call).collect();
        let result = |(call, (_, text, is_error)): (&Call, &(usize, String, bool))| CallResult {
            id: call.id.clone(),
            text: text.clone(),
            is_error: *is_error,
        };
        let results: Vec<CallResult> = called.iter().zip(calls).map(result).collect();
        parts.extend(called.into_iter().map(Part::Call));
        messages.push(Message::agent(wire, "m", parts));
        if !results.is_empty() {
            messages.push(Message::Results { results });
        }
    }
    messages
}

fn condense(messages: &[Message], opened_at: usize, target: usize) -> Condensed {
    let condenser = condenser(opened_at, target);
    let tail = condenser.find_tail(messages);
    let cut = condenser.cut_results(messages, tail);
    if !condenser.is_worth(messages, tail) {
        return cut;
    }
    let record = condenser.record(messages, tail, target.max(500));
    assert!(record.len() <= target.max(500) + 100, "{}", record.len());
    assert!(!record.contains("ghp_") && !record.contains("0123456789"), "{record}");
    let notes = condenser.notes(messages, tail);
    let text = notes.text();
    assert!(!text.contains("ghp_") && !text.contains("0123456789"), "{text}");
    assert!(text.len() <= condenser.most_of_notes() + 1_500, "{} {}", text.len(), condenser.most_of_notes());
    condenser.with_notes(&cut.messages, tail, notes)
}

fn condenser(opened_at: usize, target: usize) -> Condenser {
    let writes = vec!["write".to_owned(), "run".to_owned()];
    Condenser {
        redactor: Redactor::default(),
        writes,
        passing: &["Go on."],
        opened_at,
        target,
        most: target * 2,
    }
}

/// What was told since a message, in order.
fn told(messages: &[Message], since: usize) -> Vec<&str> {
    fn text(message: &Message) -> Option<&str> {
        match message {
            Message::User { text } => Some(text.as_str()),
            Message::Agent { .. } | Message::Results { .. } | Message::Notes(_) => None,
        }
    }
    messages[since..].iter().filter_map(text).collect()
}

/// What each wire refuses a conversation for.
fn check(wire: Wire, messages: &[Message]) {
    let ask = Ask {
        model: "m",
        standing: "You are.",
        messages,
        tools: &[],
        max_output: None,
        effort: None,
        host: "x",
    };
    let body = wire::request(wire, &ask);
    match wire {
        Wire::AnthropicMessages => check_anthropic(body["messages"].as_array().unwrap()),
        Wire::OpenAiChat => check_chat(body["messages"].as_array().unwrap()),
        Wire::OpenAiResponses => check_responses(body["input"].as_array().unwrap()),
    }
}

fn ids(content: &Value, kind: &str, key: &str) -> Vec<String> {
    let blocks = content.as_array().unwrap().iter().filter(|block| block["type"] == kind);
    blocks.map(|block| block[key].as_str().unwrap().to_owned()).collect()
}

/// Sides alternate, the user's is first, and results stand first in the message behind their calls.
fn check_anthropic(messages: &[Value]) {
    let mut open = Vec::new();
    for (at, message) in messages.iter().enumerate() {
        let (side, content) = (if at % 2 == 0 { "user" } else { "assistant" }, &message["content"]);
        assert_eq!(message["role"], side, "{messages:#?}");
        assert!(!content.as_array().unwrap().is_empty());
        let results = ids(content, "tool_result", "tool_use_id");
        assert_eq!(results, open, "{messages:#?}");
        let first = content.as_array().unwrap().iter().take(results.len());
        assert!(first.into_iter().all(|block| block["type"] == "tool_result"), "{messages:#?}");
        open = ids(content, "tool_use", "id");
    }
    assert!(open.is_empty(), "{messages:#?}");
}

/// Results directly behind their calls, and never two messages of the user.
fn check_chat(messages: &[Value]) {
    let mut open: Vec<String> = Vec::new();
    let mut before = "";
    for message in messages {
        let role = message["role"].as_str().unwrap();
        if role == "tool" {
            assert_eq!(open.remove(0), message["tool_call_id"].as_str().unwrap(), "{messages:#?}");
        } else {
            assert!(open.is_empty(), "{messages:#?}");
            assert!(role != "user" || before != "user", "{messages:#?}");
            let calls = message["tool_calls"].as_array().into_iter().flatten();
            open = calls.map(|call| call["id"].as_str().unwrap().to_owned()).collect();
        }
        before = role;
    }
    assert!(open.is_empty(), "{messages:#?}");
    assert_eq!((&messages[0]["role"], &messages[1]["role"]), (&json!("system"), &json!("user")));
}

/// Every call has its output behind it, and every output its call before it.
fn check_responses(items: &[Value]) {
    let mut open: Vec<String> = Vec::new();
    for item in items {
        let id = item["call_id"].as_str().unwrap_or_default().to_owned();
        match item["type"].as_str().unwrap() {
            "function_call" => open.push(id),
            "function_call_output" => assert_eq!(open.remove(0), id, "{items:#?}"),
            kind => assert!(open.is_empty() || kind == "thinking", "{items:#?}"),
        }
    }
    assert!(open.is_empty(), "{items:#?}");
    assert_eq!(items[0]["role"], "user");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn whatever_is_condensed_can_be_sent_over_each_wire_again_and_again(
        steps in proptest::collection::vec(any_step(), 0..24),
        more in proptest::collection::vec(any_step(), 0..8),
        opened in any::<prop::sample::Index>(),
        target in 400_usize..20_000,
    ) {
        for wire in [Wire::AnthropicMessages, Wire::OpenAiChat, Wire::OpenAiResponses] {
            let mut messages = conversation(&steps, wire);
            let users: Vec<usize> = (0..messages.len())
                .filter(|at| matches!(messages[*at], Message::User { .. }))
                .collect();
            let mut opened_at = *opened.get(&users);
            for round in 0..3 {
                check(wire, &messages);
                let condensed = condense(&messages, opened_at, target);
                prop_assert_eq!(
                    told(&condensed.messages, condensed.opened_at),
                    told(&messages, opened_at),
                    "round {}", round
                );
                let is_told = matches!(condensed.messages[condensed.opened_at], Message::User { .. });
                prop_assert!(is_told);
                prop_assert!(condensed.count <= messages.len());
                let notes = condensed.messages.iter().filter(|message| matches!(message, Message::Notes(_)));
                prop_assert!(notes.count() <= 1);
                check(wire, &condensed.messages);
                opened_at = condensed.opened_at;
                messages = condensed.messages;
                messages.extend_from_slice(&conversation(&more, wire)[1..]);
            }
        }
    }
}

fn call(id: &str, name: &str, input: Value) -> Message {
    let call = Call { id: id.to_owned(), name: name.to_owned(), input, unreadable: None, signed: None };
    Message::agent(Wire::OpenAiChat, "m", vec![Part::Call(call)])
}

fn result(id: &str, text: &str, is_error: bool) -> Message {
    Message::Results { results: vec![CallResult { id: id.to_owned(), text: text.to_owned(), is_error }] }
}

#[test]
fn what_is_known_without_a_model_is_noted_and_noted_again() {
    let messages = [
        Message::user("An older task."),
        call("1", "read", json!({ "path": "a.rs" })),
        result("1", "fn a() {}", false),
        call("1", "write", json!({ "path": "b.rs", "content": "x" })),
        result("1", "written", false),
        call("1", "run", json!({ "command": "make" })),
        result("1", "exit code 2", true),
        call("1", "run", json!({ "command": "make test" })),
        result("1", "exit code 1", true),
        call("1", "run", json!({ "command": "make" })),
        result("1", "fine", false),
        call("1", "raise_concern", json!({ "text": "no limits" })),
        result("1", "noted", false),
        Message::user("The task."),
        call("1", "write", json!({ "path": "c.rs", "content": "x" })),
        result("1", "written", false),
    ];
    let condenser = condenser(13, 30_000);
    let notes = condenser.notes(&messages, messages.len());
    let expected = Notes {
        messages: 15,
        told: vec!["An older task.".to_owned()],
        on_record: vec![r#"raise_concern {"text":"no limits"} → noted"#.to_owned()],
        failed: vec!["run make test → exit code 1".to_owned()],
        changed: vec!["b.rs".to_owned(), "c.rs".to_owned()],
        looked_at: vec!["a.rs".to_owned()],
        ..Notes::default()
    };
    assert_eq!(notes, expected);

    let later = [
        Message::user("The task."),
        Message::user("Go on."),
        Message::Notes(Notes { summary: "All went well.".to_owned(), ..notes }),
        call("1", "write", json!({ "path": "b.rs", "content": "y" })),
        result("1", "written", false),
        call("1", "run", json!({ "command": "make test" })),
        result("1", "fine", false),
    ];
    let notes = Condenser { opened_at: 7, ..condenser }.notes(&later, later.len());
    let expected = Notes {
        messages: 21,
        summary: "All went well.".to_owned(),
        told: vec!["An older task.".to_owned(), "The task.".to_owned()],
        failed: Vec::new(),
        changed: vec!["c.rs".to_owned(), "b.rs".to_owned()],
        ..expected
    };
    assert_eq!(notes, expected);
}

#[test]
fn a_newest_result_that_alone_is_too_much_is_cut_with_a_mark() {
    let messages = vec![
        Message::user("The task."),
        call("1", "read", json!({ "path": "a.rs" })),
        result("1", &format!("BEGIN{}END", "x".repeat(100_000)), false),
    ];
    let condenser = condenser(0, 5_000);
    let tail = condenser.find_tail(&messages);
    let cut = condenser.cut_results(&messages, tail);
    assert!(size_of_all(&cut.messages) <= 10_000, "{}", size_of_all(&cut.messages));
    let Some(Message::Results { results }) = cut.messages.last() else { panic!("{cut:?}") };
    assert!(results[0].text.starts_with("BEGIN") && results[0].text.ends_with("END"));
    assert!(results[0].text.contains(" bytes left out …"));
    assert_eq!((cut.count, condenser.is_worth(&messages, tail)), (1, false));
    assert_eq!(condenser.cut_results(&cut.messages, tail), Condensed { count: 0, ..cut });
}

#[test]
fn no_half_of_a_secret_stays_wherever_a_text_is_cut() {
    let condenser = condenser(20, 30_000);
    for limit in [CUT, NOTED, 150] {
        for offset in 1..SECRET.len() {
            let text = format!("{} {SECRET} {}", "y".repeat(limit / 2 - offset), "z".repeat(4_000));
            let back: String = text.chars().rev().collect();
            // The second has the secret where its end begins.
            for text in [text, back.replace(&SECRET.chars().rev().collect::<String>(), SECRET)] {
                let messages = [
                    Message::user(text.clone()),
                    call("1", "run", json!({ "command": text, "more": [text] })),
                    result("1", &text, true),
                    call("1", "write", json!({ "path": text })),
                    result("1", &text, false),
                    call("1", "raise_concern", json!({ "text": text })),
                    result("1", &text, false),
                ];
                let cut = condenser.cut_results(&messages, messages.len()).messages;
                let results = cut.iter().filter(|message| matches!(message, Message::Results { .. }));
                let all = format!(
                    "{:?}\n{}\n{}",
                    results.collect::<Vec<_>>(),
                    condenser.notes(&messages, messages.len()).text(),
                    condenser.record_with(&messages, limit)
                );
                let half = all.find("ghp_").or_else(|| all.find("456789"));
                assert_eq!(half.map(|at| &all[at.saturating_sub(50)..at + 6]), None, "{limit} {offset}");
            }
        }
    }
}
