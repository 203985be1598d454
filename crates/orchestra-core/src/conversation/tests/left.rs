//! Turns that could write, and commits.

use super::*;

/// A turn with a role that may write.
fn ended_writing(turn: u64, commit: Option<&str>) -> Fact {
    let wording = |subject: &str| CommitProposal { subject: subject.to_owned(), ..CommitProposal::default() };
    let report = Report { commit: commit.map(wording), ..Report::default() };
    let Fact::TurnEnded(end) = ended(turn, Outcome::Reported(Box::new(report)), 0, true) else {
        unreachable!()
    };
    Fact::TurnEnded(TurnEnd { wrote: true, ..end })
}

pub(super) fn paths(names: &[&str]) -> Vec<RepoPath> {
    names.iter().map(|name| RepoPath::parse(*name).unwrap()).collect()
}

fn looked(turn: u64, inside: &[&str], outside: &[&str]) -> Fact {
    let left = Left { inside: paths(inside), outside: paths(outside), remarks: Vec::new() };
    Fact::LookedAt { turn: TurnId(turn), left: Ok(left) }
}

fn looks_at(effects: &[Effect]) -> Option<u64> {
    effects.iter().find_map(|effect| match effect {
        Effect::LookAt { turn } => Some(turn.0),
        _ => None,
    })
}

pub(super) fn chosen(label: &str) -> Verdict {
    Verdict::Answers(vec![FormAnswer { chosen: vec![label.to_owned()], words: String::new() }])
}

#[test]
fn after_a_turn_that_could_write_the_next_one_waits_until_it_is_known_what_it_changed() {
    let mut bench = Bench::new();
    bench.say("build it");
    let effects = bench.take(ended_writing(1, None));
    assert_eq!(looks_at(&effects), Some(1));
    assert_eq!(started(&bench.say("and a test")), None);
    let effects = bench.take(looked(1, &["src/a.rs"], &[]));
    assert_eq!(started(&effects), Some("and a test"));
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Note(Note::Changed { .. }))));
    // A look at a turn that is known already changes nothing.
    assert_eq!(bench.take(looked(1, &["src/b.rs"], &[])), []);
}

#[test]
fn a_look_that_fails_is_taken_again_with_the_next_words_and_nobody_writes_meanwhile() {
    let mut bench = Bench::new();
    bench.say("build it");
    bench.take(ended_writing(1, None));
    bench.take(Fact::LookedAt { turn: TurnId(1), left: Err("no disk".to_owned()) });
    assert!(bench.state.trouble.is_some());
    let effects = bench.say("go on");
    assert_eq!((looks_at(&effects), started(&effects)), (Some(1), None));
    assert_eq!(started(&bench.take(looked(1, &[], &[]))), Some("go on"));
}

#[test]
fn a_turn_that_was_killed_while_it_could_write_is_looked_at_before_it_is_begun_anew() {
    let mut bench = Bench::new();
    bench.say("build it");
    let effects = bench.killed_unseen();
    assert_eq!((looks_at(&effects), started(&effects)), (Some(1), None));
    assert_eq!(started(&bench.take(looked(1, &["src/a.rs"], &[]))), Some("build it"));
    // So is one that ended and was not looked at.
    bench.take(ended_writing(2, None));
    assert_eq!(looks_at(&bench.killed_unseen()), Some(2));
    bench.take(looked(2, &[], &[]));
    assert_eq!(looks_at(&bench.killed_unseen()), None);
}

#[test]
fn whoever_leaves_at_once_is_asked_next_time_what_the_turn_has_changed_and_nothing_begins_anew() {
    let mut bench = Bench::new();
    bench.say("build it");
    bench.take(Fact::LeaveRequested);
    bench.take(Fact::LeaveRequested);
    assert!(bench.state.left && !bench.file.iter().any(|kept| kept.line == Line::Left));
    assert_eq!(looks_at(&bench.killed_unseen()), Some(1));
    let effects = bench.take(looked(1, &[], &["Makefile"]));
    assert_eq!((started(&effects), bench.state.open.len()), (None, 1));
    // One that waits for the turn's end leaves nothing behind.
    let mut bench = Bench::new();
    bench.say("build it");
    bench.take(Fact::LeaveRequested);
    bench.take(ended_writing(1, None));
    assert!(!bench.state.left);
    bench.take(looked(1, &["src/a.rs"], &[]));
    assert!(bench.state.left && bench.file.last().is_some_and(|kept| kept.line == Line::Left));
}

