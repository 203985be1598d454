//! Who is below a guard, asked from outside of it.

use std::collections::BTreeSet;

use super::MARK;
use super::tree::{self, Process};

/// The name that a guard gives itself; at most 15 bytes.
#[cfg(target_os = "linux")]
pub(super) const PROCESS_NAME: &std::ffi::CStr = c"orch-guard";

/// Tells whether this process runs below a guard, so that what is a person's to decide can be refused here.
///
/// `mark` is the value of [`MARK`] in the caller's environment. A process that wipes its environment is found by
/// its ancestors: a guard adopts whatever is orphaned below it, so it stays one.
pub fn is_below_a_guard(mark: Option<&str>) -> bool {
    mark.is_some_and(|mark| !mark.is_empty()) || has_guard_among_ancestors()
}

fn has_guard_among_ancestors() -> bool {
    any_ancestor(|pid| is_named_guard(pid) || mark_of(pid).is_some())
}

/// Tells whether this process runs below another one.
///
/// For a worker that has adopted what its guards left ([`super::GuardLauncher::adopt_orphans`]): what runs below it is
/// nobody who sits at a terminal.
pub fn is_below(ancestor: u32) -> bool {
    any_ancestor(|pid| pid.cast_unsigned() == ancestor)
}

#[cfg(target_os = "linux")]
fn any_ancestor(is_meant: impl FnMut(i32) -> bool) -> bool {
    let parent = std::os::unix::process::parent_id().cast_signed();
    any_upwards(parent, |pid| tree::find(pid).map(|process| process.parent), is_meant)
}

#[cfg(not(target_os = "linux"))]
fn any_ancestor(is_meant: impl FnMut(i32) -> bool) -> bool {
    let Ok(all) = tree::list() else { return false };
    let parent = std::os::unix::process::parent_id().cast_signed();
    let parent_of = |pid| all.iter().find(|process| process.pid == pid).map(|process| process.parent);
    any_upwards(parent, parent_of, is_meant)
}

/// How far up is looked at most: ids are used again, so what is read one after the other could go in a circle.
const FARTHEST: usize = 100_000;

/// Tells whether a process, or one above it, is meant. Process 1 is asked about, too: it is the worker itself where a
/// container was started with it.
fn any_upwards(
    mut pid: i32,
    parent_of: impl Fn(i32) -> Option<i32>,
    mut is_meant: impl FnMut(i32) -> bool,
) -> bool {
    for _ in 0..FARTHEST {
        if pid < 1 {
            return false;
        }
        if is_meant(pid) {
            return true;
        }
        match parent_of(pid) {
            Some(parent) if parent != pid => pid = parent,
            Some(_) | None => return false,
        }
    }
    false
}

#[cfg(target_os = "linux")]
fn is_named_guard(pid: i32) -> bool {
    std::fs::read(format!("/proc/{pid}/comm"))
        .is_ok_and(|name| name.strip_suffix(b"\n").unwrap_or(&name) == PROCESS_NAME.to_bytes())
}

/// Elsewhere a guard is known by its mark alone.
#[cfg(not(target_os = "linux"))]
fn is_named_guard(_: i32) -> bool {
    false
}

/// Ends every process that carries this mark, and says how many there were.
///
/// For what is left when a guard itself was killed. Processes that wiped their environment are not found.
pub fn end_marked(mark: &str) -> usize {
    end_all(|found| found == mark.as_bytes())
}

/// Ends every process whose mark begins like this, and says how many there were: whatever guards of one lock left.
pub(super) fn end_marked_like(prefix: &str) -> usize {
    end_all(|found| found.starts_with(prefix.as_bytes()))
}

fn end_all(is_meant: impl Fn(&[u8]) -> bool) -> usize {
    let me = std::process::id().cast_signed();
    end_while_found(|| {
        let Ok(mut all) = tree::list() else { return Vec::new() };
        all.retain(|process| process.pid != me && !process.is_over);
        all.retain(|process| mark_of(process.pid).is_some_and(|mark| is_meant(&mark)));
        all
    })
}

