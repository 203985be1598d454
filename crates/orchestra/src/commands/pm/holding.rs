//! One conversation, from its begin to its end: on a screen, in lines, or for a script.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use orchestra_agent::guard::GuardLauncher;
use orchestra_core::config::trust::TrustItem;
use orchestra_core::conversation::{Conversation, ConversationId};
use orchestra_core::id::RoleId;
use orchestra_engine::conversation::{End, Runner, View, Wish};
use orchestra_project::layout::Layout;
use orchestra_tui::Theme;
use tokio::sync::mpsc;

use super::lines::{Lines, Manner, Typing};
use super::opening::Opened;
use super::seat::Seat;
use super::{PLANNER, screen};
use crate::commands::start::standing::heed_stops;
use crate::commands::start::{self, Shown};
use crate::context::Context;
use crate::failure::{Exit, Failure};
use crate::out::behind::Behind;
use crate::typing::discard_typed;

/// How many views wait to be shown: as many as come while a program of the person's has the terminal for some minutes.
pub(super) const VIEWS: usize = 65_536;
/// How long what is still to be printed may take after a signal.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// What a conversation ended with.
pub(super) enum Ended {
    /// The person left, or what they wanted was printed.
    Left(Exit),
    /// They want to talk to somebody else, and say this at once.
    Switch { role: String, words: String },
}

/// What a conversation looks like.
pub(super) struct Face<'a> {
    pub(super) context: &'a Context,
    pub(super) shown: Shown,
    pub(super) manner: Manner,
    /// What is said at once.
    pub(super) first: Option<String>,
    /// What the person has agreed to.
    pub(super) trust: &'a [TrustItem],
}

/// How it came to its end.
struct Over {
    end: End,
    /// The role that the person wants to talk to instead, and what they say.
    switch: Option<(String, String)>,
}

/// The two ends that a conversation's views and wishes go through.
struct Ends {
    views: mpsc::Receiver<View>,
    wishes: mpsc::Sender<Wish>,
    wished: mpsc::Receiver<Wish>,
}

/// What a person types to talk to a role.
pub(in crate::commands) fn typed_of(role: &RoleId) -> String {
    if role.as_str() == PLANNER { "pm".to_owned() } else { format!("role {role}") }
}

impl Face<'_> {
    /// Holds a conversation to its end.
    pub(super) fn hold(self, seat: &mut Seat, opened: Opened) -> Result<Ended, Failure> {
        let Opened { setup, hears, model, .. } = opened;
        let (id, role) = (setup.file.id().clone(), setup.role.clone());
        let (layout, launcher) = (setup.layout.clone(), setup.launcher.clone());
        let (sender, views) = mpsc::channel(VIEWS);
        let (wishes, wished) = mpsc::channel(64);
        let runner = Runner::new(setup, hears, sender);
        let (context, manner) = (self.context, self.manner);
        let over = match self.shown {
            Shown::Screen(theme) => {
                let setting = self.setting(theme, (layout, launcher), &role, model, wishes.clone())?;
                on_screen(context, seat, runner, setting, Ends { views, wishes, wished })
            }
            Shown::Printed(_) => {
                self.in_lines(seat, runner, &role, launcher, Ends { views, wishes, wished })?
            }
        };
        finish(context, manner, over, seat.signals.code(), &id)
    }

    fn in_lines(
        self,
        seat: &mut Seat,
        runner: Runner,
        role: &RoleId,
        launcher: GuardLauncher,
        Ends { views, wishes, wished }: Ends,
    ) -> Result<Over, Failure> {
        let out =
            Behind::start(Arc::clone(&self.context.out), discard_typed).map_err(Failure::Descriptors)?;
        let signals = seat.signals.clone();
        let (mut typing, mut interrupts) = (None, None);
        if let Manner::Terminal = self.manner {
            let (sender, interrupted) = mpsc::channel(4);
            interrupts = Some(sender);
            typing = Some(Typing { lines: seat.take_lines(), interrupted, signals: signals.clone() });
        }
        let reached = wishes.downgrade();
        let shown = Lines::new(self.context, self.manner, out, wishes, role, self.first);
        let (end, told) = seat.runtime().block_on(async {
            signals.reach(reached, interrupts).await;
            // A stop that cannot be listened to stops this process as it would any other.
            let standing = tokio::spawn(heed_stops(launcher));
            let showing = tokio::spawn(shown.show(views, typing));
            let end = runner.run(wished).await;
            let told = showing.await;
            standing.abort();
            (end, told)
        });
        let told =
            told.map_err(|error| Failure::usage(format!("what was said could not be shown: {error}")))?;
        seat.lines = told.lines;
        // Whoever sends a signal does not wait for somebody else to read.
        told.out.finish(signals.code().map(|_| LAST_WORDS));
        Ok(Over { end, switch: told.switch })
    }

    fn setting(
        self,
        theme: Theme,
        (layout, launcher): (Layout, GuardLauncher),
        role: &RoleId,
        model: Option<String>,
        wishes: mpsc::Sender<Wish>,
    ) -> Result<screen::Setting, Failure> {
        let context = self.context;
        Ok(screen::Setting {
            project: start::project_name(&layout),
            theme,
            repo: context.open_agreed_repo(launcher.clone(), self.trust)?,
            wanted: context.wanted(&layout)?,
            layout,
            launcher,
            wishes,
            program: context.program.clone(),
            environment: context.environment.clone(),
            command: format!("orchestra {}", typed_of(role)),
            start: context.typed("start"),
            model,
            first: self.first,
        })
    }
}

