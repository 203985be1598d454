//! What can go wrong in a command, and how it is told: a heading, its causes, what helps, and an exit code.

use std::error::Error as _;
use std::path::PathBuf;
use std::process::ExitCode;

use orchestra_core::diagnostic::Diagnostic;
use orchestra_git::commit_paths::CommitPathsError;
use orchestra_git::fault::Fault;
use orchestra_git::repo::OpenError;
use orchestra_git::rescue::RescueError;
use orchestra_project::answers::{AnswerError, Unfit};
use orchestra_project::conversations::ConversationError;
use orchestra_project::detect::DetectError;
use orchestra_project::documents::CreateError;
use orchestra_project::file::FileError;
use orchestra_project::journal::JournalError;
use orchestra_project::layout::LayoutError;
use orchestra_project::lock::{Held, LockError};
use orchestra_project::plans::ChangeError;
use orchestra_project::scaffold::ScaffoldError;
use orchestra_project::stop::StopError;
use orchestra_project::trust::TrustError;
use thiserror::Error;

use crate::context::{Context, quoted};
use crate::out::{BAD, FAINT, STRONG, TYPED, block, shown, styled};

/// How a command ended, as the exit code that scripts see.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Exit(pub(crate) u8);

impl Exit {
    /// All done.
    pub(crate) const DONE: Self = Self(0);
    /// Something failed, or was set aside.
    pub(crate) const FAILED: Self = Self(1);
    /// Usage, bad configuration, or not trusted.
    pub(crate) const USAGE: Self = Self(2);
    /// Something waits for a person.
    pub(crate) const WAITS: Self = Self(3);
    /// Another worker holds the lock.
    pub(crate) const HELD: Self = Self(4);
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.0)
    }
}

