//! What is looked for in what is read, and which lines of it are shown: a text that is typed below it.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// The longest text, in characters.
const LONGEST: usize = 200;

/// What a text that is typed is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum For {
    /// To go to the next line that has it.
    Search,
    /// To show only lines that have it.
    Filter,
}

/// What a key came to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Typed {
    /// It goes on.
    More,
    /// The person left it: all is as before.
    Left,
    /// To the next line that has what is searched for.
    Search,
    /// Other lines are shown now.
    Filter,
}

/// What is looked for.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Search {
    typing: Option<(For, String)>,
    /// What was searched for last, in small letters.
    pattern: String,
    /// What a line must have to be shown, in small letters.
    filter: String,
}

impl Search {
    pub(crate) fn begin(&mut self, what: For) {
        self.typing = Some((what, String::new()));
    }

    pub(crate) fn is_typing(&self) -> bool {
        self.typing.is_some()
    }

    /// A key, while a text is typed. An empty one searches for the last one again, and filters nothing.
    pub(crate) fn key(&mut self, key: &KeyEvent) -> Typed {
        let Some((what, text)) = &mut self.typing else { return Typed::Left };
        match key.code {
            KeyCode::Esc => {
                self.typing = None;
                return Typed::Left;
            }
            KeyCode::Enter => {
                let (what, text) = (*what, text.to_lowercase());
                self.typing = None;
                if what == For::Filter {
                    self.filter = text;
                    return Typed::Filter;
                }
                if !text.is_empty() {
                    self.pattern = text;
                }
                return Typed::Search;
            }
            KeyCode::Backspace => drop(text.pop()),
            KeyCode::Char(c)
                if !key.modifiers.contains(KeyModifiers::CONTROL) && text.chars().count() < LONGEST =>
            {
                text.push(c);
            }
            _ => {}
        }
        Typed::More
    }

    /// Pasted text belongs to what is typed: its first line.
    pub(crate) fn paste(&mut self, pasted: &str) {
        if let Some((_, text)) = &mut self.typing {
            let room = LONGEST.saturating_sub(text.chars().count());
            let line = pasted.lines().next().unwrap_or_default();
            text.extend(line.chars().filter(|c| !c.is_control()).take(room));
        }
    }

    /// Shows all lines again.
    pub(crate) fn show_all(&mut self) {
        self.filter.clear();
    }

    /// What a line must have to be shown; empty where all are.
    pub(crate) fn filter(&self) -> &str {
        &self.filter
    }

    /// Whether a line is shown.
    pub(crate) fn shows(&self, line: &str) -> bool {
        self.filter.is_empty() || line.to_lowercase().contains(&self.filter)
    }

    /// Whether a line has what is searched for.
    pub(crate) fn finds(&self, line: &str) -> bool {
        !self.pattern.is_empty() && line.to_lowercase().contains(&self.pattern)
    }

    /// What is typed, or what was searched for: for the foot of what is read.
    pub(crate) fn foot(&self) -> Option<String> {
        match (&self.typing, self.pattern.as_str()) {
            (Some((For::Search, text)), _) => Some(format!("/{text}")),
            (Some((For::Filter, text)), _) => Some(format!("&{text}")),
            (None, "") => None,
            (None, pattern) => Some(format!("/{pattern}")),
        }
    }
}
