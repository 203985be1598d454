//! Responses. Nothing is stored at the endpoint: what the model thought comes back sealed and is sent again.

use orchestra_core::config::http::{Effort, Wire};
use orchestra_core::path::ContentHash;
use serde_json::{Map, Value, json};

use super::{Ask, Stop, StreamEvent, Tokens, number_at, text_at};
use crate::http::fault::ApiError;
use crate::http::message::{Call, Message, Part, read_arguments};

/// How much of a hash is enough for a key of the cache.
const CACHE_KEY: usize = 40;

pub(super) fn request(ask: &Ask<'_>) -> Value {
    let mut body = Map::new();
    body.insert("model".to_owned(), json!(ask.model));
    if !ask.standing.trim().is_empty() {
        body.insert("instructions".to_owned(), json!(ask.standing));
    }
    if !ask.tools.is_empty() {
        let tool = |spec: &crate::tools::Spec| {
            json!({
                "type": "function",
                "name": spec.name,
                "description": spec.description,
                "parameters": spec.schema,
                "strict": false,
            })
        };
        body.insert("tools".to_owned(), ask.tools.iter().map(tool).collect());
        body.insert("parallel_tool_calls".to_owned(), json!(true));
    }
    body.insert(
        "input".to_owned(),
        Value::Array(ask.messages.iter().flat_map(|message| items(message, ask)).collect()),
    );
    if let Some(most) = ask.max_output {
        body.insert("max_output_tokens".to_owned(), json!(most));
    }
    match ask.effort {
        Some(Effort::None) => {}
        None => {
            body.insert("include".to_owned(), json!(["reasoning.encrypted_content"]));
        }
        Some(effort @ (Effort::Low | Effort::Medium | Effort::High)) => {
            body.insert("include".to_owned(), json!(["reasoning.encrypted_content"]));
            body.insert("reasoning".to_owned(), json!({ "effort": effort.as_str(), "summary": "auto" }));
        }
    }
    // Requests with the same beginning come to the same machine, whose cache has it.
    let key = ContentHash::of(ask.standing.as_bytes()).to_string().trim_start_matches("sha256:").to_owned();
    body.insert("prompt_cache_key".to_owned(), json!(key.get(..CACHE_KEY).unwrap_or(&key)));
    body.insert("store".to_owned(), json!(false));
    body.insert("stream".to_owned(), json!(true));
    Value::Object(body)
}

fn items(message: &Message, ask: &Ask<'_>) -> Vec<Value> {
    match message {
        Message::User { text } => vec![told(text)],
        Message::Notes(notes) => vec![told(&notes.text())],
        Message::Agent { wire, model, parts } => {
            let is_own = wire == Wire::OpenAiResponses.as_str() && model == ask.model;
            parts.iter().filter_map(|part| item(part, is_own)).collect()
        }
        Message::Results { results } => {
            let output = |result: &crate::http::message::CallResult| {
                let text =
                    if result.is_error { format!("error: {}", result.text) } else { result.text.clone() };
                json!({ "type": "function_call_output", "call_id": result.id, "output": text })
            };
            results.iter().map(output).collect()
        }
    }
}

fn told(text: &str) -> Value {
    json!({ "type": "message", "role": "user", "content": [{ "type": "input_text", "text": text }] })
}

fn item(part: &Part, is_own: bool) -> Option<Value> {
    match part {
        Part::Text { text } if text.trim().is_empty() => None,
        Part::Text { text } => {
            let content = json!([{ "type": "output_text", "text": text, "annotations": [] }]);
            Some(json!({ "type": "message", "role": "assistant", "content": content }))
        }
        Part::Thinking { signed, .. } => signed.clone().filter(|_| is_own),
        Part::Call(Call { id, name, input, .. }) => Some(
            json!({ "type": "function_call", "call_id": id, "name": name, "arguments": input.to_string() }),
        ),
    }
}

/// Reads the events of one answer.
#[derive(Debug, Default)]
pub(crate) struct ResponsesStream {
    refusal: String,
}

