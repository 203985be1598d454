//! What keys do in the panes.

use super::{Command, Focus, Screen};
use crate::key::Action;
use crate::view::Panes;
use crate::viewer::{Reading, Viewer, Want};
use crate::words::clock;

impl Screen {
    pub(super) fn act(&mut self, action: Action, panes: &Panes) -> Vec<Command> {
        if action == Action::Since {
            let mut viewer = Viewer::new(Want::Since);
            viewer.read(self.since());
            self.desk.viewer = Some(viewer);
            return Vec::new();
        }
        if let Some(want) = self.wanted(action) {
            self.desk.viewer = Some(Viewer::new(want.clone()));
            return vec![Command::Read(want)];
        }
        match action {
            Action::Help => self.desk.help = Some(0),
            Action::Question => {
                self.is_aside = false;
                if let Some(dialog) = self.dialogs.first_mut() {
                    dialog.appears();
                }
            }
            Action::Write => self.focus = Focus::Input,
            Action::Back if self.focus != Focus::Input => {
                match self.focus {
                    Focus::Tree => self.walk.leave(),
                    Focus::Feed => self.desk.feed.follow(),
                    Focus::Log => self.log_back = 0,
                    Focus::Input => {}
                }
                self.focus = Focus::Input;
            }
            Action::NextPane => self.focus = next(self.focus, false),
            Action::PreviousPane => self.focus = next(self.focus, true),
            _ => match self.focus {
                Focus::Input => {}
                Focus::Tree => self.walk.act(action, &self.tree_rows(), panes.tree.height),
                Focus::Feed => self.desk.in_feed(action, panes.feed.height),
                Focus::Log => self.in_log(action, panes.log.height),
            },
        }
        Vec::new()
    }

    /// What happened since the last key before this one.
    fn since(&self) -> Reading {
        let at = clock(self.last_key.at, &self.desk.zone);
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
}

/// The pane after this one, of those that there are; on a narrow terminal a pane comes in sight with the focus.
fn next(focus: Focus, back: bool) -> Focus {
    let all = [Focus::Input, Focus::Feed, Focus::Tree, Focus::Log];
    let at = all.iter().position(|one| *one == focus).unwrap_or(0);
    let step = if back { all.len() - 1 } else { 1 };
    all[(at + step) % all.len()]
}
