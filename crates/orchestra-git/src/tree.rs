//! Trees: one made from another by edits, and what differs between two.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use git2::{ErrorCode, IndexEntry, IndexTime, ObjectType, Oid, Repository, Tree};
use orchestra_core::path::RepoPath;

use crate::fault::{Doing as _, Fault};

/// A file mode as git writes it.
pub(crate) type Mode = i32;

/// A plain file.
pub(crate) const FILE: Mode = 0o100_644;
/// A file that may be run.
pub(crate) const EXECUTABLE: Mode = 0o100_755;
/// A symbolic link.
pub(crate) const LINK: Mode = 0o120_000;
/// A commit of another repository.
pub(crate) const GITLINK: Mode = 0o160_000;
/// A folder.
const FOLDER: Mode = 0o040_000;

/// What a tree says about a path that is not a folder.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Entry {
    pub(crate) mode: Mode,
    pub(crate) id: Oid,
}

/// What is to be at which path; `None` takes it away.
pub(crate) type Edits = BTreeMap<RepoPath, Option<Entry>>;

/// An entry as an index has it that knows nothing of the file.
pub(crate) fn index_entry(path: &RepoPath, entry: Entry) -> IndexEntry {
    IndexEntry {
        ctime: IndexTime::new(0, 0),
        mtime: IndexTime::new(0, 0),
        dev: 0,
        ino: 0,
        mode: u32::try_from(entry.mode).unwrap_or_default(),
        uid: 0,
        gid: 0,
        file_size: 0,
        id: entry.id,
        flags: 0,
        flags_extended: 0,
        path: path.as_bytes().to_vec(),
    }
}

/// A path as the operating system has it.
pub(crate) fn os_path(path: &RepoPath) -> &Path {
    Path::new(OsStr::from_bytes(path.as_bytes()))
}

/// Finds what a tree says about a path; folders count as nothing.
pub(crate) fn find_entry(tree: &Tree<'_>, path: &RepoPath) -> Result<Option<Entry>, Fault> {
    match tree.get_path(os_path(path)) {
        Ok(entry) if entry.kind() == Some(ObjectType::Tree) => Ok(None),
        Ok(entry) => Ok(Some(Entry { mode: entry.filemode(), id: entry.id() })),
        Err(error) if error.code() == ErrorCode::NotFound => Ok(None),
        Err(source) => Err(Fault::Library { action: "look into a tree", source }),
    }
}

/// Writes the tree that comes of `base` by these edits, and adds every tree that it makes to `made`.
///
/// A file may take a folder's place and the other way round; folders without files go.
pub(crate) fn edited(
    repository: &Repository,
    base: &Tree<'_>,
    edits: &Edits,
    made: &mut Vec<Oid>,
) -> Result<Oid, Fault> {
    let edits: Vec<(&[u8], Option<Entry>)> =
        edits.iter().map(|(path, entry)| (path.as_bytes(), *entry)).collect();
    if let Some(tree) = edited_below(repository, Some(base), &edits, made)? {
        return Ok(tree);
    }
    let empty = repository.treebuilder(None).and_then(|builder| builder.write());
    empty.doing("write a tree").inspect(|id| made.push(*id))
}

/// What is to become of one name.
#[derive(Clone, Copy, Default)]
enum Edit {
    #[default]
    Leave,
    Set(Entry),
    Remove,
}

/// The edits of one name: of the name itself, and of what is below it.
#[derive(Default)]
struct Named<'a> {
    itself: Edit,
    below: Vec<(&'a [u8], Option<Entry>)>,
}

