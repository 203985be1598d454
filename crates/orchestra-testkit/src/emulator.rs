//! The program on a screen: a pseudo-terminal, and at its other end an emulator that the test looks at and types into.
//!
//! A thread reads all the time, so that the program never waits for a test that looks elsewhere. What is asked of the screen
//! is asked of whole frames only.

use std::ffi::OsString;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::num::NonZeroU16;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags};
use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};
use rustix::termios::{LocalModes, OptionalActions, Termios, Winsize, tcgetattr, tcsetattr, tcsetwinsize};

use crate::program::until;
use crate::project::TestProject;
use crate::pty;

/// What begins and ends a frame.
const FRAME: (&[u8], &[u8]) = (b"\x1b[?2026h", b"\x1b[?2026l");

/// How long a screen may take until it shows what it should.
const LONG: Duration = Duration::from_secs(pty::PATIENCE as u64);

/// How far bytes of a slow line are apart.
const BETWEEN_BYTES: Duration = Duration::from_millis(5);

/// A run of the program on a screen.
pub struct Emulator {
    ours: File,
    child: Child,
    parser: vt100::Parser,
    raw: Vec<u8>,
    said: Receiver<(Instant, Vec<u8>)>,
    heard_at: Instant,
    /// Its thread stops reading when this is dropped.
    reading: Option<std::io::PipeWriter>,
    found: Termios,
}

/// What a screen shows.
#[derive(Clone, Copy)]
pub struct Shown<'a>(&'a vt100::Screen);

impl Emulator {
    /// Starts the program on a terminal with colours, 24 rows high and 80 columns wide.
    pub fn start(project: &TestProject, args: &[&str]) -> Self {
        Self::start_with(project, args, (24, 80), &[])
    }

