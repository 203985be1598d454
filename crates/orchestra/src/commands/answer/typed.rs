//! From words to an answer.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use orchestra_core::id::GateId;
use orchestra_core::record::Answer;
use orchestra_project::answers::MAX_ANSWER;

use crate::cli::AnswerArgs;
use crate::failure::Failure;

/// Every word that is an answer.
const WORDS: [&str; 10] =
    ["approve", "revise", "retry", "skip", "keep", "restore", "finish", "push-to", "verify", "stop"];

/// What was typed.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Typed {
    /// The question, where it was named.
    pub(super) gate: Option<GateId>,
    pub(super) answer: Answer,
}

/// Takes the words apart: a gate unless the first is an answer, the answer, and its text.
pub(super) fn parse(args: AnswerArgs) -> Result<Typed, Failure> {
    let mut words = args.words.into_iter();
    let first = words.next().unwrap_or_default();
    let (gate, word) = if WORDS.contains(&first.as_str()) {
        (None, first)
    } else {
        let Ok(gate) = GateId::parse(&first) else {
            return Err(not_a_word(&first));
        };
        let Some(word) = words.next() else {
            let what = format!("`{first}` is no answer; as a question it needs one");
            return Err(Failure::usage_with(what, format!("orchestra answer {first} WORD: {}", listed())));
        };
        (Some(gate), word)
    };
    let rest: Vec<String> = words.collect();
    let text = text_of(rest.join(" "), args.note, args.file.as_deref())?;
    Ok(Typed { gate, answer: answer_of(&word, text)? })
}

/// The text, from the one place where it was given.
fn text_of(rest: String, note: Option<String>, file: Option<&Path>) -> Result<Option<String>, Failure> {
    let rest = Some(rest).filter(|rest| !rest.is_empty());
    match (rest, note, file) {
        (rest, None, None) => Ok(rest),
        (None, Some(note), None) => Ok(Some(note)),
        (None, None, Some(file)) => read(file).map(Some),
        _ => Err(Failure::usage("the text is given twice; use one of TEXT, --note and --file")),
    }
}

fn read(path: &Path) -> Result<String, Failure> {
    let failed = |source| Failure::Input { path: path.to_owned(), source };
    let source: Box<dyn Read> = if path == Path::new("-") {
        Box::new(io::stdin().lock())
    } else {
        Box::new(File::open(path).map_err(failed)?)
    };
    let mut bytes = Vec::new();
    // One byte more than fits, so that what is too long is seen to be.
    source.take(MAX_ANSWER + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > MAX_ANSWER {
        return Err(Failure::usage(format!("`{}` is longer than {MAX_ANSWER} bytes", path.display())));
    }
    String::from_utf8(bytes)
        .map_err(|error| failed(io::Error::new(io::ErrorKind::InvalidData, error.utf8_error())))
}

fn answer_of(word: &str, text: Option<String>) -> Result<Answer, Failure> {
    let text = text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    let needed = |what: &str, example: &str| {
        let what = format!("`{word}` needs {what} with it");
        text.clone().ok_or_else(|| Failure::usage_with(what, format!("… {word} {example}")))
    };
    let alone = match word {
        "revise" => {
            let feedback = needed("what should be changed", "\"what to change\", or --file FILE")?;
            return Ok(Answer::Revise { feedback });
        }
        "push-to" => return Ok(Answer::PushTo { branch: needed("a branch", "BRANCH")? }),
        "verify" => return Ok(Answer::Verify { command: needed("a command", "\"cargo test -q\"")? }),
        "retry" => return Ok(Answer::Retry { note: text }),
        "approve" => Answer::Approve,
        "skip" => Answer::Skip,
        "keep" => Answer::Keep,
        "restore" => Answer::Restore,
        "finish" => Answer::Finish,
        "stop" => Answer::Stop,
        other => return Err(not_a_word(other)),
    };
    if text.is_some() {
        let what = format!("`{word}` takes no text");
        return Err(Failure::usage_with(what, "to say what should change: … revise \"what to change\""));
    }
    Ok(alone)
}

fn not_a_word(word: &str) -> Failure {
    Failure::usage_with(format!("`{word}` is no answer"), format!("one of: {}", listed()))
}

fn listed() -> String {
    WORDS.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(words: &[&str]) -> Result<Typed, String> {
        let words = words.iter().map(|word| (*word).to_owned()).collect();
        parse(AnswerArgs { words, note: None, file: None }).map_err(|failure| failure.to_string())
    }

    #[test]
    fn a_gate_may_be_left_out_and_text_follows_the_word() {
        let gate = Some(GateId::parse("rfc-3f9a").unwrap());
        assert_eq!(typed(&["approve"]), Ok(Typed { gate: None, answer: Answer::Approve }));
        let feedback = "not like this".to_owned();
        assert_eq!(
            typed(&["rfc-3f9a", "revise", "not like", "this"]),
            Ok(Typed { gate: gate.clone(), answer: Answer::Revise { feedback } })
        );
        assert_eq!(typed(&["rfc-3f9a", "retry"]), Ok(Typed { gate, answer: Answer::Retry { note: None } }));
    }

    #[test]
    fn every_word_answers_and_no_other_does() {
        for word in WORDS {
            let answer = typed(&[word, "x"]).or_else(|_| typed(&[word])).unwrap().answer;
            assert_eq!(answer.word(), word);
        }
        assert_eq!(typed(&["rfc-3f9a", "yes"]).unwrap_err(), "`yes` is no answer");
        assert_eq!(typed(&["a b"]).unwrap_err(), "`a b` is no answer");
        assert_eq!(typed(&["rfc-3f9a"]).unwrap_err(), "`rfc-3f9a` is no answer; as a question it needs one");
    }

    #[test]
    fn a_text_that_is_needed_is_asked_for_and_one_that_is_not_is_refused() {
        assert_eq!(typed(&["revise", "  "]).unwrap_err(), "`revise` needs what should be changed with it");
        assert_eq!(typed(&["push-to"]).unwrap_err(), "`push-to` needs a branch with it");
        assert_eq!(typed(&["approve", "please"]).unwrap_err(), "`approve` takes no text");
    }
}
