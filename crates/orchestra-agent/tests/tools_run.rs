//! Commands, below a real guard.

use std::time::{Duration, Instant};

use orchestra_agent::tools::{Answer, Toolbox};
use orchestra_core::ownership::Room;
use serde_json::json;
use tokio::sync::mpsc;

use crate::support::{is_alive, launcher, pid_in, until};
use crate::tools::{Bench, Tools, role};

fn tools(bench: &Bench) -> Tools {
    let room = Room::of(&role(&["**"]), None).unwrap();
    Tools(Toolbox::new(bench.context(Some(room), launcher())).unwrap())
}

/// Runs a command and says whether it went well, the facts of the heading without the time, and what it printed.
async fn run(bench: &Bench, command: &str) -> (bool, Vec<String>, String) {
    split(&tools(bench).call("run", json!({ "command": command })).await)
}

fn split(answer: &Answer) -> (bool, Vec<String>, String) {
    assert_eq!(answer.changed, None);
    let (heading, data) = answer.text.split_once('\n').unwrap_or((&answer.text, ""));
    let facts = heading.rsplit_once(": ").unwrap().1.trim_end_matches(']').split("; ");
    let facts = facts.filter(|fact| !fact.starts_with("took ")).map(str::to_owned).collect();
    (!answer.is_error, facts, data.to_owned())
}

fn expected(ok: bool, facts: &[&str], data: &str) -> (bool, Vec<String>, String) {
    (ok, facts.iter().map(|fact| (*fact).to_owned()).collect(), data.to_owned())
}

#[tokio::test]
async fn a_command_runs_at_the_top_and_its_end_and_output_are_told() {
    let bench = Bench::new();
    bench.put("file", "x");
    assert_eq!(
        run(&bench, "ls; echo wrong >&2; echo right").await,
        expected(true, &["exit code 0", "it printed 17 bytes"], "file\nwrong\nright\n")
    );
    assert_eq!(run(&bench, "exit 3").await, expected(false, &["exit code 3", "it printed nothing"], ""));
    assert_eq!(
        run(&bench, "kill -9 $$").await,
        expected(false, &["ended by signal 9", "it printed nothing"], "")
    );
    let (ok, facts, data) = run(&bench, "no-such-program").await;
    assert!(!ok && facts[0] == "exit code 127" && data.contains("not found"), "{facts:?} {data}");
    assert_eq!(run(&bench, "printf 'a\\0\\377\\033[1m'").await.2, "a\u{2400}\u{fffd}\u{1b}[1m");
    // It reads from nobody, and has no terminal.
    assert_eq!(run(&bench, "cat; test -t 0 || test -t 1 || echo none").await.2, "none\n");
    let quoting = "printf '%s|' \"$0\" \"$#\" 'it'\"'\"'s' \"$(echo '$HOME')\"\necho";
    assert_eq!(run(&bench, quoting).await.2, "/bin/sh|0|it's|$HOME|\n");
}

#[tokio::test]
async fn a31_no_key_is_in_a_commands_environment() {
    let mut bench = Bench::new();
    let secrets =
        ["ANTHROPIC_API_KEY", "OPENAI_API_KEY", "GITHUB_TOKEN", "MY_TOKEN", "ORCHESTRA_X", "LD_PRELOAD"];
    bench.environment.extend(secrets.map(|name| (name.into(), "canary-5f1c".into())));
    bench.environment.push(("LANG".into(), "C.UTF-8".into()));
    let (ok, _, data) = run(&bench, "env").await;
    assert!(ok && !data.contains("canary"), "{data}");
    assert!(data.contains("LANG=C.UTF-8\n") && data.contains("TERM=dumb\n"), "{data}");
    assert!(data.contains(&format!("TMPDIR={}\n", bench.beside("scratch").display())), "{data}");
    assert!(bench.beside("scratch").is_dir());
    // Each call has an environment of its own.
    let tools = tools(&bench);
    tools.ok("run", json!({ "command": "export PATH=/evil X=1; alias ls=false; cd /" })).await;
    let shown = tools.ok("run", json!({ "command": "echo \"${X:-none}\"; ls >/dev/null && pwd" })).await;
    let top = bench.path("").canonicalize().unwrap();
    assert!(shown.ends_with(&format!("none\n{}\n", top.display())), "{shown}");
}

#[tokio::test]
async fn of_long_output_head_and_tail_are_kept() {
    let bench = Bench::new();
    let (ok, facts, data) = run(&bench, "yes 1234567 | head -n 100000").await;
    assert!(ok);
    assert_eq!(facts, ["exit code 0", "it printed 800,000 bytes", "not all of it is shown"]);
    assert!(data.contains("\n[… 767,232 bytes left out …]\n"), "{}", data.len());
    assert!(data.starts_with("1234567\n") && data.ends_with("1234567\n") && data.len() < 33_000);
}

