//! Schedules that once broke a promise, each as short as it could be made.

use super::run;
use super::schedule::Disturbance as X;
use super::schedule::{Deed, Misdeed, Mode, Schedule};

/// One phase on a clean tree without a design, under `--auto`, with disturbances and their dice.
fn plain(seed: u64, disturbances: &[(u64, X)]) -> Schedule {
    Schedule {
        seed,
        rfc: false,
        phases: 1,
        dirty: false,
        finds_fault: false,
        disturbances: disturbances.to_vec(),
        ..Schedule::undisturbed()
    }
}

#[track_caller]
fn keeps_every_promise(schedule: &Schedule) {
    let (log, result) = run::with_log(schedule);
    assert!(result.is_ok(), "{log}\n{result:?}");
}

#[test]
fn forged_documents_on_a_branch_that_was_left() {
    keeps_every_promise(&Schedule {
        rfc: true,
        phases: 2,
        ..plain(
            104_964,
            &[
                (1, X::Agent(Misdeed::ForgesDocuments)),
                (17, X::Kill),
                (23, X::Person(Deed::SwitchesBranch)),
                (77, X::Person(Deed::SwitchesBranch)),
            ],
        )
    });
    keeps_every_promise(&Schedule {
        mode: Mode::AutoRfcOnly,
        rfc: true,
        second_milestone: true,
        hopeless: true,
        ..plain(
            569_334,
            &[
                (23, X::Agent(Misdeed::ForgesDocuments)),
                (42, X::Person(Deed::SwitchesBranch)),
                (76, X::Person(Deed::Amends)),
            ],
        )
    });
}

#[test]
fn a_person_writes_into_what_a_diagnosis_that_was_killed_looks_at() {
    keeps_every_promise(&Schedule {
        mode: Mode::HeadlessWaiting,
        hopeless: true,
        ..plain(
            749_800,
            &[
                (32, X::Terminate),
                (47, X::Agent(Misdeed::Transient)),
                (47, X::Agent(Misdeed::OverwritesPerson)),
                (51, X::Kill),
                (65, X::Person(Deed::EditsInside)),
            ],
        )
    });
}

#[test]
fn a_person_writes_after_a_diagnosis_that_was_killed_before_its_turn_was_on_record() {
    keeps_every_promise(&Schedule {
        rfc: true,
        phases: 3,
        dirty: true,
        hopeless: true,
        ..plain(
            246_325,
            &[
                (18, X::PowerCut),
                (72, X::Person(Deed::SwitchesBranch)),
                (185, X::Kill),
                (196, X::Terminate),
                (230, X::Agent(Misdeed::OverwritesPerson)),
                (235, X::Kill),
                (241, X::Person(Deed::EditsInside)),
            ],
        )
    });
}

#[test]
fn set_aside_during_a_diagnosis_that_was_killed() {
    keeps_every_promise(&Schedule {
        rfc: true,
        hopeless: true,
        ..plain(
            206_786,
            &[
                (40, X::PowerCut),
                (83, X::TooLarge),
                (98, X::Agent(Misdeed::Unusable)),
                (207, X::Agent(Misdeed::Deletes)),
                (211, X::Person(Deed::CommitsInside)),
                (214, X::Kill),
            ],
        )
    });
}

#[test]
fn what_a_person_wrote_while_a_failure_waited_stays_when_a_later_try_is_set_aside() {
    for (seed, rfc, locked, commits) in [(20_491, false, 7, 75), (91_351, true, 80, 109)] {
        let disturbances = [(locked, X::Locked), (commits, X::Person(Deed::CommitsInside))];
        keeps_every_promise(&Schedule { rfc, hopeless: true, ..plain(seed, &disturbances) });
    }
}

#[test]
fn documents_kept_out_of_git_are_done_only_after_that_is_on_record() {
    keeps_every_promise(&Schedule {
        phases: 2,
        second_milestone: true,
        depends: true,
        dirty: true,
        private: true,
        finds_fault: true,
        ..plain(
            863_007,
            &[
                (52, X::Agent(Misdeed::ForgesDocuments)),
                (65, X::Kill),
                (76, X::Person(Deed::SwitchesBranch)),
                (113, X::Person(Deed::CommitsInside)),
                (116, X::Kill),
            ],
        )
    });
}

#[test]
fn sent_back_after_its_close_and_nothing_built_since() {
    keeps_every_promise(&Schedule {
        mode: Mode::HeadlessWaiting,
        ..plain(912_350, &[(31, X::Overtaken), (61, X::Agent(Misdeed::Red))])
    });
}

#[test]
fn verification_takes_back_what_it_was_run_again_for() {
    keeps_every_promise(&Schedule {
        rfc: true,
        phases: 3,
        red_base: true,
        own_check: true,
        hold_push: true,
        ..plain(
            115_244,
            &[
                (0, X::Person(Deed::EditsDocument)),
                (31, X::Agent(Misdeed::Transient)),
                (31, X::Agent(Misdeed::OverwritesPerson)),
                (52, X::Person(Deed::EditsInside)),
                (52, X::VerifyTakesBack),
            ],
        )
    });
}

#[test]
fn the_document_of_a_stage_that_was_not_written_when_the_power_went_follows_its_commit() {
    keeps_every_promise(&Schedule {
        rfc: true,
        phases: 2,
        hold_push: true,
        names_stages: true,
        ..plain(220_826, &[(21, X::PowerCut), (99, X::Person(Deed::ClaimsDone))])
    });
}

#[test]
fn what_a_person_wrote_stays_when_the_try_they_asked_for_cannot_begin() {
    keeps_every_promise(&Schedule {
        rfc: true,
        phases: 2,
        verifies: true,
        red_base: true,
        dirty: true,
        hopeless: true,
        ..plain(
            263_980,
            &[(111, X::Person(Deed::StagesThenEdits)), (157, X::Kill), (166, X::Locked), (199, X::TooLarge)],
        )
    });
}

#[test]
fn a_phase_that_a_person_did_says_done_when_its_milestone_is() {
    let disturbances = [(83, X::Person(Deed::ClaimsDone)), (86, X::Kill)];
    keeps_every_promise(&Schedule {
        mode: Mode::Terminal,
        phases: 2,
        verifies: true,
        ..plain(116_294, &disturbances)
    });
}
