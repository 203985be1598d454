//! Checks across milestones and across roles.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::findings::{Fault, hint_for, shown};
use super::{MilestoneSource, ReadMilestone, SourceFile};
use crate::diagnostic::Diagnostic;
use crate::id::MilestoneId;
use crate::plan::{Milestone, MilestoneStatus, Plan, Role, SetAside, resolve};
use crate::schedule;

pub(super) fn parse(milestones: &[MilestoneSource], roles: &[SourceFile]) -> Plan {
    let mut warnings = Vec::new();
    let roles = read_roles(roles, &mut warnings);
    let (mut read, mut set_aside) = (Vec::new(), Vec::new());
    for source in milestones {
        let parsed = super::milestone::parse(source, &roles);
        match parsed.result {
            Ok(milestone) => read.push(milestone),
            Err(diagnostics) => set_aside.push(SetAside { folder: source.folder.clone(), diagnostics }),
        }
        warnings.extend(parsed.warnings);
    }
    let mut plan = check(read, roles, set_aside);
    warnings.append(&mut plan.warnings);
    plan.warnings = warnings;
    plan
}

/// Reads roles. One that cannot be read is left out, so that each phase that names it says so at its place.
fn read_roles(files: &[SourceFile], warnings: &mut Vec<Diagnostic>) -> Vec<Role> {
    let mut roles: Vec<Role> = Vec::new();
    for file in files {
        let parsed = super::role::parse(&file.path, &file.bytes);
        warnings.extend(parsed.warnings);
        let role = match parsed.result {
            Ok(role) => role,
            Err(errors) => {
                warnings.extend(errors);
                continue;
            }
        };
        let names = |role: &Role| {
            let alias = role.alias.as_deref().map(str::to_ascii_lowercase);
            alias.into_iter().chain([role.id.as_str().to_ascii_lowercase()]).collect::<BTreeSet<_>>()
        };
        let own = names(&role);
        match roles.iter().find(|other| !names(other).is_disjoint(&own)) {
            Some(other) if other.id == role.id => {
                let what = format!("a second role `{}`", role.id);
                let fault =
                    Fault::new(super::Place::START, what, "the first one counts; give this one another `id`");
                warnings.push(fault.of(&file.path));
            }
            Some(other) => {
                let what = format!("`{}` and `{}` share a name or an alias", role.id, other.id);
                let hint = format!("it stands for `{}`; give this one another `alias`", other.id);
                warnings.push(Fault::new(super::Place::START, what, hint).of(&file.path));
                roles.push(role);
            }
            None => roles.push(role),
        }
    }
    roles
}

pub(super) fn check(milestones: Vec<ReadMilestone>, roles: Vec<Role>, set_aside: Vec<SetAside>) -> Plan {
    let mut check = Check { good: milestones, set_aside, warnings: Vec::new() };
    check.refuse_equal_ids();
    check.resolve_dependencies();
    check.refuse_cycles();
    check.refuse_unplanned();
    check.warn_of_waiting();
    check.warn_of_equal_numbers();
    Plan {
        milestones: check.good.into_iter().map(|read| read.milestone).collect(),
        roles,
        set_aside: check.set_aside,
        warnings: check.warnings,
    }
}

struct Check {
    good: Vec<ReadMilestone>,
    set_aside: Vec<SetAside>,
    warnings: Vec<Diagnostic>,
}

impl Check {
    /// Sets milestones aside for which there are faults, by their place in `good`.
    fn refuse(&mut self, faults: &BTreeMap<usize, Vec<Fault>>) {
        let mut kept = Vec::new();
        for (place, read) in std::mem::take(&mut self.good).into_iter().enumerate() {
            match faults.get(&place) {
                Some(faults) => self.set_aside.push(SetAside {
                    folder: read.milestone.folder.clone(),
                    diagnostics: faults.iter().map(|fault| fault.clone().of(&read.path)).collect(),
                }),
                None => kept.push(read),
            }
        }
        self.good = kept;
    }

    /// Which of the two is meant cannot be known, and git would take the commits of one for those of the other.
    fn refuse_equal_ids(&mut self) {
        let mut faults = BTreeMap::new();
        let mut named: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (place, read) in self.good.iter().enumerate() {
            named.entry(read.milestone.id.as_str().to_ascii_lowercase()).or_default().push(place);
        }
        for same in named.values().filter(|same| same.len() > 1) {
            for &place in same {
                let Some(&other) = same.iter().find(|other| **other != place) else { continue };
                let (read, twin) = (&self.good[place], &self.good[other]);
                let what = format!("the id `{}` belongs to {} too", read.milestone.id, shown(&twin.path));
                let fault = Fault::new(read.id_at, what, "give the newer one another id");
                faults.insert(place, vec![fault]);
            }
        }
        self.refuse(&faults);
    }

