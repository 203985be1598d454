//! A conversation in the worker's own terminal, while it works.

use std::io;
use std::time::Duration;

use orchestra_engine::conversation::{Runner, View, Wish};
use orchestra_project::layout::Layout;
use orchestra_project::load::Scanner;
use orchestra_project::trust::Trust;
use orchestra_tui::Theme;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::holding::{VIEWS, typed_of};
use super::opening::{self, Opened, Which};
use super::screen;
use crate::commands::start;
use crate::commands::start::screen::stage::Stage;
use crate::commands::start::screen::terminal::is_lent;
use crate::commands::start::screen::visit::Backstage;
use crate::context::{Context, Wanted};
use crate::failure::Failure;

/// How long a conversation that a signal ends may take to say so where it is kept.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// A conversation that can begin.
pub(in crate::commands) struct Beside {
    runner: Runner,
    setting: screen::Setting,
    wished: mpsc::Receiver<Wish>,
    views: mpsc::Receiver<View>,
}

/// The role that the person wants to talk to next and what they say, and what is to be told of the conversation.
pub(in crate::commands) type Came = (Option<(String, String)>, Option<String>);

impl Beside {
    /// Makes a conversation with a role, to which these words are said at once. Nobody is asked whether the project may run
    /// what it names: the person has agreed, or is told.
    pub(in crate::commands) fn open(
        context: &Context,
        layout: &Layout,
        (theme, has_mouse): (Theme, bool),
        role: &str,
        words: String,
    ) -> Result<Self, Failure> {
        let mut scanner = Scanner::default();
        let loaded = context.load_with(&mut scanner, layout)?;
        let role = opening::find_role(&loaded.plan, role)?;
        if context.trust(&loaded.trust)? != Trust::Given {
            return Err(Failure::NotTrusted);
        }
        let opened = opening::open(context, layout, (scanner, &loaded), role, Which::CutShort)?;
        let first = Some(words).filter(|words| !words.is_empty());
        let first = first.or_else(|| opening::first_words(&loaded.plan, &opened));
        let Opened { setup, hears, model, .. } = opened;
        let (sender, views) = mpsc::channel(VIEWS);
        let (wishes, wished) = mpsc::channel(64);
        let launcher = setup.launcher.clone();
        let setting = screen::Setting {
            project: start::project_name(layout),
            theme,
            layout: layout.clone(),
            repo: context.open_agreed_repo(launcher.clone(), &loaded.trust)?,
            launcher,
            wishes,
            program: context.program.clone(),
            environment: context.environment.clone(),
            wanted: Wanted { mouse: has_mouse, ..context.wanted(layout)? },
            command: format!("orchestra {}", typed_of(&setup.role)),
            start: context.typed("start"),
            model,
            first,
        };
        Ok(Self { runner: Runner::new(setup, hears, sender), setting, wished, views })
    }

    /// Holds it to its end.
    pub(in crate::commands) async fn hold(
        self,
        stage: &mut Stage,
        backstage: Backstage<'_>,
    ) -> io::Result<Came> {
        let Self { runner, setting, wished, views } = self;
        leave_at_signals(&setting.wishes);
        let wishes = setting.wishes.clone();
        let running = tokio::spawn(runner.run(wished));
        stage.launchers.push(setting.launcher.clone());
        stage.terminal.forget();
        let switch = screen::hold(setting, views, stage, Some(backstage)).await;
        stage.launchers.pop();
        // A conversation that is over takes nothing more; one that is out of sight is over at once.
        drop(wishes.send(Wish::Leave).await);
        drop(wishes.send(Wish::Leave).await);
        let switch = switch?;
        let said = match timeout(LAST_WORDS, running).await {
            Ok(Ok(end)) => end.broken.map(|broken| Failure::from(broken).to_string()),
            Ok(Err(panic)) => Some(panic.to_string()),
            // What is left of it ends with this process.
            Err(_) => None,
        };
        Ok((switch, said))
    }
}

/// A signal ends the conversation; what it does to the worker is heard elsewhere.
fn leave_at_signals(wishes: &mpsc::Sender<Wish>) {
    for kind in [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()] {
        // A signal that cannot be listened to ends the program as it would any other.
        let Ok(mut signals) = signal(kind) else { continue };
        let wishes = wishes.downgrade();
        tokio::spawn(async move {
            while signals.recv().await.is_some() {
                // `ctrl-c` in a program of the person's is that program's.
                if kind == SignalKind::interrupt() && is_lent() {
                    continue;
                }
                let Some(wishes) = wishes.upgrade() else { return };
                if wishes.send(Wish::Leave).await.is_err() {
                    return;
                }
            }
        });
    }
}
