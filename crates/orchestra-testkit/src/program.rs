//! The real program in a project.

use std::io::Read as _;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::project::TestProject;

/// How long anything may take before the test gives up.
const PATIENCE: Duration = Duration::from_mins(2);

/// What a run of the program came to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Ran {
    /// Its exit code; `None` where a signal ended it.
    pub code: Option<i32>,
    /// What it printed.
    pub stdout: String,
    /// What it complained about.
    pub stderr: String,
}

impl Ran {
    /// Everything it said.
    pub fn said(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }

    /// Fails the test where the exit code is another.
    #[must_use]
    pub fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{}", self.said());
        self
    }

    /// Fails the test where this was not said.
    #[must_use]
    pub fn says(self, text: &str) -> Self {
        assert!(self.said().contains(text), "not said: {text}\n{}", self.said());
        self
    }
}

/// A program that runs.
pub struct Running {
    child: Child,
}

impl TestProject {
    /// The program with these arguments, in a cleared environment, without a terminal.
    pub fn orchestra(&self, args: &[&str]) -> Command {
        let mut command = Command::new(self.program());
        command.args(args).current_dir(self.root()).env_clear().envs(self.environment()).stdin(Stdio::null());
        command
    }

    /// Runs the program to its end.
    pub fn run(&self, args: &[&str]) -> Ran {
        self.start(args).wait()
    }

    /// Trusts what the project would run.
    pub fn trust(&self) {
        let _ran = self.run(&["trust", "--yes"]).expect(0);
    }

    /// Runs the worker unattended until nothing more can be run.
    pub fn build(&self) -> Ran {
        self.run(&["start", "--auto", "--once"])
    }

    /// Runs the worker without anybody there until nothing more can be run without an answer.
    pub fn attend(&self) -> Ran {
        self.run(&["start", "--once"])
    }

    /// The ids of the questions that wait for an answer.
    pub fn gates(&self) -> Vec<String> {
        let status = self.run(&["status", "--json"]).expect(0).stdout;
        let status: serde_json::Value = serde_json::from_str(&status).unwrap();
        let gates = status["gates"].as_array().unwrap().iter().filter(|gate| gate["answered"].is_null());
        gates.map(|gate| gate["id"].as_str().unwrap().to_owned()).collect()
    }

    /// Answers the only open question, as a person does.
    pub fn answer(&self, words: &[&str]) {
        let gates = self.gates();
        let [gate] = gates.as_slice() else { panic!("not one question: {gates:?}") };
        let _ran = self.run(&[&["answer", gate.as_str()], words].concat()).expect(0);
    }

    /// Starts the program in a process group of its own.
    pub fn start(&self, args: &[&str]) -> Running {
        Self::start_as(self.orchestra(args))
    }

    /// Starts a program that is set up already in a process group of its own.
    pub fn start_as(mut command: Command) -> Running {
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
        Running { child: command.spawn().unwrap() }
    }
}

impl Running {
    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Ends it at once, without a chance to say anything.
    pub fn kill(mut self) -> Ran {
        self.child.kill().unwrap();
        self.wait()
    }

    /// Ends its whole process group at once, as closing a terminal window by force does.
    pub fn kill_group(self) -> Ran {
        send("KILL", &format!("-{}", self.pid()));
        self.wait()
    }

    /// Sends it a signal: `TERM`, `INT`.
    pub fn signal(&self, name: &str) {
        send(name, &self.pid().to_string());
    }

    /// Whether it has ended.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Waits for its end and what it said.
    pub fn wait(mut self) -> Ran {
        let mut stdout = self.child.stdout.take().unwrap();
        let mut stderr = self.child.stderr.take().unwrap();
        let read_stdout = std::thread::spawn(move || {
            let mut text = Vec::new();
            stdout.read_to_end(&mut text).map(|_| text)
        });
        let read_stderr = std::thread::spawn(move || {
            let mut text = Vec::new();
            stderr.read_to_end(&mut text).map(|_| text)
        });
        let until = Instant::now() + PATIENCE;
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            if Instant::now() > until {
                self.child.kill().unwrap();
                let said = String::from_utf8_lossy(&read_stdout.join().unwrap().unwrap()).into_owned();
                panic!("it did not end within {PATIENCE:?}:\n{said}");
            }
            std::thread::park_timeout(Duration::from_millis(5));
        };
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Ran {
            code: status.code(),
            stdout: text(read_stdout.join().unwrap().unwrap()),
            stderr: text(read_stderr.join().unwrap().unwrap()),
        }
    }
}

/// Looks again and again until something is so, and fails the test where it does not become so.
pub fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < end, "it never came to this: {what}");
        std::thread::park_timeout(Duration::from_millis(5));
    }
}

fn send(signal: &str, to: &str) {
    let sent = Command::new("kill").args([&format!("-{signal}"), "--", to]).status().unwrap();
    assert!(sent.success(), "could not send {signal} to {to}");
}
