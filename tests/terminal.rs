//! The program at a terminal: a pseudo-terminal whose other end is the test.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::process::{Child, Command, Stdio};

use orchestra_testkit::pty;
use rustix::event::{PollFd, PollFlags, Timespec};

use crate::project::Project;

/// What the program says to a line that came before the last line of a question was printed. A test may have seen its first
/// one by then.
const TOO_EARLY: &str = "(typed before the question was there; please type it again)";

/// A run of the program at a terminal.
pub(crate) struct Terminal {
    ours: File,
    child: Child,
    seen: String,
    /// The line that was typed last.
    typed: String,
}

impl Terminal {
    /// Starts the program, without colours.
    pub(crate) fn start<S: AsRef<OsStr>>(project: &Project, args: impl IntoIterator<Item = S>) -> Self {
        Self::start_after_typing(project, args, "")
    }

    /// Types something first, and then starts the program, without colours.
    pub(crate) fn start_after_typing<S: AsRef<OsStr>>(
        project: &Project,
        args: impl IntoIterator<Item = S>,
        early: &str,
    ) -> Self {
        let mut command = project.command(args);
        command.env("NO_COLOR", "1");
        Self::begin(command, early)
    }

    /// Starts the program, with colours.
    pub(crate) fn start_in_colour<S: AsRef<OsStr>>(
        project: &Project,
        args: impl IntoIterator<Item = S>,
    ) -> Self {
        Self::begin(project.command(args), "")
    }

    /// Starts a program that is set up already, without colours.
    pub(crate) fn run(mut command: Command) -> Self {
        command.env("NO_COLOR", "1");
        Self::begin(command, "")
    }

    fn begin(mut command: Command, early: &str) -> Self {
        let (mut ours, path) = pty::open();
        let theirs = pty::open_theirs(&path);
        ours.write_all(early.as_bytes()).unwrap();
        let stdio = || Stdio::from(theirs.try_clone().unwrap());
        if !command.get_envs().any(|(name, _)| name == "TERM") {
            command.env("TERM", "xterm");
        }
        // Lines that are typed, not the screen: that one has its own tests.
        if !command.get_envs().any(|(name, _)| name == "ACCESSIBLE") {
            command.env("ACCESSIBLE", "1");
        }
        command.stdin(stdio()).stdout(stdio()).stderr(stdio());
        let child = command.spawn().unwrap();
        Self { ours, child, seen: String::new(), typed: String::new() }
    }

    /// Waits until this was printed, and forgets everything up to there.
    pub(crate) fn wait_for(&mut self, text: &str) {
        while !self.seen.contains(text) {
            assert!(self.read(), "it ended without {text:?}: {}", self.seen);
        }
        let end = self.seen.find(text).unwrap() + text.len();
        self.seen.drain(..end);
    }

    /// Types a line, and once more where the program says that the question was not all there yet.
    pub(crate) fn line(&mut self, line: &str) {
        line.clone_into(&mut self.typed);
        self.write(&format!("{line}\n"));
    }

    /// Presses keys.
    pub(crate) fn write(&mut self, keys: &str) {
        self.ours.write_all(keys.as_bytes()).unwrap();
    }

    /// Does what `ctrl-c` does.
    pub(crate) fn interrupt(&self) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    }

    /// Waits for the end, and returns the exit code and what was printed since the last wait.
    pub(crate) fn end(mut self) -> (i32, String) {
        while self.read() {}
        let code = self.child.wait().unwrap().code().unwrap();
        (code, std::mem::take(&mut self.seen).replace("\r\n", "\n"))
    }

    /// Closes the terminal, and waits for the program to notice.
    pub(crate) fn hang_up(mut self) {
        let null = File::open("/dev/null").unwrap();
        drop(std::mem::replace(&mut self.ours, null));
        let status = self.child.wait().unwrap();
        assert!(!status.success(), "{status}");
    }

    /// Reads some more; false at the end.
    fn read(&mut self) -> bool {
        let patience = Timespec { tv_sec: pty::PATIENCE.into(), tv_nsec: 0 };
        let mut sources = [PollFd::new(&self.ours, PollFlags::IN)];
        let ready = rustix::event::poll(&mut sources, Some(&patience)).unwrap();
        assert_ne!(ready, 0, "nothing was said for a long time: {}", self.seen);
        let mut bytes = [0; 4096];
        // Where the other end is closed, Linux answers with an error.
        let count = self.ours.read(&mut bytes).unwrap_or(0);
        self.seen.push_str(&String::from_utf8_lossy(&bytes[..count]));
        if let Some(at) = self.seen.find(TOO_EARLY) {
            self.seen.drain(at..at + TOO_EARLY.len());
            let typed = self.typed.clone();
            self.line(&typed);
        }
        count > 0
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // A test that failed may leave it waiting; one that ended is gone already.
        let _gone = self.child.kill();
        let _collected = self.child.wait();
    }
}
