//! What the worker tells, on its way to the screen.
//!
//! A terminal may stop reading: a frozen connection, a stopped multiplexer. The worker does not wait for it, so what it tells is
//! taken here at once: of states only the last is kept, and of what agents say no more than a screen could catch up with.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use orchestra_engine::worker::View;
use tokio::sync::{Notify, mpsc};

/// How many events of agents wait at most; the transcripts have all of them.
const AGENTS: usize = 8_192;

/// What waits for the screen.
#[derive(Default)]
pub(super) struct Inbox {
    waiting: Mutex<Waiting>,
    came: Notify,
}

#[derive(Default)]
struct Waiting {
    views: VecDeque<View>,
    agents: usize,
    is_closed: bool,
}

impl Inbox {
    /// Takes everything that the worker tells, until it is gone.
    pub(super) fn open(mut views: mpsc::Receiver<View>) -> Arc<Self> {
        let inbox = Arc::new(Self::default());
        let filled = Arc::clone(&inbox);
        tokio::spawn(async move {
            while let Some(view) = views.recv().await {
                filled.with(|waiting| waiting.push(view));
                filled.came.notify_one();
            }
            filled.with(|waiting| waiting.is_closed = true);
            filled.came.notify_one();
        });
        inbox
    }

    /// Waits for something; nothing where nothing will come any more. Cancel-safe.
    pub(super) async fn next(&self) -> Option<View> {
        loop {
            let taken = self.with(|waiting| match waiting.pop() {
                Some(view) => Some(Some(view)),
                None if waiting.is_closed => Some(None),
                None => None,
            });
            if let Some(view) = taken {
                return view;
            }
            self.came.notified().await;
        }
    }

    /// What is there already.
    pub(super) fn take(&self) -> Option<View> {
        self.with(Waiting::pop)
    }

    fn with<T>(&self, work: impl FnOnce(&mut Waiting) -> T) -> T {
        work(&mut self.waiting.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Waiting {
    fn push(&mut self, view: View) {
        match (&view, self.views.back_mut()) {
            (View::Agent(..), _) if self.agents >= AGENTS => return,
            (View::Agent(..), _) => self.agents += 1,
            (View::State(_), Some(last @ View::State(_))) => {
                *last = view;
                return;
            }
            _ => {}
        }
        self.views.push_back(view);
    }

    fn pop(&mut self) -> Option<View> {
        let view = self.views.pop_front()?;
        if matches!(view, View::Agent(..)) {
            self.agents -= 1;
        }
        Some(view)
    }
}

#[cfg(test)]
mod tests {
    use orchestra_core::id::TurnId;
    use orchestra_core::report::AgentEvent;
    use orchestra_core::worker::State;

    use super::*;

    #[test]
    fn a_screen_that_does_not_read_is_told_the_last_state_and_not_every_word() {
        let mut waiting = Waiting::default();
        for _ in 0..3 {
            waiting.push(View::State(Arc::new(State::default())));
        }
        for _ in 0..2 * AGENTS {
            waiting.push(View::Agent(TurnId(1), AgentEvent::Text { text: "x".to_owned() }));
        }
        assert_eq!(waiting.views.len(), 1 + AGENTS);
        while waiting.pop().is_some() {}
        waiting.push(View::Agent(TurnId(1), AgentEvent::Text { text: "y".to_owned() }));
        assert!(waiting.pop().is_some(), "there is room again");
    }
}
