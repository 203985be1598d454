//! `orchestra rescue`: the way back to what was saved before it was taken out of the work tree.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use orchestra_core::path::RepoPath;
use orchestra_core::words::counted;
use orchestra_git::rescue::{self, PatchFor, Rescued, Shown};
use orchestra_project::lock::{LockError, WorkerLock};
use serde::Serialize;

use crate::cli::{JsonArgs, RescueArgs, RescueCommand};
use crate::context::{Context, VERSION};
use crate::failure::{Exit, Failure};
use crate::out::{FAINT, GOOD, STRONG, TYPED, WAITS, shown, styled, verbatim};

/// The folder of the refs, which is left out where names are printed.
const PREFIX: &str = "refs/orchestra/rescue/";
/// How much of a patch is shown at a terminal, in bytes.
const MAX_PATCH: usize = 1024 * 1024;

/// One thing that was saved, as a script sees it.
#[derive(Serialize)]
struct Saved<'a> {
    name: &'a str,
    reference: &'a str,
    commit: &'a str,
    subject: &'a str,
    at: Option<Timestamp>,
    paths: usize,
}

impl<'a> From<&'a Rescued> for Saved<'a> {
    fn from(rescued: &'a Rescued) -> Self {
        Self {
            name: name_of(&rescued.reference),
            reference: &rescued.reference,
            commit: rescued.commit.as_str(),
            subject: &rescued.subject,
            at: Timestamp::from_second(rescued.saved_at).ok(),
            paths: rescued.path_count,
        }
    }
}

pub(super) fn run(context: &Context, args: RescueArgs) -> Result<Exit, Failure> {
    match args.what {
        None => list(context, &JsonArgs { json: false }),
        Some(RescueCommand::List(args)) => list(context, &args),
        Some(RescueCommand::Show { reference }) => show(context, &reference),
        Some(RescueCommand::Restore { reference, paths }) => restore(context, &reference, &paths),
    }
}

fn list(context: &Context, args: &JsonArgs) -> Result<Exit, Failure> {
    let saved = rescue::list(&context.open_repo(None)?)?;
    if args.json {
        super::print_json(context, &saved.iter().map(Saved::from).collect::<Vec<_>>());
        return Ok(Exit::DONE);
    }
    if saved.is_empty() {
        context.out.line("Nothing was saved: no work was ever taken out of this tree.");
        return Ok(Exit::DONE);
    }
    for rescued in &saved {
        context.out.line(format_args!(
            "{}  {}",
            styled(STRONG, shown(name_of(&rescued.reference))),
            facts(rescued)
        ));
        context.out.line(styled(FAINT, format_args!("    {}", shown(&rescued.subject))));
    }
    context.out.line(format_args!("\nlook: {}", styled(TYPED, shown(context.typed("rescue show REF")))));
    context
        .out
        .line(format_args!("back: {}", styled(TYPED, shown(context.typed("rescue restore REF [PATH…]")))));
    Ok(Exit::DONE)
}

/// Shows what was saved. What a program reads instead of a person is a patch that applies, to the last byte.
fn show(context: &Context, reference: &str) -> Result<Exit, Failure> {
    let is_read = context.out.is_terminal();
    let wanted = if is_read { PatchFor::Reading { limit: MAX_PATCH } } else { PatchFor::Applying };
    let shown_one = rescue::show(&context.open_repo(None)?, reference, wanted)?;
    let name = name_of(&shown_one.what.reference);
    context.out.line(format_args!("{}  {}", styled(STRONG, shown(name)), facts(&shown_one.what)));
    for path in &shown_one.paths {
        context.out.line(format_args!("  {}{}", shown(path), styled(FAINT, stat_of(&shown_one, path))));
    }
    context.out.line("");
    if !is_read {
        context.out.bytes(&shown_one.patch);
        return Ok(Exit::DONE);
    }
    context.out.bytes(verbatim(&shown_one.patch).as_bytes());
    if shown_one.cut > 0 {
        let cut = format_args!("\n… cut here: {} more bytes", shown_one.cut);
        context.out.line(styled(FAINT, cut));
    }
    context.out.line(format_args!(
        "\nback: {}",
        styled(TYPED, shown(context.typed(&format!("rescue restore {name}"))))
    ));
    Ok(Exit::DONE)
}

fn restore(context: &Context, reference: &str, paths: &[String]) -> Result<Exit, Failure> {
    context.refuse_below_the_worker("rescue restore")?;
    let parse = |path: &String| {
        RepoPath::parse(path.as_str()).map_err(|error| {
            Failure::usage_with(
                error.to_string(),
                format!("write it as `{}` does", context.typed("rescue show")),
            )
        })
    };
    let paths: Vec<RepoPath> = paths.iter().map(parse).collect::<Result<_, _>>()?;
    let chosen = (!paths.is_empty()).then_some(paths.as_slice());
    // What is brought back while a turn runs would be taken for the agent's doing.
    let _held = match context.layout() {
        Ok(layout) => match WorkerLock::try_acquire(&layout, VERSION) {
            Ok(lock) => Some(lock),
            // Nothing runs while a person is waited for: what they change then is theirs.
            Err(LockError::Held(held)) if held.holder.as_ref().is_some_and(|holder| holder.waits) => None,
            Err(error) => return Err(error.into()),
        },
        Err(Failure::Layout(_)) => None,
        Err(failure) => return Err(failure),
    };
    let done = rescue::restore(&context.open_repo(None)?, reference, chosen)?;
    for path in &done.restored {
        context.out.line(format_args!("{} {}", styled(GOOD, "✔"), shown(path)));
    }
    for (path, why) in &done.left {
        context.out.line(format_args!("{} {} was left: {}", styled(WAITS, "·"), shown(path), shown(why)));
    }
    if done.restored.is_empty() {
        context.out.line("Everything else is as it was saved already.");
    }
    if let Some(reference) = &done.reference {
        let name = name_of(reference);
        context.out.line(format_args!(
            "What was there is saved: {}",
            styled(TYPED, shown(context.typed(&format!("rescue show {name}"))))
        ));
    }
    Ok(Exit::DONE)
}

/// What it is called.
pub(crate) fn name_of(reference: &str) -> &str {
    reference.strip_prefix(PREFIX).unwrap_or(reference)
}

/// How a path that was saved differs from what it was saved over.
pub(crate) fn stat_of(shown: &Shown, path: &RepoPath) -> String {
    let stat = shown.files.iter().find(|file| file.path == *path);
    let stat = stat.map(|file| match (file.added, file.removed) {
        (Some(added), Some(removed)) => format!("  +{added} −{removed}"),
        _ => "  binary".to_owned(),
    });
    stat.unwrap_or_default()
}

fn facts(rescued: &Rescued) -> String {
    styled(FAINT, facts_of(rescued))
}

/// When it was saved, and how much it is.
pub(crate) fn facts_of(rescued: &Rescued) -> String {
    let at = Timestamp::from_second(rescued.saved_at)
        .map(|at| at.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M").to_string());
    format!("{} · {}", at.unwrap_or_default(), counted(rescued.path_count, "file"))
}
