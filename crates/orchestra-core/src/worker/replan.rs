//! Changes of the plan that a person approved while a milestone runs: taken up between works, and said.

use super::{Machine, Note};
use crate::edit::DocEdit;
use crate::record::Record;

impl Machine {
    /// Another process put something on record. What it is about is read before anything is decided by it.
    pub(super) fn recorded_elsewhere(&mut self, record: &Record) {
        self.state.seen.memory.take(record);
        self.state.stale |= self.state.active().is_some();
    }

    /// Says of each change of the active milestone's plan that it is taken up, also in its log. The documents have been
    /// read since it was approved, so that what follows is decided by them.
    pub(super) fn take_up_changes(&mut self) {
        let Some(milestone) = self.state.active().map(|active| active.id.clone()) else { return };
        for replan in self.state.recalled().replanned {
            let text = format!("plan changed: {} ({})", replan.changes.join("; "), replan.reason);
            self.note(Note::Remark { text: text.clone() });
            self.write(vec![DocEdit::Decisions(vec![text])]);
            self.record(Record::TakenUp { milestone: milestone.clone(), of: replan.of });
        }
    }
}
