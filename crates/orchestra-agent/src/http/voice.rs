//! What is told of a turn while it runs: to whoever listens, and to the transcript; neither ever hears a secret.

use orchestra_core::report::AgentEvent;
use serde_json::{Value, json};
use tokio::sync::mpsc::Sender;

use crate::command::event::notice;
use crate::redact::{RedactedEvents, Redactor};
use crate::transcript::Transcript;

/// Tells events.
pub(super) struct Voice<'a> {
    events: &'a Sender<AgentEvent>,
    redactor: &'a Redactor,
    transcript: &'a mut Transcript,
    redacted: RedactedEvents,
    /// How many bytes of text may be shown, and how many were.
    limit: u64,
    shown: u64,
    /// Whoever asked for the end may not be listening any more, and must not wait for us.
    is_hurried: bool,
}

impl<'a> Voice<'a> {
    pub(super) fn new(
        events: &'a Sender<AgentEvent>,
        redactor: &'a Redactor,
        transcript: &'a mut Transcript,
        limit: u64,
    ) -> Self {
        Self {
            events,
            redactor,
            transcript,
            redacted: RedactedEvents::default(),
            limit,
            shown: 0,
            is_hurried: false,
        }
    }

    pub(super) async fn say(&mut self, event: AgentEvent) {
        let Some(event) = self.within_limit(event) else { return };
        for event in self.redacted.push(self.redactor, event) {
            self.send(event).await;
        }
    }

    pub(super) async fn notice(&mut self, text: impl Into<String>) {
        self.say(notice(text)).await;
    }

    /// From now on nobody is waited for.
    pub(super) fn hurry(&mut self) {
        self.is_hurried = true;
    }

    /// Says what was held back.
    pub(super) async fn finish(&mut self) {
        for event in self.redacted.finish(self.redactor) {
            self.send(event).await;
        }
    }

    /// Keeps what was sent, in the transcript alone.
    pub(super) fn sent(&mut self, what: &str, sent: &Value) {
        self.keep(&json!({ what: sent }));
    }

    /// Keeps what somebody else said, in the transcript alone.
    pub(super) fn aside(&mut self, who: &str, text: &str) {
        self.transcript.aside(who, text);
    }

    fn keep(&mut self, line: &Value) {
        let mut line = line.to_string().into_bytes();
        line.push(b'\n');
        self.transcript.output(&line);
    }

    /// Lets text pass up to the limit, and says once that the rest is not shown.
    fn within_limit(&mut self, event: AgentEvent) -> Option<AgentEvent> {
        let (AgentEvent::Text { text } | AgentEvent::Thinking { text } | AgentEvent::ToolOutput { text, .. }) =
            &event
        else {
            return Some(event);
        };
        let before = self.shown;
        self.shown = before.saturating_add(text.len() as u64);
        if self.shown <= self.limit {
            return Some(event);
        }
        (before <= self.limit).then(|| notice("it says more than is kept: the rest of its text is not shown"))
    }

    async fn send(&mut self, event: AgentEvent) {
        if let Ok(line) = serde_json::to_value(&event) {
            self.keep(&line);
        }
        if self.is_hurried {
            let _full_or_gone = self.events.try_send(event);
        } else {
            // A receiver that is gone stops nothing.
            let _unheard = self.events.send(event).await;
        }
    }
}
