//! From the first message to the prompt: what is said of ourselves, the conversation, its mode and its model.

use std::collections::VecDeque;

use serde_json::{Value, json};

use super::message;
use crate::command::event::text_at;

/// The id of the first request.
pub(super) const HELLO: u64 = 1;
/// Modes that ask before they write, as agents name them, the strictest first: for a turn that only reads.
const READING: &[&str] = &["read-only", "default", "plan"];
/// The same for a turn that writes within its room.
const WRITING: &[&str] = &["default", "workspace-write"];

/// The first line: who we are. No `fs` and no `terminal` is offered; failures are wanted as data where an agent can.
pub(super) fn hello() -> Vec<u8> {
    let failures = json!({ "jetbrains": { "air": { "version": 1, "capabilities": ["sessionFailure"] } } });
    let params = json!({
        "protocolVersion": 1,
        "clientCapabilities": {
            "fs": { "readTextFile": false, "writeTextFile": false }, "terminal": false, "_meta": failures,
        },
        "clientInfo": { "name": "orchestra", "title": "Orchestra", "version": env!("CARGO_PKG_VERSION") },
    });
    message::request(HELLO, "initialize", &params)
}

/// How an agent goes on with a conversation.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Going {
    /// Without telling it again.
    Resume,
    /// After telling it again.
    Load,
}

impl Going {
    /// What an agent can do; the result of `initialize` says it.
    pub(super) fn of(hello: &Value) -> Option<Self> {
        let resumes =
            hello.pointer("/agentCapabilities/sessionCapabilities/resume").is_some_and(Value::is_object);
        let loads = hello.pointer("/agentCapabilities/loadSession") == Some(&Value::Bool(true));
        resumes.then_some(Self::Resume).or(loads.then_some(Self::Load))
    }

    pub(super) fn method(self) -> &'static str {
        match self {
            Self::Resume => "session/resume",
            Self::Load => "session/load",
        }
    }
}

/// How somebody logs in, in one line.
pub(super) fn logins(hello: &Value) -> String {
    let methods = hello.get("authMethods").and_then(Value::as_array).into_iter().flatten();
    let told =
        methods.take(6).map(|method| match (text_at(method, "name"), text_at(method, "description")) {
            (name, "") => name.to_owned(),
            ("", description) => description.to_owned(),
            (name, description) => format!("{name} ({description})"),
        });
    let told: Vec<String> = told.filter(|text| !text.is_empty()).collect();
    if told.is_empty() {
        "log in with the agent's own program, or name the variable with its key in the agent's `env:`"
            .to_owned()
    } else {
        format!(
            "log in: {}; a key in a variable is passed on where the agent's `env:` names it",
            told.join("; ")
        )
    }
}

/// One thing that can be chosen for a conversation.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Choice {
    /// The option to set; without one it is set by a method of its own.
    option: Option<String>,
    pub(super) current: String,
    pub(super) offered: Vec<String>,
}

impl Choice {
    /// The mode that the answer to the opening, or an update, speaks of.
    pub(super) fn of_mode(value: &Value) -> Option<Self> {
        Self::of_option(value, "mode").or_else(|| {
            let modes = value.get("modes")?;
            let offered = modes.get("availableModes").and_then(Value::as_array).into_iter().flatten();
            let offered = offered.map(|mode| text_at(mode, "id").to_owned()).collect();
            Some(Self { option: None, current: text_at(modes, "currentModeId").to_owned(), offered })
        })
    }

    /// The model.
    pub(super) fn of_model(value: &Value) -> Option<Self> {
        Self::of_option(value, "model")
    }

    fn of_option(value: &Value, category: &str) -> Option<Self> {
        let options = value.get("configOptions")?.as_array()?;
        let option = options.iter().find(|option| text_at(option, "category") == category)?;
        let entries = option.get("options").and_then(Value::as_array).into_iter().flatten();
        // Options may stand in groups.
        let flat = entries.flat_map(|entry| match entry.get("options").and_then(Value::as_array) {
            Some(group) => group.iter().collect::<Vec<_>>(),
            None => vec![entry],
        });
        Some(Self {
            option: Some(text_at(option, "id").to_owned()),
            current: text_at(option, "currentValue").to_owned(),
            offered: flat.map(|entry| text_at(entry, "value").to_owned()).collect(),
        })
    }

    pub(super) fn offers(&self, wanted: &str) -> bool {
        self.offered.iter().any(|offered| offered == wanted)
    }

    /// The request that chooses a mode.
    fn set(&self, session: &str, value: &str) -> (&'static str, Value) {
        match &self.option {
            Some(option) => (
                "session/set_config_option",
                json!({ "sessionId": session, "configId": option, "value": value }),
            ),
            None => ("session/set_mode", json!({ "sessionId": session, "modeId": value })),
        }
    }
}

