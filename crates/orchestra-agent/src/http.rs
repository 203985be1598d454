//! A model behind an HTTP endpoint, with Orchestra's own loop of tools.
//!
//! Speaks three formats (see the wires). What leaves this machine is the prompt, the conversation and the tools' results,
//! to the one endpoint of the configuration; the key goes into a header there, and nowhere else.
//!
//! Invariants:
//! - A key is in no event, transcript, conversation, error and prompt, and in the environment of nothing that is run.
//! - No redirect is followed, no request is sent twice, nothing is decompressed, and everything that comes has a bound.
//! - A conversation that is kept can always be gone on with, wherever a turn was left.
//! - What is condensed of a conversation is a record in it, and speaks for nobody; on disk everything stays as it was said.
//! - The end of a stream is not the end of an answer: without the server's own word for that, the turn failed for the moment.
//!
//! Absent on purpose: trying again, which the worker's state machine decides; and reading our own environment.

mod client;
mod condense;
mod conversation;
mod fault;
mod message;
mod notes;
mod sse;
mod tools;
mod turn;
mod voice;
mod wire;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use orchestra_core::config::http::{HttpAgent, is_on_this_machine, is_secret_header};
use orchestra_core::report::{AgentEvent, Fault, Outcome};
use secrecy::ExposeSecret;
use tokio::sync::mpsc::{Receiver, Sender};

use self::client::Client;
use self::conversation::Conversation;
pub use self::tools::{NoTools, Tools};
use self::turn::{Means, Turn};
use self::voice::Voice;
use crate::agent::{Agent, TurnRequest};
use crate::environment::Environment;
use crate::guard::GuardLauncher;
use crate::redact::Redactor;
use crate::tools::{ToolContext, Toolbox};
use crate::transcript::Transcript;

/// How long an endpoint may send nothing at all. They send a sign of life every few seconds.
const PATIENCE: Duration = Duration::from_mins(5);
/// The same for a model on this machine, which reads a long prompt before it says anything.
const LOCAL_PATIENCE: Duration = Duration::from_mins(20);
/// The longest that one command of a model may take.
const RUN_TIMEOUT: Duration = Duration::from_mins(15);
/// The least that an answer may have, whatever the limit of what is kept.
const LEAST_STREAM: u64 = 64 * 1024;

/// Plays a role by a model behind an endpoint.
#[derive(Clone)]
pub struct HttpRunner {
    config: HttpAgent,
    launcher: GuardLauncher,
    /// Other tools than the built-in ones.
    tools: Option<Arc<dyn Tools>>,
    patience: Duration,
}

impl std::fmt::Debug for HttpRunner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HttpRunner").field("config", &self.config).finish_non_exhaustive()
    }
}

impl HttpRunner {
    /// Takes the configuration of the agent.
    pub fn new(config: HttpAgent, launcher: GuardLauncher) -> Self {
        let patience = if is_on_this_machine(&config.base_url) { LOCAL_PATIENCE } else { PATIENCE };
        Self { config, launcher, tools: None, patience }
    }

    /// Has other tools than the built-in ones.
    #[must_use]
    pub fn with_tools(mut self, tools: Arc<dyn Tools>) -> Self {
        self.tools = Some(tools);
        self
    }

    /// Knows what must not be shown: secrets of the environment, and everything that is sent to the endpoint alone.
    pub fn redactor(&self, environment: &Environment) -> Redactor {
        let secrets = secrets(&self.config, environment);
        Redactor::of_environment(environment).and_values(secrets.iter().map(String::as_bytes))
    }
}

impl Agent for HttpRunner {
    async fn run(&self, mut request: TurnRequest, events: Sender<AgentEvent>) -> Outcome {
        let secrets = secrets(&self.config, &request.environment);
        let redactor = self.redactor(&request.environment);
        let sink = request.transcript.take().unwrap_or_else(|| Box::new(io::sink()));
        let mut transcript = Transcript::new(sink, request.output_limit, redactor.clone());
        let mut words = request.words.take();
        let voice = Voice::new(&events, &redactor, &mut transcript, request.output_limit);
        let known = Known { keys: secrets, redactor: redactor.clone() };
        let outcome = self.attempt(&request, &mut words, voice, known).await;
        if let Err(error) = transcript.finish() {
            let text = format!("the transcript could not be written: {error}");
            // A receiver that is gone stops nothing.
            let _unheard = events.send(AgentEvent::Notice { text }).await;
        }
        redactor.outcome(outcome)
    }
}

