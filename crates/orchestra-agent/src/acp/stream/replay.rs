//! What real agents sent, to the outcome that it means. The answers are matched with what is asked here, for a recording
//! asked other things in between.

use std::collections::HashMap;

use orchestra_core::ownership::Room;

use super::*;

/// A recording, played to a turn.
struct Played {
    outcome: Outcome,
    events: Vec<AgentEvent>,
    /// What was answered to questions for permissions.
    answers: Vec<String>,
    workspace: String,
}

fn play(recording: &str, change: impl FnOnce(&mut TurnRequest)) -> Played {
    let folder = tempfile::tempdir().unwrap();
    let workspace = folder.path().to_str().unwrap().to_owned();
    let mut request = TurnRequest::new("Do it.", &workspace, "/nowhere/scratch", Vec::new());
    change(&mut request);
    let mut stream = AcpStream::new(&AcpAgent::default(), &request, None);
    let mut asked: HashMap<u64, String> = HashMap::new();
    let mut played = Played {
        outcome: Outcome::Faulted(Fault::Cancelled),
        events: Vec::new(),
        answers: Vec::new(),
        workspace: String::new(),
    };
    for line in recording.lines() {
        let line: Value = serde_json::from_str(&line.replace("/repo/", &format!("{workspace}/"))).unwrap();
        let mut message = line["msg"].clone();
        let id = message["id"].as_u64();
        let is_request = message.get("method").is_some();
        if line["dir"] == "->" {
            if let Some(id) = id.filter(|_| is_request) {
                asked.insert(id, message["method"].as_str().unwrap().to_owned());
            }
            continue;
        }
        while let Some((id, _)) = stream.asked.iter().find(|(_, asked)| matches!(asked, Asked::Setting(_))) {
            let done = json!({ "id": id, "result": {} });
            played.events.extend(stream.line(done.to_string().as_bytes()));
        }
        if let Some(method) = id.filter(|_| !is_request).and_then(|id| asked.get(&id)) {
            let is_it = |kind: Asked| match kind {
                Asked::Hello => method == "initialize",
                Asked::New | Asked::Going => {
                    ["session/new", "session/load", "session/resume"].contains(&method.as_str())
                }
                Asked::Prompt => method == "session/prompt",
                Asked::Setting(_) | Asked::Back => false,
            };
            let Some((id, _)) = stream.asked.iter().find(|(_, kind)| is_it(*kind)) else { continue };
            message["id"] = json!(id);
        }
        played.events.extend(stream.line(message.to_string().as_bytes()));
        let answers = String::from_utf8(stream.take_answers()).unwrap();
        let answers = answers.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let chosen =
            answers.filter_map(|answer| answer["result"]["outcome"]["optionId"].as_str().map(str::to_owned));
        played.answers.extend(chosen);
    }
    played.events.extend(stream.close());
    played.workspace = workspace;
    played.outcome = stream.end(Exit::Code(0), "");
    played
}

impl Played {
    fn said(&self) -> String {
        let text = |event: &AgentEvent| match event {
            AgentEvent::Text { text } => Some(text.clone()),
            _ => None,
        };
        self.events.iter().filter_map(text).collect()
    }

    /// Each tool, as `name input: ok output`.
    fn tools(&self) -> Vec<String> {
        let mut begun: HashMap<&str, String> = HashMap::new();
        let mut tools = Vec::new();
        for event in &self.events {
            match event {
                AgentEvent::ToolStarted { id, name, input } => {
                    assert!(begun.insert(id, format!("{name} {input}")).is_none(), "{id} begins twice");
                }
                AgentEvent::ToolFinished { id, ok, output } => {
                    let begun = begun.get(id.as_str()).unwrap();
                    tools.push(format!("{begun}: {ok} {output}").replace(&self.workspace, "/repo"));
                }
                _ => {}
            }
        }
        tools
    }

    fn usage(&self) -> Usage {
        match &self.outcome {
            Outcome::Reported(report) => report.usage.unwrap(),
            Outcome::Faulted(fault) => panic!("{fault:?}"),
        }
    }

    fn notices(&self) -> Vec<String> {
        let notice = |event: &AgentEvent| match event {
            AgentEvent::Notice { text } => Some(text.clone()),
            _ => None,
        };
        self.events.iter().filter_map(notice).collect()
    }

    /// Whether it said of this file that it was changed.
    fn has_changed(&self, path: &str) -> bool {
        let path = format!("{}/{path}", self.workspace);
        self.events.contains(&AgentEvent::FileChanged { path })
    }
}

macro_rules! recording {
    ($name:literal) => {
        include_str!(concat!("../../../tests/fixtures/acp/", $name, ".jsonl"))
    };
}

