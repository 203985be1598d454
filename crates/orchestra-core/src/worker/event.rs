//! Facts that reach the machine.

use jiff::Timestamp;

use super::policy::Policy;
use super::seen::{Seen, Untrusted};
use crate::id::{GateId, SessionId, TurnId, WorkId};
use crate::own_tool::on_record::OnRecord;
use crate::path::{ContentHash, RepoPath};
use crate::plan::{By, Plan};
use crate::record::{Answer, Record};
use crate::repo::{Change, CommitId, Head, Obstacle, Survey, TreeId};
use crate::report::{Outcome, Usage};

/// A fact with the moment at which it was noticed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Event {
    /// When it was noticed.
    pub at: Timestamp,
    /// What happened.
    pub fact: Fact,
}

/// What happened. Facts about a work carry its id; a fact about a work that no longer runs is noted and ignored.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Fact {
    /// The program began. The only start there is.
    Started(Result<Box<Seen>, Obstacle>),
    /// [`super::Effect::Look`] is done.
    Looked(Result<Box<Seen>, Obstacle>),
    /// Documents or configuration changed on disk.
    Scanned {
        /// The documents as they are now.
        plan: Box<Plan>,
        /// The policy as it is now.
        policy: Box<Policy>,
        /// Commands that nobody has trusted yet.
        untrusted: Option<Untrusted>,
    },
    /// Another process of ours put a change of the plan on record. The documents come with [`Fact::Scanned`].
    Recorded(Record),
    /// What was dirty is saved.
    Snapshotted {
        /// The work.
        work: WorkId,
        /// Paths that were dirty.
        dirty: Vec<RepoPath>,
    },
    /// There is more to save than the limit allows.
    TooLarge {
        /// The work.
        work: WorkId,
        /// How many bytes there are.
        bytes: u64,
    },
    /// An agent ended and its tree of processes is empty.
    TurnEnded {
        /// The turn.
        turn: TurnId,
        /// How.
        outcome: Outcome,
        /// Its conversation, to go on with.
        session: Option<SessionId>,
        /// What it consumed, where it said so.
        usage: Option<Usage>,
        /// How many of the words that a person said to it meanwhile it took up, in their order.
        heard: u32,
        /// What it put on record meanwhile.
        said: OnRecord,
    },
    /// The tree was looked at.
    Inspected {
        /// The work.
        work: WorkId,
        /// What was found.
        found: Inspection,
    },
    /// Changes were saved under a ref and taken out of the tree.
    PutBack {
        /// The work.
        work: WorkId,
        /// The ref.
        reference: String,
        /// Paths that could not be put back: they are as they were found.
        left: Vec<RepoPath>,
    },
    /// Verify commands came to their end.
    Verified {
        /// The work.
        work: WorkId,
        /// Each command's result, in order; those after a red one may be missing.
        results: Vec<Checked>,
    },
    /// A commit object is complete and synced; nothing shared was touched.
    Prepared {
        /// The work.
        work: WorkId,
        /// The commit.
        commit: CommitId,
        /// Its subject line.
        subject: String,
        /// Paths that hooks changed or added.
        changed_by_hooks: Vec<RepoPath>,
        /// The tree that hooks were given, where they made another of it.
        before_hooks: Option<TreeId>,
        /// Documents that it rewrites, with what they held when it was made.
        documents: Vec<(RepoPath, ContentHash)>,
    },
    /// No commit could be made.
    Unprepared {
        /// The work.
        work: WorkId,
        /// Why.
        why: Unprepared,
    },
    /// The branch names the commit: the one moment of truth.
    Swapped {
        /// The work.
        work: WorkId,
        /// The commit.
        commit: CommitId,
    },
    /// The branch was not moved, because it is no longer where it was.
    NotSwapped {
        /// The work.
        work: WorkId,
        /// The branch that the head names now.
        branch: Option<String>,
    },
    /// Index, documents and disk agree with the commit.
    Settled {
        /// The work.
        work: WorkId,
        /// What the person should know.
        notes: Vec<String>,
    },
    /// What a push would publish is known.
    Surveyed {
        /// What it would publish.
        survey: Survey,
    },
    /// The remote took the push.
    Pushed {
        /// The commit.
        commit: CommitId,
    },
    /// The remote, or a hook, did not take the push.
    NotPushed {
        /// Its words.
        words: String,
    },
    /// Somebody answered a question.
    Answered {
        /// Which one.
        gate: GateId,
        /// The answer.
        answer: Answer,
        /// Who gave it; [`By::User`] from outside.
        by: By,
    },
    /// A person speaks to the agent that runs.
    Said {
        /// Their words.
        text: String,
    },
    /// A person has something to say to whoever works next.
    Queued {
        /// Their words.
        text: String,
    },
    /// A person takes back what waits to be said.
    Unqueued {
        /// Their words.
        text: String,
    },
    /// A person or the system wishes an end.
    StopRequested(Stop),
    /// The moment of [`super::Effect::WakeAt`] has come.
    Woke,
    /// An effect failed; those after it were not begun.
    EffectFailed(Failure),
}

