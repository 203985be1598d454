//! The journal as a person reads it: a record a line.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use orchestra_core::id::{GateId, MilestoneId, TurnId};
use orchestra_core::path::RepoPath;
use orchestra_core::record::{Entry, Record};
use orchestra_core::words::thousands;
use orchestra_core::worker::State;
use orchestra_project::layout::Layout;
use orchestra_tui::Reading;

use super::{Place, printed, tail};
use crate::view::lines::{answer_in_words, by_in_words, list};

/// How much of the journal is read, in bytes: its end.
const MOST: u64 = 4 * 1024 * 1024;
/// How many lines of it are shown: the last.
const LINES: usize = 5_000;

impl Place {
    /// What was recorded, of a milestone or of all.
    pub(super) fn journal(&self, state: &State, milestone: Option<&MilestoneId>) -> Reading {
        let folder = milestone.and_then(|id| state.seen.plan.find(id)).map(|known| known.folder.clone());
        let mut journal = Journal::new(milestone, folder.as_deref());
        let text = tail(&self.layout, &self.layout.journal(), MOST).map(|text| {
            text.lines().for_each(|line| journal.take(line));
            journal.text()
        });
        printed(text, "nothing was recorded yet")
    }
}

/// The lines of a journal, as they come.
struct Journal<'a> {
    only: Option<&'a MilestoneId>,
    /// How the paths of that milestone's documents begin.
    documents: Option<Vec<u8>>,
    /// Which milestone a turn or a question was of, where its record does not say so itself.
    turns: BTreeMap<TurnId, MilestoneId>,
    gates: BTreeMap<GateId, MilestoneId>,
    lines: Vec<String>,
}

impl<'a> Journal<'a> {
    fn new(only: Option<&'a MilestoneId>, folder: Option<&str>) -> Self {
        let document = folder.and_then(|folder| Layout::beneath_milestone(folder, "milestone.md").ok());
        let folder_of = |path: RepoPath| path.as_bytes().strip_suffix(b"/milestone.md").map(<[u8]>::to_vec);
        Self {
            only,
            documents: document.and_then(folder_of),
            turns: BTreeMap::new(),
            gates: BTreeMap::new(),
            lines: Vec::new(),
        }
    }

    fn take(&mut self, line: &str) {
        if line.trim().is_empty() {
            return;
        }
        let Ok(entry) = serde_json::from_str::<Entry>(line) else {
            // The line that says where all of it is, one that was cut short, or a later program's.
            if self.only.is_none() {
                self.lines.push(format!("\u{1b}[2m{}\u{1b}[0m", cut(line)));
            }
            return;
        };
        let of = self.milestone_of(&entry.record);
        if self.only.is_some() && self.only != of.as_ref() {
            return;
        }
        let at = entry.at.to_zoned(TimeZone::system()).strftime("%m-%d %H:%M:%S").to_string();
        // Where all are shown, each says which it is of.
        let of = of.filter(|_| self.only.is_none()).map(|of| format!("{of}: ")).unwrap_or_default();
        let text = format!("{at}  {of}{}", words(&entry.record).replace('\n', "\n                  "));
        // What only a crash makes interesting stands back.
        let is_minor =
            matches!(entry.record, Record::Touching { .. } | Record::Touched | Record::Wrote { .. });
        self.lines.push(if is_minor { format!("\u{1b}[2m{text}\u{1b}[0m") } else { text });
    }

    fn text(&self) -> String {
        let from = self.lines.len().saturating_sub(LINES);
        self.lines[from..].join("\n")
    }

