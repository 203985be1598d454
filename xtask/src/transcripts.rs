//! `cargo xtask transcripts DIR`: replays recorded runs of coding programs through our readers.
//!
//! `DIR` holds `claude/` and `codex/`, each with `CASE.jsonl` (standard output), `CASE.stderr.txt`, and an
//! `INDEX.json` that says how each case was called and how it ended. What each case must come to is written down
//! here, by name: a new recording that fails needs a new line.

use std::fmt;
use std::fs;
use std::io::{self, ErrorKind, Write};
use std::path::Path;

use anyhow::{Context, bail};
use orchestra_agent::command::claude::ClaudeStream;
use orchestra_agent::command::codex::CodexStream;
use orchestra_agent::guard::Exit;
use orchestra_core::report::{AgentEvent, Fault, Outcome, Usage};
use serde_json::{Map, Value};

/// Runs the replay, prints a line a case, and fails where one came out differently.
pub(crate) fn run(dir: &Path) -> anyhow::Result<()> {
    let mut wrong = 0_usize;
    let mut total = 0_usize;
    for client in [Client::Claude, Client::Codex] {
        let folder = dir.join(client.folder());
        let index = fs::read_to_string(folder.join("INDEX.json"))
            .with_context(|| format!("read the index in `{}`", folder.display()))?;
        let index: Map<String, Value> = serde_json::from_str(&index).context("parse the index")?;
        for (case, entry) in &index {
            let replay = Replay::run(client, &folder, case, entry)?;
            wrong += usize::from(!replay.is_right());
            total += 1;
            writeln!(io::stdout(), "{replay}")?;
        }
        wrong += unlisted(&folder, &index)?;
    }
    writeln!(io::stdout(), "{total} cases, {wrong} wrong")?;
    if wrong > 0 {
        bail!("{wrong} recorded runs came out differently than they should");
    }
    Ok(())
}

/// Counts recordings that the index does not know.
fn unlisted(folder: &Path, index: &Map<String, Value>) -> anyhow::Result<usize> {
    let mut count = 0;
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if let Some(case) = name.strip_suffix(".jsonl")
            && !index.contains_key(case)
        {
            writeln!(io::stdout(), "{name}: not in INDEX.json")?;
            count += 1;
        }
    }
    Ok(count)
}

#[derive(Clone, Copy, Debug)]
enum Client {
    Claude,
    Codex,
}

impl Client {
    fn folder(self) -> &'static str {
        match self {
            Self::Claude => "claude",
            Self::Codex => "codex",
        }
    }

    /// What a case must come to. Cases that are not named end with exit code 0 and a report.
    fn expected(self, case: &str, exit: Exit) -> Option<Class> {
        let named = match self {
            Self::Claude => match case {
                "bad-key" | "no-key" | "no-credit" | "mode-bypass-root" | "no-verbose"
                | "prompt-swallowed" | "session-taken" => Class::Unusable,
                "no-server" | "overloaded-for-good" | "rate-limited-for-good" | "server-error-for-good" => {
                    Class::Transient
                }
                "usage-limit" => Class::UsageLimit,
                "bad-request" | "prompt-too-long" | "max-tokens" | "refusal" | "max-turns" | "max-budget"
                | "resume-unknown" | "sigkill-tool" => Class::Failed,
                "sigint-text" | "sigint-tool" | "sigint-twice" | "sigterm-tool" => Class::Cancelled,
                // Ended from outside, but after its result.
                "background-command" | "background-sigterm" => Class::Reported,
                _ => return exit.is_success().then_some(Class::Reported),
            },
            Self::Codex => match case {
                "bad-key" | "no-key" | "openai-key" | "quota" | "codex-home" | "full-auto"
                | "mcp-required" | "no-git" => Class::Unusable,
                "cut-for-good"
                | "no-server"
                | "overloaded-for-good"
                | "rate-limited-for-good"
                | "server-error-for-good" => Class::Transient,
                "usage-limit" => Class::UsageLimit,
                "bad-request" | "prompt-too-long" | "resume-unknown" | "sigkill-tool" => Class::Failed,
                "sigint-text" | "sigint-tool" | "sigterm-tool" => Class::Cancelled,
                _ => return exit.is_success().then_some(Class::Reported),
            },
        };
        Some(named)
    }

    /// Why a case is none of these readers' business, if it is not.
    fn skips(self, argv: &[&str]) -> Option<&'static str> {
        let follows =
            |flag: &str| argv.iter().position(|word| *word == flag).and_then(|at| argv.get(at + 1)).copied();
        match self {
            Self::Claude if follows("--output-format") == Some("text") => Some("plain text"),
            Self::Codex if argv.contains(&"app-server") => Some("another protocol"),
            Self::Codex if !argv.contains(&"--json") => Some("plain text"),
            Self::Claude | Self::Codex => None,
        }
    }
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Class {
    Reported,
    Transient,
    UsageLimit,
    Unusable,
    Failed,
    TimedOut,
    Cancelled,
}

