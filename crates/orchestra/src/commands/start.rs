//! `orchestra start`: the worker, printing an event a line.

mod broken;
pub(crate) mod screen;
mod showing;
pub(super) mod standing;
mod summary;
pub(in crate::commands) mod teller;
mod telling;

use std::fs::File;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use orchestra_agent::guard::GuardLauncher;
use orchestra_core::id::MilestoneId;
use orchestra_core::words::counted;
use orchestra_core::worker::{Auto, Presence, Run, Stop};
use orchestra_engine::worker::{End, Setup, View, Wish, Worker};
use orchestra_project::layout::Layout;
use orchestra_project::load::{Loaded, Scanner};
use orchestra_project::lock::{self, Held, WorkerLock};
use orchestra_project::trust::Trust;
use orchestra_tui::Theme;
use serde_json::json;
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use self::screen::Curtain;
use self::showing::Showing;
use self::standing::heed_stops;
use self::telling::Telling;
use super::{check, init, preflight, trust};
use crate::cli::{Gate, Output, StartArgs};
use crate::context::{Context, VERSION};
use crate::failure::{Exit, Failure};
use crate::out::behind::Behind;
use crate::typing::discard_typed;

/// How a run is shown.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Shown {
    /// On a screen.
    Screen(Theme),
    /// Printed, a line an event.
    Printed(Printed),
}

/// How a run is printed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Printed {
    /// Lines for people.
    Text {
        /// Whether a person sits there, who is asked.
        asks: bool,
        /// Whether signs beyond ASCII may be used.
        unicode: bool,
    },
    /// One JSON object a line.
    Json,
}

/// How many views wait to be shown.
const VIEWS: usize = 4096;
/// How long a guard may take that still ends what a dead worker left.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long what is still to be printed may take after a signal.
const LAST_WORDS: Duration = Duration::from_secs(1);

pub(super) fn run(context: &Context, args: &StartArgs) -> Result<Exit, Failure> {
    // What stands on the screen is given back while this unwinds.
    catch_unwind(AssertUnwindSafe(|| begin(context, args))).unwrap_or_else(|_| Ok(broken_down(context)))
}

/// Says that we broke, after the terminal was given back.
fn broken_down(context: &Context) -> Exit {
    screen::terminal::give_back();
    let again = context.typed("start");
    context
        .out
        .error(format_args!("This is a fault of Orchestra itself. Nothing is lost: `{again}` goes on."));
    Exit::FAILED
}

fn begin(context: &Context, args: &StartArgs) -> Result<Exit, Failure> {
    context.refuse_below_a_guard("start")?;
    if args.jobs.is_some_and(|jobs| jobs != 1) {
        let what = "this version runs one phase at a time";
        return Err(Failure::usage_with(what, "leave --jobs out"));
    }
    let layout = init::layout_or_set_up(context)?;
    let shown = match args.output {
        Output::Text => self::shown(context, args.plain_ui),
        Output::Json => Shown::Printed(Printed::Json),
    };
    let has = |gate| args.auto.as_ref().is_some_and(|gates| gates.contains(&gate));
    let auto = args.auto.is_some().then(|| Auto { rfc: has(Gate::Rfc), push: has(Gate::Push) });
    let mut curtain = if auto.is_none() { raise(context, shown, &layout) } else { None };
    let mut scanner = Scanner::default();
    let loaded = context.load_with(&mut scanner, &layout)?;
    Context::config(&loaded)?;
    let only = wanted(context, args, &loaded)?;
    // One worker a checkout, whatever else there is to say.
    let lock = lock(context, &layout, &mut curtain)?;
    agree(context, shown, &loaded, &mut curtain)?;
    if curtain.is_none() {
        look_first(context, shown, auto)?;
    }
    let presence = if shown.asks() { Presence::Terminal } else { Presence::Headless { wait: args.wait } };
    let run = Run { auto, presence, once: args.once, only };
    let setup = setup(context, layout, lock, run, (scanner, &loaded), &mut curtain)?;
    if let Some(curtain) = &mut curtain {
        let target = preflight::target_of(context, &loaded, &setup.repo);
        curtain.remark(format!("{}: {}", target.name, target.found));
    }
    play(context, shown, setup, curtain)
}

