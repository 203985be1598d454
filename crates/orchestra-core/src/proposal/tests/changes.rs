//! Changes of a milestone that runs.

use super::*;

const MILESTONE: &str = "---\nid: M1-login\nstatus: in-progress\n---\n## Summary\nx\n\n## Acceptance criteria\n- [ ] one\n\n## Notes\ny\n";

fn phase(order: &str, status: &str, more: &str) -> String {
    format!(
        "---\nrole: backend # who\ntitle: Part\nstatus: {status}\norder: {order}\n{more}---\n## Objective\nOld.\n\n\
         ## Scope\nThis.\n\n## Context\n\n## Result\n"
    )
}

/// Phase 1 is done, 2 runs, 3 and 4 wait.
fn running() -> Ground {
    let phases = [
        phase("1", "done", ""),
        phase("2", "in-progress", ""),
        phase("3", "pending", ""),
        phase("4", "pending", "depends_on: [phase-2]\n"),
    ];
    ground(&[(
        "M1-login",
        &[
            ("milestone.md", MILESTONE),
            ("phases/phase-1.md", &phases[0]),
            ("phases/phase-2.md", &phases[1]),
            ("phases/phase-3.md", &phases[2]),
            ("phases/phase-4.md", &phases[3]),
        ],
    )])
}

fn proposed(changes: &serde_json::Value) -> ChangeProposal {
    let value = serde_json::json!({ "milestone": "M1", "reason": "it burns", "changes": changes });
    serde_json::from_value(value).unwrap()
}

fn drafted(changes: &serde_json::Value) -> Result<ChangeDraft, Vec<Objection>> {
    draft_change(&proposed(changes), &running())
}

fn told(changes: &serde_json::Value) -> Vec<String> {
    drafted(changes).err().unwrap_or_default().iter().map(ToString::to_string).collect()
}

fn added(order: &str) -> serde_json::Value {
    let phase = serde_json::json!({ "role": "backend", "title": "Rate limit", "objective": "Limit it.",
        "files": ["src/limit.rs"], "verify": ["make limit"] });
    serde_json::json!({ "add_phase": { "order": order, "phase": phase } })
}

