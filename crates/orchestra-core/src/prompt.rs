//! A prompt in named parts: what stays the same from turn to turn comes first, so that a provider's cache of prompts hits.

use std::fmt::Write as _;

/// What an agent is told at the beginning of a turn.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Prompt {
    parts: Vec<Part>,
}

/// One part of a prompt.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Part {
    /// What it is, in a word or a path: `role`, `AGENTS.md`, `phase`.
    pub name: String,
    /// Its text, as the agent reads it.
    pub text: String,
    /// How long it stays as it is.
    pub stays: Stays,
}

/// How long a part of a prompt stays as it is.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Stays {
    /// For all phases of a role in this project.
    Project,
    /// For all phases of a role in this milestone.
    Milestone,
    /// For this turn alone.
    Turn,
}

impl Prompt {
    /// A prompt without parts.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a part; an empty text adds none. Parts are given from the longest lived to the shortest.
    pub fn add(&mut self, stays: Stays, name: impl Into<String>, text: impl Into<String>) {
        let text = text.into();
        if text.trim().is_empty() {
            return;
        }
        debug_assert!(self.parts.last().is_none_or(|last| last.stays <= stays), "what stays comes first");
        self.parts.push(Part { name: name.into(), text, stays });
    }

    /// The parts, in their order.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// What is the same in every turn of a role in a milestone: the instructions, for agents that take some.
    pub fn standing(&self) -> String {
        join(self.parts.iter().filter(|part| part.stays != Stays::Turn))
    }

    /// What is said in this turn.
    pub fn turn(&self) -> String {
        join(self.parts.iter().filter(|part| part.stays == Stays::Turn))
    }

    /// All of it, for an agent that takes one text.
    pub fn whole(&self) -> String {
        join(self.parts.iter())
    }
}

/// One text is what is said in this turn.
impl From<String> for Prompt {
    fn from(text: String) -> Self {
        let mut prompt = Self::new();
        prompt.add(Stays::Turn, "prompt", text);
        prompt
    }
}

impl From<&str> for Prompt {
    fn from(text: &str) -> Self {
        Self::from(text.to_owned())
    }
}

fn join<'a>(parts: impl Iterator<Item = &'a Part>) -> String {
    let mut text = String::new();
    for part in parts {
        if !text.is_empty() {
            text.push_str("\n\n");
        }
        // Writing to a String cannot fail.
        let _infallible = write!(text, "{}", part.text.trim_end());
    }
    text
}

/// How many tokens a text is, roughly: four bytes of English or code each. Models count differently; it is for budgets
/// and for comparing parts, never for a limit that must hold.
pub fn estimate_tokens(text: &str) -> u64 {
    (text.len() as u64).div_ceil(4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stays_comes_first_and_is_the_same_whatever_the_turn_says() {
        let of = |turn: &str| {
            let mut prompt = Prompt::new();
            prompt.add(Stays::Project, "role", "You are the architect.\n");
            prompt.add(Stays::Project, "nothing", " \n");
            prompt.add(Stays::Milestone, "milestone.md", "# Login");
            prompt.add(Stays::Turn, "phase", turn);
            prompt
        };
        let (one, two) = (of("phase 1"), of("phase 2"));
        assert_eq!(one.standing(), two.standing());
        assert_eq!(one.whole(), "You are the architect.\n\n# Login\n\nphase 1");
        assert_eq!(one.parts().len(), 3);
        assert_eq!((estimate_tokens(""), estimate_tokens("12345")), (0, 2));
    }
}
