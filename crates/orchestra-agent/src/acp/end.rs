//! What a turn came to: errors, stop reasons, and what was consumed.

use std::time::Duration;

use orchestra_core::report::{Fault, Usage};
use serde_json::Value;

use super::message::{AUTH_REQUIRED, Failure};
use crate::command::event::{MAX_SUMMARY, ending, number_at, text_at};

/// How long a service is left alone that did not answer although the agent tried several times by itself.
const PAUSE: Duration = Duration::from_secs(30);
/// How deep a status is looked for in what agents tell beside an error.
const DEPTH: u32 = 4;

/// What the answer to a prompt means.
#[derive(Debug, PartialEq)]
pub(super) enum Ended {
    /// The agent says that it is done.
    Done,
    /// It was cancelled, by whomever.
    Cancelled,
    /// It failed, whatever it says.
    Failed(Fault),
}

/// What is known of the turn beside its answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Beside<'a> {
    /// The last text, and whether it came without the id that others had or may have.
    pub(super) last_text: &'a str,
    pub(super) is_nameless: bool,
    pub(super) logins: &'a str,
}

/// Reads the result of `session/prompt`.
pub(super) fn of_result(result: &Value, beside: Beside<'_>) -> Ended {
    let told = result.pointer("/_meta/jetbrains/air/sessionFailure");
    if let Some(failure) = told.filter(|failure| text_at(failure, "severity") == "error") {
        return Ended::Failed(of_told(failure, beside.logins));
    }
    let quota = result.pointer("/_meta/quota/token_count");
    let has_none = |value: Option<&Value>| value.is_some_and(Value::is_null);
    // Codex tells a failure of its service as a text, and then that all went well.
    if (has_none(result.get("usage")) || has_none(quota)) && beside.is_nameless {
        return Ended::Failed(of_text(beside.last_text, beside.logins));
    }
    // Gemini does so, too, of a stream that was cut: the same half answer, and nothing that was consumed.
    let is_zero = |key| quota.and_then(|quota| quota.get(key)).and_then(Value::as_u64) == Some(0);
    if is_zero("input_tokens") && is_zero("output_tokens") && !beside.last_text.is_empty() {
        let message = "the answer of its service was cut".to_owned();
        return Ended::Failed(Fault::Transient { message, retry_after: Some(PAUSE) });
    }
    let failed = |message: &str| Ended::Failed(Fault::Failed { message: message.to_owned() });
    match text_at(result, "stopReason") {
        "end_turn" => Ended::Done,
        "cancelled" => Ended::Cancelled,
        "max_tokens" => failed("its answers are too long, the phase wants smaller steps"),
        "max_turn_requests" => failed("it used up the requests that it is allowed for a turn"),
        "refusal" => failed("the model refused"),
        other => failed(&format!("it ended its turn for a reason that is not known: `{other}`")),
    }
}

/// Reads the error of a request.
pub(super) fn of_failure(failure: &Failure, logins: &str) -> Fault {
    let detail = ["message", "details"]
        .map(|key| text_at(&failure.data, key))
        .into_iter()
        .find(|text| !text.is_empty());
    let message = match detail {
        Some(detail) if !failure.message.contains(detail) => format!("{}: {detail}", failure.message),
        Some(_) | None => failure.message.clone(),
    };
    let message = ending(&message, MAX_SUMMARY).to_owned();
    let status = u64::try_from(failure.code).ok().or_else(|| status_in(&failure.data, DEPTH));
    match (failure.code, status, text_at(&failure.data, "errorKind")) {
        (AUTH_REQUIRED, _, _) | (_, Some(401 | 403), _) => {
            Fault::Unusable { message, hint: logins.to_owned() }
        }
        (_, _, "rate_limit") | (_, Some(429), _) => limit(message),
        (_, _, "server_error" | "overloaded") | (_, Some(408 | 500..), _) => transient(message),
        (_, Some(_), _) | (_, _, "unknown") => Fault::Failed { message },
        _ => of_text(&message, logins),
    }
}

