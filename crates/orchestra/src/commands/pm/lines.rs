//! A conversation without a screen: what is said, line by line; what waits is answered by a number.

use std::collections::BTreeSet;
use std::future::pending;
use std::sync::Arc;
use std::time::Instant;

use jiff::Timestamp;
use orchestra_core::conversation::{
    AskId, BOOTSTRAP, Conversation, Kept, Line, Note, Open, Project, Typed as Command, Verdict, What, parse,
};
use orchestra_core::id::{RoleId, TurnId};
use orchestra_core::plan::ARCHITECT;
use orchestra_core::report::AgentEvent;
use orchestra_core::words::counted;
use orchestra_engine::brief::plan_in_words;
use orchestra_engine::conversation::{View, Wish};
use serde_json::json;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::seat::Signals;
use super::words::{help, how_to_start, in_words};
use super::{PLANNER, question};
use crate::cli::{Output, TalkArgs};
use crate::context::Context;
use crate::out::behind::{Behind, Printed};
use crate::out::{block, verbatim};
use crate::typing::{ALONE, Typed};
use crate::view::lines::visible;
use crate::view::speech::Speech;

/// How a conversation is held.
#[derive(Clone, Copy, Debug)]
pub(super) enum Manner {
    /// With a person.
    Terminal,
    /// One question: the answer on standard output, everything else beside it.
    Answer,
    /// The same, an event a line of JSON.
    Json,
}

impl Manner {
    /// The one that was asked for.
    pub(super) fn of(args: &TalkArgs) -> Self {
        match (&args.print, args.output) {
            (None, _) => Self::Terminal,
            (Some(_), Output::Text) => Self::Answer,
            (Some(_), Output::Json) => Self::Json,
        }
    }
}

/// What a person does at a terminal without a screen.
pub(super) struct Typing {
    pub(super) lines: mpsc::Receiver<Typed>,
    /// `ctrl-c`.
    pub(super) interrupted: mpsc::Receiver<()>,
    pub(super) signals: Signals,
}

/// The exit code after `ctrl-c`.
const INTERRUPTED: u8 = 130;
/// So much of an answer waits until it is known to be one, in bytes.
const ANSWER: usize = 16 * 1024 * 1024;

/// What is shown of a conversation.
pub(super) struct Lines {
    manner: Manner,
    out: Behind,
    wishes: Option<mpsc::Sender<Wish>>,
    first: Option<String>,
    start: String,
    role: RoleId,
    state: Arc<Conversation>,
    project: Arc<Project>,
    speech: Speech,
    /// What the running turn has said, where only an answer is wanted.
    answer: String,
    /// The turn that `ctrl-c` was pressed in.
    stopped: Option<TurnId>,
    /// What was shown, and when: what was typed before answers nothing.
    asked: Vec<(AskId, Printed)>,
    /// Whether the first turn has begun.
    has_begun: bool,
    switch: Option<(String, String)>,
}

/// What is left when it is over.
pub(super) struct Told {
    pub(super) out: Behind,
    /// What is typed, for whoever comes next.
    pub(super) lines: Option<mpsc::Receiver<Typed>>,
    /// The role that the person wants to talk to instead, and what they say.
    pub(super) switch: Option<(String, String)>,
}

impl Lines {
    pub(super) fn new(
        context: &Context,
        manner: Manner,
        out: Behind,
        wishes: mpsc::Sender<Wish>,
        role: &RoleId,
        first: Option<String>,
    ) -> Self {
        Self {
            manner,
            out,
            wishes: Some(wishes),
            first,
            start: context.typed("start"),
            role: role.clone(),
            state: Arc::default(),
            project: Arc::default(),
            speech: Speech::default(),
            answer: String::new(),
            stopped: None,
            asked: Vec::new(),
            has_begun: false,
            switch: None,
        }
    }

