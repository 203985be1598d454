//! A project with a thousand milestones, most of them over.

use orchestra_testkit::{Milestone, TestProject};

/// How many milestones there are.
pub(crate) const MILESTONES: usize = 1_000;
/// How many of them are done.
const DONE: usize = 900;
const PHASES: usize = 5;

/// An agent that does a small thing at once.
pub(crate) const SCRIPT: &str = r#"
version: 1
turns:
  - when: { work: "phase-*" }
    steps:
      - write: { path: "src/${milestone}-${phase}.txt", content: "done\n" }
    report: { summary: did it }
  - when: { work: "review-*" }
    report: { verdict: approved }
"#;

/// A thousand milestones of five phases, 900 of them done as the worker leaves them, the others with this status; all of
/// it committed and trusted.
pub(crate) fn large(open: &str) -> TestProject {
    let project = TestProject::new(env!("CARGO_BIN_EXE_orchestra"));
    for number in 1..=MILESTONES {
        add(&project, number, if number <= DONE { "done" } else { open });
    }
    project.script(SCRIPT);
    project.commit_all("docs: plans");
    project.git(&["push", "--quiet", "origin", "main"]);
    project.trust();
    project
}

/// Adds one milestone. One that is done is as the worker leaves it.
fn add(project: &TestProject, number: usize, status: &str) {
    let is_done = status == "done";
    let id = format!("M{number}-work");
    let folder = format!(".orchestra/milestones/{id}");
    let milestone =
        (0..PHASES).fold(Milestone::new(&id).with("rfc: skip"), |milestone, _| milestone.phase("backend"));
    for (path, text) in milestone.files() {
        let text = text.replace("status: planning", &format!("status: {status}"));
        let text = if is_done { text.replace("status: pending", "status: done") } else { text };
        project.write(&format!("{folder}/{path}"), &text);
    }
    if is_done {
        let base = "4f2c9d1e".repeat(5);
        let front =
            format!("milestone: {id}\nstage: done\nphase: close\nattempt: 1\nbase: {base}\nfix_rounds: 0");
        let log = "## Completed phases\n- phase-1 (backend): part 1\n";
        project.write(&format!("{folder}/context.md"), &format!("---\n{front}\n---\n# Context: {id}\n{log}"));
    }
}
