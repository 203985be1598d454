//! Draws a conversation: reads it, changes nothing.

use orchestra_core::conversation::Elsewhere;
use orchestra_core::plan::PLANNER;
use orchestra_core::words::{duration, thousands};
use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use ratatui::text::Span;
use ratatui::widgets::{Clear, Paragraph};

use super::hints::Hints;
use super::{
    SMALLEST, Spread, dialog, draw_covers, draw_feed, draw_tree, form, framed, inner, input, outer, viewer,
};
use crate::key::{Action, is_letter};
use crate::talk::{Ask, Pane, Talk};
use crate::text::{Long, columns, harmless, wrap};
use crate::theme::Theme;
use crate::words::clock;

/// From this width on the milestones have a place of their own beside what is said.
const WIDE: u16 = 100;
/// From this height on a narrow screen always says what the worker is at, and else only that it waits.
const HIGH: u16 = 20;
/// How many things that can be meant are in sight.
const LIST: u16 = 6;

/// What can be pressed where one writes, besides the table.
const WRITING: &[(&str, &str)] = &[
    ("enter", "send; while a turn runs, it is told at once where it can hear"),
    ("tab", "send it after the turn that runs; in an empty line, to the other panes"),
    ("alt-enter", "a new line, as do shift-enter, ctrl-j and a \\ before enter"),
    ("@", "name a file"),
    ("# /", "a command or another role, at the begin"),
    ("up", "in an empty line: take back what waits, or bring back what you wrote"),
    ("ctrl-r", "search what you wrote before"),
    ("esc esc", "interrupt the turn"),
];

/// Where everything is. A pane that is not in sight is empty.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct TalkPanes {
    header: Rect,
    /// Without its borders, like all panes.
    pub(crate) tree: Rect,
    pub(crate) feed: Rect,
    /// What the worker is at.
    worker: Rect,
    pub(crate) input: Rect,
    status: Rect,
    /// Where the proposal in front is.
    pub(crate) dialog: Option<Spread>,
    /// How wide the rows of questions are.
    pub(crate) form_width: u16,
    /// Where something is read.
    pub(crate) reading: Rect,
}

/// Says where everything is; `None` where the terminal is too small.
pub(crate) fn talk_panes(talk: &Talk) -> Option<TalkPanes> {
    let area = talk.desk.area;
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        return None;
    }
    let mut panes = TalkPanes {
        header: Rect { height: 1, ..area },
        status: Rect { y: area.bottom() - 1, height: 1, ..area },
        ..TalkPanes::default()
    };
    let input = input::height(&talk.desk, talk.state.queue.len(), area);
    panes.input = Rect { y: area.bottom() - 1 - input, height: input, ..area };
    let mut body = Rect { y: area.y + 1, height: area.height - 2 - input, ..area };
    let waits = talk.beside.worker.as_ref().is_some_and(|worker| worker.waits.is_some());
    if area.width >= WIDE {
        let width = (area.width / 3).clamp(30, 48);
        let side = Rect { x: body.right() - width, width, ..body };
        // A question of the worker's may take a few rows.
        let line = worker(talk, side.width - 2).len();
        let rows = u16::try_from(line).unwrap_or(1).min(side.height / 3).max(1);
        panes.worker = Rect { x: side.x + 1, y: side.bottom() - rows, width: side.width - 2, height: rows };
        panes.tree = inner(Rect { height: side.height - rows, ..side });
        panes.feed = inner(Rect { width: body.width - width, ..body });
    } else {
        if waits || area.height >= HIGH {
            body.height -= 1;
            panes.worker = Rect { x: body.x + 1, y: body.bottom(), width: body.width - 2, height: 1 };
        }
        let pane = inner(body);
        match talk.pane {
            Pane::Tree => panes.tree = pane,
            Pane::Input | Pane::Feed => panes.feed = pane,
        }
    }
    panes.reading = viewer::place(area);
    match talk.ask() {
        Some(Ask::Proposal(front)) => panes.dialog = Some(dialog::place(&talk.desk, front)),
        Some(Ask::Form(_)) => panes.form_width = form::width(&talk.desk),
        None => {}
    }
    Some(panes)
}