/// Lets the screen stand before anything is looked at that takes long; not where it is known that something has to be said
/// or asked first.
fn raise(context: &Context, shown: Shown, layout: &Layout) -> Option<Curtain> {
    let Shown::Screen(theme) = shown else { return None };
    // Somebody works here, or nobody ever agreed to anything. Where that cannot be found out, it is said later why.
    let has_a_word_first = !matches!(lock::peek(layout), Ok(None))
        || !matches!(context.trust(&[]), Ok(Trust::Given | Trust::Changed { .. }));
    if has_a_word_first {
        return None;
    }
    let wanted = context.wanted(layout).ok()?;
    let project = project_name(layout);
    let mut curtain = Curtain::raise(project, theme, &context.program, &context.environment, wanted).ok()?;
    // Of what is over no more than its name: the rest is read behind it.
    let plan = context.load_open(layout).ok()?.plan;
    curtain.show(plan).ok()?;
    broken::here("curtain");
    Some(curtain)
}

/// What a project is called on a screen.
pub(super) fn project_name(layout: &Layout) -> String {
    layout.root().file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

impl Shown {
    /// Whether questions are asked at the terminal.
    pub(super) fn asks(self) -> bool {
        matches!(self, Self::Screen(_) | Self::Printed(Printed::Text { asks: true, .. }))
    }
}

/// How a person is shown a run: on a screen where there can be one and they want it.
pub(super) fn shown(context: &Context, plain: bool) -> Shown {
    if !plain && context.can_show_screens() {
        let colours = context.out.has_colours();
        return Shown::Screen(Theme {
            colours,
            unicode: context.is_utf8(),
            background: context.background(),
        });
    }
    Shown::Printed(Printed::Text { asks: context.is_terminal, unicode: context.is_utf8() })
}

/// The milestone that `--milestone` names.
fn wanted(context: &Context, args: &StartArgs, loaded: &Loaded) -> Result<Option<MilestoneId>, Failure> {
    let plan = &loaded.plan;
    let Some(wanted) = &args.milestone else { return Ok(None) };
    if let Some(found) = plan.resolve(wanted) {
        return Ok(Some(found.id.clone()));
    }
    if plan.set_aside.iter().any(|aside| aside.folder.starts_with(&format!("{wanted}-"))) {
        let what = format!("{wanted} cannot be read");
        return Err(Failure::usage_with(
            what,
            format!("{} says what is wrong with it", context.typed("status")),
        ));
    }
    let known: Vec<String> = plan.milestones.iter().map(|one| one.id.to_string()).collect();
    let known = if known.is_empty() {
        "there is none yet".to_owned()
    } else {
        format!("there are {}", known.join(", "))
    };
    Err(Failure::usage_with(format!("there is no milestone {wanted}"), known))
}

/// Takes the lock; only a guard that ends what its dead worker left is waited for.
pub(super) fn lock(
    context: &Context,
    layout: &Layout,
    curtain: &mut Option<Curtain>,
) -> Result<WorkerLock, Failure> {
    layout.make_state()?;
    let waiting = |held: &Held| {
        *curtain = None;
        let pid = held.holder.as_ref().map(|holder| format!(" (process {})", holder.process.pid));
        let pid = pid.unwrap_or_default();
        context.out.error(format_args!("Waiting until everything has ended that a killed worker left{pid}…"));
    };
    Ok(WorkerLock::acquire_waiting(layout, VERSION, PATIENCE, waiting)?)
}

/// What the project names is run only where the person has agreed to it.
pub(super) fn agree(
    context: &Context,
    shown: Shown,
    loaded: &Loaded,
    curtain: &mut Option<Curtain>,
) -> Result<(), Failure> {
    if context.trust(&loaded.trust)? == Trust::Given {
        return Ok(());
    }
    *curtain = None;
    if shown.asks() && trust::ask(context, &loaded.trust)? {
        return Ok(());
    }
    Err(Failure::NotTrusted)
}

/// Says where a push would go, and with `--auto` tries everything that could ask when nobody is there.
fn look_first(context: &Context, shown: Shown, auto: Option<Auto>) -> Result<(), Failure> {
    let target = preflight::target(context);
    match shown {
        Shown::Printed(Printed::Text { .. }) | Shown::Screen(_) => {
            check::show(context, std::slice::from_ref(&target));
        }
        Shown::Printed(Printed::Json) => context.out.data(json!({ "event": "target", "check": target })),
    }
    let Some(auto) = auto else { return Ok(()) };
    let checks = preflight::preflight(context, auto.push);
    match shown {
        Shown::Printed(Printed::Text { .. }) | Shown::Screen(_) => check::show(context, &checks),
        Shown::Printed(Printed::Json) => context.out.data(json!({ "event": "preflight", "checks": checks })),
    }
    if check::is_ready(&checks) { Ok(()) } else { Err(Failure::NotReady) }
}

/// Everything that a worker needs, for a project that is locked and whose person has agreed to what was loaded of it. The
/// scanner knows what was read already.
pub(super) fn setup(
    context: &Context,
    layout: Layout,
    lock: WorkerLock,
    run: Run,
    (scanner, loaded): (Scanner, &Loaded),
    curtain: &mut Option<Curtain>,
) -> Result<Setup, Failure> {
    let held: Arc<File> = Arc::new(lock.file().try_clone().map_err(Failure::Descriptors)?);
    let launcher = context.launcher(Some(held));
    launcher.adopt_orphans();
    // Before anything is looked at: it could write behind our back.
    let left = launcher.end_what_was_left();
    if left > 0 {
        *curtain = None;
        let what = counted(left, "process");
        context.out.error(format_args!("Ended {what} that an earlier run had left when it was killed."));
    }
    Ok(Setup {
        repo: context.open_agreed_repo(launcher.clone(), &loaded.trust)?,
        launcher,
        environment: context.environment.clone(),
        user_config: context.user_config.clone(),
        variables: context.variables(),
        flags: context.settings.clone(),
        trust: context.trust_store()?,
        version: VERSION.to_owned(),
        layout,
        lock,
        run,
        scanner,
    })
}

/// Runs a worker to its end.
pub(super) fn play(
    context: &Context,
    shown: Shown,
    setup: Setup,
    curtain: Option<Curtain>,
) -> Result<Exit, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.map_err(Failure::Descriptors)?;
    let begun = Instant::now();
    let run = || run_shown(&runtime, context, shown, setup, curtain);
    let Ok(ran) = catch_unwind(AssertUnwindSafe(run)) else {
        // What is shown ends before the terminal is given back, and that before anything is said.
        runtime.shutdown_timeout(LAST_WORDS);
        return Ok(broken_down(context));
    };
    let (end, told) = ran?;
    // What still blocks is below a guard, and ends with this process.
    runtime.shutdown_background();
    match told {
        Told::Nothing => {}
        Told::Text => summary::print(context, &end, begun.elapsed()),
        Told::Json => context.out.data(json!({ "event": "left", "code": end.code })),
    }
    Ok(Exit(end.code))
}

