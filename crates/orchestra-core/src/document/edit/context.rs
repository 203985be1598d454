//! Edits of `context.md`, the worker's own log.

use std::collections::BTreeSet;

use super::super::context::KEYS;
use super::super::front::{self, Change, New};
use super::super::plain;
use super::super::section;
use super::super::source::{Source, line_ending};
use super::splice::{self, find};
use super::{EditError, Target, list, with_front};
use crate::edit::CompletedWork;
use crate::id::MilestoneId;
use crate::plan::Cursor;

const COMPLETED: &str = "Completed phases";
const CURRENT: &str = "Current phase";
const METRICS: &str = "Metrics";
const REMAINS: &str = "Unreadable front matter";

/// A log in which nothing has happened yet.
pub(super) fn fresh(milestone: &MilestoneId) -> String {
    format!(
        "---\nmilestone: {milestone}\n---\n# Context: {milestone}\n\n## Completed phases\n\n## Current phase\n\n\
         ## Key decisions\n\n## Concerns\n\n## Metrics\n"
    )
}

/// Sets the cursor. Front matter that cannot be read is replaced, and kept as text at the end: this is the worker's
/// file, and a broken one must not stop the worker for ever.
pub(super) fn set_cursor(
    target: &Target,
    text: &str,
    milestone: &MilestoneId,
    cursor: &Cursor,
) -> Result<String, EditError> {
    let ending = line_ending(text);
    let changes = changes(milestone, cursor);
    let made =
        |front: &str| front::change(front, ending, &changes, KEYS).map_err(|error| target.front_error(error));
    let Ok(source) = Source::split(text) else {
        return Ok(with_front(text, &made("")?, ending));
    };
    let Some(range) = source.front.clone() else {
        return Ok(with_front(text, &made("")?, ending));
    };
    let front = &text[range.clone()];
    match made(front) {
        Ok(changed) => Ok(format!("{}{changed}{}", &text[..range.start], &text[range.end..])),
        Err(EditError::Unreadable { .. } | EditError::Unverified { .. }) => {
            let renewed = format!("{}{}{}", &text[..range.start], made("")?, &text[range.end..]);
            splice::add_to_section(target, &renewed, REMAINS, "the cursor", &plain::quote(front), |_| true)
        }
        Err(other) => Err(other),
    }
}

fn changes(milestone: &MilestoneId, cursor: &Cursor) -> Vec<Change> {
    let text = |key, text: String| Change { key, value: Some(New::Text(text)) };
    let count = |key, count| Change { key, value: Some(New::Count(count)) };
    let optional = |key, value: Option<String>| Change { key, value: value.map(New::Text) };
    // The first attempt is what a reader assumes, so that most documents need neither key.
    let later = |key, count: u32| Change { key, value: (count != 1).then_some(New::Count(count)) };
    let gates: Vec<String> = cursor
        .gates
        .iter()
        .map(|(gate, answer)| {
            let word = serde_json::Value::String(plain::one_line(&answer.answer));
            let plain_word = answer.answer.chars().all(|c| c.is_ascii_lowercase() || c == '-');
            let word = if plain_word && !answer.answer.is_empty() {
                answer.answer.clone()
            } else {
                word.to_string()
            };
            format!("{gate}: {{ answer: {word}, by: {}, at: {}, of: {} }}", answer.by, answer.at, answer.of)
        })
        .collect();
    let gates = if gates.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", gates.join(", ")) };
    vec![
        text("milestone", milestone.to_string()),
        text("stage", cursor.stage.to_string()),
        optional("phase", cursor.work.as_ref().map(ToString::to_string)),
        count("attempt", cursor.attempt),
        later("since", cursor.since),
        later("baseline", cursor.baseline),
        text("base", cursor.base.to_string()),
        optional("turn_base", cursor.turn_base.as_ref().map(ToString::to_string)),
        Change { key: "gates", value: Some(New::Flow(gates)) },
        count("fix_rounds", cursor.fix_rounds),
    ]
}

