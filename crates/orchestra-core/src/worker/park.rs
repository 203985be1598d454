//! Setting a milestone or a work aside: what the turn changed is saved and put back, and others go on.

use super::effect::Asked;
use super::question::Question;
use super::state::{After, GivingUp, Progress, Work};
use super::{Machine, Note};
use crate::edit::{CompletedWork, DocEdit};
use crate::id::{PhaseId, WorkId};
use crate::plan::{MilestoneStatus, PhaseStatus};
use crate::record::Record;

impl Machine {
    /// The milestone is set aside until a person takes it up; the question stays open for them.
    pub(super) fn park(&mut self, asked: Asked) {
        let reason = match &asked.question {
            Question::Failed { work, reason, .. } => format!("{work} failed: {reason}"),
            Question::History { trouble, .. } => trouble.clone(),
            question => question.text(),
        };
        self.state.put_off.insert(asked.gate.clone(), asked);
        let waits = |work: &&Work| matches!(work.progress, Progress::Asking(_));
        let id = self.state.works().iter().find(waits).map(|work| work.id.clone());
        match id.and_then(|id| self.state.take_work(&id)).map(|work| self.diagnosed_work(work)) {
            Some(mut work) if !matches!(work.id, WorkId::Close(_) | WorkId::Base) => {
                work.failures.push(reason);
                self.inspect(work, After::GivingUp(GivingUp::Parking));
            }
            Some(work) => self.parked(Some(work.id), reason),
            None => self.parked(None, reason),
        }
    }

    /// The work whose diagnosis this is, else the work itself: what is in the tree is of the former.
    fn diagnosed_work(&mut self, work: Work) -> Work {
        match &work.id {
            WorkId::Diagnosis(of) => {
                let taken = self.state.take_work(of);
                // After a crash only the diagnosis was taken up again.
                let diagnosed = taken.or_else(|| {
                    let known = self.state.recalled();
                    self.recalled_work(of, *known.attempts.get(of)?, *known.baselines.get(of)?)
                });
                diagnosed.unwrap_or(work)
            }
            _ => work,
        }
    }

    /// A work of an earlier run that has left something in the tree.
    pub(super) fn left_work(&self, id: &WorkId) -> Option<Work> {
        let cursor = self.state.active()?.cursor.clone();
        let has_left_something = cursor.work.as_ref() == Some(id) && cursor.baseline <= cursor.attempt;
        let mut work = self.new_work(id.clone(), self.role_of(id)).filter(|_| has_left_something)?;
        (work.attempt, work.since, work.baseline) = (cursor.attempt, cursor.since, cursor.baseline);
        work.settled = true;
        Some(work)
    }

    /// A person goes on without a work that failed in an earlier run: what it left in the tree is put back, as it
    /// would have been then.
    pub(super) fn skip(&mut self, id: WorkId) {
        let skipping = After::GivingUp(GivingUp::Skipping);
        if let Some(work) = self.left_work(&id) {
            return self.inspect(work, skipping);
        }
        let role = self.role_of(&id);
        if let Some(work) = self.new_work(id, role) {
            self.gave_up(work, skipping);
        }
    }

    /// Everything of a work is saved and put back.
    pub(super) fn gave_up(&mut self, work: Work, after: After) {
        if let Some(milestone) = self.state.active().map(|active| active.id.clone()) {
            self.record(Record::Inspected { milestone, work: work.id.clone() });
        }
        if after == After::GivingUp(GivingUp::Parking) {
            let reason = work.failures.last().cloned().unwrap_or_default();
            return self.parked(Some(work.id), reason);
        }
        let Some(milestone) = self.state.active().map(|active| active.id.clone()) else { return };
        self.pass_on_what_was_said(&work.id);
        self.record(Record::Skipped { milestone, work: work.id.clone() });
        let completed = CompletedWork {
            work: work.id.clone(),
            role: work.role.clone(),
            title: self.title_of(&work.id),
            commit: String::new(),
            files: Vec::new(),
            decisions: Vec::new(),
            note: Some("skipped by you".to_owned()),
        };
        let mut edits = vec![DocEdit::Completed(completed), DocEdit::Current(None)];
        if let WorkId::Phase(phase) = work.id {
            edits.push(DocEdit::PhaseStatus { phase, status: PhaseStatus::Skipped });
        }
        self.write(edits);
        self.advance();
    }

    /// A stage of the plan that the configuration leaves out is skipped, and says so.
    pub(super) fn leave_out(&mut self, phase: PhaseId, setting: &str) {
        let why = format!("not wanted by the configuration ({setting})");
        self.note(Note::Remark { text: format!("{phase} is skipped: {why}") });
        let work = WorkId::Phase(phase.clone());
        let completed = CompletedWork {
            role: self.role_of(&work),
            title: self.title_of(&work),
            work,
            commit: String::new(),
            files: Vec::new(),
            decisions: Vec::new(),
            note: Some(why),
        };
        let status = DocEdit::PhaseStatus { phase, status: PhaseStatus::Skipped };
        self.write(vec![DocEdit::Completed(completed), status]);
    }

    fn parked(&mut self, work: Option<WorkId>, reason: String) {
        let Some(active) = self.state.active() else { return };
        let (milestone, branch) = (active.id.clone(), active.branch.clone());
        self.record(Record::Parked { milestone, work, reason: reason.clone(), unseen: false });
        // On somebody else's branch no document is touched: the journal alone knows.
        if self.state.seen.head.as_ref().is_some_and(|head| head.branch == branch) {
            let status =
                DocEdit::MilestoneStatus { status: MilestoneStatus::Parked, reason: Some(reason.clone()) };
            // The next try begins with a snapshot of its own: there is nothing of the old one left in the tree.
            self.write_with_cursor(vec![status], |cursor| cursor.baseline = cursor.attempt + 1);
        }
        self.leave_aside(reason);
    }

    /// The milestone is set aside with its documents as they are: nobody could look at what a turn did to them.
    pub(super) fn parked_unseen(&mut self, work: WorkId, reason: String) {
        let Some(milestone) = self.state.active().map(|active| active.id.clone()) else { return };
        let work = Some(work);
        self.record(Record::Parked { milestone, work, reason: reason.clone(), unseen: true });
        self.leave_aside(reason);
    }

    /// Goes on with other milestones.
    fn leave_aside(&mut self, reason: String) {
        let Some(milestone) = self.state.active().map(|active| active.id.clone()) else { return };
        self.note(Note::Parked { milestone: milestone.clone(), reason: reason.clone() });
        self.state.passed.insert(milestone.clone());
        self.state.tally.parked.push((milestone, reason));
        self.look();
    }
}
