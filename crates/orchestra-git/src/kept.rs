//! The commits under `refs/orchestra/rescue/`: what they hold, and the record in their message that says so.
//!
//! A commit of this kind has the tree of its first parent with the kept paths replaced by their bytes as they lay on
//! the disk (no filter, no line endings converted), and the staged versions in a second parent where these differed.
//! Its message lists every path, also those that were gone or could not be kept, so that the ref alone tells the story.

use std::collections::BTreeMap;

use git2::{Commit, Oid, Repository};
use orchestra_core::path::RepoPath;

use crate::beneath::{Present, Top};
use crate::fault::{Doing as _, Fault};
use crate::identity;
use crate::quote::{quoted, unquoted};
use crate::refs;
use crate::repo::Repo;
use crate::store::Store;
use crate::tree::{self, EXECUTABLE, Edits, Entry, GITLINK, LINK};

/// How a path was when it was kept.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kept {
    /// A file with these permission bits.
    File { permissions: u32 },
    /// A symbolic link.
    Link,
    /// It was not there.
    Gone,
    /// It could not be kept: a FIFO, a nested repository, a submodule.
    Unfit,
    /// Only its staged version was kept.
    Staged,
}

impl Kept {
    /// What a tree's entry is, where nothing more is known than its mode.
    pub(crate) fn of(entry: Option<Entry>) -> Self {
        match entry.map(|entry| entry.mode) {
            None => Self::Gone,
            Some(LINK) => Self::Link,
            Some(GITLINK) => Self::Unfit,
            Some(EXECUTABLE) => Self::File { permissions: 0o755 },
            Some(_) => Self::File { permissions: 0o644 },
        }
    }
}

/// All paths of a rescue commit.
pub(crate) type Record = BTreeMap<RepoPath, Kept>;

/// The begin of a record's line.
const LINE: &str = "Orchestra-Kept: ";

/// Writes a record for the end of a message.
fn write_record(record: &Record) -> String {
    let line = |(path, kept): (&RepoPath, &Kept)| {
        let word = match kept {
            Kept::File { permissions } => format!("file {permissions:o}"),
            Kept::Link => "link".to_owned(),
            Kept::Gone => "gone".to_owned(),
            Kept::Unfit => "unfit".to_owned(),
            Kept::Staged => "staged".to_owned(),
        };
        format!("{LINE}{word} {}\n", quoted(path.as_bytes()))
    };
    record.iter().map(line).collect()
}

/// Reads the record of a commit; `None` where it has a line that cannot be read, or none.
pub(crate) fn read_record(commit: &Commit<'_>) -> Option<Record> {
    let message = String::from_utf8_lossy(commit.message_bytes());
    let lines = message.lines().filter_map(|line| line.strip_prefix(LINE));
    let record: Option<Record> = lines.map(read_line).collect();
    record.filter(|record| !record.is_empty() || message.contains(NOTHING))
}

fn read_line(line: &str) -> Option<(RepoPath, Kept)> {
    let (word, path) = line.split_once(" \"")?;
    let path = RepoPath::parse(unquoted(&format!("\"{path}"))?).ok()?;
    let kept = match word {
        "link" => Kept::Link,
        "gone" => Kept::Gone,
        "unfit" => Kept::Unfit,
        "staged" => Kept::Staged,
        file => Kept::File { permissions: u32::from_str_radix(file.strip_prefix("file ")?, 8).ok()? & 0o777 },
    };
    Some((path, kept))
}

/// Stands in the message of a commit that keeps nothing, because nothing was dirty.
const NOTHING: &str = "Nothing was changed and not committed.";

/// The message of the commit that keeps what was staged.
const STAGED: &str = "orchestra: what was staged\n";

/// The second parent of a rescue commit, where that keeps what was staged.
pub(crate) fn staged<'a>(commit: &Commit<'a>) -> Option<Commit<'a>> {
    commit.parent(1).ok().filter(|second| second.message_bytes() == STAGED.as_bytes())
}

/// What is to be kept.
pub(crate) struct Keep<'a> {
    /// The first line of the message.
    pub(crate) subject: String,
    /// The commit that the paths are held against.
    pub(crate) parent: Oid,
    /// The paths whose present content is kept; `true` where it must not be read.
    pub(crate) paths: BTreeMap<RepoPath, bool>,
    /// Staged versions that differ from the parent; `None` where the path is staged to go.
    pub(crate) staged: &'a Edits,
}

/// A tree with its record, written but not yet in a commit.
pub(crate) struct Written {
    pub(crate) tree: Oid,
    pub(crate) record: Record,
    pub(crate) staged: Option<Oid>,
}

