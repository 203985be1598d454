//! Where a command runs: built once, handed to every command.
//!
//! All reading of the environment, the home folder and the terminal happens in [`Context::observe`]; everything else
//! is found from there, and only when a command needs it.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use directories::ProjectDirs;
use orchestra_agent::environment::{Environment, command_environment};
use orchestra_agent::guard::{GuardLauncher, MARK, is_below, is_below_a_guard};
use orchestra_agent::probe::find_program;
use orchestra_core::config::Notify;
use orchestra_core::config::resolve::Resolved;
use orchestra_core::config::trust::TrustItem;
use orchestra_core::document::Parsed;
use orchestra_engine::guarded::GuardedGit;
use orchestra_git::programs::{may_name_programs, named_programs};
use orchestra_git::repo::{Filters, OpenError, Repo, RepoOptions, discover};
use orchestra_project::config_files::{self, Sources};
use orchestra_project::layout::Layout;
use orchestra_project::load::{Loaded, Scanner, load_open};
use orchestra_project::lock;
use orchestra_project::machine::{Life, Machine};
use orchestra_project::trust::{Trust, TrustStore};
use orchestra_tui::{Background, Keys};

use crate::failure::Failure;
use crate::out::Out;

/// The argument that makes this program a guard.
pub(crate) const GUARD: &str = "__guard";

/// The program's version.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// How long a call of git may take that waits for nobody.
const GIT_TIMEOUT: Duration = Duration::from_mins(1);
/// How long a lock of somebody else's git is waited for.
const GIT_LOCK_WAIT: Duration = Duration::from_secs(10);

/// All that a command knows of the world around it.
#[derive(Clone)]
pub(crate) struct Context {
    /// Where everything is printed.
    pub(crate) out: Arc<Out>,
    /// The person's whole environment, unfiltered: secrets are in it, so it is filtered before it is handed on.
    pub(crate) environment: Environment,
    /// Whether a person sits at both standard input and standard output.
    pub(crate) is_terminal: bool,
    /// Whether standard input is one: what comes from anywhere else no person types.
    pub(crate) is_typed: bool,
    /// The person's own configuration file, which need not be there.
    pub(crate) user_config: Option<PathBuf>,
    /// The folder for what is the person's, outside of every project: trust.
    pub(crate) data: Option<PathBuf>,
    /// What `-c` sets, above every other layer of configuration.
    pub(crate) settings: Vec<(String, String)>,
    /// This very program, which is a guard too.
    pub(crate) program: PathBuf,
    /// `--project`.
    project: Option<PathBuf>,
    /// What is typed to go on with the demo, where this is its project.
    demo: Option<String>,
    root: OnceLock<PathBuf>,
}

/// What a person wants of a screen.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    /// Their keys.
    pub(crate) keys: Keys,
    /// How they are told when they look elsewhere.
    pub(crate) notify: Notify,
    /// Whether the mouse is to be the screen's.
    pub(crate) mouse: bool,
}

impl Context {
    /// Looks at the environment, the home folder and the terminal. `project` is the flag of that name, `settings` are
    /// what `-c` sets: `("limits.retries", "5")`.
    pub(crate) fn observe(project: Option<PathBuf>, settings: Vec<(String, String)>) -> Self {
        let folders = ProjectDirs::from("", "", "orchestra");
        let environment = std::env::vars_os().collect();
        Self {
            out: Arc::new(Out::of_process(is_utf8(&environment))),
            environment,
            is_terminal: io::stdin().is_terminal() && io::stdout().is_terminal(),
            is_typed: io::stdin().is_terminal(),
            user_config: folders.as_ref().map(|folders| folders.config_dir().join("config.yaml")),
            data: folders.as_ref().map(|folders| folders.data_dir().to_owned()),
            settings,
            program: own_program(),
            project,
            demo: None,
            root: OnceLock::new(),
        }
    }

    /// What a person types to start this program: its name where that is found, else its path.
    pub(crate) fn own_name(&self) -> String {
        let own = self.program.canonicalize().ok();
        let named = find_program("orchestra".as_ref(), &self.environment, Path::new(""));
        let is_found = named
            .and_then(|named| named.canonicalize().ok())
            .is_some_and(|named| Some(&named) == own.as_ref());
        match own {
            Some(own) if !is_found => quoted(&own),
            _ => "orchestra".to_owned(),
        }
    }

