//! What a question is about, in full.

use std::sync::Arc;

use orchestra_core::repo::{FileStat, PushTarget};
use orchestra_core::report::Severity;
use orchestra_core::words::counted;
use orchestra_core::worker::{PushQuestion, Question};
use ratatui::style::Style;
use ratatui::text::Span;

use crate::markdown;
use crate::patch;
use crate::sheet::{Mark, Piece, plain};
use crate::spot::{Fate, Spot};
use crate::text::{Long, harmless};
use crate::theme::Theme;

use super::comments::Comments;

/// What belongs to a question and is not in it: read when it is asked, since that is what is answered.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Page {
    /// The design, or the last output of what failed.
    pub text: Option<String>,
    /// The changes that a push would publish, as a patch.
    pub patch: Option<String>,
}

impl Page {
    /// Whether there is anything that a comment can be on.
    pub(super) fn has_lines(&self, question: &Question) -> bool {
        self.patch.is_some() || matches!(question, Question::Rfc { .. }) && self.text.is_some()
    }

    /// The page, a logical line each, without the comments themselves.
    pub(super) fn pieces(&self, question: &Question, comments: &Comments, theme: Theme) -> Vec<Piece> {
        let mut page = Writer::new(theme);
        page.styled(&question.text(), theme.strong());
        for line in question.about() {
            page.entry(theme.sign("·", "-"), &line, Style::new());
        }
        match question {
            Question::Push(push) | Question::Rejected(push) => page.push(push, comments),
            Question::Trust { lines, .. } => {
                page.heading("It names");
                for line in lines {
                    page.entry(theme.sign("│", "|"), line, Style::new());
                }
            }
            Question::Dirty { paths, .. } | Question::MayBeYours { paths, .. } => {
                page.heading("Files");
                for path in paths {
                    page.entry(theme.sign("│", "|"), &path.to_string(), Style::new());
                }
            }
            Question::RedBase { commands, .. } => {
                page.heading("Red before anything was done");
                for command in commands {
                    page.entry(theme.sign("✘", "x"), command, Style::new());
                }
            }
            Question::Rfc { .. }
            | Question::Failed { .. }
            | Question::History { .. }
            | Question::Interrupted { .. }
            | Question::Locked { .. }
            | Question::TooLarge { .. } => {}
        }
        let mut more = Vec::new();
        match (question, &self.text) {
            (Question::Rfc { .. }, Some(text)) => {
                page.blank();
                more = design(text, theme);
            }
            (_, Some(text)) => {
                page.heading("The last of its output");
                page.lines.extend(crate::text::ansi(text, theme));
            }
            (_, None) => {}
        }
        if let Some(patch) = &self.patch {
            page.heading("Changes");
            more = patch::pieces(patch, theme);
        }
        let mut pieces = plain(page.lines);
        pieces.extend(more);
        pieces
    }
}

/// A design, each line with where it stands in `rfc.md`.
fn design(text: &str, theme: Theme) -> Vec<Piece> {
    let file: Arc<str> = "rfc.md".into();
    let source: Vec<&str> = text.lines().collect();
    let piece = |(long, line): markdown::Sourced| {
        let spot = line.and_then(|line| {
            let text = harmless(source.get(line.checked_sub(1)?)?, true).replace('\n', " ");
            Some(Spot { file: Arc::clone(&file), line, fate: Fate::Kept, text, commit: None })
        });
        Piece { mark: spot.map_or(Mark::None, Mark::Line), ..Piece::of(long) }
    };
    markdown::sourced(text, theme).into_iter().map(piece).collect()
}

/// Writes lines.
pub(super) struct Writer {
    pub(super) theme: Theme,
    pub(super) lines: Vec<Long>,
}

impl Writer {
    pub(super) fn new(theme: Theme) -> Self {
        Self { theme, lines: Vec::new() }
    }

    pub(super) fn blank(&mut self) {
        self.lines.push(Long::default());
    }

    pub(super) fn heading(&mut self, text: &str) {
        self.blank();
        self.styled(text, self.theme.strong());
    }

    pub(super) fn styled(&mut self, text: &str, style: Style) {
        for line in harmless(text, self.theme.unicode).lines() {
            self.lines.push(Long { text: vec![Span::styled(line.to_owned(), style)], ..Long::default() });
        }
    }

    /// A line with a sign before it, and its later rows below its text.
    pub(super) fn entry(&mut self, sign: &str, text: &str, style: Style) {
        let text = harmless(text, self.theme.unicode);
        for (index, line) in text.lines().enumerate() {
            let mark = if index == 0 { format!("{sign} ") } else { "  ".to_owned() };
            self.lines.push(Long {
                first: vec![Span::styled(mark, self.theme.dim())],
                rest: vec![Span::raw("  ")],
                text: vec![Span::styled(line.to_owned(), style)],
                keep: false,
            });
        }
    }

    fn push(&mut self, push: &PushQuestion, comments: &Comments) {
        let theme = self.theme;
        if let PushTarget::Remote { name, url, branch } = &push.survey.target {
            self.heading("To");
            self.entry(theme.sign("│", "|"), &format!("{name} ({url}), branch {branch}"), Style::new());
        }
        self.heading("Commits");
        for commit in &push.survey.commits {
            let is_foreign = push.foreign.contains(commit);
            let whose = if is_foreign { "  (not this milestone's)" } else { "" };
            let style = if is_foreign { theme.waiting() } else { Style::new() };
            self.entry(
                theme.sign("│", "|"),
                &format!("{} {}{whose}", commit.id.short(), commit.subject),
                style,
            );
        }
        self.heading("Files");
        // What was built before what was planned.
        let mut files: Vec<&FileStat> = push.survey.files.iter().collect();
        files.sort_by_key(|file| file.path.is_beneath(b".orchestra"));
        for file in files {
            let count = |count: Option<u32>| count.map_or("binary".to_owned(), |count| count.to_string());
            let (added, removed) = (count(file.added), count(file.removed));
            let path = file.path.to_string();
            let said = match comments.count_of(&path) {
                0 => String::new(),
                count => format!("  ({})", counted(count, "comment")),
            };
            self.entry(theme.sign("│", "|"), &format!("{path}  +{added} -{removed}{said}"), Style::new());
        }
        if push.findings.is_empty() {
            return;
        }
        self.heading("Findings that nobody mended");
        for finding in &push.findings {
            let style = if finding.severity == Severity::Blocking { theme.bad() } else { Style::new() };
            self.entry(theme.sign("·", "-"), &finding.to_string(), style);
        }
    }
}
