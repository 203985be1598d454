//! The screen stands before anything is read. What has to be said or asked first is said and asked on the ordinary one.

use rustix::process::Signal;

use super::*;

/// Whether the program has ever taken the screen over.
fn was_taken_over(screen: &Emulator) -> bool {
    screen.raw().windows(8).any(|bytes| bytes == b"\x1b[?1049h")
}

#[test]
fn the_screen_stands_before_the_repository_is_looked_at_and_ctrl_c_ends_it_there() {
    let project = with_design();
    // A git that stands still.
    let (bin, barrier) = (project.top().join("bin"), Barrier::make(&project));
    std::fs::create_dir(&bin).unwrap();
    let path = std::env::var("PATH").unwrap();
    crate::project::script(
        &bin.join("git"),
        &format!("#!/bin/sh\nPATH='{path}'\nexec cat '{}'\n", barrier.0.display()),
    );
    let path = format!("{}:{path}", bin.display());
    let mut screen = Emulator::start_with(&project, &ONCE, (24, 80), &[("PATH", &path)]);
    let _open = barrier.reach();
    screen.wait_for_screen("M1-one");
    assert!(screen.screen().contains("looking"), "{}", screen.screen());
    screen.keys("\x1a");
    screen.keys("\x03");
    screen.wait_left();
    assert_eq!(screen.end(), 130, "{}", screen.screen());
    screen.is_as_it_was_found();
    // The same with what somebody else sends.
    for (signal, code) in [(Signal::TERM, 143), (Signal::HUP, 129), (Signal::INT, 130)] {
        let mut screen = Emulator::start_with(&project, &ONCE, (24, 80), &[("PATH", &path)]);
        let _open = barrier.reach();
        screen.wait_for_screen("M1-one");
        screen.signal(signal);
        assert_eq!(screen.end(), code, "{}", screen.screen());
        screen.is_as_it_was_found();
    }
}

#[test]
fn what_breaks_before_the_run_begins_is_told_on_the_ordinary_screen() {
    let project = with_design();
    let mut screen = Emulator::start_with(&project, &ONCE, (24, 80), &[("PANIC_IN", "curtain")]);
    assert_eq!(screen.end(), 1, "{}", screen.screen());
    screen.is_as_it_was_found();
    assert!(was_taken_over(&screen));
    assert!(screen.screen().contains("This is a fault of Orchestra itself."), "{}", screen.screen());
}

#[test]
fn what_is_trusted_is_asked_about_on_the_ordinary_screen() {
    let project = with_design();
    let config = project.read(".orchestra/config.yaml").replace("sh check.sh", "sh other.sh");
    project.write(".orchestra/config.yaml", &config);
    let mut screen = Emulator::start(&project, &ONCE);
    screen.wait_for("May Orchestra run these here?");
    assert!(was_taken_over(&screen), "something was agreed to before");
    assert!(!screen.cells().alternate_screen(), "{}", screen.screen());
    screen.keys("n\r");
    assert_eq!(screen.end(), 2, "{}", screen.screen());
    screen.is_as_it_was_found();
}

#[test]
fn a_slip_of_the_pen_is_told_on_the_ordinary_screen() {
    let project = with_design();
    let mut screen = Emulator::start(&project, &["start", "--milestone", "M9"]);
    assert_eq!(screen.end(), 2, "{}", screen.screen());
    screen.is_as_it_was_found();
    assert!(screen.screen().contains("there is no milestone M9"), "{}", screen.screen());
    project.write(".orchestra/config.yaml", "version: 1\nverifi: []\n");
    let mut screen = Emulator::start(&project, &ONCE);
    assert_eq!(screen.end(), 2, "{}", screen.screen());
    screen.is_as_it_was_found();
    assert!(screen.screen().contains("verifi"), "{}", screen.screen());
}

#[test]
fn where_somebody_works_already_the_screen_is_not_touched() {
    let (project, barrier) = held_up(&one_phase(), "");
    let mut first = Emulator::start(&project, &ONCE);
    let _open = barrier.reach();
    first.wait_for("ctrl-c interrupt");
    let mut second = Emulator::start(&project, &ONCE);
    assert_eq!(second.end(), 4, "{}", second.screen());
    assert!(!was_taken_over(&second), "{}", second.screen());
    first.keys("\x03");
    first.wait_armed("t try again");
}

#[test]
fn where_nothing_was_ever_agreed_to_the_screen_comes_after_the_question() {
    let project = with_design();
    std::fs::remove_dir_all(project.home()).unwrap();
    std::fs::create_dir(project.home()).unwrap();
    let mut screen = Emulator::start(&project, &ONCE);
    screen.wait_for("May Orchestra run these here?");
    assert!(!was_taken_over(&screen), "{}", screen.screen());
    screen.keys("y\r");
    screen.wait_for_screen("waits for you");
}

#[test]
fn where_a_push_would_go_is_the_first_line_of_the_log() {
    let project = with_design();
    let mut screen = Emulator::start_with(&project, &ONCE, (45, 100), &[]);
    screen.wait_armed("s leave it waiting");
    screen.keys("\x1b");
    screen.wait_for("push: would go to origin");
}

#[test]
fn a_filter_that_comes_while_trust_is_asked_about_is_not_run() {
    let project = with_design();
    let config = project.read(".orchestra/config.yaml").replace("sh check.sh", "sh other.sh");
    project.write(".orchestra/config.yaml", &config);
    let mut screen = Emulator::start(&project, &ONCE);
    screen.wait_for("May Orchestra run these here?");
    let ran = project.top().join("filter-ran");
    project.git(&["config", "filter.x.clean", &format!("sh -c 'touch {}; cat'", ran.display())]);
    project.write(".gitattributes", "* filter=x\n");
    project.write("check.sh", "true\n");
    screen.keys("y\r");
    // What it says about the filter is a question of its own.
    screen.wait_for("filter.x.clean");
    assert!(!ran.exists(), "nobody agreed to it");
}
