//! What work came to, folded from the journal: time, turns, tokens, money, tests, answers, decisions, recoveries.
//!
//! A pure function of the journal's entries in their order. Invariants, held by the tests beside it:
//! - What all works and [`Accounts::stray`] spent is the usage that the journal has: no turn is counted twice, none is lost.
//! - A turn that said nothing of its usage is counted, and named, as one without.
//!
//! Absent on purpose: which files changed (git knows), titles and standing (the documents know), and what conversations cost,
//! for they are not in the journal.

mod fold;
mod spent;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::Serialize;

pub use self::spent::{Seconds, Spent, Unmetered};

use crate::id::{AgentName, GateId, MilestoneId, RoleId, TurnId, WorkId};
use crate::plan::By;
use crate::record::Answer;
use crate::repo::CommitId;
use crate::report::Decision;

/// What the journal says of all milestones.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Accounts {
    /// Each milestone of which anything was recorded.
    pub milestones: BTreeMap<MilestoneId, Account>,
    /// What turns spent whose begin the journal does not have.
    pub stray: Spent,
    /// How often a worker began.
    pub runs: u32,
    /// How often one ended without a word: killed, or a disk that took nothing more.
    pub kills: u32,
    running: BTreeMap<TurnId, Running>,
    asked: BTreeMap<GateId, Asked>,
    is_at_work: bool,
    last: Option<MilestoneId>,
}

/// A turn that began and has not ended.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Running {
    milestone: MilestoneId,
    work: WorkId,
    since: Timestamp,
}

/// A question that waits.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Asked {
    milestone: Option<MilestoneId>,
    text: String,
    since: Timestamp,
}

/// What the journal says of one milestone.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
pub struct Account {
    /// When the first thing of it was recorded.
    pub begun: Option<Timestamp>,
    /// When the last thing of it was.
    pub last: Option<Timestamp>,
    /// How long it waited for a person.
    pub waited: Seconds,
    /// Its works, in the order in which they began.
    pub works: Vec<WorkAccount>,
    /// Turns of which it is not known what they consumed.
    pub unmetered: Vec<Unmetered>,
    /// Verify commands, with how often they were green and red.
    pub tests: BTreeMap<String, Test>,
    /// Changes of its plan, oldest first.
    pub replans: Vec<Replanned>,
    /// What was decided in works that have their commit.
    pub decisions: Vec<Decided>,
    /// What was asked and answered, oldest first.
    pub answers: Vec<Given>,
    /// What went wrong on the way and was mended.
    pub recoveries: Recoveries,
    /// Why it was set aside, each time.
    pub parked: Vec<String>,
    /// Where it was pushed: `origin/main`.
    pub pushes: Vec<String>,
    #[serde(skip)]
    decided: BTreeMap<WorkId, Vec<Decision>>,
}

/// What one work came to.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct WorkAccount {
    /// The work.
    pub work: WorkId,
    /// Who did it, where that is known.
    pub role: Option<RoleId>,
    /// Who played the role.
    pub agents: BTreeSet<AgentName>,
    /// How many attempts there were.
    pub attempts: u32,
    /// How often it failed for good.
    pub failures: u32,
    /// Whether a person went on without it.
    pub skipped: bool,
    /// When its first turn began.
    pub begun: Timestamp,
    /// When it had its commit.
    pub committed: Option<Timestamp>,
    /// Its commit.
    pub commit: Option<CommitId>,
    /// What its turns consumed.
    #[serde(flatten)]
    pub spent: Spent,
    #[serde(skip)]
    attempt: u32,
    #[serde(skip)]
    since: u32,
}

/// How often a verify command was green and red.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize)]
pub struct Test {
    /// How often it was green.
    pub green: u32,
    /// How often it was red.
    pub red: u32,
}

/// A change of the plan.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Replanned {
    /// When it was approved.
    pub at: Timestamp,
    /// Who approved it.
    pub by: By,
    /// Why.
    pub reason: String,
    /// What changed, a line each.
    pub changes: Vec<String>,
}

/// A decision with the work in which it was made.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Decided {
    /// The work.
    pub work: WorkId,
    /// The decision.
    #[serde(flatten)]
    pub decision: Decision,
}

/// An answer that was given.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Given {
    /// When.
    pub at: Timestamp,
    /// Which kind of question.
    pub question: String,
    /// The work that it was about, where it was about one.
    pub work: Option<WorkId>,
    /// The question in a sentence; empty where it was never put to anybody.
    pub text: String,
    /// The answer.
    #[serde(flatten)]
    pub answer: Answer,
    /// Who gave it.
    pub by: By,
}

/// What went wrong and was mended.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize)]
pub struct Recoveries {
    /// The worker ended without a word and was started again.
    pub kills: u32,
    /// Turns that were cut short, whoever did it.
    pub cut_short: u32,
    /// Turns that were tried again because an agent was out of reach, and cost no attempt.
    pub retries: u32,
    /// Attempts that mended what the one before had left wrong.
    pub repairs: u32,
    /// Diagnoses of the architect.
    pub diagnoses: u32,
    /// Paths that were put back because they lay outside the role's room.
    pub put_back: u32,
    /// Works that failed for good.
    pub failures: u32,
    /// Works that a person went on without.
    pub skipped: u32,
}

impl Recoveries {
    /// Adds what another milestone's are.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            kills: self.kills.saturating_add(other.kills),
            cut_short: self.cut_short.saturating_add(other.cut_short),
            retries: self.retries.saturating_add(other.retries),
            repairs: self.repairs.saturating_add(other.repairs),
            diagnoses: self.diagnoses.saturating_add(other.diagnoses),
            put_back: self.put_back.saturating_add(other.put_back),
            failures: self.failures.saturating_add(other.failures),
            skipped: self.skipped.saturating_add(other.skipped),
        }
    }
}

impl Account {
    /// What all of its works consumed.
    pub fn spent(&self) -> Spent {
        self.works.iter().fold(Spent::default(), |sum, work| sum.plus(work.spent))
    }

    /// What each role consumed; works whose role is not known come first.
    pub fn roles(&self) -> BTreeMap<Option<RoleId>, Spent> {
        let mut roles: BTreeMap<Option<RoleId>, Spent> = BTreeMap::new();
        for work in &self.works {
            let sum = roles.entry(work.role.clone()).or_default();
            *sum = sum.plus(work.spent);
        }
        roles
    }

    /// How many attempts there were at all of its works.
    pub fn attempts(&self) -> u32 {
        self.works.iter().fold(0, |sum, work| sum.saturating_add(work.attempts))
    }

    /// From the first to the last thing that was recorded.
    pub fn wall(&self) -> Seconds {
        self.begun.zip(self.last).map_or(Seconds::default(), |(begun, last)| Seconds::between(begun, last))
    }
}

impl Accounts {
    /// What all milestones consumed, and what belongs to none.
    pub fn spent(&self) -> Spent {
        self.milestones.values().fold(self.stray, |sum, account| sum.plus(account.spent()))
    }

    /// Names the roles of works of which the journal does not say it: what was recorded before it did.
    pub fn name_roles(&mut self, role: impl Fn(&MilestoneId, &WorkId) -> Option<RoleId>) {
        for (id, account) in &mut self.milestones {
            for work in account.works.iter_mut().filter(|work| work.role.is_none()) {
                work.role = role(id, &work.work);
            }
        }
    }
}
