//! A report as data: what the journal says, with what documents and commits know besides.

use std::collections::{BTreeMap, BTreeSet};

use orchestra_core::account::{Account, Accounts, Seconds, Spent};
use orchestra_core::id::{MilestoneId, RoleId, WorkId};
use orchestra_core::path::RepoPath;
use orchestra_core::plan::{MilestoneStatus, PhaseStatus, Plan};
use orchestra_core::repo::FileStat;
use orchestra_git::review_diff::show_commit_stat;
use orchestra_project::journal;
use orchestra_project::layout::Layout;
use orchestra_project::lock;
use serde::Serialize;

use crate::context::Context;
use crate::failure::Failure;

/// A report. Fields are only ever added, so that scripts go on working.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    /// The milestones, in the order of their numbers.
    pub(super) milestones: Vec<Milestone>,
    /// What all of them consumed, and what belongs to none that is known.
    pub(super) spent: Spent,
    /// Of that, what turns consumed whose begin the journal does not have.
    pub(super) stray: Spent,
    /// How often a worker began in this checkout.
    pub(super) runs: u32,
    /// How often one ended without a word.
    pub(super) kills: u32,
    /// Lines of the journal that could not be understood.
    pub(super) journal_skipped: u64,
}

/// What one milestone came to.
#[derive(Debug, Serialize)]
pub(super) struct Milestone {
    pub(super) id: MilestoneId,
    /// As its document says; nothing where there is none any more, or it cannot be read.
    pub(super) title: Option<String>,
    pub(super) status: Option<MilestoneStatus>,
    /// How many phases its plan has, and how many of them are done or skipped.
    pub(super) phases: u32,
    pub(super) phases_over: u32,
    /// From the first to the last thing that the journal has of it.
    pub(super) wall: Seconds,
    pub(super) attempts: u32,
    pub(super) spent: Spent,
    pub(super) roles: Vec<Role>,
    #[serde(flatten)]
    pub(super) account: Account,
    /// What its commits changed; only where one milestone is asked for.
    pub(super) files: Option<Files>,
}

/// What a role consumed.
#[derive(Debug, Serialize)]
pub(super) struct Role {
    /// Nothing where it is not known any more.
    pub(super) role: Option<RoleId>,
    #[serde(flatten)]
    pub(super) spent: Spent,
}

/// What commits changed.
#[derive(Debug, Default, Serialize)]
pub(super) struct Files {
    pub(super) changed: Vec<File>,
    /// Works whose commit is not in this repository any more.
    pub(super) missing: Vec<WorkId>,
}

/// What commits changed in one file, all lines together.
#[derive(Debug, Serialize)]
pub(super) struct File {
    pub(super) path: RepoPath,
    /// Nothing where a commit has it as binary.
    pub(super) added: Option<u32>,
    pub(super) removed: Option<u32>,
    pub(super) works: Vec<WorkId>,
}

/// What a report is made of.
pub(super) struct Reader {
    accounts: Accounts,
    plan: Plan,
    skipped: u64,
}

impl Reader {
    pub(super) fn read(context: &Context) -> Result<Self, Failure> {
        let layout = context.layout()?;
        let plan = context.load(&layout)?.plan;
        let (mut accounts, skipped) = accounts(&layout)?;
        // Where a worker runs, so do its turns.
        if lock::peek(&layout)?.is_none() {
            accounts.end_what_is_over();
        }
        accounts.name_roles(|milestone, work| {
            let phase = plan.find(milestone)?.find_phase(work.phase()?)?;
            Some(phase.role.clone())
        });
        Ok(Self { accounts, plan, skipped })
    }

    /// Every milestone of which anything is known.
    pub(super) fn known(&self) -> Vec<MilestoneId> {
        let planned = self.plan.milestones.iter().map(|milestone| &milestone.id);
        let all: BTreeSet<&MilestoneId> = planned.chain(self.accounts.milestones.keys()).collect();
        all.into_iter().cloned().collect()
    }

