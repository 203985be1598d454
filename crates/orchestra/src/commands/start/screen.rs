//! A run as it is shown on a screen.
//!
//! One task owns the screen; it takes what comes from the worker and the keyboard, and draws when something is new, at most
//! every sixteen milliseconds. Nothing that takes long happens on it.

mod asides;
pub(in crate::commands) mod chores;
mod copy;
mod curtain;
mod inbox;
pub(crate) mod keeper;
pub(in crate::commands) mod keyboard;
mod notices;
pub(in crate::commands) mod programs;
pub(in crate::commands) mod reading;
pub(in crate::commands) mod stage;
pub(in crate::commands) mod terminal;
mod torn;
pub(in crate::commands) mod visit;

use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use jiff::Timestamp;
use orchestra_agent::environment::Environment;
use orchestra_agent::guard::GuardLauncher;
use orchestra_core::id::{GateId, MilestoneId};
use orchestra_core::path::RepoPath;
use orchestra_core::record::Answer;
use orchestra_core::worker::{Asked, Note, Question, State, Stop};
use orchestra_engine::worker::{View, Wish};
use orchestra_git::repo::Repo;
use orchestra_git::review_diff::review_diff;
use orchestra_project::layout::Layout;
use orchestra_tui::{Command, Moment, Msg, Page, Reading, Screen, Theme, Want};
use ratatui::crossterm::event::{Event, KeyEventKind, MouseButton, MouseEventKind};
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

pub(in crate::commands) use self::curtain::Curtain;
pub(super) use self::curtain::listens;
use self::inbox::Inbox;
use self::programs::Opened;
use self::reading::{PATCH, design};
use self::stage::{Came, FRAME, Pace, Stage};
use self::terminal::Terminal;
pub(super) use self::terminal::is_lent;
use super::broken;
use crate::context::{Context, Wanted};
use crate::view::lines::Lines;

/// The exit code of a program that `ctrl-\` ended.
const QUIT: u8 = 131;

/// What the screen needs from outside.
pub(super) struct Setting {
    pub(super) project: String,
    pub(super) theme: Theme,
    pub(super) layout: Layout,
    pub(super) repo: Repo,
    pub(super) wishes: mpsc::Sender<Wish>,
    /// What started whoever works.
    pub(super) launcher: GuardLauncher,
    /// This program.
    pub(super) program: PathBuf,
    /// The person's whole environment, for programs of theirs.
    pub(super) environment: Environment,
    /// What they want of a screen.
    pub(super) wanted: Wanted,
    /// Where this runs, for a conversation beside the worker.
    pub(super) context: Context,
}

impl Setting {
    /// Draws an empty screen.
    fn raise(&self) -> io::Result<Curtain> {
        let wanted = self.wanted.clone();
        Curtain::raise(self.project.clone(), self.theme, &self.program, &self.environment, wanted)
    }
}

/// Shows a run until the worker is gone. The terminal is as it was before when this returns, however it returns.
pub(super) async fn show(
    setting: Setting,
    raised: Option<Curtain>,
    views: mpsc::Receiver<View>,
) -> io::Result<()> {
    let inbox = Inbox::open(views);
    let raised = raised.map_or_else(|| setting.raise(), Ok)?;
    let launcher = setting.launcher.clone();
    let raised_on = (raised.terminal, raised.keeper);
    let mut stage = Stage::on(raised_on, &setting.environment, launcher, None)?;
    let (reader, mut read) = mpsc::channel(16);
    let mut shown = Shown::new(setting, raised.screen, (raised.state, raised.begun), reader);
    let mut pace = Pace::default();
    loop {
        let now = Instant::now();
        if pace.is_time(now) {
            shown.take(Msg::Tick, &mut stage).await?;
        }
        if shown.screen.needs_frame() && pace.may_draw(now) {
            paint(&mut stage.terminal, &mut shown.screen)?;
            shown.screen.drawn(shown.moment());
            pace.drew();
            continue;
        }
        let wake_at = shown.screen.wakes_at(shown.moment_of(now)).map(|since| shown.begun + since);
        let waiting = pace.wait(now, shown.screen.needs_frame(), wake_at);
        tokio::select! {
            biased; // A person's key goes before an agent's words.
            came = stage.next() => shown.came(came?, &mut stage).await?,
            Some(read) = read.recv() => shown.read(read, &mut stage).await?,
            view = inbox.next() => match view {
                Some(view) => shown.views(view, &inbox, &mut stage).await?,
                None => return Ok(()),
            },
            () = waiting => {}
        }
        if let Some(visit) = shown.visit.take() {
            shown.visit(visit, &inbox, &mut stage).await?;
        }
        stage.renew()?;
    }
}

