//! Where everything of a project is.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use orchestra_core::edit::DocFile;
use orchestra_core::path::{RepoPath, RepoPathError};
use thiserror::Error;

use crate::atomic;
use crate::file::{At as _, FileError};
use crate::folder::{Access, Folder, Kind, Plain};

/// The folder's name at the top of a work tree.
pub const ORCHESTRA: &str = ".orchestra";

/// What keeps `.state` out of git, whatever else is there.
const IGNORE: &str = ".gitignore";

/// The largest document that is read, in bytes.
pub const MAX_DOCUMENT: u64 = 1024 * 1024;

/// How many entries of one folder are looked at.
pub(crate) const MAX_ENTRIES: usize = 10_000;

/// The places of one project.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Layout {
    root: PathBuf,
}

/// Why a folder cannot be used as a project.
#[derive(Debug, Error)]
pub enum LayoutError {
    /// There is no `.orchestra` here: `orchestra init` makes it.
    #[error("there is no `.orchestra` in `{root}`")]
    Missing {
        /// The top of the work tree.
        root: PathBuf,
    },
    /// A folder of it cannot be used.
    #[error("the project in `{root}` cannot be used")]
    Unusable {
        /// The top of the work tree.
        root: PathBuf,
        /// Which folder, and why.
        #[source]
        source: FileError,
    },
}

impl Layout {
    /// Opens the project at the top of a work tree.
    ///
    /// `.orchestra`, `milestones` and `.state` must be folders, not links: what a link leads to is not committed
    /// with the rest, and may lie outside.
    pub fn open(root: &Path) -> Result<Self, LayoutError> {
        let unusable = |source| LayoutError::Unusable { root: root.to_owned(), source };
        let real = root.canonicalize().at("open", root).map_err(unusable)?;
        let layout = Self { root: real };
        let top = Folder::open(&layout.root).map_err(unusable)?;
        for (relative, required) in [("", true), ("milestones", false), ("roles", false), (".state", false)] {
            match top.open_beneath(&Path::new(ORCHESTRA).join(relative)) {
                Err(error) if error.is_missing() && required => {
                    return Err(LayoutError::Missing { root: layout.root });
                }
                Err(error) if error.is_missing() => {}
                opened => drop(opened.map_err(unusable)?),
            }
        }
        Ok(layout)
    }

    /// The top of the work tree, without links.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// `.orchestra`.
    pub fn orchestra(&self) -> PathBuf {
        self.root.join(ORCHESTRA)
    }

    /// `.orchestra/milestones`.
    pub fn milestones(&self) -> PathBuf {
        self.orchestra().join("milestones")
    }

    /// `.orchestra/roles`.
    pub fn roles(&self) -> PathBuf {
        self.orchestra().join("roles")
    }

    /// `.orchestra/config.yaml`.
    pub fn config(&self) -> PathBuf {
        self.orchestra().join("config.yaml")
    }

    /// `.orchestra/.state`, which is not committed.
    pub fn state(&self) -> PathBuf {
        self.orchestra().join(".state")
    }

    /// The lock that a worker holds as long as it, or a guard of it, is alive.
    pub fn worker_lock(&self) -> PathBuf {
        self.state().join("worker.lock")
    }

    /// The lock that is held for the moment of a document's write.
    pub fn documents_lock(&self) -> PathBuf {
        self.state().join("documents.lock")
    }

    /// The journal.
    pub fn journal(&self) -> PathBuf {
        self.state().join("journal.jsonl")
    }

    /// Where `orchestra answer` leaves answers.
    pub fn answers(&self) -> PathBuf {
        self.state().join("answers")
    }

    /// What agents said, a file a turn.
    pub fn transcripts(&self) -> PathBuf {
        self.state().join("transcripts")
    }

    /// Conversations with models behind endpoints, a file each: no program of somebody else's keeps them.
    pub fn sessions(&self) -> PathBuf {
        self.state().join("sessions")
    }

    /// Files that nobody misses when no worker runs.
    pub fn scratch(&self) -> PathBuf {
        self.state().join("scratch")
    }

    /// The request of `orchestra stop`.
    pub fn stop_request(&self) -> PathBuf {
        self.state().join("stop.json")
    }

    /// A milestone's folder, by its name below `milestones/`.
    pub fn milestone(&self, folder: &str) -> PathBuf {
        self.milestones().join(folder)
    }

    /// A document's path as git has it. An error where the folder's name is none.
    pub fn document(folder: &str, file: &DocFile) -> Result<RepoPath, RepoPathError> {
        Self::beneath_milestone(folder, &file.path())
    }

