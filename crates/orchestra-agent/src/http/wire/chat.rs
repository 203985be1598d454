//! Chat Completions, as most hosted and local servers speak them.
//!
//! Servers differ in what they leave out. Read here without complaint: no `[DONE]` after a finish reason, tool calls whole
//! in one piece or all of them with the same index, no id, a finish reason of `stop` beside calls, thinking as
//! `reasoning_content` or `reasoning`, and seals of it beside the calls (`extra_content`).

use orchestra_core::config::http::{Effort, Wire};
use serde_json::{Map, Value, json};

use super::{Ask, Stop, StreamEvent, Tokens, index_at, number_at, text_at};
use crate::http::fault::ApiError;
use crate::http::message::{Call, Message, Part, read_arguments};

pub(super) fn request(ask: &Ask<'_>) -> Value {
    let mut body = Map::new();
    body.insert("model".to_owned(), json!(ask.model));
    if !ask.tools.is_empty() {
        let tool = |spec: &crate::tools::Spec| {
            let function =
                json!({ "name": spec.name, "description": spec.description, "parameters": spec.schema });
            json!({ "type": "function", "function": function })
        };
        body.insert("tools".to_owned(), ask.tools.iter().map(tool).collect());
    }
    body.insert("messages".to_owned(), Value::Array(messages(ask)));
    if let Some(most) = ask.max_output {
        // Its makers have given the limit a new name, which others do not know.
        let is_the_makers = ask.host == "api.openai.com" || ask.host.ends_with(".openai.azure.com");
        let key = if is_the_makers { "max_completion_tokens" } else { "max_tokens" };
        body.insert(key.to_owned(), json!(most));
    }
    match ask.effort {
        None | Some(Effort::None) => {}
        Some(effort @ (Effort::Low | Effort::Medium | Effort::High)) => {
            body.insert("reasoning_effort".to_owned(), json!(effort.as_str()));
        }
    }
    body.insert("stream".to_owned(), json!(true));
    body.insert("stream_options".to_owned(), json!({ "include_usage": true }));
    Value::Object(body)
}

fn messages(ask: &Ask<'_>) -> Vec<Value> {
    let mut messages = Vec::new();
    if !ask.standing.trim().is_empty() {
        messages.push(json!({ "role": "system", "content": ask.standing }));
    }
    let last_said = ask.messages.iter().rposition(|message| matches!(message, Message::User { .. }));
    for (at, message) in ask.messages.iter().enumerate() {
        match message {
            Message::User { text } => tell(&mut messages, text),
            Message::Notes(notes) => tell(&mut messages, &notes.text()),
            Message::Agent { wire, model, parts } => {
                let is_own = wire == Wire::OpenAiChat.as_str() && model == ask.model;
                // What it thought is wanted back while it works on the same thing, and in the way afterwards.
                let thinks_on = is_own && last_said.is_none_or(|last| at > last);
                messages.extend(assistant(parts, is_own, thinks_on));
            }
            Message::Results { results } => messages.extend(results.iter().map(|result| {
                let text = if result.text.trim().is_empty() { "(nothing)" } else { &result.text };
                let text = if result.is_error { format!("error: {text}") } else { text.to_owned() };
                json!({ "role": "tool", "tool_call_id": result.id, "content": text })
            })),
        }
    }
    messages
}

/// What is told one after the other is one message: some models' templates refuse two by the same side.
fn tell(messages: &mut Vec<Value>, text: &str) {
    match messages.last_mut() {
        Some(last) if last["role"] == "user" => {
            last["content"] = json!(format!("{}\n\n{text}", text_at(last, "content")));
        }
        _ => messages.push(json!({ "role": "user", "content": text })),
    }
}

