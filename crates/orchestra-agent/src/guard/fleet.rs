//! All guards of a launcher: who runs, and all of them standing still for a while.

use std::collections::BTreeMap;
use std::io;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

use super::wire::{self, Request};

/// How long it is waited until everything stands still. Guards go on trying after that.
const PATIENCE: Duration = Duration::from_secs(1);

/// Our end of a guard's socket. Nothing of one request comes between the bytes of another.
pub(super) type Line = Arc<Mutex<UnixStream>>;

/// Writes a request to a guard.
pub(super) fn tell(line: &Line, request: &Request) -> io::Result<()> {
    wire::write_frame(&line.lock().unwrap_or_else(PoisonError::into_inner), request)
}

/// What a launcher and its clones share.
pub(super) type Shared = Arc<watch::Sender<Fleet>>;

/// The guards that live, and whether they stand still.
#[derive(Debug, Default)]
pub(super) struct Fleet {
    guards: BTreeMap<u64, Guard>,
    next: u64,
    /// The number of the last pause: an answer to one before it says nothing of this.
    pause: u32,
    paused_at: Option<Instant>,
    /// How long they have stood still before, all pauses together.
    stood: Duration,
}

#[derive(Debug)]
struct Guard {
    /// There from the moment at which it has its order.
    line: Option<Line>,
    stands: bool,
}

/// One guard as long as it lives.
#[derive(Debug)]
pub(super) struct Member {
    fleet: Shared,
    id: u64,
}

impl Member {
    pub(super) fn join(fleet: &Shared) -> Self {
        let mut id = 0;
        fleet.send_modify(|fleet| {
            id = fleet.next;
            fleet.next += 1;
            // It has started nothing yet.
            fleet.guards.insert(id, Guard { line: None, stands: true });
        });
        Self { fleet: Arc::clone(fleet), id }
    }

    pub(super) fn id(&self) -> u64 {
        self.id
    }

    /// It stands still, as it was told by the pause of this number.
    pub(super) fn stands(&self, number: u32) {
        self.fleet.send_modify(|fleet| {
            let is_this = number == fleet.pause;
            if let Some(guard) = fleet.guards.get_mut(&self.id).filter(|_| is_this) {
                guard.stands = true;
            }
        });
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.fleet.send_modify(|fleet| drop(fleet.guards.remove(&self.id)));
    }
}

/// Lets a guard that has its order start its program: now, or when the pause is over.
pub(super) fn let_begin(fleet: &Shared, id: u64, line: &Line) -> io::Result<()> {
    let mut told = Ok(());
    fleet.send_modify(|fleet| {
        let is_paused = fleet.paused_at.is_some();
        // One that is gone already is told nothing.
        let Some(guard) = fleet.guards.get_mut(&id) else { return };
        guard.line = Some(Arc::clone(line));
        guard.stands = is_paused;
        if !is_paused {
            told = tell(line, &Request::Resume);
        }
    });
    told
}

/// Pauses everything, and waits until it stands still, for a second at the most.
pub(super) async fn pause(fleet: &Shared) {
    fleet.send_if_modified(|fleet| {
        if fleet.paused_at.is_some() {
            return false;
        }
        fleet.paused_at = Some(Instant::now());
        fleet.pause = fleet.pause.wrapping_add(1);
        for guard in fleet.guards.values_mut() {
            // One that is gone, or has no order yet, has nothing that runs.
            let is_told = guard.line.as_ref().map(|line| tell(line, &Request::Pause(fleet.pause)));
            guard.stands = !matches!(is_told, Some(Ok(())));
        }
        true
    });
    let mut standing = fleet.subscribe();
    let all_stand = standing.wait_for(|fleet| fleet.guards.values().all(|guard| guard.stands));
    // What does not stand still by then is in the kernel.
    let _late = timeout(PATIENCE, all_stand).await;
}

/// Lets everything go on. Nothing happens where nothing was paused.
pub(super) fn resume(fleet: &Shared) {
    fleet.send_if_modified(|fleet| {
        let Some(paused_at) = fleet.paused_at.take() else { return false };
        fleet.stood += paused_at.elapsed();
        for guard in fleet.guards.values_mut() {
            if let Some(line) = &guard.line {
                // One that is gone has nothing that could go on.
                let _gone = tell(line, &Request::Resume);
            }
            guard.stands = false;
        }
        true
    });
}

/// Waits until no guard lives.
pub(super) async fn all_ended(fleet: &Shared) {
    let mut running = fleet.subscribe();
    // The sender lives in `fleet`, so there is always an answer.
    let _never_closed = running.wait_for(|fleet| fleet.guards.is_empty()).await;
}

/// Time as those have it who run below the guards of a launcher: it stands still while they do.
///
/// Whatever measures an agent (its time, its silence, its grace) is measured with this, so that a night in which the worker
/// stood still at a shell's prompt is no silence and ends nobody. A moment of this clock is none of any other.
#[derive(Clone, Debug)]
pub struct WorkClock(pub(super) Shared);

impl WorkClock {
    /// What it shows.
    pub fn now(&self) -> Instant {
        let fleet = self.0.borrow();
        let now = fleet.paused_at.unwrap_or_else(Instant::now);
        now.checked_sub(fleet.stood).unwrap_or(now)
    }

    /// Waits until it shows this.
    pub async fn wait_until(&self, at: Instant) {
        let mut fleet = self.0.subscribe();
        loop {
            // The sender lives in this clock, so there is always an answer.
            drop(fleet.wait_for(|fleet| fleet.paused_at.is_none()).await);
            let rest = at.saturating_duration_since(self.now());
            if rest.is_zero() {
                return;
            }
            tokio::select! {
                () = sleep(rest) => {}
                paused = fleet.wait_for(|fleet| fleet.paused_at.is_some()) => drop(paused),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn f42_the_clock_of_those_who_work_stands_still_while_they_do() {
        let fleet = Shared::default();
        let clock = WorkClock(Arc::clone(&fleet));
        let begun = clock.now();
        let due = begun + Duration::from_secs(10);
        let waiting = tokio::spawn({
            let clock = clock.clone();
            async move {
                clock.wait_until(due).await;
                Instant::now()
            }
        });
        let real = Instant::now();
        advance(Duration::from_secs(4)).await;
        pause(&fleet).await;
        pause(&fleet).await;
        advance(Duration::from_hours(8)).await;
        assert_eq!(clock.now() - begun, Duration::from_secs(4));
        assert!(!waiting.is_finished());
        resume(&fleet);
        resume(&fleet);
        assert_eq!(waiting.await.unwrap() - real, Duration::from_hours(8) + Duration::from_secs(10));
        assert_eq!(clock.now() - begun, Duration::from_secs(10));
    }
}
