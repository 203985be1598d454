//! The three formats that models are spoken to in: what a request is made of, and what its answer says.
//!
//! Pure: no clock, no network, no files. One file a format; this one holds what they share.
//!
//! What stays the same from request to request is the same to the byte, and stands first: providers cache by prefix.

mod anthropic;
mod chat;
mod responses;

use orchestra_core::config::http::{Effort, HttpAgent, Wire};
use orchestra_core::report::Usage;
use serde_json::Value;

use self::anthropic::AnthropicStream;
use self::chat::ChatStream;
use self::responses::ResponsesStream;
use super::fault::ApiError;
use super::message::{Message, Part};
use crate::tools::Spec;

/// Everything that a request is made of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ask<'a> {
    pub(crate) model: &'a str,
    /// What is the same in every request of a role.
    pub(crate) standing: &'a str,
    pub(crate) messages: &'a [Message],
    pub(crate) tools: &'a [Spec],
    pub(crate) max_output: Option<u32>,
    pub(crate) effort: Option<Effort>,
    /// The host of the endpoint: its makers want some things in words of their own.
    pub(crate) host: &'a str,
}

/// Something that an answer says while it comes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum StreamEvent {
    /// A piece of text, to be shown.
    Text(String),
    /// A piece of thinking, to be shown.
    Thinking(String),
    /// The call of a tool begins.
    CallBegan,
    /// So many bytes of its arguments came.
    Arguments(usize),
    /// A part is whole: this is what the conversation keeps.
    Part(Part),
    /// What the answer has consumed so far.
    Usage(Tokens),
    /// Why it stopped.
    Stopped(Stop),
    /// The answer is whole, by the word of the server.
    Ended,
}

/// What an answer has consumed.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Tokens {
    /// Read by the model, those from a cache and those put into one included.
    pub(crate) input: u64,
    /// Of these, read from a cache.
    pub(crate) cached: u64,
    /// Of these, put into a cache at a higher price.
    pub(crate) written: u64,
    /// Written by the model.
    pub(crate) output: u64,
}

impl Tokens {
    /// Without the cost.
    pub(crate) fn usage(self) -> Usage {
        Usage { input: self.input, cached: self.cached, output: self.output, cost_usd: None }
    }
}

/// Why an answer stopped.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Stop {
    /// The model had said what it wanted to say, or wants tools to be called.
    End,
    /// It came to the limit of tokens.
    MaxOutput,
    /// The model refused, with its reason where it gave one.
    Refusal(String),
    /// Something between us and the model took offence.
    Filtered,
    /// The conversation does not fit into the model's window.
    Overflow,
    /// The provider made a pause of its own: the answer goes on with the next request.
    Paused,
}

/// Where requests go, below the base URL.
pub(crate) fn url(config: &HttpAgent) -> String {
    let base = &config.base_url;
    let has_path = base.split_once("://").is_some_and(|(_, rest)| rest.contains('/'));
    let path = match config.wire {
        Wire::AnthropicMessages => "messages",
        Wire::OpenAiChat => "chat/completions",
        Wire::OpenAiResponses => "responses",
    };
    let version = match config.wire {
        // Its makers write the base without a version, others with.
        Wire::AnthropicMessages if !base.ends_with("/v1") => "v1/",
        Wire::OpenAiChat | Wire::OpenAiResponses if !has_path => "v1/",
        Wire::AnthropicMessages | Wire::OpenAiChat | Wire::OpenAiResponses => "",
    };
    format!("{base}/{version}{path}")
}

/// The request as JSON.
pub(crate) fn request(wire: Wire, ask: &Ask<'_>) -> Value {
    match wire {
        Wire::AnthropicMessages => anthropic::request(ask),
        Wire::OpenAiChat => chat::request(ask),
        Wire::OpenAiResponses => responses::request(ask),
    }
}

/// Reads the answer to a request, event by event.
#[derive(Debug)]
pub(crate) enum Decoder {
    Anthropic(AnthropicStream),
    Chat(ChatStream),
    Responses(ResponsesStream),
}

impl Decoder {
    pub(crate) fn new(wire: Wire) -> Self {
        match wire {
            Wire::AnthropicMessages => Self::Anthropic(AnthropicStream::default()),
            Wire::OpenAiChat => Self::Chat(ChatStream::default()),
            Wire::OpenAiResponses => Self::Responses(ResponsesStream::default()),
        }
    }

