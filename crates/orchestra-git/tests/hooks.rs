use std::fs;
use std::time::Duration;

use orchestra_git::facts::hook_names_present;
use orchestra_git::guard::Purpose;
use orchestra_git::prepare::{Hooks, PrepareError, prepare};

use crate::fixture::{Fixture, path, paths, script};

fn body(fixture: &Fixture) -> String {
    fixture.git(["log", "-1", "--format=%B"])
}

fn failure(fixture: &Fixture, files: &[&str]) -> PrepareError {
    prepare(&fixture.repo(), &fixture.order(files)).unwrap_err()
}

#[test]
fn the_three_hooks_run_below_the_guard_on_the_commits_own_index() {
    let fixture = Fixture::new();
    fixture.write("README.md", "staged by the person\n");
    fixture.git(["add", "README.md"]);
    fixture.write("src/a.rs", "the phase\n");
    fixture.hook("pre-commit", "git diff --cached --name-only > \"$GIT_DIR/../seen\"");
    fixture.hook("prepare-commit-msg", "test \"$2\" = message && echo prepared >> \"$1\"");
    fixture.hook("commit-msg", "grep -q prepared \"$1\" && echo checked >> \"$1\"");
    fixture.land(&fixture.order(&["src/a.rs"])).unwrap();
    assert_eq!(fixture.read("seen"), "src/a.rs\n");
    let expected = "feat(a): do it\n\nBecause.\n\nprepared\nchecked\n\nOrchestra-Milestone: M1-a\nOrchestra-Phase: phase-1";
    assert_eq!(body(&fixture), expected);
    assert_eq!(fixture.guard.seen.lock().unwrap().iter().filter(|seen| **seen == Purpose::Hook).count(), 3);
    fixture.assert_sound();
}

#[test]
fn f75_a_hook_that_fails_gives_its_words_to_the_agent() {
    let fixture = Fixture::new();
    fixture.write("src/a.rs", "the phase\n");
    fixture.hook("pre-commit", "echo to the left; echo to the right >&2; exit 3");
    match failure(&fixture, &["src/a.rs"]) {
        error @ PrepareError::HookFailed { .. } => {
            assert!(error.is_agents_to_mend());
            let PrepareError::HookFailed { hook, output, changed } = error else { unreachable!() };
            assert_eq!((hook, changed), ("pre-commit", vec![]));
            assert!(output.contains("to the left") && output.contains("to the right"), "{output}");
        }
        other => panic!("{other}"),
    }
    fixture.hook("pre-commit", "exit 0");
    fixture.hook("commit-msg", "exit 1");
    assert!(matches!(failure(&fixture, &["src/a.rs"]), PrepareError::HookFailed { hook: "commit-msg", .. }));
    fixture.hook("commit-msg", ": > \"$1\"");
    assert!(matches!(failure(&fixture, &["src/a.rs"]), PrepareError::HookFailed { hook: "commit-msg", .. }));
    fixture.assert_sound();
}

#[test]
fn f75_a_hook_that_hangs_is_ended() {
    let fixture = Fixture::new();
    fixture.hook("pre-commit", "echo waiting; sleep 1000");
    let mut order = fixture.order(&[]);
    order.hooks = Hooks::Run { timeout: Duration::from_millis(300) };
    match prepare(&fixture.repo(), &order).unwrap_err() {
        PrepareError::HookTimedOut { hook, output, .. } => {
            assert_eq!((hook, output.as_str()), ("pre-commit", "waiting"));
        }
        other => panic!("{other}"),
    }
}

