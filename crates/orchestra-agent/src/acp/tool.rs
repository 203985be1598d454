//! What is known of a tool that the agent uses: it is told in pieces, some of them only in a question for a permission.

use orchestra_core::own_tool::OwnTool;
use orchestra_core::report::AgentEvent;
use serde_json::Value;

use crate::command::argv::OWN_SERVER;
use crate::command::event::{ending, one_line, text_at, tool_input, tool_output};

/// How many tools may run at once; what is told of others is not shown.
const MOST_OPEN: usize = 256;
/// How many tools that have ended are remembered, for agents tell more of some of them.
const MOST_DONE: usize = 64;
/// How much of the output that was shown is compared with what comes next.
const MAX_SHOWN: usize = 64 * 1024;
/// How many files one tool may be about.
const MOST_PATHS: usize = 64;
/// Where a tool's input names a file.
const PATH_KEYS: &[&str] = &[
    "file_path",
    "filePath",
    "filepath",
    "path",
    "notebook_path",
    "absolute_path",
    "old_path",
    "new_path",
    "source",
    "destination",
];

/// The tools of one turn.
#[derive(Debug, Default)]
pub(super) struct Tools {
    /// Those that run, in the order in which they began.
    open: Vec<(String, Tool)>,
    done: Vec<String>,
    /// Whether a report was handed in by a tool.
    has_reported: bool,
}

/// One tool that runs.
#[derive(Clone, Debug, Default)]
pub(super) struct Tool {
    name: String,
    title: String,
    pub(super) kind: String,
    input: Value,
    /// Files that it is about, and those of which the change itself was shown.
    pub(super) paths: Vec<String>,
    pub(super) changed: Vec<String>,
    /// Whether it is one of a server, by the agent's own word.
    pub(super) is_of_a_server: bool,
    is_started: bool,
    /// Whether it only waits to be begun: what its content holds is no output yet.
    is_pending: bool,
    shown: String,
    refused: Option<String>,
}

impl Tools {
    /// Takes what is told of a tool, by an update or by a question, and returns what is to be shown.
    pub(super) fn take(&mut self, told: &Value) -> Vec<AgentEvent> {
        let id = text_at(told, "toolCallId").to_owned();
        let Some(at) = self.find_or_begin(&id, told) else { return Vec::new() };
        let tool = &mut self.open[at].1;
        tool.merge(told);
        let status = text_at(told, "status");
        let mut events = Vec::from_iter(tool.begun(&id, status));
        if !matches!(status, "completed" | "failed") {
            events.extend(tool.output(&id, told));
            return events;
        }
        let (_, tool) = self.open.remove(at);
        self.has_reported |= status == "completed" && tool.own() == Some(OwnTool::ReportResult);
        if self.done.len() == MOST_DONE {
            self.done.remove(0);
        }
        self.done.push(id.clone());
        events.extend(tool.finish(id, status, told));
        events
    }

    fn find_or_begin(&mut self, id: &str, told: &Value) -> Option<usize> {
        if let Some(at) = self.open.iter().position(|(open, _)| open == id) {
            return Some(at);
        }
        // More of one that has ended, or of one of which too little is known.
        let is_known = !text_at(told, "title").is_empty() || !text_at(told, "kind").is_empty();
        if id.is_empty()
            || !is_known
            || self.open.len() >= MOST_OPEN
            || self.done.iter().any(|done| done == id)
        {
            return None;
        }
        self.open.push((id.to_owned(), Tool { is_pending: true, ..Tool::default() }));
        Some(self.open.len() - 1)
    }

    /// What a question for a permission is about, with all that was told of it before.
    pub(super) fn asked(&mut self, told: &Value) -> (Tool, Vec<AgentEvent>) {
        let mut events = self.take(told);
        let id = text_at(told, "toolCallId");
        if let Some((_, tool)) = self.open.iter_mut().find(|(open, _)| open == id) {
            events.extend(tool.begun(id, "in_progress"));
            return (tool.clone(), events);
        }
        // Nothing is known of it but this.
        let mut tool = Tool::default();
        tool.merge(told);
        (tool, events)
    }

    /// Remembers why a tool was refused: some agents say no more of it.
    pub(super) fn refuse(&mut self, id: &str, why: &str) {
        if let Some((_, tool)) = self.open.iter_mut().find(|(open, _)| open == id) {
            tool.refused = Some(why.to_owned());
        }
    }

    /// Ends the tools that never came back.
    pub(super) fn close(&mut self) -> Vec<AgentEvent> {
        let open = std::mem::take(&mut self.open);
        let finish = |(id, tool): (String, Tool)| {
            let output =
                tool.refused.as_ref().map_or("(never came back)".to_owned(), |why| format!("refused: {why}"));
            tool.is_started.then_some(AgentEvent::ToolFinished { id, ok: false, output })
        };
        open.into_iter().filter_map(finish).collect()
    }

    /// Whether the report was handed in by its tool.
    pub(super) fn has_reported(&self) -> bool {
        self.has_reported
    }
}

impl Tool {
    /// What it is called, for a person.
    pub(super) fn label(&self) -> String {
        match (self.own(), self.name.as_str(), self.kind.as_str()) {
            (Some(own), _, _) => own.name().to_owned(),
            (None, "", "") => "tool".to_owned(),
            (None, "", kind) => kind.to_owned(),
            (None, name, _) => one_line(name),
        }
    }

    /// The one of Orchestra's own tools that it is. Agents write server and tool in one name, each in its way.
    pub(super) fn own(&self) -> Option<OwnTool> {
        // A command can be called as one likes: only what is a server's tool by its kind, or by the agent's word, counts.
        if !self.is_of_a_server && !matches!(self.kind.as_str(), "" | "other") {
            return None;
        }
        if text_at(&self.input, "server") == OWN_SERVER {
            return OwnTool::parse(text_at(&self.input, "tool"));
        }
        [&self.name, &self.title].into_iter().find_map(|name| own_tool(name))
    }

