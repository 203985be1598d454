//! A question in front of everything: what it is about, how it can be answered, and the text that an answer takes.

use std::time::Duration;

use orchestra_core::record::Answer;
use orchestra_core::worker::{Asked, Question};
use ratatui::crossterm::event::KeyEvent;
use ratatui::text::Line;

use crate::entry::{Entered, Entry, History};
use crate::key::{Action, name_of};
use crate::text::wrap;
use crate::theme::Theme;

mod arming;
mod page;

pub use page::Page;

use arming::Arming;

/// A way to answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Way {
    /// The key.
    pub(crate) key: char,
    /// What it does, in this question.
    pub(crate) label: &'static str,
    answer: Kind,
}

/// What becomes of a way.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Kind {
    Approve,
    Revise,
    Retry,
    RetryWithNote,
    Skip,
    Keep,
    Restore,
    Finish,
    PushTo,
    Verify,
    Stop,
}

/// A question on the screen.
#[derive(Debug)]
pub(crate) struct Dialog {
    pub(crate) asked: Asked,
    page: Page,
    arming: Arming<Kind>,
    /// The text that the answer takes, while it is written.
    writing: Option<(Kind, Entry)>,
    /// The first row of the page that is shown.
    top: usize,
    rows: Vec<Line<'static>>,
    laid_out: Option<(u16, Theme)>,
}

/// What a key came to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Outcome {
    /// Nothing that anybody else has to know.
    Nothing,
    /// The question is put aside.
    Aside,
    /// It is answered.
    Answered(Answer),
}

impl Dialog {
    pub(crate) fn new(asked: Asked, page: Page) -> Self {
        Self {
            asked,
            page,
            arming: Arming::default(),
            writing: None,
            top: 0,
            rows: Vec::new(),
            laid_out: None,
        }
    }

    /// The same question with something new in it: what was half written for it stays.
    pub(crate) fn renew(&mut self, asked: Asked, page: Page) {
        let writing = self.writing.take();
        *self = Self { writing, ..Self::new(asked, page) };
    }

    /// The ways to answer.
    pub(crate) fn ways(&self) -> Vec<Way> {
        ways(&self.asked.question)
    }

    /// It comes to the front, or something in front of it has gone.
    pub(crate) fn appears(&mut self) {
        self.arming.changed();
    }

    /// It was drawn.
    pub(crate) fn drawn(&mut self, now: Duration) {
        self.arming.drawn(now);
    }

    /// Whether an answer would be taken.
    pub(crate) fn is_armed(&self, now: Duration) -> bool {
        self.arming.is_armed(now)
    }

    /// When something changes by itself.
    pub(crate) fn wakes_at(&self, now: Duration) -> Option<Duration> {
        if self.writing.is_some() { None } else { self.arming.wakes_at(now) }
    }

    /// The text that is being written, with what it is for.
    pub(crate) fn entry(&self) -> Option<(&'static str, &Entry)> {
        self.writing.as_ref().map(|(kind, entry)| (kind.asks_for(), entry))
    }

    /// Makes rows for a width. To be called before a frame is drawn.
    pub(crate) fn lay_out(&mut self, width: u16, theme: Theme) {
        if self.laid_out != Some((width, theme)) {
            let lines = self.page.lines(&self.asked.question, theme);
            self.rows = lines.iter().flat_map(|line| wrap(line, width)).collect();
            self.laid_out = Some((width, theme));
        }
    }

    /// All rows of the page.
    pub(crate) fn rows(&self) -> &[Line<'static>] {
        &self.rows
    }

    /// The first row that is shown where there are so many.
    pub(crate) fn top(&self, height: u16) -> usize {
        self.top.min(self.rows.len().saturating_sub(usize::from(height)))
    }

