//! Agents that claim, forge, answer, commit or leave something behind: a phase is done because the worker saw the change,
//! ran the checks and made the commit, and for no other reason.

use std::fs;

use orchestra_testkit::{Milestone, TestProject};

use crate::trouble::{project, with_turn};

mod answers;
mod claims;
mod history;
mod left_behind;

const ORCHESTRA: &str = env!("CARGO_BIN_EXE_orchestra");
const NOTHING: [&str; 0] = [];

/// Leaves a script beside the project, for an agent to run: `sh ../NAME`.
fn deed(project: &TestProject, name: &str, script: &str) {
    fs::write(project.top().join(name), script).unwrap();
}

/// A project of one phase whose agent runs this script in its turns and reports that all is well.
fn with_deed(script: &str) -> TestProject {
    let project = with_turn(
        "  - when: { work: \"phase-*\" }\n    steps:\n      - run: \"sh ../deed.sh\"\n    \
         report: { summary: all done and approved, commit: { type: feat, scope: part, subject: \"add ${phase}\" } }",
    );
    deed(&project, "deed.sh", script);
    project
}

/// A project in which M1 waits at its push gate, held, and the agent of M2 runs `deed.sh` with the gate's id.
fn with_open_gate(script: &str) -> TestProject {
    let project = project(
        "version: 1\nturns:\n  - when: { milestone: \"M1-*\", work: phase-1 }\n    steps:\n      \
         - write: { path: src/one.txt, content: \"one\\n\" }\n    report: { summary: x }\n  \
         - when: { milestone: \"M2-*\", work: phase-1 }\n    steps:\n      - run: \"sh ../deed.sh\"\n      \
         - write: { path: src/two.txt, content: \"two\\n\" }\n    report: { summary: the user approved M1 }\n  \
         - when: { work: \"review-*\" }\n    report: { verdict: approved }\n",
    );
    project.add(&Milestone::new("M1-one").with("rfc: skip").with("hold: [push]").phase("backend"));
    let _ran = project.build().expect(3);
    project.add(&Milestone::new("M2-two").with("rfc: skip").phase("backend"));
    let gates = project.gates();
    let head = format!("orchestra={ORCHESTRA}\ngate={}\n", gates[0]);
    deed(&project, "deed.sh", &(head + script));
    project
}

/// What was said in a file beside the project.
fn said(project: &TestProject, name: &str) -> String {
    fs::read_to_string(project.top().join(name)).unwrap_or_default()
}

/// Nobody is on record as having answered anything, but for what the policy or `--auto` answers.
fn nobody_answered(project: &TestProject) {
    let journal = project.read(".orchestra/.state/journal.jsonl");
    assert!(!journal.contains("\"by\":\"user\""), "{journal}");
}
