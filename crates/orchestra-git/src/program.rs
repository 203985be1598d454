//! The one place that calls the `git` program.
//!
//! A hardened call finds no repository by itself, asks nothing, takes no optional lock, treats paths as paths, fetches nothing,
//! and is robbed of the ways in which a repository's own configuration runs programs: `core.fsmonitor`, hooks, pager, editor,
//! external diff and textconv (the callers' flags), filters (see [`Call::without_filters`]).
//! Settings travel as `GIT_CONFIG_COUNT` variables, which override every file like `-c` does, but allow any key.
//! A person's call (hooks, signing, push) keeps what the person has set up, and exists only below the guard.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use thiserror::Error;

use crate::config::Config;
use crate::guard::{Ending, GuardedCommand, GuardedError, GuardedOutput, Purpose};
use crate::quote::quoted;
use crate::repo::Repo;

mod direct;

/// A call of the `git` program that did not do what it should.
#[derive(Debug, Error)]
pub enum ProgramError {
    /// It could not be started.
    #[error("could not start `{program}`")]
    Spawn {
        /// The program.
        program: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// Its output could not be read or its input not written.
    #[error("lost the connection to `git {command}`")]
    Pipe {
        /// The subcommand.
        command: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// It did not end in time and was ended.
    #[error("`git {command}` did not end within {after:?}")]
    TimedOut {
        /// The subcommand.
        command: String,
        /// How long it had.
        after: Duration,
    },
    /// It said more than anybody can want to know.
    #[error("`git {command}` printed more than {limit} bytes")]
    TooMuch {
        /// The subcommand.
        command: String,
        /// The bound.
        limit: usize,
    },
    /// It failed.
    #[error("`git {command}` failed ({ending}): {words}")]
    Failed {
        /// The subcommand.
        command: String,
        /// Its exit code or signal.
        ending: String,
        /// What it said.
        words: String,
    },
    /// The guard failed.
    #[error(transparent)]
    Guard(#[from] GuardedError),
}

/// How much of what a failed program said is kept, in bytes.
const WORDS: usize = 16 * 1024;

/// Settings of every hardened call.
const HARDENED: [(&str, &str); 17] = [
    ("core.fsmonitor", "false"),
    ("core.hooksPath", "/dev/null"),
    ("core.pager", "cat"),
    ("core.editor", ":"),
    ("core.safecrlf", "false"),
    ("core.quotePath", "true"),
    ("protocol.ext.allow", "never"),
    ("safe.bareRepository", "explicit"),
    ("submodule.recurse", "false"),
    ("gc.auto", "0"),
    ("maintenance.auto", "false"),
    ("core.fsync", "all"),
    ("status.showUntrackedFiles", "all"),
    ("status.renames", "false"),
    ("diff.renames", "false"),
    ("color.ui", "false"),
    ("column.ui", "never"),
];

/// Settings of a call that works as the person set it up.
const PERSON: [(&str, &str); 4] = [
    ("core.fsmonitor", "false"),
    ("gc.auto", "0"),
    ("maintenance.auto", "false"),
    ("safe.bareRepository", "explicit"),
];

/// Variables of git that a person's environment may bring along; all others are dropped.
const WELCOME: [&str; 12] = [
    "GIT_ASKPASS",
    "GIT_CONFIG_GLOBAL",
    "GIT_CONFIG_NOSYSTEM",
    "GIT_CONFIG_SYSTEM",
    "GIT_EXEC_PATH",
    "GIT_PROXY_COMMAND",
    "GIT_PROXY_SSL_CAINFO",
    "GIT_SSH",
    "GIT_SSH_COMMAND",
    "GIT_SSH_VARIANT",
    "GIT_SSL_CAINFO",
    "GIT_SSL_NO_VERIFY",
];

/// Whose rules a call follows.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Rules {
    Hardened,
    /// Hardened, for a command that only lists the configuration: with settings of ours it would list these.
    Listing,
    Person,
}

/// One call of the `git` program, built step by step.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    repo: &'a Repo,
    rules: Rules,
    args: Vec<OsString>,
    stdin: Vec<u8>,
    work_tree: PathBuf,
    env: BTreeMap<OsString, Option<OsString>>,
    settings: Vec<(String, String)>,
}

/// What a call printed.
#[derive(Debug)]
pub(crate) struct Output {
    pub(crate) ending: Ending,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
}

impl<'a> Call<'a> {
    /// Begins a hardened call.
    pub(crate) fn new<S: AsRef<OsStr>>(repo: &'a Repo, args: impl IntoIterator<Item = S>) -> Self {
        Self::with_rules(repo, Rules::Hardened, args)
    }

