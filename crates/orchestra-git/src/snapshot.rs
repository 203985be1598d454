//! What was not committed before a turn, kept as one commit.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use orchestra_core::path::RepoPath;
use orchestra_core::repo::CommitId;
use thiserror::Error;

use crate::beneath::{Present, Top};
use crate::config::Config;
use crate::fault::{DiskError, Doing as _, Fault};
use crate::kept::{self, Keep};
use crate::refs;
use crate::repo::Repo;
use crate::scan::{self, Scan};
use crate::standing::{commit_id, head_of, oid};
use crate::store::Store;
use crate::tree::Edits;

/// What came of keeping.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Snapshot {
    /// It lies under the ref.
    Saved {
        /// The commit.
        commit: CommitId,
        /// Every path that was dirty, also those that were gone or could not be kept.
        dirty: Vec<RepoPath>,
    },
    /// It is larger than was allowed; nothing was written.
    TooLarge {
        /// How large, in bytes.
        bytes: u64,
        /// The largest files with their sizes, largest first, ten at most.
        largest: Vec<(RepoPath, u64)>,
    },
}

/// Says why nothing was kept.
#[derive(Debug, Error)]
pub enum SnapshotError {
    /// The ref is not one of ours.
    #[error("`{reference}` cannot be a rescue ref")]
    Name {
        /// The ref.
        reference: String,
    },
    /// The ref exists, and what it names is no snapshot.
    #[error("`{reference}` names something that Orchestra did not write")]
    Foreign {
        /// The ref.
        reference: String,
    },
    /// Anything else.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl From<DiskError> for SnapshotError {
    fn from(error: DiskError) -> Self {
        Self::Fault(error.into())
    }
}

/// How many of the largest files are named.
const LARGEST: usize = 10;

/// Keeps the content of every dirty path, byte by byte, as one commit under `reference`, up to `limit` bytes.
///
/// Neither index nor work tree are touched, but for what a kill left half-written: it is taken away. A ref that exists already is believed: a resume reads what was dirty
/// before from it, and never from the tree.
pub fn snapshot(repo: &Repo, reference: &str, limit: u64) -> Result<Snapshot, SnapshotError> {
    if !refs::is_rescue_name(reference) {
        return Err(SnapshotError::Name { reference: reference.to_owned() });
    }
    let mut store = Store::open(repo)?;
    if let Some(id) = refs::find(&store.repository, reference)? {
        let commit = store.repository.find_commit(id).doing("read a commit")?;
        let record = kept::read_record(&commit)
            .ok_or_else(|| SnapshotError::Foreign { reference: reference.to_owned() })?;
        return Ok(Snapshot::Saved { commit: commit_id(id), dirty: record.into_keys().collect() });
    }
    let scan = scan::read_watched(repo, &Config::read(repo)?)?;
    let top = Top::open(repo.root())?;
    scan::unfinished::remove(&top, &scan)?;
    let (bytes, largest) = measure(&top, &scan)?;
    if bytes > limit {
        return Ok(Snapshot::TooLarge { bytes, largest });
    }
    let staged: Edits = scan
        .paths
        .iter()
        .filter(|(_, scanned)| scanned.is_staged())
        .map(|(path, scanned)| (path.clone(), scanned.index))
        .collect();
    let parent = oid(&head_of(&store.repository)?.commit)?;
    let paths: BTreeMap<RepoPath, bool> =
        scan.paths.iter().map(|(path, scanned)| (path.clone(), must_not_be_read(scanned.unfit))).collect();
    let keep = Keep {
        subject: "orchestra: what was not committed before a turn".to_owned(),
        parent,
        paths,
        staged: &staged,
    };
    let written = kept::write(&mut store, &top, &keep)?;
    let commit = kept::commit(repo, &mut store, reference, &keep, &written)?;
    Ok(Snapshot::Saved { commit: commit_id(commit), dirty: written.record.into_keys().collect() })
}

/// Gives every snapshot below a rescue ref's folder (`…/before`) the next free name, so that none of them is believed; what
/// they keep stays.
pub fn set_aside(repo: &Repo, folder: &str) -> Result<(), Fault> {
    let library = repo.library()?;
    // Not by glob: a name may hold characters that mean something there.
    let below = format!("{folder}/");
    let mut names = Vec::new();
    for reference in library.references().doing("list the refs")? {
        let reference = reference.doing("list the refs")?;
        let name = String::from_utf8_lossy(reference.name_bytes()).into_owned();
        if name.starts_with(&below) && name.ends_with("/before") {
            names.push(name);
        }
    }
    names.iter().try_for_each(|name| refs::rename(repo, name))
}

/// A link that leaves the tree may not be committed, but its text can be kept; all other unfit paths cannot.
pub(crate) fn must_not_be_read(unfit: Option<&'static str>) -> bool {
    unfit.is_some_and(|why| why != scan::unfit::LEAVES)
}

fn measure(top: &Top, scan: &Scan) -> Result<(u64, Vec<(RepoPath, u64)>), DiskError> {
    let mut sizes = Vec::new();
    for path in scan.paths.keys() {
        if let Present::File { size, .. } = top.look(path)? {
            sizes.push((path.clone(), size));
        }
    }
    let bytes = sizes.iter().map(|(_, size)| size).sum();
    sizes.sort_by_key(|(_, size)| Reverse(*size));
    sizes.truncate(LARGEST);
    Ok((bytes, sizes))
}
