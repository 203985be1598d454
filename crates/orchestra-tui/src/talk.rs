//! The screen of a conversation with one role: what was said on the left, the milestones on the right, both alive.
//!
//! [`Talk::update`] takes what happened and says what is to be done, as the worker's [`crate::Screen`] does, with the same
//! keys, questions and text fields. What waits for the person is in [`Conversation::open`], and stays in front until they answer it
//! or put it aside.

use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use orchestra_core::conversation::{AskId, Conversation, Note, Open, Project, Verdict, What};
use orchestra_core::id::TurnId;
use orchestra_core::path::ContentHash;
use orchestra_core::report::{AgentEvent, Usage};
use ratatui::crossterm::event::KeyEvent;
use ratatui::layout::Rect;

use crate::complete::{Completion, Files};
use crate::desk::{Desk, ESC, Front, TWICE};
use crate::form::Questions;
use crate::key::{Action, Keys, Place, is_foreign};
use crate::moment::Moment;
use crate::question::{Comments, Dialog, Outcome, Proposal};
use crate::screen::Busy;
use crate::theme::Theme;
use crate::tree::Walk;
use crate::view::talk_panes;

mod front;
mod input;
mod manners;
mod mouse;
mod msg;
mod panes;
mod past;

pub use msg::{TalkCommand, TalkMsg};

/// A part of the screen that can have the focus.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Pane {
    /// The line at which the person writes.
    Input,
    Feed,
    Tree,
}

/// Something that waits for the person.
#[derive(Debug)]
pub(crate) enum Ask {
    Proposal(Box<Dialog<Proposal>>),
    Form(Box<Questions>),
}

/// All that the screen of a conversation knows.
#[derive(Debug)]
pub struct Talk {
    pub(crate) desk: Desk,
    /// What was typed to come here.
    pub(crate) command: String,
    pub(crate) model: Option<String>,
    /// Whether the worker's screen is behind this one, in the same terminal.
    pub(crate) is_in_front: bool,
    pub(crate) state: Arc<Conversation>,
    pub(crate) beside: Project,
    pub(crate) pane: Pane,
    pub(crate) walk: Walk,
    /// What the running turn has consumed so far.
    pub(crate) usage: Usage,
    /// When the last turn ended or the running one began.
    pub(crate) since: Moment,
    pub(crate) asks: Vec<Ask>,
    /// What was answered, and with which hash, until the conversation has taken it.
    answered: Vec<(AskId, Option<ContentHash>)>,
    /// What was said of lines of proposals that are being drawn up anew.
    unsent: Vec<(AskId, Comments)>,
    pub(crate) is_aside: bool,
    /// The proposal that the person has edited, until it is known whether that holds.
    edited: Option<AskId>,
    /// What was queued, and is not in the transcript yet.
    queued: Vec<String>,
    files: Files,
    pub(crate) completion: Option<Completion>,
    /// Whether the person does without the list, until they begin another word.
    is_incomplete: bool,
    /// When `ctrl-c` was pressed, while a second one would leave.
    stopping: Option<Duration>,
}

impl Talk {
    /// A screen that knows nothing yet. `zone` is where the person is.
    pub fn new(project: String, theme: Theme, zone: TimeZone, now: Moment) -> Self {
        Self {
            desk: Desk::new(project, theme, zone, now),
            command: "orchestra pm".to_owned(),
            model: None,
            is_in_front: false,
            state: Arc::default(),
            beside: Project::default(),
            pane: Pane::Input,
            walk: Walk::default(),
            usage: Usage::default(),
            since: now,
            asks: Vec::new(),
            answered: Vec::new(),
            unsent: Vec::new(),
            is_aside: false,
            edited: None,
            queued: Vec::new(),
            files: Files::default(),
            completion: None,
            is_incomplete: false,
            stopping: None,
        }
    }

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

    /// The same screen with what was typed to come here: `orchestra role backend`.
    #[must_use]
    pub fn with_command(mut self, command: String) -> Self {
        self.command = command;
        self
    }

    /// The same screen with the model that the agent uses, where it is known.
    #[must_use]
    pub fn with_model(mut self, model: Option<String>) -> Self {
        self.model = model;
        self
    }

    /// The same screen in front of a worker's, to which the person comes back when they leave.
    #[must_use]
    pub fn with_worker_behind(mut self, is_behind: bool) -> Self {
        self.is_in_front = is_behind;
        self
    }

