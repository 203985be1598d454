//! The order of work.

use std::collections::BTreeSet;

use orchestra_core::id::{MilestoneId, PhaseId, RoleId};
use orchestra_core::plan::{
    Complexity, Format, Milestone, MilestoneStatus, Order, Phase, PhaseStatus, Priority, RfcNeed,
};
use orchestra_core::schedule;
use proptest::prelude::*;

fn phase(number: usize, order: i64, depends_on: &[usize], status: PhaseStatus) -> Phase {
    let id = |number: usize| PhaseId::parse(&format!("phase-{number}")).unwrap();
    Phase {
        id: id(number),
        role: RoleId::parse("backend-engineer").unwrap(),
        title: String::new(),
        status,
        order: Order(order),
        depends_on: depends_on.iter().map(|number| id(*number)).collect(),
        files: Vec::new(),
        files_strict: false,
        verify: None,
        complexity: Complexity::Standard,
        may_be_empty: false,
    }
}

fn milestone(id: &str, phases: Vec<Phase>) -> Milestone {
    let id = MilestoneId::parse(id).unwrap();
    Milestone {
        folder: id.to_string(),
        id,
        title: String::new(),
        status: MilestoneStatus::Planning,
        reason: None,
        priority: Priority::P1,
        depends_on: Vec::new(),
        rfc: RfcNeed::Required,
        hold: Vec::new(),
        created: None,
        phases,
        cursor: None,
        rfc_document: None,
        format: Format::Current,
    }
}

fn names(phases: &[&Phase]) -> Vec<String> {
    phases.iter().map(|phase| phase.id.to_string()).collect()
}

fn ready(milestone: &Milestone, done: &[&str], taken: &[&str]) -> Vec<String> {
    let is_in = |list: &[&str], id: &PhaseId| list.contains(&id.as_str());
    names(&schedule::ready(milestone, &|id| is_in(done, id), &|id| is_in(taken, id)))
}

#[test]
fn a_phase_begins_when_all_it_depends_on_is_done_or_skipped() {
    use PhaseStatus::{Failed, Pending, Skipped};
    let all = milestone(
        "M1",
        vec![
            phase(1, 1, &[], Pending),
            phase(2, 2, &[1], Skipped),
            phase(3, 3, &[2], Pending),
            phase(4, 4, &[1, 3], Pending),
            phase(5, 0, &[1], Failed),
            phase(6, 1, &[], Pending),
        ],
    );
    assert_eq!(ready(&all, &[], &[]), ["phase-1", "phase-6", "phase-3"]);
    assert_eq!(ready(&all, &["phase-1"], &["phase-6"]), ["phase-3"]);
    assert_eq!(ready(&all, &["phase-1", "phase-3", "phase-6"], &[]), ["phase-4"]);
}

#[test]
fn order_decides_before_number_and_number_before_name() {
    use PhaseStatus::Pending;
    let all = milestone(
        "M1",
        vec![
            phase(10, 2, &[], Pending),
            phase(9, 2, &[], Pending),
            phase(1, 3, &[], Pending),
            phase(11, 1, &[], Pending),
        ],
    );
    assert_eq!(names(&schedule::run_order(&all)), ["phase-11", "phase-9", "phase-10", "phase-1"]);
    let number = |name| schedule::number(&PhaseId::parse(name).unwrap());
    assert_eq!([number("phase-2-login"), number("x"), number("99999999999")], [Some(2), None, None]);
}

#[test]
fn milestones_come_by_priority_then_number() {
    let mut all: Vec<Milestone> =
        ["M10-a", "M9-b", "M2-c", "M1-d", "M1-a"].map(|id| milestone(id, Vec::new())).into();
    all[0].priority = Priority::P0;
    all[4].status = MilestoneStatus::Done;
    all[2].status = MilestoneStatus::InProgress;
    let sorted = |order: fn(&Milestone, &Milestone) -> std::cmp::Ordering| {
        let mut all = all.clone();
        all.sort_by(order);
        all.iter().map(|milestone| milestone.id.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(sorted(schedule::priority_order), ["M10-a", "M1-a", "M1-d", "M2-c", "M9-b"]);
    assert_eq!(sorted(schedule::picking_order), ["M2-c", "M10-a", "M1-d", "M9-b", "M1-a"]);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_order_of_any_graph_is_total_and_respects_what_can_be(
        orders in prop::collection::vec(0..5_i64, 1..9),
        edges in prop::collection::vec((0..9_usize, 0..9_usize), 0..12),
    ) {
        let phases: Vec<Phase> = orders
            .iter()
            .enumerate()
            .map(|(number, order)| {
                let depends_on: Vec<usize> = edges.iter().filter(|edge| edge.0 == number).map(|edge| edge.1).collect();
                phase(number, *order, &depends_on, PhaseStatus::Pending)
            })
            .collect();
        let all = milestone("M1", phases);
        let order = schedule::run_order(&all);
        let ids: BTreeSet<&PhaseId> = order.iter().map(|phase| &phase.id).collect();
        prop_assert_eq!(ids.len(), all.phases.len());
        match schedule::find_cycle(&all.phases) {
            Some(cycle) => for (id, next) in cycle.iter().zip(cycle.iter().cycle().skip(1)) {
                prop_assert!(all.find_phase(id).unwrap().depends_on.contains(next));
            },
            None => for (place, phase) in order.iter().enumerate() {
                let is_before = |id: &PhaseId| order[..place].iter().any(|before| before.id == *id);
                let known = phase.depends_on.iter().filter(|id| ids.contains(id));
                prop_assert!(known.into_iter().all(is_before), "{} in {:?}", phase.id, names(&order));
            },
        }
    }

    #[test]
    fn doing_what_is_ready_does_everything_once(
        orders in prop::collection::vec(0..5_i64, 1..9),
        edges in prop::collection::vec((0..9_usize, 0..9_usize), 0..12),
    ) {
        // Edges to smaller numbers alone make no cycle.
        let depends_on = |number: usize| -> Vec<usize> {
            edges.iter().filter(|edge| edge.0 == number && edge.1 < number).map(|edge| edge.1).collect()
        };
        let phases =
            orders.iter().enumerate().map(|(number, order)| phase(number, *order, &depends_on(number), PhaseStatus::Pending));
        let all = milestone("M1", phases.collect());
        let mut done: Vec<PhaseId> = Vec::new();
        while let Some(next) = schedule::ready(&all, &|id| done.contains(id), &|_| false).first() {
            prop_assert!(next.depends_on.iter().all(|id| done.contains(id)));
            done.push(next.id.clone());
        }
        prop_assert_eq!(done.len(), all.phases.len());
        prop_assert_eq!(done, names(&schedule::run_order(&all)).iter().map(|id| PhaseId::parse(id).unwrap()).collect::<Vec<_>>());
    }
}
