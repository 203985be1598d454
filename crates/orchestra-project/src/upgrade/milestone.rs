//! Rewrites a milestone of the original orchestrator (1.7) into today's documents.
//!
//! The values come from the milestone as it was read; the texts are changed only where they held these values: the
//! heading and the tables of `milestone.md` become front matter, phases get the keys that they lack. The rest of each
//! text stays byte for byte. The id stays what it was, because commits refer to it.

use std::path::Path;

use orchestra_core::plan::{Milestone, Phase, PhaseStatus};

use crate::scaffold::section::{fence_after, line_ending};
use crate::scaffold::{FileToWrite, Place, ScaffoldError, look, quoted};

/// The documents of one milestone, rewritten; written with [`crate::scaffold::write`].
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Rewrite {
    /// The documents that change.
    pub files: Vec<FileToWrite>,
    /// What a person should know, a sentence each.
    pub notes: Vec<String>,
}

/// Rows of the table of fields that become front matter.
const FIELDS: [&str; 6] = ["status", "priority", "created", "depends on", "dependencies", "reason"];

/// Rewrites the documents of a milestone of 1.7 below `root`. One that has front matter already stays as it is.
pub fn rewrite(root: &Path, milestone: &Milestone) -> Result<Rewrite, ScaffoldError> {
    let mut rewrite = Rewrite::default();
    let folder = format!(".orchestra/milestones/{}", milestone.folder);
    let path = format!("{folder}/milestone.md");
    if let Some(old) = look(root, &path)? {
        rewrite.add(&path, old, |text, notes| milestone_text(text, milestone, notes));
    }
    for phase in &milestone.phases {
        let path = format!("{folder}/phases/{}.md", phase.id);
        if let Some(old) = look(root, &path)? {
            rewrite.add(&path, old, |text, _| phase_text(text, phase));
        }
    }
    Ok(rewrite)
}

impl Rewrite {
    fn add(&mut self, path: &str, old: Vec<u8>, change: impl Fn(&str, &mut Vec<String>) -> String) {
        let Ok(text) = std::str::from_utf8(&old) else {
            self.notes.push(format!("`{path}` is not UTF-8 and was left alone."));
            return;
        };
        let newline = line_ending(&old);
        let new = change(&text.replace("\r\n", "\n"), &mut self.notes).replace('\n', newline).into_bytes();
        if new != old {
            self.files.push(FileToWrite { place: Place::Project(path.to_owned()), old: Some(old), new });
        }
    }
}

/// `milestone.md`; `text` has `\n` line endings.
fn milestone_text(text: &str, milestone: &Milestone, notes: &mut Vec<String>) -> String {
    let text = text.trim_start_matches('\u{feff}');
    if text.starts_with("---\n") {
        return text.to_owned();
    }
    let mut body = String::new();
    let mut is_gap = true;
    for block in blocks(text) {
        match block {
            // One of the blank lines around what was taken out goes with it.
            Block::Line(line) if is_gap && line.trim().is_empty() => {}
            Block::Line(line) if is_heading(line) => is_gap = true,
            Block::Line(line) => {
                is_gap = false;
                let is_criteria = line.trim().eq_ignore_ascii_case("## acceptance criteria");
                body.push_str(if is_criteria { "## Acceptance criteria\n" } else { line });
            }
            Block::Code(line) => body.push_str(line),
            Block::Table(rows) if rows.iter().any(|row| first_cell(row) == "status") => {
                let others = rows.iter().skip(1).filter(|row| !FIELDS.contains(&first_cell(row).as_str()));
                let others: String = others.filter_map(|row| as_entry(row)).collect();
                is_gap = others.is_empty();
                body.push_str(&others);
            }
            Block::Table(rows)
                if is_phase_table(&rows) && rows.len().saturating_sub(2) == milestone.phases.len() =>
            {
                drop_empty_heading(&mut body);
                is_gap = true;
            }
            Block::Table(rows) => {
                if is_phase_table(&rows) {
                    notes.push(format!(
                        "The table of phases in `{}` names others than there are files, so it stays.",
                        milestone.folder
                    ));
                }
                body.push_str(&rows.concat());
            }
        }
    }
    format!("{}{body}", milestone_front(milestone))
}

