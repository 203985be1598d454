//! Measuring two things in turn, and saying how one stands to the other.
//!
//! Why no framework: everything here is a whole process or bound by the disk, is held against something else in the
//! same run, and has an aim. Frameworks such as divan time one function many times and compare with the run before,
//! on a machine that was another one then.

use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::path::Path;
use std::time::{Duration, Instant};

/// How often each of the two is measured; a first time that nobody counts comes before.
pub(crate) const ROUNDS: usize = 7;

/// Measures two things in turn: ours, theirs, ours, theirs …
pub(crate) fn in_turn(
    rounds: usize,
    mut ours: impl FnMut() -> Duration,
    mut theirs: impl FnMut() -> Duration,
) -> Pairs {
    // Caches are warm for both of them, or for none.
    let _not_counted = (ours(), theirs());
    Pairs((0..rounds).map(|_| (ours(), theirs())).collect())
}

/// How long something takes.
pub(crate) fn time(work: impl FnOnce()) -> Duration {
    let begun = Instant::now();
    work();
    begun.elapsed()
}

/// What was measured in turn.
pub(crate) struct Pairs(Vec<(Duration, Duration)>);

impl Pairs {
    /// Pairs that come out of one run each.
    pub(crate) fn of(pairs: Vec<(Duration, Duration)>) -> Self {
        Self(pairs)
    }

    /// The median of the quotients, pair by pair: what slows the machine down for a while slows both of a pair.
    pub(crate) fn ratio(&self) -> f64 {
        median(self.0.iter().map(|(ours, theirs)| ours.as_secs_f64() / theirs.as_secs_f64()).collect())
    }

    fn ours(&self) -> Duration {
        Duration::from_secs_f64(median(self.0.iter().map(|(ours, _)| ours.as_secs_f64()).collect()))
    }

    fn theirs(&self) -> Duration {
        Duration::from_secs_f64(median(self.0.iter().map(|(_, theirs)| theirs.as_secs_f64()).collect()))
    }

    /// Says how the quotient stands to an aim.
    pub(crate) fn report(&self, what: &str, than: &str, aim: f64) {
        let ratio = self.ratio();
        let mut numbers = String::new();
        // Writing to a String cannot fail.
        let _infallible = write!(
            numbers,
            "{}, {than} {} (medians of {})",
            ms(self.ours()),
            ms(self.theirs()),
            self.0.len()
        );
        say(what, &format!("{ratio:.2}x"), &format!("<= {aim}x"), ratio <= aim, &numbers);
    }
}

/// Prints one result: `status  0.93x  aim <= 1x  met  …`. A missed aim is said and is no failure.
pub(crate) fn say(what: &str, value: &str, aim: &str, is_met: bool, numbers: &str) {
    let met = if is_met { "met" } else { "missed" };
    let line = format!("{what:<44} {value:>9}   aim {aim:<10} {met:<7} {numbers}\n");
    // A benchmark that nobody reads has nothing else to do.
    let _unheard = io::stdout().write_all(line.as_bytes());
}

/// Milliseconds, for people.
pub(crate) fn ms(duration: Duration) -> String {
    format!("{:.1} ms", duration.as_secs_f64() * 1000.0)
}

/// The middle one.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 { values[middle] } else { f64::midpoint(values[middle - 1], values[middle]) }
}

/// User and system time of a process, of threads that have ended too (`proc_pid_stat(5)`, in hundredths of a second).
pub(crate) fn cpu(pid: u32) -> Duration {
    let stat = proc(pid, "stat");
    // The program's name, in parentheses, may hold anything; what follows begins with field 3.
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap().split(' ').collect();
    let ticks = [fields[11], fields[12]].map(|ticks| ticks.parse::<u64>().unwrap());
    Duration::from_millis(ticks.iter().sum::<u64>() * 10)
}

/// The memory that a process keeps, in megabytes.
pub(crate) fn memory(pid: u32) -> f64 {
    megabytes(pid, "VmRSS:")
}

/// The most that it ever kept.
pub(crate) fn peak_memory(pid: u32) -> f64 {
    megabytes(pid, "VmHWM:")
}

fn megabytes(pid: u32, what: &str) -> f64 {
    let status = proc(pid, "status");
    let line = status.lines().find_map(|line| line.strip_prefix(what)).unwrap();
    line.trim().trim_end_matches(" kB").parse::<f64>().unwrap() * 1024.0 / 1e6
}

fn proc(pid: u32, file: &str) -> String {
    fs::read_to_string(Path::new("/proc").join(pid.to_string()).join(file)).unwrap()
}
