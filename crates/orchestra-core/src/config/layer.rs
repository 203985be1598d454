//! Reads one layer of configuration: a file, the environment, or flags of the command line. Every key is optional.
//!
//! What only a person may set (keys, mouse, how they are told, what a model is paid with, a proxy) is refused for
//! [`Layer::Project`], with file and line. The sandbox has no key in this version; when it comes, it is refused so, too.

use crate::config::Notify;
use crate::config::setting::{
    Change, PERSONS, SCALARS, SECTIONS, Setting, TOP, Wrong, is_manifold, manifold,
};
use crate::config::{agents, http, keys};
use crate::document::fields::Fields;
use crate::document::findings::{Findings, hint_for, nearest, shown};
use crate::document::yaml::{self, Entry, Value};
use crate::document::{Parsed, Place, source};

/// The version of the format that this program reads.
const VERSION: u32 = 1;

/// Where a setting comes from; a later one wins.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Layer {
    /// Nobody said anything.
    Default,
    /// `.orchestra/config.yaml`, committed with the project.
    Project,
    /// The person's own configuration.
    User,
    /// Variables whose names begin with `ORCHESTRA_`.
    Environment,
    /// The command line.
    Flags,
}

impl Layer {
    /// What it is called when it is shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Project => "project",
            Self::User => "user",
            Self::Environment => "environment",
            Self::Flags => "flags",
        }
    }
}

/// What one layer sets, each with its place.
#[derive(Clone, Debug)]
pub struct ConfigLayer {
    /// Which layer it is.
    pub layer: Layer,
    pub(super) settings: Vec<Setting>,
}

/// Reads a configuration file. An unknown key is an error, and only a warning where the file's `version` is newer.
pub fn parse_layer(layer: Layer, path: &str, bytes: &[u8]) -> Parsed<ConfigLayer> {
    let mut reader = Reader::new(layer, path);
    let read = source::read_text(bytes).and_then(|text| match source::find_conflict(text) {
        Some(conflict) => Err(conflict),
        None => yaml::parse(text.trim_start_matches('\u{feff}'), 0),
    });
    match read {
        Ok(node) => {
            if let Some(fields) = Fields::of(&node, &mut reader.findings) {
                reader.read(&fields);
            }
        }
        Err(fault) => reader.findings.add_error(fault),
    }
    let settings = reader.settings;
    reader.findings.finish(Some(ConfigLayer { layer, settings }))
}

/// Variables of ours that are no settings: what an agent is given, and the mark of everything below a guard.
const NO_SETTINGS: &[&str] = &[
    "ORCHESTRA_ATTEMPT",
    "ORCHESTRA_GUARD",
    "ORCHESTRA_MCP",
    "ORCHESTRA_MILESTONE",
    "ORCHESTRA_MODEL",
    "ORCHESTRA_PHASE",
    "ORCHESTRA_REPORT",
    "ORCHESTRA_ROLE",
];

/// Reads variables such as `ORCHESTRA_LIMITS_RETRIES=5`: `ORCHESTRA_`, then a key in capitals with `_` for the dot.
///
/// Only single values can be set so: gates, review, limits, push and `agents.default`. What is named after another key
/// or section is an error, since it was meant for us. Anything else that begins so may be another program's: it is a
/// warning, except for what agents are given.
pub fn parse_environment(variables: &[(String, String)]) -> Parsed<ConfigLayer> {
    let mut settings = Vec::new();
    let mut findings = Findings::new("environment");
    for (name, text) in variables.iter().filter(|(name, _)| name.starts_with("ORCHESTRA_")) {
        let mut own = Findings::new(name);
        match SCALARS.iter().find(|key| variable_of(key) == *name).map(|key| (key, Change::scalar(key, text)))
        {
            Some((key, Ok(change))) => settings.push(Setting::new(key, change, name, None)),
            Some((_, Err(Wrong { what, hint }))) => own.error(Place::START, what, hint),
            None if NO_SETTINGS.contains(&name.as_str()) => {}
            None => without_setting(name, &mut own),
        }
        findings.join(own);
    }
    findings.finish(Some(ConfigLayer { layer: Layer::Environment, settings }))
}

/// The variable that sets a key.
fn variable_of(key: &str) -> String {
    format!("ORCHESTRA_{}", key.replace('.', "_").to_uppercase())
}

