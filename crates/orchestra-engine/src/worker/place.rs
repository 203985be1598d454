//! Where the worker works: project, repository and journal, shared by everything that blocks.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use orchestra_agent::environment::Environment;
use orchestra_agent::guard::GuardLauncher;
use orchestra_core::config::resolve::Resolved;
use orchestra_core::config::trust::TrustItem;
use orchestra_core::id::{MilestoneId, WorkId};
use orchestra_core::record::Record;
use orchestra_core::report::Usage;
use orchestra_core::worker::{Failure, Memory, Policy};
use orchestra_git::repo::Repo;
use orchestra_git::snapshot;
use orchestra_project::answers;
use orchestra_project::journal::{Durability, Journal};
use orchestra_project::layout::Layout;
use orchestra_project::load::Scanner;
use orchestra_project::lock::WorkerLock;
use orchestra_project::trust::TrustStore;

use super::Setup;
use super::commit::Unsettled;
use super::others::Others;
use crate::failure;

/// Everything that blocking work shares.
pub(super) struct Place {
    pub(super) layout: Layout,
    pub(super) repo: Repo,
    pub(super) launcher: GuardLauncher,
    pub(super) environment: Environment,
    pub(super) user_config: Option<PathBuf>,
    pub(super) variables: Vec<(String, String)>,
    pub(super) flags: Vec<(String, String)>,
    pub(super) trust: TrustStore,
    journal: Mutex<Journal>,
    memory: Mutex<Memory>,
    pub(super) scanner: Mutex<Scanner>,
    /// The last policy that could be read, and what a person has to trust for it.
    pub(super) policy: Mutex<Option<Policy>>,
    /// The configuration that it comes from.
    pub(super) configuration: Mutex<Option<Resolved>>,
    pub(super) trust_items: Mutex<Vec<TrustItem>>,
    /// The programs of git's configuration that the person agreed to.
    pub(super) agreed_programs: Mutex<Vec<TrustItem>>,
    /// Commits that were prepared in this run, until they are settled.
    pub(super) unsettled: Mutex<BTreeMap<String, Unsettled>>,
    /// What other processes put on record meanwhile.
    pub(super) others: Mutex<Others>,
    /// What each agent's conversation has consumed so far.
    pub(super) sessions: Mutex<BTreeMap<String, Usage>>,
}

/// A lock that a panic in another thread does not spoil: what it guards is replaced whole or added to.
pub(super) fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Place {
    pub(super) fn open(setup: Setup) -> Result<(WorkerLock, Self), Failure> {
        let Setup { layout, repo, launcher, lock, environment, user_config, .. } = setup;
        let Setup { variables, flags, trust, scanner, .. } = setup;
        layout.sweep().map_err(|error| failure::run("tidy up after an earlier run", &error))?;
        let (journal, folded) =
            Journal::open(&layout).map_err(|error| failure::run("open the journal", &error))?;
        let others = Mutex::new(Others::from(journal.end()));
        let place = Self {
            layout,
            repo,
            launcher,
            environment,
            user_config,
            variables,
            flags,
            trust,
            journal: Mutex::new(journal),
            memory: Mutex::new(folded.memory),
            scanner: Mutex::new(scanner),
            policy: Mutex::new(None),
            configuration: Mutex::new(None),
            trust_items: Mutex::new(Vec::new()),
            agreed_programs: Mutex::new(Vec::new()),
            unsettled: Mutex::new(BTreeMap::new()),
            others,
            sessions: Mutex::new(BTreeMap::new()),
        };
        Ok((lock, place))
    }

    /// Appends to the journal, synced, and remembers.
    pub(super) fn record(&self, record: Record) -> Result<(), Failure> {
        if let Record::Asked { gate, .. } = &record {
            answers::forestall(&self.layout, gate)
                .map_err(|error| failure::run("tidy up among the answers", &error))?;
        }
        let entry = held(&self.journal)
            .append_at(Timestamp::now(), record, Durability::Synced)
            .map_err(|error| failure::run("write the journal", &error))?;
        held(&self.memory).take(&entry.record);
        Ok(())
    }

    /// Appends to the journal, after what the record speaks of is on the disk.
    pub(super) fn record_durably(&self, record: Record) -> Result<(), Failure> {
        if let Record::RfcReady { milestone, .. } = &record {
            self.sync_rfc(milestone)?;
        }
        if let Record::Picked { milestone, .. } = &record {
            self.set_strange_snapshots_aside(milestone)?;
        }
        self.record(record)
    }

    /// Syncs a milestone's design: an answer to it must not outlive it.
    fn sync_rfc(&self, milestone: &MilestoneId) -> Result<(), Failure> {
        let plan = held(&self.scanner)
            .scan(&self.layout)
            .map_err(|error| failure::run("read the project", &error))?;
        let Some(found) = plan.find(milestone) else { return Ok(()) };
        super::commit::sync(&self.layout.milestone(&found.folder).join("rfc.md"))
    }

    pub(super) fn memory(&self) -> MutexGuard<'_, Memory> {
        held(&self.memory)
    }

    pub(super) fn journal(&self) -> MutexGuard<'_, Journal> {
        held(&self.journal)
    }

    /// The name of a rescue ref.
    pub(super) fn rescue(&self, milestone: &MilestoneId, work: &WorkId, attempt: u32, label: &str) -> String {
        rescue_name(&self.repo, milestone, work, attempt, label)
    }

    fn rescued(&self, milestone: &MilestoneId) -> String {
        rescued(&self.repo, milestone)
    }

    /// Gives snapshots another name that this work tree's journal knows nothing of: they tell what was here at another
    /// time, and would be believed.
    pub(super) fn set_strange_snapshots_aside(&self, milestone: &MilestoneId) -> Result<(), Failure> {
        let known = self.memory().recall(milestone);
        if known.picked.is_some() || !known.attempts.is_empty() {
            return Ok(());
        }
        snapshot::set_aside(&self.repo, &self.rescued(milestone))
            .map_err(|error| failure::run("set snapshots of another time aside", &error))
    }
}

/// Where everything of a milestone is saved. All work trees of a repository share their refs, and each may build it.
fn rescued(repo: &Repo, milestone: &MilestoneId) -> String {
    let tree = repo.linked_name().map(|name| format!("@{name}")).unwrap_or_default();
    format!("refs/orchestra/rescue/{milestone}{tree}")
}

fn rescue_name(repo: &Repo, milestone: &MilestoneId, work: &WorkId, attempt: u32, label: &str) -> String {
    format!("{}/{work}/{attempt}/{label}", rescued(repo, milestone))
}

/// The name of the ref that keeps what was not committed when an attempt at a work began.
pub fn snapshot_name(repo: &Repo, milestone: &MilestoneId, work: &WorkId, attempt: u32) -> String {
    rescue_name(repo, milestone, work, attempt, "before")
}
