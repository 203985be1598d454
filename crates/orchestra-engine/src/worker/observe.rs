//! Reading everything that a decision may depend on.

use std::collections::BTreeMap;

use orchestra_core::config::trust::{TrustItem, TrustKind, commands_of, hash_of};
use orchestra_core::diagnostic::Diagnostic;
use orchestra_core::document::plain::visible;
use orchestra_core::document::{self, MilestoneSource, SourceFile};
use orchestra_core::id::MilestoneId;
use orchestra_core::path::{ContentHash, RepoPath};
use orchestra_core::plan::{Milestone, MilestoneStatus, Plan};
use orchestra_core::repo::{History, Obstacle};
use orchestra_core::worker::{Fact, Failure, FailureKind, Memory, Policy, Run, Seen, State, Untrusted};
use orchestra_git::history::{Publication, history};
use orchestra_git::programs::named_programs;
use orchestra_git::{facts, standing, status};
use orchestra_project::config_files::Sources;
use orchestra_project::load::Loaded;
use orchestra_project::trust::Trust;

use super::place::{Place, held};
use crate::failure;

/// What a look at the documents gave.
pub(super) struct Scanned {
    plan: Plan,
    policy: Policy,
    untrusted: Option<Untrusted>,
}

impl Scanned {
    pub(super) fn differs_from(&self, state: &State) -> bool {
        let seen = &state.seen;
        seen.plan != self.plan || seen.policy != self.policy || seen.untrusted != self.untrusted
    }

    pub(super) fn into_fact(self) -> Fact {
        let Self { plan, policy, untrusted } = self;
        Fact::Scanned { plan: Box::new(plan), policy: Box::new(policy), untrusted }
    }
}

impl Place {
    /// Reads documents and configuration.
    pub(super) fn scan(&self, run: &Run) -> Result<Scanned, Failure> {
        // What wrote a document is on record before it is there.
        self.follow_others()?;
        let sources =
            Sources { user: self.user_config.as_deref(), environment: &self.variables, flags: &self.flags };
        let loaded = held(&self.scanner)
            .load(&self.layout, &sources)
            .map_err(|error| failure::run("read the project", &error))?;
        let Loaded { mut plan, config, trust } = loaded;
        plan.warnings.extend(config.warnings);
        let (policy, mut trust) = match config.result {
            Ok(resolved) => {
                let policy = Policy { config: resolved.config.clone(), run: run.clone() };
                *held(&self.configuration) = Some(resolved);
                (policy, trust)
            }
            Err(faults) => {
                let policy = self.last_policy(faults, &mut plan.warnings)?;
                // What it would run is run on, and is no less agreed to because of a slip of the pen.
                let trust = held(&self.configuration).as_ref().map_or(trust, |last| commands_of(last, &plan));
                (policy, trust)
            }
        };
        *held(&self.policy) = Some(policy.clone());
        let programs = self.git_programs()?;
        trust.extend(programs.iter().cloned());
        let untrusted = self.untrusted(&trust)?;
        if untrusted.is_none() {
            *held(&self.agreed_programs) = programs;
        }
        *held(&self.trust_items) = trust;
        Ok(Scanned { plan, policy, untrusted })
    }

    /// A configuration that can no longer be read does not count: the last good one goes on, and that is said.
    fn last_policy(
        &self,
        faults: Vec<Diagnostic>,
        warnings: &mut Vec<Diagnostic>,
    ) -> Result<Policy, Failure> {
        let Some(policy) = held(&self.policy).clone() else {
            let why: Vec<String> = faults.iter().map(ToString::to_string).collect();
            let hint = "`orchestra config` shows every value and where it comes from.".to_owned();
            let what = "use the configuration".to_owned();
            return Err(Failure { what, why: why.join("\n"), hint, kind: FailureKind::Run });
        };
        warnings.extend(faults);
        Ok(policy)
    }

    fn untrusted(&self, items: &[TrustItem]) -> Result<Option<Untrusted>, Failure> {
        if items.is_empty() {
            return Ok(None);
        }
        let trust =
            self.trust.look_up(items).map_err(|error| failure::run("look up what you trust", &error))?;
        let lines = || items.iter().map(ToString::to_string).collect();
        Ok(match trust {
            Trust::Given => None,
            Trust::Changed { .. } | Trust::Unknown => Some(Untrusted { of: hash_of(items), lines: lines() }),
        })
    }

    fn git_programs(&self) -> Result<Vec<TrustItem>, Failure> {
        let named =
            named_programs(&self.repo).map_err(|error| failure::run("read git's configuration", &error))?;
        Ok(named.iter().map(|one| TrustItem::of_git(&one.key, &one.value)).collect())
    }

    /// An error where git's configuration names a program that nobody agreed to. A turn, a hook or a command may have
    /// written it, and what comes next might run it.
    pub(super) fn still_agreed(&self) -> Result<(), Failure> {
        let now = self.git_programs()?;
        let agreed = held(&self.agreed_programs);
        let new: Vec<String> =
            now.iter().filter(|one| !agreed.contains(one)).map(|one| visible(&one.text)).collect();
        if new.is_empty() {
            return Ok(());
        }
        Err(Failure {
            what: "go on".to_owned(),
            why: format!("git's configuration names what you have not agreed to: {}", new.join(", ")),
            hint: "Look at `.git/config`; `orchestra trust` shows what is new and asks you.".to_owned(),
            kind: FailureKind::Run,
        })
    }

