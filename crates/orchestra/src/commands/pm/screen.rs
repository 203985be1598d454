//! A conversation as it is shown on a screen.
//!
//! One task owns the screen; it takes what comes from the conversation and the keyboard, and draws when something is new, at
//! most every sixteen milliseconds. Nothing that takes long happens on it.

mod pages;

use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use orchestra_agent::environment::Environment;
use orchestra_agent::guard::GuardLauncher;
use orchestra_agent::tools::file_names;
use orchestra_core::conversation::{AskId, BOOTSTRAP, Conversation, Project, Typed, Verdict, What};
use orchestra_core::path::ContentHash;
use orchestra_core::plan::ARCHITECT;
use orchestra_core::worker::State;
use orchestra_engine::brief::plan_in_words;
use orchestra_engine::conversation::{View, Wish};
use orchestra_git::repo::Repo;
use orchestra_project::conversations;
use orchestra_project::history;
use orchestra_project::layout::Layout;
use orchestra_tui::{Moment, Reading, Talk, TalkCommand, TalkMsg, Theme, Want, draw_talk};
use ratatui::crossterm::event::{Event, KeyEventKind};
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

use self::pages::{flat, in_pages};
use super::words::{help, how_to_start, in_words};
use crate::commands::start::screen::chores::Chores;
use crate::commands::start::screen::programs::Opened;
use crate::commands::start::screen::reading::Place;
use crate::commands::start::screen::stage::{Came, Keys, Pace, Stage};
use crate::commands::start::screen::terminal::Manners;
use crate::commands::start::screen::visit::{Backstage, Heard, WORKS_HERE};
use crate::context::Wanted;

/// How many files are offered behind `@`.
const FILES: usize = 200_000;

/// What the screen needs from outside.
pub(super) struct Setting {
    pub(super) project: String,
    pub(super) theme: Theme,
    pub(super) layout: Layout,
    pub(super) repo: Repo,
    pub(super) launcher: GuardLauncher,
    pub(super) wishes: mpsc::Sender<Wish>,
    /// This program.
    pub(super) program: PathBuf,
    /// The person's whole environment, for programs of theirs.
    pub(super) environment: Environment,
    /// What they want of the screen.
    pub(super) wanted: Wanted,
    /// What they typed to get here, for the head of the screen.
    pub(super) command: String,
    /// What they type to start the worker.
    pub(super) start: String,
    /// The model, where one is set.
    pub(super) model: Option<String>,
    /// What is said at once.
    pub(super) first: Option<String>,
}

/// What is found elsewhere.
enum Found {
    Wanted(Want, Reading),
    Files(Vec<String>),
    Told(String),
    /// Something for a program of the person's, and the proposal whose files these are.
    Open(Opened, Option<Draft>),
}

/// Files of a proposal that the person edits.
struct Draft {
    ask: AskId,
    of: ContentHash,
    /// Where each lies while it is edited, and what it is called in the proposal.
    files: Vec<(PathBuf, String)>,
}

/// Shows a conversation until it is over. Returned is the role that the person wants to talk to instead, with what they say,
/// and the keys, for the next one. The terminal is as it was before when this returns, however it returns.
pub(super) async fn show(
    setting: Setting,
    views: mpsc::Receiver<View>,
    keys: Option<Keys>,
) -> io::Result<(Option<(String, String)>, Keys)> {
    let manners = Manners::of(&setting.environment, setting.wanted.notify.clone(), setting.wanted.mouse);
    let launcher = setting.launcher.clone();
    let mut stage = Stage::enter(&setting.program, &setting.environment, manners, launcher, keys)?;
    let switch = hold(setting, views, &mut stage, None).await?;
    let keys = stage.leave(switch.is_some()).await;
    Ok((switch, keys))
}

