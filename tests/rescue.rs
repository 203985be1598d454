use crate::project::Project;

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
        assert!(said.ends_with("back: orchestra rescue restore M1-x/phase-1/1/before\n"), "{said}");
    }
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
