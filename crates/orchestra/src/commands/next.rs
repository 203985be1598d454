//! What to type next: one command, chosen by what holds everything else up.

use orchestra_core::plan::{MilestoneStatus, Plan};
use serde::Serialize;

use super::status::model::{Gate, Milestone, Status};
use crate::context::Context;

/// A command to type.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
pub(super) struct Next {
    /// The command; empty where a file must be edited first.
    pub(super) command: String,
    /// Why this one.
    pub(super) why: String,
}

impl Next {
    fn new(command: String, why: impl Into<String>) -> Self {
        Self { command, why: why.into() }
    }
}

/// Chooses the next command for a project as it stands.
pub(super) fn after(context: &Context, status: &Status, plan: &Plan) -> Next {
    if let Some(fault) = status.configuration.first() {
        return Next::new(String::new(), format!("mend {}:{}", fault.path, fault.line));
    }
    let mut open = status.gates.iter().filter(|gate| gate.answered.is_none());
    if let Some(gate) = open.next() {
        return Next::new(answering(context, gate, open), why(gate));
    }
    if status.worker.is_some() {
        return Next::new(context.typed("status --watch"), "follows the worker");
    }
    let is_over = |one: &Milestone| matches!(one.status, MilestoneStatus::Done | MilestoneStatus::Dropped);
    let has_work = status.milestones.is_empty() || !status.milestones.iter().all(is_over);
    if status.trust != "given" && has_work {
        return Next::new(context.typed("trust"), "shows what this project would run, and asks you");
    }
    let is_played = status.agent.is_some() || plan.roles.iter().any(|role| role.agent.is_some());
    let runs = |wanted: &[MilestoneStatus]| {
        let of = |status| wanted.contains(status);
        status.milestones.iter().find(|one| of(&one.status) && one.waits_for.is_empty())
    };
    let begun = [MilestoneStatus::InProgress, MilestoneStatus::Review];
    let next = if let Some(milestone) = runs(&begun) {
        Next::new(context.typed("start"), format!("goes on with {}", milestone.id))
    } else if let Some(milestone) = runs(&[MilestoneStatus::Planning]) {
        Next::new(context.typed("start"), format!("begins {}", milestone.id))
    } else if let Some(milestone) = runs(&[MilestoneStatus::Parked]) {
        let command = context.typed(&format!("start --milestone {}", milestone.id));
        Next::new(command, "takes up what was parked")
    } else if let Some(fault) = status.set_aside.iter().find_map(|one| one.diagnostics.first()) {
        return Next::new(String::new(), format!("mend {}:{}", fault.path, fault.line));
    } else {
        return Next::new(context.typed("add \"what should be done\""), "plans one small thing");
    };
    if is_played {
        next
    } else {
        Next::new(context.typed("doctor"), "no agent is chosen yet; this says how to get one")
    }
}

/// The command for the first answer. On a terminal, and where it can be no other's, without the gate: then what is
/// answered is shown and asked about first.
fn answering<'a>(context: &Context, gate: &Gate, mut others: impl Iterator<Item = &'a Gate>) -> String {
    match gate.answers.first() {
        Some(word) if context.is_terminal && !others.any(|other| other.answers.contains(word)) => {
            context.typed(&format!("answer {word}"))
        }
        _ => gate.commands.first().cloned().unwrap_or_default(),
    }
}

fn why(gate: &Gate) -> String {
    match (&gate.milestone, &gate.work) {
        (Some(milestone), Some(work)) => format!("answers for {work} of {milestone}"),
        (Some(milestone), None) => format!("answers for {milestone}"),
        (None, _) => "answers what the worker asks".to_owned(),
    }
}