impl HttpRunner {
    async fn attempt(
        &self,
        request: &TurnRequest,
        words: &mut Option<Receiver<String>>,
        mut voice: Voice<'_>,
        known: Known,
    ) -> Outcome {
        let model = request.model.clone().unwrap_or_else(|| self.config.model.clone());
        let limit = request.output_limit.max(LEAST_STREAM);
        let client = match Client::new(&self.config, &model, &request.environment, self.patience, limit) {
            Ok(client) => client,
            Err(fault) => return Outcome::Faulted(fault),
        };
        let conversation = match open_conversation(request, &mut voice).await {
            Ok(conversation) => conversation,
            Err(fault) => return Outcome::Faulted(fault),
        };
        let tools = match self.tools_of(request) {
            Ok(tools) => tools,
            Err(fault) => return Outcome::Faulted(fault),
        };
        let Known { keys, redactor } = known;
        let means = Means { config: &self.config, client, tools, voice, conversation, model, keys, redactor };
        Turn::new(request, means).run(words).await
    }
}

impl HttpRunner {
    /// The tools of one turn. Where the role may not write they only read.
    fn tools_of(&self, request: &TurnRequest) -> Result<Arc<dyn Tools>, Fault> {
        if let Some(tools) = &self.tools {
            return Ok(Arc::clone(tools));
        }
        let toolbox = Toolbox::new(ToolContext {
            workspace: request.workspace.clone(),
            room: request.room.clone().filter(|_| request.writes),
            launcher: self.launcher.clone(),
            environment: request.environment.clone(),
            scratch: request.scratch.clone(),
            run_timeout: RUN_TIMEOUT.min(request.timeout),
            cancel: request.cancel.clone(),
        });
        let toolbox = toolbox.map_err(|error| Fault::Unusable {
            message: error.to_string(),
            hint: "look at the folder's permissions".to_owned(),
        })?;
        Ok(Arc::new(toolbox))
    }
}

/// What must not be shown: keys by their exact values, and whatever else looks like a secret.
struct Known {
    keys: Vec<String>,
    redactor: Redactor,
}

/// The conversation that the request names, or a new one.
async fn open_conversation(request: &TurnRequest, voice: &mut Voice<'_>) -> Result<Conversation, Fault> {
    let Some(folder) = &request.conversations else { return Ok(Conversation::forgotten()) };
    if let Some(session) = &request.session {
        match Conversation::resume(folder, session) {
            Ok(Some(conversation)) => return Ok(conversation),
            Ok(None) => voice.notice("the conversation is not there any more: it starts afresh").await,
            Err(error) => {
                voice
                    .notice(format!("the conversation cannot be gone on with ({error}): it starts afresh"))
                    .await;
            }
        }
    }
    Conversation::begin(folder, &request.work).map_err(|error| Fault::Unusable {
        message: format!("could not begin a conversation in `{}`: {error}", folder.display()),
        hint: "make room on the disk, and look at the folder's permissions".to_owned(),
    })
}

/// Everything that is sent to the endpoint alone.
fn secrets(config: &HttpAgent, environment: &Environment) -> Vec<String> {
    let key = client::find_key(config, environment).ok().flatten();
    let headers = config.headers.iter().filter(|(name, _)| is_secret_header(name));
    let mut secrets: Vec<String> = key.iter().map(|key| key.expose_secret().to_owned()).collect();
    secrets.extend(headers.map(|(_, value)| value.expose().to_owned()));
    if let Some(proxy) = &config.proxy
        && let Some((login, _)) = proxy.expose().rsplit_once('@')
    {
        secrets.extend(login.rsplit_once(':').map(|(_, password)| password.to_owned()));
    }
    // A shorter one would be found in ordinary words.
    secrets.retain(|secret| secret.len() >= 8);
    secrets
}
