//! Drawing: reads the screen, changes nothing.

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Borders, Clear, Paragraph};

use crate::desk::Desk;
use crate::key::{ROWS, Row};
use crate::screen::{Focus, Screen};
use crate::text::{Long, harmless, wrap};
use crate::theme::Theme;
use crate::tree;

mod dialog;
mod form;
mod help;
mod hints;
mod input;
mod palette;
mod status;
mod talk;
mod viewer;

pub(crate) use dialog::Spread;
pub use talk::draw_talk;
pub(crate) use talk::{TalkPanes, talk_panes};

/// The smallest terminal on which anything can be done.
const SMALLEST: (u16, u16) = (40, 10);
/// From this width on the milestones have a place of their own beside the feed.
const WIDE: u16 = 76;
/// From this height on the log has a place of its own below.
const HIGH: u16 = 18;

/// Where everything is. A pane that is not in sight is empty.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Panes {
    header: Rect,
    /// Without its borders, like all panes.
    pub(crate) tree: Rect,
    pub(crate) feed: Rect,
    pub(crate) log: Rect,
    status: Rect,
    /// What waits to be said, and the line at which the person writes.
    pub(crate) input: Rect,
    /// Where the question in front is.
    pub(crate) dialog: Option<Spread>,
    /// Where something is read.
    pub(crate) reading: Rect,
}

/// Says where everything is; `None` where the terminal is too small.
pub(crate) fn panes(screen: &Screen) -> Option<Panes> {
    let area = screen.desk.area;
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        return None;
    }
    let mut panes = Panes {
        header: Rect { height: 1, ..area },
        status: Rect { y: area.bottom() - 1, height: 1, ..area },
        ..Panes::default()
    };
    let input = input::height(&screen.desk, screen.state.queue().len(), area);
    panes.input = Rect { y: area.bottom() - 1 - input, height: input, ..area };
    let body = Rect { y: area.y + 1, height: area.height - 2 - input, ..area };
    let has_log = area.height >= HIGH || screen.focus == Focus::Log;
    let log_height = match (has_log, area.height >= HIGH) {
        (false, _) => 0,
        (true, true) => (area.height / 4).clamp(5, 12),
        (true, false) => body.height,
    };
    let upper = Rect { height: body.height - log_height, ..body };
    panes.log = inner(Rect { y: upper.bottom(), height: log_height, ..body });
    let tree_width = match (area.width >= WIDE, screen.focus) {
        (true, _) => (area.width / 3).clamp(26, 44),
        (false, Focus::Tree) => area.width,
        (false, Focus::Input | Focus::Feed | Focus::Log) => 0,
    };
    panes.tree = inner(Rect { width: tree_width, ..upper });
    panes.feed = inner(Rect { x: upper.x + tree_width, width: upper.width - tree_width, ..upper });
    panes.reading = viewer::place(area);
    panes.dialog = screen.dialog().map(|dialog| dialog::place(&screen.desk, dialog));
    Some(panes)
}

impl Panes {
    /// The pane that is here, its borders included.
    pub(crate) fn at(&self, here: Position) -> Option<Focus> {
        let framed = [(self.tree, Focus::Tree), (self.feed, Focus::Feed), (self.log, Focus::Log)];
        let framed = framed.into_iter().filter(|(pane, _)| !pane.is_empty());
        let mut all = framed.map(|(pane, focus)| (outer(pane), focus)).chain([(self.input, Focus::Input)]);
        all.find(|(pane, _)| pane.contains(here)).map(|(_, focus)| focus)
    }
}

