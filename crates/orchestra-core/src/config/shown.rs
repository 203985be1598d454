//! A configuration as text: each setting as the YAML that would set it.

use super::http::{HttpAgent, KeySource, Secret, Share, is_secret_header};
use super::setting::{SCALARS, Slot, slot};
use super::value::{show_duration, show_size};
use super::{AcpAgent, AgentConfig, CommandAgent, Config, Notify, VerifyPlan};

/// Every setting of a configuration with its value as YAML, in the order in which they are shown.
pub(super) fn shown_settings(config: &Config) -> Vec<(String, String)> {
    let mut limits = config.limits.clone();
    let mut all: Vec<(String, String)> = Vec::new();
    for key in SCALARS {
        let value = match *key {
            "gates.rfc" => config.gates.rfc.as_str().to_owned(),
            "gates.push" => config.gates.push.as_str().to_owned(),
            "review.when" => if config.review.always { "always" } else { "never" }.to_owned(),
            "review.fix_rounds" => config.review.fix_rounds.to_string(),
            "review.again" => config.review.again.to_string(),
            "agents.default" => config.default_agent.as_ref().map(ToString::to_string).unwrap_or_default(),
            "push.remote" => config.push.remote.clone().unwrap_or_default(),
            "notify" => config.notify.as_str().to_owned(),
            "notify_progress" => config.progress.map_or_else(|| "off".to_owned(), show_duration),
            "mouse" => if config.mouse { "on" } else { "off" }.to_owned(),
            "push.branch" => config.push.branch.clone().unwrap_or_else(|| "current".to_owned()),
            key => match key.strip_prefix("limits.").and_then(slot) {
                Some(Slot::Count(field, _)) => field(&mut limits).to_string(),
                Some(Slot::Time(field)) => show_duration(*field(&mut limits)),
                Some(Slot::Size(field)) => show_size(*field(&mut limits)),
                None => String::new(),
            },
        };
        all.push(((*key).to_owned(), value));
    }
    let command = match &config.notify {
        Notify::Command(command) => shown_list(command),
        Notify::Auto | Notify::Bell | Notify::Osc9 | Notify::Osc777 | Notify::Off => String::new(),
    };
    all.push(("notify_command".to_owned(), command));
    all.push(("verify".to_owned(), shown_verify(&config.verify)));
    all.extend(config.agents.iter().map(|(name, agent)| (format!("agents.{name}"), shown_agent(agent))));
    for (agent, models) in &config.models {
        all.extend(models.iter().map(|(of, model)| (format!("models.{agent}.{of}"), model.clone())));
    }
    all.extend(config.prices.iter().map(|(model, price)| (format!("prices.{model}"), price.to_yaml())));
    all.extend(config.keys.values().map(|set| (format!("keys.{}", set.action), shown_list(&set.keys))));
    all
}

fn shown_verify(verify: &VerifyPlan) -> String {
    match verify {
        VerifyPlan::Always(commands) => shown_list(commands),
        VerifyPlan::ByPath(by_path) => {
            let entry = |(glob, commands): &(String, Vec<String>)| {
                format!("{}: {}", quoted(glob), shown_list(commands))
            };
            format!("{{ {} }}", by_path.iter().map(entry).collect::<Vec<_>>().join(", "))
        }
    }
}

fn shown_agent(agent: &AgentConfig) -> String {
    match agent {
        AgentConfig::Scripted { script } => format!("{{ kind: scripted, script: {} }}", quoted(script)),
        AgentConfig::Command(CommandAgent { preset, run, output, input, env, model }) => {
            let mut parts = vec!["kind: command".to_owned()];
            parts.extend(preset.map(|preset| format!("preset: {}", preset.as_str())));
            if !run.is_empty() {
                parts.push(format!("run: {}", shown_list(run)));
            }
            if preset.is_none() {
                parts.push(format!("output: {}", output.as_str()));
                parts.push(format!("input: {}", input.as_str()));
            }
            if !env.is_empty() {
                parts.push(format!("env: {}", shown_list(env)));
            }
            parts.extend(model.as_ref().map(|model| format!("model: {}", quoted(model))));
            format!("{{ {} }}", parts.join(", "))
        }
        AgentConfig::Acp(AcpAgent { run, env, model, mode }) => {
            let mut parts = vec!["kind: acp".to_owned(), format!("run: {}", shown_list(run))];
            if !env.is_empty() {
                parts.push(format!("env: {}", shown_list(env)));
            }
            parts.extend(model.as_ref().map(|model| format!("model: {}", quoted(model))));
            parts.extend(mode.as_ref().map(|mode| format!("mode: {}", quoted(mode))));
            format!("{{ {} }}", parts.join(", "))
        }
        AgentConfig::Http(http) => shown_http(http),
    }
}

/// What stands in the place of a value that is nobody's business.
const HIDDEN: &str = "(hidden)";

fn shown_http(agent: &HttpAgent) -> String {
    let HttpAgent {
        wire,
        base_url,
        model,
        key,
        headers,
        proxy,
        max_output,
        window,
        condense_at,
        effort,
        prices,
    } = agent;
    let mut parts = vec![
        "kind: http".to_owned(),
        format!("wire: {}", wire.as_str()),
        format!("base_url: {}", quoted(base_url)),
        format!("model: {}", quoted(model)),
    ];
    match key {
        KeySource::Variable(name) => parts.push(format!("key_env: {name}")),
        KeySource::Written(_) => parts.push(format!("api_key: {HIDDEN}")),
        KeySource::NotNeeded => {}
    }
    if !headers.is_empty() {
        let shown = |(name, value): (&String, &Secret)| {
            let value = if is_secret_header(name) { HIDDEN } else { value.expose() };
            format!("{name}: {}", quoted(value))
        };
        parts.push(format!("headers: {{ {} }}", headers.iter().map(shown).collect::<Vec<_>>().join(", ")));
    }
    // A proxy's URL may hold a password.
    parts.extend(proxy.as_ref().map(|_| format!("proxy: {HIDDEN}")));
    parts.extend(max_output.map(|count| format!("max_output: {count}")));
    parts.extend(window.map(|count| format!("window: {count}")));
    if *condense_at != Share::default() {
        parts.push(format!("condense_at: {condense_at}"));
    }
    parts.extend(effort.map(|effort| format!("effort: {}", effort.as_str())));
    parts.extend(prices.own.map(|price| format!("prices: {}", price.to_yaml())));
    format!("{{ {} }}", parts.join(", "))
}

fn shown_list(texts: &[String]) -> String {
    format!("[{}]", texts.iter().map(|text| quoted(text)).collect::<Vec<_>>().join(", "))
}

/// A text in double quotes, which JSON and YAML share.
fn quoted(text: &str) -> String {
    serde_json::Value::String(text.to_owned()).to_string()
}
