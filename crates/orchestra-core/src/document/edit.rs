//! Applies edits to documents: which document, then which part of it, then read back and compared.

mod context;
mod legacy;
mod list;
mod replan;
mod splice;

use super::findings::Fault;
use super::front::{self, Change, FrontError, New};
use super::source::{Source, bom_len, line_ending};
use super::{EditError, MAX_BYTES, plain, yaml};
use crate::edit::{DocEdit, DocFile, NewPhase, PhaseResult, PlanEdit};
use crate::id::MilestoneId;
use crate::plan::{Format, Phase};
use crate::report::{Decision, Usage};

pub(super) fn targets(format: Format, edit: &DocEdit) -> Vec<DocFile> {
    match (format, edit) {
        (Format::V17, DocEdit::PhaseStatus { .. }) => vec![edit.file(), DocFile::Milestone],
        _ => vec![edit.file()],
    }
}

pub(super) fn apply(
    milestone: &MilestoneId,
    format: Format,
    file: &DocFile,
    text: Option<&str>,
    edit: &DocEdit,
) -> Result<String, EditError> {
    if !targets(format, edit).contains(file) {
        return Err(EditError::Elsewhere { file: file.path() });
    }
    let target = Target { file: file.path() };
    let text = match (text, edit) {
        (Some(text), _) => text,
        (None, DocEdit::NewPhase(_)) => "",
        (None, edit) if edit.file() == DocFile::Context => &context::fresh(milestone),
        (None, _) => return Err(EditError::Missing { file: file.path() }),
    };
    let edited = match edit {
        DocEdit::MilestoneStatus { status, reason } => match format {
            Format::Current => {
                let reason = reason.as_deref().map(plain::one_line);
                let changes = [
                    Change { key: "status", value: Some(New::Text(status.to_string())) },
                    Change { key: "reason", value: reason.map(New::Text) },
                ];
                target.front(text, &changes, &["id", "title", "status", "reason"])
            }
            Format::V17 => legacy::set_milestone_status(&target, text, *status, reason.as_deref()),
        },
        DocEdit::PhaseStatus { phase, status } => match (format, file) {
            (Format::V17, DocFile::Milestone) => legacy::set_phase_status(&target, text, phase, *status),
            (Format::Current | Format::V17, _) => {
                let has_front = target.split(text)?.front.is_some();
                if format == Format::V17 && !has_front {
                    // The table in milestone.md is then the only place.
                    return Ok(text.to_owned());
                }
                let change = Change { key: "status", value: Some(New::Text(status.to_string())) };
                target.front(text, &[change], &["role", "title", "status"])
            }
        },
        DocEdit::PhaseResult { result, .. } => {
            splice::replace_section(&target, text, "Result", "result", &result_text(result))
        }
        DocEdit::NewPhase(new) => new_phase(&target, text, new),
        DocEdit::Cursor(cursor) => context::set_cursor(&target, text, milestone, cursor),
        DocEdit::Completed(work) => context::complete(&target, text, work),
        DocEdit::Current(current) => context::set_current(&target, text, current.as_deref()),
        DocEdit::Decisions(lines) => context::add_lines(&target, text, "Key decisions", "decisions", lines),
        DocEdit::Concerns(lines) => context::add_lines(&target, text, "Concerns", "concerns", lines),
        DocEdit::Metrics(values) => context::set_metrics(&target, text, values),
    }?;
    if edited.len() > MAX_BYTES && edited.len() > text.len() {
        return Err(EditError::TooLong { file: file.path(), bytes: edited.len() });
    }
    Ok(edited)
}

pub(super) fn complete_phase(text: &str, phase: &Phase) -> Result<String, EditError> {
    legacy::complete_phase(text, phase)
}

pub(super) fn replan(file: &str, text: &str, edit: &PlanEdit) -> Result<String, EditError> {
    let edited = replan::apply(&Target { file: file.to_owned() }, text, edit)?;
    if edited.len() > MAX_BYTES {
        return Err(EditError::TooLong { file: file.to_owned(), bytes: edited.len() });
    }
    Ok(edited)
}

pub(super) fn value_of(text: &str, key: &str) -> Option<String> {
    replan::value_of(text, key)
}

pub(super) fn with_id(text: &str, id: &MilestoneId) -> Result<String, EditError> {
    let target = Target { file: DocFile::Milestone.path() };
    let change = Change { key: "id", value: Some(New::Text(id.to_string())) };
    target.front(text, &[change], &["id"])
}

pub(super) fn has_front_matter(text: &str) -> Result<bool, EditError> {
    let target = Target { file: DocFile::Milestone.path() };
    Ok(target.split(text)?.front.is_some())
}

/// The document that is edited, for messages.
struct Target {
    file: String,
}

