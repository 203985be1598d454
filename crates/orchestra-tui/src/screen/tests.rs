use orchestra_core::id::TurnId;
use orchestra_core::record::Answer;
use orchestra_core::worker::Asked;
use proptest::prelude::*;
use ratatui::crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind};

use super::*;
use crate::testing::{ASCII, Bench, COLOURED, PLAIN, failed, key_named, push, rfc};
use crate::theme::Theme;

mod comments;
mod mouse;
mod reading;

const USUAL: (u16, u16) = (80, 24);

fn gate(msg: &Msg) -> GateId {
    match msg {
        Msg::Asked(asked, _) => Asked::clone(asked).gate,
        _ => panic!("no question: {msg:?}"),
    }
}

fn answer(msg: &Msg, answer: Answer) -> Vec<Command> {
    vec![Command::Answer { gate: gate(msg), answer }]
}

#[test]
fn a_question_is_answered_by_its_key() {
    for (msg, key, wanted) in [
        (rfc(), "a", Answer::Approve),
        (rfc(), "s", Answer::Stop),
        (push(), "a", Answer::Approve),
        (push(), "f", Answer::Finish),
        (failed(), "t", Answer::Retry { note: None }),
        (failed(), "x", Answer::Skip),
    ] {
        let mut bench = Bench::looking(PLAIN, USUAL);
        bench.tell(msg.clone());
        assert_eq!(bench.press(key), answer(&msg, wanted), "{key}");
        let again = bench.press(key);
        assert!(!again.iter().any(|command| matches!(command, Command::Answer { .. })), "it is gone");
    }
}

#[test]
fn a_text_goes_with_the_answer_that_takes_one() {
    let mut bench = Bench::looking(PLAIN, USUAL);
    bench.tell(rfc());
    bench.press("r");
    assert!(bench.seen().contains("What should change?"));
    bench.press("o n e alt-enter t w");
    bench.tell(Msg::Paste("o\nthree".to_owned()));
    let feedback = "one\ntwo\nthree".to_owned();
    assert_eq!(bench.press("enter"), answer(&rfc(), Answer::Revise { feedback }));
}

#[test]
fn an_empty_text_is_no_feedback_and_esc_takes_it_back() {
    let mut bench = Bench::looking(PLAIN, USUAL);
    bench.tell(rfc());
    assert_eq!(bench.press("r enter"), []);
    assert_eq!(bench.press("esc"), []);
    assert!(bench.seen().contains("a\u{a0}approve") || bench.seen().contains("a approve"));
    assert_eq!(bench.press("a"), answer(&rfc(), Answer::Approve));
}

#[test]
fn a56_what_was_typed_when_the_question_came_answers_nothing() {
    let mut bench = Bench::looking(PLAIN, USUAL);
    for key in ["a", "a", "a"] {
        assert_eq!(bench.tell(Msg::Key(key_named(key))), []);
    }
    bench.tell(rfc());
    for _ in 0..10 {
        assert_eq!(bench.tell(Msg::Key(key_named("a"))), []);
        assert_eq!(bench.wait(390), []);
    }
    assert_eq!(bench.wait(1_000), []);
    assert!(!bench.screen.dialogs.is_empty());
}

#[test]
fn a58_a_paste_answers_nothing() {
    let mut bench = Bench::looking(PLAIN, USUAL);
    bench.tell(rfc());
    bench.wait(1_000);
    assert_eq!(bench.tell(Msg::Paste("a\n".to_owned())), []);
    assert_eq!(bench.wait(1_000), []);
    // Nor does one from a terminal that does not say that it is one.
    for key in ["a", "enter"] {
        assert_eq!(bench.tell(Msg::Key(key_named(key))), []);
    }
    assert_eq!(bench.wait(1_000), []);
}

#[test]
fn a_question_is_put_aside_and_comes_back_by_a_key_that_does_not_answer_it() {
    let mut bench = Bench::looking(PLAIN, USUAL);
    bench.tell(rfc());
    bench.press("esc");
    assert!(!bench.seen().contains("Approve RFC to start"), "{}", bench.seen());
    assert!(bench.seen().contains("g answer: rfc"), "{}", bench.seen());
    assert_eq!(bench.press("a"), [], "it is not in front");
    bench.press("g");
    assert!(bench.seen().contains("Approve RFC to start"));
    assert_eq!(bench.press("a"), answer(&rfc(), Answer::Approve));
}

