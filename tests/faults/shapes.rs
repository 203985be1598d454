//! Hooks in the shapes that husky, pre-commit, lefthook and lint-staged install, with programs of our own in the place of
//! theirs.

use orchestra_testkit::{TestProject, until};

use super::{DONE, NOTHING, meanwhile};
use crate::kills::nothing_runs;
use crate::project::script;

/// What a person has: changed, staged, staged and changed again, never seen by git.
const THEIRS: [(&str, &str); 4] = [
    ("README.md", "# A project\nmine\n"),
    ("staged.txt", "staged\n"),
    ("both.txt", "as changed\n"),
    ("notes.txt", "notes\n"),
];

/// What `git status` says of it.
const STATUS: [&str; 4] = [" M README.md", "AM both.txt", "A  staged.txt", "?? notes.txt"];

fn dirty(project: &TestProject) {
    for (path, text) in THEIRS {
        project.write(path, text);
    }
    project.write("both.txt", "as staged\n");
    project.git(&["add", "staged.txt", "both.txt"]);
    project.write("both.txt", "as changed\n");
}

fn is_all_there(project: &TestProject) {
    for (path, text) in THEIRS {
        assert_eq!(project.read(path), text, "{path}");
    }
    assert_eq!(project.git(&["show", ":both.txt"]), "as staged\n");
    let mut status = project.status();
    status.retain(|line| !line.contains(".orchestra/") && !line.contains("src/a.txt"));
    status.sort();
    let mut expected = STATUS.to_vec();
    expected.sort_unstable();
    assert_eq!(status, expected);
}

/// Runs to the end, with a formatter that has turned `in` into `formatted`; then nothing of the person's has changed.
fn is_formatted(project: &TestProject) {
    dirty(project);
    let _ran = project.build().expect(0).says("hooks changed src/a.txt");
    assert_eq!(project.git(&["show", "HEAD~1:src/a.txt"]), "formatted\n");
    assert_eq!(project.read("src/a.txt"), "formatted\n");
    assert_eq!(project.ledger(), DONE);
    is_all_there(project);
    assert_eq!(project.git(&["stash", "list"]), "");
    project.check();
}

/// A formatter that lies in a folder that git ignores, as an installed package does.
fn install(project: &TestProject, program: &str, text: &str) {
    project.write(".gitignore", "node_modules/\n.venv/\n.husky/_/\n");
    script(&project.path(program), text);
    super::begin_with(project);
}

/// Formats what is staged below `src`, in the tree alone.
const FORMAT: &str = "for file in $(git diff --cached --name-only --diff-filter=ACM -- src); do sed -i s/^in$/formatted/ \"$file\"; done\n";

/// As lint-staged 15: a backup stash, what is not staged is hidden as a patch, tasks run, their work is added, the rest
/// comes back.
const LINT_STAGED: &str = "#!/bin/sh\nset -e\nfiles=$(git diff --cached --name-only --diff-filter=ACM -- src)\n[ -n \"$files\" ] || exit 0\n\
     backup=$(git stash create)\n[ -z \"$backup\" ] || git stash store --quiet --message 'lint-staged automatic backup' \"$backup\"\n\
     patch=$(git rev-parse --git-path lint-staged_unstaged.patch)\n\
     git diff --binary --unified=0 --no-color --no-ext-diff --output=\"$patch\"\n\
     [ ! -s \"$patch\" ] || git checkout --quiet --force -- .\n\
     [ ! -e \"$HOME/hold\" ] || { : > \"$HOME/held\"; sleep 1000 & wait; }\n\
     sed -i s/^in$/formatted/ $files\ngit add -- $files\n\
     [ ! -s \"$patch\" ] || git apply --whitespace=nowarn --unidiff-zero \"$patch\"\nrm -f \"$patch\"\n\
     [ -z \"$backup\" ] || git stash drop --quiet\n";

