//! The screen before there is anything to show.
//!
//! It stands at once, while documents, journal and repository are still being looked at. Whatever has to be said or asked on
//! the ordinary screen first lowers it; so does an error, by dropping it.

use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Once};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use orchestra_agent::environment::Environment;
use orchestra_core::plan::Plan;
use orchestra_core::worker::{Note, State};
use orchestra_tui::{Moment, Msg, Screen, Theme};
use tokio::signal::unix::{SignalKind, signal};

use super::keeper::Keeper;
use super::terminal::{self, Manners, Terminal};
use crate::context::Wanted;

/// Whether a run listens to signals by itself.
static IS_LISTENED_TO: AtomicBool = AtomicBool::new(false);
static WATCH: Once = Once::new();

/// A run listens to signals from now on.
pub(in crate::commands::start) fn listens() {
    IS_LISTENED_TO.store(true, Ordering::SeqCst);
}

/// Gives the terminal back and ends the process where a signal says so, until a run listens.
///
/// A handler stays for good, so this goes on where the curtain was lowered meanwhile.
fn watch() -> io::Result<()> {
    let kinds = [(SignalKind::interrupt(), 130), (SignalKind::terminate(), 143), (SignalKind::hangup(), 129)];
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let inside = runtime.enter();
    let mut signals = Vec::new();
    for (kind, code) in kinds {
        signals.push((signal(kind)?, code));
    }
    drop(inside);
    std::thread::Builder::new().spawn(move || {
        for (mut signals, code) in signals {
            runtime.spawn(async move {
                while signals.recv().await.is_some() {
                    if !IS_LISTENED_TO.load(Ordering::SeqCst) {
                        terminal::give_back();
                        std::process::exit(code);
                    }
                }
            });
        }
        runtime.block_on(std::future::pending::<()>());
    })?;
    Ok(())
}

/// A screen that stands.
pub(in crate::commands) struct Curtain {
    pub(super) terminal: Terminal,
    // Dropped after the terminal.
    // Without one a kill leaves the screen behind, and nothing else is missing: no reason not to work.
    pub(super) keeper: Option<Keeper>,
    pub(super) screen: Screen,
    pub(super) state: Arc<State>,
    pub(super) begun: Instant,
}

impl Curtain {
    /// Takes the terminal over and draws an empty screen. Until somebody reads keys, `ctrl-c` ends the process, as it does
    /// on the ordinary screen.
    pub(in crate::commands) fn raise(
        project: String,
        theme: Theme,
        program: &Path,
        environment: &Environment,
        wanted: Wanted,
    ) -> io::Result<Self> {
        let begun = Instant::now();
        let now = Moment { since: Duration::ZERO, at: Timestamp::now() };
        let screen = Screen::new(project, theme, TimeZone::system(), now).with_keys(wanted.keys);
        let screen = screen.with_mouse(wanted.mouse);
        let manners = Manners::of(environment, wanted.notify, wanted.mouse);
        let shows_progress = manners.shows_progress;
        let mut watched = Ok(());
        if !IS_LISTENED_TO.load(Ordering::SeqCst) {
            WATCH.call_once(|| watched = watch());
        }
        watched?;
        let keeper = Keeper::start(program, shows_progress).ok();
        let terminal = Terminal::enter(manners)?;
        let mut raised = Self { terminal, keeper, screen, state: Arc::default(), begun };
        terminal::heed_ctrl_c(true)?;
        raised.draw()?;
        Ok(raised)
    }

    /// Shows what is planned, before anybody has looked how far it is.
    pub(in crate::commands) fn show(&mut self, plan: Plan) -> io::Result<()> {
        let mut state = State::default();
        state.seen.plan = plan;
        self.state = Arc::new(state);
        let state = Arc::clone(&self.state);
        self.tell(Msg::State(state));
        self.draw()
    }

    /// Says something in the log.
    pub(in crate::commands) fn remark(&mut self, text: String) {
        let line = Some(format!("· {text}"));
        self.tell(Msg::Note { note: Box::new(Note::Remark { text }), at: Timestamp::now(), line });
    }

    fn tell(&mut self, msg: Msg) {
        let now = self.now();
        // Nothing that is told here wants anything done.
        let _nothing = self.screen.update(now, msg);
    }

    fn draw(&mut self) -> io::Result<()> {
        super::paint(&mut self.terminal, &mut self.screen)?;
        let now = self.now();
        self.screen.drawn(now);
        Ok(())
    }

    fn now(&self) -> Moment {
        Moment { since: self.begun.elapsed(), at: Timestamp::now() }
    }
}
