//! One turn: requests and calls of tools, until the model has said what it wanted to say.
//!
//! All that is known of the turn stands in [`Turn`], and what waits borrows it: a turn can be left at any moment, and what
//! was said until then is put in order by [`Turn::settle`].

mod calls;
mod keys;

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::StreamExt;
use orchestra_core::config::http::{HttpAgent, Price};
use orchestra_core::own_tool::OwnTool;
use orchestra_core::report::{AgentEvent, Fault, Outcome, Report, Usage};
use tokio::sync::mpsc::Receiver;
use tokio::time::{Duration, Instant, sleep, sleep_until, timeout};

use self::keys::without;
use super::client::Client;
use super::conversation::Conversation;
use super::fault;
use super::message::{Call, CallResult, Message, Part};
use super::sse::Events;
use super::tools::{Tools, specs};
use super::voice::Voice;
use super::wire::{self, Ask, Decoder, Stop, StreamEvent, Tokens};
use crate::agent::TurnRequest;
use crate::command::event::{MAX_SUMMARY, ending};
use crate::report_file::{HandedIn, report_in_text};
use crate::tools::Spec;

/// The most requests of one turn.
const MAX_REQUESTS: u32 = 200;
/// The most parts of one answer.
const MAX_PARTS: usize = 256;
/// How often an answer that came to its limit may go on.
const MAX_CONTINUED: u32 = 3;
/// How long the end of a stream is waited for after the end of the answer, so that its connection can be used again.
const DRAIN: Duration = Duration::from_millis(50);
/// Of how much of a model's window it is told, in percent.
const NEARLY_FULL: u64 = 80;

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
}

