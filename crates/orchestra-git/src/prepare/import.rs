//! Objects from a private store into the shared one: only those that the new tree needs, each checked by its id.

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::path::Path;

use git2::{ObjectType, Oid, Repository};

use crate::fault::{At as _, Doing as _, Fault};
use crate::repo::Repo;
use crate::store::Store;
use crate::tree::{self, Edits};

/// From this size on, in bytes, an object is copied in pieces.
const LARGE: usize = 8 * 1024 * 1024;

/// The repository with a private store beside its own.
pub(super) struct Seen {
    pub(super) repository: Repository,
}

impl Seen {
    /// Opens both stores, or the one that there is. What is written goes to `store`.
    pub(super) fn open(repo: &Repo, store: &Store, objects: Option<&Path>) -> Result<Self, Fault> {
        Ok(Self { repository: store.library_with(repo, objects)? })
    }

    /// Copies what `tree` has and `parent` has not into the shared store.
    pub(super) fn import(&self, store: &mut Store, parent: Oid, tree: Oid) -> Result<(), Fault> {
        let mut needed = BTreeMap::new();
        collect(&self.repository, Some(parent), tree, &mut needed)?;
        for (id, kind) in needed {
            self.copy(store, id, kind)?;
        }
        Ok(())
    }

    /// Copies a tree with some paths set to something else, and returns its id.
    pub(super) fn import_edited(
        &self,
        store: &mut Store,
        parent: Oid,
        tree: Oid,
        edits: &Edits,
    ) -> Result<Oid, Fault> {
        if edits.is_empty() {
            self.import(store, parent, tree)?;
            return Ok(tree);
        }
        let base = self.repository.find_tree(tree).doing("read a tree")?;
        let edited = tree::edited(&self.repository, &base, edits, &mut Vec::new())?;
        self.import(store, parent, edited)?;
        Ok(edited)
    }

    fn copy(&self, store: &mut Store, id: Oid, kind: ObjectType) -> Result<(), Fault> {
        store.wrote([id]);
        let to = store.repository.odb().doing("open the object store")?;
        if to.exists(id) {
            return Ok(());
        }
        let from = self.repository.odb().doing("open the private objects")?;
        let (size, found) = from.read_header(id).doing("read a private object")?;
        if found != kind {
            return Err(Fault::Unreadable { what: format!("the object {id}, which is no {kind}") });
        }
        let written = match from.reader(id) {
            Ok((mut reader, ..)) if size > LARGE => {
                let mut writer = to.writer(size, kind).doing("write an object")?;
                let copied = io::copy(&mut reader, &mut writer).and_then(|_| writer.flush());
                copied.at("copy the object", id.to_string())?;
                writer.finalize().doing("write an object")?
            }
            // libgit2 cannot stream packed objects, and small ones need not be.
            Ok(_) | Err(_) => {
                let object = from.read(id).doing("read a private object")?;
                to.write(kind, object.data()).doing("write an object")?
            }
        };
        if written == id {
            Ok(())
        } else {
            Err(Fault::Unreadable { what: format!("the object {id}, whose content is another's") })
        }
    }
}

/// Collects the trees and blobs of `tree` that are not at the same place in `parent`.
fn collect(
    repository: &Repository,
    parent: Option<Oid>,
    tree: Oid,
    needed: &mut BTreeMap<Oid, ObjectType>,
) -> Result<(), Fault> {
    if parent == Some(tree) || needed.insert(tree, ObjectType::Tree).is_some() {
        return Ok(());
    }
    let parent = parent.map(|id| repository.find_tree(id)).transpose().doing("read a tree")?;
    let tree = repository.find_tree(tree).doing("read a tree")?;
    for entry in &tree {
        let before = parent.as_ref().and_then(|parent| parent.get_name_bytes(entry.name_bytes()));
        let before = before.filter(|old| old.kind() == entry.kind()).map(|old| old.id());
        match entry.kind() {
            Some(ObjectType::Tree) => collect(repository, before, entry.id(), needed)?,
            Some(ObjectType::Blob) if before != Some(entry.id()) => {
                needed.insert(entry.id(), ObjectType::Blob);
            }
            // A submodule's commit lies elsewhere.
            _ => {}
        }
    }
    Ok(())
}
