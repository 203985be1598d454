//! The order of work: which phases can begin, and which milestone comes next.
//!
//! Everything here is total: a graph that the grammar would refuse gives some order too, never a loop.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use crate::id::{MilestoneId, PhaseId};
use crate::plan::{Milestone, MilestoneStatus, Phase, PhaseStatus};

/// Lists the phases that can begin now, in the order in which they should.
///
/// `is_done` is the ledger's word, which counts more than a document's status; a skipped phase counts as done for
/// those that depend on it and never begins. `is_taken` names phases that run or that the caller holds back. A
/// phase whose status is `failed` does not begin: a person decides, and sets it to `pending`.
pub fn ready<'a>(
    milestone: &'a Milestone,
    is_done: &dyn Fn(&PhaseId) -> bool,
    is_taken: &dyn Fn(&PhaseId) -> bool,
) -> Vec<&'a Phase> {
    let is_skipped =
        |id: &PhaseId| milestone.find_phase(id).is_some_and(|phase| phase.status == PhaseStatus::Skipped);
    run_order(milestone)
        .into_iter()
        .filter(|phase| !is_done(&phase.id) && !is_taken(&phase.id))
        .filter(|phase| !matches!(phase.status, PhaseStatus::Skipped | PhaseStatus::Failed))
        .filter(|phase| phase.depends_on.iter().all(|id| is_done(id) || is_skipped(id)))
        .collect()
}

/// Lists all phases such that each comes after those that it depends on, and otherwise by order, number and name.
pub fn run_order(milestone: &Milestone) -> Vec<&Phase> {
    let mut waiting: Vec<&Phase> = milestone.phases.iter().collect();
    waiting.sort_by(|one, two| phase_order(one, two));
    let ids: BTreeSet<&PhaseId> = waiting.iter().map(|phase| &phase.id).collect();
    let mut placed = BTreeSet::new();
    let mut order = Vec::new();
    while !waiting.is_empty() {
        // In a cycle nothing is free; then the first goes, so that the order is total.
        let next = waiting
            .iter()
            .position(|phase| phase.depends_on.iter().all(|id| placed.contains(id) || !ids.contains(id)))
            .unwrap_or(0);
        let phase = waiting.remove(next);
        placed.insert(&phase.id);
        order.push(phase);
    }
    order
}

/// Compares phases by order, then number, then name.
pub fn phase_order(one: &Phase, two: &Phase) -> Ordering {
    let key = |phase: &Phase| (phase.order, number(&phase.id).unwrap_or(u32::MAX));
    key(one).cmp(&key(two)).then_with(|| one.id.cmp(&two.id))
}

/// The number in a phase's name, which decides between phases of one order: 2 of `phase-2-login`.
pub fn number(id: &PhaseId) -> Option<u32> {
    let digits = id.as_str().trim_start_matches(|c: char| !c.is_ascii_digit());
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    digits[..end].parse().ok()
}

/// Compares milestones by priority, then number, then name: `M2` before `M10`, P0 before P1.
pub fn priority_order(one: &Milestone, two: &Milestone) -> Ordering {
    one.priority.cmp(&two.priority).then_with(|| one.id.cmp(&two.id))
}

/// Compares milestones by how soon they are picked: those begun before those in review before those that are only
/// planned, then by [`priority_order`]. What is parked, dropped or done comes last and is not picked.
pub fn picking_order(one: &Milestone, two: &Milestone) -> Ordering {
    let rank = |milestone: &Milestone| match milestone.status {
        MilestoneStatus::InProgress => 0,
        MilestoneStatus::Review => 1,
        MilestoneStatus::Planning => 2,
        MilestoneStatus::Parked => 3,
        MilestoneStatus::Done | MilestoneStatus::Dropped => 4,
    };
    rank(one).cmp(&rank(two)).then_with(|| priority_order(one, two))
}

/// Lists what a milestone still waits for. One that cannot be read is never done, so that it is waited for too.
pub fn unfinished_dependencies<'a>(
    milestone: &'a Milestone,
    is_done: &dyn Fn(&MilestoneId) -> bool,
) -> Vec<&'a MilestoneId> {
    milestone.depends_on.iter().filter(|id| !is_done(id)).collect()
}

/// Finds phases that wait for each other, in the order in which they do.
pub fn find_cycle(phases: &[Phase]) -> Option<Vec<PhaseId>> {
    let edges = phases.iter().map(|phase| (&phase.id, phase.depends_on.iter().collect())).collect();
    cycle_in(&edges).map(|cycle| cycle.into_iter().cloned().collect())
}

/// Finds one cycle in a graph of names and what each waits for. Edges to names that are no node lead nowhere.
pub(crate) fn cycle_in<'a, T: Ord>(edges: &BTreeMap<&'a T, Vec<&'a T>>) -> Option<Vec<&'a T>> {
    let mut finished = BTreeSet::new();
    for start in edges.keys() {
        // The path from the start, each with its next edge to try: no recursion, a chain may be long.
        let mut path: Vec<(&'a T, usize)> = vec![(start, 0)];
        let mut on_path = BTreeSet::from([*start]);
        if finished.contains(start) {
            continue;
        }
        while let Some((node, tried)) = path.last_mut() {
            let next = edges.get(node).and_then(|targets| targets.get(*tried).copied());
            *tried += 1;
            match next {
                Some(target) if on_path.contains(target) => {
                    let from = path.iter().position(|(node, _)| *node == target).unwrap_or(0);
                    return Some(path[from..].iter().map(|(node, _)| *node).collect());
                }
                Some(target) if finished.contains(target) || !edges.contains_key(target) => {}
                Some(target) => {
                    on_path.insert(target);
                    path.push((target, 0));
                }
                None => {
                    finished.insert(*node);
                    on_path.remove(*node);
                    path.pop();
                }
            }
        }
    }
    None
}
