//! The person's index after a turn.

use std::fmt::Write as _;

use orchestra_core::worker::Failure;
use orchestra_git::changes;
use orchestra_git::index_back::{self, IndexBack, IndexBackError};

use super::failure;
use super::locks::Step;
use super::place::{Place, held};
use super::tree::Looked;

/// How many paths are named.
const NAMED: usize = 5;

impl Place {
    /// Brings the index back to what it was before the attempt, at the first look after each turn and no later: what is
    /// staged from then on is the person's doing. Returns what there is to say about it.
    pub(super) fn index_back(&self, looked: &Looked<'_>) -> Result<Option<String>, Failure> {
        let (unchecked, turn) = {
            let memory = self.memory();
            (memory.recall(looked.milestone).unchecked, memory.last_turn)
        };
        let is_after_turn = unchecked.is_some_and(|unchecked| unchecked.work == *looked.work);
        if !is_after_turn || *held(&self.index_seen) == Some(turn) {
            return Ok(None);
        }
        let fail = |error: &(dyn std::error::Error + 'static)| failure::run(Step::IndexBack.words(), error);
        let of_attempt = Self::rescue(looked.milestone, looked.work, looked.attempt, "before");
        let of_work = Self::rescue(looked.milestone, looked.work, looked.baseline, "before");
        let mut baselines = [of_attempt, of_work].into_iter();
        let baseline = loop {
            let Some(reference) = baselines.next() else { return Ok(None) };
            if changes::baseline_head(&self.repo, &reference).map_err(|error| fail(&error))?.is_some() {
                break reference;
            }
        };
        if !index_back::is_index_changed(&self.repo, &baseline).map_err(|error| fail(&error))? {
            *held(&self.index_seen) = Some(turn);
            return Ok(None);
        }
        let rescue = Self::rescue(looked.milestone, looked.work, looked.attempt, "index");
        let done =
            self.touching(Step::IndexBack, || Ok(index_back::index_back(&self.repo, &baseline, &rescue)))?;
        match done {
            Ok(done) => {
                *held(&self.index_seen) = Some(turn);
                Ok((!done.paths.is_empty()).then(|| said(&done)))
            }
            // Somebody has `git commit` open in an editor, perhaps: what is in it is named there.
            Err(IndexBackError::Locked { path, .. }) => Ok(Some(format!(
                "something was staged or unstaged during the turn, and could not be taken back: {} is held. \
                 Look at `git status` before you commit.",
                path.display()
            ))),
            Err(error) => Err(fail(&error)),
        }
    }
}

fn said(done: &IndexBack) -> String {
    let mut names: Vec<String> = done.paths.iter().take(NAMED).map(ToString::to_string).collect();
    if done.paths.len() > NAMED {
        names.push(format!("{} more", done.paths.len() - NAMED));
    }
    let mut text = format!(
        "the index was changed during the turn and is as it was before it: {}; no file was touched",
        names.join(", ")
    );
    if let Some(reference) = &done.reference {
        // Writing to a String cannot fail.
        let _infallible =
            write!(text, "; what had been staged is kept: `orchestra rescue show {reference}^2`");
    }
    text
}