impl Class {
    fn of(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Reported(_) => Self::Reported,
            Outcome::Faulted(Fault::Transient { .. }) => Self::Transient,
            Outcome::Faulted(Fault::UsageLimit { .. }) => Self::UsageLimit,
            Outcome::Faulted(Fault::Unusable { .. }) => Self::Unusable,
            Outcome::Faulted(Fault::Failed { .. }) => Self::Failed,
            Outcome::Faulted(Fault::TimedOut { .. }) => Self::TimedOut,
            Outcome::Faulted(Fault::Cancelled) => Self::Cancelled,
        }
    }
}

/// Either reader.
enum Stream {
    Claude(Box<ClaudeStream>),
    Codex(Box<CodexStream>),
}

impl Stream {
    fn new(client: Client) -> Self {
        match client {
            Client::Claude => Self::Claude(Box::new(ClaudeStream::new(Usage::default()))),
            Client::Codex => Self::Codex(Box::new(CodexStream::new(Usage::default()))),
        }
    }

    fn line(&mut self, line: &[u8]) -> Vec<AgentEvent> {
        match self {
            Self::Claude(stream) => stream.line(line),
            Self::Codex(stream) => stream.line(line),
        }
    }

    fn close(&mut self) -> Vec<AgentEvent> {
        match self {
            Self::Claude(stream) => stream.close(),
            Self::Codex(stream) => stream.close(),
        }
    }

    /// Says what was said after the prompt, as it was sent.
    fn say(&mut self, entry: &Value) {
        let Self::Claude(stream) = self else { return };
        let steps = entry.get("steps").and_then(Value::as_array).into_iter().flatten();
        let messages = steps.filter_map(|step| step.pointer("/1/message/content")?.as_str());
        messages.skip(1).for_each(|message| drop(stream.say(message)));
    }

    /// What the program asked for and nobody answered, and what was said, echoed and not known again.
    fn unanswered(&mut self, output: &[u8], echoes: bool) -> Vec<String> {
        let Self::Claude(stream) = self else { return Vec::new() };
        let mut complaints = Vec::new();
        let answers = stream.take_answers();
        for line in output.split(|byte| *byte == b'\n') {
            let Ok(line) = serde_json::from_slice::<Value>(line) else { continue };
            let id = line.get("request_id").and_then(Value::as_str).unwrap_or_default();
            let is_request = line.get("type").is_some_and(|kind| kind == "control_request");
            if is_request && !String::from_utf8_lossy(&answers).contains(id) {
                complaints.push(format!("request {id} was not answered"));
            }
        }
        if echoes && stream.has_untold() {
            complaints.push("what was said is not known again in its echo".to_owned());
        }
        complaints
    }

    fn end(self, exit: Exit, stderr_tail: &str) -> Outcome {
        match self {
            Self::Claude(stream) => stream.end(exit, stderr_tail),
            Self::Codex(stream) => stream.end(exit, stderr_tail),
        }
    }
}

/// What one case came to.
struct Replay {
    name: String,
    result: Result<Played, &'static str>,
}

struct Played {
    expected: Option<Class>,
    found: Class,
    events: usize,
    complaints: Vec<String>,
}

