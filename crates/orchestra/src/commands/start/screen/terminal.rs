//! The terminal: taken over, drawn on, and left as it was found.

use std::backtrace::Backtrace;
use std::io::{self, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, Once, PoisonError};

use orchestra_agent::environment::{Environment, get};
use orchestra_agent::guard::GuardLauncher;
use orchestra_core::config::Notify;
use orchestra_tui::Busy;
use ratatui::Frame;
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::cursor::Show;
use ratatui::crossterm::event::{
    DisableBracketedPaste, DisableFocusChange, EnableBracketedPaste, EnableFocusChange, Event,
    KeyboardEnhancementFlags, PopKeyboardEnhancementFlags, PushKeyboardEnhancementFlags,
};
use ratatui::crossterm::style::Print;
use ratatui::crossterm::terminal::{
    BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate, EnterAlternateScreen,
    LeaveAlternateScreen, SetTitle, disable_raw_mode, enable_raw_mode,
};
use ratatui::crossterm::{execute, queue};
use rustix::termios::{
    LocalModes, OptionalActions, QueueSelector, SpecialCodeIndex, tcflush, tcgetattr, tcsetattr,
};

use super::{copy, keeper, notices};
use crate::commands::start::standing::{goes_on, is_in_front, stand_still, wait_in_front};

/// The window's title is kept, and brought back (xterm's `XTWINOPS` 22 and 23).
const PUSH_TITLE: &str = "\u{1b}[22;0t";
const POP_TITLE: &str = "\u{1b}[23;0t";

/// Buttons and the wheel are told, in a form that knows wide terminals (xterm's modes 1000 and 1006). Not where the mouse
/// only moves.
const TAKE_MOUSE: &str = "\u{1b}[?1000h\u{1b}[?1006h";
const LEAVE_MOUSE: &str = "\u{1b}[?1006l\u{1b}[?1000l";

/// Whether the terminal is ours, and has to be given back.
static IS_OURS: AtomicBool = AtomicBool::new(false);
/// Whether a program of the person's has it.
static IS_LENT: AtomicBool = AtomicBool::new(false);
/// Whether the mouse is ours.
static HAS_MOUSE: AtomicBool = AtomicBool::new(false);
/// Whether it shows a sign of progress, which has to be taken away.
static SHOWS_PROGRESS: AtomicBool = AtomicBool::new(false);
/// Held while the modes of the line are set.
static MODES: Mutex<()> = Mutex::new(());
static HOOK: Once = Once::new();
/// What panics said while nobody could read it.
static PANICS: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// What is known of a terminal, and what the person wants of it.
#[derive(Clone, Debug)]
pub(in crate::commands) struct Manners {
    /// Whether tmux stands between us and the terminal.
    pub(in crate::commands) is_in_tmux: bool,
    /// Whether it shows progress.
    pub(in crate::commands) shows_progress: bool,
    /// How the person is told when they look elsewhere.
    pub(in crate::commands) notify: Notify,
    /// Whether they want the mouse to be ours.
    pub(in crate::commands) mouse: bool,
}

impl Manners {
    /// What the environment says of the terminal.
    pub(in crate::commands) fn of(environment: &Environment, notify: Notify, mouse: bool) -> Self {
        let is_in_tmux = get(environment, "TMUX").is_some();
        Self { is_in_tmux, shows_progress: notices::shows_progress(environment), notify, mouse }
    }
}

/// The terminal as long as a screen is shown on it.
pub(in crate::commands) struct Terminal {
    drawn: ratatui::Terminal<CrosstermBackend<io::Stdout>>,
    manners: Manners,
    title: String,
    busy: Busy,
    /// Whether the person looks at it, where the terminal tells.
    has_focus: Option<bool>,
    is_forgotten: bool,
}

