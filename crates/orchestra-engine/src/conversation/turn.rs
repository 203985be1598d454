//! A turn of a conversation: prompt, request, events, what is kept of them, outcome.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt as _;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use orchestra_agent::agent::{Agent as _, AnyAgent, TurnRequest};
use orchestra_agent::own::{OwnRequest, OwnTools};
use orchestra_core::config::Config;
use orchestra_core::conversation::{Fact, Line, Note, TurnEnd};
use orchestra_core::id::{SessionId, TurnId};
use orchestra_core::own_tool::OwnTool;
use orchestra_core::plan::{Complexity, Plan};
use orchestra_core::report::{AgentEvent, CommitProposal, Fault, Outcome, Usage};
use orchestra_core::worker::{Failure, FailureKind};
use orchestra_project::trust::Trust;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::own::Called;
use super::{FromTurn, Place, Runner, TurnHandle, View, held};
use crate::brief::{Briefing, Talk, plan_in_words};
use crate::{agents, failure};

/// How many events of an agent wait for those who watch; one that finds no place is in the transcript only.
const EVENTS: usize = 1024;
/// How much a person may say before the agent takes any of it up; what is beyond is told at its end.
const WORDS: usize = 64;
/// How long a turn may take: a call may wait for the person over night.
const PATIENCE: Duration = Duration::from_hours(72);
/// How much of one tool's input is kept, in bytes.
const INPUT: usize = 400;

impl Runner {
    /// Starts a turn; its end comes back as a fact.
    pub(super) fn start_turn(
        &mut self,
        turn: TurnId,
        text: String,
        news: Vec<String>,
        session: Option<SessionId>,
    ) {
        let cancel = CancellationToken::new();
        let (words, heard) = mpsc::channel(WORDS);
        self.turn = Some((turn, TurnHandle { cancel: cancel.clone(), words }));
        let offered = if self.place.proposes { OwnTool::PLANNING } else { &[OwnTool::AskUser] };
        let (own, calls) = OwnTools::new(offered);
        let (place, views, from_turn) =
            (Arc::clone(&self.place), self.views.clone(), self.from_turn.0.clone());
        self.playing.spawn(async move {
            let preparing = Arc::clone(&place);
            let order = Order { turn, text, news, session: session.clone() };
            let prepared = tokio::task::spawn_blocking(move || preparing.request(order, own, cancel)).await;
            let Prepared { agent, mut request, only_reads } = match prepared {
                Ok(Ok(prepared)) => prepared,
                Ok(Err(failure)) => return not_begun(turn, session, &failure),
                Err(error) => return not_begun(turn, session, &failure::panicked(&error)),
            };
            if let Some(text) = only_reads {
                // Nobody watching is no reason to stop.
                drop(views.send(View::Note(Timestamp::now(), Note::Remark { text })).await);
            }
            request.words = Some(heard);
            let scratch = request.scratch.clone();
            let ended = Play { turn, views, from_turn, session, place }.run(agent, request, calls).await;
            // What is left of the scratch folder is swept with the next turn of that number.
            drop(std::fs::remove_dir_all(scratch));
            ended
        });
    }
}

/// What a turn is about.
struct Order {
    turn: TurnId,
    text: String,
    news: Vec<String>,
    session: Option<SessionId>,
}

/// A turn that could not even begin.
fn not_begun(turn: TurnId, session: Option<SessionId>, failure: &Failure) -> Fact {
    let message = format!("could not {}: {}", failure.what, failure.why);
    let outcome = Outcome::Faulted(Fault::Unusable { message, hint: failure.hint.clone() });
    Fact::TurnEnded(TurnEnd { turn, outcome, session, usage: None, heard: 0, spoke: false, wrote: false })
}

/// A turn that can begin.
struct Prepared {
    agent: AnyAgent,
    request: TurnRequest,
    /// Why it only reads, where the person does not know that yet.
    only_reads: Option<String>,
}

/// A turn that is played.
struct Play {
    turn: TurnId,
    views: mpsc::Sender<View>,
    from_turn: mpsc::Sender<FromTurn>,
    session: Option<SessionId>,
    place: Arc<Place>,
}

/// What was seen of a turn.
#[derive(Default)]
struct Seen {
    usage: Option<Usage>,
    heard: u32,
    spoke: bool,
    /// What the agent is saying, until it does something else.
    text: String,
    /// How it would word a commit.
    wording: Option<CommitProposal>,
    /// The tools that were begun, with what they were called with.
    tools: Vec<(String, String, String)>,
}