/// What the tree holds after a turn, against the snapshot before it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Inspection {
    /// Where the work tree stands now.
    pub head: Head,
    /// Whether the head descends from the milestone's base.
    pub descends: bool,
    /// Works whose commits were there when the turn began and are no longer.
    pub lost: Vec<WorkId>,
    /// Changed paths, without what Orchestra wrote and without other milestones' folders.
    pub changes: Vec<Change>,
    /// Of these, what is as it was when this series of tries began, after the tree had been looked at; none in a work's
    /// first series.
    pub as_begun: Vec<RepoPath>,
    /// Paths that differ between the head of the snapshot and the head of now: somebody committed them.
    pub overtaken: Vec<RepoPath>,
    /// The hash of the milestone's `rfc.md`, where there is one.
    pub rfc_document: Option<ContentHash>,
    /// The ref that holds commits the agent had made by itself, which were folded back into the tree.
    pub folded: Option<String>,
    /// Whether the agent's own commits lie below somebody else's, so that they cannot be folded.
    pub tangled: bool,
    /// What was staged or unstaged since the attempt began, beside the changed paths.
    pub restaged: Option<Restaged>,
}

/// Entries of the index that are not what they were.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Restaged {
    /// Their paths.
    pub paths: Vec<RepoPath>,
    /// What `git restore --staged --source` takes to bring them back.
    pub source: String,
}

/// The result of one verify command.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Checked {
    /// The command.
    pub command: String,
    /// Whether it ended with 0.
    pub green: bool,
    /// The end of what it printed.
    pub output: String,
}

/// Why no commit could be made.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Unprepared {
    /// A hook refused, or did not end in time: the agent may mend that.
    Hook {
        /// Which hook.
        hook: String,
        /// What it printed.
        output: String,
    },
    /// A file is no longer what was approved, or verified.
    Changed {
        /// The file.
        path: RepoPath,
    },
    /// No phase can mend it: signing, identity, a missing filter, the disk.
    Unusable {
        /// What is wrong.
        message: String,
        /// What the person can do.
        hint: String,
    },
}

/// How a run should end.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Stop {
    /// End the turn, keep its changes and ask (`ctrl-c` once, on a terminal); leave where none runs.
    Pause,
    /// End the turn, keep its changes and ask (`esc` twice); nothing where none runs.
    Interrupt,
    /// Leave after the phase (`orchestra stop`).
    AfterWork,
    /// Leave now, with this exit code (a signal, `ctrl-c` twice, `orchestra stop --now`).
    Now {
        /// 128 and the signal's number; 0 for `orchestra stop --now`.
        code: u8,
    },
}

/// An effect that could not be performed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Failure {
    /// What was tried, as a fragment: `write context.md`.
    pub what: String,
    /// Why it did not work.
    pub why: String,
    /// What the person can do.
    pub hint: String,
    /// What follows from it.
    pub kind: FailureKind,
}

/// What follows from a failed effect.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum FailureKind {
    /// Disk, journal, lock, repository: the run ends, every status stays as it is.
    Run,
    /// A document that can no longer be read: this milestone is set aside.
    Milestone,
    /// A lock of git that is not ours: asked about, and then everything is looked at anew.
    Locked,
}
