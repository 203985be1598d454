//! The commit object itself, signed or not.

use std::path::Path;
use std::time::Duration;

use git2::Oid;

use super::PrepareError;
use crate::fault::{Doing as _, Fault};
use crate::guard::{Ending, Purpose};
use crate::identity::Identities;
use crate::program::Call;
use crate::repo::Repo;
use crate::store::Store;

/// How long a signature may take. A program that asks for a passphrase fails at once: it has no terminal.
const SIGNING: Duration = Duration::from_secs(30);

/// A commit to be written.
pub(crate) struct New<'a> {
    pub(crate) tree: Oid,
    pub(crate) parent: Oid,
    pub(crate) message: &'a str,
    pub(crate) identities: &'a Identities,
}

/// Writes the commit.
pub(super) fn unsigned(store: &Store, new: &New<'_>) -> Result<Oid, Fault> {
    let repository = &store.repository;
    let (author, committer) = (new.identities.author.signature()?, new.identities.committer.signature()?);
    let tree = repository.find_tree(new.tree).doing("read a tree")?;
    let parent = repository.find_commit(new.parent).doing("read a commit")?;
    repository.commit(None, &author, &committer, new.message, &tree, &[&parent]).doing("write a commit")
}

/// Has git write and sign the commit as the person has set it up.
pub(super) fn signed(repo: &Repo, new: &New<'_>) -> Result<Oid, PrepareError> {
    signed_commit(repo, new, None)
}

/// As [`signed`], into a store of its own where one is given.
pub(crate) fn signed_commit(repo: &Repo, new: &New<'_>, objects: Option<&Path>) -> Result<Oid, PrepareError> {
    let (tree, parent) = (new.tree.to_string(), new.parent.to_string());
    let args = ["commit-tree", "-S", tree.as_str(), "-p", parent.as_str(), "-F", "-"];
    let mut call = Call::as_person(repo, args)
        .stdin(new.message.as_bytes().to_vec())
        .setting("core.fsync", "all")
        .setting("i18n.commitEncoding", "UTF-8")
        // A signing program must not find a terminal that shows something else.
        .without("GPG_TTY");
    for (kind, identity) in [("AUTHOR", &new.identities.author), ("COMMITTER", &new.identities.committer)] {
        call = call
            .env(&format!("GIT_{kind}_NAME"), &identity.name)
            .env(&format!("GIT_{kind}_EMAIL"), &identity.email);
    }
    if let Some(folder) = objects {
        call = call.objects(folder);
    }
    let output = call.guarded(Purpose::Sign, Some(SIGNING))?;
    match output.ending {
        Ending::Exited(0) => {
            let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
            Ok(Oid::from_str(&text).doing("read a commit's id")?)
        }
        Ending::Exited(_) | Ending::Signalled(_) | Ending::TimedOut => {
            Err(PrepareError::SigningFailed { output: output.words() })
        }
    }
}