    /// The whole page as text, its lines as long as they are.
    pub(crate) fn text(&self, theme: Theme) -> String {
        let lines = self.page.lines(&self.asked.question, theme).into_iter().map(|line| {
            let spans = line.first.into_iter().chain(line.text);
            spans.map(|span| span.content.into_owned()).collect::<String>().trim_end().to_owned()
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    /// A key came that answers nothing.
    pub(crate) fn touched(&mut self, now: Duration) {
        self.arming.key(now, None);
    }

    /// Time passes.
    pub(crate) fn tick(&mut self, now: Duration, history: &History) -> Outcome {
        match self.arming.take(now) {
            Some(kind) => self.chosen(kind, history),
            None => Outcome::Nothing,
        }
    }

    /// A key with what it does here, and the height of the page that is in sight.
    pub(crate) fn key(
        &mut self,
        now: Duration,
        key: &KeyEvent,
        action: Option<Action>,
        height: u16,
    ) -> Outcome {
        if let Some((kind, entry)) = &mut self.writing {
            let kind = *kind;
            return match entry.key(now, key) {
                Entered::Nothing => Outcome::Nothing,
                Entered::Left => {
                    self.writing = None;
                    self.arming.changed();
                    Outcome::Nothing
                }
                Entered::Text(text) => self.written(kind, text),
            };
        }
        let way = name_of(key).and_then(|name| {
            let mut signs = name.chars();
            let sign = signs.next().filter(|_| signs.next().is_none())?;
            self.ways().into_iter().find(|way| way.key == sign)
        });
        self.arming.key(now, way.map(|way| way.answer));
        if way.is_some() {
            return Outcome::Nothing;
        }
        self.scroll(action, height)
    }

    /// A paste: never an answer.
    pub(crate) fn paste(&mut self, now: Duration, text: &str) {
        match &mut self.writing {
            Some((_, entry)) => entry.paste(now, text),
            None => self.arming.key(now, None),
        }
    }

    fn scroll(&mut self, action: Option<Action>, height: u16) -> Outcome {
        let (top, page) = (self.top(height), usize::from(height.max(2)) - 1);
        let last = self.rows.len().saturating_sub(usize::from(height));
        self.top = match action {
            Some(Action::Back) => return Outcome::Aside,
            Some(Action::Up) => top.saturating_sub(1),
            Some(Action::Down) => top + 1,
            Some(Action::PageUp) => top.saturating_sub(page),
            Some(Action::PageDown) => top + page,
            Some(Action::Top) => 0,
            Some(Action::Bottom) => last,
            _ => top,
        };
        Outcome::Nothing
    }

    fn chosen(&mut self, kind: Kind, history: &History) -> Outcome {
        if let Some(answer) = kind.alone() {
            return Outcome::Answered(answer);
        }
        self.writing = Some((kind, Entry::with(history.clone())));
        Outcome::Nothing
    }

    fn written(&mut self, kind: Kind, text: String) -> Outcome {
        let answer = kind.with(text);
        if self.asked.question.admits(&answer) {
            return Outcome::Answered(answer);
        }
        // Nothing was written: the person is asked again.
        Outcome::Nothing
    }
}

impl Kind {
    /// The answer, where it takes no text.
    fn alone(self) -> Option<Answer> {
        match self {
            Self::Approve => Some(Answer::Approve),
            Self::Retry => Some(Answer::Retry { note: None }),
            Self::Skip => Some(Answer::Skip),
            Self::Keep => Some(Answer::Keep),
            Self::Restore => Some(Answer::Restore),
            Self::Finish => Some(Answer::Finish),
            Self::Stop => Some(Answer::Stop),
            Self::Revise | Self::RetryWithNote | Self::PushTo | Self::Verify => None,
        }
    }

    fn with(self, text: String) -> Answer {
        match self {
            Self::Revise => Answer::Revise { feedback: text },
            Self::PushTo => Answer::PushTo { branch: text.trim().to_owned() },
            Self::Verify => Answer::Verify { command: text.trim().to_owned() },
            _ => Answer::Retry { note: Some(text).filter(|text| !text.trim().is_empty()) },
        }
    }

    fn asks_for(self) -> &'static str {
        match self {
            Self::Revise => "What should change?",
            Self::PushTo => "Which branch on the remote?",
            Self::Verify => "Which command tells red from green?",
            _ => "A note for the agent:",
        }
    }
}

/// The ways to answer a question. Keys mean the same in all of them.
fn ways(question: &Question) -> Vec<Way> {
    let takes_note = matches!(question, Question::Failed { .. } | Question::Interrupted { .. });
    let mut ways = Vec::new();
    for word in question.answers() {
        let (key, label, answer) = match (word, question) {
            ("approve", Question::Rfc { .. }) => ('a', "approve", Kind::Approve),
            ("approve", Question::Trust { .. }) => ('a', "run them", Kind::Approve),
            ("approve", Question::TooLarge { .. }) => ('a', "save them", Kind::Approve),
            ("approve", _) => ('a', "push", Kind::Approve),
            ("revise", _) => ('r', "revise", Kind::Revise),
            ("finish", _) => ('f', "finish without a push", Kind::Finish),
            ("push-to", _) => ('b', "another branch", Kind::PushTo),
            ("retry", _) => ('t', "try again", Kind::Retry),
            ("skip", _) => ('x', "go on without it", Kind::Skip),
            ("keep", Question::MayBeYours { .. }) => ('k', "mine, keep", Kind::Keep),
            ("keep", Question::RedBase { .. }) => ('k', "do not count", Kind::Keep),
            ("keep", _) => ('k', "keep", Kind::Keep),
            ("restore", _) => ('p', "put back", Kind::Restore),
            ("verify", _) => ('v', "verify by another command", Kind::Verify),
            (_, Question::Trust { .. }) => ('s', "run nothing", Kind::Stop),
            _ => ('s', "leave it waiting", Kind::Stop),
        };
        ways.push(Way { key, label, answer });
        if word == "retry" && takes_note {
            ways.push(Way { key: 'n', label: "with a note", answer: Kind::RetryWithNote });
        }
    }
    ways
}
