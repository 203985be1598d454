use super::*;
use crate::id::{GateId, MilestoneId, PhaseId, RoleId};
use crate::path::ContentHash;
use crate::plan::{
    Complexity, Cursor, Format, Milestone, MilestoneStatus, Order, Phase, Priority, RfcNeed, StageName,
};
use crate::repo::CommitId;
use crate::worker::{Active, Asked, At, Event, Fact, Question, State, step};

/// The moment so many minutes after the begin.
fn at(minutes: i64) -> Timestamp {
    Timestamp::from_second(1_000_000 + minutes * 60).unwrap()
}

fn commit() -> CommitId {
    CommitId::parse(&"1".repeat(40)).unwrap()
}

fn work(phase: &str) -> WorkId {
    WorkId::Phase(PhaseId::parse(phase).unwrap())
}

/// A milestone of four phases at the first of which somebody works; told every half an hour.
fn running() -> State {
    let phase = |number: i64| Phase {
        id: PhaseId::parse(&format!("phase-{number}")).unwrap(),
        role: RoleId::parse("backend").unwrap(),
        title: String::new(),
        status: PhaseStatus::Pending,
        order: Order(number),
        depends_on: Vec::new(),
        files: Vec::new(),
        files_strict: false,
        verify: None,
        complexity: Complexity::Standard,
        may_be_empty: false,
        feedback: None,
    };
    let milestone = Milestone {
        id: MilestoneId::parse("M1-a").unwrap(),
        folder: "M1-a".to_owned(),
        title: String::new(),
        status: MilestoneStatus::InProgress,
        reason: None,
        priority: Priority::P1,
        depends_on: Vec::new(),
        rfc: RfcNeed::Skip,
        hold: Vec::new(),
        created: None,
        phases: (1..=4).map(phase).collect(),
        cursor: None,
        rfc_document: None,
        format: Format::Current,
    };
    let cursor = Cursor {
        stage: StageName::Build,
        work: None,
        attempt: 1,
        since: 1,
        baseline: 1,
        base: commit(),
        turn_base: None,
        fix_rounds: 0,
        gates: Vec::new(),
    };
    let active = Active {
        id: milestone.id.clone(),
        branch: "main".to_owned(),
        cursor,
        done: Vec::new(),
        at: At::Working(vec![Work::new(work("phase-1"), None, commit())]),
    };
    let mut state = State { at: at(0), stage: Stage::Milestone(Box::new(active)), ..State::default() };
    state.seen.plan.milestones.push(std::sync::Arc::new(milestone));
    state
}

/// Time passes until this minute: what is told, and when it will be woken next.
fn wait(state: &mut State, minutes: i64) -> (Vec<Note>, Option<i64>) {
    let (next, effects) = step(state, Event { at: at(minutes), fact: Fact::Woke });
    *state = next;
    let mut wakes = effects.iter().filter_map(|effect| match effect {
        Effect::WakeAt(moment) => Some(moment.duration_since(at(0)).as_mins()),
        _ => None,
    });
    let wake = wakes.next_back();
    let notes = effects.into_iter().filter_map(|effect| match effect {
        Effect::Note(note) => Some(note),
        _ => None,
    });
    (notes.collect(), wake)
}

fn progress(state: &mut State, minutes: i64) -> (u32, u64, Option<u64>) {
    match wait(state, minutes).0.as_slice() {
        [Note::Progress { done, seconds, seconds_left, .. }] => {
            (*done, seconds / 60, seconds_left.map(|left| left / 60))
        }
        other => panic!("{other:?}"),
    }
}

/// A phase begins and has its commit so many minutes later.
fn finish(state: &mut State, phase: &str, from: i64, to: i64) {
    let one = Work::new(work(phase), None, commit());
    state.pace.begins(&one, at(from));
    state.pace.committed(&one, at(to));
    state.active_mut().unwrap().done.push((work(phase), commit()));
}