/// What is set before the prompt.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Setting {
    Mode,
    Model,
}

/// What a turn wants of its conversation.
#[derive(Clone, Debug, Default)]
pub(super) struct Wanted {
    pub(super) mode: Option<String>,
    pub(super) model: Option<String>,
    pub(super) writes: bool,
}

/// The settings of a conversation: what there is to set, and the mode that is kept.
#[derive(Clone, Debug, Default)]
pub(super) struct Settings {
    mode: Option<Choice>,
    model: Option<Choice>,
    /// The mode in which the agent stays.
    kept: String,
    /// What is still to be set, and to what.
    open: VecDeque<(Setting, String)>,
}

/// Why a conversation cannot be as it is wanted.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct NotOffered {
    pub(super) message: String,
    pub(super) hint: String,
}

impl Settings {
    /// Reads what a conversation offers. The second value is what the person should know.
    pub(super) fn of(opened: &Value, wanted: &Wanted) -> Result<(Self, Option<String>), NotOffered> {
        let mut settings =
            Self { mode: Choice::of_mode(opened), model: Choice::of_model(opened), ..Self::default() };
        let mut remark = None;
        if let Some(mode) = &settings.mode {
            let target = wanted_mode(mode, wanted)?;
            if target.is_none() && !wanted.writes {
                remark = Some(format!(
                    "none of its modes ({}) is known to ask before it writes: it only is told not to",
                    mode.offered.join(", ")
                ));
            }
            settings.kept.clone_from(&mode.current);
            if let Some(target) = target.filter(|target| *target != mode.current) {
                settings.open.push_back((Setting::Mode, target.clone()));
                settings.kept = target;
            }
        } else if let Some(wanted) = wanted.mode.as_ref().filter(|_| wanted.writes) {
            remark = Some(format!("it has no modes: `{wanted}` is not set"));
        }
        if let Some(wanted) = &wanted.model {
            match &settings.model {
                None => remark = Some(format!("it does not let a model be chosen: `{wanted}` is not set")),
                Some(model) if model.current == *wanted => {}
                Some(model) if model.offers(wanted) => {
                    settings.open.push_back((Setting::Model, wanted.clone()));
                }
                Some(model) => return Err(not_offered("model", wanted, model)),
            }
        }
        Ok((settings, remark))
    }

    /// The next thing to set, as method and parameters.
    pub(super) fn next(&mut self, session: &str) -> Option<(Setting, &'static str, Value)> {
        let (setting, value) = self.open.pop_front()?;
        let choice = match setting {
            Setting::Mode => self.mode.as_ref(),
            Setting::Model => self.model.as_ref(),
        };
        let (method, params) = choice?.set(session, &value);
        Some((setting, method, params))
    }

    /// Takes a mode that an agent says it is in now. Where it is another than that of its turn: its name.
    pub(super) fn left_for(&self, update: &Value) -> Option<String> {
        self.mode.as_ref()?;
        let now = match text_at(update, "currentModeId") {
            "" => Choice::of_mode(update)?.current,
            now => now.to_owned(),
        };
        (!now.is_empty() && now != self.kept).then_some(now)
    }

    /// The request that brings the agent back into the mode of its turn.
    pub(super) fn back(&self, session: &str) -> Option<(&'static str, Value)> {
        Some(self.mode.as_ref()?.set(session, &self.kept))
    }

    /// The mode of the turn.
    pub(super) fn kept(&self) -> &str {
        &self.kept
    }
}

/// The mode for a turn: for one that only reads never the one that is configured for writing.
fn wanted_mode(mode: &Choice, wanted: &Wanted) -> Result<Option<String>, NotOffered> {
    if let Some(named) = wanted.mode.as_ref().filter(|_| wanted.writes) {
        return if mode.offers(named) {
            Ok(Some(named.clone()))
        } else {
            Err(not_offered("mode", named, mode))
        };
    }
    let known = if wanted.writes { WRITING } else { READING };
    Ok(known.iter().find(|known| mode.offers(known)).map(|known| (*known).to_owned()))
}

fn not_offered(what: &str, wanted: &str, choice: &Choice) -> NotOffered {
    let mut offered = choice.offered.clone();
    let more = offered.len().saturating_sub(20);
    offered.truncate(20);
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    NotOffered {
        message: format!("the agent has no {what} `{wanted}`"),
        hint: format!("it offers: {}{more}", offered.join(", ")),
    }
}

#[cfg(test)]
mod tests;
