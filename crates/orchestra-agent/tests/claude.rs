//! Claude Code as a conversation, played by `examples/fake_claude.rs`.

use std::time::Duration;

use orchestra_agent::agent::TurnRequest;
use orchestra_agent::command::CommandRunner;
use orchestra_agent::guard::{GuardLauncher, StopPlan, StopSignal, StopStep};
use orchestra_agent::own::{OwnRequest, OwnTools};
use orchestra_agent::tools::Answer;
use orchestra_core::config::{CommandAgent, Preset};
use orchestra_core::id::{RoleId, SessionId};
use orchestra_core::own_tool::{OwnCall, OwnTool};
use orchestra_core::ownership::Room as RoleRoom;
use orchestra_core::plan::Role;
use orchestra_core::prompt::{Prompt, Stays};
use orchestra_core::report::{AgentEvent, Fault, Outcome, Usage, Verdict};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::support::{Room, launcher, notices, probe, run, said};

/// A room in which the fake program plays a script.
struct Stage {
    room: Room,
}

impl Stage {
    fn new(script: &Value) -> Self {
        let room = Room::new();
        std::fs::write(room.path("script.json"), script.to_string()).unwrap();
        Self { room }
    }

    fn agent(&self) -> CommandRunner {
        self.agent_with(launcher())
    }

