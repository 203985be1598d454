//! Hints that something below `.orchestra` may have changed.
//!
//! A hint is no more than that: the scan that follows is the truth, and the caller scans on a slow timer too, since
//! network and container file systems tell nothing. `.state` is not watched except `answers`, so that the journal
//! does not wake its own writer, and no link is followed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use notify::{Event, EventHandler, RecommendedWatcher, RecursiveMode, Watcher};

use crate::folder::Stamp;
use crate::layout::Layout;

/// How long nothing must happen before a hint is given: an editor's save is several events.
const QUIET: Duration = Duration::from_millis(50);
/// After this long a hint is given although things go on happening.
const LATEST: Duration = Duration::from_millis(500);
/// How often the caller is asked to look where the system does not tell.
const POLL: Duration = Duration::from_secs(2);
/// How many events wait to be looked at. More are dropped: one is enough for a hint.
const QUEUE: usize = 256;

/// Something to look at.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Hint {
    /// Look at `.orchestra`.
    Look,
    /// From now on the caller is asked to look every two seconds, because the system does not tell any more.
    /// Given once.
    Polling {
        /// Why.
        why: String,
    },
}

/// How changes are noticed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Watching {
    /// The system tells.
    Events,
    /// The system does not tell, so the caller is asked to look every two seconds.
    Polling {
        /// Why.
        why: String,
    },
}

/// Gives hints until it is dropped; one that is on its way may still come after that.
pub struct Watch {
    layout: Layout,
    watcher: Option<RecommendedWatcher>,
    watched: BTreeMap<PathBuf, Stamp>,
    mode: Arc<Mutex<Watching>>,
    wake: mpsc::SyncSender<Told>,
}

enum Told {
    Changed,
    Failed(notify::Error),
}

/// Begins to watch. `hint` is called on a thread of its own, must be quick and must not block: hand the hint to a
/// channel of one place, and drop it where that is full.
pub fn watch(layout: &Layout, hint: impl FnMut(Hint) + Send + 'static) -> Watch {
    watch_by(layout, hint, |handler| {
        let config = notify::Config::default().with_follow_symlinks(false);
        RecommendedWatcher::new(handler, config)
    })
}

fn watch_by(
    layout: &Layout,
    hint: impl FnMut(Hint) + Send + 'static,
    make: impl FnOnce(Handler) -> notify::Result<RecommendedWatcher>,
) -> Watch {
    let (wake, events) = mpsc::sync_channel(QUEUE);
    let mode = Arc::new(Mutex::new(Watching::Events));
    let made = make(Handler { wake: wake.clone() });
    let (watcher, failed) = match made {
        Ok(watcher) => (Some(watcher), None),
        Err(error) => (None, Some(error)),
    };
    let mut watch =
        Watch { layout: layout.clone(), watcher, watched: BTreeMap::new(), mode: mode.clone(), wake };
    if let Some(error) = failed {
        watch.degrade(&error);
    } else {
        watch.refresh();
    }
    let polling = watch.mode();
    thread::spawn(move || give_hints(&events, &mode, polling, hint));
    watch
}

