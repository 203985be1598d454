//! Everything that is ever asked, and who answers it when nobody sits there.

mod rows;
#[cfg(test)]
mod tests;
mod words;

pub use rows::{ROWS, Row, table};
pub(super) use words::list;

use super::policy::{Policy, Presence};
use crate::config::GatePolicy;
use crate::id::{MilestoneId, PhaseId, WorkId};
use crate::path::{ContentHash, RepoPath};
use crate::plan::{By, GateKind, Milestone};
use crate::record::Answer;
use crate::repo::{PushCommit, PushTarget, Survey};
use crate::report::{Finding, Verdict};

/// Something that is asked. Each variant is a row of [`ROWS`].
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Question {
    /// May the design be built?
    Rfc {
        /// The milestone.
        milestone: MilestoneId,
        /// The hash of `rfc.md`.
        document: ContentHash,
        /// What was found wanting in the grooming.
        concerns: Vec<String>,
        /// Phases that a person skipped.
        skipped: Vec<WorkId>,
        /// Whether it may still be sent back.
        may_revise: bool,
    },
    /// May this be published?
    Push(Box<PushQuestion>),
    /// Files are changed that nobody's turn changed: what about them?
    Dirty {
        /// The milestone.
        milestone: MilestoneId,
        /// The phase whose plan names some of them; none at the milestone's start.
        phase: Option<PhaseId>,
        /// The files.
        paths: Vec<RepoPath>,
    },
    /// Commands are red before anything was done: do they count?
    RedBase {
        /// The milestone.
        milestone: MilestoneId,
        /// The commands.
        commands: Vec<String>,
    },
    /// A work failed for good: what now?
    Failed {
        /// The milestone.
        milestone: MilestoneId,
        /// The work.
        work: WorkId,
        /// Why.
        reason: String,
    },
    /// Changes outside the room: are they yours?
    MayBeYours {
        /// The milestone.
        milestone: MilestoneId,
        /// The work.
        work: WorkId,
        /// The files.
        paths: Vec<RepoPath>,
    },
    /// May these commands be run?
    Trust {
        /// The hash that the answer is remembered by.
        of: ContentHash,
        /// A line for each.
        lines: Vec<String>,
    },
    /// The branch or its history is not what the milestone was built on.
    History {
        /// The milestone.
        milestone: MilestoneId,
        /// What is the matter, as a sentence.
        trouble: String,
        /// What the person can do.
        hint: String,
        /// The phase that is said to be done and has no commit, where that is the matter.
        claimed: Option<PhaseId>,
    },
    /// The push was not taken.
    Rejected(Box<PushQuestion>),
    /// The turn was interrupted: go on?
    Interrupted {
        /// The milestone.
        milestone: MilestoneId,
        /// The work.
        work: WorkId,
    },
    /// A lock of git that nobody of ours took is in the way.
    Locked {
        /// The milestone.
        milestone: MilestoneId,
        /// What is the matter, as a sentence.
        trouble: String,
        /// What the person can do.
        hint: String,
    },
    /// There is more uncommitted work than is saved without asking.
    TooLarge {
        /// The milestone.
        milestone: MilestoneId,
        /// The work.
        work: WorkId,
        /// How many bytes.
        bytes: u64,
    },
}

/// What the push gate shows.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PushQuestion {
    /// The milestone.
    pub milestone: MilestoneId,
    /// Everything the push would publish.
    pub survey: Survey,
    /// Of these commits, those that are not this milestone's.
    pub foreign: Vec<PushCommit>,
    /// The reviewer's last conclusion; none where there was no review.
    pub verdict: Option<Verdict>,
    /// Findings that nobody mended.
    pub findings: Vec<Finding>,
    /// Commands that were red before anything was done and were not counted.
    pub red: Vec<String>,
    /// Works that a person skipped.
    pub skipped: Vec<WorkId>,
    /// The server's words, where an earlier push was not taken.
    pub words: Option<String>,
}

impl PushQuestion {
    /// Tells whether a finding stands that must not be published.
    pub fn is_blocked(&self) -> bool {
        self.findings.iter().any(|finding| finding.severity == crate::report::Severity::Blocking)
    }
}

/// Who answers a question.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Resolution {
    /// A person, now.
    Ask,
    /// Nobody needs to: this is the answer.
    Answer(Answer, By),
    /// A person, later; other milestones go on meanwhile.
    PassOver,
    /// A person, later; the milestone is set aside with its changes saved.
    Park,
    /// Nobody can: the run ends with this code, and the question stays open.
    Leave(u8),
}