/// Draws a frame.
fn paint(terminal: &mut Terminal, screen: &mut Screen) -> io::Result<()> {
    terminal.draw(|frame| {
        screen.lay_out(frame.area());
        orchestra_tui::draw(screen, frame);
    })
}

/// What of the terminal's events reaches the screen.
fn message_of(event: Event) -> Option<Msg> {
    match event {
        Event::Key(key) if key.kind != KeyEventKind::Release => Some(Msg::Key(key)),
        Event::Paste(text) => Some(Msg::Paste(text)),
        Event::Resize(..) => Some(Msg::Resized),
        Event::Mouse(event) => {
            use MouseEventKind::{Down, ScrollDown, ScrollUp};
            matches!(event.kind, Down(MouseButton::Left) | ScrollDown | ScrollUp).then_some(Msg::Mouse(event))
        }
        Event::Key(_) | Event::FocusGained | Event::FocusLost => None,
    }
}

/// What was read elsewhere.
enum Read {
    Page(Box<Asked>, Page),
    Wanted(Want, Reading),
    /// What a program of the person's is to open, or why it cannot, and what is read anew after that.
    Found {
        number: u64,
        found: Result<Opened, String>,
        again: Option<Want>,
    },
    /// What became of something that the person wanted.
    Told(String),
}

struct Shown {
    screen: Screen,
    setting: Setting,
    begun: Instant,
    state: Arc<State>,
    /// What the last red command printed.
    last_red: Option<String>,
    /// Questions whose page is being read.
    reading: BTreeSet<GateId>,
    reader: mpsc::Sender<Read>,
    /// How often something was to be opened, and which of that is being looked for.
    openings: u64,
    opening: Option<u64>,
    /// The role that the person wants to talk to meanwhile, and what they say.
    visit: Option<(String, String)>,
    /// Whether the mouse is the screen's.
    has_mouse: bool,
}

