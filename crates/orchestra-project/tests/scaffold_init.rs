//! What setting up a project writes, and what it leaves alone.

use std::fs;
use std::path::Path;
use std::sync::Barrier;

use insta::assert_snapshot;
use jiff::civil::date;
use orchestra_core::id::{MilestoneId, RoleId};
use orchestra_core::path::{ContentHash, RepoPath};
use orchestra_core::plan::Priority;
use orchestra_project::file::FileError;
use orchestra_project::journal;
use orchestra_project::layout::Layout;
use orchestra_project::lock::DocumentsLock;
use orchestra_project::scaffold::milestone::{NewMilestone, new_milestone};
use orchestra_project::scaffold::{self, Options, Plan, ScaffoldError, Written};

use crate::scaffold_projects::{CRATE, claude, detection, project, put, snapshot, text};

const BEGIN: &str = "<!-- orchestra:begin -->";

fn plan(root: &Path, options: &Options) -> Plan {
    scaffold::plan(root, &detection(root), &claude(), options).unwrap()
}

fn set_up(root: &Path) -> Written {
    scaffold::write(root, &plan(root, &Options::default())).unwrap()
}

#[test]
fn a_project_gets_the_whole_folder_and_agents_md() {
    let folder = project(&CRATE);
    let written = set_up(folder.path());
    assert_snapshot!(written.files.join("\n"), @"
    .orchestra/.gitignore
    .orchestra/README.md
    .orchestra/agents/worker.md
    .orchestra/config.yaml
    .orchestra/roles/architect.md
    .orchestra/roles/backend-engineer.md
    .orchestra/roles/code-reviewer.md
    .orchestra/roles/frontend-engineer.md
    .orchestra/roles/owner.md
    .orchestra/roles/product-manager.md
    .orchestra/.template.json
    AGENTS.md
    ");
    assert_snapshot!(text(folder.path(), "AGENTS.md"), @"
    <!-- orchestra:begin -->
    ## Orchestra

    Work in this repository is planned in `.orchestra/milestones/` and built by Orchestra's worker.

    - The worker commits, one commit a phase. An agent that it started never commits, stages, stashes or pushes.
    - `orchestra status` shows what is planned, running and waiting. Status, Result and `context.md` are the worker's.
    - How the folder works: `.orchestra/README.md`.
    <!-- orchestra:end -->
    ");
    assert_snapshot!(text(folder.path(), ".orchestra/roles/backend-engineer.md").split("keywords").next().unwrap(), @r#"
    ---
    id: backend-engineer
    alias: backend
    icon: 🔧
    # Globs from the top of the repository; `!` takes away. A wall: what lies outside is put back.
    writes:
      - "src/**"
      - "tests/**"
      - "benches/**"
      - "examples/**"
      - "migrations/**"
      - "build.rs"
      - "Cargo.toml"
      # What steers agents, editors and shells belongs to no engineer.
      - "!**/.{claude,codex,cursor,gemini,github,idea,opencode,vscode}/**"
      - "!**/{AGENTS.md,CLAUDE.md,GEMINI.md,.mcp.json,.envrc}"
    # agent: claude       # an agent of config.yaml, where it is not the default one
    # model: sonnet       # where it is not the agent's own
    "#);
}

#[test]
fn a_second_run_has_nothing_to_do() {
    let folder = project(&CRATE);
    let written = set_up(folder.path());
    let before = snapshot(folder.path());
    let again = plan(folder.path(), &Options::default());
    assert_eq!((again.files.len(), again.kept.len()), (0, written.files.len() - 1));
    assert_eq!(snapshot(folder.path()), before);
}

#[test]
fn what_a_person_has_is_kept_and_the_rest_is_added() {
    let folder = project(&CRATE);
    put(folder.path(), ".orchestra/config.yaml", "version: 1 # mine\n");
    put(folder.path(), ".orchestra/roles/tester.md", "---\nid: tester\n---\n");
    let plan = plan(folder.path(), &Options::default());
    assert_eq!(plan.kept, [".orchestra/config.yaml"]);
    scaffold::write(folder.path(), &plan).unwrap();
    assert_eq!(text(folder.path(), ".orchestra/config.yaml"), "version: 1 # mine\n");
    assert!(!text(folder.path(), ".orchestra/.template.json").contains("config.yaml"));
    assert!(folder.path().join(".orchestra/roles/owner.md").exists());
}

#[test]
fn a_set_up_that_was_cut_short_is_taken_up_and_what_was_deleted_stays_deleted() {
    let folder = project(&CRATE);
    set_up(folder.path());
    let whole = snapshot(folder.path());
    // The record is written last.
    fs::remove_file(folder.path().join(".orchestra/.template.json")).unwrap();
    fs::remove_file(folder.path().join(".orchestra/roles/owner.md")).unwrap();
    set_up(folder.path());
    assert!(snapshot(folder.path()) == whole);

    fs::remove_file(folder.path().join(".orchestra/roles/owner.md")).unwrap();
    let plan = plan(folder.path(), &Options::default());
    assert_eq!(plan.files.len(), 0);
    assert_eq!(plan.notes, ["`.orchestra/roles/owner.md` was deleted and stays deleted."]);
}

#[test]
fn the_section_is_added_and_every_other_byte_stays() {
    let folder = project(&CRATE);
    put(folder.path(), "AGENTS.md", "# Ours\r\n\r\nUse tabs.");
    put(folder.path(), "CLAUDE.md", "@AGENTS.md\n");
    set_up(folder.path());
    let agents = text(folder.path(), "AGENTS.md");
    assert!(agents.starts_with(&format!("# Ours\r\n\r\nUse tabs.\r\n\r\n{BEGIN}\r\n")), "{agents:?}");
    assert!(agents.ends_with("<!-- orchestra:end -->") && !agents.replace("\r\n", "").contains('\n'));
    assert!(text(folder.path(), "CLAUDE.md").starts_with(&format!("@AGENTS.md\n\n{BEGIN}\n")));
}

#[test]
fn a_section_that_is_out_of_date_is_refreshed_in_its_place() {
    let folder = project(&CRATE);
    put(folder.path(), "AGENTS.md", &format!("# A\n{BEGIN}\nold\n<!-- orchestra:end -->\n# B\n"));
    set_up(folder.path());
    let agents = text(folder.path(), "AGENTS.md");
    assert!(agents.starts_with(&format!("# A\n{BEGIN}\n## Orchestra\n")) && agents.ends_with("-->\n# B\n"));
}

#[test]
fn broken_marks_are_named_and_left_alone() {
    let folder = project(&CRATE);
    put(folder.path(), "AGENTS.md", &format!("{BEGIN}\nsomething\n"));
    let plan = plan(folder.path(), &Options::default());
    assert_eq!(plan.notes.len(), 1, "{:?}", plan.notes);
    scaffold::write(folder.path(), &plan).unwrap();
    assert_eq!(text(folder.path(), "AGENTS.md"), format!("{BEGIN}\nsomething\n"));
}

#[test]
fn a_private_set_up_changes_git_s_exclude_and_nothing_else_outside_of_its_folder() {
    let folder = project(&CRATE);
    put(folder.path(), "CLAUDE.md", "# Ours\n");
    put(folder.path(), ".git/info/exclude", "# kept\n*.log");
    let exclude = folder.path().join(".git/info/exclude");
    let options = Options { private: Some(exclude.clone()) };
    assert!(!scaffold::is_private(&exclude).unwrap());
    let written = scaffold::write(folder.path(), &plan(folder.path(), &options)).unwrap();
    assert_eq!(written.excluded.as_ref(), Some(&exclude));
    assert!(written.files.iter().all(|path| path.starts_with(".orchestra/")));
    assert_eq!(text(folder.path(), "CLAUDE.md"), "# Ours\n");
    assert_eq!(
        fs::read_to_string(&exclude).unwrap(),
        "# kept\n*.log\n\n# orchestra:begin\n/.orchestra/\n# orchestra:end"
    );
    assert!(scaffold::is_private(&exclude).unwrap());
    assert!(plan(folder.path(), &options).files.is_empty());
}

#[test]
fn a_private_set_up_makes_git_s_exclude_where_there_is_none() {
    let folder = project(&CRATE);
    let exclude = folder.path().join("common/info/exclude");
    let options = Options { private: Some(exclude.clone()) };
    scaffold::write(folder.path(), &plan(folder.path(), &options)).unwrap();
    assert_eq!(fs::read_to_string(exclude).unwrap(), "# orchestra:begin\n/.orchestra/\n# orchestra:end\n");
}

#[test]
fn a_file_that_appeared_meanwhile_is_not_overwritten() {
    let folder = project(&CRATE);
    let plan = plan(folder.path(), &Options::default());
    put(folder.path(), ".orchestra/config.yaml", "version: 1 # theirs\n");
    let error = scaffold::write(folder.path(), &plan).unwrap_err();
    assert!(matches!(&error, ScaffoldError::Changed { path } if path.ends_with("config.yaml")), "{error}");
    assert_eq!(text(folder.path(), ".orchestra/config.yaml"), "version: 1 # theirs\n");
    // A second run takes it as it is and does the rest.
    set_up(folder.path());
    assert_eq!(text(folder.path(), ".orchestra/config.yaml"), "version: 1 # theirs\n");
    assert!(folder.path().join(".orchestra/roles/owner.md").exists());
}

#[cfg(unix)]
#[test]
fn nothing_is_written_through_a_link() {
    use std::os::unix::fs::symlink;
    let outside = project(&[("config.yaml", "outside\n"), ("CLAUDE.md", "outside\n")]);
    let before = snapshot(outside.path());

    let folder = project(&CRATE);
    symlink(outside.path(), folder.path().join(".orchestra")).unwrap();
    let refused =
        scaffold::plan(folder.path(), &detection(folder.path()), &claude(), &Options::default()).unwrap_err();
    assert!(matches!(refused, ScaffoldError::File(FileError::Link { .. })), "{refused}");

    let folder = project(&CRATE);
    symlink(outside.path().join("CLAUDE.md"), folder.path().join("CLAUDE.md")).unwrap();
    symlink("CLAUDE.md", folder.path().join("AGENTS.md")).unwrap();
    let plan = plan(folder.path(), &Options::default());
    assert_eq!(plan.notes.len(), 2, "{:?}", plan.notes);
    scaffold::write(folder.path(), &plan).unwrap();

    // The link came after the plan was made.
    let folder = project(&CRATE);
    let plan = self::plan(folder.path(), &Options::default());
    symlink(outside.path(), folder.path().join(".orchestra")).unwrap();
    assert!(matches!(
        scaffold::write(folder.path(), &plan),
        Err(ScaffoldError::File(FileError::Link { .. }))
    ));
    assert_eq!(snapshot(outside.path()), before);
}

#[cfg(unix)]
#[test]
fn a_file_that_is_changed_keeps_its_permissions() {
    use std::os::unix::fs::PermissionsExt;
    let folder = project(&CRATE);
    put(folder.path(), "AGENTS.md", "# Ours\n");
    fs::set_permissions(folder.path().join("AGENTS.md"), fs::Permissions::from_mode(0o640)).unwrap();
    set_up(folder.path());
    let mode = |path| fs::metadata(folder.path().join(path)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("AGENTS.md"), 0o640);
    // As readable as any other new file.
    assert_eq!(mode(".orchestra/config.yaml"), mode("Cargo.toml"));
}

#[test]
fn no_file_is_left_half_written_beside_the_others() {
    let folder = project(&CRATE);
    let written = set_up(folder.path());
    let found = snapshot(folder.path());
    assert_eq!(found.len(), CRATE.len() + written.files.len());
    assert!(found.keys().all(|path| !path.contains("tmp-")));
}

#[test]
fn the_hash_of_everything_that_was_written_is_in_the_journal() {
    let folder = project(&CRATE);
    let written = set_up(folder.path());
    let memory = journal::fold(&Layout::open(folder.path()).unwrap()).unwrap().memory;
    for path in &written.files {
        let hash = ContentHash::of(&fs::read(folder.path().join(path)).unwrap());
        assert!(memory.is_ours(&RepoPath::parse(path.as_str()).unwrap(), hash), "{path}");
    }
}

#[test]
fn while_somebody_else_writes_documents_nothing_is_written() {
    let folder = project(&CRATE);
    let (root, plan) = (folder.path(), plan(folder.path(), &Options::default()));
    fs::create_dir(root.join(".orchestra")).unwrap();
    let held = DocumentsLock::acquire(&Layout::open(root).unwrap()).unwrap();
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| scaffold::write(root, &plan));
        while !root.join(".orchestra/.state/journal.jsonl").exists() {
            std::thread::yield_now();
        }
        for _ in 0..100_000 {
            assert!(!root.join(".orchestra/README.md").exists());
        }
        drop(held);
        writer.join().unwrap().unwrap();
    });
    assert!(root.join(".orchestra/README.md").exists());
}

