//! One face for the readers of all formats.

use orchestra_core::config::{CommandAgent, OutputFormat, Preset};
use orchestra_core::report::{AgentEvent, Outcome};

use super::argv;
use super::claude::{self, ClaudeStream, Permissions};
use super::codex::CodexStream;
use super::text::{JsonLinesStream, TextStream};
use crate::acp::AcpStream;
use crate::agent::TurnRequest;
use crate::guard::Exit;

/// How the output of a program is read.
pub(super) enum Stream {
    Text(TextStream),
    JsonLines(JsonLinesStream),
    Claude(Box<ClaudeStream>),
    Codex(Box<CodexStream>),
    Acp(Box<AcpStream>),
}

impl Stream {
    pub(super) fn new(config: &CommandAgent, request: &TurnRequest, has_tools: bool) -> Self {
        match (config.preset, config.output) {
            (Some(Preset::ClaudeCode), _) => {
                let own_tools = match (has_tools, argv::wants_report(request)) {
                    (false, _) => claude::OwnTools::None,
                    (true, true) => claude::OwnTools::Wanted,
                    (true, false) => claude::OwnTools::Needed,
                };
                let stream = ClaudeStream::new(request.used_before).with_own_tools(own_tools);
                Self::Claude(Box::new(stream.with_permissions(Permissions::of(request))))
            }
            (Some(Preset::Codex), _) => Self::Codex(Box::new(CodexStream::new(request.used_before))),
            (None, OutputFormat::Text) => Self::Text(TextStream::default()),
            (None, OutputFormat::JsonLines) => Self::JsonLines(JsonLinesStream::default()),
        }
    }

    /// Whether a line is one thing, of which half says nothing.
    pub(super) fn is_json(&self) -> bool {
        match self {
            Self::Text(_) => false,
            Self::JsonLines(_) | Self::Claude(_) | Self::Codex(_) | Self::Acp(_) => true,
        }
    }

    pub(super) fn line(&mut self, line: &[u8]) -> Vec<AgentEvent> {
        match self {
            Self::Text(stream) => stream.line(line),
            Self::JsonLines(stream) => stream.line(line),
            Self::Claude(stream) => stream.line(line),
            Self::Codex(stream) => stream.line(line),
            Self::Acp(stream) => stream.line(line),
        }
    }

    /// A part of a line that is too long for one piece; only where lines are text.
    pub(super) fn part(&mut self, part: &[u8]) -> Vec<AgentEvent> {
        match self {
            Self::Text(stream) => stream.part(part),
            Self::JsonLines(_) | Self::Claude(_) | Self::Codex(_) | Self::Acp(_) => Vec::new(),
        }
    }

    /// Whether the turn's last event was seen: what comes now is the program's own leaving.
    pub(super) fn is_over(&self) -> bool {
        match self {
            Self::Text(_) | Self::JsonLines(_) => false,
            Self::Claude(stream) => stream.is_over(),
            Self::Codex(stream) => stream.is_over(),
            Self::Acp(stream) => stream.is_over(),
        }
    }

    /// Whether the program keeps its input open for a conversation, and ends with it.
    pub(super) fn is_conversation(&self) -> bool {
        match self {
            Self::Text(_) | Self::JsonLines(_) | Self::Codex(_) => false,
            Self::Claude(_) | Self::Acp(_) => true,
        }
    }

    /// Whether a conversation can be spoken to while it works.
    pub(super) fn hears(&self) -> bool {
        match self {
            Self::Text(_) | Self::JsonLines(_) | Self::Codex(_) | Self::Acp(_) => false,
            Self::Claude(_) => true,
        }
    }

    /// Whether the program has not opened its conversation yet, which it does at once.
    pub(super) fn is_opening(&self) -> bool {
        match self {
            Self::Text(_) | Self::JsonLines(_) | Self::Codex(_) | Self::Claude(_) => false,
            Self::Acp(stream) => stream.is_opening(),
        }
    }

