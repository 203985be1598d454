//! Which agents are installed.

use std::path::Path;

use orchestra_agent::probe::{FoundProgram, Login, probe};
use orchestra_core::config::{AgentConfig, CommandAgent, Preset};
use orchestra_core::id::AgentName;
use orchestra_project::scaffold::FoundAgent;

use crate::context::Context;

/// The programs that are looked for, best first.
const KNOWN: [(&str, &str, Preset); 2] =
    [("claude", "Claude Code", Preset::ClaudeCode), ("codex", "Codex", Preset::Codex)];

/// What was found.
pub(in crate::commands) struct Agents {
    /// For `config.yaml`: the first becomes the default.
    pub(in crate::commands) found: Vec<FoundAgent>,
    /// A line for a person about each, in the same order.
    pub(in crate::commands) lines: Vec<String>,
}

/// Looks for each, and puts those first with which somebody is logged in.
pub(in crate::commands) fn find(context: &Context, root: &Path) -> Agents {
    let launcher = context.launcher(None);
    let mut seen = Vec::new();
    for (name, title, preset) in KNOWN {
        let Ok(name) = AgentName::parse(name) else { continue };
        let command = CommandAgent { preset: Some(preset), ..CommandAgent::default() };
        let config = AgentConfig::Command(command);
        let looked = probe(&config, &context.environment, root, &launcher);
        let FoundProgram::At(path) = looked.program else { continue };
        let version = looked.version.map(|version| format!(" {version}")).unwrap_or_default();
        let login = match &looked.login {
            Login::Found { place } => format!("logged in ({place})"),
            Login::Unknown => "whether it is logged in cannot be seen".to_owned(),
            Login::Missing { hint } => format!("not logged in: {hint}"),
        };
        let line = format!("{name}: {title} at {}{version}, {login}", path.display());
        let is_missing = matches!(looked.login, Login::Missing { .. });
        seen.push((is_missing, FoundAgent { name, config }, line));
    }
    // Stable: of two that are alike the better known one stays first.
    seen.sort_by_key(|(is_missing, ..)| *is_missing);
    let (found, lines) = seen.into_iter().map(|(_, agent, line)| (agent, line)).unzip();
    Agents { found, lines }
}
