//! A text that the person writes: a few lines, with the keys of readline, long pastes folded, and what was written before.

use std::time::Duration;

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::style::{Modifier, Style};
use ratatui_textarea::{CursorMove, DataCursor, TextArea, WrapMode};

mod folds;
mod history;
mod past;

pub(crate) use history::History;

use folds::{Folds, Span, is_long};
use past::Past;

use crate::text::{Long, wrap};

/// How long nothing may come before and after an `enter` that sends: a paste into a terminal that does not say that it is one
/// comes at once.
const ALONE: Duration = Duration::from_millis(30);
/// How long a text may be, in bytes.
const LONGEST: usize = 256 * 1024;

/// A text being written.
#[derive(Debug)]
pub(crate) struct Entry {
    area: TextArea<'static>,
    folds: Folds,
    past: Past,
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
        Self::with(History::default())
    }
}

impl Entry {
    /// An empty text of somebody who wrote others before.
    pub(crate) fn with(history: History) -> Self {
        Self { area: area(Vec::new()), folds: Folds::default(), past: Past::new(history), last_key: None }
    }

    /// A text that is there already; it goes on at its end.
    pub(crate) fn with_text(history: History, text: &str) -> Self {
        let mut entry = Self::with(history);
        entry.area.insert_str(text);
        entry
    }

    /// Takes a key.
    pub(crate) fn key(&mut self, now: Duration, key: &KeyEvent) -> Entered {
        let is_hasty = self.is_hasty(now);
        self.last_key = Some(now);
        if self.search_key(key) {
            return Entered::Nothing;
        }
        let with = |modifier| key.modifiers.contains(modifier);
        let has_control = with(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Esc => return Entered::Left,
            KeyCode::Enter if with(KeyModifiers::SHIFT) || with(KeyModifiers::ALT) || is_hasty => {
                self.area.insert_newline();
            }
            KeyCode::Char('j') if has_control => self.area.insert_newline(),
            KeyCode::Enter if self.ends_with_backslash() => {
                self.area.delete_char();
                self.area.insert_newline();
            }
            KeyCode::Enter => return Entered::Text(self.text()),
            // Most terminals send `ctrl-_`, `ctrl-/` and `ctrl-7` alike.
            KeyCode::Char('_' | '/' | '7') if has_control => {
                self.area.undo();
            }
            KeyCode::Char('u') if has_control => {
                self.area.delete_line_by_head();
            }
            KeyCode::Char('r') if has_control => self.begin_search(),
            KeyCode::Char('o') if has_control => self.unfold(),
            KeyCode::Up | KeyCode::Down | KeyCode::Char('p' | 'n')
                if has_control != matches!(key.code, KeyCode::Up | KeyCode::Down)
                    && !with(KeyModifiers::ALT) =>
            {
                self.up_or_down(key);
            }
            _ if self.deletes_a_fold(key) => {}
            KeyCode::Char(_) if self.length() > LONGEST && !has_control => {}
            _ => self.input(key),
        }
        Entered::Nothing
    }

    /// Takes a paste, which never sends. A long one is folded. False where there was no room for all of it.
    pub(crate) fn paste(&mut self, now: Duration, text: &str) -> bool {
        self.last_key = Some(now);
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        if self.search_paste(&text) {
            return true;
        }
        let end = text.floor_char_boundary(LONGEST.saturating_sub(self.length()));
        let is_whole = end == text.len();
        let text = text[..end].to_owned();
        let shown = if is_long(&text) { self.folds.fold(text, self.area.lines()) } else { text };
        self.area.insert_str(shown);
        is_whole
    }

    /// What is written, as it would be sent.
    pub(crate) fn text(&self) -> String {
        self.folds.opened(self.area.lines())
    }

    /// How many rows it takes at a width, `most` at the most.
    pub(crate) fn rows(&self, width: u16, most: u16) -> u16 {
        let (width, most) = (usize::from(width.max(1)), usize::from(most));
        let rows_of = |line: &String| {
            // No more of a long line is looked at than fits, and a place for the cursor behind its end.
            let begin: String = line.chars().take(most * width).chain(['_']).collect();
            let line = Long { text: vec![ratatui::text::Span::raw(begin)], ..Long::default() };
            wrap(&line, u16::try_from(width).unwrap_or(u16::MAX)).len()
        };
        let rows: usize = self.area.lines().iter().take(most).map(rows_of).sum();
        u16::try_from(rows.min(most)).unwrap_or(u16::MAX)
    }

    /// The word that ends at the cursor, and whether it is the first of the text.
    pub(crate) fn word(&self) -> (String, bool) {
        let DataCursor(row, column) = self.area.cursor();
        let before: String =
            self.area.lines().get(row).into_iter().flat_map(|line| line.chars().take(column)).collect();
        let begin = before.rfind(char::is_whitespace);
        let begin = begin.map_or(0, |at| at + before[at..].chars().next().map_or(0, char::len_utf8));
        (before[begin..].to_owned(), row == 0 && begin == 0)
    }

    /// Puts a text in the place of so many characters before the cursor.
    pub(crate) fn replace(&mut self, length: usize, text: &str) {
        for _ in 0..length {
            self.area.delete_char();
        }
        self.area.insert_str(text);
    }

