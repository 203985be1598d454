//! The guard's own side: receives an order, runs it, and leaves nothing behind.

use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::process::{Pid, Signal, WaitOptions, WaitStatus};

use super::pausing::Pausing;
use super::wire::{self, News, Request};
use super::{Ended, Exit, MARK, Order, StopPlan, StopSignal, StopStep, Why, tree};

/// How often orphans that ended are noticed while nothing else happens.
const TICK: Duration = Duration::from_millis(250);
/// The same where the kernel cannot say when a process ends.
const BLIND_TICK: Duration = Duration::from_millis(15);
/// How long after one look for those who still run, though they were stopped, the next comes.
const NEXT_LOOK: Duration = Duration::from_millis(1);
/// What a program's last helpers get to end by themselves before they count as left behind.
const LINGER: Duration = Duration::from_millis(50);

/// The guard's main function. Standard input must be its end of the socket pair.
///
/// Returns when nothing is alive below it: with success if its order was carried out, whatever came of it.
pub fn serve() -> ExitCode {
    match receive() {
        Ok((socket, job)) => job.run(&socket),
        // Nobody to tell: the worker is dead, or somebody started this by hand.
        Err(_) => ExitCode::from(2),
    }
}

/// An order with its descriptors.
struct Job {
    mark: String,
    order: Order,
    stdio: [OwnedFd; 3],
    /// Held until the guard ends, and by nobody below it.
    lock: Option<OwnedFd>,
}

fn receive() -> io::Result<(UnixStream, Job)> {
    // Both fail harmlessly where they were done before us.
    let _already_a_leader = rustix::process::setsid();
    prepare_system();
    // Standard input itself stays open, and is replaced in the child.
    let socket = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    let mut descriptors = wire::receive_descriptors(&socket)?.into_iter();
    // Those just received, and whatever the worker got from its own parent without knowing.
    close_fds::set_fds_cloexec(3, &[]);
    let (Some(stdin), Some(stdout), Some(stderr)) =
        (descriptors.next(), descriptors.next(), descriptors.next())
    else {
        return Err(io::ErrorKind::InvalidData.into());
    };
    let lock = descriptors.next();
    let (mark, order) = wire::read_frame(&socket)?;
    Ok((socket, Job { mark, order, stdio: [stdin, stdout, stderr], lock }))
}

#[cfg(target_os = "linux")]
fn prepare_system() {
    // Without it daemons escape; the worker's sweep by mark is what is left then (kernels before 3.4).
    let _unsupported = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
    let _unsupported = rustix::thread::set_name(super::below::PROCESS_NAME);
}

#[cfg(not(target_os = "linux"))]
fn prepare_system() {}

impl Job {
    fn run(self, socket: &UnixStream) -> ExitCode {
        let Self { mark, order, stdio, lock } = self;
        let started = wait_for_the_word(socket).and_then(|()| spawn(&mark, &order, stdio));
        let code = match started {
            Ok(main) => {
                let pid = u32::try_from(main.as_raw_nonzero().get()).unwrap_or_default();
                // A worker that is gone is noticed at the first look at the socket.
                let _gone = wire::write_frame(socket, &News::Started { pid });
                let ended = Watch::new(main, &order).until_all_is_over(socket);
                let _gone = wire::write_frame(socket, &News::Ended(ended));
                ExitCode::SUCCESS
            }
            Err(error) => {
                let news = News::NotStarted { os_error: error.raw_os_error(), message: error.to_string() };
                let _gone = wire::write_frame(socket, &news);
                ExitCode::FAILURE
            }
        };
        // Everything below is gone: only now may another worker take the lock.
        drop(lock);
        code
    }
}

/// A guard begins paused: whoever stops the worker at the same moment finds nothing started behind its back.
fn wait_for_the_word(socket: &UnixStream) -> io::Result<()> {
    loop {
        match wire::read_frame(socket)? {
            Request::Resume => return Ok(()),
            Request::Pause(number) => wire::write_frame(socket, &News::Paused(number))?,
            Request::Stop(_) => return Err(io::Error::other("stopped before it began")),
        }
    }
}

