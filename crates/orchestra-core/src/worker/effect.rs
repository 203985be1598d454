//! Orders to the runner. Performed in order; the first that fails ends the list. Each may happen twice and then
//! counts once.

use std::time::Duration;

use jiff::Timestamp;

use super::note::Note;
use super::question::Question;
use crate::config::VerifyPlan;
use crate::edit::DocEdit;
use crate::id::{AgentName, GateId, MilestoneId, RoleId, SessionId, TurnId, WorkId};
use crate::path::{ContentHash, RepoPath};
use crate::plan::Complexity;
use crate::record::Record;
use crate::repo::CommitId;
use crate::report::Finding;

/// An order to the runner.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Effect {
    /// Appends to the journal and syncs it; what [`Record::RfcReady`] speaks of is synced before.
    Record(Record),
    /// Edits a milestone's documents, each file in one atomic write, in order.
    Write {
        /// The milestone.
        milestone: MilestoneId,
        /// The edits.
        edits: Vec<DocEdit>,
    },
    /// Reads everything anew. Comes back as [`super::Fact::Looked`].
    Look,
    /// Saves every dirty or untracked path under `…/<work>/<attempt>/before`; a ref that is there is kept.
    /// Comes back as [`super::Fact::Snapshotted`] or [`super::Fact::TooLarge`].
    Snapshot {
        /// The milestone.
        milestone: MilestoneId,
        /// The work.
        work: WorkId,
        /// The attempt.
        attempt: u32,
        /// Bytes beyond which it asks; `None` where the person said to go on.
        limit: Option<u64>,
    },
    /// Saves what is in the tree where a turn goes on under `…/<work>/<attempt>/found`; changes nothing.
    SaveFound {
        /// The milestone.
        milestone: MilestoneId,
        /// The work.
        work: WorkId,
        /// The attempt.
        attempt: u32,
        /// The attempt whose snapshot is compared with.
        baseline: u32,
    },
    /// Starts an agent. Comes back as [`super::Fact::TurnEnded`].
    StartTurn(TurnOrder),
    /// Hands a person's words to a running agent. Whether it took them up its end says.
    Say {
        /// The turn.
        turn: TurnId,
        /// The words.
        text: String,
    },
    /// Ends a running agent; its end comes back as usual.
    CancelTurn {
        /// The turn.
        turn: TurnId,
    },
    /// Folds the agent's own commits, then compares the tree with a snapshot.
    /// Comes back as [`super::Fact::Inspected`].
    Inspect {
        /// The milestone.
        milestone: MilestoneId,
        /// The work.
        work: WorkId,
        /// The attempt that runs, for the names of refs.
        attempt: u32,
        /// The attempt whose snapshot is compared with.
        baseline: u32,
        /// The attempt with which this series of tries began; its snapshot shows what was there before any agent of it.
        since: u32,
        /// Where the turn began.
        turn_base: CommitId,
    },
    /// Saves paths under `…/<work>/<attempt>/<label>`, then makes them what they were: documents before the attempt,
    /// everything else before the work.
    /// Comes back as [`super::Fact::PutBack`].
    PutBack {
        /// The milestone.
        milestone: MilestoneId,
        /// The work.
        work: WorkId,
        /// The attempt that runs.
        attempt: u32,
        /// The attempt whose snapshot is restored.
        baseline: u32,
        /// `out-of-room`, `parked`, `skipped`.
        label: &'static str,
        /// The paths.
        paths: Vec<RepoPath>,
        /// Of these, what the person said is theirs: as it was before the attempt.
        mine: Vec<RepoPath>,
    },
    /// Runs verify commands in order until one is red. Comes back as [`super::Fact::Verified`].
    Verify {
        /// The work.
        work: WorkId,
        /// The commands.
        commands: Vec<String>,
        /// Whether to go on after a red one.
        all: bool,
    },
    /// Makes a commit object, and syncs it and the files of the work tree that it was made of.
    /// Comes back as [`super::Fact::Prepared`] or [`super::Fact::Unprepared`].
    Prepare(Box<CommitOrder>),
    /// Moves the branch to a prepared commit if it still stands where the commit expects.
    /// Comes back as [`super::Fact::Swapped`] or [`super::Fact::NotSwapped`].
    Swap {
        /// The work.
        work: WorkId,
        /// The branch.
        branch: String,
        /// The commit.
        commit: CommitId,
        /// Where the branch must stand.
        parent: CommitId,
    },
    /// Refreshes the person's index for the commit's paths, syncs, reads the commit back.
    /// Comes back as [`super::Fact::Settled`].
    Settle {
        /// The milestone.
        milestone: MilestoneId,
        /// The work.
        work: WorkId,
        /// The commit.
        commit: CommitId,
    },
    /// Repairs index and documents from a commit that was made just before a crash: documents that the commit
    /// changed and that still are as Orchestra had left them before ([`super::Memory::is_before_commit`]).
    Recover {
        /// The milestone.
        milestone: MilestoneId,
        /// The work.
        work: WorkId,
        /// The commit.
        commit: CommitId,
    },
    /// Finds out what a push would publish. Comes back as [`super::Fact::Surveyed`].
    Survey {
        /// The milestone.
        milestone: MilestoneId,
        /// The branch on the remote's side, where a person named one.
        branch: Option<String>,
    },
    /// Pushes a commit by its id. Comes back as [`super::Fact::Pushed`] or [`super::Fact::NotPushed`].
    Push {
        /// The milestone.
        milestone: MilestoneId,
        /// The commit.
        commit: CommitId,
        /// The remote.
        remote: String,
        /// Its address, as it was shown.
        url: String,
        /// The branch on its side.
        branch: String,
    },
    /// Remembers that a person trusts these commands.
    Trust {
        /// Their hash.
        of: ContentHash,
    },
    /// Shows a question.
    Ask(Box<Asked>),
    /// Takes a question away.
    Unask {
        /// Which one.
        gate: GateId,
    },
    /// Wakes the machine at a moment; replaces an earlier one.
    WakeAt(Timestamp),
    /// Says something in the log.
    Note(Note),
    /// Ends everything that runs and leaves.
    Leave {
        /// The exit code.
        code: u8,
    },
}

