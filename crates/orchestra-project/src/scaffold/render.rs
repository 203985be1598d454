//! The template, embedded in the program and filled in for one project.

use std::collections::BTreeMap;

use include_dir::{Dir, DirEntry, include_dir};
use orchestra_core::config::http::KeySource;
use orchestra_core::config::{
    AcpAgent, AgentConfig, CommandAgent, InputFormat, OutputFormat, Preset, VerifyPlan,
};
use orchestra_core::path::is_bidi_control;

use super::FoundAgent;
use crate::detect::Detection;

static TEMPLATE: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../template/.orchestra");

/// One file of the template, filled in.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TemplateFile {
    /// Its path below `.orchestra`.
    pub path: String,
    /// Its text.
    pub text: String,
}

/// What the places of the template are filled in with, by their names.
pub(crate) type Values = BTreeMap<String, String>;

/// What was found in a project and on a machine, as values.
pub(crate) fn found_values(detection: &Detection, agents: &[FoundAgent]) -> Values {
    let values = [
        ("verify", verify(&detection.verify)),
        ("agents", agents_block(agents)),
        ("backend", globs(&detection.backend)),
        ("frontend", globs(&detection.frontend)),
        ("architect", globs(&detection.architect)),
    ];
    values.map(|(name, value)| (name.to_owned(), value)).into()
}

/// The values that a project has: those that it was set up with, and what is found now where nothing was found then.
pub(crate) fn kept_values(set_up_with: &Values, found: &Values) -> Values {
    let says_something = |value: &&String| value.lines().any(|line| !line.starts_with('#'));
    let kept = |name| set_up_with.get(name).filter(says_something);
    found.iter().map(|(name, value)| (name.clone(), kept(name).unwrap_or(value).clone())).collect()
}

/// Fills in the whole template, in the order of paths.
pub(crate) fn template_files(values: &Values) -> Vec<TemplateFile> {
    let values: Vec<(&str, &str)> =
        values.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let mut files: Vec<TemplateFile> = raw_files(&TEMPLATE)
        .map(|(path, text)| TemplateFile { path: path.to_owned(), text: fill(text, &values) })
        .collect();
    files.sort_by(|one, two| one.path.cmp(&two.path));
    files
}

fn raw_files(folder: &'static Dir<'static>) -> Box<dyn Iterator<Item = (&'static str, &'static str)>> {
    Box::new(folder.entries().iter().flat_map(|entry| match entry {
        DirEntry::Dir(folder) => raw_files(folder),
        DirEntry::File(file) => {
            let path = file.path().to_str().expect("names in the template are plain");
            let text = file.contents_utf8().expect("the template is text");
            Box::new(std::iter::once((path, text)))
        }
    }))
}

/// Puts values in the place of `{{name}}`. Looks at each place once, so a value is never read as a template; a line
/// of its own goes away with an empty value.
pub(super) fn fill(template: &str, values: &[(&str, &str)]) -> String {
    let mut filled = String::with_capacity(template.len());
    for line in template.split_inclusive('\n') {
        let mut rest = line;
        let mut is_alone = line.trim().starts_with("{{") && line.trim().ends_with("}}");
        let mut text = String::new();
        while let Some((before, (name, after))) =
            rest.split_once("{{").and_then(|(before, rest)| Some((before, rest.split_once("}}")?)))
        {
            let value = values.iter().find(|(known, _)| *known == name);
            let value = value.expect("every name in the template has a value").1;
            is_alone &= value.is_empty();
            text.push_str(before);
            text.push_str(value);
            rest = after;
        }
        if !is_alone {
            filled.push_str(&text);
            filled.push_str(rest);
        }
    }
    filled
}

/// A text as a double-quoted YAML scalar: JSON's are.
pub(crate) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A text without anything that could move a cursor or turn the direction of writing.
pub(crate) fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if (c.is_control() && c != '\t') || is_bidi_control(c) {
            shown.extend(c.escape_unicode());
        } else {
            shown.push(c);
        }
    }
    shown
}

fn list(texts: &[String]) -> String {
    format!("[{}]", texts.iter().map(|text| quoted(text)).collect::<Vec<_>>().join(", "))
}

