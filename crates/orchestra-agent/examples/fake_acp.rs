//! Plays an agent of the Agent Client Protocol for tests, with a real client of the MCP server that it is handed. What it
//! does is a script, its first argument: a JSON list of steps. Not an example of use.
//!
//! It logs all that it reads to `acp.log` in its working folder, and what it is answered.

#[path = "fake_claude/mcp_client.rs"]
mod mcp_client;

use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead as _, Write as _};
use std::process::{Command, ExitCode};
use std::sync::mpsc::{self, Receiver};

use serde_json::{Value, json};

use self::mcp_client::Tools;

fn main() -> ExitCode {
    let script = std::env::args().nth(1).unwrap_or_default();
    match play(&script) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            let _unheard = writeln!(io::stderr(), "fake_acp: {error}");
            ExitCode::from(99)
        }
    }
}

fn play(script: &str) -> io::Result<u8> {
    let script: Vec<Value> = serde_json::from_reader(File::open(script)?)?;
    let mut agent = Acp::start()?;
    for step in &script {
        let step = step.as_object().and_then(|step| step.iter().next());
        let (name, what) = step.ok_or_else(|| io::Error::other("a step without a name"))?;
        if let Some(code) = agent.step(name, what)? {
            return Ok(code);
        }
    }
    // It lives until its input ends.
    while agent.lines.recv().is_ok() {}
    Ok(0)
}

struct Acp {
    log: File,
    lines: Receiver<Value>,
    /// Messages that came while something else was waited for.
    kept: VecDeque<Value>,
    tools: Option<Tools>,
    session: String,
    /// The prompt that is not answered yet.
    prompt: Value,
    count: u32,
}

impl Acp {
    fn start() -> io::Result<Self> {
        let log = OpenOptions::new().create(true).append(true).open("acp.log")?;
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
        let (kept, session) = (VecDeque::new(), "s-1".to_owned());
        Ok(Self { log, lines, kept, tools: None, session, prompt: Value::Null, count: 0 })
    }