#[tokio::test]
async fn what_a_command_prints_is_on_the_screen_while_it_runs() {
    let bench = Bench::new();
    let tools = tools(&bench);
    let (output, mut screen) = mpsc::channel::<String>(1);
    let command =
        "printf 'fir\\303'; printf '\\251st\\n'; while ! test -e go; do sleep 0.01; done; echo last";
    let input = json!({ "command": command });
    let watch = async {
        let mut seen = String::new();
        while !seen.ends_with("st\n") {
            seen.push_str(&screen.recv().await.unwrap());
        }
        assert_eq!(seen, "firést\n", "seen while it runs");
        std::fs::write(bench.path("go"), "").unwrap();
        assert_eq!(screen.recv().await.unwrap(), "last\n");
    };
    let (answer, ()) = tokio::join!(tools.0.call("run", &input, &output), watch);
    assert!(answer.unwrap().text.ends_with("]\nfirést\nlast\n"));
}

#[tokio::test]
async fn a_screen_that_looks_away_holds_up_nothing() {
    let bench = Bench::new();
    let tools = tools(&bench);
    let input = json!({ "command": "yes | head -n 500000" });
    let (output, unread) = mpsc::channel(1);
    let answer = tools.0.call("run", &input, &output).await.unwrap();
    assert!(answer.text.contains("it printed 1,000,000 bytes"), "{:.200}", answer.text);
    drop(unread);
    let answer = tools.0.call("run", &input, &output).await.unwrap();
    assert!(!answer.is_error, "{:.200}", answer.text);
}

#[tokio::test]
async fn a_command_ends_when_its_time_is_up_with_all_that_it_started() {
    let bench = Bench::new();
    let tools = tools(&bench);
    let command = "sleep 60 & echo $! > child; echo begun; wait";
    let started = Instant::now();
    let answer = tools.call("run", json!({ "command": command, "timeout_seconds": 1 })).await;
    let (ok, facts, data) = split(&answer);
    assert!(!ok && facts[0] == "stopped, for its 1 s were over" && data == "begun\n", "{facts:?} {data}");
    assert!(started.elapsed() < Duration::from_secs(10));
    let child = pid_in(&bench.path(""), "child");
    until("the child's end", || !is_alive(child));
}

#[tokio::test]
async fn more_time_than_the_turn_gives_cannot_be_had() {
    let mut bench = Bench::new();
    bench.timeout = Duration::from_secs(1);
    let answer = tools(&bench).call("run", json!({ "command": "sleep 60", "timeout_seconds": 600 })).await;
    assert_eq!(split(&answer).1[0], "stopped, for its 1 s were over");
}

#[tokio::test]
async fn nothing_goes_on_in_the_background() {
    let bench = Bench::new();
    let (ok, facts, _) = run(&bench, "sleep 60 >/dev/null 2>&1 & echo $! > child").await;
    assert!(ok);
    assert_eq!(facts, ["exit code 0", "1 process that it left running ended with it", "it printed nothing"]);
    let child = pid_in(&bench.path(""), "child");
    until("the child's end", || !is_alive(child));
}

#[tokio::test]
async fn a_command_ends_with_its_turn() {
    let bench = Bench::new();
    let tools = tools(&bench);
    let (output, mut screen) = mpsc::channel::<String>(1);
    let input = json!({ "command": "trap '' TERM; echo $$ > pid; echo up; sleep 60 & wait; sleep 60" });
    let cancel = async {
        assert_eq!(screen.recv().await.unwrap(), "up\n");
        bench.cancel.cancel();
    };
    let (answer, ()) = tokio::join!(tools.0.call("run", &input, &output), cancel);
    let (ok, facts, data) = split(&answer.unwrap());
    assert!(!ok && facts[0] == "stopped, for the turn was ended" && data == "up\n", "{facts:?} {data}");
    assert!(!is_alive(pid_in(&bench.path(""), "pid")));
}

#[tokio::test]
async fn a_call_that_is_dropped_takes_its_whole_tree_along() {
    let bench = Bench::new();
    let launcher = launcher();
    let room = Room::of(&role(&["**"]), None).unwrap();
    let tools = Toolbox::new(bench.context(Some(room), launcher.clone())).unwrap();
    let (output, mut screen) = mpsc::channel::<String>(1);
    let input = json!({ "command": "setsid sleep 60 & echo $! > child; echo $$ > pid; echo up; wait" });
    tokio::select! {
        answer = tools.call("run", &input, &output) => panic!("it ended: {answer:?}"),
        up = screen.recv() => assert_eq!(up.unwrap(), "up\n"),
    }
    launcher.all_ended().await;
    for name in ["pid", "child"] {
        assert!(!is_alive(pid_in(&bench.path(""), name)), "{name}");
    }
}

#[tokio::test]
async fn what_cannot_be_a_command_is_refused_in_words() {
    let bench = Bench::new();
    let tools = tools(&bench);
    for (command, word) in
        [("", "empty"), (" \n", "empty"), ("a\0b", "NUL"), (&"x".repeat(200_000), "longer")]
    {
        let wrong = tools.wrong("run", json!({ "command": command })).await;
        assert!(wrong.contains(word), "{wrong}");
    }
    let unguarded = bench.tools(&["**"]);
    let wrong = unguarded.wrong("run", json!({ "command": "true" })).await;
    assert!(wrong.starts_with("could not start the guard `/no/guard`: "), "{wrong}");
}
