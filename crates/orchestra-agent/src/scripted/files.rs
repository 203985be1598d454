//! Files of a workspace that cannot be left: not by `..`, not by a link, not by one that is swapped in meanwhile.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use orchestra_core::path::RepoPath;
use rustix::fs::{AtFlags, Mode, OFlags};

/// The largest file that is edited.
const MAX_FILE: u64 = 16 * 1024 * 1024;

/// The top of a work tree.
#[derive(Debug)]
pub(super) struct Workspace {
    #[cfg(target_os = "linux")]
    top: OwnedFd,
    path: PathBuf,
}

/// What a file becomes when it is written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Writing {
    Replace { executable: bool },
    Append,
}

impl Workspace {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let path = path.canonicalize()?;
        #[cfg(target_os = "linux")]
        let flags = OFlags::DIRECTORY | OFlags::RDONLY | OFlags::CLOEXEC;
        Ok(Self {
            #[cfg(target_os = "linux")]
            top: rustix::fs::open(&path, flags, Mode::empty())?,
            path,
        })
    }

    /// Writes a file, with the folders above it.
    pub(super) fn write(&self, path: &str, content: &[u8], writing: Writing) -> io::Result<()> {
        let path = checked(path)?;
        self.create_folders_above(path)?;
        let executable = writing == (Writing::Replace { executable: true });
        let mode = Mode::from_raw_mode(if executable { 0o755 } else { 0o644 });
        let how = match writing {
            Writing::Replace { .. } => OFlags::TRUNC,
            Writing::Append => OFlags::APPEND,
        };
        // A FIFO would be waited for.
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::NONBLOCK | how;
        let mut file = File::from(self.open_beneath(path, flags, mode)?);
        if executable {
            rustix::fs::fchmod(&file, mode)?;
        }
        file.write_all(content)
    }

    pub(super) fn read(&self, path: &str) -> io::Result<String> {
        let flags = OFlags::RDONLY | OFlags::NONBLOCK;
        let file = File::from(self.open_beneath(checked(path)?, flags, Mode::empty())?);
        if !file.metadata()?.is_file() {
            return Err(io::Error::other("it is not a plain file"));
        }
        let mut text = String::new();
        file.take(MAX_FILE + 1).read_to_string(&mut text)?;
        if text.len() as u64 > MAX_FILE {
            Err(io::Error::other("it is larger than 16 MiB"))
        } else {
            Ok(text)
        }
    }

    pub(super) fn delete(&self, path: &str) -> io::Result<()> {
        let path = checked(path)?;
        let (folder, name) = self.folder_of(path)?;
        rustix::fs::unlinkat(folder, name, AtFlags::empty())?;
        Ok(())
    }

    fn create_folders_above(&self, path: &str) -> io::Result<()> {
        for (at, _) in path.match_indices('/') {
            let (parent, name) = self.folder_of(&path[..at])?;
            match rustix::fs::mkdirat(parent, name, Mode::from_raw_mode(0o755)) {
                Ok(()) | Err(rustix::io::Errno::EXIST) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// The open folder that a path lies in, and its name there.
    fn folder_of<'a>(&self, path: &'a str) -> io::Result<(OwnedFd, &'a str)> {
        let (folder, name) = path.rsplit_once('/').unwrap_or((".", path));
        let folder = self.open_beneath(folder, OFlags::DIRECTORY | OFlags::RDONLY, Mode::empty())?;
        Ok((folder, name))
    }

    #[cfg(target_os = "linux")]
    fn open_beneath(&self, path: &str, flags: OFlags, mode: Mode) -> io::Result<OwnedFd> {
        use rustix::fs::ResolveFlags;
        use rustix::io::Errno;

        let stay = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
        loop {
            match rustix::fs::openat2(&self.top, path, flags | OFlags::CLOEXEC, mode, stay) {
                Ok(file) => return Ok(file),
                // Something was renamed while the kernel looked.
                Err(Errno::AGAIN | Errno::INTR) => {}
                Err(Errno::XDEV) => return Err(outside()),
                // Kernels before 5.6, or forbidden by a filter.
                Err(Errno::NOSYS | Errno::PERM) => return self.open_compared(path, flags, mode),
                Err(error) => return Err(error.into()),
            }
        }
    }

    #[cfg(not(target_os = "linux"))]
    fn open_beneath(&self, path: &str, flags: OFlags, mode: Mode) -> io::Result<OwnedFd> {
        self.open_compared(path, flags, mode)
    }

    /// Resolves all links first and compares. Weaker than asking the kernel: a link may be swapped in between.
    fn open_compared(&self, path: &str, flags: OFlags, mode: Mode) -> io::Result<OwnedFd> {
        let path = self.path.join(path);
        let real = match path.canonicalize() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
                    return Err(outside());
                };
                parent.canonicalize()?.join(name)
            }
            other => other?,
        };
        if !real.starts_with(&self.path) {
            return Err(outside());
        }
        Ok(rustix::fs::open(real, flags | OFlags::CLOEXEC | OFlags::NOFOLLOW, mode)?)
    }
}