fn on_screen(
    context: &Context,
    seat: &mut Seat,
    runner: Runner,
    setting: screen::Setting,
    Ends { views, wishes, wished }: Ends,
) -> Over {
    let (signals, keys) = (seat.signals.clone(), seat.keys.take());
    let (end, told) = seat.runtime().block_on(async {
        signals.reach(wishes.downgrade(), None).await;
        let showing = tokio::spawn(screen::show(setting, views, keys));
        let showing = tokio::spawn(async move {
            let shown = showing.await;
            // A conversation whose screen is gone is over.
            drop(wishes.send(Wish::Leave).await);
            drop(wishes.send(Wish::Leave).await);
            shown.unwrap_or_else(|error| Err(io::Error::other(error)))
        });
        let end = runner.run(wished).await;
        (end, showing.await.unwrap_or_else(|error| Err(io::Error::other(error))))
    });
    let switch = match told {
        Ok((switch, keys)) => {
            seat.keys = Some(keys);
            switch
        }
        Err(error) => {
            context.out.error(format_args!("The screen could not be shown any more: {error}"));
            None
        }
    };
    Over { end, switch }
}

/// What a conversation came to.
fn finish(
    context: &Context,
    manner: Manner,
    Over { end, switch }: Over,
    signalled: Option<u8>,
    id: &ConversationId,
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
    let exit = match manner {
        Manner::Terminal => {
            tell_end(context, &end.state, id);
            Exit::DONE
        }
        Manner::Answer | Manner::Json if !end.state.open.is_empty() => {
            let what = context.typed(&format!("pm --resume {id}"));
            context.out.error(format_args!("Something waits for you: `{what}`"));
            Exit::WAITS
        }
        Manner::Answer | Manner::Json if end.state.trouble.is_some() => Exit::FAILED,
        Manner::Answer | Manner::Json => Exit::DONE,
    };
    Ok(Ended::Left(exit))
}

/// A few words on the ordinary screen.
fn tell_end(context: &Context, state: &Conversation, id: &ConversationId) {
    let tokens = state.used.input + state.used.output;
    if tokens > 0 {
        context.out.line(format_args!("{tokens} tokens."));
    }
    // The demo begins anew each time.
    let later = if context.is_demo() { "Talk again" } else { "Go on later" };
    context.out.line(format_args!("{later}: `{}`", context.typed(&format!("pm --resume {id}"))));
}
