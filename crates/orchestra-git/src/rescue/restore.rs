//! Something that was saved, back into the work tree.

use orchestra_core::path::RepoPath;

use super::{RescueError, Restored, STAGED, find, record_of};
use crate::bring::{Bring, Target, Wanted};
use crate::fault::{Doing as _, Fault};
use crate::kept::{Kept, entry_of};
use crate::repo::Repo;
use crate::save::save;
use crate::scan::unfit;
use crate::tree;

/// Brings saved paths back into the work tree, byte by byte as they were: all of them, or those that are named.
///
/// What is there now is saved first, under the same name with `-replaced`. A path that was gone when it was saved, or
/// of which only a staged version was, is brought back only where it is named. The index is left alone, also where the
/// name ends in `^2`: then it is what was staged that comes, as git checks it out.
pub fn restore(repo: &Repo, reference: &str, paths: Option<&[RepoPath]>) -> Result<Restored, RescueError> {
    let library = repo.library()?;
    let (name, commit) = find(&library, reference)?;
    let record = record_of(&library, &commit)?;
    let is_staged = name.ends_with(STAGED);
    let bring = Bring::new(repo, &library)?;
    let mut done = Restored::default();
    let mut wanted: Vec<Wanted> = Vec::new();
    let chosen: Vec<RepoPath> = paths.map_or_else(|| record.keys().cloned().collect(), <[RepoPath]>::to_vec);
    for path in chosen {
        let Some(kept) = record.get(&path) else {
            return Err(RescueError::NoSuchPath { reference: name, path });
        };
        match target(&commit, &path, *kept, paths.is_some())? {
            // What was staged has no bytes of its own on any disk.
            Ok(Target::Bytes { entry, .. }) if is_staged => wanted.push((path, Target::Checkout(entry))),
            Ok(target) => wanted.push((path, target)),
            Err(why) => done.left.push((path, why.to_owned())),
        }
    }
    let to_do = bring.unfinished(wanted)?;
    if to_do.is_empty() {
        return Ok(done);
    }
    let paths: Vec<RepoPath> = to_do.iter().map(|(path, _)| path.clone()).collect();
    let ready = bring.ready(to_do, &commit.tree().doing("read a tree")?)?;
    let saved = save(repo, &format!("{}-replaced", name.replace(STAGED, "-staged")), &paths)?;
    bring.apply(ready, &saved, &mut done)?;
    done.reference = Some(saved);
    Ok(done)
}

/// What a path becomes, or why it is left.
fn target(
    commit: &git2::Commit<'_>,
    path: &RepoPath,
    kept: Kept,
    is_named: bool,
) -> Result<Result<Target, &'static str>, Fault> {
    if let Some(why) = unfit::by_name(path) {
        return Ok(Err(why));
    }
    Ok(match kept {
        Kept::Unfit => Err("it could not be kept"),
        Kept::Gone if is_named => Ok(Target::Absent),
        Kept::Gone => Err("it was gone when this was saved"),
        Kept::Staged if is_named => {
            let staged = commit.parent(1).and_then(|staged| staged.tree()).doing("read a tree")?;
            match tree::find_entry(&staged, path)? {
                Some(entry) => Ok(Target::Bytes { entry, permissions: None }),
                None => Err("it was staged to go"),
            }
        }
        Kept::Staged => Err("only what was staged of it was kept"),
        Kept::File { permissions } => bytes(commit, path, Some(permissions))?,
        Kept::Link => bytes(commit, path, None)?,
    })
}

fn bytes(
    commit: &git2::Commit<'_>,
    path: &RepoPath,
    permissions: Option<u32>,
) -> Result<Result<Target, &'static str>, Fault> {
    let entry = entry_of(commit, path)?;
    Ok(entry.map(|entry| Target::Bytes { entry, permissions }).ok_or("it could not be kept"))
}
