//! Reading `claude -p --output-format stream-json`.
//!
//! The rules were taken from real runs of version 2.1: an unknown kind of line is no error, nor is a line that is
//! no JSON; and failures of the model's service end with `subtype: "success"` and `is_error: true`, so that the
//! subtype alone decides nothing.

mod end;
mod permission;
mod talk;

use std::collections::HashMap;

use jiff::Timestamp;
use orchestra_core::id::SessionId;
use orchestra_core::report::{AgentEvent, Fault, Outcome, Usage};
use serde_json::Value;

use self::end::Final;
pub(crate) use self::permission::Permissions;
use self::talk::Untold;
pub(super) use self::talk::user_line;
use super::argv::{OWN_PREFIX, OWN_SERVER};
use super::event::{ending, notice, number_at, since, strange, text_at, tool_input, tool_output};
use crate::guard::Exit;

/// What the program says of a conversation that it does not have.
pub(super) const UNKNOWN_SESSION: &str = "No conversation found";

/// How much streamed text is remembered for comparison with the whole block that follows.
const MAX_STREAMED: usize = 1024 * 1024;

/// Turns lines into events, and the last of them into an outcome. Pure: no clock, no files.
#[derive(Debug, Default)]
pub struct ClaudeStream {
    used_before: Usage,
    /// Blocks that came as deltas and will come again as a whole.
    streamed: Vec<String>,
    /// Tools that were begun: their names and the file they are about.
    tools: HashMap<String, String>,
    /// What the agent itself said last, as far as it is whole.
    last_text: String,
    /// Whether the program said anything that is its own.
    has_begun: bool,
    /// `error` of the last message that was made up by the program.
    api_error: String,
    /// What the last announced retry waits for, in milliseconds.
    retry_delay: Option<u64>,
    /// When a subscription's window opens again, once it is closed.
    resets_at: Option<Timestamp>,
    /// The end of the turn; none while one runs.
    last: Option<Final>,
    /// Whether a turn has begun.
    is_listening: bool,
    untold: Untold,
    /// Answers to what the program asked for, as lines for its input.
    answers: Vec<u8>,
    permissions: Option<Permissions>,
    own_tools: OwnTools,
    /// Whether it was told that they are not there.
    has_told_of_tools: bool,
    /// Why it is of no use to go on.
    useless: Option<Fault>,
}

/// What Orchestra's own tools are to a turn.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) enum OwnTools {
    /// It has none.
    #[default]
    None,
    /// It can do without them.
    Wanted,
    /// Without them it is of no use.
    Needed,
}

impl ClaudeStream {
    /// Begins. `used_before` is what the conversation consumed in earlier runs: the program reports sums.
    pub fn new(used_before: Usage) -> Self {
        Self { used_before, ..Self::default() }
    }

    /// Says what of the program's requests is granted; without it nothing is.
    #[must_use]
    pub(super) fn with_permissions(mut self, permissions: Permissions) -> Self {
        self.permissions = Some(permissions);
        self
    }

    /// Says that the program was given Orchestra's own tools.
    #[must_use]
    pub(super) fn with_own_tools(mut self, own_tools: OwnTools) -> Self {
        self.own_tools = own_tools;
        self
    }

    /// Takes one line.
    pub fn line(&mut self, line: &[u8]) -> Vec<AgentEvent> {
        let Ok(value) = serde_json::from_slice::<Value>(line) else { return strange(line) };
        self.has_begun |= value.get("type").is_some();
        match text_at(&value, "type") {
            "system" => self.system(&value),
            "stream_event" => self.stream_event(&value),
            "assistant" => self.assistant(&value),
            "user" => self.user(&value),
            "tool_progress" => tool_progress(&value),
            "rate_limit_event" => self.rate_limit(&value),
            "control_request" => self.control_request(&value),
            "result" => self.result(&value),
            "" => strange(line),
            _ => Vec::new(),
        }
    }

    /// Whether the turn's result was seen, and no other turn has begun since. The process may live on, but nothing of
    /// it counts any more.
    pub fn is_over(&self) -> bool {
        self.last.is_some()
    }

    /// Whether a turn runs, into which something can be said.
    pub(super) fn is_listening(&self) -> bool {
        self.is_listening && self.last.is_none()
    }

    /// A message of the person, as a line for the program's input. Its echo is an [`AgentEvent::Heard`].
    pub fn say(&mut self, text: &str) -> Vec<u8> {
        self.untold.say(text)
    }

