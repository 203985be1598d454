//! Which conversation is gone on with or begun, with whom, and what plays the role.

use jiff::Timestamp;
use orchestra_core::config::trust::TrustKind;
use orchestra_core::config::{AgentConfig, Config};
use orchestra_core::conversation::{ConversationId, Kept, Line, pending};
use orchestra_core::id::{AgentName, RoleId};
use orchestra_core::plan::{PLANNER, Plan, REVIEWER, Role};
use orchestra_core::words::counted;
use orchestra_engine::conversation::Setup;
use orchestra_project::conversations::{
    ConversationError, ConversationFile, Listed, list, newest, read_lines, role_of,
};
use orchestra_project::layout::Layout;
use orchestra_project::load::{Loaded, Scanner};

use crate::commands::preflight::agents::HOW_TO_GET_ONE;
use crate::context::Context;
use crate::failure::{Exit, Failure};
use crate::out::{STRONG, shown, styled};

/// Which conversation is wanted.
pub(super) enum Which {
    /// This one.
    Earlier(ConversationId),
    /// The newest with the role where that was cut short, else a new one.
    CutShort,
    /// A new one.
    New,
}

/// A conversation that can be held.
pub(super) struct Opened {
    pub(super) setup: Setup,
    /// Whether the agent can be spoken to while it works.
    pub(super) hears: bool,
    /// The model, where one is set.
    pub(super) model: Option<String>,
    /// It was cut short, and nobody named it: the person is told that it goes on.
    pub(super) goes_on: Option<ConversationId>,
}

/// Opens a conversation with a role, in a project whose person has agreed to what was loaded of it.
pub(super) fn open(
    context: &Context,
    layout: &Layout,
    (scanner, loaded): (Scanner, &Loaded),
    role: RoleId,
    which: Which,
) -> Result<Opened, Failure> {
    let config = &Context::config(loaded)?.config;
    let agent = agent_of(context, config, &loaded.plan, &role)?;
    let hears = config.agents.get(&agent).is_some_and(AgentConfig::hears);
    let model = loaded.plan.find_role(&role).and_then(|role| role.model.clone());
    let is_named = matches!(which, Which::Earlier(_));
    let (file, past) = file_of(layout, &role, which)?;
    let goes_on = (!is_named && !past.is_empty()).then(|| file.id().clone());
    let setup = Setup {
        launcher: context.launcher(None),
        environment: context.environment.clone(),
        user_config: context.user_config.clone(),
        variables: context.variables(),
        flags: context.settings.clone(),
        trust: context.trust_store()?,
        programs: loaded.trust.iter().filter(|item| item.kind == TrustKind::Git).cloned().collect(),
        proposes: role.as_str() == PLANNER,
        layout: layout.clone(),
        role,
        agent,
        repo: Some(context.open_agreed_repo(context.launcher(None), &loaded.trust)?),
        file,
        past,
        scanner,
    };
    Ok(Opened { setup, hears, model, goes_on })
}

/// What a role is asked that the person has come to without a word: a reviewer for whom nothing waits reviews what is
/// not pushed yet.
pub(super) fn first_words(plan: &Plan, opened: &Opened) -> Option<String> {
    let role = plan.find_role(&opened.setup.role).filter(|role| role.id.as_str() == REVIEWER)?;
    let is_new = opened.setup.past.is_empty() && pending(plan, role).is_empty();
    is_new.then(|| "Review the commits that are not pushed yet.".to_owned())
}

/// The role of an id or alias. The planner may be missing in a project of old: its prompt is a part of ours then.
pub(super) fn find_role(plan: &Plan, name: &str) -> Result<RoleId, Failure> {
    let is_it = |role: &&Role| {
        let alias = role.alias.as_deref().map(|alias| alias.trim_start_matches('#'));
        role.id.as_str() == name || alias == Some(name)
    };
    if let Some(role) = plan.roles.iter().find(is_it) {
        return Ok(role.id.clone());
    }
    if ["pm", PLANNER].contains(&name) {
        return Ok(RoleId::parse(PLANNER).expect("a plain word is a role's id"));
    }
    let names: Vec<&str> = plan.roles.iter().map(|role| role.id.as_str()).collect();
    Err(Failure::usage_with(format!("there is no role `{name}`"), format!("one of: {}", names.join(", "))))
}

