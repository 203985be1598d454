use orchestra_core::id::RoleId;

use super::*;

fn hash(text: &str) -> ContentHash {
    ContentHash::of(text.as_bytes())
}

fn commit(digit: char) -> CommitId {
    CommitId::parse(&digit.to_string().repeat(40)).unwrap()
}

fn milestone() -> MilestoneId {
    MilestoneId::parse("M1-x").unwrap()
}

fn gate(text: &str) -> GateId {
    GateId::parse(text).unwrap()
}

fn asked(id: &str, of: &str) -> Record {
    Record::Asked {
        gate: gate(id),
        question: "rfc".to_owned(),
        milestone: Some(milestone()),
        of: hash(of),
        text: "?".to_owned(),
        answers: vec!["approve".to_owned()],
    }
}

fn answered(id: &str, of: &str, answer: Answer) -> Record {
    let milestone = Some(milestone());
    Record::Answered {
        gate: gate(id),
        question: "rfc".to_owned(),
        milestone,
        of: hash(of),
        answer,
        by: By::User,
    }
}

fn fold(records: impl IntoIterator<Item = Record>) -> Memory {
    let at = Timestamp::UNIX_EPOCH;
    Memory::of(records.into_iter().zip(1..).map(|(record, seq)| Entry { seq, at, record }))
}

#[test]
fn an_answer_counts_for_what_was_shown_and_for_nothing_else() {
    let memory = fold([asked("rfc-1", "old"), answered("rfc-1", "old", Answer::Approve)]);
    assert!(memory.open.is_empty());
    let find = |of| memory.find_answer(Some(&milestone()), "rfc", hash(of)).map(|given| &given.answer);
    assert_eq!(find("old"), Some(&Answer::Approve));
    assert_eq!(find("new"), None);
    assert_eq!(memory.find_answer(Some(&milestone()), "push", hash("old")), None);
    assert_eq!(memory.find_answer(None, "rfc", hash("old")), None);
}

#[test]
fn of_two_answers_about_the_same_the_later_one_counts() {
    let memory = fold([answered("rfc-1", "x", Answer::Approve), answered("rfc-2", "x", Answer::Stop)]);
    let given = memory.find_answer(Some(&milestone()), "rfc", hash("x")).unwrap();
    assert_eq!((given.seq, &given.answer, &given.gate), (2, &Answer::Stop, &gate("rfc-2")));
}

#[test]
fn a_question_is_open_until_it_is_answered_withdrawn_or_asked_anew() {
    let open = |records: &[Record]| {
        fold(records.to_vec()).open.into_keys().map(|gate| gate.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(open(&[asked("rfc-1", "a")]), ["rfc-1"]);
    assert_eq!(open(&[asked("rfc-1", "a"), asked("rfc-2", "a")]), ["rfc-2"]);
    assert_eq!(open(&[asked("rfc-1", "a"), asked("rfc-2", "b")]), ["rfc-1", "rfc-2"]);
    assert_eq!(open(&[asked("rfc-1", "a"), Record::Withdrawn { gate: gate("rfc-1") }]), [""; 0]);
    assert_eq!(open(&[asked("rfc-1", "a"), answered("rfc-1", "a", Answer::Approve)]), [""; 0]);
}

#[test]
fn a_commit_is_only_intended_until_its_branch_names_it() {
    let fix = WorkId::Fix { round: 1, role: RoleId::parse("backend-engineer").unwrap() };
    let work = |commit, is_done: bool| {
        let (milestone, work) = (milestone(), fix.clone());
        if is_done {
            Record::Committed { milestone, work, commit }
        } else {
            Record::Intended { milestone, work, commit }
        }
    };
    let of = (milestone(), fix.clone());
    let memory = fold([work(commit('a'), false), work(commit('b'), false)]);
    assert_eq!((memory.intended.get(&of), memory.committed.get(&of)), (Some(&commit('b')), None));
    let memory = fold([work(commit('b'), false), work(commit('b'), true)]);
    assert_eq!((memory.intended.get(&of), memory.committed.get(&of)), (None, Some(&commit('b'))));
}

#[test]
fn a_base_command_has_its_last_colour() {
    let verified = |green: &[&str], red: &[&str]| {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let tree = TreeId::parse(&"c".repeat(40)).unwrap();
        Record::BaseVerified { tree, green: words(green), red: words(red) }
    };
    let memory = fold([verified(&["a"], &["b"]), verified(&["b"], &["c"])]);
    let result = memory.bases.into_values().next().unwrap();
    assert_eq!((result.green, result.red), (vec!["a".to_owned(), "b".to_owned()], vec!["c".to_owned()]));
}

#[test]
fn a_document_is_ours_in_each_of_its_last_versions() {
    let path = RepoPath::parse(".orchestra/milestones/M1-x/context.md").unwrap();
    let wrote = |version: usize| Record::Wrote { path: path.clone(), hash: hash(&version.to_string()) };
    let memory = fold((0..=VERSIONS).map(wrote));
    assert!((1..=VERSIONS).all(|version| memory.is_ours(&path, hash(&version.to_string()))));
    assert!(!memory.is_ours(&path, hash("0")), "bounded");
    assert!(!memory.is_ours(&RepoPath::parse("other").unwrap(), hash("1")));
}

#[test]
fn a_worker_that_was_cut_short_left_its_turns_and_a_later_one_has_none() {
    let started = Record::Started { pid: 1, boot: "b".to_owned(), version: "1".to_owned() };
    let turn = Record::TurnStarted {
        turn: TurnId(1),
        milestone: milestone(),
        work: WorkId::Rfc,
        attempt: 3,
        agent: AgentName::parse("claude").unwrap(),
    };
    let usage = Some(Usage { input: 5, ..Usage::default() });
    let ended = Record::TurnEnded { turn: TurnId(1), outcome: "reported".to_owned(), usage };
    let cut = fold([started.clone(), turn.clone()]);
    assert_eq!((cut.turns.len(), cut.worker.clone().unwrap().1), (1, None));
    let next = fold([started.clone(), turn.clone(), started.clone()]);
    assert_eq!((next.turns.len(), next.attempts[&(milestone(), WorkId::Rfc)]), (0, 3));
    let whole = fold([started, turn, ended, Record::Left { code: 0 }]);
    assert_eq!((whole.turns.len(), whole.usage[&milestone()].input), (0, 5));
    assert_eq!(whole.worker.unwrap().1, Some(0));
}
