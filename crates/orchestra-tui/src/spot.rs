//! A line of a file, as something can be said of it.

use std::sync::Arc;

/// How much of a line is quoted, in characters.
const QUOTED: usize = 200;

/// A line of a file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Spot {
    /// The file.
    pub(crate) file: Arc<str>,
    /// The line's number, from 1: in the new file, or in the old one for a line that was removed.
    pub(crate) line: usize,
    /// What became of it.
    pub(crate) fate: Fate,
    /// What it says, harmless.
    pub(crate) text: String,
    /// The commit that shows it, where a later one that is shown changes the same file once more.
    pub(crate) commit: Option<Arc<str>>,
}

/// What became of a line.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Fate {
    /// It was there, and is.
    Kept,
    /// It is new.
    Added,
    /// It is gone.
    Removed,
}

impl Spot {
    /// Whether it is the same line, as far as can be told: file, number, fate and text.
    pub(crate) fn is_as(&self, other: &Self) -> bool {
        self.file == other.file
            && self.line == other.line
            && self.fate == other.fate
            && self.text == other.text
    }

    /// Where it is, as compilers say it: `src/auth.rs:42`.
    pub(crate) fn place(&self) -> String {
        let of = self.commit.as_ref().map(|commit| format!(" (as of commit {commit})")).unwrap_or_default();
        format!("{}:{}{of}", self.file, self.line)
    }

    /// What it says, with the sign that tells what became of it; cut where it is long.
    pub(crate) fn quote(&self) -> String {
        let sign = match self.fate {
            Fate::Kept => "",
            Fate::Added => "+",
            Fate::Removed => "-",
        };
        let cut = self.text.char_indices().nth(QUOTED);
        match cut {
            Some((end, _)) => format!("{sign}{}…", &self.text[..end]),
            None => format!("{sign}{}", self.text),
        }
    }
}
