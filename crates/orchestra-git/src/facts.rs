//! Small questions to the repository.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use git2::{ErrorCode, ObjectType, Oid};
use orchestra_core::path::RepoPath;
use orchestra_core::repo::{CommitId, TreeId};

use crate::config::Config;
use crate::fault::{Doing as _, Fault};
use crate::program::Call;
use crate::repo::{Identity, Repo};
use crate::scan::specials;
use crate::standing::{commit_id, oid, tree_id};
use crate::target;
use crate::trailers::{self, Pair};
use crate::tree::os_path;

/// The hooks that a commit of ours runs.
const COMMIT_HOOKS: [&str; 3] = ["pre-commit", "prepare-commit-msg", "commit-msg"];

/// Tells whether git ignores a path.
pub fn is_ignored(repo: &Repo, path: &RepoPath) -> Result<bool, Fault> {
    Ok(ignored(repo, std::slice::from_ref(path))?.contains(path))
}

/// Finds those of these paths that git ignores, in one call.
pub fn ignored(repo: &Repo, paths: &[RepoPath]) -> Result<BTreeSet<RepoPath>, Fault> {
    specials::ignored(repo, paths)
}

/// Where git has something at a path, or beneath it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Tracked {
    /// Nowhere: it is untracked, ignored or not there.
    Nowhere,
    /// In the index, whatever the head has.
    Index,
    /// In the head's commit alone: its removal is staged.
    Head,
}

/// Tells whether git tracks a path or anything beneath it.
pub fn tracked(repo: &Repo, path: &RepoPath) -> Result<Tracked, Fault> {
    let listed = Call::new(
        repo,
        [OsStr::new("ls-files"), OsStr::new("-z"), OsStr::new("--"), os_path(path).as_os_str()],
    )
    .env("GIT_LITERAL_PATHSPECS", "1")
    .read()?;
    if !listed.is_empty() {
        return Ok(Tracked::Index);
    }
    let library = repo.library()?;
    let head = match library.head() {
        Ok(head) => head.peel_to_tree().doing("read a tree")?,
        Err(error) if error.code() == ErrorCode::UnbornBranch => return Ok(Tracked::Nowhere),
        Err(source) => return Err(Fault::Library { action: "read the head", source }),
    };
    match head.get_path(os_path(path)) {
        Ok(_) => Ok(Tracked::Head),
        Err(error) if error.code() == ErrorCode::NotFound => Ok(Tracked::Nowhere),
        Err(source) => Err(Fault::Library { action: "look into a tree", source }),
    }
}

/// Reads a file as a commit has it; `None` where it has none of that name, or where it is larger than `limit` bytes.
pub fn blob_at(
    repo: &Repo,
    commit: &CommitId,
    path: &RepoPath,
    limit: usize,
) -> Result<Option<Vec<u8>>, Fault> {
    let library = repo.library()?;
    let tree = library.find_commit(oid(commit)?).and_then(|commit| commit.tree()).doing("read a tree")?;
    let entry = match tree.get_path(os_path(path)) {
        Ok(entry) if entry.kind() == Some(ObjectType::Blob) => entry,
        Ok(_) => return Ok(None),
        Err(error) if error.code() == ErrorCode::NotFound => return Ok(None),
        Err(source) => return Err(Fault::Library { action: "look into a tree", source }),
    };
    let (size, _) = library.odb().and_then(|odb| odb.read_header(entry.id())).doing("read an object")?;
    if size > limit {
        return Ok(None);
    }
    let blob = library.find_blob(entry.id()).doing("read an object")?;
    Ok(Some(blob.content().to_vec()))
}

/// What is to be known of one commit.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CommitFacts {
    /// Its id.
    pub id: CommitId,
    /// Its tree.
    pub tree: TreeId,
    /// Its parents.
    pub parents: Vec<CommitId>,
    /// Its subject line.
    pub subject: String,
    /// The works that its trailers name.
    pub works: Vec<Pair>,
    /// Whether an agent committed it.
    pub is_agents: bool,
}

