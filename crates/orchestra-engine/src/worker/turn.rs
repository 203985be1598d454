//! An agent's turn: request, transcript, events, outcome.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;
use std::sync::Arc;

use orchestra_agent::agent::{Agent as _, AnyAgent, TurnRequest};
use orchestra_agent::own::{OwnRequest, OwnTools};
use orchestra_agent::tools::Answer;
use orchestra_core::id::{SessionId, TurnId, WorkId};
use orchestra_core::own_tool::on_record::OnRecord;
use orchestra_core::own_tool::{OwnCall, OwnTool};
use orchestra_core::ownership::Room;
use orchestra_core::plan::{Milestone, Role};
use orchestra_core::prompt::Prompt;
use orchestra_core::report::{AgentEvent, Fault, Outcome, Usage};
use orchestra_core::worker::{Fact, Failure, Policy, TurnOrder};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::place::{Place, held};
use super::{TurnHandle, View, Worker};
use crate::agents;
use crate::brief::Briefing;
use crate::failure;

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
                let briefing = Briefing { layout: &preparing.layout };
                let prompt = briefing.of_turn(&preparing.repo, &milestone, role.as_ref(), &order)?;
                let (agent, mut request) =
                    preparing.request(&order, (&milestone, role.as_ref()), &policy, prompt, cancel)?;
                request.words = Some(heard);
                let (own, calls) = OwnTools::new(offered(&order.work));
                request.own = Some(own);
                Ok((agent, request, calls))
            });
            let (agent, request, calls) = match prepared.await {
                Ok(prepared) => prepared?,
                Err(error) => return Err(failure::panicked(&error)),
            };
            let scratch = request.scratch.clone();
            let session = request.session.clone();
            let ended = play(agent, (request, calls), turn, views, place, session).await;
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
    (request, mut calls): (TurnRequest, mpsc::Receiver<OwnRequest>),
    turn: TurnId,
    views: mpsc::Sender<View>,
    place: Arc<Place>,
    session: Option<SessionId>,
) -> Fact {
    let (sender, mut events) = mpsc::channel(EVENTS);
    let redactor = agent.redactor(&place.environment);
    // Dropping it ends the agent's whole tree, as dropping the agent's own future would.
    let running = AbortOnDropHandle::new(tokio::spawn(async move { agent.run(request, sender).await }));
    let mut seen = Seen { session, usage: None, heard: 0, said: OnRecord::default() };
    loop {
        let event = tokio::select! {
            Some(call) = calls.recv() => {
                seen.answer(call);
                continue;
            }
            event = events.recv() => event,
        };
        let Some(event) = event else { break };
        match &event {
            AgentEvent::Session { session } => seen.session = Some(session.clone()),
            AgentEvent::Usage { usage } => seen.usage = Some(*usage),
            AgentEvent::Heard => seen.heard += 1,
            _ => {}
        }
        // Showing never waits for work, and work never for showing.
        drop(views.try_send(View::Agent(turn, event)));
    }
    // What was called and not answered any more was said all the same.
    while let Ok(call) = calls.try_recv() {
        seen.answer(call);
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
    let said = redactor.on_record(seen.said);
    Fact::TurnEnded { turn, outcome, session: seen.session, usage, heard: seen.heard, said }
}

/// The own tools of a work. A diagnosis has nothing that its decisions and concerns could go with.
fn offered(work: &WorkId) -> &'static [OwnTool] {
    match work {
        WorkId::Rfc | WorkId::Phase(_) | WorkId::Fix { .. } | WorkId::Base | WorkId::Close(_) => {
            OwnTool::WORKING
        }
        WorkId::Review(_) => OwnTool::REVIEWING,
        WorkId::Diagnosis(_) => &[OwnTool::ReportResult],
    }
}

struct Seen {
    session: Option<SessionId>,
    usage: Option<Usage>,
    heard: u32,
    said: OnRecord,
}

impl Seen {
    /// Puts on record what is called for, and says so at once: nobody is kept waiting.
    fn answer(&mut self, request: OwnRequest) {
        let answered = match &request.call {
            OwnCall::RequestDecision(decision) => self.said.decide(decision),
            OwnCall::RaiseConcern(concern) => self.said.raise(concern),
            // Agents take their report themselves.
            OwnCall::ReportResult(_) => Err("hand in the report as this agent does".to_owned()),
            OwnCall::ProposeMilestone(_) | OwnCall::ProposeChange(_) | OwnCall::AskUser(_) => {
                Err("that has no place in a phase's work".to_owned())
            }
        };
        // A caller that is gone needs no answer.
        drop(request.reply.send(answered.map_or_else(Answer::wrong, Answer::text)));
    }
}

impl Place {
    /// Makes agent and request of an order.
    fn request(
        &self,
        order: &TurnOrder,
        (milestone, role): (&Milestone, Option<&Role>),
        policy: &Policy,
        prompt: Prompt,
        cancel: CancellationToken,
    ) -> Result<(AnyAgent, TurnRequest), Failure> {
        let agent = agents::find(&policy.config, &order.agent, &self.layout, &self.launcher)?;
        let scratch = self.layout.scratch().join(format!("turn-{}", order.turn.0));
        agents::make_private(&scratch)
            .map_err(|error| failure::run(format!("make {}", scratch.display()), &error))?;
        let model = agents::model(&policy.config, &order.agent, role, order.complexity);
        let used_before =
            order.session.as_ref().and_then(|session| held(&self.sessions).get(&session.0).copied());
        let mut transcript = self.transcript(order)?;
        agents::keep_prompt(&mut transcript, &prompt, &agent.redactor(&self.environment))
            .map_err(|error| failure::run("write the transcript", &error))?;
        let limits = &policy.config.limits;
        let mut request = TurnRequest::new(prompt, self.layout.root(), scratch, self.environment.clone());
        request.milestone = order.milestone.to_string();
        request.work = order.work.to_string();
        request.role = order.role.to_string();
        request.attempt = order.attempt;
        request.writes = order.writes;
        let phase = order.work.phase().and_then(|phase| milestone.find_phase(phase));
        // A role whose globs cannot be read has no room, which is said where the plan is read.
        request.room = role.filter(|_| order.writes).and_then(|role| Room::of(role, phase).ok());
        request.conversations = Some(self.layout.sessions());
        request.model = model;
        request.session.clone_from(&order.session);
        request.used_before = used_before.unwrap_or_default();
        request.timeout = order.timeout;
        request.silence = limits.silence;
        request.output_limit = limits.output;
        request.transcript = Some(Box::new(transcript));
        request.cancel = cancel;
        Ok((agent, request))
    }

    /// The file that keeps what the agent says in this turn.
    fn transcript(&self, order: &TurnOrder) -> Result<File, Failure> {
        let folder = self.layout.transcripts().join(order.milestone.as_str());
        agents::make_private(&folder)
            .map_err(|error| failure::run(format!("make {}", folder.display()), &error))?;
        let path = folder.join(transcript_name(order));
        let opened = OpenOptions::new().create(true).append(true).mode(0o600).open(&path);
        opened.map_err(|error| failure::run(format!("write {}", path.display()), &error))
    }
}

fn transcript_name(order: &TurnOrder) -> PathBuf {
    PathBuf::from(format!("{}-{}-turn-{}.log", order.work, order.attempt, order.turn.0))
}
