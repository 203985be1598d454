//! Reading `codex exec --json`.
//!
//! The rules were taken from real runs of version 0.169: errors are prose, an `error` line alone ends nothing, a
//! tool that was begun is not always finished, and after a cut connection texts come twice.

mod end;

use std::collections::BTreeSet;

use orchestra_core::id::SessionId;
use orchestra_core::report::{AgentEvent, Outcome, Usage};
use serde_json::Value;

use super::event::{ending, notice, number_at, one_line, since, strange, text_at, tool_output};
use crate::guard::Exit;

/// What the program says of a conversation that it does not have.
pub(super) const UNKNOWN_SESSION: &str = "no rollout found for thread id";

/// What it says while it waits for a network, which it does for ever.
const WAITING: &str = "waiting for network";

/// Turns lines into events, and the last of them into an outcome. Pure: no clock, no files.
#[derive(Debug, Default)]
pub struct CodexStream {
    used_before: Usage,
    open: BTreeSet<String>,
    last_text: String,
    has_begun: bool,
    /// The last `error` line, while nothing better came after it.
    last_error: String,
    last: Option<Final>,
}

/// The last line of a turn.
#[derive(Debug)]
enum Final {
    Completed(Usage),
    Failed(String),
}

impl CodexStream {
    /// Begins. `used_before` is what the conversation consumed in earlier runs: the program reports sums.
    pub fn new(used_before: Usage) -> Self {
        Self { used_before, ..Self::default() }
    }

    /// Takes one line.
    pub fn line(&mut self, line: &[u8]) -> Vec<AgentEvent> {
        let Ok(value) = serde_json::from_slice::<Value>(line) else { return strange(line) };
        let kind = text_at(&value, "type");
        self.has_begun |= !kind.is_empty();
        if kind != "error" {
            self.last_error.clear();
        }
        match kind {
            "thread.started" => {
                vec![AgentEvent::Session { session: SessionId(text_at(&value, "thread_id").to_owned()) }]
            }
            "item.started" | "item.updated" | "item.completed" => {
                let Some(item) = value.get("item") else { return Vec::new() };
                self.item(item, kind == "item.completed")
            }
            "error" => {
                text_at(&value, "message").clone_into(&mut self.last_error);
                vec![notice(self.last_error.clone())]
            }
            "turn.completed" => {
                let usage = since(self.used_before, total_usage(&value));
                self.last = Some(Final::Completed(usage));
                vec![AgentEvent::Usage { usage }]
            }
            "turn.failed" => {
                let message = value.pointer("/error/message").and_then(Value::as_str).unwrap_or_default();
                self.last = Some(Final::Failed(message.to_owned()));
                Vec::new()
            }
            "" => strange(line),
            _ => Vec::new(),
        }
    }

    /// Whether the turn's end was seen.
    pub fn is_over(&self) -> bool {
        self.last.is_some()
    }

    /// Whether the last that was heard is that it waits for a network.
    pub fn is_offline(&self) -> bool {
        self.last_error.contains(WAITING)
    }

    /// Ends the tools that never came back.
    pub fn close(&mut self) -> Vec<AgentEvent> {
        let finish = |id| AgentEvent::ToolFinished { id, ok: false, output: "(never came back)".to_owned() };
        std::mem::take(&mut self.open).into_iter().map(finish).collect()
    }

    /// Says what the run came to.
    pub fn end(self, exit: Exit, stderr_tail: &str) -> Outcome {
        self.outcome(exit, stderr_tail)
    }