/// Says what is wrong with a variable that sets nothing.
fn without_setting(name: &str, findings: &mut Findings) {
    let is_of = |section: &&&str| {
        let variable = variable_of(section);
        name == variable || name.strip_prefix(&variable).is_some_and(|rest| rest.starts_with('_'))
    };
    let known: Vec<String> = SCALARS.iter().map(|key| variable_of(key)).collect();
    // The version is the file's own.
    let section = TOP.iter().filter(|key| **key != "version").find(is_of);
    let is_single =
        |section: &&str| SECTIONS.contains(section) && *section != "agents" || SCALARS.contains(section);
    match section {
        Some(section) if name != variable_of(section) && is_single(section) => {
            let what = format!("the variable {} sets nothing that is known", shown(name));
            findings.error(Place::START, what, hint_for(name, &known));
        }
        Some(section) => {
            let Wrong { what, hint } = manifold(section);
            findings.error(Place::START, format!("{what}, and no variable"), hint);
        }
        None => {
            // Without what all of them begin with, which makes any two look alike.
            let rest = |name: &str| name.strip_prefix("ORCHESTRA_").unwrap_or(name).to_owned();
            let known: Vec<String> = known.iter().map(|name| rest(name)).collect();
            let hint = match nearest(&rest(name), &known) {
                Some(near) => format!("did you mean `ORCHESTRA_{near}`?"),
                None => "`orchestra config` shows every setting".to_owned(),
            };
            findings.warning(Place::START, "this variable sets nothing", hint);
        }
    }
}

/// Takes what `-c KEY=VALUE` sets, as pairs of a key (`limits.retries`) and a value; of two for one key the later one.
/// Only single values can be set so.
pub fn parse_flags(pairs: &[(String, String)]) -> Parsed<ConfigLayer> {
    let mut settings = Vec::new();
    let mut findings = Findings::new("-c");
    for (key, text) in pairs {
        let flag = format!("-c {}", shown(key).trim_matches('`'));
        let read = match SCALARS.iter().find(|known| *known == key) {
            Some(key) => Change::scalar(key, text),
            None if is_manifold(key) => Err(manifold(key)),
            None => Err(Wrong {
                what: format!("there is no setting {}", shown(key)),
                hint: hint_for(key, SCALARS),
            }),
        };
        match read {
            Ok(change) => settings.push(Setting::new(key, change, &flag, None)),
            Err(Wrong { what, hint }) => {
                let mut own = Findings::new(&flag);
                own.error(Place::START, what, hint);
                findings.join(own);
            }
        }
    }
    findings.finish(Some(ConfigLayer { layer: Layer::Flags, settings }))
}

/// Reads the tree of one file.
pub(super) struct Reader {
    pub(super) layer: Layer,
    pub(super) path: String,
    pub(super) findings: Findings,
    pub(super) settings: Vec<Setting>,
    /// Whether the file says that it is for a newer program.
    is_newer: bool,
}

impl Reader {
    fn new(layer: Layer, path: &str) -> Self {
        let (path, findings) = (path.to_owned(), Findings::new(path));
        Self { layer, path, findings, settings: Vec::new(), is_newer: false }
    }

    fn read(&mut self, fields: &Fields<'_>) {
        self.read_version(fields);
        for entry in fields.entries() {
            match entry.key.as_str() {
                "version" => {}
                "verify" => self.read_verify(entry),
                "agents" => agents::read_agents(self, entry),
                "models" => agents::read_models(self, entry),
                "prices" => http::read_prices(self, entry),
                own if PERSONS.contains(&own) && self.layer == Layer::Project => self.not_of_a_project(entry),
                "keys" => keys::read_keys(self, entry),
                scalar @ ("notify" | "notify_progress" | "mouse") => self.read_scalar(scalar, entry, fields),
                "notify_command" => self.read_notify_command(entry, fields),
                section if SECTIONS.contains(&section) => self.read_section(entry),
                _ => {
                    let is_ours = |key: &&&str| self.layer != Layer::Project || !PERSONS.contains(key);
                    let known: Vec<&str> = TOP.iter().filter(is_ours).copied().collect();
                    self.unknown(entry, &known);
                }
            }
        }
    }

    /// Refuses what only the person sets.
    fn not_of_a_project(&mut self, entry: &Entry) {
        let what = format!("{} is the person's to set, not the project's", shown(&entry.key));
        let hint = "move it to your own configuration: `orchestra config` names the file";
        self.findings.error(entry.at, what, hint);
    }

