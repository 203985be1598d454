//! What a run of Claude Code came to.

use std::time::Duration;

use orchestra_core::report::{Fault, Outcome, Report, Usage};
use serde_json::Value;

use super::super::event::{MAX_SUMMARY, ending, text_at};
use super::super::text::with_stderr;
use super::ClaudeStream;
use crate::guard::Exit;

/// How long a service is left alone that did not answer although the program tried several times by itself.
const PAUSE: Duration = Duration::from_secs(30);

/// The last line of a turn.
#[derive(Clone, Debug, Default)]
pub(super) struct Final {
    is_error: bool,
    subtype: String,
    terminal_reason: String,
    stop_reason: String,
    /// The status of the service's last answer; `None` where there was none.
    status: Option<u64>,
    text: String,
    usage: Usage,
}

impl Final {
    pub(super) fn parse(value: &Value, usage: Usage) -> Self {
        let errors = value.get("errors").and_then(Value::as_array).into_iter().flatten();
        let errors: Vec<&str> = errors.filter_map(Value::as_str).collect();
        let text = match text_at(value, "result") {
            "" => errors.join("; "),
            text => text.to_owned(),
        };
        Self {
            // Only a plain `false` is a success.
            is_error: value.get("is_error") != Some(&Value::Bool(false)),
            subtype: text_at(value, "subtype").to_owned(),
            terminal_reason: text_at(value, "terminal_reason").to_owned(),
            stop_reason: text_at(value, "stop_reason").to_owned(),
            status: value.get("api_error_status").and_then(Value::as_u64),
            text: ending(&text, MAX_SUMMARY).to_owned(),
            usage,
        }
    }
}

impl ClaudeStream {
    pub(super) fn outcome(mut self, exit: Exit, stderr_tail: &str) -> Outcome {
        let Some(last) = self.last.take() else { return self.without_result(exit, stderr_tail) };
        if last.is_error {
            return Outcome::Faulted(self.fault(last));
        }
        match exit {
            // After its result the program may be ended, because something in its background keeps it alive.
            Exit::Code(0 | 130 | 137 | 143) | Exit::Signal(_) | Exit::Unseen => {
                let summary = if last.text.is_empty() { self.last_text } else { last.text };
                let report = Report { summary, usage: Some(last.usage), ..Report::default() };
                Outcome::Reported(Box::new(report))
            }
            Exit::Code(_) => {
                let message = with_stderr(&format!("it reported success and ended with {exit}"), stderr_tail);
                Outcome::Faulted(Fault::Failed { message })
            }
        }
    }

    fn fault(&self, last: Final) -> Fault {
        let message = if last.text.is_empty() { self.last_text.clone() } else { last.text };
        let failed = |what: &str| Fault::Failed { message: format!("{what}: {message}") };
        let unusable = |hint: &str| Fault::Unusable { message: message.clone(), hint: hint.to_owned() };
        match last.terminal_reason.as_str() {
            "aborted_streaming" | "aborted_tools" => return Fault::Cancelled,
            "prompt_too_long" => return failed("the conversation does not fit any more, start afresh"),
            _ => {}
        }
        match last.subtype.as_str() {
            "error_max_turns" => return failed("it used up the turns it is allowed"),
            "error_max_budget_usd" => return failed("it used up the money it is allowed"),
            _ => {}
        }
        if last.stop_reason == "refusal" {
            return failed("the model refused");
        }
        match (self.api_error.as_str(), last.status) {
            ("authentication_failed", _) | (_, Some(401 | 403)) => {
                unusable("run `claude` and log in with `/login`, or set ANTHROPIC_API_KEY")
            }
            ("billing_error", _) => unusable("look at the plan and the credit of the account"),
            ("rate_limit", _) | (_, Some(429)) => self.rate_limit_fault(message),
            ("max_output_tokens", _) => failed("its answers are too long, the phase wants smaller steps"),
            (_, Some(408 | 500..)) | ("server_error" | "overloaded", _) => {
                Fault::Transient { message, retry_after: Some(PAUSE) }
            }
            _ => Fault::Failed { message },
        }
    }

    fn rate_limit_fault(&self, message: String) -> Fault {
        let is_quota = message.to_lowercase().contains("usage limit");
        if self.resets_at.is_some() || is_quota {
            return Fault::UsageLimit { message, until: self.resets_at };
        }
        Fault::Transient { message, retry_after: self.retry_delay.map(Duration::from_millis) }
    }

    fn without_result(&self, exit: Exit, stderr_tail: &str) -> Outcome {
        let message = with_stderr(&format!("it ended with {exit} and without a result"), stderr_tail);
        Outcome::Faulted(match exit {
            Exit::Code(130 | 143) | Exit::Signal(2 | 15) => Fault::Cancelled,
            // It never got as far as a conversation: flags, folder, account.
            Exit::Code(code) if code != 0 && !self.has_begun => Fault::Unusable {
                message,
                hint: "run `claude -p hello` in a terminal to see what it wants".to_owned(),
            },
            Exit::Code(_) | Exit::Signal(_) | Exit::Unseen => Fault::Failed { message },
        })
    }
}
