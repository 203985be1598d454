//! The offer to commit what was written: these paths and nothing else.

use std::collections::BTreeSet;
use std::time::Duration;

use orchestra_core::path::RepoPath;
use orchestra_git::commit_paths::commit_paths;
use orchestra_git::facts;
use orchestra_git::status::{DirtyPath, InTree};
use orchestra_project::scaffold::Written;

use super::Setting;
use crate::ask;
use crate::failure::Failure;
use crate::out::{FAINT, GOOD, TYPED, WAITS, shown, styled};

/// How long hooks and signing may take.
const PATIENCE: Duration = Duration::from_mins(10);

/// Commits, if the person wants that; else says how.
pub(super) fn offer(setting: &Setting<'_>, written: &Written) -> Result<(), Failure> {
    let (context, args) = (setting.context, setting.args);
    let all: Vec<RepoPath> =
        written.files.iter().filter_map(|path| RepoPath::parse(path.as_str()).ok()).collect();
    let ignored = facts::ignored(&setting.repo, &all)?;
    // What was never committed of `.orchestra` is ours, or text that this commit is about.
    let is_ours = |dirty: &DirtyPath| {
        dirty.tree == InTree::Untracked && !dirty.is_staged && dirty.path.is_beneath(b".orchestra")
    };
    let dirty = setting.dirty.iter().filter(|dirty| !is_ours(dirty));
    let dirty: BTreeSet<&RepoPath> = dirty.map(|dirty| &dirty.path).collect();
    let (changed, clean): (Vec<RepoPath>, Vec<RepoPath>) =
        all.into_iter().filter(|path| !ignored.contains(path)).partition(|path| dirty.contains(path));
    if !ignored.is_empty() && setting.options.private.is_none() {
        let count = ignored.len();
        context.out.line(format_args!("{} Git ignores {count} of these files.", styled(WAITS, "·")));
    }
    for path in &changed {
        let line = format!("{} has changes of yours besides; commit it yourself.", shown(path));
        context.out.line(format_args!("{} {line}", styled(WAITS, "·")));
    }
    if clean.is_empty() {
        return Ok(());
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
        return Ok(());
    }
    if let Err(error) = commit_paths(&setting.repo, &clean, message, PATIENCE) {
        // Everything else is done and stays; what is missing can be done by hand.
        tell_how(setting, &clean, message);
        return Err(error.into());
    }
    context.out.line(format_args!("{} Committed: {message}", styled(GOOD, "✔")));
    Ok(())
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
