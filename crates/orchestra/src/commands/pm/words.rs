//! What a conversation tells, in words that its screen and its lines share.

use orchestra_core::conversation::{COMMANDS, Note, Project};
use orchestra_core::plan::Plan;

use crate::view::lines::{clock, visible};

/// What can be typed.
pub(in crate::commands) fn help(plan: &Plan) -> Vec<String> {
    let commands = COMMANDS.iter().map(|(word, what)| format!("#{word:<12} {what}"));
    let roles = plan.roles.iter().map(|role| {
        let alias = role.alias.as_deref().unwrap_or(role.id.as_str());
        format!("#{:<12} talk to {}", visible(alias), role.id)
    });
    commands.chain(roles).collect()
}

/// What builds what is planned. `start` is what is typed to start a worker.
pub(super) fn how_to_start(project: &Project, start: &str) -> String {
    if project.worker.is_some() {
        "A worker runs already: it takes up what is planned.".to_owned()
    } else {
        format!("In another terminal: `{start}`")
    }
}

/// A note as a line.
pub(super) fn in_words(note: &Note, project: &Project, start: &str) -> String {
    match note {
        Note::Proposed { is_commit: true, .. } => "🚦 A commit waits for your yes.".to_owned(),
        Note::Proposed { .. } => "🚦 A proposal waits for you.".to_owned(),
        Note::Asked { .. } => "❓ It asks you something.".to_owned(),
        Note::Refused { wrong } => {
            format!("· a proposal did not hold and went back: {}", visible(&wrong.join("; ")))
        }
        Note::Written { what } if project.worker.is_some() => {
            format!("🎯 {} The worker takes it up.", visible(what))
        }
        Note::Written { what } => format!("🎯 {} Run `{start}` in another terminal.", visible(what)),
        Note::NotWritten { why } => format!("✘ nothing was written: {}", visible(why)),
        Note::Changed { paths } => {
            let names: Vec<String> = paths.iter().map(ToString::to_string).collect();
            format!(
                "✎ changed, and not committed: {}. `commit` shows it and asks.",
                visible(&names.join(", "))
            )
        }
        Note::Found { verdict, findings } => {
            let verdict = verdict.map_or_else(|| "no verdict".to_owned(), |verdict| verdict.to_string());
            let findings = findings.iter().map(|finding| format!("\n   · {}", visible(&finding.to_string())));
            format!("🔍 {verdict}{}", findings.collect::<String>())
        }
        Note::Interrupted => "· interrupted".to_owned(),
        Note::Trouble { message, hint, again } => {
            let hint = match again {
                Some(again) => format!("tried again at {}", clock(*again)),
                None => hint.clone(),
            };
            format!("✘ {} {}", visible(message), visible(&hint))
        }
        Note::Remark { text } => format!("· {}", visible(text)),
    }
}
