//! Which machine and boot this is, and whether a process is still the one it was.

use std::fs;

use rustix::io::Errno;
use rustix::process::Pid;
use serde::{Deserialize, Serialize};

/// One boot of one machine, as seen from one process namespace (a container has its own).
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Machine {
    /// Its name in the network.
    pub host: String,
    /// Changes with every boot; empty where the system does not say.
    pub boot: String,
    /// Tells machines of one name apart; empty where the system does not say.
    #[serde(default)]
    pub machine: String,
    /// Tells apart containers, in each of which a process id means another process.
    #[serde(default)]
    pub pids: String,
}

/// A process that is told from a later one with the same id.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Process {
    /// Its id.
    pub pid: u32,
    /// When it began, in ticks since the boot; `None` where the system does not say.
    pub started: Option<u64>,
}

/// Whether a process of this boot is running.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Life {
    /// It runs.
    Alive,
    /// It has ended, or is dead and only waits to be collected.
    Dead,
    /// A process of that id runs, and it cannot be told whether it is this one.
    Unsure,
}

impl Machine {
    /// Asks the system.
    pub fn observe() -> Self {
        let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
        // Linux: proc_sys_kernel(5).
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        // machine-id(5), pid_namespaces(7).
        let machine = fs::read_to_string("/etc/machine-id").unwrap_or_default();
        let pids = fs::read_link("/proc/self/ns/pid").unwrap_or_default();
        Self {
            host,
            boot: boot.trim().to_owned(),
            machine: machine.trim().to_owned(),
            pids: pids.to_string_lossy().into_owned(),
        }
    }

    /// Whether a process id means the same process on both, surely.
    pub fn is_same_boot(&self, other: &Self) -> bool {
        self == other && !self.boot.is_empty()
    }

    /// Whether both are the same machine, and it was started anew in between, surely.
    pub fn is_other_boot(&self, other: &Self) -> bool {
        self.host == other.host
            && self.machine == other.machine
            && !self.boot.is_empty()
            && !other.boot.is_empty()
            && self.boot != other.boot
    }
}

impl Process {
    /// This process.
    pub fn this() -> Self {
        let pid = std::process::id();
        Self { pid, started: stat(pid).map(|stat| stat.started) }
    }

    /// Whether it runs, given that it began in this boot of this machine.
    pub fn life(&self) -> Life {
        let Some(pid) = i32::try_from(self.pid).ok().and_then(Pid::from_raw) else { return Life::Dead };
        // An answer of any other kind means that there is such a process.
        if rustix::process::test_kill_process(pid) == Err(Errno::SRCH) {
            return Life::Dead;
        }
        match (stat(self.pid), self.started) {
            (Some(now), _) if matches!(now.state, 'Z' | 'X') => Life::Dead,
            (Some(now), Some(started)) if now.started != started => Life::Dead,
            (Some(_), Some(_)) => Life::Alive,
            (None, _) | (_, None) => Life::Unsure,
        }
    }
}

struct ProcStat {
    state: char,
    started: u64,
}

/// Linux: `proc_pid_stat(5)`. The name in parentheses may contain anything, so the fields are counted after it.
fn stat(pid: u32) -> Option<ProcStat> {
    let text = fs::read(format!("/proc/{pid}/stat")).ok()?;
    let text = String::from_utf8_lossy(&text);
    let mut fields = text.rsplit_once(')')?.1.split_ascii_whitespace();
    let state = fields.next()?.chars().next()?;
    // The state is field 3, the start time field 22.
    let started = fields.nth(22 - 3 - 1)?.parse().ok()?;
    Some(ProcStat { state, started })
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn a_process_is_told_from_a_later_one_with_its_id() {
        let this = Process::this();
        assert_eq!(this.life(), Life::Alive);
        assert_eq!(Process { started: this.started.map(|ticks| ticks + 1), ..this }.life(), Life::Dead);
    }

    #[test]
    fn a_process_that_ended_is_dead_before_and_after_it_is_collected() {
        let mut child = Command::new("cat").stdin(std::process::Stdio::piped()).spawn().unwrap();
        let process = Process { pid: child.id(), started: stat(child.id()).map(|stat| stat.started) };
        assert_eq!(process.life(), Life::Alive);
        child.kill().unwrap();
        // `SIGKILL` was sent, so its end is a matter of time; nothing has collected it.
        while process.life() != Life::Dead {
            std::thread::yield_now();
        }
        child.wait().unwrap();
        assert_eq!(process.life(), Life::Dead);
    }
}
