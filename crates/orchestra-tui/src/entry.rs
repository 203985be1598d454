//! A text that the person writes: a few lines, with the keys of readline.

use std::time::Duration;

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::style::{Modifier, Style};
use ratatui_textarea::{DataCursor, TextArea, WrapMode};

/// How long nothing may come before and after an `enter` that sends: a paste into a terminal that does not say that it is one
/// comes at once.
const ALONE: Duration = Duration::from_millis(30);
/// How long a text may be, in bytes.
const LONGEST: usize = 256 * 1024;

/// A text being written.
#[derive(Debug)]
pub(crate) struct Entry {
    area: TextArea<'static>,
    last_key: Option<Duration>,
}

/// What a key came to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Entered {
    /// It goes on.
    Nothing,
    /// The person left it.
    Left,
    /// The person sent it.
    Text(String),
}

impl Default for Entry {
    fn default() -> Self {
        let mut area = TextArea::default();
        area.set_wrap_mode(WrapMode::Word);
        area.set_cursor_line_style(Style::new());
        // Found by whoever draws it, who puts the real cursor there.
        area.set_cursor_style(Style::new().add_modifier(Modifier::HIDDEN));
        Self { area, last_key: None }
    }
}

impl Entry {
    /// A text that is there already; it goes on at its end.
    pub(crate) fn with_text(text: &str) -> Self {
        let mut entry = Self::default();
        entry.area.insert_str(text);
        entry
    }

    /// Takes a key.
    pub(crate) fn key(&mut self, now: Duration, key: &KeyEvent) -> Entered {
        let is_hasty = self.last_key.is_some_and(|last| now.saturating_sub(last) < ALONE);
        self.last_key = Some(now);
        let with = |modifier| key.modifiers.contains(modifier);
        match key.code {
            KeyCode::Esc => return Entered::Left,
            KeyCode::Enter if with(KeyModifiers::SHIFT) || with(KeyModifiers::ALT) || is_hasty => {
                self.area.insert_newline();
            }
            KeyCode::Char('j') if with(KeyModifiers::CONTROL) => self.area.insert_newline(),
            KeyCode::Enter if self.ends_with_backslash() => {
                self.area.delete_char();
                self.area.insert_newline();
            }
            KeyCode::Enter => return Entered::Text(self.text()),
            KeyCode::Char('z' | '_') if with(KeyModifiers::CONTROL) => {
                self.area.undo();
            }
            _ if self.length() > LONGEST => {}
            _ => {
                self.area.input(*key);
            }
        }
        Entered::Nothing
    }

    /// Takes a paste, which never sends.
    pub(crate) fn paste(&mut self, now: Duration, text: &str) {
        self.last_key = Some(now);
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        let end = text.floor_char_boundary(LONGEST.saturating_sub(self.length()));
        self.area.insert_str(&text[..end]);
    }

    /// What is written.
    pub(crate) fn text(&self) -> String {
        self.area.lines().join("\n")
    }

    /// The text field, to be drawn.
    pub(crate) fn area(&self) -> &TextArea<'static> {
        &self.area
    }

    fn length(&self) -> usize {
        self.area.lines().iter().map(|line| line.len() + 1).sum()
    }

    fn ends_with_backslash(&self) -> bool {
        let DataCursor(row, column) = self.area.cursor();
        let line = self.area.lines().get(row);
        line.is_some_and(|line| line.ends_with('\\') && line.chars().count() == column)
    }
}
