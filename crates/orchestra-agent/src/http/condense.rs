//! How a conversation that became too long is made shorter. Pure: what the model adds to it comes in as a text.
//!
//! First the results of older calls are cut, for they are the bulk. Where that is not enough, older messages are taken out, and
//! [`Notes`] stand in their place.
//!
//! Invariants, held by a property test:
//! - A call keeps its result and a result its call.
//! - What the model was told in the running turn stays word for word, and in its order.
//! - A secret is looked for before a text is cut, so that no half of one stays.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use orchestra_core::own_tool::OwnTool;
use serde_json::Value;

use super::message::{Call, CallResult, Message, Part};
use super::notes::Notes;
use crate::command::event::{one_line, tool_input};
use crate::redact::Redactor;

/// What remains of an older result, in bytes.
const CUT: usize = 500;
/// The same for one that says what went wrong.
const CUT_ERROR: usize = 1_500;
/// What remains of a newer one that alone is too much: at most, and at least.
const MOST_OF_A_RESULT: usize = 64 * 1024;
const LEAST_OF_A_RESULT: usize = 1_000;
/// How much of a text stands in the notes.
const NOTED: usize = 1_500;
/// How much of a text is shown to who writes the summary: the first that lets all of it fit.
const RECORDED: &[usize] = &[8_000, 3_000, 1_000, 400, 150];
/// What a message costs besides its texts.
const ENVELOPE: usize = 24;

/// How many bytes of a message a model reads.
pub(crate) fn size(message: &Message) -> usize {
    let texts = match message {
        Message::User { text } => text.len(),
        Message::Notes(notes) => notes.text().len(),
        Message::Agent { parts, .. } => parts.iter().map(size_of_part).sum(),
        Message::Results { results } => results.iter().map(|result| result.text.len() + ENVELOPE).sum(),
    };
    texts + ENVELOPE
}

/// What is sealed is much longer than what it stands for: the text counts.
fn size_of_part(part: &Part) -> usize {
    match part {
        Part::Text { text } | Part::Thinking { text, .. } => text.len(),
        Part::Call(Call { name, input, .. }) => name.len() + input.to_string().len() + ENVELOPE,
    }
}

pub(crate) fn size_of_all(messages: &[Message]) -> usize {
    messages.iter().map(size).sum()
}

/// Everything that a conversation is condensed by.
pub(crate) struct Condenser {
    pub(crate) redactor: Redactor,
    /// The tools that change something.
    pub(crate) writes: Vec<String>,
    /// What the program tells a model in passing: it means the message before it, and nothing without it.
    pub(crate) passing: &'static [&'static str],
    /// The message with which the running turn began.
    pub(crate) opened_at: usize,
    /// How many bytes the messages shall have afterwards, and how many they may have.
    pub(crate) target: usize,
    pub(crate) most: usize,
}

/// A conversation that was made shorter.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Condensed {
    pub(crate) messages: Vec<Message>,
    /// The message with which the running turn began.
    pub(crate) opened_at: usize,
    /// How many messages were changed or taken out.
    pub(crate) count: usize,
}

impl Condenser {
    /// How many bytes the notes may have.
    pub(crate) fn most_of_notes(&self) -> usize {
        (self.target / 3).clamp(1_500, 48 * 1024)
    }

    /// Where what is kept begins: a message that can follow anything.
    pub(crate) fn find_tail(&self, messages: &[Message]) -> usize {
        let is_ours = |(at, message): &(usize, &Message)| self.is_of_the_turn(*at, message);
        let ours: usize = messages.iter().enumerate().filter(is_ours).map(|(_, message)| size(message)).sum();
        let room = self.target.saturating_sub(ours).saturating_sub(self.most_of_notes()).max(self.target / 4);
        let (mut tail, mut so_far) = (None, 0_usize);
        for (at, message) in messages.iter().enumerate().rev() {
            so_far = so_far.saturating_add(size(message));
            if so_far > room && tail.is_some() {
                break;
            }
            match message {
                Message::User { .. } | Message::Agent { .. } => tail = Some(at),
                // Results stay with their calls.
                Message::Results { .. } => {}
                Message::Notes(_) => break,
            }
        }
        tail.unwrap_or(0)
    }

