//! What the mouse does, where the person wants it: the wheel scrolls what is beneath it, a click chooses.
//!
//! A click never answers a question, whatever is beneath it: whoever clicks into a window wants to be there, and has not read
//! yet what it asks. Where something is in front, the wheel scrolls that.

use ratatui::crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::Position;

use super::{Focus, Screen};
use crate::view::{Panes, panes};

/// How many rows one step of the wheel is.
pub(crate) const STEP: usize = 3;

impl Screen {
    /// The same screen for a person who wants the mouse, or does not.
    #[must_use]
    pub fn with_mouse(mut self, is_wanted: bool) -> Self {
        self.desk.has_mouse = is_wanted;
        self
    }

    pub(super) fn mouse(&mut self, event: MouseEvent) {
        // What was on its way when the mouse was left to the terminal is nothing any more.
        let Some(panes) = panes(self).filter(|_| self.desk.has_mouse) else { return };
        let here = Position { x: event.column, y: event.row };
        match event.kind {
            MouseEventKind::ScrollUp => self.wheel(true, here, &panes),
            MouseEventKind::ScrollDown => self.wheel(false, here, &panes),
            MouseEventKind::Down(MouseButton::Left) => self.click(here, &panes),
            _ => {}
        }
    }

    fn wheel(&mut self, is_up: bool, here: Position, panes: &Panes) {
        let step = if is_up { -STEP.cast_signed() } else { STEP.cast_signed() };
        let now = self.desk.now.since;
        if self.desk.palette.is_some() {
            // It shows what is chosen, wherever that is.
        } else if let Some(top) = self.desk.help {
            self.desk.help = Some(top.saturating_add_signed(step));
        } else if let Some(viewer) = &mut self.desk.viewer {
            viewer.roll(step, panes.reading.height);
        } else if let Some(dialog) = self.dialog_mut() {
            let page = panes.dialog.as_ref().map_or(0, |spread| spread.page.height);
            dialog.roll(now, step, page);
        } else {
            match panes.at(here) {
                Some(Focus::Tree) => self.roll_tree(step, panes.tree.height),
                // What is said is above the line.
                Some(Focus::Feed | Focus::Input) => self.desk.feed.scroll(step, panes.feed.height),
                Some(Focus::Log) => {
                    let last = self.log.len().saturating_sub(usize::from(panes.log.height));
                    self.log_back = self.log_back.saturating_add_signed(-step).min(last);
                }
                None => {}
            }
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
                let count = self.tree_rows();
                // What is in sight stays where it is.
                self.tree_top = self.tree_top(count, panes.tree.height);
                let row = self.tree_top + usize::from(here.y - panes.tree.y);
                if row < count {
                    self.row = Some(row);
                }
            }
            Focus::Feed if panes.feed.contains(here) => {
                self.desk.feed.toggle_at(usize::from(here.y - panes.feed.y), panes.feed.height);
            }
            Focus::Tree | Focus::Feed | Focus::Log | Focus::Input => {}
        }
        self.focus = focus;
    }

    fn tree_rows(&self) -> usize {
        crate::tree::rows(&self.state, &self.opened, &self.used, self.desk.theme).len()
    }

    /// The first row of the tree that is in sight, of so many, in a pane of this height: so that the chosen one is.
    pub(crate) fn tree_top(&self, count: usize, height: u16) -> usize {
        crate::tree::top(self.tree_top, self.row.filter(|_| self.focus == Focus::Tree), count, height)
    }

    /// Scrolls the tree. The chosen row comes along where it would get out of sight.
    fn roll_tree(&mut self, step: isize, height: u16) {
        let count = self.tree_rows();
        let page = usize::from(height.max(1));
        let top = self.tree_top(count, height).saturating_add_signed(step);
        self.tree_top = top.min(count.saturating_sub(page));
        if self.focus == Focus::Tree {
            self.row = self.row.map(|row| row.clamp(self.tree_top, self.tree_top + page - 1));
        }
    }
}
