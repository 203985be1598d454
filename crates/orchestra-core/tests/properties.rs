//! Properties: reading is total, edits are lossless and count once.

use orchestra_core::config::layer::{Layer, parse_layer};
use orchestra_core::document::{apply, body, parse_role};
use orchestra_core::edit::{CompletedWork, DocEdit, DocFile, PhaseResult};
use orchestra_core::id::{PhaseId, RoleId, WorkId};
use orchestra_core::plan::{Format, MilestoneStatus, PhaseStatus};
use orchestra_core::report::Decision;
use proptest::prelude::*;

use super::case;
use super::edits::{cursor, id};

/// Pieces that documents are made of, sound and broken.
const PIECES: &[&str] = &[
    "---",
    "---\n",
    "\n",
    "\r\n",
    "\u{feff}",
    "id: M1-user-auth\n",
    "status: planning\n",
    "status: done # c\r\n",
    "role: backend\n",
    "order: 1\n",
    "depends_on: [phase-1]\n",
    "depends_on: &a [*a]\n",
    "files: ['**', \"../x\"]\n",
    "gates: { rfc: {} }\n",
    "# Milestone: M1 — x\n",
    "| Field | Value |\n|---|---|\n| Status | planning |\n",
    "| # | Role | Status |\n|-|-|-|\n| 1 | #backend | ✅ done |\n",
    "## Result\n",
    "## Completed phases\n",
    "## Concerns\n",
    "- phase-2: x\n",
    "- [ ] a\n",
    "```\n",
    "<!-- ",
    "-->",
    "> ",
    "  ",
    "\t",
    "<<<<<<< HEAD\n",
    "x",
    "ä",
    "|",
    ":",
    "{",
    "}",
    "[",
    "]",
    "\"",
    "'",
    "&x ",
    "*x ",
    "!t ",
    "\0",
    "---\r\n",
    "text\n===\n",
    "\r",
];

fn pieces() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(PIECES), 0..30).prop_map(|pieces| pieces.concat())
}

/// Front matter and a body that can be read, with comments, unknown keys, and either line ending.
fn sound() -> impl Strategy<Value = String> {
    let line = prop::sample::select(vec![
        "# a comment",
        "",
        "owner: [a,  b] # c",
        "note: |\n  two\n  lines",
        "x: {a: 1 , b: 'two'}",
        "\"quoted key\": ~",
        "date: 2026-11-21",
        "  # indented comment",
    ]);
    let body = prop::sample::select(vec![
        "",
        "text\n",
        "## Objective\n\nx\n",
        "## Result\nold\n",
        "## Notes\n\n- a\n  - b\n",
        "```sh\n## Result\n```\n",
        "\n\n",
        "Setext\n---\n",
        "## Completed phases\n- phase-1 (x): a\n",
        "## Concerns\n",
        "| a | b |\n|---|---|\n",
    ]);
    let status = prop::sample::select(vec![
        "status: planning",
        "status:   pending  # why",
        "status: 'done'",
        "status:",
        "",
    ]);
    let lines = || prop::collection::vec(line.clone(), 0..4);
    (lines(), status, lines(), prop::collection::vec(body, 0..5), any::<bool>(), any::<bool>()).prop_map(
        |(before, status, after, body, is_crlf, has_bom)| {
            let mut seen = Vec::new();
            let mut front = String::new();
            for line in before.into_iter().chain([status]).chain(after) {
                // A key may stand there only once.
                if line.is_empty() || line.trim_start().starts_with('#') || !seen.contains(&line) {
                    seen.push(line);
                    front.push_str(line);
                    front.push('\n');
                }
            }
            let text = format!("---\n{front}---\n{}", body.concat());
            let text = if is_crlf { text.replace('\n', "\r\n") } else { text };
            if has_bom { format!("\u{feff}{text}") } else { text }
        },
    )
}

fn words() -> impl Strategy<Value = String> {
    prop_oneof![pieces(), any::<String>(), "[a-z #>`*-]{0,30}"]
}