/// Adds an entry to *Completed phases*, or replaces the one of the same work.
pub(super) fn complete(target: &Target, text: &str, work: &CompletedWork) -> Result<String, EditError> {
    let key = work.work.to_string();
    let role = work.role.as_ref().map(|role| format!(" ({role})")).unwrap_or_default();
    let mut lines = vec![format!("- {key}{role}: {}", plain::one_line(&work.title))];
    let mut fact = |label: &str, text: String| {
        if !text.is_empty() {
            lines.push(format!("  - {label}: {text}"));
        }
    };
    fact("commit", plain::one_line(&work.commit));
    fact("files", list::paths(&work.files));
    let decisions: Vec<String> = work.decisions.iter().map(|decision| plain::one_line(decision)).collect();
    fact("decisions", list::joined(&decisions, "; "));
    fact("note", work.note.as_deref().map(plain::one_line).unwrap_or_default());
    let content = lines.join("\n");
    set_entry(target, text, COMPLETED, "completed phases", &content, |entry| {
        let rest = entry.strip_prefix(key.as_str());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', ':', '(']))
    })
}

/// Replaces what *Current phase* says.
pub(super) fn set_current(target: &Target, text: &str, current: Option<&str>) -> Result<String, EditError> {
    let line = current.map(|current| format!("- {}", plain::entry_line(current))).unwrap_or_default();
    splice::replace_section(target, text, CURRENT, "the current phase", &line)
}

/// Adds entries that a section does not hold yet.
pub(super) fn add_lines(
    target: &Target,
    text: &str,
    name: &str,
    what: &'static str,
    lines: &[String],
) -> Result<String, EditError> {
    let present: BTreeSet<String> = first_lines(text, name);
    let mut missing: Vec<String> = Vec::new();
    for line in lines.iter().map(|line| plain::entry_line(line)) {
        if !line.is_empty() && !present.contains(&line) && !missing.contains(&line) {
            missing.push(line);
        }
    }
    if missing.is_empty() {
        return Ok(text.to_owned());
    }
    let content: Vec<String> = missing.iter().map(|line| format!("- {line}")).collect();
    splice::add_to_section(target, text, name, what, &content.join("\n"), |edited| {
        let present = first_lines(edited, name);
        missing.iter().all(|line| present.contains(line))
    })
}

/// Sets lines of *Metrics* by what stands before their colon.
pub(super) fn set_metrics(
    target: &Target,
    text: &str,
    values: &[(String, String)],
) -> Result<String, EditError> {
    let mut text = text.to_owned();
    for (key, value) in values {
        let key = plain::entry_line(&key.replace(':', " "));
        let line = format!("- {key}: {}", plain::one_line(value));
        text = set_entry(target, &text, METRICS, "metrics", &line, |entry| {
            entry.strip_prefix(key.as_str()).is_some_and(|rest| rest.starts_with(':'))
        })?;
    }
    Ok(text)
}

/// The source of an entry's first line, without its bullet.
fn first_line(entry: &str) -> &str {
    let line = entry.lines().next().unwrap_or_default();
    line.trim_start().trim_start_matches(['-', '*', '+']).trim()
}

fn entries(text: &str, name: &str) -> Vec<(std::ops::Range<usize>, String)> {
    let Some(section) = find(text, name) else { return Vec::new() };
    let content = &text[section.content.clone()];
    let start = section.content.start;
    section::items(content)
        .into_iter()
        .map(|item| {
            let source = content[item.range.clone()].to_owned();
            (start + item.range.start..start + item.range.end, source)
        })
        .collect()
}

fn first_lines(text: &str, name: &str) -> BTreeSet<String> {
    entries(text, name).iter().map(|(_, entry)| first_line(entry).to_owned()).collect()
}

/// Replaces the entry that `is_it` recognises by its first line, or adds one.
fn set_entry(
    target: &Target,
    text: &str,
    name: &str,
    what: &'static str,
    content: &str,
    is_it: impl Fn(&str) -> bool,
) -> Result<String, EditError> {
    let same = |entry: &str| entry.lines().eq(content.lines());
    let holds = |edited: &str| entries(edited, name).iter().any(|(_, entry)| same(entry));
    match entries(text, name).into_iter().find(|(_, entry)| is_it(first_line(entry))) {
        Some((_, entry)) if same(&entry) => Ok(text.to_owned()),
        Some((range, _)) => splice::replace_range(target, text, name, what, range, content, holds),
        None => splice::add_to_section(target, text, name, what, content, holds),
    }
}
