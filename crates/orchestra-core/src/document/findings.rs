//! Collects what is wrong with a document, and finds the word that was probably meant.

use super::{Parsed, Place};
use crate::diagnostic::Diagnostic;

/// How many errors and how many warnings of one document are kept; more help nobody.
const MAX_KEPT: usize = 50;

/// One fault before it is known which file it stands in.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Fault {
    pub(crate) at: Place,
    pub(crate) expected: String,
    pub(crate) hint: String,
}

impl Fault {
    pub(crate) fn new(at: Place, expected: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { at, expected: expected.into(), hint: hint.into() }
    }

    /// Names the file.
    pub(crate) fn of(self, path: &str) -> Diagnostic {
        Diagnostic {
            path: path.to_owned(),
            line: self.at.line,
            column: self.at.column,
            expected: self.expected,
            hint: self.hint,
        }
    }
}

/// The faults of one file.
#[derive(Clone, Debug)]
pub(crate) struct Findings {
    path: String,
    errors: Vec<Diagnostic>,
    warnings: Vec<Diagnostic>,
}

impl Findings {
    pub(crate) fn new(path: &str) -> Self {
        Self { path: path.to_owned(), errors: Vec::new(), warnings: Vec::new() }
    }

    pub(crate) fn error(&mut self, at: Place, expected: impl Into<String>, hint: impl Into<String>) {
        self.add_error(Fault::new(at, expected, hint));
    }

    pub(crate) fn warning(&mut self, at: Place, expected: impl Into<String>, hint: impl Into<String>) {
        self.add_warning(Fault::new(at, expected, hint));
    }

    pub(crate) fn add_error(&mut self, fault: Fault) {
        if self.errors.len() < MAX_KEPT {
            self.errors.push(fault.of(&self.path));
        }
    }

    pub(crate) fn add_warning(&mut self, fault: Fault) {
        if self.warnings.len() < MAX_KEPT {
            self.warnings.push(fault.of(&self.path));
        }
    }

    /// Keeps a warning about another file.
    pub(crate) fn keep_warning(&mut self, warning: Diagnostic) {
        self.warnings.push(warning);
    }

    /// Takes over what was found in another file.
    pub(crate) fn join(&mut self, other: Self) {
        self.errors.extend(other.errors);
        self.warnings.extend(other.warnings);
    }

    pub(crate) fn has_errors(&self) -> bool {
        !self.errors.is_empty()
    }

    /// Everything as warnings.
    pub(crate) fn into_warnings(mut self) -> Vec<Diagnostic> {
        let mut all = std::mem::take(&mut self.errors);
        all.append(&mut self.warnings);
        self.sorted(all)
    }

    /// In the order of the text; what concerns other files comes after what concerns this one.
    fn sorted(&self, mut diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
        let place =
            |found: &Diagnostic| (found.path != self.path, found.path.clone(), found.line, found.column);
        diagnostics.sort_by_cached_key(place);
        diagnostics
    }

    /// Hands the value out if nothing is wrong with it. A value that could not be made must have left an error.
    pub(crate) fn finish<T>(mut self, value: Option<T>) -> Parsed<T> {
        let (errors, warnings) = (std::mem::take(&mut self.errors), std::mem::take(&mut self.warnings));
        let result = match value {
            Some(value) if errors.is_empty() => Ok(value),
            Some(_) | None => Err(self.sorted(errors)),
        };
        Parsed { result, warnings: self.sorted(warnings) }
    }
}

/// Shows a word from a document inside a message: on one line, shortened, nothing in it that moves a cursor.
pub(crate) fn shown(word: &str) -> String {
    const MOST: usize = 60;
    let mut text = super::plain::visible(word).chars().take(MOST + 1).collect::<String>();
    if text.chars().count() > MOST {
        text.pop();
        text.push('…');
    }
    format!("`{text}`")
}

/// Lists words for a message.
pub(crate) fn listed<S: AsRef<str>>(words: &[S]) -> String {
    words.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(", ")
}

/// Says which words there are, and which of them was probably meant.
pub(crate) fn hint_for<S: AsRef<str>>(word: &str, known: &[S]) -> String {
    match nearest(word, known) {
        None if known.is_empty() => "there are none".to_owned(),
        Some(near) => format!("did you mean `{near}`? there are: {}", listed(known)),
        None => format!("there are: {}", listed(known)),
    }
}

/// Finds the known word that is nearest to what was written, if any is near enough to be meant.
pub(crate) fn nearest<'k, S: AsRef<str>>(word: &str, known: &'k [S]) -> Option<&'k str> {
    const LONGEST: usize = 60;
    if word.len() > LONGEST {
        return None;
    }
    let word = word.to_lowercase();
    let allowed = word.chars().count().max(3) / 3;
    known
        .iter()
        .map(|known| (distance(&word, &known.as_ref().to_lowercase()), known.as_ref()))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known)
}

/// The number of characters to change, add, remove or swap with their neighbour (optimal string alignment).
fn distance(one: &str, two: &str) -> usize {
    let (one, two): (Vec<char>, Vec<char>) = (one.chars().collect(), two.chars().collect());
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=two.len()).collect();
    for (i, a) in one.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, b) in two.iter().enumerate() {
            let mut best = (last[j] + usize::from(a != b)).min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *a == two[j - 1] && one[i - 1] == *b {
                best = best.min(before_last[j - 1] + 1);
            }
            row.push(best);
        }
        before_last = std::mem::replace(&mut last, row);
    }
    last[two.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_that_was_meant_is_found_and_a_far_one_is_not_guessed() {
        let known = ["planning", "in-progress", "review", "done"];
        assert_eq!(nearest("in_progress", &known), Some("in-progress"));
        assert_eq!(nearest("dnoe", &known), Some("done"));
        assert_eq!(nearest("DONE", &known), Some("done"));
        assert_eq!(nearest("banana", &known), None);
        assert_eq!(nearest("", &known), None);
    }

    #[test]
    fn a_word_from_a_document_cannot_move_the_cursor_or_fill_the_screen() {
        assert_eq!(shown("\u{1b}[2J\n"), "`\\u{1b}[2J\\u{a}`");
        assert_eq!(shown(&"x".repeat(1000)).chars().count(), 63);
    }
}
