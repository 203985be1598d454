use std::fs;

use jiff::civil::Date;
use orchestra_core::path::ContentHash;
use orchestra_core::proposal::{ChangeProposal, MilestoneProposal, draft, draft_change};
use tempfile::TempDir;

use super::*;
use crate::journal::read_all;
use crate::load::Scanner;
use crate::testing::{backend, milestone, project};

const TODAY: Date = Date::constant(2026, 11, 21);

fn plan(layout: &Layout) -> Ground {
    ground(layout, &Scanner::default().scan(layout).unwrap())
}

fn login() -> MilestoneProposal {
    serde_json::from_value(serde_json::json!({
        "title": "User login",
        "summary": "Customers can log in.",
        "criteria": ["POST /login answers 401"],
        "out_of_scope": ["Signing up"],
        "prd": "They asked.",
        "phases": [{ "role": "backend", "title": "Endpoint", "objective": "Build it.", "verify": ["make test"] }],
    }))
    .unwrap()
}

/// A milestone of which two phases wait, and a change that adds one before the second and rewords that.
fn running() -> (TempDir, Layout, ChangeDraft) {
    let (temp, layout) = project();
    backend(&layout);
    milestone(&layout, "M1-a", 2);
    let change: ChangeProposal = serde_json::from_value(serde_json::json!({
        "milestone": "M1",
        "reason": "it burns",
        "changes": [
            { "add_phase": { "order": "1.5", "phase": { "role": "backend", "title": "Limit", "objective": "Limit it." } } },
            { "rewrite_phase": { "phase": "phase-2", "objective": "Better." } },
        ],
    }))
    .unwrap();
    let draft = draft_change(&change, &plan(&layout)).unwrap();
    (temp, layout, draft)
}

fn records(layout: &Layout) -> Vec<Record> {
    read_all(layout).unwrap().entries.into_iter().map(|entry| entry.record).collect()
}

/// Every document below a milestone with its text.
fn texts(layout: &Layout) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> =
        ["milestone.md", "phases/phase-1.md", "phases/phase-1.5.md", "phases/phase-2.md"]
            .iter()
            .filter_map(|path| {
                Some(((*path).to_owned(), fs::read_to_string(layout.milestone("M1-a").join(path)).ok()?))
            })
            .collect();
    found.sort();
    found
}

#[test]
fn a_milestone_that_was_approved_appears_whole_with_the_approval_on_record() {
    let (_temp, layout) = project();
    backend(&layout);
    let draft = draft(&login(), &plan(&layout), TODAY).unwrap();
    let (mut journal, _) = Journal::open(&layout).unwrap();
    let written = create(&layout, &draft, &mut journal, By::User).unwrap();
    assert_eq!(written.len(), 4);
    for (path, text) in &draft.files {
        assert_eq!(fs::read_to_string(layout.milestone("M1-user-login").join(path)).unwrap(), *text);
    }
    let records = records(&layout);
    let approval = Record::Created { milestone: draft.id.clone(), of: draft.of, by: By::User };
    assert_eq!((&records[0], records.len()), (&approval, 5));
    let again = create(&layout, &draft, &mut journal, By::User);
    assert!(matches!(again, Err(CreateError::Exists { .. })), "{again:?}");
    assert_eq!(plan(&layout).plan.milestones.len(), 1);
}

#[test]
fn a_number_that_somebody_took_meanwhile_is_not_used_twice() {
    let (_temp, layout) = project();
    backend(&layout);
    let ground = plan(&layout);
    let draft = draft(&login(), &ground, TODAY).unwrap();
    milestone(&layout, "M1-other", 1);
    let (mut journal, _) = Journal::open(&layout).unwrap();
    let refused = create(&layout, &draft, &mut journal, By::User);
    assert!(
        matches!(&refused, Err(CreateError::NumberTaken { folder, .. }) if folder == "M1-other"),
        "{refused:?}"
    );
    assert!(records(&layout).is_empty() && !layout.milestone("M1-user-login").exists());
    let again = draft.renumbered(&plan(&layout)).unwrap();
    create(&layout, &again, &mut journal, By::User).unwrap();
    assert!(layout.milestone("M2-user-login").join("phases/phase-1.md").exists());
}

#[test]
fn a_change_is_on_record_with_its_reason_and_then_written() {
    let (_temp, layout, draft) = running();
    let (mut journal, _) = Journal::open(&layout).unwrap();
    let written = change(&layout, &draft, &mut journal, By::User).unwrap();
    let names: Vec<String> = written.iter().map(|written| written.path.to_string()).collect();
    let base = ".orchestra/milestones/M1-a/phases";
    assert_eq!(names, [format!("{base}/phase-1.5.md"), format!("{base}/phase-2.md")]);
    let records = records(&layout);
    let Record::Replanned { reason, changes, of, .. } = &records[0] else { panic!("{records:?}") };
    assert_eq!((reason.as_str(), changes.len(), *of), ("it burns", 2, draft.of));
    let hash = |path: &str| {
        ContentHash::of(fs::read_to_string(layout.milestone("M1-a").join(path)).unwrap().as_bytes())
    };
    assert_eq!(written[1].hash, hash("phases/phase-2.md"));
    let found = plan(&layout).plan.milestones[0].clone();
    let ids: Vec<&str> = found.phases.iter().map(|phase| phase.id.as_str()).collect();
    assert_eq!(ids, ["phase-1", "phase-1.5", "phase-2"]);
    // Once more, as after a crash whose end nobody saw.
    let before = texts(&layout);
    assert_eq!(change(&layout, &draft, &mut journal, By::User).unwrap(), []);
    assert_eq!(texts(&layout), before);
}

