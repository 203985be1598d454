//! The terminal: taken over, drawn on, and left as it was found.

use std::io::{self, Write as _};
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

use orchestra_tui::Screen;
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::cursor::Show;
use ratatui::crossterm::event::{
    self, DisableBracketedPaste, EnableBracketedPaste, Event, KeyboardEnhancementFlags,
    PopKeyboardEnhancementFlags, PushKeyboardEnhancementFlags,
};
use ratatui::crossterm::terminal::{
    BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen, SetTitle,
    disable_raw_mode, enable_raw_mode,
};
use ratatui::crossterm::{execute, queue};
use tokio::sync::mpsc;

/// Whether the terminal is ours, and has to be given back.
static IS_OURS: AtomicBool = AtomicBool::new(false);
static HOOK: Once = Once::new();

/// The terminal as long as a screen is shown on it.
pub(super) struct Terminal {
    drawn: ratatui::Terminal<CrosstermBackend<io::Stdout>>,
    title: String,
}

impl Terminal {
    /// Takes the terminal over.
    pub(super) fn enter() -> io::Result<Self> {
        HOOK.call_once(|| {
            let before = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |panic| {
                // What is said next has to be seen.
                leave();
                before(panic);
            }));
        });
        take_over()?;
        let drawn = ratatui::Terminal::new(CrosstermBackend::new(io::stdout()))?;
        Ok(Self { drawn, title: String::new() })
    }

    /// Draws a frame, all of it at once where the terminal can.
    pub(super) fn draw(&mut self, screen: &mut Screen) -> io::Result<()> {
        queue!(io::stdout(), BeginSynchronizedUpdate)?;
        self.drawn.draw(|frame| {
            screen.lay_out(frame.area());
            orchestra_tui::draw(screen, frame);
        })?;
        execute!(io::stdout(), EndSynchronizedUpdate)
    }

    /// Forgets what was drawn, so that the next frame draws everything.
    pub(super) fn clear(&mut self) -> io::Result<()> {
        self.drawn.clear()
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

    /// Back to the shell, as `ctrl-z` does, and here again when it lets us.
    pub(super) fn suspend(&mut self) -> io::Result<()> {
        leave();
        rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::STOP)?;
        take_over()?;
        self.title.clear();
        self.drawn.clear()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        leave();
    }
}

fn take_over() -> io::Result<()> {
    IS_OURS.store(true, Ordering::SeqCst);
    enable_raw_mode()?;
    execute!(
        io::stdout(),
        EnterAlternateScreen,
        EnableBracketedPaste,
        // Where a terminal knows it, `shift-enter` and a lone `esc` can be told from others. Those that do not pass over it.
        PushKeyboardEnhancementFlags(KeyboardEnhancementFlags::DISAMBIGUATE_ESCAPE_CODES),
    )
}

/// Gives the terminal back as it was found. Once; safe at any moment.
pub(super) fn leave() {
    if !IS_OURS.swap(false, Ordering::SeqCst) {
        return;
    }
    // Each by itself: a terminal that is gone takes none of them, and nothing more can be done.
    let mut stdout = io::stdout();
    let _gone = queue!(stdout, EndSynchronizedUpdate, PopKeyboardEnhancementFlags, DisableBracketedPaste);
    let _gone = queue!(stdout, SetTitle(""), LeaveAlternateScreen, Show);
    let _gone = stdout.flush();
    let _gone = disable_raw_mode();
}

/// Reads keys on a thread of its own, until the terminal is gone; it ends with the process.
pub(super) fn read_keys(typed: mpsc::Sender<Event>) {
    std::thread::spawn(move || {
        while let Ok(event) = event::read() {
            if typed.blocking_send(event).is_err() {
                return;
            }
        }
    });
}
