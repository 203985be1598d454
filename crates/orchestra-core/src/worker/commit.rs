//! How a work becomes exactly one commit: prepare, swap, settle.

use super::effect::{CommitOrder, Effect, Tell};
use super::event::Unprepared;
use super::gates::APPROVED;
use super::state::{After, Progress, Work};
use super::{Machine, Note};
use crate::edit::{CompletedWork, DocEdit, PhaseResult};
use crate::id::WorkId;
use crate::message::{self, Fallback};
use crate::own_tool::on_record::MAX_ON_RECORD;
use crate::ownership::{Place, Room};
use crate::path::{ContentHash, RepoPath};
use crate::plan::{GateKind, MilestoneStatus, Phase, PhaseStatus, StageName};
use crate::record::{Answer, Record};
use crate::repo::{CommitId, TreeId};
use crate::report::{CommitProposal, Decision};

impl Machine {
    /// Orders the commit object. Nothing shared is touched by that.
    pub(super) fn prepare(&mut self, mut work: Work) {
        let (Some(active), Some(head)) = (self.state.active(), self.state.seen.head.clone()) else { return };
        let (milestone, is_first) = (active.id.clone(), active.done.is_empty());
        let message = self.message(&work);
        message.lines().next().unwrap_or_default().clone_into(&mut work.subject);
        work.edits = self.closing_edits(&work);
        self.act(Effect::Prepare(Box::new(CommitOrder {
            milestone,
            work: work.id.clone(),
            parent: head.commit,
            paths: work.inside.iter().map(|change| (change.path.clone(), change.content)).collect(),
            edits: work.edits.clone(),
            plan_too: is_first || matches!(work.id, WorkId::Close(_)),
            message,
            leave_out: work.leave_out.clone(),
            approved_rfc: work.approved,
            attempt: work.attempt,
        })));
        work.progress = Progress::Preparing;
        self.state.keep(work);
    }

    fn message(&self, work: &Work) -> String {
        let Some(milestone) = self.state.milestone() else { return String::new() };
        let title = self.title_of(&work.id);
        let proposal = work.report.commit.clone();
        let (proposal, fallback) = match &work.id {
            WorkId::Phase(_) => (proposal, Fallback { kind: "feat", scope: "", subject: &title }),
            WorkId::Fix { .. } => {
                let as_fix = |proposal: CommitProposal| CommitProposal { kind: "fix".to_owned(), ..proposal };
                let subject = "mend what the review found";
                (proposal.map(as_fix), Fallback { kind: "fix", scope: "", subject })
            }
            WorkId::Rfc => {
                let as_docs =
                    |proposal: CommitProposal| CommitProposal { kind: "docs".to_owned(), ..proposal };
                let subject = milestone.title.as_str();
                (proposal.map(as_docs), Fallback { kind: "docs", scope: "rfc", subject })
            }
            WorkId::Base | WorkId::Review(_) | WorkId::Diagnosis(_) | WorkId::Close(_) => {
                (None, Fallback { kind: "chore", scope: "orchestra", subject: "close the milestone" })
            }
        };
        let closing = format!("close {}", milestone.id);
        let fallback = match work.id {
            WorkId::Close(_) => Fallback { subject: &closing, ..fallback },
            _ => fallback,
        };
        message::compose(proposal.as_ref(), fallback)
    }

    /// What the documents say once the work is committed; it goes with the commit.
    fn closing_edits(&self, work: &Work) -> Vec<DocEdit> {
        let mut edits = Vec::new();
        let files: Vec<RepoPath> = work.inside.iter().map(|change| change.path.clone()).collect();
        let decisions = work.report.decisions.iter().map(|decision| decision.title.clone()).collect();
        edits.push(DocEdit::Completed(CompletedWork {
            work: work.id.clone(),
            role: work.role.clone(),
            title: self.title_of(&work.id),
            commit: work.subject.clone(),
            files: files.clone(),
            decisions,
            note: None,
        }));
        edits.push(DocEdit::Current(None));
        edits.extend(Self::said_in_passing(work));
        match &work.id {
            WorkId::Phase(phase) => {
                let (planned, beyond) = Self::planned_and_beyond(work, files);
                let result = PhaseResult {
                    summary: work.report.summary.clone(),
                    commit: work.subject.clone(),
                    files: planned,
                    also_changed: beyond,
                    decisions: work.report.decisions.clone(),
                    concerns: work.report.concerns.iter().chain(&work.concerns).cloned().collect(),
                    verified: work.green.clone(),
                    attempts: work.attempt,
                    usage: work.usage,
                };
                edits.push(DocEdit::PhaseResult { phase: phase.clone(), result });
                edits.push(DocEdit::PhaseStatus { phase: phase.clone(), status: PhaseStatus::Done });
            }
            WorkId::Rfc => edits.extend(self.design_phase_done()),
            WorkId::Close(_) => edits.extend(self.close_edits()),
            WorkId::Base | WorkId::Review(_) | WorkId::Fix { .. } | WorkId::Diagnosis(_) => {}
        }
        edits
    }

