//! Where a conversation is held: all that its blocking work shares.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use orchestra_agent::environment::Environment;
use orchestra_agent::guard::GuardLauncher;
use orchestra_core::config::trust::TrustItem;
use orchestra_core::conversation::{AskId, Kept, Line, Recalled};
use orchestra_core::id::{AgentName, RoleId, TurnId};
use orchestra_core::repo::CommitId;
use orchestra_core::report::Usage;
use orchestra_git::repo::Repo;
use orchestra_project::conversations::ConversationFile;
use orchestra_project::layout::Layout;
use orchestra_project::load::Scanner;
use orchestra_project::trust::TrustStore;

use super::Setup;
use super::draw::Drawn;
use super::project::Known;
use super::room::Writing;

/// What all that blocks shares.
pub(super) struct Place {
    pub(super) layout: Layout,
    pub(super) launcher: GuardLauncher,
    pub(super) environment: Environment,
    pub(super) user_config: Option<PathBuf>,
    pub(super) variables: Vec<(String, String)>,
    pub(super) flags: Vec<(String, String)>,
    pub(super) trust: TrustStore,
    pub(super) programs: Vec<TrustItem>,
    pub(super) role: RoleId,
    pub(super) agent: AgentName,
    pub(super) proposes: bool,
    pub(super) file: Mutex<ConversationFile>,
    pub(super) scanner: Mutex<Scanner>,
    pub(super) journal: Mutex<Known>,
    /// What was drawn up for a proposal, to be written as it is.
    pub(super) drawn: Mutex<BTreeMap<AskId, Drawn>>,
    /// What each of the agent's sessions has consumed so far.
    pub(super) sessions: Mutex<BTreeMap<String, Usage>>,
    /// The plan as the agent was told it last.
    pub(super) told: Mutex<String>,
    /// The commit that a reviewer was shown last.
    pub(super) reviewed: Mutex<Option<CommitId>>,
    pub(super) repo: Option<Repo>,
    /// The right of the running turn to write, until it was looked at what it did.
    pub(super) writing: Mutex<Option<(TurnId, Writing)>>,
    /// Why a turn could only read, as the person was told it last.
    pub(super) only_reads: Mutex<Option<String>>,
}

/// A lock that a panic in another thread does not spoil: what it guards is replaced whole or added to.
pub(super) fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Place {
    /// Takes what a conversation needs from outside, and what was kept of it.
    pub(super) fn of(setup: Setup, hears: bool) -> (Self, Recalled) {
        let Setup { layout, launcher, environment, user_config, variables, flags, trust, .. } = setup;
        let Setup { programs, role, agent, proposes, repo, file, past, scanner, .. } = setup;
        let recalled = Recalled {
            id: file.id().clone(),
            role: Some(role.clone()),
            agent: Some(agent.clone()),
            hears,
            lines: past,
        };
        let place = Self {
            layout,
            launcher,
            environment,
            user_config,
            variables,
            flags,
            trust,
            programs,
            role,
            agent,
            proposes,
            file: Mutex::new(file),
            scanner: Mutex::new(scanner),
            journal: Mutex::default(),
            drawn: Mutex::new(BTreeMap::new()),
            sessions: Mutex::new(used_before(&recalled.lines)),
            told: Mutex::new(String::new()),
            reviewed: Mutex::default(),
            repo,
            writing: Mutex::default(),
            only_reads: Mutex::default(),
        };
        (place, recalled)
    }
}

/// What each session had consumed when the conversation was left.
fn used_before(lines: &[Kept]) -> BTreeMap<String, Usage> {
    let mut sessions: BTreeMap<String, Usage> = BTreeMap::new();
    for kept in lines {
        if let Line::TurnEnded { session: Some(session), usage: Some(usage), .. } = &kept.line {
            let before = sessions.get(&session.0).copied().unwrap_or_default();
            sessions.insert(session.0.clone(), before.plus(*usage));
        }
    }
    sessions
}