fn assistant(parts: &[Part], is_own: bool, thinks_on: bool) -> Option<Value> {
    let (mut text, mut thought, mut calls, mut details) =
        (String::new(), String::new(), Vec::new(), Vec::new());
    for part in parts {
        match part {
            Part::Text { text: piece } => text.push_str(piece),
            Part::Thinking { text, signed } => {
                thought.push_str(text);
                details.extend(signed.as_ref().and_then(Value::as_array).into_iter().flatten().cloned());
            }
            Part::Call(Call { id, name, input, signed, .. }) => {
                let function = json!({ "name": name, "arguments": input.to_string() });
                let mut call = json!({ "id": id, "type": "function", "function": function });
                if let Some(signed) = signed.as_ref().filter(|_| is_own) {
                    call["extra_content"] = signed.clone();
                }
                calls.push(call);
            }
        }
    }
    if text.trim().is_empty() && calls.is_empty() {
        return None;
    }
    let mut message = json!({ "role": "assistant", "content": text });
    if is_own && !details.is_empty() {
        message["reasoning_details"] = Value::Array(details);
    } else if thinks_on && !thought.is_empty() && !calls.is_empty() {
        message["reasoning_content"] = json!(thought);
    }
    if !calls.is_empty() {
        message["tool_calls"] = Value::Array(calls);
    }
    Some(message)
}

/// Reads the events of one answer.
#[derive(Debug, Default)]
pub(crate) struct ChatStream {
    thought: String,
    /// Thinking that goes back as it came, where the server gives it so.
    details: Vec<Value>,
    text: String,
    refusal: String,
    calls: Vec<Begun>,
    finish: Option<String>,
    is_over: bool,
}

/// A call whose arguments still come.
#[derive(Debug, Default)]
struct Begun {
    index: Option<usize>,
    id: String,
    name: String,
    arguments: String,
    signed: Option<Value>,
}

impl ChatStream {
    pub(super) fn event(&mut self, value: &Value) -> Result<Vec<StreamEvent>, ApiError> {
        if let Some(error) = value.get("error").filter(|error| !error.is_null()) {
            return Err(ApiError::of_event(error));
        }
        let mut events = Vec::new();
        // One answer was asked for.
        if let Some(choice) = value.get("choices").and_then(|choices| choices.get(0)) {
            if let Some(delta) = choice.get("delta").or_else(|| choice.get("message")) {
                self.delta(delta, &mut events);
            }
            if let Some(reason) = choice.get("finish_reason").and_then(Value::as_str) {
                self.finish = Some(reason.to_owned());
            }
        }
        if let Some(usage) = value.get("usage").filter(|usage| usage.is_object()) {
            events.push(StreamEvent::Usage(tokens(usage)));
        }
        Ok(events)
    }

    fn delta(&mut self, delta: &Value, events: &mut Vec<StreamEvent>) {
        let thought = ["reasoning_content", "reasoning"].map(|key| text_at(delta, key));
        if let Some(thought) = thought.into_iter().find(|thought| !thought.is_empty()) {
            self.thought.push_str(thought);
            events.push(StreamEvent::Thinking(thought.to_owned()));
        }
        for detail in delta.get("reasoning_details").and_then(Value::as_array).into_iter().flatten() {
            self.detail(detail);
        }
        let text = text_at(delta, "content");
        if !text.is_empty() {
            self.text.push_str(text);
            events.push(StreamEvent::Text(text.to_owned()));
        }
        self.refusal.push_str(text_at(delta, "refusal"));
        for call in delta.get("tool_calls").and_then(Value::as_array).into_iter().flatten() {
            self.call(call, events);
        }
    }

    /// Pieces of one detail come one after the other, with the same index.
    fn detail(&mut self, detail: &Value) {
        let is_next_piece = |last: &&mut Value| {
            last.get("index").is_some()
                && last.get("index") == detail.get("index")
                && last.get("type") == detail.get("type")
        };
        let Some(last) = self.details.last_mut().filter(is_next_piece) else {
            self.details.push(detail.clone());
            return;
        };
        for key in ["text", "summary", "data"] {
            if let Some(piece) = detail.get(key).and_then(Value::as_str) {
                last[key] = json!(format!("{}{piece}", text_at(last, key)));
            }
        }
        for key in ["signature", "id", "format"] {
            if let Some(value) = detail.get(key).filter(|value| !value.is_null()) {
                last[key] = value.clone();
            }
        }
    }

