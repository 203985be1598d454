use std::os::unix::fs::MetadataExt as _;

use orchestra_core::own_tool::OwnTool;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};

use super::*;
use crate::own::OwnRequest;

/// A client that speaks the protocol by hand.
struct Client {
    lines: Lines<BufReader<OwnedReadHalf>>,
    writer: OwnedWriteHalf,
}

impl Client {
    async fn connect(socket: &Path) -> Self {
        let (reader, writer) = UnixStream::connect(socket).await.unwrap().into_split();
        Self { lines: BufReader::new(reader).lines(), writer }
    }

    async fn send(&mut self, message: &Value) {
        self.writer.write_all(format!("{message}\n").as_bytes()).await.unwrap();
    }

    async fn receive(&mut self) -> Option<Value> {
        let line = self.lines.next_line().await.unwrap()?;
        Some(serde_json::from_str(&line).unwrap())
    }

    async fn ask(&mut self, method: &str, params: Value) -> Value {
        self.send(&json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params })).await;
        self.receive().await.unwrap()
    }

    /// Shakes hands as Claude Code does.
    async fn open(socket: &Path) -> Self {
        let mut client = Self::connect(socket).await;
        let hello = client.ask("initialize", hello()).await;
        assert_eq!(hello["result"]["serverInfo"]["name"], "orchestra", "{hello}");
        client.send(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" })).await;
        client
    }

    /// Calls a tool: what it said, and whether that is an error.
    async fn call(&mut self, name: &str, input: Value) -> (String, bool) {
        let answer = self.ask("tools/call", json!({ "name": name, "arguments": input })).await;
        said(&answer)
    }
}

fn hello() -> Value {
    json!({ "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": { "name": "test", "version": "1" } })
}

fn said(answer: &Value) -> (String, bool) {
    let text = answer["result"]["content"][0]["text"].as_str().unwrap_or_else(|| panic!("{answer}"));
    (text.to_owned(), answer["result"]["isError"] == true)
}

fn host(offered: &[OwnTool]) -> (McpHost, tokio::sync::mpsc::Receiver<OwnRequest>, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let (own, requests) = OwnTools::new(offered);
    (McpHost::open(own, folder.path()).unwrap(), requests, folder)
}

/// Waits until a client is served, or none.
async fn seat_is(host: &McpHost, taken: bool) {
    while (host.shared.seat.available_permits() == 0) != taken {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_turn_s_tools_and_no_others_are_listed_and_called() {
    let (host, mut requests, _folder) = host(OwnTool::WORKING);
    assert!(!host.has_connected() && !host.has_listed());
    let mut client = Client::open(host.socket()).await;
    let list = client.ask("tools/list", json!({})).await;
    let names: Vec<_> =
        list["result"]["tools"].as_array().unwrap().iter().map(|tool| &tool["name"]).collect();
    assert_eq!(names, ["report_result", "request_decision", "raise_concern"]);
    assert_eq!(list["result"]["tools"][2]["inputSchema"]["properties"]["text"]["type"], "string");
    assert!(host.has_connected() && host.has_listed());

    let answering = tokio::spawn(async move {
        requests.recv().await.unwrap().reply.send(Answer::text("noted")).unwrap();
        assert!(requests.recv().await.is_none(), "no other call came through");
    });
    assert_eq!(client.call("raise_concern", json!({ "text": "x" })).await, ("noted".to_owned(), false));
    let (wrong, is_error) = client.call("raise_concern", json!({ "txt": "x" })).await;
    assert!(is_error && wrong.contains("unknown field `txt`"), "{wrong}");
    let (wrong, is_error) = client.call("ask_user", json!({ "questions": [] })).await;
    assert!(is_error && wrong.contains("no tool `ask_user`"), "{wrong}");
    drop(host);
    answering.await.unwrap();
}

#[tokio::test]
async fn the_first_report_counts_until_the_person_says_something() {
    let (host, _requests, _folder) = host(OwnTool::WORKING);
    let mut client = Client::open(host.socket()).await;
    let mut report =
        async |summary: &str| client.call("report_result", json!({ "summary": summary })).await.1;
    assert!(!report("one").await, "taken");
    assert!(report("two").await, "refused");
    host.outdate_report();
    assert!(!report("three").await, "taken in place of the first");
    assert!(report("four").await, "refused");
    assert_eq!(host.take_report().unwrap().summary, "three");
    assert!(client.call("report_result", json!({ "summary": 1 })).await.1, "a wrong shape is told");
    assert_eq!(host.take_report(), None);
}

#[tokio::test(start_paused = true)]
async fn a_second_client_is_refused_in_words_unless_the_first_is_just_leaving() {
    let (host, _requests, _folder) = host(OwnTool::WORKING);
    let first = Client::open(host.socket()).await;
    let mut second = Client::connect(host.socket()).await;
    let refusal = second.ask("initialize", hello()).await;
    assert!(refusal["error"]["message"].as_str().unwrap().contains("taken"), "{refusal}");
    let mut third = Client::connect(host.socket()).await;
    third.send(&json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello() })).await;
    drop(first);
    let answer = third.receive().await.unwrap();
    assert_eq!(answer["result"]["serverInfo"]["name"], "orchestra", "{answer}");
}

