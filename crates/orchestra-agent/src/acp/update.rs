//! What the agent says while its turn runs.

use orchestra_core::report::{AgentEvent, Usage};
use serde_json::Value;

use super::end::usage_in;
use super::tool::Tools;
use crate::command::event::{MAX_SUMMARY, ending, notice, one_line, text_at};

/// What was said in one turn, as far as its end needs it.
#[derive(Debug, Default)]
pub(super) struct Said {
    pub(super) tools: Tools,
    /// The last message, as far as it is whole.
    pub(super) last_text: String,
    /// The id of that message; empty where it has none.
    message: String,
    /// Whether any message had one.
    has_named: bool,
    /// Whether the next text is a paragraph of its own.
    is_interrupted: bool,
    plan: String,
    /// What requests within the turn consumed, where each is told.
    pub(super) usage: Option<Usage>,
    /// What the conversation has cost so far, in US dollars.
    pub(super) cost: Option<f64>,
}

impl Said {
    /// Takes an update of a turn that runs.
    pub(super) fn take(&mut self, update: &Value) -> Vec<AgentEvent> {
        match text_at(update, "sessionUpdate") {
            "agent_message_chunk" => self.text(update),
            "agent_thought_chunk" => match text_of(update) {
                "" => Vec::new(),
                text => vec![AgentEvent::Thinking { text: text.to_owned() }],
            },
            "tool_call" | "tool_call_update" => {
                self.is_interrupted = true;
                self.tools.take(update)
            }
            "plan" => self.plan(update),
            "usage_update" => {
                self.take_cost(update);
                Vec::new()
            }
            "session_info_update" => retry_notice(update).into_iter().collect(),
            // Words of the person, commands, titles; and whatever else there will be.
            _ => Vec::new(),
        }
    }

    /// Takes what the conversation has cost, whenever it is told.
    pub(super) fn take_cost(&mut self, update: &Value) {
        let cost = update.get("cost").filter(|cost| text_at(cost, "currency") == "USD");
        let amount = cost.and_then(|cost| cost.get("amount")?.as_f64()).filter(|amount| amount.is_finite());
        self.cost = amount.or(self.cost);
    }

    /// Whether the last text came without an id, as notices of an adapter do, and is not one of many that do.
    pub(super) fn is_nameless(&self) -> bool {
        self.message.is_empty() && !self.last_text.is_empty()
    }

    fn text(&mut self, update: &Value) -> Vec<AgentEvent> {
        if let Some(usage) = update.pointer("/_meta/usage").filter(|usage| usage.is_object()) {
            self.usage = Some(self.usage.unwrap_or_default().plus(usage_in(usage)));
        }
        let text = text_of(update);
        if text.is_empty() {
            return Vec::new();
        }
        let id = text_at(update, "messageId");
        let is_notice = id.is_empty() && self.has_named;
        self.has_named |= !id.is_empty();
        let is_new = std::mem::take(&mut self.is_interrupted) || self.message != id;
        let breaks = is_new && !self.last_text.is_empty() && !self.last_text.ends_with('\n');
        if is_new {
            id.clone_into(&mut self.message);
            self.last_text.clear();
        }
        self.last_text.push_str(text);
        if self.last_text.len() > 2 * MAX_SUMMARY {
            self.last_text = ending(&self.last_text, MAX_SUMMARY).to_owned();
        }
        if is_notice {
            return vec![notice(text.trim_end())];
        }
        let text = if breaks { format!("\n{text}") } else { text.to_owned() };
        vec![AgentEvent::Text { text }]
    }

    fn plan(&mut self, update: &Value) -> Vec<AgentEvent> {
        let entries = update.get("entries").and_then(Value::as_array).into_iter().flatten();
        let entry = |entry: &Value| {
            let mark = match text_at(entry, "status") {
                "completed" => "✓",
                "in_progress" => "▸",
                _ => "·",
            };
            format!("{mark} {}", one_line(text_at(entry, "content")))
        };
        let plan = entries.take(50).map(entry).collect::<Vec<_>>().join("  ");
        if plan.is_empty() || plan == self.plan {
            return Vec::new();
        }
        self.plan.clone_from(&plan);
        vec![notice(format!("plan: {plan}"))]
    }
}