    /// Takes a message, and says what is to be done.
    pub fn update(&mut self, now: Moment, msg: TalkMsg) -> Vec<TalkCommand> {
        self.desk.now = now;
        self.desk.needs_frame = true;
        match msg {
            TalkMsg::Key(key) => return self.key(&key),
            TalkMsg::Paste(text) => return self.paste(&text),
            TalkMsg::Mouse(event) => self.mouse(event),
            TalkMsg::Resized => {}
            TalkMsg::Past(lines) => self.recall(lines),
            TalkMsg::State(state) => self.seen(state),
            TalkMsg::Project(project) => self.looked(project),
            TalkMsg::Note { note, line } => return self.noted(&note, line),
            TalkMsg::Line(line) => self.desk.feed.notice(line),
            TalkMsg::Said(text) => self.desk.feed.said(&text),
            TalkMsg::Agent(turn, event) => self.heard(turn, &event),
            TalkMsg::Files(files) => {
                self.files = Files::Known(files);
                self.complete();
            }
            TalkMsg::Read(want, reading) => {
                if let Some(viewer) = self.desk.viewer.as_mut().filter(|viewer| viewer.want == want) {
                    viewer.read(reading);
                }
            }
            TalkMsg::Told(word) => self.desk.word = Some(word),
            // What was typed elsewhere answers nothing here.
            TalkMsg::Returned => self.appears(),
            TalkMsg::Tick => return self.tick(),
        }
        Vec::new()
    }

    /// Makes ready what a frame of this size needs. To be called before each [`crate::draw_talk`].
    pub fn lay_out(&mut self, area: Rect) {
        self.desk.area = area;
        let Some(panes) = talk_panes(self) else { return };
        let (theme, now) = (self.desk.theme, self.desk.now.since);
        self.desk.feed.lay_out(panes.feed.width, panes.feed.height, theme, now);
        if let Some(viewer) = &mut self.desk.viewer {
            viewer.lay_out(panes.reading.width, theme);
        }
        match self.asks.first_mut() {
            Some(Ask::Proposal(dialog)) => {
                if let Some(spread) = panes.dialog {
                    dialog.lay_out(spread.page.width, theme);
                }
            }
            Some(Ask::Form(form)) => form.lay_out(panes.form_width, theme),
            None => {}
        }
    }

    /// A frame was drawn.
    pub fn drawn(&mut self, now: Moment) {
        self.desk.needs_frame = false;
        let is_seen = talk_panes(self).is_some();
        match self.ask_mut().filter(|_| is_seen) {
            Some(Ask::Proposal(dialog)) => dialog.drawn(now.since),
            Some(Ask::Form(form)) => form.drawn(now.since),
            None => {}
        }
    }

    /// Whether there is anything new to draw.
    pub fn needs_frame(&self) -> bool {
        self.desk.needs_frame
    }

    /// When something changes though no message comes: a question arms, a second passes.
    pub fn wakes_at(&self, now: Moment) -> Option<Duration> {
        let arming = self.ask().and_then(|ask| match ask {
            Ask::Proposal(dialog) => dialog.wakes_at(now.since),
            Ask::Form(form) => form.wakes_at(now.since),
        });
        // While somebody thinks, and does not wait for the person, its time is shown to the second.
        let second = Duration::from_secs(now.since.as_secs() + 1);
        let ticking = (self.state.running.is_some() && self.asks.is_empty()).then_some(second);
        let stopping = self.stopping.map(|at| at + TWICE);
        arming.into_iter().chain(ticking).chain(stopping).chain(self.desk.input.wakes_at()).min()
    }

    /// What the terminal's title says.
    pub fn title(&self) -> String {
        let what = match self.busy() {
            Busy::Waits => "waits for you",
            Busy::Runs => "thinking",
            Busy::Rests => "your turn",
        };
        format!("{} {} {what}", self.command, self.desk.project)
    }

    /// What a terminal's sign of progress says.
    pub fn busy(&self) -> Busy {
        match () {
            () if !self.asks.is_empty() => Busy::Waits,
            () if self.state.running.is_some() => Busy::Runs,
            () => Busy::Rests,
        }
    }

    /// Whether a turn runs that nobody has interrupted.
    pub(crate) fn is_turn_running(&self) -> bool {
        self.state.running.as_ref().is_some_and(|running| !running.interrupted)
    }

