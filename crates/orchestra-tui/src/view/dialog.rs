//! The question in front.

use orchestra_core::words::counted;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::in_front;
use crate::desk::Desk;
use crate::key::Action;
use crate::question::{Dialog, Subject, Way};
use crate::text::{columns, harmless};

/// The widest a question gets: longer rows are hard to read.
const WIDEST: u16 = 110;
/// How many rows of a text that is being written are in sight.
const ENTRY: u16 = 5;

/// Where a question in front has its parts.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Spread {
    outer: Rect,
    /// Where its page is.
    pub(crate) page: Rect,
    entry: Rect,
    ways: Rect,
}

/// Finds a place for a question in front.
pub(super) fn place<S: Subject>(desk: &Desk, dialog: &Dialog<S>) -> Spread {
    let area = desk.area;
    let width = area.width.saturating_sub(2).min(WIDEST);
    let ways_height = u16::try_from(ways(desk, dialog, width - 4).len()).unwrap_or(1);
    // On a small terminal a question takes all there is between header and status.
    let margin = u16::from(area.height >= 20);
    let height = area.height - 2 - 2 * margin;
    let outer = Rect { x: area.x + (area.width - width) / 2, y: area.y + 1 + margin, width, height };
    let inside = Rect { x: outer.x + 2, y: outer.y + 1, width: width - 4, height: height - 2 };
    let ways_height = ways_height.min(inside.height.saturating_sub(1));
    let entry_height = match dialog.entry() {
        // Its words stand above it. What is there already is to be seen, as far as half of the page allows.
        Some((_, entry)) => {
            let rows = u16::try_from(entry.area().lines().len()).unwrap_or(u16::MAX).saturating_add(2);
            let wanted = rows.clamp(ENTRY + 1, (inside.height / 2).max(ENTRY + 1));
            wanted.min(inside.height.saturating_sub(ways_height + 1))
        }
        None => 0,
    };
    let page_height = inside.height - ways_height - entry_height;
    Spread {
        outer,
        page: Rect { height: page_height, ..inside },
        entry: Rect { y: inside.y + page_height, height: entry_height, ..inside },
        ways: Rect { y: inside.bottom() - ways_height, height: ways_height, ..inside },
    }
}