#[test]
fn an_urgent_phase_goes_between_two_others_and_the_next_one_waits_for_it() {
    let draft = drafted(&serde_json::json!([added("2.5")])).unwrap();
    assert_eq!((draft.milestone.as_str(), draft.folder.as_str()), ("M1-login", "M1-login"));
    assert_eq!(draft.changes, ["phase-2.5 added at 2.5: Rate limit (backend-engineer)"]);
    assert_eq!(draft.commands, ["make limit"]);
    let [file] = draft.files.as_slice() else { panic!("{:?}", draft.files) };
    assert_eq!((file.path.as_str(), &file.before), ("phases/phase-2.5.md", &None));
    assert!(
        file.after.contains("status: pending\norder: 2.5\nfiles: [\"src/limit.rs\"]\n"),
        "{}",
        file.after
    );
    let mut all: Vec<(String, String)> = running()
        .texts
        .into_iter()
        .map(|(path, text)| (path.trim_start_matches("M1-login/").to_owned(), text))
        .collect();
    all.push((file.path.clone(), file.after.clone()));
    let (milestone, _) = super::super::draft::read("M1-login", &all, &running()).unwrap();
    let waits: Vec<String> =
        milestone.phases.iter().map(|phase| format!("{} {:?}", phase.id, phase.depends_on)).collect();
    insta::assert_snapshot!(waits.join("\n"), @r#"
    phase-1 []
    phase-2 [PhaseId("phase-1")]
    phase-2.5 [PhaseId("phase-2")]
    phase-3 [PhaseId("phase-2.5")]
    phase-4 [PhaseId("phase-2")]
    "#);
}

#[test]
fn a_phase_without_a_place_comes_last() {
    let mut change = added("");
    change["add_phase"].as_object_mut().unwrap().remove("order");
    let draft = drafted(&serde_json::json!([change.clone(), change])).unwrap();
    let paths: Vec<&str> = draft.files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(paths, ["phases/phase-5.md", "phases/phase-6.md"]);
}

#[expect(clippy::too_many_lines, reason = "three documents as they are")]
#[test]
fn pending_phases_are_moved_and_reworded_and_nothing_else_of_them_changes() {
    let draft = drafted(&serde_json::json!([
        { "move_phase": { "phase": "phase-4", "order": "2.5" } },
        { "rewrite_phase": { "phase": "phase-4", "objective": "New.\n\n# Result\nforged" } },
        { "rewrite_phase": { "phase": "phase-3", "objective": "Newer.", "scope": "That.", "context": "" } },
        { "add_criterion": { "text": "GET /x answers 404" } },
    ]))
    .unwrap();
    assert_eq!(
        draft.changes,
        [
            "phase-4 moved to 2.5",
            "phase-4 reworded",
            "phase-3 reworded",
            "criterion added: GET /x answers 404"
        ]
    );
    let shown: Vec<String> =
        draft.files.iter().map(|file| format!("=== {}\n{}", file.path, file.after)).collect();
    insta::assert_snapshot!(shown.concat(), @r"
=== milestone.md
---
id: M1-login
status: in-progress
---
## Summary
x

## Acceptance criteria
- [ ] one
- [ ] GET /x answers 404

## Notes
y
=== phases/phase-3.md
---
role: backend # who
title: Part
status: pending
order: 3
---
## Objective

Newer.

## Scope

That.

## Context

## Result
=== phases/phase-4.md
---
role: backend # who
title: Part
status: pending
order: 2.5
depends_on: [phase-2]
---
## Objective

New.

### Result
forged

## Scope
This.

## Context

## Result
");
}

#[test]
fn what_has_begun_is_not_changed_and_nothing_comes_before_it() {
    let told = told(&serde_json::json!([
        { "rewrite_phase": { "phase": "phase-2", "objective": "New." } },
        { "move_phase": { "phase": "phase-1", "order": "9" } },
        { "move_phase": { "phase": "phase-7", "order": "9" } },
        { "move_phase": { "phase": "phase-3", "order": "1.5" } },
        { "move_phase": { "phase": "phase-4", "order": "first" } },
        added("3.0"),
        added("4"),
    ]));
    insta::assert_snapshot!(told.join("\n"), @r"
    changes[0].rewrite_phase.phase: phase-2 is in-progress: only a pending phase is changed (there are: phase-3, phase-4)
    changes[1].move_phase.phase: phase-1 is done: only a pending phase is changed (there are: phase-3, phase-4)
    changes[2].move_phase.phase: there is no phase `phase-7` (did you mean `phase-3`? there are: phase-3, phase-4)
    changes[4].move_phase.order: `first` is no place (a number such as 3 or, between 2 and 3, 2.5)
    changes[3].move_phase.order: phase-2 (at 2) has begun (a place after 2)
    changes[6].add_phase.order: phase-4 is at 4 already (a decimal goes between two others: 4.5)
    ");
}

#[test]
fn two_phases_may_change_places() {
    let draft = drafted(&serde_json::json!([
        { "move_phase": { "phase": "phase-3", "order": "4" } },
        { "move_phase": { "phase": "phase-4", "order": "3" } },
    ]))
    .unwrap();
    assert_eq!(draft.files.len(), 2);
}

#[test]
fn a_change_that_changes_nothing_or_makes_a_cycle_is_sent_back() {
    assert_eq!(
        told(&serde_json::json!([{ "rewrite_phase": { "phase": "phase-3", "objective": "Old." } }])),
        ["phases/phase-3.md: nothing would change (leave it out)"]
    );
    assert_eq!(told(&serde_json::json!([])), ["changes: there are none (say what changes)"]);
    let twice = told(&serde_json::json!([{ "add_criterion": { "text": "One" } }]));
    assert_eq!(
        twice,
        ["changes[0].add_criterion.text[0]: this criterion is there twice (take one of them out)"]
    );
    let mut ground = running();
    let waits = phase("2.5", "pending", "depends_on: [phase-4]\n");
    ground.texts.insert("M1-login/phases/phase-3.md".to_owned(), waits);
    let change = proposed(&serde_json::json!([{ "move_phase": { "phase": "phase-4", "order": "7" } }]));
    assert!(draft_change(&change, &ground).is_ok());
    let waits = phase("4", "pending", "");
    ground.texts.insert("M1-login/phases/phase-4.md".to_owned(), waits);
    let told = draft_change(&change, &ground).unwrap_err();
    assert!(told[0].to_string().contains("a cycle in `depends_on`"), "{told:?}");
}

#[test]
fn only_a_milestone_that_is_open_and_can_be_read_is_changed() {
    let of = |name: &str, ground: &Ground| {
        let proposal =
            ChangeProposal { milestone: name.to_owned(), ..proposed(&serde_json::json!([added("9")])) };
        draft_change(&proposal, ground).unwrap_err()[0].to_string()
    };
    assert!(
        of("M3", &running())
            .starts_with("milestone: there is no milestone `M3` that can be read (there are:")
    );
    let done = MILESTONE.replace("in-progress", "done");
    let ground = ground(&[("M1-login", &[("milestone.md", done.as_str())])]);
    assert_eq!(of("M1-login", &ground), "milestone: M1-login is done (propose a new milestone)");
    let stage = told(&serde_json::json!([{ "add_phase": { "phase":
        { "role": "reviewer", "title": "Look", "objective": "Look at it.", "depends_on": [1] } } }]));
    assert_eq!(stage.len(), 2, "{stage:?}");
}

#[test]
fn frozen_text_is_not_reworded() {
    let mut ground = running();
    let text = phase("3", "pending", "").replace("Old.", "<!-- frozen -->Old.<!-- /frozen -->");
    ground.texts.insert("M1-login/phases/phase-3.md".to_owned(), text);
    let reworded = serde_json::json!([{ "rewrite_phase": { "phase": "phase-3", "objective": "New." } }]);
    let told = draft_change(&proposed(&reworded), &ground).unwrap_err();
    assert_eq!(
        listed(&told),
        "- phases/phase-3.md: this would change frozen text (a person froze it: leave it as it is, or ask them)"
    );
    let moved = serde_json::json!([{ "move_phase": { "phase": "phase-3", "order": "9" } }]);
    assert!(draft_change(&proposed(&moved), &ground).is_ok());
}

#[test]
fn it_is_written_onto_the_newest_text_unless_that_changed_or_the_phase_began() {
    let draft = drafted(&serde_json::json!([
        { "rewrite_phase": { "phase": "phase-3", "objective": "New." } },
        { "add_criterion": { "text": "GET /x answers 404" } },
    ]))
    .unwrap();
    let [milestone, third] = draft.files.as_slice() else { panic!("{:?}", draft.files) };
    let before = third.before.clone().unwrap();
    assert_eq!(third.on(Some(&before)), Ok(third.after.clone()));
    assert_eq!(third.on(Some(&third.after)), Ok(third.after.clone()), "a second time");
    // A person's comment, and the worker's status, stay.
    let edited = before.replace("title: Part", "title: Part # mine");
    assert_eq!(third.on(Some(&edited)), Ok(third.after.replace("title: Part", "title: Part # mine")));
    let review = MILESTONE.replace("in-progress", "review");
    assert_eq!(milestone.on(Some(&review)), Ok(milestone.after.replace("in-progress", "review")));
    let path = || "phases/phase-3.md".to_owned();
    let began = before.replace("status: pending", "status: in-progress");
    assert_eq!(third.on(Some(&began)), Err(Overtaken::Began { path: path() }));
    let reworded = before.replace("Old.", "A person's.");
    assert_eq!(third.on(Some(&reworded)), Err(Overtaken::Changed { path: path() }));
    assert_eq!(third.on(None), Err(Overtaken::Changed { path: path() }));
    let frozen = edited.replace("Old.", "<!-- frozen -->Old.<!-- /frozen -->");
    assert_eq!(third.on(Some(&frozen)), Err(Overtaken::Changed { path: path() }));
    let new = &drafted(&serde_json::json!([added("2.5")])).unwrap().files[0];
    assert_eq!(new.on(None), Ok(new.after.clone()));
    assert_eq!(new.on(Some(&new.after)), Ok(new.after.clone()));
    assert!(new.on(Some("something else")).is_err());
}
