//! A throw-away project, for the tests of this crate.

use std::fmt::Write as _;
use std::fs;

use tempfile::TempDir;

use crate::layout::Layout;

/// A folder with an empty `.orchestra`. The folder goes when the first part is dropped.
pub(crate) fn project() -> (TempDir, Layout) {
    let temp = tempfile::tempdir().unwrap();
    fs::create_dir_all(temp.path().join(".orchestra/milestones")).unwrap();
    let layout = Layout::open(temp.path()).unwrap();
    (temp, layout)
}

/// Adds a role that the phases of [`milestone`] name.
pub(crate) fn backend(layout: &Layout) {
    fs::create_dir_all(layout.roles()).unwrap();
    let role = "---\nid: backend-engineer\nalias: backend\nwrites: [\"src/**\"]\n---\nYou write code.\n";
    fs::write(layout.roles().join("backend-engineer.md"), role).unwrap();
}

/// Adds a milestone with so many phases.
pub(crate) fn milestone(layout: &Layout, id: &str, phases: usize) {
    let folder = layout.milestone(id);
    fs::create_dir_all(folder.join("phases")).unwrap();
    let mut text = format!("---\nid: {id}\ntitle: Something\nstatus: planning # as yet\nmine: kept\n---\n");
    write!(text, "## Summary\nSomething.\n\n## Acceptance criteria\n- [ ] It works\n").unwrap();
    fs::write(folder.join("milestone.md"), text).unwrap();
    for number in 1..=phases {
        let text = format!(
            "---\nrole: backend\ntitle: Part {number}\nstatus: pending\norder: {number}\n---\n\
             ## Objective\nPart {number}.\n\n## Scope\n\n## Context\n\n## Result\n"
        );
        fs::write(folder.join(format!("phases/phase-{number}.md")), text).unwrap();
    }
}
