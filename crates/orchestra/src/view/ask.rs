//! Questions on a terminal that has no screen: shown in full, answered by a line.

use orchestra_core::record::Answer;
use orchestra_core::repo::PushTarget;
use orchestra_core::report::Verdict;
use orchestra_core::worker::{Asked, Question};

use super::lines::{Lines, visible};

/// The question in full: what is asked, what it is about, and how to answer.
pub(crate) fn shown(asked: &Asked, lines: &Lines<'_>, rfc: Option<&str>) -> Vec<String> {
    let mut shown = vec![String::new()];
    match &asked.question {
        Question::Rfc { concerns, skipped, .. } => {
            shown.extend(rfc.unwrap_or_default().lines().map(|line| format!("   │ {}", visible(line))));
            shown.extend(concerns.iter().map(|concern| format!("   ⚠ found wanting: {}", visible(concern))));
            shown.extend(skipped.iter().map(|work| format!("   · skipped by you: {work}")));
        }
        Question::Push(push) | Question::Rejected(push) => {
            for commit in &push.survey.commits {
                let foreign = if push.foreign.contains(commit) { "  ← not this milestone's" } else { "" };
                shown.push(format!("   │ {} {}{foreign}", commit.id.short(), visible(&commit.subject)));
            }
            for stat in &push.survey.files {
                let count = |count: Option<u32>| count.map_or("bin".to_owned(), |count| count.to_string());
                shown.push(format!("   │ {:<50} +{} −{}", stat.path, count(stat.added), count(stat.removed)));
            }
            if let PushTarget::Remote { name, url, branch } = &push.survey.target {
                shown.push(format!("   · to {name} ({url}), branch {branch}"));
            }
            let verdict = push.verdict.map_or("none".to_owned(), |verdict| verdict.to_string());
            let is_mended = push.verdict == Some(Verdict::ChangesRequested) && push.findings.is_empty();
            let mended = if is_mended { "; what was found has been mended" } else { "" };
            shown.push(format!("   · review: {verdict}{mended}"));
            shown.extend(
                push.findings.iter().map(|finding| format!("   {}", visible(&lines.finding(finding)))),
            );
            shown.extend(push.red.iter().map(|command| format!("   ⚠ red before, not counted: {command}")));
            shown.extend(push.skipped.iter().map(|work| format!("   ⚠ skipped by you: {work}")));
            shown.extend(
                push.words
                    .iter()
                    .flat_map(|words| words.lines())
                    .map(|line| format!("   ✘ {}", visible(line))),
            );
        }
        Question::Trust { lines: commands, .. } => {
            shown.push("   This repository names commands that would be run here:".to_owned());
            shown.extend(commands.iter().map(|line| format!("   │ {}", visible(line))));
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
    shown.push(format!("🚦 {}", visible(&asked.question.text())));
    shown.push(format!("   {}", ways(&asked.question)));
    shown
}

/// The ways to answer, each with what it takes.
fn ways(question: &Question) -> String {
    let ways = question.answers().into_iter().map(|word| match word {
        "revise" => "revise WHAT TO CHANGE".to_owned(),
        "push-to" => "push-to BRANCH".to_owned(),
        "verify" => "verify COMMAND".to_owned(),
        "retry" if matches!(question, Question::Failed { .. } | Question::Interrupted { .. }) => {
            "retry [A NOTE]".to_owned()
        }
        word => word.to_owned(),
    });
    ways.collect::<Vec<_>>().join(" · ")
}

/// Reads an answer from a line: its word, or enough of it to be told from the others, and what it takes.
pub(crate) fn parse(line: &str, question: &Question) -> Result<Answer, String> {
    let line = line.trim();
    let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let (word, rest) = (word.to_lowercase(), rest.trim().to_owned());
    if word.is_empty() {
        return Err(format!("Please type one of: {}", ways(question)));
    }
    let fits: Vec<&str> = question.answers().into_iter().filter(|known| known.starts_with(&word)).collect();
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
mod tests {
    use orchestra_core::id::{MilestoneId, WorkId};

    use super::*;

    fn failed() -> Question {
        let milestone = MilestoneId::parse("M1-x").unwrap();
        Question::Failed { milestone, work: WorkId::Rfc, reason: "no".to_owned() }
    }

    #[test]
    fn an_answer_is_a_word_or_its_beginning_and_never_a_guess() {
        let parse = |line| parse(line, &failed());
        assert_eq!(parse("retry"), Ok(Answer::Retry { note: None }));
        assert_eq!(
            parse(" R  look at the lock "),
            Ok(Answer::Retry { note: Some("look at the lock".to_owned()) })
        );
        assert_eq!(parse("sk"), Ok(Answer::Skip));
        for line in ["", "s", "yes", "approve", "stopp", "skip skip", "stop and look"] {
            assert!(parse(line).is_err(), "{line}");
        }
    }

    #[test]
    fn words_that_need_a_text_are_not_taken_without_one() {
        let question = Question::RedBase { milestone: MilestoneId::parse("M1").unwrap(), commands: vec![] };
        assert!(parse("verify", &question).unwrap_err().contains("verify COMMAND"));
        assert_eq!(
            parse("verify make test", &question),
            Ok(Answer::Verify { command: "make test".to_owned() })
        );
    }
}