/// Runs a worker to its end, and shows what happens.
fn run_shown(
    runtime: &Runtime,
    context: &Context,
    shown: Shown,
    setup: Setup,
    curtain: Option<Curtain>,
) -> Result<(End, Told), Failure> {
    let (layout, repo, launcher) = (setup.layout.clone(), setup.repo.clone(), setup.launcher.clone());
    let wanted = context.wanted(&layout)?;
    let (views, mut received) = mpsc::channel(VIEWS);
    let worker = Worker::new(setup, views)?;
    if let Some(telling) = Telling::of(context, &layout, &wanted.notify) {
        let (shown, passed_on) = mpsc::channel(VIEWS);
        let told = std::mem::replace(&mut received, passed_on);
        runtime.spawn(telling.pass_on(told, shown));
    }
    Ok(match shown {
        Shown::Screen(theme) => {
            let project = project_name(&layout);
            let (program, environment) = (context.program.clone(), context.environment.clone());
            let of = |wishes| screen::Setting {
                project,
                theme,
                layout,
                repo,
                wishes,
                launcher,
                program,
                environment,
                wanted,
                context: context.clone(),
            };
            let (end, shown) = runtime.block_on(on_screen(worker, received, curtain, of));
            if let Some(Err(error)) = &shown {
                context.out.error(format_args!("The screen could not be shown any more: {error}"));
            }
            (end, if shown.is_some() { Told::Text } else { Told::Nothing })
        }
        Shown::Printed(printed) => {
            let out = Behind::start(Arc::clone(&context.out), discard_typed);
            let out = out.map_err(Failure::Descriptors)?;
            let before = context.typed("");
            let of = |wishes| Showing::new(printed, out, layout, before, wishes);
            runtime.block_on(in_lines(worker, received, printed, launcher, of))
        }
    })
}

