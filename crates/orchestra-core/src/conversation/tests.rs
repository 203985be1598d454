use std::collections::BTreeSet;
use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::id::{AgentName, RoleId, SessionId, TurnId};
use crate::own_tool::{Form, FormAnswer, FormQuestion};
use crate::path::{ContentHash, RepoPath};
use crate::proposal::MilestoneProposal;
use crate::report::{CommitProposal, Fault, Outcome, Report};

mod left;

fn opened() -> Fact {
    Fact::Opened(Box::new(Recalled {
        id: ConversationId("c".to_owned()),
        role: Some(RoleId::parse("product-manager").unwrap()),
        agent: Some(AgentName::parse("claude").unwrap()),
        hears: true,
        lines: Vec::new(),
    }))
}

fn proposal(title: &str) -> ProposedKind {
    ProposedKind::Milestone(Box::new(MilestoneProposal {
        title: title.to_owned(),
        ..MilestoneProposal::default()
    }))
}

fn drawn(kind: &ProposedKind, id: &str) -> Arc<Proposed> {
    Arc::new(Proposed {
        kind: kind.clone(),
        milestone: id.to_owned(),
        title: id.to_owned(),
        files: Vec::new(),
        commands: Vec::new(),
        remarks: Vec::new(),
        of: ContentHash::of(id.as_bytes()),
    })
}

fn form() -> Form {
    let question = FormQuestion { question: "Which?".to_owned(), options: Vec::new(), several: false };
    Form { questions: vec![question] }
}

fn ended(turn: u64, outcome: Outcome, heard: u32, spoke: bool) -> Fact {
    let session = Some(SessionId("s".to_owned()));
    let turn = TurnId(turn);
    Fact::TurnEnded(TurnEnd { turn, outcome, session, usage: None, heard, spoke, wrote: false })
}

fn well() -> Outcome {
    Outcome::Reported(Box::default())
}

fn overloaded() -> Outcome {
    Outcome::Faulted(Fault::Transient { message: "overloaded".to_owned(), retry_after: None })
}

/// A conversation with a clock that stands, and all that was kept.
#[derive(Default)]
struct Bench {
    state: Conversation,
    file: Vec<Kept>,
}

impl Bench {
    fn new() -> Self {
        let mut bench = Self::default();
        bench.take(opened());
        bench
    }

    fn take(&mut self, fact: Fact) -> Vec<Effect> {
        let (state, effects) = step(&self.state, Event { at: self.state.at, fact });
        self.state = state;
        for effect in &effects {
            if let Effect::Keep(line) = effect {
                // As it would be read again.
                let text = serde_json::to_string(&Kept { at: self.state.at, line: line.clone() }).unwrap();
                self.file.push(serde_json::from_str(&text).unwrap());
            }
        }
        effects
    }

    fn say(&mut self, text: &str) -> Vec<Effect> {
        self.take(Fact::Said { text: text.to_owned() })
    }

    /// The program is killed, starts again from its file, and finds that its last turn changed nothing.
    fn killed(&mut self) -> Vec<Effect> {
        let mut effects = self.killed_unseen();
        if let Some(turn) = self.state.looking {
            let looked = self.take(Fact::LookedAt { turn, left: Ok(Left::default()) });
            effects.retain(|effect| !matches!(effect, Effect::LookAt { .. }));
            effects.extend(
                looked.into_iter().filter(|effect| !matches!(effect, Effect::Keep(Line::Changed { .. }))),
            );
        }
        effects
    }

    /// The program is killed, and starts again from its file.
    fn killed_unseen(&mut self) -> Vec<Effect> {
        let Fact::Opened(mut recalled) = opened() else { unreachable!() };
        recalled.lines.clone_from(&self.file);
        self.state = Conversation::default();
        self.take(Fact::Opened(recalled))
    }

    fn propose(&mut self, call: u64) -> AskId {
        self.take(Fact::Proposes { call: CallId(call), what: proposal("Login") });
        self.state.last_ask
    }
}

fn started(effects: &[Effect]) -> Option<&str> {
    effects.iter().find_map(|effect| match effect {
        Effect::StartTurn { text, .. } => Some(text.as_str()),
        _ => None,
    })
}

fn answers(effects: &[Effect]) -> Vec<(u64, &str, bool)> {
    let answer = |effect| match effect {
        &Effect::Answer { call, ref reply } => Some((call.0, reply.text.as_str(), reply.is_error)),
        _ => None,
    };
    effects.iter().filter_map(answer).collect()
}

