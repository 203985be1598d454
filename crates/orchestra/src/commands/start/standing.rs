//! Standing still: this process, as `ctrl-z` and a stop from outside want it, and whoever works for it with it.
//!
//! Agents, commands and hooks are in sessions of their own, where no shell's stop reaches them: they are paused first, and go
//! on when this process does and is in front again. After `bg` they stay as they are, for so does whatever asks the person. A
//! SIGSTOP cannot be heard before it works: then they run on.

use std::io;
use std::time::Duration;

use orchestra_agent::guard::GuardLauncher;
use rustix::process::{Signal, getpgrp, getpid, kill_process};
use rustix::termios::tcgetpgrp;
use tokio::signal::unix::{Signal as Signals, SignalKind, signal};
use tokio::time::timeout;

/// How long it may take at the most until the system has stopped this process.
const STOPPING: Duration = Duration::from_secs(1);

/// Hears from now on that somebody stops this process.
pub(in crate::commands) fn stops() -> io::Result<Signals> {
    signal(SignalKind::from_raw(Signal::TSTP.as_raw()))
}

/// Hears from now on that somebody lets this process go on.
pub(in crate::commands) fn goes_on() -> io::Result<Signals> {
    signal(SignalKind::from_raw(Signal::CONT.as_raw()))
}

/// Has everything below these stand still until somebody lets this process go on, in front.
pub(in crate::commands) async fn stand_still(launchers: &[GuardLauncher]) -> io::Result<()> {
    for launcher in launchers {
        launcher.pause().await;
    }
    let stood = stop_and_wait().await;
    // Whatever went wrong: nobody is left standing.
    launchers.iter().for_each(GuardLauncher::resume);
    stood
}

async fn stop_and_wait() -> io::Result<()> {
    let mut goes_on = goes_on()?;
    kill_process(getpid(), Signal::STOP)?;
    // Another thread may be stopped first, and this one run on for a moment: the terminal is not ours until the shell says
    // so. The first process of a container is never stopped, and comes back by itself.
    let _either = timeout(STOPPING, goes_on.recv()).await;
    wait_in_front(&mut goes_on).await;
    Ok(())
}

/// Waits until this process is in front. A shell says so by letting it go on; it may take the terminal then.
pub(in crate::commands) async fn wait_in_front(goes_on: &mut Signals) {
    while !is_in_front() {
        if goes_on.recv().await.is_none() {
            return;
        }
    }
}

/// Whether the terminal is this process's to read and to set. Where there is none nobody else has it.
pub(in crate::commands) fn is_in_front() -> bool {
    tcgetpgrp(io::stdin()).map_or(true, |group| group == getpgrp())
}

/// Stands still wherever somebody stops this process.
pub(in crate::commands) async fn heed_stops(launcher: GuardLauncher) -> io::Result<()> {
    loop {
        // Heard anew each time: what stops all of a shell's job tells us once for each of us.
        let mut stops = stops()?;
        if stops.recv().await.is_none() {
            return Ok(());
        }
        stand_still(std::slice::from_ref(&launcher)).await?;
    }
}