    fn item(&mut self, item: &Value, is_completed: bool) -> Vec<AgentEvent> {
        match text_at(item, "type") {
            "agent_message" if is_completed => {
                let text = text_at(item, "text");
                ending(text, super::event::MAX_SUMMARY).clone_into(&mut self.last_text);
                vec![AgentEvent::Text { text: format!("{text}\n") }]
            }
            "reasoning" if is_completed => {
                vec![AgentEvent::Thinking { text: format!("{}\n", text_at(item, "text")) }]
            }
            // A warning: the run goes on.
            "error" if is_completed => vec![notice(text_at(item, "message"))],
            "todo_list" => vec![notice(todo(item))],
            "command_execution" => {
                let output = tool_output(text_at(item, "aggregated_output"));
                let ok = item.get("exit_code").and_then(Value::as_i64) == Some(0);
                self.tool(item, is_completed, "run", command_of(item), ok, output)
            }
            "file_change" => self.file_change(item, is_completed),
            "mcp_tool_call" => {
                let name = format!("{}/{}", text_at(item, "server"), text_at(item, "tool"));
                let input = one_line(&item.get("arguments").unwrap_or(&Value::Null).to_string());
                self.tool(item, is_completed, &name, input, is_done(item), mcp_output(item))
            }
            "collab_tool_call" => {
                let input = one_line(text_at(item, "prompt"));
                self.tool(item, is_completed, text_at(item, "tool"), input, is_done(item), String::new())
            }
            "web_search" => {
                let input = one_line(text_at(item, "query"));
                self.tool(item, is_completed, "web search", input, true, String::new())
            }
            _ => Vec::new(),
        }
    }

    fn file_change(&mut self, item: &Value, is_completed: bool) -> Vec<AgentEvent> {
        let changes = item.get("changes").and_then(Value::as_array).into_iter().flatten();
        let changes: Vec<(&str, &str)> =
            changes.map(|change| (text_at(change, "kind"), text_at(change, "path"))).collect();
        let input: Vec<String> = changes.iter().map(|(kind, path)| format!("{kind} {path}")).collect();
        let ok = is_done(item);
        let mut events =
            self.tool(item, is_completed, "edit", one_line(&input.join(", ")), ok, String::new());
        if is_completed && ok {
            events
                .extend(changes.iter().map(|(_, path)| AgentEvent::FileChanged { path: (*path).to_owned() }));
        }
        events
    }

    /// A tool's start, its end, or both where the start was not told.
    fn tool(
        &mut self,
        item: &Value,
        is_completed: bool,
        name: &str,
        input: String,
        ok: bool,
        output: String,
    ) -> Vec<AgentEvent> {
        let id = text_at(item, "id").to_owned();
        let mut events = Vec::new();
        if self.open.insert(id.clone()) {
            events.push(AgentEvent::ToolStarted { id: id.clone(), name: name.to_owned(), input });
        }
        if is_completed {
            self.open.remove(&id);
            events.push(AgentEvent::ToolFinished { id, ok, output });
        }
        events
    }
}

fn is_done(item: &Value) -> bool {
    text_at(item, "status") == "completed"
}

/// The command without the shell that it is wrapped in.
fn command_of(item: &Value) -> String {
    let command = text_at(item, "command");
    let inner = command.split_once(" -lc ").map_or(command, |(_, inner)| inner);
    let inner = inner
        .strip_prefix('\'')
        .and_then(|rest| rest.strip_suffix('\''))
        .or_else(|| inner.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')))
        .unwrap_or(inner);
    one_line(inner)
}

fn mcp_output(item: &Value) -> String {
    if let Some(message) = item.pointer("/error/message").and_then(Value::as_str) {
        return tool_output(message);
    }
    let content = item.pointer("/result/content").and_then(Value::as_array).into_iter().flatten();
    let texts: Vec<&str> = content.map(|part| text_at(part, "text")).collect();
    tool_output(&texts.join("\n"))
}

fn todo(item: &Value) -> String {
    let entries = item.get("items").and_then(Value::as_array).into_iter().flatten();
    let entries = entries.map(|entry| {
        let is_done = entry.get("completed") == Some(&Value::Bool(true));
        format!("{} {}", if is_done { "[x]" } else { "[ ]" }, text_at(entry, "text"))
    });
    format!("plan: {}", entries.collect::<Vec<_>>().join(", "))
}

/// The sum over the whole thread so far, earlier runs included.
fn total_usage(value: &Value) -> Usage {
    let usage = value.get("usage").unwrap_or(&Value::Null);
    Usage {
        input: number_at(usage, "input_tokens"),
        cached: number_at(usage, "cached_input_tokens"),
        output: number_at(usage, "output_tokens"),
        cost_usd: None,
    }
}
