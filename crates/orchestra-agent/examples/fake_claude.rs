//! Plays Claude Code for tests: the same flags, the same lines both ways, and a real client of the MCP server that
//! `--mcp-config` names. What it does is a script, its first argument: a JSON list of steps. Not an example of use.
//!
//! It logs its arguments and all that it reads to `claude.log` in its working folder.

#[path = "fake_claude/mcp_client.rs"]
mod mcp_client;

use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead as _, Write as _};
use std::process::ExitCode;
use std::sync::mpsc::{self, Receiver};

use serde_json::{Value, json};

use self::mcp_client::Tools;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match play(&args) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            let _unheard = writeln!(io::stderr(), "fake_claude: {error}");
            ExitCode::from(99)
        }
    }
}

fn play(args: &[String]) -> io::Result<u8> {
    let (script, flags) = args.split_first().ok_or_else(|| io::Error::other("no script"))?;
    let script: Vec<Value> = serde_json::from_reader(File::open(script)?)?;
    let mut claude = Claude::start(flags)?;
    for step in &script {
        let step = step.as_object().and_then(|step| step.iter().next());
        let (name, what) = step.ok_or_else(|| io::Error::other("a step without a name"))?;
        if let Some(code) = claude.step(name, what)? {
            return Ok(code);
        }
    }
    // It lives until its input ends.
    while claude.lines.recv().is_ok() {}
    Ok(0)
}

struct Claude {
    flags: Vec<String>,
    log: File,
    lines: Receiver<Value>,
    /// Messages that came while something else was waited for.
    messages: VecDeque<Value>,
    tools: Option<Tools>,
    said: String,
    count: u32,
}

