//! What several tests need: the probe, a launcher for it, and waiting with a deadline.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use orchestra_agent::guard::{GuardLauncher, Order};

/// The program `examples/guard_probe.rs`, which cargo builds together with the tests.
pub(crate) fn probe() -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    let probe = tests.parent().unwrap().parent().unwrap().join("examples/guard_probe");
    assert!(probe.exists(), "{} is missing: run `cargo test` for the whole crate", probe.display());
    probe
}

pub(crate) fn launcher() -> GuardLauncher {
    GuardLauncher::new(probe(), vec!["guard".into()], None)
}

/// An order for a part of the probe.
pub(crate) fn part(args: &[&Path]) -> Order {
    let mut order = Order::new(probe(), "/");
    order.args = args.iter().map(|arg| arg.as_os_str().to_owned()).collect();
    order
}

/// An order for a line of shell.
pub(crate) fn shell(line: &str) -> Order {
    let mut order = Order::new("/bin/sh", "/");
    order.args = vec!["-c".into(), line.into()];
    order.env = vec![("PATH".into(), std::env::var_os("PATH").unwrap_or_else(|| "/usr/bin:/bin".into()))];
    order
}

/// Waits until something holds; fails the test after ten seconds. Says how long it took.
pub(crate) fn until(what: &str, mut holds: impl FnMut() -> bool) -> Duration {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_secs(10), "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(1));
    }
    start.elapsed()
}

/// Waits for a process to write its id.
pub(crate) fn pid_in(folder: &Path, name: &str) -> u32 {
    let file = folder.join(name);
    until(&format!("the pid of {name}"), || file.exists());
    std::fs::read_to_string(file).unwrap().parse().unwrap()
}

/// Tells whether a process runs (one that only waits to be noticed does not).
pub(crate) fn is_alive(pid: u32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat"))
        .is_ok_and(|stat| !stat.rsplit(')').next().unwrap().trim_start().starts_with(['Z', 'X']))
}