/// A question with its id and the hash of what is shown.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Asked {
    /// Its id.
    pub gate: GateId,
    /// What is asked.
    pub question: Question,
    /// The hash of what is shown.
    pub of: ContentHash,
}

/// What an agent is to do.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TurnOrder {
    /// The turn.
    pub turn: TurnId,
    /// The milestone.
    pub milestone: MilestoneId,
    /// The work.
    pub work: WorkId,
    /// Which attempt at it.
    pub attempt: u32,
    /// As whom.
    pub role: RoleId,
    /// Who plays the role.
    pub agent: AgentName,
    /// How hard it is.
    pub complexity: Complexity,
    /// Whether it may write at all.
    pub writes: bool,
    /// What must be said besides the usual brief.
    pub tell: Vec<Tell>,
    /// The conversation to go on with.
    pub session: Option<SessionId>,
    /// What will have to be green before its changes are committed; nothing where they are not code.
    pub verify: VerifyPlan,
    /// Works whose commits a reviewer reads.
    pub reads: Vec<(WorkId, CommitId)>,
    /// How long it may take.
    pub timeout: Duration,
}

/// What a brief says besides the usual.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Tell {
    /// These changes were put back, because they lie outside the role's room.
    OutOfRoom(Vec<RepoPath>),
    /// Nothing was changed.
    NothingChanged,
    /// No design was written.
    NoRfc,
    /// A verify command is red.
    Red {
        /// The command.
        command: String,
        /// The end of what it printed.
        output: String,
    },
    /// A hook refused the commit.
    Hook {
        /// Which.
        hook: String,
        /// What it printed.
        output: String,
    },
    /// The turn before ended in an error.
    Failed(String),
    /// A review must end with a verdict.
    NoVerdict,
    /// What the architect makes of the failures.
    Diagnosis(String),
    /// What a person says.
    Person(String),
    /// A turn was cut short; this is what it left.
    CutShort,
    /// It had done its work when a person said something that it had not heard.
    NotHeard,
    /// What a reviewer found.
    Findings(Vec<Finding>),
    /// Why a work keeps failing, for the architect.
    Failures(Vec<String>),
}

/// What a commit is made of.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CommitOrder {
    /// The milestone.
    pub milestone: MilestoneId,
    /// The work.
    pub work: WorkId,
    /// The branch's tip that it is made on.
    pub parent: CommitId,
    /// Changed paths of the work tree, with what they must hold: what was verified.
    pub paths: Vec<(RepoPath, Option<ContentHash>)>,
    /// Edits of the milestone's documents that go with it; they are written to disk after the swap.
    pub edits: Vec<DocEdit>,
    /// Whether all documents of the milestone go with it: true for its first commit and for the close.
    pub plan_too: bool,
    /// The message, without trailers.
    pub message: String,
    /// Paths in which a hook may not change anything.
    pub leave_out: Vec<RepoPath>,
    /// The content that `rfc.md` must have, where one was approved.
    pub approved_rfc: Option<ContentHash>,
    /// Where its rescue refs go.
    pub attempt: u32,
}