    fn call(&mut self, call: &Value, events: &mut Vec<StreamEvent>) {
        let (index, id) = (index_at(call, "index"), text_at(call, "id"));
        let function = call.get("function").unwrap_or(&Value::Null);
        let (name, arguments) = (text_at(function, "name"), arguments_of(function));
        let goes_on = |begun: &Begun| {
            let is_same_id = id.is_empty() || begun.id.is_empty() || begun.id == id;
            is_same_id && (index.is_none() || begun.index == index)
        };
        // A piece without index, id or name can belong to the last one alone.
        let is_new = index.is_none() && !name.is_empty();
        let at = if is_new { None } else { self.calls.iter().rposition(goes_on) };
        let at = at.unwrap_or_else(|| {
            events.push(StreamEvent::CallBegan);
            self.calls.push(Begun { index, ..Begun::default() });
            self.calls.len() - 1
        });
        let begun = &mut self.calls[at];
        if begun.id.is_empty() {
            id.clone_into(&mut begun.id);
        }
        if begun.name.is_empty() {
            name.clone_into(&mut begun.name);
        }
        begun.arguments.push_str(&arguments);
        if let Some(signed) = call.get("extra_content").filter(|signed| signed.is_object()) {
            begun.signed = Some(signed.clone());
        }
        events.push(StreamEvent::Arguments(arguments.len()));
    }

    pub(super) fn done(&mut self) -> Vec<StreamEvent> {
        if self.is_over {
            return Vec::new();
        }
        self.is_over = true;
        let mut events = Vec::new();
        let (thought, details) = (std::mem::take(&mut self.thought), std::mem::take(&mut self.details));
        if !thought.is_empty() || !details.is_empty() {
            let signed = (!details.is_empty()).then_some(Value::Array(details));
            events.push(StreamEvent::Part(Part::Thinking { text: thought, signed }));
        }
        if !self.text.is_empty() {
            events.push(StreamEvent::Part(Part::Text { text: std::mem::take(&mut self.text) }));
        }
        for Begun { id, name, arguments, signed, .. } in std::mem::take(&mut self.calls) {
            let (input, unreadable) = read_arguments(&arguments);
            events.push(StreamEvent::Part(Part::Call(Call { id, name, input, unreadable, signed })));
        }
        let stop = match self.finish.as_deref() {
            Some("length") => Stop::MaxOutput,
            Some("content_filter") => Stop::Filtered,
            _ if !self.refusal.is_empty() => Stop::Refusal(std::mem::take(&mut self.refusal)),
            // `stop`, `tool_calls`, `function_call`.
            Some(_) | None => Stop::End,
        };
        events.extend([StreamEvent::Stopped(stop), StreamEvent::Ended]);
        events
    }

    /// With a reason to finish the answer is whole, though the last word is missing.
    pub(super) fn close(&mut self) -> Vec<StreamEvent> {
        if self.finish.is_some() { self.done() } else { Vec::new() }
    }
}

/// Arguments are a text; some servers give the object itself.
fn arguments_of(function: &Value) -> String {
    match function.get("arguments") {
        Some(Value::String(text)) => text.clone(),
        Some(object @ Value::Object(_)) => object.to_string(),
        _ => String::new(),
    }
}

fn tokens(usage: &Value) -> Tokens {
    let details = usage.get("prompt_tokens_details").unwrap_or(&Value::Null);
    let cached = number_at(details, "cached_tokens").max(number_at(usage, "prompt_cache_hit_tokens"));
    let input = number_at(usage, "prompt_tokens");
    Tokens { input, cached: cached.min(input), written: 0, output: number_at(usage, "completion_tokens") }
}

#[cfg(test)]
mod tests;
