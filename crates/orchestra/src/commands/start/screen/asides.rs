//! What a person does beside the work: they copy, open something with a program of their own, are told things.

use std::io;

use orchestra_core::worker::Stop;
use orchestra_engine::worker::Wish;
use orchestra_project::history;
use orchestra_project::layout::Layout;
use orchestra_tui::{Moment, Msg, Screen, Want};
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::spawn_blocking;

use super::programs::Opened;
use super::reading::Place;
use super::terminal::{Terminal, is_lent};
use super::{Read, Shown, copy, notices};

/// The exit code of a program that `ctrl-\` ended.
const QUIT: u8 = 131;

/// The screen with what the person wrote in earlier runs.
pub(super) fn with_history(screen: Screen, layout: &Layout, now: Moment) -> Screen {
    match history::load(layout) {
        Ok(texts) => screen.with_history(texts),
        Err(error) => {
            let mut screen = screen;
            // It asks for nothing: it shows the word.
            screen.update(now, Msg::Told(format!("what you wrote before cannot be read: {error}")));
            screen
        }
    }
}

impl Shown {
    /// The terminal is ours again.
    pub(super) fn returned(&mut self) {
        let now = self.moment();
        // It asks for nothing: a question that is in front waits anew.
        self.screen.update(now, Msg::Returned);
    }

    fn told(&mut self, word: String) {
        let now = self.moment();
        self.screen.update(now, Msg::Told(word));
    }

    /// Copies, and tells what became of it when that is known.
    pub(super) fn copy(&mut self, text: String, terminal: &mut Terminal) -> io::Result<()> {
        let is_sent = terminal.copy(&text)?;
        let (environment, reader) = (self.setting.environment.clone(), self.reader.clone());
        let root = self.setting.layout.root().to_owned();
        tokio::spawn(async move {
            let word = copy::copy(text, is_sent, environment, &root).await;
            // A screen that is gone shows nothing more.
            drop(reader.send(Read::Told(word)).await);
        });
        Ok(())
    }

    /// Tells somebody who looks elsewhere.
    pub(super) fn notify(&self, text: String, terminal: &mut Terminal) {
        let Some(command) = terminal.notify(&text) else { return };
        let (environment, reader) = (self.setting.environment.clone(), self.reader.clone());
        let root = self.setting.layout.root().to_owned();
        tokio::spawn(async move {
            if let Err(why) = notices::run(&command, &text, environment, &root).await {
                // A screen that is gone shows nothing more.
                drop(reader.send(Read::Told(why)).await);
            }
        });
    }

    /// Keeps what was written for later runs.
    pub(super) fn remember(&self, text: String) {
        let (layout, reader) = (self.setting.layout.clone(), self.reader.clone());
        tokio::spawn(async move {
            let kept = spawn_blocking(move || history::append(&layout, &text)).await;
            if let Ok(Err(error)) = kept {
                // A screen that is gone shows nothing more.
                drop(reader.send(Read::Told(format!("this cannot be kept for later: {error}"))).await);
            }
        });
    }

    /// Opens a document in the person's editor, and shows it anew where it is being read.
    pub(super) async fn edit(&mut self, want: Want, terminal: &mut Terminal) -> io::Result<()> {
        let (place, state) = (self.place(), std::sync::Arc::clone(&self.state));
        let wanted = want.clone();
        // Waited for: a key that was meant for the editor must answer no question meanwhile.
        let found =
            spawn_blocking(move || place.file(&wanted, &state)).await.unwrap_or_else(|panic| failed(&panic));
        match found {
            Ok(path) => self.lend(Opened::File(path), terminal).await?,
            Err(why) => self.told(why),
        }
        self.want(want);
        Ok(())
    }

    /// Opens a transcript in the person's pager.
    pub(super) async fn page(&mut self, want: Want, terminal: &mut Terminal) -> io::Result<()> {
        let place = self.place();
        match spawn_blocking(move || place.pages(&want)).await.unwrap_or_else(|panic| failed(&panic)) {
            Ok(text) => self.lend(Opened::Text(text), terminal).await,
            Err(why) => {
                self.told(why);
                Ok(())
            }
        }
    }

    /// Gives the terminal to a program until it ends. The worker goes on meanwhile, and what it tells waits.
    async fn lend(&mut self, opened: Opened, terminal: &mut Terminal) -> io::Result<()> {
        if !self.keyboard.pause().await {
            self.told("the keyboard is busy: press the key again".to_owned());
            return Ok(());
        }
        self.quit_by_itself();
        self.was_away = true;
        let (environment, root) = (self.setting.environment.clone(), self.setting.layout.root().to_owned());
        let said = terminal.lend(opened.run(&environment, &root)).await?;
        self.keyboard.resume();
        self.returned();
        if let Some(said) = said {
            self.told(said);
        }
        Ok(())
    }

    /// `ctrl-\` is the program's as long as it has the terminal. From the first time on this process hears it itself, and
    /// leaves where it is its own.
    fn quit_by_itself(&mut self) {
        if std::mem::replace(&mut self.hears_quit, true) {
            return;
        }
        // Where it cannot be heard it ends us, as it would any other.
        let Ok(mut quits) = signal(SignalKind::quit()) else { return };
        let wishes = self.setting.wishes.clone();
        tokio::spawn(async move {
            while quits.recv().await.is_some() {
                if !is_lent() && wishes.send(Wish::Stop(Stop::Now { code: QUIT })).await.is_err() {
                    return;
                }
            }
        });
    }

    pub(super) fn place(&self) -> Place {
        Place { layout: self.setting.layout.clone(), repo: self.setting.repo.clone() }
    }
}

fn failed<T>(panic: &tokio::task::JoinError) -> Result<T, String> {
    Err(panic.to_string())
}
