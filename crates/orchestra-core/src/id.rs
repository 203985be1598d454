//! Names of things: milestones, phases, roles, agents, turns, gates.
//!
//! Each is a type of its own, so that one cannot be passed where another is meant. Those that become part of a
//! file name, a git ref or a commit trailer are checked when they are made; nothing later has to quote them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Says why a text cannot be a name.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error("`{text}` cannot be {what}: {why}")]
pub struct IdError {
    /// What was given.
    pub text: String,
    /// What it should have been, with its article.
    pub what: &'static str,
    /// The rule that it breaks.
    pub why: &'static str,
}

/// The rules of [`is_slug`], for messages.
const SLUG_RULE: &str = "use letters, digits, `-`, `_` and single dots, at most 100 characters, \
     beginning with a letter or digit and not ending in `.lock`";

/// Tells whether a text is safe as a file name, as part of a git ref and in a trailer, on every file system.
fn is_slug(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes.next().is_some_and(|first| first.is_ascii_alphanumeric())
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
        && text.len() <= 100
        && !text.contains("..")
        && !text.ends_with('.')
        && !text.to_ascii_lowercase().ends_with(".lock")
}

macro_rules! slug_id {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Checks a text and takes it as a name.
            pub fn parse(text: &str) -> Result<Self, IdError> {
                if is_slug(text) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(IdError { text: text.to_owned(), what: $what, why: SLUG_RULE })
                }
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;
            fn try_from(text: String) -> Result<Self, IdError> {
                Self::parse(&text)
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                Self::parse(text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }
    };
}

slug_id!(
    /// A role, by its id: `backend-engineer`. An alias is resolved where it is read.
    RoleId,
    "a role"
);
slug_id!(
    /// A phase, by its file name without `.md`: `phase-2`.
    PhaseId,
    "a phase"
);
slug_id!(
    /// An agent, by its key in `config.yaml`: `claude`.
    AgentName,
    "an agent's name"
);

/// A milestone: `M1-user-auth`, or `M1` in the format of the original 1.7.
///
/// Orders by number, then by name, so that `M10` comes after `M9`.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct MilestoneId {
    text: String,
    number: u32,
}

impl MilestoneId {
    /// Checks a text: an `M`, a number, and if there is more, `-` and a name.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        let error = |why| IdError { text: text.to_owned(), what: "a milestone's id", why };
        let form = "write `M` and a number, then optionally `-` and a name, as in `M1-user-auth`";
        if !is_slug(text) {
            return Err(error(SLUG_RULE));
        }
        let rest = text.strip_prefix('M').ok_or_else(|| error(form))?;
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (digits, name) = rest.split_at(digits);
        let Ok(number) = digits.parse() else { return Err(error(form)) };
        if name.is_empty() || (name.starts_with('-') && name.len() > 1) {
            Ok(Self { text: text.to_owned(), number })
        } else {
            Err(error(form))
        }
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The number after the `M`.
    pub fn number(&self) -> u32 {
        self.number
    }
}

impl Ord for MilestoneId {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.number, &self.text).cmp(&(other.number, &other.text))
    }
}

impl PartialOrd for MilestoneId {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for MilestoneId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl TryFrom<String> for MilestoneId {
    type Error = IdError;
    fn try_from(text: String) -> Result<Self, IdError> {
        Self::parse(&text)
    }
}

impl FromStr for MilestoneId {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        Self::parse(text)
    }
}

impl From<MilestoneId> for String {
    fn from(id: MilestoneId) -> Self {
        id.text
    }
}

/// One piece of a milestone's work, as its commit names it in the trailer `Orchestra-Phase`.
///
/// `review-N`, `diagnosis-…` and `base` name turns and rescue refs only; they never make a commit.
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(try_from = "String", into = "String")]
pub enum WorkId {
    /// Verification of the untouched base.
    Base,
    /// The architect's design.
    Rfc,
    /// A phase of the plan.
    Phase(PhaseId),
    /// The n-th review, from 1.
    Review(u32),
    /// What one role mends in the n-th fix round, from 1.
    Fix {
        /// The fix round.
        round: u32,
        /// The role that mends.
        role: RoleId,
    },
    /// The architect's look at a work that failed.
    Diagnosis(Box<WorkId>),
    /// The n-th closing of the milestone, from 1; the first is written `close`.
    Close(u32),
}

