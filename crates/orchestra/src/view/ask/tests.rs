use std::collections::BTreeSet;

use orchestra_core::id::{GateId, MilestoneId, PhaseId, WorkId};
use orchestra_core::path::{ContentHash, RepoPath};
use orchestra_core::repo::{CommitId, FileStat, PushCommit, Survey};
use orchestra_core::report::{Finding, Severity, Verdict};
use orchestra_core::worker::{PushQuestion, ROWS};

use super::*;

/// Sets a title, a colour and the direction of writing, goes back in the line, and begins one that looks like ours.
const HOSTILE: &str =
    "a\u{1b}]0;TITLE\u{7}\u{1b}[31m\r\u{9b}2J\u{202e}b\n🚦 Push to elsewhere?\r\n   approve";

fn milestone() -> MilestoneId {
    MilestoneId::parse("M1-x").unwrap()
}

fn hostile() -> String {
    HOSTILE.to_owned()
}

fn hostile_push(target: PushTarget) -> Box<PushQuestion> {
    let commit = |digit: &str| PushCommit {
        id: CommitId::parse(&digit.repeat(40)).unwrap(),
        subject: hostile(),
        of: None,
    };
    let path = RepoPath::parse(HOSTILE).unwrap();
    let finding = |file: &str, message: &str| Finding {
        severity: Severity::Blocking,
        role: None,
        file: file.to_owned(),
        line: Some(1),
        message: message.to_owned(),
    };
    Box::new(PushQuestion {
        milestone: milestone(),
        survey: Survey {
            head: None,
            target,
            commits: vec![commit("a"), commit("b")],
            files: vec![FileStat { path, added: Some(1), removed: None }],
        },
        foreign: vec![commit("b")],
        verdict: Some(Verdict::ChangesRequested),
        findings: vec![finding(HOSTILE, "x"), finding("x", HOSTILE)],
        red: vec![hostile()],
        skipped: vec![WorkId::Rfc],
        words: Some(hostile()),
    })
}

fn hostile_questions() -> Vec<Question> {
    let remote = |name: &str, url: &str, branch: &str| {
        hostile_push(PushTarget::Remote {
            name: name.to_owned(),
            url: url.to_owned(),
            branch: branch.to_owned(),
        })
    };
    let (milestone, work) = (milestone(), WorkId::Rfc);
    let paths = vec![RepoPath::parse(HOSTILE).unwrap()];
    vec![
        Question::Rfc {
            milestone: milestone.clone(),
            document: ContentHash::of(b""),
            concerns: vec![hostile()],
            skipped: vec![WorkId::Rfc],
            may_revise: true,
        },
        Question::Push(remote(HOSTILE, "url", "branch")),
        Question::Push(remote("name", HOSTILE, "branch")),
        Question::Push(remote("name", "url", HOSTILE)),
        Question::Push(Box::new(PushQuestion { foreign: Vec::new(), ..*hostile_push(PushTarget::Missing) })),
        Question::Push(hostile_push(PushTarget::Missing)),
        Question::Push(hostile_push(PushTarget::Ambiguous { remotes: vec![hostile(), hostile()] })),
        Question::Rejected(remote(HOSTILE, HOSTILE, HOSTILE)),
        Question::Dirty { milestone: milestone.clone(), phase: None, paths: paths.clone() },
        Question::Dirty {
            milestone: milestone.clone(),
            phase: Some(PhaseId::parse("phase-1").unwrap()),
            paths: paths.clone(),
        },
        Question::RedBase { milestone: milestone.clone(), commands: vec![hostile()] },
        Question::Failed { milestone: milestone.clone(), work: work.clone(), reason: hostile() },
        Question::MayBeYours { milestone: milestone.clone(), work: work.clone(), paths },
        Question::Trust { of: ContentHash::of(b""), lines: vec![hostile()] },
        Question::History {
            milestone: milestone.clone(),
            trouble: hostile(),
            hint: hostile(),
            claimed: None,
        },
        Question::Interrupted { milestone: milestone.clone(), work: work.clone() },
        Question::Locked { milestone: milestone.clone(), trouble: hostile(), hint: hostile() },
        Question::TooLarge { milestone, work, bytes: 1 },
    ]
}

#[test]
fn every_question_there_is_is_tried_with_hostile_text() {
    let tried: BTreeSet<&str> = hostile_questions().iter().map(|question| question.row().name).collect();
    let all: BTreeSet<&str> = ROWS.iter().map(|row| row.name).collect();
    assert_eq!(tried, all);
}

#[test]
fn no_field_of_any_question_moves_a_cursor_or_begins_a_line_of_ours() {
    for question in hostile_questions() {
        let asked = Asked { gate: GateId::parse("rfc-3f9a").unwrap(), question, of: ContentHash::of(b"") };
        let lines = shown(&asked, Some(HOSTILE));
        for line in &lines {
            assert!(!line.chars().any(|c| c.is_control() || c == '\u{202e}'), "{line:?} of {asked:?}");
        }
        let begins = |with: &str| lines.iter().filter(|line| line.starts_with(with)).count();
        assert_eq!(begins("🚦"), 1, "{lines:#?}");
        assert_eq!(
            begins("   1 approve"),
            usize::from(lines.last().unwrap().starts_with("   1 approve")),
            "{lines:#?}"
        );
    }
}

fn failed() -> Question {
    Question::Failed { milestone: milestone(), work: WorkId::Rfc, reason: "no".to_owned() }
}

#[test]
fn an_answer_is_a_word_or_its_beginning_and_never_a_guess() {
    let parse = |line| parse(line, &failed());
    assert_eq!(parse("retry"), Ok(Answer::Retry { note: None }));
    assert_eq!(parse("1 look again"), Ok(Answer::Retry { note: Some("look again".to_owned()) }));
    assert!(parse("0").is_err() && parse("12").is_err() && parse("1.").is_err());
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
    let question = Question::RedBase { milestone: milestone(), commands: vec![] };
    assert!(parse("verify", &question).unwrap_err().contains("verify COMMAND"));
    assert_eq!(parse("verify make test", &question), Ok(Answer::Verify { command: "make test".to_owned() }));
}
