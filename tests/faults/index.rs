//! What a person has staged, and locks.

use super::{DONE, meanwhile};

#[test]
fn f62_what_is_staged_before_and_during_a_turn_stays_staged_and_out_of_the_commit() {
    let project = meanwhile("git add later.txt README.md");
    project.write("early.txt", "early\n");
    project.write("src/lib.txt", "one\nstaged\n");
    project.git(&["add", "early.txt", "src/lib.txt"]);
    project.write("src/lib.txt", "one\nstaged\nand more\n");
    project.write("later.txt", "later\n");
    project.write("README.md", "mine\n");
    let _ran = project.build().expect(0).says("staged or unstaged since the turn began");
    let committed = project.git(&["log", "--format=", "--name-only", "HEAD~2..HEAD"]);
    for path in ["early.txt", "later.txt", "README.md", "src/lib.txt"] {
        assert!(!committed.lines().any(|line| line == path), "{path}: {committed}");
    }
    assert_eq!(project.status(), ["M  README.md", "A  early.txt", "A  later.txt", "MM src/lib.txt"]);
    assert_eq!(project.git(&["show", ":src/lib.txt"]), "one\nstaged\n");
    assert_eq!(project.ledger(), DONE);
    project.check();
}

#[test]
fn f62_a_staged_version_of_the_phases_own_file_is_kept_and_named() {
    let project = meanwhile("echo theirs > src/a.txt; git add src/a.txt; printf 'in\\n' > src/a.txt");
    let ran = project.build().expect(0);
    assert!(ran.said().contains("what you had staged of src/a.txt is kept"), "{}", ran.said());
    let kept = "refs/orchestra/rescue/M1-one/phase-1/1/staged^2:src/a.txt";
    assert_eq!(project.git(&["show", kept]), "theirs\n");
    assert_eq!(project.git(&["show", "HEAD:src/a.txt"]), "in\n");
    assert_eq!(project.status(), [] as [&str; 0]);
    project.check();
}
