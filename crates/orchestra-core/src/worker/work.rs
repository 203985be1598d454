//! Beginning a work: which attempt it is, what is written before, and the snapshot.

use super::effect::Tell;
use super::question::Question;
use super::state::{Pending, Progress, Work};
use super::{Effect, Machine};
use crate::edit::DocEdit;
use crate::id::{RoleId, WorkId};
use crate::own_tool::on_record::OnRecord;
use crate::ownership::{Globs, Room};
use crate::path::RepoPath;
use crate::plan::{ARCHITECT, MilestoneStatus, Phase, PhaseStatus, REVIEWER, StageName};
use crate::record::Answer;
use crate::repo::CommitId;
use crate::report::{Report, Usage};

impl Machine {
    /// Begins a work, or goes on with it where a run was cut short.
    pub(super) fn begin(&mut self, id: WorkId, standing: Vec<Tell>) {
        let role = self.role_of(&id);
        let is_role_missing = role.as_ref().is_none_or(|role| self.state.seen.plan.find_role(role).is_none());
        let needs_role = !matches!(id, WorkId::Base | WorkId::Close(_));
        let Some(mut work) = self.new_work(id, role) else { return };
        work.standing = standing;
        self.recall_what_was_said(&mut work);
        if needs_role && is_role_missing {
            let name = work.role.as_ref().map_or_else(|| ARCHITECT.to_owned(), ToString::to_string);
            return self.failed(work, format!("there is no role `{name}` in .orchestra/roles"));
        }
        if let Err(reason) = Self::room_of(&work) {
            return self.failed(work, reason);
        }
        self.state.pace.begins(&work, self.state.at);
        if work.tell.contains(&Tell::CutShort) {
            self.save_found(&work);
        }
        self.begin_attempt(work);
    }

    /// The work with its numbers: where the cursor is at it already the series goes on, unless it had come to its end.
    pub(super) fn new_work(&self, id: WorkId, role: Option<RoleId>) -> Option<Work> {
        let (cursor, known) = (self.state.active()?.cursor.clone(), self.state.recalled());
        let head = self.state.seen.head.as_ref()?;
        let is_resumed = cursor.work.as_ref() == Some(&id) && cursor.turn_base.is_some();
        let last =
            known.attempts.get(&id).copied().unwrap_or(0).max(if is_resumed { cursor.attempt } else { 0 });
        let is_over = known.failed.contains_key(&id)
            || match &id {
                WorkId::Phase(phase) => {
                    let phase = self.state.milestone().and_then(|milestone| milestone.find_phase(phase));
                    phase.is_some_and(|phase| phase.status == PhaseStatus::Failed)
                }
                WorkId::Rfc => known.rfc_ready.is_some(),
                WorkId::Base
                | WorkId::Review(_)
                | WorkId::Fix { .. }
                | WorkId::Diagnosis(_)
                | WorkId::Close(_) => false,
            };
        let was_put_back = cursor.baseline > cursor.attempt;
        // Nothing ran while it was blocked, and since then a person has changed what was saved for it.
        let was_blocked = !known.had_turn_since(&id, cursor.attempt)
            && known
                .answer("dirty", Some(&id))
                .is_some_and(|answered| matches!(answered.answer, Answer::Retry { .. }));
        let cut_short = is_resumed && !is_over && !was_put_back && !was_blocked;
        let (attempt, since, baseline) = if cut_short {
            (cursor.attempt, cursor.since, cursor.baseline)
        } else {
            // What an earlier attempt left in the tree is told by its snapshot, also where the cursor was lost.
            (last + 1, last + 1, known.baselines.get(&id).copied().unwrap_or(last + 1))
        };
        let turn_base = cursor.turn_base.filter(|_| cut_short).unwrap_or_else(|| head.commit.clone());
        let mut work = self.work_of(id, role, turn_base);
        (work.attempt, work.since, work.baseline) = (attempt, since, baseline);
        // It was looked at when it failed, and no turn has begun since.
        work.settled = known.failed.contains_key(&work.id);
        let why_it_failed = known.failed.get(&work.id).cloned().map(Tell::Failed);
        work.tell = if cut_short { vec![Tell::CutShort] } else { why_it_failed.into_iter().collect() };
        Some(work)
    }

    pub(super) fn save_found(&mut self, work: &Work) {
        let Some(milestone) = self.state.active().map(|active| active.id.clone()) else { return };
        let (attempt, baseline) = (work.attempt, work.baseline);
        self.act(Effect::SaveFound { milestone, work: work.id.clone(), attempt, baseline });
    }

