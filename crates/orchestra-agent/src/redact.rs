//! Keeps secrets out of everything that is shown or kept: by their exact value, and by how keys look.
//!
//! Works on streams, so that a key that arrives in two pieces is found, and holds back no more than what could
//! still become one.

use std::borrow::Cow;
use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;

use orchestra_core::own_tool::on_record::OnRecord;
use orchestra_core::report::{AgentEvent, CommitProposal, Decision, Fault, Outcome, Report};

use crate::environment::is_secret_name;

/// What stands in a secret's place.
pub const REDACTED: &str = "[redacted]";

/// The shortest value that is looked for by itself; shorter ones would hit ordinary words.
const SHORTEST: usize = 8;

/// How well-known keys begin, and how many characters must follow at least.
const PATTERNS: &[(&str, usize)] = &[
    ("sk-", 20),
    ("sk_live_", 16),
    ("ghp_", 30),
    ("gho_", 30),
    ("ghu_", 30),
    ("ghs_", 30),
    ("ghr_", 30),
    ("github_pat_", 30),
    ("glpat-", 18),
    ("xoxb-", 20),
    ("xoxp-", 20),
    ("AKIA", 16),
    ("ASIA", 16),
    ("AIza", 30),
    ("hf_", 30),
    ("npm_", 30),
];

/// The longest key that is held back while it arrives.
const LONGEST_HELD: usize = 512;

/// Knows what must not be shown.
#[derive(Clone, Default)]
pub struct Redactor {
    /// Longest first, so that a secret that contains another goes as a whole.
    exact: Vec<Vec<u8>>,
    /// The bytes that begin one of them, for a quick look.
    first_bytes: Vec<u8>,
}

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Redactor").field("secrets", &self.exact.len()).finish_non_exhaustive()
    }
}

impl Redactor {
    /// Takes the values of all variables of an environment whose names say that they are secret.
    pub fn of_environment(environment: &[(OsString, OsString)]) -> Self {
        let secrets = environment
            .iter()
            .filter(|(name, _)| name.to_str().is_some_and(is_secret_name))
            .map(|(_, value)| value.as_bytes())
            // A path to a key is no key.
            .filter(|value| !value.starts_with(b"/"));
        Self::of_values(secrets)
    }

