use std::sync::Arc;

use orchestra_core::conversation::{Kept, Line, Trouble, Typed, What};
use orchestra_core::own_tool::FormAnswer;
use orchestra_core::proposal::MilestoneProposal;

use super::*;
use crate::testing::{PLAIN, TalkBench, form, key_named, milestone, open, proposal, talking};
use crate::viewer::{Reading, Want};

mod asks;
mod mouse;
mod whatever;

const USUAL: (u16, u16) = (80, 24);

fn say(text: &str) -> Vec<TalkCommand> {
    vec![TalkCommand::Say { text: text.to_owned() }]
}

fn state(bench: &mut TalkBench, change: impl FnOnce(&mut Conversation)) {
    let mut state = talking(true);
    change(&mut state);
    bench.tell(TalkMsg::State(Arc::new(state)));
}

#[test]
fn enter_sends_and_what_is_said_is_in_the_transcript_at_once() {
    let mut bench = TalkBench::new(PLAIN, USUAL);
    bench.write("hi there");
    assert!(bench.seen().contains("enter send"), "{}", bench.seen());
    assert_eq!(bench.press("enter"), say("hi there"));
    assert!(bench.seen().contains("› hi there"), "{}", bench.seen());
    assert_eq!(bench.press("enter"), [], "it is sent once");
    assert_eq!(bench.remembered, ["hi there"]);
}

#[test]
fn while_a_turn_runs_enter_steers_and_tab_queues_in_sight_until_it_is_said() {
    let mut bench = TalkBench::running(PLAIN, USUAL);
    bench.write("no cookies");
    assert!(bench.seen().contains("enter tell it now · tab send it after this turn"), "{}", bench.seen());
    assert_eq!(bench.press("enter"), say("no cookies"));
    bench.write("and tests");
    assert_eq!(bench.press("tab"), [TalkCommand::Queue { text: "and tests".to_owned() }]);
    state(&mut bench, |state| state.queue = vec!["and tests".to_owned()]);
    assert!(bench.seen().contains("next: and tests"), "{}", bench.seen());
    assert!(!bench.seen().contains("› and tests"), "it is not said yet");
    // The next turn is told it.
    state(&mut bench, |state| {
        let running = state.running.as_mut().unwrap();
        (running.turn, running.told) = (TurnId(2), vec!["and tests".to_owned()]);
    });
    assert!(bench.seen().contains("› and tests"), "{}", bench.seen());
    assert_eq!(bench.seen().matches("and tests").count(), 1);
}

#[test]
fn what_waits_can_be_taken_back_and_is_never_said() {
    let mut bench = TalkBench::running(PLAIN, USUAL);
    state(&mut bench, |state| state.queue = vec!["one".to_owned(), "two".to_owned()]);
    assert!(bench.seen().contains("up take back"), "{}", bench.seen());
    assert_eq!(bench.press("up"), [TalkCommand::Unqueue { text: "two".to_owned() }]);
    assert_eq!(bench.talk.desk.input.entry.text(), "two");
    state(&mut bench, |state| {
        let running = state.running.as_mut().unwrap();
        (running.turn, running.told) = (TurnId(2), vec!["one".to_owned()]);
    });
    let seen = bench.seen();
    assert!(seen.contains("│› one") && !seen.contains("│› two"), "{seen}");
}

#[test]
fn of_an_agent_that_cannot_hear_it_is_said_when_it_will() {
    let mut bench = TalkBench::running(PLAIN, USUAL);
    state(&mut bench, |state| state.hears = false);
    bench.write("x");
    assert!(bench.seen().contains("enter tell it when its turn ends"), "{}", bench.seen());
}

#[test]
fn commands_and_roles_are_told_apart_from_words_and_nonsense_stays_written() {
    let mut bench = TalkBench::new(PLAIN, USUAL);
    bench.write("#status");
    assert_eq!(bench.press("enter"), [TalkCommand::Typed(Typed::Status)]);
    bench.write("/backend what is slow?");
    assert!(bench.seen().contains("enter talk with backend-engineer"), "{}", bench.seen());
    let (name, words) = ("backend-engineer".to_owned(), "what is slow?".to_owned());
    assert_eq!(bench.press("enter"), [TalkCommand::Typed(Typed::Role { name, words })]);
    bench.write("#nobody");
    assert_eq!(bench.press("enter"), []);
    assert!(bench.seen().contains("there is no #nobody"), "{}", bench.seen());
    assert_eq!(bench.talk.desk.input.entry.text(), "#nobody");
}

