//! The documents of `.orchestra/` and their grammar: text in, typed values and diagnostics out, and the edits of
//! [`crate::edit`] applied to a text.
//!
//! Invariants, each held by a test:
//! - Reading is total: any bytes give a value or diagnostics that say where and what, in bounded time.
//! - A fault sets one milestone aside, never another one. A broken `context.md` sets nothing aside: it is the
//!   worker's own log, so that it is a warning, the place is found again from git and the journal, and the next
//!   [`crate::edit::DocEdit::Cursor`] writes a sound one and keeps the old front matter as text below it.
//! - An edit changes the value it means to change and no other byte; doing it twice is doing it once.
//! - Text of a model cannot become structure of a document.
//!
//! Absent on purpose: files (bytes come in with their path), and rewriting a document as a whole.

pub mod body;
mod context;
mod edit;
pub(crate) mod embed;
pub(crate) mod fields;
pub(crate) mod findings;
mod front;
pub mod frozen;
mod glob;
mod graph;
mod legacy;
mod milestone;
mod phase;
pub mod plain;
mod plan;
mod role;
mod section;
pub(crate) mod source;
pub(crate) mod yaml;

use std::sync::Arc;

use thiserror::Error;

use crate::diagnostic::Diagnostic;
use crate::edit::{DocEdit, DocFile, PlanEdit};
use crate::id::MilestoneId;
use crate::path::ContentHash;
use crate::plan::{Format, Milestone, MilestoneStatus, Order, Phase, PhaseStatus, Plan, Role, SetAside};

/// The size of the largest document that is read, in bytes.
pub const MAX_BYTES: usize = 1024 * 1024;

/// A place in a text.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Place {
    /// The line, from 1.
    pub line: u32,
    /// The column in characters, from 1.
    pub column: u32,
}

impl Place {
    /// The first character of a text.
    pub const START: Self = Self { line: 1, column: 1 };
}

/// What reading a document came to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Parsed<T> {
    /// The value, or at least one reason why there is none.
    pub result: Result<T, Vec<Diagnostic>>,
    /// What is odd and stops nothing.
    pub warnings: Vec<Diagnostic>,
}

/// A file as it was read.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SourceFile {
    /// The path for diagnostics, relative to the top of the repository, with `/` between names.
    pub path: String,
    /// Its content. What is longer than [`MAX_BYTES`] is refused, so that a reader may stop one byte after it.
    pub bytes: Vec<u8>,
}

/// The files of one milestone that decide something.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct MilestoneSource {
    /// The folder's name below `milestones/`.
    pub folder: String,
    /// `milestone.md`.
    pub milestone: Option<SourceFile>,
    /// `context.md`.
    pub context: Option<SourceFile>,
    /// `phases/*.md`, sorted by path.
    pub phases: Vec<SourceFile>,
    /// The hash of `rfc.md`.
    pub rfc: Option<ContentHash>,
}

/// A milestone and the places that checks across milestones point at.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ReadMilestone {
    /// The milestone.
    pub milestone: Arc<Milestone>,
    /// The path of its `milestone.md`.
    pub path: String,
    /// Where its id stands.
    pub id_at: Place,
    /// Where each of its dependencies stands.
    pub depends_on_at: Vec<Place>,
}

/// Why an edit was not applied. The text is as it was.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum EditError {
    /// The document is not there.
    #[error("`{file}` is missing")]
    Missing {
        /// The path below the milestone's folder.
        file: String,
    },
    /// The edit concerns other documents than this one.
    #[error("the edit does not concern `{file}`")]
    Elsewhere {
        /// The path below the milestone's folder.
        file: String,
    },
    /// The front matter cannot be read, so that no value in it can be set.
    #[error("`{file}` cannot be read: {}", fault.expected)]
    Unreadable {
        /// The path below the milestone's folder.
        file: String,
        /// What is wrong; its path is that of the file below the milestone's folder.
        fault: Diagnostic,
    },
    /// The document has no such place, as a 1.7 milestone without a row *Status*.
    #[error("`{file}` has no place for {what}")]
    NoPlace {
        /// The path below the milestone's folder.
        file: String,
        /// What was to be set.
        what: &'static str,
    },
    /// A new phase would replace a document that somebody else wrote.
    #[error("`{file}` exists with another content")]
    Taken {
        /// The path below the milestone's folder.
        file: String,
    },
    /// The new text did not read back as it should, or would have changed something else too.
    #[error("`{file}` cannot be edited without a change beside {what}")]
    Unverified {
        /// The path below the milestone's folder.
        file: String,
        /// What was to be set.
        what: &'static str,
    },
    /// The document would be longer than what is read again.
    #[error("`{file}` would have {bytes} bytes, more than {MAX_BYTES}")]
    TooLong {
        /// The path below the milestone's folder.
        file: String,
        /// The size that it would have.
        bytes: usize,
    },
}