/// Draws it.
pub(super) fn draw<S: Subject>(desk: &Desk, dialog: &Dialog<S>, spread: Spread, frame: &mut Frame<'_>) {
    let (theme, page) = (desk.theme, spread.page);
    let comments = match dialog.comment_count() {
        0 => String::new(),
        count => format!(" · {}", counted(count, "comment")),
    };
    let title = format!("{} {}{comments}", theme.sign("🚦", "?"), dialog.about.title());
    let title = if theme.unicode { title } else { title.replace('·', "-") };
    let title = harmless(&title, theme.unicode).replace('\n', " ");
    in_front(desk, frame, spread.outer, &title, theme.waiting());

    let sheet = &dialog.sheet;
    let (top, height) = (sheet.top(page.height), usize::from(page.height));
    let found = Style::new().add_modifier(Modifier::REVERSED);
    let rows = sheet.rows().iter().enumerate().skip(top).take(height);
    let rows = rows.map(
        |(index, row)| {
            if sheet.is_found(index) { row.clone().patch_style(found) } else { row.clone() }
        },
    );
    frame.render_widget(Paragraph::new(rows.collect::<Vec<Line<'static>>>()), page);
    super::mark_cursor(theme, sheet.cursor(), top, page, frame);
    foot(desk, dialog, spread, frame);
    frame.render_widget(Paragraph::new(ways(desk, dialog, spread.ways.width)), spread.ways);
    let Some((words, entry)) = dialog.entry() else { return };
    if spread.entry.height < 2 {
        return;
    }
    let words = harmless(&words, theme.unicode).replace('\n', " ");
    let head = Rect { height: 1, ..spread.entry };
    let words = entry.searching().map_or(words, |words| harmless(&words, theme.unicode));
    frame.render_widget(Paragraph::new(Span::styled(words, theme.strong())), head);
    let field = Rect { y: spread.entry.y + 1, height: spread.entry.height - 1, ..spread.entry };
    frame.render_widget(entry.area(), field);
    show_cursor(frame, field, true);
}

/// How much there is above and below, or what is searched for.
fn foot<S: Subject>(desk: &Desk, dialog: &Dialog<S>, spread: Spread, frame: &mut Frame<'_>) {
    let (page, sheet) = (spread.page, &dialog.sheet);
    let top = sheet.top(page.height);
    let below = sheet.rows().len().saturating_sub(top + usize::from(page.height));
    let is_typing = sheet.search.is_typing();
    let text = match sheet.search.foot() {
        Some(typed) if is_typing => format!(" {typed} "),
        Some(pattern) if dialog.has_key('n') => format!(" {pattern} (/ enter: next) "),
        Some(pattern) => format!(" {pattern} (n next, N before) "),
        None if top + below > 0 && page.width > 30 => {
            let keys = desk.keys.hint(&[Action::PageUp, Action::PageDown]);
            format!(" {top} above, {below} below ({keys}) ")
        }
        None => return,
    };
    let text = harmless(&text, desk.theme.unicode).replace('\n', " ");
    let width = u16::try_from(columns(&text)).unwrap_or(page.width).min(page.width);
    let place = Rect { x: spread.outer.right() - 1 - width, y: spread.outer.bottom() - 1, width, height: 1 };
    frame.render_widget(Paragraph::new(Span::styled(text, desk.theme.dim())), place);
    if is_typing {
        frame.set_cursor_position((place.right().saturating_sub(1), place.y));
    }
}

/// The real cursor stands where the next letter goes, so that input methods open their window there. The text field
/// marks the place by a style of its own.
pub(super) fn show_cursor(frame: &mut Frame<'_>, field: Rect, is_here: bool) {
    let marked = field.positions().find(|place| {
        frame.buffer_mut().cell(*place).is_some_and(|cell| cell.modifier.contains(Modifier::HIDDEN))
    });
    if let Some(place) = marked {
        if let Some(cell) = frame.buffer_mut().cell_mut(place) {
            cell.modifier.remove(Modifier::HIDDEN);
        }
        if is_here {
            frame.set_cursor_position(place);
        }
    }
}

/// The ways to answer, as hints; dim until they count.
fn ways<S: Subject>(desk: &Desk, dialog: &Dialog<S>, width: u16) -> Vec<Line<'static>> {
    let theme = desk.theme;
    let is_writing = dialog.entry().is_some();
    let is_armed = dialog.is_armed(desk.now.since) && !is_writing;
    let mut text = Vec::new();
    let mut add = |key: String, label: &str, is_on: bool| {
        if !text.is_empty() {
            text.push(Span::styled(theme.sign(" · ", " | "), theme.dim()));
        }
        let (key_style, label_style) =
            if is_on { (theme.accent(), Style::new()) } else { (theme.dim(), theme.dim()) };
        text.push(Span::styled(key, key_style));
        // Key and label stay together.
        text.push(Span::styled(format!("\u{a0}{}", label.replace(' ', "\u{a0}")), label_style));
    };
    if dialog.is_commenting() {
        add("enter".to_owned(), "keep it", true);
        add("alt-enter".to_owned(), "new line", true);
        add("esc".to_owned(), "back, as it was", true);
    } else if is_writing {
        add("enter".to_owned(), "send", dialog.may_send(desk.now.since));
        add("alt-enter".to_owned(), "new line", true);
        if dialog.entry().is_some_and(|(_, entry)| entry.has_folds()) {
            add("ctrl-o".to_owned(), "open the paste", true);
        }
        add("esc".to_owned(), "back, and throw it away", true);
    } else {
        for way in dialog.ways() {
            let key = match way {
                Way::COMMENT => desk.keys.hint(&[Action::Comment]),
                Way::EDIT => desk.keys.hint(&[Action::Edit]),
                _ => way.key.to_string(),
            };
            if !key.is_empty() {
                add(key, way.label, is_armed && dialog.is_open(way));
            }
        }
        if dialog.sheet.has_files() {
            add("]\u{a0}[".to_owned(), "file", true);
        }
        add("/".to_owned(), "search", true);
        add("esc".to_owned(), "look around first", true);
    }
    super::hint_rows(theme, text, width)
}
