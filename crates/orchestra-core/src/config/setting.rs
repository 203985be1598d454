//! What can be set: the keys, their values and how each changes a [`Config`].

use std::time::Duration;

use super::http::Price;
use super::keys::KeySetting;
use super::value::{parse_duration, parse_size};
use super::{AgentConfig, Config, GatePolicy, InputFormat, Limits, Notify, OutputFormat, Preset, VerifyPlan};
use crate::document::Place;
use crate::document::findings::{hint_for, listed, shown};
use crate::id::AgentName;
use crate::plan::{Complexity, GateKind};

/// Every key at the top of a file.
pub(super) const TOP: &[&str] = &[
    "version",
    "gates",
    "review",
    "verify",
    "agents",
    "models",
    "prices",
    "limits",
    "push",
    "keys",
    "notify_command",
    "notify",
    "notify_progress",
    "mouse",
];

/// Those of them that only the person sets.
pub(super) const PERSONS: &[&str] = &["keys", "notify_command", "notify", "notify_progress", "mouse"];

/// The sections that hold single values.
pub(super) const SECTIONS: &[&str] = &["gates", "review", "limits", "push", "agents"];

/// Every key with a single value.
pub(super) const SCALARS: &[&str] = &[
    "gates.rfc",
    "gates.push",
    "review.when",
    "review.fix_rounds",
    "review.again",
    "agents.default",
    "limits.jobs",
    "limits.retries",
    "limits.backoff",
    "limits.outage",
    "limits.repair_attempts",
    "limits.circuit_failures",
    "limits.phase_timeout",
    "limits.verify_timeout",
    "limits.hook_timeout",
    "limits.silence",
    "limits.output",
    "limits.snapshot",
    "push.remote",
    "push.branch",
    "notify",
    "notify_progress",
    "mouse",
];

/// Tells whether a key has more than a single value, or names no value at all, so that only a file can set it.
pub(super) fn is_manifold(key: &str) -> bool {
    let top = key.split('.').next().unwrap_or_default();
    !SCALARS.contains(&key)
        && (TOP.contains(&key)
            || matches!(top, "verify" | "models" | "prices" | "agents" | "keys" | "notify_command"))
}

/// Says why such a key cannot be set by a flag or a variable.
pub(super) fn manifold(key: &str) -> Wrong {
    let top = key.split('.').next().unwrap_or_default();
    let parts: Vec<&str> =
        SCALARS.iter().copied().filter(|known| known.split('.').next() == Some(top)).collect();
    let hint = match parts.as_slice() {
        [] if PERSONS.contains(&top) => {
            format!("write `{top}:` into your own configuration")
        }
        [] => format!("write `{top}:` into .orchestra/config.yaml, or into your own configuration"),
        parts => format!("of `{top}` there are: {}; the rest stands in a file", listed(parts)),
    };
    Wrong { what: format!("only a file can set {}", shown(key)), hint }
}

/// The largest number that a count of repetitions may have.
const MAX_COUNT: u32 = 1_000;
/// The largest number of phases at once.
const MAX_JOBS: u32 = 64;

/// One setting and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Setting {
    pub(super) key: String,
    pub(super) change: Change,
    /// The file, or the name of the variable.
    pub(super) path: String,
    /// The place in the file.
    pub(super) at: Option<Place>,
}

impl Setting {
    pub(super) fn new(key: &str, change: Change, path: &str, at: Option<Place>) -> Self {
        Self { key: key.to_owned(), change, path: path.to_owned(), at }
    }
}

/// Why a text cannot be the value of a key.
#[derive(Clone, Debug)]
pub(super) struct Wrong {
    pub(super) what: String,
    pub(super) hint: String,
}

/// What a setting does.
#[derive(Clone, Debug)]
pub(super) enum Change {
    Gate(GateKind, GatePolicy),
    ReviewAlways(bool),
    FixRounds(u32),
    ReviewAgain(bool),
    DefaultAgent(AgentName),
    Agent(AgentName, AgentConfig),
    Model(AgentName, Complexity, String),
    Price(String, Price),
    Verify(Vec<String>),
    VerifyByPath(Vec<(String, Vec<String>)>),
    Count(fn(&mut Limits) -> &mut u32, u32),
    Time(fn(&mut Limits) -> &mut Duration, Duration),
    Size(fn(&mut Limits) -> &mut u64, u64),
    Remote(String),
    Branch(Option<String>),
    Keys(KeySetting),
    Notify(Notify),
    Progress(Option<Duration>),
    Mouse(bool),
}

/// A field of [`Limits`] by its type.
pub(super) enum Slot {
    Count(fn(&mut Limits) -> &mut u32, u32),
    Time(fn(&mut Limits) -> &mut Duration),
    Size(fn(&mut Limits) -> &mut u64),
}

