//! What keys do in the panes.

use super::{Command, Focus, Screen};
use crate::key::Action;
use crate::view::Panes;
use crate::viewer::{Came, Reading, Viewer, Want};
use crate::words::clock;

impl Screen {
    pub(super) fn help_key(&self, action: Option<Action>, top: usize) -> Option<usize> {
        let page = usize::from(self.area.height.max(8)) - 6;
        match action {
            Some(Action::Back | Action::Help) => None,
            Some(Action::Up) => Some(top.saturating_sub(1)),
            Some(Action::Down) => Some(top + 1),
            Some(Action::PageUp) => Some(top.saturating_sub(page)),
            Some(Action::PageDown) => Some(top + page),
            Some(Action::Top) => Some(0),
            _ => Some(top),
        }
    }

    /// What follows from a key in the viewer.
    pub(super) fn came_of_reading(&mut self, came: Came) -> Vec<Command> {
        match came {
            Came::Nothing => Vec::new(),
            Came::Closed => {
                self.viewer = self.viewer.take().and_then(Viewer::close);
                if let Some(dialog) = self.dialog_mut() {
                    dialog.appears();
                }
                Vec::new()
            }
            Came::Turned(want) => {
                if let Some(viewer) = &mut self.viewer {
                    viewer.turn(want.clone());
                }
                vec![Command::Read(want)]
            }
            Came::Opened(want) => {
                self.viewer = self.viewer.take().map(|viewer| viewer.open(want.clone()));
                vec![Command::Read(want)]
            }
        }
    }

    pub(super) fn act(&mut self, action: Action, panes: &Panes) -> Vec<Command> {
        if action == Action::Since {
            let mut viewer = Viewer::new(Want::Since);
            viewer.read(self.since());
            self.viewer = Some(viewer);
            return Vec::new();
        }
        if let Some(want) = self.wanted(action) {
            self.viewer = Some(Viewer::new(want.clone()));
            return vec![Command::Read(want)];
        }
        match action {
            Action::Help => self.help = Some(0),
            Action::Question => {
                self.is_aside = false;
                if let Some(dialog) = self.dialogs.first_mut() {
                    dialog.appears();
                }
            }
            Action::Write => self.focus = Focus::Input,
            Action::Back if self.focus != Focus::Input => {
                match self.focus {
                    Focus::Tree => (self.row, self.tree_top) = (None, 0),
                    Focus::Feed => self.feed.follow(),
                    Focus::Log => self.log_back = 0,
                    Focus::Input => {}
                }
                self.focus = Focus::Input;
            }
            Action::NextPane => self.focus = next(self.focus, false),
            Action::PreviousPane => self.focus = next(self.focus, true),
            _ => match self.focus {
                Focus::Input => {}
                Focus::Tree => self.in_tree(action, panes.tree.height),
                Focus::Feed => self.in_feed(action, panes.feed.height),
                Focus::Log => self.in_log(action, panes.log.height),
            },
        }
        Vec::new()
    }

    /// What happened since the last key before this one.
    fn since(&self) -> Reading {
        let at = clock(self.last_key.at, &self.zone);
        if self.unseen == 0 {
            return Reading::Nothing(format!("nothing happened since {at}"));
        }
        let lines: Vec<&str> =
            self.log.iter().skip(self.log.len().saturating_sub(self.unseen)).map(String::as_str).collect();
        Reading::Printed(format!("since {at}:\n\n{}", lines.join("\n")))
    }

    /// What an action wants to read: of the row that is chosen, or of what runs.
    fn wanted(&self, action: Action) -> Option<Want> {
        let of = || self.chosen();
        match action {
            Action::Journal => {
                Some(Want::Journal { milestone: self.row_chosen().map(|(milestone, _)| milestone) })
            }
            Action::Rescue => Some(Want::Rescue),
            Action::Document => of().map(|(milestone, work)| Want::Document { milestone, work }),
            Action::Changes => of().map(|(milestone, work)| Want::Changes { milestone, work }),
            Action::Transcript => of().map(|(milestone, work)| Want::Transcript { milestone, work }),
            _ => None,
        }
    }

    pub(super) fn in_feed(&mut self, action: Action, height: u16) {
        let page = isize::try_from(height.max(2) - 1).unwrap_or(1);
        match action {
            Action::Up => self.feed.choose(true, height),
            Action::Down => self.feed.choose(false, height),
            Action::PageUp => self.feed.scroll(-page, height),
            Action::PageDown => self.feed.scroll(page, height),
            Action::Top => self.feed.show_begin(),
            Action::Bottom => self.feed.follow(),
            Action::Toggle => self.feed.toggle(),
            Action::ToggleAll => self.feed.toggle_all(),
            _ => {}
        }
    }

    fn in_log(&mut self, action: Action, height: u16) {
        let last = self.log.len().saturating_sub(usize::from(height));
        let page = usize::from(height.max(2)) - 1;
        let back = self.log_back;
        self.log_back = match action {
            Action::Up => back + 1,
            Action::Down => back.saturating_sub(1),
            Action::PageUp => back + page,
            Action::PageDown => back.saturating_sub(page),
            Action::Top => last,
            Action::Bottom => 0,
            _ => back,
        }
        .min(last);
    }

    fn in_tree(&mut self, action: Action, height: u16) {
        let rows = crate::tree::rows(&self.state, &self.opened, &self.used, self.theme);
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
                    match self.opened.iter().position(|open| *open == id) {
                        Some(at) => drop(self.opened.remove(at)),
                        None => self.opened.push(id),
                    }
                }
                row
            }
            _ => row,
        };
        self.row = Some(row.min(last));
    }
}

/// The pane after this one, of those that there are; on a narrow terminal a pane comes in sight with the focus.
fn next(focus: Focus, back: bool) -> Focus {
    let all = [Focus::Input, Focus::Feed, Focus::Tree, Focus::Log];
    let at = all.iter().position(|one| *one == focus).unwrap_or(0);
    let step = if back { all.len() - 1 } else { 1 };
    all[(at + step) % all.len()]
}
