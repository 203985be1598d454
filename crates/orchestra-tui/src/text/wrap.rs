//! Breaks logical lines into rows.
//!
//! One pass: a grapheme is looked at once when it comes, and at most once more when its word moves to the next row.

use ratatui::text::{Line, Span};
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use super::Long;

/// Breaks a logical line into rows of at most `width` columns, of which there is always at least one.
///
/// It breaks at spaces, and leaves out the spaces at a break; a word that is longer than a row is broken between
/// graphemes. What stands before a row is left out where it leaves no room for the next grapheme, and a grapheme that
/// is wider than a whole row becomes `?`. A width of zero counts as one.
pub(crate) fn wrap(line: &Long, width: u16) -> Vec<Line<'static>> {
    let mut rows = Rows::new(line, usize::from(width.max(1)));
    for (span, text) in line.text.iter().enumerate() {
        for grapheme in text.content.graphemes(true) {
            rows.put(Cell { span, text: grapheme, width: grapheme.width() });
        }
    }
    rows.finish()
}

/// How many columns the text takes: the sum of its graphemes, as they are drawn one by one.
pub(crate) fn columns(text: &str) -> usize {
    text.graphemes(true).map(UnicodeWidthStr::width).sum()
}

/// A grapheme, and which span of the line it comes from.
#[derive(Clone, Copy)]
struct Cell<'a> {
    span: usize,
    text: &'a str,
    width: usize,
}

/// A run of spaces in the row, at which it may be broken: the cells from `end` to before `start`.
struct Gap {
    end: usize,
    start: usize,
}

struct Rows<'a> {
    line: &'a Long,
    width: usize,
    done: Vec<Line<'static>>,
    row: Vec<Cell<'a>>,
    /// How many columns the row's cells take.
    used: usize,
    /// How many columns they may take.
    room: usize,
    /// Whether nothing stands before the row.
    bare: bool,
    gap: Option<Gap>,
    /// Whether the row before was broken at a space, so that further spaces are left out.
    broken_at_space: bool,
}

impl<'a> Rows<'a> {
    fn new(line: &'a Long, width: usize) -> Self {
        let mut rows = Self {
            line,
            width,
            done: Vec::new(),
            row: Vec::new(),
            used: 0,
            room: width,
            bare: false,
            gap: None,
            broken_at_space: false,
        };
        rows.make_room();
        rows
    }

    fn before(&self) -> &'a [Span<'static>] {
        if self.done.is_empty() { &self.line.first } else { &self.line.rest }
    }

    fn make_room(&mut self) {
        let before: usize = self.before().iter().map(|span| columns(&span.content)).sum();
        self.bare = before > self.width;
        self.room = if self.bare { self.width } else { self.width - before };
    }

    fn put(&mut self, mut cell: Cell<'a>) {
        if cell.width > self.width {
            cell = Cell { text: "?", width: 1, ..cell };
        }
        let space = !self.line.keep && cell.text == " ";
        if space && self.broken_at_space {
            return;
        }
        self.broken_at_space = false;
        if !self.row.is_empty() && self.used + cell.width > self.room {
            let gap = self.gap.take();
            if space {
                if let Some(gap) = gap.filter(|gap| gap.start == self.row.len()) {
                    self.row.truncate(gap.end);
                }
                self.end_row();
                self.broken_at_space = true;
                return;
            }
            let moved = gap.map_or_else(Vec::new, |gap| {
                let moved = self.row.split_off(gap.start);
                self.row.truncate(gap.end);
                moved
            });
            self.end_row();
            // What stands before the next row may be wider, so that the word may have to be broken after all. It has
            // no gap, so that this goes no deeper.
            for cell in moved {
                self.put(cell);
            }
            if !self.row.is_empty() && self.used + cell.width > self.room {
                self.end_row();
            }
        }
        self.push(cell, space);
    }

    fn push(&mut self, cell: Cell<'a>, space: bool) {
        if self.row.is_empty() && cell.width > self.room {
            self.bare = true;
            self.room = self.width;
        }
        if space {
            let start = self.row.len() + 1;
            match &mut self.gap {
                Some(gap) if gap.start == self.row.len() => gap.start = start,
                // A line's indent is no place to break: nothing would stand before it.
                gap if self.row.iter().any(|cell| cell.text != " ") => {
                    *gap = Some(Gap { end: self.row.len(), start });
                }
                _ => {}
            }
        }
        self.used += cell.width;
        self.row.push(cell);
    }

    fn end_row(&mut self) {
        let mut spans = if self.bare { Vec::new() } else { self.before().to_vec() };
        for cells in self.row.chunk_by(|left, right| left.span == right.span) {
            let text: String = cells.iter().map(|cell| cell.text).collect();
            spans.push(Span::styled(text, self.line.text[cells[0].span].style));
        }
        self.done.push(Line::from(spans));
        self.row.clear();
        self.used = 0;
        self.gap = None;
        self.make_room();
    }

    fn finish(mut self) -> Vec<Line<'static>> {
        if !self.row.is_empty() || self.done.is_empty() {
            self.end_row();
        }
        self.done
    }
}
