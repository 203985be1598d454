//! Sets keys in YAML without touching anything else. The only file that knows the YAML editor.

use std::str::FromStr;

use yaml_edit::Document;

use super::findings::Fault;
use super::yaml::{self, Entry, Node, Value};

/// A change of one key.
#[derive(Clone, Debug)]
pub(super) struct Change {
    pub(super) key: &'static str,
    /// `None` removes the key.
    pub(super) value: Option<New>,
}

/// A new value.
#[derive(Clone, Debug)]
pub(super) enum New {
    /// A text, quoted where it has to be.
    Text(String),
    /// A number.
    Count(u32),
    /// A number with places, as it is written.
    Decimal(String),
    /// A map or list in flow style, as YAML.
    Flow(String),
}

/// Why front matter was not changed.
#[derive(Clone, Debug)]
pub(super) enum FrontError {
    /// It is not readable as keys with values.
    Unreadable(Fault),
    /// The result does not read back as it should.
    Unverified(&'static str),
}

/// Sets and removes keys. A key that is there already with the value stays as it is written; a new one goes after
/// the nearest key before it in `order` that is there, else to the end.
pub(super) fn change(
    front: &str,
    ending: &'static str,
    changes: &[Change],
    order: &[&str],
) -> Result<String, FrontError> {
    let mut text = front.to_owned();
    for change in changes {
        text = change_one(&text, ending, change, order)?;
    }
    Ok(text)
}

fn change_one(
    front: &str,
    ending: &'static str,
    change: &Change,
    order: &[&str],
) -> Result<String, FrontError> {
    let before = read(front)?;
    let wanted = change.value.as_ref().map(|new| value_of(new, change.key)).transpose()?;
    let present = find(&before, change.key);
    let is_there = match (&wanted, present) {
        (None, None) => true,
        (Some(wanted), Some(entry)) => entry.node.value.same(wanted),
        (None, Some(_)) | (Some(_), None) => false,
    };
    if is_there {
        return Ok(front.to_owned());
    }
    let unverified = FrontError::Unverified(change.key);
    let text = if before.is_empty() && !matches!(front.trim_start().chars().next(), Some('{')) {
        let Some(line) = change.value.as_ref().and_then(|new| edit("", change.key, Some(new), None)) else {
            return Err(unverified);
        };
        // Nothing but comments and blank lines, which the editor refuses: the key goes below them.
        let gap = if front.is_empty() || front.ends_with('\n') { "" } else { ending };
        format!("{front}{gap}{}{ending}", line.trim_end())
    } else {
        let after = predecessor(change.key, order, &before);
        match edit(front, change.key, change.value.as_ref(), after) {
            Some(text) => text,
            None => return Err(unverified),
        }
    };
    let after = read(&text)?;
    let is_set = match (&wanted, find(&after, change.key)) {
        (None, None) => true,
        (Some(wanted), Some(entry)) => entry.node.value.same(wanted),
        (None, Some(_)) | (Some(_), None) => false,
    };
    let rest = |entries: &[Entry]| {
        entries.iter().filter(|entry| entry.key != change.key).cloned().collect::<Vec<_>>()
    };
    let is_kept = Value::Map(rest(&before)).same(&Value::Map(rest(&after)));
    if is_set && is_kept { Ok(text) } else { Err(unverified) }
}

/// Does one change in the tree of the editor, whose handles all show the same tree.
fn edit(front: &str, key: &str, new: Option<&New>, after: Option<&str>) -> Option<String> {
    let document = Document::from_str(front).ok()?;
    let flow;
    match new {
        None => {
            document.remove(key);
        }
        Some(New::Text(text)) => put(&document, key, text.as_str(), after),
        Some(New::Count(count)) => put(&document, key, i64::from(*count), after),
        Some(New::Decimal(text)) => put(&document, key, text.parse::<f64>().ok()?, after),
        Some(New::Flow(yaml)) => {
            flow = Document::from_str(yaml).ok()?;
            match (flow.as_mapping(), flow.as_sequence()) {
                (Some(map), _) => put(&document, key, map, after),
                (None, Some(list)) => put(&document, key, list, after),
                (None, None) => return None,
            }
        }
    }
    Some(document.to_string())
}

fn put(document: &Document, key: &str, value: impl yaml_edit::AsYaml, after: Option<&str>) {
    match after {
        Some(after) if !document.contains_key(key) => {
            document.insert_after(after, key, value);
        }
        Some(_) | None => {
            document.set(key, value);
        }
    }
}

fn predecessor<'a>(key: &str, order: &[&'a str], before: &[Entry]) -> Option<&'a str> {
    let place = order.iter().position(|known| *known == key)?;
    order[..place].iter().rev().copied().find(|known| before.iter().any(|entry| entry.key == *known))
}

/// The keys with their values, in the order of the text.
pub(super) fn read(front: &str) -> Result<Vec<Entry>, FrontError> {
    let Node { at, value } = yaml::parse(front, 1).map_err(FrontError::Unreadable)?;
    match value {
        Value::Map(entries) => Ok(entries),
        Value::Empty => Ok(Vec::new()),
        Value::Text(_) | Value::List(_) => {
            let what = format!("{} stands here, expected keys with values", value.kind());
            Err(FrontError::Unreadable(Fault::new(at, what, "write `key: value` on each line")))
        }
    }
}

fn find<'a>(entries: &'a [Entry], key: &str) -> Option<&'a Entry> {
    entries.iter().find(|entry| entry.key == key)
}

fn value_of(new: &New, key: &'static str) -> Result<Value, FrontError> {
    match new {
        New::Text(text) | New::Decimal(text) => Ok(Value::Text(text.clone())),
        New::Count(count) => Ok(Value::Text(count.to_string())),
        New::Flow(yaml) => match yaml::parse(yaml, 0) {
            Ok(node) => Ok(node.value),
            Err(_) => Err(FrontError::Unverified(key)),
        },
    }
}
