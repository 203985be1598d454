//! The scripted agent, with real files and real commands.

use std::time::Duration;

use orchestra_agent::agent::{AnyAgent, TurnRequest};
use orchestra_agent::own::OwnTools;
use orchestra_agent::scripted::{Script, Scripted};
use orchestra_agent::tools::Answer;
use orchestra_core::config::AgentConfig;
use orchestra_core::own_tool::{OwnCall, OwnTool};
use orchestra_core::prompt::{Prompt, Stays};
use orchestra_core::report::{AgentEvent, Fault, Outcome};

use crate::support::{Kept, Room, launcher, notices, run, said};

fn scripted(text: &str) -> Scripted {
    Scripted::from_script(Script::parse(text).unwrap(), launcher())
}

async fn play(room: &Room, text: &str) -> (Outcome, Vec<AgentEvent>) {
    run(&scripted(text), room.request("phase-1")).await
}

fn failure(outcome: &Outcome) -> &str {
    match outcome {
        Outcome::Faulted(Fault::Failed { message }) => message,
        other => panic!("{other:?}"),
    }
}

const WORK: &str = r#"
turns:
  - when: { work: phase-1 }
    steps:
      - expect: Do it.
      - say: I begin with ${work} of ${milestone}.
      - write: { path: "src/${phase}/a.rs", content: "fn one() -> u32 { 1 }\n" }
      - edit: { path: src/phase-1/a.rs, old: "{ 1 }", new: "{ 2 }" }
      - append: { path: notes.md, content: "attempt ${attempt}\n" }
      - run: "cat src/phase-1/a.rs; echo $ORCHESTRA_ROLE; touch gone"
      - run: { command: "echo no >&2; exit 3", may_fail: true }
      - delete: gone
      - usage: { input: 10, output: 2 }
    report:
      summary: "${work} is done"
      commit: { type: feat, scope: auth, subject: add one }
"#;

