use super::*;

/// A turn without own tools, in which an agent that announces nothing says these lines.
fn stream(change: impl FnOnce(&mut TurnRequest)) -> AcpStream {
    let mut request = TurnRequest::new("Do it.", "/repo", "/nowhere/scratch", Vec::new());
    change(&mut request);
    AcpStream::new(&AcpAgent::default(), &request, None)
}

fn say(stream: &mut AcpStream, message: &Value) -> Vec<AgentEvent> {
    stream.line(message.to_string().as_bytes())
}

/// What was asked or answered since the last time.
fn sent(stream: &mut AcpStream) -> Vec<Value> {
    let lines = String::from_utf8(stream.take_answers()).unwrap();
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn working(stream: &mut AcpStream) {
    say(stream, &json!({ "id": 1, "result": { "protocolVersion": 1 } }));
    say(stream, &json!({ "id": 2, "result": { "sessionId": "s" } }));
    let prompt = sent(stream).pop().unwrap();
    assert_eq!((&prompt["method"], &prompt["id"]), (&json!("session/prompt"), &json!(3)));
}

#[test]
fn an_answer_that_nobody_waits_for_changes_nothing() {
    let mut stream = stream(|_| {});
    for id in [0, 2, 3, u64::MAX] {
        assert_eq!(say(&mut stream, &json!({ "id": id, "result": { "stopReason": "end_turn" } })), vec![]);
    }
    working(&mut stream);
    say(&mut stream, &json!({ "id": 1, "result": {} }));
    assert!(!stream.is_over() && stream.take_answers().is_empty());
    say(&mut stream, &json!({ "id": 3, "result": { "stopReason": "end_turn" } }));
    assert!(stream.is_over());
    say(&mut stream, &json!({ "id": 3, "error": { "code": 429, "message": "late" } }));
    assert!(matches!(stream.end(Exit::Signal(9), ""), Outcome::Reported(_)));
}

#[test]
fn a40_a_line_that_is_no_message_is_shown_and_ends_nothing() {
    let mut stream = stream(|_| {});
    working(&mut stream);
    let bomb = "[".repeat(100_000);
    for line in ["{", "null", "[]", "\"x\"", "{}", &bomb, "\u{0}\u{1b}[2J"] {
        assert!(matches!(&stream.line(line.as_bytes())[..], [AgentEvent::Notice { .. }]));
    }
    assert_eq!(stream.line(&[0xff, 0xfe]).len(), 1);
    assert!(!stream.is_over());
}

#[test]
fn what_belongs_to_another_conversation_is_left_alone() {
    let mut stream = stream(|_| {});
    working(&mut stream);
    let chunk = json!({ "sessionUpdate": "agent_message_chunk", "content": { "type": "text", "text": "x" } });
    let update = |session: &str| json!({ "method": "session/update", "params": { "sessionId": session, "update": chunk } });
    assert_eq!(say(&mut stream, &update("other")), vec![]);
    assert_eq!(say(&mut stream, &update("s")).len(), 1);
    let ask = |session: &str| {
        let tool = json!({ "toolCallId": "t", "kind": "read", "title": "x" });
        let options = json!([{ "optionId": "a", "kind": "allow_once" }]);
        json!({ "id": 7, "method": "session/request_permission", "params": { "sessionId": session, "toolCall": tool, "options": options } })
    };
    say(&mut stream, &ask("other"));
    assert_eq!(sent(&mut stream)[0]["result"]["outcome"], json!({ "outcome": "cancelled" }));
    say(&mut stream, &ask("s"));
    assert_eq!(sent(&mut stream)[0]["result"]["outcome"]["optionId"], "a");
    stream.interrupt().unwrap();
    say(&mut stream, &ask("s"));
    assert_eq!(sent(&mut stream)[0]["result"]["outcome"], json!({ "outcome": "cancelled" }));
}

#[test]
fn a_prompt_is_never_one_of_the_agents_commands() {
    assert_eq!(as_prompt("Do it."), "Do it.");
    assert_eq!(as_prompt(" /clear"), "The person says:  /clear");
}

#[test]
fn another_version_of_the_protocol_is_of_no_use() {
    for version in [json!(2), json!("1"), json!(null)] {
        let mut stream = stream(|_| {});
        say(&mut stream, &json!({ "id": 1, "result": { "protocolVersion": version } }));
        assert!(matches!(stream.end(Exit::Code(0), ""), Outcome::Faulted(Fault::Unusable { .. })));
    }
}

#[test]
fn money_is_what_the_turn_added_to_its_conversation() {
    let spent = |more: Option<f64>, before: f64| {
        let mut stream = stream(|request| request.used_before.cost_usd = Some(before));
        working(&mut stream);
        let cost = |amount: f64| json!({ "amount": amount, "currency": "USD" });
        if let Some(amount) = more {
            let update = json!({ "sessionUpdate": "usage_update", "cost": cost(amount) });
            say(
                &mut stream,
                &json!({ "method": "session/update", "params": { "sessionId": "s", "update": update } }),
            );
        }
        let usage = json!({ "inputTokens": 10, "outputTokens": 1 });
        say(&mut stream, &json!({ "id": 3, "result": { "stopReason": "end_turn", "usage": usage } }));
        stream.usage.unwrap()
    };
    assert_eq!(spent(Some(0.75), 0.5).cost_usd, Some(0.25));
    assert_eq!(spent(None, 0.5), Usage { input: 10, output: 1, ..Usage::default() });
}
