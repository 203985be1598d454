//! What all kinds of agents have in common: a request, a stream of events, and how the turn ended.

use std::fmt;
use std::future::Future;
use std::path::PathBuf;
use std::time::Duration;

use orchestra_core::config::{AgentConfig, Limits};
use orchestra_core::id::SessionId;
use orchestra_core::ownership::Room;
use orchestra_core::prompt::Prompt;
use orchestra_core::report::{AgentEvent, Outcome, Usage};
use tokio::sync::mpsc::{Receiver, Sender};
use tokio_util::sync::CancellationToken;

use crate::acp::AcpRunner;
use crate::command::CommandRunner;
use crate::environment::Environment;
use crate::guard::GuardLauncher;
use crate::http::HttpRunner;
use crate::own::OwnTools;
use crate::redact::Redactor;
use crate::scripted::Scripted;
use crate::transcript::TranscriptSink;

/// One turn of work for one role.
///
/// Cancel-safe: dropping the future ends the agent's whole tree of processes, through its guard;
/// [`GuardLauncher::all_ended`] says when. [`TurnRequest::cancel`] is the gentle way, which keeps the session.
pub trait Agent {
    /// Runs one turn. What is said on the way goes to `events`; a receiver that is gone stops nothing.
    fn run(&self, request: TurnRequest, events: Sender<AgentEvent>) -> impl Future<Output = Outcome> + Send;
}

/// What a turn is about, and its bounds.
pub struct TurnRequest {
    /// The whole prompt: role, brief, rules.
    pub prompt: Prompt,
    /// The top of the work tree.
    pub workspace: PathBuf,
    /// The milestone's id.
    pub milestone: String,
    /// The work, as `orchestra_core::id::WorkId` writes it: `phase-2`, `rfc`, `review-1`, `fix-1-backend-engineer`.
    pub work: String,
    /// The role's id.
    pub role: String,
    /// The n-th turn for this work, from 1.
    pub attempt: u32,
    /// Whether the role may write at all: false for a review or a diagnosis.
    pub writes: bool,
    /// Where the role may write in this turn, for the tools of the built-in loop; nowhere without one.
    pub room: Option<Room>,
    /// Orchestra's own tools, where the turn has any, and who answers their calls.
    pub own: Option<OwnTools>,
    /// The model, where one was chosen for this phase.
    pub model: Option<String>,
    /// The conversation to go on with.
    pub session: Option<SessionId>,
    /// What that conversation has consumed before: programs report the sum over all of its turns.
    pub used_before: Usage,
    /// How long the turn may take.
    pub timeout: Duration,
    /// How long the agent may say nothing before that is shown.
    pub silence: Duration,
    /// How many bytes of its output are kept.
    pub output_limit: u64,
    /// Where a report may be handed in. A file that is there already is removed.
    pub report_path: PathBuf,
    /// Where the prompt is written for a program that wants it as a file.
    pub prompt_file: PathBuf,
    /// A folder for temporary files; created.
    pub scratch: PathBuf,
    /// The folder in which conversations are kept that no program of somebody else's keeps; without it each is forgotten with its turn.
    pub conversations: Option<PathBuf>,
    /// Where the transcript goes.
    pub transcript: Option<TranscriptSink>,
    /// The person's whole environment. The agent gets a part of it.
    pub environment: Environment,
    /// What the person says meanwhile. Each of them that the agent takes up is an [`AgentEvent::Heard`].
    pub words: Option<Receiver<String>>,
    /// Asks for the turn's end.
    pub cancel: CancellationToken,
}

impl TurnRequest {
    /// A request for the first attempt of a work, with the limits that the program has by default.
    pub fn new(
        prompt: impl Into<Prompt>,
        workspace: impl Into<PathBuf>,
        scratch: impl Into<PathBuf>,
        environment: Environment,
    ) -> Self {
        let limits = Limits::default();
        let scratch = scratch.into();
        Self {
            prompt: prompt.into(),
            workspace: workspace.into(),
            milestone: String::new(),
            work: String::new(),
            role: String::new(),
            attempt: 1,
            writes: true,
            room: None,
            own: None,
            model: None,
            session: None,
            used_before: Usage::default(),
            timeout: limits.phase_timeout,
            silence: limits.silence,
            output_limit: limits.output,
            report_path: scratch.join("report.json"),
            prompt_file: scratch.join("prompt.md"),
            scratch,
            conversations: None,
            transcript: None,
            environment,
            words: None,
            cancel: CancellationToken::new(),
        }
    }

    /// The value of `ORCHESTRA_PHASE`: a phase's id, or `rfc`, `review`, `fix-1-<role>`, `diagnosis`.
    pub fn phase(&self) -> &str {
        if self.work.starts_with("diagnosis-") {
            "diagnosis"
        } else if self.work.strip_prefix("review-").is_some_and(|round| round.parse::<u32>().is_ok()) {
            "review"
        } else {
            &self.work
        }
    }
}

impl fmt::Debug for TurnRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Neither the prompt nor the environment belongs in a log.
        f.debug_struct("TurnRequest")
            .field("milestone", &self.milestone)
            .field("work", &self.work)
            .field("role", &self.role)
            .field("attempt", &self.attempt)
            .field("writes", &self.writes)
            .finish_non_exhaustive()
    }
}

/// Any kind of agent.
#[derive(Clone, Debug)]
pub enum AnyAgent {
    /// Plays a script.
    Scripted(Scripted),
    /// A program.
    Command(CommandRunner),
    /// A program that speaks the Agent Client Protocol.
    Acp(AcpRunner),
    /// A model behind an endpoint.
    Http(HttpRunner),
}

impl AnyAgent {
    /// Makes the agent that a configuration describes.
    pub fn new(config: &AgentConfig, launcher: GuardLauncher) -> Self {
        match config {
            AgentConfig::Scripted { script } => Self::Scripted(Scripted::from_file(script, launcher)),
            AgentConfig::Command(command) => Self::Command(CommandRunner::new(command.clone(), launcher)),
            AgentConfig::Acp(acp) => Self::Acp(AcpRunner::new(acp.clone(), launcher)),
            AgentConfig::Http(http) => Self::Http(HttpRunner::new((**http).clone(), launcher)),
        }
    }

    /// Knows what must not be shown of a turn of this agent: secrets of the environment, and those it is configured with.
    pub fn redactor(&self, environment: &Environment) -> Redactor {
        match self {
            Self::Scripted(_) | Self::Command(_) | Self::Acp(_) => Redactor::of_environment(environment),
            Self::Http(http) => http.redactor(environment),
        }
    }
}

impl Agent for AnyAgent {
    async fn run(&self, request: TurnRequest, events: Sender<AgentEvent>) -> Outcome {
        match self {
            Self::Scripted(scripted) => scripted.run(request, events).await,
            Self::Command(command) => command.run(request, events).await,
            Self::Acp(acp) => acp.run(request, events).await,
            Self::Http(http) => http.run(request, events).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_told_its_phase_in_the_words_of_the_contract() {
        let phase = |work: &str| {
            let mut request = TurnRequest::new("", "/", "/", Vec::new());
            work.clone_into(&mut request.work);
            request.phase().to_owned()
        };
        let works =
            ["phase-2", "rfc", "review-2", "diagnosis-phase-1", "fix-1-backend-engineer", "review-ui"];
        assert_eq!(
            works.map(phase),
            ["phase-2", "rfc", "review", "diagnosis", "fix-1-backend-engineer", "review-ui"]
        );
    }
}
