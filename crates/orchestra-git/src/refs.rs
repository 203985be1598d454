//! Refs of Orchestra's own, and a libgit2 that syncs what it writes.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use git2::{ConfigLevel, ErrorCode, Oid, Reference, Repository};
use tempfile::NamedTempFile;

use crate::fault::{At as _, Doing as _, Fault};
use crate::repo::Repo;
use crate::store::sync_all;

/// Below this lies everything that was saved.
pub(crate) const RESCUE: &str = "refs/orchestra/rescue/";

/// The log line of a ref of ours.
const LOG: &str = "orchestra: saved";

/// A repository of which libgit2 syncs refs and reflogs *before* it renames them into place.
///
/// libgit2 has a switch for that only in `unsafe`, but it also honours the configuration key `core.fsyncObjectFiles`,
/// and a configuration file can be added to an open repository. Without it a power cut could leave an empty branch.
pub(crate) struct Durable {
    pub(crate) repository: Repository,
    _settings: NamedTempFile,
}

impl Durable {
    /// Opens the repository.
    pub(crate) fn open(repo: &Repo) -> Result<Self, Fault> {
        let scratch = &repo.options().scratch;
        std::fs::create_dir_all(scratch).at("make", scratch)?;
        let mut settings =
            tempfile::Builder::new().prefix("libgit2-").tempfile_in(scratch).at("write", scratch)?;
        settings.write_all(b"[core]\n\tfsyncObjectFiles = true\n").at("write", settings.path())?;
        let repository = repo.library()?;
        let mut config = repository.config().doing("read the configuration")?;
        config.add_file(settings.path(), ConfigLevel::App, true).doing("make its writes durable")?;
        Ok(Self { repository, _settings: settings })
    }
}

/// Tells whether this is the name of a ref below [`RESCUE`] that git accepts.
pub(crate) fn is_rescue_name(name: &str) -> bool {
    name.starts_with(RESCUE) && Reference::is_valid_name(name)
}

/// Finds what a ref names.
pub(crate) fn find(repository: &Repository, name: &str) -> Result<Option<Oid>, Fault> {
    match repository.find_reference(name) {
        Ok(reference) => {
            let commit = reference.peel_to_commit().doing("read a ref")?;
            Ok(Some(commit.id()))
        }
        Err(error) if error.code() == ErrorCode::NotFound => Ok(None),
        Err(source) => Err(Fault::Library { action: "read a ref", source }),
    }
}

/// Makes a ref that must not exist yet, and syncs it.
pub(crate) fn create(repo: &Repo, name: &str, target: Oid) -> Result<(), Fault> {
    debug_assert!(is_rescue_name(name), "{name}");
    let durable = Durable::open(repo)?;
    durable.repository.reference(name, target, false, LOG).doing("write a ref")?;
    sync_ref(repo.common_dir(), name)
}

/// Gives a ref the next free name ([`nth_name`]). It has both for a moment, so that it is never without one.
pub(crate) fn rename(repo: &Repo, name: &str) -> Result<(), Fault> {
    let durable = Durable::open(repo)?;
    let Some(target) = find(&durable.repository, name)? else { return Ok(()) };
    for n in 1.. {
        let other = nth_name(name, n);
        match find(&durable.repository, &other)? {
            Some(id) if id != target => {}
            Some(_) => break,
            None => {
                create(repo, &other, target)?;
                break;
            }
        }
    }
    let mut reference = durable.repository.find_reference(name).doing("read a ref")?;
    reference.delete().doing("remove a ref")
}

/// Syncs a loose ref and every folder above it up to `refs`.
pub(crate) fn sync_ref(git_dir: &Path, name: &str) -> Result<(), Fault> {
    let file = git_dir.join(name);
    let above = file.ancestors().skip(1).take_while(|folder| folder.starts_with(git_dir));
    let mut paths: Vec<PathBuf> = vec![file.clone()];
    paths.extend(above.map(Path::to_owned));
    Ok(sync_all(&paths)?)
}

/// The n-th name for a ref, counted from 0: itself, then with `-2`, `-3` …
pub(crate) fn nth_name(name: &str, n: usize) -> String {
    if n == 0 { name.to_owned() } else { format!("{name}-{}", n + 1) }
}
