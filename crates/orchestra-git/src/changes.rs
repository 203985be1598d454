//! What changed since a baseline, path by path.

use std::collections::BTreeSet;

use git2::{Commit, Repository};
use orchestra_core::path::{ContentHash, RepoPath};
use orchestra_core::repo::{Change, ChangeKind, CommitId};
use thiserror::Error;

use crate::beneath::{Present, Top};
use crate::config::Config;
use crate::fault::{DiskError, Doing as _, Fault};
use crate::kept::{self, Kept, Record};
use crate::refs;
use crate::repo::Repo;
use crate::scan::flagged::converted_ids;
use crate::scan::{self, InTree, Scan, Scanned};
use crate::standing::{commit_id, head_of, oid};
use crate::store::{hash_present, mode_of};
use crate::tree::{self, Entry};

/// Says why changes cannot be told.
#[derive(Debug, Error)]
pub enum BaselineError {
    /// There is no such snapshot, or it cannot be read.
    #[error("there is no snapshot at `{reference}`")]
    Missing {
        /// The ref.
        reference: String,
    },
    /// Anything else.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl From<DiskError> for BaselineError {
    fn from(error: DiskError) -> Self {
        Self::Fault(error.into())
    }
}

/// A snapshot, opened: what every path was when it was taken.
pub(crate) struct Baseline<'a> {
    /// The snapshot.
    pub(crate) commit: Commit<'a>,
    /// The head of then.
    pub(crate) head: Commit<'a>,
    /// What was dirty.
    pub(crate) record: Record,
}

impl<'a> Baseline<'a> {
    /// Opens the snapshot under a ref.
    pub(crate) fn open(library: &'a Repository, reference: &str) -> Result<Self, BaselineError> {
        let missing = || BaselineError::Missing { reference: reference.to_owned() };
        let id = refs::find(library, reference)?.ok_or_else(missing)?;
        let commit = library.find_commit(id).doing("read a commit")?;
        let record = kept::read_record(&commit).ok_or_else(missing)?;
        let head = commit.parent(0).doing("read a commit")?;
        Ok(Self { commit, head, record })
    }
}

/// Lists the paths whose present state is not the baseline's, by path.
///
/// The baseline of a path that was dirty is its content in the snapshot, of any other its content in the head of then.
/// A path that somebody has committed meanwhile, and that is as the head has it now, is not a change.
/// The agent's own commits must have been folded before ([`crate::fold::fold`]), or they pass for somebody's.
/// What a kill left half-written is no change, and is taken away.
pub fn changes(repo: &Repo, baseline: &str) -> Result<Vec<Change>, BaselineError> {
    let library = repo.library()?;
    let config = Config::read(repo)?;
    let baseline = Baseline::open(&library, baseline)?;
    let scan = scan::read_watched(repo, &config)?;
    let looked = Look::new(repo, &config, &library, &baseline, &scan)?;
    scan::unfinished::remove(&looked.top, &scan)?;
    let candidates: BTreeSet<&RepoPath> = scan.paths.keys().chain(baseline.record.keys()).collect();
    let mut changes = Vec::new();
    for path in candidates {
        let change = match (baseline.record.get(path), scan.paths.get(path)) {
            (Some(kept), _) => looked.of_dirty(path, *kept)?,
            (None, Some(scanned)) => looked.of_untouched(path, scanned)?,
            (None, None) => None,
        };
        changes.extend(change);
    }
    Ok(changes)
}

struct Look<'a> {
    top: Top,
    baseline: &'a Baseline<'a>,
    scan: &'a Scan,
    head: git2::Tree<'a>,
    head_then: git2::Tree<'a>,
    /// Paths staged and then changed once more, or staged to go and still there, that are in fact as the head has them.
    back_at_head: BTreeSet<RepoPath>,
}

impl<'a> Look<'a> {
    fn new(
        repo: &Repo,
        config: &Config,
        library: &'a Repository,
        baseline: &'a Baseline<'a>,
        scan: &'a Scan,
    ) -> Result<Self, Fault> {
        let head = library.find_commit(oid(&head_of(library)?.commit)?).and_then(|commit| commit.tree());
        let top = Top::open(repo.root())?;
        let is_doubtful = |scanned: &Scanned| {
            scanned.is_staged() && scanned.tree != InTree::AsStaged && scanned.head.is_some()
        };
        let doubtful: Vec<(&RepoPath, Option<Entry>)> = scan
            .paths
            .iter()
            .filter(|(_, scanned)| is_doubtful(scanned))
            .map(|(path, scanned)| (path, scanned.head))
            .collect();
        let ids = converted_ids(repo, config, &top, doubtful.iter().map(|(path, _)| *path))?;
        let mut back_at_head = BTreeSet::new();
        for ((path, head), id) in doubtful.into_iter().zip(ids) {
            let mode = match top.look(path)? {
                Present::File { permissions, .. } => Some(mode_of(permissions)),
                Present::Absent | Present::Link | Present::Folder | Present::Special(_) => None,
            };
            if head.is_some_and(|head| Some(head.id) == id && Some(head.mode) == mode) {
                back_at_head.insert(path.clone());
            }
        }
        let head_then = baseline.head.tree().doing("read a tree")?;
        Ok(Self { top, baseline, scan, head: head.doing("read a tree")?, head_then, back_at_head })
    }