impl TalkPanes {
    /// The pane that is here, its borders included.
    pub(crate) fn at(&self, here: Position) -> Option<Pane> {
        let framed = [(self.tree, Pane::Tree), (self.feed, Pane::Feed)];
        let framed = framed.into_iter().filter(|(pane, _)| !pane.is_empty());
        let mut all = framed.map(|(rect, pane)| (outer(rect), pane)).chain([(self.input, Pane::Input)]);
        all.find(|(rect, _)| rect.contains(here)).map(|(_, pane)| pane)
    }
}

/// Draws everything.
pub fn draw_talk(talk: &Talk, frame: &mut Frame<'_>) {
    let Some(panes) = talk_panes(talk) else {
        let text = format!("too small: {}x{} or more", SMALLEST.0, SMALLEST.1);
        frame.render_widget(Paragraph::new(text), frame.area());
        return;
    };
    let desk = &talk.desk;
    header(talk, panes.header, frame);
    let has_focus = |pane: Pane| talk.pane == pane && !talk.is_covered();
    framed(desk, frame, panes.feed, has_focus(Pane::Feed), &whom(talk));
    if desk.feed.is_empty() {
        greet(talk, panes.feed, frame);
    }
    draw_feed(desk, frame, panes.feed);
    framed(desk, frame, panes.tree, has_focus(Pane::Tree), "Milestones");
    let (rows, marked) = (talk.tree_rows(), talk.row_marked());
    let seen = (talk.walk.top(marked, rows.len(), panes.tree.height), marked);
    draw_tree(desk, &rows, seen, "No milestones yet.", frame, panes.tree);
    let style = match &talk.beside.worker {
        Some(Elsewhere { waits: Some(_), .. }) => desk.theme.waiting(),
        _ => desk.theme.dim(),
    };
    let lines = worker(talk, panes.worker.width.max(1));
    frame.render_widget(Paragraph::new(lines).style(style), panes.worker);
    let queued: Vec<(String, &str)> =
        talk.state.queue.iter().map(|text| ("next".to_owned(), text.as_str())).collect();
    let hint = match () {
        () if talk.is_turn_running() => "say something to it",
        () if plans(talk) => "say what you want to build",
        () => "ask, or say what to change",
    };
    input::draw_line(desk, &queued, hint, has_focus(Pane::Input), panes.input, frame);
    list(talk, &panes, frame);
    status(talk, panes.status, frame);
    match (talk.ask(), panes.dialog) {
        (Some(Ask::Proposal(front)), Some(spread)) => dialog::draw(desk, front, spread, frame),
        (Some(Ask::Form(front)), _) => form::draw(desk, front, frame),
        (Some(Ask::Proposal(_)) | None, _) => {}
    }
    draw_covers(desk, (&Talk::rows(), WRITING), || talk.possible(), frame);
}

/// The line above.
fn header(talk: &Talk, area: Rect, frame: &mut Frame<'_>) {
    let theme = talk.desk.theme;
    let left = format!(" {} {} {}", talk.command, theme.sign("·", "-"), talk.desk.project);
    let left = harmless(&left, theme.unicode).replace('\n', " ");
    let (what, style) = what(talk);
    // Where there is no room for both, what was consumed is left out.
    let used =
        Some(spent(talk)).filter(|used| columns(&left) + columns(&what) + columns(used) < area.width.into());
    let right = format!("{what}{} ", used.unwrap_or_default());
    let width = u16::try_from(columns(&right)).unwrap_or(area.width).min(area.width);
    let place = Rect { width: area.width.saturating_sub(width + 1), ..area };
    frame.render_widget(Paragraph::new(Span::styled(left, theme.strong())), place);
    let place = Rect { x: area.right() - width, width, ..area };
    frame.render_widget(Paragraph::new(Span::styled(right, style)), place);
}

