//! Open milestones that plan the same files, or want the same.

use super::Ground;
use super::globs::may_meet;
use super::phases::Planned;
use super::text::normal;
use crate::document::body;
use crate::document::findings::shown;
use crate::plan::{Milestone, MilestoneStatus, PhaseStatus};

/// How many files or criteria are named of one milestone.
const NAMED: usize = 3;

/// A remark for each open milestone that has something in common with what is planned.
pub(super) fn remarks(ground: &Ground, planned: &[Planned], criteria: &[String]) -> Vec<String> {
    let open = ground.plan.milestones.iter().filter(|milestone| is_open(milestone.status));
    open.flat_map(|other| {
        let files = same_files(other, planned);
        let wanted = same_criteria(ground, other, criteria);
        let named = |what: &str, all: Vec<String>| {
            (!all.is_empty()).then(|| {
                let more = if all.len() > NAMED { ", …" } else { "" };
                let named = all[..all.len().min(NAMED)].join(", ");
                format!("{} ({}) {what} {named}{more}", other.id, other.status)
            })
        };
        [named("plans the same files:", files), named("has the same criterion:", wanted)]
    })
    .flatten()
    .collect()
}

pub(super) fn is_open(status: MilestoneStatus) -> bool {
    match status {
        MilestoneStatus::Planning
        | MilestoneStatus::InProgress
        | MilestoneStatus::Review
        | MilestoneStatus::Parked => true,
        MilestoneStatus::Done | MilestoneStatus::Dropped => false,
    }
}

fn same_files(other: &Milestone, planned: &[Planned]) -> Vec<String> {
    let is_open = |status| !matches!(status, PhaseStatus::Done | PhaseStatus::Skipped);
    let mut same = Vec::new();
    for phase in other.phases.iter().filter(|phase| is_open(phase.status)) {
        for theirs in &phase.files {
            let mut ours = planned.iter().flat_map(|phase| &phase.files);
            if ours.any(|ours| may_meet(ours, theirs)) {
                same.push(format!("{} ({})", shown(theirs), phase.id));
            }
        }
    }
    same
}

fn same_criteria(ground: &Ground, other: &Milestone, criteria: &[String]) -> Vec<String> {
    let ours: Vec<String> = criteria.iter().map(|text| normal(text)).collect();
    let Some(text) = ground.text(&other.folder, "milestone.md") else { return Vec::new() };
    let theirs = body::criteria(text).into_iter().map(|(_, text)| text);
    theirs.filter(|theirs| ours.contains(&normal(theirs))).map(|text| shown(&text)).collect()
}