    /// Shows everything until the conversation is over.
    pub(super) async fn show(mut self, mut views: mpsc::Receiver<View>, typing: Option<Typing>) -> Told {
        let (mut lines, mut interrupted, mut signals) = (None, None, None);
        if let Some(typing) = typing {
            (lines, interrupted, signals) =
                (Some(typing.lines), Some(typing.interrupted), Some(typing.signals));
            self.greet();
        }
        if let Some(text) = self.first.take() {
            self.wish(Wish::Say { text }).await;
        }
        let mut is_typing = true;
        loop {
            tokio::select! {
                view = views.recv() => match view {
                    Some(view) => self.view(view).await,
                    None => break,
                },
                // What is typed behind the name of another role is said to that one.
                typed = next(&mut lines), if is_typing && self.switch.is_none() => match typed {
                    Some(Typed::Line { text, at }) => {
                        let (all, is_over) = paste(text, &mut lines).await;
                        self.typed(&all, at).await;
                        if is_over {
                            self.leave().await;
                        }
                    }
                    Some(Typed::End) => self.leave().await,
                    // The terminal is gone.
                    None => {
                        is_typing = false;
                        self.leave().await;
                    }
                },
                Some(()) = next(&mut interrupted) => self.interrupted(signals.as_ref()).await,
            }
        }
        self.answered(false);
        Told { out: self.out, lines, switch: self.switch }
    }

    fn greet(&self) {
        let whom = match self.role.as_str() {
            PLANNER => "Say what you want to build.".to_owned(),
            role => format!("You talk to {role}."),
        };
        let keys = "Enter sends; `>> WORDS` queues; `<` takes that back; `#help`; ctrl-d leaves.";
        self.out.line(format_args!("{whom} {keys}"));
    }

    /// `ctrl-c` stops the turn first, and leaves where none runs or it is on its way out.
    async fn interrupted(&mut self, signals: Option<&Signals>) {
        let running = self.state.running.as_ref().filter(|running| !running.interrupted);
        match (running.map(|running| running.turn), signals) {
            (Some(turn), _) if self.stopped != Some(turn) => {
                self.stopped = Some(turn);
                self.wish(Wish::Interrupt).await;
            }
            (_, Some(signals)) => signals.end(INTERRUPTED).await,
            (_, None) => self.leave().await,
        }
    }

    async fn wish(&mut self, wish: Wish) {
        if let Some(wishes) = &self.wishes {
            // A conversation that is over hears nothing.
            drop(wishes.send(wish).await);
        }
    }

    async fn leave(&mut self) {
        self.wish(Wish::Leave).await;
    }

    async fn view(&mut self, view: View) {
        match view {
            View::Past(lines) => self.past(&lines),
            View::State(state) => {
                let has_ended = self.state.running.is_some() && state.running.is_none();
                self.has_begun |= state.running.is_some();
                self.state = state;
                if has_ended {
                    self.rest();
                    self.answered(self.state.trouble.is_none());
                }
                let waits_for_nothing =
                    self.state.trouble.as_ref().is_none_or(|trouble| trouble.again.is_none());
                // What it changed is found out first.
                let is_known = self.state.looking.is_none() || self.state.trouble.is_some();
                let is_over = self.has_begun && self.state.running.is_none() && waits_for_nothing && is_known;
                if is_over && !self.is_terminal() {
                    self.leave().await;
                }
            }
            View::Note(at, note) => self.note(at, &note).await,
            View::Agent(turn, event) => self.heard(turn, &event),
            View::Project(project) => {
                self.told_of_the_worker(&project);
                self.project = project;
            }
        }
    }

    fn is_terminal(&self) -> bool {
        matches!(self.manner, Manner::Terminal)
    }

    /// What was said before, the last of it.
    fn past(&self, lines: &[Kept]) {
        if !self.is_terminal() {
            return;
        }
        for kept in lines.iter().rev().take(20).collect::<Vec<_>>().into_iter().rev() {
            match &kept.line {
                Line::Said { text } | Line::Queued { text } => self.out.line(block(text, "> ")),
                Line::Text { text } => self.out.line(block(text, "   ")),
                Line::Wrote { what, .. } => self.out.line(format_args!("🎯 {}", visible(what))),
                _ => {}
            }
        }
    }