impl<'a> Turn<'a> {
    pub(super) fn new(request: &'a TurnRequest, means: Means<'a>) -> Self {
        let Means { config, client, tools, voice, conversation, model, keys } = means;
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
        loop {
            self.hear(words).await;
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
                Stop::Overflow => return Err(fault::overflow()),
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

    /// Sends the conversation and takes the answer.
    async fn ask(&mut self) -> Result<Stop, Fault> {
        self.requests += 1;
        if self.requests > MAX_REQUESTS {
            return Err(failed(format!("it made {MAX_REQUESTS} requests and came to no end")));
        }
        if let Some(error) = self.conversation.take_failure() {
            self.voice.notice(format!("the conversation cannot be kept any more: {error}")).await;
        }
        let ask = Ask {
            model: &self.model,
            standing: &self.standing,
            messages: self.conversation.messages(),
            tools: &self.specs,
            max_output: self.config.max_output,
            effort: self.config.effort,
            host: self.config.host(),
        };
        let body = wire::request(self.config.wire, &ask);
        self.tell_what_is_sent(&body);
        self.answer = Some(Answer::default());
        let client = Arc::clone(&self.client);
        let bytes = body.to_string().into_bytes();
        let sending = async { Some(client.send(bytes).await) };
        let mut stream = self.patiently(sending).await.unwrap_or_else(|| Err(client.cut()))?;
        self.listen(&client, &mut stream).await?;
        let drained = async { while stream.next().await.is_some_and(|data| data.is_ok()) {} };
        // Whether it came to its end makes no difference to the answer.
        drop(timeout(DRAIN, drained).await);
        Ok(self.take_answer().await)
    }

    /// The whole prompt the first time, and then what is new.
    fn tell_what_is_sent(&mut self, body: &serde_json::Value) {
        let messages = self.conversation.messages();
        if self.told == 0 {
            self.voice.sent("request", body);
        } else {
            let is_new = |message: &&Message| !matches!(message, Message::Agent { .. });
            let new: Vec<&Message> = messages.iter().skip(self.told).filter(is_new).collect();
            self.voice.sent("sent", &serde_json::json!(new));
        }
        self.told = messages.len();
    }

    async fn listen(&mut self, client: &Client, stream: &mut Events) -> Result<(), Fault> {
        let mut decoder = Decoder::new(self.config.wire);
        while self.answer.as_ref().is_some_and(|answer| !answer.is_whole) {
            let events = match self.patiently(stream.next()).await {
                Some(Ok(data)) => decoder.event(&data).map_err(|error| client.told(error))?,
                Some(Err(error)) => return Err(client.broken(&error)),
                None => {
                    let events = decoder.close();
                    if events.is_empty() {
                        return Err(client.cut());
                    }
                    events
                }
            };
            for event in events {
                self.take(event).await?;
            }
        }
        Ok(())
    }

    /// Waits, and says once when it takes long.
    async fn patiently<T>(&mut self, wait: impl Future<Output = Option<T>>) -> Option<T> {
        let mut wait = std::pin::pin!(wait);
        let silence = self.request.silence;
        let Some(told_at) = Instant::now().checked_add(silence) else { return wait.await };
        tokio::select! {
            biased;
            done = &mut wait => return done,
            () = sleep_until(told_at) => {}
        }
        self.voice.notice(format!("has said nothing for {} s", silence.as_secs())).await;
        wait.await
    }

    async fn take(&mut self, event: StreamEvent) -> Result<(), Fault> {
        let Some(answer) = &mut self.answer else { return Ok(()) };
        match event {
            StreamEvent::Text(text) => {
                answer.partial.push_str(&text);
                self.voice.say(AgentEvent::Text { text }).await;
            }
            StreamEvent::Thinking(text) => self.voice.say(AgentEvent::Thinking { text }).await,
            // Nothing to show, but a sign of life.
            StreamEvent::CallBegan | StreamEvent::Arguments(_) => {}
            StreamEvent::Part(part) => {
                if answer.parts.len() == MAX_PARTS {
                    return Err(failed(format!("its answer has more than {MAX_PARTS} parts")));
                }
                if matches!(part, Part::Text { .. }) {
                    answer.partial.clear();
                }
                let part = with_an_id_of_its_own(keys::part_without(&self.keys, part), &answer.parts);
                answer.parts.push(part);
            }
            StreamEvent::Usage(tokens) => answer.tokens = tokens,
            StreamEvent::Stopped(stop) => answer.stop = Some(stop),
            StreamEvent::Ended => answer.is_whole = true,
        }
        Ok(())
    }

    /// Makes a message of a whole answer. What was refused is no part of the conversation.
    async fn take_answer(&mut self) -> Stop {
        let Some(answer) = self.answer.take() else { return Stop::End };
        self.count(answer.tokens).await;
        let stop = answer.stop.unwrap_or(Stop::End);
        let is_kept = match &stop {
            Stop::End | Stop::MaxOutput | Stop::Paused => !answer.parts.is_empty(),
            Stop::Refusal(_) | Stop::Filtered | Stop::Overflow => false,
        };
        if is_kept {
            self.calls = super::message::calls(&answer.parts).map(|call| (call.clone(), None)).collect();
            self.conversation.push(Message::agent(self.config.wire, &self.model, answer.parts));
        }
        stop
    }

    async fn count(&mut self, tokens: Tokens) {
        let mut usage = tokens.usage();
        usage.cost_usd = self.price.map(|price| price.cost_of(&usage, tokens.written));
        self.spent = self.spent.plus(usage);
        self.voice.say(AgentEvent::Usage { usage: self.spent }).await;
        let Some(window) = self.config.window.filter(|_| !self.is_window_told) else { return };
        let percent = usage.tokens().saturating_mul(100) / window.max(1);
        if percent >= NEARLY_FULL {
            self.is_window_told = true;
            self.voice.notice(format!("the conversation fills {percent} % of the model's window")).await;
        }
    }

    /// The model has nothing more to say: what it said, or once more the question for its report.
    async fn finish(&mut self) -> Result<Option<Box<Report>>, Fault> {
        let text = match self.conversation.messages().last() {
            Some(Message::Agent { parts, .. }) => text_of(parts),
            Some(Message::User { .. } | Message::Results { .. }) | None => String::new(),
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
            let is_ours = matches!(fault, Some(Fault::Cancelled | Fault::TimedOut { .. }));
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

/// Servers leave ids out, or give the same to several.
fn with_an_id_of_its_own(part: Part, before: &[Part]) -> Part {
    match part {
        Part::Call(mut call) => {
            let is_taken = |id: &str| super::message::calls(before).any(|other| other.id == id);
            if call.id.is_empty() || is_taken(&call.id) {
                let free = (before.len()..).map(|number| format!("call_{number}")).find(|id| !is_taken(id));
                call.id = free.unwrap_or_default();
            }
            Part::Call(call)
        }
        other => other,
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
