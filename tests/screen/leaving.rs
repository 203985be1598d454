//! Ends, planned and not: the terminal is as it was found, and the next start goes on.

use rustix::process::Signal;

use super::*;

#[test]
fn ctrl_c_interrupts_the_agent_and_asks_and_leaves_where_none_runs() {
    let (project, barrier) = held_up(&one_phase(), "");
    let mut screen = Emulator::start(&project, &["start"]);
    let open = barrier.reach();
    screen.wait_for("ctrl-c interrupt");
    screen.keys("\x03");
    screen.wait_armed("t try again");
    assert!(screen.screen().contains("phase-1 was interrupted"), "{}", screen.screen());
    drop(open);
    screen.keys("t");
    drop(barrier.reach());
    screen.wait_armed("f finish without a push");
    screen.keys("f");
    screen.wait_for("waiting for new work");
    screen.keys("\x03");
    assert_eq!(screen.end(), 130, "{}", screen.screen());
    screen.is_as_it_was_found();
    assert_eq!(project.ledger(), ["M1-one phase-1", "M1-one close"]);
    project.check();
}

#[test]
fn f42_ctrl_z_and_a_stop_from_outside_give_the_terminal_back_and_take_it_again() {
    let (project, barrier) = held_up(&one_phase(), "");
    let mut screen = Emulator::start(&project, &ONCE);
    let open = barrier.reach();
    for _ in 0..3 {
        screen.wait_for("ctrl-c interrupt");
        screen.keys("\x1a");
        screen.wait_stopped();
        screen.wait_without("ctrl-c interrupt");
        screen.is_as_it_was_found();
        screen.signal(Signal::CONT);
        screen.wait_for("ctrl-c interrupt");
        screen.signal(Signal::TSTP);
        screen.wait_stopped();
        screen.wait_without("ctrl-c interrupt");
        screen.is_as_it_was_found();
        screen.signal(Signal::CONT);
    }
    screen.wait_for("ctrl-c interrupt");
    drop(open);
    screen.wait_armed("a push");
    screen.keys("a");
    assert_eq!(screen.end(), 0, "{}", screen.screen());
    screen.is_as_it_was_found();
}

#[test]
fn after_a_stop_from_outside_a_question_is_drawn_again_and_a_key_at_once_answers_nothing() {
    let project = with_design();
    let mut screen = Emulator::start(&project, &ONCE);
    screen.wait_armed("a approve");
    screen.signal(Signal::TSTP);
    screen.wait_stopped();
    screen.wait_left();
    screen.is_as_it_was_found();
    // Meant for the shell, and there before the question is seen again.
    screen.keys("a");
    screen.signal(Signal::CONT);
    screen.wait_for_screen("Approve RFC to start implementation?");
    screen.wait_armed("s leave it waiting");
    screen.keys("s");
    assert_eq!(screen.end(), 3, "{}", screen.screen());
    // That it is left waiting is the only answer.
    assert_eq!(answers(&project), 1, "{}", journal(&project));
    screen.is_as_it_was_found();
}

#[test]
fn a_signal_leaves_the_terminal_as_it_was_found() {
    let (project, barrier) = held_up(&one_phase(), "");
    let mut screen = Emulator::start(&project, &ONCE);
    let _open = barrier.reach();
    screen.wait_for("ctrl-c interrupt");
    screen.signal(Signal::TERM);
    assert_eq!(screen.end(), 143, "{}", screen.screen());
    screen.is_as_it_was_found();
    assert!(screen.screen().contains("left off: M1-one"), "{}", screen.screen());
    project.check();
}

#[test]
fn a_kill_leaves_no_screen_behind_and_the_next_start_goes_on() {
    let (project, barrier) = held_up(&one_phase(), "");
    let mut screen = Emulator::start(&project, &ONCE);
    let open = barrier.reach();
    screen.wait_for("ctrl-c interrupt");
    screen.signal(Signal::KILL);
    screen.wait_left();
    drop(open);
    let mut screen = Emulator::start(&project, &ONCE);
    // By now nothing of the first run is left that could come to the barrier.
    screen.wait_for("ctrl-c interrupt");
    drop(barrier.reach());
    screen.wait_armed("a push");
    screen.keys("f");
    assert_eq!(screen.end(), 0, "{}", screen.screen());
    screen.is_as_it_was_found();
    project.check();
}

#[test]
fn f41_a_worker_whose_terminal_is_closed_ends_and_the_next_start_goes_on() {
    let (project, barrier) = held_up(&one_phase(), "");
    // While an agent works, and while a question waits.
    let mut screen = Emulator::start(&project, &ONCE);
    let open = barrier.reach();
    screen.wait_for("ctrl-c interrupt");
    let ended = screen.hang_up();
    assert_eq!(ended.code(), Some(129), "{ended}");
    assert!(journal(&project).ends_with("\"record\":\"left\",\"code\":129}\n"), "{}", journal(&project));
    drop(open);
    let mut screen = Emulator::start(&project, &ONCE);
    drop(barrier.reach());
    screen.wait_armed("a push");
    let ended = screen.hang_up();
    assert_eq!(ended.code(), Some(129), "{ended}");
    assert!(journal(&project).ends_with("\"record\":\"left\",\"code\":129}\n"), "{}", journal(&project));
    assert_eq!(project.ledger(), ["M1-one phase-1"]);

    let mut screen = Emulator::start(&project, &ONCE);
    screen.wait_armed("a push");
    screen.keys("a");
    assert_eq!(screen.end(), 0, "{}", screen.screen());
    assert_eq!(project.remote_subjects(), project.subjects());
    project.check();
}
