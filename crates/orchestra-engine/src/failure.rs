//! From errors to what the machine is told of them.

use std::error::Error;
use std::fmt::Write as _;

use orchestra_core::worker::{Failure, FailureKind};
use orchestra_project::file::FileError;
use tokio::task::JoinError;

/// A failure that ends the run, with the error's whole chain of causes.
pub(crate) fn run(what: impl Into<String>, error: &(dyn Error + 'static)) -> Failure {
    Failure { what: what.into(), why: chain(error), hint: hint_of(error), kind: FailureKind::Run }
}

/// A failure that sets one milestone aside.
pub(crate) fn milestone(what: impl Into<String>, error: &(dyn Error + 'static), hint: &str) -> Failure {
    Failure { what: what.into(), why: chain(error), hint: hint.to_owned(), kind: FailureKind::Milestone }
}

/// A panic of a task.
pub(crate) fn panicked(error: &JoinError) -> Failure {
    Failure {
        what: "go on".to_owned(),
        why: format!("something in Orchestra itself went wrong ({error})"),
        hint: "Nothing was lost: start again. If it comes back, please report it.".to_owned(),
        kind: FailureKind::Run,
    }
}

/// An error with its causes, in one line.
pub(crate) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            // Writing to a String cannot fail.
            let _infallible = write!(text, ": {cause_text}");
        }
        next = cause.source();
    }
    text
}

fn hint_of(error: &(dyn Error + 'static)) -> String {
    let mut next = Some(error);
    while let Some(cause) = next {
        if let Some(FileError::Full { .. }) = cause.downcast_ref::<FileError>() {
            return "Free some space and start again: nothing was lost.".to_owned();
        }
        if let Some(FileError::Denied { .. }) = cause.downcast_ref::<FileError>() {
            return "Make it writable for you and start again: nothing was lost.".to_owned();
        }
        let is_full = |error: &std::io::Error| {
            matches!(error.kind(), std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded)
        };
        if cause.downcast_ref::<std::io::Error>().is_some_and(is_full) {
            return "Free some space and start again: nothing was lost.".to_owned();
        }
        next = cause.source();
    }
    "Start again when that is mended: nothing was lost.".to_owned()
}