impl Terminal {
    /// Takes the terminal over.
    pub(in crate::commands) fn enter(manners: Manners) -> io::Result<Self> {
        HOOK.call_once(|| {
            let before = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |panic| {
                if IS_OURS.load(Ordering::SeqCst) {
                    // On the screen nobody could read it, and what panics elsewhere does not end it.
                    let said = format!("{panic}\n{}\n", Backtrace::capture());
                    PANICS.lock().unwrap_or_else(PoisonError::into_inner).push(said);
                } else {
                    before(panic);
                }
            }));
        });
        let taken = take_over(manners.mouse)
            .and_then(|()| ratatui::Terminal::new(CrosstermBackend::new(io::stdout())));
        // Half taken over is not as it was found.
        let drawn = taken.inspect_err(|_| leave())?;
        let (title, busy) = (String::new(), Busy::Rests);
        Ok(Self { drawn, manners, title, busy, has_focus: None, is_forgotten: false })
    }

    /// Draws a frame, all of it at once where the terminal can.
    pub(in crate::commands) fn draw(&mut self, paint: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        queue!(io::stdout(), BeginSynchronizedUpdate)?;
        if std::mem::take(&mut self.is_forgotten) {
            queue!(io::stdout(), Clear(ClearType::All))?;
            // What stands for the last frame is emptied, and changes places with the other, which is empty.
            self.drawn.swap_buffers();
        }
        self.drawn.draw(paint)?;
        execute!(io::stdout(), EndSynchronizedUpdate)
    }

    /// Forgets what was drawn, so that the next frame draws everything.
    ///
    /// Not by ratatui's own `clear`: that asks the terminal where its cursor is, and whoever reads keys takes the answer.
    pub(in crate::commands) fn forget(&mut self) {
        self.is_forgotten = true;
    }

    /// Says in the window's title what goes on. Written only when it changes.
    pub(in crate::commands) fn set_title(&mut self, title: &str) {
        if self.title != title {
            // It comes from names in files, and ends up in an escape sequence.
            let plain: String = title.chars().filter(|c| !c.is_control()).take(100).collect();
            // A title that cannot be set is no loss.
            let _unseen = execute!(io::stdout(), SetTitle(plain));
            title.clone_into(&mut self.title);
        }
    }

    /// Takes the mouse, or leaves it to the terminal.
    pub(in crate::commands) fn set_mouse(&mut self, is_wanted: bool) -> io::Result<()> {
        self.manners.mouse = is_wanted;
        HAS_MOUSE.fetch_or(is_wanted, Ordering::SeqCst);
        execute!(io::stdout(), Print(if is_wanted { TAKE_MOUSE } else { LEAVE_MOUSE }))
    }

    /// Shows by the terminal's own sign of progress what goes on, where it has one. Written only when it changes.
    pub(in crate::commands) fn set_busy(&mut self, busy: Busy) {
        if self.manners.shows_progress && self.busy != busy {
            SHOWS_PROGRESS.store(busy != Busy::Rests, Ordering::SeqCst);
            // A sign that is not seen is no loss.
            let _unseen = execute!(io::stdout(), Print(notices::progress(busy)));
            self.busy = busy;
        }
    }

    /// Copies a text to wherever the terminal is. False where it is too long for one.
    pub(in crate::commands) fn copy(&mut self, text: &str) -> io::Result<bool> {
        let Some(sequence) = copy::sequence(text) else { return Ok(false) };
        let sequence = if self.manners.is_in_tmux { copy::through_tmux(&sequence) } else { sequence };
        execute!(io::stdout(), Print(sequence))?;
        Ok(true)
    }

    /// Remembers whether the person looks.
    pub(in crate::commands) fn heard(&mut self, event: &Event) {
        match event {
            Event::FocusGained => self.has_focus = Some(true),
            Event::FocusLost => self.has_focus = Some(false),
            // Whoever types, looks.
            Event::Key(_) if self.has_focus == Some(false) => self.has_focus = Some(true),
            _ => {}
        }
    }

    /// Tells somebody who looks elsewhere. Returned is the program of theirs that is to do it, where it is one.
    pub(in crate::commands) fn notify(&mut self, text: &str) -> Option<Vec<String>> {
        if let Some(sequence) = notices::sequence(&self.manners.notify, self.has_focus, text) {
            // tmux rings a bell itself, also where it hands nothing through.
            let words = sequence.trim_start_matches('\u{7}');
            let bell = &sequence[..sequence.len() - words.len()];
            let is_wrapped = self.manners.is_in_tmux && !words.is_empty();
            let words = if is_wrapped { copy::through_tmux(words) } else { words.to_owned() };
            // What is not heard is no loss.
            let _unheard = execute!(io::stdout(), Print(bell), Print(words));
        }
        match &self.manners.notify {
            Notify::Command(command) if self.has_focus != Some(true) => Some(command.clone()),
            _ => None,
        }
    }

    /// Gives the terminal to a program of the person's as long as `work` takes.
    pub(in crate::commands) async fn lend<T>(&mut self, work: impl Future<Output = T>) -> io::Result<T> {
        IS_LENT.store(true, Ordering::SeqCst);
        leave();
        let ended = work.await;
        let taken = self.take_again();
        IS_LENT.store(false, Ordering::SeqCst);
        taken.map(|()| ended)
    }

    /// Back to the shell, as `ctrl-z` does, and here again when it lets us. Whoever works stands still meanwhile.
    pub(in crate::commands) async fn suspend(&mut self, launchers: &[GuardLauncher]) -> io::Result<()> {
        leave();
        stand_still(launchers).await?;
        self.take_again()
    }

    /// Takes the terminal again after a stop that nobody heard coming (SIGSTOP, or the system's for a process that is not in
    /// front): a shell has set its modes since, and written on it.
    pub(in crate::commands) async fn come_back(&mut self) -> io::Result<()> {
        let mut goes_on = goes_on()?;
        if !is_in_front() {
            leave_from_behind();
            wait_in_front(&mut goes_on).await;
        }
        leave();
        self.take_again()
    }

    fn take_again(&mut self) -> io::Result<()> {
        // Whoever has it twice was stopped while it was ours: its modes are not what they were then.
        {
            let _held = modes();
            disable_raw_mode()?;
        }
        take_over(self.manners.mouse)?;
        self.title.clear();
        self.busy = Busy::Rests;
        self.forget();
        Ok(())
    }
}

