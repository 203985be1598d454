use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::sync::Barrier;
use std::time::Instant;

use super::*;
use crate::testing::project;

#[derive(Debug, Error)]
#[error("no status")]
struct NoStatus;

/// Sets the line `status: …`.
fn set_status(text: Option<&str>, status: &str) -> Result<String, NoStatus> {
    let text = text.ok_or(NoStatus)?;
    let line = text.lines().find(|line| line.starts_with("status:")).ok_or(NoStatus)?;
    Ok(text.replacen(line, &format!("status: {status}"), 1))
}

fn path() -> RepoPath {
    Layout::document("M1-x", &orchestra_core::edit::DocFile::Milestone).unwrap()
}

fn set(
    layout: &Layout,
    journal: &mut Journal,
    status: &str,
) -> Result<Option<Written>, WriteError<NoStatus>> {
    let held = DocumentsLock::acquire(layout)?;
    edit_file(layout, &held, &path(), journal, |text| set_status(text, status))
}

/// What a person saves: a long body, so that half of it can be told from all of it.
fn save(version: u32) -> String {
    format!(
        "status: planning\nversion: {version}\n{}end of {version}\n",
        format!("line of {version}\n").repeat(200)
    )
}

/// The ways in which editors save.
#[derive(Clone, Copy, Debug)]
enum Editor {
    /// A new file, moved over the old one.
    Rename,
    /// Emptied, then written.
    InPlace,
    /// Emptied, then written in two pieces.
    InPieces,
    /// The old file is moved away first.
    Backup,
}

impl Editor {
    fn save(self, path: &Path, text: &str) {
        match self {
            Self::Rename => {
                let temp = path.with_extension("swp");
                fs::write(&temp, text).unwrap();
                fs::rename(temp, path).unwrap();
            }
            Self::InPlace => fs::write(path, text).unwrap(),
            Self::InPieces => {
                let mut file = fs::File::create(path).unwrap();
                let (one, two) = text.split_at(text.len() / 2);
                file.write_all(one.as_bytes()).unwrap();
                file.write_all(two.as_bytes()).unwrap();
            }
            Self::Backup => {
                let backup = path.with_extension("md~");
                // Orchestra may be between two steps of its own: an editor then just writes.
                let _ = fs::rename(path, &backup);
                fs::write(path, text).unwrap();
                let _ = fs::remove_file(backup);
            }
        }
    }
}

/// Returns how often a write had to begin again.
fn race(editor: Editor, rounds: u32) -> u64 {
    let (_temp, layout) = project();
    fs::create_dir(layout.milestone("M1-x")).unwrap();
    let document = layout.locate(&path());
    let (mut journal, _) = Journal::open(&layout).unwrap();
    fs::write(&document, save(0)).unwrap();
    let began = Instant::now();
    set(&layout, &mut journal, "first").unwrap();
    let usual = began.elapsed();
    for round in 1..=rounds {
        let start = Barrier::new(2);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                start.wait();
                // The first save comes somewhere around the write of the other, each time somewhere else.
                std::thread::park_timeout(usual * (round * 7919 % 1000) / 800);
                editor.save(&document, &save(round * 10 + 1));
                (0..(round * 104_729) % 40_000).for_each(|_| std::hint::spin_loop());
                editor.save(&document, &save(round * 10 + 2));
            });
            start.wait();
            set(&layout, &mut journal, &format!("round-{round}")).unwrap();
        });
        let text = fs::read_to_string(&document).unwrap();
        let saved = set_status(Some(&text), "planning").unwrap();
        assert!(saved == save(round * 10 + 2), "{editor:?}, round {round}: {text:.100}");
    }
    let left: Vec<_> =
        fs::read_dir(layout.milestone("M1-x")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["milestone.md"], "nothing else is left");
    let writes = crate::journal::fold(&layout).unwrap().last_seq;
    writes - u64::from(rounds) - 1
}

#[test]
fn f64_in_a_thousand_races_no_byte_that_a_person_saves_is_lost() {
    let editors = [Editor::Rename, Editor::InPlace, Editor::InPieces, Editor::Backup];
    let again: Vec<u64> = std::thread::scope(|scope| {
        let races = editors.map(|editor| scope.spawn(move || race(editor, 250)));
        races.into_iter().map(|race| race.join().unwrap()).collect()
    });
    println!("began again: {again:?}");
    assert!(again.iter().sum::<u64>() > 0, "nobody met anybody, so nothing was tried");
}

mod with_the_grammar {
    use std::fs;

    use orchestra_core::id::{PhaseId, RoleId};
    use orchestra_core::plan::{MilestoneStatus, PhaseStatus};
    use orchestra_core::record::Entry;

    use super::super::*;
    use crate::journal;
    use crate::testing::{backend, milestone, project};

    fn id() -> MilestoneId {
        MilestoneId::parse("M1-x").unwrap()
    }

    fn phase(number: u32) -> PhaseId {
        PhaseId::parse(&format!("phase-{number}")).unwrap()
    }

