//! Reads a proposal that somebody wrote into a file, as JSON or YAML.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::{ChangeProposal, MAX_BYTES, MilestoneProposal, Objection};
use crate::document::yaml;

/// A proposal of either kind.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Proposal {
    /// A new milestone.
    Milestone(Box<MilestoneProposal>),
    /// A change of one that exists.
    Change(Box<ChangeProposal>),
}

/// Reads a proposal. One with the keys `milestone` and `changes` is a change.
pub fn parse(text: &str) -> Result<Proposal, Objection> {
    let failed = |at: String, what: String, hint: &str| Objection { at, what, hint: hint.to_owned() };
    if text.len() > MAX_BYTES {
        let what = format!("{} bytes are too many", text.len());
        return Err(failed(String::new(), what, &format!("at most {MAX_BYTES} in all")));
    }
    let value = match serde_json::from_str(text) {
        Ok(value) => value,
        Err(error) if text.trim_start().starts_with('{') => {
            let at = format!("line {}", error.line());
            return Err(failed(at, error.to_string(), "write it as JSON, or as YAML"));
        }
        Err(_no_json) => match yaml::parse(text.strip_prefix("---\n").unwrap_or(text), 0) {
            Ok(node) => of_yaml(node.value, false),
            Err(fault) => {
                let at = format!("line {}", fault.at.line);
                return Err(failed(at, fault.expected, &fault.hint));
            }
        },
    };
    let hint = "`orchestra schema proposal` and `orchestra schema change` list the keys";
    if !value.is_object() {
        return Err(failed(String::new(), "expected keys with values".to_owned(), hint));
    }
    let is_change = value.get("milestone").is_some() && value.get("changes").is_some();
    let read =
        if is_change { read(value).map(Proposal::Change) } else { read(value).map(Proposal::Milestone) };
    read.map_err(|error| failed(String::new(), error, hint))
}

fn read<T: DeserializeOwned>(value: Value) -> Result<Box<T>, String> {
    serde_json::from_value(value).map(Box::new).map_err(|error| error.to_string())
}

/// Scalars are texts as they are written, but for numbers of phases.
fn of_yaml(value: yaml::Value, is_numbered: bool) -> Value {
    match value {
        yaml::Value::Empty => Value::Null,
        yaml::Value::Text(text) => match text.parse::<u32>() {
            Ok(number) if is_numbered => number.into(),
            Ok(_) | Err(_) => Value::String(text),
        },
        yaml::Value::List(nodes) => {
            Value::Array(nodes.into_iter().map(|node| of_yaml(node.value, is_numbered)).collect())
        }
        yaml::Value::Map(entries) => {
            let entry = |entry: yaml::Entry| {
                let is_numbered = entry.key == "depends_on";
                (entry.key, of_yaml(entry.node.value, is_numbered))
            };
            Value::Object(entries.into_iter().map(entry).collect::<Map<_, _>>())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_and_yaml_are_read_alike() {
        let json = r#"{"title": "Login 2", "summary": "s", "criteria": ["404"], "out_of_scope": [], "prd": "p",
            "phases": [{"role": "backend", "title": "t", "objective": "o", "depends_on": [1, 2]}]}"#;
        let yaml = "---\ntitle: Login 2\nsummary: s\ncriteria: [404]\nout_of_scope: []\nprd: |\n  p\nphases:\n  - role: backend\n    \
                    title: t\n    objective: o\n    depends_on: [1, 2]\n";
        let (json, yaml) = (parse(json).unwrap(), parse(yaml).unwrap());
        let (Proposal::Milestone(json), Proposal::Milestone(yaml)) = (json, yaml) else { panic!() };
        assert_eq!(MilestoneProposal { prd: yaml.prd.trim().to_owned(), ..*yaml }, *json);
    }

    #[test]
    fn a_change_is_told_by_its_keys() {
        let yaml = "milestone: M1\nreason: so\nchanges:\n  - move_phase: { phase: phase-2, order: 2.50 }\n";
        let Ok(Proposal::Change(change)) = parse(yaml) else { panic!() };
        let wanted =
            super::super::Change::MovePhase { phase: "phase-2".to_owned(), order: "2.50".to_owned() };
        assert_eq!(change.changes, [wanted]);
    }

    #[test]
    fn what_cannot_be_read_says_where_and_what_to_do() {
        for (text, wanted) in [
            ("{\"title\": }", "line 1: expected value at line 1 column 11 (write it as JSON, or as YAML)"),
            (
                "title: &a x\nsummary: *a\n",
                "line 1: anchors (`&name`) and aliases (`*name`) are not read here",
            ),
            ("title: x\ntitel: y\n", "unknown field `titel`"),
            ("- x\n", "expected keys with values"),
            ("", "expected keys with values"),
        ] {
            let told = parse(text).unwrap_err().to_string();
            assert!(told.contains(wanted), "{text}: {told}");
        }
        assert!(parse(&"x".repeat(MAX_BYTES + 1)).is_err());
    }
}
