//! Faults of our own: whatever breaks, the terminal is given back and the next start goes on.

use orchestra_testkit::{Emulator, until};
use rustix::process::Signal;

use crate::kills::nothing_runs;
use crate::screen::{held_up, journal};
use crate::trouble::one_phase;

#[test]
fn f45_a_panic_in_any_thread_gives_the_terminal_back_and_the_next_start_goes_on() {
    for place in ["screen", "keys", "worker"] {
        let (project, barrier) = held_up(&one_phase(), "");
        let variables = [("PANIC_IN", place)];
        let mut screen = Emulator::start_with(&project, &["start", "--once"], (24, 80), &variables);
        let open = barrier.reach();
        screen.wait_for("ctrl-c interrupt");
        if place == "worker" {
            screen.signal(Signal::USR1);
        } else {
            screen.keys("x");
        }
        assert_eq!(screen.end(), 1, "{place}: {}", screen.screen());
        screen.is_as_it_was_found();
        let said = String::from_utf8_lossy(screen.raw()).into_owned();
        assert!(said.contains(&format!("a test wanted a panic: {place}")), "{said}");
        until("its agent has ended", || nothing_runs(&project));
        // What broke itself could not write what it came to.
        let left = journal(&project).ends_with("\"record\":\"left\",\"code\":1}\n");
        assert_eq!(left, place != "worker", "{}", journal(&project));
        drop(open);

        let mut screen = Emulator::start(&project, &["start", "--once"]);
        drop(barrier.reach());
        screen.wait_armed("a push");
        screen.keys("a");
        assert_eq!(screen.end(), 0, "{place}: {}", screen.screen());
        assert_eq!(project.ledger(), ["M1-one phase-1", "M1-one close"]);
        project.check();
    }
}
