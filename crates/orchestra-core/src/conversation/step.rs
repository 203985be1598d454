//! What follows from an event.

mod asks;
mod left;

use std::time::Duration;

use jiff::Timestamp;

use super::effect::{Effect, Note};
use super::event::{Event, Fact, TurnEnd};
use super::kept::{Kept, Line, Recalled};
use super::state::{Conversation, Running, Then, Trouble, What};
use crate::id::TurnId;
use crate::report::{Fault, Outcome, Report, Usage};

/// How often an agent that cannot be reached is tried again by itself, after 2, 4 and 8 seconds.
const TRIES: u32 = 3;
/// What the agent is told whose turn was cut short.
const CUT_SHORT: &str = "Your last turn was cut short. Go on from there.";

/// Decides what follows from `event`. Total: any event may come in any state.
pub fn step(conversation: &Conversation, event: Event) -> (Conversation, Vec<Effect>) {
    let mut machine = Machine { state: conversation.clone(), effects: Vec::new() };
    machine.state.at = event.at;
    if !machine.state.left {
        machine.on(event.fact);
    }
    (machine.state, machine.effects)
}

struct Machine {
    state: Conversation,
    effects: Vec<Effect>,
}

impl Machine {
    fn on(&mut self, fact: Fact) {
        match fact {
            Fact::Opened(recalled) => self.opened(*recalled),
            Fact::Said { text } => self.said(text),
            Fact::Queued { text } => {
                self.keep(Line::Queued { text: text.clone() });
                self.state.queue.push(text);
                self.go_on();
            }
            Fact::Unqueued { text } => {
                if let Some(at) = self.state.queue.iter().rposition(|queued| *queued == text) {
                    self.state.queue.remove(at);
                    self.keep(Line::Unqueued { text });
                }
            }
            Fact::Interrupted => self.interrupt(),
            Fact::LeaveRequested => self.leave_requested(),
            Fact::Answered { ask, of, verdict } => self.answered(ask, of, verdict),
            Fact::Proposes { call, what } => self.proposes(call, what),
            Fact::Asks { call, form } => self.asks(call, form),
            Fact::Drawn { ask, drawn } => self.drawn(ask, drawn),
            Fact::Written { ask, what } => self.written(ask, what),
            Fact::NotWritten { ask, why } => self.not_written(ask, why),
            Fact::TurnEnded(end) => self.turn_ended(end),
            Fact::LookedAt { turn, left } => self.looked_at(turn, left),
            Fact::PutBack { ask, done } => self.put_back(ask, done),
            Fact::CommitWanted { message } => self.commit_wanted(&message),
            Fact::Woke => self.woke(),
            Fact::Broken { why } => {
                let hint = "Mend it, then say anything to go on.".to_owned();
                self.trouble(Trouble { message: why, hint, again: None });
            }
        }
    }

    /// Takes up what was kept, as if it had just happened, without doing anything of it again.
    fn opened(&mut self, recalled: Recalled) {
        let at = self.state.at;
        self.state = Conversation {
            at,
            id: recalled.id,
            role: recalled.role.clone(),
            agent: recalled.agent.clone(),
            hears: recalled.hears,
            ..Conversation::default()
        };
        if recalled.lines.is_empty() {
            if let (Some(role), Some(agent)) = (recalled.role, recalled.agent) {
                self.keep(Line::Began { role, agent });
            }
            return;
        }
        let is_ask = |line: &Line| {
            matches!(
                line,
                Line::Proposed { .. }
                    | Line::Asked { .. }
                    | Line::Wrote { .. }
                    | Line::Outside { .. }
                    | Line::Leaving
            )
        };
        let backwards = recalled.lines.iter().rev().map(|kept| &kept.line);
        let has_asked = backwards.take_while(|line| !matches!(line, Line::TurnStarted { .. })).any(is_ask);
        let mut has_spoken = false;
        for Kept { line, at } in recalled.lines {
            self.recall(line, at, &mut has_spoken);
        }
        let killed = self.state.running.take();
        let was_killed = killed.is_some();
        if let Some(running) = killed {
            // The program was killed in the middle of a turn.
            self.state.news.extend(running.wrote.iter().cloned());
            self.state.looking = Some(running.turn);
            self.untell(running, !has_spoken, 0);
            if has_spoken {
                self.state.news.push(CUT_SHORT.to_owned());
            }
        }
        if let Some(turn) = self.state.looking {
            // What it wrote has to be known before anybody writes more.
            self.effects.push(Effect::LookAt { turn });
        }
        for open in &self.state.open {
            if let What::Drawing { what, approved, .. } = &open.what {
                self.effects.push(Effect::Draw {
                    ask: open.id,
                    what: what.clone(),
                    edited: Vec::new(),
                    approved: *approved,
                });
            }
        }
        // A turn that asked the person something is not begun anew: it would ask again.
        if was_killed {
            let has_asked = has_asked || !self.state.open.is_empty();
            self.state.then = if has_asked { Then::Wait } else { Then::BeginAnew };
        }
    }