#[test]
fn a_question_that_is_answered_elsewhere_goes_and_the_next_one_has_to_arm() {
    let mut bench = Bench::looking(PLAIN, USUAL);
    bench.tell(rfc());
    bench.tell(push());
    bench.wait(1_000);
    bench.tell(Msg::Unasked(gate(&rfc())));
    assert!(bench.seen().contains("add login endpoint"), "{}", bench.seen());
    assert_eq!(bench.tell(Msg::Key(key_named("a"))), []);
    assert_eq!(bench.wait(300), []);
    bench.tell(Msg::Unasked(gate(&push())));
    assert!(!bench.seen().contains("add login endpoint"));
}

#[test]
fn a_question_that_says_something_new_has_to_arm_again() {
    let mut bench = Bench::looking(PLAIN, USUAL);
    bench.tell(rfc());
    bench.wait(1_000);
    bench.tell(rfc());
    assert_eq!(bench.tell(Msg::Key(key_named("a"))), []);
    assert_eq!(bench.wait(1_000), []);
    assert_eq!(bench.press("a"), answer(&rfc(), Answer::Approve));
}

#[test]
fn something_is_read_in_front_of_all_and_a_question_waits_behind_it() {
    use crate::viewer::{Reading, Want};
    let mut bench = Bench::looking(PLAIN, USUAL);
    let work = Some(crate::testing::phase("phase-2"));
    let want = Want::Document { milestone: crate::testing::milestone("M1-user-auth"), work };
    assert_eq!(bench.press("d"), [Command::Read(want.clone())]);
    assert!(bench.seen().contains("reading…"));
    // What another key asked for before is not what is shown.
    bench.tell(Msg::Read(Want::Rescue, Reading::Printed("old".to_owned())));
    let text = format!("---\nid: M1\nstatus: planning\n---\n# A title\n{}needle\n", "line\n\n".repeat(80));
    bench.tell(Msg::Read(want, Reading::Markdown(text)));
    let seen = bench.seen();
    assert!(seen.contains("status: planning") && seen.contains("A title") && !seen.contains("old"), "{seen}");
    assert!(!seen.contains("needle"));
    bench.press("/ n e e d enter");
    assert!(bench.seen().contains("needle") && bench.seen().contains("/need (n next"), "{}", bench.seen());

    bench.tell(rfc());
    assert_eq!(bench.press("a"), []);
    assert!(bench.seen().contains("back, and answer: rfc"), "{}", bench.seen());
    bench.press("esc");
    assert!(bench.seen().contains("Approve RFC to start"), "{}", bench.seen());
    assert_eq!(bench.press("a"), answer(&rfc(), Answer::Approve));
}

#[test]
fn each_row_of_the_tree_leads_to_what_belongs_to_it() {
    use crate::viewer::Want;
    let mut bench = Bench::looking(PLAIN, USUAL);
    let id = || crate::testing::milestone("M1-user-auth");
    bench.press("tab down");
    assert_eq!(bench.press("v"), [Command::Read(Want::Changes { milestone: id(), work: Some(WorkId::Rfc) })]);
    bench.press("esc up");
    assert_eq!(bench.press("t"), [Command::Read(Want::Transcript { milestone: id(), work: None })]);
    bench.press("esc");
    assert_eq!(bench.press("l"), [Command::Read(Want::Journal { milestone: Some(id()) })]);
    bench.press("esc esc tab");
    assert_eq!(bench.press("l"), [Command::Read(Want::Journal { milestone: None })]);
}

#[test]
fn a_work_that_is_done_says_what_it_took_where_there_is_room() {
    let mut bench = Bench::running(PLAIN, (160, 45));
    bench.wait(60_000);
    let usage = Usage { input: 12_000, ..Usage::default() };
    let (work, subject) = (crate::testing::phase("phase-2"), "feat: log in".to_owned());
    bench.note(Note::Committed { work, role: None, subject, usage }, "done");
    assert!(bench.seen().contains("phase-2 Login endpoi backend 1m06s 12k"), "{}", bench.seen());
    bench.resize((80, 24));
    assert!(bench.seen().contains("Logi backend│"), "{}", bench.seen());
}

#[test]
fn a_milestone_that_waits_says_so_in_the_narrowest_tree() {
    let mut bench = Bench::running(PLAIN, USUAL);
    let mut state = crate::testing::state();
    if let Msg::Asked(asked, _) = rfc() {
        state.open = Some(*asked);
    }
    bench.tell(Msg::State(Arc::new(state)));
    let row = bench.seen().lines().nth(2).map(str::to_owned).unwrap_or_default();
    assert!(row.starts_with("│◆ M1-user-auth") && row.contains(" waits│"), "{row}");
}

#[test]
fn whoever_comes_back_is_told_what_happened_meanwhile() {
    let mut bench = Bench::looking(PLAIN, USUAL);
    bench.press("end");
    bench.press("w");
    assert!(bench.seen().contains("nothing happened since 12:41"), "{}", bench.seen());
    bench.press("esc");
    bench.wait(3_600_000);
    bench.note(Note::Idle, "All done. Waiting for new work.");
    bench.press("w");
    let seen = bench.seen();
    assert!(seen.contains("since 12:41:") && seen.contains("13:41") && seen.contains("All done."), "{seen}");
}

