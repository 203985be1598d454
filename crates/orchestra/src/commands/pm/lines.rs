//! A conversation without a screen: what is said, line by line; what waits is answered by a number.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use jiff::Timestamp;
use orchestra_core::conversation::{
    AskId, COMMANDS, Conversation, Kept, Line, Note, Project, Typed as Command, Verdict, What, parse,
};
use orchestra_core::id::TurnId;
use orchestra_core::plan::Plan;
use orchestra_core::report::AgentEvent;
use orchestra_core::words::counted;
use orchestra_engine::brief::plan_in_words;
use orchestra_engine::conversation::{View, Wish};
use serde_json::json;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::question;
use crate::context::Context;
use crate::out::behind::{Behind, Printed};
use crate::out::block;
use crate::typing::{ALONE, Typed, read_lines};
use crate::view::lines::visible;
use crate::view::speech::Speech;

/// How a conversation is held.
#[derive(Clone, Copy, Debug)]
pub(super) enum Manner {
    /// With a person, or a pipe that nobody types into.
    Terminal {
        /// Whether a person sits there.
        asks: bool,
    },
    /// One question, one answer.
    Answer,
    /// The same, an event a line of JSON.
    Json,
}

/// What is shown of a conversation.
pub(super) struct Lines {
    manner: Manner,
    out: Behind,
    wishes: Option<mpsc::Sender<Wish>>,
    first: Option<String>,
    start: String,
    state: Arc<Conversation>,
    project: Arc<Project>,
    speech: Speech,
    /// What was shown, and when: what was typed before answers nothing.
    asked: Vec<(AskId, Printed)>,
    /// Whether the first turn has begun.
    has_begun: bool,
    switch: Option<(String, String)>,
}

/// What is left when it is over.
pub(super) struct Told {
    pub(super) out: Behind,
    /// The role that the person wants to talk to instead, and what they say.
    pub(super) switch: Option<(String, String)>,
}

impl Lines {
    pub(super) fn new(
        context: &Context,
        manner: Manner,
        out: Behind,
        wishes: mpsc::Sender<Wish>,
        first: Option<String>,
    ) -> Self {
        Self {
            manner,
            out,
            wishes: Some(wishes),
            first,
            start: context.typed("start"),
            state: Arc::default(),
            project: Arc::default(),
            speech: Speech::default(),
            asked: Vec::new(),
            has_begun: false,
            switch: None,
        }
    }

    /// Shows everything until the conversation is over.
    pub(super) async fn show(mut self, mut views: mpsc::Receiver<View>) -> Told {
        let (typed, mut lines) = mpsc::channel(64);
        if let Manner::Terminal { asks, .. } = self.manner {
            read_lines(typed);
            if asks {
                self.out.line(
                    "Say what you want to build. Enter sends; `>> WORDS` queues; `<` takes that back; `#help`; ctrl-d leaves.",
                );
            }
        }
        if let Some(text) = self.first.take() {
            self.wish(Wish::Say { text }).await;
        }
        let mut is_typing = true;
        loop {
            tokio::select! {
                view = views.recv() => match view {
                    Some(view) => self.view(view).await,
                    None => return Told { out: self.out, switch: self.switch },
                },
                typed = lines.recv(), if is_typing => match typed {
                    Some(Typed::Line { text, at }) => {
                        let mut all = vec![text];
                        while let Ok(Some(Typed::Line { text, .. })) = timeout(ALONE, lines.recv()).await {
                            all.push(text);
                        }
                        self.typed(&all, at).await;
                    }
                    Some(Typed::End) => self.leave().await,
                    // Nothing will come from there any more; where nobody ever typed, what was said is still answered.
                    None => {
                        is_typing = false;
                        if matches!(self.manner, Manner::Terminal { .. }) {
                            self.leave().await;
                        }
                    }
                },
            }
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
                }
                let waits_for_nothing =
                    self.state.trouble.as_ref().is_none_or(|trouble| trouble.again.is_none());
                let is_over = self.has_begun && self.state.running.is_none() && waits_for_nothing;
                if is_over && !matches!(self.manner, Manner::Terminal { .. }) {
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
        matches!(self.manner, Manner::Terminal { .. })
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
            Manner::Answer if !matches!(event, AgentEvent::Text { .. }) => {}
            Manner::Answer | Manner::Terminal { .. } => {
                for line in self.speech.take(event).into_iter().filter(|_| has_room) {
                    self.out.line(line);
                }
            }
        }
    }

