//! Stopped and let go on: whoever works stands still with us, and goes on with us.

use std::fs;

use orchestra_testkit::until;
use rustix::process::Signal;

use super::*;

/// A project whose agent writes and writes, until it is enough.
struct Busy {
    project: TestProject,
}

impl Busy {
    fn new() -> Self {
        let line = "echo $$ >../pid; until [ -e ../enough ]; do echo x >>../progress; done";
        let project = project(&format!(
            "version: 1\nturns:\n  - when: {{ work: phase-1 }}\n    steps:\n      - run: \"{line}\"\n      \
             - write: {{ path: src/a.txt, content: \"in\\n\" }}\n    report: {{ summary: x }}\n  \
             - when: {{ work: \"review-*\" }}\n    report: {{ verdict: approved }}\n"
        ));
        project.add(&one_phase());
        Self { project }
    }

    fn progress(&self) -> u64 {
        fs::metadata(self.project.top().join("progress")).map_or(0, |file| file.len())
    }

    fn goes_on(&self) {
        let before = self.progress();
        until("the agent goes on", || self.progress() > before);
    }

    /// The agent's process, as the system lists it: its state comes first.
    fn state(&self) -> Option<char> {
        let pid = fs::read_to_string(self.project.top().join("pid")).unwrap();
        let stat = fs::read_to_string(format!("/proc/{}/stat", pid.trim())).ok()?;
        stat.rsplit(')').next()?.trim_start().chars().next()
    }

    fn stands(&self) {
        assert_eq!(self.state(), Some('T'));
        let then = self.progress();
        assert_eq!(self.state(), Some('T'));
        assert_eq!(self.progress(), then);
    }

    fn is_enough(&self) {
        fs::write(self.project.top().join("enough"), "").unwrap();
    }
}

/// Approves the push, and sees that all is well.
fn to_the_end(busy: &Busy, mut screen: Emulator) {
    busy.is_enough();
    screen.wait_armed("a push");
    screen.keys("a");
    assert_eq!(screen.end(), 0, "{}", screen.screen());
    screen.is_as_it_was_found();
    assert_eq!(busy.project.ledger(), ["M1-one phase-1", "M1-one close"]);
    busy.project.check();
}

#[test]
fn f42_the_agent_stands_still_while_we_do_and_goes_on_with_us() {
    let busy = Busy::new();
    let mut screen = Emulator::start(&busy.project, &ONCE);
    for round in 0..20 {
        screen.wait_for_screen("ctrl-c interrupt");
        busy.goes_on();
        if round % 2 == 0 {
            screen.keys("\x1a");
        } else {
            screen.signal(Signal::TSTP);
        }
        screen.wait_stopped();
        busy.stands();
        screen.wait_left();
        screen.is_as_it_was_found();
        busy.stands();
        screen.signal(Signal::CONT);
    }
    screen.wait_for_screen("ctrl-c interrupt");
    to_the_end(&busy, screen);
}

#[test]
fn f42_after_a_stop_that_nobody_heard_everything_is_drawn_again() {
    let busy = Busy::new();
    let mut screen = Emulator::start(&busy.project, &ONCE);
    for _ in 0..3 {
        screen.wait_for_screen("ctrl-c interrupt");
        busy.goes_on();
        screen.signal(Signal::STOP);
        screen.wait_stopped();
        // Nobody could tell it.
        busy.goes_on();
        screen.shell_takes_over();
        assert!(!screen.screen().contains("ctrl-c interrupt") && !screen.is_raw());
        screen.signal(Signal::CONT);
        screen.wait_for_screen("ctrl-c interrupt");
        assert!(!screen.screen().contains("shell>") && screen.is_raw(), "{}", screen.screen());
    }
    to_the_end(&busy, screen);
}

