//! Runs a program below a guard to its end and keeps a bounded part of what it printed.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::launch::{GuardLauncher, LaunchError, started_pid};
use super::wire::News;
use super::{Ended, Exit, Order, Why};

/// How long output is still read after the program's end, twice: only where something escaped with the pipe.
const DRAIN: Duration = Duration::from_secs(1);

/// How much of a program's output is kept, each of standard output and standard error.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct OutputLimits {
    /// Bytes kept from the beginning.
    pub head: usize,
    /// Bytes kept from the end.
    pub tail: usize,
}

impl Default for OutputLimits {
    /// 256 KiB from each side: enough for any message to a person or a model.
    fn default() -> Self {
        Self { head: 256 * 1024, tail: 256 * 1024 }
    }
}

/// A program's end and what it printed.
#[derive(Clone, Debug)]
pub struct Output {
    /// How it ended.
    pub status: Ended,
    /// What it printed.
    pub stdout: Captured,
    /// What it complained about.
    pub stderr: Captured,
    /// Whether it was ended because its time was up.
    pub timed_out: bool,
}

impl Output {
    /// Tells whether it ended by itself, with exit code 0.
    pub fn is_success(&self) -> bool {
        self.status.exit.is_success() && self.status.why == Why::Itself
    }
}

/// The beginning and the end of a stream of bytes.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Captured {
    /// The beginning.
    pub head: Vec<u8>,
    /// How many bytes between the two were let go.
    pub dropped: u64,
    /// The end, where the beginning was not all.
    pub tail: Vec<u8>,
}

impl Captured {
    /// All bytes, where none was let go.
    pub fn complete(&self) -> Option<Vec<u8>> {
        (self.dropped == 0).then(|| [self.head.as_slice(), &self.tail].concat())
    }

    /// The text for a person, with a mark where bytes were let go.
    pub fn text(&self) -> String {
        if self.dropped == 0 {
            return String::from_utf8_lossy(&[self.head.as_slice(), &self.tail].concat()).into_owned();
        }
        format!(
            "{}\n[… {} bytes left out …]\n{}",
            String::from_utf8_lossy(&self.head),
            self.dropped,
            String::from_utf8_lossy(&self.tail)
        )
    }
}

/// Collects a stream within [`OutputLimits`].
#[derive(Debug)]
pub(crate) struct Collector {
    limits: OutputLimits,
    head: Vec<u8>,
    tail: VecDeque<u8>,
    dropped: u64,
}

impl Collector {
    pub(crate) fn new(limits: OutputLimits) -> Self {
        Self { limits, head: Vec::new(), tail: VecDeque::new(), dropped: 0 }
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) {
        let to_head = bytes.len().min(self.limits.head - self.head.len());
        let (head, rest) = bytes.split_at(to_head);
        self.head.extend_from_slice(head);
        self.tail.extend(rest);
        let surplus = self.tail.len().saturating_sub(self.limits.tail);
        self.tail.drain(..surplus);
        self.dropped += surplus as u64;
    }

    pub(crate) fn captured(&self) -> Captured {
        Captured { head: self.head.clone(), dropped: self.dropped, tail: self.tail.iter().copied().collect() }
    }
}

/// A stream that is read by a thread.
struct Stream {
    collected: Arc<Mutex<Collector>>,
    at_end: Receiver<()>,
}

impl Stream {
    fn read(pipe: OwnedFd, limits: OutputLimits) -> Self {
        let collected = Arc::new(Mutex::new(Collector::new(limits)));
        let (end, at_end) = mpsc::channel();
        let shared = Arc::clone(&collected);
        std::thread::spawn(move || {
            let mut pipe = File::from(pipe);
            let mut buffer = vec![0; 64 * 1024];
            loop {
                match pipe.read(&mut buffer) {
                    Ok(0) => break,
                    Ok(count) => {
                        shared.lock().unwrap_or_else(PoisonError::into_inner).push(&buffer[..count]);
                    }
                    Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                    Err(_) => break,
                }
            }
            // Nobody waits any more where the drain took too long.
            let _unheard = end.send(());
        });
        Self { collected, at_end }
    }

    fn finish(&self) -> Captured {
        // A timeout is answered with what there is; a thread that ended dropped its end. The first may have passed while this
        // process was stopped, and nothing could be read.
        if self.at_end.recv_timeout(DRAIN) == Err(RecvTimeoutError::Timeout) {
            let (Ok(()) | Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected)) =
                self.at_end.recv_timeout(DRAIN);
        }
        self.collected.lock().unwrap_or_else(PoisonError::into_inner).captured()
    }
}

/// Runs a program below a guard, gives it `stdin`, and waits until its whole tree is gone. Blocks: for verify
/// commands, hooks and git, from a thread that may.
///
/// # Errors
/// See [`LaunchError`]. A program that fails is no error but a [`Output::status`].
pub fn run_to_end(
    launcher: &GuardLauncher,
    order: &Order,
    stdin: Vec<u8>,
    limits: OutputLimits,
) -> Result<Output, LaunchError> {
    let (sender, news) = mpsc::channel();
    let begun = launcher.begin(order, move |news| {
        // The receiver lives until the last word was heard.
        let _unheard = sender.send(news);
    })?;
    let stdout = Stream::read(begun.pipes.stdout, limits);
    let stderr = Stream::read(begun.pipes.stderr, limits);
    let input = begun.pipes.stdin;
    std::thread::spawn(move || {
        // A program may end without reading all of its input; that is its right.
        let _unread = File::from(input).write_all(&stdin);
    });
    started_pid(news.recv().ok(), PathBuf::from(&order.program))?;
    let status = match news.recv() {
        Ok(News::Ended(ended)) => ended,
        Ok(News::Started { .. } | News::NotStarted { .. } | News::Paused(_)) | Err(_) => {
            Ended { exit: Exit::Unseen, why: Why::GuardLost, left_behind: 0 }
        }
    };
    drop(begun.rope);
    Ok(Output {
        status,
        stdout: stdout.finish(),
        stderr: stderr.finish(),
        timed_out: status.why == Why::TimedOut,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beginning_and_the_end_are_kept_and_what_lies_between_is_counted() {
        let mut collector = Collector::new(OutputLimits { head: 3, tail: 2 });
        for chunk in [&b"a"[..], b"bcdef", b"", b"gh"] {
            collector.push(chunk);
        }
        let captured = collector.captured();
        assert_eq!(captured, Captured { head: b"abc".to_vec(), dropped: 3, tail: b"gh".to_vec() });
        assert_eq!(captured.text(), "abc\n[… 3 bytes left out …]\ngh");
        assert_eq!(captured.complete(), None);
    }

    #[test]
    fn what_fits_is_complete() {
        let mut collector = Collector::new(OutputLimits { head: 3, tail: 2 });
        collector.push(b"abcde");
        assert_eq!(collector.captured().complete().as_deref(), Some(&b"abcde"[..]));
        assert_eq!(collector.captured().text(), "abcde");
    }
}
