//! All that the machine knows between two events.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::effect::{Asked, Tell};
use super::memory::Recalled;
use super::pace::Pace;
use super::seen::Seen;
use crate::edit::DocEdit;
use crate::id::{AgentName, GateId, MilestoneId, RoleId, SessionId, TurnId, WorkId};
use crate::own_tool::on_record::OnRecord;
use crate::path::{ContentHash, RepoPath};
use crate::plan::{Cursor, Milestone, Phase, Role};
use crate::repo::{Change, CommitId, Survey};
use crate::report::{Report, Usage};

/// All that the machine knows.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct State {
    /// When the last event was noticed.
    pub at: Timestamp,
    /// What was seen of the world, kept up to date by what the machine itself orders.
    pub seen: Seen,
    /// What it is at.
    pub stage: Stage,
    /// The question that holds up the work.
    pub open: Option<Asked>,
    /// Questions of milestones that were passed over; others go on meanwhile.
    pub put_off: BTreeMap<GateId, Asked>,
    /// Milestones that this run does not pick again by itself.
    pub passed: BTreeSet<MilestoneId>,
    /// How the agents bear up.
    pub agents: BTreeMap<AgentName, Strain>,
    /// The last turn that was started.
    pub last_turn: TurnId,
    /// The milestone that was said to be worked on last.
    pub said: Option<MilestoneId>,
    /// Whether documents changed on disk during a work: they are taken up after it.
    pub stale: bool,
    /// Whether to leave when the running work is done.
    pub stop_after: bool,
    /// Which odd documents were named already.
    pub named: BTreeSet<String>,
    /// What the run came to so far.
    pub tally: Tally,
    /// How it gets on.
    pub pace: Pace,
}

impl State {
    /// Tells whether no phase is under way: nothing of one is in the tree, so that somebody else may work there
    /// until the machine goes on.
    pub fn is_between_phases(&self) -> bool {
        match &self.stage {
            Stage::Idle => true,
            Stage::Looking => self.open.is_some(),
            Stage::Milestone(active) => {
                self.open.is_some() && matches!(active.at, At::Opening | At::RfcGate | At::PushGate)
            }
            Stage::Asleep | Stage::Left { .. } => false,
        }
    }
}

/// What the machine is at.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Stage {
    /// Nothing has been seen yet.
    Asleep,
    /// Waits to see everything anew, or for an answer without which nothing can be picked.
    Looking,
    /// Nothing is runnable.
    Idle,
    /// A milestone is being worked on.
    Milestone(Box<Active>),
    /// It has left.
    Left {
        /// With this exit code.
        code: u8,
    },
}

/// The milestone that is being worked on.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Active {
    /// Which one.
    pub id: MilestoneId,
    /// The branch it is built on.
    pub branch: String,
    /// The worker's place in it.
    pub cursor: Cursor,
    /// Works with a commit, oldest first.
    pub done: Vec<(WorkId, CommitId)>,
    /// What it is at.
    pub at: At,
}

impl Active {
    /// The commit of a work.
    pub fn commit_of(&self, work: &WorkId) -> Option<&CommitId> {
        self.done.iter().rev().find(|(id, _)| id == work).map(|(_, commit)| commit)
    }

    /// How often the milestone was closed; more than once where a push was refused and work was added.
    pub fn closes(&self) -> u32 {
        let closes = self.done.iter().filter(|(work, _)| matches!(work, WorkId::Close(_))).count();
        u32::try_from(closes).unwrap_or(u32::MAX)
    }
}

/// What a milestone is at.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum At {
    /// A question must be answered before anything is done; then everything is seen anew.
    Opening,
    /// Works run: one at first, more once `limits.jobs` allows it.
    Working(Vec<Work>),
    /// The design waits for its answer.
    RfcGate,
    /// What a push would publish is being found out.
    Surveying {
        /// The server's words, where an earlier push was not taken.
        words: Option<String>,
    },
    /// The push waits for its answer.
    PushGate,
    /// The push is under way.
    Pushing {
        /// What it publishes.
        survey: Box<Survey>,
    },
}

