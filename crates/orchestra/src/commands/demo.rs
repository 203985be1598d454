//! `orchestra demo`: the whole flow on a throw-away project, with the scripted agent.
//!
//! With `--pm`, in another terminal, its product manager: a conversation about a second milestone for the same project,
//! which the first terminal builds when it comes to it.

mod project;

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use orchestra_agent::probe::find_program;
use orchestra_core::worker::{Auto, Presence, Run};
use orchestra_project::load::Scanner;

use self::project::Project;
use super::{pm, start};
use crate::cli::{DemoArgs, Output, PmArgs, Settings, TalkArgs};
use crate::context::{Context, quoted};
use crate::failure::{Exit, Failure};
use crate::out::{STRONG, TYPED, block, shown, styled};

pub(super) fn run(context: &Context, args: &DemoArgs) -> Result<Exit, Failure> {
    context.refuse_below_a_guard("demo")?;
    if args.pm {
        return plan(context, args);
    }
    if !args.auto && !context.is_terminal {
        let what = "the demo asks you at its two gates, and there is no terminal";
        return Err(Failure::usage_with(what, "orchestra demo --auto"));
    }
    let folder = folder(args)?;
    // A program in the folder that the demo is made in is not meant.
    let git = find_program("git".as_ref(), &context.environment, &folder).ok_or(Failure::NoGit)?;
    if find_program("cargo".as_ref(), &context.environment, &folder).is_none() {
        let what = "the demo's project is a Rust crate, and there is no `cargo` in a folder of PATH";
        return Err(Failure::usage_with(what, "https://rustup.rs"));
    }
    let (project, is_new) = match project::find(&folder) {
        Some(project) => (project, false),
        None => (project::make(&folder, &git)?, true),
    };
    let again = again(context, &folder);
    let there = context.in_demo(&project.root, project.data.clone(), &again);
    greet(context, &project, is_new, &again);
    let ended = build(&there, args, is_new);
    tell(context, &project, &git, ended.as_ref().is_ok_and(|exit| *exit == Exit::DONE), &again);
    ended
}

/// Talks to the product manager of a project that the demo made before.
fn plan(context: &Context, args: &DemoArgs) -> Result<Exit, Failure> {
    let folder = folder(args)?;
    let Some(project) = project::find(&folder) else {
        let what = format!("there is no project of the demo in `{}`", folder.display());
        let hint = format!("first, in another terminal: {}", again(context, &folder));
        return Err(Failure::usage_with(what, hint));
    };
    let there = context.in_demo(&project.root, project.data.clone(), &again(context, &folder));
    if context.is_terminal {
        context.out.line(
            "A scripted product manager: no model is asked, and nothing is written before you approve it.",
        );
        context.out.line(format_args!("Say anything, such as: {}", styled(TYPED, "is the shop up?")));
    }
    let talk = TalkArgs {
        resume: None,
        print: None,
        output: Output::Text,
        plain_ui: args.plain_ui,
        settings: Settings::default(),
    };
    pm::run(&there, &PmArgs { talk })
}

/// What is typed to go on with the demo.
fn again(context: &Context, folder: &Path) -> String {
    format!("{} demo --dir {}", context.own_name(), quoted(folder))
}

/// Says what is about to happen, where, and how to go on with it.
fn greet(context: &Context, project: &Project, is_new: bool, again: &str) {
    let root = shown(project.root.display());
    let what = if is_new { "A small shop in Rust, with one milestone to build" } else { "Going on" };
    context.out.line(format_args!("{what}: {}", styled(STRONG, root)));
    context.out.line(format_args!(
        "Stop it or kill it whenever you like; it goes on with: {}",
        styled(TYPED, again)
    ));
    context.out.line(format_args!(
        "Plan a second milestone meanwhile, in another terminal: {}",
        styled(TYPED, format_args!("{again} --pm"))
    ));
    context.out.line("");
}

/// The folder that everything is made in; it stays when the demo is over.
fn folder(args: &DemoArgs) -> Result<PathBuf, Failure> {
    let made = match &args.dir {
        Some(folder) => std::path::absolute(folder),
        None => tempfile::Builder::new().prefix("orchestra-demo-").tempdir().map(tempfile::TempDir::keep),
    };
    let path = args.dir.clone().unwrap_or_else(std::env::temp_dir);
    made.map_err(|source| Failure::Folder { path, source })
}

fn build(context: &Context, args: &DemoArgs, is_new: bool) -> Result<Exit, Failure> {
    let layout = context.layout()?;
    let mut scanner = Scanner::default();
    let loaded = context.load_with(&mut scanner, &layout)?;
    Context::config(&loaded)?;
    let shown = start::shown(context, args.plain_ui);
    let lock = start::lock(context, &layout, &mut None)?;
    if is_new {
        // Everything in it was written a moment ago, by this program.
        context.trust_store()?.remember(&loaded.trust, Timestamp::now())?;
    } else {
        start::agree(context, shown, &loaded, &mut None)?;
    }
    let auto = args.auto.then_some(Auto { rfc: true, push: true });
    let presence = if context.is_terminal { Presence::Terminal } else { Presence::Headless { wait: false } };
    let run = Run { auto, presence, once: true, only: None };
    start::play(
        context,
        shown,
        start::setup(context, layout, lock, run, (scanner, &loaded), &mut None)?,
        None,
    )
}

/// Says what there is to look at.
fn tell(context: &Context, project: &Project, git: &Path, is_done: bool, again: &str) {
    let out = &context.out;
    let root = shown(project.root.display());
    out.line("");
    match project::log(project, git) {
        Ok(log) => {
            out.line(styled(STRONG, "git log --oneline"));
            out.line(block(&log, "  "));
        }
        Err(error) => out.error(format_args!("git log: {}", shown(error))),
    }
    out.line("");
    out.line(format_args!("{} {root}", styled(STRONG, "The project is in")));
    out.line("");
    out.line(styled(STRONG, "What to try next"));
    let name = context.own_name();
    let mut tries = Vec::new();
    if is_done {
        tries.push((format!("git -C {} show HEAD~1", quoted(&project.root)), "the last commit of its work"));
    } else {
        tries.push((again.to_owned(), "goes on where it was"));
    }
    tries.push((format!("{again} --pm"), "in another terminal: plan one more milestone with a scripted PM"));
    if is_done {
        tries.push((again.to_owned(), "builds what was planned"));
    }
    if project.design().is_file() {
        tries.push((format!("less {}", quoted(&project.design())), "the design"));
    }
    if is_done {
        tries.push((format!("{name} demo"), "once more: kill it half-way, and see it go on"));
    }
    tries.push((format!("{name} init"), "in a repository of yours"));
    for (command, what) in tries {
        out.line(format_args!("  {}", styled(TYPED, command)));
        out.line(format_args!("      {what}"));
    }
}
