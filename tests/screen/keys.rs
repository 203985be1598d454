//! Keys as terminals send them.

use orchestra_testkit::until;

use super::*;

#[test]
fn an_escape_sequence_that_comes_a_byte_at_a_time_is_a_key_and_never_text() {
    let project = with_design();
    let mut screen = Emulator::start(&project, &ONCE);
    screen.wait_armed("r revise");
    screen.keys("r");
    screen.wait_for("What should change?");
    screen.keys("ne");
    screen.wait_for("ne");
    for sequence in ["\x1b[A", "\x1b[B", "\x1b[C", "\x1bOD", "\x1b[H", "\x1b[F", "\x1b[5~", "\x1b[1;5C"] {
        screen.bytes_apart(sequence.as_bytes());
    }
    screen.send_text("w one");
    screen.wait_without("What should change?");
    until("it is answered", || answers(&project) == 1);
    assert!(journal(&project).contains("\"feedback\":\"new one\""), "{}", journal(&project));
}
