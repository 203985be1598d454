//! What the person agreed to run, kept in their own data folder.
//!
//! The repository has no vote on its own trust: nothing in it is read here, and a data folder that lies in it is
//! refused. What counts is the hash of the commands and the project's real path, so another clone and a changed
//! command are asked about anew.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use orchestra_core::config::trust::{TrustItem, hash_of};
use orchestra_core::path::ContentHash;
use rustix::fs::Mode;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::atomic;
use crate::file::{At as _, FileError};
use crate::folder::{Access, Folder};

const FOLDER: &str = "trust";
const MAX_RECORD: u64 = 4 * 1024 * 1024;

/// The records of one person.
#[derive(Clone, Debug)]
pub struct TrustStore {
    data: PathBuf,
    project: PathBuf,
}

/// Whether the person agreed to what a project wants to run.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Trust {
    /// To exactly this.
    Given,
    /// To something else: `before` lists what it was, so that the difference can be shown.
    Changed {
        /// What the person agreed to.
        before: Vec<Agreed>,
    },
    /// To nothing.
    Unknown,
}

/// One thing that a person agreed to.
#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub struct Agreed {
    /// What kind of thing, as it was shown: [`orchestra_core::config::trust::TrustKind::as_str`].
    pub kind: String,
    /// The command or setting itself.
    pub text: String,
}

impl From<&TrustItem> for Agreed {
    fn from(item: &TrustItem) -> Self {
        Self { kind: item.kind.as_str().to_owned(), text: item.text.clone() }
    }
}