    /// A phase of the plan that is the design itself is done with it.
    fn design_phase_done(&self) -> Vec<DocEdit> {
        let Some(milestone) = self.state.milestone() else { return Vec::new() };
        let first = milestone.phases.first().filter(|phase| !super::next::is_built(milestone, &phase.id));
        let done =
            first.map(|phase| DocEdit::PhaseStatus { phase: phase.id.clone(), status: PhaseStatus::Done });
        done.into_iter().collect()
    }

    pub(super) fn close_edits(&self) -> Vec<DocEdit> {
        let Some(active) = self.state.active() else { return Vec::new() };
        let mut cursor = active.cursor.clone();
        cursor.stage = StageName::Done;
        let is_finished = self.is_finished_without_push();
        let word = if is_finished { super::gates::FINISHED } else { APPROVED };
        cursor.gates.retain(|(gate, _)| *gate != GateKind::Push);
        cursor.gates.extend(self.gate_answer(word, "push").map(|answer| (GateKind::Push, answer)));
        let usage = self.state.recalled().usage;
        let mut edits = self.unsaid();
        edits.extend([
            DocEdit::MilestoneStatus { status: MilestoneStatus::Done, reason: None },
            DocEdit::Cursor(cursor),
            DocEdit::Metrics(vec![
                (
                    "commits".to_owned(),
                    (active.done.len() + usize::from(!self.state.seen.private)).to_string(),
                ),
                ("tokens".to_owned(), usage.tokens().to_string()),
            ]),
        ]);
        edits
    }

    /// What is over by the ledger and does not say so yet. A phase that is the design or the review is skipped if there
    /// was nothing to review, or a person went on without it.
    fn unsaid(&self) -> Vec<DocEdit> {
        let Some(milestone) = self.state.milestone() else { return Vec::new() };
        let known = self.state.recalled();
        let is_open = |phase: &&Phase| !matches!(phase.status, PhaseStatus::Done | PhaseStatus::Skipped);
        let over = |phase: &Phase| {
            let took_place = if super::next::is_built(milestone, &phase.id) {
                true
            } else if phase.role.as_str() == crate::plan::REVIEWER {
                !known.reviews.is_empty()
            } else {
                known.rfc_ready.is_some()
            };
            let status = if took_place { PhaseStatus::Done } else { PhaseStatus::Skipped };
            DocEdit::PhaseStatus { phase: phase.id.clone(), status }
        };
        milestone.phases.iter().filter(is_open).map(over).collect()
    }

    pub(super) fn is_finished_without_push(&self) -> bool {
        self.state.recalled().answer("push", None).is_some_and(|answered| answered.answer == Answer::Finish)
    }

    fn planned_and_beyond(work: &Work, files: Vec<RepoPath>) -> (Vec<RepoPath>, Vec<RepoPath>) {
        if work.what.as_ref().is_none_or(|phase| phase.files.is_empty()) {
            return (files, Vec::new());
        }
        let room = Self::room_of(work).unwrap_or_else(|_| Room::closed());
        let beside: Vec<&RepoPath> = work.inside.iter().map(|change| &change.path).collect();
        files.into_iter().partition(|path| room.place(path, &beside) != Place::Beyond)
    }

    /// The commit object is complete: what hooks changed is held against the room, then the branch moves.
    pub(super) fn prepared(
        &mut self,
        mut work: Work,
        commit: CommitId,
        subject: String,
        changed_by_hooks: &[RepoPath],
        before_hooks: Option<TreeId>,
        documents: Vec<(RepoPath, ContentHash)>,
    ) {
        if work.progress != Progress::Preparing {
            self.state.keep(work);
            return self.late("a prepared commit");
        }
        let mut left_out = Vec::new();
        if !changed_by_hooks.is_empty() {
            left_out = Self::outside_of(&work, changed_by_hooks);
            let paths = changed_by_hooks.to_vec();
            self.note(Note::HooksChanged { paths, left_out: left_out.clone() });
        }
        if !left_out.is_empty() {
            if !work.leave_out.is_empty() {
                return self.fail(work, "a hook keeps changing files outside the role's room".to_owned());
            }
            work.leave_out = left_out;
            return self.prepare(work);
        }
        let Some(active) = self.state.active() else { return };
        let (milestone, branch) = (active.id.clone(), active.branch.clone());
        let Some(parent) = self.state.seen.head.as_ref().map(|head| head.commit.clone()) else { return };
        work.subject = subject;
        work.progress = Progress::Swapping { commit: commit.clone() };
        let id = work.id.clone();
        let decisions: Vec<Decision> =
            work.report.decisions.iter().take(2 * MAX_ON_RECORD).map(Decision::shortened).collect();
        self.state.keep(work);
        self.record(Record::Intended {
            milestone,
            work: id.clone(),
            commit: commit.clone(),
            before_hooks,
            documents,
            decisions,
        });
        self.act(Effect::Swap { work: id, branch, commit, parent });
    }