    /// Takes secrets themselves. Those under eight bytes are left out.
    pub fn of_values<'a>(values: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut exact: Vec<Vec<u8>> = Vec::new();
        for value in values {
            if value.len() < SHORTEST {
                continue;
            }
            exact.push(value.to_vec());
            // The same inside a string of JSON.
            if let Ok(text) = std::str::from_utf8(value)
                && let Ok(json) = serde_json::to_string(text)
                && json.len() != value.len() + 2
            {
                exact.push(json.as_bytes()[1..json.len() - 1].to_vec());
            }
        }
        exact.sort_by_key(|value| std::cmp::Reverse(value.len()));
        exact.dedup();
        let mut first_bytes: Vec<u8> = exact.iter().map(|value| value[0]).collect();
        first_bytes.sort_unstable();
        first_bytes.dedup();
        Self { exact, first_bytes }
    }

    /// Knows some more secrets. Those under eight bytes are left out.
    #[must_use]
    pub fn and_values<'a>(mut self, values: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let more = Self::of_values(values);
        self.exact.extend(more.exact);
        self.exact.sort_by_key(|value| std::cmp::Reverse(value.len()));
        self.exact.dedup();
        self.first_bytes.extend(more.first_bytes);
        self
    }

    /// Redacts a text that is whole.
    pub fn text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut clean = Vec::with_capacity(text.len());
        let consumed = self.scan(text.as_bytes(), text.len(), None, &mut clean);
        debug_assert_eq!(consumed, text.len());
        if clean == text.as_bytes() {
            Cow::Borrowed(text)
        } else {
            // Only whole ASCII keys and exact UTF-8 values were replaced.
            Cow::Owned(String::from_utf8_lossy(&clean).into_owned())
        }
    }

    /// Redacts all of an event; for a stream of texts there is a reader of its own in this module.
    pub fn event(&self, event: AgentEvent) -> AgentEvent {
        match event {
            AgentEvent::Text { text } => AgentEvent::Text { text: self.owned(text) },
            AgentEvent::Thinking { text } => AgentEvent::Thinking { text: self.owned(text) },
            AgentEvent::ToolStarted { id, name, input } => {
                AgentEvent::ToolStarted { id, name, input: self.owned(input) }
            }
            AgentEvent::ToolOutput { id, text } => AgentEvent::ToolOutput { id, text: self.owned(text) },
            AgentEvent::ToolFinished { id, ok, output } => {
                AgentEvent::ToolFinished { id, ok, output: self.owned(output) }
            }
            AgentEvent::FileChanged { path } => AgentEvent::FileChanged { path: self.owned(path) },
            AgentEvent::Notice { text } => AgentEvent::Notice { text: self.owned(text) },
            untouched @ (AgentEvent::Heard | AgentEvent::Usage { .. } | AgentEvent::Session { .. }) => {
                untouched
            }
        }
    }

    /// Redacts what a turn came to.
    pub fn outcome(&self, outcome: Outcome) -> Outcome {
        match outcome {
            Outcome::Reported(report) => Outcome::Reported(Box::new(self.report(*report))),
            Outcome::Faulted(fault) => Outcome::Faulted(match fault {
                Fault::Transient { message, retry_after } => {
                    Fault::Transient { message: self.owned(message), retry_after }
                }
                Fault::UsageLimit { message, until } => {
                    Fault::UsageLimit { message: self.owned(message), until }
                }
                Fault::Unusable { message, hint } => Fault::Unusable { message: self.owned(message), hint },
                Fault::Failed { message } => Fault::Failed { message: self.owned(message) },
                untouched @ (Fault::TimedOut { .. } | Fault::Cancelled) => untouched,
            }),
        }
    }

    fn report(&self, mut report: Report) -> Report {
        report.summary = self.owned(report.summary);
        if let Some(CommitProposal { kind, scope, subject, body }) = report.commit.take() {
            let (kind, scope) = (self.owned(kind), self.owned(scope));
            let (subject, body) = (self.owned(subject), self.owned(body));
            report.commit = Some(CommitProposal { kind, scope, subject, body });
        }
        let OnRecord { decisions, concerns } =
            self.on_record(OnRecord { decisions: report.decisions, concerns: report.concerns });
        for finding in &mut report.findings {
            finding.file = self.owned(std::mem::take(&mut finding.file));
            finding.message = self.owned(std::mem::take(&mut finding.message));
        }
        Report { decisions, concerns, ..report }
    }

    /// Redacts what an agent put on record.
    pub fn on_record(&self, OnRecord { decisions, concerns }: OnRecord) -> OnRecord {
        let clean = |Decision { title, risk, why }| Decision {
            title: self.owned(title),
            risk: self.owned(risk),
            why: self.owned(why),
        };
        OnRecord {
            decisions: decisions.into_iter().map(clean).collect(),
            concerns: concerns.into_iter().map(|concern| self.owned(concern)).collect(),
        }
    }

    fn owned(&self, text: String) -> String {
        match self.text(&text) {
            Cow::Borrowed(_) => text,
            Cow::Owned(clean) => clean,
        }
    }

    /// Copies `bytes` to `clean` without secrets until `cut` is reached; a secret that begins before the cut is
    /// taken whole. Returns how far it came.
    fn scan(&self, bytes: &[u8], cut: usize, before: Option<u8>, clean: &mut Vec<u8>) -> usize {
        let mut at = 0;
        let mut before = before;
        while at < cut {
            let found = self.secret_at(&bytes[at..], before);
            if found > 0 {
                clean.extend_from_slice(REDACTED.as_bytes());
                at += found;
            } else {
                clean.push(bytes[at]);
                at += 1;
            }
            before = Some(bytes[at - 1]);
        }
        at
    }

    /// The length of the secret at the beginning of `bytes`, 0 where there is none.
    fn secret_at(&self, bytes: &[u8], before: Option<u8>) -> usize {
        let Some(&first) = bytes.first() else { return 0 };
        if self.first_bytes.contains(&first)
            && let Some(value) = self.exact.iter().find(|value| bytes.starts_with(value))
        {
            return value.len();
        }
        if !matches!(first, b's' | b'g' | b'x' | b'A' | b'h' | b'n') || before.is_some_and(is_key_byte) {
            return 0;
        }
        let Some((prefix, least)) = PATTERNS.iter().find(|(prefix, _)| bytes.starts_with(prefix.as_bytes()))
        else {
            return 0;
        };
        let length = bytes.iter().take_while(|byte| is_key_byte(**byte)).count();
        let digits = bytes[..length].iter().filter(|byte| byte.is_ascii_digit()).count();
        // Words joined by hyphens have no digits; keys do.
        if length >= prefix.len() + least && digits > 0 { length } else { 0 }
    }

    /// How many bytes at the end could be the beginning of a secret.
    fn unsure_end(&self, bytes: &[u8], before: Option<u8>) -> usize {
        let begun_exact = self
            .exact
            .iter()
            .filter_map(|value| {
                (1..value.len().min(bytes.len() + 1)).rev().find(|length| bytes.ends_with(&value[..*length]))
            })
            .max()
            .unwrap_or(0);
        let run = bytes.iter().rev().take_while(|byte| is_key_byte(**byte)).count();
        let is_whole = run < bytes.len() || !before.is_some_and(is_key_byte);
        let token = &bytes[bytes.len() - run..];
        let begun_pattern = PATTERNS.iter().any(|(prefix, _)| {
            let shared = token.len().min(prefix.len());
            token[..shared] == prefix.as_bytes()[..shared]
        });
        let begun_key = if is_whole && begun_pattern && run <= LONGEST_HELD { run } else { 0 };
        begun_exact.max(begun_key)
    }
}

