//! No key goes to a model, nor into what is kept of a conversation, whoever wrote it: a person, a file, the model itself.
//!
//! By their exact values alone: what merely looks like a key may be a line of a file that is edited next.

use serde_json::Value;

use crate::http::message::{Call, Part};
use crate::redact::REDACTED;

/// A text without keys.
pub(super) fn without(keys: &[String], text: String) -> String {
    keys.iter().fold(text, |text, key| if text.contains(key) { text.replace(key, REDACTED) } else { text })
}

/// A part without keys. What is sealed cannot be changed: with a key in it, it is not kept.
pub(super) fn part_without(keys: &[String], part: Part) -> Part {
    match part {
        Part::Text { text } => Part::Text { text: without(keys, text) },
        Part::Thinking { text, signed } => Part::Thinking {
            text: without(keys, text),
            signed: signed.filter(|signed| !has_key(keys, signed)),
        },
        Part::Call(Call { id, name, mut input, unreadable, signed }) => {
            clean(keys, &mut input);
            let unreadable = unreadable.map(|why| without(keys, why));
            let signed = signed.filter(|signed| !has_key(keys, signed));
            Part::Call(Call { id, name: without(keys, name), input, unreadable, signed })
        }
    }
}

fn has_key(keys: &[String], value: &Value) -> bool {
    let mut copy = value.clone();
    clean(keys, &mut copy);
    copy != *value
}

fn clean(keys: &[String], value: &mut Value) {
    match value {
        Value::String(text) => *text = without(keys, std::mem::take(text)),
        Value::Array(values) => values.iter_mut().for_each(|value| clean(keys, value)),
        Value::Object(map) => {
            let old = std::mem::take(map);
            *map = old
                .into_iter()
                .map(|(name, mut value)| {
                    clean(keys, &mut value);
                    (without(keys, name), value)
                })
                .collect();
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
