//! `run`: a command of the shell, below a guard.
//!
//! What a command may do is not read out of its text, neither here nor anywhere: the guard ends its whole tree, the
//! environment is made anew for each call, and what was changed outside of the role's room is put back by the worker.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use orchestra_core::words;
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::io::AsyncReadExt as _;
use tokio::net::unix::pipe;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::Answer;
use super::shown::{self, Heading, counted};
use crate::environment::{self, AgentNeeds, Environment};
use crate::guard::{Collector, Ended, Exit, GuardLauncher, GuardedChild, Order, OutputLimits, StopPlan, Why};

/// The longest command, in bytes: Linux takes no argument of more than 128 KiB.
const MAX_COMMAND: usize = 100 * 1024;
/// What is kept of the output, in bytes.
const KEPT: OutputLimits = OutputLimits { head: 16 * 1024, tail: 16 * 1024 };
/// How much waits for a screen that is slow, in bytes.
const MAX_WAITING: usize = 64 * 1024;
/// How long output is still read, and shown, after the command's end.
const DRAIN: Duration = Duration::from_secs(2);

/// Runs a command.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RunArgs {
    /// What `/bin/sh -c` runs.
    command: String,
    /// After how many seconds it is ended.
    #[serde(default)]
    timeout_seconds: Option<u64>,
}

/// What runs commands.
pub(super) struct Shell {
    pub(super) launcher: GuardLauncher,
    pub(super) environment: Environment,
    pub(super) workspace: PathBuf,
    pub(super) scratch: PathBuf,
    /// The longest that a command may take.
    pub(super) timeout: Duration,
    pub(super) cancel: CancellationToken,
}

impl Shell {
    /// Runs a command to its end. Dropping the future ends its whole tree.
    pub(super) async fn run(&self, args: &RunArgs, output: &mpsc::Sender<String>) -> Answer {
        if args.command.trim().is_empty() || args.command.contains('\0') {
            return Answer::wrong("`command` is empty, or has a NUL in it");
        }
        if args.command.len() > MAX_COMMAND {
            return Answer::wrong(format!(
                "`command` is longer than {}: write a file and run that",
                counted(MAX_COMMAND as u64, "byte")
            ));
        }
        let asked = args.timeout_seconds.map_or(self.timeout, Duration::from_secs);
        let timeout = asked.clamp(Duration::from_secs(1), self.timeout.max(Duration::from_secs(1)));
        let started = Instant::now();
        let child = match self.launcher.launch(self.order(&args.command, timeout)).await {
            Ok(child) => child,
            Err(error) => return Answer::wrong(in_words(&error)),
        };
        let mut following = Following::new(output, &self.cancel);
        let ended = following.follow(child).await;
        let mut heading = Heading::new("run", &args.command);
        heading.say(exit_words(ended, timeout));
        heading.say(format!("took {}", words::duration(started.elapsed())));
        if ended.left_behind > 0 {
            let count = counted(ended.left_behind.into(), "process");
            heading.say(format!("{count} that it left running ended with it"));
        }
        let text = following.text(&mut heading);
        let is_error = !(ended.exit.is_success() && ended.why == Why::Itself);
        Answer { is_error, ..Answer::text(heading.over(&text)) }
    }

    fn order(&self, command: &str, timeout: Duration) -> Order {
        // No key of a model's provider is on the list of what an agent without a program of its own gets.
        let needs = AgentNeeds { preset: None, named: &[], repository: &self.workspace };
        let mut env = environment::agent_environment(&self.environment, needs).kept;
        environment::set(&mut env, "TMPDIR", &self.scratch);
        let mut order = Order::new("/bin/sh", &self.workspace);
        // One stream, so that what is complained about stands where it happened.
        order.args = vec!["-c".into(), "exec /bin/sh -c \"$1\" 2>&1".into(), "sh".into(), command.into()];
        order.env = env;
        order.timeout = Some(timeout);
        order
    }
}

fn exit_words(ended: Ended, timeout: Duration) -> String {
    match (ended.why, ended.exit) {
        (Why::Itself, Exit::Code(code)) => format!("exit code {code}"),
        (Why::Itself, Exit::Signal(signal)) => format!("ended by signal {signal}"),
        (Why::Itself | Why::GuardLost, Exit::Unseen) | (Why::GuardLost, _) => {
            "ended from outside, nobody saw how".to_owned()
        }
        (Why::Stopped, _) => "stopped, for the turn was ended".to_owned(),
        (Why::TimedOut, _) => format!("stopped, for its {} were over", words::duration(timeout)),
    }
}

/// An error with its causes, on one line.
fn in_words(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

/// Reads what a command prints, keeps a part of it, and hands it on to a screen.
struct Following<'a> {
    collector: Collector,
    cancel: &'a CancellationToken,
    screen: &'a mpsc::Sender<String>,
    /// What the screen has not taken yet.
    waiting: String,
    /// The beginning of a character whose rest has not come yet.
    begun: Vec<u8>,
}

impl<'a> Following<'a> {
    fn new(screen: &'a mpsc::Sender<String>, cancel: &'a CancellationToken) -> Self {
        let collector = Collector::new(KEPT);
        Self { collector, cancel, screen, waiting: String::new(), begun: Vec::new() }
    }

