//! Who gets how much of the time.

use std::time::Duration;

/// Parts of the time for power cuts, kills and crash schedules. A cut takes seconds, a schedule a fraction of a
/// millisecond.
const PARTS: [u32; 3] = [9, 5, 6];
/// With so many minutes there is time for [`MANY`] cuts of each kind, and they are made.
const LONG: u64 = 15;
const MANY: u32 = 20;

/// The shares of power cuts, kills and crash schedules.
pub(super) fn of(left: Duration) -> [Duration; 3] {
    let whole: u32 = PARTS.iter().sum();
    PARTS.map(|part| left * part / whole)
}

/// What one of two gets of the time that a third has left over.
pub(super) fn part(left: Duration, one: Duration, other: Duration) -> Duration {
    let over = left.saturating_sub(one + other);
    let both = (one + other).as_secs_f64();
    if both > 0.0 { over.mul_f64(one.as_secs_f64() / both) } else { Duration::ZERO }
}

/// How many cuts of each kind are made, even if that takes longer than their share.
pub(super) fn least_cuts(minutes: u64) -> u32 {
    if minutes >= LONG { MANY } else { 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shares_are_the_whole() {
        let whole = Duration::from_mins(20);
        let [cuts, kills, schedules] = of(whole);
        assert_eq!(cuts + kills + schedules, whole);
        assert_eq!(cuts, Duration::from_mins(9));
        assert_eq!(of(Duration::ZERO), [Duration::ZERO; 3]);
    }

    #[test]
    fn what_is_left_over_goes_to_both_by_their_shares() {
        let (minute, none) = (Duration::from_mins(1), Duration::ZERO);
        assert_eq!(part(10 * minute, 3 * minute, minute), minute * 9 / 2);
        assert_eq!(part(4 * minute, 3 * minute, minute), none);
        assert_eq!(part(minute, none, none), none);
    }

    #[test]
    fn a_long_proof_has_twenty_cuts_of_each_kind() {
        assert_eq!([1, 14, 15, 60].map(least_cuts), [1, 1, 20, 20]);
    }
}
