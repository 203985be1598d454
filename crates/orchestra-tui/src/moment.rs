//! When something reached the screen.

use std::time::Duration;

use jiff::Timestamp;

/// A point in time, by two clocks.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Moment {
    /// How long the screen has been there, by a clock that never goes back.
    pub since: Duration,
    /// The time of day.
    pub at: Timestamp,
}
