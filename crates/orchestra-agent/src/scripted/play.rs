//! Playing one turn of a script.

mod call;

use std::time::Duration;

use orchestra_core::id::SessionId;
use orchestra_core::report::{AgentEvent, Fault, Outcome, Report};
use serde_json::Value;
use tokio::io::AsyncReadExt;
use tokio::sync::mpsc::Sender;
use tokio::time::Instant;

use super::files::{Workspace, Writing};
use super::script::{EditStep, FaultKind, PathStep, RunStep, ScriptFault, ScriptTurn, Step, WriteStep};
use crate::agent::TurnRequest;
use crate::environment::{self, AgentNeeds};
use crate::guard::{GuardLauncher, GuardedChild, Order, StopPlan, Why, WorkClock};
use crate::redact::{RedactedEvents, Redactor};
use crate::transcript::Transcript;

/// What the agent says before everything else.
const INTRODUCTION: &str = "the scripted agent plays a script; no model is asked";
/// How long a command of a script may run that says nothing of its own.
const COMMAND_TIME: Duration = Duration::from_mins(1);
/// The part of a prompt that a person says.
const WORDS: &str = "words";
/// How much of a command's output is shown.
const MAX_OUTPUT: usize = 64 * 1024;

/// Plays one turn.
pub(super) struct Player<'a> {
    launcher: &'a GuardLauncher,
    /// It stands still while whatever else plays does.
    clock: WorkClock,
    request: TurnRequest,
    events: Sender<AgentEvent>,
    redactor: Redactor,
    redacted: RedactedEvents,
    transcript: Option<Transcript>,
    deadline: Option<Instant>,
    tool_count: u32,
    /// What a person said last.
    said: String,
    /// What the last own tool answered.
    answer: String,
}

/// Why a turn does not go on.
enum Halt {
    Failed(String),
    Cancelled,
    TimedOut,
}

impl<'a> Player<'a> {
    pub(super) fn new(
        launcher: &'a GuardLauncher,
        mut request: TurnRequest,
        events: Sender<AgentEvent>,
    ) -> Self {
        let redactor = Redactor::of_environment(&request.environment);
        let limit = request.output_limit;
        let transcript = request.transcript.take().map(|sink| Transcript::new(sink, limit, redactor.clone()));
        let clock = launcher.clock();
        let deadline = clock.now().checked_add(request.timeout);
        let words = request.prompt.parts().iter().find(|part| part.name == WORDS);
        let said = words.map(|part| part.text.clone()).unwrap_or_default();
        Self {
            launcher,
            clock,
            request,
            events,
            redactor,
            redacted: RedactedEvents::default(),
            transcript,
            deadline,
            tool_count: 0,
            said,
            answer: String::new(),
        }
    }

    pub(super) async fn play(mut self, turn: &ScriptTurn) -> Outcome {
        let outcome = match self.play_steps(turn).await {
            Ok(outcome) => outcome,
            Err(Halt::Failed(message)) => Outcome::Faulted(Fault::Failed { message }),
            Err(Halt::Cancelled) => Outcome::Faulted(Fault::Cancelled),
            Err(Halt::TimedOut) => Outcome::Faulted(Fault::TimedOut { after: self.request.timeout }),
        };
        let rest = self.redacted.finish(&self.redactor);
        self.send(rest).await;
        if let Some(mut transcript) = self.transcript.take()
            && let Err(error) = transcript.finish()
        {
            self.notice(format!("the transcript could not be written: {error}")).await;
        }
        self.redactor.outcome(outcome)
    }

    async fn play_steps(&mut self, turn: &ScriptTurn) -> Result<Outcome, Halt> {
        self.notice(INTRODUCTION.to_owned()).await;
        let session = self.request.session.clone().unwrap_or_else(|| {
            SessionId(format!("scripted-{}-{}", self.request.milestone, self.request.work))
        });
        self.emit(AgentEvent::Session { session }).await;
        let workspace = Workspace::open(&self.request.workspace).map_err(|error| {
            Halt::Failed(format!("could not open `{}`: {error}", self.request.workspace.display()))
        })?;
        let mut said = String::new();
        for (index, step) in turn.steps.iter().enumerate() {
            if self.request.cancel.is_cancelled() {
                return Err(Halt::Cancelled);
            }
            if let Step::Say(text) = step {
                said = self.fill(text);
            }
            self.play_step(&workspace, step).await?;
            // What a later step waits for is left to it.
            if !turn.steps[index + 1..].iter().any(|later| matches!(later, Step::Listen(_))) {
                self.hear_what_was_said().await;
            }
        }
        if turn.hang {
            return Err(self.wait_until_halted(None).await);
        }
        Ok(self.end(turn, said))
    }

