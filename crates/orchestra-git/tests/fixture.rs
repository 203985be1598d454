//! A throw-away repository with an isolated configuration, and a guard that only runs and ends.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use orchestra_core::id::{MilestoneId, WorkId};
use orchestra_core::path::RepoPath;
use orchestra_core::repo::{Change, ChangeKind, CommitId};
use orchestra_git::guard::{Ending, Guarded, GuardedCommand, GuardedError, GuardedOutput, Purpose};
use orchestra_git::prepare::{CommitOrder, Hooks, PrepareError, Prepared, prepare};
use orchestra_git::repo::{Filters, Repo, RepoOptions};
use orchestra_git::settle::{SettleOrder, Settled, settle};
use orchestra_git::swap::swap;
use tempfile::TempDir;

/// Where the snapshot of a test's turn lies.
pub(crate) const BEFORE: &str = "refs/orchestra/rescue/M1-a/phase-1/1/before";
/// Where what is put back is saved.
pub(crate) const OUT: &str = "refs/orchestra/rescue/M1-a/phase-1/1/out-of-room";

/// Runs commands in a process group of their own, ends it when time is up, and notes what it was asked for.
#[derive(Default)]
pub(crate) struct PlainGuard {
    pub(crate) seen: Mutex<Vec<Purpose>>,
}

impl Guarded for PlainGuard {
    fn run(&self, command: GuardedCommand) -> Result<GuardedOutput, GuardedError> {
        self.seen.lock().unwrap().push(command.purpose);
        let failed = |source: std::io::Error| GuardedError {
            purpose: command.purpose,
            program: command.program.clone(),
            source: Box::new(source),
        };
        let mut child = Command::new(&command.program)
            .args(&command.args)
            .env_clear()
            .envs(command.env.iter().map(|(key, value)| (key, value)))
            .current_dir(&command.cwd)
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(failed)?;
        let group = rustix::process::Pid::from_child(&child);
        let mut stdin = child.stdin.take().unwrap();
        let (mut out, mut err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let (sender, ended) = mpsc::channel();
        thread::scope(|scope| {
            scope.spawn(move || stdin.write_all(&command.stdin).ok());
            let stdout = scope.spawn(move || {
                let mut bytes = Vec::new();
                out.read_to_end(&mut bytes).unwrap();
                bytes
            });
            let stderr = scope.spawn(move || {
                let mut bytes = Vec::new();
                err.read_to_end(&mut bytes).unwrap();
                bytes
            });
            let waiter = scope.spawn(move || {
                let status = child.wait();
                sender.send(()).unwrap();
                status
            });
            let in_time = ended.recv_timeout(command.timeout).is_ok();
            // Whatever is left of the group holds the pipes.
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
            let status = waiter.join().unwrap().map_err(failed)?;
            let ending = match (in_time, status.code()) {
                (false, _) => Ending::TimedOut,
                (true, Some(code)) => Ending::Exited(code),
                (true, None) => Ending::Signalled(status.signal().unwrap_or(0)),
            };
            Ok(GuardedOutput { ending, stdout: stdout.join().unwrap(), stderr: stderr.join().unwrap() })
        })
    }
}

/// A repository with one commit.
pub(crate) struct Fixture {
    pub(crate) folder: TempDir,
    pub(crate) root: PathBuf,
    pub(crate) guard: Arc<PlainGuard>,
}

impl Fixture {
    /// A repository with `src/a.rs`, `src/b.rs` and `README.md`, and a person.
    pub(crate) fn new() -> Self {
        let fixture = Self::empty();
        fixture.write("src/a.rs", "fn a() {}\n");
        fixture.write("src/b.rs", "fn b() {}\n");
        fixture.write("README.md", "one\n");
        fixture.write(".gitignore", "/target/\n/node_modules/\n/.scratch/\n*.log\n");
        fixture.git(["add", "-A"]);
        fixture.git(["commit", "-q", "-m", "begin"]);
        fixture
    }

    /// A repository without a commit.
    pub(crate) fn empty() -> Self {
        let folder = TempDir::new().unwrap();
        let base = folder.path().canonicalize().unwrap();
        let root = base.join("project");
        fs::create_dir(&root).unwrap();
        fs::create_dir(base.join("home")).unwrap();
        fs::write(
            base.join("home/gitconfig"),
            "[init]\n\tdefaultBranch = main\n[advice]\n\tdetachedHead = false\n",
        )
        .unwrap();
        let fixture = Self { folder, root, guard: Arc::default() };
        fixture.git(["init", "-q"]);
        fixture.git(["config", "user.name", "Person"]);
        fixture.git(["config", "user.email", "person@example.com"]);
        fixture
    }

