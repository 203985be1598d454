//! What keys do in the line at which the person writes to those who work.

use orchestra_core::conversation::Typed;
use orchestra_core::worker::{Listener, Progress};
use ratatui::crossterm::event::{KeyCode, KeyEvent};

use super::{Command, Focus, Screen};
use crate::desk::CUT;
use crate::entry::Entered;
use crate::key::Action;
use crate::view::Panes;

impl Screen {
    /// A key while the line has the focus, with what it does there.
    pub(super) fn input_key(
        &mut self,
        key: &KeyEvent,
        action: Option<Action>,
        panes: &Panes,
    ) -> Vec<Command> {
        let (now, is_empty) = (self.desk.now.since, self.desk.input.is_empty());
        let is_searching = self.desk.input.entry.searching().is_some();
        let is_second = self.desk.input.pressed(now);
        match (key.code, action) {
            _ if is_searching => {}
            (KeyCode::Esc, _) => {
                if is_second {
                    return self.interrupt();
                }
                if self.is_turn_running() {
                    self.desk.input.esc(now);
                }
                return Vec::new();
            }
            (KeyCode::Char('?'), _) if is_empty => return self.act(Action::Help, panes),
            (_, Some(Action::NextPane)) if !is_empty => return self.queue_written(),
            _ if self.desk.scrolls(key, action, panes.feed.height) => return Vec::new(),
            (_, Some(action)) => return self.act(action, panes),
            (KeyCode::Up, _) if is_empty && key.modifiers.is_empty() => {
                if let Some(last) = self.state.queue().last() {
                    let text = last.text.clone();
                    // What is queued was shorter than a text may be.
                    self.desk.input.entry.paste(now, &text);
                    return vec![Command::Unqueue { text }];
                }
            }
            _ => {}
        }
        match self.desk.input.entry.key(now, key) {
            Entered::Nothing | Entered::Left => Vec::new(),
            Entered::Text(text) => self.say_written(&text),
        }
    }

    /// Pasted text belongs to what is in front, and to the line wherever else the focus is.
    pub(super) fn paste(&mut self, text: &str) {
        let now = self.desk.now.since;
        if self.desk.paste(text) {
            return;
        }
        let is_whole = if let Some(dialog) = self.dialog_mut() {
            dialog.paste(now, text)
        } else {
            self.focus = Focus::Input;
            self.desk.input.entry.paste(now, text)
        };
        if !is_whole {
            self.desk.word = Some(CUT.to_owned());
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
        let text = self.desk.input.entry.text();
        self.sent(&text, |screen, text| {
            (screen.state.listener() != Listener::Nobody).then_some(Command::Queue { text })
        })
    }

    fn sent(&mut self, text: &str, to: impl FnOnce(&Self, String) -> Option<Command>) -> Vec<Command> {
        let Some(typed) = self.desk.meant(text, &self.state.seen.plan.roles) else { return Vec::new() };
        let command = match typed {
            Typed::Say(_) => {
                let Some(command) = to(self, text.to_owned()) else {
                    self.desk.word = Some("nobody works, so nobody would hear it".to_owned());
                    return Vec::new();
                };
                command
            }
            typed => {
                self.desk.feed.said(text);
                Command::Typed(typed)
            }
        };
        let kept = self.desk.sent(text).map(Command::Remember);
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