fn is_key_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

/// A stream of bytes on its way through a [`Redactor`].
#[derive(Clone, Debug, Default)]
pub(crate) struct RedactedStream {
    pending: Vec<u8>,
    before: Option<u8>,
}

impl RedactedStream {
    /// Takes bytes and gives out what is sure by now.
    pub(crate) fn push(&mut self, redactor: &Redactor, bytes: &[u8]) -> Vec<u8> {
        self.pending.extend_from_slice(bytes);
        let cut = self.pending.len() - redactor.unsure_end(&self.pending, self.before);
        self.emit(redactor, cut)
    }

    /// Gives out the rest.
    pub(crate) fn finish(&mut self, redactor: &Redactor) -> Vec<u8> {
        self.emit(redactor, self.pending.len())
    }

    fn emit(&mut self, redactor: &Redactor, cut: usize) -> Vec<u8> {
        let mut clean = Vec::with_capacity(cut);
        let consumed = redactor.scan(&self.pending, cut, self.before, &mut clean);
        if consumed > 0 {
            self.before = Some(self.pending[consumed - 1]);
        }
        self.pending.drain(..consumed);
        clean
    }
}

/// A stream of events on its way through a [`Redactor`]: neighbouring pieces of text are seen as one.
#[derive(Clone, Debug, Default)]
pub(crate) struct RedactedEvents {
    stream: RedactedStream,
    /// Whether what is pending is thinking rather than text.
    is_thinking: bool,
}

impl RedactedEvents {
    pub(crate) fn push(&mut self, redactor: &Redactor, event: AgentEvent) -> Vec<AgentEvent> {
        let (is_thinking, text) = match event {
            AgentEvent::Text { text } => (false, text),
            AgentEvent::Thinking { text } => (true, text),
            other => {
                let mut events = self.finish(redactor);
                events.push(redactor.event(other));
                return events;
            }
        };
        let mut events = if is_thinking == self.is_thinking { Vec::new() } else { self.finish(redactor) };
        self.is_thinking = is_thinking;
        let clean = self.stream.push(redactor, text.as_bytes());
        events.extend(self.to_event(&clean));
        events
    }

