//! The main paths, effect by effect: what one life of the worker does in the simulated world.

mod lines;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use lines::line;

use super::run::first_life;
use super::schedule::{Disturbance, Misdeed, Mode, Schedule};
use crate::config::{GatePolicy, VerifyPlan};
use crate::id::WorkId;
use crate::worker::Effect;

/// One phase on a clean tree, under `--auto`, without design, verification, findings and misfortune.
fn plain() -> Schedule {
    Schedule {
        phases: 1,
        rfc: false,
        verifies: false,
        dirty: false,
        finds_fault: false,
        ..Schedule::undisturbed()
    }
}

/// The next turns go wrong like this.
fn misdeeds(misdeeds: &[Misdeed], schedule: &Schedule) -> Schedule {
    let disturbances = misdeeds.iter().map(|misdeed| (0, Disturbance::Agent(*misdeed))).collect();
    Schedule { disturbances, ..schedule.clone() }
}

/// The worker's effects, one a line.
fn trace(schedule: &Schedule) -> String {
    let mut text = String::new();
    for (at, effect) in first_life(schedule) {
        if let Some(line) = line(at, &effect) {
            writeln!(text, "{line}").unwrap();
        }
    }
    text
}

/// The same up to the first review.
fn trace_of_building(schedule: &Schedule) -> String {
    let trace = trace(schedule);
    let (building, _) = trace.split_once("write   milestone review\n").expect("all of it is built");
    building.to_owned()
}

/// The exit code of a first life.
fn code(schedule: &Schedule) -> Option<u8> {
    first_life(schedule).into_iter().find_map(|(_, effect)| match effect {
        Effect::Leave { code } => Some(code),
        _ => None,
    })
}

/// How long it waits, in seconds.
fn waits(schedule: &Schedule) -> Vec<i64> {
    let waits = first_life(schedule).into_iter().filter_map(|(at, effect)| match effect {
        Effect::WakeAt(moment) => Some(moment.duration_since(at).as_secs()),
        _ => None,
    });
    waits.collect()
}

