//! What the tests of the loop share: a server, an agent that asks it, tools that only say what they were asked.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use futures_util::future::BoxFuture;
use orchestra_agent::agent::{Agent, TurnRequest};
use orchestra_agent::guard::GuardLauncher;
use orchestra_agent::http::{HttpRunner, Tools};
use orchestra_agent::own::{OwnRequest, OwnTools};
use orchestra_agent::tools::{Access, Answer, Spec};
use orchestra_core::config::http::{HttpAgent, KeySource, Wire};
use orchestra_core::own_tool::OwnTool;
use orchestra_core::prompt::{Prompt, Stays};
use orchestra_core::report::{AgentEvent, Fault, Outcome, Report};
use orchestra_testkit::model_server::ModelServer;
use serde_json::{Value, json};
use tokio::sync::Barrier;
use tokio::sync::mpsc::{self, Receiver, Sender};

use crate::support::{Kept, Room};

pub(super) const WIRES: [Wire; 3] = [Wire::AnthropicMessages, Wire::OpenAiChat, Wire::OpenAiResponses];

/// The key that must show nowhere. It looks like none.
pub(super) const KEY: &str = "planted canary with/slash and-7";
pub(super) const KEY_ENV: &str = "MY_MODEL_LOGIN";

pub(super) struct Desk {
    pub(super) server: ModelServer,
    pub(super) config: HttpAgent,
    pub(super) room: Room,
    pub(super) tools: Arc<FakeTools>,
    pub(super) transcript: Kept,
}

impl Desk {
    pub(super) fn new(wire: Wire) -> Self {
        let server = ModelServer::start();
        let mut config = HttpAgent::new(wire, server.url(), "model-1");
        config.key = KeySource::Variable(KEY_ENV.to_owned());
        let (room, tools) = (Room::new(), Arc::new(FakeTools::default()));
        Self { server, config, room, tools, transcript: Kept::default() }
    }

    pub(super) fn agent(&self) -> HttpRunner {
        runner(self.config.clone()).with_tools(Arc::<FakeTools>::clone(&self.tools))
    }

    pub(super) fn request(&self) -> TurnRequest {
        let mut request = self.room.request("phase-1");
        let mut prompt = Prompt::new();
        prompt.add(Stays::Project, "role", "You are the backend engineer.");
        prompt.add(Stays::Turn, "phase", "Do it.");
        request.prompt = prompt;
        request.environment.push((KEY_ENV.into(), KEY.into()));
        request.conversations = Some(self.folder());
        request.transcript = Some(Box::new(self.transcript.clone()));
        request
    }

    pub(super) fn folder(&self) -> PathBuf {
        self.room.path("conversations")
    }

    pub(super) async fn run(&self) -> (Outcome, Vec<AgentEvent>) {
        crate::support::run(&self.agent(), self.request()).await
    }

    /// Runs a turn that ends well, and gives its report.
    #[track_caller]
    pub(super) fn reported(outcome: Outcome) -> Report {
        match outcome {
            Outcome::Reported(report) => *report,
            Outcome::Faulted(fault) => panic!("{fault:?}"),
        }
    }

