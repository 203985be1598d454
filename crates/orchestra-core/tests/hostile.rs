//! Input that was made to hurt: it costs little time, and never a panic.

use std::time::{Duration, Instant};

use orchestra_core::document::{MAX_BYTES, MilestoneSource, SourceFile, body, parse_plan, parse_role};
use orchestra_core::plan::Plan;

/// Generous for a slow machine and an unoptimised build; what is not bounded takes minutes.
const LONG: Duration = Duration::from_mins(1);

fn read(text: &[u8]) -> Plan {
    let file = |name: &str| SourceFile { path: name.to_owned(), bytes: text.to_vec() };
    let source = MilestoneSource {
        folder: "M1-x".to_owned(),
        milestone: Some(file("milestone.md")),
        context: Some(file("context.md")),
        phases: vec![file("phases/phase-1.md")],
        rfc: None,
    };
    parse_plan(&[source], &[file("roles/r.md")])
}

#[expect(clippy::disallowed_methods, reason = "how long it takes is what is tested")]
fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    (work(), start.elapsed())
}

#[track_caller]
fn is_set_aside_soon(text: &[u8], expected: &str) {
    let (plan, took) = timed(|| read(text));
    let first = &plan.set_aside[0].diagnostics[0];
    assert!(first.expected.contains(expected), "{first}");
    assert!(took < LONG, "{took:?}");
}

fn front(yaml: &str) -> Vec<u8> {
    format!("---\nid: M1-x\nstatus: planning\n{yaml}\n---\n").into_bytes()
}

#[test]
fn what_is_too_long_is_refused_unread() {
    is_set_aside_soon(&vec![b'x'; 2 * MAX_BYTES], "expected at most");
    is_set_aside_soon(&vec![0xff; 100 * MAX_BYTES], "expected at most");
}

#[test]
fn a_billion_laughs_are_refused_at_the_first() {
    let levels = ["ab", "bc", "cd", "de", "ef", "fg", "gh"].map(|pair| {
        let (one, two) = pair.split_at(1);
        format!("{two}: &{two} [{}]\n", vec![format!("*{one}"); 8].join(", "))
    });
    let yaml = format!("a: &a [lol, lol, lol]\n{}", levels.concat());
    is_set_aside_soon(&front(&yaml), "anchors");
}

#[test]
fn depth_is_bounded() {
    let flow = format!("x: {}{}", "[".repeat(10_000), "]".repeat(10_000));
    is_set_aside_soon(&front(&flow), "nested deeper");
    let maps = format!("x: {}", "{a: ".repeat(10_000));
    is_set_aside_soon(&front(&maps), "nested deeper");
    let block = (0..1_000).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect::<Vec<_>>().concat();
    is_set_aside_soon(&front(&format!("x:\n {}", block.replace('\n', "\n "))), "nested deeper");
    is_set_aside_soon(&front(&format!("x: {}", "- ".repeat(10_000))), "not YAML");
}

#[test]
fn the_number_of_values_is_bounded() {
    is_set_aside_soon(&front(&format!("x: [{}]", "1,".repeat(200_000))), "more than 10000 values");
    let keys = (0..50_000).map(|key| format!("k{key}: 1\n")).collect::<Vec<_>>().concat();
    is_set_aside_soon(&front(&keys), "more than 10000 values");
}

#[test]
fn a_body_of_nothing_but_signs_costs_little() {
    let big = MAX_BYTES - 200;
    for sign in [
        "[", ">", "- ", "*a ", "`", "<!--", "|a", "_*", "![[]()", "#", "\n#", "\n> ", "\n- [ ] ", "\t", "&",
        "](", "\n=\n",
    ] {
        let mut text = front("");
        let body = sign.repeat(big / sign.len() / 4);
        text.extend(b"# T\n## Acceptance criteria\n");
        text.extend(body.as_bytes());
        let ((), took) = timed(|| {
            read(&text);
            body::criteria(std::str::from_utf8(&text).unwrap());
        });
        assert!(took < LONG, "{sign:?} {took:?}");
    }
}

#[test]
fn a_table_of_phases_that_never_ends_costs_little() {
    let head = "# Milestone: M1 — x\n\n| Field | Value |\n|---|---|\n| Status | planning |\n\n| # | Role | Status |\n|---|---|---|\n";
    let rows = (0..10_000).map(|row| format!("| {row} | #x | done |\n")).collect::<Vec<_>>().concat();
    let (_, took) = timed(|| read(format!("{head}{rows}").as_bytes()));
    assert!(took < LONG, "{took:?}");
}

#[test]
fn many_faults_are_not_all_told() {
    let files = "/x, ".repeat(5_000);
    let plan = read(&front(&format!("role: r\norder: 1\nfiles: [{files}]")));
    assert!(plan.set_aside[0].diagnostics.len() <= 100);
    let globs = format!("---\nwrites: [{files}]\n---\n");
    assert!(parse_role("r.md", globs.as_bytes()).result.unwrap_err().len() <= 100);
}
