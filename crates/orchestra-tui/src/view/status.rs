//! The line above, which says what goes on, and the line below, which says what to press.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use orchestra_core::words::{duration, thousands};
use orchestra_core::worker::{At, Listener, Progress, Stage};

use super::input;
use crate::key::{Action, is_letter};
use crate::screen::{Focus, Screen};
use crate::text::{columns, harmless};
use crate::viewer::Viewer;
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
    let mut hints =
        Hints { screen, spans: vec![Span::raw(" ")], room: usize::from(area.width).saturating_sub(1) };
    let plain = Style::new();
    if let Some(word) = &screen.word {
        hints.word(word);
    }
    if screen.palette.is_some() {
        hints.add("enter", "do it", plain);
        hints.add("esc", "back", plain);
    } else if screen.help.is_some() {
        hints.of(&[Action::Back], "back", plain);
        hints.of(&[Action::PageUp, Action::PageDown], "scroll", plain);
    } else if let Some(viewer) = &screen.viewer {
        reading_hints(&mut hints, viewer);
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
            let text = format!("answer: {}{more}", dialog.asked.question.name());
            match screen.focus {
                // A letter would be written.
                Focus::Input => hints.at_the_line(Action::Question, &text, theme.waiting()),
                _ => hints.of(&[Action::Question], &text, theme.waiting()),
            }
        }
        if screen.focus == Focus::Input {
            input_hints(&mut hints);
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
    frame.render_widget(Paragraph::new(Line::from(hints.spans)), area);
}

/// What can be pressed while something is read.
fn reading_hints(hints: &mut Hints<'_>, viewer: &Viewer) {
    let (screen, plain) = (hints.screen, Style::new());
    if viewer.has_under() {
        hints.of(&[Action::Back], "back to the list", plain);
    } else if let Some(dialog) = screen.dialogs.first() {
        let text = format!("back, and answer: {}", dialog.asked.question.name());
        hints.of(&[Action::Back], &text, screen.theme.waiting());
    } else {
        hints.of(&[Action::Back], "back", plain);
    }
    if viewer.is_list() {
        hints.add("enter", "open", plain);
    }
    if let Some(part) = viewer.parts() {
        hints.of(&[Action::NextPart, Action::PreviousPart], part, plain);
    }
    hints.of(&[Action::Search], "search", plain);
    hints.of(&[Action::Filter], "filter", plain);
    hints.of(&[Action::PageUp, Action::PageDown], "scroll", plain);
    hints.of(&[Action::Copy], "copy", plain);
    hints.of(&[Action::Palette], "actions", plain);
}

/// The hints of the line below. What comes first matters most: what has no room is left out, and `?` has it.
struct Hints<'a> {
    screen: &'a Screen,
    spans: Vec<Span<'static>>,
    room: usize,
}

impl Hints<'_> {
    /// What became of what the person wanted; cut where there is no room.
    fn word(&mut self, word: &str) {
        let theme = self.screen.theme;
        let word = harmless(word, theme.unicode).replace('\n', " ");
        self.room = self.room.saturating_sub(columns(&word));
        self.spans.push(Span::styled(word, theme.strong()));
    }

    /// The first keys of these actions; nothing where the person has taken them away.
    fn of(&mut self, actions: &[Action], label: &str, style: Style) {
        let keys = self.screen.keys.hint(actions);
        if !keys.is_empty() {
            self.add(&keys, label, style);
        }
    }

    /// The key of an action that works where one writes.
    fn at_the_line(&mut self, action: Action, label: &str, style: Style) {
        let key = self.screen.keys.all(action).iter().find(|key| !is_letter(key)).cloned();
        if let Some(key) = key {
            self.add(&key, label, style);
        }
    }

    fn add(&mut self, key: &str, label: &str, style: Style) {
        let theme = self.screen.theme;
        let between = if self.spans.len() > 1 { theme.sign(" · ", " | ") } else { "" };
        let label = format!(" {label}");
        let width = columns(between) + columns(key) + columns(&label);
        if width > self.room {
            self.room = 0;
            return;
        }
        self.room -= width;
        self.spans.push(Span::styled(between, theme.dim()));
        self.spans.push(Span::styled(key.to_owned(), theme.accent()));
        self.spans.push(Span::styled(label, style));
    }
}

/// What can be pressed while the line has the focus at which the person writes.
fn input_hints(hints: &mut Hints<'_>) {
    let screen = hints.screen;
    let (plain, waiting) = (Style::new(), screen.theme.waiting());
    if screen.input.may_interrupt(screen.now.since) {
        return hints.add("esc", "again: interrupt", waiting);
    }
    if let Some(words) = screen.input.entry.searching() {
        return hints.word(&words);
    }
    let is_running = screen.is_turn_running();
    if screen.input.is_empty() {
        if screen.keys.all(Action::Help).iter().all(|key| is_letter(key)) {
            // Before anything is written it is no text.
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
    match screen.state.listener() {
        Listener::Now(work, _) => {
            let when = if input::is_heard_now(screen) { "tell it now" } else { "tell it when its turn ends" };
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