/// What goes on: durations while something runs, moments while nothing does.
fn what(talk: &Talk) -> (String, Style) {
    let (theme, state) = (talk.desk.theme, &talk.state);
    let since = clock(talk.since.at, &talk.desk.zone);
    if let Some(ask) = talk.asks.first() {
        return (format!("{} {}", theme.sign("◆", "?"), ask.waits()), theme.waiting());
    }
    if let Some(running) = &state.running {
        let took = duration(talk.desk.now.since.saturating_sub(talk.since.since));
        let doing = if running.interrupted { "interrupting" } else { "thinking" };
        return (format!("{} {doing} {took}", theme.sign("●", "*")), theme.good());
    }
    if let Some(trouble) = &state.trouble {
        let again = trouble.again.map(|at| format!("; again {}", clock(at, &talk.desk.zone)));
        let text = format!("{} nobody answers{}", theme.sign("◆", "!"), again.unwrap_or_default());
        return (text, theme.waiting());
    }
    (format!("{} waiting for you since {since}", theme.sign("○", ".")), theme.dim())
}

/// What was consumed, in tokens, and in money where somebody pays by use.
fn spent(talk: &Talk) -> String {
    let usage = talk.state.used.plus(talk.usage);
    let dot = talk.desk.theme.sign("·", "-");
    let tokens = match usage.tokens() {
        0 => return String::new(),
        tokens => format!(" {dot} {} tok", thousands(tokens)),
    };
    let cost = usage.cost_usd.map(|cost| format!(" {dot} ${cost:.2}")).unwrap_or_default();
    format!("{tokens}{cost}")
}

/// With whom one talks.
fn whom(talk: &Talk) -> String {
    let theme = talk.desk.theme;
    let role = talk.state.role.as_ref().map(|id| {
        let role = talk.beside.plan.find_role(id);
        let alias = role.and_then(|role| role.alias.clone()).unwrap_or_else(|| id.to_string());
        let icon = role.and_then(|role| role.icon.clone()).filter(|_| theme.unicode);
        let icon = icon.map(|icon| format!("{icon} ")).unwrap_or_default();
        format!("{icon}#{}", alias.trim_start_matches('#'))
    });
    let agent = talk.state.agent.as_ref().map(ToString::to_string);
    let parts: Vec<String> = role.into_iter().chain(agent).chain(talk.model.clone()).collect();
    let following = if talk.desk.feed.is_following() { "" } else { " (end: follow)" };
    format!("{}{following}", parts.join(theme.sign(" · ", " - ")))
}

/// Whether it is the role that plans.
fn plans(talk: &Talk) -> bool {
    talk.state.role.as_ref().is_none_or(|role| role.as_str() == PLANNER)
}

/// What stands where nothing was said yet.
fn greet(talk: &Talk, area: Rect, frame: &mut Frame<'_>) {
    let theme = talk.desk.theme;
    let keys = "@ names a file, # gives a command or calls another role.";
    let role = talk.state.role.as_ref().and_then(|id| talk.beside.plan.find_role(id));
    let lines = if plans(talk) {
        let what = "What is agreed becomes a milestone that you approve; the worker in the other terminal builds it.";
        ["Say what you want to build, or what is wrong.", "", keys, what]
    } else if role.is_some_and(|role| role.writes.is_empty()) {
        ["Ask about the project, or say what to look at.", "", keys, "This role reads, and changes nothing."]
    } else {
        let what =
            "It changes files of its own only, and nothing is committed before you have seen it: commit.";
        ["Ask about the project, or say what to change.", "", keys, what]
    };
    let line =
        |text: &str| Long { text: vec![Span::styled(text.to_owned(), theme.dim())], ..Long::default() };
    let rows: Vec<_> = lines.iter().flat_map(|text| wrap(&line(text), area.width.max(1))).collect();
    frame.render_widget(Paragraph::new(rows), area);
}