    /// The path, as git has it, of something in a milestone's folder.
    pub fn beneath_milestone(folder: &str, relative: &str) -> Result<RepoPath, RepoPathError> {
        if folder.contains('/') {
            // An absolute path is never one of the repository's, so this is always the error.
            return RepoPath::parse(format!("/{folder}"));
        }
        RepoPath::parse(format!("{ORCHESTRA}/milestones/{folder}/{relative}"))
    }

    /// Where a path of the repository is.
    pub fn locate(&self, path: &RepoPath) -> PathBuf {
        self.root.join(OsStr::from_bytes(path.as_bytes()))
    }

    /// Reads a plain file of at most `max` bytes, without following a link and without waiting for what is none; `None`
    /// where there is nothing.
    pub fn read(&self, path: &RepoPath, max: u64) -> Result<Option<Plain>, FileError> {
        match self.open_parent(path) {
            Err(error) if error.is_missing() => Ok(None),
            opened => {
                let (folder, name) = opened?;
                folder.read(&name, max)
            }
        }
    }

    /// Opens the folder of a path, without following a link, and returns it with the last name.
    pub(crate) fn open_parent(&self, path: &RepoPath) -> Result<(Folder, OsString), FileError> {
        let (above, name) = split(path);
        Ok((Folder::open(&self.root)?.open_beneath(&above)?, name))
    }

    /// Opens a folder below `.orchestra`, without following a link.
    pub(crate) fn open_folder(&self, relative: &str) -> Result<Folder, FileError> {
        Folder::open(&self.root)?.open_beneath(&Path::new(ORCHESTRA).join(relative))
    }

    /// Opens `milestones`, and makes it where it is missing.
    pub(crate) fn make_milestones(&self) -> Result<Folder, FileError> {
        self.open_folder("")?.make_beneath(Path::new("milestones"), Access::Shared)
    }

    /// Makes the folder `phases` of a milestone where it is missing; the milestone's own must be there.
    pub(crate) fn make_phases(&self, folder: &str) -> Result<(), FileError> {
        let milestone = self.open_folder("milestones")?.open_beneath(Path::new(folder))?;
        milestone.make_beneath(Path::new("phases"), Access::Shared)?;
        Ok(())
    }

    /// Opens a folder below `.orchestra/.state`, and makes it, the owner's alone, where it is missing.
    pub(crate) fn make_state_folder(&self, relative: &str) -> Result<Folder, FileError> {
        let orchestra = self.open_folder("")?;
        let state = orchestra.make_beneath(Path::new(".state"), Access::Private)?;
        protect(&state)?;
        // A project of 1.7 has no `.gitignore` that would keep it out of git, or a person may have removed ours.
        if state.kind(OsStr::new(IGNORE))?.is_none() {
            atomic::create(&state, OsStr::new(IGNORE), b"*\n", Access::Private)?;
        }
        let folder = state.make_beneath(Path::new(relative), Access::Private)?;
        protect(&folder)?;
        Ok(folder)
    }

    /// Makes the folders below `.orchestra/.state`, each the owner's alone whatever the umask.
    pub fn make_state(&self) -> Result<(), FileError> {
        for relative in ["", "answers", "transcripts", "scratch"] {
            self.make_state_folder(relative)?;
        }
        Ok(())
    }

    /// Takes away what an earlier process left half-written. Returns how many files and folders that were.
    ///
    /// Files from beside documents go to `.state/kept`, since one may hold what somebody saved at that very moment.
    /// Takes the lock under which documents are written, so that no write that is under way is hurt.
    pub fn sweep(&self) -> Result<usize, crate::lock::DocumentsLockError> {
        let _held = crate::lock::DocumentsLock::acquire(self)?;
        let mut count = 0;
        let orchestra = self.open_folder("")?;
        let kept = self.make_state_folder("kept")?;
        count += atomic::sweep(&orchestra, Some(&kept))?;
        // What `init` writes for agents lies at the top. One with more names than are looked at is not ours to tidy.
        match atomic::sweep(&Folder::open(&self.root)?, Some(&kept)) {
            Err(FileError::TooMany { .. }) => {}
            swept => count += swept?,
        }
        for (name, kept) in
            [("roles", Some(&kept)), ("agents", Some(&kept)), (".state", None), (".state/answers", None)]
        {
            match orchestra.open_beneath(Path::new(name)) {
                Ok(folder) => count += atomic::sweep(&folder, kept)?,
                Err(error) if error.is_missing() => {}
                Err(error) => return Err(error.into()),
            }
        }
        let milestones = match orchestra.open_beneath(Path::new("milestones")) {
            Err(error) if error.is_missing() => return Ok(count),
            opened => opened?,
        };
        count += atomic::sweep(&milestones, Some(&kept))?;
        for (name, kind) in milestones.list(MAX_ENTRIES)? {
            if kind != Kind::Folder {
                continue;
            }
            for relative in [Path::new(&name).to_owned(), Path::new(&name).join("phases")] {
                // A milestone's folder that cannot be opened is a diagnostic where it is read.
                if let Ok(folder) = milestones.open_beneath(&relative) {
                    count += atomic::sweep(&folder, Some(&kept))?;
                }
            }
        }
        Ok(count)
    }
}

