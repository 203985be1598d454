//! Anthropic's Messages (version 2023-06-01).
//!
//! Four marks of the cache are set, the most there may be: behind the tools, behind the standing text, and behind the last
//! two messages of the user. The older of these is where the request before left off, so that its cache is found however
//! many blocks came between; a mark itself is no part of what is compared.

use orchestra_core::config::http::{Effort, Wire};
use serde_json::{Map, Value, json};

use super::{Ask, Stop, StreamEvent, Tokens, index_at, number_at, text_at};
use crate::http::fault::ApiError;
use crate::http::message::{Call, CallResult, Message, Part, read_arguments};

/// What an answer may have where nobody says otherwise: this format wants a number, and newer models all have room for it.
const MAX_OUTPUT: u32 = 32_000;
/// How many messages of the user carry a mark.
const MARKED: usize = 2;

pub(super) fn request(ask: &Ask<'_>) -> Value {
    let mut body = Map::new();
    body.insert("model".to_owned(), json!(ask.model));
    body.insert("max_tokens".to_owned(), json!(ask.max_output.unwrap_or(MAX_OUTPUT)));
    if !ask.tools.is_empty() {
        let last = ask.tools.len() - 1;
        let tool = |(index, spec): (usize, &crate::tools::Spec)| {
            let tool =
                json!({ "name": spec.name, "description": spec.description, "input_schema": spec.schema });
            if index == last { marked(tool) } else { tool }
        };
        body.insert("tools".to_owned(), ask.tools.iter().enumerate().map(tool).collect());
    }
    if !ask.standing.trim().is_empty() {
        let block = marked(json!({ "type": "text", "text": ask.standing }));
        body.insert("system".to_owned(), json!([block]));
    }
    body.insert("messages".to_owned(), Value::Array(messages(ask)));
    match ask.effort {
        None | Some(Effort::None) => {}
        Some(effort @ (Effort::Low | Effort::Medium | Effort::High)) => {
            body.insert("thinking".to_owned(), json!({ "type": "adaptive", "display": "summarized" }));
            body.insert("output_config".to_owned(), json!({ "effort": effort.as_str() }));
        }
    }
    body.insert("stream".to_owned(), json!(true));
    Value::Object(body)
}

fn marked(mut block: Value) -> Value {
    block["cache_control"] = json!({ "type": "ephemeral" });
    block
}

fn messages(ask: &Ask<'_>) -> Vec<Value> {
    let mut messages: Vec<(&str, Vec<Value>)> = Vec::new();
    for message in ask.messages {
        let (role, blocks) = match message {
            Message::User { text } => ("user", text_block(text).into_iter().collect()),
            Message::Notes(notes) => ("user", text_block(&notes.text()).into_iter().collect()),
            Message::Agent { wire, model, parts } => {
                let is_own = wire == Wire::AnthropicMessages.as_str() && model == ask.model;
                ("assistant", parts.iter().filter_map(|part| block(part, is_own)).collect())
            }
            Message::Results { results } => ("user", results.iter().map(result).collect::<Vec<_>>()),
        };
        // One after the other by the same side are one: results first, as they are wanted.
        match messages.last_mut() {
            Some((last, so_far)) if *last == role => so_far.extend(blocks),
            _ if blocks.is_empty() => {}
            _ => messages.push((role, blocks)),
        }
    }
    for (_, blocks) in messages.iter_mut().rev().filter(|(role, _)| *role == "user").take(MARKED) {
        if let Some(last) = blocks.last_mut() {
            *last = marked(last.take());
        }
    }
    let message = |(role, content): (&str, Vec<Value>)| json!({ "role": role, "content": content });
    messages.into_iter().map(message).collect()
}

/// A block without text is refused.
fn text_block(text: &str) -> Option<Value> {
    (!text.trim().is_empty()).then(|| json!({ "type": "text", "text": text }))
}

fn block(part: &Part, is_own: bool) -> Option<Value> {
    match part {
        Part::Text { text } => text_block(text),
        Part::Thinking { signed, .. } => signed.clone().filter(|_| is_own),
        Part::Call(Call { id, name, input, .. }) => {
            Some(json!({ "type": "tool_use", "id": plain_id(id), "name": name, "input": input }))
        }
    }
}

fn result(result: &CallResult) -> Value {
    let CallResult { id, text, is_error } = result;
    let content = if text.trim().is_empty() { "(nothing)" } else { text };
    let mut block = json!({ "type": "tool_result", "tool_use_id": plain_id(id), "content": content });
    if *is_error {
        block["is_error"] = json!(true);
    }
    block
}

