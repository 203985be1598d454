//! Typed access to the keys of a mapping; what does not fit becomes a finding at its place.

use super::Place;
use super::findings::{Findings, hint_for, nearest, shown};
use super::yaml::{Entry, Node, Value};
use crate::path::ContentHash;

/// A text from a document and where it stands.
pub(crate) type Located<'a> = (&'a str, Place);

/// The keys of a front matter or of a nested map.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fields<'a> {
    entries: &'a [Entry],
    /// Where to point when a key is missing.
    pub(crate) start: Place,
}

impl<'a> Fields<'a> {
    /// Takes a node as a map; nothing at all is an empty one.
    pub(crate) fn of(node: &'a Node, findings: &mut Findings) -> Option<Self> {
        match &node.value {
            Value::Map(entries) => Some(Self { entries, start: node.at }),
            Value::Empty => Some(Self { entries: &[], start: node.at }),
            Value::Text(_) | Value::List(_) => {
                findings.error(
                    node.at,
                    format!("{} stands here, expected keys with values", node.value.kind()),
                    "write `key: value` on each line",
                );
                None
            }
        }
    }

    pub(crate) fn entries(&self) -> &'a [Entry] {
        self.entries
    }

    pub(crate) fn find(&self, key: &str) -> Option<&'a Entry> {
        self.entries.iter().find(|entry| entry.key == key)
    }

    /// Tells whether a key is not there or has no value.
    pub(crate) fn is_missing(&self, key: &str) -> bool {
        self.find(key).is_none_or(|entry| matches!(entry.node.value, Value::Empty))
    }

    /// A scalar; a key without a value counts as missing.
    pub(crate) fn text(&self, key: &str, findings: &mut Findings) -> Option<Located<'a>> {
        let entry = self.find(key)?;
        match &entry.node.value {
            Value::Text(text) => Some((text, entry.node.at)),
            Value::Empty => None,
            Value::List(_) | Value::Map(_) => {
                let kind = entry.node.value.kind();
                findings.error(entry.node.at, format!("{kind} stands here, expected a text"), "");
                None
            }
        }
    }

    /// One of a closed list of words.
    pub(crate) fn word<T>(
        &self,
        key: &str,
        words: &[&str],
        parse: impl Fn(&str) -> Option<T>,
        findings: &mut Findings,
    ) -> Option<T> {
        let (text, at) = self.text(key, findings)?;
        let word = parse(text);
        if word.is_none() {
            findings.error(at, unknown(key, text), hint_for(text, words));
        }
        word
    }

    /// `true` or `false`.
    pub(crate) fn flag(&self, key: &str, findings: &mut Findings) -> Option<bool> {
        self.word(key, &["true", "false"], |word| word.parse().ok(), findings)
    }

    /// A list of scalars; one scalar alone is a list of one.
    pub(crate) fn texts(&self, key: &str, findings: &mut Findings) -> Option<Vec<Located<'a>>> {
        let entry = self.find(key)?;
        texts_of(&entry.node, findings)
    }

    /// A hash as Orchestra writes it.
    pub(crate) fn hash(&self, key: &str, findings: &mut Findings) -> Option<ContentHash> {
        let (text, at) = self.text(key, findings)?;
        let hash = ContentHash::parse(text);
        if hash.is_none() {
            findings.error(at, format!("{} is no hash", shown(text)), "expected `sha256:` and 64 digits");
        }
        hash
    }

    /// Warns of keys that are nearly one that is missing. Others are the writer's own and stay.
    pub(crate) fn warn_of_near_misses(&self, known: &[&str], findings: &mut Findings) {
        let missing: Vec<&str> = known.iter().copied().filter(|key| self.find(key).is_none()).collect();
        for entry in self.entries {
            if !known.contains(&entry.key.as_str())
                && let Some(near) = nearest(&entry.key, &missing)
            {
                findings.warning(
                    entry.at,
                    format!("the key {} is not known and has no effect", shown(&entry.key)),
                    format!("did you mean `{near}`?"),
                );
            }
        }
    }
}

/// A list of scalars; one scalar alone is a list of one.
pub(crate) fn texts_of<'a>(node: &'a Node, findings: &mut Findings) -> Option<Vec<Located<'a>>> {
    let mut texts = Vec::new();
    match &node.value {
        Value::Text(text) => texts.push((text.as_str(), node.at)),
        Value::Empty => return None,
        Value::List(nodes) => {
            for node in nodes {
                match &node.value {
                    Value::Text(text) => texts.push((text.as_str(), node.at)),
                    Value::Empty | Value::List(_) | Value::Map(_) => {
                        let kind = node.value.kind();
                        findings.error(
                            node.at,
                            format!("{kind} stands here, expected a text"),
                            "put quotes around a text that contains `: ` or ` #`",
                        );
                        return None;
                    }
                }
            }
        }
        Value::Map(_) => {
            findings.error(node.at, "a map stands here, expected a list", "write `[one, two]`");
            return None;
        }
    }
    Some(texts)
}

/// Says that a word is not one of those that a key can have.
pub(crate) fn unknown(key: &str, text: &str) -> String {
    match key {
        "status" | "priority" | "order" | "role" | "gate" | "complexity" | "stage" => {
            format!("{} is no {key}", shown(text))
        }
        _ => format!("{} is no value of `{key}`", shown(text)),
    }
}