    /// The same person before the demo's project, with their own files below `data` and no settings of theirs. What they
    /// type to go on with it is `again`: nothing else finds those files.
    pub(crate) fn in_demo(&self, root: &Path, data: PathBuf, again: &str) -> Self {
        let is_setting = |name: &OsStr| name.to_str().is_some_and(|name| name.starts_with("ORCHESTRA_"));
        let environment = self.environment.iter().filter(|(name, _)| !is_setting(name));
        Self {
            out: Arc::clone(&self.out),
            environment: environment.cloned().collect(),
            is_terminal: self.is_terminal,
            is_typed: self.is_typed,
            user_config: None,
            data: Some(data),
            settings: Vec::new(),
            program: self.program.clone(),
            project: Some(root.to_owned()),
            demo: Some(again.to_owned()),
            root: OnceLock::new(),
        }
    }

    /// Whether this is a terminal that can be drawn on, of a person who wants that. `ACCESSIBLE` asks for plain lines
    /// (a convention of clack, charmbracelet/huh and others).
    pub(crate) fn can_show_screens(&self) -> bool {
        let value =
            |wanted: &str| self.environment.iter().find(|(name, _)| name == wanted).map(|(_, value)| value);
        let is_set = |value: &std::ffi::OsString| !value.is_empty() && value != "0";
        let can_draw = value("TERM").is_some_and(|term| !term.is_empty() && term != "dumb");
        self.is_terminal && can_draw && !value("ACCESSIBLE").is_some_and(is_set)
    }

    /// What is behind the text, where the terminal says it.
    pub(crate) fn background(&self) -> Background {
        let said = self.environment.iter().find(|(name, _)| name == "COLORFGBG");
        said.map(|(_, value)| Background::of_colorfgbg(&value.to_string_lossy())).unwrap_or_default()
    }

    /// Whether the terminal takes UTF-8.
    pub(crate) fn is_utf8(&self) -> bool {
        is_utf8(&self.environment)
    }

    /// The top of the work tree around `--project`, else around the current folder.
    pub(crate) fn root(&self) -> Result<&Path, Failure> {
        if let Some(root) = self.root.get() {
            return Ok(root);
        }
        // Relative to the current folder; where that is gone, this says so.
        let start = self.project.as_deref().unwrap_or(Path::new("."));
        if self.project.is_some() && !start.is_dir() {
            return Err(Failure::usage(format!("there is no folder `{}`", start.display())));
        }
        let found = discover(start);
        let found = found.map_err(|error| match error {
            OpenError::NotARepository { root } => Failure::NoWorkTree { folder: root },
            other => Failure::Open(other),
        })?;
        Ok(self.root.get_or_init(|| found))
    }

    /// The project's places. An error where there is no `.orchestra`.
    pub(crate) fn layout(&self) -> Result<Layout, Failure> {
        Ok(Layout::open(self.root()?)?)
    }

    /// Reads documents and configuration.
    pub(crate) fn load(&self, layout: &Layout) -> Result<Loaded, Failure> {
        self.load_with(&mut Scanner::default(), layout)
    }

    /// The same, and of the documents only what has changed since `scanner` read them.
    pub(crate) fn load_with(&self, scanner: &mut Scanner, layout: &Layout) -> Result<Loaded, Failure> {
        let environment = self.variables();
        let mut loaded = scanner.load(layout, &self.sources(&environment))?;
        check_keys(&mut loaded.config);
        loaded.trust.extend(self.git_programs()?);
        Ok(loaded)
    }

    /// Reads documents and configuration, and of milestones that are over no more than is needed.
    pub(crate) fn load_open(&self, layout: &Layout) -> Result<Loaded, Failure> {
        let environment = self.variables();
        let mut loaded = load_open(layout, &self.sources(&environment))?;
        check_keys(&mut loaded.config);
        loaded.trust.extend(self.git_programs()?);
        Ok(loaded)
    }