    fn heard(&mut self, turn: TurnId, event: &AgentEvent) {
        let has_room = self.out.has_room();
        match self.manner {
            Manner::Json if has_room => {
                let mut json = json!({ "turn": turn.0 });
                if let (Some(fields), Ok(serde_json::Value::Object(event))) =
                    (json.as_object_mut(), serde_json::to_value(event))
                {
                    fields.extend(event);
                }
                self.out.data(json);
            }
            Manner::Json => {}
            Manner::Answer => self.gather(event),
            Manner::Terminal => {
                for line in self.speech.take(event).into_iter().filter(|_| has_room) {
                    self.out.line(line);
                }
            }
        }
    }

    /// Keeps what is said until its turn has ended: half of what is then said once more is no answer.
    fn gather(&mut self, event: &AgentEvent) {
        match event {
            AgentEvent::Text { text } => self.answer.push_str(text),
            AgentEvent::ToolStarted { .. } if !self.answer.is_empty() && !self.answer.ends_with('\n') => {
                self.answer.push('\n');
            }
            _ => {}
        }
        if self.answer.len() > ANSWER {
            self.answered(true);
        }
    }

    /// Prints what was gathered, whole and bare where it is the answer.
    fn answered(&mut self, is_answer: bool) {
        let said = std::mem::take(&mut self.answer);
        let said = verbatim(said.trim_end().as_bytes());
        if said.is_empty() {
            return;
        }
        if is_answer {
            self.out.data(said);
        } else {
            self.out.error(said);
        }
    }

    /// Prints a line for a person: beside the answer where only that is wanted.
    fn tell(&self, line: impl std::fmt::Display) {
        if let Manner::Answer = self.manner {
            self.out.error(line);
        } else {
            self.out.line(line);
        }
    }

    fn rest(&mut self) {
        for line in self.speech.rest() {
            self.out.line(line);
        }
        let left_out = self.out.left_out();
        if left_out > 0 {
            let what = counted(left_out, "message");
            self.tell(format_args!(
                "   (nobody read this for a while: {what} left out; the transcript has all)"
            ));
        }
    }

    async fn note(&mut self, at: Timestamp, note: &Note) {
        self.rest();
        let words = in_words(note, &self.project, &self.start);
        let asked = match note {
            Note::Proposed { ask, .. } | Note::Asked { ask } => Some(*ask),
            _ => None,
        };
        match (self.manner, asked) {
            (Manner::Json, _) => self.out.data(json!({ "at": at, "note": words })),
            (Manner::Terminal, Some(ask)) => self.ask(ask),
            (Manner::Answer, Some(ask)) => {
                for line in self.open(ask).map(question::in_lines).unwrap_or_default() {
                    self.out.error(line);
                }
            }
            (Manner::Terminal | Manner::Answer, None) => self.tell(words),
        }
        if asked.is_some() && !self.is_terminal() {
            // Nobody is there to answer: it stays open in the conversation.
            self.leave().await;
        }
    }

    /// What waits. The state that has it comes just before the note.
    fn open(&self, ask: AskId) -> Option<&Open> {
        self.state.open.iter().find(|open| open.id == ask)
    }

    /// Shows a question in full.
    fn ask(&mut self, ask: AskId) {
        let Some(open) = self.open(ask) else { return };
        let printed = self.out.question(question::in_lines(open));
        self.asked.retain(|(asked, _)| *asked != ask);
        self.asked.push((ask, printed));
    }

    fn told_of_the_worker(&self, project: &Project) {
        let waits = |project: &Project| project.worker.as_ref().and_then(|worker| worker.waits.clone());
        if let Some((gate, text)) = waits(project)
            && waits(&self.project).is_none_or(|(before, _)| before != gate)
            && self.is_terminal()
        {
            self.out.line(format_args!("🚦 the worker waits ({gate}): {}", visible(&text)));
        }
        let done = |project: &Project| -> BTreeSet<String> {
            let milestones = project.plan.milestones.iter();
            let done = milestones.filter(|one| one.status == orchestra_core::plan::MilestoneStatus::Done);
            done.map(|milestone| milestone.id.to_string()).collect()
        };
        if self.is_terminal() && !self.project.plan.milestones.is_empty() {
            for id in done(project).difference(&done(&self.project)) {
                self.out.line(format_args!("✅ {id} done."));
            }
        }
    }