    /// Remembers that the person trusts what was read last, if that is what they were shown.
    pub(super) fn trust_now(&self, shown: ContentHash) -> Result<(), Failure> {
        let items = held(&self.trust_items).clone();
        if hash_of(&items) != shown {
            return Err(Failure {
                what: "go on".to_owned(),
                why: "what you were asked to trust has changed since it was shown".to_owned(),
                hint: "`orchestra trust` shows what it is now and asks you.".to_owned(),
                kind: FailureKind::Run,
            });
        }
        self.trust
            .remember(&items, jiff::Timestamp::now())
            .map_err(|error| failure::run("remember what you trust", &error))?;
        *held(&self.agreed_programs) = items.into_iter().filter(|item| item.kind == TrustKind::Git).collect();
        Ok(())
    }

    /// Reads everything: a start, a resume and the next milestone begin with it.
    pub(super) fn observe(&self, run: &Run) -> Result<Result<Box<Seen>, Obstacle>, Failure> {
        let Scanned { plan, policy, untrusted } = self.scan(run)?;
        let standing =
            standing::standing(&self.repo).map_err(|error| failure::run("look at the repository", &error))?;
        let head = match standing {
            Ok(head) => head,
            Err(obstacle) => return Ok(Err(obstacle)),
        };
        let memory = self.memory().clone();
        // All of it is in what is remembered.
        drop(self.take_untold());
        Ok(Ok(Box::new(Seen {
            head: Some(head),
            dirty: self.dirty()?,
            histories: self.histories(&plan, &memory, &policy)?,
            private: self.is_private()?,
            policy,
            plan,
            memory,
            untrusted,
        })))
    }

    fn dirty(&self) -> Result<Vec<RepoPath>, Failure> {
        let dirty =
            status::status(&self.repo).map_err(|error| failure::run("see what is changed", &error))?;
        let is_document = |path: &RepoPath| {
            path.is_beneath(b".orchestra/milestones") || path.is_beneath(b".orchestra/.state")
        };
        Ok(dirty.into_iter().map(|dirty| dirty.path).filter(|path| !is_document(path)).collect())
    }

    /// Whether git ignores the milestones' documents.
    pub(super) fn is_private(&self) -> Result<bool, Failure> {
        let path = RepoPath::parse(".orchestra/milestones/M1/milestone.md")
            .expect("a plain relative path lies inside the repository");
        facts::is_ignored(&self.repo, &path).map_err(|error| failure::run("see what git ignores", &error))
    }

    /// What history says of every milestone that was begun and may not be finished.
    fn histories(
        &self,
        plan: &Plan,
        memory: &Memory,
        policy: &Policy,
    ) -> Result<BTreeMap<MilestoneId, History>, Failure> {
        let mut histories = BTreeMap::new();
        for milestone in &plan.milestones {
            let known = memory.milestones.get(&milestone.id);
            let is_over = match milestone.status {
                // Without a trace of it in this checkout's journal it is as finished as its document says.
                MilestoneStatus::Done => {
                    known.is_none_or(|known| known.picked.is_none() || known.pushed.is_some())
                }
                MilestoneStatus::Dropped => true,
                MilestoneStatus::Planning
                | MilestoneStatus::InProgress
                | MilestoneStatus::Review
                | MilestoneStatus::Parked => false,
            };
            let base = milestone.cursor.as_ref().map(|cursor| cursor.base.clone());
            let base = base
                .or_else(|| known.and_then(|known| known.picked.as_ref()).map(|picked| picked.base.clone()));
            if let (false, Some(base)) = (is_over, base) {
                histories.insert(milestone.id.clone(), self.history(milestone, &base, policy)?);
            }
        }
        Ok(histories)
    }

    fn history(
        &self,
        milestone: &Milestone,
        base: &orchestra_core::repo::CommitId,
        policy: &Policy,
    ) -> Result<History, Failure> {
        let text = format!(".orchestra/milestones/{}/milestone.md", milestone.folder);
        let document = RepoPath::parse(text).map_err(|error| failure::run("name a document", &error))?;
        let branch = push_branch(policy, &milestone.id);
        let publication = Publication {
            remote: policy.config.push.remote.as_deref(),
            branch: branch.as_deref(),
            document: &document,
            says_done: &|bytes| says_done(&milestone.folder, bytes),
        };
        history(&self.repo, Some(base), &milestone.id, publication)
            .map_err(|error| failure::run("read the history", &error))
    }
}

/// The branch on the remote's side that the configuration names.
pub(super) fn push_branch(policy: &Policy, milestone: &MilestoneId) -> Option<String> {
    let branch = policy.config.push.branch.as_ref()?;
    Some(branch.replace("{milestone}", milestone.as_str()))
}

/// Whether a milestone's document says that it is done.
fn says_done(folder: &str, bytes: &[u8]) -> bool {
    let file = SourceFile { path: "milestone.md".to_owned(), bytes: bytes.to_vec() };
    let source = MilestoneSource {
        folder: folder.to_owned(),
        milestone: Some(file),
        context: None,
        phases: Vec::new(),
        rfc: None,
    };
    let read = document::parse_milestone(&source, &[]).result;
    read.is_ok_and(|read| read.milestone.status == MilestoneStatus::Done)
}