    /// Begins a call that works as the person set it up. Only [`Call::guarded`] runs it.
    pub(crate) fn as_person<S: AsRef<OsStr>>(repo: &'a Repo, args: impl IntoIterator<Item = S>) -> Self {
        Self::with_rules(repo, Rules::Person, args)
    }

    /// Begins a call that lists the configuration, and nothing else.
    pub(crate) fn listing<S: AsRef<OsStr>>(repo: &'a Repo, args: impl IntoIterator<Item = S>) -> Self {
        Self::with_rules(repo, Rules::Listing, args)
    }

    fn with_rules<S: AsRef<OsStr>>(repo: &'a Repo, rules: Rules, args: impl IntoIterator<Item = S>) -> Self {
        let args = args.into_iter().map(|arg| arg.as_ref().to_owned()).collect();
        let work_tree = repo.root().to_owned();
        Self { repo, rules, args, stdin: Vec::new(), work_tree, env: BTreeMap::new(), settings: Vec::new() }
    }

    /// Gives it standard input.
    pub(crate) fn stdin(mut self, bytes: Vec<u8>) -> Self {
        self.stdin = bytes;
        self
    }

    /// Gives it an index of its own.
    pub(crate) fn index(self, path: &Path) -> Self {
        self.env("GIT_INDEX_FILE", path)
    }

    /// Has it write objects to a folder of its own, and read the repository's too.
    pub(crate) fn objects<'f>(self, folder: impl Into<Option<&'f Path>>) -> Self {
        let Some(folder) = folder.into() else { return self };
        let shared = self.repo.common_dir().join("objects");
        // A list, in which a path with a colon has to be quoted.
        let shared = OsString::from(quoted(shared.as_os_str().as_bytes()));
        self.env("GIT_OBJECT_DIRECTORY", folder)
            .env("GIT_ALTERNATE_OBJECT_DIRECTORIES", shared)
            // Thrown away or copied and synced later.
            .setting("core.fsync", "none")
    }

    /// Gives it another work tree.
    pub(crate) fn work_tree(mut self, folder: &Path) -> Self {
        folder.clone_into(&mut self.work_tree);
        self
    }

    /// Sets a variable of its environment.
    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.env.insert(name.into(), Some(value.as_ref().to_owned()));
        self
    }

    /// Takes a variable out of its environment.
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.env.insert(name.into(), None);
        self
    }

    /// Sets a key of the configuration, for this call.
    pub(crate) fn setting(mut self, key: &str, value: &str) -> Self {
        self.settings.push((key.to_owned(), value.to_owned()));
        self
    }

    /// Makes every content filter do nothing, so that no program runs. Line endings are still converted.
    pub(crate) fn without_filters(mut self, config: &Config) -> Self {
        for name in config.filter_names() {
            for (key, value) in [("clean", ""), ("smudge", ""), ("process", ""), ("required", "false")] {
                self.settings.push((format!("filter.{name}.{key}"), value.to_owned()));
            }
        }
        self
    }

    /// Runs it as our own child and returns what it printed, if it ended with one of these codes.
    pub(crate) fn read_codes(self, codes: &[i32]) -> Result<Output, ProgramError> {
        debug_assert!(self.rules != Rules::Person, "a person's call belongs below the guard");
        let command = self.command();
        let output = direct::run(&self.guarded_command(Purpose::Filter, None), &command)?;
        output.accept(codes, &command)
    }

    /// Runs it as our own child and returns its standard output.
    pub(crate) fn read(self) -> Result<Vec<u8>, ProgramError> {
        self.read_codes(&[0]).map(|output| output.stdout)
    }

    /// Runs it below the guard, however it ends.
    pub(crate) fn guarded(self, purpose: Purpose, timeout: Option<Duration>) -> Result<Output, ProgramError> {
        let GuardedOutput { ending, stdout, stderr } =
            self.repo.options().guard.run(self.guarded_command(purpose, timeout))?;
        Ok(Output { ending, stdout, stderr })
    }

    /// Runs it below the guard and returns its standard output, if it succeeds.
    pub(crate) fn guarded_read(self, purpose: Purpose) -> Result<Vec<u8>, ProgramError> {
        let (command, after) = (self.command(), self.repo.options().timeout);
        let output = self.guarded(purpose, None)?;
        if output.ending == Ending::TimedOut {
            return Err(ProgramError::TimedOut { command, after });
        }
        output.accept(&[0], &command).map(|output| output.stdout)
    }

    /// The subcommand, for messages.
    fn command(&self) -> String {
        self.args.first().map(|arg| arg.to_string_lossy().into_owned()).unwrap_or_default()
    }

    fn guarded_command(&self, purpose: Purpose, timeout: Option<Duration>) -> GuardedCommand {
        let options = self.repo.options();
        GuardedCommand {
            purpose,
            program: options.program.clone(),
            args: self.args.clone(),
            env: self.environment().into_iter().collect(),
            cwd: self.work_tree.clone(),
            stdin: self.stdin.clone(),
            timeout: timeout.unwrap_or(options.timeout),
        }
    }

    fn environment(&self) -> BTreeMap<OsString, OsString> {
        let options = self.repo.options();
        let mut env: BTreeMap<OsString, OsString> =
            options.environment.iter().filter(|(name, _)| is_welcome(name)).cloned().collect();
        let mut set = |name: &str, value: &OsStr| env.insert(name.into(), value.to_owned());
        set("GIT_DIR", self.repo.git_dir().as_os_str());
        set("GIT_WORK_TREE", self.work_tree.as_os_str());
        set("GIT_TERMINAL_PROMPT", "0".as_ref());
        set("GIT_EDITOR", ":".as_ref());
        set("GIT_SEQUENCE_EDITOR", ":".as_ref());
        let settings: &[(&str, &str)] = match self.rules {
            Rules::Hardened | Rules::Listing => {
                set("GIT_OPTIONAL_LOCKS", "0".as_ref());
                set("GIT_LITERAL_PATHSPECS", "1".as_ref());
                set("GIT_NO_REPLACE_OBJECTS", "1".as_ref());
                // A partial clone would have a program bring what it lacks, from wherever its configuration says.
                set("GIT_NO_LAZY_FETCH", "1".as_ref());
                set("GIT_PAGER", "cat".as_ref());
                set("LC_ALL", "C".as_ref());
                if self.rules == Rules::Listing { &[] } else { &HARDENED }
            }
            Rules::Person => &PERSON,
        };
        let own = self.settings.iter().map(|(key, value)| (key.as_str(), value.as_str()));
        add_settings(&mut env, settings.iter().copied().chain(own));
        for (name, value) in &self.env {
            match value {
                Some(value) => env.insert(name.clone(), value.clone()),
                None => env.remove(name),
            };
        }
        env
    }
}

