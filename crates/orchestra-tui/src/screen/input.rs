//! What keys do in the line at which the person writes to those who work.

use std::time::Duration;

use orchestra_core::worker::{Listener, Progress};
use ratatui::crossterm::event::{KeyCode, KeyEvent};

use super::{Command, Focus, Screen};
use crate::entry::{Entered, Entry};
use crate::key::{Action, action_beside_letters};
use crate::view::Panes;

/// How soon after the first `esc` the second interrupts.
const TWICE: Duration = Duration::from_secs(1);

/// The longest text that is sent, in bytes: it stands in the journal, and in every later brief of its work.
const LONGEST: usize = 64 * 1024;

/// What the person writes to those who work.
#[derive(Debug, Default)]
pub(crate) struct Input {
    pub(crate) entry: Entry,
    /// When `esc` was pressed, while a second one would interrupt.
    esc: Option<Duration>,
    /// Why what was written was not sent.
    pub(crate) refused: Option<&'static str>,
}

impl Input {
    /// Whether a second `esc` interrupts.
    pub(crate) fn may_interrupt(&self, now: Duration) -> bool {
        self.esc.is_some_and(|at| now < at + TWICE)
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
    /// A key while the line has the focus.
    pub(super) fn input_key(&mut self, key: &KeyEvent, panes: &Panes) -> Vec<Command> {
        let (now, is_empty) = (self.now.since, self.input.is_empty());
        let esc = self.input.esc.take();
        self.input.refused = None;
        match (key.code, action_beside_letters(key)) {
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
            (KeyCode::Tab, _) if !is_empty => return self.queue_written(),
            (_, Some(Action::NextPane | Action::PreviousPane | Action::Question)) => {
                return action_beside_letters(key).map_or_else(Vec::new, |action| self.act(action, panes));
            }
            (KeyCode::Up, _) if is_empty && key.modifiers.is_empty() => {
                if let Some(last) = self.state.queue().last() {
                    let text = last.text.clone();
                    self.input.entry.paste(now, &text);
                    return vec![Command::Unqueue { text }];
                }
            }
            (KeyCode::PageUp | KeyCode::PageDown, Some(action)) => {
                self.in_feed(action, panes.feed.height);
                return Vec::new();
            }
            (KeyCode::Home | KeyCode::End, Some(action)) if is_empty => {
                self.in_feed(action, panes.feed.height);
                return Vec::new();
            }
            _ => {}
        }
        match self.input.entry.key(now, key) {
            Entered::Nothing | Entered::Left => Vec::new(),
            Entered::Text(text) => self.say_written(text),
        }
    }

    /// Pasted text belongs to the line, wherever the focus is.
    pub(super) fn input_paste(&mut self, text: &str) {
        self.focus = Focus::Input;
        self.input.entry.paste(self.now.since, text);
    }

    fn say_written(&mut self, text: String) -> Vec<Command> {
        self.sent(text, |screen, text| match screen.state.listener() {
            Listener::Now(..) => Some(Command::Say { text }),
            Listener::Next => Some(Command::Queue { text }),
            Listener::Nobody => None,
        })
    }

    fn queue_written(&mut self) -> Vec<Command> {
        let text = self.input.entry.text();
        self.sent(text, |screen, text| {
            (screen.state.listener() != Listener::Nobody).then_some(Command::Queue { text })
        })
    }

    fn sent(&mut self, text: String, to: impl FnOnce(&Self, String) -> Option<Command>) -> Vec<Command> {
        if text.trim().is_empty() {
            return Vec::new();
        }
        if text.len() > LONGEST {
            self.input.refused = Some("too long to be said: write it to a file, and name that");
            return Vec::new();
        }
        let Some(command) = to(self, text) else {
            self.input.refused = Some("nobody works, so nobody would hear it");
            return Vec::new();
        };
        self.input.entry = Entry::default();
        self.feed.follow();
        vec![command]
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
