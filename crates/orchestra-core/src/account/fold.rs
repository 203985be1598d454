//! The journal's entries, one after the other.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{
    Account, Accounts, Asked, Decided, Given, Replanned, Running, Seconds, Spent, Unmetered, WorkAccount,
};
use crate::id::{AgentName, GateId, MilestoneId, RoleId, TurnId, WorkId};
use crate::plan::{ARCHITECT, REVIEWER};
use crate::record::{Entry, Record};
use crate::repo::CommitId;

impl Accounts {
    /// Folds entries, oldest first.
    pub fn of<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Self {
        let mut accounts = Self::default();
        for entry in entries {
            accounts.take(entry);
        }
        accounts
    }

    /// Turns that have not ended, where no worker runs any more, were cut short.
    pub fn end_what_is_over(&mut self) {
        self.cut_short(None);
    }

    /// Takes one more entry.
    #[expect(clippy::too_many_lines, reason = "one flat arm a record")]
    pub fn take(&mut self, entry: &Entry) {
        let at = entry.at;
        match &entry.record {
            Record::Started { .. } => self.started(),
            Record::Left { .. } => {
                self.cut_short(Some(at));
                self.is_at_work = false;
            }
            Record::TurnStarted { turn, milestone, work, attempt, since, agent, role, .. } => {
                self.turn_started(at, (*turn, milestone, work), (*attempt, *since), agent, role.as_ref());
            }
            Record::TurnEnded { turn, outcome, usage, .. } => {
                let Some(Running { milestone, work, since }) = self.running.remove(turn) else {
                    self.stray = self.stray.plus(Spent::turn(Seconds::default(), *usage));
                    return;
                };
                let account = self.about(&milestone, at);
                if crate::worker::is_tried_again(outcome) {
                    account.recoveries.retries = account.recoveries.retries.saturating_add(1);
                }
                account.ended(*turn, &work, outcome, Spent::turn(Seconds::between(since, at), *usage));
            }
            Record::BaseVerified { green, red, .. } => {
                if let Some(milestone) = self.last.clone() {
                    self.about(&milestone, at).tested(green, red);
                }
            }
            Record::Verified { milestone, green, red, .. } => self.about(milestone, at).tested(green, red),
            Record::Asked { gate, milestone, text, .. } => {
                if let Some(milestone) = milestone {
                    self.about(milestone, at);
                }
                let asked = Asked { milestone: milestone.clone(), text: text.clone(), since: at };
                self.asked.insert(gate.clone(), asked);
            }
            Record::Withdrawn { gate } => drop(self.waited(gate, at)),
            Record::Answered { gate, question, milestone, work, answer, by, .. } => {
                let asked = self.waited(gate, at);
                let Some(milestone) = milestone else { return };
                self.about(milestone, at).answers.push(Given {
                    at,
                    question: question.clone(),
                    work: work.clone(),
                    text: asked.map(|asked| asked.text).unwrap_or_default(),
                    answer: answer.clone(),
                    by: *by,
                });
            }
            Record::Replanned { milestone, reason, changes, by, .. } => {
                let replanned = Replanned { at, by: *by, reason: reason.clone(), changes: changes.clone() };
                self.about(milestone, at).replans.push(replanned);
            }
            Record::Intended { milestone, work, decisions, .. } => {
                // One that was made again takes the place of the one before.
                self.about(milestone, at).decided.insert(work.clone(), decisions.clone());
            }
            Record::Committed { milestone, work, commit } => self.committed(at, milestone, work, commit),
            Record::Failed { milestone, work, .. } => {
                let account = self.about(milestone, at);
                account.recoveries.failures = account.recoveries.failures.saturating_add(1);
                let work = account.work(work, at);
                work.failures = work.failures.saturating_add(1);
            }
            Record::Skipped { milestone, work } => {
                let account = self.about(milestone, at);
                account.recoveries.skipped = account.recoveries.skipped.saturating_add(1);
                account.work(work, at).skipped = true;
            }
            Record::Parked { milestone, reason, .. } => {
                self.about(milestone, at).parked.push(reason.clone());
            }
            Record::Pushed { milestone, remote, branch, .. } => {
                self.about(milestone, at).pushes.push(format!("{remote}/{branch}"));
            }
            Record::Rescued { reference, paths } => {
                if let Some(milestone) = put_back_of(reference) {
                    let recoveries = &mut self.about(&milestone, at).recoveries;
                    let count = u32::try_from(paths.len()).unwrap_or(u32::MAX);
                    recoveries.put_back = recoveries.put_back.saturating_add(count);
                }
            }
            Record::Picked { milestone, .. } => {
                self.last = Some(milestone.clone());
                self.about(milestone, at);
            }
            Record::Inspected { milestone, .. }
            | Record::RfcReady { milestone, .. }
            | Record::Reviewed { milestone, .. }
            | Record::TakenUp { milestone, .. }
            | Record::Closed { milestone } => drop(self.about(milestone, at)),
            // What a person plans or says is no work, and what only recovery needs is none either.
            Record::Queued { .. }
            | Record::Unqueued { .. }
            | Record::Said { .. }
            | Record::Planned { .. }
            | Record::Created { .. }
            | Record::Adopted { .. }
            | Record::Touching { .. }
            | Record::Touched
            | Record::Wrote { .. }
            | Record::Note { .. } => {}
        }
    }

    fn about(&mut self, milestone: &MilestoneId, at: Timestamp) -> &mut Account {
        let account = self.milestones.entry(milestone.clone()).or_default();
        account.begun.get_or_insert(at);
        account.last = Some(at);
        account
    }