    pub(crate) fn base(&self) -> PathBuf {
        self.folder.path().canonicalize().unwrap()
    }

    /// The environment of the person.
    pub(crate) fn environment(&self) -> Vec<(OsString, OsString)> {
        let home = self.base().join("home");
        let path = std::env::var_os("PATH").unwrap();
        vec![
            ("PATH".into(), path),
            ("HOME".into(), home.clone().into()),
            ("GIT_CONFIG_GLOBAL".into(), home.join("gitconfig").into()),
            ("GIT_CONFIG_NOSYSTEM".into(), "1".into()),
        ]
    }

    pub(crate) fn options(&self) -> RepoOptions {
        let path = std::env::var_os("PATH").unwrap();
        let program = std::env::split_paths(&path).map(|folder| folder.join("git")).find(|git| git.is_file());
        RepoOptions {
            watched: Vec::new(),
            program: program.unwrap(),
            environment: self.environment(),
            guard: self.guard.clone(),
            filters: Filters::Trusted,
            identity: None,
            scratch: self.root.join(".scratch"),
            timeout: Duration::from_mins(1),
            lock_wait: Duration::from_millis(200),
        }
    }

    pub(crate) fn repo(&self) -> Repo {
        Repo::open(&self.root, self.options()).unwrap()
    }

    /// Runs git as the person would, and expects it to succeed.
    pub(crate) fn git<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> String {
        self.git_in(&self.root, args)
    }

    pub(crate) fn git_in<S: AsRef<OsStr>>(&self, folder: &Path, args: impl IntoIterator<Item = S>) -> String {
        self.git_with(folder, &[], args)
    }

    pub(crate) fn git_with<S: AsRef<OsStr>>(
        &self,
        folder: &Path,
        env: &[(&str, &str)],
        args: impl IntoIterator<Item = S>,
    ) -> String {
        let args: Vec<OsString> = args.into_iter().map(|arg| arg.as_ref().to_owned()).collect();
        let output = Command::new("git")
            .args(&args)
            .current_dir(folder)
            .env_clear()
            .envs(self.environment())
            .envs(env.iter().copied())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "git {args:?}: {stderr}");
        String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
    }

    /// Runs git as the person would, and tells whether it succeeded.
    pub(crate) fn git_however_it_ends(&self, args: &[&str]) -> bool {
        let mut command = Command::new("git");
        command.args(args).current_dir(&self.root).env_clear().envs(self.environment());
        command.stdin(Stdio::null()).output().unwrap().status.success()
    }

    pub(crate) fn write(&self, path: impl AsRef<OsStr>, content: impl AsRef<[u8]>) {
        let file = self.root.join(Path::new(path.as_ref()));
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, content).unwrap();
    }

    pub(crate) fn read(&self, path: impl AsRef<Path>) -> String {
        String::from_utf8_lossy(&fs::read(self.root.join(path)).unwrap()).into_owned()
    }

    pub(crate) fn remove(&self, path: &str) {
        fs::remove_file(self.root.join(path)).unwrap();
    }

    pub(crate) fn exists(&self, path: &str) -> bool {
        self.root.join(path).symlink_metadata().is_ok()
    }

    /// Writes a hook of the repository.
    pub(crate) fn hook(&self, name: &str, text: &str) {
        let file = self.root.join(".git/hooks").join(name);
        script(&file, text);
    }

    pub(crate) fn head(&self) -> CommitId {
        CommitId::parse(&self.git(["rev-parse", "HEAD"])).unwrap()
    }

    /// What a person's `git status` says.
    pub(crate) fn status(&self) -> String {
        self.git(["status", "--porcelain", "--untracked-files=all"])
    }

    /// Nothing is broken and nothing of ours is left lying around.
    pub(crate) fn assert_sound(&self) {
        self.git(["fsck", "--strict", "--no-dangling"]);
        for lock in ["index.lock", "HEAD.lock", "refs/heads/main.lock"] {
            assert!(!self.root.join(".git").join(lock).exists(), "{lock}");
        }
        let scratch = self.root.join(".scratch");
        let left: Vec<_> =
            fs::read_dir(scratch).map(|entries| entries.flatten().collect()).unwrap_or_default();
        assert!(left.is_empty(), "{left:?}");
    }

    /// An order for the phase `phase-1` with these paths.
    pub(crate) fn order(&self, paths: &[&str]) -> CommitOrder {
        CommitOrder {
            parent: self.head(),
            paths: paths.iter().map(path).collect(),
            documents: Vec::new(),
            message: "feat(a): do it\n\nBecause.".to_owned(),
            milestone: milestone(),
            work: work("phase-1"),
            leave_out: Vec::new(),
            hooks: Hooks::Run { timeout: Duration::from_secs(20) },
        }
    }

    /// Prepares, swaps and settles.
    pub(crate) fn land(&self, order: &CommitOrder) -> Result<(Prepared, Settled), PrepareError> {
        let repo = self.repo();
        let prepared = prepare(&repo, order)?;
        swap(&repo, "main", &prepared.commit, &order.parent, "orchestra: phase-1").unwrap();
        let settled = settle(&repo, &settling(order, &prepared)).unwrap();
        Ok((prepared, settled))
    }

    pub(crate) fn commit_all(&self, message: &str) -> CommitId {
        self.git(["add", "-A"]);
        self.git(["commit", "-q", "--no-verify", "-m", message]);
        self.head()
    }
}

