//! Reads how agents are reached and which models they use.

use super::layer::Reader;
use super::setting::{Change, Wrong, agent_name, one_of};
use super::{AcpAgent, AgentConfig, CommandAgent, InputFormat, OutputFormat, Preset, http};
use crate::document::fields::Fields;
use crate::document::findings::{hint_for, shown};
use crate::document::yaml::Entry;
use crate::path::RepoPath;
use crate::plan::Complexity;

const KINDS: &[&str] = &["scripted", "command", "acp", "http"];
const SCRIPTED_KEYS: &[&str] = &["kind", "script"];
const ACP_KEYS: &[&str] = &["kind", "run", "env", "model", "mode"];
const COMMAND_KEYS: &[&str] = &["kind", "preset", "run", "output", "input", "env", "model"];

/// Reads `agents`: `default`, and one map for each name.
pub(super) fn read_agents(reader: &mut Reader, section: &Entry) {
    let Some(fields) = Fields::of(&section.node, &mut reader.findings) else { return };
    for entry in fields.entries() {
        if entry.key == "default" {
            reader.read_scalar("agents.default", entry, &fields);
            continue;
        }
        let name = match agent_name(&entry.key) {
            Ok(name) => name,
            Err(Wrong { what, hint }) => {
                reader.findings.error(entry.at, what, hint);
                continue;
            }
        };
        if let Some(agent) = read_agent(reader, entry) {
            reader.set(&format!("agents.{name}"), Change::Agent(name, agent), entry.at);
        }
    }
}

fn read_agent(reader: &mut Reader, entry: &Entry) -> Option<AgentConfig> {
    let fields = Fields::of(&entry.node, &mut reader.findings)?;
    let Some((kind, at)) = fields.text("kind", &mut reader.findings) else {
        if !fields.is_missing("kind") {
            return None;
        }
        let hint = format!("add it: one of {}", KINDS.join(", "));
        reader.findings.error(
            entry.at,
            format!("expected the key `kind` in agent {}", shown(&entry.key)),
            hint,
        );
        return None;
    };
    match kind {
        "scripted" => read_scripted(reader, &fields),
        "command" => read_command(reader, &fields),
        "acp" => read_acp(reader, &fields),
        "http" => http::read_http(reader, &fields),
        other => {
            reader.findings.error(
                at,
                format!("{} is no kind of agent", shown(other)),
                hint_for(other, KINDS),
            );
            None
        }
    }
}

fn read_scripted(reader: &mut Reader, fields: &Fields<'_>) -> Option<AgentConfig> {
    refuse_others(reader, fields, SCRIPTED_KEYS);
    let Some((script, at)) = fields.text("script", &mut reader.findings) else {
        let hint = "add the path of a script, relative to the top of the repository";
        reader.findings.error(fields.start, "expected the key `script`", hint);
        return None;
    };
    if RepoPath::parse(script).is_err() {
        let what = format!("{} is no path inside the repository", shown(script));
        reader.findings.error(at, what, "write it relative to the top of the repository");
        return None;
    }
    Some(AgentConfig::Scripted { script: script.to_owned() })
}

fn read_command(reader: &mut Reader, fields: &Fields<'_>) -> Option<AgentConfig> {
    refuse_others(reader, fields, COMMAND_KEYS);
    let preset = read_word(reader, fields, "preset", Preset::WORDS);
    let output = read_word(reader, fields, "output", OutputFormat::WORDS);
    let input = read_word(reader, fields, "input", InputFormat::WORDS);
    let run = read_run(reader, fields);
    let env = read_env(reader, fields);
    let model = fields.text("model", &mut reader.findings).map(|(model, _)| model.to_owned());
    let is_named = |key: &str| fields.find(key).is_some();
    if run.is_empty() && !is_named("preset") {
        let hint = "add `preset: claude-code` or `run: [\"program\", \"argument\"]`";
        reader.findings.error(fields.start, "expected the key `preset` or `run`", hint);
        return None;
    }
    if preset.is_some() && output.is_some() {
        let what = "`output` has no effect beside a preset, whose output is known";
        reader.findings.warning(fields.start, what, "remove one of the two");
    }
    if preset.is_some() && input.is_some() {
        let what = "`input` has no effect beside a preset, whose input is known";
        reader.findings.warning(fields.start, what, "remove one of the two");
    }
    if input == Some(InputFormat::JsonLines) && output.unwrap_or_default() != OutputFormat::JsonLines {
        let what = "`input: json-lines` without `output: json-lines`: it could not say what it has heard";
        reader.findings.error(fields.start, what, "add `output: json-lines`");
    }
    Some(AgentConfig::Command(CommandAgent {
        preset,
        run,
        output: output.unwrap_or_default(),
        input: input.unwrap_or_default(),
        env,
        model,
    }))
}