    fn end(&self, turn: &ScriptTurn, said: String) -> Outcome {
        if let Some(fault) = &turn.fault {
            return Outcome::Faulted(self.fault(fault));
        }
        let failed = |message| Outcome::Faulted(Fault::Failed { message });
        match turn.exit {
            None => match self.fill_report(turn.report.clone().unwrap_or_default()) {
                Ok(report) => Outcome::Reported(Box::new(report)),
                Err(error) => failed(format!("the script's report does not fit: {error}")),
            },
            Some(0) => Outcome::Reported(Box::new(Report { summary: said, ..Report::default() })),
            Some(75) => Outcome::Faulted(Fault::Transient { message: said, retry_after: None }),
            Some(code) => failed(format!("the script ended with exit code {code}")),
        }
    }

    fn fault(&self, fault: &ScriptFault) -> Fault {
        let message = self.fill(&fault.message);
        match fault.kind {
            FaultKind::Transient => Fault::Transient { message, retry_after: fault.retry_after },
            FaultKind::UsageLimit => Fault::UsageLimit { message, until: None },
            FaultKind::Unusable => Fault::Unusable { message, hint: "the script wants it so".to_owned() },
            FaultKind::Failed => Fault::Failed { message },
        }
    }

    async fn play_step(&mut self, workspace: &Workspace, step: &Step) -> Result<(), Halt> {
        match step {
            Step::Say(text) => self.emit(AgentEvent::Text { text: self.fill(text) + "\n" }).await,
            Step::Think(text) => self.emit(AgentEvent::Thinking { text: self.fill(text) + "\n" }).await,
            Step::Notice(text) => self.notice(self.fill(text)).await,
            Step::Usage(usage) => self.emit(AgentEvent::Usage { usage: *usage }).await,
            Step::Write(write) => {
                let writing = Writing::Replace { executable: write.executable };
                return self.write(workspace, "write", write, writing).await;
            }
            Step::Append(write) => return self.write(workspace, "append", write, Writing::Append).await,
            Step::Edit(edit) => return self.edit(workspace, edit).await,
            Step::Delete(step) => {
                let (path, may_fail) = match step {
                    PathStep::Short(path) => (path, false),
                    PathStep::Long(long) => (&long.path, long.may_fail),
                };
                let path = self.fill(path);
                let done = workspace.delete(&path).map_err(|error| error.to_string());
                return self.change("delete", path, done, may_fail).await;
            }
            Step::Run(run) => return self.run(run).await,
            Step::Pause(time) => return self.pause(*time).await,
            Step::Listen(time) => return self.listen(*time).await,
            Step::Call(call) => return self.call(call).await,
            Step::Expect(text) => {
                let text = self.fill(text);
                if !self.request.prompt.whole().contains(&text) {
                    return Err(Halt::Failed(format!("the script expected this in the prompt: {text}")));
                }
            }
        }
        Ok(())
    }

    async fn write(
        &mut self,
        workspace: &Workspace,
        name: &str,
        step: &WriteStep,
        writing: Writing,
    ) -> Result<(), Halt> {
        let (path, content) = (self.fill(&step.path), self.fill(&step.content));
        let done = workspace.write(&path, content.as_bytes(), writing).map_err(|error| error.to_string());
        self.change(name, path, done, step.may_fail).await
    }

    async fn edit(&mut self, workspace: &Workspace, step: &EditStep) -> Result<(), Halt> {
        let (path, old, new) = (self.fill(&step.path), self.fill(&step.old), self.fill(&step.new));
        let done = workspace.read(&path).map_err(|error| error.to_string()).and_then(|text| {
            match text.matches(&old).count() {
                _ if old.is_empty() => Err("`old` is empty".to_owned()),
                0 => Err("`old` is not in it".to_owned()),
                2.. if !step.all => Err("`old` is in it more than once".to_owned()),
                _ => {
                    let text = text.replace(&old, &new);
                    let writing = Writing::Replace { executable: false };
                    workspace.write(&path, text.as_bytes(), writing).map_err(|error| error.to_string())
                }
            }
        });
        self.change("edit", path, done, step.may_fail).await
    }

    /// Tells of a change, and of its failure.
    async fn change(
        &mut self,
        name: &str,
        path: String,
        done: Result<(), String>,
        may_fail: bool,
    ) -> Result<(), Halt> {
        let id = self.start_tool(name, &path).await;
        match done {
            Ok(()) => {
                self.emit(AgentEvent::ToolFinished { id, ok: true, output: String::new() }).await;
                self.emit(AgentEvent::FileChanged { path }).await;
                Ok(())
            }
            Err(why) => {
                self.emit(AgentEvent::ToolFinished { id, ok: false, output: why.clone() }).await;
                if may_fail { Ok(()) } else { Err(Halt::Failed(format!("could not {name} `{path}`: {why}"))) }
            }
        }
    }

