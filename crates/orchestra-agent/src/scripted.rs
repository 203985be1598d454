//! placeholder
use crate::agent::{Agent, TurnRequest};
use crate::guard::GuardLauncher;
use orchestra_core::report::{AgentEvent, Outcome};
use tokio::sync::mpsc::Sender;
/// x
#[derive(Clone, Debug)]
pub struct Scripted;
impl Scripted {
    /// x
    pub fn from_file(_script: &str, _launcher: GuardLauncher) -> Self {
        Self
    }
}
impl Agent for Scripted {
    async fn run(&self, _r: TurnRequest, _e: Sender<AgentEvent>) -> Outcome {
        Outcome::Reported(Box::default())
    }
}
