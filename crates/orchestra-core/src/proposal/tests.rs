//! Each rule of a proposal, with the words that a model is told.

mod changes;
mod rendering;

use jiff::civil::Date;

use super::*;
use crate::document::{MilestoneSource, SourceFile, parse_plan};

pub(super) const TODAY: Date = Date::constant(2026, 11, 21);

/// Roles as a project has them, and milestones as files.
pub(super) fn ground(milestones: &[(&str, &[(&str, &str)])]) -> Ground {
    let role = |id: &str, alias: &str, writes: &str| SourceFile {
        path: format!(".orchestra/roles/{id}.md"),
        bytes: format!("---\nid: {id}\nalias: {alias}\nwrites: {writes}\n---\nYou are {id}.\n").into_bytes(),
    };
    let roles = [
        role("product-manager", "pm", "[\".orchestra/milestones/*/prd.md\"]"),
        role("architect", "architect", "[\".orchestra/milestones/*/rfc.md\"]"),
        role("backend-engineer", "backend", "[\"src/**\", \"tests/**\", \"Cargo.toml\"]"),
        role("frontend-engineer", "frontend", "[\"web/**\"]"),
        role("code-reviewer", "reviewer", "[]"),
    ];
    let mut texts = BTreeMap::new();
    let sources: Vec<MilestoneSource> = milestones
        .iter()
        .map(|(folder, files)| {
            let file = |path: &str, text: &str| SourceFile { path: path.to_owned(), bytes: text.into() };
            let mut source = MilestoneSource { folder: (*folder).to_owned(), ..MilestoneSource::default() };
            for (path, text) in *files {
                texts.insert(format!("{folder}/{path}"), (*text).to_owned());
                if path.starts_with("phases/") {
                    source.phases.push(file(path, text));
                } else {
                    source.milestone = Some(file(path, text));
                }
            }
            source
        })
        .collect();
    Ground { plan: parse_plan(&sources, &roles), texts }
}

/// A proposal that nothing is wrong with.
pub(super) fn login() -> MilestoneProposal {
    let phase = |role: &str, title: &str, files: &str| PhaseProposal {
        role: role.to_owned(),
        title: title.to_owned(),
        objective: format!("{title} is there."),
        files: vec![files.to_owned()],
        ..PhaseProposal::default()
    };
    MilestoneProposal {
        title: "User login".to_owned(),
        summary: "Customers can log in.".to_owned(),
        criteria: vec!["POST /login answers 401 when the password is wrong".to_owned()],
        out_of_scope: vec!["Signing up".to_owned()],
        prd: "They asked for it.".to_owned(),
        phases: vec![
            phase("backend", "Login endpoint", "src/auth/**"),
            phase("#frontend", "Login page", "web/login.ts"),
        ],
        ..MilestoneProposal::default()
    }
}

/// What a changed proposal is told.
fn told(change: impl Fn(&mut MilestoneProposal)) -> Vec<String> {
    let mut proposal = login();
    change(&mut proposal);
    let drafted = draft(&proposal, &ground(&[]), TODAY);
    drafted.err().unwrap_or_default().iter().map(ToString::to_string).collect()
}

fn remarks(change: impl Fn(&mut MilestoneProposal), ground: &Ground) -> Vec<String> {
    let mut proposal = login();
    change(&mut proposal);
    draft(&proposal, ground, TODAY).unwrap().remarks
}

