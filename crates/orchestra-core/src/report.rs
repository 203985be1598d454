//! What an agent hands back, and what it says on the way.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::{RoleId, SessionId};

/// What an agent reports at the end of a turn. Every key is optional in JSON; a report is a claim, never a proof.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct Report {
    /// What was done, in a sentence or a few.
    pub summary: String,
    /// How the agent would word the commit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit: Option<CommitProposal>,
    /// What was decided on the way, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub decisions: Vec<Decision>,
    /// What the agent saw and left alone, because it lies outside the phase or the role.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub concerns: Vec<String>,
    /// A reviewer's conclusion.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
    /// What a reviewer found.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
    /// What the turn consumed.
    // Counted by Orchestra where a model calls it as a tool.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(skip)]
    pub usage: Option<Usage>,
}

/// An agent's wording for a commit. Checked and repaired before it is used (see [`crate::message`]).
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct CommitProposal {
    /// A Conventional Commits type: `feat`, `fix`, …
    #[serde(rename = "type")]
    pub kind: String,
    /// The part of the project that is concerned.
    pub scope: String,
    /// What the commit does, in the imperative.
    pub subject: String,
    /// Why, in as many lines as needed.
    pub body: String,
}

/// One decision of an agent.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct Decision {
    /// What was decided.
    pub title: String,
    /// How much depends on it: `low`, `medium`, `high`.
    pub risk: String,
    /// Why it was decided so.
    pub why: String,
}

impl Decision {
    /// The longest title and the longest reason that are kept, in characters.
    const LONGEST: (usize, usize) = (300, 2_000);

    /// As much of it as a record keeps.
    #[must_use]
    pub fn shortened(&self) -> Self {
        let cut = |text: &str, longest: usize| match text.char_indices().nth(longest) {
            Some((end, _)) => format!("{}…", &text[..end]),
            None => text.to_owned(),
        };
        let (title, why) = Self::LONGEST;
        Self { title: cut(&self.title, title), risk: cut(&self.risk, title), why: cut(&self.why, why) }
    }
}

/// A reviewer's conclusion.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Nothing to say.
    Approved,
    /// Good as it is; there are remarks.
    ApprovedWithComments,
    /// Something must be mended first.
    ChangesRequested,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Approved => "approved",
            Self::ApprovedWithComments => "approved-with-comments",
            Self::ChangesRequested => "changes-requested",
        })
    }
}

/// How much a finding matters.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Must not be pushed.
    Blocking,
    /// Should be mended before it is pushed.
    #[default]
    Important,
    /// Could be better.
    Suggestion,
    /// Well done.
    Praise,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Blocking => "blocking",
            Self::Important => "important",
            Self::Suggestion => "suggestion",
            Self::Praise => "praise",
        })
    }
}

/// One thing that a reviewer found.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct Finding {
    /// How much it matters; a finding without a severity counts as important.
    pub severity: Severity,
    /// The role that should mend it, where the reviewer names one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub role: Option<RoleId>,
    /// The file, relative to the top of the repository; empty where it concerns none.
    pub file: String,
    /// The line, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// What is wrong, and how to mend it.
    pub message: String,
}

/// In one line: how much it matters, where, and what.
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.severity)?;
        if !self.file.is_empty() {
            let line = self.line.map(|line| format!(":{line}")).unwrap_or_default();
            write!(f, "{}{line} ", self.file)?;
        }
        f.write_str(&self.message)
    }
}

/// Tokens and money.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
pub struct Usage {
    /// Tokens read by the model, those from a cache included.
    pub input: u64,
    /// Of these, tokens read from a cache.
    pub cached: u64,
    /// Tokens written by the model.
    pub output: u64,
    /// Cost in US dollars, where somebody pays by use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost_usd: Option<f64>,
}

impl Eq for Usage {}

impl Usage {
    /// Adds two usages.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            input: self.input.saturating_add(other.input),
            cached: self.cached.saturating_add(other.cached),
            output: self.output.saturating_add(other.output),
            cost_usd: match (self.cost_usd, other.cost_usd) {
                (None, None) => None,
                (one, two) => Some(one.unwrap_or(0.0) + two.unwrap_or(0.0)),
            },
        }
    }

    /// All tokens, read and written.
    pub fn tokens(&self) -> u64 {
        self.input.saturating_add(self.output)
    }
}

/// Something an agent did or said during a turn. Shown and kept in the transcript; decides nothing.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum AgentEvent {
    /// A piece of the answer.
    Text {
        /// The piece.
        text: String,
    },
    /// A piece of what the model shows of its thinking.
    Thinking {
        /// The piece.
        text: String,
    },
    /// A tool was called.
    ToolStarted {
        /// Which call; unique within a turn.
        id: String,
        /// The tool's name.
        name: String,
        /// What it was called with, in one line.
        input: String,
    },
    /// A running tool printed something.
    ToolOutput {
        /// Which call.
        id: String,
        /// What it printed.
        text: String,
    },
    /// A tool came back.
    ToolFinished {
        /// Which call.
        id: String,
        /// Whether it did what was asked.
        ok: bool,
        /// What came back.
        output: String,
    },
    /// The agent says that it changed a file. For the screen only: the truth about files is git.
    FileChanged {
        /// The path as the agent gave it.
        path: String,
    },
    /// It took up the next of the words that the person said to it during the turn.
    Heard,
    /// What the turn consumed so far; each replaces the one before.
    Usage {
        /// The sum so far.
        usage: Usage,
    },
    /// The agent's name for its conversation.
    Session {
        /// The name.
        session: SessionId,
    },
    /// Something worth showing: a retry, a denial, a warning.
    Notice {
        /// What it is.
        text: String,
    },
}

/// How a turn ended.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// The agent ended by itself and without an error; what it claims is checked next.
    Reported(Box<Report>),
    /// The agent did not get there.
    Faulted(Fault),
}

/// Why an agent did not get to its end. The variants are what can be done about it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Fault {
    /// Rate limit, overload, network: worth trying again soon, costs no attempt.
    Transient {
        /// What the agent said.
        message: String,
        /// How long it asks to be left alone.
        retry_after: Option<Duration>,
    },
    /// A quota is used up until a known moment, or an unknown one.
    UsageLimit {
        /// What the agent said.
        message: String,
        /// When it is available again.
        until: Option<Timestamp>,
    },
    /// No phase can mend this: not logged in, no credit, program missing.
    Unusable {
        /// What is wrong.
        message: String,
        /// What the person can do.
        hint: String,
    },
    /// This try failed; another may succeed.
    Failed {
        /// What is known of why.
        message: String,
    },
    /// It did not end within the phase's time.
    TimedOut {
        /// How long it had.
        after: Duration,
    },
    /// It was ended because a person or the worker wished so.
    Cancelled,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_of_a_report_is_optional() {
        assert_eq!(serde_json::from_str::<Report>("{}").unwrap(), Report::default());
        let finding: Finding = serde_json::from_str(r#"{"message":"x","unknown":1}"#).unwrap();
        assert_eq!(finding.severity, Severity::Important);
    }
}
