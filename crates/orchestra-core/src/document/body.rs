//! What the body of a document says, for briefs and screens: its title, sections and acceptance criteria.

use super::section;
use super::source::{Source, bom_len};

/// The parts of a phase's body that its brief is made from; an absent or empty section is an empty text.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct PhaseText<'a> {
    /// What is to be reached.
    pub objective: &'a str,
    /// What belongs to it and what does not.
    pub scope: &'a str,
    /// What helps to know.
    pub context: &'a str,
    /// What came of it.
    pub result: &'a str,
}

/// The body of a document: everything after the front matter.
pub fn body(text: &str) -> &str {
    match Source::split(text) {
        Ok(source) => source.body_text(),
        Err(_unclosed) => &text[bom_len(text)..],
    }
}

/// The content of a section of a document, without blank lines around it; letter case does not matter.
pub fn section<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let body = body(text);
    let found = section::find_section(body, name)?;
    let content = &body[found.content];
    let lead = content.len() - content.trim_start().len();
    // Indentation of the first line belongs to it, as in an indented code block.
    let lead = content[..lead].rfind('\n').map_or(0, |at| at + 1);
    Some(content[lead..].trim_end())
}

/// The sections of a phase's document.
pub fn phase_text(text: &str) -> PhaseText<'_> {
    let find = |name| section(text, name).unwrap_or_default();
    PhaseText {
        objective: find("Objective"),
        scope: find("Scope"),
        context: find("Context"),
        result: find("Result"),
    }
}

/// The acceptance criteria of a milestone: whether each is ticked, and its text.
pub fn criteria(text: &str) -> Vec<(bool, String)> {
    let content = section(text, "Acceptance criteria").unwrap_or_default();
    section::items(content)
        .into_iter()
        .map(|item| (item.checked.unwrap_or(false), item.text.trim().to_owned()))
        .filter(|(_, text)| !text.is_empty())
        .collect()
}

/// The text of the first heading of the first level.
pub(super) fn title(body: &str) -> Option<String> {
    let first = section::sections(body).into_iter().find(|section| section.level == 1)?;
    let title = first.name.trim().to_owned();
    (!title.is_empty()).then_some(title)
}