impl WorkId {
    /// Reads what [`fmt::Display`] writes.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        let number = |digits: &str| digits.parse::<u32>().ok().filter(|number| *number > 0);
        if let Some(of) = text.strip_prefix("diagnosis-") {
            return Ok(Self::Diagnosis(Box::new(Self::parse(of)?)));
        }
        if let Some(round) = text.strip_prefix("review-").and_then(number) {
            return Ok(Self::Review(round));
        }
        if let Some(round) = text.strip_prefix("close-").and_then(number) {
            return Ok(Self::Close(round));
        }
        if let Some((round, role)) = text.strip_prefix("fix-").and_then(|rest| rest.split_once('-'))
            && let Some(round) = number(round)
        {
            return Ok(Self::Fix { round, role: RoleId::parse(role)? });
        }
        match text {
            "base" => Ok(Self::Base),
            "rfc" => Ok(Self::Rfc),
            "close" => Ok(Self::Close(1)),
            phase => Ok(Self::Phase(PhaseId::parse(phase)?)),
        }
    }

    /// Tells whether this text is kept for Orchestra's own works, so that no phase may have it as its name.
    pub fn is_reserved(text: &str) -> bool {
        !matches!(Self::parse(text), Ok(Self::Phase(_)))
    }

    /// The phase, where this is one of the plan.
    pub fn phase(&self) -> Option<&PhaseId> {
        match self {
            Self::Phase(phase) => Some(phase),
            Self::Base
            | Self::Rfc
            | Self::Review(_)
            | Self::Fix { .. }
            | Self::Diagnosis(_)
            | Self::Close(_) => None,
        }
    }
}

impl fmt::Display for WorkId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Base => f.write_str("base"),
            Self::Rfc => f.write_str("rfc"),
            Self::Phase(phase) => phase.fmt(f),
            Self::Review(round) => write!(f, "review-{round}"),
            Self::Fix { round, role } => write!(f, "fix-{round}-{role}"),
            Self::Diagnosis(of) => write!(f, "diagnosis-{of}"),
            Self::Close(1) => f.write_str("close"),
            Self::Close(round) => write!(f, "close-{round}"),
        }
    }
}

impl TryFrom<String> for WorkId {
    type Error = IdError;
    fn try_from(text: String) -> Result<Self, IdError> {
        Self::parse(&text)
    }
}

impl From<WorkId> for String {
    fn from(id: WorkId) -> Self {
        id.to_string()
    }
}

/// One run of an agent, counted from 1 over the life of a worker.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub struct TurnId(pub u64);

impl TurnId {
    /// The id of the next turn.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for TurnId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "turn {}", self.0)
    }
}

slug_id!(
    /// A question that waits for its answer, as `orchestra status` prints it: `rfc-3f9a`.
    ///
    /// Made anew whenever a question is asked, so that an answer to an earlier one never fits a later one.
    GateId,
    "a gate"
);

/// An agent's own name for its conversation, handed back to it to go on.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
pub struct SessionId(pub String);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn milestones_order_by_number_then_name() {
        let mut ids: Vec<MilestoneId> =
            ["M10-b", "M9-z", "M9-a", "M1"].iter().map(|text| MilestoneId::parse(text).unwrap()).collect();
        ids.sort();
        let texts: Vec<&str> = ids.iter().map(MilestoneId::as_str).collect();
        assert_eq!(texts, ["M1", "M9-a", "M9-z", "M10-b"]);
    }

    #[test]
    fn a_name_that_would_leave_its_folder_or_break_a_ref_is_refused() {
        for text in ["", "..", "a/b", "-x", ".x", "a..b", "a.lock", "a.LOCK", "a b", "a\n", "ä", "x."] {
            assert!(PhaseId::parse(text).is_err(), "{text:?}");
        }
        for text in ["1-x", "M", "Mx", "M1x", "M1-", "M99999999999", "m1-x"] {
            assert!(MilestoneId::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn every_work_reads_back_as_it_was_written() {
        let role = RoleId::parse("backend-engineer").unwrap();
        let phase = WorkId::Phase(PhaseId::parse("phase-1").unwrap());
        let works = [
            WorkId::Base,
            WorkId::Rfc,
            phase.clone(),
            WorkId::Review(2),
            WorkId::Fix { round: 1, role },
            WorkId::Diagnosis(Box::new(phase)),
            WorkId::Close(1),
            WorkId::Close(2),
        ];
        for work in works {
            assert_eq!(WorkId::parse(&work.to_string()), Ok(work));
        }
        assert!(WorkId::is_reserved("close") && WorkId::is_reserved("fix-1-x"));
        assert!(!WorkId::is_reserved("phase-1"));
    }
}
