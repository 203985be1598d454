//! Orchestra's own tools over MCP, for agents' programs: a server in this process, on a socket of its own for each turn.
//!
//! ```text
//!  agent's program ── stdio ──▶ `orchestra mcp SOCKET` ── Unix socket ──▶ McpHost ──▶ OwnTools
//! ```
//!
//! Invariants:
//! - A host serves the tools of one turn, to one client at a time; whoever else connects is refused in the protocol's words.
//! - The socket lies in a folder that only this user may enter, and both are gone when the host is dropped.
//! - A call waits for as long as its answer takes. Meanwhile a client that asked for progress hears that it goes on, for
//!   clients give up on servers that say nothing.
//! - The first report counts, unless the person has said something after it.
//!
//! Absent on purpose: what a call means. That is [`OwnTools::call`].

mod relay;
mod server;

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use orchestra_core::report::Report;
use thiserror::Error;
use tokio::net::UnixListener;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::AbortOnDropHandle;

pub use self::relay::relay;
use self::server::OwnServer;
use crate::own::OwnTools;
use crate::tools::Answer;

/// The longest path of a socket: `sun_path` holds 104 bytes on macOS, and the last of them is zero.
const LONGEST_SOCKET: usize = 103;
/// Where a folder is made when the wanted one has too long a name: the system's own, which is always short.
const SHORT_FOLDER: &str = "/tmp";
/// How many connections are answered at once; more are closed without a word.
const MOST_CONNECTIONS: usize = 8;
/// How long the listener rests when the system has no descriptors left.
const REST: Duration = Duration::from_millis(100);

/// Why the tools of a turn cannot be served.
#[derive(Debug, Error)]
pub enum OpenError {
    /// No folder for the socket.
    #[error("could not make the folder `{}`", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// No socket.
    #[error("could not listen at `{}`", path.display())]
    Socket {
        /// The socket.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// Serves the own tools of one turn on a socket, for as long as it lives.
#[derive(Debug)]
pub struct McpHost {
    place: Place,
    shared: Arc<Shared>,
    /// Ends the calls that still wait.
    _over: DropGuard,
    _accepting: AbortOnDropHandle<()>,
}

/// The folder of a socket; removed with its content when it is dropped.
#[derive(Debug)]
struct Place {
    folder: PathBuf,
    socket: PathBuf,
}

/// What the connections of one host have in common.
#[derive(Debug)]
struct Shared {
    own: OwnTools,
    over: CancellationToken,
    /// The one place for a client.
    seat: Arc<Semaphore>,
    has_connected: AtomicBool,
    has_listed: AtomicBool,
    waiting: AtomicUsize,
    report: Mutex<HandedIn>,
}

/// The report of the turn, as far as it was handed in.
#[derive(Debug, Default)]
struct HandedIn {
    report: Option<Box<Report>>,
    /// Whether another one may take its place.
    is_outdated: bool,
}

impl McpHost {
    /// Begins to serve, at a path in a new folder below `folder`, or below the system's temporary one where that makes too
    /// long a path for a socket.
    ///
    /// Needs a Tokio runtime.
    ///
    /// # Errors
    /// Where folder or socket cannot be made.
    pub fn open(own: OwnTools, folder: &Path) -> Result<Self, OpenError> {
        let place = Place::make(folder)?;
        let listener = UnixListener::bind(&place.socket)
            .map_err(|source| OpenError::Socket { path: place.socket.clone(), source })?;
        let over = CancellationToken::new();
        let shared = Arc::new(Shared {
            own,
            over: over.clone(),
            seat: Arc::new(Semaphore::new(1)),
            has_connected: AtomicBool::new(false),
            has_listed: AtomicBool::new(false),
            waiting: AtomicUsize::new(0),
            report: Mutex::default(),
        });
        let accepting = AbortOnDropHandle::new(tokio::spawn(accept(listener, Arc::clone(&shared))));
        Ok(Self { place, shared, _over: over.drop_guard(), _accepting: accepting })
    }

    /// Where it listens.
    pub fn socket(&self) -> &Path {
        &self.place.socket
    }

    /// Whether anybody has connected.
    pub fn has_connected(&self) -> bool {
        self.shared.has_connected.load(Ordering::Relaxed)
    }

    /// Whether anybody has asked which tools there are.
    pub fn has_listed(&self) -> bool {
        self.shared.has_listed.load(Ordering::Relaxed)
    }

    /// Whether a call waits for its answer.
    pub fn is_asked(&self) -> bool {
        self.shared.waiting.load(Ordering::Relaxed) > 0
    }

    /// The person has said something: a report that was handed in before may be replaced by a later one.
    pub fn outdate_report(&self) {
        self.shared.report().is_outdated = true;
    }

    /// Takes the report that was handed in.
    pub fn take_report(&self) -> Option<Box<Report>> {
        self.shared.report().report.take()
    }
}

impl Shared {
    fn report(&self) -> MutexGuard<'_, HandedIn> {
        // A thread that panicked while it held it has not left it half changed.
        self.report.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a report, where no earlier one counts.
    fn hand_in(&self, report: Box<Report>) -> Answer {
        let mut handed_in = self.report();
        if handed_in.report.is_some() && !handed_in.is_outdated {
            return Answer::wrong("a report was handed in before: the first one counts");
        }
        *handed_in = HandedIn { report: Some(report), is_outdated: false };
        Answer::text("Your report is handed in. There is nothing more to do.")
    }
}

impl Place {
    fn make(wanted: &Path) -> Result<Self, OpenError> {
        let longest = wanted.as_os_str().len() + "/mcp-4294967295-4294967295/s".len();
        // The path also travels in JSON, which is UTF-8.
        let is_fine = longest <= LONGEST_SOCKET && wanted.to_str().is_some();
        let above = if is_fine { wanted } else { Path::new(SHORT_FOLDER) };
        let folder = make_private(above)?;
        let socket = folder.join("s");
        Ok(Self { folder, socket })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // Where somebody was faster there is nothing left to remove.
        let _gone = fs::remove_file(&self.socket);
        let _gone = fs::remove_dir(&self.folder);
    }
}

/// Makes a folder that nobody else may enter, of a name that nobody else has.
fn make_private(above: &Path) -> Result<PathBuf, OpenError> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let mut made = DirBuilder::new();
    made.mode(0o700);
    loop {
        // In a shared folder a name that is taken is somebody else's, and left alone.
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = above.join(format!("mcp-{}-{count}", std::process::id()));
        match made.create(&path) {
            Ok(()) => return Ok(path),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(source) => return Err(OpenError::Folder { path, source }),
        }
    }
}

/// Answers whoever connects, until it is aborted; its connections end with it.
async fn accept(listener: UnixListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(REST).await;
            continue;
        };
        while connections.try_join_next().is_some() {}
        if connections.len() >= MOST_CONNECTIONS {
            continue;
        }
        shared.has_connected.store(true, Ordering::Relaxed);
        connections.spawn(OwnServer::serve(Arc::clone(&shared), stream));
    }
}

#[cfg(test)]
mod tests;
