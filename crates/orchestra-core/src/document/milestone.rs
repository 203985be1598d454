//! Reads a milestone: its own document, its phases and the worker's place in it.

use std::sync::Arc;

use jiff::civil::Date;

use super::fields::{Fields, unknown};
use super::findings::{Findings, hint_for, shown};
use super::graph;
use super::legacy::{self, Legacy};
use super::phase::{self, Draft};
use super::source::Source;
use super::{MilestoneSource, Parsed, Place, ReadMilestone, SourceFile, body, context, yaml};
use crate::id::MilestoneId;
use crate::plan::{
    Format, GateKind, Milestone, MilestoneStatus, Phase, PhaseStatus, Priority, RfcNeed, Role,
};

const KEYS: &[&str] =
    &["id", "title", "status", "reason", "priority", "depends_on", "rfc", "hold", "created"];

/// What `milestone.md` says, in either format.
struct Head {
    id: Option<MilestoneId>,
    id_at: Place,
    title: String,
    status: Option<MilestoneStatus>,
    reason: Option<String>,
    priority: Priority,
    depends_on: Vec<(String, Place)>,
    rfc: RfcNeed,
    hold: Vec<GateKind>,
    created: Option<Date>,
}

pub(super) fn parse(source: &MilestoneSource, roles: &[Role]) -> Parsed<ReadMilestone> {
    let path = match &source.milestone {
        Some(file) => file.path.clone(),
        None => format!(".orchestra/milestones/{}/milestone.md", source.folder),
    };
    let mut findings = Findings::new(&path);
    let Some(file) = &source.milestone else {
        findings.error(
            Place::START,
            "expected this file, which says what the milestone is",
            "write it, or remove the folder",
        );
        return findings.finish(None);
    };
    let text = match Source::read(&file.bytes) {
        Ok(text) => text,
        Err(fault) => {
            findings.add_error(fault);
            return findings.finish(None);
        }
    };
    let (format, head, rows) = match text.front_text() {
        Some(front) => (Format::Current, read_front(front, &text, &source.folder, &mut findings), Vec::new()),
        None if legacy::is_legacy(text.body_text()) => {
            let legacy = legacy::parse(&text, &source.folder, &mut findings);
            let (head, rows) = from_legacy(legacy);
            (Format::V17, Some(head), rows)
        }
        None => {
            findings.error(
                Place::START,
                "expected front matter: `---`, keys such as `id: M1-user-auth`, `---`",
                "it begins on the first line of the file, with nothing above it",
            );
            (Format::Current, None, Vec::new())
        }
    };
    let phases = read_phases(&source.phases, format, &rows, roles, &mut findings);
    let made = head.and_then(|head| make(source, &path, format, head, phases, &mut findings));
    findings.finish(made)
}

fn make(
    source: &MilestoneSource,
    path: &str,
    format: Format,
    head: Head,
    phases: Vec<Phase>,
    findings: &mut Findings,
) -> Option<ReadMilestone> {
    let id = head.id?;
    check_folder(&id, format, &source.folder, head.id_at, findings);
    let cursor = source.context.as_ref().and_then(|file| {
        let mut own = Findings::new(&file.path);
        let cursor = context::parse(file, &id, format, &mut own);
        own.into_warnings().into_iter().for_each(|warning| findings.keep_warning(warning));
        cursor
    });
    let (depends_on, depends_on_at) = dependencies(&head.depends_on, &id, findings);
    let milestone = Milestone {
        folder: source.folder.clone(),
        title: if head.title.is_empty() { id.to_string() } else { head.title },
        status: head.status?,
        reason: head.reason,
        priority: head.priority,
        depends_on,
        rfc: head.rfc,
        hold: head.hold,
        created: head.created,
        phases,
        cursor,
        rfc_document: source.rfc,
        format,
        id,
    };
    Some(ReadMilestone {
        milestone: Arc::new(milestone),
        path: path.to_owned(),
        id_at: head.id_at,
        depends_on_at,
    })
}

fn from_legacy(legacy: Legacy) -> (Head, Vec<legacy::PhaseRow>) {
    let head = Head {
        id: legacy.id,
        id_at: legacy.id_at,
        title: legacy.title,
        status: legacy.status,
        reason: legacy.reason,
        priority: legacy.priority,
        depends_on: legacy.depends_on,
        rfc: RfcNeed::Required,
        hold: Vec::new(),
        created: legacy.created,
    };
    (head, legacy.rows)
}

fn read_front(front: &str, text: &Source<'_>, folder: &str, findings: &mut Findings) -> Option<Head> {
    let node = match yaml::parse(front, 1) {
        Ok(node) => node,
        Err(fault) => {
            findings.add_error(fault);
            return None;
        }
    };
    let fields = Fields::of(&node, findings)?;
    fields.warn_of_near_misses(KEYS, findings);
    let (id, id_at) = read_id(&fields, folder, findings);
    let status = read_status(&fields, findings);
    let title = fields.text("title", findings).map(|(title, _)| title.to_owned());
    let depends_on = fields.texts("depends_on", findings).unwrap_or_default();
    Some(Head {
        id,
        id_at,
        title: title.or_else(|| body::title(text.body_text())).unwrap_or_default(),
        status,
        reason: fields.text("reason", findings).map(|(reason, _)| reason.to_owned()),
        priority: fields.word("priority", Priority::WORDS, Priority::parse, findings).unwrap_or(Priority::P1),
        depends_on: depends_on.into_iter().map(|(text, at)| (text.to_owned(), at)).collect(),
        rfc: fields.word("rfc", RfcNeed::WORDS, RfcNeed::parse, findings).unwrap_or(RfcNeed::Required),
        hold: read_hold(&fields, findings),
        created: read_created(&fields, findings),
    })
}

