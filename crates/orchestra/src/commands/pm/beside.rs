//! A conversation in the worker's own terminal, while it works.

use std::io;
use std::time::Duration;

use orchestra_engine::conversation::{Runner, View, Wish};
use orchestra_project::layout::Layout;
use orchestra_project::trust::Trust;
use orchestra_tui::Theme;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::{Face, Ready, Shown, VIEWS, listen, ready, screen, setting, typed_of};
use crate::commands::start::screen::stage::Stage;
use crate::commands::start::screen::visit::Backstage;
use crate::context::Context;
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
        let agree = |loaded: &orchestra_project::load::Loaded| match context.trust(&loaded.trust)? {
            Trust::Given => Ok(()),
            _ => Err(Failure::NotTrusted),
        };
        let Ready { setup, hears, trust, model, .. } = ready(context, layout, role, (None, false), agree)?;
        let face = Face {
            shown: Shown::Screen(theme),
            command: format!("orchestra {}", typed_of(&setup.role)),
            trust: &trust,
            model,
        };
        let of = (setup.layout.clone(), setup.launcher.clone());
        let (sender, views) = mpsc::channel(VIEWS);
        let (wishes, wished) = mpsc::channel(64);
        let words = (!words.is_empty()).then_some(words);
        let mut setting = setting(context, &of, theme, face, words, wishes)?;
        setting.wanted.mouse = has_mouse;
        Ok(Self { runner: Runner::new(setup, hears, sender), setting, wished, views })
    }

    /// Holds it to its end.
    pub(in crate::commands) async fn hold(
        self,
        stage: &mut Stage,
        backstage: Backstage<'_>,
    ) -> io::Result<Came> {
        let Self { runner, setting, wished, views } = self;
        listen(&setting.wishes);
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