    /// What waits, in front of everything.
    pub(crate) fn ask(&self) -> Option<&Ask> {
        self.asks.first().filter(|_| !self.is_behind())
    }

    fn ask_mut(&mut self) -> Option<&mut Ask> {
        let is_behind = self.is_behind();
        self.asks.first_mut().filter(|_| !is_behind)
    }

    fn is_behind(&self) -> bool {
        self.is_aside || self.desk.is_covered()
    }

    /// Whether something is in front of the panes.
    pub(crate) fn is_covered(&self) -> bool {
        self.ask().is_some() || self.desk.is_covered()
    }

    fn tick(&mut self) -> Vec<TalkCommand> {
        let (now, history) = (self.desk.now.since, self.desk.history.clone());
        self.desk.input.tick(now);
        self.stopping = self.stopping.filter(|at| now < *at + TWICE);
        let outcome = match self.ask_mut() {
            Some(Ask::Proposal(dialog)) => dialog.tick(now, &history),
            Some(Ask::Form(form)) => form.tick(now),
            None => Outcome::Nothing,
        };
        self.came_of(outcome)
    }

    fn key(&mut self, key: &KeyEvent) -> Vec<TalkCommand> {
        self.desk.word = None;
        // No text takes it either.
        if is_foreign(key) {
            self.touched();
            return Vec::new();
        }
        let action = self.desk.keys.find(key, self.here());
        if action != Some(Action::Stop) {
            self.stopping = None;
        }
        if let Some(commands) = action.and_then(|action| self.at_once(action)) {
            return commands;
        }
        if action.is_some_and(|action| self.is_too_early(action)) {
            self.touched();
            return Vec::new();
        }
        // Another key that leads back does so in a text, too.
        let key = if action == Some(Action::Back) { &ESC } else { key };
        if self.desk.palette.is_some() {
            return self.palette_key(key);
        }
        match action.and_then(|action| self.with_what_is_seen(action)) {
            Some(commands) => commands,
            None => self.in_front(key, action),
        }
    }

    /// A key with what it does, for what is in front.
    fn in_front(&mut self, key: &KeyEvent, action: Option<Action>) -> Vec<TalkCommand> {
        match self.desk.front_key(key, action) {
            Front::Nothing => {}
            Front::Taken => return Vec::new(),
            Front::Gone => {
                self.appears();
                return Vec::new();
            }
            Front::Wants(want) => return vec![TalkCommand::Read(want)],
        }
        let (now, panes) = (self.desk.now.since, talk_panes(self));
        let spread = panes.as_ref().and_then(|panes| panes.dialog);
        let outcome = match self.ask_mut() {
            Some(Ask::Proposal(dialog)) => {
                dialog.key(now, key, action, spread.map_or(0, |spread| spread.page.height))
            }
            Some(Ask::Form(form)) => form.key(now, key, action),
            None => {
                return match (action, panes) {
                    (_, Some(panes)) if self.pane == Pane::Input => self.input_key(key, action, &panes),
                    (Some(action), Some(panes)) => self.act(action, &panes),
                    _ => Vec::new(),
                };
            }
        };
        self.came_of(outcome)
    }

    /// Where the next key is pressed.
    fn here(&self) -> Place {
        if self.desk.palette.is_some() {
            return Place::Writing;
        }
        let is_typing = match self.asks.first() {
            Some(Ask::Proposal(dialog)) => dialog.is_typing(),
            Some(Ask::Form(form)) => form.is_typing(),
            None => false,
        };
        match self.beneath() {
            Place::Reading if self.desk.viewer.as_ref().is_some_and(crate::viewer::Viewer::is_typing) => {
                Place::Writing
            }
            Place::Question if is_typing => Place::Writing,
            // What is looked for among earlier texts is a text, too.
            Place::Input if self.desk.input.entry.searching().is_some() => Place::Writing,
            place => place,
        }
    }

    /// What is in front, or behind the palette.
    fn beneath(&self) -> Place {
        match self.pane {
            _ if self.desk.help.is_some() => Place::Help,
            _ if self.desk.viewer.is_some() => Place::Reading,
            _ if !self.asks.is_empty() && !self.is_aside => Place::Question,
            Pane::Input => Place::Input,
            Pane::Feed => Place::Transcript,
            Pane::Tree => Place::Panes,
        }
    }
}

#[cfg(test)]
mod tests;
