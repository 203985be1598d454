//! Roles that write while a person talks to them: in their own room, between the worker's phases, and nothing is committed
//! unseen.

use super::*;
use orchestra_testkit::{Milestone, until};

/// `orchestra role NAME` on a screen that shows everything.
fn role(project: &TestProject, name: &str) -> Emulator {
    let mut screen = Emulator::start_with(project, &["role", name], (45, 160), &[]);
    screen.wait_for_screen("ask, or say what to change");
    screen
}

/// A step that writes a file.
fn write(path: &str, text: &str) -> String {
    format!("      - write: {}\n", json!({ "path": path, "content": text }))
}

/// Answers whose changes outside of the room are.
fn put_back(screen: &mut Emulator) {
    screen.wait_armed("1-9 choose");
    screen.keys("1");
    screen.wait_armed("enter send the answers");
    screen.linger();
    screen.keys("\r");
    screen.wait_for("put back: what was there is kept");
}

/// The files of the last commit.
fn committed(project: &TestProject) -> Vec<String> {
    let shown = project.git(&["show", "--name-only", "--format=", "HEAD"]);
    shown.lines().map(ToOwned::to_owned).collect()
}

#[test]
fn a_role_writes_what_is_its_own_and_the_person_commits_it_when_they_have_seen_it() {
    let steps = format!(
        "{}      - say: \"Done.\\nCommit: feat(auth): add the login\"\n",
        write("src/auth.txt", "login\n")
    );
    let project = planning(&[&steps]);
    let before = project.subjects();
    project.write("web/page.txt", "my own work\n");
    let mut screen = role(&project, "backend");
    screen.send_text("#commit");
    screen.wait_for("say what it does");
    screen.send_text("Add a login");
    screen.wait_for("changed, and not committed: src/auth.txt");
    assert_eq!(project.subjects(), before, "nothing is committed by itself");
    screen.keys("commit");
    screen.wait_for("show what would be committed");
    screen.linger();
    screen.keys("\r");
    screen.wait_armed("a commit · r revise");
    screen.wait_for("feat(auth): add the login");
    screen.wait_for("1 file (web/page.txt)");
    screen.keys("a");
    screen.wait_for("Committed ");
    assert_eq!(project.subjects().last().unwrap(), "feat(auth): add the login");
    assert_eq!(committed(&project), ["src/auth.txt"]);
    assert_eq!(project.read("web/page.txt"), "my own work\n");
    screen.send_text("/commit chore: again");
    screen.wait_for("there is nothing to commit");
}

#[test]
fn what_a_role_changes_outside_of_its_room_is_asked_about_and_put_back() {
    let steps = format!("{}{}", write("src/auth.txt", "login\n"), write("web/page.txt", "taken over\n"));
    let project = planning(&[&steps]);
    project.write("web/page.txt", "my own work\n");
    let mut screen = role(&project, "backend");
    screen.send_text("Add a login");
    screen.wait_for("Changed outside of what this role may write");
    put_back(&mut screen);
    assert_eq!(project.read("web/page.txt"), "my own work\n");
    assert_eq!(project.read("src/auth.txt"), "login\n");
    let kept = project.run(&["rescue", "list"]).expect(0);
    assert!(kept.stdout.contains("out-of-room"), "{}", kept.stdout);
}

#[test]
fn a_conversation_that_was_killed_asks_for_what_its_turn_wrote_outside_of_the_room() {
    let steps = format!(
        "{}      - run: {}\n",
        write("web/page.txt", "taken over\n"),
        json!("touch ../written; sleep 1000")
    );
    let project = planning(&[&steps, "      - say: I go on.\n"]);
    let mut screen = role(&project, "backend");
    screen.send_text("Add a login");
    until("it has written", || project.top().join("written").exists());
    screen.signal(rustix::process::Signal::KILL);
    screen.wait_let_go();
    let mut screen = Emulator::start_with(&project, &["role", "backend"], (45, 160), &[]);
    screen.wait_for("Changed outside of what this role may write");
    put_back(&mut screen);
    assert_eq!(project.read("web/page.txt"), "page\n");
}

/// The worker is held in its phase until a file is there.
const HELD: &str = "  - when: { work: phase-1 }\n    steps:\n      - write: { path: src/phase.txt, content: \"in\\n\" }\n      - run: touch ../at-phase; while [ ! -e ../go ]; do sleep 0.05; done\n    report: { commit: { type: feat, scope: part, subject: add it } }\n  - when: { work: \"review-*\" }\n    report: { verdict: approved }\n";

