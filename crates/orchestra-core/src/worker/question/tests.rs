//! Every row of the table of questions, in each kind of run.

use super::*;
use crate::config::{Config, Gates};
use crate::report::Severity;
use crate::worker::{Auto, Run};

fn milestone() -> MilestoneId {
    MilestoneId::parse("M1-first").unwrap()
}

fn phase() -> WorkId {
    WorkId::Phase(PhaseId::parse("phase-1").unwrap())
}

fn hash() -> ContentHash {
    ContentHash::of(b"shown")
}

fn push(change: impl FnOnce(&mut PushQuestion)) -> Box<PushQuestion> {
    let target = PushTarget::Remote {
        name: "origin".to_owned(),
        url: "file:///remote".to_owned(),
        branch: "main".to_owned(),
    };
    let mut push = PushQuestion {
        milestone: milestone(),
        survey: Survey { target, ..Survey::default() },
        foreign: Vec::new(),
        verdict: None,
        findings: Vec::new(),
        red: Vec::new(),
        skipped: Vec::new(),
        words: None,
    };
    change(&mut push);
    Box::new(push)
}

fn foreign(push: &mut PushQuestion) {
    let id = crate::repo::CommitId::parse(&"1".repeat(40)).unwrap();
    push.foreign.push(PushCommit { id, subject: "theirs".to_owned(), of: None });
}

fn blocked(push: &mut PushQuestion) {
    push.findings.push(Finding { severity: Severity::Blocking, ..Finding::default() });
}

/// One question a row.
fn questions() -> Vec<Question> {
    let path = || vec![RepoPath::parse("src/a.rs").unwrap()];
    let (milestone, work) = (milestone(), phase());
    vec![
        Question::Rfc {
            milestone: milestone.clone(),
            document: hash(),
            concerns: Vec::new(),
            skipped: Vec::new(),
            may_revise: true,
        },
        Question::Push(push(|_| {})),
        Question::Push(push(foreign)),
        Question::Dirty { milestone: milestone.clone(), phase: None, paths: path() },
        Question::RedBase { milestone: milestone.clone(), commands: vec!["check".to_owned()] },
        Question::Failed { milestone: milestone.clone(), work: work.clone(), reason: "why".to_owned() },
        Question::MayBeYours { milestone: milestone.clone(), work: work.clone(), paths: path() },
        Question::Trust { of: hash(), lines: vec!["sh check.sh".to_owned()] },
        Question::History {
            milestone: milestone.clone(),
            trouble: "Moved.".to_owned(),
            hint: "Move back.".to_owned(),
            claimed: None,
        },
        Question::Rejected(push(|push| push.words = Some("rejected".to_owned()))),
        Question::Interrupted { milestone: milestone.clone(), work: work.clone() },
        Question::Locked {
            milestone: milestone.clone(),
            trouble: "Locked.".to_owned(),
            hint: "Remove it.".to_owned(),
        },
        Question::TooLarge { milestone, work, bytes: 1 << 30 },
    ]
}

fn policy(auto: Option<Auto>, presence: Presence) -> Policy {
    Policy { run: Run { auto, presence, ..Run::default() }, ..Policy::default() }
}

const BOTH: Option<Auto> = Some(Auto { rfc: true, push: true });

fn planned(hold: &[GateKind]) -> Milestone {
    Milestone {
        id: milestone(),
        folder: "M1-first".to_owned(),
        title: "a title".to_owned(),
        status: crate::plan::MilestoneStatus::Planning,
        reason: None,
        priority: crate::plan::Priority::P1,
        depends_on: Vec::new(),
        rfc: crate::plan::RfcNeed::Required,
        hold: hold.to_vec(),
        created: None,
        phases: Vec::new(),
        cursor: None,
        rfc_document: None,
        format: crate::plan::Format::Current,
    }
}

fn word(resolution: &Resolution) -> String {
    match resolution {
        Resolution::Ask => "asks".to_owned(),
        Resolution::Answer(answer, by) => format!("{} by {by}", answer.word()),
        Resolution::PassOver => "waits, others run".to_owned(),
        Resolution::Park => "set aside".to_owned(),
        Resolution::Leave(code) => format!("exit {code}"),
    }
}

#[test]
fn every_row_has_its_question_and_every_question_its_row() {
    let asked: Vec<&str> = questions().iter().map(|question| question.row().name).collect();
    let rows: Vec<&str> = ROWS.iter().map(|row| row.name).collect();
    assert_eq!(asked, rows);
}

