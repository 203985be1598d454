//! The program of a person's own that tells them, wherever they are.
//!
//! It gets a text as its last argument and the event as JSON on its standard input. It runs below a guard that holds no lock: ten
//! seconds, then its whole tree is ended, and at the latest with this process. No shell takes anything apart, and what it starts by
//! name is nothing that lies in the repository.

use std::path::{Path, PathBuf};
use std::time::Duration;

use orchestra_agent::environment::{Environment, clean_path, get};
use orchestra_agent::guard::{GuardLauncher, Order, StopPlan, Why};
use orchestra_agent::probe::find_program;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWriteExt as _, copy, sink};

/// How long it may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest text, in characters.
const LONGEST: usize = 200;

/// Tells a person by a program of theirs.
#[derive(Clone, Debug)]
pub(in crate::commands) struct Teller {
    command: Vec<String>,
    environment: Environment,
    root: PathBuf,
    launcher: GuardLauncher,
}

impl Teller {
    pub(in crate::commands) fn new(
        command: Vec<String>,
        environment: Environment,
        root: &Path,
        launcher: GuardLauncher,
    ) -> Self {
        Self { command, environment, root: root.to_owned(), launcher }
    }

    /// Tells. What went wrong is returned.
    pub(in crate::commands) async fn tell(&self, text: &str, event: &Value) -> Result<(), String> {
        let Some((name, args)) = self.command.split_first() else { return Ok(()) };
        let wrong = |what: String| format!("`{name}` of `notify_command` {what}");
        let found = find_program(name.as_ref(), &self.environment, &self.root);
        let program = found.ok_or_else(|| wrong("was not found".to_owned()))?;
        // A name of a folder is in it, and no option.
        let text: String = text.chars().filter(|c| !c.is_control()).take(LONGEST).collect();
        let text = if text.starts_with('-') { format!(" {text}") } else { text };
        let order = Order {
            args: args.iter().map(String::as_str).chain([text.as_str()]).map(Into::into).collect(),
            env: self.environment(),
            timeout: Some(PATIENCE),
            stop: StopPlan::now(),
            ..Order::new(program, &self.root)
        };
        let mut child =
            self.launcher.launch(order).await.map_err(|error| wrong(format!("did not start: {error}")))?;
        let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let written = async {
            if let Some(mut stdin) = stdin {
                // It need not read any of it.
                let _unread = stdin.write_all(format!("{event}\n").as_bytes()).await;
            }
        };
        let (ended, (), (), ()) = tokio::join!(child.wait(), written, drain(stdout), drain(stderr));
        match ended.why {
            Why::TimedOut => Err(wrong(format!("took longer than {} s", PATIENCE.as_secs()))),
            Why::Itself | Why::Stopped | Why::GuardLost if ended.exit.is_success() => Ok(()),
            Why::Itself | Why::Stopped | Why::GuardLost => Err(wrong(format!("failed: {}", ended.exit))),
        }
    }

    /// The person's environment, in which no folder of the repository is looked through for programs.
    fn environment(&self) -> Environment {
        let Some(path) = get(&self.environment, "PATH").map(|path| clean_path(path, &self.root)) else {
            return self.environment.clone();
        };
        let others = self.environment.iter().filter(|(name, _)| name != "PATH").cloned();
        others.chain([("PATH".into(), path)]).collect()
    }
}

/// Takes what it prints, so that it never waits for anybody to read.
async fn drain(stream: Option<impl AsyncRead + Unpin>) {
    if let Some(mut stream) = stream {
        // What it says is nobody's business.
        let _unread = copy(&mut stream, &mut sink()).await;
    }
}
