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
                std::thread::sleep(usual * (round * 7919 % 1000) / 800);
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
