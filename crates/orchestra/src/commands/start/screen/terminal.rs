//! The terminal: taken over, drawn on, and left as it was found.

use std::backtrace::Backtrace;
use std::io::{self, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, Once, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use orchestra_tui::Screen;
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::cursor::Show;
use ratatui::crossterm::event::{
    self, DisableBracketedPaste, DisableFocusChange, EnableBracketedPaste, EnableFocusChange, Event,
    KeyboardEnhancementFlags, PopKeyboardEnhancementFlags, PushKeyboardEnhancementFlags,
};
use ratatui::crossterm::style::Print;
use ratatui::crossterm::terminal::{
    BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate, EnterAlternateScreen,
    LeaveAlternateScreen, SetTitle, disable_raw_mode, enable_raw_mode,
};
use ratatui::crossterm::{execute, queue};
use rustix::process::{Signal, getpid, kill_process};
use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, tcgetattr, tcsetattr};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::torn::{self, Torn};
use crate::commands::start::broken;

/// How long the rest of a sequence may take that a slow line tore apart.
const REST: Duration = Duration::from_millis(100);
/// How long it may take at the most until the system has stopped this process.
const STOPPING: Duration = Duration::from_secs(1);

/// The window's title is kept, and brought back (xterm's `XTWINOPS` 22 and 23).
const PUSH_TITLE: &str = "\u{1b}[22;0t";
const POP_TITLE: &str = "\u{1b}[23;0t";

/// Whether the terminal is ours, and has to be given back.
static IS_OURS: AtomicBool = AtomicBool::new(false);
static HOOK: Once = Once::new();
/// What panics said while nobody could read it.
static PANICS: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// The terminal as long as a screen is shown on it.
pub(super) struct Terminal {
    drawn: ratatui::Terminal<CrosstermBackend<io::Stdout>>,
    title: String,
    is_in_tmux: bool,
    /// Whether the person looks at it, where the terminal tells.
    has_focus: Option<bool>,
    is_forgotten: bool,
}

impl Terminal {
    /// Takes the terminal over.
    pub(super) fn enter(is_in_tmux: bool) -> io::Result<Self> {
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
        let taken = take_over().and_then(|()| ratatui::Terminal::new(CrosstermBackend::new(io::stdout())));
        // Half taken over is not as it was found.
        let drawn = taken.inspect_err(|_| leave())?;
        Ok(Self { drawn, title: String::new(), is_in_tmux, has_focus: None, is_forgotten: false })
    }

    /// Draws a frame, all of it at once where the terminal can.
    pub(super) fn draw(&mut self, screen: &mut Screen) -> io::Result<()> {
        queue!(io::stdout(), BeginSynchronizedUpdate)?;
        if std::mem::take(&mut self.is_forgotten) {
            queue!(io::stdout(), Clear(ClearType::All))?;
            // What stands for the last frame is emptied, and changes places with the other, which is empty.
            self.drawn.swap_buffers();
        }
        self.drawn.draw(|frame| {
            screen.lay_out(frame.area());
            orchestra_tui::draw(screen, frame);
        })?;
        execute!(io::stdout(), EndSynchronizedUpdate)
    }

    /// Forgets what was drawn, so that the next frame draws everything.
    ///
    /// Not by ratatui's own `clear`: that asks the terminal where its cursor is, and whoever reads keys takes the answer.
    pub(super) fn forget(&mut self) {
        self.is_forgotten = true;
    }

    /// Says in the window's title what goes on. Written only when it changes.
    pub(super) fn set_title(&mut self, title: &str) {
        if self.title != title {
            // It comes from names in files, and ends up in an escape sequence.
            let plain: String = title.chars().filter(|c| !c.is_control()).take(100).collect();
            // A title that cannot be set is no loss.
            let _unseen = execute!(io::stdout(), SetTitle(plain));
            title.clone_into(&mut self.title);
        }
    }

    /// Remembers whether the person looks.
    pub(super) fn heard(&mut self, event: &Event) {
        match event {
            Event::FocusGained => self.has_focus = Some(true),
            Event::FocusLost => self.has_focus = Some(false),
            // Whoever types, looks.
            Event::Key(_) if self.has_focus == Some(false) => self.has_focus = Some(true),
            _ => {}
        }
    }

