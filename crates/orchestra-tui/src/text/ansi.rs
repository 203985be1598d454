//! A tool's output with its colours.
//!
//! A small reader of escape sequences after ECMA-48 (<https://ecma-international.org/publications-and-standards/standards/ecma-48/>).
//! Only SGR does something; it is limited to what cannot hide text, so that *conceal* and *blink* are left out.

use ratatui::{
    style::{Color, Modifier, Style},
    text::Span,
};

use super::{Long, harmless::Shown};
use crate::theme::Theme;

/// A sequence's parameters beyond this many bytes are not read; it is dropped all the same.
const MAX_PARAMETERS: usize = 128;

/// A tool's output: its colours where they are the terminal's sixteen and the theme has colours, every other escape
/// sequence left out, and all else harmless.
///
/// A sequence that does not end, ends with its line at the latest, so that it cannot hide what comes after. C1 controls
/// are shown and not obeyed.
pub(crate) fn ansi(text: &str, theme: Theme) -> Vec<Long> {
    let mut reader = Reader {
        theme,
        state: State::Text,
        parameters: String::new(),
        pen: Pen::default(),
        shown: Shown::new(theme.unicode),
        line: Vec::new(),
        lines: Vec::new(),
        begun: false,
    };
    for character in text.chars() {
        reader.read(character);
    }
    reader.finish()
}

#[derive(Clone, Copy)]
enum State {
    Text,
    /// After ESC, and after what may stand between it and its last byte.
    Escape,
    /// After ESC and `[`.
    Control,
    /// In OSC, DCS, SOS, PM or APC.
    Words,
    /// In the same, after an ESC that may begin its end.
    WordsEscape,
}

struct Reader {
    theme: Theme,
    state: State,
    parameters: String,
    pen: Pen,
    shown: Shown,
    line: Vec<Span<'static>>,
    lines: Vec<Long>,
    /// Whether the line has anything, even if it is not seen.
    begun: bool,
}

impl Reader {
    fn read(&mut self, character: char) {
        self.state = match (self.state, character) {
            (State::Words, '\x1b') => State::WordsEscape,
            (_, '\x1b') | (State::Escape, ' '..='/') => State::Escape,
            (State::Escape, '[') => {
                self.parameters.clear();
                State::Control
            }
            (State::Escape, ']' | 'P' | 'X' | '^' | '_') => State::Words,
            (State::Control, ' '..='?') => {
                if self.parameters.len() <= MAX_PARAMETERS {
                    self.parameters.push(character);
                }
                State::Control
            }
            (State::Control, 'm') => {
                self.select();
                State::Text
            }
            // What ends a sequence; CAN and SUB end any.
            (State::Escape, '0'..='~')
            | (State::Control, '@'..='~')
            | (State::Words, '\x07' | '\u{9c}')
            | (State::WordsEscape, '\\')
            | (State::Escape | State::Control | State::Words | State::WordsEscape, '\x18' | '\x1a') => {
                State::Text
            }
            (State::Words, _) if !matches!(character, '\n' | '\r') => State::Words,
            // The ESC ended the words and began a sequence of its own.
            (State::WordsEscape, _) => {
                self.state = State::Escape;
                return self.read(character);
            }
            // In no sequence, or in one that ends without its end.
            (State::Text | State::Escape | State::Control | State::Words, _) => {
                self.show(character);
                State::Text
            }
        };
    }

    fn show(&mut self, character: char) {
        self.shown.push(character);
        if self.shown.ends_line() {
            self.end_span();
            self.end_line();
        } else {
            // The second half of `\r\n` begins nothing.
            self.begun |= character != '\n';
        }
    }

    fn end_span(&mut self) {
        let text = self.shown.take();
        let text = text.strip_suffix('\n').unwrap_or(&text);
        if !text.is_empty() {
            self.line.push(Span::styled(text.to_owned(), self.pen.style(self.theme)));
        }
    }

