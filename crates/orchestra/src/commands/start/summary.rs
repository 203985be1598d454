//! What a run came to.

use std::time::Duration;

use orchestra_core::id::MilestoneId;
use orchestra_core::words::counted;
use orchestra_core::worker::Tally;
use orchestra_engine::worker::End;

use crate::out::Out;
use crate::view::lines::{duration, thousands, visible};

/// What a run came to, in a few lines.
pub(super) fn print(end: &End, took: Duration, unicode: bool, out: &Out) {
    let Tally { done, parked, waiting, left_off, set_aside, commits, pushes, usage } = &end.tally;
    let dot = if unicode { "·" } else { "-" };
    let mut lines = Vec::new();
    let names = |ids: &[MilestoneId]| ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    if !done.is_empty() {
        lines.push(format!("done: {}", names(done)));
    }
    for (milestone, reason) in parked {
        lines.push(format!("not done: {milestone} ({reason})"));
    }
    for milestone in waiting {
        lines.push(format!("waits for you: {milestone}"));
    }
    let is_told = |id: &&MilestoneId| waiting.contains(id) || parked.iter().any(|(parked, _)| parked == *id);
    if let Some(milestone) = left_off.as_ref().filter(|id| !is_told(id)) {
        lines.push(format!("left off: {milestone} (`orchestra start` goes on)"));
    }
    for folder in set_aside {
        lines.push(format!("cannot be read: {folder} (`orchestra status` says why)"));
    }
    for asked in &end.open {
        let text = asked.question.text();
        lines.push(format!(
            "open: {text} (`orchestra answer {} {}`)",
            asked.gate,
            asked.question.answers().join("|")
        ));
    }
    if *commits > 0 {
        let pushed = if pushes.is_empty() {
            "nothing pushed".to_owned()
        } else {
            format!("pushed to {}", pushes.join(", "))
        };
        lines.push(format!("{}, {pushed}", counted(*commits, "commit")));
    }
    if lines.is_empty() && end.code == 0 {
        lines.push("nothing to build (`orchestra status` says where things stand)".to_owned());
    }
    let tokens =
        if usage.tokens() > 0 { format!(", {} tokens", thousands(usage.tokens())) } else { String::new() };
    lines.push(format!("{}{tokens}", duration(took)));
    for line in lines {
        out.line(format_args!("{dot} {}", visible(&line)));
    }
}
