//! Ties the phases of one milestone into a graph and checks it.

use super::Place;
use super::findings::{Findings, hint_for, shown};
use super::phase::Draft;
use crate::id::PhaseId;
use crate::plan::{Phase, PhaseStatus};
use crate::schedule;

/// Sorts phases, fills in what each depends on, and checks the graph.
pub(super) fn tie(mut drafts: Vec<Draft>, findings: &mut Findings) -> Vec<Phase> {
    drafts.sort_by(|one, two| schedule::phase_order(&one.phase, &two.phase));
    let ids: Vec<PhaseId> = drafts.iter().map(|draft| draft.phase.id.clone()).collect();
    for (place, draft) in drafts.iter_mut().enumerate() {
        let mut own = Findings::new(&draft.path);
        draft.phase.depends_on = match &draft.depends_on {
            None => place.checked_sub(1).map(|before| ids[before].clone()).into_iter().collect(),
            Some(named) => named
                .iter()
                .filter_map(|(text, at)| known_dependency(text, *at, &draft.phase.id, &ids, &mut own))
                .collect(),
        };
        findings.join(own);
    }
    let phases: Vec<Phase> = drafts.iter().map(|draft| draft.phase.clone()).collect();
    if let Some(cycle) = schedule::find_cycle(&phases) {
        let draft = drafts.iter().find(|draft| draft.phase.id == cycle[0]);
        if let Some(draft) = draft {
            let mut own = Findings::new(&draft.path);
            let at = draft.depends_on.iter().flatten().next().map_or(draft.start, |(_, at)| *at);
            let names: Vec<String> = cycle.iter().chain(cycle.first()).map(ToString::to_string).collect();
            own.error(
                at,
                format!("a cycle in `depends_on`: {}", names.join(" → ")),
                "take one of them out; a phase without `depends_on` waits for the one before it in `order`",
            );
            findings.join(own);
        }
    }
    warn_of_late_backend(&drafts, findings);
    phases
}

fn known_dependency(
    text: &str,
    at: Place,
    own_id: &PhaseId,
    ids: &[PhaseId],
    findings: &mut Findings,
) -> Option<PhaseId> {
    if text == own_id.as_str() {
        findings.error(at, format!("{} depends on itself", shown(text)), "take it out");
        return None;
    }
    let found = ids.iter().find(|id| id.as_str() == text);
    if found.is_none() {
        let others: Vec<&str> = ids.iter().map(PhaseId::as_str).filter(|id| *id != own_id.as_str()).collect();
        let what = format!("{} is no phase of this milestone", shown(text));
        findings.error(at, what, hint_for(text, &others));
    }
    found.cloned()
}

/// Roles do not order phases, but a front end built before its back end is seldom meant.
fn warn_of_late_backend(drafts: &[Draft], findings: &mut Findings) {
    let is_open = |draft: &&Draft, role: &str| {
        draft.phase.role.as_str() == role
            && !matches!(draft.phase.status, PhaseStatus::Done | PhaseStatus::Skipped)
    };
    let Some(front) = drafts.iter().position(|draft| is_open(&draft, "frontend-engineer")) else { return };
    let Some(back) = drafts[front..].iter().find(|draft| is_open(draft, "backend-engineer")) else { return };
    let front = &drafts[front];
    let mut own = Findings::new(&front.path);
    own.warning(
        front.start,
        format!("`{}` (frontend) comes before `{}` (backend)", front.phase.id, back.phase.id),
        "change `order` or `depends_on` if the front end needs the back end first",
    );
    findings.join(own);
}
