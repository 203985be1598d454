//! Paths inside a repository, and content hashes.

use std::fmt;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};
use thiserror::Error;

/// A path relative to the top of the work tree, as git has it: bytes with `/` between names.
///
/// Not necessarily UTF-8. Shown with everything escaped that could move a cursor or break a line; written to
/// JSON as text, or as `{"bytes": [..]}` where it is not UTF-8, so that nothing is lost.
#[derive(Clone, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct RepoPath(Vec<u8>);

/// Says why bytes cannot be a path in a repository.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error("`{0}` is not a path inside the repository")]
pub struct RepoPathError(String);

impl RepoPath {
    /// Takes bytes as a path if they name something beneath the top: no leading `/`, no empty, `.` or `..` name.
    pub fn parse(bytes: impl Into<Vec<u8>>) -> Result<Self, RepoPathError> {
        let bytes = bytes.into();
        let names_fit = bytes
            .split(|byte| *byte == b'/')
            .all(|name| !matches!(name, b"" | b"." | b"..") && !name.contains(&0));
        if names_fit { Ok(Self(bytes)) } else { Err(RepoPathError(escaped(&bytes))) }
    }

    /// The bytes of the path.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The path as text, where it is UTF-8.
    pub fn as_str(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }

    /// The last name.
    pub fn file_name(&self) -> &[u8] {
        self.0.rsplit(|byte| *byte == b'/').next().unwrap_or(&self.0)
    }

    /// Tells whether this is `folder` or lies beneath it (a path without a `/` at its end).
    pub fn is_beneath(&self, folder: &[u8]) -> bool {
        self.0.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest[0] == b'/')
    }
}

/// Shows bytes as text on one line: control characters and what is not UTF-8 as `\x1b`.
fn escaped(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            if c.is_control() || is_bidi_control(c) {
                text.extend(c.escape_unicode());
            } else {
                text.push(c);
            }
        }
        for byte in chunk.invalid() {
            text.push_str("\\x");
            text.push(char::from_digit(u32::from(byte >> 4), 16).unwrap_or('0'));
            text.push(char::from_digit(u32::from(byte & 15), 16).unwrap_or('0'));
        }
    }
    text
}

/// Tells whether a character changes the direction of what is around it (Unicode `Bidi_Control`).
pub fn is_bidi_control(c: char) -> bool {
    matches!(c, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

impl fmt::Display for RepoPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&escaped(&self.0))
    }
}

impl fmt::Debug for RepoPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", escaped(&self.0))
    }
}

#[derive(Deserialize, Serialize)]
#[serde(untagged)]
enum Wire {
    Text(String),
    Bytes { bytes: Vec<u8> },
}

impl Serialize for RepoPath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.as_str() {
            Some(text) => Wire::Text(text.to_owned()),
            None => Wire::Bytes { bytes: self.0.clone() },
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for RepoPath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let bytes = match Wire::deserialize(deserializer)? {
            Wire::Text(text) => text.into_bytes(),
            Wire::Bytes { bytes } => bytes,
        };
        Self::parse(bytes).map_err(D::Error::custom)
    }
}

/// The SHA-256 of some content, written `sha256:` and 64 hexadecimal digits.
#[derive(Clone, Copy, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct ContentHash([u8; 32]);

impl ContentHash {
    /// Hashes bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// Hashes parts such that no two different lists of parts give the same bytes.
    pub fn of_parts<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut hasher = Sha256::new();
        for part in parts {
            hasher.update((part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        Self(hasher.finalize().into())
    }

    /// Reads what [`fmt::Display`] writes.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix("sha256:")?.as_bytes();
        if digits.len() != 64 {
            return None;
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            let digit = |digit: u8| (digit as char).to_digit(16);
            *byte = u8::try_from(digit(pair[0])? * 16 + digit(pair[1])?).ok()?;
        }
        Some(Self(bytes))
    }

    /// The first four digits, for names that a person types.
    pub fn short(&self) -> String {
        format!("{:02x}{:02x}", self.0[0], self.0[1])
    }
}

impl fmt::Display for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("sha256:")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl TryFrom<String> for ContentHash {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or("expected `sha256:` and 64 hexadecimal digits")
    }
}

impl From<ContentHash> for String {
    fn from(hash: ContentHash) -> Self {
        hash.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_leaves_the_tree_is_refused() {
        for text in ["", "/etc", "../x", "a/../b", "a//b", "./a", "a/", "a\0b"] {
            assert!(RepoPath::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_path_is_shown_on_one_line_and_kept_whole_in_json() {
        let path = RepoPath::parse(b"a\x1b[2J\n\xff\xe2\x80\xae.rs".to_vec()).unwrap();
        assert_eq!(path.to_string(), "a\\u{1b}[2J\\u{a}\\xff\\u{202e}.rs");
        let json = serde_json::to_string(&path).unwrap();
        assert_eq!(serde_json::from_str::<RepoPath>(&json).unwrap(), path);
    }

    #[test]
    fn a_hash_reads_back_and_parts_are_kept_apart() {
        let hash = ContentHash::of(b"x");
        assert_eq!(ContentHash::parse(&hash.to_string()), Some(hash));
        let (one, two): ([&[u8]; 2], [&[u8]; 2]) = ([b"ab", b"c"], [b"a", b"bc"]);
        assert_ne!(ContentHash::of_parts(one), ContentHash::of_parts(two));
    }
}
