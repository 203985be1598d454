//! What every screen does for a person beside what it shows: it copies, tells them of things, and keeps what they wrote.

use std::io;
use std::path::Path;

use jiff::Timestamp;
use orchestra_agent::environment::Environment;
use orchestra_agent::guard::GuardLauncher;
use orchestra_agent::redact::Redactor;
use orchestra_project::history;
use orchestra_project::layout::Layout;
use serde_json::json;
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

use super::super::project_name;
use super::super::teller::Teller;
use super::copy;
use super::terminal::Terminal;
use crate::context::GUARD;

/// For whom it is done, and how a screen hears what became of it: in a word, made into what it takes.
pub(in crate::commands) struct Chores<'a, T> {
    pub(in crate::commands) environment: &'a Environment,
    pub(in crate::commands) layout: &'a Layout,
    /// This program, which is a guard too.
    pub(in crate::commands) program: &'a Path,
    pub(in crate::commands) ear: &'a mpsc::Sender<T>,
    pub(in crate::commands) word: fn(String) -> T,
}

impl<T: Send + 'static> Chores<'_, T> {
    /// Copies, and tells what became of it when that is known.
    pub(in crate::commands) fn copy(&self, text: String, terminal: &mut Terminal) -> io::Result<()> {
        let is_sent = terminal.copy(&text)?;
        let (environment, root) = (self.environment.clone(), self.layout.root().to_owned());
        self.tell(async move { Some(copy::copy(text, is_sent, environment, &root).await) });
        Ok(())
    }

    /// Tells somebody who looks elsewhere of something in a conversation.
    pub(in crate::commands) fn notify(&self, text: String, terminal: &mut Terminal) {
        let Some(command) = terminal.notify(&text) else { return };
        let launcher = GuardLauncher::new(self.program, vec![GUARD.into()], None);
        let teller = Teller::new(command, self.environment.clone(), self.layout.root(), launcher);
        let event = json!({
            "event": "conversation", "at": Timestamp::now(), "project": project_name(self.layout), "text": text,
        });
        self.tell(async move { teller.tell(&text, &event).await.err() });
    }

    /// Keeps what was written for later runs, without the person's secrets.
    pub(in crate::commands) fn remember(&self, text: &str) {
        let layout = self.layout.clone();
        let text = Redactor::of_environment(self.environment).text(text).into_owned();
        self.tell(async move {
            let kept = spawn_blocking(move || history::append(&layout, &text)).await;
            let error = kept.ok()?.err()?;
            Some(format!("this cannot be kept for later: {error}"))
        });
    }

    /// Tells what comes of something, where anything does.
    fn tell(&self, work: impl Future<Output = Option<String>> + Send + 'static) {
        let (ear, word) = (self.ear.clone(), self.word);
        tokio::spawn(async move {
            if let Some(said) = work.await {
                // A screen that is gone shows nothing more.
                drop(ear.send(word(said)).await);
            }
        });
    }
}