/// The same on a terminal that is taken over already, perhaps with a worker behind it: then a signal that ends it ends this.
pub(super) async fn hold(
    setting: Setting,
    mut views: mpsc::Receiver<View>,
    stage: &mut Stage,
    mut behind: Option<Backstage<'_>>,
) -> io::Result<Option<(String, String)>> {
    let (finder, mut found) = mpsc::channel(16);
    let mut shown = Shown::new(setting, finder, behind.is_some());
    shown.begin(stage).await?;
    let mut pace = Pace::default();
    loop {
        let now = Instant::now();
        if pace.is_time(now) {
            shown.take(TalkMsg::Tick, stage).await?;
        }
        if shown.talk.needs_frame() && pace.may_draw(now) {
            let talk = &mut shown.talk;
            stage.terminal.draw(|frame| {
                talk.lay_out(frame.area());
                draw_talk(talk, frame);
            })?;
            let moment = shown.moment();
            shown.talk.drawn(moment);
            pace.drew();
            continue;
        }
        let wake_at = shown.talk.wakes_at(shown.moment_of(now)).map(|since| shown.begun + since);
        let waiting = pace.wait(now, shown.talk.needs_frame(), wake_at);
        tokio::select! {
            biased; // A person's key goes before an agent's words.
            // What is typed behind the name of another role is said to that one.
            came = stage.next(), if shown.switch.is_none() => shown.came(came?, stage).await?,
            Some(found) = found.recv() => shown.found(found, stage).await?,
            view = views.recv() => match view {
                Some(view) => shown.view(view, stage).await?,
                None => return Ok(shown.switch),
            },
            heard = next_of(&mut behind) => match heard {
                // A program of the person's is told of the worker elsewhere.
                Heard::Told(notices) => notices.iter().for_each(|text| drop(stage.terminal.notify(text))),
                Heard::Left { by_signal: true } => return Ok(None),
                Heard::Left { by_signal: false } => {
                    let word = "the worker has left: it is told when you leave, too".to_owned();
                    shown.take(TalkMsg::Told(word), stage).await?;
                }
            },
            () = waiting => {}
        }
        stage.renew()?;
    }
}

async fn next_of(behind: &mut Option<Backstage<'_>>) -> Heard {
    match behind {
        Some(behind) => behind.next().await,
        None => std::future::pending().await,
    }
}

struct Shown {
    talk: Talk,
    setting: Setting,
    begun: Instant,
    state: Arc<Conversation>,
    project: Arc<Project>,
    finder: mpsc::Sender<Found>,
    switch: Option<(String, String)>,
    is_worker_behind: bool,
    /// The proposal that the person edited last, as it was then. Where that did not hold, they go on with what they wrote.
    edited: Option<(AskId, ContentHash)>,
}

impl Shown {
    fn new(setting: Setting, finder: mpsc::Sender<Found>, is_worker_behind: bool) -> Self {
        let begun = Instant::now();
        let now = Moment { since: Duration::ZERO, at: Timestamp::now() };
        let talk = Talk::new(setting.project.clone(), setting.theme, TimeZone::system(), now)
            .with_keys(setting.wanted.keys.clone())
            .with_command(setting.command.clone())
            .with_model(setting.model.clone())
            .with_worker_behind(is_worker_behind)
            .with_mouse(setting.wanted.mouse);
        let (state, project) = (Arc::default(), Arc::default());
        Self { talk, setting, begun, state, project, finder, switch: None, is_worker_behind, edited: None }
    }

    /// What the person wrote in earlier runs, and what is said at once.
    async fn begin(&mut self, stage: &mut Stage) -> io::Result<()> {
        match history::load(&self.setting.layout) {
            Ok(texts) => {
                let now = Moment { since: Duration::ZERO, at: Timestamp::now() };
                let empty = Talk::new(String::new(), self.setting.theme, TimeZone::system(), now);
                self.talk = std::mem::replace(&mut self.talk, empty).with_history(texts);
            }
            Err(error) => {
                let word = format!("what you wrote before cannot be read: {error}");
                self.take(TalkMsg::Told(word), stage).await?;
            }
        }
        if let Some(text) = self.setting.first.take() {
            self.take(TalkMsg::Said(text.clone()), stage).await?;
            drop(self.setting.wishes.send(Wish::Say { text }).await);
        }
        Ok(())
    }

    fn moment(&self) -> Moment {
        self.moment_of(Instant::now())
    }

    fn moment_of(&self, now: Instant) -> Moment {
        Moment { since: now.saturating_duration_since(self.begun), at: Timestamp::now() }
    }

    /// Takes what came from the terminal, or from outside.
    async fn came(&mut self, came: Came, stage: &mut Stage) -> io::Result<()> {
        match came {
            Came::Event(event) => {
                stage.heard(&event);
                let msg = match event {
                    Event::Key(key) if key.kind != KeyEventKind::Release => TalkMsg::Key(key),
                    Event::Paste(text) => TalkMsg::Paste(text),
                    Event::Resize(..) => TalkMsg::Resized,
                    Event::Mouse(event) => TalkMsg::Mouse(event),
                    Event::Key(_) | Event::FocusGained | Event::FocusLost => return Ok(()),
                };
                self.take(msg, stage).await?;
            }
            Came::Stopped => self.suspend(stage).await?,
            Came::WentOn => {
                stage.come_back().await?;
                self.take_returned();
            }
            // A conversation that is over takes nothing more.
            Came::Quit => drop(self.setting.wishes.send(Wish::Leave).await),
        }
        Ok(())
    }

