//! Something long, laid out for a width: with what stands in sight, a line that is chosen, and what is looked for.
//!
//! A row that is in sight is known by its line, so that it stays in sight when the width or what stands around it changes.

use std::collections::BTreeSet;

use ratatui::crossterm::event::KeyEvent;
use ratatui::text::Line;

use crate::key::Action;
use crate::search::{For, Search, Typed};
use crate::spot::Spot;
use crate::text::{Long, wrap};

/// A line, with what can be done with it.
#[derive(Clone, Debug)]
pub(crate) struct Piece {
    pub(crate) long: Long,
    /// Whether a file begins here.
    pub(crate) is_file: bool,
    pub(crate) mark: Mark,
}

/// What a line stands for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Mark {
    /// Nothing more.
    None,
    /// A line of a file.
    Line(Spot),
    /// A comment, by its number.
    Comment(usize),
    /// Something that can be opened, by its number.
    Choice(usize),
}

impl Piece {
    pub(crate) fn of(long: Long) -> Self {
        Self { long, is_file: false, mark: Mark::None }
    }

    pub(crate) fn text(&self) -> String {
        let spans = self.long.first.iter().chain(&self.long.text);
        spans.map(|span| span.content.as_ref()).collect()
    }
}

/// Lines as rows.
#[derive(Debug, Default)]
pub(crate) struct Sheet {
    pieces: Vec<Piece>,
    rows: Vec<Line<'static>>,
    /// The piece of each row.
    of: Vec<usize>,
    /// Whether a row can be chosen.
    has_cursor: bool,
    cursor: usize,
    top: usize,
    /// Of which files, by their order, only the head is shown.
    folded: BTreeSet<usize>,
    pub(crate) search: Search,
}

impl Sheet {
    /// Takes other lines, or another width. What was in sight stays in sight, as far as it is still there.
    pub(crate) fn lay_out(&mut self, pieces: Vec<Piece>, has_cursor: bool, width: u16) {
        let before = [self.cursor, self.top].map(|row| self.line_at(row));
        self.pieces = pieces;
        self.has_cursor = has_cursor;
        (self.rows, self.of) = (Vec::new(), Vec::new());
        let mut files = 0;
        for (index, piece) in self.pieces.iter().enumerate() {
            files += usize::from(piece.is_file);
            let is_folded = !piece.is_file && files > 0 && self.folded.contains(&(files - 1));
            if !is_folded && self.search.shows(&piece.text()) {
                let rows = wrap(&piece.long, width);
                self.of.extend(std::iter::repeat_n(index, rows.len()));
                self.rows.extend(rows);
            }
        }
        let [cursor, top] = before.map(|(line, offset)| self.row_of(line, offset));
        (self.cursor, self.top) = (cursor, top);
    }

    /// Of which piece a row is, and how many rows of the piece are above it. What is beyond the end stays there.
    fn line_at(&self, row: usize) -> (usize, usize) {
        match self.of.get(row) {
            Some(line) => (*line, row - self.first_of(*line)),
            None if row == 0 => (0, 0),
            None => (usize::MAX, row),
        }
    }

    fn row_of(&self, line: usize, offset: usize) -> usize {
        let first = self.first_of(line);
        let of_line = self.of[first..].iter().take_while(|of| **of == line).count();
        if of_line == 0 { first.saturating_add(offset) } else { first + offset.min(of_line - 1) }
    }

    /// The first row of a piece, or of what comes after it where it is not shown.
    fn first_of(&self, line: usize) -> usize {
        self.of.partition_point(|of| *of < line)
    }

    /// To the begin, or to the end.
    pub(crate) fn go_to(&mut self, end: bool) {
        let row = if end { usize::MAX } else { 0 };
        (self.cursor, self.top) = (row, row);
    }

    /// Chooses the first line that can be opened.
    pub(crate) fn choose_first(&mut self) {
        let is_choice = |line: &usize| matches!(self.pieces[*line].mark, Mark::Choice(_));
        self.cursor = self.of.iter().position(is_choice).unwrap_or(0);
    }

    /// All rows.
    pub(crate) fn rows(&self) -> &[Line<'static>] {
        &self.rows
    }

    /// The first row that is shown where there are so many.
    pub(crate) fn top(&self, height: u16) -> usize {
        // Where nothing is in sight, something would be.
        let height = usize::from(height.max(1));
        let top = match self.cursor() {
            Some(cursor) => self.top.clamp((cursor + 1).saturating_sub(height), cursor),
            None => self.top,
        };
        top.min(self.rows.len().saturating_sub(height))
    }

    /// The row that is chosen, where one can be.
    pub(crate) fn cursor(&self) -> Option<usize> {
        let last = self.rows.len().checked_sub(1)?;
        self.has_cursor.then(|| self.cursor.min(last))
    }

    /// All lines.
    pub(crate) fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    /// The line of the chosen row, and what it stands for.
    pub(crate) fn here(&self) -> Option<(usize, &Mark)> {
        let line = *self.of.get(self.cursor()?)?;
        self.pieces.get(line).map(|piece| (line, &piece.mark))
    }

    /// Moves what is in sight, with the height that is.
    pub(crate) fn scroll(&mut self, action: Option<Action>, height: u16) {
        let (top, page) = (self.top(height), usize::from(height.max(2)) - 1);
        let cursor = self.cursor().unwrap_or(top);
        let last = self.rows.len().saturating_sub(1);
        let (to_cursor, to_top) = match action {
            // Only the chosen row moves, and the page follows where it has to.
            Some(Action::Up) if self.has_cursor => (self.beside(cursor, true), top),
            Some(Action::Down) if self.has_cursor => (self.beside(cursor, false), top),
            Some(Action::Up) => (cursor, top.saturating_sub(1)),
            Some(Action::Down) => (cursor, top + 1),
            Some(Action::PageUp) => (cursor.saturating_sub(page), top.saturating_sub(page)),
            Some(Action::PageDown) => (cursor + page, top + page),
            Some(Action::Top) => (0, 0),
            Some(Action::Bottom) => (last, usize::MAX),
            _ => (cursor, top),
        };
        (self.cursor, self.top) = (to_cursor.min(last), to_top);
        self.top = self.top(height);
    }

