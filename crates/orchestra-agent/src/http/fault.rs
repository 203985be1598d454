//! What an endpoint says when it does not answer, and what can be done about it.

mod overflow;

use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;
use orchestra_core::report::Fault;
use reqwest::header::HeaderMap;
use serde_json::Value;

use self::overflow::{OVERFLOW, OVERFLOWS, PLAUSIBLE, window_in};
pub(crate) use self::overflow::{Wrong, overflow};

/// A pause beyond this is no rate limit but a quota that is used up.
const LONG: Duration = Duration::from_mins(15);
/// No pause is longer than this.
const MAX_PAUSE: Duration = Duration::from_hours(24 * 31);
/// How much of a message is kept.
const MAX_MESSAGE: usize = 2_000;

/// An error in the words of an endpoint.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct ApiError {
    /// The status, where it came as one.
    status: Option<u16>,
    /// Its kind in the words of the wire: `overloaded_error`, `insufficient_quota`.
    kind: String,
    /// What it says.
    message: String,
    /// How long it wants to be left alone.
    retry_after: Option<Duration>,
    /// The window of the model, where it says that in a number of its own.
    window: Option<u64>,
}

/// Who is asked, for messages.
#[derive(Clone, Debug)]
pub(crate) struct Endpoint {
    /// The host.
    pub(crate) host: String,
    /// Where the key comes from, as a person would say it.
    pub(crate) key: String,
    /// The model.
    pub(crate) model: String,
}

impl ApiError {
    /// An answer that is an error.
    pub(crate) fn of_response(status: u16, headers: &HeaderMap, body: &[u8], now: Timestamp) -> Self {
        let text = String::from_utf8_lossy(body);
        let mut error = match serde_json::from_slice::<Value>(body) {
            Ok(value) => {
                Self::of_event(value.get("error").filter(|error| !error.is_null()).unwrap_or(&value))
            }
            Err(_) => Self { message: first_words(&text), ..Self::default() },
        };
        error.status = Some(status);
        error.retry_after = pause(headers, now);
        error
    }

    /// An error as a stream tells it, or the body of an answer: an object, or a text alone.
    pub(crate) fn of_event(error: &Value) -> Self {
        let text = |key: &str| match error.get(key) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(number)) => number.to_string(),
            _ => String::new(),
        };
        let message = match error {
            Value::String(text) => text.clone(),
            Value::Null => "an error without a word".to_owned(),
            _ => [text("message"), text("detail")]
                .into_iter()
                .find(|text| !text.is_empty())
                .unwrap_or_else(|| error.to_string()),
        };
        // A code says more than a type where both are there; a number is a status.
        let (code, kind) = (text("code"), text("type"));
        let status = code.parse().ok().filter(|status| (400..600).contains(status));
        let kind = if code.is_empty() || status.is_some() { kind } else { code };
        let window = error.get("n_ctx").and_then(Value::as_u64);
        Self { status, kind, message: shorten(&message), retry_after: None, window }
    }

    /// Something that should have been JSON.
    pub(crate) fn nonsense(data: &str, error: &serde_json::Error) -> Self {
        let message = format!("what came is not JSON ({error}): {}", first_words(data));
        Self { kind: NONSENSE.to_owned(), message, ..Self::default() }
    }

    /// What came of the request.
    pub(crate) fn wrong(self, endpoint: &Endpoint, now: Timestamp) -> Wrong {
        if !matches!(self.sort(), Sort::Overflow) {
            return Wrong::Fault(self.fault(endpoint, now));
        }
        let window =
            self.window.filter(|window| PLAUSIBLE.contains(window)).or_else(|| window_in(&self.message));
        Wrong::Overflow { fault: self.fault(endpoint, now), window }
    }

    /// What can be done about it.
    fn fault(self, endpoint: &Endpoint, now: Timestamp) -> Fault {
        let Endpoint { host, key, model } = endpoint;
        let told = match self.status {
            Some(status) => format!("{host} answered {status}: {}", self.message),
            None => format!("{host}: {}", self.message),
        };
        let unusable = |hint: String| Fault::Unusable { message: told.clone(), hint };
        match self.sort() {
            Sort::Overflow => Fault::Failed { message: format!("{OVERFLOW} ({told})") },
            Sort::Credit => unusable(format!("look at the plan and the credit of the account behind {key}")),
            Sort::Login => unusable(format!("look at {key}: the endpoint did not accept it")),
            Sort::Forbidden => unusable(format!(
                "the account behind {key} may not use `{model}`: choose another model, or ask for access"
            )),
            Sort::Missing => unusable(format!(
                "look at `base_url` and at the model `{model}` in the agent's configuration"
            )),
            Sort::Sealed => unusable("write `effort: none` for a model that does not think".to_owned()),
            Sort::Later => match self.retry_after.filter(|pause| *pause > LONG) {
                Some(pause) => Fault::UsageLimit { message: told, until: now.checked_add(pause).ok() },
                None => Fault::Transient { message: told, retry_after: self.retry_after },
            },
            Sort::Failed => Fault::Failed { message: told },
        }
    }

    fn sort(&self) -> Sort {
        let message = self.message.to_lowercase();
        let says = |words: &[&str]| words.iter().any(|word| message.contains(word));
        let is = |kinds: &[&str]| kinds.contains(&self.kind.as_str());
        if is(&["context_length_exceeded", "request_too_large", "exceed_context_size_error"])
            || self.status == Some(413)
            || (!self.is_later() && says(OVERFLOWS))
        {
            return Sort::Overflow;
        }
        if is(&["billing_error", "insufficient_quota", "billing_hard_limit_reached", "insufficient_credits"])
            || self.status == Some(402)
            || says(&["credit balance is too low", "insufficient credits"])
        {
            return Sort::Credit;
        }
        if says(&["encrypted content is not supported"]) {
            return Sort::Sealed;
        }
        if is(&["authentication_error", "invalid_api_key"]) || self.status == Some(401) {
            return Sort::Login;
        }
        if is(&["permission_error", "unsupported_country_region_territory"]) || self.status == Some(403) {
            return Sort::Forbidden;
        }
        if is(&["not_found_error", "model_not_found"]) || matches!(self.status, Some(404 | 405 | 410)) {
            return Sort::Missing;
        }
        if self.is_later() { Sort::Later } else { Sort::Failed }
    }

    fn is_later(&self) -> bool {
        const KINDS: &[&str] = &[
            NONSENSE,
            "overloaded_error",
            "rate_limit_error",
            "rate_limit_exceeded",
            "api_error",
            "timeout_error",
            "server_error",
            "server_is_overloaded",
            "slow_down",
            "internal_server_error",
            "unavailable_error",
        ];
        matches!(self.status, Some(408 | 409 | 425 | 429 | 500..)) || KINDS.contains(&self.kind.as_str())
    }
}

