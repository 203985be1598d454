//! A question in front of everything: what it is about, how it can be answered, and the text that an answer takes.
//!
//! What it is about is a [`Subject`]: a question of the worker's, or something that was proposed.

use std::time::Duration;

use ratatui::crossterm::event::{KeyCode, KeyEvent};
use ratatui::text::Span;

use crate::entry::{Entered, Entry, History};
use crate::key::{Action, name_of};
use crate::search::For;
use crate::sheet::{Mark, Piece, Sheet};
use crate::spot::Spot;
use crate::theme::Theme;

mod arming;
mod comments;
mod gate;
mod page;
mod proposal;
mod ways;

pub(crate) use comments::Comments;
pub(crate) use gate::Gate;
pub use page::Page;
pub(crate) use proposal::Proposal;
pub(crate) use ways::{Kind, Way};

pub(crate) use arming::Arming;

/// What a question is about.
pub(crate) trait Subject {
    /// What an answer is.
    type Answer;

    /// What stands above it.
    fn title(&self) -> String;
    /// The keys that answer it.
    fn ways(&self) -> Vec<Way>;
    /// Whether lines of it can be commented on: where something can be sent back.
    fn takes_comments(&self) -> bool;
    /// Whether it is a proposal: its files can be folded, and opened in an editor.
    fn is_proposal(&self) -> bool;

    /// Whether its files are edited in the person's editor before they are written.
    fn is_edited(&self) -> bool;
    /// All of it, a logical line each, without the comments themselves.
    fn pieces(&self, comments: &Comments, theme: Theme) -> Vec<Piece>;
    /// The answer that a way gives, with the text that belongs to it. None where it is not to be had so.
    fn answer(&self, kind: Kind, text: String) -> Option<Self::Answer>;
}

/// A question on the screen.
#[derive(Debug)]
pub(crate) struct Dialog<S> {
    pub(crate) about: S,
    arming: Arming<Kind>,
    writing: Option<Writing>,
    /// Whether there was something new in it while an answer was written.
    is_renewed: bool,
    comments: Comments,
    pub(crate) sheet: Sheet,
    laid_out: Option<(u16, Theme)>,
}

/// A text, while it is written.
#[derive(Debug)]
enum Writing {
    /// What an answer takes.
    Answer(Kind, Entry),
    /// What is said of a line: a new comment, or the one with this number.
    Comment(Spot, Option<usize>, Entry),
}

/// What a key came to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Outcome<A> {
    /// Nothing that anybody else has to know.
    Nothing,
    /// The question is put aside.
    Aside,
    /// It is answered.
    Answered(A),
}

impl<S: Subject> Dialog<S> {
    pub(crate) fn new(about: S) -> Self {
        Self {
            about,
            arming: Arming::default(),
            writing: None,
            is_renewed: false,
            comments: Comments::default(),
            sheet: Sheet::default(),
            laid_out: None,
        }
    }

    /// The same question with something new in it: what was written for it stays.
    pub(crate) fn renew(&mut self, about: S) {
        let (writing, comments) = (self.writing.take(), std::mem::take(&mut self.comments));
        let is_renewed = matches!(writing, Some(Writing::Answer(..)));
        let mut renewed = Self { writing, is_renewed, comments, ..Self::new(about) };
        renewed.sheet.search = std::mem::take(&mut self.sheet.search);
        *self = renewed;
    }

    /// Takes up what was said of the same thing when it was asked about before.
    pub(crate) fn take_up(&mut self, comments: Comments) {
        self.comments = comments;
        self.laid_out = None;
    }

    /// All that was said of lines of it, what is being written included.
    pub(crate) fn into_comments(mut self) -> Comments {
        match self.writing.take() {
            Some(Writing::Comment(about, None, entry)) => self.comments.add(about, &entry.text()),
            Some(Writing::Comment(_, Some(number), entry)) => self.comments.edit(number, &entry.text()),
            Some(Writing::Answer(..)) | None => {}
        }
        self.comments
    }

    /// How many comments there are.
    pub(crate) fn comment_count(&self) -> usize {
        self.comments.count()
    }

    /// The keys that do something to it.
    pub(crate) fn ways(&self) -> Vec<Way> {
        let mut ways = self.about.ways();
        ways.extend(self.about.is_edited().then_some(Way::EDIT));
        ways.extend(self.about.takes_comments().then_some(Way::COMMENT));
        ways
    }

