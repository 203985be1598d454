//! An index that only one commit knows, and an object store where no hook runs.
//!
//! A hook may look at every file of the commit, so its index holds all of them. Where none runs, the index holds what is
//! to be committed, and nothing takes longer for a larger tree.
//!
//! A hook may make refs of its own: lint-staged and pre-commit frameworks stash. What these name has to be there when the
//! hook is killed and this folder is gone, so hooks write where git would.

use std::collections::BTreeSet;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use git2::{Index, IndexEntry, IndexTime, Oid, Repository, Tree};
use orchestra_core::path::RepoPath;

use super::PrepareError;
use crate::beneath::{Present, Top};
use crate::config::Config;
use crate::fault::{At as _, Doing as _, Fault};
use crate::filters::nul_terminated;
use crate::guard::{Ending, Purpose};
use crate::index::PersonIndex;
use crate::program::Call;
use crate::repo::Repo;
use crate::scan::{View, person_index};
use crate::store::mode_of;
use crate::tree::{self, EXECUTABLE, Edits, Entry, Mode, index_entry, os_path};

/// A commit in the making, in a folder that goes with it.
pub(super) struct Private<'a> {
    pub(super) repo: &'a Repo,
    pub(super) config: &'a Config,
    pub(super) folder: &'a Path,
    pub(super) index: PathBuf,
    /// None where objects go to the repository's own store.
    pub(super) objects: Option<PathBuf>,
    parent_tree: Oid,
    /// What the index is about; `None` where it holds the whole tree.
    only: Option<BTreeSet<&'a RepoPath>>,
    /// Paths that have a content filter.
    pub(super) filtered: BTreeSet<RepoPath>,
}

impl<'a> Private<'a> {
    /// Makes an index of the parent's tree, or of these paths of it. Nothing of the person's index gets into it.
    pub(super) fn new(
        repo: &'a Repo,
        config: &'a Config,
        folder: &'a Path,
        parent_tree: &Tree<'_>,
        only: Option<BTreeSet<&'a RepoPath>>,
    ) -> Result<Self, Fault> {
        let objects = only.is_some().then(|| folder.join("objects"));
        if let Some(objects) = &objects {
            fs::create_dir(objects).at("make", objects)?;
        }
        let mut index = Index::open(&folder.join("index")).doing("make an index")?;
        match &only {
            None => index.read_tree(parent_tree).doing("make an index")?,
            Some(only) => {
                let attributes = attribute_files(only);
                for path in only.iter().copied().chain(&attributes) {
                    if let Some(entry) = tree::find_entry(parent_tree, path)? {
                        index.add(&index_entry(path, entry)).doing("make an index")?;
                    }
                }
            }
        }
        index.write().doing("write an index")?;
        let (index, parent_tree) = (folder.join("index"), parent_tree.id());
        Ok(Self { repo, config, folder, index, objects, parent_tree, only, filtered: BTreeSet::new() })
    }

