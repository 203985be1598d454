//! Content on its way into the object store, and objects on their way to the disk.
//!
//! libgit2 writes loose objects without syncing them. After a power cut such a file may be there and be empty, and then
//! it is in the way for ever: whoever writes the same content again finds the object there already. So everything is
//! written to a staging folder, and [`Store::sync`] moves it into the repository when all of it is on the disk, before
//! anything names it.

mod recent;

use std::collections::BTreeSet;
use std::fs::{self, File, Permissions};
use std::io::{self, Read as _, Write as _};
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;

use git2::{ObjectType, Oid, Repository};
use orchestra_core::path::RepoPath;
use tempfile::TempDir;

use crate::beneath::{Present, Top};
use crate::checkout::scratch;
use crate::fault::{At as _, DiskError, Doing as _, Fault};
use crate::repo::Repo;
use crate::tree::{EXECUTABLE, Entry, FILE, LINK};

pub(crate) use self::recent::Synced;

/// Up to this size, in bytes, a file is read into memory; larger ones are streamed.
const IN_MEMORY: u64 = 8 * 1024 * 1024;

/// How many files are synced at once; a journalling file system writes their transactions together.
const SYNCERS: usize = 8;

/// Writes objects and remembers them until they are synced.
pub(crate) struct Store {
    /// The repository, with all of its objects and those that are staged. What is written to it is staged.
    pub(crate) repository: Repository,
    objects: PathBuf,
    staging: Staging,
    written: BTreeSet<Oid>,
    synced: Arc<Synced>,
}

impl Store {
    /// Opens the repository's object store.
    pub(crate) fn open(repo: &Repo) -> Result<Self, Fault> {
        let objects = repo.common_dir().join("objects");
        let synced = Arc::clone(repo.synced());
        let staging = Staging::make(repo)?;
        let repository = staging.library(repo, &[&objects])?;
        Ok(Self { repository, objects, staging, written: BTreeSet::new(), synced })
    }

    /// The repository once more, with the objects of another folder as well. What is written to it is staged here.
    pub(crate) fn library_with(&self, repo: &Repo, more: Option<&Path>) -> Result<Repository, Fault> {
        let folders: Vec<&Path> = std::iter::once(self.objects.as_path()).chain(more).collect();
        self.staging.library(repo, &folders)
    }

    /// Counts objects among those to sync.
    pub(crate) fn wrote(&mut self, ids: impl IntoIterator<Item = Oid>) {
        self.written.extend(ids);
    }

    /// Writes bytes as a blob.
    pub(crate) fn write_bytes(&mut self, bytes: &[u8]) -> Result<Oid, Fault> {
        let id = Oid::hash_object(ObjectType::Blob, bytes).doing("hash content")?;
        let odb = self.repository.odb().doing("open the object store")?;
        if !odb.exists(id) {
            odb.write(ObjectType::Blob, bytes).doing("write an object")?;
        }
        self.written.insert(id);
        Ok(id)
    }

    /// Writes the present content of a path, byte by byte as it is; `None` where it is neither file nor link.
    pub(crate) fn write_present(&mut self, top: &Top, path: &RepoPath) -> Result<Option<Entry>, Fault> {
        match top.look(path)? {
            Present::File { permissions, size } => {
                let Some(file) = top.read(path)? else { return Ok(None) };
                let id = self.write_file(file, size, &top.full(path))?;
                Ok(Some(Entry { mode: mode_of(permissions), id }))
            }
            Present::Link => match top.read_link(path)? {
                Some(target) => Ok(Some(Entry { mode: LINK, id: self.write_bytes(&target)? })),
                None => Ok(None),
            },
            Present::Absent | Present::Folder | Present::Special(_) => Ok(None),
        }
    }

