//! The worker's runner.
//!
//! One place waits (`next_fact`), one acts (`perform`). Long work is spawned and comes back as a fact; short
//! durable work is awaited. Whatever happens, what follows is decided by the machine: also what follows from an effect
//! that failed, and from a task that panicked.

mod answers;
mod commit;
mod documents;
mod locks;
mod observe;
mod others;
mod perform;
mod place;
mod right;
mod slow_look;
mod tree;
mod turn;
mod verify;

use std::collections::{BTreeMap, VecDeque};
use std::ffi::OsString;
use std::future::pending;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use orchestra_agent::environment::Environment;
use orchestra_agent::guard::GuardLauncher;
use orchestra_core::id::{GateId, TurnId};
use orchestra_core::path::RepoPath;
use orchestra_core::plan::By;
use orchestra_core::record::{Answer, Record};
use orchestra_core::report::AgentEvent;
use orchestra_core::worker::{Asked, Event, Fact, Failure, Note, Run, State, Stop, Tally, step};
use orchestra_git::repo::{Repo, Watched};
use orchestra_project::layout::Layout;
use orchestra_project::load::Scanner;
use orchestra_project::lock::{TreeLock, WorkerLock};
use orchestra_project::trust::TrustStore;
use orchestra_project::watch::{self, Hint, Watch};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

pub use self::place::snapshot_name;
pub(crate) use self::right::HOLDER;

use crate::failure;

use self::perform::Performed;
use self::place::Place;
use self::right::needs_tree;
use self::slow_look::pause_after;

/// Orchestra's own folder: an agent's change of a document is seen even where git is told to ignore it.
pub fn watched() -> Vec<Watched> {
    let path = |text: &str| RepoPath::parse(text).expect("a plain relative path lies inside the repository");
    vec![Watched { folder: path(".orchestra"), except: vec![path(".orchestra/.state")] }]
}

/// Everything that a worker needs from outside.
pub struct Setup {
    /// The project's folder.
    pub layout: Layout,
    /// The repository around it.
    pub repo: Repo,
    /// What starts guards; each holds a copy of the lock.
    pub launcher: GuardLauncher,
    /// The right to work here.
    pub lock: WorkerLock,
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
    /// The flags of the run.
    pub run: Run,
    /// The program's version, for the journal.
    pub version: String,
    /// What knows the documents that were read already.
    pub scanner: Scanner,
}

/// What a person, or the system in their stead, wishes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Wish {
    /// A question is answered.
    Answer {
        /// Which one.
        gate: GateId,
        /// How.
        answer: Answer,
    },
    /// The agent that runs is spoken to.
    Say {
        /// The words.
        text: String,
    },
    /// Something is to be said to whoever works next.
    Queue {
        /// The words.
        text: String,
    },
    /// What waits to be said is taken back.
    Unqueue {
        /// The words.
        text: String,
    },
    /// The run should end.
    Stop(Stop),
}

impl Wish {
    fn into_fact(self) -> Fact {
        match self {
            Self::Answer { gate, answer } => Fact::Answered { gate, answer, by: By::User },
            Self::Say { text } => Fact::Said { text },
            Self::Queue { text } => Fact::Queued { text },
            Self::Unqueue { text } => Fact::Unqueued { text },
            Self::Stop(stop) => Fact::StopRequested(stop),
        }
    }
}

/// How a running turn is reached.
struct TurnHandle {
    cancel: CancellationToken,
    words: mpsc::Sender<String>,
}

/// Something for those who watch.
#[derive(Clone, Debug)]
pub enum View {
    /// The machine's state after a fact.
    State(Arc<State>),
    /// Something worth a line.
    Note(Timestamp, Note),
    /// An agent did or said something.
    Agent(TurnId, AgentEvent),
    /// A question waits for a person.
    Asked(Box<Asked>),
    /// It waits no more.
    Unasked(GateId),
}

/// How a run ended.
#[derive(Clone, Debug)]
pub struct End {
    /// The exit code.
    pub code: u8,
    /// What it came to.
    pub tally: Tally,
    /// Milestones that wait, with their questions.
    pub open: Vec<Asked>,
}

