//! What every screen is played on: the terminal, its keys, and whoever stops or ends this process from outside; and when the
//! next frame is due.

use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use orchestra_agent::environment::Environment;
use orchestra_agent::guard::GuardLauncher;
use ratatui::crossterm::event::Event;
use tokio::signal::unix::{Signal as Signals, SignalKind, signal};
use tokio::sync::mpsc;
use tokio::time::sleep_until;

use super::keeper::Keeper;
use super::keyboard::Keyboard;
use super::programs::Opened;
use super::terminal::{self, Manners, Terminal};
use crate::commands::start::standing::{goes_on, stops};

/// The least time between two frames.
pub(in crate::commands) const FRAME: Duration = Duration::from_millis(16);

/// What comes from the terminal, and from outside.
pub(in crate::commands) enum Came {
    /// A key, or something else that the terminal tells.
    Event(Event),
    /// Somebody else stops this process: with `ctrl-z` it is a key.
    Stopped,
    /// It goes on after a stop that could not be heard.
    WentOn,
    /// `ctrl-\`, which was meant for us and for no program of the person's.
    Quit,
}

/// Keys, and who reads them.
pub(in crate::commands) struct Keys {
    keyboard: Keyboard,
    typed: mpsc::Receiver<Event>,
}

impl Keys {
    /// Those that an earlier screen has left, read on; else read from now on.
    fn go_on(left: Option<Self>, environment: &Environment) -> Self {
        if let Some(left) = left {
            left.keyboard.resume();
            return left;
        }
        // What sshd sets.
        let is_far = environment.iter().any(|(name, _)| name == "SSH_CONNECTION" || name == "SSH_TTY");
        let (sender, typed) = mpsc::channel(1024);
        Self { keyboard: Keyboard::start(sender, is_far), typed }
    }
}

/// A terminal that is ours, with its keys.
pub(in crate::commands) struct Stage {
    // Dropped in this order.
    pub(in crate::commands) terminal: Terminal,
    _keeper: Option<Keeper>,
    keys: Keys,
    stopped: Signals,
    gone_on: Signals,
    /// Heard from the first time on that a program of the person's has had the terminal.
    quits: Option<Signals>,
    /// Whoever works below these stands still when this process does.
    pub(in crate::commands) launchers: Vec<GuardLauncher>,
    /// Whether such a program, or the shell, had the terminal just now.
    was_away: bool,
}

impl Stage {
    /// Takes the terminal over.
    pub(in crate::commands) fn enter(
        program: &Path,
        environment: &Environment,
        manners: Manners,
        launcher: GuardLauncher,
        keys: Option<Keys>,
    ) -> io::Result<Self> {
        // Without one a kill leaves the screen behind, and nothing else is missing.
        let keeper = Keeper::start(program, manners.shows_progress).ok();
        Self::on((Terminal::enter(manners)?, keeper), environment, launcher, keys)
    }

    /// Begins to read the keys of a terminal that is ours already.
    pub(in crate::commands) fn on(
        (terminal, keeper): (Terminal, Option<Keeper>),
        environment: &Environment,
        launcher: GuardLauncher,
        keys: Option<Keys>,
    ) -> io::Result<Self> {
        terminal::heed_ctrl_c(false)?;
        let keys = Keys::go_on(keys, environment);
        let (stopped, gone_on) = (stops()?, goes_on()?);
        Ok(Self {
            terminal,
            _keeper: keeper,
            keys,
            stopped,
            gone_on,
            quits: None,
            launchers: vec![launcher],
            was_away: false,
        })
    }

    /// Waits for what comes next; an error where no key can be read any more. Cancel-safe.
    pub(in crate::commands) async fn next(&mut self) -> io::Result<Came> {
        tokio::select! {
            biased; // A person's key goes before everything else.
            event = self.keys.typed.recv() => event.map(Came::Event).ok_or_else(|| self.keys.keyboard.ended()),
            Some(()) = self.stopped.recv() => Ok(Came::Stopped),
            Some(()) = self.gone_on.recv() => Ok(Came::WentOn),
            Some(()) = next_of(&mut self.quits) => Ok(Came::Quit),
        }
    }

