//! What a person says to those who work: at once to the agent that runs, or queued for whoever comes after it.
//!
//! No word is lost, and none is told to anybody else: it is on record before it is told, every turn of its work is told it
//! from then on, and no work is committed whose agent ended without having heard what was said to it.

use super::effect::Tell;
use super::memory::Queued;
use super::state::{After, Progress, Work};
use super::{Effect, Machine, Note, State};
use crate::id::{RoleId, WorkId};
use crate::record::Record;

/// Who hears what a person says now.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Listener {
    /// The role that works on this.
    Now(WorkId, RoleId),
    /// Whoever works next on the milestone.
    Next,
    /// Nobody: nothing is being worked on.
    Nobody,
}

impl State {
    /// What a person wants to be said to whoever works next on the milestone, oldest first.
    pub fn queue(&self) -> &[Queued] {
        let known = self.active().and_then(|active| self.seen.memory.milestones.get(&active.id));
        known.map_or(&[], |known| &known.queue)
    }

    /// Who hears what a person says now.
    pub fn listener(&self) -> Listener {
        match self.works().iter().find_map(|work| Some((work, hears(work)?))) {
            Some((work, role)) => Listener::Now(work.id.clone(), role.clone()),
            None if self.active().is_some() => Listener::Next,
            None => Listener::Nobody,
        }
    }
}

/// The role of a work that a turn of is running or to come, or that can be given one before anything is committed.
fn hears(work: &Work) -> Option<&RoleId> {
    match work.progress {
        Progress::Snapshotting
        | Progress::Running { .. }
        | Progress::Backoff { .. }
        | Progress::Inspecting(After::Turn | After::Verify)
        | Progress::PuttingBack(After::Turn | After::Verify)
        | Progress::Verifying
        | Progress::Asking(_) => work.role.as_ref(),
        Progress::Inspecting(_)
        | Progress::PuttingBack(_)
        | Progress::Preparing
        | Progress::Swapping { .. }
        | Progress::Settling
        | Progress::Diagnosed => None,
    }
}

impl Machine {
    pub(super) fn said(&mut self, text: String) {
        let Listener::Now(id, role) = self.state.listener() else { return self.queued(text) };
        let Some(milestone) = self.state.active().map(|active| active.id.clone()) else { return };
        let Some(mut work) = self.state.take_work(&id) else { return };
        // A diagnosis may come to nothing; what it is about goes on.
        let of = if let WorkId::Diagnosis(of) = &id { of.as_ref().clone() } else { id.clone() };
        if of != id
            && let Some(mut diagnosed) = self.state.take_work(&of)
        {
            diagnosed.standing.push(Tell::Person(text.clone()));
            self.state.keep(diagnosed);
        }
        self.record(Record::Said { milestone, work: of, texts: vec![text.clone()], queued: false });
        self.note(Note::Said { work: id, role, text: text.clone() });
        if let Progress::Running { turn, pausing: false } = work.progress {
            self.act(Effect::Say { turn, text: text.clone() });
        }
        work.standing.push(Tell::Person(text));
        self.state.keep(work);
    }

    pub(super) fn queued(&mut self, text: String) {
        let Some(milestone) = self.state.active().map(|active| active.id.clone()) else {
            return self
                .note(Note::Remark { text: format!("nobody works on anything, and nobody heard: {text}") });
        };
        let behind = self.state.works().first().map(|work| work.id.clone());
        self.record(Record::Queued { milestone, behind: behind.clone(), text: text.clone() });
        self.note(Note::Queued { behind, text });
    }

    pub(super) fn unqueued(&mut self, text: String) {
        let Some(milestone) = self.state.active().map(|active| active.id.clone()) else {
            return self.late("taking back what waits to be said");
        };
        if self.state.queue().iter().any(|queued| queued.text == text) {
            self.record(Record::Unqueued { milestone, text: text.clone() });
            self.note(Note::Unqueued { text });
        } else {
            self.late("taking back what was told meanwhile");
        }
    }

    /// What was said to a work in earlier lives of the worker, for each of its turns.
    pub(super) fn recall_what_was_said(&self, work: &mut Work) {
        let said = self.state.recalled().said.remove(&work.id).unwrap_or_default();
        work.standing.extend(said.into_iter().map(Tell::Person));
    }

    /// A turn begins: it is told what was queued for whoever comes now.
    pub(super) fn tell_what_was_queued(&mut self, work: &mut Work) {
        let (Some(active), Some(role)) = (self.state.active(), work.role.clone()) else { return };
        if let WorkId::Diagnosis(_) = work.id {
            return;
        }
        let milestone = active.id.clone();
        let waits = |queued: &&Queued| queued.behind.as_ref() != Some(&work.id);
        let texts: Vec<String> =
            self.state.queue().iter().filter(waits).map(|queued| queued.text.clone()).collect();
        if texts.is_empty() {
            return;
        }
        for text in &texts {
            let (milestone, texts) = (milestone.clone(), vec![text.clone()]);
            self.record(Record::Said { milestone, work: work.id.clone(), texts, queued: true });
        }
        work.standing.extend(texts.iter().cloned().map(Tell::Person));
        self.note(Note::Told { work: work.id.clone(), role, texts });
    }

    /// Whether a person said something to a work that no turn of it was told or has heard.
    pub(super) fn has_untold(&self, work: &WorkId) -> bool {
        let known = self.state.active().and_then(|active| self.state.seen.memory.milestones.get(&active.id));
        known.and_then(|known| known.untold.get(work)).is_some_and(|untold| !untold.is_empty())
    }

    /// Nobody does this work any more: what it was not told is for whoever comes next.
    pub(super) fn pass_on_what_was_said(&mut self, work: &WorkId) {
        let Some(milestone) = self.state.active().map(|active| active.id.clone()) else { return };
        for text in self.state.recalled().untold.remove(work).unwrap_or_default() {
            let (milestone, behind) = (milestone.clone(), Some(work.clone()));
            self.record(Record::Queued { milestone, behind: behind.clone(), text: text.clone() });
            self.note(Note::Queued { behind, text });
        }
    }

    /// The agent has ended well, and has not heard all that was said to it: before anything is made of its work it does.
    pub(super) fn go_on_unheard(&mut self, mut work: Work) {
        if let Some(role) = work.role.clone() {
            self.note(Note::GoesOn { work: work.id.clone(), role });
        }
        work.tell = vec![Tell::NotHeard];
        self.start_late_turn(work);
    }
}