/// Runs a test that `root` would pass without a proof: `root` can read everything. Where the tests run as `root`, the test
/// of this name is run once more by somebody who is not.
pub(crate) fn as_somebody(name: &str, test: impl FnOnce()) {
    const NOBODY: u32 = 65_534;
    if !rustix::process::geteuid().is_root() {
        return test();
    }
    let folder = TempDir::new().unwrap();
    std::os::unix::fs::chown(folder.path(), Some(NOBODY), Some(NOBODY)).unwrap();
    // The folder in which the tests were built may be closed to others. Copied by another process: a child of another
    // test would inherit what is open for writing here, and such a file cannot be run.
    let program = folder.path().join("tests");
    let copied = Command::new("cp").arg(std::env::current_exe().unwrap()).arg(&program).status().unwrap();
    assert!(copied.success());
    let mut command = Command::new(program);
    command.args(["--exact", name, "--nocapture"]).current_dir(folder.path());
    command.env("TMPDIR", folder.path()).env("HOME", folder.path());
    let output = command.uid(NOBODY).gid(NOBODY).stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let trouble = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("1 passed"), "{said}{trouble}");
}

/// Writes a shell script that can be run.
pub(crate) fn script(file: &Path, text: &str) {
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, format!("#!/bin/sh\n{text}\n")).unwrap();
    fs::set_permissions(file, fs::Permissions::from_mode(0o755)).unwrap();
}

/// How a prepared commit is settled.
pub(crate) fn settling(order: &CommitOrder, prepared: &Prepared) -> SettleOrder {
    SettleOrder {
        commit: prepared.commit.clone(),
        parent: order.parent.clone(),
        tree: prepared.tree.clone(),
        milestone: order.milestone.clone(),
        work: order.work.clone(),
        paths: prepared.paths.clone(),
        before_hooks: Some(prepared.before_hooks.clone()),
        rescue: "refs/orchestra/rescue/M1-a/phase-1/1/staged".to_owned(),
    }
}

pub(crate) fn path(text: impl AsRef<[u8]>) -> RepoPath {
    RepoPath::parse(text.as_ref()).unwrap()
}

pub(crate) fn paths(texts: &[&str]) -> Vec<RepoPath> {
    texts.iter().map(path).collect()
}

pub(crate) fn milestone() -> MilestoneId {
    MilestoneId::parse("M1-a").unwrap()
}

pub(crate) fn work(text: &str) -> WorkId {
    WorkId::parse(text).unwrap()
}

/// Changes in short: `+` added, `~` modified, `-` deleted, `!` dirty before, and why it is unfit.
pub(crate) fn shown(changes: &[Change]) -> Vec<String> {
    let one = |change: &Change| {
        let sign = match change.kind {
            ChangeKind::Added => '+',
            ChangeKind::Modified => '~',
            ChangeKind::Deleted => '-',
        };
        let dirty = if change.dirty_before { "!" } else { "" };
        let unfit = change.unfit.map(|why| format!(" ({why})")).unwrap_or_default();
        format!("{sign}{dirty}{}{unfit}", change.path)
    };
    changes.iter().map(one).collect()
}

/// A file name that is no UTF-8.
pub(crate) fn not_utf8() -> &'static OsStr {
    OsStr::from_bytes(b"bad-\xff\xfe.txt")
}
