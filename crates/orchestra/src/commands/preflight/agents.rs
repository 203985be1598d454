//! Whether the agents that play roles can be started, and whether somebody is logged in.

use orchestra_core::words::counted;
use std::collections::BTreeSet;

use orchestra_agent::probe::{FoundProgram, Login, Probe, probe, probe_http};
use orchestra_core::config::http::HttpAgent;
use orchestra_core::config::{AcpAgent, AgentConfig, CommandAgent};
use orchestra_core::id::AgentName;
use orchestra_project::scaffold::FoundAgent;

use super::Subject;
use crate::commands::check::Check;
use crate::commands::init::{self, agents::Agents};

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
            checks.push(none_chosen(subject, alone));
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

/// No agent plays these roles: says which could, with the lines that make it.
fn none_chosen(subject: &Subject<'_>, role_count: usize) -> Check {
    let nobody = format!("no agent is chosen for {}", counted(role_count, "role"));
    let described = &subject.resolved.config.agents;
    if let Some(name) = described.keys().next() {
        let hint = format!("choose one, below `agents:` in .orchestra/config.yaml:\n  default: {name}");
        return Check::bad("agents", nobody, hint);
    }
    let Agents { found, lines } = init::agents::find(subject.context, subject.root);
    let Some(first) = found.first() else { return Check::bad("agents", nobody, HOW_TO_GET_ONE) };
    let head = "write into .orchestra/config.yaml:\n  agents:\n    default:";
    let hint = format!("{head} {}\n    {}", first.name, entries(found.iter()).join("\n    "));
    Check::bad("agents", format!("{nobody}; installed:\n{}", lines.join("\n")), hint)
}

/// A note about what is installed beside the agents that are described, with the lines that describe it.
pub(super) fn offer(subject: &Subject<'_>) -> Option<Check> {
    let described = &subject.resolved.config.agents;
    if described.is_empty() {
        // That nobody is chosen was said, and what could be.
        return None;
    }
    let Agents { found, lines } = init::agents::find(subject.context, subject.root);
    let is_new = |agent: &FoundAgent| !described.contains_key(&agent.name);
    let new: Vec<_> = found.iter().zip(&lines).filter(|(agent, _)| is_new(agent)).collect();
    let told: Vec<&str> = new.iter().map(|(_, line)| line.as_str()).collect();
    let entries = entries(new.iter().map(|(agent, _)| *agent)).join("\n  ");
    (!new.is_empty()).then(|| Check {
        hint: format!("to have it play a role, below `agents:` in .orchestra/config.yaml:\n  {entries}"),
        ..Check::note("agents", format!("installed and not described:\n{}", told.join("\n")))
    })
}

fn entries<'a>(agents: impl Iterator<Item = &'a FoundAgent>) -> Vec<String> {
    agents.map(FoundAgent::line).collect()
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
        AgentConfig::Command(CommandAgent { run, .. }) | AgentConfig::Acp(AcpAgent { run, .. })
            if !run.is_empty() && !subject.is_trusted =>
        {
            Check::note(label, format!("`{}` was not looked at: not trusted", run[0]))
        }
        AgentConfig::Http(http) => told_of_http(label, http, &probe_http(http, &subject.context.environment)),
        AgentConfig::Command(_) | AgentConfig::Acp(_) => {
            let launcher = subject.context.launcher(None);
            told(label, probe(agent, &subject.context.environment, subject.root, &launcher))
        }
    }
}

/// Whether there is a key; the endpoint itself is not asked.
fn told_of_http(label: &str, agent: &HttpAgent, login: &Login) -> Check {
    let what = format!("{} at {} ({})", agent.model, agent.base_url, agent.wire.as_str());
    match login {
        Login::Found { place } => Check::good(label, format!("{what}, a key in {place}; it was not asked")),
        Login::Unknown => Check::good(label, format!("{what}, without a key; it was not asked")),
        Login::Missing { hint } => Check::bad(label, format!("{what}, no key"), hint),
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