fn edit() -> impl Strategy<Value = (DocFile, DocEdit)> {
    let phase = || PhaseId::parse("phase-2").unwrap();
    let phase_file = DocFile::Phase(phase());
    let milestone =
        prop::sample::select(vec![MilestoneStatus::Done, MilestoneStatus::Parked, MilestoneStatus::Planning]);
    let status = prop::sample::select(vec![PhaseStatus::Done, PhaseStatus::Pending, PhaseStatus::InProgress]);
    let in_phase = (status, words(), prop::collection::vec(words(), 0..3), any::<bool>());
    let in_phase = in_phase.prop_map(move |(status, text, texts, is_status)| {
        let edit = if is_status {
            DocEdit::PhaseStatus { phase: phase(), status }
        } else {
            let decisions =
                texts.iter().map(|text| Decision { title: text.clone(), ..Decision::default() }).collect();
            let result = PhaseResult { summary: text, decisions, concerns: texts, ..PhaseResult::default() };
            DocEdit::PhaseResult { phase: phase(), result }
        };
        (phase_file.clone(), edit)
    });
    let in_milestone = (milestone, prop::option::of(words()))
        .prop_map(|(status, reason)| (DocFile::Milestone, DocEdit::MilestoneStatus { status, reason }));
    let in_log = (0..6, words(), prop::collection::vec(words(), 0..4)).prop_map(|(kind, text, texts)| {
        let edit = match kind {
            0 => DocEdit::Cursor(cursor()),
            1 => DocEdit::Current(Some(text)),
            2 => DocEdit::Decisions(texts),
            3 => DocEdit::Concerns(texts),
            4 => DocEdit::Metrics(texts.into_iter().map(|key| (key, text.clone())).collect()),
            _ => DocEdit::Completed(CompletedWork {
                work: WorkId::Fix { round: 1, role: RoleId::parse("x").unwrap() },
                role: None,
                title: text,
                commit: String::new(),
                files: Vec::new(),
                decisions: texts,
                note: None,
            }),
        };
        (DocFile::Context, edit)
    });
    prop_oneof![in_phase, in_milestone, in_log]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), text in pieces()) {
        for bytes in [bytes, text.into_bytes()] {
            let file = |name: &str| format!("=== milestones/M1-user-auth/{name}\n");
            let mut case = Vec::new();
            for name in ["milestone.md", "context.md", "phases/phase-1.md", "phases/phase-2.md"] {
                case.push((name, bytes.clone()));
            }
            let mut files = case::files(&case.iter().map(|(name, _)| file(name)).collect::<String>());
            for file in &mut files {
                file.bytes.clone_from(&bytes);
            }
            let plan = case::plan(&files);
            prop_assert_eq!(plan.milestones.len() + plan.set_aside.len(), 1);
            prop_assert!(plan.set_aside.iter().all(|aside| !aside.diagnostics.is_empty()));
            let role = parse_role("r.md", &bytes);
            prop_assert!(role.result.err().is_none_or(|errors| !errors.is_empty()));
            let layer = parse_layer(Layer::Project, "config.yaml", &bytes);
            prop_assert!(layer.result.err().is_none_or(|errors| !errors.is_empty()));
        }
    }

    #[test]
    fn any_text_can_be_asked_for_its_sections(text in pieces()) {
        body::criteria(&text);
        body::phase_text(&text);
        prop_assert!(text.ends_with(body::body(&text)));
    }

    #[test]
    fn an_edit_of_any_text_is_refused_or_counts_once(text in pieces(), (file, edit) in edit(), is_v17 in any::<bool>()) {
        let format = if is_v17 { Format::V17 } else { Format::Current };
        if let Ok(once) = apply(&id(), format, &file, Some(&text), &edit) {
            let twice = apply(&id(), format, &file, Some(&once), &edit);
            prop_assert_eq!(twice, Ok(once));
        }
    }

    #[test]
    fn an_edit_of_a_sound_text_works_and_keeps_every_other_line(text in sound(), (file, edit) in edit()) {
        let once = apply(&id(), Format::Current, &file, Some(&text), &edit).unwrap();
        prop_assert_eq!(apply(&id(), Format::Current, &file, Some(&once), &edit), Ok(once.clone()));
        let is_result = matches!(edit, DocEdit::PhaseResult { .. });
        let result = body::section(&text, "Result").unwrap_or_default();
        // Lines that were there and are gone again: only those that the edit owns.
        let mut left = once.lines();
        for line in text.lines() {
            let in_result = is_result && result.lines().any(|owned| owned == line);
            let is_owned = line.starts_with("status:") || in_result;
            if !is_owned {
                prop_assert!(left.any(|now| now == line), "{:?} is gone or moved in {:?}", line, once);
            }
        }
        prop_assert_eq!(once.contains("\r\n"), text.contains("\r\n"));
        prop_assert!(once.lines().all(|line| !line.starts_with("<<<<<<<")));
    }

    #[test]
    fn a_status_goes_there_and_back(text in sound()) {
        let file = DocFile::Phase(PhaseId::parse("phase-2").unwrap());
        let set = |text: &str, status| {
            let edit = DocEdit::PhaseStatus { phase: PhaseId::parse("phase-2").unwrap(), status };
            apply(&id(), Format::Current, &file, Some(text), &edit).unwrap()
        };
        // The first edit settles quotes; from there on the value alone moves.
        let begun = set(&text, PhaseStatus::InProgress);
        prop_assert_eq!(set(&set(&begun, PhaseStatus::Failed), PhaseStatus::InProgress), begun);
    }

    #[test]
    fn what_a_model_says_leaves_the_outline_of_a_log_as_it_is(texts in prop::collection::vec(words(), 1..4)) {
        let mut log = apply(&id(), Format::Current, &DocFile::Context, None, &DocEdit::Cursor(cursor())).unwrap();
        let outline = |text: &str| text.lines().filter(|line| line.starts_with('#')).map(str::to_owned).collect::<Vec<_>>();
        let before = outline(&log);
        for edit in [
            DocEdit::Decisions(texts.clone()),
            DocEdit::Concerns(texts.clone()),
            DocEdit::Current(texts.first().cloned()),
            DocEdit::Metrics(texts.iter().map(|text| (text.clone(), text.clone())).collect()),
        ] {
            log = apply(&id(), Format::Current, &DocFile::Context, Some(&log), &edit).unwrap();
        }
        prop_assert_eq!(outline(&log), before);
    }
}
