//! An agent of the Agent Client Protocol, played by `examples/fake_acp.rs` over real pipes.

mod faults;

use std::time::Duration;

use orchestra_agent::acp::AcpRunner;
use orchestra_agent::agent::TurnRequest;
use orchestra_agent::guard::{StopPlan, StopSignal, StopStep};
use orchestra_agent::own::{OwnRequest, OwnTools};
use orchestra_agent::tools::Answer;
use orchestra_core::config::AcpAgent;
use orchestra_core::id::{RoleId, SessionId};
use orchestra_core::own_tool::{OwnCall, OwnTool};
use orchestra_core::ownership::Room as RoleRoom;
use orchestra_core::plan::Role;
use orchestra_core::report::{AgentEvent, Fault, Outcome, Usage, Verdict};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::support::{Room, launcher, notices, probe, run, said};

/// A room in which the fake agent plays a script.
struct Stage {
    room: Room,
    config: AcpAgent,
}

impl Stage {
    /// An agent that plays these steps from its first message on.
    fn bare(script: &Value) -> Self {
        let room = Room::new();
        std::fs::write(room.path("script.json"), script.to_string()).unwrap();
        let program = probe().parent().unwrap().join("fake_acp");
        let run = [program, room.path("script.json")].map(|word| word.to_str().unwrap().to_owned()).to_vec();
        Self { room, config: AcpAgent { run, ..AcpAgent::default() } }
    }

    /// One that plays these steps once it was given its prompt.
    fn new(turn: &Value) -> Self {
        let mut script = vec![json!({ "initialize": {} }), json!({ "open": {} }), json!({ "prompt": {} })];
        script.extend(turn.as_array().unwrap().iter().cloned());
        Self::bare(&json!(script))
    }

    fn agent(&self) -> AcpRunner {
        let step = StopStep { signal: StopSignal::Interrupt, grace: Duration::from_millis(100) };
        AcpRunner::new(self.config.clone(), launcher())
            .with_stop(StopPlan { steps: vec![step] })
            .with_grace(Duration::from_millis(300))
            .with_patience(Duration::from_secs(10))
    }

    fn request(&self) -> TurnRequest {
        self.room.request("phase-1")
    }

    async fn play(&self, request: TurnRequest) -> (Outcome, Vec<AgentEvent>) {
        run(&self.agent(), request).await
    }

    /// What the agent logged under a key, in its order.
    fn log(&self, key: &str) -> Vec<Value> {
        let log = std::fs::read_to_string(self.room.repository().join("acp.log")).unwrap();
        let lines = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines.filter_map(|line| line.get(key).cloned()).collect()
    }

    /// The parameters of what it was asked by a method.
    fn asked(&self, method: &str) -> Vec<Value> {
        let is_wanted = |line: &Value| line["method"] == method;
        self.log("stdin").into_iter().filter(is_wanted).map(|line| line["params"].clone()).collect()
    }

    fn prompts(&self) -> Vec<String> {
        let text = |params: Value| params["prompt"][0]["text"].as_str().unwrap().to_owned();
        self.asked("session/prompt").into_iter().map(text).collect()
    }
}

fn offer(request: &mut TurnRequest, tools: &[OwnTool]) -> mpsc::Receiver<OwnRequest> {
    let (own, requests) = OwnTools::new(tools);
    request.own = Some(own);
    requests
}

fn summary(outcome: &Outcome) -> &str {
    match outcome {
        Outcome::Reported(report) => &report.summary,
        Outcome::Faulted(fault) => panic!("{fault:?}"),
    }
}

fn src_room() -> RoleRoom {
    let role = Role {
        id: RoleId::parse("backend-engineer").unwrap(),
        alias: None,
        icon: None,
        writes: vec!["src/**".to_owned()],
        agent: None,
        model: None,
        keywords: Vec::new(),
        prompt: String::new(),
    };
    RoleRoom::of(&role, None).unwrap()
}

