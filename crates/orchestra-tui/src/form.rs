//! Questions of an agent's in front of everything, answered together: by options, by words, or not at all.
//!
//! As any question it takes no key that was meant for something else: nothing is chosen or written before it has armed, and
//! what sends the answers counts only alone.

use std::collections::BTreeSet;
use std::time::Duration;

use orchestra_core::conversation::{AskId, Verdict};
use orchestra_core::own_tool::{Form, FormAnswer, FormQuestion};
use orchestra_core::words::counted;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::text::Line;

use crate::entry::{Entered, Entry};
use crate::key::Action;
use crate::question::{Arming, Outcome};
use crate::theme::Theme;

mod rows;

pub(crate) use rows::SET_IN;

/// How long nothing may come before a key that chooses or sends: what is pasted comes at once.
const ALONE: Duration = Duration::from_millis(50);

/// Questions that are answered together.
#[derive(Debug)]
pub(crate) struct Questions {
    pub(crate) ask: AskId,
    form: Form,
    arming: Arming<Verdict>,
    given: Vec<Given>,
    items: Vec<Item>,
    /// Which of the items is chosen.
    at: usize,
    last_key: Option<Duration>,
    /// Whether it was said that some have no answer, and nothing was pressed since.
    is_warned: bool,
    /// The rows, and the item of each.
    rows: Vec<(Line<'static>, Option<usize>)>,
    laid_out: Option<(u16, Theme)>,
}

/// What was answered to a question so far.
#[derive(Debug, Default)]
struct Given {
    chosen: BTreeSet<usize>,
    words: Entry,
}

/// Something that can be chosen.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Item {
    /// An option of a question.
    Option(usize, usize),
    /// Where one answers a question in words of one's own.
    Words(usize),
    Send,
    /// None of them is answered.
    Discard,
}

impl Item {
    fn question(self) -> Option<usize> {
        match self {
            Self::Option(question, _) | Self::Words(question) => Some(question),
            Self::Send | Self::Discard => None,
        }
    }
}

impl Questions {
    /// Whether there is but one.
    pub(crate) fn is_one(&self) -> bool {
        self.form.questions.len() == 1
    }

