//! The wheel and clicks.

use ratatui::crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind};

use super::*;

fn bench(size: (u16, u16)) -> TalkBench {
    let mut bench = TalkBench::running(PLAIN, size);
    assert_eq!(bench.press("tab M"), [TalkCommand::Mouse(true)]);
    bench
}

fn mouse(bench: &mut TalkBench, kind: MouseEventKind, (column, row): (u16, u16)) {
    bench.wait(500);
    let event = MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE };
    assert_eq!(bench.tell(TalkMsg::Mouse(event)), []);
}

const CLICK: MouseEventKind = MouseEventKind::Down(MouseButton::Left);

#[test]
fn the_wheel_scrolls_what_is_beneath_it_and_a_click_chooses() {
    let mut bench = bench((160, 15));
    mouse(&mut bench, MouseEventKind::ScrollUp, (10, 5));
    assert!(bench.seen().contains("(end: follow)"), "{}", bench.seen());
    mouse(&mut bench, CLICK, (120, 3));
    assert_eq!((bench.talk.pane, bench.talk.walk.row), (Pane::Tree, Some(1)));
    mouse(&mut bench, CLICK, (10, 13));
    assert_eq!(bench.talk.pane, Pane::Input);
    // What folds is opened by a click.
    bench.resize((80, 40));
    mouse(&mut bench, CLICK, (3, 6));
    assert!(bench.seen().contains("src/auth.rs:12"), "{}", bench.seen());
}

#[test]
fn a_click_answers_nothing_and_makes_what_waits_arm_anew() {
    for what in [What::Proposal(proposal()), What::Form(form())] {
        let mut bench = bench((100, 24));
        bench.waits(vec![open(1, what)]);
        for row in 0..24 {
            for column in [3, 20, 50, 80] {
                mouse(&mut bench, CLICK, (column, row));
            }
        }
        mouse(&mut bench, MouseEventKind::ScrollDown, (20, 10));
        assert_eq!(bench.wait(5_000), []);
        assert_eq!(bench.talk.asks.len(), 1);
    }
}

#[test]
fn a_mouse_that_is_left_to_the_terminal_does_nothing() {
    let mut bench = bench(USUAL);
    assert_eq!(bench.press("M"), [TalkCommand::Mouse(false)]);
    mouse(&mut bench, CLICK, (10, 22));
    assert_eq!(bench.talk.pane, Pane::Feed);
}
