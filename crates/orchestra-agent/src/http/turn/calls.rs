//! Carrying out what the model calls: what only reads side by side, everything else one after the other.

use std::ops::Range;
use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use orchestra_core::own_tool::{OwnCall, OwnTool};
use orchestra_core::report::{AgentEvent, Fault};
use tokio::sync::mpsc::{self, Sender};

use super::keys::without;
use super::{Turn, failed};
use crate::command::event::{one_line, tool_input, tool_output};
use crate::http::message::{Call, CallResult, INTERRUPTED, Message};
use crate::http::tools::Tools;
use crate::own::OwnTools;
use crate::tools::{Access, Answer};

/// How many bytes of a result the model is told.
const MAX_RESULT: usize = 128 * 1024;
/// How large a report may be.
const MAX_REPORT: usize = 1024 * 1024;
/// How often one call may fail in the same way before the turn does.
const MAX_SAME_FAILURES: u32 = 5;
/// How many calls run at once.
const MAX_SIDE_BY_SIDE: usize = 16;
/// How many pieces of output wait to be shown.
const OUTPUT: usize = 16;

impl Turn<'_> {
    /// Carries out the calls of the last answer. Says whether there were any.
    pub(super) async fn call_tools(&mut self) -> Result<bool, Fault> {
        if self.calls.is_empty() {
            return Ok(false);
        }
        let mut at = 0;
        while at < self.calls.len() {
            let reading =
                self.calls[at..].iter().take_while(|(call, _)| self.access(call) == Access::Reads).count();
            let end = at + reading.clamp(1, MAX_SIDE_BY_SIDE);
            self.call_side_by_side(at..end).await;
            at = end;
        }
        let calls = std::mem::take(&mut self.calls);
        let results = calls
            .iter()
            .map(|(call, result)| result.clone().unwrap_or_else(|| CallResult::interrupted(call)));
        self.conversation.push(Message::Results { results: results.collect() });
        self.count_failures(&calls)?;
        Ok(true)
    }

    /// What a call does to the world. An unknown tool does nothing, in its turn.
    fn access(&self, call: &Call) -> Access {
        let spec = self.specs.iter().find(|spec| spec.name == call.name);
        spec.map_or(Access::Writes, |spec| spec.access)
    }

    async fn call_side_by_side(&mut self, range: Range<usize>) {
        let (sender, mut printed) = mpsc::channel(OUTPUT);
        let mut running = FuturesUnordered::new();
        for at in range {
            let call = self.calls[at].0.clone();
            self.call_count += 1;
            let id = self.call_count.to_string();
            let started = AgentEvent::ToolStarted {
                id: id.clone(),
                name: one_line(&call.name),
                input: tool_input(&call.input),
            };
            self.voice.say(started).await;
            if call.name == OwnTool::ReportResult.name() && self.offers(OwnTool::ReportResult) {
                let answer = self.hand_in(&call);
                self.came_back(at, &id, answer).await;
                continue;
            }
            let whole = Carried {
                tools: Arc::clone(&self.tools),
                own: self.request.own.clone(),
                known: self.specs.iter().map(|spec| spec.name.clone()).collect(),
                call,
            };
            let sender = sender.clone();
            running.push(async move { (at, id.clone(), whole.answer(&id, &sender).await) });
        }
        drop(sender);
        loop {
            tokio::select! {
                biased;
                Some((id, text)) = printed.recv() => self.voice.say(AgentEvent::ToolOutput { id, text }).await,
                Some((at, id, answer)) = running.next() => self.came_back(at, &id, answer).await,
                else => break,
            }
        }
    }

    fn offers(&self, tool: OwnTool) -> bool {
        self.request.own.as_ref().is_some_and(|own| own.offered().contains(&tool))
    }

    /// Takes the report: once, and of the right shape.
    fn hand_in(&mut self, call: &Call) -> Answer {
        if self.report.is_some() {
            return Answer::wrong("your report was handed in already: this one was not taken");
        }
        if let Some(why) = &call.unreadable {
            return unreadable(why);
        }
        if call.input.to_string().len() > MAX_REPORT {
            return Answer::wrong("the report is larger than 1 MiB: hand in a shorter one");
        }
        match OwnTool::ReportResult.read(&call.input) {
            Ok(OwnCall::ReportResult(mut report)) => {
                // What was consumed is counted here.
                report.usage = None;
                self.report = Some(report);
                Answer::text("taken")
            }
            Ok(_) => Answer::wrong("this is no report"),
            Err(wrong) => Answer::wrong(format!("the arguments do not fit: {wrong}")),
        }
    }

    async fn came_back(&mut self, at: usize, id: &str, answer: Answer) {
        let Answer { text, is_error, changed } = answer;
        let text = without(&self.keys, shorten(text));
        if let Some(path) = changed {
            self.voice.say(AgentEvent::FileChanged { path }).await;
        }
        let (ok, output) = (!is_error, tool_output(&text));
        // Known before it is told: whoever listens may make us wait, and end us meanwhile.
        let call = &mut self.calls[at];
        call.1 = Some(CallResult { id: call.0.id.clone(), text, is_error });
        self.voice.say(AgentEvent::ToolFinished { id: id.to_owned(), ok, output }).await;
    }

    /// A model that repeats what fails, and changes nothing meanwhile, will do so for ever.
    fn count_failures(&mut self, calls: &[(Call, Option<CallResult>)]) -> Result<(), Fault> {
        for (call, result) in calls {
            let Some(result) = result else { continue };
            if !result.is_error {
                if self.access(call) == Access::Writes {
                    self.failed.clear();
                }
                continue;
            }
            let count = self.failed.entry(format!("{} {}", call.name, call.input)).or_default();
            *count += 1;
            if *count >= MAX_SAME_FAILURES {
                let (name, why) = (one_line(&call.name), one_line(&result.text));
                return Err(failed(format!(
                    "it called `{name}` {count} times with the same arguments, and it failed each time: {why}"
                )));
            }
        }
        Ok(())
    }

    /// The calls that were under way when the turn ended: each is told so.
    pub(super) async fn settle_calls(&mut self) {
        let calls = std::mem::take(&mut self.calls);
        if calls.is_empty() {
            return;
        }
        let first = self.call_count.saturating_sub(u32::try_from(calls.len()).unwrap_or(u32::MAX));
        let mut results = Vec::new();
        for (number, (call, result)) in (first + 1..).zip(&calls) {
            if result.is_none() && number <= self.call_count {
                let output = INTERRUPTED.to_owned();
                self.voice.say(AgentEvent::ToolFinished { id: number.to_string(), ok: false, output }).await;
            }
            results.push(result.clone().unwrap_or_else(|| CallResult::interrupted(call)));
        }
        self.conversation.push(Message::Results { results });
    }
}

