//! The configuration of git as the program sees it, read once an operation.
//!
//! Read through the program and not through libgit2, which would look for the person's files by the worker's own
//! environment. Listing it runs nothing, `include.path` only names more files.

use crate::fault::Fault;
use crate::program::Call;
use crate::repo::Repo;

/// Keys with their values, later ones win.
#[derive(Clone, Debug, Default)]
pub(crate) struct Config {
    entries: Vec<(String, Option<String>)>,
}

impl Config {
    /// Reads all scopes.
    pub(crate) fn read(repo: &Repo) -> Result<Self, Fault> {
        Ok(Self::parse(&Call::listing(repo, ["config", "--list", "-z", "--includes"]).read()?))
    }

    fn parse(bytes: &[u8]) -> Self {
        let entries = bytes.split(|byte| *byte == 0).filter(|entry| !entry.is_empty()).map(|entry| {
            let text = String::from_utf8_lossy(entry);
            match text.split_once('\n') {
                Some((key, value)) => (key.to_owned(), Some(value.to_owned())),
                None => (text.into_owned(), None),
            }
        });
        Self { entries: entries.collect() }
    }

    /// The value of a key; section and variable in lower case. A key without `=` has no value.
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.entries.iter().rev().find(|(name, _)| name == key)?.1.as_deref()
    }

    /// All values of a key, in order.
    pub(crate) fn all<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a str> {
        self.entries.iter().filter(move |(name, _)| name == key).filter_map(|(_, value)| value.as_deref())
    }

    /// Tells whether a switch is on.
    pub(crate) fn is_on(&self, key: &str) -> bool {
        let value =
            self.entries.iter().rev().find(|(name, _)| name == key).map(|(_, value)| value.as_deref());
        match value {
            // A key without `=` is on.
            Some(None) => true,
            Some(Some(text)) => match text.to_ascii_lowercase().as_str() {
                "true" | "yes" | "on" => true,
                number => number.parse::<i64>().is_ok_and(|number| number != 0),
            },
            None => false,
        }
    }

    /// The names in the middle of `section.<name>.variable`, in order, each once.
    pub(crate) fn names_in<'a>(&'a self, section: &str) -> Vec<&'a str> {
        let mut names = Vec::new();
        for (key, _) in &self.entries {
            let middle = key
                .strip_prefix(section)
                .and_then(|rest| rest.strip_prefix('.'))
                .and_then(|rest| rest.rsplit_once('.'));
            if let Some((name, _)) = middle
                && !names.contains(&name)
            {
                names.push(name);
            }
        }
        names
    }

    /// The content filters that are set up.
    pub(crate) fn filter_names(&self) -> Vec<&str> {
        self.names_in("filter")
    }

    /// Tells whether a content filter of this name has a program.
    pub(crate) fn has_filter(&self, name: &str) -> bool {
        ["clean", "process"].iter().any(|variable| {
            self.get(&format!("filter.{name}.{variable}")).is_some_and(|value| !value.is_empty())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_value_of_a_key_counts_and_names_keep_their_dots() {
        let config =
            Config::parse(b"core.bare\0a.b\n1\0a.b\n2\nx\0filter.l.f.s.clean\nrun\0filter.l.f.s.smudge\n\0");
        assert!(config.is_on("core.bare") && !config.is_on("core.missing"));
        assert_eq!(config.get("a.b"), Some("2\nx"));
        assert_eq!(config.all("a.b").count(), 2);
        assert_eq!(config.filter_names(), ["l.f.s"]);
        assert!(config.has_filter("l.f.s") && !config.has_filter("other"));
    }
}