    /// Whether the program is asked to end in its own words when its time is up, too.
    pub(super) fn is_told_of_time(&self) -> bool {
        match self {
            Self::Text(_) | Self::JsonLines(_) | Self::Codex(_) | Self::Claude(_) => false,
            Self::Acp(_) => true,
        }
    }

    /// Whether a turn of a conversation runs, into which something can be said.
    pub(super) fn is_listening(&self) -> bool {
        match self {
            Self::Text(_) | Self::JsonLines(_) | Self::Codex(_) | Self::Acp(_) => false,
            Self::Claude(stream) => stream.is_listening(),
        }
    }

    /// What the person says, as a line for the program's input.
    pub(super) fn say(&mut self, text: &str) -> Vec<u8> {
        match self {
            Self::Text(_) | Self::JsonLines(_) | Self::Codex(_) | Self::Acp(_) => json_line("message", text),
            Self::Claude(stream) => stream.say(text),
        }
    }

    /// Whether a conversation was told something that it has not heard yet.
    pub(super) fn has_untold(&self) -> bool {
        match self {
            Self::Text(_) | Self::JsonLines(_) | Self::Codex(_) | Self::Acp(_) => false,
            Self::Claude(stream) => stream.has_untold(),
        }
    }

    /// What the program is answered to what it asked, as lines for its input.
    pub(super) fn take_answers(&mut self) -> Vec<u8> {
        match self {
            Self::Text(_) | Self::JsonLines(_) | Self::Codex(_) => Vec::new(),
            Self::Claude(stream) => stream.take_answers(),
            Self::Acp(stream) => stream.take_answers(),
        }
    }

    /// A line that asks for the end of the running turn, where the program understands one.
    pub(super) fn interrupt(&mut self) -> Option<Vec<u8>> {
        match self {
            Self::Text(_) | Self::JsonLines(_) | Self::Codex(_) => None,
            Self::Claude(_) => Some(ClaudeStream::interrupt()),
            Self::Acp(stream) => stream.interrupt(),
        }
    }

    /// Whether it is of no use to go on.
    pub(super) fn is_useless(&self) -> bool {
        match self {
            Self::Text(_) | Self::JsonLines(_) | Self::Codex(_) | Self::Acp(_) => false,
            Self::Claude(stream) => stream.is_useless(),
        }
    }

    /// Whether it was told already that Orchestra's own tools are not there.
    pub(super) fn has_told_of_tools(&self) -> bool {
        match self {
            Self::Text(_) | Self::JsonLines(_) | Self::Codex(_) => false,
            Self::Claude(stream) => stream.has_told_of_tools(),
            // One that failed has other worries.
            Self::Acp(stream) => stream.has_failed(),
        }
    }

    /// Whether the program only waits for a network.
    pub(super) fn is_offline(&self) -> bool {
        match self {
            Self::Text(_) | Self::JsonLines(_) | Self::Claude(_) | Self::Acp(_) => false,
            Self::Codex(stream) => stream.is_offline(),
        }
    }

    /// Ends the tools that were begun and never came back.
    pub(super) fn close(&mut self) -> Vec<AgentEvent> {
        match self {
            Self::Text(_) | Self::JsonLines(_) => Vec::new(),
            Self::Claude(stream) => stream.close(),
            Self::Codex(stream) => stream.close(),
            Self::Acp(stream) => stream.close(),
        }
    }

    pub(super) fn end(self, exit: Exit, stderr_tail: &str) -> Outcome {
        match self {
            Self::Text(stream) => stream.end(exit, stderr_tail),
            Self::JsonLines(stream) => stream.end(exit, stderr_tail),
            Self::Claude(stream) => stream.end(exit, stderr_tail),
            Self::Codex(stream) => stream.end(exit, stderr_tail),
            Self::Acp(stream) => stream.end(exit, stderr_tail),
        }
    }
}

/// A line for a program that reads JSON by our own contract.
pub(super) fn json_line(kind: &str, text: &str) -> Vec<u8> {
    let mut line = serde_json::json!({ "type": kind, "text": text }).to_string().into_bytes();
    line.push(b'\n');
    line
}
