use ratatui::crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use unicode_width::UnicodeWidthStr as _;

use super::*;
use crate::testing::milestone;
use crate::viewer::{Reading, Want};

const CLICK: MouseEventKind = MouseEventKind::Down(MouseButton::Left);
const UP: MouseEventKind = MouseEventKind::ScrollUp;
const DOWN: MouseEventKind = MouseEventKind::ScrollDown;

fn at(kind: MouseEventKind, (column, row): (u16, u16)) -> Msg {
    Msg::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE })
}

/// The mouse does this where a text is seen. It wants nothing done.
fn on(bench: &mut Bench, kind: MouseEventKind, text: &str) {
    let seen = bench.seen();
    let mut rows = seen.lines().enumerate();
    let found = rows.find_map(|(row, line)| line.find(text).map(|at| (line[..at].width(), row)));
    let (column, row) = found.unwrap_or_else(|| panic!("no {text:?} in\n{seen}"));
    let place = (u16::try_from(column).unwrap(), u16::try_from(row).unwrap());
    assert_eq!(bench.tell(at(kind, place)), []);
}

/// A person who took the mouse.
fn with_mouse(size: (u16, u16)) -> Bench {
    let mut bench = Bench::looking(PLAIN, size);
    assert_eq!(bench.press("M"), [Command::Mouse(true)]);
    bench
}

#[test]
fn the_mouse_is_taken_and_left_by_a_key_and_what_is_on_its_way_then_is_nothing() {
    let mut bench = Bench::looking(PLAIN, USUAL);
    on(&mut bench, CLICK, "Log ─");
    assert_eq!(bench.screen.focus, Focus::Feed, "it is nobody's at first");
    assert_eq!(bench.press("M"), [Command::Mouse(true)]);
    assert!(bench.seen().contains("shift-drag selects text"), "{}", bench.seen());
    on(&mut bench, CLICK, "Log ─");
    assert_eq!(bench.screen.focus, Focus::Log);
    assert!(!bench.seen().contains("shift-drag"));
    assert_eq!(bench.press("M"), [Command::Mouse(false)]);
    assert!(bench.seen().contains("the mouse is off"), "{}", bench.seen());
    on(&mut bench, CLICK, "Milestones");
    assert_eq!(bench.screen.focus, Focus::Log);
    // From the line, where the letter is a letter, by its name.
    bench.press("tab tab i");
    assert_eq!(bench.press("ctrl-p m o u s e enter"), [Command::Mouse(true)]);
}

#[test]
fn a_click_chooses_the_pane_that_it_is_in_at_any_size() {
    for size in [(80, 24), (160, 45), (60, 15), (76, 18)] {
        let mut bench = with_mouse(size);
        for focus in [Focus::Tree, Focus::Log, Focus::Feed, Focus::Input] {
            bench.screen.focus = focus;
            bench.resize(size);
            let panes = panes(&bench.screen).unwrap();
            for (pane, found) in [
                (panes.tree, Focus::Tree),
                (panes.feed, Focus::Feed),
                (panes.log, Focus::Log),
                (panes.input, Focus::Input),
            ] {
                if pane.is_empty() {
                    continue;
                }
                for place in [(pane.x, pane.y), (pane.right() - 1, pane.bottom() - 1)] {
                    bench.screen.focus = focus;
                    bench.tell(at(CLICK, place));
                    assert_eq!(bench.screen.focus, found, "{size:?} {focus:?} {place:?}");
                }
            }
            bench.screen.focus = focus;
            for place in [(0, 0), (size.0 - 1, size.1 - 1), size, (u16::MAX, u16::MAX)] {
                bench.tell(at(CLICK, place));
                assert_eq!(bench.screen.focus, focus, "{size:?}: there is nothing at {place:?}");
            }
        }
    }
}