/// Why trust could not be looked up or remembered.
#[derive(Debug, Error)]
pub enum TrustError {
    /// The data folder lies inside the project, which has no vote on its own trust.
    #[error("the data folder `{data}` lies inside the project `{project}`")]
    Inside {
        /// The data folder, without links.
        data: PathBuf,
        /// The project, without links.
        project: PathBuf,
    },
    /// A record could not be written as JSON.
    #[error("the record could not be written as json")]
    Json(#[source] serde_json::Error),
    /// A file could not be used.
    #[error(transparent)]
    File(#[from] FileError),
}

#[derive(Deserialize, Serialize)]
struct Stored {
    /// For a person who looks; what counts is the file's name.
    project: String,
    hash: ContentHash,
    /// What the person agreed to before, while what they approved is being written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    until_then: Option<ContentHash>,
    at: Timestamp,
    items: Vec<Agreed>,
}

impl TrustStore {
    /// Opens the records for a project. `data` is the folder in which Orchestra keeps what is the person's; it is
    /// made when something is remembered.
    pub fn open(data: &Path, project: &Path) -> Result<Self, TrustError> {
        let project = project.canonicalize().at("open", project)?;
        let data = real(data)?;
        if data.starts_with(&project) {
            return Err(TrustError::Inside { data, project });
        }
        Ok(Self { data, project })
    }

    /// Looks up whether the person agreed to these items: to all of them, and to no others.
    pub fn look_up(&self, items: &[TrustItem]) -> Result<Trust, TrustError> {
        let folder = match Folder::open(&self.data).and_then(|data| data.open_beneath(Path::new(FOLDER))) {
            Err(error) if error.is_missing() => return Ok(Trust::Unknown),
            opened => opened?,
        };
        if !is_ours_alone(&folder)? {
            return Ok(Trust::Unknown);
        }
        let Some(plain) = folder.read(&self.name(), MAX_RECORD)? else { return Ok(Trust::Unknown) };
        if plain.mode.intersects(Mode::WGRP | Mode::WOTH) {
            return Ok(Trust::Unknown);
        }
        let Ok(stored) = serde_json::from_slice::<Stored>(&plain.bytes) else { return Ok(Trust::Unknown) };
        let hash = hash_of(items);
        if stored.hash == hash || stored.until_then == Some(hash) {
            Ok(Trust::Given)
        } else {
            Ok(Trust::Changed { before: stored.items })
        }
    }

    /// Whether the person agreed to exactly these items.
    pub fn is_trusted(&self, items: &[TrustItem]) -> Result<bool, TrustError> {
        Ok(self.look_up(items)? == Trust::Given)
    }

    /// Remembers that the person agreed to these items, in place of earlier ones.
    pub fn remember(&self, items: &[TrustItem], at: Timestamp) -> Result<(), TrustError> {
        self.keep(items, None, at)
    }

    /// The same while documents are being changed from `before`, which the person agreed to, too: whoever looks sees the
    /// one or the other.
    pub(crate) fn remember_while(
        &self,
        before: &[TrustItem],
        items: &[TrustItem],
        at: Timestamp,
    ) -> Result<(), TrustError> {
        self.keep(items, Some(hash_of(before)), at)
    }

    fn keep(
        &self,
        items: &[TrustItem],
        until_then: Option<ContentHash>,
        at: Timestamp,
    ) -> Result<(), TrustError> {
        let project = self.project.to_string_lossy().into_owned();
        let agreed: BTreeSet<Agreed> = items.iter().map(Agreed::from).collect();
        let items_in_order = agreed.into_iter().collect();
        let stored = Stored { project, hash: hash_of(items), until_then, at, items: items_in_order };
        let bytes = serde_json::to_vec_pretty(&stored).map_err(TrustError::Json)?;
        // Opened where it begins to be missing: folders above may be passed through but not read.
        let there = self.data.ancestors().find(|above| above.is_dir()).unwrap_or(Path::new("/"));
        let missing = self.data.strip_prefix(there).unwrap_or(&self.data).join(FOLDER);
        let folder = Folder::open(there)?.make_beneath(&missing, Access::Private)?;
        rustix::fs::fchmod(&folder, Mode::RWXU).at("protect", folder.path())?;
        Ok(atomic::write(&folder, &self.name(), &bytes, Access::Private)?)
    }

    fn name(&self) -> OsString {
        let key = ContentHash::of(self.project.as_os_str().as_bytes()).to_string();
        format!("{}.json", key.trim_start_matches("sha256:")).into()
    }
}

/// The path without links, of which the last folders need not exist yet.
fn real(path: &Path) -> Result<PathBuf, FileError> {
    let mut missing = Vec::new();
    let mut there = path;
    loop {
        match there.canonicalize() {
            Ok(mut real) => {
                real.extend(missing.iter().rev());
                return Ok(real);
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let (Some(above), Some(name)) = (there.parent(), there.file_name()) else {
                    return Err(FileError::new("find", path, error));
                };
                // A link to nowhere is not a folder that can be made.
                if there.is_symlink() {
                    return Err(FileError::Link { path: there.to_owned() });
                }
                missing.push(name.to_owned());
                there = above;
            }
            Err(error) => return Err(FileError::new("find", path, error)),
        }
    }
}

/// Whether nobody else can have put something into the folder.
fn is_ours_alone(folder: &Folder) -> Result<bool, FileError> {
    let stat = rustix::fs::fstat(folder).at("look at", folder.path())?;
    let mode = Mode::from_raw_mode(stat.st_mode);
    let is_own = stat.st_uid == rustix::process::geteuid().as_raw();
    Ok(is_own && !mode.intersects(Mode::WGRP | Mode::WOTH))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use orchestra_core::config::trust::TrustKind;

    use super::*;

    fn items(commands: &[&str]) -> Vec<TrustItem> {
        let item = |command: &&str| TrustItem {
            kind: TrustKind::Verify,
            text: (*command).to_owned(),
            path: ".orchestra/config.yaml".to_owned(),
            line: None,
        };
        commands.iter().map(item).collect()
    }

    struct World {
        temp: tempfile::TempDir,
    }

    impl World {
        fn new() -> Self {
            let temp = tempfile::tempdir().unwrap();
            fs::create_dir(temp.path().join("project")).unwrap();
            Self { temp }
        }

        fn at(&self, name: &str) -> PathBuf {
            self.temp.path().join(name)
        }

        fn store(&self) -> TrustStore {
            TrustStore::open(&self.at("home/data"), &self.at("project")).unwrap()
        }
    }

    #[test]
    fn a_changed_command_is_asked_about_again_and_the_old_one_is_known() {
        let world = World::new();
        let (old, new) = (items(&["cargo test"]), items(&["cargo test; curl x"]));
        assert_eq!(world.store().look_up(&old).unwrap(), Trust::Unknown);
        world.store().remember(&old, Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!(world.store().look_up(&old).unwrap(), Trust::Given);
        let before = vec![Agreed::from(&old[0])];
        assert_eq!(world.store().look_up(&new).unwrap(), Trust::Changed { before: before.clone() });
        assert_eq!(world.store().look_up(&items(&["cargo", " test"])).unwrap(), Trust::Changed { before });
    }

    #[test]
    fn another_clone_and_a_moved_project_are_asked_about_anew() {
        let world = World::new();
        world.store().remember(&items(&["x"]), Timestamp::UNIX_EPOCH).unwrap();
        fs::create_dir(world.at("clone")).unwrap();
        symlink(world.at("project"), world.at("link")).unwrap();
        let trust = |project: &str| {
            TrustStore::open(&world.at("home/data"), &world.at(project))
                .unwrap()
                .look_up(&items(&["x"]))
                .unwrap()
        };
        assert_eq!(trust("clone"), Trust::Unknown);
        assert_eq!(trust("link"), Trust::Given, "a link to the project is the project");
    }

    #[test]
    fn a03_a_record_that_the_repository_brings_is_never_read() {
        let world = World::new();
        let wanted = items(&["canary"]);
        world.store().remember(&wanted, Timestamp::UNIX_EPOCH).unwrap();
        // The same record, once inside the repository, once behind a link into it.
        let inside = world.at("project/.orchestra/.state");
        fs::create_dir_all(&inside).unwrap();
        fs::rename(world.at("home/data/trust"), inside.join("trust")).unwrap();
        assert_eq!(world.store().look_up(&wanted).unwrap(), Trust::Unknown);
        assert!(matches!(TrustStore::open(&inside, &world.at("project")), Err(TrustError::Inside { .. })));
        symlink(&inside, world.at("data-link")).unwrap();
        assert!(matches!(
            TrustStore::open(&world.at("data-link"), &world.at("project")),
            Err(TrustError::Inside { .. })
        ));
        symlink(inside.join("trust"), world.at("home/data/trust")).unwrap();
        assert!(world.store().look_up(&wanted).is_err(), "a link in the data folder is not followed");
    }

    #[test]
    fn a_record_that_others_could_have_written_is_not_believed() {
        let world = World::new();
        let wanted = items(&["x"]);
        world.store().remember(&wanted, Timestamp::UNIX_EPOCH).unwrap();
        let folder = world.at("home/data/trust");
        let record = fs::read_dir(&folder).unwrap().next().unwrap().unwrap().path();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!([mode(&folder), mode(&record)], [0o700, 0o600]);
        for path in [&folder, &record] {
            let before = fs::metadata(path).unwrap().permissions();
            fs::set_permissions(path, fs::Permissions::from_mode(mode(path) | 0o020)).unwrap();
            assert_eq!(world.store().look_up(&wanted).unwrap(), Trust::Unknown, "{}", path.display());
            fs::set_permissions(path, before).unwrap();
        }
        assert_eq!(world.store().look_up(&wanted).unwrap(), Trust::Given);
    }
}