#[test]
fn esc_twice_interrupts_and_only_from_the_line() {
    let mut bench = TalkBench::running(PLAIN, USUAL);
    assert_eq!(bench.tell(TalkMsg::Key(key_named("esc"))), []);
    assert!(bench.seen().contains("esc again: interrupt"), "{}", bench.seen());
    bench.wait(1_100);
    assert_eq!(bench.tell(TalkMsg::Key(key_named("esc"))), [], "too late");
    bench.wait(300);
    assert_eq!(bench.tell(TalkMsg::Key(key_named("esc"))), [TalkCommand::Interrupt]);
    let mut idle = TalkBench::new(PLAIN, USUAL);
    for _ in 0..3 {
        assert_eq!(idle.tell(TalkMsg::Key(key_named("esc"))), []);
    }
}

#[test]
fn ctrl_c_interrupts_then_puts_a_draft_away_then_leaves_where_it_comes_twice() {
    let mut bench = TalkBench::running(PLAIN, USUAL);
    let stop = |bench: &mut TalkBench, wait| {
        bench.wait(wait);
        bench.tell(TalkMsg::Key(key_named("ctrl-c")))
    };
    assert_eq!(stop(&mut bench, 0), [TalkCommand::Interrupt]);
    state(&mut bench, |state| state.running = None);
    bench.write("half");
    assert_eq!(stop(&mut bench, 0), []);
    assert_eq!((bench.talk.desk.input.is_empty(), &bench.remembered[..]), (true, &["half".to_owned()][..]));
    assert!(bench.seen().contains("put away: up brings it back"), "{}", bench.seen());
    assert_eq!(stop(&mut bench, 0), []);
    assert!(bench.seen().contains("ctrl-c again: leave"), "{}", bench.seen());
    assert_eq!(stop(&mut bench, 1_000), [], "too late");
    assert_eq!(stop(&mut bench, 999), [TalkCommand::Leave]);
    // Another key in between: it was not twice.
    assert_eq!(stop(&mut bench, 0), []);
    bench.press("x backspace");
    assert_eq!(stop(&mut bench, 0), []);
    bench.wait(1_000);
    assert!(!bench.seen().contains("again: leave"), "{}", bench.seen());
}

#[test]
fn a_turn_that_failed_is_tried_again_by_enter() {
    let mut bench = TalkBench::new(PLAIN, USUAL);
    state(&mut bench, |state| {
        state.running = None;
        let (message, hint) = ("overloaded".to_owned(), "Press enter to try again".to_owned());
        state.trouble = Some(Trouble { message, hint, again: None });
    });
    let seen = bench.seen();
    assert!(seen.contains("nobody answers") && seen.contains("enter try again"), "{seen}");
    assert_eq!(bench.press("enter"), say(""));
}

#[test]
fn a_file_is_named_by_a_few_letters() {
    let mut bench = TalkBench::new(PLAIN, USUAL);
    assert_eq!(bench.write("look at @"), [TalkCommand::WantFiles]);
    let files = ["Cargo.toml", "src/auth.rs", "src/api/auth_token.rs"].map(str::to_owned).to_vec();
    bench.tell(TalkMsg::Files(Arc::new(files)));
    assert!(bench.seen().contains("▸ @Cargo.toml"), "{}", bench.seen());
    assert_eq!(bench.write("auth"), []);
    let seen = bench.seen();
    assert!(seen.contains("▸ @src/auth.rs") && seen.contains("  @src/api/auth_token.rs"), "{seen}");
    assert_eq!(bench.press("down enter"), [], "it is chosen and not sent");
    assert_eq!(bench.talk.desk.input.entry.text(), "look at @src/api/auth_token.rs ");
    assert_eq!(bench.press("enter"), say("look at @src/api/auth_token.rs"));
    // Who does without the list is left alone until the next word.
    bench.write("@auth");
    bench.press("esc");
    bench.write("o");
    assert!(!bench.seen().contains("▸ @"), "{}", bench.seen());
    assert_eq!(bench.press("enter"), say("@autho"));
    assert_eq!(bench.write("@"), [TalkCommand::WantFiles]);
    assert!(bench.seen().contains("▸ @Cargo.toml"), "{}", bench.seen());
}

