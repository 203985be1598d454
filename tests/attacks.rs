//! What a repository, its configuration and its git directory try (THREATS, the rows named): each trap is shown to work
//! first, then the program walks past it, then a harmless twin does what it should.

use std::fs;
use std::path::PathBuf;

use orchestra_testkit::{Ran, TestProject};

use crate::project::script;
use crate::trouble::{PLAIN, one_phase};

mod git_directories;
mod remotes;
mod traps;
mod trust;

/// Every command that looks, and every one that would work if it were allowed to.
const COMMANDS: [&[&str]; 14] = [
    &[],
    &["status"],
    &["status", "--json"],
    &["doctor"],
    &["doctor", "--auto"],
    &["config"],
    &["trust", "--show"],
    &["trust"],
    &["rescue"],
    &["rescue", "list"],
    &["answer", "rfc-0000", "approve"],
    &["stop"],
    &["start", "--once"],
    &["start", "--auto", "--once"],
];

/// A project with one planned phase that nobody has agreed to yet.
fn unknown() -> TestProject {
    let project = TestProject::new(env!("CARGO_BIN_EXE_orchestra"));
    project.script(PLAIN);
    project.commit_all("chore: script");
    project.git(&["push", "--quiet", "origin", "main"]);
    project.add(&one_phase());
    project
}

/// Makes a program that leaves a sign under this name; filters and pagers pass on what they are given.
fn canary(project: &TestProject, name: &str) -> String {
    let path = project.top().join("canaries").join(name);
    fs::create_dir_all(project.top().join("sprung")).unwrap();
    let sign = project.top().join("sprung").join(name);
    let rest = if ["clean", "smudge", "pager"].contains(&name) { "exec cat\n" } else { "" };
    script(&path, &format!("#!/bin/sh\n: >'{}'\n{rest}", sign.display()));
    path.to_str().unwrap().to_owned()
}

/// The names of the canaries that ran since this was last asked, sorted.
fn sprung(project: &TestProject) -> Vec<String> {
    let folder = project.top().join("sprung");
    let entries = fs::read_dir(&folder).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries.map(|entry| entry.file_name().into_string().unwrap()).collect();
    for name in &names {
        fs::remove_file(folder.join(name)).unwrap();
    }
    names.sort();
    names
}

/// Runs a line of shell as the person would, however it ends.
fn shell(project: &TestProject, line: &str) {
    shell_in(project, project.root(), line);
}

fn shell_in(project: &TestProject, folder: PathBuf, line: &str) {
    let mut command = std::process::Command::new("sh");
    command.args(["-c", line]).current_dir(folder).env_clear().envs(project.environment());
    let _output = command.output().unwrap();
}

/// Runs every command; none of them springs anything.
fn look_and_start(project: &TestProject) -> Vec<Ran> {
    let ran = COMMANDS.map(|args| {
        let ran = project.run(args);
        assert_eq!(sprung(project), [] as [&str; 0], "{args:?}: {}", ran.said());
        ran
    });
    ran.to_vec()
}
