//! `command` agents, played by small shell scripts.

use std::time::{Duration, Instant};

use orchestra_agent::command::CommandRunner;
use orchestra_agent::guard::{StopPlan, StopSignal, StopStep};
use orchestra_core::config::{CommandAgent, InputFormat, OutputFormat, Preset};
use orchestra_core::id::SessionId;
use orchestra_core::report::{AgentEvent, Fault, Outcome, Report, Usage, Verdict};

use crate::support::{Kept, Room, is_alive, launcher, notices, pid_in, run, said, until};

/// An agent that is a line of shell.
fn shell_agent(line: &str) -> CommandRunner {
    let run = ["/bin/sh", "-c", line].map(str::to_owned).to_vec();
    runner(CommandAgent { run, ..CommandAgent::default() })
}

fn preset(preset: Preset) -> CommandRunner {
    runner(CommandAgent { preset: Some(preset), ..CommandAgent::default() })
}

fn runner(config: CommandAgent) -> CommandRunner {
    let step = StopStep { signal: StopSignal::Interrupt, grace: Duration::from_millis(100) };
    CommandRunner::new(config, launcher()).with_stop(StopPlan { steps: vec![step] })
}

fn summary(outcome: &Outcome) -> &str {
    match outcome {
        Outcome::Reported(report) => &report.summary,
        Outcome::Faulted(fault) => panic!("{fault:?}"),
    }
}

