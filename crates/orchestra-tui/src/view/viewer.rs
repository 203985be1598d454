//! Something to read.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use ratatui::text::Span;
use ratatui::widgets::Paragraph;

use super::in_front;
use crate::desk::Desk;
use crate::text::harmless;
use crate::viewer::Viewer;

/// Where the rows are.
pub(super) fn place(area: Rect) -> Rect {
    Rect { x: area.x + 2, y: area.y + 2, width: area.width - 4, height: area.height - 4 }
}

/// Draws it.
pub(super) fn draw(desk: &Desk, viewer: &Viewer, frame: &mut Frame<'_>) {
    let (theme, area) = (desk.theme, desk.area);
    let outer = Rect { y: area.y + 1, height: area.height - 2, ..area };
    let title = harmless(&viewer.title(), theme.unicode).replace('\n', " ");
    let title = if theme.unicode { title } else { title.replace('·', "-").replace(['“', '”'], "\"") };
    in_front(desk, frame, outer, &title, theme.accent());
    let inside = place(area);
    let top = viewer.top(inside.height);
    for (index, row) in viewer.rows().iter().enumerate().skip(top).take(usize::from(inside.height)) {
        let place = Rect { y: inside.y + u16::try_from(index - top).unwrap_or(0), height: 1, ..inside };
        let mut row = row.clone();
        if viewer.is_found(index) {
            row = row.patch_style(ratatui::style::Style::new().add_modifier(Modifier::REVERSED));
        }
        frame.render_widget(Paragraph::new(row), place);
    }
    super::mark_cursor(theme, viewer.cursor(), top, inside, frame);
    let below = viewer.rows().len().saturating_sub(top + usize::from(inside.height));
    let foot = match viewer.foot() {
        Some(typed) if viewer.is_typing() => format!(" {typed} "),
        Some(pattern) => format!(" {pattern} (n next, N before) "),
        None => format!(" {top} above, {below} below "),
    };
    let foot = harmless(&foot, theme.unicode).replace('\n', " ");
    let width = u16::try_from(crate::text::columns(&foot)).unwrap_or(u16::MAX).min(outer.width - 2);
    let place = Rect { x: outer.right() - 1 - width, y: outer.bottom() - 1, width, height: 1 };
    frame.render_widget(Paragraph::new(Span::styled(foot, theme.dim())), place);
    if viewer.is_typing() {
        frame.set_cursor_position((place.right().saturating_sub(1), place.y));
    }
}