    fn started(&mut self) {
        self.runs = self.runs.saturating_add(1);
        if std::mem::replace(&mut self.is_at_work, true) {
            self.kills = self.kills.saturating_add(1);
            if let Some(account) = self.last.as_ref().and_then(|last| self.milestones.get_mut(last)) {
                account.recoveries.kills = account.recoveries.kills.saturating_add(1);
            }
        }
        self.cut_short(None);
    }

    fn turn_started(
        &mut self,
        at: Timestamp,
        (turn, milestone, id): (TurnId, &MilestoneId, &WorkId),
        (attempt, since): (u32, u32),
        agent: &AgentName,
        role: Option<&RoleId>,
    ) {
        self.last = Some(milestone.clone());
        let running = Running { milestone: milestone.clone(), work: id.clone(), since: at };
        if let Some(before) = self.running.insert(turn, running) {
            // A journal that lost lines counts its turns anew.
            self.about(&before.milestone, at).ended(
                turn,
                &before.work,
                CUT_SHORT,
                Spent::turn(Seconds::default(), None),
            );
        }
        let account = self.about(milestone, at);
        let work = account.work(id, at);
        work.agents.insert(agent.clone());
        if let Some(role) = role {
            work.role = Some(role.clone());
        }
        let is_repair = attempt > work.attempt && work.attempt > 0 && since == work.since;
        if attempt != work.attempt {
            work.attempts = work.attempts.saturating_add(1);
        }
        (work.attempt, work.since) = (attempt, since);
        let recoveries = &mut account.recoveries;
        if matches!(id, WorkId::Diagnosis(_)) {
            recoveries.diagnoses = recoveries.diagnoses.saturating_add(1);
        } else if is_repair {
            recoveries.repairs = recoveries.repairs.saturating_add(1);
        }
    }

    fn committed(&mut self, at: Timestamp, milestone: &MilestoneId, id: &WorkId, commit: &CommitId) {
        let account = self.about(milestone, at);
        let decided = account.decided.remove(id).unwrap_or_default();
        account.decisions.extend(decided.into_iter().map(|decision| Decided { work: id.clone(), decision }));
        let work = account.work(id, at);
        // After a crash it is on record once more.
        work.committed.get_or_insert(at);
        work.commit = Some(commit.clone());
    }

    /// A question waits no more.
    fn waited(&mut self, gate: &GateId, at: Timestamp) -> Option<Asked> {
        let asked = self.asked.remove(gate)?;
        if let Some(milestone) = &asked.milestone {
            let account = self.about(milestone, at);
            account.waited = account.waited.plus(Seconds::between(asked.since, at));
        }
        Some(asked)
    }

    /// Turns that nobody saw end: until when they ran is known where the worker left by itself.
    fn cut_short(&mut self, at: Option<Timestamp>) {
        for (turn, Running { milestone, work, since }) in std::mem::take(&mut self.running) {
            let took = at.map_or(Seconds::default(), |at| Seconds::between(since, at));
            let account = match at {
                Some(at) => self.about(&milestone, at),
                None => self.milestones.entry(milestone).or_default(),
            };
            account.recoveries.cut_short = account.recoveries.cut_short.saturating_add(1);
            account.ended(turn, &work, CUT_SHORT, Spent::turn(took, None));
        }
    }
}

/// The outcome of a turn of which the journal has no end.
const CUT_SHORT: &str = "cut short";

impl Account {
    fn find(&mut self, id: &WorkId) -> Option<&mut WorkAccount> {
        self.works.iter_mut().find(|known| known.work == *id)
    }

    fn work(&mut self, id: &WorkId, at: Timestamp) -> &mut WorkAccount {
        let place = self.works.iter().position(|known| known.work == *id).unwrap_or_else(|| {
            self.works.push(WorkAccount {
                work: id.clone(),
                role: role_of(id),
                agents: BTreeSet::new(),
                attempts: 0,
                failures: 0,
                skipped: false,
                begun: at,
                committed: None,
                commit: None,
                spent: Spent::default(),
                attempt: 0,
                since: 0,
            });
            self.works.len() - 1
        });
        &mut self.works[place]
    }

    fn tested(&mut self, green: &[String], red: &[String]) {
        for command in green {
            let test = self.tests.entry(command.clone()).or_default();
            test.green = test.green.saturating_add(1);
        }
        for command in red {
            let test = self.tests.entry(command.clone()).or_default();
            test.red = test.red.saturating_add(1);
        }
    }

    fn ended(&mut self, turn: TurnId, id: &WorkId, outcome: &str, spent: Spent) {
        if spent.without_usage > 0 {
            let outcome = outcome.to_owned();
            self.unmetered.push(Unmetered { turn, work: id.clone(), outcome });
        }
        if let Some(work) = self.find(id) {
            work.spent = work.spent.plus(spent);
        }
    }
}

/// The role of a work that has always the same.
fn role_of(work: &WorkId) -> Option<RoleId> {
    match work {
        WorkId::Rfc | WorkId::Diagnosis(_) => RoleId::parse(ARCHITECT).ok(),
        WorkId::Review(_) => RoleId::parse(REVIEWER).ok(),
        WorkId::Fix { role, .. } => Some(role.clone()),
        WorkId::Base | WorkId::Phase(_) | WorkId::Close(_) => None,
    }
}

/// The milestone of a ref below which is what lay outside a role's room, written
/// `refs/orchestra/rescue/M1-a/phase-1/1/out-of-room`, with the name of a linked work tree behind `M1-a`.
fn put_back_of(reference: &str) -> Option<MilestoneId> {
    let mut parts = reference.strip_prefix("refs/orchestra/rescue/")?.split('/');
    let milestone = parts.next()?.split('@').next()?;
    parts.next_back().filter(|label| label.starts_with("out-of-room"))?;
    MilestoneId::parse(milestone).ok()
}
