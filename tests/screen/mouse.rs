//! The mouse: the terminal's, unless the person wants it to be ours, and never ours for longer than the screen.

use orchestra_testkit::until;
use rustix::process::Signal;

use super::manners::own_config;
use super::*;

/// A press of the left button and its release, at a column and a row from 1 (xterm, "SGR (1006)").
fn click(column: u16, row: u16) -> String {
    format!("\x1b[<0;{column};{row}M\x1b[<0;{column};{row}m")
}

/// A step of the wheel, upwards.
fn wheel_up(column: u16, row: u16) -> String {
    format!("\x1b[<64;{column};{row}M")
}

fn wants_the_mouse(project: &TestProject) {
    own_config(project, "mouse: on\n");
}

/// The row of a text on the screen, from 1.
fn row_of(screen: &Emulator, text: &str) -> u16 {
    let shown = screen.screen();
    let row = shown.lines().position(|line| line.contains(text)).unwrap_or_else(|| panic!("{shown}"));
    u16::try_from(row + 1).unwrap()
}

fn wait_for_mouse(screen: &mut Emulator) {
    while !screen.has_mouse() {
        screen.wait_for_bytes();
    }
}

#[test]
fn the_mouse_is_left_to_the_terminal_unless_somebody_wants_it() {
    let (project, barrier) = held_up(&one_phase(), "");
    let mut screen = Emulator::start(&project, &ONCE);
    let open = barrier.reach();
    screen.wait_for("ctrl-c interrupt");
    // As a terminal may send it that an earlier program left with its mouse on.
    screen.keys(&click(5, row_of(&screen, "Log ─")));
    screen.linger();
    assert!(screen.screen().contains(" Log ") && !screen.screen().contains("▸Log"), "{}", screen.screen());
    assert!(!screen.has_mouse());
    drop(open);
    screen.wait_armed("a push");
    screen.keys("f");
    assert_eq!(screen.end(), 0, "{}", screen.screen());
    screen.is_as_it_was_found();
    let said = String::from_utf8_lossy(screen.raw()).into_owned();
    assert!(!said.contains("?1000h") && !said.contains("?1006h"), "it was never asked for");
}

#[test]
fn whoever_wants_the_mouse_chooses_and_scrolls_with_it_and_answers_nothing() {
    let project = with_design();
    wants_the_mouse(&project);
    let mut screen = Emulator::start(&project, &ONCE);
    screen.wait_armed("a approve");
    assert!(screen.has_mouse());
    for text in ["a approve", "s leave it waiting"] {
        let row = row_of(&screen, text);
        // More at once than whoever reads keys takes at once.
        screen.keys(&(1..80).map(|column| click(column, row)).collect::<Vec<_>>().concat());
    }
    screen.linger();
    screen.wait_armed("a approve");
    assert_eq!(answers(&project), 0, "{}", journal(&project));
    screen.keys("\x1b");
    screen.wait_without("a approve");
    screen.keys(&click(5, row_of(&screen, "Log ─")));
    screen.wait_for("▸Log");
    screen.keys(&click(5, row_of(&screen, "M1-one")));
    screen.wait_for("▸Milestones");
    // What it began with is above what is in sight.
    let begin = "push: would go to";
    assert!(!screen.screen().contains(begin), "{}", screen.screen());
    screen.keys(&wheel_up(5, row_of(&screen, "Log ─") + 1));
    screen.wait_for(begin);
    screen.keys("g");
    screen.wait_armed("s leave it waiting");
    screen.keys("s");
    assert_eq!(screen.end(), 3, "{}", screen.screen());
    screen.is_as_it_was_found();
}

