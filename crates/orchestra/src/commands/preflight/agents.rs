//! Whether the agents that play roles can be started, and whether somebody is logged in.

use orchestra_core::words::counted;
use std::collections::BTreeSet;

use orchestra_agent::probe::{FoundProgram, Login, Probe, probe};
use orchestra_core::config::AgentConfig;
use orchestra_core::id::AgentName;

use super::Subject;
use crate::commands::check::Check;

/// How to get an agent, where there is none.
pub(in crate::commands) const HOW_TO_GET_ONE: &str = "install Claude Code (`claude`) or Codex (`codex`) and log in, then name it under `agents:` in \
     .orchestra/config.yaml; `orchestra demo` needs none";

/// A check for each agent that a role is played by, and a note for each other.
pub(super) fn check(subject: &Subject<'_>) -> Vec<Check> {
    let config = &subject.resolved.config;
    let mut used: BTreeSet<&AgentName> =
        subject.plan.roles.iter().filter_map(|role| role.agent.as_ref()).collect();
    used.extend(&config.default_agent);
    let mut checks = Vec::new();
    if config.default_agent.is_none() {
        let alone = subject.plan.roles.iter().filter(|role| role.agent.is_none()).count();
        if alone > 0 {
            let found = format!("no agent is chosen for {}", counted(alone, "role"));
            checks.push(Check::bad("agents", found, HOW_TO_GET_ONE));
        }
    }
    for name in &used {
        let label = format!("agent {name}");
        let described = config.agents.get(*name).map(|agent| look_at(subject, &label, agent));
        checks.push(described.unwrap_or_else(|| {
            let found = format!("a role is played by `{name}`, which the configuration does not describe");
            Check::bad(&label, found, "describe it under `agents:` in .orchestra/config.yaml")
        }));
    }
    let idle: Vec<&str> =
        config.agents.keys().filter(|name| !used.contains(name)).map(AgentName::as_str).collect();
    if !idle.is_empty() {
        checks.push(Check::note("agents", format!("described and not used: {}", idle.join(", "))));
    }
    checks
}

fn look_at(subject: &Subject<'_>, label: &str, agent: &AgentConfig) -> Check {
    match agent {
        AgentConfig::Scripted { script } => {
            if subject.root.join(script).is_file() {
                Check::good(label, format!("plays the script {script}; no model is asked"))
            } else {
                Check::bad(
                    label,
                    format!("its script `{script}` is not there"),
                    "write it, or name another agent",
                )
            }
        }
        // A program that the project names is not started before the person has agreed to it.
        AgentConfig::Command(command) if !command.run.is_empty() && !subject.is_trusted => {
            Check::note(label, format!("`{}` was not looked at: not trusted", command.run[0]))
        }
        AgentConfig::Command(_) => {
            let launcher = subject.context.launcher(None);
            told(label, probe(agent, &subject.context.environment, subject.root, &launcher))
        }
    }
}

fn told(label: &str, found: Probe) -> Check {
    let program = match found.program {
        FoundProgram::Missing { name } => {
            let hint = format!("install `{name}`, or add its folder to PATH");
            let found = format!("`{name}` is in no folder of PATH outside of this repository");
            return Check::bad(label, found, hint);
        }
        FoundProgram::At(path) => path.display().to_string(),
        FoundProgram::NotNeeded => "no program".to_owned(),
    };
    let version = found.version.map(|version| format!(" {version}")).unwrap_or_default();
    match found.login {
        Login::Found { place } => Check::good(label, format!("{program}{version}, logged in ({place})")),
        Login::Unknown => {
            Check::good(label, format!("{program}{version}; whether it is logged in cannot be seen"))
        }
        Login::Missing { hint } => Check::bad(label, format!("{program}{version}, not logged in"), hint),
    }
}
