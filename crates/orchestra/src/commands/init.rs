//! `orchestra init`: sets up `.orchestra`, or brings it up to date, and offers to commit what it wrote.
//!
//! Invariants: nothing that exists is overwritten without an answer; what becomes trusted is what was written here, and
//! what the person had agreed to before; a file that was changed before is never committed.

pub(super) mod agents;
mod commit;
mod told;
mod upgrade;

use std::path::Path;

use jiff::Timestamp;
use orchestra_core::config::trust::TrustItem;
use orchestra_git::repo::Repo;
use orchestra_git::status::DirtyPath;
use orchestra_project::detect::{Detection, detect};
use orchestra_project::layout::{Layout, LayoutError};
use orchestra_project::lock;
use orchestra_project::scaffold::{self, Options, Written};
use orchestra_project::trust::Trust;

use self::agents::Agents;
use super::status;
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
    /// What was changed before: never committed here.
    dirty: Vec<DirtyPath>,
    /// What the person had agreed to before.
    agreed: Vec<TrustItem>,
}

pub(super) fn run(context: &Context, args: &InitArgs) -> Result<Exit, Failure> {
    context.refuse_below_a_guard("init")?;
    let root = context.root()?;
    if let Some(held) = Layout::open(root).ok().map(|layout| lock::peek(&layout)).transpose()?.flatten() {
        return Err(Failure::Held(Box::new(held)));
    }
    let setting = look(context, args, root)?;
    told::project(&setting);
    let written = if args.upgrade { upgrade::run(&setting)? } else { scaffold(&setting)? };
    let Some(written) = written else { return Ok(Exit::DONE) };
    told::written(&setting, &written);
    let is_trusted = remember(&setting, &written)?;
    told::agents(&setting, &written);
    commit::offer(&setting, &written)?;
    if !is_trusted {
        let line = "Something in `.orchestra` was there before and is not trusted yet.";
        context.out.line(styled(WAITS, line));
    }
    status::print_next(context, &context.layout()?)?;
    Ok(Exit::DONE)
}

fn look<'a>(context: &'a Context, args: &'a InitArgs, root: &'a Path) -> Result<Setting<'a>, Failure> {
    let repo = context.open_repo(None)?;
    // gitrepository-layout(5): shared by all work trees.
    let exclude = repo.common_dir().join("info/exclude");
    let is_private = args.private || scaffold::is_private(&exclude)?;
    let agreed = match context.layout() {
        Ok(layout) => {
            let items = context.load(&layout)?.trust;
            if context.trust(&items)? == Trust::Given { items } else { Vec::new() }
        }
        // There is none yet; where it cannot be used, what follows says so.
        Err(_) => Vec::new(),
    };
    Ok(Setting {
        context,
        args,
        root,
        detection: detect(root)?,
        agents: agents::find(context, root),
        options: Options { private: is_private.then_some(exclude) },
        dirty: orchestra_git::status::status(&repo)?,
        agreed,
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
        out.line(format_args!("{} Nothing to do: this is set up.", styled(STRONG, "✔")));
        out.line(format_args!("To bring it up to this version: {upgrade}"));
        return Ok(None);
    }
    Ok(Some(scaffold::write(setting.root, &plan)?))
}

/// Remembers that what was written here may be run, if nothing else is there that the person has not agreed to.
fn remember(setting: &Setting<'_>, written: &Written) -> Result<bool, Failure> {
    let context = setting.context;
    let loaded = context.load(&context.layout()?)?;
    if loaded.config.result.is_err() {
        return Ok(false);
    }
    let is_ours = |item: &TrustItem| {
        let was_agreed =
            setting.agreed.iter().any(|agreed| (agreed.kind, &agreed.text) == (item.kind, &item.text));
        was_agreed || written.files.contains(&item.path)
    };
    if !loaded.trust.iter().all(is_ours) {
        return Ok(false);
    }
    context.trust_store()?.remember(&loaded.trust, Timestamp::now())?;
    Ok(true)
}
