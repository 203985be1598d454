use std::fs;

use crate::project::Project;
use crate::terminal::Terminal;

/// Saves a version of two files as the worker does, and goes on with others.
fn with_something_saved() -> Project {
    let project = Project::set_up();
    project.write("src/main.rs", "fn main() { saved() }\n");
    project.write("notes.txt", "saved\n");
    project.git(["add", "-A"]);
    let tree = project.git(["write-tree"]);
    let commit = project.git(["commit-tree", &tree, "-p", "HEAD", "-m", "before the turn"]);
    project.git(["update-ref", "refs/orchestra/rescue/M1-x/phase-1/1/before", &commit]);
    project.git(["rm", "-q", "-f", "notes.txt"]);
    project.write("src/main.rs", "fn main() { now() }\n");
    project
}

#[test]
fn with_nothing_saved_it_says_so() {
    let project = Project::set_up();
    assert!(project.run(["rescue"]).well().starts_with("Nothing was saved"));
    assert_eq!(project.run(["rescue", "list", "--json"]).well(), "[]\n");
}

#[test]
fn what_was_saved_is_listed_and_shown() {
    let project = with_something_saved();
    let said = project.run(["rescue"]).well();
    assert!(said.starts_with("M1-x/phase-1/1/before  ") && said.contains(" · 2 files\n"), "{said}");
    assert!(
        said.contains("    before the turn\n") && said.contains("orchestra rescue restore REF"),
        "{said}"
    );
    let list: serde_json::Value =
        serde_json::from_str(&project.run(["rescue", "list", "--json"]).well()).unwrap();
    assert_eq!(list[0]["reference"], "refs/orchestra/rescue/M1-x/phase-1/1/before");
    assert_eq!(list[0]["paths"], 2);

    for name in ["M1-x/phase-1/1/before", "refs/orchestra/rescue/M1-x/phase-1/1/before"] {
        let said = project.run(["rescue", "show", name]).well();
        assert!(said.contains("  notes.txt  +1 −0\n") && said.contains("\n+saved\n"), "{said}");
    }
    let (code, said) = Terminal::start(&project, ["rescue", "show", "M1-x/phase-1/1/before"]).end();
    assert!(said.contains("\n+saved\n"), "{said}");
    assert!(said.ends_with("back: orchestra rescue restore M1-x/phase-1/1/before\n"), "{said}");
    assert_eq!(code, 0);
}

/// What a patch loses first: tabs, blanks at a line's end, line endings, bytes that are no UTF-8, escape sequences,
/// empty lines at the end, the missing line end, and everything of what is no text.
const EXACT: [(&str, &[u8]); 4] = [
    ("Makefile", b"all:\n\techo hi  \n\t\n"),
    ("crlf.txt", b"one\r\ntwo \r\n\r\n\r\n"),
    ("latin.txt", b"caf\xe9 \x1b[31mred\x1b[0m\x07\nno end"),
    ("image.bin", b"\x00\x01\x02\xff\x00\n\x80"),
];

#[test]
fn what_is_shown_to_a_program_is_a_patch_that_applies_to_the_last_byte() {
    let project = Project::set_up();
    for (path, bytes) in EXACT {
        project.write(path, bytes);
    }
    project.git(["add", "-A"]);
    let tree = project.git(["write-tree"]);
    let commit = project.git(["commit-tree", &tree, "-p", "HEAD", "-m", "saved"]);
    project.git(["update-ref", "refs/orchestra/rescue/M1-x/phase-1/1/before", &commit]);
    project.git(["reset", "-q", "--hard"]);
    let shown = project.command(["rescue", "show", "M1-x/phase-1/1/before"]).output().unwrap();
    assert!(shown.status.success());
    fs::write(project.base().join("saved.patch"), &shown.stdout).unwrap();
    project.git(["apply", "--whitespace=nowarn", "../saved.patch"]);
    for (path, bytes) in EXACT {
        assert_eq!(fs::read(project.root().join(path)).unwrap(), bytes, "{path}");
    }
}

#[test]
fn at_a_terminal_a_patch_keeps_its_blanks_and_moves_no_cursor() {
    let project = Project::set_up();
    project.write("Makefile", b"all:\n\techo \x1b]0;TITLE\x07 \n");
    project.git(["add", "-A"]);
    let tree = project.git(["write-tree"]);
    let commit = project.git(["commit-tree", &tree, "-p", "HEAD", "-m", "saved"]);
    project.git(["update-ref", "refs/orchestra/rescue/M1-x/phase-1/1/before", &commit]);
    let (code, said) = Terminal::start(&project, ["rescue", "show", "M1-x/phase-1/1/before"]).end();
    assert!(said.contains("\n+\techo \\u{1b}]0;TITLE\\u{7} \n"), "{said}");
    assert_eq!(code, 0);
}

#[test]
fn what_is_restored_takes_nothing_away() {
    let project = with_something_saved();
    let said = project.run(["rescue", "restore", "M1-x/phase-1/1/before", "src/main.rs"]).well();
    assert!(said.starts_with("✔ src/main.rs\n"), "{said}");
    assert!(
        said.contains("What was there is saved: orchestra rescue show M1-x/phase-1/1/before-replaced"),
        "{said}"
    );
    assert_eq!(project.read("src/main.rs"), "fn main() { saved() }\n");
    assert!(!project.exists("notes.txt"));
    let said = project.run(["rescue", "show", "M1-x/phase-1/1/before-replaced"]).well();
    assert!(said.contains("now()"), "{said}");
    project.run(["rescue", "restore", "M1-x/phase-1/1/before"]).well();
    assert_eq!(project.read("notes.txt"), "saved\n");
    let said = project.run(["rescue", "restore", "M1-x/phase-1/1/before"]).well();
    assert_eq!(said, "Everything else is as it was saved already.\n");
}

#[test]
fn what_was_not_saved_cannot_be_restored() {
    let project = with_something_saved();
    let cases: [(&[&str], &str); 4] = [
        (&["show", "M9/x"], "nothing is saved as `M9/x`"),
        (&["restore", "refs/heads/main"], "nothing is saved as `refs/heads/main`"),
        (&["restore", "M1-x/phase-1/1/before", "Cargo.toml"], "does not keep `Cargo.toml`"),
        (&["restore", "M1-x/phase-1/1/before", "../out"], "../out"),
    ];
    for (args, expected) in cases {
        let said = project.run([&["rescue"][..], args].concat()).badly(2);
        assert!(said.contains(expected), "{args:?}: {said}");
    }
    assert_eq!(project.read("src/main.rs"), "fn main() { now() }\n");
}