fn failure(outcome: &Outcome) -> &str {
    match outcome {
        Outcome::Faulted(Fault::Failed { message }) => message,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_ten_line_script_can_be_an_agent() {
    let room = Room::new();
    let agent = shell_agent(
        r#"read prompt; echo "asked: $prompt"; pwd > where
        echo "$ORCHESTRA_MILESTONE $ORCHESTRA_PHASE $ORCHESTRA_ROLE $ORCHESTRA_ATTEMPT"
        echo '{"summary":"looked","verdict":"approved","usage":{"input":3,"output":1}}' > "$ORCHESTRA_REPORT""#,
    );
    let mut request = room.request("review-1");
    request.attempt = 2;
    let (outcome, events) = run(&agent, request).await;
    let usage = Some(Usage { input: 3, output: 1, ..Usage::default() });
    let report =
        Report { summary: "looked".to_owned(), verdict: Some(Verdict::Approved), usage, ..Report::default() };
    assert_eq!(outcome, Outcome::Reported(Box::new(report)));
    assert_eq!(said(&events), "asked: Do it.\nM1-login review backend-engineer 2\n");
    assert!(room.repository().join("where").exists(), "it works in the repository");
}

#[tokio::test]
async fn f55_only_a_good_report_is_one() {
    let cases = [
        ("echo working; echo done", Ok("working\ndone")),
        ("echo '{\"summary\":\"s\"}' > $ORCHESTRA_REPORT; exit 3", Err("exit code 3")),
        ("echo oops >&2; echo '{}' > $ORCHESTRA_REPORT; kill -9 $$", Err("signal 9:\noops")),
        ("echo '{\"summary\":' > $ORCHESTRA_REPORT", Err("not JSON")),
        ("echo '{\"verdict\":\"maybe\"}' > $ORCHESTRA_REPORT", Err("schema")),
        ("ln -s /etc/hostname $ORCHESTRA_REPORT", Err("could not be read")),
        ("mkfifo $ORCHESTRA_REPORT", Err("plain file")),
    ];
    for (line, expected) in cases {
        let room = Room::new();
        std::fs::create_dir(room.path("scratch")).unwrap();
        std::fs::write(room.path("scratch/report.json"), r#"{"summary":"of an earlier turn"}"#).unwrap();
        let (outcome, _) = run(&shell_agent(line), room.request("phase-1")).await;
        match expected {
            Ok(text) => assert_eq!(summary(&outcome), text, "{line}"),
            Err(text) => assert!(failure(&outcome).contains(text), "{line}: {outcome:?}"),
        }
    }
}

#[tokio::test]
async fn exit_code_75_is_try_again_later() {
    let (outcome, _) = run(&shell_agent("echo busy >&2; exit 75"), Room::new().request("phase-1")).await;
    let message = "the program ended with exit code 75:\nbusy".to_owned();
    assert_eq!(outcome, Outcome::Faulted(Fault::Transient { message, retry_after: None }));
}

#[tokio::test]
async fn a_prompt_can_come_as_a_file() {
    let room = Room::new();
    let run_line = ["cat", "{prompt_file}"].map(str::to_owned).to_vec();
    let agent = runner(CommandAgent { run: run_line, ..CommandAgent::default() });
    let (outcome, _) = run(&agent, room.request("phase-1")).await;
    assert_eq!(summary(&outcome), "Do it.");
}

#[tokio::test]
async fn f51_a_cancelled_turn_ends_the_whole_tree_before_it_says_so() {
    let room = Room::new();
    let pids = room.repository();
    // Neither the agent nor its child minds being interrupted.
    let agent = shell_agent(
        "trap '' INT TERM; sh -c 'echo $$ > .c; mv .c child; while :; do :; done' & \
         echo $$ > .m; mv .m main; while :; do :; done",
    );
    let request = room.request("phase-1");
    let cancel = request.cancel.clone();
    let turn = tokio::spawn(async move { run(&agent, request).await.0 });
    let tree =
        tokio::task::spawn_blocking(move || [pid_in(&pids, "main"), pid_in(&pids, "child")]).await.unwrap();
    cancel.cancel();
    assert_eq!(turn.await.unwrap(), Outcome::Faulted(Fault::Cancelled));
    assert!(tree.iter().all(|pid| !is_alive(*pid)));
}

#[tokio::test]
async fn a_dropped_turn_leaves_nothing_behind() {
    let room = Room::new();
    let pids = room.repository();
    let agent = shell_agent("trap '' INT TERM; echo $$ > .m; mv .m main; while :; do :; done");
    let request = room.request("phase-1");
    let turn = tokio::spawn(async move { run(&agent, request).await.0 });
    let main = tokio::task::spawn_blocking(move || pid_in(&pids, "main")).await.unwrap();
    turn.abort();
    assert!(turn.await.unwrap_err().is_cancelled());
    until("the agent's end", || !is_alive(main));
}

#[tokio::test]
async fn f54_silence_is_told_once_and_a_turn_past_its_time_is_ended() {
    let room = Room::new();
    let mut request = room.request("phase-1");
    request.silence = Duration::from_millis(50);
    request.timeout = Duration::from_millis(400);
    let begun = Instant::now();
    let (outcome, events) = run(&shell_agent("while :; do :; done"), request).await;
    assert_eq!(outcome, Outcome::Faulted(Fault::TimedOut { after: Duration::from_millis(400) }));
    assert!(begun.elapsed() >= Duration::from_millis(400));
    assert_eq!(notices(&events), ["has said nothing for 0 s"]);
}

#[tokio::test]
async fn f56_a_program_that_closes_its_output_is_waited_for_and_its_heirs_are_not() {
    let room = Room::new();
    let agent = shell_agent("echo one; exec >&- 2>&-; echo '{\"summary\":\"late\"}' > $ORCHESTRA_REPORT");
    assert_eq!(summary(&run(&agent, room.request("phase-1")).await.0), "late");
    let begun = Instant::now();
    let agent = shell_agent("(trap '' TERM HUP; while :; do :; done) & echo two");
    let (outcome, events) = run(&agent, room.request("phase-1")).await;
    assert_eq!(summary(&outcome), "two");
    assert!(notices(&events).contains(&"ended 1 processes that it left behind"), "{events:?}");
    assert!(begun.elapsed() < Duration::from_secs(2), "its end does not wait for who holds its output");
}

#[tokio::test]
async fn f52_a_flood_without_a_newline_costs_little_memory_and_is_capped_in_the_transcript() {
    let room = Room::new();
    for output in [OutputFormat::Text, OutputFormat::JsonLines] {
        let kept = Kept::default();
        let mut request = room.request("phase-1");
        request.transcript = Some(Box::new(kept.clone()));
        request.output_limit = 100_000;
        let run_line =
            [crate::support::probe().to_str().unwrap(), "flood", "1024"].map(str::to_owned).to_vec();
        let agent = runner(CommandAgent { run: run_line, output, ..CommandAgent::default() });
        let (sender, mut receiver) = tokio::sync::mpsc::channel(16);
        let watch = async {
            let mut most = 0;
            while receiver.recv().await.is_some() {
                most = most.max(resident_mib());
            }
            most
        };
        let before = resident_mib();
        let (outcome, most) =
            tokio::join!(orchestra_agent::agent::Agent::run(&agent, request, sender), watch);
        assert!(matches!(outcome, Outcome::Reported(_)), "{outcome:?}");
        assert!(most.saturating_sub(before) < 64, "{before} MiB became {most} MiB");
        let kept = kept.0.lock().unwrap();
        assert!(kept.len() < 100_100 && kept.ends_with(b"is not kept\n"));
    }
}

pub(crate) fn resident_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}

#[tokio::test]
async fn f53_odd_bytes_are_whole_in_the_transcript_and_readable_in_events() {
    let room = Room::new();
    let kept = Kept::default();
    let mut request = room.request("phase-1");
    request.transcript = Some(Box::new(kept.clone()));
    let (outcome, events) = run(&shell_agent(r"printf '\377\0a\033[31m\nok'; echo bad >&2"), request).await;
    assert_eq!(said(&events), "\u{fffd}\0a\u{1b}[31m\nok\n");
    assert!(summary(&outcome).ends_with("ok"));
    let kept = kept.0.lock().unwrap();
    assert!(kept.windows(9).any(|window| window == b"\xff\0a\x1b[31m\n"), "{kept:?}");
    assert!(kept.ends_with(b"[stderr] bad\n") || kept.starts_with(b"[stderr] bad\n"), "{kept:?}");
}

#[tokio::test]
async fn a31_a_key_that_an_agent_prints_is_nowhere_to_be_seen() {
    let room = Room::new();
    let kept = Kept::default();
    let mut request = room.request("phase-1");
    request.environment.push(("MY_TOKEN".into(), "canary-canary".into()));
    request.environment.push(("OTHER_TOKEN".into(), "other-canary".into()));
    request.transcript = Some(Box::new(kept.clone()));
    let line = "env; printf canary-; echo canary; echo canary-canary >&2; \
                echo '{\"summary\":\"canary-canary\"}' > $ORCHESTRA_REPORT";
    let run_line = ["/bin/sh", "-c", line].map(str::to_owned).to_vec();
    let env = vec!["MY_TOKEN".to_owned()];
    let agent = runner(CommandAgent { run: run_line, env, ..CommandAgent::default() });
    let (outcome, events) = run(&agent, request).await;
    assert_eq!(summary(&outcome), "[redacted]");
    assert!(said(&events).contains("MY_TOKEN=[redacted]\n"), "it got the one that is named");
    assert!(!said(&events).contains("OTHER_TOKEN"), "and not the other");
    let kept = String::from_utf8_lossy(&kept.0.lock().unwrap()).into_owned();
    assert!(!format!("{events:?}{kept}").contains("canary-canary"));
    assert!(kept.contains("MY_TOKEN=[redacted]") && kept.contains("[stderr] [redacted]"));
}

#[tokio::test]
async fn a42_a_missing_program_stops_the_run_with_a_hint() {
    let room = Room::new();
    std::fs::create_dir(room.repository().join("bin")).unwrap();
    let mut request = room.request("phase-1");
    request.environment = vec![("PATH".into(), room.repository().join("bin").into())];
    let (outcome, _) = run(&preset(Preset::ClaudeCode), request).await;
    assert!(
        matches!(outcome, Outcome::Faulted(Fault::Unusable { message, .. }) if message.contains("`claude`"))
    );
}

const RESULT: &str = r#"{"type":"result","subtype":"success","is_error":false,"result":"All done."}"#;

#[tokio::test]
async fn a_known_program_reports_in_a_file_or_at_the_end_of_its_answer() {
    let room = Room::new();
    room.program("claude", &format!("head -n 1 > prompt; echo '{RESULT}'"));
    let (outcome, events) = run(&preset(Preset::ClaudeCode), room.request("phase-1")).await;
    assert_eq!(summary(&outcome), "All done.");
    assert_eq!(notices(&events), ["no report was handed in: its last words are the summary"]);
    let prompt = std::fs::read_to_string(room.repository().join("prompt")).unwrap();
    assert!(prompt.contains("\"Do it.\\n") && prompt.contains("ORCHESTRA_REPORT"));

    let block = r#"```json\n{\"summary\":\"from the block\"}\n```"#;
    room.program("claude", &format!("cat <<'EOF'\n{}\nEOF", RESULT.replace("All done.", block)));
    let (outcome, events) = run(&preset(Preset::ClaudeCode), room.request("phase-1")).await;
    assert_eq!((summary(&outcome), notices(&events)), ("from the block", vec![]));

    room.program("claude", &format!("echo '{{\"summary\":\"filed\"}}' > $ORCHESTRA_REPORT; echo '{RESULT}'"));
    assert_eq!(summary(&run(&preset(Preset::ClaudeCode), room.request("phase-1")).await.0), "filed");
}

#[tokio::test]
async fn a_program_that_stays_after_its_last_event_is_sent_away() {
    let room = Room::new();
    room.program("claude", &format!("trap 'exit 143' TERM; echo '{RESULT}'; while :; do :; done"));
    let begun = Instant::now();
    let agent = preset(Preset::ClaudeCode).with_grace(Duration::from_millis(200));
    let (outcome, _) = run(&agent, room.request("phase-1")).await;
    assert_eq!(summary(&outcome), "All done.");
    let took = begun.elapsed();
    assert!((Duration::from_millis(200)..Duration::from_secs(4)).contains(&took), "{took:?}");
}

#[tokio::test]
async fn a_conversation_that_is_gone_is_begun_anew() {
    let room = Room::new();
    room.program(
        "codex",
        r#"case "$*" in
        *resume*) echo "Error: no rollout found for thread id gone" >&2; exit 1;;
        *) echo '{"type":"thread.started","thread_id":"new"}'
           echo '{"type":"item.completed","item":{"type":"agent_message","text":"Fresh."}}'
           echo '{"type":"turn.completed","usage":{"input_tokens":7,"output_tokens":1}}';;
        esac"#,
    );
    let mut request = room.request("phase-1");
    request.session = Some(SessionId("gone".to_owned()));
    request.used_before = Usage { input: 5, ..Usage::default() };
    let (outcome, events) = run(&preset(Preset::Codex), request).await;
    assert_eq!(summary(&outcome), "Fresh.");
    assert!(events.contains(&AgentEvent::Session { session: SessionId("new".to_owned()) }));
    let usage = Usage { input: 7, output: 1, ..Usage::default() };
    assert!(events.contains(&AgentEvent::Usage { usage }), "a new conversation has no past");
}

