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
mod list;
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

use orchestra_core::own_tool::schema_of;
use orchestra_core::ownership::Room;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use self::files::Files;
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

/// One of them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Tool {
    Read,
    List,
    Search,
    Write,
    Edit,
    Run,
}

impl Tool {
    const READING: &'static [Self] = &[Self::Read, Self::List, Self::Search];
    const ALL: &'static [Self] = &[Self::Read, Self::List, Self::Search, Self::Write, Self::Edit, Self::Run];

    fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::List => "list",
            Self::Search => "search",
            Self::Write => "write",
            Self::Edit => "edit",
            Self::Run => "run",
        }
    }

    fn access(self) -> Access {
        match self {
            Self::Read | Self::List | Self::Search => Access::Reads,
            Self::Write | Self::Edit | Self::Run => Access::Writes,
        }
    }

    fn schema(self) -> Value {
        fn of<T: JsonSchema>() -> Value {
            let mut schema = schema_of::<T>();
            // The tool's own description says it better.
            if let Some(object) = schema.as_object_mut() {
                object.remove("description");
            }
            schema
        }
        match self {
            Self::Read => of::<read::ReadArgs>(),
            Self::List => of::<list::ListArgs>(),
            Self::Search => of::<search::SearchArgs>(),
            Self::Write => of::<write::WriteArgs>(),
            Self::Edit => of::<edit::EditArgs>(),
            Self::Run => of::<run::RunArgs>(),
        }
    }

    fn description(self, timeout: Duration) -> String {
        let text = match self {
            Self::Read => {
                "Read a file of the repository. Its lines come numbered, up to 2,000 of them or 64 kB; the heading says \
                 where to go on. The numbers are not in the file."
            }
            Self::List => {
                "List a folder of the repository, without what git ignores. Folders end in `/`. At the beginning it is \
                 cheaper than a search."
            }
            Self::Search => {
                "Search the files of the repository for a regular expression, without what git ignores and without \
                 binary files. Up to 200 matching lines come with path and number."
            }
            Self::Write => {
                "Write a whole file, a new one or in place of one that is there, with the folders above it. Only where \
                 your role may write. For a part of a file use `edit`."
            }
            Self::Edit => {
                "Replace a piece of a file: `old`, exactly as it stands there, by `new`. `old` must be there once, \
                 unless `all` is set. Line ends of the file are kept."
            }
            Self::Run => {
                return format!(
                    "Run a command by `/bin/sh -c` at the top of the repository. No terminal, nothing on standard input. \
                     It is ended after {} or the `timeout_seconds` that you give, with all that it started: nothing goes \
                     on in the background. Of long output the beginning and the end are kept.",
                    orchestra_core::words::duration(timeout)
                );
            }
        };
        text.to_owned()
    }
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