    fn milestone_of(&mut self, record: &Record) -> Option<MilestoneId> {
        match record {
            Record::TurnStarted { turn, milestone, .. } => {
                self.turns.insert(*turn, milestone.clone());
                Some(milestone.clone())
            }
            Record::Asked { gate, milestone, .. } => {
                if let Some(milestone) = milestone {
                    self.gates.insert(gate.clone(), milestone.clone());
                }
                milestone.clone()
            }
            Record::TurnEnded { turn, .. } => self.turns.get(turn).cloned(),
            Record::Withdrawn { gate } => self.gates.get(gate).cloned(),
            Record::Answered { milestone, .. } => milestone.clone(),
            Record::Picked { milestone, .. }
            | Record::Failed { milestone, .. }
            | Record::Inspected { milestone, .. }
            | Record::Verified { milestone, .. }
            | Record::RfcReady { milestone, .. }
            | Record::Reviewed { milestone, .. }
            | Record::Queued { milestone, .. }
            | Record::Unqueued { milestone, .. }
            | Record::Said { milestone, .. }
            | Record::Planned { milestone, .. }
            | Record::Created { milestone, .. }
            | Record::Replanned { milestone, .. }
            | Record::TakenUp { milestone, .. }
            | Record::Intended { milestone, .. }
            | Record::Committed { milestone, .. }
            | Record::Pushed { milestone, .. }
            | Record::Adopted { milestone, .. }
            | Record::Skipped { milestone, .. }
            | Record::Parked { milestone, .. }
            | Record::Closed { milestone } => Some(milestone.clone()),
            // `refs/orchestra/rescue/M1-a/…`, with the name of a linked work tree behind it.
            Record::Rescued { reference, .. } => {
                let name = reference.strip_prefix("refs/orchestra/rescue/")?;
                MilestoneId::parse(name.split(['/', '@']).next()?).ok()
            }
            Record::Wrote { path, .. } => {
                let of = self.documents.as_ref().zip(self.only);
                of.filter(|(folder, _)| path.is_beneath(folder)).map(|(_, milestone)| milestone.clone())
            }
            Record::Started { .. }
            | Record::Left { .. }
            | Record::BaseVerified { .. }
            | Record::Touching { .. }
            | Record::Touched
            | Record::Note { .. } => None,
        }
    }
}

/// What a record says.
#[expect(clippy::too_many_lines, reason = "one flat arm a record")]
fn words(record: &Record) -> String {
    match record {
        Record::Started { pid, version, .. } => format!("a worker began (process {pid}, version {version})"),
        Record::Left { code } => format!("the worker left with {code}"),
        Record::Picked { base, branch, .. } => format!("picked, on {branch} at {}", base.short()),
        Record::BaseVerified { green, red, .. } if red.is_empty() => {
            format!("green before anything was done: {}", green.join(", "))
        }
        Record::BaseVerified { red, .. } => format!("red before anything was done: {}", red.join(", ")),
        Record::TurnStarted { work, attempt, agent, turn, .. } => {
            format!("{work}: attempt {attempt} began, by {agent} (turn {})", turn.0)
        }
        Record::Verified { work, green, red, .. } if red.is_empty() => {
            format!("{work}: green: {}", green.join(", "))
        }
        Record::Verified { work, red, .. } => format!("{work}: red: {}", red.join(", ")),
        Record::Failed { work, reason, .. } => format!("{work} failed: {reason}"),
        Record::Inspected { work, .. } => format!("{work}: the tree was looked at"),
        Record::TurnEnded { turn, outcome, usage, .. } => {
            let tokens = usage.as_ref().map_or(0, orchestra_core::report::Usage::tokens);
            let used = if tokens == 0 { String::new() } else { format!(" · {} tok", thousands(tokens)) };
            format!("turn {} ended: {outcome}{used}", turn.0)
        }
        Record::RfcReady { concerns, .. } => {
            let concerns = concerns.iter().map(|concern| format!("\nfound wanting: {concern}"));
            format!("the design is ready{}", concerns.collect::<String>())
        }
        Record::Reviewed { round, verdict, findings, .. } => {
            let findings = findings.iter().map(|finding| format!("\n{finding}"));
            format!("review {round}: {verdict}{}", findings.collect::<String>())
        }
        Record::Asked { gate, text, answers, .. } => {
            format!("asked {gate}: {text} ({})", answers.join(" / "))
        }
        Record::Answered { gate, answer, by, .. } => {
            format!("answered {gate}: {} ({})", answer_in_words(answer), by_in_words(*by))
        }
        Record::Queued { behind: Some(work), text, .. } => {
            format!("you, for whoever comes after {work}: {text}")
        }
        Record::Queued { behind: None, text, .. } => format!("you, for whoever works next: {text}"),
        Record::Unqueued { text, .. } => format!("you took back: {text}"),
        Record::Said { work, texts, .. } => format!("you, to {work}: {}", texts.join("\n")),
        Record::Planned { gate, .. } => format!("phases were written for what {gate} asked for"),
        Record::Created { milestone, by, .. } => format!("{milestone} was approved ({})", by_in_words(*by)),
        Record::Replanned { changes, reason, by, .. } => {
            let changes = changes.iter().map(|change| format!("\n{change}"));
            format!(
                "a change of the plan was approved ({}): {reason}{}",
                by_in_words(*by),
                changes.collect::<String>()
            )
        }
        Record::TakenUp { .. } => "the change of the plan is taken up".to_owned(),
        Record::Withdrawn { gate } => format!("{gate} is not asked any more"),
        Record::Intended { work, commit, .. } => format!("{work}: commit {} is made", commit.short()),
        Record::Committed { work, commit, .. } => format!("{work}: the branch is at {}", commit.short()),
        Record::Pushed { commit, remote, branch, .. } => {
            format!("pushed {} to {remote}/{branch}", commit.short())
        }
        Record::Adopted { works, .. } => {
            let names: Vec<String> = works.iter().map(ToString::to_string).collect();
            format!("done before Orchestra came: {}", names.join(", "))
        }
        Record::Skipped { work, .. } => format!("{work} is skipped"),
        Record::Parked { work: Some(work), reason, .. } => format!("set aside at {work}: {reason}"),
        Record::Parked { work: None, reason, .. } => format!("set aside: {reason}"),
        Record::Closed { .. } => "closed without a commit".to_owned(),
        Record::Touching { step } => format!("begins to {step}"),
        Record::Touched => "has done so".to_owned(),
        Record::Rescued { reference, paths } => {
            let name = reference.strip_prefix("refs/orchestra/rescue/").unwrap_or(reference);
            format!("saved as {name}: {}", list(paths))
        }
        Record::Wrote { path, .. } => format!("wrote {path}"),
        Record::Note { text } => text.clone(),
    }
}

