//! Keys of the repository's own configuration that run programs.

use orchestra_testkit::TestProject;

use crate::terminal::Terminal;

use super::{canary, look_and_start, shell, sprung, unknown};

/// A name, how it is planted (`@` stands for the canary), and what a person types who steps on it.
const TRAPS: [(&str, &str, &str); 17] = [
    ("fsmonitor", "git config core.fsmonitor @", "git status"),
    ("clean", "git config filter.a.clean @", "touch src/a.a; git add src/a.a"),
    ("smudge", "git config filter.a.smudge @", "rm src/a.a; git checkout src/a.a"),
    ("process", "git config filter.b.process @", "touch src/b.b; git add src/b.b"),
    ("external", "git config diff.external @", "echo x >>src/lib.txt; git diff; git checkout src/lib.txt"),
    ("textconv", "git config diff.c.textconv @", "echo x >>src/c.c; git diff; git checkout src/c.c"),
    ("driver", "git config diff.d.command @", "echo x >>src/d.d; git diff; git checkout src/d.d"),
    (
        "hooks",
        "mkdir ../hooks; cp @ ../hooks/pre-commit; cp @ ../hooks/post-index-change; git config core.hooksPath ../hooks",
        "git commit --allow-empty -m x",
    ),
    ("gpg", "git config gpg.program @; git config commit.gpgSign true", "git commit --allow-empty -m x"),
    ("ssh", "git config core.sshCommand @", "git ls-remote ssh://example.com/x"),
    ("proxy", "git config core.gitProxy @", "git ls-remote git://example.com/x"),
    ("editor", "git config core.editor @", "git commit --allow-empty"),
    ("helper", "git config credential.helper @", "echo 'url=https://example.com' | git credential fill"),
    ("askpass", "git config core.askPass @", "echo 'url=https://example.com' | git credential fill"),
    ("alias", "git config alias.st '!@'", "git st"),
    ("receivepack", "git config remote.origin.receivepack @", "git push --dry-run origin main"),
    (
        "included",
        "printf '[sequence]\\n\\teditor = @\\n' >../more; git config include.path ../../more",
        "git rebase -i HEAD~1",
    ),
];

/// A project in which every trap of these is planted.
fn trapped(names: &[&str]) -> TestProject {
    let project = unknown();
    for kind in ["a", "b", "c", "d"] {
        project.write(&format!("src/{kind}.{kind}"), "text\n");
    }
    project.write(".gitattributes", "*.a filter=a\n*.b filter=b\n*.c diff=c\n*.d diff=d\n");
    project.git(&["add", ".gitattributes", "src"]);
    project.git(&["commit", "--quiet", "--message", "chore: attributes"]);
    project.git(&["push", "--quiet", "origin", "main"]);
    for (name, plant, _) in TRAPS.iter().filter(|(name, ..)| names.contains(name)) {
        shell(&project, &plant.replace('@', &canary(&project, name)));
    }
    assert_eq!(sprung(&project), [] as [&str; 0], "a trap sprang when it was planted");
    project
}

#[test]
fn a06_a07_each_trap_works() {
    let project = trapped(&[]);
    let config = project.read(".git/config");
    for (name, plant, step) in TRAPS {
        shell(&project, &plant.replace('@', &canary(&project, name)));
        shell(&project, step);
        assert_eq!(sprung(&project), [name]);
        project.write(".git/config", &config);
        project.git(&["reset", "--quiet", "--hard"]);
    }
    // A pager is for terminals.
    project.git(&["config", "core.pager", &canary(&project, "pager")]);
    let mut command = project.git_command(&project.root());
    command.arg("log");
    let _ended = Terminal::run(command).end();
    assert_eq!(sprung(&project), ["pager"]);
}

#[test]
fn a06_a07_none_springs_before_it_is_agreed_to_and_all_are_shown() {
    let project = trapped(&TRAPS.map(|(name, ..)| name));
    project.git(&["config", "core.pager", &canary(&project, "pager")]);
    let ran = look_and_start(&project);
    for start in &ran[ran.len() - 2..] {
        assert_eq!(start.code, Some(2), "{}", start.said());
        assert!(start.said().contains("orchestra trust"), "{}", start.said());
    }
    // Nor at a terminal, where a pager or an editor would find one.
    for args in [&["status"][..], &["trust", "--show"], &["start", "--once"]] {
        let mut terminal = Terminal::run(project.orchestra(args));
        if args[0] == "start" {
            terminal.wait_for("[y/N] ");
            terminal.line("n");
        }
        let _ended = terminal.end();
        assert_eq!(sprung(&project), [] as [&str; 0], "{args:?}");
    }
    assert_eq!(project.ledger(), [] as [&str; 0]);
    let shown = project.run(&["trust", "--show"]).expect(0);
    for key in [
        "core.fsmonitor",
        "filter.a.clean",
        "filter.a.smudge",
        "filter.b.process",
        "diff.external",
        "diff.c.textconv",
        "diff.d.command",
        "core.hookspath",
        "gpg.program",
        "core.sshcommand",
        "core.gitproxy",
        "core.editor",
        "core.pager",
        "credential.helper",
        "core.askpass",
        "alias.st",
        "remote.origin.receivepack",
        "include.path",
        "sequence.editor",
    ] {
        assert!(shown.said().contains(&format!("git setting: {key}=")), "{key}: {}", shown.said());
    }
}