impl ResponsesStream {
    pub(super) fn event(&mut self, value: &Value) -> Result<Vec<StreamEvent>, ApiError> {
        let response = value.get("response").unwrap_or(&Value::Null);
        let delta = || text_at(value, "delta").to_owned();
        Ok(match text_at(value, "type") {
            "response.output_text.delta" => vec![StreamEvent::Text(delta())],
            "response.reasoning_summary_text.delta" | "response.reasoning_text.delta" => {
                vec![StreamEvent::Thinking(delta())]
            }
            // Parts of a summary are paragraphs.
            "response.reasoning_summary_part.added" if number_at(value, "summary_index") > 0 => {
                vec![StreamEvent::Thinking("\n\n".to_owned())]
            }
            "response.refusal.delta" => {
                self.refusal.push_str(text_at(value, "delta"));
                Vec::new()
            }
            "response.function_call_arguments.delta" => vec![StreamEvent::Arguments(delta().len())],
            "response.output_item.added" => {
                let is_call = value.get("item").is_some_and(|item| text_at(item, "type") == "function_call");
                is_call.then_some(StreamEvent::CallBegan).into_iter().collect()
            }
            "response.output_item.done" => {
                let item = value.get("item").unwrap_or(&Value::Null);
                self.item(item).map(StreamEvent::Part).into_iter().collect()
            }
            "response.completed" => {
                let stop = match std::mem::take(&mut self.refusal) {
                    refusal if refusal.is_empty() => Stop::End,
                    refusal => Stop::Refusal(refusal),
                };
                ended(response, stop)
            }
            "response.incomplete" => {
                let details = response.get("incomplete_details").unwrap_or(&Value::Null);
                let stop = match text_at(details, "reason") {
                    "content_filter" => Stop::Filtered,
                    // `max_output_tokens`.
                    _ => Stop::MaxOutput,
                };
                ended(response, stop)
            }
            "response.failed" => {
                return Err(ApiError::of_event(response.get("error").unwrap_or(&Value::Null)));
            }
            "error" => return Err(ApiError::of_event(value.get("error").unwrap_or(value))),
            _ => Vec::new(),
        })
    }

    fn item(&mut self, item: &Value) -> Option<Part> {
        match text_at(item, "type") {
            "message" => {
                let content = item.get("content").and_then(Value::as_array).into_iter().flatten();
                let mut text = String::new();
                for part in content {
                    text.push_str(text_at(part, "text"));
                    if self.refusal.is_empty() {
                        text_at(part, "refusal").clone_into(&mut self.refusal);
                    }
                }
                (!text.is_empty()).then_some(Part::Text { text })
            }
            "reasoning" => {
                let texts = |key: &str| -> Vec<&str> {
                    let parts = item.get(key).and_then(Value::as_array).into_iter().flatten();
                    parts.map(|part| text_at(part, "text")).collect()
                };
                let text = [texts("summary"), texts("content")].concat().join("\n\n");
                // Without the seal there is nothing that the server could make something of.
                let is_sealed = item.get("encrypted_content").is_some_and(Value::is_string);
                let signed = is_sealed.then(|| {
                    let mut item = item.clone();
                    if let Some(map) = item.as_object_mut() {
                        map.remove("status");
                    }
                    item
                });
                Some(Part::Thinking { text, signed })
            }
            "function_call" => {
                let (input, unreadable) = read_arguments(text_at(item, "arguments"));
                let (id, name) = (text_at(item, "call_id").to_owned(), text_at(item, "name").to_owned());
                Some(Part::Call(Call { id, name, input, unreadable, signed: None }))
            }
            _ => None,
        }
    }
}

fn ended(response: &Value, stop: Stop) -> Vec<StreamEvent> {
    let mut events = Vec::new();
    if let Some(usage) = response.get("usage").filter(|usage| usage.is_object()) {
        let details = usage.get("input_tokens_details").unwrap_or(&Value::Null);
        let input = number_at(usage, "input_tokens");
        let cached = number_at(details, "cached_tokens").min(input);
        let tokens = Tokens { input, cached, written: 0, output: number_at(usage, "output_tokens") };
        events.push(StreamEvent::Usage(tokens));
    }
    events.extend([StreamEvent::Stopped(stop), StreamEvent::Ended]);
    events
}

#[cfg(test)]
mod tests;
