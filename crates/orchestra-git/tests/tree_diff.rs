use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::time::{Duration, SystemTime};

use orchestra_git::repo::{Filters, Repo, RepoOptions};
use orchestra_git::snapshot::snapshot;
use orchestra_git::tree_diff::{Bounds, TreeDiff, tree_diff};
use rustix::fs::{CWD, FileType, Mode, mknodat};

use crate::fixture::{BEFORE, Fixture, not_utf8};

const BOUNDS: Bounds = Bounds { patch: 64 * 1024, file: 4 * 1024, time: Duration::from_mins(1) };

fn diff(fixture: &Fixture) -> TreeDiff {
    tree_diff(&fixture.repo(), Some(BEFORE), BOUNDS).unwrap()
}

fn begin(fixture: &Fixture) {
    snapshot(&fixture.repo(), BEFORE, u64::MAX).unwrap();
}

#[test]
fn what_changed_since_the_snapshot_is_shown_line_by_line_and_what_was_dirty_then_is_not() {
    let fixture = Fixture::new();
    fixture.write("src/b.rs", "the person\n");
    fixture.write("notes", "the person\n");
    begin(&fixture);
    let none = diff(&fixture);
    assert_eq!((none.patch.as_str(), none.file_count, none.has_snapshot), ("", 0, true));
    assert_eq!(none.head, fixture.head());

    fixture.write(".orchestra/milestones/M1-a/context.md", "a log\n");
    fixture.write("src/a.rs", "fn a() {}\nfn more() {}\n");
    fixture.write("src/new.rs", "new\n");
    fixture.write("debug.log", "ignored\n");
    fixture.remove("notes");
    let found = diff(&fixture);
    let wanted = "diff --git a/notes b/notes\ndeleted file mode 100644\n@@ -1 +0,0 @@\n-the person\n\
                  diff --git a/src/a.rs b/src/a.rs\n@@ -1 +1,2 @@\n fn a() {}\n+fn more() {}\n\
                  diff --git a/src/new.rs b/src/new.rs\nnew file mode 100644\n@@ -0,0 +1 @@\n+new\n\
                  diff --git a/.orchestra/milestones/M1-a/context.md b/.orchestra/milestones/M1-a/context.md\n\
                  new file mode 100644\n@@ -0,0 +1 @@\n+a log\n";
    assert_eq!(found.patch, wanted);
    assert_eq!(found.file_count, 4);
}

#[test]
fn what_the_agent_committed_by_itself_is_shown_too() {
    let fixture = Fixture::new();
    begin(&fixture);
    let then = fixture.head();
    fixture.write("src/a.rs", "fn b() {}\n");
    fixture.commit_all("mine");
    let found = diff(&fixture);
    assert_eq!(found.patch, "diff --git a/src/a.rs b/src/a.rs\n@@ -1 +1 @@\n-fn a() {}\n+fn b() {}\n");
    assert_eq!(found.head, then);
}

#[test]
fn without_a_snapshot_it_is_compared_with_the_head() {
    let fixture = Fixture::new();
    fixture.write("src/a.rs", "fn b() {}\n");
    for reference in [None, Some(BEFORE)] {
        let found = tree_diff(&fixture.repo(), reference, BOUNDS).unwrap();
        assert!(!found.has_snapshot && found.patch.contains("+fn b() {}"), "{found:?}");
    }
}

#[test]
fn what_is_no_text_or_too_large_or_no_file_is_named() {
    let fixture = Fixture::new();
    begin(&fixture);
    fixture.write("binary", b"a\0b");
    fixture.write("large", "x\n".repeat(4000));
    fixture.write(not_utf8(), "x");
    symlink("/etc/passwd", fixture.root.join("away")).unwrap();
    symlink("src/a.rs", fixture.root.join("link")).unwrap();
    mknodat(CWD, fixture.root.join("pipe"), FileType::Fifo, Mode::from_raw_mode(0o644), 0).unwrap();
    fs::set_permissions(fixture.root.join("README.md"), fs::Permissions::from_mode(0o755)).unwrap();
    let found = diff(&fixture).patch;
    for wanted in [
        "diff --git a/binary b/binary\nnew file mode 100644\n(not shown: it is no text)\n",
        "diff --git a/large b/large\n(not shown: too large: 8000 bytes)\n",
        "diff --git a/pipe b/pipe\n(not shown: a FIFO)\n",
        "diff --git a/away b/away\n(not shown: a symbolic link that leaves the tree)\n",
        "diff --git a/link b/link\nnew file mode 120000\n@@ -0,0 +1 @@\n+src/a.rs\n",
        "diff --git a/README.md b/README.md\nold mode 100644\nnew mode 100755\n",
        "diff --git \"a/",
    ] {
        assert!(found.contains(wanted), "{wanted}:\n{found}");
    }
}