    pub(crate) fn finish(&mut self, redactor: &Redactor) -> Vec<AgentEvent> {
        let clean = self.stream.finish(redactor);
        self.stream = RedactedStream::default();
        self.to_event(&clean).into_iter().collect()
    }

    fn to_event(&self, clean: &[u8]) -> Option<AgentEvent> {
        if clean.is_empty() {
            return None;
        }
        let text = String::from_utf8_lossy(clean).into_owned();
        Some(if self.is_thinking { AgentEvent::Thinking { text } } else { AgentEvent::Text { text } })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CANARY: &str = "correct horse battery";

    fn redactor() -> Redactor {
        Redactor::of_environment(&[
            ("ANTHROPIC_API_KEY".into(), CANARY.into()),
            ("QUOTED_SECRET".into(), "with\"quote\"inside".into()),
            ("SSH_KEY_PATH".into(), "/home/user/.ssh/id".into()),
            ("SHORT_TOKEN".into(), "abc".into()),
            ("EDITOR".into(), "a long editor".into()),
        ])
    }

    #[test]
    fn a31_a_secret_goes_by_its_value_and_a_key_by_its_looks() {
        let key = "sk-ant-api03-abcDEF0123456789_xyz";
        let text = format!("use {CANARY}, {{\"k\":\"with\\\"quote\\\"inside\"}}, {key} and abc");
        let clean = "use [redacted], {\"k\":\"[redacted]\"}, [redacted] and abc";
        assert_eq!(redactor().text(&text), clean);
    }

    #[test]
    fn every_pattern_passes_the_quick_look() {
        for (prefix, least) in PATTERNS {
            let key = format!("{prefix}{}", "7".repeat(*least));
            assert_eq!(redactor().text(&key), REDACTED, "{key}");
        }
    }

    #[test]
    fn ordinary_text_stays() {
        for text in [
            "sk-learn",
            "task-0123456789012345678901234567890",
            "sk-words-joined-by-many-hyphens",
            "/home/user/.ssh/id",
            "a long editor",
            "AKIA",
        ] {
            assert_eq!(redactor().text(text), text);
        }
    }

    #[test]
    fn a_secret_that_arrives_in_pieces_of_an_answer_is_found() {
        let mut events = RedactedEvents::default();
        let mut seen = Vec::new();
        for piece in ["It is correct ho", "rse batt", "ery, ", "sk", "-abcdefghij0123456789"] {
            seen.extend(events.push(&redactor(), AgentEvent::Text { text: piece.to_owned() }));
        }
        seen.extend(events.push(&redactor(), AgentEvent::Notice { text: format!("{CANARY}!") }));
        let said: String = seen
            .iter()
            .map(|event| match event {
                AgentEvent::Text { text } | AgentEvent::Notice { text } => text.as_str(),
                _ => "",
            })
            .collect();
        assert_eq!(said, "It is [redacted], [redacted][redacted]!");
    }

    proptest! {
        #[test]
        fn a_stream_says_the_same_wherever_it_is_cut(
            text in "(correct horse battery|sk-abcdefghij0123456789x|correct|horse|sk|-| |ä){0,12}",
            borders in proptest::collection::vec(0_usize..150, 0..6),
        ) {
            let redactor = redactor();
            let mut borders: Vec<usize> = borders.into_iter().map(|at| at.min(text.len())).collect();
            borders.extend([0, text.len()]);
            borders.sort_unstable();
            let mut stream = RedactedStream::default();
            let mut clean = Vec::new();
            for pair in borders.windows(2) {
                clean.extend(stream.push(&redactor, &text.as_bytes()[pair[0]..pair[1]]));
            }
            clean.extend(stream.finish(&redactor));
            let clean = String::from_utf8(clean).unwrap();
            prop_assert_eq!(clean.as_str(), redactor.text(&text));
            prop_assert!(!clean.contains(CANARY));
        }
    }
}
