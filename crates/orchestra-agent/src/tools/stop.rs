//! When work that only reads comes to an end before it is done.

use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

/// How long one call may read.
const MAX_TIME: Duration = Duration::from_secs(20);

/// Ends a call that nobody waits for any more, or that takes too long.
#[derive(Clone, Debug)]
pub(super) struct Stop {
    cancel: CancellationToken,
    deadline: Instant,
}

impl Stop {
    pub(super) fn new(cancel: CancellationToken) -> Self {
        Self { cancel, deadline: Instant::now() + MAX_TIME }
    }

    pub(super) fn is_due(&self) -> bool {
        self.cancel.is_cancelled() || Instant::now() >= self.deadline
    }

    /// Why it is due.
    pub(super) fn words(&self) -> String {
        if self.cancel.is_cancelled() {
            "the turn was ended".to_owned()
        } else {
            format!("it takes longer than {} s", MAX_TIME.as_secs())
        }
    }
}