/// One piece of work: snapshot, turn, inspection, verification, commit.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Work {
    /// Which one.
    pub id: WorkId,
    /// Who does it; nobody for base and close.
    pub role: Option<RoleId>,
    /// The role as it was when the work began: an agent cannot widen its own room.
    pub who: Option<Role>,
    /// The phase as it was when the work began.
    pub what: Option<Phase>,
    /// The n-th turn for it, from 1.
    pub attempt: u32,
    /// The attempt from which tries are counted. Before it the tree was looked at: what is as its snapshot has it and
    /// lies outside the room is the person's.
    pub since: u32,
    /// The attempt whose snapshot tells the person's changes from the work's.
    pub baseline: u32,
    /// The head when the running turn began.
    pub turn_base: CommitId,
    /// What the next brief must say.
    pub tell: Vec<Tell>,
    /// What every brief of this work must say: a person's words, findings.
    pub standing: Vec<Tell>,
    /// The agent's conversation.
    pub session: Option<SessionId>,
    /// Transient errors in a row.
    pub hiccups: u32,
    /// Since when the agent has been out of reach.
    pub outage_since: Option<Timestamp>,
    /// How often somebody moved the branch before the commit.
    pub overtaken: u32,
    /// What the agent reported last.
    pub report: Report,
    /// What it put on record in all of its turns: part of every report of this work.
    pub on_record: OnRecord,
    /// Whether it was told what it changed outside its room.
    pub told: bool,
    /// The changes on which verification ran last.
    pub verified: Vec<Change>,
    /// The head on which it ran.
    pub verified_on: Option<CommitId>,
    /// How often verification was run again because it changed files itself.
    pub reverified: u32,
    /// Paths outside the room that the person said are theirs, with what they held then: what is written over them
    /// later is not.
    pub mine: BTreeMap<RepoPath, Option<ContentHash>>,
    /// Paths that the person has just said are theirs: what they hold is seen at the next look.
    pub claimed: BTreeSet<RepoPath>,
    /// Whether the tree was looked at since anything of the work ran: what lies outside the room is the person's.
    pub settled: bool,
    /// The changes that will be committed.
    pub inside: Vec<Change>,
    /// Commands that were green.
    pub green: Vec<String>,
    /// Paths in which hooks may not change anything.
    pub leave_out: Vec<RepoPath>,
    /// The edits that go with the commit.
    pub edits: Vec<DocEdit>,
    /// The commit's subject line.
    pub subject: String,
    /// The design's hash as it was approved.
    pub approved: Option<ContentHash>,
    /// Why tries failed, oldest first.
    pub failures: Vec<String>,
    /// What it consumed.
    pub usage: Usage,
    /// What was put back and the like, for the gate.
    pub concerns: Vec<String>,
    /// What it waits for.
    pub progress: Progress,
}

/// What a work waits for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Progress {
    /// The snapshot.
    Snapshotting,
    /// The agent.
    Running {
        /// The turn.
        turn: TurnId,
        /// Whether a person interrupted it.
        pausing: bool,
    },
    /// A moment at which the agent is tried again.
    Backoff {
        /// The moment.
        until: Timestamp,
        /// Whether this is an outage, in which the phase counts as pending.
        outage: bool,
    },
    /// A look at the tree, and why.
    Inspecting(After),
    /// Changes being put back, and why the tree was looked at.
    PuttingBack(After),
    /// Verify commands.
    Verifying,
    /// The commit object.
    Preparing,
    /// The branch.
    Swapping {
        /// The commit.
        commit: CommitId,
    },
    /// Index, documents, disk.
    Settling,
    /// The architect's diagnosis.
    Diagnosed,
    /// An answer.
    Asking(Pending),
}

/// Why the tree is looked at.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum After {
    /// The agent ended.
    Turn,
    /// Verify commands ended.
    Verify,
    /// A turn of an earlier run was cut short, and nobody has looked at what it left.
    CutShort,
    /// The work has failed, and a person will be asked what now.
    Failure,
    /// The design was approved.
    Approval,
    /// The milestone is set aside, or the work skipped: everything is put back.
    GivingUp(GivingUp),
}