    fn agent_with(&self, launcher: GuardLauncher) -> CommandRunner {
        let program = probe().parent().unwrap().join("fake_claude");
        let run =
            [program, self.room.path("script.json")].map(|word| word.to_str().unwrap().to_owned()).to_vec();
        let config = CommandAgent { preset: Some(Preset::ClaudeCode), run, ..CommandAgent::default() };
        let step = StopStep { signal: StopSignal::Interrupt, grace: Duration::from_millis(100) };
        CommandRunner::new(config, launcher)
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

    /// What the program logged under a key, in its order.
    fn log(&self, key: &str) -> Vec<Value> {
        let log = std::fs::read_to_string(self.room.repository().join("claude.log")).unwrap();
        let lines = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines.filter_map(|line| line.get(key).cloned()).collect()
    }

    /// What the person and Orchestra said to it.
    fn heard(&self) -> Vec<String> {
        let content = |line: &Value| line["message"]["content"].as_str().map(str::to_owned);
        self.log("stdin").iter().filter_map(content).collect()
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

fn heard(events: &[AgentEvent]) -> usize {
    events.iter().filter(|event| **event == AgentEvent::Heard).count()
}

#[tokio::test]
async fn a_conversation_goes_on_over_turns_and_each_counts_what_it_consumed() {
    let stage = Stage::new(&json!([
        { "init": {} }, { "read": {} }, { "say": "What for?" }, { "result": { "tokens": 100 } },
    ]));
    let prompt = |turn: &str| {
        let mut prompt = Prompt::new();
        prompt.add(Stays::Project, "role", "You are the product manager.");
        prompt.add(Stays::Turn, "person", turn);
        prompt
    };
    let mut first = stage.request();
    first.prompt = prompt("I want a login.");
    first.writes = false;
    let _requests = offer(&mut first, &[OwnTool::AskUser]);
    let (outcome, events) = stage.play(first).await;
    assert_eq!((summary(&outcome), said(&events).as_str()), ("What for?", "What for?\n"));
    assert_eq!(notices(&events), [""; 0]);
    let session = SessionId("s-1".to_owned());
    assert!(events.contains(&AgentEvent::Session { session: session.clone() }));

    let stage_two =
        json!([{ "init": {} }, { "read": {} }, { "say": "Good." }, { "result": { "tokens": 250 } }]);
    std::fs::write(stage.room.path("script.json"), stage_two.to_string()).unwrap();
    let mut second = stage.request();
    second.prompt = prompt("For my shop.");
    second.session = Some(session);
    second.used_before = Usage { input: 100, output: 10, ..Usage::default() };
    let _requests = offer(&mut second, &[OwnTool::AskUser]);
    let (outcome, _) = stage.play(second).await;
    let Outcome::Reported(report) = outcome else { panic!("{outcome:?}") };
    assert_eq!(report.usage, Some(Usage { input: 150, output: 15, ..Usage::default() }));
    assert_eq!(stage.heard(), ["I want a login.", "For my shop."]);
    let argv = stage.log("argv");
    let follows = |argv: &Value, flag: &str| {
        let words = argv.as_array().unwrap();
        let at = words.iter().position(|word| word == flag)?;
        words[at + 1].as_str().map(str::to_owned)
    };
    assert_eq!(follows(&argv[1], "--resume").unwrap(), "s-1");
    for argv in &argv {
        assert_eq!(follows(argv, "--append-system-prompt").unwrap(), "You are the product manager.");
    }
}

#[tokio::test]
async fn an_own_tool_is_called_over_mcp_and_its_answer_comes_back() {
    let question = json!({ "questions": [ { "question": "Which hash?" } ] });
    let stage = Stage::new(&json!([
        { "init": {} }, { "read": {} },
        { "call": { "name": "ask_user", "input": question } },
        { "call": { "name": "ask_user", "input": { "questions": [] } } },
        { "call": { "name": "report_result", "input": { "summary": "not offered" } } },
        { "say": "Settled." }, { "result": {} },
    ]));
    let mut request = stage.request();
    let mut requests = offer(&mut request, OwnTool::PLANNING);
    request.silence = Duration::from_millis(20);
    let person = async {
        let asked = requests.recv().await.unwrap();
        let OwnCall::AskUser(form) = asked.call else { panic!("{:?}", asked.call) };
        assert_eq!(form.questions[0].question, "Which hash?");
        // Longer than the silence that would be told.
        tokio::time::sleep(Duration::from_millis(200)).await;
        asked.reply.send(Answer::text("bcrypt")).unwrap();
        requests.recv().await
    };
    let ((outcome, events), nothing) = tokio::join!(stage.play(request), person);
    assert!(nothing.is_none(), "{nothing:?}");
    assert_eq!(summary(&outcome), "Settled.");
    assert_eq!(stage.log("tools"), [json!(["propose_milestone", "propose_change", "ask_user"])]);
    let tools = events.iter().filter_map(|event| match event {
        AgentEvent::ToolStarted { name, .. } => Some(name.clone()),
        AgentEvent::ToolFinished { output, ok, .. } => Some(format!("{ok}: {output}")),
        _ => None,
    });
    let tools: Vec<_> = tools.collect();
    assert_eq!(tools[..2], ["ask_user", "true: bcrypt"]);
    assert!(tools[3].starts_with("false: the arguments do not fit"), "{tools:?}");
    assert_eq!(tools[5], "false: there is no tool `report_result` in this turn");
}

#[tokio::test]
async fn the_report_that_is_called_counts_before_every_other() {
    let stage = Stage::new(&json!([
        { "init": {} }, { "read": {} },
        { "call": { "name": "report_result", "input": { "summary": "called", "verdict": "approved" } } },
        { "call": { "name": "report_result", "input": { "summary": "called again" } } },
        { "say": "```json\n{\"summary\":\"written\"}\n```" }, { "result": { "tokens": 70 } },
    ]));
    let mut request = stage.request();
    let _requests = offer(&mut request, OwnTool::WORKING);
    let (outcome, events) = stage.play(request).await;
    let Outcome::Reported(report) = outcome else { panic!("{outcome:?}") };
    assert_eq!((report.summary.as_str(), report.verdict), ("called", Some(Verdict::Approved)));
    assert_eq!(report.usage.unwrap().input, 70);
    assert_eq!(notices(&events), [""; 0]);
    let refused = |event: &AgentEvent| matches!(event, AgentEvent::ToolFinished { ok: false, output, .. } if output.contains("the first one counts"));
    assert!(events.iter().any(refused), "{events:?}");
    assert!(stage.heard()[0].contains("mcp__orchestra__report_result"));
}

#[tokio::test]
async fn without_its_tools_a_phase_goes_on_and_a_conversation_stops_with_a_hint() {
    let script = json!([
        { "init": {} }, { "read": {} }, { "say": "```json\n{\"summary\":\"written\"}\n```" }, { "result": {} },
    ]);
    // A guard that is one, but cannot relay.
    let broken = || {
        let room = Room::new();
        room.program("guard", &format!("test \"$1\" = guard && exec {} guard; exit 1", probe().display()));
        let program = room.path("bin/guard");
        (GuardLauncher::new(program, vec!["guard".into()], None), room)
    };
    let stage = Stage::new(&script);
    let mut request = stage.request();
    let _requests = offer(&mut request, OwnTool::WORKING);
    let (launcher, _kept) = broken();
    let (outcome, events) = run(&stage.agent_with(launcher), request).await;
    assert_eq!(summary(&outcome), "written");
    let told = "Claude Code did not connect with Orchestra's own tools (MCP server: failed)";
    assert_eq!(notices(&events), [told]);

    let stage = Stage::new(&json!([{ "init": {} }, { "read": {} }, { "until": "killed" }]));
    let mut request = stage.request();
    let _requests = offer(&mut request, OwnTool::PLANNING);
    let (launcher, _kept) = broken();
    let (outcome, events) = run(&stage.agent_with(launcher), request).await;
    let is_told = matches!(&outcome, Outcome::Faulted(Fault::Unusable { message, hint }) if message == told && hint.contains("/mcp"));
    assert!(is_told, "{outcome:?}");
    assert!(notices(&events).contains(&told));
}

#[tokio::test]
async fn a_program_that_ignores_its_tools_is_told_of() {
    let ignoring = json!({ "type": "system", "subtype": "init", "session_id": "s-1",
        "mcp_servers": [ { "name": "orchestra", "status": "pending" } ] });
    let stage = Stage::new(
        &json!([{ "print": format!("{ignoring}\n") }, { "read": {} }, { "say": "Hm." }, { "result": {} }]),
    );
    let mut request = stage.request();
    let _requests = offer(&mut request, OwnTool::PLANNING);
    let (outcome, events) = stage.play(request).await;
    assert_eq!(summary(&outcome), "Hm.");
    assert_eq!(notices(&events), ["it never asked for Orchestra's own tools: it could not use them"]);
}

#[tokio::test]
async fn what_is_said_during_a_turn_is_heard_in_it() {
    for how in ["", "without an id"] {
        let stage = Stage::new(&json!([
            { "init": {} }, { "read": {} }, { "say": "Working." }, { "read": how }, { "say": "bcrypt, then." },
            { "result": {} },
        ]));
        let (words, said_to_it) = mpsc::channel(1);
        let mut request = stage.request();
        request.words = Some(said_to_it);
        words.send("use bcrypt".to_owned()).await.unwrap();
        let (outcome, events) = stage.play(request).await;
        assert_eq!((summary(&outcome), heard(&events)), ("bcrypt, then.", 1), "{how}");
        assert_eq!(stage.heard()[1..], ["use bcrypt"]);
    }
}

#[tokio::test]
async fn what_is_said_at_the_very_end_gets_a_turn_of_the_program_and_one_outcome() {
    // Its first result is on its way when it reads the words.
    let stage = Stage::new(&json!([
        { "init": {} }, { "read": {} }, { "say": "Working." }, { "until-message": {} },
        { "call": { "name": "report_result", "input": { "summary": "before" } } },
        { "say": "Done." }, { "result": { "tokens": 100 } },
        { "init": {} }, { "read": {} }, { "say": "With bcrypt." },
        { "call": { "name": "report_result", "input": { "summary": "after" } } },
        { "result": { "tokens": 300 } },
    ]));
    let (words, said_to_it) = mpsc::channel(1);
    let mut request = stage.request();
    let _requests = offer(&mut request, OwnTool::WORKING);
    request.words = Some(said_to_it);
    words.send("use bcrypt".to_owned()).await.unwrap();
    let (outcome, events) = stage.play(request).await;
    let Outcome::Reported(report) = outcome else { panic!("{outcome:?}") };
    assert_eq!(report.summary, "after", "it was made after what was said");
    assert_eq!(report.usage.unwrap().input, 300);
    assert_eq!((heard(&events), said(&events).as_str()), (1, "Working.\nDone.\nWith bcrypt.\n"));
}

#[tokio::test]
async fn what_is_never_taken_up_does_not_keep_a_turn_from_its_end() {
    for last in [json!({ "until": "ended" }), json!({ "until": "killed" })] {
        let stage = Stage::new(&json!([
            { "init": {} }, { "read": {} }, { "until-message": {} }, { "say": "Done." }, { "result": {} }, last,
        ]));
        let (words, said_to_it) = mpsc::channel(1);
        let mut request = stage.request();
        request.words = Some(said_to_it);
        words.send("use bcrypt".to_owned()).await.unwrap();
        let (outcome, events) = stage.play(request).await;
        assert_eq!((summary(&outcome), heard(&events)), ("Done.", 0));
    }
}

#[tokio::test]
async fn messages_that_the_program_makes_one_of_count_as_heard_each() {
    let stage = Stage::new(&json!([
        { "init": {} }, { "read": {} }, { "read": "together" }, { "say": "Both." }, { "result": {} },
    ]));
    let (words, said_to_it) = mpsc::channel(2);
    let mut request = stage.request();
    request.words = Some(said_to_it);
    words.send("one".to_owned()).await.unwrap();
    words.send("two".to_owned()).await.unwrap();
    let (_, events) = stage.play(request).await;
    assert_eq!(heard(&events), 2);
}

#[tokio::test]
async fn what_is_said_to_a_program_that_lost_its_conversation_reaches_the_new_one() {
    let stage = Stage::new(&json!([]));
    let script = stage.room.path("script.json");
    let fresh =
        json!([{ "init": {} }, { "read": {} }, { "read": {} }, { "say": "Fresh." }, { "result": {} }]);
    let lost = json!([
        { "result": { "is_error": true, "subtype": "error_during_execution", "errors": ["No conversation found"] } },
        { "exit": 1 },
    ]);
    std::fs::write(stage.room.path("fresh.json"), fresh.to_string()).unwrap();
    std::fs::write(stage.room.path("lost.json"), lost.to_string()).unwrap();
    let fake = probe().parent().unwrap().join("fake_claude");
    stage.room.program(
        "claude",
        &format!(
            "case \"$*\" in *--resume*) script=lost;; *) script=fresh;; esac; exec {} {}/$script.json \"$@\"",
            fake.display(),
            script.parent().unwrap().display()
        ),
    );
    let config = CommandAgent { preset: Some(Preset::ClaudeCode), ..CommandAgent::default() };
    let (words, said_to_it) = mpsc::channel(1);
    let mut request = stage.request();
    request.session = Some(SessionId("gone".to_owned()));
    request.words = Some(said_to_it);
    words.send("use bcrypt".to_owned()).await.unwrap();
    let (outcome, events) = run(&CommandRunner::new(config, launcher()), request).await;
    assert_eq!((summary(&outcome), heard(&events)), ("Fresh.", 1));
}

#[tokio::test]
async fn a_turn_is_interrupted_in_the_programs_own_words_first() {
    let stage = Stage::new(
        &json!([{ "init": {} }, { "read": {} }, { "say": "Working." }, { "until": "interrupted" }]),
    );
    let mut request = stage.request();
    let (words, said_to_it) = mpsc::channel(1);
    request.words = Some(said_to_it);
    let cancel = request.cancel.clone();
    let (sender, mut events) = mpsc::channel(16);
    let agent = stage.agent();
    let turn = orchestra_agent::agent::Agent::run(&agent, request, sender);
    let person = async {
        let mut seen = Vec::new();
        while let Some(event) = events.recv().await {
            if matches!(event, AgentEvent::Text { .. }) {
                cancel.cancel();
            }
            seen.push(event);
        }
        seen
    };
    let (outcome, events) = tokio::join!(turn, person);
    assert_eq!(outcome, Outcome::Faulted(Fault::Cancelled));
    assert!(notices(&events).contains(&"the turn was interrupted"), "{events:?}");
    let last = stage.log("stdin").pop().unwrap();
    assert_eq!(
        (&last["type"], &last["request"]["subtype"]),
        (&json!("control_request"), &json!("interrupt"))
    );
    drop(words);
}

#[tokio::test]
async fn f51_one_that_does_not_mind_being_interrupted_is_stopped() {
    let stage =
        Stage::new(&json!([{ "init": {} }, { "read": {} }, { "say": "Working." }, { "until": "killed" }]));
    let request = stage.request();
    let cancel = request.cancel.clone();
    let (sender, mut events) = mpsc::channel(16);
    let agent = stage.agent().with_patience(Duration::from_millis(100));
    let turn = orchestra_agent::agent::Agent::run(&agent, request, sender);
    let person = async {
        while let Some(event) = events.recv().await {
            if matches!(event, AgentEvent::Text { .. }) {
                cancel.cancel();
            }
        }
    };
    let (outcome, ()) = tokio::join!(turn, person);
    assert_eq!(outcome, Outcome::Faulted(Fault::Cancelled));
}

#[tokio::test]
async fn a28_a_permission_is_the_rooms_to_give() {
    let stage = Stage::new(&json!([
        { "init": {} }, { "read": {} },
        { "use": { "name": "Write", "input": { "file_path": "src/a.rs", "content": "x" } } },
        { "use": { "name": "Edit", "input": { "file_path": "docs/a.md" } } },
        { "use": { "name": "Bash", "input": { "command": "make" } } },
        { "use": { "name": "WebFetch", "input": { "url": "http://127.0.0.1" } } },
        { "request": { "subtype": "hook_callback" } },
        { "say": "Done." }, { "result": {} },
    ]));
    let mut request = stage.request();
    request.room = Some(src_room());
    let (outcome, events) = stage.play(request).await;
    assert_eq!(summary(&outcome), "Done.");
    let finished = |event: &AgentEvent| match event {
        AgentEvent::ToolFinished { ok, output, .. } => Some((*ok, output.clone())),
        _ => None,
    };
    let finished: Vec<_> = events.iter().filter_map(finished).collect();
    let outside = "`docs/a.md` lies outside of what you may write now: src/**";
    let expected =
        [(true, "done"), (false, outside), (true, "done"), (false, "WebFetch is not allowed in this turn")];
    assert_eq!(finished, expected.map(|(ok, output)| (ok, output.to_owned())));
    assert!(notices(&events).contains(&format!("Edit was denied: {outside}").as_str()));
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
async fn f56_an_end_in_the_middle_of_a_line_is_a_failure_and_so_is_a_kill() {
    let whole = json!({ "type": "result", "is_error": false, "result": "Done." }).to_string();
    for end in [json!({ "exit": 0 }), json!({ "die": 9 })] {
        let stage = Stage::new(&json!([{ "init": {} }, { "read": {} }, { "print": whole[..30] }, end]));
        let (outcome, _) = stage.play(stage.request()).await;
        let is_failure = matches!(&outcome, Outcome::Faulted(Fault::Failed { message }) if message.contains("without a result"));
        assert!(is_failure, "{outcome:?}");
    }
    // Only the end of the line is missing.
    let stage = Stage::new(&json!([{ "init": {} }, { "read": {} }, { "print": whole }, { "exit": 0 }]));
    assert_eq!(summary(&stage.play(stage.request()).await.0), "Done.");
}

#[tokio::test]
async fn a_failure_of_the_service_is_told_apart_in_a_conversation_too() {
    let stage = Stage::new(&json!([
        { "init": {} }, { "read": {} },
        { "result": { "is_error": true, "terminal_reason": "api_error", "api_error_status": 529, "result": "busy" } },
        { "exit": 1 },
    ]));
    let (outcome, _) = stage.play(stage.request()).await;
    let is_told = matches!(&outcome, Outcome::Faulted(Fault::Transient { message, .. }) if message == "busy");
    assert!(is_told, "{outcome:?}");
}

#[test]
fn our_own_program_can_be_started_by_another_also_when_we_know_it_as_ourselves() {
    let itself = GuardLauncher::new("/proc/self/exe", Vec::new(), None).own_program();
    let output = std::process::Command::new("readlink").arg(itself).output().unwrap();
    let read = String::from_utf8(output.stdout).unwrap();
    assert_eq!(std::path::Path::new(read.trim_end()), std::env::current_exe().unwrap());
    assert_eq!(launcher().own_program(), probe());
}

#[tokio::test]
async fn a_program_that_asks_and_does_not_listen_costs_no_memory_and_ends_with_its_time() {
    let room = Room::new();
    // Long questions for ever: nothing of what it is answered is read.
    let init = json!({ "type": "system", "subtype": "init", "session_id": "s" });
    let input = json!({ "command": "x".repeat(1024 * 1024) });
    let asks = json!({ "subtype": "can_use_tool", "tool_name": "Bash", "input": input });
    let question = json!({ "type": "control_request", "request_id": "r", "request": asks });
    std::fs::write(room.path("init"), format!("{init}\n")).unwrap();
    std::fs::write(room.path("question"), format!("{question}\n")).unwrap();
    room.program("claude", "cat ../init; while :; do cat ../question; done");
    let mut request = room.request("phase-1");
    request.timeout = Duration::from_secs(5);
    let config = CommandAgent { preset: Some(Preset::ClaudeCode), ..CommandAgent::default() };
    let step = StopStep { signal: StopSignal::Interrupt, grace: Duration::from_millis(100) };
    let agent = CommandRunner::new(config, launcher()).with_stop(StopPlan { steps: vec![step] });
    let before = crate::command::resident_mib();
    let mut most = before;
    let mut looks = tokio::time::interval(Duration::from_millis(20));
    let turn = run(&agent, request);
    tokio::pin!(turn);
    let (outcome, _) = loop {
        tokio::select! {
            ended = &mut turn => break ended,
            _ = looks.tick() => most = most.max(crate::command::resident_mib()),
        }
    };
    assert!(matches!(outcome, Outcome::Faulted(Fault::TimedOut { .. })), "{outcome:?}");
    assert!(most - before < 64, "{before} MiB became {most} MiB");
}

#[tokio::test]
async fn f51_a_dropped_turn_ends_the_relay_too_and_leaves_no_socket() {
    let stage = Stage::new(&json!([
        { "init": {} }, { "read": {} }, { "call": { "name": "ask_user", "input": { "questions": [ { "question": "Why?" } ] } } },
    ]));
    let mut request = stage.request();
    let mut requests = offer(&mut request, OwnTool::PLANNING);
    let scratch = request.scratch.clone();
    let agent = stage.agent();
    let turn = tokio::spawn(async move { run(&agent, request).await.0 });
    let mut asked = requests.recv().await.unwrap();
    let place =
        scratch.read_dir().unwrap().map(|entry| entry.unwrap().path()).find(|path| path.is_dir()).unwrap();
    assert!(place.join("s").exists());
    turn.abort();
    assert!(turn.await.unwrap_err().is_cancelled());
    asked.reply.closed().await;
    assert!(!place.exists());
}
