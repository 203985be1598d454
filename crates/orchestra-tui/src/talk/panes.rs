//! What keys do in the transcript and in the tree.

use orchestra_core::id::{MilestoneId, WorkId};
use ratatui::crossterm::event::KeyEvent;

use super::{Pane, Talk, TalkCommand};
use crate::key::Action;
use crate::view::TalkPanes;
use crate::viewer::{Reading, Viewer, Want};

/// A milestone, or a work of it.
pub(super) type Chosen = (MilestoneId, Option<WorkId>);

impl Talk {
    pub(super) fn act(&mut self, action: Action, panes: &TalkPanes) -> Vec<TalkCommand> {
        if let Some(want) = self.wanted(action) {
            self.desk.viewer = Some(Viewer::new(want.clone()));
            return vec![TalkCommand::Read(want)];
        }
        match action {
            Action::Help => self.desk.help = Some(0),
            Action::Question => {
                self.is_aside = false;
                self.appears();
            }
            Action::Write => self.pane = Pane::Input,
            Action::Back if self.pane != Pane::Input => {
                match self.pane {
                    Pane::Tree => self.walk.leave(),
                    Pane::Feed => self.desk.feed.follow(),
                    Pane::Input => {}
                }
                self.pane = Pane::Input;
            }
            Action::NextPane => {
                self.pane = match self.pane {
                    Pane::Input => Pane::Feed,
                    Pane::Feed => Pane::Tree,
                    Pane::Tree => Pane::Input,
                }
            }
            Action::PreviousPane => {
                self.pane = match self.pane {
                    Pane::Input => Pane::Tree,
                    Pane::Feed => Pane::Input,
                    Pane::Tree => Pane::Feed,
                }
            }
            Action::Search | Action::Transcript => self.read_back(action == Action::Search),
            _ => match self.pane {
                Pane::Input => {}
                Pane::Tree => self.walk.act(action, &self.tree_rows(), panes.tree.height),
                Pane::Feed => self.desk.in_feed(action, panes.feed.height),
            },
        }
        Vec::new()
    }

    /// All that was said, to be read and searched.
    fn read_back(&mut self, is_search: bool) {
        let mut viewer = Viewer::known("what was said", Reading::Markdown(self.desk.feed.text()));
        viewer.go_to_end();
        if is_search {
            viewer.search();
        }
        self.desk.viewer = Some(viewer);
    }

    /// What an action wants to read of the row that is chosen.
    fn wanted(&self, action: Action) -> Option<Want> {
        let of = || self.row_chosen();
        match action {
            Action::Journal => Some(Want::Journal { milestone: of().map(|(milestone, _)| milestone) }),
            Action::Document => of().map(|(milestone, work)| Want::Document { milestone, work }),
            Action::Changes => of().map(|(milestone, work)| Want::Changes { milestone, work }),
            Action::Transcript => of().map(|(milestone, work)| Want::Transcript { milestone, work }),
            _ => None,
        }
    }

    /// The row of the tree that is chosen.
    pub(super) fn row_chosen(&self) -> Option<Chosen> {
        if self.pane != Pane::Tree {
            return None;
        }
        let row = self.walk.row_of(self.tree_rows())?;
        Some((row.milestone?, row.work))
    }

    /// A key in the palette.
    pub(super) fn palette_key(&mut self, key: &KeyEvent) -> Vec<TalkCommand> {
        use crate::palette::Picked;
        let rows = self.possible();
        let Some(palette) = &mut self.desk.palette else { return Vec::new() };
        let picked = palette.key(key, &rows);
        if picked == Picked::Nothing {
            return Vec::new();
        }
        self.desk.palette = None;
        self.appears();
        match picked {
            Picked::Action(action) => self.perform(action),
            Picked::Nothing | Picked::Left => Vec::new(),
        }
    }
}
