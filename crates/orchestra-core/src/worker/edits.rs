//! Writing documents: the order to the runner, and the machine's own view of them kept in step.

use std::sync::Arc;

use super::{Effect, Machine};
use crate::edit::DocEdit;
use crate::plan::{Cursor, Milestone, Phase, PhaseStatus};

impl Machine {
    /// Edits the active milestone's documents.
    pub(super) fn write(&mut self, edits: Vec<DocEdit>) {
        let Some(milestone) = self.state.active().map(|active| active.id.clone()) else { return };
        if edits.is_empty() {
            return;
        }
        self.see(&edits);
        self.act(Effect::Write { milestone, edits });
    }

    /// Sets the cursor and writes it with other edits.
    pub(super) fn write_with_cursor(&mut self, mut edits: Vec<DocEdit>, change: impl FnOnce(&mut Cursor)) {
        let Some(active) = self.state.active_mut() else { return };
        change(&mut active.cursor);
        edits.push(DocEdit::Cursor(active.cursor.clone()));
        self.write(edits);
    }

    /// Applies edits to the plan as it was seen, so that the next decision knows of them.
    pub(super) fn see(&mut self, edits: &[DocEdit]) {
        let Some(id) = self.state.active().map(|active| active.id.clone()) else { return };
        let milestones = &mut self.state.seen.plan.milestones;
        if let Some(milestone) = milestones.iter_mut().find(|milestone| milestone.id == id) {
            let milestone = Arc::make_mut(milestone);
            for edit in edits {
                apply(milestone, edit);
            }
        }
    }
}

/// What an edit changes in the typed document.
pub(crate) fn apply(milestone: &mut Milestone, edit: &DocEdit) {
    match edit {
        DocEdit::MilestoneStatus { status, reason } => {
            milestone.status = *status;
            milestone.reason.clone_from(reason);
        }
        DocEdit::PhaseStatus { phase, status } => {
            if let Some(phase) = milestone.phases.iter_mut().find(|found| found.id == *phase) {
                phase.status = *status;
            }
        }
        DocEdit::Cursor(cursor) => milestone.cursor = Some(cursor.clone()),
        DocEdit::NewPhase(new) => {
            if milestone.find_phase(&new.id).is_none() {
                milestone.phases.push(Phase {
                    id: new.id.clone(),
                    role: new.role.clone(),
                    title: new.title.clone(),
                    status: PhaseStatus::Pending,
                    order: new.order,
                    depends_on: new.depends_on.clone(),
                    files: Vec::new(),
                    files_strict: false,
                    verify: None,
                    complexity: crate::plan::Complexity::Standard,
                    may_be_empty: false,
                    feedback: Some(new.feedback.clone()),
                });
                milestone.phases.sort_by_key(|phase| (phase.order, phase.id.clone()));
            }
        }
        DocEdit::PhaseResult { .. }
        | DocEdit::Completed(_)
        | DocEdit::Current(_)
        | DocEdit::Decisions(_)
        | DocEdit::Concerns(_)
        | DocEdit::Metrics(_) => {}
    }
}
