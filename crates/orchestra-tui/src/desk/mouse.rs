//! What the mouse does on every screen, where the person wants it: the wheel scrolls what is in front, or what is beneath it.

use ratatui::crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::Position;

use super::Desk;

/// How many rows one step of the wheel is.
const STEP: isize = 3;

/// What the mouse was used for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Used {
    /// The wheel was turned by so many rows.
    Wheel(isize),
    /// What is there was clicked at.
    Click,
}

impl Desk {
    /// What the mouse was used for, and where; nothing where it is not ours.
    pub(crate) fn mouse(&self, event: MouseEvent) -> Option<(Used, Position)> {
        // What was on its way when the mouse was left to the terminal is nothing any more.
        if !self.has_mouse {
            return None;
        }
        let used = match event.kind {
            MouseEventKind::ScrollUp => Used::Wheel(-STEP),
            MouseEventKind::ScrollDown => Used::Wheel(STEP),
            MouseEventKind::Down(MouseButton::Left) => Used::Click,
            _ => return None,
        };
        Some((used, Position { x: event.column, y: event.row }))
    }

    /// Scrolls what is in front of the panes and of questions. False where nothing is.
    pub(crate) fn roll(&mut self, step: isize, height: u16) -> bool {
        if self.palette.is_some() {
            // It shows what is chosen, wherever that is.
        } else if let Some(top) = self.help {
            self.help = Some(top.saturating_add_signed(step));
        } else if let Some(viewer) = &mut self.viewer {
            viewer.roll(step, height);
        } else {
            return false;
        }
        true
    }
}
