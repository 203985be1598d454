//! From what disk and git show to the milestone that is worked on next.

use std::sync::Arc;

use super::question::Question;
use super::seen::{Seen, Untrusted};
use super::state::{After, At, Stage};
use super::{Effect, Machine, Note, Policy};
use crate::id::MilestoneId;
use crate::plan::{Milestone, MilestoneStatus, PhaseStatus, Plan};
use crate::record::{Answer, Record};
use crate::repo::Obstacle;

impl Machine {
    /// Everything was seen anew: whatever was being done is decided again from it.
    pub(super) fn looked(&mut self, seen: Result<Box<Seen>, Obstacle>) {
        let is_first = self.state.stage == Stage::Asleep;
        match seen {
            Ok(seen) => {
                let before = std::mem::replace(&mut self.state.seen, *seen);
                self.pick_up_again(&before.plan);
            }
            Err(Obstacle { what, hint }) => {
                self.note(Note::Stopping { why: what, hint });
                return self.leave(Some(2));
            }
        }
        self.state.stage = Stage::Looking;
        if is_first {
            self.state.last_turn = self.state.seen.memory.last_turn;
            self.withdraw_old_questions();
        }
        self.name_what_is_odd();
        self.state.stale = false;
        if !self.looks_at_what_was_left() && !self.asks_trust() {
            self.pick();
        }
    }

    /// A turn of an earlier run was cut short: before any document is believed, the tree is looked at.
    fn looks_at_what_was_left(&mut self) -> bool {
        let memory = &self.state.seen.memory;
        let mut left = memory.milestones.iter().filter_map(|(id, known)| {
            let is_passed = self.state.passed.contains(id);
            let unchecked = known.unchecked.clone().filter(|_| !is_passed)?;
            Some((id.clone(), unchecked))
        });
        let Some((id, unchecked)) = left.next() else { return false };
        let known = self.state.seen.memory.recall(&id);
        let found = (self.state.seen.plan.find(&id).cloned(), self.state.seen.head.clone());
        let (Some(milestone), Some(head)) = found else { return false };
        let history = self.state.seen.histories.get(&id).cloned().unwrap_or_default();
        self.state.stage =
            Stage::Milestone(Box::new(super::open::active(&milestone, &head, &history, &known)));
        let work = self.recalled_work(&unchecked.work, unchecked.attempt, unchecked.baseline);
        let Some(work) = work else { return false };
        self.inspect(work, After::CutShort);
        true
    }

    /// A question is made anew whenever it is asked; those of an earlier run end, except where its milestone stays
    /// set aside and is answered from there.
    fn withdraw_old_questions(&mut self) {
        let memory = &self.state.seen.memory;
        let is_parked = |milestone: &Option<MilestoneId>| {
            let status =
                milestone.as_ref().and_then(|id| self.state.seen.plan.find(id)).map(|found| found.status);
            status == Some(MilestoneStatus::Parked)
        };
        let gone = memory.open.iter().filter(|(_, open)| !is_parked(&open.milestone));
        let gone: Vec<_> = gone.map(|(gate, _)| gate.clone()).collect();
        for gate in gone {
            self.record(Record::Withdrawn { gate });
        }
    }

    /// Names each broken or odd document once a run.
    fn name_what_is_odd(&mut self) {
        let plan = self.state.seen.plan.clone();
        // What could not be written stays set aside, though it can be read.
        let is_passed = |folder: &String| self.state.passed.iter().any(|id| id.as_str() == folder);
        self.state.tally.set_aside.retain(is_passed);
        self.state.tally.set_aside.extend(plan.set_aside.iter().map(|one| one.folder.clone()));
        for one in plan.set_aside {
            let key = format!("{}: {:?}", one.folder, one.diagnostics);
            if self.state.named.insert(key) {
                self.note(Note::SetAside { folder: one.folder, diagnostics: one.diagnostics });
            }
        }
        for odd in plan.warnings {
            if self.state.named.insert(odd.to_string()) {
                self.note(Note::Odd { diagnostic: odd });
            }
        }
    }

    /// Asks about commands that nobody has trusted yet; tells whether there are any.
    pub(super) fn asks_trust(&mut self) -> bool {
        let Some(Untrusted { of, lines }) = self.state.seen.untrusted.clone() else { return false };
        self.ask(Question::Trust { of, lines });
        true
    }

    /// Documents or configuration changed on disk: they count from the next step on.
    pub(super) fn scanned(&mut self, plan: Plan, policy: Policy, untrusted: Option<Untrusted>) {
        let is_pushing = matches!(self.state.active().map(|active| &active.at), Some(At::Pushing { .. }));
        if is_pushing || !self.state.works().is_empty() {
            // During a work nothing is taken from the disk: an agent writes there. It is taken up after it.
            self.state.stale = true;
            return;
        }
        let before = std::mem::replace(&mut self.state.seen.plan, plan);
        self.state.seen.policy = policy;
        self.state.seen.untrusted = untrusted;
        self.name_what_is_odd();
        self.pick_up_again(&before);
        match &self.state.stage {
            Stage::Idle if self.next_milestone().is_some() => self.look(),
            // Its documents are gone, or another branch is checked out.
            Stage::Milestone(active) if self.state.seen.plan.find(&active.id).is_none() => self.look(),
            Stage::Milestone(_) => self.plan_changed_at_gate(),
            Stage::Idle | Stage::Asleep | Stage::Looking | Stage::Left { .. } => {}
        }
    }

