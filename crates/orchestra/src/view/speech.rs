//! What an agent says and does, as indented lines below the log's.

use orchestra_core::report::AgentEvent;

use super::lines::visible;

/// The longest line that is shown of an agent.
const WIDTH: usize = 160;

/// Gathers an agent's words to whole lines.
#[derive(Default)]
pub(crate) struct Speech {
    line: String,
}

impl Speech {
    /// The lines that an event completes.
    pub(crate) fn take(&mut self, event: &AgentEvent) -> Vec<String> {
        match event {
            AgentEvent::Text { text } => self.words(text),
            AgentEvent::ToolStarted { name, input, .. } => self.then(&format!("● {name} {input}")),
            AgentEvent::ToolFinished { ok: false, output, .. } => {
                let last = output.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
                self.then(&format!("✘ {last}"))
            }
            AgentEvent::Notice { text } => self.then(&format!("· {text}")),
            AgentEvent::Heard => self.then("· it has heard you"),
            AgentEvent::ToolFinished { ok: true, .. }
            | AgentEvent::Thinking { .. }
            | AgentEvent::ToolOutput { .. }
            | AgentEvent::FileChanged { .. }
            | AgentEvent::Usage { .. }
            | AgentEvent::Session { .. } => Vec::new(),
        }
    }

    /// What is left when the agent has ended.
    pub(crate) fn rest(&mut self) -> Vec<String> {
        let rest = std::mem::take(&mut self.line);
        if rest.trim().is_empty() { Vec::new() } else { vec![shown(&rest)] }
    }

    fn words(&mut self, text: &str) -> Vec<String> {
        self.line.push_str(text);
        let mut lines = Vec::new();
        while let Some(end) = self.line.find('\n') {
            let line: String = self.line.drain(..=end).collect();
            if !line.trim().is_empty() {
                lines.push(shown(&line));
            }
        }
        // A line without end is shown in pieces, so that it never grows without bound.
        if self.line.len() > 4 * WIDTH {
            lines.extend(self.rest());
        }
        lines
    }

    fn then(&mut self, line: &str) -> Vec<String> {
        let mut lines = self.rest();
        lines.push(shown(line));
        lines
    }
}

fn shown(line: &str) -> String {
    let line = visible(line.trim_end()).replace('\n', " ");
    let cut: String = line.chars().take(WIDTH).collect();
    if cut.len() < line.len() { format!("   │ {cut}…") } else { format!("   │ {cut}") }
}
