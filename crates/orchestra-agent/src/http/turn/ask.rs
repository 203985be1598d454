//! One request and its answer.

use std::pin::pin;
use std::sync::Arc;

use futures_util::StreamExt;
use orchestra_core::report::{AgentEvent, Fault};
use serde_json::{Value, json};
use tokio::time::{Duration, Instant, sleep_until, timeout};

use super::keys::part_without;
use super::{Answer, Turn, failed};
use crate::http::client::Client;
use crate::http::fault::Wrong;
use crate::http::message::{Message, Part, calls};
use crate::http::sse::Events;
use crate::http::wire::{self, Ask, Decoder, Stop, StreamEvent, Tokens};

/// The most requests of one turn.
const MAX_REQUESTS: u32 = 200;
/// The most parts of one answer.
const MAX_PARTS: usize = 256;
/// How long the end of a stream is waited for after the end of the answer, so that its connection can be used again.
const DRAIN: Duration = Duration::from_millis(50);

impl Turn<'_> {
    /// Sends the conversation and takes the answer.
    pub(super) async fn ask(&mut self) -> Result<Stop, Fault> {
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
        match self.exchange(&body).await {
            Ok(()) => Ok(self.take_answer().await),
            Err(Wrong::Overflow { fault, window }) => {
                let answer = self.answer.take().unwrap_or_default();
                self.count(answer.tokens).await;
                self.note_refusal(fault, window);
                Ok(Stop::Overflow)
            }
            Err(Wrong::Fault(fault)) => Err(fault),
        }
    }

    /// Sends a request and listens to its end.
    pub(super) async fn exchange(&mut self, body: &Value) -> Result<(), Wrong> {
        let client = Arc::clone(&self.client);
        let bytes = body.to_string().into_bytes();
        let sending = async { Some(client.send(bytes).await) };
        let mut stream = self.patiently(sending).await.unwrap_or_else(|| Err(client.cut().into()))?;
        self.listen(&client, &mut stream).await?;
        let drained = async { while stream.next().await.is_some_and(|data| data.is_ok()) {} };
        // Whether it came to its end makes no difference to the answer.
        drop(timeout(DRAIN, drained).await);
        Ok(())
    }

    /// The whole prompt the first time, and then what is new.
    fn tell_what_is_sent(&mut self, body: &Value) {
        let messages = self.conversation.messages();
        if self.told == 0 {
            self.voice.sent("request", body);
        } else {
            let is_new = |message: &&Message| !matches!(message, Message::Agent { .. });
            let new: Vec<&Message> = messages.iter().skip(self.told).filter(is_new).collect();
            self.voice.sent("sent", &json!(new));
        }
        self.told = messages.len();
    }

    async fn listen(&mut self, client: &Client, stream: &mut Events) -> Result<(), Wrong> {
        let mut decoder = Decoder::new(self.config.wire);
        while self.answer.as_ref().is_some_and(|answer| !answer.is_whole) {
            let events = match self.patiently(stream.next()).await {
                Some(Ok(data)) => decoder.event(&data).map_err(|error| client.told(error))?,
                Some(Err(error)) => return Err(client.broken(&error).into()),
                None => {
                    let events = decoder.close();
                    if events.is_empty() {
                        return Err(client.cut().into());
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
        let mut wait = pin!(wait);
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
                if !answer.is_aside {
                    self.voice.say(AgentEvent::Text { text }).await;
                }
            }
            StreamEvent::Thinking(_) if answer.is_aside => {}
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
                let part = with_an_id_of_its_own(part_without(&self.keys, part), &answer.parts);
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
            self.calls = calls(&answer.parts).map(|call| (call.clone(), None)).collect();
            self.conversation.push(Message::agent(self.config.wire, &self.model, answer.parts));
            self.measure(answer.tokens);
        }
        stop
    }

    pub(super) async fn count(&mut self, tokens: Tokens) {
        if tokens == Tokens::default() {
            return;
        }
        let mut usage = tokens.usage();
        usage.cost_usd = self.price.map(|price| price.cost_of(&usage, tokens.written));
        self.spent = self.spent.plus(usage);
        self.voice.say(AgentEvent::Usage { usage: self.spent }).await;
    }
}

/// Servers leave ids out, or give the same to several.
fn with_an_id_of_its_own(part: Part, before: &[Part]) -> Part {
    let Part::Call(mut call) = part else { return part };
    let is_taken = |id: &str| calls(before).any(|other| other.id == id);
    if call.id.is_empty() || is_taken(&call.id) {
        // So many are taken at most.
        let mut free = (0..=before.len()).map(|number| format!("call_{number}"));
        call.id = free.find(|id| !is_taken(id)).unwrap_or_default();
    }
    Part::Call(call)
}
