//! What a run of Codex came to. Its errors are prose, so this is a table of beginnings.

use std::time::Duration;

use orchestra_core::report::{Fault, Outcome, Report};

use super::super::text::with_stderr;
use super::{CodexStream, Final};
use crate::guard::Exit;

/// How long a service is left alone that did not answer although the program tried several times by itself. What
/// the service asked for is obeyed by the program, but never printed.
const PAUSE: Duration = Duration::from_secs(30);

impl CodexStream {
    pub(super) fn outcome(self, exit: Exit, stderr_tail: &str) -> Outcome {
        let is_offline = self.is_offline();
        match self.last {
            Some(Final::Failed(message)) => Outcome::Faulted(fault_of(message)),
            Some(Final::Completed(usage)) => match exit {
                // After its last event the program may be ended, because something keeps it alive.
                Exit::Code(0 | 130 | 137 | 143) | Exit::Signal(_) | Exit::Unseen => {
                    let report = Report { summary: self.last_text, usage: Some(usage), ..Report::default() };
                    Outcome::Reported(Box::new(report))
                }
                Exit::Code(_) => {
                    let message = with_stderr(&format!("it completed and ended with {exit}"), stderr_tail);
                    Outcome::Faulted(Fault::Failed { message })
                }
            },
            None if is_offline => {
                Outcome::Faulted(Fault::Transient { message: self.last_error, retry_after: Some(PAUSE) })
            }
            None => Outcome::Faulted(without_end(self.has_begun, exit, stderr_tail)),
        }
    }
}

fn without_end(has_begun: bool, exit: Exit, stderr_tail: &str) -> Fault {
    let message = with_stderr(&format!("it ended with {exit} and without a last event"), stderr_tail);
    match exit {
        // An interrupted turn says nothing more, and ends with 1.
        Exit::Code(1) if has_begun => Fault::Cancelled,
        Exit::Code(130 | 143) | Exit::Signal(2 | 15) => Fault::Cancelled,
        // Mended by beginning a new conversation.
        Exit::Code(_) if stderr_tail.contains(super::UNKNOWN_SESSION) => Fault::Failed { message },
        // It never got as far as a conversation: flags, folder, configuration, a server that it requires.
        Exit::Code(code) if code != 0 && !has_begun => Fault::Unusable {
            message,
            hint: "run `codex exec hello` in a terminal to see what it wants".to_owned(),
        },
        Exit::Code(_) | Exit::Signal(_) | Exit::Unseen => Fault::Failed { message },
    }
}

fn fault_of(message: String) -> Fault {
    let says = |text: &str| message.contains(text);
    let transient = |message| Fault::Transient { message, retry_after: Some(PAUSE) };
    let unusable = |message, hint: &str| Fault::Unusable { message, hint: hint.to_owned() };
    match status_of(&message) {
        Some(401 | 403) => return unusable(message, "run `codex login`, or set CODEX_API_KEY"),
        Some(408 | 429 | 500..) => return transient(message),
        Some(_) | None => {}
    }
    if says("usage limit") {
        Fault::UsageLimit { message, until: None }
    } else if says("Quota exceeded") {
        unusable(message, "look at the plan and the billing of the account")
    } else if says("Missing environment variable") {
        unusable(message, "set the variable and name it under `env:` of the agent")
    } else if says("stream disconnected before completion")
        || says("experiencing high demand")
        || says(super::WAITING)
    {
        transient(message)
    } else if says("ran out of room in the model's context window") {
        Fault::Failed { message: format!("the conversation does not fit any more, start afresh: {message}") }
    } else {
        Fault::Failed { message }
    }
}

/// The status in `unexpected status 529 …` and `exceeded retry limit, last status: 429 …`.
fn status_of(message: &str) -> Option<u16> {
    let rest = message
        .strip_prefix("unexpected status ")
        .or_else(|| message.strip_prefix("exceeded retry limit, last status: "))?;
    rest.get(..3)?.parse().ok()
}
