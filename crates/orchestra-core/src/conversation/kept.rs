//! What is kept of a conversation, a line of JSON each, so that it can be read, shown again and gone on with.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::state::{AskId, ConversationId, ProposedKind};
use crate::id::{AgentName, RoleId, SessionId, TurnId};
use crate::own_tool::{Form, FormAnswer};
use crate::path::{ContentHash, RepoPath};
use crate::report::{CommitProposal, Finding, Usage, Verdict};

/// One line, with its moment.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Kept {
    /// When.
    pub at: Timestamp,
    /// What.
    #[serde(flatten)]
    pub line: Line,
}

/// What is kept. A reader skips a line that it does not know.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(tag = "line", rename_all = "kebab-case")]
pub enum Line {
    /// The conversation began.
    Began {
        /// With whom.
        role: RoleId,
        /// What plays the role.
        agent: AgentName,
    },
    /// The person said something.
    Said {
        /// The words.
        text: String,
    },
    /// They said something for later.
    Queued {
        /// The words.
        text: String,
    },
    /// They took it back.
    Unqueued {
        /// The words.
        text: String,
    },
    /// A turn began, and was told all that was unheard and queued until here.
    TurnStarted {
        /// Which one.
        turn: TurnId,
    },
    /// The agent said something.
    Text {
        /// The words.
        text: String,
    },
    /// The agent used a tool.
    Tool {
        /// Its name.
        name: String,
        /// What it was called with, in one line.
        input: String,
        /// Whether it did what was asked.
        ok: bool,
    },
    /// A turn ended.
    TurnEnded {
        /// Which one.
        turn: TurnId,
        /// How, in a few words.
        outcome: String,
        /// The agent's own name for the conversation.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        session: Option<SessionId>,
        /// What it consumed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        usage: Option<Usage>,
        /// How much of what was said to it meanwhile it took up.
        #[serde(default)]
        heard: u32,
        /// Whether what it was told at its begin has to be told again.
        #[serde(default)]
        untold: bool,
        /// Whether it could write, so that it has to be looked at what it did.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        wrote: bool,
        /// How the agent would word a commit of what it did.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        wording: Option<CommitProposal>,
    },
    /// It was looked at what a turn has changed in its role's room.
    Changed {
        /// The turn.
        turn: TurnId,
        /// What it changed.
        paths: Vec<RepoPath>,
    },
    /// Outside of the room something changed, and the person was asked whose it is.
    Outside {
        /// The question.
        ask: AskId,
        /// The turn.
        turn: TurnId,
        /// What changed.
        paths: Vec<RepoPath>,
    },
    /// A reviewer's conclusion, and what it found.
    Found {
        /// The conclusion.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        verdict: Option<Verdict>,
        /// What it found.
        findings: Vec<Finding>,
    },
    /// Something was proposed that holds.
    Proposed {
        /// Which one.
        ask: AskId,
        /// What.
        what: ProposedKind,
        /// The hash of what is shown.
        of: ContentHash,
    },
    /// Questions were asked.
    Asked {
        /// Which ones.
        ask: AskId,
        /// What.
        form: Form,
    },
    /// The person answered.
    Answered {
        /// What.
        ask: AskId,
        /// In a word: `create`, `revise`, `discard`, `answers`.
        answer: String,
        /// The hash of what they were shown; nothing for questions.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        of: Option<ContentHash>,
        /// What they said with it.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        words: String,
        /// Their answers to questions.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        answers: Vec<FormAnswer>,
    },
    /// What they approved is on disk.
    Wrote {
        /// Which one.
        ask: AskId,
        /// What was made, in a line.
        what: String,
    },
    /// The person wished to leave while a turn ran: it is not begun anew.
    Leaving,
    /// The person left, with nothing cut short.
    Left,
    /// A line that only later versions know.
    #[serde(other)]
    Unknown,
}

/// A conversation as it was found, or as it is to begin.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Recalled {
    /// Which one.
    pub id: ConversationId,
    /// With whom.
    pub role: Option<RoleId>,
    /// What plays the role now.
    pub agent: Option<AgentName>,
    /// Whether that can be spoken to while it works.
    pub hears: bool,
    /// What was kept, oldest first; nothing where it is new.
    pub lines: Vec<Kept>,
}
