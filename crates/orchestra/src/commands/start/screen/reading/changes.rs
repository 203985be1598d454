//! What works have changed: their commits, and the work tree while an agent runs.

use std::time::Duration;

use orchestra_core::id::{MilestoneId, WorkId};
use orchestra_core::repo::CommitId;
use orchestra_core::words::counted;
use orchestra_core::worker::{State, Work};
use orchestra_engine::worker::snapshot_name;
use orchestra_git::review_diff::review_diff;
use orchestra_git::tree_diff::{Bounds, tree_diff};
use orchestra_tui::Reading;

use super::{PATCH, Place};

/// How much of the work tree is shown.
const BOUNDS: Bounds = Bounds { patch: PATCH, file: 1024 * 1024, time: Duration::from_secs(5) };

impl Place {
    /// What a work has changed, or all works of a milestone: the commits, then what is not committed of what runs.
    pub(super) fn changes(&self, state: &State, milestone: &MilestoneId, work: Option<&WorkId>) -> Reading {
        let active = state.active().filter(|active| active.id == *milestone);
        let of_active = active.into_iter().flat_map(|active| active.done.iter());
        let of_active = of_active.map(|(work, commit)| (work.clone(), commit.clone()));
        let history = state.seen.histories.get(milestone).into_iter().flat_map(|history| &history.commits);
        let before = history.map(|entry| (entry.work.clone(), entry.commit.clone()));
        let mut commits: Vec<CommitId> = Vec::new();
        for (of, commit) in before.chain(of_active) {
            if work.is_none_or(|work| *work == of) && !commits.contains(&commit) {
                commits.push(commit);
            }
        }
        let running = active.into_iter().flat_map(|_| state.works());
        let running = running.into_iter().find(|running| work.is_none_or(|work| *work == running.id));
        if commits.is_empty() {
            let head = match (running, work) {
                (Some(_), _) => "",
                (None, Some(work)) => &format!("There is no commit of {work}, and it does not run.\n"),
                (None, None) => &format!("There is no commit of {milestone}, and nothing of it runs.\n"),
            };
            return self.uncommitted(milestone, running, head);
        }
        let committed = match review_diff(&self.repo, &commits, PATCH) {
            Ok(patch) => patch,
            Err(error) => return Reading::Nothing(error.to_string()),
        };
        match running.map(|running| self.uncommitted(milestone, Some(running), "Not committed yet.\n")) {
            Some(Reading::Patch(more) | Reading::Nothing(more)) => {
                Reading::Patch(format!("{committed}\n{more}\n"))
            }
            Some(_) | None => Reading::Patch(committed),
        }
    }

    /// The work tree as it is now, by whomever it was changed, with what it is compared with.
    fn uncommitted(&self, milestone: &MilestoneId, running: Option<&Work>, head: &str) -> Reading {
        let snapshot = running.map(|work| snapshot_name(&self.repo, milestone, &work.id, work.baseline));
        let found = match tree_diff(&self.repo, snapshot.as_deref(), BOUNDS) {
            Ok(found) => found,
            Err(error) => return Reading::Nothing(error.to_string()),
        };
        let than = match running.filter(|_| found.has_snapshot) {
            Some(work) => {
                format!("what was there when attempt {} of {} began", work.baseline, work.id)
            }
            None => format!("the last commit, {}", found.head.short()),
        };
        let what = match found.file_count {
            0 => return Reading::Nothing(format!("{head}The work tree is as {than} has it.")),
            count => counted(count, "file"),
        };
        let head = format!("{head}The work tree beside {than}: {what}, by whomever.");
        Reading::Patch(format!("{head}\n\n{}", found.patch))
    }
}
