//! The milestones beside a conversation: what documents say, and whether a worker in another terminal is at it.

use orchestra_core::conversation::Project;
use orchestra_core::id::{MilestoneId, PhaseId, WorkId};
use orchestra_core::plan::{Milestone, MilestoneStatus, PhaseStatus};

use super::{Planned, Row, Stand, planned, sorted};
use crate::theme::Theme;

/// The rows of the tree. `flipped` names milestones that the person has opened, or closed where they are open by themselves.
pub(crate) fn rows_of(project: &Project, flipped: &[MilestoneId], theme: Theme) -> Vec<Row> {
    let plan = &project.plan;
    let (over, open): (Vec<&Milestone>, Vec<&Milestone>) = sorted(plan)
        .into_iter()
        .partition(|milestone| matches!(milestone.status, MilestoneStatus::Done | MilestoneStatus::Dropped));
    let mut rows = Vec::new();
    for milestone in open {
        add(project, milestone, flipped, theme, &mut rows);
    }
    for aside in &plan.set_aside {
        let (sign, style) = Stand::Failed.sign(theme);
        let (name, aside) = (aside.folder.clone(), "cannot be read".to_owned());
        rows.push(Row { sign, style, depth: 0, name, aside, milestone: None, work: None });
    }
    for milestone in over {
        add(project, milestone, flipped, theme, &mut rows);
    }
    rows
}

fn add(project: &Project, milestone: &Milestone, flipped: &[MilestoneId], theme: Theme, rows: &mut Vec<Row>) {
    let is_active = matches!(milestone.status, MilestoneStatus::InProgress | MilestoneStatus::Review);
    let has_worker = is_active && project.worker.is_some();
    let waits = project.worker.as_ref().is_some_and(|worker| worker.waits.is_some());
    let (stand, aside) = match milestone.status {
        MilestoneStatus::InProgress | MilestoneStatus::Review if has_worker && waits => {
            (Stand::Waiting, "waits")
        }
        MilestoneStatus::InProgress if has_worker => (Stand::Running, "running"),
        MilestoneStatus::Review if has_worker => (Stand::Running, "review"),
        MilestoneStatus::Planning => (Stand::Pending, "planning"),
        MilestoneStatus::InProgress => (Stand::Pending, "begun"),
        MilestoneStatus::Review => (Stand::Pending, "review"),
        MilestoneStatus::Parked => (Stand::Failed, "parked"),
        MilestoneStatus::Done => (Stand::Done, "done"),
        MilestoneStatus::Dropped => (Stand::Dropped, "dropped"),
    };
    let (sign, style) = stand.sign(theme);
    let (name, id) = (format!("{} {}", milestone.id, milestone.title), &milestone.id);
    let (aside, of) = (aside.to_owned(), Some(id.clone()));
    rows.push(Row { sign, style, depth: 0, name, aside, milestone: of, work: None });
    if is_active == flipped.contains(id) {
        return;
    }
    for Planned { work, name, role, stand } in planned(&project.plan, milestone) {
        let runs = has_worker && matches!(&work, WorkId::Phase(phase) if is_begun(milestone, phase));
        let (sign, style) = if runs { Stand::Running } else { stand }.sign(theme);
        let (of, work) = (Some(id.clone()), Some(work));
        rows.push(Row { sign, style, depth: 1, name, aside: role, milestone: of, work });
    }
}

fn is_begun(milestone: &Milestone, phase: &PhaseId) -> bool {
    let is_it = |known: &&orchestra_core::plan::Phase| known.id == *phase;
    milestone.phases.iter().find(is_it).is_some_and(|phase| phase.status == PhaseStatus::InProgress)
}
