//! What can happen to a conversation.

use std::sync::Arc;

use jiff::Timestamp;

use super::kept::Recalled;
use super::state::{AskId, CallId, Proposed, ProposedKind};
use crate::id::{SessionId, TurnId};
use crate::own_tool::{Form, FormAnswer};
use crate::path::{ContentHash, RepoPath};
use crate::report::{Outcome, Usage};

/// A fact, and when it was noticed.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// What.
    pub fact: Fact,
}

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Fact {
    /// The conversation begins, or goes on from what was kept of it.
    Opened(Box<Recalled>),
    /// The person said something: to the agent that runs, or to begin a turn.
    Said {
        /// The words.
        text: String,
    },
    /// The person said something for after the running turn.
    Queued {
        /// The words.
        text: String,
    },
    /// They took it back.
    Unqueued {
        /// The words.
        text: String,
    },
    /// They want the running turn to stop.
    Interrupted,
    /// They want to leave.
    LeaveRequested,
    /// They answered something that waits.
    Answered {
        /// What.
        ask: AskId,
        /// The hash of what they were shown; nothing for questions.
        of: Option<ContentHash>,
        /// How.
        verdict: Verdict,
    },
    /// The agent proposes something. The call waits.
    Proposes {
        /// The call.
        call: CallId,
        /// What.
        what: ProposedKind,
    },
    /// The agent asks the person. The call waits.
    Asks {
        /// The call.
        call: CallId,
        /// What.
        form: Form,
    },
    /// A proposal was checked, and drawn up where it holds.
    Drawn {
        /// Which one.
        ask: AskId,
        /// What the person is to see, or what is wrong, a line each.
        drawn: Result<Arc<Proposed>, Vec<String>>,
    },
    /// What was approved is on disk.
    Written {
        /// Which one.
        ask: AskId,
        /// What was made, in a line.
        what: String,
    },
    /// It could not be written; nothing of it is on disk.
    NotWritten {
        /// Which one.
        ask: AskId,
        /// Why.
        why: String,
    },
    /// A turn came to its end.
    TurnEnded(TurnEnd),
    /// What a turn has changed was found out, or why it could not be.
    LookedAt {
        /// Which one.
        turn: TurnId,
        /// What it changed.
        left: Result<Left, String>,
    },
    /// What lay outside of the role's room is as it was before the turn, or why it is not.
    PutBack {
        /// The question that was answered so.
        ask: AskId,
        /// What was done, in a line.
        done: Result<String, String>,
    },
    /// The person wants a commit of what the role owns.
    CommitWanted {
        /// What it should say; the agent's own words where it is empty.
        message: String,
    },
    /// The moment of [`super::Effect::WakeAt`] has come.
    Woke,
    /// Something could not be kept or done; the conversation cannot go on safely.
    Broken {
        /// What, and why.
        why: String,
    },
}

/// How a turn ended.
#[derive(Clone, Debug, PartialEq)]
pub struct TurnEnd {
    /// Which one.
    pub turn: TurnId,
    /// How.
    pub outcome: Outcome,
    /// The agent's own name for the conversation.
    pub session: Option<SessionId>,
    /// What it consumed, where it said so.
    pub usage: Option<Usage>,
    /// How much of what was said to it meanwhile it took up.
    pub heard: u32,
    /// Whether it said or did anything at all.
    pub spoke: bool,
    /// Whether it could write files.
    pub wrote: bool,
}

/// What a turn has changed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Left {
    /// In the role's room.
    pub inside: Vec<RepoPath>,
    /// Outside of it: the agent's doing, or the person's.
    pub outside: Vec<RepoPath>,
    /// What else there is to say, a line each.
    pub remarks: Vec<String>,
}

/// How the person answers.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// Write it.
    Create,
    /// Propose it anew, with this in mind.
    Revise {
        /// What to change.
        feedback: String,
    },
    /// They changed the files; what they hold now is to be shown again.
    Edited {
        /// Each file's path and its new text.
        files: Vec<(String, String)>,
    },
    /// Forget it.
    Discard,
    /// Answers to questions, one each, in their order.
    Answers(Vec<FormAnswer>),
}
