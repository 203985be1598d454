//! Small pieces of Markdown lists.

use crate::path::RepoPath;

/// How many entries of one list are written; the rest is counted.
const MAX_ENTRIES: usize = 100;

/// Paths on one line.
pub(super) fn paths(paths: &[RepoPath]) -> String {
    let shown: Vec<String> = paths.iter().map(ToString::to_string).collect();
    joined(&shown, ", ")
}

/// Texts on one line.
pub(super) fn joined(texts: &[String], between: &str) -> String {
    let texts: Vec<&str> = texts.iter().map(String::as_str).filter(|text| !text.is_empty()).collect();
    let line = texts[..texts.len().min(MAX_ENTRIES)].join(between);
    match texts.len().checked_sub(MAX_ENTRIES) {
        Some(more) if more > 0 => format!("{line}{between}and {more} more"),
        Some(_) | None => line,
    }
}

/// A list below a label; nothing where it is empty.
pub(super) fn nest(lines: &mut Vec<String>, label: &str, entries: &[String]) {
    if entries.is_empty() {
        return;
    }
    lines.push(format!("- {label}:"));
    lines.extend(entries.iter().take(MAX_ENTRIES).map(|entry| format!("  - {entry}")));
    if entries.len() > MAX_ENTRIES {
        lines.push(format!("  - and {} more", entries.len() - MAX_ENTRIES));
    }
}