/// A failure that an adapter tells as data.
fn of_told(failure: &Value, logins: &str) -> Fault {
    let texts = ["title", "details", "reason"].map(|key| text_at(failure, key));
    let message = texts.into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(": ");
    let message = ending(&message, MAX_SUMMARY).to_owned();
    let actions = failure.get("actions").and_then(Value::as_array).into_iter().flatten();
    let is_retryable = actions.filter_map(Value::as_str).any(|action| action == "retry");
    match text_at(failure, "category") {
        "auth" | "authentication" => Fault::Unusable { message, hint: logins.to_owned() },
        "limit" if is_retryable => limit(message),
        "limit" => Fault::UsageLimit { message, until: None },
        "service" | "connection" if is_retryable => transient(message),
        _ => Fault::Failed { message },
    }
}

/// A failure of which there is nothing but words.
fn of_text(text: &str, logins: &str) -> Fault {
    const LOGIN: &[&str] =
        &["401 unauthorized", "invalid x-api-key", "invalid api key", "authentication required"];
    const RETRYABLE: &[&str] = &[
        "rate limit",
        "retry limit",
        "too many requests",
        "overloaded",
        "high demand",
        "stream disconnected",
        "internal server error",
        "service unavailable",
        "bad gateway",
        "gateway timeout",
        "status 429",
        "status 5",
        "status: 429",
        "status: 5",
    ];
    let message = ending(text.trim(), MAX_SUMMARY).to_owned();
    let lower = message.to_lowercase();
    if lower.contains("usage limit") {
        return limit(message);
    }
    if LOGIN.iter().any(|words| lower.contains(words)) {
        return Fault::Unusable { message, hint: logins.to_owned() };
    }
    if RETRYABLE.iter().any(|words| lower.contains(words)) {
        transient(message)
    } else {
        Fault::Failed { message }
    }
}

fn limit(message: String) -> Fault {
    if message.to_lowercase().contains("usage limit") {
        // No agent says over this protocol when it ends.
        Fault::UsageLimit { message, until: None }
    } else {
        transient(message)
    }
}

fn transient(message: String) -> Fault {
    Fault::Transient { message, retry_after: Some(PAUSE) }
}

/// A status of HTTP, wherever it stands.
fn status_in(value: &Value, depth: u32) -> Option<u64> {
    let object = value.as_object().filter(|_| depth > 0)?;
    let here = ["http_status_code", "httpStatusCode", "statusCode"]
        .iter()
        .find_map(|key| object.get(*key)?.as_u64());
    here.or_else(|| object.values().find_map(|value| status_in(value, depth - 1)))
}

/// What the answer to a prompt says was consumed by it.
pub(super) fn usage_of(result: &Value) -> Option<Usage> {
    if let Some(usage) = result.get("usage").filter(|usage| usage.is_object()) {
        return Some(usage_in(usage));
    }
    let quota = result.pointer("/_meta/quota/token_count").filter(|quota| quota.is_object())?;
    Some(Usage {
        input: number_at(quota, "input_tokens"),
        output: number_at(quota, "output_tokens"),
        ..Usage::default()
    })
}

/// Tokens in the protocol's own words. What was cached is beside the input there, and a part of it here; some agents mean it
/// as here, and some count their thoughts beside the output: the sum that they tell shows which.
pub(super) fn usage_in(usage: &Value) -> Usage {
    let [input, output, thought, read, written, total] = [
        "inputTokens",
        "outputTokens",
        "thoughtTokens",
        "cachedReadTokens",
        "cachedWriteTokens",
        "totalTokens",
    ]
    .map(|key| number_at(usage, key));
    let sum = |parts: &[u64]| parts.iter().fold(0_u64, |sum, part| sum.saturating_add(*part));
    let has_cached = [sum(&[input, output]), sum(&[input, output, thought])].contains(&total);
    let input = if has_cached { input } else { sum(&[input, read, written]) };
    let output = if sum(&[input, output, thought]) == total { sum(&[output, thought]) } else { output };
    Usage { input, cached: read, output, cost_usd: None }
}

#[cfg(test)]
mod tests;
