//! The runner of a conversation: performs effects in order, feeds back facts, decides nothing.
//!
//! It holds no lock of the worker's and runs beside one: the two meet in the project's files only.

mod commit;
mod draw;
mod own;
mod place;
mod project;
mod room;
mod turn;

use std::collections::{BTreeMap, VecDeque};
use std::future::pending;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use orchestra_agent::environment::Environment;
use orchestra_agent::guard::GuardLauncher;
use orchestra_agent::tools::Answer;
use orchestra_core::config::trust::TrustItem;
use orchestra_core::conversation::{
    AskId, CallId, Conversation, Effect, Event, Fact, Kept, Line, Note, Project, Recalled, Verdict, step,
};
use orchestra_core::id::{AgentName, RoleId, TurnId};
use orchestra_core::path::ContentHash;
use orchestra_core::report::AgentEvent;
use orchestra_core::worker::Failure;
use orchestra_git::repo::Repo;
use orchestra_project::conversations::ConversationFile;
use orchestra_project::layout::Layout;
use orchestra_project::load::Scanner;
use orchestra_project::trust::TrustStore;
use orchestra_project::watch::{self, Hint};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use self::own::Called;
use self::place::{Place, held};
use crate::failure;

/// How often the project and the worker are looked at where nothing says that they changed: this often, and rarer the more
/// a look costs.
const LOOK: std::ops::RangeInclusive<Duration> = Duration::from_secs(2)..=Duration::from_secs(30);
/// Of this many parts of the time, looking takes one.
const SHARE: u32 = 200;
/// How long a running turn has to end when the person leaves.
const GENTLE: Duration = Duration::from_secs(8);

/// Everything that a conversation needs from outside.
pub struct Setup {
    /// The project's folder.
    pub layout: Layout,
    /// What starts guards.
    pub launcher: GuardLauncher,
    /// The person's environment.
    pub environment: Environment,
    /// The person's own configuration, which need not be there.
    pub user_config: Option<PathBuf>,
    /// Variables that set configuration, with their values.
    pub variables: Vec<(String, String)>,
    /// Configuration that flags set: keys such as `limits.jobs`, with their values.
    pub flags: Vec<(String, String)>,
    /// What the person trusts.
    pub trust: TrustStore,
    /// Programs of git's configuration, which belong to what they trust.
    pub programs: Vec<TrustItem>,
    /// With whom.
    pub role: RoleId,
    /// What plays the role.
    pub agent: AgentName,
    /// Whether the role may propose; another may only ask.
    pub proposes: bool,
    /// Where it is kept.
    pub file: ConversationFile,
    /// The repository around it, where there is one: a role writes nowhere else.
    pub repo: Option<Repo>,
    /// What was kept, where it goes on.
    pub past: Vec<Kept>,
    /// What knows the documents that were read already.
    pub scanner: Scanner,
}

/// What a person wishes.
#[derive(Clone, Debug, PartialEq)]
pub enum Wish {
    /// Says something to the agent that runs, or begins a turn.
    Say {
        /// The words.
        text: String,
    },
    /// Says something for after the running turn.
    Queue {
        /// The words.
        text: String,
    },
    /// Takes it back.
    Unqueue {
        /// The words.
        text: String,
    },
    /// Asks for a commit of what the role owns.
    Commit {
        /// What it should say; the agent's own words where it is empty.
        message: String,
    },
    /// Stops the running turn.
    Interrupt,
    /// Answers something.
    Answer {
        /// What.
        ask: AskId,
        /// The hash of what was shown; nothing for questions.
        of: Option<ContentHash>,
        /// How.
        verdict: Verdict,
    },
    /// Leaves.
    Leave,
}

/// Something for those who watch.
#[derive(Clone, Debug)]
pub enum View {
    /// What was said before, at the begin.
    Past(Arc<Vec<Kept>>),
    /// The machine's state after a fact.
    State(Arc<Conversation>),
    /// Something worth a line.
    Note(Timestamp, Note),
    /// The agent did or said something.
    Agent(TurnId, AgentEvent),
    /// The project changed.
    Project(Arc<Project>),
}

/// How a conversation ended.
#[derive(Clone, Debug)]
pub struct End {
    /// What it came to.
    pub state: Conversation,
    /// Why it could not go on, where it could not.
    pub broken: Option<Failure>,
}

/// A conversation about to run.
pub struct Runner {
    place: Arc<Place>,
    state: Conversation,
    opening: Option<Box<Recalled>>,
    queue: VecDeque<Fact>,
    tasks: JoinSet<Result<Fact, Failure>>,
    playing: JoinSet<Fact>,
    /// What comes from the running turn: lines to keep, calls of own tools.
    from_turn: (mpsc::Sender<FromTurn>, mpsc::Receiver<FromTurn>),
    turn: Option<(TurnId, TurnHandle)>,
    calls: BTreeMap<CallId, oneshot::Sender<Answer>>,
    last_call: CallId,
    wake: Option<Timestamp>,
    shown: Option<Arc<Project>>,
    /// How long the last look at the project took.
    last_look: Duration,
    views: mpsc::Sender<View>,
}