#[test]
fn claude_edits_and_runs() {
    let played = play(recording!("claude-tools"), |_| {});
    assert_eq!(played.answers, ["allow-once"]);
    assert_eq!(played.tools()[1], "Bash echo hi-from-shell && cat hello.txt: true hi-from-shell\nhello");
    assert!(
        played.tools()[0].starts_with("Write /repo/hello.txt: true File created"),
        "{:?}",
        played.tools()
    );
    assert!(played.has_changed("hello.txt"));
    assert_eq!(
        played.said(),
        "I will use a tool. \nI will use a tool. \nAll done. The file hello.txt is in place."
    );
    let usage = played.usage();
    assert_eq!((usage.input, usage.cached, usage.output), (6750, 3000, 102));
    assert!(usage.cost_usd.is_some_and(|cost| (cost - 0.02372).abs() < 1e-9));
}

#[test]
fn claude_thinks_and_its_conversation_is_told_again_without_being_new() {
    let thinking = play(recording!("claude-think"), |_| {});
    assert!(thinking.events.iter().any(|event| matches!(event, AgentEvent::Thinking { .. })));
    let recording = recording!("claude-load");
    let session = recording.split("\"sessionId\": \"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let loaded = play(recording, |request| request.session = Some(SessionId(session.clone())));
    assert!(loaded.events.contains(&AgentEvent::Session { session: SessionId(session) }));
    assert!(matches!(loaded.outcome, Outcome::Reported(_)), "{:?}", loaded.outcome);
    assert_eq!(loaded.said().matches("Hello!").count(), 1, "{}", loaded.said());
}

#[test]
fn f57_an_end_that_hides_a_limit_is_a_limit() {
    let claude = play(recording!("claude-limit"), |_| {});
    assert!(
        matches!(&claude.outcome, Outcome::Faulted(Fault::Transient { message, .. }) if message.contains("429")),
        "{:?}",
        claude.outcome
    );
    assert!(claude.notices().contains(&"Retrying Claude, attempt 1 of 1. (limit)".to_owned()));
    let codex = play(recording!("codex-limit"), |_| {});
    assert!(
        matches!(&codex.outcome, Outcome::Faulted(Fault::Transient { message, .. }) if message.contains("429")),
        "{:?}",
        codex.outcome
    );
    let gemini = play(recording!("gemini-cut"), |_| {});
    assert!(matches!(&gemini.outcome, Outcome::Faulted(Fault::Transient { .. })), "{:?}", gemini.outcome);
}

#[test]
fn codex_runs_and_tells_the_exit_and_its_output_beside_the_call() {
    let played = play(recording!("codex-shell"), |_| {});
    let tools = played.tools();
    assert!(tools[0].contains(": false out-line\nerr-line\n"), "{tools:?}");
}

#[test]
fn codex_gives_up_its_turn_over_a_refusal() {
    let played = play(recording!("codex-denied"), |request| request.room = Some(Room::closed()));
    assert_eq!(played.answers, ["cancel"]);
    let Outcome::Faulted(Fault::Failed { message }) = &played.outcome else { panic!("{:?}", played.outcome) };
    assert!(message.starts_with("it gave up its turn: edit was denied"), "{message}");
    assert!(played.tools()[0].contains(": false refused: "), "{:?}", played.tools());
}

#[test]
fn codex_does_not_say_in_its_question_what_it_is_about_and_another_servers_tool_is_refused() {
    // The recorded server is none of ours.
    let played = play(recording!("codex-mcp"), |request| request.writes = false);
    assert_eq!(played.answers, ["cancel"]);
    assert!(played.notices().iter().any(|text| text.ends_with("tools of other servers are not allowed")));
}

#[test]
fn gemini_tells_of_a_tool_in_its_question_alone() {
    let played = play(recording!("gemini-edit"), |_| {});
    assert_eq!(played.answers, ["proceed_once"; 2]);
    assert!(played.tools().len() >= 2, "{:?}", played.tools());
    assert!(played.has_changed("hello.txt"));
    assert_eq!(play(recording!("gemini-edit"), |request| request.writes = false).answers, ["cancel"; 2]);
}

#[test]
fn opencode_is_asked_for_and_answers_each_time() {
    let played = play(recording!("opencode-ask"), |_| {});
    assert_eq!(played.answers, ["once"; 2]);
    assert!(played.tools().iter().any(|tool| tool.contains("hi-from-shell")), "{:?}", played.tools());
    assert!(matches!(played.outcome, Outcome::Reported(_)));
}

#[test]
fn qwen_tells_what_it_consumed_with_an_empty_text() {
    let usage = play(recording!("qwen-plain"), |_| {}).usage();
    assert_eq!((usage.input, usage.cached), (1200, 1000));
}

#[test]
fn kimi_wants_a_login() {
    let played = play(recording!("kimi-login"), |_| {});
    assert!(matches!(played.outcome, Outcome::Faulted(Fault::Unusable { .. })), "{:?}", played.outcome);
}
