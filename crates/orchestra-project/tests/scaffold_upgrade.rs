//! An upgrade keeps what people changed.

use std::fs;
use std::path::Path;

use insta::assert_snapshot;
use orchestra_core::config::{AgentConfig, CommandAgent, Preset, VerifyPlan};
use orchestra_core::document::{MilestoneSource, SourceFile, parse_milestone, parse_role};
use orchestra_core::id::{AgentName, MilestoneId, PhaseId, RoleId};
use orchestra_core::path::ContentHash;
use orchestra_core::plan::{
    Complexity, Format, Milestone, MilestoneStatus, Order, Phase, PhaseStatus, Priority, RfcNeed, Role,
};
use orchestra_project::detect::Detection;
use orchestra_project::scaffold::{self, FoundAgent, Options};
use orchestra_project::upgrade::{self, Upgrade, find_legacy_section};

use crate::scaffold_projects::{CRATE, claude, detection, project, put, snapshot, text};

fn set_up() -> tempfile::TempDir {
    let folder = project(&CRATE);
    let root = folder.path();
    let plan = scaffold::plan(root, &detection(root), &claude(), &Options::default()).unwrap();
    scaffold::write(root, &plan).unwrap();
    folder
}

/// Makes a file, as it is there now, one that an older version delivered.
fn age(root: &Path, path: &str) {
    let file = format!(".orchestra/{path}");
    let old = text(root, &file) + "# as it was\n";
    put(root, &file, &old);
    let mut record: serde_json::Value =
        serde_json::from_str(&text(root, ".orchestra/.template.json")).unwrap();
    record["files"][path] = ContentHash::of(old.as_bytes()).to_string().into();
    put(root, ".orchestra/.template.json", &record.to_string());
}

fn planned(root: &Path, detection: &Detection) -> Upgrade {
    upgrade::plan(root, detection, &claude(), &Options::default()).unwrap()
}

fn steps(upgrade: &Upgrade) -> String {
    let steps = upgrade.steps.iter().map(|step| format!("{}: {:?}", step.path, step.change));
    steps.chain(upgrade.notes.iter().map(|note| format!("- {note}"))).collect::<Vec<_>>().join("\n")
}

#[test]
fn nothing_is_to_be_done_where_nothing_is_new() {
    let folder = set_up();
    let upgrade = planned(folder.path(), &detection(folder.path()));
    assert!(upgrade.is_empty() && upgrade.steps.is_empty(), "{upgrade:?}");
}

