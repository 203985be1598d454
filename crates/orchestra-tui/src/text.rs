//! Text that is harmless and fits.
//!
//! Everything that models, agents, tools and files say goes through [`harmless`] or [`ansi`] before it becomes a span,
//! and through [`wrap`] before it becomes rows. Invariants, each held by a property test in `text/tests.rs`:
//! - No span holds a control character or a character that turns the direction of writing.
//! - No row is wider than asked for, whatever its text and whatever stands before it.
//!
//! Absent on purpose: cursor movement, erasing and hyperlinks of terminals, and colours beyond the terminal's sixteen.

mod ansi;
mod harmless;
mod plain;
mod wrap;

#[cfg(test)]
pub(crate) mod tests;

use ratatui::text::Span;

pub(crate) use ansi::ansi;
pub(crate) use harmless::harmless;
pub use plain::coloured;
pub(crate) use plain::plain;
pub(crate) use wrap::{columns, wrap};

/// A logical line.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Long {
    /// What stands before its first row: a list's sign, a quote's bar.
    pub(crate) first: Vec<Span<'static>>,
    /// What stands before each later row: a hanging indent, a quote's bar.
    pub(crate) rest: Vec<Span<'static>>,
    /// Its text, harmless and without newlines.
    pub(crate) text: Vec<Span<'static>>,
    /// Whether it is broken at the edge and not at words, as code is.
    pub(crate) keep: bool,
}