    /// What the person has set for their screen.
    pub(crate) fn wanted(&self, layout: &Layout) -> Result<Wanted, Failure> {
        let environment = self.variables();
        let read = config_files::read(layout, &self.sources(&environment)).result;
        let config = read.map_err(|faults| Failure::Config { faults })?.config;
        let keys = Keys::of(&config.keys).map_err(|faults| Failure::Config { faults })?;
        Ok(Wanted { keys, notify: config.notify, mouse: config.mouse })
    }

    fn sources<'a>(&'a self, environment: &'a [(String, String)]) -> Sources<'a> {
        Sources { user: self.user_config.as_deref(), environment, flags: &self.settings }
    }

    /// What the repository's own git configuration would run.
    fn git_programs(&self) -> Result<Vec<TrustItem>, Failure> {
        // A repository that cannot be opened runs nothing: whoever opens it for work says why it cannot.
        let Ok(true) = may_name_programs(self.root()?) else { return Ok(Vec::new()) };
        let Ok(repo) = self.open_repo_with(self.launcher(None), Filters::Off) else { return Ok(Vec::new()) };
        let named = named_programs(&repo)?;
        Ok(named.iter().map(|one| TrustItem::of_git(&one.key, &one.value)).collect())
    }

    /// The configuration of what was loaded, or what is wrong with it.
    pub(crate) fn config(loaded: &Loaded) -> Result<&Resolved, Failure> {
        loaded.config.result.as_ref().map_err(|faults| Failure::Config { faults: faults.clone() })
    }

    /// The environment as text, for the configuration; what is no text sets nothing.
    pub(crate) fn variables(&self) -> Vec<(String, String)> {
        let text = |(name, value): &(std::ffi::OsString, std::ffi::OsString)| {
            Some((name.to_str()?.to_owned(), value.to_str()?.to_owned()))
        };
        self.environment.iter().filter_map(text).collect()
    }

    /// What the person has agreed to, for this project.
    pub(crate) fn trust_store(&self) -> Result<TrustStore, Failure> {
        let data = self.data.as_deref().ok_or(Failure::NoHome)?;
        Ok(TrustStore::open(data, self.root()?)?)
    }

    /// Whether the person has agreed to all of these, and to nothing else.
    pub(crate) fn trust(&self, items: &[TrustItem]) -> Result<Trust, Failure> {
        Ok(self.trust_store()?.look_up(items)?)
    }

    /// What starts guards. Each gets a copy of `lock`, so that it is held until nothing runs below any of them.
    pub(crate) fn launcher(&self, lock: Option<Arc<File>>) -> GuardLauncher {
        GuardLauncher::new(&self.program, vec![GUARD.into()], lock)
    }

    /// Opens the repository around the project. Whatever may run somebody's code runs below a guard with a copy of
    /// `lock`. Content filters run only where the person has agreed to what this project runs.
    pub(crate) fn open_repo(&self, lock: Option<Arc<File>>) -> Result<Repo, Failure> {
        self.open_repo_with(
            self.launcher(lock),
            if self.is_trusted() { Filters::Trusted } else { Filters::Off },
        )
    }

    /// The same below guards of a worker's launcher, where the person has agreed to these items. What the repository's git configuration names is looked at
    /// once more: time has passed since they were asked, and something that a dead worker left may have written to it.
    pub(crate) fn open_agreed_repo(
        &self,
        launcher: GuardLauncher,
        agreed: &[TrustItem],
    ) -> Result<Repo, Failure> {
        let is_agreed = self.git_programs()?.iter().all(|item| agreed.contains(item));
        self.open_repo_with(launcher, if is_agreed { Filters::Trusted } else { Filters::Off })
    }

    fn open_repo_with(&self, launcher: GuardLauncher, filters: Filters) -> Result<Repo, Failure> {
        let root = self.root()?;
        let program = find_program("git".as_ref(), &self.environment, root).ok_or(Failure::NoGit)?;
        let options = RepoOptions {
            program,
            environment: command_environment(&self.environment).kept,
            guard: Arc::new(GuardedGit::new(launcher)),
            filters,
            identity: None,
            // Made when it is needed, below a folder that git ignores.
            scratch: root.join(".orchestra/.state/scratch"),
            watched: orchestra_engine::worker::watched(),
            timeout: GIT_TIMEOUT,
            lock_wait: GIT_LOCK_WAIT,
        };
        Ok(Repo::open(root, options)?)
    }

