//! Checks of the phases of a proposal: who does them, what they touch, what they run, and on what they wait.

use std::collections::BTreeMap;

use super::PhaseProposal;
use super::globs::{Lies, lies};
use super::objection::Sheet;
use super::text::{self, OBJECTIVE, PASSAGE, TITLE};
use crate::document;
use crate::document::findings::{hint_for, shown};
use crate::plan::{ARCHITECT, Complexity, REVIEWER, Role};
use crate::schedule;

/// Roles that plan or keep house, and build nothing.
const NOT_BUILDING: [&str; 2] = ["product-manager", "owner"];

/// How many globs a phase may plan, and how long one may be in bytes.
const FILES: (usize, usize) = (40, 200);
/// How many commands a phase may be verified by, and how long one may be in characters.
const COMMANDS: (usize, usize) = (10, 500);

/// A phase that was checked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Planned {
    pub(super) role: Role,
    pub(super) title: String,
    pub(super) objective: String,
    pub(super) scope: String,
    pub(super) context: String,
    pub(super) files: Vec<String>,
    pub(super) verify: Option<Vec<String>>,
    /// Places in the list of phases, from 0.
    pub(super) depends_on: Option<Vec<usize>>,
    pub(super) complexity: Option<Complexity>,
}

/// Checks all phases of a milestone.
pub(super) fn all(sheet: &mut Sheet, phases: &[PhaseProposal], roles: &[Role]) -> Vec<Planned> {
    let mut planned = Vec::new();
    for (index, phase) in phases.iter().enumerate() {
        let at = format!("phases[{index}]");
        let depends_on = dependencies(sheet, &at, phase, index, phases.len());
        planned.extend(one(sheet, &at, phase, roles).map(|found| Planned { depends_on, ..found }));
    }
    if planned.len() == phases.len() {
        stages(sheet, &planned);
        cycle(sheet, &planned);
    }
    planned
}

/// Checks one phase without its dependencies.
pub(super) fn one(sheet: &mut Sheet, at: &str, phase: &PhaseProposal, roles: &[Role]) -> Option<Planned> {
    let part = |name: &str| format!("{at}.{name}");
    let title = text::line(sheet, &part("title"), &phase.title, TITLE);
    text::needed_prose(sheet, &part("objective"), &phase.objective, OBJECTIVE);
    text::prose(sheet, &part("scope"), &phase.scope, PASSAGE);
    text::prose(sheet, &part("context"), &phase.context, PASSAGE);
    let role = role(sheet, &part("role"), &phase.role, roles);
    let files = files(sheet, &part("files"), &phase.files, role);
    let verify = phase.verify.as_ref().map(|commands| {
        if commands.len() > COMMANDS.0 {
            let what = format!("{} commands are too many", commands.len());
            sheet.object(part("verify"), what, format!("at most {}", COMMANDS.0));
        }
        let check = |(index, command): (usize, &String)| {
            let at = format!("{}[{index}]", part("verify"));
            if command.contains(['\n', '\r']) {
                sheet.object(&at, "a command of several lines", "put it into a script, and run that");
            }
            text::line(sheet, &at, command, COMMANDS.1);
            // A blank may mean something to a shell.
            command.trim().to_owned()
        };
        commands.iter().enumerate().map(check).collect()
    });
    let complexity = phase.complexity.as_ref().and_then(|word| {
        let found = Complexity::parse(word);
        if found.is_none() {
            let what = format!("{} is no complexity", shown(word));
            sheet.object(part("complexity"), what, hint_for(word, Complexity::WORDS));
        }
        found
    });
    Some(Planned {
        role: role?.clone(),
        title,
        objective: phase.objective.clone(),
        scope: phase.scope.clone(),
        context: phase.context.clone(),
        files,
        verify,
        depends_on: None,
        complexity,
    })
}

fn role<'a>(sheet: &mut Sheet, at: &str, name: &str, roles: &'a [Role]) -> Option<&'a Role> {
    let word = name.trim().trim_start_matches('#');
    let building: Vec<&Role> =
        roles.iter().filter(|role| !NOT_BUILDING.contains(&role.id.as_str())).collect();
    let mut names: Vec<&str> =
        building.iter().flat_map(|role| [Some(role.id.as_str()), role.alias.as_deref()]).flatten().collect();
    names.dedup();
    let found = document::find_role(word, roles);
    match found {
        None => sheet.object(at, format!("there is no role {}", shown(name)), hint_for(word, &names)),
        Some(role) if NOT_BUILDING.contains(&role.id.as_str()) => {
            let what = format!("{} builds nothing", role.id);
            sheet.object(at, what, format!("give the phase to one of: {}", names.join(", ")));
            return None;
        }
        Some(_) => {}
    }
    found
}

