//! What a search finds in one file.

use std::fs::File;
use std::io::{self, Read};

use grep_regex::RegexMatcher;
use grep_searcher::{Searcher, Sink, SinkContext, SinkContextKind, SinkMatch};

use super::{MAX_BYTES, MAX_OF_FILE};
use crate::tools::shown;
use crate::tools::stop::Stop;

/// How much of one line, in bytes.
const MAX_LINE: usize = 400;

/// Takes what a searcher finds in one file.
pub(super) struct Found<'a> {
    pub(super) matcher: &'a RegexMatcher,
    pub(super) path: String,
    pub(super) shown: &'a mut String,
    pub(super) left: u64,
    pub(super) matches: u64,
    pub(super) is_cut: bool,
}

impl Found<'_> {
    fn line(&mut self, number: Option<u64>, sign: char, bytes: &[u8], around: usize) {
        let line = window(bytes, around);
        let number = number.unwrap_or_default();
        let shown = [&self.path, &sign.to_string(), &number.to_string(), &sign.to_string(), " ", &line, "\n"];
        self.shown.extend(shown);
    }

    fn has_room(&mut self) -> bool {
        let has_room = self.matches < self.left.min(MAX_OF_FILE) && self.shown.len() < MAX_BYTES;
        self.is_cut |= !has_room;
        has_room
    }
}

impl Sink for Found<'_> {
    type Error = io::Error;

    fn matched(&mut self, _searcher: &Searcher, matched: &SinkMatch<'_>) -> io::Result<bool> {
        use grep_matcher::Matcher as _;

        if !self.has_room() {
            return Ok(false);
        }
        let bytes = matched.bytes();
        let at = self.matcher.find(bytes).ok().flatten().map_or(0, |found| found.start());
        self.line(matched.line_number(), ':', bytes, at);
        self.matches += 1;
        Ok(true)
    }

    fn context(&mut self, _searcher: &Searcher, context: &SinkContext<'_>) -> io::Result<bool> {
        let wanted = match context.kind() {
            SinkContextKind::Before | SinkContextKind::Other => self.has_room(),
            // What follows the last match that is shown.
            SinkContextKind::After => true,
        };
        if wanted {
            self.line(context.line_number(), '-', context.bytes(), 0);
        }
        Ok(wanted)
    }

    fn context_break(&mut self, _searcher: &Searcher) -> io::Result<bool> {
        self.shown.push_str("--\n");
        Ok(true)
    }
}

/// The part of a line around a place.
fn window(bytes: &[u8], around: usize) -> String {
    let line = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if line.len() <= MAX_LINE {
        return shown::text(line);
    }
    let is_border = |at: usize| line.get(at).is_none_or(|byte| byte & 0xc0 != 0x80);
    let near = |at: usize| (at..=at + 3).find(|at| is_border(*at)).unwrap_or(at);
    let begin = near(around.saturating_sub(MAX_LINE / 4).min(line.len() - MAX_LINE));
    let end = near(begin + MAX_LINE).min(line.len());
    let (before, after) = (if begin > 0 { "… " } else { "" }, if end < line.len() { " …" } else { "" });
    format!("{before}{}{after}", shown::text(&line[begin..end]))
}

/// A file of which only so much is read, and that ends when nobody waits any more.
pub(super) struct Bounded<'a> {
    pub(super) file: File,
    pub(super) left: u64,
    pub(super) is_cut: bool,
    pub(super) stop: &'a Stop,
}

impl Read for Bounded<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.stop.is_due() {
            return Ok(0);
        }
        if self.left == 0 {
            self.is_cut = true;
            return Ok(0);
        }
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        let count = self.file.read(&mut buffer[..most])?;
        self.left -= count as u64;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_long_line_the_part_around_the_match_is_shown() {
        let line = format!("{}needle{}\r\n", "é".repeat(5_000), "x".repeat(5_000));
        let shown = window(line.as_bytes(), 10_000);
        assert!(shown.contains("éneedlex") && shown.starts_with("… é") && shown.ends_with("x …"), "{shown}");
        assert!(shown.len() < MAX_LINE + 20 && !shown.contains('\u{fffd}'));
        assert_eq!(window(b"short\r\n", 3), "short");
        assert_eq!(window(&[0x80; 1_000], 990).chars().filter(|c| *c == '\u{fffd}').count(), MAX_LINE);
    }
}