#[test]
fn a_key_takes_the_mouse_and_leaves_it_for_this_run() {
    let (project, barrier) = held_up(&one_phase(), "");
    let mut screen = Emulator::start(&project, &ONCE);
    let open = barrier.reach();
    screen.wait_for("ctrl-c interrupt");
    screen.keys("\tM");
    screen.wait_for("shift-drag selects text");
    assert!(screen.has_mouse());
    // It is ours again after the shell had it.
    screen.keys("\x1a");
    screen.wait_stopped();
    screen.wait_left();
    screen.is_as_it_was_found();
    screen.signal(Signal::CONT);
    screen.wait_for_screen("t transcript");
    assert!(screen.has_mouse());
    screen.keys("M");
    screen.wait_for("the mouse is off");
    assert!(!screen.has_mouse());
    screen.keys("M");
    screen.wait_for("the mouse is on");
    drop(open);
    screen.wait_armed("a push");
    screen.keys("f");
    assert_eq!(screen.end(), 0, "{}", screen.screen());
    screen.is_as_it_was_found();
}

#[test]
fn a_report_of_the_mouse_that_comes_a_byte_at_a_time_is_never_text() {
    let project = with_design();
    wants_the_mouse(&project);
    let mut screen = Emulator::start(&project, &ONCE);
    screen.wait_armed("r revise");
    screen.keys("r");
    screen.wait_for("What should change?");
    screen.keys("ne");
    screen.wait_for("ne");
    for report in [click(70, 20), wheel_up(1, 1), click(223, 223), "\x1b[<65;1000;1000M".to_owned()] {
        screen.bytes_apart(report.as_bytes());
        // Torn once, wherever that is.
        for at in 1..report.len() {
            screen.keys(&report[..at - 1]);
            screen.bytes_apart(&report.as_bytes()[at - 1..at]);
            screen.keys(&report[at..]);
        }
    }
    screen.send_text("w one");
    screen.wait_without("What should change?");
    until("it is answered", || answers(&project) == 1);
    assert!(journal(&project).contains("\"feedback\":\"new one\""), "{}", journal(&project));
}

#[test]
fn an_editor_gets_the_terminal_without_the_mouse() {
    let project = with_design();
    wants_the_mouse(&project);
    let (runs, go) = (project.top().join("runs"), project.top().join("go"));
    assert!(Command::new("mkfifo").arg(&go).status().unwrap().success());
    let editor = project.top().join("editor");
    let script = format!("#!/bin/sh\necho x >'{}'\ncat '{}'\n", runs.display(), go.display());
    crate::project::script(&editor, &script);
    let editor = editor.to_str().unwrap();
    let mut screen = Emulator::start_with(&project, &ONCE, (24, 80), &[("EDITOR", editor)]);
    screen.wait_armed("a approve");
    screen.keys("e");
    screen.wait_left();
    until("the editor runs", || runs.exists());
    screen.is_as_it_was_found();
    std::fs::write(&go, "").unwrap();
    screen.wait_armed("s leave it waiting");
    assert!(screen.has_mouse());
    screen.keys("s");
    assert_eq!(screen.end(), 3, "{}", screen.screen());
    screen.is_as_it_was_found();
}

#[test]
fn however_it_ends_the_mouse_is_the_terminals_again() {
    for signal in [Signal::TERM, Signal::HUP, Signal::KILL] {
        let (project, barrier) = held_up(&one_phase(), "");
        wants_the_mouse(&project);
        let mut screen = Emulator::start(&project, &ONCE);
        let _open = barrier.reach();
        screen.wait_for("ctrl-c interrupt");
        assert!(screen.has_mouse());
        screen.signal(signal);
        screen.wait_let_go();
        screen.wait_left();
    }
    let (project, barrier) = held_up(&one_phase(), "");
    wants_the_mouse(&project);
    let variables = [("PANIC_IN", "screen")];
    let mut screen = Emulator::start_with(&project, &ONCE, (24, 80), &variables);
    let _open = barrier.reach();
    wait_for_mouse(&mut screen);
    screen.wait_for("ctrl-c interrupt");
    screen.keys("x");
    assert_eq!(screen.end(), 1, "{}", screen.screen());
    screen.is_as_it_was_found();
}
