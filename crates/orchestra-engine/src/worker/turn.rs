//! An agent's turn: request, transcript, events, outcome.

use std::fs::{DirBuilder, File, OpenOptions};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use orchestra_agent::agent::{Agent as _, AnyAgent, TurnRequest};
use orchestra_core::config::AgentConfig;
use orchestra_core::id::{SessionId, TurnId};
use orchestra_core::report::{AgentEvent, Fault, Outcome, Usage};
use orchestra_core::worker::{Fact, Failure, FailureKind, Policy, TurnOrder};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::place::{Place, held};
use super::{TurnHandle, View, Worker, failure};

/// How many events of an agent wait for those who watch; one that finds no place is in the transcript only.
const EVENTS: usize = 1024;
/// How much a person may say before an agent takes any of it up; what is beyond is told at its end.
const WORDS: usize = 64;

impl Worker {
    /// Starts an agent; its end comes back as a fact.
    pub(super) fn start_turn(&mut self, order: TurnOrder) -> Result<(), Failure> {
        let milestone = self.milestone(&order.milestone)?;
        let policy = self.state.seen.policy.clone();
        let role = self.state.seen.plan.find_role(&order.role).cloned();
        let cancel = CancellationToken::new();
        let (words, heard) = mpsc::channel(WORDS);
        self.turns.insert(order.turn, TurnHandle { cancel: cancel.clone(), words });
        let (place, views, turn) = (Arc::clone(&self.place), self.views.clone(), order.turn);
        self.playing.spawn(async move {
            let preparing = Arc::clone(&place);
            let prepared = tokio::task::spawn_blocking(move || {
                let prompt = preparing.brief(&milestone, role.as_ref(), &order)?;
                let (agent, mut request) =
                    preparing.request(&order, role.as_ref(), &policy, prompt, cancel)?;
                request.words = Some(heard);
                Ok((agent, request))
            });
            let (agent, request) = match prepared.await {
                Ok(prepared) => prepared?,
                Err(error) => return Err(failure::panicked(&error)),
            };
            let scratch = request.scratch.clone();
            let session = request.session.clone();
            let ended = play(agent, request, turn, views, place, session).await;
            // What is left of the scratch folder is swept with the next turn of that number.
            drop(std::fs::remove_dir_all(scratch));
            Ok(ended)
        });
        Ok(())
    }
}

/// Plays the turn. A panic of the agent's code is a failed turn, not a dead worker.
async fn play(
    agent: AnyAgent,
    request: TurnRequest,
    turn: TurnId,
    views: mpsc::Sender<View>,
    place: Arc<Place>,
    session: Option<SessionId>,
) -> Fact {
    let (sender, mut events) = mpsc::channel(EVENTS);
    // Dropping it ends the agent's whole tree, as dropping the agent's own future would.
    let running = AbortOnDropHandle::new(tokio::spawn(async move { agent.run(request, sender).await }));
    let mut seen = Seen { session, usage: None, heard: 0 };
    while let Some(event) = events.recv().await {
        match &event {
            AgentEvent::Session { session } => seen.session = Some(session.clone()),
            AgentEvent::Usage { usage } => seen.usage = Some(*usage),
            AgentEvent::Heard => seen.heard += 1,
            _ => {}
        }
        // Showing never waits for work, and work never for showing.
        drop(views.try_send(View::Agent(turn, event)));
    }
    let outcome = match running.await {
        Ok(outcome) => outcome,
        Err(error) => {
            Outcome::Faulted(Fault::Failed { message: format!("the agent's turn broke off ({error})") })
        }
    };
    let usage = match &outcome {
        Outcome::Reported(report) => report.usage.or(seen.usage),
        Outcome::Faulted(_) => seen.usage,
    };
    if let (Some(session), Some(usage)) = (&seen.session, usage) {
        let mut sessions = held(&place.sessions);
        let before = sessions.get(&session.0).copied().unwrap_or_default();
        sessions.insert(session.0.clone(), before.plus(usage));
    }
    Fact::TurnEnded { turn, outcome, session: seen.session, usage, heard: seen.heard }
}

struct Seen {
    session: Option<SessionId>,
    usage: Option<Usage>,
    heard: u32,
}

impl Place {
    /// Makes agent and request of an order.
    fn request(
        &self,
        order: &TurnOrder,
        role: Option<&orchestra_core::plan::Role>,
        policy: &Policy,
        prompt: String,
        cancel: CancellationToken,
    ) -> Result<(AnyAgent, TurnRequest), Failure> {
        let config = policy.config.agents.get(&order.agent).cloned().ok_or_else(|| Failure {
            what: format!("start the agent `{}`", order.agent),
            why: "the configuration does not describe it".to_owned(),
            hint: "Describe it under `agents:` in .orchestra/config.yaml: `orchestra doctor` says what is installed, and the lines."
                .to_owned(),
            kind: FailureKind::Run,
        })?;
        let config = match config {
            AgentConfig::Scripted { script } => {
                let script = self.layout.root().join(script).to_string_lossy().into_owned();
                AgentConfig::Scripted { script }
            }
            other @ (AgentConfig::Command(_) | AgentConfig::Http(_)) => other,
        };
        let agent = AnyAgent::new(&config, self.launcher.clone());
        let scratch = self.layout.scratch().join(format!("turn-{}", order.turn.0));
        make_private(&scratch)
            .map_err(|error| failure::run(format!("make {}", scratch.display()), &error))?;
        let by_complexity =
            policy.config.models.get(&order.agent).and_then(|models| models.get(&order.complexity));
        let model = role.and_then(|role| role.model.clone()).or_else(|| by_complexity.cloned());
        let used_before =
            order.session.as_ref().and_then(|session| held(&self.sessions).get(&session.0).copied());
        let transcript = self.transcript(order)?;
        let limits = &policy.config.limits;
        let mut request = TurnRequest::new(prompt, self.layout.root(), scratch, self.environment.clone());
        request.milestone = order.milestone.to_string();
        request.work = order.work.to_string();
        request.role = order.role.to_string();
        request.attempt = order.attempt;
        request.writes = order.writes;
        request.model = model;
        request.session.clone_from(&order.session);
        request.used_before = used_before.unwrap_or_default();
        request.timeout = order.timeout;
        request.silence = limits.silence;
        request.output_limit = limits.output;
        request.transcript = Some(Box::new(transcript));
        request.conversations = Some(self.layout.sessions());
        request.cancel = cancel;
        Ok((agent, request))
    }

    /// The file that keeps what the agent says in this turn.
    fn transcript(&self, order: &TurnOrder) -> Result<File, Failure> {
        let folder = self.layout.transcripts().join(order.milestone.as_str());
        make_private(&folder).map_err(|error| failure::run(format!("make {}", folder.display()), &error))?;
        let path = folder.join(transcript_name(order));
        let opened = OpenOptions::new().create(true).append(true).mode(0o600).open(&path);
        opened.map_err(|error| failure::run(format!("write {}", path.display()), &error))
    }
}

fn transcript_name(order: &TurnOrder) -> PathBuf {
    PathBuf::from(format!("{}-{}-turn-{}.log", order.work, order.attempt, order.turn.0))
}

fn make_private(folder: &Path) -> std::io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}
