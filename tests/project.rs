//! A throw-away project with a home of its own, and the program run in it.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use orchestra_core::id::{GateId, MilestoneId, WorkId};
use orchestra_core::path::ContentHash;
use orchestra_core::record::Record;
use orchestra_project::journal::{Durability, Journal};
use orchestra_project::layout::Layout;
use tempfile::TempDir;

/// The program.
pub(crate) const ORCHESTRA: &str = env!("CARGO_BIN_EXE_orchestra");

/// The programs of this machine that a project may use. No agent is among them.
const TOOLS: [&str; 10] = ["git", "sh", "env", "cat", "head", "true", "false", "mkdir", "touch", "sleep"];

/// A folder with a project, a home and a folder of programs.
pub(crate) struct Project {
    folder: TempDir,
    /// Variables that are set besides the usual ones.
    more: Vec<(OsString, OsString)>,
}

/// How the program ended, and what it said.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    /// Its standard output, where it ended well.
    pub(crate) fn well(self) -> String {
        assert_eq!(self.code, 0, "{self:?}");
        self.stdout
    }

    /// Its standard error, where it ended with this code.
    pub(crate) fn badly(self, code: i32) -> String {
        assert_eq!(self.code, code, "{self:?}");
        self.stderr
    }
}

impl Project {
    /// A folder without a repository.
    pub(crate) fn bare_folder() -> Self {
        let project = Self { folder: TempDir::new().unwrap(), more: Vec::new() };
        for folder in ["shop", "home", "bin"] {
            fs::create_dir(project.base().join(folder)).unwrap();
        }
        fs::write(project.base().join("home/gitconfig"), "[init]\n\tdefaultBranch = main\n").unwrap();
        let path = std::env::var_os("PATH").unwrap();
        for tool in TOOLS {
            let found = std::env::split_paths(&path).map(|folder| folder.join(tool)).find(|at| at.is_file());
            symlink(found.unwrap(), project.base().join("bin").join(tool)).unwrap();
        }
        project
    }

    /// A repository without a commit, and a person.
    pub(crate) fn unborn() -> Self {
        let project = Self::bare_folder();
        project.git(["init", "-q"]);
        project.git(["config", "user.name", "Person"]);
        project.git(["config", "user.email", "person@example.com"]);
        project
    }

    /// A crate with one commit.
    pub(crate) fn new() -> Self {
        let project = Self::unborn();
        project.write("Cargo.toml", "[package]\nname = \"shop\"\nversion = \"0.1.0\"\n");
        project.write("src/main.rs", "fn main() {}\n");
        project.commit_all("feat: begin");
        project
    }

    /// A crate that is set up and committed, with the agent `claude`.
    pub(crate) fn set_up() -> Self {
        let project = Self::new();
        project.agent("claude", "1.2.3");
        project.run(["init", "--commit"]).well();
        project
    }

    /// The same with a remote that has the first commit.
    pub(crate) fn with_remote() -> Self {
        let project = Self::set_up();
        project.git(["init", "-q", "--bare", "../remote.git"]);
        project.git(["remote", "add", "origin", "../remote.git"]);
        project.git(["push", "-q", "-u", "origin", "main"]);
        project
    }

    /// Where everything lies, without links.
    pub(crate) fn base(&self) -> PathBuf {
        self.folder.path().canonicalize().unwrap()
    }

    /// The top of the work tree.
    pub(crate) fn root(&self) -> PathBuf {
        self.base().join("shop")
    }

    pub(crate) fn layout(&self) -> Layout {
        Layout::open(&self.root()).unwrap()
    }

    /// Sets a variable for every later run.
    pub(crate) fn set(&mut self, name: &str, value: impl AsRef<OsStr>) {
        self.more.push((name.into(), value.as_ref().to_owned()));
    }

    /// The whole environment of everything that is run.
    pub(crate) fn environment(&self) -> Vec<(OsString, OsString)> {
        let home = self.base().join("home");
        let mut all: Vec<(OsString, OsString)> = vec![
            ("PATH".into(), self.base().join("bin").into()),
            ("HOME".into(), home.clone().into()),
            ("XDG_CONFIG_HOME".into(), home.join("config").into()),
            ("XDG_DATA_HOME".into(), home.join("data").into()),
            ("GIT_CONFIG_GLOBAL".into(), home.join("gitconfig").into()),
            ("GIT_CONFIG_NOSYSTEM".into(), "1".into()),
            ("TZ".into(), "UTC".into()),
            ("LANG".into(), "C.UTF-8".into()),
        ];
        all.extend(self.more.iter().cloned());
        all
    }

