//! The index as it was last read, so that it is read again only when it has changed.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use super::PersonIndex;

/// An index younger than this when it is read is read again the next time: kernels tell moments apart by ten milliseconds
/// at worst, and the number of a file that is gone is given to the next one.
const YOUNG: Duration = Duration::from_millis(20);

/// Where an index is held. Empty at first.
#[derive(Debug, Default)]
pub(crate) struct Holder(Mutex<Option<Held>>);

#[derive(Debug)]
struct Held {
    version: Version,
    index: Arc<PersonIndex>,
}

/// Which file an index is, and when it was written: everybody who changes an index puts a new file in its place.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Version {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Holder {
    /// The index at a path: the one that is held, if the file still is the one that was read.
    pub(super) fn read(&self, path: &Path) -> Result<Arc<PersonIndex>, git2::Error> {
        self.read_at(SystemTime::now(), path)
    }

    fn read_at(&self, now: SystemTime, path: &Path) -> Result<Arc<PersonIndex>, git2::Error> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let there = version(path);
        if let Some(held) = held.as_ref().filter(|held| Some(&held.version) == there.as_ref()) {
            return Ok(Arc::clone(&held.index));
        }
        let index = Arc::new(PersonIndex::read(path)?);
        // Replaced while it was read: then nobody knows which of the two was read.
        let certain = there.filter(|there| !is_young(there, now) && version(path).as_ref() == Some(there));
        *held = certain.map(|version| Held { version, index: Arc::clone(&index) });
        Ok(index)
    }
}

fn version(path: &Path) -> Option<Version> {
    let metadata = fs::symlink_metadata(path).ok()?;
    Some(Version {
        device: metadata.dev(),
        inode: metadata.ino(),
        size: metadata.size(),
        modified: (metadata.mtime(), metadata.mtime_nsec()),
        changed: (metadata.ctime(), metadata.ctime_nsec()),
    })
}

/// Also where the clock of the file system is ahead of ours.
fn is_young(version: &Version, now: SystemTime) -> bool {
    let (seconds, nanos) = version.changed.max(version.modified);
    let written = u64::try_from(seconds).ok().zip(u32::try_from(nanos).ok());
    let written = written.map(|(seconds, nanos)| SystemTime::UNIX_EPOCH + Duration::new(seconds, nanos));
    let age = written.and_then(|written| now.duration_since(written).ok());
    age.is_none_or(|age| age < YOUNG)
}

#[cfg(test)]
mod tests {
    use git2::{Index, Oid};
    use orchestra_core::path::RepoPath;

    use super::*;
    use crate::tree::{Entry, FILE, index_entry};

    /// Puts a new index in the place of the old one, as git does.
    fn write(path: &Path, name: &str) {
        let new = path.with_extension("lock");
        let mut index = Index::open(&new).unwrap();
        let entry = Entry { mode: FILE, id: Oid::ZERO_SHA1 };
        index.add(&index_entry(&RepoPath::parse(name).unwrap(), entry)).unwrap();
        index.write().unwrap();
        fs::rename(new, path).unwrap();
    }

    #[test]
    fn an_index_is_held_until_it_changes_and_never_while_it_is_young() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("index");
        let holder = Holder::default();
        let names = |now| {
            let index = holder.read_at(now, &path).unwrap();
            let names: Vec<&str> =
                index.entries().map(|entry| str::from_utf8(&entry.path).unwrap()).collect();
            (names.join(" "), holder.0.lock().unwrap().is_some())
        };
        let later = || SystemTime::now() + YOUNG;
        assert_eq!(names(later()), (String::new(), false), "none counts as an empty one");
        write(&path, "a");
        assert_eq!(names(SystemTime::now()), ("a".to_owned(), false), "too young");
        assert_eq!(names(later()), ("a".to_owned(), true));
        write(&path, "b");
        assert_eq!(names(later()), ("b".to_owned(), true));
        fs::remove_file(&path).unwrap();
        assert_eq!(names(later()), (String::new(), false));
    }
}