    /// Whether this project may run what it names. What cannot be found out counts as no.
    fn is_trusted(&self) -> bool {
        let looked = || {
            let loaded = self.load(&self.layout()?)?;
            Self::config(&loaded)?;
            self.trust(&loaded.trust)
        };
        matches!(looked(), Ok(Trust::Given))
    }

    /// Whether this is the demo's project.
    pub(crate) fn is_demo(&self) -> bool {
        self.demo.is_some()
    }

    /// A command of ours as it is to be typed from here, with the same `--project`. In the demo's project the demo itself
    /// works and talks.
    pub(crate) fn typed(&self, command: &str) -> String {
        match (&self.demo, &self.project) {
            (Some(demo), _) if command.starts_with("start") => demo.clone(),
            (Some(demo), _) if command.starts_with("pm") => format!("{demo} --pm"),
            (_, Some(project)) => format!("orchestra --project {} {command}", quoted(project)),
            (_, None) => format!("orchestra {command}"),
        }
    }

    /// What makes a repository of the folder that was looked at.
    pub(crate) fn typed_git_init(&self) -> String {
        match &self.project {
            Some(project) => format!("git init {}", quoted(project)),
            None => "git init".to_owned(),
        }
    }

    /// An error where this runs below a guard, by its environment or its ancestors: there no person sits.
    pub(crate) fn refuse_below_a_guard(&self, command: &'static str) -> Result<(), Failure> {
        let mark = self.environment.iter().find(|(name, _)| name == MARK);
        let mark = mark.map(|(_, value)| value.to_string_lossy());
        if is_below_a_guard(mark.as_deref()) { Err(Failure::BelowAGuard { command }) } else { Ok(()) }
    }

    /// The same, and an error below the project's worker, too: what a killed guard leaves is adopted by it.
    pub(crate) fn refuse_below_the_worker(&self, command: &'static str) -> Result<(), Failure> {
        self.refuse_below_a_guard(command)?;
        if self.is_below_the_worker() { Err(Failure::BelowAGuard { command }) } else { Ok(()) }
    }

    fn is_below_the_worker(&self) -> bool {
        // Where there is no project, or its lock cannot be read, nobody holds it.
        let held = self.layout().ok().and_then(|layout| lock::peek(&layout).ok().flatten());
        let holder = held.and_then(|held| held.holder);
        holder.is_some_and(|holder| {
            holder.machine.is_same_boot(&Machine::observe())
                && holder.process.life() == Life::Alive
                && is_below(holder.process.pid)
        })
    }
}

/// Refuses keys that cannot be, as everything else that is wrong with a configuration. Which there are only the screen knows.
fn check_keys(config: &mut Parsed<Resolved>) {
    let faults = config.result.as_ref().ok().and_then(|resolved| Keys::of(&resolved.config.keys).err());
    if let Some(faults) = faults {
        config.result = Err(faults);
    }
}

/// Whether the terminal takes UTF-8, as the locale says (POSIX, Environment Variables, 8.2).
fn is_utf8(environment: &Environment) -> bool {
    let value = |wanted: &&str| {
        let found = environment.iter().find(|(name, _)| name == wanted);
        found.map(|(_, value)| value.to_string_lossy().to_lowercase()).filter(|value| !value.is_empty())
    };
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(value).unwrap_or_default();
    locale.contains("utf-8") || locale.contains("utf8")
}

/// This very program, even where its file was replaced by a newer one since it was started.
fn own_program() -> PathBuf {
    let linux = Path::new("/proc/self/exe");
    if linux.exists() {
        return linux.to_owned();
    }
    std::env::current_exe().unwrap_or_else(|_| PathBuf::from("orchestra"))
}

/// A path as a shell takes it for one word.
pub(crate) fn quoted(path: &Path) -> String {
    let text = path.to_string_lossy();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+@%".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        text.into_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_one_word_for_a_shell() {
        assert_eq!(quoted(Path::new("/a/b-c")), "/a/b-c");
        assert_eq!(quoted(Path::new("it's $HOME")), "'it'\\''s $HOME'");
    }
}