#[test]
fn no_save_is_lost_that_comes_while_a_section_is_written() {
    let folder = project(&CRATE);
    let root = folder.path();
    set_up(root);
    let mut raced = 0;
    for round in 0..150 {
        let (old, saved) =
            (format!("# {round}\n"), format!("# {round}\n\nA thought that came in between.\n"));
        put(root, "AGENTS.md", &old);
        let plan = plan(root, &Options::default());
        let begin = Barrier::new(2);
        let written = std::thread::scope(|scope| {
            scope.spawn(|| {
                put(root, "AGENTS.md.swp", &saved);
                begin.wait();
                // Somewhere else in the write each time.
                (0..round * 3_000).for_each(|_| std::hint::spin_loop());
                fs::rename(root.join("AGENTS.md.swp"), root.join("AGENTS.md")).unwrap();
            });
            begin.wait();
            scaffold::write(root, &plan)
        });
        match written {
            Ok(_) => {}
            Err(ScaffoldError::Changed { .. }) => raced += 1,
            Err(error) => panic!("{error}"),
        }
        assert!(text(root, "AGENTS.md").starts_with(&saved), "round {round}");
    }
    println!("{raced} were told that it changed");
}

fn added(request: &str, existing: &[&str]) -> String {
    let role = RoleId::parse("backend-engineer").unwrap();
    let existing: Vec<MilestoneId> = existing.iter().map(|id| MilestoneId::parse(id).unwrap()).collect();
    let new = NewMilestone { request, role: &role, priority: Priority::P1, created: date(2026, 11, 21) };
    let made = new_milestone(&new, &existing).unwrap();
    let files: Vec<String> = made.files.iter().map(|(path, text)| format!("== {path}\n{text}")).collect();
    format!("{}\n{}", made.id, files.join(""))
}

