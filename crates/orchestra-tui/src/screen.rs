//! All that the screen knows, and what becomes of it with each message.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use orchestra_core::id::{GateId, MilestoneId, WorkId};
use orchestra_core::record::Answer;
use orchestra_core::report::{AgentEvent, Usage};
use orchestra_core::worker::{Asked, Note, Progress, Stage, State};
use ratatui::crossterm::event::KeyEvent;
use ratatui::layout::Rect;

use crate::desk::{Desk, ESC, Front};
use crate::key::{Action, is_foreign};
use crate::moment::Moment;
use crate::msg::{Command, Msg};
use crate::question::{Comments, Dialog, Gate, Outcome, Page};
use crate::theme::Theme;
use crate::tree::{Spent, Walk};
use crate::view::panes;

mod input;
mod manners;
mod mouse;
mod panes;

/// How many lines of the log are kept.
const LOG: usize = 5_000;

/// A pane that can have the focus.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Focus {
    /// The line at which the person writes to those who work.
    Input,
    Tree,
    Feed,
    Log,
}

/// What goes on, in a word.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Busy {
    /// Nothing runs.
    #[default]
    Rests,
    /// Something runs.
    Runs,
    /// A question waits for the person.
    Waits,
}

/// All that the screen knows.
#[derive(Debug)]
pub struct Screen {
    pub(crate) desk: Desk,
    pub(crate) state: Arc<State>,
    /// When anything last began or ended: what an idle screen shows.
    pub(crate) since: Moment,
    pub(crate) log: VecDeque<String>,
    /// How many rows of the log are below what is shown.
    pub(crate) log_back: usize,
    pub(crate) focus: Focus,
    pub(crate) walk: Walk,
    pub(crate) used: BTreeMap<(MilestoneId, WorkId), Spent>,
    /// What the running turn has consumed so far.
    pub(crate) usage: Usage,
    pub(crate) dialogs: Vec<Dialog<Gate>>,
    /// What was said of lines of questions that are gone, and that nobody has sent: by the kind of question and the milestone.
    unsent: BTreeMap<(&'static str, Option<MilestoneId>), Comments>,
    pub(crate) is_aside: bool,
    /// How many lines of the log came after the last key, and when that was.
    unseen: usize,
    last_key: Moment,
}

impl Screen {
    /// A screen that knows nothing yet. `zone` is where the person is.
    pub fn new(project: String, theme: Theme, zone: TimeZone, now: Moment) -> Self {
        Self {
            desk: Desk::new(project, theme, zone, now),
            state: Arc::default(),
            since: now,
            log: VecDeque::new(),
            log_back: 0,
            focus: Focus::Input,
            walk: Walk::default(),
            used: BTreeMap::new(),
            usage: Usage::default(),
            dialogs: Vec::new(),
            unsent: BTreeMap::new(),
            is_aside: false,
            unseen: 0,
            last_key: now,
        }
    }

    /// Takes a message, and says what is to be done.
    pub fn update(&mut self, now: Moment, msg: Msg) -> Vec<Command> {
        self.desk.now = now;
        self.desk.needs_frame = true;
        match msg {
            Msg::Key(key) => {
                let commands = self.key(&key);
                (self.unseen, self.last_key) = (0, now);
                return commands;
            }
            Msg::Mouse(event) => self.mouse(event),
            Msg::Paste(text) => self.paste(&text),
            Msg::Resized => {}
            Msg::State(state) => self.seen(state),
            Msg::Note { note, at, line } => {
                let notice = self.notice_of(&note);
                self.noted(*note, at, line);
                return notice.map(Command::Notify).into_iter().collect();
            }
            Msg::Line(line) => self.desk.feed.notice(line),
            Msg::Agent(turn, event) => {
                if let AgentEvent::Usage { usage } = &event {
                    self.usage = *usage;
                }
                self.desk.feed.take(now, turn, &event);
            }
            Msg::Asked(asked, page) => {
                let notice = format!("{}: {} waits for you", self.desk.project, asked.question.name());
                self.asked(*asked, page);
                return vec![Command::Notify(notice)];
            }
            Msg::Unasked(gate) => self.unasked(&gate),
            Msg::Read(want, reading) => {
                if let Some(viewer) = self.desk.viewer.as_mut().filter(|viewer| viewer.want == want) {
                    viewer.read(reading);
                }
            }
            Msg::Told(word) => self.desk.word = Some(word),
            Msg::Returned => {
                // What was typed elsewhere answers nothing here.
                self.appears();
            }
            Msg::Tick => return self.tick(),
        }
        Vec::new()
    }

    /// Makes ready what a frame of this size needs. To be called before each [`crate::draw`].
    pub fn lay_out(&mut self, area: Rect) {
        self.desk.area = area;
        let Some(panes) = panes(self) else { return };
        self.desk.feed.lay_out(panes.feed.width, panes.feed.height, self.desk.theme, self.desk.now.since);
        let theme = self.desk.theme;
        if let Some(viewer) = &mut self.desk.viewer {
            viewer.lay_out(panes.reading.width, theme);
        }
        if let Some(spread) = panes.dialog
            && let Some(dialog) = self.dialogs.first_mut()
        {
            dialog.lay_out(spread.page.width, theme);
        }
    }

