//! `read`: numbered lines of a file.

use std::fs::File;
use std::io::{self, Read as _};

use orchestra_core::path::RepoPath;
use schemars::JsonSchema;
use serde::Deserialize;

use super::Answer;
use super::files::{Files, refusal};
use super::shown::{self, Heading, counted, number};
use super::stop::Stop;

/// How many lines are shown at once.
const MAX_LINES: u64 = 2_000;
/// How many bytes.
const MAX_BYTES: usize = 64 * 1024;
/// How much of one line, in bytes.
const MAX_LINE: usize = 4_000;
/// How far behind the last line that is shown lines are counted, in bytes.
const MAX_COUNTED: u64 = 16 * 1024 * 1024;
/// How much of the beginning says whether a file is text.
const BEGINNING: usize = 8 * 1024;

/// Reads a file.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ReadArgs {
    /// The file, from the top of the repository.
    path: String,
    /// The first line to show, counted from 1.
    #[serde(default)]
    from: Option<u64>,
    /// The last line to show.
    #[serde(default)]
    to: Option<u64>,
}

pub(super) fn read(files: &Files, args: &ReadArgs, stop: &Stop) -> Answer {
    let (from, to) = (args.from.unwrap_or(1), args.to.unwrap_or(u64::MAX));
    if from == 0 || to < from {
        return Answer::wrong("lines are counted from 1, and `to` is not before `from`");
    }
    let (file, path) = match files.top.open_file(&args.path) {
        Ok(opened) => opened,
        Err(error) => return Answer::wrong(refusal(&args.path, &error)),
    };
    let mut heading = Heading::new("read", &path);
    let length = file.metadata().map_or(0, |metadata| metadata.len());
    let read = match Reader::new(from, to).read(file, stop) {
        Ok(read) => read,
        Err(error) => return Answer::wrong(format!("`{path}`: could not read it: {error}")),
    };
    match read {
        Read::Binary => {
            heading.say(format!("a binary file of {}, which is not shown", counted(length, "byte")));
            Answer::text(heading.over(""))
        }
        Read::Stopped => Answer::wrong(format!("`{path}`: {}", stop.words())),
        Read::Text { reader, is_counted } => reader.answer(&path, heading, is_counted),
    }
}

enum Read {
    Text {
        reader: Reader,
        /// Whether the file was read to its end.
        is_counted: bool,
    },
    Binary,
    /// It took too long, or the turn was ended.
    Stopped,
}

/// Picks lines out of a stream in bounded memory.
struct Reader {
    from: u64,
    to: u64,
    shown: String,
    /// Which lines are shown: from `from` up to before this one.
    next: u64,
    /// No more fits.
    is_full: bool,
    /// The line that is being read, counted from 1, and what is kept of it.
    line: u64,
    kept: Vec<u8>,
    length: u64,
    last_byte: u8,
    has_invalid: bool,
    has_cut: bool,
    with_return: u64,
}

impl Reader {
    fn new(from: u64, to: u64) -> Self {
        Self {
            from,
            to,
            shown: String::new(),
            next: from,
            is_full: false,
            line: 1,
            kept: Vec::new(),
            length: 0,
            last_byte: b'\n',
            has_invalid: false,
            has_cut: false,
            with_return: 0,
        }
    }

    fn read(mut self, mut file: File, stop: &Stop) -> io::Result<Read> {
        let mut buffer = vec![0; 64 * 1024];
        let mut is_beginning = true;
        let mut counted = 0;
        loop {
            if stop.is_due() {
                // What is shown is whole; only what comes behind it is not counted.
                let is_done = self.is_done();
                return Ok(if is_done {
                    Read::Text { reader: self, is_counted: false }
                } else {
                    Read::Stopped
                });
            }
            let count = match file.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            let bytes = &buffer[..count];
            if std::mem::take(&mut is_beginning) && bytes[..count.min(BEGINNING)].contains(&0) {
                return Ok(Read::Binary);
            }
            self.push(bytes);
            if self.is_done() {
                counted += count as u64;
            }
            if counted > MAX_COUNTED {
                return Ok(Read::Text { reader: self, is_counted: false });
            }
        }
        if self.last_byte != b'\n' {
            self.end_line();
        }
        Ok(Read::Text { reader: self, is_counted: true })
    }

