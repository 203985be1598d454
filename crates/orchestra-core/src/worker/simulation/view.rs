//! What is seen of the simulated world, and the documents that it begins with.

use std::sync::Arc;

use super::disk::{Author, Content};
use super::world::{World, folder, path, tree_of};
use crate::id::{MilestoneId, PhaseId, RoleId};
use crate::path::ContentHash;
use crate::plan::{Cursor, Format, Milestone, Phase, PhaseStatus, Plan, Role};
use crate::repo::{CommitId, Head, History, LedgerEntry};
use crate::worker::Seen;

impl World {
    pub(super) fn head(&self) -> Head {
        let commit = self.disk.head();
        Head { branch: self.disk.branch.clone(), tree: tree_of(&commit), commit }
    }

    pub(super) fn rfc(&self, milestone: &MilestoneId) -> Option<ContentHash> {
        self.disk.files.get(&path(&format!("{}/rfc.md", folder(milestone)))).map(Content::hash)
    }

    pub(super) fn context(&self, milestone: &MilestoneId) -> Option<Cursor> {
        match self.disk.files.get(&path(&format!("{}/context.md", folder(milestone)))) {
            Some(Content::Context(cursor)) => Some(Cursor::clone(cursor)),
            _ => None,
        }
    }

    pub(super) fn plan(&self) -> Plan {
        let mut milestones = Vec::new();
        for content in self.disk.files.values() {
            let Content::Milestone(milestone) = content else { continue };
            let mut milestone = Milestone::clone(milestone);
            let phases = path(&format!("{}/phases", folder(&milestone.id)));
            milestone.phases = self
                .disk
                .files
                .iter()
                .filter(|(path, _)| path.is_beneath(phases.as_bytes()))
                .filter_map(|(_, content)| match content {
                    Content::Phase(phase) => Some(Phase::clone(phase)),
                    Content::Text(_) | Content::Milestone(_) | Content::Context(_) => None,
                })
                .collect();
            milestone.phases.sort_by_key(|phase| (phase.order, phase.id.clone()));
            milestone.cursor = self.context(&milestone.id);
            milestone.rfc_document = self.rfc(&milestone.id);
            milestones.push(Arc::new(milestone));
        }
        Plan { milestones, roles: roles(), set_aside: Vec::new(), warnings: Vec::new() }
    }

    pub(super) fn observe(&mut self) -> Seen {
        let plan = self.plan();
        let memory = self.memory.clone();
        let histories = plan
            .milestones
            .iter()
            .filter_map(|milestone| {
                let base = milestone.cursor.as_ref().map(|cursor| cursor.base.clone());
                let base = base.or_else(|| memory.recall(&milestone.id).picked.map(|picked| picked.base))?;
                Some((milestone.id.clone(), self.history(milestone, &base)))
            })
            .collect();
        let dirty = self.disk.dirty().into_keys().filter(|path| !path.is_beneath(b".orchestra")).collect();
        Seen {
            policy: super::person::policy(&self.schedule),
            head: Some(self.head()),
            dirty,
            histories,
            memory,
            untrusted: None,
            private: self.schedule.private,
            plan,
        }
    }

    pub(super) fn history(&self, milestone: &Milestone, base: &CommitId) -> History {
        let descends = self.disk.below(&self.disk.head()).contains(base);
        let commits = self.disk.since(base).into_iter().filter_map(|id| {
            let commit = &self.disk.commits[&id];
            let (of, work) = commit.of.clone()?;
            (of == milestone.id && commit.author != Author::Agent).then(|| LedgerEntry {
                work,
                commit: id,
                subject: String::new(),
            })
        });
        let status = path(&format!("{}/milestone.md", folder(&milestone.id)));
        let is_done = |tip: &CommitId| {
            matches!(self.disk.commits[tip].tree.get(&status),
                Some(Content::Milestone(found)) if found.status == crate::plan::MilestoneStatus::Done)
        };
        History {
            commits: commits.collect(),
            reverted: Vec::new(),
            descends,
            complete: true,
            published: self.disk.tracking.get(&self.disk.branch).is_some_and(is_done),
        }
    }
}

pub(super) fn milestone(id: &MilestoneId, after: &[MilestoneId], rfc: bool, hold: bool) -> Milestone {
    use crate::plan::{GateKind, MilestoneStatus, Priority, RfcNeed};
    Milestone {
        id: id.clone(),
        folder: id.to_string(),
        title: "a title".to_owned(),
        status: MilestoneStatus::Planning,
        reason: None,
        priority: Priority::P1,
        depends_on: after.to_vec(),
        rfc: if rfc { RfcNeed::Required } else { RfcNeed::Skip },
        hold: if hold { vec![GateKind::Push] } else { Vec::new() },
        created: None,
        phases: Vec::new(),
        cursor: None,
        rfc_document: None,
        format: Format::Current,
    }
}

pub(super) fn phase(number: u64, role: &str) -> Phase {
    let id = |number: u64| PhaseId::parse(&format!("phase-{number}")).unwrap();
    Phase {
        id: id(number),
        role: RoleId::parse(role).unwrap(),
        title: format!("phase {number}"),
        status: PhaseStatus::Pending,
        order: crate::plan::Order(i64::try_from(number).unwrap() * 1_000_000),
        depends_on: if number > 1 { vec![id(number - 1)] } else { Vec::new() },
        files: Vec::new(),
        files_strict: false,
        verify: None,
        complexity: crate::plan::Complexity::Standard,
        may_be_empty: false,
        feedback: None,
    }
}

fn roles() -> Vec<Role> {
    let role = |id: &str, writes: &[&str]| Role {
        id: RoleId::parse(id).unwrap(),
        alias: None,
        icon: None,
        writes: writes.iter().map(|glob| (*glob).to_owned()).collect(),
        agent: None,
        model: None,
        keywords: Vec::new(),
        prompt: String::new(),
    };
    vec![
        role("architect", &[".orchestra/milestones/*/rfc.md"]),
        role("backend-engineer", &["src/**"]),
        role("frontend-engineer", &["web/**"]),
        role("code-reviewer", &[]),
    ]
}
