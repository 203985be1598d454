//! A patch with its colours.

use ratatui::style::Style;
use ratatui::text::Span;

use crate::text::{Long, harmless};
use crate::theme::Theme;

/// A line of the patch each.
pub(crate) fn lines(patch: &str, theme: Theme) -> Vec<Long> {
    let style = |line: &str| match line.as_bytes() {
        [b'+', b'+', b'+', ..] | [b'-', b'-', b'-', ..] | [b'd', b'i', b'f', b'f', ..] => theme.strong(),
        [b'+', ..] => theme.good(),
        [b'-', ..] => theme.bad(),
        [b'@', b'@', ..] => theme.accent(),
        [b'c', b'o', b'm', b'm', b'i', b't', b' ', ..] => theme.waiting(),
        _ => Style::new(),
    };
    let patch = harmless(patch, theme.unicode);
    let lines = patch.lines().map(|line| Long {
        text: vec![Span::styled(line.to_owned(), style(line))],
        keep: true,
        ..Long::default()
    });
    lines.collect()
}
