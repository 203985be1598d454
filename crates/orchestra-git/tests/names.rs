use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use orchestra_core::path::RepoPath;
use orchestra_git::changes::changes;
use orchestra_git::facts::{blob_at, is_ignored};
use orchestra_git::put_back::put_back;
use orchestra_git::snapshot::snapshot;

use crate::fixture::{BEFORE, Fixture, OUT};

/// Names that trip programs over.
fn names() -> Vec<Vec<u8>> {
    let mut names: Vec<Vec<u8>> = [
        "-rf",
        "--all",
        ":(glob)**",
        ":!x",
        ":/y",
        "*",
        "[a]",
        "?",
        "two\nlines",
        "tab\there",
        "esc\u{1b}[2J",
        "quote\"d",
        "back\\slash",
        "space at end ",
        " space",
        "$(x)",
        "`x`",
        "ü",
        "dir/-x",
        "dir with space/:x",
        "#",
        "a=b",
    ]
    .map(|name| name.as_bytes().to_vec())
    .to_vec();
    names.push(b"bad-\xff\xfe".to_vec());
    names.push(b"dir-\xff/x".to_vec());
    names.push(vec![b'n'; 255]);
    names
}

fn write(fixture: &Fixture, name: &[u8], content: &str) {
    fixture.write(std::ffi::OsStr::from_bytes(name), content);
}

fn all() -> Vec<RepoPath> {
    let mut all: Vec<RepoPath> = names().into_iter().map(|name| RepoPath::parse(name).unwrap()).collect();
    all.sort();
    all
}

#[test]
fn f36_strange_names_are_committed_changed_and_put_back_like_all_others() {
    let fixture = Fixture::new();
    let repo = fixture.repo();
    for name in names() {
        write(&fixture, &name, "one\n");
    }
    let mut order = fixture.order(&[]);
    order.paths = all();
    let (prepared, _) = fixture.land(&order).unwrap();
    assert_eq!(prepared.paths, all());
    assert_eq!(fixture.status(), "");
    for path in all() {
        assert_eq!(
            blob_at(&repo, &prepared.commit, &path, 100).unwrap().as_deref(),
            Some(&b"one\n"[..]),
            "{path}"
        );
        assert!(!is_ignored(&repo, &path).unwrap(), "{path}");
    }

    for name in names() {
        write(&fixture, &name, "the person\n");
    }
    snapshot(&repo, BEFORE, u64::MAX).unwrap();
    for (at, name) in names().into_iter().enumerate() {
        if at % 2 == 0 {
            write(&fixture, &name, "the agent\n");
        } else {
            fs::remove_file(fixture.root.join(Path::new(std::ffi::OsStr::from_bytes(&name)))).unwrap();
        }
    }
    let changed: Vec<RepoPath> =
        changes(&repo, BEFORE).unwrap().into_iter().map(|change| change.path).collect();
    assert_eq!(changed, all());
    let done = put_back(&repo, BEFORE, &changed, OUT).unwrap();
    assert_eq!(done.restored.len(), all().len());
    for name in names() {
        assert_eq!(fixture.read(std::ffi::OsStr::from_bytes(&name)), "the person\n");
    }
    fixture.assert_sound();
}

#[test]
fn strange_documents_and_dependencies_are_no_trouble() {
    let fixture = Fixture::new();
    fixture.write(".gitignore", "*.log\n:odd\n");
    let repo = fixture.repo();
    let ignored = |name: &str| is_ignored(&repo, &RepoPath::parse(name).unwrap()).unwrap();
    assert!(ignored("x.log") && ignored(":odd") && !ignored("x.txt") && !ignored("README.md"));
    std::os::unix::fs::symlink("src", fixture.root.join("link")).unwrap();
    assert!(!ignored("link/x.log"));
}