#[test]
fn what_is_said_is_kept_first_and_steers_a_running_turn() {
    let mut bench = Bench::new();
    let effects = bench.say("Plan a login");
    assert!(matches!(&effects[0], Effect::Keep(Line::Said { .. })));
    assert_eq!(started(&effects), Some("Plan a login"));
    let effects = bench.say("with OAuth");
    assert!(matches!(&effects[1], Effect::Tell { text, .. } if text == "with OAuth"));
    // It ended before it heard that: it is told at once in another turn.
    assert_eq!(started(&bench.take(ended(1, well(), 0, true))), Some("with OAuth"));
    assert_eq!(started(&bench.take(ended(2, well(), 0, true))), None);
}

#[test]
fn what_is_queued_waits_for_the_turns_end_and_can_be_taken_back() {
    let mut bench = Bench::new();
    bench.say("one");
    bench.take(Fact::Queued { text: "two".to_owned() });
    bench.take(Fact::Queued { text: "three".to_owned() });
    bench.take(Fact::Unqueued { text: "two".to_owned() });
    bench.take(Fact::Interrupted);
    assert_eq!(started(&bench.take(ended(1, Outcome::Faulted(Fault::Cancelled), 0, false))), Some("three"));
}

#[test]
fn nothing_is_written_before_the_person_approved_exactly_what_is_shown() {
    let mut bench = Bench::new();
    bench.say("Plan a login");
    let ask = bench.propose(1);
    let kind = proposal("Login");
    bench.take(Fact::Drawn { ask, drawn: Ok(drawn(&kind, "M1-login")) });
    let other = Some(ContentHash::of(b"something else"));
    assert!(matches!(
        bench.take(Fact::Answered { ask, of: other, verdict: Verdict::Create })[..],
        [Effect::Note(Note::Remark { .. })]
    ));
    let of = Some(ContentHash::of(b"M1-login"));
    let effects = bench.take(Fact::Answered { ask, of, verdict: Verdict::Create });
    assert!(matches!(effects[..], [Effect::Keep(Line::Answered { .. }), Effect::Write { .. }]));
    // A second key is no second milestone.
    let again = bench.take(Fact::Answered { ask, of, verdict: Verdict::Create });
    assert!(!again.iter().any(|effect| matches!(effect, Effect::Write { .. })));
    let effects = bench.take(Fact::Written { ask, what: "M1-login is ready.".to_owned() });
    assert_eq!(answers(&effects), [(1, "The person approved it. M1-login is ready.", false)]);
    assert!(bench.state.open.is_empty());
}

#[test]
fn a_proposal_that_does_not_hold_goes_back_to_its_agent_and_is_never_shown() {
    let mut bench = Bench::new();
    bench.say("Plan a login");
    let ask = bench.propose(7);
    let effects = bench.take(Fact::Drawn { ask, drawn: Err(vec!["no criteria".to_owned()]) });
    assert_eq!(answers(&effects).len(), 1);
    let (call, text, is_error) = answers(&effects)[0];
    assert!(call == 7 && is_error && text.ends_with("- no criteria"), "{text}");
    assert!(bench.state.open.is_empty());
}

#[test]
fn what_the_person_edited_is_shown_again_and_a_broken_edit_brings_back_what_was_shown() {
    let mut bench = Bench::new();
    bench.say("Plan a login");
    let ask = bench.propose(1);
    let kind = proposal("Login");
    bench.take(Fact::Drawn { ask, drawn: Ok(drawn(&kind, "one")) });
    let of = Some(ContentHash::of(b"one"));
    let edited = Verdict::Edited { files: vec![("prd.md".to_owned(), "x".to_owned())] };
    let effects = bench.take(Fact::Answered { ask, of, verdict: edited.clone() });
    assert!(matches!(&effects[..], [Effect::Draw { edited, .. }] if edited.len() == 1));
    bench.take(Fact::Drawn { ask, drawn: Err(vec!["bad YAML".to_owned()]) });
    assert!(matches!(&bench.state.open[0].what, What::Proposal(shown) if shown.title == "one"));
    bench.take(Fact::Answered { ask, of, verdict: edited });
    bench.take(Fact::Drawn { ask, drawn: Ok(drawn(&kind, "two")) });
    assert!(matches!(&bench.state.open[0].what, What::Proposal(shown) if shown.title == "two"));
}

