//! Reading the journal, in pieces of bounded size.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Seek as _, SeekFrom};
use std::ops::ControlFlow;
use std::path::Path;

use orchestra_core::record::Entry;
use serde::Deserialize;

use super::{JournalError, MAX_LINE, NAME};
use crate::file::{At as _, FileError};
use crate::layout::Layout;
use orchestra_core::worker::Memory;

/// How many bytes [`follow`] takes at once.
const PIECE: u64 = 8 * 1024 * 1024;

/// All entries of a journal.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Reading {
    /// The entries, in the order of the file.
    pub entries: Vec<Entry>,
    /// How many lines could not be understood: cut short, damaged, or of a later program.
    pub skipped: u64,
}

/// What was appended since an earlier look.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Followed {
    /// The new entries.
    pub entries: Vec<Entry>,
    /// How many new lines could not be understood.
    pub skipped: u64,
    /// Where to go on.
    pub offset: u64,
    /// Whether there was more than one call takes: call again at once.
    pub has_more: bool,
    /// Whether the journal is another one than before, so that this is all of it from its beginning.
    pub restarted: bool,
}

/// Reads a whole journal. One that is not there is empty. For a start there is [`fold`], which keeps less.
pub fn read_all(layout: &Layout) -> Result<Reading, JournalError> {
    let mut reading = Reading::default();
    let Some(file) = open(layout)? else { return Ok(reading) };
    lines(&file, &layout.journal(), 0, u64::MAX, |line, _| {
        match parse(line) {
            Line::Entry(entry) => reading.entries.push(*entry),
            Line::Unknown { .. } => reading.skipped += 1,
            Line::Blank => {}
        }
        ControlFlow::Continue(())
    })?;
    Ok(reading)
}

/// What a whole journal comes to.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Folded {
    /// What a start needs.
    pub memory: Memory,
    /// The highest number of an entry.
    pub last_seq: u64,
    /// How many lines could not be understood.
    pub skipped: u64,
}

/// Reads a whole journal and keeps what a start needs.
pub fn fold(layout: &Layout) -> Result<Folded, JournalError> {
    let mut folded = Folded::default();
    if let Some(file) = open(layout)? {
        fold_file(&file, &layout.journal(), &mut folded)?;
    }
    Ok(folded)
}

/// Reads what was appended since `offset`, which an earlier call gave; 0 at first. Takes whole lines only.
pub fn follow(layout: &Layout, offset: u64) -> Result<Followed, JournalError> {
    let mut followed = Followed { offset, ..Followed::default() };
    let Some(file) = open(layout)? else {
        followed.restarted = offset > 0;
        followed.offset = 0;
        return Ok(followed);
    };
    let end = file.metadata().at("look at", &layout.journal())?.len();
    if end < offset {
        followed.restarted = true;
        followed.offset = 0;
    }
    let start = followed.offset;
    lines(&file, &layout.journal(), start, u64::MAX, |line, next| {
        if line.text.is_some_and(|text| !text.ends_with(b"\n")) {
            return ControlFlow::Break(());
        }
        match parse(line) {
            Line::Entry(entry) => followed.entries.push(*entry),
            Line::Unknown { .. } => followed.skipped += 1,
            Line::Blank => {}
        }
        followed.offset = next;
        if next - start < PIECE {
            return ControlFlow::Continue(());
        }
        followed.has_more = true;
        ControlFlow::Break(())
    })?;
    Ok(followed)
}

/// Folds all of an open journal. Returns where it ended.
pub(super) fn fold_file(file: &File, path: &Path, folded: &mut Folded) -> Result<u64, FileError> {
    lines(file, path, 0, u64::MAX, |line, _| {
        match parse(line) {
            Line::Entry(entry) => {
                folded.last_seq = folded.last_seq.max(entry.seq);
                folded.memory.take(&entry.record);
            }
            Line::Unknown { seq } => {
                folded.skipped += 1;
                folded.last_seq = folded.last_seq.max(seq.unwrap_or(0));
            }
            Line::Blank => {}
        }
        ControlFlow::Continue(())
    })
}

/// The highest number between two places of an open journal; 0 where there is none.
pub(super) fn last_seq(file: &File, path: &Path, from: u64, to: u64) -> Result<u64, FileError> {
    // A journal that became shorter is another one.
    let from = if from > to { 0 } else { from };
    let mut last = 0;
    lines(file, path, from, to - from, |line, _| {
        match parse(line) {
            Line::Entry(entry) => last = last.max(entry.seq),
            Line::Unknown { seq } => last = last.max(seq.unwrap_or(0)),
            Line::Blank => {}
        }
        ControlFlow::Continue(())
    })?;
    Ok(last)
}

fn open(layout: &Layout) -> Result<Option<File>, FileError> {
    match layout.open_folder(".state") {
        Err(error) if error.is_missing() => Ok(None),
        opened => Ok(opened?.open_plain(OsStr::new(NAME))?.map(|(file, _)| file)),
    }
}

/// A line with its end, or `None` where it is longer than any that is written.
#[derive(Clone, Copy)]
struct Raw<'a> {
    text: Option<&'a [u8]>,
}

enum Line {
    Entry(Box<Entry>),
    Unknown { seq: Option<u64> },
    Blank,
}

#[derive(Deserialize)]
struct Numbered {
    seq: u64,
}

fn parse(line: Raw<'_>) -> Line {
    let Some(text) = line.text else { return Line::Unknown { seq: None } };
    let text = text.trim_ascii();
    if text.is_empty() {
        return Line::Blank;
    }
    match serde_json::from_slice(text) {
        Ok(entry) => Line::Entry(Box::new(entry)),
        Err(_) => {
            Line::Unknown { seq: serde_json::from_slice(text).ok().map(|numbered: Numbered| numbered.seq) }
        }
    }
}

/// Gives each line from `start` on, with the place after it, and returns where it stopped.
fn lines(
    mut file: &File,
    path: &Path,
    start: u64,
    length: u64,
    mut take: impl FnMut(Raw<'_>, u64) -> ControlFlow<()>,
) -> Result<u64, FileError> {
    file.seek(SeekFrom::Start(start)).at("read", path)?;
    let mut reader = BufReader::with_capacity(64 * 1024, io::Read::take(file, length));
    let mut place = start;
    let mut line = Vec::new();
    loop {
        line.clear();
        let (count, is_whole) = next_line(&mut reader, &mut line).at("read", path)?;
        if count == 0 {
            return Ok(place);
        }
        place += count;
        if take(Raw { text: is_whole.then_some(&line) }, place).is_break() {
            return Ok(place);
        }
    }
}

/// Reads up to a line's end. Returns how many bytes that were, and whether all of them were kept.
fn next_line(reader: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<(u64, bool)> {
    let (mut count, mut is_whole) = (0, true);
    loop {
        let piece = match reader.fill_buf() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            filled => filled?,
        };
        let end = piece.iter().position(|byte| *byte == b'\n').map(|at| at + 1);
        let used = end.unwrap_or(piece.len());
        if is_whole && line.len() + used <= MAX_LINE {
            line.extend_from_slice(&piece[..used]);
        } else {
            is_whole = false;
        }
        reader.consume(used);
        count += used as u64;
        if end.is_some() || used == 0 {
            return Ok((count, is_whole));
        }
    }
}
