//! A case is a file with several documents in it, each below a line `=== path`.
//!
//! Below `=== path (escaped)` the signs `\r`, `\n`, `\0`, `\t`, `\xNN` and `\u{…}` stand for bytes, and line breaks of
//! the case itself for nothing.

use std::fmt::Write as _;

use orchestra_core::document::{MilestoneSource, SourceFile, parse_plan};
use orchestra_core::path::ContentHash;
use orchestra_core::plan::{Milestone, Plan};

/// Roles as `init` writes them, for cases that bring none.
const ROLES: &[(&str, &str)] = &[
    (
        "architect",
        "---\nid: architect\nalias: '#architect'\nwrites: ['.orchestra/milestones/*/rfc.md']\n---\n",
    ),
    ("backend-engineer", "---\nid: backend-engineer\nalias: backend\nwrites: ['src/**']\n---\n"),
    ("code-reviewer", "---\nid: code-reviewer\nalias: reviewer\nwrites: []\n---\n"),
    ("frontend-engineer", "---\nid: frontend-engineer\nalias: frontend\nwrites: ['web/**']\n---\n"),
];

/// Takes a case apart into its documents.
pub(super) fn files(case: &str) -> Vec<SourceFile> {
    let mut files: Vec<(SourceFile, bool)> = Vec::new();
    for line in case.split_inclusive('\n') {
        if let Some(name) = line.strip_prefix("=== ") {
            let name = name.trim_end();
            let (name, is_escaped) =
                name.strip_suffix(" (escaped)").map_or((name, false), |name| (name, true));
            files.push((SourceFile { path: format!(".orchestra/{name}"), bytes: Vec::new() }, is_escaped));
        } else if let Some((file, is_escaped)) = files.last_mut() {
            let bytes = if *is_escaped { unescaped(line.trim_end_matches('\n')) } else { line.into() };
            file.bytes.extend(bytes);
        }
    }
    files.into_iter().map(|(file, _)| file).collect()
}

fn unescaped(line: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = line;
    while let Some(at) = rest.find('\\') {
        bytes.extend_from_slice(&rest.as_bytes()[..at]);
        let code = &rest[at + 1..];
        let taken = match code.as_bytes()[0] {
            b'r' => (b"\r".to_vec(), 1),
            b'n' => (b"\n".to_vec(), 1),
            b't' => (b"\t".to_vec(), 1),
            b'0' => (b"\0".to_vec(), 1),
            b'x' => (vec![u8::from_str_radix(&code[1..3], 16).unwrap()], 3),
            b'u' => {
                let end = code.find('}').unwrap();
                let c = char::from_u32(u32::from_str_radix(&code[2..end], 16).unwrap()).unwrap();
                (c.to_string().into_bytes(), end + 1)
            }
            other => panic!("unknown escape {other}"),
        };
        bytes.extend(taken.0);
        rest = &code[taken.1..];
    }
    bytes.extend_from_slice(rest.as_bytes());
    bytes
}

/// Reads the documents of a case as the project would hand them over.
pub(super) fn plan(files: &[SourceFile]) -> Plan {
    let mut roles: Vec<SourceFile> =
        files.iter().filter(|file| file.path.starts_with(".orchestra/roles/")).cloned().collect();
    if roles.is_empty() {
        let role = |(name, text): &(&str, &str)| SourceFile {
            path: format!(".orchestra/roles/{name}.md"),
            bytes: text.as_bytes().to_vec(),
        };
        roles = ROLES.iter().map(role).collect();
    }
    let mut milestones: Vec<MilestoneSource> = Vec::new();
    for file in files {
        let Some(path) = file.path.strip_prefix(".orchestra/milestones/") else { continue };
        let (folder, name) = path.split_once('/').unwrap();
        let place = milestones.iter().position(|source| source.folder == folder).unwrap_or_else(|| {
            milestones.push(MilestoneSource { folder: folder.to_owned(), ..MilestoneSource::default() });
            milestones.len() - 1
        });
        let source = &mut milestones[place];
        match name {
            "milestone.md" => source.milestone = Some(file.clone()),
            "context.md" => source.context = Some(file.clone()),
            "rfc.md" => source.rfc = Some(ContentHash::of(&file.bytes)),
            _ => source.phases.push(file.clone()),
        }
    }
    parse_plan(&milestones, &roles)
}

/// Writes a plan as a person would want to see it in a review of this test.
pub(super) fn shown(plan: &Plan) -> String {
    let mut text = String::new();
    for milestone in &plan.milestones {
        show_milestone(&mut text, milestone);
    }
    for aside in &plan.set_aside {
        writeln!(text, "set aside: {}", aside.folder).unwrap();
        for diagnostic in &aside.diagnostics {
            writeln!(text, "{diagnostic}").unwrap();
        }
    }
    for warning in &plan.warnings {
        writeln!(text, "warning: {warning}").unwrap();
    }
    text
}

fn show_milestone(text: &mut String, milestone: &Milestone) {
    let Milestone { id, title, status, priority, format, rfc, .. } = milestone;
    writeln!(text, "{id}: {title} [{status} {priority} rfc {rfc} {format:?}]").unwrap();
    for (name, value) in [
        ("reason", milestone.reason.clone()),
        ("created", milestone.created.map(|date| date.to_string())),
        ("rfc.md", milestone.rfc_document.map(|hash| hash.short())),
        ("depends on", joined(&milestone.depends_on)),
        ("holds", joined(&milestone.hold)),
    ] {
        if let Some(value) = value {
            writeln!(text, "  {name}: {value}").unwrap();
        }
    }
    for phase in &milestone.phases {
        write!(text, "  {} {} `{}` by {}", phase.order, phase.id, phase.title, phase.role).unwrap();
        write!(text, " [{} {}]", phase.status, phase.complexity).unwrap();
        for (name, value) in [
            ("after", joined(&phase.depends_on)),
            ("files", joined(&phase.files)),
            ("verify", phase.verify.as_ref().map(|commands| commands.join("; "))),
            ("strict", phase.files_strict.then(|| "yes".to_owned())),
            ("may be empty", phase.may_be_empty.then(|| "yes".to_owned())),
        ] {
            if let Some(value) = value {
                write!(text, " {name}: {value}").unwrap();
            }
        }
        text.push('\n');
    }
    if let Some(cursor) = &milestone.cursor {
        let work = cursor.work.as_ref().map(ToString::to_string).unwrap_or_default();
        write!(text, "  at {} {work} attempt {} since {}", cursor.stage, cursor.attempt, cursor.since)
            .unwrap();
        write!(text, " baseline {} base {}", cursor.baseline, cursor.base.short()).unwrap();
        if let Some(turn) = &cursor.turn_base {
            write!(text, " turn {}", turn.short()).unwrap();
        }
        writeln!(text, " fix rounds {}", cursor.fix_rounds).unwrap();
        for (gate, answer) in &cursor.gates {
            writeln!(
                text,
                "    {gate}: {} by {} {} {}",
                answer.answer,
                answer.by,
                answer.at,
                answer.of.short()
            )
            .unwrap();
        }
    }
}

fn joined<T: ToString>(values: &[T]) -> Option<String> {
    let texts: Vec<String> = values.iter().map(ToString::to_string).collect();
    (!texts.is_empty()).then(|| texts.join(", "))
}
