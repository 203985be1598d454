//! The design's gate, and who owns what at both gates.

use super::effect::Tell;
use super::next::Next;
use super::question::Question;
use super::state::{After, At, Work};
use super::{Machine, Note};
use crate::edit::DocEdit;
use crate::id::{RoleId, WorkId};
use crate::ownership::{Place, Room};
use crate::path::{ContentHash, RepoPath};
use crate::plan::{GateAnswer, GateKind, Milestone, MilestoneStatus, PhaseStatus, Role, StageName};
use crate::record::{Answer, Record};
use crate::repo::{Change, ChangeKind};
use crate::report::Finding;

/// How often a design may be sent back.
const REVISIONS: u32 = 3;

/// How documents spell the answers.
pub(super) const APPROVED: &str = "approved";
/// Closed without a push.
pub(super) const FINISHED: &str = "finished";

impl Machine {
    /// The architect's turn is over and everything in the tree is theirs to write.
    pub(super) fn rfc_written(&mut self, work: Work) {
        let Some(milestone) = self.state.milestone().cloned() else { return };
        let Some(of) = milestone.rfc_document else {
            return self.repair(work, Tell::NoRfc, "it wrote no rfc.md".to_owned());
        };
        let concerns = work.report.concerns.clone();
        let id = milestone.id.clone();
        self.record(Record::RfcReady { milestone: id, of, concerns: concerns.clone() });
        if let Some(role) = work.role.clone() {
            self.note(Note::RfcReady { role, concerns });
        }
        self.show_gate(Self::said_in_passing(&work));
        self.advance();
    }

    pub(super) fn ask_rfc(&mut self) {
        let Some(milestone) = self.state.milestone().cloned() else { return };
        let Some(document) = milestone.rfc_document else { return self.look() };
        let known = self.state.recalled();
        if self.state.active().is_some_and(|active| active.cursor.stage != StageName::RfcGate) {
            // A crash came between the record that it is ready and showing it.
            let concerns = known.rfc_ready.iter().flatten();
            let concerns: Vec<String> =
                concerns.map(|concern| format!("{}: {concern}", WorkId::Rfc)).collect();
            let is_silent = concerns.is_empty();
            self.show_gate(if is_silent { Vec::new() } else { vec![DocEdit::Concerns(concerns)] });
        }
        self.go_to(At::RfcGate);
        self.ask(Question::Rfc {
            milestone: milestone.id.clone(),
            document,
            concerns: known.rfc_ready.clone().unwrap_or_default(),
            skipped: skipped(&milestone, &known),
            may_revise: known.rfc_revisions < REVISIONS,
        });
    }

    /// Shows in `context.md` that the design waits, with what else is to be said there.
    fn show_gate(&mut self, mut edits: Vec<DocEdit>) {
        edits.push(DocEdit::Current(Some("rfc: waits for its answer".to_owned())));
        self.write_with_cursor(edits, |cursor| cursor.stage = StageName::RfcGate);
    }

    pub(super) fn rfc_answered(&mut self, document: ContentHash, answer: &Answer) {
        if *answer == Answer::Approve
            && self.state.milestone().is_some_and(|milestone| milestone.rfc_document == Some(document))
        {
            self.show_approval(document);
        }
        // What the answer means is read from the record, as it would be after a crash.
        self.advance();
    }

    /// Shows the approval of the design in `context.md`, where it is not shown yet. Only the journal's record counts.
    fn show_approval(&mut self, document: ContentHash) {
        let is_shown = |(gate, answer): &(GateKind, GateAnswer)| {
            *gate == GateKind::Rfc && answer.answer == APPROVED && answer.of == document
        };
        if self.state.active().is_some_and(|active| active.cursor.gates.iter().any(is_shown)) {
            return;
        }
        if let Some(answer) = self.gate_answer(APPROVED, "rfc") {
            self.write_with_cursor(Vec::new(), |cursor| {
                cursor.gates.retain(|(gate, _)| *gate != GateKind::Rfc);
                cursor.gates.push((GateKind::Rfc, answer));
            });
        }
    }

    pub(super) fn gate_answer(&self, word: &str, question: &str) -> Option<GateAnswer> {
        let known = self.state.recalled();
        let answered = known.answer(question, None)?;
        Some(GateAnswer { answer: word.to_owned(), by: answered.by, at: self.state.at, of: answered.of })
    }

