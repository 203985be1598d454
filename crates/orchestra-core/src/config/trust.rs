//! What a project would run or let happen by itself: the list behind the question of trust.

use std::collections::BTreeSet;
use std::fmt;

use super::http::KeySource;
use super::layer::Layer;
use super::resolve::{Origin, Resolved};
use super::{AgentConfig, GatePolicy, VerifyPlan};
use crate::path::ContentHash;
use crate::plan::{GateKind, Plan};

/// What kind of thing is asked about.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum TrustKind {
    /// A command that is run before a commit.
    Verify,
    /// An agent's program and arguments.
    Agent,
    /// Where a model is asked, and what is told there besides.
    Endpoint,
    /// A script that an agent plays, tool calls and all.
    Script,
    /// A variable of the person's environment that is handed to an agent.
    Variable,
    /// A gate that is answered without a person.
    Gate,
    /// Which agent a role is played by.
    RoleAgent,
    /// What a role may write.
    RoleWrites,
    /// A program that the repository's own git configuration names.
    Git,
}

impl TrustKind {
    /// What it is called when it is shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Verify => "verify",
            Self::Agent => "agent",
            Self::Endpoint => "endpoint",
            Self::Script => "script",
            Self::Variable => "variable",
            Self::Gate => "gate",
            Self::RoleAgent => "role's agent",
            Self::RoleWrites => "role may write",
            Self::Git => "git setting",
        }
    }
}

/// One thing that a person is asked to trust.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TrustItem {
    /// What kind of thing it is.
    pub kind: TrustKind,
    /// The command or setting itself, as it stands in the document.
    pub text: String,
    /// The file that names it, relative to the top of the repository.
    pub path: String,
    /// The line, where it is known.
    pub line: Option<u32>,
}

impl TrustItem {
    /// A key of the repository's own git configuration whose value is a command.
    pub fn of_git(key: &str, value: &str) -> Self {
        let (text, path) = (format!("{key}={value}"), ".git/config".to_owned());
        Self { kind: TrustKind::Git, text, path, line: None }
    }
}

impl fmt::Display for TrustItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = crate::document::plain::visible(&self.text);
        write!(f, "{}: {text}  ({}", self.kind.as_str(), self.path)?;
        match self.line {
            Some(line) => write!(f, ":{line})"),
            None => f.write_str(")"),
        }
    }
}

/// Lists everything below `.orchestra/` that runs a program or opens a gate; what git's own configuration names comes to
/// it from whoever can read that. What the person's own configuration,
/// environment or flags set is not asked about.
pub fn commands_of(resolved: &Resolved, plan: &Plan) -> Vec<TrustItem> {
    let of_project = |(_, _, origin): &&(GateKind, GatePolicy, Origin)| origin.layer == Layer::Project;
    let mut items: Vec<TrustItem> =
        resolved.file_gates.iter().filter(of_project).filter_map(of_gate).collect();
    for origin in resolved.origins.iter().filter(|origin| origin.layer == Layer::Project) {
        of_setting(resolved, origin, &mut items);
    }
    for milestone in &plan.milestones {
        for phase in &milestone.phases {
            let path = format!(".orchestra/milestones/{}/phases/{}.md", milestone.folder, phase.id);
            let commands = phase.verify.iter().flatten();
            items.extend(commands.map(|command| TrustItem {
                kind: TrustKind::Verify,
                text: command.clone(),
                path: path.clone(),
                line: None,
            }));
        }
    }
    for role in &plan.roles {
        let item = |kind, text| TrustItem {
            kind,
            text,
            path: format!(".orchestra/roles/{}.md", role.id),
            line: None,
        };
        items.extend(
            role.agent.as_ref().map(|agent| item(TrustKind::RoleAgent, format!("{}: {agent}", role.id))),
        );
        let writes = role.writes.iter().map(|glob| format!("{}: {glob}", role.id));
        items.extend(writes.map(|text| item(TrustKind::RoleWrites, text)));
    }
    items
}

/// The hash that stands for a list of items: of what they are, not of where they stand or how often.
pub fn hash_of(items: &[TrustItem]) -> ContentHash {
    let parts: BTreeSet<(TrustKind, &str)> =
        items.iter().map(|item| (item.kind, item.text.as_str())).collect();
    ContentHash::of_parts(parts.iter().flat_map(|(kind, text)| [kind.as_str().as_bytes(), text.as_bytes()]))
}

/// A gate that is looser than one that asks.
fn of_gate((gate, policy, origin): &(GateKind, GatePolicy, Origin)) -> Option<TrustItem> {
    let is_looser = match (gate, policy) {
        (_, GatePolicy::Auto) | (GateKind::Rfc, GatePolicy::Never) => true,
        // Nothing is pushed: that opens nothing.
        (GateKind::Push, GatePolicy::Never) | (_, GatePolicy::Ask) => false,
    };
    is_looser.then(|| TrustItem {
        kind: TrustKind::Gate,
        text: format!("{gate}: {}", policy.as_str()),
        path: origin.path.clone().unwrap_or_default(),
        line: origin.line,
    })
}

fn of_setting(resolved: &Resolved, origin: &Origin, items: &mut Vec<TrustItem>) {
    let config = &resolved.config;
    let mut add = |kind, text: String| {
        let path = origin.path.clone().unwrap_or_default();
        items.push(TrustItem { kind, text, path, line: origin.line });
    };
    match origin.key.as_str() {
        "verify" => {
            let commands: Vec<&String> = match &config.verify {
                VerifyPlan::Always(commands) => commands.iter().collect(),
                VerifyPlan::ByPath(by_path) => by_path.iter().flat_map(|(_, commands)| commands).collect(),
            };
            for command in commands {
                add(TrustKind::Verify, command.clone());
            }
        }
        key => {
            let named = |name: &str| config.agents.iter().find(|(agent, _)| agent.as_str() == name);
            let Some((name, agent)) = key.strip_prefix("agents.").and_then(named) else { return };
            match agent {
                AgentConfig::Scripted { script } => add(TrustKind::Script, script.clone()),
                AgentConfig::Http(http) => {
                    // Everything that the role reads goes there.
                    let headers: Vec<String> = http
                        .headers
                        .iter()
                        .map(|(name, value)| format!(" {name}: {}", value.expose()))
                        .collect();
                    let text =
                        format!("{name}: {} {}{}", http.wire.as_str(), http.base_url, headers.concat());
                    add(TrustKind::Endpoint, text);
                    if let KeySource::Variable(variable) = &http.key {
                        add(TrustKind::Variable, format!("{name}: {variable}"));
                    }
                }
                AgentConfig::Acp(acp) => {
                    let run = serde_json::Value::from(acp.run.clone());
                    // In some modes it asks for nothing any more.
                    let mode = acp.mode.as_ref().map(|mode| format!(" in the mode {mode}"));
                    add(TrustKind::Agent, format!("{name}: acp {run}{}", mode.unwrap_or_default()));
                    for variable in &acp.env {
                        add(TrustKind::Variable, format!("{name}: {variable}"));
                    }
                }
                AgentConfig::Command(command) => {
                    let preset = command.preset.map(|preset| format!("preset {}", preset.as_str()));
                    let run = (!command.run.is_empty()).then(|| {
                        // As JSON, so that two lists of arguments never look alike.
                        serde_json::Value::from(command.run.clone()).to_string()
                    });
                    let text: Vec<String> = preset.into_iter().chain(run).collect();
                    add(TrustKind::Agent, format!("{name}: {}", text.join(" ")));
                    for variable in &command.env {
                        add(TrustKind::Variable, format!("{name}: {variable}"));
                    }
                }
            }
        }
    }
}