#[test]
fn what_is_half_written_stays_when_its_question_says_something_new() {
    let mut bench = Bench::looking(PLAIN, USUAL);
    bench.tell(push());
    bench.press("r o n e");
    bench.tell(push());
    assert!(bench.seen().contains("What should change?"), "{}", bench.seen());
    let feedback = "one".to_owned();
    assert_eq!(bench.press("enter"), answer(&push(), Answer::Revise { feedback }));
}

#[test]
fn ctrl_c_is_heard_whatever_is_in_front() {
    let mut bench = Bench::looking(PLAIN, USUAL);
    assert_eq!(bench.press("ctrl-c"), [Command::Stop]);
    bench.press("?");
    assert_eq!(bench.press("ctrl-c"), [Command::Stop]);
    bench.press("esc");
    bench.tell(rfc());
    assert_eq!(bench.tell(Msg::Key(key_named("ctrl-c"))), [Command::Stop]);
    bench.press("r x");
    assert_eq!(bench.press("ctrl-c"), [Command::Stop]);
}

#[test]
fn an_idle_screen_draws_nothing() {
    let mut bench = Bench::new(PLAIN, USUAL);
    let state = State { stage: Stage::Idle, ..State::default() };
    bench.tell(Msg::State(Arc::new(state)));
    let seen = bench.seen();
    assert!(seen.contains("waiting for new work since 12:41"), "{seen}");
    assert_eq!(bench.screen.wakes_at(crate::testing::moment(bench.now)), None);
    assert!(!bench.screen.needs_frame());
    // Nor does one that waits for an answer, once it is armed.
    let mut bench = Bench::looking(PLAIN, USUAL);
    bench.tell(rfc());
    bench.wait(60_000);
    assert_eq!(bench.screen.wakes_at(crate::testing::moment(bench.now)), None);
}

