//! The line below everything, which says what to press.

use orchestra_core::conversation::{Typed, parse};
use orchestra_core::plan::Role;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use crate::desk::Desk;
use crate::key::{Action, is_letter};
use crate::text::{columns, harmless};
use crate::viewer::Viewer;

/// The hints of the line below. What comes first matters most: what has no room is left out, and `?` has it.
pub(super) struct Hints<'a> {
    desk: &'a Desk,
    spans: Vec<Span<'static>>,
    room: usize,
}

impl<'a> Hints<'a> {
    pub(super) fn new(desk: &'a Desk, width: u16) -> Self {
        Self { desk, spans: vec![Span::raw(" ")], room: usize::from(width).saturating_sub(1) }
    }

    pub(super) fn draw(self, area: Rect, frame: &mut Frame<'_>) {
        frame.render_widget(Paragraph::new(Line::from(self.spans)), area);
    }

    /// What can be pressed while something is read; `behind` is the question that waits behind it.
    pub(super) fn reading(&mut self, viewer: &Viewer, behind: Option<&str>) {
        let plain = Style::new();
        if viewer.has_under() {
            self.of(&[Action::Back], "back to the list", plain);
        } else if let Some(question) = behind {
            let text = format!("back, and answer: {question}");
            self.of(&[Action::Back], &text, self.desk.theme.waiting());
        } else {
            self.of(&[Action::Back], "back", plain);
        }
        if viewer.is_list() {
            self.add("enter", "open", plain);
        }
        if let Some(part) = viewer.parts() {
            self.of(&[Action::NextPart, Action::PreviousPart], part, plain);
        }
        self.of(&[Action::Search], "search", plain);
        self.of(&[Action::Filter], "filter", plain);
        self.of(&[Action::PageUp, Action::PageDown], "scroll", plain);
        self.of(&[Action::Copy], "copy", plain);
        self.of(&[Action::Palette], "actions", plain);
    }

    /// What becomes of a command or a role that is written in the line. False where what is written is neither.
    pub(super) fn typed(&mut self, roles: &[Role]) -> bool {
        let what = match parse(&self.desk.input.entry.text(), roles) {
            Typed::Role { name, .. } => format!("talk with {name}"),
            Typed::Status | Typed::Help | Typed::Start => "show it".to_owned(),
            Typed::Commit { .. } => "show what would be committed".to_owned(),
            Typed::Bootstrap => "talk with the architect".to_owned(),
            Typed::Say(_) | Typed::Unknown(_) => return false,
        };
        self.add("enter", &what, Style::new());
        true
    }

    /// What became of what the person wanted; cut where there is no room.
    pub(super) fn word(&mut self, word: &str) {
        let theme = self.desk.theme;
        let word = harmless(word, theme.unicode).replace('\n', " ");
        self.room = self.room.saturating_sub(columns(&word));
        self.spans.push(Span::styled(word, theme.strong()));
    }

    /// The first keys of these actions; nothing where the person has taken them away.
    pub(super) fn of(&mut self, actions: &[Action], label: &str, style: Style) {
        let keys = self.desk.keys.hint(actions);
        if !keys.is_empty() {
            self.add(&keys, label, style);
        }
    }

    /// The key of an action that works where one writes.
    pub(super) fn at_the_line(&mut self, action: Action, label: &str, style: Style) {
        let key = self.desk.keys.all(action).iter().find(|key| !is_letter(key)).cloned();
        if let Some(key) = key {
            self.add(&key, label, style);
        }
    }

    pub(super) fn add(&mut self, key: &str, label: &str, style: Style) {
        let theme = self.desk.theme;
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
