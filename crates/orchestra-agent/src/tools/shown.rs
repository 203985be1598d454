//! How files and output are shown to a model: one heading in brackets, then nothing but data.
//!
//! Whatever is to be said of the data stands in the heading, so that nothing in the data can pass for it.

use std::fmt;

/// The heading of an answer: `[read src/a.rs: lines 1-20 of 340; goes on at line 21]`.
pub(super) struct Heading {
    subject: String,
    facts: Vec<String>,
}

impl Heading {
    pub(super) fn new(tool: &str, subject: impl fmt::Display) -> Self {
        Self { subject: one_line(&format!("{tool} {subject}")), facts: Vec::new() }
    }

    pub(super) fn say(&mut self, fact: impl Into<String>) -> &mut Self {
        self.facts.push(fact.into());
        self
    }

    /// The heading and what stands beneath it.
    pub(super) fn over(&self, data: &str) -> String {
        let separator = if data.is_empty() { "" } else { "\n" };
        format!("{self}{separator}{data}")
    }
}

impl fmt::Display for Heading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}: {}]", self.subject.trim_end(), self.facts.join("; "))
    }
}

/// The longest subject of a heading, in characters.
const MAX_SUBJECT: usize = 200;

/// Keeps a text that was chosen by somebody else on one line.
pub(super) fn one_line(text: &str) -> String {
    let mut shown: String = text.chars().take(MAX_SUBJECT).flat_map(visible).collect();
    if text.chars().nth(MAX_SUBJECT).is_some() {
        shown.push('…');
    }
    shown
}

fn visible(c: char) -> impl Iterator<Item = char> {
    let (plain, escaped) = if c.is_control() { (None, Some(c.escape_default())) } else { (Some(c), None) };
    plain.into_iter().chain(escaped.into_iter().flatten())
}

/// Bytes as text: what is not UTF-8 becomes `�`, and control characters that no terminal uses become pictures of
/// themselves. Escape sequences stay as they are: a model reads them, no terminal does.
pub(super) fn text(bytes: &[u8]) -> String {
    let picture = |c: char| match c {
        '\t' | '\n' | '\r' | '\u{1b}' => c,
        '\0'..='\u{1f}' => char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{fffd}'),
        '\u{7f}' => '\u{2421}',
        other => other,
    };
    String::from_utf8_lossy(bytes).chars().map(picture).collect()
}

/// A text of bytes, cut to a number of them at a border of characters.
pub(super) fn cut(text: &str, max: usize) -> &str {
    let mut end = max.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// The end of a text, cut to a number of bytes at a border of characters.
pub(super) fn cut_front(text: &str, max: usize) -> &str {
    let mut begin = text.len().saturating_sub(max);
    while !text.is_char_boundary(begin) {
        begin += 1;
    }
    &text[begin..]
}

/// A number with a comma after each three digits: `12,345`.
pub(super) fn number(count: u64) -> String {
    let digits = count.to_string();
    let mut shown = String::new();
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

/// A number with its noun: `12,345 bytes`.
pub(super) fn counted(count: u64, noun: &str) -> String {
    orchestra_core::words::counted(number(count), noun)
}

/// A numbered line of a file.
pub(super) fn numbered(number: u64, line: &str) -> String {
    format!("{number:>6}\t{line}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_a_heading_stands_in_front_of_data() {
        let mut heading = Heading::new("read", "a\nb");
        heading.say("lines 1-2").say("CRLF");
        assert_eq!(heading.over("x\n"), "[read a\\nb: lines 1-2; CRLF]\nx\n");
        assert_eq!(heading.over(""), "[read a\\nb: lines 1-2; CRLF]");
    }

    #[test]
    fn what_no_model_can_read_is_marked_and_escape_sequences_stay() {
        assert_eq!(text(b"a\0b\x07\x7f\x1b[1m\t\r\n\xff\xc3\xa9"), "a␀b␇␡\x1b[1m\t\r\n�é");
    }

    #[test]
    fn a_long_number_has_commas() {
        assert_eq!([0, 999, 1_000, 12_345_678].map(number), ["0", "999", "1,000", "12,345,678"]);
        assert_eq!([counted(1, "byte"), counted(12_345, "byte")], ["1 byte", "12,345 bytes"]);
    }

    #[test]
    fn a_cut_splits_no_character() {
        assert_eq!([cut("aé", 1), cut("aé", 2), cut("aé", 3), cut("aé", 9)], ["a", "a", "aé", "aé"]);
        assert_eq!([cut_front("éa", 2), cut_front("éa", 3), cut_front("éa", 9)], ["a", "éa", "éa"]);
    }
}
