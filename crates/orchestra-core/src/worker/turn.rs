//! The agent's turn: starting it, and what follows from how it ended.

use std::time::Duration;

use jiff::Timestamp;

use super::effect::{Effect, Tell, TurnOrder};
use super::question::Question;
use super::state::{After, Pending, Progress, Work};
use super::{Machine, Note};
use crate::edit::DocEdit;
use crate::id::{AgentName, SessionId, TurnId, WorkId};
use crate::own_tool::on_record::OnRecord;
use crate::plan::{Complexity, PhaseStatus};
use crate::record::Record;
use crate::report::{Fault, Outcome, Report, Usage};

/// How long an agent rests that failed too often in a row, and how long between tries of an outage, in minutes.
const REST: Duration = Duration::from_mins(10);
const OUTAGE_STEPS: [u64; 4] = [1, 2, 5, 10];

impl Machine {
    /// Starts a turn some time after its snapshot: what a person changed meanwhile is saved first.
    pub(super) fn start_late_turn(&mut self, work: Work) {
        self.save_found(&work);
        self.start_turn(work);
    }

    pub(super) fn start_turn(&mut self, mut work: Work) {
        let role_file = work.who.as_ref();
        let Some(agent) = self.state.seen.policy.agent_for(role_file) else {
            let (why, hint) = (
                "no agent is configured".to_owned(),
                "Name one under `agents:` in .orchestra/config.yaml: `orchestra doctor` says what is installed, and the lines."
                    .to_owned(),
            );
            self.state.keep(work);
            self.note(Note::Stopping { why, hint });
            return self.leave(Some(2));
        };
        let rests_until = self.state.agents.get(&agent).and_then(|strain| strain.rests_until);
        if let Some(until) = rests_until.filter(|until| *until > self.state.at) {
            return self.back_off(work, until, false);
        }
        let (Some(role), Some(milestone)) =
            (work.role.clone(), self.state.active().map(|active| active.id.clone()))
        else {
            return;
        };
        self.tell_what_was_queued(&mut work);
        self.state.last_turn = self.state.last_turn.next();
        let turn = self.state.last_turn;
        let (id, attempt) = (work.id.clone(), work.attempt);
        self.record(Record::TurnStarted {
            turn,
            milestone: milestone.clone(),
            work: id.clone(),
            attempt,
            baseline: work.baseline,
            since: work.since,
            agent: agent.clone(),
            role: Some(role.clone()),
        });
        self.note(Note::TurnBegan {
            work: id.clone(),
            role: role.clone(),
            title: self.title_of(&id),
            attempt,
            agent: agent.clone(),
        });
        let order = TurnOrder {
            turn,
            milestone,
            attempt,
            role,
            agent,
            complexity: work.what.as_ref().map_or(Complexity::Standard, |phase| phase.complexity),
            writes: !matches!(id, WorkId::Review(_) | WorkId::Diagnosis(_)),
            tell: work.standing.iter().chain(&work.tell).cloned().collect(),
            verify: self.verify_plan(&work),
            session: work.session.clone(),
            reads: self.commits_to_read(&id),
            timeout: self.state.seen.policy.config.limits.phase_timeout,
            work: id,
        };
        self.act(Effect::StartTurn(order));
        work.settled = false;
        work.progress = Progress::Running { turn, pausing: false };
        self.state.keep(work);
    }