#[test]
fn an_answer_to_a_proposal_whose_turn_is_over_reaches_the_agent_with_its_next_turn() {
    let mut bench = Bench::new();
    bench.say("Plan a login");
    let ask = bench.propose(1);
    bench.take(Fact::Drawn { ask, drawn: Ok(drawn(&proposal("Login"), "M1")) });
    bench.take(ended(1, well(), 0, true));
    bench.take(Fact::Answered { ask, of: Some(ContentHash::of(b"M1")), verdict: Verdict::Discard });
    let effects = bench.say("What else?");
    let news = effects.iter().find_map(|effect| match effect {
        Effect::StartTurn { news, .. } => Some(news.clone()),
        _ => None,
    });
    assert!(news.unwrap()[0].starts_with("To your earlier proposal: The person discarded"));
}

#[test]
fn an_agent_that_cannot_be_reached_is_tried_three_times_and_is_told_again_what_it_never_heard() {
    let mut bench = Bench::new();
    bench.say("Hello");
    for turn in 1..=3 {
        let effects = bench.take(ended(turn, overloaded(), 0, false));
        assert!(effects.iter().any(|effect| matches!(effect, Effect::WakeAt(_))), "try {turn}");
        let again = bench.state.trouble.as_ref().unwrap().again.unwrap();
        bench.state.at = again;
        assert_eq!(started(&bench.take(Fact::Woke)), Some("Hello"));
    }
    let effects = bench.take(ended(4, overloaded(), 0, false));
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::WakeAt(_))));
    assert_eq!(started(&bench.say("")), Some("Hello"), "enter goes on");
}

#[test]
fn a_killed_conversation_comes_back_with_what_was_said_and_what_waits() {
    let mut bench = Bench::new();
    bench.say("Plan a login");
    let ask = bench.propose(1);
    bench.take(Fact::Drawn { ask, drawn: Ok(drawn(&proposal("Login"), "M1")) });
    let effects = bench.killed();
    assert!(matches!(&effects[..], [Effect::Draw { approved: None, .. }]), "{effects:?}");
    assert_eq!(bench.state.unheard, ["Plan a login"]);
    bench.take(Fact::Drawn { ask, drawn: Ok(drawn(&proposal("Login"), "M1")) });
    bench.take(Fact::Answered { ask, of: Some(ContentHash::of(b"M1")), verdict: Verdict::Create });
    // Killed between the answer and the end of the writing: it is found out whether it was written.
    let effects = bench.killed();
    let approved = Some(ContentHash::of(b"M1"));
    assert!(matches!(&effects[..], [Effect::Draw { approved: a, .. }] if *a == approved), "{effects:?}");
    // It was not, and it is still the same: it is written now.
    let effects = bench.take(Fact::Drawn { ask, drawn: Ok(drawn(&proposal("Login"), "M1")) });
    assert!(matches!(&effects[..], [Effect::Write { .. }]));
    bench.take(Fact::Written { ask, what: "M1 is ready.".to_owned() });
    assert!(bench.killed().is_empty() && bench.state.open.is_empty());
}

#[test]
fn a_turn_that_was_killed_begins_anew_by_itself_where_it_asked_nothing() {
    let mut bench = Bench::new();
    bench.say("Plan a login");
    let effects = bench.killed();
    let told = effects.iter().find_map(|effect| match effect {
        Effect::StartTurn { text, .. } => Some(text.as_str()),
        _ => None,
    });
    assert_eq!(told, Some("Plan a login"), "{effects:?}");
}

#[test]
fn questions_are_answered_in_words_that_name_them() {
    let mut bench = Bench::new();
    bench.say("Plan a login");
    bench.take(Fact::Asks { call: CallId(3), form: form() });
    let ask = bench.state.last_ask;
    let given = FormAnswer { chosen: vec!["OAuth".to_owned()], words: "Google only".to_owned() };
    let effects = bench.take(Fact::Answered { ask, of: None, verdict: Verdict::Answers(vec![given]) });
    assert_eq!(answers(&effects), [(3, "The person answered:\n- Which?\n  OAuth; Google only", false)]);
}

