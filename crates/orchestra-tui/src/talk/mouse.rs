//! What the mouse does, where the person wants it: the wheel scrolls what is beneath it, a click chooses.
//!
//! As on the worker's screen a click never answers anything.

use ratatui::crossterm::event::MouseEvent;
use ratatui::layout::Position;

use super::{Ask, Pane, Talk};
use crate::desk::Used;
use crate::tree::{Row, rows_of};
use crate::view::{TalkPanes, talk_panes};

impl Talk {
    /// The same screen for a person who wants the mouse, or does not.
    #[must_use]
    pub fn with_mouse(mut self, is_wanted: bool) -> Self {
        self.desk.has_mouse = is_wanted;
        self
    }

    pub(super) fn mouse(&mut self, event: MouseEvent) {
        match (self.desk.mouse(event), talk_panes(self)) {
            (Some((Used::Wheel(step), here)), Some(panes)) => self.wheel(step, here, &panes),
            (Some((Used::Click, here)), Some(panes)) => self.click(here, &panes),
            _ => {}
        }
    }

    fn wheel(&mut self, step: isize, here: Position, panes: &TalkPanes) {
        let now = self.desk.now.since;
        if self.desk.roll(step, panes.reading.height) {
            return;
        }
        match self.ask_mut() {
            Some(Ask::Proposal(dialog)) => {
                dialog.roll(now, step, panes.dialog.map_or(0, |spread| spread.page.height));
            }
            // What is chosen is always in sight.
            Some(Ask::Form(form)) => form.touched(now),
            None => match panes.at(here) {
                Some(Pane::Tree) => {
                    let (marked, count) = (self.row_marked(), self.tree_rows().len());
                    self.walk.roll(step, marked, count, panes.tree.height);
                }
                // What is said is above the line.
                Some(Pane::Feed | Pane::Input) => self.desk.feed.scroll(step, panes.feed.height),
                None => {}
            },
        }
    }

    fn click(&mut self, here: Position, panes: &TalkPanes) {
        self.desk.word = None;
        self.desk.input.disarm();
        self.stopping = None;
        self.touched();
        if self.is_covered() {
            return;
        }
        let Some(pane) = panes.at(here) else { return };
        match pane {
            Pane::Tree if panes.tree.contains(here) => {
                let (marked, count) = (self.row_marked(), self.tree_rows().len());
                self.walk.click(here.y - panes.tree.y, marked, count, panes.tree.height);
            }
            Pane::Feed if panes.feed.contains(here) => {
                self.desk.feed.toggle_at(usize::from(here.y - panes.feed.y), panes.feed.height);
            }
            Pane::Tree | Pane::Feed | Pane::Input => {}
        }
        self.pane = pane;
    }

    /// The rows of the tree.
    pub(crate) fn tree_rows(&self) -> Vec<Row> {
        rows_of(&self.beside, &self.walk.toggled, self.desk.theme)
    }

    /// The row of the tree that is marked.
    pub(crate) fn row_marked(&self) -> Option<usize> {
        (self.pane == Pane::Tree).then_some(self.walk.row.unwrap_or(0))
    }
}
