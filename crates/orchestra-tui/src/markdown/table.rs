//! Tables: columns as wide as their widest cell, up to a bound.

use pulldown_cmark::Alignment;
use ratatui::{style::Modifier, text::Span};
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use crate::{text::columns, theme::Theme};

/// A cell wider than this is cut, in columns.
const WIDEST: usize = 40;

type Cell = Vec<Span<'static>>;

/// A table that is being read.
pub(super) struct Table {
    theme: Theme,
    alignments: Vec<Alignment>,
    rows: Vec<Vec<Cell>>,
}

impl Table {
    pub(super) fn new(theme: Theme, alignments: Vec<Alignment>) -> Self {
        Self { theme, alignments, rows: Vec::new() }
    }

    pub(super) fn begin_row(&mut self) {
        self.rows.push(Vec::new());
    }

    pub(super) fn push(&mut self, cell: Cell) {
        if let Some(row) = self.rows.last_mut() {
            row.push(cut(self.theme, cell, WIDEST));
        }
    }

    /// The rows as lines of text: the head, a rule, and the body.
    pub(super) fn lines(self) -> Vec<Vec<Span<'static>>> {
        let mut widths: Vec<usize> = Vec::new();
        for row in &self.rows {
            widths.resize(widths.len().max(row.len()), 1);
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell_width(cell));
            }
        }
        let mut lines = Vec::with_capacity(self.rows.len() + 1);
        for (index, row) in self.rows.into_iter().enumerate() {
            let mut line = lay_out(self.theme, &self.alignments, &widths, row);
            if index == 0 {
                for span in &mut line {
                    span.style = span.style.add_modifier(Modifier::BOLD);
                }
            }
            lines.push(line);
            if index == 0 {
                let dash = self.theme.sign("─", "-");
                let rules: Vec<String> = widths.iter().map(|width| dash.repeat(*width)).collect();
                let rule = rules.join(self.theme.sign("─┼─", "-+-"));
                lines.push(vec![Span::styled(rule, self.theme.dim())]);
            }
        }
        lines
    }
}

fn lay_out(theme: Theme, alignments: &[Alignment], widths: &[usize], mut row: Vec<Cell>) -> Cell {
    // Nothing stands to the right of the last cell that says something.
    let said = row.iter().rposition(|cell| !cell.is_empty()).map_or(0, |last| last + 1);
    row.truncate(said);
    let mut line = Vec::new();
    for (index, cell) in row.into_iter().enumerate() {
        if index > 0 {
            line.push(Span::styled(theme.sign(" │ ", " | "), theme.dim()));
        }
        let free = widths[index].saturating_sub(cell_width(&cell));
        let (left, right) = match alignments.get(index) {
            Some(Alignment::Right) => (free, 0),
            Some(Alignment::Center) => (free / 2, free - free / 2),
            Some(Alignment::Left | Alignment::None) | None => (0, free),
        };
        push_spaces(&mut line, left);
        line.extend(cell);
        if index + 1 < said {
            push_spaces(&mut line, right);
        }
    }
    line
}

fn push_spaces(line: &mut Cell, count: usize) {
    if count > 0 {
        line.push(Span::raw(" ".repeat(count)));
    }
}

fn cell_width(cell: &[Span<'static>]) -> usize {
    cell.iter().map(|span| columns(&span.content)).sum()
}

/// Cuts a cell to `width` columns, of which the last says that something is missing.
fn cut(theme: Theme, cell: Cell, width: usize) -> Cell {
    if cell_width(&cell) <= width {
        return cell;
    }
    let sign = theme.sign("…", "...");
    let mut room = width - sign.width();
    let mut kept = Vec::new();
    'cell: for span in cell {
        let mut text = String::new();
        for grapheme in span.content.graphemes(true) {
            let Some(left) = room.checked_sub(grapheme.width()) else {
                kept.push(Span::styled(text, span.style));
                break 'cell;
            };
            room = left;
            text.push_str(grapheme);
        }
        kept.push(Span::styled(text, span.style));
    }
    kept.push(Span::styled(sign, theme.dim()));
    kept
}