/// Whether a program of the person's has the terminal: then `ctrl-c` and `ctrl-\` are its.
pub(in crate::commands) fn is_lent() -> bool {
    IS_LENT.load(Ordering::SeqCst)
}

impl Drop for Terminal {
    fn drop(&mut self) {
        give_back();
    }
}

fn take_over(has_mouse: bool) -> io::Result<()> {
    IS_OURS.store(true, Ordering::SeqCst);
    keeper::note(false);
    HAS_MOUSE.store(has_mouse, Ordering::SeqCst);
    {
        let _held = modes();
        enable_raw_mode()?;
    }
    execute!(
        io::stdout(),
        Print(PUSH_TITLE),
        EnterAlternateScreen,
        EnableBracketedPaste,
        EnableFocusChange,
        // Where a terminal knows it, `shift-enter` and a lone `esc` can be told from others. Those that do not pass over it.
        PushKeyboardEnhancementFlags(KeyboardEnhancementFlags::DISAMBIGUATE_ESCAPE_CODES),
        Print(if has_mouse { TAKE_MOUSE } else { "" }),
    )
}

/// Whether `ctrl-c` ends the process: as long as nobody reads keys it has to. Only that key: `ctrl-z` would leave the
/// screen where it is.
pub(in crate::commands) fn heed_ctrl_c(yes: bool) -> io::Result<()> {
    let _held = modes();
    let stdin = io::stdin();
    let mut modes = tcgetattr(&stdin)?;
    modes.local_modes.set(LocalModes::ISIG, yes);
    for other in [SpecialCodeIndex::VSUSP, SpecialCodeIndex::VQUIT] {
        // No key, on Linux (`_POSIX_VDISABLE`); on macOS ctrl-space, which nobody presses here.
        modes.special_codes[other] = 0;
    }
    Ok(tcsetattr(&stdin, OptionalActions::Now, &modes)?)
}

/// Has the system tell whoever waits for keys of those that are there: by setting the modes that are set already.
pub(super) fn tell_again() {
    let _held = modes();
    let stdin = io::stdin();
    if IS_OURS.load(Ordering::SeqCst)
        && let Ok(modes) = tcgetattr(&stdin)
    {
        // Without it they come with the next key.
        let _untold = tcsetattr(&stdin, OptionalActions::Now, &modes);
    }
}

/// Whoever panicked while it was held has set nothing by halves.
fn modes() -> MutexGuard<'static, ()> {
    MODES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Gives the terminal back, and says on it what nobody could read before.
pub(in crate::commands) fn give_back() {
    leave();
    for said in PANICS.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
        // Where standard error is closed there is nobody left to tell.
        let _unheard = io::stderr().write_all(said.as_bytes());
    }
}

/// Gives the terminal back as it was found. Once; safe at any moment.
pub(super) fn leave() {
    if !IS_OURS.swap(false, Ordering::SeqCst) {
        return;
    }
    write_leave(SHOWS_PROGRESS.swap(false, Ordering::SeqCst));
    if HAS_MOUSE.swap(false, Ordering::SeqCst) {
        // What the mouse did last and nobody has read is no text for whoever reads next.
        let _gone = tcflush(io::stdin(), QueueSelector::IFlush);
    }
    {
        let _held = modes();
        let _gone = disable_raw_mode();
    }
    keeper::note(true);
}

/// The same for a process that is not in front. The modes of the line are not its to set, and a shell has done so.
fn leave_from_behind() {
    if IS_OURS.swap(false, Ordering::SeqCst) {
        write_leave(SHOWS_PROGRESS.swap(false, Ordering::SeqCst));
        keeper::note(true);
    }
}

/// Writes what takes the terminal back to what it was, but for the modes of its line.
pub(super) fn write_leave(shows_progress: bool) {
    // Each by itself: a terminal that is gone takes none of them, and nothing more can be done.
    let mut stdout = io::stdout();
    if shows_progress {
        let _gone = queue!(stdout, Print(notices::progress(Busy::Rests)));
    }
    let _gone = queue!(
        stdout,
        EndSynchronizedUpdate,
        PopKeyboardEnhancementFlags,
        DisableFocusChange,
        DisableBracketedPaste,
        Print(LEAVE_MOUSE)
    );
    let _gone = queue!(stdout, Print(POP_TITLE), LeaveAlternateScreen, Show);
    let _gone = stdout.flush();
}
