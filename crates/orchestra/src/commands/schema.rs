//! `orchestra schema`: JSON schemas, so that an editor or an agent's author need not guess.
//!
//! Written by hand, since their descriptions are for people; the tests hold them to the types that are really read.

use crate::cli::SchemaName;
use crate::context::Context;
use crate::failure::Exit;

const REPORT: &str = include_str!("../../schema/report.json");
const CONFIG: &str = include_str!("../../schema/config.json");

pub(super) fn run(context: &Context, which: SchemaName) -> Exit {
    context.out.text(match which {
        SchemaName::Report => REPORT,
        SchemaName::Config => CONFIG,
    });
    Exit::DONE
}

#[cfg(test)]
mod tests;
