//! What follows in a milestone, read from history, documents and the journal alone, so that it is the same after a
//! crash.

use super::effect::Tell;
use super::gates;
use super::question::Question;
use super::state::{At, Pending, Progress};
use super::{Machine, Recalled, Review};
use crate::id::{GateId, PhaseId, RoleId, WorkId};
use crate::path::ContentHash;
use crate::plan::{ARCHITECT, Milestone, Phase, PhaseStatus, REVIEWER, Role};
use crate::record::Answer;
use crate::report::{Finding, Severity, Verdict};
use crate::schedule;

/// What follows.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Next {
    /// A turn of this work, told this besides the usual.
    Work(WorkId, Vec<Tell>),
    /// The design waits for its answer.
    RfcGate,
    /// The design was approved as this, and is committed.
    RfcCommit(ContentHash),
    /// A phase failed and nobody has said what now.
    Failed(PhaseId),
    /// A person said to go on without it.
    Skip(WorkId),
    /// A phase that is a stage of its own, which the configuration leaves out by this setting.
    LeftOut(PhaseId, &'static str),
    /// Nothing can be begun, because a phase waits for one that will not be done.
    Blocked(PhaseId),
    /// A person sent the work back at this gate, with these words: phases are made of them.
    Plan(GateId, String),
    /// The push gate.
    Push,
}

/// Tells whether a phase is built: it is neither the design stage nor the review stage in the plan's clothes.
pub(super) fn is_built(milestone: &Milestone, phase: &PhaseId) -> bool {
    milestone.find_phase(phase).is_some_and(|found| !is_review(found) && !is_design(milestone, found))
}

fn is_review(phase: &Phase) -> bool {
    phase.role.as_str() == REVIEWER
}

/// A phase of the architect before all others is the design stage.
fn is_design(milestone: &Milestone, phase: &Phase) -> bool {
    let first = milestone.phases.first();
    phase.role.as_str() == ARCHITECT
        && milestone.rfc == crate::plan::RfcNeed::Required
        && first.is_some_and(|first| first.id == phase.id)
}

impl Machine {
    /// Begins what follows.
    pub(super) fn advance(&mut self) {
        if self.state.stop_after {
            return self.leave(None);
        }
        if self.state.stale {
            return self.look();
        }
        if self.asks_trust() {
            return;
        }
        self.take_up_changes();
        match self.next() {
            Next::Work(id, standing) => self.begin(id, standing),
            Next::RfcGate => self.ask_rfc(),
            Next::RfcCommit(of) => self.commit_rfc(of),
            Next::Plan(gate, feedback) => {
                self.plan_feedback(&gate, &feedback);
                self.advance();
            }
            Next::Push => self.survey(None),
            Next::Skip(work) => self.skip(work),
            Next::LeftOut(phase, setting) => {
                self.leave_out(phase, setting);
                self.advance();
            }
            Next::Failed(phase) => self.ask_failed(phase, "it failed before"),
            Next::Blocked(phase) => self.ask_failed(phase, "it waits for a phase that is not done"),
        }
    }

    fn ask_failed(&mut self, phase: PhaseId, reason: &str) {
        let Some(milestone) = self.state.active().map(|active| active.id.clone()) else { return };
        let (work, reason) = (WorkId::Phase(phase), reason.to_owned());
        self.go_to(At::Opening);
        if let Some(mut left) = self.left_work(&work) {
            left.progress = Progress::Asking(Pending::Failed);
            self.state.keep(left);
        }
        self.ask(Question::Failed { milestone, work, reason });
    }

    pub(super) fn next(&self) -> Next {
        match self.next_wanted() {
            // It was answered while no worker ran. What a phase's status says is looked at where phases are.
            Next::Work(work, _) if work.phase().is_none() && self.is_given_up(&work) => Next::Skip(work),
            next => next,
        }
    }

    fn is_given_up(&self, work: &WorkId) -> bool {
        let known = self.state.recalled();
        known.answer("failed", Some(work)).is_some_and(|answered| answered.answer == Answer::Skip)
    }

    fn next_wanted(&self) -> Next {
        let (Some(milestone), known) = (self.state.milestone(), self.state.recalled()) else {
            return Next::Push;
        };
        if let Some((phase, setting)) = self.left_out(milestone) {
            return Next::LeftOut(phase, setting);
        }
        if self.state.seen.policy.wants_rfc(milestone)
            && let Some(next) = self.next_of_rfc(milestone, &known)
        {
            return next;
        }
        if let Some(next) = self.interrupted_fix(milestone, &known) {
            return next;
        }
        // A crash may have come between two of its phases: none is built before all are written.
        if let Some(answered) = known.answer("push", None)
            && let Answer::Revise { feedback } = &answered.answer
            && !known.planned.contains(&answered.gate)
        {
            return Next::Plan(answered.gate.clone(), feedback.clone());
        }
        if let Some(next) = self.next_of_build(milestone, &known) {
            return next;
        }
        self.next_of_review(milestone, &known).unwrap_or(Next::Push)
    }