    async fn view(&mut self, view: View, stage: &mut Stage) -> io::Result<()> {
        let msg = match view {
            View::Past(lines) => TalkMsg::Past(lines.to_vec()),
            View::State(state) => {
                self.state = Arc::clone(&state);
                TalkMsg::State(state)
            }
            View::Note(_, note) => {
                let line = Some(in_words(&note, &self.project, &self.setting.start));
                TalkMsg::Note { note: Box::new(note), line }
            }
            View::Agent(turn, event) => TalkMsg::Agent(turn, event),
            View::Project(project) => {
                self.project = Arc::clone(&project);
                TalkMsg::Project((*project).clone())
            }
        };
        self.take(msg, stage).await
    }

    async fn take(&mut self, msg: TalkMsg, stage: &mut Stage) -> io::Result<()> {
        let now = self.moment();
        let commands = self.talk.update(now, msg);
        for command in commands {
            self.obey(command, stage).await?;
        }
        stage.terminal.set_title(&self.talk.title());
        stage.terminal.set_busy(self.talk.busy());
        Ok(())
    }

    async fn obey(&mut self, command: TalkCommand, stage: &mut Stage) -> io::Result<()> {
        let wish = match command {
            TalkCommand::Say { text } => Wish::Say { text },
            TalkCommand::Queue { text } => Wish::Queue { text },
            TalkCommand::Unqueue { text } => Wish::Unqueue { text },
            TalkCommand::Typed(Typed::Commit { message }) => Wish::Commit { message },
            TalkCommand::Typed(Typed::Bootstrap)
                if self.state.role.as_ref().is_some_and(|role| role.as_str() == ARCHITECT) =>
            {
                Wish::Say { text: BOOTSTRAP.to_owned() }
            }
            TalkCommand::Typed(Typed::Bootstrap) => {
                self.switch = Some((ARCHITECT.to_owned(), BOOTSTRAP.to_owned()));
                Wish::Leave
            }
            TalkCommand::Interrupt => Wish::Interrupt,
            TalkCommand::Leave => Wish::Leave,
            TalkCommand::Answer { ask, of, verdict } => Wish::Answer { ask, of, verdict },
            TalkCommand::Typed(Typed::Role { name, words }) => {
                self.switch = Some((name, words));
                Wish::Leave
            }
            other => return self.obey_here(other, stage).await,
        };
        // A conversation that is over takes nothing more.
        drop(self.setting.wishes.send(wish).await);
        Ok(())
    }

    /// What concerns the screen and not the conversation.
    async fn obey_here(&mut self, command: TalkCommand, stage: &mut Stage) -> io::Result<()> {
        match command {
            TalkCommand::Typed(typed) => {
                let line = match typed {
                    Typed::Status => plan_in_words(&self.project.plan),
                    Typed::Start if self.is_worker_behind => WORKS_HERE.to_owned(),
                    Typed::Start => how_to_start(&self.project, &self.setting.start),
                    Typed::Help
                    | Typed::Say(_)
                    | Typed::Unknown(_)
                    | Typed::Commit { .. }
                    | Typed::Bootstrap
                    | Typed::Role { .. } => help(&self.project.plan).join("\n"),
                };
                let now = self.moment();
                // A line wants nothing done.
                let _nothing = self.talk.update(now, TalkMsg::Line(line));
            }
            TalkCommand::WantFiles => {
                let root = self.setting.layout.root().to_owned();
                self.find(move || Ok(Found::Files(file_names(&root, FILES))));
            }
            TalkCommand::Read(want) => {
                let (place, state) = (self.place(), self.seen());
                self.find(move || {
                    let reading = place.read(&want, &state);
                    Ok(Found::Wanted(want, reading))
                });
            }
            TalkCommand::Copy(text) => {
                self.chores().copy(text, &mut stage.terminal)?;
            }
            TalkCommand::Edit(_) | TalkCommand::EditProposal { .. } | TalkCommand::Page(_) => {
                self.open(command);
            }
            TalkCommand::Remember(text) => self.chores().remember(&text),
            TalkCommand::Suspend => self.suspend(stage).await?,
            TalkCommand::Notify(text) => self.chores().notify(text, &mut stage.terminal),
            TalkCommand::Redraw => stage.terminal.forget(),
            TalkCommand::Mouse(is_wanted) => stage.terminal.set_mouse(is_wanted)?,
            TalkCommand::Say { .. }
            | TalkCommand::Queue { .. }
            | TalkCommand::Unqueue { .. }
            | TalkCommand::Interrupt
            | TalkCommand::Leave
            | TalkCommand::Answer { .. } => {}
        }
        Ok(())
    }