impl Output {
    fn accept(self, codes: &[i32], command: &str) -> Result<Self, ProgramError> {
        match self.ending {
            Ending::Exited(code) if codes.contains(&code) => Ok(self),
            ending => {
                let ending = match ending {
                    Ending::Exited(code) => format!("code {code}"),
                    Ending::Signalled(signal) => format!("signal {signal}"),
                    Ending::TimedOut => "out of time".to_owned(),
                };
                Err(ProgramError::Failed { command: command.to_owned(), ending, words: self.words() })
            }
        }
    }

    /// What it said on both channels, for a person: the end of it, where it is long.
    pub(crate) fn words(&self) -> String {
        let both = [self.stdout.as_slice(), self.stderr.as_slice()].concat();
        let from = both.len().saturating_sub(WORDS);
        String::from_utf8_lossy(&both[from..]).trim().to_owned()
    }
}

/// Adds settings behind those that the environment may bring along already; the later one wins.
fn add_settings<'a>(
    env: &mut BTreeMap<OsString, OsString>,
    settings: impl Iterator<Item = (&'a str, &'a str)>,
) {
    let count = env.get(OsStr::new("GIT_CONFIG_COUNT")).and_then(|count| count.to_str()?.parse().ok());
    let mut count: usize = count.unwrap_or(0);
    for (key, value) in settings {
        env.insert(format!("GIT_CONFIG_KEY_{count}").into(), key.into());
        env.insert(format!("GIT_CONFIG_VALUE_{count}").into(), value.into());
        count += 1;
    }
    env.insert("GIT_CONFIG_COUNT".into(), count.to_string().into());
}

/// Tells whether a variable of the person's environment is passed on to git.
fn is_welcome(name: &OsStr) -> bool {
    let bytes = name.as_bytes();
    let is_identity = bytes.starts_with(b"GIT_AUTHOR_") || bytes.starts_with(b"GIT_COMMITTER_");
    let is_setting = bytes == b"GIT_CONFIG_COUNT"
        || bytes.starts_with(b"GIT_CONFIG_KEY_")
        || bytes.starts_with(b"GIT_CONFIG_VALUE_");
    !bytes.starts_with(b"GIT_")
        || is_identity
        || is_setting
        || WELCOME.iter().any(|welcome| welcome.as_bytes() == bytes)
}
