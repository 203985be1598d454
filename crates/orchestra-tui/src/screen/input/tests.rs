use std::sync::Arc;

use orchestra_core::config::{AgentConfig, CommandAgent};
use orchestra_core::record::Record;
use orchestra_core::worker::{At, Stage, State};

use super::*;
use crate::desk::LONGEST;
use crate::msg::Msg;
use crate::testing::{Bench, PLAIN, key_named, milestone, rfc, state};

const USUAL: (u16, u16) = (80, 24);

/// A screen in the middle of a phase, with another state than the usual.
fn bench(change: impl FnOnce(&mut State)) -> Bench {
    let mut bench = Bench::running(PLAIN, USUAL);
    let mut state = state();
    change(&mut state);
    bench.tell(Msg::State(Arc::new(state)));
    bench
}

fn queued(state: &mut State, text: &str) {
    let (milestone, text) = (milestone("M1-user-auth"), text.to_owned());
    state.seen.memory.take(&Record::Queued { milestone, behind: None, text });
}

fn stops(state: &mut State) {
    if let Stage::Milestone(active) = &mut state.stage {
        active.at = At::Surveying { words: None };
    }
}

fn say(text: &str) -> Vec<Command> {
    vec![Command::Say { text: text.to_owned() }]
}

fn queue(text: &str) -> Vec<Command> {
    vec![Command::Queue { text: text.to_owned() }]
}

#[test]
fn enter_speaks_to_the_agent_that_runs_and_tab_to_whoever_comes_after_it() {
    let mut bench = bench(|_| {});
    assert!(bench.seen().contains("tell #backend"), "{}", bench.seen());
    assert_eq!(bench.press("h i"), []);
    let seen = bench.seen();
    assert!(seen.contains("enter tell it now · tab tell whoever comes after phase-2"), "{seen}");
    assert_eq!(bench.press("enter"), say("hi"));
    assert_eq!(bench.press("enter"), [], "it is sent once");
    assert_eq!(bench.press("y o tab"), queue("yo"));
}

#[test]
fn of_an_agent_that_cannot_hear_it_is_said_when_it_will() {
    let mut bench = bench(|state| {
        let agents = state.seen.policy.config.agents.values_mut();
        agents.for_each(|agent| *agent = AgentConfig::Command(CommandAgent::default()));
    });
    assert!(bench.seen().contains("tell #backend, when its turn ends"), "{}", bench.seen());
    assert_eq!(bench.press("h"), []);
    assert!(bench.seen().contains("enter tell it when its turn ends"), "{}", bench.seen());
    assert_eq!(bench.press("enter"), say("h"));
}

#[test]
fn where_no_agent_runs_it_waits_for_the_next_and_where_nothing_is_worked_on_it_stays_written() {
    let mut between = bench(stops);
    assert!(between.seen().contains("tell whoever works next"), "{}", between.seen());
    assert_eq!(between.press("h enter"), queue("h"));

    let mut idle = bench(|state| state.stage = Stage::Idle);
    assert_eq!(idle.press("h enter"), []);
    let seen = idle.seen();
    assert!(seen.contains("nobody would hear it") && seen.contains("› h"), "{seen}");
    assert_eq!(idle.press("i tab"), []);
    assert_eq!(idle.screen.desk.input.entry.text(), "hi");
}

#[test]
fn a_command_or_a_role_is_none_of_the_agents_business_whoever_works() {
    let role = |words: &str| Typed::Role { name: "backend-engineer".to_owned(), words: words.to_owned() };
    for change in [(|_| {}) as fn(&mut State), stops, |state| state.stage = Stage::Idle] {
        let check = |text: &str, expected: Typed| {
            for key in ["enter", "tab"] {
                let mut bench = bench(change);
                bench.tell(Msg::Paste(text.to_owned()));
                assert!(!bench.seen().contains("tell "), "{}", bench.seen());
                assert_eq!(bench.press(key), [Command::Typed(expected.clone())], "{text} {key}");
                assert_eq!(bench.remembered, [text]);
                assert!(bench.screen.desk.input.is_empty(), "{text}");
                assert!(bench.seen().contains(text), "{}", bench.seen());
            }
        };
        check("#status", Typed::Status);
        check("/help", Typed::Help);
        check("#start", Typed::Start);
        check("#backend", role(""));
        check("/backend use bcrypt", role("use bcrypt"));
    }
    let mut bench = bench(|_| {});
    bench.tell(Msg::Line("backend: 2 phases".to_owned()));
    assert!(bench.seen().contains("backend: 2 phases"), "{}", bench.seen());
    bench.tell(Msg::Paste("#nobody".to_owned()));
    assert_eq!(bench.press("enter"), []);
    assert!(bench.seen().contains("there is no #nobody: #help says what there is"), "{}", bench.seen());
    assert_eq!(bench.screen.desk.input.entry.text(), "#nobody", "it stays written");
}

#[test]
fn what_only_begins_like_a_command_is_said_to_the_agent() {
    for text in ["/src/auth.rs is slow", "# A heading", "see #status"] {
        let mut bench = bench(|_| {});
        bench.tell(Msg::Paste(text.to_owned()));
        assert_eq!(bench.press("enter").first(), say(text).first());
    }
}

#[test]
fn what_waits_is_in_sight_and_the_last_of_it_can_be_taken_back() {
    let mut bench =
        bench(|state| ["one", "two", "three\nlines", "four"].iter().for_each(|text| queued(state, text)));
    let seen = bench.seen();
    for line in ["next (and 1 before): two", "next: three lines", "next: four", "up take back"] {
        assert!(seen.contains(line), "{line}: {seen}");
    }
    assert_eq!(bench.press("up"), [Command::Unqueue { text: "four".to_owned() }]);
    assert_eq!(bench.screen.desk.input.entry.text(), "four");
    assert_eq!(bench.press("s tab"), queue("fours"));
}