    /// A frame was drawn.
    pub fn drawn(&mut self, now: Moment) {
        self.desk.needs_frame = false;
        let is_seen = self.dialog().is_some() && panes(self).is_some_and(|panes| panes.dialog.is_some());
        if let Some(dialog) = self.dialogs.first_mut().filter(|_| is_seen) {
            dialog.drawn(now.since);
        }
    }

    /// Whether there is anything new to draw.
    pub fn needs_frame(&self) -> bool {
        self.desk.needs_frame
    }

    /// When something changes though no message comes: a question arms, a second passes.
    pub fn wakes_at(&self, now: Moment) -> Option<Duration> {
        let arming = self.dialog().and_then(|dialog| dialog.wakes_at(now.since));
        // While somebody works, its time is shown to the second.
        let second = Duration::from_secs(now.since.as_secs() + 1);
        let ticking = self.is_running().then_some(second);
        let interrupting = self.desk.input.wakes_at();
        arming.into_iter().chain(ticking).chain(interrupting).min()
    }

    /// What the terminal's title says.
    pub fn title(&self) -> String {
        let what = if self.dialogs.is_empty() {
            match self.state.active() {
                Some(active) => active.id.to_string(),
                None => "waiting for work".to_owned(),
            }
        } else {
            "waits for you".to_owned()
        };
        format!("orchestra {} {what}", self.desk.project)
    }

    /// What a terminal's sign of progress says.
    pub fn busy(&self) -> Busy {
        if !self.dialogs.is_empty() {
            Busy::Waits
        } else if self.is_running() {
            Busy::Runs
        } else {
            Busy::Rests
        }
    }

    /// Whether an agent or a command runs.
    pub(crate) fn is_running(&self) -> bool {
        match &self.state.stage {
            Stage::Milestone(_) => self.dialogs.is_empty() && !self.is_resting(),
            Stage::Asleep | Stage::Looking | Stage::Idle | Stage::Left { .. } => false,
        }
    }

    /// Until when an agent is left alone, where it is.
    pub(crate) fn rests_until(&self) -> Option<jiff::Timestamp> {
        self.state.works().iter().find_map(|work| match work.progress {
            Progress::Backoff { until, .. } => Some(until),
            _ => None,
        })
    }

    fn is_resting(&self) -> bool {
        self.rests_until().is_some()
    }

    /// The question in front.
    pub(crate) fn dialog(&self) -> Option<&Dialog<Gate>> {
        self.dialogs.first().filter(|_| !self.is_behind())
    }

    fn dialog_mut(&mut self) -> Option<&mut Dialog<Gate>> {
        let is_behind = self.is_behind();
        self.dialogs.first_mut().filter(|_| !is_behind)
    }

    /// The question in front was not in sight before.
    fn appears(&mut self) {
        if let Some(dialog) = self.dialog_mut() {
            dialog.appears();
        }
    }

    /// What somebody who looks elsewhere has to know.
    fn notice_of(&self, note: &Note) -> Option<String> {
        let what = match note {
            Note::MilestoneDone { milestone, .. } => format!("{milestone} is done"),
            Note::Parked { milestone, .. } => format!("{milestone} is set aside"),
            Note::Stopping { .. } => "the run has ended".to_owned(),
            _ => return None,
        };
        Some(format!("{}: {what}", self.desk.project))
    }

    /// Whether something is in front of the panes.
    pub(crate) fn is_covered(&self) -> bool {
        self.dialog().is_some() || self.desk.is_covered()
    }

    /// Whether something else is in front of the questions.
    fn is_behind(&self) -> bool {
        self.is_aside || self.desk.is_covered()
    }

    fn seen(&mut self, state: Arc<State>) {
        let what = |state: &State| {
            (std::mem::discriminant(&state.stage), state.active().map(|active| active.id.clone()))
        };
        if what(&self.state) != what(&state) {
            self.since = self.desk.now;
        }
        self.state = state;
    }

    fn noted(&mut self, note: Note, at: Timestamp, line: Option<String>) {
        match note {
            Note::TurnBegan { work, .. } => {
                if let Some(active) = self.state.active() {
                    let spent = self.used.entry((active.id.clone(), work)).or_default();
                    spent.begun.get_or_insert(self.desk.now.since);
                }
                self.usage = Usage::default();
                self.since = self.desk.now;
                if let Some(line) = &line {
                    self.desk.feed.heading(line.clone());
                }
            }
            Note::Committed { work, usage, .. } => {
                if let Some(active) = self.state.active() {
                    let spent = self.used.entry((active.id.clone(), work)).or_default();
                    spent.took = spent.begun.map(|begun| self.desk.now.since.saturating_sub(begun));
                    spent.usage = usage;
                }
                self.desk.feed.turn_is_over(self.desk.now.since);
            }
            Note::Verifying { .. } | Note::Repairing { .. } | Note::Failed { .. } => {
                self.desk.feed.turn_is_over(self.desk.now.since);
                if let Some(line) = &line {
                    self.desk.feed.notice(line.clone());
                }
            }
            Note::Red { .. } | Note::Retrying { .. } | Note::AgentRests { .. } => {
                if let Some(line) = &line {
                    self.desk.feed.notice(line.clone());
                }
            }
            _ => {}
        }
        let Some(line) = line else { return };
        let time = at.to_zoned(self.desk.zone.clone()).strftime("%H:%M:%S").to_string();
        for (index, row) in line.lines().enumerate() {
            let before = if index == 0 { format!("{time} ") } else { String::new() };
            self.log.push_back(before + row);
            self.unseen += 1;
            // What is read stays where it is.
            self.log_back += usize::from(self.log_back > 0);
        }
        while self.log.len() > LOG {
            self.log.pop_front();
        }
        self.log_back = self.log_back.min(self.log.len().saturating_sub(1));
    }