fn milestone_front(milestone: &Milestone) -> String {
    let ids = milestone.depends_on.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let hold = milestone.hold.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let mut lines = vec![
        "---".to_owned(),
        format!("id: {}", milestone.id),
        format!("title: {}", quoted(&milestone.title)),
        format!("status: {}", milestone.status),
    ];
    lines.extend(milestone.reason.as_ref().map(|reason| format!("reason: {}", quoted(reason))));
    lines.push(format!("priority: {}", milestone.priority));
    lines.push(format!("depends_on: [{ids}]"));
    lines.push(format!("rfc: {}", milestone.rfc));
    lines.push(format!("hold: [{hold}]"));
    lines.extend(milestone.created.map(|created| format!("created: {created}")));
    lines.push("---\n".to_owned());
    lines.join("\n")
}

/// A phase; `text` has `\n` line endings.
fn phase_text(text: &str, phase: &Phase) -> String {
    let text = text.trim_start_matches('\u{feff}');
    let depends_on = phase.depends_on.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let values = [
        ("role", phase.role.to_string()),
        ("title", quoted(&phase.title)),
        ("status", phase.status.to_string()),
        ("order", phase.order.to_string()),
        ("depends_on", format!("[{depends_on}]")),
        ("files", "[]".to_owned()),
        ("complexity", phase.complexity.to_string()),
    ];
    let front = text.strip_prefix("---\n").and_then(|rest| rest.split_once("\n---\n"));
    let Some((front, body)) = front else {
        let lines = values.map(|(key, value)| format!("{key}: {value}")).join("\n");
        return format!("---\n{lines}\n---\n{text}");
    };
    let mut lines: Vec<String> = front.lines().map(str::to_owned).collect();
    for (key, value) in values {
        let line =
            lines.iter_mut().find(|line| line.strip_prefix(key).is_some_and(|rest| rest.starts_with(':')));
        match line {
            None => lines.push(format!("{key}: {value}")),
            // 1.7 was read with signs and words around a status; today's grammar has the word alone.
            Some(line) if key == "status" && PhaseStatus::parse(bare_value(line)).is_none() => {
                *line = format!("{key}: {value}");
            }
            Some(_) => {}
        }
    }
    format!("---\n{}\n---\n{body}", lines.join("\n"))
}

fn bare_value(line: &str) -> &str {
    let value = line.split_once(':').map_or("", |(_, value)| value);
    value.split(" #").next().unwrap_or_default().trim().trim_matches(['"', '\''])
}

/// A text in lines, tables and lines of code blocks.
enum Block<'a> {
    Line(&'a str),
    Code(&'a str),
    Table(Vec<&'a str>),
}

fn blocks(text: &str) -> Vec<Block<'_>> {
    let mut blocks = Vec::new();
    let mut fence = None;
    for line in text.split_inclusive('\n') {
        let was_open = fence.is_some();
        fence = fence_after(fence, line.trim().as_bytes());
        let is_row = line.trim_start().starts_with('|');
        match blocks.last_mut() {
            _ if was_open || fence.is_some() => blocks.push(Block::Code(line)),
            Some(Block::Table(rows)) if is_row => rows.push(line),
            _ if is_row => blocks.push(Block::Table(vec![line])),
            _ => blocks.push(Block::Line(line)),
        }
    }
    blocks
}

fn is_heading(line: &str) -> bool {
    line.strip_prefix("# ").is_some_and(|rest| rest.trim_start().to_lowercase().starts_with("milestone"))
}

fn cells(row: &str) -> Vec<String> {
    row.trim().trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect()
}

fn first_cell(row: &str) -> String {
    cells(row).first().map(|cell| cell.trim_matches(['*', ':']).trim().to_lowercase()).unwrap_or_default()
}

/// A row of the table of fields as a list entry; rules between rows are none.
fn as_entry(row: &str) -> Option<String> {
    let cells = cells(row);
    let (name, value) = (cells.first()?, cells.get(1)?);
    let is_rule = name.bytes().all(|byte| matches!(byte, b'-' | b':'));
    (!is_rule && !value.is_empty()).then(|| format!("- {name}: {value}\n"))
}

fn is_phase_table(rows: &[&str]) -> bool {
    let head: Vec<String> = rows.first().map(|row| cells(&row.to_lowercase())).unwrap_or_default();
    let has = |name: &str| head.iter().any(|cell| cell == name);
    has("status") && (has("role") || has("#"))
}

/// Takes away a heading that nothing follows any more.
fn drop_empty_heading(body: &mut String) {
    let text = body.trim_end();
    let start = text.rfind('\n').map_or(0, |at| at + 1);
    if text[start..].starts_with("## ") {
        body.truncate(start);
    }
}
