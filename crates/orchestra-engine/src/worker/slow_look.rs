//! How often the documents are looked at though nothing hints at a change.
//!
//! Some file systems tell nothing: networks', containers'. A worker that waits for days beside a thousand milestones must
//! not be felt either, so the more a look costs, the rarer it is.

use std::time::Duration;

/// Of this many parts of the time, looking takes one.
const SHARE: u32 = 3_000;
const SHORTEST: Duration = Duration::from_secs(30);
const LONGEST: Duration = Duration::from_mins(3);

/// How long to wait after a look that took so long.
pub(super) fn pause_after(took: Duration) -> Duration {
    took.saturating_mul(SHARE).clamp(SHORTEST, LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_that_costs_much_is_rare_and_none_is_put_off_for_long() {
        let ms = Duration::from_millis;
        assert_eq!([ms(1), ms(50), ms(10_000)].map(pause_after), [SHORTEST, ms(150_000), LONGEST]);
    }
}