    /// Documents were changed while a gate is open: the design that was shown is no longer what is there, or the gate is
    /// no longer what comes next.
    pub(super) fn plan_changed_at_gate(&mut self) {
        let at = self.state.active().map(|active| active.at.clone());
        let status = self.state.milestone().map(|milestone| milestone.status);
        let is_taken_away = matches!(status, Some(MilestoneStatus::Dropped | MilestoneStatus::Parked));
        let is_next = match at {
            Some(At::RfcGate) => matches!(self.next(), Next::RfcGate),
            Some(At::PushGate) => matches!(self.next(), Next::Push),
            _ => return,
        };
        if is_taken_away || !is_next {
            return self.look();
        }
        let is_at_gate = matches!(self.state.active().map(|active| &active.at), Some(At::RfcGate));
        let shown = self.state.open.as_ref().map(|asked| asked.of);
        let now = self.state.milestone().and_then(|milestone| milestone.rfc_document);
        if is_at_gate && shown.is_some() && shown != now {
            self.close_question();
            self.ask_rfc();
        }
    }

    /// The design was approved as this: it is committed if it is still this.
    pub(super) fn commit_rfc(&mut self, of: ContentHash) {
        // A crash may have come between the answer and showing it.
        self.show_approval(of);
        let role = self.role_of(&WorkId::Rfc);
        let (Some(active), Some(head)) = (self.state.active(), self.state.seen.head.clone()) else { return };
        let cursor = active.cursor.clone();
        let mut work = self.work_of(WorkId::Rfc, role, cursor.turn_base.unwrap_or(head.commit));
        (work.attempt, work.since, work.baseline) = (cursor.attempt, cursor.since, cursor.baseline);
        work.approved = Some(of);
        if self.has_snapshot(&work) {
            return self.inspect(work, After::Approval);
        }
        // The turn's changes were put back, and there is no snapshot to tell others by: what a person brought back and
        // approved is committed, and nothing else.
        if let Some(path) = self.design_path() {
            let (kind, content) = (ChangeKind::Modified, Some(of));
            work.inside = vec![Change { path, kind, dirty_before: false, unfit: None, content }];
        }
        self.prepare(work);
    }

    fn design_path(&self) -> Option<RepoPath> {
        let folder = &self.state.milestone()?.folder;
        RepoPath::parse(format!(".orchestra/milestones/{folder}/rfc.md")).ok()
    }

    pub(super) fn commit_approved(&mut self, work: Work) {
        let now = self.state.milestone().and_then(|milestone| milestone.rfc_document);
        if now == work.approved {
            return self.prepare(work);
        }
        self.advance();
    }
}

/// Works of a milestone that a person skipped.
pub(super) fn skipped(milestone: &Milestone, known: &super::Recalled) -> Vec<WorkId> {
    let phases = milestone.phases.iter().filter(|phase| phase.status == PhaseStatus::Skipped);
    let phases = phases.map(|phase| WorkId::Phase(phase.id.clone()));
    let mut skipped: Vec<WorkId> = phases.chain(known.skipped.iter().cloned()).collect();
    skipped.sort();
    skipped.dedup();
    skipped
}

/// The role that should mend a finding: the one that owns its file, of the milestone's own roles first. Where it names
/// no file, the role that the reviewer named.
pub(super) fn owner_of(finding: &Finding, roles: &[Role], milestone: &Milestone) -> Option<RoleId> {
    let owner = owner_of_path(&finding.file, roles, milestone, finding.role.as_ref());
    let is_named = || finding.role.clone().filter(|role| roles.iter().any(|known| known.id == *role));
    if finding.file.trim().is_empty() { is_named() } else { owner }
}

/// The role that owns a path: the named one if it does, else the first of the milestone's roles, else the first.
pub(super) fn owner_of_path(
    path: &str,
    roles: &[Role],
    milestone: &Milestone,
    named: Option<&RoleId>,
) -> Option<RoleId> {
    let path = RepoPath::parse(path.trim().trim_start_matches("./")).ok()?;
    let rank = |role: &&Role| {
        let is_at_work = || milestone.phases.iter().any(|phase| phase.role == role.id);
        if Some(&role.id) == named { 0 } else { 2 - u8::from(is_at_work()) }
    };
    let mut asked: Vec<&Role> = roles.iter().collect();
    asked.sort_by_key(rank);
    let owns = |role: &&Role| Room::of(role, None).is_ok_and(|room| room.place(&path, &[]) != Place::Outside);
    asked.into_iter().find(owns).map(|role| role.id.clone())
}
