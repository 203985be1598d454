//! A question takes no key that was meant for something else.
//!
//! Somebody types, a question appears under their fingers, and the next letter answers it: Crush, Claude Code and others had to
//! mend this. So a question arms only after it has been on the screen for a while without any key, and an answer counts
//! only when nothing comes together with it or right behind it: people press one key, pastes and forgotten fingers do not.

use std::time::Duration;

/// How long no key may come before a question takes one.
pub(crate) const QUIET: Duration = Duration::from_millis(400);
/// How long nothing may follow an answer.
pub(crate) const ALONE: Duration = Duration::from_millis(50);

/// Whether a question takes keys.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Arming<T> {
    stage: Stage<T>,
}

impl<T> Default for Arming<T> {
    fn default() -> Self {
        Self { stage: Stage::Unseen }
    }
}

#[derive(Clone, Debug, Eq, PartialEq)]
enum Stage<T> {
    /// Not drawn as it is now.
    Unseen,
    /// Drawn; no key came since.
    Quiet(Duration),
    /// Takes an answer.
    Armed,
    /// An answer was given; it counts if nothing follows.
    Given(T, Duration),
}

impl<T> Arming<T> {
    /// Something about the question is new.
    pub(crate) fn changed(&mut self) {
        self.stage = Stage::Unseen;
    }

    /// It was drawn as it is now.
    pub(crate) fn drawn(&mut self, now: Duration) {
        if matches!(self.stage, Stage::Unseen) {
            self.stage = Stage::Quiet(now);
        }
    }

    /// Whether an answer would be taken now.
    pub(crate) fn is_armed(&self, now: Duration) -> bool {
        match self.stage {
            Stage::Unseen | Stage::Given(..) => false,
            Stage::Quiet(since) => now.saturating_sub(since) >= QUIET,
            Stage::Armed => true,
        }
    }

    /// A key, or anything else that a person's hand may cause. Given what it would answer, if anything.
    pub(crate) fn key(&mut self, now: Duration, answer: Option<T>) {
        let is_armed = self.is_armed(now);
        self.stage = match (std::mem::replace(&mut self.stage, Stage::Unseen), answer) {
            // Nothing was meant that came together with something else.
            (Stage::Given(..), _) => Stage::Quiet(now),
            (_, Some(answer)) if is_armed => Stage::Given(answer, now),
            (Stage::Unseen, _) => Stage::Unseen,
            _ if is_armed => Stage::Armed,
            _ => Stage::Quiet(now),
        };
    }

    /// The answer that counts by now.
    pub(crate) fn take(&mut self, now: Duration) -> Option<T> {
        match std::mem::replace(&mut self.stage, Stage::Unseen) {
            Stage::Given(answer, at) if now.saturating_sub(at) >= ALONE => {
                self.stage = Stage::Unseen;
                Some(answer)
            }
            other => {
                self.stage = other;
                None
            }
        }
    }

    /// When something changes by itself.
    pub(crate) fn wakes_at(&self, now: Duration) -> Option<Duration> {
        match self.stage {
            Stage::Quiet(since) => Some(since + QUIET).filter(|at| *at > now),
            Stage::Given(_, at) => Some(at + ALONE),
            Stage::Unseen | Stage::Armed => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn an_answer_counts_after_a_quiet_while_and_alone() {
        let mut arming = Arming::default();
        arming.key(ms(0), Some('a'));
        arming.drawn(ms(10));
        arming.key(ms(409), Some('a'));
        assert_eq!(arming.take(ms(1000)), None, "a key came before it was armed");
        assert_eq!(arming.wakes_at(ms(500)), Some(ms(809)));
        arming.key(ms(1000), Some('a'));
        assert_eq!((arming.take(ms(1049)), arming.wakes_at(ms(1049))), (None, Some(ms(1050))));
        assert_eq!(arming.take(ms(1050)), Some('a'));
        assert_eq!(arming.take(ms(2000)), None, "it counts once");
    }

    #[test]
    fn what_is_drawn_anew_begins_anew() {
        let mut arming: Arming<char> = Arming::default();
        arming.drawn(ms(0));
        assert!(arming.is_armed(ms(400)));
        arming.changed();
        assert!(!arming.is_armed(ms(9000)));
        arming.drawn(ms(9000));
        assert!(!arming.is_armed(ms(9399)) && arming.is_armed(ms(9400)));
    }

    #[derive(Clone, Copy, Debug)]
    enum Event {
        Changed,
        Drawn,
        Key,
        Answer,
    }

    proptest! {
        /// Whatever keys come when: an answer counts only if the question was drawn as it is, then 400 ms passed
        /// without a key before the one that answers, and 50 ms after it.
        #[test]
        fn no_key_that_was_meant_for_something_else_answers(
            events in prop::collection::vec(
                (0_u64..600, prop::sample::select(vec![Event::Changed, Event::Drawn, Event::Key, Event::Answer])),
                1..40,
            ),
        ) {
            let mut arming = Arming::default();
            let mut now = 0;
            // (when, what), as a careful person would look back on it.
            let mut past: Vec<(u64, Event)> = Vec::new();
            for (wait, event) in events {
                for _ in 0..wait {
                    now += 1;
                    if arming.take(ms(now)).is_none() {
                        continue;
                    }
                    let answer = past.iter().rposition(|(_, event)| matches!(event, Event::Answer));
                    let answer = answer.expect("something was answered");
                    let (at, _) = past[answer];
                    prop_assert!(past[answer + 1..].iter().all(|(_, event)| matches!(event, Event::Drawn)));
                    prop_assert!(now - at >= 50);
                    let changed = past.iter().rposition(|(_, event)| matches!(event, Event::Changed));
                    let from = changed.map_or(0, |changed| changed + 1);
                    let drawn = past[from..answer].iter().position(|(_, event)| matches!(event, Event::Drawn));
                    let drawn = from + drawn.expect("it was drawn as it is");
                    // Some stretch of 400 ms between drawing and answering was quiet.
                    let moments: Vec<u64> = past[drawn..=answer].iter().map(|(at, _)| *at).collect();
                    let is_key = |index: usize| !matches!(past[drawn + index].1, Event::Drawn) || index == 0;
                    let keys: Vec<u64> = (0..moments.len()).filter(|i| is_key(*i)).map(|i| moments[i]).collect();
                    prop_assert!(keys.windows(2).any(|two| two[1] - two[0] >= 400), "{past:?}");
                    past.push((now, Event::Changed));
                }
                past.push((now, event));
                match event {
                    Event::Changed => arming.changed(),
                    Event::Drawn => arming.drawn(ms(now)),
                    Event::Key => arming.key(ms(now), None),
                    Event::Answer => arming.key(ms(now), Some(())),
                }
            }
        }
    }
}
