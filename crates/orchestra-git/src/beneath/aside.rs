//! Files of our own that trade places with files of the work tree.
//!
//! What was in a place is never unlinked there: it comes out under a name of ours, and can be looked at and brought back.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use orchestra_core::path::{ContentHash, RepoPath};
use rustix::fs::{self as unix, AtFlags, Mode, OFlags, RenameFlags};
use rustix::io::Errno;

use super::Top;
use crate::fault::{At as _, DiskError};

/// How often a name that comes and goes is tried.
const TRIES: usize = 16;

/// A file of our own, held by the folder that it lies in.
#[derive(Debug)]
pub(crate) struct Aside {
    /// The folder.
    pub(crate) top: Top,
    /// Its name there.
    pub(crate) name: RepoPath,
}

impl Aside {
    /// A file by its path. It need not be there yet.
    pub(crate) fn at(file: &Path) -> Result<Self, DiskError> {
        let invalid = || io::Error::from(io::ErrorKind::InvalidInput);
        let folder = file.parent().ok_or_else(invalid).at("find the folder of", file)?;
        let name = file.file_name().map(OsStr::as_bytes).and_then(|name| RepoPath::parse(name).ok());
        Ok(Self { top: Top::open(folder)?, name: name.ok_or_else(invalid).at("name", file)? })
    }

    /// Takes it away.
    pub(crate) fn discard(self) -> Result<(), DiskError> {
        match unix::unlinkat(&self.top.folder, self.os_name(), AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(error) => Err(error).at("take away", self.top.full(&self.name)),
        }
    }

    fn os_name(&self) -> &OsStr {
        OsStr::from_bytes(self.name.as_bytes())
    }
}

impl Top {
    /// Puts what lies aside into its place, and aside what was there. `false` where nothing was.
    ///
    /// In one step, where the file system can exchange two names (`RENAME_EXCHANGE` of renameat2(2), `RENAME_SWAP` of
    /// `renameatx_np(2)`); else one after the other.
    pub(crate) fn trade(&self, path: &RepoPath, aside: &mut Aside) -> Result<bool, DiskError> {
        let (folder, name) = self.make_parent(path)?;
        let mut traded = exchange(&aside.top.folder, aside.os_name(), &folder, name);
        if traded == Err(Errno::XDEV) {
            self.move_beside(path, &folder, aside)?;
            traded = exchange(&aside.top.folder, aside.os_name(), &folder, name);
        }
        if matches!(traded, Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP)) {
            traded = one_by_one(aside, &folder, name);
        }
        let traded = traded.at("put in place", self.full(path))?;
        unix::fsync(&folder).at("sync the folder of", self.full(path))?;
        Ok(traded)
    }

    /// Moves what is at a path aside, to `to` or where that lies on another file system beside its place. `None` where
    /// nothing is there.
    pub(crate) fn take_aside(&self, path: &RepoPath, to: &Path) -> Result<Option<Aside>, DiskError> {
        let Some((folder, name)) = self.parent(path)? else { return Ok(None) };
        let mut aside = Aside::at(to)?;
        let mut taken = unix::renameat(&folder, name, &aside.top.folder, aside.os_name());
        if taken == Err(Errno::XDEV) {
            aside = self.beside(path, &folder)?;
            taken = unix::renameat(&folder, name, &folder, aside.os_name());
        }
        match taken {
            Ok(()) => {}
            Err(Errno::NOENT) => return Ok(None),
            Err(error) => return Err(error).at("take away", self.full(path)),
        }
        unix::fsync(&folder).at("sync the folder of", self.full(path))?;
        Ok(Some(aside))
    }

    /// Moves what lies aside back to where nothing is; `false` where something is there by now.
    pub(crate) fn bring_back(&self, path: &RepoPath, aside: &Aside) -> Result<bool, DiskError> {
        let (folder, name) = self.make_parent(path)?;
        let (from, from_name) = (&aside.top.folder, aside.os_name());
        match unix::renameat_with(from, from_name, &folder, name, RenameFlags::NOREPLACE) {
            Ok(()) => {}
            Err(Errno::EXIST) => return Ok(false),
            Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {
                unix::renameat(from, from_name, &folder, name).at("put back", self.full(path))?;
            }
            Err(error) => return Err(error).at("put back", self.full(path)),
        }
        unix::fsync(&folder).at("sync the folder of", self.full(path))?;
        Ok(true)
    }

    /// Names a file of ours beside a path: the same at every try, so that a crash leaves one at most.
    fn beside(&self, path: &RepoPath, folder: &OwnedFd) -> Result<Aside, DiskError> {
        let full = self.full(path);
        let name = format!(".orchestra-{}.tmp", ContentHash::of(path.as_bytes()).short());
        let name = RepoPath::parse(name).map_err(|_dots| io::ErrorKind::InvalidInput).at("name", &full)?;
        let above = full.parent().unwrap_or(&self.path).to_owned();
        let folder = folder.try_clone().at("open the folder of", &full)?;
        let aside = Aside { top: Top { folder, path: above }, name };
        match unix::unlinkat(&aside.top.folder, aside.os_name(), AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => Ok(aside),
            Err(error) => Err(error).at("put aside a left-over beside", full),
        }
    }

    /// Copies a file of ours to where it can be renamed from.
    fn move_beside(&self, path: &RepoPath, folder: &OwnedFd, aside: &mut Aside) -> Result<(), DiskError> {
        let (full, complete) = (self.full(path), aside.top.full(&aside.name));
        let beside = self.beside(path, folder)?;
        if let Ok(target) = std::fs::read_link(&complete) {
            unix::symlinkat(target, folder, beside.os_name()).at("write beside", full)?;
            *aside = beside;
            return Ok(());
        }
        let mut from = File::open(&complete).at("read", &complete)?;
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mode = Mode::from_raw_mode(0o600);
        let to = unix::openat(folder, beside.os_name(), flags, mode).at("write beside", &full)?;
        let mut to = File::from(to);
        let permissions = from.metadata().at("read", &complete)?.permissions();
        io::copy(&mut from, &mut to)
            .and_then(|_| to.set_permissions(permissions))
            .and_then(|()| to.sync_all())
            .at("write beside", &full)?;
        *aside = beside;
        Ok(())
    }
}

