//! `orchestra report`: what work came to, against the journal and the commits.

use orchestra_testkit::{Milestone, TestProject};
use serde_json::{Value, json};

use crate::trouble::{one_phase, project};

/// The first attempt leaves its room, the second leaves a BUG, the third mends it. Only the first says what it used; the reviewer
/// costs money.
const SCRIPT: &str = r#"
version: 1
turns:
  - when: { work: phase-1, attempt: 1 }
    steps:
      - usage: { input: 1000, cached: 400, output: 50 }
      - write: { path: src/a.txt, content: "BUG\n" }
      - write: { path: web/theirs.txt, content: "not its room\n" }
    report: { summary: wrong }
  - when: { work: phase-1, attempt: 2 }
    steps:
      - write: { path: src/a.txt, content: "BUG\n" }
    report: { summary: still wrong }
  - when: { work: phase-1, attempt: 3 }
    steps:
      - write: { path: src/a.txt, content: "one\ntwo\n" }
    report:
      summary: mended
      decisions: [{ title: "Two lines | not one", risk: low, why: "one is <few>" }]
  - when: { work: "review-*" }
    steps:
      - usage: { input: 300, output: 7, cost_usd: 0.25 }
    report: { verdict: approved }
"#;

fn report(project: &TestProject, args: &[&str]) -> Value {
    let ran = project.run(&[&["report", "--json"], args].concat()).expect(0);
    serde_json::from_str(&ran.stdout).unwrap()
}

/// What arrived, as the journal has it.
fn arrived(project: &TestProject) -> (u64, u64, u64) {
    let journal = project.read(".orchestra/.state/journal.jsonl");
    let entries = journal.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let usages = entries.filter(|entry| entry["record"] == "turn-ended").map(|entry| entry["usage"].clone());
    let count = |usage: &Value, key: &str| usage[key].as_u64().unwrap_or(0);
    usages.fold((0, 0, 0), |(input, cached, output), usage| {
        (input + count(&usage, "input"), cached + count(&usage, "cached"), output + count(&usage, "output"))
    })
}

#[test]
fn a_milestone_is_told_by_phase_and_role_and_sums_to_what_arrived() {
    let project = project(SCRIPT);
    project.add(&one_phase());
    let _ran = project.build().expect(0);
    let report = report(&project, &["M1"]);
    let (input, cached, output) = arrived(&project);
    let sum = &report["spent"];
    assert_eq!(
        [&sum["input"], &sum["cached"], &sum["output"]],
        [&json!(input), &json!(cached), &json!(output)]
    );
    assert_eq!((input, cached, output), (1300, 400, 57));
    let one = &report["milestones"][0];
    assert_eq!(
        [&one["id"], &one["status"], &one["phases_over"]],
        [&json!("M1-one"), &json!("done"), &json!(1)]
    );
    let roles = one["roles"].as_array().unwrap();
    let roles: Vec<_> =
        roles.iter().map(|role| (role["role"].as_str().unwrap(), &role["turns"], &role["input"])).collect();
    assert_eq!(
        roles,
        [
            ("backend-engineer", &one["works"][0]["turns"], &json!(1000)),
            ("code-reviewer", &json!(1), &json!(300))
        ]
    );
    assert_eq!([&one["works"][0]["turns"], &one["works"][0]["attempts"]], [&json!(3), &json!(3)], "{one}");
    // The turns that said nothing are counted, and each is named.
    assert_eq!(one["works"][0]["without_usage"], json!(2));
    let named: Vec<&Value> = one["unmetered"].as_array().unwrap().iter().map(|one| &one["turn"]).collect();
    assert_eq!(named, [&json!(2), &json!(3)]);
    assert_eq!(one["spent"]["cost_usd"], json!(0.25));
    assert_eq!(one["tests"]["sh check.sh"]["red"], json!(1), "{one}");
    assert_eq!(one["recoveries"]["repairs"], json!(2));
    assert_eq!(one["recoveries"]["put_back"], json!(1));
    assert_eq!(one["decisions"][0]["title"], json!("Two lines | not one"));
    let files = one["files"]["changed"].as_array().unwrap();
    let file = files.iter().find(|file| file["path"] == "src/a.txt").unwrap();
    assert_eq!(
        [&file["added"], &file["removed"], &file["works"]],
        [&json!(2), &json!(0), &json!(["phase-1"])]
    );
}

#[test]
fn the_page_names_what_the_json_has() {
    let project = project(SCRIPT);
    project.add(&one_phase());
    let _ran = project.build().expect(0);
    let ran = project
        .run(&["report", "M1-one"])
        .expect(0)
        .says("# M1-one")
        .says("| code-reviewer | 1 |")
        .says("| 300 | 0 | 7 | $0.25 |")
        .says("## Turns without usage")
        .says("| sh check.sh | ")
        .says("- phase-1: Two lines \\| not one (low): one is \\<few>")
        .says("## Recoveries")
        .says("- src/a.txt +2 −0 (phase-1)");
    assert!(!ran.said().contains('\u{1b}'), "{}", ran.said());
    let _ran =
        project.run(&["report"]).expect(0).says("- M1-one (").says("All: agents").says("without usage");
}

#[test]
fn what_there_is_no_milestone_of_is_code_2_with_the_nearest_names() {
    let project = project(SCRIPT);
    let _ran = project.run(&["report"]).expect(0).says("no work yet");
    project.add(&one_phase());
    project.add(&Milestone::new("M2-two").phase("backend"));
    for named in ["M1-ome", "M9", "nonsense"] {
        let ran = project.run(&["report", named]).expect(2).says(&format!("no milestone `{named}`"));
        assert!(ran.said().contains("M1-one, M2-two"), "{}", ran.said());
    }
    let _ran = project.run(&["report", "M1-ome"]).expect(2).says("did you mean `M1-one`?");
    // One that was planned and not begun has nothing to tell.
    assert_eq!(report(&project, &["M2"])["milestones"][0]["spent"]["turns"], json!(0));
}