impl Question {
    /// The question's row.
    pub fn row(&self) -> &'static Row {
        let name = match self {
            Self::Rfc { .. } => "rfc",
            Self::Push(push) if push.foreign.is_empty() => "push",
            Self::Push(_) => "push-foreign",
            Self::Dirty { .. } => "dirty",
            Self::RedBase { .. } => "red-base",
            Self::Failed { .. } => "failed",
            Self::MayBeYours { .. } => "may-be-yours",
            Self::Trust { .. } => "trust",
            Self::History { .. } => "history",
            Self::Rejected(_) => "rejected",
            Self::Interrupted { .. } => "interrupted",
            Self::Locked { .. } => "locked",
            Self::TooLarge { .. } => "too-large",
        };
        ROWS.iter().find(|row| row.name == name).expect("every question has a row: a test asks each")
    }

    /// The name that records and gate ids use: both faces of the push gate are `push`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Push(_) | Self::Rejected(_) => "push",
            Self::Rfc { .. }
            | Self::Dirty { .. }
            | Self::RedBase { .. }
            | Self::Failed { .. }
            | Self::MayBeYours { .. }
            | Self::Trust { .. }
            | Self::History { .. }
            | Self::Interrupted { .. }
            | Self::Locked { .. }
            | Self::TooLarge { .. } => self.row().name,
        }
    }

    /// The milestone it concerns.
    pub fn milestone(&self) -> Option<&MilestoneId> {
        match self {
            Self::Rfc { milestone, .. }
            | Self::Dirty { milestone, .. }
            | Self::RedBase { milestone, .. }
            | Self::Failed { milestone, .. }
            | Self::MayBeYours { milestone, .. }
            | Self::History { milestone, .. }
            | Self::Interrupted { milestone, .. }
            | Self::Locked { milestone, .. }
            | Self::TooLarge { milestone, .. } => Some(milestone),
            Self::Push(push) | Self::Rejected(push) => Some(&push.milestone),
            Self::Trust { .. } => None,
        }
    }

    /// The work it concerns.
    pub fn work(&self) -> Option<WorkId> {
        match self {
            Self::Failed { work, .. }
            | Self::MayBeYours { work, .. }
            | Self::Interrupted { work, .. }
            | Self::TooLarge { work, .. } => Some(work.clone()),
            Self::Dirty { phase, .. } => phase.clone().map(WorkId::Phase),
            Self::History { claimed, .. } => claimed.clone().map(WorkId::Phase),
            Self::Rfc { .. }
            | Self::Push(_)
            | Self::Rejected(_)
            | Self::RedBase { .. }
            | Self::Trust { .. }
            | Self::Locked { .. } => None,
        }
    }

    /// The words that answer it.
    pub fn answers(&self) -> Vec<&'static str> {
        match self {
            Self::Rfc { may_revise: true, .. } => vec!["approve", "revise", "stop"],
            Self::Rfc { may_revise: false, .. } | Self::Trust { .. } | Self::TooLarge { .. } => {
                vec!["approve", "stop"]
            }
            Self::Push(push) | Self::Rejected(push) => match push.survey.target {
                PushTarget::Remote { .. } => vec!["approve", "revise", "finish", "push-to", "stop"],
                PushTarget::Missing | PushTarget::Ambiguous { .. } => {
                    vec!["retry", "revise", "finish", "stop"]
                }
            },
            Self::Dirty { .. } | Self::History { claimed: Some(_), .. } => vec!["keep", "retry", "stop"],
            Self::RedBase { .. } => vec!["keep", "verify", "stop"],
            Self::Failed { work, .. } if !matches!(work, WorkId::Close(_)) => vec!["retry", "skip", "stop"],
            Self::MayBeYours { .. } => vec!["keep", "restore"],
            // The end of a milestone is no work that one could go on without.
            Self::Failed { .. }
            | Self::History { claimed: None, .. }
            | Self::Interrupted { .. }
            | Self::Locked { .. } => vec!["retry", "stop"],
        }
    }

    /// Tells whether an answer fits: its word is among [`Self::answers`] and what it needs is there.
    pub fn admits(&self, answer: &Answer) -> bool {
        let is_whole = match answer {
            Answer::Revise { feedback: text }
            | Answer::PushTo { branch: text }
            | Answer::Verify { command: text } => !text.trim().is_empty(),
            Answer::Approve
            | Answer::Retry { .. }
            | Answer::Skip
            | Answer::Keep
            | Answer::Restore
            | Answer::Finish
            | Answer::Stop => true,
        };
        is_whole && self.answers().contains(&answer.word())
    }

    /// Says who answers, for this policy. `milestone` is the one it concerns.
    pub fn resolve(&self, policy: &Policy, milestone: Option<&Milestone>) -> Resolution {
        if let Some(resolution) = self.resolve_by_config(policy, milestone) {
            return resolution;
        }
        if policy.is_auto() {
            return self.resolve_auto(policy, milestone);
        }
        match policy.run.presence {
            Presence::Terminal => Resolution::Ask,
            Presence::Headless { wait } => self.resolve_headless(wait),
        }
    }

    /// A gate that the configuration answers, unless the milestone's `hold` names it.
    fn resolve_by_config(&self, policy: &Policy, milestone: Option<&Milestone>) -> Option<Resolution> {
        let gates = policy.config.gates;
        let is_held = |gate| milestone.is_some_and(|milestone| milestone.hold.contains(&gate));
        match self {
            Self::Rfc { .. } if gates.rfc == GatePolicy::Auto && !is_held(GateKind::Rfc) => {
                Some(Resolution::Answer(Answer::Approve, By::Policy))
            }
            Self::Push(push)
                if gates.push == GatePolicy::Never && !is_held(GateKind::Push) && !push.is_blocked() =>
            {
                Some(Resolution::Answer(Answer::Finish, By::Policy))
            }
            Self::Push(push)
                if gates.push == GatePolicy::Auto
                    && !is_held(GateKind::Push)
                    && push.foreign.is_empty()
                    && push.can_be_pushed_unseen() =>
            {
                Some(Resolution::Answer(Answer::Approve, By::Policy))
            }
            Self::Rfc { .. }
            | Self::Push(_)
            | Self::Dirty { .. }
            | Self::RedBase { .. }
            | Self::Failed { .. }
            | Self::MayBeYours { .. }
            | Self::Trust { .. }
            | Self::History { .. }
            | Self::Rejected(_)
            | Self::Interrupted { .. }
            | Self::Locked { .. }
            | Self::TooLarge { .. } => None,
        }
    }

    fn resolve_auto(&self, policy: &Policy, milestone: Option<&Milestone>) -> Resolution {
        let answers = |gate| milestone.is_some_and(|milestone| policy.auto_answers(gate, milestone));
        match self {
            Self::Rfc { .. } if answers(GateKind::Rfc) => Resolution::Answer(Answer::Approve, By::Auto),
            Self::Push(push)
                if answers(GateKind::Push) && push.foreign.is_empty() && push.can_be_pushed_unseen() =>
            {
                Resolution::Answer(Answer::Approve, By::Auto)
            }
            Self::Rfc { .. } | Self::Push(_) | Self::Rejected(_) => Resolution::PassOver,
            Self::Dirty { .. } | Self::RedBase { .. } => Resolution::Answer(Answer::Keep, By::Auto),
            Self::MayBeYours { .. } => Resolution::Answer(Answer::Restore, By::Auto),
            Self::Failed { .. } | Self::History { .. } | Self::TooLarge { .. } => Resolution::Park,
            Self::Trust { .. } => Resolution::Leave(2),
            // It is in every milestone's way.
            Self::Locked { .. } => Resolution::Leave(3),
            Self::Interrupted { .. } => Resolution::Answer(Answer::Stop, By::Auto),
        }
    }

    fn resolve_headless(&self, wait: bool) -> Resolution {
        match self {
            Self::Dirty { .. } | Self::RedBase { .. } => Resolution::Answer(Answer::Keep, By::Policy),
            Self::MayBeYours { .. } => Resolution::Answer(Answer::Restore, By::Policy),
            Self::Trust { .. } => Resolution::Leave(2),
            Self::Interrupted { .. } => Resolution::Answer(Answer::Stop, By::Policy),
            _ if wait => Resolution::Ask,
            Self::Failed { .. } => Resolution::Leave(1),
            Self::Rfc { .. }
            | Self::Push(_)
            | Self::Rejected(_)
            | Self::History { .. }
            | Self::Locked { .. }
            | Self::TooLarge { .. } => Resolution::Leave(3),
        }
    }
}

impl PushQuestion {
    /// Tells whether nothing speaks against a push that nobody looks at.
    fn can_be_pushed_unseen(&self) -> bool {
        matches!(self.survey.target, PushTarget::Remote { .. }) && !self.is_blocked()
    }
}
