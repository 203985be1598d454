use std::fs;

use orchestra_core::record::Record;

use super::*;
use crate::testing::project;

fn note(text: &str) -> Record {
    Record::Note { text: text.to_owned() }
}

fn numbers(layout: &Layout) -> Vec<u64> {
    read_all(layout).unwrap().entries.iter().map(|entry| entry.seq).collect()
}

#[test]
fn entries_are_read_back_in_order_and_numbers_go_on_after_a_new_start() {
    let (_temp, layout) = project();
    assert_eq!(read_all(&layout).unwrap(), Reading::default());
    let (mut journal, memory) = Journal::open(&layout).unwrap();
    assert_eq!(memory, Folded::default());
    let one = journal.append(note("one"), Durability::Written).unwrap();
    let two = journal.append(note("two"), Durability::Synced).unwrap();
    drop(journal);
    let (mut journal, memory) = Journal::open(&layout).unwrap();
    assert_eq!(memory.last_seq, 2);
    let three = journal.append(note("three"), Durability::Written).unwrap();
    assert_eq!(read_all(&layout).unwrap(), Reading { entries: vec![one, two, three], skipped: 0 });
    assert_eq!(numbers(&layout), [1, 2, 3]);
}

#[test]
fn what_this_process_wrote_last_is_known_by_its_bytes() {
    let (_temp, layout) = project();
    let (mut journal, _) = Journal::open(&layout).unwrap();
    let path = RepoPath::parse("a.md").unwrap();
    for text in ["one", "two"] {
        let hash = ContentHash::of(text.as_bytes());
        journal.append(Record::Wrote { path: path.clone(), hash }, Durability::Written).unwrap();
    }
    assert!(journal.has_written(&path, b"two"));
    assert!(!journal.has_written(&path, b"one"));
    assert!(!journal.has_written(&path, b""));
    assert!(!journal.has_written(&RepoPath::parse("b.md").unwrap(), b"two"));
}

#[test]
fn a_line_cut_short_at_any_byte_costs_that_line_and_no_other() {
    let (_temp, layout) = project();
    let (mut journal, _) = Journal::open(&layout).unwrap();
    journal.append(note("kept"), Durability::Written).unwrap();
    let kept = fs::read(layout.journal()).unwrap();
    journal.append(note("torn"), Durability::Written).unwrap();
    let whole = fs::read(layout.journal()).unwrap();
    for end in kept.len()..=whole.len() {
        fs::write(layout.journal(), &whole[..end]).unwrap();
        // Only the line's end is missing: then all of the entry is there.
        let is_whole = end + 1 >= whole.len();
        let torn = u64::from(end > kept.len() && !is_whole);
        let reading = read_all(&layout).unwrap();
        assert_eq!((reading.entries.len(), reading.skipped), (1 + usize::from(is_whole), torn), "{end}");
        let (mut journal, memory) = Journal::open(&layout).unwrap();
        assert_eq!(memory.skipped, torn, "{end}");
        journal.append(note("next"), Durability::Written).unwrap();
        let reading = read_all(&layout).unwrap();
        assert_eq!(reading.skipped, torn, "{end}");
        let texts: Vec<&Record> = reading.entries.iter().map(|entry| &entry.record).collect();
        let expected = if is_whole { vec!["kept", "torn", "next"] } else { vec!["kept", "next"] };
        assert_eq!(texts, expected.into_iter().map(note).collect::<Vec<_>>().iter().collect::<Vec<_>>());
    }
}