    /// Whether a letter does something to it.
    pub(crate) fn has_key(&self, key: char) -> bool {
        self.ways().iter().any(|way| way.key == key)
    }

    /// Whether a way would be taken now, but for its arming: a comment needs a line that it can be on.
    pub(crate) fn is_open(&self, way: Way) -> bool {
        way != Way::COMMENT || self.target().is_some()
    }

    /// What a comment would be on, with the comment that is there.
    fn target(&self) -> Option<(Spot, Option<usize>)> {
        let (line, mark) = self.sheet.here()?;
        match mark {
            Mark::Line(spot) => Some((spot.clone(), self.comments.below(self.sheet.pieces(), line))),
            Mark::Comment(number) => {
                self.comments.get(*number).map(|(about, _)| (about.clone(), Some(*number)))
            }
            Mark::None | Mark::Choice(_) => None,
        }
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
        self.arming.is_armed(now) && !self.is_typing()
    }

    /// When something changes by itself.
    pub(crate) fn wakes_at(&self, now: Duration) -> Option<Duration> {
        if self.is_typing() && self.may_send(now) { None } else { self.arming.wakes_at(now) }
    }

    /// Whether an answer that is written would be sent. What is new has to be seen first; a comment waits for nothing.
    pub(crate) fn may_send(&self, now: Duration) -> bool {
        !self.is_renewed || self.arming.is_armed(now)
    }

    /// Whether letters are text.
    pub(crate) fn is_typing(&self) -> bool {
        self.writing.is_some() || self.sheet.search.is_typing()
    }

    /// The text that is being written, with what it is for.
    pub(crate) fn entry(&self) -> Option<(String, &Entry)> {
        self.writing.as_ref().map(|writing| match writing {
            Writing::Answer(kind, entry) => (kind.asks_for().to_owned(), entry),
            Writing::Comment(about, _, entry) => (format!("Comment on {}:", about.place()), entry),
        })
    }

    /// Whether the text that is being written is a comment.
    pub(crate) fn is_commenting(&self) -> bool {
        matches!(self.writing, Some(Writing::Comment(..)))
    }

    /// Makes rows for a width. To be called before a frame is drawn.
    pub(crate) fn lay_out(&mut self, width: u16, theme: Theme) {
        if self.laid_out != Some((width, theme)) {
            let pieces = self.about.pieces(&self.comments, theme);
            let mut pieces = self.comments.among(pieces, theme);
            if self.about.is_proposal() {
                self.mark_folds(&mut pieces, theme);
            }
            self.sheet.lay_out(pieces, self.about.takes_comments(), width);
            self.laid_out = Some((width, theme));
        }
    }

    /// Says before the head of each file whether the rest of it is shown.
    fn mark_folds(&self, pieces: &mut [Piece], theme: Theme) {
        let heads = pieces.iter_mut().filter(|piece| piece.is_file);
        for (file, piece) in heads.enumerate() {
            let sign =
                if self.sheet.is_folded(file) { theme.sign("▹ ", "+ ") } else { theme.sign("▿ ", "- ") };
            piece.long.first = vec![Span::styled(sign, theme.accent())];
        }
    }

    /// The whole page as text, its lines as long as they are.
    pub(crate) fn text(&self, theme: Theme) -> String {
        let pieces = self.about.pieces(&self.comments, theme);
        let lines = self.comments.among(pieces, theme).into_iter().map(|piece| piece.text());
        lines.collect::<Vec<_>>().join("\n")
    }

    /// A key came that answers nothing.
    pub(crate) fn touched(&mut self, now: Duration) {
        self.arming.key(now, None);
    }

    /// The wheel was turned over it: its page moves, and nothing is answered.
    pub(crate) fn roll(&mut self, now: Duration, rows: isize, height: u16) {
        self.touched(now);
        self.sheet.roll(rows, height);
    }

