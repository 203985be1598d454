//! What a product manager proposes: a new milestone, or a change of one that runs.
//!
//! A proposal is text from a model, or from a script. It is checked against the plan before a person sees it, and nothing
//! of it is on disk before they said yes to exactly what they were shown: [`draft()`] makes every file of a new milestone,
//! [`draft_change`] every change of one that exists, and an approval is bound to the hash of that.
//!
//! Invariants, each held by a test:
//! - Everything that is wrong is said at once, with its place and what to do ([`Objection`]).
//! - What a draft holds reads back as what was proposed: no word of it becomes a key, a status, a section or a Result.
//! - A phase that has begun is not changed, and text that a person has frozen is not, either.
//!
//! Absent on purpose: files. Documents come in as text ([`Ground`]), and writing them is `orchestra-project`'s.

mod change;
mod draft;
mod globs;
pub mod naming;
mod objection;
mod overlap;
mod parse;
mod phases;
mod render;
#[cfg(test)]
mod tests;
mod text;

use std::collections::BTreeMap;

pub use change::{ChangeDraft, FileChange, Overtaken, draft_change};
pub use draft::{Draft, MAX_CRITERIA, MAX_PHASES, draft};
pub use objection::{Objection, listed};
pub use parse::{Proposal, parse};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::plan::Plan;

/// How long a proposal may be, in bytes of JSON.
pub const MAX_BYTES: usize = 256 * 1024;

/// What a proposal is held against.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Ground {
    /// Milestones and roles.
    pub plan: Plan,
    /// Texts of documents, by `<folder>/<path below it>`: the `milestone.md` of every open milestone, and for a change
    /// the phases of that milestone.
    pub texts: BTreeMap<String, String>,
}

impl Ground {
    /// A document of a milestone.
    pub fn text(&self, folder: &str, path: &str) -> Option<&str> {
        self.texts.get(&format!("{folder}/{path}")).map(String::as_str)
    }
}

/// A new milestone: one goal that a user of the product would recognise, in phases of one commit each.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct MilestoneProposal {
    /// A few words: they name the milestone and its folder.
    pub title: String,
    /// P0, P1 or P2; P1 where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<String>,
    /// Milestones that must be done before, by id.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub depends_on: Vec<String>,
    /// What it is about, in a paragraph.
    pub summary: String,
    /// How one can tell that it works: each can be checked by somebody who did not build it.
    pub criteria: Vec<String>,
    /// What is not a part of it, although one could think so.
    pub out_of_scope: Vec<String>,
    /// What and why, in Markdown.
    pub prd: String,
    /// What was discussed and decided, in Markdown.
    #[serde(default)]
    pub grooming: String,
    /// Why no technical design is needed. Only where every phase is trivial or quick.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skip_rfc: Option<String>,
    /// The phases, in the order in which they are done; each becomes one commit.
    pub phases: Vec<PhaseProposal>,
}

/// One phase: what one role does, in one commit.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PhaseProposal {
    /// The role that does it, by id or alias.
    pub role: String,
    /// What it achieves, in a few words.
    pub title: String,
    /// What must be true afterwards.
    pub objective: String,
    /// What belongs to it, and what does not.
    #[serde(default)]
    pub scope: String,
    /// What its agent must know.
    #[serde(default)]
    pub context: String,
    /// What it expects to touch, as globs inside of what the role may write.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
    /// Commands that must be green before the commit, where they differ from the configuration's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verify: Option<Vec<String>>,
    /// Phases that must be done before: their numbers in this proposal, from 1. The one before it, where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub depends_on: Option<Vec<u32>>,
    /// trivial, quick, standard or complex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub complexity: Option<String>,
}

/// A change of a milestone that is planned or runs. Phases that have begun are not changed by it.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ChangeProposal {
    /// The milestone, by id.
    pub milestone: String,
    /// Why the plan changes; it is on record with it.
    pub reason: String,
    /// What changes, in this order.
    pub changes: Vec<Change>,
}

/// One change of a plan.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Change {
    /// A new phase.
    AddPhase {
        /// Its place, such as 3 or, between 2 and 3, 2.5; the last one, where nothing is said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        order: Option<String>,
        /// The phase. Its `depends_on` names nothing; use the order.
        phase: PhaseProposal,
    },
    /// A pending phase gets another place.
    MovePhase {
        /// The phase, by id.
        phase: String,
        /// Its new place.
        order: String,
    },
    /// A pending phase gets other words.
    RewritePhase {
        /// The phase, by id.
        phase: String,
        /// What must be true afterwards.
        objective: String,
        /// What belongs to it, and what does not; stays as it is where nothing is said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        scope: Option<String>,
        /// What its agent must know; stays as it is where nothing is said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        context: Option<String>,
    },
    /// One more criterion.
    AddCriterion {
        /// How one can tell that it works.
        text: String,
    },
}
