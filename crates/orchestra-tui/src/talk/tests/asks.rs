//! What waits for the person: proposals and questions.

use orchestra_core::conversation::{Note, Proposed};

use super::*;
use crate::testing::change;

fn asked() -> TalkBench {
    let mut bench = TalkBench::running(PLAIN, USUAL);
    bench.waits(vec![open(1, What::Proposal(proposal()))]);
    bench
}

fn answer(verdict: Verdict) -> Vec<TalkCommand> {
    vec![TalkCommand::Answer { ask: AskId(1), of: Some(proposal().of), verdict }]
}

fn answers(answers: &[(&[&str], &str)]) -> Vec<TalkCommand> {
    let one = |(chosen, words): &(&[&str], &str)| FormAnswer {
        chosen: chosen.iter().map(|label| (*label).to_owned()).collect(),
        words: (*words).to_owned(),
    };
    let verdict = Verdict::Answers(answers.iter().map(one).collect());
    vec![TalkCommand::Answer { ask: AskId(1), of: None, verdict }]
}

fn questions() -> TalkBench {
    let mut bench = TalkBench::running(PLAIN, USUAL);
    bench.waits(vec![open(1, What::Form(form()))]);
    bench
}

#[test]
fn a_proposal_is_answered_by_its_key_with_the_hash_of_what_was_shown() {
    for (keys, verdict) in [
        ("a", Verdict::Create),
        ("d", Verdict::Discard),
        ("r n o enter", Verdict::Revise { feedback: "no".to_owned() }),
    ] {
        let mut bench = asked();
        assert_eq!(bench.press(keys), answer(verdict), "{keys}");
        // It is gone, also while the conversation has not taken the answer.
        bench.waits(vec![open(1, What::Proposal(proposal()))]);
        assert!(bench.talk.asks.is_empty());
        assert_eq!(bench.press("a"), []);
    }
}

#[test]
fn of_an_edit_that_does_not_hold_it_is_said_why_in_front_of_the_proposal() {
    let refused = |why: &str| TalkMsg::Note {
        note: Box::new(Note::Refused { wrong: vec![why.to_owned()] }),
        line: Some(format!("· {why}")),
    };
    let mut bench = asked();
    // Another proposal of the agent's, which nobody edited.
    bench.tell(refused("no such file"));
    assert!(!bench.seen().contains("your edit"), "{}", bench.seen());
    bench.press("e");
    bench.tell(TalkMsg::Returned);
    bench.tell(refused("there is no role `wizard`"));
    assert!(bench.seen().contains("your edit does not hold: there is no role `wizard`"), "{}", bench.seen());
    bench.press("?");
    assert!(!bench.seen().contains("your edit"), "{}", bench.seen());
    bench.tell(refused("no such file"));
    assert!(!bench.seen().contains("your edit"), "{}", bench.seen());
}

#[test]
fn e_opens_its_files_and_what_comes_back_has_to_arm_again() {
    let mut bench = asked();
    assert_eq!(bench.press("e"), [TalkCommand::EditProposal { ask: AskId(1) }]);
    let edited = Proposed { of: ContentHash::of(b"edited"), ..Proposed::clone(&proposal()) };
    let (of, edited) = (Some(edited.of), Arc::new(edited));
    bench.tell(TalkMsg::Returned);
    bench.waits(vec![open(1, What::Proposal(edited))]);
    assert_eq!(bench.tell(TalkMsg::Key(key_named("a"))), []);
    assert_eq!(bench.wait(1_000), []);
    let verdict = Verdict::Create;
    assert_eq!(bench.press("a"), [TalkCommand::Answer { ask: AskId(1), of, verdict }]);
}

#[test]
fn a_comment_on_a_line_goes_with_what_is_sent_back_and_outlives_an_edit() {
    let mut bench = asked();
    bench.press("] down down c w h y ? enter");
    assert!(bench.seen().contains("why?"), "{}", bench.seen());
    let drawing = What::Drawing { what: proposal().kind.clone(), before: Some(proposal()), approved: None };
    bench.waits(vec![open(1, drawing)]);
    assert!(bench.talk.asks.is_empty());
    bench.waits(vec![open(1, What::Proposal(proposal()))]);
    bench.press("r");
    let feedback = ".orchestra/milestones/M4-stay-logged-in/milestone.md:2: why?\n> +id: M4-stay-logged-in";
    assert_eq!(bench.press("enter"), answer(Verdict::Revise { feedback: feedback.to_owned() }));
}

#[test]
fn all_files_are_in_full_searched_and_folded_each() {
    let mut bench = asked();
    bench.press("]");
    let head =
        |bench: &mut TalkBench| bench.seen().lines().any(|line| line.contains("milestone.md  new, 6 lines"));
    assert!(head(&mut bench));
    assert!(bench.seen().contains("│ status: planning"), "{}", bench.seen());
    bench.press("enter");
    assert!(head(&mut bench) && !bench.seen().contains("│ status: planning"), "{}", bench.seen());
    bench.press("/ p l a n n i n g enter");
    assert!(bench.seen().contains("│ status: planning"), "{}", bench.seen());
    bench.press("o");
    assert!(!bench.seen().contains("│ role: backend"), "{}", bench.seen());
    bench.press("o");
    assert!(bench.seen().contains("│ role: backend"), "{}", bench.seen());
    assert_eq!(bench.press("a"), answer(Verdict::Create));
}

