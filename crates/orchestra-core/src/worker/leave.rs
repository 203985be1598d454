//! Stopping, and what the run came to.

use super::event::{Failure, FailureKind, Stop};
use super::question::Question;
use super::state::{Progress, Stage};
use super::{Effect, Machine, Note};
use crate::id::MilestoneId;
use crate::plan::MilestoneStatus;
use crate::record::Record;

impl Machine {
    pub(super) fn stop_requested(&mut self, stop: Stop) {
        match stop {
            Stop::Now { code } => self.leave(Some(code)),
            Stop::AfterWork if self.state.works().is_empty() || self.is_waiting_for_person() => {
                self.leave(None);
            }
            Stop::AfterWork => self.state.stop_after = true,
            Stop::Pause | Stop::Interrupt => self.pause(stop),
        }
    }

    /// Ends the running turn and asks what next; where no turn runs there is nothing to keep, and it leaves or goes on.
    fn pause(&mut self, stop: Stop) {
        let running = self.state.works().iter().find_map(|work| match work.progress {
            Progress::Running { turn, pausing: false } => Some((work.id.clone(), turn)),
            _ => None,
        });
        let Some((id, turn)) = running else {
            if stop == Stop::Pause {
                self.leave(Some(130));
            }
            return;
        };
        if let Some(mut work) = self.state.take_work(&id) {
            work.progress = Progress::Running { turn, pausing: true };
            self.state.keep(work);
        }
        self.act(Effect::CancelTurn { turn });
    }

    /// Leaves: with this code, or with what the run came to.
    pub(super) fn leave(&mut self, code: Option<u8>) {
        let waits = self.parked_before();
        self.state.tally.waiting.extend(waits);
        let code = code.unwrap_or_else(|| self.state.tally.code());
        self.state.tally.left_off = self.state.active().map(|active| active.id.clone());
        self.state.stage = Stage::Left { code };
        self.record(Record::Left { code });
        self.act(Effect::Leave { code });
    }

    /// Milestones that an earlier run set aside and nobody has taken up since.
    fn parked_before(&self) -> Vec<MilestoneId> {
        let seen = &self.state.seen;
        let is_wanted = |id: &MilestoneId| seen.policy.run.only.as_ref().is_none_or(|only| only == id);
        let is_new = |id: &MilestoneId| self.state.tally.parked.iter().any(|(parked, _)| parked == id);
        let parked =
            seen.plan.milestones.iter().filter(|milestone| milestone.status == MilestoneStatus::Parked);
        let ids = parked.map(|milestone| milestone.id.clone());
        ids.filter(|id| seen.memory.recall(id).parked.is_some() && is_wanted(id) && !is_new(id)).collect()
    }

    /// An effect could not be performed, and those after it were not begun.
    pub(super) fn effect_failed(&mut self, failure: Failure) {
        let Failure { what, why, hint, kind } = failure;
        if kind == FailureKind::Locked
            && let Some(milestone) = self.state.active().map(|active| active.id.clone())
        {
            let trouble = format!("Could not {what}: {why}.");
            return self.ask(Question::Locked { milestone, trouble, hint });
        }
        self.note(Note::Stopping { why: format!("could not {what}: {why}"), hint });
        let active = self.state.active().map(|active| active.id.clone());
        match (kind, active) {
            (FailureKind::Milestone, Some(milestone)) => {
                self.state.tally.set_aside.insert(milestone.to_string());
                self.state.passed.insert(milestone);
                self.look();
            }
            (FailureKind::Run | FailureKind::Locked, _) | (FailureKind::Milestone, None) => {
                // Nothing is recorded: the journal may be what failed. Every status stays as it is.
                self.state.stage = Stage::Left { code: 1 };
                self.act(Effect::Leave { code: 1 });
            }
        }
    }
}

impl super::Tally {
    /// The exit code: 1 something failed or was set aside, 3 something waits for a person, 0 all done.
    pub fn code(&self) -> u8 {
        if !self.parked.is_empty() || !self.set_aside.is_empty() {
            1
        } else if self.waiting.is_empty() {
            0
        } else {
            3
        }
    }
}
