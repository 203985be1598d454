//! How a brief is put together, such that nothing somebody else wrote looks like a part of it.

use std::fmt::Display;

/// How much of one document is told, in bytes.
pub(crate) const DOCUMENT: usize = 64 * 1024;

/// A brief as far as it is written.
#[derive(Default)]
pub(crate) struct Brief {
    pub(crate) text: String,
}

impl Brief {
    pub(crate) fn heading(&mut self, heading: &str) {
        self.line(&format!("# {heading}"));
    }

    pub(crate) fn line(&mut self, line: &str) {
        self.part("", line);
    }

    /// Our own words, and those that a person or a role's file addresses to the agent.
    pub(crate) fn part(&mut self, heading: &str, text: &str) {
        let text = text.trim();
        if text.is_empty() {
            return;
        }
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        if !heading.is_empty() {
            self.text.push_str(heading);
            self.text.push_str("\n\n");
        }
        self.text.push_str(text);
        self.text.push('\n');
    }

    /// Text that a file, a tool or a model brought along, fenced such that it cannot end the fence.
    pub(crate) fn data(&mut self, name: &str, text: &str) {
        self.data_up_to(DOCUMENT, name, text);
    }

    /// The same with a bound of its own, in bytes.
    pub(crate) fn data_up_to(&mut self, bytes: usize, name: &str, text: &str) {
        let text = cut(text, bytes).trim_end();
        if text.trim().is_empty() {
            return;
        }
        self.part(&format!("## {}", in_line(name)), &fenced(text));
    }
}

/// A text between fences longer than any in it, wherever in a line that stands: what a line is, and which spaces may stand
/// before a fence, is read differently by different readers.
pub(crate) fn fenced(text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max();
    let fence = "`".repeat(longest.unwrap_or(0).max(2) + 1);
    format!("{fence}\n{text}\n{fence}")
}

/// A name or a title of somebody else's, kept in the line that mentions it.
pub(crate) fn in_line(text: impl Display) -> String {
    text.to_string().split(char::is_control).collect::<Vec<_>>().join(" ")
}

/// The begin of a text, cut between characters.
pub(crate) fn cut(text: &str, bytes: usize) -> &str {
    if text.len() <= bytes {
        return text;
    }
    let end = (0..=bytes).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    &text[..end]
}

/// The end of a text, cut between characters.
pub(crate) fn tail(text: &str, bytes: usize) -> &str {
    if text.len() <= bytes {
        return text;
    }
    let begin = (text.len() - bytes..=text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
    &text[begin..]
}