fn spawn(mark: &str, order: &Order, stdio: [OwnedFd; 3]) -> io::Result<Pid> {
    let [stdin, stdout, stderr] = stdio;
    // Not waited for through `Child`: all children, adopted ones too, are reaped in one place.
    let child = Command::new(&order.program)
        .args(&order.args)
        .env_clear()
        .envs(order.env.iter().map(|(name, value)| (name, value)))
        .env(MARK, mark)
        .current_dir(&order.cwd)
        .process_group(0)
        .stdin(Stdio::from(stdin))
        .stdout(Stdio::from(stdout))
        .stderr(Stdio::from(stderr))
        .spawn()?;
    Pid::from_raw(child.id().cast_signed()).ok_or_else(|| io::ErrorKind::InvalidData.into())
}

/// What the guard knows while its order runs.
struct Watch {
    main: Pid,
    /// Becomes readable when the program ends, where the kernel has such a thing.
    end_of_main: Option<OwnedFd>,
    exit: Option<Exit>,
    why: Why,
    /// When the time is up, and what happens then.
    timeout: Option<(Instant, StopPlan)>,
    /// What is left of a stop that was begun, and when its next step is due.
    stopping: Option<(Instant, VecDeque<StopStep>)>,
    /// Nothing is due as long as everything below stands still.
    pausing: Option<Pausing>,
}

impl Watch {
    fn new(main: Pid, order: &Order) -> Self {
        let due = order.timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        Self {
            main,
            end_of_main: open_end(main),
            exit: None,
            why: Why::Itself,
            timeout: due.map(|due| (due, order.stop.clone())),
            stopping: None,
            pausing: None,
        }
    }

    fn until_all_is_over(mut self, socket: &UnixStream) -> Ended {
        while self.exit.is_none() {
            if self.wait_for_something(socket) {
                match wire::read_frame(socket) {
                    Ok(Request::Stop(plan)) => self.begin_stop(Why::Stopped, plan),
                    Ok(Request::Pause(number)) => self.pause(number, socket),
                    Ok(Request::Resume) => self.resume(),
                    // End of file: the worker is dead or has let go. A frame cut short is the same.
                    Err(_) => self.begin_stop(Why::Stopped, StopPlan::now()),
                }
            }
            self.reap();
            self.look_who_runs(socket);
            self.act_on_time();
        }
        let left_behind = self.end_what_is_left();
        Ended { exit: self.exit.unwrap_or(Exit::Unseen), why: self.why, left_behind }
    }

    /// Waits for the socket, for the end of the program, or for the next thing that is due. Tells whether the
    /// socket has something to say.
    fn wait_for_something(&self, socket: &UnixStream) -> bool {
        let tick = if self.end_of_main.is_some() { TICK } else { BLIND_TICK };
        let due = [self.stopping.as_ref().map(|(due, _)| *due), self.timeout.as_ref().map(|(due, _)| *due)];
        let now = Instant::now();
        let wait = match &self.pausing {
            Some(pausing) if pausing.is_complete() => tick,
            Some(_) => NEXT_LOOK,
            None => {
                due.iter().flatten().map(|due| due.saturating_duration_since(now)).fold(tick, Duration::min)
            }
        };
        let timeout = Timespec {
            tv_sec: wait.as_secs().try_into().unwrap_or(i64::MAX),
            tv_nsec: wait.subsec_nanos().into(),
        };
        let mut sources = vec![PollFd::new(socket, PollFlags::IN)];
        sources.extend(self.end_of_main.as_ref().map(|end| PollFd::new(end, PollFlags::IN)));
        match rustix::event::poll(&mut sources, Some(&timeout)) {
            Ok(_) => !sources[0].revents().is_empty(),
            // Interrupted: look again.
            Err(_) => false,
        }
    }

    /// Has everything below stand still. Its time stands still with it.
    fn pause(&mut self, number: u32, socket: &UnixStream) {
        match &mut self.pausing {
            Some(pausing) => {
                pausing.renumber(number);
                if pausing.is_complete() {
                    let _gone = wire::write_frame(socket, &News::Paused(number));
                }
            }
            None => self.pausing = Some(Pausing::begin(number)),
        }
    }

    /// Goes on with stopping whoever still runs, and says when nobody does.
    fn look_who_runs(&mut self, socket: &UnixStream) {
        let Some(pausing) = self.pausing.as_mut().filter(|pausing| !pausing.is_complete()) else { return };
        pausing.look(rustix::process::getpid().as_raw_nonzero().get());
        if pausing.is_complete() {
            let _gone = wire::write_frame(socket, &News::Paused(pausing.number()));
        }
    }

