//! What the mouse does, where the person wants it: the wheel scrolls what is beneath it, a click chooses.
//!
//! As on the worker's screen a click never answers anything.

use ratatui::crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::Position;

use super::{Ask, Pane, Talk};
use crate::screen::mouse::STEP;
use crate::tree::{rows_of, top};
use crate::view::{TalkPanes, talk_panes};

impl Talk {
    /// The same screen for a person who wants the mouse, or does not.
    #[must_use]
    pub fn with_mouse(mut self, is_wanted: bool) -> Self {
        self.desk.has_mouse = is_wanted;
        self
    }

    pub(super) fn mouse(&mut self, event: MouseEvent) {
        // What was on its way when the mouse was left to the terminal is nothing any more.
        let Some(panes) = talk_panes(self).filter(|_| self.desk.has_mouse) else { return };
        let here = Position { x: event.column, y: event.row };
        match event.kind {
            MouseEventKind::ScrollUp => self.wheel(true, here, &panes),
            MouseEventKind::ScrollDown => self.wheel(false, here, &panes),
            MouseEventKind::Down(MouseButton::Left) => self.click(here, &panes),
            _ => {}
        }
    }

    fn wheel(&mut self, is_up: bool, here: Position, panes: &TalkPanes) {
        let step = if is_up { -STEP.cast_signed() } else { STEP.cast_signed() };
        let now = self.desk.now.since;
        if self.desk.palette.is_some() {
            // It shows what is chosen, wherever that is.
        } else if let Some(top) = self.desk.help {
            self.desk.help = Some(top.saturating_add_signed(step));
        } else if let Some(viewer) = &mut self.desk.viewer {
            viewer.roll(step, panes.reading.height);
        } else {
            match self.ask_mut() {
                Some(Ask::Proposal(dialog)) => {
                    dialog.roll(now, step, panes.dialog.map_or(0, |spread| spread.page.height));
                }
                // What is chosen is always in sight.
                Some(Ask::Form(form)) => form.touched(now),
                None => match panes.at(here) {
                    Some(Pane::Tree) => {
                        let count = rows_of(&self.beside, &self.flipped, self.desk.theme).len();
                        let last = count.saturating_sub(usize::from(panes.tree.height.max(1)));
                        let before = self.tree_top(count, panes.tree.height);
                        self.tree_top = before.saturating_add_signed(step).min(last);
                        // The chosen row comes along where it would get out of sight.
                        let page = usize::from(panes.tree.height.max(1));
                        self.row = self.row.map(|row| row.clamp(self.tree_top, self.tree_top + page - 1));
                    }
                    // What is said is above the line.
                    Some(Pane::Feed | Pane::Input) => self.desk.feed.scroll(step, panes.feed.height),
                    None => {}
                },
            }
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
                let count = rows_of(&self.beside, &self.flipped, self.desk.theme).len();
                // What is in sight stays where it is.
                self.tree_top = self.tree_top(count, panes.tree.height);
                let row = self.tree_top + usize::from(here.y - panes.tree.y);
                if row < count {
                    self.row = Some(row);
                }
            }
            Pane::Feed if panes.feed.contains(here) => {
                self.desk.feed.toggle_at(usize::from(here.y - panes.feed.y), panes.feed.height);
            }
            Pane::Tree | Pane::Feed | Pane::Input => {}
        }
        self.pane = pane;
    }

    /// The first row of the tree that is in sight, of so many, in a pane of this height.
    pub(crate) fn tree_top(&self, count: usize, height: u16) -> usize {
        top(self.tree_top, self.row_marked(), count, height)
    }

    /// The row of the tree that is marked.
    pub(crate) fn row_marked(&self) -> Option<usize> {
        (self.pane == Pane::Tree).then_some(self.row.unwrap_or(0))
    }
}
