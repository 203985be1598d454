//! What other processes of ours put on record while this one works: changes of the plan that a person approved.
//!
//! Only those, and the documents that they wrote, are believed: a journal is a file, and an agent that no sandbox holds could
//! write to it. A change of the plan is said in the log with its reason, what it would run is asked about, and its phases
//! work in their roles' rooms.

use std::collections::BTreeSet;

use orchestra_core::path::RepoPath;
use orchestra_core::record::Record;
use orchestra_core::worker::Failure;
use orchestra_project::journal::follow;

use super::place::{Place, held};
use crate::failure;

/// How far the journal was read, and what of it the machine does not know yet.
#[derive(Debug, Default)]
pub(super) struct Others {
    offset: u64,
    untold: Vec<Record>,
    /// Hashes of changes that were seen, with what they wrote after that.
    has_change: bool,
    seen: BTreeSet<String>,
}

impl Others {
    /// Nothing before this place of the journal is another process's news.
    pub(super) fn from(offset: u64) -> Self {
        Self { offset, ..Self::default() }
    }
}

impl Place {
    /// Reads what was appended to the journal since the last look.
    pub(super) fn follow_others(&self) -> Result<(), Failure> {
        let mut others = held(&self.others);
        loop {
            let followed = follow(&self.layout, others.offset)
                .map_err(|error| failure::run("read the journal", &error))?;
            others.offset = followed.offset;
            for entry in followed.entries {
                match entry.record {
                    Record::Replanned { ref milestone, of, .. } => {
                        others.has_change = true;
                        self.memory().take(&entry.record);
                        if others.seen.insert(format!("{milestone} {of}")) {
                            others.untold.push(entry.record);
                        }
                    }
                    Record::Wrote { ref path, .. } if others.has_change && is_of_plan(path) => {
                        self.memory().take(&entry.record);
                    }
                    _ => {}
                }
            }
            if !followed.has_more {
                return Ok(());
            }
        }
    }

    /// Changes of the plan that the machine has not been told of.
    pub(super) fn take_untold(&self) -> Vec<Record> {
        std::mem::take(&mut held(&self.others).untold)
    }
}

/// Tells whether a change of the plan may write this: a milestone's own document, or a phase's.
fn is_of_plan(path: &RepoPath) -> bool {
    let text = path.as_str().unwrap_or_default();
    let Some(below) = text.strip_prefix(".orchestra/milestones/") else { return false };
    match below.split('/').collect::<Vec<_>>().as_slice() {
        [_, "milestone.md"] => true,
        [_, "phases", name] => name.strip_suffix(".md").is_some(),
        _ => false,
    }
}
