//! Lines that a thread of their own prints: a reader that is slow, or reads no more, holds up no work.
//!
//! What an agent says is left out, and counted, while more than [`MOST`] waits to be read; everything else waits.

use std::fmt::Display;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use super::Out;

/// So many bytes wait to be read before an agent's words are left out.
const MOST: usize = 16 * 1024 * 1024;

/// A line that is taken this soon was taken at once.
const AT_ONCE: Duration = Duration::from_millis(500);

/// When a question had been printed; nothing before.
pub(crate) type Printed = Arc<OnceLock<Instant>>;

/// What is printed, in this order.
enum Item {
    /// A line for a person.
    Line(String),
    /// A line for a program.
    Data(String),
    /// A line for standard error.
    Error(String),
    /// A question: what was typed before it is thrown away.
    Question { lines: Vec<String>, printed: Printed },
}

/// The end that is printed to.
pub(crate) struct Behind {
    items: Sender<Item>,
    ended: Receiver<()>,
    waiting: Arc<AtomicUsize>,
    left_out: u64,
}

impl Behind {
    /// Starts the thread. `discard` throws away what was typed and not yet read.
    pub(crate) fn start(out: Arc<Out>, discard: fn()) -> io::Result<Self> {
        let ((items, printed), (ending, ended)) = (channel(), channel());
        let waiting = Arc::new(AtomicUsize::new(0));
        let left = Arc::clone(&waiting);
        thread::Builder::new().name("print".to_owned()).spawn(move || {
            for item in printed {
                left.fetch_sub(size(&item), Ordering::Relaxed);
                print(&out, item, discard);
            }
            // Nobody may wait for it any more.
            let _unheard = ending.send(());
        })?;
        Ok(Self { items, ended, waiting, left_out: 0 })
    }

    /// Prints a line for a person.
    pub(crate) fn line(&self, line: impl Display) {
        self.put(Item::Line(line.to_string()));
    }

    /// Prints a line for a program.
    pub(crate) fn data(&self, line: impl Display) {
        self.put(Item::Data(line.to_string()));
    }

    /// Prints a line to standard error.
    pub(crate) fn error(&self, line: impl Display) {
        self.put(Item::Error(line.to_string()));
    }

    /// Prints a question, and returns where it is told when that was done.
    pub(crate) fn question(&self, lines: Vec<String>) -> Printed {
        let printed = Printed::default();
        self.put(Item::Question { lines, printed: Arc::clone(&printed) });
        printed
    }

    /// Tells whether there is room for an agent's words, and counts them as left out where there is none.
    pub(crate) fn has_room(&mut self) -> bool {
        let has_room = self.waiting.load(Ordering::Relaxed) < MOST;
        self.left_out += u64::from(!has_room);
        has_room
    }

    /// How often there was no room since this was last asked.
    pub(crate) fn left_out(&mut self) -> u64 {
        std::mem::take(&mut self.left_out)
    }

    /// Waits until everything is printed, or no longer than this. Tells whether it is.
    pub(crate) fn finish(self, patience: Option<Duration>) -> bool {
        drop(self.items);
        match patience {
            Some(patience) => self.ended.recv_timeout(patience).is_ok(),
            None => self.ended.recv().is_ok(),
        }
    }

    fn put(&self, item: Item) {
        self.waiting.fetch_add(size(&item), Ordering::Relaxed);
        // The thread ends only after this end.
        let _ended = self.items.send(item);
    }
}

fn size(item: &Item) -> usize {
    match item {
        Item::Line(line) | Item::Data(line) | Item::Error(line) => line.len(),
        Item::Question { lines, .. } => lines.iter().map(String::len).sum(),
    }
}

fn print(out: &Out, item: Item, discard: fn()) {
    match item {
        Item::Line(line) => out.line(line),
        Item::Data(line) => out.data(line),
        Item::Error(line) => out.error(line),
        Item::Question { lines, printed } => {
            discard();
            let (last, others) =
                lines.split_last().map_or((None, [].as_slice()), |(last, all)| (Some(last), all));
            for line in others {
                out.line(line);
            }
            let begun = Instant::now();
            if let Some(last) = last {
                out.line(last);
            }
            let ended = Instant::now();
            // Whoever answers has read the last line. It was there from the moment it was given away, unless the reader let
            // us wait; this thread may be held up for a while before it looks at the clock again.
            let at = if ended - begun < AT_ONCE { begun } else { ended };
            // Each question has a place of its own, which is empty until now.
            let _first = printed.set(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_agents_words_are_left_out_and_counted_only_while_too_much_waits() {
        // Nobody prints here, as where nobody reads.
        let ((items, printed), (_ending, ended)) = (channel(), channel());
        let mut behind = Behind { items, ended, waiting: Arc::default(), left_out: 0 };
        assert!(behind.has_room());
        behind.line("x".repeat(MOST));
        assert!(!behind.has_room() && !behind.has_room());
        behind.line("what is no agent's word waits all the same");
        assert_eq!((behind.left_out(), behind.left_out()), (2, 0));
        assert_eq!(printed.try_iter().count(), 2);
        behind.waiting.store(0, Ordering::Relaxed);
        assert!(behind.has_room());
    }
}