    /// Time passes.
    pub(crate) fn tick(&mut self, now: Duration, history: &History) -> Outcome<S::Answer> {
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
    ) -> Outcome<S::Answer> {
        let may_send = self.may_send(now);
        if let Some(Writing::Answer(_, entry) | Writing::Comment(_, _, entry)) = &mut self.writing {
            return match entry.key(now, key) {
                Entered::Nothing => Outcome::Nothing,
                Entered::Text(_) if !may_send => Outcome::Nothing,
                Entered::Left => {
                    (self.writing, self.is_renewed) = (None, false);
                    self.arming.changed();
                    Outcome::Nothing
                }
                Entered::Text(text) => self.written(text),
            };
        }
        if self.sheet.search.is_typing() {
            if self.sheet.typed(key, height) {
                self.laid_out = None;
            }
            if !self.sheet.search.is_typing() {
                self.arming.changed();
            }
            return Outcome::Nothing;
        }
        let kind = match action {
            // The only way whose key a person can change.
            Some(Action::Comment) => Some(Kind::Comment).filter(|_| self.about.takes_comments()),
            _ => name_of(key).and_then(|name| {
                let mut signs = name.chars();
                let sign = signs.next().filter(|_| signs.next().is_none())?;
                self.about.ways().into_iter().find(|way| way.key == sign).map(|way| way.kind)
            }),
        };
        self.arming.key(now, kind);
        if kind.is_some() {
            return Outcome::Nothing;
        }
        match (key.code, action) {
            (KeyCode::Char('n'), _) => self.sheet.jump(false, height),
            (KeyCode::Char('N'), _) => self.sheet.jump(true, height),
            (_, Some(Action::Search)) => {
                self.sheet.ask(For::Search);
                if self.sheet.unfold() {
                    self.laid_out = None;
                }
            }
            (_, Some(Action::Toggle)) if self.about.is_proposal() => {
                self.sheet.fold(height);
                self.laid_out = None;
            }
            (_, Some(Action::ToggleAll)) if self.about.is_proposal() => {
                self.sheet.fold_all();
                self.laid_out = None;
            }
            (_, Some(Action::NextPart)) => self.sheet.go_to_file(false, height),
            (_, Some(Action::PreviousPart)) => self.sheet.go_to_file(true, height),
            (_, Some(Action::Back)) => return Outcome::Aside,
            _ => self.sheet.scroll(action, height),
        }
        Outcome::Nothing
    }

    /// A paste: never an answer. False where there was no room for all of it.
    pub(crate) fn paste(&mut self, now: Duration, text: &str) -> bool {
        match &mut self.writing {
            Some(Writing::Answer(_, entry) | Writing::Comment(_, _, entry)) => return entry.paste(now, text),
            None if self.sheet.search.is_typing() => self.sheet.search.paste(text),
            None => self.arming.key(now, None),
        }
        true
    }

    fn chosen(&mut self, kind: Kind, history: &History) -> Outcome<S::Answer> {
        if kind == Kind::Comment {
            self.comment(history);
            return Outcome::Nothing;
        }
        if !kind.takes_text() {
            return self.about.answer(kind, String::new()).map_or(Outcome::Nothing, Outcome::Answered);
        }
        let text =
            if kind == Kind::Revise { self.comments.written(self.sheet.pieces()) } else { String::new() };
        self.writing = Some(Writing::Answer(kind, Entry::with_text(history.clone(), &text)));
        Outcome::Nothing
    }

    /// Begins a comment on the chosen line, or goes on with the one that is there.
    pub(crate) fn comment(&mut self, history: &History) {
        let Some((about, number)) = self.target() else { return };
        let text = number.and_then(|number| self.comments.get(number)).map(|(_, text)| text);
        let entry = Entry::with_text(history.clone(), text.unwrap_or_default());
        self.writing = Some(Writing::Comment(about, number, entry));
    }

    fn written(&mut self, text: String) -> Outcome<S::Answer> {
        match self.writing.take() {
            Some(Writing::Comment(about, number, _)) => {
                match number {
                    Some(number) => self.comments.edit(number, &text),
                    None => self.comments.add(about, &text),
                }
                self.laid_out = None;
                self.arming.changed();
            }
            Some(Writing::Answer(kind, entry)) => {
                if let Some(answer) = self.about.answer(kind, text) {
                    return Outcome::Answered(answer);
                }
                // Nothing was written: the person is asked again.
                self.writing = Some(Writing::Answer(kind, entry));
            }
            None => {}
        }
        Outcome::Nothing
    }
}
