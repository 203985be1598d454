//! The time of day as people read it.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// The time of day, in minutes.
pub(crate) fn clock(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%H:%M").to_string()
}
