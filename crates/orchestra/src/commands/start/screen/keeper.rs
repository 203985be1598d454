//! Whoever brings the terminal back when this program is killed.
//!
//! A SIGKILL leaves a terminal on its alternate screen, without a cursor, with pastes in brackets. So a small process of this
//! program waits at the other end of a pipe: where the pipe closes without a word, it writes what the screen would have
//! written. The modes of the line are the shell's, which sets its own when a job of its was killed; a process in the background may
//! not touch them.

use std::io::{self, Read as _, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitCode, Stdio};
use std::sync::{Mutex, PoisonError};

/// The argument that makes a keeper of this program.
pub(crate) const KEEPER: &str = "__terminal";

/// Its argument where the terminal shows progress.
const PROGRESS: &str = "progress";

/// The word that all is well.
const WELL: u8 = b'.';

/// Where the keeper hears the word.
static EAR: Mutex<Option<ChildStdin>> = Mutex::new(None);

/// A keeper that waits.
pub(super) struct Keeper {
    child: Child,
}

impl Keeper {
    /// Starts one. It is in no group of ours, so that what is sent to all of us does not reach it.
    pub(super) fn start(program: &Path, shows_progress: bool) -> io::Result<Self> {
        let mut child = Command::new(program)
            .arg(KEEPER)
            .args(shows_progress.then_some(PROGRESS))
            .env_clear()
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::inherit())
            .stderr(Stdio::null())
            .spawn()?;
        *EAR.lock().unwrap_or_else(PoisonError::into_inner) = child.stdin.take();
        Ok(Self { child })
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        all_is_well();
        let _ended = self.child.wait();
    }
}

/// Tells the keeper that the terminal is as it was found.
pub(super) fn all_is_well() {
    if let Some(mut ear) = EAR.lock().unwrap_or_else(PoisonError::into_inner).take() {
        // One that is gone keeps nothing any more.
        let _gone = ear.write_all(&[WELL]);
    }
}

/// Waits for the word, and brings the terminal back where it does not come.
pub(crate) fn keep() -> ExitCode {
    let mut heard = Vec::new();
    // Whatever becomes of the pipe: without the word nothing is well.
    let _closed = io::stdin().read_to_end(&mut heard);
    if heard.last() != Some(&WELL) {
        super::terminal::write_leave(std::env::args_os().nth(2).is_some_and(|more| more == PROGRESS));
    }
    ExitCode::SUCCESS
}