fn edited_below(
    repository: &Repository,
    base: Option<&Tree<'_>>,
    edits: &[(&[u8], Option<Entry>)],
    made: &mut Vec<Oid>,
) -> Result<Option<Oid>, Fault> {
    let mut names: BTreeMap<&[u8], Named<'_>> = BTreeMap::new();
    for (path, entry) in edits {
        match path.iter().position(|byte| *byte == b'/') {
            Some(slash) => {
                names.entry(&path[..slash]).or_default().below.push((&path[slash + 1..], *entry));
            }
            None => names.entry(path).or_default().itself = entry.map_or(Edit::Remove, Edit::Set),
        }
    }
    let mut builder = repository.treebuilder(base).doing("read a tree")?;
    for (name, named) in names {
        let old = builder.get(name).doing("read a tree")?.map(|entry| (entry.filemode(), entry.id()));
        let mut new = match named.itself {
            Edit::Set(entry) => Some(entry),
            Edit::Remove => None,
            Edit::Leave => old.filter(|(mode, _)| *mode != FOLDER).map(|(mode, id)| Entry { mode, id }),
        };
        let old_folder = old.filter(|(mode, _)| *mode == FOLDER).map(|(_, id)| id);
        // A folder that stays a folder: what is below it decides.
        if !named.below.is_empty() || (new.is_none() && old_folder.is_some()) {
            let folder = old_folder.map(|id| repository.find_tree(id)).transpose().doing("read a tree")?;
            if let Some(id) = edited_below(repository, folder.as_ref(), &named.below, made)? {
                new = Some(Entry { mode: FOLDER, id });
            }
        }
        match new {
            Some(entry) => builder.insert(name, entry.id, entry.mode).doing("write a tree").map(drop)?,
            None if old.is_some() => builder.remove(name).doing("write a tree")?,
            None => {}
        }
    }
    if builder.is_empty() {
        return Ok(None);
    }
    let id = builder.write().doing("write a tree")?;
    made.push(id);
    Ok(Some(id))
}

/// One path at which two trees differ.
#[derive(Clone, Debug)]
pub(crate) struct Difference {
    pub(crate) path: RepoPath,
    pub(crate) old: Option<Entry>,
    pub(crate) new: Option<Entry>,
}

/// Lists the files, links and gitlinks at which two trees differ, by path.
///
/// By ids alone: no attribute, no textconv, no program has a say.
pub(crate) fn differences(
    repository: &Repository,
    old: Option<Oid>,
    new: Option<Oid>,
) -> Result<Vec<Difference>, Fault> {
    let mut found = Vec::new();
    compare(repository, &mut Vec::new(), old, new, &mut found)?;
    found.sort_by(|one, two| one.path.cmp(&two.path));
    Ok(found)
}

type Listing = BTreeMap<Vec<u8>, Entry>;

fn compare(
    repository: &Repository,
    folder: &mut Vec<u8>,
    old: Option<Oid>,
    new: Option<Oid>,
    found: &mut Vec<Difference>,
) -> Result<(), Fault> {
    if old == new {
        return Ok(());
    }
    let list = |id: Option<Oid>| -> Result<Listing, Fault> {
        let Some(id) = id else { return Ok(Listing::new()) };
        let tree = repository.find_tree(id).doing("read a tree")?;
        let entries = tree
            .iter()
            .map(|entry| (entry.name_bytes().to_vec(), Entry { mode: entry.filemode(), id: entry.id() }));
        Ok(entries.collect())
    };
    let (before, after) = (list(old)?, list(new)?);
    let mut names: Vec<&Vec<u8>> = before.keys().chain(after.keys()).collect();
    names.sort_unstable();
    names.dedup();
    for name in names {
        let (was, is) = (before.get(name).copied(), after.get(name).copied());
        if was == is {
            continue;
        }
        let length = folder.len();
        if length > 0 {
            folder.push(b'/');
        }
        folder.extend_from_slice(name);
        let as_folder =
            |entry: Option<Entry>| entry.filter(|entry| entry.mode == FOLDER).map(|entry| entry.id);
        let as_file = |entry: Option<Entry>| entry.filter(|entry| entry.mode != FOLDER);
        compare(repository, folder, as_folder(was), as_folder(is), found)?;
        if as_file(was) != as_file(is) {
            let Ok(path) = RepoPath::parse(folder.clone()) else {
                return Err(Fault::Unreadable { what: "a tree with an impossible path".to_owned() });
            };
            found.push(Difference { path, old: as_file(was), new: as_file(is) });
        }
        folder.truncate(length);
    }
    Ok(())
}
