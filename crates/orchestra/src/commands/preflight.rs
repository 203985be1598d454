//! Everything that could ask, or fail, when nobody is there: tried before an agent runs.
//!
//! What the project names is started only after the person has agreed to it, so trust is looked at first.

pub(in crate::commands) mod agents;
mod push;

use orchestra_core::words::counted;
use std::path::Path;

use orchestra_core::config::resolve::Resolved;
use orchestra_core::plan::Plan;
use orchestra_git::fault::Fault;
use orchestra_git::prepare::PrepareError;
use orchestra_git::repo::Repo;
use orchestra_git::signing::{Signing, try_signing};
use orchestra_git::standing::standing;
use orchestra_project::load::Loaded;
use orchestra_project::trust::Trust;

pub(super) use self::agents::HOW_TO_GET_ONE;
use super::check::Check;
use crate::context::Context;
use crate::failure::Failure;

const MEBIBYTE: u64 = 1024 * 1024;
/// What is needed besides a turn's snapshot and transcript: objects, an index, a checkout for hooks.
const ROOM: u64 = 256 * MEBIBYTE;

/// A project that can be looked at.
pub(super) struct Subject<'a> {
    pub(super) context: &'a Context,
    pub(super) root: &'a Path,
    pub(super) repo: &'a Repo,
    pub(super) resolved: &'a Resolved,
    pub(super) plan: &'a Plan,
    /// Whether the person has agreed to what the project would run.
    pub(super) is_trusted: bool,
}

/// Looks at everything that `start --auto` depends on, a check each. See [`super::check::is_ready`].
///
/// Blocks: it signs a commit that is thrown away, asks the remote whether it would take a push, and starts the agents'
/// programs for their version. `pushes` tells whether a push would be made without asking.
pub(super) fn preflight(context: &Context, pushes: bool) -> Vec<Check> {
    let mut checks = Vec::new();
    let all = |subject: &Subject<'_>, checks: &mut Vec<Check>| {
        checks.push(space(subject));
        checks.extend(agents::check(subject));
        checks.push(signing(subject));
        if pushes {
            checks.push(push::try_push(subject));
        }
    };
    look(context, &mut checks, all);
    checks
}

/// What `doctor` looks at without `--auto`: nothing is signed, and no remote is asked.
pub(super) fn basics(context: &Context) -> Vec<Check> {
    let mut checks = Vec::new();
    let all = |subject: &Subject<'_>, checks: &mut Vec<Check>| {
        checks.push(space(subject));
        checks.extend(agents::check(subject));
        checks.extend(agents::offer(subject));
        checks.push(push::look_at_target(subject));
    };
    look(context, &mut checks, all);
    checks
}

/// Says where a push would go, without asking anybody.
pub(super) fn target(context: &Context) -> Check {
    let mut found = Vec::new();
    look(context, &mut found, |subject, checks| checks.push(push::look_at_target(subject)));
    found.pop().unwrap_or_else(|| Check::note("push", "not known"))
}

/// The same of what was read and opened already, for a person who has agreed to it.
pub(super) fn target_of(context: &Context, loaded: &Loaded, repo: &Repo) -> Check {
    match Context::config(loaded) {
        Ok(resolved) => {
            let root = repo.root();
            push::look_at_target(&Subject {
                context,
                root,
                repo,
                resolved,
                plan: &loaded.plan,
                is_trusted: true,
            })
        }
        Err(failure) => Check::failed(context, "configuration", &failure),
    }
}

