//! Faults of git and of people with git: each row of the fault matrix on the real program. After each nothing of the
//! person's is lost, what to do is said, and the next start ends as an undisturbed run does.

mod branch;
mod formats;
mod history;
mod hooks;
mod index;
// As `screen`. What is delivered cannot be broken on purpose.
#[cfg(all(target_os = "linux", debug_assertions))]
mod panics;
mod remote;
mod shapes;
mod swept;
mod upgrade;
mod worktrees;

use std::path::PathBuf;

use orchestra_testkit::TestProject;

use crate::trouble::with_turn;

/// What everything is called that the milestone of one phase commits.
const DONE: [&str; 2] = ["M1-one phase-1", "M1-one close"];
const NOTHING: [&str; 0] = [];

/// A project whose only phase writes `src/a.txt`, and in whose first turn a person does this, once.
fn meanwhile(person: &str) -> TestProject {
    let project = with_turn(
        "  - when: { work: phase-1 }\n    steps:\n      - write: { path: src/a.txt, content: \"in\\n\" }\n      \
         - run: sh ../person.sh\n    report: { summary: x }\n",
    );
    is_done_by_a_person(&project, person);
    project
}

/// Sets what a person does when `../person.sh` is run for the first time, under their own name.
fn is_done_by_a_person(project: &TestProject, person: &str) {
    let script = format!(
        "[ -e ../once ] && exit 0\n: > ../once\nset -e\n\
         unset GIT_AUTHOR_NAME GIT_AUTHOR_EMAIL GIT_COMMITTER_NAME GIT_COMMITTER_EMAIL\n{person}\n"
    );
    std::fs::write(project.top().join("person.sh"), script).unwrap();
}

/// Sets what a person does, once and under their own name, while a hook of the worker's commit runs.
fn is_done_in_a_hook(project: &TestProject, hook: &str, person: &str) {
    project.hook(
        hook,
        &format!(
            "cd '{root}'\n[ -e ../hooked ] && exit 0\n: > ../hooked\nset -e\n\
             for name in $(env | sed -n 's/^\\(GIT_[A-Z_]*\\)=.*/\\1/p'); do unset $name; done\n{person}\n",
            root = project.root().display()
        ),
    );
}

/// Commits everything and pushes it, as what was there before.
fn begin_with(project: &TestProject) {
    project.git(&["add", "src", "web", "."]);
    project.git(&["reset", "--quiet", "--", ".orchestra/milestones"]);
    project.git(&["commit", "--quiet", "--message", "chore: before"]);
    project.git(&["push", "--quiet", "origin", "main"]);
}

/// A pipe at which a program stands still until the test lets it go, and the folder of programs that come first.
fn pipe(project: &TestProject, name: &str) -> PathBuf {
    let pipe = project.top().join(name);
    let made = std::process::Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(made.success());
    pipe
}