/// Ids that came over another wire may have characters that this one refuses.
fn plain_id(id: &str) -> String {
    id.chars().map(|c| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_') { c } else { '_' }).collect()
}

/// Reads the events of one answer.
#[derive(Debug, Default)]
pub(crate) struct AnthropicStream {
    blocks: Vec<Option<Block>>,
    tokens: Tokens,
    refusal: String,
}

#[derive(Debug)]
enum Block {
    Text(String),
    Thinking {
        text: String,
        signature: String,
    },
    /// Thinking that nobody may read; it goes back as it came.
    Sealed(Value),
    Call {
        id: String,
        name: String,
        arguments: String,
    },
    /// Something that we did not ask for.
    Other,
}

impl AnthropicStream {
    pub(super) fn event(&mut self, value: &Value) -> Result<Vec<StreamEvent>, ApiError> {
        Ok(match text_at(value, "type") {
            "message_start" => {
                let message = value.get("message").unwrap_or(&Value::Null);
                self.usage(message.get("usage"))
            }
            "content_block_start" => self.start(value),
            "content_block_delta" => self.delta(value),
            "content_block_stop" => self.stop(value),
            "message_delta" => {
                let mut events = self.usage(value.get("usage"));
                let delta = value.get("delta").unwrap_or(&Value::Null);
                if let Some(reason) = delta.get("stop_reason").and_then(Value::as_str) {
                    let details = delta.get("stop_details").unwrap_or(&Value::Null);
                    text_at(details, "explanation").clone_into(&mut self.refusal);
                    events.push(StreamEvent::Stopped(self.stopped(reason)));
                }
                events
            }
            "message_stop" => vec![StreamEvent::Ended],
            "error" => return Err(ApiError::of_event(value.get("error").unwrap_or(value))),
            // `ping`, and whatever comes later.
            _ => Vec::new(),
        })
    }

    fn usage(&mut self, usage: Option<&Value>) -> Vec<StreamEvent> {
        let Some(usage) = usage.filter(|usage| usage.is_object()) else { return Vec::new() };
        // A later one may leave out what did not change.
        if usage.get("input_tokens").is_some_and(Value::is_u64) {
            let (cached, written) = (
                number_at(usage, "cache_read_input_tokens"),
                number_at(usage, "cache_creation_input_tokens"),
            );
            let input = number_at(usage, "input_tokens").saturating_add(cached).saturating_add(written);
            if input > 0 {
                self.tokens = Tokens { input, cached, written, ..self.tokens };
            }
        }
        self.tokens.output = self.tokens.output.max(number_at(usage, "output_tokens"));
        vec![StreamEvent::Usage(self.tokens)]
    }

    fn stopped(&self, reason: &str) -> Stop {
        match reason {
            "max_tokens" => Stop::MaxOutput,
            "refusal" => Stop::Refusal(self.refusal.clone()),
            "model_context_window_exceeded" => Stop::Overflow,
            "pause_turn" => Stop::Paused,
            // `end_turn`, `stop_sequence`, `tool_use`.
            _ => Stop::End,
        }
    }

    fn start(&mut self, value: &Value) -> Vec<StreamEvent> {
        let content = value.get("content_block").unwrap_or(&Value::Null);
        let mut events = Vec::new();
        let block = match text_at(content, "type") {
            "text" => {
                events.extend(shown(text_at(content, "text"), StreamEvent::Text));
                Block::Text(text_at(content, "text").to_owned())
            }
            "thinking" => {
                events.extend(shown(text_at(content, "thinking"), StreamEvent::Thinking));
                let (text, signature) = (text_at(content, "thinking"), text_at(content, "signature"));
                Block::Thinking { text: text.to_owned(), signature: signature.to_owned() }
            }
            "redacted_thinking" => Block::Sealed(content.clone()),
            "tool_use" => {
                events.push(StreamEvent::CallBegan);
                let (id, name) = (text_at(content, "id").to_owned(), text_at(content, "name").to_owned());
                // Some servers give the arguments at once.
                let input =
                    content.get("input").filter(|input| input.as_object().is_some_and(|map| !map.is_empty()));
                Block::Call { id, name, arguments: input.map(Value::to_string).unwrap_or_default() }
            }
            _ => Block::Other,
        };
        let index = self.index(value);
        if index >= self.blocks.len() {
            self.blocks.resize_with(index + 1, || None);
        }
        self.blocks[index] = Some(block);
        events
    }

    /// The place of a block; one that is beyond all sense is the next.
    fn index(&self, value: &Value) -> usize {
        index_at(value, "index").filter(|index| *index <= self.blocks.len()).unwrap_or(self.blocks.len())
    }

    fn delta(&mut self, value: &Value) -> Vec<StreamEvent> {
        let index = self.index(value);
        let delta = value.get("delta").unwrap_or(&Value::Null);
        match (self.blocks.get_mut(index).and_then(Option::as_mut), text_at(delta, "type")) {
            (Some(Block::Text(text)), "text_delta") => {
                text.push_str(text_at(delta, "text"));
                shown(text_at(delta, "text"), StreamEvent::Text).into_iter().collect()
            }
            (Some(Block::Thinking { text, .. }), "thinking_delta") => {
                text.push_str(text_at(delta, "thinking"));
                shown(text_at(delta, "thinking"), StreamEvent::Thinking).into_iter().collect()
            }
            (Some(Block::Thinking { signature, .. }), "signature_delta") => {
                signature.push_str(text_at(delta, "signature"));
                Vec::new()
            }
            (Some(Block::Call { arguments, .. }), "input_json_delta") => {
                let piece = text_at(delta, "partial_json");
                arguments.push_str(piece);
                vec![StreamEvent::Arguments(piece.len())]
            }
            // Citations, and whatever comes later.
            _ => Vec::new(),
        }
    }

    fn stop(&mut self, value: &Value) -> Vec<StreamEvent> {
        let index = self.index(value);
        let Some(block) = self.blocks.get_mut(index).and_then(Option::take) else { return Vec::new() };
        let part = match block {
            Block::Text(text) => Part::Text { text },
            Block::Thinking { text, signature } => {
                let signed = (!signature.is_empty())
                    .then(|| json!({ "type": "thinking", "thinking": text, "signature": signature }));
                Part::Thinking { text, signed }
            }
            Block::Sealed(signed) => Part::Thinking { text: String::new(), signed: Some(signed) },
            Block::Call { id, name, arguments } => {
                let (input, unreadable) = read_arguments(&arguments);
                Part::Call(Call { id, name, input, unreadable, signed: None })
            }
            Block::Other => return Vec::new(),
        };
        vec![StreamEvent::Part(part)]
    }
}

fn shown(text: &str, event: impl Fn(String) -> StreamEvent) -> Option<StreamEvent> {
    (!text.is_empty()).then(|| event(text.to_owned()))
}

#[cfg(test)]
mod tests;
