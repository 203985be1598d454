//! What an answer looks like in each of the three formats.

use std::io;

use serde_json::{Value, json};

use super::serve::Answering;
use super::{Fault, Reply, Step, Stop, Usage};

/// A format.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Wire {
    Messages,
    Chat,
    Responses,
}

impl Wire {
    pub(super) fn of(path: &str) -> Option<Self> {
        let path = path.split('?').next().unwrap_or_default();
        [("/messages", Self::Messages), ("/chat/completions", Self::Chat), ("/responses", Self::Responses)]
            .into_iter()
            .find(|(end, _)| path.ends_with(end))
            .map(|(_, wire)| wire)
    }
}

/// Says it all. Whether the stream came to its end as it should.
pub(super) fn speak(out: &mut Answering<'_>, wire: Wire, reply: &Reply) -> io::Result<bool> {
    let mut speaker = Speaker { out, wire, index: 0, items: Vec::new() };
    speaker.begin(reply.usage)?;
    for step in &reply.steps {
        match step {
            Step::Think(text) => speaker.think(text)?,
            Step::Say(text) => speaker.say(text)?,
            Step::Call { name, arguments } => speaker.call(name, arguments, false)?,
            Step::Hold(gate) => gate.wait(),
        }
    }
    let said = "I have only just begun";
    match reply.fault {
        Some(Fault::CutInCall) => {
            speaker.call("write", "{\"path\": \"a.txt\", \"content\": \"half of it", true)?;
            return Ok(false);
        }
        Some(Fault::CutInText) => {
            speaker.open_text(said)?;
            return Ok(false);
        }
        Some(Fault::SilenceInText) => {
            speaker.open_text(said)?;
            speaker.out.shared.end.wait();
            return Ok(false);
        }
        Some(Fault::BadJson) => speaker.raw(b"data: {\"type\": oops\n\n")?,
        Some(Fault::BadUtf8) => speaker.say_bytes(b"caf\xe9 \xf0\x9f")?,
        Some(Fault::Endless) => {
            speaker.open_text(said)?;
            loop {
                speaker.more_text(&" and on".repeat(500))?;
            }
        }
        Some(Fault::EndlessCalls) => loop {
            speaker.call("read", "{\"path\":\"a\"}", false)?;
        },
        Some(Fault::ErrorInStream) => {
            speaker.open_text(said)?;
            speaker.error()?;
            return Ok(true);
        }
        _ => {}
    }
    speaker.end(reply)?;
    Ok(true)
}

struct Speaker<'a, 'b> {
    out: &'a mut Answering<'b>,
    wire: Wire,
    index: usize,
    /// What a response consists of, for its end.
    items: Vec<Value>,
}

