//! What documents, journal and git show, at the beginning and between works.

use std::collections::BTreeMap;

use super::memory::Memory;
use super::policy::Policy;
use crate::id::MilestoneId;
use crate::path::{ContentHash, RepoPath};
use crate::plan::Plan;
use crate::repo::{Head, History};

/// Everything a start, a resume and the next milestone are decided from.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Seen {
    /// Configuration and flags.
    pub policy: Policy,
    /// The documents.
    pub plan: Plan,
    /// Where the work tree stands; nothing before the first look.
    pub head: Option<Head>,
    /// Changed or untracked paths that are neither ignored nor a milestone's documents.
    pub dirty: Vec<RepoPath>,
    /// What the branch's history says of each milestone that has a base.
    pub histories: BTreeMap<MilestoneId, History>,
    /// What the journal says of each milestone.
    pub memory: Memory,
    /// Commands that nobody has trusted yet.
    pub untrusted: Option<Untrusted>,
    /// Whether git ignores `.orchestra`, so that documents cannot be committed.
    pub private: bool,
}

/// Commands that nobody has trusted yet, as they are shown.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Untrusted {
    /// The hash that an answer is remembered by.
    pub of: ContentHash,
    /// A line for each.
    pub lines: Vec<String>,
}
