//! Puts text into sections of a body. Other sections stay byte by byte, which is checked after each splice.

use std::ops::Range;

use super::super::section::{self, Section};
use super::super::source::{Source, bom_len, line_ending};
use super::{EditError, Target};

/// Where the body of a text begins; where front matter is never closed, all of the text is body.
pub(super) fn body_start(text: &str) -> usize {
    Source::split(text).map_or(bom_len(text), |source| source.body)
}

/// A section of a text, its ranges counting in the whole text.
pub(super) fn find(text: &str, name: &str) -> Option<Section> {
    let start = body_start(text);
    let found = section::find_section(&text[start..], name)?;
    let moved = |range: Range<usize>| range.start + start..range.end + start;
    Some(Section { heading: moved(found.heading), content: moved(found.content), ..found })
}

/// Replaces what a section holds, or appends the section. Lines of `content` end in `\n`, the last one without.
pub(super) fn replace_section(
    target: &Target,
    text: &str,
    name: &str,
    what: &'static str,
    content: &str,
) -> Result<String, EditError> {
    let lines = whole_lines(content, line_ending(text));
    let holds = |edited: &str| {
        find(edited, name).is_some_and(|section| edited[section.content].trim_end() == lines.trim_end())
    };
    match find(text, name) {
        Some(section) => {
            let filled = filled(text, &section);
            first_sound(target, what, text, name, holds, |closer, gap| {
                splice(text, section.content.start..filled, &format!("{closer}{lines}{gap}"))
            })
        }
        None => append(target, text, name, what, &lines, holds),
    }
}

/// Adds lines at the end of what a section holds, or appends the section with them.
pub(super) fn add_to_section(
    target: &Target,
    text: &str,
    name: &str,
    what: &'static str,
    content: &str,
    holds: impl Fn(&str) -> bool,
) -> Result<String, EditError> {
    let lines = whole_lines(content, line_ending(text));
    match find(text, name) {
        Some(section) => {
            let filled = filled(text, &section);
            first_sound(target, what, text, name, holds, |closer, gap| {
                splice(text, filled..filled, &format!("{closer}{lines}{gap}"))
            })
        }
        None => append(target, text, name, what, &lines, holds),
    }
}

/// Replaces a range inside a section.
pub(super) fn replace_range(
    target: &Target,
    text: &str,
    name: &str,
    what: &'static str,
    range: Range<usize>,
    content: &str,
    holds: impl Fn(&str) -> bool,
) -> Result<String, EditError> {
    let lines = whole_lines(content, line_ending(text));
    first_sound(target, what, text, name, holds, |_, gap| {
        splice(text, range.clone(), &format!("{lines}{gap}"))
    })
}

fn append(
    target: &Target,
    text: &str,
    name: &str,
    what: &'static str,
    lines: &str,
    holds: impl Fn(&str) -> bool,
) -> Result<String, EditError> {
    let ending = line_ending(text);
    let is_bare = text[body_start(text)..].trim().is_empty();
    let gap = if is_bare || text.ends_with("\n\n") || text.ends_with("\r\n\r\n") { "" } else { ending };
    first_sound(target, what, text, name, holds, |closer, _| {
        splice(text, text.len()..text.len(), &format!("{closer}{gap}## {name}{ending}{lines}"))
    })
}

/// What ends a block that a person may have left open.
const CLOSERS: &[&str] = &[
    "",
    "```",
    "~~~",
    "-->",
    "``````",
    "~~~~~~",
    "]]>",
    "?>",
    "</pre>",
    "</script>",
    "</style>",
    "</textarea>",
];

/// Tries a splice as it is, then with a blank line after it, then after ends of what a person may have left open: a
/// code fence or an HTML comment that nobody closed would swallow what comes after it, and a paragraph right below a
/// list would become part of it.
fn first_sound(
    target: &Target,
    what: &'static str,
    text: &str,
    name: &str,
    holds: impl Fn(&str) -> bool,
    splice: impl Fn(&str, &str) -> String,
) -> Result<String, EditError> {
    let ending = line_ending(text);
    let before = outline(text, name);
    CLOSERS
        .iter()
        .flat_map(|closer| [(*closer, ""), (*closer, ending)])
        .map(
            |(closer, gap)| {
                if closer.is_empty() { splice("", gap) } else { splice(&format!("{closer}{ending}"), gap) }
            },
        )
        .find(|edited| holds(edited) && has_grown_only(&before, &outline(edited, name)))
        .ok_or_else(|| target.unverified(what))
}

/// Tells whether all other sections, and the text above the first one, are what they were.
fn has_grown_only(before: &[Part<'_>], after: &[Part<'_>]) -> bool {
    // A closer belongs to the part that was left open, so that this part may have grown.
    before.len() == after.len()
        && before.iter().zip(after).all(|(before, after)| {
            before.level == after.level
                && before.heading == after.heading
                && after.text.starts_with(before.text)
        })
}

/// A heading and the text directly below it.
struct Part<'a> {
    level: usize,
    /// As it is written: what is shown of it may change with a link that is defined elsewhere.
    heading: &'a str,
    text: &'a str,
}

/// All parts of a body but the named section and what is nested in it.
fn outline<'a>(text: &'a str, name: &str) -> Vec<Part<'a>> {
    let body = &text[body_start(text)..];
    let all = section::sections(body);
    let own = section::find_section(body, name);
    let starts: Vec<usize> = all.iter().map(|section| section.heading.start).chain([body.len()]).collect();
    let lead = Part { level: 0, heading: "", text: body[..starts[0]].trim_end() };
    let parts = all.iter().zip(&starts[1..]).filter(|(section, _)| {
        let start = section.heading.start;
        own.as_ref()
            .is_none_or(|own| start < own.heading.start || start >= own.content.end.max(own.heading.end))
    });
    let part = |(section, next): (&Section, &usize)| {
        let from = section.content.start.min(*next);
        let heading = body[section.heading.clone()].trim_end();
        Part { level: section.level, heading, text: body[from..*next].trim_end() }
    };
    std::iter::once(lead).chain(parts.map(part)).collect()
}

/// Where what a section holds ends: after its last line that is not blank.
fn filled(text: &str, section: &Section) -> usize {
    let content = &text[section.content.clone()];
    let used = content.trim_end().len();
    if used == 0 {
        section.content.start
    } else {
        super::super::source::line_end(text, section.content.start + used)
    }
}

/// Replaces a range by whole lines; what stands before them is ended where it is not.
fn splice(text: &str, range: Range<usize>, lines: &str) -> String {
    let (before, after) = (&text[..range.start], &text[range.end..]);
    let needs_end = !before.is_empty() && !before.ends_with('\n') && !lines.is_empty();
    let gap = if needs_end { line_ending(text) } else { "" };
    format!("{before}{gap}{lines}{after}")
}

fn whole_lines(content: &str, ending: &str) -> String {
    let content = content.trim_end_matches('\n');
    if content.is_empty() { String::new() } else { format!("{}{ending}", content.replace('\n', ending)) }
}
