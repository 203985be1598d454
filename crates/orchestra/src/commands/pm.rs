//! `orchestra pm` and `orchestra role`: a conversation with one role.

mod beside;
mod lines;
mod question;
mod screen;

use std::sync::Arc;

use jiff::Timestamp;
use orchestra_agent::guard::GuardLauncher;
use orchestra_core::config::Config;
use orchestra_core::config::trust::{TrustItem, TrustKind};
use orchestra_core::conversation::{Conversation, ConversationId, Line};
use orchestra_core::id::{AgentName, RoleId};
use orchestra_core::plan::{Plan, Role};
use orchestra_core::words::counted;
use orchestra_engine::conversation::{End, Runner, Setup, Wish};
use orchestra_project::conversations::{ConversationFile, Listed, list};
use orchestra_project::layout::Layout;
use orchestra_project::load::{Loaded, Scanner};
use orchestra_tui::Theme;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

pub(super) use self::beside::Beside;
pub(super) use self::lines::help;
use self::lines::{Lines, Manner};
use super::init;
use super::preflight::agents::HOW_TO_GET_ONE;
use super::start::screen::terminal::is_lent;
use super::start::{self, Shown};
use crate::cli::{Output, PmArgs, RoleArgs, TalkArgs};
use crate::context::Context;
use crate::failure::{Exit, Failure};
use crate::out::behind::Behind;
use crate::out::{STRONG, shown, styled};
use crate::typing::discard_typed;

/// Who plans.
const PLANNER: &str = "product-manager";
/// How many views wait to be shown: as many as come while a program of the person's has the terminal for some minutes.
const VIEWS: usize = 65_536;

pub(super) fn run(context: &Context, args: &PmArgs) -> Result<Exit, Failure> {
    talk(context, PLANNER, &args.talk)
}

pub(super) fn run_role(context: &Context, args: &RoleArgs) -> Result<Exit, Failure> {
    talk(context, &args.role, &args.talk)
}

/// What a conversation ended with.
enum Ended {
    /// The person left, or what they wanted was printed.
    Left(Exit),
    /// They want to talk to somebody else, and say this at once.
    Switch { role: String, words: String },
}

fn talk(context: &Context, role: &str, args: &TalkArgs) -> Result<Exit, Failure> {
    context.refuse_below_a_guard("pm")?;
    let layout = init::layout_or_set_up(context)?;
    layout.make_state()?;
    let named = args.resume.as_deref().filter(|name| !name.is_empty());
    if args.resume.is_some() && named.is_none() {
        return tell_earlier(context, &layout);
    }
    let is_print = args.print.is_some();
    let mut resume = named.map(|name| find_earlier(&layout, name)).transpose()?;
    let mut first = args.print.clone();
    let mut role = role.trim_start_matches(['#', '/']).to_owned();
    loop {
        let shown = Shown::of_talk(context, args, is_print);
        let agree = |loaded: &Loaded| start::agree(context, shown, loaded, &mut None);
        let ready = ready(context, &layout, &role, (resume.take(), is_print), agree)?;
        if let Some(id) = &ready.goes_on {
            context.out.error(format_args!("Going on with {id}, which was cut short."));
        }
        let Ready { setup, hears, trust, model, .. } = ready;
        let face =
            Face { shown, command: format!("orchestra {}", typed_of(&setup.role)), trust: &trust, model };
        match converse(context, args, setup, hears, (first.take(), face))? {
            Ended::Left(exit) => return Ok(exit),
            Ended::Switch { role: other, words } => {
                role = other;
                first = (!words.is_empty()).then_some(words);
            }
        }
    }
}

/// A conversation that can begin.
struct Ready {
    setup: Setup,
    /// Whether its agent can be spoken to while it runs.
    hears: bool,
    /// What the person has agreed to.
    trust: Vec<TrustItem>,
    model: Option<String>,
    /// One that was cut short, where it goes on with that.
    goes_on: Option<ConversationId>,
}

