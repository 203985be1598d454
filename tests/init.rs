use crate::project::{Project, script};
use crate::terminal::Terminal;

fn last_commit(project: &Project) -> String {
    project.git(["show", "--format=%s", "--name-only", "HEAD"])
}

#[test]
fn outside_of_a_work_tree_it_says_what_to_type() {
    let project = Project::bare_folder();
    let said = project.run(["init"]).badly(2);
    assert!(said.contains("is in no git work tree") && said.contains("hint: git init"), "{said}");
    assert!(!project.exists(".orchestra"));
}

#[test]
fn a_crate_is_set_up_from_any_folder_and_everything_written_is_named() {
    let project = Project::new();
    let said = project.run_in("src", ["init"]).well();
    let top = format!("{}  Rust crate\n", project.root().display());
    assert!(said.starts_with(&top), "{said}");
    for path in
        [".orchestra/config.yaml", ".orchestra/roles/owner.md", ".orchestra/.template.json", "AGENTS.md"]
    {
        assert!(said.contains(&format!("\n    {path}\n")), "{path}: {said}");
        assert!(project.exists(path), "{path}");
    }
    assert!(said.contains("to commit: git add .orchestra AGENTS.md && git commit"), "{said}");
    assert!(said.ends_with("next: orchestra add \"what should be done\"  plans one small thing\n"), "{said}");
    assert_eq!(project.status(), "?? .orchestra/\n?? AGENTS.md");
    // What it wrote is trusted by that act.
    assert!(project.run(["trust"]).well().ends_with("You have agreed to this.\n"));
}

#[test]
fn without_an_agent_it_says_how_to_get_one_and_that_the_demo_needs_none() {
    let said = Project::new().run(["init"]).well();
    assert!(said.contains("No agent was found") && said.contains("`orchestra demo` needs none"), "{said}");
}

#[test]
fn the_agents_that_are_installed_are_described_and_one_is_chosen() {
    let project = Project::new();
    project.agent("codex", "0.9");
    // Claude Code is there, and nobody is logged in: Codex goes first.
    project.program("claude", "#!/bin/sh\necho 2.0\n");
    let said = project.run(["init"]).well();
    assert!(said.contains("✔ `codex` plays every role.\n"), "{said}");
    assert!(
        said.contains("claude: Claude Code at ") && said.contains("not logged in: run `claude`"),
        "{said}"
    );
    let config = project.read(".orchestra/config.yaml");
    assert!(config.contains("  default: codex\n") && config.contains("  claude: {"), "{config}");
}

#[test]
fn an_agent_that_lies_in_the_repository_is_never_started() {
    let mut project = Project::new();
    script(&project.root().join("tools/claude"), "#!/bin/sh\ntouch ../PWNED\n");
    let path = std::env::join_paths([project.root().join("tools"), project.base().join("bin")]).unwrap();
    project.set("PATH", path);
    let said = project.run(["init"]).well();
    assert!(said.contains("No agent was found"), "{said}");
    assert!(!project.base().join("PWNED").exists());
}

#[test]
fn only_what_it_wrote_is_committed_and_what_was_staged_stays_staged() {
    let project = Project::new();
    project.write("staged.txt", "mine");
    project.git(["add", "staged.txt"]);
    project.write("src/main.rs", "fn main() { /* mine */ }\n");
    let said = project.run(["init", "--commit"]).well();
    assert!(said.contains("✔ Committed: chore: set up orchestra\n"), "{said}");
    let commit = last_commit(&project);
    assert!(commit.starts_with("chore: set up orchestra\n\n.orchestra/.gitignore\n"), "{commit}");
    assert!(commit.contains("\nAGENTS.md") && !commit.contains("staged.txt"), "{commit}");
    assert_eq!(project.status(), " M src/main.rs\nA  staged.txt");
}

#[test]
fn a_repository_without_a_commit_gets_its_first() {
    let project = Project::unborn();
    project.write("main.py", "print()\n");
    project.run(["init", "--yes"]).well();
    assert!(last_commit(&project).starts_with("chore: set up orchestra\n"));
    assert_eq!(project.status(), "?? main.py");
}

