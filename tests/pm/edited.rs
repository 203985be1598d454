//! A proposal that the person changes in an editor of their own.

use std::os::unix::fs::PermissionsExt as _;

use super::*;

/// An editor that changes these words in whatever it is given, and notes the files.
fn editor(project: &TestProject, from: &str, to: &str) -> String {
    let path = project.top().join("editor");
    let noted = project.top().join("edited");
    let script = format!(
        "#!/bin/sh\nfor file in \"$@\"; do\n  basename \"$file\" >> '{}'\n  sed -i 's/{from}/{to}/' \"$file\"\ndone\n",
        noted.display()
    );
    fs::write(&path, script).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn what_the_editor_made_of_a_proposal_is_shown_again_and_is_what_is_written() {
    let steps =
        format!("{}      - say: \"told: ${{answer}}\"\n", call("propose_milestone", &login()));
    let project = planning(&[&steps]);
    let editor = editor(&project, "They asked for it", "Three customers asked for it");
    let mut screen = Emulator::start_with(&project, &["pm"], (45, 160), &[("EDITOR", &editor)]);
    screen.wait_for_screen("Say what you want to build");
    screen.send_text("Let people log in");
    screen.wait_armed("a create");
    screen.wait_for("They asked for it.");
    screen.keys("e");
    screen.wait_for("Three customers asked for it.");
    let edited = fs::read_to_string(project.top().join("edited")).unwrap();
    assert!(edited.lines().any(|name| name == "M1-user-login--prd.md"), "{edited}");
    assert_eq!(edited.lines().count(), 4, "{edited}");
    // Nobody has approved it by that.
    nothing_is_planned(&project);
    screen.wait_armed("a create");
    screen.keys("a");
    screen.wait_for("M1-user-login ready");
    let prd = project.read(".orchestra/milestones/M1-user-login/prd.md");
    assert!(prd.contains("Three customers asked for it."), "{prd}");
    screen.wait_for("told: The person");
    screen.wait_for("waiting for you");
    screen.keys("\x03");
    screen.wait_for("ctrl-c again: leave");
    screen.keys("\x03");
    assert_eq!(screen.end(), 0, "{}", screen.screen());
    screen.is_as_it_was_found();
    let answers: Vec<Value> =
        kept_of(&project, "answered").iter().map(|line| line["answer"].clone()).collect();
    assert_eq!(answers, ["edited", "create"]);
}

#[test]
fn an_edit_that_does_not_hold_is_told_and_what_was_proposed_waits_on() {
    let steps = call("propose_milestone", &login());
    let project = planning(&[&steps]);
    let editor = editor(&project, "role: .*", "role: wizard");
    let mut screen = Emulator::start_with(&project, &["pm"], (45, 160), &[("EDITOR", &editor)]);
    screen.wait_for_screen("Say what you want to build");
    screen.send_text("Let people log in");
    screen.wait_armed("a create");
    screen.keys("e");
    screen.wait_for("wizard");
    nothing_is_planned(&project);
    screen.wait_armed("d discard");
    screen.keys("d");
    screen.wait_for("waiting for you");
    screen.keys("\x03");
    screen.wait_for("ctrl-c again: leave");
    screen.keys("\x03");
    assert_eq!(screen.end(), 0, "{}", screen.screen());
    nothing_is_planned(&project);
}
