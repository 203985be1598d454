//! What the person types to somebody else than those who work: commands, and a role to talk to.
//!
//! The terminal is the conversation's meanwhile. The worker goes on, and what it tells is taken at once; what it asks waits
//! until the person is back.

use std::io;

use orchestra_core::conversation::{BOOTSTRAP, Typed};
use orchestra_core::plan::ARCHITECT;
use orchestra_core::worker::Stage as Step;
use orchestra_engine::brief::plan_in_words;
use orchestra_tui::{Command, Msg};
use tokio::task::spawn_blocking;

use super::inbox::Inbox;
use super::stage::Stage;
use super::{QUIT, Shown};
use crate::commands::pm::{Beside, help};

/// What is said to somebody who asks how the worker is started.
pub(in crate::commands) const WORKS_HERE: &str = "The worker runs in this terminal.";

/// What is said to somebody who types a command of a role's conversation.
pub(in crate::commands) const WITH_A_ROLE: &str =
    "That is typed in a conversation with the role: `#architect`, `#backend`.";

/// What the worker tells while somebody else has its terminal.
pub(in crate::commands) enum Heard {
    /// Somebody who looks elsewhere has to know this.
    Told(Vec<String>),
    /// It has left. A signal ends a conversation, too.
    Left { by_signal: bool },
}

/// A worker's screen that is out of sight.
pub(in crate::commands) struct Backstage<'a> {
    shown: &'a mut Shown,
    inbox: &'a Inbox,
    is_over: bool,
}

impl Backstage<'_> {
    /// Waits for something that the worker tells, and takes it. Cancel-safe.
    pub(in crate::commands) async fn next(&mut self) -> Heard {
        if self.is_over {
            return std::future::pending().await;
        }
        let Some(view) = self.inbox.next().await else {
            self.is_over = true;
            let signals = [129, 130, 143, QUIT];
            let by_signal = matches!(self.shown.state.stage, Step::Left { code } if signals.contains(&code));
            return Heard::Left { by_signal };
        };
        let Some(msg) = self.shown.message(view) else { return Heard::Told(Vec::new()) };
        let now = self.shown.moment();
        let commands = self.shown.screen.update(now, msg).into_iter();
        // Out of sight it asks for nothing else: there are no keys.
        let notices = commands.filter_map(|command| match command {
            Command::Notify(text) => Some(text),
            _ => None,
        });
        Heard::Told(notices.collect())
    }
}

impl Shown {
    /// What the person typed that is not for those who work.
    pub(super) fn typed_out(&mut self, typed: Typed) {
        let plan = &self.state.seen.plan;
        let line = match typed {
            Typed::Role { name, words } => {
                self.visit = Some((name, words));
                return;
            }
            Typed::Status => plan_in_words(plan),
            Typed::Start => WORKS_HERE.to_owned(),
            Typed::Bootstrap => {
                self.visit = Some((ARCHITECT.to_owned(), BOOTSTRAP.to_owned()));
                return;
            }
            Typed::Commit { .. } => {
                "Talk to the role whose files they are: `#backend`, then `commit`.".to_owned()
            }
            Typed::Help | Typed::Say(_) | Typed::Unknown(_) => help(plan).join("\n"),
        };
        let now = self.moment();
        // A line wants nothing done.
        let _nothing = self.screen.update(now, Msg::Line(line));
    }

    /// Lends the terminal to conversations, one after the other, until the person leaves the last.
    pub(super) async fn visit(
        &mut self,
        whom: (String, String),
        inbox: &Inbox,
        stage: &mut Stage,
    ) -> io::Result<()> {
        let mut next = Some(whom);
        let mut said = None;
        while let Some((role, words)) = next.take() {
            let (context, layout) = (self.setting.context.clone(), self.setting.layout.clone());
            let (theme, has_mouse) = (self.setting.theme, self.has_mouse);
            let opened =
                spawn_blocking(move || Beside::open(&context, &layout, (theme, has_mouse), &role, words));
            match opened.await {
                Ok(Ok(beside)) => {
                    let backstage = Backstage { shown: &mut *self, inbox, is_over: false };
                    (next, said) = beside.hold(stage, backstage).await?;
                }
                Ok(Err(failure)) => said = Some(failure.to_string()),
                Err(panic) => said = Some(panic.to_string()),
            }
        }
        stage.terminal.set_mouse(self.has_mouse)?;
        stage.terminal.forget();
        self.returned();
        if let Some(said) = said {
            self.told(said);
        }
        self.tell_the_window(stage);
        Ok(())
    }
}