#[test]
fn f42_lines_stand_still_too() {
    let busy = Busy::new();
    let mut lines = Emulator::start(&busy.project, &["start", "--once", "--plain-ui"]);
    for round in 0..6 {
        until("the agent begins", || busy.progress() > 0);
        busy.goes_on();
        if round % 2 == 0 {
            lines.keys("\x1a");
        } else {
            lines.signal(Signal::TSTP);
        }
        lines.wait_stopped();
        busy.stands();
        lines.signal(Signal::CONT);
        busy.goes_on();
    }
    busy.is_enough();
    lines.wait_for("push");
    lines.signal(Signal::TERM);
    assert_eq!(lines.end(), 143);
    busy.project.check();
}

#[test]
fn f42_a_kill_of_whoever_stands_still_ends_the_agent_and_the_next_start_goes_on() {
    let busy = Busy::new();
    let mut screen = Emulator::start(&busy.project, &ONCE);
    screen.wait_for_screen("ctrl-c interrupt");
    busy.goes_on();
    screen.keys("\x1a");
    screen.wait_stopped();
    screen.signal(Signal::KILL);
    until("the agent's end", || busy.state().is_none());
    // It was left before: the shell is not written over.
    screen.wait_let_go();
    screen.is_as_it_was_found();
    let screen = Emulator::start(&busy.project, &ONCE);
    busy.goes_on();
    to_the_end(&busy, screen);
}

#[test]
fn f42_whoever_is_stopped_in_an_editor_stops_the_agent_too() {
    let busy = Busy::new();
    let ended = busy.project.top().join("ended");
    let editor = busy.project.top().join("editor");
    fs::write(&editor, format!("kill -TSTP 0\nkill -STOP $$\necho x >'{}'\n", ended.display())).unwrap();
    let editor = format!("/bin/sh {}", editor.display());
    let mut screen = Emulator::start_with(&busy.project, &ONCE, (24, 80), &[("EDITOR", &editor)]);
    screen.wait_for_screen("ctrl-c interrupt");
    busy.goes_on();
    screen.keys("\te");
    screen.wait_stopped();
    busy.stands();
    screen.wait_left();
    assert!(!ended.exists());
    screen.signal(Signal::CONT);
    until("the editor's end", || ended.exists());
    busy.goes_on();
    screen.wait_for_screen("Milestones");
    to_the_end(&busy, screen);
}

#[test]
fn f42_a_shell_stops_us_and_brings_us_back_and_in_the_background_nothing_goes_on() {
    let busy = Busy::new();
    let mut environment = busy.project.environment();
    environment.retain(|(name, _)| *name != "TERM");
    environment.extend([("PS1", "shell> ".into()), ("ENV", "/dev/null".into())]);
    let root = busy.project.root();
    // High enough for all that the shell says.
    let mut shell = Emulator::of("/bin/sh".as_ref(), &["-i"], &root, (200, 80), environment);
    shell.wait_for("shell> ");
    shell.keys(&format!("{} start --once\n", busy.project.program().display()));
    let wait_stopped = |shell: &mut Emulator, times: usize| {
        shell.wait_until("another stop", |shown| shown.text().matches("Stopped").count() == times);
        busy.stands();
    };
    for round in 0..20 {
        shell.wait_for_screen("ctrl-c interrupt");
        busy.goes_on();
        shell.keys("\x1a");
        wait_stopped(&mut shell, round + 1);
        shell.keys("fg\n");
    }
    shell.wait_for_screen("ctrl-c interrupt");
    shell.keys("\x1a");
    wait_stopped(&mut shell, 21);
    shell.keys("bg; echo be''hind\n");
    shell.wait_for("behind");
    busy.stands();
    shell.keys("fg\n");
    shell.wait_for_screen("ctrl-c interrupt");
    busy.goes_on();
    shell.keys("\x1a");
    shell.wait_until("another stop", |shown| shown.text().matches("Stopped").count() >= 22);
    shell.keys("kill %1; kill -CONT %1; while kill -0 %1; do sleep 0.1; done; echo co''de\n");
    shell.wait_for("code");
    until("the agent's end", || busy.state().is_none());
    shell.keys("exit\n");
    shell.end();
    shell.is_as_it_was_found();
    busy.project.check();
}
