//! `orchestra add`: one milestone with one phase, written without a model.

use jiff::Zoned;
use orchestra_core::id::MilestoneId;
use orchestra_core::plan::{Plan, Role};
use orchestra_core::proposal::naming;
use orchestra_project::documents::{CreateError, create_milestone};
use orchestra_project::journal::Journal;
use orchestra_project::layout::Layout;
use orchestra_project::lock;
use orchestra_project::scaffold::milestone::{NewMilestone, new_milestone};

use super::{init, status};
use crate::cli::AddArgs;
use crate::context::Context;
use crate::failure::{Exit, Failure};
use crate::out::{GOOD, STRONG, styled};

/// How often another number is taken because somebody else took this one.
const ROUNDS: u32 = 10;
/// Who does what nobody is named for.
const USUAL: &str = "backend-engineer";

pub(super) fn run(context: &Context, args: &AddArgs) -> Result<Exit, Failure> {
    context.refuse_below_the_worker("add")?;
    let request = args.text.join(" ");
    if request.trim().is_empty() {
        return Err(Failure::usage_with(
            "there is nothing to do in an empty text",
            context.typed("add \"fix …\""),
        ));
    }
    let layout = init::layout_or_set_up(context)?;
    let plan = context.load(&layout)?.plan;
    let role = find_role(context, &plan, args.role.as_deref())?;
    let (mut journal, _) = Journal::open(&layout)?;
    let mut taken = naming::taken(&plan);
    for _ in 0..ROUNDS {
        let new = NewMilestone {
            request: &request,
            role: &role.id,
            priority: args.priority,
            created: Zoned::now().date(),
        };
        let made = new_milestone(&new, &taken).map_err(|error| Failure::usage(error.to_string()))?;
        let files: Vec<(String, String)> =
            made.files.into_iter().map(|(path, text)| (path.to_owned(), text)).collect();
        match create_milestone(&layout, made.id.as_str(), &files, &mut journal) {
            Ok(_) => return tell(context, &layout, &made.id, role),
            Err(CreateError::Exists { .. }) => taken.push(made.id),
            Err(error) => return Err(error.into()),
        }
    }
    Err(Failure::usage("others are adding milestones at the same moment; try again"))
}

fn find_role<'a>(context: &Context, plan: &'a Plan, wanted: Option<&str>) -> Result<&'a Role, Failure> {
    let names = || {
        let names = plan.roles.iter().filter(|role| !role.writes.is_empty());
        names.map(|role| role.id.as_str()).collect::<Vec<_>>().join(", ")
    };
    let Some(wanted) = wanted else {
        let usual = plan.roles.iter().find(|role| role.id.as_str() == USUAL);
        let usual = usual.or_else(|| plan.roles.iter().find(|role| !role.writes.is_empty()));
        return usual.ok_or_else(|| {
            Failure::usage_with("no role of this project may write anything", context.typed("init --upgrade"))
        });
    };
    let name = wanted.trim_start_matches('#');
    let is_it = |role: &&Role| role.id.as_str() == name || role.alias.as_deref() == Some(name);
    plan.roles.iter().find(is_it).ok_or_else(|| {
        Failure::usage_with(format!("there is no role `{wanted}`"), format!("one of: {}", names()))
    })
}

fn tell(context: &Context, layout: &Layout, id: &MilestoneId, role: &Role) -> Result<Exit, Failure> {
    let by = &role.id;
    context.out.line(format_args!("{} Added {} for {by}.", styled(GOOD, "✔"), styled(STRONG, id)));
    context.out.line(format_args!("  .orchestra/milestones/{id}/phases/phase-1.md is what {by} will read."));
    if role.writes.is_empty() {
        context.out.line(format_args!("  {by} may write nothing; give the phase to another role there."));
    }
    if lock::peek(layout)?.is_some() {
        context.out.line("The worker that runs takes it up when its turn comes.");
    }
    status::print_next(context, layout)?;
    Ok(Exit::DONE)
}
