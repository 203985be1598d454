//! The line at which the person writes to those who work, and what waits to be said.

use orchestra_core::config::AgentConfig;
use orchestra_core::worker::{Listener, Progress, Work};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Span;
use ratatui::widgets::Paragraph;

use super::dialog::show_cursor;
use crate::desk::Desk;
use crate::screen::{Focus, Screen};
use crate::text::{columns, harmless};

/// How many rows of what is written are in sight, and how many of what waits to be said.
const ROWS: u16 = 6;
const QUEUE: usize = 3;
/// How far the text stands from the left.
const SET_IN: u16 = 3;

/// How many rows it takes where so many texts wait.
pub(super) fn height(desk: &Desk, waiting: usize, area: Rect) -> u16 {
    // Most of a small terminal belongs to what is said.
    let most = (area.height / 4).max(1);
    let width = area.width.saturating_sub(SET_IN + 1).max(1);
    let rows = desk.input.entry.rows(width, ROWS).max(1);
    (queue_height(waiting) + rows).min(most)
}

fn queue_height(waiting: usize) -> u16 {
    u16::try_from(waiting.min(QUEUE)).unwrap_or(0)
}

/// Draws both.
pub(super) fn draw(screen: &Screen, area: Rect, frame: &mut Frame<'_>) {
    let queued: Vec<(String, &str)> = screen
        .state
        .queue()
        .iter()
        .map(|queued| {
            let whom =
                queued.behind.as_ref().map_or_else(|| "next".to_owned(), |work| format!("after {work}"));
            (whom, queued.text.as_str())
        })
        .collect();
    let has_focus = screen.focus == Focus::Input && !screen.is_covered();
    draw_line(&screen.desk, &queued, &whom(screen), has_focus, area, frame);
}

/// Draws what waits, each with whom it is for, and the line; `hint` stands in an empty one.
pub(super) fn draw_line(
    desk: &Desk,
    queue: &[(String, &str)],
    hint: &str,
    has_focus: bool,
    area: Rect,
    frame: &mut Frame<'_>,
) {
    let theme = desk.theme;
    // What is written comes before what waits, where there is no room for both.
    let waiting = queue_height(queue.len()).min(area.height.saturating_sub(1));
    let first = queue.len() - usize::from(waiting).min(queue.len());
    for (row, (whom, text)) in (0..waiting).zip(&queue[first..]) {
        let place = Rect { y: area.y + row, height: 1, ..area };
        let more = if row == 0 && first > 0 { format!(" (and {first} before)") } else { String::new() };
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let line = format!(" {} {whom}{more}: {text}", theme.sign("⏵", "+"));
        let line = harmless(&line, theme.unicode).replace('\n', " ");
        frame.render_widget(Paragraph::new(Span::styled(line, theme.waiting())), place);
    }
    let field = Rect {
        x: area.x + SET_IN,
        y: area.y + waiting,
        width: area.width.saturating_sub(SET_IN + 1),
        height: area.height - waiting,
    };
    let style = if has_focus { theme.accent() } else { theme.dim() };
    let sign = Span::styled(theme.sign(" ›", " >"), style);
    frame.render_widget(Paragraph::new(sign), Rect { width: 2, height: 1, x: area.x, ..field });
    if desk.input.entry.text().is_empty() {
        let hint = format!("{}{hint}", if has_focus { " " } else { "" });
        if columns(&hint) < usize::from(field.width) {
            frame.render_widget(Paragraph::new(Span::styled(hint, theme.dim())), field);
        }
        if has_focus {
            frame.set_cursor_position(field.as_position());
        }
        return;
    }
    frame.render_widget(desk.input.entry.area(), field);
    show_cursor(frame, field, has_focus);
}

/// Who would hear it, and when.
fn whom(screen: &Screen) -> String {
    match screen.state.listener() {
        Listener::Now(id, _) => {
            let work = screen.state.works().iter().find(|work| work.id == id);
            let when = match () {
                () if is_heard_now(screen) => "",
                () if screen.is_turn_running() => ", when its turn ends",
                () => ", in its next turn",
            };
            format!("tell {}{when}", work.map(name).unwrap_or_default())
        }
        Listener::Next => "tell whoever works next".to_owned(),
        Listener::Nobody => "nobody works".to_owned(),
    }
}

/// Whether somebody runs who can be spoken to meanwhile.
pub(super) fn is_heard_now(screen: &Screen) -> bool {
    let policy = &screen.state.seen.policy;
    let hears = |work: &Work| {
        let agent = policy.agent_for(work.who.as_ref());
        agent.and_then(|agent| policy.config.agents.get(&agent)).is_some_and(AgentConfig::hears)
    };
    let runs = |work: &&Work| matches!(work.progress, Progress::Running { pausing: false, .. });
    screen.state.works().iter().find(runs).is_some_and(hears)
}

fn name(work: &Work) -> String {
    let alias = work.who.as_ref().and_then(|role| role.alias.clone());
    let alias = alias.or_else(|| work.role.as_ref().map(ToString::to_string)).unwrap_or_default();
    format!("#{alias}")
}