    /// Writes down that an attempt begins, then saves what is dirty.
    pub(super) fn begin_attempt(&mut self, work: Work) {
        let (stage, status) = stage_of(&work.id);
        let mut edits = Vec::new();
        if let Some(status) = status
            && self.state.milestone().is_some_and(|milestone| milestone.status != status)
        {
            edits.push(DocEdit::MilestoneStatus { status, reason: None });
        }
        if let WorkId::Phase(phase) = &work.id {
            edits.push(DocEdit::PhaseStatus { phase: phase.clone(), status: PhaseStatus::InProgress });
        }
        let title = self.title_of(&work.id);
        let who = work.role.as_ref().map(|role| format!(" ({})", self.alias_of(role))).unwrap_or_default();
        edits.push(DocEdit::Current(Some(format!("{}{who}: {title}, in progress", work.id))));
        self.write_with_cursor(edits, |cursor| {
            cursor.stage = stage;
            cursor.work = Some(work.id.clone());
            (cursor.attempt, cursor.since, cursor.baseline) = (work.attempt, work.since, work.baseline);
            cursor.turn_base = Some(work.turn_base.clone());
            if let WorkId::Fix { round, .. } = &work.id {
                cursor.fix_rounds = cursor.fix_rounds.max(*round);
            }
        });
        let limit = self.state.seen.policy.config.limits.snapshot;
        self.snapshot(work, Some(limit));
    }

    pub(super) fn snapshot(&mut self, mut work: Work, limit: Option<u64>) {
        let Some(milestone) = self.state.active().map(|active| active.id.clone()) else { return };
        self.act(Effect::Snapshot { milestone, work: work.id.clone(), attempt: work.attempt, limit });
        work.progress = Progress::Snapshotting;
        self.state.keep(work);
    }

    pub(super) fn too_large(&mut self, mut work: Work, bytes: u64) {
        let Some(milestone) = self.state.active().map(|active| active.id.clone()) else { return };
        let question = Question::TooLarge { milestone, work: work.id.clone(), bytes };
        let of = question.hash();
        let known = self.state.recalled();
        let is_allowed = known.answers.iter().any(|((name, _), answered)| {
            name == question.name() && answered.of == of && answered.answer == Answer::Approve
        });
        if is_allowed {
            return self.snapshot(work, None);
        }
        work.progress = Progress::Asking(Pending::TooLarge);
        self.state.keep(work);
        self.ask(question);
    }

    /// What was dirty is safe: the agent may begin.
    pub(super) fn snapshotted(&mut self, mut work: Work, dirty: &[RepoPath]) {
        if work.id == WorkId::Base {
            return self.verify_base(work);
        }
        let paths = Self::planned_of(&work, dirty);
        if paths.is_empty() || work.attempt != work.baseline {
            return self.start_turn(work);
        }
        let Some(milestone) = self.state.active().map(|active| active.id.clone()) else { return };
        let question = Question::Dirty { milestone, phase: work.id.phase().cloned(), paths };
        let known = self.state.recalled();
        let answered = known.answer("dirty", Some(&work.id));
        let keeps = |answer: &Answer| *answer == Answer::Keep;
        if answered.is_some_and(|answered| keeps(&answered.answer) && answered.of == question.hash()) {
            return self.start_turn(work);
        }
        work.progress = Progress::Asking(Pending::Dirty);
        self.state.keep(work);
        self.ask(question);
    }

    /// Of these paths, those that a phase's plan names.
    fn planned_of(work: &Work, paths: &[RepoPath]) -> Vec<RepoPath> {
        let Some(phase) = &work.what else { return Vec::new() };
        let plan = Globs::parse(phase.files.iter().map(String::as_str)).unwrap_or_default();
        paths.iter().filter(|path| plan.contains(path)).cloned().collect()
    }

    /// The phase of a work, where it is one.
    pub(super) fn phase_of(&self, id: &WorkId) -> Option<&Phase> {
        self.state.milestone()?.find_phase(id.phase()?)
    }

    /// Who does a work.
    pub(super) fn role_of(&self, id: &WorkId) -> Option<RoleId> {
        match id {
            WorkId::Base | WorkId::Close(_) => None,
            WorkId::Rfc | WorkId::Diagnosis(_) => RoleId::parse(ARCHITECT).ok(),
            WorkId::Phase(_) => self.phase_of(id).map(|phase| phase.role.clone()),
            WorkId::Review(_) => RoleId::parse(REVIEWER).ok(),
            WorkId::Fix { role, .. } => Some(role.clone()),
        }
    }