    async fn run(&mut self, step: &RunStep) -> Result<(), Halt> {
        let (command, may_fail, timeout) = match step {
            RunStep::Short(command) => (command, false, None),
            RunStep::Long(long) => (&long.command, long.may_fail, long.timeout),
        };
        let command = self.fill(command);
        let id = self.start_tool("run", &command).await;
        let order = self.order(&command, timeout.unwrap_or(COMMAND_TIME));
        let child = self.launcher.launch(order).await;
        let child = child.map_err(|error| Halt::Failed(format!("could not run `{command}`: {error}")))?;
        let (output, ok, halt) = self.follow(child, &id).await;
        self.emit(AgentEvent::ToolFinished { id, ok, output: output.clone() }).await;
        match halt {
            Some(halt) => Err(halt),
            None if ok || may_fail => Ok(()),
            None if output.trim().is_empty() => Err(Halt::Failed(format!("`{command}` failed"))),
            None => Err(Halt::Failed(format!("`{command}` failed:\n{}", output.trim_end()))),
        }
    }

    fn order(&self, command: &str, timeout: Duration) -> Order {
        let request = &self.request;
        let needs = AgentNeeds { preset: None, named: &[], repository: &request.workspace };
        let mut env = environment::agent_environment(&request.environment, needs).kept;
        environment::set(&mut env, "ORCHESTRA_MILESTONE", &request.milestone);
        environment::set(&mut env, "ORCHESTRA_PHASE", request.phase());
        environment::set(&mut env, "ORCHESTRA_ROLE", &request.role);
        environment::set(&mut env, "ORCHESTRA_ATTEMPT", request.attempt.to_string());
        let mut order = Order::new("/bin/sh", &request.workspace);
        order.args = vec!["-c".into(), command.into()];
        order.env = env;
        order.timeout = Some(timeout);
        order
    }

    /// Reads what a command prints until its tree is gone, or until the turn is halted, and then stops it.
    async fn follow(&mut self, mut child: GuardedChild, id: &str) -> (String, bool, Option<Halt>) {
        drop(child.stdin.take());
        let (mut stdout, mut stderr) = (child.stdout.take(), child.stderr.take());
        let (mut out, mut err) = (vec![0; 8192], vec![0; 8192]);
        let mut output = Vec::new();
        let mut halt = None;
        let far = self.clock.now() + Duration::from_hours(24);
        let ended = loop {
            let deadline = self.deadline.unwrap_or(far);
            let chunk = tokio::select! {
                biased;
                () = self.request.cancel.cancelled(), if halt.is_none() => {
                    halt = Some(Halt::Cancelled);
                    child.stop(StopPlan::gentle());
                    continue;
                }
                () = self.clock.wait_until(deadline), if halt.is_none() => {
                    halt = Some(Halt::TimedOut);
                    child.stop(StopPlan::gentle());
                    continue;
                }
                count = read(&mut stdout, &mut out), if stdout.is_some() => {
                    if count == 0 { stdout = None; }
                    &out[..count]
                }
                count = read(&mut stderr, &mut err), if stderr.is_some() => {
                    if count == 0 { stderr = None; }
                    &err[..count]
                }
                // Output ends with the tree, so it is read to its end first.
                ended = child.wait(), if stdout.is_none() && stderr.is_none() => break ended,
            };
            if !chunk.is_empty() && output.len() < MAX_OUTPUT {
                output.extend_from_slice(chunk);
                let text = String::from_utf8_lossy(chunk).into_owned();
                self.emit(AgentEvent::ToolOutput { id: id.to_owned(), text }).await;
            }
        };
        output.truncate(MAX_OUTPUT);
        let ok = ended.exit.is_success() && ended.why == Why::Itself;
        (String::from_utf8_lossy(&output).into_owned(), ok, halt)
    }

    /// Takes up whatever a person has said.
    async fn hear_what_was_said(&mut self) {
        while let Some(text) = self.request.words.as_mut().and_then(|words| words.try_recv().ok()) {
            self.emit(AgentEvent::Heard).await;
            self.notice("a script goes on as it is written".to_owned()).await;
            self.said = text;
        }
    }

