//! Present content, kept without changing anything.

use std::collections::BTreeMap;

use orchestra_core::path::RepoPath;
use thiserror::Error;

use crate::beneath::{Present, Top};
use crate::fault::{DiskError, Fault};
use crate::kept::{self, Keep};
use crate::refs;
use crate::repo::Repo;
use crate::scan::unfit;
use crate::snapshot::must_not_be_read;
use crate::standing::{head_of, oid};
use crate::store::Store;
use crate::tree::Edits;

/// Says why nothing was kept.
#[derive(Debug, Error)]
pub enum SaveError {
    /// The ref is not one of ours.
    #[error("`{reference}` cannot be a rescue ref")]
    Name {
        /// The ref.
        reference: String,
    },
    /// Anything else.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl From<DiskError> for SaveError {
    fn from(error: DiskError) -> Self {
        Self::Fault(error.into())
    }
}

/// Keeps the present content of these paths, byte by byte, under `reference` and returns the ref's name.
///
/// A ref of that name with other content is left alone; the name then ends in `-2`, `-3` … Saving the same content
/// twice gives the same ref.
pub fn save(repo: &Repo, reference: &str, paths: &[RepoPath]) -> Result<String, SaveError> {
    save_with_staged(repo, reference, paths, &Edits::new())
}

pub(crate) fn save_with_staged(
    repo: &Repo,
    reference: &str,
    paths: &[RepoPath],
    staged: &Edits,
) -> Result<String, SaveError> {
    if !refs::is_rescue_name(reference) {
        return Err(SaveError::Name { reference: reference.to_owned() });
    }
    let mut store = Store::open(repo)?;
    let top = Top::open(repo.root())?;
    let parent = oid(&head_of(&store.repository)?.commit)?;
    let mut to_keep = BTreeMap::new();
    for path in paths {
        let is_folder = top.look(path)? == Present::Folder;
        to_keep.insert(path.clone(), is_folder || must_not_be_read(unfit::why(&top, path)?));
    }
    let subject = "orchestra: saved before it was changed".to_owned();
    let keep = Keep { subject, parent, paths: to_keep, staged };
    Ok(kept::keep(repo, &mut store, &top, reference, &keep)?)
}
