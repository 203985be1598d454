//! Killed at a given system call, again and again, until everything is done: what comes out is what an undisturbed run
//! gives.

use std::process::Command;

use orchestra_testkit::{Ran, TestProject, until};

use crate::kills::nothing_runs;
use crate::trouble::{PLAIN, one_phase, with_turn};

/// The worker, unattended, with faults in system calls of its own and of every program it starts; `None` where this
/// machine cannot do that.
pub(crate) fn build_with(project: &TestProject, injected: &[&str]) -> Option<Ran> {
    let strace = ["-f", "--seccomp-bpf", "-qq", "-o", "/dev/null"];
    let works = Command::new("strace").args(strace).arg("true").output();
    if !works.is_ok_and(|output| output.status.success()) {
        eprintln!("SKIPPED {injected:?}: no strace that works here");
        return None;
    }
    let mut command = Command::new("strace");
    command.args(strace);
    for inject in injected {
        command.args(["-e", &format!("inject={inject}")]);
    }
    command.arg(project.program()).args(["start", "--auto", "--once"]);
    command.current_dir(project.root()).env_clear().envs(project.environment());
    command.stdin(std::process::Stdio::null());
    Some(TestProject::start_as(command).wait())
}

/// What must be the same whenever it was killed: works, commits, what was published, files, what the person had.
fn outcome(project: &TestProject) -> [Vec<String>; 4] {
    project.check();
    let files = project.git(&["ls-tree", "-r", "HEAD", "src", "README.md", "staged.txt"]);
    let files = files.lines().map(str::to_owned).collect();
    [project.ledger(), [project.subjects(), project.remote_subjects()].concat(), files, project.status()]
}

fn planned() -> TestProject {
    let project = crate::trouble::project(PLAIN);
    project.write("README.md", "# A project\nmy notes\n");
    project.write("staged.txt", "staged\n");
    project.git(&["add", "staged.txt"]);
    project.add(&one_phase());
    project
}

/// Kills whatever process of a run is the first to come to its n-th of these calls; n grows from run to run.
fn killed_at(calls: &str) {
    let undisturbed = planned();
    let _ran = undisturbed.build().expect(0);
    let project = planned();
    let (mut kills, mut when) = (0, 1);
    loop {
        let inject = format!("{calls}:signal=SIGKILL:when={when}");
        let Some(ran) = build_with(&project, &[&inject]) else { return };
        until("nothing of the run is alive", || nothing_runs(&project));
        if ran.code == Some(0) {
            break;
        }
        kills += 1;
        when += 1 + kills / 3;
        assert!(kills < 100, "it does not come to an end: {}", ran.said());
    }
    println!("{kills} kills at {calls}");
    assert!(kills > 2, "too few kills to say anything: {kills}");
    assert_eq!(outcome(&project), outcome(&undisturbed));
}

#[test]
fn f07_f08_f09_killed_at_any_rename_every_work_is_committed_once() {
    killed_at("rename,renameat,renameat2");
}

#[test]
fn f08_f09_f10_killed_at_any_link_or_unlink_every_work_is_committed_once() {
    killed_at("link,linkat,unlink,unlinkat");
}

#[test]
fn f01_f16_killed_at_any_sync_every_work_is_committed_once_also_where_recovery_is_killed() {
    killed_at("fsync,fdatasync,syncfs");
}

#[test]
fn f06_killed_while_it_verifies_nothing_of_that_verification_is_believed() {
    let project = with_turn(
        "  - when: { work: phase-1 }\n    steps:\n      - write: { path: src/a.txt, content: \"in\\n\" }\n    report: { summary: x }\n",
    );
    // The first verification of the change stands still; the next says what it thinks of it.
    project.write(
        "check.sh",
        "[ -e src/a.txt ] || exit 0\n[ -e ../seen ] || { touch ../seen; exec sleep 1000; }\necho again >> ../again\n",
    );
    project.git(&["commit", "--quiet", "--all", "--message", "chore: check"]);
    project.git(&["push", "--quiet", "origin", "main"]);
    let running = project.start(&["start", "--auto", "--once"]);
    until("it verifies", || project.top().join("seen").exists());
    let _ran = running.kill_group();
    until("nothing of the run is alive", || nothing_runs(&project));
    let _ran = project.build().expect(0);
    assert!(project.top().join("again").exists(), "it was committed without being verified");
    assert_eq!(project.ledger(), ["M1-one phase-1", "M1-one close"]);
    project.check();
}

#[test]
fn f13_killed_when_the_remote_has_taken_the_push_nothing_is_asked_or_pushed_again() {
    let project = with_turn(
        "  - when: { work: phase-1 }\n    steps:\n      - write: { path: src/a.txt, content: \"in\\n\" }\n    report: { summary: x }\n",
    );
    let _ran = project.attend().expect(3);
    // The server has moved its branch, and its words never come.
    let hook = project.remote().join("hooks/post-receive");
    crate::project::script(
        &hook,
        "#!/bin/sh\necho push >> ../../pushes\n[ $(wc -l < ../../pushes) -gt 1 ] || exec sleep 1000\n",
    );
    project.answer(&["approve"]);
    let running = project.start(&["start", "--once"]);
    until("the remote has it", || project.remote_subjects().iter().any(|subject| subject.contains("close")));
    let _ran = running.kill_group();
    until("nothing of the run is alive", || nothing_runs(&project));
    let _ran = project.attend().expect(0);
    assert_eq!(project.gates(), [] as [&str; 0]);
    assert_eq!(project.ledger(), ["M1-one phase-1", "M1-one close"]);
    assert_eq!(project.remote_subjects().len(), project.subjects().len());
    project.check();
}

#[test]
fn f14_killed_while_a_gate_is_open_it_is_asked_again_and_nothing_passes_without_its_answer() {
    let project = crate::trouble::project(PLAIN);
    project.add(&one_phase());
    let mut running = project.start(&["start", "--wait"]);
    until("the gate is open", || project.gates().len() == 1);
    assert!(!running.has_ended());
    let _ran = running.kill();
    until("nothing of the run is alive", || nothing_runs(&project));
    let _ran = project.attend().expect(3).says("Push to origin?");
    assert_eq!(project.gates().len(), 1);
    assert!(!project.remote_subjects().iter().any(|subject| subject.contains("phase-1")));

    // An answer that was given to a dead worker is heard by the next one, once.
    project.answer(&["approve"]);
    let _ran = project.attend().expect(0);
    assert_eq!(project.remote_subjects(), project.subjects());
    project.check();
}
