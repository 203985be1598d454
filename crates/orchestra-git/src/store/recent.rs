//! Loose objects that others wrote just now, and which of them are on the disk by now.

use std::collections::BTreeMap;
use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use crate::fault::{At as _, DiskError};

/// After this long the system has written a file to the disk by itself (Linux: 30 s of age, looked at every 5 s).
const UNSYNCED: Duration = Duration::from_mins(2);

/// Which file an object was when it was synced: one that was removed and written anew is another one.
type Version = (u64, Option<SystemTime>);

/// Loose objects with their versions.
pub(super) type Recent = BTreeMap<PathBuf, Version>;

/// The recent loose objects that were synced already: an object never changes, so that once is enough.
#[derive(Debug, Default)]
pub(crate) struct Synced(Mutex<Recent>);

impl Synced {
    /// Finds the loose objects that the system may not have written to the disk by itself yet, and among them those
    /// that were not synced here either.
    pub(super) fn find(&self, objects: &Path) -> Result<(Recent, Vec<PathBuf>), DiskError> {
        let recent = recent_files(objects)?;
        let synced = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_new = |(path, version): &(&PathBuf, &Version)| synced.get(*path) != Some(*version);
        let unsynced = recent.iter().filter(is_new).map(|(path, _)| path.clone()).collect();
        Ok((recent, unsynced))
    }

    /// Remembers that all of these are on the disk, with the folders that name them, and forgets those that are old.
    pub(super) fn remember(&self, recent: Recent) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = recent;
    }
}

fn recent_files(objects: &Path) -> Result<Recent, DiskError> {
    let Some(limit) = SystemTime::now().checked_sub(UNSYNCED) else { return Ok(Recent::new()) };
    let is_recent = |metadata: &Metadata| metadata.modified().is_ok_and(|time| time > limit);
    let mut recent = Recent::new();
    for folder in fs::read_dir(objects).at("list", objects)? {
        let folder = folder.at("list", objects)?;
        // An object that appears changes the time of its folder.
        if folder.file_name().len() != 2 || !folder.metadata().is_ok_and(|metadata| is_recent(&metadata)) {
            continue;
        }
        for file in fs::read_dir(folder.path()).at("list", folder.path())? {
            let file = file.at("list", folder.path())?;
            // One that is gone meanwhile was packed.
            if let Some(metadata) = file.metadata().ok().filter(is_recent) {
                recent.insert(file.path(), (metadata.ino(), metadata.modified().ok()));
            }
        }
    }
    Ok(recent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_synced_once_and_one_written_anew_once_more() {
        let temp = tempfile::tempdir().unwrap();
        let folder = temp.path().join("ab");
        fs::create_dir_all(&folder).unwrap();
        let (one, two) = (folder.join("1"), folder.join("2"));
        let synced = Synced::default();
        let look = || {
            let (recent, unsynced) = synced.find(temp.path()).unwrap();
            synced.remember(recent);
            unsynced
        };
        fs::write(&one, "1").unwrap();
        assert_eq!(look(), std::slice::from_ref(&one));
        fs::write(&two, "2").unwrap();
        assert_eq!(look(), [two]);
        assert_eq!(look(), [""; 0].map(PathBuf::from));
        let kept = folder.join("kept");
        fs::hard_link(&one, &kept).unwrap();
        fs::remove_file(&one).unwrap();
        fs::write(&one, "1").unwrap();
        assert_eq!(look(), [one, kept]);
    }

    #[test]
    fn what_is_old_and_what_is_no_folder_of_objects_is_passed_over() {
        let temp = tempfile::tempdir().unwrap();
        for name in ["ab/old", "ab/new", "cd/old", "pack/p", "info/x"] {
            let file = temp.path().join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, "x").unwrap();
        }
        let long_ago = SystemTime::now() - 2 * UNSYNCED;
        for name in ["ab/old", "cd/old", "cd"] {
            fs::File::open(temp.path().join(name)).unwrap().set_modified(long_ago).unwrap();
        }
        let (recent, _) = Synced::default().find(temp.path()).unwrap();
        assert_eq!(recent.into_keys().collect::<Vec<_>>(), [temp.path().join("ab/new")]);
    }
}