#[test]
#[expect(clippy::too_many_lines, reason = "the whole path of a milestone, an effect a line")]
fn a_design_a_phase_a_review_a_fix_and_a_push() {
    let schedule = Schedule { phases: 1, ..Schedule::undisturbed() };
    insta::assert_snapshot!(trace(&schedule), @r"
    record  dirty: keep by auto
    write   milestone in-progress
    save    before base/1
    verify  base: check
    inspect base
    save    before rfc/1
    turn    rfc/1 by architect
    inspect rfc
    record  design ready
    record  rfc: approve by auto
    inspect rfc
    prepare rfc
    record  intended rfc
    swap    rfc
    settle  rfc
    record  committed rfc
    write   phase-1 in-progress
    save    before phase-1/1
    turn    phase-1/1 by backend-engineer
    inspect phase-1
    verify  phase-1: check
    inspect phase-1
    prepare phase-1
    record  intended phase-1
    swap    phase-1
    write   phase-1 done
    settle  phase-1
    record  committed phase-1
    write   milestone review
    save    before review-1/1
    turn    review-1/1 by code-reviewer
    inspect review-1
    record  review 1: changes-requested
    save    before fix-1-backend-engineer/1
    turn    fix-1-backend-engineer/1 by backend-engineer, told: findings
    inspect fix-1-backend-engineer
    verify  fix-1-backend-engineer: check
    inspect fix-1-backend-engineer
    prepare fix-1-backend-engineer
    record  intended fix-1-backend-engineer
    swap    fix-1-backend-engineer
    settle  fix-1-backend-engineer
    record  committed fix-1-backend-engineer
    save    before review-2/1
    turn    review-2/1 by code-reviewer
    inspect review-2
    record  review 2: approved
    survey
    record  push: approve by auto
    survey
    prepare close
    record  intended close
    swap    close
    write   milestone done
    settle  close
    record  committed close
    survey
    push    main
    record  pushed
    leave   0
    ");
}

#[test]
fn what_is_run_on_a_phase_or_a_fix_was_told_its_agent_before() {
    let schedule = Schedule { verifies: true, red_base: true, finds_fault: true, ..plain() };
    let mut told = BTreeMap::new();
    let mut checked = BTreeSet::new();
    for (_, effect) in first_life(&schedule) {
        match effect {
            Effect::StartTurn(order) => {
                told.insert(order.work.clone(), order.verify.clone());
            }
            Effect::Verify { work, commands, .. } if work != WorkId::Base => {
                assert_eq!(told.get(&work), Some(&VerifyPlan::Always(commands)), "{work}");
                checked.insert(work.to_string());
            }
            _ => {}
        }
    }
    let checked: Vec<&str> = checked.iter().map(String::as_str).collect();
    assert_eq!(checked, ["fix-1-backend-engineer", "phase-1"]);
    // What was red before anything was done does not count; a review has nothing to keep green.
    let plans: BTreeSet<String> = told.values().map(|plan| format!("{plan:?}")).collect();
    let plans: Vec<&str> = plans.iter().map(String::as_str).collect();
    assert_eq!(plans, [r#"Always(["check"])"#, "Always([])"]);
}

#[test]
fn what_keeps_failing_is_repaired_diagnosed_and_set_aside() {
    let schedule = Schedule { hopeless: true, verifies: true, ..plain() };
    insta::assert_snapshot!(trace(&schedule), @r"
    write   milestone in-progress
    save    before base/1
    verify  base: check
    inspect base
    write   phase-1 in-progress
    save    before phase-1/1
    turn    phase-1/1 by backend-engineer
    inspect phase-1
    verify  phase-1: check
    write   phase-1 in-progress
    save    before phase-1/2
    turn    phase-1/2 by backend-engineer, told: red
    inspect phase-1
    verify  phase-1: check
    write   phase-1 in-progress
    save    before phase-1/3
    turn    phase-1/3 by backend-engineer, told: red
    inspect phase-1
    verify  phase-1: check
    save    before diagnosis-phase-1/4
    turn    diagnosis-phase-1/4 by architect, told: failures, red
    inspect diagnosis-phase-1
    write   phase-1 in-progress
    save    before phase-1/4
    turn    phase-1/4 by backend-engineer, told: red, diagnosis
    inspect phase-1
    verify  phase-1: check
    inspect phase-1
    write   phase-1 failed
    ask     failed
    inspect phase-1
    restore phase-1: parked
    record  parked: phase-1 failed: `check` is red
    write   milestone parked
    leave   1
    ");
}

#[test]
fn a_command_of_the_phases_own_is_not_run_on_the_base_and_counts() {
    let own = Schedule { own_check: true, verifies: true, red_base: true, ..plain() };
    let schedule = misdeeds(&[Misdeed::ElsewhereInRoom], &own);
    insta::assert_snapshot!(trace_of_building(&schedule), @r"
    write   milestone in-progress
    save    before base/1
    verify  base: check, always-red
    inspect base
    record  red-base: keep by auto
    write   phase-1 in-progress
    save    before phase-1/1
    turn    phase-1/1 by backend-engineer
    inspect phase-1
    verify  phase-1: made src/M1-first-phase-1.rs
    write   phase-1 in-progress
    save    before phase-1/2
    turn    phase-1/2 by backend-engineer, told: red
    inspect phase-1
    verify  phase-1: made src/M1-first-phase-1.rs
    inspect phase-1
    prepare phase-1
    record  intended phase-1
    swap    phase-1
    write   phase-1 done
    settle  phase-1
    record  committed phase-1
    ");
}

/// The first verification takes a file back.
fn taking_back(schedule: &Schedule) -> Schedule {
    let mut taking = Schedule { verifies: true, ..schedule.clone() };
    taking.disturbances.push((0, Disturbance::VerifyTakesBack));
    taking
}

#[test]
fn what_is_left_of_what_verification_took_back_is_verified_again() {
    insta::assert_snapshot!(trace_of_building(&taking_back(&plain())), @r"
    write   milestone in-progress
    save    before base/1
    verify  base: check
    inspect base
    write   phase-1 in-progress
    save    before phase-1/1
    turn    phase-1/1 by backend-engineer
    inspect phase-1
    verify  phase-1: check
    inspect phase-1
    verify  phase-1: check
    inspect phase-1
    prepare phase-1
    record  intended phase-1
    swap    phase-1
    write   phase-1 done
    settle  phase-1
    record  committed phase-1
    ");
}

#[test]
fn a_phase_of_which_verification_left_nothing_has_changed_nothing() {
    let schedule = taking_back(&misdeeds(&[Misdeed::ElsewhereInRoom], &plain()));
    insta::assert_snapshot!(trace_of_building(&schedule), @r"
    write   milestone in-progress
    save    before base/1
    verify  base: check
    inspect base
    write   phase-1 in-progress
    save    before phase-1/1
    turn    phase-1/1 by backend-engineer
    inspect phase-1
    verify  phase-1: check
    inspect phase-1
    write   phase-1 in-progress
    save    before phase-1/2
    turn    phase-1/2 by backend-engineer, told: nothing changed
    inspect phase-1
    verify  phase-1: check
    inspect phase-1
    prepare phase-1
    record  intended phase-1
    swap    phase-1
    write   phase-1 done
    settle  phase-1
    record  committed phase-1
    ");
}

#[test]
fn what_is_committed_when_it_is_in_the_way_is_there_when_the_attempt_begins_anew() {
    let planned = |seed: u64| Schedule { mode: Mode::Terminal, dirty: true, seed: 5 * seed + 1, ..plain() };
    let traces: Vec<String> = (0..40).map(|seed| trace(&planned(seed))).collect();
    let committed = traces.iter().find(|trace| trace.contains("record  dirty: retry by user\n")).unwrap();
    assert!(!committed.contains("ask     history"), "{committed}");
    let (_, after) = committed.split_once("record  dirty: retry by user\n").unwrap();
    let next: Vec<&str> = after.lines().take(3).collect();
    let anew = "turn    phase-1/2 by backend-engineer";
    assert_eq!(next, ["write   phase-1 in-progress", "save    before phase-1/2", anew], "{committed}");
}

#[test]
fn a_kill_at_any_moment_loses_no_share_of_what_was_sent_back() {
    let killed = |at| vec![(at, Disturbance::Kill)];
    for (seed, at) in (0..24).flat_map(|seed| (30..90).map(move |at| (seed, at))) {
        let disturbances = killed(at);
        let schedule = Schedule { mode: Mode::Terminal, phases: 2, seed, disturbances, ..plain() };
        let course = super::run::run(&schedule);
        assert!(course.is_ok(), "seed {seed}, killed at {at}: {course:?}");
    }
}

#[test]
fn what_lies_outside_the_room_is_put_back_and_said_once() {
    let schedule = misdeeds(&[Misdeed::OutOfRoom, Misdeed::OutOfRoom], &plain());
    insta::assert_snapshot!(trace_of_building(&schedule), @r"
    write   milestone in-progress
    write   phase-1 in-progress
    save    before phase-1/1
    turn    phase-1/1 by backend-engineer
    inspect phase-1
    record  may-be-yours: restore by auto
    restore phase-1: out-of-room
    write   phase-1 in-progress
    save    before phase-1/2
    turn    phase-1/2 by backend-engineer, told: out of room
    inspect phase-1
    record  may-be-yours: restore by auto
    restore phase-1: out-of-room
    prepare phase-1
    record  intended phase-1
    swap    phase-1
    write   phase-1 done
    settle  phase-1
    record  committed phase-1
    ");
}

#[test]
fn a_phase_without_a_change_is_asked_once_for_one() {
    let schedule = misdeeds(&[Misdeed::Nothing, Misdeed::Nothing], &plain());
    insta::assert_snapshot!(trace(&schedule), @r"
    write   milestone in-progress
    write   phase-1 in-progress
    save    before phase-1/1
    turn    phase-1/1 by backend-engineer
    inspect phase-1
    write   phase-1 in-progress
    save    before phase-1/2
    turn    phase-1/2 by backend-engineer, told: nothing changed
    inspect phase-1
    inspect phase-1
    write   phase-1 failed
    ask     failed
    inspect phase-1
    record  parked: phase-1 failed: it changed nothing, twice
    write   milestone parked
    leave   1
    ");
}

#[test]
fn a_passing_error_is_tried_after_2_4_and_8_seconds_then_after_1_2_5_and_10_minutes() {
    let schedule = misdeeds(&[Misdeed::Transient; 8], &plain());
    assert_eq!(waits(&schedule), [2, 4, 8, 60, 120, 300, 600, 600]);
}

#[test]
fn a_usage_limit_is_waited_for_until_its_end() {
    let schedule = misdeeds(&[Misdeed::UsageLimit], &plain());
    insta::assert_snapshot!(trace_of_building(&schedule), @r"
    write   milestone in-progress
    write   phase-1 in-progress
    save    before phase-1/1
    turn    phase-1/1 by backend-engineer
    write   phase-1 pending
    wait    5399 s
    write   phase-1 in-progress
    save    found at phase-1/1
    turn    phase-1/1 by backend-engineer
    inspect phase-1
    prepare phase-1
    record  intended phase-1
    swap    phase-1
    write   phase-1 done
    settle  phase-1
    record  committed phase-1
    ");
}

/// Of agents that go wrong like this, the first life in which a person answered so that all of this is done.
fn trace_with(wrong: &[Misdeed], texts: &[&str]) -> String {
    let failing = |seed| Schedule { mode: Mode::Terminal, seed, ..misdeeds(wrong, &plain()) };
    let mut traces = (0..1000).map(|seed| trace(&failing(seed)));
    traces.find(|trace| texts.iter().all(|text| trace.contains(text))).expect("some person answers so")
}

#[test]
fn an_agent_that_failed_ten_times_in_a_row_rests_ten_minutes() {
    let trace = trace_with(&[Misdeed::TimedOut; 10], &["\nwait "]);
    let (before, after) = trace.split_once("rests   after 10\n").unwrap();
    assert_eq!(before.lines().filter(|line| line.starts_with("turn ")).count(), 10, "{trace}");
    let next = after.lines().find(|line| line.starts_with("wait ") || line.starts_with("turn "));
    let waits = next.and_then(|line| line.strip_prefix("wait    ")?.strip_suffix(" s")?.parse().ok());
    assert!(waits.is_some_and(|seconds| (540..=600).contains(&seconds)), "{trace}");
}

#[test]
fn a_push_of_nothing_but_skipped_phases_is_asked_about_once() {
    let trace = trace_with(&[Misdeed::TimedOut; 10], &["skipped phase-1"]);
    assert_eq!(trace.matches("ask     push").count(), 1, "{trace}");
}

#[test]
fn a_review_that_was_skipped_is_the_last_of_what_it_would_have_read_and_of_nothing_else() {
    // The first is of phase-1, which gives no verdict anyway.
    let trace = trace_with(&[Misdeed::NoVerdict; 4], &["skipped review-1", "new phase-2"]);
    let (before, after) = trace.split_once("new phase-2").unwrap();
    assert!(!before.contains("turn    review-2/"), "{trace}");
    assert!(after.contains("turn    review-2/1 by code-reviewer\n"), "{trace}");
}

#[test]
fn a_stage_that_the_plan_names_and_the_configuration_leaves_out_is_skipped_with_a_word() {
    let mut schedule = Schedule { rfc: true, names_stages: true, ..plain() };
    schedule.config.gates.rfc = GatePolicy::Never;
    schedule.config.review.always = false;
    insta::assert_snapshot!(trace(&schedule), @r"
    write   milestone in-progress
    write   phase-0 skipped
    write   phase-9 skipped
    write   phase-1 in-progress
    save    before phase-1/1
    turn    phase-1/1 by backend-engineer
    inspect phase-1
    prepare phase-1
    record  intended phase-1
    swap    phase-1
    write   phase-1 done
    settle  phase-1
    record  committed phase-1
    survey
    record  push: approve by auto
    survey
    prepare close
    record  intended close
    swap    close
    write   milestone done
    settle  close
    record  committed close
    survey
    push    main
    record  pushed
    leave   0
    ");
}

#[test]
fn a_gate_that_is_held_waits_and_the_next_milestone_runs() {
    let schedule = Schedule { hold_push: true, second_milestone: true, ..plain() };
    insta::assert_snapshot!(trace(&schedule), @r"
    write   milestone in-progress
    write   phase-1 in-progress
    save    before phase-1/1
    turn    phase-1/1 by backend-engineer
    inspect phase-1
    prepare phase-1
    record  intended phase-1
    swap    phase-1
    write   phase-1 done
    settle  phase-1
    record  committed phase-1
    write   milestone review
    save    before review-1/1
    turn    review-1/1 by code-reviewer
    inspect review-1
    record  review 1: approved
    survey
    ask     push
    write   milestone in-progress
    write   phase-1 in-progress
    save    before phase-1/1
    turn    phase-1/1 by backend-engineer
    inspect phase-1
    prepare phase-1
    record  intended phase-1
    swap    phase-1
    write   phase-1 done
    settle  phase-1
    record  committed phase-1
    write   milestone review
    save    before review-1/1
    turn    review-1/1 by code-reviewer
    inspect review-1
    record  review 1: approved
    survey
    ask     push
    leave   3
    ");
}

#[test]
fn a_worker_that_is_killed_after_the_swap_repairs_and_goes_on() {
    let schedule = Schedule { disturbances: vec![(24, Disturbance::Kill)], ..plain() };
    let course = super::run::run(&schedule).unwrap();
    assert_eq!((course.lives, course.code), (2, Some(0)));
    assert_eq!(course.ledger, ["M1-first phase-1", "M1-first close"]);
}

#[test]
fn the_exit_code_says_what_the_run_came_to() {
    let with_rfc = || Schedule { rfc: true, ..plain() };
    let hopeless = || Schedule { hopeless: true, verifies: true, ..plain() };
    let at = |disturbance| Schedule { disturbances: vec![(12, disturbance)], ..plain() };
    let codes = [
        ("all done", plain(), 0),
        ("a phase is set aside", hopeless(), 1),
        ("a phase failed and nobody is there", Schedule { mode: Mode::Headless, ..hopeless() }, 1),
        ("the design waits for a person", Schedule { mode: Mode::Headless, ..with_rfc() }, 3),
        ("the push waits for a person", Schedule { mode: Mode::AutoRfcOnly, ..with_rfc() }, 3),
        ("a gate is held", Schedule { hold_push: true, ..plain() }, 3),
        ("SIGTERM", at(Disturbance::Terminate), 143),
        ("ctrl-c without a terminal", at(Disturbance::Pause), 130),
        ("no space on the disk", at(Disturbance::DiskFull), 1),
        ("the agent cannot be used", misdeeds(&[Misdeed::Unusable], &plain()), 1),
    ];
    for (what, schedule, expected) in codes {
        assert_eq!(code(&schedule), Some(expected), "{what}");
    }
}
