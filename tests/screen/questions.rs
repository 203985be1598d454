//! Questions: read, answered, put aside, and not answered by what was meant for something else.

use orchestra_testkit::until;

use super::*;

#[test]
fn a_milestone_is_built_on_the_screen_from_its_design_to_the_push() {
    let project = with_design();
    let mut screen = Emulator::start(&project, &ONCE);
    screen.wait_for("waits for you");
    screen.wait_for("Design");
    screen.wait_armed("a approve");
    screen.keys("a");
    screen.wait_armed("a push");
    assert!(screen.screen().contains("add phase-1"), "{}", screen.screen());
    screen.keys("a");
    assert_eq!(screen.end(), 0, "{}", screen.screen());
    screen.is_as_it_was_found();
    assert!(screen.screen().contains("done: M1-one"), "{}", screen.screen());
    assert!(screen.screen().contains("pushed to origin"), "{}", screen.screen());
    assert_eq!(project.ledger(), ["M1-one rfc", "M1-one phase-1", "M1-one close"]);
    assert_eq!(project.remote_subjects(), project.subjects());
    project.check();
}

#[test]
fn a_design_is_sent_back_with_several_lines_of_words() {
    let project = project(
        "version: 1\nturns:\n  - when: { work: rfc }\n    steps:\n      \
         - write: { path: \".orchestra/milestones/${milestone}/rfc.md\", content: \"# First\\n\" }\n  \
         - when: { work: rfc, attempt: 2 }\n    steps:\n      - expect: say why not a cookie\n      \
         - expect: and how long it lasts\n      \
         - write: { path: \".orchestra/milestones/${milestone}/rfc.md\", content: \"# Second\\n\" }\n",
    );
    project.add(&Milestone::new("M1-one").phase("backend"));
    let mut screen = Emulator::start(&project, &ONCE);
    screen.wait_for("First");
    screen.wait_armed("r revise");
    screen.keys("r");
    screen.wait_for("What should change?");
    screen.keys("say why not a cookie");
    screen.keys("\x1b\r");
    screen.send_text("and how long it lasts");
    screen.wait_for("Second");
    assert!(
        journal(&project).contains("say why not a cookie\\nand how long it lasts"),
        "{}",
        journal(&project)
    );
    screen.wait_armed("s leave it waiting");
    screen.keys("s");
    assert_eq!(screen.end(), 3, "{}", screen.screen());
    assert_eq!(project.read(".orchestra/milestones/M1-one/rfc.md"), "# Second\n");
}

#[test]
fn a56_what_was_typed_before_a_question_or_together_answers_nothing() {
    let (project, barrier) = held_up(&one_phase(), "");
    let mut screen = Emulator::start(&project, &ONCE);
    let open = barrier.reach();
    screen.wait_for("ctrl-c interrupt");
    screen.keys("aaaa");
    drop(open);
    screen.wait_for("a push");
    screen.keys("aaaa");
    screen.wait_armed("a push");
    screen.keys("aaaa");
    screen.wait_until("keys that come together make it wait", |shown| !shown.is_lit("a push"));
    screen.wait_armed("a push");
    assert_eq!(answers(&project), 0, "{}", journal(&project));
    assert_eq!(project.remote_subjects().len(), 2);
    screen.keys("a");
    assert_eq!(screen.end(), 0, "{}", screen.screen());
    assert_eq!(answers(&project), 1, "{}", journal(&project));
}

#[test]
fn a58_a_paste_answers_nothing() {
    let project = with_turn("  - steps: [ { write: { path: src/a.txt, content: \"in\\n\" } } ]");
    let mut screen = Emulator::start(&project, &ONCE);
    for paste in ["a", "a\n", "a\r\nyes\n"] {
        screen.wait_armed("a push");
        screen.keys(&format!("\x1b[200~{paste}\x1b[201~"));
        screen.wait_for_frame();
        // An answer that is about to count makes the question dim, and then it is gone.
        assert!(screen.is_armed("a push"), "{}", screen.screen());
    }
    assert_eq!(answers(&project), 0, "{}", journal(&project));
    screen.keys("\x03");
    assert_eq!(screen.end(), 130, "{}", screen.screen());
    assert_eq!(answers(&project), 0, "{}", journal(&project));
}

#[test]
fn a_question_is_put_aside_and_brought_back() {
    let project = with_design();
    let mut screen = Emulator::start(&project, &ONCE);
    screen.wait_armed("a approve");
    screen.keys("\x1b");
    screen.wait_for("g answer: rfc");
    assert!(!screen.screen().contains("a approve"), "{}", screen.screen());
    // What would answer does nothing while it is aside.
    screen.keys("a");
    screen.wait_for_frame();
    screen.keys("g");
    screen.wait_armed("a approve");
    assert_eq!(answers(&project), 0, "{}", journal(&project));
    screen.keys("s");
    assert_eq!(screen.end(), 3, "{}", screen.screen());
}

#[test]
fn a_question_that_is_answered_elsewhere_closes() {
    let (project, barrier) = held_up(&Milestone::new("M1-one").phase("backend"), "");
    project.write("../design", "# Mine\n");
    let mut screen = Emulator::start(&project, &ONCE);
    screen.wait_for("a approve");
    project.answer(&["approve"]);
    screen.wait_without("a approve");
    drop(barrier.reach());
    screen.wait_for("a push");
    until("it is asked", || !project.gates().is_empty());
    project.answer(&["finish"]);
    assert_eq!(screen.end(), 0, "{}", screen.screen());
    assert!(screen.screen().contains("done: M1-one"), "{}", screen.screen());
    project.check();
}

#[test]
fn what_failed_is_tried_again_with_a_note() {
    let project = with_turn(
        "  - when: { work: phase-1 }\n    report: { summary: nothing to do }\n  \
         - when: { work: phase-1, attempt: 3 }\n    steps:\n      - expect: it is in src\n      \
         - write: { path: src/a.txt, content: \"in\\n\" }\n    report: { summary: x }\n",
    );
    let mut screen = Emulator::start(&project, &ONCE);
    screen.wait_armed("n with a note");
    screen.keys("n");
    screen.wait_for("A note for the agent:");
    screen.send_text("it is in src");
    screen.wait_armed("f finish without a push");
    screen.keys("f");
    assert_eq!(screen.end(), 0, "{}", screen.screen());
    assert_eq!(project.ledger(), ["M1-one phase-1", "M1-one close"]);
    project.check();
}