    /// A path that was dirty: held byte by byte against the snapshot.
    fn of_dirty(&self, path: &RepoPath, kept: Kept) -> Result<Option<Change>, Fault> {
        let scanned = self.scan.paths.get(path);
        let unfit = scanned.and_then(|scanned| scanned.unfit);
        let content = fingerprint_of(hash_present(&self.top, path)?);
        let change = |kind| Ok(Some(Change { path: path.clone(), kind, dirty_before: true, unfit, content }));
        let present = self.top.look(path)?;
        let (was, is) = match kept {
            Kept::Unfit => {
                // What it was is not known; only that it came or went can be seen.
                return if present == Present::Absent { change(ChangeKind::Deleted) } else { Ok(None) };
            }
            Kept::Staged => return Ok(None),
            Kept::Gone => (None, hash_present(&self.top, path)?),
            Kept::File { .. } | Kept::Link => {
                (kept::entry_of(&self.baseline.commit, path)?, hash_present(&self.top, path)?)
            }
        };
        if was == is && !matches!(present, Present::Special(_)) {
            return Ok(None);
        }
        // Clean, and the head says something new of it: somebody has committed it.
        if scanned.is_none()
            && tree::find_entry(&self.head, path)? != tree::find_entry(&self.head_then, path)?
        {
            return Ok(None);
        }
        match (was, is) {
            (_, None) if present == Present::Absent || present == Present::Folder => {
                if was.is_none() {
                    Ok(None)
                } else {
                    change(ChangeKind::Deleted)
                }
            }
            (None, _) => change(ChangeKind::Added),
            (Some(_), _) => change(ChangeKind::Modified),
        }
    }

    /// A path that was as the head had it, and is not as the head has it now.
    fn of_untouched(&self, path: &RepoPath, scanned: &Scanned) -> Result<Option<Change>, Fault> {
        if self.back_at_head.contains(path) {
            return Ok(None);
        }
        let kind = match (tree::find_entry(&self.head, path)?, scanned.tree, scanned.index) {
            (None, InTree::Gone, _) => return Ok(None),
            (None, _, _) => ChangeKind::Added,
            (Some(_), InTree::Gone, _) | (Some(_), InTree::AsStaged, None) => ChangeKind::Deleted,
            (Some(_), _, _) => ChangeKind::Modified,
        };
        let content = fingerprint_of(hash_present(&self.top, path)?);
        let unfit = scanned.unfit;
        Ok(Some(Change { path: path.clone(), kind, dirty_before: false, unfit, content }))
    }
}

/// Reads what a path held when a snapshot was taken; `None` where it was no plain file, or larger than `limit` bytes.
pub fn content_before(
    repo: &Repo,
    baseline: &str,
    path: &RepoPath,
    limit: usize,
) -> Result<Option<Vec<u8>>, BaselineError> {
    let library = repo.library()?;
    let baseline = Baseline::open(&library, baseline)?;
    let entry = match baseline.record.get(path) {
        Some(Kept::File { .. }) => kept::entry_of(&baseline.commit, path)?,
        Some(Kept::Link | Kept::Gone | Kept::Unfit) => None,
        Some(Kept::Staged) | None => tree::find_entry(&baseline.head.tree().doing("read a tree")?, path)?,
    };
    let Some(entry) = entry.filter(|entry| !matches!(entry.mode, tree::LINK | tree::GITLINK)) else {
        return Ok(None);
    };
    let (size, _) = library.odb().and_then(|odb| odb.read_header(entry.id)).doing("read an object")?;
    if size > limit {
        return Ok(None);
    }
    let blob = library.find_blob(entry.id).doing("read an object")?;
    Ok(Some(blob.content().to_vec()))
}

/// What a path holds now, in one hash: content and mode. `None` where it is gone or no plain file.
pub fn fingerprint(repo: &Repo, path: &RepoPath) -> Result<Option<ContentHash>, Fault> {
    Ok(fingerprint_of(hash_present(&Top::open(repo.root())?, path)?))
}

fn fingerprint_of(entry: Option<Entry>) -> Option<ContentHash> {
    entry.map(|entry| {
        let mode = entry.mode.to_le_bytes();
        ContentHash::of_parts([mode.as_slice(), entry.id.as_bytes()])
    })
}

/// The head that a snapshot was taken on; `None` where there is no such snapshot.
pub fn baseline_head(repo: &Repo, baseline: &str) -> Result<Option<CommitId>, Fault> {
    let library = repo.library()?;
    match Baseline::open(&library, baseline) {
        Ok(baseline) => Ok(Some(commit_id(baseline.head.id()))),
        Err(BaselineError::Missing { .. }) => Ok(None),
        Err(BaselineError::Fault(fault)) => Err(fault),
    }
}