    /// Takes the data of one event.
    pub(crate) fn event(&mut self, data: &str) -> Result<Vec<StreamEvent>, ApiError> {
        if data.trim().is_empty() {
            return Ok(Vec::new());
        }
        if data.trim() == "[DONE]" {
            return Ok(self.done());
        }
        let value: Value = serde_json::from_str(data).map_err(|error| ApiError::nonsense(data, &error))?;
        match self {
            Self::Anthropic(stream) => stream.event(&value),
            Self::Chat(stream) => stream.event(&value),
            Self::Responses(stream) => stream.event(&value),
        }
    }

    fn done(&mut self) -> Vec<StreamEvent> {
        match self {
            Self::Chat(stream) => stream.done(),
            Self::Anthropic(_) | Self::Responses(_) => Vec::new(),
        }
    }

    /// The stream is over. Says whether the answer can count as whole although the server did not say so.
    pub(crate) fn close(&mut self) -> Vec<StreamEvent> {
        match self {
            Self::Chat(stream) => stream.close(),
            Self::Anthropic(_) | Self::Responses(_) => Vec::new(),
        }
    }
}

fn text_at<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn number_at(value: &Value, key: &str) -> u64 {
    value.get(key).and_then(Value::as_u64).unwrap_or_default()
}

/// A number as a position in a list.
fn index_at(value: &Value, key: &str) -> Option<usize> {
    value.get(key).and_then(Value::as_u64).and_then(|index| usize::try_from(index).ok())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn a53_whatever_a_server_sends_is_read_or_refused(
            kinds in proptest::collection::vec(0_usize..KINDS.len(), 0..12),
            values in proptest::collection::vec(any_json(), 12),
        ) {
            for wire in [Wire::AnthropicMessages, Wire::OpenAiChat, Wire::OpenAiResponses] {
                let mut decoder = Decoder::new(wire);
                for (kind, value) in kinds.iter().zip(&values) {
                    let mut event = value.clone();
                    if let Some(map) = event.as_object_mut() {
                        map.insert("type".to_owned(), KINDS[*kind].into());
                    }
                    drop(decoder.event(&event.to_string()));
                }
                decoder.close();
                drop(decoder.event("[DONE]"));
            }
        }
    }

    const KINDS: &[&str] = &[
        "message_start",
        "content_block_start",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
        "error",
        "response.output_item.done",
        "response.output_item.added",
        "response.completed",
        "response.incomplete",
        "response.failed",
        "response.output_text.delta",
        "response.reasoning_summary_part.added",
    ];

    /// JSON with the keys that the wires have, and anything below them.
    fn any_json() -> impl Strategy<Value = Value> {
        let keys = "(type|index|delta|content_block|text|thinking|input|partial_json|usage|input_tokens|choices|tool_calls\
                    |function|arguments|id|name|item|content|summary|response|error|message|reasoning_details|finish_reason)";
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            "(text|tool_use|thinking|message|reasoning|function_call|text_delta|input_json_delta|\\PC{0,8})"
                .prop_map(Value::from),
        ];
        leaf.prop_recursive(5, 48, 6, move |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                proptest::collection::btree_map(keys, inner, 0..8)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    #[test]
    fn requests_go_where_the_makers_of_each_wire_have_them() {
        let url = |wire, base: &str| url(&HttpAgent::new(wire, base, "m"));
        for (wire, base, whole) in [
            (Wire::AnthropicMessages, "https://api.anthropic.com", "https://api.anthropic.com/v1/messages"),
            (
                Wire::AnthropicMessages,
                "https://x.example/anthropic/v1",
                "https://x.example/anthropic/v1/messages",
            ),
            (
                Wire::AnthropicMessages,
                "https://x.example/anthropic/",
                "https://x.example/anthropic/v1/messages",
            ),
            (Wire::OpenAiChat, "http://127.0.0.1:11434/v1", "http://127.0.0.1:11434/v1/chat/completions"),
            (Wire::OpenAiChat, "http://127.0.0.1:11434", "http://127.0.0.1:11434/v1/chat/completions"),
            (Wire::OpenAiResponses, "https://x.example/openai", "https://x.example/openai/responses"),
        ] {
            assert_eq!(url(wire, base), whole);
        }
    }
}