#[tokio::test]
async fn a_program_ended_by_somebody_else_is_a_failure_and_no_cancelled_turn() {
    let room = Room::new();
    room.program("claude", "kill -TERM $$");
    let (outcome, _) = run(&preset(Preset::ClaudeCode), room.request("phase-1")).await;
    assert!(failure(&outcome).contains("ended from outside"));
}

#[test]
fn a_probe_tells_program_version_and_login_without_asking_a_service() {
    use orchestra_agent::probe::{FoundProgram, Login, probe};
    use orchestra_core::config::AgentConfig;

    let room = Room::new();
    room.program("codex", "test \"$1\" = --version && pwd >&2 && printf '\\nagent 1.2\\033[31m\\nmore\\n'");
    let config =
        AgentConfig::Command(CommandAgent { preset: Some(Preset::Codex), ..CommandAgent::default() });
    let request = room.request("phase-1");
    let found = probe(&config, &request.environment, &room.repository(), &launcher());
    assert_eq!(found.program, FoundProgram::At(room.path("bin/codex")));
    assert_eq!(found.version.as_deref(), Some("agent 1.2[31m"));
    assert!(matches!(found.login, Login::Missing { .. }));

    std::fs::remove_file(room.path("bin/codex")).unwrap();
    let nowhere = vec![("PATH".into(), room.path("bin").into())];
    let found = probe(&config, &nowhere, &room.repository(), &launcher());
    assert_eq!((found.program, found.version), (FoundProgram::Missing { name: "codex".to_owned() }, None));

    let scripted = AgentConfig::Scripted { script: "s.yaml".to_owned() };
    let found = probe(&scripted, &nowhere, &room.repository(), &launcher());
    assert_eq!((found.program, found.login), (FoundProgram::NotNeeded, Login::Unknown));
}

