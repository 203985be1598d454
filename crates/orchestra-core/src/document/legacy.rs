//! Milestones of the original orchestrator (1.7): a heading, a table of fields and a table of phases in `milestone.md`.
//!
//! Read generously: any dash in the heading, status words with emoji, bold or other letter case around them.

use std::ops::Range;

use jiff::civil::Date;

use super::findings::{Findings, hint_for, shown};
use super::section::{Cell, Row, Section, Table, sections, tables};
use super::source::{Source, to_u32};
use super::{Place, section};
use crate::id::{MilestoneId, PhaseId};
use crate::plan::{MilestoneStatus, Order, PhaseStatus, Priority};
use crate::schedule;

/// What `milestone.md` says in the format of 1.7.
pub(super) struct Legacy {
    pub(super) id: Option<MilestoneId>,
    pub(super) id_at: Place,
    pub(super) title: String,
    pub(super) status: Option<MilestoneStatus>,
    pub(super) reason: Option<String>,
    pub(super) priority: Priority,
    pub(super) depends_on: Vec<(String, Place)>,
    pub(super) created: Option<Date>,
    pub(super) rows: Vec<PhaseRow>,
}

/// A row of the table of phases.
pub(super) struct PhaseRow {
    /// The first cell, as shown.
    pub(super) name: String,
    pub(super) order: Order,
    pub(super) role: Option<String>,
    pub(super) description: Option<String>,
    pub(super) status: Option<PhaseStatus>,
    pub(super) at: Place,
    /// The cell with the status, for edits; the range counts in the whole text.
    pub(super) status_cell: Option<Range<usize>>,
}

impl PhaseRow {
    /// Tells whether this row is about a phase: by its name, else by its number.
    pub(super) fn is_of(&self, id: &PhaseId) -> bool {
        self.name.eq_ignore_ascii_case(id.as_str())
            || schedule::number(id).and_then(|number| Order::parse(&number.to_string())) == Some(self.order)
    }
}

/// Tells whether a text without front matter is a milestone of 1.7.
pub(super) fn is_legacy(body: &str) -> bool {
    sections(body).iter().any(|section| heading(section).is_some()) || field_table(body).is_some()
}

/// Reads `milestone.md`.
pub(super) fn parse(source: &Source<'_>, folder: &str, findings: &mut Findings) -> Legacy {
    let body = source.body_text();
    let place = |offset: usize| source.place(source.body + offset);
    let (id, title, id_at) = read_heading(source, folder, findings);
    let table = field_table(body);
    let field = |name: &str| table.as_ref().and_then(|table| field_cell(table, name));
    let status = if let Some(cell) = field("Status") {
        let status = milestone_status(&cell.text);
        if status.is_none() {
            let hint = hint_for(&words(&cell.text), MilestoneStatus::WORDS);
            findings.error(place(cell.range.start), format!("{} is no status", shown(&cell.text)), hint);
        }
        status
    } else {
        let hint = "add a table `| Field | Value |` with a row `| Status | planning |`";
        findings.error(id_at, "expected a row `Status` in a table `| Field | Value |`", hint);
        None
    };
    let priority = field("Priority").map_or(Priority::P1, |cell| {
        priority(&cell.text).unwrap_or_else(|| {
            let what = format!("{} is no priority; it counts as P1", shown(&cell.text));
            findings.warning(place(cell.range.start), what, "write P0, P1 or P2");
            Priority::P1
        })
    });
    let depends_on = field("Depends on").or_else(|| field("Dependencies")).map(|cell| {
        let at = place(cell.range.start);
        let names = cell.text.split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '`'));
        names.filter(|name| MilestoneId::parse(name).is_ok()).map(|name| (name.to_owned(), at)).collect()
    });
    Legacy {
        id,
        id_at,
        title,
        status,
        reason: field("Reason").map(|cell| cell.text.clone()).filter(|text| !text.is_empty()),
        priority,
        depends_on: depends_on.unwrap_or_default(),
        created: field("Created").and_then(|cell| cell.text.trim().parse().ok()),
        rows: phase_rows(source),
    }
}

/// The number and name from the heading; where there is none, the number from the folder's name.
fn read_heading(
    source: &Source<'_>,
    folder: &str,
    findings: &mut Findings,
) -> (Option<MilestoneId>, String, Place) {
    const WANTED: &str = "expected a heading such as `# Milestone: M1 — Name`";
    let found = sections(source.body_text())
        .into_iter()
        .find_map(|section| heading(&section).map(|found| (found, section.heading.start)));
    if let Some(((id, title), at)) = found {
        return (Some(id), title, source.place(source.body + at));
    }
    let id = leading_id(folder);
    if id.is_some() {
        let hint =
            format!("the number is taken from the folder {}: a new name is a new milestone", shown(folder));
        findings.warning(Place::START, WANTED, hint);
    } else {
        findings.error(Place::START, WANTED, "the folder's name has no number either");
    }
    (id, String::new(), Place::START)
}

