//! Text of others as it leaves the screen: for the clipboard, for a pager.

use std::fmt::Write as _;

use super::harmless::is_hidden;

/// The longest sequence for colours that is kept, in bytes.
const LONGEST: usize = 64;

/// Text without anything that would do something to a terminal: no escape sequences, of control characters tabs and newlines
/// alone, and those that turn the direction of writing as `\u{…}`.
pub(crate) fn plain(text: &str) -> String {
    cleaned(text, false)
}

/// The same, but sequences that set colours (SGR) stay.
pub fn coloured(text: &str) -> String {
    cleaned(text, true)
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    Text,
    Escape,
    Control,
    Words,
    WordsEscape,
}

fn cleaned(text: &str, keeps_colours: bool) -> String {
    let (mut state, mut clean, mut parameters) =
        (State::Text, String::with_capacity(text.len()), String::new());
    let mut signs = text.chars().peekable();
    while let Some(sign) = signs.next() {
        state = match (state, sign) {
            // What began ends with its line, so that it cannot hide what comes after.
            (_, '\r' | '\n') => {
                if sign == '\r' {
                    signs.next_if_eq(&'\n');
                }
                clean.push('\n');
                State::Text
            }
            (State::Words, '\x1b') => State::WordsEscape,
            (State::WordsEscape, '\\') | (State::Words, '\x07' | '\u{9c}') => State::Text,
            (_, '\x1b') | (State::Escape, ' '..='/') => State::Escape,
            (State::Escape | State::WordsEscape, '[') => {
                parameters.clear();
                State::Control
            }
            (State::Escape | State::WordsEscape, ']' | 'P' | 'X' | '^' | '_') | (State::Words, _) => {
                State::Words
            }
            (State::Control, ' '..='?') => {
                parameters.push(sign);
                State::Control
            }
            (State::Control, 'm') => {
                let is_colour = parameters.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b';' | b':'));
                if keeps_colours && is_colour && parameters.len() <= LONGEST {
                    clean.push_str("\u{1b}[");
                    clean.push_str(&parameters);
                    clean.push('m');
                }
                State::Text
            }
            (State::Control, '@'..='~') | (State::Escape | State::WordsEscape, '0'..='~') => State::Text,
            (State::Text | State::Escape | State::Control | State::WordsEscape, _) => {
                push(sign, &mut clean);
                State::Text
            }
        };
    }
    clean
}

fn push(sign: char, clean: &mut String) {
    if sign == '\t' || !(sign.is_control() || is_hidden(sign)) {
        clean.push(sign);
    } else if is_hidden(sign) {
        write!(clean, "\\u{{{:x}}}", u32::from(sign)).expect("a string takes everything");
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_would_do_something_is_left_out_and_everything_else_stays() {
        let text = "\tone\r\n\u{1b}[31;1mtwo\u{1b}[0m\u{1b}[2J\u{1b}]52;c;ZXZpbA==\u{7}three\u{1b}(B\u{8}\rfour\u{202e}\n";
        assert_eq!(plain(text), "\tone\ntwothree\nfour\\u{202e}\n");
        assert_eq!(coloured(text), "\tone\n\u{1b}[31;1mtwo\u{1b}[0mthree\nfour\\u{202e}\n");
        assert_eq!(coloured("\u{1b}[?25m\u{1b}[>4;1m!"), "!", "private ones set something else");
        assert_eq!(plain("\u{1b}]0;title\nhidden by no means\n"), "\nhidden by no means\n");
    }

    proptest! {
        #[test]
        fn nothing_is_left_that_a_terminal_obeys(text in "[\u{0}-\u{9f}\u{202e}a-e\\[\\]m;0-9漢]{0,80}") {
            let is_odd = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
            prop_assert!(!plain(&text).contains(is_odd));
            prop_assert_eq!(plain(&plain(&text)), plain(&text));
            // All that is left of escape sequences are colours.
            prop_assert_eq!(plain(&coloured(&text)), plain(&text));
            let coloured = coloured(&text);
            for (at, _) in coloured.match_indices('\u{1b}') {
                let rest = &coloured[at + 1..];
                let end = rest.find('m').unwrap();
                prop_assert!(rest[1..end].bytes().all(|byte| matches!(byte, b'0'..=b'9' | b';' | b':')));
            }
        }
    }
}