    pub(super) fn turn_ended(
        &mut self,
        turn: TurnId,
        outcome: Outcome,
        session: Option<SessionId>,
        usage: Option<Usage>,
        heard: u32,
        said: OnRecord,
    ) {
        let of_turn = |work: &&Work| matches!(work.progress, Progress::Running { turn: running, .. } if running == turn);
        let id = self.state.works().iter().find(of_turn).map(|work| work.id.clone());
        let Some(mut work) = id.and_then(|id| self.state.take_work(&id)) else {
            return self.late(&format!("the end of {turn}"));
        };
        let pausing = matches!(work.progress, Progress::Running { pausing: true, .. });
        work.session = session.or(work.session);
        work.on_record.extend(said);
        if let Some(usage) = usage {
            work.usage = work.usage.plus(usage);
            self.state.tally.usage = self.state.tally.usage.plus(usage);
        }
        self.record(Record::TurnEnded { turn, outcome: in_words(&outcome), usage, heard });
        match outcome {
            _ if pausing => self.ask_interrupted(work),
            Outcome::Reported(report) => {
                self.ease(&work);
                work.hiccups = 0;
                work.outage_since = None;
                let earlier = std::mem::replace(&mut work.report, *report);
                work.on_record.lead(&mut work.report);
                if work.tell.contains(&Tell::NotHeard) {
                    // It was the same work, and what was decided in its first turn still holds.
                    let Report { decisions, concerns, .. } = earlier;
                    OnRecord { decisions, concerns }.lead(&mut work.report);
                }
                self.inspect(work, After::Turn);
            }
            Outcome::Faulted(fault) => self.faulted(work, fault),
        }
    }

    fn ask_interrupted(&mut self, mut work: Work) {
        let Some(milestone) = self.state.active().map(|active| active.id.clone()) else { return };
        let id = work.id.clone();
        work.progress = Progress::Asking(Pending::Interrupted);
        self.state.keep(work);
        self.ask(Question::Interrupted { milestone, work: id });
    }

    fn faulted(&mut self, work: Work, fault: Fault) {
        match fault {
            Fault::Transient { message, retry_after } => self.transient(work, message, retry_after),
            Fault::UsageLimit { message, until } => match until {
                Some(until) if until > self.state.at => {
                    self.announce_retry(&work, message, until, true);
                    self.back_off(work, until, true);
                }
                Some(_) | None => self.outage(work, message),
            },
            Fault::Unusable { message, hint } => {
                // No attempt of any phase can mend this: every status stays as it is.
                self.state.keep(work);
                self.note(Note::Stopping { why: message, hint });
                self.leave(Some(1));
            }
            Fault::Failed { message } => {
                self.strain(&work);
                self.repair(work, Tell::Failed(message.clone()), message);
            }
            Fault::TimedOut { after } => {
                self.strain(&work);
                let message = format!("it did not end within {} minutes", after.as_secs() / 60);
                self.repair(work, Tell::Failed(message.clone()), message);
            }
            // Nobody asked for it here: the agent was ended from outside.
            Fault::Cancelled => self.repair(
                work,
                Tell::Failed("the turn was ended from outside".to_owned()),
                "the agent was ended from outside".to_owned(),
            ),
        }
    }

    /// A rate limit or a lost connection is the provider's doing and costs no attempt.
    fn transient(&mut self, mut work: Work, message: String, retry_after: Option<Duration>) {
        self.strain(&work);
        let limits = &self.state.seen.policy.config.limits;
        if work.hiccups >= limits.retries {
            return self.outage(work, message);
        }
        let wait = limits.backoff.saturating_mul(2_u32.saturating_pow(work.hiccups));
        let until = after(self.state.at, wait.max(retry_after.unwrap_or_default()));
        work.hiccups += 1;
        self.announce_retry(&work, message, until, false);
        self.back_off(work, until, false);
    }

    /// The agent is out of reach: the phase counts as pending and is tried after 1, 2, 5, then every 10 minutes.
    fn outage(&mut self, mut work: Work, message: String) {
        let since = *work.outage_since.get_or_insert(self.state.at);
        let limits = &self.state.seen.policy.config.limits;
        let lasted = self.state.at.duration_since(since).unsigned_abs();
        if lasted >= limits.outage {
            let reason =
                format!("the agent has been out of reach for {} minutes: {message}", lasted.as_secs() / 60);
            return self.fail(work, reason);
        }
        let step =
            OUTAGE_STEPS[(work.hiccups.saturating_sub(limits.retries) as usize).min(OUTAGE_STEPS.len() - 1)];
        let until = after(self.state.at, Duration::from_mins(step));
        work.hiccups = work.hiccups.saturating_add(1).max(limits.retries + 1);
        self.announce_retry(&work, message, until, true);
        self.back_off(work, until, true);
    }

