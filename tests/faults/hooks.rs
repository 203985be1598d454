//! Hooks that do what hooks do: change files, hang, ask, fail, take trailers away.

use orchestra_testkit::TestProject;

use super::{DONE, NOTHING, meanwhile};

/// Only for the phase's commit: documents alone are committed at the end, too.
const FOR_THE_PHASE: &str = "git diff --cached --name-only | grep -q src/a.txt || exit 0\n";

fn hooked(text: &str) -> TestProject {
    let project = meanwhile("");
    project.hook("pre-commit", &format!("{FOR_THE_PHASE}{text}"));
    project
}

#[test]
fn f75_a_hook_that_hangs_is_ended_and_its_words_go_to_the_agent() {
    let project =
        hooked("[ -e $HOME/hung ] && exit 0\n: > $HOME/hung\necho waiting for a server; sleep 1000 & wait\n");
    let _ran = project
        .run(&["start", "--auto", "--once", "-c", "limits.hook_timeout=2s"])
        .expect(0)
        .says("the pre-commit hook refused the commit");
    assert_eq!(project.ledger(), DONE);
    assert_eq!(project.status(), NOTHING);
    project.check();
}

#[test]
fn f75_a_hook_that_asks_at_a_terminal_finds_none() {
    let project = hooked("if ( : < /dev/tty ) 2>/dev/null; then exit 1; fi\nread answer && exit 2\nexit 0\n");
    let _ran = project.build().expect(0);
    assert_eq!(project.ledger(), DONE);
    project.check();
}

#[test]
fn f75_a_file_that_a_hook_adds_inside_the_room_is_committed_and_said() {
    let project = hooked("echo made > src/made.txt; git add src/made.txt\n");
    let _ran = project.build().expect(0).says("hooks changed src/made.txt");
    assert_eq!(project.git(&["show", "HEAD~1:src/made.txt"]), "made\n");
    assert_eq!(project.status(), NOTHING);
    project.check();
}

#[test]
fn f75_a_file_that_a_hook_adds_outside_the_room_is_left_out_and_said() {
    let project = hooked("echo theirs >> README.md; git add README.md\n");
    let _ran = project.build().expect(0).says("left out of the commit").says("README.md");
    assert_eq!(project.git(&["log", "--format=%s", "--", "README.md"]), "chore: begin\n");
    assert_eq!(project.ledger(), DONE);
    project.check();
}

#[test]
fn f75_what_a_hook_leaves_beside_the_commit_does_not_reach_the_tree() {
    let project = hooked("echo 1 file checked > lint.log\n");
    let _ran = project.build().expect(0);
    assert_eq!(project.status(), NOTHING);
    assert_eq!(project.ledger(), DONE);
    project.check();
}

#[test]
fn f75_what_a_hook_leaves_in_the_tree_is_said() {
    let project = meanwhile("");
    // Without documents in git the tree is exactly what is committed, and hooks run in it.
    project.git(&["rm", "-r", "--quiet", "--cached", ".orchestra"]);
    project.git(&["commit", "--quiet", "--message", "chore: keep it private"]);
    project.git(&["push", "--quiet", "origin", "main"]);
    project.write(".git/info/exclude", "/.orchestra/\n");
    project.hook("pre-commit", "echo 1 file checked > lint.log\n");
    let _ran = project.build().expect(0).says("a hook left in the tree, and not in the commit: lint.log");
    assert_eq!(project.status(), ["?? lint.log"]);
    assert_eq!(project.ledger(), ["M1-one phase-1"]);
    project.check();
}

#[test]
fn f75_what_the_person_has_beside_stays_out_of_what_a_hook_adds() {
    let project = hooked("git add -A\n");
    project.write("notes.txt", "mine\n");
    project.write("src/lib.txt", "one\nmine\n");
    project.write("staged.txt", "mine\n");
    project.git(&["add", "staged.txt"]);
    let before = project.status();
    let _ran = project.build().expect(0);
    let mut now = project.status();
    now.retain(|line| !line.contains(".orchestra"));
    assert_eq!(now, before.iter().filter(|line| !line.contains(".orchestra")).cloned().collect::<Vec<_>>());
    assert!(!project.git(&["ls-tree", "-r", "HEAD"]).contains("notes.txt"));
    assert_eq!(project.ledger(), DONE);
    project.check();
}

