//! `orchestra start`: the worker, printing an event a line.

use std::collections::BTreeMap;
use std::io::{BufRead as _, IsTerminal as _};
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use orchestra_core::id::{GateId, TurnId};
use orchestra_core::plan::Plan;
use orchestra_core::record::Answer;
use orchestra_core::worker::{Asked, Failure, Note, Presence, Question, State, Stop, Tally};
use orchestra_engine::worker::{End, Setup, View, Wish, Worker};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

use crate::out::Out;
use crate::view::ask;
use crate::view::lines::{Lines, clock, duration, thousands};
use crate::view::speech::Speech;

/// How a run is shown.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Shown {
    /// Lines for people.
    Text {
        /// Whether signs beyond ASCII may be used.
        unicode: bool,
    },
    /// One JSON object a line.
    Json,
}

/// How many views wait to be shown.
const VIEWS: usize = 4096;

/// Runs a worker to its end and returns the exit code.
pub(crate) fn run(setup: Setup, shown: Shown, out: &Out) -> Result<u8, Failure> {
    let presence = setup.run.presence;
    let (views, received) = mpsc::channel(VIEWS);
    let worker = Worker::new(setup, views)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.map_err(|error| Failure {
        what: "start".to_owned(),
        why: error.to_string(),
        hint: "The system has no threads left: close something and start again.".to_owned(),
        kind: orchestra_core::worker::FailureKind::Run,
    })?;
    let begun = Instant::now();
    let end = runtime.block_on(async {
        let (wishes, wished) = mpsc::channel(64);
        let asks = presence == Presence::Terminal && std::io::stdin().is_terminal();
        listen(&wishes, presence);
        let showing = Showing::new(shown, out.clone(), wishes, asks);
        let showing = tokio::spawn(showing.show(received));
        let end = worker.run(wished).await;
        // The last views are shown before the end is told; a broken pipe ends it, too.
        drop(showing.await);
        end
    });
    // What still blocks is below a guard, and ends with this process.
    runtime.shutdown_background();
    if let Shown::Text { unicode } = shown {
        summary(&end, begun.elapsed(), unicode, out);
    } else {
        let text = serde_json::json!({ "event": "left", "code": end.code });
        out.line(&text.to_string());
    }
    Ok(end.code)
}

/// Signals are wishes: the first `ctrl-c` on a terminal interrupts the turn, everything else leaves at once.
fn listen(wishes: &mpsc::Sender<Wish>, presence: Presence) {
    let codes = [(SignalKind::interrupt(), 130), (SignalKind::terminate(), 143), (SignalKind::hangup(), 129)];
    for (kind, code) in codes {
        // A signal that cannot be listened to ends the program as it would any other.
        let Ok(mut signals) = signal(kind) else { continue };
        let wishes = wishes.clone();
        tokio::spawn(async move {
            let mut is_first = presence == Presence::Terminal && kind == SignalKind::interrupt();
            while signals.recv().await.is_some() {
                let stop = if std::mem::take(&mut is_first) { Stop::Pause } else { Stop::Now { code } };
                if wishes.send(Wish::Stop(stop)).await.is_err() {
                    return;
                }
            }
        });
    }
}

/// What a run looks like.
struct Showing {
    shown: Shown,
    out: Out,
    wishes: mpsc::Sender<Wish>,
    asks: bool,
    state: Arc<State>,
    speeches: BTreeMap<TurnId, Speech>,
    open: Vec<Asked>,
}

impl Showing {
    fn new(shown: Shown, out: Out, wishes: mpsc::Sender<Wish>, asks: bool) -> Self {
        let (speeches, open) = (BTreeMap::new(), Vec::new());
        Self { shown, out, wishes, asks, state: Arc::default(), speeches, open }
    }

    async fn show(mut self, mut views: mpsc::Receiver<View>) {
        let (typed, mut lines) = mpsc::channel(16);
        if self.asks {
            read_lines(typed);
        }
        loop {
            tokio::select! {
                view = views.recv() => match view {
                    Some(view) => self.view(view),
                    None => return,
                },
                Some(line) = lines.recv() => self.typed(&line).await,
            }
        }
    }

    fn view(&mut self, view: View) {
        match view {
            View::State(state) => self.state = state,
            View::Note(at, note) => self.note(at, &note),
            View::Agent(turn, event) => match self.shown {
                Shown::Text { .. } => {
                    let lines = self.speeches.entry(turn).or_default().take(&event);
                    lines.iter().for_each(|line| self.out.line(line));
                }
                Shown::Json => {
                    let mut json = serde_json::json!({ "turn": turn.0 });
                    if let (Some(fields), Ok(serde_json::Value::Object(event))) =
                        (json.as_object_mut(), serde_json::to_value(&event))
                    {
                        fields.extend(event);
                    }
                    self.out.line(&json.to_string());
                }
            },
            View::Asked(asked) => self.asked(*asked),
            View::Unasked(gate) => self.open.retain(|asked| asked.gate != gate),
        }
    }

