//! JSON-RPC 2.0 as the protocol uses it: which kind of message a line is, and the lines that are answered.

use serde_json::{Value, json};

use crate::command::event::text_at;

/// `-32000`: somebody has to log in first.
pub(super) const AUTH_REQUIRED: i64 = -32000;
/// `-32601`: there is no such method.
const METHOD_NOT_FOUND: i64 = -32601;

/// One message of the agent.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Message {
    /// The answer to a request of ours.
    Answer { id: u64, result: Result<Value, Failure> },
    /// A request that waits for an answer. Its id is the agent's own: a number or a text.
    Request { id: Value, method: String, params: Value },
    /// Something told.
    Told { method: String, params: Value },
}

/// The error of an answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Failure {
    pub(super) code: i64,
    pub(super) message: String,
    pub(super) data: Value,
}

impl Message {
    /// `None` where it is none of the protocol's.
    pub(super) fn parse(mut value: Value) -> Option<Self> {
        let id = value.get("id").cloned().filter(|id| !id.is_null());
        if let Some(method) = value.get("method") {
            let method = method.as_str()?.to_owned();
            let params = value.get_mut("params").map(Value::take).unwrap_or_default();
            return Some(match id {
                Some(id) => Self::Request { id, method, params },
                None => Self::Told { method, params },
            });
        }
        let id = id?.as_u64()?;
        if let Some(error) = value.get_mut("error") {
            let failure = Failure {
                code: error.get("code").and_then(Value::as_i64).unwrap_or_default(),
                message: text_at(error, "message").to_owned(),
                data: error.get_mut("data").map(Value::take).unwrap_or_default(),
            };
            return Some(Self::Answer { id, result: Err(failure) });
        }
        let result = value.get_mut("result")?.take();
        Some(Self::Answer { id, result: Ok(result) })
    }
}

/// A request of ours.
pub(super) fn request(id: u64, method: &str, params: &Value) -> Vec<u8> {
    line(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }))
}

/// Something that is told the agent.
pub(super) fn told(method: &str, params: &Value) -> Vec<u8> {
    line(&json!({ "jsonrpc": "2.0", "method": method, "params": params }))
}

/// The answer to a request of the agent.
pub(super) fn answer(id: &Value, result: &Value) -> Vec<u8> {
    line(&json!({ "jsonrpc": "2.0", "id": id, "result": result }))
}

/// Answers a request that is none of ours to serve, so that nothing waits for it.
pub(super) fn not_served(id: &Value, method: &str) -> Vec<u8> {
    let error =
        json!({ "code": METHOD_NOT_FOUND, "message": "Method not found", "data": { "method": method } });
    line(&json!({ "jsonrpc": "2.0", "id": id, "error": error }))
}

fn line(value: &Value) -> Vec<u8> {
    let mut line = value.to_string().into_bytes();
    line.push(b'\n');
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_told_apart_by_its_keys() {
        let ok = Message::parse(json!({ "id": 3, "result": { "a": 1 } }));
        assert_eq!(ok, Some(Message::Answer { id: 3, result: Ok(json!({ "a": 1 })) }));
        let Some(Message::Answer { result: Err(failure), .. }) =
            Message::parse(json!({ "id": 3, "error": { "code": 429, "message": "busy" } }))
        else {
            panic!("an error")
        };
        assert_eq!((failure.code, failure.message.as_str()), (429, "busy"));
        let asked = Message::parse(json!({ "id": "a-b", "method": "fs/read_text_file", "params": {} }));
        assert!(matches!(asked, Some(Message::Request { id, .. }) if id == "a-b"));
        let told = Message::parse(json!({ "id": null, "method": "session/update" }));
        assert!(matches!(told, Some(Message::Told { params: Value::Null, .. })));
    }

    #[test]
    fn what_is_no_message_is_none() {
        for value in [
            json!(null),
            json!([]),
            json!(1),
            json!({}),
            json!({ "id": 1 }),
            json!({ "id": "3", "result": 1 }),
            json!({ "id": -1, "result": 1 }),
            json!({ "method": 7 }),
            json!([{ "id": 1, "result": 1 }]),
        ] {
            assert_eq!(Message::parse(value.clone()), None, "{value}");
        }
    }
}
