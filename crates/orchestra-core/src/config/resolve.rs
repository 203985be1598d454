//! Merges layers into one configuration and keeps where each value comes from.

use std::collections::BTreeMap;

use super::layer::{ConfigLayer, Layer};
use super::setting::Setting;
use super::shown::shown_settings;
use super::{AgentConfig, Config, GatePolicy};
use crate::document::findings::{Findings, hint_for};
use crate::document::{Parsed, Place};
use crate::id::AgentName;
use crate::plan::GateKind;

/// A configuration and where each of its values comes from.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Resolved {
    /// What the layers come to.
    pub config: Config,
    /// Every setting, in the order in which `orchestra config` shows them.
    pub origins: Vec<Origin>,
    /// The gates as the files alone set them. What a variable or a flag says for one run changes nothing of what the
    /// project asks to be trusted with.
    pub file_gates: Vec<(GateKind, GatePolicy, Origin)>,
}

/// Where a value comes from.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Origin {
    /// The key: `limits.jobs`, `agents.claude`.
    pub key: String,
    /// The value as YAML; empty where there is none.
    pub value: String,
    /// The layer that set it last.
    pub layer: Layer,
    /// The file, or the name of the variable; `None` for a default.
    pub path: Option<String>,
    /// The line in the file, from 1.
    pub line: Option<u32>,
}

impl Resolved {
    /// Finds where a setting comes from.
    pub fn find_origin(&self, key: &str) -> Option<&Origin> {
        self.origins.iter().find(|origin| origin.key == key)
    }
}

/// Merges layers: project, then user, then environment, then flags, whatever the order in which they are given.
/// A list, a map of `verify` and an agent are replaced as a whole; everything else key by key.
pub fn resolve(mut layers: Vec<ConfigLayer>) -> Parsed<Resolved> {
    layers.sort_by_key(|layer| layer.layer);
    let (config, last) = merge(layers.iter());
    let mut findings = Findings::new("configuration");
    check_agents(&config, &last, &mut findings);
    check_jobs(&config, &last, &mut findings);
    let origins = origins(&config, &last);
    let (of_files, last) = merge(layers.iter().filter(|layer| layer.layer <= Layer::User));
    let gate = |origin: Origin| {
        let gate =
            [GateKind::Rfc, GateKind::Push].into_iter().find(|gate| origin.key == format!("gates.{gate}"));
        gate.map(|gate| (gate, of_files.gates.of(gate), origin))
    };
    let file_gates = self::origins(&of_files, &last).into_iter().filter_map(gate).collect();
    findings.finish(Some(Resolved { config, origins, file_gates }))
}

/// The last setting of each key, with its layer.
type Last<'a> = BTreeMap<&'a str, (Layer, &'a Setting)>;

fn merge<'a>(layers: impl Iterator<Item = &'a ConfigLayer>) -> (Config, Last<'a>) {
    let (mut config, mut last) = (Config::default(), Last::new());
    for layer in layers {
        for setting in &layer.settings {
            setting.change.apply(&mut config);
            last.insert(&setting.key, (layer.layer, setting));
        }
    }
    for agent in config.agents.values_mut() {
        match agent {
            AgentConfig::Http(http) => http.prices.by_model.clone_from(&config.prices),
            AgentConfig::Scripted { .. } | AgentConfig::Command(_) | AgentConfig::Acp(_) => {}
        }
    }
    (config, last)
}

fn origins(config: &Config, last: &Last<'_>) -> Vec<Origin> {
    let origin = |(key, value): (String, String)| {
        let from = last.get(key.as_str());
        Origin {
            value,
            layer: from.map_or(Layer::Default, |(layer, _)| *layer),
            path: from.map(|(_, setting)| setting.path.clone()),
            line: from.and_then(|(_, setting)| setting.at).map(|at| at.line),
            key,
        }
    };
    shown_settings(config).into_iter().map(origin).collect()
}

/// The key is there for a later version, and says so where somebody relies on it.
fn check_jobs(config: &Config, last: &Last<'_>, findings: &mut Findings) {
    let Some((_, setting)) = last.get("limits.jobs").filter(|_| config.limits.jobs > 1) else { return };
    let mut own = Findings::new(&setting.path);
    let what = format!("this version runs one phase at a time, not {}", config.limits.jobs);
    own.warning(setting.at.unwrap_or(Place::START), what, "leave `limits.jobs` out");
    findings.join(own);
}

/// An agent is often named in one layer and defined in another, so that this is seen only here.
fn check_agents(config: &Config, last: &Last<'_>, findings: &mut Findings) {
    let known: Vec<&str> = config.agents.keys().map(AgentName::as_str).collect();
    let place = |key: &str| {
        let setting = last.get(key).map(|(_, setting)| *setting);
        let path = setting.map_or("configuration", |setting| setting.path.as_str());
        (Findings::new(path), setting.and_then(|setting| setting.at).unwrap_or(Place::START))
    };
    if let Some(agent) = &config.default_agent
        && !config.agents.contains_key(agent)
    {
        let (mut own, at) = place("agents.default");
        own.error(
            at,
            format!("the default agent `{agent}` is not described"),
            hint_for(agent.as_str(), &known),
        );
        findings.join(own);
    }
    for (agent, models) in &config.models {
        let Some(complexity) = models.keys().next().filter(|_| !config.agents.contains_key(agent)) else {
            continue;
        };
        let (mut own, at) = place(&format!("models.{agent}.{complexity}"));
        own.warning(
            at,
            format!("there is no agent `{agent}` for these models"),
            hint_for(agent.as_str(), &known),
        );
        findings.join(own);
    }
}