    fn end_line(&mut self) {
        let text = std::mem::take(&mut self.line);
        self.lines.push(Long { text, keep: true, ..Long::default() });
        self.begun = false;
    }

    /// Reads the parameters of SGR. Those that are not numbers, such as private ones, belong to something else.
    fn select(&mut self) {
        if self.parameters.len() > MAX_PARAMETERS
            || !self.parameters.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b';' | b':'))
        {
            return;
        }
        self.end_span();
        let parameters = std::mem::take(&mut self.parameters);
        self.pen.select(&parameters);
    }

    fn finish(mut self) -> Vec<Long> {
        self.end_span();
        if self.begun {
            self.end_line();
        }
        self.lines
    }
}

/// What SGR has chosen.
#[derive(Clone, Copy, Default)]
struct Pen {
    fore: Option<Color>,
    back: Option<Color>,
    modifiers: Modifier,
}

impl Pen {
    fn style(self, theme: Theme) -> Style {
        let mut style = Style::new().add_modifier(self.modifiers);
        if theme.colours {
            style.fg = self.fore;
            // Text in the colour of its ground would be hidden.
            style.bg = self.back.filter(|back| self.fore != Some(*back));
        }
        style
    }

    fn select(&mut self, parameters: &str) {
        let mut fields = parameters.split(';');
        while let Some(field) = fields.next() {
            let (code, detail) =
                field.split_once(':').map_or((field, None), |(code, more)| (code, Some(more)));
            match number(code) {
                Some(target @ (38 | 48 | 58)) => {
                    // Colours beyond the sixteen: none, and what belongs to them is skipped.
                    match target {
                        38 => self.fore = None,
                        48 => self.back = None,
                        _ => {}
                    }
                    if detail.is_none() {
                        let skipped = match fields.next().and_then(number) {
                            Some(2) => 3,
                            Some(5) => 1,
                            _ => 0,
                        };
                        fields.by_ref().take(skipped).for_each(drop);
                    }
                }
                Some(4) if detail == Some("0") => self.modifiers.remove(Modifier::UNDERLINED),
                Some(code) => self.select_one(code),
                None => {}
            }
        }
    }

    fn select_one(&mut self, code: u16) {
        match code {
            0 => *self = Self::default(),
            1 => self.modifiers.insert(Modifier::BOLD),
            2 => self.modifiers.insert(Modifier::DIM),
            3 => self.modifiers.insert(Modifier::ITALIC),
            4 | 21 => self.modifiers.insert(Modifier::UNDERLINED),
            7 => self.modifiers.insert(Modifier::REVERSED),
            9 => self.modifiers.insert(Modifier::CROSSED_OUT),
            22 => self.modifiers.remove(Modifier::BOLD | Modifier::DIM),
            23 => self.modifiers.remove(Modifier::ITALIC),
            24 => self.modifiers.remove(Modifier::UNDERLINED),
            27 => self.modifiers.remove(Modifier::REVERSED),
            29 => self.modifiers.remove(Modifier::CROSSED_OUT),
            30..=37 => self.fore = colour(code - 30),
            39 => self.fore = None,
            40..=47 => self.back = colour(code - 40),
            49 => self.back = None,
            90..=97 => self.fore = colour(code - 90 + 8),
            100..=107 => self.back = colour(code - 100 + 8),
            _ => {}
        }
    }
}

/// An empty parameter is zero.
fn number(field: &str) -> Option<u16> {
    if field.is_empty() { Some(0) } else { field.parse().ok() }
}

fn colour(index: u16) -> Option<Color> {
    const SIXTEEN: [Color; 16] = [
        Color::Black,
        Color::Red,
        Color::Green,
        Color::Yellow,
        Color::Blue,
        Color::Magenta,
        Color::Cyan,
        Color::Gray,
        Color::DarkGray,
        Color::LightRed,
        Color::LightGreen,
        Color::LightYellow,
        Color::LightBlue,
        Color::LightMagenta,
        Color::LightCyan,
        Color::White,
    ];
    SIXTEEN.get(usize::from(index)).copied()
}
