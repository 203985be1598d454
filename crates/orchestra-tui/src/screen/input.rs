//! What keys do in the line at which the person writes to those who work.

use std::time::Duration;

use orchestra_core::worker::{Listener, Progress};
use ratatui::crossterm::event::{KeyCode, KeyEvent};

use super::{Command, Focus, Screen};
use crate::entry::{Entered, Entry, History};
use crate::key::Action;
use crate::view::Panes;

/// How soon after the first `esc` the second interrupts.
const TWICE: Duration = Duration::from_secs(1);

/// The longest text that is sent, in bytes: it stands in the journal, and in every later brief of its work.
const LONGEST: usize = 64 * 1024;

/// What is said of a paste that is longer than what a text has room for.
const CUT: &str = "the end of the paste was left out: a text takes 256 KiB";

/// What the person writes to those who work.
#[derive(Debug, Default)]
pub(crate) struct Input {
    pub(crate) entry: Entry,
    /// When `esc` was pressed, while a second one would interrupt.
    esc: Option<Duration>,
}

impl Input {
    /// An empty one of somebody who wrote other texts before.
    pub(super) fn with(history: History) -> Self {
        Self { entry: Entry::with(history), esc: None }
    }

    /// Whether a second `esc` interrupts.
    pub(crate) fn may_interrupt(&self, now: Duration) -> bool {
        self.esc.is_some_and(|at| now < at + TWICE)
    }

    /// A second `esc` interrupts no more.
    pub(super) fn disarm(&mut self) {
        self.esc = None;
    }

    /// When that ends by itself.
    pub(super) fn wakes_at(&self) -> Option<Duration> {
        self.esc.map(|at| at + TWICE)
    }

    pub(super) fn tick(&mut self, now: Duration) {
        if !self.may_interrupt(now) {
            self.esc = None;
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entry.text().trim().is_empty()
    }
}

impl Screen {
    /// A key while the line has the focus, with what it does there.
    pub(super) fn input_key(
        &mut self,
        key: &KeyEvent,
        action: Option<Action>,
        panes: &Panes,
    ) -> Vec<Command> {
        let (now, is_empty) = (self.now.since, self.input.is_empty());
        let is_searching = self.input.entry.searching().is_some();
        let esc = self.input.esc.take();
        match (key.code, action) {
            _ if is_searching => {}
            (KeyCode::Esc, _) => {
                if esc.is_some_and(|at| now < at + TWICE) {
                    return self.interrupt();
                }
                if self.is_turn_running() {
                    self.input.esc = Some(now);
                }
                return Vec::new();
            }
            (KeyCode::Char('?'), _) if is_empty => return self.act(Action::Help, panes),
            (_, Some(Action::NextPane)) if !is_empty => return self.queue_written(),
            (_, Some(action @ (Action::PageUp | Action::PageDown))) => {
                self.in_feed(action, panes.feed.height);
                return Vec::new();
            }
            (_, Some(action)) => return self.act(action, panes),
            (KeyCode::Home, _) if is_empty => self.feed.show_begin(),
            (KeyCode::End, _) if is_empty => self.feed.follow(),
            (KeyCode::Up, _) if is_empty && key.modifiers.is_empty() => {
                if let Some(last) = self.state.queue().last() {
                    let text = last.text.clone();
                    // What is queued was shorter than a text may be.
                    self.input.entry.paste(now, &text);
                    return vec![Command::Unqueue { text }];
                }
            }
            _ => {}
        }
        match self.input.entry.key(now, key) {
            Entered::Nothing | Entered::Left => Vec::new(),
            Entered::Text(text) => self.say_written(&text),
        }
    }

    /// Pasted text belongs to what is in front, and to the line wherever else the focus is.
    pub(super) fn paste(&mut self, text: &str) {
        let now = self.now.since;
        let mut is_whole = true;
        if let Some(palette) = &mut self.palette {
            palette.paste(text);
        } else if let Some(viewer) = &mut self.viewer {
            viewer.paste(text);
        } else if let Some(dialog) = self.dialog_mut() {
            is_whole = dialog.paste(now, text);
        } else if self.help.is_none() {
            self.focus = Focus::Input;
            is_whole = self.input.entry.paste(now, text);
        }
        if !is_whole {
            self.word = Some(CUT.to_owned());
        }
    }

    fn say_written(&mut self, text: &str) -> Vec<Command> {
        self.sent(text, |screen, text| match screen.state.listener() {
            Listener::Now(..) => Some(Command::Say { text }),
            Listener::Next => Some(Command::Queue { text }),
            Listener::Nobody => None,
        })
    }

    fn queue_written(&mut self) -> Vec<Command> {
        let text = self.input.entry.text();
        self.sent(&text, |screen, text| {
            (screen.state.listener() != Listener::Nobody).then_some(Command::Queue { text })
        })
    }

    fn sent(&mut self, text: &str, to: impl FnOnce(&Self, String) -> Option<Command>) -> Vec<Command> {
        if text.trim().is_empty() {
            return Vec::new();
        }
        if text.len() > LONGEST {
            self.word = Some("too long to be said: write it to a file, and name that".to_owned());
            return Vec::new();
        }
        let Some(command) = to(self, text.to_owned()) else {
            self.word = Some("nobody works, so nobody would hear it".to_owned());
            return Vec::new();
        };
        let kept = self.remember(text);
        self.input.entry = Entry::with(self.history.clone());
        self.feed.follow();
        std::iter::once(command).chain(kept).collect()
    }

    fn interrupt(&mut self) -> Vec<Command> {
        if self.is_turn_running() { vec![Command::Interrupt] } else { Vec::new() }
    }

    /// Whether an agent runs that nobody has interrupted.
    pub(crate) fn is_turn_running(&self) -> bool {
        self.state
            .works()
            .iter()
            .any(|work| matches!(work.progress, Progress::Running { pausing: false, .. }))
    }
}

#[cfg(test)]
mod tests;