/// Draws everything.
pub fn draw(screen: &Screen, frame: &mut Frame<'_>) {
    let Some(panes) = panes(screen) else {
        let text = format!("too small: {}x{} or more", SMALLEST.0, SMALLEST.1);
        frame.render_widget(Paragraph::new(text), frame.area());
        return;
    };
    status::header(screen, panes.header, frame);
    status::status(screen, panes.status, frame);
    let desk = &screen.desk;
    let has_focus = |focus: Focus| screen.focus == focus && !screen.is_covered();
    framed(desk, frame, panes.tree, has_focus(Focus::Tree), "Milestones");
    let (rows, marked) = (screen.tree_rows(), screen.row_marked());
    let seen = (screen.walk.top(marked, rows.len(), panes.tree.height), marked);
    draw_tree(desk, &rows, seen, "No milestones yet. `orchestra pm` plans one.", frame, panes.tree);
    framed(desk, frame, panes.feed, has_focus(Focus::Feed), &status::feed_title(screen));
    draw_feed(desk, frame, panes.feed);
    framed(desk, frame, panes.log, has_focus(Focus::Log), "Log");
    draw_log(screen, frame, panes.log);
    input::draw(screen, panes.input, frame);
    if let (Some(dialog), Some(spread)) = (screen.dialog(), panes.dialog) {
        dialog::draw(&screen.desk, dialog, spread, frame);
    }
    let rows: Vec<&'static Row> = ROWS.iter().collect();
    draw_covers(&screen.desk, (&rows, &[]), || screen.possible(), frame);
}