#[tokio::test]
async fn a_turn_is_told_as_it_goes_and_ends_with_what_was_said_last() {
    let edit = json!({
        "sessionUpdate": "tool_call", "toolCallId": "t", "title": "Write a.txt", "kind": "edit", "status": "in_progress",
        "content": [{ "type": "diff", "path": "a.txt", "oldText": null, "newText": "x" }],
    });
    let done = json!({ "sessionUpdate": "tool_call_update", "toolCallId": "t", "status": "completed" });
    let thought =
        json!({ "sessionUpdate": "agent_thought_chunk", "content": { "type": "text", "text": "Hm." } });
    let plan =
        json!({ "sessionUpdate": "plan", "entries": [{ "content": "Write", "status": "in_progress" }] });
    let cost = json!({ "sessionUpdate": "usage_update", "used": 5, "size": 9, "cost": { "amount": 0.5, "currency": "USD" } });
    let stage = Stage::new(&json!([
        { "update": thought }, { "say": "I wri" }, { "say": "te." }, { "update": plan }, { "update": edit },
        { "update": done }, { "update": { "sessionUpdate": "telepathy" } }, { "say": "Done." }, { "update": cost },
        { "end": { "usage": { "inputTokens": 100, "outputTokens": 10, "cachedReadTokens": 50 } } },
    ]));
    let mut request = stage.request();
    request.used_before.cost_usd = Some(0.25);
    let (outcome, events) = stage.play(request).await;
    let usage = Usage { input: 150, cached: 50, output: 10, cost_usd: Some(0.5) };
    let told = [
        AgentEvent::Session { session: SessionId("s-1".into()) },
        AgentEvent::Thinking { text: "Hm.".into() },
        AgentEvent::Text { text: "I wri".into() },
        AgentEvent::Text { text: "te.".into() },
        AgentEvent::Notice { text: "plan: ▸ Write".into() },
        AgentEvent::ToolStarted { id: "t".into(), name: "edit".into(), input: "Write a.txt".into() },
        AgentEvent::ToolFinished { id: "t".into(), ok: true, output: String::new() },
        AgentEvent::FileChanged { path: "a.txt".into() },
        AgentEvent::Text { text: "\nDone.".into() },
        AgentEvent::Usage { usage: Usage { cost_usd: Some(0.25), ..usage } },
    ];
    let events: Vec<_> = events
        .into_iter()
        .filter(|event| {
            *event
                != AgentEvent::Notice {
                    text: "no report was handed in: its last words are the summary".into(),
                }
        })
        .collect();
    assert_eq!(events, told);
    let Outcome::Reported(report) = outcome else { panic!("{outcome:?}") };
    assert_eq!((report.summary.as_str(), report.usage.unwrap().cost_usd), ("Done.", Some(0.25)));
    assert!(stage.prompts()[0].starts_with("Do it.\n\n---\n"), "{:?}", stage.prompts());
}

#[tokio::test]
async fn neither_files_nor_terminals_are_offered_and_who_asks_for_them_is_told_so() {
    let methods = ["fs/read_text_file", "fs/write_text_file", "terminal/create", "craft/drainMidTurnQueue"];
    let mut turn: Vec<Value> = methods
        .iter()
        .map(|method| json!({ "request": { "method": method, "params": { "sessionId": "s-1", "path": "/etc/passwd" } } }))
        .collect();
    turn.extend([json!({ "say": "Without, then." }), json!({ "end": {} })]);
    let stage = Stage::new(&json!(turn));
    let (outcome, _) = stage.play(stage.request()).await;
    assert_eq!(summary(&outcome), "Without, then.");
    let codes: Vec<_> = stage.log("reply").iter().map(|reply| reply["error"]["code"].as_i64()).collect();
    assert_eq!(codes, [Some(-32601); 4]);
    let capabilities = &stage.asked("initialize")[0]["clientCapabilities"];
    let none = json!({ "readTextFile": false, "writeTextFile": false });
    assert_eq!((&capabilities["fs"], &capabilities["terminal"]), (&none, &json!(false)));
}

