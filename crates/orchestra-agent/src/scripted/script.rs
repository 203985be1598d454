//! The script: its types, how it is read, and which of its turns is played.

use std::time::Duration;

use orchestra_core::report::{Report, Usage};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_saphyr::{budget, options};
use thiserror::Error;

use crate::agent::TurnRequest;

/// Why a text is no script.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum ScriptError {
    /// It is not YAML, or not of the script's shape.
    #[error("{message}")]
    Shape {
        /// What and where.
        message: String,
    },
    /// A turn ends in more than one way.
    #[error("turn {number} ends in more than one way: choose one of report, fault, exit and hang")]
    SeveralEnds {
        /// Which turn, from 1.
        number: usize,
    },
}

/// A script.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    #[serde(default = "first_version", rename = "version")]
    _version: FirstVersion,
    turns: Vec<ScriptTurn>,
}

/// The only version so far.
#[derive(Clone, Copy, Debug)]
struct FirstVersion;

fn first_version() -> FirstVersion {
    FirstVersion
}

impl<'de> Deserialize<'de> for FirstVersion {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match u32::deserialize(deserializer)? {
            1 => Ok(Self),
            other => Err(D::Error::custom(format_args!("version {other} is not known, only 1 is"))),
        }
    }
}

/// One turn.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ScriptTurn {
    when: When,
    pub(super) steps: Vec<Step>,
    pub(super) report: Option<Report>,
    pub(super) fault: Option<ScriptFault>,
    pub(super) exit: Option<i32>,
    pub(super) hang: bool,
}

/// Whom a turn is for.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct When {
    milestone: Option<String>,
    work: Option<String>,
    role: Option<String>,
    attempt: Option<u32>,
}

/// One step of a turn.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Step {
    Say(String),
    Think(String),
    Notice(String),
    Write(WriteStep),
    Append(WriteStep),
    Edit(EditStep),
    Delete(PathStep),
    Run(RunStep),
    Pause(#[serde(deserialize_with = "duration")] Duration),
    Listen(#[serde(deserialize_with = "duration")] Duration),
    Usage(Usage),
    Expect(String),
    Call(CallStep),
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WriteStep {
    pub(super) path: String,
    #[serde(default)]
    pub(super) content: String,
    #[serde(default)]
    pub(super) executable: bool,
    #[serde(default)]
    pub(super) may_fail: bool,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EditStep {
    pub(super) path: String,
    pub(super) old: String,
    pub(super) new: String,
    #[serde(default)]
    pub(super) all: bool,
    #[serde(default)]
    pub(super) may_fail: bool,
}

/// A call of one of Orchestra's own tools.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CallStep {
    pub(super) tool: String,
    #[serde(default)]
    pub(super) input: serde_json::Value,
    #[serde(default)]
    pub(super) may_fail: bool,
}

/// A path, or a path with more to say.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum PathStep {
    Short(String),
    Long(LongPathStep),
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LongPathStep {
    pub(super) path: String,
    #[serde(default)]
    pub(super) may_fail: bool,
}

/// A line of shell, or one with more to say.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum RunStep {
    Short(String),
    Long(LongRunStep),
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LongRunStep {
    pub(super) command: String,
    #[serde(default)]
    pub(super) may_fail: bool,
    #[serde(default, deserialize_with = "optional_duration")]
    pub(super) timeout: Option<Duration>,
}

/// A fault to end with.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ScriptFault {
    pub(super) kind: FaultKind,
    #[serde(default)]
    pub(super) message: String,
    #[serde(default, deserialize_with = "optional_duration")]
    pub(super) retry_after: Option<Duration>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum FaultKind {
    Transient,
    UsageLimit,
    Unusable,
    Failed,
}

fn duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(deserializer)?;
    parse_duration(&text)
        .ok_or_else(|| D::Error::custom(format_args!("`{text}` is no time: write `200ms`, `3s` or `2m`")))
}

fn optional_duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    duration(deserializer).map(Some)
}

fn parse_duration(text: &str) -> Option<Duration> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().ok()?;
    match unit {
        "ms" => Some(Duration::from_millis(number)),
        "s" => Some(Duration::from_secs(number)),
        "m" => Some(Duration::from_secs(number.checked_mul(60)?)),
        _ => None,
    }
}

impl Script {
    /// Reads a script.
    ///
    /// # Errors
    /// See [`ScriptError`]; the message of a wrong shape says line and column.
    pub fn parse(text: &str) -> Result<Self, ScriptError> {
        let options = options! {
            budget: budget! { max_nodes: 50_000, max_depth: 32, max_aliases: 64, max_anchors: 64 },
        };
        let script: Self = serde_saphyr::from_str_with_options(text, options)
            .map_err(|error| ScriptError::Shape { message: error.without_snippet().to_string() })?;
        for (index, turn) in script.turns.iter().enumerate() {
            let ends = [turn.report.is_some(), turn.fault.is_some(), turn.exit.is_some(), turn.hang];
            if ends.iter().filter(|is_given| **is_given).count() > 1 {
                return Err(ScriptError::SeveralEnds { number: index + 1 });
            }
        }
        Ok(script)
    }

