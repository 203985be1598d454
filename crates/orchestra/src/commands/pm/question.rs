//! Proposals and questions in lines: shown in full, answered by a number.

use orchestra_core::conversation::{Open, Proposed, Verdict, What};
use orchestra_core::own_tool::{Form, FormAnswer};

use crate::out::block;

/// The question in full, and how to answer.
pub(super) fn in_lines(open: &Open) -> Vec<String> {
    let entries = match &open.what {
        What::Proposal(proposed) => proposal(proposed),
        what => what.form().map(questions).unwrap_or_default(),
    };
    // Every field comes from a model: none may move a cursor or begin a line as ours begin.
    entries.iter().flat_map(|entry| entry.split('\n').map(|line| block(line, ""))).collect()
}

fn proposal(proposed: &Proposed) -> Vec<String> {
    let mut lines = vec![
        String::new(),
        if proposed.is_commit() {
            format!("🚦 Commit for {}: {}", proposed.milestone, proposed.title)
        } else {
            format!("🚦 A {} is proposed: {} · {}", proposed.kind.name(), proposed.milestone, proposed.title)
        },
    ];
    let yes = if proposed.is_commit() { "commit" } else { "create" };
    for file in &proposed.files {
        let sign = if file.before.is_some() { "changes" } else { "creates" };
        lines.push(format!("   ── {sign} {}", file.path));
        match &file.before {
            None => lines.extend(file.after.lines().map(|line| format!("   │ {line}"))),
            Some(before) => lines.extend(changed(before, &file.after)),
        }
    }
    for command in &proposed.commands {
        lines.push(format!("   · to approve it is to trust this command: {command}"));
    }
    for remark in &proposed.remarks {
        lines.push(format!("   · {remark}"));
    }
    lines.push(format!("   1 {yes} · 2 revise WHAT TO CHANGE · 3 discard"));
    lines
}

/// Lines that came and went; those that stay are left out.
fn changed(before: &str, after: &str) -> Vec<String> {
    let (old, new): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    let head = old.iter().zip(&new).take_while(|(one, two)| one == two).count();
    let rest = old.len().min(new.len()) - head;
    let tail = old.iter().rev().zip(new.iter().rev()).take(rest).take_while(|(one, two)| one == two).count();
    let gone = old[head..old.len() - tail].iter().map(|line| format!("   │ - {line}"));
    let came = new[head..new.len() - tail].iter().map(|line| format!("   │ + {line}"));
    gone.chain(came).collect()
}

fn questions(form: &Form) -> Vec<String> {
    let mut lines = vec![String::new()];
    for (number, question) in form.questions.iter().enumerate() {
        let several = if question.several { " (several)" } else { "" };
        let sign = if form.questions.len() > 1 { format!("{}. ", number + 1) } else { String::new() };
        lines.push(format!("❓ {sign}{}{several}", question.question));
        for (at, option) in question.options.iter().enumerate() {
            let meaning =
                if option.meaning.is_empty() { String::new() } else { format!(": {}", option.meaning) };
            lines.push(format!("   {} {}{meaning}", at + 1, option.label));
        }
    }
    lines.push(if form.questions.len() > 1 {
        "   answer each, with `;` between them: a number, several as 1,3, or words of your own".to_owned()
    } else {
        "   a number, several as 1,3, or words of your own".to_owned()
    });
    lines
}

/// Reads an answer. `None` where the line is none; then `hint` says what would be.
pub(super) fn parse(line: &str, open: &Open) -> Result<Verdict, &'static str> {
    let line = line.trim();
    match &open.what {
        What::Proposal(_) => {
            let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
            match (word, rest.trim()) {
                ("1" | "create" | "commit", "") => Ok(Verdict::Create),
                ("2" | "revise", "") => Err("say what to change: 2 WHAT TO CHANGE"),
                ("2" | "revise", feedback) => Ok(Verdict::Revise { feedback: feedback.to_owned() }),
                ("3" | "discard", "") => Ok(Verdict::Discard),
                _ => Err("1 create · 2 revise WHAT TO CHANGE · 3 discard · `> WORDS` speaks to the agent"),
            }
        }
        What::Drawing { .. } | What::Writing(_) => Err("nothing is asked at the moment"),
        What::Form(_) | What::Outside(_) => {
            let Some(form) = open.what.form() else { return Err("nothing is asked at the moment") };
            if line.is_empty() {
                return Err("type a number, or words of your own");
            }
            let parts: Vec<&str> =
                if form.questions.len() > 1 { line.split(';').collect() } else { vec![line] };
            if parts.len() > form.questions.len() {
                return Err("there are fewer questions than answers");
            }
            let answers = form.questions.iter().enumerate().map(|(index, question)| {
                let part = parts.get(index).map_or("", |part| part.trim());
                let numbers: Option<Vec<usize>> =
                    part.split(',').map(|number| number.trim().parse().ok()).collect();
                let chosen: Option<Vec<String>> = numbers.and_then(|numbers| {
                    let label = |number: &usize| {
                        let option = number.checked_sub(1).and_then(|at| question.options.get(at));
                        option.map(|option| option.label.clone())
                    };
                    numbers.iter().map(label).collect()
                });
                match chosen {
                    Some(chosen) if question.several || chosen.len() == 1 => {
                        FormAnswer { chosen, words: String::new() }
                    }
                    _ => FormAnswer { chosen: Vec::new(), words: part.to_owned() },
                }
            });
            Ok(Verdict::Answers(answers.collect()))
        }
    }
}

#[cfg(test)]
mod tests {
    use orchestra_core::conversation::AskId;
    use orchestra_core::own_tool::{FormOption, FormQuestion};

    use super::*;

    fn form(questions: &[(&str, bool)]) -> Open {
        let option = |label: &str| FormOption { label: label.to_owned(), meaning: String::new() };
        let questions = questions.iter().map(|(question, several)| FormQuestion {
            question: (*question).to_owned(),
            options: vec![option("yes"), option("no")],
            several: *several,
        });
        let what = What::Form(Form { questions: questions.collect() });
        Open { id: AskId(1), since: jiff::Timestamp::UNIX_EPOCH, call: None, what }
    }

    fn answers(line: &str, open: &Open) -> Vec<(Vec<String>, String)> {
        match parse(line, open) {
            Ok(Verdict::Answers(answers)) => {
                answers.into_iter().map(|answer| (answer.chosen, answer.words)).collect()
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn numbers_choose_and_anything_else_is_words() {
        let open = form(&[("a?", false), ("b?", true)]);
        let chosen = |labels: &[&str]| labels.iter().map(|label| (*label).to_owned()).collect::<Vec<_>>();
        assert_eq!(
            answers("2; 1,2", &open),
            [(chosen(&["no"]), String::new()), (chosen(&["yes", "no"]), String::new())]
        );
        assert_eq!(answers("7", &open)[0], (Vec::new(), "7".to_owned()));
        assert_eq!(answers("1,2; later", &open)[0].1, "1,2", "only one can be chosen");
        assert!(parse("1;2;3", &open).is_err() && parse(" ", &open).is_err());
        let lines = in_lines(&form(&[("\u{1b}[2Jwhich?\nrm", false)]));
        assert!(!lines.concat().contains('\u{1b}'), "{lines:?}");
    }
}
