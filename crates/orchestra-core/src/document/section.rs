//! Sections, list entries and tables of a Markdown text, as byte ranges. The only file that knows the Markdown parser.

use std::ops::Range;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

/// A heading that stands in no quote and no list, and what lies below it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Section {
    /// The heading's text.
    pub(super) name: String,
    /// Its level, from 1.
    pub(super) level: usize,
    /// The heading's lines, line ending included.
    pub(super) heading: Range<usize>,
    /// What lies below it, up to the next heading of this or a higher level.
    pub(super) content: Range<usize>,
}

/// An entry of a list that stands in no quote and no other list.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Item {
    /// Its lines, those of nested lists included, without blank lines at its end.
    pub(super) range: Range<usize>,
    /// Its box, where it has one, and whether that is ticked.
    pub(super) checked: Option<bool>,
    /// Its text as shown, nested lists left out.
    pub(super) text: String,
}

/// A table that stands in no quote and no list.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Table {
    /// The cells of its head.
    pub(super) head: Vec<Cell>,
    /// Its other rows.
    pub(super) rows: Vec<Row>,
}

/// A row of a table.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Row {
    /// The row's line, line ending included.
    pub(super) range: Range<usize>,
    /// Its cells.
    pub(super) cells: Vec<Cell>,
}

/// A cell of a table.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Cell {
    /// The source of the cell without blanks around it; empty where the row is shorter than the head.
    pub(super) range: Range<usize>,
    /// Its text as shown.
    pub(super) text: String,
}

fn events(text: &str) -> impl Iterator<Item = (Event<'_>, Range<usize>)> {
    let options = Options::ENABLE_TABLES | Options::ENABLE_TASKLISTS | Options::ENABLE_STRIKETHROUGH;
    Parser::new_ext(text, options).into_offset_iter()
}

/// Lists the sections of a text.
pub(super) fn sections(text: &str) -> Vec<Section> {
    let mut found: Vec<Section> = Vec::new();
    let mut depth = 0_usize;
    let mut is_heading = false;
    for (event, range) in events(text) {
        match event {
            Event::Start(Tag::Heading { level, .. }) if depth == 0 => {
                is_heading = true;
                let end = whole_lines(text, range.end);
                let level = level as usize;
                found.push(Section {
                    name: String::new(),
                    level,
                    heading: range.start..end,
                    content: end..end,
                });
            }
            Event::End(TagEnd::Heading(_)) => is_heading = false,
            Event::Start(Tag::BlockQuote(_) | Tag::List(_) | Tag::FootnoteDefinition(_)) => depth += 1,
            Event::End(TagEnd::BlockQuote(_) | TagEnd::List(_) | TagEnd::FootnoteDefinition) => {
                depth = depth.saturating_sub(1);
            }
            Event::Text(part) | Event::Code(part) if is_heading => {
                if let Some(section) = found.last_mut() {
                    section.name.push_str(&part);
                }
            }
            Event::SoftBreak | Event::HardBreak if is_heading => {
                if let Some(section) = found.last_mut() {
                    section.name.push(' ');
                }
            }
            _ => {}
        }
    }
    close(&mut found, text.len());
    found
}

/// Lets each section end where the next of its or a higher level begins.
fn close(found: &mut [Section], end: usize) {
    // Open sections, outermost first; each is visited once when it is opened and once when it is closed.
    let mut open: Vec<usize> = Vec::new();
    for index in 0..found.len() {
        while let Some(last) = open.pop_if(|last| found[*last].level >= found[index].level) {
            found[last].content.end = found[index].heading.start.max(found[last].content.start);
        }
        open.push(index);
    }
    for index in open {
        found[index].content.end = end.max(found[index].content.start);
    }
}

/// Finds a section by its name; letter case does not matter, the highest level wins, then the first.
pub(super) fn find_section(text: &str, name: &str) -> Option<Section> {
    let found = sections(text).into_iter().filter(|section| section.name.trim().eq_ignore_ascii_case(name));
    found.min_by_key(|section| section.level)
}

/// Lists the entries of the outermost lists in a part of a text.
pub(super) fn items(text: &str) -> Vec<Item> {
    let mut found: Vec<Item> = Vec::new();
    let (mut lists, mut quotes) = (0_usize, 0_usize);
    for (event, range) in events(text) {
        match event {
            Event::Start(Tag::BlockQuote(_)) => quotes += 1,
            Event::End(TagEnd::BlockQuote(_)) => quotes = quotes.saturating_sub(1),
            Event::Start(Tag::List(_)) => lists += 1,
            Event::End(TagEnd::List(_)) => lists = lists.saturating_sub(1),
            Event::Start(Tag::Item) if lists == 1 && quotes == 0 => {
                let end = range.start + text[range.clone()].trim_end().len();
                let range = range.start..whole_lines(text, end);
                found.push(Item { range, checked: None, text: String::new() });
            }
            event if lists == 1 && quotes == 0 => {
                if let Some(item) = found.last_mut() {
                    add_text(&mut item.text, &event);
                    if let Event::TaskListMarker(checked) = event {
                        item.checked = Some(checked);
                    }
                }
            }
            _ => {}
        }
    }
    found
}

/// Adds what an event shows as text.
fn add_text(text: &mut String, event: &Event<'_>) {
    match event {
        Event::Text(part) | Event::InlineHtml(part) => text.push_str(part),
        Event::Code(part) => {
            text.push('`');
            text.push_str(part);
            text.push('`');
        }
        Event::SoftBreak | Event::HardBreak => text.push(' '),
        _ => {}
    }
}

/// Lists the tables of a text.
pub(super) fn tables(text: &str) -> Vec<Table> {
    let mut found: Vec<Table> = Vec::new();
    let (mut depth, mut row, mut in_cell) = (0_usize, Row::default(), false);
    for (event, range) in events(text) {
        match event {
            Event::Start(Tag::BlockQuote(_) | Tag::List(_)) => depth += 1,
            Event::End(TagEnd::BlockQuote(_) | TagEnd::List(_)) => depth = depth.saturating_sub(1),
            _ if depth > 0 => {}
            Event::Start(Tag::Table(_)) => found.push(Table::default()),
            Event::Start(Tag::TableHead | Tag::TableRow) => {
                row = Row { range: range.start..whole_lines(text, range.end), cells: Vec::new() };
            }
            Event::Start(Tag::TableCell) => {
                in_cell = true;
                let cell = text.get(range.clone()).unwrap_or_default();
                let start = range.start + (cell.len() - cell.trim_start().len());
                row.cells.push(Cell { range: start..start + cell.trim().len(), text: String::new() });
            }
            Event::End(TagEnd::TableCell) => in_cell = false,
            Event::End(TagEnd::TableHead) => {
                if let Some(table) = found.last_mut() {
                    table.head = std::mem::take(&mut row.cells);
                }
            }
            Event::End(TagEnd::TableRow) => {
                if let Some(table) = found.last_mut() {
                    table.rows.push(std::mem::take(&mut row));
                }
            }
            event if in_cell => {
                if let Some(cell) = row.cells.last_mut() {
                    add_text(&mut cell.text, &event);
                }
            }
            _ => {}
        }
    }
    found
}

/// The offset after the line that ends at or contains `end`.
fn whole_lines(text: &str, end: usize) -> usize {
    if end == 0 || text[..end].ends_with('\n') { end } else { super::source::line_end(text, end) }
}
