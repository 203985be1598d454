//! The request of `orchestra stop`, on its way to one certain worker.
//!
//! It names the worker that held the lock when it was made, so that it never stops a later one, whatever the clock
//! says.

use std::ffi::OsStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::atomic;
use crate::file::FileError;
use crate::folder::Access;
use crate::layout::Layout;
use crate::lock::{DocumentsLock, DocumentsLockError, Holder};
use crate::machine::{Machine, Process};

const NAME: &str = "stop.json";
const TAKEN: &str = "stop.json.taken";
const MAX_REQUEST: u64 = 64 * 1024;

/// When to stop.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum StopWhen {
    /// When the running phase has its commit.
    AfterPhase,
    /// At once.
    Now,
}

#[derive(Deserialize, Serialize)]
struct Request {
    when: StopWhen,
    process: Process,
    machine: Machine,
    since: Timestamp,
}

/// Why a request could not be left.
#[derive(Debug, Error)]
pub enum StopError {
    /// It could not be written as JSON.
    #[error("the request could not be written as json")]
    Json(#[source] serde_json::Error),
    /// Another process holds the lock under which files are written.
    #[error(transparent)]
    Lock(#[from] DocumentsLockError),
    /// The file could not be written.
    #[error(transparent)]
    File(#[from] FileError),
}

/// Asks the worker that holds the lock to stop. Takes the place of an earlier request.
///
/// Written by way of the folder of answers, because that one is watched.
pub fn request(layout: &Layout, worker: &Holder, when: StopWhen) -> Result<(), StopError> {
    let request =
        Request { when, process: worker.process, machine: worker.machine.clone(), since: worker.since };
    let bytes = serde_json::to_vec(&request).map_err(StopError::Json)?;
    let way = layout.make_state_folder("answers")?;
    let state = layout.make_state_folder("")?;
    let _held = DocumentsLock::acquire(layout)?;
    Ok(atomic::write_by_way_of(&way, &state, OsStr::new(NAME), &bytes, Access::Private)?)
}

/// Takes the request away, and returns it where it was made for this worker.
pub fn take(layout: &Layout, worker: &Holder) -> Result<Option<StopWhen>, FileError> {
    let state = match layout.open_folder(".state") {
        Err(error) if error.is_missing() => return Ok(None),
        opened => opened?,
    };
    if state.kind(OsStr::new(NAME))?.is_none() {
        return Ok(None);
    }
    // Moved before it is read, so that a request that replaces it meanwhile is not removed unread.
    state.remove(OsStr::new(TAKEN))?;
    if !atomic::move_new(&state, OsStr::new(NAME), OsStr::new(TAKEN))? {
        return Ok(None);
    }
    let read = state.read(OsStr::new(TAKEN), MAX_REQUEST);
    state.remove(OsStr::new(TAKEN))?;
    let request: Option<Request> = read?.and_then(|plain| serde_json::from_slice(&plain.bytes).ok());
    Ok(request
        .filter(|request| {
            (request.process, &request.machine, request.since)
                == (worker.process, &worker.machine, worker.since)
        })
        .map(|request| request.when))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holder(pid: u32) -> Holder {
        Holder {
            process: Process { pid, started: Some(7) },
            machine: Machine::observe(),
            since: Timestamp::UNIX_EPOCH,
            version: "1".to_owned(),
            running: String::new(),
            waits: false,
        }
    }

    #[test]
    fn a_request_stops_the_worker_it_was_made_for_once_and_no_other() {
        let (_temp, layout) = crate::testing::project();
        request(&layout, &holder(1), StopWhen::AfterPhase).unwrap();
        request(&layout, &holder(1), StopWhen::Now).unwrap();
        assert_eq!(take(&layout, &holder(1)).unwrap(), Some(StopWhen::Now));
        assert_eq!(take(&layout, &holder(1)).unwrap(), None);

        request(&layout, &holder(1), StopWhen::Now).unwrap();
        assert_eq!(take(&layout, &holder(2)).unwrap(), None);
        assert_eq!(take(&layout, &holder(1)).unwrap(), None, "a stale request is taken away");
    }

    #[test]
    fn a_file_that_is_no_request_stops_nobody() {
        let (_temp, layout) = crate::testing::project();
        layout.make_state().unwrap();
        std::fs::write(layout.stop_request(), "{\"when\":\"now\"}").unwrap();
        assert_eq!(take(&layout, &holder(1)).unwrap(), None);
        assert!(!layout.stop_request().exists());
    }
}
