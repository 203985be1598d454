use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use orchestra_core::path::RepoPath;
use orchestra_git::changes::{BaselineError, changes, content_before};
use orchestra_git::snapshot::snapshot;
use rustix::fs::{CWD, FileType, Mode, mknodat};

use crate::fixture::{BEFORE, Fixture, shown};

fn begin(fixture: &Fixture) {
    snapshot(&fixture.repo(), BEFORE, u64::MAX).unwrap();
}

fn check(fixture: &Fixture, expected: &[&str]) {
    assert_eq!(shown(&changes(&fixture.repo(), BEFORE).unwrap()), expected);
}

#[test]
fn what_an_agent_did_to_clean_files_is_seen() {
    let fixture = Fixture::new();
    begin(&fixture);
    check(&fixture, &[]);
    fixture.write("src/a.rs", "changed\n");
    fixture.remove("src/b.rs");
    fixture.write("src/c.rs", "new\n");
    fixture.write("debug.log", "ignored\n");
    fs::set_permissions(fixture.root.join("README.md"), fs::Permissions::from_mode(0o755)).unwrap();
    check(&fixture, &["~README.md", "~src/a.rs", "-src/b.rs", "+src/c.rs"]);
}

#[test]
fn what_was_dirty_before_and_is_as_it_was_is_no_change() {
    let fixture = Fixture::new();
    fixture.write("src/a.rs", "the person\n");
    fixture.remove("src/b.rs");
    fixture.write("notes", "the person\n");
    fixture.write("README.md", "staged\n");
    fixture.git(["add", "README.md"]);
    begin(&fixture);
    check(&fixture, &[]);
    fixture.write("src/a.rs", "the agent\n");
    fixture.write("src/b.rs", "the agent\n");
    fixture.remove("notes");
    check(&fixture, &["-!notes", "~!src/a.rs", "+!src/b.rs"]);
}

#[test]
fn what_a_path_held_before_is_read_whatever_became_of_it() {
    let fixture = Fixture::new();
    fixture.write("src/a.rs", "the person\n");
    fixture.remove("src/b.rs");
    fixture.write("notes", "staged\n");
    fixture.git(["add", "notes"]);
    fixture.write("notes", "the person\n");
    begin(&fixture);
    for path in ["src/a.rs", "notes", "README.md"] {
        fixture.write(path, "the agent\n");
    }
    let readme = fixture.git(["show", "HEAD:README.md"]);
    let before = |path: &str, limit| {
        let path = RepoPath::parse(path).unwrap();
        let bytes = content_before(&fixture.repo(), BEFORE, &path, limit).unwrap();
        bytes.map(|bytes| String::from_utf8(bytes).unwrap())
    };
    assert_eq!(before("src/a.rs", 100).as_deref(), Some("the person\n"));
    assert_eq!(before("notes", 100).as_deref(), Some("the person\n"));
    assert_eq!(before("README.md", 10_000).unwrap().trim_end(), readme.trim_end());
    assert_eq!([before("src/b.rs", 100), before("new", 100), before("notes", 3)], [None, None, None]);
}

#[test]
fn a_dirty_file_that_is_reset_to_the_head_is_a_change() {
    let fixture = Fixture::new();
    fixture.write("src/a.rs", "the person\n");
    begin(&fixture);
    fixture.write("src/a.rs", "fn a() {}\n");
    check(&fixture, &["~!src/a.rs"]);
}

#[test]
fn what_the_person_commits_meanwhile_is_no_change() {
    let fixture = Fixture::new();
    fixture.write("src/a.rs", "the person\n");
    begin(&fixture);
    fixture.write("src/b.rs", "the person too\n");
    fixture.write("new", "and this\n");
    fixture.commit_all("the person's");
    fixture.write("README.md", "the agent\n");
    check(&fixture, &["~README.md"]);
    fixture.write("src/a.rs", "the agent\n");
    check(&fixture, &["~README.md", "~!src/a.rs"]);
}

#[test]
fn staging_alone_changes_nothing() {
    let fixture = Fixture::new();
    fixture.write("src/a.rs", "the person\n");
    begin(&fixture);
    fixture.git(["add", "src/a.rs"]);
    fixture.git(["rm", "-q", "--cached", "src/b.rs"]);
    fixture.write("README.md", "there\n");
    fixture.git(["add", "README.md"]);
    fixture.write("README.md", "one\n");
    check(&fixture, &[]);
}

