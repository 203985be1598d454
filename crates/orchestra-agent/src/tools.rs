//! Tools that a model may call in the built-in loop.
//!
//! [`Toolbox`] has those that touch files and run commands; Orchestra's own are in [`crate::own`].
//!
//! Invariants:
//! - No path leads out of the workspace, whatever it is and whatever is swapped in meanwhile; the rules of the role
//!   hold for where it really arrives. Git's files are not written, the worker's state is not even read.
//! - A file is written whole or not at all, and never through a link.
//! - What a call reads, keeps and answers is bounded in bytes, lines and time, and it ends with its turn.
//! - An answer is a heading of ours on one line, and beneath it data of somebody else's.
//! - A command gets no key of a model's provider, no terminal, and no longer life than its call.
//!
//! Absent on purpose: reading a command's text in order to allow or to forbid it. The guard, the role's room and the
//! worker's check of what was changed are the wall.

mod asked;
mod atomic;
mod beneath;
mod edit;
mod files;
mod kind;
mod list;
mod names;
mod near;
mod read;
mod run;
mod search;
mod shown;
mod stop;
mod walk;
mod write;

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use orchestra_core::ownership::Room;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

pub use self::names::file_names;

use self::files::Files;
use self::kind::Tool;
use self::run::Shell;
use self::stop::Stop;
use crate::environment::Environment;
use crate::guard::GuardLauncher;

/// What a model is told of a tool.
#[derive(Clone, Debug, PartialEq)]
pub struct Spec {
    /// Its name.
    pub name: String,
    /// What it does, and when to call it.
    pub description: String,
    /// The JSON schema of its arguments.
    pub schema: Value,
    /// What it does to the world.
    pub access: Access,
}

/// What a tool does to the world, which decides what may run beside it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Access {
    /// It only reads: several run side by side.
    Reads,
    /// It changes something, or waits for somebody: one after the other, in the order of the calls.
    Writes,
}

/// What came back from a tool.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Answer {
    /// What the model is told.
    pub text: String,
    /// Whether it did not do what was asked.
    pub is_error: bool,
    /// The file that it changed, relative to the top of the repository.
    pub changed: Option<String>,
}

impl Answer {
    /// It did what was asked.
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    /// It did not.
    pub fn wrong(text: impl Into<String>) -> Self {
        Self { text: text.into(), is_error: true, ..Self::default() }
    }
}

/// What a [`Toolbox`] works with.
pub struct ToolContext {
    /// The top of the work tree.
    pub workspace: PathBuf,
    /// Where the role may write. Without a room, or with a closed one, there are only tools that read.
    pub room: Option<Room>,
    /// Starts commands.
    pub launcher: GuardLauncher,
    /// The person's whole environment. A command gets a part of it.
    pub environment: Environment,
    /// A folder for temporary files of commands; created.
    pub scratch: PathBuf,
    /// The longest that a command may take.
    pub run_timeout: Duration,
    /// Ends what runs.
    pub cancel: CancellationToken,
}

/// The tools that read, write and run, for one turn of one role.
pub struct Toolbox {
    files: Arc<Files>,
    shell: Option<Shell>,
    cancel: CancellationToken,
}

impl Toolbox {
    /// Opens the workspace, and creates the scratch folder where there are tools that write.
    ///
    /// # Errors
    /// Where one of the two cannot be done; the text names the folder.
    pub fn new(context: ToolContext) -> Result<Self, io::Error> {
        let named = |folder: &PathBuf| {
            let folder = folder.display().to_string();
            move |error: io::Error| io::Error::new(error.kind(), format!("`{folder}`: {error}"))
        };
        let files = Files::open(&context.workspace, context.room).map_err(named(&context.workspace))?;
        let cancel = context.cancel.clone();
        let shell = if files.has_room() {
            std::fs::create_dir_all(&context.scratch).map_err(named(&context.scratch))?;
            Some(Shell {
                launcher: context.launcher,
                environment: context.environment,
                workspace: context.workspace,
                scratch: context.scratch,
                timeout: context.run_timeout,
                cancel: context.cancel,
            })
        } else {
            None
        };
        Ok(Self { files: Arc::new(files), shell, cancel })
    }

    /// What a model is told of the tools that there are.
    pub fn specs(&self) -> Vec<Spec> {
        let timeout = self.shell.as_ref().map_or(Duration::ZERO, |shell| shell.timeout);
        let spec = |tool: &Tool| Spec {
            name: tool.name().to_owned(),
            description: tool.description(timeout),
            schema: tool.schema(),
            access: tool.access(),
        };
        self.offered().iter().map(spec).collect()
    }

    /// Calls a tool by name and waits for what comes back. `None` where there is no such tool.
    ///
    /// What a command prints goes to `output` while it runs, for a screen: one that is slow misses a part of it and
    /// holds up nothing. Cancel-safe: dropping the future ends a command's whole tree, and a search; a file that is
    /// being written is then there whole or not at all.
    pub async fn call(&self, name: &str, input: &Value, output: &mpsc::Sender<String>) -> Option<Answer> {
        let tool = *self.offered().iter().find(|tool| tool.name() == name)?;
        if self.cancel.is_cancelled() {
            return Some(Answer::wrong("the turn was ended"));
        }
        Some(match tool {
            Tool::Read => self.on_files(input, read::read).await,
            Tool::List => self.on_files(input, list::list).await,
            Tool::Search => self.on_files(input, search::search).await,
            Tool::Write => self.on_files(input, |files, args, _| write::write(files, args)).await,
            Tool::Edit => self.on_files(input, |files, args, _| edit::edit(files, args)).await,
            Tool::Run => match (&self.shell, arguments(input)) {
                (Some(shell), Ok(args)) => shell.run(&args, output).await,
                (_, Err(wrong)) => wrong,
                (None, Ok(_)) => return None,
            },
        })
    }

    fn offered(&self) -> &'static [Tool] {
        if self.shell.is_some() { Tool::ALL } else { Tool::READING }
    }

    /// Does something with files on a thread that may wait for them.
    async fn on_files<T: DeserializeOwned + Send + 'static>(
        &self,
        input: &Value,
        work: impl FnOnce(&Files, &T, &Stop) -> Answer + Send + 'static,
    ) -> Answer {
        let args: T = match arguments(input) {
            Ok(args) => args,
            Err(wrong) => return wrong,
        };
        let files = Arc::clone(&self.files);
        let cancel = self.cancel.child_token();
        let stop = Stop::new(cancel.clone());
        let _ends_with_the_call = cancel.drop_guard();
        match tokio::task::spawn_blocking(move || work(&files, &args, &stop)).await {
            Ok(answer) => answer,
            Err(_panic) => Answer::wrong("the tool failed, and that is no fault of the arguments"),
        }
    }
}

impl fmt::Debug for Toolbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The environment belongs in no log.
        f.debug_struct("Toolbox").field("offered", &self.offered()).finish_non_exhaustive()
    }
}

/// Reads a call's arguments; none at all are an empty object.
fn arguments<T: DeserializeOwned>(input: &Value) -> Result<T, Answer> {
    let input = if input.is_null() { Value::Object(serde_json::Map::new()) } else { input.clone() };
    serde_json::from_value(input).map_err(|error| {
        Answer::wrong(format!("the arguments do not fit: {}", shown::one_line(&error.to_string())))
    })
}
