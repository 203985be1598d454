//! From the bytes of a file to its parts: checks of encoding and size, conflict markers, and the front matter split.

use std::ops::Range;

use super::findings::Fault;
use super::{MAX_BYTES, Place};

/// The text of a document and where its parts lie in it.
#[derive(Clone, Debug)]
pub(crate) struct Source<'a> {
    /// The whole text, a byte order mark included.
    pub(crate) text: &'a str,
    /// The YAML between the fences, where there are any. It begins on line 2.
    pub(crate) front: Option<Range<usize>>,
    /// Where the body begins.
    pub(crate) body: usize,
}

impl<'a> Source<'a> {
    /// Checks bytes and splits them.
    pub(crate) fn read(bytes: &'a [u8]) -> Result<Self, Fault> {
        let text = read_text(bytes)?;
        if let Some(fault) = find_conflict(text) {
            return Err(fault);
        }
        Self::split(text)
    }

    /// Splits a text into front matter and body. A text whose first line is not `---` is all body.
    pub(crate) fn split(text: &'a str) -> Result<Self, Fault> {
        let start = bom_len(text);
        let first = line_end(text, start);
        if !is_fence(&text[start..first]) {
            return Ok(Self { text, front: None, body: start });
        }
        let mut at = first;
        while at < text.len() {
            let end = line_end(text, at);
            if is_fence(&text[at..end]) {
                return Ok(Self { text, front: Some(first..at), body: end });
            }
            at = end;
        }
        Err(Fault::new(
            Place { line: 1, column: 1 },
            "front matter begins here and never ends, expected a closing line `---`",
            "put a line with `---` and nothing else after the last key",
        ))
    }

    /// The YAML between the fences.
    pub(crate) fn front_text(&self) -> Option<&'a str> {
        self.front.clone().map(|range| &self.text[range])
    }

    /// The text after the front matter.
    pub(crate) fn body_text(&self) -> &'a str {
        &self.text[self.body..]
    }

    /// The line and column of an offset.
    pub(crate) fn place(&self, offset: usize) -> Place {
        place_of(self.text, offset)
    }
}

/// The line and column, both from 1, of a byte offset. A byte order mark takes no column.
pub(crate) fn place_of(text: &str, offset: usize) -> Place {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    let before = text[..offset].trim_start_matches('\u{feff}');
    let line = before.bytes().filter(|byte| *byte == b'\n').count();
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count();
    Place { line: to_u32(line + 1), column: to_u32(column + 1) }
}

/// Takes bytes as text, or says where they are none.
pub(crate) fn read_text(bytes: &[u8]) -> Result<&str, Fault> {
    if bytes.len() > MAX_BYTES {
        return Err(Fault::new(
            Place::START,
            format!("the file has {} bytes, expected at most {MAX_BYTES}", bytes.len()),
            "move what is long into a file of its own and name it here",
        ));
    }
    let valid = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            // The part before the fault is text, so that line and column can be counted in it.
            let before = std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default();
            return Err(Fault::new(
                place_of(before, before.len()),
                "expected text in UTF-8",
                if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
                    "this is UTF-16: save the file as UTF-8"
                } else {
                    "save the file as UTF-8"
                },
            ));
        }
    };
    match valid.find('\0') {
        Some(at) => Err(Fault::new(
            place_of(valid, at),
            "a NUL byte is in the text",
            "remove it; the file may be damaged: `git log -p` shows earlier versions",
        )),
        None => Ok(valid),
    }
}

/// Finds the first line that git leaves behind in a conflict.
pub(crate) fn find_conflict(text: &str) -> Option<Fault> {
    let is_marker = |line: &str| {
        ["<<<<<<<", ">>>>>>>"].iter().any(|marker| {
            line.strip_prefix(marker).is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\r']))
        })
    };
    let line = text.trim_start_matches('\u{feff}').split('\n').position(is_marker)?;
    Some(Fault::new(
        Place { line: to_u32(line + 1), column: 1 },
        "a conflict of git is not resolved",
        "keep what is right of both sides and remove the lines `<<<<<<<`, `=======` and `>>>>>>>`",
    ))
}

/// The length of a byte order mark at the beginning.
pub(crate) fn bom_len(text: &str) -> usize {
    if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 }
}

/// The line ending that a text uses: that of its first line.
pub(crate) fn line_ending(text: &str) -> &'static str {
    // A lone `\r` at the end would become one with a `\n` after it.
    let first = text.find('\n').map_or(text, |at| &text[..at]);
    if first.ends_with('\r') { "\r\n" } else { "\n" }
}

/// The offset after the line that begins at or contains `from`, its line ending included.
pub(crate) fn line_end(text: &str, from: usize) -> usize {
    text[from..].find('\n').map_or(text.len(), |at| from + at + 1)
}

/// Counts that come from texts of at most [`MAX_BYTES`] always fit.
pub(crate) fn to_u32(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

fn is_fence(line: &str) -> bool {
    line.trim_end() == "---"
}
