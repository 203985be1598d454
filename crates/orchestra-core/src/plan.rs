//! What the documents say, typed: milestones, phases, roles. Made by parsing; no text is kept that decides nothing.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::diagnostic::Diagnostic;
use crate::id::{AgentName, GateId, MilestoneId, PhaseId, RoleId, WorkId};
use crate::path::ContentHash;
use crate::repo::CommitId;

/// The role that plans.
pub const PLANNER: &str = "product-manager";
/// The role that designs, and is asked why a work keeps failing.
pub const ARCHITECT: &str = "architect";
/// The role that reviews.
pub const REVIEWER: &str = "code-reviewer";

/// All of `.orchestra/` that a decision may depend on.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Plan {
    /// Milestones that could be read, in no particular order. Shared, because a look that changes one of a thousand
    /// copies and compares the others by where they are.
    pub milestones: Vec<Arc<Milestone>>,
    /// Roles, by their files.
    pub roles: Vec<Role>,
    /// Milestones that could not be read, with what is wrong; the others go on.
    pub set_aside: Vec<SetAside>,
    /// What is odd and stops nothing.
    pub warnings: Vec<Diagnostic>,
}

impl Plan {
    /// Finds a milestone.
    pub fn find(&self, id: &MilestoneId) -> Option<&Milestone> {
        self.milestones.iter().find(|milestone| milestone.id == *id).map(Arc::as_ref)
    }

    /// Finds the milestone that a person means: by id, by folder, or by a number that only one has (`M2`).
    pub fn resolve(&self, named: &MilestoneId) -> Option<&Milestone> {
        let names = self.milestones.iter().map(|milestone| (&milestone.id, milestone.folder.as_str()));
        resolve(named, names).and_then(|id| self.find(&id))
    }

    /// Finds a role by id.
    pub fn find_role(&self, id: &RoleId) -> Option<&Role> {
        self.roles.iter().find(|role| role.id == *id)
    }
}

/// Finds the milestone that is meant among ids with their folders.
pub(crate) fn resolve<'a>(
    named: &MilestoneId,
    all: impl Iterator<Item = (&'a MilestoneId, &'a str)> + Clone,
) -> Option<MilestoneId> {
    let by_name = all.clone().find(|(id, _)| *id == named);
    let by_name = by_name.or_else(|| all.clone().find(|(_, folder)| *folder == named.as_str()));
    if let Some((id, _)) = by_name {
        return Some(id.clone());
    }
    let is_number = named.as_str().bytes().skip(1).all(|byte| byte.is_ascii_digit());
    let mut same = all.filter(|(id, _)| is_number && id.number() == named.number());
    match (same.next(), same.next()) {
        (Some((id, _)), None) => Some(id.clone()),
        (Some(_) | None, _) => None,
    }
}

/// A milestone's folder that could not be read.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SetAside {
    /// The folder's name below `milestones/`.
    pub folder: String,
    /// What is wrong, at least one.
    pub diagnostics: Vec<Diagnostic>,
}

/// One milestone.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Milestone {
    /// Its identity, which never changes.
    pub id: MilestoneId,
    /// The folder's name below `milestones/`; usually the id.
    pub folder: String,
    /// Its title.
    pub title: String,
    /// How far it is, as its document says.
    pub status: MilestoneStatus,
    /// Why it is parked.
    pub reason: Option<String>,
    /// How urgent it is.
    pub priority: Priority,
    /// Milestones that must be done first.
    pub depends_on: Vec<MilestoneId>,
    /// Whether a design comes first.
    pub rfc: RfcNeed,
    /// Gates that wait for a person even under `--auto`.
    pub hold: Vec<GateKind>,
    /// When it was planned.
    pub created: Option<Date>,
    /// Its phases, sorted by order, then number, then name.
    pub phases: Vec<Phase>,
    /// The worker's place in it, from `context.md`, where there is one.
    pub cursor: Option<Cursor>,
    /// The hash of `rfc.md`, where there is one.
    pub rfc_document: Option<ContentHash>,
    /// Which format its documents have.
    pub format: Format,
}