#[test]
fn whose_a_change_outside_of_the_room_is_stays_a_question_until_the_person_has_answered() {
    let mut bench = Bench::new();
    bench.say("build it");
    bench.take(ended_writing(1, None));
    bench.take(looked(1, &[], &["Makefile"]));
    bench.killed();
    let ask = bench.state.open[0].id;
    assert!(
        bench.state.open[0].what.form().is_some_and(|form| form.questions[0].question.contains("Makefile"))
    );
    let answer = |verdict| Fact::Answered { ask, of: None, verdict };
    // Words are no answer, and neither is putting it aside.
    bench.take(answer(Verdict::Discard));
    bench.take(answer(Verdict::Answers(vec![FormAnswer { chosen: Vec::new(), words: "mine".to_owned() }])));
    assert_eq!(bench.state.open.len(), 1);
    let effects = bench.take(answer(chosen("put back")));
    assert_eq!(effects, [Effect::PutBack { ask, turn: TurnId(1), paths: paths(&["Makefile"]) }]);
    bench.take(Fact::PutBack { ask, done: Err("locked".to_owned()) });
    assert!(bench.state.open[0].what.form().is_some());
    bench.take(answer(chosen("put back")));
    bench.take(Fact::PutBack { ask, done: Ok("put back".to_owned()) });
    assert!(bench.state.open.is_empty() && bench.state.news[0].contains("Makefile"));
    assert!(bench.killed().is_empty() && bench.state.open.is_empty());
}

#[test]
fn what_the_person_says_is_theirs_is_left_alone() {
    let mut bench = Bench::new();
    bench.say("build it");
    bench.take(ended_writing(1, None));
    bench.take(looked(1, &[], &["Makefile"]));
    let ask = bench.state.open[0].id;
    let effects = bench.take(Fact::Answered { ask, of: None, verdict: chosen("mine") });
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::PutBack { .. })));
    assert!(bench.state.open.is_empty());
}

fn commit_wanted(message: &str) -> Fact {
    Fact::CommitWanted { message: message.to_owned() }
}

fn drawn_commit(bench: &Bench) -> Fact {
    let open = bench.state.open.last().unwrap();
    let What::Drawing { what, .. } = &open.what else { panic!("{:?}", open.what) };
    Fact::Drawn { ask: open.id, drawn: Ok(drawn(what, "commit")) }
}

#[test]
fn a_commit_is_worded_by_the_person_or_else_as_the_agent_reported() {
    let mut bench = Bench::new();
    assert_eq!(bench.take(commit_wanted("")).len(), 1, "it says how to word it");
    assert!(bench.state.open.is_empty());
    bench.say("build it");
    assert!(bench.take(commit_wanted("fix: x")).iter().all(|effect| matches!(effect, Effect::Note(_))));
    bench.take(ended_writing(1, Some("feat: a login")));
    bench.take(looked(1, &["src/a.rs"], &[]));
    bench.killed();
    bench.take(commit_wanted(""));
    let wording = |bench: &Bench| match &bench.state.open[0].what {
        What::Drawing { what: ProposedKind::Commit(wording), .. } => wording.subject.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(wording(&bench), "feat: a login");
    bench.take(drawn_commit(&bench));
    // Worded anew it takes the other's place.
    bench.take(commit_wanted("feat: the login"));
    assert_eq!((wording(&bench).as_str(), bench.state.open.len()), ("feat: the login", 1));
}

#[test]
fn a_commit_is_made_after_the_answer_to_exactly_what_was_shown() {
    let mut bench = Bench::new();
    bench.take(commit_wanted("fix: x"));
    bench.take(drawn_commit(&bench));
    let ask = bench.state.open[0].id;
    let of = |text: &str| Some(ContentHash::of(text.as_bytes()));
    bench.take(Fact::Answered { ask, of: of("another"), verdict: Verdict::Create });
    assert!(matches!(bench.state.open[0].what, What::Proposal(_)));
    let effects = bench.take(Fact::Answered { ask, of: of("commit"), verdict: Verdict::Create });
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Write { .. })));
    // A file changed meanwhile: it is drawn anew and asked again.
    let effects = bench.take(Fact::NotWritten { ask, why: "src/a.rs changed".to_owned() });
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Draw { .. })));
    bench.take(drawn_commit(&bench));
    bench.take(Fact::Answered { ask, of: of("commit"), verdict: Verdict::Create });
    bench.take(Fact::Written { ask, what: "Committed 12ab: fix: x".to_owned() });
    assert!(bench.state.open.is_empty() && bench.state.news == ["Committed 12ab: fix: x"]);
}

#[test]
fn what_is_wrong_with_a_commit_is_work_for_the_role() {
    let mut bench = Bench::new();
    bench.take(commit_wanted("fix: x"));
    bench.take(drawn_commit(&bench));
    let ask = bench.state.open[0].id;
    let verdict = Verdict::Revise { feedback: "a test is missing".to_owned() };
    let of = Some(ContentHash::of(b"commit"));
    assert_eq!(started(&bench.take(Fact::Answered { ask, of, verdict })), Some("a test is missing"));
    assert!(bench.state.open.is_empty());
}

#[test]
fn what_a_reviewer_found_is_kept_and_shown() {
    let mut bench = Bench::new();
    bench.say("review");
    let finding =
        crate::report::Finding { message: "no test".to_owned(), ..crate::report::Finding::default() };
    let report = Report { findings: vec![finding], ..Report::default() };
    let effects = bench.take(ended(1, Outcome::Reported(Box::new(report)), 0, true));
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Note(Note::Found { .. }))));
    assert!(bench.file.iter().any(|kept| matches!(kept.line, Line::Found { .. })));
}
