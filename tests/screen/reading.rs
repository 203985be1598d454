//! What a person reads on the screen, and what they say of it.
//!
//! `tab` is pressed before a letter, so that a pane has the focus whichever had it before.

use super::*;

/// A project whose agent is held up in the middle of its only phase, having changed two files.
fn in_the_middle() -> (TestProject, Barrier) {
    let steps = "      - write: { path: src/new.txt, content: \"made by the agent\\n\" }\n      \
                 - write: { path: src/other.txt, content: \"and this\\n\" }\n";
    held_up(&one_phase(), steps)
}

#[test]
fn a_comment_on_a_line_of_the_diff_reaches_the_agent_that_mends_it() {
    let project = project(&PLAIN.replace(
        "  - when: { work: \"phase-*\" }\n",
        "  - when: { work: phase-2 }\n    steps:\n      - expect: \"src/M1-one-phase-1.txt:1: in German\"\n      \
         - expect: \"> +done\"\n      - expect: and soon\n      \
         - write: { path: src/two.txt, content: \"fertig\\n\" }\n    report: { summary: x }\n  \
         - when: { work: \"phase-*\" }\n",
    ));
    project.add(&one_phase());
    let mut screen = Emulator::start(&project, &ONCE);
    screen.wait_armed("a push");
    // What is searched for answers nothing, though its letters would.
    screen.keys("/+done\r");
    screen.wait_for("▸+done");
    screen.wait_armed("c comment");
    screen.keys("c");
    screen.wait_for("Comment on src/M1-one-phase-1.txt:1:");
    screen.send_text("in German");
    screen.wait_for("╰ in German");
    screen.wait_armed("r revise");
    screen.keys("r");
    screen.wait_for("src/M1-one-phase-1.txt:1: in German");
    screen.send_text("and soon");
    screen.wait_for("src/two.txt");
    assert!(!screen.screen().contains("╰ in German"), "it was sent: {}", screen.screen());
    screen.wait_armed("f finish without a push");
    assert_eq!(project.ledger(), ["M1-one phase-1", "M1-one phase-2"]);
    screen.keys("f");
    assert_eq!(screen.end(), 0, "{}", screen.screen());
    project.check();
}

#[test]
fn a_design_is_commented_on_and_sent_back() {
    let project = project(
        "version: 1\nturns:\n  - when: { work: rfc }\n    steps:\n      \
         - write: { path: \".orchestra/milestones/${milestone}/rfc.md\", content: \"# First\\n\\nA cookie.\\n\" }\n  \
         - when: { work: rfc, attempt: 2 }\n    steps:\n      - expect: \"rfc.md:3: why not a token\"\n      \
         - expect: \"> A cookie.\"\n      \
         - write: { path: \".orchestra/milestones/${milestone}/rfc.md\", content: \"# Second\\n\" }\n",
    );
    project.add(&Milestone::new("M1-one").phase("backend"));
    let mut screen = Emulator::start(&project, &ONCE);
    screen.wait_armed("a approve");
    screen.keys("/cookie\r");
    screen.wait_for("▸A cookie.");
    screen.wait_armed("c comment");
    screen.keys("c");
    screen.wait_for("Comment on rfc.md:3:");
    screen.send_text("why not a token");
    screen.wait_for("╰ why not a token");
    screen.wait_armed("r revise");
    screen.keys("r");
    screen.wait_for("rfc.md:3: why not a token");
    screen.linger();
    screen.keys("\r");
    screen.wait_for("Second");
    screen.wait_armed("s leave it waiting");
    screen.keys("s");
    assert_eq!(screen.end(), 3, "{}", screen.screen());
}

#[test]
fn what_a_running_agent_has_changed_so_far_is_shown_line_by_line() {
    let (project, barrier) = in_the_middle();
    project.write("notes.txt", "mine, before\n");
    project.write("ignored.log", "x\n");
    project.write(".git/info/exclude", "*.log\n");
    let mut screen = Emulator::start(&project, &ONCE);
    screen.wait_armed("k keep");
    screen.keys("k");
    let open = barrier.reach();
    screen.wait_for("ctrl-c interrupt");
    screen.keys("\t");
    screen.keys("v");
    screen.wait_for("The work tree beside what was there when attempt 1 of phase-1 began");
    screen.wait_for("+made by the agent");
    screen.wait_for("diff --git a/src/new.txt b/src/new.txt");
    for hidden in ["notes.txt", "ignored.log", ".state"] {
        assert!(!screen.screen().contains(hidden), "{}", screen.screen());
    }
    screen.keys("]");
    screen.wait_for("+and this");
    screen.keys("\x1b");
    drop(open);
    screen.wait_armed("f finish without a push");
    screen.keys("f");
    assert_eq!(screen.end(), 0, "{}", screen.screen());
    project.check();
}

#[test]
fn documents_turns_and_what_was_saved_are_gone_through() {
    let (project, barrier) = in_the_middle();
    project.write("notes.txt", "mine, before\n");
    let mut screen = Emulator::start(&project, &ONCE);
    screen.wait_armed("k keep");
    screen.keys("k");
    let open = barrier.reach();
    screen.wait_for("ctrl-c interrupt");
    screen.keys("\t");
    screen.keys("d");
    screen.wait_for("phases/phase-1.md (5 of 5)");
    for (at, name) in [(4, "context.md"), (3, "grooming.md"), (2, "prd.md"), (1, "milestone.md")] {
        screen.keys("[");
        screen.wait_for(&format!("document · M1-one · {name} ({at} of 5)"));
    }
    screen.keys("]");
    screen.wait_for("What and why");
    screen.keys("\x1b");
    screen.wait_without("What and why");

    screen.keys("t");
    screen.wait_for("transcript · M1-one · phase-1 · attempt 1 · turn 1 of 1");
    screen.keys("\x1b");
    screen.wait_without("turn 1 of 1");

    screen.keys("l");
    screen.wait_for("phase-1: attempt 1 began, by");
    screen.keys("&picked\r");
    screen.wait_for("only lines with “picked”");
    screen.wait_without("phase-1: attempt 1 began, by");
    screen.keys("\x1b");
    screen.wait_without("only lines");

    screen.keys("r");
    screen.wait_for("▸M1-one/");
    // Beside the one of the untouched base.
    screen.keys("/phase-1/1/before\r");
    screen.wait_for("▸M1-one/phase-1/1/before");
    screen.keys("\r");
    screen.wait_for("rescued · M1-one/phase-1/1/before");
    screen.wait_for("notes.txt  +1 −0");
    screen.keys("/+mine, before\r");
    screen.wait_for("/+mine, before (n next, N before)");
    screen.wait_for("diff --git a/notes.txt b/notes.txt");
    screen.keys("\x1b");
    screen.wait_for("▸M1-one/phase-1/1/before");
    screen.keys("\x1b");
    screen.wait_without("M1-one/phase-1/1/before");
    drop(open);
    screen.wait_armed("f finish without a push");
    screen.keys("f");
    assert_eq!(screen.end(), 0, "{}", screen.screen());
}
