//! Ends that nobody planned: of the worker by a signal, of an agent by the system, of whoever reads along.

use std::io::Read as _;
use std::process::Stdio;
use std::time::{Duration, Instant};

use orchestra_testkit::{TestProject, until};

use crate::agents::{TEN_LINES, project as with_program};
use crate::kills::nothing_runs;
use crate::trouble::{PLAIN, one_phase, project};

#[test]
fn f40_at_whatever_moment_a_signal_comes_it_is_heard_and_the_next_start_goes_on() {
    let project = project(PLAIN);
    project.add(&one_phase());
    let mut signals = ["TERM", "INT", "HUP"].into_iter().cycle();
    for turn in 1.. {
        let mut running = project.start(&["start", "--auto", "--once"]);
        let end = Instant::now() + Duration::from_millis(turn * 90);
        while Instant::now() < end && !running.has_ended() {
            std::thread::park_timeout(Duration::from_millis(2));
        }
        let has_ended = running.has_ended();
        let signal = signals.next().unwrap();
        if !has_ended {
            running.signal(signal);
        }
        let ran = running.wait();
        until("nothing of the run is alive", || nothing_runs(&project));
        if ran.code == Some(0) {
            break;
        }
        // Before it listens, a signal ends it as any other program.
        let expected = match signal {
            "TERM" => Some(143),
            "INT" => Some(130),
            _ => Some(129),
        };
        assert!(ran.code == expected || ran.code.is_none(), "{signal}: {:?} {}", ran.code, ran.said());
        assert!(turn < 100, "it does not come to an end");
    }
    assert_eq!(project.ledger(), ["M1-one phase-1", "M1-one close"]);
    assert_eq!(project.remote_subjects(), project.subjects());
    project.check();
}

#[test]
fn f43_a_reader_that_does_not_read_holds_up_no_work() {
    let project = project(
        "version: 1\nturns:\n  - when: { work: phase-1 }\n    steps:\n      - run: |\n          i=0; while [ $i -lt 4000 ]; do echo \"line $i of what an agent prints, as long as any\"; i=$((i + 1)); done\n      \
         - write: { path: src/a.txt, content: \"in\\n\" }\n    report: { summary: x }\n  \
         - when: { work: \"review-*\" }\n    report: { verdict: approved }\n",
    );
    project.add(&one_phase());
    let mut command = project.orchestra(&["start", "--auto", "--once", "--output", "json"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    until("it is published", || project.remote_subjects().iter().any(|subject| subject.contains("close")));
    let mut said = String::new();
    child.stdout.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert!(said.lines().all(|line| line.starts_with('{') && line.ends_with('}')), "{said}");
    project.check();
}

#[test]
fn f43_a_signal_is_heard_also_where_nobody_reads() {
    let project = project(
        "version: 1\nturns:\n  - when: { work: phase-1 }\n    steps:\n      - run: |\n          i=0; while [ $i -lt 4000 ]; do echo \"line $i of what an agent prints, as long as any\"; i=$((i + 1)); done\n          touch ../printed; sleep 1000\n",
    );
    project.add(&one_phase());
    let mut command = project.orchestra(&["start", "--auto", "--once", "--output", "json"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    until("the agent has printed", || project.top().join("printed").exists());
    let sent = std::process::Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
    assert_eq!(child.wait().unwrap().code(), Some(143));
    until("nothing of the run is alive", || nothing_runs(&project));
    project.check();
}

/// The ten lines, which begin like this the first time.
fn that_first(does: &str) -> TestProject {
    let first = format!("[ -e ../tried ] || {{ touch ../tried; {does}; }}\ncase \"$ORCHESTRA_PHASE\"");
    let program = TEN_LINES.replace("case \"$ORCHESTRA_PHASE\"", &first);
    with_program("{ kind: command, run: [\"BIN/claude\"] }", &program)
}

#[test]
fn f46_an_agent_that_the_system_killed_is_said_to_be_and_tried_again() {
    let project = that_first("echo half > src/hello.txt; kill -KILL $$");
    let _ran = project.build().expect(0).says("signal 9");
    assert_eq!(project.ledger(), ["M1-any phase-1", "M1-any close"]);
    assert_eq!(project.git(&["show", "HEAD~1:src/hello.txt"]), "hello\n");
    project.check();
}

#[test]
fn f55_an_agent_that_ends_in_the_middle_of_its_report_has_given_none() {
    let project = that_first("printf '{ \"summary\": \"x' > \"$ORCHESTRA_REPORT\"; exit 0");
    let _ran = project.build().expect(0).says("(attempt 2)");
    assert_eq!(project.ledger(), ["M1-any phase-1", "M1-any close"]);
    project.check();
}

#[test]
fn f58_an_agent_that_asks_gets_no_answer_and_no_terminal() {
    let project = that_first(
        "if read -r answer < /dev/tty; then touch ../answered; fi; cat > /dev/null; read -r more && touch ../answered; :",
    );
    let _ran = project.build().expect(0);
    assert!(!project.top().join("answered").exists());
    assert_eq!(project.ledger(), ["M1-any phase-1", "M1-any close"]);
    project.check();
}