    fn write_file(&mut self, mut file: File, size: u64, full: &Path) -> Result<Oid, Fault> {
        if size <= IN_MEMORY {
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes).at("read", full)?;
            return self.write_bytes(&bytes);
        }
        // Most large files are in the store already, from the attempt before: hashing is far cheaper than writing.
        let known = hash_large(&file)?;
        let odb = self.repository.odb().doing("open the object store")?;
        let id = if odb.exists(known) {
            known
        } else {
            let size = usize::try_from(size).unwrap_or(usize::MAX);
            let mut writer = odb.writer(size, ObjectType::Blob).doing("write an object")?;
            let mut rest = file.take(size as u64);
            io::copy(&mut rest, &mut writer).and_then(|_| writer.flush()).at("copy", full)?;
            writer.finalize().doing("write an object")?
        };
        self.written.insert(id);
        Ok(id)
    }

    /// Brings all that was written to the disk, and all that others wrote just now: every loose object, then the
    /// folders that name them.
    ///
    /// By default git does not sync the loose objects of the person's own commits, on which ours are built.
    pub(crate) fn sync(&mut self) -> Result<(), Fault> {
        let staged = self.staging.files()?;
        let mut files: BTreeSet<PathBuf> =
            self.written.iter().map(|id| loose_path(&self.objects, *id)).collect();
        let (recent, unsynced) = self.synced.find(&self.objects)?;
        files.extend(unsynced);
        let mut folders: BTreeSet<PathBuf> =
            files.iter().filter_map(|file| file.parent()).map(Path::to_owned).collect();
        // An object that is not loose lies in a pack, which git itself has synced.
        files.extend(staged.iter().cloned());
        sync_all(&files.into_iter().collect::<Vec<_>>())?;
        for file in &staged {
            folders.extend(self.take_over(file)?);
        }
        sync_all(&folders.into_iter().collect::<Vec<_>>())?;
        sync_all(std::slice::from_ref(&self.objects))?;
        self.synced.remember(recent);
        self.written.clear();
        Ok(())
    }

    /// Moves a staged object that is on the disk to where it belongs; returns the folder.
    fn take_over(&self, staged: &Path) -> Result<Option<PathBuf>, DiskError> {
        let Ok(name) = staged.strip_prefix(self.staging.objects()) else { return Ok(None) };
        let place = self.objects.join(name);
        let Some(folder) = place.parent() else { return Ok(None) };
        fs::create_dir_all(folder).at("make", folder)?;
        match fs::rename(staged, &place) {
            // Between two file systems: a copy that is complete before it has the name.
            Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
                let mut copy = tempfile::Builder::new()
                    .prefix("tmp_obj_")
                    .permissions(Permissions::from_mode(0o444))
                    .tempfile_in(folder)
                    .at("write into", folder)?;
                let mut from = File::open(staged).at("read", staged)?;
                io::copy(&mut from, &mut copy).at("copy", staged)?;
                copy.as_file().sync_all().at("sync", copy.path())?;
                copy.persist(&place).map_err(|error| error.error).at("write", &place)?;
            }
            moved => moved.at("move an object to", &place)?,
        }
        Ok(Some(folder.to_owned()))
    }
}

/// A bare repository of our own with nothing in it, into which objects are written.
struct Staging {
    folder: TempDir,
}

impl Staging {
    fn make(repo: &Repo) -> Result<Self, Fault> {
        let folder = scratch(repo)?;
        let staging = Self { folder };
        for folder in [staging.objects(), staging.folder.path().join("refs")] {
            fs::create_dir(&folder).at("make", &folder)?;
        }
        let head = staging.folder.path().join("HEAD");
        fs::write(&head, "ref: refs/heads/none\n").at("write", &head)?;
        Ok(staging)
    }

    fn objects(&self) -> PathBuf {
        self.folder.path().join("objects")
    }

    /// The repository, of which objects are read from here and from these folders, and written here.
    fn library(&self, repo: &Repo, others: &[&Path]) -> Result<Repository, Fault> {
        let repository = repo.library()?;
        let staging = Repository::open_bare(self.folder.path()).doing("open the staged objects")?;
        let odb = staging.odb().doing("open the staged objects")?;
        for folder in others {
            let path = folder.to_str().ok_or_else(|| Fault::Unreadable {
                what: "the repository's folder, whose path is not UTF-8".to_owned(),
            })?;
            odb.add_disk_alternate(path).doing("open the object store")?;
        }
        repository.set_odb(&odb).doing("open the object store")?;
        drop(odb);
        Ok(repository)
    }

    /// Every object that is staged.
    fn files(&self) -> Result<Vec<PathBuf>, DiskError> {
        let mut files = Vec::new();
        let objects = self.objects();
        for folder in fs::read_dir(&objects).at("list", &objects)? {
            let folder = folder.at("list", &objects)?.path();
            // Beside them libgit2 has files that it has not given a name yet.
            if folder.file_name().is_none_or(|name| name.len() != 2) {
                continue;
            }
            for file in fs::read_dir(&folder).at("list", &folder)? {
                files.push(file.at("list", &folder)?.path());
            }
        }
        Ok(files)
    }
}

/// The mode that git gives a file with these permissions.
pub(crate) fn mode_of(permissions: u32) -> i32 {
    if permissions & 0o100 == 0 { FILE } else { EXECUTABLE }
}

