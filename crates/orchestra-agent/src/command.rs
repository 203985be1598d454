//! A program that is run once a turn: any, by a small contract, or one whose flags and output we know.
//!
//! The contract for any program: the prompt on standard input, or in the file that `{prompt_file}` in its
//! arguments names; the repository as working folder; `ORCHESTRA_MILESTONE`, `ORCHESTRA_PHASE`, `ORCHESTRA_ROLE`,
//! `ORCHESTRA_ATTEMPT` and `ORCHESTRA_REPORT` (and `ORCHESTRA_MODEL`, where one was chosen) in its environment.
//! Exit code 0 is success, 75 is "try again later", anything else is a failure. A report is read from
//! `ORCHESTRA_REPORT`; without one the last lines printed are the summary.

pub(crate) mod argv;
pub mod claude;
pub mod codex;
pub(crate) mod event;
mod stream;
pub(crate) mod text;
mod turn;

use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use orchestra_core::config::{AcpAgent, CommandAgent, InputFormat, Preset};
use orchestra_core::report::{AgentEvent, Fault, Outcome, Report, Usage};
use tokio::sync::mpsc::{Receiver, Sender};

use self::argv::{Invocation, ToolServer};
use self::stream::{Stream, json_line};
use self::turn::Turn;
use crate::acp::AcpStream;
use crate::agent::{Agent, TurnRequest};
use crate::environment::{self, AgentNeeds, Environment};
use crate::guard::{GuardLauncher, LaunchError, Order, StopPlan};
use crate::mcp::{McpHost, OpenError};
use crate::probe::find_program;
use crate::redact::Redactor;
use crate::report_file::{self, HandedIn};
use crate::transcript::Transcript;

/// The longest `TMPDIR` that leaves room for the name of a socket in it (`sun_path` holds 104 bytes or more).
const LONGEST_TMPDIR: usize = 64;
/// How much later than a turn its guard notices that the time is up, where the turn itself asks for the end first.
const MARGIN: Duration = Duration::from_secs(10);
/// How long a program may take to begin a conversation: some need most of a minute on a busy machine.
const START: Duration = Duration::from_mins(3);

/// Runs the program of a `command` agent.
#[derive(Clone, Debug)]
pub struct CommandRunner {
    program: Program,
    launcher: GuardLauncher,
    ending: Ending,
}

/// What is run, and in which language it is spoken to.
#[derive(Clone, Debug)]
enum Program {
    /// By the contract, or by a preset.
    Command(CommandAgent),
    /// In the Agent Client Protocol.
    Acp(AcpAgent),
}

impl Program {
    fn preset(&self) -> Option<Preset> {
        match self {
            Self::Command(command) => command.preset,
            Self::Acp(_) => None,
        }
    }

    /// Variables that are passed on besides the usual ones.
    fn env(&self) -> &[String] {
        match self {
            Self::Command(CommandAgent { env, .. }) | Self::Acp(AcpAgent { env, .. }) => env,
        }
    }

    fn model(&self) -> Option<&String> {
        match self {
            Self::Command(CommandAgent { model, .. }) | Self::Acp(AcpAgent { model, .. }) => model.as_ref(),
        }
    }

    fn reads_json_lines(&self) -> bool {
        match self {
            Self::Command(command) => command.preset.is_none() && command.input == InputFormat::JsonLines,
            Self::Acp(_) => false,
        }
    }

    fn invocation(&self, request: &TurnRequest, tools: Option<ToolServer<'_>>) -> Option<Invocation> {
        match self {
            Self::Command(command) => Invocation::new(command, request, tools),
            Self::Acp(agent) => crate::acp::invocation(agent),
        }
    }

    fn stream(&self, request: &TurnRequest, tools: Option<ToolServer<'_>>) -> Stream {
        match self {
            Self::Command(command) => Stream::new(command, request, tools.is_some()),
            Self::Acp(agent) => Stream::Acp(Box::new(AcpStream::new(agent, request, tools))),
        }
    }
}

/// How a program is brought to its end.
#[derive(Clone, Debug)]
struct Ending {
    /// How it is stopped before its time.
    stop: StopPlan,
    /// What it gets after its last event to leave by itself.
    grace: Duration,
    /// What it gets to end when it was asked to in its own words, before it is stopped.
    patience: Duration,
    /// What it gets to begin a conversation.
    start: Duration,
}

impl CommandRunner {
    /// Takes the configuration of the agent.
    pub fn new(config: CommandAgent, launcher: GuardLauncher) -> Self {
        Self::of(Program::Command(config), launcher)
    }

    /// A runner of a program that speaks the Agent Client Protocol.
    pub(crate) fn speaking(config: AcpAgent, launcher: GuardLauncher) -> Self {
        Self::of(Program::Acp(config), launcher)
    }