/// An agent that reads JSON lines, and can be spoken to.
fn listener(line: &str) -> CommandRunner {
    let run = ["/bin/sh", "-c", line].map(str::to_owned).to_vec();
    let (output, input) = (OutputFormat::JsonLines, InputFormat::JsonLines);
    runner(CommandAgent { run, output, input, ..CommandAgent::default() })
}

#[tokio::test]
async fn a_program_that_reads_json_lines_hears_what_is_said_while_it_works() {
    let room = Room::new();
    let agent = listener(
        r#"read -r prompt; echo "$prompt" > prompt
        read -r first; echo '{"event":"heard"}'; read -r second; echo '{"event":"heard"}'
        printf '%s\n' "$first" "$second" > said; echo '{"event":"text","text":"understood"}'"#,
    );
    let (words, said_to_it) = tokio::sync::mpsc::channel(2);
    let mut request = room.request("phase-1");
    request.words = Some(said_to_it);
    words.send("use \"bcrypt\"\nand nothing else".to_owned()).await.unwrap();
    words.send("quickly".to_owned()).await.unwrap();
    let (outcome, events) = run(&agent, request).await;
    assert_eq!(summary(&outcome), "understood");
    let read = |name: &str| std::fs::read_to_string(room.repository().join(name)).unwrap();
    assert_eq!(read("prompt"), "{\"text\":\"Do it.\",\"type\":\"prompt\"}\n");
    let messages = "{\"text\":\"use \\\"bcrypt\\\"\\nand nothing else\",\"type\":\"message\"}\n\
                    {\"text\":\"quickly\",\"type\":\"message\"}\n";
    assert_eq!(read("said"), messages);
    assert_eq!(events.iter().filter(|event| **event == AgentEvent::Heard).count(), 2);
}

