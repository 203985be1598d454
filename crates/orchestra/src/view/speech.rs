//! What an agent says and does, as indented lines below the log's.

use orchestra_core::report::AgentEvent;

use super::lines::visible;

/// The longest line that is shown of what an agent does.
const WIDTH: usize = 160;
/// So much of a line without an end is shown as one, in bytes.
const PIECE: usize = 4096;

/// How many characters stand before what is shown.
const SIGN: usize = "   | ".len();

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
            AgentEvent::ToolStarted { name, input, .. } => self.then(cut(&format!("● {name} {input}"))),
            AgentEvent::ToolFinished { ok: false, output, .. } => {
                let last = output.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
                self.then(cut(&format!("✘ {last}")))
            }
            AgentEvent::Notice { text } => self.then(shown(&format!("· {text}"))),
            AgentEvent::Heard => self.then(shown("· it has heard you")),
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
        if self.line.len() > PIECE {
            let end = self.line.rfind(' ').map_or(self.line.len(), |blank| blank + 1);
            let piece: String = self.line.drain(..end).collect();
            lines.push(shown(&piece));
        }
        lines
    }

    fn then(&mut self, line: String) -> Vec<String> {
        let mut lines = self.rest();
        lines.push(line);
        lines
    }
}

/// What an agent says is whole: the terminal wraps it.
fn shown(line: &str) -> String {
    format!("   │ {}", visible(line.trim_end()).replace('\n', " "))
}

fn cut(line: &str) -> String {
    let line = shown(line);
    match line.char_indices().nth(SIGN + WIDTH) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> AgentEvent {
        AgentEvent::Text { text: text.to_owned() }
    }

    #[test]
    fn what_an_agent_says_is_whole_and_what_it_does_is_cut() {
        let mut speech = Speech::default();
        let long = "word ".repeat(500);
        assert_eq!(speech.take(&text(&format!("{long}\n\nrest"))), [format!("   │ {}", long.trim_end())]);
        let input = "x".repeat(500);
        let tool = AgentEvent::ToolStarted { id: "1".to_owned(), name: "run".to_owned(), input };
        let lines = speech.take(&tool);
        assert_eq!(lines[0], "   │ rest");
        assert_eq!(lines[1], format!("   │ ● run {}…", "x".repeat(WIDTH - 6)));
    }

    #[test]
    fn a_line_without_an_end_comes_in_pieces_between_words() {
        let mut speech = Speech::default();
        let mut lines: Vec<String> = (0..3000).flat_map(|_| speech.take(&text("some words "))).collect();
        lines.extend(speech.rest());
        assert!(lines.len() > 3 && lines.iter().all(|line| line.len() < 2 * PIECE));
        let words: Vec<&str> = lines.iter().flat_map(|line| line["   │ ".len()..].split(' ')).collect();
        assert_eq!(words, ["some", "words"].repeat(3000));
    }
}
