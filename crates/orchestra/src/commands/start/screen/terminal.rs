//! The terminal: taken over, drawn on, and left as it was found.

use std::io::{self, Write as _};
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

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
use tokio::sync::mpsc;

/// The window's title is kept, and brought back (xterm's `XTWINOPS` 22 and 23).
const PUSH_TITLE: &str = "\u{1b}[22;0t";
const POP_TITLE: &str = "\u{1b}[23;0t";

/// Whether the terminal is ours, and has to be given back.
static IS_OURS: AtomicBool = AtomicBool::new(false);
static HOOK: Once = Once::new();

/// The terminal as long as a screen is shown on it.
pub(super) struct Terminal {
    drawn: ratatui::Terminal<CrosstermBackend<io::Stdout>>,
    title: String,
    is_in_tmux: bool,
    /// Whether the person looks at it, where the terminal tells.
    has_focus: Option<bool>,
}

impl Terminal {
    /// Takes the terminal over.
    pub(super) fn enter(is_in_tmux: bool) -> io::Result<Self> {
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
        Ok(Self { drawn, title: String::new(), is_in_tmux, has_focus: None })
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
        execute!(io::stdout(), Clear(ClearType::All))?;
        // Not `Terminal::clear`, which asks the terminal where its cursor is: the answer would come among the keys.
        self.drawn = ratatui::Terminal::new(CrosstermBackend::new(io::stdout()))?;
        Ok(())
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
    pub(super) fn suspend(&mut self) -> io::Result<()> {
        leave();
        rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::STOP)?;
        take_over()?;
        self.title.clear();
        self.clear()
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
        Print(PUSH_TITLE),
        EnterAlternateScreen,
        EnableBracketedPaste,
        EnableFocusChange,
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
    let _gone = queue!(
        stdout,
        EndSynchronizedUpdate,
        PopKeyboardEnhancementFlags,
        DisableFocusChange,
        DisableBracketedPaste
    );
    let _gone = queue!(stdout, Print(POP_TITLE), LeaveAlternateScreen, Show);
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