#[test]
fn beside_a_worker_at_a_phase_a_role_reads_and_writes_again_when_that_waits_at_a_gate() {
    let turn = |attempt: u32, steps: &str| {
        format!("  - when: {{ work: conversation, attempt: {attempt} }}\n    steps:\n{steps}")
    };
    let script = format!(
        "version: 1\nturns:\n{}{}{HELD}",
        turn(1, "      - say: I only look.\n"),
        turn(2, &format!("{}      - say: I wrote.\n", write("src/role.txt", "role\n")))
    );
    let project = crate::trouble::project(&script);
    project.add(&Milestone::new("M1-one").with("rfc: skip").phase("backend"));
    let mut worker = Emulator::start_with(&project, &["start"], (45, 160), &[]);
    until("it is at the phase", || project.top().join("at-phase").exists());
    let mut screen = role(&project, "backend");
    screen.wait_for("M1-one phase-1");
    screen.send_text("Can you write?");
    screen.wait_for("the worker is at a phase: this turn only reads");
    screen.wait_for("I only look.");
    std::fs::write(project.top().join("go"), "").unwrap();
    worker.wait_armed("a push");
    screen.send_text("And now?");
    screen.wait_for("changed, and not committed: src/role.txt");
    assert_eq!(committed(&project).iter().filter(|path| path.starts_with("src/")).count(), 1);
}

#[test]
fn a_worker_waits_until_the_turn_of_a_role_is_over() {
    let script = format!(
        "version: 1\nturns:\n  - when: {{ work: conversation }}\n    steps:\n{}      - run: touch ../writes; while [ ! -e ../done ]; do sleep 0.05; done\n{HELD}",
        write("src/role.txt", "role\n")
    );
    let project = crate::trouble::project(&script);
    project.add(&Milestone::new("M1-one").with("rfc: skip").phase("backend"));
    let mut screen = role(&project, "backend");
    screen.send_text("Write something");
    until("it writes", || project.top().join("writes").exists());
    let mut worker = Emulator::start_with(&project, &["start"], (45, 160), &[]);
    worker.wait_for("waits until backend-engineer in a conversation is done");
    assert!(!project.top().join("at-phase").exists());
    std::fs::write(project.top().join("done"), "").unwrap();
    screen.wait_for("changed, and not committed: src/role.txt");
    // What is not committed is the person's: it is asked about like any other.
    worker.wait_armed("k keep");
}

#[test]
fn a_reviewer_without_a_phase_reviews_what_is_not_pushed() {
    let project =
        planning(&["      - expect: a change to review\n      - say: \"blocking src/lib.txt:1 no test\"\n"]);
    project.write("src/lib.txt", "a change to review\n");
    project.commit_all("feat: a change");
    let mut screen = Emulator::start_with(&project, &["role", "reviewer"], (45, 160), &[]);
    screen.wait_for("blocking src/lib.txt:1 no test");
    assert!(screen.screen().contains("Review the commits that are not pushed yet."));
}

#[test]
fn the_owner_changes_what_orchestra_goes_by_and_what_that_runs_is_asked_about_first() {
    let config = "version: 1\nagents: { default: scripted, scripted: { kind: scripted, script: script.yaml } }\nverify: [\"sh other.sh\"]\n";
    let steps =
        format!("{}{}", write(".orchestra/config.yaml", config), write("src/lib.txt", "not the owner's\n"));
    let project = planning(&[&steps, "      - say: never heard\n"]);
    project.write(
        ".orchestra/roles/owner.md",
        "---\nid: owner\nalias: owner\nwrites: [\".orchestra/config.yaml\"]\n---\nYou are the owner.\n",
    );
    project.trust();
    let mut screen = role(&project, "owner");
    screen.send_text("Verify with other.sh");
    screen.wait_for("Changed outside of what this role may write, while it worked: src/lib.txt");
    put_back(&mut screen);
    screen.wait_for("changed, and not committed: .orchestra/config.yaml");
    assert_eq!(project.read("src/lib.txt"), "one\n");
    screen.send_text("Go on");
    screen.wait_for("that you have not agreed to");
    assert!(!screen.screen().contains("never heard"));
}

#[test]
fn without_a_terminal_a_role_writes_and_what_is_not_its_own_waits_for_the_person() {
    let project = planning(&[&write("src/auth.txt", "login\n")]);
    let ran = project.run(&["role", "backend", "--print", "Add a login"]).expect(0);
    assert!(ran.stderr.contains("changed, and not committed: src/auth.txt"), "{}", ran.stderr);
    let project = planning(&[&write("web/page.txt", "taken over\n")]);
    let ran = project.run(&["role", "backend", "--print", "Add a login"]).expect(3);
    assert!(ran.stderr.contains("Whose is it?"), "{}", ran.stderr);
}