impl Watch {
    /// How changes are noticed at the moment.
    pub fn mode(&self) -> Watching {
        self.mode.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Watches folders that appeared, or were replaced, since the last call. To be called with every scan.
    pub fn refresh(&mut self) {
        let places = [
            (self.layout.orchestra(), RecursiveMode::NonRecursive),
            (self.layout.milestones(), RecursiveMode::Recursive),
            (self.layout.roles(), RecursiveMode::Recursive),
            (self.layout.orchestra().join("agents"), RecursiveMode::Recursive),
            (self.layout.answers(), RecursiveMode::NonRecursive),
        ];
        for (path, recursive) in places {
            let Some(watcher) = &mut self.watcher else { return };
            let there = folder_stamp(&path);
            let known = self.watched.get(&path);
            if there.is_some_and(|there| known.is_some_and(|known| known.is_same_file(&there))) {
                continue;
            }
            if known.is_some() {
                // It may be gone by itself, with its folder.
                let _ = watcher.unwatch(&path);
                self.watched.remove(&path);
            }
            let Some(stamp) = there else { continue };
            match watcher.watch(&path, recursive) {
                Ok(()) => {
                    self.watched.insert(path, stamp);
                }
                Err(error) if matches!(error.kind, notify::ErrorKind::PathNotFound) => {}
                Err(error) => self.degrade(&error),
            }
        }
    }

    fn degrade(&mut self, error: &notify::Error) {
        self.watcher = None;
        set_polling(&self.mode, error);
        // The thread sees the new mode when it wakes; a full queue wakes it too.
        let _ = self.wake.try_send(Told::Changed);
    }
}

struct Handler {
    wake: mpsc::SyncSender<Told>,
}

impl EventHandler for Handler {
    fn handle_event(&mut self, event: notify::Result<Event>) {
        let told = match event {
            // Our own reading is an access; it must not lead to the next one.
            Ok(event) if event.kind.is_access() => return,
            Ok(_) => Told::Changed,
            Err(error) if is_transient(&error) => Told::Changed,
            Err(error) => Told::Failed(error),
        };
        // Where the queue is full a hint is on its way already.
        let _ = self.wake.try_send(told);
    }
}

/// A path that came and went: a scan sees what is left.
fn is_transient(error: &notify::Error) -> bool {
    match &error.kind {
        notify::ErrorKind::PathNotFound | notify::ErrorKind::WatchNotFound => true,
        notify::ErrorKind::Io(error) => error.kind() == std::io::ErrorKind::NotFound,
        notify::ErrorKind::Generic(_)
        | notify::ErrorKind::InvalidConfig(_)
        | notify::ErrorKind::MaxFilesWatch => false,
    }
}

fn set_polling(mode: &Mutex<Watching>, error: &notify::Error) {
    let why = match &error.kind {
        notify::ErrorKind::MaxFilesWatch => {
            "the system's limit of watched files is used up (fs.inotify.max_user_watches)".to_owned()
        }
        notify::ErrorKind::Io(error) => format!("the system cannot watch files: {error}"),
        notify::ErrorKind::Generic(_)
        | notify::ErrorKind::PathNotFound
        | notify::ErrorKind::WatchNotFound
        | notify::ErrorKind::InvalidConfig(_) => format!("the system cannot watch files: {error}"),
    };
    *mode.lock().unwrap_or_else(PoisonError::into_inner) = Watching::Polling { why };
}

fn folder_stamp(path: &Path) -> Option<Stamp> {
    let stat = rustix::fs::lstat(path).ok()?;
    let is_folder = rustix::fs::FileType::from_raw_mode(stat.st_mode) == rustix::fs::FileType::Directory;
    is_folder.then(|| Stamp::of(&stat))
}

/// The thread: waits for the first event, then for quiet, then gives one hint.
fn give_hints(
    events: &mpsc::Receiver<Told>,
    mode: &Mutex<Watching>,
    mut told: Watching,
    mut hint: impl FnMut(Hint),
) {
    if let Watching::Polling { why } = &told {
        hint(Hint::Polling { why: why.clone() });
    }
    loop {
        let first = match &told {
            Watching::Events => events.recv().map_err(RecvTimeoutError::from),
            Watching::Polling { .. } => events.recv_timeout(POLL),
        };
        let mut latest = None;
        let mut next = first;
        loop {
            match next {
                Ok(Told::Changed) => {}
                Ok(Told::Failed(error)) => set_polling(mode, &error),
                // The watch was dropped.
                Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => break,
            }
            let now = Instant::now();
            let latest = *latest.get_or_insert(now + LATEST);
            if now >= latest {
                break;
            }
            next = events.recv_timeout(QUIET.min(latest - now));
        }
        let now = mode.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let (Watching::Events, Watching::Polling { why }) = (&told, &now) {
            hint(Hint::Polling { why: why.clone() });
        }
        told = now;
        hint(Hint::Look);
    }
}

#[cfg(test)]
mod tests;
