use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::Stdio;

use orchestra_project::lock::WorkerLock;

use crate::project::{Asked, Project};
use crate::terminal::Terminal;
use crate::trouble;

#[test]
fn f43_a_reader_that_goes_away_is_no_error() {
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
fn f43_output_that_cannot_be_written_is_an_error() {
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

#[test]
fn what_is_to_be_typed_next_names_the_project_where_it_was_named() {
    let project = Project::set_up();
    // Somebody else's home, who has agreed to nothing.
    let clone = Project::new();
    let base = clone.base();
    let empty = base.join("it's empty");
    std::fs::create_dir(&empty).unwrap();
    let from = |project: &Path, args: &[&str]| {
        let mut command = clone.command([&["--project", project.to_str().unwrap()][..], args].concat());
        let output = command.current_dir(&base).output().unwrap();
        String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap()
    };
    let root = project.root();
    let named = root.display();
    for (args, hint) in [
        (&["trust"][..], format!("then: orchestra --project {named} trust --yes\n")),
        (&["start"], format!("hint: orchestra --project {named} trust\n")),
        (&["rescue", "show", "M9/x"], format!("hint: orchestra --project {named} rescue list\n")),
    ] {
        let said = from(&root, args);
        assert!(said.contains(&hint), "{args:?}: {said}");
    }
    let _lock = WorkerLock::try_acquire(&project.layout(), "1").unwrap();
    let said = from(&root, &["start"]);
    let watch =
        format!("hint: orchestra --project {named} status --watch, or orchestra --project {named} stop\n");
    assert!(said.contains(&watch), "{said}");
    project.write(".orchestra/config.yaml", "version: one\n");
    let said = from(&root, &["config"]);
    assert!(said.contains(&format!("with `orchestra --project {named} config`")), "{said}");

    let root = clone.root();
    assert!(
        from(&root, &["config"]).contains(&format!("hint: orchestra --project {} init\n", root.display()))
    );
    assert!(from(&root, &[]).contains(&format!("next: orchestra --project {} init\n", root.display())));
    let quoted = format!("git init '{}'", empty.display().to_string().replace('\'', "'\\''"));
    assert!(from(&empty, &["config"]).contains(&format!("hint: {quoted}\n")));
}

#[test]
fn a_repository_without_a_work_tree_is_told_from_no_repository() {
    let project = Project::set_up();
    let said = project.run_in(".git/refs", ["status"]).badly(2);
    let hint = format!("hint: go up to its work tree: cd {}\n", project.root().display());
    assert!(said.contains("is inside of a git directory") && said.ends_with(&hint), "{said}");
    assert_eq!(project.run_in(".git", [""; 0]).badly(2).matches("git init").count(), 0);
    project.git(["init", "-q", "--bare", "../bare.git"]);
    for folder in ["../bare.git", "../bare.git/refs"] {
        let said = project.run_in(folder, ["status"]).badly(2);
        assert!(said.contains("bare.git` is a bare repository, without a work tree"), "{said}");
        assert!(said.contains("hint: use an ordinary clone") && !said.contains("git init"), "{said}");
    }
}

#[test]
fn where_the_terminal_takes_no_utf8_every_command_keeps_to_ascii() {
    let mut project = Project::with_remote();
    project.set("LC_ALL", "C");
    let id = project.milestone("one");
    assert!(project.run(["status"]).well().contains("    o phase-1  backend-engineer  one\n"));
    let asked = Asked { milestone: Some(&id), ..Asked::default() };
    project.ask("failed-3f9a", &asked);
    for args in [
        &[""; 0][..],
        &["status"],
        &["doctor"],
        &["config"],
        &["trust", "--show"],
        &["rescue"],
        &["start", "--once"],
        &["answer", "failed-0000", "skip"],
        &["answer", "failed-3f9a", "skip"],
        &["--help"],
        &["start", "--help"],
    ] {
        let run = project.run(args);
        let said = run.stdout + &run.stderr;
        assert!(said.is_ascii() && !said.is_empty(), "{args:?}: {said}");
    }
    // What a program reads is never changed.
    project.run(["add", "two → three"]).well();
    assert!(project.run(["status", "--json"]).well().contains("two → three"));
}

#[test]
fn a_question_at_a_terminal_without_utf8_is_asked_in_ascii() {
    let project = trouble::project(trouble::PLAIN);
    project.add(&trouble::one_phase());
    let mut command = project.orchestra(&["start", "--once"]);
    command.env("LC_ALL", "C");
    let mut terminal = Terminal::run(command);
    terminal.wait_for("? All done. Push to origin?");
    terminal.wait_for("1 approve - 2 revise WHAT TO CHANGE - 3 finish");
    terminal.line("finish");
    let (_, said) = terminal.end();
    assert!(said.is_ascii() && said.contains("done, not pushed"), "{said}");
}

/// A phase whose agent listens and writes down what it hears, and a reviewer who expects to have been told something.
const LISTENS: &str = r##"
version: 1
turns:
  - when: { work: rfc }
    steps:
      - write: { path: ".orchestra/milestones/${milestone}/rfc.md", content: "# Design\n" }
  - when: { work: phase-1 }
    steps:
      - say: I listen
      - listen: 10m
      - write: { path: src/said.txt, content: "${said}\n" }
  - when: { work: "review-*" }
    steps: [{ expect: look at the dates }]
    report: { verdict: approved }
"##;

#[test]
fn in_plain_lines_questions_are_answered_by_numbers_and_agents_spoken_to() {
    let project = trouble::project(LISTENS);
    project.add(&orchestra_testkit::Milestone::new("M1-one").phase("backend"));
    let mut terminal = Terminal::run(project.orchestra(&["start", "--once", "--plain-ui"]));
    terminal.wait_for("1 approve · 2 revise WHAT TO CHANGE · 3 stop");
    terminal.line("2 shorter, please");
    terminal.wait_for("→ revise: shorter, please (you)");
    terminal.wait_for("1 approve · 2 revise");
    terminal.line("1");
    terminal.wait_for("I listen");
    // What begins with no sign is no answer, for nothing is asked, and is told to nobody.
    terminal.line("1");
    terminal.wait_for("(nothing is asked at the moment; `> WORDS` tells the agent");
    terminal.line(">> look at the names");
    terminal.wait_for("you → whoever comes after phase-1: look at the names");
    terminal.line("<");
    terminal.wait_for("taken back: look at the names");
    terminal.line("<");
    terminal.wait_for("(nothing waits to be said)");
    terminal.line(">> look at the dates");
    terminal.wait_for("you → whoever comes after phase-1: look at the dates");
    terminal.line("> use bcrypt");
    terminal.wait_for("it has heard you");
    terminal.wait_for("#reviewer is told: look at the dates");
    terminal.wait_for("3 finish");
    terminal.line("3");
    let (code, said) = terminal.end();
    assert_eq!(code, 0, "{said}");
    assert_eq!(project.read("src/said.txt"), "use bcrypt\n");
}
