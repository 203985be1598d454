//! What every screen has: how it looks, its keys, what is said and written, and what can be in front of its panes.

use std::time::Duration;

use jiff::tz::TimeZone;
use orchestra_core::conversation::{Typed, parse};
use orchestra_core::plan::Role;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::layout::Rect;

use crate::entry::{Entry, History};
use crate::feed::Feed;
use crate::key::{Action, Keys};
use crate::moment::Moment;
use crate::palette::Palette;
use crate::theme::Theme;
use crate::viewer::{Came, Viewer, Want};

mod mouse;

pub(crate) use mouse::Used;

/// No key: where an action is done that no key stands for.
pub(crate) const NO_KEY: KeyEvent = KeyEvent::new(KeyCode::Null, KeyModifiers::NONE);
/// What leads back out of a text.
pub(crate) const ESC: KeyEvent = KeyEvent::new(KeyCode::Esc, KeyModifiers::NONE);
/// How soon after the first press of a key the second counts as its second.
pub(crate) const TWICE: Duration = Duration::from_secs(1);
/// The longest text that is sent, in bytes: it stands in what is kept, and in every later brief of its work.
pub(crate) const LONGEST: usize = 64 * 1024;
/// What is said of a paste that is longer than what a text has room for.
pub(crate) const CUT: &str = "the end of the paste was left out: a text takes 256 KiB";
/// What a key did in front of the panes.
#[derive(Debug)]
pub(crate) enum Front {
    /// Nothing is there.
    Nothing,
    /// It was taken.
    Taken,
    /// Something is there no more, or another text.
    Gone,
    /// This is to be read.
    Wants(Want),
}

/// What every screen has.
#[derive(Debug)]
pub(crate) struct Desk {
    pub(crate) project: String,
    pub(crate) theme: Theme,
    pub(crate) zone: TimeZone,
    pub(crate) area: Rect,
    pub(crate) now: Moment,
    pub(crate) feed: Feed,
    pub(crate) input: Input,
    pub(crate) keys: Keys,
    /// Whether the keys are shown, and the first row of them.
    pub(crate) help: Option<usize>,
    pub(crate) viewer: Option<Viewer>,
    pub(crate) palette: Option<Palette>,
    /// What became of what the person wanted last, until they press another key.
    pub(crate) word: Option<String>,
    pub(crate) history: History,
    /// Whether the mouse is ours.
    pub(crate) has_mouse: bool,
    pub(crate) needs_frame: bool,
}

impl Desk {
    /// One on which nothing has happened. `zone` is where the person is.
    pub(crate) fn new(project: String, theme: Theme, zone: TimeZone, now: Moment) -> Self {
        Self {
            project,
            theme,
            zone,
            area: Rect::default(),
            now,
            feed: Feed::default(),
            input: Input::default(),
            keys: Keys::default(),
            help: None,
            viewer: None,
            palette: None,
            word: None,
            history: History::default(),
            has_mouse: false,
            needs_frame: true,
        }
    }

    /// Takes what the person wrote earlier, oldest first.
    pub(crate) fn recall(&mut self, texts: Vec<String>) {
        self.history = History::new(texts);
        self.input = Input::with(self.history.clone());
    }

    /// Whether something to look at is in front of the panes, and of questions.
    pub(crate) fn is_covered(&self) -> bool {
        self.help.is_some() || self.viewer.is_some() || self.palette.is_some()
    }

    /// Takes a key where the keys are shown or something is read.
    pub(crate) fn front_key(&mut self, key: &KeyEvent, action: Option<Action>) -> Front {
        if self.help.is_some() {
            self.help_key(action);
            return if self.help.is_none() { Front::Gone } else { Front::Taken };
        }
        let Some(mut viewer) = self.viewer.take() else { return Front::Nothing };
        let came = viewer.key(key, action, self.area.height.saturating_sub(4));
        let (viewer, front) = match came {
            Came::Nothing => (Some(viewer), Front::Taken),
            Came::Closed => (viewer.close(), Front::Gone),
            Came::Turned(want) => {
                viewer.turn(want.clone());
                (Some(viewer), Front::Wants(want))
            }
            Came::Opened(want) => (Some(viewer.open(want.clone())), Front::Wants(want)),
        };
        self.viewer = viewer;
        front
    }