#[tokio::test]
async fn a_call_that_waits_ends_with_its_turn_and_with_its_client() {
    let (host, mut requests, _folder) = host(OwnTool::PLANNING);
    let mut client = Client::open(host.socket()).await;
    let question = json!({ "name": "ask_user", "arguments": { "questions": [ { "question": "Why?" } ] } });
    let call = json!({ "jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": question });
    client.send(&call).await;
    let mut asked = requests.recv().await.unwrap();
    assert!(host.is_asked());
    let params = json!({ "requestId": 7, "reason": "the person interrupted" });
    client.send(&json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": params })).await;
    asked.reply.closed().await;
    while host.is_asked() {
        tokio::task::yield_now().await;
    }

    client.send(&call).await;
    let mut asked = requests.recv().await.unwrap();
    drop(host);
    asked.reply.closed().await;
    while let Some(last) = client.receive().await {
        assert!(!last.to_string().contains("\"isError\":false"), "{last}");
    }
}

#[tokio::test]
async fn after_the_turn_a_call_is_told_that_nobody_answers() {
    let (host, requests, _folder) = host(OwnTool::PLANNING);
    let mut client = Client::open(host.socket()).await;
    drop(requests);
    let (text, is_error) = client.call("ask_user", json!({ "questions": [ { "question": "Why?" } ] })).await;
    assert!(is_error && text.contains("the turn is over"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_asks_for_progress_hears_that_its_call_goes_on() {
    let (host, mut requests, _folder) = host(OwnTool::PLANNING);
    let mut client = Client::open(host.socket()).await;
    let question = json!({
        "name": "ask_user", "arguments": { "questions": [ { "question": "Why?" } ] }, "_meta": { "progressToken": "p1" },
    });
    client.send(&json!({ "jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": question })).await;
    let asked = requests.recv().await.unwrap();
    for expected in [1.0, 2.0] {
        let sign = client.receive().await.unwrap();
        assert_eq!(
            (&sign["method"], &sign["params"]["progress"]),
            (&json!("notifications/progress"), &json!(expected))
        );
        assert_eq!(sign["params"]["progressToken"], "p1");
    }
    asked.reply.send(Answer::text("because")).unwrap();
    assert_eq!(said(&client.receive().await.unwrap()), ("because".to_owned(), false));
}

#[tokio::test]
async fn a52_only_this_user_reaches_the_socket_and_nothing_of_it_stays() {
    let (host, _requests, folder) = host(OwnTool::WORKING);
    let place = host.socket().parent().unwrap().to_owned();
    assert_eq!(place.metadata().unwrap().mode() & 0o777, 0o700);
    assert!(place.starts_with(folder.path()));
    drop(host);
    assert!(!place.exists());

    let long = folder.path().join("x".repeat(LONGEST_SOCKET));
    std::fs::create_dir(&long).unwrap();
    let (own, _requests) = OwnTools::new(OwnTool::WORKING);
    let host = McpHost::open(own, &long).unwrap();
    let place = host.socket().parent().unwrap().to_owned();
    assert!(place.starts_with(SHORT_FOLDER) && host.socket().as_os_str().len() <= LONGEST_SOCKET);
    assert_eq!(place.metadata().unwrap().mode() & 0o777, 0o700);
    Client::open(host.socket()).await;
    drop(host);
    assert!(!place.exists());
}

#[tokio::test]
async fn nonsense_is_survived() {
    let (host, _requests, _folder) = host(OwnTool::WORKING);
    for nonsense in ["\n\n{\n", "[]\n", "null\n", "\u{0}\n", "{\"jsonrpc\":\"2.0\",\"id\":{},\"method\":7}\n"]
    {
        let mut client = Client::connect(host.socket()).await;
        client.writer.write_all(nonsense.as_bytes()).await.unwrap();
    }
    seat_is(&host, false).await;
    Client::open(host.socket()).await;
}

#[tokio::test]
async fn a_relay_copies_both_ways_and_ends_with_either_side() {
    let (host, _requests, _folder) = host(OwnTool::WORKING);
    let (input, mut to_relay) = std::io::pipe().unwrap();
    let (from_relay, output) = std::io::pipe().unwrap();
    let socket = host.socket().to_owned();
    let relaying = tokio::task::spawn_blocking(move || relay(&socket, input, output));
    let hello = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello() });
    let answer = tokio::task::spawn_blocking(move || {
        use std::io::{BufRead as _, Write as _};
        to_relay.write_all(format!("{hello}\n").as_bytes()).unwrap();
        let mut line = String::new();
        std::io::BufReader::new(from_relay).read_line(&mut line).unwrap();
        (line, to_relay)
    });
    let (line, to_relay) = answer.await.unwrap();
    assert!(line.contains("serverInfo"), "{line}");
    drop(to_relay);
    relaying.await.unwrap().unwrap();
    seat_is(&host, false).await;

    let (input, _to_relay) = std::io::pipe().unwrap();
    let socket = host.socket().to_owned();
    let gone = socket.clone();
    let relaying = tokio::task::spawn_blocking(move || relay(&socket, input, std::io::sink()));
    seat_is(&host, true).await;
    drop(host);
    relaying.await.unwrap().unwrap();
    assert!(relay(&gone, std::io::empty(), std::io::sink()).is_err(), "nobody listens any more");
}