impl Target {
    fn split<'a>(&self, text: &'a str) -> Result<Source<'a>, EditError> {
        Source::split(text).map_err(|fault| self.unreadable(fault))
    }

    /// Changes keys of the front matter; every byte outside it stays.
    fn front(&self, text: &str, changes: &[Change], order: &[&str]) -> Result<String, EditError> {
        let source = self.split(text)?;
        let Some(front) = source.front.clone() else {
            return Err(EditError::NoPlace { file: self.file.clone(), what: "front matter" });
        };
        let changed = front::change(&text[front.clone()], line_ending(text), changes, order)
            .map_err(|error| self.front_error(error))?;
        Ok(format!("{}{changed}{}", &text[..front.start], &text[front.end..]))
    }

    fn front_error(&self, error: FrontError) -> EditError {
        match error {
            FrontError::Unreadable(fault) => self.unreadable(fault),
            FrontError::Unverified(what) => self.unverified(what),
        }
    }

    fn unreadable(&self, fault: Fault) -> EditError {
        EditError::Unreadable { file: self.file.clone(), fault: fault.of(&self.file) }
    }

    fn unverified(&self, what: &'static str) -> EditError {
        EditError::Unverified { file: self.file.clone(), what }
    }
}

/// Words a phase's result: the agent's own words as a quote, then one fact a line.
fn result_text(result: &PhaseResult) -> String {
    let mut lines = Vec::new();
    if !result.summary.trim().is_empty() {
        lines.push(plain::quote(&result.summary));
        lines.push(String::new());
    }
    let mut fact = |label: &str, text: String| {
        if !text.is_empty() {
            lines.push(format!("- {label}: {text}"));
        }
    };
    fact("commit", plain::one_line(&result.commit));
    fact("files", list::paths(&result.files));
    fact("also changed", list::paths(&result.also_changed));
    let commands: Vec<String> = result.verified.iter().map(|command| plain::one_line(command)).collect();
    fact("verified", list::joined(&commands, "; "));
    if result.attempts > 0 {
        fact("attempts", result.attempts.to_string());
    }
    fact("usage", usage_text(&result.usage));
    let decisions = result.decisions.iter().map(decision_text).collect::<Vec<_>>();
    list::nest(&mut lines, "decisions", &decisions);
    let concerns = result.concerns.iter().map(|concern| plain::entry_line(concern)).collect::<Vec<_>>();
    list::nest(&mut lines, "concerns", &concerns);
    lines.join("\n")
}

fn decision_text(decision: &Decision) -> String {
    let (risk, why) = (plain::one_line(&decision.risk), plain::one_line(&decision.why));
    let risk = if risk.is_empty() { risk } else { format!(" (risk: {risk})") };
    let why = if why.is_empty() { why } else { format!(": {why}") };
    format!("{}{risk}{why}", plain::entry_line(&decision.title))
}

fn usage_text(usage: &Usage) -> String {
    if *usage == Usage::default() {
        return String::new();
    }
    let cached = if usage.cached > 0 { format!(" ({} cached)", usage.cached) } else { String::new() };
    let cost = usage.cost_usd.map(|cost| format!(", ${cost:.2}")).unwrap_or_default();
    format!("{} tokens in{cached}, {} out{cost}", usage.input, usage.output)
}

/// Writes a phase made from feedback. One that is there already with the same words stays as it is.
fn new_phase(target: &Target, text: &str, new: &NewPhase) -> Result<String, EditError> {
    let words = plain::quote(&new.objective);
    if !text.is_empty() {
        let ending = line_ending(text);
        let is_ours = text.contains(&words.replace('\n', ending));
        return if is_ours {
            Ok(text.to_owned())
        } else {
            Err(EditError::Taken { file: target.file.clone() })
        };
    }
    let depends_on: Vec<&str> = new.depends_on.iter().map(crate::id::PhaseId::as_str).collect();
    let mut changes = vec![
        Change { key: "role", value: Some(New::Text(new.role.to_string())) },
        Change { key: "title", value: Some(New::Text(plain::one_line(&new.title))) },
        Change { key: "status", value: Some(New::Text("pending".to_owned())) },
        Change { key: "feedback", value: Some(New::Text(new.feedback.to_string())) },
    ];
    let front = front::change("", "\n", &changes, &[]).map_err(|error| target.front_error(error))?;
    // A decimal order would be quoted as a text, and is written as it is; both read the same.
    let front = format!("{front}order: {}\n", new.order);
    changes.clear();
    changes
        .push(Change { key: "depends_on", value: Some(New::Flow(format!("[{}]", depends_on.join(", ")))) });
    let front = front::change(&front, "\n", &changes, &[]).map_err(|error| target.front_error(error))?;
    let made = format!(
        "---\n{front}---\n## Objective\n\nAsked for at the gate {}:\n\n{words}\n\n## Scope\n\n## Context\n\n## Result\n",
        new.feedback
    );
    let is_whole = super::section::find_section(super::body::body(&made), "Result").is_some();
    let reads = yaml::parse(&front, 1).is_ok();
    if is_whole && reads { Ok(made) } else { Err(target.unverified("the new phase")) }
}

/// Puts front matter at the top of a text that has none.
fn with_front(text: &str, front: &str, ending: &str) -> String {
    let bom = bom_len(text);
    format!("{}---{ending}{front}---{ending}{}", &text[..bom], &text[bom..])
}