/// Makes a conversation with a role, once the person has agreed to what the project runs.
fn ready(
    context: &Context,
    layout: &Layout,
    role: &str,
    (resume, is_print): (Option<ConversationId>, bool),
    agree: impl FnOnce(&Loaded) -> Result<(), Failure>,
) -> Result<Ready, Failure> {
    let mut scanner = Scanner::default();
    let loaded = context.load_with(&mut scanner, layout)?;
    let config = &Context::config(&loaded)?.config;
    let who = find_role(&loaded.plan, role)?;
    let agent = agent_of(context, config, &loaded, &who)?;
    agree(&loaded)?;
    let is_resumed = resume.is_some();
    let (file, past) = open(layout, &who, resume, is_print)?;
    let goes_on = (!is_resumed && !past.is_empty()).then(|| file.id().clone());
    let model = loaded.plan.find_role(&who).and_then(|role| role.model.clone());
    let hears = config.agents.get(&agent).is_some_and(orchestra_core::config::AgentConfig::hears);
    let setup = Setup {
        launcher: context.launcher(None),
        environment: context.environment.clone(),
        user_config: context.user_config.clone(),
        variables: context.variables(),
        flags: context.settings.clone(),
        trust: context.trust_store()?,
        programs: loaded.trust.iter().filter(|item| item.kind == TrustKind::Git).cloned().collect(),
        proposes: who.as_str() == PLANNER,
        layout: layout.clone(),
        role: who,
        agent,
        file,
        past,
        scanner,
    };
    Ok(Ready { setup, hears, trust: loaded.trust, model, goes_on })
}

impl Shown {
    /// How a conversation is shown. `--print` asks nobody.
    fn of_talk(context: &Context, args: &TalkArgs, is_print: bool) -> Self {
        match start::shown(context, args.plain_ui || is_print) {
            Self::Printed(_) if is_print => {
                let unicode = context.is_utf8();
                Self::Printed(start::Printed::Text { asks: false, unicode })
            }
            shown => shown,
        }
    }
}