fn read_acp(reader: &mut Reader, fields: &Fields<'_>) -> Option<AgentConfig> {
    refuse_others(reader, fields, ACP_KEYS);
    let run = read_run(reader, fields);
    let env = read_env(reader, fields);
    let mut word = |key: &str| fields.text(key, &mut reader.findings).map(|(text, _)| text.to_owned());
    let (model, mode) = (word("model"), word("mode"));
    if run.is_empty() {
        let hint = "add the program that speaks the protocol: `run: [\"opencode\", \"acp\"]`";
        reader.findings.error(fields.start, "expected the key `run`", hint);
        return None;
    }
    Some(AgentConfig::Acp(AcpAgent { run, env, model, mode }))
}

/// Reads `run`: a program and its arguments.
fn read_run(reader: &mut Reader, fields: &Fields<'_>) -> Vec<String> {
    let run = fields.texts("run", &mut reader.findings).unwrap_or_default();
    if let [(one, at)] = run.as_slice()
        && one.contains(char::is_whitespace)
    {
        let words: Vec<String> = one.split_whitespace().map(|word| format!("\"{word}\"")).collect();
        let hint = format!("write one entry for each argument: [{}]", words.join(", "));
        reader.findings.error(*at, "a whole command line in `run`, which no shell takes apart", hint);
    }
    if run.first().is_some_and(|(program, _)| program.is_empty()) {
        reader.findings.error(fields.start, "an empty program in `run`", "");
    }
    run.into_iter().map(|(word, _)| word.to_owned()).collect()
}

/// Reads `env`: names of variables.
fn read_env(reader: &mut Reader, fields: &Fields<'_>) -> Vec<String> {
    let env = fields.texts("env", &mut reader.findings).unwrap_or_default();
    for (name, at) in &env {
        if !is_variable(name) {
            let what = format!("{} is no name of a variable", shown(name));
            reader.findings.error(*at, what, "only names are written here; values come from the environment");
        }
    }
    env.into_iter().map(|(name, _)| name.to_owned()).collect()
}

/// Tells whether a text can be the name of a variable.
pub(super) fn is_variable(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
}

pub(super) fn read_word<T: Copy>(
    reader: &mut Reader,
    fields: &Fields<'_>,
    key: &str,
    words: &[(&str, T)],
) -> Option<T> {
    let (text, at) = fields.text(key, &mut reader.findings)?;
    match one_of(text, words) {
        Ok(word) => Some(word),
        Err(Wrong { what, hint }) => {
            reader.findings.error(at, what, hint);
            None
        }
    }
}

pub(super) fn refuse_others(reader: &mut Reader, fields: &Fields<'_>, known: &[&str]) {
    for entry in fields.entries() {
        if !known.contains(&entry.key.as_str()) {
            reader.unknown(entry, known);
        }
    }
}

/// Reads `models`: for each agent a map from a phase's complexity to a model.
pub(super) fn read_models(reader: &mut Reader, section: &Entry) {
    let Some(fields) = Fields::of(&section.node, &mut reader.findings) else { return };
    for entry in fields.entries() {
        let agent = match agent_name(&entry.key) {
            Ok(agent) => agent,
            Err(Wrong { what, hint }) => {
                reader.findings.error(entry.at, what, hint);
                continue;
            }
        };
        let Some(models) = Fields::of(&entry.node, &mut reader.findings) else { continue };
        for entry in models.entries() {
            let Some(complexity) = Complexity::parse(&entry.key) else {
                let what = format!("{} is no complexity", shown(&entry.key));
                reader.findings.error(entry.at, what, hint_for(&entry.key, Complexity::WORDS));
                continue;
            };
            if let Some((model, _)) = models.text(&entry.key, &mut reader.findings) {
                let change = Change::Model(agent.clone(), complexity, model.to_owned());
                reader.set(&format!("models.{agent}.{complexity}"), change, entry.at);
            }
        }
    }
}
