//! `edit`: an exact piece of a file is replaced by another.
//!
//! The file is a sequence of bytes: what is not UTF-8 in it, its line ends and a missing last one stay as they are.

use std::ops::Range;

use schemars::JsonSchema;
use serde::Deserialize;

use super::Answer;
use super::atomic::{self, MAX_FILE};
use super::files::{Files, refusal};
use super::near;
use super::shown::{self, Heading, counted, number};

/// How many places are named.
const MAX_NAMED: usize = 10;

/// How many places are replaced at once.
const MAX_PLACES: usize = 100_000;

/// Replaces an exact piece of a file.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct EditArgs {
    /// The file, from the top of the repository.
    path: String,
    /// What is there now, to the letter, without line numbers: enough of it to be there once.
    old: String,
    /// What takes its place.
    new: String,
    /// Whether all of its places are replaced.
    #[serde(default)]
    all: Option<bool>,
}

pub(super) fn edit(files: &Files, args: &EditArgs) -> Answer {
    if args.old.is_empty() {
        return Answer::wrong("`old` is empty: a whole file is written with `write`");
    }
    if args.old == args.new {
        return Answer::wrong("`old` and `new` are the same");
    }
    if args.old.len().max(args.new.len()) as u64 > MAX_FILE {
        return Answer::wrong(format!("`old` or `new` is larger than {}", counted(MAX_FILE, "byte")));
    }
    let target = match files.to_write(&args.path) {
        Ok(target) => target,
        Err(why) => return Answer::wrong(why),
    };
    let path = &target.name.path;
    let before = match atomic::read(&target.name) {
        Ok(Some(before)) => before,
        Ok(None) => {
            return Answer::wrong(format!("`{path}` is larger than {}", counted(MAX_FILE, "byte")));
        }
        Err(error) => return Answer::wrong(refusal(&args.path, &error)),
    };
    let change = Change::find(&before.bytes, &args.old, &args.new);
    let lines = change.lines(&before.bytes);
    if change.places.is_empty() {
        return Answer::wrong(format!("`old` is not in `{path}`.{}", near::misses(&before.bytes, &args.old)));
    }
    if (change.places.len() > 1 || change.overlaps) && !args.all.unwrap_or_default() {
        return Answer::wrong(format!(
            "`old` is in `{path}` more than once, at lines {lines}: give more of what surrounds the one that is \
             meant, or set `all`."
        ));
    }
    if change.places.len() > MAX_PLACES {
        return Answer::wrong(format!("`old` is in `{path}` more than {} times", number(MAX_PLACES as u64)));
    }
    if change.length_after(&before.bytes) > MAX_FILE {
        return Answer::wrong(format!("`{path}` would become larger than {}", counted(MAX_FILE, "byte")));
    }
    let after = change.apply(&before.bytes);
    let mut heading = Heading::new("edit", path);
    match change.places.len() {
        1 => heading.say(format!("replaced at line {lines}")),
        count => heading.say(format!("replaced in {} places, at lines {lines}", number(count as u64))),
    };
    files.write(&target, &after, Some(&before), &mut heading)
}

/// Where something is replaced, and by what.
struct Change {
    /// One after the other. One more than [`MAX_PLACES`] stands for any number of them.
    places: Vec<Range<usize>>,
    /// Whether another place overlaps with the first.
    overlaps: bool,
    new: Vec<u8>,
}

impl Change {
    /// Looks for `old` to the letter; where it is not there, with the line ends that the file has.
    fn find(bytes: &[u8], old: &str, new: &str) -> Self {
        let places = find_all(bytes, old);
        let has_lines = old.contains('\n');
        let (places, old, new) = if !places.is_empty() {
            // One line of a file whose lines end in CRLF may become several.
            let is_crlf = !has_lines && ends_lines_with_crlf(bytes);
            (places, old.to_owned(), if is_crlf { crlf(new) } else { new.to_owned() })
        } else if has_lines && !old.contains('\r') {
            (find_all(bytes, &crlf(old)), crlf(old), crlf(new))
        } else {
            (places, old.to_owned(), new.to_owned())
        };
        let overlaps = places.first().is_some_and(|first| overlaps_itself(&bytes[first.start..], &old));
        Self { places, overlaps, new: new.into_bytes() }
    }

    fn length_after(&self, bytes: &[u8]) -> u64 {
        let taken: usize = self.places.iter().map(ExactSizeIterator::len).sum();
        let given = (self.new.len() as u64).saturating_mul(self.places.len() as u64);
        ((bytes.len() - taken) as u64).saturating_add(given)
    }

    fn apply(&self, bytes: &[u8]) -> Vec<u8> {
        let mut after = Vec::with_capacity(bytes.len());
        let mut done = 0;
        for place in &self.places {
            after.extend_from_slice(&bytes[done..place.start]);
            after.extend_from_slice(&self.new);
            done = place.end;
        }
        after.extend_from_slice(&bytes[done..]);
        after
    }

