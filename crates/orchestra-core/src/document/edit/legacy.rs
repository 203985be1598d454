//! Edits of a 1.7 milestone: words in the cells of its tables.

use std::ops::Range;

use super::super::legacy::{find_field, milestone_status, phase_rows, phase_status};
use super::super::plain;
use super::super::source::{Source, line_ending};
use super::{EditError, Target};
use crate::id::PhaseId;
use crate::plan::{MilestoneStatus, PhaseStatus};

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