#[test]
fn who_answers_is_what_the_table_says() {
    let planned = planned(&[]);
    let kinds = [
        policy(None, Presence::Terminal),
        policy(BOTH, Presence::Terminal),
        policy(None, Presence::Headless { wait: false }),
        policy(None, Presence::Headless { wait: true }),
    ];
    let line = |question: &Question| {
        let words: Vec<String> =
            kinds.iter().map(|policy| word(&question.resolve(policy, Some(&planned)))).collect();
        format!("{}: {}", question.row().name, words.join(" | "))
    };
    let table = questions().iter().map(line).collect::<Vec<_>>().join("\n");
    // On a terminal, under `--auto`, without a terminal, without one but with `--wait`.
    insta::assert_snapshot!(table, @r"
    rfc: asks | approve by auto | exit 3 | asks
    push: asks | approve by auto | exit 3 | asks
    push-foreign: asks | waits, others run | exit 3 | asks
    dirty: asks | keep by auto | keep by policy | keep by policy
    red-base: asks | keep by auto | keep by policy | keep by policy
    failed: asks | set aside | exit 1 | asks
    may-be-yours: asks | restore by auto | restore by policy | restore by policy
    trust: asks | exit 2 | exit 2 | exit 2
    history: asks | set aside | exit 3 | asks
    rejected: asks | waits, others run | exit 3 | asks
    interrupted: asks | stop by auto | stop by policy | stop by policy
    locked: asks | exit 3 | exit 3 | asks
    too-large: asks | set aside | exit 3 | asks
    ");
}

#[test]
fn under_auto_a_gate_that_nobody_may_pass_unseen_waits() {
    let auto = policy(BOTH, Presence::Terminal);
    let rfc_only = policy(Some(Auto { rfc: true, push: false }), Presence::Terminal);
    let [rfc, push_gate] = [questions().remove(0), questions().remove(1)];
    let waits = |question: &Question, policy: &Policy, hold: &[GateKind]| {
        question.resolve(policy, Some(&planned(hold))) == Resolution::PassOver
    };
    assert!(waits(&rfc, &auto, &[GateKind::Rfc]) && !waits(&rfc, &auto, &[GateKind::Push]));
    assert!(waits(&push_gate, &auto, &[GateKind::Push]) && !waits(&push_gate, &auto, &[GateKind::Rfc]));
    assert!(waits(&push_gate, &rfc_only, &[]) && !waits(&rfc, &rfc_only, &[]));
    assert!(waits(&Question::Push(push(blocked)), &auto, &[]));
    assert!(waits(&Question::Push(push(|push| push.survey.target = PushTarget::Missing)), &auto, &[]));
}

#[test]
fn a_gate_that_the_configuration_opens_is_open_unless_it_is_held() {
    let mut policy = policy(None, Presence::Headless { wait: false });
    policy.config =
        Config { gates: Gates { rfc: GatePolicy::Auto, push: GatePolicy::Auto }, ..Config::default() };
    let open = Resolution::Answer(Answer::Approve, By::Policy);
    for (question, gate) in [(questions().remove(0), GateKind::Rfc), (questions().remove(1), GateKind::Push)]
    {
        assert_eq!(question.resolve(&policy, Some(&planned(&[]))), open);
        assert_eq!(question.resolve(&policy, Some(&planned(&[gate]))), Resolution::Leave(3));
    }
    for change in [foreign, blocked] {
        assert_eq!(Question::Push(push(change)).resolve(&policy, Some(&planned(&[]))), Resolution::Leave(3));
    }
    policy.config.gates.push = GatePolicy::Never;
    let closed = Resolution::Answer(Answer::Finish, By::Policy);
    assert_eq!(Question::Push(push(foreign)).resolve(&policy, Some(&planned(&[]))), closed);
}

#[test]
fn an_answer_fits_if_its_word_is_offered_and_says_enough() {
    for question in questions() {
        for word in question.answers() {
            let answer = match word {
                "approve" => Answer::Approve,
                "revise" => Answer::Revise { feedback: "why".to_owned() },
                "retry" => Answer::Retry { note: None },
                "skip" => Answer::Skip,
                "keep" => Answer::Keep,
                "restore" => Answer::Restore,
                "finish" => Answer::Finish,
                "push-to" => Answer::PushTo { branch: "else".to_owned() },
                "verify" => Answer::Verify { command: "true".to_owned() },
                "stop" => Answer::Stop,
                other => panic!("{other}"),
            };
            assert!(question.admits(&answer), "{}: {word}", question.row().name);
        }
        assert!(!question.admits(&Answer::Revise { feedback: " ".to_owned() }));
    }
    let close = Question::Failed { milestone: milestone(), work: WorkId::Close(1), reason: "why".to_owned() };
    assert!(!close.admits(&Answer::Skip), "there is nothing after the end to go on with");
}

#[test]
fn of_a_refused_push_the_reason_is_said_in_a_line() {
    let words =
        "To /remote\n!\tabc:refs/heads/main\t[rejected] (fetch first)\nerror: failed to push some refs";
    let refused = Question::Rejected(push(|push| push.words = Some(words.to_owned())));
    assert_eq!(refused.text(), "The push was not taken: [rejected] (fetch first). What now?");
    let refused = Question::Rejected(push(|push| push.words = Some("\nno route to host.\n".to_owned())));
    assert_eq!(refused.text(), "The push was not taken: no route to host. What now?");
}