impl Claude {
    fn start(flags: &[String]) -> io::Result<Self> {
        let mut log = OpenOptions::new().create(true).append(true).open("claude.log")?;
        writeln!(log, "{}", json!({ "argv": flags }))?;
        let mut copy = log.try_clone()?;
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || {
            for line in io::stdin().lock().lines().map_while(Result::ok) {
                let value: Value = serde_json::from_str(&line).unwrap_or(Value::Null);
                let is_logged = writeln!(copy, "{}", json!({ "stdin": value })).is_ok();
                if !is_logged || sender.send(value).is_err() {
                    return;
                }
            }
        });
        let (messages, said) = (VecDeque::new(), String::new());
        Ok(Self { flags: flags.to_vec(), log, lines, messages, tools: None, said, count: 0 })
    }

    /// Plays one step; a number is the exit code with which it ends.
    #[expect(clippy::too_many_lines, reason = "a flat list of steps")]
    fn step(&mut self, name: &str, what: &Value) -> io::Result<Option<u8>> {
        let text = what.as_str().unwrap_or_default();
        match name {
            "init" => self.init()?,
            "read" => {
                let Some(message) = self.message() else { return Ok(Some(0)) };
                match text {
                    "without an id" => echo(&json!({ "message": message["message"] }))?,
                    "together" => {
                        let Some(next) = self.message() else { return Ok(Some(0)) };
                        let both = [&message, &next]
                            .map(|one| one["message"]["content"].as_str().unwrap_or_default());
                        let message = json!({ "role": "user", "content": both.join("\n") });
                        echo(&json!({ "uuid": next["uuid"], "message": message }))?;
                    }
                    "in silence" => {}
                    _ => echo(&message)?,
                }
            }
            // Waits for a message, and leaves it for later.
            "until-message" => {
                let Some(message) = self.message() else { return Ok(Some(0)) };
                self.messages.push_front(message);
            }
            "say" => {
                text.clone_into(&mut self.said);
                print(
                    &json!({ "type": "assistant", "message": { "content": [ { "type": "text", "text": text } ] } }),
                )?;
            }
            "call" => {
                let id =
                    self.tool_use(&format!("mcp__orchestra__{}", text_at(what, "name")), &what["input"])?;
                let tools = self.tools.as_mut().ok_or_else(|| io::Error::other("no server to call"))?;
                let (said, is_error) = tools.call(text_at(what, "name"), &what["input"])?;
                tool_result(&id, &said, is_error)?;
            }
            "use" => {
                let id = self.tool_use(text_at(what, "name"), &what["input"])?;
                let request = json!({
                    "subtype": "can_use_tool", "tool_name": what["name"], "input": what["input"], "tool_use_id": id,
                });
                let Some(answer) = self.request(&request)? else { return Ok(Some(0)) };
                let is_allowed = answer["behavior"] == "allow" && answer["updatedInput"] == what["input"];
                let said = if is_allowed { "done" } else { text_at(&answer, "message") };
                tool_result(&id, said, !is_allowed)?;
            }
            "request" => drop(self.request(what)?),
            "result" => self.result(what)?,
            "print" => {
                io::stdout().write_all(text.as_bytes())?;
                io::stdout().flush()?;
            }
            "until" if text == "interrupted" => {
                let Some(request) = self.wait_for(|line| line["type"] == "control_request")? else {
                    return Ok(Some(0));
                };
                let response =
                    json!({ "subtype": "success", "request_id": request["request_id"], "response": {} });
                print(&json!({ "type": "control_response", "response": response }))?;
                let interrupted = json!([ { "type": "text", "text": "[Request interrupted by user]" } ]);
                print(&json!({ "type": "user", "message": { "content": interrupted } }))?;
                let aborted = json!({
                    "subtype": "error_during_execution", "is_error": true, "terminal_reason": "aborted_streaming",
                });
                self.result(&aborted)?;
            }
            "until" if text == "ended" => while self.lines.recv().is_ok() {},
            // Deaf and mute, until a signal.
            "until" => loop {
                std::thread::park();
            },
            "exit" => return Ok(Some(u8::try_from(what.as_u64().unwrap_or_default()).unwrap_or(1))),
            "die" => {
                let own = rustix::process::getpid();
                rustix::process::kill_process(own, rustix::process::Signal::KILL)?;
            }
            other => return Err(io::Error::other(format!("no such step: {other}"))),
        }
        Ok(None)
    }

    fn value_of(&self, flag: &str) -> Option<&str> {
        let at = self.flags.iter().position(|word| word == flag)?;
        self.flags.get(at + 1).map(String::as_str)
    }

    fn init(&mut self) -> io::Result<()> {
        let mut servers = Vec::new();
        if let Some(config) = self.value_of("--mcp-config") {
            let config: Value = serde_json::from_str(config)?;
            let server = &config["mcpServers"]["orchestra"];
            if self.tools.is_none() {
                self.tools = Tools::connect(server).ok();
            }
            let status = if self.tools.is_some() { "connected" } else { "failed" };
            servers.push(json!({ "name": "orchestra", "status": status }));
        }
        let names = self.tools.as_ref().map(|tools| tools.names.clone()).unwrap_or_default();
        writeln!(self.log, "{}", json!({ "tools": names }))?;
        let session = self.value_of("--resume").unwrap_or("s-1");
        print(&json!({ "type": "system", "subtype": "init", "session_id": session, "mcp_servers": servers }))
    }

    /// The next message of the person; none when the input has ended.
    fn message(&mut self) -> Option<Value> {
        if let Some(message) = self.messages.pop_front() {
            return Some(message);
        }
        std::iter::from_fn(|| self.lines.recv().ok()).find(|line| line["type"] == "user")
    }

    /// The next line of a kind. Messages before it are kept.
    fn wait_for(&mut self, is_wanted: impl Fn(&Value) -> bool) -> io::Result<Option<Value>> {
        while let Ok(line) = self.lines.recv() {
            if is_wanted(&line) {
                return Ok(Some(line));
            }
            if line["type"] != "user" {
                return Err(io::Error::other(format!("not expected: {line}")));
            }
            self.messages.push_back(line);
        }
        Ok(None)
    }

    fn request(&mut self, request: &Value) -> io::Result<Option<Value>> {
        self.count += 1;
        let id = format!("r-{}", self.count);
        print(&json!({ "type": "control_request", "request_id": id, "request": request }))?;
        let answer = self.wait_for(|line| line["type"] == "control_response")?;
        let Some(answer) = answer.filter(|answer| answer["response"]["request_id"] == id.as_str()) else {
            return Ok(None);
        };
        Ok(Some(answer["response"]["response"].clone()))
    }

    fn tool_use(&mut self, name: &str, input: &Value) -> io::Result<String> {
        self.count += 1;
        let id = format!("t-{}", self.count);
        let block = json!({ "type": "tool_use", "id": id, "name": name, "input": input });
        print(&json!({ "type": "assistant", "message": { "content": [ block ] } }))?;
        Ok(id)
    }

    fn result(&self, change: &Value) -> io::Result<()> {
        let mut result = json!({
            "type": "result", "subtype": "success", "is_error": false, "terminal_reason": "completed",
            "result": self.said,
        });
        if let (Some(result), Some(change)) = (result.as_object_mut(), change.as_object()) {
            result.extend(change.clone());
        }
        if let Some(tokens) = change["tokens"].as_u64() {
            result["modelUsage"] = json!({ "m": { "inputTokens": tokens, "outputTokens": tokens / 10 } });
        }
        print(&result)
    }
}

/// What `--replay-user-messages` does.
fn echo(message: &Value) -> io::Result<()> {
    let mut echo = message.clone();
    echo["type"] = json!("user");
    echo["isReplay"] = json!(true);
    print(&echo)
}

fn tool_result(id: &str, said: &str, is_error: bool) -> io::Result<()> {
    let block = json!({ "type": "tool_result", "tool_use_id": id, "content": said, "is_error": is_error });
    print(&json!({ "type": "user", "message": { "content": [ block ] } }))
}

fn text_at<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

fn print(line: &Value) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{line}")?;
    stdout.flush()
}