fn files(sheet: &mut Sheet, at: &str, files: &[String], role: Option<&Role>) -> Vec<String> {
    if files.len() > FILES.0 {
        sheet.object(at, format!("{} globs are too many", files.len()), format!("at most {}", FILES.0));
    }
    for (index, glob) in files.iter().enumerate() {
        let at = format!("{at}[{index}]");
        if glob.len() > FILES.1 {
            sheet.object(&at, "this glob is too long", format!("at most {} bytes", FILES.1));
            continue;
        }
        text::line(sheet, &at, glob, FILES.1);
        if let Some((what, hint)) = document::plan_glob_fault(glob) {
            sheet.object(&at, format!("{what}: {}", shown(glob)), hint);
            continue;
        }
        let Some(role) = role else { continue };
        match lies(glob, role) {
            Lies::Inside => {}
            Lies::Outside => {
                let hint = if role.writes.is_empty() {
                    format!("{} may write nothing: name no files", role.id)
                } else {
                    format!(
                        "{} may write: {}; give what lies elsewhere to its own role, in a phase of its own",
                        role.id,
                        role.writes.join(", ")
                    )
                };
                sheet.object(&at, format!("{} is not {}'s to write", shown(glob), role.id), hint);
            }
            Lies::Unsure => sheet.remark(format!(
                "{at}: {} may reach beyond what {} may write ({}); what lies outside would be put back",
                shown(glob),
                role.id,
                role.writes.join(", ")
            )),
        }
    }
    files.to_vec()
}

fn dependencies(
    sheet: &mut Sheet,
    at: &str,
    phase: &PhaseProposal,
    own: usize,
    count: usize,
) -> Option<Vec<usize>> {
    let named = phase.depends_on.as_ref()?;
    let mut places = Vec::new();
    for (index, number) in named.iter().enumerate() {
        let at = format!("{at}.depends_on[{index}]");
        match usize::try_from(*number).ok().and_then(|number| number.checked_sub(1)) {
            Some(place) if place == own => {
                sheet.object(at, "a phase that depends on itself", "take it out");
            }
            Some(place) if place < count => places.push(place),
            _ => sheet.object(
                at,
                format!("there is no phase {number}"),
                format!("phases are counted from 1 to {count}"),
            ),
        }
    }
    places.dedup();
    Some(places)
}

/// A phase of the architect before all others is the design stage, one of the reviewer the review stage.
fn stages(sheet: &mut Sheet, planned: &[Planned]) {
    for (index, phase) in planned.iter().enumerate() {
        let at = format!("phases[{index}].role");
        match phase.role.id.as_str() {
            ARCHITECT if index > 0 => sheet.object(
                at,
                "a phase of the architect is the design, and comes before all others",
                "put it first, or leave it out: the design is made in any case",
            ),
            REVIEWER if index + 1 < planned.len() => sheet.object(
                at,
                "a phase of the reviewer is the review, and comes after all others",
                "put it last, or leave it out: there is a review in any case",
            ),
            ARCHITECT | REVIEWER => {}
            _ if phase.role.writes.is_empty() => sheet.object(
                at,
                format!("{} may write nothing, and can build nothing", phase.role.id),
                "give the phase to a role that may write",
            ),
            _ => {}
        }
    }
    let builds = |phase: &Planned| !matches!(phase.role.id.as_str(), ARCHITECT | REVIEWER);
    if !planned.is_empty() && !planned.iter().any(builds) {
        sheet.object("phases", "no phase builds anything", "add what is to be built");
    }
}

fn cycle(sheet: &mut Sheet, planned: &[Planned]) {
    let waits: Vec<Vec<usize>> = planned
        .iter()
        .enumerate()
        .map(|(own, phase)| {
            phase.depends_on.clone().unwrap_or_else(|| own.checked_sub(1).into_iter().collect())
        })
        .collect();
    let places: Vec<usize> = (0..planned.len()).collect();
    let edges: BTreeMap<&usize, Vec<&usize>> =
        places.iter().zip(waits.iter().map(|to| to.iter().collect())).collect();
    if let Some(cycle) = schedule::cycle_in(&edges) {
        let names: Vec<String> =
            cycle.iter().chain(cycle.first()).map(|place| (*place + 1).to_string()).collect();
        sheet.object(
            format!("phases[{}].depends_on", cycle[0]),
            format!("a cycle: {}", names.join(" → ")),
            "a phase that names none waits for the one before it; `[]` is for none",
        );
    }
}
