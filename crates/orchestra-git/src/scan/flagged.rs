//! Files that git was told not to look at.

use git2::IndexEntry;
use orchestra_core::path::RepoPath;

use super::{InTree, Scan, Scanned, unfit};
use crate::beneath::{Present, Top};
use crate::config::Config;
use crate::fault::Fault;
use crate::index::PersonIndex;
use crate::program::Call;
use crate::quote::quoted;
use crate::repo::Repo;
use crate::store::hash_present;
use crate::tree::Entry;

/// `CE_VALID`: `git update-index --assume-unchanged`.
const ASSUME_UNCHANGED: u16 = 0x8000;
/// `CE_SKIP_WORKTREE`, among the extended flags.
const SKIP_WORKTREE: u16 = 1 << 14;

/// Adds those flagged files that are not what the index says.
pub(super) fn add(repo: &Repo, config: &Config, scan: &mut Scan) -> Result<(), Fault> {
    let index = PersonIndex::open(repo)?;
    let is_flagged = |entry: &&IndexEntry| {
        entry.flags & ASSUME_UNCHANGED != 0 || entry.flags_extended & SKIP_WORKTREE != 0
    };
    let top = Top::open(repo.root())?;
    let mut doubtful = Vec::new();
    for entry in index.entries().filter(is_flagged) {
        let Ok(path) = RepoPath::parse(entry.path.as_slice()) else { continue };
        let Ok(mode) = i32::try_from(entry.mode) else { continue };
        let staged = Entry { mode, id: entry.id };
        let present = hash_present(&top, &path)?;
        if present != Some(staged) {
            doubtful.push((path, staged, present));
        }
    }
    let converted = converted_ids(repo, config, &top, doubtful.iter().map(|(path, ..)| path))?;
    for ((path, staged, present), converted) in doubtful.into_iter().zip(converted) {
        if present.map(|entry| entry.mode) == Some(staged.mode) && converted == Some(staged.id) {
            continue;
        }
        let unfit = unfit::why(&top, &path)?;
        let tree = if present.is_some() || unfit.is_some() { InTree::Changed } else { InTree::Gone };
        let scanned = scan.paths.entry(path).or_insert(Scanned {
            head: Some(staged),
            index: Some(staged),
            tree,
            mode: present.map_or(0, |entry| entry.mode),
            unfit,
        });
        scanned.tree = tree;
    }
    Ok(())
}

/// The ids that plain files would have in git: line endings converted, filters off. One call for all of them.
pub(crate) fn converted_ids<'a>(
    repo: &Repo,
    config: &Config,
    top: &Top,
    paths: impl Iterator<Item = &'a RepoPath>,
) -> Result<Vec<Option<git2::Oid>>, Fault> {
    let (mut input, mut is_file) = (Vec::new(), Vec::new());
    for path in paths {
        let is_plain = matches!(top.look(path)?, Present::File { .. });
        is_file.push(is_plain);
        if is_plain {
            input.extend_from_slice(quoted(path.as_bytes()).as_bytes());
            input.push(b'\n');
        }
    }
    let output = if input.is_empty() {
        Vec::new()
    } else {
        Call::new(repo, ["hash-object", "--stdin-paths"]).without_filters(config).stdin(input).read()?
    };
    let text = String::from_utf8_lossy(&output);
    let mut ids = text.lines().map(|line| git2::Oid::from_str(line).ok());
    Ok(is_file.into_iter().map(|is_plain| if is_plain { ids.next().flatten() } else { None }).collect())
}
