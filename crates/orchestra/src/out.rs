//! The one place that prints.
//!
//! A reader that goes away (`orchestra status | head -1`) is no error: what follows is dropped. Colours are left out
//! where nobody sees them, or where `NO_COLOR` says so.
//!
//! Where the terminal takes no UTF-8, signs become ASCII here, for every command alike.
//!
//! Invariant: text that somebody else wrote goes through [`shown`] before it comes here.

pub(crate) mod behind;
mod signs;

use std::fmt::{Arguments, Display};
use std::io::{self, IsTerminal as _, Stderr, Stdout, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};

use anstream::adapter::strip_str;
use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};
use orchestra_core::document::plain::visible;
use rustix::event::{PollFd, PollFlags, Timespec};

/// Something that went well.
pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
/// Something that did not.
pub(crate) const BAD: Style = AnsiColor::Red.on_default();
/// Something that waits for a person.
pub(crate) const WAITS: Style = AnsiColor::Yellow.on_default();
/// A name, a heading.
pub(crate) const STRONG: Style = Style::new().bold();
/// Something that matters less.
pub(crate) const FAINT: Style = Style::new().dimmed();
/// Something to type.
pub(crate) const TYPED: Style = AnsiColor::Cyan.on_default();

/// Standard output and standard error.
pub(crate) struct Out {
    streams: Mutex<Streams>,
    /// Whether signs beyond ASCII are understood.
    unicode: bool,
}

struct Streams {
    stdout: AutoStream<Stdout>,
    stderr: AutoStream<Stderr>,
    /// The first thing that went wrong with standard output; from then on nothing is written to it.
    failed: Option<io::Error>,
}

impl Out {
    /// Takes the two streams of this process. `unicode` tells whether signs beyond ASCII are understood.
    pub(crate) fn of_process(unicode: bool) -> Self {
        let (stdout, stderr) = (AutoStream::auto(io::stdout()), AutoStream::auto(io::stderr()));
        Self { streams: Mutex::new(Streams { stdout, stderr, failed: None }), unicode }
    }

    /// Prints a line for a person. `out.line(format_args!(…))`
    pub(crate) fn line(&self, line: impl Display) {
        self.streams().print(format_args!("{}\n", self.written(line)));
    }

    /// Prints a line for a program, with every sign as it is.
    pub(crate) fn data(&self, line: impl Display) {
        self.streams().print(format_args!("{line}\n"));
    }

    /// Prints text for a person, without a line's end, and at once.
    pub(crate) fn text(&self, text: impl Display) {
        let text = self.written(text);
        let mut streams = self.streams();
        streams.print(format_args!("{text}"));
        streams.flush();
    }

    /// Prints bytes as they are, also what looks like a colour.
    pub(crate) fn bytes(&self, bytes: &[u8]) {
        let mut streams = self.streams();
        if streams.failed.is_none() {
            // Also what looks like a colour. All of this writes to the one buffer of this process, in order.
            let written = io::stdout().write_all(bytes);
            streams.note(written);
        }
    }

    /// Whether standard output is a terminal, whatever standard input is.
    pub(crate) fn is_terminal(&self) -> bool {
        self.streams().stdout.is_terminal()
    }

    /// Whether standard output takes colours.
    pub(crate) fn has_colours(&self) -> bool {
        self.streams().stdout.current_choice() != ColorChoice::Never
    }

    /// Prints a line to standard error.
    pub(crate) fn error(&self, line: impl Display) {
        // Where standard error is closed there is nobody left to tell.
        let line = self.written(line);
        let _unheard = self.streams().stderr.write_fmt(format_args!("{line}\n"));
    }

    /// What a person reads, in signs that they can see.
    fn written(&self, text: impl Display) -> String {
        let text = text.to_string();
        if self.unicode { text } else { signs::in_ascii(&text) }
    }

    /// Tells whether nobody reads standard output any more.
    pub(crate) fn is_closed(&self) -> bool {
        let streams = self.streams();
        streams.failed.is_some() || has_no_reader()
    }

    /// Writes what is still kept back. An error is one that matters: the disk is full, and not that nobody reads.
    pub(crate) fn finish(&self) -> io::Result<()> {
        // A thread that is still printing then waits for a reader who does not read: nobody else waits with it.
        let Ok(mut streams) = self.streams.try_lock() else { return Ok(()) };
        streams.flush();
        match streams.failed.take() {
            Some(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error),
            Some(_) | None => Ok(()),
        }
    }

    fn streams(&self) -> MutexGuard<'_, Streams> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Streams {
    fn print(&mut self, text: Arguments<'_>) {
        if self.failed.is_none() {
            let mut text = text.to_string();
            // In one piece: the stream that takes colours out would write each line by itself.
            if self.stdout.current_choice() == ColorChoice::Never {
                text = strip_str(&text).to_string();
            }
            let written = io::stdout().write_all(text.as_bytes());
            self.note(written);
        }
    }

    fn flush(&mut self) {
        if self.failed.is_none() {
            let flushed = self.stdout.flush();
            self.note(flushed);
        }
    }

    fn note(&mut self, done: io::Result<()>) {
        self.failed = done.err();
    }
}

/// Whether standard output is a pipe whose other end is closed.
fn has_no_reader() -> bool {
    let stdout = io::stdout();
    if stdout.is_terminal() {
        return false;
    }
    let mut sources = [PollFd::new(&stdout, PollFlags::empty())];
    let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
    let polled = rustix::event::poll(&mut sources, Some(&at_once));
    polled.is_ok() && sources[0].revents().contains(PollFlags::ERR)
}

/// Text in a style.
pub(crate) fn styled(style: Style, text: impl Display) -> String {
    format!("{style}{text}{style:#}")
}

/// Text of others, on one line and without anything that could move a cursor.
pub(crate) fn shown(text: impl Display) -> String {
    visible(text.to_string().trim_end())
}

/// Text of others in several lines, each as [`shown`], with `indent` before it. Tabs become four spaces.
pub(crate) fn block(text: &str, indent: &str) -> String {
    let lines = text.trim_end().lines().map(|line| {
        let line = visible(&line.trim_end().replace('\t', "    "));
        if line.is_empty() { line } else { format!("{indent}{line}") }
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Bytes of others in several lines with every blank as it is; only what could move a cursor is escaped.
pub(crate) fn verbatim(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        // A tab and a line's end move the cursor as everybody expects.
        for part in chunk.valid().split_inclusive(['\n', '\t']) {
            let blank = part.len() - usize::from(part.ends_with(['\n', '\t']));
            text.push_str(&visible(&part[..blank]));
            text.push_str(&part[blank..]);
        }
        text.extend(chunk.invalid().iter().map(|byte| format!("\\x{byte:02x}")));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_verbatim_keeps_its_blanks_and_moves_no_cursor() {
        assert_eq!(
            verbatim(b"+\ta \n \r\n+\x1b[2J\xe9\xff\xc3\xa9\t\n\n"),
            "+\ta \n \\u{d}\n+\\u{1b}[2J\\xe9\\xff\u{e9}\t\n\n"
        );
    }

    #[test]
    fn text_of_others_cannot_move_the_cursor() {
        assert_eq!(shown("a\u{1b}[2Jb\rc\u{202e}\n"), "a\\u{1b}[2Jb\\u{d}c\\u{202e}");
        assert_eq!(block("one\n\n\ttwo\u{7}\r\n", "> "), "> one\n\n>     two\\u{7}");
    }
}
