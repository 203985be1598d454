//! What a person types at a terminal that has no screen, a line at a time.

use std::io::BufRead as _;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::termios::{QueueSelector, tcflush};
use tokio::sync::mpsc;

/// So long after a line nothing else may come: a person types one answer, and several lines at once are a paste.
pub(crate) const ALONE: Duration = Duration::from_millis(50);

/// A line half typed was meant for something else than the question that comes. Where it is no terminal after all
/// there is none.
pub(crate) fn discard_typed() {
    let _not_a_terminal = tcflush(std::io::stdin(), QueueSelector::IFlush);
}

/// What came from the terminal.
pub(crate) enum Typed {
    /// A line, and when it was read.
    Line { text: String, at: Instant },
    /// `ctrl-d`.
    End,
}

/// Reads the terminal on a thread of its own, until it hangs up; it ends with the process.
pub(crate) fn read_lines(typed: mpsc::Sender<Typed>) {
    std::thread::spawn(move || {
        let mut stdin = std::io::stdin().lock();
        loop {
            let mut line = Vec::new();
            let heard = match stdin.read_until(b'\n', &mut line) {
                Ok(0) if is_gone(&std::io::stdin()) => return,
                // Half a line that `ctrl-d` pushed through is no answer.
                Ok(_) if !line.ends_with(b"\n") => Typed::End,
                Ok(_) => Typed::Line {
                    text: String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned(),
                    at: Instant::now(),
                },
                Err(_) => return,
            };
            if typed.blocking_send(heard).is_err() {
                return;
            }
        }
    });
}

/// Tells whether nothing will come from there any more: after `ctrl-d` more may.
fn is_gone(stdin: &std::io::Stdin) -> bool {
    let mut source = [PollFd::new(stdin, PollFlags::IN)];
    let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
    let is_heard = poll(&mut source, Some(&at_once)).is_ok();
    !is_heard || source[0].revents().intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL)
}
