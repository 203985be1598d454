//! Whoever brings the terminal back when this program is killed.
//!
//! A SIGKILL leaves a terminal on its alternate screen, without a cursor, with pastes in brackets. So a small process of this
//! program waits at the other end of a pipe, and is told whenever the terminal is taken and left: where the pipe closes and
//! it was not left, it writes what the screen would have written. The modes of the line are the shell's, which sets its own when a job of its was killed; a process in the background may
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

/// The word that all is well, and that it is no longer.
const WELL: u8 = b'.';
const TAKEN: u8 = b'!';

/// Where the keeper hears the word.
static EAR: Mutex<Option<ChildStdin>> = Mutex::new(None);

/// A keeper that waits.
pub(in crate::commands) struct Keeper {
    child: Child,
}

impl Keeper {
    /// Starts one. It is in no group of ours, so that what is sent to all of us does not reach it.
    pub(in crate::commands) fn start(program: &Path, shows_progress: bool) -> io::Result<Self> {
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
        let_go();
        let _ended = self.child.wait();
    }
}

/// Tells the keeper that the terminal is as it was found, or that it is not.
pub(in crate::commands) fn note(is_well: bool) {
    if let Some(ear) = &mut *EAR.lock().unwrap_or_else(PoisonError::into_inner) {
        // One that is gone keeps nothing any more.
        let _gone = ear.write_all(&[if is_well { WELL } else { TAKEN }]);
    }
}

/// Lets the keeper go.
fn let_go() {
    drop(EAR.lock().unwrap_or_else(PoisonError::into_inner).take());
}

/// Waits for the end, and brings the terminal back where the last word was not that all is well.
pub(crate) fn keep() -> ExitCode {
    let mut heard = Vec::new();
    // Whatever becomes of the pipe: what was heard last holds.
    let _closed = io::stdin().read_to_end(&mut heard);
    if heard.last() == Some(&TAKEN) {
        super::terminal::write_leave(std::env::args_os().nth(2).is_some_and(|more| more == PROGRESS));
    }
    ExitCode::SUCCESS
}
