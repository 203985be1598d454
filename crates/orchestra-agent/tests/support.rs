//! What several tests need: the probe, a launcher for it, and waiting with a deadline.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use orchestra_agent::agent::{Agent, TurnRequest};
use orchestra_agent::guard::{GuardLauncher, Order};
use orchestra_core::report::{AgentEvent, Outcome};

/// What each program that tests need is built of.
const PROGRAMS: &[(&str, &[&str])] = &[
    ("guard_probe", &["src/guard", "src/mcp", "examples/guard_probe.rs"]),
    ("fake_claude", &["examples/fake_claude.rs", "examples/fake_claude"]),
    ("fake_acp", &["examples/fake_acp.rs", "examples/fake_claude"]),
];

/// The program `examples/guard_probe.rs`; `fake_claude` and `fake_acp` lie beside it.
///
/// Cargo builds them with `cargo test`, but not where a test is named: an old one would be tried in silence.
pub(crate) fn probe() -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    let examples = tests.parent().unwrap().parent().unwrap().join("examples");
    let hint = "run `cargo test -p orchestra-agent` without naming a test, or build it with `--examples`";
    for (program, sources) in PROGRAMS {
        let program = examples.join(program);
        assert!(program.exists(), "{} is missing: {hint}", program.display());
        let built = program.metadata().unwrap().modified().unwrap();
        for file in sources.iter().flat_map(|source| files_of(source)) {
            let changed = file.metadata().unwrap().modified().unwrap();
            assert!(changed <= built, "{} is newer than {}: {hint}", file.display(), program.display());
        }
    }
    examples.join("guard_probe")
}

/// A file of the crate, or the files in a folder of it.
fn files_of(source: &str) -> Vec<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(source);
    if path.is_file() {
        return vec![path];
    }
    path.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect()
}

pub(crate) fn launcher() -> GuardLauncher {
    GuardLauncher::new(probe(), vec!["guard".into()], None)
}

/// An order for a part of the probe.
pub(crate) fn part(args: &[&Path]) -> Order {
    let mut order = Order::new(probe(), "/");
    order.args = args.iter().map(|arg| arg.as_os_str().to_owned()).collect();
    order
}

/// An order for a line of shell.
pub(crate) fn shell(line: &str) -> Order {
    let mut order = Order::new("/bin/sh", "/");
    order.args = vec!["-c".into(), line.into()];
    order.env = vec![("PATH".into(), std::env::var_os("PATH").unwrap_or_else(|| "/usr/bin:/bin".into()))];
    order
}

/// Waits until something holds; fails the test after ten seconds. Says how long it took.
pub(crate) fn until(what: &str, mut holds: impl FnMut() -> bool) -> Duration {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_secs(10), "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(1));
    }
    start.elapsed()
}

/// Waits for a process to write its id.
pub(crate) fn pid_in(folder: &Path, name: &str) -> u32 {
    let file = folder.join(name);
    // It is there before anything is written; what is written comes at once.
    let read = || std::fs::read_to_string(&file).ok().and_then(|text| text.trim().parse().ok());
    until(&format!("the pid of {name}"), || read().is_some());
    read().unwrap()
}

/// Tells whether a process runs (one that only waits to be noticed does not).
pub(crate) fn is_alive(pid: u32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat"))
        .is_ok_and(|stat| !stat.rsplit(')').next().unwrap().trim_start().starts_with(['Z', 'X']))
}

/// A throw-away repository with a scratch folder, and what a turn in it needs.
pub(crate) struct Room {
    folder: tempfile::TempDir,
}

impl Room {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("repo")).unwrap();
        Self { folder }
    }

    pub(crate) fn repository(&self) -> PathBuf {
        self.folder.path().join("repo")
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A request of this room, with `bin` first in its PATH.
    pub(crate) fn request(&self, work: &str) -> TurnRequest {
        let path = std::env::var("PATH").unwrap_or_else(|_| "/usr/bin:/bin".to_owned());
        let path = format!("{}:{path}", self.path("bin").display());
        let environment = vec![("PATH".into(), path.into()), ("HOME".into(), self.path("home").into())];
        let mut request = TurnRequest::new("Do it.", self.repository(), self.path("scratch"), environment);
        "M1-login".clone_into(&mut request.milestone);
        work.clone_into(&mut request.work);
        "backend-engineer".clone_into(&mut request.role);
        request
    }

    /// Puts a program of this name into the room's PATH.
    pub(crate) fn program(&self, name: &str, script: &str) {
        use std::os::unix::fs::PermissionsExt;
        let bin = self.path("bin");
        std::fs::create_dir_all(&bin).unwrap();
        let path = bin.join(name);
        std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
}

/// Runs a turn to its end and collects what was said.
pub(crate) async fn run(agent: &impl Agent, request: TurnRequest) -> (Outcome, Vec<AgentEvent>) {
    let (sender, mut receiver) = tokio::sync::mpsc::channel(16);
    let collect = async {
        let mut events = Vec::new();
        while let Some(event) = receiver.recv().await {
            events.push(event);
        }
        events
    };
    tokio::join!(agent.run(request, sender), collect)
}

/// All text that was said.
pub(crate) fn said(events: &[AgentEvent]) -> String {
    let text = |event: &AgentEvent| match event {
        AgentEvent::Text { text } => Some(text.clone()),
        _ => None,
    };
    events.iter().filter_map(text).collect()
}

pub(crate) fn notices(events: &[AgentEvent]) -> Vec<&str> {
    fn notice(event: &AgentEvent) -> Option<&str> {
        match event {
            AgentEvent::Notice { text } => Some(text.as_str()),
            _ => None,
        }
    }
    events.iter().filter_map(notice).collect()
}

/// A sink whose content can be looked at afterwards.
#[derive(Clone, Default)]
pub(crate) struct Kept(pub(crate) Arc<Mutex<Vec<u8>>>);

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
