//! The right to change the tree, shared with roles that a person talks to.

use std::time::Duration;

use jiff::Timestamp;
use orchestra_core::worker::{Fact, Note};
use orchestra_project::lock::{TreeLock, TreeLockError};
use tokio::sync::mpsc;

use super::{View, Wish, Worker};
use crate::failure;

/// How often it is tried again: nothing tells that another process has let go of a lock.
const AGAIN: Duration = Duration::from_millis(100);

/// How a worker is named to whoever finds the tree taken.
pub(crate) const HOLDER: &str = "the worker";

impl Worker {
    /// Waits until nobody else changes the tree. A person's wish to stop comes first, and is the error.
    pub(super) async fn take_tree(&mut self, wishes: &mut mpsc::Receiver<Wish>) -> Result<(), Fact> {
        let mut told = None;
        while self.tree.is_none() {
            let by = match TreeLock::try_acquire(&self.place.layout, HOLDER) {
                Ok(lock) => {
                    self.tree = Some(lock);
                    break;
                }
                // Where there are no locks nobody else takes one, either.
                Err(TreeLockError::NoLocks) => break,
                Err(TreeLockError::Held { by }) => by,
                Err(error @ TreeLockError::File(_)) => {
                    return Err(Fact::EffectFailed(failure::run("see who works in this folder", &error)));
                }
            };
            if told.as_ref() != Some(&by) {
                let text = format!("waits until {by} is done in another terminal");
                self.show(View::Note(Timestamp::now(), Note::Remark { text })).await;
                told = Some(by);
            }
            tokio::select! {
                Some(wish) = wishes.recv() => match wish.into_fact() {
                    stop @ Fact::StopRequested(_) => return Err(stop),
                    other => self.queue.push_back(other),
                },
                () = tokio::time::sleep(AGAIN) => {}
            }
        }
        Ok(())
    }
}

/// Whether what follows from a fact may change the tree. A person is always heard.
pub(super) fn needs_tree(fact: &Fact) -> bool {
    !matches!(
        fact,
        Fact::StopRequested(_)
            | Fact::Said { .. }
            | Fact::Queued { .. }
            | Fact::Unqueued { .. }
            | Fact::Recorded(_)
            | Fact::EffectFailed(_)
    )
}
