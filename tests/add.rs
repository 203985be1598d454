use crate::project::Project;
use crate::terminal::Terminal;

#[test]
fn a_request_becomes_a_milestone_with_one_phase() {
    let project = Project::set_up();
    let said = project.run(["add", "fix the redirect", "--priority", "p0"]).well();
    assert_eq!(
        said,
        "✔ Added M1-fix-the-redirect for backend-engineer.\n  \
         .orchestra/milestones/M1-fix-the-redirect/phases/phase-1.md is what backend-engineer will read.\n\
         next: orchestra start  begins M1-fix-the-redirect\n"
    );
    let milestone = project.read(".orchestra/milestones/M1-fix-the-redirect/milestone.md");
    assert!(milestone.contains("priority: P0\n") && milestone.contains("rfc: skip\n"), "{milestone}");
    let phase = project.read(".orchestra/milestones/M1-fix-the-redirect/phases/phase-1.md");
    assert!(phase.contains("role: backend-engineer\n") && phase.contains("> fix the redirect\n"), "{phase}");
    // The journal knows whose documents these are.
    let journal = project.read(".orchestra/.state/journal.jsonl");
    let wrote = journal.lines().filter(|line| line.contains("\"wrote\"") && line.contains("/milestones/M1-"));
    assert_eq!(wrote.count(), 3, "{journal}");
}

#[test]
fn each_gets_the_number_after_the_highest_also_after_one_that_cannot_be_read() {
    let project = Project::set_up();
    project.run(["add", "one"]).well();
    project.write(".orchestra/milestones/M7-broken/milestone.md", "no front matter\n");
    project.run(["add", "several", "words"]).well();
    assert!(project.exists(".orchestra/milestones/M8-several-words/milestone.md"));
}

#[test]
fn a_role_is_named_by_its_id_or_its_alias() {
    let project = Project::set_up();
    project.run(["add", "dark mode", "--role", "#frontend"]).well();
    let phase = project.read(".orchestra/milestones/M1-dark-mode/phases/phase-1.md");
    assert!(phase.contains("role: frontend-engineer\n"), "{phase}");
    let said = project.run(["add", "x", "--role", "wizard"]).badly(2);
    assert!(said.contains("there is no role `wizard`") && said.contains("backend-engineer"), "{said}");
    let said = project.run(["add", "x", "--role", "reviewer"]).well();
    assert!(said.contains("code-reviewer may write nothing"), "{said}");
}

#[test]
fn what_cannot_be_added_is_refused_with_what_to_type() {
    let project = Project::new();
    let said = project.run(["add", "x"]).badly(2);
    assert!(said.contains("there is no `.orchestra`") && said.contains("hint: orchestra init"), "{said}");
    project.run(["init"]).well();
    assert!(project.run(["add", "  "]).badly(2).contains("an empty text"));
    assert!(project.run(["add", "x", "--priority", "P9"]).badly(2).contains("P0, P1, P2"));
    assert!(!project.exists(".orchestra/milestones"));
}

#[test]
fn at_a_terminal_a_project_that_is_missing_is_set_up_first() {
    let project = Project::new();
    let mut terminal = Terminal::start(&project, ["add", "fix it"]);
    terminal.wait_for("Set it up now?");
    terminal.line("");
    terminal.wait_for("Commit them (chore: set up orchestra)?");
    terminal.line("n");
    let (code, said) = terminal.end();
    assert_eq!(code, 0, "{said}");
    assert!(project.exists(".orchestra/milestones/M1-fix-it/phases/phase-1.md"));

    let other = Project::new();
    let mut terminal = Terminal::start(&other, ["add", "fix it"]);
    terminal.wait_for("Set it up now?");
    terminal.line("no");
    assert_eq!(terminal.end().0, 2);
    assert!(!other.exists(".orchestra"));
}

#[test]
fn text_that_would_be_structure_stays_text() {
    let project = Project::set_up();
    project.run(["add", "# heading\n---\nstatus: done\n\u{1b}[2J"]).well();
    let said = project.run(["status", "--json"]).well();
    let status: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(status["set_aside"], serde_json::json!([]), "{said}");
    assert_eq!(status["milestones"][0]["status"], "planning");
    assert!(!project.run(["status"]).well().contains('\u{1b}'));
}