    /// The numbers of the lines where places begin.
    fn lines(&self, bytes: &[u8]) -> String {
        let mut line = 1;
        let mut seen = 0;
        let mut lines = Vec::new();
        for place in self.places.iter().take(MAX_NAMED) {
            line += bytes[seen..place.start].split(|byte| *byte == b'\n').count() as u64 - 1;
            seen = place.start;
            lines.push(line.to_string());
        }
        if self.places.len() > MAX_NAMED {
            lines.push("…".to_owned());
        }
        lines.join(", ")
    }
}

/// The places of a text in bytes of which parts may not be UTF-8, up to one more than [`MAX_PLACES`].
fn find_all(bytes: &[u8], text: &str) -> Vec<Range<usize>> {
    // UTF-8 begins anew at each character, so a match never lies across something that is none.
    let mut places = Vec::new();
    let mut begin = 0;
    for chunk in bytes.utf8_chunks() {
        let starts = chunk.valid().match_indices(text).map(|(at, _)| begin + at);
        places.extend(starts.map(|start| start..start + text.len()).take(MAX_PLACES + 1 - places.len()));
        begin += chunk.valid().len() + chunk.invalid().len();
    }
    places
}

/// Tells whether a text that stands at the beginning stands also a little later, across the first one's end.
fn overlaps_itself(bytes: &[u8], text: &str) -> bool {
    let valid = bytes.utf8_chunks().next().map_or("", |chunk| chunk.valid());
    let first = text.chars().next().map_or(1, char::len_utf8);
    let reach = shown::cut(valid, text.len() * 2 - first);
    reach.get(first..).is_some_and(|rest| rest.contains(text))
}

/// Tells whether most lines of a file end in CRLF.
fn ends_lines_with_crlf(bytes: &[u8]) -> bool {
    let ended = bytes.split_inclusive(|byte| *byte == b'\n').filter(|line| line.ends_with(b"\n"));
    let (crlf, lf): (Vec<&[u8]>, Vec<&[u8]>) = ended.partition(|line| line.ends_with(b"\r\n"));
    crlf.len() > lf.len()
}

fn crlf(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\n', "\r\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replaced(bytes: &[u8], old: &str, new: &str) -> (usize, Vec<u8>) {
        let change = Change::find(bytes, old, new);
        (change.places.len(), change.apply(bytes))
    }

    #[test]
    fn line_ends_and_what_is_not_text_stay_as_they_are() {
        assert_eq!(replaced(b"a\r\nb\r\nc", "a\nb", "x\ny\nz"), (1, b"x\r\ny\r\nz\r\nc".to_vec()));
        assert_eq!(replaced(b"a\r\nb\r\n", "b", "x\ny"), (1, b"a\r\nx\r\ny\r\n".to_vec()));
        assert_eq!(replaced(b"a\r\nb\r\n", "a\r\nb", "x\ny"), (1, b"x\ny\r\n".to_vec()));
        assert_eq!(replaced(b"a\nb\r\n", "a\nb", "x\ny"), (1, b"x\ny\r\n".to_vec()));
        assert_eq!(
            replaced(b"\xff\xe2\x82a\xc3b", "a", "\u{e9}"),
            (1, b"\xff\xe2\x82\xc3\xa9\xc3b".to_vec())
        );
    }

    #[test]
    fn places_that_overlap_are_noticed_and_replaced_once() {
        let overlaps = |bytes: &[u8], old| Change::find(bytes, old, "x").overlaps;
        assert!(overlaps(b"aaa", "aa") && overlaps("éxéxé".as_bytes(), "éxé"));
        assert!(!overlaps(b"aaba", "aa") && !overlaps(b"aa", "aa") && !overlaps(b"aaaa", "a"));
        assert_eq!(replaced(b"aaa", "aa", "x"), (1, b"xa".to_vec()));
        assert_eq!(replaced("ééé".as_bytes(), "é", "e"), (3, b"eee".to_vec()));
        assert_eq!(replaced(b"abc", "d", "e"), (0, b"abc".to_vec()));
    }

    #[test]
    fn how_long_a_file_becomes_is_known_before() {
        for (bytes, old, new) in [("aaaa", "a", "bcd"), ("aaab", "b", ""), ("x", "y", "z")] {
            let change = Change::find(bytes.as_bytes(), old, new);
            assert_eq!(change.length_after(bytes.as_bytes()), change.apply(bytes.as_bytes()).len() as u64);
        }
    }

    #[test]
    fn the_lines_of_many_places_are_named_up_to_a_number() {
        let change = Change::find(&b"x\n".repeat(12), "x", "y");
        assert_eq!(change.lines(&b"x\n".repeat(12)), "1, 2, 3, 4, 5, 6, 7, 8, 9, 10, …");
    }
}