#[test]
fn f75_a_formatter_that_adds_what_it_changed_is_part_of_the_commit() {
    let fixture = Fixture::new();
    fixture.write("src/a.rs", "the phase\n");
    fixture.hook("pre-commit", "echo formatted > src/a.rs; echo made > src/made.rs; git add src");
    let (prepared, _) = fixture.land(&fixture.order(&["src/a.rs"])).unwrap();
    assert_eq!(prepared.changed_by_hooks, paths(&["src/a.rs", "src/made.rs"]));
    assert_eq!(prepared.left_by_hooks, []);
    assert_eq!(fixture.git(["show", "HEAD:src/a.rs"]), "formatted");
    assert_eq!(fixture.status(), "");
    fixture.assert_sound();
}

#[test]
fn f75_what_a_hook_may_not_touch_is_left_out_the_second_time() {
    let fixture = Fixture::new();
    fixture.write("src/a.rs", "the phase\n");
    fixture.hook("pre-commit", "echo mine > README.md; echo new > new.md; git add README.md new.md");
    let mut order = fixture.order(&["src/a.rs"]);
    assert_eq!(prepare(&fixture.repo(), &order).unwrap().changed_by_hooks, paths(&["README.md", "new.md"]));
    order.leave_out = paths(&["README.md", "new.md"]);
    let prepared = prepare(&fixture.repo(), &order).unwrap();
    assert_eq!((prepared.paths, prepared.changed_by_hooks), (paths(&["src/a.rs"]), vec![]));
}

#[test]
fn f75_what_a_hook_left_in_the_tree_is_named() {
    let fixture = Fixture::new();
    fixture.hook("pre-commit", "echo left > left.txt; echo changed > README.md");
    let prepared = prepare(&fixture.repo(), &fixture.order(&[])).unwrap();
    assert_eq!(prepared.left_by_hooks, paths(&["README.md", "left.txt"]));
}

/// A hook as of the pre-commit framework: puts files in order, and fails if it had to.
const FIXER: &str =
    "grep -q ugly src/a.rs || exit 0; echo nice > src/a.rs; echo files were modified by this hook; exit 1";

#[test]
fn f75_a_hook_that_puts_files_in_order_and_fails_is_run_once_more() {
    let fixture = Fixture::new();
    fixture.write("src/a.rs", "ugly\n");
    fixture.hook("pre-commit", FIXER);
    let (prepared, _) = fixture.land(&fixture.order(&["src/a.rs"])).unwrap();
    assert_eq!(prepared.changed_by_hooks, paths(&["src/a.rs"]));
    assert_eq!((fixture.read("src/a.rs").as_str(), fixture.status().as_str()), ("nice\n", ""));
}

#[test]
fn f75_beside_other_changes_hooks_see_only_the_commit_and_touch_only_that() {
    let fixture = Fixture::new();
    fixture.write("src/b.rs", "the person's, ugly\n");
    fixture.write("untracked", "the person's\n");
    fixture.write("node_modules/tool", "found\n");
    let before = fixture.status();
    fixture.write("src/a.rs", "ugly\n");
    fixture.hook(
        "pre-commit",
        &format!("test -e untracked && exit 7; grep -q ugly src/b.rs && exit 8; grep -q found node_modules/tool || exit 9; {FIXER}"),
    );
    let (prepared, settled) = fixture.land(&fixture.order(&["src/a.rs"])).unwrap();
    assert_eq!(prepared.changed_by_hooks, paths(&["src/a.rs"]));
    assert_eq!(settled.followed, paths(&["src/a.rs"]));
    // The formatter's work has come to the person's tree, and nothing else of theirs has changed.
    assert_eq!(fixture.read("src/a.rs"), "nice\n");
    assert_eq!(fixture.read("src/b.rs"), "the person's, ugly\n");
    assert_eq!(fixture.status(), before);
    fixture.assert_sound();
}

#[test]
fn a_hook_that_adds_everything_does_not_commit_our_links() {
    let fixture = Fixture::new();
    fixture.write("untracked", "the person's\n");
    fixture.write("node_modules/tool", "found\n");
    fixture.write("src/a.rs", "the phase\n");
    fixture.hook("pre-commit", "echo made > made; git add -A");
    let (prepared, _) = fixture.land(&fixture.order(&["src/a.rs"])).unwrap();
    assert_eq!(prepared.paths, paths(&["made", "src/a.rs"]));
}

