//! A pseudo-terminal: one end for a program, the other for a test.

use std::ffi::OsStr;
use std::fs::File;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

/// After this long without a word something is wrong, in seconds.
pub const PATIENCE: u32 = 60;

/// Makes one: the test's end, and the path of the other.
pub fn open() -> (File, PathBuf) {
    let ours: OwnedFd = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    // Otherwise every program that is started meanwhile would keep this terminal open.
    rustix::io::fcntl_setfd(&ours, rustix::io::FdFlags::CLOEXEC).unwrap();
    grantpt(&ours).unwrap();
    unlockpt(&ours).unwrap();
    let name = ptsname(&ours, Vec::new()).unwrap();
    (File::from(ours), PathBuf::from(OsStr::from_bytes(name.as_bytes())))
}

/// Opens the program's end. The test does not get it as its own terminal.
pub fn open_theirs(path: &Path) -> File {
    let flags = rustix::fs::OFlags::RDWR | rustix::fs::OFlags::NOCTTY | rustix::fs::OFlags::CLOEXEC;
    File::from(rustix::fs::open(path, flags, rustix::fs::Mode::empty()).unwrap())
}
