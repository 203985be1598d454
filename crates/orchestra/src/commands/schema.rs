//! `orchestra schema`: JSON schemas, so that an editor or an agent's author need not guess.
//!
//! Those of report and configuration are written by hand, since their descriptions are for people; the tests hold them to the
//! types that are really read. Those of proposals are what a model is told.

use orchestra_core::own_tool::OwnTool;

use crate::cli::SchemaName;
use crate::context::Context;
use crate::failure::Exit;

const REPORT: &str = include_str!("../../schema/report.json");
const CONFIG: &str = include_str!("../../schema/config.json");

pub(super) fn run(context: &Context, which: SchemaName) -> Exit {
    match which {
        SchemaName::Report => context.out.text(REPORT),
        SchemaName::Config => context.out.text(CONFIG),
        SchemaName::Proposal => super::print_json(context, &OwnTool::ProposeMilestone.schema()),
        SchemaName::Change => super::print_json(context, &OwnTool::ProposeChange.schema()),
    }
    Exit::DONE
}

#[cfg(test)]
mod tests;
