//! The project as it is shown beside a conversation.

use std::sync::Arc;

use orchestra_core::conversation::{Elsewhere, Project};
use orchestra_core::worker::Memory;
use orchestra_project::file::FileError;
use orchestra_project::journal::{self, JournalError};
use orchestra_project::lock::{self, HeldBy};

use super::{Place, held};

impl Place {
    /// Looks at plan, lock and journal.
    pub(super) fn look(&self) -> Result<Project, FileError> {
        let plan = Arc::new(held(&self.scanner).scan(&self.layout)?);
        Ok(Project { plan, worker: self.worker() })
    }

    /// What the worker in another terminal is at; nothing where there is none, or where that cannot be found out.
    fn worker(&self) -> Option<Elsewhere> {
        let held_by = lock::peek(&self.layout).ok().flatten()?;
        if held_by.by != HeldBy::Worker {
            return None;
        }
        let running = held_by.holder.as_ref().map(|holder| holder.running.clone());
        let waits = self.follow_journal().ok().and_then(|()| {
            let known = held(&self.journal);
            known.memory.open.iter().next().map(|(gate, open)| (gate.clone(), open.text.clone()))
        });
        Some(Elsewhere { running: running.filter(|running| !running.is_empty()), waits })
    }

    /// Reads what was added to the journal since the last look.
    pub(super) fn follow_journal(&self) -> Result<(), JournalError> {
        let mut known = held(&self.journal);
        loop {
            let followed = journal::follow(&self.layout, known.offset)?;
            if followed.restarted {
                known.memory = Memory::default();
            }
            for entry in &followed.entries {
                known.memory.take(&entry.record);
            }
            known.offset = followed.offset;
            if !followed.has_more {
                return Ok(());
            }
        }
    }
}

/// What the journal said as far as it was read.
#[derive(Default)]
pub(super) struct Known {
    pub(super) memory: Memory,
    offset: u64,
}
