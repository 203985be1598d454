//! Telling a person elsewhere what a run waits for, what it has done or set aside, and that it has ended.
//!
//! It stands between the worker and whatever shows it, and looks at what passes. Neither waits for the person's program: events
//! wait in a queue, one is told after the other, and what goes wrong is a remark. At the end of a run what is still to be told has
//! ten seconds; after a signal one.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use orchestra_core::config::Notify;
use orchestra_core::id::GateId;
use orchestra_core::worker::{Asked, Note, Question, Resolution, Stage, State};
use orchestra_engine::worker::View;
use orchestra_project::layout::Layout;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::teller::Teller;
use super::{LAST_WORDS, project_name};
use crate::commands::status::model::command;
use crate::context::Context;

/// How many events wait to be told.
const MOST: usize = 64;
/// How long what is still to be told has when the run has ended.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest words of others in an event, in characters.
const LONGEST: usize = 2_000;

/// What is told, and by whom.
pub(super) struct Telling {
    context: Context,
    project: String,
    teller: Teller,
    state: Option<Arc<State>>,
    asked: BTreeSet<GateId>,
    /// The question with which a milestone is being set aside.
    set_aside_for: Option<Box<Asked>>,
    why: Option<String>,
}

/// Something to tell.
struct Event {
    text: String,
    event: Value,
}

impl Telling {
    /// Who tells this person; nobody where they named no program.
    pub(super) fn of(context: &Context, layout: &Layout, notify: &Notify) -> Option<Self> {
        let Notify::Command(command) = notify else { return None };
        let (environment, launcher) = (context.environment.clone(), context.launcher(None));
        Some(Self {
            context: context.clone(),
            project: project_name(layout),
            teller: Teller::new(command.clone(), environment, layout.root(), launcher),
            state: None,
            asked: BTreeSet::new(),
            set_aside_for: None,
            why: None,
        })
    }

    /// Hands on everything that a worker tells, with remarks on what could not be told elsewhere.
    pub(super) async fn pass_on(mut self, mut views: mpsc::Receiver<View>, shown: mpsc::Sender<View>) {
        let (events, waiting) = mpsc::channel(MOST);
        let (failed, mut failures) = mpsc::channel(MOST);
        let telling = tokio::spawn(tell_all(self.teller.clone(), waiting, failed));
        loop {
            tokio::select! {
                view = views.recv() => {
                    let Some(view) = view else { break };
                    let event = self.event_of(&view);
                    // Nobody watching is no reason to tell nobody.
                    drop(shown.send(view).await);
                    if let Some(Err(why)) = event.map(|event| offer(&events, event)) {
                        remark(&shown, why).await;
                    }
                }
                Some(why) = failures.recv() => remark(&shown, why).await,
            }
        }
        let (code, end) = self.end();
        if let Err(why) = offer(&events, end) {
            remark(&shown, why).await;
        }
        drop(events);
        let last = async {
            while let Some(why) = failures.recv().await {
                remark(&shown, why).await;
            }
        };
        let patience = if matches!(code, Some(129 | 130 | 143)) { LAST_WORDS } else { PATIENCE };
        if timeout(patience, last).await.is_err() {
            telling.abort();
            remark(&shown, "not everything could be told by `notify_command` before the end".to_owned())
                .await;
        }
    }

