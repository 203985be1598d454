//! What a person does with what they look at: they copy it, open it with a program of their own, or ask what else can be done.

use orchestra_core::id::{MilestoneId, WorkId};
use orchestra_core::record::Answer;
use orchestra_core::worker::Question;
use ratatui::crossterm::event::KeyEvent;

use super::{Command, Focus, Screen};
use crate::desk::NO_KEY;
use crate::key::{Action, Keys, Place, ROWS, Row, holds};
use crate::palette::{Palette, Picked};
use crate::question::{Dialog, Way};
use crate::text::plain;
use crate::view::panes;
use crate::viewer::{Viewer, Want};

/// A milestone, or a work of it.
type Chosen = (MilestoneId, Option<WorkId>);

impl Screen {
    /// The same screen with the keys of this person.
    #[must_use]
    pub fn with_keys(mut self, keys: Keys) -> Self {
        self.desk.keys = keys;
        self
    }

    /// The same screen with what the person wrote earlier, oldest first.
    #[must_use]
    pub fn with_history(mut self, texts: Vec<String>) -> Self {
        self.desk.recall(texts);
        self
    }

    /// Where the next key is pressed.
    pub(super) fn here(&self) -> Place {
        if self.desk.palette.is_some() {
            return Place::Writing;
        }
        match self.beneath() {
            Place::Reading if self.desk.viewer.as_ref().is_some_and(Viewer::is_typing) => Place::Writing,
            Place::Question if self.dialogs.first().is_some_and(Dialog::is_typing) => Place::Writing,
            // What is looked for among earlier texts is a text, too.
            Place::Panes if self.focus == Focus::Input && self.desk.input.entry.searching().is_some() => {
                Place::Writing
            }
            Place::Panes if self.focus == Focus::Input => Place::Input,
            place => place,
        }
    }

    /// What is in front, or behind the palette.
    fn beneath(&self) -> Place {
        if self.desk.help.is_some() {
            Place::Help
        } else if self.desk.viewer.is_some() {
            Place::Reading
        } else if !self.dialogs.is_empty() && !self.is_aside {
            Place::Question
        } else {
            Place::Panes
        }
    }