    fn rest(&mut self) {
        for line in self.speech.rest() {
            self.out.line(line);
        }
        let left_out = self.out.left_out();
        if left_out > 0 {
            let what = counted(left_out, "message");
            self.out.line(format_args!(
                "   (nobody read this for a while: {what} left out; the transcript has all)"
            ));
        }
    }

    async fn note(&mut self, at: Timestamp, note: &Note) {
        self.rest();
        if let Manner::Json = self.manner {
            self.out.data(json!({ "at": at, "note": in_words(note, &self.start) }));
        }
        let is_asked = matches!(note, Note::Proposed { .. } | Note::Asked { .. });
        if !self.is_terminal() {
            if let Manner::Answer = self.manner
                && !is_asked
            {
                self.out.line(in_words(note, &self.start));
            }
            if let (Manner::Answer, Note::Proposed { ask } | Note::Asked { ask }) = (self.manner, note) {
                self.ask(*ask);
            }
            if is_asked {
                // Nobody is there to answer: it stays open in the conversation.
                self.leave().await;
            }
            return;
        }
        match note {
            Note::Proposed { ask } | Note::Asked { ask } => self.ask(*ask),
            other => self.out.line(in_words(other, &self.start)),
        }
    }

    /// Shows a question in full. The state that has it comes just before the note.
    fn ask(&mut self, ask: AskId) {
        let Some(open) = self.state.open.iter().find(|open| open.id == ask) else { return };
        let lines = question::in_lines(open);
        let printed = self.out.question(lines);
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
            && matches!(open.what, What::Proposal(_) | What::Form(_))
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
                self.out.line(format_args!("   In another terminal: `{}`", self.start));
            }
            Command::Help => {
                for line in help(&self.project.plan) {
                    self.out.line(format_args!("   {line}"));
                }
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
            What::Form(_) | What::Drawing { .. } | What::Writing(_) => None,
        };
        self.wish(Wish::Answer { ask, of, verdict }).await;
    }
}

/// What can be typed.
pub(in crate::commands) fn help(plan: &Plan) -> Vec<String> {
    let commands = COMMANDS.iter().map(|(word, what)| format!("#{word:<12} {what}"));
    let roles = plan.roles.iter().map(|role| {
        let alias = role.alias.as_deref().unwrap_or(role.id.as_str());
        format!("#{:<12} talk to {}", visible(alias), role.id)
    });
    commands.chain(roles).collect()
}

/// A note as a line.
pub(super) fn in_words(note: &Note, start: &str) -> String {
    match note {
        Note::Proposed { .. } => "🚦 A proposal waits for you.".to_owned(),
        Note::Asked { .. } => "❓ It asks you something.".to_owned(),
        Note::Refused { wrong } => {
            format!("· a proposal did not hold and went back: {}", visible(&wrong.join("; ")))
        }
        Note::Written { what } => format!("🎯 {} Run `{start}` in another terminal.", visible(what)),
        Note::NotWritten { why } => format!("✘ nothing was written: {}", visible(why)),
        Note::Interrupted => "· interrupted".to_owned(),
        Note::Trouble { message, hint, again } => {
            let hint = match again {
                Some(again) => format!("tried again at {}", crate::view::lines::clock(*again)),
                None => hint.clone(),
            };
            format!("✘ {} {}", visible(message), visible(&hint))
        }
        Note::Remark { text } => format!("· {}", visible(text)),
    }
}