fn read_id(fields: &Fields<'_>, folder: &str, findings: &mut Findings) -> (Option<MilestoneId>, Place) {
    if let Some((text, at)) = fields.text("id", findings) {
        return match MilestoneId::parse(text) {
            Ok(id) => (Some(id), at),
            Err(error) => {
                findings.error(at, format!("{} cannot be a milestone's id", shown(text)), error.why);
                (None, at)
            }
        };
    }
    if !fields.is_missing("id") {
        return (None, fields.start);
    }
    let id = MilestoneId::parse(folder).ok();
    match &id {
        Some(id) => findings.warning(
            fields.start,
            format!("expected the key `id`; the folder's name `{id}` is taken"),
            format!("add `id: {id}`: without it, a new name of the folder is a new milestone"),
        ),
        None => findings.error(
            fields.start,
            "expected the key `id`",
            "add it: `M`, a number, `-` and a name, as in `id: M1-user-auth`",
        ),
    }
    (id, fields.start)
}

fn read_status(fields: &Fields<'_>, findings: &mut Findings) -> Option<MilestoneStatus> {
    if fields.is_missing("status") {
        let hint = "add `status: planning`, which is what it counts as";
        findings.warning(fields.start, "expected the key `status`", hint);
        return Some(MilestoneStatus::Planning);
    }
    fields.word("status", MilestoneStatus::WORDS, MilestoneStatus::parse, findings)
}

fn read_hold(fields: &Fields<'_>, findings: &mut Findings) -> Vec<GateKind> {
    let mut hold = Vec::new();
    for (text, at) in fields.texts("hold", findings).unwrap_or_default() {
        match GateKind::parse(text) {
            Some(gate) if hold.contains(&gate) => {}
            Some(gate) => hold.push(gate),
            // A gate that was meant to be held must not be walked through because of a typing error.
            None => findings.error(at, unknown("gate", text), hint_for(text, GateKind::WORDS)),
        }
    }
    hold
}

fn read_created(fields: &Fields<'_>, findings: &mut Findings) -> Option<Date> {
    let (text, at) = fields.text("created", findings)?;
    let date = text.parse().ok();
    if date.is_none() {
        findings.warning(at, format!("{} is no date", shown(text)), "write it as `2026-11-21`");
    }
    date
}

fn check_folder(id: &MilestoneId, format: Format, folder: &str, at: Place, findings: &mut Findings) {
    let fits = match format {
        Format::Current => folder == id.as_str(),
        Format::V17 => folder
            .strip_prefix(id.as_str())
            .is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_digit())),
    };
    if !fits {
        findings.warning(
            at,
            format!("the milestone is `{id}` and its folder {}", shown(folder)),
            "the id counts; rename the folder if it should say the same",
        );
    }
}

/// Checks the form of dependencies; whether there are such milestones is seen when all are read.
fn dependencies(
    named: &[(String, Place)],
    own_id: &MilestoneId,
    findings: &mut Findings,
) -> (Vec<MilestoneId>, Vec<Place>) {
    let mut found = Vec::new();
    for (text, at) in named {
        match MilestoneId::parse(text) {
            Ok(id) if id == *own_id => {
                findings.error(*at, format!("{} depends on itself", shown(text)), "take it out");
            }
            Ok(id) => found.push((id, *at)),
            Err(error) => {
                findings.error(*at, format!("{} cannot be a milestone's id", shown(text)), error.why);
            }
        }
    }
    found.into_iter().unzip()
}

fn read_phases(
    files: &[SourceFile],
    format: Format,
    rows: &[legacy::PhaseRow],
    roles: &[Role],
    findings: &mut Findings,
) -> Vec<Phase> {
    let drafts: Vec<Option<Draft>> = files
        .iter()
        .map(|file| {
            let id = crate::id::PhaseId::parse(phase::id_of(&file.path)).ok();
            let row = id.and_then(|id| rows.iter().find(|row| row.is_of(&id)));
            phase::parse(file, format, row, roles, findings)
        })
        .collect();
    for row in rows.iter().filter(|row| {
        !files
            .iter()
            .any(|file| crate::id::PhaseId::parse(phase::id_of(&file.path)).is_ok_and(|id| row.is_of(&id)))
    }) {
        let what = format!("the phase {} has no file in `phases/`", shown(&row.name));
        if matches!(row.status, Some(PhaseStatus::Done | PhaseStatus::Skipped)) {
            findings.warning(row.at, what, "it counts as done");
        } else {
            let hint = "write the file, for example `phases/phase-1.md`, or take the row out of the table";
            findings.error(row.at, what, hint);
        }
    }
    // A graph with holes would report what is not wrong.
    if drafts.iter().any(Option::is_none) {
        return Vec::new();
    }
    graph::tie(drafts.into_iter().flatten().collect(), findings)
}