    /// Starts it on a terminal of this many rows and columns, with these variables more.
    pub fn start_with(
        project: &TestProject,
        args: &[&str],
        size: (u16, u16),
        variables: &[(&'static str, &str)],
    ) -> Self {
        let mut environment = project.environment();
        environment.retain(|(name, _)| *name != "TERM");
        environment.extend(variables.iter().map(|(name, value)| (*name, OsString::from(value))));
        Self::of(project.program(), args, &project.root(), size, environment)
    }

    /// Starts any program there, in this environment and that of a terminal.
    pub fn of<'a>(
        program: &Path,
        args: &[&str],
        folder: &Path,
        (rows, columns): (u16, u16),
        environment: impl IntoIterator<Item = (&'a str, OsString)>,
    ) -> Self {
        let (ours, path) = pty::open();
        // It has its size before anybody can ask for it.
        let theirs = pty::open_theirs(&path);
        set_size(&ours, rows, columns);
        let found = tcgetattr(&ours).unwrap();
        // util-linux; the terminal becomes the one that the program belongs to, and the process stays the same.
        let mut command = Command::new("setsid");
        command.arg("--ctty").arg(program).args(args);
        command.current_dir(folder).env_clear().env("TERM", "xterm-256color").envs(environment);
        let stdio = || Stdio::from(theirs.try_clone().unwrap());
        command.stdin(stdio()).stdout(stdio()).stderr(stdio());
        let child = command.spawn().unwrap();
        let (stop, reading) = std::io::pipe().unwrap();
        let (says, said) = channel();
        let end = ours.try_clone().unwrap();
        std::thread::spawn(move || read(end, &stop, &says));
        let parser = vt100::Parser::new(at_least_one(rows), at_least_one(columns), 0);
        Self {
            ours,
            child,
            parser,
            raw: Vec::new(),
            said,
            heard_at: Instant::now(),
            reading: Some(reading),
            found,
        }
    }

    /// Waits until the screen shows this.
    pub fn wait_for(&mut self, text: &str) {
        self.wait_until(text, |shown| shown.has(text));
    }

    /// Waits until a program has taken the screen over, and shows this there.
    pub fn wait_for_screen(&mut self, text: &str) {
        self.wait_until(text, |shown| shown.0.alternate_screen() && shown.has(text));
    }

    /// Waits until the screen shows this no more.
    pub fn wait_without(&mut self, text: &str) {
        self.wait_until(&format!("no more {text}"), |shown| !shown.has(text));
    }

    /// Waits until the question on the screen takes keys, and shows this hint: `a approve`.
    pub fn wait_armed(&mut self, hint: &str) {
        self.wait_until(&format!("{hint}, and not dim"), |shown| shown.is_lit(hint));
    }

    /// Whether the question on the screen takes keys now, and shows this hint.
    pub fn is_armed(&self, hint: &str) -> bool {
        Shown(self.parser.screen()).is_lit(hint)
    }

    /// Waits until a whole frame is so.
    pub fn wait_until(&mut self, what: &str, mut is_so: impl FnMut(Shown<'_>) -> bool) {
        // A screen on which time passes is never silent.
        let begun = Instant::now();
        while !self.is_between_frames() || !is_so(Shown(self.parser.screen())) {
            assert!(self.hear(), "it ended, and it never came to this: {what}\n{}", self.screen());
            assert!(begun.elapsed() < LONG, "it never came to this: {what}\n{}", self.screen());
        }
    }

    /// Waits for another frame, whatever it shows.
    pub fn wait_for_frame(&mut self) {
        let before = self.frames();
        while self.frames() == before {
            assert!(self.hear(), "it ended, and drew nothing more:\n{}", self.screen());
        }
    }

    /// Waits until something more was written, drawn or not.
    pub fn wait_for_bytes(&mut self) {
        assert!(self.hear(), "it ended, and wrote nothing more:\n{}", self.screen());
    }

    /// Listens for so long, and returns how many bytes came.
    pub fn listen(&mut self, time: Duration) -> usize {
        let (begun, before) = (Instant::now(), self.raw.len());
        while let Some(rest) = time.checked_sub(begun.elapsed())
            && let Ok((at, bytes)) = self.said.recv_timeout(rest)
        {
            self.take(at, &bytes);
        }
        self.raw.len() - before
    }

    /// Has everything drawn anew, twice: between two frames some time passes for the program too, more than between
    /// the keys of a paste.
    pub fn linger(&mut self) {
        for _ in 0..2 {
            self.keys("\u{c}");
            self.wait_for_frame();
        }
    }

    /// Writes a text into the field that is open, and sends it.
    pub fn send_text(&mut self, text: &str) {
        self.keys(text);
        self.wait_for(text);
        self.linger();
        self.keys("\r");
    }

    /// Presses keys, all at once.
    pub fn keys(&mut self, keys: &str) {
        self.ours.write_all(keys.as_bytes()).unwrap();
    }

    /// Sends bytes as a slow line does, one after the other.
    pub fn bytes_apart(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.ours.write_all(std::slice::from_ref(byte)).unwrap();
            std::thread::park_timeout(BETWEEN_BYTES);
        }
    }

    /// Gives the terminal another size, and tells the program.
    pub fn resize(&mut self, rows: u16, columns: u16) {
        while let Ok((at, bytes)) = self.said.try_recv() {
            self.take(at, &bytes);
        }
        self.parser.set_size(at_least_one(rows), at_least_one(columns));
        set_size(&self.ours, rows, columns);
    }

    /// What the screen shows, a line a row.
    pub fn screen(&self) -> String {
        Shown(self.parser.screen()).text()
    }

    /// What the screen holds, with its colours.
    pub fn cells(&self) -> &vt100::Screen {
        self.parser.screen()
    }

    /// When the last of what is shown was read from the terminal.
    pub fn heard_at(&self) -> Instant {
        self.heard_at
    }

    /// The program's process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Everything that was written to the terminal so far.
    pub fn raw(&self) -> &[u8] {
        &self.raw
    }

    /// Sends a signal to the program alone.
    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits until the program has stopped itself.
    pub fn wait_stopped(&self) {
        let pid = Pid::from_child(&self.child);
        let (_, status) = waitpid(Some(pid), WaitOptions::UNTRACED).unwrap().unwrap();
        assert!(status.stopped(), "{status:?}");
    }

    /// Does what a shell does when a program of its was stopped that could not leave its screen: sets the modes of the line
    /// that it found, and writes over everything.
    pub fn shell_takes_over(&mut self) {
        tcsetattr(&self.ours, OptionalActions::Now, &self.found).unwrap();
        self.take(Instant::now(), b"\x1b[2J\x1b[Hshell> ");
    }

    /// Whether the mouse is the program's.
    pub fn has_mouse(&self) -> bool {
        let screen = self.parser.screen();
        assert!(
            !matches!(
                screen.mouse_protocol_mode(),
                vt100::MouseProtocolMode::ButtonMotion | vt100::MouseProtocolMode::AnyMotion
            ),
            "where the mouse moves is nobody's business"
        );
        screen.mouse_protocol_mode() != vt100::MouseProtocolMode::None
    }

    /// Whether keys reach the program one by one.
    pub fn is_raw(&self) -> bool {
        !tcgetattr(&self.ours).unwrap().local_modes.contains(LocalModes::ICANON)
    }

    /// Waits for the program to end by itself, and returns its exit code. What it wrote last can be looked at after that.
    pub fn end(&mut self) -> i32 {
        while self.hear() {}
        self.child.wait().unwrap().code().unwrap()
    }

    /// Waits until nobody has the terminal any more: neither the program nor whoever brings the terminal back after it.
    pub fn wait_let_go(&mut self) {
        while self.hear() {}
    }

    /// Closes the terminal as closing its window does, and waits for the program to end by itself.
    pub fn hang_up(mut self) -> std::process::ExitStatus {
        drop(self.reading.take());
        // The thread lets go of it.
        while self.hear() {}
        drop(std::mem::replace(&mut self.ours, File::open("/dev/null").unwrap()));
        let mut ended = None;
        until("it ends by itself", || {
            ended = self.child.try_wait().unwrap();
            ended.is_some()
        });
        ended.unwrap()
    }

    /// Fails unless the terminal is as it was before the program took it over: for people and for the next program.
    pub fn is_as_it_was_found(&self) {
        self.is_left();
        let now = tcgetattr(&self.ours).unwrap();
        let modes = |termios: &Termios| {
            (termios.input_modes, termios.output_modes, termios.control_modes, termios.local_modes)
        };
        assert_eq!(modes(&now), modes(&self.found));
    }

    /// Waits until somebody has left the screen, and shown the cursor again, which comes last.
    pub fn wait_left(&mut self) {
        while self.parser.screen().alternate_screen() || self.parser.screen().hide_cursor() {
            assert!(self.hear(), "it ended on its screen: {}", self.screen());
        }
        self.is_left();
    }

    /// Nothing of the screen is left, but for the modes of the line.
    fn is_left(&self) {
        let screen = self.parser.screen();
        assert!(!screen.alternate_screen(), "the alternate screen is left");
        assert!(!screen.hide_cursor(), "the cursor is shown");
        assert!(!screen.bracketed_paste(), "pastes are not bracketed");
        assert_eq!(
            screen.mouse_protocol_mode(),
            vt100::MouseProtocolMode::None,
            "the mouse is the terminal's"
        );
        assert_eq!(screen.mouse_protocol_encoding(), vt100::MouseProtocolEncoding::Default);
        let count = |what| count(&self.raw, what);
        assert_eq!(count(b"\x1b[>1u"), count(b"\x1b[<1u"), "keyboard flags that were pushed are popped");
        assert!(count(FRAME.1) >= count(FRAME.0), "no frame is left open");
    }

    fn frames(&self) -> usize {
        count(&self.raw, FRAME.1)
    }

    fn is_between_frames(&self) -> bool {
        let last = |what: &[u8]| self.raw.windows(what.len()).rposition(|bytes| bytes == what);
        last(FRAME.0) <= last(FRAME.1)
    }

    /// Waits for more; false at the end.
    fn hear(&mut self) -> bool {
        match self.said.recv_timeout(Duration::from_secs(pty::PATIENCE.into())) {
            Ok((at, bytes)) => {
                self.take(at, &bytes);
                true
            }
            Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => false,
            Err(std::sync::mpsc::RecvTimeoutError::Timeout) => {
                panic!("nothing was said for a long time:\n{}", self.screen())
            }
        }
    }

    fn take(&mut self, at: Instant, bytes: &[u8]) {
        self.heard_at = at;
        self.raw.extend_from_slice(bytes);
        self.parser.process(bytes);
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        // A test that failed may leave it waiting; one that ended is gone already.
        let _gone = self.child.kill();
        let _collected = self.child.wait();
    }
}

impl Shown<'_> {
    /// What is shown, a line a row.
    pub fn text(self) -> String {
        // Hints are kept together by spaces of another kind.
        self.0.contents().replace('\u{a0}', " ")
    }

    pub fn has(self, text: &str) -> bool {
        self.text().contains(text)
    }

    /// Whether this hint is shown, and its key counts: those that do not are dim.
    pub fn is_lit(self, hint: &str) -> bool {
        self.places(hint)
            .any(|(row, column)| self.0.cell(row, column).is_some_and(|cell| cell.bold() && !cell.dim()))
    }

    /// Where this text begins.
    fn places(self, text: &str) -> impl Iterator<Item = (u16, u16)> {
        let (rows, columns) = self.0.size();
        let signs: Vec<String> = text.chars().map(String::from).collect();
        let is_at = move |row, column| {
            (column..).zip(&signs).all(|(column, sign)| {
                let cell = self.0.cell(row, column);
                cell.is_some_and(|cell| {
                    cell.contents().replace('\u{a0}', " ") == **sign || sign == " " && !cell.has_contents()
                })
            })
        };
        let places = (0..rows.get()).flat_map(move |row| (0..columns.get()).map(move |column| (row, column)));
        places.filter(move |(row, column)| is_at(*row, *column))
    }
}

/// Reads until the program's end of the terminal, or this one, is closed.
fn read(mut end: File, stop: &std::io::PipeReader, says: &Sender<(Instant, Vec<u8>)>) {
    loop {
        let mut sources = [PollFd::new(&end, PollFlags::IN), PollFd::new(stop, PollFlags::IN)];
        rustix::event::poll(&mut sources, None).unwrap();
        if !sources[1].revents().is_empty() {
            return;
        }
        let mut bytes = [0; 16 * 1024];
        // Where the other end is closed, Linux answers with an error.
        let count = end.read(&mut bytes).unwrap_or(0);
        if count == 0 || says.send((Instant::now(), bytes[..count].to_vec())).is_err() {
            return;
        }
    }
}

fn count(bytes: &[u8], what: &[u8]) -> usize {
    bytes.windows(what.len()).filter(|bytes| *bytes == what).count()
}

fn set_size(terminal: &File, rows: u16, columns: u16) {
    let size = Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    tcsetwinsize(terminal, size).unwrap();
}

fn at_least_one(count: u16) -> NonZeroU16 {
    NonZeroU16::new(count).unwrap_or(NonZeroU16::MIN)
}
