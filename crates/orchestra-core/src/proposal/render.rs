//! The documents of a milestone, from a proposal that was checked.
//!
//! Values of front matter are JSON strings, which YAML reads as they are; everything longer is put below a heading of
//! ours, where it ends. So no word of a proposal becomes a key, a status or a Result.

use std::fmt::Write as _;

use jiff::civil::Date;

use super::phases::Planned;
use crate::document::embed::embedded;
use crate::document::plain::entry_line;
use crate::id::MilestoneId;
use crate::plan::{Order, Priority};

/// Everything that the documents say.
pub(super) struct Whole<'a> {
    pub(super) id: &'a MilestoneId,
    pub(super) title: &'a str,
    pub(super) priority: Priority,
    pub(super) depends_on: &'a [MilestoneId],
    pub(super) created: Date,
    pub(super) summary: &'a str,
    pub(super) criteria: &'a [String],
    pub(super) out_of_scope: &'a [String],
    pub(super) prd: &'a str,
    pub(super) grooming: &'a str,
    pub(super) skip_rfc: Option<&'a str>,
    pub(super) phases: &'a [Planned],
}

/// The files with their texts, by their paths below the milestone's folder.
pub(super) fn files(whole: &Whole<'_>) -> Vec<(String, String)> {
    let mut files = vec![
        ("milestone.md".to_owned(), milestone(whole)),
        ("prd.md".to_owned(), prd(whole)),
        ("grooming.md".to_owned(), grooming(whole)),
    ];
    for (place, planned) in whole.phases.iter().enumerate() {
        let order = Order(i64::try_from(place + 1).unwrap_or(i64::MAX / 1_000_000) * 1_000_000);
        let depends_on = planned
            .depends_on
            .as_ref()
            .map(|places| places.iter().map(|place| format!("phase-{}", place + 1)).collect::<Vec<_>>());
        let text = phase(planned, order, depends_on.as_deref());
        files.push((format!("phases/phase-{}.md", place + 1), text));
    }
    files
}

fn milestone(whole: &Whole<'_>) -> String {
    let mut text = String::from("---\n");
    let depends_on: Vec<&str> = whole.depends_on.iter().map(MilestoneId::as_str).collect();
    key(&mut text, "id", whole.id);
    key(&mut text, "title", quoted(whole.title));
    key(&mut text, "status", "planning");
    key(&mut text, "priority", whole.priority);
    key(&mut text, "depends_on", format!("[{}]", depends_on.join(", ")));
    key(&mut text, "rfc", if whole.skip_rfc.is_some() { "skip" } else { "required" });
    key(&mut text, "hold", "[]");
    key(&mut text, "created", whole.created);
    text.push_str("---\n");
    section(&mut text, "Summary", &embedded(whole.summary));
    let criteria: Vec<String> = whole.criteria.iter().map(|text| criterion(text)).collect();
    section(&mut text, "Acceptance criteria", &criteria.join("\n"));
    ended(text)
}

/// A criterion as an entry of its list.
pub(super) fn criterion(text: &str) -> String {
    format!("- [ ] {text}")
}

fn prd(whole: &Whole<'_>) -> String {
    let mut text = format!("# {}\n\n", heading(whole.title));
    section(&mut text, "What and why", &embedded(whole.prd));
    let outside: Vec<String> =
        whole.out_of_scope.iter().map(|text| format!("- {}", entry_line(text))).collect();
    section(&mut text, "Out of scope", &outside.join("\n"));
    ended(text)
}

fn grooming(whole: &Whole<'_>) -> String {
    let mut text = format!("# Grooming: {}\n\n", heading(whole.title));
    let discussed = embedded(whole.grooming);
    let discussed =
        if discussed.is_empty() { "Nothing was decided besides what prd.md says." } else { &discussed };
    section(&mut text, "Discussion", discussed);
    if let Some(reason) = whole.skip_rfc {
        section(&mut text, "Why there is no design", &embedded(reason));
    }
    ended(text)
}

/// The document of one phase.
pub(super) fn phase(planned: &Planned, order: Order, depends_on: Option<&[String]>) -> String {
    let mut text = String::from("---\n");
    key(&mut text, "role", &planned.role.id);
    key(&mut text, "title", quoted(&planned.title));
    key(&mut text, "status", "pending");
    key(&mut text, "order", order);
    if let Some(ids) = depends_on {
        key(&mut text, "depends_on", format!("[{}]", ids.join(", ")));
    }
    key(&mut text, "files", list(&planned.files));
    if let Some(commands) = &planned.verify {
        key(&mut text, "verify", list(commands));
    }
    if let Some(complexity) = planned.complexity {
        key(&mut text, "complexity", complexity);
    }
    text.push_str("---\n");
    section(&mut text, "Objective", &embedded(&planned.objective));
    section(&mut text, "Scope", &embedded(&planned.scope));
    section(&mut text, "Context", &embedded(&planned.context));
    section(&mut text, "Result", "");
    ended(text)
}

fn key(text: &mut String, name: &str, value: impl std::fmt::Display) {
    // Writing to a String cannot fail.
    let _infallible = writeln!(text, "{name}: {value}");
}

fn section(text: &mut String, name: &str, content: &str) {
    let content = if content.is_empty() { String::new() } else { format!("{content}\n\n") };
    let _infallible = write!(text, "## {name}\n\n{content}");
}

fn ended(mut text: String) -> String {
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

/// A heading is one line of text; a sign at its front would make it something else.
fn heading(title: &str) -> String {
    title.trim_start_matches(['#', '>', '-', '+', '*', '=', ' ']).trim_end_matches(['#', ' ']).to_owned()
}

/// A text as a double-quoted YAML scalar: JSON's are.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn list(texts: &[String]) -> String {
    format!("[{}]", texts.iter().map(|text| quoted(text)).collect::<Vec<_>>().join(", "))
}
