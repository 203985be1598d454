//! `orchestra status` as a process against `git status` as a process, on the same thousand milestones.

use std::process::{Command, Stdio};

use crate::measure::{ROUNDS, in_turn, time};
use crate::plan;

pub(crate) fn run() {
    let project = plan::large("planning");
    // Once, so that the index knows every file as it is: nobody's first look is compared.
    project.git(&["status"]);
    let run = |mut command: Command| {
        time(|| assert!(command.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap().success()))
    };
    let ours = || run(project.orchestra(&["status"]));
    let theirs = || {
        let mut command = project.git_command(&project.root());
        command.arg("status").stdin(Stdio::null());
        run(command)
    };
    in_turn(3 * ROUNDS, ours, theirs).report("status, 1,000 milestones of 5 phases", "git status", 1.0);
}