#[test]
fn what_is_pasted_without_being_said_to_be_chooses_nothing() {
    let mut bench = TalkBench::new(PLAIN, USUAL);
    bench.tell(TalkMsg::Files(Arc::new(vec!["src/auth.rs".to_owned()])));
    for key in ["@", "a", "u", "enter", "x"] {
        assert!(
            !bench.tell(TalkMsg::Key(key_named(key))).iter().any(|c| matches!(c, TalkCommand::Say { .. }))
        );
    }
    assert_eq!(bench.talk.desk.input.entry.text(), "@au\nx");
}

#[test]
fn a_command_is_completed_at_the_begin() {
    let mut bench = TalkBench::new(PLAIN, USUAL);
    bench.write("#st");
    let seen = bench.seen();
    assert!(seen.contains("▸ #status  where the project stands") && seen.contains("#start"), "{seen}");
    bench.press("tab");
    assert_eq!(bench.talk.desk.input.entry.text(), "#status ");
    assert_eq!(bench.press("enter"), [TalkCommand::Typed(Typed::Status)]);
}

#[test]
fn after_a_restart_the_transcript_is_there_again() {
    let mut bench = TalkBench::new(PLAIN, (80, 40));
    let at = crate::testing::moment(Duration::ZERO).at;
    let text = |text: &str| text.to_owned();
    let lines = vec![
        Line::Said { text: text("stay logged in?") },
        Line::TurnStarted { turn: TurnId(1) },
        Line::Tool { name: text("search"), input: text("session"), ok: true },
        Line::Text { text: text("How **long**?") },
        Line::Queued { text: text("30 days") },
        Line::Queued { text: text("never mind") },
        Line::Unqueued { text: text("never mind") },
        Line::TurnEnded {
            turn: TurnId(1),
            outcome: text("unreachable: overloaded"),
            session: None,
            usage: None,
            heard: 0,
            untold: false,
            wrote: false,
            wording: None,
        },
        Line::TurnStarted { turn: TurnId(2) },
        Line::Asked { ask: AskId(1), form: form() },
        Line::Answered {
            ask: AskId(1),
            answer: text("answers"),
            of: None,
            words: String::new(),
            answers: vec![FormAnswer { chosen: vec![text("7 days")], words: text("at most") }],
        },
        Line::Wrote { ask: AskId(2), what: text("M4 is ready.") },
        Line::Queued { text: text("later") },
        Line::Unknown,
    ];
    bench.tell(TalkMsg::Past(lines.into_iter().map(|line| Kept { at, line }).collect()));
    state(&mut bench, |state| (state.queue, state.running) = (vec![text("later")], None));
    let seen = bench.seen();
    for line in [
        "› stay logged in?",
        "✔ search session",
        "How long?",
        "› 30 days",
        "(the turn ended: unreachable: overloaded)",
        "(asked: How long? Where?)",
        "› 7 days; at most",
        "M4 is ready.",
        "next: later",
    ] {
        assert!(seen.contains(line), "{line}: {seen}");
    }
    assert!(!seen.contains("never mind") && !seen.contains("› later"), "{seen}");
}

#[test]
fn a_narrow_screen_has_the_milestones_one_key_away() {
    let mut bench = TalkBench::running(PLAIN, (60, 15));
    assert!(!bench.seen().contains("Milestones"), "{}", bench.seen());
    bench.press("shift-tab");
    assert!(
        bench.seen().contains("▸Milestones") && bench.seen().contains("M1-user-auth"),
        "{}",
        bench.seen()
    );
    bench.press("down");
    let work = Some(orchestra_core::id::WorkId::Rfc);
    let want = Want::Document { milestone: milestone("M1-user-auth"), work };
    assert_eq!(bench.press("d"), [TalkCommand::Read(want.clone())]);
    bench.tell(TalkMsg::Read(want.clone(), Reading::Markdown("# RFC\nCookies.\n".to_owned())));
    assert!(bench.seen().contains("Cookies."), "{}", bench.seen());
    assert_eq!(bench.press("e"), [TalkCommand::Edit(want)]);
    bench.press("esc esc");
    assert_eq!(bench.talk.pane, Pane::Input);
}

#[test]
fn what_was_said_is_searched_copied_and_paged() {
    let mut bench = TalkBench::running(PLAIN, USUAL);
    bench.press("tab");
    let copied = bench.press("y");
    assert!(matches!(&copied[..], [TalkCommand::Copy(text)] if text.contains("sign cookies")), "{copied:?}");
    assert_eq!(bench.press("T"), [TalkCommand::Page(None)]);
    bench.press("/ m e m o enter");
    let seen = bench.seen();
    assert!(seen.contains("what was said") && seen.contains("/memo (n next"), "{seen}");
    assert_eq!(bench.press("T"), [TalkCommand::Page(None)]);
    bench.press("esc esc");
    assert_eq!(bench.talk.pane, Pane::Input);
}