    /// Finds the milestone that a person means. One of which the documents are gone is in the journal.
    pub(super) fn resolve(&self, named: &MilestoneId) -> Option<MilestoneId> {
        if let Some(planned) = self.plan.resolve(named) {
            return Some(planned.id.clone());
        }
        let journalled = self.accounts.milestones.keys();
        if let Some(known) = journalled.clone().find(|id| *id == named) {
            return Some(known.clone());
        }
        let is_number = named.as_str().bytes().skip(1).all(|byte| byte.is_ascii_digit());
        let mut same = journalled.filter(|id| is_number && id.number() == named.number());
        match (same.next(), same.next()) {
            (Some(id), None) => Some(id.clone()),
            (Some(_) | None, _) => None,
        }
    }

    pub(super) fn of_all(&self) -> Report {
        let journalled: Vec<MilestoneId> = self.accounts.milestones.keys().cloned().collect();
        let milestones = journalled.iter().map(|id| self.milestone(id)).collect();
        self.report(milestones)
    }

    pub(super) fn of_one(&self, context: &Context, id: &MilestoneId) -> Report {
        let mut milestone = self.milestone(id);
        milestone.files = files(context, &milestone.account);
        self.report(vec![milestone])
    }

    fn report(&self, milestones: Vec<Milestone>) -> Report {
        let stray = self.accounts.stray;
        Report {
            spent: milestones.iter().fold(stray, |sum, milestone| sum.plus(milestone.spent)),
            milestones,
            stray,
            runs: self.accounts.runs,
            kills: self.accounts.kills,
            journal_skipped: self.skipped,
        }
    }

    fn milestone(&self, id: &MilestoneId) -> Milestone {
        let account = self.accounts.milestones.get(id).cloned().unwrap_or_default();
        let planned = self.plan.find(id);
        let phases = planned.map_or(&[][..], |milestone| milestone.phases.as_slice());
        let over =
            phases.iter().filter(|phase| matches!(phase.status, PhaseStatus::Done | PhaseStatus::Skipped));
        let roles = account.roles().into_iter().map(|(role, spent)| Role { role, spent });
        Milestone {
            id: id.clone(),
            title: planned.map(|milestone| milestone.title.clone()),
            status: planned.map(|milestone| milestone.status),
            phases: u32::try_from(phases.len()).unwrap_or(u32::MAX),
            phases_over: u32::try_from(over.count()).unwrap_or(u32::MAX),
            wall: account.wall(),
            attempts: account.attempts(),
            spent: account.spent(),
            roles: roles.filter(|role| role.spent.turns > 0).collect(),
            account,
            files: None,
        }
    }
}

/// Folds the journal, and counts the lines that could not be understood.
fn accounts(layout: &Layout) -> Result<(Accounts, u64), Failure> {
    let (mut accounts, mut skipped, mut offset) = (Accounts::default(), 0, 0);
    loop {
        let followed = journal::follow(layout, offset)?;
        if followed.restarted {
            (accounts, skipped) = (Accounts::default(), 0);
        }
        followed.entries.iter().for_each(|entry| accounts.take(entry));
        skipped += followed.skipped;
        offset = followed.offset;
        if !followed.has_more {
            return Ok((accounts, skipped));
        }
    }
}

/// What a milestone's commits changed; nothing where the repository cannot be read.
fn files(context: &Context, account: &Account) -> Option<Files> {
    let repo = context.open_repo(None).ok()?;
    let mut files = Files::default();
    let mut changed: BTreeMap<RepoPath, File> = BTreeMap::new();
    for (work, commit) in account.works.iter().filter_map(|work| Some((&work.work, work.commit.as_ref()?))) {
        let Ok(stats) = show_commit_stat(&repo, commit) else {
            files.missing.push(work.clone());
            continue;
        };
        for FileStat { path, added, removed } in stats {
            let file = changed.entry(path.clone()).or_insert_with(|| File {
                path,
                added: Some(0),
                removed: Some(0),
                works: Vec::new(),
            });
            let sum = |one: Option<u32>, two: Option<u32>| Some(one?.saturating_add(two?));
            (file.added, file.removed) = (sum(file.added, added), sum(file.removed, removed));
            file.works.push(work.clone());
        }
    }
    files.changed = changed.into_values().collect();
    Some(files)
}
