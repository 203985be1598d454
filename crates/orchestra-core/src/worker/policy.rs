//! How a run answers for itself: configuration and flags.

use crate::config::{Config, GatePolicy};
use crate::id::{AgentName, MilestoneId};
use crate::plan::{GateKind, Milestone, Role};

/// Configuration and flags of a run.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Policy {
    /// The configuration.
    pub config: Config,
    /// The flags.
    pub run: Run,
}

/// The flags of `orchestra start`.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Run {
    /// `--auto`, and which gates it answers.
    pub auto: Option<Auto>,
    /// Whether somebody can be asked.
    pub presence: Presence,
    /// `--once`: leave when nothing more can be run.
    pub once: bool,
    /// `--milestone`: this one only.
    pub only: Option<MilestoneId>,
}

/// Which gates `--auto` answers.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Auto {
    /// The design's.
    pub rfc: bool,
    /// The push's.
    pub push: bool,
}

/// Whether somebody can be asked.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Presence {
    /// A person sits at a terminal.
    #[default]
    Terminal,
    /// A pipe, or continuous integration.
    Headless {
        /// `--wait`: stay at a question until `orchestra answer`.
        wait: bool,
    },
}

impl Policy {
    /// Tells whether nobody is asked.
    pub fn is_auto(&self) -> bool {
        self.run.auto.is_some()
    }

    /// Tells whether `--auto` may answer a milestone's gate.
    pub fn auto_answers(&self, gate: GateKind, milestone: &Milestone) -> bool {
        let named = self.run.auto.is_some_and(|auto| match gate {
            GateKind::Rfc => auto.rfc,
            GateKind::Push => auto.push,
        });
        named && !milestone.hold.contains(&gate)
    }

    /// Tells whether a milestone gets a design stage.
    pub fn wants_rfc(&self, milestone: &Milestone) -> bool {
        milestone.rfc == crate::plan::RfcNeed::Required && self.config.gates.rfc != GatePolicy::Never
    }

    /// The agent that plays a role.
    pub fn agent_for(&self, role: Option<&Role>) -> Option<AgentName> {
        role.and_then(|role| role.agent.clone()).or_else(|| self.config.default_agent.clone())
    }
}
