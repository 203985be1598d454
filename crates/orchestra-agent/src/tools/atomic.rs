//! Writing a file whole or not at all, through the descriptor of its folder.
//!
//! A new file is written beside its place, synced, and moved there. What a link was swapped in for is replaced as a
//! name, never written through.

use std::ffi::OsString;
use std::fs::{File, Metadata};
use std::io::{self, Read as _, Write as _};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::MetadataExt as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use orchestra_core::unfinished;
use rustix::fs::{AtFlags, Mode, OFlags, RenameFlags};
use rustix::io::Errno;

use super::beneath::{self, Kind, Name, PathError, could_not};

/// The largest file that is edited, in bytes.
pub(super) const MAX_FILE: u64 = 16 * 1024 * 1024;

/// A plain file's bytes, and what tells this version of it from another.
#[derive(Debug)]
pub(super) struct Plain {
    pub(super) bytes: Vec<u8>,
    stamp: Stamp,
}

/// A version of a file: device, inode, size, and when it was changed (`ctime`, which nobody sets back).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Stamp {
    file: (u64, u64),
    size: u64,
    changed: (i64, i64),
    permissions: u32,
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        Self {
            file: (metadata.dev(), metadata.ino()),
            size: metadata.size(),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
            permissions: metadata.mode() & 0o777,
        }
    }
}

/// Reads a file of up to [`MAX_FILE`] bytes; `None` where it is larger.
pub(super) fn read(name: &Name) -> Result<Option<Plain>, PathError> {
    let file = name.open()?;
    let stamp = Stamp::of(&file.metadata().map_err(could_not("look at"))?);
    let mut bytes = Vec::new();
    file.take(MAX_FILE + 1).read_to_end(&mut bytes).map_err(could_not("read"))?;
    Ok((bytes.len() as u64 <= MAX_FILE).then_some(Plain { bytes, stamp }))
}

/// Why a file was not written.
#[derive(Debug)]
pub(super) enum WriteError {
    /// Somebody else was at it since it was looked at.
    Changed,
    Path(PathError),
}

impl From<PathError> for WriteError {
    fn from(error: PathError) -> Self {
        Self::Path(error)
    }
}

/// Writes a file with the folders above it. `before` is the version that it replaces; without one there is none yet.
pub(super) fn write(name: &Name, bytes: &[u8], before: Option<&Plain>) -> Result<(), WriteError> {
    let folder = name.make_folder()?;
    let temp = Temp::write(&folder, bytes, before.map(|plain| plain.stamp.permissions))?;
    match before {
        Some(before) => {
            if now(&folder, name)? != Some(before.stamp) {
                return Err(WriteError::Changed);
            }
            rustix::fs::renameat(&folder, &temp.name, &folder, name.os_name())
                .map_err(could_not("replace"))?;
        }
        None => temp.appear(name)?,
    }
    temp.forget();
    // Where a file system cannot, the file is there all the same.
    let _unsupported = rustix::fs::fsync(&folder);
    Ok(())
}

/// The version of a plain file that stands there now.
fn now(folder: &OwnedFd, name: &Name) -> Result<Option<Stamp>, PathError> {
    let os_name = name.os_name();
    if beneath::kind_of(folder, os_name.as_encoded_bytes()).map_err(could_not("look at"))? != Some(Kind::File)
    {
        return Ok(None);
    }
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let opened = rustix::fs::openat(folder, os_name, flags, Mode::empty());
    let file = File::from(opened.map_err(could_not("open"))?);
    Ok(Some(Stamp::of(&file.metadata().map_err(could_not("look at"))?)))
}

/// A file that is not yet in its place; taken away unless it gets there.
struct Temp<'a> {
    folder: &'a OwnedFd,
    name: OsString,
    is_there: bool,
}

impl<'a> Temp<'a> {
    fn write(folder: &'a OwnedFd, bytes: &[u8], permissions: Option<u32>) -> Result<Self, PathError> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let name = temp_name();
        let opened = rustix::fs::openat(folder, &name, flags, Mode::from_raw_mode(0o666));
        let mut file = File::from(opened.map_err(could_not("create"))?);
        let temp = Self { folder, name, is_there: true };
        let written = (|| -> io::Result<()> {
            if let Some(permissions) = permissions {
                rustix::fs::fchmod(&file, mode_of(permissions))?;
            }
            file.write_all(bytes)?;
            file.sync_all()
        })();
        written.map_err(could_not("write"))?;
        Ok(temp)
    }

    /// Moves it to a name that nobody has.
    fn appear(&self, name: &Name) -> Result<(), WriteError> {
        let (folder, to) = (self.folder.as_fd(), name.os_name());
        let moved = match rustix::fs::renameat_with(folder, &self.name, folder, to, RenameFlags::NOREPLACE) {
            // This file system cannot do it in one step.
            Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {
                rustix::fs::linkat(folder, &self.name, folder, to, AtFlags::empty())
                    .and_then(|()| rustix::fs::unlinkat(folder, &self.name, AtFlags::empty()))
            }
            moved => moved,
        };
        match moved {
            Err(Errno::EXIST) => Err(WriteError::Changed),
            moved => Ok(moved.map_err(could_not("create"))?),
        }
    }

    /// It has its own name now.
    fn forget(mut self) {
        self.is_there = false;
    }
}

impl Drop for Temp<'_> {
    fn drop(&mut self) {
        if self.is_there {
            // What cannot be taken away stays and is seen.
            let _stays = rustix::fs::unlinkat(self.folder, &self.name, AtFlags::empty());
        }
    }
}

/// A name that nobody has, of the form that half-written documents have as well.
fn temp_name() -> OsString {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    // Only has to differ from what an earlier process of the same id left over; the open is exclusive anyway.
    let nanos = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().subsec_nanos();
    unfinished::name(std::process::id(), (u64::from(nanos) << 32) ^ count).into()
}

#[cfg_attr(
    target_os = "linux",
    expect(clippy::useless_conversion, reason = "the raw type is narrower on other systems")
)]
fn mode_of(permissions: u32) -> Mode {
    Mode::from_raw_mode((permissions & 0o777).try_into().unwrap_or(0o600))
}