    /// What it runs, where it is a command.
    pub(super) fn has_command(&self) -> bool {
        self.input.get("command").is_some()
    }

    fn merge(&mut self, told: &Value) {
        let set = |field: &mut String, text: &str| {
            if !text.is_empty() {
                text.clone_into(field);
            }
        };
        set(&mut self.name, text_at(told, "name"));
        let name = told.pointer("/_meta/claudeCode/toolName").and_then(Value::as_str).unwrap_or_default();
        set(&mut self.name, name);
        set(&mut self.title, text_at(told, "title"));
        set(&mut self.kind, text_at(told, "kind"));
        self.is_pending &= matches!(text_at(told, "status"), "" | "pending");
        self.is_of_a_server |= told.pointer("/_meta/is_mcp_tool_call") == Some(&Value::Bool(true));
        let is_said = |value: &&Value| value.as_object().is_some_and(|object| !object.is_empty());
        if let Some(input) = told.get("rawInput").filter(is_said) {
            self.input = input.clone();
            let named = PATH_KEYS.iter().filter_map(|key| input.get(key)?.as_str());
            named.for_each(|path| add(&mut self.paths, path));
        }
        for location in told.get("locations").and_then(Value::as_array).into_iter().flatten() {
            add(&mut self.paths, text_at(location, "path"));
        }
        for block in blocks(told).filter(|block| text_at(block, "type") == "diff") {
            add(&mut self.changed, text_at(block, "path"));
        }
    }

    /// That it began, as soon as there is something to say of it.
    fn begun(&mut self, id: &str, status: &str) -> Option<AgentEvent> {
        let is_told = !self.input.is_null() || !matches!(status, "" | "pending");
        if self.is_started || !is_told {
            return None;
        }
        self.is_started = true;
        let input = if self.input.is_null() { one_line(&self.title) } else { tool_input(&self.input) };
        Some(AgentEvent::ToolStarted { id: id.to_owned(), name: self.label(), input })
    }

    /// What it printed since the last time. Its content is told as a whole each time.
    fn output(&mut self, id: &str, told: &Value) -> Option<AgentEvent> {
        let delta = told.pointer("/_meta/terminal_output_delta/data").and_then(Value::as_str);
        let text = match delta {
            Some(delta) => delta.to_owned(),
            None if self.is_pending => return None,
            None => content_text(told).strip_prefix(self.shown.as_str())?.to_owned(),
        };
        if text.is_empty() || !self.is_started {
            return None;
        }
        self.shown.push_str(&text);
        self.shown.truncate(self.shown.floor_char_boundary(MAX_SHOWN));
        Some(AgentEvent::ToolOutput { id: id.to_owned(), text: tool_output(&text) })
    }

    fn finish(self, id: String, status: &str, told: &Value) -> Vec<AgentEvent> {
        let raw = told.get("rawOutput").unwrap_or(&Value::Null);
        let exits = [
            raw.pointer("/metadata/exit"),
            raw.get("exit_code"),
            told.pointer("/_meta/terminal_exit/exit_code"),
        ];
        let exit = exits.into_iter().flatten().find_map(Value::as_i64).unwrap_or_default();
        let ok = status == "completed" && exit == 0;
        let parts = ["output", "formatted_output", "aggregated_output", "stdout"];
        let output = raw.as_str().or_else(|| parts.iter().find_map(|part| raw.get(part)?.as_str()));
        let output = output.map_or_else(|| content_text(told), str::to_owned);
        let output = match (output.is_empty(), &self.refused) {
            (false, _) => output,
            (true, Some(why)) => format!("refused: {why}"),
            // What was shown already is all that there is.
            (true, None) => ending(&self.shown, MAX_SHOWN).to_owned(),
        };
        let mut events = vec![AgentEvent::ToolFinished { id, ok, output: tool_output(&output) }];
        if ok {
            events.extend(self.changed.into_iter().map(|path| AgentEvent::FileChanged { path }));
        }
        events
    }
}

fn add(paths: &mut Vec<String>, path: &str) {
    if !path.is_empty() && paths.len() < MOST_PATHS && !paths.iter().any(|known| known == path) {
        paths.push(path.to_owned());
    }
}

fn blocks(told: &Value) -> impl Iterator<Item = &Value> {
    told.get("content").and_then(Value::as_array).into_iter().flatten()
}

/// The text of a tool's content.
fn content_text(told: &Value) -> String {
    let text = |block: &Value| block.pointer("/content/text").and_then(Value::as_str).map(str::to_owned);
    blocks(told).filter_map(text).collect::<Vec<_>>().join("\n")
}

/// The own tool that a name stands for: `mcp__orchestra__ask_user`, `mcp.orchestra.ask_user`, `mcp_orchestra_ask_user`,
/// `orchestra_ask_user`, `ask_user (orchestra MCP Server)`.
fn own_tool(name: &str) -> Option<OwnTool> {
    if let Some((tool, server)) = name.split_once(" (") {
        return OwnTool::parse(tool).filter(|_| server == format!("{OWN_SERVER} MCP Server)"));
    }
    let name = ["mcp__", "mcp_", "mcp."].iter().find_map(|prefix| name.strip_prefix(prefix)).unwrap_or(name);
    let rest = name.strip_prefix(OWN_SERVER)?;
    ["__", "_", ".", "/"].iter().find_map(|between| OwnTool::parse(rest.strip_prefix(between)?))
}

#[cfg(test)]
mod tests;
