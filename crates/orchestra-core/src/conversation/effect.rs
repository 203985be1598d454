//! What a conversation orders.

use jiff::Timestamp;

use super::kept::Line;
use super::state::{AskId, CallId, ProposedKind};
use crate::id::{SessionId, TurnId};
use crate::path::{ContentHash, RepoPath};
use crate::report::{Finding, Verdict};

/// An order. Performed in the order of the list; at the first that fails the rest is left.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Keeps a line in the conversation's file, before anything that follows it.
    Keep(Line),
    /// Starts a turn.
    StartTurn {
        /// Which one.
        turn: TurnId,
        /// What is said, in order.
        text: String,
        /// What happened meanwhile that the agent should know.
        news: Vec<String>,
        /// The agent's conversation to go on with.
        session: Option<SessionId>,
    },
    /// Says something to the running turn.
    Tell {
        /// Which one.
        turn: TurnId,
        /// The words.
        text: String,
    },
    /// Asks the running turn to end.
    Interrupt {
        /// Which one.
        turn: TurnId,
    },
    /// Finds out what a turn has changed.
    LookAt {
        /// Which one.
        turn: TurnId,
    },
    /// Puts paths back to what they were before a turn; what they are now is saved first.
    PutBack {
        /// The question that was answered so.
        ask: AskId,
        /// The turn.
        turn: TurnId,
        /// What.
        paths: Vec<RepoPath>,
    },
    /// Checks a proposal against the plan as it is now, and draws it up.
    Draw {
        /// For what.
        ask: AskId,
        /// What is proposed.
        what: ProposedKind,
        /// Files that the person changed, to be taken instead of what would be made.
        edited: Vec<(String, String)>,
        /// The hash of what was approved already: where the journal knows that it was written, it is not written again.
        approved: Option<ContentHash>,
    },
    /// Writes what was drawn up for it.
    Write {
        /// Which one.
        ask: AskId,
        /// What the person approved.
        of: ContentHash,
    },
    /// Answers a call.
    Answer {
        /// Which one.
        call: CallId,
        /// With what.
        reply: Reply,
    },
    /// Wakes the conversation at this moment. A later order replaces it.
    WakeAt(Timestamp),
    /// Shows a line.
    Note(Note),
    /// It is over.
    Leave,
}

/// What a call is answered.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Reply {
    /// What the agent is told.
    pub text: String,
    /// Whether it must mend something.
    pub is_error: bool,
}

/// Something worth a line.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Note {
    /// A proposal holds and waits for the person.
    Proposed {
        /// Which one.
        ask: AskId,
        /// Whether it is a commit that the person asked for.
        is_commit: bool,
    },
    /// A proposal did not hold; its agent was told why.
    Refused {
        /// What was wrong, a line each.
        wrong: Vec<String>,
    },
    /// Questions wait for the person.
    Asked {
        /// Which ones.
        ask: AskId,
    },
    /// What was approved is on disk.
    Written {
        /// What was made, in a line.
        what: String,
    },
    /// It could not be written.
    NotWritten {
        /// Why.
        why: String,
    },
    /// A turn has changed files of its role's.
    Changed {
        /// Which ones.
        paths: Vec<RepoPath>,
    },
    /// A reviewer's conclusion, and what it found.
    Found {
        /// The conclusion.
        verdict: Option<Verdict>,
        /// What it found.
        findings: Vec<Finding>,
    },
    /// The turn stopped because the person wished it.
    Interrupted,
    /// Nobody answers.
    Trouble {
        /// What is wrong.
        message: String,
        /// What the person can do.
        hint: String,
        /// When it is tried again by itself.
        again: Option<Timestamp>,
    },
    /// Anything else.
    Remark {
        /// What.
        text: String,
    },
}