/// The agent that plays a role. With none at all it is said what to install, and what does not need one.
fn agent_of(context: &Context, config: &Config, plan: &Plan, role: &RoleId) -> Result<AgentName, Failure> {
    let named = plan.find_role(role).and_then(|role| role.agent.clone());
    let agent = named.or_else(|| config.default_agent.clone());
    agent.filter(|agent| config.agents.contains_key(agent)).ok_or_else(|| {
        let hint = format!(
            "{HOW_TO_GET_ONE}. An API key or a local server does as well: see docs/agents.md. Without a model: \
             `{}` takes a plan from a file, `{}` plans one small thing",
            context.typed("propose FILE"),
            context.typed("add \"…\"")
        );
        Failure::usage_with(format!("no agent plays {role} yet"), hint)
    })
}

fn file_of(layout: &Layout, role: &RoleId, which: Which) -> Result<(ConversationFile, Vec<Kept>), Failure> {
    match which {
        Which::Earlier(id) => return Ok(ConversationFile::open(layout, &id)?),
        Which::CutShort => {
            if let Some(opened) = cut_short(layout, role)? {
                return Ok(opened);
            }
        }
        Which::New => {}
    }
    Ok((ConversationFile::create(layout, role, Timestamp::now())?, Vec::new()))
}

/// One that was killed goes on: who typed the same command again wants it back. Not one that somebody is in.
fn cut_short(layout: &Layout, role: &RoleId) -> Result<Option<(ConversationFile, Vec<Kept>)>, Failure> {
    let Some((id, lines)) = newest(layout, role)? else { return Ok(None) };
    let was_left = |lines: &[Kept]| lines.last().is_some_and(|kept| kept.line == Line::Left);
    if was_left(&lines) {
        return Ok(None);
    }
    let (file, lines) = match ConversationFile::open(layout, &id) {
        // Whoever was in it may have left since.
        Ok((_, lines)) if was_left(&lines) => return Ok(None),
        Ok(opened) => opened,
        Err(ConversationError::Held(_)) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    Ok(Some((file, lines)))
}

/// Lists earlier conversations.
pub(super) fn tell_earlier(context: &Context, layout: &Layout) -> Result<Exit, Failure> {
    let all = list(layout)?;
    if all.is_empty() {
        context.out.line("There is no conversation yet.");
    }
    for (number, listed) in all.iter().enumerate() {
        let Listed { id, words, said, .. } = listed;
        context.out.line(format_args!(
            "{:>3}  {}  {} said  {}",
            number + 1,
            styled(STRONG, id),
            counted(*said, "time"),
            shown(words)
        ));
    }
    if !all.is_empty() {
        context.out.line(format_args!("Go on with one: `{}`", context.typed("pm --resume 1")));
    }
    Ok(Exit::DONE)
}

/// The conversation of a name, or of a number in the list.
pub(super) fn find_earlier(layout: &Layout, name: &str) -> Result<ConversationId, Failure> {
    let Ok(number) = name.parse::<usize>() else { return Ok(ConversationId(name.to_owned())) };
    let listed = number.checked_sub(1).map(|index| list(layout).map(|all| all.into_iter().nth(index)));
    let listed = listed.transpose()?.flatten();
    listed.map(|listed| listed.id).ok_or_else(|| {
        Failure::usage_with(format!("there is no conversation {number}"), "`--resume` alone lists them")
    })
}

/// With whom a conversation was held: that is who goes on with it, whatever command named it. One that names somebody else
/// is told.
pub(super) fn role_of_earlier(
    context: &Context,
    layout: &Layout,
    id: &ConversationId,
    named: Option<&str>,
) -> Result<String, Failure> {
    let lines = read_lines(layout, id)?;
    let named = named.map(|named| named.trim_start_matches(['#', '/']));
    let Some(held_with) = role_of(&lines) else { return Ok(named.unwrap_or(PLANNER).to_owned()) };
    if let Some(named) = named {
        let plan = context.load_open(layout)?.plan;
        if find_role(&plan, named)? != *held_with {
            let what = format!("the conversation `{id}` was held with {held_with} and not with {named}");
            let hint = context.typed(&format!("role {held_with} --resume {id}"));
            return Err(Failure::usage_with(what, hint));
        }
    }
    Ok(held_with.to_string())
}
