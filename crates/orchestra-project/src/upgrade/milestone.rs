//! Rewrites a milestone of the original orchestrator (1.7) into today's documents.
//!
//! The values come from the milestone as it was read; the texts are changed only where they held these values: the
//! heading and the tables of `milestone.md` become front matter, phases get the keys that they lack. The rest of each
//! text stays byte for byte. The id stays what it was, because commits refer to it.
//!
//! Invariant: what is written reads as the very milestone that was there; where it would not, the milestone stays.

use std::path::Path;

use orchestra_core::document::{
    EditError, MilestoneSource, SourceFile, complete_phase, has_front_matter, parse_milestone,
};
use orchestra_core::plan::{Format, Milestone, Role};

use crate::scaffold::section::{fence_after, line_ending};
use crate::scaffold::{FileToWrite, Place, ScaffoldError, look, quoted};

/// The documents of one milestone, rewritten; written with [`crate::scaffold::write`].
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Rewrite {
    /// The documents that change, `milestone.md` last: while it is as it was, the milestone is one of 1.7, so that a
    /// rewrite that was cut short is taken up.
    pub files: Vec<FileToWrite>,
    /// What a person should know, a sentence each.
    pub notes: Vec<String>,
}

/// Rows of the table of fields that become front matter.
const FIELDS: [&str; 6] = ["status", "priority", "created", "depends on", "dependencies", "reason"];

/// Rewrites the documents of a milestone of 1.7 below `root`, which was read with `roles` in view. One that has front
/// matter already stays as it is.
pub fn rewrite(root: &Path, milestone: &Milestone, roles: &[Role]) -> Result<Rewrite, ScaffoldError> {
    let folder = format!(".orchestra/milestones/{}", milestone.folder);
    let mut documents = Vec::new();
    let paths =
        milestone.phases.iter().map(|phase| (format!("{folder}/phases/{}.md", phase.id), Some(phase)));
    for (path, phase) in paths.chain([(format!("{folder}/milestone.md"), None)]) {
        if let Some(old) = look(root, &path)? {
            documents.push((path, old, phase));
        }
    }
    let mut notes = Vec::new();
    let mut files = Vec::new();
    for (path, old, phase) in documents {
        let Ok(text) = std::str::from_utf8(&old) else {
            return Ok(Rewrite::left_alone(&format!("`{path}` is not UTF-8")));
        };
        let changed = match phase {
            Some(phase) => complete_phase(text, phase),
            None => milestone_text(text, milestone, &mut notes),
        };
        match changed {
            Ok(new) => files.push((path, old, new.into_bytes())),
            Err(fault) => return Ok(Rewrite::left_alone(&format!("in `{folder}` {fault}"))),
        }
    }
    let wanted = Milestone { format: Format::Current, cursor: None, rfc_document: None, ..milestone.clone() };
    let now = read(&milestone.folder, roles, files.iter().map(|(path, old, _)| (path, old)));
    // The plan has other milestones by their whole ids, however they are written.
    let now = now.map(|now| Milestone { depends_on: wanted.depends_on.clone(), ..now });
    let then = read(&milestone.folder, roles, files.iter().map(|(path, _, new)| (path, new)));
    if now.as_ref() != Some(&wanted) {
        return Ok(Rewrite::left_alone(&format!("`{folder}` was changed a moment ago")));
    }
    if then.as_ref() != Some(&wanted) {
        return Ok(Rewrite::left_alone(&format!("`{folder}` would not read as it does now")));
    }
    let is_changed = |(_, old, new): &(String, Vec<u8>, Vec<u8>)| old != new;
    let files = files.into_iter().filter(is_changed).map(|(path, old, new)| FileToWrite {
        place: Place::Project(path),
        old: Some(old),
        new,
    });
    Ok(Rewrite { files: files.collect(), notes })
}

impl Rewrite {
    fn left_alone(why: &str) -> Self {
        Self { files: Vec::new(), notes: vec![format!("A milestone of 1.7 was left alone: {why}.")] }
    }
}

/// Reads documents, in either format, and returns what they say without what is kept beside them.
fn read<'a>(
    folder: &str,
    roles: &[Role],
    documents: impl Iterator<Item = (&'a String, &'a Vec<u8>)>,
) -> Option<Milestone> {
    let mut source = MilestoneSource { folder: folder.to_owned(), ..MilestoneSource::default() };
    for (path, bytes) in documents {
        let file = SourceFile { path: path.clone(), bytes: bytes.clone() };
        if path.ends_with("/milestone.md") {
            source.milestone = Some(file);
        } else {
            source.phases.push(file);
        }
    }
    source.phases.sort_by(|one, two| one.path.cmp(&two.path));
    let read = parse_milestone(&source, roles).result.ok()?.milestone;
    Some(Milestone { format: Format::Current, ..Milestone::clone(&read) })
}

/// `milestone.md`, with the front matter that its heading and its tables stood for.
fn milestone_text(text: &str, milestone: &Milestone, notes: &mut Vec<String>) -> Result<String, EditError> {
    if has_front_matter(text)? {
        return Ok(text.to_owned());
    }
    let (mark, text) = text.split_at(text.len() - text.trim_start_matches('\u{feff}').len());
    let newline = line_ending(text.as_bytes());
    let mut body = String::new();
    let mut is_gap = true;
    for block in blocks(text) {
        match block {
            // One of the blank lines around what was taken out goes with it.
            Block::Line(line) if is_gap && line.trim().is_empty() => {}
            Block::Line(line) if is_heading(line) => is_gap = true,
            Block::Line(line) => {
                is_gap = false;
                body.push_str(&criteria_heading(line).unwrap_or_else(|| line.to_owned()));
            }
            Block::Code(line) => body.push_str(line),
            Block::Table(rows) if rows.iter().any(|row| first_cell(row) == "status") => {
                let others = rows.iter().skip(1).filter(|row| !FIELDS.contains(&first_cell(row).as_str()));
                let others: String = others.filter_map(|row| as_entry(row)).collect();
                is_gap = others.is_empty();
                body.push_str(&others.replace('\n', newline));
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
    // What was taken out may have been the first line, whose ending is the document's.
    let front = milestone_front(milestone).replace('\n', newline);
    Ok(format!("{mark}---{newline}{front}---{newline}{body}"))
}

/// The heading above the criteria as today's grammar has it, with the line's own ending.
fn criteria_heading(line: &str) -> Option<String> {
    let words = line.trim_end();
    let is_criteria = words.trim_start().eq_ignore_ascii_case("## acceptance criteria");
    is_criteria.then(|| format!("## Acceptance criteria{}", &line[words.len()..]))
}

fn milestone_front(milestone: &Milestone) -> String {
    let ids = milestone.depends_on.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let hold = milestone.hold.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let mut lines = vec![
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
    lines.join("\n") + "\n"
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