fn checked(path: &str) -> io::Result<&str> {
    match RepoPath::parse(path) {
        Ok(_) => Ok(path),
        Err(error) => Err(io::Error::other(error)),
    }
}

fn outside() -> io::Error {
    io::Error::other("it leads outside the workspace")
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::fs::symlink;

    use super::*;

    const REPLACE: Writing = Writing::Replace { executable: false };

    fn workspace() -> (tempfile::TempDir, PathBuf, Workspace) {
        let folder = tempfile::tempdir().unwrap();
        let top = folder.path().join("repo");
        std::fs::create_dir(&top).unwrap();
        let workspace = Workspace::open(&top).unwrap();
        (folder, top, workspace)
    }

    #[test]
    fn files_are_written_with_their_folders_replaced_extended_and_deleted() {
        let (_folder, top, workspace) = workspace();
        workspace.write("a/b/c.txt", b"one\n", REPLACE).unwrap();
        workspace.write("a/b/c.txt", b"two\n", Writing::Append).unwrap();
        assert_eq!(workspace.read("a/b/c.txt").unwrap(), "one\ntwo\n");
        workspace.write("a/b/c.txt", b"three\n", Writing::Replace { executable: true }).unwrap();
        assert_eq!(std::fs::read(top.join("a/b/c.txt")).unwrap(), b"three\n");
        assert_eq!(top.join("a/b/c.txt").metadata().unwrap().permissions().mode() & 0o777, 0o755);
        workspace.delete("a/b/c.txt").unwrap();
        assert_eq!(workspace.read("a/b/c.txt").unwrap_err().kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn a11_no_way_leads_out_of_the_workspace() {
        let (folder, top, workspace) = workspace();
        let outside = folder.path().join("outside");
        std::fs::create_dir(&outside).unwrap();
        std::fs::write(outside.join("kept"), "kept").unwrap();
        symlink(&outside, top.join("absolute")).unwrap();
        symlink("../outside", top.join("relative")).unwrap();
        symlink("../outside/kept", top.join("file")).unwrap();
        for path in
            ["../outside/kept", "/etc/passwd", "absolute/kept", "relative/kept", "file", "absolute/new/x", ""]
        {
            assert!(workspace.write(path, b"lost", REPLACE).is_err(), "{path}");
            assert!(workspace.read(path).is_err(), "{path}");
            for flags in [OFlags::RDONLY, OFlags::WRONLY | OFlags::CREATE] {
                let compared = RepoPath::parse(path).is_ok()
                    && workspace.open_compared(path, flags, Mode::empty()).is_ok();
                assert!(!compared, "{path}, by comparison");
            }
        }
        assert!(workspace.delete("absolute/kept").is_err());
        assert_eq!(std::fs::read_dir(&outside).unwrap().count(), 1);
        assert_eq!(std::fs::read_to_string(outside.join("kept")).unwrap(), "kept");
    }

    #[test]
    fn a_link_that_stays_inside_is_followed() {
        let (_folder, top, workspace) = workspace();
        workspace.write("real/x", b"x", REPLACE).unwrap();
        symlink("real", top.join("link")).unwrap();
        assert_eq!(workspace.read("link/x").unwrap(), "x");
    }
}
