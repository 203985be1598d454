//! What is worth a line in the log. Views word it; nothing is decided by it.

use jiff::Timestamp;
use serde::Serialize;

use crate::diagnostic::Diagnostic;
use crate::id::{AgentName, GateId, MilestoneId, RoleId, WorkId};
use crate::path::RepoPath;
use crate::plan::By;
use crate::record::Answer;
use crate::repo::CommitId;
use crate::report::{Finding, Usage, Verdict};

/// Something worth a line.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Note {
    /// A milestone begins, or goes on.
    Starting {
        /// The milestone.
        milestone: MilestoneId,
        /// Whether it was begun earlier.
        resumed: bool,
    },
    /// A role begins a turn.
    TurnBegan {
        /// The work.
        work: WorkId,
        /// Who.
        role: RoleId,
        /// What it is.
        title: String,
        /// Which attempt.
        attempt: u32,
        /// Who plays the role.
        agent: AgentName,
    },
    /// The design is complete.
    RfcReady {
        /// Who wrote it.
        role: RoleId,
        /// What was found wanting in the grooming.
        concerns: Vec<String>,
    },
    /// A question is open.
    Waiting {
        /// Its id.
        gate: GateId,
        /// The question.
        text: String,
        /// The words that answer it.
        answers: Vec<&'static str>,
    },
    /// A question was answered.
    Answered {
        /// The question.
        text: String,
        /// The answer.
        answer: Answer,
        /// Who gave it.
        by: By,
    },
    /// A work has its commit.
    Committed {
        /// The work.
        work: WorkId,
        /// Who did it.
        role: Option<RoleId>,
        /// The subject line.
        subject: String,
        /// What it consumed.
        usage: Usage,
    },
    /// A person spoke to a role.
    Said {
        /// The work.
        work: WorkId,
        /// To whom.
        role: RoleId,
        /// Their words.
        text: String,
    },
    /// A person wants something to be said to whoever works next.
    Queued {
        /// The work that it comes after, where one runs.
        behind: Option<WorkId>,
        /// Their words.
        text: String,
    },
    /// They took it back.
    Unqueued {
        /// Their words.
        text: String,
    },
    /// What was queued is told to a role.
    Told {
        /// The work.
        work: WorkId,
        /// To whom.
        role: RoleId,
        /// A person's words.
        texts: Vec<String>,
    },
    /// The milestone is over, and nobody came to be told what was queued.
    NeverTold {
        /// A person's words.
        texts: Vec<String>,
    },
    /// An agent had ended before it heard what a person said: it goes on with that.
    GoesOn {
        /// The work.
        work: WorkId,
        /// Who.
        role: RoleId,
    },
    /// A work goes back to its agent.
    Repairing {
        /// The work.
        work: WorkId,
        /// Who.
        role: RoleId,
        /// Why.
        why: String,
    },
    /// The architect is asked why a work keeps failing.
    Diagnosing {
        /// The work.
        work: WorkId,
    },
    /// A transient error is tried again.
    Retrying {
        /// The agent.
        agent: AgentName,
        /// What it said.
        why: String,
        /// When.
        at: Timestamp,
        /// Whether this is an outage rather than a hiccup.
        outage: bool,
    },
    /// An agent failed too often in a row.
    AgentRests {
        /// The agent.
        agent: AgentName,
        /// How often.
        failures: u32,
        /// When it is tried again.
        until: Timestamp,
    },
    /// Verify commands are red before anything was done.
    RedBase {
        /// The commands.
        commands: Vec<String>,
    },
    /// A verify command is red.
    Red {
        /// The work.
        work: WorkId,
        /// The command.
        command: String,
        /// What it printed, bounded: the begin and the end.
        output: String,
    },
    /// Verify commands run.
    Verifying {
        /// The work.
        work: WorkId,
        /// The commands.
        commands: Vec<String>,
    },
    /// Changes were taken out of the tree and saved.
    PutBack {
        /// The paths.
        paths: Vec<RepoPath>,
        /// Where they are.
        reference: String,
    },
    /// Hooks changed paths of the commit.
    HooksChanged {
        /// The paths.
        paths: Vec<RepoPath>,
        /// Of these, what was left out of the commit.
        left_out: Vec<RepoPath>,
    },
    /// The agent had made commits; they were folded into the one.
    Folded {
        /// Where they are.
        reference: String,
    },
    /// The reviewer's conclusion.
    Reviewed {
        /// Who.
        role: RoleId,
        /// The conclusion.
        verdict: Verdict,
        /// What was found.
        findings: Vec<Finding>,
    },
    /// A work failed for good.
    Failed {
        /// The work.
        work: WorkId,
        /// Why.
        reason: String,
    },
    /// A milestone is set aside until a person takes it up.
    Parked {
        /// The milestone.
        milestone: MilestoneId,
        /// Why.
        reason: String,
    },
    /// A milestone waits for a person while others go on.
    PassedOver {
        /// The milestone.
        milestone: MilestoneId,
        /// Why.
        reason: String,
    },
    /// A milestone's documents cannot be read.
    SetAside {
        /// Its folder.
        folder: String,
        /// What is wrong.
        diagnostics: Vec<Diagnostic>,
    },
    /// A document is odd.
    Odd {
        /// What is odd.
        diagnostic: Diagnostic,
    },
    /// Phases were done before Orchestra came.
    Adopted {
        /// The phases.
        works: Vec<WorkId>,
    },
    /// A work's commit was found in history though the documents did not say so.
    Recovered {
        /// The work.
        work: WorkId,
    },
    /// A work's commit was reverted by somebody.
    Reverted {
        /// The work.
        work: WorkId,
    },
    /// The remote took the push.
    Pushed {
        /// The commit.
        commit: CommitId,
        /// The remote.
        remote: String,
        /// The branch on its side.
        branch: String,
    },
    /// The remote did not take the push.
    NotPushed {
        /// Its words.
        words: String,
    },
    /// A milestone came to its end.
    MilestoneDone {
        /// The milestone.
        milestone: MilestoneId,
        /// Whether it was published.
        pushed: bool,
    },
    /// Nothing is left to do.
    Idle,
    /// How far it is, told every now and then while something runs.
    Progress {
        /// The milestone that is worked on.
        milestone: MilestoneId,
        /// How much of its plan is over, in percent of its phases; nothing where it has none.
        percent: Option<u32>,
        /// Its phases that are done or skipped.
        done: u32,
        /// All of its phases.
        phases: u32,
        /// What runs.
        work: Option<WorkId>,
        /// How long the run has lasted, in seconds.
        seconds: u64,
        /// How long its phases will take yet, in seconds, by the median of those that this run has finished; nothing before
        /// the first.
        seconds_left: Option<u64>,
        /// What the run's turns consumed that have ended.
        usage: Usage,
        /// What the run has decided, in works that have their commit.
        decisions: u32,
        /// What went wrong in the run and was mended.
        recoveries: u32,
    },
    /// The run ends, and why.
    Stopping {
        /// Why.
        why: String,
        /// What the person can do.
        hint: String,
    },
    /// Anything else worth saying.
    Remark {
        /// What.
        text: String,
    },
}