#[test]
fn esc_twice_within_a_second_interrupts_and_never_leaves() {
    let mut bench = bench(|_| {});
    let mut esc = |wait| {
        bench.wait(wait);
        bench.tell(Msg::Key(key_named("esc")))
    };
    assert_eq!(esc(0), []);
    assert_eq!(esc(1_000), [], "too late");
    assert_eq!(esc(999), [Command::Interrupt]);
    assert_eq!(esc(10), [], "twice again");
    assert!(bench.seen().contains("esc again: interrupt"), "{}", bench.seen());
    bench.wait(1_000);
    assert!(!bench.seen().contains("again"), "{}", bench.seen());
    // Another key in between: it was not twice.
    assert_eq!(bench.tell(Msg::Key(key_named("esc"))), []);
    assert_eq!(bench.tell(Msg::Key(key_named("x"))), []);
    assert_eq!(bench.tell(Msg::Key(key_named("esc"))), []);

    let mut idle = super::tests::bench(stops);
    for _ in 0..3 {
        assert_eq!(idle.tell(Msg::Key(key_named("esc"))), []);
    }
}

#[test]
fn while_earlier_texts_are_searched_every_key_belongs_to_the_search() {
    let mut bench = bench(|_| {});
    let other = Bench::new(PLAIN, USUAL).screen;
    let texts = vec!["is it? yes".to_owned(), "no".to_owned()];
    bench.screen = std::mem::replace(&mut bench.screen, other).with_history(texts);
    bench.press("ctrl-r ?");
    assert!(bench.screen.desk.help.is_none() && bench.seen().contains("Search: ?"), "{}", bench.seen());
    assert_eq!(bench.screen.desk.input.entry.text(), "is it? yes");
    assert_eq!(bench.press("esc"), []);
    assert!(bench.screen.desk.input.entry.searching().is_none(), "{}", bench.seen());
    assert!(bench.screen.desk.input.is_empty() && !bench.seen().contains("esc again"), "{}", bench.seen());
    // What sends, or leads elsewhere, takes what was found.
    for key in ["tab", "enter"] {
        assert_eq!(bench.press("ctrl-r y e"), []);
        assert_eq!(bench.press(key), [], "{key}");
        assert_eq!(bench.screen.focus, Focus::Input, "{key}");
        assert_eq!(bench.screen.desk.input.entry.text(), "is it? yes", "{key}");
        bench.press("ctrl-u");
    }
    assert_eq!(bench.press("ctrl-r ctrl-c"), [Command::Stop]);
}

#[test]
fn letters_are_written_and_are_keys_only_where_a_pane_has_the_focus() {
    let mut bench = bench(|_| {});
    assert_eq!(bench.press("d v"), []);
    assert_eq!(bench.screen.desk.input.entry.text(), "dv");
    assert_eq!(bench.press("backspace backspace tab"), []);
    assert!(matches!(bench.press("d")[..], [Command::Read(_)]));
    // Up to the line again, level by level.
    assert_eq!(bench.press("esc esc x"), []);
    assert_eq!(bench.screen.desk.input.entry.text(), "x");
    assert_eq!(bench.press("backspace ?"), []);
    assert!(bench.seen().contains(" Keys "), "{}", bench.seen());
}

#[test]
fn what_is_half_written_is_there_again_after_a_question() {
    let mut bench = bench(|_| {});
    bench.press("h a l f");
    bench.tell(rfc());
    assert_eq!(bench.press("x"), [], "the question is in front");
    bench.press("esc");
    let seen = bench.seen();
    assert!(seen.contains("half") && !seen.contains("halfx"), "{seen}");
    bench.press("i tab");
    assert_eq!(bench.press("ctrl-g"), []);
    assert!(bench.seen().contains("Approve RFC to start"), "{}", bench.seen());
}

#[test]
fn a_paste_is_written_wherever_the_focus_is_and_never_sent() {
    let mut bench = bench(|_| {});
    bench.press("tab tab");
    assert_eq!(bench.tell(Msg::Paste("one\ntwo\n".to_owned())), []);
    assert_eq!(bench.screen.desk.input.entry.text(), "one\ntwo\n");
    // What is too long for every later brief is not sent, and not lost.
    assert_eq!(bench.tell(Msg::Paste("x".repeat(LONGEST))), []);
    assert_eq!(bench.press("enter"), []);
    assert!(bench.seen().contains("too long to be said"), "{}", bench.seen());
    assert!(bench.screen.desk.input.entry.text().len() > LONGEST);
}

#[test]
fn of_a_paste_that_is_cut_it_is_said() {
    let mut bench = bench(|_| {});
    let said = "the end of the paste was left out: a text takes 256 KiB";
    bench.tell(Msg::Paste("x".repeat(200 * 1024)));
    assert!(!bench.seen().contains(said), "{}", bench.seen());
    bench.tell(Msg::Paste("y".repeat(100 * 1024)));
    assert!(bench.seen().contains(said), "{}", bench.seen());
    assert!((200 * 1024..=256 * 1024).contains(&bench.screen.desk.input.entry.text().len()));
    bench.tell(rfc());
    bench.press("r");
    assert!(!bench.seen().contains(said), "{}", bench.seen());
    bench.tell(Msg::Paste("x".repeat(256 * 1024 + 1)));
    assert!(bench.seen().contains(said), "{}", bench.seen());
}
