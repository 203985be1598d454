//! The journal's entries: what must be known after a crash and stands in no commit and no document.
//!
//! Append-only JSON lines. A reader skips a record it does not know, so that an older program can read on.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::id::{AgentName, GateId, MilestoneId, RoleId, TurnId, WorkId};
use crate::path::{ContentHash, RepoPath};
use crate::plan::By;
use crate::repo::{CommitId, TreeId};
use crate::report::{Decision, Finding, Usage, Verdict};

/// One entry of the journal with its place in it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Entry {
    /// Counts up by one; order is told by it, never by the clock.
    pub seq: u64,
    /// When it was written.
    pub at: Timestamp,
    /// What happened.
    #[serde(flatten)]
    pub record: Record,
}

/// What happened.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(tag = "record", rename_all = "kebab-case")]
pub enum Record {
    /// A worker began.
    Started {
        /// Its process.
        pid: u32,
        /// Which boot of the machine, so that a process id is not taken for a later one's.
        boot: String,
        /// The program's version.
        version: String,
    },
    /// A worker left.
    Left {
        /// Its exit code.
        code: u8,
    },
    /// A milestone was picked for the first time in this checkout.
    Picked {
        /// The milestone.
        milestone: MilestoneId,
        /// The head at that moment.
        base: CommitId,
        /// The head's tree.
        tree: TreeId,
        /// The branch it is built on.
        branch: String,
    },
    /// The verify commands were run on a tree that no agent had touched.
    BaseVerified {
        /// The tree.
        tree: TreeId,
        /// Commands that were run and green.
        green: Vec<String>,
        /// Commands that were run and red.
        red: Vec<String>,
    },
    /// An agent began.
    TurnStarted {
        /// The turn.
        turn: TurnId,
        /// The milestone.
        milestone: MilestoneId,
        /// The work.
        work: WorkId,
        /// Which attempt at it.
        attempt: u32,
        /// The attempt whose snapshot tells the person's changes from the work's.
        baseline: u32,
        /// The attempt with which this series of tries began, after the tree had been looked at; 0 in entries of old.
        #[serde(default)]
        since: u32,
        /// The agent.
        agent: AgentName,
        /// The role that it plays; not in entries of old.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        role: Option<RoleId>,
    },
    /// Verify commands were run after a turn.
    Verified {
        /// The milestone.
        milestone: MilestoneId,
        /// The work.
        work: WorkId,
        /// Commands that were green.
        green: Vec<String>,
        /// Commands that were red.
        red: Vec<String>,
    },
    /// A work has failed for good, and a person is asked what now.
    Failed {
        /// The milestone.
        milestone: MilestoneId,
        /// The work.
        work: WorkId,
        /// Why.
        reason: String,
    },
    /// The tree was looked at after a turn, and holds nothing any more that lies outside the role's room.
    Inspected {
        /// The milestone.
        milestone: MilestoneId,
        /// The work.
        work: WorkId,
    },
    /// An agent ended.
    TurnEnded {
        /// The turn.
        turn: TurnId,
        /// In a few words: `reported`, `failed: …`.
        outcome: String,
        /// What it consumed, where it said so.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        usage: Option<Usage>,
        /// How much of what a person said meanwhile it took up.
        #[serde(default, skip_serializing_if = "is_zero")]
        heard: u32,
    },
    /// The architect's design is complete and may be shown.
    RfcReady {
        /// The milestone.
        milestone: MilestoneId,
        /// The hash of `rfc.md`.
        of: ContentHash,
        /// What was found wanting in the grooming.
        concerns: Vec<String>,
    },
    /// A review came to its end.
    Reviewed {
        /// The milestone.
        milestone: MilestoneId,
        /// Which review, from 1.
        round: u32,
        /// The works whose commits it read.
        works: Vec<WorkId>,
        /// The conclusion.
        verdict: Verdict,
        /// What it found.
        findings: Vec<Finding>,
    },
    /// A question was asked.
    Asked {
        /// Its id.
        gate: GateId,
        /// Which kind of question.
        question: String,
        /// The milestone, where it concerns one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        milestone: Option<MilestoneId>,
        /// The work, where it concerns one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        work: Option<WorkId>,
        /// The hash of what was shown.
        of: ContentHash,
        /// The question in a sentence.
        text: String,
        /// What speaks for and against, a line each.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        about: Vec<String>,
        /// The words that answer it.
        answers: Vec<String>,
    },
    /// A question was answered. Written before anything is done about it.
    Answered {
        /// Which question.
        gate: GateId,
        /// Which kind of question.
        question: String,
        /// The milestone, where it concerns one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        milestone: Option<MilestoneId>,
        /// The work, where it concerns one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        work: Option<WorkId>,
        /// The hash of what was shown.
        of: ContentHash,
        /// The answer.
        answer: Answer,
        /// Who gave it.
        by: By,
    },
    /// A person has something to say to whoever works next on a milestone.
    Queued {
        /// The milestone.
        milestone: MilestoneId,
        /// The work that ran then, and does not hear of it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        behind: Option<WorkId>,
        /// Their words.
        text: String,
    },
    /// A person took back what they wanted to say.
    Unqueued {
        /// The milestone.
        milestone: MilestoneId,
        /// Their words.
        text: String,
    },
    /// What a person said belongs to a work: it is told in each turn of it that begins from here on.
    Said {
        /// The milestone.
        milestone: MilestoneId,
        /// The work.
        work: WorkId,
        /// Their words: what was queued, or what they said to its agent while it ran.
        texts: Vec<String>,
        /// Whether it was queued.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        queued: bool,
    },
    /// Phases are written for all that a person asked for at the push gate.
    Planned {
        /// The milestone.
        milestone: MilestoneId,
        /// The gate.
        gate: GateId,
    },
    /// A person approved a new milestone, and it is about to be written.
    Created {
        /// The milestone.
        milestone: MilestoneId,
        /// The hash of what was shown.
        of: ContentHash,
        /// Who approved it.
        by: By,
    },
    /// A person approved a change of a milestone's plan, and it is about to be written.
    Replanned {
        /// The milestone.
        milestone: MilestoneId,
        /// Why.
        reason: String,
        /// What changes, a line each.
        changes: Vec<String>,
        /// The hash of what was shown.
        of: ContentHash,
        /// Who approved it.
        by: By,
    },
    /// The worker has taken up a change of the plan.
    TakenUp {
        /// The milestone.
        milestone: MilestoneId,
        /// Which change: the hash of what was shown.
        of: ContentHash,
    },
    /// A question is no longer asked: what it was about has changed.
    Withdrawn {
        /// Which question.
        gate: GateId,
    },
    /// A commit object is complete and synced, and the branch is about to move to it.
    Intended {
        /// The milestone.
        milestone: MilestoneId,
        /// The work.
        work: WorkId,
        /// The commit.
        commit: CommitId,
        /// The tree that hooks were given, where they made another of it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before_hooks: Option<TreeId>,
        /// Documents that it rewrites, with what they held when it was made.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        documents: Vec<(RepoPath, ContentHash)>,
        /// What was decided in the work.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        decisions: Vec<Decision>,
    },
    /// The branch names a work's commit.
    Committed {
        /// The milestone.
        milestone: MilestoneId,
        /// The work.
        work: WorkId,
        /// The commit.
        commit: CommitId,
    },
    /// The remote took a push.
    Pushed {
        /// The milestone.
        milestone: MilestoneId,
        /// The commit.
        commit: CommitId,
        /// The remote.
        remote: String,
        /// The branch on its side.
        branch: String,
    },
    /// Phases that were already done when the milestone was first picked.
    Adopted {
        /// The milestone.
        milestone: MilestoneId,
        /// The phases.
        works: Vec<WorkId>,
    },
    /// A person decided to go on without a work.
    Skipped {
        /// The milestone.
        milestone: MilestoneId,
        /// The work.
        work: WorkId,
    },
    /// A milestone was set aside until a person takes it up again.
    Parked {
        /// The milestone.
        milestone: MilestoneId,
        /// The work at which it was, where there was one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        work: Option<WorkId>,
        /// Why.
        reason: String,
        /// Whether the tree could not be looked at, so that the work's changes are still in it.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        unseen: bool,
    },
    /// A milestone of which nothing can be committed (its documents are kept out of git) was closed.
    Closed {
        /// The milestone.
        milestone: MilestoneId,
    },
    /// A step begins that takes locks of git, so that one it leaves behind can be told from somebody else's.
    Touching {
        /// What it would do: `move the branch`.
        step: String,
    },
    /// The step is over, and its locks are gone.
    Touched,
    /// Changes were saved under a ref before they were taken out of the tree.
    Rescued {
        /// The ref.
        reference: String,
        /// The paths.
        paths: Vec<RepoPath>,
    },
    /// A document was written by Orchestra.
    Wrote {
        /// The document.
        path: RepoPath,
        /// The hash of what was written.
        hash: ContentHash,
    },
    /// Something worth a line in the log.
    Note {
        /// The line.
        text: String,
    },
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_zero(count: &u32) -> bool {
    *count == 0
}

/// An answer to a question.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(tag = "answer", rename_all = "kebab-case")]
pub enum Answer {
    /// Yes.
    Approve,
    /// Not like this.
    Revise {
        /// What to change.
        feedback: String,
    },
    /// Once more.
    Retry {
        /// Something for the agent to know.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<String>,
    },
    /// Go on without it.
    Skip,
    /// Leave it as it is: it is mine; or: do not count it.
    Keep,
    /// Put it back: it is the agent's.
    Restore,
    /// Close without a push.
    Finish,
    /// Push, but to another branch.
    PushTo {
        /// The branch on the remote's side.
        branch: String,
    },
    /// Verify by another command.
    Verify {
        /// The command.
        command: String,
    },
    /// Stop the run.
    Stop,
}

impl Answer {
    /// The word that `orchestra answer` takes for it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Revise { .. } => "revise",
            Self::Retry { .. } => "retry",
            Self::Skip => "skip",
            Self::Keep => "keep",
            Self::Restore => "restore",
            Self::Finish => "finish",
            Self::PushTo { .. } => "push-to",
            Self::Verify { .. } => "verify",
            Self::Stop => "stop",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::worker::Memory;

    #[test]
    fn what_hooks_were_given_is_remembered_with_the_commit_and_an_older_journal_says_nothing_of_it() {
        let (commit, tree) = ("1".repeat(40), "2".repeat(40));
        let older =
            format!(r#"{{"record":"intended","milestone":"M1-a","work":"phase-1","commit":"{commit}"}}"#);
        let newer = older.replace('}', &format!(r#","before_hooks":"{tree}"}}"#));
        for (line, expected) in [(older, None), (newer, TreeId::parse(&tree))] {
            let record: Record = serde_json::from_str(&line).unwrap();
            assert_eq!(serde_json::to_string(&record).unwrap(), line);
            let known = Memory::of([&record]).recall(&MilestoneId::parse("M1-a").unwrap());
            let commit = CommitId::parse(&commit).unwrap();
            assert_eq!(known.before_hooks.get(&commit).cloned(), expected);
            assert_eq!(known.intended.into_values().collect::<Vec<_>>(), [commit]);
        }
    }
}
