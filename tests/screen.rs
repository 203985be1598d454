//! The screen of `orchestra start`, looked at and typed into as a person does.

mod keys;
mod leaving;
mod manners;
mod mouse;
mod opening;
mod questions;
mod reading;
mod roles;
mod sizes;
mod speaking;
mod standing;
mod untrusted;

use std::fs::File;
use std::path::PathBuf;
use std::process::Command;

use orchestra_testkit::{Emulator, Milestone, TestProject};

use crate::trouble::{PLAIN, one_phase, project, with_turn};

const ONCE: [&str; 2] = ["start", "--once"];

/// A project with one milestone that wants a design and has one phase.
fn with_design() -> TestProject {
    let project = project(PLAIN);
    project.add(&Milestone::new("M1-one").phase("backend"));
    project
}

/// A project with one milestone, whose design, where it wants one, the test has written down already. In its only phase
/// the agent does these steps and then waits until the test lets it go on.
pub(crate) fn held_up(milestone: &Milestone, steps: &str) -> (TestProject, Barrier) {
    let project = project(&format!(
        "version: 1\nturns:\n  - when: {{ work: rfc }}\n    steps:\n      \
         - run: cat ../design >.orchestra/milestones/M1-one/rfc.md\n  \
         - when: {{ work: phase-1 }}\n    steps:\n{steps}      - run: cat ../barrier\n      \
         - write: {{ path: src/a.txt, content: \"in\\n\" }}\n    report: {{ summary: x }}\n  \
         - when: {{ work: \"review-*\" }}\n    report: {{ verdict: approved }}\n"
    ));
    project.add(milestone);
    let barrier = Barrier::make(&project);
    (project, barrier)
}

/// Where an agent waits.
pub(crate) struct Barrier(PathBuf);

impl Barrier {
    /// Makes one: `../barrier`, from the project's folder.
    pub(crate) fn make(project: &TestProject) -> Self {
        let barrier = Self(project.top().join("barrier"));
        assert!(Command::new("mkfifo").arg(&barrier.0).status().unwrap().success());
        barrier
    }

    /// Waits until the agent waits; it goes on when this is dropped. A pipe opens when both ends are there.
    pub(crate) fn reach(&self) -> File {
        File::options().write(true).open(&self.0).unwrap()
    }
}

pub(crate) fn journal(project: &TestProject) -> String {
    project.read(".orchestra/.state/journal.jsonl")
}

/// How often the person has answered.
fn answers(project: &TestProject) -> usize {
    journal(project).lines().filter(|line| line.contains("\"record\":\"answered\"")).count()
}
