//! What the loop of the `http` agent costs by itself: a server on this machine says at once what a model would.
//!
//! The server is this program in another role, so that its own time does not count. CPU is that of all threads of this
//! process.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use orchestra_agent::agent::{Agent as _, TurnRequest};
use orchestra_agent::guard::GuardLauncher;
use orchestra_agent::http::HttpRunner;
use orchestra_core::config::http::{HttpAgent, KeySource, Wire};
use orchestra_core::report::{AgentEvent, Outcome};
use rustix::time::ClockId;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::measure::{Pairs, ROUNDS, median, ms, say};
use crate::part;

/// How many tokens are one measurement.
const TOKENS: usize = 10_000;
/// How many tokens an answer has of which the first and the last are measured.
const LONG: usize = 200_000;
const TOKEN: &str = "word ";
/// How many calls a turn makes, each with a request of its own.
const CALLS: usize = 40;
const AIM_TURN: Duration = Duration::from_millis(5);
const AIM_FIRST: Duration = Duration::from_millis(5);
/// How many first tokens are measured.
const FIRSTS: usize = 50;
/// How long the server is silent after the first token, so that nothing pushes it along.
const SILENCE: Duration = Duration::from_millis(20);

/// The last tokens of a long answer, against its first ones.
pub(crate) fn token() {
    let server = Server::start();
    let mut pairs = Vec::new();
    for _ in 0..ROUNDS {
        let (first, all_but_last) = (TOKENS * TOKEN.len(), (LONG - TOKENS) * TOKEN.len());
        let (mut bytes, mut marks) = (0, vec![cpu()]);
        server.play(&format!("tokens-{LONG}"), |event| {
            let AgentEvent::Text { text } = event else { return };
            let before = bytes;
            bytes += text.len();
            if [first, all_but_last, LONG * TOKEN.len()].iter().any(|mark| before < *mark && *mark <= bytes) {
                marks.push(cpu());
            }
        });
        let [begin, first, late, end] = marks[..] else { panic!("{} marks", marks.len()) };
        pairs.push((end.saturating_sub(late), first.saturating_sub(begin)));
    }
    let pairs = Pairs::of(pairs);
    pairs.report(&format!("{TOKENS} tokens at the end of {LONG}"), "the first ones", 1.2);
}

/// A request more within a turn: what was said so far goes out, a call comes back and is carried out.
pub(crate) fn turn() {
    let server = Server::start();
    let cost = |calls: usize| {
        let begun = cpu();
        server.play(&format!("reads-{calls}"), |_| {});
        cpu().saturating_sub(begun).as_secs_f64()
    };
    let _not_counted = cost(1);
    let one: Vec<f64> = (0..ROUNDS).map(|_| cost(0)).collect();
    let many: Vec<f64> = (0..ROUNDS).map(|_| cost(CALLS)).collect();
    let whole = Duration::from_secs_f64(median(one));
    #[expect(clippy::cast_precision_loss, reason = "a few dozens")]
    let more = Duration::from_secs_f64((median(many) - whole.as_secs_f64()).max(0.0) / CALLS as f64);
    let aim = format!("<= {}", ms(AIM_TURN));
    say("CPU of a turn of one request", &ms(whole), &aim, whole <= AIM_TURN, "its client and tools included");
    say("CPU of a request more, with its call", &ms(more), &aim, more <= AIM_TURN, &format!("of {CALLS}"));
}

/// From the server's write of the first token to the event that has it, against a bare socket that reads the same.
pub(crate) fn first() {
    let server = Server::start();
    let (mut ours, mut bare) = (Vec::new(), Vec::new());
    for _ in 0..FIRSTS {
        let mut took = None;
        server.play("first", |event| {
            if let (None, AgentEvent::Text { text }) = (took, event) {
                took = Some(since(text.trim()));
            }
        });
        ours.push(took.unwrap().as_secs_f64());
        bare.push(server.read_first().as_secs_f64());
    }
    let (took, bare) = (Duration::from_secs_f64(median(ours)), Duration::from_secs_f64(median(bare)));
    let numbers = format!("a bare socket {:.2} ms (medians of {FIRSTS})", bare.as_secs_f64() * 1000.0);
    let value = format!("{:.2} ms", took.as_secs_f64() * 1000.0);
    say("first token to its event", &value, &format!("<= {}", ms(AIM_FIRST)), took <= AIM_FIRST, &numbers);
}

/// The server in another process, until it is dropped.
struct Server {
    child: Child,
    address: SocketAddr,
}