    fn help_key(&mut self, action: Option<Action>) {
        let page = usize::from(self.area.height.max(8)) - 6;
        let top = self.help.unwrap_or(0);
        self.help = match action {
            Some(Action::Back | Action::Help) => None,
            Some(Action::Up) => Some(top.saturating_sub(1)),
            Some(Action::Down) => Some(top + 1),
            Some(Action::PageUp) => Some(top.saturating_sub(page)),
            Some(Action::PageDown) => Some(top + page),
            Some(Action::Top) => Some(0),
            _ => Some(top),
        };
    }

    /// Pasted text belongs to what is in front. False where nothing is that takes any.
    pub(crate) fn paste(&mut self, text: &str) -> bool {
        if let Some(palette) = &mut self.palette {
            palette.paste(text);
        } else if let Some(viewer) = &mut self.viewer {
            viewer.paste(text);
        } else {
            return self.help.is_some();
        }
        true
    }

    /// Moves what is in sight of the feed, with the height that is.
    pub(crate) fn in_feed(&mut self, action: Action, height: u16) {
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

    /// Scrolls by a key of the line at which the person writes: by pages, and in an empty one to either end. False where it is
    /// another key.
    pub(crate) fn scrolls(&mut self, key: &KeyEvent, action: Option<Action>, height: u16) -> bool {
        let is_empty = self.input.is_empty();
        match (key.code, action) {
            (_, Some(action @ (Action::PageUp | Action::PageDown))) => self.in_feed(action, height),
            (KeyCode::Home, None) if is_empty => self.feed.show_begin(),
            (KeyCode::End, None) if is_empty => self.feed.follow(),
            _ => return false,
        }
        true
    }

    /// What was written means, where it can be sent; else it stays written, and the person is told why.
    pub(crate) fn meant(&mut self, text: &str, roles: &[Role]) -> Option<Typed> {
        if text.trim().is_empty() {
            return None;
        }
        if text.len() > LONGEST {
            self.word = Some("too long to be said: write it to a file, and name that".to_owned());
            return None;
        }
        match parse(text, roles) {
            Typed::Unknown(word) => {
                self.word = Some(format!("there is no #{word}: #help says what there is"));
                None
            }
            typed => Some(typed),
        }
    }

    /// Takes the mouse, or leaves it to the terminal, and says what that means. Whether it is ours now.
    pub(crate) fn toggle_mouse(&mut self) -> bool {
        self.has_mouse = !self.has_mouse;
        let word = if self.has_mouse {
            "the mouse is on: the wheel scrolls, a click chooses, shift-drag selects text"
        } else {
            "the mouse is off: the terminal selects text by itself"
        };
        self.word = Some(word.to_owned());
        self.has_mouse
    }

    /// Keeps what was written, for the next text. Nothing where there is nothing to keep.
    pub(crate) fn remember(&mut self, text: &str) -> Option<String> {
        self.history.add(text).then(|| text.to_owned())
    }

    /// Keeps what was sent, and empties the line.
    pub(crate) fn sent(&mut self, text: &str) -> Option<String> {
        let kept = self.remember(text);
        self.input.entry = Entry::with(self.history.clone());
        self.feed.follow();
        kept
    }
}

/// The line at which the person writes.
#[derive(Debug, Default)]
pub(crate) struct Input {
    pub(crate) entry: Entry,
    /// When `esc` was pressed, while a second one would interrupt.
    esc: Option<Duration>,
}

impl Input {
    /// An empty one of somebody who wrote other texts before.
    fn with(history: History) -> Self {
        Self { entry: Entry::with(history), esc: None }
    }

    /// A key is pressed: whether it would be the second `esc`, were it one.
    pub(crate) fn pressed(&mut self, now: Duration) -> bool {
        self.esc.take().is_some_and(|at| now < at + TWICE)
    }

    /// `esc` is pressed for the first time.
    pub(crate) fn esc(&mut self, now: Duration) {
        self.esc = Some(now);
    }

    /// A second `esc` interrupts no more.
    pub(crate) fn disarm(&mut self) {
        self.esc = None;
    }

    /// Whether a second `esc` interrupts.
    pub(crate) fn may_interrupt(&self, now: Duration) -> bool {
        self.esc.is_some_and(|at| now < at + TWICE)
    }

    /// When that ends by itself.
    pub(crate) fn wakes_at(&self) -> Option<Duration> {
        self.esc.map(|at| at + TWICE)
    }

    pub(crate) fn tick(&mut self, now: Duration) {
        if !self.may_interrupt(now) {
            self.esc = None;
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entry.text().trim().is_empty()
    }
}