    async fn follow(&mut self, mut child: GuardedChild) -> Ended {
        // A command that asks something is told that nobody is there.
        drop(child.stdin.take());
        let (mut stdout, mut stderr) = (child.stdout.take(), child.stderr.take());
        let (mut out, mut err) = (vec![0; 16 * 1024], vec![0; 1024]);
        let mut ended: Option<Ended> = None;
        let mut is_stopped = false;
        // Output ends with the tree; only what escaped from it could hold a pipe for longer.
        let drained = tokio::time::sleep(Duration::ZERO);
        tokio::pin!(drained);
        loop {
            if let Some(ended) = ended
                && stdout.is_none()
                && stderr.is_none()
                && self.waiting.is_empty()
            {
                return ended;
            }
            tokio::select! {
                biased;
                () = self.cancel.cancelled(), if !is_stopped => {
                    is_stopped = true;
                    child.stop(StopPlan::gentle());
                }
                () = &mut drained, if ended.is_some() => {
                    stdout = None;
                    stderr = None;
                    self.waiting.clear();
                }
                permit = self.screen.reserve(), if !self.waiting.is_empty() => match permit {
                    Ok(permit) => permit.send(std::mem::take(&mut self.waiting)),
                    // Nobody looks.
                    Err(_) => self.waiting.clear(),
                },
                count = read(&mut stdout, &mut out), if stdout.is_some() => {
                    if count == 0 { stdout = None; }
                    self.take(&out[..count]);
                }
                count = read(&mut stderr, &mut err), if stderr.is_some() => {
                    if count == 0 { stderr = None; }
                    self.take(&err[..count]);
                }
                end = child.wait(), if ended.is_none() => {
                    ended = Some(end);
                    drained.as_mut().reset(tokio::time::Instant::now() + DRAIN);
                }
            }
        }
    }

    fn take(&mut self, bytes: &[u8]) {
        self.collector.push(bytes);
        self.begun.extend_from_slice(bytes);
        let whole = whole_characters(&self.begun);
        self.waiting.push_str(&String::from_utf8_lossy(&self.begun[..whole]));
        self.begun.drain(..whole);
        if self.waiting.len() > MAX_WAITING {
            // The newest is what a person looks at.
            let kept = shown::cut_front(&self.waiting, MAX_WAITING / 2).to_owned();
            self.waiting = format!("…\n{kept}");
        }
    }

    /// What was kept of the output, with what is to be said of it in the heading.
    fn text(&self, heading: &mut Heading) -> String {
        let captured = self.collector.captured();
        let length = captured.head.len() as u64 + captured.dropped + captured.tail.len() as u64;
        if length == 0 {
            heading.say("it printed nothing");
            return String::new();
        }
        heading.say(format!("it printed {}", counted(length, "byte")));
        if let Some(all) = captured.complete() {
            if std::str::from_utf8(&all).is_err() {
                heading.say("\u{fffd} stands for bytes that are not UTF-8");
            }
            return shown::text(&all);
        }
        heading.say("not all of it is shown");
        let head = &captured.head[..whole_characters(&captured.head)];
        let tail = &captured.tail[rest_of_character(&captured.tail)..];
        let left_out = length - head.len() as u64 - tail.len() as u64;
        let (head, tail) = (shown::text(head), shown::text(tail));
        format!("{head}\n[… {} left out …]\n{tail}", counted(left_out, "byte"))
    }
}

/// How many bytes there are up to a character at the end that is not complete.
fn whole_characters(bytes: &[u8]) -> usize {
    let begun = match bytes.utf8_chunks().last() {
        // As many bytes as a character can lack one of; more of them are no character at all.
        Some(chunk) if chunk.invalid().len() < 4 => match std::str::from_utf8(chunk.invalid()) {
            Err(error) if error.error_len().is_none() => chunk.invalid().len(),
            Ok(_) | Err(_) => 0,
        },
        Some(_) | None => 0,
    };
    bytes.len() - begun
}

/// How many bytes at the beginning belong to a character before it.
fn rest_of_character(bytes: &[u8]) -> usize {
    bytes.iter().take(3).take_while(|byte| **byte & 0xc0 == 0x80).count()
}

/// Reads a chunk; 0 at the end, and where nothing can be read any more.
async fn read(pipe: &mut Option<pipe::Receiver>, buffer: &mut [u8]) -> usize {
    match pipe {
        Some(pipe) => pipe.read(buffer).await.unwrap_or(0),
        None => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_character_in_two_chunks_reaches_the_screen_whole() {
        let (sender, _screen) = mpsc::channel(1);
        let cancel = CancellationToken::new();
        let mut following = Following::new(&sender, &cancel);
        let text = "aé€😀\u{fffd}b".as_bytes();
        for byte in text {
            following.take(&[*byte]);
        }
        assert_eq!(following.waiting.as_bytes(), text);
        following.take(b"\xffx\xf0\x9f");
        assert!(following.waiting.ends_with("b\u{fffd}x"), "{}", following.waiting);
    }

    #[test]
    fn what_a_slow_screen_has_not_taken_is_bounded() {
        let (sender, _screen) = mpsc::channel(1);
        let cancel = CancellationToken::new();
        let mut following = Following::new(&sender, &cancel);
        for _ in 0..1_000 {
            following.take(&[b'x'; 1_000]);
        }
        assert!(following.waiting.len() <= MAX_WAITING && following.waiting.starts_with("…\n"));
    }

    #[test]
    fn head_and_tail_are_cut_between_characters() {
        let (sender, _screen) = mpsc::channel(1);
        let cancel = CancellationToken::new();
        let mut following = Following::new(&sender, &cancel);
        following.take(format!("x{}", "é".repeat(30_000)).as_bytes());
        let mut heading = Heading::new("run", "x");
        let text = following.text(&mut heading);
        assert!(
            !text.contains('\u{fffd}') && text.contains("\n[… 27,234 bytes left out …]\n"),
            "{}",
            text.len()
        );
        assert_eq!(heading.to_string(), "[run x: it printed 60,001 bytes; not all of it is shown]");
    }
}