    fn note(&mut self, at: Timestamp, note: &Note) {
        let rest: Vec<String> = self.speeches.values_mut().flat_map(Speech::rest).collect();
        rest.iter().for_each(|line| self.out.line(line));
        match self.shown {
            Shown::Text { unicode } => {
                // On a terminal the question itself is shown, in full.
                if self.asks && matches!(note, Note::Waiting { .. }) {
                    return;
                }
                let lines = Lines { plan: self.plan(), unicode };
                if let Some(line) = lines.of(note) {
                    self.out.line(&format!("{} {}", clock(at), crate::view::lines::visible(&line)));
                }
            }
            Shown::Json => {
                let mut json = serde_json::json!({ "at": at });
                if let (Some(fields), Ok(serde_json::Value::Object(note))) =
                    (json.as_object_mut(), serde_json::to_value(note))
                {
                    fields.extend(note);
                }
                self.out.line(&json.to_string());
            }
        }
    }

    fn plan(&self) -> &Plan {
        &self.state.seen.plan
    }

    fn asked(&mut self, asked: Asked) {
        if self.asks {
            let Shown::Text { unicode } = self.shown else { return };
            let lines = Lines { plan: self.plan(), unicode };
            let rfc = match &asked.question {
                Question::Rfc { milestone, .. } => self.rfc(milestone),
                _ => None,
            };
            for line in ask::shown(&asked, &lines, rfc.as_deref()) {
                self.out.line(&line);
            }
        }
        self.open.push(asked);
    }

    /// The text of a design, for the question about it.
    fn rfc(&self, milestone: &orchestra_core::id::MilestoneId) -> Option<String> {
        let folder = &self.plan().find(milestone)?.folder;
        let path = self.out.project().join(".orchestra/milestones").join(folder).join("rfc.md");
        std::fs::read(path).ok().map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    }

    /// A line that a person typed answers the question shown last; typed before it was shown, it answers nothing.
    async fn typed(&mut self, line: &Typed) {
        let Some(asked) = self.open.last().cloned() else {
            return self.out.line("   (nothing is asked at the moment; ctrl-c interrupts)");
        };
        match ask::parse(&line.text, &asked.question) {
            Ok(answer) => {
                let (gate, answer): (GateId, Answer) = (asked.gate, answer);
                // A worker that has left takes no answers.
                drop(self.wishes.send(Wish::Answer { gate, answer }).await);
            }
            Err(hint) => self.out.line(&format!("   {hint}")),
        }
    }
}

struct Typed {
    text: String,
}

/// Reads the terminal on a thread of its own; it ends with the process.
fn read_lines(typed: mpsc::Sender<Typed>) {
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines() {
            let Ok(text) = line else { return };
            if typed.blocking_send(Typed { text }).is_err() {
                return;
            }
        }
    });
}

/// What a run came to, in a few lines.
fn summary(end: &End, took: Duration, unicode: bool, out: &Out) {
    let Tally { done, parked, waiting, set_aside, commits, pushes, usage } = &end.tally;
    let dot = if unicode { "·" } else { "-" };
    let mut lines = Vec::new();
    let names = |ids: &[orchestra_core::id::MilestoneId]| {
        ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    };
    if !done.is_empty() {
        lines.push(format!("done: {}", names(done)));
    }
    for (milestone, reason) in parked {
        lines.push(format!("not done: {milestone} ({reason})"));
    }
    for milestone in waiting {
        lines.push(format!("waits for you: {milestone}"));
    }
    for folder in set_aside {
        lines.push(format!("cannot be read: {folder} (`orchestra status` says why)"));
    }
    for asked in &end.open {
        let text = asked.question.text();
        lines.push(format!(
            "open: {text} (`orchestra answer {} {}`)",
            asked.gate,
            asked.question.answers().join("|")
        ));
    }
    if *commits > 0 {
        let pushed = if pushes.is_empty() {
            "nothing pushed".to_owned()
        } else {
            format!("pushed to {}", pushes.join(", "))
        };
        lines.push(format!("{commits} commit(s), {pushed}"));
    }
    let tokens =
        if usage.tokens() > 0 { format!(", {} tokens", thousands(usage.tokens())) } else { String::new() };
    lines.push(format!("{}{tokens}", duration(took)));
    for line in lines {
        out.line(&format!("{dot} {}", crate::view::lines::visible(&line)));
    }
}