impl Milestone {
    /// Finds a phase.
    pub fn find_phase(&self, id: &PhaseId) -> Option<&Phase> {
        self.phases.iter().find(|phase| phase.id == *id)
    }
}

/// Which grammar a milestone's documents follow.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Format {
    /// Front matter in every document.
    Current,
    /// The original orchestrator's: a table in `milestone.md`.
    V17,
}

/// One phase: one turn of work for one role, one commit.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Phase {
    /// Its file name without `.md`.
    pub id: PhaseId,
    /// Who does it, resolved from an alias.
    pub role: RoleId,
    /// What it is, in a few words.
    pub title: String,
    /// How far it is, as its document says.
    pub status: PhaseStatus,
    /// Its place among the others.
    pub order: Order,
    /// What must be done first; already filled in where the document leaves it out.
    pub depends_on: Vec<PhaseId>,
    /// The paths it expects to touch.
    pub files: Vec<String>,
    /// Whether `files` is a wall rather than a plan.
    pub files_strict: bool,
    /// Its own verify commands, in place of the configuration's.
    pub verify: Option<Vec<String>>,
    /// Which model fits.
    pub complexity: Complexity,
    /// Whether it may end without a change.
    pub may_be_empty: bool,
    /// The push gate at which a person asked for it, where the worker wrote it from feedback.
    pub feedback: Option<GateId>,
}

/// A phase's place: a decimal number with at most six places, kept as millionths so that it compares exactly.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Order(pub i64);

impl Order {
    /// Reads `2` or `2.5`; `None` where it is no such number.
    pub fn parse(text: &str) -> Option<Self> {
        let (negative, digits) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (whole, places) = digits.split_once('.').unwrap_or((digits, ""));
        let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !is_digits(whole) || !is_digits(places) || places.len() > 6 || whole.len() > 9
        {
            return None;
        }
        let millionths =
            whole.parse::<i64>().ok()? * 1_000_000 + format!("{places:0<6}").parse::<i64>().ok()?;
        Some(Self(if negative { -millionths } else { millionths }))
    }
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let (whole, places) = (self.0.abs() / 1_000_000, self.0.abs() % 1_000_000);
        if places == 0 {
            write!(f, "{sign}{whole}")
        } else {
            write!(f, "{sign}{whole}.{}", format!("{places:06}").trim_end_matches('0'))
        }
    }
}

/// A role: who does a phase, and what they may write.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Role {
    /// Its id: `backend-engineer`.
    pub id: RoleId,
    /// Its short name as typed: `#backend`, kept without the `#`.
    pub alias: Option<String>,
    /// The sign shown before its name.
    pub icon: Option<String>,
    /// Globs of what it may write, relative to the top of the repository; `!` at the front takes away.
    pub writes: Vec<String>,
    /// Which agent plays it, where it is not the default one.
    pub agent: Option<AgentName>,
    /// Which model the agent should use.
    pub model: Option<String>,
    /// Words that hint at this role.
    pub keywords: Vec<String>,
    /// The role's prompt: the body of its file.
    pub prompt: String,
}

/// The closed lists of words that documents use, each with its spelling.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
        pub enum $name {
            $($(#[$variant_doc])* #[serde(rename = $word)] $variant),+
        }

        impl $name {
            /// Every word, in the order in which messages list them.
            pub const WORDS: &'static [&'static str] = &[$($word),+];

            /// Reads one of [`Self::WORDS`].
            pub fn parse(word: &str) -> Option<Self> {
                match word {
                    $($word => Some(Self::$variant),)+
                    _ => None,
                }
            }

            /// The word as documents write it.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word),+
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }
    };
}