/// Our own word for an event that is no JSON: a broken connection more likely than a broken server.
const NONSENSE: &str = "orchestra_nonsense";

enum Sort {
    Overflow,
    Credit,
    Login,
    Forbidden,
    Missing,
    /// A model that does not think was asked for its sealed thoughts.
    Sealed,
    Later,
    Failed,
}

/// How long an endpoint wants to be left alone, by its headers: in milliseconds, in seconds, or until a moment.
fn pause(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    if let Some(millis) = text("retry-after-ms").and_then(|text| text.parse::<u64>().ok()) {
        return Some(Duration::from_millis(millis).min(MAX_PAUSE));
    }
    let text = text("retry-after")?;
    let pause = if let Ok(seconds) = text.parse::<f64>() {
        Duration::try_from_secs_f64(seconds).ok()?
    } else {
        let until = DateTimeParser::new().parse_timestamp(text).ok()?;
        // One that is past is over.
        Duration::try_from(until.duration_since(now)).unwrap_or(Duration::ZERO)
    };
    Some(pause.min(MAX_PAUSE))
}

/// The first words of something that is no JSON: a page, usually.
fn first_words(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().take(40).collect();
    let mut words = words.join(" ");
    if words.len() > 300 {
        words.truncate(words.floor_char_boundary(300));
        words.push('…');
    }
    if words.is_empty() { "nothing more".to_owned() } else { words }
}