    fn announce_retry(&mut self, work: &Work, why: String, at: Timestamp, outage: bool) {
        if let Some(agent) = self.agent_of(work) {
            self.note(Note::Retrying { agent, why, at, outage });
        }
    }

    fn agent_of(&self, work: &Work) -> Option<AgentName> {
        self.state.seen.policy.agent_for(work.who.as_ref())
    }

    fn back_off(&mut self, mut work: Work, until: Timestamp, outage: bool) {
        if outage && let WorkId::Phase(phase) = &work.id {
            self.write(vec![DocEdit::PhaseStatus { phase: phase.clone(), status: PhaseStatus::Pending }]);
        }
        work.progress = Progress::Backoff { until, outage };
        self.state.keep(work);
    }

    /// A moment has come: whoever waited for it goes on.
    pub(super) fn woke(&mut self) {
        let waits = |work: &&Work| matches!(work.progress, Progress::Backoff { .. });
        let ids: Vec<WorkId> = self.state.works().iter().filter(waits).map(|work| work.id.clone()).collect();
        for id in ids {
            let Some(work) = self.state.take_work(&id) else { continue };
            match work.progress {
                Progress::Backoff { until, .. } if until > self.state.at => self.state.keep(work),
                Progress::Backoff { outage, .. } => {
                    if outage && let WorkId::Phase(phase) = &work.id {
                        let (phase, status) = (phase.clone(), PhaseStatus::InProgress);
                        self.write(vec![DocEdit::PhaseStatus { phase, status }]);
                    }
                    self.start_late_turn(work);
                }
                _ => self.state.keep(work),
            }
        }
    }

    /// Counts a failure of the work's agent; after too many in a row it rests.
    fn strain(&mut self, work: &Work) {
        let Some(agent) = self.agent_of(work) else { return };
        let limit = self.state.seen.policy.config.limits.circuit_failures;
        let at = self.state.at;
        let strain = self.state.agents.entry(agent.clone()).or_default();
        strain.failures += 1;
        if strain.failures >= limit {
            let (failures, until) = (strain.failures, after(at, REST));
            strain.rests_until = Some(until);
            self.note(Note::AgentRests { agent, failures, until });
        }
    }

    fn ease(&mut self, work: &Work) {
        if let Some(agent) = self.agent_of(work) {
            self.state.agents.remove(&agent);
        }
    }
}

/// A moment later; the end of time where there is none.
fn after(at: Timestamp, wait: Duration) -> Timestamp {
    at.checked_add(wait).unwrap_or(Timestamp::MAX)
}

/// Whether an outcome, as the journal words it, is one that is tried again and costs no attempt.
pub(crate) fn is_tried_again(outcome: &str) -> bool {
    outcome.starts_with(TRANSIENT) || outcome.starts_with(USAGE_LIMIT)
}

const TRANSIENT: &str = "transient: ";
const USAGE_LIMIT: &str = "usage limit: ";

fn in_words(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Reported(_) => "reported".to_owned(),
        Outcome::Faulted(Fault::Transient { message, .. }) => format!("{TRANSIENT}{message}"),
        Outcome::Faulted(Fault::UsageLimit { message, .. }) => format!("{USAGE_LIMIT}{message}"),
        Outcome::Faulted(Fault::Unusable { message, .. }) => format!("unusable: {message}"),
        Outcome::Faulted(Fault::Failed { message }) => format!("failed: {message}"),
        Outcome::Faulted(Fault::TimedOut { after }) => format!("timed out after {} s", after.as_secs()),
        Outcome::Faulted(Fault::Cancelled) => "cancelled".to_owned(),
    }
}
