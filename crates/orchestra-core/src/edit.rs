//! What the worker writes into documents, as data. [`crate::document`] turns an edit and a text into a new text.

use crate::id::{GateId, PhaseId, RoleId, WorkId};
use crate::path::RepoPath;
use crate::plan::{Cursor, MilestoneStatus, Order, PhaseStatus};
use crate::report::{Decision, Usage};

/// One change of one document of a milestone. Applying it twice gives the same text as applying it once.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum DocEdit {
    /// Sets a milestone's status.
    MilestoneStatus {
        /// The new status.
        status: MilestoneStatus,
        /// Why, where it is parked; otherwise the key is removed.
        reason: Option<String>,
    },
    /// Sets a phase's status.
    PhaseStatus {
        /// The phase.
        phase: PhaseId,
        /// The new status.
        status: PhaseStatus,
    },
    /// Replaces what a phase's document says under *Result*.
    PhaseResult {
        /// The phase.
        phase: PhaseId,
        /// What to say.
        result: PhaseResult,
    },
    /// Writes a new phase.
    NewPhase(NewPhase),
    /// Sets the cursor in `context.md`, which is made where it is missing.
    Cursor(Cursor),
    /// Adds to *Completed phases*; an entry of the same work is replaced.
    Completed(CompletedWork),
    /// Replaces *Current phase*.
    Current(Option<String>),
    /// Adds to *Key decisions* what is not there yet.
    Decisions(Vec<String>),
    /// Adds to *Concerns* what is not there yet.
    Concerns(Vec<String>),
    /// Sets lines of *Metrics*.
    Metrics(Vec<(String, String)>),
}

/// One change of a plan that a person approved.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum PlanEdit {
    /// Gives a phase another place.
    Order(Order),
    /// Replaces what a section of a phase's document says.
    Section {
        /// Its heading.
        name: &'static str,
        /// What it says, as it stands below a heading.
        text: String,
    },
    /// Adds to *Acceptance criteria* what is not there yet.
    Criterion(String),
}

/// Which document of a milestone an edit concerns.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum DocFile {
    /// `milestone.md`.
    Milestone,
    /// `context.md`.
    Context,
    /// `phases/<id>.md`.
    Phase(PhaseId),
}

impl DocFile {
    /// The path below the milestone's folder.
    pub fn path(&self) -> String {
        match self {
            Self::Milestone => "milestone.md".to_owned(),
            Self::Context => "context.md".to_owned(),
            Self::Phase(phase) => format!("phases/{phase}.md"),
        }
    }
}

impl DocEdit {
    /// The document that this edit concerns. (In the format of 1.7 a phase's status stands in `milestone.md` too.)
    pub fn file(&self) -> DocFile {
        match self {
            Self::MilestoneStatus { .. } => DocFile::Milestone,
            Self::PhaseStatus { phase, .. } | Self::PhaseResult { phase, .. } => {
                DocFile::Phase(phase.clone())
            }
            Self::NewPhase(new) => DocFile::Phase(new.id.clone()),
            Self::Cursor(_)
            | Self::Completed(_)
            | Self::Current(_)
            | Self::Decisions(_)
            | Self::Concerns(_)
            | Self::Metrics(_) => DocFile::Context,
        }
    }
}

/// What a phase's document says under *Result*.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct PhaseResult {
    /// What was done.
    pub summary: String,
    /// The commit's subject line.
    pub commit: String,
    /// Files in the commit that the phase's plan named.
    pub files: Vec<RepoPath>,
    /// Files in the commit beyond the plan, inside the role.
    pub also_changed: Vec<RepoPath>,
    /// What was decided.
    pub decisions: Vec<Decision>,
    /// What was seen and left alone.
    pub concerns: Vec<String>,
    /// The commands that were green.
    pub verified: Vec<String>,
    /// How many turns it took.
    pub attempts: u32,
    /// What it consumed.
    pub usage: Usage,
}

/// An entry of *Completed phases* in `context.md`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CompletedWork {
    /// The work.
    pub work: WorkId,
    /// Who did it; for the close nobody.
    pub role: Option<RoleId>,
    /// What it was.
    pub title: String,
    /// The commit's subject line; empty where it was adopted or skipped.
    pub commit: String,
    /// Files in the commit.
    pub files: Vec<RepoPath>,
    /// What was decided.
    pub decisions: Vec<String>,
    /// Anything else worth a line: `adopted`, `skipped by you`, who approved what.
    pub note: Option<String>,
}

/// A phase that the worker writes from a person's feedback.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NewPhase {
    /// Its id.
    pub id: PhaseId,
    /// Who does it.
    pub role: RoleId,
    /// What it is.
    pub title: String,
    /// Its place.
    pub order: Order,
    /// What must be done first.
    pub depends_on: Vec<PhaseId>,
    /// The person's words.
    pub objective: String,
    /// The push gate at which they were said.
    pub feedback: GateId,
}
