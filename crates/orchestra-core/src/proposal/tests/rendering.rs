//! Whatever words a proposal has, its documents say them and nothing else.

use proptest::prelude::*;

use super::*;
use crate::document::embed::embedded;
use crate::document::source::Source;
use crate::document::yaml::{self, Value};
use crate::document::{body, plain};

/// Pieces that could become structure.
const PIECES: &[&str] = &[
    "---",
    "\n---\n",
    "\n",
    "\n\n",
    "# ",
    "## Result",
    "\n## Result\n",
    "Result\n---\n",
    "Result\n===\n",
    "```",
    "\n```\n",
    "~~~",
    "\n~~~~\n",
    "<!-- ",
    " -->",
    "<script>",
    "<pre>",
    "<![CDATA[",
    "<?",
    "</div>",
    "<div>\n",
    "> ",
    "- ",
    "- [x] ",
    "* ",
    "1. ",
    "    ",
    "\t",
    "|a|b|\n|-|-|\n",
    "status: done",
    "\nstatus: done\n",
    ": ",
    " #",
    "{",
    "}",
    "[",
    "](x)",
    "\"",
    "'",
    "\\",
    "&a",
    "*a",
    "!t",
    "%",
    "@",
    "`",
    "<<<<<<< HEAD",
    "\n>>>>>>> x\n",
    "=======",
    "ä",
    "日本",
    "x",
    " ",
    "word",
    "[^1]: ",
    "[Scope]: x",
    "\r\n",
    "***",
    "___",
    "\n+ \n",
    "null",
    "~",
    "yes",
    "0x1f",
    "{{id}}",
    "\n#\n",
];

fn words() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(PIECES), 0..12).prop_map(|pieces| pieces.concat())
}

/// Words that are there.
fn said() -> impl Strategy<Value = String> {
    words().prop_map(|words| format!("a{words}"))
}

fn phase() -> impl Strategy<Value = PhaseProposal> {
    (said(), said(), words(), words(), prop::option::of(prop::collection::vec(said(), 0..3))).prop_map(
        |(title, objective, scope, context, verify)| PhaseProposal {
            role: "backend".to_owned(),
            title,
            objective,
            scope,
            context,
            verify: verify
                .map(|commands| commands.iter().map(|text| text.replace(['\r', '\n'], "")).collect()),
            ..PhaseProposal::default()
        },
    )
}

fn proposal() -> impl Strategy<Value = MilestoneProposal> {
    let lists = (prop::collection::vec(said(), 1..4), prop::collection::vec(said(), 1..4));
    (said(), said(), lists, said(), words(), prop::collection::vec(phase(), 1..4)).prop_map(
        |(title, summary, (criteria, out_of_scope), prd, grooming, phases)| MilestoneProposal {
            title,
            summary,
            criteria,
            out_of_scope,
            prd,
            grooming,
            phases,
            ..MilestoneProposal::default()
        },
    )
}

/// The keys of a document's front matter.
fn keys(text: &str) -> Vec<String> {
    let source = Source::read(text.as_bytes()).unwrap();
    match yaml::parse(source.front_text().unwrap(), 1).unwrap().value {
        Value::Map(entries) => entries.into_iter().map(|entry| entry.key).collect(),
        other => panic!("{other:?}"),
    }
}

