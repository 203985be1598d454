//! `orchestra pm --print`: for scripts, with nobody there to answer.

use std::io::Write as _;
use std::process::Stdio;

use super::*;

#[test]
fn one_question_is_answered_on_standard_output() {
    let project = planning(&["      - say: It is all there.\n"]);
    let ran = project.run(&["pm", "--print", "What is there?"]).expect(0);
    assert_eq!(ran.stdout, "It is all there.\n", "{}", ran.stderr);
    nothing_is_planned(&project);
}

#[test]
fn an_answer_is_whole_and_alone_on_standard_output() {
    let long = "word ".repeat(2_000);
    let answer = format!("# There is\n\n    {long}end\n\n- a\ttab\u{1b}[2J");
    let say = |text: &str| format!("      - say: {}\n", json!(text));
    let project = planning(&[&format!(
        "{}      - notice: I look.\n      - run: \"true\"\n{}",
        say("I look at it."),
        say(&answer)
    )]);
    let ran = project.run(&["pm", "--print", "What is there?"]).expect(0);
    // What moves a cursor is written out.
    let answer = answer.replace('\u{1b}', "\\u{1b}");
    assert_eq!(ran.stdout, format!("I look at it.\n{answer}\n"), "{}", ran.stderr);
}

#[test]
fn without_a_terminal_nothing_that_is_piped_is_an_answer() {
    let project = planning(&[&call("propose_milestone", &login())]);
    for args in [&["pm"][..], &["pm", "--plain-ui"], &["role", "backend"]] {
        let mut command = project.orchestra(args);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // It may be gone before it is told.
        let _told = child.stdin.take().unwrap().write_all(b"Let people log in\n1\n1\n1\n");
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {said}");
        assert!(said.contains("--print") && said.contains("orchestra propose FILE"), "{args:?}: {said}");
        assert_eq!(output.stdout, b"", "{args:?}");
        assert!(!project.has(".orchestra/milestones/M1-user-login"), "{args:?}");
        assert!(!journal(&project).contains("created"), "{args:?}");
    }
    // Whoever only wants to see them is nobody who answers.
    let _ran = project.run(&["pm", "--resume"]).expect(0).says("There is no conversation yet.");
}

#[test]
fn with_output_json_each_line_is_json_with_the_text_in_it() {
    let project = planning(&["      - say: It is all there.\n"]);
    let ran = project.run(&["pm", "--print", "What is there?", "--output", "json"]).expect(0);
    let lines: Vec<Value> = ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(
        lines.iter().any(|line| line["event"] == "text" && line["text"] == "It is all there.\n"),
        "{lines:?}"
    );
}

#[test]
fn what_is_proposed_waits_for_the_person_and_nothing_is_written() {
    for output in ["text", "json"] {
        let project = planning(&[&call("propose_milestone", &login())]);
        let ran = project.run(&["pm", "--print", "Let people log in", "--output", output]).expect(3);
        let _ran = ran.clone().says("Something waits for you: `orchestra pm --resume ");
        if output == "text" {
            assert_eq!(ran.stdout, "", "it is no answer");
            let _ran = ran.says("creates .orchestra/milestones/M1-user-login/phases/phase-1.md");
        }
        nothing_is_planned(&project);
        // The person comes, and finds it.
        let mut screen = Emulator::start_with(&project, &["pm", "--resume", "1"], (45, 160), &[]);
        screen.wait_armed("a create");
        screen.keys("a");
        screen.wait_for("M1-user-login ready");
        assert!(project.has(".orchestra/milestones/M1-user-login/phases/phase-1.md"));
    }
}

#[test]
fn a_turn_that_fails_is_told_and_ends_with_1() {
    let project = planning(&["      - expect: what nobody says\n"]);
    let ran = project.run(&["pm", "--print", "Hello"]).expect(1);
    assert_eq!(ran.stdout, "", "{}", ran.stderr);
    let _ran = ran.says("✘ the script expected this in the prompt: what nobody says");
    nothing_is_planned(&project);
}
