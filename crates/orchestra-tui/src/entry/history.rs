//! What the person wrote before.

use std::sync::Arc;

/// How many texts are kept.
pub(super) const MOST: usize = 500;
/// How many bytes of them are kept.
const BYTES: usize = 256 * 1024;

/// What the person wrote before, oldest first. A copy is cheap, and stays as it is.
#[derive(Clone, Debug, Default)]
pub(crate) struct History {
    texts: Arc<Vec<String>>,
}

impl History {
    pub(crate) fn new(texts: Vec<String>) -> Self {
        let mut history = Self::default();
        for text in texts {
            history.add(&text);
        }
        history
    }

    /// Keeps a text. False where there is nothing to keep: it is empty, too long, or what was written just before.
    pub(crate) fn add(&mut self, text: &str) -> bool {
        let is_last = self.texts.last().is_some_and(|last| last == text);
        if text.trim().is_empty() || is_last || text.len() > BYTES {
            return false;
        }
        let texts = Arc::make_mut(&mut self.texts);
        texts.push(text.to_owned());
        let mut bytes: usize = texts.iter().map(String::len).sum();
        let mut gone = texts.len().saturating_sub(MOST);
        bytes -= texts[..gone].iter().map(String::len).sum::<usize>();
        while bytes > BYTES {
            bytes -= texts[gone].len();
            gone += 1;
        }
        texts.drain(..gone);
        true
    }

    pub(super) fn len(&self) -> usize {
        self.texts.len()
    }

    pub(super) fn get(&self, index: usize) -> Option<&str> {
        self.texts.get(index).map(String::as_str)
    }

    /// The last text before `end` that has this in it, whatever the case.
    pub(super) fn find_before(&self, end: usize, pattern: &str) -> Option<usize> {
        let pattern = pattern.to_lowercase();
        self.texts.iter().take(end).rposition(|text| text.to_lowercase().contains(&pattern))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_bounded_and_keeps_the_last() {
        let mut history = History::new((0..MOST + 10).map(|number| number.to_string()).collect());
        assert_eq!((history.len(), history.get(0)), (MOST, Some("10")));
        assert!(!history.add("509") && !history.add(" \n") && !history.add(&"x".repeat(BYTES + 1)));
        for letter in ["a", "b", "c"] {
            assert!(history.add(&letter.repeat(BYTES / 2)));
        }
        assert_eq!(history.len(), 2);
        assert!(history.get(1).is_some_and(|text| text.starts_with('c')));
    }
}