#[test]
fn a_rename_is_a_file_gone_and_a_file_come() {
    let fixture = Fixture::new();
    begin(&fixture);
    fs::rename(fixture.root.join("src/a.rs"), fixture.root.join("src/z.rs")).unwrap();
    check(&fixture, &["-src/a.rs", "+src/z.rs"]);
}

#[test]
fn what_cannot_be_committed_says_why() {
    let fixture = Fixture::new();
    begin(&fixture);
    mknodat(CWD, fixture.root.join("pipe"), FileType::Fifo, Mode::RWXU, 0).unwrap();
    symlink("../outside", fixture.root.join("out")).unwrap();
    fixture.write(".GIT/config", "x");
    let nested = fixture.root.join("nested");
    fs::create_dir(&nested).unwrap();
    fixture.git_in(&nested, ["init", "-q"]);
    fs::write(nested.join("inside"), "x").unwrap();
    check(
        &fixture,
        &[
            "+.GIT/config (a name that git keeps for itself)",
            "+nested (a nested repository)",
            "+out (a symbolic link that leaves the tree)",
            "+pipe (a FIFO)",
        ],
    );
}

#[test]
fn a_fifo_in_the_place_of_a_dirty_file_is_a_change_and_is_not_opened() {
    let fixture = Fixture::new();
    fixture.write("notes", "x");
    begin(&fixture);
    fixture.remove("notes");
    mknodat(CWD, fixture.root.join("notes"), FileType::Fifo, Mode::RWXU, 0).unwrap();
    check(&fixture, &["~!notes (a FIFO)"]);
}

#[test]
fn a_flag_of_the_index_hides_nothing() {
    let fixture = Fixture::new();
    begin(&fixture);
    fixture.git(["update-index", "--assume-unchanged", "src/a.rs"]);
    fixture.write("src/a.rs", "hidden\n");
    check(&fixture, &["~src/a.rs"]);
}

#[test]
fn other_line_endings_in_a_file_that_git_converts_are_no_change() {
    let fixture = Fixture::new();
    fixture.git(["config", "core.autocrlf", "true"]);
    begin(&fixture);
    fixture.write("src/a.rs", "fn a() {}\r\n");
    check(&fixture, &[]);
}

#[test]
fn without_a_snapshot_nothing_can_be_told() {
    let fixture = Fixture::new();
    let error = changes(&fixture.repo(), BEFORE).unwrap_err();
    assert!(matches!(error, BaselineError::Missing { .. }), "{error}");
}

#[test]
fn what_a_kill_left_half_written_is_no_change_and_taken_away() {
    let fixture = Fixture::new();
    // No process has this number.
    let (old, left) = ("old/.orchestra-tmp-4294967295-1", "src/.orchestra-tmp-4294967295-a");
    let written_now = format!(".orchestra-tmp-{}-a", std::process::id());
    fixture.write(old, "half\n");
    begin(&fixture);
    assert!(!fixture.root.join(old).exists(), "taken away before a turn");

    fixture.write(left, "half\n");
    fixture.write(&written_now, "half\n");
    fixture.write("src/.orchestra-tmp-4294967295-b", "staged\n");
    fixture.git(["add", "src/.orchestra-tmp-4294967295-b"]);
    fixture.write(".orchestra-tmp-4294967295-c/kept", "in a folder\n");
    symlink("README.md", fixture.root.join(".orchestra-tmp-4294967295-d")).unwrap();
    fixture.write(".orchestra/roles/.orchestra-tmp-4294967295-e", "a document\n");
    check(
        &fixture,
        &[
            "+.orchestra-tmp-4294967295-c/kept",
            "+.orchestra-tmp-4294967295-d",
            "+.orchestra/roles/.orchestra-tmp-4294967295-e",
            "+src/.orchestra-tmp-4294967295-b",
        ],
    );
    assert!(!fixture.root.join(left).exists());
    assert_eq!(fs::read_to_string(fixture.root.join(&written_now)).unwrap(), "half\n", "its writer needs it");
}
