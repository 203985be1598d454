//! Which agent plays a role, with which model; the same for a worker and for a conversation.

use std::fs::DirBuilder;
use std::io::{self, Write};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;

use orchestra_agent::agent::AnyAgent;
use orchestra_agent::guard::GuardLauncher;
use orchestra_agent::redact::Redactor;
use orchestra_core::config::{AgentConfig, Config};
use orchestra_core::id::AgentName;
use orchestra_core::plan::{Complexity, Role};
use orchestra_core::prompt::Prompt;
use orchestra_core::worker::{Failure, FailureKind};
use orchestra_project::layout::Layout;

/// Makes the agent of a name.
pub(crate) fn find(
    config: &Config,
    name: &AgentName,
    layout: &Layout,
    launcher: &GuardLauncher,
) -> Result<AnyAgent, Failure> {
    let found = config.agents.get(name).ok_or_else(|| Failure {
        what: format!("start the agent `{name}`"),
        why: "the configuration does not describe it".to_owned(),
        hint: "Describe it under `agents:` in .orchestra/config.yaml: `orchestra doctor` says what is installed, and the lines."
            .to_owned(),
        kind: FailureKind::Run,
    })?;
    let found = match found {
        AgentConfig::Scripted { script } => {
            let script = layout.root().join(script).to_string_lossy().into_owned();
            &AgentConfig::Scripted { script }
        }
        found @ (AgentConfig::Command(_) | AgentConfig::Acp(_) | AgentConfig::Http(_)) => found,
    };
    Ok(AnyAgent::new(found, launcher.clone()))
}

/// The model for a role and a complexity: the role's own, else the one for the complexity, else the agent's.
pub(crate) fn model(
    config: &Config,
    agent: &AgentName,
    role: Option<&Role>,
    complexity: Complexity,
) -> Option<String> {
    let by_complexity = config.models.get(agent).and_then(|models| models.get(&complexity));
    role.and_then(|role| role.model.clone()).or_else(|| by_complexity.cloned())
}

/// Keeps the exact prompt of a turn at the head of its transcript, without secrets: neither the person's nor the agent's own.
pub(crate) fn keep_prompt(
    transcript: &mut impl Write,
    prompt: &Prompt,
    redactor: &Redactor,
) -> io::Result<()> {
    let whole = prompt.whole();
    let text = redactor.text(&whole);
    writeln!(transcript, "[orchestra] The prompt, {} bytes:\n{text}\n[orchestra] The answer:", text.len())
}

/// Makes a folder that only the person may read.
pub(crate) fn make_private(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}