impl Play {
    async fn run(
        mut self,
        agent: AnyAgent,
        request: TurnRequest,
        mut calls: mpsc::Receiver<OwnRequest>,
    ) -> Fact {
        let (sender, mut events) = mpsc::channel(EVENTS);
        // Dropping it ends the agent's whole tree, as dropping the agent's own future would.
        let running = AbortOnDropHandle::new(tokio::spawn(async move { agent.run(request, sender).await }));
        let mut seen = Seen::default();
        loop {
            tokio::select! {
                biased; // What was said before a call is kept before it.
                event = events.recv() => {
                    let Some(event) = event else { break };
                    self.take(&mut seen, &event).await;
                    // Showing never waits for work, and work never for showing.
                    drop(self.views.try_send(View::Agent(self.turn, event)));
                }
                Some(request) = calls.recv() => {
                    self.flush(&mut seen).await;
                    if let Some(called) = Called::of(request) {
                        seen.spoke = true;
                        // A conversation that is over answers nobody.
                        drop(self.from_turn.send(FromTurn::Called(called)).await);
                    }
                }
            }
        }
        self.flush(&mut seen).await;
        let mut outcome = running.await.unwrap_or_else(|error| {
            Outcome::Faulted(Fault::Failed { message: format!("the agent's turn broke off ({error})") })
        });
        if let Outcome::Reported(report) = &mut outcome
            && report.commit.is_none()
        {
            report.commit = seen.wording.take();
        }
        let usage = match &outcome {
            Outcome::Reported(report) => report.usage.or(seen.usage),
            Outcome::Faulted(_) => seen.usage,
        };
        if let (Some(session), Some(usage)) = (&self.session, usage) {
            let mut sessions = held(&self.place.sessions);
            let before = sessions.get(&session.0).copied().unwrap_or_default();
            sessions.insert(session.0.clone(), before.plus(usage));
        }
        let (turn, session) = (self.turn, self.session);
        if !seen.spoke {
            // What it was told with its words may never have reached it.
            held(&self.place.told).clear();
            *held(&self.place.reviewed) = None;
        }
        let wrote = held(&self.place.writing).as_ref().is_some_and(|(of, _)| *of == turn);
        Fact::TurnEnded(TurnEnd {
            turn,
            outcome,
            session,
            usage,
            heard: seen.heard,
            spoke: seen.spoke,
            wrote,
        })
    }

    /// Remembers an event, and keeps what a person would want to read again.
    async fn take(&mut self, seen: &mut Seen, event: &AgentEvent) {
        match event {
            AgentEvent::Session { session } => self.session = Some(session.clone()),
            AgentEvent::Usage { usage } => seen.usage = Some(*usage),
            AgentEvent::Heard => seen.heard += 1,
            AgentEvent::Text { text } => {
                seen.spoke = true;
                seen.text.push_str(text);
            }
            AgentEvent::ToolStarted { id, name, input } => {
                seen.spoke = true;
                self.flush(seen).await;
                let end = input.char_indices().map(|(at, _)| at).find(|at| *at >= INPUT);
                let input = input[..end.unwrap_or(input.len())].to_owned();
                seen.tools.push((id.clone(), name.clone(), input));
            }
            AgentEvent::ToolFinished { id, ok, .. } => {
                if let Some(at) = seen.tools.iter().position(|(begun, ..)| begun == id) {
                    let (_, name, input) = seen.tools.remove(at);
                    self.keep(Line::Tool { name, input, ok: *ok }).await;
                }
            }
            AgentEvent::Thinking { .. }
            | AgentEvent::ToolOutput { .. }
            | AgentEvent::FileChanged { .. }
            | AgentEvent::Notice { .. } => {}
        }
    }

    async fn flush(&self, seen: &mut Seen) {
        let text = std::mem::take(&mut seen.text);
        seen.wording = wording(&text).or(seen.wording.take());
        if !text.trim().is_empty() {
            self.keep(Line::Text { text }).await;
        }
    }

    async fn keep(&self, line: Line) {
        // A conversation that is over keeps nothing more.
        drop(self.from_turn.send(FromTurn::Keep(line)).await);
    }
}

/// The line in which a role words the commit of what it did, as its prompt asks it to.
fn wording(text: &str) -> Option<CommitProposal> {
    let line = text.lines().rev().find_map(|line| line.trim().trim_matches('`').strip_prefix("Commit: "))?;
    Some(CommitProposal { subject: line.trim().to_owned(), ..CommitProposal::default() })
}