/// Finds the field of a limit.
pub(super) fn slot(limit: &str) -> Option<Slot> {
    Some(match limit {
        "jobs" => Slot::Count(|limits| &mut limits.jobs, MAX_JOBS),
        "retries" => Slot::Count(|limits| &mut limits.retries, MAX_COUNT),
        "backoff" => Slot::Time(|limits| &mut limits.backoff),
        "outage" => Slot::Time(|limits| &mut limits.outage),
        "repair_attempts" => Slot::Count(|limits| &mut limits.repair_attempts, MAX_COUNT),
        "circuit_failures" => Slot::Count(|limits| &mut limits.circuit_failures, MAX_COUNT),
        "phase_timeout" => Slot::Time(|limits| &mut limits.phase_timeout),
        "verify_timeout" => Slot::Time(|limits| &mut limits.verify_timeout),
        "hook_timeout" => Slot::Time(|limits| &mut limits.hook_timeout),
        "silence" => Slot::Time(|limits| &mut limits.silence),
        "output" => Slot::Size(|limits| &mut limits.output),
        "snapshot" => Slot::Size(|limits| &mut limits.snapshot),
        _ => return None,
    })
}

impl Change {
    /// Reads the value of a key that has a single one.
    pub(super) fn scalar(key: &str, text: &str) -> Result<Self, Wrong> {
        let text = text.trim();
        if let Some(limit) = key.strip_prefix("limits.") {
            return Self::limit(limit, text);
        }
        match key {
            "gates.rfc" => gate_policy(text).map(|policy| Self::Gate(GateKind::Rfc, policy)),
            "gates.push" => gate_policy(text).map(|policy| Self::Gate(GateKind::Push, policy)),
            "review.when" => one_of(text, &[("always", true), ("never", false)]).map(Self::ReviewAlways),
            "review.again" => flag(text).map(Self::ReviewAgain),
            "review.fix_rounds" => count(text, 0, MAX_COUNT).map(Self::FixRounds),
            "agents.default" => agent_name(text).map(Self::DefaultAgent),
            "push.remote" => word(text).map(Self::Remote),
            "push.branch" if text == "current" => Ok(Self::Branch(None)),
            "push.branch" => branch(text).map(|branch| Self::Branch(Some(branch))),
            "notify" => one_of(text, Notify::WORDS).map(Self::Notify),
            "notify_progress" if text == "off" => Ok(Self::Progress(None)),
            "notify_progress" => progress(text).map(|every| Self::Progress(Some(every))),
            "mouse" => one_of(text, &[("off", false), ("on", true)]).map(Self::Mouse),
            _ => Err(Wrong {
                what: format!("there is no setting {}", shown(key)),
                hint: hint_for(key, SCALARS),
            }),
        }
    }

    fn limit(limit: &str, text: &str) -> Result<Self, Wrong> {
        match slot(limit) {
            Some(Slot::Count(field, most)) => {
                let least = u32::from(matches!(limit, "jobs" | "circuit_failures"));
                Ok(Self::Count(field, count(text, least, most)?))
            }
            Some(Slot::Time(field)) => {
                let time = parse_duration(text)
                    .filter(|time| !time.is_zero() || limit == "outage" || limit == "backoff");
                time.map(|time| Self::Time(field, time)).ok_or_else(|| Wrong {
                    what: format!("{} is no duration", shown(text)),
                    hint: "write it as `2h`, `20m`, `30s` or `1h30m`".to_owned(),
                })
            }
            Some(Slot::Size(field)) => {
                parse_size(text).map(|size| Self::Size(field, size)).ok_or_else(|| Wrong {
                    what: format!("{} is no size", shown(text)),
                    hint: "write it as `64MiB`, `1GiB` or a number of bytes".to_owned(),
                })
            }
            None => Err(Wrong {
                what: format!("there is no limit {}", shown(limit)),
                hint: hint_for(limit, SCALARS),
            }),
        }
    }

    /// Does what the setting says.
    pub(super) fn apply(&self, config: &mut Config) {
        match self.clone() {
            Self::Gate(GateKind::Rfc, policy) => config.gates.rfc = policy,
            Self::Gate(GateKind::Push, policy) => config.gates.push = policy,
            Self::ReviewAlways(always) => config.review.always = always,
            Self::FixRounds(rounds) => config.review.fix_rounds = rounds,
            Self::ReviewAgain(again) => config.review.again = again,
            Self::DefaultAgent(agent) => config.default_agent = Some(agent),
            Self::Agent(name, agent) => {
                config.agents.insert(name, agent);
            }
            Self::Model(agent, complexity, model) => {
                config.models.entry(agent).or_default().insert(complexity, model);
            }
            Self::Price(model, price) => {
                config.prices.insert(model, price);
            }
            Self::Verify(commands) => config.verify = VerifyPlan::Always(commands),
            Self::VerifyByPath(by_path) => config.verify = VerifyPlan::ByPath(by_path),
            Self::Count(field, count) => *field(&mut config.limits) = count,
            Self::Time(field, time) => *field(&mut config.limits) = time,
            Self::Size(field, size) => *field(&mut config.limits) = size,
            Self::Remote(remote) => config.push.remote = Some(remote),
            Self::Branch(branch) => config.push.branch = branch,
            Self::Keys(setting) => {
                config.keys.insert(setting.action.clone(), setting);
            }
            Self::Notify(notify) => config.notify = notify,
            Self::Progress(every) => config.progress = every,
            Self::Mouse(is_on) => config.mouse = is_on,
        }
    }
}

