//! `orchestra prompt`: what an agent would be told for a work, and how large each part is.

use orchestra_core::config::VerifyPlan;
use orchestra_core::id::{RoleId, TurnId, WorkId};
use orchestra_core::plan::{Complexity, Milestone};
use orchestra_core::prompt::{Stays, estimate_tokens};
use orchestra_core::worker::TurnOrder;
use orchestra_engine::brief::Briefing;
use serde_json::json;

use crate::cli::PromptArgs;
use crate::context::Context;
use crate::failure::{Exit, Failure};
use crate::out::verbatim;

/// Who writes designs.
const ARCHITECT: &str = "architect";

pub(super) fn run(context: &Context, args: &PromptArgs) -> Result<Exit, Failure> {
    let layout = context.layout()?;
    let loaded = context.load(&layout)?;
    let config = &Context::config(&loaded)?.config;
    let Some(milestone) = loaded.plan.resolve(&args.milestone) else {
        return Err(Failure::usage_with(
            format!("there is no milestone {}", args.milestone),
            format!("{} lists them", context.typed("status")),
        ));
    };
    let (work, role) = find_work(milestone, &args.work)?;
    let phase = work.phase().and_then(|phase| milestone.find_phase(phase));
    let role_found = loaded.plan.find_role(&role);
    let order = TurnOrder {
        turn: TurnId(1),
        milestone: milestone.id.clone(),
        agent: role_found
            .and_then(|role| role.agent.clone())
            .or_else(|| config.default_agent.clone())
            .unwrap_or_else(|| orchestra_core::id::AgentName::parse("none").expect("a plain word is a name")),
        attempt: 1,
        complexity: phase.map_or(Complexity::Standard, |phase| phase.complexity),
        writes: true,
        tell: Vec::new(),
        session: None,
        verify: match phase {
            Some(phase) => phase.verify.clone().map_or_else(|| config.verify.clone(), VerifyPlan::Always),
            None => VerifyPlan::Always(Vec::new()),
        },
        reads: Vec::new(),
        timeout: config.limits.phase_timeout,
        work,
        role,
    };
    let repo = context.open_repo(None)?;
    let prompt = Briefing { layout: &layout }.of_turn(&repo, milestone, role_found, &order)?;
    if args.json {
        let parts: Vec<_> = prompt
            .parts()
            .iter()
            .map(|part| {
                json!({ "name": part.name, "stays": stays(part.stays), "bytes": part.text.len(),
                    "tokens": estimate_tokens(&part.text), "text": part.text })
            })
            .collect();
        super::print_json(context, &json!({ "parts": parts }));
        return Ok(Exit::DONE);
    }
    if !args.sizes {
        context.out.line(verbatim(prompt.whole().as_bytes()));
    }
    let mut total = (0, 0);
    context.out.error(format_args!("{:>9} {:>8}  {:<10} part", "bytes", "tokens", "stays"));
    for part in prompt.parts() {
        let (bytes, tokens) = (part.text.len(), estimate_tokens(&part.text));
        total = (total.0 + bytes, total.1 + tokens);
        context.out.error(format_args!("{bytes:>9} {tokens:>8}  {:<10} {}", stays(part.stays), part.name));
    }
    context.out.error(format_args!("{:>9} {:>8}  in all, tokens estimated", total.0, total.1));
    Ok(Exit::DONE)
}

fn stays(stays: Stays) -> &'static str {
    match stays {
        Stays::Project => "project",
        Stays::Milestone => "milestone",
        Stays::Turn => "turn",
    }
}

/// The work of a name, and who does it.
fn find_work(milestone: &Milestone, name: &str) -> Result<(WorkId, RoleId), Failure> {
    if name == "rfc" {
        return Ok((WorkId::Rfc, RoleId::parse(ARCHITECT).expect("a plain word is a role's id")));
    }
    let found = milestone.phases.iter().find(|phase| phase.id.as_str() == name);
    found.map(|phase| (WorkId::Phase(phase.id.clone()), phase.role.clone())).ok_or_else(|| {
        let names: Vec<&str> = milestone.phases.iter().map(|phase| phase.id.as_str()).collect();
        Failure::usage_with(
            format!("{} has no phase `{name}`", milestone.id),
            format!("one of: rfc, {}", names.join(", ")),
        )
    })
}
