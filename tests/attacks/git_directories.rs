//! Git directories that are not where they should be.

use std::fs;

use orchestra_testkit::TestProject;

use crate::trouble::with_turn;

use super::{canary, look_and_start, shell, shell_in, sprung, unknown};

#[test]
fn a08_a_git_file_that_names_a_directory_which_does_not_know_it_is_refused() {
    let project = unknown();
    project.trust();
    let elsewhere = project.top().join("elsewhere.git");
    fs::rename(project.path(".git"), &elsewhere).unwrap();
    project.write(".git", "gitdir: ../elsewhere.git\n");
    let canary = canary(&project, "fsmonitor");
    project.git_at(&project.top(), &["--git-dir", "elsewhere.git", "config", "core.fsmonitor", &canary]);
    shell(&project, "git status");
    assert_eq!(sprung(&project), ["fsmonitor"], "plain git follows it");
    let ran = look_and_start(&project);
    let start = ran.last().unwrap();
    assert_eq!(start.code, Some(2), "{}", start.said());
    assert!(start.said().contains("does not belong to it"), "{}", start.said());
    assert!(!project.has(".orchestra/.state/journal.jsonl"));

    // A work tree that git itself has linked is one.
    project.git_at(&project.top(), &["--git-dir", "elsewhere.git", "config", "--unset", "core.fsmonitor"]);
    fs::remove_file(project.path(".git")).unwrap();
    fs::rename(&elsewhere, project.path(".git")).unwrap();
    let linked = project.top().join("linked");
    project.git(&["worktree", "add", "--quiet", linked.to_str().unwrap()]);
    let _ran = project.run(&["--project", linked.to_str().unwrap(), "status"]).expect(0);
    let _ran = project.build().expect(0);
}

#[test]
fn a09_a_bare_repository_buried_in_the_tree_is_never_taken_for_the_project() {
    let project = with_turn(
        "  - when: { work: phase-1 }\n    steps:\n      - write: { path: src/buried/new.txt, content: \"in\\n\" }\n    \
         report: { summary: x }\n",
    );
    let buried = project.path("src/buried");
    project.git_at(&project.top(), &["init", "--quiet", "--bare", buried.to_str().unwrap()]);
    let canary = canary(&project, "fsmonitor");
    for (key, value) in [("core.bare", "false"), ("core.worktree", ".."), ("core.fsmonitor", &*canary)] {
        project.git_at(&project.top(), &["--git-dir", buried.to_str().unwrap(), "config", key, value]);
    }
    shell_in(&project, buried.clone(), "git status");
    assert_eq!(sprung(&project), ["fsmonitor"], "plain git takes it for the repository");
    for args in [&["status"][..], &["doctor"], &["rescue", "list"], &["start", "--auto", "--once"]] {
        let mut command = project.orchestra(args);
        command.current_dir(&buried);
        let ran = TestProject::start_as(command).wait().expect(0);
        assert_eq!(sprung(&project), [] as [&str; 0], "{args:?}: {}", ran.said());
    }
    assert_eq!(project.ledger(), ["M1-one phase-1", "M1-one close"]);
    assert_eq!(project.git(&["show", "HEAD:src/buried/new.txt"]), "in\n");
    project.check();
}

#[test]
fn a10_a_submodule_is_never_entered_fetched_or_updated() {
    let project = unknown();
    let command = canary(&project, "update");
    let helper = canary(&project, "helper");
    let modules = format!(
        "[submodule \"sub\"]\n\tpath = sub\n\turl = ext::{helper}\n[submodule \"dash\"]\n\tpath = dash\n\turl = --upload-pack={helper}\n"
    );
    project.write(".gitmodules", &modules);
    project.git(&["add", ".gitmodules"]);
    // A submodule that is there, one commit further than what is recorded, and with a trap of its own.
    project.git(&["init", "--quiet", "sub"]);
    let sub = project.path("sub");
    let commit =
        ["-c", "user.name=x", "-c", "user.email=x@y.z", "commit", "--quiet", "--allow-empty", "-m", "x"];
    project.git_at(&sub, &commit);
    let id = project.git_at(&sub, &["rev-parse", "HEAD"]);
    project.git_at(&sub, &commit);
    for path in ["sub", "dash"] {
        project.git(&["update-index", "--add", "--cacheinfo", &format!("160000,{},{path}", id.trim())]);
    }
    fs::create_dir(project.path("dash")).unwrap();
    project.git(&["commit", "--quiet", "--message", "chore: submodules"]);
    project.git(&["push", "--quiet", "origin", "main"]);
    project.git_at(&sub, &["config", "core.fsmonitor", &canary(&project, "fsmonitor")]);
    project.git(&["config", "submodule.sub.update", &format!("!{command}")]);
    project.git(&["config", "submodule.sub.url", "."]);
    project.git(&["config", "submodule.recurse", "true"]);
    project.git(&["config", "protocol.ext.allow", "always"]);
    shell(&project, "git status; git submodule update; git ls-remote ext::../canaries/helper");
    assert_eq!(sprung(&project), ["fsmonitor", "helper", "update"]);

    let _ran = look_and_start(&project);
    let _ran = project.run(&["trust", "--show"]).expect(0).says("git setting: submodule.sub.update=!");
    project.trust();
    let _ran = project.build().expect(0);
    assert_eq!(sprung(&project), [] as [&str; 0]);
    assert_eq!(project.ledger(), ["M1-one phase-1", "M1-one close"]);
}

#[test]
fn a50_a_repository_of_somebody_else_is_refused() {
    let project = unknown();
    if !rustix::process::geteuid().is_root() {
        // Only root can give a folder away.
        return;
    }
    project.trust();
    let stranger = Some(rustix::fs::Uid::from_raw(12_345));
    for path in [".", ".git"] {
        rustix::fs::chown(project.path(path), stranger, None).unwrap();
    }
    let ran = project.run(&["start", "--auto", "--once"]);
    assert_ne!(ran.code, Some(0), "{}", ran.said());
    assert!(ran.said().contains("owned by somebody else"), "{}", ran.said());
    for path in [".", ".git"] {
        rustix::fs::chown(project.path(path), Some(rustix::process::geteuid()), None).unwrap();
    }
    let _ran = project.build().expect(0);
}
