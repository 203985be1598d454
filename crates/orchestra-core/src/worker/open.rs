//! Taking up a milestone: is history what it was built on, is everything repaired that a crash left, is the base
//! green?

use super::question::Question;
use super::state::{Active, At, Stage};
use super::{Effect, Machine, Note, Recalled};
use crate::edit::{CompletedWork, DocEdit};
use crate::id::{MilestoneId, PhaseId, WorkId};
use crate::plan::{Cursor, Milestone, MilestoneStatus, PhaseStatus, StageName};
use crate::record::{Answer, Record};
use crate::repo::{Head, History, LedgerEntry};

impl Machine {
    pub(super) fn open(&mut self, id: &MilestoneId) {
        let found = (self.state.seen.plan.find(id).cloned(), self.state.seen.head.clone());
        let (Some(milestone), Some(head)) = found else { return self.look() };
        let known = self.state.seen.memory.recall(id);
        let history = self.state.seen.histories.get(id).cloned();
        let is_begun = history.is_some();
        let history =
            history.unwrap_or_else(|| History { descends: true, complete: true, ..History::default() });
        self.state.stage = Stage::Milestone(Box::new(active(&milestone, &head, &history, &known)));

        if is_begun && let Some(question) = trouble(&milestone, &head, &history, &known) {
            return match question.work().filter(|work| self.is_to_be_done_again(work, &question)) {
                Some(work) => self.do_again(work),
                None => self.ask(question),
            };
        }
        for work in &history.reverted {
            self.note(Note::Reverted { work: work.clone() });
        }
        if self.recovers(&milestone, &history, &known) {
            return self.look();
        }
        if !is_begun && self.asks_about_dirty(&milestone, &known) {
            return;
        }
        if self.state.said.replace(id.clone()).as_ref() != Some(id) {
            self.note(Note::Starting { milestone: id.clone(), resumed: is_begun });
        }
        self.begin_milestone(&milestone, &head, is_begun);
        if !self.verifies_base(&milestone, &history) {
            self.advance();
        }
    }

    /// Tells whether a person has said of a phase without a commit that it is to be done again.
    fn is_to_be_done_again(&self, work: &WorkId, question: &Question) -> bool {
        let known = self.state.recalled();
        known.answer("history", Some(work)).is_some_and(|answered| {
            matches!(answered.answer, Answer::Retry { .. }) && answered.of == question.hash()
        })
    }

    fn do_again(&mut self, work: WorkId) {
        if let WorkId::Phase(phase) = work {
            self.write(vec![DocEdit::PhaseStatus { phase, status: PhaseStatus::Pending }]);
        }
        self.look();
    }

    /// Repairs documents and index from commits that were made just before a crash; tells whether there were any.
    fn recovers(&mut self, milestone: &Milestone, history: &History, known: &Recalled) -> bool {
        let last = history.commits.last();
        let is_unfinished = |entry: &&LedgerEntry| {
            let is_cut_short = known.is_cut_short(entry);
            let is_unsaid = match &entry.work {
                WorkId::Phase(phase) => {
                    milestone.find_phase(phase).is_some_and(|phase| phase.status != PhaseStatus::Done)
                }
                WorkId::Close(_) => {
                    last == Some(*entry) && known.is_standing_close(Some(&entry.work)) && says_open(milestone)
                }
                WorkId::Base
                | WorkId::Rfc
                | WorkId::Review(_)
                | WorkId::Fix { .. }
                | WorkId::Diagnosis(_) => false,
            };
            is_cut_short || is_unsaid
        };
        let entries: Vec<&LedgerEntry> = history.commits.iter().filter(is_unfinished).collect();
        for entry in &entries {
            let (work, commit) = (entry.work.clone(), entry.commit.clone());
            let milestone = milestone.id.clone();
            self.note(Note::Recovered { work: work.clone() });
            self.act(Effect::Recover {
                milestone: milestone.clone(),
                work: work.clone(),
                commit: commit.clone(),
            });
            self.write(match &work {
                WorkId::Phase(phase) => {
                    vec![DocEdit::PhaseStatus { phase: phase.clone(), status: PhaseStatus::Done }]
                }
                WorkId::Close(_) => {
                    vec![DocEdit::MilestoneStatus { status: MilestoneStatus::Done, reason: None }]
                }
                WorkId::Base
                | WorkId::Rfc
                | WorkId::Review(_)
                | WorkId::Fix { .. }
                | WorkId::Diagnosis(_) => vec![],
            });
            self.record(Record::Committed { milestone, work, commit });
        }
        !entries.is_empty()
    }

    /// Asks about files that are changed already, before a milestone is begun; tells whether it did.
    fn asks_about_dirty(&mut self, milestone: &Milestone, known: &Recalled) -> bool {
        let paths = self.state.seen.dirty.clone();
        let question = Question::Dirty { milestone: milestone.id.clone(), phase: None, paths: paths.clone() };
        let is_kept = known
            .answer("dirty", None)
            .is_some_and(|answered| answered.answer == Answer::Keep && answered.of == question.hash());
        let asks = !paths.is_empty() && !is_kept;
        if asks {
            self.ask(question);
        }
        asks
    }

