use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use orchestra_core::path::RepoPath;
use orchestra_git::snapshot::{Snapshot, SnapshotError, snapshot};
use rustix::fs::{CWD, FileType, Mode, mknodat};

use crate::fixture::{BEFORE, Fixture, not_utf8, path, paths};

fn saved(fixture: &Fixture) -> Vec<RepoPath> {
    match snapshot(&fixture.repo(), BEFORE, u64::MAX).unwrap() {
        Snapshot::Saved { commit, dirty } => {
            assert_eq!(commit.as_str(), fixture.git(["rev-parse", BEFORE]));
            dirty
        }
        Snapshot::TooLarge { .. } => panic!("there is no limit"),
    }
}

#[test]
fn every_dirty_byte_lies_under_the_ref_and_nothing_else_changes() {
    let fixture = Fixture::new();
    fixture.write("src/a.rs", "staged\n");
    fixture.git(["add", "src/a.rs"]);
    fixture.write("src/a.rs", "and changed\r\n");
    fixture.remove("src/b.rs");
    fixture.write(not_utf8(), [0, 255, 13, 10]);
    fixture.write("-rf", "leading dash");
    fixture.write(":(glob)*", "magic");
    fixture.write("new\nline", "x");
    fixture.write("run.sh", "x");
    fs::set_permissions(fixture.root.join("run.sh"), fs::Permissions::from_mode(0o755)).unwrap();
    symlink("/outside", fixture.root.join("link")).unwrap();
    mknodat(CWD, fixture.root.join("pipe"), FileType::Fifo, Mode::RWXU, 0).unwrap();
    let before = fixture.status();

    let expected = [
        b"-rf".as_slice(),
        b":(glob)*",
        b"bad-\xff\xfe.txt",
        b"link",
        b"new\nline",
        b"pipe",
        b"run.sh",
        b"src/a.rs",
        b"src/b.rs",
    ];
    assert_eq!(saved(&fixture), expected.map(path));
    assert_eq!(fixture.status(), before);
    let show = |what: &str| fixture.git(["show", &format!("{BEFORE}{what}")]);
    assert_eq!(
        fixture.git(["rev-parse", &format!("{BEFORE}:src/a.rs")]),
        fixture.git(["hash-object", "--no-filters", "src/a.rs"])
    );
    assert_eq!(show("^2:src/a.rs"), "staged");
    assert_eq!(show(":link"), "/outside");
    let listed = fixture.git(["ls-tree", "-r", BEFORE]);
    assert!(listed.contains("100755 blob") && listed.contains("120000 blob"));
    assert!(!listed.contains("src/b.rs") && !listed.contains("pipe"));
    fixture.assert_sound();
}

#[test]
fn a_clean_tree_is_a_snapshot_too_and_the_ref_alone_says_so() {
    let fixture = Fixture::new();
    assert_eq!(saved(&fixture), []);
    fixture.write("src/a.rs", "later\n");
    assert_eq!(saved(&fixture), []);
}

#[test]
fn a_ref_that_exists_is_believed_and_not_the_tree() {
    let fixture = Fixture::new();
    fixture.write("src/a.rs", "before\n");
    fixture.remove("src/b.rs");
    assert_eq!(saved(&fixture), paths(&["src/a.rs", "src/b.rs"]));
    fixture.write("src/a.rs", "the agent\n");
    fixture.write("more", "x");
    assert_eq!(saved(&fixture), paths(&["src/a.rs", "src/b.rs"]));
    assert_eq!(fixture.git(["show", &format!("{BEFORE}:src/a.rs")]), "before");
}

#[test]
fn what_is_too_large_is_named_and_nothing_is_written() {
    let fixture = Fixture::new();
    fixture.write("small", "x");
    fixture.write("large", vec![b'x'; 1000]);
    let found = snapshot(&fixture.repo(), BEFORE, 1000).unwrap();
    let largest = vec![(path("large"), 1000), (path("small"), 1)];
    assert_eq!(found, Snapshot::TooLarge { bytes: 1001, largest });
    assert_eq!(fixture.git(["for-each-ref", "refs/orchestra"]), "");
}

#[test]
fn a_large_file_is_kept_whole() {
    let fixture = Fixture::new();
    let bytes: Vec<u8> =
        (0..9 * 1024 * 1024_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    fixture.write("large", &bytes);
    saved(&fixture);
    let hash = fixture.git(["hash-object", "--no-filters", "large"]);
    assert_eq!(fixture.git(["rev-parse", &format!("{BEFORE}:large")]), hash);
    fixture.assert_sound();
}

#[test]
fn a_file_in_the_place_of_a_folder_and_the_other_way_round_are_kept() {
    let fixture = Fixture::new();
    fs::remove_dir_all(fixture.root.join("src")).unwrap();
    fixture.write("src", "a file");
    fixture.remove("README.md");
    fixture.write("README.md/inside", "x");
    assert_eq!(saved(&fixture), paths(&["README.md", "README.md/inside", "src", "src/a.rs", "src/b.rs"]));
    let listed = fixture.git(["ls-tree", "-r", "--name-only", BEFORE]);
    assert_eq!(listed, ".gitignore\nREADME.md/inside\nsrc");
}

#[test]
fn a_ref_that_is_not_ours_is_refused() {
    let fixture = Fixture::new();
    for name in ["refs/heads/main", "refs/orchestra/rescue/..", "refs/orchestra/rescue/a b"] {
        let error = snapshot(&fixture.repo(), name, 0).unwrap_err();
        assert!(matches!(error, SnapshotError::Name { .. }), "{error}");
    }
    fixture.git(["update-ref", BEFORE, "HEAD"]);
    let error = snapshot(&fixture.repo(), BEFORE, 0).unwrap_err();
    assert!(matches!(error, SnapshotError::Foreign { .. }), "{error}");
}