/// As husky 9: the folder is set in the configuration; its files source a runner that calls the hook beside them.
fn husky(project: &TestProject, hook: &str) {
    install(project, "node_modules/.bin/lint-staged", LINT_STAGED);
    let runner = "#!/usr/bin/env sh\n[ \"$HUSKY\" = 2 ] && set -x\nn=$(basename \"$0\")\ns=$(dirname \"$(dirname \"$0\")\")/$n\n\
         [ ! -f \"$s\" ] && exit 0\n[ \"${HUSKY-}\" = 0 ] && exit 0\nexport PATH=\"node_modules/.bin:$PATH\"\nsh -e \"$s\" \"$@\"\nc=$?\n\
         [ $c != 0 ] && echo \"husky - $n script failed (code $c)\"\n[ $c = 127 ] && echo \"husky - command not found in PATH=$PATH\"\nexit $c\n";
    script(&project.path(".husky/_/h"), runner);
    for name in ["pre-commit", "prepare-commit-msg", "commit-msg", "post-commit", "pre-push"] {
        script(&project.path(&format!(".husky/_/{name}")), "#!/usr/bin/env sh\n. \"$(dirname \"$0\")/h\"");
    }
    project.write(".husky/pre-commit", hook);
    project.git(&["add", ".husky/pre-commit"]);
    project.git(&["commit", "--quiet", "--message", "chore: husky"]);
    project.git(&["push", "--quiet", "origin", "main"]);
    project.git(&["config", "core.hooksPath", ".husky/_"]);
    project.trust();
}

#[test]
fn f75_husky_with_lint_staged_formats_the_commit_and_hides_nothing_of_the_persons() {
    let project = meanwhile("");
    husky(&project, "lint-staged\n");
    is_formatted(&project);
}

#[test]
fn f75_husky_whose_program_is_not_installed_says_so() {
    let project = meanwhile("");
    husky(&project, "lint-staged\n");
    std::fs::remove_file(project.path("node_modules/.bin/lint-staged")).unwrap();
    dirty(&project);
    let _ran = project
        .run(&["start", "--auto", "--once", "-c", "limits.repair_attempts=0"])
        .expect(1)
        .says("husky - command not found");
    assert_eq!(project.ledger(), NOTHING);
    is_all_there(&project);
    project.check();
}

/// As the pre-commit framework's file: a Python that lies in a virtual environment. It puts what is not staged into a patch,
/// checks everything out, runs, and fails where files were changed.
fn pre_commit(project: &TestProject) {
    let framework = format!(
        "#!/bin/sh\nset -e\nshift\npatch=$HOME/patch$$\ngit diff-index --ignore-submodules --binary --no-color --no-ext-diff $(git write-tree) > \"$patch\" || true\n\
         if [ -s \"$patch\" ]; then echo '[WARNING] Unstaged files detected.'; git -c submodule.recurse=0 checkout -- .; fi\n\
         [ ! -e \"$HOME/hold\" ] || {{ : > \"$HOME/held\"; sleep 1000 & wait; }}\n\
         before=$(git diff)\n{FORMAT}after=$(git diff)\nstatus=0\n\
         [ \"$before\" = \"$after\" ] || {{ echo 'format...Failed'; echo '- files were modified by this hook'; status=1; }}\n\
         if [ -s \"$patch\" ]; then git apply --whitespace=nowarn \"$patch\"; fi\nexit $status\n"
    );
    install(project, ".venv/bin/python", &framework);
    project.hook(
        "pre-commit",
        "# File generated by pre-commit\n# ID: 138fd403232d2ddd5efb44317e38bf03\n\
         INSTALL_PYTHON=.venv/bin/python\nARGS=\"hook-impl --config=.pre-commit-config.yaml --hook-type=pre-commit\"\n\
         HERE=\"$(cd \"$(dirname \"$0\")\" && pwd)\"\nset -- $ARGS --hook-dir \"$HERE\" -- \"$@\"\n\
         if [ -x \"$INSTALL_PYTHON\" ]; then\n    exec \"$INSTALL_PYTHON\" -mpre_commit \"$@\"\n\
         elif command -v pre-commit > /dev/null; then\n    exec pre-commit \"$@\"\nelse\n    echo '`pre-commit` not found.' 1>&2\n    exit 1\nfi\n",
    );
}

