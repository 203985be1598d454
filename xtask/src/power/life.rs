//! One life of the worker: what it shows, and its end.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use serde_json::Value;

use super::scene::Scene;

/// How long anything may take before nobody believes in it any more.
const PATIENCE: Duration = Duration::from_mins(2);
/// How exact a moment is.
const TICK: Duration = Duration::from_millis(1);
/// How long guards have for what they do when their worker is dead.
const GUARDS_END: Duration = Duration::from_secs(3);

/// The last thing before a work's commit is prepared.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Start {
    /// The n-th green verification has ended.
    Verified(u64),
    /// The n-th answer to a gate was shown.
    Answered(usize),
}

/// A worker that runs, with what it showed so far.
pub(super) struct Life<'a> {
    scene: &'a Scene,
    child: Child,
    lines: Receiver<String>,
    /// Works that were shown as committed, with the moment.
    pub(super) shown: Vec<(String, Instant)>,
    answered: usize,
    is_over: bool,
    /// Everything it printed.
    pub(super) said: String,
}

impl<'a> Life<'a> {
    /// Starts it, in a process group of its own. What it complains about goes to a file.
    pub(super) fn start(
        scene: &'a Scene,
        mut command: Command,
        complaints: &PathBuf,
    ) -> anyhow::Result<Self> {
        let complaints = File::create(complaints).context("make a file for complaints")?;
        command.stdout(Stdio::piped()).stderr(complaints).process_group(0);
        let mut child = command.spawn().context("start the worker")?;
        let output = BufReader::new(child.stdout.take().context("its output is a pipe")?);
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            // Ends with the last process that has the pipe, or when nobody listens any more.
            for line in output.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        let said = String::new();
        Ok(Self { scene, child, lines, shown: Vec::new(), answered: 0, is_over: false, said })
    }

    /// Waits until a work is shown as committed. Tells when that was; none where the worker left before.
    pub(super) fn until_shown(&mut self, work: &str) -> anyhow::Result<Option<Instant>> {
        self.until(|life| life.shown.iter().find(|(shown, _)| shown == work).map(|(_, when)| *when))
    }

    /// Waits until a work's commit can be prepared. Tells when that was; none where the worker left before.
    pub(super) fn until_started(&mut self, start: Start) -> anyhow::Result<Option<Instant>> {
        self.until(|life| {
            let is_so = match start {
                Start::Verified(count) => life.scene.green_count() >= count,
                Start::Answered(count) => life.answered >= count,
            };
            is_so.then(Instant::now)
        })
    }

    fn until(&mut self, is_so: impl Fn(&Self) -> Option<Instant>) -> anyhow::Result<Option<Instant>> {
        let end = Instant::now() + PATIENCE;
        loop {
            self.take_in(Instant::now());
            if let Some(when) = is_so(self) {
                return Ok(Some(when));
            }
            if self.is_over {
                return Ok(None);
            }
            if Instant::now() > end {
                bail!("the worker has not come to this after {PATIENCE:?}:\n{}", self.said);
            }
            self.take_in(Instant::now() + TICK);
        }
    }

    /// Takes in what is shown until this moment.
    pub(super) fn take_in(&mut self, until: Instant) {
        loop {
            let left = until.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(line) => self.note(&line),
                Err(RecvTimeoutError::Timeout) => return,
                Err(RecvTimeoutError::Disconnected) => {
                    self.is_over = true;
                    // Not at once: the moment still has to come.
                    std::thread::sleep(left);
                    return;
                }
            }
        }
    }

    fn note(&mut self, line: &str) {
        self.said.push_str(line);
        self.said.push('\n');
        let Ok(event) = serde_json::from_str::<Value>(line) else { return };
        match (event["event"].as_str(), event["work"].as_str()) {
            (Some("committed"), Some(work)) => self.shown.push((work.to_owned(), Instant::now())),
            (Some("answered"), _) => self.answered += 1,
            _ => {}
        }
    }

    /// Ends it at once with everything that it started, and takes in what it managed to show.
    pub(super) fn kill(mut self) -> anyhow::Result<(Vec<String>, String)> {
        let group = format!("-{}", self.child.id());
        // Where it has ended by itself there is no such group.
        let _status = kill(&group);
        self.child.wait().context("wait for the worker")?;
        let (until, mark) = (Instant::now() + GUARDS_END, self.scene.mark());
        loop {
            let left = marked(mark);
            if left.is_empty() {
                break;
            }
            if Instant::now() > until {
                for process in left {
                    let _status = kill(&process);
                }
            }
            std::thread::sleep(TICK);
        }
        // The pipe has no writer any more.
        while !self.is_over {
            self.take_in(Instant::now() + TICK);
        }
        Ok((self.shown.into_iter().map(|(work, _)| work).collect(), self.said))
    }

    /// Waits for its own end.
    pub(super) fn wait(mut self) -> anyhow::Result<(ExitStatus, String)> {
        let ended = self.until(|_| None)?;
        debug_assert!(ended.is_none(), "only its end ends this");
        let status = self.child.wait().context("wait for the worker")?;
        Ok((status, self.said))
    }
}

fn kill(what: &str) -> std::io::Result<ExitStatus> {
    Command::new("kill").args(["-KILL", "--", what]).stderr(Stdio::null()).status()
}

/// Processes with this in their environment. In a namespace of our own there are no others with it.
fn marked(mark: &[u8]) -> Vec<String> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let names = processes.filter_map(|entry| entry.file_name().into_string().ok());
    let is_process = |name: &String| name.bytes().all(|byte| byte.is_ascii_digit());
    let has_it = |name: &String| {
        let environment = fs::read(format!("/proc/{name}/environ")).unwrap_or_default();
        environment.windows(mark.len()).any(|part| part == mark)
    };
    names.filter(is_process).filter(has_it).collect()
}