    /// A phase that is the design or the review in the plan's clothes, where the configuration leaves that stage out.
    fn left_out(&self, milestone: &Milestone) -> Option<(PhaseId, &'static str)> {
        if self.is_closed() {
            return None;
        }
        let policy = &self.state.seen.policy;
        let is_open = |phase: &&Phase| !matches!(phase.status, PhaseStatus::Done | PhaseStatus::Skipped);
        milestone.phases.iter().filter(is_open).find_map(|phase| {
            if is_design(milestone, phase) && !policy.wants_rfc(milestone) {
                Some((phase.id.clone(), "gates.rfc: never"))
            } else if is_review(phase) && !policy.config.review.always {
                Some((phase.id.clone(), "review.when: never"))
            } else {
                None
            }
        })
    }

    fn has_commit(&self, work: &WorkId) -> bool {
        self.state.active().is_some_and(|active| active.commit_of(work).is_some())
    }

    fn next_of_rfc(&self, milestone: &Milestone, known: &Recalled) -> Option<Next> {
        if self.has_commit(&WorkId::Rfc)
            || known.skipped.contains(&WorkId::Rfc)
            || self.was_built_before(known)
        {
            return None;
        }
        let answer = known.answer("rfc", None);
        let shown = milestone.rfc_document;
        match answer.map(|answered| (&answered.answer, answered.of)) {
            // No commit holds the approved text fast: that it was built on does.
            Some((Answer::Approve, _)) if self.state.seen.private && was_begun(known) => None,
            Some((Answer::Approve, of)) if shown == Some(of) => {
                if self.state.seen.private {
                    None
                } else {
                    Some(Next::RfcCommit(of))
                }
            }
            Some((Answer::Revise { feedback }, _)) => {
                Some(Next::Work(WorkId::Rfc, vec![Tell::Person(feedback.clone())]))
            }
            _ if known.rfc_ready.is_some() && shown.is_some() => Some(Next::RfcGate),
            _ => Some(Next::Work(WorkId::Rfc, person_notes(known, &WorkId::Rfc))),
        }
    }

    /// Phases that were adopted were built on a design, or without one: none is asked for afterwards.
    fn was_built_before(&self, known: &Recalled) -> bool {
        let is_phase = |work: &WorkId| work.phase().is_some();
        known.adopted.iter().any(is_phase)
            || self.state.active().is_some_and(|active| active.done.iter().any(|(work, _)| is_phase(work)))
    }

    fn is_done(&self, milestone: &Milestone, known: &Recalled, phase: &Phase) -> bool {
        let work = WorkId::Phase(phase.id.clone());
        self.has_commit(&work)
            || known.adopted.contains(&work)
            || phase.status == PhaseStatus::Skipped
            || !is_built(milestone, &phase.id)
    }

    fn next_of_build(&self, milestone: &Milestone, known: &Recalled) -> Option<Next> {
        let is_done = |phase: &Phase| self.is_done(milestone, known, phase);
        let open: Vec<&Phase> = milestone.phases.iter().filter(|phase| !is_done(phase)).collect();
        let is_phase_done = |id: &PhaseId| milestone.find_phase(id).is_none_or(is_done);
        let ready = schedule::ready(milestone, &is_phase_done, &|_| false);
        let running = ready.iter().find(|phase| phase.status == PhaseStatus::InProgress);
        let Some(phase) = running.or(ready.first()) else {
            return open.first().map(|phase| Next::Blocked(phase.id.clone()));
        };
        let work = WorkId::Phase(phase.id.clone());
        let is_wanted = self.state.seen.policy.run.only.as_ref() == Some(&milestone.id);
        let notes = person_notes(known, &work);
        Some(match (phase.status, known.answer("failed", Some(&work)).map(|answered| &answered.answer)) {
            (PhaseStatus::Failed, Some(Answer::Skip)) => Next::Skip(work),
            (PhaseStatus::Failed, None) if !is_wanted => Next::Failed(phase.id.clone()),
            _ => Next::Work(work, notes),
        })
    }

