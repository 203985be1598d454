//! Reading the output of a program that we do not know: as text, or as one event of ours a line.

use std::collections::VecDeque;

use orchestra_core::report::{AgentEvent, Fault, Outcome, Report, Usage};

use super::event::{ending, shorten};
use crate::guard::Exit;

/// How many of the last lines are the summary.
const SUMMARY_LINES: usize = 20;
/// How long each of them may be.
const MAX_LINE: usize = 500;
/// `EX_TEMPFAIL` of `sysexits.h`: try again later.
const TRY_LATER: i32 = 75;

/// The last lines of something.
#[derive(Clone, Debug, Default)]
pub(super) struct LastLines(VecDeque<String>);

impl LastLines {
    pub(super) fn push(&mut self, line: &str) {
        let line = line.trim_end();
        if line.is_empty() {
            return;
        }
        if self.0.len() == SUMMARY_LINES {
            self.0.pop_front();
        }
        self.0.push_back(shorten(line, MAX_LINE));
    }

    pub(super) fn text(&self) -> String {
        self.0.iter().map(String::as_str).collect::<Vec<_>>().join("\n")
    }
}

/// Reads output as text.
#[derive(Debug, Default)]
pub(super) struct TextStream {
    last: LastLines,
}

impl TextStream {
    pub(super) fn line(&mut self, line: &[u8]) -> Vec<AgentEvent> {
        let mut text = String::from_utf8_lossy(line).into_owned();
        self.last.push(&text);
        text.push('\n');
        vec![AgentEvent::Text { text }]
    }

    pub(super) fn part(&mut self, part: &[u8]) -> Vec<AgentEvent> {
        let text = String::from_utf8_lossy(part).into_owned();
        self.last.push(&text);
        vec![AgentEvent::Text { text }]
    }

    pub(super) fn end(self, exit: Exit, stderr_tail: &str) -> Outcome {
        outcome(exit, stderr_tail, Report { summary: self.last.text(), ..Report::default() })
    }
}

/// Reads one [`AgentEvent`] as JSON a line; what is none is text.
#[derive(Debug, Default)]
pub(super) struct JsonLinesStream {
    /// What was said since the last tool came back: the end of the answer.
    said: String,
    usage: Option<Usage>,
}

impl JsonLinesStream {
    pub(super) fn line(&mut self, line: &[u8]) -> Vec<AgentEvent> {
        if line.trim_ascii().is_empty() {
            return Vec::new();
        }
        let event = serde_json::from_slice(line)
            .unwrap_or_else(|_| AgentEvent::Text { text: format!("{}\n", String::from_utf8_lossy(line)) });
        match &event {
            AgentEvent::Text { text } => {
                self.said.push_str(text);
                if self.said.len() > 2 * super::event::MAX_SUMMARY {
                    self.said = ending(&self.said, super::event::MAX_SUMMARY).to_owned();
                }
            }
            AgentEvent::ToolStarted { .. } => self.said.clear(),
            AgentEvent::Usage { usage } => self.usage = Some(*usage),
            AgentEvent::Thinking { .. }
            | AgentEvent::Heard
            | AgentEvent::ToolOutput { .. }
            | AgentEvent::ToolFinished { .. }
            | AgentEvent::FileChanged { .. }
            | AgentEvent::Session { .. }
            | AgentEvent::Notice { .. } => {}
        }
        vec![event]
    }

    pub(super) fn end(self, exit: Exit, stderr_tail: &str) -> Outcome {
        let mut last = LastLines::default();
        self.said.lines().for_each(|line| last.push(line));
        outcome(exit, stderr_tail, Report { summary: last.text(), usage: self.usage, ..Report::default() })
    }
}

/// What the exit code of a program without a preset means.
fn outcome(exit: Exit, stderr_tail: &str, report: Report) -> Outcome {
    let message = with_stderr(&format!("the program ended with {exit}"), stderr_tail);
    match exit {
        Exit::Code(0) => Outcome::Reported(Box::new(report)),
        Exit::Code(TRY_LATER) => Outcome::Faulted(Fault::Transient { message, retry_after: None }),
        Exit::Code(_) | Exit::Signal(_) | Exit::Unseen => Outcome::Faulted(Fault::Failed { message }),
    }
}

/// Adds what the program complained about.
pub(crate) fn with_stderr(message: &str, stderr_tail: &str) -> String {
    if stderr_tail.is_empty() { message.to_owned() } else { format!("{message}:\n{stderr_tail}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(exit: Exit) -> Outcome {
        TextStream::default().end(exit, "no luck")
    }

    #[test]
    fn exit_codes_mean_what_the_contract_says() {
        assert_eq!(ended(Exit::Code(0)), Outcome::Reported(Box::default()));
        let message = "the program ended with exit code 75:\nno luck".to_owned();
        assert_eq!(ended(Exit::Code(75)), Outcome::Faulted(Fault::Transient { message, retry_after: None }));
        for exit in [Exit::Code(1), Exit::Code(127), Exit::Signal(9)] {
            let message = format!("the program ended with {exit}:\nno luck");
            assert_eq!(ended(exit), Outcome::Faulted(Fault::Failed { message }));
        }
    }

    #[test]
    fn the_last_lines_printed_are_the_summary() {
        let mut stream = TextStream::default();
        for number in 0..30 {
            stream.line(format!("line {number}\n").as_bytes());
            stream.line(b"");
        }
        let Outcome::Reported(report) = stream.end(Exit::Code(0), "") else { panic!("it ended well") };
        assert_eq!(report.summary.lines().count(), 20);
        assert!(report.summary.starts_with("line 10\n") && report.summary.ends_with("line 29"));
    }

    #[test]
    fn an_event_a_line_is_taken_as_such_and_anything_else_as_text() {
        let mut stream = JsonLinesStream::default();
        let usage = Usage { input: 5, output: 2, ..Usage::default() };
        assert_eq!(
            stream.line(br#"{"event":"usage","usage":{"input":5,"output":2}}"#),
            [AgentEvent::Usage { usage }]
        );
        stream.line(br#"{"event":"text","text":"thinking aloud"}"#);
        stream.line(br#"{"event":"tool-started","id":"1","name":"run","input":"ls"}"#);
        assert_eq!(stream.line(b"{}"), [AgentEvent::Text { text: "{}\n".to_owned() }]);
        stream.line(br#"{"event":"text","text":"done"}"#);
        let Outcome::Reported(report) = stream.end(Exit::Code(0), "") else { panic!("it ended well") };
        assert_eq!((report.summary.as_str(), report.usage), ("{}\ndone", Some(usage)));
    }
}