/// How a running turn is reached.
struct TurnHandle {
    cancel: CancellationToken,
    words: mpsc::Sender<String>,
}

/// What a running turn hands over.
enum FromTurn {
    Keep(Line),
    Called(Called),
}

impl Runner {
    /// Makes a conversation. Nothing runs yet.
    pub fn new(setup: Setup, hears: bool, views: mpsc::Sender<View>) -> Self {
        let (place, recalled) = Place::of(setup, hears);
        Self {
            place: Arc::new(place),
            state: Conversation::default(),
            opening: Some(Box::new(recalled)),
            queue: VecDeque::new(),
            tasks: JoinSet::new(),
            playing: JoinSet::new(),
            from_turn: mpsc::channel(256),
            turn: None,
            calls: BTreeMap::new(),
            last_call: CallId::default(),
            wake: None,
            shown: None,
            last_look: Duration::ZERO,
            views,
        }
    }

    /// Runs to the end.
    pub async fn run(mut self, mut wishes: mpsc::Receiver<Wish>) -> End {
        let (hinted, mut hints) = mpsc::channel(1);
        // A hint that finds the place taken is not needed: the one there leads to the same look.
        let mut watch = watch::watch(&self.place.layout, move |hint| drop(hinted.try_send(hint)));
        let recalled = self.opening.take().unwrap_or_default();
        if !recalled.lines.is_empty() {
            self.show(View::Past(Arc::new(recalled.lines.clone()))).await;
        }
        self.look().await;
        self.tell_pending().await;
        let mut fact = Fact::Opened(recalled);
        loop {
            let (state, effects) = step(&self.state, Event { at: Timestamp::now(), fact });
            self.state = state;
            self.show(View::State(Arc::new(self.state.clone()))).await;
            match self.perform_all(effects).await {
                Ok(false) => {}
                Ok(true) => break self.end(None).await,
                // What cannot be kept must not be gone on with: leaving is all that is safe.
                Err(failure) => break self.end(Some(failure)).await,
            }
            fact = loop {
                if let Some(fact) = self.queue.pop_front() {
                    break fact;
                }
                match self.next(&mut wishes, &mut hints, &mut watch).await {
                    Ok(Some(fact)) => break fact,
                    Ok(None) => {}
                    Err(failure) => return self.end(Some(failure)).await,
                }
            };
        }
    }

    /// The only place that waits: a new source of facts is a new branch here.
    async fn next(
        &mut self,
        wishes: &mut mpsc::Receiver<Wish>,
        hints: &mut mpsc::Receiver<Hint>,
        watch: &mut watch::Watch,
    ) -> Result<Option<Fact>, Failure> {
        let wake = self.wake;
        tokio::select! {
            biased; // A person goes before an agent, and what an agent said before its end.
            wish = wishes.recv() => Ok(Some(wish.map_or(Fact::LeaveRequested, fact_of))),
            Some(from) = self.from_turn.1.recv() => self.take_from_turn(from).await,
            Some(done) = self.tasks.join_next() => match done {
                Ok(fact) => fact.map(Some),
                Err(error) => Err(failure::panicked(&error)),
            },
            Some(ended) = self.playing.join_next() => {
                self.turn = None;
                // What is left of its calls is answered by nobody.
                self.calls.clear();
                match ended {
                    Ok(fact) => Ok(Some(fact)),
                    Err(error) => Err(failure::panicked(&error)),
                }
            }
            () = until(wake) => {
                self.wake = None;
                Ok(Some(Fact::Woke))
            }
            Some(_hint) = hints.recv() => {
                watch.refresh();
                self.look().await;
                Ok(None)
            }
            () = tokio::time::sleep(self.last_look.saturating_mul(SHARE).clamp(*LOOK.start(), *LOOK.end())) => {
                self.look().await;
                Ok(None)
            }
        }
    }

    async fn take_from_turn(&mut self, from: FromTurn) -> Result<Option<Fact>, Failure> {
        match from {
            FromTurn::Keep(line) => {
                self.keep(line).await?;
                Ok(None)
            }
            FromTurn::Called(called) => {
                self.last_call = CallId(self.last_call.0 + 1);
                let call = self.last_call;
                let (fact, reply) = called.into_fact(call);
                self.calls.insert(call, reply);
                Ok(Some(fact))
            }
        }
    }

