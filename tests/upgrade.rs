use crate::project::Project;
use crate::terminal::Terminal;

const SECTION: &str = "# Ours\n\n<!-- orchestrator:start -->\n## Orchestrator\n\nCommit after every phase of \
                       `.orchestra`.\n<!-- orchestrator:end -->\n\n## Theirs\n";

/// A project of the original orchestrator, 1.7.
fn of_17() -> Project {
    let project = Project::new();
    project.agent("claude", "1");
    project.write("CLAUDE.md", SECTION);
    project.write(".orchestra/roles/backend.md", "# Backend\n\nOur own words.\n");
    project.write(
        ".orchestra/milestones/M1/milestone.md",
        "# Milestone: M1 — Login\n\n| Field | Value |\n|---|---|\n| Status | planning |\n| Priority | P1 |\n\n\
         ## Acceptance Criteria\n- [ ] it works\n\n## Phases\n\n| # | Role | Description | Status |\n|---|---|---|---|\n\
         | 1 | #backend | DB schema | pending |\n",
    );
    project.write(
        ".orchestra/milestones/M1/phases/phase-1.md",
        "---\nrole: backend-engineer\nstatus: pending\norder: 1\n---\n## Objective\nDB schema\n",
    );
    project.commit_all("chore: orchestrator 1.7");
    project
}

#[test]
fn everything_of_17_is_shown_and_replaced_when_the_person_says_so() {
    let project = of_17();
    let said = project.run(["init", "--upgrade", "--yes"]).well();
    assert!(
        said.contains("CLAUDE.md has a section of Orchestra 1.7:\n  - <!-- orchestrator:start -->\n"),
        "{said}"
    );
    assert!(said.contains("  - Commit after every phase"), "{said}");
    assert!(said.contains("  + <!-- orchestra:begin -->\n"), "{said}");
    assert!(said.contains(".orchestra/roles/backend.md  gets front matter; its text stays"), "{said}");
    assert!(said.contains("Milestones of Orchestra 1.7, which work as they are: M1\n"), "{said}");
    assert!(said.contains("✔ Committed: chore: upgrade orchestra\n"), "{said}");
    assert_eq!(project.status(), "");

    let claude = project.read("CLAUDE.md");
    assert!(
        claude.starts_with("# Ours\n\n<!-- orchestra:begin -->") && claude.ends_with("## Theirs\n"),
        "{claude}"
    );
    assert!(!claude.contains("Commit after every phase"), "{claude}");
    let role = project.read(".orchestra/roles/backend.md");
    assert!(
        role.starts_with("---\nid: backend-engineer\n") && role.ends_with("# Backend\n\nOur own words.\n"),
        "{role}"
    );
    let milestone = project.read(".orchestra/milestones/M1/milestone.md");
    assert!(milestone.starts_with("---\nid: M1\n") && milestone.contains("- [ ] it works\n"), "{milestone}");
    // All of it was read before by the same rules, and now is trusted: the person has seen it.
    let said = project.run(["status"]).well();
    assert!(said.contains("○ M1  Login  planning · 0 of 1 phases done · P1\n"), "{said}");
}

#[test]
fn without_an_answer_what_a_person_wrote_stays() {
    let project = of_17();
    let said = project.run(["init", "--upgrade"]).well();
    assert!(said.contains("The section of 1.7 stays."), "{said}");
    assert_eq!(project.read("CLAUDE.md"), SECTION);
    assert!(project.read(".orchestra/milestones/M1/milestone.md").starts_with("# Milestone: M1"));
    assert!(project.exists(".orchestra/config.yaml"));
    assert!(project.run(["status"]).well().contains("○ M1  Login"));
}

#[test]
fn at_a_terminal_each_is_asked_about() {
    let project = of_17();
    let mut terminal = Terminal::start(&project, ["init", "--upgrade"]);
    terminal.wait_for("Replace it so? [Y/n] ");
    terminal.line("");
    terminal.wait_for("Rewrite them with front matter? Their text stays. [y/N] ");
    terminal.line("");
    terminal.wait_for("Commit them (chore: upgrade orchestra)? [Y/n] ");
    terminal.line("n");
    assert_eq!(terminal.end().0, 0);
    assert!(project.read("CLAUDE.md").contains("<!-- orchestra:begin -->"));
    assert!(project.read(".orchestra/milestones/M1/milestone.md").starts_with("# Milestone: M1"));
}

