//! `orchestra init`: sets up `.orchestra`, or brings it up to date, and offers to commit what it wrote.
//!
//! Invariants: nothing that exists is overwritten without an answer; what becomes trusted is what was written here, and
//! what the person had agreed to before; a file that was changed before is never committed; no worker runs meanwhile.

pub(super) mod agents;
mod commit;
mod told;
mod upgrade;

use std::collections::BTreeSet;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use orchestra_core::config::trust::TrustItem;
use orchestra_core::path::RepoPath;
use orchestra_git::facts::{self, Tracked};
use orchestra_git::repo::Repo;
use orchestra_git::status::DirtyPath;
use orchestra_project::detect::{Detection, detect};
use orchestra_project::layout::{Layout, LayoutError, ORCHESTRA};
use orchestra_project::scaffold::{self, Options, ScaffoldError, Written};
use orchestra_project::trust::Trust;

use self::agents::Agents;
use super::{start, status};
use crate::ask;
use crate::cli::InitArgs;
use crate::context::Context;
use crate::failure::{Exit, Failure};
use crate::out::{STRONG, TYPED, WAITS, shown, styled};

/// The project; where there is none yet, one that the person agrees to set up now.
pub(super) fn layout_or_set_up(context: &Context) -> Result<Layout, Failure> {
    match context.layout() {
        Err(Failure::Layout(LayoutError::Missing { .. })) if context.is_terminal => {
            let question = "This repository has no `.orchestra` yet. Set it up now?";
            if !ask::yes_or_no(context, question, true)? {
                return Err(Failure::usage_with("this project is not set up", "orchestra init"));
            }
            let args =
                InitArgs { upgrade: false, private: false, commit: false, no_commit: false, yes: false };
            run(context, &args)?;
            context.out.line("");
            context.layout()
        }
        layout => layout,
    }
}

/// Everything that is known before anything is written.
struct Setting<'a> {
    context: &'a Context,
    args: &'a InitArgs,
    root: &'a Path,
    repo: Repo,
    detection: Detection,
    agents: Agents,
    options: Options,
    /// What was changed before: never committed here, but for what is below.
    dirty: Vec<DirtyPath>,
    /// Those of them that an earlier run wrote and nobody committed since.
    left: BTreeSet<RepoPath>,
    /// What the project would have run before, and whether the person had agreed to that.
    before: Vec<TrustItem>,
    was_agreed: bool,
}

pub(super) fn run(context: &Context, args: &InitArgs) -> Result<Exit, Failure> {
    context.refuse_below_a_guard("init")?;
    let has_done_something = run_alone(context, args)?;
    // Only now, since it says who holds the lock.
    if has_done_something {
        status::print_next(context, &context.layout()?)?;
    }
    Ok(Exit::DONE)
}

/// All of it, with the lock that a worker takes: one that began while a person thinks about a question would work with
/// what is about to be replaced, and put it back. Where there is no project yet, none can begin. Tells whether anything
/// was to be done.
fn run_alone(context: &Context, args: &InitArgs) -> Result<bool, Failure> {
    let root = context.root()?;
    if args.private {
        refuse_where_tracked(context)?;
    }
    // Where it cannot be opened, what follows says so.
    let lock = match Layout::open(root) {
        Ok(layout) => {
            let mut lock = start::lock(context, &layout, &mut None)?;
            lock.describe("orchestra init", false)?;
            layout.sweep().map_err(ScaffoldError::from)?;
            Some(lock)
        }
        Err(_) => None,
    };
    let held = lock.as_ref().map(|lock| lock.file().try_clone()).transpose().map_err(Failure::Descriptors)?;
    let setting = look(context, args, root, held.map(Arc::new))?;
    told::project(&setting);
    let written = if args.upgrade { upgrade::run(&setting)? } else { scaffold(&setting)? };
    let Some(written) = written else {
        let has_offered = commit::offer(&setting, &Written::default())?;
        if has_offered {
            told::obstacle(&setting)?;
        }
        return Ok(has_offered);
    };
    told::written(&setting, &written);
    let is_trusted = remember(&setting, &written)?;
    told::agents(&setting, &written)?;
    commit::offer(&setting, &written)?;
    told::obstacle(&setting)?;
    if !is_trusted {
        let line = "Something that would be run was there before and is not trusted yet.";
        context.out.line(styled(WAITS, line));
    }
    Ok(true)
}

