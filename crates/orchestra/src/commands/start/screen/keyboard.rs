//! Keys, read on a thread of their own, which stands still while a program of the person's has the terminal.

use std::io;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use ratatui::crossterm::event::{self, Event};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Signal, getpid, kill_process};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use super::terminal;
use super::torn::{self, Torn};
use crate::commands::start::broken;

/// How long the rest of a sequence may take that a slow line tore apart, here and over a network.
const REST: Duration = Duration::from_millis(100);
const REST_FAR: Duration = Duration::from_millis(300);
/// How long it may take until the thread stands still.
const STANDING: Duration = Duration::from_secs(1);

/// The thread that reads keys.
pub(in crate::commands) struct Keyboard {
    gate: Arc<Gate>,
    thread: Option<JoinHandle<()>>,
}

/// Where the thread waits between two keys.
#[derive(Default)]
struct Gate {
    wanted: Mutex<Wanted>,
    changed: Condvar,
}

#[derive(Default)]
enum Wanted {
    #[default]
    Read,
    /// It is to stand still, and to say when it does.
    Stand(Option<oneshot::Sender<()>>),
}

impl Keyboard {
    /// Reads keys until the terminal is gone; the thread ends with the process. `is_far` says that they come over a network.
    pub(in crate::commands) fn start(typed: mpsc::Sender<Event>, is_far: bool) -> Self {
        let rest = if is_far { REST_FAR } else { REST };
        let gate = Arc::new(Gate::default());
        let own = Arc::clone(&gate);
        let thread = std::thread::spawn(move || {
            while let Ok(events) = next_events(rest) {
                for event in events {
                    broken::here("keys");
                    if typed.blocking_send(event).is_err() {
                        return;
                    }
                }
                own.pass();
            }
        });
        Self { gate, thread: Some(thread) }
    }

    /// Why there are no keys any more. What broke there breaks this as well.
    pub(in crate::commands) fn ended(&mut self) -> io::Error {
        match self.thread.take().map(JoinHandle::join) {
            Some(Ok(())) | None => io::Error::other("no key can be read any more"),
            Some(Err(panic)) => std::panic::resume_unwind(panic),
        }
    }

    /// Has the thread stand still, so that it takes no key of a program that comes. False where it does not in time.
    ///
    /// It waits for keys within crossterm, which a change of the window's size ends, too: so the process tells itself of one. A
    /// thread that woke up at a fixed pace would cost as much all day long.
    pub(in crate::commands) async fn pause(&self) -> bool {
        let (stands, standing) = oneshot::channel();
        self.gate.want(Wanted::Stand(Some(stands)));
        if kill_process(getpid(), Signal::WINCH).is_ok()
            && matches!(timeout(STANDING, standing).await, Ok(Ok(())))
        {
            return true;
        }
        self.resume();
        false
    }

    /// Lets the thread go on.
    pub(in crate::commands) fn resume(&self) {
        self.gate.want(Wanted::Read);
    }
}

impl Gate {
    fn want(&self, wanted: Wanted) {
        *self.wanted.lock().unwrap_or_else(PoisonError::into_inner) = wanted;
        self.changed.notify_all();
    }

    /// Stands still where that is wanted.
    fn pass(&self) {
        let mut wanted = self.wanted.lock().unwrap_or_else(PoisonError::into_inner);
        while let Wanted::Stand(stands) = &mut *wanted {
            if let Some(stands) = stands.take() {
                // Whoever did not wait so long lets it go on.
                let _unheard = stands.send(());
            }
            wanted = self.changed.wait(wanted).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// Whether something was typed that nobody has read. A terminal that is gone says so to whoever reads.
fn is_anything_there() -> bool {
    let stdin = io::stdin();
    let mut source = [PollFd::new(&stdin, PollFlags::IN)];
    let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
    poll(&mut source, Some(&at_once)).is_ok_and(|count| count > 0)
}

/// Waits for the next key and whatever belongs to it.
///
/// crossterm reads 1,024 bytes at once and then waits until it is told of more: the rest of a flood, as a wheel or a paste
/// without brackets may be, would lie there until something else comes.
fn next_events(patience: Duration) -> io::Result<Vec<Event>> {
    if !event::poll(Duration::ZERO)? && is_anything_there() {
        terminal::tell_again();
    }
    let mut events = vec![event::read()?];
    while events.last().is_some_and(torn::may_begin) {
        let mut rest = String::new();
        loop {
            if !event::poll(patience)? {
                // Without anything behind it, it is the key `esc`; half of a sequence is nothing.
                events.truncate(events.len() - usize::from(!rest.is_empty()));
                return Ok(events);
            }
            match torn::take(rest, event::read()?) {
                Torn::Open(more) => rest = more,
                Torn::Whole(key) => {
                    events.pop();
                    events.extend(key);
                    return Ok(events);
                }
                Torn::Not(event) => {
                    events.push(event);
                    break;
                }
            }
        }
    }
    Ok(events)
}