/// The text of a chunk; empty where it is a picture or the like.
fn text_of(update: &Value) -> &str {
    update.pointer("/content/text").and_then(Value::as_str).unwrap_or_default()
}

/// What an adapter says of a try that failed and comes again.
fn retry_notice(update: &Value) -> Option<AgentEvent> {
    let failure = update.pointer("/_meta/jetbrains/air/sessionFailure")?;
    let (category, title) = (text_at(failure, "category"), text_at(failure, "title"));
    (!title.is_empty()).then(|| notice(format!("{title} ({category})")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn chunk(text: &str, id: Option<&str>) -> Value {
        let mut chunk =
            json!({ "sessionUpdate": "agent_message_chunk", "content": { "type": "text", "text": text } });
        if let Some(id) = id {
            chunk["messageId"] = json!(id);
        }
        chunk
    }

    fn text(text: &str) -> Vec<AgentEvent> {
        vec![AgentEvent::Text { text: text.to_owned() }]
    }

    #[test]
    fn a_message_is_a_paragraph_of_its_own_and_the_last_one_is_kept() {
        let mut said = Said::default();
        assert_eq!(said.take(&chunk("I lo", Some("1"))), text("I lo"));
        assert_eq!(said.take(&chunk("ok.", Some("1"))), text("ok."));
        assert_eq!(said.take(&chunk("Done.", Some("2"))), text("\nDone."));
        assert_eq!(said.last_text, "Done.");
        // An agent that names none of its messages: a tool is between two of them.
        let mut said = Said::default();
        said.take(&chunk("I look.", None));
        said.take(&json!({ "sessionUpdate": "tool_call", "toolCallId": "t", "title": "x", "kind": "read" }));
        assert_eq!(said.take(&chunk("Done.", None)), text("\nDone."));
        assert_eq!((said.last_text.as_str(), said.is_nameless()), ("Done.", true));
    }

    #[test]
    fn a_text_without_a_name_among_named_ones_is_the_adapters_own() {
        let mut said = Said::default();
        said.take(&chunk("I look.", Some("1")));
        assert!(
            matches!(&said.take(&chunk("retrying\n\n", None))[..], [AgentEvent::Notice { text }] if text == "retrying")
        );
        assert!(said.is_nameless());
    }

    #[test]
    fn a_plan_is_told_when_it_changes() {
        let mut said = Said::default();
        let plan = json!({ "sessionUpdate": "plan", "entries": [
            { "content": "Look", "status": "completed" }, { "content": "Write\nit", "status": "in_progress" }, { "content": "Test" },
        ] });
        assert_eq!(said.take(&plan), vec![notice("plan: ✓ Look  ▸ Write it  · Test")]);
        assert_eq!(said.take(&plan), vec![]);
    }

    #[test]
    fn what_is_not_known_is_left_out() {
        let mut said = Said::default();
        for update in [
            json!(null),
            json!({ "sessionUpdate": "telepathy", "content": { "text": "x" } }),
            json!({ "sessionUpdate": "user_message_chunk", "content": { "type": "text", "text": "x" } }),
            json!({ "sessionUpdate": "agent_message_chunk", "content": { "type": "image", "data": "x" } }),
            json!({ "sessionUpdate": "agent_message_chunk", "content": [1, 2] }),
            json!({ "sessionUpdate": "tool_call", "title": "no id" }),
            json!({ "sessionUpdate": "plan", "entries": "none" }),
        ] {
            assert_eq!(said.take(&update), vec![], "{update}");
        }
    }

    #[test]
    fn money_is_the_sum_of_the_conversation_in_dollars() {
        let mut said = Said::default();
        said.take(&json!({ "sessionUpdate": "usage_update", "cost": { "amount": 0.5, "currency": "USD" } }));
        said.take(&json!({ "sessionUpdate": "usage_update", "cost": { "amount": 9.0, "currency": "EUR" } }));
        said.take(&json!({ "sessionUpdate": "usage_update", "used": 7 }));
        assert_eq!(said.cost, Some(0.5));
    }
}