impl GatePolicy {
    /// Every word with what it means.
    const WORDS: &'static [(&'static str, Self)] =
        &[("ask", Self::Ask), ("auto", Self::Auto), ("never", Self::Never)];

    /// The word as configuration writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ask => "ask",
            Self::Auto => "auto",
            Self::Never => "never",
        }
    }
}

impl Preset {
    /// Every word with what it means.
    pub(super) const WORDS: &'static [(&'static str, Self)] =
        &[("claude-code", Self::ClaudeCode), ("codex", Self::Codex)];

    /// The word as configuration writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ClaudeCode => "claude-code",
            Self::Codex => "codex",
        }
    }
}

impl InputFormat {
    /// Every word with what it means.
    pub(super) const WORDS: &'static [(&'static str, Self)] =
        &[("prompt", Self::Prompt), ("json-lines", Self::JsonLines)];

    /// The word as configuration writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Prompt => "prompt",
            Self::JsonLines => "json-lines",
        }
    }
}

impl OutputFormat {
    /// Every word with what it means.
    pub(super) const WORDS: &'static [(&'static str, Self)] =
        &[("text", Self::Text), ("json-lines", Self::JsonLines)];

    /// The word as configuration writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::JsonLines => "json-lines",
        }
    }
}

impl Notify {
    /// Every word with what it means.
    const WORDS: &'static [(&'static str, Self)] = &[
        ("auto", Self::Auto),
        ("bell", Self::Bell),
        ("osc9", Self::Osc9),
        ("osc777", Self::Osc777),
        ("off", Self::Off),
    ];

    /// The word as configuration writes it; a command has none.
    pub fn as_str(&self) -> &'static str {
        Self::WORDS.iter().find(|(_, known)| known == self).map_or("", |(word, _)| word)
    }
}

fn gate_policy(text: &str) -> Result<GatePolicy, Wrong> {
    one_of(text, GatePolicy::WORDS)
}

/// One of a closed list of words.
pub(super) fn one_of<T: Clone>(text: &str, words: &[(&str, T)]) -> Result<T, Wrong> {
    let found = words.iter().find(|(word, _)| *word == text).map(|(_, value)| value.clone());
    found.ok_or_else(|| {
        let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        Wrong {
            what: format!("{} stands here, expected one of {}", shown(text), listed(&words)),
            hint: hint_for(text, &words),
        }
    })
}

fn progress(text: &str) -> Result<Duration, Wrong> {
    parse_duration(text).filter(|every| !every.is_zero()).ok_or_else(|| Wrong {
        what: format!("{} is no duration", shown(text)),
        hint: "write it as `30m` or `2h`, or `off`".to_owned(),
    })
}

fn flag(text: &str) -> Result<bool, Wrong> {
    one_of(text, &[("true", true), ("false", false)])
}

fn count(text: &str, least: u32, most: u32) -> Result<u32, Wrong> {
    let count = text.parse().ok().filter(|count| (least..=most).contains(count));
    count.ok_or_else(|| Wrong {
        what: format!("{} stands here, expected a number from {least} to {most}", shown(text)),
        hint: String::new(),
    })
}

/// The name of an agent. `default` is the key beside the names.
pub(super) fn agent_name(text: &str) -> Result<AgentName, Wrong> {
    AgentName::parse(text).map_err(|error| Wrong {
        what: format!("{} cannot be an agent's name", shown(text)),
        hint: error.why.to_owned(),
    })
}

/// A name that ends up as an argument of git: no white space, and never an option.
fn word(text: &str) -> Result<String, Wrong> {
    let fits = !text.is_empty()
        && !text.starts_with('-')
        && !text.contains(|c: char| c.is_whitespace() || c.is_control());
    if fits {
        Ok(text.to_owned())
    } else {
        Err(Wrong {
            what: format!("{} cannot be a name on the remote's side", shown(text)),
            hint: "no white space, and no `-` at its beginning".to_owned(),
        })
    }
}

fn branch(text: &str) -> Result<String, Wrong> {
    let name = word(text)?;
    if name.replace("{milestone}", "").contains(['{', '}']) {
        return Err(Wrong {
            what: format!("{} has a place for something that is not known", shown(text)),
            hint: "`{milestone}` is the only one".to_owned(),
        });
    }
    Ok(name)
}
