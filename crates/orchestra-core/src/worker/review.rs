//! The review: what it reads, and what its verdict comes to.

use super::effect::Tell;
use super::state::Work;
use super::{Machine, Note};
use crate::edit::DocEdit;
use crate::id::WorkId;
use crate::plan::PhaseStatus;
use crate::record::Record;
use crate::repo::CommitId;
use crate::report::{Severity, Verdict};

impl Machine {
    /// The commits that a reviewer has not read yet, and of which nobody said to go on unread, oldest first.
    pub(super) fn commits_to_read(&self, id: &WorkId) -> Vec<(WorkId, CommitId)> {
        let (WorkId::Review(_), Some(active)) = (id, self.state.active()) else { return Vec::new() };
        let known = self.state.recalled();
        let is_code = |work: &WorkId| matches!(work, WorkId::Phase(_) | WorkId::Fix { .. });
        active.done.iter().filter(|(work, _)| is_code(work) && !known.is_past_review(work)).cloned().collect()
    }

    /// A review without a verdict is a failure, never an approval; a blocking finding wins over any verdict.
    pub(super) fn reviewed(&mut self, work: Work) {
        let WorkId::Review(round) = work.id else { return };
        let findings = work.report.findings.clone();
        let is_blocking = findings.iter().any(|finding| finding.severity == Severity::Blocking);
        let verdict = match work.report.verdict {
            None => return self.repair(work, Tell::NoVerdict, "it gave no verdict".to_owned()),
            Some(_) if is_blocking => Verdict::ChangesRequested,
            Some(verdict) => verdict,
        };
        let (Some(milestone), Some(role)) =
            (self.state.active().map(|active| active.id.clone()), work.role.clone())
        else {
            return;
        };
        let works = self.commits_to_read(&work.id).into_iter().map(|(work, _)| work).collect();
        self.record(Record::Reviewed { milestone, round, works, verdict, findings: findings.clone() });
        self.note(Note::Reviewed { role, verdict, findings });
        let mut edits = vec![DocEdit::Current(None)];
        edits.extend(Self::said_in_passing(&work));
        edits.extend(self.review_phases());
        self.write(edits);
        self.advance();
    }

    /// Phases of the plan that are the review itself are done with it.
    fn review_phases(&self) -> Vec<DocEdit> {
        let Some(milestone) = self.state.milestone() else { return Vec::new() };
        let is_open = |phase: &&crate::plan::Phase| {
            phase.role.as_str() == crate::plan::REVIEWER && phase.status == PhaseStatus::Pending
        };
        let done = |phase: &crate::plan::Phase| DocEdit::PhaseStatus {
            phase: phase.id.clone(),
            status: PhaseStatus::Done,
        };
        milestone.phases.iter().filter(is_open).map(done).collect()
    }

    /// What a report says besides the work itself: decisions and concerns, for `context.md`.
    pub(super) fn said_in_passing(work: &Work) -> Vec<DocEdit> {
        let decisions: Vec<String> = work
            .report
            .decisions
            .iter()
            .map(|decision| {
                let why =
                    if decision.why.is_empty() { String::new() } else { format!(" ({})", decision.why) };
                format!("{}: {}{why}", work.id, decision.title)
            })
            .collect();
        let concerns = work.report.concerns.iter().chain(&work.concerns);
        let concerns: Vec<String> = concerns.map(|concern| format!("{}: {concern}", work.id)).collect();
        let mut edits = Vec::new();
        if !decisions.is_empty() {
            edits.push(DocEdit::Decisions(decisions));
        }
        if !concerns.is_empty() {
            edits.push(DocEdit::Concerns(concerns));
        }
        edits
    }
}
