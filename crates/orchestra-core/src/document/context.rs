//! Reads the worker's place from `context.md`.
//!
//! Nothing here sets a milestone aside: what cannot be read is a warning, and without a base that is a full commit id
//! there is no cursor at all. The worker then finds its place from git and the journal, as after a fresh clone.

use jiff::Timestamp;

use super::fields::{Fields, unknown};
use super::findings::{Findings, hint_for, shown};
use super::source::Source;
use super::{SourceFile, yaml};
use crate::id::{MilestoneId, WorkId};
use crate::plan::{By, Cursor, Format, GateAnswer, GateKind, StageName};
use crate::repo::CommitId;

/// What every warning about this file ends with.
const HINT: &str = "Orchestra finds its place again from git and writes this anew; the log below stays";

/// The keys in the order in which they are written.
pub(super) const KEYS: &[&str] = &[
    "milestone",
    "stage",
    "phase",
    "attempt",
    "since",
    "baseline",
    "base",
    "turn_base",
    "gates",
    "fix_rounds",
];

pub(super) fn parse(
    file: &SourceFile,
    milestone: &MilestoneId,
    format: Format,
    findings: &mut Findings,
) -> Option<Cursor> {
    let text = super::source::read_text(&file.bytes);
    let source = match text.and_then(Source::split) {
        Ok(source) => source,
        Err(fault) => {
            findings.add_warning(fault);
            return None;
        }
    };
    if let Some(conflict) = super::source::find_conflict(source.text) {
        findings.add_warning(conflict);
    }
    let Some(front) = source.front_text() else {
        // 1.7 keeps its log without front matter.
        if format == Format::Current {
            findings.warning(super::Place::START, "expected front matter with the worker's place", HINT);
        }
        return None;
    };
    let node = match yaml::parse(front, 1) {
        Ok(node) => node,
        Err(mut fault) => {
            HINT.clone_into(&mut fault.hint);
            findings.add_warning(fault);
            return None;
        }
    };
    let fields = Fields::of(&node, findings)?;
    read(&fields, milestone, findings)
}

fn read(fields: &Fields<'_>, milestone: &MilestoneId, findings: &mut Findings) -> Option<Cursor> {
    if let Some((text, at)) = fields.text("milestone", findings)
        && text != milestone.as_str()
    {
        findings.warning(at, format!("this is the log of {}, not of `{milestone}`", shown(text)), HINT);
        return None;
    }
    if fields.find("stage").is_none() && fields.find("base").is_none() {
        return None;
    }
    let stage = fields.word("stage", StageName::WORDS, StageName::parse, findings);
    let base = commit(fields, "base", findings);
    let cursor = Cursor {
        stage: stage?,
        work: work(fields, findings),
        attempt: count(fields, "attempt", findings).unwrap_or(1).max(1),
        since: count(fields, "since", findings).unwrap_or(1).max(1),
        baseline: count(fields, "baseline", findings).unwrap_or(1).max(1),
        base: base?,
        turn_base: commit(fields, "turn_base", findings),
        fix_rounds: count(fields, "fix_rounds", findings).unwrap_or(0),
        gates: gates(fields, findings),
    };
    Some(cursor)
}

/// A commit by its full id. A short one may name another commit tomorrow, so that it is not taken.
fn commit(fields: &Fields<'_>, key: &str, findings: &mut Findings) -> Option<CommitId> {
    let (text, at) = fields.text(key, findings)?;
    let commit = CommitId::parse(text);
    if commit.is_none() {
        let what = format!("{} is no full commit id, expected 40 or 64 hexadecimal digits", shown(text));
        findings.warning(at, what, HINT);
    }
    commit
}

fn count(fields: &Fields<'_>, key: &str, findings: &mut Findings) -> Option<u32> {
    let (text, at) = fields.text(key, findings)?;
    let count = text.parse().ok();
    if count.is_none() {
        findings.warning(at, format!("{} is no count", shown(text)), HINT);
    }
    count
}

fn work(fields: &Fields<'_>, findings: &mut Findings) -> Option<WorkId> {
    let (text, at) = fields.text("phase", findings)?;
    match WorkId::parse(text) {
        Ok(work) => Some(work),
        Err(error) => {
            findings.warning(at, format!("{} names no work: {}", shown(text), error.why), HINT);
            None
        }
    }
}

/// Answers as shown to readers; one that cannot be read is left out, because only the journal's entry counts.
fn gates(fields: &Fields<'_>, findings: &mut Findings) -> Vec<(GateKind, GateAnswer)> {
    let Some(entry) = fields.find("gates") else { return Vec::new() };
    let Some(gates) = Fields::of(&entry.node, findings) else { return Vec::new() };
    let mut answers = Vec::new();
    for entry in gates.entries() {
        let Some(gate) = GateKind::parse(&entry.key) else {
            findings.warning(entry.at, unknown("gate", &entry.key), hint_for(&entry.key, GateKind::WORDS));
            continue;
        };
        let Some(fields) = Fields::of(&entry.node, findings) else { continue };
        let answer = fields.text("answer", findings).map(|(text, _)| text.to_owned());
        let by = fields.word("by", By::WORDS, By::parse, findings);
        let at = fields.text("at", findings).and_then(|(text, at)| {
            let time: Option<Timestamp> = text.parse().ok();
            if time.is_none() {
                findings.warning(
                    at,
                    format!("{} is no time", shown(text)),
                    "written as `2026-11-21T10:02:11Z`",
                );
            }
            time
        });
        let of = fields.hash("of", findings);
        if let (Some(answer), Some(by), Some(at), Some(of)) = (answer, by, at, of) {
            answers.push((gate, GateAnswer { answer, by, at, of }));
        } else {
            findings.warning(entry.at, "an answer without `answer`, `by`, `at` or `of` is not shown", HINT);
        }
    }
    answers
}