/// Looks at configuration, trust and repository, and then at the rest, as far as these let it.
fn look(context: &Context, checks: &mut Vec<Check>, rest: impl FnOnce(&Subject<'_>, &mut Vec<Check>)) {
    let loaded = match context.layout().and_then(|layout| context.load(&layout)) {
        Ok(loaded) => loaded,
        Err(failure) => return checks.push(Check::failed(context, "project", &failure)),
    };
    let resolved = match Context::config(&loaded) {
        Ok(resolved) => resolved,
        Err(failure) => return checks.push(Check::failed(context, "configuration", &failure)),
    };
    checks.extend(odd_settings(&loaded));
    checks.push(documents(&loaded));
    let (trust, is_trusted) = trust(context, &loaded);
    checks.push(trust);
    let repo = match context.open_repo(None) {
        Ok(repo) => repo,
        Err(failure) => return checks.push(Check::failed(context, "repository", &failure)),
    };
    checks.push(branch(context, &repo));
    let subject =
        Subject { context, root: repo.root(), repo: &repo, resolved, plan: &loaded.plan, is_trusted };
    rest(&subject, checks);
}

/// What the configuration says that has no effect, or another one than it looks.
fn odd_settings(loaded: &Loaded) -> Option<Check> {
    let warnings: Vec<String> = loaded.config.warnings.iter().map(ToString::to_string).collect();
    (!warnings.is_empty()).then(|| Check::note("configuration", warnings.join("\n")))
}

/// A milestone that is set aside holds nothing else up.
fn documents(loaded: &Loaded) -> Check {
    let plan = &loaded.plan;
    if plan.set_aside.is_empty() {
        return Check::good(
            "documents",
            format!("{} can be read", counted(plan.milestones.len(), "milestone")),
        );
    }
    let mut found = String::new();
    for set_aside in &plan.set_aside {
        found = format!("{found}{} is set aside:\n", set_aside.folder);
        for diagnostic in &set_aside.diagnostics {
            found = format!("{found}{diagnostic}\n");
        }
    }
    Check::note("documents", found)
}

fn trust(context: &Context, loaded: &Loaded) -> (Check, bool) {
    let count = loaded.trust.len();
    match context.trust(&loaded.trust) {
        Ok(Trust::Given) => {
            (Check::good("trust", format!("you have agreed to what this project would run ({count})")), true)
        }
        Ok(Trust::Changed { .. }) => {
            let found = "what this project would run has changed since you agreed";
            (Check::bad("trust", found, context.typed("trust")), false)
        }
        Ok(Trust::Unknown) => {
            let found = "you have not agreed to what this project would run";
            (Check::bad("trust", found, context.typed("trust")), false)
        }
        Err(failure) => (Check::failed(context, "trust", &failure), false),
    }
}

fn branch(context: &Context, repo: &Repo) -> Check {
    match standing(repo) {
        Ok(Ok(head)) => Check::good("branch", format!("{} at {}", head.branch, head.commit.short())),
        Ok(Err(obstacle)) => Check::bad("branch", obstacle.what, obstacle.hint),
        Err(fault) => Check::failed(context, "branch", &Failure::Git(fault)),
    }
}

fn space(subject: &Subject<'_>) -> Check {
    let limits = &subject.resolved.config.limits;
    let needed = limits.snapshot.saturating_add(limits.output).saturating_add(ROOM);
    let mut least = u64::MAX;
    for folder in [subject.root, subject.repo.common_dir()] {
        match rustix::fs::statvfs(folder) {
            Ok(found) => least = least.min(found.f_bavail.saturating_mul(found.f_frsize)),
            Err(error) => {
                let found = format!("could not ask how much is free in `{}`: {error}", folder.display());
                return Check::note("space", found);
            }
        }
    }
    let (free, needed_mebibytes) = (least / MEBIBYTE, needed / MEBIBYTE);
    if least >= needed {
        Check::good("space", format!("{free} MiB free"))
    } else {
        let found = format!("{free} MiB free; a turn may need {needed_mebibytes} MiB");
        Check::bad("space", found, "make room, or lower limits.snapshot and limits.output")
    }
}

fn signing(subject: &Subject<'_>) -> Check {
    if !subject.is_trusted {
        return Check::note("signing", "not tried, because this project is not trusted");
    }
    match try_signing(subject.repo) {
        Ok(Signing::Off) => Check::good("signing", "commits are not signed here"),
        Ok(Signing::Works) => Check::good("signing", "a commit was signed, and thrown away"),
        Err(PrepareError::Fault(Fault::NoHead)) => {
            Check::note("signing", "not tried, because the branch has no commit")
        }
        Err(error) => {
            let said = match &error {
                PrepareError::SigningFailed { output } => format!("\n{output}"),
                _ => String::new(),
            };
            let hint = "unlock the key, or: git config commit.gpgsign false";
            Check::bad("signing", format!("{error}{said}"), hint)
        }
    }
}
