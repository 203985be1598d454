//! What must hold when a run is over.

use std::sync::Arc;

use super::super::disk::{Author, Content};
use super::super::world::World;
use super::{Precious, is_document};
use crate::id::{MilestoneId, WorkId};
use crate::plan::{Milestone, MilestoneStatus, Phase, PhaseStatus};

/// A milestone that is done has no phase that waits for anything.
fn says_all_over(milestone: &Milestone) -> Result<(), String> {
    let is_over = |phase: &&Phase| matches!(phase.status, PhaseStatus::Done | PhaseStatus::Skipped);
    match milestone.phases.iter().find(|phase| !is_over(phase)) {
        Some(open) => Err(format!("{} is done and {} is {}", milestone.id, open.id, open.status)),
        None => Ok(()),
    }
}

impl World {
    /// What must hold when it is over.
    pub(in super::super) fn judge_end(&self, code: Option<u8>) -> Result<(), String> {
        if self.running.is_some() {
            return Err("an agent is left behind".to_owned());
        }
        for precious in &self.oracle.precious {
            let is_held = match precious {
                Precious::Text(number) => self.disk.holds(&Content::Text(*number)),
                Precious::Title(title) => self.holds_title(title),
            };
            if !is_held {
                return Err(format!("lost: {precious:?}"));
            }
        }
        self.oracle.words.judge_end(&self.memory)?;
        let plan = self.plan();
        // What an agent may have written is not judged until it has been looked at.
        let is_said_done = |milestone: &&Arc<Milestone>| {
            milestone.status == MilestoneStatus::Done && self.memory.recall(&milestone.id).unchecked.is_none()
        };
        for milestone in plan.milestones.iter().filter(is_said_done) {
            says_all_over(milestone)?;
            let is_built = |phase: &&Phase| self.schedule.wants_stage(phase).is_none();
            for phase in milestone.phases.iter().filter(is_built) {
                let of = Some((milestone.id.clone(), WorkId::Phase(phase.id.clone())));
                let commits = self.disk.below(&self.disk.branches[&self.branch_of(&milestone.id)]);
                let count = commits.iter().filter(|id| self.disk.commits[*id].of == of).count();
                let is_adopted = || {
                    let work = WorkId::Phase(phase.id.clone());
                    self.memory.recall(&milestone.id).adopted.contains(&work)
                };
                let expected = usize::from(phase.status != PhaseStatus::Skipped);
                if count != expected && !(count == 0 && is_adopted()) {
                    return Err(format!(
                        "{} {} has {count} commits and is {}",
                        milestone.id, phase.id, phase.status
                    ));
                }
            }
        }
        let is_all_done = !plan.milestones.is_empty()
            && plan.milestones.iter().all(|milestone| self.branch_of(&milestone.id) == self.disk.branch)
            && plan.milestones.iter().all(|milestone| milestone.status == MilestoneStatus::Done);
        if code == Some(0) && is_all_done {
            for (path, content) in self.disk.dirty() {
                if let Some(Content::Text(number)) = content
                    && self.authors.get(&number) == Some(&Author::Agent)
                    && !(self.schedule.private && is_document(&path))
                {
                    return Err(format!("left behind in the tree: {path}"));
                }
                let is_edited = self.disk.files.get(&path).is_some_and(
                    |content| matches!(content, Content::Phase(phase) if phase.title.starts_with("edited")),
                );
                let is_rfc = path.file_name() == b"rfc.md";
                let is_role = path.is_beneath(b".orchestra/roles");
                if is_document(&path) && !self.schedule.private && !is_edited && !is_rfc && !is_role {
                    return Err(format!("a document is not committed: {path}"));
                }
            }
        }
        Ok(())
    }

    /// The branch on which a milestone is built.
    pub(in super::super) fn branch_of(&self, milestone: &MilestoneId) -> String {
        let picked = self.memory.recall(milestone).picked;
        picked.map_or_else(|| self.disk.branch.clone(), |picked| picked.branch)
    }

    fn holds_title(&self, title: &str) -> bool {
        let has = |content: &Content| matches!(content, Content::Phase(phase) if phase.title == *title);
        self.disk.files.values().any(has)
            || self.disk.rescue.values().any(|saved| saved.files.values().flatten().any(has))
            || self
                .disk
                .branches
                .values()
                .any(|tip| self.disk.below(tip).iter().any(|id| self.disk.commits[id].tree.values().any(has)))
    }
}
