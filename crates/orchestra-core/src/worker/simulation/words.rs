//! A person who speaks to those who work, and what must become of their words.

use std::collections::{BTreeMap, BTreeSet};

use super::schedule::Dice;
use super::world::World;
use crate::id::{MilestoneId, TurnId, WorkId};
use crate::record::{Answer, Record};
use crate::worker::{Fact, Memory, Tell, TurnOrder};

/// Of a hundred moments at which they could, how many are one at which they speak.
const NOW: u64 = 6;
/// How often they speak at the most, so that a run comes to an end.
const MOST: u32 = 12;

/// What was said, and what became of it.
#[derive(Default)]
pub(super) struct Words {
    count: u32,
    moments: u64,
    /// What is on record and was not taken back: for which milestone, and behind which work.
    known: BTreeMap<String, (MilestoneId, Option<WorkId>)>,
    /// What an agent was told, or heard.
    told: BTreeSet<String>,
}

impl World {
    /// What the person says at this moment. Dice of their own: whether they speak shifts nothing else.
    pub(super) fn speaks(&mut self) -> Option<Fact> {
        if !self.schedule.speaks {
            return None;
        }
        self.oracle.words.moments += 1;
        let mut dice = Dice::new(self.schedule.seed ^ self.oracle.words.moments.rotate_left(24));
        if self.oracle.words.count >= MOST || !dice.chance(NOW) {
            return None;
        }
        self.disturbed_at = self.ticks;
        let waits: Vec<String> = self
            .memory
            .milestones
            .values()
            .flat_map(|known| &known.queue)
            .map(|queued| queued.text.clone())
            .collect();
        if let Some(text) = waits.last().filter(|_| dice.chance(20)) {
            return Some(Fact::Unqueued { text: text.clone() });
        }
        self.oracle.words.count += 1;
        let text = format!("word {}", self.oracle.words.count);
        Some(if dice.chance(60) { Fact::Said { text } } else { Fact::Queued { text } })
    }

    /// The agent takes words up, or not.
    pub(super) fn hears(&mut self, turn: TurnId, text: &str) {
        let mut dice = Dice::new(self.schedule.seed ^ self.oracle.words.moments.rotate_left(40));
        if let Some(running) = self.running.as_mut().filter(|running| running.order.turn == turn)
            && dice.chance(60)
        {
            running.heard += 1;
            self.oracle.words.told.insert(text.to_owned());
        }
    }
}

impl Words {
    /// A turn begins with a brief.
    pub(super) fn told(&mut self, order: &TurnOrder) -> Result<(), String> {
        for tell in &order.tell {
            let Tell::Person(text) = tell else { continue };
            if let Some((milestone, behind)) = self.known.get(text) {
                if *milestone != order.milestone || behind.as_ref() == Some(&order.work) {
                    return Err(format!("{text} was told to {} {}", order.milestone, order.work));
                }
                self.told.insert(text.clone());
            }
        }
        Ok(())
    }

    pub(super) fn records(&mut self, record: &Record) -> Result<(), String> {
        match record {
            Record::Queued { milestone, behind, text } => {
                self.known.insert(text.clone(), (milestone.clone(), behind.clone()));
            }
            Record::Unqueued { text, .. } => {
                if self.told.contains(text) {
                    return Err(format!("{text} was told, and then taken back"));
                }
                self.known.remove(text);
            }
            Record::Said { milestone, texts, .. } => {
                for text in texts {
                    self.known.entry(text.clone()).or_insert_with(|| (milestone.clone(), None));
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// A work is committed: whoever did it has heard all that was said to it.
    pub(super) fn judge_commit(
        &self,
        memory: &Memory,
        milestone: &MilestoneId,
        work: &WorkId,
    ) -> Result<(), String> {
        let said = memory.recall(milestone).said.remove(work).unwrap_or_default();
        match said.iter().find(|text| !self.told.contains(*text)) {
            Some(text) => Err(format!("{work} is committed and has never heard {text}")),
            None => Ok(()),
        }
    }

    /// What was not told is still there to be told.
    pub(super) fn judge_end(&self, memory: &Memory) -> Result<(), String> {
        let untold = self.known.iter().filter(|(text, _)| !self.told.contains(*text));
        for (text, (milestone, _)) in untold {
            let known = memory.recall(milestone);
            let waits = known.queue.iter().any(|queued| queued.text == *text);
            let is_over = known.pushed.is_some()
                || known.answer("push", None).is_some_and(|answered| answered.answer == Answer::Finish);
            if !waits && (is_over || !known.said.values().flatten().any(|said| said == text)) {
                return Err(format!("nobody was told {text}, and it is gone"));
            }
        }
        Ok(())
    }
}