#[test]
fn where_a_phase_began_meanwhile_or_the_milestone_is_over_nothing_is_written() {
    for (path, from, to) in [
        ("phases/phase-2.md", "status: pending", "status: in-progress"),
        ("phases/phase-2.md", "status: pending", "status: done"),
        ("phases/phase-2.md", "Part 2.", "A person's."),
        ("milestone.md", "status: planning", "status: dropped"),
    ] {
        let (_temp, layout, draft) = running();
        let file = layout.milestone("M1-a").join(path);
        let text = fs::read_to_string(&file).unwrap();
        fs::write(&file, text.replace(from, to)).unwrap();
        let before = texts(&layout);
        let (mut journal, _) = Journal::open(&layout).unwrap();
        let refused = change(&layout, &draft, &mut journal, By::User);
        assert!(matches!(refused, Err(ChangeError::Overtaken(_))), "{to}: {refused:?}");
        assert_eq!((texts(&layout), records(&layout)), (before, Vec::new()), "{to}");
    }
}

#[test]
fn what_the_worker_and_a_person_wrote_meanwhile_stays() {
    let (_temp, layout, draft) = running();
    for (path, from, to) in [
        ("milestone.md", "status: planning", "status: in-progress"),
        ("phases/phase-1.md", "status: pending", "status: done"),
        ("phases/phase-2.md", "title: Part 2", "title: Part 2 # mine"),
    ] {
        let file = layout.milestone("M1-a").join(path);
        let text = fs::read_to_string(&file).unwrap();
        fs::write(&file, text.replace(from, to)).unwrap();
    }
    let (mut journal, _) = Journal::open(&layout).unwrap();
    change(&layout, &draft, &mut journal, By::User).unwrap();
    let text = fs::read_to_string(layout.milestone("M1-a").join("phases/phase-2.md")).unwrap();
    assert!(text.contains("title: Part 2 # mine\n") && text.contains("\nBetter.\n"), "{text}");
}

#[test]
fn cut_short_after_any_document_it_is_a_plan_and_goes_on() {
    let (_temp, layout, draft) = running();
    let (mut journal, _) = Journal::open(&layout).unwrap();
    for count in 0..=draft.files.len() {
        for file in &draft.files[..count] {
            let path = layout.milestone("M1-a").join(&file.path);
            fs::write(path, &file.after).unwrap();
        }
        let plan = Scanner::default().scan(&layout).unwrap();
        assert_eq!((plan.milestones.len(), plan.set_aside), (1, Vec::new()), "{count}");
    }
    fs::remove_file(layout.milestone("M1-a").join("phases/phase-1.5.md")).unwrap();
    assert_eq!(change(&layout, &draft, &mut journal, By::User).unwrap().len(), 1);
}

#[test]
fn commands_of_what_was_approved_are_trusted_where_the_project_is() {
    let (temp, layout) = project();
    let home = tempfile::tempdir().unwrap();
    let store = TrustStore::open(home.path(), temp.path()).unwrap();
    let item = |kind, text: &str| TrustItem { kind, text: text.to_owned(), path: "x".to_owned(), line: None };
    let (before, new) = (item(TrustKind::Agent, "claude"), item(TrustKind::Verify, "make test"));
    let commands = ["make test".to_owned()];
    let at = Timestamp::UNIX_EPOCH;
    let before = [before];
    let agreed = || trust(&store, &before, &commands, at).unwrap();
    agreed().settle(&store, at).unwrap();
    assert_eq!(
        store.look_up(std::slice::from_ref(&new)).unwrap(),
        Trust::Unknown,
        "nothing was trusted before"
    );
    store.remember(&before, at).unwrap();
    let agreement = agreed();
    let after = [before[0].clone(), new.clone()];
    // While the documents are written, and then.
    assert_eq!(
        [store.look_up(&before).unwrap(), store.look_up(&after).unwrap()],
        [Trust::Given, Trust::Given]
    );
    agreement.settle(&store, at).unwrap();
    assert_eq!(store.look_up(&after).unwrap(), Trust::Given);
    let other = item(TrustKind::Verify, "make other");
    for items in [&before[..], &[new], &[before[0].clone(), other]] {
        assert!(matches!(store.look_up(items).unwrap(), Trust::Changed { .. }), "{items:?}");
    }
    drop(layout);
}