    /// Performs effects in order. Tells whether it is over.
    async fn perform_all(&mut self, effects: Vec<Effect>) -> Result<bool, Failure> {
        for effect in effects {
            match effect {
                Effect::Keep(line) => self.keep(line).await?,
                Effect::StartTurn { turn, text, news, session } => {
                    self.start_turn(turn, text, news, session);
                }
                Effect::Tell { turn, text } => {
                    // What finds no place is told with the next turn: it was never heard.
                    if let Some((_, handle)) = self.turn.as_ref().filter(|(running, _)| *running == turn) {
                        drop(handle.words.try_send(text));
                    }
                }
                Effect::Interrupt { turn } => {
                    if let Some((_, handle)) = self.turn.as_ref().filter(|(running, _)| *running == turn) {
                        handle.cancel.cancel();
                    }
                    // Whoever waits for a person waits no more.
                    self.calls.clear();
                }
                Effect::LookAt { turn } => {
                    let place = Arc::clone(&self.place);
                    self.tasks.spawn(blocking(move || Ok(place.look_at(turn))));
                }
                Effect::PutBack { ask, turn, paths } => {
                    let place = Arc::clone(&self.place);
                    self.tasks.spawn(blocking(move || Ok(place.put_back(ask, turn, &paths))));
                }
                Effect::Draw { ask, what, edited, approved } => {
                    let place = Arc::clone(&self.place);
                    self.tasks.spawn(blocking(move || place.draw(ask, what, &edited, approved)));
                }
                Effect::Write { ask, of } => {
                    let place = Arc::clone(&self.place);
                    self.tasks.spawn(blocking(move || Ok(place.write(ask, of))));
                }
                Effect::Answer { call, reply } => {
                    if let Some(waiting) = self.calls.remove(&call) {
                        let answer = Answer { text: reply.text, is_error: reply.is_error, changed: None };
                        // An agent that is gone is told by its next turn's news, where it matters.
                        drop(waiting.send(answer));
                    }
                }
                Effect::WakeAt(at) => self.wake = Some(at),
                Effect::Note(note) => self.show(View::Note(Timestamp::now(), note)).await,
                Effect::Leave => return Ok(true),
            }
        }
        Ok(false)
    }

    async fn keep(&self, line: Line) -> Result<(), Failure> {
        let place = Arc::clone(&self.place);
        let kept = Kept { at: Timestamp::now(), line };
        blocking(move || {
            let appended = held(&place.file).append(&kept);
            appended.map_err(|error| failure::run("keep the conversation", &error))
        })
        .await
    }

    /// Looks at the project, and shows it where it changed.
    async fn look(&mut self) {
        let place = Arc::clone(&self.place);
        let begun = Instant::now();
        // What cannot be read now is shown when it can: the next look comes by itself.
        let looked = tokio::task::spawn_blocking(move || place.look()).await;
        self.last_look = begun.elapsed();
        if let Ok(Ok(project)) = looked
            && self.shown.as_deref() != Some(&project)
        {
            let project = Arc::new(project);
            self.shown = Some(Arc::clone(&project));
            self.show(View::Project(project)).await;
        }
    }

    /// Says what waits for the role, before anything is said to it.
    async fn tell_pending(&self) {
        let Some(project) = self.shown.as_deref().filter(|_| !self.place.proposes) else { return };
        let Some(role) = project.plan.find_role(&self.place.role) else { return };
        for line in orchestra_core::conversation::pending(&project.plan, role) {
            self.show(View::Note(Timestamp::now(), Note::Remark { text: line })).await;
        }
    }

    async fn show(&self, view: View) {
        // Nobody watching is no reason to stop.
        drop(self.views.send(view).await);
    }

    /// Ends what runs. Programs below a guard end with their guards, at the latest with this process.
    async fn end(mut self, broken: Option<Failure>) -> End {
        if let Some((_, handle)) = &self.turn {
            handle.cancel.cancel();
        }
        self.calls.clear();
        let gently = async {
            // What it still says is of no use to anybody.
            self.from_turn.1.close();
            while self.playing.join_next().await.is_some() {}
        };
        if tokio::time::timeout(GENTLE, gently).await.is_err() {
            self.playing.abort_all();
        }
        End { state: self.state, broken }
    }
}

fn fact_of(wish: Wish) -> Fact {
    match wish {
        Wish::Say { text } => Fact::Said { text },
        Wish::Queue { text } => Fact::Queued { text },
        Wish::Unqueue { text } => Fact::Unqueued { text },
        Wish::Commit { message } => Fact::CommitWanted { message },
        Wish::Interrupt => Fact::Interrupted,
        Wish::Answer { ask, of, verdict } => Fact::Answered { ask, of, verdict },
        Wish::Leave => Fact::LeaveRequested,
    }
}

async fn until(wake: Option<Timestamp>) {
    match wake {
        Some(at) => {
            let wait = at.duration_since(Timestamp::now());
            tokio::time::sleep(wait.try_into().unwrap_or_default()).await;
        }
        None => pending().await,
    }
}

/// Runs something that blocks on a thread of its own.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => Err(failure::panicked(&error)),
    }
}
