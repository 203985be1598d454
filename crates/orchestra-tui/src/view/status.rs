//! The line above, which says what goes on, and the line below, which says what to press.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Span;
use ratatui::widgets::Paragraph;

use orchestra_core::words::{duration, thousands};
use orchestra_core::worker::{At, Listener, Progress, Stage};

use super::hints::Hints;
use super::input;
use crate::key::{Action, is_letter};
use crate::screen::{Focus, Screen};
use crate::text::harmless;
use crate::words::clock;

/// The line above.
pub(super) fn header(screen: &Screen, area: Rect, frame: &mut Frame<'_>) {
    let theme = screen.desk.theme;
    let branch = screen.state.seen.head.as_ref().map(|head| head.branch.as_str()).unwrap_or_default();
    let dot = theme.sign("·", "-");
    let left = match branch {
        "" => format!(" orchestra start {dot} {}", screen.desk.project),
        branch => format!(" orchestra start {dot} {} {dot} {branch}", screen.desk.project),
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
    let theme = screen.desk.theme;
    let since = clock(screen.since.at, &screen.desk.zone);
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
        let until = clock(until, &screen.desk.zone);
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
            let took = duration(screen.desk.now.since.saturating_sub(screen.since.since));
            (format!("{} {doing} {took}{tokens}", theme.sign("●", "*")), theme.good())
        }
    }
}

/// What the pane of the feed is about.
pub(super) fn feed_title(screen: &Screen) -> String {
    let following = if screen.desk.feed.is_following() { "" } else { " (end: follow)" };
    let Some(work) = screen.state.works().first() else { return format!("Agent{following}") };
    let role = work.who.as_ref().map(|role| {
        let alias = role.alias.clone().unwrap_or_else(|| role.id.to_string());
        let icon = role.icon.clone().filter(|_| screen.desk.theme.unicode);
        icon.map_or_else(|| format!("{alias} · "), |icon| format!("{icon} {alias} · "))
    });
    let title = work.what.as_ref().map(|phase| format!(" {}", phase.title)).unwrap_or_default();
    let attempt = if work.attempt > 1 { format!(" · attempt {}", work.attempt) } else { String::new() };
    let dot = screen.desk.theme.sign("·", "-");
    format!("{}{}{title}{attempt}{following}", role.unwrap_or_default(), work.id).replace('·', dot)
}

/// The line below.
pub(super) fn status(screen: &Screen, area: Rect, frame: &mut Frame<'_>) {
    let theme = screen.desk.theme;
    let mut hints = Hints::new(&screen.desk, area.width);
    let plain = Style::new();
    if let Some(word) = &screen.desk.word {
        hints.word(word);
    }
    if screen.desk.palette.is_some() {
        hints.add("enter", "do it", plain);
        hints.add("esc", "back", plain);
    } else if screen.desk.help.is_some() {
        hints.of(&[Action::Back], "back", plain);
        hints.of(&[Action::PageUp, Action::PageDown], "scroll", plain);
    } else if let Some(viewer) = &screen.desk.viewer {
        let behind = screen.dialogs.first().map(|dialog| dialog.about.asked.question.name());
        hints.reading(viewer, behind);
    } else if let Some(dialog) = screen.dialog() {
        hints.of(&[Action::Stop], "leave", plain);
        if dialog.entry().is_none() {
            if screen.edited().is_some() {
                hints.of(&[Action::Edit], "edit", plain);
            }
            hints.of(&[Action::Copy], "copy", plain);
            hints.of(&[Action::Palette], "actions", plain);
        }
    } else {
        if let Some(dialog) = screen.dialogs.first() {
            let more = screen.dialogs.len() - 1;
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            let text = format!("answer: {}{more}", dialog.about.asked.question.name());
            match screen.focus {
                // A letter would be written.
                Focus::Input => hints.at_the_line(Action::Question, &text, theme.waiting()),
                _ => hints.of(&[Action::Question], &text, theme.waiting()),
            }
        }
        if screen.focus == Focus::Input {
            input_hints(screen, &mut hints);
        } else {
            hints.of(&[Action::Help], "keys", plain);
            hints.of(&[Action::Back], "write", plain);
            hints.of(&[Action::NextPane], "pane", plain);
            hints.of(&[Action::Document], "document", plain);
            hints.of(&[Action::Changes], "changes", plain);
            hints.of(&[Action::Transcript], "transcript", plain);
            hints.of(&[Action::Palette], "actions", plain);
            let stop = if screen.is_turn_running() { "interrupt" } else { "leave" };
            hints.of(&[Action::Stop], stop, plain);
        }
    }
    hints.draw(area, frame);
}

/// What can be pressed while the line has the focus at which the person writes.
fn input_hints(screen: &Screen, hints: &mut Hints<'_>) {
    let (plain, waiting) = (Style::new(), screen.desk.theme.waiting());
    if screen.desk.input.may_interrupt(screen.desk.now.since) {
        return hints.add("esc", "again: interrupt", waiting);
    }
    if let Some(words) = screen.desk.input.entry.searching() {
        return hints.word(&words);
    }
    let is_running = screen.is_turn_running();
    if screen.desk.input.is_empty() {
        // Before anything is written it is no text.
        if screen.desk.keys.all(Action::Help).iter().all(|key| is_letter(key)) {
            hints.add("?", "keys", plain);
        } else {
            hints.at_the_line(Action::Help, "keys", plain);
        }
        hints.at_the_line(Action::NextPane, "pane", plain);
        hints.at_the_line(Action::Palette, "actions", plain);
        if !screen.state.queue().is_empty() {
            hints.add("up", "take back", plain);
        }
        if is_running {
            hints.add("esc esc", "interrupt", plain);
        }
        return hints.of(&[Action::Stop], if is_running { "interrupt" } else { "leave" }, plain);
    }
    if hints.typed(&screen.state.seen.plan.roles) {
        return;
    }
    match screen.state.listener() {
        Listener::Now(work, _) => {
            let when = match () {
                () if input::is_heard_now(screen) => "tell it now",
                () if screen.is_turn_running() => "tell it when its turn ends",
                () => "tell it in its next turn",
            };
            hints.add("enter", when, plain);
            hints.at_the_line(Action::NextPane, &format!("tell whoever comes after {work}"), plain);
        }
        Listener::Next => match screen.state.works().first() {
            Some(work) => hints.add("enter", &format!("tell whoever comes after {}", work.id), plain),
            None => hints.add("enter", "tell whoever works next", plain),
        },
        Listener::Nobody => {}
    }
    hints.add("alt-enter", "new line", plain);
}