    /// Cuts the results before `tail`; and the newer ones where they alone are too much.
    pub(crate) fn cut_results(&self, messages: &[Message], tail: usize) -> Condensed {
        let mut shorter = messages.to_vec();
        for message in &mut shorter[..tail] {
            self.cut_in(message, CUT, CUT_ERROR);
        }
        let mut limit = MOST_OF_A_RESULT;
        // A model that has read a part of a result can ask for the rest.
        while size_of_all(&shorter[tail..]) > self.most && limit >= LEAST_OF_A_RESULT {
            for message in &mut shorter[tail..] {
                self.cut_in(message, limit, limit);
            }
            limit /= 2;
        }
        let count = messages.iter().zip(&shorter).filter(|(before, after)| before != after).count();
        Condensed { messages: shorter, opened_at: self.opened_at, count }
    }

    fn cut_in(&self, message: &mut Message, limit: usize, limit_of_errors: usize) {
        let Message::Results { results } = message else { return };
        for result in results {
            let limit = if result.is_error { limit_of_errors } else { limit };
            self.cut(result, limit);
        }
    }

    fn cut(&self, result: &mut CallResult, limit: usize) {
        // The mark has its length, too.
        if result.text.len() > limit + 100 {
            result.text = middle_out(&self.redactor.text(&result.text), limit);
        }
    }

    /// Whether there is something before `tail` that can be taken out.
    pub(crate) fn is_worth(&self, messages: &[Message], tail: usize) -> bool {
        let mut before = messages[..tail].iter().enumerate();
        before.any(|(at, message)| !self.is_of_the_turn(at, message) && !matches!(message, Message::Notes(_)))
    }

    /// What was told in the running turn.
    fn is_of_the_turn(&self, at: usize, message: &Message) -> bool {
        let Message::User { text } = message else { return false };
        at == self.opened_at || (at > self.opened_at && !self.is_in_passing(text))
    }

    fn is_in_passing(&self, text: &str) -> bool {
        self.passing.contains(&text)
    }

    /// What is known of the messages before `tail` without asking anybody.
    pub(crate) fn notes(&self, messages: &[Message], tail: usize) -> Notes {
        let mut notes = Notes::default();
        let mut calls: BTreeMap<&str, &Call> = BTreeMap::new();
        for (at, message) in messages[..tail].iter().enumerate() {
            match message {
                Message::User { .. } if self.is_of_the_turn(at, message) => continue,
                Message::User { text } if self.is_in_passing(text) => {}
                Message::User { text } => notes.told.push(self.noted(text)),
                Message::Notes(older) => {
                    // Before older notes stands only what was told then.
                    let told = older.told.iter().cloned().chain(notes.told).collect();
                    notes = Notes { messages: notes.messages + older.messages, told, ..older.clone() };
                    continue;
                }
                Message::Agent { .. } => {
                    calls = message.calls().into_iter().map(|call| (call.id.as_str(), call)).collect();
                }
                Message::Results { results } => {
                    for result in results {
                        if let Some(call) = calls.get(result.id.as_str()) {
                            self.note_call(&mut notes, call, result);
                        }
                    }
                }
            }
            notes.messages += 1;
        }
        notes.bounded(self.most_of_notes())
    }

