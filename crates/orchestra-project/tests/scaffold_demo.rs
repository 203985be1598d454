//! The demo's script does to the sample project what it says: each state compiles, and its tests pass or fail as told.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use globset::GlobBuilder;
use orchestra_core::document::{SourceFile, parse_plan};
use orchestra_core::plan::Plan;
use orchestra_core::proposal::{Ground, MilestoneProposal, draft};
use orchestra_core::report::{Report, Severity, Verdict};
use orchestra_project::scaffold::{self, Options};
use serde::Deserialize;
use serde_json::Value;
use tempfile::TempDir;

use crate::scaffold_projects::{claude, detection, snapshot, text};

const MILESTONE: &str = "M1-coupon-codes";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Script {
    version: u32,
    turns: Vec<Turn>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Turn {
    #[serde(default)]
    when: When,
    steps: Vec<Value>,
    /// None in a conversation: what is said there is all.
    #[serde(default)]
    report: Report,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct When {
    milestone: Option<String>,
    work: Option<String>,
    role: Option<String>,
    #[serde(default)]
    attempt: u32,
}

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples")
}

fn script() -> Script {
    let script: Script = serde_saphyr::from_str(&text(&examples(), "demo/script.yaml")).unwrap();
    assert_eq!(script.version, 1);
    script
}

impl Script {
    fn turn(&self, work: &str, attempt: u32) -> &Turn {
        self.turn_of(None, work, attempt)
    }

    fn turn_of(&self, milestone: Option<&str>, work: &str, attempt: u32) -> &Turn {
        let fits = |turn: &&Turn| {
            let When { milestone: named, work: own, role, attempt: nth } = &turn.when;
            // Conversations are held with the planner.
            let is_whoever = role.as_deref().is_none_or(|role| role == "product-manager");
            is_whoever && (named.as_deref(), own.as_deref(), *nth) == (milestone, Some(work), attempt)
        };
        self.turns.iter().find(fits).unwrap_or_else(|| panic!("no turn for {work}, attempt {attempt}"))
    }
}

/// The sample project as `orchestra demo` sets it up, in a folder of its own.
struct Shop {
    folder: TempDir,
    written: BTreeSet<String>,
}

impl Shop {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (path, bytes) in snapshot(&examples().join("shop-api")) {
            if !path.starts_with("target/") {
                let path = folder.path().join(path);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, bytes).unwrap();
            }
        }
        Self { folder, written: BTreeSet::new() }
    }

    fn root(&self) -> &Path {
        self.folder.path()
    }

    fn play(&mut self, turn: &Turn) {
        self.play_with(turn, false);
    }

    /// Plays what changes files. `again`: edits may have been made before.
    fn play_with(&mut self, turn: &Turn, again: bool) {
        for step in &turn.steps {
            let step = step.as_object().unwrap();
            let (kind, value) = step.iter().next().unwrap();
            let field = |name: &str| value[name].as_str().unwrap().replace("${milestone}", MILESTONE);
            match kind.as_str() {
                "write" => self.put(&field("path"), &field("content")),
                "append" => {
                    let before = text(self.root(), &field("path"));
                    self.put(&field("path"), &(before + &field("content")));
                }
                "edit" => {
                    let (path, old, new) = (field("path"), field("old"), field("new"));
                    let before = text(self.root(), &path);
                    let count = before.matches(&old).count();
                    let may_fail = value["may_fail"].as_bool().unwrap_or(false);
                    assert!(
                        count == 1 || (again && may_fail && count == 0),
                        "{path} holds {count} times:\n{old}"
                    );
                    // So that a turn that was cut short can be played from its start.
                    assert!(
                        !new.contains(&old),
                        "played twice, this edit of {path} would be made twice:\n{old}"
                    );
                    self.put(&path, &before.replace(&old, &new));
                }
                "say" | "pause" | "run" => {}
                other => panic!("the test does not know the step {other}"),
            }
        }
    }

    fn put(&mut self, path: &str, text: &str) {
        crate::scaffold_projects::put(self.root(), path, text);
        self.written.insert(path.to_owned());
    }

    /// Runs the tests of the sample and returns the names of those that failed; no compiler error is one.
    fn failing_tests(&self) -> Vec<String> {
        let output = Command::new(env!("CARGO"))
            .args(["test", "--offline", "--no-fail-fast"])
            .env("CARGO_TARGET_DIR", self.root().join("target"))
            .env_remove("RUSTFLAGS")
            .current_dir(self.root())
            .output()
            .unwrap();
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(
            out.contains("test result:") && !err.contains("error[") && !err.contains("warning:"),
            "{err}"
        );
        let failed = out.lines().filter_map(|line| line.strip_prefix("test ")?.strip_suffix(" ... FAILED"));
        let failed: Vec<String> = failed.map(str::to_owned).collect();
        assert_eq!(failed.is_empty(), output.status.success(), "{out}{err}");
        failed
    }

    /// Holds everything that was written since the last look against what a role may write.
    fn assert_in_room(&mut self, role: &str) {
        let text = text(self.root(), &format!(".orchestra/roles/{role}.md"));
        let front: Value = serde_saphyr::from_str(text.split("---\n").nth(1).unwrap()).unwrap();
        let globs: Vec<&str> =
            front["writes"].as_array().unwrap().iter().map(|glob| glob.as_str().unwrap()).collect();
        let fits = |glob: &str, path: &str| {
            GlobBuilder::new(glob).literal_separator(true).build().unwrap().compile_matcher().is_match(path)
        };
        for path in std::mem::take(&mut self.written) {
            let is_owned = globs.iter().any(|glob| !glob.starts_with('!') && fits(glob, &path));
            let is_taken =
                globs.iter().filter_map(|glob| glob.strip_prefix('!')).any(|glob| fits(glob, &path));
            assert!(is_owned && !is_taken, "{role} may not write {path}");
        }
    }
}

