//! Texts of before, brought back into the field: one after the other, or by what they have in them.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui_textarea::{CursorMove, TextArea};

use super::folds::Folds;
use super::history::History;
use super::{Entry, area, without_selecting};

/// The longest text that is searched for, in characters.
const LONGEST: usize = 200;

/// Where the person is among the texts of before.
#[derive(Debug)]
pub(super) struct Past {
    history: History,
    /// Which of them is in the field.
    at: Option<usize>,
    /// What was in the field before.
    draft: Option<Draft>,
    search: Option<Search>,
}

#[derive(Debug)]
struct Draft {
    area: TextArea<'static>,
    folds: Folds,
}

#[derive(Debug)]
struct Search {
    pattern: String,
    /// Whether anything has it.
    is_found: bool,
    /// What was in the field when it began, and where that was.
    before: Draft,
    at_before: Option<usize>,
}

impl Past {
    #[cfg(test)]
    pub(super) fn history(&self) -> &History {
        &self.history
    }

    pub(super) fn new(history: History) -> Self {
        Self { history, at: None, draft: None, search: None }
    }
}

impl Entry {
    /// What to say about a search that goes on.
    pub(crate) fn searching(&self) -> Option<String> {
        let search = self.past.search.as_ref()?;
        Some(match (search.pattern.as_str(), search.is_found) {
            ("", _) => "Search in what you wrote before:".to_owned(),
            (pattern, true) => format!("Search: {pattern} (ctrl-r older, enter takes it, esc back)"),
            (pattern, false) => format!("Search: {pattern} (nothing has it)"),
        })
    }

    /// Up and down: a row, and from the first and the last one to other texts.
    pub(super) fn up_or_down(&mut self, key: &KeyEvent) {
        let before = self.area.cursor();
        self.input(&without_selecting(key));
        if self.area.cursor() != before {
            return;
        }
        match key.code {
            KeyCode::Up | KeyCode::Char('p') => self.older(),
            _ => self.newer(),
        }
    }

    fn older(&mut self) {
        // What was changed meanwhile is what the person writes.
        let is_changed = |at: usize| self.past.history.get(at) != Some(self.text().as_str());
        let at = self.past.at.filter(|at| !is_changed(*at));
        let next = at.unwrap_or(self.past.history.len()).checked_sub(1);
        let Some(next) = next else { return };
        if at.is_none() {
            self.past.draft = Some(self.draft());
        }
        self.past.at = Some(next);
        self.bring_back(next);
        // Further up is further back.
        self.area.move_cursor(CursorMove::Top);
        self.area.move_cursor(CursorMove::End);
    }

    fn newer(&mut self) {
        let Some(at) = self.past.at else { return };
        if self.past.history.get(at) != Some(self.text().as_str()) {
            return;
        }
        if at + 1 < self.past.history.len() {
            self.past.at = Some(at + 1);
            self.bring_back(at + 1);
        } else if let Some(draft) = self.past.draft.take() {
            self.past.at = None;
            self.put(draft);
        }
    }

    pub(super) fn begin_search(&mut self) {
        let (before, at_before) = (self.draft(), self.past.at);
        self.past.search = Some(Search { pattern: String::new(), is_found: true, before, at_before });
    }

    /// A key while something is searched for. False where it is not, or no longer.
    pub(super) fn search_key(&mut self, key: &KeyEvent) -> bool {
        let Some(search) = &mut self.past.search else { return false };
        let has_control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Char('r') if has_control => self.search_on(),
            KeyCode::Esc => self.leave_search(),
            KeyCode::Char('g') if has_control => self.leave_search(),
            KeyCode::Backspace => {
                search.pattern.pop();
                self.search_anew();
            }
            KeyCode::Char(c) if !has_control && !key.modifiers.contains(KeyModifiers::ALT) => {
                if search.pattern.chars().count() < LONGEST {
                    search.pattern.push(c);
                }
                self.search_anew();
            }
            // It is taken, and not sent: somebody may want to change it.
            KeyCode::Enter | KeyCode::Tab | KeyCode::BackTab => self.take_found(),
            _ => {
                self.take_found();
                return false;
            }
        }
        true
    }

    /// A paste while something is searched for.
    pub(super) fn search_paste(&mut self, text: &str) -> bool {
        let Some(search) = &mut self.past.search else { return false };
        let room = LONGEST.saturating_sub(search.pattern.chars().count());
        let line = text.lines().next().unwrap_or_default();
        search.pattern.extend(line.chars().filter(|c| !c.is_control()).take(room));
        self.search_anew();
        true
    }

    fn search_anew(&mut self) {
        self.search_before(self.past.history.len());
    }

    fn search_on(&mut self) {
        self.search_before(self.past.at.unwrap_or(self.past.history.len()));
    }

    fn search_before(&mut self, end: usize) {
        let Past { history, at, search, .. } = &mut self.past;
        let Some(search) = search.as_mut().filter(|search| !search.pattern.is_empty()) else { return };
        let found = history.find_before(end, &search.pattern);
        // The last one that was found stays.
        search.is_found = found.is_some();
        if let Some(found) = found {
            *at = Some(found);
            self.bring_back(found);
        }
    }

    fn take_found(&mut self) {
        if let Some(search) = self.past.search.take()
            && self.past.at != search.at_before
            && search.at_before.is_none()
        {
            self.past.draft = Some(search.before);
        }
    }

    fn leave_search(&mut self) {
        if let Some(search) = self.past.search.take() {
            self.past.at = search.at_before;
            self.put(search.before);
        }
    }

    fn draft(&self) -> Draft {
        Draft { area: self.area.clone(), folds: self.folds.clone() }
    }

    fn put(&mut self, draft: Draft) {
        (self.area, self.folds) = (draft.area, draft.folds);
    }

    fn bring_back(&mut self, index: usize) {
        let text = self.past.history.get(index).unwrap_or_default();
        self.area = area(text.split('\n').map(str::to_owned).collect());
        self.folds = Folds::default();
        self.area.move_cursor(CursorMove::Bottom);
        self.area.move_cursor(CursorMove::End);
    }
}