    /// A work at its beginning, with role and phase as they are now.
    pub(super) fn work_of(&self, id: WorkId, role: Option<RoleId>, turn_base: CommitId) -> Work {
        let who = role.as_ref().and_then(|role| self.state.seen.plan.find_role(role)).cloned();
        let what = self.phase_of(&id).cloned();
        Work { who, what, ..Work::new(id, role, turn_base) }
    }

    /// A work of an earlier run, as the journal tells of it.
    pub(super) fn recalled_work(&self, id: &WorkId, attempt: u32, baseline: u32) -> Option<Work> {
        let head = self.state.seen.head.as_ref()?;
        let mut work = self.work_of(id.clone(), self.role_of(id), head.commit.clone());
        let since = self.state.recalled().series.get(id).copied().unwrap_or(baseline);
        (work.attempt, work.since, work.baseline) = (attempt, since, baseline);
        Some(work)
    }

    fn alias_of(&self, role: &RoleId) -> String {
        let found = self.state.seen.plan.find_role(role);
        found.and_then(|role| role.alias.clone()).unwrap_or_else(|| role.to_string())
    }

    /// What a work is, in a few words.
    pub(super) fn title_of(&self, id: &WorkId) -> String {
        match id {
            WorkId::Base => "verification of the untouched base".to_owned(),
            WorkId::Rfc => "RFC + grooming validation".to_owned(),
            WorkId::Phase(_) => self.phase_of(id).map(|phase| phase.title.clone()).unwrap_or_default(),
            WorkId::Review(_) => "reviewing unpushed commits".to_owned(),
            WorkId::Fix { .. } => "mending what the review found".to_owned(),
            WorkId::Diagnosis(of) => format!("why {of} keeps failing"),
            WorkId::Close(_) => "closing".to_owned(),
        }
    }

    /// What the work's role may write: nothing for those that only look.
    pub(super) fn room_of(work: &Work) -> Result<Room, String> {
        match (&work.id, &work.who) {
            (WorkId::Base | WorkId::Review(_) | WorkId::Diagnosis(_) | WorkId::Close(_), _) | (_, None) => {
                Ok(Room::closed())
            }
            (WorkId::Rfc | WorkId::Phase(_) | WorkId::Fix { .. }, Some(role)) => {
                Room::of(role, work.what.as_ref()).map_err(|error| format!("role {}: {error}", role.id))
            }
        }
    }
}

impl Work {
    /// A work at its beginning, of which nothing has run.
    pub fn new(id: WorkId, role: Option<RoleId>, turn_base: CommitId) -> Self {
        Self {
            id,
            role,
            who: None,
            what: None,
            attempt: 1,
            since: 1,
            baseline: 1,
            turn_base,
            tell: Vec::new(),
            standing: Vec::new(),
            session: None,
            hiccups: 0,
            outage_since: None,
            overtaken: 0,
            report: Report::default(),
            on_record: OnRecord::default(),
            told: false,
            verified: Vec::new(),
            verified_on: None,
            reverified: 0,
            mine: std::collections::BTreeMap::new(),
            claimed: std::collections::BTreeSet::new(),
            settled: false,
            inside: Vec::new(),
            green: Vec::new(),
            leave_out: Vec::new(),
            edits: Vec::new(),
            subject: String::new(),
            approved: None,
            failures: Vec::new(),
            usage: Usage::default(),
            concerns: Vec::new(),
            progress: Progress::Snapshotting,
        }
    }

    /// Tries so far, the running one included, since counting began.
    pub(super) fn tries(&self) -> u32 {
        self.attempt.saturating_sub(self.since) + 1
    }
}

/// The stage that a work belongs to, and the milestone's status in it.
fn stage_of(id: &WorkId) -> (StageName, Option<MilestoneStatus>) {
    match id {
        WorkId::Base | WorkId::Rfc => (StageName::Rfc, Some(MilestoneStatus::InProgress)),
        WorkId::Phase(_) | WorkId::Diagnosis(_) => (StageName::Build, Some(MilestoneStatus::InProgress)),
        WorkId::Review(_) => (StageName::Review, Some(MilestoneStatus::Review)),
        WorkId::Fix { .. } => (StageName::Fix, Some(MilestoneStatus::Review)),
        WorkId::Close(_) => (StageName::Done, None),
    }
}
