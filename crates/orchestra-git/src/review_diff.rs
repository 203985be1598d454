//! What commits changed, as text for a reviewer or a person.

use git2::{Delta, Diff, DiffFormat, DiffOptions, Oid, Patch, Repository};
use orchestra_core::path::RepoPath;
use orchestra_core::repo::{CommitId, FileStat};

use crate::fault::{Doing as _, Fault};
use crate::repo::Repo;
use crate::standing::oid;

/// A blob larger than this, in bytes, is shown as binary.
const LARGEST: i64 = 4 * 1024 * 1024;

/// Shows the patches of these commits, in the order given, each against its first parent, in at most `limit` bytes and
/// a line that says how much was cut. Runs no external diff and no textconv: libgit2 knows neither.
pub fn review_diff(repo: &Repo, commits: &[CommitId], limit: usize) -> Result<String, Fault> {
    let library = repo.library()?;
    let mut text = Bounded::new(limit);
    for id in commits {
        let commit = library.find_commit(oid(id)?).doing("read a commit")?;
        let subject = String::from_utf8_lossy(commit.summary_bytes().unwrap_or_default()).into_owned();
        text.push(format!("commit {id}\n    {subject}\n\n").as_bytes());
        let parent = commit.parent_ids().next();
        let parent = parent.map(|id| library.find_commit(id).map(|parent| parent.tree_id())).transpose();
        let parent = parent.doing("read a commit")?;
        push_patch(&diff(&library, parent, Some(commit.tree_id()))?, &mut text)?;
        text.push(b"\n");
    }
    Ok(text.finish())
}

/// Counts the lines that the way from one commit to another adds and takes, file by file. `None` is the empty tree.
pub fn show_stat(repo: &Repo, from: Option<&CommitId>, to: &CommitId) -> Result<Vec<FileStat>, Fault> {
    let library = repo.library()?;
    let tree_of = |id: &CommitId| {
        let id = oid(id)?;
        library.find_commit(id).map(|commit| commit.tree_id()).doing("read a commit")
    };
    let (from, to) = (from.map(tree_of).transpose()?, tree_of(to)?);
    stat(&library, from, to)
}

/// The same for what one commit adds and takes, against its first parent.
pub fn show_commit_stat(repo: &Repo, id: &CommitId) -> Result<Vec<FileStat>, Fault> {
    let library = repo.library()?;
    let commit = library.find_commit(oid(id)?).doing("read a commit")?;
    let parent = commit.parent_ids().next();
    let parent = parent.map(|id| library.find_commit(id).map(|parent| parent.tree_id())).transpose();
    stat(&library, parent.doing("read a commit")?, commit.tree_id())
}

pub(crate) fn stat(library: &Repository, from: Option<Oid>, to: Oid) -> Result<Vec<FileStat>, Fault> {
    let diff = diff(library, from, Some(to))?;
    let mut files = Vec::new();
    for (index, delta) in diff.deltas().enumerate() {
        let file = if delta.status() == Delta::Deleted { delta.old_file() } else { delta.new_file() };
        let Some(Ok(path)) = file.path_bytes().map(RepoPath::parse) else { continue };
        let lines = match Patch::from_diff(&diff, index).doing("compare files")? {
            Some(patch) if !patch.delta().flags().is_binary() => {
                let (_, added, removed) = patch.line_stats().doing("count lines")?;
                u32::try_from(added).ok().zip(u32::try_from(removed).ok())
            }
            Some(_) | None => None,
        };
        let (added, removed) = lines.unzip();
        files.push(FileStat { path, added, removed });
    }
    Ok(files)
}

pub(crate) fn diff(library: &Repository, old: Option<Oid>, new: Option<Oid>) -> Result<Diff<'_>, Fault> {
    let mut options = DiffOptions::new();
    options.max_size(LARGEST);
    compare(library, old, new, options)
}

/// The same for a program to apply: with the content of every file, also where it is large or no text.
pub(crate) fn diff_to_apply(
    library: &Repository,
    old: Option<Oid>,
    new: Option<Oid>,
) -> Result<Diff<'_>, Fault> {
    let mut options = DiffOptions::new();
    // Git takes the patch of a binary file only with ids in full.
    options.show_binary(true).id_abbrev(40);
    compare(library, old, new, options)
}

fn compare(
    library: &Repository,
    old: Option<Oid>,
    new: Option<Oid>,
    mut options: DiffOptions,
) -> Result<Diff<'_>, Fault> {
    let tree = |id: Option<Oid>| id.map(|id| library.find_tree(id)).transpose().doing("read a tree");
    let (old, new) = (tree(old)?, tree(new)?);
    options.ignore_submodules(true);
    library.diff_tree_to_tree(old.as_ref(), new.as_ref(), Some(&mut options)).doing("compare trees")
}

/// Writes a patch as git shows it.
pub(crate) fn push_patch(diff: &Diff<'_>, text: &mut Bounded) -> Result<(), Fault> {
    let printed = diff.print(DiffFormat::Patch, |_, _, line| {
        if matches!(line.origin(), '+' | '-' | ' ') {
            let mut origin = [0; 4];
            text.push(line.origin().encode_utf8(&mut origin).as_bytes());
        }
        text.push(line.content());
        true
    });
    printed.doing("write a patch")
}

/// Text up to a bound, with a count of what did not fit.
pub(crate) struct Bounded {
    bytes: Vec<u8>,
    limit: usize,
    cut: usize,
}

impl Bounded {
    pub(crate) fn new(limit: usize) -> Self {
        Self { bytes: Vec::new(), limit, cut: 0 }
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) {
        let fits = if self.cut > 0 { 0 } else { bytes.len().min(self.limit - self.bytes.len()) };
        self.bytes.extend_from_slice(&bytes[..fits]);
        self.cut += bytes.len() - fits;
    }

    /// The bytes that fitted, and how many did not.
    pub(crate) fn into_parts(self) -> (Vec<u8>, usize) {
        (self.bytes, self.cut)
    }

    /// The text, with a last line about what was cut.
    pub(crate) fn finish(self) -> String {
        let mut text = String::from_utf8_lossy(&self.bytes).into_owned();
        if self.cut > 0 {
            text = format!("{text}\n… cut here: {} more bytes\n", self.cut);
        }
        text
    }
}
