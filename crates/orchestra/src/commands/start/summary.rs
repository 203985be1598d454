//! What a run came to.

use std::time::Duration;

use orchestra_core::id::MilestoneId;
use orchestra_core::words::{counted, duration, thousands};
use orchestra_core::worker::Tally;
use orchestra_engine::worker::End;

use crate::context::Context;
use crate::view::lines::visible;

/// What a run came to, in a few lines.
pub(super) fn print(context: &Context, end: &End, took: Duration) {
    let Tally { done, parked, waiting, left_off, set_aside, commits, pushes, usage } = &end.tally;
    let typed = |command: &str| context.typed(command);
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
        lines.push(format!("left off: {milestone} (`{}` goes on)", typed("start")));
    }
    for folder in set_aside {
        lines.push(format!("cannot be read: {folder} (`{}` says why)", typed("status")));
    }
    for asked in &end.open {
        let text = asked.question.text();
        let words = asked.question.answers().join("|");
        lines.push(format!("open: {text} (`{}`)", typed(&format!("answer {} {words}", asked.gate))));
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
        lines.push(format!("nothing to build (`{}` says where things stand)", typed("status")));
    }
    let tokens =
        if usage.tokens() > 0 { format!(", {} tokens", thousands(usage.tokens())) } else { String::new() };
    lines.push(format!("{}{tokens}", duration(took)));
    for line in lines {
        context.out.line(format_args!("· {}", visible(&line)));
    }
}