/// Hashes what lies at a path, byte by byte as it is; `None` where it is neither file nor link.
pub(crate) fn hash_present(top: &Top, path: &RepoPath) -> Result<Option<Entry>, Fault> {
    match top.look(path)? {
        Present::File { permissions, size } => {
            let Some(mut file) = top.read(path)? else { return Ok(None) };
            let id = if size <= IN_MEMORY {
                let mut bytes = Vec::new();
                file.read_to_end(&mut bytes).at("read", top.full(path))?;
                Oid::hash_object(ObjectType::Blob, &bytes).doing("hash content")?
            } else {
                hash_large(&file)?
            };
            Ok(Some(Entry { mode: mode_of(permissions), id }))
        }
        Present::Link => {
            let Some(target) = top.read_link(path)? else { return Ok(None) };
            let id = Oid::hash_object(ObjectType::Blob, &target).doing("hash content")?;
            Ok(Some(Entry { mode: LINK, id }))
        }
        Present::Absent | Present::Folder | Present::Special(_) => Ok(None),
    }
}

/// Hashes an open file without reading it into memory. The name of its descriptor cannot be swapped for a link.
fn hash_large(file: &File) -> Result<Oid, Fault> {
    let name = format!("/dev/fd/{}", file.as_raw_fd());
    Oid::hash_file(ObjectType::Blob, name).doing("hash a file")
}

/// Where an object lies that is not in a pack.
pub(crate) fn loose_path(objects: &Path, id: Oid) -> PathBuf {
    let digits = id.to_string();
    objects.join(&digits[..2]).join(&digits[2..])
}

/// Syncs files or folders, several at once. One that does not exist is passed over.
pub(crate) fn sync_all(paths: &[PathBuf]) -> Result<(), DiskError> {
    let share = paths.len().div_ceil(SYNCERS).max(1);
    let Some((first, others)) = paths.split_at_checked(share) else { return Ok(()) };
    thread::scope(|scope| {
        let parts: Vec<_> = others.chunks(share).map(|part| scope.spawn(|| sync_each(part))).collect();
        let first = sync_each(first);
        parts.into_iter().fold(first, |before, part| {
            let synced = part.join().expect("syncing does not panic");
            before.and(synced)
        })
    })
}

fn sync_each(paths: &[PathBuf]) -> Result<(), DiskError> {
    for path in paths {
        match File::open(path) {
            Ok(file) => file.sync_all().at("sync", path)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error).at("sync", path),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::guard::{Guarded, GuardedCommand, GuardedError, GuardedOutput};
    use crate::repo::{Filters, RepoOptions};

    struct Nobody;

    impl Guarded for Nobody {
        fn run(&self, command: GuardedCommand) -> Result<GuardedOutput, GuardedError> {
            panic!("nothing is run: {command:?}");
        }
    }

    fn repo(root: &Path) -> Repo {
        Repository::init(root).unwrap();
        let options = RepoOptions {
            program: "git".into(),
            environment: Vec::new(),
            guard: Arc::new(Nobody),
            filters: Filters::Off,
            identity: None,
            scratch: root.join(".scratch"),
            watched: Vec::new(),
            timeout: Duration::from_mins(1),
            lock_wait: Duration::ZERO,
        };
        Repo::open(root, options).unwrap()
    }

    /// A power cut leaves files empty that were named before they were synced, and such a name is taken for ever.
    #[test]
    fn an_object_has_its_name_in_the_repository_only_when_it_is_synced() {
        let folder = tempfile::tempdir().unwrap();
        let repo = repo(folder.path());
        let mut store = Store::open(&repo).unwrap();
        let blob = store.write_bytes(b"some content").unwrap();
        let tree = {
            let mut builder = store.repository.treebuilder(None).unwrap();
            builder.insert("file", blob, FILE).unwrap();
            builder.write().unwrap()
        };
        let has = |id| loose_path(&repo.common_dir().join("objects"), id).exists();
        assert_eq!([blob, tree].map(has), [false, false]);
        assert_eq!(store.repository.find_blob(blob).unwrap().content(), b"some content");

        store.sync().unwrap();
        assert_eq!([blob, tree].map(has), [true, true]);
        // Through the store that wrote them, and by anybody else.
        for repository in [&store.repository, &repo.library().unwrap()] {
            assert_eq!(repository.find_tree(tree).unwrap().get(0).unwrap().id(), blob);
            assert_eq!(repository.find_blob(blob).unwrap().content(), b"some content");
        }
        drop(store);
        assert_eq!(fs::read_dir(folder.path().join(".scratch")).unwrap().count(), 0);
    }
}
