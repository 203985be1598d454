//! Edits of a 1.7 milestone: words in the cells of its tables, and the keys that its phases lack.

use std::ops::Range;

use super::super::front::{self, Change, New};
use super::super::legacy::{find_field, milestone_status, phase_rows, phase_status};
use super::super::plain;
use super::super::source::{Source, line_ending};
use super::super::yaml::Value;
use super::{EditError, Target, with_front};
use crate::edit::DocFile;
use crate::id::PhaseId;
use crate::plan::{MilestoneStatus, Phase, PhaseStatus};

/// The keys of a phase that a rewrite may write, in the order of a new document.
const KEYS: [&str; 7] = ["role", "title", "status", "order", "depends_on", "files", "complexity"];

/// Sets the cell of the row *Status*, and a row *Reason* below it where there is one.
pub(super) fn set_milestone_status(
    target: &Target,
    text: &str,
    status: MilestoneStatus,
    reason: Option<&str>,
) -> Result<String, EditError> {
    let source = target.split(text)?;
    let Some((_, cell)) = find_field(&source, "Status") else {
        return Err(EditError::NoPlace { file: target.file.clone(), what: "the status" });
    };
    let mut text = match milestone_status(&text[cell.clone()]) {
        Some(now) if now == status => text.to_owned(),
        Some(_) | None => set_cell(text, &cell, status.as_str()),
    };
    let reason =
        reason.map(|reason| plain::one_line(reason).replace('|', "\\|")).filter(|reason| !reason.is_empty());
    text = set_reason(target, &text, reason.as_deref())?;
    let source = target.split(&text)?;
    let found = find_field(&source, "Status").and_then(|(_, cell)| milestone_status(&text[cell]));
    if found == Some(status) { Ok(text) } else { Err(target.unverified("the status")) }
}

/// Gives a phase the keys that it lacks. One that is there stays as it is, but for a status in the words of 1.7.
pub(super) fn complete_phase(text: &str, phase: &Phase) -> Result<String, EditError> {
    let target = Target { file: DocFile::Phase(phase.id.clone()).path() };
    let source = target.split(text)?;
    let front = source.front_text().unwrap_or_default();
    let entries = front::read(front).map_err(|error| target.front_error(error))?;
    let is_lacking = |key: &str| {
        let found = entries.iter().find(|entry| entry.key == key).map(|entry| &entry.node.value);
        match (key, found) {
            (_, None) => true,
            // 1.7 was read with signs and words around it; today's grammar has the word alone.
            ("status", Some(Value::Text(word))) => PhaseStatus::parse(word).is_none(),
            // Without a value they say that there are none.
            ("depends_on" | "files", Some(_)) => false,
            (_, Some(value)) => matches!(value, Value::Empty),
        }
    };
    let depends_on = phase.depends_on.iter().map(PhaseId::as_str).collect::<Vec<_>>().join(", ");
    let order = phase.order.to_string();
    let changes = KEYS.into_iter().filter(|key| is_lacking(key)).map(|key| {
        let value = match key {
            "role" => New::Text(phase.role.to_string()),
            "title" => New::Text(plain::one_line(&phase.title)),
            "status" => New::Text(phase.status.to_string()),
            // A decimal is written as a text, which reads the same.
            "order" => order.parse().map_or_else(|_decimal| New::Text(order.clone()), New::Count),
            "depends_on" => New::Flow(format!("[{depends_on}]")),
            "files" => New::Flow("[]".to_owned()),
            _ => New::Text(phase.complexity.to_string()),
        };
        Change { key, value: Some(value) }
    });
    let changes: Vec<Change> = changes.collect();
    if source.front.is_some() {
        return target.front(text, &changes, &KEYS);
    }
    let ending = line_ending(text);
    let front = front::change("", ending, &changes, &KEYS).map_err(|error| target.front_error(error))?;
    Ok(with_front(text, &front, ending))
}

/// Sets the cell of a phase's row. A phase without a row has its status in its own file alone.
pub(super) fn set_phase_status(
    target: &Target,
    text: &str,
    phase: &PhaseId,
    status: PhaseStatus,
) -> Result<String, EditError> {
    let source = target.split(text)?;
    let cell = |source: &Source<'_>| {
        phase_rows(source).into_iter().find(|row| row.is_of(phase)).and_then(|row| row.status_cell)
    };
    let Some(range) = cell(&source) else { return Ok(text.to_owned()) };
    if phase_status(&text[range.clone()]) == Some(status) {
        return Ok(text.to_owned());
    }
    let edited = set_cell(text, &range, status.as_str());
    let found = cell(&target.split(&edited)?).and_then(|range| phase_status(&edited[range]));
    if found == Some(status) { Ok(edited) } else { Err(target.unverified("the phase's status")) }
}

/// Replaces what a cell says; bold and code marks around it stay, an emoji belonged to the old word.
fn set_cell(text: &str, cell: &Range<usize>, word: &str) -> String {
    let old = &text[cell.clone()];
    let is_mark = |c: char| matches!(c, '*' | '_' | '`');
    let lead = old.len() - old.trim_start_matches(is_mark).len();
    let tail = old.len() - old.trim_end_matches(is_mark).len();
    let (lead, tail) = if lead == tail && lead * 2 < old.len() { (lead, tail) } else { (0, 0) };
    format!("{}{word}{}", &text[..cell.start + lead], &text[cell.end - tail..])
}

fn set_reason(target: &Target, text: &str, reason: Option<&str>) -> Result<String, EditError> {
    let source = target.split(text)?;
    let edited = match (find_field(&source, "Reason"), reason) {
        (None, None) => return Ok(text.to_owned()),
        (Some((_, cell)), Some(reason)) => format!("{}{reason}{}", &text[..cell.start], &text[cell.end..]),
        (Some((row, _)), None) => format!("{}{}", &text[..row.start], &text[row.end..]),
        (None, Some(reason)) => {
            let Some((row, _)) = find_field(&source, "Status") else {
                return Err(EditError::NoPlace { file: target.file.clone(), what: "the reason" });
            };
            let ending = line_ending(text);
            let gap = if text[..row.end].ends_with('\n') { "" } else { ending };
            format!("{}{gap}| Reason | {reason} |{ending}{}", &text[..row.end], &text[row.end..])
        }
    };
    let is_there = find_field(&target.split(&edited)?, "Reason").is_some();
    if is_there == reason.is_some() { Ok(edited) } else { Err(target.unverified("the reason")) }
}
