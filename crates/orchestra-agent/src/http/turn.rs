//! One turn: requests and calls of tools, until the model has said what it wanted to say.
//!
//! All that is known of the turn stands in [`Turn`], and what waits borrows it: a turn can be left at any moment, and what
//! was said until then is put in order by [`Turn::settle`].

mod ask;
mod calls;
mod condense;
mod keys;

use std::collections::HashMap;
use std::sync::Arc;

use orchestra_core::config::http::{HttpAgent, Price};
use orchestra_core::own_tool::OwnTool;
use orchestra_core::report::{AgentEvent, Fault, Outcome, Report, Usage};
use tokio::sync::mpsc::Receiver;
use tokio::time::sleep;

use self::condense::Room;
use self::keys::without;
use super::client::Client;
use super::conversation::Conversation;
use super::message::{Call, CallResult, Message, Part};
use super::tools::{Tools, specs};
use super::voice::Voice;
use super::wire::{Stop, Tokens};
use crate::agent::TurnRequest;
use crate::command::event::{MAX_SUMMARY, ending};
use crate::redact::Redactor;
use crate::report_file::{HandedIn, report_in_text};
use crate::tools::Spec;

/// How often an answer that came to its limit may go on.
const MAX_CONTINUED: u32 = 3;

/// What is said in place of a prompt that says nothing in this turn.
const BEGIN: &str = "Begin.";
const CUT_OFF: &str =
    "Your answer was cut off at its limit of tokens. Go on where it stopped, in smaller steps.";
const REMINDER: &str = "You have not handed in your report. Call `report_result` now, as your only call, with what you did; \
                        if something is left to be done, do it first.";

/// What a turn is made of.
pub(super) struct Turn<'a> {
    config: &'a HttpAgent,
    request: &'a TurnRequest,
    client: Arc<Client>,
    tools: Arc<dyn Tools>,
    specs: Vec<Spec>,
    voice: Voice<'a>,
    conversation: Conversation,
    model: String,
    standing: String,
    /// Keys that no model is told, whatever file they stand in.
    keys: Vec<String>,
    redactor: Redactor,
    price: Option<Price>,
    spent: Usage,
    requests: u32,
    /// How many messages were written to the transcript.
    told: usize,
    answer: Option<Answer>,
    /// The calls that are being carried out, each with what came back.
    calls: Vec<(Call, Option<CallResult>)>,
    /// How often each call has failed since something was changed.
    failed: HashMap<String, u32>,
    call_count: u32,
    unheard: Vec<String>,
    report: Option<Box<Report>>,
    /// A report that was handed in before the person said something more.
    older_report: Option<Box<Report>>,
    is_reminded: bool,
    continued: u32,
    room: Room,
    is_window_told: bool,
}

/// What came of an answer so far.
#[derive(Debug, Default)]
struct Answer {
    parts: Vec<Part>,
    /// Text that was shown and is no whole part yet.
    partial: String,
    tokens: Tokens,
    stop: Option<Stop>,
    is_whole: bool,
    /// It is an answer to us, and no part of the conversation.
    is_aside: bool,
}

/// What a turn needs that is not in its request.
pub(super) struct Means<'a> {
    pub(super) config: &'a HttpAgent,
    pub(super) client: Client,
    pub(super) tools: Arc<dyn Tools>,
    pub(super) voice: Voice<'a>,
    pub(super) conversation: Conversation,
    pub(super) model: String,
    pub(super) keys: Vec<String>,
    pub(super) redactor: Redactor,
}

impl<'a> Turn<'a> {
    pub(super) fn new(request: &'a TurnRequest, means: Means<'a>) -> Self {
        let Means { config, client, tools, voice, conversation, model, keys, redactor } = means;
        let standing = without(&keys, request.prompt.standing());
        Self {
            specs: specs(&*tools, request.own.as_ref()),
            price: config.price_of(&model),
            config,
            request,
            client: Arc::new(client),
            tools,
            voice,
            conversation,
            model,
            standing,
            keys,
            redactor,
            spent: Usage::default(),
            requests: 0,
            told: 0,
            answer: None,
            calls: Vec::new(),
            failed: HashMap::new(),
            call_count: 0,
            unheard: Vec::new(),
            report: None,
            older_report: None,
            is_reminded: false,
            continued: 0,
            room: Room::default(),
            is_window_told: false,
        }
    }

    /// Runs it to its end, whichever that is.
    pub(super) async fn run(mut self, words: &mut Option<Receiver<String>>) -> Outcome {
        let (cancel, time) = (self.request.cancel.clone(), self.request.timeout);
        let ended = tokio::select! {
            biased;
            () = cancel.cancelled() => Err(Fault::Cancelled),
            ended = self.work(words) => ended,
            () = sleep(time) => Err(Fault::TimedOut { after: time }),
        };
        if cancel.is_cancelled() {
            self.voice.hurry();
        }
        self.settle(ended.as_ref().err()).await;
        match ended {
            Ok(mut report) => {
                report.usage = Some(self.spent);
                Outcome::Reported(report)
            }
            Err(fault) => Outcome::Faulted(fault),
        }
    }