#[tokio::test]
async fn a39_a_permission_is_the_rooms_to_give_by_kind_whatever_the_labels_say() {
    let ask = |id: &str, kind: &str, path: &str, options: Value| {
        let tool =
            json!({ "toolCallId": id, "title": "Harmless", "kind": kind, "locations": [{ "path": path }] });
        json!({ "permission": { "toolCall": tool, "options": options } })
    };
    let mixed = json!([
        { "optionId": "reject", "name": "No", "kind": "allow_always" }, { "optionId": "yes", "name": "Allow", "kind": "reject_once" },
        { "optionId": "no", "name": "Reject", "kind": "allow_once" },
    ]);
    let lasting = json!([{ "optionId": "always", "name": "Allow once", "kind": "allow_always" }]);
    let stage = Stage::new(&json!([
        ask("1", "edit", "src/a.rs", mixed.clone()), ask("2", "edit", "docs/a.md", mixed.clone()),
        ask("3", "execute", "src/a.rs", lasting), ask("4", "fetch", "src/a.rs", mixed),
        { "say": "Done." }, { "end": {} },
    ]));
    let mut request = stage.request();
    request.room = Some(src_room());
    let (outcome, events) = stage.play(request).await;
    assert_eq!(summary(&outcome), "Done.");
    let chosen: Vec<_> = stage.log("outcome").iter().map(|outcome| outcome["optionId"].clone()).collect();
    assert_eq!(chosen, [json!("no"), json!("yes"), Value::Null, json!("yes")]);
    let finished = |event: &AgentEvent| match event {
        AgentEvent::ToolFinished { ok, output, .. } => Some((*ok, output.clone())),
        _ => None,
    };
    let finished: Vec<_> = events.iter().filter_map(finished).collect();
    let outside = "`docs/a.md` lies outside of what you may write now: src/**";
    let expected = [
        (true, String::new()),
        (false, format!("refused: {outside}")),
        (false, "refused: it offers no way to allow it once".to_owned()),
        (false, "refused: fetch is not allowed in this turn".to_owned()),
    ];
    assert_eq!(finished, expected);
    assert!(notices(&events).contains(&format!("edit was denied: {outside}").as_str()));
}

#[tokio::test]
async fn a_turn_that_only_reads_is_set_to_ask_and_refused_whatever_writes() {
    let modes = json!({ "modes": { "currentModeId": "yolo", "availableModes": [{ "id": "yolo" }, { "id": "default" }] } });
    let tool = |id: &str, kind: &str| json!({ "toolCallId": id, "kind": kind, "locations": [{ "path": "src/a.rs" }] });
    let stage = Stage::bare(&json!([
        { "initialize": {} }, { "open": modes }, { "set": {} }, { "prompt": {} },
        { "permission": { "toolCall": tool("1", "edit") } }, { "permission": { "toolCall": tool("2", "execute") } },
        { "permission": { "toolCall": tool("3", "read") } }, { "say": "Looked." }, { "end": {} },
    ]));
    let mut request = stage.request();
    request.writes = false;
    let (outcome, _) = stage.play(request).await;
    assert_eq!(summary(&outcome), "Looked.");
    assert_eq!(stage.asked("session/set_mode"), [json!({ "sessionId": "s-1", "modeId": "default" })]);
    let chosen: Vec<_> = stage.log("outcome").iter().map(|outcome| outcome["optionId"].clone()).collect();
    assert_eq!(chosen, ["r", "r", "a"]);
}

#[tokio::test]
async fn model_and_mode_are_set_before_the_prompt_or_the_turn_is_not_begun() {
    let option = |category: &str, offered: &[&str]| {
        let options: Vec<Value> =
            offered.iter().map(|value| json!({ "value": value, "name": "x" })).collect();
        json!({ "id": category, "category": category, "currentValue": offered[0], "options": options })
    };
    let opened =
        json!({ "configOptions": [option("mode", &["ask", "code"]), option("model", &["small", "large"])] });
    let mut stage = Stage::bare(&json!([
        { "initialize": {} }, { "open": opened }, { "set": {} }, { "set": {} }, { "prompt": {} }, { "say": "Done." }, { "end": {} },
    ]));
    stage.config.mode = Some("code".to_owned());
    let mut request = stage.request();
    request.model = Some("large".to_owned());
    assert_eq!(summary(&stage.play(request).await.0), "Done.");
    let set: Vec<_> =
        stage.asked("session/set_config_option").iter().map(|params| params["value"].clone()).collect();
    assert_eq!(set, ["code", "large"]);

    let mut stage = Stage::bare(&json!([{ "initialize": {} }, { "open": opened }]));
    stage.config.model = Some("huge".to_owned());
    let (outcome, _) = stage.play(stage.request()).await;
    let is_told = matches!(&outcome, Outcome::Faulted(Fault::Unusable { message, hint })
        if message == "the agent has no model `huge`" && hint == "it offers: small, large");
    assert!(is_told, "{outcome:?}");
    assert_eq!(stage.prompts(), [""; 0]);
}

