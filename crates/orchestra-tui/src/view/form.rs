//! Questions of an agent's, in front.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::dialog::show_cursor;
use super::in_front;
use crate::desk::Desk;
use crate::form::{Questions, SET_IN};
use crate::text::{Long, wrap};

/// The widest they get.
const WIDEST: u16 = 90;

/// How wide their rows are.
pub(super) fn width(desk: &Desk) -> u16 {
    desk.area.width.saturating_sub(2).min(WIDEST) - 4
}

/// Draws them.
pub(super) fn draw(desk: &Desk, form: &Questions, frame: &mut Frame<'_>) {
    let (theme, area, width) = (desk.theme, desk.area, width(desk));
    let ways = ways(desk, form, width);
    let ways_height = u16::try_from(ways.len()).unwrap_or(1);
    // On a small terminal they take all there is between header and status.
    let margin = u16::from(area.height >= 20);
    let most = area.height - 2 - 2 * margin;
    let wanted = u16::try_from(form.height()).unwrap_or(most).saturating_add(ways_height + 3);
    let height = wanted.min(most);
    let outer =
        Rect { x: area.x + (area.width - width - 4) / 2, y: area.y + 1 + margin, width: width + 4, height };
    let what = if form.is_one() { "a question" } else { "questions" };
    let title = format!("{} {what} for you", theme.sign("🚦", "?"));
    in_front(desk, frame, outer, &title, theme.waiting());
    let inside = Rect { x: outer.x + 2, y: outer.y + 1, width, height: height - 2 };
    let page =
        Rect { height: inside.height.saturating_sub(ways_height + u16::from(wanted <= most)), ..inside };
    let (rows, chosen) = form.seen(page.height);
    let rows: Vec<Line<'static>> = rows.into_iter().cloned().collect();
    frame.render_widget(Paragraph::new(rows), page);
    let place = Rect { y: inside.bottom() - ways_height, height: ways_height, ..inside };
    frame.render_widget(Paragraph::new(ways), place);
    let Some((first, count)) = chosen else { return };
    super::mark_cursor(theme, Some(first), 0, Rect { x: page.x + 2, ..page }, frame);
    let (first, count) = (u16::try_from(first).unwrap_or(0), u16::try_from(count).unwrap_or(1));
    if let Some(entry) = form.entry() {
        let field = Rect {
            x: page.x + SET_IN,
            y: page.y + first,
            width: width.saturating_sub(SET_IN),
            height: count,
        };
        frame.render_widget(entry.area(), field);
        show_cursor(frame, field, true);
    }
}

/// The keys, as hints; dim until they count.
fn ways(desk: &Desk, form: &Questions, width: u16) -> Vec<Line<'static>> {
    let theme = desk.theme;
    if let Some(warning) = form.warning() {
        let text = vec![Span::styled(warning, theme.waiting())];
        return wrap(&Long { text, ..Long::default() }, width);
    }
    let is_armed = form.is_armed(desk.now.since);
    let enter = if form.is_answered() { "send the answers" } else { "choose, and go on" };
    let mut ways = vec![("enter", enter, is_armed)];
    if form.is_typing() {
        ways.push(("alt-enter", "new line", is_armed));
    } else {
        ways.push(("1-9", "choose", is_armed));
    }
    ways.extend([
        ("up down", "move", true),
        ("tab", "next question", true),
        ("esc", "look around first", true),
    ]);
    let mut text = Vec::new();
    for (key, label, is_on) in ways {
        if !text.is_empty() {
            text.push(Span::styled(theme.sign(" · ", " | "), theme.dim()));
        }
        let (key_style, style) =
            if is_on { (theme.accent(), Style::new()) } else { (theme.dim(), theme.dim()) };
        text.push(Span::styled(key.replace(' ', "\u{a0}"), key_style));
        // Key and label stay together.
        text.push(Span::styled(format!("\u{a0}{}", label.replace(' ', "\u{a0}")), style));
    }
    super::hint_rows(theme, text, width)
}