    fn next_of_review(&self, milestone: &Milestone, known: &Recalled) -> Option<Next> {
        let (policy, roles) = (&self.state.seen.policy, &self.state.seen.plan.roles);
        let active = self.state.active()?;
        if !policy.config.review.always || self.is_closed() {
            return None;
        }
        let review = |round: u32| {
            let work = WorkId::Review(round);
            (!known.skipped.contains(&work)).then(|| {
                let notes = person_notes(known, &work);
                Next::Work(work, notes)
            })
        };
        let fresh = active.done.iter().any(|(work, _)| work.phase().is_some() && !known.is_past_review(work));
        if fresh {
            return review(known.last_round() + 1);
        }
        let last = known.reviews.iter().max_by_key(|review| review.round)?;
        if last.verdict != Verdict::ChangesRequested {
            return None;
        }
        if rounds_of_cycle(&known.reviews) <= policy.config.review.fix_rounds
            && let Some(role) = fixers(last, milestone, roles)
                .into_iter()
                .find(|role| !self.is_fixed(known, last.round, role))
        {
            let work = WorkId::Fix { round: last.round, role: role.clone() };
            let mut tell = vec![Tell::Findings(findings_for(last, &role, milestone, roles))];
            tell.extend(person_notes(known, &work));
            return Some(Next::Work(work, tell));
        }
        let had_blocking = last.findings.iter().any(|finding| finding.severity == Severity::Blocking);
        let wants_again = policy.config.review.again || (policy.is_auto() && had_blocking);
        let is_fix = |work: &WorkId| matches!(work, WorkId::Fix { round, .. } if *round == last.round);
        let was_fixed = active.done.iter().any(|(work, _)| is_fix(work));
        if wants_again && was_fixed { review(last.round + 1) } else { None }
    }

    /// A fix that was cut short has its changes in the tree: it comes before whatever was planned since.
    fn interrupted_fix(&self, milestone: &Milestone, known: &Recalled) -> Option<Next> {
        let cursor = &self.state.active()?.cursor;
        let work = cursor.work.clone()?;
        let WorkId::Fix { round, role } = &work else { return None };
        let review = known.reviews.iter().find(|review| review.round == *round)?;
        let has_left_something =
            cursor.baseline <= cursor.attempt && known.had_turn_since(&work, cursor.baseline);
        (has_left_something && !self.is_fixed(known, *round, role)).then(|| {
            let findings = findings_for(review, role, milestone, &self.state.seen.plan.roles);
            let mut tell = vec![Tell::Findings(findings)];
            tell.extend(person_notes(known, &work));
            Next::Work(work.clone(), tell)
        })
    }

    fn is_fixed(&self, known: &Recalled, round: u32, role: &RoleId) -> bool {
        let work = WorkId::Fix { round, role: role.clone() };
        self.has_commit(&work) || known.skipped.contains(&work)
    }
}

/// Tells whether a phase was begun.
fn was_begun(known: &Recalled) -> bool {
    known.attempts.keys().any(|work| work.phase().is_some())
}

/// What a person said about a work that failed, to be said again until it is done.
fn person_notes(known: &Recalled, work: &WorkId) -> Vec<Tell> {
    match known.answer("failed", Some(work)).map(|answered| &answered.answer) {
        Some(Answer::Retry { note: Some(note) }) => vec![Tell::Person(note.clone())],
        _ => Vec::new(),
    }
}

/// How many reviews the newest phases have had: the first reads phases, those after it only fixes.
fn rounds_of_cycle(reviews: &[Review]) -> u32 {
    let is_first = |review: &&Review| review.works.iter().any(|work| work.phase().is_some());
    let again = reviews.iter().rev().take_while(|review| !is_first(review)).count();
    u32::try_from(again).unwrap_or(u32::MAX).saturating_add(1)
}

/// The roles that must mend something, in the order of the findings.
fn fixers(review: &Review, milestone: &Milestone, roles: &[Role]) -> Vec<RoleId> {
    let mut fixers = Vec::new();
    let counts = |severity| matches!(severity, Severity::Blocking | Severity::Important);
    for finding in review.findings.iter().filter(|finding| counts(finding.severity)) {
        if let Some(role) = gates::owner_of(finding, roles, milestone)
            && !fixers.contains(&role)
        {
            fixers.push(role);
        }
    }
    fixers
}

/// What one role is told of a review.
fn findings_for(review: &Review, role: &RoleId, milestone: &Milestone, roles: &[Role]) -> Vec<Finding> {
    let is_theirs = |finding: &&Finding| {
        finding.severity != Severity::Praise
            && gates::owner_of(finding, roles, milestone).as_ref() == Some(role)
    };
    review.findings.iter().filter(is_theirs).cloned().collect()
}