#[test]
fn f76_trailers_that_a_hook_takes_away_or_forges_are_put_right() {
    let project = meanwhile("");
    project.hook(
        "commit-msg",
        "sed -i '/^Orchestra-/d' \"$1\"; printf '\\nReviewed-by: Somebody <s@example.com>\\nOrchestra-Phase: phase-9\\n' >> \"$1\"\n",
    );
    let _ran = project.build().expect(0);
    assert_eq!(project.ledger(), DONE);
    let message = project.git(&["log", "-1", "--format=%B", "HEAD~1"]);
    assert!(message.contains("Reviewed-by: Somebody") && !message.contains("phase-9"), "{message}");
    project.check();
}

#[test]
fn f76_a_hook_that_turns_the_message_down_is_told_to_the_agent() {
    let project = meanwhile("");
    project.hook(
        "commit-msg",
        "[ -e $HOME/said ] && exit 0\n: > $HOME/said\necho 'no ticket in the subject'; exit 1\n",
    );
    let _ran = project.build().expect(0).says("the commit-msg hook refused the commit");
    assert_eq!(project.ledger(), DONE);
    project.check();
}

#[test]
fn f77_hooks_that_come_after_a_commit_do_not_run_on_ours() {
    let project = meanwhile("");
    for name in ["post-commit", "post-index-change", "reference-transaction", "post-rewrite", "post-checkout"]
    {
        project.hook(name, &format!("echo {name} >> ../ran\n"));
    }
    let _ran = project.build().expect(0);
    assert_eq!(project.ledger(), DONE);
    let ran = std::fs::read_to_string(project.top().join("ran")).unwrap_or_default();
    assert!(!ran.contains("post-commit"), "{ran}");
    project.check();
}

#[test]
fn f77_an_amend_right_after_the_commit_is_noticed_and_nothing_is_done_twice() {
    let project = meanwhile("");
    // What amends, as soon as the branch has moved, before the index follows.
    let (bin, path) = (project.top().join("bin"), std::env::var("PATH").unwrap());
    let amends = format!(
        "#!/bin/sh\nPATH='{path}'\ncase \"$GIT_INDEX_FILE $*\" in \" update-index\"*--index-info*)\n\
         if [ ! -e '{top}/amended' ]; then : > '{top}/amended'; (unset GIT_INDEX_FILE; git -c core.hooksPath=/dev/null commit -q --amend --no-edit --allow-empty -o --date=2001-01-01T00:00:00); fi;; esac\n\
         exec git \"$@\"\n",
        top = project.top().display()
    );
    crate::project::script(&bin.join("git"), &amends);
    let mut command = project.orchestra(&["start", "--auto", "--once"]);
    command.env("PATH", format!("{}:{path}", bin.display()));
    let ran = TestProject::start_as(command).wait();
    assert!(project.top().join("amended").exists());
    assert!(ran.said().contains("was replaced by somebody; it is found by its trailers"), "{}", ran.said());
    let _ran = project.build();
    assert_eq!(project.ledger(), DONE, "{}", ran.said());
    project.check();
}

#[test]
fn f88_a_hook_that_cannot_reach_what_it_needs_is_named_with_its_words() {
    let project =
        hooked("echo 'Cannot connect to the Docker daemon at unix:///var/run/docker.sock'; exit 1\n");
    let _ran = project
        .run(&["start", "--auto", "--once", "-c", "limits.repair_attempts=0"])
        .expect(1)
        .says("pre-commit hook refused")
        .says("Docker daemon");
    assert_eq!(project.ledger(), NOTHING);
    assert!(project.has_rescued("in\n"));
    project.check();
}