fn set_up() -> Shop {
    let shop = Shop::new();
    let root = shop.root();
    let plan = scaffold::plan(root, &detection(root), &claude(), &Options::default()).unwrap();
    scaffold::write(root, &plan).unwrap();
    shop
}

#[test]
fn the_script_goes_the_way_that_the_demo_tells() {
    let (script, mut shop) = (script(), set_up());
    shop.play(script.turn("rfc", 0));
    shop.assert_in_room("architect");

    shop.play(script.turn("phase-1", 0));
    shop.assert_in_room("backend-engineer");
    assert_eq!(shop.failing_tests(), [""; 0]);

    shop.play(script.turn("phase-2", 0));
    assert_eq!(shop.failing_tests(), ["a_wrong_code_leaves_the_coupon_that_is_there"]);
    shop.play(script.turn("phase-2", 2));
    shop.assert_in_room("backend-engineer");
    assert_eq!(shop.failing_tests(), [""; 0]);

    shop.play(script.turn("phase-3", 0));
    shop.assert_in_room("frontend-engineer");

    let review = &script.turn("review-1", 0).report;
    assert_eq!(review.verdict, Some(Verdict::ChangesRequested));
    let blocking: Vec<_> = review.findings.iter().filter(|f| f.severity == Severity::Blocking).collect();
    let [finding] = blocking.as_slice() else { panic!("{blocking:?}") };
    let line = usize::try_from(finding.line.unwrap()).unwrap();
    let found = text(shop.root(), &finding.file).lines().nth(line - 1).unwrap().to_owned();
    assert_eq!(found.trim(), "Discount::Amount(amount) => amount,");

    // The fix comes with a test that fails without it.
    let unfixed = text(shop.root(), "src/coupon.rs");
    shop.play(script.turn("fix-1-backend-engineer", 0));
    shop.assert_in_room("backend-engineer");
    let fixed = text(shop.root(), "src/coupon.rs");
    shop.put("src/coupon.rs", &unfixed);
    assert_eq!(shop.failing_tests(), ["a_coupon_never_takes_off_more_than_the_cart_costs"]);
    shop.put("src/coupon.rs", &fixed);
    assert_eq!(shop.failing_tests(), [""; 0]);
    assert_eq!(script.turn("review-*", 0).report.verdict, Some(Verdict::Approved));
}

#[test]
fn a_turn_that_was_cut_short_can_be_played_again() {
    let script = script();
    let usual = ["rfc", "phase-1", "phase-2", "phase-3", "fix-1-backend-engineer"];
    let mut once = Shop::new();
    let mut twice = Shop::new();
    for work in usual {
        once.play(script.turn(work, 0));
        twice.play(script.turn(work, 0));
        twice.play_with(script.turn(work, 0), true);
    }
    assert!(snapshot(once.root()) == snapshot(twice.root()));

    // The third try of phase-2 gets there from anywhere.
    let finished = |played: &[u32]| {
        let mut shop = Shop::new();
        shop.play(script.turn("phase-1", 0));
        for attempt in played {
            shop.play_with(script.turn("phase-2", *attempt), true);
        }
        text(shop.root(), "src/api.rs")
    };
    assert_eq!(finished(&[0, 2]), finished(&[3]));
    assert_eq!(finished(&[0, 2]), finished(&[0, 3]));
    assert_eq!(finished(&[0, 2]), finished(&[0, 2, 3]));
}

