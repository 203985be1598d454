//! The worker's state machine: one milestone from `planning` to `done`, and then the next.
//!
//! A pure function of state and event. This file holds the state and the dispatch; what happens in a stage is in the
//! file that bears its name. `start` decides from what disk and git show, and everything that cannot go on where it
//! was comes back to it through [`Effect::Look`]: a first start, a resume, a start after a power cut and the next
//! milestone are the same code.
//!
//! Invariants, each held by the simulation beside the machine (`simulation.rs`, in test builds):
//! - A work is committed once, in dependency order, whatever is killed and whenever.
//! - [`Effect::Push`] and the design's commit follow an answer to exactly what was shown, on record before.
//! - What a person had when a turn began is in the tree, the index or a rescue ref.
//!
//! Absent on purpose: clock, randomness, files, `async`.

mod answer;
mod ask;
mod commit;
mod edits;
mod effect;
mod event;
mod fail;
mod gates;
mod inspect;
mod leave;
mod memory;
mod next;
mod note;
mod open;
mod pace;
mod park;
mod policy;
mod push;
mod question;
mod replan;
mod review;
mod said;
mod seen;
#[cfg(test)]
mod simulation;
mod start;
mod state;
mod turn;
mod verify;
mod work;

pub use effect::{Asked, CommitOrder, Effect, Tell, TurnOrder};
pub use event::{Checked, Event, Fact, Failure, FailureKind, Inspection, Restaged, Stop, Unprepared};
pub use memory::{Answered, Base, Memory, Open, Picked, Queued, Recalled, Replan, Review};
pub use note::Note;
pub use pace::Pace;
pub use policy::{Auto, Policy, Presence, Run};
pub use question::{PushQuestion, Question, ROWS, Resolution, Row, table};
pub use said::Listener;
pub use seen::{Seen, Untrusted};
pub use state::{Active, After, At, GivingUp, Pending, Progress, Stage, State, Strain, Tally, Work};
pub(crate) use turn::is_tried_again;

use crate::id::WorkId;

/// Decides what follows from `event`. Total: any event may come in any state.
pub fn step(state: &State, event: Event) -> (State, Vec<Effect>) {
    step_from(state.clone(), event)
}

/// The same, from a state that nobody needs any more.
pub fn step_from(state: State, event: Event) -> (State, Vec<Effect>) {
    let mut machine = Machine { state, effects: Vec::new() };
    machine.state.at = event.at;
    machine.state.pace.began.get_or_insert(event.at);
    if matches!(event.fact, Fact::Woke | Fact::EffectFailed(_)) {
        // What was ordered has come, or may never have been heard.
        machine.state.pace.wake = None;
    }
    machine.on(event.fact);
    machine.keep_time();
    (machine.state, machine.effects)
}

/// A state on its way to the next one, and the effects decided so far.
struct Machine {
    state: State,
    effects: Vec<Effect>,
}

impl Machine {
    fn on(&mut self, fact: Fact) {
        if let Stage::Left { code } = self.state.stage {
            if let Fact::EffectFailed(_) = fact {
                // The last record could not be written: it leaves all the same.
                self.act(Effect::Leave { code });
            }
            return;
        }
        match fact {
            Fact::Started(seen) | Fact::Looked(seen) => self.looked(seen),
            Fact::Scanned { plan, policy, untrusted } => self.scanned(*plan, *policy, untrusted),
            Fact::Recorded(record) => self.recorded_elsewhere(&record),
            Fact::Snapshotted { work, dirty } => self.with(&work, |m, work| m.snapshotted(work, &dirty)),
            Fact::TooLarge { work, bytes } => self.with(&work, |m, work| m.too_large(work, bytes)),
            Fact::TurnEnded { turn, outcome, session, usage, heard, said } => {
                self.turn_ended(turn, outcome, session, usage, heard, said);
            }
            Fact::Inspected { work, found } => self.with(&work, |m, work| m.inspected(work, found)),
            Fact::PutBack { work, reference, left } => {
                self.with(&work, |m, work| m.put_back(work, &reference, &left));
            }
            Fact::Verified { work, results } => self.with(&work, |m, work| m.verified(work, results)),
            Fact::Prepared { work, commit, subject, changed_by_hooks, before_hooks, documents } => {
                self.with(&work, |m, work| {
                    m.prepared(work, commit, subject, &changed_by_hooks, before_hooks, documents);
                });
            }
            Fact::Unprepared { work, why } => self.with(&work, |m, work| m.unprepared(work, why)),
            Fact::Swapped { work, commit } => self.with(&work, |m, work| m.swapped(work, &commit)),
            Fact::NotSwapped { work, branch } => self.with(&work, |m, work| m.not_swapped(work, branch)),
            Fact::Settled { work, notes } => self.with(&work, |m, work| m.settled(&work, notes)),
            Fact::Surveyed { survey } => self.surveyed(survey),
            Fact::Pushed { commit } => self.pushed(commit),
            Fact::NotPushed { words } => self.not_pushed(&words),
            Fact::Answered { gate, answer, by } => self.answered(&gate, answer, by),
            Fact::Said { text } => self.said(text),
            Fact::Queued { text } => self.queued(text),
            Fact::Unqueued { text } => self.unqueued(text),
            Fact::StopRequested(stop) => self.stop_requested(stop),
            Fact::Woke => self.woke(),
            Fact::EffectFailed(failure) => self.effect_failed(failure),
        }
    }

    /// Takes a running work out of the state and hands it on; a fact about another is noted and ignored.
    fn with(&mut self, id: &WorkId, on: impl FnOnce(&mut Self, Work)) {
        match self.state.take_work(id) {
            Some(work) => on(self, work),
            None => self.late(&format!("something about {id}")),
        }
    }

    fn late(&mut self, what: &str) {
        self.note(Note::Remark { text: format!("{what} came too late and was ignored") });
    }

    fn note(&mut self, note: Note) {
        self.state.pace.noted(&note);
        self.effects.push(Effect::Note(note));
    }

    fn act(&mut self, effect: Effect) {
        self.effects.push(effect);
    }

    /// Puts a record into the journal, and into what the machine remembers of it.
    fn record(&mut self, record: crate::record::Record) {
        self.state.seen.memory.take(&record);
        self.effects.push(Effect::Record(record));
    }
}