#[test]
fn every_half_an_hour_it_is_told_how_far_it_is_and_nothing_in_between() {
    let mut state = running();
    assert_eq!(wait(&mut state, 0), (Vec::new(), Some(30)));
    // Woken early, it waits on.
    assert_eq!(wait(&mut state, 29), (Vec::new(), Some(30)));
    assert_eq!(progress(&mut state, 30), (0, 30, None));
    assert_eq!(wait(&mut state, 31), (Vec::new(), Some(60)));
    // The machine slept: it is told once, and not for each time that was missed.
    assert_eq!(progress(&mut state, 300), (0, 300, None));
    assert_eq!(wait(&mut state, 301), (Vec::new(), Some(330)));
}

#[test]
fn what_is_left_is_reckoned_by_the_median_of_what_was_finished_and_not_without_a_base() {
    let mut state = running();
    wait(&mut state, 0);
    assert_eq!(progress(&mut state, 30), (0, 30, None));
    finish(&mut state, "phase-1", 0, 40);
    assert_eq!(progress(&mut state, 60), (1, 60, Some(120)));
    finish(&mut state, "phase-2", 40, 50);
    finish(&mut state, "phase-3", 50, 65);
    // 10, 15 and 40 minutes: one phase of 15 is left, and of that 5 have passed.
    state.pace.begins(&Work::new(work("phase-4"), None, commit()), at(85));
    state.active_mut().unwrap().at = At::Working(vec![Work::new(work("phase-4"), None, commit())]);
    assert_eq!(progress(&mut state, 90), (3, 90, Some(10)));
    assert_eq!(progress(&mut state, 120), (3, 120, Some(0)));
    finish(&mut state, "phase-4", 85, 121);
    let (notes, _) = wait(&mut state, 150);
    assert!(
        matches!(notes.as_slice(), [Note::Progress { percent: Some(100), seconds_left: None, .. }]),
        "{notes:?}"
    );
}

#[test]
fn while_it_waits_for_a_person_nothing_is_told_and_the_phase_is_no_measure() {
    let mut state = running();
    wait(&mut state, 0);
    state.pace.begins(&Work::new(work("phase-1"), None, commit()), at(0));
    state.open = Some(Asked {
        gate: GateId::parse("failed-1").unwrap(),
        question: Question::Failed {
            milestone: MilestoneId::parse("M1-a").unwrap(),
            work: work("phase-1"),
            reason: "x".to_owned(),
        },
        of: ContentHash::of(b"x"),
    });
    assert_eq!(wait(&mut state, 30), (Vec::new(), None));
    assert_eq!(wait(&mut state, 600), (Vec::new(), None));
    assert!(state.pace.running.is_empty());
    state.open = None;
    assert_eq!(wait(&mut state, 601), (Vec::new(), Some(631)));
}

#[test]
fn whoever_wants_none_is_told_none() {
    let mut state = running();
    state.seen.policy.config.progress = None;
    assert_eq!(wait(&mut state, 0), (Vec::new(), None));
    assert_eq!(wait(&mut state, 90), (Vec::new(), None));
}

#[test]
fn an_agent_that_is_waited_for_is_tried_at_its_moment_whatever_is_told_before() {
    let mut state = running();
    wait(&mut state, 0);
    let mut waiting = Work::new(work("phase-1"), None, commit());
    waiting.progress = Progress::Backoff { until: at(45), outage: false };
    state.active_mut().unwrap().at = At::Working(vec![waiting]);
    assert_eq!(wait(&mut state, 10).1, Some(30));
    let (notes, wake) = wait(&mut state, 30);
    assert!(matches!(notes.as_slice(), [Note::Progress { .. }]), "{notes:?}");
    assert_eq!(wake, Some(45));
    // Where no agent is there it leaves: that it was tried is what matters.
    let (notes, _) = wait(&mut state, 45);
    assert!(matches!(notes.as_slice(), [Note::Stopping { .. }]), "{notes:?}");
}

#[test]
fn what_was_ordered_and_may_not_have_been_heard_is_ordered_again() {
    let mut state = running();
    assert_eq!(wait(&mut state, 0).1, Some(30));
    let again = |fact: Fact| {
        let (_, effects) = step(&state, Event { at: at(1), fact });
        effects.iter().filter(|effect| matches!(effect, Effect::WakeAt(_))).count()
    };
    assert_eq!(again(Fact::Unqueued { text: String::new() }), 0);
    assert_eq!(again(Fact::Woke), 1);
}
