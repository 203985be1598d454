//! A model on this machine: a server that speaks three formats over real sockets, says what its script says, and can
//! misbehave. Which format is meant is seen by the path of a request.
//!
//! ```no_run
//! use orchestra_testkit::model_server::{Fault, ModelServer, Reply};
//! use serde_json::json;
//!
//! let server = ModelServer::start();
//! server.call("read", json!({ "path": "a.txt" })).say("It says hello.").fault(Fault::Overloaded);
//! server.when("You are the reviewer", Reply::new().say("Fine."));
//! // … have an agent ask `server.url()` …
//! assert_eq!(server.requests().len(), 3);
//! ```
//!
//! Absent on purpose: time. What has to wait waits for a [`Gate`].

mod serve;
mod speak;

use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use serde_json::Value;

/// A server of its own on a free port, until it is dropped.
#[derive(Debug)]
pub struct ModelServer {
    address: SocketAddr,
    shared: Arc<Shared>,
}

/// What a server and its connections share.
#[derive(Debug, Default)]
struct Shared {
    script: Mutex<VecDeque<Scripted>>,
    asked: Mutex<Vec<Asked>>,
    calls: AtomicU64,
    is_over: AtomicBool,
    /// Opens when the server goes.
    end: Gate,
}

#[derive(Debug)]
struct Scripted {
    /// What the body of a request must contain.
    when: Option<String>,
    reply: Reply,
}

/// One answer, made of steps.
#[derive(Clone, Debug, Default)]
pub struct Reply {
    steps: Vec<Step>,
    fault: Option<Fault>,
    usage: Usage,
    stop: Stop,
}

/// What an answer says that it has consumed.
#[derive(Clone, Copy, Debug)]
pub struct Usage {
    /// Tokens read, those from a cache included.
    pub input: u64,
    /// Of these, read from a cache.
    pub cached: u64,
    /// Of these, put into a cache (where the format tells it).
    pub written: u64,
    /// Tokens written.
    pub output: u64,
}

impl Default for Usage {
    fn default() -> Self {
        Self { input: 100, cached: 0, written: 0, output: 10 }
    }
}

/// Why an answer ends, in the words of each format.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Stop {
    /// By itself: it has said everything, or wants tools to be called.
    #[default]
    Well,
    /// At the limit of tokens.
    AtTheLimit,
    /// The model refuses.
    Refusing,
    /// A filter of the provider's.
    Filtered,
}

/// A part of an answer.
#[derive(Clone, Debug)]
enum Step {
    Think(String),
    Say(String),
    /// Arguments as they are sent: they need not be JSON.
    Call {
        name: String,
        arguments: String,
    },
    Hold(Gate),
}

/// A way not to answer as one should.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Fault {
    /// 401.
    Unauthorized,
    /// 402.
    NoCredit,
    /// 429, with the header `retry-after` where it has one.
    RateLimited(Option<String>),
    /// 529.
    Overloaded,
    /// 500.
    Internal,
    /// 400: the conversation is too long.
    Overflow,
    /// Any status with any body.
    Status(u16, String),
    /// 307 to another place.
    RedirectTo(String),
    /// The stream ends within the arguments of a call.
    CutInCall,
    /// The stream ends within a text.
    CutInText,
    /// Nothing comes, not even a status.
    Silence,
    /// The beginning of a text comes, and then nothing.
    SilenceInText,
    /// The answer comes, a byte at a time.
    Drip,
    /// A small body that says that it is a large one, packed.
    GzipBomb,
    /// An event whose data is no JSON.
    BadJson,
    /// A text with bytes that are no UTF-8; everything else is as it should be.
    BadUtf8,
    /// A page for people, with success.
    Page,
    /// Text without end.
    Endless,
    /// Calls of tools without end.
    EndlessCalls,
    /// An error in the middle of a stream that began well.
    ErrorInStream,
}

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The path.
    pub path: String,
    /// Names in small letters, with their values.
    pub headers: Vec<(String, String)>,
    /// The bytes of the body.
    pub raw: Vec<u8>,
    /// The body as JSON, null where it is none.
    pub body: Value,
}

impl Asked {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.raw).into_owned()
    }
}

/// Something that an answer waits for.
#[derive(Clone, Debug, Default)]
pub struct Gate(Arc<(Mutex<bool>, Condvar)>);

impl Gate {
    /// A gate that is shut.
    pub fn new() -> Self {
        Self::default()
    }