    async fn work(&mut self, words: &mut Option<Receiver<String>>) -> Result<Box<Report>, Fault> {
        if let Some(session) = self.conversation.session().cloned() {
            self.voice.say(AgentEvent::Session { session }).await;
        }
        let prompt = without(&self.keys, self.request.prompt.turn());
        self.conversation.open(if prompt.trim().is_empty() { BEGIN } else { &prompt });
        self.room.opened_at = self.conversation.messages().len().saturating_sub(1);
        loop {
            self.hear(words).await;
            self.make_room().await?;
            let stop = self.ask().await?;
            if self.call_tools().await? {
                if self.report.is_some() && !self.is_spoken_to(words) {
                    return Ok(self.report.take().unwrap_or_default());
                }
                continue;
            }
            match stop {
                Stop::Refusal(why) if why.trim().is_empty() => return Err(failed("the model refused")),
                Stop::Refusal(why) => return Err(failed(format!("the model refused: {why}"))),
                Stop::Filtered => return Err(failed("the provider's filter stopped the answer")),
                Stop::Overflow => self.make_room_again().await?,
                Stop::Paused => {}
                Stop::MaxOutput => {
                    self.continued += 1;
                    if self.continued > MAX_CONTINUED {
                        return Err(failed(
                            "its answers are too long: it came to the limit of tokens again and again",
                        ));
                    }
                    self.conversation.push(Message::user(CUT_OFF));
                }
                Stop::End if self.is_spoken_to(words) => {}
                Stop::End => {
                    if let Some(report) = self.finish().await? {
                        return Ok(report);
                    }
                }
            }
        }
    }

    /// Takes up what the person said meanwhile.
    async fn hear(&mut self, words: &mut Option<Receiver<String>>) {
        self.is_spoken_to(words);
        for text in std::mem::take(&mut self.unheard) {
            self.voice.aside("you", &text);
            self.conversation.push(Message::user(without(&self.keys, text)));
            self.voice.say(AgentEvent::Heard).await;
            // What was reported before they spoke may not be the last word.
            self.older_report = self.report.take().or(self.older_report.take());
        }
    }

    /// Whether something was said that was not taken up.
    fn is_spoken_to(&mut self, words: &mut Option<Receiver<String>>) -> bool {
        while let Some(Ok(text)) = words.as_mut().map(Receiver::try_recv) {
            self.unheard.push(text);
        }
        !self.unheard.is_empty()
    }

    /// The model has nothing more to say: what it said, or once more the question for its report.
    async fn finish(&mut self) -> Result<Option<Box<Report>>, Fault> {
        let text = match self.conversation.messages().last() {
            Some(Message::Agent { parts, .. }) => text_of(parts),
            Some(Message::User { .. } | Message::Results { .. } | Message::Notes(_)) | None => String::new(),
        };
        if let HandedIn::Report(report) = report_in_text(&text) {
            return Ok(Some(report));
        }
        let offered = self.request.own.as_ref().map(crate::own::OwnTools::offered);
        let is_wanted = offered.is_some_and(|offered| offered.contains(&OwnTool::ReportResult));
        if let Some(report) = self.older_report.take() {
            return Ok(Some(report));
        }
        if is_wanted && !self.is_reminded {
            self.is_reminded = true;
            self.conversation.push(Message::user(REMINDER));
            return Ok(None);
        }
        if let HandedIn::Broken(message) = report_in_text(&text) {
            return Err(Fault::Failed { message });
        }
        if text.trim().is_empty() && self.call_count == 0 {
            return Err(failed("it said nothing"));
        }
        if is_wanted || offered.is_none() {
            self.voice.notice("no report was handed in: its last words are the summary").await;
        }
        let summary = ending(text.trim(), MAX_SUMMARY).to_owned();
        Ok(Some(Box::new(Report { summary, ..Report::default() })))
    }

    /// Puts in order what was left in the middle, so that another turn can go on with the conversation.
    async fn settle(&mut self, fault: Option<&Fault>) {
        if let Some(answer) = self.answer.take() {
            self.count(answer.tokens).await;
            let is_ours =
                matches!(fault, Some(Fault::Cancelled | Fault::TimedOut { .. })) && !answer.is_aside;
            let text = without(&self.keys, [text_of(&answer.parts), answer.partial].concat());
            // What was shown before it was interrupted was said; what broke off by itself will be said anew.
            if is_ours && !text.trim().is_empty() {
                self.conversation.push(Message::agent(
                    self.config.wire,
                    &self.model,
                    vec![Part::Text { text }],
                ));
            }
        }
        self.settle_calls().await;
        if let Some(error) = self.conversation.take_failure() {
            self.voice.notice(format!("the conversation could not be kept: {error}")).await;
        }
        self.voice.finish().await;
    }
}

fn text_of(parts: &[Part]) -> String {
    let text = |part: &Part| match part {
        Part::Text { text } => Some(text.clone()),
        Part::Thinking { .. } | Part::Call(_) => None,
    };
    parts.iter().filter_map(text).collect()
}

fn failed(message: impl Into<String>) -> Fault {
    Fault::Failed { message: message.into() }
}
