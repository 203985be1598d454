//! What the mouse does, where the person wants it: the wheel scrolls what is beneath it, a click chooses.
//!
//! A click never answers a question, whatever is beneath it: whoever clicks into a window wants to be there, and has not read
//! yet what it asks. Where something is in front, the wheel scrolls that.

use ratatui::crossterm::event::MouseEvent;
use ratatui::layout::Position;

use super::{Focus, Screen};
use crate::desk::Used;
use crate::tree::Row;
use crate::view::{Panes, panes};

impl Screen {
    /// The same screen for a person who wants the mouse, or does not.
    #[must_use]
    pub fn with_mouse(mut self, is_wanted: bool) -> Self {
        self.desk.has_mouse = is_wanted;
        self
    }

    pub(super) fn mouse(&mut self, event: MouseEvent) {
        match (self.desk.mouse(event), panes(self)) {
            (Some((Used::Wheel(step), here)), Some(panes)) => self.wheel(step, here, &panes),
            (Some((Used::Click, here)), Some(panes)) => self.click(here, &panes),
            _ => {}
        }
    }

    fn wheel(&mut self, step: isize, here: Position, panes: &Panes) {
        let now = self.desk.now.since;
        if self.desk.roll(step, panes.reading.height) {
            return;
        }
        if let Some(dialog) = self.dialog_mut() {
            let page = panes.dialog.as_ref().map_or(0, |spread| spread.page.height);
            return dialog.roll(now, step, page);
        }
        match panes.at(here) {
            Some(Focus::Tree) => {
                let (marked, count) = (self.row_marked(), self.tree_rows().len());
                self.walk.roll(step, marked, count, panes.tree.height);
            }
            // What is said is above the line.
            Some(Focus::Feed | Focus::Input) => self.desk.feed.scroll(step, panes.feed.height),
            Some(Focus::Log) => {
                let last = self.log.len().saturating_sub(usize::from(panes.log.height));
                self.log_back = self.log_back.saturating_add_signed(-step).min(last);
            }
            None => {}
        }
    }

    fn click(&mut self, here: Position, panes: &Panes) {
        self.desk.word = None;
        self.desk.input.disarm();
        self.touched();
        if self.is_covered() {
            return;
        }
        let Some(focus) = panes.at(here) else { return };
        match focus {
            Focus::Tree if panes.tree.contains(here) => {
                let (marked, count) = (self.row_marked(), self.tree_rows().len());
                self.walk.click(here.y - panes.tree.y, marked, count, panes.tree.height);
            }
            Focus::Feed if panes.feed.contains(here) => {
                self.desk.feed.toggle_at(usize::from(here.y - panes.feed.y), panes.feed.height);
            }
            Focus::Tree | Focus::Feed | Focus::Log | Focus::Input => {}
        }
        self.focus = focus;
    }

    /// The rows of the tree.
    pub(crate) fn tree_rows(&self) -> Vec<Row> {
        crate::tree::rows(&self.state, &self.walk.toggled, &self.used, self.desk.theme)
    }

    /// The row of the tree that is marked.
    pub(crate) fn row_marked(&self) -> Option<usize> {
        self.walk.row.filter(|_| self.focus == Focus::Tree)
    }
}