#[test]
fn it_is_bounded_in_size_and_time() {
    let fixture = Fixture::new();
    for number in 0..50 {
        fixture.write(format!("new-{number}"), "x\n".repeat(1000));
    }
    let bounds = Bounds { patch: 5000, ..BOUNDS };
    let found = tree_diff(&fixture.repo(), None, bounds).unwrap();
    assert!(found.patch.len() < 5100 && found.patch.contains("… cut here"), "{}", found.patch.len());
    let bounds = Bounds { time: Duration::ZERO, ..BOUNDS };
    let found = tree_diff(&fixture.repo(), None, bounds).unwrap();
    assert_eq!(found.patch.matches("no time to compare it").count(), 50);
}

#[test]
fn line_endings_that_git_converts_are_no_change() {
    let fixture = Fixture::new();
    fixture.git(["config", "core.autocrlf", "true"]);
    begin(&fixture);
    fixture.write("src/a.rs", "fn a() {}\r\nfn b() {}\r\n");
    let found = diff(&fixture).patch;
    assert_eq!(found, "diff --git a/src/a.rs b/src/a.rs\n@@ -1 +1,2 @@\n fn a() {}\n+fn b() {}\n");
}

/// Every file below a folder with its content and the time of its last change.
fn everything(folder: &Path) -> Vec<(String, Vec<u8>, SystemTime)> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let data = entry.metadata().unwrap();
        if data.is_dir() {
            all.extend(everything(&entry.path()));
        } else {
            let name = entry.path().display().to_string();
            all.push((name, fs::read(entry.path()).unwrap(), data.modified().unwrap()));
        }
    }
    all.sort();
    all
}

/// Whoever looks on changes nothing, and runs nothing that the repository names.
#[test]
fn looking_writes_nothing_and_runs_no_program_of_the_repository() {
    let fixture = Fixture::new();
    let ran = fixture.base().join("ran");
    let trap = fixture.base().join("trap");
    crate::fixture::script(&trap, &format!("#!/bin/sh\necho \"$0 $*\" >>'{}'\ncat\n", ran.display()));
    let trap = trap.display().to_string();
    fixture.write(".gitattributes", "*.rs filter=trap diff=trap\n");
    fixture.commit_all("attributes");
    for key in [
        "filter.trap.clean",
        "filter.trap.smudge",
        "diff.trap.textconv",
        "diff.trap.command",
        "diff.external",
    ] {
        fixture.git(["config", key, &trap]);
    }
    fixture.git(["config", "core.fsmonitor", &trap]);
    begin(&fixture);
    // They are traps: git itself runs them.
    assert!(fixture.git_however_it_ends(&["diff"]) && ran.exists());
    fs::remove_file(&ran).unwrap();
    fixture.guard.seen.lock().unwrap().clear();
    fixture.write("src/a.rs", "fn b() {}\n");
    fixture.write("src/new.rs", "fn c() {}\n");

    let options = RepoOptions { filters: Filters::Trusted, ..fixture.options() };
    let repo = Repo::open(&fixture.root, options).unwrap();
    let before = everything(&fixture.root);
    let found = tree_diff(&repo, Some(BEFORE), BOUNDS).unwrap();
    assert!(found.patch.contains("+fn b() {}") && found.patch.contains("+fn c() {}"), "{}", found.patch);
    assert!(!ran.exists(), "{}", fs::read_to_string(&ran).unwrap());
    assert_eq!(*fixture.guard.seen.lock().unwrap(), []);
    let changed: Vec<String> = everything(&fixture.root)
        .into_iter()
        .filter(|file| !before.contains(file))
        .map(|file| file.0)
        .collect();
    assert_eq!(changed, [] as [String; 0]);
    assert_eq!(everything(&fixture.root).len(), before.len());
}

#[test]
fn what_a_partial_clone_lacks_is_fetched_from_nowhere() {
    let fixture = Fixture::new();
    fixture.write("sub/.gitignore", "*.log\n");
    fixture.commit_all("ignore");
    // git reads it from the object store, which lacks it.
    fixture.git(["update-index", "--skip-worktree", "sub/.gitignore"]);
    let blob = fixture.git(["rev-parse", "HEAD:sub/.gitignore"]);
    let (folder, name) = blob.trim().split_at(2);
    fixture.remove("sub/.gitignore");
    std::fs::remove_file(fixture.root.join(".git/objects").join(folder).join(name)).unwrap();
    fixture.write("sub/new", "new\n");
    let mark = fixture.base().join("PWNED");
    let ssh = fixture.base().join("ssh");
    crate::fixture::script(&ssh, &format!("touch '{}'; exit 1", mark.display()));
    // Nobody begins in such a clone, but an agent can make one of it later.
    let repo = fixture.repo();
    fixture.git(["config", "core.sshCommand", ssh.to_str().unwrap()]);
    fixture.git(["config", "remote.origin.url", "ssh://example.com/x"]);
    fixture.git(["config", "remote.origin.promisor", "true"]);
    let found = tree_diff(&repo, None, BOUNDS);
    assert!(!mark.exists(), "{found:?}");
}