    fn asked(&mut self, asked: Asked, page: Page) {
        // The same question with something new in it stays where it is, and has to arm again.
        if let Some(known) = self.dialogs.iter_mut().find(|known| known.about.asked.gate == asked.gate) {
            known.renew(Gate::new(asked, page));
        } else {
            let unsent = self.unsent.remove(&subject(&asked));
            let mut dialog = Dialog::new(Gate::new(asked, page));
            dialog.take_up(unsent.unwrap_or_default());
            self.dialogs.push(dialog);
        }
        self.since = self.desk.now;
        self.desk.feed.turn_is_over(self.desk.now.since);
        if self.dialogs.len() == 1 {
            self.is_aside = false;
        }
    }

    fn unasked(&mut self, gate: &GateId) {
        let first = self.dialogs.first().map(|dialog| dialog.about.asked.gate.clone());
        if let Some(at) = self.dialogs.iter().position(|dialog| dialog.about.asked.gate == *gate) {
            let dialog = self.dialogs.remove(at);
            let subject = subject(&dialog.about.asked);
            let comments = dialog.into_comments();
            if comments.count() > 0 {
                self.unsent.insert(subject, comments);
            }
        }
        if first.as_ref() == Some(gate) {
            self.is_aside = false;
            if let Some(next) = self.dialogs.first_mut() {
                next.appears();
            }
        }
    }

    fn tick(&mut self) -> Vec<Command> {
        let (now, history) = (self.desk.now.since, self.desk.history.clone());
        self.desk.input.tick(now);
        match self.dialog_mut().map(|dialog| dialog.tick(now, &history)) {
            Some(outcome) => self.came_of(outcome),
            None => Vec::new(),
        }
    }

    fn key(&mut self, key: &KeyEvent) -> Vec<Command> {
        self.desk.word = None;
        // No text takes it either.
        if is_foreign(key) {
            self.touched();
            return Vec::new();
        }
        let place = self.here();
        let action = self.desk.keys.find(key, place);
        if let Some(command) = action.and_then(manners::at_once) {
            self.touched();
            return vec![command];
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
    fn in_front(&mut self, key: &KeyEvent, action: Option<Action>) -> Vec<Command> {
        match self.desk.front_key(key, action) {
            Front::Nothing => {}
            Front::Taken => return Vec::new(),
            Front::Gone => {
                self.appears();
                return Vec::new();
            }
            Front::Wants(want) => return vec![Command::Read(want)],
        }
        let (now, spread) = (self.desk.now.since, panes(self).and_then(|panes| panes.dialog));
        let height = spread.map_or(0, |spread| spread.page.height);
        if let Some(dialog) = self.dialog_mut() {
            let outcome = dialog.key(now, key, action, height);
            return self.came_of(outcome);
        }
        match (action, panes(self)) {
            (_, Some(panes)) if self.focus == Focus::Input => self.input_key(key, action, &panes),
            (Some(action), Some(panes)) => self.act(action, &panes),
            _ => Vec::new(),
        }
    }

    fn came_of(&mut self, outcome: Outcome<Answer>) -> Vec<Command> {
        match outcome {
            Outcome::Nothing => Vec::new(),
            Outcome::Aside => {
                self.is_aside = true;
                // To look around, by letters too.
                self.focus = if self.focus == Focus::Input { Focus::Feed } else { self.focus };
                Vec::new()
            }
            Outcome::Answered(answer) => {
                // It stays until the worker has taken the answer; no key answers it twice.
                let Some(dialog) = self.dialogs.first_mut() else { return Vec::new() };
                if matches!(answer, Answer::Revise { .. }) {
                    // They go with the answer.
                    dialog.take_up(Comments::default());
                }
                let gate = dialog.about.asked.gate.clone();
                self.unasked(&gate);
                let kept = manners::written(&answer)
                    .and_then(|text| self.desk.remember(text))
                    .map(Command::Remember);
                std::iter::once(Command::Answer { gate, answer }).chain(kept).collect()
            }
        }
    }
}

/// What a question is about, whichever time it is asked.
fn subject(asked: &Asked) -> (&'static str, Option<MilestoneId>) {
    (asked.question.name(), asked.question.milestone().cloned())
}

#[cfg(test)]
mod tests;