#[test]
fn one_line_becomes_a_milestone_with_one_phase() {
    assert_snapshot!(added("fix the redirect", &["M2-x", "M10"]), @r#"
    M11-fix-the-redirect
    == milestone.md
    ---
    id: M11-fix-the-redirect
    title: "fix the redirect"
    status: planning
    priority: P1
    depends_on: []
    rfc: skip
    hold: []
    created: 2026-11-21
    ---
    ## Summary

    > fix the redirect

    ## Acceptance criteria

    - [ ] What was asked for above holds, and a test shows it.
    == prd.md
    # fix the redirect

    ## What was asked for

    > fix the redirect

    ## Out of scope

    Everything else. This milestone was added in one line, without a discussion: whoever builds it takes the simplest
    reading, and writes down what that was.
    == phases/phase-1.md
    ---
    role: backend-engineer
    title: "fix the redirect"
    status: pending
    order: 1
    depends_on: []
    files: []
    complexity: quick
    ---
    ## Objective

    > fix the redirect

    ## Scope

    What was asked for, and the tests that show it. Nothing else.

    ## Context

    Added with `orchestra add`. There is no design: read the code that this concerns first.

    ## Result
    "#);
}

#[test]
fn a_request_stays_text_whatever_it_holds() {
    let text = added("--- : \"quoted\" {{id}}\n## Result\n```\nstatus: done\u{1b}[2J\n", &[]);
    assert_snapshot!(text.split("== prd.md").next().unwrap(), @r#"
    M1-quoted-id-result-status-done-2j
    == milestone.md
    ---
    id: M1-quoted-id-result-status-done-2j
    title: "--- : \"quoted\" {{id}}"
    status: planning
    priority: P1
    depends_on: []
    rfc: skip
    hold: []
    created: 2026-11-21
    ---
    ## Summary

    > --- : "quoted" {{id}}
    > ## Result
    > ```
    > status: done\u{1b}[2J

    ## Acceptance criteria

    - [ ] What was asked for above holds, and a test shows it.
    "#);
    assert!(!text.lines().any(|line| line == "```" || line == "status: done"), "{text}");
    assert!(added("日本語", &[]).starts_with("M1-change\n"));
    assert!(
        added(&"very long words ".repeat(50), &[]).starts_with("M1-very-long-words-very-long-words-very\n")
    );
}
