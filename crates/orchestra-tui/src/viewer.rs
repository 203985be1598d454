//! Something to read in front of the panes: a document, changes, what an agent said.

use orchestra_core::id::{MilestoneId, WorkId};
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::text::{Line, Span};

use crate::key::Action;
use crate::markdown;
use crate::patch;
use crate::text::{self, Long, wrap};
use crate::theme::Theme;

/// The longest text that is searched for, in characters.
const LONGEST: usize = 200;

/// Something that a person wants to read.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Want {
    /// A milestone's document, or that of one of its works.
    Document {
        /// The milestone.
        milestone: MilestoneId,
        /// The work.
        work: Option<WorkId>,
    },
    /// What a work has changed, or all works of a milestone.
    Changes {
        /// The milestone.
        milestone: MilestoneId,
        /// The work.
        work: Option<WorkId>,
    },
    /// What the agent said in a work's last turn, or in the milestone's.
    Transcript {
        /// The milestone.
        milestone: MilestoneId,
        /// The work.
        work: Option<WorkId>,
    },
    /// What happened since the person last pressed a key; the screen knows it by itself.
    Since,
    /// What was recorded.
    Journal,
    /// What was saved before it was taken out of the tree.
    Rescue,
}

/// What was read.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Reading {
    /// A document.
    Markdown(String),
    /// Changes.
    Patch(String),
    /// What a program printed, with its colours.
    Printed(String),
    /// Nothing, and why.
    Nothing(String),
}

/// The viewer.
#[derive(Debug)]
pub(crate) struct Viewer {
    pub(crate) want: Want,
    pub(crate) title: String,
    reading: Option<Reading>,
    rows: Vec<Line<'static>>,
    laid_out: Option<(u16, Theme)>,
    top: usize,
    /// What is being typed after `/`.
    pub(crate) typing: Option<String>,
    /// What was searched for last.
    pub(crate) pattern: String,
}

impl Viewer {
    pub(crate) fn new(want: Want) -> Self {
        let of = |what: &str, milestone: &MilestoneId, work: &Option<WorkId>| match work {
            Some(work) => format!("{what} · {milestone} · {work}"),
            None => format!("{what} · {milestone}"),
        };
        let title = match &want {
            Want::Document { milestone, work } => of("document", milestone, work),
            Want::Changes { milestone, work } => of("changes", milestone, work),
            Want::Transcript { milestone, work } => of("transcript", milestone, work),
            Want::Since => "since you last pressed a key".to_owned(),
            Want::Journal => "journal".to_owned(),
            Want::Rescue => "rescued".to_owned(),
        };
        Self {
            want,
            title,
            reading: None,
            rows: Vec::new(),
            laid_out: None,
            top: 0,
            typing: None,
            pattern: String::new(),
        }
    }

    /// What was read has come.
    pub(crate) fn read(&mut self, reading: Reading) {
        // The end of what was printed is what one wants to see first.
        self.top = if matches!(reading, Reading::Printed(_)) { usize::MAX } else { 0 };
        self.reading = Some(reading);
        self.laid_out = None;
    }

    /// Makes rows for a width. To be called before a frame is drawn.
    pub(crate) fn lay_out(&mut self, width: u16, theme: Theme) {
        if self.laid_out == Some((width, theme)) {
            return;
        }
        let said = |text: &str| {
            vec![Long { text: vec![Span::styled(text.to_owned(), theme.dim())], ..Long::default() }]
        };
        let lines = match &self.reading {
            None => said("reading…"),
            Some(Reading::Markdown(text)) => document(text, theme),
            Some(Reading::Patch(text)) => patch::lines(text, theme),
            Some(Reading::Printed(text)) => text::ansi(text, theme),
            Some(Reading::Nothing(why)) => said(&text::harmless(why, theme.unicode)),
        };
        self.rows = lines.iter().flat_map(|line| wrap(line, width)).collect();
        self.laid_out = Some((width, theme));
    }

    pub(crate) fn rows(&self) -> &[Line<'static>] {
        &self.rows
    }