    /// Lets everything below go on; what is due comes later by as long as it stood still.
    fn resume(&mut self) {
        let Some(stood) = self.pausing.take().map(Pausing::end) else { return };
        let times = [self.timeout.as_mut().map(|(due, _)| due), self.stopping.as_mut().map(|(due, _)| due)];
        for due in times.into_iter().flatten() {
            *due = due.checked_add(stood).unwrap_or(*due);
        }
    }

    fn begin_stop(&mut self, why: Why, plan: StopPlan) {
        if plan.steps.is_empty() {
            // A kill reaches whoever stands still.
            self.pausing = None;
        } else {
            // Any other signal would wait until they go on.
            self.resume();
        }
        if self.why == Why::Itself {
            self.why = why;
        }
        self.timeout = None;
        // A second, harder stop takes the place of the first.
        self.stopping = Some((Instant::now(), plan.steps.into()));
    }

    fn act_on_time(&mut self) {
        if self.exit.is_some() || self.pausing.is_some() {
            return;
        }
        let now = Instant::now();
        if let Some((_, plan)) = self.timeout.take_if(|(due, _)| *due <= now) {
            self.begin_stop(Why::TimedOut, plan);
        }
        if let Some((_, mut steps)) = self.stopping.take_if(|(due, _)| *due <= now) {
            if let Some(step) = steps.pop_front() {
                self.signal(step.signal);
                let due = now.checked_add(step.grace).unwrap_or(now);
                self.stopping = Some((due, steps));
            } else {
                self.end_everything();
            }
        }
    }

    fn signal(&self, signal: StopSignal) {
        let signal = match signal {
            StopSignal::Interrupt => Signal::INT,
            StopSignal::Terminate => Signal::TERM,
        };
        // As a terminal would do it. Somebody who ended just now needs no signal.
        let _gone = rustix::process::kill_process_group(self.main, signal);
    }

    /// Notices who ended. Tells whether anybody below is left.
    fn reap(&mut self) -> bool {
        loop {
            match rustix::process::wait(WaitOptions::NOHANG) {
                Ok(Some((pid, status))) if pid == self.main => self.exit = Some(exit_of(status)),
                Ok(Some(_)) | Err(rustix::io::Errno::INTR) => {}
                Ok(None) => return true,
                Err(_) => return false,
            }
        }
    }

    fn end_what_is_left(&mut self) -> u32 {
        let until = Instant::now() + LINGER;
        while self.reap() && self.why == Why::Itself && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(2));
        }
        self.end_everything()
    }

    /// Kills round by round until nobody is left, and says how many it found. Whoever is orphaned in one round is
    /// our own child in the next.
    fn end_everything(&mut self) -> u32 {
        let me = rustix::process::getpid().as_raw_nonzero().get();
        let mut killed = Vec::new();
        let mut pause = Duration::from_millis(1);
        loop {
            let left = tree::below(me);
            // The group is the only hold where processes cannot be listed or orphans are not adopted.
            if left.is_err() || cfg!(not(target_os = "linux")) {
                let _gone = rustix::process::kill_process_group(self.main, Signal::KILL);
            }
            for process in left.unwrap_or_default() {
                tree::kill(&process);
                let name = (process.pid, process.started);
                if !killed.contains(&name) {
                    killed.push(name);
                }
            }
            if !self.reap() {
                return u32::try_from(killed.len()).unwrap_or(u32::MAX);
            }
            std::thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(20));
        }
    }
}

#[cfg(target_os = "linux")]
fn open_end(main: Pid) -> Option<OwnedFd> {
    rustix::process::pidfd_open(main, rustix::process::PidfdFlags::empty()).ok()
}

#[cfg(not(target_os = "linux"))]
fn open_end(_main: Pid) -> Option<OwnedFd> {
    None
}

fn exit_of(status: WaitStatus) -> Exit {
    match (status.exit_status(), status.terminating_signal()) {
        (Some(code), _) => Exit::Code(code),
        (None, Some(signal)) => Exit::Signal(signal),
        (None, None) => Exit::Unseen,
    }
}
