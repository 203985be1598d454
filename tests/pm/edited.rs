//! A proposal that the person changes in an editor of their own.

use std::os::unix::fs::PermissionsExt as _;

use super::*;
use orchestra_testkit::until;

/// An editor that does this to each of the files that it is given, and notes their names. While it has the terminal, somebody
/// presses `ctrl-c`, which is its own.
fn editor(project: &TestProject, edit: &str) -> String {
    let path = project.top().join("editor");
    let noted = project.top().join("edited");
    let script = format!(
        "#!/bin/sh\ntrap '' INT\nkill -INT 0\nfor file in \"$@\"; do\n  basename \"$file\" >> '{}'\n  {edit}\ndone\n",
        noted.display()
    );
    fs::write(&path, script).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn what_the_editor_made_of_a_proposal_is_shown_again_and_is_what_is_written() {
    let steps = format!("{}      - say: \"told: ${{answer}}\"\n", call("propose_milestone", &login()));
    let project = planning(&[&steps]);
    let editor = editor(&project, "sed -i 's/Customers can/Clients can/' \"$file\"");
    let mut screen = Emulator::start_with(&project, &["pm"], (45, 160), &[("EDITOR", &editor)]);
    screen.wait_for_screen("Say what you want to build");
    screen.send_text("Let people log in");
    screen.wait_armed("a create");
    screen.wait_for("│ Customers can log in.");
    screen.keys("e");
    screen.wait_for("│ Clients can log in.");
    let edited = fs::read_to_string(project.top().join("edited")).unwrap();
    assert!(edited.lines().any(|name| name == "M1-user-login--prd.md"), "{edited}");
    assert_eq!(edited.lines().count(), 4, "{edited}");
    // Nobody has approved it by that.
    nothing_is_planned(&project);
    screen.wait_armed("a create");
    screen.keys("a");
    screen.wait_for("M1-user-login ready");
    let milestone = project.read(".orchestra/milestones/M1-user-login/milestone.md");
    assert!(milestone.contains("Clients can log in."), "{milestone}");
    screen.wait_for("told: The person");
    leave(&mut screen);
    let answers: Vec<Value> =
        kept_of(&project, "answered").iter().map(|line| line["answer"].clone()).collect();
    assert_eq!(answers, ["create"]);
}

#[test]
fn an_edit_that_does_not_hold_is_told_and_can_be_mended() {
    let steps = call("propose_milestone", &login());
    let project = planning(&[&steps]);
    // The second time it mends what it did the first time.
    let edit = "grep -q wizard \"$file\" && sed -i 's/wizard/backend/' \"$file\" || sed -i 's/^role: .*/role: wizard/' \"$file\"";
    let editor = editor(&project, edit);
    let mut screen = Emulator::start_with(&project, &["pm"], (45, 160), &[("EDITOR", &editor)]);
    screen.wait_for_screen("Say what you want to build");
    screen.send_text("Let people log in");
    screen.wait_armed("a create");
    screen.keys("e");
    screen.wait_for("your edit does not hold: ");
    assert!(screen.screen().contains("wizard"), "{}", screen.screen());
    nothing_is_planned(&project);
    screen.wait_armed("e edit");
    screen.keys("e");
    // What is shown anew is armed anew.
    until("it is proposed once more", || kept_of(&project, "proposed").len() == 2);
    screen.wait_without("your edit does not hold");
    screen.linger();
    screen.wait_armed("a create");
    screen.keys("a");
    screen.wait_for("M1-user-login ready");
    leave(&mut screen);
    let phase = project.read(".orchestra/milestones/M1-user-login/phases/phase-1.md");
    assert!(phase.contains("role: backend"), "{phase}");
}