    /// Whether a key would come together with the one before, as pasted ones do.
    pub(crate) fn is_hasty(&self, now: Duration) -> bool {
        self.last_key.is_some_and(|last| now.saturating_sub(last) < ALONE)
    }

    /// The text field, to be drawn.
    pub(crate) fn area(&self) -> &TextArea<'static> {
        &self.area
    }

    /// Whether a paste is folded in it.
    pub(crate) fn has_folds(&self) -> bool {
        !self.folds.spans(self.area.lines()).is_empty()
    }

    fn length(&self) -> usize {
        let shown: usize = self.area.lines().iter().map(|line| line.len() + 1).sum();
        shown + self.folds.hidden(self.area.lines())
    }

    fn ends_with_backslash(&self) -> bool {
        let DataCursor(row, column) = self.area.cursor();
        let line = self.area.lines().get(row);
        line.is_some_and(|line| line.ends_with('\\') && line.chars().count() == column)
    }

    /// A key that the field knows itself. The cursor never comes to stand inside of a label.
    fn input(&mut self, key: &KeyEvent) {
        let before = self.area.cursor();
        self.area.input(without_selecting(key));
        let DataCursor(row, column) = self.area.cursor();
        let inside = |span: &Span| span.row == row && span.begin < column && column < span.end;
        if let Some(span) = self.folds.spans(self.area.lines()).into_iter().find(inside) {
            let DataCursor(row_before, column_before) = before;
            let is_leftwards = row_before == row && column < column_before;
            self.go_along(if is_leftwards { span.begin } else { span.end });
        }
    }

    /// Deletes a label as a whole, where the key would delete any of it.
    fn deletes_a_fold(&mut self, key: &KeyEvent) -> bool {
        let spans = self.folds.spans(self.area.lines());
        if spans.is_empty() || !is_deletion(key) {
            return false;
        }
        let DataCursor(row, column) = self.area.cursor();
        let length = |area: &TextArea<'_>| area.lines().get(row).map_or(0, |line| line.chars().count());
        let mut tried = self.area.clone();
        tried.input(without_selecting(key));
        let DataCursor(_, after) = tried.cursor();
        // What it would take off this line, before or behind the cursor.
        let (mut begin, mut end) = (after.min(column), column);
        if after == column {
            end += length(&self.area).saturating_sub(length(&tried));
        }
        if tried.lines().len() != self.area.lines().len() {
            return false;
        }
        let is_hit = |span: &&Span| span.row == row && span.begin < end && begin < span.end;
        let hit: Vec<Span> = spans.iter().filter(is_hit).copied().collect();
        for span in &hit {
            (begin, end) = (begin.min(span.begin), end.max(span.end));
        }
        if !hit.is_empty() {
            self.go_along(begin);
            self.area.delete_str(end - begin);
        }
        !hit.is_empty()
    }

    /// Opens the label at the cursor, else the last one. Where the field cannot go to it by number, it stays folded.
    fn unfold(&mut self) {
        let spans = self.folds.spans(self.area.lines());
        let DataCursor(row, column) = self.area.cursor();
        let at = |span: &&Span| span.row == row && span.begin <= column && column <= span.end;
        let Some(span) = spans.iter().find(at).or(spans.last()).copied() else { return };
        let (Ok(row), Ok(column)) = (u16::try_from(span.row), u16::try_from(span.begin)) else { return };
        let text = self.folds.text(span.fold).to_owned();
        self.area.move_cursor(CursorMove::Jump(row, column));
        self.area.delete_str(span.end - span.begin);
        self.area.insert_str(text);
    }

    /// Goes to a column of the cursor's line, step by step: the field knows no numbers beyond 65,535.
    fn go_along(&mut self, column: usize) {
        let DataCursor(_, from) = self.area.cursor();
        let step = if column < from { CursorMove::Back } else { CursorMove::Forward };
        for _ in 0..column.abs_diff(from) {
            self.area.move_cursor(step);
        }
    }
}

/// A field with these lines.
fn area(lines: Vec<String>) -> TextArea<'static> {
    let mut area = TextArea::new(lines);
    area.set_wrap_mode(WrapMode::Word);
    area.set_cursor_line_style(Style::new());
    // Found by whoever draws it, who puts the real cursor there.
    area.set_cursor_style(Style::new().add_modifier(Modifier::HIDDEN));
    area
}

/// Nothing is ever selected: what is deleted is what a key says.
fn without_selecting(key: &KeyEvent) -> KeyEvent {
    let is_letter = matches!(key.code, KeyCode::Char(_));
    let modifiers = if is_letter { key.modifiers } else { key.modifiers - KeyModifiers::SHIFT };
    KeyEvent { modifiers, ..*key }
}

fn is_deletion(key: &KeyEvent) -> bool {
    let has_control = key.modifiers.contains(KeyModifiers::CONTROL);
    let has_alt = key.modifiers.contains(KeyModifiers::ALT);
    match key.code {
        KeyCode::Backspace | KeyCode::Delete => true,
        KeyCode::Char('h' | 'd') => has_control || has_alt,
        KeyCode::Char('w') => has_control,
        _ => false,
    }
}

#[cfg(test)]
mod tests;