    /// The program with this environment, in the project.
    pub(crate) fn command<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new(ORCHESTRA);
        command.args(args).current_dir(self.root()).env_clear().envs(self.environment());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs the program without a terminal.
    pub(crate) fn run<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Run {
        self.run_in("", args)
    }

    /// The same in a folder below the project.
    pub(crate) fn run_in<S: AsRef<OsStr>>(&self, folder: &str, args: impl IntoIterator<Item = S>) -> Run {
        let output = self.command(args).current_dir(self.root().join(folder)).output().unwrap();
        Run {
            code: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Runs git as the person would, and expects it to succeed.
    pub(crate) fn git<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> String {
        let args: Vec<OsString> = args.into_iter().map(|arg| arg.as_ref().to_owned()).collect();
        let mut command = Command::new("git");
        command.args(&args).current_dir(self.root()).env_clear().envs(self.environment());
        let output = command.stdin(Stdio::null()).output().unwrap();
        assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
    }

    pub(crate) fn commit_all(&self, message: &str) {
        self.git(["add", "-A"]);
        self.git(["commit", "-q", "-m", message]);
    }

    /// What `git status` says.
    pub(crate) fn status(&self) -> String {
        self.git(["status", "--porcelain"])
    }

    pub(crate) fn write(&self, path: impl AsRef<Path>, content: impl AsRef<[u8]>) {
        let file = self.root().join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, content).unwrap();
    }

    pub(crate) fn read(&self, path: impl AsRef<Path>) -> String {
        fs::read_to_string(self.root().join(path)).unwrap()
    }

    pub(crate) fn exists(&self, path: impl AsRef<Path>) -> bool {
        self.root().join(path).symlink_metadata().is_ok()
    }

    /// Adds a program, outside of the project.
    pub(crate) fn program(&self, name: &str, text: &str) {
        script(&self.base().join("bin").join(name), text);
    }

    /// Adds an agent that says this version and in which somebody is logged in.
    pub(crate) fn agent(&self, name: &str, version: &str) {
        self.program(name, &format!("#!/bin/sh\necho '{version} (an agent)'\n"));
        let login = match name {
            "claude" => "home/.claude/.credentials.json",
            _ => "home/.codex/auth.json",
        };
        let login = self.base().join(login);
        fs::create_dir_all(login.parent().unwrap()).unwrap();
        fs::write(login, "{}").unwrap();
    }

    /// Adds a milestone of one phase, and returns its id.
    pub(crate) fn milestone(&self, text: &str) -> MilestoneId {
        self.run(["add", text]).well();
        let name = text.split_whitespace().collect::<Vec<_>>().join("-");
        let found = fs::read_dir(self.root().join(".orchestra/milestones")).unwrap().find_map(|entry| {
            let folder = entry.unwrap().file_name().into_string().unwrap();
            folder.ends_with(&name).then_some(folder)
        });
        MilestoneId::parse(&found.unwrap()).unwrap()
    }

    /// Writes to the journal, as a worker would.
    pub(crate) fn journal(&self, record: Record) {
        let (mut journal, _) = Journal::open(&self.layout()).unwrap();
        journal.append(record, Durability::Written).unwrap();
    }

    /// Has a worker ask something.
    pub(crate) fn ask(&self, gate: &str, question: &Asked<'_>) {
        self.journal(Record::Asked {
            gate: GateId::parse(gate).unwrap(),
            question: question.name.to_owned(),
            milestone: question.milestone.cloned(),
            work: question.work.map(|work| WorkId::parse(work).unwrap()),
            of: question.of,
            text: question.text.to_owned(),
            about: Vec::new(),
            answers: question.answers.iter().map(|word| (*word).to_owned()).collect(),
        });
    }

    /// What `orchestra answer` left for a gate.
    pub(crate) fn answer(&self, gate: &str) -> Option<serde_json::Value> {
        let file = self.layout().answers().join(format!("{gate}.json"));
        let bytes = fs::read(file).ok()?;
        Some(serde_json::from_slice(&bytes).unwrap())
    }
}

/// A question, as a worker asks it.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) name: &'a str,
    pub(crate) milestone: Option<&'a MilestoneId>,
    pub(crate) work: Option<&'a str>,
    pub(crate) of: ContentHash,
    pub(crate) text: &'a str,
    pub(crate) answers: &'a [&'a str],
}

impl Default for Asked<'_> {
    fn default() -> Self {
        Self {
            name: "failed",
            milestone: None,
            work: None,
            of: ContentHash::of(b"shown"),
            text: "phase-1 failed: red. What now?",
            answers: &["retry", "skip", "stop"],
        }
    }
}

/// Writes a file that can be run.
pub(crate) fn script(file: &Path, text: &str) {
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, text).unwrap();
    fs::set_permissions(file, fs::Permissions::from_mode(0o755)).unwrap();
}