    fn recall(&mut self, line: Line, at: Timestamp, has_spoken: &mut bool) {
        let state = &mut self.state;
        match line {
            Line::Said { text } => match &mut state.running {
                Some(running) => running.said.push(text),
                None => state.unheard.push(text),
            },
            Line::Queued { text } => state.queue.push(text),
            Line::Unqueued { text } => {
                if let Some(at) = state.queue.iter().rposition(|queued| *queued == text) {
                    state.queue.remove(at);
                }
            }
            Line::TurnStarted { turn } => {
                // One before it that has no end was killed with its program.
                if let Some(killed) = state.running.take() {
                    self.untell(killed, !*has_spoken, 0);
                }
                *has_spoken = false;
                self.state.last_turn = turn;
                self.state.running = Some(self.state.take_all(turn, at));
            }
            Line::Text { .. } | Line::Tool { .. } => *has_spoken = true,
            Line::TurnEnded { turn, session, usage, heard, untold, wrote, wording, .. } => {
                state.session = session.or(state.session.take());
                state.looking = wrote.then_some(turn);
                state.wording = wording.or(state.wording.take());
                count(state, usage);
                if let Some(running) = state.running.take() {
                    self.untell(running, untold, heard);
                }
            }
            Line::Changed { .. } => state.looking = None,
            Line::Began { .. } | Line::Found { .. } | Line::Leaving | Line::Left | Line::Unknown => {}
            other => self.recall_ask(other, at),
        }
    }

    fn said(&mut self, text: String) {
        if text.trim().is_empty() {
            self.look_again();
            // To go on with what is unheard.
            if self.state.is_free() && self.state.has_something_to_say() {
                self.start_turn();
            }
            return;
        }
        self.keep(Line::Said { text: text.clone() });
        self.look_again();
        let hears = self.state.hears;
        if let Some(running) = &mut self.state.running {
            running.said.push(text.clone());
            let turn = running.turn;
            if hears {
                self.effects.push(Effect::Tell { turn, text });
            }
        } else {
            self.state.unheard.push(text);
            if self.state.is_free() {
                self.start_turn();
            }
        }
    }

    fn start_turn(&mut self) {
        let turn = self.state.last_turn.next();
        self.state.last_turn = turn;
        self.state.trouble = None;
        let running = self.state.take_all(turn, self.state.at);
        self.keep(Line::TurnStarted { turn });
        self.effects.push(Effect::StartTurn {
            turn,
            text: running.told.join("\n\n"),
            news: running.news.clone(),
            session: self.state.session.clone(),
        });
        self.state.running = Some(running);
    }

    /// Starts the next turn where something waits to be said and nothing stands in the way.
    fn go_on(&mut self) {
        if self.state.has_something_to_say() {
            self.begin();
        }
    }

    /// Starts a turn where none runs and nothing stands in the way.
    fn begin(&mut self) {
        if self.state.is_free() && self.state.trouble.is_none() {
            self.start_turn();
        }
    }

    fn interrupt(&mut self) {
        if let Some(running) = &mut self.state.running {
            running.interrupted = true;
            let turn = running.turn;
            self.effects.push(Effect::Interrupt { turn });
        }
    }

    fn leave_requested(&mut self) {
        if self.state.is_free() || self.state.leaving {
            self.leave();
        } else {
            self.state.leaving = true;
            self.keep(Line::Leaving);
            self.interrupt();
        }
    }

    fn leave(&mut self) {
        // Where a turn is left behind, what it changed has to be found out next time.
        if self.state.is_free() {
            self.keep(Line::Left);
        }
        self.state.left = true;
        self.effects.push(Effect::Leave);
    }

    fn turn_ended(&mut self, end: TurnEnd) {
        let TurnEnd { turn, outcome, session, usage, heard, spoke, wrote } = end;
        let Some(running) = self.state.running.take_if(|running| running.turn == turn) else { return };
        let interrupted = running.interrupted;
        let (fault, report) = match outcome {
            Outcome::Reported(report) => (None, *report),
            Outcome::Faulted(fault) => (Some(fault), Report::default()),
        };
        let untold = fault.is_some() && !spoke && !interrupted;
        self.keep(Line::TurnEnded {
            turn,
            outcome: fault.as_ref().map_or_else(|| "reported".to_owned(), in_a_word),
            session: session.clone(),
            usage,
            heard,
            untold,
            wrote,
            wording: report.commit.clone(),
        });
        self.found(report.verdict, report.findings);
        self.state.wording = report.commit.or(self.state.wording.take());
        if wrote {
            self.state.looking = Some(turn);
            self.effects.push(Effect::LookAt { turn });
        }
        self.state.session = session.or(self.state.session.take());
        count(&mut self.state, usage);
        self.untell(running, untold, heard);
        for open in &mut self.state.open {
            open.call = None;
        }
        if interrupted && !self.state.leaving {
            // Whoever interrupts does not want to be asked by it.
            self.state.open.retain(|open| !matches!(open.what, What::Form(_)));
        }
        match fault {
            _ if interrupted => {
                self.state.failed = 0;
                if !self.state.leaving {
                    self.note(Note::Interrupted);
                }
            }
            None => self.state.failed = 0,
            Some(fault) => self.faulted(&fault, spoke),
        }
        self.leave_or_go_on();
    }