#[test]
fn edits_are_kept_and_what_is_up_to_date_is_left_alone() {
    let project = Project::set_up();
    let said = project.run(["init", "--upgrade"]).well();
    assert!(said.ends_with("✔ Nothing was changed: this is up to date.\n"), "{said}");

    let mine = project.read(".orchestra/roles/owner.md") + "\nMine.\n";
    project.write(".orchestra/roles/owner.md", &mine);
    project.write(".orchestra/README.md", "as an older version delivered it");
    let record = project.read(".orchestra/.template.json");
    let mut record: serde_json::Value = serde_json::from_str(&record).unwrap();
    let hash = orchestra_core::path::ContentHash::of(b"as an older version delivered it").to_string();
    record["files"]["README.md"] = hash.clone().into();
    record["files"]["roles/owner.md"] = hash.into();
    project.write(".orchestra/.template.json", record.to_string());
    let said = project.run(["init", "--upgrade"]).well();
    assert!(said.contains("~ .orchestra/README.md  brought up to date\n"), "{said}");
    let stays =
        "≠ .orchestra/roles/owner.md  has your changes and stays; ours is .orchestra/roles/owner.md.new\n";
    assert!(said.contains(stays), "{said}");
    assert_eq!(project.read(".orchestra/roles/owner.md"), mine);
}

#[test]
fn an_agent_that_was_installed_later_is_taken_up_where_the_configuration_is_as_delivered() {
    let project = Project::new();
    project.run(["init", "--commit"]).well();
    project.agent("claude", "1.2.3");
    let said = project.run(["init", "--upgrade", "--commit"]).well();
    assert!(said.contains("✔ `claude` plays every role.\n"), "{said}");
    assert!(project.read(".orchestra/config.yaml").contains("  default: claude\n"));
    // What was written is trusted, as the rest was before.
    assert!(project.run(["trust"]).well().ends_with("You have agreed to this.\n"));
}

/// Whether the person has agreed to what the project would run.
fn is_trusted(project: &Project) -> bool {
    project.run(["trust"]).code == 0
}

#[test]
fn a_command_that_the_repository_brought_along_stays_untrusted_whichever_file_it_ends_up_in() {
    // The second role is known only after the upgrade, so that the command was not even listed before.
    for (role, is_listed) in [("backend", true), ("backend-engineer", false)] {
        let project = of_17();
        let phase = ".orchestra/milestones/M1/phases/phase-1.md";
        let text = format!(
            "---\nrole: {role}\nstatus: pending\norder: 1\nverify: [\"touch ../PWNED\"]\n---\n## Objective\nx\n"
        );
        project.write(phase, text);
        project.commit_all("feat: a phase");
        let listed = project.run(["trust", "--show"]).well();
        assert_eq!(listed.contains("verify: touch ../PWNED"), is_listed, "{listed}");
        let said = project.run(["init", "--upgrade", "--yes", "--no-commit"]).well();
        assert!(project.read(phase).contains("complexity:"), "it was rewritten");
        assert!(said.contains("is not trusted yet"), "{said}");
        assert!(!is_trusted(&project));
        let refused = project.run(["start", "--once", "--auto=rfc"]).badly(2);
        assert!(refused.contains("that you have not agreed to"), "{refused}");
        assert!(!project.base().join("PWNED").exists());
    }
}

#[test]
fn what_a_stranger_s_role_may_write_is_not_taken_for_that_of_our_file_of_its_name() {
    let project = of_17();
    // Named as one of ours, in a file that is not: ours is put beside it.
    project.write(".orchestra/roles/a.md", "---\nid: owner\nwrites: [\"**\"]\n---\nMine.\n");
    project.run(["init", "--upgrade", "--yes", "--no-commit"]).well();
    assert!(project.exists(".orchestra/roles/owner.md") && !is_trusted(&project));
}