impl Replay {
    fn run(client: Client, folder: &Path, case: &str, entry: &Value) -> anyhow::Result<Self> {
        let name = format!("{}/{case}", client.folder());
        let argv = entry.get("argv").and_then(Value::as_array).context("a case without argv")?;
        let argv: Vec<&str> = argv.iter().filter_map(Value::as_str).collect();
        if let Some(why) = client.skips(&argv) {
            return Ok(Self { name, result: Err(why) });
        }
        let exit = exit_of(entry.get("exit").and_then(Value::as_i64).context("a case without exit")?)?;
        let output =
            fs::read(folder.join(format!("{case}.jsonl"))).with_context(|| format!("read {name}"))?;
        let stderr = match fs::read_to_string(folder.join(format!("{case}.stderr.txt"))) {
            Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
            other => other.with_context(|| format!("read what {name} complained"))?,
        };
        let mut stream = Stream::new(client);
        stream.say(entry);
        let mut complaints = Vec::new();
        let mut events = Vec::new();
        for (number, line) in output.split(|byte| *byte == b'\n').enumerate() {
            let said = stream.line(line);
            let is_json = serde_json::from_slice::<Value>(line).is_ok();
            let is_blank = line.trim_ascii().is_empty();
            if !is_json && !is_blank && !matches!(said.as_slice(), [AgentEvent::Notice { .. }]) {
                complaints.push(format!("line {}: no JSON, and no notice either", number + 1));
            }
            events.extend(said);
        }
        events.extend(stream.close());
        complaints.extend(unpaired(&events));
        complaints.extend(stream.unanswered(&output, argv.contains(&"--replay-user-messages")));
        let outcome = stream.end(exit, &stderr);
        if let Outcome::Reported(report) = &outcome
            && (report.summary.is_empty() || report.usage.is_none())
        {
            complaints.push("reported without summary or usage".to_owned());
        }
        let expected = client.expected(case, exit);
        let played = Played { expected, found: Class::of(&outcome), events: events.len(), complaints };
        Ok(Self { name, result: Ok(played) })
    }

    fn is_right(&self) -> bool {
        match &self.result {
            Ok(played) => played.expected == Some(played.found) && played.complaints.is_empty(),
            Err(_) => true,
        }
    }
}

/// Every tool that was begun ends once, and none ends that was not begun.
fn unpaired(events: &[AgentEvent]) -> Vec<String> {
    let mut open = Vec::new();
    let mut complaints = Vec::new();
    for event in events {
        match event {
            AgentEvent::ToolStarted { id, .. } => open.push(id),
            AgentEvent::ToolFinished { id, .. } => match open.iter().position(|begun| *begun == id) {
                Some(at) => drop(open.remove(at)),
                None => complaints.push(format!("tool {id} ended without a beginning")),
            },
            AgentEvent::Text { .. }
            | AgentEvent::Thinking { .. }
            | AgentEvent::ToolOutput { .. }
            | AgentEvent::FileChanged { .. }
            | AgentEvent::Heard
            | AgentEvent::Usage { .. }
            | AgentEvent::Session { .. }
            | AgentEvent::Notice { .. } => {}
        }
    }
    complaints.extend(open.iter().map(|id| format!("tool {id} never ended")));
    complaints
}

/// Negative numbers are signals.
fn exit_of(number: i64) -> anyhow::Result<Exit> {
    let number = i32::try_from(number)?;
    Ok(if number < 0 { Exit::Signal(-number) } else { Exit::Code(number) })
}

impl fmt::Display for Replay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.result {
            Err(why) => write!(f, "skip  {:<32} {why}", self.name),
            Ok(played) => {
                let mark = if self.is_right() { "ok   " } else { "WRONG" };
                let found = format!("{:?}", played.found);
                write!(f, "{mark} {:<32} {found:<10} {:>3} events", self.name, played.events)?;
                match played.expected {
                    Some(expected) if expected == played.found => {}
                    Some(expected) => write!(f, "  expected {expected:?}")?,
                    None => write!(f, "  nothing is written down for it")?,
                }
                played.complaints.iter().try_for_each(|complaint| write!(f, "\n      {complaint}"))
            }
        }
    }
}