    /// Moves what is in sight by rows, and takes the chosen row along where it would get out of sight.
    pub(crate) fn roll(&mut self, rows: isize, height: u16) {
        let page = usize::from(height.max(1));
        let last = self.rows.len().saturating_sub(page);
        self.top = self.top(height).saturating_add_signed(rows).min(last);
        self.cursor = self.cursor.clamp(self.top, self.top + page - 1);
    }

    /// The row above or below; of what can be opened, the first row of the one before or after.
    fn beside(&self, row: usize, back: bool) -> usize {
        let next = if back { row.saturating_sub(1) } else { row + 1 };
        let Some(line) = self.of.get(next) else { return row };
        let first = self.first_of(*line);
        match (&self.pieces[*line].mark, back) {
            (Mark::Choice(_), true) => first,
            (Mark::Choice(_), false) if first < next => {
                let after = self.of.partition_point(|of| of <= line);
                if after < self.rows.len() { after } else { row }
            }
            _ => next,
        }
    }

    /// To where the next file begins, or the one before.
    pub(crate) fn go_to_file(&mut self, back: bool, height: u16) {
        let begins = |row: &usize| {
            let line = self.of[*row];
            self.pieces[line].is_file && self.first_of(line) == *row
        };
        let at = self.cursor().unwrap_or_else(|| self.top(height));
        let found = if back {
            (0..at.min(self.rows.len())).rev().find(begins)
        } else {
            (at + 1..self.rows.len()).find(begins)
        };
        if let Some(row) = found {
            (self.cursor, self.top) = (row, row);
        }
    }

    /// Shows of the file in which one is only its head, or all of it again. The rows have to be made anew.
    pub(crate) fn fold(&mut self, height: u16) {
        let at = self.cursor().unwrap_or_else(|| self.top(height));
        let Some(line) = self.of.get(at) else { return };
        let head = (0..=*line).rev().find(|line| self.pieces[*line].is_file);
        let Some(head) = head else { return };
        let file = self.pieces[..head].iter().filter(|piece| piece.is_file).count();
        if !self.folded.remove(&file) {
            self.folded.insert(file);
            self.cursor = self.first_of(head);
            self.top = self.top.min(self.cursor);
        }
    }

    /// Shows of all files only their heads, or all of them again. The rows have to be made anew.
    pub(crate) fn fold_all(&mut self) {
        let count = self.pieces.iter().filter(|piece| piece.is_file).count();
        self.folded = if self.folded.is_empty() { (0..count).collect() } else { BTreeSet::new() };
    }

    /// Whether of a file only the head is shown, by its order.
    pub(crate) fn is_folded(&self, file: usize) -> bool {
        self.folded.contains(&file)
    }

    /// Shows all of all files: what is looked for is found. True where the rows have to be made anew.
    pub(crate) fn unfold(&mut self) -> bool {
        !std::mem::take(&mut self.folded).is_empty()
    }

    /// Whether a file begins anywhere.
    pub(crate) fn has_files(&self) -> bool {
        self.pieces.iter().any(|piece| piece.is_file)
    }

    /// Whether a row has what is searched for. Where it is broken over rows, it is in the first of them.
    pub(crate) fn is_found(&self, row: usize) -> bool {
        let has = |row: usize| self.rows.get(row).is_some_and(|row| self.search.finds(&text_of(row)));
        let Some(line) = self.of.get(row) else { return false };
        let first = self.first_of(*line);
        let of_line = || (first..).take_while(|row| self.of.get(*row) == Some(line));
        has(row) || (row == first && self.search.finds(&self.pieces[*line].text()) && !of_line().any(has))
    }

    /// To the next row that has what is searched for, or the one before; around the end.
    pub(crate) fn jump(&mut self, back: bool, height: u16) {
        let at = self.cursor().unwrap_or_else(|| self.top(height));
        let mut after = (at + 1..self.rows.len()).chain(0..self.rows.len().min(at + 1));
        let mut before = (0..at.min(self.rows.len())).rev().chain((at..self.rows.len()).rev());
        let is_found = |row: &usize| self.is_found(*row);
        let found = if back { before.find(is_found) } else { after.find(is_found) };
        if let Some(row) = found {
            let is_seen = (self.top(height)..).take(usize::from(height)).any(|seen| seen == row);
            self.cursor = row;
            if !self.has_cursor || !is_seen {
                self.top = row;
            }
        }
    }

    /// Begins to type what is looked for.
    pub(crate) fn ask(&mut self, what: For) {
        self.search.begin(what);
    }

    /// A key while it is typed. True where the rows have to be made anew.
    pub(crate) fn typed(&mut self, key: &KeyEvent, height: u16) -> bool {
        match self.search.key(key) {
            Typed::More | Typed::Left => false,
            Typed::Search => {
                self.jump(false, height);
                false
            }
            Typed::Filter => true,
        }
    }
}

/// Lines of text, with nothing to do.
pub(crate) fn plain(lines: Vec<Long>) -> Vec<Piece> {
    lines.into_iter().map(Piece::of).collect()
}

fn text_of(row: &Line<'_>) -> String {
    row.spans.iter().map(|span| span.content.as_ref()).collect()
}
