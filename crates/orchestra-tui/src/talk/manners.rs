//! What a person does with what they look at, how they leave, and what can be done at all.

use super::{Ask, Pane, Talk, TalkCommand};
use crate::desk::{NO_KEY, TWICE};
use crate::key::{Action, NOT_IN_TALKS, Place, ROWS, Row, holds};
use crate::palette::Palette;
use crate::question::Way;
use crate::text::plain;
use crate::viewer::Want;

impl Talk {
    /// What is done wherever the person is; nothing where the action is another.
    pub(super) fn at_once(&mut self, action: Action) -> Option<Vec<TalkCommand>> {
        let commands = match action {
            Action::Stop => self.stop(),
            Action::Suspend => vec![TalkCommand::Suspend],
            Action::Redraw => vec![TalkCommand::Redraw],
            _ => return None,
        };
        self.touched();
        Some(commands)
    }

    /// `ctrl-c`: interrupts what runs, puts away what is half written, and leaves where it comes twice.
    fn stop(&mut self) -> Vec<TalkCommand> {
        let now = self.desk.now.since;
        if self.stopping.take().is_some_and(|at| now < at + TWICE) {
            return vec![TalkCommand::Leave];
        }
        if self.is_turn_running() {
            self.stopping = Some(now);
            return vec![TalkCommand::Interrupt];
        }
        if !self.desk.input.is_empty() && self.ask().is_none() {
            let text = self.desk.input.entry.text();
            self.completion = None;
            self.desk.word = Some("put away: up brings it back".to_owned());
            return self.desk.sent(&text).map(TalkCommand::Remember).into_iter().collect();
        }
        self.stopping = Some(now);
        Vec::new()
    }

    /// Whether a second `ctrl-c` leaves.
    pub(crate) fn may_leave(&self) -> bool {
        self.stopping.is_some_and(|at| self.desk.now.since < at + TWICE)
    }

