//! Remotes that are gone, slow, or say no; and two machines with one remote.

use orchestra_testkit::{Milestone, TestProject, until};

use super::{DONE, pipe};
use crate::project::script;
use crate::trouble::{PLAIN, one_phase, project};

#[test]
fn f80_a_remote_that_protects_its_branch_is_quoted_and_another_branch_takes_it() {
    let project = project(PLAIN);
    project.add(&one_phase());
    script(
        &project.remote().join("hooks/pre-receive"),
        "#!/bin/sh\nwhile read old new ref; do [ \"$ref\" != refs/heads/main ] || { echo 'GH006: Protected branch update failed'; exit 1; }; done\n",
    );
    let _ran = project.attend().expect(3);
    project.answer(&["approve"]);
    let _ran = project.attend().expect(3).says("GH006: Protected branch").says("pre-receive hook declined");
    assert_eq!(project.remote_subjects(), ["chore: begin", "chore: script"]);
    project.check();
    project.answer(&["push-to", "orchestra/M1"]);
    let _ran = project.attend().expect(3);
    project.answer(&["approve"]);
    let _ran = project.attend().expect(0).says("to origin/orchestra/M1");
    assert_eq!(project.ledger(), DONE);
    project.check();
}

#[test]
fn f80_a_remote_that_is_gone_leaves_the_work_committed_at_its_gate() {
    let project = project(PLAIN);
    project.add(&one_phase());
    let _ran = project.attend().expect(3);
    let (remote, away) = (project.remote(), project.top().join("away.git"));
    std::fs::rename(&remote, &away).unwrap();
    project.answer(&["approve"]);
    let _ran = project.attend().expect(3).says("not pushed").says("waits for you: M1-one");
    assert_eq!(project.ledger(), DONE);
    std::fs::rename(&away, &remote).unwrap();
    project.check();
    project.answer(&["approve"]);
    let _ran = project.attend().expect(0);
    assert_eq!(project.remote_subjects(), project.subjects());
    project.check();
}

#[test]
fn f80_a_remote_that_asks_for_a_password_asks_nobody() {
    let project = project(PLAIN);
    project.add(&one_phase());
    let _ran = project.attend().expect(3);
    let helper = "!sh -c 'if ( : < /dev/tty ) 2>/dev/null; then touch ../asked; fi; exit 1'";
    project.git(&["config", "credential.helper", helper]);
    project.git(&["remote", "set-url", "origin", "http://127.0.0.1:9/project.git"]);
    project.trust();
    let ran = project.attend();
    assert_eq!(ran.code, Some(3), "{}", ran.said());
    project.answer(&["approve"]);
    let _ran = project.attend().expect(3).says("not pushed").says("127.0.0.1");
    assert!(!project.top().join("asked").exists());
    assert_eq!(project.ledger(), DONE);
    project.check();
}

/// A clone of the project's remote, as on another machine: with a home of its own.
fn other_machine(project: &TestProject) -> impl Fn(&[&str]) -> orchestra_testkit::Ran {
    let (remote, other) = (project.remote(), project.top().join("other"));
    project.git_at(&project.top(), &["clone", "--quiet", remote.to_str().unwrap(), other.to_str().unwrap()]);
    for (key, value) in [("user.name", "Other"), ("user.email", "other@example.com")] {
        project.git_at(&other, &["config", key, value]);
    }
    let base = project.orchestra(&[]);
    let envs: Vec<(std::ffi::OsString, std::ffi::OsString)> =
        base.get_envs().filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned()))).collect();
    let program = project.program().to_owned();
    let home = project.top().join("other-home");
    std::fs::create_dir_all(&home).unwrap();
    move |args| {
        let mut command = std::process::Command::new(&program);
        command
            .args(args)
            .current_dir(&other)
            .env_clear()
            .envs(envs.clone())
            .stdin(std::process::Stdio::null());
        command
            .env("HOME", &home)
            .env("XDG_DATA_HOME", home.join("data"))
            .env("XDG_CONFIG_HOME", home.join("config"));
        TestProject::start_as(command).wait()
    }
}

