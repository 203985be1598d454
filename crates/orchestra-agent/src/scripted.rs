//! The agent that plays a script: text, and real changes and commands. For the demo, for tests, for teaching.
//!
//! It says that it is one, asks no model, and plays in the worker's own process: what it writes ends with the
//! worker, and what it runs stands below a guard like any other program. Its paths cannot leave the workspace.
//!
//! # The script
//!
//! ```yaml
//! version: 1
//! turns:
//!   - when: { work: rfc }                     # whom this turn is for; every key is optional
//!     steps:
//!       - say: I'll look at the code first.
//!       - write: { path: ".orchestra/milestones/${milestone}/rfc.md", content: "# Design\n" }
//!     report: { summary: one endpoint, one table }
//!
//!   - when: { milestone: "M1-*", work: phase-1, role: backend-engineer, attempt: 1 }
//!     steps:
//!       - think: bcrypt is in the lock file
//!       - run: cargo test -q                  # or { command: …, may_fail: true, timeout: 10s }
//!     fault: { kind: failed, message: the tests are red }
//!
//!   - when: { work: phase-1, attempt: 2 }     # the second and every later one that nobody else claims
//!     steps:
//!       - edit: { path: src/a.rs, old: "1", new: "2" }        # exactly once in the file, or `all: true`
//!       - append: { path: notes.md, content: "more\n" }
//!       - write: { path: bin/tool, content: "#!/bin/sh\n", executable: true }
//!       - delete: old.txt
//!       - expect: what the prompt must contain
//!       - pause: 200ms
//!       - listen: 1m                          # until a person says something, which `${said}` then is
//!       - call: { tool: ask_user, input: { questions: [ { question: "Which?" } ] } }   # `${answer}` then is what came back
//!       - usage: { input: 1200, output: 80 }
//!       - notice: something for the log
//!     report:
//!       summary: done
//!       commit: { type: feat, scope: auth, subject: add login endpoint }
//!
//!   - when: { work: "fix-1-*" }               # works: rfc, phase-N, review-N, fix-N-ROLE, diagnosis-WORK
//!     hang: true                              # until it is stopped or its time is up
//!
//!   - exit: 75                                # like a program that ends so; no `when` fits everything
//! ```
//!
//! A turn ends with one of `report` (an empty one if nothing is said), `fault` (`kind`: transient, usage-limit,
//! unusable or failed; `message`, and for transient `retry_after`), `exit` and `hang`. `*` in `when` stands for any
//! text. Of the turns that fit, the one that names most wins, and among equals the one with the highest `attempt`
//! that is not beyond the running one, then the first. In all texts `${milestone}`, `${work}`, `${phase}`, `${role}`,
//! `${attempt}`, `${said}` (what a person said last) and `${answer}` are filled in. A step that fails ends the turn as failed, unless it says `may_fail: true`.

mod files;
mod play;
mod script;

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use orchestra_core::report::{AgentEvent, Fault, Outcome};
use tokio::sync::mpsc::Sender;

use self::play::Player;
pub use self::script::{Script, ScriptError};
use crate::agent::{Agent, TurnRequest};
use crate::guard::GuardLauncher;

/// The largest script.
const MAX_SCRIPT: u64 = 1024 * 1024;

/// Plays a script.
#[derive(Clone, Debug)]
pub struct Scripted {
    source: Source,
    launcher: GuardLauncher,
}

#[derive(Clone, Debug)]
enum Source {
    /// Relative to the workspace; read anew for each turn.
    File(PathBuf),
    Ready(Arc<Script>),
}

impl Scripted {
    /// Plays the script in a file, relative to the workspace of each turn.
    pub fn from_file(script: impl Into<PathBuf>, launcher: GuardLauncher) -> Self {
        Self { source: Source::File(script.into()), launcher }
    }

    /// Plays a script that was read already.
    pub fn from_script(script: Script, launcher: GuardLauncher) -> Self {
        Self { source: Source::Ready(Arc::new(script)), launcher }
    }

    fn script(&self, workspace: &Path) -> Result<Arc<Script>, String> {
        let path = match &self.source {
            Source::Ready(script) => return Ok(Arc::clone(script)),
            Source::File(path) => workspace.join(path),
        };
        let text =
            read_script(&path).map_err(|error| format!("could not read `{}`: {error}", path.display()))?;
        Script::parse(&text).map(Arc::new).map_err(|error| format!("{}: {error}", path.display()))
    }
}

fn read_script(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(MAX_SCRIPT + 1).read_to_string(&mut text)?;
    if text.len() as u64 > MAX_SCRIPT { Err(io::Error::other("it is larger than 1 MiB")) } else { Ok(text) }
}

impl Agent for Scripted {
    async fn run(&self, request: TurnRequest, events: Sender<AgentEvent>) -> Outcome {
        let unusable = |message| {
            let hint = "the format is described in the documentation of the scripted agent".to_owned();
            Outcome::Faulted(Fault::Unusable { message, hint })
        };
        let script = match self.script(&request.workspace) {
            Ok(script) => script,
            Err(message) => return unusable(message),
        };
        let Some(turn) = script.find(&request) else {
            let TurnRequest { milestone, work, role, attempt, .. } = &request;
            return unusable(format!(
                "the script has no turn for {milestone} {work} ({role}), attempt {attempt}"
            ));
        };
        Player::new(&self.launcher, request, events).play(turn).await
    }
}