    fn resolve_dependencies(&mut self) {
        let names: Vec<(MilestoneId, String)> =
            self.good.iter().map(|read| (read.milestone.id.clone(), read.milestone.folder.clone())).collect();
        let mut faults: BTreeMap<usize, Vec<Fault>> = BTreeMap::new();
        for (place, read) in self.good.iter_mut().enumerate() {
            let mut depends_on = read.milestone.depends_on.clone();
            for (dependency, at) in depends_on.iter_mut().zip(&read.depends_on_at) {
                match resolve(dependency, names.iter().map(|(id, folder)| (id, folder.as_str()))) {
                    Some(id) if id == read.milestone.id => {
                        let fault =
                            Fault::new(*at, format!("`{dependency}` depends on itself"), "take it out");
                        faults.entry(place).or_default().push(fault);
                    }
                    Some(id) => *dependency = id,
                    None if is_set_aside(dependency, &self.set_aside) => {}
                    None => {
                        let known: Vec<&str> = names
                            .iter()
                            .map(|(id, _)| id.as_str())
                            .filter(|id| *id != read.milestone.id.as_str())
                            .collect();
                        let hint = hint_for(dependency.as_str(), &known);
                        let fault = Fault::new(*at, format!("there is no milestone `{dependency}`"), hint);
                        faults.entry(place).or_default().push(fault);
                    }
                }
            }
            if depends_on != read.milestone.depends_on {
                Arc::make_mut(&mut read.milestone).depends_on = depends_on;
            }
        }
        self.refuse(&faults);
    }

    fn refuse_cycles(&mut self) {
        while let Some(cycle) = self.find_cycle() {
            let names: Vec<&str> = cycle.iter().chain(cycle.first()).map(MilestoneId::as_str).collect();
            let what = format!("a cycle in `depends_on`: {}", names.join(" → "));
            let mut faults = BTreeMap::new();
            for (place, read) in self.good.iter().enumerate() {
                let Some(own) = cycle.iter().position(|id| *id == read.milestone.id) else { continue };
                let next = &cycle[(own + 1) % cycle.len()];
                let edge = read.milestone.depends_on.iter().position(|id| id == next);
                let at = edge.and_then(|edge| read.depends_on_at.get(edge)).copied().unwrap_or(read.id_at);
                faults.insert(place, vec![Fault::new(at, what.clone(), "take one of them out")]);
            }
            self.refuse(&faults);
        }
    }

    fn find_cycle(&self) -> Option<Vec<MilestoneId>> {
        let edge = |read: &ReadMilestone| -> (MilestoneId, Vec<MilestoneId>) {
            (read.milestone.id.clone(), read.milestone.depends_on.clone())
        };
        let edges: BTreeMap<MilestoneId, Vec<MilestoneId>> = self.good.iter().map(edge).collect();
        let borrowed = edges.iter().map(|(id, targets)| (id, targets.iter().collect())).collect();
        schedule::cycle_in(&borrowed).map(|cycle| cycle.into_iter().cloned().collect())
    }

    /// A milestone to be built without a phase is nothing to build: it would be passed over in silence for ever.
    fn refuse_unplanned(&mut self) {
        let is_open = |status| matches!(status, MilestoneStatus::Planning | MilestoneStatus::InProgress);
        let mut faults = BTreeMap::new();
        for (place, read) in self.good.iter().enumerate() {
            let milestone = &read.milestone;
            if milestone.phases.is_empty() && is_open(milestone.status) {
                let what = format!("`{}` has no phase in `phases/`: there is nothing to build", milestone.id);
                let hint = "write one, for example `phases/phase-1.md`; `orchestra schema` lists its keys";
                faults.insert(place, vec![Fault::new(read.id_at, what, hint)]);
            }
        }
        self.refuse(&faults);
    }

    /// A milestone that waits for one that is set aside would wait in silence.
    fn warn_of_waiting(&mut self) {
        for read in &self.good {
            for (dependency, at) in read.milestone.depends_on.iter().zip(&read.depends_on_at) {
                if !self.good.iter().any(|other| other.milestone.id == *dependency) {
                    let what =
                        format!("`{}` waits for `{dependency}`, which is set aside", read.milestone.id);
                    self.warnings.push(Fault::new(*at, what, "mend that one first").of(&read.path));
                }
            }
        }
    }

    fn warn_of_equal_numbers(&mut self) {
        let mut first: BTreeMap<u32, &Milestone> = BTreeMap::new();
        let mut sorted: Vec<&ReadMilestone> = self.good.iter().collect();
        sorted.sort_by(|one, two| one.milestone.id.cmp(&two.milestone.id));
        for read in sorted {
            let id = &read.milestone.id;
            if let Some(other) = first.get(&id.number()) {
                let what = format!("`{}` and `{id}` have one number", other.id);
                let hint = "both run, in the order of their names";
                self.warnings.push(Fault::new(read.id_at, what, hint).of(&read.path));
            } else {
                first.insert(id.number(), &read.milestone);
            }
        }
    }
}

/// Tells whether a milestone that could not be read is the one that is meant.
fn is_set_aside(named: &MilestoneId, set_aside: &[SetAside]) -> bool {
    set_aside.iter().any(|aside| match MilestoneId::parse(&aside.folder) {
        Ok(id) => id == *named || (!named.as_str().contains('-') && id.number() == named.number()),
        Err(_other_name) => false,
    })
}
