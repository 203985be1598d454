//! Something that was proposed: what it is in short, and every file as it would be written.

use std::sync::Arc;

use orchestra_core::conversation::{AskId, FileDraft, Proposed, ProposedKind, Verdict};
use orchestra_core::proposal::{Change, ChangeProposal, MilestoneProposal, PhaseProposal};
use orchestra_core::words::counted;
use ratatui::style::Style;
use ratatui::text::Span;

use super::page::Writer;
use super::{Comments, Kind, Subject, Way};
use crate::diff::{Part, diff};
use crate::markdown;
use crate::sheet::{Mark, Piece, plain};
use crate::spot::{Fate, Spot};
use crate::text::{Long, harmless};
use crate::theme::Theme;

/// Something that was proposed.
#[derive(Debug)]
pub(crate) struct Proposal {
    pub(crate) ask: AskId,
    pub(crate) proposed: Arc<Proposed>,
}

impl Subject for Proposal {
    type Answer = Verdict;

    fn title(&self) -> String {
        format!("{} · {}", self.proposed.kind.name(), self.proposed.milestone)
    }

    fn ways(&self) -> Vec<Way> {
        let label = match &self.proposed.kind {
            ProposedKind::Milestone(_) => "create",
            ProposedKind::Change(_) => "change it so",
            ProposedKind::Commit(_) => "commit",
        };
        vec![
            Way { key: 'a', label, kind: Kind::Approve },
            Way { key: 'r', label: "revise", kind: Kind::Revise },
            Way { key: 'd', label: "discard", kind: Kind::Discard },
        ]
    }

    fn takes_comments(&self) -> bool {
        true
    }

    fn is_edited(&self) -> bool {
        !self.proposed.is_commit()
    }

    fn is_proposal(&self) -> bool {
        true
    }

    fn pieces(&self, comments: &Comments, theme: Theme) -> Vec<Piece> {
        let mut page = Writer::new(theme);
        let proposed = &self.proposed;
        page.styled(&proposed.title, theme.strong());
        for remark in &proposed.remarks {
            page.entry("!", remark, theme.waiting());
        }
        match &proposed.kind {
            ProposedKind::Milestone(milestone) => page.milestone(milestone),
            ProposedKind::Change(change) => page.change(change),
            ProposedKind::Commit(_) => {}
        }
        if !proposed.commands.is_empty() {
            page.heading("Commands that Orchestra will run: to say yes is to trust them");
            for command in &proposed.commands {
                page.entry(theme.sign("│", "|"), command, theme.waiting());
            }
        }
        let files = counted(proposed.files.len(), "file");
        page.heading(&if proposed.is_commit() {
            format!("{files}, and nothing else")
        } else {
            format!("{files}, written at once and only then")
        });
        let mut pieces = plain(page.lines);
        for file in &proposed.files {
            pieces.extend(file_pieces(file, comments, theme));
        }
        pieces
    }

    fn answer(&self, kind: Kind, text: String) -> Option<Verdict> {
        match kind {
            Kind::Approve => Some(Verdict::Create),
            Kind::Discard => Some(Verdict::Discard),
            Kind::Revise if text.trim().is_empty() => None,
            Kind::Revise => Some(Verdict::Revise { feedback: text.trim_end().to_owned() }),
            Kind::Retry
            | Kind::RetryWithNote
            | Kind::Skip
            | Kind::Keep
            | Kind::Restore
            | Kind::Finish
            | Kind::PushTo
            | Kind::Verify
            | Kind::Stop
            | Kind::Comment
            | Kind::Edit => None,
        }
    }
}

impl Writer {
    fn milestone(&mut self, milestone: &MilestoneProposal) {
        let theme = self.theme;
        let priority = milestone.priority.iter().map(|priority| priority.as_str().to_owned());
        let after = milestone.depends_on.iter().map(|id| format!("after {id}"));
        let facts: Vec<String> = priority.chain(after).collect();
        if !facts.is_empty() {
            self.styled(&facts.join(", "), theme.dim());
        }
        self.blank();
        self.lines.extend(markdown::lines(&milestone.summary, theme));
        self.heading("Phases, a commit each");
        for (index, phase) in milestone.phases.iter().enumerate() {
            self.phase(&format!("{}.", index + 1), phase);
        }
        if let Some(reason) = &milestone.skip_rfc {
            self.entry(theme.sign("·", "-"), &format!("no design before: {reason}"), theme.waiting());
        }
        self.heading("It works when");
        for criterion in &milestone.criteria {
            self.entry(theme.sign("☐", "[ ]"), criterion, Style::new());
        }
        if !milestone.out_of_scope.is_empty() {
            self.heading("Not a part of it");
            for line in &milestone.out_of_scope {
                self.entry(theme.sign("·", "-"), line, Style::new());
            }
        }
    }

