//! A tree of processes that stands still for a while.
//!
//! A process that was sent SIGSTOP runs and forks no more, but one that it forked just before may have been missed: so it is
//! looked again until two looks in a row find nothing new that runs. One that is in the kernel stops when it comes out of it,
//! which may be never: a parent in vfork(2) waits for a child that stands still. Parents are stopped before their children
//! and go on after them, so that a shell which waits for its jobs notices nothing.

use std::time::{Duration, Instant};

use super::tree::{self, Process};

/// How long a process that was sent SIGSTOP may go on running before it is no longer waited for: it is somebody else's.
const PATIENCE: Duration = Duration::from_millis(500);

/// A pause, from its begin.
#[derive(Debug)]
pub(super) struct Pausing {
    /// The number by which the worker knows it.
    number: u32,
    since: Instant,
    /// Whom we stopped, parents first. Whoever had stopped before is none of them, and stays so.
    stopped: Vec<Process>,
    /// How many looks in a row have found nothing new.
    quiet: u32,
}

impl Pausing {
    pub(super) fn begin(number: u32) -> Self {
        Self { number, since: Instant::now(), stopped: Vec::new(), quiet: 0 }
    }

    /// Whether everything stands still.
    pub(super) fn is_complete(&self) -> bool {
        self.quiet >= 2
    }

    /// The same pause, which is known by another number from now on.
    pub(super) fn renumber(&mut self, number: u32) {
        self.number = number;
    }

    pub(super) fn number(&self) -> u32 {
        self.number
    }

    /// Stops whoever still runs below this process.
    pub(super) fn look(&mut self, ancestor: i32) {
        // Where processes cannot be listed nobody can be stopped one by one; the next look may be luckier.
        let Ok(below) = tree::below(ancestor) else { return };
        let (mut is_new, mut runs) = (false, false);
        for process in below.into_iter().filter(|process| !process.is_stopped) {
            runs |= !process.is_in_kernel;
            tree::stop(&process);
            if !self.stopped.iter().any(|known| known.is(&process)) {
                is_new = true;
                self.stopped.push(process);
            }
        }
        let is_quiet = !is_new && (!runs || self.since.elapsed() >= PATIENCE);
        self.quiet = if is_quiet { self.quiet + 1 } else { 0 };
    }

    /// Lets everybody go on whom we stopped, and says how long the pause was.
    pub(super) fn end(self) -> Duration {
        for process in self.stopped.iter().rev() {
            tree::go_on(process);
        }
        self.since.elapsed()
    }
}