impl Place {
    /// Reads plan and configuration as they are now.
    pub(super) fn load(&self) -> Result<(Plan, Config), Failure> {
        let loaded = self.loaded()?;
        let named = [&loaded.trust[..], &self.programs()?].concat();
        let trusted = self.trust.look_up(&named);
        // What a pull or an agent has changed since the conversation began was agreed to by nobody.
        if trusted.map_err(|error| failure::run("find out what you trust", &error))? != Trust::Given {
            return Err(Failure {
                what: "go on".to_owned(),
                why: "this project names commands, endpoints or agents that you have not agreed to"
                    .to_owned(),
                hint: "Look at them with `orchestra trust` in another terminal, then press enter.".to_owned(),
                kind: FailureKind::Run,
            });
        }
        match loaded.config.result {
            Ok(resolved) => Ok((loaded.plan, resolved.config)),
            Err(diagnostics) => Err(Failure {
                what: "read the configuration".to_owned(),
                why: diagnostics.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "),
                hint: "Mend it, then say anything to go on.".to_owned(),
                kind: FailureKind::Run,
            }),
        }
    }

    /// Makes agent and request of a turn.
    fn request(&self, order: Order, own: OwnTools, cancel: CancellationToken) -> Result<Prepared, Failure> {
        let (plan, config) = self.load()?;
        let role = plan.find_role(&self.role);
        let (writing, only_reads) = match self.may_write(&plan, &config, order.turn)? {
            Ok(writing) => (Some(writing), None),
            Err(why) => (None, why),
        };
        let launcher = match &writing {
            Some(writing) => self.launcher.holding(writing.lock.file()),
            None => self.launcher.clone(),
        };
        let agent = agents::find(&config, &self.agent, &self.layout, &launcher)?;
        let project = plan_in_words(&plan);
        let is_news = order.session.is_none() || *held(&self.told) != project;
        let prompt = Briefing { layout: &self.layout }.of_talk(&Talk {
            role,
            plan: &plan,
            verify: &config.verify,
            proposes: self.proposes,
            only_reads: only_reads.as_deref(),
            commits: self.commits_to_review(&config, order.session.is_none())?.as_deref(),
            project: is_news.then_some(project.as_str()),
            news: &order.news,
            words: &order.text,
        });
        let name = held(&self.file).id().to_string();
        let scratch = self.layout.scratch().join(format!("{name}-turn-{}", order.turn.0));
        agents::make_private(&scratch)
            .map_err(|error| failure::run(format!("make {}", scratch.display()), &error))?;
        let mut transcript = self.transcript(&name, order.turn)?;
        agents::keep_prompt(&mut transcript, &prompt, &agent.redactor(&self.environment))
            .map_err(|error| failure::run("write the transcript", &error))?;
        let used_before =
            order.session.as_ref().and_then(|session| held(&self.sessions).get(&session.0).copied());
        let mut request = TurnRequest::new(prompt, self.layout.root(), scratch, self.environment.clone());
        "conversation".clone_into(&mut request.work);
        request.role = self.role.to_string();
        request.attempt = u32::try_from(order.turn.0).unwrap_or(u32::MAX);
        request.writes = writing.is_some();
        request.room = writing.as_ref().map(|writing| writing.room.clone());
        request.model = agents::model(&config, &self.agent, role, Complexity::Complex);
        request.session = order.session;
        request.used_before = used_before.unwrap_or_default();
        request.timeout = PATIENCE;
        request.silence = config.limits.silence;
        request.output_limit = config.limits.output;
        request.own = Some(own);
        request.conversations = Some(self.layout.sessions());
        request.transcript = Some(Box::new(transcript));
        request.cancel = cancel;
        *held(&self.told) = project;
        // From here on it begins, and is looked at when it has ended.
        *held(&self.writing) = writing.map(|writing| (order.turn, writing));
        let mut told = held(&self.only_reads);
        let is_known = *told == only_reads;
        told.clone_from(&only_reads);
        Ok(Prepared { agent, request, only_reads: only_reads.filter(|_| !is_known) })
    }

    /// The file that keeps what is sent and answered in this turn.
    fn transcript(&self, name: &str, turn: TurnId) -> Result<File, Failure> {
        let folder = self.layout.transcripts().join(name);
        agents::make_private(&folder)
            .map_err(|error| failure::run(format!("make {}", folder.display()), &error))?;
        let path = folder.join(format!("turn-{}.log", turn.0));
        let opened = OpenOptions::new().create(true).append(true).mode(0o600).open(&path);
        opened.map_err(|error| failure::run(format!("write {}", path.display()), &error))
    }
}
