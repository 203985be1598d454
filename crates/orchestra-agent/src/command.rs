//! A program that is run once a turn: any, by a small contract, or one whose flags and output we know.
//!
//! The contract for any program: the prompt on standard input, or in the file that `{prompt_file}` in its
//! arguments names; the repository as working folder; `ORCHESTRA_MILESTONE`, `ORCHESTRA_PHASE`, `ORCHESTRA_ROLE`,
//! `ORCHESTRA_ATTEMPT` and `ORCHESTRA_REPORT` (and `ORCHESTRA_MODEL`, where one was chosen) in its environment.
//! Exit code 0 is success, 75 is "try again later", anything else is a failure. A report is read from
//! `ORCHESTRA_REPORT`; without one the last lines printed are the summary.

mod argv;
pub mod claude;
pub mod codex;
pub(crate) mod event;
mod text;
mod turn;

use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use orchestra_core::config::{CommandAgent, InputFormat, OutputFormat, Preset};
use orchestra_core::report::{AgentEvent, Fault, Outcome, Report, Usage};
use tokio::sync::mpsc::{Receiver, Sender};

use self::argv::Invocation;
use self::claude::ClaudeStream;
use self::codex::CodexStream;
use self::text::{JsonLinesStream, TextStream};
use self::turn::Turn;
use crate::agent::{Agent, TurnRequest};
use crate::environment::{self, AgentNeeds, Environment};
use crate::guard::{Exit, GuardLauncher, LaunchError, Order, StopPlan};
use crate::probe::find_program;
use crate::redact::Redactor;
use crate::report_file::{self, HandedIn};
use crate::transcript::Transcript;

/// The longest `TMPDIR` that leaves room for the name of a socket in it (`sun_path` holds 104 bytes or more).
const LONGEST_TMPDIR: usize = 64;

/// Runs the program of a `command` agent.
#[derive(Clone, Debug)]
pub struct CommandRunner {
    config: CommandAgent,
    launcher: GuardLauncher,
    ending: Ending,
}

/// How a program is brought to its end.
#[derive(Clone, Debug)]
struct Ending {
    /// How it is stopped before its time.
    stop: StopPlan,
    /// What it gets after its last event to leave by itself.
    grace: Duration,
}

impl CommandRunner {
    /// Takes the configuration of the agent.
    pub fn new(config: CommandAgent, launcher: GuardLauncher) -> Self {
        let ending = Ending { stop: StopPlan::interrupt(), grace: Duration::from_secs(5) };
        Self { config, launcher, ending }
    }

    /// Stops programs in another way than SIGINT, 5 s, SIGTERM, 2 s, SIGKILL.
    #[must_use]
    pub fn with_stop(mut self, stop: StopPlan) -> Self {
        self.ending.stop = stop;
        self
    }

    /// Gives programs another time than 5 s to leave after their last event.
    #[must_use]
    pub fn with_grace(mut self, grace: Duration) -> Self {
        self.ending.grace = grace;
        self
    }
}

impl Agent for CommandRunner {
    async fn run(&self, mut request: TurnRequest, events: Sender<AgentEvent>) -> Outcome {
        let redactor = Redactor::of_environment(&request.environment);
        let sink = request.transcript.take().unwrap_or_else(|| Box::new(io::sink()));
        let mut transcript = Transcript::new(sink, request.output_limit, redactor.clone());
        let mut words = request.words.take();
        let mut outcome = self.attempt(&request, &mut words, &redactor, &mut transcript, &events).await;
        if request.session.is_some() && is_unknown_session(&outcome) {
            let text = "the program does not know the conversation any more; it starts afresh".to_owned();
            // A receiver that is gone stops nothing.
            let _unheard = events.send(AgentEvent::Notice { text }).await;
            request.session = None;
            request.used_before = Usage::default();
            outcome = self.attempt(&request, &mut words, &redactor, &mut transcript, &events).await;
        }
        if let Err(error) = transcript.finish() {
            let text = format!("the transcript could not be written: {error}");
            let _unheard = events.send(AgentEvent::Notice { text }).await;
        }
        redactor.outcome(outcome)
    }
}

