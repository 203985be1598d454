//! Where the person is in the tree.

use orchestra_core::id::MilestoneId;

use super::{Row, top};
use crate::key::Action;

/// The row that is chosen, what is in sight, and what is opened.
#[derive(Debug, Default)]
pub(crate) struct Walk {
    /// The row that is chosen, where the person chose one.
    pub(crate) row: Option<usize>,
    /// Its first row in sight, as far as the chosen one is in sight then.
    top: usize,
    /// Milestones that the person has opened, or closed where they are open by themselves.
    pub(crate) toggled: Vec<MilestoneId>,
}

impl Walk {
    /// The first row that is in sight, of so many, in a pane of this height: so that the one that is marked is.
    pub(crate) fn top(&self, marked: Option<usize>, count: usize, height: u16) -> usize {
        top(self.top, marked, count, height)
    }

    /// The row that a key is about, of those that there are.
    pub(crate) fn row_of(&self, rows: Vec<Row>) -> Option<Row> {
        let last = rows.len().checked_sub(1)?;
        rows.into_iter().nth(self.row.unwrap_or(0).min(last))
    }

    /// Nothing is chosen any more.
    pub(crate) fn leave(&mut self) {
        (self.row, self.top) = (None, 0);
    }

    /// Scrolls. The chosen row comes along where it is marked and would get out of sight.
    pub(crate) fn roll(&mut self, step: isize, marked: Option<usize>, count: usize, height: u16) {
        let page = usize::from(height.max(1));
        let top = self.top(marked, count, height).saturating_add_signed(step);
        self.top = top.min(count.saturating_sub(page));
        if marked.is_some() {
            self.row = self.row.map(|row| row.clamp(self.top, self.top + page - 1));
        }
    }

    /// Chooses the row at this place of the pane. What is in sight stays where it is.
    pub(crate) fn click(&mut self, place: u16, marked: Option<usize>, count: usize, height: u16) {
        self.top = self.top(marked, count, height);
        let row = self.top + usize::from(place);
        if row < count {
            self.row = Some(row);
        }
    }

    /// Takes an action, in a pane of this height.
    pub(crate) fn act(&mut self, action: Action, rows: &[Row], height: u16) {
        let last = rows.len().saturating_sub(1);
        let (page, row) = (usize::from(height.max(2)) - 1, self.row.unwrap_or(0).min(last));
        let row = match action {
            Action::Up => row.saturating_sub(1),
            Action::Down => row + 1,
            Action::PageUp => row.saturating_sub(page),
            Action::PageDown => row + page,
            Action::Top => 0,
            Action::Bottom => last,
            Action::Toggle => {
                if let Some(id) = rows.get(row).and_then(|row| row.milestone.clone()) {
                    match self.toggled.iter().position(|toggled| *toggled == id) {
                        Some(at) => drop(self.toggled.remove(at)),
                        None => self.toggled.push(id),
                    }
                }
                row
            }
            _ => row,
        };
        self.row = Some(row.min(last));
    }
}
