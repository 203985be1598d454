//! A conversation in a form of our own, which every wire is made from and comes back to.

use orchestra_core::config::http::Wire;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::notes::Notes;

/// One message of a conversation. This is also what is kept of it on disk, one a line.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(tag = "role", rename_all = "kebab-case")]
pub(crate) enum Message {
    /// What the model is told: the prompt, or what the person said.
    User {
        /// The text.
        text: String,
    },
    /// What the model said.
    Agent {
        /// The wire over which it came: what is signed goes back over the same alone.
        wire: String,
        /// The model, for the same reason.
        model: String,
        /// What it consists of, in order.
        parts: Vec<Part>,
    },
    /// What came back from the tools that the message before called, in the same order.
    Results {
        /// One for each call.
        results: Vec<CallResult>,
    },
    /// What stands in the place of older messages.
    Notes(Notes),
}

/// A part of what a model said.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(tag = "part", rename_all = "kebab-case")]
pub(crate) enum Part {
    /// Text for the reader.
    Text {
        /// The text.
        text: String,
    },
    /// Thinking.
    Thinking {
        /// What is shown of it.
        text: String,
        /// The thing as the wire wants it back, where it does.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        signed: Option<Value>,
    },
    /// A call of a tool.
    Call(Call),
}

/// A call of a tool.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Call {
    /// The model's name for it.
    pub(crate) id: String,
    /// The tool.
    pub(crate) name: String,
    /// The arguments: an object.
    pub(crate) input: Value,
    /// Why the arguments could not be read, where they could not. They are an empty object then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) unreadable: Option<String>,
    /// What the server wants back with the call as it came: a seal of what was thought before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) signed: Option<Value>,
}

/// What came back from a call.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct CallResult {
    /// The call.
    pub(crate) id: String,
    /// What the model is told.
    pub(crate) text: String,
    /// Whether it did not do what was asked.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) is_error: bool,
}

/// What a call is told that was not carried out.
pub(crate) const INTERRUPTED: &str =
    "interrupted: it was ended before it came back; look what it did before you repeat it";

impl CallResult {
    /// The result of a call that was ended.
    pub(crate) fn interrupted(call: &Call) -> Self {
        Self { id: call.id.clone(), text: INTERRUPTED.to_owned(), is_error: true }
    }
}

impl Message {
    /// What the person or the program says.
    pub(crate) fn user(text: impl Into<String>) -> Self {
        Self::User { text: text.into() }
    }

    /// What a model said.
    pub(crate) fn agent(wire: Wire, model: &str, parts: Vec<Part>) -> Self {
        Self::Agent { wire: wire.as_str().to_owned(), model: model.to_owned(), parts }
    }

    /// The calls in it.
    pub(crate) fn calls(&self) -> Vec<&Call> {
        match self {
            Self::Agent { parts, .. } => calls(parts).collect(),
            Self::User { .. } | Self::Results { .. } | Self::Notes(_) => Vec::new(),
        }
    }
}

/// The calls among parts.
pub(crate) fn calls(parts: &[Part]) -> impl Iterator<Item = &Call> {
    parts.iter().filter_map(|part| match part {
        Part::Call(call) => Some(call),
        Part::Text { .. } | Part::Thinking { .. } => None,
    })
}

/// Reads the arguments of a call from the text that they came as. What is none counts as an empty object, and says why.
pub(crate) fn read_arguments(text: &str) -> (Value, Option<String>) {
    let empty = || Value::Object(serde_json::Map::new());
    if text.trim().is_empty() {
        return (empty(), None);
    }
    match serde_json::from_str::<Value>(text) {
        Ok(object @ Value::Object(_)) => (object, None),
        Ok(Value::Null) => (empty(), None),
        Ok(_) => (empty(), Some("they are no JSON object".to_owned())),
        Err(error) => (empty(), Some(format!("they are not JSON: {error}"))),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn arguments_that_cannot_be_read_are_an_empty_object_and_say_why() {
        assert_eq!(read_arguments(" "), (json!({}), None));
        assert_eq!(read_arguments("null"), (json!({}), None));
        assert_eq!(read_arguments(r#"{"a":1}"#), (json!({ "a": 1 }), None));
        for wrong in ["[1]", "\"x\"", "{\"a\":", "{}{}"] {
            let (input, why) = read_arguments(wrong);
            assert!(input == json!({}) && why.is_some(), "{wrong}");
        }
    }

    #[test]
    fn a_message_reads_back_as_it_was_written() {
        let call = Call {
            id: "1".into(),
            name: "read".into(),
            input: json!({ "path": "a" }),
            unreadable: None,
            signed: None,
        };
        let parts = vec![
            Part::Thinking { text: "hm".into(), signed: Some(json!({ "signature": "x" })) },
            Part::Text { text: "I look.".into() },
            Part::Call(call.clone()),
        ];
        for message in [
            Message::user("hello"),
            Message::agent(Wire::OpenAiChat, "m", parts),
            Message::Results { results: vec![CallResult::interrupted(&call)] },
            Message::Notes(Notes { messages: 3, told: vec!["x".into()], ..Notes::default() }),
        ] {
            let line = serde_json::to_string(&message).unwrap();
            assert_eq!(serde_json::from_str::<Message>(&line).unwrap(), message, "{line}");
        }
    }
}