#[test]
fn delivered_files_are_replaced_and_changed_ones_stay_with_ours_beside() {
    let folder = set_up();
    let root = folder.path();
    let delivered = text(root, ".orchestra/config.yaml");
    age(root, "config.yaml");
    age(root, "roles/backend-engineer.md");
    let mine = text(root, ".orchestra/config.yaml") + "# mine\n";
    put(root, ".orchestra/config.yaml", &mine);
    fs::remove_file(root.join(".orchestra/roles/owner.md")).unwrap();
    fs::remove_file(root.join(".orchestra/README.md")).unwrap();
    let upgrade = planned(root, &detection(root));
    assert_snapshot!(steps(&upgrade), @r#"
    .orchestra/README.md: StaysDeleted
    .orchestra/config.yaml: Beside { path: ".orchestra/config.yaml.new" }
    .orchestra/roles/backend-engineer.md: Replaced
    .orchestra/roles/owner.md: StaysDeleted
    "#);
    upgrade::write(root, &upgrade, false).unwrap();
    assert_eq!(text(root, ".orchestra/config.yaml"), mine);
    assert_eq!(text(root, ".orchestra/config.yaml.new"), delivered);
    assert!(!text(root, ".orchestra/roles/backend-engineer.md").contains("as it was"));
    assert!(!root.join(".orchestra/roles/owner.md").exists());

    // What was offered once is not offered again, what was deleted stays deleted, and taking ours makes it ours.
    let again = planned(root, &detection(root));
    assert_snapshot!(steps(&again), @"
    .orchestra/README.md: StaysDeleted
    .orchestra/config.yaml: Kept
    .orchestra/roles/owner.md: StaysDeleted
    ");
    assert!(again.is_empty());
    fs::rename(root.join(".orchestra/config.yaml.new"), root.join(".orchestra/config.yaml")).unwrap();
    let back = planned(root, &detection(root));
    assert!(!steps(&back).contains("config.yaml"), "{}", steps(&back));
}

fn codex() -> Vec<FoundAgent> {
    let config = CommandAgent { preset: Some(Preset::Codex), ..CommandAgent::default() };
    vec![FoundAgent { name: AgentName::parse("codex").unwrap(), config: AgentConfig::Command(config) }]
}

#[test]
fn what_a_project_was_set_up_with_stays_whoever_upgrades_it() {
    let folder = set_up();
    let root = folder.path();
    let elsewhere = Detection {
        verify: VerifyPlan::Always(vec!["cargo nextest run".to_owned()]),
        backend: vec!["elsewhere/**".to_owned()],
        ..detection(root)
    };
    let before = snapshot(root);
    for agents in [codex(), Vec::new()] {
        let upgrade = upgrade::plan(root, &elsewhere, &agents, &Options::default()).unwrap();
        assert!(upgrade.is_empty() && upgrade.steps.is_empty(), "{upgrade:?}");
        // Also where this version has something new to deliver.
        for path in ["config.yaml", "roles/backend-engineer.md"] {
            age(root, path);
        }
        let upgrade = upgrade::plan(root, &elsewhere, &agents, &Options::default()).unwrap();
        let written = upgrade::write(root, &upgrade, false).unwrap();
        assert_eq!(written.files.len(), 3, "{:?}", written.files);
        let after = snapshot(root);
        for (path, bytes) in &before {
            assert!(after[path] == *bytes, "{path}");
        }
    }
}

#[test]
fn what_was_not_found_at_first_is_taken_up_when_it_is_found() {
    let folder = project(&[]);
    let root = folder.path();
    let plan = scaffold::plan(root, &detection(root), &[], &Options::default()).unwrap();
    scaffold::write(root, &plan).unwrap();
    put(root, "go.mod", "module shop\n");
    let upgrade = planned(root, &detection(root));
    upgrade::write(root, &upgrade, false).unwrap();
    let config = text(root, ".orchestra/config.yaml");
    assert!(config.contains("\n  default: claude\n") && config.contains("\nverify: [\"go "), "{config}");
    let again = upgrade::plan(root, &detection(root), &codex(), &Options::default()).unwrap();
    assert!(again.is_empty(), "{}", steps(&again));
}

#[test]
fn a_file_that_stands_where_ours_would_be_put_is_left_alone() {
    let folder = set_up();
    let root = folder.path();
    let delivered = text(root, ".orchestra/config.yaml");
    age(root, "config.yaml");
    put(root, ".orchestra/config.yaml", "version: 1\n");
    put(root, ".orchestra/config.yaml.new", "notes of mine\n");
    let upgrade = planned(root, &detection(root));
    upgrade::write(root, &upgrade, false).unwrap();
    assert_eq!(text(root, ".orchestra/config.yaml.new"), "notes of mine\n");
    assert_eq!(text(root, ".orchestra/config.yaml.new-2"), delivered);
}

#[test]
fn a_file_that_is_new_in_this_version_is_added_and_one_that_is_gone_is_let_go() {
    let folder = set_up();
    let root = folder.path();
    let record = text(root, ".orchestra/.template.json").replace("roles/owner.md", "roles/gone.md");
    put(root, ".orchestra/.template.json", &record);
    fs::rename(root.join(".orchestra/roles/owner.md"), root.join(".orchestra/roles/gone.md")).unwrap();
    let upgrade = planned(root, &detection(root));
    assert_snapshot!(steps(&upgrade), @"
    .orchestra/roles/gone.md: Released
    .orchestra/roles/owner.md: Added
    ");
    upgrade::write(root, &upgrade, false).unwrap();
    assert!(
        root.join(".orchestra/roles/owner.md").exists() && root.join(".orchestra/roles/gone.md").exists()
    );
    assert!(!text(root, ".orchestra/.template.json").contains("gone.md"));
}

#[test]
fn an_upgrade_of_a_private_project_leaves_agents_md_alone() {
    let folder = project(&CRATE);
    let root = folder.path();
    let options = Options { private: Some(root.join(".git/info/exclude")) };
    let plan = scaffold::plan(root, &detection(root), &claude(), &options).unwrap();
    scaffold::write(root, &plan).unwrap();
    age(root, "config.yaml");
    let upgrade = upgrade::plan(root, &detection(root), &claude(), &options).unwrap();
    upgrade::write(root, &upgrade, false).unwrap();
    assert!(!root.join("AGENTS.md").exists());
}

const CLAUDE_MD: &str = "# Shop\n\nUse tabs.\n\n<!-- ORCHESTRATOR:START -->\n## Orchestrator\nAfter each phase, \
     commit your work.\n<!-- ORCHESTRATOR:END -->\n\n## Style\nShort names.";

#[test]
fn a_project_of_1_7_keeps_its_roles_texts_and_is_asked_about_its_section() {
    let folder = project(&CRATE);
    let root = folder.path();
    put(root, "CLAUDE.md", CLAUDE_MD);
    put(root, ".orchestra/roles/backend_engineer.md", "# Backend\r\nOur rules.\r\n");
    put(root, ".orchestra/roles/tester.md", "# Tester\n");
    let upgrade = planned(root, &detection(root));
    assert_snapshot!(steps(&upgrade), @"
    .orchestra/.gitignore: Added
    .orchestra/README.md: Added
    .orchestra/agents/worker.md: Added
    .orchestra/config.yaml: Added
    .orchestra/roles/architect.md: Added
    .orchestra/roles/backend_engineer.md: GivenFrontMatter
    .orchestra/roles/code-reviewer.md: Added
    .orchestra/roles/frontend-engineer.md: Added
    .orchestra/roles/owner.md: Added
    .orchestra/roles/product-manager.md: Added
    AGENTS.md: Added
    - `.orchestra/roles/tester.md` has no front matter, so this role may write nothing; add one with `writes`.
    ");
    let [section] = upgrade.legacy.as_slice() else { panic!("{:?}", upgrade.legacy) };
    assert!(
        section.old.starts_with("<!-- ORCHESTRATOR:START -->") && section.old.contains("commit your work")
    );
    assert!(section.new.contains("The worker commits"));

    upgrade::write(root, &upgrade, false).unwrap();
    assert_eq!(text(root, "CLAUDE.md"), CLAUDE_MD);
    let role = text(root, ".orchestra/roles/backend_engineer.md");
    assert!(
        role.starts_with("---\r\nid: backend-engineer\r\n")
            && role.ends_with("\r\n---\r\n# Backend\r\nOur rules.\r\n")
    );
    assert!(!root.join(".orchestra/roles/backend-engineer.md").exists());

    // Asked again until it is answered.
    let again = planned(root, &detection(root));
    upgrade::write(root, &again, true).unwrap();
    let claude = text(root, "CLAUDE.md");
    assert!(claude.starts_with("# Shop\n\nUse tabs.\n\n<!-- orchestra:begin -->\n"), "{claude}");
    assert!(claude.ends_with("<!-- orchestra:end -->\n\n## Style\nShort names."), "{claude}");
    let done = planned(root, &detection(root));
    assert!(done.is_empty(), "{}", steps(&done));
}

#[test]
fn a_section_of_1_7_is_found_by_marks_or_heading_and_nothing_else_is() {
    let found = |text: &str| find_legacy_section(text.as_bytes()).map(|range| text[range].to_owned());
    for (text, wanted) in [
        (
            "a\n<!-- orchestrator:begin -->\nx\n<!-- orchestrator:end -->\nb",
            "<!-- orchestrator:begin -->\nx\n<!-- orchestrator:end -->\n",
        ),
        (
            "<!-- BEGIN Orchestra -->\nx\n<!-- END Orchestra -->",
            "<!-- BEGIN Orchestra -->\nx\n<!-- END Orchestra -->",
        ),
        (
            "<!-- orchestra -->\r\nx\r\n<!-- /orchestra -->\r\n",
            "<!-- orchestra -->\r\nx\r\n<!-- /orchestra -->\r\n",
        ),
        (
            "# A\n## The Orchestrator\nCommit each phase.\n### More\ny\n## B\n",
            "## The Orchestrator\nCommit each phase.\n### More\ny\n",
        ),
        ("# A\n## Orchestrator\nSee .orchestra/ for it.\n", "## Orchestrator\nSee .orchestra/ for it.\n"),
    ] {
        assert_eq!(found(text).as_deref(), Some(wanted));
    }
    for text in [
        "# Orchestra\nWe sell tickets.\n",
        "## Orchestration\nContainers.\n",
        "```\n<!-- orchestra:start -->\n<!-- orchestra:end -->\n```\n",
        "<!-- orchestra:begin -->\n## Orchestra\nmilestones\n<!-- orchestra:end -->\n",
        "<!-- orchestrator:begin -->\nno end\n",
        "",
    ] {
        assert_eq!(found(text), None, "{text}");
    }
}

fn phase(id: &str, order: &str, depends_on: &[&str], title: &str) -> Phase {
    Phase {
        id: PhaseId::parse(id).unwrap(),
        role: RoleId::parse("backend-engineer").unwrap(),
        title: title.to_owned(),
        status: PhaseStatus::Done,
        order: Order::parse(order).unwrap(),
        depends_on: depends_on.iter().map(|id| PhaseId::parse(id).unwrap()).collect(),
        files: Vec::new(),
        files_strict: false,
        verify: None,
        complexity: Complexity::Standard,
        may_be_empty: false,
        feedback: None,
    }
}

fn legacy_milestone(phases: Vec<Phase>) -> Milestone {
    Milestone {
        id: MilestoneId::parse("M1").unwrap(),
        folder: "M1-login".to_owned(),
        title: "Login: \"safe\"".to_owned(),
        status: MilestoneStatus::InProgress,
        reason: None,
        priority: Priority::P0,
        depends_on: Vec::new(),
        rfc: RfcNeed::Required,
        hold: Vec::new(),
        created: None,
        phases,
        cursor: None,
        rfc_document: None,
        format: Format::V17,
    }
}

const MILESTONE_17: &str = "# Milestone: M1 — Login: \"safe\"\n\n| Field | Value |\n|-------|-------|\n\
    | **Status** | 🔄 in-progress |\n| Priority | P0 |\n| PRD | [prd.md](prd.md) |\n\n## Summary\n\nText  \n\n\n\
    two blank lines above stay.\n\n## Acceptance Criteria\n\n- [x] works\n\n## Phases\n\n\
    | # | Role | Description | Status |\n|---|---|---|---|\n| 1 | backend | Schema | done |\n| 2 | backend | Endpoint | done |\n\n\
    ## Notes\n\n| a | b |\n|---|---|\n| 1 | 2 |\n";

const PHASE_17: &str = "---\nrole: backend\nstatus: ✅ done\norder: 1 # first\n---\n\n# Schema\n\nBody\n";
const BASE: &str = ".orchestra/milestones/M1-login";

fn legacy_project() -> (tempfile::TempDir, Milestone) {
    let folder = project(&[]);
    put(folder.path(), &format!("{BASE}/milestone.md"), MILESTONE_17);
    put(folder.path(), &format!("{BASE}/phases/phase-1.md"), PHASE_17);
    put(folder.path(), &format!("{BASE}/phases/phase-2.md"), "# Endpoint\r\n");
    let phases = [phase("phase-1", "1", &[], "Schema"), phase("phase-2", "2", &["phase-1"], "Endpoint")];
    (folder, legacy_milestone(phases.to_vec()))
}

fn roles() -> Vec<Role> {
    let text = b"---\nid: backend-engineer\nalias: backend\nwrites: []\n---\n";
    vec![parse_role(".orchestra/roles/backend-engineer.md", text).result.unwrap()]
}

fn rewrite(root: &Path, milestone: &Milestone) -> upgrade::milestone::Rewrite {
    let rewrite = upgrade::milestone::rewrite(root, milestone, &roles()).unwrap();
    let plan = scaffold::Plan { files: rewrite.files.clone(), ..scaffold::Plan::default() };
    scaffold::write(root, &plan).unwrap();
    rewrite
}

#[test]
fn a_milestone_of_1_7_is_rewritten_once_and_keeps_its_identity() {
    let (folder, milestone) = legacy_project();
    let first = rewrite(folder.path(), &milestone);
    assert_eq!((first.files.len(), first.notes.len()), (3, 0));
    let after = snapshot(folder.path());
    assert!(rewrite(folder.path(), &milestone).files.is_empty() && snapshot(folder.path()) == after);
    assert_snapshot!(text(folder.path(), &format!("{BASE}/milestone.md")), @r#"
    ---
    id: M1
    title: "Login: \"safe\""
    status: in-progress
    priority: P0
    depends_on: []
    rfc: required
    hold: []
    ---
    - PRD: [prd.md](prd.md)

    ## Summary

    Text  


    two blank lines above stay.

    ## Acceptance criteria

    - [x] works

    ## Notes

    | a | b |
    |---|---|
    | 1 | 2 |
    "#);
}

#[test]
fn phases_of_1_7_get_the_keys_that_they_lack() {
    let (folder, milestone) = legacy_project();
    rewrite(folder.path(), &milestone);
    assert_snapshot!(text(folder.path(), &format!("{BASE}/phases/phase-1.md")), @r#"
    ---
    role: backend
    title: Schema
    status: done
    order: 1 # first
    depends_on: []
    files: []
    complexity: standard
    ---

    # Schema

    Body
    "#);
    assert_snapshot!(text(folder.path(), &format!("{BASE}/phases/phase-2.md")).replace('\r', "␍"), @r#"
    ---␍
    role: backend-engineer␍
    title: Endpoint␍
    status: done␍
    order: 2␍
    depends_on: [phase-1]␍
    files: []␍
    complexity: standard␍
    ---␍
    # Endpoint␍
    "#);
}

#[test]
fn a_table_that_names_phases_without_files_stays() {
    let folder = project(&[(".orchestra/milestones/M1-login/milestone.md", MILESTONE_17)]);
    let rewrite =
        upgrade::milestone::rewrite(folder.path(), &legacy_milestone(Vec::new()), &roles()).unwrap();
    assert_eq!(rewrite.notes.len(), 1);
    let new = String::from_utf8(rewrite.files[0].new.clone()).unwrap();
    assert!(new.contains("## Phases\n\n| # | Role |") && new.contains("| 2 | backend | Endpoint | done |\n"));
}

/// A milestone with these phases, as it is read.
fn read(root: &Path, phases: &[&str]) -> Milestone {
    let file = |path: String| SourceFile { bytes: fs::read(root.join(&path)).unwrap(), path };
    let source = MilestoneSource {
        folder: "M1-login".to_owned(),
        milestone: Some(file(format!("{BASE}/milestone.md"))),
        phases: phases.iter().map(|name| file(format!("{BASE}/phases/{name}.md"))).collect(),
        ..MilestoneSource::default()
    };
    parse_milestone(&source, &roles()).result.unwrap().milestone.as_ref().clone()
}

/// Rewrites a milestone with this one phase, checks that it reads as before, and returns the phase's new text.
fn rewritten(phase: &str) -> String {
    let folder = project(&[]);
    put(folder.path(), &format!("{BASE}/milestone.md"), MILESTONE_17);
    put(folder.path(), &format!("{BASE}/phases/phase-1.md"), phase);
    let before = read(folder.path(), &["phase-1"]);
    assert_eq!(before.format, Format::V17);
    rewrite(folder.path(), &before);
    let after = read(folder.path(), &["phase-1"]);
    assert_eq!(after, Milestone { format: Format::Current, ..before });
    text(folder.path(), &format!("{BASE}/phases/phase-1.md"))
}

#[test]
fn front_matter_is_found_where_the_reader_finds_it_and_verify_stays() {
    let keys = "role: backend\nstatus: pending\norder: 1\nverify: [\"make test\"]\nfiles: [\"src/**\"]\n";
    let added = "title: Schema\nstatus";
    let wanted = keys.replace("status", added).replace("order: 1\n", "order: 1\ndepends_on: []\n")
        + "complexity: standard\n";
    for (front, body) in [
        ("---\n", "---\n# Schema\n"),
        ("---\n", "--- \n# Schema\n"),
        ("---\n", "---\t\n# Schema\n\n---\nrole: text\n---\n"),
        ("--- \n", "---\n# Schema\n"),
        ("\u{feff}---\n", "---\n# Schema\n"),
    ] {
        assert_eq!(rewritten(&format!("{front}{keys}{body}")), format!("{front}{wanted}{body}"));
    }
    // Closed by the end of the file; the title is that of the row.
    assert_eq!(rewritten(&format!("---\n{keys}---")), format!("---\n{wanted}---"));
}

#[test]
fn each_line_keeps_its_own_ending() {
    let mixed = "---\r\nrole: backend\r\nstatus: pending\norder: 1\r\n---\n\nOne\r\ntwo\nthree\r\n";
    assert_snapshot!(rewritten(mixed).replace('\r', "␍"), @"
    ---␍
    role: backend␍
    title: Schema␍
    status: pending
    order: 1␍
    depends_on: []␍
    files: []␍
    complexity: standard␍
    ---

    One␍
    two
    three␍
    ");
    let folder = project(&[]);
    let milestone = MILESTONE_17.replacen('\n', "\r\n", 2).replace("Text  \n", "Text  \r\n");
    put(folder.path(), &format!("{BASE}/milestone.md"), &milestone);
    rewrite(folder.path(), &read(folder.path(), &[]));
    let came = text(folder.path(), &format!("{BASE}/milestone.md"));
    let (front, body) = came.split_once("## Summary").unwrap();
    assert!(
        front.ends_with("- PRD: [prd.md](prd.md)\r\n\n")
            && !front.trim_end().replace("\r\n", "").contains('\n')
    );
    let (_, old) = milestone.split_once("## Summary").unwrap();
    assert_eq!(body, old.replace("Acceptance Criteria", "Acceptance criteria"));
}

#[test]
fn a_milestone_that_is_not_what_was_read_is_left_alone() {
    let (folder, milestone) = legacy_project();
    for (path, changed) in [
        ("phases/phase-1.md", PHASE_17.replace("done", "failed")),
        ("phases/phase-1.md", "---\nrole: backend\n".to_owned()),
        ("milestone.md", MILESTONE_17.replace("in-progress", "done")),
    ] {
        let (folder, _) = legacy_project();
        put(folder.path(), &format!("{BASE}/{path}"), &changed);
        let left = upgrade::milestone::rewrite(folder.path(), &milestone, &roles()).unwrap();
        assert_eq!((left.files.len(), left.notes.len()), (0, 1), "{changed}");
    }
    assert_eq!(rewrite(folder.path(), &milestone).files.len(), 3);
}

#[test]
fn a_rewrite_that_was_cut_short_is_taken_up() {
    let (folder, milestone) = legacy_project();
    let whole = upgrade::milestone::rewrite(folder.path(), &milestone, &roles()).unwrap().files;
    for count in 1..whole.len() {
        let (folder, _) = legacy_project();
        let plan = scaffold::Plan { files: whole[..count].to_vec(), ..scaffold::Plan::default() };
        scaffold::write(folder.path(), &plan).unwrap();
        let half = read(folder.path(), &["phase-1", "phase-2"]);
        assert_eq!(half, milestone);
        let rest = upgrade::milestone::rewrite(folder.path(), &half, &roles()).unwrap().files;
        assert_eq!(rest, whole[count..]);
    }
}
