//! Keys of the screen as a person has set them. What an action is and which keys there are, the screen knows.

use super::layer::Reader;
use super::setting::Change;
use crate::document::fields::{Fields, texts_of};
use crate::document::findings::hint_for;
use crate::document::yaml::Entry;

/// The keys that a person gave to one action, and where they did.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct KeySetting {
    /// The action's name, as it stands there.
    pub action: String,
    /// Its keys, as they stand there; none takes them all away.
    pub keys: Vec<String>,
    /// The file.
    pub path: String,
    /// The line, from 1.
    pub line: u32,
    /// The column, from 1.
    pub column: u32,
}

/// Says which words there are, and which of them was probably meant.
pub fn hint(word: &str, known: &[&str]) -> String {
    hint_for(word, known)
}

/// Reads `keys`: for each action a key, or a list of keys.
pub(super) fn read_keys(reader: &mut Reader, section: &Entry) {
    let Some(fields) = Fields::of(&section.node, &mut reader.findings) else { return };
    for entry in fields.entries() {
        let keys = texts_of(&entry.node, &mut reader.findings).unwrap_or_default();
        let setting = KeySetting {
            action: entry.key.clone(),
            keys: keys.into_iter().map(|(key, _)| key.to_owned()).collect(),
            path: reader.path.clone(),
            line: entry.at.line,
            column: entry.at.column,
        };
        reader.set(&format!("keys.{}", entry.key), Change::Keys(setting), entry.at);
    }
}
