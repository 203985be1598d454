//! What a person does beside the work: they copy, open something with a program of their own, are told things.

use std::io;
use std::sync::Arc;

use orchestra_project::history;
use orchestra_project::layout::Layout;
use orchestra_tui::{Moment, Msg, Screen, Want};
use ratatui::crossterm::event::{Event, KeyCode, KeyModifiers};
use tokio::task::spawn_blocking;

use super::chores::Chores;
use super::programs::Opened;
use super::reading::Place;
use super::stage::Stage;
use super::{Read, Setting, Shown};

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
    /// Back to the shell, and here again.
    pub(super) async fn suspend(&mut self, stage: &mut Stage) -> io::Result<()> {
        stage.suspend().await?;
        self.returned();
        Ok(())
    }

    /// The terminal is ours again.
    pub(super) fn returned(&mut self) {
        let now = self.moment();
        // It asks for nothing: a question that is in front waits anew.
        self.screen.update(now, Msg::Returned);
    }

    pub(super) fn told(&mut self, word: String) {
        let now = self.moment();
        self.screen.update(now, Msg::Told(word));
    }

    /// What is done beside what is shown.
    pub(super) fn chores(&self) -> Chores<'_, Read> {
        let Setting { environment, layout, program, .. } = &self.setting;
        Chores { environment, layout, program, ear: &self.reader, word: Read::Told }
    }

    /// Opens a document in the person's editor, and shows it anew where it is being read.
    pub(super) fn edit(&mut self, want: Want) {
        let (again, state) = (Some(want.clone()), Arc::clone(&self.state));
        self.open(again, move |place| place.file(&want, &state).map(|path| Opened::Files(vec![path])));
    }

    /// Opens a transcript in the person's pager.
    pub(super) fn page(&mut self, want: Want) {
        self.open(None, move |place| place.pages(&want).map(Opened::Text));
    }

    /// Looks elsewhere for what is to be opened.
    fn open(
        &mut self,
        again: Option<Want>,
        find: impl FnOnce(Place) -> Result<Opened, String> + Send + 'static,
    ) {
        let (place, reader) = (self.place(), self.reader.clone());
        self.openings += 1;
        let number = self.openings;
        self.opening = Some(number);
        tokio::spawn(async move {
            let found = spawn_blocking(move || find(place)).await;
            let found = found.unwrap_or_else(|panic| Err(panic.to_string()));
            // A screen that is gone opens nothing more.
            drop(reader.send(Read::Found { number, found, again }).await);
        });
    }

    /// Whether this was typed for a program that is about to come: it must answer no question here. `esc` and `ctrl-c` wait for
    /// it no longer.
    pub(super) fn is_for_a_program(&mut self, event: &Event) -> bool {
        if self.opening.is_none() {
            return false;
        }
        let Event::Key(key) = event else {
            return matches!(event, Event::Paste(_) | Event::Mouse(_));
        };
        let is_ctrl_c = key.code == KeyCode::Char('c') && key.modifiers == KeyModifiers::CONTROL;
        if is_ctrl_c || key.code == KeyCode::Esc {
            self.opening = None;
            self.told("not opened".to_owned());
        }
        true
    }

    /// What is to be opened was found, or not.
    pub(super) async fn found(
        &mut self,
        number: u64,
        found: Result<Opened, String>,
        again: Option<Want>,
        stage: &mut Stage,
    ) -> io::Result<()> {
        if self.opening.take_if(|waits| *waits == number).is_none() {
            return Ok(());
        }
        match found {
            Ok(opened) => self.lend(opened, stage).await?,
            Err(why) => self.told(why),
        }
        if let Some(want) = again {
            self.want(want);
        }
        Ok(())
    }

    /// Gives the terminal to a program until it ends. The worker goes on meanwhile, and what it tells waits.
    async fn lend(&mut self, opened: Opened, stage: &mut Stage) -> io::Result<()> {
        let (environment, root) = (self.setting.environment.clone(), self.setting.layout.root().to_owned());
        let said = stage.lend(opened, &environment, &root).await?;
        self.returned();
        if let Some(said) = said {
            self.told(said);
        }
        Ok(())
    }

    pub(super) fn place(&self) -> Place {
        Place { layout: self.setting.layout.clone(), repo: self.setting.repo.clone() }
    }
}
