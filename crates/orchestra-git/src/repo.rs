//! A repository whose place is known once and for all: nothing is discovered later.

use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use git2::{ErrorCode, Repository, RepositoryOpenFlags};
use orchestra_core::path::RepoPath;
use thiserror::Error;

use crate::config::Config;
use crate::fault::{At as _, DiskError, Doing as _, Fault};
use crate::guard::Guarded;
use crate::index::Holder;
use crate::program::Call;
use crate::store::Synced;
use crate::target;

mod discover;
pub(crate) mod layout;

pub use discover::discover;

/// What a repository is opened with.
#[derive(Clone)]
pub struct RepoOptions {
    /// The `git` program's absolute path, found outside the repository.
    pub program: PathBuf,
    /// The person's environment, already filtered; git's own variables are filtered here once more.
    pub environment: Vec<(OsString, OsString)>,
    /// What runs hooks, filters, signing and pushes.
    pub guard: Arc<dyn Guarded>,
    /// Whether the person has agreed that the repository's content filters (Git LFS) may run.
    pub filters: Filters,
    /// Who commits, where neither environment nor configuration say so.
    pub identity: Option<Identity>,
    /// Orchestra's own folder for what is needed for a moment, best on the file system of the work tree. What a crash
    /// leaves in it may be thrown away whenever nothing runs.
    pub scratch: PathBuf,
    /// Folders that are saved and compared though git may ignore them.
    pub watched: Vec<Watched>,
    /// How long a call of git may take that waits for nobody.
    pub timeout: Duration,
    /// How long a lock of somebody else is waited for.
    pub lock_wait: Duration,
}

impl fmt::Debug for RepoOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The environment may hold secrets.
        f.debug_struct("RepoOptions").field("program", &self.program).finish_non_exhaustive()
    }
}

/// A folder that is saved and compared though git may ignore it.
#[derive(Clone, Debug)]
pub struct Watched {
    /// The folder.
    pub folder: RepoPath,
    /// What of it is left out.
    pub except: Vec<RepoPath>,
}

/// Whether content filters may run.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Filters {
    /// Nobody has agreed yet: they do nothing, and a file that has one may show as changed.
    Off,
    /// They run below the guard.
    Trusted,
}

/// A person's name and address for commits.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Identity {
    /// The name.
    pub name: String,
    /// The address.
    pub email: String,
}

/// A repository with a work tree.
///
/// Holds paths, which objects are known to be on the disk, and the index as it was last read. May be shared between
/// threads; every operation opens what it needs.
#[derive(Clone, Debug)]
pub struct Repo {
    root: PathBuf,
    git_dir: PathBuf,
    common_dir: PathBuf,
    options: Arc<RepoOptions>,
    synced: Arc<Synced>,
    index: Arc<Holder>,
}

/// Says why a folder cannot be worked in.
#[derive(Debug, Error)]
pub enum OpenError {
    /// There is no repository at this folder.
    #[error("`{}` is not the top of a git work tree", root.display())]
    NotARepository {
        /// The folder.
        root: PathBuf,
    },
    /// It lies inside of a git directory, beside the work tree.
    #[error("`{}` is inside of a git directory and not in its work tree", folder.display())]
    InGitDirectory {
        /// The folder.
        folder: PathBuf,
        /// The git directory around it.
        git_dir: PathBuf,
    },
    /// There is no work tree.
    #[error("`{}` is a bare repository, without a work tree", root.display())]
    Bare {
        /// The folder.
        root: PathBuf,
    },
    /// `.git` names a git directory that does not know this work tree.
    #[error("`{}` names a git directory that does not belong to it: `{}`", root.join(".git").display(), git_dir.display())]
    Foreign {
        /// The folder.
        root: PathBuf,
        /// What its `.git` names.
        git_dir: PathBuf,
    },
    /// `.git` names a git directory that is not there.
    #[error("`{}` names a git directory that is not there: `{}`", root.join(".git").display(), git_dir.display())]
    Gone {
        /// The folder.
        root: PathBuf,
        /// What its `.git` names.
        git_dir: PathBuf,
    },
    /// Somebody else owns it.
    #[error("`{}` is owned by somebody else", root.display())]
    Owner {
        /// The folder.
        root: PathBuf,
        /// What git says about it.
        #[source]
        source: git2::Error,
    },
    /// It uses something that this program cannot handle safely.
    #[error("the repository uses {feature}, which is not supported")]
    Unsupported {
        /// What it uses.
        feature: String,
        /// What can be done about it.
        hint: String,
    },
    /// Anything else.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl From<DiskError> for OpenError {
    fn from(error: DiskError) -> Self {
        Self::Fault(error.into())
    }
}

/// The oldest version of git that has all that is used here (`git hook run`).
pub const OLDEST_GIT: (u32, u32) = (2, 36);

impl Repo {
    /// Opens the repository whose work tree has its top at `root`.
    pub fn open(root: &Path, options: RepoOptions) -> Result<Self, OpenError> {
        let root = root.canonicalize().at("find", root)?;
        let layout::Layout { git_dir, common_dir } = layout::read(&root)?;
        let (options, synced, index) = (Arc::new(options), Arc::default(), Arc::default());
        let repo = Self { root, git_dir, common_dir, options, synced, index };
        // libgit2 refuses a repository of another owner, and extensions that it does not know.
        let library = match repo.open_library() {
            Ok(library) => library,
            Err(source) if source.code() == ErrorCode::Owner => {
                return Err(OpenError::Owner { root: repo.root, source });
            }
            Err(source) if source.message().contains("unknown object format") => {
                return Err(unsupported_format("sha256"));
            }
            Err(source) if source.message().contains("unsupported extension") => {
                return Err(unsupported_extension(source.message()));
            }
            Err(source) => return Err(Fault::Library { action: "open the repository", source }.into()),
        };
        repo.check(&library)?;
        Ok(repo)
    }