/// Git's exclude says nothing about what git tracks already, so that half of it would be private.
fn refuse_where_tracked(context: &Context) -> Result<(), Failure> {
    let folder = RepoPath::parse(ORCHESTRA).expect("it is a path of one plain name");
    let commit = "git commit -m \"chore: keep orchestra out of git\"";
    let command = match facts::tracked(&context.open_repo(None)?, &folder)? {
        Tracked::Nowhere => return Ok(()),
        Tracked::Index => format!("git rm -r --cached {ORCHESTRA} && {commit}"),
        Tracked::Head => commit.to_owned(),
    };
    let hint = format!("{command}, then again: {}", context.typed("init --private"));
    Err(Failure::usage_with(format!("git tracks `{ORCHESTRA}`, so that it cannot be kept out of git"), hint))
}

fn look<'a>(
    context: &'a Context,
    args: &'a InitArgs,
    root: &'a Path,
    lock: Option<Arc<File>>,
) -> Result<Setting<'a>, Failure> {
    let repo = context.open_repo(lock)?;
    // gitrepository-layout(5): shared by all work trees.
    let exclude = repo.common_dir().join("info/exclude");
    let is_private = args.private || scaffold::is_private(&exclude)?;
    let before = match context.layout() {
        Ok(layout) => context.load(&layout)?.trust,
        // There is none yet; where it cannot be used, what follows says so.
        Err(_) => Vec::new(),
    };
    let dirty = orchestra_git::status::status(&repo)?;
    Ok(Setting {
        left: commit::left(&repo, root, &dirty)?,
        context,
        args,
        root,
        detection: detect(root)?,
        agents: agents::find(context, root),
        options: Options { private: is_private.then_some(exclude) },
        dirty,
        was_agreed: context.trust(&before)? == Trust::Given,
        before,
        repo,
    })
}

/// Writes what is missing. `None` where nothing is.
fn scaffold(setting: &Setting<'_>) -> Result<Option<Written>, Failure> {
    let plan = scaffold::plan(setting.root, &setting.detection, &setting.agents.found, &setting.options)?;
    told::notes(setting, &plan.notes);
    if plan.files.is_empty() {
        let upgrade = styled(TYPED, shown(setting.context.typed("init --upgrade")));
        let out = &setting.context.out;
        out.line(format_args!("{} Nothing to write: this is set up.", styled(STRONG, "✔")));
        out.line(format_args!("To bring it up to this version: {upgrade}"));
        return Ok(None);
    }
    Ok(Some(scaffold::write(setting.root, &plan)?))
}

/// Remembers that what was written here may be run, if nothing else is there that the person has not agreed to.
///
/// What the repository brought along is never agreed to by this, whichever file it lies in now: not where a file of
/// ours took it over, and not where a document that holds it was rewritten.
fn remember(setting: &Setting<'_>, written: &Written) -> Result<bool, Failure> {
    let context = setting.context;
    let loaded = context.load(&context.layout()?)?;
    if loaded.config.result.is_err() {
        return Ok(false);
    }
    let ours = written.commands();
    let is_among = |items: &[TrustItem], item: &TrustItem| {
        items.iter().any(|other| (other.kind, &other.text) == (item.kind, &item.text))
    };
    let is_agreed = |item: &TrustItem| {
        if is_among(&setting.before, item) { setting.was_agreed } else { is_among(&ours, item) }
    };
    if !loaded.trust.iter().all(is_agreed) {
        return Ok(false);
    }
    context.trust_store()?.remember(&loaded.trust, Timestamp::now())?;
    Ok(true)
}