    /// Takes time stamps and sizes of unchanged files over from the person's index, so that git need not read the
    /// whole tree to see that it is unchanged. Nothing that they have staged is taken.
    pub(super) fn take_over_times(&self) -> Result<(), Fault> {
        let changed = fs::metadata(person_index(self.repo)).and_then(|metadata| metadata.modified());
        let Some(changed) = changed.ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok()) else {
            return Ok(());
        };
        // Files written in the same moment as the index may have changed since ("racy git"): git looks at them itself.
        let limit = i32::try_from(changed.as_secs()).unwrap_or(i32::MAX);
        let mut index = Index::open(&self.index).doing("read an index")?;
        for entry in PersonIndex::open(self.repo)?.entries() {
            take_over(&mut index, entry, limit)?;
        }
        index.write().doing("write an index")
    }

    /// A call that works on this index and in this store.
    pub(super) fn call(&self, args: &[&str]) -> Call<'a> {
        Call::new(self.repo, args).index(&self.index).objects(self.objects.as_deref())
    }

    /// A look at a work tree through this index.
    pub(super) fn view(&self, work_tree: Option<&Path>) -> View {
        View {
            index: Some(self.index.clone()),
            objects: self.objects.clone(),
            work_tree: work_tree.map(Path::to_owned),
        }
    }

    /// Takes paths from the person's work tree as they are.
    pub(super) fn add(&self, top: &Top, paths: &[RepoPath]) -> Result<(), PrepareError> {
        let (mut present, mut absent) = (Vec::new(), Vec::new());
        for path in paths {
            match top.look(path)? {
                Present::File { .. } | Present::Link => present.push(path),
                Present::Absent | Present::Folder | Present::Special(_) => absent.push(path),
            }
        }
        self.remove(&absent)?;
        self.update(&present, None)
    }

    /// Takes paths from a folder that stands for the work tree; `None` is the person's.
    pub(super) fn update(&self, paths: &[&RepoPath], work_tree: Option<&Path>) -> Result<(), PrepareError> {
        if paths.is_empty() {
            return Ok(());
        }
        let mut call = self.call(&["update-index", "-z", "--add", "--replace", "--stdin"]);
        call = call.stdin(nul_terminated(paths.iter().copied()));
        if let Some(folder) = work_tree {
            call = call.work_tree(folder);
        }
        if !paths.iter().any(|path| self.filtered.contains(*path)) {
            call.without_filters(self.config).read()?;
            return Ok(());
        }
        let output = call.guarded(Purpose::Filter, None)?;
        match output.ending {
            Ending::Exited(0) => Ok(()),
            Ending::Exited(_) | Ending::Signalled(_) | Ending::TimedOut => {
                Err(PrepareError::FilterFailed { output: output.words() })
            }
        }
    }

    /// Takes paths away.
    pub(super) fn remove(&self, paths: &[&RepoPath]) -> Result<(), Fault> {
        if paths.is_empty() {
            return Ok(());
        }
        let mut index = Index::open(&self.index).doing("read an index")?;
        for path in paths {
            if index.get_path(os_path(path), 0).is_some() {
                index.remove(os_path(path), 0).doing("change an index")?;
            }
        }
        index.write().doing("write an index")
    }

    /// Takes documents with given bytes, converted as git would convert a file with these. One that can be run, on the disk
    /// or where it is not there in the parent, still can.
    pub(super) fn add_documents(
        &self,
        top: &Top,
        documents: &[(RepoPath, Vec<u8>)],
    ) -> Result<(), PrepareError> {
        let folder = self.folder.join("documents");
        fs::create_dir(&folder).at("make", &folder)?;
        let index = Index::open(&self.index).doing("read an index")?;
        let runs_in_parent = |path: &RepoPath| {
            let entry = index.get_path(os_path(path), 0);
            entry.is_some_and(|entry| i32::try_from(entry.mode) == Ok(EXECUTABLE))
        };
        for (path, bytes) in documents {
            let file = folder.join(os_path(path));
            if let Some(above) = file.parent() {
                fs::create_dir_all(above).at("make", above)?;
            }
            fs::write(&file, bytes).at("write", &file)?;
            let runs = match top.look(path)? {
                Present::File { permissions, .. } => mode_of(permissions) == EXECUTABLE,
                Present::Absent | Present::Link | Present::Folder | Present::Special(_) => {
                    runs_in_parent(path)
                }
            };
            if runs {
                fs::set_permissions(&file, Permissions::from_mode(0o755))
                    .at("set the permissions of", &file)?;
            }
        }
        let paths: Vec<&RepoPath> = documents.iter().map(|(path, _)| path).collect();
        self.update(&paths, Some(&folder))
    }

    /// Writes the tree of the commit: that of the index, where this holds all of it, or the parent's with what the index
    /// holds.
    pub(super) fn write_tree(&self, library: &Repository) -> Result<Oid, Fault> {
        let Some(only) = &self.only else {
            let output = self.call(&["write-tree"]).read()?;
            let text = String::from_utf8_lossy(&output);
            return Oid::from_str(text.trim()).doing("read a tree's id");
        };
        let index = Index::open(&self.index).doing("read an index")?;
        let mut edits = Edits::new();
        for path in only.iter().copied() {
            let entry = index.get_path(os_path(path), 0);
            let entry = entry.and_then(|entry| Some((Mode::try_from(entry.mode).ok()?, entry.id)));
            edits.insert(path.clone(), entry.map(|(mode, id)| Entry { mode, id }));
        }
        let parent = library.find_tree(self.parent_tree).doing("read a tree")?;
        tree::edited(library, &parent, &edits, &mut Vec::new())
    }
}

/// The files that may say how git reads or writes these paths, in every folder above them (gitattributes(5)).
fn attribute_files(paths: &BTreeSet<&RepoPath>) -> BTreeSet<RepoPath> {
    let above = |path: &RepoPath| {
        let bytes = path.as_bytes().to_vec();
        let slashes = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'/').map(|(at, _)| at + 1);
        std::iter::once(0)
            .chain(slashes)
            .filter_map(|end| RepoPath::parse([&bytes[..end], b".gitattributes"].concat()).ok())
            .collect::<Vec<_>>()
    };
    paths.iter().flat_map(|path| above(path)).collect()
}

/// Takes over what the person's index knows about the file of an entry that is the same.
fn take_over(index: &mut Index, theirs: &IndexEntry, limit: i32) -> Result<(), Fault> {
    let path = Path::new(<std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(&theirs.path));
    let Some(ours) = index.get_path(path, 0) else { return Ok(()) };
    let is_old = |time: IndexTime| time.seconds() < limit;
    // One that has a time was added just now.
    if ours.mtime.seconds() != 0 || ours.id != theirs.id || ours.mode != theirs.mode || !is_old(theirs.mtime)
    {
        return Ok(());
    }
    let entry = IndexEntry {
        ctime: theirs.ctime,
        mtime: theirs.mtime,
        dev: theirs.dev,
        ino: theirs.ino,
        uid: theirs.uid,
        gid: theirs.gid,
        file_size: theirs.file_size,
        ..ours
    };
    index.add(&entry).doing("change an index")
}
