//! What turns consume, and how it is summed up.

use jiff::Timestamp;
use serde::Serialize;

use crate::id::{TurnId, WorkId};
use crate::report::Usage;

/// A span of time in whole seconds.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct Seconds(pub u64);

impl Seconds {
    /// From one moment to another; none where a clock was set back in between.
    pub fn between(from: Timestamp, to: Timestamp) -> Self {
        Self(u64::try_from(to.duration_since(from).as_secs()).unwrap_or(0))
    }

    /// Both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

/// What turns consumed.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize)]
pub struct Spent {
    /// How many turns.
    pub turns: u32,
    /// How long agents ran. Of a turn whose end nobody saw that is not known, and it counts as nothing.
    pub seconds: Seconds,
    /// Of these turns, those of which it is not known what they consumed.
    pub without_usage: u32,
    /// Those that consumed tokens and did not say what they cost.
    pub without_cost: u32,
    /// Tokens and money.
    #[serde(flatten)]
    pub usage: Usage,
}

impl Spent {
    /// What one turn consumed.
    pub fn turn(seconds: Seconds, usage: Option<Usage>) -> Self {
        let is_free = usage.is_none_or(|usage| usage.cost_usd.is_some() || usage.tokens() == 0);
        Self {
            turns: 1,
            seconds,
            without_usage: u32::from(usage.is_none()),
            without_cost: u32::from(!is_free),
            usage: usage.unwrap_or_default(),
        }
    }

    /// Both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            turns: self.turns.saturating_add(other.turns),
            seconds: self.seconds.plus(other.seconds),
            without_usage: self.without_usage.saturating_add(other.without_usage),
            without_cost: self.without_cost.saturating_add(other.without_cost),
            usage: self.usage.plus(other.usage),
        }
    }
}

/// A turn of which it is not known what it consumed.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Unmetered {
    /// The turn.
    pub turn: TurnId,
    /// Its work.
    pub work: WorkId,
    /// How it ended.
    pub outcome: String,
}