#[tokio::test]
async fn a_script_changes_real_files_and_runs_real_commands() {
    let room = Room::new();
    let (outcome, events) = play(&room, WORK).await;
    let Outcome::Reported(report) = outcome else { panic!("{outcome:?}") };
    assert_eq!(
        (report.summary.as_str(), report.commit.unwrap().subject.as_str()),
        ("phase-1 is done", "add one")
    );
    let read = |name: &str| std::fs::read_to_string(room.repository().join(name)).unwrap();
    assert_eq!(read("src/phase-1/a.rs"), "fn one() -> u32 { 2 }\n");
    assert_eq!(read("notes.md"), "attempt 1\n");
    assert!(!room.repository().join("gone").exists());

    assert_eq!(said(&events), "I begin with phase-1 of M1-login.\n");
    assert_eq!(notices(&events), ["the scripted agent plays a script; no model is asked"]);
    let finished = |wanted: &str| {
        events
            .iter()
            .any(|event| matches!(event, AgentEvent::ToolFinished { output, .. } if output == wanted))
    };
    assert!(finished("fn one() -> u32 { 2 }\nbackend-engineer\n") && finished("no\n"));
    let changed: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            AgentEvent::FileChanged { path } => Some(path.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(changed, ["src/phase-1/a.rs", "src/phase-1/a.rs", "notes.md", "gone"]);
}

#[tokio::test]
async fn a_step_that_fails_ends_the_turn_unless_it_may() {
    for (step, why) in [
        ("write: { path: ../out, content: x }", "not a path inside the repository"),
        ("edit: { path: a, old: x, new: y }", "could not edit `a`"),
        ("delete: missing", "could not delete `missing`"),
        ("run: 'echo why; exit 4'", "failed:\nwhy"),
        ("expect: something else", "expected this in the prompt: something else"),
    ] {
        let room = Room::new();
        let (outcome, _) = play(&room, &format!("turns: [ {{ steps: [ {{ {step} }} ] }} ]")).await;
        assert!(failure(&outcome).contains(why), "{step}: {outcome:?}");
        assert!(!room.path("out").exists());
    }
    let steps =
        "[ { write: { path: ../out, may_fail: true } }, { delete: { path: missing, may_fail: true } } ]";
    let (outcome, _) = play(&Room::new(), &format!("turns: [ {{ steps: {steps} }} ]")).await;
    assert!(matches!(outcome, Outcome::Reported(_)));
}

#[tokio::test]
async fn an_edit_wants_exactly_one_place() {
    let steps = |edit: &str| {
        format!("turns: [ {{ steps: [ {{ write: {{ path: a, content: 'x x' }} }}, {{ edit: {edit} }} ] }} ]")
    };
    let room = Room::new();
    let (outcome, _) = play(&room, &steps("{ path: a, old: x, new: y }")).await;
    assert!(failure(&outcome).contains("more than once"));
    play(&room, &steps("{ path: a, old: x, new: y, all: true }")).await;
    assert_eq!(std::fs::read_to_string(room.repository().join("a")).unwrap(), "y y");
}

#[tokio::test]
async fn a_turn_can_end_in_every_way_that_a_real_one_can() {
    let transient = Fault::Transient {
        message: "busy with phase-1".to_owned(),
        retry_after: Some(Duration::from_secs(2)),
    };
    let cases = [
        ("fault: { kind: transient, message: 'busy with ${work}', retry_after: 2s }", transient),
        (
            "fault: { kind: usage-limit, message: m }",
            Fault::UsageLimit { message: "m".to_owned(), until: None },
        ),
        ("fault: { kind: failed, message: m }", Fault::Failed { message: "m".to_owned() }),
        ("exit: 75", Fault::Transient { message: String::new(), retry_after: None }),
        ("exit: 9", Fault::Failed { message: "the script ended with exit code 9".to_owned() }),
    ];
    for (end, fault) in cases {
        let (outcome, _) = play(&Room::new(), &format!("turns: [ {{ {end} }} ]")).await;
        assert_eq!(outcome, Outcome::Faulted(fault));
    }
    let (outcome, _) = play(&Room::new(), "turns: [ { steps: [ { say: bye } ], exit: 0 } ]").await;
    assert!(matches!(outcome, Outcome::Reported(report) if report.summary == "bye"));
}

#[tokio::test(start_paused = true)]
async fn a_hanging_turn_is_told_of_and_ends_when_it_is_stopped_or_its_time_is_up() {
    let room = Room::new();
    let (outcome, events) = play(&room, "turns: [ { steps: [ { pause: 2m } ], hang: true } ]").await;
    assert_eq!(outcome, Outcome::Faulted(Fault::TimedOut { after: Duration::from_hours(2) }));
    assert_eq!(notices(&events)[1..], ["has said nothing for 600 s"]);

    let request = room.request("phase-1");
    let cancel = request.cancel.clone();
    let agent = scripted("turns: [ { hang: true } ]");
    let stop = async {
        tokio::task::yield_now().await;
        cancel.cancel();
    };
    let ((outcome, _), ()) = tokio::join!(run(&agent, request), stop);
    assert_eq!(outcome, Outcome::Faulted(Fault::Cancelled));
}

#[tokio::test]
async fn a_command_of_a_script_is_stopped_with_its_turn() {
    let room = Room::new();
    let mut request = room.request("phase-1");
    request.timeout = Duration::from_millis(300);
    let agent = scripted("turns: [ { steps: [ { run: 'while :; do :; done' } ] } ]");
    let (outcome, events) = run(&agent, request).await;
    assert_eq!(outcome, Outcome::Faulted(Fault::TimedOut { after: Duration::from_millis(300) }));
    assert!(events.iter().any(|event| matches!(event, AgentEvent::ToolFinished { ok: false, .. })));
}

#[tokio::test]
async fn a_script_in_a_file_is_found_from_the_workspace_and_its_faults_are_named() {
    let room = Room::new();
    let agent = AnyAgent::new(&AgentConfig::Scripted { script: "script.yaml".to_owned() }, launcher());
    let unusable = |outcome: &Outcome, why: &str| matches!(outcome, Outcome::Faulted(Fault::Unusable { message, .. }) if message.contains(why));
    let ask = || room.request("phase-1");
    assert!(unusable(&run(&agent, ask()).await.0, "could not read"));
    let write = |text: &str| std::fs::write(room.repository().join("script.yaml"), text).unwrap();
    write("turns: [");
    assert!(unusable(&run(&agent, ask()).await.0, "script.yaml"));
    write("turns: [ { when: { work: rfc } } ]");
    assert!(unusable(
        &run(&agent, ask()).await.0,
        "no turn for M1-login phase-1 (backend-engineer), attempt 1"
    ));
    write("turns: [ {} ]");
    assert!(matches!(run(&agent, ask()).await.0, Outcome::Reported(_)));
}

#[tokio::test]
async fn what_a_script_says_is_in_the_transcript_but_for_secrets() {
    let room = Room::new();
    let kept = Kept::default();
    let mut request: TurnRequest = room.request("phase-1");
    request.environment.push(("MY_SECRET".into(), "canary-canary".into()));
    request.transcript = Some(Box::new(kept.clone()));
    let (_, events) = run(&scripted("turns: [ { steps: [ { say: it is canary-canary } ] } ]"), request).await;
    assert_eq!(said(&events), "it is [redacted]\n");
    let kept = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
    assert!(kept.contains(r#"{"event":"text","text":"it is [redacted]\n"}"#), "{kept}");
}

#[tokio::test]
async fn a_script_listens_and_takes_up_what_is_said_at_any_other_time() {
    let room = Room::new();
    let script = r#"
turns:
  - steps:
      - listen: 10m
      - write: { path: said, content: "${said}" }
      - listen: 10m
      - append: { path: said, content: ", ${said}" }
"#;
    let (words, said_to_it) = tokio::sync::mpsc::channel(3);
    let mut request = room.request("phase-1");
    request.words = Some(said_to_it);
    for text in ["one", "two", "three"] {
        words.send(text.to_owned()).await.unwrap();
    }
    let (outcome, events) = run(&scripted(script), request).await;
    assert!(matches!(outcome, Outcome::Reported(_)), "{outcome:?}");
    // What nothing waits for is heard at the end, and the script goes on as it is written.
    assert_eq!(events.iter().filter(|event| **event == AgentEvent::Heard).count(), 3);
    assert_eq!(std::fs::read_to_string(room.repository().join("said")).unwrap(), "one, three");
}

#[tokio::test]
async fn a_script_that_listens_in_vain_fails_and_can_be_stopped() {
    let room = Room::new();
    let (outcome, _) = play(&room, "turns: [{ steps: [{ listen: 1ms }] }]").await;
    assert_eq!(failure(&outcome), "nobody said anything");
    let agent = scripted("turns: [{ steps: [{ listen: 10m }] }]");
    let request = room.request("phase-1");
    request.cancel.cancel();
    assert_eq!(run(&agent, request).await.0, Outcome::Faulted(Fault::Cancelled));
}

#[tokio::test]
async fn an_own_tool_is_called_and_its_answer_can_be_said() {
    let room = Room::new();
    let (own, mut requests) = OwnTools::new(&[OwnTool::RaiseConcern]);
    let mut prompt = Prompt::new();
    prompt.add(Stays::Turn, "words", "logins");
    let mut request = room.request("conversation");
    (request.prompt, request.own) = (prompt, Some(own));
    let answering = tokio::spawn(async move {
        let request = requests.recv().await.unwrap();
        let OwnCall::RaiseConcern(concern) = request.call else { panic!("another tool") };
        request.reply.send(Answer::text(format!("noted: {}", concern.text))).unwrap();
    });
    let script = "
turns:
  - steps:
      - call: { tool: raise_concern, input: { text: 'about ${said}' } }
      - say: it says ${answer}
      - call: { tool: ask_user, may_fail: true }
";
    let (outcome, events) = run(&scripted(script), request).await;
    answering.await.unwrap();
    assert!(matches!(outcome, Outcome::Reported(_)), "{outcome:?}");
    assert_eq!(said(&events), "it says noted: about logins\n");
    let refused = events.iter().any(|event| matches!(event, AgentEvent::ToolFinished { ok: false, output, .. } if output.contains("no such tool")));
    assert!(refused, "{events:?}");
}