    /// Whether something was said that was not heard yet.
    pub fn has_untold(&self) -> bool {
        !self.untold.is_empty()
    }

    /// A line that asks for the turn's end.
    pub(super) fn interrupt() -> Vec<u8> {
        talk::interrupt_line()
    }

    /// Takes what the program's requests were answered.
    pub fn take_answers(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.answers)
    }

    /// Whether it was told that Orchestra's own tools are not there.
    pub(super) fn has_told_of_tools(&self) -> bool {
        self.has_told_of_tools
    }

    /// Whether it is of no use to go on: [`Self::end`] says why.
    pub(super) fn is_useless(&self) -> bool {
        self.useless.is_some()
    }

    /// Ends the tools that never came back.
    pub fn close(&mut self) -> Vec<AgentEvent> {
        let mut open: Vec<String> = self.tools.drain().map(|(id, _)| id).collect();
        open.sort();
        let finish = |id| AgentEvent::ToolFinished { id, ok: false, output: "(never came back)".to_owned() };
        open.into_iter().map(finish).collect()
    }

    /// Says what the run came to.
    pub fn end(mut self, exit: Exit, stderr_tail: &str) -> Outcome {
        match self.useless.take() {
            Some(fault) => Outcome::Faulted(fault),
            None => self.outcome(exit, stderr_tail),
        }
    }

    fn system(&mut self, value: &Value) -> Vec<AgentEvent> {
        match text_at(value, "subtype") {
            "init" => self.init(value),
            "api_retry" => {
                self.retry_delay = value.get("retry_delay_ms").and_then(Value::as_u64);
                vec![notice(retry_text(value))]
            }
            "permission_denied" => {
                let (tool, why) = (text_at(value, "tool_name"), text_at(value, "message"));
                vec![notice(format!("{tool} was denied: {why}"))]
            }
            "task_started" | "task_progress" => {
                let text = format!("{}\n", text_at(value, "description"));
                match text_at(value, "tool_use_id") {
                    "" => vec![notice(text.trim_end())],
                    id => vec![AgentEvent::ToolOutput { id: id.to_owned(), text }],
                }
            }
            "model_fallback" | "informational" => match text_at(value, "content") {
                "" => Vec::new(),
                content => vec![notice(content)],
            },
            "model_refusal_no_fallback" => vec![notice("the model refused to go on")],
            "compact_boundary" => vec![notice("the conversation was compacted")],
            _ => Vec::new(),
        }
    }

    /// A turn begins: the first, or one for what was said too late for the one before.
    fn init(&mut self, value: &Value) -> Vec<AgentEvent> {
        if self.last.take().is_some() {
            self.api_error.clear();
            self.retry_delay = None;
        }
        let is_first = !std::mem::replace(&mut self.is_listening, true);
        let mut events =
            vec![AgentEvent::Session { session: SessionId(text_at(value, "session_id").to_owned()) }];
        if is_first {
            events.extend(self.servers(value));
        }
        events
    }

    /// Looks whether the servers of tools are there, and ours before all.
    fn servers(&mut self, value: &Value) -> Vec<AgentEvent> {
        let servers = value.get("mcp_servers").and_then(Value::as_array).into_iter().flatten();
        let servers: Vec<(&str, &str)> =
            servers.map(|server| (text_at(server, "name"), text_at(server, "status"))).collect();
        let is_ours = |name: &str| name == OWN_SERVER && self.own_tools != OwnTools::None;
        let missing = servers.iter().filter(|(name, status)| *status != "connected" && !is_ours(name));
        let mut events: Vec<AgentEvent> =
            missing.map(|(name, status)| notice(format!("MCP server {name}: {status}"))).collect();
        let ours = servers.iter().find(|(name, _)| is_ours(name)).map_or("not there", |(_, status)| status);
        // One that is still starting is seen to have been of use, or not, at the turn's end.
        if self.own_tools != OwnTools::None && !matches!(ours, "connected" | "pending") {
            let message =
                format!("Claude Code did not connect with Orchestra's own tools (MCP server: {ours})");
            if self.own_tools == OwnTools::Needed {
                let hint = "run `claude` and look at `/mcp`: settings of yours or of your organisation may forbid servers";
                self.useless = Some(Fault::Unusable { message: message.clone(), hint: hint.to_owned() });
            }
            self.has_told_of_tools = true;
            events.push(notice(message));
        }
        events
    }

    /// The program asks for something. It waits for the answer, so that there is always one.
    fn control_request(&mut self, value: &Value) -> Vec<AgentEvent> {
        let id = text_at(value, "request_id");
        let request = value.get("request").unwrap_or(&Value::Null);
        if text_at(request, "subtype") != "can_use_tool" {
            self.answers.extend(talk::unknown_line(id));
            return Vec::new();
        }
        let tool = text_at(request, "tool_name");
        let input = request.get("input").unwrap_or(&Value::Null);
        let checked = match &self.permissions {
            Some(permissions) => permissions.check(tool, input),
            None => Err("nobody answers for the person".to_owned()),
        };
        match checked {
            Ok(()) => {
                self.answers.extend(talk::allow_line(id, input));
                Vec::new()
            }
            Err(why) => {
                self.answers.extend(talk::deny_line(id, &why));
                vec![notice(format!("{tool} was denied: {why}"))]
            }
        }
    }

    fn stream_event(&mut self, value: &Value) -> Vec<AgentEvent> {
        // What a sub-agent says is shown once, when it is whole.
        if value.get("parent_tool_use_id").is_some_and(Value::is_string) {
            return Vec::new();
        }
        let Some(event) = value.get("event") else { return Vec::new() };
        match text_at(event, "type") {
            "message_start" => self.streamed.clear(),
            "content_block_start" => self.streamed.push(String::new()),
            "content_block_delta" => {
                let delta = event.get("delta").unwrap_or(&Value::Null);
                let (text, thinking) = (text_at(delta, "text"), text_at(delta, "thinking"));
                if let Some(block) = self.streamed.last_mut()
                    && block.len() < MAX_STREAMED
                {
                    block.push_str(text);
                    block.push_str(thinking);
                }
                return said(text).into_iter().chain(thought(thinking)).collect();
            }
            _ => {}
        }
        Vec::new()
    }

    fn assistant(&mut self, value: &Value) -> Vec<AgentEvent> {
        let is_made_up = value.get("is_api_error_message") == Some(&Value::Bool(true));
        if is_made_up || value.get("error").is_some_and(Value::is_string) {
            text_at(value, "error").clone_into(&mut self.api_error);
        }
        let parent = value.get("parent_tool_use_id").and_then(Value::as_str);
        let content = value.pointer("/message/content").and_then(Value::as_array);
        let mut events = Vec::new();
        for block in content.into_iter().flatten() {
            match text_at(block, "type") {
                "text" if is_made_up => events.push(notice(text_at(block, "text"))),
                "text" => events.extend(self.text_block(text_at(block, "text"), parent)),
                "thinking" if parent.is_none() => {
                    events.extend(thought(self.not_yet_shown(text_at(block, "thinking"))));
                }
                "tool_use" => events.push(self.tool_use(block, parent)),
                _ => {}
            }
        }
        events
    }

    fn text_block(&mut self, text: &str, parent: Option<&str>) -> Option<AgentEvent> {
        if let Some(parent) = parent {
            // A sub-agent's words are the output of the tool that it is.
            return Some(AgentEvent::ToolOutput { id: parent.to_owned(), text: tool_output(text) });
        }
        ending(text, super::event::MAX_SUMMARY).clone_into(&mut self.last_text);
        // A block is a paragraph of its own.
        said(&format!("{}\n", self.not_yet_shown(text)))
    }

    /// What of a whole block was not shown as deltas already.
    fn not_yet_shown<'a>(&mut self, text: &'a str) -> &'a str {
        let Some(at) = self.streamed.iter().position(|block| !block.is_empty() && text.starts_with(&**block))
        else {
            return text;
        };
        let block = self.streamed.remove(at);
        if block.len() >= MAX_STREAMED { "" } else { &text[block.len()..] }
    }

    fn tool_use(&mut self, block: &Value, parent: Option<&str>) -> AgentEvent {
        let (id, name) = (text_at(block, "id"), text_at(block, "name"));
        self.tools.insert(id.to_owned(), name.to_owned());
        // Orchestra's own tools have the same names for all agents.
        let name = name.strip_prefix(OWN_PREFIX).unwrap_or(name);
        let name = if parent.is_some() { format!("sub-agent: {name}") } else { name.to_owned() };
        let input = tool_input(block.get("input").unwrap_or(&Value::Null));
        AgentEvent::ToolStarted { id: id.to_owned(), name, input }
    }

    fn user(&mut self, value: &Value) -> Vec<AgentEvent> {
        if value.get("isReplay") == Some(&Value::Bool(true)) {
            return vec![AgentEvent::Heard; self.untold.echoed(value)];
        }
        let Some(content) = value.pointer("/message/content").and_then(Value::as_array) else {
            return Vec::new();
        };
        let mut events = Vec::new();
        for block in content {
            match text_at(block, "type") {
                "tool_result" => events.extend(self.tool_result(block, value)),
                "text" if text_at(block, "text").starts_with("[Request interrupted") => {
                    events.push(notice("the turn was interrupted"));
                }
                // The program talking to its model.
                _ => {}
            }
        }
        events
    }

    fn tool_result(&mut self, block: &Value, line: &Value) -> Vec<AgentEvent> {
        let id = text_at(block, "tool_use_id");
        let ok = block.get("is_error") != Some(&Value::Bool(true));
        let output = match block.get("content") {
            Some(Value::String(text)) => tool_output(text),
            Some(Value::Array(parts)) => {
                let texts: Vec<&str> = parts.iter().map(|part| text_at(part, "text")).collect();
                tool_output(&texts.join("\n"))
            }
            _ => String::new(),
        };
        let name = self.tools.remove(id).unwrap_or_default();
        let mut events = vec![AgentEvent::ToolFinished { id: id.to_owned(), ok, output }];
        let path = line.pointer("/tool_use_result/filePath").and_then(Value::as_str);
        if let Some(path) = path
            && ok
            && matches!(name.as_str(), "Write" | "Edit" | "MultiEdit" | "NotebookEdit")
        {
            events.push(AgentEvent::FileChanged { path: path.to_owned() });
        }
        events
    }

    fn rate_limit(&mut self, value: &Value) -> Vec<AgentEvent> {
        let info = value.get("rate_limit_info").unwrap_or(&Value::Null);
        let status = text_at(info, "status");
        let kind = text_at(info, "rateLimitType");
        let resets_at =
            info.get("resetsAt").and_then(Value::as_i64).and_then(|at| Timestamp::from_second(at).ok());
        self.resets_at = resets_at.filter(|_| status == "rejected");
        match (status, resets_at) {
            ("allowed" | "", _) => Vec::new(),
            (_, Some(at)) => vec![notice(format!("usage limit {kind}: {status}, resets at {at}"))],
            (_, None) => vec![notice(format!("usage limit {kind}: {status}"))],
        }
    }

    fn result(&mut self, value: &Value) -> Vec<AgentEvent> {
        let usage = since(self.used_before, total_usage(value));
        self.last = Some(Final::parse(value, usage));
        vec![AgentEvent::Usage { usage }]
    }
}

