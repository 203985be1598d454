//! A block of the feed, and the rows that show it.

use std::time::Duration;

use orchestra_core::id::TurnId;
use orchestra_core::words::{counted, duration};
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::prose::Prose;
use crate::markdown;
use crate::text::{self, Long, harmless, wrap};
use crate::theme::Theme;

/// The longest text of an agent that is kept in one block, in bytes; after it a new one begins.
const LONGEST: usize = 64 * 1024;
/// How much of a tool's output is kept, in bytes: the end.
const OUTPUT: usize = 64 * 1024;
/// How many rows of a failed tool are shown though nobody opened it: programs say at the end what is wrong.
const LAST: usize = 3;

/// A block of the feed.
#[derive(Debug)]
pub(crate) enum Block {
    /// Where a turn begins.
    Heading(String),
    /// Something worth a line.
    Notice(String),
    /// What the person says.
    Said(String),
    /// What the agent says: Markdown.
    Text(Prose),
    /// What it shows of its thinking.
    Thinking {
        /// What it thinks.
        text: String,
        /// Whether all of it is shown.
        is_open: bool,
    },
    /// A tool that it called.
    Tool(Box<Tool>),
}

/// A tool that was called.
#[derive(Debug)]
pub(crate) struct Tool {
    turn: TurnId,
    id: String,
    name: String,
    input: String,
    output: String,
    begun: Duration,
    /// Whether it did what was asked, and when it ended.
    end: Option<(Ended, Duration)>,
    is_open: bool,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Ended {
    Well,
    Badly,
    /// The turn was over before it.
    Never,
}

impl Tool {
    pub(crate) fn begun(
        turn: TurnId,
        id: &str,
        name: &str,
        input: &str,
        begun: Duration,
        is_open: bool,
    ) -> Self {
        let (id, name, input) = (id.to_owned(), name.to_owned(), input.to_owned());
        Self { turn, id, name, input, output: String::new(), begun, end: None, is_open }
    }

    pub(crate) fn printed(&mut self, text: &str) {
        self.output.push_str(text);
        if self.output.len() > 2 * OUTPUT {
            let from = self.output.ceil_char_boundary(self.output.len() - OUTPUT);
            self.output.drain(..from);
        }
    }

    pub(crate) fn ended(&mut self, ok: bool, output: &str, now: Duration) {
        self.end = Some((if ok { Ended::Well } else { Ended::Badly }, now));
        if !output.is_empty() {
            self.output.clear();
            self.printed(output);
        }
    }

    /// Its name, and what it was called with.
    pub(crate) fn head(&self) -> String {
        format!("{} {}", self.name, self.input)
    }

    fn rows(&self, width: u16, theme: Theme, now: Duration) -> Vec<Line<'static>> {
        let (mark, style) = match self.end {
            None => (theme.sign("◐", "~"), theme.accent()),
            Some((Ended::Well, _)) => (theme.sign("✔", "+"), theme.good()),
            Some((Ended::Badly, _)) => (theme.sign("✘", "x"), theme.bad()),
            Some((Ended::Never, _)) => (theme.sign("–", "-"), theme.dim()),
        };
        let took = self.end.map_or(now, |(_, at)| at).saturating_sub(self.begun);
        let name = harmless(&self.name, theme.unicode).replace('\n', " ");
        let input = harmless(&self.input, theme.unicode).replace('\n', " ");
        let lines = self.output.lines().count();
        let mut head = vec![
            Span::styled(format!("{mark} "), style),
            Span::styled(name, theme.strong()),
            Span::raw(format!(" {input}")),
        ];
        let mut tail = String::new();
        if took >= Duration::from_secs(1) {
            tail = format!("  {}", duration(took));
        }
        if !self.is_open && lines > 0 {
            let lines = counted(lines, "line");
            tail = format!("{tail}  {lines}");
        }
        head.push(Span::styled(tail, theme.dim()));
        let head = Long { first: Vec::new(), rest: vec![Span::raw("  ")], text: head, keep: false };
        let mut rows = wrap(&head, width);
        if !self.is_open {
            // One row a tool, however long its input is.
            if rows.len() > 1 {
                rows.truncate(1);
            }
            if matches!(self.end, Some((Ended::Badly, _))) {
                let all = self.output_rows(width, theme);
                let from = all.len().saturating_sub(LAST);
                rows.extend(all.into_iter().skip(from));
            }
            return rows;
        }
        rows.extend(self.output_rows(width, theme));
        rows
    }

    fn output_rows(&self, width: u16, theme: Theme) -> Vec<Line<'static>> {
        let bar = || vec![Span::styled(format!("  {} ", theme.sign("│", "|")), theme.dim())];
        let lines = text::ansi(self.output.trim_end(), theme).into_iter();
        lines.flat_map(|line| wrap(&Long { first: bar(), rest: bar(), keep: true, ..line }, width)).collect()
    }
}

