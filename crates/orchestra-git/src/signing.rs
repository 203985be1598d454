//! Whether a commit can be signed now, tried before anybody depends on it.

use crate::checkout::scratch;
use crate::config::Config;
use crate::fault::{At as _, Doing as _};
use crate::identity;
use crate::prepare::{New, PrepareError, signed_commit};
use crate::repo::Repo;
use crate::standing::{head_of, oid};

/// What came of the trial.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Signing {
    /// Commits are not to be signed here.
    Off,
    /// A commit was signed, and thrown away.
    Works,
}

/// Makes a signed commit object in a store of its own and throws it away, where commits are to be signed.
pub fn try_signing(repo: &Repo) -> Result<Signing, PrepareError> {
    let config = Config::read(repo)?;
    if !config.is_on("commit.gpgsign") {
        return Ok(Signing::Off);
    }
    let identities = identity::find(repo, &config).ok_or(PrepareError::NoIdentity)?;
    let folder = scratch(repo)?;
    let objects = folder.path().join("objects");
    std::fs::create_dir(&objects).at("make", &objects)?;
    let library = repo.library()?;
    let parent = oid(&head_of(&library)?.commit)?;
    let tree = library.find_commit(parent).doing("read a commit")?.tree_id();
    let new = New { tree, parent, message: "orchestra: can this be signed?\n", identities: &identities };
    signed_commit(repo, &new, Some(&objects))?;
    Ok(Signing::Works)
}