    /// Opens it, for good.
    pub fn open(&self) {
        *held(&self.0.0) = true;
        self.0.1.notify_all();
    }

    fn wait(&self) {
        let mut is_open = held(&self.0.0);
        while !*is_open {
            is_open = self.0.1.wait(is_open).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Reply {
    /// An answer that says nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Thinks.
    #[must_use]
    pub fn think(self, text: &str) -> Self {
        self.step(Step::Think(text.to_owned()))
    }

    /// Says something, in several pieces.
    #[must_use]
    pub fn say(self, text: &str) -> Self {
        self.step(Step::Say(text.to_owned()))
    }

    /// Calls a tool.
    #[must_use]
    pub fn call(self, tool: &str, arguments: &Value) -> Self {
        self.call_with(tool, &arguments.to_string())
    }

    /// Calls a tool with arguments as they stand here.
    #[must_use]
    pub fn call_with(self, tool: &str, arguments: &str) -> Self {
        self.step(Step::Call { name: tool.to_owned(), arguments: arguments.to_owned() })
    }

    /// Waits for a gate before it goes on.
    #[must_use]
    pub fn hold(self, gate: &Gate) -> Self {
        self.step(Step::Hold(gate.clone()))
    }

    /// Says that it has consumed so much.
    #[must_use]
    pub fn usage(mut self, usage: Usage) -> Self {
        self.usage = usage;
        self
    }

    /// Ends in another way than well.
    #[must_use]
    pub fn stop(mut self, stop: Stop) -> Self {
        self.stop = stop;
        self
    }

    /// Misbehaves; what is said before counts where the fault is within a stream.
    #[must_use]
    pub fn fault(mut self, fault: Fault) -> Self {
        self.fault = Some(fault);
        self
    }

    fn step(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }
}

impl ModelServer {
    /// Starts one that has nothing to say yet.
    pub fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared::default());
        let server = Arc::clone(&shared);
        std::thread::spawn(move || serve::accept(&listener, &server));
        Self { address, shared }
    }

    /// Where it is, without a path.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Its next answer says this.
    pub fn say(&self, text: &str) -> &Self {
        self.answer(Reply::new().say(text))
    }

    /// Its next answer calls a tool.
    #[expect(clippy::needless_pass_by_value, reason = "arguments are written in place")]
    pub fn call(&self, tool: &str, arguments: Value) -> &Self {
        self.answer(Reply::new().call(tool, &arguments))
    }

    /// Its next answer misbehaves.
    pub fn fault(&self, fault: Fault) -> &Self {
        self.answer(Reply::new().fault(fault))
    }

    /// Its next answer is this.
    pub fn answer(&self, reply: Reply) -> &Self {
        held(&self.shared.script).push_back(Scripted { when: None, reply });
        self
    }

    /// Its answer to a request whose body contains this; it goes before what stands behind it.
    pub fn when(&self, contains: &str, reply: Reply) -> &Self {
        held(&self.shared.script).push_back(Scripted { when: Some(contains.to_owned()), reply });
        self
    }

    /// Every request so far.
    pub fn requests(&self) -> Vec<Asked> {
        held(&self.shared.asked).clone()
    }

    /// How many answers nobody asked for yet.
    pub fn left(&self) -> usize {
        held(&self.shared.script).len()
    }
}

impl Drop for ModelServer {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::SeqCst);
        self.shared.end.open();
        for Scripted { reply, .. } in held(&self.shared.script).drain(..) {
            reply.release();
        }
        // Wakes who waits for connections; where nobody does, nothing is to be done.
        drop(TcpStream::connect(self.address));
    }
}

impl Reply {
    fn release(&self) {
        for step in &self.steps {
            if let Step::Hold(gate) = step {
                gate.open();
            }
        }
    }
}

impl Shared {
    fn is_over(&self) -> bool {
        self.is_over.load(Ordering::SeqCst)
    }

    /// Keeps a request and finds the answer to it.
    fn reply_to(&self, asked: Asked) -> Option<Reply> {
        let text = asked.text();
        // In this order, so that who sees the answer sees the request.
        held(&self.asked).push(asked);
        let mut script = held(&self.script);
        let fits = |scripted: &Scripted| scripted.when.as_ref().is_none_or(|when| text.contains(when));
        let at = script.iter().position(fits)?;
        script.remove(at).map(|scripted| scripted.reply)
    }

    fn next_call(&self) -> u64 {
        self.calls.fetch_add(1, Ordering::SeqCst) + 1
    }
}