    fn note_call(&self, notes: &mut Notes, call: &Call, result: &CallResult) {
        let (name, input) = (self.line(&call.name), self.without_secrets(&call.input));
        let what = format!("{name} {} → ", tool_input(&input));
        // It is said once, by what it came to last.
        notes.failed.retain(|failed| !failed.starts_with(&what));
        if result.is_error {
            notes.failed.push(format!("{what}{}", self.noted(&result.text)));
            return;
        }
        let is_on_record = [OwnTool::RequestDecision, OwnTool::RaiseConcern, OwnTool::AskUser]
            .iter()
            .any(|tool| tool.name() == call.name);
        if is_on_record {
            let answer = self.noted(&result.text);
            notes.on_record.push(format!("{name} {} → {answer}", middle_out(&input.to_string(), NOTED)));
        } else if let Some(path) = input.get("path").and_then(Value::as_str) {
            let path = one_line(path);
            let list =
                if self.writes.contains(&call.name) { &mut notes.changed } else { &mut notes.looked_at };
            list.retain(|known| *known != path);
            list.push(path);
        }
    }

    fn line(&self, text: &str) -> String {
        one_line(&self.redactor.text(text))
    }

    fn without_secrets(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.redactor.text(text).into_owned()),
            Value::Array(values) => values.iter().map(|value| self.without_secrets(value)).collect(),
            Value::Object(map) => {
                let clean = |(name, value): (&String, &Value)| {
                    (self.redactor.text(name).into_owned(), self.without_secrets(value))
                };
                Value::Object(map.iter().map(clean).collect())
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
        }
    }

    fn noted(&self, text: &str) -> String {
        middle_out(&self.redactor.text(text), NOTED)
    }

    /// The messages before `tail` as a text of at most about `limit` bytes, for who writes the summary.
    pub(crate) fn record(&self, messages: &[Message], tail: usize, limit: usize) -> String {
        let mut record = String::new();
        for most in RECORDED {
            record = self.record_with(&messages[..tail], *most);
            if record.len() <= limit {
                return record;
            }
        }
        middle_out(&record, limit)
    }

    fn record_with(&self, messages: &[Message], most: usize) -> String {
        let mut record = String::new();
        let mut add = |who: &str, text: &str| {
            let text = middle_out(&self.redactor.text(text), most);
            // Writing to a String cannot fail.
            let _infallible = writeln!(record, "[{who}] {text}");
        };
        for message in messages {
            match message {
                Message::User { text } => add("told to the model", text),
                Message::Notes(notes) => add("notes on what was before", &notes.text()),
                Message::Agent { parts, .. } => {
                    for part in parts {
                        match part {
                            Part::Text { text } => add("the model", text),
                            Part::Call(call) => {
                                let input = self.without_secrets(&call.input);
                                add("the model calls", &format!("{} {input}", self.line(&call.name)));
                            }
                            Part::Thinking { .. } => {}
                        }
                    }
                }
                Message::Results { results } => {
                    for result in results {
                        add(if result.is_error { "failed" } else { "result" }, &result.text);
                    }
                }
            }
        }
        record
    }

    /// Puts notes in the place of the messages before `tail`.
    ///
    /// What opened the turn goes first: it is what the beginning of every request of it was, and caches know it.
    pub(crate) fn with_notes(&self, messages: &[Message], tail: usize, notes: Notes) -> Condensed {
        let is_ours = |(at, message): &(usize, &Message)| self.is_of_the_turn(*at, message);
        let kept: Vec<Message> =
            messages[..tail].iter().enumerate().filter(is_ours).map(|(_, message)| message.clone()).collect();
        let count = tail - kept.len();
        let opened_at = if self.opened_at < tail { 0 } else { self.opened_at - tail + 1 };
        let mut kept = kept.into_iter();
        let mut shorter: Vec<Message> = kept.next().into_iter().collect();
        shorter.push(Message::Notes(notes));
        shorter.extend(kept);
        shorter.extend_from_slice(&messages[tail..]);
        Condensed { messages: shorter, opened_at, count }
    }
}

/// Keeps the beginning and the end of a text, together at most about `limit` bytes.
fn middle_out(text: &str, limit: usize) -> String {
    if text.len() <= limit {
        return text.to_owned();
    }
    let head = text.floor_char_boundary(limit / 2);
    let tail = text.ceil_char_boundary(text.len() - limit / 2);
    format!("{}\n… {} bytes left out …\n{}", &text[..head], tail - head, &text[tail..])
}

#[cfg(test)]
mod tests;