/// Why everything of a work is put back.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum GivingUp {
    /// The milestone is set aside.
    Parking,
    /// A person goes on without the work.
    Skipping,
}

/// What an answer is awaited for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Pending {
    /// Whether changed files are the person's.
    MayBeYours {
        /// The files.
        paths: Vec<RepoPath>,
        /// Why the tree was looked at.
        after: After,
    },
    /// What follows from a failure.
    Failed,
    /// Whether to save a large snapshot.
    TooLarge,
    /// Whether the agent may begin though its plan names changed files.
    Dirty,
    /// Whether the history was mended.
    History(After),
    /// Whether new commands may be run.
    Trust,
    /// Whether to go on after an interruption.
    Interrupted,
}

/// How an agent bears up.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Strain {
    /// Failures in a row.
    pub failures: u32,
    /// Until when it rests.
    pub rests_until: Option<Timestamp>,
}

/// What a run came to.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Tally {
    /// Milestones that came to their end.
    pub done: Vec<MilestoneId>,
    /// Milestones that were set aside, and why.
    pub parked: Vec<(MilestoneId, String)>,
    /// Milestones that wait for a person.
    pub waiting: BTreeSet<MilestoneId>,
    /// The milestone that was in hand when it left.
    pub left_off: Option<MilestoneId>,
    /// Folders that could not be read.
    pub set_aside: BTreeSet<String>,
    /// Commits that were made.
    pub commits: u32,
    /// Where was pushed.
    pub pushes: Vec<String>,
    /// What turns consumed.
    pub usage: Usage,
}

impl Default for State {
    fn default() -> Self {
        Self {
            at: Timestamp::UNIX_EPOCH,
            seen: Seen::default(),
            stage: Stage::Asleep,
            open: None,
            put_off: BTreeMap::new(),
            passed: BTreeSet::new(),
            agents: BTreeMap::new(),
            last_turn: TurnId::default(),
            said: None,
            stale: false,
            stop_after: false,
            named: BTreeSet::new(),
            tally: Tally::default(),
            pace: Pace::default(),
        }
    }
}

impl State {
    /// The milestone that is being worked on.
    pub fn active(&self) -> Option<&Active> {
        match &self.stage {
            Stage::Milestone(active) => Some(active),
            Stage::Asleep | Stage::Looking | Stage::Idle | Stage::Left { .. } => None,
        }
    }

    pub(super) fn active_mut(&mut self) -> Option<&mut Active> {
        match &mut self.stage {
            Stage::Milestone(active) => Some(active),
            Stage::Asleep | Stage::Looking | Stage::Idle | Stage::Left { .. } => None,
        }
    }

    /// The documents of the milestone that is being worked on.
    pub fn milestone(&self) -> Option<&Milestone> {
        self.active().and_then(|active| self.seen.plan.find(&active.id))
    }

    /// What the journal says of the milestone that is being worked on.
    pub fn recalled(&self) -> Recalled {
        self.active().map(|active| self.seen.memory.recall(&active.id)).unwrap_or_default()
    }

    /// The works that run.
    pub fn works(&self) -> &[Work] {
        match self.active().map(|active| &active.at) {
            Some(At::Working(works)) => works,
            Some(At::Opening | At::RfcGate | At::Surveying { .. } | At::PushGate | At::Pushing { .. })
            | None => &[],
        }
    }

    pub(super) fn take_work(&mut self, id: &WorkId) -> Option<Work> {
        let At::Working(works) = &mut self.active_mut()?.at else { return None };
        let place = works.iter().position(|work| work.id == *id)?;
        Some(works.remove(place))
    }

    /// Puts a work back, or in.
    pub(super) fn keep(&mut self, work: Work) {
        if let Some(active) = self.active_mut() {
            if let At::Working(works) = &mut active.at {
                works.push(work);
            } else {
                active.at = At::Working(vec![work]);
            }
        }
    }
}
