use std::process::{Command, Stdio};

use crate::project::{ORCHESTRA, Project};

const COMMANDS: [&str; 17] = [
    "init",
    "start",
    "status",
    "answer",
    "stop",
    "add",
    "propose",
    "trust",
    "report",
    "rescue",
    "doctor",
    "config",
    "demo",
    "schema",
    "mcp",
    "completions",
    "man",
];

#[test]
fn every_command_explains_itself_with_examples() {
    let project = Project::bare_folder();
    let said = project.run(["--help"]).well();
    for command in COMMANDS {
        assert!(said.contains(&format!("  {command} ")), "{command}: {said}");
        let help = project.run([command, "--help"]).well();
        assert!(help.contains("Examples:\n  orchestra "), "{help}");
        assert!(help.contains("--project <DIR>"), "{help}");
    }
    assert!(!said.contains("__guard"), "{said}");
}

#[test]
fn the_version_is_the_package_s() {
    let said = Project::bare_folder().run(["--version"]).well();
    assert_eq!(said, format!("orchestra {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn what_is_typed_wrong_ends_with_code_2() {
    let project = Project::bare_folder();
    for args in [&["nonsense"][..], &["status", "--jsn"], &["answer"], &["schema", "other"], &["--project"]] {
        let run = project.run(args);
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{args:?}");
        assert!(run.stderr.starts_with("error: "), "{}", run.stderr);
    }
}

#[test]
fn a_guard_that_is_started_by_hand_ends_without_a_word() {
    let mut command = Command::new(ORCHESTRA);
    let output = command.arg("__guard").env_clear().stdin(Stdio::null()).output().unwrap();
    assert_eq!((output.status.code(), output.stdout.len(), output.stderr.len()), (Some(2), 0, 0));
}

#[test]
fn the_server_of_tools_says_in_a_line_that_it_is_not_for_hands() {
    let project = Project::bare_folder();
    let run = project.run(["mcp"]);
    assert_eq!((run.code, run.stdout.as_str()), (2, ""));
    assert!(run.stderr.contains("is started by an agent's program"), "{}", run.stderr);
    let run = project.run(["mcp", "/nowhere/s"]);
    assert_eq!((run.code, run.stdout.as_str()), (1, ""));
    assert!(run.stderr.contains("no turn hands out its tools at `/nowhere/s`"), "{}", run.stderr);
}

#[test]
fn schemas_completions_and_manual_are_printed_anywhere() {
    let project = Project::bare_folder();
    for which in ["report", "config", "proposal", "change"] {
        let schema: serde_json::Value = serde_json::from_str(&project.run(["schema", which]).well()).unwrap();
        assert_eq!(schema["type"], "object");
    }
    for (shell, part) in
        [("bash", "_orchestra()"), ("zsh", "#compdef orchestra"), ("fish", "complete -c orchestra")]
    {
        let said = project.run(["completions", shell]).well();
        assert!(said.contains(part), "{said}");
        assert!(!said.contains("__guard"), "{said}");
    }
    let page = project.run(["man"]).well();
    for part in [".TH orchestra 1", ".SH ORCHESTRA ANSWER", "orchestra answer rfc\\-3f9a approve"] {
        assert!(page.contains(part), "{part}: {page}");
    }
}

#[test]
fn the_project_may_be_named_from_anywhere_and_is_named_again_in_what_is_to_be_typed() {
    let project = Project::set_up();
    let root = project.root();
    let outside = |args: &[&str]| {
        let output = project.command(args).current_dir("/").output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let (code, said) = outside(&["--project", root.join("src").to_str().unwrap(), "status"]);
    assert_eq!(code, Some(0), "{said}");
    let next = format!("next: orchestra --project {}/src add \"what should be done\"", root.display());
    assert!(said.contains(&next), "{said}");
    assert_eq!(outside(&["status", "--project", "/nowhere/at/all"]).0, Some(2));
}