impl Shown {
    fn new(
        setting: Setting,
        screen: Screen,
        (state, begun): (Arc<State>, Instant),
        reader: mpsc::Sender<Read>,
    ) -> Self {
        let now = Moment { since: begun.elapsed(), at: Timestamp::now() };
        let has_mouse = setting.wanted.mouse;
        Self {
            screen: asides::with_history(screen, &setting.layout, now),
            setting,
            begun,
            state,
            last_red: None,
            reading: BTreeSet::new(),
            reader,
            openings: 0,
            opening: None,
            visit: None,
            has_mouse,
        }
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
                broken::here("screen");
                self.typed(event, stage).await?;
            }
            Came::Stopped => self.suspend(stage).await?,
            Came::WentOn => {
                stage.come_back().await?;
                self.returned();
            }
            // A worker that has left takes nothing more.
            Came::Quit => drop(self.setting.wishes.send(Wish::Stop(Stop::Now { code: QUIT })).await),
        }
        Ok(())
    }

    /// Takes what was read elsewhere.
    async fn read(&mut self, read: Read, stage: &mut Stage) -> io::Result<()> {
        match read {
            Read::Page(asked, page) => self.was_read(asked, page, stage).await,
            Read::Wanted(want, reading) => self.take(Msg::Read(want, reading), stage).await,
            Read::Found { number, found, again } => self.found(number, found, again, stage).await,
            Read::Told(word) => self.take(Msg::Told(word), stage).await,
        }
    }

    async fn typed(&mut self, event: Event, stage: &mut Stage) -> io::Result<()> {
        stage.heard(&event);
        if self.is_for_a_program(&event) {
            return Ok(());
        }
        match message_of(event) {
            Some(msg) => self.take(msg, stage).await,
            None => Ok(()),
        }
    }

    async fn take(&mut self, msg: Msg, stage: &mut Stage) -> io::Result<()> {
        let now = self.moment();
        let commands = self.screen.update(now, msg);
        // A command may hold a secret that is in no variable: it is not kept.
        let is_command =
            |command: &Command| matches!(command, Command::Answer { answer: Answer::Verify { .. }, .. });
        let keeps = !commands.iter().any(is_command);
        for command in commands {
            if keeps || !matches!(command, Command::Remember(_)) {
                self.obey(command, stage).await?;
            }
        }
        self.tell_the_window(stage);
        Ok(())
    }

    async fn obey(&mut self, command: Command, stage: &mut Stage) -> io::Result<()> {
        let wish = match command {
            Command::Answer { gate, answer } => Wish::Answer { gate, answer },
            Command::Say { text } => Wish::Say { text },
            Command::Queue { text } => Wish::Queue { text },
            Command::Unqueue { text } => Wish::Unqueue { text },
            Command::Interrupt => Wish::Stop(Stop::Interrupt),
            Command::Stop => Wish::Stop(Stop::Pause),
            Command::Suspend => return self.suspend(stage).await,
            Command::Copy(text) => return self.chores().copy(text, &mut stage.terminal),
            Command::Mouse(is_wanted) => {
                self.has_mouse = is_wanted;
                return stage.terminal.set_mouse(is_wanted);
            }
            other => {
                self.obey_here(other, stage);
                return Ok(());
            }
        };
        // A worker that has left takes nothing more.
        drop(self.setting.wishes.send(wish).await);
        Ok(())
    }

    /// What concerns the screen and not the worker.
    fn obey_here(&mut self, command: Command, stage: &mut Stage) {
        match command {
            Command::Typed(typed) => self.typed_out(typed),
            Command::Read(want) => self.want(want),
            Command::Edit(want) => self.edit(want),
            Command::Page(want) => self.page(want),
            // A program of the person's is told of the worker elsewhere.
            Command::Notify(text) => drop(stage.terminal.notify(&text)),
            Command::Remember(text) => self.chores().remember(&text),
            Command::Redraw => stage.terminal.forget(),
            Command::Answer { .. }
            | Command::Say { .. }
            | Command::Queue { .. }
            | Command::Unqueue { .. }
            | Command::Interrupt
            | Command::Stop
            | Command::Suspend
            | Command::Copy(_)
            | Command::Mouse(_) => {}
        }
    }

    /// Says in the window what goes on.
    fn tell_the_window(&self, stage: &mut Stage) {
        stage.terminal.set_title(&self.screen.title());
        stage.terminal.set_busy(self.screen.busy());
    }

    /// A flood is taken as a whole and drawn once, unless it does not end or a key comes.
    async fn views(&mut self, first: View, inbox: &Inbox, stage: &mut Stage) -> io::Result<()> {
        let begun = Instant::now();
        let mut next = Some(first);
        while let Some(view) = next {
            self.view(view, stage).await?;
            next = if stage.is_quiet() && begun.elapsed() < FRAME { inbox.take() } else { None };
        }
        Ok(())
    }

    async fn view(&mut self, view: View, stage: &mut Stage) -> io::Result<()> {
        match self.message(view) {
            Some(msg) => self.take(msg, stage).await,
            None => Ok(()),
        }
    }

    /// What the screen is told of something that the worker tells; of a question nothing yet where what belongs to it is
    /// being read.
    fn message(&mut self, view: View) -> Option<Msg> {
        Some(match view {
            View::State(state) => {
                self.state = Arc::clone(&state);
                Msg::State(state)
            }
            View::Note(at, note) => {
                if let Note::Red { output, .. } = &note {
                    self.last_red = Some(output.clone());
                }
                let lines = Lines { plan: &self.state.seen.plan, unicode: self.setting.theme.unicode };
                // The question itself is shown, in full.
                let line = lines.of(&note).filter(|_| !matches!(note, Note::Waiting { .. }));
                Msg::Note { note: Box::new(note), at, line }
            }
            View::Agent(turn, event) => Msg::Agent(turn, event),
            View::Asked(asked) => return self.asked(asked),
            View::Unasked(gate) => {
                self.reading.remove(&gate);
                Msg::Unasked(gate)
            }
        })
    }

    /// Reads something on a thread of its own.
    fn want(&self, want: Want) {
        let place = self.place();
        let (state, reader) = (Arc::clone(&self.state), self.reader.clone());
        tokio::spawn(async move {
            let wanted = want.clone();
            let reading = spawn_blocking(move || place.read(&wanted, &state)).await;
            let reading = reading.unwrap_or_else(|error| Reading::Nothing(error.to_string()));
            // A screen that is gone shows nothing more.
            drop(reader.send(Read::Wanted(want, reading)).await);
        });
    }

    /// A question is shown with what belongs to it. What takes a while to be read is read elsewhere.
    fn asked(&mut self, asked: Box<Asked>) -> Option<Msg> {
        let text = match &asked.question {
            Question::Rfc { milestone, .. } => {
                let (layout, path) = (self.setting.layout.clone(), self.rfc(milestone));
                let read = move || path.map_or(Ok(None), |path| design(&layout, &path));
                self.ask_with(asked, "the design", read, |text| Page { text, patch: None });
                return None;
            }
            Question::Failed { .. } | Question::RedBase { .. } => self.last_red.clone(),
            Question::Push(push) | Question::Rejected(push) => {
                let repo = self.setting.repo.clone();
                let commits: Vec<_> = push.survey.commits.iter().map(|commit| commit.id.clone()).collect();
                let read =
                    move || review_diff(&repo, &commits, PATCH).map(Some).map_err(|error| error.to_string());
                self.ask_with(asked, "the changes", read, |patch| Page { text: None, patch });
                return None;
            }
            _ => None,
        };
        Some(Msg::Asked(asked, Page { text, patch: None }))
    }

    /// Reads what belongs to a question on a thread of its own. Whatever becomes of the reading, the question is asked.
    fn ask_with(
        &mut self,
        asked: Box<Asked>,
        what: &'static str,
        read: impl FnOnce() -> Result<Option<String>, String> + Send + 'static,
        page: impl FnOnce(Option<String>) -> Page + Send + 'static,
    ) {
        let reader = self.reader.clone();
        self.reading.insert(asked.gate.clone());
        tokio::spawn(async move {
            let read = spawn_blocking(read).await.unwrap_or_else(|panic| Err(panic.to_string()));
            let read = read.unwrap_or_else(|why| Some(format!("({what} could not be read: {why})")));
            // A screen that is gone shows nothing more.
            drop(reader.send(Read::Page(asked, page(read))).await);
        });
    }

    /// What belongs to a question was read: it is shown, unless it was answered meanwhile.
    async fn was_read(&mut self, asked: Box<Asked>, page: Page, stage: &mut Stage) -> io::Result<()> {
        if self.reading.remove(&asked.gate) {
            self.take(Msg::Asked(asked, page), stage).await?;
        }
        Ok(())
    }

    fn rfc(&self, milestone: &MilestoneId) -> Option<RepoPath> {
        let folder = &self.state.seen.plan.find(milestone)?.folder;
        Layout::beneath_milestone(folder, "rfc.md").ok()
    }
}