#[test]
fn a_command_that_was_agreed_to_stays_agreed_to_when_its_milestone_is_rewritten() {
    let project = of_17();
    let phase = ".orchestra/milestones/M1/phases/phase-1.md";
    project.write(phase, "---\nrole: backend\nstatus: pending\norder: 1\nverify: [\"true\"]\n---\n");
    project.run(["trust", "--yes"]).well();
    project.run(["init", "--upgrade", "--yes", "--no-commit"]).well();
    assert!(project.read(phase).contains("complexity:") && is_trusted(&project));
}

#[test]
fn who_plays_the_roles_stays_whatever_the_machine_has_on_which_it_is_upgraded() {
    let project = Project::set_up();
    let config = project.read(".orchestra/config.yaml");
    std::fs::remove_file(project.base().join("bin/claude")).unwrap();
    for is_other_there in [false, true] {
        if is_other_there {
            project.agent("codex", "0.9");
        }
        let said = project.run(["init", "--upgrade"]).well();
        assert!(said.ends_with("✔ Nothing was changed: this is up to date.\n"), "{said}");
        assert_eq!(
            (project.read(".orchestra/config.yaml"), project.status()),
            (config.clone(), String::new())
        );
    }
    // Also where this version brings something new.
    let old = config.clone() + "# as it was\n";
    project.write(".orchestra/config.yaml", &old);
    let hash = |text: &str| orchestra_core::path::ContentHash::of(text.as_bytes()).to_string();
    let record = project.read(".orchestra/.template.json").replace(&hash(&config), &hash(&old));
    project.write(".orchestra/.template.json", record);
    let said = project.run(["init", "--upgrade"]).well();
    assert!(said.contains("~ .orchestra/config.yaml  brought up to date\n"), "{said}");
    let chosen = "✔ `claude` plays every role.\n    claude: was not found on this machine";
    assert!(said.contains(chosen) && !said.contains("codex: Codex at"), "{said}");
    assert_eq!(project.read(".orchestra/config.yaml"), config);
    assert!(is_trusted(&project));
}

#[test]
fn what_a_stranger_s_record_would_fill_in_is_not_trusted() {
    let mut project = Project::set_up();
    let record = project.read(".orchestra/.template.json");
    let mut record: serde_json::Value = serde_json::from_str(&record).unwrap();
    record["values"]["verify"] = "verify: [\"touch ../PWNED\"]".into();
    project.write(".orchestra/.template.json", record.to_string());
    let data = project.base().join("home/other");
    project.set("XDG_DATA_HOME", data);
    let said = project.run(["init", "--upgrade"]).well();
    assert!(project.read(".orchestra/config.yaml").contains("PWNED"), "{said}");
    assert!(said.contains("is not trusted yet") && !is_trusted(&project), "{said}");
}

#[test]
fn while_a_question_waits_no_worker_begins() {
    let project = of_17();
    let mut terminal = Terminal::start(&project, ["init", "--upgrade"]);
    terminal.wait_for("Replace it so? [Y/n] ");
    assert_eq!(project.status(), "", "the lock is no business of git's");
    for command in [["start", "--once"].as_slice(), &["init"]] {
        let said = project.run(command).badly(4);
        assert!(said.contains("  it runs orchestra init\n"), "{said}");
    }
    terminal.line("");
    terminal.wait_for("Rewrite them with front matter? Their text stays. [y/N] ");
    terminal.line("");
    terminal.wait_for("Commit them (chore: upgrade orchestra)? [Y/n] ");
    assert_eq!(project.run(["start", "--once"]).code, 4);
    terminal.line("n");
    let (code, said) = terminal.end();
    assert_eq!(code, 0);
    assert!(said.contains("next: orchestra start"), "{said}");
    drop(orchestra_project::lock::WorkerLock::try_acquire(&project.layout(), "1").unwrap());
}

#[test]
fn what_an_interrupted_run_left_is_cleared_away() {
    let project = Project::set_up();
    for folder in ["", ".orchestra/"] {
        project.write(format!("{folder}.orchestra-tmp-1-a"), "half");
    }
    project.run(["init"]).well();
    assert_eq!(project.status(), "");
    assert!(!project.exists(".orchestra-tmp-1-a") && !project.exists(".orchestra/.orchestra-tmp-1-a"));
}
