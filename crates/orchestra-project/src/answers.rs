//! Answers from another terminal, on their way to the worker.
//!
//! `orchestra answer` leaves one file a question, once; the worker journals it and removes it. The file carries the
//! hash of what was shown, and counts only for the open question of that id with that hash. Who answered is not
//! in it: that a file lies here proves a person's command, and nothing more can be claimed by writing more. What lay here
//! before the question was asked proves nothing, and is taken away ([`forestall`]).

use std::ffi::{OsStr, OsString};

use jiff::Timestamp;
use orchestra_core::id::GateId;
use orchestra_core::path::ContentHash;
use orchestra_core::record::Answer;
use orchestra_core::worker::{Memory, Open};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::atomic::{self, Creation};
use crate::file::FileError;
use crate::folder::Access;
use crate::layout::{Layout, MAX_ENTRIES};
use crate::lock::{DocumentsLock, DocumentsLockError};

/// The longest answer that is filed, in bytes of its file.
pub const MAX_ANSWER: u64 = 256 * 1024;

/// What a file of an answer contains.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Filed {
    /// Which question.
    pub gate: GateId,
    /// The hash of what was shown.
    pub of: ContentHash,
    /// When.
    pub at: Timestamp,
    /// The answer.
    #[serde(flatten)]
    pub answer: Answer,
}

/// Why an answer does not count.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum Unfit {
    /// No such question waits: it was answered, withdrawn, or never asked.
    #[error("no question of that id is open")]
    NotOpen,
    /// The question is about something else by now.
    #[error("what was answered is not what is asked")]
    OtherContent,
    /// The question is not answered by this word.
    #[error("`{word}` does not answer this question; answer with one of: {}", expected.join(", "))]
    OtherWord {
        /// The word given.
        word: &'static str,
        /// The words that answer it.
        expected: Vec<String>,
    },
    /// The word needs a text.
    #[error("`{word}` needs a text with it")]
    Empty {
        /// The word given.
        word: &'static str,
    },
    /// The file is none that `orchestra answer` wrote.
    #[error("the file cannot be understood")]
    Unreadable,
}

/// Why an answer could not be filed.
#[derive(Debug, Error)]
pub enum AnswerError {
    /// It would not count.
    #[error("`{gate}` cannot be answered so")]
    Unfit {
        /// The question's id.
        gate: GateId,
        /// Why.
        #[source]
        why: Unfit,
    },
    /// The question was answered already; the worker has not come to it yet.
    #[error("`{gate}` is answered already")]
    Answered {
        /// The question's id.
        gate: GateId,
    },
    /// The text is too long.
    #[error("the answer is longer than {MAX_ANSWER} bytes")]
    TooLong,
    /// The answer could not be written as JSON.
    #[error("the answer could not be written as json")]
    Json(#[source] serde_json::Error),
    /// Another process holds the lock under which files are written.
    #[error(transparent)]
    Lock(#[from] DocumentsLockError),
    /// The file could not be written.
    #[error(transparent)]
    File(#[from] FileError),
}

/// A file found among the answers.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Found {
    /// Its name, for [`remove`].
    pub name: OsString,
    /// The answer, or why it does not count.
    pub answer: Result<Filed, Unfit>,
}

/// Leaves an answer for the worker. `memory` must be fresh from the journal.
pub fn file(
    layout: &Layout,
    memory: &Memory,
    gate: &GateId,
    answer: Answer,
    at: Timestamp,
) -> Result<(), AnswerError> {
    let unfit = |why| AnswerError::Unfit { gate: gate.clone(), why };
    let question = memory.open.get(gate).ok_or_else(|| unfit(Unfit::NotOpen))?;
    check(question, &answer).map_err(unfit)?;
    let filed = Filed { gate: gate.clone(), of: question.of, at, answer };
    let bytes = serde_json::to_vec(&filed).map_err(AnswerError::Json)?;
    if bytes.len() as u64 > MAX_ANSWER {
        return Err(AnswerError::TooLong);
    }
    let folder = layout.make_state_folder("answers")?;
    let _held = DocumentsLock::acquire(layout)?;
    match atomic::create(&folder, &name_of(gate), &bytes, Access::Private)? {
        Creation::Created => Ok(()),
        Creation::Exists => Err(AnswerError::Answered { gate: gate.clone() }),
    }
}

/// Finds the answers that were left. `memory` must know every question that was asked.
pub fn find(layout: &Layout, memory: &Memory) -> Result<Vec<Found>, FileError> {
    let folder = match layout.open_folder(".state/answers") {
        Err(error) if error.is_missing() => return Ok(Vec::new()),
        opened => opened?,
    };
    let mut found = Vec::new();
    for (name, _) in folder.list(MAX_ENTRIES)? {
        if atomic::is_temp(&name) {
            continue;
        }
        let filed = match folder.read(&name, MAX_ANSWER) {
            Ok(Some(plain)) => serde_json::from_slice::<Filed>(&plain.bytes).ok(),
            // It was taken away since the folder was listed.
            Ok(None) => continue,
            // No plain file, or too large: nothing that `file` wrote.
            Err(FileError::Link { .. } | FileError::NotAFile { .. } | FileError::TooLarge { .. }) => None,
            Err(error) => return Err(error),
        };
        let answer = filed.filter(|filed| name_of(&filed.gate) == name).ok_or(Unfit::Unreadable);
        let answer = answer.and_then(|filed| {
            let question = memory.open.get(&filed.gate).ok_or(Unfit::NotOpen)?;
            if question.of != filed.of {
                return Err(Unfit::OtherContent);
            }
            check(question, &filed.answer)?;
            Ok(filed)
        });
        found.push(Found { name, answer });
    }
    Ok(found)
}

/// Takes away what lies in the place of an answer to a question that is about to be asked: nobody can have seen it.
pub fn forestall(layout: &Layout, gate: &GateId) -> Result<(), FileError> {
    match layout.open_folder(".state/answers") {
        Err(error) if error.is_missing() => Ok(()),
        opened => opened?.remove(&name_of(gate)),
    }
}

/// Removes a file of [`find`], after its answer was journalled or refused. A folder of that name stays.
pub fn remove(layout: &Layout, name: &OsStr) -> Result<(), FileError> {
    let folder = layout.open_folder(".state/answers")?;
    folder.remove(name)?;
    folder.sync()
}

fn name_of(gate: &GateId) -> OsString {
    format!("{gate}.json").into()
}

fn check(question: &Open, answer: &Answer) -> Result<(), Unfit> {
    let word = answer.word();
    if !question.answers.iter().any(|expected| expected == word) {
        return Err(Unfit::OtherWord { word, expected: question.answers.clone() });
    }
    match answer {
        Answer::Revise { feedback: text }
        | Answer::PushTo { branch: text }
        | Answer::Verify { command: text }
            if text.trim().is_empty() =>
        {
            Err(Unfit::Empty { word })
        }
        Answer::Revise { .. }
        | Answer::PushTo { .. }
        | Answer::Verify { .. }
        | Answer::Approve
        | Answer::Retry { .. }
        | Answer::Skip
        | Answer::Keep
        | Answer::Restore
        | Answer::Finish
        | Answer::Stop => Ok(()),
    }
}

#[cfg(test)]
mod tests;