    fn phase(&mut self, number: &str, phase: &PhaseProposal) {
        let theme = self.theme;
        let role = phase.role.trim_start_matches('#');
        let complexity = phase.complexity.as_ref().map(|word| format!(" ({word})")).unwrap_or_default();
        let text = format!("#{role} {}{complexity}", phase.title);
        self.entry(number, &text, Style::new());
        if !phase.files.is_empty() {
            self.entry("  ", &phase.files.join(" "), theme.dim());
        }
    }

    fn change(&mut self, change: &ChangeProposal) {
        let theme = self.theme;
        self.blank();
        self.styled(&change.reason, Style::new());
        self.heading("What changes");
        let sign = theme.sign("·", "-");
        for change in &change.changes {
            match change {
                Change::AddPhase { order, phase } => {
                    let order = order.as_ref().map(|order| format!(" {order}")).unwrap_or_default();
                    self.phase(&format!("{sign} a new phase{order}:"), phase);
                }
                Change::MovePhase { phase, order } => {
                    self.entry(sign, &format!("{phase} moves to place {order}"), Style::new());
                }
                Change::RewritePhase { phase, objective, .. } => {
                    self.entry(sign, &format!("{phase} gets other words: {objective}"), Style::new());
                }
                Change::AddCriterion { text } => {
                    self.entry(sign, &format!("one more criterion: {text}"), Style::new());
                }
            }
        }
    }
}

/// A file as it would be, or what changes in it, with where each line stands.
fn file_pieces(file: &FileDraft, comments: &Comments, theme: Theme) -> Vec<Piece> {
    let path: Arc<str> = harmless(&file.path, true).replace('\n', " ").into();
    let (lines, what) = match &file.before {
        None => {
            let line = |(at, text)| Part::Line { fate: Fate::Added, number: at + 1, text };
            let lines: Vec<Part<'_>> = file.after.lines().enumerate().map(line).collect();
            let what = format!("new, {}", counted(lines.len(), "line"));
            (lines, what)
        }
        Some(before) => {
            let lines = diff(before, &file.after);
            let count = |of: Fate| {
                lines.iter().filter(|part| matches!(part, Part::Line { fate, .. } if *fate == of)).count()
            };
            let what = format!("+{} -{}", count(Fate::Added), count(Fate::Removed));
            (lines, what)
        }
    };
    let said = match comments.count_of(&path) {
        0 => String::new(),
        count => format!(", {}", counted(count, "comment")),
    };
    let shown = harmless(&file.path, theme.unicode).replace('\n', " ");
    let head =
        vec![Span::styled(shown, theme.strong()), Span::styled(format!("  {what}{said}"), theme.dim())];
    let mut pieces = vec![
        Piece::of(Long::default()),
        Piece { is_file: true, ..Piece::of(Long { text: head, ..Long::default() }) },
    ];
    for part in lines {
        pieces.push(line_piece(&path, part, file.before.is_none(), theme));
    }
    pieces
}

fn line_piece(path: &Arc<str>, part: Part<'_>, is_new: bool, theme: Theme) -> Piece {
    let bar = |sign: &str, style| vec![Span::styled(format!("{} {sign}", theme.sign("│", "|")), style)];
    match part {
        Part::Line { fate, number, text } => {
            let (sign, style) = match fate {
                Fate::Added if is_new => ("", Style::new()),
                Fate::Added => ("+", theme.good()),
                Fate::Removed => ("-", theme.bad()),
                Fate::Kept => (" ", Style::new()),
            };
            let clean =
                |unicode: bool| harmless(text, unicode).replace('\n', if unicode { "␍" } else { "^M" });
            let spot = Spot { file: Arc::clone(path), line: number, fate, text: clean(true), commit: None };
            let first = bar(sign, if sign.trim().is_empty() { theme.dim() } else { style });
            let text = vec![Span::styled(clean(theme.unicode), style)];
            let rest = bar(if is_new { "" } else { " " }, theme.dim());
            Piece { mark: Mark::Line(spot), ..Piece::of(Long { first, rest, text, keep: true }) }
        }
        Part::Same(count) => {
            let dots = theme.sign("…", "...");
            let text = vec![Span::styled(format!("{dots} {}", counted(count, "line")), theme.dim())];
            Piece::of(Long { first: bar("", theme.dim()), text, ..Long::default() })
        }
    }
}
