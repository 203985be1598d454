//! Turns text that somebody else wrote, a model above all, into text that is safe inside a document.
//!
//! What goes in cannot make a heading, a fence, front matter, a list entry or a conflict marker where Orchestra
//! reads them: one-line texts are put on one line and their first sign is escaped, longer ones become a block
//! quote, in which every structure ends with the quote. Sizes are bounded.

use crate::path::is_bidi_control;

/// The longest one-line text, in characters.
const MAX_LINE: usize = 500;
/// The longest quoted text, in bytes.
const MAX_QUOTE: usize = 32 * 1024;
/// The longest quoted text, in lines.
const MAX_QUOTE_LINES: usize = 500;

/// Escapes everything that could move a cursor, break a line or turn the direction of writing.
pub fn visible(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut out, c| {
        if is_unsafe(c) {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
        out
    })
}

/// Puts a text on one line: runs of white space become one space, and it is cut where it is very long.
pub(crate) fn one_line(text: &str) -> String {
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.extend(visible(word).chars().take(MAX_LINE + 1));
        if let Some((cut, _)) = line.char_indices().nth(MAX_LINE) {
            line.truncate(cut);
            line.pop();
            line.push('…');
            break;
        }
    }
    line
}

/// Puts a text on one line such that it can stand at the beginning of a list entry and is nothing but text there.
pub(crate) fn entry_line(text: &str) -> String {
    let line = one_line(text);
    let is_marker = line.starts_with(['#', '>', '-', '+', '*', '=', '_', '~', '`', '<', '[', '|']);
    if is_marker && !is_inline_start(&line) { format!("\\{line}") } else { line }
}

/// Tells whether a first sign is known to begin something inside a line: `code`, **bold**, _italics_.
fn is_inline_start(line: &str) -> bool {
    let mut chars = line.chars();
    match (chars.next(), chars.next()) {
        (Some('`'), Some(next)) => next != '`',
        (Some('*' | '_'), Some(next)) => next.is_alphanumeric(),
        _ => false,
    }
}

/// Quotes a text of any length as a Markdown block quote, a `> ` before each line. No line ending at its end.
pub(crate) fn quote(text: &str) -> String {
    let mut quoted = String::new();
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let text = text.trim_matches('\n').trim_end();
    for (count, line) in text.split('\n').enumerate() {
        if count > 0 {
            quoted.push('\n');
        }
        if count >= MAX_QUOTE_LINES || quoted.len() + line.len() > MAX_QUOTE {
            quoted.push_str("> … (cut here)");
            break;
        }
        quoted.push('>');
        let line = line.trim_end();
        if !line.is_empty() {
            quoted.push(' ');
        }
        for c in line.chars() {
            if is_unsafe(c) && c != '\t' {
                quoted.extend(c.escape_unicode());
            } else {
                quoted.push(c);
            }
        }
    }
    quoted
}

fn is_unsafe(c: char) -> bool {
    c.is_control() || is_bidi_control(c) || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_stays_one_line_and_short() {
        assert_eq!(one_line("  a\r\n## b\t c\u{1b}[2J "), "a ## b c\\u{1b}[2J");
        assert_eq!(one_line(&"word ".repeat(1000)).chars().count(), MAX_LINE);
        assert_eq!(one_line(&"x".repeat(5000)).chars().count(), MAX_LINE);
        assert_eq!(one_line(&"x".repeat(MAX_LINE)), "x".repeat(MAX_LINE));
    }

    #[test]
    fn an_entry_begins_with_text() {
        for (given, wanted) in [
            ("## Result", "\\## Result"),
            ("---", "\\---"),
            ("<<<<<<< HEAD", "\\<<<<<<< HEAD"),
            ("```sh", "\\```sh"),
            ("[x] done", "\\[x] done"),
            ("`cargo test` is slow", "`cargo test` is slow"),
            ("*very* slow", "*very* slow"),
            ("plain", "plain"),
        ] {
            assert_eq!(entry_line(given), wanted);
        }
    }

    #[test]
    fn a_quote_is_bounded_and_every_line_of_it_is_marked() {
        assert_eq!(quote("a\r\n\r\n## b\n"), "> a\n>\n> ## b");
        let long = quote(&"x\n".repeat(100_000));
        assert!(
            long.lines().count() <= MAX_QUOTE_LINES + 1 && long.lines().all(|line| line.starts_with('>'))
        );
        assert!(quote(&"x".repeat(100_000)).len() < MAX_QUOTE);
    }
}