    /// Writes down that the milestone is being worked on; at the first time also where it begins, and what was done
    /// before.
    fn begin_milestone(&mut self, milestone: &Milestone, head: &Head, is_begun: bool) {
        let Some(active) = self.state.active() else { return };
        let cursor = active.cursor.clone();
        let mut edits = Vec::new();
        if !is_begun {
            let adopted: Vec<WorkId> = done_phases(milestone).map(WorkId::Phase).collect();
            let (base, tree, branch) = (head.commit.clone(), head.tree.clone(), head.branch.clone());
            self.record(Record::Picked { milestone: milestone.id.clone(), base, tree, branch });
            edits.push(DocEdit::Cursor(cursor));
            if !adopted.is_empty() {
                edits.extend(adopted.iter().map(|work| DocEdit::Completed(adopted_work(milestone, work))));
                self.record(Record::Adopted { milestone: milestone.id.clone(), works: adopted.clone() });
                self.note(Note::Adopted { works: adopted });
            }
        }
        let is_taken_up = matches!(milestone.status, MilestoneStatus::Planning | MilestoneStatus::Parked);
        if is_taken_up {
            edits.push(DocEdit::MilestoneStatus { status: MilestoneStatus::InProgress, reason: None });
        }
        self.write(edits);
    }
}

/// The milestone as disk, history and journal show it.
pub(super) fn active(milestone: &Milestone, head: &Head, history: &History, known: &Recalled) -> Active {
    let branch = known.picked.as_ref().map_or_else(|| head.branch.clone(), |picked| picked.branch.clone());
    let cursor = milestone.cursor.clone().unwrap_or_else(|| new_cursor(known, head));
    let done = history.commits.iter().map(|entry| (entry.work.clone(), entry.commit.clone())).collect();
    Active { id: milestone.id.clone(), branch, cursor, done, at: At::Opening }
}

fn new_cursor(known: &Recalled, head: &Head) -> Cursor {
    let base = known.picked.as_ref().map_or_else(|| head.commit.clone(), |picked| picked.base.clone());
    Cursor {
        stage: StageName::Rfc,
        work: None,
        attempt: 1,
        since: 1,
        baseline: 1,
        base,
        turn_base: None,
        fix_rounds: 0,
        gates: Vec::new(),
    }
}

fn says_open(milestone: &Milestone) -> bool {
    milestone.status != MilestoneStatus::Done
        && !milestone.phases.iter().any(|phase| {
            matches!(phase.status, PhaseStatus::Pending | PhaseStatus::InProgress | PhaseStatus::Failed)
        })
}

fn done_phases(milestone: &Milestone) -> impl Iterator<Item = PhaseId> {
    let done = milestone.phases.iter().filter(|phase| phase.status == PhaseStatus::Done);
    done.map(|phase| phase.id.clone())
}

fn adopted_work(milestone: &Milestone, work: &WorkId) -> CompletedWork {
    let phase = work.phase().and_then(|id| milestone.find_phase(id));
    CompletedWork {
        work: work.clone(),
        role: phase.map(|phase| phase.role.clone()),
        title: phase.map(|phase| phase.title.clone()).unwrap_or_default(),
        commit: String::new(),
        files: Vec::new(),
        decisions: Vec::new(),
        note: Some("done before Orchestra came".to_owned()),
    }
}

/// What is wrong with the branch or its history, as a question; the first that applies.
fn trouble(milestone: &Milestone, head: &Head, history: &History, known: &Recalled) -> Option<Question> {
    let id = &milestone.id;
    let question = |trouble: String, hint: String, claimed: Option<PhaseId>| {
        Some(Question::History { milestone: id.clone(), trouble, hint, claimed })
    };
    if let Some(picked) = &known.picked
        && picked.branch != head.branch
    {
        let (begun, now) = (&picked.branch, &head.branch);
        return question(
            format!("{id} was begun on branch {begun}, and {now} is checked out."),
            format!("Switch back (`git switch {begun}`), then retry."),
            None,
        );
    }
    if !history.complete {
        return question(
            format!("This clone is too shallow to tell what of {id} is done."),
            "Fetch the rest (`git fetch --unshallow`), then retry.".to_owned(),
            None,
        );
    }
    if !history.descends {
        let base = milestone.cursor.as_ref().map(|cursor| cursor.base.short().to_owned()).unwrap_or_default();
        return question(
            format!("The commit on which {id} was begun ({base}) is no longer below the branch's tip."),
            "Bring it back, or set `base` in the milestone's context.md to the commit it was moved onto, then retry."
                .to_owned(),
            None,
        );
    }
    let unknown = history
        .commits
        .iter()
        .find(|entry| entry.work.phase().is_some_and(|phase| milestone.find_phase(phase).is_none()));
    if let Some(entry) = unknown {
        return question(
            format!(
                "Commit {} is {} of {id}, which the plan does not have.",
                entry.commit.short(),
                entry.work
            ),
            "Bring the phase's file back, then retry.".to_owned(),
            None,
        );
    }
    let claimed = done_phases(milestone).find(|phase| {
        let work = WorkId::Phase(phase.clone());
        let has_commit = history.commits.iter().any(|entry| entry.work == work);
        !has_commit && !known.adopted.contains(&work) && super::next::is_built(milestone, phase)
    });
    claimed.and_then(|phase| {
        question(
            format!("{phase} of {id} says it is done, and the branch has no commit of it."),
            "Keep: you did it yourself. Retry: it is done again.".to_owned(),
            Some(phase),
        )
    })
}
