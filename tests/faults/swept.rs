//! What a person does with the verbs that sweep: gc, stash, clean, reset.

use super::{DONE, NOTHING, meanwhile};
use crate::project::script;

#[test]
fn f78_a_collection_of_garbage_during_a_turn_takes_nothing_away() {
    let project =
        meanwhile("echo agents > src/lib.txt; git reflog expire --expire=now --all; git gc -q --prune=now");
    project.write("src/lib.txt", "one\nmine\n");
    let _ran = project.build().expect(0).says("put back src/lib.txt");
    assert_eq!(project.read("src/lib.txt"), "one\nmine\n");
    assert_eq!(project.ledger(), DONE);
    project.git(&["reflog", "expire", "--expire=now", "--all"]);
    project.git(&["gc", "--quiet", "--prune=now"]);
    assert!(project.has_rescued("agents\n") && project.has_rescued("one\nmine\n"));
    project.check();
}

/// Signs as gpg would, after it has thrown away every object that nothing refers to.
const COLLECTS: &str = "#!/bin/sh\ncat > /dev/null\n[ ! -e \"$GIT_DIR/collect\" ] || { rm \"$GIT_DIR/collect\"; env -u GIT_OBJECT_DIRECTORY git --git-dir=\"$GIT_DIR\" prune --expire=now; }
echo '-----BEGIN PGP SIGNATURE-----'; echo; echo fake; echo '-----END PGP SIGNATURE-----'
echo '[GNUPG:] SIG_CREATED ' >&2\n";

#[test]
fn f78_objects_of_a_commit_that_are_pruned_before_the_branch_moves_are_missed_in_time() {
    let project = meanwhile(": > .git/collect");
    let gpg = project.top().join("gpg");
    script(&gpg, COLLECTS);
    project.git(&["config", "gpg.program", gpg.to_str().unwrap()]);
    project.git(&["config", "commit.gpgSign", "true"]);
    project.trust();
    let ran = project.attend();
    assert!(!project.has(".git/collect"), "{}", ran.said());
    assert_eq!(ran.code, Some(1), "{}", ran.said());
    assert!(ran.said().contains("Start again"), "{}", ran.said());
    project.check();
    let _ran = project.build().expect(0);
    assert_eq!(project.ledger(), DONE);
    project.check();
}

#[test]
fn f79_a_stash_of_everything_during_a_turn_is_noticed_and_the_phase_goes_on() {
    let project = meanwhile("git stash -q -u");
    project.write("README.md", "# A project\nmine\n");
    let ran = project.build();
    // The stash is the person's; the worker never touches it.
    assert_eq!(project.git(&["stash", "list"]).lines().count(), 1, "{}", ran.said());
    assert_eq!(project.git(&["show", "stash@{0}:README.md"]), "# A project\nmine\n");
    assert!(project.has_rescued("# A project\nmine\n"));
    assert_eq!(ran.code, Some(0), "{}", ran.said());
    assert_eq!(project.ledger(), DONE);
    project.check();
}

#[test]
fn f79_a_reset_and_a_clean_during_a_turn_are_said_and_the_phase_is_tried_again() {
    let project = meanwhile("git reset -q --hard; git clean -fdq src");
    project.write("README.md", "# A project\nmine\n");
    project.write("src/mine.txt", "mine, never committed\n");
    let ran = project.build().expect(0);
    assert!(project.has_rescued("# A project\nmine\n") && project.has_rescued("mine, never committed\n"));
    assert!(ran.said().contains("README.md"), "{}", ran.said());
    assert_eq!(project.ledger(), DONE);
    project.check();
}

#[test]
fn f79_a_reset_of_the_branch_during_a_turn_takes_the_person_to_a_question() {
    let project = meanwhile("git reset -q --hard HEAD~1");
    let _ran = project.attend().expect(3).says("no longer below").says("then retry");
    assert_eq!(project.ledger(), NOTHING);
    project.check();
    project.git(&["reset", "--quiet", "--hard", "origin/main"]);
    project.answer(&["retry"]);
    let _ran = project.build().expect(0);
    assert_eq!(project.ledger(), DONE);
    project.check();
}