impl Server {
    fn start() -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        let mut child = command.arg(part::MODEL).stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self { child, address: line.trim().parse().unwrap() }
    }

    /// Plays a turn on this thread, and shows its events as they come.
    fn play(&self, model: &str, mut each: impl FnMut(&AgentEvent)) {
        let folder = tempfile::tempdir().unwrap();
        let place = |name: &str| {
            let path = folder.path().join(name);
            fs::create_dir(&path).unwrap();
            path
        };
        let workspace = place("repo");
        fs::write(workspace.join("file.txt"), "a line\n".repeat(50)).unwrap();
        let config = HttpAgent {
            wire: Wire::OpenAiChat,
            base_url: format!("http://{}/v1", self.address),
            model: model.to_owned(),
            key: KeySource::NotNeeded,
            headers: std::collections::BTreeMap::new(),
            proxy: None,
            max_output: None,
            window: None,
            condense_at: orchestra_core::config::http::Share::default(),
            effort: None,
            prices: orchestra_core::config::http::Prices::default(),
        };
        let mut request = TurnRequest::new("Go.", workspace, place("scratch"), Vec::new());
        request.conversations = Some(place("sessions"));
        request.output_limit = u64::MAX;
        request.transcript = Some(Box::new(File::create(folder.path().join("log")).unwrap()));
        let runner = HttpRunner::new(config, GuardLauncher::new("/no/guard", Vec::new(), None));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let outcome = runtime.block_on(async {
            let (sender, mut events) = mpsc::channel(16);
            let showing = async {
                while let Some(event) = events.recv().await {
                    each(&event);
                }
            };
            tokio::join!(runner.run(request, sender), showing).0
        });
        assert!(matches!(outcome, Outcome::Reported(_)), "{outcome:?}");
    }

    /// Reads a first token as directly as can be.
    fn read_first(&self) -> Duration {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_nodelay(true).unwrap();
        let body = json!({ "model": "first" }).to_string();
        write!(stream, "POST / HTTP/1.1\r\ncontent-length: {}\r\n\r\n{body}", body.len()).unwrap();
        let mut lines = BufReader::new(stream).lines();
        let line = lines.find_map(|line| line.unwrap().strip_prefix("data: ").map(str::to_owned)).unwrap();
        let chunk: Value = serde_json::from_str(&line).unwrap();
        since(chunk["choices"][0]["delta"]["content"].as_str().unwrap().trim())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It ends with us in any case.
        let _gone = self.child.kill();
        let _waited = self.child.wait();
    }
}

fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap()
}

/// How long ago a server wrote this, by the one clock that all processes share.
fn since(nanoseconds: &str) -> Duration {
    now().saturating_sub(Duration::from_nanos(nanoseconds.parse().unwrap()))
}

/// The time that this process has had on processors, of threads that are gone, too.
fn cpu() -> Duration {
    let time = rustix::time::clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.try_into().unwrap(), time.tv_nsec.try_into().unwrap())
}

/// Plays the server, until somebody ends it: says where it listens, then answers as the model's name wants.
pub(crate) fn serve() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{}", listener.local_addr().unwrap()).unwrap();
    stdout.flush().unwrap();
    for stream in listener.incoming() {
        let stream = stream.unwrap();
        // Whoever hangs up has heard enough.
        thread::spawn(move || drop(answer(stream)));
    }
}

fn answer(mut stream: TcpStream) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let line = line.trim().to_lowercase();
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if line.is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let asked: Value = serde_json::from_slice(&body).unwrap();
    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n")?;
    let model = asked["model"].as_str().unwrap_or_default();
    match model.split_once('-') {
        Some(("tokens", count)) => {
            let chunk = chunk(&json!({ "content": TOKEN }), None);
            let mut out = std::io::BufWriter::new(&stream);
            for _ in 0..count.parse::<usize>().unwrap() {
                out.write_all(chunk.as_bytes())?;
            }
            out.flush()?;
        }
        Some(("reads", count)) => {
            let messages = asked["messages"].as_array().unwrap();
            let read = messages.iter().filter(|message| message["role"] == "tool").count();
            if read < count.parse().unwrap() {
                let function = json!({ "name": "read", "arguments": "{\"path\":\"file.txt\"}" });
                let call =
                    json!({ "index": 0, "id": format!("c{read}"), "type": "function", "function": function });
                stream.write_all(chunk(&json!({ "tool_calls": [call] }), None).as_bytes())?;
                return end(&mut stream, "tool_calls");
            }
            stream.write_all(chunk(&json!({ "content": "Read." }), None).as_bytes())?;
        }
        _ => {
            let stamp = format!("{} \n", now().as_nanos());
            stream.write_all(chunk(&json!({ "content": stamp }), None).as_bytes())?;
            thread::sleep(SILENCE);
        }
    }
    end(&mut stream, "stop")
}

fn chunk(delta: &Value, finish: Option<&str>) -> String {
    let choice = json!({ "index": 0, "delta": delta, "finish_reason": finish });
    format!("data: {}\n\n", json!({ "id": "c", "object": "chat.completion.chunk", "choices": [choice] }))
}

fn end(stream: &mut TcpStream, why: &str) -> std::io::Result<()> {
    stream.write_all(chunk(&json!({}), Some(why)).as_bytes())?;
    stream.write_all(b"data: [DONE]\n\n")
}