#[test]
fn f75_pre_commit_formats_fails_and_is_run_again_and_hides_nothing_of_the_persons() {
    let project = meanwhile("");
    pre_commit(&project);
    is_formatted(&project);
}

/// As lefthook: a file that looks for its program, here one that formats and adds (`stage_fixed: true`).
fn lefthook(project: &TestProject) {
    let text = format!(
        "#!/bin/sh\nset -e\n[ \"$1 $2\" = 'run pre-commit' ] || exit 0\n\
         unstaged=$(git status --short --porcelain | grep -E '^(.[MD]|\\?\\?)' || true)\n\
         if [ -n \"$unstaged\" ]; then git stash create > /dev/null; git diff --binary --output=\"$HOME/lefthook.patch\"; git checkout --quiet --force -- .; fi\n\
         [ ! -e \"$HOME/hold\" ] || {{ : > \"$HOME/held\"; sleep 1000 & wait; }}\n{FORMAT}\
         files=$(git diff --cached --name-only --diff-filter=ACM -- src); [ -z \"$files\" ] || git add -- $files\n\
         if [ -s \"$HOME/lefthook.patch\" ]; then git apply \"$HOME/lefthook.patch\"; fi\n"
    );
    install(project, "node_modules/lefthook/bin/lefthook", &text);
    for name in ["pre-commit", "prepare-commit-msg"] {
        project.hook(
            name,
            &format!(
                "if [ \"$LEFTHOOK\" = \"0\" ]; then exit 0; fi\ncall_lefthook()\n{{\n  dir=\"$(git rev-parse --show-toplevel)\"\n\
                 if test -n \"$LEFTHOOK_BIN\"; then \"$LEFTHOOK_BIN\" \"$@\"\n\
                 elif test -f \"$dir/node_modules/lefthook/bin/lefthook\"; then \"$dir/node_modules/lefthook/bin/lefthook\" \"$@\"\n\
                 else echo \"Can't find lefthook in PATH\"; fi\n}}\ncall_lefthook run \"{name}\" \"$@\"\n"
            ),
        );
    }
}

#[test]
fn f75_lefthook_that_stages_what_it_fixed_hides_nothing_of_the_persons() {
    let project = meanwhile("");
    lefthook(&project);
    is_formatted(&project);
}

/// Kills the worker while such a hook has put everything aside.
fn is_survived(set_up: impl Fn(&TestProject)) {
    let project = meanwhile("");
    set_up(&project);
    dirty(&project);
    let (hold, held) = (project.home().join("hold"), project.home().join("held"));
    std::fs::write(&hold, "").unwrap();
    let running = project.start(&["start", "--auto", "--once"]);
    until("the hook has put everything aside", || held.exists());
    let _ran = running.kill();
    until("nothing of the run is alive", || nothing_runs(&project));
    is_all_there(&project);
    assert_eq!(project.ledger(), NOTHING);
    std::fs::remove_file(&hold).unwrap();

    let _ran = project.build().expect(0);
    assert_eq!(project.git(&["show", "HEAD~1:src/a.txt"]), "formatted\n");
    assert_eq!(project.ledger(), DONE);
    is_all_there(&project);
    project.check();
}

#[test]
fn f87_a_kill_while_lint_staged_has_put_everything_aside_loses_nothing() {
    is_survived(|project| husky(project, "lint-staged\n"));
}

#[test]
fn f87_a_kill_while_pre_commit_has_put_everything_aside_loses_nothing() {
    is_survived(pre_commit);
}

#[test]
fn f87_a_kill_while_lefthook_has_put_everything_aside_loses_nothing() {
    is_survived(lefthook);
}