    pub(crate) fn new(ask: AskId, form: Form) -> Self {
        let of = |(number, question): (usize, &FormQuestion)| {
            let options = (0..question.options.len()).map(move |option| Item::Option(number, option));
            options.chain([Item::Words(number)]).collect::<Vec<_>>()
        };
        let mut items: Vec<Item> = form.questions.iter().enumerate().flat_map(of).collect();
        items.extend([Item::Send, Item::Discard]);
        let given = form.questions.iter().map(|_| Given::default()).collect();
        Self {
            ask,
            form,
            arming: Arming::default(),
            given,
            items,
            at: 0,
            last_key: None,
            is_warned: false,
            rows: Vec::new(),
            laid_out: None,
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

    /// Whether a key would choose something.
    pub(crate) fn is_armed(&self, now: Duration) -> bool {
        self.arming.is_armed(now)
    }

    /// When something changes by itself.
    pub(crate) fn wakes_at(&self, now: Duration) -> Option<Duration> {
        self.arming.wakes_at(now)
    }

    /// A key came that is for something else.
    pub(crate) fn touched(&mut self, now: Duration) {
        self.arming.key(now, None);
    }

    /// Time passes.
    pub(crate) fn tick(&mut self, now: Duration) -> Outcome<Verdict> {
        self.arming.take(now).map_or(Outcome::Nothing, Outcome::Answered)
    }

    /// Whether letters are text.
    pub(crate) fn is_typing(&self) -> bool {
        matches!(self.item(), Item::Words(_))
    }

    /// What the person should know before they go on.
    pub(crate) fn warning(&self) -> Option<String> {
        let count = self.unanswered().count();
        let word = format!("{} without an answer: enter again sends it so", counted(count, "question"));
        self.is_warned.then_some(word)
    }

    /// Whether every question has an answer.
    pub(crate) fn is_answered(&self) -> bool {
        self.unanswered().next().is_none()
    }

    /// A key with what it does here.
    pub(crate) fn key(&mut self, now: Duration, key: &KeyEvent, action: Option<Action>) -> Outcome<Verdict> {
        self.laid_out = None;
        let (is_armed, was_warned) = (self.is_armed(now), std::mem::take(&mut self.is_warned));
        if action == Some(Action::Back) || key.code == KeyCode::Esc {
            self.arming.key(now, None);
            return Outcome::Aside;
        }
        let is_alone = self.last_key.is_none_or(|last| now.saturating_sub(last) >= ALONE);
        self.last_key = Some(now);
        let is_plain = (key.modifiers - KeyModifiers::SHIFT).is_empty();
        let given = match (key.code, action) {
            (KeyCode::Up, _) if is_plain && self.leaves_words(true) => self.step(true),
            (KeyCode::Down, _) if is_plain && self.leaves_words(false) => self.step(false),
            (KeyCode::Tab, _) | (_, Some(Action::PageDown)) => self.turn(false),
            (KeyCode::BackTab, _) | (_, Some(Action::PageUp)) => self.turn(true),
            _ if !is_armed || !(is_alone || self.is_typing()) => None,
            _ => self.armed_key(now, key, was_warned),
        };
        self.arming.key(now, given);
        Outcome::Nothing
    }

    /// A paste: it is text where text is written, and nothing else. False where there was no room for all of it.
    pub(crate) fn paste(&mut self, now: Duration, text: &str) -> bool {
        self.laid_out = None;
        let is_armed = self.is_armed(now);
        self.arming.key(now, None);
        match self.item() {
            Item::Words(question) if is_armed => self.given[question].words.paste(now, text),
            _ => true,
        }
    }

    fn item(&self) -> Item {
        self.items[self.at]
    }

    /// The text that is being written.
    pub(crate) fn entry(&self) -> Option<&Entry> {
        match self.item() {
            Item::Words(question) => Some(&self.given[question].words),
            Item::Option(..) | Item::Send | Item::Discard => None,
        }
    }

    /// Whether an arrow leads out of a text: within one of several rows it goes along them.
    fn leaves_words(&self, is_up: bool) -> bool {
        let Some(entry) = self.entry() else { return true };
        let row = entry.area().cursor().0;
        if is_up { row == 0 } else { row + 1 >= entry.area().lines().len() }
    }

    /// To the item above or below.
    fn step(&mut self, is_up: bool) -> Option<Verdict> {
        let last = self.items.len() - 1;
        self.at = if is_up { self.at.saturating_sub(1) } else { (self.at + 1).min(last) };
        None
    }

    /// To the next question, or the one before; behind the last one is what sends.
    fn turn(&mut self, back: bool) -> Option<Verdict> {
        let here = self.item().question().unwrap_or(self.form.questions.len());
        let count = self.form.questions.len() + 1;
        self.go_to(if back { (here + count - 1) % count } else { (here + 1) % count });
        None
    }

    /// To the first item of a question, or to what sends.
    fn go_to(&mut self, question: usize) {
        let is_it = |item: &Item| item.question() == Some(question);
        let send = self.items.len() - 2;
        self.at = self.items.iter().position(is_it).unwrap_or(send);
    }

    fn armed_key(&mut self, now: Duration, key: &KeyEvent, was_warned: bool) -> Option<Verdict> {
        match (self.item(), key.code) {
            (Item::Words(question), _) => match self.given[question].words.key(now, key) {
                Entered::Text(_) => self.enter(was_warned),
                Entered::Nothing | Entered::Left => None,
            },
            (_, KeyCode::Enter) | (Item::Send | Item::Discard, KeyCode::Char(' ')) => self.enter(was_warned),
            (Item::Option(question, option), KeyCode::Char(' ')) => self.choose(question, option),
            (Item::Option(question, _), KeyCode::Char(digit @ '1'..='9')) if key.modifiers.is_empty() => {
                let option = digit.to_digit(10).map_or(0, |digit| digit as usize - 1);
                if option < self.form.questions[question].options.len() {
                    self.go_to(question);
                    self.at += option;
                    self.choose(question, option);
                }
                None
            }
            _ => None,
        }
    }

    fn choose(&mut self, question: usize, option: usize) -> Option<Verdict> {
        let is_several = self.form.questions[question].several;
        let chosen = &mut self.given[question].chosen;
        if chosen.remove(&option) {
            return None;
        }
        if !is_several {
            chosen.clear();
        }
        chosen.insert(option);
        None
    }

    fn enter(&mut self, was_warned: bool) -> Option<Verdict> {
        match self.item() {
            Item::Option(question, option) if !self.has_answer(question) => {
                self.choose(question, option);
                if !self.form.questions[question].several {
                    self.go_on(question);
                }
                None
            }
            Item::Discard => Some(Verdict::Discard),
            _ if self.is_answered() => Some(self.answers()),
            Item::Send if was_warned => Some(self.answers()),
            Item::Send => {
                self.is_warned = true;
                None
            }
            Item::Option(question, _) | Item::Words(question) => {
                self.go_on(question);
                None
            }
        }
    }

    /// To the next question without an answer; where there is none but this one, to what sends.
    fn go_on(&mut self, question: usize) {
        let count = self.form.questions.len();
        let others = (1..count).map(|step| (question + step) % count);
        let next = others.into_iter().find(|other| !self.has_answer(*other));
        self.go_to(next.unwrap_or(count));
    }

    fn has_answer(&self, question: usize) -> bool {
        let given = &self.given[question];
        !given.chosen.is_empty() || !given.words.text().trim().is_empty()
    }

    fn unanswered(&self) -> impl Iterator<Item = usize> {
        (0..self.given.len()).filter(|question| !self.has_answer(*question))
    }

    fn answers(&self) -> Verdict {
        let answer = |(question, given): (&FormQuestion, &Given)| FormAnswer {
            chosen: given.chosen.iter().map(|option| question.options[*option].label.clone()).collect(),
            words: given.words.text().trim().to_owned(),
        };
        Verdict::Answers(self.form.questions.iter().zip(&self.given).map(answer).collect())
    }
}
