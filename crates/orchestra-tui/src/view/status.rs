//! The line above, which says what goes on, and the line below, which says what to press.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use orchestra_core::words::{duration, thousands};
use orchestra_core::worker::{At, Progress, Stage};

use crate::screen::Screen;
use crate::text::{columns, harmless};
use crate::words::clock;

/// The line above.
pub(super) fn header(screen: &Screen, area: Rect, frame: &mut Frame<'_>) {
    let theme = screen.theme;
    let branch = screen.state.seen.head.as_ref().map(|head| head.branch.as_str()).unwrap_or_default();
    let dot = theme.sign("·", "-");
    let left = match branch {
        "" => format!(" orchestra start {dot} {}", screen.project),
        branch => format!(" orchestra start {dot} {} {dot} {branch}", screen.project),
    };
    let left = harmless(&left, theme.unicode).replace('\n', " ");
    let (right, style) = what(screen);
    let right = format!("{right} ");
    let width = u16::try_from(unicode_width::UnicodeWidthStr::width(right.as_str())).unwrap_or(area.width);
    let width = width.min(area.width);
    let place = Rect { width: area.width.saturating_sub(width + 1), ..area };
    frame.render_widget(Paragraph::new(Span::styled(left, theme.strong())), place);
    let place = Rect { x: area.right() - width, width, ..area };
    frame.render_widget(Paragraph::new(Span::styled(right, style)), place);
}

/// What goes on: durations while something runs, moments while nothing does.
fn what(screen: &Screen) -> (String, Style) {
    let theme = screen.theme;
    let since = clock(screen.since.at, &screen.zone);
    let (waits, idle) = (theme.sign("◆", "?"), theme.sign("○", "."));
    if !screen.dialogs.is_empty() {
        return (format!("{waits} waits for you since {since}"), theme.waiting());
    }
    let usage = screen.state.tally.usage.plus(screen.usage);
    let tokens = match usage.tokens() {
        0 => String::new(),
        tokens => format!(" {} {} tok", theme.sign("·", "-"), thousands(tokens)),
    };
    if let Some(until) = screen.rests_until() {
        let until = clock(until, &screen.zone);
        return (format!("{idle} the agent rests; next try {until}{tokens}"), theme.waiting());
    }
    match &screen.state.stage {
        Stage::Asleep | Stage::Looking => (format!("{idle} looking"), theme.dim()),
        Stage::Idle => (format!("{idle} waiting for new work since {since}"), theme.dim()),
        Stage::Left { .. } => ("leaving".to_owned(), theme.dim()),
        Stage::Milestone(active) => {
            let doing = match &active.at {
                At::Opening | At::RfcGate | At::PushGate => "running",
                At::Surveying { .. } => "looking at what a push would publish",
                At::Pushing { .. } => "pushing",
                At::Working(works) => works.first().map_or("running", |work| match work.progress {
                    Progress::Snapshotting => "saving what is uncommitted",
                    Progress::Verifying => "verifying",
                    Progress::Inspecting(_) | Progress::PuttingBack(_) => "looking at what changed",
                    Progress::Preparing | Progress::Swapping { .. } | Progress::Settling => "committing",
                    Progress::Running { pausing: true, .. } => "interrupting",
                    Progress::Running { .. }
                    | Progress::Backoff { .. }
                    | Progress::Diagnosed
                    | Progress::Asking(_) => "running",
                }),
            };
            let took = duration(screen.now.since.saturating_sub(screen.since.since));
            (format!("{} {doing} {took}{tokens}", theme.sign("●", "*")), theme.good())
        }
    }
}

/// What the pane of the feed is about.
pub(super) fn feed_title(screen: &Screen) -> String {
    let following = if screen.feed.is_following() { "" } else { " (end: follow)" };
    let Some(work) = screen.state.works().first() else { return format!("Agent{following}") };
    let role = work.who.as_ref().map(|role| {
        let alias = role.alias.clone().unwrap_or_else(|| role.id.to_string());
        let icon = role.icon.clone().filter(|_| screen.theme.unicode);
        icon.map_or_else(|| format!("{alias} · "), |icon| format!("{icon} {alias} · "))
    });
    let title = work.what.as_ref().map(|phase| format!(" {}", phase.title)).unwrap_or_default();
    let attempt = if work.attempt > 1 { format!(" · attempt {}", work.attempt) } else { String::new() };
    let dot = screen.theme.sign("·", "-");
    format!("{}{}{title}{attempt}{following}", role.unwrap_or_default(), work.id).replace('·', dot)
}

/// The line below.
pub(super) fn status(screen: &Screen, area: Rect, frame: &mut Frame<'_>) {
    let theme = screen.theme;
    let mut spans = vec![Span::raw(" ")];
    let mut room = usize::from(area.width).saturating_sub(1);
    // What comes first matters most: what has no room is left out, and `?` has it.
    let mut add = |key: &'static str, label: &str, style: Style| {
        let between = if spans.len() > 1 { theme.sign(" · ", " | ") } else { "" };
        let label = format!(" {label}");
        let width = columns(between) + columns(key) + columns(&label);
        if width > room {
            room = 0;
            return;
        }
        room -= width;
        spans.push(Span::styled(between, theme.dim()));
        spans.push(Span::styled(key, theme.accent()));
        spans.push(Span::styled(label, style));
    };
    let plain = Style::new();
    if screen.help.is_some() {
        add("esc", "back", plain);
        add("pgup pgdn", "scroll", plain);
    } else if let Some(viewer) = &screen.viewer {
        if viewer.has_under() {
            add("esc", "back to the list", plain);
        } else if let Some(dialog) = screen.dialogs.first() {
            add("esc", &format!("back, and answer: {}", dialog.asked.question.name()), theme.waiting());
        } else {
            add("esc", "back", plain);
        }
        if viewer.is_list() {
            add("enter", "open", plain);
        }
        if let Some(part) = viewer.parts() {
            add("] [", part, plain);
        }
        add("/", "search", plain);
        add("&", "filter", plain);
        add("pgup pgdn", "scroll", plain);
    } else if screen.dialog().is_some() {
        add("ctrl-c", "leave", plain);
    } else {
        if let Some(dialog) = screen.dialogs.first() {
            let more = screen.dialogs.len() - 1;
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            let text = format!("answer: {}{more}", dialog.asked.question.name());
            add("g", &text, theme.waiting());
        }
        add("?", "keys", plain);
        let stop = if screen.is_running() { "interrupt" } else { "leave" };
        add("ctrl-c", stop, plain);
        add("tab", "pane", plain);
        add("d", "document", plain);
        add("v", "changes", plain);
        add("t", "transcript", plain);
    }
    frame.render_widget(Paragraph::new(Line::from(spans)), area);
}