    fn apply(layout: &Layout, edits: &[DocEdit]) -> Result<Vec<String>, WriteError<EditError>> {
        let (mut journal, _) = Journal::open(layout).unwrap();
        let id = id();
        let target = Target { milestone: &id, folder: "M1-x", format: Format::Current };
        let written = apply_edits(layout, &target, edits, &mut journal)?;
        Ok(written.into_iter().map(|written| written.path.to_string()).collect())
    }

    fn done() -> Vec<DocEdit> {
        vec![
            DocEdit::PhaseStatus { phase: phase(1), status: PhaseStatus::Done },
            DocEdit::MilestoneStatus { status: MilestoneStatus::InProgress, reason: None },
            DocEdit::Decisions(vec!["bcrypt".to_owned()]),
            DocEdit::Concerns(vec!["no limits".to_owned()]),
            DocEdit::PhaseStatus { phase: phase(2), status: PhaseStatus::InProgress },
        ]
    }

    #[test]
    fn edits_are_written_once_a_file_and_their_hashes_are_in_the_journal() {
        let (_temp, layout) = project();
        backend(&layout);
        milestone(&layout, "M1-x", 2);
        let base = ".orchestra/milestones/M1-x";
        let expected = ["phases/phase-1.md", "milestone.md", "context.md", "phases/phase-2.md"]
            .map(|name| format!("{base}/{name}"));
        assert_eq!(apply(&layout, &done()).unwrap(), expected);

        let memory = journal::fold(&layout).unwrap().memory;
        for path in &expected {
            let path = RepoPath::parse(path.as_str()).unwrap();
            let bytes = fs::read(layout.locate(&path)).unwrap();
            assert!(memory.is_ours(&path, ContentHash::of(&bytes)), "{path}");
        }
        let text = fs::read_to_string(layout.milestone("M1-x").join("milestone.md")).unwrap();
        assert!(text.contains("status: in-progress # as yet\nmine: kept\n"), "{text}");
        let plan = crate::load::Scanner::default().scan(&layout).unwrap();
        let statuses: Vec<PhaseStatus> = plan.milestones[0].phases.iter().map(|phase| phase.status).collect();
        assert_eq!(statuses, [PhaseStatus::Done, PhaseStatus::InProgress]);
    }

    #[test]
    fn f01_edits_that_change_nothing_write_nothing() {
        let (_temp, layout) = project();
        milestone(&layout, "M1-x", 2);
        apply(&layout, &done()).unwrap();
        let entries: Vec<Entry> = journal::read_all(&layout).unwrap().entries;
        assert_eq!(apply(&layout, &done()).unwrap(), [""; 0]);
        assert_eq!(journal::read_all(&layout).unwrap().entries, entries);
    }

    #[test]
    fn a_preview_is_what_would_be_written_and_writes_nothing() {
        let (_temp, layout) = project();
        milestone(&layout, "M1-x", 2);
        let id = id();
        let target = Target { milestone: &id, folder: "M1-x", format: Format::Current };
        let before = fs::read(layout.milestone("M1-x").join("milestone.md")).unwrap();
        let (journal, _folded) = Journal::open(&layout).unwrap();
        let seen = preview(&layout, &target, &done(), &journal).unwrap();
        assert_eq!(fs::read(layout.milestone("M1-x").join("milestone.md")).unwrap(), before);
        assert!(!layout.milestone("M1-x").join("context.md").exists());
        apply(&layout, &done()).unwrap();
        assert_eq!(seen.len(), 4);
        let document = seen.iter().find(|document| document.path.file_name() == b"milestone.md").unwrap();
        assert_eq!(document.held, Some(ContentHash::of(&before)));
        for Preview { path, bytes, .. } in &seen {
            assert_eq!(&fs::read(layout.locate(path)).unwrap(), bytes, "{path}");
        }
        let again = preview(&layout, &target, &done(), &journal).unwrap();
        assert_eq!(again.len(), seen.len(), "documents that stay are shown too");
        assert!(again.iter().all(|document| document.held == Some(ContentHash::of(&document.bytes))));
    }

    #[test]
    fn permissions_and_everything_that_is_the_persons_stay() {
        use std::os::unix::fs::PermissionsExt as _;
        let (_temp, layout) = project();
        milestone(&layout, "M1-x", 1);
        let document = layout.milestone("M1-x").join("milestone.md");
        let text = fs::read_to_string(&document).unwrap().replace('\n', "\r\n");
        fs::write(&document, &text).unwrap();
        fs::set_permissions(&document, fs::Permissions::from_mode(0o640)).unwrap();
        apply(&layout, &done()[1..2]).unwrap();
        assert_eq!(fs::read_to_string(&document).unwrap(), text.replace("planning", "in-progress"));
        assert_eq!(fs::metadata(&document).unwrap().permissions().mode() & 0o777, 0o640);
    }

