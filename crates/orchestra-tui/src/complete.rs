//! What can be meant by the begin of a word: a file behind `@`, a command or a role behind `#` or `/`.

use std::sync::Arc;

use nucleo_matcher::pattern::{AtomKind, CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher};
use orchestra_core::conversation::COMMANDS;
use orchestra_core::plan::Role;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// How many are offered.
const MOST: usize = 50;
/// How many files are looked through.
const FILES: usize = 200_000;

/// What is known of the project's files.
#[derive(Clone, Debug, Default)]
pub(crate) enum Files {
    #[default]
    Unknown,
    Known(Arc<Vec<String>>),
}

/// What can be meant.
#[derive(Debug)]
pub(crate) struct Completion {
    /// The word so far, its sign included.
    word: String,
    found: Vec<Found>,
    chosen: usize,
}

/// One thing that can be meant.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Found {
    /// What is written for it, its sign included.
    pub(crate) text: String,
    /// What it is.
    pub(crate) words: String,
}

/// What a key came to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Completed {
    /// It is no key of the list.
    NotMine,
    /// Another one is chosen.
    Moved,
    /// The person does without.
    Left,
    /// This is to stand in the place of the word.
    Text(String),
}

/// What the word before the cursor begins.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Begun {
    File,
    Command,
}

/// What a word begins; `is_first` where nothing stands before it.
pub(crate) fn begun(word: &str, is_first: bool) -> Option<Begun> {
    match word.chars().next()? {
        '@' => Some(Begun::File),
        // `/src/auth.rs` is no command.
        '#' | '/' if is_first && !word[1..].contains('/') => Some(Begun::Command),
        _ => None,
    }
}

impl Completion {
    /// What can be meant by a word; nothing where it is all that is found.
    pub(crate) fn of(word: &str, begun: Begun, files: &Files, roles: &[Role]) -> Option<Self> {
        let typed: String = word.chars().skip(1).collect();
        let found = match (begun, files) {
            (Begun::File, Files::Unknown) => Vec::new(),
            (Begun::File, Files::Known(files)) => files_like(&typed, files),
            (Begun::Command, _) => commands_like(word, &typed, roles),
        };
        let is_all = matches!(&found[..], [only] if only.text == word);
        (!found.is_empty() && !is_all).then(|| Self { word: word.to_owned(), found, chosen: 0 })
    }

    /// All that can be meant, and which is chosen.
    pub(crate) fn found(&self) -> (&[Found], usize) {
        (&self.found, self.chosen)
    }

    /// How many characters stand before the cursor for which something else is to stand.
    pub(crate) fn length(&self) -> usize {
        self.word.chars().count()
    }

    pub(crate) fn key(&mut self, key: &KeyEvent) -> Completed {
        let last = self.found.len() - 1;
        let has_control = key.modifiers.contains(KeyModifiers::CONTROL);
        if !(key.modifiers - KeyModifiers::CONTROL - KeyModifiers::SHIFT).is_empty() {
            return Completed::NotMine;
        }
        match key.code {
            KeyCode::Up => self.chosen = self.chosen.checked_sub(1).unwrap_or(last),
            KeyCode::Char('p') if has_control => self.chosen = self.chosen.checked_sub(1).unwrap_or(last),
            KeyCode::Down => self.chosen = if self.chosen == last { 0 } else { self.chosen + 1 },
            KeyCode::Char('n') if has_control => {
                self.chosen = if self.chosen == last { 0 } else { self.chosen + 1 };
            }
            KeyCode::Esc => return Completed::Left,
            KeyCode::Tab | KeyCode::Enter if key.modifiers.is_empty() => {
                return Completed::Text(self.found[self.chosen].text.clone());
            }
            _ => return Completed::NotMine,
        }
        Completed::Moved
    }
}

/// The files that have these letters in this order, the best first.
fn files_like(typed: &str, files: &[String]) -> Vec<Found> {
    let file = |path: &str| Found { text: format!("@{path}"), words: String::new() };
    // What would be two words cannot be written as one.
    let files = files.iter().take(FILES).filter(|path| !path.contains(char::is_whitespace));
    if typed.is_empty() {
        return files.take(MOST).map(|path| file(path)).collect();
    }
    let mut matcher = Matcher::new(Config::DEFAULT.match_paths());
    let pattern = Pattern::new(typed, CaseMatching::Smart, Normalization::Smart, AtomKind::Fuzzy);
    let found = pattern.match_list(files, &mut matcher);
    found.into_iter().take(MOST).map(|(path, _)| file(path)).collect()
}

/// Commands and roles that begin so.
fn commands_like(word: &str, typed: &str, roles: &[Role]) -> Vec<Found> {
    let sign = word.chars().next().unwrap_or('#');
    let commands = COMMANDS.iter().map(|(name, words)| ((*name).to_owned(), (*words).to_owned()));
    let roles = roles.iter().map(|role| {
        let name = role.alias.as_deref().map_or(role.id.as_str(), |alias| alias.trim_start_matches('#'));
        (name.to_owned(), format!("talk with {}", role.id))
    });
    let typed = typed.to_lowercase();
    let all = commands.chain(roles).filter(|(name, _)| name.to_lowercase().starts_with(&typed));
    all.take(MOST).map(|(name, words)| Found { text: format!("{sign}{name}"), words }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{key_named, state};

    fn files() -> Files {
        let paths = ["Cargo.toml", "src/auth.rs", "src/api/auth_token.rs", "docs/a b.md", "README.md"];
        Files::Known(Arc::new(paths.map(str::to_owned).to_vec()))
    }

    fn offered(word: &str) -> Vec<String> {
        let roles = state().seen.plan.roles;
        let found = begun(word, true).and_then(|begun| Completion::of(word, begun, &files(), &roles));
        found.into_iter().flat_map(|found| found.found).map(|found| found.text).collect()
    }

    #[test]
    fn a_few_letters_of_a_path_find_it_and_the_best_comes_first() {
        assert_eq!(offered("@auth"), ["@src/auth.rs", "@src/api/auth_token.rs"]);
        assert_eq!(offered("@srctok"), ["@src/api/auth_token.rs"]);
        assert_eq!(offered("@"), ["@Cargo.toml", "@src/auth.rs", "@src/api/auth_token.rs", "@README.md"]);
        assert_eq!(offered("@zzz"), [""; 0]);
        assert_eq!(offered("@README.md"), [""; 0], "it is written already");
    }

    #[test]
    fn commands_and_roles_are_offered_where_a_text_begins_and_paths_are_none() {
        assert_eq!(offered("#st"), ["#status", "#start"]);
        assert_eq!(offered("/ba"), ["/backend"]);
        assert_eq!(offered("/src/a"), [""; 0]);
        assert_eq!(begun("#st", false), None);
    }

    #[test]
    fn one_is_chosen_by_its_place_and_taken_by_tab_or_enter() {
        let mut list = Completion::of("@auth", Begun::File, &files(), &[]).unwrap();
        assert_eq!(list.key(&key_named("x")), Completed::NotMine);
        assert_eq!(list.key(&key_named("up")), Completed::Moved);
        assert_eq!(list.key(&key_named("tab")), Completed::Text("@src/api/auth_token.rs".to_owned()));
        assert_eq!(list.key(&key_named("down")), Completed::Moved);
        assert_eq!(list.key(&key_named("enter")), Completed::Text("@src/auth.rs".to_owned()));
        assert_eq!(list.key(&key_named("alt-enter")), Completed::NotMine);
        assert_eq!(list.key(&key_named("esc")), Completed::Left);
    }
}