/// What the worker is at.
fn worker(talk: &Talk, width: u16) -> Vec<ratatui::text::Line<'static>> {
    let theme = talk.desk.theme;
    let text = match &talk.beside.worker {
        Some(Elsewhere { waits: Some((gate, _)), .. }) => {
            let how = if talk.is_in_front { "leave to answer it" } else { "answer in its terminal" };
            format!("{} waits: {gate} · {how}", theme.sign("🚦", "?"))
        }
        Some(Elsewhere { running: Some(doing), waits: None }) => format!("worker: {doing}"),
        Some(Elsewhere { running: None, waits: None }) => "worker: waiting for work".to_owned(),
        None => "no worker: orchestra start".to_owned(),
    };
    let text = shown(&text, theme);
    wrap(&Long { text: vec![Span::raw(text)], ..Long::default() }, width)
}

fn shown(text: &str, theme: Theme) -> String {
    let text = harmless(text, theme.unicode).replace('\n', " ");
    if theme.unicode { text } else { text.replace('·', "-") }
}

/// What can be meant by the word that is written, above the line.
fn list(talk: &Talk, panes: &TalkPanes, frame: &mut Frame<'_>) {
    let Some(completion) =
        talk.completion.as_ref().filter(|_| !talk.is_covered() && talk.pane == Pane::Input)
    else {
        return;
    };
    let (theme, (found, chosen)) = (talk.desk.theme, completion.found());
    let room = LIST.min(panes.input.y.saturating_sub(panes.header.bottom() + 1));
    let height = u16::try_from(found.len()).unwrap_or(room).min(room);
    let area = Rect { y: panes.input.y - height, height, ..panes.input };
    frame.render_widget(Clear, area);
    let top = (chosen + 1).saturating_sub(usize::from(height));
    for (row, (index, one)) in (0..height).zip(found.iter().enumerate().skip(top)) {
        let place = Rect { y: area.y + row, height: 1, ..area };
        // The choice is not said by colour alone.
        let mark = if index == chosen { theme.sign(" ▸ ", " > ") } else { "   " };
        let style = if index == chosen { theme.chosen() } else { Style::new() };
        let words = if one.words.is_empty() { String::new() } else { format!("  {}", one.words) };
        let line = ratatui::text::Line::from(vec![
            Span::styled(mark, theme.accent()),
            Span::styled(shown(&one.text, theme), style),
            Span::styled(shown(&words, theme), theme.dim()),
        ]);
        frame.render_widget(Paragraph::new(line), place);
    }
}

/// The line below.
fn status(talk: &Talk, area: Rect, frame: &mut Frame<'_>) {
    let (desk, plain) = (&talk.desk, Style::new());
    let mut hints = Hints::new(desk, area.width);
    if let Some(word) = &desk.word {
        hints.word(word);
    }
    if talk.may_leave() {
        let key = desk.keys.hint(&[Action::Stop]);
        hints.add(&key, "again: leave", desk.theme.waiting());
    }
    let behind = talk.asks.first().map(Ask::name);
    if desk.palette.is_some() {
        hints.add("enter", "do it", plain);
        hints.add("esc", "back", plain);
    } else if desk.help.is_some() {
        hints.of(&[Action::Back], "back", plain);
        hints.of(&[Action::PageUp, Action::PageDown], "scroll", plain);
    } else if let Some(viewer) = &desk.viewer {
        hints.reading(viewer, behind);
    } else if let Some(ask) = talk.ask() {
        match ask {
            Ask::Proposal(dialog) if dialog.entry().is_none() => {
                hints.of(&[Action::Toggle], "fold the file", plain);
                hints.of(&[Action::ToggleAll], "all files", plain);
                hints.of(&[Action::Copy], "copy", plain);
                hints.of(&[Action::Palette], "actions", plain);
            }
            Ask::Proposal(_) | Ask::Form(_) => {}
        }
        hints.of(&[Action::Stop], if talk.is_turn_running() { "interrupt" } else { "leave" }, plain);
    } else {
        aside(talk, &mut hints);
        match talk.pane {
            Pane::Input => input_hints(talk, &mut hints),
            Pane::Feed | Pane::Tree => pane_hints(talk, &mut hints),
        }
    }
    hints.draw(area, frame);
}

