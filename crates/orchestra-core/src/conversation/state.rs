//! All that is known of a conversation between two events.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::id::{AgentName, GateId, RoleId, SessionId, TurnId};
use crate::own_tool::Form;
use crate::path::{ContentHash, RepoPath};
use crate::plan::Plan;
use crate::proposal::{ChangeProposal, MilestoneProposal};
use crate::report::{CommitProposal, Usage};

/// A conversation, by the name of its file: `2026-11-22-073012-product-manager`.
#[derive(Clone, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub struct ConversationId(pub String);

impl fmt::Display for ConversationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Something that waits for the person, counted from 1 over the life of a conversation.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub struct AskId(pub u64);

/// A call of one of Orchestra's own tools that waits for its answer, counted from 1 over the life of the program.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct CallId(pub u64);

/// All that is known of a conversation.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Conversation {
    /// When the last event was noticed.
    pub at: Timestamp,
    /// Which one.
    pub id: ConversationId,
    /// With whom.
    pub role: Option<RoleId>,
    /// What plays the role.
    pub agent: Option<AgentName>,
    /// Whether that can be spoken to while it works.
    pub hears: bool,
    /// The agent's own name for the conversation.
    pub session: Option<SessionId>,
    /// The turn that runs.
    pub running: Option<Running>,
    /// The turn that is over and of which it is being found out what it changed; the next one waits for that.
    pub looking: Option<TurnId>,
    /// What follows when that is known.
    pub then: Then,
    /// How the agent would word a commit of what it did.
    pub wording: Option<CommitProposal>,
    /// What the person said and no agent has heard yet.
    pub unheard: Vec<String>,
    /// What is to be said after the running turn.
    pub queue: Vec<String>,
    /// What happened since the agent's last turn that it should know.
    pub news: Vec<String>,
    /// What waits for the person, the oldest first.
    pub open: Vec<Open>,
    /// What the conversation has consumed.
    pub used: Usage,
    /// Turns that ended without saying what they consumed.
    pub uncounted: u32,
    /// Why nobody answers, where the last turn did not come to its end.
    pub trouble: Option<Trouble>,
    /// How often in a row the agent could not be reached.
    pub failed: u32,
    /// The last turn that was started.
    pub last_turn: TurnId,
    /// The last thing that waited for the person.
    pub last_ask: AskId,
    /// Whether the person wishes to leave as soon as nothing runs.
    pub leaving: bool,
    /// Whether it is over.
    pub left: bool,
}

/// What follows when it is known what a turn has changed.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Then {
    /// What waits to be said begins the next turn.
    #[default]
    GoOn,
    /// The turn was cut short by a kill, and is begun anew.
    BeginAnew,
    /// It was cut short after it had asked the person something: begun anew it would ask again.
    Wait,
}

/// A turn that runs.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Running {
    /// Which one.
    pub turn: TurnId,
    /// Since when.
    pub since: Timestamp,
    /// What it was told at its begin, to be told again where it was never heard.
    pub told: Vec<String>,
    /// The news that it was told with it.
    pub news: Vec<String>,
    /// What was said to it meanwhile.
    pub said: Vec<String>,
    /// What was written of its proposals, as it is read again after a kill: it may not have heard of it.
    pub wrote: Vec<String>,
    /// Whether the person asked it to stop.
    pub interrupted: bool,
}

/// Something that waits for the person.
#[derive(Clone, Debug, PartialEq)]
pub struct Open {
    /// Which one.
    pub id: AskId,
    /// Since when.
    pub since: Timestamp,
    /// The call that waits for the answer; none where the agent is gone meanwhile.
    pub call: Option<CallId>,
    /// What it is.
    pub what: What,
}

/// What waits.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// A proposal that is being checked: not shown yet.
    Drawing {
        /// What was proposed.
        what: ProposedKind,
        /// What was shown before, where the person changed it.
        before: Option<Arc<Proposed>>,
        /// The hash of what was approved, where a kill came between the answer and the writing.
        approved: Option<ContentHash>,
    },
    /// A proposal, shown.
    Proposal(Arc<Proposed>),
    /// What was approved is being written.
    Writing(Arc<Proposed>),
    /// Questions of the agent's.
    Form(Form),
    /// Whose changes outside of the role's room are.
    Outside(Outside),
}

impl What {
    /// The questions that it is shown as, where it is.
    pub fn form(&self) -> Option<&Form> {
        match self {
            Self::Form(form) => Some(form),
            Self::Outside(outside) if !outside.is_answered => Some(&outside.form),
            Self::Outside(_) | Self::Drawing { .. } | Self::Proposal(_) | Self::Writing(_) => None,
        }
    }
}

/// Changes outside of what the role may write, made while its turn ran.
#[derive(Clone, Debug, PartialEq)]
pub struct Outside {
    /// The turn.
    pub turn: TurnId,
    /// What changed.
    pub paths: Vec<RepoPath>,
    /// The question.
    pub form: Form,
    /// Whether it was answered, and they are being put back.
    pub is_answered: bool,
}

/// What an agent proposed, in its own words.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProposedKind {
    /// A new milestone.
    Milestone(Box<MilestoneProposal>),
    /// A change of one.
    Change(Box<ChangeProposal>),
    /// A commit of what the role owns, which the person asked for.
    Commit(CommitProposal),
}

impl ProposedKind {
    /// In a word or two.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Milestone(_) => "new milestone",
            Self::Change(_) => "change of a milestone",
            Self::Commit(_) => "commit",
        }
    }
}

/// A proposal as the person sees it: every file that would be written.
#[derive(Clone, Debug, PartialEq)]
pub struct Proposed {
    /// What was proposed.
    pub kind: ProposedKind,
    /// The milestone that it makes or changes.
    pub milestone: String,
    /// What it is called.
    pub title: String,
    /// Every file, with what is there now.
    pub files: Vec<FileDraft>,
    /// Commands that it would make Orchestra run; to approve it is to trust them.
    pub commands: Vec<String>,
    /// What is odd and stops nothing: an overlap, an order.
    pub remarks: Vec<String>,
    /// The hash of all this. An answer is to this and to nothing else.
    pub of: ContentHash,
}

impl Proposed {
    /// Whether it is a commit, which nobody but the person asks for.
    pub fn is_commit(&self) -> bool {
        matches!(self.kind, ProposedKind::Commit(_))
    }
}

/// A file that a proposal would write.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FileDraft {
    /// Relative to the top of the repository.
    pub path: String,
    /// What is there now; nothing where it is new.
    pub before: Option<String>,
    /// What would be there.
    pub after: String,
}

/// Why nobody answers.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Trouble {
    /// What is wrong.
    pub message: String,
    /// What the person can do.
    pub hint: String,
    /// When it is tried again by itself.
    pub again: Option<Timestamp>,
}

/// The project as a conversation's screen shows it beside what is said.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Project {
    /// Milestones and roles.
    pub plan: Arc<Plan>,
    /// The worker in the other terminal.
    pub worker: Option<Elsewhere>,
}

/// What a worker in another terminal is at.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Elsewhere {
    /// What it does, in its own words.
    pub running: Option<String>,
    /// The question that it waits with, by id and in a sentence.
    pub waits: Option<(GateId, String)>,
}
