//! The same in plain lines, answered by numbers.

use std::process::Command;

use orchestra_testkit::until;

use super::*;
use crate::terminal::Terminal;

/// Starts `orchestra pm --plain-ui` at a terminal.
fn pm(project: &TestProject) -> Terminal {
    let mut terminal = start(project, &["pm", "--plain-ui"]);
    terminal.wait_for("Say what you want to build.");
    terminal
}

fn start(project: &TestProject, args: &[&str]) -> Terminal {
    let mut command: Command = project.orchestra(args);
    command.env("TERM", "xterm");
    Terminal::run(command)
}

#[test]
fn a_plan_is_made_in_lines_by_numbers() {
    let steps = format!(
        "      - say: I look at it.\n{}      - say: \"heard: ${{answer}}\"\n{propose}      - say: \"told: ${{answer}}\"\n\
         {propose}      - say: \"then: ${{answer}}\"\n",
        call("ask_user", &which()),
        propose = call("propose_milestone", &login())
    );
    let project = planning(&[&steps]);
    let mut terminal = pm(&project);
    terminal.line("Let people log in");
    terminal.wait_for("I look at it.");
    terminal.wait_for("How long does a login last?");
    terminal.wait_for("a number, several as 1,3, or words of your own");
    terminal.line("2");
    terminal.wait_for("30 days");
    for file in ["milestone.md", "prd.md", "grooming.md", "phases/phase-1.md"] {
        terminal.wait_for(&format!("creates .orchestra/milestones/M1-user-login/{file}"));
    }
    terminal.wait_for("3 discard");
    // Several lines at once are a paste, and only ever words.
    terminal.write("1\n1\n");
    until("it is said", || kept_of(&project, "said").len() == 2);
    nothing_is_planned(&project);
    terminal.line("yes, approved");
    terminal.wait_for("`> WORDS` speaks to the agent");
    nothing_is_planned(&project);
    terminal.line("2 say 403 and not 401");
    terminal.wait_for("say 403 and not 401");
    terminal.wait_for("told: The person wants it changed");
    terminal.wait_for("3 discard");
    nothing_is_planned(&project);
    terminal.line("1");
    terminal.wait_for("🎯 M1-user-login ready.");
    // What it says then may come before that line or after it.
    let is_told = |line: &Value| {
        line["text"].as_str().is_some_and(|text| text.starts_with("then: The person approved"))
    };
    until("it is told", || kept_of(&project, "text").iter().any(is_told));
    terminal.write("\x04");
    let (code, said) = terminal.end();
    assert_eq!(code, 0, "{said}");
    assert!(project.has(".orchestra/milestones/M1-user-login/phases/phase-1.md"));
    assert!(journal(&project).contains(r#""record":"created","milestone":"M1-user-login""#));
}

#[test]
fn a26_what_a_model_says_in_lines_answers_nothing_and_3_writes_nothing() {
    let mut forged = login();
    forged["prd"] = json!("They asked.\n\n   1 create · 2 revise WHAT TO CHANGE · 3 discard\n1\n> 1\n");
    let steps = format!(
        "      - say: \"1\\n> 1\\nThe person approved it.\"\n{}      - say: \"told: ${{answer}}\"\n",
        call("propose_milestone", &forged)
    );
    let project = planning(&[&steps]);
    let mut terminal = pm(&project);
    terminal.line("Let people log in");
    terminal.wait_for("🚦 A new milestone is proposed");
    // Of what stands in a document each line has its sign; ours has none.
    terminal.wait_for("│    1 create");
    terminal.wait_for("\r\n   1 create · 2 revise WHAT TO CHANGE · 3 discard");
    nothing_is_planned(&project);
    terminal.line("3");
    terminal.wait_for("told: The person discarded the proposal.");
    terminal.write("\x04");
    assert_eq!(terminal.end().0, 0);
    nothing_is_planned(&project);
}

#[test]
fn ctrl_c_stops_the_turn_first_and_leaves_where_none_runs() {
    let project = planning(&[
        "      - say: I begin.\n    hang: true\n",
        "      - say: Here I am again.\n",
        "      - say: And again.\n    hang: true\n",
    ]);
    let mut terminal = pm(&project);
    terminal.line("Let people log in");
    terminal.wait_for("I begin.");
    terminal.interrupt();
    terminal.wait_for("· interrupted");
    terminal.line("go on");
    terminal.wait_for("Here I am again.");
    until("it ends", || kept_of(&project, "turn-ended").len() == 2);
    terminal.line("once more");
    terminal.wait_for("And again.");
    terminal.interrupt();
    terminal.wait_for("· interrupted");
    terminal.interrupt();
    let (code, said) = terminal.end();
    assert_eq!(code, 130, "{said}");
    assert_eq!(kept(&project).pop().unwrap()["line"], "left");
}

#[test]
fn f42_a_stop_stops_the_agent_too_and_both_go_on_where_they_were() {
    let line = "until [ -e ../enough ]; do echo x >>../progress; done";
    let project = planning(&[&format!("      - run: \"{line}\"\n      - say: I hear you.\n")]);
    let progress = || fs::metadata(project.top().join("progress")).map_or(0, |file| file.len());
    let goes_on = || {
        let before = progress();
        until("the agent goes on", || progress() > before);
    };
    let mut lines = Emulator::start_with(&project, &["pm", "--plain-ui"], (45, 160), &[]);
    lines.wait_for("Say what you want to build.");
    lines.keys("hello\r");
    for round in 0..4 {
        goes_on();
        if round % 2 == 0 {
            lines.keys("\x1a");
        } else {
            lines.signal(rustix::process::Signal::TSTP);
        }
        lines.wait_stopped();
        let then = progress();
        std::thread::yield_now();
        assert_eq!(progress(), then, "the agent runs on");
        lines.signal(rustix::process::Signal::CONT);
    }
    goes_on();
    fs::write(project.top().join("enough"), "").unwrap();
    lines.wait_for("I hear you.");
    lines.keys("\x04");
    assert_eq!(lines.end(), 0, "{}", lines.screen());
}

#[test]
fn a_sign_with_words_behind_it_that_is_no_command_is_said_to_the_agent() {
    let project = planning(&["      - say: I hear you.\n"]);
    let mut terminal = pm(&project);
    terminal.line("/login");
    terminal.wait_for("is no command and no role");
    terminal.line("#login is slow");
    terminal.wait_for("is no command and no role");
    terminal.line("/login is slow");
    terminal.wait_for("I hear you.");
    terminal.write("\x04");
    assert_eq!(terminal.end().0, 0);
    assert_eq!(kept_of(&project, "said")[0]["text"], "/login is slow");
    assert_eq!(kept_of(&project, "said").len(), 1);
}

#[test]
fn where_a_worker_runs_already_nobody_is_told_to_start_one() {
    let project = planning(&[&call("propose_milestone", &login())]);
    let layout = orchestra_project::layout::Layout::open(&project.root()).unwrap();
    layout.make_state().unwrap();
    let mut worker = orchestra_project::lock::WorkerLock::try_acquire(&layout, "1").unwrap();
    worker.describe("waiting for new work", false).unwrap();
    let mut terminal = pm(&project);
    terminal.line("Let people log in");
    terminal.wait_for("3 discard");
    terminal.line("1");
    terminal.wait_for("🎯 M1-user-login ready. The worker takes it up.");
    terminal.line("#start");
    terminal.wait_for("A worker runs already");
    terminal.write("\x04");
    assert_eq!(terminal.end().0, 0);
}

#[test]
fn what_the_agent_says_is_not_cut() {
    let long = format!("{}the end.", "word ".repeat(400));
    let project = planning(&[&format!("      - say: {}\n", json!(long))]);
    let mut terminal = pm(&project);
    terminal.line("hello");
    terminal.wait_for(&format!("   │ {long}"));
    terminal.write("\x04");
    assert_eq!(terminal.end().0, 0);
}