/// What was put aside still waits.
fn aside(talk: &Talk, hints: &mut Hints<'_>) {
    let Some(ask) = talk.asks.first() else { return };
    let more = talk.asks.len() - 1;
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let (text, style) = (format!("answer {}{more}", ask.name()), talk.desk.theme.waiting());
    match talk.pane {
        // A letter would be written.
        Pane::Input => hints.at_the_line(Action::Question, &text, style),
        Pane::Feed | Pane::Tree => hints.of(&[Action::Question], &text, style),
    }
}

fn pane_hints(talk: &Talk, hints: &mut Hints<'_>) {
    let plain = Style::new();
    hints.of(&[Action::Help], "keys", plain);
    hints.of(&[Action::Back], "write", plain);
    hints.of(&[Action::NextPane], "pane", plain);
    if talk.pane == Pane::Tree {
        hints.of(&[Action::Document], "document", plain);
        hints.of(&[Action::Toggle], "open", plain);
    } else {
        hints.of(&[Action::Search], "search", plain);
        hints.of(&[Action::Copy], "copy", plain);
        hints.of(&[Action::Pager], "pager", plain);
    }
    hints.of(&[Action::Palette], "actions", plain);
    hints.of(&[Action::Stop], if talk.is_turn_running() { "interrupt" } else { "leave" }, plain);
}

/// What can be pressed while the line has the focus at which the person writes.
fn input_hints(talk: &Talk, hints: &mut Hints<'_>) {
    let (desk, plain, waiting) = (&talk.desk, Style::new(), talk.desk.theme.waiting());
    let is_running = talk.is_turn_running();
    if desk.input.may_interrupt(desk.now.since) {
        return hints.add("esc", "again: interrupt", waiting);
    }
    if let Some(words) = desk.input.entry.searching() {
        return hints.word(&words);
    }
    if talk.completion.is_some() {
        hints.add("tab", "take it", plain);
        hints.add("up down", "another", plain);
        return hints.add("esc", "without", plain);
    }
    if desk.input.is_empty() {
        if talk.state.trouble.is_some() && !is_running {
            hints.add("enter", "try again", waiting);
        }
        // Before anything is written it is no text.
        if desk.keys.all(Action::Help).iter().all(|key| is_letter(key)) {
            hints.add("?", "keys", plain);
        } else {
            hints.at_the_line(Action::Help, "keys", plain);
        }
        hints.at_the_line(Action::NextPane, "read back", plain);
        hints.at_the_line(Action::PreviousPane, "milestones", plain);
        if !talk.state.queue.is_empty() {
            hints.add("up", "take back", plain);
        }
        if is_running {
            hints.add("esc esc", "interrupt", plain);
        }
        hints.at_the_line(Action::Palette, "actions", plain);
        return hints.of(&[Action::Stop], if is_running { "interrupt" } else { "leave" }, plain);
    }
    if hints.typed(&talk.beside.plan.roles) {
        return;
    }
    match (is_running, talk.state.hears) {
        (true, true) => hints.add("enter", "tell it now", plain),
        (true, false) => hints.add("enter", "tell it when its turn ends", plain),
        (false, _) => hints.add("enter", "send", plain),
    }
    if is_running {
        hints.at_the_line(Action::NextPane, "send it after this turn", plain);
    }
    hints.add("alt-enter", "new line", plain);
    hints.add("@", "file", plain);
}