/// Reads the table of phases, of which there may be none.
pub(super) fn phase_rows(source: &Source<'_>) -> Vec<PhaseRow> {
    let body = source.body_text();
    let has = |table: &Table, names: &[&str]| column(table, names).is_some();
    let Some(table) =
        tables(body).into_iter().find(|table| has(table, &["status"]) && has(table, &["role", "#", "owner"]))
    else {
        return Vec::new();
    };
    let number = column(&table, &["#", "no", "no.", "phase"]);
    let role = column(&table, &["role", "owner"]);
    let description = column(&table, &["description", "title", "task", "objective"]);
    let status = column(&table, &["status"]);
    // Rows follow each other, so that lines are counted once over all of them.
    let (mut counted, mut line) = (0, source.place(source.body).line);
    let row = |(index, row): (usize, &Row)| {
        line += to_u32(body[counted..row.range.start].matches('\n').count());
        counted = row.range.start;
        let cell = |column: Option<usize>| column.and_then(|column| row.cells.get(column));
        let text =
            |column| cell(column).map(|cell| cell.text.trim().to_owned()).filter(|text| !text.is_empty());
        let name = text(number).unwrap_or_default();
        PhaseRow {
            order: order_in(&name).unwrap_or(Order(1_000_000 * (i64::try_from(index).unwrap_or(0) + 1))),
            name,
            role: text(role),
            description: text(description),
            status: text(status).and_then(|text| phase_status(&text)),
            at: Place { line, column: 1 },
            status_cell: cell(status)
                .map(|cell| source.body + cell.range.start..source.body + cell.range.end)
                .filter(|range| !range.is_empty()),
        }
    };
    table.rows.iter().enumerate().map(row).collect()
}

/// Finds the row of a field, for edits: the row and the cell with its value, ranges in the whole text.
pub(super) fn find_field(source: &Source<'_>, name: &str) -> Option<(Range<usize>, Range<usize>)> {
    let table = field_table(source.body_text())?;
    let row = table.rows.iter().find(|row| is_field(row, name))?;
    let moved = |range: &Range<usize>| source.body + range.start..source.body + range.end;
    Some((moved(&row.range), moved(&row.cells.get(1)?.range)))
}

/// Reads the status of a milestone, whatever stands around the word.
pub(super) fn milestone_status(text: &str) -> Option<MilestoneStatus> {
    let words = words(text);
    MilestoneStatus::WORDS
        .iter()
        .find(|word| begins_with(&words, word))
        .and_then(|word| MilestoneStatus::parse(word))
        .or(match words.as_str() {
            "planned" | "todo" | "not-started" | "ready" => Some(MilestoneStatus::Planning),
            "in-review" => Some(MilestoneStatus::Review),
            "complete" | "completed" => Some(MilestoneStatus::Done),
            "active" | "wip" => Some(MilestoneStatus::InProgress),
            _ => None,
        })
}

/// Reads the status of a phase, whatever stands around the word.
pub(super) fn phase_status(text: &str) -> Option<PhaseStatus> {
    let words = words(text);
    PhaseStatus::WORDS
        .iter()
        .find(|word| begins_with(&words, word))
        .and_then(|word| PhaseStatus::parse(word))
        .or(match words.as_str() {
            "planned" | "todo" | "not-started" | "ready" | "planning" => Some(PhaseStatus::Pending),
            "complete" | "completed" => Some(PhaseStatus::Done),
            "active" | "wip" => Some(PhaseStatus::InProgress),
            _ => None,
        })
}

/// Letters and digits in lower case, everything else between them as one `-`.
fn words(text: &str) -> String {
    let spaced: String = text.chars().map(|c| if c.is_alphanumeric() { c } else { ' ' }).collect();
    spaced.to_lowercase().split_whitespace().collect::<Vec<_>>().join("-")
}

fn begins_with(words: &str, word: &str) -> bool {
    words.strip_prefix(word).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}

fn priority(text: &str) -> Option<Priority> {
    let words = words(text).to_uppercase();
    words.split('-').find_map(Priority::parse)
}

/// Reads `Milestone: M1 — Name` in any of its spellings.
fn heading(section: &Section) -> Option<(MilestoneId, String)> {
    let name = section.name.trim();
    let (word, rest) = name.split_at_checked("Milestone".len())?;
    if section.level != 1 || !word.eq_ignore_ascii_case("Milestone") {
        return None;
    }
    let rest = rest.trim_start_matches([':', ' ', '-', '–', '—']);
    let end = rest.find(|c: char| c.is_whitespace() || matches!(c, ':' | '–' | '—')).unwrap_or(rest.len());
    let id = leading_id(&rest[..end])?;
    let title = rest[end..].trim_start_matches([':', ' ', '-', '–', '—']).trim();
    Some((id, title.to_owned()))
}

/// The id that a text begins with: `M1` of `M1-user-auth`, because 1.7 knows a milestone by its number alone.
fn leading_id(text: &str) -> Option<MilestoneId> {
    let digits = text.strip_prefix(['M', 'm'])?;
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    MilestoneId::parse(&format!("M{}", &digits[..end])).ok()
}

fn order_in(text: &str) -> Option<Order> {
    let from = text.find(|c: char| c.is_ascii_digit())?;
    let number = &text[from..];
    let end = number.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(number.len());
    Order::parse(number[..end].trim_end_matches('.'))
}

/// The table `| Field | Value |`, known by its row *Status*.
fn field_table(body: &str) -> Option<Table> {
    section::tables(body).into_iter().find(|table| table.rows.iter().any(|row| is_field(row, "Status")))
}

fn is_field(row: &Row, name: &str) -> bool {
    row.cells.len() >= 2 && row.cells[0].text.trim().trim_end_matches(':').eq_ignore_ascii_case(name)
}

fn field_cell<'a>(table: &'a Table, name: &str) -> Option<&'a Cell> {
    table.rows.iter().find(|row| is_field(row, name)).and_then(|row| row.cells.get(1))
}

fn column(table: &Table, names: &[&str]) -> Option<usize> {
    let is_named = |cell: &Cell, name: &str| cell.text.trim().eq_ignore_ascii_case(name);
    names.iter().find_map(|name| table.head.iter().position(|cell| is_named(cell, name)))
}
