//! What a question is about, in full.

use orchestra_core::repo::{FileStat, PushTarget};
use orchestra_core::report::Severity;
use orchestra_core::worker::{PushQuestion, Question};
use ratatui::style::Style;
use ratatui::text::Span;

use crate::markdown;
use crate::patch;
use crate::text::{Long, harmless};
use crate::theme::Theme;

/// What belongs to a question and is not in it: read when it is asked, since that is what is answered.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Page {
    /// The design, or the last output of what failed.
    pub text: Option<String>,
    /// The changes that a push would publish, as a patch.
    pub patch: Option<String>,
}

impl Page {
    /// The page, a logical line each.
    pub(crate) fn lines(&self, question: &Question, theme: Theme) -> Vec<Long> {
        let mut page = Writer { theme, lines: Vec::new() };
        page.styled(&question.text(), theme.strong());
        for line in question.about() {
            page.entry(theme.sign("·", "-"), &line, Style::new());
        }
        match question {
            Question::Push(push) | Question::Rejected(push) => page.push(push),
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
        match (question, &self.text) {
            (Question::Rfc { .. }, Some(text)) => {
                page.blank();
                page.lines.extend(markdown::lines(text, theme));
            }
            (_, Some(text)) => {
                page.heading("The last of its output");
                page.lines.extend(crate::text::ansi(text, theme));
            }
            (_, None) => {}
        }
        if let Some(patch) = &self.patch {
            page.heading("Changes");
            page.lines.extend(patch::lines(patch, theme));
        }
        page.lines
    }
}

struct Writer {
    theme: Theme,
    lines: Vec<Long>,
}

impl Writer {
    fn blank(&mut self) {
        self.lines.push(Long::default());
    }

    fn heading(&mut self, text: &str) {
        self.blank();
        self.styled(text, self.theme.strong());
    }

    fn styled(&mut self, text: &str, style: Style) {
        for line in harmless(text, self.theme.unicode).lines() {
            self.lines.push(Long { text: vec![Span::styled(line.to_owned(), style)], ..Long::default() });
        }
    }

    /// A line with a sign before it, and its later rows below its text.
    fn entry(&mut self, sign: &'static str, text: &str, style: Style) {
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

    fn push(&mut self, push: &PushQuestion) {
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
            self.entry(theme.sign("│", "|"), &format!("{}  +{added} -{removed}", file.path), Style::new());
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