/// Writes the trees of what is to be kept.
pub(crate) fn write(store: &mut Store, top: &Top, keep: &Keep<'_>) -> Result<Written, Fault> {
    let (mut edits, mut record) = (Edits::new(), Record::new());
    for (path, is_unfit) in &keep.paths {
        let entry = if *is_unfit { None } else { store.write_present(top, path)? };
        let kept = match (is_unfit, top.look(path)?) {
            (true, _) | (false, Present::Special(_) | Present::Folder) => Kept::Unfit,
            (false, Present::File { permissions, .. }) => Kept::File { permissions },
            (false, Present::Link) => Kept::Link,
            (false, Present::Absent) => Kept::Gone,
        };
        if kept != Kept::Unfit {
            edits.insert(path.clone(), entry);
        }
        record.insert(path.clone(), kept);
    }
    for path in keep.staged.keys() {
        record.entry(path.clone()).or_insert(Kept::Staged);
    }
    let tree = edited(store, keep.parent, &edits)?;
    let staged = if keep.staged.is_empty() { None } else { Some(edited(store, keep.parent, keep.staged)?) };
    store.wrote(keep.staged.values().flatten().map(|entry| entry.id));
    Ok(Written { tree, record, staged })
}

fn edited(store: &mut Store, parent: Oid, edits: &Edits) -> Result<Oid, Fault> {
    let mut made = Vec::new();
    let tree = {
        let base = store.repository.find_commit(parent).and_then(|commit| commit.tree());
        tree::edited(&store.repository, &base.doing("read a tree")?, edits, &mut made)?
    };
    store.wrote(made);
    Ok(tree)
}

/// Writes the commit, syncs it and all that it needs, and makes the ref.
pub(crate) fn commit(
    repo: &Repo,
    store: &mut Store,
    reference: &str,
    keep: &Keep<'_>,
    written: &Written,
) -> Result<Oid, Fault> {
    let second = match written.staged {
        Some(tree) => {
            let id = write_commit(&store.repository, STAGED, tree, &[keep.parent])?;
            store.wrote([id]);
            Some(id)
        }
        None => None,
    };
    let parents: Vec<Oid> = [keep.parent].into_iter().chain(second).collect();
    commit_tree(repo, store, reference, &keep.subject, written.tree, &written.record, &parents)
}

/// Writes a commit with a record over a tree that exists already, syncs it, and makes the ref.
pub(crate) fn commit_tree(
    repo: &Repo,
    store: &mut Store,
    reference: &str,
    subject: &str,
    tree: Oid,
    record: &Record,
    parents: &[Oid],
) -> Result<Oid, Fault> {
    let mut message = format!("{subject}\n\nRef: {reference}\n\n");
    if record.is_empty() {
        message.push_str(NOTHING);
        message.push('\n');
    }
    message.push_str(&write_record(record));
    let id = write_commit(&store.repository, &message, tree, parents)?;
    store.wrote([id]);
    store.sync()?;
    refs::create(repo, reference, id)?;
    Ok(id)
}

fn write_commit(repository: &Repository, message: &str, tree: Oid, parents: &[Oid]) -> Result<Oid, Fault> {
    let own = identity::own()?;
    let tree = repository.find_tree(tree).doing("read a tree")?;
    let parents: Result<Vec<Commit<'_>>, _> = parents.iter().map(|id| repository.find_commit(*id)).collect();
    let parents = parents.doing("read a commit")?;
    let parents: Vec<&Commit<'_>> = parents.iter().collect();
    repository.commit(None, &own, &own, message, &tree, &parents).doing("write a commit")
}

/// Writes what is to be kept under the first free name: `reference`, or with `-2`, `-3` … A ref that keeps all of
/// this already is used again, so that doing it twice leaves one.
pub(crate) fn keep(
    repo: &Repo,
    store: &mut Store,
    top: &Top,
    reference: &str,
    keep: &Keep<'_>,
) -> Result<String, Fault> {
    let written = write(store, top, keep)?;
    for n in 0.. {
        let name = refs::nth_name(reference, n);
        match refs::find(&store.repository, &name)? {
            None => {
                commit(repo, store, &name, keep, &written)?;
                return Ok(name);
            }
            Some(id) if covers(&store.repository, id, &written)? => return Ok(name),
            Some(_) => {}
        }
    }
    unreachable!("the numbers do not end")
}

/// Tells whether a commit keeps all of this already, perhaps with more beside it.
fn covers(repository: &Repository, id: Oid, written: &Written) -> Result<bool, Fault> {
    let commit = repository.find_commit(id).doing("read a commit")?;
    let Some(record) = read_record(&commit) else { return Ok(false) };
    let staged = commit.parents().nth(1).map(|parent| parent.tree_id());
    if written.staged.is_some() && staged != written.staged {
        return Ok(false);
    }
    let (theirs, ours) = (commit.tree(), repository.find_tree(written.tree));
    let (theirs, ours) = (theirs.doing("read a tree")?, ours.doing("read a tree")?);
    for (path, kept) in &written.record {
        let is_kept = record.get(path) == Some(kept)
            && tree::find_entry(&theirs, path)? == tree::find_entry(&ours, path)?;
        if !is_kept {
            return Ok(false);
        }
    }
    Ok(true)
}

/// What a rescue commit says about a path: its bytes and mode, where it kept any.
pub(crate) fn entry_of(commit: &Commit<'_>, path: &RepoPath) -> Result<Option<Entry>, Fault> {
    let tree = commit.tree().doing("read a tree")?;
    tree::find_entry(&tree, path)
}
