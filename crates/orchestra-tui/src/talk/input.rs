//! What keys do in the line at which the person writes.

use orchestra_core::conversation::Typed;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::{Ask, Pane, Talk, TalkCommand};
use crate::complete::{Completed, Completion, begun};
use crate::desk::CUT;
use crate::entry::Entered;
use crate::key::Action;
use crate::view::TalkPanes;

impl Talk {
    /// A key while the line has the focus, with what it does there.
    pub(super) fn input_key(
        &mut self,
        key: &KeyEvent,
        action: Option<Action>,
        panes: &TalkPanes,
    ) -> Vec<TalkCommand> {
        let (now, is_empty) = (self.desk.now.since, self.desk.input.is_empty());
        let is_searching = self.desk.input.entry.searching().is_some();
        let is_second = self.desk.input.pressed(now);
        if !is_searching && self.completed(key) {
            return Vec::new();
        }
        match (key.code, action) {
            _ if is_searching => {}
            (KeyCode::Esc, _) => {
                if self.is_turn_running() {
                    if is_second {
                        return vec![TalkCommand::Interrupt];
                    }
                    self.desk.input.esc(now);
                }
                return Vec::new();
            }
            (KeyCode::Char('?'), _) if is_empty => return self.act(Action::Help, panes),
            (_, Some(Action::NextPane)) if !is_empty => return self.queue_written(),
            _ if self.desk.scrolls(key, action, panes.feed.height) => return Vec::new(),
            (_, Some(action)) => return self.act(action, panes),
            (KeyCode::Up, _) if is_empty && key.modifiers.is_empty() => {
                if let Some(text) = self.state.queue.last().cloned() {
                    self.unqueued(&text);
                    // What is queued was shorter than a text may be.
                    self.desk.input.entry.paste(now, &text);
                    return vec![TalkCommand::Unqueue { text }];
                }
            }
            // What nobody heard is said again.
            (KeyCode::Enter, _) if is_empty && self.state.trouble.is_some() && !self.is_turn_running() => {
                return vec![TalkCommand::Say { text: String::new() }];
            }
            _ => {}
        }
        let commands = match self.desk.input.entry.key(now, key) {
            Entered::Nothing | Entered::Left => Vec::new(),
            Entered::Text(text) => self.say_written(&text),
        };
        let is_written = match key.code {
            KeyCode::Char(_) => (key.modifiers - KeyModifiers::SHIFT).is_empty(),
            code => code == KeyCode::Backspace,
        };
        // What was brought back, or only looked over, offers nothing.
        self.completion = None;
        let wanted = if is_written { self.begin_word() } else { None };
        commands.into_iter().chain(wanted).collect()
    }

    /// Pasted text belongs to what is in front, and to the line wherever else the focus is.
    pub(super) fn paste(&mut self, text: &str) -> Vec<TalkCommand> {
        let now = self.desk.now.since;
        if self.desk.paste(text) {
            return Vec::new();
        }
        let is_whole = match self.ask_mut() {
            Some(Ask::Proposal(dialog)) => dialog.paste(now, text),
            Some(Ask::Form(form)) => form.paste(now, text),
            None => {
                self.pane = Pane::Input;
                let is_whole = self.desk.input.entry.paste(now, text);
                // A paste is no begin of a word.
                self.completion = None;
                is_whole
            }
        };
        if !is_whole {
            self.desk.word = Some(CUT.to_owned());
        }
        Vec::new()
    }

    fn say_written(&mut self, text: &str) -> Vec<TalkCommand> {
        self.sent(text, |talk, text| {
            talk.desk.feed.said(&text);
            TalkCommand::Say { text }
        })
    }

    fn queue_written(&mut self) -> Vec<TalkCommand> {
        if !self.is_turn_running() {
            let text = self.desk.input.entry.text();
            return self.say_written(&text);
        }
        let text = self.desk.input.entry.text();
        self.sent(&text, |talk, text| {
            talk.queued.push(text.clone());
            TalkCommand::Queue { text }
        })
    }

    fn sent(&mut self, text: &str, words: impl FnOnce(&mut Self, String) -> TalkCommand) -> Vec<TalkCommand> {
        let Some(typed) = self.desk.meant(text, &self.beside.plan.roles) else { return Vec::new() };
        let command = match typed {
            Typed::Say(text) => words(self, text),
            typed => {
                self.desk.feed.said(text);
                TalkCommand::Typed(typed)
            }
        };
        (self.completion, self.is_incomplete) = (None, false);
        let kept = self.desk.sent(text).map(TalkCommand::Remember);
        std::iter::once(command).chain(kept).collect()
    }

    /// A key for the list of what can be meant. False where it is none, or there is no list.
    fn completed(&mut self, key: &KeyEvent) -> bool {
        let now = self.desk.now.since;
        let Some(completion) = &mut self.completion else { return false };
        // What comes all at once was pasted.
        if self.desk.input.entry.is_hasty(now) {
            self.completion = None;
            return false;
        }
        match completion.key(key) {
            Completed::NotMine => return false,
            Completed::Moved => {}
            Completed::Left => {
                self.completion = None;
                self.is_incomplete = true;
            }
            Completed::Text(text) => {
                let length = completion.length();
                self.completion = None;
                self.desk.input.entry.replace(length, &format!("{text} "));
            }
        }
        true
    }

    /// Looks at what word is written now, and asks for what is needed to say what it can mean.
    fn begin_word(&mut self) -> Option<TalkCommand> {
        let (word, is_first) = self.desk.input.entry.word();
        let is_begun = begun(&word, is_first).is_some();
        self.is_incomplete &= is_begun;
        self.complete();
        // The list is asked for anew with each word: files come and go.
        (word == "@").then_some(TalkCommand::WantFiles)
    }

    /// Finds what can be meant by the word at the cursor.
    pub(super) fn complete(&mut self) {
        let (word, is_first) = self.desk.input.entry.word();
        let is_searching = self.desk.input.entry.searching().is_some();
        let wanted = begun(&word, is_first).filter(|_| !self.is_incomplete && !is_searching);
        let roles = &self.beside.plan.roles;
        self.completion = wanted.and_then(|begun| Completion::of(&word, begun, &self.files, roles));
    }
}