    #[test]
    fn a_new_phase_appears_in_its_folder_and_a_milestone_that_was_moved_away_stays_away() {
        let (_temp, layout) = project();
        milestone(&layout, "M1-x", 0);
        fs::remove_dir(layout.milestone("M1-x").join("phases")).unwrap();
        let new = DocEdit::NewPhase(orchestra_core::edit::NewPhase {
            id: phase(1),
            role: RoleId::parse("backend-engineer").unwrap(),
            title: "Say why".to_owned(),
            order: orchestra_core::plan::Order::parse("1").unwrap(),
            depends_on: Vec::new(),
            objective: "Say why it fails.".to_owned(),
            feedback: orchestra_core::id::GateId::parse("push-3f9a").unwrap(),
        });
        let edits = [new, DocEdit::Concerns(vec!["x".to_owned()])];
        assert_eq!(apply(&layout, &edits).unwrap().len(), 2);
        fs::rename(layout.milestone("M1-x"), layout.milestone("M1-moved")).unwrap();
        for edits in [&edits[..1], &edits[1..], &done()] {
            assert!(apply(&layout, edits).is_err());
            assert!(!layout.milestone("M1-x").exists());
        }
    }

    #[test]
    fn a11_nothing_is_written_through_a_link_and_out_of_the_milestones() {
        let (temp, layout) = project();
        milestone(&layout, "M1-x", 1);
        let outside = temp.path().join("outside.md");
        fs::copy(layout.milestone("M1-x").join("milestone.md"), &outside).unwrap();
        fs::remove_file(layout.milestone("M1-x").join("milestone.md")).unwrap();
        std::os::unix::fs::symlink(&outside, layout.milestone("M1-x").join("milestone.md")).unwrap();
        let before = fs::read(&outside).unwrap();
        let error = apply(&layout, &done()[1..2]).unwrap_err();
        assert!(matches!(error, WriteError::File(FileError::Link { .. })), "{error:?}");
        assert_eq!(fs::read(&outside).unwrap(), before);

        let (mut journal, _) = Journal::open(&layout).unwrap();
        let id = id();
        for folder in ["..", "../..", "a/b", "", "."] {
            let target = Target { milestone: &id, folder, format: Format::Current };
            let error = apply_edits(&layout, &target, &done(), &mut journal).unwrap_err();
            assert!(matches!(error, WriteError::Folder(_)), "{folder}: {error:?}");
        }
    }

    #[test]
    fn a_document_that_is_no_text_or_does_not_fit_is_left_as_it_is() {
        let (_temp, layout) = project();
        milestone(&layout, "M1-x", 1);
        let document = layout.milestone("M1-x").join("milestone.md");
        fs::write(&document, b"---\nstatus: \xff\n---\n").unwrap();
        let error = apply(&layout, &done()[1..2]).unwrap_err();
        assert!(matches!(error, WriteError::NotText { .. }), "{error:?}");
        fs::write(&document, "---\nstatus: [a\n---\n").unwrap();
        let error = apply(&layout, &done()[1..2]).unwrap_err();
        assert!(matches!(error, WriteError::Edit { .. }), "{error:?}");
        assert_eq!(fs::read(&document).unwrap(), b"---\nstatus: [a\n---\n");
        assert_eq!(journal::read_all(&layout).unwrap().entries, []);
    }

    #[test]
    fn f83_a_new_milestone_is_seen_whole_or_not_at_all() {
        let (_temp, layout) = project();
        backend(&layout);
        milestone(&layout, "M1-x", 3);
        let files = |id: &str| -> Vec<(String, String)> {
            ["milestone.md", "phases/phase-1.md", "phases/phase-2.md", "phases/phase-3.md"]
                .map(|name| {
                    let text = fs::read_to_string(layout.milestone("M1-x").join(name)).unwrap();
                    (name.to_owned(), text.replace("M1-x", id))
                })
                .into()
        };
        let (mut journal, _) = Journal::open(&layout).unwrap();
        let layout = &layout;
        std::thread::scope(|scope| {
            let scanning = scope.spawn(|| {
                let mut scanner = crate::load::Scanner::default();
                loop {
                    let plan = scanner.scan(layout).unwrap();
                    assert_eq!(plan.set_aside, []);
                    assert!(plan.milestones.iter().all(|milestone| milestone.phases.len() == 3));
                    if plan.milestones.len() == 30 {
                        break;
                    }
                }
            });
            for number in 2..=30 {
                let id = format!("M{number}-x");
                assert_eq!(create_milestone(layout, &id, &files(&id), &mut journal).unwrap().len(), 4);
            }
            scanning.join().unwrap();
        });
        let again = create_milestone(layout, "M1-x", &files("M1-x"), &mut journal);
        assert!(matches!(again, Err(CreateError::Exists { .. })));
        let leaving = [("../x.md".to_owned(), String::new())];
        assert!(matches!(create_milestone(layout, "M99", &leaving, &mut journal), Err(CreateError::Path(_))));
        assert_eq!(fs::read_dir(layout.milestones()).unwrap().count(), 30, "nothing else is left");
    }
}