impl Block {
    pub(crate) fn can_open(&self) -> bool {
        matches!(self, Self::Thinking { .. } | Self::Tool(_))
    }

    pub(crate) fn is_tool(&self, of: TurnId, called: &str) -> bool {
        matches!(self, Self::Tool(tool) if tool.turn == of && tool.id == called)
    }

    pub(crate) fn is_running(&self) -> bool {
        matches!(self, Self::Tool(tool) if tool.end.is_none())
    }

    pub(crate) fn is_over(&mut self, now: Duration) {
        if let Self::Tool(tool) = self
            && tool.end.is_none()
        {
            tool.end = Some((Ended::Never, now));
        }
    }

    /// Whether more text of the same kind belongs into it.
    pub(crate) fn has_room(&self) -> bool {
        match self {
            Self::Text(prose) => prose.text().len() < LONGEST,
            Self::Thinking { text, .. } => text.len() < LONGEST,
            Self::Heading(_) | Self::Notice(_) | Self::Said(_) | Self::Tool(_) => false,
        }
    }

    /// All of it, as it was said.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Text(prose) => prose.text().trim().to_owned(),
            Self::Heading(text) | Self::Notice(text) | Self::Said(text) | Self::Thinking { text, .. } => {
                text.trim().to_owned()
            }
            Self::Tool(tool) => format!("{}\n{}", tool.head(), tool.output).trim().to_owned(),
        }
    }

    /// Adds to what is said or thought.
    pub(crate) fn say(&mut self, more: &str) {
        match self {
            Self::Text(prose) => prose.say(more),
            Self::Thinking { text, .. } => text.push_str(more),
            Self::Heading(_) | Self::Notice(_) | Self::Said(_) | Self::Tool(_) => {}
        }
    }

    /// Takes the end off a long text, where that changes nothing about how it is read.
    pub(crate) fn split_off(&mut self) -> Option<Self> {
        let Self::Text(prose) = self else { return None };
        prose.split_off().map(Self::Text)
    }

    pub(crate) fn toggle(&mut self) {
        match self {
            Self::Thinking { is_open, .. } => *is_open = !*is_open,
            Self::Tool(tool) => tool.is_open = !tool.is_open,
            Self::Heading(_) | Self::Notice(_) | Self::Said(_) | Self::Text(_) => {}
        }
    }

    pub(crate) fn set_open(&mut self, open: bool) {
        match self {
            Self::Thinking { is_open, .. } => *is_open = open,
            Self::Tool(tool) => tool.is_open = open,
            Self::Heading(_) | Self::Notice(_) | Self::Said(_) | Self::Text(_) => {}
        }
    }

    /// The rows of the block, a blank one before each but tools.
    pub(crate) fn rows(&self, width: u16, theme: Theme, now: Duration) -> Vec<Line<'static>> {
        let plain = |text: &str, style: Style| -> Vec<Line<'static>> {
            let text = harmless(text.trim_end(), theme.unicode);
            let lines = text
                .lines()
                .map(|line| Long { text: vec![Span::styled(line.to_owned(), style)], ..Long::default() });
            lines.flat_map(|line| wrap(&line, width)).collect()
        };
        let mut rows = vec![Line::default()];
        match self {
            Self::Heading(text) => rows.extend(plain(text, theme.strong())),
            Self::Text(prose) => {
                if prose.is_joined() {
                    rows.clear();
                }
                let text = prose.text();
                rows.extend(markdown::lines(text, theme).iter().flat_map(|line| wrap(line, width)));
            }
            Self::Said(text) => rows.extend(said(text, width, theme)),
            Self::Notice(text) | Self::Thinking { text, is_open: true } => {
                rows.extend(plain(text, theme.dim()));
            }
            Self::Thinking { text, is_open: false } => {
                let first = text.trim().lines().next().unwrap_or_default();
                let shown = format!("{} {first}", theme.sign("💭", "(thinking)"));
                rows.extend(plain(&shown, theme.dim()).into_iter().take(1));
            }
            Self::Tool(tool) => return tool.rows(width, theme, now),
        }
        rows
    }
}

/// What the person says, as they wrote it.
fn said(text: &str, width: u16, theme: Theme) -> Vec<Line<'static>> {
    let mark = |sign: &'static str| vec![Span::styled(sign, theme.accent())];
    let text = harmless(text.trim_end(), theme.unicode);
    let long = |(index, line): (usize, &str)| Long {
        first: mark(if index == 0 { theme.sign("› ", "> ") } else { "  " }),
        rest: mark("  "),
        text: vec![Span::styled(line.to_owned(), theme.strong())],
        keep: false,
    };
    text.lines().enumerate().map(long).flat_map(|line| wrap(&line, width)).collect()
}