    /// What a person typed. A single line may answer what waits; several at once are a paste, and only ever words.
    async fn typed(&mut self, lines: &[String], at: Instant) {
        let text = lines.join("\n");
        if let [line] = lines
            && let Some(open) = self.state.open.last().cloned()
            && (matches!(open.what, What::Proposal(_)) || open.what.form().is_some())
            && !line.trim_start().starts_with(['>', '<', '#', '/'])
        {
            let printed = self.asked.iter().find(|(ask, _)| *ask == open.id).map(|(_, printed)| printed);
            if printed.and_then(|printed| printed.get()).is_none_or(|printed| at < *printed) {
                self.out.line("   (typed before the question was there; please type it again)");
                return;
            }
            match question::parse(line, &open) {
                Ok(verdict) => self.answer(open.id, &open.what, verdict).await,
                Err(hint) => self.out.line(format_args!("   {hint}")),
            }
            return;
        }
        if text.trim() == "<" {
            match self.state.queue.last().cloned() {
                Some(text) => self.wish(Wish::Unqueue { text }).await,
                None => self.out.line("   (nothing waits to be said)"),
            }
            return;
        }
        if let Some(text) = text.strip_prefix(">>") {
            return self.wish(Wish::Queue { text: text.trim().to_owned() }).await;
        }
        let text = text.strip_prefix('>').map_or(text.as_str(), str::trim);
        match parse(text, &self.project.plan.roles) {
            Command::Say(text) => self.wish(Wish::Say { text }).await,
            Command::Status => self.out.line(block(&plan_in_words(&self.project.plan), "   ")),
            Command::Start => {
                self.out.line(format_args!("   {}", how_to_start(&self.project, &self.start)));
            }
            Command::Help => {
                for line in help(&self.project.plan) {
                    self.out.line(format_args!("   {line}"));
                }
            }
            Command::Commit { message } => self.wish(Wish::Commit { message }).await,
            Command::Bootstrap if self.state.role.as_ref().is_some_and(|role| role.as_str() == ARCHITECT) => {
                self.wish(Wish::Say { text: BOOTSTRAP.to_owned() }).await;
            }
            Command::Bootstrap => {
                self.switch = Some((ARCHITECT.to_owned(), BOOTSTRAP.to_owned()));
                self.leave().await;
            }
            Command::Role { name, words } => {
                self.switch = Some((name, words));
                self.leave().await;
            }
            Command::Unknown(word) => {
                self.out.line(format_args!("   (`#{word}` is no command and no role; `#help` lists them)"));
            }
        }
    }

    async fn answer(&mut self, ask: AskId, what: &What, verdict: Verdict) {
        let of = match what {
            What::Proposal(proposed) => Some(proposed.of),
            What::Form(_) | What::Outside(_) | What::Drawing { .. } | What::Writing(_) => None,
        };
        self.wish(Wish::Answer { ask, of, verdict }).await;
    }
}

/// The next of a channel, where there is one.
async fn next<T>(channel: &mut Option<mpsc::Receiver<T>>) -> Option<T> {
    match channel {
        Some(channel) => channel.recv().await,
        None => pending().await,
    }
}

/// A line with those that came with it, and whether `ctrl-d` came, too.
async fn paste(first: String, lines: &mut Option<mpsc::Receiver<Typed>>) -> (Vec<String>, bool) {
    let mut all = vec![first];
    loop {
        match timeout(ALONE, next(lines)).await {
            Ok(Some(Typed::Line { text, .. })) => all.push(text),
            Ok(Some(Typed::End)) => return (all, true),
            // Where the terminal is gone, the next look finds that out.
            Ok(None) | Err(_) => return (all, false),
        }
    }
}