fn copied(commands: &[Command]) -> &str {
    match commands {
        [Command::Copy(text)] => text,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_click_chooses_a_row_of_the_milestones_and_the_wheel_scrolls_them() {
    let mut bench = with_mouse(USUAL);
    on(&mut bench, CLICK, "phase-1");
    assert_eq!(copied(&bench.press("y")), "phase-1 Tables");
    on(&mut bench, CLICK, "M1-user");
    assert_eq!(copied(&bench.press("y")), "M1-user-auth Log in");

    bench.resize((80, 10));
    on(&mut bench, DOWN, "M1-user");
    assert!(!bench.seen().contains("M1-user"), "{}", bench.seen());
    let first = bench.seen().lines().nth(2).unwrap().to_owned();
    assert!(first.contains(copied(&bench.press("y")).split(' ').next().unwrap()), "it comes along: {first}");
    let before = bench.seen();
    let row = before.lines().nth(3).unwrap().to_owned();
    let name: String = row.chars().skip(1).take(12).filter(|c| c.is_ascii_graphic() || *c == ' ').collect();
    bench.tell(at(CLICK, (5, 3)));
    assert!(copied(&bench.press("y")).starts_with(name.trim()), "{name:?} of\n{before}");
    assert_eq!(bench.seen().lines().nth(2), before.lines().nth(2), "what is in sight stays where it is");
    for _ in 0..20 {
        on(&mut bench, DOWN, "Milestones");
    }
    for _ in 0..20 {
        on(&mut bench, UP, "Milestones");
    }
    assert!(bench.seen().contains("M1-user"), "{}", bench.seen());
}

#[test]
fn a_click_opens_a_tool_and_closes_it_and_it_stays_where_it_is() {
    let mut bench = with_mouse((100, 40));
    let id = "9".to_owned();
    let begun = AgentEvent::ToolStarted { id: id.clone(), name: "run".to_owned(), input: "make".to_owned() };
    bench.tell(Msg::Agent(TurnId(2), begun));
    let output = (0..40).map(|number| format!("object {number}")).collect::<Vec<_>>().join("\n");
    bench.tell(Msg::Agent(TurnId(2), AgentEvent::ToolFinished { id, ok: true, output }));
    bench.tell(Msg::Agent(TurnId(2), AgentEvent::Text { text: "one\n\n".repeat(3) }));
    let row = |bench: &mut Bench| bench.seen().lines().position(|line| line.contains("run make")).unwrap();
    let before = row(&mut bench);
    assert!(!bench.seen().contains("object 3"));
    on(&mut bench, CLICK, "run make");
    assert!(bench.seen().contains("object 3"), "{}", bench.seen());
    assert_eq!(row(&mut bench), before);
    on(&mut bench, CLICK, "run make");
    assert!(!bench.seen().contains("object 3"), "{}", bench.seen());
    assert_eq!((row(&mut bench), bench.screen.focus), (before, Focus::Feed));
    // A click on what cannot be opened opens nothing.
    let before = bench.seen();
    on(&mut bench, CLICK, "POST /login");
    assert_eq!(bench.seen(), before);
}

#[test]
fn the_wheel_scrolls_what_is_beneath_it_wherever_the_focus_is() {
    let mut bench = with_mouse((100, 30));
    for number in 0..60 {
        bench.note(
            orchestra_core::worker::Note::Remark { text: format!("remark {number}") },
            &format!("remark {number}"),
        );
        bench.tell(Msg::Agent(TurnId(2), AgentEvent::Text { text: format!("word {number}\n\n") }));
    }
    bench.press("i");
    let is_seen = |bench: &mut Bench, text: &str| bench.seen().lines().any(|line| line.contains(text));
    assert!(is_seen(&mut bench, "remark 59") && is_seen(&mut bench, "word 59"));
    on(&mut bench, UP, "remark 59");
    assert!(!is_seen(&mut bench, "remark 59") && is_seen(&mut bench, "word 59"));
    on(&mut bench, DOWN, "Log ─");
    assert!(is_seen(&mut bench, "remark 59"));
    on(&mut bench, UP, "word 59");
    assert!(is_seen(&mut bench, "remark 59") && !is_seen(&mut bench, "word 59"));
    assert_eq!(bench.screen.focus, Focus::Input);
    on(&mut bench, DOWN, "›");
    assert!(is_seen(&mut bench, "word 59"), "{}", bench.seen());
    bench.tell(Msg::Agent(TurnId(2), AgentEvent::Text { text: "word 60\n\n".to_owned() }));
    assert!(is_seen(&mut bench, "word 60"), "at the end it is followed again");
}

#[test]
fn a_click_is_no_answer_wherever_it_is_and_none_comes_of_a_key_right_before_it() {
    for (msg, key, wanted) in [(rfc(), "a", Answer::Approve), (push(), "f", Answer::Finish)] {
        let mut bench = with_mouse(USUAL);
        bench.tell(msg.clone());
        for row in 0..USUAL.1 {
            for column in 0..USUAL.0 {
                assert_eq!(bench.tell(at(CLICK, (column, row))), []);
            }
            assert_eq!(bench.wait(1_000), []);
        }
        assert!(!bench.screen.dialogs.is_empty() && !bench.screen.is_aside);
        bench.tell(Msg::Key(key_named(key)));
        assert_eq!(bench.tell(at(CLICK, (40, 12))), []);
        assert_eq!(bench.wait(1_000), [], "together they are no answer");
        bench.tell(Msg::Key(key_named(key)));
        assert_eq!(bench.tell(at(DOWN, (40, 12))), []);
        assert_eq!(bench.wait(1_000), []);
        assert_eq!(bench.press(key), answer(&msg, wanted));
    }
}

#[test]
fn the_wheel_scrolls_what_is_in_front() {
    let mut bench = with_mouse(USUAL);
    let long = (0..90).map(|number| format!("- point {number}")).collect::<Vec<_>>().join("\n");
    let Msg::Asked(asked, page) = rfc() else { panic!("no question") };
    bench.tell(Msg::Asked(asked, Page { text: Some(long.clone()), ..page }));
    assert!(!bench.seen().contains("point 20"));
    for _ in 0..8 {
        assert_eq!(bench.tell(at(DOWN, (0, 0))), []);
    }
    assert!(bench.seen().contains("24 above"), "{}", bench.seen());
    for _ in 0..8 {
        assert_eq!(bench.tell(at(UP, (0, 0))), []);
    }
    assert!(bench.seen().contains("point 0") && !bench.seen().contains("point 20"), "{}", bench.seen());
    bench.press("esc d");
    let want = Want::Document { milestone: milestone("M1-user-auth"), work: None };
    let wanted = bench.screen.desk.viewer.as_ref().unwrap().want.clone();
    assert!(matches!((&want, &wanted), (Want::Document { .. }, Want::Document { .. })));
    bench.tell(Msg::Read(wanted, Reading::Markdown(long)));
    assert!(bench.seen().contains("point 0"));
    on(&mut bench, DOWN, "point 5");
    assert!(!bench.seen().contains("point 0\n") && !bench.seen().contains("point 1 "), "{}", bench.seen());
    assert!(bench.seen().contains(" 3 above"), "{}", bench.seen());
    on(&mut bench, CLICK, "point 5");
    assert!(bench.screen.desk.viewer.is_some());
    bench.press("esc ?");
    let before = bench.seen();
    on(&mut bench, DOWN, "ctrl-l");
    assert_ne!(bench.seen(), before);
    on(&mut bench, UP, "ctrl-p");
    assert_eq!(bench.seen(), before);
}