    /// Tells whether all lines that are shown are complete.
    fn is_done(&self) -> bool {
        self.is_full || self.line > self.to
    }

    fn push(&mut self, mut bytes: &[u8]) {
        while let Some(end) = bytes.iter().position(|byte| *byte == b'\n') {
            self.extend(&bytes[..end]);
            self.end_line();
            self.last_byte = b'\n';
            bytes = &bytes[end + 1..];
        }
        self.extend(bytes);
    }

    fn extend(&mut self, bytes: &[u8]) {
        let Some(last) = bytes.last() else { return };
        self.last_byte = *last;
        self.length += bytes.len() as u64;
        if self.line >= self.from && !self.is_done() {
            let fits = bytes.len().min(MAX_LINE.saturating_sub(self.kept.len()));
            self.kept.extend_from_slice(&bytes[..fits]);
        }
    }

    fn end_line(&mut self) {
        if self.line >= self.from && !self.is_done() {
            let line = self.shown_line();
            let is_last = self.next - self.from + 1 == MAX_LINES;
            if !self.shown.is_empty() && self.shown.len() + line.len() > MAX_BYTES {
                self.is_full = true;
            } else {
                self.shown.push_str(&line);
                self.next += 1;
                self.is_full = is_last;
            }
        }
        self.kept.clear();
        self.length = 0;
        self.line += 1;
    }

    fn shown_line(&mut self) -> String {
        let left_out = self.length - self.kept.len() as u64;
        let mut bytes = self.kept.as_slice();
        if left_out > 0 {
            self.has_cut = true;
            // Not inside of a character.
            let cut = bytes.utf8_chunks().last().map_or(0, |chunk| chunk.invalid().len());
            bytes = &bytes[..bytes.len() - cut.min(3)];
        } else if let Some(line) = bytes.strip_suffix(b"\r") {
            self.with_return += 1;
            bytes = line;
        }
        self.has_invalid |= std::str::from_utf8(bytes).is_err();
        let text = shown::text(bytes);
        if left_out > 0 {
            let left_out = self.length - bytes.len() as u64;
            shown::numbered(self.next, &format!("{text} [… {} more in this line]", counted(left_out, "byte")))
        } else {
            shown::numbered(self.next, &text)
        }
    }

    fn answer(self, path: &RepoPath, mut heading: Heading, is_counted: bool) -> Answer {
        let all = self.line - 1;
        let last = self.next - 1;
        let total = if is_counted { number(all) } else { format!("more than {}", number(all.max(last))) };
        if all == 0 {
            return Answer::text(heading.say("the file is empty").over(""));
        }
        if last < self.from {
            return Answer::wrong(format!("`{path}` has no line {}: it has {total}", number(self.from)));
        }
        heading.say(format!("lines {}-{last} of {total}", self.from));
        if self.is_full && (all > last || !is_counted) {
            heading.say(format!("goes on at line {}", self.next));
        }
        let shown = self.next - self.from;
        if self.with_return == shown {
            heading.say("lines end in CRLF");
        } else if self.with_return > 0 {
            heading.say(format!("{} of these lines end in CRLF", number(self.with_return)));
        }
        if is_counted && last == all && self.last_byte != b'\n' {
            heading.say("no line end after the last line");
        }
        if self.has_cut {
            heading.say("long lines are cut");
        }
        if self.has_invalid {
            heading.say("\u{fffd} stands for bytes that are not UTF-8");
        }
        Answer::text(heading.over(&self.shown))
    }
}