    /// All actions of this screen.
    pub(crate) fn rows() -> Vec<&'static Row> {
        ROWS.iter().filter(|row| !NOT_IN_TALKS.contains(&row.action)).collect()
    }

    /// All that can be done where the palette was opened.
    pub(crate) fn possible(&self) -> Vec<&'static Row> {
        let place = self.beneath();
        Self::rows()
            .into_iter()
            .filter(|row| holds(row, place) && self.does_anything(row.action, place))
            .collect()
    }

    /// Whether an action that holds here does anything as things are.
    fn does_anything(&self, action: Action, place: Place) -> bool {
        let proposal = match self.asks.first() {
            Some(Ask::Proposal(dialog)) => Some(dialog),
            Some(Ask::Form(_)) | None => None,
        };
        let is_row = self.row_chosen().is_some();
        match (action, place) {
            (Action::Palette, _)
            | (Action::Filter | Action::Pager, Place::Question)
            | (Action::ToggleAll, Place::Panes) => false,
            (Action::Question, _) => !self.asks.is_empty(),
            (Action::Comment, _) => proposal.is_some_and(|dialog| dialog.is_open(Way::COMMENT)),
            (Action::NextPart | Action::PreviousPart, Place::Question) => {
                proposal.is_some_and(|dialog| dialog.sheet.has_files())
            }
            (Action::NextPart | Action::PreviousPart, _) => {
                self.desk.viewer.as_ref().is_some_and(|viewer| viewer.parts().is_some())
            }
            (
                Action::Toggle
                | Action::ToggleAll
                | Action::Search
                | Action::Edit
                | Action::Up
                | Action::Down
                | Action::Top
                | Action::Bottom,
                Place::Question,
            ) => proposal.is_some(),
            (Action::Document | Action::Changes | Action::Edit, Place::Panes | Place::Transcript) => is_row,
            _ => true,
        }
    }

    /// Does what an action says, in whatever is in front.
    pub(super) fn perform(&mut self, action: Action) -> Vec<TalkCommand> {
        if let Some(commands) = self.at_once(action) {
            return commands;
        }
        if action == Action::Comment {
            let history = self.desk.history.clone();
            if let Some(Ask::Proposal(dialog)) = self.ask_mut() {
                dialog.comment(&history);
            }
            return Vec::new();
        }
        match self.with_what_is_seen(action) {
            Some(commands) => commands,
            None => self.in_front(&NO_KEY, Some(action)),
        }
    }

    /// Whether a key was meant for something else: what waits came under fingers that went on typing.
    pub(super) fn is_too_early(&self, action: Action) -> bool {
        let now = self.desk.now.since;
        let is_armed = self.ask().is_none_or(|ask| match ask {
            Ask::Proposal(dialog) => dialog.is_armed(now),
            Ask::Form(form) => form.is_armed(now),
        });
        !is_armed && matches!(action, Action::Copy | Action::Edit | Action::Pager | Action::Mouse)
    }

    /// What is done with what is seen, wherever that is; nothing where the action is another.
    pub(super) fn with_what_is_seen(&mut self, action: Action) -> Option<Vec<TalkCommand>> {
        if !matches!(action, Action::Palette | Action::Copy | Action::Edit | Action::Pager | Action::Mouse) {
            return None;
        }
        self.touched();
        let command = match action {
            Action::Palette => {
                self.desk.help = None;
                self.desk.palette = Some(Palette::default());
                return Some(Vec::new());
            }
            Action::Mouse => return Some(vec![TalkCommand::Mouse(self.desk.toggle_mouse())]),
            Action::Copy => {
                self.copied().map(|text| TalkCommand::Copy(plain(&text))).ok_or("there is nothing to copy")
            }
            Action::Edit => {
                let edited = self.edited();
                if let Some(TalkCommand::EditProposal { ask }) = &edited {
                    self.edited = Some(*ask);
                }
                edited.ok_or("no document belongs to this")
            }
            _ => self.paged().ok_or("no transcript belongs to this"),
        };
        match command {
            Ok(command) => Some(vec![command]),
            Err(word) => {
                self.desk.word = Some(word.to_owned());
                Some(Vec::new())
            }
        }
    }

    /// What the person looks at, as it was before it was made into rows.
    fn copied(&self) -> Option<String> {
        let text = match self.beneath() {
            Place::Reading => self.desk.viewer.as_ref()?.text()?,
            Place::Question => match self.asks.first()? {
                Ask::Proposal(dialog) => dialog.text(self.desk.theme),
                Ask::Form(form) => form.text(),
            },
            _ => match self.pane {
                Pane::Tree => self.walk.row_of(self.tree_rows())?.name,
                Pane::Input | Pane::Feed => self.desk.feed.copied()?,
            },
        };
        Some(text).filter(|text| !text.trim().is_empty())
    }

    /// Opens what is shown or chosen in an editor.
    fn edited(&self) -> Option<TalkCommand> {
        match self.beneath() {
            Place::Reading => match &self.desk.viewer.as_ref()?.want {
                want @ (Want::Document { .. } | Want::Named { .. }) => Some(TalkCommand::Edit(want.clone())),
                _ => None,
            },
            Place::Question => match self.asks.first()? {
                Ask::Proposal(dialog) if !dialog.about.proposed.is_commit() => {
                    Some(TalkCommand::EditProposal { ask: dialog.about.ask })
                }
                Ask::Proposal(_) | Ask::Form(_) => None,
            },
            _ => {
                let (milestone, work) = self.row_chosen()?;
                Some(TalkCommand::Edit(Want::Document { milestone, work }))
            }
        }
    }

    /// Opens the transcript of what is shown or chosen in a pager; of this conversation where none is.
    fn paged(&self) -> Option<TalkCommand> {
        let want = match self.beneath() {
            Place::Reading => match &self.desk.viewer.as_ref()?.want {
                Want::Document { milestone, work }
                | Want::Changes { milestone, work }
                | Want::Transcript { milestone, work } => {
                    Some(Want::Transcript { milestone: milestone.clone(), work: work.clone() })
                }
                turn @ Want::Turn { .. } => Some(turn.clone()),
                Want::Since => None,
                Want::Named { .. } | Want::Journal { .. } | Want::Rescue | Want::Saved { .. } => return None,
            },
            Place::Question => return None,
            _ => self.row_chosen().map(|(milestone, work)| Want::Transcript { milestone, work }),
        };
        Some(TalkCommand::Page(want))
    }
}