fn said(text: &str) -> Option<AgentEvent> {
    (!text.is_empty()).then(|| AgentEvent::Text { text: text.to_owned() })
}

fn thought(text: &str) -> Option<AgentEvent> {
    (!text.is_empty()).then(|| AgentEvent::Thinking { text: text.to_owned() })
}

fn retry_text(value: &Value) -> String {
    let seconds = number_at(value, "retry_delay_ms").div_ceil(1000);
    let (attempt, most) = (number_at(value, "attempt"), number_at(value, "max_retries"));
    let status = number_at(value, "error_status");
    let status = if status == 0 { "no answer".to_owned() } else { status.to_string() };
    format!("{} ({status}): try {attempt} of {most} in {seconds} s", text_at(value, "error"))
}

fn tool_progress(value: &Value) -> Vec<AgentEvent> {
    let seconds = value.get("elapsed_time_seconds").and_then(Value::as_f64).unwrap_or_default();
    let text = format!("({seconds:.0} s)\n");
    vec![AgentEvent::ToolOutput { id: text_at(value, "tool_use_id").to_owned(), text }]
}

/// The sums of a result: over all turns of the process, and of earlier runs of the conversation.
fn total_usage(value: &Value) -> Usage {
    let models = value.get("modelUsage").and_then(Value::as_object);
    let mut usage = Usage::default();
    for model in models.into_iter().flat_map(|models| models.values()) {
        let cached = number_at(model, "cacheReadInputTokens");
        let written = number_at(model, "cacheCreationInputTokens");
        usage = usage.plus(Usage {
            input: number_at(model, "inputTokens").saturating_add(cached).saturating_add(written),
            cached,
            output: number_at(model, "outputTokens"),
            cost_usd: None,
        });
    }
    usage.cost_usd = value.get("total_cost_usd").and_then(Value::as_f64);
    usage
}