/// Ends what became a child of this process when the guard above it was killed, with everything below, and says how
/// many processes that were.
///
/// Such a one has a session of its own, which no child that this process started itself has, except for `guards`.
pub(super) fn end_adopted(guards: &BTreeSet<i32>) -> usize {
    let me = std::process::id().cast_signed();
    let adopted = || -> Option<Vec<Process>> {
        let session = tree::list().ok()?.iter().find(|process| process.pid == me)?.session;
        let mut all = tree::list().ok()?;
        all.retain(|child| child.parent == me && child.session != session && !guards.contains(&child.pid));
        Some(all)
    };
    let ended = end_while_found(|| {
        let mut family = adopted().unwrap_or_default();
        let below: Vec<Process> =
            family.iter().filter_map(|child| tree::below(child.pid).ok()).flatten().collect();
        family.extend(below);
        family.retain(|process| !process.is_over);
        family
    });
    for child in adopted().unwrap_or_default() {
        if let Some(pid) = rustix::process::Pid::from_raw(child.pid) {
            // Nobody else waits for it. One that cannot be waited for is none of ours.
            let _reaped = rustix::process::waitpid(Some(pid), rustix::process::WaitOptions::NOHANG);
        }
    }
    ended
}

/// Kills what is found until nothing is, and says how many processes that were.
fn end_while_found(mut find: impl FnMut() -> Vec<Process>) -> usize {
    let mut ended: Vec<(i32, u64)> = Vec::new();
    // What a process starts while we look is found in the next round; rounds are bounded because a process in state D
    // stays in the list whatever is done.
    for _ in 0..200 {
        let found = find();
        if found.is_empty() {
            break;
        }
        for process in found {
            tree::kill(&process);
            let name = (process.pid, process.started);
            if !ended.contains(&name) {
                ended.push(name);
            }
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    ended.len()
}

/// The mark that a process was started with, where its environment can be read.
#[cfg(target_os = "linux")]
fn mark_of(pid: i32) -> Option<Vec<u8>> {
    find_mark(&std::fs::read(format!("/proc/{pid}/environ")).ok()?, 0)
}

/// The mark that a process was started with, as far as `ps` shows it.
#[cfg(not(target_os = "linux"))]
fn mark_of(pid: i32) -> Option<Vec<u8>> {
    let output = std::process::Command::new("/bin/ps")
        .args(["-E", "-ww", "-o", "command=", "-p", &pid.to_string()])
        .output()
        .ok()?;
    find_mark(output.stdout.trim_ascii_end(), b' ')
}

/// Finds the mark in a list of `NAME=value`.
fn find_mark(environment: &[u8], separator: u8) -> Option<Vec<u8>> {
    environment.split(|byte| *byte == separator).find_map(|entry| {
        let value = entry.strip_prefix(MARK.as_bytes())?.strip_prefix(b"=")?;
        Some(value.to_vec())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_in_the_environment_is_enough_and_an_empty_one_is_none() {
        assert!(is_below_a_guard(Some("17-1")));
        assert_eq!(is_below_a_guard(Some("")), is_below_a_guard(None));
    }

    #[test]
    fn the_first_process_of_a_container_is_above_everything_in_it() {
        let parent_of =
            |pid| [(9, 7), (7, 1), (1, 0)].iter().find(|(child, _)| *child == pid).map(|found| found.1);
        let is_above = |meant| any_upwards(9, parent_of, |pid| pid == meant);
        assert_eq!([9, 7, 1, 8, 0].map(is_above), [true, true, true, false, false]);
        assert!(!any_upwards(3, |pid| Some(pid % 2 + 1), |pid| pid == 9), "a circle has an end");
    }

    #[test]
    fn a_mark_is_found_by_its_whole_name() {
        let environment = b"PATH=/bin\0NOT_ORCHESTRA_GUARD=x\0ORCHESTRA_GUARD=17-1\0";
        assert_eq!(find_mark(environment, 0).as_deref(), Some(&b"17-1"[..]));
        assert_eq!(find_mark(b"ORCHESTRA_GUARDED=1\0", 0), None);
    }

    #[test]
    fn nothing_is_ended_for_a_mark_that_nobody_carries() {
        assert_eq!(end_marked("no such guard"), 0);
    }
}