#[test]
fn a_file_with_changes_of_the_person_s_is_written_but_never_committed() {
    let project = Project::new();
    project.write("AGENTS.md", "# Ours\n");
    project.commit_all("docs: agents");
    project.write("AGENTS.md", "# Ours\n\nHalf a thought");
    let said = project.run(["init", "--commit"]).well();
    assert!(said.contains("AGENTS.md has changes of yours besides; commit it yourself."), "{said}");
    assert!(!last_commit(&project).contains("AGENTS.md"));
    assert_eq!(project.status(), " M AGENTS.md");
    assert!(project.read("AGENTS.md").starts_with("# Ours\n\nHalf a thought\n\n<!-- orchestra:begin -->"));
}

#[test]
fn at_a_terminal_it_offers_to_commit() {
    let project = Project::new();
    let mut terminal = Terminal::start(&project, ["init"]);
    terminal.wait_for("Commit them (chore: set up orchestra)? [Y/n] ");
    terminal.line("y");
    let (code, said) = terminal.end();
    assert_eq!(code, 0, "{said}");
    assert_eq!(project.status(), "");

    let project = Project::new();
    let (code, said) = Terminal::start(&project, ["init", "--no-commit"]).end();
    assert_eq!(code, 0);
    assert!(said.contains("to commit:") && !said.contains("[Y/n]"), "{said}");
}

#[test]
fn a_hook_that_says_no_is_told_and_everything_else_stays_done() {
    let project = Project::new();
    script(
        &project.root().join(".git/hooks/pre-commit"),
        "#!/bin/sh\necho 'no commits on Fridays' >&2\nexit 1\n",
    );
    let run = project.run(["init", "--commit"]);
    assert!(run.stdout.contains("to commit: git add .orchestra"), "{}", run.stdout);
    let said = run.badly(1);
    assert!(said.contains("error: git did not commit") && said.contains("no commits on Fridays"), "{said}");
    assert_eq!(project.status(), "?? .orchestra/\n?? AGENTS.md");
    assert!(project.run(["trust"]).well().ends_with("You have agreed to this.\n"));
}

#[test]
fn a_private_set_up_leaves_no_trace_in_git() {
    let project = Project::new();
    project.write("CLAUDE.md", "# Ours\n");
    project.commit_all("docs: claude");
    let said = project.run(["init", "--private", "--commit"]).well();
    let exclude = project.root().join(".git/info/exclude");
    assert!(
        said.contains(&format!("    {}  (keeps `.orchestra` out of git)\n", exclude.display())),
        "{said}"
    );
    assert!(!said.contains("Committed"), "{said}");
    assert_eq!(project.status(), "");
    assert_eq!((project.read("CLAUDE.md").as_str(), project.exists("AGENTS.md")), ("# Ours\n", false));
    assert!(project.exists(".orchestra/config.yaml"));
    // It stays so, also when it is not said again.
    project.run(["init", "--upgrade", "--yes"]).well();
    assert_eq!(project.status(), "");
    assert!(!project.exists("AGENTS.md"));
    project.run(["add", "fix it"]).well();
    assert_eq!(project.status(), "");
}

#[test]
fn what_git_tracks_is_not_claimed_to_be_private() {
    let project = Project::set_up();
    let before = project.read(".git/info/exclude");
    let said = project.run(["init", "--private"]).badly(2);
    assert!(
        said.contains("error: git tracks `.orchestra`, so that it cannot be kept out of git\n"),
        "{said}"
    );
    let hint = "hint: git rm -r --cached .orchestra && git commit -m \"chore: keep orchestra out of git\", \
                then again: orchestra init --private\n";
    assert!(said.contains(hint), "{said}");
    assert_eq!((project.read(".git/info/exclude"), project.status()), (before, String::new()));
    // Half of what it says is not enough, all of it is.
    project.git(["rm", "-r", "-q", "--cached", ".orchestra"]);
    assert!(project.run(["init", "--private"]).badly(2).contains("hint: git commit -m"));
    project.git(["commit", "-q", "-m", "chore: keep orchestra out of git"]);
    assert!(project.run(["init", "--private"]).well().contains("(keeps `.orchestra` out of git)"));
    assert_eq!(project.status(), "");
    assert!(project.exists(".orchestra/config.yaml"));
}

