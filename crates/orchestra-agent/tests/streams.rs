//! The readers of coding programs' output, on small recordings of our own and on anything at all.

use std::time::Duration;

use orchestra_agent::command::claude::ClaudeStream;
use orchestra_agent::command::codex::CodexStream;
use orchestra_agent::guard::Exit;
use orchestra_core::report::{AgentEvent, Fault, Outcome, Report, Usage};
use proptest::prelude::*;

/// One line an event, short enough to compare by eye.
fn brief(events: &[AgentEvent]) -> Vec<String> {
    let line = |event: &AgentEvent| match event {
        AgentEvent::Text { text } => format!("text {text:?}"),
        AgentEvent::Thinking { text } => format!("thinking {text:?}"),
        AgentEvent::ToolStarted { id, name, input } => format!("start {id} {name}: {input}"),
        AgentEvent::ToolOutput { id, text } => format!("output {id} {text:?}"),
        AgentEvent::ToolFinished { id, ok, output } => format!("finish {id} {ok} {output:?}"),
        AgentEvent::FileChanged { path } => format!("file {path}"),
        AgentEvent::Heard => "heard".to_owned(),
        AgentEvent::Usage { usage } => format!("usage {} {} {}", usage.input, usage.cached, usage.output),
        AgentEvent::Session { session } => format!("session {}", session.0),
        AgentEvent::Notice { text } => format!("notice {text}"),
    };
    events.iter().map(line).collect()
}

fn claude(text: &str) -> (Vec<AgentEvent>, ClaudeStream) {
    let mut stream = ClaudeStream::new(Usage::default());
    let mut events: Vec<_> = text.lines().flat_map(|line| stream.line(line.as_bytes())).collect();
    events.extend(stream.close());
    (events, stream)
}

fn codex(text: &str) -> (Vec<AgentEvent>, CodexStream) {
    let mut stream = CodexStream::new(Usage::default());
    let mut events: Vec<_> = text.lines().flat_map(|line| stream.line(line.as_bytes())).collect();
    events.extend(stream.close());
    (events, stream)
}

#[test]
fn claude_says_each_thing_once_and_tools_are_matched_by_their_id() {
    let (events, stream) = claude(include_str!("fixtures/claude/edit.jsonl"));
    let expected = [
        "session s-1",
        "notice MCP server notes: failed",
        "thinking \"One line.\"",
        "text \"I change \"",
        "text \"the port.\"",
        "text \"\\n\"",
        "start t-1 Edit: /repo/a.conf",
        "start t-2 Bash: make check",
        "finish t-2 false \"Exit code 2\\nno rule\"",
        "finish t-1 true \"updated\"",
        "file /repo/a.conf",
        "notice this line is no JSON",
        "text \"Done.\\n\"",
        "usage 167 50 23",
    ];
    assert_eq!(brief(&events), expected);
    assert!(stream.is_over());
    let usage = Usage { input: 167, cached: 50, output: 23, cost_usd: Some(0.5) };
    let report = Report { summary: "Done.".to_owned(), usage: Some(usage), ..Report::default() };
    assert_eq!(stream.end(Exit::Code(0), ""), Outcome::Reported(Box::new(report)));
}

#[test]
fn a_sub_agents_words_are_not_taken_for_the_agents_own_and_open_tools_are_closed() {
    let (events, stream) = claude(include_str!("fixtures/claude/sub-agent.jsonl"));
    let expected = [
        "session s-2",
        "start t-1 Agent: Look around",
        "output t-1 \"Look\\n\"",
        "start t-2 sub-agent: Bash: ls",
        "finish t-2 true \"a.conf\"",
        "output t-1 \"There is one file.\"",
        "notice Write was denied: outside of the folder",
        "notice overloaded (529): try 1 of 3 in 2 s",
        "finish t-1 false \"(never came back)\"",
    ];
    assert_eq!(brief(&events), expected);
    assert!(!stream.is_over());
}

