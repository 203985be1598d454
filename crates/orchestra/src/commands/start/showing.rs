//! A run as it is shown without a screen: a line an event, and questions in full on a terminal.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use jiff::Timestamp;
use orchestra_core::conversation::{Typed as Meant, parse};
use orchestra_core::id::{GateId, RoleId, TurnId};
use orchestra_core::plan::Plan;
use orchestra_core::record::Answer;
use orchestra_core::report::AgentEvent;
use orchestra_core::words::counted;
use orchestra_core::worker::{Asked, Listener, Note, Question, State};
use orchestra_engine::brief::plan_in_words;
use orchestra_engine::worker::{View, Wish};
use orchestra_project::layout::{Layout, MAX_DOCUMENT};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::Printed as Form;
use super::screen::visit::{WITH_A_ROLE, WORKS_HERE};
use crate::commands::pm::{help, typed_of};
use crate::out::behind::{Behind, Printed};
use crate::out::block;
use crate::typing::{ALONE, Typed, read_lines};
use crate::view::ask;
use crate::view::lines::{Lines, clock, visible};
use crate::view::speech::Speech;

/// What a run looks like.
pub(super) struct Showing {
    shown: Form,
    layout: Layout,
    out: Behind,
    wishes: mpsc::Sender<Wish>,
    /// What stands before a command of ours that is typed from here.
    before: String,
    asks: bool,
    state: Arc<State>,
    speeches: BTreeMap<TurnId, Speech>,
    open: Vec<Asked>,
    /// When the last question was printed: what was typed before it answers nothing.
    asked_at: Printed,
}

impl Showing {
    pub(super) fn new(
        shown: Form,
        out: Behind,
        layout: Layout,
        before: String,
        wishes: mpsc::Sender<Wish>,
    ) -> Self {
        Self {
            shown,
            layout,
            out,
            wishes,
            before,
            asks: matches!(shown, Form::Text { asks: true, .. }),
            state: Arc::default(),
            speeches: BTreeMap::new(),
            open: Vec::new(),
            asked_at: Printed::default(),
        }
    }

    /// Shows everything until the worker is gone, and returns what is still to be printed.
    pub(super) async fn show(mut self, mut views: mpsc::Receiver<View>) -> Behind {
        let (typed, mut lines) = mpsc::channel(16);
        if self.asks {
            read_lines(typed);
        }
        loop {
            tokio::select! {
                view = views.recv() => match view {
                    Some(view) => self.view(view),
                    None => return self.out,
                },
                Some(typed) = lines.recv() => {
                    let Typed::Line { text, at } = typed else {
                        self.out.line("   (ctrl-d answers nothing; ctrl-c interrupts)");
                        continue;
                    };
                    let mut is_alone = true;
                    while let Ok(Some(_)) = timeout(ALONE, lines.recv()).await {
                        is_alone = false;
                    }
                    if is_alone {
                        self.typed(&text, at).await;
                    } else {
                        self.out.line("   (several lines at once are taken for a paste, and a paste answers nothing)");
                    }
                }
            }
        }
    }

    fn view(&mut self, view: View) {
        match view {
            View::State(state) => self.state = state,
            View::Note(at, note) => self.note(at, &note),
            View::Agent(turn, event) => self.heard(turn, &event),
            View::Asked(asked) => self.asked(*asked),
            View::Unasked(gate) => self.open.retain(|asked| asked.gate != gate),
        }
    }

    /// What an agent says or does.
    fn heard(&mut self, turn: TurnId, event: &AgentEvent) {
        let has_room = self.out.has_room();
        match self.shown {
            Form::Text { .. } => {
                let lines = self.speeches.entry(turn).or_default().take(event);
                for line in lines.into_iter().filter(|_| has_room) {
                    self.out.line(line);
                }
            }
            Form::Json if has_room => {
                let mut json = serde_json::json!({ "turn": turn.0 });
                if let (Some(fields), Ok(serde_json::Value::Object(event))) =
                    (json.as_object_mut(), serde_json::to_value(event))
                {
                    fields.extend(event);
                }
                self.out.data(json);
            }
            Form::Json => {}
        }
    }

    /// Says how much of what agents said was not read in time.
    fn say_what_was_left_out(&mut self) {
        let count = self.out.left_out();
        match self.shown {
            _ if count == 0 => {}
            Form::Text { .. } => self.out.line(format_args!(
                "   (nobody read this for a while: {} left out; the transcript has all of it)",
                counted(count, "message")
            )),
            Form::Json => self.out.data(serde_json::json!({ "event": "left-out", "count": count })),
        }
    }