    /// What there is to tell of something.
    fn event_of(&mut self, view: &View) -> Option<Event> {
        match view {
            View::State(state) => {
                self.state = Some(Arc::clone(state));
                None
            }
            View::Asked(asked) if !self.asked.insert(asked.gate.clone()) => None,
            View::Asked(asked) if self.is_set_aside_for(&asked.question) => {
                self.set_aside_for = Some(asked.clone());
                None
            }
            View::Asked(asked) => Some(self.waits(asked)),
            View::Note(at, Note::MilestoneDone { milestone, pushed }) => {
                let event = json!({ "event": "done", "milestone": milestone, "pushed": pushed });
                Some(self.event(*at, &format!("{milestone} is done"), event))
            }
            View::Note(at, Note::Parked { milestone, reason }) => {
                let asked =
                    self.set_aside_for.take().filter(|asked| asked.question.milestone() == Some(milestone));
                let event = json!({
                    "event": "parked", "milestone": milestone, "reason": cut(reason),
                    "gate": asked.as_ref().map(|asked| &asked.gate),
                    "commands": asked.as_ref().map(|asked| self.commands(asked)).unwrap_or_default(),
                });
                Some(self.event(*at, &format!("{milestone} is set aside"), event))
            }
            View::Note(_, Note::Stopping { why, .. }) => {
                self.why = Some(cut(why));
                None
            }
            View::Note(..) | View::Agent(..) | View::Unasked(_) => None,
        }
    }

    fn waits(&self, asked: &Asked) -> Event {
        let Asked { gate, question, .. } = asked;
        let commands = self.commands(asked);
        let event = json!({
            "event": "waits", "gate": gate, "question": question.name(), "asks": cut(&question.text()),
            "milestone": question.milestone(), "work": question.work(), "commands": commands,
        });
        self.event(Timestamp::now(), &format!("{} waits for you", question.name()), event)
    }

    /// What can be typed, a command for each answer.
    fn commands(&self, asked: &Asked) -> Vec<String> {
        let words = asked.question.answers();
        words.iter().map(|word| command(&self.context, &asked.gate, word)).collect()
    }

    /// Whether the milestone is set aside with the question at once: that is one thing to tell and not two.
    fn is_set_aside_for(&self, question: &Question) -> bool {
        let Some(state) = &self.state else { return false };
        let milestone = question.milestone().and_then(|id| state.seen.plan.find(id));
        question.resolve(&state.seen.policy, milestone) == Resolution::Park
    }

    /// The end of the run, with its exit code where there is one.
    fn end(&self) -> (Option<u8>, Event) {
        let state = self.state.as_deref();
        let code = state.and_then(|state| match state.stage {
            Stage::Left { code } => Some(code),
            Stage::Asleep | Stage::Looking | Stage::Idle | Stage::Milestone(_) => None,
        });
        let tally = state.map(|state| state.tally.clone()).unwrap_or_default();
        let parked: Vec<_> = tally.parked.iter().map(|(milestone, _)| milestone).collect();
        let event = json!({
            "event": "ended", "code": code, "why": self.why, "done": tally.done, "parked": parked,
            "waiting": tally.waiting, "left_off": tally.left_off, "commits": tally.commits,
            "tokens": tally.usage.tokens(), "cost_usd": tally.usage.cost_usd,
        });
        (code, self.event(Timestamp::now(), "the run has ended", event))
    }

    fn event(&self, at: Timestamp, what: &str, mut event: Value) -> Event {
        let text = format!("{}: {what}", self.project);
        if let Some(fields) = event.as_object_mut() {
            let common = [("at", json!(at)), ("project", json!(self.project)), ("text", json!(text))];
            fields.extend(common.map(|(key, value)| (key.to_owned(), value)));
        }
        Event { text, event }
    }
}

/// Tells one event after the other.
async fn tell_all(teller: Teller, mut events: mpsc::Receiver<Event>, failed: mpsc::Sender<String>) {
    while let Some(Event { text, event }) = events.recv().await {
        if let Err(why) = teller.tell(&text, &event).await {
            // Where nobody hears it the run is over.
            drop(failed.send(why).await);
        }
    }
}

/// Puts an event into the queue, if there is room.
fn offer(events: &mpsc::Sender<Event>, event: Event) -> Result<(), String> {
    events.try_send(event).map_err(|refused| {
        let text = refused.into_inner().text;
        format!("`notify_command` does not keep up: `{text}` was not told")
    })
}

async fn remark(shown: &mpsc::Sender<View>, text: String) {
    drop(shown.send(View::Note(Timestamp::now(), Note::Remark { text })).await);
}

/// Words of others, as far as an event has room for them.
fn cut(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