#[test]
fn codex_tells_commands_changes_and_plans_and_a_reconnection_ends_nothing() {
    let (events, stream) = codex(include_str!("fixtures/codex/edit.jsonl"));
    let expected = [
        "session th-1",
        "thinking \"One line.\\n\"",
        "notice metadata not found",
        "start item_2 run: make check",
        "finish item_2 false \"no rule\\n\"",
        "start item_3 edit: update /repo/a.conf, delete /repo/b",
        "finish item_3 true \"\"",
        "file /repo/a.conf",
        "file /repo/b",
        "start item_4 notes/add: {\"n\":1}",
        "finish item_4 false \"needs approval\"",
        "notice plan: [x] Write, [ ] Test",
        "start item_6 run: sleep 300",
        "notice Reconnecting... 1/5 (unexpected status 529)",
        "text \"Done.\\n\"",
        "usage 1200 900 80",
        "finish item_6 false \"(never came back)\"",
    ];
    assert_eq!(brief(&events), expected);
    let usage = Usage { input: 1200, cached: 900, output: 80, cost_usd: None };
    let report = Report { summary: "Done.".to_owned(), usage: Some(usage), ..Report::default() };
    assert_eq!(stream.end(Exit::Code(0), ""), Outcome::Reported(Box::new(report)));
}

#[test]
fn a_resumed_conversation_counts_only_what_this_turn_consumed() {
    let before = Usage { input: 1000, cached: 100, output: 50, cost_usd: Some(0.25) };
    let mut stream = ClaudeStream::new(before);
    let events = stream.line(
        br#"{"type":"result","is_error":false,"total_cost_usd":0.75,
            "modelUsage":{"m":{"inputTokens":1100,"outputTokens":60,"cacheReadInputTokens":100}}}"#,
    );
    let usage = Usage { input: 200, cached: 0, output: 10, cost_usd: Some(0.5) };
    assert_eq!(events, [AgentEvent::Usage { usage }]);
    let mut stream = CodexStream::new(before);
    let events = stream.line(br#"{"type":"turn.completed","usage":{"input_tokens":10,"output_tokens":5}}"#);
    let usage = Usage { input: 10, cached: 0, output: 5, cost_usd: None };
    assert_eq!(events, [AgentEvent::Usage { usage }], "a sum that went down is of another conversation");
}

fn transient(message: &str, seconds: Option<u64>) -> Fault {
    Fault::Transient { message: message.to_owned(), retry_after: seconds.map(Duration::from_secs) }
}

#[derive(Debug, PartialEq)]
enum Class {
    Failed,
    Unusable,
    UsageLimit,
    Cancelled,
}

fn class(outcome: &Outcome) -> Class {
    match outcome {
        Outcome::Faulted(Fault::Failed { .. }) => Class::Failed,
        Outcome::Faulted(Fault::Unusable { .. }) => Class::Unusable,
        Outcome::Faulted(Fault::UsageLimit { .. }) => Class::UsageLimit,
        Outcome::Faulted(Fault::Cancelled) => Class::Cancelled,
        other => panic!("{other:?}"),
    }
}

/// A message made up by the program and its result, as they come after a failure of the service.
fn claude_failure(error: &str, status: &str, rest: &str) -> Outcome {
    let text = format!(
        r#"{{"type":"system","subtype":"init","session_id":"s"}}
{{"type":"assistant","error":"{error}","is_api_error_message":true,"message":{{"content":[{{"type":"text","text":"no"}}]}}}}
{{"type":"result","subtype":"success","is_error":true,"terminal_reason":"api_error","api_error_status":{status},"result":"no"{rest}}}"#
    );
    claude(&text).1.end(Exit::Code(1), "")
}