    fn check(&self, library: &Repository) -> Result<(), OpenError> {
        if library.is_bare() {
            return Err(OpenError::Bare { root: self.root.clone() });
        }
        let version = self.git_version()?;
        if version < OLDEST_GIT {
            return Err(OpenError::Unsupported {
                feature: format!("git {}.{}", version.0, version.1),
                hint: format!("install git {}.{} or newer", OLDEST_GIT.0, OLDEST_GIT.1),
            });
        }
        // `core.worktree` of the repository's own configuration must not lead elsewhere.
        let work_tree = library.workdir().and_then(|path| path.canonicalize().ok());
        if work_tree.as_deref() != Some(&self.root) {
            let root = self.root.clone();
            return Err(OpenError::Foreign { root, git_dir: self.git_dir.clone() });
        }
        let config = Config::read(self)?;
        // Objects that are not here yet are fetched by git alone, whenever it likes.
        let is_partial = |name: &String| config.is_on(&format!("remote.{name}.promisor"));
        if let Some(remote) = target::names(&config).into_iter().find(is_partial) {
            return Err(partial_clone(Some(&remote)));
        }
        let formats = [("extensions.objectformat", "sha1"), ("extensions.refstorage", "files")];
        for (key, supported) in formats {
            if let Some(value) = config.get(key).filter(|value| !value.eq_ignore_ascii_case(supported)) {
                return Err(unsupported_format(value));
            }
        }
        Ok(())
    }

    /// Asks the `git` program for its version: major and minor.
    pub fn git_version(&self) -> Result<(u32, u32), Fault> {
        let words = Call::new(self, ["version"]).read()?;
        let text = String::from_utf8_lossy(&words);
        let mut numbers = text.split(|c: char| !c.is_ascii_digit()).filter_map(|digits| digits.parse().ok());
        match (numbers.next(), numbers.next()) {
            (Some(major), Some(minor)) => Ok((major, minor)),
            (_, None) | (None, _) => Err(Fault::Unreadable { what: "its version".to_owned() }),
        }
    }

    /// The top of the work tree, absolute, without symbolic links.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The git directory of this work tree.
    pub fn git_dir(&self) -> &Path {
        &self.git_dir
    }

    /// The git directory that all work trees of the repository share.
    pub fn common_dir(&self) -> &Path {
        &self.common_dir
    }

    /// Which recent objects are on the disk.
    /// Where the person's index is held.
    pub(crate) fn index(&self) -> &Holder {
        &self.index
    }

    pub(crate) fn synced(&self) -> &Arc<Synced> {
        &self.synced
    }

    /// The name by which git knows this work tree, where it is a linked one.
    pub fn linked_name(&self) -> Option<Cow<'_, str>> {
        let is_linked = self.git_dir.parent() == Some(&self.common_dir.join("worktrees"));
        self.git_dir.file_name().filter(|_| is_linked).map(OsStr::to_string_lossy)
    }

    /// The same repository, of which no filter runs, whatever the person agreed to.
    pub(crate) fn without_filters(&self) -> Self {
        let options = RepoOptions { filters: Filters::Off, ..RepoOptions::clone(&self.options) };
        Self { options: Arc::new(options), ..self.clone() }
    }

    /// What it was opened with.
    pub fn options(&self) -> &RepoOptions {
        &self.options
    }

    /// Opens it with libgit2, for reading and for writing objects.
    pub(crate) fn library(&self) -> Result<Repository, Fault> {
        self.open_library().doing("open the repository")
    }

    fn open_library(&self) -> Result<Repository, git2::Error> {
        Repository::open_ext(&self.root, RepositoryOpenFlags::NO_SEARCH, &[] as &[&OsStr])
    }
}

fn unsupported_extension(message: &str) -> OpenError {
    let name = message.rsplit(' ').next().unwrap_or_default();
    match name {
        "extensions.refstorage" => unsupported_format("reftable"),
        "extensions.partialclone" => partial_clone(None),
        other => OpenError::Unsupported {
            feature: format!("the extension `{other}`"),
            hint: "use a clone without it".to_owned(),
        },
    }
}

fn partial_clone(remote: Option<&str>) -> OpenError {
    let hint = match remote {
        Some(name) => format!(
            "fetch the rest: git config --unset remote.{name}.partialclonefilter && \
             git config --unset remote.{name}.promisor && git fetch --refetch {name}"
        ),
        None => "clone it without `--filter`".to_owned(),
    };
    OpenError::Unsupported { feature: "a partial clone".to_owned(), hint }
}

fn unsupported_format(value: &str) -> OpenError {
    let (feature, hint) = match value.to_ascii_lowercase().as_str() {
        "sha256" => ("SHA-256 object ids".to_owned(), "use a repository with SHA-1 object ids".to_owned()),
        "reftable" => {
            ("the ref format `reftable`".to_owned(), "run `git refs migrate --ref-format=files`".to_owned())
        }
        other => (format!("the format `{other}`"), "use git's usual formats".to_owned()),
    };
    OpenError::Unsupported { feature, hint }
}