/// One call with all that it needs, so that several can run.
struct Carried {
    tools: Arc<dyn Tools>,
    own: Option<OwnTools>,
    known: Vec<String>,
    call: Call,
}

impl Carried {
    async fn answer(&self, id: &str, printed: &Sender<(String, String)>) -> Answer {
        let Call { name, input, unreadable: wrong, .. } = &self.call;
        if !self.known.contains(name) {
            let known = if self.known.is_empty() { "none".to_owned() } else { self.known.join(", ") };
            return Answer::wrong(format!("there is no tool `{}`; there are: {known}", one_line(name)));
        }
        if let Some(why) = wrong {
            return unreadable(why);
        }
        if let Some(own) = &self.own
            && let Some(answer) = own.call(name, input).await
        {
            return answer;
        }
        let (sender, mut output) = mpsc::channel(OUTPUT);
        let calling = async {
            let answer = self.tools.call(name, input, &sender).await;
            drop(sender);
            answer
        };
        let showing = async {
            while let Some(text) = output.recv().await {
                // Whoever shows it is there as long as this call is.
                let _unheard = printed.send((id.to_owned(), text)).await;
            }
        };
        let (answer, ()) = tokio::join!(calling, showing);
        answer.unwrap_or_else(|| Answer::wrong(format!("there is no tool `{}`", one_line(name))))
    }
}

fn unreadable(why: &str) -> Answer {
    Answer::wrong(format!(
        "the arguments could not be read: {why}; perhaps the answer was cut off at its limit: make smaller steps"
    ))
}

/// Keeps the beginning and the end of a long result.
fn shorten(text: String) -> String {
    if text.len() <= MAX_RESULT {
        return text;
    }
    let (head, tail) =
        (text.floor_char_boundary(MAX_RESULT / 2), text.ceil_char_boundary(text.len() - MAX_RESULT / 2));
    let left_out = tail - head;
    format!("{}\n… {left_out} bytes left out …\n{}", &text[..head], &text[tail..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_result_keeps_its_beginning_and_its_end() {
        let short = shorten("ä".repeat(MAX_RESULT));
        assert!(short.len() < MAX_RESULT + 100 && short.starts_with("ää") && short.ends_with("ää"));
        assert!(short.contains(&format!("\n… {MAX_RESULT} bytes left out …\n")));
        assert_eq!(shorten("x".to_owned()), "x");
    }
}
