//! How a run gets on, and telling of it every now and then.
//!
//! Nothing is told while everything waits for a person or for work. What is reckoned from is this run's own: an estimate has a
//! base as soon as one phase was finished in it without a question.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use jiff::Timestamp;

use super::effect::{Effect, Tell};
use super::state::{Progress, Stage, Work};
use super::{Machine, Note};
use crate::id::WorkId;
use crate::plan::PhaseStatus;

/// How many finished phases an estimate is made from at most: the last.
const MOST: usize = 99;

/// How a run gets on.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Pace {
    /// When the run began.
    pub began: Option<Timestamp>,
    /// Phases that run, with their begin; not those that an earlier run had begun, or during which a person was asked.
    pub running: BTreeMap<WorkId, Timestamp>,
    /// How long those took that were finished.
    pub took: VecDeque<Duration>,
    /// Decisions in works that have their commit.
    pub decisions: u32,
    /// What went wrong and was mended: retries, repairs, diagnoses, what was put back, what a kill had cut short.
    pub recoveries: u32,
    /// When it is told next.
    pub next: Option<Timestamp>,
    /// The moment that was ordered last and has not come.
    pub wake: Option<Timestamp>,
}

impl Pace {
    /// How long a phase takes: the median of those that were finished.
    fn usual(&self) -> Option<Duration> {
        let mut took: Vec<Duration> = self.took.iter().copied().collect();
        took.sort_unstable();
        took.get(took.len() / 2).copied()
    }

    pub(super) fn begins(&mut self, work: &Work, at: Timestamp) {
        if work.tell.contains(&Tell::CutShort) {
            self.recoveries = self.recoveries.saturating_add(1);
        } else if work.id.phase().is_some() {
            self.running.insert(work.id.clone(), at);
        }
    }

    pub(super) fn committed(&mut self, work: &Work, at: Timestamp) {
        let decisions = u32::try_from(work.report.decisions.len()).unwrap_or(u32::MAX);
        self.decisions = self.decisions.saturating_add(decisions);
        if let Some(begun) = self.running.remove(&work.id) {
            self.took.push_back(at.duration_since(begun).try_into().unwrap_or_default());
            if self.took.len() > MOST {
                self.took.pop_front();
            }
        }
    }

    pub(super) fn noted(&mut self, note: &Note) {
        let is_recovery = matches!(
            note,
            Note::Retrying { .. }
                | Note::Repairing { .. }
                | Note::Diagnosing { .. }
                | Note::PutBack { .. }
                | Note::Recovered { .. }
        );
        self.recoveries = self.recoveries.saturating_add(u32::from(is_recovery));
    }
}

impl Machine {
    /// Tells how far it is where the time has come, and has itself woken for the next moment that somebody waits for.
    pub(super) fn keep_time(&mut self) {
        if matches!(self.state.stage, Stage::Left { .. }) {
            return;
        }
        self.tell_progress();
        let backoffs = self.state.works().iter().filter_map(|work| match work.progress {
            Progress::Backoff { until, .. } => Some(until),
            _ => None,
        });
        let wanted = backoffs.chain(self.state.pace.next).min();
        if let Some(at) = wanted.filter(|_| wanted != self.state.pace.wake) {
            self.act(Effect::WakeAt(at));
            self.state.pace.wake = wanted;
        }
    }

    fn tell_progress(&mut self) {
        let at = self.state.at;
        if self.state.open.is_some() {
            // What a person takes to answer is no measure of a phase.
            self.state.pace.running.clear();
        }
        let rests = self.state.open.is_some() || matches!(self.state.stage, Stage::Idle | Stage::Asleep);
        let every = self.state.seen.policy.config.progress.filter(|_| !rests);
        let Some(every) = every else {
            self.state.pace.next = None;
            return;
        };
        match self.state.pace.next {
            Some(due) if due > at => return,
            Some(_) => {
                if let Some(note) = self.progress() {
                    self.note(note);
                }
            }
            None => {}
        }
        self.state.pace.next = at.checked_add(every).ok();
    }

    /// How far the milestone is that is worked on.
    fn progress(&self) -> Option<Note> {
        let (active, milestone) = (self.state.active()?, self.state.milestone()?);
        let pace = &self.state.pace;
        let is_over = |phase: &&crate::plan::Phase| {
            matches!(phase.status, PhaseStatus::Done | PhaseStatus::Skipped)
                || active.commit_of(&WorkId::Phase(phase.id.clone())).is_some()
        };
        let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let (done, phases) =
            (count(milestone.phases.iter().filter(is_over).count()), count(milestone.phases.len()));
        let since =
            |begun: Timestamp| self.state.at.duration_since(begun).try_into().unwrap_or(Duration::ZERO);
        let work = self.state.works().last();
        // Of the phase that runs some is done: as much of what is usual as has passed.
        let begun = work.and_then(|work| pace.running.get(&work.id)).copied();
        let left = pace.usual().filter(|_| done < phases).map(|usual| {
            let passed = begun.map_or(Duration::ZERO, since).min(usual);
            usual.saturating_mul(phases - done).saturating_sub(passed)
        });
        Some(Note::Progress {
            milestone: active.id.clone(),
            percent: (u64::from(done) * 100)
                .checked_div(u64::from(phases))
                .and_then(|part| part.try_into().ok()),
            done,
            phases,
            work: work.map(|work| work.id.clone()),
            seconds: pace.began.map_or(Duration::ZERO, since).as_secs(),
            seconds_left: left.map(|left| left.as_secs()),
            usage: self.state.tally.usage,
            decisions: pace.decisions,
            recoveries: pace.recoveries,
        })
    }
}

#[cfg(test)]
mod tests;