    fn read_version(&mut self, fields: &Fields<'_>) {
        let Some((text, at)) = fields.text("version", &mut self.findings) else { return };
        match text.parse::<u32>() {
            Ok(version) if version <= VERSION && version > 0 => {}
            Ok(version) if version > VERSION => {
                self.is_newer = true;
                self.findings.warning(
                    at,
                    format!("version {version} is newer than this program, which reads {VERSION}"),
                    "keys that it does not know have no effect",
                );
            }
            Ok(_) | Err(_) => {
                self.findings.error(at, format!("{} is no version", shown(text)), "write `version: 1`");
            }
        }
    }

    /// A section of single values: gates, review, limits, push.
    fn read_section(&mut self, section: &Entry) {
        let Some(fields) = Fields::of(&section.node, &mut self.findings) else { return };
        let prefix = format!("{}.", section.key);
        let known: Vec<&str> = SCALARS.iter().filter_map(|key| key.strip_prefix(prefix.as_str())).collect();
        for entry in fields.entries() {
            if known.contains(&entry.key.as_str()) {
                self.read_scalar(&format!("{prefix}{}", entry.key), entry, &fields);
            } else {
                self.unknown(entry, &known);
            }
        }
    }

    pub(super) fn read_scalar(&mut self, key: &str, entry: &Entry, fields: &Fields<'_>) {
        let Some((text, at)) = fields.text(&entry.key, &mut self.findings) else { return };
        match Change::scalar(key, text) {
            Ok(change) => self.set(key, change, entry.at),
            Err(Wrong { what, hint }) => self.findings.error(at, what, hint),
        }
    }

    /// A list of commands, or a map from globs to lists of commands.
    fn read_verify(&mut self, entry: &Entry) {
        let change = match &entry.node.value {
            Value::Map(entries) => {
                let mut by_path = Vec::new();
                for entry in entries {
                    if let Some((what, hint)) = crate::document::glob_fault(&entry.key) {
                        self.findings.error(entry.at, format!("{what}: {}", shown(&entry.key)), hint);
                    }
                    let commands = self.commands(entry);
                    by_path.push((entry.key.clone(), commands));
                }
                Change::VerifyByPath(by_path)
            }
            Value::Empty | Value::Text(_) | Value::List(_) => Change::Verify(self.commands(entry)),
        };
        self.set("verify", change, entry.at);
    }

    /// A program with its arguments, an entry each.
    fn read_notify_command(&mut self, entry: &Entry, fields: &Fields<'_>) {
        let texts = crate::document::fields::texts_of(&entry.node, &mut self.findings).unwrap_or_default();
        let command: Vec<String> = texts.into_iter().map(|(text, _)| text.to_owned()).collect();
        match command.as_slice() {
            [] => {
                return self.findings.error(entry.at, "no program stands here", "`notify: auto` needs none");
            }
            [one] if one.trim().is_empty() || one.contains(char::is_whitespace) => {
                let hint = "write one entry for each argument: [\"notify-send\", \"Orchestra\"]";
                self.findings.error(entry.at, "a whole command line, which no shell takes apart", hint);
            }
            _ => {}
        }
        if fields.find("notify").is_some() {
            let what = "both `notify` and `notify_command` stand here";
            self.findings.error(entry.at, what, "remove one of the two");
        }
        self.set("notify_command", Change::Notify(Notify::Command(command)), entry.at);
    }

    fn commands(&mut self, entry: &Entry) -> Vec<String> {
        let texts = crate::document::fields::texts_of(&entry.node, &mut self.findings).unwrap_or_default();
        for (text, at) in &texts {
            if text.trim().is_empty() {
                self.findings.error(
                    *at,
                    "an empty command in `verify`",
                    "write a command, or `verify: []` for none",
                );
            }
        }
        texts.into_iter().map(|(text, _)| text.to_owned()).collect()
    }

    pub(super) fn set(&mut self, key: &str, change: Change, at: Place) {
        self.settings.push(Setting::new(key, change, &self.path, Some(at)));
    }

    pub(super) fn unknown(&mut self, entry: &Entry, known: &[&str]) {
        let what = format!("the key {} is not known", shown(&entry.key));
        let hint = hint_for(&entry.key, known);
        if self.is_newer && nearest(&entry.key, known).is_none() {
            self.findings.warning(entry.at, what, "it has no effect");
        } else if self.is_newer {
            self.findings.warning(entry.at, what, hint);
        } else {
            self.findings.error(entry.at, what, hint);
        }
    }
}
