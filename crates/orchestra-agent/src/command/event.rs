//! Small things that the readers of different formats share.

use orchestra_core::report::{AgentEvent, Usage};
use serde_json::Value;

/// How much of one tool's output is shown; the transcript has all of it.
const MAX_OUTPUT: usize = 64 * 1024;
/// How much of a tool's input is shown.
const MAX_INPUT: usize = 500;
/// How much of a line that is in no known format is shown.
const MAX_STRANGE: usize = 2000;
/// How much of an answer becomes a summary.
pub(crate) const MAX_SUMMARY: usize = 64 * 1024;

pub(crate) fn notice(text: impl Into<String>) -> AgentEvent {
    AgentEvent::Notice { text: shorten(&text.into(), MAX_STRANGE) }
}

/// A line that is no JSON, or JSON of an unexpected shape: shown, never an error.
pub(crate) fn strange(line: &[u8]) -> Vec<AgentEvent> {
    let line = String::from_utf8_lossy(&line[..line.len().min(MAX_STRANGE)]);
    if line.trim().is_empty() { Vec::new() } else { vec![notice(line.trim_end())] }
}

pub(crate) fn tool_output(text: &str) -> String {
    shorten(text, MAX_OUTPUT)
}

/// What a tool was called with, in one line: its most telling field, else all as JSON.
pub(crate) fn tool_input(input: &Value) -> String {
    const TELLING: &[&str] =
        &["command", "file_path", "notebook_path", "path", "pattern", "url", "query", "prompt"];
    let telling = TELLING.iter().find_map(|key| input.get(key)?.as_str());
    one_line(&telling.map_or_else(|| input.to_string(), str::to_owned))
}

pub(crate) fn one_line(text: &str) -> String {
    let line: Vec<&str> = text.split_whitespace().collect();
    shorten(&line.join(" "), MAX_INPUT)
}

/// Cuts a text at a character, with a mark.
pub(crate) fn shorten(text: &str, limit: usize) -> String {
    if text.len() <= limit {
        text.to_owned()
    } else {
        format!("{}…", &text[..text.floor_char_boundary(limit)])
    }
}

/// The end of a text: its last bytes, cut at a character.
pub(crate) fn ending(text: &str, limit: usize) -> &str {
    if text.len() <= limit { text } else { &text[text.ceil_char_boundary(text.len() - limit)..] }
}

pub(crate) fn text_at<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

pub(crate) fn number_at(value: &Value, key: &str) -> u64 {
    value.get(key).and_then(Value::as_u64).unwrap_or_default()
}

/// What a turn consumed, from sums that go over the whole conversation.
pub(crate) fn since(before: Usage, now: Usage) -> Usage {
    // A sum that went down belongs to another conversation than was thought.
    if now.input < before.input || now.output < before.output {
        return now;
    }
    Usage {
        input: now.input - before.input,
        cached: now.cached.saturating_sub(before.cached),
        output: now.output - before.output,
        cost_usd: now.cost_usd.map(|cost| (cost - before.cost_usd.unwrap_or(0.0)).max(0.0)),
    }
}