/// The begin of a line that cannot be read.
fn cut(line: &str) -> String {
    let short: String = line.chars().take(200).collect();
    if short.len() < line.len() { format!("{short}…") } else { short }
}

#[cfg(test)]
mod tests {
    use super::*;

    const JOURNAL: &str = r#"{"seq":1,"at":"2026-03-01T12:41:00Z","record":"started","pid":7,"boot":"x","version":"2.0.0"}
{"seq":2,"at":"2026-03-01T12:41:01Z","record":"turn-started","turn":1,"milestone":"M1-a","work":"phase-1","attempt":1,"baseline":1,"agent":"claude"}
{"seq":3,"at":"2026-03-01T12:41:02Z","record":"turn-started","turn":2,"milestone":"M2-b","work":"phase-1","attempt":1,"baseline":1,"agent":"claude"}
{"seq":4,"at":"2026-03-01T12:41:03Z","record":"turn-ended","turn":1,"outcome":"reported"}
{"seq":5,"at":"2026-03-01T12:41:03Z","record":"rescued","reference":"refs/orchestra/rescue/M1-a@other/phase-1/1/out-of-room","paths":["README.md"]}
{"seq":6,"at":"2026-03-01T12:41:03Z","record":"of-a-later-program"}
{"seq":7,"at":"2026-03-01T12:41:04Z","record":"turn-ended","turn":2,"outcome":"failed: red"}
{"seq":8,"at":"2026-03-01T12:41:05Z","record":"wrote","path":".orchestra/milestones/M1-a/context.md","hash":"sha256:0000000000000000000000000000000000000000000000000000000000000000"}
"#;

    fn shown(only: Option<&str>) -> Vec<String> {
        let only = only.map(|id| MilestoneId::parse(id).unwrap());
        let mut journal = Journal::new(only.as_ref(), only.as_ref().map(|_| "M1-a"));
        JOURNAL.lines().for_each(|line| journal.take(line));
        // Without the time, which is the machine's.
        let text = journal.text();
        text.lines().map(|line| line.split_once("  ").map_or(line, |(_, text)| text).to_owned()).collect()
    }

    #[test]
    fn each_record_is_a_line_and_says_which_milestone_it_is_of() {
        let wanted = [
            "a worker began (process 7, version 2.0.0)",
            "M1-a: phase-1: attempt 1 began, by claude (turn 1)",
            "M2-b: phase-1: attempt 1 began, by claude (turn 2)",
            "M1-a: turn 1 ended: reported",
            "M1-a: saved as M1-a@other/phase-1/1/out-of-room: README.md",
            "\u{1b}[2m{\"seq\":6,\"at\":\"2026-03-01T12:41:03Z\",\"record\":\"of-a-later-program\"}\u{1b}[0m",
            "M2-b: turn 2 ended: failed: red",
            "wrote .orchestra/milestones/M1-a/context.md\u{1b}[0m",
        ];
        assert_eq!(shown(None), wanted);
    }

    #[test]
    fn of_one_milestone_all_is_shown_that_is_of_it() {
        let wanted = [
            "phase-1: attempt 1 began, by claude (turn 1)",
            "turn 1 ended: reported",
            "saved as M1-a@other/phase-1/1/out-of-room: README.md",
            "wrote .orchestra/milestones/M1-a/context.md\u{1b}[0m",
        ];
        assert_eq!(shown(Some("M1-a")), wanted);
    }
}