#[test]
fn questions_that_were_left_open_are_answered_later_and_the_agent_goes_on_with_the_answer() {
    let mut bench = Bench::new();
    bench.say("Plan a login");
    bench.take(Fact::Asks { call: CallId(3), form: form() });
    bench.take(Fact::LeaveRequested);
    bench.take(ended(1, Outcome::Faulted(Fault::Cancelled), 0, true));
    assert!(bench.state.left);
    bench.killed();
    let ask = bench.state.open[0].id;
    let given = FormAnswer { chosen: Vec::new(), words: "OAuth".to_owned() };
    let effects = bench.take(Fact::Answered { ask, of: None, verdict: Verdict::Answers(vec![given]) });
    let news = effects.iter().find_map(|effect| match effect {
        Effect::StartTurn { news, .. } => Some(news.join(" ")),
        _ => None,
    });
    assert!(news.unwrap().ends_with("To your earlier questions: The person answered:\n- Which?\n  OAuth"));
}

#[test]
fn leaving_ends_the_turn_first_and_at_once_when_asked_twice() {
    let mut bench = Bench::new();
    bench.say("Hello");
    assert!(matches!(
        bench.take(Fact::LeaveRequested)[..],
        [Effect::Keep(Line::Leaving), Effect::Interrupt { .. }]
    ));
    assert!(matches!(bench.take(Fact::LeaveRequested)[..], [Effect::Leave]));
    assert!(bench.say("more").is_empty(), "it is over");
}

#[derive(Clone, Debug)]
enum Move {
    Say,
    Queue,
    Interrupt,
    Propose,
    Ask,
    Draw(bool),
    Answer(u8, bool),
    Written(bool),
    End(u8, u32, bool, bool),
    Look(u8),
    PutBack(bool),
    Commit,
    Wake,
    Kill,
}

fn moves() -> impl Strategy<Value = Move> {
    prop_oneof![
        4 => Just(Move::Say),
        2 => Just(Move::Queue),
        1 => Just(Move::Interrupt),
        3 => Just(Move::Propose),
        2 => Just(Move::Ask),
        4 => any::<bool>().prop_map(Move::Draw),
        5 => (0..6_u8, any::<bool>()).prop_map(|(how, right)| Move::Answer(how, right)),
        3 => any::<bool>().prop_map(Move::Written),
        3 => (0..3_u8, 0..3_u32, any::<bool>(), any::<bool>())
            .prop_map(|(how, heard, spoke, wrote)| Move::End(how, heard, spoke, wrote)),
        3 => (0..4_u8).prop_map(Move::Look),
        2 => any::<bool>().prop_map(Move::PutBack),
        1 => Just(Move::Commit),
        1 => Just(Move::Wake),
        1 => Just(Move::Kill),
    ]
}

