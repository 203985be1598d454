//! Questions on a terminal that has no screen: shown in full, answered by a line.

use orchestra_core::record::Answer;
use orchestra_core::repo::PushTarget;
use orchestra_core::worker::{Asked, Question};

use super::lines::visible;
use crate::out::block;

/// The question in full: what is asked, what it is about, and how to answer.
pub(crate) fn shown(asked: &Asked, rfc: Option<&str>) -> Vec<String> {
    // Fields come from models, files, git and servers. No field is trusted more than another, so all go through here.
    written(asked, rfc).iter().flat_map(|entry| harmless(entry)).collect()
}

/// An entry without anything that could move a cursor. What it has more than one line of is indented, so that no
/// field can begin a line as ours begin.
fn harmless(entry: &str) -> Vec<String> {
    let mut shown: Vec<String> = Vec::new();
    for line in entry.trim_end().split('\n') {
        let indent = if shown.is_empty() { "" } else { "     " };
        shown.push(block(line, indent));
    }
    shown
}

/// An entry for each thing to say, with the text of others as it came.
fn written(asked: &Asked, rfc: Option<&str>) -> Vec<String> {
    let mut entries = vec![String::new()];
    match &asked.question {
        Question::Rfc { .. } => {
            entries.extend(rfc.unwrap_or_default().lines().map(|line| format!("   │ {line}")));
        }
        Question::Push(push) | Question::Rejected(push) => {
            for commit in &push.survey.commits {
                let foreign = if push.foreign.contains(commit) { "  ← not this milestone's" } else { "" };
                entries.push(format!("   │ {} {}{foreign}", commit.id.short(), commit.subject));
            }
            for stat in &push.survey.files {
                let count = |count: Option<u32>| count.map_or("bin".to_owned(), |count| count.to_string());
                entries.push(format!(
                    "   │ {:<50} +{} −{}",
                    stat.path,
                    count(stat.added),
                    count(stat.removed)
                ));
            }
            if let PushTarget::Remote { name, url, branch } = &push.survey.target {
                entries.push(format!("   · to {name} ({url}), branch {branch}"));
            }
        }
        Question::Trust { lines: commands, .. } => {
            entries.push("   This repository names commands that would be run here:".to_owned());
            entries.extend(commands.iter().map(|line| format!("   │ {line}")));
        }
        Question::Dirty { .. }
        | Question::RedBase { .. }
        | Question::Failed { .. }
        | Question::MayBeYours { .. }
        | Question::History { .. }
        | Question::Interrupted { .. }
        | Question::Locked { .. }
        | Question::TooLarge { .. } => {}
    }
    entries.extend(asked.question.about().into_iter().map(|line| format!("   · {line}")));
    entries.push(format!("🚦 {}", asked.question.text()));
    entries.push(format!("   {}", ways(&asked.question)));
    entries
}

/// The ways to answer, each with its number and what it takes.
fn ways(question: &Question) -> String {
    let ways = (1..).zip(question.answers()).map(|(number, word)| match word {
        "revise" => format!("{number} revise WHAT TO CHANGE"),
        "push-to" => format!("{number} push-to BRANCH"),
        "verify" => format!("{number} verify COMMAND"),
        "retry" if matches!(question, Question::Failed { .. } | Question::Interrupted { .. }) => {
            format!("{number} retry [A NOTE]")
        }
        word => format!("{number} {word}"),
    });
    ways.collect::<Vec<_>>().join(" · ")
}

/// Reads an answer from a line: its number, its word, or enough of that to be told from the others, and what it takes.
pub(crate) fn parse(line: &str, question: &Question) -> Result<Answer, String> {
    let line = line.trim();
    let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let (word, rest) = (word.to_lowercase(), rest.trim().to_owned());
    if word.is_empty() {
        return Err(format!("Please type one of: {}", ways(question)));
    }
    let is_meant = |(number, known): &(usize, &str)| known.starts_with(&word) || number.to_string() == word;
    let fits: Vec<&str> = (1..).zip(question.answers()).filter(is_meant).map(|(_, known)| known).collect();
    let [word] = fits.as_slice() else {
        return Err(format!(
            "`{}` is not an answer here. Please type one of: {}",
            visible(&word),
            ways(question)
        ));
    };
    let answer = match *word {
        "approve" => Answer::Approve,
        "revise" => Answer::Revise { feedback: rest },
        "retry" => Answer::Retry { note: (!rest.is_empty()).then_some(rest) },
        "skip" => Answer::Skip,
        "keep" => Answer::Keep,
        "restore" => Answer::Restore,
        "finish" => Answer::Finish,
        "push-to" => Answer::PushTo { branch: rest },
        "verify" => Answer::Verify { command: rest },
        _ => Answer::Stop,
    };
    let takes_text = matches!(
        answer,
        Answer::Revise { .. } | Answer::Retry { .. } | Answer::PushTo { .. } | Answer::Verify { .. }
    );
    if !takes_text && line.contains(char::is_whitespace) {
        return Err(format!("`{word}` stands alone, with nothing behind it: {}", ways(question)));
    }
    if question.admits(&answer) {
        Ok(answer)
    } else {
        Err(format!("`{word}` needs a text behind it: {}", ways(question)))
    }
}

#[cfg(test)]
mod tests;
