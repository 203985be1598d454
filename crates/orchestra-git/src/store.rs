//! Content on its way into the object store, and objects on their way to the disk.
//!
//! libgit2 writes loose objects without syncing them; [`Store::sync`] does that for all of them at once, before
//! anything names them.

mod recent;

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::os::fd::AsRawFd as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;

use git2::{ObjectType, Oid, Repository};
use orchestra_core::path::RepoPath;

use crate::beneath::{Present, Top};
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
    pub(crate) repository: Repository,
    objects: PathBuf,
    written: BTreeSet<Oid>,
    synced: Arc<Synced>,
}

impl Store {
    /// Opens the repository's object store.
    pub(crate) fn open(repo: &Repo) -> Result<Self, Fault> {
        let objects = repo.common_dir().join("objects");
        let synced = Arc::clone(repo.synced());
        Ok(Self { repository: repo.library()?, objects, written: BTreeSet::new(), synced })
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
        let mut files: BTreeSet<PathBuf> =
            self.written.iter().map(|id| loose_path(&self.objects, *id)).collect();
        let (recent, unsynced) = self.synced.find(&self.objects)?;
        files.extend(unsynced);
        let folders: BTreeSet<&Path> = files.iter().filter_map(|file| file.parent()).collect();
        let folders: Vec<PathBuf> = folders.into_iter().map(Path::to_owned).collect();
        // An object that is not loose lies in a pack, which git itself has synced.
        sync_all(&files.into_iter().collect::<Vec<_>>())?;
        sync_all(&folders)?;
        sync_all(std::slice::from_ref(&self.objects))?;
        self.synced.remember(recent);
        self.written.clear();
        Ok(())
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
    thread::scope(|scope| {
        let parts: Vec<_> = paths.chunks(share).map(|part| scope.spawn(|| sync_each(part))).collect();
        parts.into_iter().try_for_each(|part| part.join().expect("syncing does not panic"))
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
