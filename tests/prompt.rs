//! `orchestra prompt`: what an agent would be told, and how large each part is.

mod assembly;

use orchestra_testkit::{Milestone, TestProject};
use serde_json::Value;

use crate::trouble::{PLAIN, project};

fn planned() -> TestProject {
    let project = project(PLAIN);
    project.add(&Milestone::new("M1-one").phase("backend").phase("backend"));
    project
}

#[test]
fn the_prompt_is_printed_and_its_sizes_apart_from_it() {
    let project = planned();
    let ran = project.run(&["prompt", "M1", "phase-2"]).expect(0);
    for words in ["You are backend-engineer.", "Do not commit.", "phase-2"] {
        assert!(ran.stdout.contains(words), "{words}: {}", ran.stdout);
    }
    assert!(!ran.stdout.contains("tokens estimated"), "{}", ran.stdout);
    assert!(ran.stderr.contains("in all, tokens estimated"), "{}", ran.stderr);
    let sizes = project.run(&["prompt", "M1-one", "phase-2", "--sizes"]).expect(0);
    assert_eq!((sizes.stdout.as_str(), sizes.stderr), ("", ran.stderr));
}

#[test]
fn as_json_each_part_has_its_text_and_sizes_and_together_they_are_the_prompt() {
    let project = planned();
    let whole = project.run(&["prompt", "M1", "phase-1"]).expect(0).stdout;
    let ran = project.run(&["prompt", "M1", "phase-1", "--json"]).expect(0);
    let json: Value = serde_json::from_str(&ran.stdout).unwrap();
    let parts = json["parts"].as_array().unwrap();
    assert!(parts.len() > 2, "{json}");
    let mut stays = Vec::new();
    for part in parts {
        let text = part["text"].as_str().unwrap();
        assert_eq!(part["bytes"], text.len(), "{part}");
        assert!(part["tokens"].as_u64().unwrap() > 0, "{part}");
        assert!(whole.contains(text.trim_end()), "{part}");
        stays.push(part["stays"].as_str().unwrap());
    }
    // What stays longest comes first, so that a provider's cache holds.
    stays.dedup();
    assert_eq!(stays, ["project", "milestone", "turn"]);
}

#[test]
fn the_design_is_a_work_too_and_what_is_none_is_told_with_those_that_are() {
    let project = planned();
    let design = project.run(&["prompt", "M1", "rfc"]).expect(0);
    assert!(design.stdout.contains("You are architect."), "{}", design.stdout);
    let ran = project.run(&["prompt", "M1", "phase-9"]).expect(2);
    let _ran = ran.says("M1-one has no phase `phase-9`").says("one of: rfc, phase-1, phase-2");
    let ran = project.run(&["prompt", "M7", "phase-1"]).expect(2);
    let _ran = ran.says("there is no milestone M7").says("orchestra status");
}
