//! All that can be done here, found by a few letters of its name.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::key::{Action, Row};

/// The longest text that is looked for, in characters.
const LONGEST: usize = 60;

/// The palette.
#[derive(Debug, Default)]
pub(crate) struct Palette {
    /// What is looked for.
    pub(crate) typed: String,
    /// Which of what was found is chosen.
    chosen: usize,
}

/// What a key came to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Picked {
    /// It goes on.
    Nothing,
    /// The person left it.
    Left,
    /// This is to be done.
    Action(Action),
}

impl Palette {
    /// Takes a key. `rows` are all that can be done.
    pub(crate) fn key(&mut self, key: &KeyEvent, rows: &[&'static Row]) -> Picked {
        let found = found(&self.typed, rows);
        let last = found.len().saturating_sub(1);
        let chosen = self.chosen.min(last);
        let has_control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Esc => return Picked::Left,
            KeyCode::Enter => {
                return found.get(chosen).map_or(Picked::Nothing, |row| Picked::Action(row.action));
            }
            KeyCode::Up | KeyCode::BackTab => self.chosen = chosen.checked_sub(1).unwrap_or(last),
            KeyCode::Down | KeyCode::Tab => self.chosen = if chosen == last { 0 } else { chosen + 1 },
            KeyCode::Char('p') if has_control => self.chosen = chosen.checked_sub(1).unwrap_or(last),
            KeyCode::Char('n') if has_control => self.chosen = if chosen == last { 0 } else { chosen + 1 },
            KeyCode::Char('u') if has_control => self.type_anew(String::new()),
            KeyCode::Backspace => {
                let mut typed = self.typed.clone();
                typed.pop();
                self.type_anew(typed);
            }
            KeyCode::Char(c) if !has_control && !key.modifiers.contains(KeyModifiers::ALT) => {
                self.paste(c.encode_utf8(&mut [0; 4]));
            }
            _ => {}
        }
        Picked::Nothing
    }

    /// Pasted text is looked for.
    pub(crate) fn paste(&mut self, text: &str) {
        let room = LONGEST.saturating_sub(self.typed.chars().count());
        let line = text.lines().next().unwrap_or_default();
        let more: String = line.chars().filter(|c| !c.is_control()).take(room).collect();
        self.type_anew(format!("{}{more}", self.typed));
    }

    /// What was found, and which of it is chosen.
    pub(crate) fn found(&self, rows: &[&'static Row]) -> (Vec<&'static Row>, usize) {
        let found = found(&self.typed, rows);
        let chosen = self.chosen.min(found.len().saturating_sub(1));
        (found, chosen)
    }

    fn type_anew(&mut self, typed: String) {
        self.typed = typed;
        self.chosen = 0;
    }
}

/// The rows that have these letters in this order in their name or their words, the best first.
fn found(typed: &str, rows: &[&'static Row]) -> Vec<&'static Row> {
    let letters: Vec<char> = typed.to_lowercase().chars().filter(|c| !c.is_whitespace()).collect();
    let mut scored: Vec<(i32, &'static Row)> = rows
        .iter()
        .filter_map(|row| {
            // Whoever knows the name means the name.
            let by_name = score(&letters, row.name).map(|score| score + 10);
            let score = by_name.into_iter().chain(score(&letters, row.words)).max()?;
            Some((score, *row))
        })
        .collect();
    // Equally good ones stay in the order of the table.
    scored.sort_by_key(|(score, _)| -score);
    scored.into_iter().map(|(_, row)| row).collect()
}

/// How well letters fit a text: those at the begin of words and those side by side count most. None where they do not all
/// come in this order.
fn score(letters: &[char], text: &str) -> Option<i32> {
    let text: Vec<char> = text.to_lowercase().chars().collect();
    let Some(first) = letters.first() else { return Some(0) };
    let starts = text.iter().enumerate().filter(|(_, c)| *c == first).map(|(at, _)| at);
    starts.filter_map(|start| score_from(letters, &text, start)).max()
}

fn score_from(letters: &[char], text: &[char], start: usize) -> Option<i32> {
    let (mut score, mut before): (i32, Option<usize>) = (0, None);
    let mut from = start;
    for letter in letters {
        let at = from + text[from..].iter().position(|c| c == letter)?;
        let begins = at == 0 || !text[at - 1].is_alphanumeric();
        score += if begins { 6 } else { 0 };
        score += match before {
            Some(before) if before + 1 == at => 5,
            Some(before) => -i32::try_from((at - before).min(6)).unwrap_or(6),
            None => -i32::try_from(at.min(3)).unwrap_or(3),
        };
        (before, from) = (Some(at), at + 1);
    }
    Some(score)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::ROWS;

    fn names(typed: &str) -> Vec<&'static str> {
        let rows: Vec<&'static Row> = ROWS.iter().collect();
        found(typed, &rows).into_iter().map(|row| row.name).collect()
    }

    #[test]
    fn a_few_letters_find_an_action_and_the_best_comes_first() {
        for (typed, name) in [
            ("jour", "journal"),
            ("doc", "document"),
            ("np", "next-pane"),
            ("clip", "copy"),
            ("trans", "transcript"),
            ("Copy", "copy"),
            ("page up", "page-up"),
            ("shell", "suspend"),
        ] {
            let found = names(typed);
            let at = found.iter().position(|found| *found == name);
            assert!(at.is_some_and(|at| at < 2), "{typed}: {found:?}");
        }
        assert_eq!(names("doc")[0], "document");
        assert_eq!(names("").len(), ROWS.len());
        assert_eq!(names("zzz"), [] as [&str; 0]);
        assert_eq!(names("tnemucod"), [] as [&str; 0], "the order counts");
    }
}
