//! What follows from an answer.

use super::effect::{Asked, Tell};
use super::question::Question;
use super::state::{After, At, GivingUp, Pending, Progress, Work};
use super::{Effect, Machine, Note};
use crate::id::{GateId, WorkId};
use crate::plan::By;
use crate::record::{Answer, Record};

impl Machine {
    /// Somebody answered. It counts if its question is open, and the answer is one of those that fit.
    pub(super) fn answered(&mut self, gate: &GateId, answer: Answer, by: By) {
        if let Some(asked) = self.state.open.clone().filter(|asked| asked.gate == *gate) {
            if asked.question.admits(&answer) {
                self.answer_open(&asked, answer, by);
            } else {
                self.note(Note::Remark { text: refusal(&asked, &answer) });
            }
        } else if let Some(asked) = self.state.put_off.get(gate).cloned() {
            if asked.question.admits(&answer) {
                self.answer_put_off(&asked, &answer, by);
            } else {
                self.note(Note::Remark { text: refusal(&asked, &answer) });
            }
        } else {
            self.late(&format!("an answer to {gate}"));
        }
    }

    /// A milestone that was passed over can be picked again; what was answered is on record.
    fn answer_put_off(&mut self, asked: &Asked, answer: &Answer, by: By) {
        self.state.put_off.remove(&asked.gate);
        self.record_answer(asked, answer, by);
        if *answer == Answer::Stop {
            return;
        }
        if let Some(milestone) = asked.question.milestone() {
            self.state.passed.remove(milestone);
            self.state.tally.waiting.remove(milestone);
            self.state.tally.parked.retain(|(parked, _)| parked != milestone);
        }
        if self.state.stage == super::Stage::Idle {
            self.look();
        }
    }

    /// The question that held up the work is answered.
    pub(super) fn answer_open(&mut self, asked: &Asked, answer: Answer, by: By) {
        self.record_answer(asked, &answer, by);
        self.state.open = None;
        if answer == Answer::Stop {
            return self.stop_at(&asked.question);
        }
        match &asked.question {
            Question::Rfc { document, .. } => self.rfc_answered(*document, &answer),
            Question::Push(push) | Question::Rejected(push) => self.push_answered(push, &asked.gate, answer),
            Question::Trust { of, .. } => {
                self.act(Effect::Trust { of: *of });
                self.state.seen.untrusted = None;
                match self.take_asking() {
                    Some(work) => self.verify(work),
                    None => self.look(),
                }
            }
            Question::RedBase { .. } | Question::Locked { .. } => self.look(),
            Question::Dirty { .. } | Question::History { .. } => {
                self.opening_answered(&asked.question, &answer);
            }
            Question::Failed { .. } => self.failed_answered(&answer),
            Question::MayBeYours { .. } => self.may_be_yours_answered(&answer),
            Question::Interrupted { .. } => self.interrupted_answered(answer),
            Question::TooLarge { .. } => self.too_large_answered(),
        }
    }

    /// Takes the work that waits for an answer out of the state.
    fn take_asking(&mut self) -> Option<Work> {
        let waits = |work: &&Work| matches!(work.progress, Progress::Asking(_));
        let id = self.state.works().iter().find(waits).map(|work| work.id.clone())?;
        self.state.take_work(&id)
    }

    fn opening_answered(&mut self, question: &Question, answer: &Answer) {
        if let Question::History { milestone, claimed: Some(phase), .. } = question {
            let work = WorkId::Phase(phase.clone());
            if *answer == Answer::Keep {
                self.record(Record::Adopted { milestone: milestone.clone(), works: vec![work] });
            }
            // `retry` is read from the record, as it would be after a crash.
            return self.look();
        }
        match self.take_asking() {
            Some(work) => match work.progress.clone() {
                Progress::Asking(Pending::History(after)) => self.inspect(work, after),
                // They committed or took away what is in the way: the attempt begins anew, on a snapshot of its own.
                _ if matches!(answer, Answer::Retry { .. }) => self.look(),
                _ => self.start_late_turn(work),
            },
            None => self.look(),
        }
    }

    /// To try again is to go on as after a crash: a person may have mended role, phase, configuration or trust, so all
    /// of it is read anew, and why it failed and what they say about it is read from the record.
    fn failed_answered(&mut self, answer: &Answer) {
        match self.take_asking() {
            Some(work) if *answer == Answer::Skip => {
                self.inspect(work, After::GivingUp(GivingUp::Skipping));
            }
            Some(_) | None => self.look(),
        }
    }

    fn may_be_yours_answered(&mut self, answer: &Answer) {
        let Some(mut work) = self.take_asking() else { return self.look() };
        let Progress::Asking(Pending::MayBeYours { mut paths, after }) = work.progress.clone() else {
            return self.state.keep(work);
        };
        if *answer == Answer::Keep {
            work.claimed.extend(paths);
            self.inspect(work, after);
        } else {
            if let After::GivingUp(_) = after {
                paths.extend(work.inside.iter().map(|change| change.path.clone()));
            }
            self.order_put_back(work, paths, after);
        }
    }

    fn interrupted_answered(&mut self, answer: Answer) {
        let Some(mut work) = self.take_asking() else { return self.look() };
        if let Answer::Retry { note } = answer {
            work.tell = vec![Tell::CutShort];
            work.standing.extend(note.map(Tell::Person));
        }
        self.start_late_turn(work);
    }

    fn too_large_answered(&mut self) {
        if let Some(work) = self.take_asking() {
            self.snapshot(work, None);
        }
    }

    /// A person leaves it at that: at a gate the milestone waits there, elsewhere every status stays as it is.
    fn stop_at(&mut self, question: &Question) {
        if let Some(milestone) = question.milestone().cloned() {
            match question {
                Question::Failed { reason, .. } => self.state.tally.parked.push((milestone, reason.clone())),
                Question::Rfc { .. }
                | Question::Push(_)
                | Question::Rejected(_)
                | Question::Dirty { .. }
                | Question::RedBase { .. }
                | Question::MayBeYours { .. }
                | Question::Trust { .. }
                | Question::History { .. }
                | Question::Interrupted { .. }
                | Question::Locked { .. }
                | Question::TooLarge { .. } => {
                    self.state.tally.waiting.insert(milestone);
                }
            }
        }
        let untrusted = matches!(question, Question::Trust { .. });
        self.leave(untrusted.then_some(2));
    }

    /// Sets what the milestone is at.
    pub(super) fn go_to(&mut self, at: At) {
        if let Some(active) = self.state.active_mut() {
            active.at = at;
        }
    }
}

fn refusal(asked: &Asked, answer: &Answer) -> String {
    format!("`{}` does not answer {}: use {}", answer.word(), asked.gate, asked.question.answers().join(", "))
}