    /// All that can be done where the palette was opened.
    pub(crate) fn possible(&self) -> Vec<&'static Row> {
        let place = self.beneath();
        ROWS.iter().filter(|row| holds(row, place) && self.does_anything(row.action, place)).collect()
    }

    /// Whether an action that holds here does anything as things are.
    fn does_anything(&self, action: Action, place: Place) -> bool {
        let dialog = self.dialogs.first();
        match (action, place) {
            (Action::Palette, _) | (Action::Filter | Action::Toggle | Action::ToggleAll, Place::Question) => {
                false
            }
            (Action::Question, _) => dialog.is_some(),
            (Action::Comment, _) => dialog.is_some_and(|dialog| dialog.is_open(Way::COMMENT)),
            (Action::NextPart | Action::PreviousPart, Place::Question) => {
                dialog.is_some_and(|dialog| dialog.sheet.has_files())
            }
            (Action::NextPart | Action::PreviousPart, _) => {
                self.desk.viewer.as_ref().is_some_and(|viewer| viewer.parts().is_some())
            }
            (Action::Toggle, Place::Panes) => matches!(self.focus, Focus::Tree | Focus::Feed),
            (Action::ToggleAll, Place::Panes) => self.focus == Focus::Feed,
            (Action::Up | Action::Down | Action::Top | Action::Bottom, Place::Panes) => {
                self.focus != Focus::Input
            }
            (Action::Back | Action::Write, Place::Panes) => self.focus != Focus::Input,
            _ => true,
        }
    }

    pub(super) fn palette_key(&mut self, key: &KeyEvent) -> Vec<Command> {
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

    /// Does what an action says, in whatever is in front.
    fn perform(&mut self, action: Action) -> Vec<Command> {
        if let Some(command) = at_once(action) {
            return vec![command];
        }
        if action == Action::Comment {
            let history = self.desk.history.clone();
            if let Some(dialog) = self.dialog_mut() {
                dialog.comment(&history);
            }
            return Vec::new();
        }
        match self.with_what_is_seen(action) {
            Some(commands) => commands,
            None => self.in_front(&NO_KEY, Some(action)),
        }
    }

    /// A key like any other that answers nothing: what was about to be answered is not.
    pub(super) fn touched(&mut self) {
        let now = self.desk.now.since;
        if let Some(dialog) = self.dialog_mut() {
            dialog.touched(now);
        }
    }

    /// Whether a key was meant for something else: a question came under fingers that went on typing.
    pub(super) fn is_too_early(&self, action: Action) -> bool {
        let is_armed = self.dialog().is_none_or(|dialog| dialog.is_armed(self.desk.now.since));
        !is_armed && matches!(action, Action::Copy | Action::Edit | Action::Pager | Action::Mouse)
    }

    /// What is done with what is seen, wherever that is; nothing where the action is another.
    pub(super) fn with_what_is_seen(&mut self, action: Action) -> Option<Vec<Command>> {
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
            Action::Mouse => return Some(vec![Command::Mouse(self.desk.toggle_mouse())]),
            Action::Copy => {
                self.copied().map(|text| Command::Copy(plain(&text))).ok_or("there is nothing to copy")
            }
            Action::Edit => self.edited().map(Command::Edit).ok_or("no document belongs to this"),
            _ => self.paged().map(Command::Page).ok_or("no transcript belongs to this"),
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
            Place::Question => self.dialogs.first()?.text(self.desk.theme),
            Place::Panes | Place::Transcript | Place::Input | Place::Help | Place::Writing => {
                match self.focus {
                    Focus::Tree => self.walk.row_of(self.tree_rows())?.name,
                    Focus::Input | Focus::Feed => self.desk.feed.copied()?,
                    Focus::Log => {
                        let end = self.log.len().saturating_sub(self.log_back);
                        let begin = end.saturating_sub(panes(self)?.log.height.into());
                        self.log.range(begin..end).map(String::as_str).collect::<Vec<_>>().join("\n")
                    }
                }
            }
        };
        Some(text).filter(|text| !text.trim().is_empty())
    }

    /// The document of what is shown or chosen.
    pub(crate) fn edited(&self) -> Option<Want> {
        let (milestone, work) = match self.beneath() {
            Place::Reading => match &self.desk.viewer.as_ref()?.want {
                Want::Document { milestone, work } => (milestone.clone(), work.clone()),
                named @ Want::Named { .. } => return Some(named.clone()),
                _ => return None,
            },
            Place::Question => {
                let question = &self.dialogs.first()?.about.asked.question;
                // About a push there is nothing that could be edited.
                (question.milestone()?.clone(), Some(work_of(question)?))
            }
            Place::Panes | Place::Transcript | Place::Input | Place::Help | Place::Writing => {
                self.chosen()?
            }
        };
        Some(Want::Document { milestone, work })
    }

    /// The transcript of what is shown or chosen.
    fn paged(&self) -> Option<Want> {
        let (milestone, work) = match self.beneath() {
            Place::Reading => match &self.desk.viewer.as_ref()?.want {
                Want::Document { milestone, work }
                | Want::Changes { milestone, work }
                | Want::Transcript { milestone, work } => (milestone.clone(), work.clone()),
                turn @ Want::Turn { .. } => return Some(turn.clone()),
                _ => return None,
            },
            Place::Question => {
                let question = &self.dialogs.first()?.about.asked.question;
                (question.milestone()?.clone(), work_of(question))
            }
            Place::Panes | Place::Transcript | Place::Input | Place::Help | Place::Writing => {
                self.chosen()?
            }
        };
        Some(Want::Transcript { milestone, work })
    }

    /// The row of the tree that is chosen, else what runs.
    pub(super) fn chosen(&self) -> Option<Chosen> {
        self.row_chosen().or_else(|| {
            let work = self.state.works().first().map(|work| work.id.clone());
            Some((self.state.active()?.id.clone(), work))
        })
    }

    /// The row of the tree that is chosen.
    pub(super) fn row_chosen(&self) -> Option<Chosen> {
        let row = self.tree_rows().into_iter().nth(self.row_marked()?)?;
        Some((row.milestone?, row.work))
    }
}

/// The work that a question is about.
fn work_of(question: &Question) -> Option<WorkId> {
    match question {
        Question::Rfc { .. } => Some(WorkId::Rfc),
        other => other.work(),
    }
}

/// What is done wherever the person is.
pub(super) fn at_once(action: Action) -> Option<Command> {
    match action {
        Action::Stop => Some(Command::Stop),
        Action::Suspend => Some(Command::Suspend),
        Action::Redraw => Some(Command::Redraw),
        _ => None,
    }
}

/// What somebody wrote for an answer.
pub(super) fn written(answer: &Answer) -> Option<&str> {
    match answer {
        Answer::Revise { feedback } => Some(feedback),
        Answer::Retry { note } => note.as_deref(),
        Answer::PushTo { branch } => Some(branch),
        Answer::Verify { command } => Some(command),
        Answer::Approve | Answer::Skip | Answer::Keep | Answer::Restore | Answer::Finish | Answer::Stop => {
            None
        }
    }
}