fn globs(globs: &[String]) -> String {
    globs.iter().map(|glob| format!("  - {}", quoted(glob))).collect::<Vec<_>>().join("\n")
}

fn verify(plan: &VerifyPlan) -> String {
    match plan {
        VerifyPlan::Always(commands) if commands.is_empty() => {
            "# No tests were found. As an example:\n#   verify: [\"cargo test -q\"]\n# verify: []".to_owned()
        }
        VerifyPlan::Always(commands) => format!("verify: {}", list(commands)),
        VerifyPlan::ByPath(map) if map.is_empty() => verify(&VerifyPlan::Always(Vec::new())),
        VerifyPlan::ByPath(map) => {
            let lines = map.iter().map(|(glob, commands)| format!("  {}: {}", quoted(glob), list(commands)));
            std::iter::once("verify:".to_owned()).chain(lines).collect::<Vec<_>>().join("\n")
        }
    }
}

fn agents_block(agents: &[FoundAgent]) -> String {
    let Some(first) = agents.first() else {
        return "# No agent was found when this was written. Take the mark away from one that you install:\n\
                # agents:\n\
                #   default: claude\n\
                #   claude: { kind: command, preset: claude-code }\n\
                #   codex: { kind: command, preset: codex }"
            .to_owned();
    };
    let entries = agents.iter().map(|agent| format!("  {}", agent.line()));
    let head = ["agents:".to_owned(), format!("  default: {}", first.name)];
    head.into_iter().chain(entries).collect::<Vec<_>>().join("\n")
}

impl FoundAgent {
    /// The line that describes it below `agents:` in `config.yaml`.
    pub fn line(&self) -> String {
        format!("{}: {}", self.name, agent_entry(&self.config))
    }
}

fn agent_entry(config: &AgentConfig) -> String {
    let fields = match config {
        AgentConfig::Scripted { script } => {
            vec!["kind: scripted".to_owned(), format!("script: {}", quoted(script))]
        }
        AgentConfig::Command(CommandAgent { preset, run, output, input, env, model }) => {
            let mut fields = vec!["kind: command".to_owned()];
            fields.extend(preset.map(|preset| {
                let name = match preset {
                    Preset::ClaudeCode => "claude-code",
                    Preset::Codex => "codex",
                };
                format!("preset: {name}")
            }));
            fields.extend((!run.is_empty()).then(|| format!("run: {}", list(run))));
            fields.extend((*output == OutputFormat::JsonLines).then(|| "output: json-lines".to_owned()));
            fields.extend((*input == InputFormat::JsonLines).then(|| "input: json-lines".to_owned()));
            fields.extend((!env.is_empty()).then(|| format!("env: {}", list(env))));
            fields.extend(model.as_ref().map(|model| format!("model: {}", quoted(model))));
            fields
        }
        AgentConfig::Acp(AcpAgent { run, env, model, mode }) => {
            let mut fields = vec!["kind: acp".to_owned(), format!("run: {}", list(run))];
            fields.extend((!env.is_empty()).then(|| format!("env: {}", list(env))));
            fields.extend(model.as_ref().map(|model| format!("model: {}", quoted(model))));
            fields.extend(mode.as_ref().map(|mode| format!("mode: {}", quoted(mode))));
            fields
        }
        AgentConfig::Http(http) => {
            let mut fields = vec![
                "kind: http".to_owned(),
                format!("wire: {}", http.wire.as_str()),
                format!("base_url: {}", quoted(&http.base_url)),
                format!("model: {}", quoted(&http.model)),
            ];
            match &http.key {
                KeySource::Variable(name) => fields.push(format!("key_env: {name}")),
                // A key is never written into a project's file.
                KeySource::Written(_) | KeySource::NotNeeded => {}
            }
            fields
        }
    };
    format!("{{ {} }}", fields.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_never_read_as_a_template_and_an_empty_line_goes_away() {
        let values = [("a", "{{b}}"), ("b", ""), ("c", "2")];
        assert_eq!(fill("x {{a}}\n{{b}}\ny: {{c}}{{c}}\n{prompt}", &values), "x {{b}}\ny: 22\n{prompt}");
    }
}
