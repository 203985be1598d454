//! A look at what is open: how far everything is, without reading again what is over.
//!
//! Of a milestone that is done or dropped `milestone.md` is enough, unless an open one depends on it: whether that one
//! waits is decided by all of it. What is wrong with the other documents of a milestone that is over is not seen here.

use orchestra_core::diagnostic::Diagnostic;
use orchestra_core::document::{self, MilestoneSource, Parsed, ReadMilestone};
use orchestra_core::plan::{Format, Milestone, MilestoneStatus, Plan, Role, SetAside};

use super::folders::{Found, Milestones};
use super::{Loaded, Scanner, now, of_plan};
use crate::config_files::Sources;
use crate::file::FileError;
use crate::layout::Layout;

/// Reads a project once, and of milestones that are over no more than is needed. They have no phases then, so that
/// what they would run is not among [`Loaded::trust`].
pub fn load_open(layout: &Layout, sources: &Sources<'_>) -> Result<Loaded, FileError> {
    Ok(of_plan(scan(layout)?, layout, sources))
}

/// One entry of the folder of milestones, read.
struct Seen<'a> {
    name: &'a std::ffi::OsStr,
    kind: crate::folder::Kind,
    folder: String,
    parsed: Parsed<ReadMilestone>,
    is_whole: bool,
}

fn scan(layout: &Layout) -> Result<Plan, FileError> {
    let mut scanner = Scanner::default();
    let (roles, mut warnings) = scanner.scan_roles(layout, now())?;
    let milestones = Milestones::list(layout)?;
    let mut all = Vec::new();
    for (milestones, (name, kind)) in
        milestones.iter().flat_map(|all| all.entries.iter().map(move |entry| (all, entry)))
    {
        let head = milestones.read_head(name, *kind).and_then(|source| over(&source, &roles));
        let seen = match head {
            Some((folder, parsed)) => Some(Seen { name, kind: *kind, folder, parsed, is_whole: false }),
            None => whole(&mut scanner, milestones, (name, *kind), &roles)?,
        };
        all.extend(seen);
    }
    let open: Vec<Milestone> = all.iter().filter(|seen| seen.is_whole).filter_map(read).cloned().collect();
    let is_needed = |seen: &Seen<'_>| {
        let of = |one: &Milestone| {
            open.iter().flat_map(|open| &open.depends_on).any(|id| id.number() == one.id.number())
                || open.iter().flat_map(|open| &open.depends_on).any(|id| id.as_str() == one.folder)
        };
        !seen.is_whole && read(seen).is_some_and(of)
    };
    let (mut good, mut set_aside) = (Vec::new(), Vec::new());
    for seen in all {
        let again = match &milestones {
            Some(milestones) if is_needed(&seen) => {
                whole(&mut scanner, milestones, (seen.name, seen.kind), &roles)?
            }
            Some(_) | None => Some(seen),
        };
        // It may have gone meanwhile.
        let Some(Seen { folder, parsed, .. }) = again else { continue };
        warnings.extend(parsed.warnings);
        match parsed.result {
            Ok(milestone) => good.push(milestone),
            Err(diagnostics) => set_aside.push(SetAside { folder, diagnostics }),
        }
    }
    let mut plan = document::check_plan(good, roles, set_aside);
    warnings.append(&mut plan.warnings);
    plan.warnings = warnings;
    Ok(plan)
}

fn read<'a>(seen: &'a Seen<'_>) -> Option<&'a Milestone> {
    seen.parsed.result.as_ref().ok().map(|read| read.milestone.as_ref())
}

/// Reads what `milestone.md` alone says. `None` where the other documents are needed too: it is not over, or cannot
/// be read, or is one of 1.7, whose table speaks of phases.
fn over(source: &MilestoneSource, roles: &[Role]) -> Option<(String, Parsed<ReadMilestone>)> {
    let parsed = document::parse_milestone(source, roles);
    let milestone = &parsed.result.as_ref().ok()?.milestone;
    let is_over = matches!(milestone.status, MilestoneStatus::Done | MilestoneStatus::Dropped);
    (is_over && milestone.format == Format::Current).then(|| (source.folder.clone(), parsed))
}

fn whole<'a>(
    scanner: &mut Scanner,
    milestones: &Milestones,
    (name, kind): (&'a std::ffi::OsStr, crate::folder::Kind),
    roles: &[Role],
) -> Result<Option<Seen<'a>>, FileError> {
    let Some(Found { name: folder, files }) = milestones.look(name, kind) else { return Ok(None) };
    let parsed = match files {
        Ok(files) => scanner.read_milestone(&folder, &files, None, roles, now())?,
        Err(faults) => Parsed { result: Err(faults.say()?), warnings: Vec::<Diagnostic>::new() },
    };
    Ok(Some(Seen { name, kind, folder, parsed, is_whole: true }))
}
