//! A client of Orchestra's own tools, for the programs that play agents.

use std::io::{self, BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

/// A client of the server of tools.
pub(crate) struct Tools {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    pub(crate) names: Vec<String>,
    count: u32,
}

impl Tools {
    pub(crate) fn connect(server: &Value) -> io::Result<Self> {
        let args = server["args"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let mut child = Command::new(server["command"].as_str().unwrap_or_default())
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(io::Error::other("no pipes"));
        };
        let mut tools = Self { child, stdin, stdout: BufReader::new(stdout), names: Vec::new(), count: 0 };
        let hello = json!({
            "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": { "name": "fake", "version": "1" },
        });
        tools.ask("initialize", &hello)?;
        writeln!(tools.stdin, "{}", json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }))?;
        let list = tools.ask("tools/list", &json!({}))?;
        let names = list["tools"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|tool| tool["name"].as_str().unwrap_or_default().to_owned());
        tools.names = names.collect();
        Ok(tools)
    }

    fn ask(&mut self, method: &str, params: &Value) -> io::Result<Value> {
        self.count += 1;
        let request = json!({ "jsonrpc": "2.0", "id": self.count, "method": method, "params": params });
        writeln!(self.stdin, "{request}")?;
        loop {
            let mut line = String::new();
            if self.stdout.read_line(&mut line)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let answer: Value = serde_json::from_str(&line)?;
            if answer["id"] == self.count {
                let result = answer.get("result").cloned();
                return result.ok_or_else(|| io::Error::other(answer["error"].to_string()));
            }
        }
    }

    pub(crate) fn call(&mut self, name: &str, input: &Value) -> io::Result<(String, bool)> {
        let result = self.ask("tools/call", &json!({ "name": name, "arguments": input }))?;
        let text = result["content"][0]["text"].as_str().unwrap_or_default();
        Ok((text.to_owned(), result["isError"] == true))
    }
}

impl Drop for Tools {
    fn drop(&mut self) {
        // The real one ends its servers before itself.
        let _ended_already = self.child.kill();
        let _waited = self.child.wait();
    }
}