    fn leave_or_go_on(&mut self) {
        if !self.state.leaving {
            self.go_on();
        } else if self.state.is_free() {
            self.leave();
        }
    }

    fn faulted(&mut self, fault: &Fault, spoke: bool) {
        if spoke {
            self.state.news.push(CUT_SHORT.to_owned());
        }
        self.state.failed += 1;
        let again = match fault {
            Fault::Transient { retry_after, .. } if self.state.failed <= TRIES => {
                let wait = retry_after.unwrap_or(Duration::from_secs(1 << self.state.failed));
                self.state.at.checked_add(wait).ok()
            }
            _ => None,
        };
        let (message, hint) = explain(fault);
        if let Some(again) = again {
            self.effects.push(Effect::WakeAt(again));
        }
        self.trouble(Trouble { message, hint, again });
    }

    fn trouble(&mut self, trouble: Trouble) {
        self.note(Note::Trouble {
            message: trouble.message.clone(),
            hint: trouble.hint.clone(),
            again: trouble.again,
        });
        self.state.trouble = Some(trouble);
    }

    fn woke(&mut self) {
        let due = self.state.trouble.as_ref().and_then(|trouble| trouble.again);
        if self.state.is_free() && due.is_some_and(|due| due <= self.state.at) {
            self.start_turn();
        }
    }

    /// What a turn did not hear is unheard again, in the order in which it was said.
    fn untell(&mut self, running: Running, told_again: bool, heard: u32) {
        let mut unheard = Vec::new();
        if told_again {
            unheard.extend(running.told);
            self.state.news.splice(0..0, running.news);
        }
        let heard = usize::try_from(heard).unwrap_or(usize::MAX);
        unheard.extend(running.said.into_iter().skip(heard));
        self.state.unheard.splice(0..0, unheard);
    }

    fn keep(&mut self, line: Line) {
        self.effects.push(Effect::Keep(line));
    }

    fn note(&mut self, note: Note) {
        self.effects.push(Effect::Note(note));
    }

    fn remark(&mut self, text: &str) {
        self.note(Note::Remark { text: text.to_owned() });
    }
}

impl Conversation {
    /// Whether a turn can begin: none runs, and it is known what the last one changed.
    fn is_free(&self) -> bool {
        self.running.is_none() && self.looking.is_none()
    }

    fn has_something_to_say(&self) -> bool {
        !self.unheard.is_empty() || !self.queue.is_empty()
    }

    /// All that waits to be said goes to a turn.
    fn take_all(&mut self, turn: TurnId, since: Timestamp) -> Running {
        let mut told = std::mem::take(&mut self.unheard);
        told.append(&mut self.queue);
        let news = std::mem::take(&mut self.news);
        Running { turn, since, told, news, said: Vec::new(), wrote: Vec::new(), interrupted: false }
    }
}

fn count(state: &mut Conversation, usage: Option<Usage>) {
    match usage {
        Some(usage) => state.used = state.used.plus(usage),
        None => state.uncounted += 1,
    }
}

fn in_a_word(fault: &Fault) -> String {
    match fault {
        Fault::Transient { message, .. } => format!("unreachable: {message}"),
        Fault::UsageLimit { message, .. } => format!("limit: {message}"),
        Fault::Unusable { message, .. } => format!("unusable: {message}"),
        Fault::Failed { message } => format!("failed: {message}"),
        Fault::TimedOut { .. } => "timed out".to_owned(),
        Fault::Cancelled => "cancelled".to_owned(),
    }
}

/// What the person is told, and what they can do.
fn explain(fault: &Fault) -> (String, String) {
    const AGAIN: &str = "Press enter to try again, or say something else.";
    match fault {
        Fault::Transient { message, .. }
        | Fault::Failed { message }
        | Fault::UsageLimit { message, until: None } => (message.clone(), AGAIN.to_owned()),
        Fault::UsageLimit { message, until: Some(until) } => {
            (message.clone(), format!("It can be used again at {until}. {AGAIN}"))
        }
        Fault::Unusable { message, hint } => (message.clone(), hint.clone()),
        Fault::TimedOut { after } => {
            (format!("It did not answer within {} seconds.", after.as_secs()), AGAIN.to_owned())
        }
        Fault::Cancelled => ("It was stopped.".to_owned(), AGAIN.to_owned()),
    }
}