#[test]
fn a_change_is_shown_as_what_is_different() {
    let mut bench = TalkBench::running(PLAIN, (100, 45));
    bench.waits(vec![open(1, What::Proposal(change()))]);
    let seen = bench.seen();
    for line in ["phase-3 moves to place 4", "milestone.md  +2 -1", "│ -line 6", "│ +line six", "… 2 lines"]
    {
        assert!(seen.contains(line), "{line}: {seen}");
    }
}

#[test]
fn put_aside_it_reminds_and_the_person_goes_on_talking() {
    let mut bench = asked();
    bench.press("esc");
    assert!(bench.seen().contains("ctrl-g answer the proposal"), "{}", bench.seen());
    bench.write("what is P1?");
    assert_eq!(bench.press("enter"), say("what is P1?"));
    bench.press("ctrl-g");
    assert!(bench.seen().contains("Stay logged in"), "{}", bench.seen());
    assert_eq!(bench.press("a"), answer(Verdict::Create));
}

#[test]
fn a56_what_was_typed_when_it_came_answers_nothing() {
    for what in [What::Proposal(proposal()), What::Form(form())] {
        let mut bench = TalkBench::running(PLAIN, USUAL);
        bench.write("aaa");
        bench.waits(vec![open(1, what)]);
        for key in ["a", "1", "space", "enter", "d", "a", "2", "enter"].repeat(3) {
            assert_eq!(bench.tell(TalkMsg::Key(key_named(key))), []);
            assert_eq!(bench.wait(390), []);
        }
        assert_eq!(bench.wait(5_000), []);
        assert_eq!(bench.talk.asks.len(), 1);
        let chosen = bench.seen().contains('●') && bench.seen().contains("How long?");
        assert!(!chosen, "{}", bench.seen());
        // What was half written is there again.
        bench.press("esc");
        assert!(bench.seen().contains("› aaa"), "{}", bench.seen());
    }
}

#[test]
fn a58_a_paste_answers_nothing() {
    for what in [What::Proposal(proposal()), What::Form(form())] {
        let mut bench = TalkBench::running(PLAIN, USUAL);
        bench.waits(vec![open(1, what)]);
        bench.wait(1_000);
        assert_eq!(bench.tell(TalkMsg::Paste("a\n1\n".to_owned())), []);
        assert_eq!(bench.wait(1_000), []);
        // Nor does one from a terminal that does not say that it is one.
        for key in ["a", "enter", "enter", "d", "enter"] {
            assert_eq!(bench.tell(TalkMsg::Key(key_named(key))), []);
        }
        assert_eq!(bench.wait(1_000), []);
        assert_eq!(bench.talk.asks.len(), 1);
    }
}

#[test]
fn questions_are_answered_by_numbers_arrows_and_words_and_sent_by_enter() {
    let mut bench = questions();
    assert!(bench.seen().contains("1. How long?"), "{}", bench.seen());
    assert_eq!(bench.press("2 tab 1 3"), []);
    assert!(bench.seen().contains("enter\u{a0}send\u{a0}the\u{a0}answers"), "{}", bench.seen());
    assert_eq!(bench.press("enter"), answers(&[(&["30 days"], ""), (&["web", "mail"], "")]));
    assert!(bench.talk.asks.is_empty());
    assert!(bench.seen().contains("› 30 days") && bench.seen().contains("web; mail"), "{}", bench.seen());

    let mut bench = questions();
    // Enter chooses what is pointed at, and goes on to what has no answer yet.
    assert_eq!(bench.press("down enter down space space down space"), []);
    assert_eq!(bench.press("enter"), answers(&[(&["30 days"], ""), (&["mail"], "")]));

    let mut bench = questions();
    assert_eq!(bench.press("down down a 1 alt-enter q enter"), []);
    assert_eq!(bench.press("2 enter"), answers(&[(&[], "a1\nq"), (&["app"], "")]));
}

#[test]
fn of_one_answer_the_last_counts_and_it_can_be_taken_back() {
    let mut bench = questions();
    assert_eq!(bench.press("1 2 1 1 tab 1"), []);
    assert!(bench.seen().contains("enter\u{a0}choose"), "{}", bench.seen());
    assert_eq!(bench.press("enter enter"), [], "to the first, where it chooses, and to what sends");
    assert_eq!(bench.press("enter"), answers(&[(&["7 days"], ""), (&["web"], "")]));
}

