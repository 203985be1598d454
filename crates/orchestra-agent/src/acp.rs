//! A program that speaks the Agent Client Protocol (agentclientprotocol.com, version 1): JSON-RPC on its standard
//! streams, one message a line.
//!
//! It runs like any other program, below a guard and within the bounds of the crate; only what is said differs:
//!
//! ```text
//!  initialize → session/new, resume or load → mode and model → session/prompt → (updates, questions) → its answer
//! ```
//!
//! Invariants:
//! - A question for a permission is answered at once, by the role's room, with an option that is chosen by its kind.
//! - The agent stays in the mode in which its turn begins: one that it leaves for another is put back.
//! - `end_turn` alone is no success: a failure that came as text, or beside it, is a failure.
//! - Its messages are read one by one, each when there is room for what it says. This is why the protocol's own crate,
//!   which queues whatever comes without a bound, is not what reads them.
//!
//! Absent on purpose: the client's `fs` and `terminal` methods. Agents have tools of their own, some break where these are
//! offered, and what holds an agent is the look at the work tree after its turn, not the way in which it writes.

mod end;
mod message;
mod opening;
mod permission;
mod stream;
mod tool;
mod update;

use std::time::Duration;

use orchestra_core::config::AcpAgent;
use orchestra_core::report::{AgentEvent, Outcome};
use tokio::sync::mpsc::Sender;

pub(crate) use self::stream::AcpStream;
use crate::agent::{Agent, TurnRequest};
use crate::command::CommandRunner;
use crate::command::argv::Invocation;
use crate::guard::{GuardLauncher, StopPlan};

/// Runs the program of an `acp` agent.
#[derive(Clone, Debug)]
pub struct AcpRunner(CommandRunner);

impl AcpRunner {
    /// Takes the configuration of the agent.
    pub fn new(config: AcpAgent, launcher: GuardLauncher) -> Self {
        Self(CommandRunner::speaking(config, launcher))
    }

    /// Stops programs in another way than SIGINT, 5 s, SIGTERM, 2 s, SIGKILL.
    #[must_use]
    pub fn with_stop(self, stop: StopPlan) -> Self {
        Self(self.0.with_stop(stop))
    }

    /// Gives programs another time than 5 s to leave after their turn.
    #[must_use]
    pub fn with_grace(self, grace: Duration) -> Self {
        Self(self.0.with_grace(grace))
    }

    /// Gives programs another time than 3 s to end a turn that is cancelled.
    #[must_use]
    pub fn with_patience(self, patience: Duration) -> Self {
        Self(self.0.with_patience(patience))
    }

    /// Gives programs another time than three minutes to open a conversation.
    #[must_use]
    pub fn with_start(self, start: Duration) -> Self {
        Self(self.0.with_start(start))
    }
}

impl Agent for AcpRunner {
    async fn run(&self, request: TurnRequest, events: Sender<AgentEvent>) -> Outcome {
        self.0.run(request, events).await
    }
}

/// Means something to Claude's adapter alone, as it does to `claude` itself: few retries of its own, nothing in the
/// background, no update of itself, and own tools that stand in the model's list and wait for a person.
const ENV: &[(&str, &str)] = &[
    ("CLAUDE_CODE_MAX_RETRIES", "3"),
    ("CLAUDE_CODE_DISABLE_BACKGROUND_TASKS", "1"),
    ("DISABLE_AUTOUPDATER", "1"),
    ("ENABLE_TOOL_SEARCH", "false"),
    ("CLAUDE_CODE_MCP_AUTO_BACKGROUND_MS", "0"),
    ("CLAUDE_CODE_MCP_TOOL_IDLE_TIMEOUT", "0"),
    ("MCP_TOOL_TIMEOUT", "86400000"),
];

/// How the program is called. `None` where the configuration names nothing to run.
pub(crate) fn invocation(agent: &AcpAgent) -> Option<Invocation> {
    let (program, args) = agent.run.split_first()?;
    Some(Invocation {
        program: program.into(),
        args: args.iter().map(Into::into).collect(),
        env: ENV,
        stdin: opening::hello(),
        wants_prompt_file: false,
    })
}