#[test]
fn a07_what_was_agreed_to_runs_and_what_no_worker_needs_runs_never() {
    let project = trapped(&[
        "fsmonitor",
        "clean",
        "smudge",
        "external",
        "textconv",
        "driver",
        "hooks",
        "editor",
        "alias",
    ]);
    project.git(&["config", "core.pager", &canary(&project, "pager")]);
    project.script(
        "version: 1\nturns:\n  - when: { work: phase-1 }\n    steps:\n      \
         - write: { path: src/new.a, content: \"in\\n\" }\n      - write: { path: src/c.c, content: \"in\\n\" }\n    \
         report: { summary: x }\n  - when: { work: \"review-*\" }\n    report: { verdict: approved }\n",
    );
    // Not through git, which would step on what is planted.
    project.trust();
    let _ran = project.build().expect(0);
    // Hooks run in a checkout of what is to be committed, so that the other filter runs, too.
    assert_eq!(sprung(&project), ["clean", "hooks", "smudge"]);
    assert_eq!(project.ledger(), ["M1-one phase-1", "M1-one close"]);

    // What came later was not agreed to.
    let _ran = project.run(&["status"]).expect(0);
    project.git(&["config", "core.sshCommand", &canary(&project, "ssh")]);
    let _gone = sprung(&project);
    let _ran = project.build().expect(2).says("orchestra trust");
    let shown = project.run(&["trust", "--show"]).expect(0).says("+ git setting: core.sshcommand=");
    assert!(!shown.said().contains("+ git setting: core.hookspath="), "{}", shown.said());
    assert_eq!(sprung(&project), [] as [&str; 0]);
}

#[test]
fn a07_what_the_person_has_set_up_for_all_repositories_is_theirs_and_not_asked_about() {
    let project = unknown();
    let signer = project.top().join("signer");
    crate::project::script(
        &signer,
        &format!(
            "#!/bin/sh\ncat >/dev/null\n: >>'{}'\necho '[GNUPG:] SIG_CREATED D' >&2\n\
             printf -- '-----BEGIN PGP SIGNATURE-----\\nx\\n-----END PGP SIGNATURE-----\\n'\n",
            project.top().join("signed").display()
        ),
    );
    project.git(&["config", "--global", "gpg.program", signer.to_str().unwrap()]);
    project.git(&["config", "--global", "commit.gpgSign", "true"]);
    let shown = project.run(&["trust", "--show"]).expect(0);
    assert!(!shown.said().contains("gpg.program"), "{}", shown.said());
    project.trust();
    let _ran = project.build().expect(0);
    assert!(project.top().join("signed").exists());
    assert!(project.git(&["cat-file", "commit", "HEAD"]).contains("gpgsig "));
}

#[test]
fn a24_a_setting_that_an_agent_plants_is_not_run_and_stops_the_worker() {
    let project = crate::trouble::with_turn(
        "  - when: { work: phase-1 }\n    steps:\n      - run: \"sh ../plant.sh\"\n      \
         - write: { path: src/a.a, content: \"in\\n\" }\n    report: { summary: x }\n",
    );
    let hooks = project.top().join("hooks");
    crate::project::script(
        &hooks.join("pre-commit"),
        &std::fs::read_to_string(canary(&project, "hook")).unwrap(),
    );
    let plant = format!(
        "git config core.hooksPath '{}'\ngit config filter.a.clean '{}'\necho '*.a filter=a' >.git/info/attributes\n",
        hooks.display(),
        canary(&project, "clean")
    );
    std::fs::write(project.top().join("plant.sh"), &plant).unwrap();
    let ran =
        project.build().expect(1).says("core.hookspath=").says("filter.a.clean=").says("orchestra trust");
    assert_eq!(sprung(&project), [] as [&str; 0], "{}", ran.said());
    assert_eq!(project.ledger(), [] as [&str; 0]);
    let _ran = project.build().expect(2).says("orchestra trust");
    assert_eq!(sprung(&project), [] as [&str; 0]);

    // The person takes it out, and the work goes on where it was.
    std::fs::write(project.top().join("plant.sh"), "").unwrap();
    project.git(&["config", "--unset", "core.hooksPath"]);
    project.git(&["config", "--unset", "filter.a.clean"]);
    std::fs::remove_file(project.path(".git/info/attributes")).unwrap();
    let _ran = project.build().expect(0);
    assert_eq!(project.ledger(), ["M1-one phase-1", "M1-one close"]);
    assert_eq!(sprung(&project), [] as [&str; 0]);
    project.check();
}