#[tokio::test]
async fn when_nobody_can_speak_any_more_the_program_s_input_ends() {
    let room = Room::new();
    let (words, said_to_it) = tokio::sync::mpsc::channel(1);
    let mut request = room.request("phase-1");
    request.words = Some(said_to_it);
    drop(words);
    let (outcome, _) = run(&listener("cat > all; wc -l < all"), request).await;
    assert_eq!(summary(&outcome).trim(), "1");
}

#[tokio::test]
async fn a_program_that_reads_its_prompt_only_is_told_nothing_else() {
    let room = Room::new();
    let (words, said_to_it) = tokio::sync::mpsc::channel(1);
    let mut request = room.request("phase-1");
    request.words = Some(said_to_it);
    words.send("use bcrypt".to_owned()).await.unwrap();
    let (outcome, events) = run(&shell_agent("cat"), request).await;
    assert_eq!(summary(&outcome), "Do it.");
    assert!(!events.contains(&AgentEvent::Heard));
}

#[tokio::test]
async fn nobody_has_heard_what_was_not_said() {
    let room = Room::new();
    let heard = r#"{"event":"heard"}"#;
    let line = format!("read -r prompt; echo '{heard}'; read -r word; echo '{heard}'; echo '{heard}'");
    let (words, said_to_it) = tokio::sync::mpsc::channel(1);
    let mut request = room.request("phase-1");
    request.words = Some(said_to_it);
    words.send("use bcrypt".to_owned()).await.unwrap();
    let (_, events) = run(&listener(&line), request).await;
    // Where it says so before it was given anything, that counts for nothing.
    assert!(events.iter().filter(|event| **event == AgentEvent::Heard).count() <= 1, "{events:?}");
    let (_, events) = run(&shell_agent(&format!("echo '{heard}'")), room.request("phase-1")).await;
    assert!(!events.contains(&AgentEvent::Heard), "it reads no words");
}

#[tokio::test]
async fn a_program_that_never_stops_printing_is_given_its_prompt_and_what_is_said() {
    let room = Room::new();
    let line = "(while :; do echo '{\"event\":\"text\",\"text\":\"x\"}'; done) & printer=$!; \
                read -r prompt; read -r word; kill $printer; echo \"$word\" > word";
    let (words, said_to_it) = tokio::sync::mpsc::channel(1);
    let mut request = room.request("phase-1");
    request.words = Some(said_to_it);
    words.send("enough".to_owned()).await.unwrap();
    let (outcome, _) = run(&listener(line), request).await;
    assert!(matches!(outcome, Outcome::Reported(_)), "{outcome:?}");
    assert!(std::fs::read_to_string(room.repository().join("word")).unwrap().contains("enough"));
}