#[test]
fn what_is_read_stays_where_it_is_while_more_comes() {
    let mut bench = Bench::looking(PLAIN, USUAL);
    for number in 0..200 {
        bench.tell(Msg::Agent(TurnId(2), AgentEvent::Notice { text: format!("line {number}") }));
    }
    bench.press("pgup pgup");
    let before = bench.seen();
    assert!(before.contains("(end: follow)") && !before.contains("line 199"), "{before}");
    bench.tell(Msg::Agent(TurnId(2), AgentEvent::Notice { text: "and more".to_owned() }));
    let feed = |seen: &str| {
        seen.lines().filter(|line| line.contains("line 1")).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(feed(&bench.seen()), feed(&before));
    bench.press("end");
    assert!(bench.seen().contains("and more"));
}

#[test]
fn a_tool_opens_and_closes() {
    let mut bench = Bench::looking(PLAIN, (100, 40));
    assert!(!bench.seen().contains("running 12 tests\n") && bench.seen().contains("wrong password accepted"));
    bench.press("o");
    assert!(bench.seen().contains("running 12 tests"), "{}", bench.seen());
    bench.press("o up up enter");
    assert!(bench.seen().contains("running 12 tests"), "{}", bench.seen());
}

/// What can happen to a screen.
fn anything() -> impl Strategy<Value = Vec<(u64, Thing)>> {
    let names = "a r s f b t n x k p v g ? o j y e T M esc enter tab up down pgup pgdn home end ctrl-c ctrl-l ctrl-u ctrl-p ctrl-r ctrl-w ctrl-o alt-enter \\ é 漢 space"
        .split(' ')
        .collect::<Vec<_>>();
    let text = prop_oneof!["\\PC{0,40}", "[\u{0}-\u{ff}\u{202e}\u{2066}\u{200d}漢🚦\n]{0,60}"];
    let thing = prop_oneof![
        6 => prop::sample::select(names).prop_map(Thing::Key),
        2 => text.clone().prop_map(Thing::Paste),
        2 => (0_u16..120, 0_u16..60).prop_map(|(width, height)| Thing::Resize(width.max(1), height.max(1))),
        2 => text.clone().prop_map(Thing::Said),
        1 => text.prop_map(Thing::Ran),
        1 => Just(Thing::Asked(0)),
        1 => Just(Thing::Asked(1)),
        1 => Just(Thing::Asked(2)),
        1 => Just(Thing::Unasked),
        3 => (0_u8..4, 0_u16..120, 0_u16..60).prop_map(|(kind, column, row)| Thing::Mouse(kind, column, row)),
    ];
    prop::collection::vec((0_u64..700, thing), 1..120)
}

#[derive(Clone, Debug)]
enum Thing {
    Key(&'static str),
    Paste(String),
    Resize(u16, u16),
    Said(String),
    Ran(String),
    Asked(u8),
    Unasked,
    Mouse(u8, u16, u16),
}

fn happens(bench: &mut Bench, thing: Thing) {
    let msg = match thing {
        Thing::Key(name) => Msg::Key(key_named(name)),
        Thing::Paste(text) => Msg::Paste(text),
        Thing::Resize(width, height) => return bench.resize((width, height)),
        Thing::Said(text) => Msg::Agent(TurnId(2), AgentEvent::Text { text }),
        Thing::Ran(text) => {
            let (id, name, input) = (text.clone(), text.clone(), text.clone());
            bench.tell(Msg::Agent(TurnId(2), AgentEvent::ToolStarted { id: id.clone(), name, input }));
            Msg::Agent(TurnId(2), AgentEvent::ToolFinished { id, ok: false, output: text })
        }
        Thing::Asked(0) => rfc(),
        Thing::Asked(1) => push(),
        Thing::Asked(_) => failed(),
        Thing::Unasked => Msg::Unasked(gate(&rfc())),
        Thing::Mouse(kind, column, row) => {
            let kind = match kind {
                0 => MouseEventKind::ScrollUp,
                1 => MouseEventKind::ScrollDown,
                2 => MouseEventKind::Down(MouseButton::Left),
                _ => MouseEventKind::Up(MouseButton::Right),
            };
            let event = MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE };
            assert_eq!(bench.tell(Msg::Mouse(event)), [], "it wants nothing done");
            return;
        }
    };
    bench.tell(msg);
}

/// Whatever comes from an agent, a cell holds something that can be seen.
fn assert_harmless(bench: &mut Bench) {
    let cells = bench.cells();
    for cell in cells.content() {
        let symbol = cell.symbol();
        let is_odd = |c: char| c.is_control() || orchestra_core::path::is_bidi_control(c);
        assert!(!symbol.chars().any(is_odd), "{symbol:?}");
    }
}

/// Every question in front can be left by `esc` once it has armed, and the focus is on something that is in sight.
fn assert_usable(bench: &mut Bench) {
    if bench.screen.desk.area.width < 60 || bench.screen.desk.area.height < 15 {
        bench.resize((60, 15));
    }
    for _ in 0..6 {
        bench.press("esc");
    }
    let screen = &bench.screen;
    assert!(screen.dialog().is_none() && screen.desk.help.is_none() && screen.desk.palette.is_none());
    let panes = panes(&bench.screen).expect("it is large enough");
    let area = match bench.screen.focus {
        Focus::Input => panes.input,
        Focus::Tree => panes.tree,
        Focus::Feed => panes.feed,
        Focus::Log => panes.log,
    };
    assert!(!area.is_empty(), "{:?}", bench.screen.focus);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    /// About ten thousand things in all.
    #[test]
    fn whatever_happens_nothing_breaks_and_the_person_finds_a_way(
        things in anything(),
        theme in prop::sample::select(vec![PLAIN, COLOURED, ASCII]),
    ) {
        let mut bench = Bench::looking(theme, USUAL);
        bench.press("M");
        for (wait, thing) in things {
            bench.wait(wait);
            happens(&mut bench, thing);
            assert_harmless(&mut bench);
        }
        assert_usable(&mut bench);
    }

    /// Without UTF-8 nothing of ours is beyond ASCII.
    #[test]
    fn in_ascii_our_own_signs_are_ascii(size in (40_u16..200, 10_u16..60)) {
        let theme: Theme = ASCII;
        let mut bench = Bench::looking(theme, size);
        bench.tell(push());
        bench.press("esc");
        let seen = bench.seen();
        let foreign: Vec<char> = seen.chars().filter(|c| !c.is_ascii()).collect();
        // The log's lines come worded, as does the heading of a turn.
        prop_assert!(foreign.iter().all(|c| "🔧▶…".contains(*c)), "{foreign:?}");
    }
}

#[test]
fn ten_kilobytes_can_be_pasted_into_a_text_at_any_size() {
    for width in (40..200).step_by(7) {
        for height in [10, 15, 24, 35, 60] {
            let mut bench = Bench::looking(PLAIN, (width, height));
            bench.tell(push());
            bench.press("r");
            let text = format!("{}\n", "x".repeat(99)).repeat(100);
            bench.tell(Msg::Paste(text.clone()));
            bench.press("up up pgup home backspace a");
            bench.resize((height.max(40), width.min(60)));
            bench.press("end enter");
            assert!(bench.screen.dialogs.is_empty());
        }
    }
}

mod manners;
