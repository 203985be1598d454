//! `orchestra pm --print`: for scripts, with nobody there to answer.

use super::*;

#[test]
fn one_question_is_answered_on_standard_output() {
    let project = planning(&["      - say: It is all there.\n"]);
    let ran = project.run(&["pm", "--print", "What is there?"]).expect(0);
    assert_eq!(ran.stdout, "   │ It is all there.\n", "{}", ran.stderr);
    nothing_is_planned(&project);
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
    let _ran = ran.says("✘ the script expected this in the prompt: what nobody says");
    nothing_is_planned(&project);
}
