//! Questions in words, for logs, `orchestra status` and whoever answers from elsewhere.

use super::{PushQuestion, Question};
use crate::path::RepoPath;
use crate::repo::PushTarget;
use crate::report::{Severity, Verdict};
use crate::words::{counted, size};

impl Question {
    /// The question in a sentence, for logs and `orchestra status`.
    pub fn text(&self) -> String {
        match self {
            Self::Rfc { .. } => "Approve RFC to start implementation?".to_owned(),
            Self::Push(push) => push.text(),
            Self::Rejected(push) => {
                format!(
                    "The push was not taken: {}. What now?",
                    refusal(push.words.as_deref().unwrap_or_default())
                )
            }
            Self::Dirty { phase: None, paths, .. } => {
                format!("Changed already: {}. Keep as they are (closed to agents)?", list(paths))
            }
            Self::Dirty { phase: Some(phase), paths, .. } => {
                format!(
                    "{phase} plans to touch what you have changed: {}. Keep it closed to the agent?",
                    list(paths)
                )
            }
            Self::RedBase { commands, .. } => {
                format!("Red before anything was done: {}. Go on without counting it?", commands.join(", "))
            }
            Self::Failed { work, reason, .. } => format!("{work} failed: {reason}. What now?"),
            Self::MayBeYours { work, paths, .. } => {
                format!("Changed during {work}, outside its role's room: {}. Yours?", list(paths))
            }
            Self::Trust { lines, .. } => {
                format!("Run the {} that this repository names?", counted(lines.len(), "command"))
            }
            Self::History { trouble, hint, .. } | Self::Locked { trouble, hint, .. } => {
                format!("{trouble} {hint}")
            }
            Self::Interrupted { work, .. } => {
                format!("{work} was interrupted; its changes are in the tree. Go on?")
            }
            Self::TooLarge { bytes, .. } => {
                format!("{} of uncommitted files would be saved first. Save them?", size(*bytes))
            }
        }
    }

    /// What speaks for and against, a line each, beside the documents and commits that are asked about.
    pub fn about(&self) -> Vec<String> {
        match self {
            Self::Rfc { concerns, skipped, .. } => {
                let concerns = concerns.iter().map(|concern| format!("found wanting: {concern}"));
                concerns.chain(skipped.iter().map(|work| format!("skipped: {work}"))).collect()
            }
            Self::Push(push) | Self::Rejected(push) => push.about(),
            Self::Dirty { .. }
            | Self::RedBase { .. }
            | Self::Failed { .. }
            | Self::MayBeYours { .. }
            | Self::Trust { .. }
            | Self::History { .. }
            | Self::Interrupted { .. }
            | Self::Locked { .. }
            | Self::TooLarge { .. } => Vec::new(),
        }
    }
}

impl PushQuestion {
    pub(super) fn text(&self) -> String {
        match &self.survey.target {
            PushTarget::Missing => {
                format!(
                    "{} There is no remote to push to: add one (`git remote add origin URL`) and retry, or finish \
                     without a push?",
                    self.state()
                )
            }
            PushTarget::Ambiguous { remotes } => format!(
                "{} Which remote? There are {}: set `push.remote` in .orchestra/config.yaml and retry, or \
                 finish without a push?",
                self.state(),
                remotes.join(", ")
            ),
            PushTarget::Remote { name, .. } if self.foreign.is_empty() => {
                format!("{} Push to {name}?", self.state())
            }
            PushTarget::Remote { name, .. } => format!(
                "{} Push to {name}, with {} from outside {}: {}?",
                self.state(),
                counted(self.foreign.len(), "commit"),
                self.milestone,
                self.foreign.iter().map(|commit| commit.id.short()).collect::<Vec<_>>().join(", ")
            ),
        }
    }

    /// How it begins: that all is done, or what is not.
    fn state(&self) -> String {
        let is_blocking = |severity| severity == Severity::Blocking;
        match self.findings.iter().filter(|finding| is_blocking(finding.severity)).count() {
            0 => "All done.".to_owned(),
            count => format!("All done but {}.", counted(count, "blocking finding")),
        }
    }

    fn about(&self) -> Vec<String> {
        let mut lines = Vec::new();
        let is_mended = self.verdict == Some(Verdict::ChangesRequested) && self.findings.is_empty();
        let mended = if is_mended { "; what was found has been mended" } else { "" };
        let verdict = self.verdict.map_or("none".to_owned(), |verdict| verdict.to_string());
        lines.push(format!("review: {verdict}{mended}"));
        lines.extend(self.findings.iter().map(ToString::to_string));
        lines.extend(self.red.iter().map(|command| format!("red before, not counted: {command}")));
        lines.extend(self.skipped.iter().map(|work| format!("skipped: {work}")));
        let words = self.words.iter().flat_map(|words| words.lines());
        lines.extend(words.map(|line| format!("the server said: {line}")));
        lines
    }
}

/// The line of a server's words that says why: `git push --porcelain` ends the line of a refused ref with the reason.
fn refusal(words: &str) -> &str {
    let lines = || words.lines().map(str::trim).filter(|line| !line.is_empty());
    let of_ref = lines().find(|line| line.starts_with('!')).and_then(|line| line.rsplit('\t').next());
    of_ref.or_else(|| lines().next()).unwrap_or_default().trim_end_matches('.')
}

/// Names a few paths and counts the rest.
pub(in crate::worker) fn list(paths: &[RepoPath]) -> String {
    let named: Vec<String> = paths.iter().take(5).map(ToString::to_string).collect();
    let rest = paths.len().saturating_sub(5);
    if rest == 0 { named.join(", ") } else { format!("{} and {rest} more", named.join(", ")) }
}
