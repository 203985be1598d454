//! Replacing a file that somebody else may be saving at the same moment.

use std::ffi::OsStr;
use std::time::{Duration, SystemTime};

use rustix::fs::RenameFlags;
use rustix::io::Errno;

use super::{Creation, Temp, create, rename_new};
use crate::file::{At as _, FileError};
use crate::folder::{Access, Folder, Plain, Stamp};

/// A file that was written this recently may be in the middle of being saved in place: empty, or half there.
pub(crate) const SETTLING: Duration = Duration::from_millis(20);

/// How often a file that does not come to rest is waited for before it is taken as it is.
pub(crate) const MAX_WAITS: u32 = 25;

/// How often a save that came out is put back while somebody saves the same file over and over.
const MAX_SWAPS: usize = 16;

/// What became of [`replace_if`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Replacement {
    /// The new bytes are there, and what they replaced was what was expected.
    Replaced,
    /// Somebody else had saved the file meanwhile; what they saved is there.
    Raced,
}

/// Replaces a file only if what it replaces is what was read (`None`: nothing is there).
///
/// Comparing before a rename leaves a moment in which a save is lost. So the two files are exchanged in one step,
/// what came out is compared, and put back where it is somebody's save. (On a file system that cannot exchange
/// the comparison before the rename is all there is.)
pub fn replace_if(
    folder: &Folder,
    name: &OsStr,
    expected: Option<&Plain>,
    new: &[u8],
    max: u64,
) -> Result<Replacement, FileError> {
    let Some(expected) = expected else {
        return Ok(match create(folder, name, new, Access::Shared)? {
            Creation::Created => Replacement::Replaced,
            Creation::Exists => Replacement::Raced,
        });
    };
    let path = folder.path().join(name);
    let is_expected =
        |plain: &Plain| plain.stamp.is_same_version(&expected.stamp) && plain.bytes == expected.bytes;
    if !folder.read(name, max)?.as_ref().is_some_and(is_expected) {
        return Ok(Replacement::Raced);
    }
    let temp = Temp::write(folder, new, Access::Shared, Some(expected.mode))?;
    let Some(ours) = folder.stamp(&temp.name)? else { return Ok(Replacement::Raced) };
    match exchange(folder, &temp.name, name) {
        Ok(()) => {}
        Err(Errno::NOENT) => return Ok(Replacement::Raced),
        Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {
            if !folder.read(name, max)?.as_ref().is_some_and(is_expected) {
                return Ok(Replacement::Raced);
            }
            rustix::fs::renameat(folder, &temp.name, folder, name).at("replace", &path)?;
            temp.keep();
            folder.sync()?;
            return Ok(Replacement::Replaced);
        }
        Err(error) => return Err(FileError::new("replace", path, error)),
    }
    // From here on what the temporary name holds may be somebody's save: it is removed only once it is known.
    let out = temp.keep();
    // This takes a while, in which an editor that had the old file open begins to write into it.
    folder.sync()?;
    if folder.read(&out, max).is_ok_and(|plain| plain.as_ref().is_some_and(is_expected)) {
        folder.remove(&out)?;
        return Ok(Replacement::Replaced);
    }
    put_back(folder, name, &out, ours)
}

/// Puts back somebody's save that came out as `out` when `ours` went in.
///
/// Whoever saves now does so under the name. So if what was put in last comes out as it went in, nobody did, and it
/// is older than what is there; if it comes out changed, or another file does, that is newer, and goes back in turn.
/// This tells versions by their stamps, so a save in place must have come to its end before it is put in.
pub(super) fn put_back(
    folder: &Folder,
    name: &OsStr,
    out: &OsStr,
    ours: Stamp,
) -> Result<Replacement, FileError> {
    let path = folder.path().join(name);
    let mut put_in = ours;
    for _ in 0..MAX_SWAPS {
        let returning = settle(folder, out);
        match exchange(folder, out, name) {
            // What was put in was moved away by an editor that is about to save.
            Err(Errno::NOENT) => match rename_new(folder, out, folder, name) {
                Err(Errno::EXIST) => continue,
                renamed => {
                    renamed.at("put back", &path)?;
                    folder.sync()?;
                    return Ok(Replacement::Raced);
                }
            },
            exchanged => exchanged.at("put back", &path)?,
        }
        folder.sync()?;
        if version(folder, out).is_some_and(|came_out| came_out.is_same_version(&put_in)) {
            folder.remove(out)?;
            return Ok(Replacement::Raced);
        }
        match returning {
            Some(stamp) => put_in = stamp,
            // No plain file: then nobody saves into it, and what came out is kept.
            None => break,
        }
    }
    let mut kept = name.to_owned();
    kept.push(".kept");
    kept.push(out);
    rename_new(folder, out, folder, &kept).at("keep", &path)?;
    Err(FileError::Contended { kept: folder.path().join(kept), path })
}

/// Whether a file may be in the middle of being saved. A clock that disagrees with the file system's tells
/// nothing: then nobody is waited for.
pub(crate) fn is_settling(stamp: &Stamp) -> bool {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_nanos());
    let age = stamp.age(i128::try_from(now).unwrap_or(i128::MAX));
    (0..i128::from(SETTLING.subsec_nanos())).contains(&age)
}

/// Waits until nobody writes into a file, and returns its stamp; `None` where it is no plain file.
fn settle(folder: &Folder, name: &OsStr) -> Option<Stamp> {
    let mut stamp = version(folder, name)?;
    for _ in 0..MAX_WAITS {
        if !is_settling(&stamp) {
            break;
        }
        std::thread::sleep(SETTLING);
        stamp = version(folder, name)?;
    }
    Some(stamp)
}

fn version(folder: &Folder, name: &OsStr) -> Option<Stamp> {
    folder.stamp(name).ok().flatten()
}

fn exchange(folder: &Folder, one: &OsStr, two: &OsStr) -> Result<(), Errno> {
    rustix::fs::renameat_with(folder, one, folder, two, RenameFlags::EXCHANGE)
}