#[test]
fn f82_of_two_machines_the_second_is_refused_and_takes_over_what_the_first_has_done() {
    let project = project(PLAIN);
    project.add(&one_phase());
    project.commit_all("docs: plan");
    project.git(&["push", "--quiet", "origin", "main"]);
    let other = other_machine(&project);
    let _ran = other(&["trust", "--yes"]).expect(0);
    // Both build it; the first one publishes.
    let _ran = project.attend().expect(3);
    let _ran = other(&["start", "--auto", "--once"]).expect(0);
    project.answer(&["approve"]);
    let _ran = project.attend().expect(3).says("not pushed").says("fetch first");
    let published = project.git_at(&project.remote(), &["log", "--format=%an", "main"]);
    assert_eq!(published.lines().filter(|name| *name == "Other").count(), 2);
    project.check();
    // What the remote has is taken: nothing is done again, nothing is asked.
    project.git(&["fetch", "--quiet"]);
    project.git(&["reset", "--quiet", "--hard", "origin/main"]);
    let _ran = project.build().expect(0);
    assert_eq!(project.ledger(), DONE);
    project.check();
}

#[test]
fn f82_a_milestone_that_another_machine_has_half_done_is_gone_on_with() {
    let project = project(PLAIN);
    project.add(&Milestone::new("M1-one").with("rfc: skip").phase("backend").phase("frontend"));
    project.commit_all("docs: plan");
    project.git(&["push", "--quiet", "origin", "main"]);
    let other = other_machine(&project);
    let _ran = other(&["trust", "--yes"]).expect(0);
    // The frontend's phase fails here: its file is not in its room.
    let _ran = project.attend();
    assert_eq!(project.ledger(), ["M1-one phase-1"]);
    project.git(&["push", "--quiet", "origin", "HEAD:refs/heads/main"]);
    project.git_at(&project.top().join("other"), &["pull", "--quiet"]);
    let role = project.top().join("other/.orchestra/roles/frontend-engineer.md");
    let text = std::fs::read_to_string(&role).unwrap().replace("web/**", "src/**");
    std::fs::write(&role, text).unwrap();
    let _ran = other(&["trust", "--yes"]);
    let ran = other(&["start", "--auto", "--once"]);
    project.git(&["fetch", "--quiet"]);
    let log = project.git_at(
        &project.remote(),
        &["log", "--reverse", "--format=%an %(trailers:key=Orchestra-Phase,valueonly,separator=)", "main"],
    );
    let works: Vec<&str> =
        log.lines().filter(|line| line.contains("phase-") || line.contains("close")).collect();
    assert_eq!(works, ["A Person phase-1", "Other phase-2", "Other close"], "{}", ran.said());
}

#[test]
fn f80_a_worker_that_is_killed_while_it_pushes_asks_nothing_twice() {
    let project = project(PLAIN);
    project.add(&one_phase());
    let _ran = project.attend().expect(3);
    project.answer(&["approve"]);
    let _pipe = pipe(&project, "never");
    let reached = project.top().join("reached");
    script(
        &project.remote().join("hooks/post-receive"),
        &format!("#!/bin/sh\n: > '{}'\ncat '{}'\n", reached.display(), project.top().join("never").display()),
    );
    let running = project.start(&["start", "--once"]);
    until("the remote has it", || reached.exists());
    let _ran = running.kill();
    until("nothing of the run is alive", || crate::kills::nothing_runs(&project));
    std::fs::remove_file(project.remote().join("hooks/post-receive")).unwrap();
    let _ran = project.attend().expect(0);
    assert_eq!(project.remote_subjects(), project.subjects());
    assert_eq!(project.ledger(), DONE);
    project.check();
}