    /// Every message of the only conversation that was kept.
    pub(super) fn kept(&self) -> Vec<Value> {
        let mut files: Vec<_> =
            std::fs::read_dir(self.folder()).unwrap().map(|file| file.unwrap().path()).collect();
        assert_eq!(files.len(), 1, "{files:?}");
        let text = std::fs::read_to_string(files.remove(0)).unwrap();
        assert!(text.ends_with('\n'));
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The roles of the messages that were kept.
    pub(super) fn roles(&self) -> Vec<String> {
        self.kept().iter().map(|message| message["role"].as_str().unwrap().to_owned()).collect()
    }

    /// The roles of the messages that the next turn begins with.
    pub(super) fn roles_of_what_is_sent(&self) -> Vec<String> {
        let kept = self.kept();
        let anew = kept.iter().rposition(|line| line.get("condensed").is_some());
        let (before, after) = kept.split_at(anew.map_or(0, |at| at + 1));
        let begun =
            before.last().map(|line| line["condensed"].as_array().unwrap().clone()).unwrap_or_default();
        begun.iter().chain(after).map(|message| message["role"].as_str().unwrap().to_owned()).collect()
    }

    pub(super) fn written(&self) -> String {
        String::from_utf8(self.transcript.0.lock().unwrap().clone()).unwrap()
    }

    /// The texts of what the model is told in a request: of the person, and of tools.
    pub(super) fn told(&self, request: usize) -> String {
        self.server.requests()[request].text()
    }
}

/// An agent that starts nothing.
pub(super) fn runner(config: HttpAgent) -> HttpRunner {
    HttpRunner::new(config, GuardLauncher::new("/nowhere", Vec::new(), None))
}

pub(super) fn fault(outcome: Outcome) -> Fault {
    match outcome {
        Outcome::Faulted(fault) => fault,
        Outcome::Reported(report) => panic!("{report:?}"),
    }
}

/// Tools that say what they were asked, and do nothing.
#[derive(Default)]
pub(super) struct FakeTools {
    pub(super) asked: Mutex<Vec<String>>,
    /// Whom the tool `together` waits for.
    pub(super) barrier: Mutex<Option<Arc<Barrier>>>,
    /// Whom the tool `telephone` speaks to: the person, who then says something.
    pub(super) person: Mutex<Option<Sender<String>>>,
    /// What `read` says instead.
    pub(super) content: Mutex<Option<String>>,
}

impl FakeTools {
    pub(super) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    async fn answer(&self, name: &str, input: &Value, output: &Sender<String>) -> Option<Answer> {
        self.asked.lock().unwrap().push(format!("{name} {input}"));
        Some(match name {
            "read" => {
                Answer::text(self.content.lock().unwrap().clone().unwrap_or_else(|| "hello".to_owned()))
            }
            "together" => {
                let barrier = self.barrier.lock().unwrap().clone().unwrap();
                barrier.wait().await;
                Answer::text("together")
            }
            "telephone" => {
                let person = self.person.lock().unwrap().clone().unwrap();
                person.send("use bcrypt, please".to_owned()).await.unwrap();
                Answer::text("rang")
            }
            "write" => Answer { changed: Some("a.txt".to_owned()), ..Answer::text("written") },
            "run" => {
                output.send("line 1\n".to_owned()).await.unwrap();
                output.send("line 2\n".to_owned()).await.unwrap();
                Answer::wrong("exit code 1")
            }
            "hang" => std::future::pending().await,
            _ => return None,
        })
    }
}

impl Tools for FakeTools {
    fn specs(&self) -> Vec<Spec> {
        let spec = |name: &str, access| Spec {
            name: name.to_owned(),
            description: format!("does {name}"),
            schema: json!({ "type": "object", "properties": { "path": { "type": "string" } } }),
            access,
        };
        vec![
            spec("read", Access::Reads),
            spec("together", Access::Reads),
            spec("telephone", Access::Reads),
            spec("write", Access::Writes),
            spec("run", Access::Writes),
            spec("hang", Access::Writes),
        ]
    }

    fn call<'a>(
        &'a self,
        name: &'a str,
        input: &'a Value,
        output: &'a Sender<String>,
    ) -> BoxFuture<'a, Option<Answer>> {
        Box::pin(self.answer(name, input, output))
    }
}

/// Offers own tools, all of which are answered with `noted` and kept.
pub(super) fn own(tools: &[OwnTool]) -> (OwnTools, Arc<Mutex<Vec<OwnTool>>>) {
    let (own, mut requests): (_, Receiver<OwnRequest>) = OwnTools::new(tools);
    let seen = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&seen);
    tokio::spawn(async move {
        while let Some(OwnRequest { call, reply }) = requests.recv().await {
            kept.lock().unwrap().push(call.tool());
            drop(reply.send(Answer::text("noted")));
        }
    });
    (own, seen)
}

/// Runs a turn and does something at an event of it.
pub(super) async fn run_and_at(
    agent: &impl Agent,
    request: TurnRequest,
    mut at: impl FnMut(&AgentEvent),
) -> (Outcome, Vec<AgentEvent>) {
    let (sender, mut receiver) = mpsc::channel(16);
    let collect = async {
        let mut events = Vec::new();
        while let Some(event) = receiver.recv().await {
            at(&event);
            events.push(event);
        }
        events
    };
    tokio::join!(agent.run(request, sender), collect)
}