/// The role of an id or alias. The planner may be missing in a project of old: its prompt is a part of ours then.
fn find_role(plan: &Plan, name: &str) -> Result<RoleId, Failure> {
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
fn agent_of(
    context: &Context,
    config: &Config,
    loaded: &Loaded,
    role: &RoleId,
) -> Result<AgentName, Failure> {
    let named = loaded.plan.find_role(role).and_then(|role| role.agent.clone());
    let agent = named.or_else(|| config.default_agent.clone());
    let Some(agent) = agent.filter(|agent| config.agents.contains_key(agent)) else {
        let hint = format!(
            "{HOW_TO_GET_ONE}. An API key or a local server does as well: see docs/agents.md. Without a model: \
             `{}` takes a plan from a file, `{}` plans one small thing",
            context.typed("propose FILE"),
            context.typed("add \"…\"")
        );
        return Err(Failure::usage_with(format!("no agent plays {role} yet"), hint));
    };
    Ok(agent)
}

/// Opens the conversation that is wanted, one that was cut short, or a new one.
fn open(
    layout: &Layout,
    role: &RoleId,
    resume: Option<ConversationId>,
    is_print: bool,
) -> Result<(ConversationFile, Vec<orchestra_core::conversation::Kept>), Failure> {
    if let Some(id) = resume {
        return Ok(ConversationFile::open(layout, &id)?);
    }
    // One that was killed goes on: who typed the same command again wants it back.
    let last = list(layout)?.into_iter().find(|listed| listed.role.as_ref() == Some(role));
    if let Some(last) = last.filter(|_| !is_print)
        && let Ok((file, lines)) = ConversationFile::open(layout, &last.id)
        && lines.last().is_some_and(|kept| kept.line != Line::Left)
    {
        return Ok((file, lines));
    }
    Ok((ConversationFile::create(layout, role, Timestamp::now())?, Vec::new()))
}

/// Lists earlier conversations.
fn tell_earlier(context: &Context, layout: &Layout) -> Result<Exit, Failure> {
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
fn find_earlier(layout: &Layout, name: &str) -> Result<ConversationId, Failure> {
    if let Ok(number) = name.parse::<usize>() {
        let listed = number.checked_sub(1).and_then(|index| list(layout).ok()?.into_iter().nth(index));
        return listed.map(|listed| listed.id).ok_or_else(|| {
            Failure::usage_with(format!("there is no conversation {number}"), "`--resume` alone lists them")
        });
    }
    Ok(ConversationId(name.to_owned()))
}

/// Holds a conversation to its end.
fn converse(
    context: &Context,
    args: &TalkArgs,
    setup: Setup,
    hears: bool,
    (first, face): (Option<String>, Face<'_>),
) -> Result<Ended, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.map_err(Failure::Descriptors)?;
    let manner = match (&args.print, args.output) {
        (Some(_), Output::Json) => Manner::Json,
        (Some(_), Output::Text) => Manner::Answer,
        (None, _) => Manner::Terminal { asks: context.is_terminal },
    };
    let (views, received) = mpsc::channel(VIEWS);
    let id = setup.file.id().clone();
    let setup_of = (setup.layout.clone(), setup.launcher.clone());
    let runner = Runner::new(setup, hears, views);
    let (wishes, wished) = mpsc::channel(64);
    if let Shown::Screen(theme) = face.shown {
        let setting = setting(context, &setup_of, theme, face, first, wishes)?;
        return on_screen(context, &runtime, runner, setting, received, wished, &id);
    }
    let out = Behind::start(Arc::clone(&context.out), discard_typed).map_err(Failure::Descriptors)?;
    let shown = Lines::new(context, manner, out, wishes.clone(), first);
    let (end, told) = runtime.block_on(async {
        let signalled = listen(&wishes);
        let showing = tokio::spawn(shown.show(received));
        drop(wishes);
        let end = runner.run(wished).await;
        let told = showing.await;
        (end, told.map(|told| (told, signalled.get().copied())))
    });
    runtime.shutdown_background();
    let (told, signalled) =
        told.map_err(|error| Failure::usage(format!("what was said could not be shown: {error}")))?;
    told.out.finish(signalled.map(|_| std::time::Duration::from_secs(1)));
    finish(context, end, &id, told.switch, signalled, manner)
}

/// What a conversation looks like.
struct Face<'a> {
    shown: Shown,
    command: String,
    trust: &'a [TrustItem],
    model: Option<String>,
}

/// What the person types to talk to a role.
pub(super) fn typed_of(role: &RoleId) -> String {
    if role.as_str() == PLANNER { "pm".to_owned() } else { format!("role {role}") }
}

fn setting(
    context: &Context,
    (layout, launcher): &(Layout, GuardLauncher),
    theme: Theme,
    face: Face<'_>,
    first: Option<String>,
    wishes: mpsc::Sender<Wish>,
) -> Result<screen::Setting, Failure> {
    Ok(screen::Setting {
        project: start::project_name(layout),
        theme,
        layout: layout.clone(),
        repo: context.open_agreed_repo(launcher.clone(), face.trust)?,
        launcher: launcher.clone(),
        wishes,
        program: context.program.clone(),
        environment: context.environment.clone(),
        wanted: context.wanted(layout)?,
        command: face.command,
        start: context.typed("start"),
        model: face.model,
        first,
    })
}

/// Holds a conversation on a screen.
fn on_screen(
    context: &Context,
    runtime: &tokio::runtime::Runtime,
    runner: Runner,
    setting: screen::Setting,
    received: mpsc::Receiver<orchestra_engine::conversation::View>,
    wished: mpsc::Receiver<Wish>,
    id: &ConversationId,
) -> Result<Ended, Failure> {
    let (end, told, signalled) = runtime.block_on(async {
        let signalled = listen(&setting.wishes);
        let wishes = setting.wishes.clone();
        let showing = tokio::spawn(screen::show(setting, received, None));
        let showing = tokio::spawn(async move {
            let shown = showing.await;
            // A conversation whose screen is gone is over.
            drop(wishes.send(Wish::Leave).await);
            drop(wishes.send(Wish::Leave).await);
            let shown = shown.unwrap_or_else(|error| Err(std::io::Error::other(error)));
            shown.map(|(switch, _keys)| switch)
        });
        let end = runner.run(wished).await;
        (end, showing.await, signalled.get().copied())
    });
    runtime_ended(context, told, end, id, signalled)
}

fn runtime_ended(
    context: &Context,
    told: Result<std::io::Result<Option<(String, String)>>, tokio::task::JoinError>,
    end: End,
    id: &ConversationId,
    signalled: Option<u8>,
) -> Result<Ended, Failure> {
    let switch = match told {
        Ok(Ok(switch)) => switch,
        Ok(Err(error)) => {
            context.out.error(format_args!("The screen could not be shown any more: {error}"));
            None
        }
        Err(error) => {
            context.out.error(format_args!("The screen could not be shown any more: {error}"));
            None
        }
    };
    finish(context, end, id, switch, signalled, Manner::Terminal { asks: true })
}

/// What a conversation came to.
fn finish(
    context: &Context,
    end: End,
    id: &ConversationId,
    switch: Option<(String, String)>,
    signalled: Option<u8>,
    manner: Manner,
) -> Result<Ended, Failure> {
    if let Some(broken) = end.broken {
        return Err(broken.into());
    }
    if let Some(code) = signalled {
        return Ok(Ended::Left(Exit(code)));
    }
    if let Some((role, words)) = switch {
        return Ok(Ended::Switch { role, words });
    }
    if let Manner::Terminal { .. } = manner {
        tell_end(context, &end.state, id);
        return Ok(Ended::Left(Exit::DONE));
    }
    let exit = if !end.state.open.is_empty() {
        let what = context.typed(&format!("pm --resume {id}"));
        context.out.error(format_args!("Something waits for you: `{what}`"));
        Exit::WAITS
    } else if end.state.trouble.is_some() {
        Exit::FAILED
    } else {
        Exit::DONE
    };
    Ok(Ended::Left(exit))
}

/// A few words on the ordinary screen.
fn tell_end(context: &Context, state: &Conversation, id: &ConversationId) {
    let tokens = state.used.input + state.used.output;
    if tokens > 0 {
        context.out.line(format_args!("{tokens} tokens."));
    }
    context.out.line(format_args!("Go on later: `{}`", context.typed(&format!("pm --resume {id}"))));
}

/// A signal ends the conversation; on a terminal `ctrl-c` stops the turn first.
fn listen(wishes: &mpsc::Sender<Wish>) -> Arc<std::sync::OnceLock<u8>> {
    let signalled = Arc::new(std::sync::OnceLock::new());
    let codes = [(SignalKind::interrupt(), 130), (SignalKind::terminate(), 143), (SignalKind::hangup(), 129)];
    for (kind, code) in codes {
        // A signal that cannot be listened to ends the program as it would any other.
        let Ok(mut signals) = signal(kind) else { continue };
        let (wishes, signalled) = (wishes.downgrade(), Arc::clone(&signalled));
        tokio::spawn(async move {
            while signals.recv().await.is_some() {
                // `ctrl-c` in a program of the person's is that program's.
                if kind == SignalKind::interrupt() && is_lent() {
                    continue;
                }
                let Some(wishes) = wishes.upgrade() else { return };
                // The first one counts.
                let _first = signalled.set(code);
                if wishes.send(Wish::Leave).await.is_err() {
                    return;
                }
            }
        });
    }
    signalled
}