    /// Plays one step; a number is the exit code with which it ends.
    fn step(&mut self, name: &str, what: &Value) -> io::Result<Option<u8>> {
        let text = what.as_str().unwrap_or_default();
        match name {
            "initialize" => {
                let Some(request) = self.wait_for(|line| line["method"] == "initialize") else {
                    return Ok(Some(0));
                };
                let greeting = json!({ "protocolVersion": 1, "agentCapabilities": {}, "authMethods": [] });
                answer(&request["id"], &with(greeting, what))?;
            }
            "open" => return self.open(what),
            "set" => {
                let is_setting = |line: &Value| {
                    line["method"] == "session/set_mode" || line["method"] == "session/set_config_option"
                };
                let Some(request) = self.wait_for(is_setting) else { return Ok(Some(0)) };
                answer(&request["id"], what)?;
            }
            "prompt" => {
                let Some(request) = self.wait_for(|line| line["method"] == "session/prompt") else {
                    return Ok(Some(0));
                };
                self.prompt = request["id"].clone();
            }
            "update" => self.update(what)?,
            "say" => self.update(&json!({
                "sessionUpdate": "agent_message_chunk", "content": { "type": "text", "text": text },
            }))?,
            "permission" => return self.permission(what),
            "request" => {
                let method = what["method"].as_str().unwrap_or_default();
                let Some(reply) = self.ask(method, &what["params"])? else { return Ok(Some(0)) };
                writeln!(self.log, "{}", json!({ "reply": reply }))?;
            }
            "call" => self.call(what)?,
            "end" => answer(&self.prompt.clone(), &with(json!({ "stopReason": "end_turn" }), what))?,
            "print" => print(text.as_bytes())?,
            "complain" => writeln!(io::stderr(), "{text}")?,
            // A grandchild in a session of its own, which writes its id and stays.
            "orphan" => {
                let line = format!("setsid sh -c 'echo $$ > {text}; exec sleep 600' >/dev/null 2>&1 &");
                Command::new("/bin/sh").args(["-c", &line]).status()?;
            }
            "until" if text == "cancelled" => {
                let is_cancel = |line: &Value| line["method"] == "session/cancel";
                if self.wait_for(is_cancel).is_none() {
                    return Ok(Some(0));
                }
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

    /// Opens a conversation; `updates` are told before the answer, as a load does.
    fn open(&mut self, what: &Value) -> io::Result<Option<u8>> {
        let is_opening = |line: &Value| {
            ["session/new", "session/load", "session/resume"].iter().any(|method| line["method"] == *method)
        };
        let Some(request) = self.wait_for(is_opening) else { return Ok(Some(0)) };
        let params = &request["params"];
        if let Some(server) = params["mcpServers"].get(0).filter(|_| self.tools.is_none()) {
            self.tools = Some(Tools::connect(server)?);
        }
        let names = self.tools.as_ref().map(|tools| tools.names.clone()).unwrap_or_default();
        writeln!(self.log, "{}", json!({ "tools": names }))?;
        if let Some(session) = params["sessionId"].as_str() {
            session.clone_into(&mut self.session);
        }
        for update in what["updates"].as_array().into_iter().flatten() {
            self.update(update)?;
        }
        let mut opened = with(json!({ "sessionId": self.session }), what);
        if let Some(opened) = opened.as_object_mut() {
            opened.remove("updates");
        }
        if let Some(session) = opened["sessionId"].as_str() {
            session.clone_into(&mut self.session);
        }
        answer(&request["id"], &opened)?;
        Ok(None)
    }

    /// Asks for a permission, and does what it is about if it is granted.
    fn permission(&mut self, what: &Value) -> io::Result<Option<u8>> {
        let options = json!([
            { "optionId": "a", "name": "Yes", "kind": "allow_once" }, { "optionId": "r", "name": "No", "kind": "reject_once" },
        ]);
        let options = what.get("options").cloned().unwrap_or(options);
        let params = json!({ "sessionId": self.session, "toolCall": what["toolCall"], "options": options });
        let Some(reply) = self.ask("session/request_permission", &params)? else { return Ok(Some(0)) };
        let outcome = &reply["result"]["outcome"];
        writeln!(self.log, "{}", json!({ "outcome": outcome }))?;
        let chosen =
            options.as_array().into_iter().flatten().find(|option| option["optionId"] == outcome["optionId"]);
        let is_granted = chosen
            .is_some_and(|chosen| chosen["kind"].as_str().is_some_and(|kind| kind.starts_with("allow")));
        let status = if is_granted { "completed" } else { "failed" };
        let id = &what["toolCall"]["toolCallId"];
        self.update(&json!({ "sessionUpdate": "tool_call_update", "toolCallId": id, "status": status }))?;
        Ok(None)
    }

    /// Calls one of the tools that it was handed, as Codex tells of it.
    fn call(&mut self, what: &Value) -> io::Result<()> {
        self.count += 1;
        let (id, name) = (format!("c-{}", self.count), what["name"].as_str().unwrap_or_default());
        self.update(&json!({
            "sessionUpdate": "tool_call", "toolCallId": id, "kind": "execute", "status": "in_progress",
            "title": format!("mcp.orchestra.{name}"), "_meta": { "is_mcp_tool_call": true },
            "rawInput": { "server": "orchestra", "tool": name, "arguments": what["input"] },
        }))?;
        let tools = self.tools.as_mut().ok_or_else(|| io::Error::other("no server to call"))?;
        let (said, is_error) = tools.call(name, &what["input"])?;
        let status = if is_error { "failed" } else { "completed" };
        self.update(&json!({
            "sessionUpdate": "tool_call_update", "toolCallId": id, "status": status,
            "content": [ { "type": "content", "content": { "type": "text", "text": said } } ],
        }))
    }

    fn ask(&mut self, method: &str, params: &Value) -> io::Result<Option<Value>> {
        self.count += 1;
        let id = json!(format!("q-{}", self.count));
        line(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }))?;
        Ok(self.wait_for(|line| line["id"] == id && line.get("method").is_none()))
    }

    fn update(&self, update: &Value) -> io::Result<()> {
        let params = json!({ "sessionId": self.session, "update": update });
        line(&json!({ "jsonrpc": "2.0", "method": "session/update", "params": params }))
    }

    /// The next message of a kind. Those before it are kept.
    fn wait_for(&mut self, is_wanted: impl Fn(&Value) -> bool) -> Option<Value> {
        if let Some(at) = self.kept.iter().position(&is_wanted) {
            return self.kept.remove(at);
        }
        while let Ok(message) = self.lines.recv() {
            if is_wanted(&message) {
                return Some(message);
            }
            self.kept.push_back(message);
        }
        None
    }
}

/// An object with the fields of another in it.
fn with(mut value: Value, change: &Value) -> Value {
    if let (Some(value), Some(change)) = (value.as_object_mut(), change.as_object()) {
        value.extend(change.clone());
    }
    value
}

/// Answers a request: with an error where the answer has one.
fn answer(id: &Value, result: &Value) -> io::Result<()> {
    match result.get("error") {
        Some(error) => line(&json!({ "jsonrpc": "2.0", "id": id, "error": error })),
        None => line(&json!({ "jsonrpc": "2.0", "id": id, "result": result })),
    }
}

fn line(message: &Value) -> io::Result<()> {
    print(format!("{message}\n").as_bytes())
}

fn print(bytes: &[u8]) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(bytes)?;
    stdout.flush()
}