fn shorten(text: &str) -> String {
    let mut text = text.trim().to_owned();
    if text.len() > MAX_MESSAGE {
        text.truncate(text.floor_char_boundary(MAX_MESSAGE));
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;
    use serde_json::json;

    use super::*;

    fn now() -> Timestamp {
        "2026-11-21T10:00:00Z".parse().unwrap()
    }

    fn fault(status: u16, headers: &[(&'static str, &'static str)], body: &str) -> Fault {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, HeaderValue::from_static(value));
        }
        let endpoint =
            Endpoint { host: "api.example".into(), key: "the variable KEY".into(), model: "m".into() };
        Fault::from(ApiError::of_response(status, &map, body.as_bytes(), now()).wrong(&endpoint, now()))
    }

    fn hint(fault: &Fault) -> &str {
        match fault {
            Fault::Unusable { hint, .. } => hint,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_the_person_has_to_mend_is_unusable_with_what_to_do() {
        let error =
            |kind: &str, message: &str| json!({ "error": { "type": kind, "message": message } }).to_string();
        assert!(hint(&fault(401, &[], &error("authentication_error", "no"))).contains("the variable KEY"));
        assert!(hint(&fault(403, &[], "")).contains("`m`"));
        assert!(hint(&fault(402, &[], "{}")).contains("credit"));
        assert!(
            hint(&fault(429, &[], &error("insufficient_quota", "You exceeded your quota")))
                .contains("credit")
        );
        assert!(
            hint(&fault(400, &[], &error("invalid_request_error", "Your credit balance is too low")))
                .contains("credit")
        );
        assert!(hint(&fault(404, &[], &error("not_found_error", "model: m"))).contains("base_url"));
        let sealed = "Encrypted content is not supported with this model.";
        assert!(hint(&fault(400, &[], &error("invalid_request_error", sealed))).contains("effort: none"));
    }

    #[test]
    fn what_passes_is_transient_and_says_how_long() {
        let pause = |status, headers: &[_]| match fault(status, headers, "") {
            Fault::Transient { retry_after, .. } => retry_after,
            other => panic!("{other:?}"),
        };
        for status in [408, 409, 429, 500, 502, 503, 504, 529] {
            assert_eq!(pause(status, &[]), None, "{status}");
        }
        assert_eq!(pause(429, &[("retry-after", "7")]), Some(Duration::from_secs(7)));
        assert_eq!(
            pause(503, &[("retry-after", "Sat, 21 Nov 2026 10:01:30 GMT")]),
            Some(Duration::from_secs(90))
        );
        assert_eq!(pause(503, &[("retry-after", "Sat, 21 Nov 2026 09:00:00 GMT")]), Some(Duration::ZERO));
        assert_eq!(
            pause(429, &[("retry-after-ms", "250"), ("retry-after", "1")]),
            Some(Duration::from_millis(250))
        );
        for nonsense in ["soon", "-1", "NaN", "inf", "1e300"] {
            assert_eq!(pause(429, &[("retry-after", nonsense)]), None, "{nonsense}");
        }
    }

    #[test]
    fn a_long_pause_is_a_quota_with_a_known_end() {
        let limit = fault(429, &[("retry-after", "7200")], r#"{"error":"slow down"}"#);
        let until = Some("2026-11-21T12:00:00Z".parse().unwrap());
        let message = "api.example answered 429: slow down".to_owned();
        assert_eq!(limit, Fault::UsageLimit { message, until });
    }

    #[test]
    fn a_conversation_that_is_too_long_is_told_so_whatever_the_words() {
        for (status, body) in [
            (
                400,
                r#"{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 9 tokens > 8 maximum"}}"#,
            ),
            (
                400,
                r#"{"error":{"code":"context_length_exceeded","message":"This model's maximum context length is 8 tokens."}}"#,
            ),
            (
                400,
                r#"{"error":{"code":400,"message":"the request exceeds the available context size","type":"exceed_context_size_error"}}"#,
            ),
            (413, ""),
        ] {
            let Fault::Failed { message } = fault(status, &[], body) else { panic!("{body}") };
            assert!(message.starts_with("the conversation does not fit"), "{message}");
        }
    }

    #[test]
    fn a_server_may_say_its_window_in_a_field_of_its_own() {
        let body =
            r#"{"error":{"code":400,"message":"too large","type":"exceed_context_size_error","n_ctx":4096}}"#;
        let error = ApiError::of_response(400, &HeaderMap::new(), body.as_bytes(), now());
        let endpoint = Endpoint { host: "x".into(), key: "k".into(), model: "m".into() };
        let wrong = error.wrong(&endpoint, now());
        assert!(matches!(wrong, Wrong::Overflow { window: Some(4_096), .. }), "{wrong:?}");
    }

    #[test]
    fn an_error_in_any_form_says_something() {
        for (body, words) in [
            ("<html><body>Bad gateway</body></html>", "Bad gateway"),
            (r#"{"detail":"no such thing"}"#, "no such thing"),
            (r#"{"error":"plain"}"#, "plain"),
            (r#"{"error":{"odd":1}}"#, "odd"),
            ("\u{fffd}\0", "\u{fffd}"),
            ("", "nothing more"),
        ] {
            let Fault::Failed { message } = fault(400, &[], body) else { panic!("{body}") };
            assert!(message.contains(words), "{message}");
        }
        let long = "x".repeat(100_000);
        let Fault::Failed { message } = fault(400, &[], &json!({ "error": long }).to_string()) else {
            panic!()
        };
        assert!(message.len() < 3_000);
    }
}