    /// Of what hooks changed, what the work did not change itself and may not.
    fn outside_of(work: &Work, changed_by_hooks: &[RepoPath]) -> Vec<RepoPath> {
        let room = Self::room_of(work).unwrap_or_else(|_| Room::closed());
        let is_known = |path: &RepoPath| work.inside.iter().any(|change| change.path == *path);
        let beside: Vec<&RepoPath> = changed_by_hooks.iter().collect();
        let is_outside = |path: &&RepoPath| !is_known(path) && room.place(path, &beside) == Place::Outside;
        changed_by_hooks.iter().filter(is_outside).cloned().collect()
    }

    pub(super) fn unprepared(&mut self, work: Work, why: Unprepared) {
        match why {
            Unprepared::Hook { hook, output } => {
                let mut reason = format!("the {hook} hook refused the commit");
                if let Some(last) = output.lines().rev().find(|line| !line.trim().is_empty()) {
                    reason = format!("{reason}: {}", last.trim());
                }
                if matches!(work.id, WorkId::Close(_)) || work.approved.is_some() {
                    return self.fail(work, reason);
                }
                self.repair(work, Tell::Hook { hook, output }, reason);
            }
            // It was changed after it was shown: it is shown again.
            Unprepared::Changed { .. } if work.approved.is_some() => self.look(),
            Unprepared::Changed { path } => self.changed_meanwhile(work, &path),
            Unprepared::Unusable { message, hint } => {
                self.state.keep(work);
                self.note(Note::Stopping { why: message, hint });
                self.leave(Some(1));
            }
        }
    }

    /// Somebody saved a file after it was verified: it is looked at and verified again, three times at most.
    fn changed_meanwhile(&mut self, mut work: Work, path: &RepoPath) {
        work.overtaken += 1;
        work.reverified = 0;
        if super::inspect::is_overtaken_too_often(&work) {
            work.overtaken = 0;
            let trouble = format!("{path} keeps changing while {} is being committed.", work.id);
            return self.ask_history(work, After::Turn, trouble, "Retry when it is quiet.".to_owned());
        }
        self.inspect(work, After::Turn);
    }

    /// The branch names the commit. Documents, index and disk follow.
    pub(super) fn swapped(&mut self, mut work: Work, commit: &CommitId) {
        let Some(active) = self.state.active_mut() else { return };
        active.done.push((work.id.clone(), commit.clone()));
        let milestone = active.id.clone();
        if let Some(head) = &mut self.state.seen.head {
            // The new tip's tree is not needed: only an untouched base is verified by its tree.
            head.commit = commit.clone();
        }
        self.state.tally.commits += 1;
        let edits = std::mem::take(&mut work.edits);
        if let Some(DocEdit::Cursor(cursor)) = edits.iter().find(|edit| matches!(edit, DocEdit::Cursor(_)))
            && let Some(active) = self.state.active_mut()
        {
            active.cursor = cursor.clone();
        }
        self.write(edits);
        self.act(Effect::Settle { milestone, work: work.id.clone(), commit: commit.clone() });
        work.progress = Progress::Settling;
        self.state.keep(work);
    }

    /// Somebody moved the branch first: the work is looked at again on the new head, three times at most.
    pub(super) fn not_swapped(&mut self, work: Work, branch: Option<String>) {
        let Some(active) = self.state.active() else { return };
        let begun = active.branch.clone();
        let after = if work.approved.is_some() { After::Approval } else { After::Turn };
        if branch.as_ref() != Some(&begun) {
            let now = branch.unwrap_or_else(|| "no branch".to_owned());
            let trouble = format!("{} was begun on branch {begun}, and {now} is checked out.", active.id);
            let hint = format!("Switch back (`git switch {begun}`), then retry.");
            return self.ask_history(work, after, trouble, hint);
        }
        if let WorkId::Close(_) = work.id {
            // What was shown at the gate is no longer all that would be published.
            return self.survey(None);
        }
        self.overtaken(work, after);
    }

    /// Somebody committed meanwhile: the work is looked at on the new head, three times at most.
    pub(super) fn overtaken(&mut self, mut work: Work, after: After) {
        work.overtaken += 1;
        if super::inspect::is_overtaken_too_often(&work) {
            let trouble = format!("Somebody keeps committing while {} is being committed.", work.id);
            work.overtaken = 0;
            return self.ask_history(work, after, trouble, "Retry when the branch is quiet.".to_owned());
        }
        self.inspect(work, after);
    }

    /// Index, documents and disk agree with the commit: only now it is said to be done.
    pub(super) fn settled(&mut self, work: &Work, notes: Vec<String>) {
        let Some(active) = self.state.active() else { return };
        let milestone = active.id.clone();
        let Some(commit) = active.commit_of(&work.id).cloned() else { return self.late("a settled commit") };
        self.record(Record::Committed { milestone, work: work.id.clone(), commit });
        self.state.pace.committed(work, self.state.at);
        for note in notes {
            self.note(Note::Remark { text: note });
        }
        self.note(Note::Committed {
            work: work.id.clone(),
            role: work.role.clone(),
            subject: work.subject.clone(),
            usage: work.usage,
        });
        if let WorkId::Close(_) = work.id { self.closed() } else { self.advance() }
    }
}
