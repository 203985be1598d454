//! `orchestra demo`: the whole flow on a throw-away project, with the scripted agent.

mod project;

use std::path::PathBuf;

use jiff::Timestamp;
use orchestra_agent::probe::find_program;
use orchestra_core::worker::{Auto, Presence, Run};
use orchestra_project::lock::WorkerLock;

use self::project::Project;
use super::start::{self, Shown};
use crate::cli::DemoArgs;
use crate::context::{Context, VERSION};
use crate::failure::{Exit, Failure};
use crate::out::{STRONG, TYPED, block, shown, styled};

pub(super) fn run(context: &Context, args: &DemoArgs) -> Result<Exit, Failure> {
    context.refuse_below_a_guard("demo")?;
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
    let project = project::make(&folder, &git)?;
    let there = context.elsewhere(&project.root, project.data.clone());
    let ended = build(&there, args);
    tell(context, &project, &git);
    ended
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

fn build(context: &Context, args: &DemoArgs) -> Result<Exit, Failure> {
    let layout = context.layout()?;
    let loaded = context.load(&layout, &[])?;
    Context::config(&loaded)?;
    // Everything in it was written a moment ago, by this program.
    context.trust_store()?.remember(&loaded.trust, Timestamp::now())?;
    layout.make_state()?;
    let lock = WorkerLock::try_acquire(&layout, VERSION)?;
    let auto = args.auto.then_some(Auto { rfc: true, push: true });
    let presence = if context.is_terminal { Presence::Terminal } else { Presence::Headless { wait: false } };
    let run = Run { auto, presence, once: true, only: None };
    let shown = Shown::Text { asks: context.is_terminal, unicode: context.is_utf8() };
    start::play(context, shown, start::setup(context, layout, lock, run)?)
}

/// Says what there is to look at.
fn tell(context: &Context, project: &Project, git: &std::path::Path) {
    let out = &context.out;
    let root = shown(project.root.display());
    out.line("");
    out.line(format_args!("{} {root}", styled(STRONG, "The project is in")));
    out.line("");
    match project::log(project, git) {
        Ok(log) => {
            out.line(styled(STRONG, "git log --oneline"));
            out.line(block(&log, "  "));
        }
        Err(error) => out.error(format_args!("git log: {}", shown(error))),
    }
    out.line("");
    out.line(styled(STRONG, "What to try next"));
    let tries = [
        (format!("cd {root} && git show HEAD~1"), "what a phase committed"),
        (format!("less {root}/.orchestra/milestones/M1-coupon-codes/rfc.md"), "the design that was approved"),
        ("orchestra demo".to_owned(), "again; press ctrl-c or kill it half-way, and start it again"),
        ("orchestra init".to_owned(), "in a repository of yours"),
    ];
    for (command, what) in tries {
        out.line(format_args!("  {}  {what}", styled(TYPED, command)));
    }
}