/// A worker about to run.
pub struct Worker {
    place: Arc<Place>,
    lock: WorkerLock,
    described: String,
    /// The right to change the tree; held but for the time between phases.
    tree: Option<TreeLock>,
    run: Run,
    state: State,
    queue: VecDeque<Fact>,
    tasks: JoinSet<Result<Fact, Failure>>,
    /// Agents that run, apart from everything else: they are given time to end.
    playing: JoinSet<Result<Fact, Failure>>,
    turns: BTreeMap<TurnId, TurnHandle>,
    wake: Option<Timestamp>,
    /// How long the last look at the documents took.
    last_look: Duration,
    views: mpsc::Sender<View>,
    /// Files of answers that were handed to the machine, to be removed when it has recorded them.
    answered: Vec<OsString>,
    /// Whether there may be more where something was found.
    look_again: bool,
}

impl Worker {
    /// Opens the journal and makes a worker. Nothing runs yet.
    pub fn new(setup: Setup, views: mpsc::Sender<View>) -> Result<Self, Failure> {
        let Setup { lock, run, version, .. } = &setup;
        let (run, version) = (run.clone(), version.clone());
        let boot = lock.holder().machine.boot.clone();
        let (lock, place) = Place::open(setup)?;
        place.record(Record::Started { pid: std::process::id(), boot, version })?;
        Ok(Self {
            place: Arc::new(place),
            lock,
            described: String::new(),
            tree: None,
            run,
            state: State::default(),
            queue: VecDeque::new(),
            tasks: JoinSet::new(),
            playing: JoinSet::new(),
            turns: BTreeMap::new(),
            wake: None,
            last_look: Duration::ZERO,
            views,
            answered: Vec::new(),
            look_again: false,
        })
    }

    /// Runs to the end.
    pub async fn run(mut self, mut wishes: mpsc::Receiver<Wish>) -> End {
        let (hinted, mut hints) = mpsc::channel(1);
        // A hint that finds the place taken is not needed: the one there leads to the same scan.
        let watch = watch::watch(&self.place.layout, move |hint| drop(hinted.try_send(hint)));
        let mut fact = match self.take_tree(&mut wishes).await {
            Ok(()) => self.first_fact().await.unwrap_or_else(Fact::EffectFailed),
            Err(stop) => stop,
        };
        let mut watch = Some(watch);
        loop {
            if needs_tree(&fact)
                && let Err(stop) = self.take_tree(&mut wishes).await
            {
                self.queue.push_front(std::mem::replace(&mut fact, stop));
            }
            let (state, effects) = step(&self.state, Event { at: Timestamp::now(), fact });
            self.state = state;
            self.show(View::State(Arc::new(self.state.clone()))).await;
            fact = match self.perform_all(effects).await {
                Ok(Performed::Left(code)) => break self.end(code).await,
                Ok(Performed::All) => {
                    self.forget_answers();
                    self.describe();
                    self.next_fact(&mut wishes, &mut hints, &mut watch).await
                }
                // What follows a failed effect is decided like everything else.
                Err(failure) => {
                    self.queue.clear();
                    Fact::EffectFailed(failure)
                }
            };
        }
    }

    /// Answers that were given while nothing ran are on record before anything is decided.
    async fn first_fact(&mut self) -> Result<Fact, Failure> {
        let run = self.run.clone();
        let observed = self.blocking(move |place| {
            place.remove_left_locks()?;
            place.take_answers_given_meanwhile()?;
            place.observe(&run)
        });
        Ok(Fact::Started(observed.await?))
    }

    /// The only place that waits: a new source of facts is a new branch here.
    async fn next_fact(
        &mut self,
        wishes: &mut mpsc::Receiver<Wish>,
        hints: &mut mpsc::Receiver<Hint>,
        watch: &mut Option<Watch>,
    ) -> Fact {
        loop {
            if let Some(fact) = self.queue.pop_front() {
                return fact;
            }
            if self.tasks.is_empty() && self.playing.is_empty() && self.state.is_between_phases() {
                self.tree = None;
            }
            if std::mem::take(&mut self.look_again)
                && let Some(fact) = self.scan(watch).await
            {
                return fact;
            }
            let wake = self.wake;
            tokio::select! {
                biased; // A person's stop goes before an agent's end.
                Some(wish) = wishes.recv() => return wish.into_fact(),
                Some(ended) = self.tasks.join_next() => return fact_of(ended),
                Some(ended) = self.playing.join_next() => {
                    let fact = fact_of(ended);
                    if let Fact::TurnEnded { turn, .. } = &fact {
                        self.turns.remove(turn);
                    }
                    return fact;
                }
                () = until(wake) => {
                    self.wake = None;
                    return Fact::Woke;
                }
                Some(hint) = hints.recv() => {
                    if let Hint::Polling { why } = hint {
                        let note = format!("changes are looked for every 2 s ({why})");
                        self.show(View::Note(Timestamp::now(), Note::Remark { text: note })).await;
                    }
                    if let Some(fact) = self.scan(watch).await {
                        return fact;
                    }
                }
                () = tokio::time::sleep(pause_after(self.last_look)) => {
                    if let Some(fact) = self.scan(watch).await {
                        return fact;
                    }
                }
            }
        }
    }