/// Finds a commit by its id in full, or by the begin of it where that is unique; four digits at least.
pub fn find_commit(repo: &Repo, id: &str) -> Result<Option<CommitFacts>, Fault> {
    let is_id = (4..=40).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !is_id {
        return Ok(None);
    }
    let library = repo.library()?;
    let found = if id.len() == 40 {
        Oid::from_str(id).and_then(|id| library.find_commit(id))
    } else {
        library.find_commit_by_prefix(id)
    };
    let commit = match found {
        Ok(commit) => commit,
        Err(error) if matches!(error.code(), ErrorCode::NotFound | ErrorCode::Ambiguous) => return Ok(None),
        Err(error) if error.class() == git2::ErrorClass::Invalid => return Ok(None),
        Err(source) => return Err(Fault::Library { action: "read a commit", source }),
    };
    Ok(Some(CommitFacts {
        id: commit_id(commit.id()),
        tree: tree_id(commit.tree_id()),
        parents: commit.parent_ids().map(commit_id).collect(),
        subject: String::from_utf8_lossy(commit.summary_bytes().unwrap_or_default()).into_owned(),
        works: trailers::pairs(commit.message_bytes()),
        is_agents: crate::own_commits::is_agents(&commit),
    }))
}

/// Lists the remotes' names, in the order of the configuration.
pub fn remotes(repo: &Repo) -> Result<Vec<String>, Fault> {
    Ok(target::names(&Config::read(repo)?))
}

/// Lists the hooks that are there and may run: those of a commit, and `pre-push`.
pub fn hook_names_present(repo: &Repo) -> Result<Vec<&'static str>, Fault> {
    let config = Config::read(repo)?;
    let mut names = hook_names(repo, &config);
    if is_executable(&hooks_folder(repo, &config).join("pre-push")) {
        names.push("pre-push");
    }
    Ok(names)
}

pub(crate) fn hook_names(repo: &Repo, config: &Config) -> Vec<&'static str> {
    let folder = hooks_folder(repo, config);
    // Newer versions of git know hooks that stand in the configuration: `hook.<name>.event`.
    let configured = |hook: &str| {
        config
            .names_in("hook")
            .iter()
            .any(|name| config.all(&format!("hook.{name}.event")).any(|event| event == hook))
    };
    let is_there = |hook: &&str| is_executable(&folder.join(hook)) || configured(hook);
    COMMIT_HOOKS.into_iter().filter(is_there).collect()
}

/// `core.hooksPath`, relative to the top of the work tree, else the common directory's.
pub(crate) fn hooks_folder(repo: &Repo, config: &Config) -> PathBuf {
    match config.get("core.hookspath") {
        Some(path) => match path.strip_prefix("~/") {
            Some(rest) => home(repo).unwrap_or_default().join(rest),
            None => repo.root().join(path),
        },
        None => repo.common_dir().join("hooks"),
    }
}

fn home(repo: &Repo) -> Option<PathBuf> {
    let found = repo.options().environment.iter().find(|(name, _)| name == "HOME")?;
    Some(PathBuf::from(&found.1))
}

fn is_executable(file: &std::path::Path) -> bool {
    file.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

/// Says who would commit, where that is known.
pub fn identity(repo: &Repo) -> Result<Option<Identity>, Fault> {
    let config = Config::read(repo)?;
    Ok(crate::identity::find(repo, &config).map(|identities| identities.committer))
}

/// Tells whether a commit is the other, or below it. False where the other is not there.
pub fn descends(repo: &Repo, from: &CommitId, head: &CommitId) -> Result<bool, Fault> {
    let library = repo.library()?;
    let (from, head) = (oid(from)?, oid(head)?);
    if from == head {
        return Ok(true);
    }
    if library.find_commit(from).is_err() {
        return Ok(false);
    }
    library.graph_descendant_of(head, from).doing("compare commits")
}