    /// Gives the terminal back, and leaves the keys for another screen, where there is to be one.
    pub(in crate::commands) async fn leave(self, goes_on: bool) -> Keys {
        if goes_on {
            // Between two screens the terminal has other modes. Where it does not stand still in time, keys are read all the
            // same.
            let _stands = self.keys.keyboard.pause().await;
        }
        self.keys
    }

    /// Remembers what the terminal told of itself.
    pub(in crate::commands) fn heard(&mut self, event: &Event) {
        self.terminal.heard(event);
        if matches!(event, Event::Resize(..)) {
            // Where it was smaller for a moment, the terminal has lost what it showed, though its size is the same.
            self.terminal.forget();
        }
    }

    /// Whether no key waits.
    pub(in crate::commands) fn is_quiet(&self) -> bool {
        self.keys.typed.is_empty()
    }

    /// Back to the shell, and here again.
    pub(in crate::commands) async fn suspend(&mut self) -> io::Result<()> {
        self.was_away = true;
        self.terminal.suspend(&self.launchers).await
    }

    /// Takes the terminal again after [`Came::WentOn`].
    pub(in crate::commands) async fn come_back(&mut self) -> io::Result<()> {
        self.terminal.come_back().await
    }

    /// Gives the terminal to a program until it ends. Whoever works goes on meanwhile, and what they tell waits. Returned is
    /// what is to be told about that.
    pub(in crate::commands) async fn lend(
        &mut self,
        opened: Opened,
        environment: &Environment,
        root: &Path,
    ) -> io::Result<Option<String>> {
        if !self.keys.keyboard.pause().await {
            return Ok(Some("the keyboard is busy: press the key again".to_owned()));
        }
        if self.quits.is_none() {
            // Where it cannot be heard it ends us, as it would any other.
            self.quits = signal(SignalKind::quit()).ok();
        }
        self.was_away = true;
        let said = self.terminal.lend(opened.run(environment, root, &self.launchers)).await?;
        self.keys.keyboard.resume();
        Ok(said)
    }

    /// Begins anew where a program of the person's, or the shell, had the terminal just now.
    pub(in crate::commands) fn renew(&mut self) -> io::Result<()> {
        if std::mem::take(&mut self.was_away) {
            // Typed before it came, and meant for it or for nothing.
            while self.keys.typed.try_recv().is_ok() {}
            // What stopped the program has stopped us with it, and has let us go on; it does not do so again.
            (self.stopped, self.gone_on) = (stops()?, goes_on()?);
            // A `ctrl-\` that was the program's is none of ours.
            if self.quits.is_some() {
                self.quits = signal(SignalKind::quit()).ok();
            }
        }
        Ok(())
    }
}

async fn next_of(signals: &mut Option<Signals>) -> Option<()> {
    match signals {
        Some(signals) => signals.recv().await,
        None => std::future::pending().await,
    }
}

/// When a frame is due, and when something happens by itself.
#[derive(Debug, Default)]
pub(in crate::commands) struct Pace {
    last_frame: Option<Instant>,
    wake_at: Option<Instant>,
}

impl Pace {
    /// Whether the time has come that was waited for. Asked before anything else, so that no flood of words holds it up.
    pub(in crate::commands) fn is_time(&mut self, now: Instant) -> bool {
        self.wake_at.take_if(|at| now >= *at).is_some()
    }

    /// Whether a frame may be drawn, at last [`FRAME`] after the one before.
    pub(in crate::commands) fn may_draw(&self, now: Instant) -> bool {
        now >= self.draws_at(now)
    }

    /// A frame was drawn.
    pub(in crate::commands) fn drew(&mut self) {
        self.last_frame = Some(Instant::now());
    }

    fn draws_at(&self, now: Instant) -> Instant {
        self.last_frame.map_or(now, |last| last + FRAME)
    }

    /// Waits until a frame that is wanted may be drawn, or until it is time. `wake_at` is as of `now`: a moment that passes
    /// meanwhile is not missed.
    pub(in crate::commands) fn wait(
        &mut self,
        now: Instant,
        wants_frame: bool,
        wake_at: Option<Instant>,
    ) -> impl Future<Output = ()> + use<> {
        self.wake_at = wake_at;
        let frame_at = wants_frame.then(|| self.draws_at(now));
        let next = frame_at.into_iter().chain(wake_at).min();
        async move {
            match next {
                Some(at) => sleep_until(at.into()).await,
                None => std::future::pending().await,
            }
        }
    }
}