    /// Looks for requests, answers and changed documents. The scan is the truth; what led to it is a hint.
    async fn scan(&mut self, watch: &mut Option<Watch>) -> Option<Fact> {
        if let Some(watch) = watch {
            watch.refresh();
        }
        let holder = self.lock.holder().clone();
        if let Some(stop) = self.place.take_stop_request(&holder) {
            return Some(Fact::StopRequested(stop));
        }
        if let Some((fact, name)) = self.place.find_answer(&self.answered) {
            self.answered.push(name);
            self.look_again = true;
            return Some(fact);
        }
        let run = self.run.clone();
        let begun = Instant::now();
        let scanned = self.blocking(move |place| place.scan(&run)).await;
        self.last_look = begun.elapsed();
        self.queue.extend(self.place.take_untold().into_iter().map(Fact::Recorded));
        match scanned {
            Ok(scanned) if scanned.differs_from(&self.state) => Some(scanned.into_fact()),
            Ok(_) => None,
            Err(failure) => Some(Fact::EffectFailed(failure)),
        }
    }

    /// Runs something that blocks on a thread of its own.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Place) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let place = Arc::clone(&self.place);
        match tokio::task::spawn_blocking(move || work(&place)).await {
            Ok(done) => done,
            Err(error) => Err(failure::panicked(&error)),
        }
    }

    /// Tells those who watch; one that does not keep up is not waited for longer than its queue is.
    async fn show(&self, view: View) {
        // Nobody watching is no reason to stop working.
        drop(self.views.send(view).await);
    }

    fn forget_answers(&mut self) {
        for name in std::mem::take(&mut self.answered) {
            self.place.remove_answer(&name);
        }
    }

    /// Says in the lock's file what runs, for whoever finds it held.
    fn describe(&mut self) {
        let waits = self.state.open.is_some();
        let running = self.state.active().map_or_else(String::new, |active| {
            let works: Vec<String> = self.state.works().iter().map(|work| work.id.to_string()).collect();
            let waits = self.state.open.as_ref().map(|asked| format!("waits for {}", asked.gate));
            let what = waits.unwrap_or_else(|| works.join(", "));
            format!("{} {what}", active.id).trim_end().to_owned()
        });
        // It is for information only: a disk that refuses it shows at the next write that matters.
        if running != self.described && self.lock.describe(&running, waits).is_ok() {
            self.described = running;
        }
    }

    /// Ends everything that runs. Programs below a guard end with their guards, at the latest with this process.
    async fn end(mut self, code: u8) -> End {
        for turn in self.turns.values() {
            turn.cancel.cancel();
        }
        let gently = async { while self.playing.join_next().await.is_some() {} };
        let clock = self.place.launcher.clock();
        let is_gentle = tokio::select! {
            () = gently => true,
            () = clock.wait_until(clock.now() + GENTLE) => false,
        };
        if !is_gentle {
            self.playing.abort_all();
        }
        let open = self.state.open.iter().chain(self.state.put_off.values()).cloned().collect();
        End { code, tally: self.state.tally.clone(), open }
    }
}

/// How long running turns have to end when the worker leaves, without the time for which they were paused.
const GENTLE: Duration = Duration::from_secs(8);

async fn until(wake: Option<Timestamp>) {
    match wake {
        Some(at) => {
            let wait = at.duration_since(Timestamp::now());
            tokio::time::sleep(wait.try_into().unwrap_or_default()).await;
        }
        None => pending().await,
    }
}

fn fact_of(ended: Result<Result<Fact, Failure>, tokio::task::JoinError>) -> Fact {
    match ended {
        Ok(Ok(fact)) => fact,
        Ok(Err(failure)) => Fact::EffectFailed(failure),
        Err(error) => Fact::EffectFailed(failure::panicked(&error)),
    }
}