/// Why a command could not do what it was asked to.
#[derive(Debug, Error)]
pub(crate) enum Failure {
    /// What was typed cannot be done so.
    #[error("{what}")]
    Usage {
        /// What is wrong with it.
        what: String,
        /// What to do instead.
        hint: String,
    },
    /// A person decides this, and an agent's tree of processes is not where one sits.
    #[error("`orchestra {command}` is for a person, and this runs below an agent or a command of the worker")]
    BelowAGuard {
        /// The command.
        command: &'static str,
    },
    /// The configuration cannot be read.
    #[error("the configuration cannot be used")]
    Config {
        /// What is wrong with it.
        faults: Vec<Diagnostic>,
    },
    /// There is no git work tree around the folder.
    #[error("`{}` is in no git work tree", folder.display())]
    NoWorkTree {
        /// The folder.
        folder: PathBuf,
    },
    /// Git is not installed, or only inside the repository.
    #[error("there is no program `git` in a folder of PATH outside of this repository")]
    NoGit,
    /// Nothing says where the person's own files are.
    #[error("nothing says where your own files are: there is no home folder")]
    NoHome,
    /// A worker runs, and this may not be done meanwhile.
    #[error("a worker runs in this checkout")]
    Held(Box<Held>),
    /// The person has not agreed to what the project would run.
    #[error("this project names commands that you have not agreed to")]
    NotTrusted,
    /// Something that was tried before a run would fail or ask when nobody is there.
    #[error("not started, because of what is marked with ✘ above")]
    NotReady,
    /// The worker could not begin.
    #[error("could not {}: {}", _0.what, _0.why)]
    Worker(Box<orchestra_core::worker::Failure>),
    /// The system gave no thread or no descriptor.
    #[error("the system has no threads or files left")]
    Descriptors(#[source] std::io::Error),
    /// A file or a folder could not be made.
    #[error("could not write `{}`", path.display())]
    Folder {
        /// The folder, or the one it would be in.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The demo's project could not be made.
    #[error("could not make the demo's project: `git {command}` failed")]
    DemoGit {
        /// The command.
        command: String,
        /// What it said.
        words: String,
    },
    /// Standard output could not be written to.
    #[error("could not write to standard output")]
    Output(#[source] std::io::Error),
    /// Something was read from the person and could not be.
    #[error("could not read `{path}`")]
    Input {
        /// The file, or `-`.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// An agent's program asked for the tools of a turn that is not there.
    #[error("no turn hands out its tools at `{}`", socket.display())]
    Tools {
        /// The socket of the turn.
        socket: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error(transparent)]
    Layout(#[from] LayoutError),
    #[error(transparent)]
    File(#[from] FileError),
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error(transparent)]
    Answer(#[from] AnswerError),
    #[error(transparent)]
    Stop(#[from] StopError),
    #[error(transparent)]
    Trust(#[from] TrustError),
    #[error(transparent)]
    Scaffold(#[from] ScaffoldError),
    #[error(transparent)]
    Detect(#[from] DetectError),
    #[error(transparent)]
    Create(#[from] CreateError),
    #[error(transparent)]
    Change(#[from] ChangeError),
    #[error(transparent)]
    Rescue(#[from] RescueError),
    #[error(transparent)]
    Commit(#[from] CommitPathsError),
    #[error(transparent)]
    Git(#[from] Fault),
}

impl From<LockError> for Failure {
    fn from(error: LockError) -> Self {
        match error {
            LockError::Held(held) => Self::Held(held),
            LockError::File(error) => Self::File(error),
        }
    }
}

impl From<ConversationError> for Failure {
    fn from(error: ConversationError) -> Self {
        match error {
            ConversationError::File(error) => Self::File(error),
            ConversationError::Unknown(_) | ConversationError::Held(_) => Self::usage_with(
                error.to_string(),
                "`--resume` alone lists them; without it a new one begins",
            ),
        }
    }
}

impl From<orchestra_core::worker::Failure> for Failure {
    fn from(failure: orchestra_core::worker::Failure) -> Self {
        Self::Worker(Box::new(failure))
    }
}

impl Failure {
    /// Something was typed that cannot be done so.
    pub(crate) fn usage(what: impl Into<String>) -> Self {
        Self::Usage { what: what.into(), hint: String::new() }
    }

    /// The same, with what to type instead.
    pub(crate) fn usage_with(what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Usage { what: what.into(), hint: hint.into() }
    }

    /// The exit code, and what helps: a command as it is to be typed from where `context` is, or a sentence. The one
    /// place that decides either.
    #[expect(clippy::too_many_lines, reason = "one flat arm a failure")]
    pub(crate) fn advice(&self, context: &Context) -> (Exit, String) {
        let text = |hint: &str| hint.to_owned();
        let typed = |command: &str| context.typed(command);
        match self {
            Self::Usage { hint, .. } | Self::Open(OpenError::Unsupported { hint, .. }) => {
                (Exit::USAGE, hint.clone())
            }
            Self::BelowAGuard { .. } => {
                (Exit::USAGE, text("run it in a terminal of your own; no agent answers for you"))
            }
            Self::Config { .. } => {
                (Exit::USAGE, format!("mend it, then look at it with `{}`", typed("config")))
            }
            Self::NoGit => (Exit::USAGE, text("install git 2.36 or newer")),
            Self::NoHome => (Exit::USAGE, text("set HOME, or XDG_CONFIG_HOME and XDG_DATA_HOME")),
            Self::Held(_) => (Exit::HELD, format!("{}, or {}", typed("status --watch"), typed("stop"))),
            Self::NoWorkTree { .. } | Self::Open(OpenError::NotARepository { .. }) => {
                (Exit::USAGE, context.typed_git_init())
            }
            Self::Open(OpenError::InGitDirectory { git_dir, .. }) => {
                let work_tree = git_dir.parent().unwrap_or(git_dir);
                (Exit::USAGE, format!("go up to its work tree: cd {}", quoted(work_tree)))
            }
            Self::Open(OpenError::Owner { root, .. }) => {
                (Exit::USAGE, format!("git config --global --add safe.directory {}", quoted(root)))
            }
            Self::Open(OpenError::Gone { root, .. }) => (
                Exit::USAGE,
                format!("where its repository is now, run: git worktree repair {}", quoted(root)),
            ),
            Self::Open(OpenError::Bare { .. } | OpenError::Foreign { .. }) => {
                (Exit::USAGE, text("use an ordinary clone, with a work tree of its own"))
            }
            Self::Layout(LayoutError::Missing { .. }) => (Exit::USAGE, typed("init")),
            Self::Trust(TrustError::Inside { .. }) => {
                (Exit::USAGE, text("set XDG_DATA_HOME to a folder outside of the project"))
            }
            Self::Answer(AnswerError::Unfit { why: Unfit::NotOpen | Unfit::OtherContent, .. }) => {
                (Exit::USAGE, format!("{} lists what is asked", typed("status")))
            }
            Self::Input { .. } | Self::Answer(AnswerError::Unfit { .. } | AnswerError::TooLong) => {
                (Exit::USAGE, String::new())
            }
            Self::Answer(AnswerError::Answered { .. }) => {
                (Exit::USAGE, format!("the worker takes it up; {} shows when it has", typed("status")))
            }
            Self::Rescue(RescueError::Missing { .. } | RescueError::NoSuchPath { .. }) => {
                (Exit::USAGE, typed("rescue list"))
            }
            Self::Commit(CommitPathsError::NoIdentity) => (
                Exit::FAILED,
                text("git config user.name \"Your Name\" && git config user.email you@example.com"),
            ),
            Self::Change(ChangeError::Overtaken(_)) => (
                Exit::FAILED,
                text("nothing was written: look at the plan as it is now, and propose it anew"),
            ),
            Self::NotTrusted => (Exit::USAGE, typed("trust")),
            Self::NotReady => (Exit::USAGE, text("do what stands behind → above, then start again")),
            Self::Worker(failure) => (Exit::FAILED, failure.hint.clone()),
            Self::Descriptors(_) => (Exit::FAILED, text("close something and start again")),
            Self::Folder { .. } => (Exit::USAGE, text("name another one with --dir")),
            Self::Layout(LayoutError::Unusable { .. })
            | Self::Open(OpenError::Fault(_))
            | Self::Output(_)
            | Self::Tools { .. }
            | Self::DemoGit { .. }
            | Self::File(_)
            | Self::Journal(_)
            | Self::Answer(AnswerError::Json(_) | AnswerError::Lock(_) | AnswerError::File(_))
            | Self::Stop(_)
            | Self::Trust(TrustError::Json(_) | TrustError::File(_))
            | Self::Scaffold(_)
            | Self::Detect(_)
            | Self::Create(_)
            | Self::Change(_)
            | Self::Rescue(_)
            | Self::Commit(_)
            | Self::Git(_) => (Exit::FAILED, String::new()),
        }
    }

    /// Tells the person, on standard error, and returns how the program ends.
    pub(crate) fn tell(&self, context: &Context) -> Exit {
        let out = &context.out;
        out.error(format_args!("{} {}", styled(BAD.bold(), "error:"), styled(STRONG, shown(self))));
        let mut cause = self.source();
        while let Some(source) = cause {
            out.error(format_args!("  {} {}", styled(FAINT, "cause:"), shown(source)));
            cause = source.source();
        }
        match self {
            Self::Config { faults } => {
                for fault in faults {
                    out.error(block(&fault.to_string(), "  "));
                }
            }
            Self::Held(held) => {
                for line in about(held) {
                    out.error(format_args!("  {line}"));
                }
            }
            Self::DemoGit { words, .. } | Self::Commit(CommitPathsError::Refused { words }) => {
                out.error(block(words, "  "));
            }
            _ => {}
        }
        let (exit, hint) = self.advice(context);
        if !hint.is_empty() {
            out.error(format_args!("  {} {}", styled(FAINT, "hint:"), styled(TYPED, shown(hint))));
        }
        exit
    }
}

/// Who holds the lock, what runs, and what to remove where nothing can be told.
fn about(held: &Held) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(holder) = &held.holder {
        let (pid, host) = (holder.process.pid, shown(&holder.machine.host));
        lines.push(format!(
            "process {pid} on {host}, version {}, since {}",
            shown(&holder.version),
            holder.since
        ));
        if !holder.running.is_empty() {
            lines.push(format!("it runs {}", shown(&holder.running)));
        }
    }
    if let Some(file) = &held.way_out {
        lines.push(format!("if that worker is known to be gone: rm {}", shown(file.display())));
    }
    lines
}