#[test]
fn claudes_failures_are_told_apart_although_all_say_success() {
    for (error, status) in [("server_error", "529"), ("server_error", "500"), ("server_error", "null")] {
        assert_eq!(claude_failure(error, status, ""), Outcome::Faulted(transient("no", Some(30))));
    }
    assert_eq!(claude_failure("rate_limit", "429", ""), Outcome::Faulted(transient("no", None)));
    let classes = [
        ("authentication_failed", "401", "", Class::Unusable),
        ("authentication_failed", "null", "", Class::Unusable),
        ("billing_error", "400", "", Class::Unusable),
        ("unknown", "400", "", Class::Failed),
        ("max_output_tokens", "null", "", Class::Failed),
        ("invalid_request", "null", r#","stop_reason":"refusal""#, Class::Failed),
    ];
    for (error, status, rest, expected) in classes {
        assert_eq!(class(&claude_failure(error, status, rest)), expected, "{error} {status}");
    }
}

#[test]
fn a_closed_window_of_a_subscription_says_when_it_opens() {
    let text = r#"{"type":"rate_limit_event","rate_limit_info":{"status":"rejected","resetsAt":1795000000,"rateLimitType":"five_hour"}}
{"type":"assistant","error":"rate_limit","is_api_error_message":true,"message":{"content":[]}}
{"type":"result","subtype":"success","is_error":true,"api_error_status":429,"result":"limit"}"#;
    let (events, stream) = claude(text);
    assert!(brief(&events)[0].starts_with("notice usage limit five_hour: rejected, resets at 2026-"));
    let until = jiff::Timestamp::from_second(1_795_000_000).ok();
    let fault = Fault::UsageLimit { message: "limit".to_owned(), until };
    assert_eq!(stream.end(Exit::Code(1), ""), Outcome::Faulted(fault));
}

#[test]
fn an_end_without_a_result_is_told_by_how_the_program_ended() {
    let begun = r#"{"type":"system","subtype":"init","session_id":"s"}"#;
    let cases = [
        ("", Exit::Code(1), Class::Unusable),
        ("", Exit::Code(0), Class::Failed),
        (begun, Exit::Code(1), Class::Failed),
        (begun, Exit::Code(143), Class::Cancelled),
        (begun, Exit::Signal(15), Class::Cancelled),
        (begun, Exit::Signal(9), Class::Failed),
        (
            r#"{"type":"result","is_error":true,"terminal_reason":"aborted_tools"}"#,
            Exit::Code(0),
            Class::Cancelled,
        ),
        (r#"{"type":"result","is_error":true,"subtype":"error_max_turns"}"#, Exit::Code(1), Class::Failed),
        (r#"{"type":"result","subtype":"success"}"#, Exit::Code(0), Class::Failed),
        (r#"{"type":"result","subtype":"success","is_error":false}"#, Exit::Code(7), Class::Failed),
    ];
    for (text, exit, expected) in cases {
        assert_eq!(class(&claude(text).1.end(exit, "why")), expected, "{text} {exit}");
    }
}

#[test]
fn f56_a_program_that_was_ended_after_its_result_has_reported() {
    for exit in [Exit::Code(0), Exit::Code(143), Exit::Signal(15), Exit::Signal(9)] {
        let result = r#"{"type":"result","is_error":false,"result":"Done."}"#;
        assert!(matches!(claude(result).1.end(exit, ""), Outcome::Reported(_)), "{exit}");
        let completed = r#"{"type":"turn.completed","usage":{}}"#;
        assert!(matches!(codex(completed).1.end(exit, ""), Outcome::Reported(_)), "{exit}");
    }
}

#[test]
fn codex_fails_in_prose() {
    let failed = |message: &str| {
        let line = serde_json::json!({"type": "turn.failed", "error": {"message": message}}).to_string();
        codex(&line).1.end(Exit::Code(1), "")
    };
    for message in [
        "exceeded retry limit, last status: 429 Too Many Requests",
        "unexpected status 529 <unknown status code>: busy",
        "stream disconnected before completion: reset",
        "We’re currently experiencing high demand, which may cause temporary errors.",
    ] {
        assert_eq!(failed(message), Outcome::Faulted(transient(message, Some(30))));
    }
    let cases = [
        ("You’ve hit your usage limit. Try again later.", Class::UsageLimit),
        ("Quota exceeded. Check your plan.", Class::Unusable),
        ("unexpected status 401 Unauthorized: no", Class::Unusable),
        ("Missing environment variable: `KEY`.", Class::Unusable),
        ("Codex ran out of room in the model's context window. Start anew.", Class::Failed),
        ("unexpected status 404 Not Found", Class::Failed),
        ("{\"error\":\"a body of status 500 as text\"}", Class::Failed),
    ];
    for (message, expected) in cases {
        assert_eq!(class(&failed(message)), expected, "{message}");
    }
}

#[test]
fn codex_ends_without_a_last_event_in_many_ways() {
    let begun = r#"{"type":"turn.started"}"#;
    let cases = [
        (begun, Exit::Code(1), "", Class::Cancelled),
        (begun, Exit::Signal(15), "", Class::Cancelled),
        (begun, Exit::Signal(9), "", Class::Failed),
        ("", Exit::Code(1), "Not inside a trusted directory", Class::Unusable),
        ("", Exit::Code(2), "unexpected argument", Class::Unusable),
        ("", Exit::Code(1), "no rollout found for thread id 7", Class::Failed),
    ];
    for (text, exit, stderr, expected) in cases {
        assert_eq!(class(&codex(text).1.end(exit, stderr)), expected, "{text} {exit} {stderr}");
    }
    let waiting = "Reconnecting... waiting for network (refused)";
    let line = serde_json::json!({"type": "error", "message": waiting}).to_string();
    let (_, stream) = codex(&line);
    assert!(stream.is_offline());
    assert_eq!(stream.end(Exit::Signal(9), ""), Outcome::Faulted(transient(waiting, Some(30))));
    assert!(!codex(&format!("{line}\n{begun}")).1.is_offline(), "it found its network again");
}

/// JSON of the shapes that the readers look for, with anything at any place.
fn odd_line() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        any::<i64>().prop_map(|number| number.to_string()),
        "[a-z]{0,8}".prop_map(|text| format!("\"{text}\"")),
    ];
    let key = prop_oneof![
        Just("message"),
        Just("content"),
        Just("item"),
        Just("event"),
        Just("delta"),
        Just("subtype"),
        Just("text"),
        Just("id"),
        Just("input"),
        Just("changes"),
        Just("usage"),
        Just("error"),
        Just("type"),
        Just("tool_use_result"),
        Just("modelUsage"),
        Just("result"),
        Just("rate_limit_info"),
        Just("resetsAt"),
    ];
    let value = leaf.prop_recursive(4, 24, 4, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(|list| format!("[{}]", list.join(","))),
            proptest::collection::vec((key.clone(), inner), 0..4).prop_map(|pairs| {
                let pairs: Vec<String> =
                    pairs.into_iter().map(|(key, value)| format!("\"{key}\":{value}")).collect();
                format!("{{{}}}", pairs.join(","))
            }),
        ]
    });
    let kind = prop_oneof![
        Just("system"),
        Just("assistant"),
        Just("user"),
        Just("stream_event"),
        Just("result"),
        Just("rate_limit_event"),
        Just("tool_progress"),
        Just("control_request"),
        Just("item.started"),
        Just("item.completed"),
        Just("turn.completed"),
        Just("turn.failed"),
        Just("error"),
        Just("thread.started"),
    ];
    (kind, value.clone(), value.clone(), value).prop_map(|(kind, one, two, three)| {
        format!(r#"{{"type":"{kind}","message":{one},"item":{two},"event":{three},"usage":{one}}}"#)
    })
}

proptest! {
    #[test]
    fn f53_no_bytes_make_a_reader_panic(
        lines in proptest::collection::vec(
            prop_oneof![
                proptest::collection::vec(any::<u8>(), 0..60),
                odd_line().prop_map(String::into_bytes),
            ],
            0..12,
        ),
        code in any::<i32>(),
    ) {
        let mut claude = ClaudeStream::new(Usage::default());
        let mut codex = CodexStream::new(Usage::default());
        for line in &lines {
            claude.line(line);
            codex.line(line);
        }
        claude.close();
        codex.close();
        claude.end(Exit::Code(code), "");
        codex.end(Exit::Signal(code), "");
    }
}