    /// Waits until a person says something, for this long at the most.
    async fn listen(&mut self, time: Duration) -> Result<(), Halt> {
        let mut words = self.request.words.take();
        let heard = async {
            match &mut words {
                Some(words) => words.recv().await,
                None => None,
            }
        };
        let far = self.clock.now() + Duration::from_hours(24);
        let until = self.clock.now() + time;
        let halt = tokio::select! {
            biased;
            Some(text) = heard => Ok(text),
            () = self.request.cancel.cancelled() => Err(Halt::Cancelled),
            () = self.clock.wait_until(self.deadline.unwrap_or(far)) => Err(Halt::TimedOut),
            () = self.clock.wait_until(until) => Err(Halt::Failed("nobody said anything".to_owned())),
        };
        self.request.words = words;
        self.said = halt?;
        self.emit(AgentEvent::Heard).await;
        Ok(())
    }

    async fn pause(&mut self, time: Duration) -> Result<(), Halt> {
        let until = self.clock.now() + time;
        match self.wait_until_halted(Some(until)).await {
            // Nobody halted it: the pause is over.
            Halt::TimedOut if self.clock.now() >= until && self.deadline.is_none_or(|at| until < at) => {
                Ok(())
            }
            halt => Err(halt),
        }
    }

    /// Waits for a stop or the end of the turn's time, or of a pause. A long silence is told once.
    async fn wait_until_halted(&mut self, until: Option<Instant>) -> Halt {
        let far = self.clock.now() + Duration::from_hours(24);
        let end = self.deadline.into_iter().chain(until).fold(far, Instant::min);
        let silence = self.clock.now().checked_add(self.request.silence).filter(|at| *at < end);
        if let Some(silence) = silence {
            tokio::select! {
                () = self.request.cancel.cancelled() => return Halt::Cancelled,
                () = self.clock.wait_until(silence) => {}
            }
            self.notice(format!("has said nothing for {} s", self.request.silence.as_secs())).await;
        }
        tokio::select! {
            () = self.request.cancel.cancelled() => Halt::Cancelled,
            () = self.clock.wait_until(end) => Halt::TimedOut,
        }
    }

    async fn start_tool(&mut self, name: &str, input: &str) -> String {
        self.tool_count += 1;
        let id = self.tool_count.to_string();
        let input = input.split_whitespace().collect::<Vec<_>>().join(" ");
        self.emit(AgentEvent::ToolStarted { id: id.clone(), name: name.to_owned(), input }).await;
        id
    }

    async fn notice(&mut self, text: String) {
        self.emit(AgentEvent::Notice { text }).await;
    }

    async fn emit(&mut self, event: AgentEvent) {
        if let Some(transcript) = &mut self.transcript
            && let Ok(mut line) = serde_json::to_vec(&event)
        {
            line.push(b'\n');
            transcript.output(&line);
        }
        let clean = self.redacted.push(&self.redactor, event);
        self.send(clean).await;
    }

    async fn send(&self, events: Vec<AgentEvent>) {
        for event in events {
            if self.request.cancel.is_cancelled() {
                // Whoever asked for the end may not be listening any more, and must not wait for us.
                let _full_or_gone = self.events.try_send(event);
            } else {
                tokio::select! {
                    _unheard = self.events.send(event) => {}
                    () = self.request.cancel.cancelled() => {}
                }
            }
        }
    }

    /// Fills in what a text names.
    fn fill(&self, text: &str) -> String {
        if !text.contains("${") {
            return text.to_owned();
        }
        text.replace("${milestone}", &self.request.milestone)
            .replace("${work}", &self.request.work)
            .replace("${phase}", self.request.phase())
            .replace("${role}", &self.request.role)
            .replace("${attempt}", &self.request.attempt.to_string())
            .replace("${said}", &self.said)
            .replace("${answer}", &self.answer)
    }

    fn fill_report(&self, report: Report) -> serde_json::Result<Report> {
        serde_json::from_value(self.fill_value(serde_json::to_value(report)?))
    }

    fn fill_value(&self, value: Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.fill(&text)),
            Value::Array(values) => values.into_iter().map(|value| self.fill_value(value)).collect(),
            Value::Object(map) => map.into_iter().map(|(key, value)| (key, self.fill_value(value))).collect(),
            untouched @ (Value::Null | Value::Bool(_) | Value::Number(_)) => untouched,
        }
    }
}

/// Reads a chunk; 0 at the end, and where nothing can be read any more.
async fn read(pipe: &mut Option<tokio::net::unix::pipe::Receiver>, buffer: &mut [u8]) -> usize {
    match pipe {
        Some(pipe) => pipe.read(buffer).await.unwrap_or(0),
        None => 0,
    }
}