#[test]
fn what_has_no_answer_is_said_before_it_is_sent_so() {
    let mut bench = questions();
    assert_eq!(bench.press("1 tab tab"), []);
    assert_eq!(bench.press("enter"), []);
    assert!(
        bench.seen().contains("1 question without an answer: enter again sends it so"),
        "{}",
        bench.seen()
    );
    assert_eq!(bench.press("up down enter"), [], "it was something else in between");
    assert_eq!(bench.press("enter"), answers(&[(&["7 days"], ""), (&[], "")]));

    let mut bench = questions();
    let none = vec![TalkCommand::Answer { ask: AskId(1), of: None, verdict: Verdict::Discard }];
    assert_eq!(bench.press("tab tab down enter"), none);
}

#[test]
fn what_was_answered_so_far_is_there_again_after_a_look_around() {
    let mut bench = questions();
    bench.press("2 down x y esc");
    assert!(bench.seen().contains("answer the questions"), "{}", bench.seen());
    bench.press("ctrl-g tab 1");
    assert_eq!(bench.press("enter"), answers(&[(&["30 days"], "xy"), (&["web"], "")]));
}

#[test]
fn what_waits_next_comes_to_the_front_and_has_to_arm() {
    let mut bench = TalkBench::running(PLAIN, USUAL);
    bench.waits(vec![open(1, What::Proposal(proposal())), open(2, What::Form(form()))]);
    bench.press("esc");
    assert!(bench.seen().contains("answer the proposal and 1 more"), "{}", bench.seen());
    bench.press("ctrl-g d");
    assert!(bench.seen().contains("questions for you"), "{}", bench.seen());
    bench.tell(TalkMsg::Key(key_named("1")));
    bench.wait(10);
    bench.waits(vec![]);
    assert!(bench.talk.ask().is_none());
}

#[test]
fn what_could_not_be_written_waits_again() {
    let mut bench = asked();
    assert_eq!(bench.press("a"), answer(Verdict::Create));
    bench.waits(vec![open(1, What::Writing(proposal()))]);
    bench.waits(vec![open(1, What::Proposal(proposal()))]);
    let note = Box::new(Note::NotWritten { why: "disk full".to_owned() });
    let told = bench.tell(TalkMsg::Note { note, line: Some("not written: disk full".to_owned()) });
    assert_eq!(told, [TalkCommand::Notify("shop-api: a proposal could not be written".to_owned())]);
    assert_eq!(bench.press("a"), answer(Verdict::Create));
}

#[test]
fn whoever_looks_elsewhere_is_told_in_our_own_words() {
    let mut bench = TalkBench::running(PLAIN, USUAL);
    let note = Box::new(Note::Proposed { ask: AskId(1), is_commit: false });
    let told = bench.tell(TalkMsg::Note { note, line: None });
    assert_eq!(told, [TalkCommand::Notify("shop-api: a proposal waits for you".to_owned())]);
}

#[test]
fn one_question_is_spoken_of_as_one() {
    let mut one = form();
    one.questions.truncate(1);
    for (form, waits, what) in [
        (one, "a question waits for you", "the question "),
        (form(), "questions wait for you", "the questions "),
    ] {
        let mut bench = TalkBench::running(PLAIN, USUAL);
        bench.waits(vec![open(1, What::Form(form))]);
        let told = bench.tell(TalkMsg::Note { note: Box::new(Note::Asked { ask: AskId(1) }), line: None });
        assert_eq!(told, [TalkCommand::Notify(format!("shop-api: {waits}"))]);
        assert!(bench.seen().contains(waits), "{}", bench.seen());
        bench.press("esc");
        assert!(bench.seen().contains(&format!("answer {what}")), "{}", bench.seen());
    }
}

#[test]
fn a32_what_an_agent_proposes_does_nothing_to_the_terminal() {
    let evil = "x\u{1b}[2J\u{202e}\u{7}\r\ny";
    let mut proposed = Proposed::clone(&proposal());
    proposed.kind = orchestra_core::conversation::ProposedKind::Milestone(Box::new(MilestoneProposal {
        summary: evil.to_owned(),
        criteria: vec![evil.to_owned()],
        ..MilestoneProposal::default()
    }));
    for text in [&mut proposed.title, &mut proposed.milestone] {
        evil.clone_into(text);
    }
    for file in &mut proposed.files {
        (file.path, file.after, file.before) = (evil.to_owned(), evil.to_owned(), Some("x".to_owned()));
    }
    (proposed.commands, proposed.remarks) = (vec![evil.to_owned()], vec![evil.to_owned()]);
    let mut asks = form();
    for question in &mut asks.questions {
        evil.clone_into(&mut question.question);
        for option in &mut question.options {
            (option.label, option.meaning) = (evil.to_owned(), evil.to_owned());
        }
    }
    for what in [What::Proposal(Arc::new(proposed)), What::Form(asks)] {
        let mut bench = TalkBench::running(PLAIN, (100, 45));
        bench.waits(vec![open(1, what)]);
        bench.press("down down");
        whatever::assert_harmless(&mut bench);
    }
}