    /// Opens something with a program of the person's.
    fn open(&self, command: TalkCommand) {
        match command {
            TalkCommand::Edit(want) => {
                let (place, state) = (self.place(), self.seen());
                self.find(move || {
                    place.file(&want, &state).map(|path| Found::Open(Opened::Files(vec![path]), None))
                });
            }
            TalkCommand::EditProposal { ask } => self.edit_proposal(ask),
            TalkCommand::Page(Some(want)) => {
                let place = self.place();
                self.find(move || place.pages(&want).map(|text| Found::Open(Opened::Text(text), None)));
            }
            TalkCommand::Page(None) => {
                let (layout, id) = (self.setting.layout.clone(), self.state.id.clone());
                self.find(move || {
                    let lines = conversations::read_lines(&layout, &id).map_err(|error| error.to_string())?;
                    Ok(Found::Open(Opened::Text(in_pages(&lines)), None))
                });
            }
            _ => {}
        }
    }

    /// Looks for something on a thread of its own.
    fn find(&self, look: impl FnOnce() -> Result<Found, String> + Send + 'static) {
        let finder = self.finder.clone();
        tokio::spawn(async move {
            let found = spawn_blocking(look).await.unwrap_or_else(|panic| Err(panic.to_string()));
            // A screen that is gone shows nothing more.
            drop(finder.send(found.unwrap_or_else(Found::Told)).await);
        });
    }

    fn place(&self) -> Place {
        Place { layout: self.setting.layout.clone(), repo: self.setting.repo.clone() }
    }

    /// The plan as those know it who read for a worker's screen.
    fn seen(&self) -> State {
        let mut state = State::default();
        state.seen.plan = (*self.project.plan).clone();
        state
    }

    fn edit_proposal(&self, ask: AskId) {
        let open = self.state.open.iter().find(|open| open.id == ask);
        let Some(What::Proposal(proposed)) = open.map(|open| open.what.clone()) else { return };
        let goes_on = self.edited == Some((ask, proposed.of));
        let folder = self.setting.layout.scratch().join(format!("{}-{}", self.state.id, ask.0));
        self.find(move || {
            let files: Vec<(PathBuf, String)> = proposed
                .files
                .iter()
                .map(|file| (folder.join(flat(&file.path)), file.path.clone()))
                .collect();
            let texts = proposed.files.iter().map(|file| &file.after);
            fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
            for ((path, _), text) in files.iter().zip(texts).filter(|_| !goes_on) {
                fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))?;
            }
            let paths = files.iter().map(|(path, _)| path.clone()).collect();
            Ok(Found::Open(Opened::Files(paths), Some(Draft { ask, of: proposed.of, files })))
        });
    }

    /// Takes what was found.
    async fn found(&mut self, found: Found, stage: &mut Stage) -> io::Result<()> {
        let msg = match found {
            Found::Wanted(want, reading) => TalkMsg::Read(want, reading),
            Found::Files(files) => TalkMsg::Files(Arc::new(files)),
            Found::Told(word) => TalkMsg::Told(word),
            Found::Open(opened, draft) => {
                self.lend(opened, stage).await?;
                if let Some(draft) = draft {
                    self.edited(draft).await;
                }
                return Ok(());
            }
        };
        self.take(msg, stage).await
    }

    /// Gives the terminal to a program until it ends.
    async fn lend(&mut self, opened: Opened, stage: &mut Stage) -> io::Result<()> {
        let (environment, root) = (self.setting.environment.clone(), self.setting.layout.root().to_owned());
        let said = stage.lend(opened, &environment, &root).await?;
        self.take_returned();
        match said {
            Some(said) => self.take(TalkMsg::Told(said), stage).await,
            None => Ok(()),
        }
    }

    /// Hands over what the person made of a proposal's files, to be shown again.
    async fn edited(&mut self, draft: Draft) {
        self.edited = Some((draft.ask, draft.of));
        let mut files = Vec::new();
        for (path, name) in &draft.files {
            // One that they removed is one that they do not want; the rest is judged where it is read.
            if let Ok(text) = fs::read_to_string(path) {
                files.push((name.clone(), text));
            }
        }
        let verdict = Verdict::Edited { files };
        // A conversation that is over takes nothing more.
        drop(self.setting.wishes.send(Wish::Answer { ask: draft.ask, of: Some(draft.of), verdict }).await);
    }

    async fn suspend(&mut self, stage: &mut Stage) -> io::Result<()> {
        stage.suspend().await?;
        self.take_returned();
        Ok(())
    }

    fn take_returned(&mut self) {
        let now = self.moment();
        // It asks for nothing: a question that is in front waits anew.
        let _nothing = self.talk.update(now, TalkMsg::Returned);
    }

    /// What is done beside what is shown.
    fn chores(&self) -> Chores<'_, Found> {
        let Setting { environment, layout, program, .. } = &self.setting;
        Chores { environment, layout, program, ear: &self.finder, word: Found::Told }
    }
}
