use std::fs;

use orchestra_core::record::Record;

use super::*;
use crate::journal::{Durability, Journal};
use crate::testing::project;

const AT: Timestamp = Timestamp::UNIX_EPOCH;

fn gate(text: &str) -> GateId {
    GateId::parse(text).unwrap()
}

fn asked(id: &str, of: &str) -> Record {
    Record::Asked {
        gate: gate(id),
        question: "push".to_owned(),
        milestone: None,
        work: None,
        of: ContentHash::of(of.as_bytes()),
        about: Vec::new(),
        text: "?".to_owned(),
        answers: vec!["approve".to_owned(), "revise".to_owned()],
    }
}

fn memory(layout: &Layout, records: Vec<Record>) -> Memory {
    let (mut journal, folded) = Journal::open(layout).unwrap();
    let mut memory = folded.memory;
    for record in records {
        memory.take(&journal.append(record, Durability::Written).unwrap().record);
    }
    memory
}

fn revise(text: &str) -> Answer {
    Answer::Revise { feedback: text.to_owned() }
}

#[test]
fn an_answer_is_left_once_found_and_gone_when_it_was_taken() {
    let (_temp, layout) = project();
    let memory = memory(&layout, vec![asked("push-1", "a")]);
    assert_eq!(find(&layout, &memory).unwrap(), []);
    file(&layout, &memory, &gate("push-1"), revise("say why"), AT).unwrap();
    let twice = file(&layout, &memory, &gate("push-1"), Answer::Approve, AT);
    assert!(matches!(twice, Err(AnswerError::Answered { .. })), "{twice:?}");

    let found = find(&layout, &memory).unwrap();
    let filed = Filed { gate: gate("push-1"), of: ContentHash::of(b"a"), at: AT, answer: revise("say why") };
    assert_eq!(found, [Found { name: "push-1.json".into(), answer: Ok(filed) }]);
    remove(&layout, &found[0].name).unwrap();
    assert_eq!(find(&layout, &memory).unwrap(), []);
}

#[test]
fn what_does_not_answer_an_open_question_is_refused_and_nothing_is_left() {
    let (_temp, layout) = project();
    let answered = Record::Answered {
        gate: gate("push-2"),
        question: "push".to_owned(),
        milestone: None,
        work: None,
        of: ContentHash::of(b"b"),
        answer: Answer::Approve,
        by: orchestra_core::plan::By::Auto,
    };
    let withdrawn = Record::Withdrawn { gate: gate("push-3") };
    let memory = memory(
        &layout,
        vec![asked("push-1", "a"), asked("push-2", "b"), asked("push-3", "c"), answered, withdrawn],
    );
    let refused = |id: &str, answer| match file(&layout, &memory, &gate(id), answer, AT) {
        Err(AnswerError::Unfit { why, .. }) => why,
        other => panic!("{other:?}"),
    };
    for id in ["push-2", "push-3", "push-4"] {
        assert_eq!(refused(id, Answer::Approve), Unfit::NotOpen, "{id}");
    }
    assert!(matches!(refused("push-1", Answer::Skip), Unfit::OtherWord { word: "skip", .. }));
    assert_eq!(refused("push-1", revise(" \n")), Unfit::Empty { word: "revise" });
    let long = file(&layout, &memory, &gate("push-1"), revise(&"x".repeat(300_000)), AT);
    assert!(matches!(long, Err(AnswerError::TooLong)));
    assert_eq!(find(&layout, &memory).unwrap(), []);
}

#[test]
fn a_file_that_answers_something_else_never_counts() {
    let (temp, layout) = project();
    let before = memory(&layout, vec![asked("push-1", "old")]);
    file(&layout, &before, &gate("push-1"), Answer::Approve, AT).unwrap();
    let name = layout.answers().join("push-1.json");
    let filed = fs::read(&name).unwrap();

    let now = memory(&layout, vec![Record::Withdrawn { gate: gate("push-1") }, asked("push-2", "new")]);
    fs::write(layout.answers().join("push-2.json"), &filed).unwrap();
    fs::write(layout.answers().join("note.txt"), "approve").unwrap();
    std::os::unix::fs::symlink(&name, layout.answers().join("push-3.json")).unwrap();
    fs::write(temp.path().join("elsewhere"), &filed).unwrap();
    let whys: Vec<Unfit> =
        find(&layout, &now).unwrap().into_iter().map(|found| found.answer.unwrap_err()).collect();
    assert_eq!(whys, [Unfit::Unreadable, Unfit::NotOpen, Unfit::Unreadable, Unfit::Unreadable]);

    // The same id, asked about something else: an answer that was bound to the old content.
    let other = memory(&layout, vec![asked("push-1", "new")]);
    let found = find(&layout, &other).unwrap();
    let of_old = found.iter().find(|found| found.name == "push-1.json").unwrap();
    assert_eq!(of_old.answer, Err(Unfit::OtherContent));
}