/// How the end of a run is told.
enum Told {
    Text,
    Json,
    /// Nobody reads it.
    Nothing,
}

/// Runs a worker whose events are printed.
async fn in_lines(
    worker: Worker,
    views: mpsc::Receiver<View>,
    printed: Printed,
    launcher: GuardLauncher,
    showing: impl FnOnce(mpsc::Sender<Wish>) -> Showing,
) -> (End, Told) {
    let (wishes, wished) = mpsc::channel(64);
    listen(&wishes, matches!(printed, Printed::Text { asks: true, .. }));
    // A stop that cannot be listened to stops this process as it would any other.
    tokio::spawn(heed_stops(launcher));
    let showing = tokio::spawn(showing(wishes).show(views));
    let end = worker.run(wished).await;
    // The last views are shown before the end is told. What it could not show is nothing that could be told.
    let is_read = showing.await.is_ok_and(|out| {
        // Whoever sends a signal does not wait for somebody else to read.
        out.finish(matches!(end.code, 129 | 130 | 143).then_some(LAST_WORDS))
    });
    let told = match printed {
        _ if !is_read => Told::Nothing,
        Printed::Text { .. } => Told::Text,
        Printed::Json => Told::Json,
    };
    (end, told)
}

/// Runs a worker that is shown on a screen.
async fn on_screen(
    worker: Worker,
    views: mpsc::Receiver<View>,
    curtain: Option<Curtain>,
    setting: impl FnOnce(mpsc::Sender<Wish>) -> screen::Setting,
) -> (End, Option<io::Result<()>>) {
    let (wishes, wished) = mpsc::channel(64);
    listen(&wishes, true);
    screen::listens();
    let showing = tokio::spawn(screen::show(setting(wishes.clone()), curtain, views));
    let showing = tokio::spawn(leave_without(showing, wishes));
    let end = tokio::select! {
        end = worker.run(wished) => end,
        never = broken::at_signal("worker") => match never {},
    };
    let told = async { showing.await.unwrap_or_else(|error| Err(io::Error::other(error))) };
    // Whoever sends a signal does not wait for a terminal that takes nothing.
    let shown = if matches!(end.code, 129 | 130 | 143) {
        tokio::time::timeout(LAST_WORDS, told).await.ok()
    } else {
        Some(told.await)
    };
    (end, shown)
}

/// A worker whose screen is gone leaves: nobody would see what it asks. That its screen broke is a failure; else the terminal
/// is gone.
async fn leave_without(showing: JoinHandle<io::Result<()>>, wishes: mpsc::Sender<Wish>) -> io::Result<()> {
    let shown = showing.await;
    let code = if shown.is_err() { Exit::FAILED.0 } else { 129 };
    // Where the worker has left already nobody hears this.
    drop(wishes.send(Wish::Stop(Stop::Now { code })).await);
    shown.unwrap_or_else(|error| Err(io::Error::other(error)))
}

/// Signals are wishes: `ctrl-c` on a terminal interrupts the turn, or leaves where none runs or it is on its way out;
/// everything else leaves at once.
fn listen(wishes: &mpsc::Sender<Wish>, is_terminal: bool) {
    let codes = [(SignalKind::interrupt(), 130), (SignalKind::terminate(), 143), (SignalKind::hangup(), 129)];
    for (kind, code) in codes {
        // A signal that cannot be listened to ends the program as it would any other.
        let Ok(mut signals) = signal(kind) else { continue };
        let wishes = wishes.clone();
        let interrupts = is_terminal && kind == SignalKind::interrupt();
        tokio::spawn(async move {
            while signals.recv().await.is_some() {
                if interrupts && screen::is_lent() {
                    continue;
                }
                let stop = if interrupts { Stop::Pause } else { Stop::Now { code } };
                if wishes.send(Wish::Stop(stop)).await.is_err() {
                    return;
                }
            }
        });
    }
}