/// The milestones of the planned kind, whatever number they get.
const PLANNED: Option<&str> = Some("M*-health-check");

#[test]
fn what_the_planner_proposes_holds_and_is_built_before_or_after_the_first_milestone() {
    let script = script();
    let planner = &script.turn("conversation", 1).steps;
    let inputs = planner.iter().filter(|step| step["call"]["tool"] == "propose_milestone");
    let [input] = inputs.map(|step| &step["call"]["input"]).collect::<Vec<_>>()[..] else { panic!("one") };
    let proposal: MilestoneProposal = serde_json::from_value(input.clone()).unwrap();
    let mut shop = set_up();
    let roles = parse_plan(&[], &roles(shop.root())).roles;
    let ground = Ground { plan: Plan { roles, ..Plan::default() }, ..Ground::default() };
    let draft = draft(&proposal, &ground, jiff::civil::date(2026, 11, 22));
    let draft = draft.unwrap_or_else(|wrong| panic!("{wrong:?}"));
    assert_eq!((draft.id.as_str(), draft.commands.len()), ("M1-health-check", 0));
    assert_eq!(draft.remarks, [""; 0]);

    let phase = script.turn_of(PLANNED, "phase-1", 0);
    shop.play(phase);
    shop.assert_in_room("backend-engineer");
    assert_eq!(shop.failing_tests(), [""; 0]);
    for (work, attempt) in [("phase-1", 0), ("phase-2", 0), ("phase-2", 2)] {
        shop.play(script.turn(work, attempt));
    }
    assert_eq!(shop.failing_tests(), [""; 0]);
    let mut later = set_up();
    for (work, attempt) in [("phase-1", 0), ("phase-2", 0), ("phase-2", 2)] {
        later.play(script.turn(work, attempt));
    }
    later.play(phase);
    assert_eq!(text(shop.root(), "src/api.rs"), text(later.root(), "src/api.rs"));
    let review = &script.turn_of(PLANNED, "review-1", 0).report;
    assert_eq!((review.verdict, review.findings.len()), (Some(Verdict::Approved), 0));
}

/// The roles that were set up.
fn roles(root: &Path) -> Vec<SourceFile> {
    let folder = root.join(".orchestra/roles");
    let files = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let source = |path: PathBuf| SourceFile {
        path: format!(".orchestra/roles/{}", path.file_name().unwrap().to_str().unwrap()),
        bytes: fs::read(&path).unwrap(),
    };
    files.filter(|path| path.extension().is_some_and(|ext| ext == "md")).map(source).collect()
}

#[test]
fn every_other_work_has_an_answer_that_claims_nothing() {
    let script = script();
    let (rest, named): (Vec<_>, Vec<_>) = script.turns.iter().partition(|turn| turn.when.work.is_none());
    assert_eq!((rest.len(), named.len()), (1, script.turns.len() - 1));
    assert!(rest[0].report.commit.is_none() && rest[0].report.summary.contains("nothing was changed"));
    for turn in &script.turns {
        let subject = turn
            .report
            .commit
            .as_ref()
            .map(|commit| format!("{}({}): {}", commit.kind, commit.scope, commit.subject));
        assert!(subject.is_none_or(|subject| subject.len() <= 72 && !subject.ends_with('.')));
    }
}

#[test]
fn the_milestone_names_roles_and_phases_that_there_are() {
    let shop = set_up();
    let folder = examples().join("demo").join(MILESTONE);
    let front = |path: &str| -> Value {
        serde_saphyr::from_str(text(&folder, path).split("---\n").nth(1).unwrap()).unwrap()
    };
    assert_eq!(front("milestone.md")["id"], MILESTONE);
    for number in 1..=3 {
        let phase = front(&format!("phases/phase-{number}.md"));
        assert_eq!((&phase["status"], &phase["order"]), (&"pending".into(), &number.into()));
        let role = phase["role"].as_str().unwrap();
        assert!(shop.root().join(format!(".orchestra/roles/{role}.md")).exists(), "{role}");
    }
}
