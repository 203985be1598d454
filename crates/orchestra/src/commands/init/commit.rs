//! The offer to commit what was written: these paths and nothing else.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use orchestra_core::path::RepoPath;
use orchestra_core::words::counted;
use orchestra_git::commit_paths::commit_paths;
use orchestra_git::fault::Fault;
use orchestra_git::repo::Repo;
use orchestra_git::status::{DirtyPath, InTree};
use orchestra_git::{facts, standing};
use orchestra_project::scaffold::{self, Written};

use super::Setting;
use crate::ask;
use crate::failure::Failure;
use crate::out::{FAINT, GOOD, TYPED, WAITS, shown, styled};

/// How long hooks and signing may take.
const PATIENCE: Duration = Duration::from_mins(10);

/// The largest file that is compared with what is committed of it, in bytes.
const LARGEST: usize = 4 * 1024 * 1024;

/// Finds what an earlier run wrote that was not committed since, and that holds nothing of anybody else.
pub(super) fn left(repo: &Repo, root: &Path, dirty: &[DirtyPath]) -> Result<BTreeSet<RepoPath>, Failure> {
    let head = match standing::head(repo) {
        Ok(head) => Some(head.commit),
        Err(Fault::NoHead) => None,
        Err(fault) => return Err(fault.into()),
    };
    let committed = |path: &str| -> Result<Option<Vec<u8>>, Failure> {
        let (Some(head), Ok(path)) = (&head, RepoPath::parse(path)) else { return Ok(None) };
        Ok(facts::blob_at(repo, head, &path, LARGEST)?)
    };
    let mut left = BTreeSet::new();
    for file in scaffold::find_delivered(root, committed)? {
        let Some(dirty) = dirty.iter().find(|dirty| dirty.path.as_bytes() == file.path.as_bytes()) else {
            continue;
        };
        // What is staged and was changed after that is two things, and a commit would take only one.
        let is_one_thing = !dirty.is_staged || dirty.tree == InTree::AsStaged;
        if is_one_thing && (file.is_untouched || is_new_below_orchestra(dirty)) {
            left.insert(dirty.path.clone());
        }
    }
    Ok(left)
}

/// What was never committed of `.orchestra` is ours, or text that this commit is about.
fn is_new_below_orchestra(dirty: &DirtyPath) -> bool {
    dirty.tree == InTree::Untracked && !dirty.is_staged && dirty.path.is_beneath(b".orchestra")
}

/// Commits what was written now or by an earlier run, if the person wants that; else says how. Tells whether there was
/// anything to commit.
pub(super) fn offer(setting: &Setting<'_>, written: &Written) -> Result<bool, Failure> {
    let (context, args) = (setting.context, setting.args);
    let now = written.files.iter().filter_map(|path| RepoPath::parse(path.as_str()).ok());
    let all: BTreeSet<RepoPath> = now.chain(setting.left.iter().cloned()).collect();
    let all: Vec<RepoPath> = all.into_iter().collect();
    let ignored = facts::ignored(&setting.repo, &all)?;
    let dirty = setting.dirty.iter().filter(|dirty| !is_new_below_orchestra(dirty));
    let dirty: BTreeSet<&RepoPath> =
        dirty.map(|dirty| &dirty.path).filter(|path| !setting.left.contains(*path)).collect();
    let (changed, clean): (Vec<RepoPath>, Vec<RepoPath>) =
        all.into_iter().filter(|path| !ignored.contains(path)).partition(|path| dirty.contains(path));
    if written.files.is_empty() && !clean.is_empty() {
        let files = counted(clean.len(), "file");
        let line = format!("Not committed yet: {files} of the set-up.");
        context.out.line(format_args!("{} {line}", styled(WAITS, "·")));
    }
    if !ignored.is_empty() && setting.options.private.is_none() {
        let count = ignored.len();
        context.out.line(format_args!("{} Git ignores {count} of these files.", styled(WAITS, "·")));
    }
    for path in &changed {
        let line = format!("{} has changes of yours besides; commit it yourself.", shown(path));
        context.out.line(format_args!("{} {line}", styled(WAITS, "·")));
    }
    if clean.is_empty() {
        return Ok(false);
    }
    let message = if args.upgrade { "chore: upgrade orchestra" } else { "chore: set up orchestra" };
    let wants = if args.no_commit {
        false
    } else if args.commit || args.yes {
        true
    } else if context.is_terminal {
        ask::yes_or_no(context, &format!("Commit them ({message})?"), true)?
    } else {
        false
    };
    if !wants {
        tell_how(setting, &clean, message);
        return Ok(true);
    }
    if let Err(error) = commit_paths(&setting.repo, &clean, message, PATIENCE) {
        // Everything else is done and stays; what is missing can be done by hand.
        tell_how(setting, &clean, message);
        return Err(error.into());
    }
    context.out.line(format_args!("{} Committed: {message}", styled(GOOD, "✔")));
    Ok(true)
}

fn tell_how(setting: &Setting<'_>, paths: &[RepoPath], message: &str) {
    let out = &setting.context.out;
    let beside = paths.iter().filter(|path| !path.is_beneath(b".orchestra"));
    let mut names = vec![".orchestra".to_owned()];
    names.extend(beside.map(shown));
    let names = names.join(" ");
    let commands = format!("git add {names} && git commit -m \"{message}\" -- {names}");
    out.line(format_args!("{} {}", styled(FAINT, "to commit:"), styled(TYPED, commands)));
}
