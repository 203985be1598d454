//! Whatever happens, in whatever order.

use orchestra_core::conversation::Note;
use proptest::prelude::*;

use super::*;
use crate::testing::{ASCII, COLOURED, change};

/// What can happen to a screen.
fn anything() -> impl Strategy<Value = Vec<(u64, Thing)>> {
    let names = "a r d e c g ? o y T / @ # 1 2 9 x \\ é 漢 esc esc enter tab shift-tab up down pgup pgdn home end backspace ctrl-c ctrl-g ctrl-l ctrl-u ctrl-p ctrl-r ctrl-n ctrl-o alt-enter space"
        .split(' ')
        .collect::<Vec<_>>();
    let text = prop_oneof!["\\PC{0,40}", "[\u{0}-\u{ff}\u{202e}\u{2066}\u{200d}漢🚦@#`\n]{0,60}"];
    let thing = prop_oneof![
        8 => prop::sample::select(names).prop_map(Thing::Key),
        2 => text.clone().prop_map(Thing::Paste),
        2 => (1_u16..130, 1_u16..60).prop_map(|(width, height)| Thing::Resize(width, height)),
        2 => text.clone().prop_map(Thing::Said),
        1 => text.clone().prop_map(Thing::Ran),
        1 => text.clone().prop_map(Thing::Files),
        1 => text.prop_map(Thing::Waits),
        3 => prop::collection::vec(0_u8..5, 0..3).prop_map(Thing::Open),
        1 => any::<bool>().prop_map(Thing::Runs),
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
    Files(String),
    Waits(String),
    Open(Vec<u8>),
    Runs(bool),
}

fn what(kind: u8) -> What {
    match kind {
        0 => What::Proposal(proposal()),
        1 => What::Proposal(change()),
        2 => What::Form(form()),
        3 => What::Writing(proposal()),
        _ => What::Drawing { what: proposal().kind.clone(), before: None, approved: None },
    }
}

fn happens(bench: &mut TalkBench, thing: Thing) -> Vec<TalkCommand> {
    let msg = match thing {
        Thing::Key(name) => TalkMsg::Key(key_named(name)),
        Thing::Paste(text) => TalkMsg::Paste(text),
        Thing::Resize(width, height) => {
            bench.resize((width, height));
            return Vec::new();
        }
        Thing::Said(text) => TalkMsg::Agent(TurnId(1), AgentEvent::Text { text }),
        Thing::Ran(text) => {
            let (id, name, input) = (text.clone(), text.clone(), text.clone());
            bench.tell(TalkMsg::Agent(TurnId(1), AgentEvent::ToolStarted { id: id.clone(), name, input }));
            TalkMsg::Agent(TurnId(1), AgentEvent::ToolFinished { id, ok: false, output: text })
        }
        Thing::Files(text) => TalkMsg::Files(Arc::new(vec![text, "src/auth.rs".to_owned()])),
        Thing::Waits(text) => {
            let note = Box::new(Note::Asked { ask: AskId(1) });
            bench.tell(TalkMsg::Note { note, line: Some(text.clone()) });
            TalkMsg::State(Arc::new(Conversation {
                queue: vec![text],
                ..Conversation::clone(&bench.talk.state)
            }))
        }
        Thing::Open(kinds) => {
            // The same kind of thing always has the same id.
            let opens = kinds.into_iter().map(|kind| open(u64::from(kind) + 1, what(kind))).collect();
            TalkMsg::State(Arc::new(Conversation { open: opens, ..Conversation::clone(&bench.talk.state) }))
        }
        Thing::Runs(runs) => {
            let (open, queue) = (bench.talk.state.open.clone(), bench.talk.state.queue.clone());
            TalkMsg::State(Arc::new(Conversation { open, queue, ..talking(runs) }))
        }
    };
    bench.tell(msg)
}

/// Whatever comes from an agent, a cell holds something that can be seen.
pub(super) fn assert_harmless(bench: &mut TalkBench) {
    let cells = bench.cells();
    for cell in cells.content() {
        let is_odd = |c: char| c.is_control() || orchestra_core::path::is_bidi_control(c);
        assert!(!cell.symbol().chars().any(is_odd), "{:?}", cell.symbol());
    }
}

/// Everything in front can be left by `esc` once it has armed, and the focus is on something that is in sight.
fn assert_usable(bench: &mut TalkBench) {
    if bench.size.0 < 60 || bench.size.1 < 15 {
        bench.resize((60, 15));
    }
    for _ in 0..8 {
        bench.press("esc");
    }
    assert!(!bench.talk.is_covered(), "{}", bench.seen());
    let panes = talk_panes(&bench.talk).expect("it is large enough");
    let area = match bench.talk.pane {
        Pane::Input => panes.input,
        Pane::Tree => panes.tree,
        Pane::Feed => panes.feed,
    };
    assert!(!area.is_empty(), "{:?}", bench.talk.pane);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    /// About ten thousand things in all.
    #[test]
    fn whatever_happens_nothing_breaks_and_the_person_finds_a_way(
        things in anything(),
        theme in prop::sample::select(vec![PLAIN, COLOURED, ASCII]),
    ) {
        let mut bench = TalkBench::running(theme, USUAL);
        for (wait, thing) in things {
            bench.wait(wait);
            happens(&mut bench, thing);
            assert_harmless(&mut bench);
        }
        assert_usable(&mut bench);
    }

    /// An answer comes only to what was in front for 400 ms without a key, and only from a key alone.
    #[test]
    fn nothing_is_answered_by_a_key_that_was_meant_for_something_else(
        things in anything(),
        keys in prop::collection::vec((0_u64..399, prop::sample::select(vec!["a", "d", "enter", "1", "space"])), 1..20),
        kind in 0_u8..3,
    ) {
        let mut bench = TalkBench::running(PLAIN, USUAL);
        for (wait, thing) in things.into_iter().take(20) {
            bench.wait(wait);
            happens(&mut bench, thing);
        }
        bench.resize(USUAL);
        for _ in 0..8 {
            bench.press("esc");
        }
        bench.waits(Vec::new());
        bench.press("i");
        bench.waits(vec![open(77, what(kind))]);
        for (wait, key) in keys {
            prop_assert_eq!(bench.wait(wait), []);
            prop_assert_eq!(bench.tell(TalkMsg::Key(key_named(key))), []);
        }
        prop_assert_eq!(bench.wait(5_000), []);
        prop_assert!(bench.talk.asks.iter().any(|ask| ask.id() == AskId(77)));
    }

    /// Without UTF-8 nothing of ours is beyond ASCII.
    #[test]
    fn in_ascii_our_own_signs_are_ascii(size in (40_u16..200, 10_u16..60), kind in 0_u8..4) {
        let mut bench = TalkBench::running(ASCII, size);
        bench.write("#st");
        bench.waits(vec![open(1, what(kind))]);
        bench.press("down");
        for press in ["o", "esc", "?", "esc", "shift-tab"] {
            let seen = bench.seen();
            prop_assert!(seen.is_ascii(), "{seen}");
            bench.press(press);
        }
    }
}
