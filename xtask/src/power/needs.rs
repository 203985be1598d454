//! What a power cut needs of the machine.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// Programs without which nothing is tried. `perl` issues the ioctl, since a call of it from Rust is `unsafe`; git
/// needs it as well.
const PROGRAMS: [&str; 6] = ["mkfs.ext4", "mount", "umount", "cp", "perl", "git"];

/// Programs that were found.
pub(super) struct Found {
    pub(super) unshare: PathBuf,
    /// For the control alone.
    pub(super) strace: Option<PathBuf>,
}

/// Looks for everything, and names all that is missing.
pub(super) fn look() -> Result<Found, String> {
    let mut missing = Vec::new();
    if !cfg!(target_os = "linux") {
        missing.push("Linux".to_owned());
    }
    // The owner of a process's folder is who it runs as.
    if fs::metadata("/proc/self").map_or(true, |own| own.uid() != 0) {
        missing.push("root".to_owned());
    }
    if !Path::new("/dev/loop-control").exists() {
        missing.push("loop devices".to_owned());
    }
    missing.extend(PROGRAMS.iter().filter(|name| find(name).is_none()).map(|name| format!("`{name}`")));
    let unshare = find("unshare");
    if unshare.is_none() {
        missing.push("`unshare`".to_owned());
    }
    match unshare {
        Some(unshare) if missing.is_empty() => Ok(Found { unshare, strace: find("strace") }),
        _ => Err(format!("this needs {}", missing.join(", "))),
    }
}

/// Finds a program on the search path, or where administrators have theirs.
pub(super) fn find(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/sbin".into()]);
    folders.map(|folder| folder.join(name)).find(|file| file.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_named_and_what_is_there_is_found() {
        assert!(find("git").is_some_and(|git| git.is_absolute()));
        assert_eq!(find("no-such-program-anywhere"), None);
        // Whichever this machine is.
        assert!(look().err().is_none_or(|missing| missing.starts_with("this needs ")));
    }
}