#[test]
fn a_good_proposal_becomes_every_file_of_a_milestone() {
    let mut proposal = login();
    proposal.phases[0].verify = Some(vec!["cargo test -q".to_owned()]);
    proposal.phases[1].complexity = Some("quick".to_owned());
    proposal.phases[1].depends_on = Some(vec![1]);
    let done = "---\nid: M4-old\nstatus: done\n---\n";
    let draft = draft(&proposal, &ground(&[("M4-old", &[("milestone.md", done)])]), TODAY).unwrap();
    assert_eq!((draft.id.as_str(), draft.folder.as_str()), ("M5-user-login", "M5-user-login"));
    assert_eq!((draft.commands, draft.remarks), (vec!["cargo test -q".to_owned()], Vec::<String>::new()));
    let text: Vec<String> = draft.files.iter().map(|(path, text)| format!("=== {path}\n{text}")).collect();
    insta::assert_snapshot!(text.concat(), @r#"
=== milestone.md
---
id: M5-user-login
title: "User login"
status: planning
priority: P1
depends_on: []
rfc: required
hold: []
created: 2026-11-21
---
## Summary

Customers can log in.

## Acceptance criteria

- [ ] POST /login answers 401 when the password is wrong
=== prd.md
# User login

## What and why

They asked for it.

## Out of scope

- Signing up
=== grooming.md
# Grooming: User login

## Discussion

Nothing was decided besides what prd.md says.
=== phases/phase-1.md
---
role: backend-engineer
title: "Login endpoint"
status: pending
order: 1
files: ["src/auth/**"]
verify: ["cargo test -q"]
---
## Objective

Login endpoint is there.

## Scope

## Context

## Result
=== phases/phase-2.md
---
role: frontend-engineer
title: "Login page"
status: pending
order: 2
depends_on: [phase-1]
files: ["web/login.ts"]
complexity: quick
---
## Objective

Login page is there.

## Scope

## Context

## Result
"#);
}

#[test]
fn everything_that_is_wrong_is_said_at_once() {
    let told = told(|proposal| {
        proposal.title = String::new();
        proposal.priority = Some("urgent".to_owned());
        proposal.depends_on = vec!["M7".to_owned()];
        proposal.summary = " ".to_owned();
        proposal.criteria.clear();
        proposal.out_of_scope.clear();
        proposal.phases[0].role = "backnd".to_owned();
        proposal.phases[0].complexity = Some("hard".to_owned());
        proposal.phases[1].objective = String::new();
    });
    insta::assert_snapshot!(told.join("\n"), @r"
    title: this is empty (write it in a few words)
    priority: `urgent` is no priority (there are: P0, P1, P2)
    depends_on[0]: there is no milestone `M7` (there are none)
    summary: this is empty (say it in a sentence or more)
    criteria: there are none (how can somebody tell that it works?)
    out_of_scope: there are none (say what one could take for a part of it and is none)
    phases[0].role: there is no role `backnd` (did you mean `backend`? there are: architect, backend-engineer, backend, frontend-engineer, frontend, code-reviewer, reviewer)
    phases[0].complexity: `hard` is no complexity (there are: trivial, quick, standard, complex)
    phases[1].objective: this is empty (say it in a sentence or more)
    ");
}

#[test]
fn roles_that_build_nothing_get_no_phase_and_stages_have_their_place() {
    let with = |place: usize, role: &str| {
        told(|proposal| {
            let mut phase = proposal.phases[0].clone();
            (phase.role, phase.files) = (role.to_owned(), Vec::new());
            proposal.phases.insert(place, phase);
        })
    };
    assert_eq!(
        with(0, "#pm"),
        ["phases[0].role: product-manager builds nothing (give the phase to one of: architect, \
          backend-engineer, backend, frontend-engineer, frontend, code-reviewer, reviewer)"]
    );
    assert_eq!(with(0, "architect"), [""; 0]);
    assert_eq!(with(2, "reviewer"), [""; 0]);
    assert!(with(1, "architect")[0].starts_with("phases[1].role: a phase of the architect is the design"));
    assert!(with(1, "reviewer")[0].starts_with("phases[1].role: a phase of the reviewer is the review"));
    let alone = told(|proposal| {
        proposal.phases.truncate(1);
        (proposal.phases[0].role, proposal.phases[0].files) = ("reviewer".to_owned(), Vec::new());
    });
    assert_eq!(alone, ["phases: no phase builds anything (add what is to be built)"]);
}

#[test]
fn files_lie_in_the_role_s_room() {
    let with = |glob: &str| told(|proposal| proposal.phases[0].files = vec![glob.to_owned()]);
    assert_eq!(
        with("web/app.ts"),
        [
            "phases[0].files[0]: `web/app.ts` is not backend-engineer's to write (backend-engineer may write: src/**, \
          tests/**, Cargo.toml; give what lies elsewhere to its own role, in a phase of its own)"
        ]
    );
    for bad in ["../x", "/etc/passwd", ".git/config", ".orchestra/config.yaml", "src/{", ""] {
        assert!(!with(bad).is_empty(), "{bad}");
    }
    for good in ["src/**", "src/a/b.rs", "Cargo.toml", "Cargo.lock", "tests/*.rs"] {
        assert_eq!(with(good), [""; 0], "{good}");
    }
    let odd = remarks(|proposal| proposal.phases[0].files = vec!["**/*.rs".to_owned()], &ground(&[]));
    assert!(odd[0].starts_with("phases[0].files[0]: `**/*.rs` may reach beyond"), "{odd:?}");
}

#[test]
fn what_waits_for_itself_is_named() {
    let with = |first: &[u32], second: Option<&[u32]>| {
        told(|proposal| {
            proposal.phases[0].depends_on = Some(first.to_vec());
            proposal.phases[1].depends_on = second.map(<[u32]>::to_vec);
        })
    };
    assert_eq!(
        with(&[2], None),
        [
            "phases[0].depends_on: a cycle: 1 → 2 → 1 (a phase that names none waits for the one before it; `[]` is for none)"
        ]
    );
    assert_eq!(with(&[2], Some(&[])), [""; 0]);
    assert_eq!(with(&[1], None), ["phases[0].depends_on[0]: a phase that depends on itself (take it out)"]);
    assert_eq!(with(&[0, 3], None).len(), 2);
}

#[test]
fn a_design_is_skipped_only_where_none_is_needed() {
    let with = |complexity: Option<&str>, reason: &str| {
        told(|proposal| {
            proposal.skip_rfc = Some(reason.to_owned());
            proposal.phases.iter_mut().for_each(|phase| phase.complexity = complexity.map(str::to_owned));
        })
    };
    assert_eq!(with(Some("trivial"), "Two lines."), [""; 0]);
    assert!(with(None, "Two lines.")[0].contains("`Login endpoint` is neither trivial nor quick"));
    assert!(with(Some("standard"), "x")[0].starts_with("skip_rfc: "));
    assert_eq!(with(Some("quick"), " "), ["skip_rfc: this is empty (say it in a sentence or more)"]);
}

#[test]
fn sizes_are_bounded() {
    let many = told(|proposal| {
        proposal.phases = vec![proposal.phases[0].clone(); 9];
        proposal.criteria = (0..13).map(|number| format!("It shows {number}")).collect();
        proposal.phases[0].objective = "x".repeat(2_001);
    });
    assert_eq!(many.len(), 3, "{many:?}");
    let huge = told(|proposal| proposal.prd = "x".repeat(MAX_BYTES));
    assert!(huge[0].contains("bytes are too many (at most 262144 in all)"), "{huge:?}");
}

#[test]
fn two_goals_a_late_back_end_and_what_others_plan_are_named_and_stop_nothing() {
    let other = "---\nid: M1-sessions\nstatus: in-progress\n---\n## Acceptance criteria\n- [ ] post /login: answers 401, \
                 when the password is wrong.\n";
    let phase = "---\nrole: backend\nstatus: pending\nfiles: [\"src/**\"]\n---\n";
    let over = phase.replace("pending", "done").replace("src/**", "web/**");
    let ground = ground(&[(
        "M1-sessions",
        &[("milestone.md", other), ("phases/phase-1.md", phase), ("phases/phase-2.md", &over)],
    )]);
    let remarks = remarks(
        |proposal| {
            proposal.title = "Login and logout".to_owned();
            proposal.phases.swap(0, 1);
        },
        &ground,
    );
    insta::assert_snapshot!(remarks.join("\n"), @r"
    title: two goals in one milestone? One that a user would recognise is easier to build and to review
    M1-sessions (in-progress) plans the same files: `src/**` (phase-1)
    M1-sessions (in-progress) has the same criterion: `post /login: answers 401, when the password is wrong.`
    phases/phase-1.md: `phase-1` (frontend) comes before `phase-2` (backend) (change `order` or `depends_on` if the front end needs the back end first)
    ");
}

#[test]
fn it_waits_for_milestones_that_there_are() {
    let (done, dropped) = ("---\nid: M1-a\nstatus: done\n---\n", "---\nid: M2-b\nstatus: dropped\n---\n");
    let ground = ground(&[("M1-a", &[("milestone.md", done)]), ("M2-b", &[("milestone.md", dropped)])]);
    let mut proposal = login();
    proposal.depends_on = vec!["M1".to_owned(), "M1-a".to_owned()];
    let made = draft(&proposal, &ground, TODAY).unwrap();
    assert!(made.files[0].1.contains("\ndepends_on: [M1-a]\n"), "{}", made.files[0].1);
    proposal.depends_on = vec!["M2".to_owned()];
    let told = draft(&proposal, &ground, TODAY).unwrap_err();
    assert_eq!(
        told[0].to_string(),
        "depends_on[0]: M2-b was dropped: this would wait for ever (take it out)"
    );
}

#[test]
fn a_person_may_edit_a_draft_as_long_as_it_can_be_read() {
    let ground = ground(&[]);
    let made = draft(&login(), &ground, TODAY).unwrap();
    let edited = |path: &str, from: &str, to: &str| {
        let mut files = made.files.clone();
        let file = files.iter_mut().find(|(found, _)| found == path).unwrap();
        file.1 = file.1.replace(from, to);
        made.with_files(files, &ground)
    };
    let good = edited("phases/phase-1.md", "files: ", "verify: [make]\nfiles: ").unwrap();
    assert_eq!(good.commands, ["make"]);
    assert_ne!(good.of, made.of);
    let bad = edited("phases/phase-2.md", "frontend-engineer", "wizard").unwrap_err();
    assert!(bad[0].to_string().starts_with("phases/phase-2.md:2:7: `wizard` is no role"), "{bad:?}");
    let bad = edited("milestone.md", "M1-user-login", "M9-other").unwrap_err();
    assert!(listed(&bad).contains("its id is M9-other and was M1-user-login"), "{bad:?}");
    let more = [made.files.clone(), vec![("../x".to_owned(), String::new())]].concat();
    assert!(made.with_files(more, &ground).is_err());
    assert_eq!(made.with_files(made.files.clone(), &ground), Ok(made.clone()));
}

#[test]
fn where_the_number_was_taken_meanwhile_it_gets_the_next() {
    let made = draft(&login(), &ground(&[]), TODAY).unwrap();
    let taken = "---\nid: M1-other\nstatus: planning\n---\n";
    let phase = "---\nrole: backend\nstatus: pending\n---\n";
    let ground = ground(&[("M1-other", &[("milestone.md", taken), ("phases/phase-1.md", phase)])]);
    let again = made.renumbered(&ground).unwrap();
    assert_eq!((again.id.as_str(), again.folder.as_str()), ("M2-user-login", "M2-user-login"));
    assert_eq!(again.files[0].1, made.files[0].1.replace("M1-user-login", "M2-user-login"));
    assert_eq!(again.files[1..], made.files[1..]);
}