    /// What this run set aside is runnable again once a person has set the failed phase to `pending`, or the milestone
    /// back from `parked`.
    fn pick_up_again(&mut self, before: &Plan) {
        let was_parked = |id: &MilestoneId| {
            before.find(id).is_some_and(|milestone| milestone.status == MilestoneStatus::Parked)
        };
        let parked: Vec<MilestoneId> = self.state.tally.parked.iter().map(|(id, _)| id.clone()).collect();
        let is_taken_up = |id: &MilestoneId| {
            self.state.seen.plan.find(id).is_some_and(|milestone| match milestone.status {
                MilestoneStatus::Parked => self.is_taken_up(milestone),
                MilestoneStatus::Planning | MilestoneStatus::InProgress => was_parked(id),
                MilestoneStatus::Review | MilestoneStatus::Done | MilestoneStatus::Dropped => false,
            })
        };
        let again: Vec<MilestoneId> = parked.into_iter().filter(is_taken_up).collect();
        for id in again {
            self.state.passed.remove(&id);
            self.state.tally.parked.retain(|(parked, _)| *parked != id);
            let gates =
                self.state.put_off.iter().filter(|(_, asked)| asked.question.milestone() == Some(&id));
            let gates: Vec<_> = gates.map(|(gate, _)| gate.clone()).collect();
            for gate in gates {
                self.state.put_off.remove(&gate);
                self.record(Record::Withdrawn { gate: gate.clone() });
                self.act(Effect::Unask { gate });
            }
        }
    }

    /// Sees everything anew, and decides again from there.
    pub(super) fn look(&mut self) {
        self.close_question();
        self.state.stage = Stage::Looking;
        self.act(Effect::Look);
    }

    fn pick(&mut self) {
        if self.state.stop_after {
            return self.leave(None);
        }
        match self.next_milestone() {
            Some(id) => self.open(&id),
            None if self.state.seen.policy.run.once => self.leave(None),
            None => {
                self.state.stage = Stage::Idle;
                self.note(Note::Idle);
            }
        }
    }

    /// The milestone to work on: the one it was in, then what was begun, what is in review, what is planned.
    fn next_milestone(&self) -> Option<MilestoneId> {
        let rank = |milestone: &&Arc<Milestone>| {
            let place = match milestone.status {
                _ if self.state.seen.memory.last.as_ref() == Some(&milestone.id) => 0,
                MilestoneStatus::InProgress => 1,
                MilestoneStatus::Review | MilestoneStatus::Done => 2,
                MilestoneStatus::Planning | MilestoneStatus::Parked | MilestoneStatus::Dropped => 3,
            };
            (place, milestone.priority, milestone.id.clone())
        };
        let milestones = self.state.seen.plan.milestones.iter();
        milestones
            .filter(|milestone| self.is_runnable(milestone))
            .min_by_key(rank)
            .map(|found| found.id.clone())
    }

    fn is_runnable(&self, milestone: &Milestone) -> bool {
        let wanted = self.state.seen.policy.run.only.as_ref();
        let depends = milestone.depends_on.iter().all(|id| {
            // What an agent may have written since is not believed.
            self.state.seen.memory.recall(id).unchecked.is_none()
                && self.state.seen.plan.find(id).is_some_and(|other| other.status == MilestoneStatus::Done)
        });
        wanted.is_none_or(|wanted| *wanted == milestone.id)
            && !self.state.passed.contains(&milestone.id)
            && depends
            && !milestone.phases.is_empty()
            && match milestone.status {
                MilestoneStatus::Planning | MilestoneStatus::InProgress | MilestoneStatus::Review => true,
                MilestoneStatus::Done => !self.is_finished(milestone),
                MilestoneStatus::Parked => wanted.is_some() || self.is_taken_up(milestone),
                MilestoneStatus::Dropped => false,
            }
    }

    /// Tells whether a milestone that says `done` needs nothing more: published, closed without a push, or never
    /// begun by Orchestra.
    fn is_finished(&self, milestone: &Milestone) -> bool {
        let known = self.state.seen.memory.recall(&milestone.id);
        let Some(history) = self.state.seen.histories.get(&milestone.id) else { return true };
        let finished = |answer: &super::Answered| answer.answer == Answer::Finish;
        let closed =
            history.commits.iter().rev().find(|entry| matches!(entry.work, crate::id::WorkId::Close(_)));
        let Some(closed) = closed else { return known.closed || !self.state.seen.private };
        if known.is_cut_short(closed) {
            return false;
        }
        history.published
            || !history.complete
            || known.pushed.as_ref() == Some(&closed.commit)
            || known.answer("push", None).is_some_and(finished)
            || milestone.cursor.as_ref().is_some_and(|cursor| {
                cursor.gates.iter().any(|(gate, answer)| {
                    *gate == crate::plan::GateKind::Push && answer.answer == super::gates::FINISHED
                })
            })
    }

    /// Tells whether a person took up a milestone that was set aside: by an answer, or by setting the failed phase
    /// to `pending`.
    fn is_taken_up(&self, milestone: &Milestone) -> bool {
        let known = self.state.seen.memory.recall(&milestone.id);
        match known.parked {
            None => known.taken_up,
            Some((work, _)) => {
                let phase = work.as_ref().and_then(|work| work.phase());
                let phase = phase.and_then(|id| milestone.find_phase(id));
                phase.is_some_and(|phase| phase.status == PhaseStatus::Pending)
            }
        }
    }
}