#[test]
fn f63_a_file_that_the_person_edits_while_hooks_run_is_not_overwritten_by_a_formatter() {
    let fixture = Fixture::new();
    fixture.write("untracked", "the person's\n");
    fixture.write("src/a.rs", "ugly\n");
    fixture.hook("pre-commit", FIXER);
    let repo = fixture.repo();
    let order = fixture.order(&["src/a.rs"]);
    let prepared = prepare(&repo, &order).unwrap();
    fixture.write("src/a.rs", "the person again\n");
    orchestra_git::swap::swap(&repo, "main", &prepared.commit, &order.parent, "x").unwrap();
    let settled = orchestra_git::settle::settle(&repo, &crate::fixture::settling(&order, &prepared)).unwrap();
    assert_eq!(settled.followed, []);
    assert_eq!(fixture.read("src/a.rs"), "the person again\n");
}

#[test]
fn f76_trailers_that_a_hook_drops_or_forges_are_put_right() {
    let fixture = Fixture::new();
    fixture.hook(
        "commit-msg",
        "printf 'fix: other\\n\\nOrchestra-Milestone: M9\\nOrchestra-Phase: close\\n' > \"$1\"",
    );
    fixture.land(&fixture.order(&[])).unwrap();
    assert_eq!(body(&fixture), "fix: other\n\nOrchestra-Milestone: M1-a\nOrchestra-Phase: phase-1");
}

#[test]
fn f87_what_a_hook_gives_a_name_is_there_though_the_commit_is_not() {
    let fixture = Fixture::new();
    fixture.write("src/a.rs", "the phase\n");
    fixture.write("untracked", "the person's\n");
    fixture.hook("pre-commit", "grep -q more src/a.rs && exit 1; echo more >> src/a.rs; git stash store -q $(git stash create); exit 1");
    assert!(matches!(failure(&fixture, &["src/a.rs"]), PrepareError::HookFailed { hook: "pre-commit", .. }));
    assert_eq!(fixture.git(["show", "stash@{0}:src/a.rs"]), "the phase\nmore");
    assert_eq!(fixture.git(["show", "stash@{0}^2:src/a.rs"]), "the phase");
    fixture.assert_sound();
}

#[test]
fn hooks_elsewhere_are_found_and_those_that_may_not_run_are_not() {
    let fixture = Fixture::new();
    assert_eq!(hook_names_present(&fixture.repo()).unwrap(), Vec::<&str>::new());
    fixture.hook("pre-push", "exit 0");
    fs::write(fixture.root.join(".git/hooks/commit-msg"), "#!/bin/sh\nexit 1\n").unwrap();
    assert_eq!(hook_names_present(&fixture.repo()).unwrap(), ["pre-push"]);
    fixture.git(["config", "core.hooksPath", ".husky"]);
    script(&fixture.root.join(".husky/pre-commit"), "echo ran > husky.log");
    assert_eq!(hook_names_present(&fixture.repo()).unwrap(), ["pre-commit"]);
    let mut order = fixture.order(&[".husky/pre-commit"]);
    order.documents.push((path("x.md"), b"x".to_vec()));
    fixture.write("x.md", "x");
    fixture.land(&order).unwrap();
    assert_eq!(fixture.read("husky.log"), "ran\n");
}

#[test]
fn a_hook_in_a_folder_that_is_not_committed_runs_beside_other_changes_too() {
    let fixture = Fixture::new();
    fixture.git(["config", "core.hooksPath", "my-hooks"]);
    script(&fixture.root.join("my-hooks/pre-commit"), "echo no; exit 1");
    fixture.write("src/a.rs", "the phase\n");
    assert!(matches!(failure(&fixture, &["src/a.rs"]), PrepareError::HookFailed { hook: "pre-commit", .. }));
}