#[test]
fn the_worker_in_the_other_terminal_is_in_sight() {
    let mut bench = TalkBench::running(PLAIN, (160, 45));
    assert!(bench.seen().contains("worker: phase-2 backend, running"), "{}", bench.seen());
    let mut project = bench.talk.beside.clone();
    let gate = orchestra_core::id::GateId::parse("rfc-3f9a").unwrap();
    project.worker.as_mut().unwrap().waits = Some((gate, "the design".to_owned()));
    bench.tell(TalkMsg::Project(project.clone()));
    let wanted = "waits: rfc-3f9a · answer in its terminal";
    assert!(bench.seen().contains(wanted), "{}", bench.seen());
    bench.resize((60, 15));
    assert!(bench.seen().contains(wanted), "{}", bench.seen());
    bench.talk.is_in_front = true;
    assert!(bench.seen().contains("waits: rfc-3f9a · leave to answer it"), "{}", bench.seen());
    project.worker = None;
    bench.tell(TalkMsg::Project(project));
    bench.resize(USUAL);
    assert!(bench.seen().contains("no worker: orchestra start"), "{}", bench.seen());
}

#[test]
fn a_milestone_that_is_new_is_shown_open() {
    let mut bench = TalkBench::new(PLAIN, (160, 45));
    assert!(!bench.seen().contains("phase-1 Numbers"), "{}", bench.seen());
    let whole = bench.talk.beside.clone();
    let mut before = orchestra_core::plan::Plan::clone(&whole.plan);
    before.milestones.retain(|known| known.id != milestone("M2-dashboard"));
    bench.tell(TalkMsg::Project(Project { plan: Arc::new(before), worker: None }));
    bench.tell(TalkMsg::Project(whole));
    assert!(bench.seen().contains("phase-1 Numbers"), "{}", bench.seen());
}

#[test]
fn an_idle_screen_draws_nothing_and_a_running_one_a_second() {
    let mut bench = TalkBench::new(PLAIN, USUAL);
    assert!(bench.seen().contains("waiting for you since 12:41"), "{}", bench.seen());
    assert_eq!(bench.talk.wakes_at(crate::testing::moment(bench.now)), None);
    assert!(!bench.talk.needs_frame());
    let mut bench = TalkBench::running(PLAIN, USUAL);
    assert!(bench.seen().contains("thinking 4 s · 12k tok · $0.03"), "{}", bench.seen());
    assert!(bench.talk.wakes_at(crate::testing::moment(bench.now)).is_some());
    // What waits for an answer, once it is armed, draws nothing either, though its turn runs.
    bench.waits(vec![open(1, What::Proposal(proposal()))]);
    bench.wait(5_000);
    assert_eq!(bench.talk.wakes_at(crate::testing::moment(bench.now)), None);
}

#[test]
fn what_is_brought_back_offers_nothing_and_up_goes_further_back() {
    let mut bench = TalkBench::new(PLAIN, USUAL);
    bench.tell(TalkMsg::Files(Arc::new(vec!["src/auth.rs".to_owned(), "src/main.rs".to_owned()])));
    for text in ["first", "see @src"] {
        bench.write(text);
        bench.press("esc enter");
    }
    bench.press("up");
    assert!(!bench.seen().contains("▸ @"), "{}", bench.seen());
    bench.press("up");
    assert_eq!(bench.talk.desk.input.entry.text(), "first");
}

#[test]
fn the_cursor_is_where_the_next_letter_goes() {
    let mut bench = TalkBench::new(PLAIN, USUAL);
    let at = |bench: &mut TalkBench| {
        let place = bench.cursor();
        (place.x, place.y)
    };
    assert_eq!(at(&mut bench), (3, 22));
    bench.write("漢字 x");
    assert_eq!(at(&mut bench), (9, 22));
    bench.press("alt-enter");
    assert_eq!(at(&mut bench), (3, 22));
    bench.waits(vec![open(1, What::Form(form()))]);
    bench.wait(1_000);
    bench.press("down down a b");
    let (x, y) = at(&mut bench);
    let row = bench.seen().lines().nth(usize::from(y)).unwrap().to_owned();
    assert!(row.contains("› ab"), "{row}");
    let before: String = row.chars().take(usize::from(x)).collect();
    assert!(before.ends_with("ab"), "{before:?}");
}