impl Speaker<'_, '_> {
    fn raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.out.chunk(bytes)
    }

    fn event(&mut self, data: &Value) -> io::Result<()> {
        let name = data["type"].as_str().filter(|_| self.wire != Wire::Chat);
        let name = name.map(|name| format!("event: {name}\n")).unwrap_or_default();
        self.raw(format!("{name}data: {data}\n\n").as_bytes())
    }

    fn chat(&mut self, delta: &Value, finish: Option<&str>) -> io::Result<()> {
        let choice = json!({ "index": 0, "delta": delta, "finish_reason": finish });
        self.event(&json!({ "id": "chatcmpl-1", "object": "chat.completion.chunk", "choices": [choice] }))
    }

    fn begin(&mut self, usage: Usage) -> io::Result<()> {
        match self.wire {
            Wire::Messages => {
                let usage = json!({
                    "input_tokens": usage.input - usage.cached - usage.written,
                    "cache_read_input_tokens": usage.cached,
                    "cache_creation_input_tokens": usage.written,
                    "output_tokens": 1,
                });
                let message = json!({ "id": "msg_1", "role": "assistant", "content": [], "usage": usage });
                self.event(&json!({ "type": "message_start", "message": message }))?;
                self.event(&json!({ "type": "ping" }))
            }
            Wire::Chat => {
                self.raw(b": a comment\n\n")?;
                self.chat(&json!({ "role": "assistant", "content": "" }), None)
            }
            Wire::Responses => {
                self.event(&json!({ "type": "response.created", "response": { "id": "resp_1" } }))
            }
        }
    }

    fn think(&mut self, text: &str) -> io::Result<()> {
        match self.wire {
            Wire::Messages => {
                let index = self.index;
                let block = json!({ "type": "thinking", "thinking": "", "signature": "" });
                self.event(
                    &json!({ "type": "content_block_start", "index": index, "content_block": block }),
                )?;
                for delta in [
                    json!({ "type": "thinking_delta", "thinking": text }),
                    json!({ "type": "signature_delta", "signature": format!("signed:{text}") }),
                ] {
                    self.event(&json!({ "type": "content_block_delta", "index": index, "delta": delta }))?;
                }
                self.block_stop()
            }
            Wire::Chat => self.chat(&json!({ "reasoning_content": text }), None),
            Wire::Responses => {
                let delta = json!({ "type": "response.reasoning_summary_text.delta", "summary_index": 0, "delta": text });
                self.event(&delta)?;
                let summary = json!([{ "type": "summary_text", "text": text }]);
                let item = json!({
                    "type": "reasoning",
                    "id": format!("rs_{}", self.index),
                    "summary": summary,
                    "encrypted_content": format!("sealed:{text}"),
                });
                self.item_done(item)
            }
        }
    }

    fn say(&mut self, text: &str) -> io::Result<()> {
        let mut words = text.split_inclusive(' ');
        self.open_text(words.next().unwrap_or_default())?;
        for word in words {
            self.more_text(word)?;
        }
        self.close_text(text)
    }

    /// A text that is none, in the middle of JSON that is fine otherwise.
    fn say_bytes(&mut self, text: &[u8]) -> io::Result<()> {
        self.open_text("I say ")?;
        let mark = "MARK";
        let event = match self.wire {
            Wire::Messages => {
                let delta = json!({ "type": "text_delta", "text": mark });
                json!({ "type": "content_block_delta", "index": self.index, "delta": delta })
            }
            Wire::Chat => json!({ "choices": [{ "index": 0, "delta": { "content": mark } }] }),
            Wire::Responses => json!({ "type": "response.output_text.delta", "delta": mark }),
        };
        let event = format!("data: {event}\n\n");
        let (before, after) = event.split_once(mark).unwrap();
        self.raw(&[before.as_bytes(), text, after.as_bytes()].concat())?;
        self.close_text(&format!("I say {}", String::from_utf8_lossy(text)))
    }

    fn open_text(&mut self, text: &str) -> io::Result<()> {
        if self.wire == Wire::Messages {
            let block = json!({ "type": "text", "text": "" });
            self.event(
                &json!({ "type": "content_block_start", "index": self.index, "content_block": block }),
            )?;
        }
        self.more_text(text)
    }

    fn more_text(&mut self, text: &str) -> io::Result<()> {
        match self.wire {
            Wire::Messages => {
                let delta = json!({ "type": "text_delta", "text": text });
                self.event(&json!({ "type": "content_block_delta", "index": self.index, "delta": delta }))
            }
            Wire::Chat => self.chat(&json!({ "content": text }), None),
            Wire::Responses => self.event(&json!({ "type": "response.output_text.delta", "delta": text })),
        }
    }

    fn close_text(&mut self, whole: &str) -> io::Result<()> {
        match self.wire {
            Wire::Messages => self.block_stop(),
            Wire::Chat => Ok(()),
            Wire::Responses => {
                let content = json!([{ "type": "output_text", "text": whole, "annotations": [] }]);
                self.item_done(
                    json!({ "type": "message", "id": "msg_1", "role": "assistant", "content": content }),
                )
            }
        }
    }

    fn call(&mut self, name: &str, arguments: &str, is_cut: bool) -> io::Result<()> {
        let (id, index) = (self.out.shared.next_call(), self.index);
        // In two pieces, as they come.
        let (one, two) = arguments.split_at(arguments.floor_char_boundary(arguments.len() / 2));
        match self.wire {
            Wire::Messages => {
                let block =
                    json!({ "type": "tool_use", "id": format!("toolu_{id}"), "name": name, "input": {} });
                self.event(
                    &json!({ "type": "content_block_start", "index": index, "content_block": block }),
                )?;
                for piece in [one, two] {
                    let delta = json!({ "type": "input_json_delta", "partial_json": piece });
                    self.event(&json!({ "type": "content_block_delta", "index": index, "delta": delta }))?;
                }
                if is_cut { Ok(()) } else { self.block_stop() }
            }
            Wire::Chat => {
                let function = json!({ "name": name, "arguments": one });
                let call = json!({ "index": index, "id": format!("call_{id}"), "type": "function", "function": function });
                self.chat(&json!({ "tool_calls": [call] }), None)?;
                let rest = json!({ "index": index, "function": { "arguments": two } });
                self.chat(&json!({ "tool_calls": [rest] }), None)?;
                self.index += 1;
                Ok(())
            }
            Wire::Responses => {
                let item = json!({ "type": "function_call", "id": format!("fc_{id}"), "call_id": format!("call_{id}"), "name": name, "arguments": "" });
                self.event(
                    &json!({ "type": "response.output_item.added", "output_index": index, "item": item }),
                )?;
                for piece in [one, two] {
                    self.event(&json!({ "type": "response.function_call_arguments.delta", "delta": piece }))?;
                }
                if is_cut {
                    return Ok(());
                }
                let mut item = item;
                item["arguments"] = json!(arguments);
                self.item_done(item)
            }
        }
    }

    fn block_stop(&mut self) -> io::Result<()> {
        let index = self.index;
        self.index += 1;
        self.event(&json!({ "type": "content_block_stop", "index": index }))
    }

    fn item_done(&mut self, item: Value) -> io::Result<()> {
        self.event(
            &json!({ "type": "response.output_item.done", "output_index": self.index, "item": item }),
        )?;
        self.index += 1;
        self.items.push(item);
        Ok(())
    }

    fn error(&mut self) -> io::Result<()> {
        let error = json!({ "type": "overloaded_error", "code": "server_is_overloaded", "message": "overloaded just now" });
        match self.wire {
            Wire::Messages => self.event(&json!({ "type": "error", "error": error })),
            Wire::Chat => self.event(&json!({ "error": error })),
            Wire::Responses => self.event(
                &json!({ "type": "response.failed", "response": { "status": "failed", "error": error } }),
            ),
        }
    }

    fn end(&mut self, reply: &Reply) -> io::Result<()> {
        let has_calls = reply.steps.iter().any(|step| matches!(step, Step::Call { .. }));
        match self.wire {
            Wire::Messages => self.end_messages(reply, has_calls),
            Wire::Chat => self.end_chat(reply, has_calls),
            Wire::Responses => self.end_responses(reply),
        }
    }

    fn end_messages(&mut self, reply: &Reply, has_calls: bool) -> io::Result<()> {
        let reason = match reply.stop {
            Stop::Well if has_calls => "tool_use",
            Stop::Well => "end_turn",
            Stop::AtTheLimit => "max_tokens",
            Stop::Refusing | Stop::Filtered => "refusal",
        };
        let usage = json!({ "output_tokens": reply.usage.output });
        self.event(&json!({ "type": "message_delta", "delta": { "stop_reason": reason }, "usage": usage }))?;
        self.event(&json!({ "type": "message_stop" }))
    }

    fn end_chat(&mut self, reply: &Reply, has_calls: bool) -> io::Result<()> {
        if reply.stop == Stop::Refusing {
            self.chat(&json!({ "refusal": "I will not do that." }), None)?;
        }
        let reason = match reply.stop {
            Stop::Well if has_calls => "tool_calls",
            Stop::Well | Stop::Refusing => "stop",
            Stop::AtTheLimit => "length",
            Stop::Filtered => "content_filter",
        };
        self.chat(&json!({}), Some(reason))?;
        let usage = json!({
            "prompt_tokens": reply.usage.input,
            "completion_tokens": reply.usage.output,
            "prompt_tokens_details": { "cached_tokens": reply.usage.cached },
        });
        self.event(&json!({ "choices": [], "usage": usage }))?;
        self.raw(b"data: [DONE]\n\n")
    }

    fn end_responses(&mut self, reply: &Reply) -> io::Result<()> {
        if reply.stop == Stop::Refusing {
            self.event(&json!({ "type": "response.refusal.delta", "delta": "I will not do that." }))?;
        }
        let usage = json!({
            "input_tokens": reply.usage.input,
            "input_tokens_details": { "cached_tokens": reply.usage.cached },
            "output_tokens": reply.usage.output,
        });
        let (kind, details) = match reply.stop {
            Stop::Well | Stop::Refusing => ("response.completed", Value::Null),
            Stop::AtTheLimit => ("response.incomplete", json!({ "reason": "max_output_tokens" })),
            Stop::Filtered => ("response.incomplete", json!({ "reason": "content_filter" })),
        };
        let response =
            json!({ "id": "resp_1", "output": self.items, "usage": usage, "incomplete_details": details });
        self.event(&json!({ "type": kind, "response": response }))
    }
}