    /// The first row that is shown where there are so many.
    pub(crate) fn top(&self, height: u16) -> usize {
        self.top.min(self.rows.len().saturating_sub(usize::from(height)))
    }

    /// Whether a row is one that was searched for.
    pub(crate) fn is_found(&self, row: usize) -> bool {
        !self.pattern.is_empty() && self.rows.get(row).is_some_and(|row| has(row, &self.pattern))
    }

    /// What was read, as it is.
    pub(crate) fn text(&self) -> Option<&str> {
        match self.reading.as_ref()? {
            Reading::Markdown(text)
            | Reading::Patch(text)
            | Reading::Printed(text)
            | Reading::Nothing(text) => Some(text),
        }
    }

    /// A key with what it does here, and the height that is in sight. False where it closes.
    pub(crate) fn key(&mut self, key: &KeyEvent, action: Option<Action>, height: u16) -> bool {
        if let Some(typed) = &mut self.typing {
            match key.code {
                KeyCode::Esc => self.typing = None,
                KeyCode::Enter => {
                    self.pattern = self.typing.take().unwrap_or_default().to_lowercase();
                    self.jump(false, height);
                }
                KeyCode::Backspace => drop(typed.pop()),
                KeyCode::Char(c)
                    if !key.modifiers.contains(KeyModifiers::CONTROL) && typed.chars().count() < LONGEST =>
                {
                    typed.push(c);
                }
                _ => {}
            }
            return true;
        }
        let (top, page) = (self.top(height), usize::from(height.max(2)) - 1);
        self.top = match (key.code, action) {
            (_, Some(Action::Search)) => {
                self.typing = Some(String::new());
                top
            }
            (KeyCode::Char('n'), _) => return self.jump(false, height),
            (KeyCode::Char('N'), _) => return self.jump(true, height),
            (_, Some(Action::Back)) => return false,
            (_, Some(Action::Up)) => top.saturating_sub(1),
            (_, Some(Action::Down)) => top + 1,
            (_, Some(Action::PageUp)) => top.saturating_sub(page),
            (_, Some(Action::PageDown)) | (KeyCode::Char(' ') | KeyCode::Enter, None) => top + page,
            (_, Some(Action::Top)) => 0,
            (_, Some(Action::Bottom)) => usize::MAX,
            _ => top,
        };
        true
    }

    /// Pasted text belongs to what is searched for.
    pub(crate) fn paste(&mut self, text: &str) {
        if let Some(typed) = &mut self.typing {
            let line = text.lines().next().unwrap_or_default();
            typed.extend(line.chars().filter(|c| !c.is_control()).take(LONGEST));
        }
    }

    /// To the next row that has what is searched for, or the one before; around the end.
    fn jump(&mut self, back: bool, height: u16) -> bool {
        let found: Vec<usize> = (0..self.rows.len()).filter(|row| self.is_found(*row)).collect();
        let top = self.top(height);
        let next = if back {
            found.iter().rev().find(|row| **row < top).or(found.last())
        } else {
            found.iter().find(|row| **row > top).or(found.first())
        };
        self.top = next.copied().unwrap_or(top);
        true
    }
}

/// A document: its front matter as it stands, and its text as what it means.
fn document(text: &str, theme: Theme) -> Vec<Long> {
    let front = text.strip_prefix("---\n").and_then(|rest| rest.split_once("\n---\n"));
    let Some((front, body)) = front else { return markdown::lines(text, theme) };
    let front = text::harmless(front, theme.unicode);
    let dim = |line: &str| Long {
        text: vec![Span::styled(line.to_owned(), theme.dim())],
        keep: true,
        ..Long::default()
    };
    let mut lines: Vec<Long> = front.lines().map(dim).collect();
    lines.extend(markdown::lines(body, theme));
    lines
}

fn has(row: &Line<'_>, pattern: &str) -> bool {
    let text: String = row.spans.iter().map(|span| span.content.as_ref()).collect();
    text.to_lowercase().contains(pattern)
}