impl CommandRunner {
    async fn attempt(
        &self,
        request: &TurnRequest,
        words: &mut Option<Receiver<String>>,
        redactor: &Redactor,
        transcript: &mut Transcript,
        events: &Sender<AgentEvent>,
    ) -> Outcome {
        let Some(invocation) = Invocation::new(&self.config, request) else {
            return unusable(
                "the agent names neither a preset nor a program".to_owned(),
                "write `preset:` or `run:` in its configuration",
            );
        };
        if let Err((path, error)) = prepare(request, &invocation) {
            let hint = "make room on the disk, and look at the folder's permissions";
            return unusable(format!("could not write `{}`: {error}", path.display()), hint);
        }
        let environment = self.environment(request, &invocation);
        let Some(program) = find_program(&invocation.program, &environment, &request.workspace) else {
            let name = invocation.program.to_string_lossy().into_owned();
            return unusable(
                format!("the program `{name}` was not found"),
                "install it, or name its full path in `run:`; folders of the repository in PATH do not count",
            );
        };
        let order = Order {
            program: program.into(),
            args: invocation.args,
            env: environment,
            cwd: request.workspace.clone().into(),
            timeout: Some(request.timeout),
            stop: self.ending.stop.clone(),
        };
        let child = match self.launcher.launch(order).await {
            Ok(child) => child,
            Err(error) => return launch_fault(&error),
        };
        let stream = Stream::new(&self.config, request);
        let turn = Turn::new(child, stream, request, &self.ending, redactor, transcript, events);
        if self.config.preset.is_none() && self.config.input == InputFormat::JsonLines {
            turn.run_and_say(&request.prompt.whole(), invocation.wants_prompt_file, words).await
        } else {
            turn.run(invocation.stdin, &mut None).await
        }
    }

    fn environment(&self, request: &TurnRequest, invocation: &Invocation) -> Environment {
        let needs = AgentNeeds {
            preset: self.config.preset,
            named: &self.config.env,
            repository: &request.workspace,
        };
        let mut kept = environment::agent_environment(&request.environment, needs).kept;
        let attempt = request.attempt.to_string();
        let own = [
            ("ORCHESTRA_MILESTONE", request.milestone.as_str()),
            ("ORCHESTRA_PHASE", request.phase()),
            ("ORCHESTRA_ROLE", request.role.as_str()),
            ("ORCHESTRA_ATTEMPT", attempt.as_str()),
        ];
        for (name, value) in own {
            environment::set(&mut kept, name, value);
        }
        environment::set(&mut kept, "ORCHESTRA_REPORT", &request.report_path);
        if let Some(model) = request.model.as_ref().or(self.config.model.as_ref()) {
            environment::set(&mut kept, "ORCHESTRA_MODEL", model);
        }
        // Codex cannot sandbox a program whose own folder lies below the temporary one.
        if request.scratch.as_os_str().len() <= LONGEST_TMPDIR {
            environment::set(&mut kept, "TMPDIR", &request.scratch);
        }
        for (name, value) in invocation.env {
            environment::set(&mut kept, name, value);
        }
        kept
    }
}

/// Creates folders, removes the report of an earlier turn, writes the prompt where it is wanted as a file.
fn prepare<'a>(request: &'a TurnRequest, invocation: &Invocation) -> Result<(), (&'a Path, io::Error)> {
    let parents = [request.report_path.parent(), request.prompt_file.parent(), Some(&*request.scratch)];
    for folder in parents.into_iter().flatten() {
        fs::create_dir_all(folder).map_err(|error| (folder, error))?;
    }
    match fs::remove_file(&request.report_path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err((&request.report_path, error)),
        Ok(()) | Err(_) => {}
    }
    if invocation.wants_prompt_file {
        fs::write(&request.prompt_file, request.prompt.whole())
            .map_err(|error| (&*request.prompt_file, error))?;
    }
    Ok(())
}

fn unusable(message: String, hint: &str) -> Outcome {
    Outcome::Faulted(Fault::Unusable { message, hint: hint.to_owned() })
}