#[test]
fn a_private_set_up_in_a_linked_work_tree_uses_the_shared_exclude() {
    let project = Project::new();
    project.git(["worktree", "add", "-q", "../linked"]);
    let linked = project.base().join("linked");
    let output = project.command(["init", "--private"]).current_dir(&linked).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(linked.join(".orchestra/config.yaml").exists() && !project.exists(".orchestra"));
    assert_eq!(project.git(["-C", "../linked", "status", "--porcelain"]), "");
}

#[test]
fn a_second_run_has_nothing_to_do() {
    let project = Project::set_up();
    let said = project.run(["init"]).well();
    assert!(said.contains("Nothing to write: this is set up.") && said.contains("init --upgrade"), "{said}");
    assert_eq!(project.status(), "");
}

#[test]
fn what_an_earlier_run_left_uncommitted_is_offered_again() {
    let project = Project::new();
    project.agent("claude", "1");
    project.write("CLAUDE.md", "# Ours\n");
    project.commit_all("docs: claude");
    project.run(["init", "--no-commit"]).well();
    project.run(["add", "fix it"]).well();
    let said = project.run(["init"]).well();
    assert!(
        said.contains("· Not committed yet: 13 files of the set-up.\nto commit: git add .orchestra"),
        "{said}"
    );
    // A person's own words in a file that is new are what this commit is about.
    project.write(".orchestra/config.yaml", project.read(".orchestra/config.yaml") + "# mine\n");
    let said = project.run(["init", "--commit"]).well();
    assert!(said.contains("✔ Committed: chore: set up orchestra\n"), "{said}");
    assert!(said.contains("next: orchestra start"), "{said}");
    let commit = last_commit(&project);
    for path in [".orchestra/.template.json", ".orchestra/config.yaml", "AGENTS.md", "CLAUDE.md"] {
        assert!(commit.contains(&format!("\n{path}")), "{path}: {commit}");
    }
    // The plan is not the set-up.
    assert_eq!(project.status(), "?? .orchestra/milestones/");
    assert!(project.run(["init", "--commit"]).well().ends_with("init --upgrade\n"));
}

#[test]
fn an_upgrade_that_was_not_committed_is_offered_again_and_a_person_s_edits_never_are() {
    let project = Project::set_up();
    let hash = |text: &str| orchestra_core::path::ContentHash::of(text.as_bytes()).to_string();
    let new = project.read(".orchestra/README.md");
    let old = new.clone() + "as an older version delivered it\n";
    project.write(".orchestra/README.md", &old);
    let record = project.read(".orchestra/.template.json").replace(&hash(&new), &hash(&old));
    project.write(".orchestra/.template.json", record);
    project.commit_all("chore: as it was");
    for path in [".orchestra/config.yaml", "AGENTS.md"] {
        project.write(path, project.read(path) + "\n# mine\n");
    }
    project.run(["init", "--upgrade", "--no-commit"]).well();
    let said = project.run(["init", "--upgrade", "--commit"]).well();
    assert!(said.contains("✔ Committed: chore: upgrade orchestra\n"), "{said}");
    assert_eq!(
        last_commit(&project),
        "chore: upgrade orchestra\n\n.orchestra/.template.json\n.orchestra/README.md"
    );
    assert_eq!(project.status(), " M .orchestra/config.yaml\n M AGENTS.md");
}

#[test]
fn at_a_terminal_what_was_left_is_asked_about_also_where_it_is_staged() {
    let project = Project::new();
    project.run(["init", "--no-commit"]).well();
    project.git(["add", ".orchestra"]);
    let mut terminal = Terminal::start(&project, ["init"]);
    terminal.wait_for("Commit them (chore: set up orchestra)? [Y/n] ");
    terminal.line("y");
    assert_eq!(terminal.end().0, 0);
    assert_eq!(project.status(), "");
}