proptest! {
    #[test]
    fn nothing_said_is_lost_and_nothing_is_written_unasked(moves in prop::collection::vec(moves(), 0..80)) {
        let mut bench = Bench::new();
        let mut said = 0_u32;
        let mut delivered = BTreeSet::new();
        let mut calls = 0_u64;
        let mut replied = BTreeSet::new();
        for (number, next) in moves.into_iter().enumerate() {
            let running = bench.state.running.clone();
            let open = bench.state.open.clone();
            let (mut approves, mut puts_back) = (None, false);
            let was_looking = bench.state.looking;
            let effects = match next {
                Move::Say => { said += 1; bench.say(&format!("words-{said}")) }
                Move::Queue => { said += 1; bench.take(Fact::Queued { text: format!("words-{said}") }) }
                Move::Interrupt => bench.take(Fact::Interrupted),
                Move::Propose if running.is_some() => {
                    calls += 1;
                    bench.take(Fact::Proposes { call: CallId(calls), what: proposal("x") })
                }
                Move::Ask if running.is_some() => {
                    calls += 1;
                    bench.take(Fact::Asks { call: CallId(calls), form: form() })
                }
                Move::Draw(well) => {
                    let ask = open.iter().find(|open| matches!(open.what, What::Drawing { .. }));
                    let Some(ask) = ask.map(|open| open.id) else { continue };
                    let drawn = if well { Ok(drawn(&proposal("x"), &format!("M{number}"))) } else { Err(vec!["no".to_owned()]) };
                    bench.take(Fact::Drawn { ask, drawn })
                }
                Move::Answer(how, right) => {
                    let Some(first) = open.first() else { continue };
                    let of = match &first.what {
                        What::Proposal(shown) if right => Some(shown.of),
                        _ => Some(ContentHash::of(b"other")),
                    };
                    let verdict = match how {
                        0 => Verdict::Create,
                        1 => Verdict::Revise { feedback: "f".to_owned() },
                        2 => Verdict::Discard,
                        3 => left::chosen("mine"),
                        4 => left::chosen("put back"),
                        _ => Verdict::Answers(vec![]),
                    };
                    puts_back = how == 4;
                    if matches!(verdict, Verdict::Create) && right && matches!(first.what, What::Proposal(_)) {
                        approves = Some(first.id);
                    }
                    bench.take(Fact::Answered { ask: first.id, of, verdict })
                }
                Move::Written(well) => {
                    let writing = open.iter().find(|open| matches!(open.what, What::Writing(_)));
                    let Some(ask) = writing.map(|open| open.id) else { continue };
                    if well { bench.take(Fact::Written { ask, what: "w".to_owned() }) }
                    else { bench.take(Fact::NotWritten { ask, why: "y".to_owned() }) }
                }
                Move::Look(how) => {
                    let Some(turn) = was_looking else { continue };
                    let left = match how {
                        0 => Err("no".to_owned()),
                        1 => Ok(Left { outside: left::paths(&["Makefile"]), ..Left::default() }),
                        _ => Ok(Left { inside: left::paths(&["src/a"]), ..Left::default() }),
                    };
                    bench.take(Fact::LookedAt { turn, left })
                }
                Move::PutBack(well) => {
                    let is_it = |open: &&Open| matches!(&open.what, What::Outside(outside) if outside.is_answered);
                    let Some(ask) = open.iter().find(is_it).map(|open| open.id) else { continue };
                    let done = if well { Ok("put back".to_owned()) } else { Err("no".to_owned()) };
                    bench.take(Fact::PutBack { ask, done })
                }
                Move::Commit => bench.take(Fact::CommitWanted { message: "fix: x".to_owned() }),
                Move::End(how, heard, spoke, wrote) => {
                    let Some(running) = &running else { continue };
                    let heard = heard.min(u32::try_from(running.said.len()).unwrap());
                    let outcome = match how { 0 => well(), 1 => overloaded(), _ => Outcome::Faulted(Fault::Cancelled) };
                    let is_heard = spoke || how == 0 || running.interrupted;
                    if is_heard { delivered.extend(running.told.clone()); }
                    delivered.extend(running.said[..heard as usize].iter().cloned());
                    let Fact::TurnEnded(end) = ended(running.turn.0, outcome, heard, spoke) else { unreachable!() };
                    bench.take(Fact::TurnEnded(TurnEnd { wrote, ..end }))
                }
                Move::Wake => {
                    if let Some(again) = bench.state.trouble.as_ref().and_then(|trouble| trouble.again) {
                        bench.state.at = again;
                    }
                    bench.take(Fact::Woke)
                }
                Move::Kill => bench.killed_unseen(),
                Move::Propose | Move::Ask => continue,
            };
            for effect in &effects {
                match effect {
                    Effect::Write { ask, .. } => {
                        let was_approved = bench.file.iter().any(|kept| matches!(&kept.line,
                            Line::Answered { ask: of, answer, .. } if of == ask && answer == "create"));
                        prop_assert!(approves == Some(*ask) || was_approved, "unasked");
                    }
                    Effect::StartTurn { .. } => prop_assert!(bench.state.looking.is_none(), "somebody else's changes"),
                    Effect::PutBack { .. } => prop_assert!(puts_back, "unasked"),
                    Effect::Answer { call, .. } => prop_assert!(replied.insert(*call), "answered twice"),
                    _ => {}
                }
            }
            let state = &bench.state;
            let looks = effects.iter().any(|effect| matches!(effect, Effect::LookAt { .. }));
            let waits = state.trouble.is_some() || was_looking == state.looking;
            prop_assert!(state.looking.is_none() || looks || waits, "nobody looks");
            for number in 1..=said {
                let words = format!("words-{number}");
                let told = state.running.iter().flat_map(|running| running.told.iter().chain(&running.said));
                let is_somewhere = state.unheard.iter().chain(&state.queue).chain(told).any(|text| *text == words);
                prop_assert!(is_somewhere || delivered.contains(&words), "{words} is gone");
            }
        }
    }
}
