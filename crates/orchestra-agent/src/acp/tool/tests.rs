use serde_json::json;

use super::*;

fn call(id: &str, more: &Value) -> Value {
    let mut told = json!({ "sessionUpdate": "tool_call", "toolCallId": id });
    told.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    told
}

fn started(id: &str, name: &str, input: &str) -> AgentEvent {
    AgentEvent::ToolStarted { id: id.into(), name: name.into(), input: input.into() }
}

fn finished(id: &str, ok: bool, output: &str) -> AgentEvent {
    AgentEvent::ToolFinished { id: id.into(), ok, output: output.into() }
}

fn text(text: &str) -> Value {
    json!([{ "type": "content", "content": { "type": "text", "text": text } }])
}

#[test]
fn a_tool_that_is_told_in_pieces_begins_when_there_is_something_to_say() {
    let mut tools = Tools::default();
    let first = call(
        "t",
        &json!({ "name": "Write", "rawInput": {}, "status": "pending", "title": "Preparing file…", "kind": "edit" }),
    );
    assert_eq!(tools.take(&first), vec![]);
    let diff = json!([{ "type": "diff", "path": "/r/a.txt", "oldText": null, "newText": "x" }]);
    let second =
        call("t", &json!({ "rawInput": { "file_path": "/r/a.txt", "content": "x" }, "content": diff }));
    assert_eq!(tools.take(&second), vec![started("t", "Write", "/r/a.txt")]);
    let last = call("t", &json!({ "status": "completed", "rawOutput": "File created" }));
    let changed = AgentEvent::FileChanged { path: "/r/a.txt".into() };
    assert_eq!(tools.take(&last), vec![finished("t", true, "File created"), changed]);
    assert_eq!(tools.take(&last), vec![], "what comes twice");
}

#[test]
fn output_that_is_told_as_a_whole_is_shown_as_it_grows() {
    let mut tools = Tools::default();
    tools.take(&call("t", &json!({ "title": "bash", "kind": "execute", "rawInput": { "command": "make" }, "status": "in_progress" })));
    let grown = |tools: &mut Tools, now: &str| {
        tools.take(&call("t", &json!({ "status": "in_progress", "content": text(now) })))
    };
    let shown = |text: &str| vec![AgentEvent::ToolOutput { id: "t".into(), text: text.into() }];
    assert_eq!(grown(&mut tools, "one\n"), shown("one\n"));
    assert_eq!(grown(&mut tools, "one\n"), vec![]);
    assert_eq!(grown(&mut tools, "one\ntwo\n"), shown("two\n"));
    let end = call(
        "t",
        &json!({ "status": "completed", "rawOutput": { "output": "one\ntwo\n", "metadata": { "exit": 3 } } }),
    );
    assert_eq!(tools.take(&end), vec![finished("t", false, "one\ntwo\n")]);
}

#[test]
fn output_beside_the_content_counts_too() {
    let mut tools = Tools::default();
    tools.take(&call("t", &json!({ "title": "ls", "kind": "execute", "status": "in_progress" })));
    for part in ["a\n", "b\n"] {
        let events =
            tools.take(&call("t", &json!({ "_meta": { "terminal_output_delta": { "data": part } } })));
        assert_eq!(events, vec![AgentEvent::ToolOutput { id: "t".into(), text: part.into() }]);
    }
    let end = call("t", &json!({ "status": "completed", "_meta": { "terminal_exit": { "exit_code": 1 } } }));
    assert_eq!(tools.take(&end), vec![finished("t", false, "a\nb\n")]);
}

#[test]
fn a_tool_that_never_comes_back_is_ended_and_a_refused_one_says_so() {
    let mut tools = Tools::default();
    for id in ["1", "2"] {
        tools.take(&call(id, &json!({ "title": "x", "kind": "edit", "status": "in_progress" })));
    }
    tools.take(&call("3", &json!({ "title": "x", "kind": "edit", "status": "pending" })));
    tools.refuse("2", "outside");
    assert_eq!(
        tools.close(),
        [finished("1", false, "(never came back)"), finished("2", false, "refused: outside")]
    );
}

#[test]
fn own_tools_are_known_by_whole_names_and_never_by_those_of_commands() {
    let own = |told: Value| {
        let mut tool = Tool::default();
        tool.merge(&told);
        tool.own()
    };
    for name in [
        "mcp__orchestra__ask_user",
        "mcp.orchestra.ask_user",
        "mcp_orchestra_ask_user",
        "orchestra_ask_user",
        "ask_user (orchestra MCP Server)",
    ] {
        assert_eq!(own(json!({ "title": name, "kind": "other" })), Some(OwnTool::AskUser), "{name}");
        assert_eq!(own(json!({ "title": name, "kind": "execute" })), None, "{name} as a command");
    }
    let codex = json!({ "title": "x", "kind": "execute", "_meta": { "is_mcp_tool_call": true },
        "rawInput": { "server": "orchestra", "tool": "ask_user" } });
    assert_eq!(own(codex), Some(OwnTool::AskUser));
    for name in [
        "ask_user",
        "mcp__other__ask_user",
        "mcp__orchestra2__ask_user",
        "orchestra_ask_user; rm -rf .",
        "orchestra",
        "ask_user (orchestra MCP Server) ",
        "mcp__orchestra__fly",
    ] {
        assert_eq!(own(json!({ "title": name })), None, "{name}");
    }
}

#[test]
fn a40_a_flood_of_tools_is_not_remembered() {
    let mut tools = Tools::default();
    for id in 0..10_000 {
        tools.take(&call(&id.to_string(), &json!({ "title": "x", "kind": "read", "status": "in_progress" })));
    }
    assert_eq!(tools.close().len(), MOST_OPEN);
    for id in 0..10_000 {
        tools.take(&call(&id.to_string(), &json!({ "title": "x", "kind": "read", "status": "completed" })));
    }
    assert_eq!(tools.done.len(), MOST_DONE);
}