fn launch_fault(error: &LaunchError) -> Outcome {
    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}")).unwrap_or_default();
    let message = format!("{error}{cause}");
    match error {
        LaunchError::Program { .. } => unusable(message, "look whether it can be run from a terminal"),
        LaunchError::Guard { .. } => {
            unusable(message, "look whether Orchestra's own program is where it was")
        }
        // Too many processes or descriptors for the moment.
        LaunchError::Connection { .. } | LaunchError::GuardLost { .. } => {
            Outcome::Faulted(Fault::Transient { message, retry_after: None })
        }
    }
}

fn is_unknown_session(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Faulted(Fault::Failed { message })
        if message.contains(claude::UNKNOWN_SESSION) || message.contains(codex::UNKNOWN_SESSION))
}

/// How the output of a program is read.
enum Stream {
    Text(TextStream),
    JsonLines(JsonLinesStream),
    Claude(Box<ClaudeStream>),
    Codex(Box<CodexStream>),
}

impl Stream {
    fn new(config: &CommandAgent, request: &TurnRequest) -> Self {
        match (config.preset, config.output) {
            (Some(Preset::ClaudeCode), _) => Self::Claude(Box::new(ClaudeStream::new(request.used_before))),
            (Some(Preset::Codex), _) => Self::Codex(Box::new(CodexStream::new(request.used_before))),
            (None, OutputFormat::Text) => Self::Text(TextStream::default()),
            (None, OutputFormat::JsonLines) => Self::JsonLines(JsonLinesStream::default()),
        }
    }

    /// Whether a line is one thing, of which half says nothing.
    fn is_json(&self) -> bool {
        match self {
            Self::Text(_) => false,
            Self::JsonLines(_) | Self::Claude(_) | Self::Codex(_) => true,
        }
    }

    fn line(&mut self, line: &[u8]) -> Vec<AgentEvent> {
        match self {
            Self::Text(stream) => stream.line(line),
            Self::JsonLines(stream) => stream.line(line),
            Self::Claude(stream) => stream.line(line),
            Self::Codex(stream) => stream.line(line),
        }
    }

    /// A part of a line that is too long for one piece; only where lines are text.
    fn part(&mut self, part: &[u8]) -> Vec<AgentEvent> {
        match self {
            Self::Text(stream) => stream.part(part),
            Self::JsonLines(_) | Self::Claude(_) | Self::Codex(_) => Vec::new(),
        }
    }

    /// Whether the turn's last event was seen: what comes now is the program's own leaving.
    fn is_over(&self) -> bool {
        match self {
            Self::Text(_) | Self::JsonLines(_) => false,
            Self::Claude(stream) => stream.is_over(),
            Self::Codex(stream) => stream.is_over(),
        }
    }

    /// Whether the program only waits for a network.
    fn is_offline(&self) -> bool {
        match self {
            Self::Text(_) | Self::JsonLines(_) | Self::Claude(_) => false,
            Self::Codex(stream) => stream.is_offline(),
        }
    }

    /// Ends the tools that were begun and never came back.
    fn close(&mut self) -> Vec<AgentEvent> {
        match self {
            Self::Text(_) | Self::JsonLines(_) => Vec::new(),
            Self::Claude(stream) => stream.close(),
            Self::Codex(stream) => stream.close(),
        }
    }

    fn end(self, exit: Exit, stderr_tail: &str) -> Outcome {
        match self {
            Self::Text(stream) => stream.end(exit, stderr_tail),
            Self::JsonLines(stream) => stream.end(exit, stderr_tail),
            Self::Claude(stream) => stream.end(exit, stderr_tail),
            Self::Codex(stream) => stream.end(exit, stderr_tail),
        }
    }
}

/// Puts the report that was handed in in place of the one made from the last words. The second value is what the
/// person should know of it.
fn hand_in(said: Box<Report>, report_path: &Path) -> (Outcome, Option<&'static str>) {
    let handed_in = match report_file::read_report(report_path) {
        HandedIn::Nothing => report_file::report_in_text(&said.summary),
        handed_in => handed_in,
    };
    match handed_in {
        HandedIn::Report(mut report) => {
            report.usage = said.usage.or(report.usage);
            (Outcome::Reported(report), None)
        }
        HandedIn::Broken(message) => (Outcome::Faulted(Fault::Failed { message }), None),
        HandedIn::Nothing => {
            (Outcome::Reported(said), Some("no report was handed in: its last words are the summary"))
        }
    }
}
