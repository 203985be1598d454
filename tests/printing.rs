use std::io::{BufRead as _, BufReader, Read as _};
use std::process::Stdio;

use crate::project::Project;
use crate::terminal::Terminal;

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let project = Project::set_up();
    for args in [&["config"][..], &["status"], &["--help"], &["man"], &["trust", "--show"], &["doctor"]] {
        let expected = project.run(args).code;
        // Its only reader is closed before the program begins.
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut child = project.command(args).stdout(Stdio::from(writer)).spawn().unwrap();
        let mut said = String::new();
        child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(expected), "{args:?}: {said}");
        assert_eq!(said, "", "{args:?}");
    }
}

#[test]
fn following_ends_when_nobody_reads_any_more() {
    let project = Project::set_up();
    let mut child = project.command(["status", "--watch"]).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let mut first = String::new();
    lines.read_line(&mut first).unwrap();
    assert_eq!(first, "shop · no worker runs\n");
    drop(lines);
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_full_disk_is_an_error() {
    let project = Project::set_up();
    let Ok(full) = std::fs::File::options().write(true).open("/dev/full") else {
        // Not on every system.
        return;
    };
    let output = project.command(["config"]).stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.starts_with("error: could not write to standard output\n  cause: "), "{said}");
}

#[test]
fn colours_are_for_terminals_and_for_those_who_want_them() {
    let mut project = Project::set_up();
    assert!(!project.run(["status"]).well().contains('\u{1b}'));
    let at_a_terminal = |project: &Project| Terminal::start_in_colour(project, ["status"]).end().1;
    assert!(at_a_terminal(&project).contains("\u{1b}[1mshop\u{1b}[0m"));
    project.set("NO_COLOR", "1");
    let said = at_a_terminal(&project);
    assert!(said.starts_with("shop · no worker runs\n") && !said.contains('\u{1b}'), "{said:?}");
}

#[test]
fn a18_what_others_wrote_cannot_move_the_cursor() {
    let project = Project::set_up();
    let id = project.milestone("fix it");
    let file = format!(".orchestra/milestones/{id}/milestone.md");
    let evil = "\"\\e]0;owned\\a\\u202Eevil\"";
    let text = project.read(&file).replace("title: \"fix it\"", &format!("title: {evil}"));
    assert!(text.contains(evil), "{text}");
    project.write(&file, text);
    let said = Terminal::start_in_colour(&project, ["status"]).end().1;
    assert!(said.contains("\\u{1b}]0;owned\\u{7}\\u{202e}evil"), "{said:?}");
    assert!(!said.contains("\u{1b}]") && !said.contains('\u{7}') && !said.contains('\u{202e}'), "{said:?}");
}
