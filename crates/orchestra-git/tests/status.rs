use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;

use orchestra_git::status::{DirtyPath, InTree, status};
use rustix::fs::{CWD, FileType, Mode, mknodat};

use crate::fixture::{Fixture, not_utf8, path};

fn lines(fixture: &Fixture) -> Vec<String> {
    let line = |dirty: &DirtyPath| {
        let staged = if dirty.is_staged { "staged " } else { "" };
        let tree = match dirty.tree {
            InTree::AsStaged => "same",
            InTree::Changed => "changed",
            InTree::Gone => "gone",
            InTree::Untracked => "untracked",
        };
        let unfit = dirty.unfit.map(|why| format!(" ({why})")).unwrap_or_default();
        format!("{} {staged}{tree}{unfit}", dirty.path)
    };
    status(&fixture.repo()).unwrap().iter().map(line).collect()
}

#[test]
fn a_clean_tree_has_no_dirty_path_and_nothing_is_written() {
    let fixture = Fixture::new();
    let index = fs::metadata(fixture.root.join(".git/index")).unwrap().modified().unwrap();
    fixture.write("debug.log", "ignored");
    assert_eq!(lines(&fixture), Vec::<String>::new());
    assert_eq!(fs::metadata(fixture.root.join(".git/index")).unwrap().modified().unwrap(), index);
}

#[test]
fn every_kind_of_difference_is_told_apart() {
    let fixture = Fixture::new();
    fixture.write("src/a.rs", "changed\n");
    fixture.remove("src/b.rs");
    fixture.write("new file", "x");
    fixture.write("staged", "x");
    fixture.git(["add", "staged"]);
    fixture.write("README.md", "staged\n");
    fixture.git(["add", "README.md"]);
    fixture.write("README.md", "and changed\n");
    assert_eq!(
        lines(&fixture),
        [
            "README.md staged changed",
            "new file untracked",
            "src/a.rs changed",
            "src/b.rs gone",
            "staged staged same"
        ]
    );
}

#[test]
fn a_file_staged_to_go_that_is_still_there_is_one_path() {
    let fixture = Fixture::new();
    fixture.git(["rm", "-q", "--cached", "README.md"]);
    assert_eq!(lines(&fixture), ["README.md staged untracked"]);
}

#[test]
fn names_that_are_no_text_are_kept_byte_by_byte() {
    let fixture = Fixture::new();
    fixture.write(not_utf8(), "x");
    fixture.write("two\nlines", "x");
    let found: Vec<_> = status(&fixture.repo()).unwrap().into_iter().map(|dirty| dirty.path).collect();
    assert_eq!(found, [path(b"bad-\xff\xfe.txt"), path("two\nlines")]);
}

#[test]
fn f33_fifos_and_sockets_are_named_and_never_opened() {
    let fixture = Fixture::new();
    mknodat(CWD, fixture.root.join("src/pipe"), FileType::Fifo, Mode::RWXU, 0).unwrap();
    mknodat(CWD, fixture.root.join("x.log"), FileType::Fifo, Mode::RWXU, 0).unwrap();
    fixture.remove("README.md");
    mknodat(CWD, fixture.root.join("README.md"), FileType::Fifo, Mode::RWXU, 0).unwrap();
    let _socket = UnixListener::bind(fixture.root.join("socket")).unwrap();
    assert_eq!(
        lines(&fixture),
        ["README.md changed (a FIFO)", "socket untracked (a socket)", "src/pipe untracked (a FIFO)"]
    );
}

#[test]
fn f71_nested_repositories_and_submodules_are_named_and_not_entered() {
    let fixture = Fixture::new();
    let library = fixture.base().join("library");
    fs::create_dir(&library).unwrap();
    fixture.git_in(&library, ["init", "-q"]);
    fixture.git_in(
        &library,
        ["-c", "user.name=x", "-c", "user.email=x@y.z", "commit", "-q", "--allow-empty", "-m", "x"],
    );
    fixture.git(["-c", "protocol.file.allow=always", "submodule", "add", "-q", "../library", "sub"]);
    fixture.commit_all("with a submodule");
    fs::write(fixture.root.join("sub/dirt"), "x").unwrap();
    assert_eq!(lines(&fixture), Vec::<String>::new());

    let sub = fixture.root.join("sub");
    fixture.git_in(
        &sub,
        ["-c", "user.name=x", "-c", "user.email=x@y.z", "commit", "-q", "--allow-empty", "-m", "y"],
    );
    let nested = fixture.root.join("nested");
    fs::create_dir(&nested).unwrap();
    fixture.git_in(&nested, ["init", "-q"]);
    fs::write(nested.join("inside"), "x").unwrap();
    assert_eq!(lines(&fixture), ["nested untracked (a nested repository)", "sub changed (a submodule)"]);
}

#[test]
fn a_link_out_of_the_tree_is_unfit_and_one_inside_is_not() {
    let fixture = Fixture::new();
    symlink("/etc", fixture.root.join("out")).unwrap();
    symlink("src/a.rs", fixture.root.join("in")).unwrap();
    assert_eq!(lines(&fixture), ["in untracked", "out untracked (a symbolic link that leaves the tree)"]);
}

#[test]
fn a_change_behind_a_flag_of_the_index_is_seen() {
    let fixture = Fixture::new();
    fixture.git(["update-index", "--assume-unchanged", "src/a.rs"]);
    fixture.git(["update-index", "--skip-worktree", "src/b.rs"]);
    assert_eq!(lines(&fixture), Vec::<String>::new());
    fixture.write("src/a.rs", "hidden\n");
    fixture.write("src/b.rs", "hidden\n");
    assert_eq!(lines(&fixture), ["src/a.rs changed", "src/b.rs changed"]);
}

#[test]
fn line_endings_that_git_converts_are_no_difference() {
    let fixture = Fixture::new();
    fixture.git(["config", "core.autocrlf", "true"]);
    fixture.write("src/a.rs", "fn a() {}\r\n");
    fixture.git(["update-index", "--assume-unchanged", "src/b.rs"]);
    fixture.write("src/b.rs", "fn b() {}\r\n");
    assert_eq!(lines(&fixture), Vec::<String>::new());
    fixture.write("src/a.rs", "fn a() {1}\r\n");
    assert_eq!(lines(&fixture), ["src/a.rs changed"]);
}
