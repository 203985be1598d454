//! Trees of processes: who is below whom, and ending them.

use std::io;

use rustix::process::{Pid, Signal};

/// One process, as the system lists it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Process {
    pub(super) pid: i32,
    pub(super) parent: i32,
    /// Its session; 0 where the system does not say.
    pub(super) session: i32,
    /// When it was started, in units of the system; with the pid it names a process for good.
    pub(super) started: u64,
    /// Whether it has ended and only waits to be noticed.
    pub(super) is_over: bool,
    /// Whether it stands still until a SIGCONT.
    pub(super) is_stopped: bool,
    /// Whether it is in the kernel, and heeds signals only on its way out (state D).
    pub(super) is_in_kernel: bool,
}

impl Process {
    /// Whether it is the same process, whatever it does.
    pub(super) fn is(&self, other: &Self) -> bool {
        (self.pid, self.started) == (other.pid, other.started)
    }
}

/// Lists everything below a process, nearest first. What is over is left out, but looked through.
pub(super) fn below(ancestor: i32) -> io::Result<Vec<Process>> {
    let all = list()?;
    let mut family = vec![ancestor];
    let mut found: Vec<Process> = Vec::new();
    let mut looked_at = 0;
    while looked_at < family.len() {
        let parent = family[looked_at];
        looked_at += 1;
        for process in all.iter().filter(|process| process.parent == parent) {
            if !family.contains(&process.pid) {
                family.push(process.pid);
                found.push(*process);
            }
        }
    }
    found.retain(|process| !process.is_over);
    Ok(found)
}

/// Sends SIGKILL to a process.
pub(super) fn kill(process: &Process) {
    send(process, Signal::KILL);
}

/// Sends SIGSTOP to a process.
pub(super) fn stop(process: &Process) {
    send(process, Signal::STOP);
}

/// Sends SIGCONT to a process.
pub(super) fn go_on(process: &Process) {
    send(process, Signal::CONT);
}

/// Sends a signal to a process, but never to another one that got its number meanwhile.
#[cfg(target_os = "linux")]
fn send(process: &Process, signal: Signal) {
    use rustix::process::{PidfdFlags, pidfd_open, pidfd_send_signal};

    let Some(pid) = Pid::from_raw(process.pid) else { return };
    match pidfd_open(pid, PidfdFlags::empty()) {
        Ok(handle) => {
            if find(process.pid).is_some_and(|now| now.is(process)) {
                // One that is gone needs none; one that is somebody else's takes none.
                let _gone = pidfd_send_signal(handle, signal);
            }
        }
        Err(rustix::io::Errno::SRCH) => {}
        // Kernels before 5.3, or forbidden by a filter.
        Err(_) => {
            let _gone = rustix::process::kill_process(pid, signal);
        }
    }
}

/// Sends a signal to a process.
#[cfg(not(target_os = "linux"))]
fn send(process: &Process, signal: Signal) {
    if let Some(pid) = Pid::from_raw(process.pid) {
        let _gone = rustix::process::kill_process(pid, signal);
    }
}

#[cfg(target_os = "linux")]
pub(super) fn list() -> io::Result<Vec<Process>> {
    let mut processes = Vec::new();
    for entry in std::fs::read_dir("/proc")? {
        let name = entry?.file_name();
        if let Some(process) = name.to_str().and_then(|name| name.parse().ok()).and_then(find) {
            processes.push(process);
        }
    }
    Ok(processes)
}

/// Looks at one process; `None` where it is gone.
#[cfg(target_os = "linux")]
pub(super) fn find(pid: i32) -> Option<Process> {
    parse_stat(pid, &std::fs::read(format!("/proc/{pid}/stat")).ok()?)
}

/// Reads `/proc/PID/stat` (see `proc_pid_stat(5)`). The name in parentheses may hold anything, parentheses included.
#[cfg(target_os = "linux")]
fn parse_stat(pid: i32, stat: &[u8]) -> Option<Process> {
    let after_name = stat.iter().rposition(|byte| *byte == b')')? + 1;
    let rest = std::str::from_utf8(&stat[after_name..]).ok()?;
    let mut fields = rest.split_ascii_whitespace();
    let state = fields.next()?;
    // Fields are numbered from 1: the parent is the fourth, the session the sixth, the start time the 22nd.
    let parent = fields.next()?.parse().ok()?;
    let session = fields.nth(1)?.parse().ok()?;
    let started = fields.nth(15)?.parse().ok()?;
    let (is_over, is_stopped) = (matches!(state, "Z" | "X" | "x"), state == "T");
    Some(Process { pid, parent, session, started, is_over, is_stopped, is_in_kernel: state == "D" })
}

#[cfg(not(target_os = "linux"))]
pub(super) fn list() -> io::Result<Vec<Process>> {
    let output = std::process::Command::new("/bin/ps").args(["-A", "-o", "pid=,ppid=,stat="]).output()?;
    let parse = |line: &str| {
        let mut fields = line.split_ascii_whitespace();
        let pid = fields.next()?.parse().ok()?;
        let parent = fields.next()?.parse().ok()?;
        let state = fields.next()?;
        let (is_over, is_stopped) = (state.starts_with('Z'), state.starts_with('T'));
        // On macOS `U`.
        let is_in_kernel = state.starts_with(['D', 'U']);
        Some(Process { pid, parent, session: 0, started: 0, is_over, is_stopped, is_in_kernel })
    };
    Ok(String::from_utf8_lossy(&output.stdout).lines().filter_map(parse).collect())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_process_name_full_of_parentheses_does_not_move_the_fields() {
        let stat = b"7 (a) b) (c) S 5 7 6 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 1 0 4242 9 9 9";
        let process = parse_stat(7, stat).unwrap();
        let (is_over, is_stopped, is_in_kernel) = (false, false, false);
        let wanted =
            Process { pid: 7, parent: 5, session: 6, started: 4242, is_over, is_stopped, is_in_kernel };
        assert_eq!(process, wanted);
        assert_eq!(parse_stat(7, b"7 (x) Z 5"), None);
        assert_eq!(parse_stat(7, b""), None);
    }

    #[test]
    fn this_process_is_found_and_lies_below_its_parent() {
        let me = i32::try_from(std::process::id()).unwrap();
        let parent = find(me).unwrap().parent;
        assert!(below(parent).unwrap().iter().any(|process| process.pid == me));
        assert!(!below(me).unwrap().iter().any(|process| process.pid == me));
    }
}
