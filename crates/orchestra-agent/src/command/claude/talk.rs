//! What is said to the program while it runs: one JSON object a line on its standard input.
//!
//! A message carries an id of ours, which the echo of `--replay-user-messages` repeats: so it is known that it was
//! heard. Versions that make up an id of their own are recognised by the text.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};

use serde_json::{Value, json};

use super::super::event::text_at;

/// A message of the person, as a line.
pub(in crate::command) fn user_line(text: &str) -> Vec<u8> {
    user_line_with_id(&as_message(text), &new_id())
}

/// Keeps the program from taking a text for one of its own commands, which begin with a slash.
fn as_message(text: &str) -> String {
    if text.trim_start().starts_with('/') { format!("The person says: {text}") } else { text.to_owned() }
}

fn user_line_with_id(text: &str, id: &str) -> Vec<u8> {
    line(&json!({ "type": "user", "uuid": id, "message": { "role": "user", "content": text } }))
}

/// Asks for the end of the running turn; the conversation goes on.
pub(super) fn interrupt_line() -> Vec<u8> {
    line(&json!({
        "type": "control_request", "request_id": new_id(), "request": { "subtype": "interrupt" },
    }))
}

/// Allows what was asked for, as it was asked for.
pub(super) fn allow_line(request_id: &str, input: &Value) -> Vec<u8> {
    answer_line(request_id, &json!({ "behavior": "allow", "updatedInput": input }))
}

/// Denies what was asked for; the model reads why.
pub(super) fn deny_line(request_id: &str, why: &str) -> Vec<u8> {
    answer_line(request_id, &json!({ "behavior": "deny", "message": why }))
}

/// Answers a request that is none of ours to grant, so that nothing waits for it.
pub(super) fn unknown_line(request_id: &str) -> Vec<u8> {
    let error = "this is not answered here";
    line(&json!({
        "type": "control_response", "response": { "subtype": "error", "request_id": request_id, "error": error },
    }))
}

fn answer_line(request_id: &str, answer: &Value) -> Vec<u8> {
    line(&json!({
        "type": "control_response",
        "response": { "subtype": "success", "request_id": request_id, "response": answer },
    }))
}

fn line(value: &Value) -> Vec<u8> {
    let mut line = value.to_string().into_bytes();
    line.push(b'\n');
    line
}

/// An id that no other message of any conversation has, in the form of a random UUID (RFC 9562, version 4).
fn new_id() -> String {
    // Seeded by the system's randomness.
    let random = || u128::from(RandomState::new().build_hasher().finish());
    let bits = (random() << 64 | random()) & !(0xf << 76) & !(0x3 << 62) | 0x4 << 76 | 0x2 << 62;
    let hex = format!("{bits:032x}");
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

/// What the person said and the program has not echoed yet.
#[derive(Debug, Default)]
pub(super) struct Untold(Vec<Said>);

#[derive(Debug)]
struct Said {
    id: String,
    text: String,
}

impl Untold {
    /// Takes a message, and returns its line.
    pub(super) fn say(&mut self, text: &str) -> Vec<u8> {
        let (id, text) = (new_id(), as_message(text));
        let line = user_line_with_id(&text, &id);
        self.0.push(Said { id, text });
        line
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes an echo, and says how many messages it shows to be heard: several, where the program made one of them.
    pub(super) fn echoed(&mut self, echo: &Value) -> usize {
        let before = self.0.len();
        let id = text_at(echo, "uuid");
        let text = content(echo);
        if self.0.iter().any(|said| said.id == id) {
            self.0.retain(|said| said.id != id && !contains_lines(&text, &said.text));
        } else if let Some(at) = self.0.iter().position(|said| said.text.trim() == text.trim()) {
            self.0.remove(at);
        }
        before - self.0.len()
    }
}

/// Whether `text` consists of more than `part`, and `part` stands in it as lines of its own.
fn contains_lines(text: &str, part: &str) -> bool {
    let part = part.trim();
    !part.is_empty()
        && text.match_indices(part).any(|(at, _)| {
            let (before, after) = (&text[..at], &text[at + part.len()..]);
            (before.is_empty() || before.ends_with('\n')) && (after.is_empty() || after.starts_with('\n'))
        })
}

/// The text of a message: all of it, or that of its blocks.
fn content(message: &Value) -> String {
    match message.pointer("/message/content") {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(blocks)) => {
            blocks.iter().map(|block| text_at(block, "text")).collect::<Vec<_>>().join("\n")
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id_of(line: &[u8]) -> String {
        text_at(&serde_json::from_slice(line).unwrap(), "uuid").to_owned()
    }

    #[test]
    fn an_id_is_a_random_uuid() {
        let (one, two) = (new_id(), new_id());
        assert_ne!(one, two);
        let parts: Vec<_> = one.split('-').map(str::len).collect();
        assert_eq!(parts, [8, 4, 4, 4, 12]);
        assert!(one[14..].starts_with('4') && one[19..].starts_with(['8', '9', 'a', 'b']), "{one}");
    }

    #[test]
    fn what_a_person_says_is_never_a_command_of_the_program() {
        let line: Value = serde_json::from_slice(&user_line(" /clear")).unwrap();
        assert_eq!(line["message"]["content"], "The person says:  /clear");
        let mut untold = Untold::default();
        let line: Value = serde_json::from_slice(&untold.say("/etc/hosts is wrong")).unwrap();
        assert_eq!(untold.echoed(&json!({ "message": line["message"] })), 1);
    }

    #[test]
    fn an_echo_is_matched_by_its_id_else_by_its_text() {
        let mut untold = Untold::default();
        let line = untold.say("use bcrypt\nplease");
        assert_eq!(line.split(|byte| *byte == b'\n').count(), 2, "one line and its end");
        untold.say("quickly");
        let echo = |id: &str, text: &str| json!({ "uuid": id, "message": { "content": text } });
        assert_eq!(untold.echoed(&echo("x", "something else")), 0);
        assert_eq!(untold.echoed(&echo(&id_of(&line), "as it was heard")), 1);
        assert_eq!(untold.echoed(&echo(&id_of(&line), "as it was heard")), 0, "once");
        let blocks = json!({ "message": { "content": [ { "type": "text", "text": "quickly" } ] } });
        assert_eq!(untold.echoed(&blocks), 1);
        assert!(untold.is_empty());
    }

    #[test]
    fn messages_that_the_program_makes_one_of_are_all_heard() {
        let mut untold = Untold::default();
        untold.say("one");
        untold.say("two");
        let last = untold.say("three");
        let echo = json!({ "uuid": id_of(&last), "message": { "content": "one\nthree" } });
        assert_eq!(untold.echoed(&echo), 2);
        assert!(!untold.is_empty(), "two was not in it");
    }
}
