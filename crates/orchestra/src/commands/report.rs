//! `orchestra report`: what work came to, as Markdown for people or JSON for scripts.
//!
//! Everything is read from what is there already: the journal, the documents and the commits. Nothing is written.

mod model;
mod text;

use orchestra_core::config::keys::hint;
use orchestra_core::id::MilestoneId;

use self::model::{Reader, Report};
use crate::cli::ReportArgs;
use crate::context::Context;
use crate::failure::{Exit, Failure};

pub(super) fn run(context: &Context, args: &ReportArgs) -> Result<Exit, Failure> {
    let reader = Reader::read(context)?;
    let report = match &args.milestone {
        Some(named) => reader.of_one(context, &named_by(&reader, named)?),
        None => reader.of_all(),
    };
    if args.json {
        super::print_json(context, &report);
    } else {
        context.out.line(in_markdown(&report, args.milestone.is_some()).join("\n"));
    }
    Ok(Exit::DONE)
}

fn in_markdown(report: &Report, is_one: bool) -> Vec<String> {
    match report.milestones.as_slice() {
        [milestone] if is_one => text::of_one(milestone),
        _ => text::of_all(report),
    }
}

/// The milestone that is meant: by its id, by its number where only one has it, or by its folder.
fn named_by(reader: &Reader, named: &str) -> Result<MilestoneId, Failure> {
    let known = reader.known();
    if let Some(id) = MilestoneId::parse(named).ok().and_then(|id| reader.resolve(&id)) {
        return Ok(id);
    }
    let names: Vec<&str> = known.iter().map(MilestoneId::as_str).collect();
    Err(Failure::usage_with(format!("there is no milestone `{named}`"), hint(named, &names)))
}