#[test]
fn a_branch_without_a_commit_is_told_before_a_start_refuses() {
    let project = Project::unborn();
    let wanted =
        "· The branch has no commit yet. `orchestra start` needs this first:\n    git commit --allow-empty";
    for args in [["init", "--no-commit"], ["init", "--private"]] {
        let said = project.run(args).well();
        assert!(said.contains(wanted), "{said}");
    }
    let project = Project::unborn();
    assert!(!project.run(["init", "--commit"]).well().contains("no commit yet"));
}

#[test]
fn a_stranger_s_set_up_is_not_trusted_by_running_it_again() {
    let mut project = Project::set_up();
    project.write(".orchestra/roles/tester.md", "---\nid: tester\nwrites: [\"**\"]\n---\nTest.\n");
    std::fs::remove_file(project.root().join(".orchestra/roles/owner.md")).unwrap();
    std::fs::remove_file(project.root().join(".orchestra/.template.json")).unwrap();
    let data = project.base().join("home/other");
    project.set("XDG_DATA_HOME", data);
    let said = project.run(["init"]).well();
    assert!(said.contains("✔ Wrote ") && said.contains("is not trusted yet"), "{said}");
    assert!(
        said.ends_with("next: orchestra trust  shows what this project would run, and asks you\n"),
        "{said}"
    );
    assert_eq!(project.run(["trust"]).code, 2);
}

#[test]
fn several_kinds_of_projects_are_recognised() {
    type Files = &'static [(&'static str, &'static str)];
    let cases: [(Files, &str, &str); 4] = [
        (&[("go.mod", "module shop\n"), ("main.go", "package main\n")], "Go module", "go test ./..."),
        (
            &[
                ("package.json", r#"{"scripts":{"test":"vitest run"},"dependencies":{"react":"19"}}"#),
                ("src/a.tsx", ""),
            ],
            "React",
            "npm",
        ),
        (&[("pyproject.toml", "[project]\nname = \"shop\"\n"), ("conftest.py", "")], "Python", "pytest"),
        (&[], "empty project", "# verify: []"),
    ];
    for (files, kind, verify) in cases {
        let project = Project::unborn();
        for (path, text) in files {
            project.write(path, text);
        }
        let said = project.run(["init", "--no-commit"]).well();
        assert!(said.lines().next().unwrap().contains(kind), "{kind}: {said}");
        let config = project.read(".orchestra/config.yaml");
        assert!(config.contains(verify), "{verify}: {config}");
        // What was written is what the program itself reads.
        assert!(project.run(["config"]).well().contains("verify"));
        assert!(project.run(["status"]).well().starts_with("shop · no worker runs\nnext: "));
    }
}

#[test]
fn while_a_worker_runs_nothing_is_set_up_or_upgraded() {
    let project = Project::set_up();
    let mut worker = orchestra_project::lock::WorkerLock::try_acquire(&project.layout(), "1").unwrap();
    worker.describe("M1-one phase-1", false).unwrap();
    let said = project.run(["init", "--upgrade"]).badly(4);
    assert!(said.starts_with("error: a worker runs in this checkout\n"), "{said}");
    assert!(said.contains(&format!("  process {} on ", std::process::id())), "{said}");
    assert!(said.contains("  it runs M1-one phase-1\n"), "{said}");
    assert!(said.ends_with("  hint: orchestra status --watch, or orchestra stop\n"), "{said}");
}

#[test]
fn a_link_in_the_place_of_a_folder_is_not_followed() {
    let project = Project::new();
    std::fs::create_dir(project.base().join("elsewhere")).unwrap();
    std::os::unix::fs::symlink("../elsewhere", project.root().join(".orchestra")).unwrap();
    let said = project.run(["init"]).badly(1);
    assert!(said.contains("is a symbolic link"), "{said}");
    assert_eq!(std::fs::read_dir(project.base().join("elsewhere")).unwrap().count(), 0);
}
