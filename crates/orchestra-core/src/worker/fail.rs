//! Failure inside a work: back to the agent, then one diagnosis, then a person.

use super::effect::Tell;
use super::question::Question;
use super::state::{After, Pending, Progress, Work};
use super::{Machine, Note};
use crate::edit::DocEdit;
use crate::id::{RoleId, WorkId};
use crate::plan::{ARCHITECT, PhaseStatus};
use crate::record::Record;

impl Machine {
    /// Tells whether a failure may still go back to the agent.
    pub(super) fn may_repair(&self, work: &Work) -> bool {
        work.tries() <= self.state.seen.policy.config.limits.repair_attempts
    }

    /// Sends a work back to its agent with what is wrong; when that has been tried, asks the architect once; then it
    /// has failed.
    pub(super) fn repair(&mut self, mut work: Work, tell: Tell, reason: String) {
        if let WorkId::Diagnosis(of) = &work.id {
            let of = of.as_ref().clone();
            return self.diagnosed(&of, String::new());
        }
        work.failures.push(reason.clone());
        if self.may_repair(&work) {
            if let Some(role) = work.role.clone() {
                self.note(Note::Repairing { work: work.id.clone(), role, why: reason });
            }
            return self.try_again(work, vec![tell]);
        }
        let is_first_time = work.tries() == self.state.seen.policy.config.limits.repair_attempts + 1;
        let architect = RoleId::parse(ARCHITECT).ok();
        let can_be_asked =
            architect.as_ref().is_some_and(|role| self.state.seen.plan.find_role(role).is_some())
                && matches!(work.id, WorkId::Phase(_) | WorkId::Fix { .. })
                && work.role != architect;
        if is_first_time && can_be_asked {
            work.tell = vec![tell];
            return self.diagnose(work, architect);
        }
        self.fail(work, reason);
    }

    fn try_again(&mut self, mut work: Work, tell: Vec<Tell>) {
        work.attempt += 1;
        work.tell = tell;
        work.reverified = 0;
        work.leave_out = Vec::new();
        if let Some(head) = &self.state.seen.head {
            work.turn_base = head.commit.clone();
        }
        self.begin_attempt(work);
    }

    /// The architect looks at why a work keeps failing, and writes nothing.
    fn diagnose(&mut self, mut work: Work, architect: Option<RoleId>) {
        let id = WorkId::Diagnosis(Box::new(work.id.clone()));
        self.note(Note::Diagnosing { work: work.id.clone() });
        let mut diagnosis = self.work_of(id, architect, work.turn_base.clone());
        // One that was cut short, also before its turn was on record, has its snapshot already, and that is of another
        // moment. Since then the work had a turn, so turns tell them apart.
        let number = u32::try_from(self.state.last_turn.0).unwrap_or(u32::MAX).saturating_add(1);
        (diagnosis.attempt, diagnosis.since, diagnosis.baseline) = (number, number, number);
        diagnosis.standing = vec![Tell::Failures(work.failures.clone())];
        diagnosis.standing.extend(work.tell.clone());
        work.progress = Progress::Diagnosed;
        self.state.keep(work);
        let limit = self.state.seen.policy.config.limits.snapshot;
        self.snapshot(diagnosis, Some(limit));
    }

    /// The diagnosis is there, or could not be had: one more try with it.
    pub(super) fn diagnosed(&mut self, of: &WorkId, text: String) {
        let Some(mut work) = self.state.take_work(of) else { return self.late("a diagnosis") };
        let mut tell = std::mem::take(&mut work.tell);
        if !text.trim().is_empty() {
            tell.push(Tell::Diagnosis(text));
        }
        work.session = None;
        self.try_again(work, tell);
    }

    /// A work has failed. Before a person is asked the tree is looked at, so that all that they change while the question
    /// waits can be told from what the work left.
    pub(super) fn fail(&mut self, mut work: Work, reason: String) {
        if let WorkId::Diagnosis(of) = &work.id {
            let of = of.as_ref().clone();
            return self.diagnosed(&of, String::new());
        }
        let is_looked_at = matches!(work.id, WorkId::Close(_)) || work.approved.is_some();
        if is_looked_at || !self.has_snapshot(&work) {
            work.settled = true;
            return self.failed(work, reason);
        }
        work.failures.push(reason);
        self.inspect(work, After::Failure);
    }

    /// The work has failed, and nothing outside its room is left of it: a person says what now.
    pub(super) fn failed(&mut self, mut work: Work, reason: String) {
        let Some(milestone) = self.state.active().map(|active| active.id.clone()) else { return };
        let id = work.id.clone();
        if work.failures.last() != Some(&reason) {
            work.failures.push(reason.clone());
        }
        work.progress = Progress::Asking(Pending::Failed);
        self.state.keep(work);
        self.record(Record::Failed {
            milestone: milestone.clone(),
            work: id.clone(),
            reason: reason.clone(),
        });
        if let WorkId::Phase(phase) = &id {
            self.write(vec![DocEdit::PhaseStatus { phase: phase.clone(), status: PhaseStatus::Failed }]);
        }
        self.note(Note::Failed { work: id.clone(), reason: reason.clone() });
        self.ask(Question::Failed { milestone, work: id, reason });
    }
}