/// What is in front of everything: something to read, the keys, the palette.
fn draw_covers(
    desk: &Desk,
    (rows, more): (&[&'static Row], &[(&str, &str)]),
    possible: impl Fn() -> Vec<&'static Row>,
    frame: &mut Frame<'_>,
) {
    if let Some(viewer) = &desk.viewer {
        viewer::draw(desk, viewer, frame);
    }
    if let Some(top) = desk.help {
        help::draw(desk, rows, more, top, frame);
    }
    if let Some(palette) = &desk.palette {
        palette::draw(desk, &possible(), palette, frame);
    }
}

/// A pane without its borders; an empty one has none.
fn inner(area: Rect) -> Rect {
    if area.width < 4 || area.height < 3 {
        return Rect::default();
    }
    Rect { x: area.x + 1, y: area.y + 1, width: area.width - 2, height: area.height - 2 }
}

fn framed(desk: &Desk, frame: &mut Frame<'_>, pane: Rect, has_focus: bool, title: &str) {
    if pane.is_empty() {
        return;
    }
    let style = if has_focus { desk.theme.accent() } else { desk.theme.dim() };
    // The focus is not said by colour alone.
    let mark = if has_focus { desk.theme.sign("▸", ">") } else { "" };
    let title = format!(" {mark}{} ", harmless(title, desk.theme.unicode).replace('\n', " "));
    let block = bordered(desk).border_style(style).title(Span::styled(title, style));
    frame.render_widget(block, outer(pane));
}

/// A pane with its borders.
fn outer(pane: Rect) -> Rect {
    Rect { x: pane.x - 1, y: pane.y - 1, width: pane.width + 2, height: pane.height + 2 }
}

/// A border of signs that the terminal can show.
fn bordered(desk: &Desk) -> Block<'static> {
    let block = Block::new().borders(Borders::ALL);
    if desk.theme.unicode {
        return block;
    }
    block.border_set(ratatui::symbols::border::Set {
        top_left: "+",
        top_right: "+",
        bottom_left: "+",
        bottom_right: "+",
        vertical_left: "|",
        vertical_right: "|",
        horizontal_top: "-",
        horizontal_bottom: "-",
    })
}

/// Draws the rows of a tree, or where there are none what stands there instead.
fn draw_tree(
    desk: &Desk,
    rows: &[tree::Row],
    (top, chosen): (usize, Option<usize>),
    instead: &str,
    frame: &mut Frame<'_>,
    area: Rect,
) {
    let theme = desk.theme;
    let height = usize::from(area.height);
    if rows.is_empty() && height > 0 {
        let line = Long { text: vec![Span::styled(instead.to_owned(), theme.dim())], ..Long::default() };
        frame.render_widget(Paragraph::new(wrap(&line, area.width)), area);
    }
    for (index, row) in rows.iter().enumerate().skip(top).take(height) {
        let place = Rect { y: area.y + u16::try_from(index - top).unwrap_or(0), height: 1, ..area };
        let clean = |text: &str| harmless(text, theme.unicode).replace('\n', " ");
        let (name, mut aside) = (clean(&row.name), clean(&row.aside));
        let width =
            |text: &str| u16::try_from(unicode_width::UnicodeWidthStr::width(text)).unwrap_or(u16::MAX);
        let set_in = 2 * row.depth;
        let room = place.width.saturating_sub(set_in + 2);
        // The name is cut before what stands beside it, which is short and says how it is.
        while width(&aside) > room / 2
            && let Some(at) = aside.rfind(' ')
        {
            aside.truncate(at);
        }
        let aside_width = width(&aside).min(room / 2);
        let line = Line::from(vec![
            Span::raw(" ".repeat(usize::from(set_in))),
            Span::styled(format!("{} ", row.sign), row.style),
            Span::styled(name, if row.depth == 0 { theme.strong() } else { Style::new() }),
        ]);
        let style = if chosen == Some(index) { theme.chosen() } else { Style::new() };
        let gap = u16::from(aside_width > 0);
        let left = Rect { width: place.width.saturating_sub(aside_width + gap), ..place };
        frame.render_widget(Paragraph::new(line).style(style), left);
        let right = Rect { x: place.right() - aside_width, width: aside_width, ..place };
        frame.render_widget(Paragraph::new(Span::styled(aside, theme.dim())), right);
    }
}

fn draw_feed(desk: &Desk, frame: &mut Frame<'_>, area: Rect) {
    let top = desk.feed.top(area.height);
    for (index, (row, is_chosen)) in desk.feed.rows(top, area.height).into_iter().enumerate() {
        let place = Rect { y: area.y + u16::try_from(index).unwrap_or(0), height: 1, ..area };
        let style = if is_chosen { Style::new().add_modifier(Modifier::REVERSED) } else { Style::new() };
        frame.render_widget(Paragraph::new(row.clone()).style(style), place);
    }
}

fn draw_log(screen: &Screen, frame: &mut Frame<'_>, area: Rect) {
    let height = usize::from(area.height);
    let end = screen.log.len().saturating_sub(screen.log_back);
    let begin = end.saturating_sub(height);
    for (index, line) in screen.log.range(begin..end).enumerate() {
        let place = Rect { y: area.y + u16::try_from(index).unwrap_or(0), height: 1, ..area };
        let line = harmless(line, screen.desk.theme.unicode).replace('\n', " ");
        frame.render_widget(Paragraph::new(line), place);
    }
}

/// Marks the row that is chosen, in the column before the rows.
fn mark_cursor(theme: Theme, cursor: Option<usize>, top: usize, rows: Rect, frame: &mut Frame<'_>) {
    let row = cursor.and_then(|cursor| u16::try_from(cursor.checked_sub(top)?).ok());
    let Some(row) = row.filter(|row| *row < rows.height && rows.x > 0) else { return };
    let place = Rect { x: rows.x - 1, y: rows.y + row, width: 1, height: 1 };
    frame.render_widget(Paragraph::new(Span::styled(theme.sign("▸", ">"), theme.accent())), place);
}

/// Hints as rows: each stays together, by spaces at which nothing is broken.
fn hint_rows(theme: Theme, text: Vec<Span<'static>>, width: u16) -> Vec<Line<'static>> {
    let mut rows = wrap(&Long { text, ..Long::default() }, width);
    if !theme.unicode {
        for span in rows.iter_mut().flat_map(|row| &mut row.spans) {
            span.content = span.content.replace('\u{a0}', " ").into();
        }
    }
    rows
}

/// A box in front of everything, cleared.
fn in_front(desk: &Desk, frame: &mut Frame<'_>, area: Rect, title: &str, style: Style) {
    frame.render_widget(Clear, area);
    let title = Span::styled(format!(" {title} "), style);
    frame.render_widget(bordered(desk).border_style(style).title(title), area);
}

#[cfg(test)]
mod tests;
