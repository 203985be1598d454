//! The palette.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::in_front;
use crate::desk::Desk;
use crate::key::Row;
use crate::palette::Palette;
use crate::text::{columns, harmless};

/// The widest it gets.
const WIDEST: u16 = 76;
/// The highest it gets, borders and the line to type into included.
const HIGHEST: u16 = 16;

/// Draws it.
pub(super) fn draw(desk: &Desk, possible: &[&'static Row], palette: &Palette, frame: &mut Frame<'_>) {
    let (theme, area) = (desk.theme, desk.area);
    let width = area.width.saturating_sub(4).min(WIDEST);
    let height = (area.height - 2).min(HIGHEST);
    let outer = Rect { x: area.x + (area.width - width) / 2, y: area.y + 1, width, height };
    in_front(desk, frame, outer, "Actions", theme.accent());
    let inside = Rect { x: outer.x + 2, y: outer.y + 1, width: width - 4, height: height - 2 };

    let sign = theme.sign("› ", "> ");
    let typed = harmless(&palette.typed, theme.unicode);
    let line = Line::from(vec![Span::styled(sign, theme.accent()), Span::raw(typed.clone())]);
    frame.render_widget(Paragraph::new(line), Rect { height: 1, ..inside });
    let column = u16::try_from(columns(sign) + columns(&typed)).unwrap_or(u16::MAX).min(inside.width - 1);
    frame.set_cursor_position((inside.x + column, inside.y));

    let (found, chosen) = palette.found(possible);
    let list = Rect { y: inside.y + 1, height: inside.height - 1, ..inside };
    if found.is_empty() {
        frame.render_widget(Paragraph::new(Span::styled("nothing that can be done here", theme.dim())), list);
    }
    let room = usize::from(list.height);
    let top = (chosen + 1).saturating_sub(room);
    for (index, row) in found.iter().enumerate().skip(top).take(room) {
        let place = Rect { y: list.y + u16::try_from(index - top).unwrap_or(0), height: 1, ..list };
        let keys = desk.keys.all(row.action).join(" ");
        let keys_width = u16::try_from(columns(&keys)).unwrap_or(u16::MAX).min(place.width / 3);
        let style = if index == chosen { theme.chosen() } else { Style::new() };
        // The choice is not said by colour alone.
        let mark = if index == chosen { theme.sign("▸ ", "> ") } else { "  " };
        let left = Rect { width: place.width - keys_width - 1, ..place };
        let words = Line::from(vec![
            Span::raw(mark),
            Span::styled(row.name, theme.strong()),
            Span::raw("  "),
            Span::raw(row.words),
        ]);
        frame.render_widget(Paragraph::new(words).style(style), left);
        let right = Rect { x: place.right() - keys_width, width: keys_width, ..place };
        frame.render_widget(Paragraph::new(Span::styled(keys, theme.accent())), right);
    }
}