/// Exchanges two names in one step, or moves the first to the second where there is none. `false` where there was none.
fn exchange(from: impl AsFd, from_name: &OsStr, to: impl AsFd, to_name: &OsStr) -> Result<bool, Errno> {
    let (from, to) = (from.as_fd(), to.as_fd());
    for _ in 0..TRIES {
        match unix::renameat_with(from, from_name, to, to_name, RenameFlags::NOREPLACE) {
            Ok(()) => return Ok(false),
            Err(Errno::EXIST) => {}
            Err(error) => return Err(error),
        }
        match unix::renameat_with(from, from_name, to, to_name, RenameFlags::EXCHANGE) {
            Ok(()) => return Ok(true),
            // It went between the two.
            Err(Errno::NOENT) => {}
            Err(error) => return Err(error),
        }
    }
    Err(Errno::BUSY)
}

/// Where no names can be exchanged: what is there goes aside, then what lies aside comes.
fn one_by_one(aside: &mut Aside, to: &OwnedFd, to_name: &OsStr) -> Result<bool, Errno> {
    let out = RepoPath::parse([aside.name.as_bytes(), b".out"].concat()).map_err(|_dots| Errno::INVAL)?;
    let from = &aside.top.folder;
    let is_out = match unix::renameat(to, to_name, from, OsStr::from_bytes(out.as_bytes())) {
        Ok(()) => true,
        Err(Errno::NOENT) => false,
        Err(error) => return Err(error),
    };
    unix::renameat(from, aside.os_name(), to, to_name)?;
    if is_out {
        aside.name = out;
    }
    Ok(is_out)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::TempDir;

    use super::*;

    #[test]
    fn names_are_exchanged_in_one_step_or_one_by_one() {
        for is_one_step in [true, false] {
            let folder = TempDir::new().unwrap();
            let top = Top::open(folder.path()).unwrap();
            let (ours, theirs) = (folder.path().join("ours"), folder.path().join("theirs"));
            for expected in [None, Some("theirs")] {
                fs::write(&ours, "ours").unwrap();
                let mut aside = Aside::at(&ours).unwrap();
                let traded = if is_one_step {
                    top.trade(&RepoPath::parse("theirs").unwrap(), &mut aside).unwrap()
                } else {
                    one_by_one(&mut aside, &top.folder, OsStr::new("theirs")).unwrap()
                };
                let out = fs::read_to_string(aside.top.full(&aside.name)).ok();
                assert_eq!((traded, out.as_deref()), (expected.is_some(), expected));
                assert_eq!(fs::read_to_string(&theirs).unwrap(), "ours");
                aside.discard().unwrap();
                fs::write(&theirs, "theirs").unwrap();
            }
        }
    }
}
