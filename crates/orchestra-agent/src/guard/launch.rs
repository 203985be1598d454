//! The worker's side: starts a guard, hands it an order, and hears of its end.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fmt;
use std::fs::File;
use std::io;
use std::net::Shutdown;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use thiserror::Error;
use tokio::net::unix::pipe;
use tokio::sync::oneshot;

use super::below::{end_adopted, end_marked_like};
use super::fleet::{self, Line, Member, Shared, WorkClock};
use super::wire::{self, News, Request};
use super::{Ended, Exit, MARK, Order, StopPlan, Why, end_marked};

/// Starts guards. Cloning is cheap; clones share the count of what runs.
#[derive(Clone, Debug)]
pub struct GuardLauncher {
    program: PathBuf,
    args: Vec<OsString>,
    lock: Option<Arc<File>>,
    fleet: Shared,
}

/// The guards that this process has started, whoever did: what else of its children has a session of its own is an
/// orphan of a killed guard.
static GUARDS: Mutex<BTreeSet<i32>> = Mutex::new(BTreeSet::new());

/// Why a program does not run below a guard.
#[derive(Debug, Error)]
pub enum LaunchError {
    /// The guard itself could not be started.
    #[error("could not start the guard `{}`", program.display())]
    Guard {
        /// Our own program.
        program: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The system has no pipes or sockets left.
    #[error("could not connect with the guard")]
    Connection {
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The guard ended without a word.
    #[error("the guard ended before `{}` was started", program.display())]
    GuardLost {
        /// What should have been started.
        program: PathBuf,
    },
    /// The program is missing, not executable, or its folder is.
    #[error("could not start `{}`", program.display())]
    Program {
        /// The program.
        program: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

impl GuardLauncher {
    /// Takes our own program and the arguments that make it a guard: `/proc/self/exe` and `__guard`.
    ///
    /// `lock` is the worker's lock file. Each guard gets a copy, so that the lock is taken until its tree is gone.
    pub fn new(program: impl Into<PathBuf>, args: Vec<OsString>, lock: Option<Arc<File>>) -> Self {
        Self { program: program.into(), args, lock, fleet: Shared::default() }
    }

    /// The same launcher for guards that get copies of another lock.
    #[must_use]
    pub fn holding(&self, lock: Arc<File>) -> Self {
        Self { lock: Some(lock), ..self.clone() }
    }

    /// Our own program, at a path that another process can start it by for as long as this one lives.
    pub fn own_program(&self) -> PathBuf {
        if self.program == Path::new("/proc/self/exe") {
            // The file itself, also where another was put in its place since.
            PathBuf::from(format!("/proc/{}/exe", std::process::id()))
        } else {
            self.program.clone()
        }
    }

    /// Makes this process the parent of whatever is orphaned below it, so that what a killed guard leaves is found and
    /// ended at once, whatever it did to its environment. Linux only (`PR_SET_CHILD_SUBREAPER`); elsewhere it is found
    /// by its mark.
    pub fn adopt_orphans(&self) {
        #[cfg(target_os = "linux")]
        {
            // A kernel without it leaves orphans to process 1, where their mark finds them.
            let _unsupported = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
        }
    }

    /// Ends whatever guards with copies of this lock left when they were killed together with their worker, and says
    /// how many processes that were.
    ///
    /// For whoever has just taken the lock, before anything is started: a guard that lives would still hold it.
    /// Processes that wiped their environment are not found.
    pub fn end_what_was_left(&self) -> usize {
        self.lock.as_deref().and_then(prefix_of).map_or(0, |prefix| end_marked_like(&prefix))
    }

    /// Starts a program below a guard of its own.
    ///
    /// # Errors
    /// See [`LaunchError`]; [`LaunchError::Program`] where only the program is at fault.
    pub async fn launch(&self, order: Order) -> Result<GuardedChild, LaunchError> {
        let (started_sender, started) = oneshot::channel();
        let (ended_sender, ended) = oneshot::channel();
        let mut started_sender = Some(started_sender);
        let mut ended_sender = Some(ended_sender);
        let program = PathBuf::from(&order.program);
        let begun = self.begin(&order, move |news| match news {
            News::Ended(ended) => {
                if let Some(sender) = ended_sender.take() {
                    // Nobody waits for it any more: the future was dropped.
                    let _unheard = sender.send(ended);
                }
            }
            news @ (News::Started { .. } | News::NotStarted { .. }) => {
                if let Some(sender) = started_sender.take() {
                    let _unheard = sender.send(news);
                }
            }
            News::Paused(_) => {}
        })?;
        let pipes = begun.pipes;
        let pid = started_pid(started.await.ok(), program)?;
        let connection = |source| LaunchError::Connection { source };
        Ok(GuardedChild {
            pid,
            stdin: Some(pipe::Sender::from_owned_fd(pipes.stdin).map_err(connection)?),
            stdout: Some(pipe::Receiver::from_owned_fd(pipes.stdout).map_err(connection)?),
            stderr: Some(pipe::Receiver::from_owned_fd(pipes.stderr).map_err(connection)?),
            rope: begun.rope,
            ended,
            clock: self.clock(),
        })
    }

    /// Waits until nothing runs below any guard of this launcher and its clones.
    ///
    /// After a turn's future was dropped, this is the moment from which its tree of processes is empty.
    pub async fn all_ended(&self) {
        fleet::all_ended(&self.fleet).await;
    }

    /// Has everything stand still that runs below a guard of this launcher and its clones, and waits until it does, for a
    /// second at the most. What is launched meanwhile is started by [`Self::resume`].
    pub async fn pause(&self) {
        fleet::pause(&self.fleet).await;
    }

    /// Lets everything go on. Nothing happens where nothing was paused.
    pub fn resume(&self) {
        fleet::resume(&self.fleet);
    }

    /// The clock of whatever runs below these guards.
    pub fn clock(&self) -> WorkClock {
        WorkClock(Arc::clone(&self.fleet))
    }

    /// Starts the guard, sends the order, and tells what it says from a thread of its own.
    pub(super) fn begin(
        &self,
        order: &Order,
        tell: impl FnMut(News) + Send + 'static,
    ) -> Result<Begun, LaunchError> {
        let connection = |source| LaunchError::Connection { source };
        let mark = new_mark(self.lock.as_deref());
        let (ours, theirs) = UnixStream::pair().map_err(connection)?;
        let (stdin_reader, stdin) = io::pipe().map_err(connection)?;
        let (stdout, stdout_writer) = io::pipe().map_err(connection)?;
        let (stderr, stderr_writer) = io::pipe().map_err(connection)?;
        let listener = ours.try_clone().map_err(connection)?;
        let guard = {
            // Held, so that nobody takes a guard that is not listed yet for an orphan.
            let mut guards = guards();
            let guard = self.spawn_guard(&mark, theirs)?;
            guards.insert(guard.id().cast_signed());
            guard
        };
        let member = Member::join(&self.fleet);
        let id = member.id();
        let reaper = std::thread::Builder::new().name("guard".to_owned());
        let thread_mark = mark.clone();
        // From here on the guard is waited for, whatever happens.
        reaper
            .spawn(move || {
                listen(&listener, guard, &thread_mark, &member, tell);
                drop(member);
            })
            .map_err(connection)?;
        let rope = Rope { line: Arc::new(Mutex::new(ours)), mark };
        let mut descriptors = vec![stdin_reader.as_fd(), stdout_writer.as_fd(), stderr_writer.as_fd()];
        descriptors.extend(self.lock.as_ref().map(|lock| lock.as_fd()));
        {
            let socket = rope.line.lock().unwrap_or_else(PoisonError::into_inner);
            wire::send_descriptors(&socket, &descriptors).map_err(connection)?;
            wire::write_frame(&socket, &(&rope.mark, order)).map_err(connection)?;
        }
        fleet::let_begin(&self.fleet, id, &rope.line).map_err(connection)?;
        let pipes = Pipes { stdin: stdin.into(), stdout: stdout.into(), stderr: stderr.into() };
        Ok(Begun { rope, pipes })
    }

    fn spawn_guard(&self, mark: &str, socket: UnixStream) -> Result<Child, LaunchError> {
        Command::new(&self.program)
            .args(&self.args)
            .env_clear()
            .env(MARK, mark)
            .stdin(Stdio::from(OwnedFd::from(socket)))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|source| LaunchError::Guard { program: self.program.clone(), source })
    }
}

/// A guard that has its order.
pub(super) struct Begun {
    pub(super) rope: Rope,
    pub(super) pipes: Pipes,
}

/// Our ends of the program's standard streams.
pub(super) struct Pipes {
    pub(super) stdin: OwnedFd,
    pub(super) stdout: OwnedFd,
    pub(super) stderr: OwnedFd,
}

/// Our end of the socket. The tree hangs on it: dropping it ends the tree.
pub(super) struct Rope {
    line: Line,
    mark: String,
}

impl Rope {
    fn stop(&self, plan: StopPlan) {
        // A guard that is gone has nothing left to stop.
        let _gone = fleet::tell(&self.line, &Request::Stop(plan));
    }
}

impl Drop for Rope {
    fn drop(&mut self) {
        // The listening thread holds a copy of the socket, so closing ours alone would say nothing.
        let socket = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        let _gone = socket.shutdown(Shutdown::Write);
    }
}

/// Reads what the guard says until it ends. A guard that ends without a last word was killed; then whatever
/// carries its mark, and whatever became a child of this process by its end, is ended from here.
fn listen(socket: &UnixStream, mut guard: Child, mark: &str, member: &Member, mut tell: impl FnMut(News)) {
    let mut last = None;
    let mut is_complete = false;
    while let Ok(news) = wire::read_frame::<News>(socket) {
        is_complete = matches!(news, News::Ended(_) | News::NotStarted { .. });
        match news {
            News::Ended(_) => last = Some(news),
            News::Paused(number) => member.stands(number),
            News::Started { .. } | News::NotStarted { .. } => tell(news),
        }
    }
    if !is_complete {
        let left = end_marked(mark) + end_adopted(&guards());
        let left_behind = u32::try_from(left).unwrap_or(u32::MAX);
        last = Some(News::Ended(Ended { exit: Exit::Unseen, why: Why::GuardLost, left_behind }));
    }
    // Until it is waited for its number is nobody else's.
    guards().remove(&guard.id().cast_signed());
    // The guard lets go of the lock with its end, and that must have happened before anybody hears of it.
    let _waited = guard.wait();
    if let Some(last) = last {
        tell(last);
    }
}

/// A thread that panicked while it held the list has not left it half changed.
fn guards() -> MutexGuard<'static, BTreeSet<i32>> {
    GUARDS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Makes a mark that no other guard of this machine has; those of one lock begin alike.
fn new_mark(lock: Option<&File>) -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let nanos = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    let prefix = lock.and_then(prefix_of).unwrap_or_default();
    format!("{prefix}{}-{}-{nanos:x}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

/// How the marks of a lock's guards begin: with the identity of its file.
fn prefix_of(lock: &File) -> Option<String> {
    let metadata = lock.metadata().ok()?;
    Some(format!("lock-{:x}-{:x}/", metadata.dev(), metadata.ino()))
}

/// What the first word of a guard comes to.
pub(super) fn started_pid(first: Option<News>, program: PathBuf) -> Result<u32, LaunchError> {
    match first {
        Some(News::Started { pid }) => Ok(pid),
        Some(News::NotStarted { os_error, message }) => {
            let source = os_error.map_or_else(|| io::Error::other(message), io::Error::from_raw_os_error);
            Err(LaunchError::Program { program, source })
        }
        Some(News::Ended(_) | News::Paused(_)) | None => Err(LaunchError::GuardLost { program }),
    }
}

/// A program that runs below a guard. Dropping it ends its whole tree at once.
pub struct GuardedChild {
    pid: u32,
    /// Its standard input; dropping it closes it.
    pub stdin: Option<pipe::Sender>,
    /// Its standard output.
    pub stdout: Option<pipe::Receiver>,
    /// Its standard error.
    pub stderr: Option<pipe::Receiver>,
    rope: Rope,
    ended: oneshot::Receiver<Ended>,
    clock: WorkClock,
}

impl GuardedChild {
    /// The program's process id.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// The clock of everything below this guard.
    pub fn clock(&self) -> &WorkClock {
        &self.clock
    }

    /// The mark of everything below this guard.
    pub fn mark(&self) -> &str {
        &self.rope.mark
    }

    /// Asks the tree to end. [`Self::wait`] says when it has; a second call with a harder plan replaces the first.
    pub fn stop(&self, plan: StopPlan) {
        self.rope.stop(plan);
    }

    /// Waits until the program and everything below it is gone. Cancel-safe.
    pub async fn wait(&mut self) -> Ended {
        (&mut self.ended).await.unwrap_or(Ended { exit: Exit::Unseen, why: Why::GuardLost, left_behind: 0 })
    }
}

impl fmt::Debug for GuardedChild {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GuardedChild")
            .field("pid", &self.pid)
            .field("mark", &self.mark())
            .finish_non_exhaustive()
    }
}