    /// The turn to play.
    pub(super) fn find(&self, request: &TurnRequest) -> Option<&ScriptTurn> {
        let mut best: Option<(&ScriptTurn, (usize, u32))> = None;
        for turn in &self.turns {
            if let Some(rank) = turn.when.rank(request)
                && best.is_none_or(|(_, other)| rank > other)
            {
                best = Some((turn, rank));
            }
        }
        best.map(|(turn, _)| turn)
    }
}

impl When {
    /// How well this fits, if it does: what it names, then how close its attempt is.
    fn rank(&self, request: &TurnRequest) -> Option<(usize, u32)> {
        let attempt = self.attempt.unwrap_or(0);
        if attempt > request.attempt {
            return None;
        }
        let named =
            [(&self.milestone, &request.milestone), (&self.work, &request.work), (&self.role, &request.role)];
        let mut rank = 0;
        for (pattern, text) in named {
            if let Some(pattern) = pattern {
                if !fits(pattern, text) {
                    return None;
                }
                // A whole name says more than a pattern.
                rank += if pattern.contains('*') { 1 } else { 2 };
            }
        }
        Some((rank, attempt))
    }
}

/// Tells whether a text fits a pattern in which `*` stands for any text.
fn fits(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(work: &str, attempt: u32) -> TurnRequest {
        let mut request = TurnRequest::new("", "/", "/", Vec::new());
        "M1-login".clone_into(&mut request.milestone);
        work.clone_into(&mut request.work);
        "backend-engineer".clone_into(&mut request.role);
        request.attempt = attempt;
        request
    }

    #[test]
    fn the_turn_that_names_most_is_played_then_the_closest_attempt_then_the_first() {
        let script = Script::parse(
            "
            turns:
              - { exit: 0 }
              - { when: { work: 'phase-*' }, exit: 1 }
              - { when: { work: phase-1 }, exit: 2 }
              - { when: { work: phase-1, attempt: 2 }, exit: 3 }
              - { when: { work: phase-1, attempt: 4 }, exit: 4 }
              - { when: { work: phase-9, milestone: M1-login }, exit: 5 }
              - { when: { work: phase-9, role: 'back*neer' }, exit: 6 }
              - { when: { work: rfc, role: architect }, exit: 7 }
            ",
        )
        .unwrap();
        let played = |work, attempt| script.find(&request(work, attempt)).and_then(|turn| turn.exit);
        let expected = [
            ("phase-1", 1, 2),
            ("phase-1", 2, 3),
            ("phase-1", 3, 3),
            ("phase-1", 7, 4),
            ("phase-2", 1, 1),
            ("phase-9", 1, 5),
            ("rfc", 1, 0),
        ];
        for (work, attempt, exit) in expected {
            assert_eq!(played(work, attempt), Some(exit), "{work}, attempt {attempt}");
        }
    }

    #[test]
    fn a_star_stands_for_any_text() {
        for (pattern, text) in
            [("*", ""), ("a*", "a"), ("*-1-*", "fix-1-x"), ("a*b*c", "aXbYbc"), ("phase-1", "phase-1")]
        {
            assert!(fits(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("phase-1", "phase-10"), ("a*b*c", "acb"), ("*x", ""), ("ab*ba", "aba")] {
            assert!(!fits(pattern, text), "{pattern} {text}");
        }
    }

    #[test]
    fn what_is_wrong_with_a_script_is_said_with_its_place() {
        let message = |text| Script::parse(text).unwrap_err().to_string();
        assert!(message("turns:\n  - steps:\n      - sya: hello\n").contains("line 3"));
        assert!(message("turns:\n  - steps: [ { pause: 3 days } ]\n").contains("200ms"));
        assert!(message("version: 2\nturns: []\n").contains("version 2"));
        assert!(
            message("turns: [ {}, { exit: 1, hang: true } ]\n")
                .starts_with("turn 2 ends in more than one way")
        );
        assert!(message("turns: [ { wen: {} } ]\n").contains("wen"));
    }

    #[test]
    fn times_are_written_with_their_unit() {
        let times = ["250ms", "3s", "2m", "3", "s", "3h", "-1s"].map(parse_duration);
        let known = [250, 3000, 120_000].map(|ms| Some(Duration::from_millis(ms)));
        assert_eq!(times[..3], known);
        assert_eq!(times[3..], [None; 4]);
    }
}