    fn note(&mut self, at: Timestamp, note: &Note) {
        self.say_what_was_left_out();
        let rest: Vec<String> = self.speeches.values_mut().flat_map(Speech::rest).collect();
        for line in rest {
            self.out.line(line);
        }
        match self.shown {
            Form::Text { unicode, .. } => {
                // On a terminal the question itself is shown, in full.
                if self.asks && matches!(note, Note::Waiting { .. }) {
                    return;
                }
                let lines = Lines { plan: self.plan(), unicode };
                if let Some(line) = lines.of(note) {
                    self.out.line(format_args!("{} {}", clock(at), visible(&line)));
                }
            }
            Form::Json => {
                let mut json = serde_json::json!({ "at": at });
                if let (Some(fields), Ok(serde_json::Value::Object(note))) =
                    (json.as_object_mut(), serde_json::to_value(note))
                {
                    fields.extend(note);
                }
                self.out.data(json);
            }
        }
    }

    fn plan(&self) -> &Plan {
        &self.state.seen.plan
    }

    fn asked(&mut self, asked: Asked) {
        if self.asks {
            let rfc = match &asked.question {
                Question::Rfc { milestone, .. } => self.rfc(milestone),
                _ => None,
            };
            self.asked_at = self.out.question(ask::shown(&asked, rfc.as_deref()));
        }
        self.open.push(asked);
    }

    /// The text of a design, for the question about it.
    fn rfc(&self, milestone: &orchestra_core::id::MilestoneId) -> Option<String> {
        let folder = &self.plan().find(milestone)?.folder;
        let path = Layout::beneath_milestone(folder, "rfc.md").ok()?;
        let plain = self.layout.read(&path, MAX_DOCUMENT).ok().flatten()?;
        Some(String::from_utf8_lossy(&plain.bytes).into_owned())
    }

    /// A line that a person typed answers the question shown last; typed before it was shown, it answers nothing. One that
    /// begins with a sign speaks to those who work, and never answers.
    async fn typed(&mut self, line: &str, at: Instant) {
        if let Some(wish) = self.spoken(line) {
            match wish {
                // A worker that has left hears nothing.
                Ok(wish) => drop(self.wishes.send(wish).await),
                Err(hint) => self.out.line(format_args!("   ({hint})")),
            }
            return;
        }
        if self.is_for_nobody_here(line) {
            return;
        }
        let Some(asked) = self.open.last().cloned() else {
            return self.out.line(format_args!(
                "   (nothing is asked at the moment; {HOW_TO_SPEAK}; ctrl-c interrupts)"
            ));
        };
        if self.asked_at.get().is_none_or(|printed| at < *printed) {
            return self.out.line("   (typed before the question was there; please type it again)");
        }
        match ask::parse(line, &asked.question) {
            Ok(answer) => {
                let (gate, answer): (GateId, Answer) = (asked.gate, answer);
                // A worker that has left takes no answers.
                drop(self.wishes.send(Wish::Answer { gate, answer }).await);
            }
            Err(hint) => self.out.line(format_args!("   {hint}")),
        }
    }
}

impl Showing {
    /// Says what a command or a role that was typed means here. False where it is neither.
    fn is_for_nobody_here(&self, line: &str) -> bool {
        let plan = self.plan();
        match parse(line, &plan.roles) {
            Meant::Say(_) => return false,
            Meant::Status => self.out.line(block(&plan_in_words(plan), "   ")),
            Meant::Help => help(plan).iter().for_each(|line| self.out.line(format_args!("   {line}"))),
            Meant::Start => self.out.line(format_args!("   {WORKS_HERE}")),
            Meant::Role { name, .. } => {
                let what = RoleId::parse(&name).map_or(name, |role| typed_of(&role));
                self.out.line(format_args!("   Talk to it in another terminal: `{}{what}`", self.before));
            }
            Meant::Commit { .. } | Meant::Bootstrap => self.out.line(format_args!("   {WITH_A_ROLE}")),
            Meant::Unknown(word) => {
                self.out.line(format_args!("   (`#{word}` is no command and no role; `#help` lists them)"));
            }
        }
        true
    }
}

/// How a person speaks to those who work.
const HOW_TO_SPEAK: &str =
    "`> WORDS` tells the agent, `>> WORDS` whoever comes after it, `<` takes the last of that back";

impl Showing {
    /// What a line says to those who work, where it begins like one that does.
    fn spoken(&self, line: &str) -> Option<Result<Wish, &'static str>> {
        let line = line.trim();
        if line == "<" {
            let last = self.state.queue().last().map(|queued| queued.text.clone());
            return Some(last.map(|text| Wish::Unqueue { text }).ok_or("nothing waits to be said"));
        }
        let (is_later, text) = match line.strip_prefix(">>") {
            Some(text) => (true, text),
            None => (false, line.strip_prefix('>')?),
        };
        let text = text.trim().to_owned();
        Some(match self.state.listener() {
            _ if text.is_empty() => Err(HOW_TO_SPEAK),
            Listener::Nobody => Err("nobody works, so nobody would hear it"),
            Listener::Now(..) if !is_later => Ok(Wish::Say { text }),
            Listener::Now(..) | Listener::Next => Ok(Wish::Queue { text }),
        })
    }
}