#[test]
fn what_only_a_later_program_knows_is_skipped_and_its_number_is_used_up() {
    let (_temp, layout) = project();
    layout.make_state().unwrap();
    let mut lines =
        b"{\"seq\":7,\"at\":\"2026-11-21T10:00:00Z\",\"record\":\"of-tomorrow\",\"x\":1}\n".to_vec();
    lines.extend(b"\0\0\0\0\n\n\xff\n{}\n");
    fs::write(layout.journal(), &lines).unwrap();
    let (mut journal, memory) = Journal::open(&layout).unwrap();
    assert_eq!((memory.last_seq, memory.skipped), (7, 4));
    assert_eq!(journal.append(note("x"), Durability::Written).unwrap().seq, 8);
    assert_eq!(read_all(&layout).unwrap().skipped, 4);
    assert!(fs::read(layout.journal()).unwrap().starts_with(&lines), "nothing is removed");
}

#[test]
fn a_line_without_end_is_passed_over_in_bounded_memory() {
    let (_temp, layout) = project();
    let (mut journal, _) = Journal::open(&layout).unwrap();
    let mut long = vec![b'x'; MAX_LINE + 1];
    long.push(b'\n');
    fs::write(layout.journal(), long).unwrap();
    journal.append(note("after"), Durability::Written).unwrap();
    let reading = read_all(&layout).unwrap();
    assert_eq!((reading.entries.len(), reading.skipped), (1, 1));
    let huge = journal.append(note(&"x".repeat(MAX_LINE)), Durability::Written);
    assert!(matches!(huge, Err(JournalError::TooLong { .. })));
    assert_eq!(read_all(&layout).unwrap(), reading);
}

#[test]
fn two_that_append_at_once_never_use_a_number_twice() {
    let (_temp, layout) = project();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let (mut journal, _) = Journal::open(&layout).unwrap();
                for _ in 0..200 {
                    journal.append(note("x"), Durability::Written).unwrap();
                }
            });
        }
    });
    assert_eq!(numbers(&layout), (1..=400).collect::<Vec<u64>>());
}

#[test]
fn a_follower_gets_each_entry_once_and_no_half_one() {
    let (_temp, layout) = project();
    let (mut journal, _) = Journal::open(&layout).unwrap();
    let first = journal.append(note("one"), Durability::Written).unwrap();
    let followed = follow(&layout, 0).unwrap();
    assert_eq!((followed.entries, followed.has_more), (vec![first], false));
    assert_eq!(follow(&layout, followed.offset).unwrap().entries, []);

    let second = journal.append(note("two"), Durability::Written).unwrap();
    let whole = fs::read(layout.journal()).unwrap();
    fs::write(layout.journal(), &whole[..whole.len() - 1]).unwrap();
    let half = follow(&layout, followed.offset).unwrap();
    assert_eq!((half.entries.len(), half.offset), (0, followed.offset));
    fs::write(layout.journal(), &whole).unwrap();
    assert_eq!(follow(&layout, followed.offset).unwrap().entries, std::slice::from_ref(&second));

    fs::write(layout.journal(), &whole[whole.len() / 2..]).unwrap();
    let anew = follow(&layout, whole.len() as u64).unwrap();
    assert!(anew.restarted);
    assert_eq!(anew.entries, [second]);
}

#[test]
fn a_journal_that_was_removed_is_begun_anew_and_not_written_into_nowhere() {
    let (_temp, layout) = project();
    let (mut journal, _) = Journal::open(&layout).unwrap();
    journal.append(note("one"), Durability::Written).unwrap();
    fs::remove_file(layout.journal()).unwrap();
    journal.append(note("two"), Durability::Synced).unwrap();
    assert_eq!(numbers(&layout), [2]);
}

#[test]
fn a_journal_that_is_a_link_is_refused() {
    let (temp, layout) = project();
    layout.make_state().unwrap();
    fs::write(temp.path().join("mine"), "x").unwrap();
    std::os::unix::fs::symlink(temp.path().join("mine"), layout.journal()).unwrap();
    let opened = Journal::open(&layout);
    assert!(matches!(opened, Err(JournalError::File(FileError::Link { .. }))), "{opened:?}");
    assert_eq!(fs::read(temp.path().join("mine")).unwrap(), b"x");
}