fn protect(folder: &Folder) -> Result<(), FileError> {
    let mode =
        rustix::fs::Mode::from_raw_mode(rustix::fs::fstat(folder).at("look at", folder.path())?.st_mode);
    if mode == rustix::fs::Mode::RWXU {
        return Ok(());
    }
    rustix::fs::fchmod(folder, rustix::fs::Mode::RWXU).at("protect", folder.path())
}

fn split(path: &RepoPath) -> (PathBuf, OsString) {
    let path = Path::new(OsStr::from_bytes(path.as_bytes()));
    // A `RepoPath` always has a last name.
    let name = path.file_name().unwrap_or(path.as_os_str()).to_owned();
    (path.parent().unwrap_or(Path::new("")).to_owned(), name)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::testing::{milestone, project};

    #[test]
    fn a_folder_without_orchestra_is_no_project() {
        let temp = tempfile::tempdir().unwrap();
        assert!(matches!(Layout::open(temp.path()), Err(LayoutError::Missing { .. })));
        fs::write(temp.path().join(ORCHESTRA), "x").unwrap();
        let error = Layout::open(temp.path()).unwrap_err();
        assert!(
            matches!(&error, LayoutError::Unusable { source: FileError::NotAFolder { .. }, .. }),
            "{error:?}"
        );
    }

    #[test]
    fn a11_a_project_whose_folders_are_links_is_refused_wherever_they_lead() {
        let outside = tempfile::tempdir().unwrap();
        for name in ["", "milestones", "roles", ".state"] {
            for target in [outside.path(), Path::new(".")] {
                let temp = tempfile::tempdir().unwrap();
                let link = temp.path().join(ORCHESTRA).join(name);
                fs::create_dir_all(link.parent().unwrap()).unwrap();
                symlink(target, temp.path().join(ORCHESTRA).join(name).components().as_path()).unwrap();
                let error = Layout::open(temp.path()).unwrap_err();
                assert!(
                    matches!(&error, LayoutError::Unusable { source: FileError::Link { .. }, .. }),
                    "{name}: {error:?}"
                );
            }
        }
        // The way to the project may be one.
        let (temp, layout) = project();
        let link = outside.path().join("project");
        symlink(temp.path(), &link).unwrap();
        assert_eq!(Layout::open(&link).unwrap(), layout);
    }

    #[test]
    fn a_start_sweeps_every_folder_in_which_documents_are_written() {
        let (_temp, layout) = project();
        milestone(&layout, "M1-x", 1);
        layout.make_state().unwrap();
        fs::create_dir(layout.roles()).unwrap();
        let folders = [
            "",
            "..",
            "roles",
            ".state",
            ".state/answers",
            "milestones",
            "milestones/M1-x",
            "milestones/M1-x/phases",
        ];
        let left = |folder: &str| layout.orchestra().join(folder).join(".orchestra-tmp-1-a");
        for folder in folders {
            fs::write(left(folder), folder).unwrap();
        }
        let elsewhere = tempfile::tempdir().unwrap();
        let outside = elsewhere.path().join(".orchestra-tmp-1-a");
        fs::write(&outside, "mine").unwrap();
        symlink(elsewhere.path(), layout.milestone("M2-link")).unwrap();
        assert_eq!(layout.sweep().unwrap(), folders.len());
        assert!(folders.iter().all(|folder| !left(folder).exists()));
        assert!(outside.exists(), "no link is followed");
        // All of them have one name here, so the last one is there.
        let kept = fs::read_to_string(layout.state().join("kept/.orchestra-tmp-1-a")).unwrap();
        assert_eq!(kept, "milestones/M1-x/phases");
        assert_eq!(layout.sweep().unwrap(), 0);
    }
}
