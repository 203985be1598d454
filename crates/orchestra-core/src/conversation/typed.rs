//! What a person types into a conversation: words for the agent, or a command of ours.

use crate::plan::Role;

/// What was typed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Typed {
    /// Words for the agent.
    Say(String),
    /// Where the project stands.
    Status,
    /// What can be typed.
    Help,
    /// How the worker is started.
    Start,
    /// A commit of what the role owns.
    Commit {
        /// What it should say, where the person said so.
        message: String,
    },
    /// The architect's start of a new project.
    Bootstrap,
    /// Another role, and what is said to it at once.
    Role {
        /// Its id or alias, without the sign.
        name: String,
        /// What follows.
        words: String,
    },
    /// A sign with a word that means nothing here.
    Unknown(String),
}

/// The words that can be typed behind `#` or `/`, besides roles, with what they do.
pub const COMMANDS: &[(&str, &str)] = &[
    ("status", "where the project stands"),
    ("help", "what can be typed"),
    ("start", "how the worker is started"),
    ("commit", "a commit of what this role owns; `/commit feat(auth): …` words it"),
    ("bootstrap", "the architect's start of a new project"),
];

/// What the architect is asked for at the start of a new project.
pub const BOOTSTRAP: &str = "Start this project. Read what is here first: its documents, manifests and folders. If the goal, \
the platform or the stack is not clear from them, ask me with `ask_user`, one to four questions with answers to choose from. \
Then set up what you may write, and nothing else: the project's configuration files that are missing (formatter, linter, \
editor settings, ignore files, CI), each as small as it can be, in current versions that you have looked up. Product code is \
the engineers'. End with the shape that you suggest in ten lines (parts, boundaries, how it is tested, the first three \
milestones), so that the product manager can plan from it.";

/// Reads what was typed. `#word` and `/word` mean the same; a line that only begins like a path or a heading is words, and
/// so is a `/word` that means nothing here and has words behind it.
pub fn parse(text: &str, roles: &[Role]) -> Typed {
    let trimmed = text.trim();
    // Bare, as in the original; with more words behind it, it is words.
    match trimmed {
        "commit" => return Typed::Commit { message: String::new() },
        "bootstrap" => return Typed::Bootstrap,
        _ => {}
    }
    let say = || Typed::Say(text.trim_end().to_owned());
    let Some(rest) = trimmed.strip_prefix(['#', '/']) else { return say() };
    let (word, words) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let words = words.trim().to_owned();
    let is_name = !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if !is_name {
        return say();
    }
    match word {
        "status" => return Typed::Status,
        "help" => return Typed::Help,
        "start" => return Typed::Start,
        "commit" => return Typed::Commit { message: words },
        "bootstrap" => return Typed::Bootstrap,
        _ => {}
    }
    let is_it = |role: &&Role| {
        let alias = role.alias.as_deref().map(|alias| alias.trim_start_matches('#'));
        role.id.as_str() == word || alias == Some(word)
    };
    match roles.iter().find(is_it) {
        Some(role) => Typed::Role { name: role.id.to_string(), words },
        None if trimmed.starts_with('/') && !words.is_empty() => say(),
        None => Typed::Unknown(word.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_and_a_word_is_a_command_and_anything_else_is_for_the_agent() {
        assert_eq!(parse("#status", &[]), Typed::Status);
        assert_eq!(parse(" /help ", &[]), Typed::Help);
        assert_eq!(parse("/src/auth.rs is slow", &[]), Typed::Say("/src/auth.rs is slow".to_owned()));
        assert_eq!(parse("# A heading", &[]), Typed::Say("# A heading".to_owned()));
        assert_eq!(parse("#nobody", &[]), Typed::Unknown("nobody".to_owned()));
        assert_eq!(parse("#nobody is there", &[]), Typed::Unknown("nobody".to_owned()));
        assert_eq!(parse("/login ", &[]), Typed::Unknown("login".to_owned()));
        assert_eq!(parse("/login is slow", &[]), Typed::Say("/login is slow".to_owned()));
        assert_eq!(parse("please #help", &[]), Typed::Say("please #help".to_owned()));
    }

    #[test]
    fn commit_and_bootstrap_need_no_sign_where_they_stand_alone() {
        let commit = |message: &str| Typed::Commit { message: message.to_owned() };
        assert_eq!(parse("commit", &[]), commit(""));
        assert_eq!(parse("#commit", &[]), commit(""));
        assert_eq!(parse("/commit fix: a typo ", &[]), commit("fix: a typo"));
        assert_eq!(parse("commit to the plan", &[]), Typed::Say("commit to the plan".to_owned()));
        assert_eq!(parse("bootstrap", &[]), Typed::Bootstrap);
        assert_eq!(parse("bootstrap 5 is old", &[]), Typed::Say("bootstrap 5 is old".to_owned()));
    }
}