    fn of(program: Program, launcher: GuardLauncher) -> Self {
        let (grace, patience) = (Duration::from_secs(5), Duration::from_secs(3));
        let ending = Ending { stop: StopPlan::interrupt(), grace, patience, start: START };
        Self { program, launcher, ending }
    }

    /// Gives programs another time than three minutes to begin a conversation.
    #[must_use]
    pub(crate) fn with_start(mut self, start: Duration) -> Self {
        self.ending.start = start;
        self
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

    /// Gives programs another time than 3 s to end when they were asked to in their own words.
    #[must_use]
    pub fn with_patience(mut self, patience: Duration) -> Self {
        self.ending.patience = patience;
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
        if let Err((path, error)) = prepare(request) {
            let hint = "make room on the disk, and look at the folder's permissions";
            return unusable(format!("could not write `{}`: {error}", path.display()), hint);
        }
        let host = match self.open_tools(request) {
            Ok(host) => host,
            Err(error) => {
                let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}"));
                let message = format!("{error}{}", cause.unwrap_or_default());
                return unusable(message, "make room on the disk, and look at the folder's permissions");
            }
        };
        let own_program = self.launcher.own_program();
        let tools = host.as_ref().map(|host| ToolServer { program: &own_program, socket: host.socket() });
        let Some(invocation) = self.program.invocation(request, tools) else {
            return unusable(
                "the agent names neither a preset nor a program".to_owned(),
                "write `preset:` or `run:` in its configuration",
            );
        };
        if invocation.wants_prompt_file
            && let Err(error) = fs::write(&request.prompt_file, request.prompt.whole())
        {
            let path = request.prompt_file.display();
            let hint = "make room on the disk, and look at the folder's permissions";
            return unusable(format!("could not write `{path}`: {error}"), hint);
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
            timeout: Some(self.time_limit(request)),
            stop: self.ending.stop.clone(),
        };
        let child = match self.launcher.launch(order).await {
            Ok(child) => child,
            Err(error) => return launch_fault(&error),
        };
        let stream = self.program.stream(request, tools);
        let reads_json_lines = self.program.reads_json_lines();
        let hears = stream.hears() || reads_json_lines;
        let turn = Turn::new(child, stream, request, &self.ending, redactor, transcript, events);
        let words = if hears { words } else { &mut None };
        let prompt = match (reads_json_lines, invocation.wants_prompt_file) {
            (true, false) => json_line("prompt", &request.prompt.whole()),
            (true, true) => Vec::new(),
            (false, _) => invocation.stdin,
        };
        turn.with_host(host).run(prompt, words).await
    }

    /// After which time its guard ends the program.
    fn time_limit(&self, request: &TurnRequest) -> Duration {
        match self.program {
            Program::Command(_) => request.timeout,
            // It is asked in its own words first.
            Program::Acp(_) => request.timeout.saturating_add(self.ending.patience).saturating_add(MARGIN),
        }
    }

    /// Serves Orchestra's own tools, where the turn has some and the program is told of them.
    fn open_tools(&self, request: &TurnRequest) -> Result<Option<McpHost>, OpenError> {
        let own = request.own.as_ref().filter(|own| !own.offered().is_empty());
        let takes_tools = match &self.program {
            Program::Command(command) => command.preset == Some(Preset::ClaudeCode),
            Program::Acp(_) => true,
        };
        match own.filter(|_| takes_tools) {
            Some(own) => McpHost::open(own.clone(), &request.scratch).map(Some),
            None => Ok(None),
        }
    }

    fn environment(&self, request: &TurnRequest, invocation: &Invocation) -> Environment {
        let needs = AgentNeeds {
            preset: self.program.preset(),
            named: self.program.env(),
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
        if let Some(model) = request.model.as_ref().or(self.program.model()) {
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

/// Creates folders, and removes the report of an earlier turn.
fn prepare(request: &TurnRequest) -> Result<(), (&Path, io::Error)> {
    let parents = [request.report_path.parent(), request.prompt_file.parent(), Some(&*request.scratch)];
    for folder in parents.into_iter().flatten() {
        fs::create_dir_all(folder).map_err(|error| (folder, error))?;
    }
    match fs::remove_file(&request.report_path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err((&request.report_path, error)),
        Ok(()) | Err(_) => {}
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

/// Puts the report that was handed in in place of the one made from the last words. The second value is what the
/// person should know of it.
fn hand_in(
    said: Box<Report>,
    called: Option<Box<Report>>,
    request: &TurnRequest,
) -> (Outcome, Option<&'static str>) {
    if !argv::wants_report(request) {
        return (Outcome::Reported(said), None);
    }
    let called = called.map_or(HandedIn::Nothing, HandedIn::Report);
    let filed = || report_file::read_report(&request.report_path);
    let written = || report_file::report_in_text(&said.summary);
    match called.or_else(filed).or_else(written) {
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
