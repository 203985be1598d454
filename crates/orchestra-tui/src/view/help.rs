//! The keys that work here.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::in_front;
use crate::desk::Desk;
use crate::key::Row;

use crate::text::{Long, wrap};

/// How wide the column of keys is.
const KEYS: usize = 16;

/// Draws them, from a row on; first those that no action of the table has.
pub(super) fn draw(
    desk: &Desk,
    rows: &[&'static Row],
    more: &[(&str, &str)],
    top: usize,
    frame: &mut Frame<'_>,
) {
    let (theme, area) = (desk.theme, desk.area);
    let width = area.width.saturating_sub(4).min(76);
    let outer = Rect { x: area.x + (area.width - width) / 2, y: area.y + 1, width, height: area.height - 2 };
    in_front(desk, frame, outer, "Keys", theme.accent());
    let inside = Rect { x: outer.x + 2, y: outer.y + 1, width: width - 4, height: outer.height - 2 };
    let own = more.iter().map(|(keys, words)| ((*keys).to_owned(), *words));
    let of_table = rows.iter().map(|row| (desk.keys.all(row.action).join(" "), row.words));
    let rows: Vec<Line<'static>> = own
        .chain(of_table)
        .flat_map(|(keys, words)| {
            let line = Long {
                first: vec![Span::styled(format!("{keys:<KEYS$}"), theme.accent())],
                rest: vec![Span::raw(" ".repeat(KEYS))],
                text: vec![Span::raw(words.to_owned())],
                keep: false,
            };
            wrap(&line, inside.width)
        })
        .collect();
    let height = usize::from(inside.height);
    let top = top.min(rows.len().saturating_sub(height));
    frame.render_widget(Paragraph::new(rows.into_iter().skip(top).take(height).collect::<Vec<_>>()), inside);
}