    /// Tells somebody who looks elsewhere: by a bell, and by a notice where the terminal shows such (OSC 9, iTerm2's).
    /// Where the terminal does not say who looks, by the bell alone.
    pub(super) fn notify(&mut self, text: &str) {
        let plain: String = text.chars().filter(|c| !c.is_control()).take(200).collect();
        let notice = match (self.has_focus, self.is_in_tmux) {
            (Some(true), _) => return,
            (None, _) => "\u{7}".to_owned(),
            (Some(false), false) => format!("\u{7}\u{1b}]9;{plain}\u{1b}\\"),
            // tmux hands through what is wrapped like this, where it may (`allow-passthrough`).
            (Some(false), true) => format!("\u{7}\u{1b}Ptmux;\u{1b}\u{1b}]9;{plain}\u{1b}\u{1b}\\\u{1b}\\"),
        };
        // A bell that is not heard is no loss.
        let _unheard = execute!(io::stdout(), Print(notice));
    }

    /// Back to the shell, as `ctrl-z` does, and here again when it lets us.
    pub(super) async fn suspend(&mut self) -> io::Result<()> {
        let mut goes_on = signal(SignalKind::from_raw(Signal::CONT.as_raw()))?;
        leave();
        kill_process(getpid(), Signal::STOP)?;
        // Another thread may be stopped first, and this one run on for a moment: the terminal is not ours until the shell
        // says so. The first process of a container is never stopped, and comes back by itself.
        let _either = timeout(STOPPING, goes_on.recv()).await;
        take_over()?;
        self.title.clear();
        self.forget();
        Ok(())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        give_back();
    }
}

fn take_over() -> io::Result<()> {
    IS_OURS.store(true, Ordering::SeqCst);
    enable_raw_mode()?;
    execute!(
        io::stdout(),
        Print(PUSH_TITLE),
        EnterAlternateScreen,
        EnableBracketedPaste,
        EnableFocusChange,
        // Where a terminal knows it, `shift-enter` and a lone `esc` can be told from others. Those that do not pass over it.
        PushKeyboardEnhancementFlags(KeyboardEnhancementFlags::DISAMBIGUATE_ESCAPE_CODES),
    )
}

/// Whether `ctrl-c` ends the process: as long as nobody reads keys it has to. Only that key: `ctrl-z` would leave the
/// screen where it is.
pub(super) fn heed_ctrl_c(yes: bool) -> io::Result<()> {
    let stdin = io::stdin();
    let mut modes = tcgetattr(&stdin)?;
    modes.local_modes.set(LocalModes::ISIG, yes);
    for other in [SpecialCodeIndex::VSUSP, SpecialCodeIndex::VQUIT] {
        // No key, on Linux (`_POSIX_VDISABLE`); on macOS ctrl-space, which nobody presses here.
        modes.special_codes[other] = 0;
    }
    Ok(tcsetattr(&stdin, OptionalActions::Now, &modes)?)
}

/// Gives the terminal back, and says on it what nobody could read before.
pub(in crate::commands::start) fn give_back() {
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
    write_leave();
    let _gone = disable_raw_mode();
}

/// Writes what takes the terminal back to what it was, but for the modes of its line.
pub(super) fn write_leave() {
    // Each by itself: a terminal that is gone takes none of them, and nothing more can be done.
    let mut stdout = io::stdout();
    let _gone = queue!(
        stdout,
        EndSynchronizedUpdate,
        PopKeyboardEnhancementFlags,
        DisableFocusChange,
        DisableBracketedPaste
    );
    let _gone = queue!(stdout, Print(POP_TITLE), LeaveAlternateScreen, Show);
    let _gone = stdout.flush();
}

/// Reads keys on a thread of its own, until the terminal is gone; it ends with the process.
pub(super) fn read_keys(typed: mpsc::Sender<Event>) -> JoinHandle<()> {
    std::thread::spawn(move || {
        while let Ok(events) = next_events() {
            for event in events {
                broken::here("keys");
                if typed.blocking_send(event).is_err() {
                    return;
                }
            }
        }
    })
}

/// Waits for the next key and whatever belongs to it.
fn next_events() -> io::Result<Vec<Event>> {
    let mut events = vec![event::read()?];
    while events.last().is_some_and(torn::may_begin) {
        let mut rest = String::new();
        loop {
            if !event::poll(REST)? {
                // Without anything behind it, it is the key `esc`; half of a sequence is nothing.
                events.truncate(events.len() - usize::from(!rest.is_empty()));
                return Ok(events);
            }
            match torn::take(rest, event::read()?) {
                Torn::Open(more) => rest = more,
                Torn::Whole(key) => {
                    events.pop();
                    events.extend(key);
                    return Ok(events);
                }
                Torn::Not(event) => {
                    events.push(event);
                    break;
                }
            }
        }
    }
    Ok(events)
}