#[tokio::test]
async fn a_mode_that_the_agent_leaves_is_put_back_and_one_that_keeps_leaving_is_ended() {
    let modes = json!({ "modes": { "currentModeId": "default", "availableModes": [{ "id": "default" }, { "id": "yolo" }] } });
    let left = json!({ "update": { "sessionUpdate": "current_mode_update", "currentModeId": "yolo" } });
    let mut script = vec![json!({ "initialize": {} }), json!({ "open": modes }), json!({ "prompt": {} })];
    script.extend([left.clone(), json!({ "set": {} }), json!({ "say": "Back." }), json!({ "end": {} })]);
    let stage = Stage::bare(&json!(script));
    let (outcome, events) = stage.play(stage.request()).await;
    assert_eq!(summary(&outcome), "Back.");
    let told = "it went into the mode `yolo` by itself, and is put back into `default`";
    assert!(notices(&events).contains(&told), "{events:?}");
    assert_eq!(stage.asked("session/set_mode")[0]["modeId"], "default");

    script.truncate(3);
    for _ in 0..3 {
        script.extend([left.clone(), json!({ "set": {} })]);
    }
    script.extend([left, json!({ "until": "cancelled" }), json!({ "until": "ended" })]);
    let stage = Stage::bare(&json!(script));
    let (outcome, _) = stage.play(stage.request()).await;
    assert!(
        matches!(&outcome, Outcome::Faulted(Fault::Failed { message }) if message.contains("again and again")),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn own_tools_are_handed_through_and_a_call_waits_for_its_answer() {
    let question = json!({ "questions": [{ "question": "Which hash?" }] });
    let stage = Stage::new(&json!([
        { "call": { "name": "ask_user", "input": question } },
        { "call": { "name": "report_result", "input": { "summary": "not offered" } } },
        { "say": "Settled." }, { "end": {} },
    ]));
    let mut request = stage.request();
    request.writes = false;
    let mut requests = offer(&mut request, OwnTool::PLANNING);
    let person = async {
        let asked = requests.recv().await.unwrap();
        assert!(matches!(&asked.call, OwnCall::AskUser(form) if form.questions[0].question == "Which hash?"));
        asked.reply.send(Answer::text("bcrypt")).unwrap();
        requests.recv().await
    };
    let ((outcome, events), nothing) = tokio::join!(stage.play(request), person);
    assert!(nothing.is_none(), "{nothing:?}");
    assert_eq!(summary(&outcome), "Settled.");
    assert_eq!(stage.log("tools"), [json!(["propose_milestone", "propose_change", "ask_user"])]);
    let server = &stage.asked("session/new")[0]["mcpServers"][0];
    assert_eq!(
        (&server["name"], &server["args"][0], &server["env"]),
        (&json!("orchestra"), &json!("mcp"), &json!([]))
    );
    let tools = events.iter().filter_map(|event| match event {
        AgentEvent::ToolStarted { name, .. } => Some(name.clone()),
        AgentEvent::ToolFinished { output, ok, .. } => Some(format!("{ok}: {output}")),
        _ => None,
    });
    let tools: Vec<_> = tools.collect();
    assert_eq!(tools[..3], ["ask_user", "true: bcrypt", "report_result"]);
    assert_eq!(tools[3], "false: there is no tool `report_result` in this turn");
    assert_eq!(stage.prompts(), ["Do it."], "a conversation is asked for no report, and reminded of none");
}

#[tokio::test]
async fn a_report_is_handed_in_by_its_tool_and_asked_for_once_where_it_is_missing() {
    let report = json!({ "name": "report_result", "input": { "summary": "called", "verdict": "approved" } });
    let stage = Stage::new(&json!([{ "call": report }, { "say": "Done." }, { "end": {} }]));
    let mut request = stage.request();
    let _requests = offer(&mut request, OwnTool::WORKING);
    let (outcome, events) = stage.play(request).await;
    let Outcome::Reported(handed_in) = outcome else { panic!("{outcome:?}") };
    assert_eq!((handed_in.summary.as_str(), handed_in.verdict), ("called", Some(Verdict::Approved)));
    assert_eq!((notices(&events), stage.prompts().len()), (vec![], 1));
    assert!(stage.prompts()[0].contains("call the tool `report_result` of the MCP server `orchestra`, once"));

    let stage = Stage::new(&json!([
        { "say": "Done." }, { "end": { "usage": { "inputTokens": 10, "outputTokens": 1 } } },
        { "prompt": {} }, { "call": report }, { "say": "Sorry." }, { "end": { "usage": { "inputTokens": 5, "outputTokens": 1 } } },
    ]));
    let mut request = stage.request();
    let _requests = offer(&mut request, OwnTool::WORKING);
    let (outcome, events) = stage.play(request).await;
    let Outcome::Reported(handed_in) = outcome else { panic!("{outcome:?}") };
    assert_eq!((handed_in.summary.as_str(), handed_in.usage.unwrap().input), ("called", 15));
    assert_eq!(notices(&events), ["it ended without a report and is asked for it once"]);

    let stage = Stage::new(&json!([
        { "say": "Done." }, { "end": {} }, { "prompt": {} }, { "say": "What report?" }, { "end": { "stopReason": "refusal" } },
    ]));
    let mut request = stage.request();
    let _requests = offer(&mut request, OwnTool::WORKING);
    let (outcome, _) = stage.play(request).await;
    assert_eq!((summary(&outcome), stage.prompts().len()), ("Done.", 2), "the work was done before");
}

#[tokio::test]
async fn a_conversation_is_resumed_or_loaded_and_begun_afresh_where_neither_can_be() {
    let play = async |script: Value| {
        let stage = Stage::bare(&script);
        let mut request = stage.request();
        request.session = Some(SessionId("old".to_owned()));
        request.used_before.cost_usd = Some(1.0);
        let (outcome, events) = stage.play(request).await;
        let session = events.iter().find_map(|event| match event {
            AgentEvent::Session { session } => Some(session.0.clone()),
            _ => None,
        });
        (stage, outcome, events, session.unwrap())
    };
    let again = |text: &str, cost: f64| {
        let chunk =
            json!({ "sessionUpdate": "agent_message_chunk", "content": { "type": "text", "text": text } });
        let cost = json!({ "sessionUpdate": "usage_update", "cost": { "amount": cost, "currency": "USD" } });
        json!({ "updates": [chunk, cost] })
    };
    let turn = [json!({ "prompt": {} }), json!({ "say": "On." }), json!({ "end": {} })];
    let script = |hello: Value, opens: &[Value]| {
        let mut script = vec![json!({ "initialize": { "agentCapabilities": hello } })];
        script.extend(opens.iter().map(|open| json!({ "open": open })).chain(turn.clone()));
        json!(script)
    };
    let loads = json!({ "loadSession": true });
    let both = json!({ "loadSession": true, "sessionCapabilities": { "resume": {} } });

    let (stage, outcome, _, session) = play(script(both, &[json!({})])).await;
    assert_eq!((summary(&outcome), session.as_str()), ("On.", "old"));
    let told = &stage.asked("session/resume")[0];
    assert_eq!((&told["sessionId"], &told["cwd"]), (&json!("old"), &json!(stage.room.repository())));

    let (stage, outcome, events, session) = play(script(loads.clone(), &[again("Long ago.", 1.5)])).await;
    assert_eq!((said(&events).as_str(), session.as_str()), ("On.", "old"), "what is told again is not new");
    assert_eq!(stage.asked("session/load").len(), 1);
    let Outcome::Reported(report) = outcome else { panic!("{outcome:?}") };
    assert_eq!(report.usage.unwrap().cost_usd, Some(0.0), "what it had cost before is no cost of this turn");

    let unknown =
        json!({ "error": { "code": -32603, "message": "No previous sessions found for this project." } });
    let (_, outcome, events, session) = play(script(loads, &[unknown, json!({ "sessionId": "new" })])).await;
    assert_eq!((summary(&outcome), session.as_str()), ("On.", "new"));
    assert!(notices(&events)[0].contains("No previous sessions"), "{events:?}");

    let (stage, _, events, session) = play(script(json!({}), &[json!({ "sessionId": "new" })])).await;
    assert_eq!((session.as_str(), stage.asked("session/new").len()), ("new", 1));
    assert!(notices(&events)[0].contains("cannot go on"), "{events:?}");
}

#[tokio::test]
async fn what_is_said_meanwhile_is_kept_for_the_next_turn() {
    let stage = Stage::new(&json!([{ "say": "Working." }, { "end": {} }]));
    let (words, said_to_it) = mpsc::channel(1);
    let mut request = stage.request();
    request.words = Some(said_to_it);
    words.send("use bcrypt".to_owned()).await.unwrap();
    let (outcome, events) = stage.play(request).await;
    assert_eq!(summary(&outcome), "Working.");
    assert!(!events.contains(&AgentEvent::Heard), "it was not told, and nobody says that it was");
}