words! {
    /// How far a milestone is.
    MilestoneStatus {
        /// Waits to be picked up.
        Planning = "planning",
        /// Is being built.
        InProgress = "in-progress",
        /// Is being reviewed, mended or waits at the push gate.
        Review = "review",
        /// Is closed.
        Done = "done",
        /// Is set aside with a reason, until a person takes it up again.
        Parked = "parked",
        /// Was given up by a person.
        Dropped = "dropped",
    }
}

words! {
    /// How far a phase is.
    PhaseStatus {
        /// Waits for its turn.
        Pending = "pending",
        /// Is being worked on, or was when a run was cut short.
        InProgress = "in-progress",
        /// Has its commit.
        Done = "done",
        /// Could not be done; a person decides.
        Failed = "failed",
        /// A person decided to go on without it.
        Skipped = "skipped",
    }
}

words! {
    /// How urgent a milestone is.
    Priority {
        /// Before everything else.
        P0 = "P0",
        /// The default.
        P1 = "P1",
        /// When nothing else is left.
        P2 = "P2",
    }
}

words! {
    /// Whether a milestone needs a design first.
    RfcNeed {
        /// The architect writes one and it is approved.
        Required = "required",
        /// The phases are built as planned.
        Skip = "skip",
    }
}

words! {
    /// The two gates of a milestone.
    GateKind {
        /// Before anything is built on a design.
        Rfc = "rfc",
        /// Before anything is published.
        Push = "push",
    }
}

words! {
    /// How hard a phase is: which model fits.
    Complexity {
        /// A line or two.
        Trivial = "trivial",
        /// A small change.
        Quick = "quick",
        /// The usual.
        Standard = "standard",
        /// Needs thought.
        Complex = "complex",
    }
}

words! {
    /// Where in its life a milestone is, as `context.md` keeps it.
    StageName {
        /// The architect designs.
        Rfc = "rfc",
        /// The design waits for its answer.
        RfcGate = "rfc-gate",
        /// Phases are built.
        Build = "build",
        /// The reviewer reads.
        Review = "review",
        /// Findings are mended.
        Fix = "fix",
        /// The work waits to be published.
        PushGate = "push-gate",
        /// Closed.
        Done = "done",
    }
}

/// The worker's place in a milestone: the front matter of `context.md`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Cursor {
    /// Where in its life the milestone is.
    pub stage: StageName,
    /// The work that runs or ran last, written under the key `phase`.
    pub work: Option<WorkId>,
    /// The n-th turn for that work, from 1; never goes down while the work lasts.
    pub attempt: u32,
    /// The attempt from which tries are counted: the first, or the one after a person said "again".
    pub since: u32,
    /// The attempt whose snapshot tells the person's changes from the work's.
    pub baseline: u32,
    /// The head when the milestone was first picked; never changes.
    pub base: CommitId,
    /// The head when the running turn began.
    pub turn_base: Option<CommitId>,
    /// Fix rounds that were begun.
    pub fix_rounds: u32,
    /// Answers as shown to readers. Only the journal's entry counts as one.
    pub gates: Vec<(GateKind, GateAnswer)>,
}

/// An answer at a gate, as `context.md` shows it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct GateAnswer {
    /// What was answered: `approved`, `finished`.
    pub answer: String,
    /// Who answered.
    pub by: By,
    /// When.
    pub at: Timestamp,
    /// The hash of what was shown.
    pub of: ContentHash,
}

words! {
    /// Who gave an answer.
    By {
        /// A person, by a key or by `orchestra answer`.
        User = "user",
        /// `--auto`.
        Auto = "auto",
        /// The configuration.
        Policy = "policy",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_goes_between_two_others() {
        let order = |text| Order::parse(text).unwrap();
        assert!(order("2") < order("2.5") && order("2.5") < order("3") && order("2.50") == order("2.5"));
        assert_eq!([order("2.50").to_string(), order("-1").to_string()], ["2.5", "-1"]);
        for text in ["", "x", ".5", "1e3", "1.2.3", "1.0000001", "99999999999"] {
            assert_eq!(Order::parse(text), None, "{text}");
        }
    }
}
