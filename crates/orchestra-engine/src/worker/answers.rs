//! Answers and requests from other terminals.

use std::ffi::{OsStr, OsString};

use orchestra_core::plan::By;
use orchestra_core::record::Record;
use orchestra_core::worker::{Fact, Failure, Stop};
use orchestra_project::answers;
use orchestra_project::lock::Holder;
use orchestra_project::stop::{self, StopWhen};

use super::place::Place;
use crate::failure;

impl Place {
    /// Puts answers on record that were given while no worker ran, before anything is decided.
    pub(super) fn take_answers_given_meanwhile(&self) -> Result<(), Failure> {
        let memory = self.memory().clone();
        let found =
            answers::find(&self.layout, &memory).map_err(|error| failure::run("read answers", &error))?;
        for found in found {
            if let Ok(filed) = &found.answer
                && let Some(open) = memory.open.get(&filed.gate)
            {
                self.record(Record::Answered {
                    gate: filed.gate.clone(),
                    question: open.question.clone(),
                    milestone: open.milestone.clone(),
                    work: open.work.clone(),
                    of: filed.of,
                    answer: filed.answer.clone(),
                    by: By::User,
                })?;
            }
            self.remove_answer(&found.name);
        }
        Ok(())
    }

    /// Finds an answer to a question that is open, apart from those found before.
    pub(super) fn find_answer(&self, before: &[OsString]) -> Option<(Fact, OsString)> {
        let memory = self.memory().clone();
        // A folder that cannot be read now is looked at again at the next hint.
        let found = answers::find(&self.layout, &memory).ok()?;
        for found in found.into_iter().filter(|found| !before.contains(&found.name)) {
            let Ok(filed) = found.answer else {
                self.remove_answer(&found.name);
                continue;
            };
            return Some((
                Fact::Answered { gate: filed.gate, answer: filed.answer, by: By::User },
                found.name,
            ));
        }
        None
    }

    pub(super) fn remove_answer(&self, name: &OsStr) {
        // One that stays is refused later: its question is no longer open.
        drop(answers::remove(&self.layout, name));
    }

    /// Takes a request to stop that was made for this worker.
    pub(super) fn take_stop_request(&self, holder: &Holder) -> Option<Stop> {
        match stop::take(&self.layout, holder) {
            Ok(Some(StopWhen::AfterPhase)) => Some(Stop::AfterWork),
            Ok(Some(StopWhen::Now)) => Some(Stop::Now { code: 0 }),
            // A request that cannot be read now is looked at again at the next hint.
            Ok(None) | Err(_) => None,
        }
    }
}