/// Reads one milestone in either format. Dependencies on other milestones are checked by [`check_plan`].
pub fn parse_milestone(source: &MilestoneSource, roles: &[Role]) -> Parsed<ReadMilestone> {
    milestone::parse(source, roles)
}

/// Reads one role. A file without front matter, as in 1.7, is a role named after the file that may write nothing.
pub fn parse_role(path: &str, bytes: &[u8]) -> Parsed<Role> {
    role::parse(path, bytes)
}

/// Checks what concerns several milestones: equal ids, dependencies, cycles, equal numbers.
///
/// A dependency may be written as an id, as a folder's name or as a number (`M1`) that only one milestone has; it is
/// replaced by the id. One on a milestone that is set aside stays and is a warning: whoever asks whether it is
/// done finds no such milestone, so that the dependent one waits.
pub fn check_plan(milestones: Vec<ReadMilestone>, roles: Vec<Role>, set_aside: Vec<SetAside>) -> Plan {
    plan::check(milestones, roles, set_aside)
}

/// Reads everything: roles, milestones, and the checks across them.
pub fn parse_plan(milestones: &[MilestoneSource], roles: &[SourceFile]) -> Plan {
    plan::parse(milestones, roles)
}

/// Lists the documents that an edit concerns, in the order in which they are written.
pub fn targets(format: Format, edit: &DocEdit) -> Vec<DocFile> {
    edit::targets(format, edit)
}

/// Applies an edit to one of its [`targets`] and returns the new text.
///
/// `text` is what the file holds now, `None` where there is none: then `context.md` and a new phase are made, and
/// everything else is an error. The result was read back and compared before it is returned.
pub fn apply(
    milestone: &MilestoneId,
    format: Format,
    file: &DocFile,
    text: Option<&str>,
    edit: &DocEdit,
) -> Result<String, EditError> {
    edit::apply(milestone, format, file, text, edit)
}

/// Gives a phase of 1.7 the keys that it lacks, with the values that were read for it, and a status in today's words.
///
/// Every other byte stays. The result was read back and compared before it is returned.
pub fn complete_phase(text: &str, phase: &Phase) -> Result<String, EditError> {
    edit::complete_phase(text, phase)
}

/// Tells whether a document begins with front matter. An error where it begins and never ends.
pub fn has_front_matter(text: &str) -> Result<bool, EditError> {
    edit::has_front_matter(text)
}

/// Applies a change of the plan to a document, whose path is one below the milestone's folder. Every byte that it does
/// not mean to change stays, and doing it twice is doing it once.
pub fn replan(file: &str, text: &str, edit: &PlanEdit) -> Result<String, EditError> {
    edit::replan(file, text, edit)
}

/// The status that a phase's document says; one that says none is pending.
pub(crate) fn phase_status(text: &str) -> Option<PhaseStatus> {
    match edit::value_of(text, "status") {
        Some(word) => PhaseStatus::parse(&word),
        None => has_front_matter(text).ok().filter(|has| *has).map(|_| PhaseStatus::Pending),
    }
}

/// The status that a milestone's document says; one that says none is planned.
pub(crate) fn milestone_status(text: &str) -> Option<MilestoneStatus> {
    match edit::value_of(text, "status") {
        Some(word) => MilestoneStatus::parse(&word),
        None => has_front_matter(text).ok().filter(|has| *has).map(|_| MilestoneStatus::Planning),
    }
}

/// The place that a phase's document says, where it says one.
pub(crate) fn phase_order(text: &str) -> Option<Order> {
    Order::parse(&edit::value_of(text, "order")?)
}

/// Gives a milestone's document another id; every other byte stays.
pub fn with_id(text: &str, id: &MilestoneId) -> Result<String, EditError> {
    edit::with_id(text, id)
}

/// Finds a role by its id, else by its alias.
pub(crate) fn find_role<'a>(name: &str, roles: &'a [Role]) -> Option<&'a Role> {
    phase::find_role(name, roles)
}

/// Says what is wrong with a glob that a phase plans.
pub(crate) fn plan_glob_fault(glob: &str) -> Option<(&'static str, &'static str)> {
    glob::fault(glob, false)
}

/// Says what is wrong with a glob of configuration, which may concern any path inside the repository.
pub(crate) fn glob_fault(glob: &str) -> Option<(&'static str, &'static str)> {
    glob::fault(glob, true)
}
