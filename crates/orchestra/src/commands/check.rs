//! One thing that was looked at, and whether it is as it must be.

use serde::Serialize;

use crate::context::Context;
use crate::failure::Failure;
use crate::out::{BAD, FAINT, GOOD, STRONG, TYPED, block, styled};

/// What came of a look.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub(super) struct Check {
    /// What was looked at: `git`, `trust`, `agent claude`.
    pub(super) name: String,
    pub(super) state: State,
    /// What was found.
    pub(super) found: String,
    /// What to do about it, in a line or a few.
    pub(super) hint: String,
}

/// Whether something is as it must be.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum State {
    /// It is.
    Good,
    /// It is not, and a run would fail or wait for it.
    Bad,
    /// Worth knowing, and no more.
    Note,
}

impl Check {
    pub(super) fn good(name: &str, found: impl Into<String>) -> Self {
        Self { name: name.to_owned(), state: State::Good, found: found.into(), hint: String::new() }
    }

    pub(super) fn bad(name: &str, found: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { name: name.to_owned(), state: State::Bad, found: found.into(), hint: hint.into() }
    }

    pub(super) fn note(name: &str, found: impl Into<String>) -> Self {
        Self { name: name.to_owned(), state: State::Note, found: found.into(), hint: String::new() }
    }

    /// A look that failed by itself.
    pub(super) fn failed(context: &Context, name: &str, failure: &Failure) -> Self {
        let mut found = with_causes(failure);
        if let Failure::Config { faults } = failure {
            for fault in faults {
                found = format!("{found}\n{fault}");
            }
        }
        Self::bad(name, found, failure.advice(context).1)
    }
}

/// An error and what caused it, in one line.
pub(super) fn with_causes(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// Tells whether nothing is as it must not be.
pub(super) fn is_ready(checks: &[Check]) -> bool {
    checks.iter().all(|check| check.state != State::Bad)
}

/// Prints a line each, with what to do.
pub(super) fn show(context: &Context, checks: &[Check]) {
    let width = checks.iter().map(|check| check.name.chars().count()).max().unwrap_or(0);
    for check in checks {
        let sign = match check.state {
            State::Good => styled(GOOD, "✔"),
            State::Bad => styled(BAD, "✘"),
            State::Note => styled(FAINT, "·"),
        };
        let name = styled(STRONG, format_args!("{:width$}", check.name));
        let indent = " ".repeat(width + 4);
        let found = block(&check.found, &indent);
        context.out.line(format_args!("{sign} {name}  {}", found.trim_start()));
        if !check.hint.is_empty() {
            let hint = block(&check.hint, &indent);
            context.out.line(format_args!("{indent}→ {}", styled(TYPED, hint.trim_start())));
        }
    }
}