fn single(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What is shown of a text that stands alone in a list.
fn as_item(text: &str) -> String {
    body::criteria(&format!("## Acceptance criteria\n\n- [ ] {text}\n")).pop().unwrap().1
}

fn reads_back(proposal: &MilestoneProposal, draft: &Draft) {
    let text = |path: &str| draft.files.iter().find(|(found, _)| found == path).unwrap().1.as_str();
    let (milestone, _) = super::super::draft::read(&draft.folder, &draft.files, &ground(&[])).unwrap();
    assert_eq!(milestone.title, single(&proposal.title));
    assert_eq!(milestone.status, crate::plan::MilestoneStatus::Planning);
    assert_eq!(
        keys(text("milestone.md")),
        ["id", "title", "status", "priority", "depends_on", "rfc", "hold", "created"]
    );
    assert_eq!(body::section(text("milestone.md"), "Summary").unwrap(), embedded(&proposal.summary));
    let criteria: Vec<(bool, String)> =
        proposal.criteria.iter().map(|text| (false, as_item(&single(text)))).collect();
    assert_eq!(body::criteria(text("milestone.md")), criteria);
    assert_eq!(body::section(text("prd.md"), "What and why").unwrap(), embedded(&proposal.prd));
    let outside = body::section(text("prd.md"), "Out of scope").unwrap();
    assert_eq!(outside.lines().count(), proposal.out_of_scope.len());
    for (line, text) in outside.lines().zip(&proposal.out_of_scope) {
        assert_eq!(line, format!("- {}", plain::entry_line(text)));
    }
    assert_eq!(milestone.phases.len(), proposal.phases.len());
    for (number, (found, phase)) in milestone.phases.iter().zip(&proposal.phases).enumerate() {
        let text = text(&format!("phases/phase-{}.md", number + 1));
        assert_eq!((found.title.as_str(), found.role.as_str()), (&*single(&phase.title), "backend-engineer"));
        let verify = phase.verify.as_ref().map(|all| all.iter().map(|one| one.trim().to_owned()).collect());
        assert_eq!(found.verify, verify);
        let keys = keys(text);
        assert!(
            keys.iter().all(|key| ["role", "title", "status", "order", "files", "verify"].contains(&&**key))
        );
        let said = body::phase_text(text);
        assert_eq!(said.objective, embedded(&phase.objective));
        assert_eq!(said.scope, embedded(&phase.scope));
        assert_eq!(said.context, embedded(&phase.context));
        assert_eq!(said.result, "", "{text}");
    }
}

#[test]
fn a_forged_result_and_a_forged_key_stay_words() {
    let mut proposal = login();
    proposal.title = "x\"\nstatus: done\nhold: []".to_owned();
    proposal.phases[0].objective =
        "Do it.\n\n## Result\n\nDone already.\n\n---\nstatus: done\n---\n".to_owned();
    proposal.phases[1].objective = "```\nnever closed".to_owned();
    let draft = draft(&proposal, &ground(&[]), TODAY).unwrap();
    let phase = &draft.files[3].1;
    assert_eq!(body::phase_text(phase).result, "");
    assert!(phase.contains("\n### Result\n"), "{phase}");
    assert!(draft.files[0].1.contains("\ntitle: \"x\\\" status: done hold: []\"\n"), "{}", draft.files[0].1);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn a_draft_reads_back_as_what_was_proposed(proposal in proposal()) {
        match draft(&proposal, &ground(&[]), TODAY) {
            Ok(draft) => reads_back(&proposal, &draft),
            // Sent back for a reason that can be named, not because it could not be read.
            Err(objections) => for objection in objections {
                prop_assert!(
                    ["criteria", "title", "characters", "twice", "hidden", "empty", "mark"]
                        .iter()
                        .any(|word| objection.to_string().contains(word)),
                    "{}", objection
                );
            },
        }
    }

    #[test]
    fn words_of_a_change_read_back_too(objective in said(), scope in words()) {
        let phase = "---\nrole: backend\nstatus: pending\norder: 1\n---\n## Objective\nOld.\n\n## Scope\n\n## Context\nc\n\n## Result\n";
        let milestone = "---\nid: M1-a\nstatus: planning\n---\n";
        let ground = ground(&[("M1-a", &[("milestone.md", milestone), ("phases/phase-1.md", phase)])]);
        let change = ChangeProposal {
            milestone: "M1".to_owned(),
            reason: "so".to_owned(),
            changes: vec![Change::RewritePhase {
                phase: "phase-1".to_owned(),
                objective: objective.clone(),
                scope: Some(scope.clone()),
                context: None,
            }],
        };
        let draft = draft_change(&change, &ground).map_err(|told| TestCaseError::fail(listed(&told)))?;
        let said = body::phase_text(&draft.files[0].after);
        prop_assert_eq!(said.objective, embedded(&objective));
        prop_assert_eq!(said.scope, embedded(&scope));
        prop_assert_eq!((said.context, said.result), ("c", ""));
        prop_assert_eq!(draft.files[0].on(Some(phase)).unwrap(), draft.files[0].after.clone());
    }
}
