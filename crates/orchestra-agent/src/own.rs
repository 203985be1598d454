//! Orchestra's own tools within a turn: who may call which, and who answers.
//!
//! A call waits until it is answered: a proposal until the person decided. Whatever calls (the built-in loop, a program
//! over MCP, a script) comes through here, so that a call means the same to all of them.

use orchestra_core::own_tool::{OwnCall, OwnTool};
use serde_json::Value;
use tokio::sync::{mpsc, oneshot};

use crate::tools::Answer;

/// The own tools of one turn.
#[derive(Clone, Debug)]
pub struct OwnTools {
    offered: Vec<OwnTool>,
    calls: mpsc::Sender<OwnRequest>,
}

/// A call that somebody has to answer.
#[derive(Debug)]
pub struct OwnRequest {
    /// What is called, with arguments of the right shape.
    pub call: OwnCall,
    /// Where the answer goes. Dropped, it tells the caller that nobody answers any more.
    pub reply: oneshot::Sender<Answer>,
}

impl OwnTools {
    /// Offers tools, whose calls come out of the receiver.
    pub fn new(offered: &[OwnTool]) -> (Self, mpsc::Receiver<OwnRequest>) {
        let (calls, requests) = mpsc::channel(1);
        (Self { offered: offered.to_vec(), calls }, requests)
    }

    /// The tools that are offered.
    pub fn offered(&self) -> &[OwnTool] {
        &self.offered
    }

    /// Calls a tool by name and waits for the answer. `None` where it is none of those that are offered.
    ///
    /// Cancel-safe: a call that is dropped drops the receiver of its answer.
    pub async fn call(&self, name: &str, input: &Value) -> Option<Answer> {
        let tool = OwnTool::parse(name).filter(|tool| self.offered.contains(tool))?;
        let call = match tool.read(input) {
            Ok(call) => call,
            Err(wrong) => return Some(Answer::wrong(format!("the arguments do not fit: {wrong}"))),
        };
        let (reply, answer) = oneshot::channel();
        if self.calls.send(OwnRequest { call, reply }).await.is_err() {
            return Some(Answer::wrong("nobody answers any more: the turn is over"));
        }
        match answer.await {
            Ok(answer) => Some(answer),
            Err(_closed) => Some(Answer::wrong("nobody answers any more: the turn is over")),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[tokio::test]
    async fn a_call_waits_for_its_answer_and_a_wrong_one_reaches_nobody() {
        let (own, mut requests) = OwnTools::new(&[OwnTool::RaiseConcern]);
        let answering = tokio::spawn(async move {
            let request = requests.recv().await.unwrap();
            assert_eq!(request.call.tool(), OwnTool::RaiseConcern);
            request.reply.send(Answer::text("noted")).unwrap();
            assert!(requests.recv().await.is_none(), "no second call");
        });
        assert_eq!(own.call("ask_user", &json!({})).await, None);
        let wrong = own.call("raise_concern", &json!({ "text": 1 })).await.unwrap();
        assert!(wrong.is_error && wrong.text.starts_with("the arguments do not fit"));
        let noted = own.call("raise_concern", &json!({ "text": "x" })).await.unwrap();
        assert_eq!(noted, Answer::text("noted"));
        drop(own);
        answering.await.unwrap();
    }

    #[tokio::test]
    async fn a_call_after_the_turn_is_told_so() {
        let (own, requests) = OwnTools::new(&[OwnTool::RaiseConcern]);
        drop(requests);
        assert!(own.call("raise_concern", &json!({ "text": "x" })).await.unwrap().is_error);
    }
}
