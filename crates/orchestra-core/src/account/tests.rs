//! Journals, and what they come to.

use std::fmt::Write as _;

use proptest::prelude::*;

use super::*;
use crate::record::Entry;
use crate::report::Usage;

/// A journal as it stands in the file, a minute between one line and the next.
fn journal(records: &[String]) -> Accounts {
    let mut accounts = Accounts::default();
    for (index, record) in records.iter().enumerate() {
        let (seq, hours, minutes) = (index + 1, index / 60, index % 60);
        let head = format!("{{\"seq\":{seq},\"at\":\"2026-03-01T{hours:02}:{minutes:02}:00Z\",");
        let entry: Entry = serde_json::from_str(&record.replacen('{', &head, 1)).expect(record);
        accounts.take(&entry);
    }
    accounts
}

fn began() -> String {
    r#"{"record":"started","pid":7,"boot":"x","version":"2.0.0"}"#.to_owned()
}

fn left() -> String {
    r#"{"record":"left","code":0}"#.to_owned()
}

fn turn(turn: u64, work: &str, attempt: u32) -> String {
    format!(
        r#"{{"record":"turn-started","turn":{turn},"milestone":"M1-a","work":"{work}","attempt":{attempt},"baseline":1,"since":1,"agent":"claude","role":"backend"}}"#
    )
}

fn end(turn: u64, outcome: &str, usage: &str) -> String {
    let usage = if usage.is_empty() { String::new() } else { format!(r#","usage":{usage}"#) };
    format!(r#"{{"record":"turn-ended","turn":{turn},"outcome":"{outcome}"{usage}}}"#)
}

fn committed(work: &str) -> String {
    let commit = "1".repeat(40);
    format!(r#"{{"record":"committed","milestone":"M1-a","work":"{work}","commit":"{commit}"}}"#)
}

/// A milestone's account, a line a work and a few words for the rest.
fn in_words(accounts: &Accounts) -> String {
    let mut text = String::new();
    for (id, account) in &accounts.milestones {
        writeln!(text, "{id}: {} s, waited {} s", account.wall().0, account.waited.0).unwrap();
        for work in &account.works {
            let WorkAccount { work, role, attempts, failures, spent, committed, .. } = work;
            let role = role.as_ref().map_or("?", RoleId::as_str);
            let done = if committed.is_some() { ", done" } else { "" };
            let Spent { turns, seconds, without_usage, usage, .. } = spent;
            writeln!(
                text,
                "  {work} ({role}): {attempts} attempts, {turns} turns, {} s, {} tok, {without_usage} unknown, {failures} failures{done}",
                seconds.0,
                usage.tokens()
            )
            .unwrap();
        }
        for unmetered in &account.unmetered {
            writeln!(text, "  {} of {}: {}", unmetered.turn, unmetered.work, unmetered.outcome).unwrap();
        }
        let Recoveries { kills, cut_short, retries, repairs, diagnoses, put_back, failures, skipped } =
            account.recoveries;
        writeln!(
            text,
            "  kills {kills}, cut short {cut_short}, retries {retries}, repairs {repairs}, diagnoses {diagnoses}, put back {put_back}, failures {failures}, skipped {skipped}"
        )
        .unwrap();
    }
    text
}

#[test]
fn a_phase_that_was_killed_retried_and_repaired_is_told_as_that() {
    let usage = r#"{"input":1000,"cached":400,"output":50}"#;
    let accounts = journal(&[
        began(),
        turn(1, "phase-1", 1),
        // Killed: the next line is another worker's first.
        began(),
        turn(2, "phase-1", 1),
        end(2, "transient: overloaded", ""),
        turn(3, "phase-1", 1),
        end(3, "reported", usage),
        r#"{"record":"verified","milestone":"M1-a","work":"phase-1","green":["fmt"],"red":["test"]}"#.to_owned(),
        turn(4, "phase-1", 2),
        end(4, "reported", usage),
        r#"{"record":"rescued","reference":"refs/orchestra/rescue/M1-a@other/phase-1/2/out-of-room-2","paths":["a","b"]}"#
            .to_owned(),
        r#"{"record":"rescued","reference":"refs/orchestra/rescue/M1-a/phase-1/2/result","paths":["c"]}"#.to_owned(),
        r#"{"record":"verified","milestone":"M1-a","work":"phase-1","green":["fmt","test"],"red":[]}"#.to_owned(),
        committed("phase-1"),
        committed("phase-1"),
        turn(5, "diagnosis-phase-2", 5),
        left(),
    ]);
    let expected = "\
M1-a: 900 s, waited 0 s
  phase-1 (backend): 2 attempts, 4 turns, 180 s, 2100 tok, 2 unknown, 0 failures, done
  diagnosis-phase-2 (backend): 1 attempts, 1 turns, 60 s, 0 tok, 1 unknown, 0 failures
  turn 1 of phase-1: cut short
  turn 2 of phase-1: transient: overloaded
  turn 5 of diagnosis-phase-2: cut short
  kills 1, cut short 2, retries 1, repairs 1, diagnoses 1, put back 2, failures 0, skipped 0
";
    let told = in_words(&accounts);
    assert_eq!(told, expected, "{told}");
    let account = accounts.milestones.values().next().unwrap();
    let tests: Vec<_> =
        account.tests.iter().map(|(name, test)| (name.as_str(), test.green, test.red)).collect();
    assert_eq!(tests, [("fmt", 2, 0), ("test", 1, 1)]);
    assert_eq!((accounts.runs, accounts.kills), (2, 1));
}

#[test]
fn what_an_agent_that_is_out_of_reach_says_is_told_from_a_failure() {
    for (outcome, is_retry) in [
        ("transient: overloaded", true),
        ("usage limit: until ten", true),
        ("failed: transient: as it said", false),
        ("reported", false),
    ] {
        let accounts = journal(&[began(), turn(1, "phase-1", 1), end(1, outcome, "")]);
        let account = accounts.milestones.values().next().unwrap();
        assert_eq!(account.recoveries.retries, u32::from(is_retry), "{outcome}");
    }
}

#[test]
fn a_question_is_time_for_which_it_waited_and_an_answer_by_whom() {
    let of = format!("sha256:{}", "0".repeat(64));
    let asked = format!(
        r#"{{"record":"asked","gate":"rfc-1","question":"rfc","milestone":"M1-a","of":"{of}","text":"Is it good?","answers":["approve"]}}"#
    );
    let answered = |gate: &str, by: &str| {
        format!(
            r#"{{"record":"answered","gate":"{gate}","question":"rfc","milestone":"M1-a","of":"{of}","answer":{{"answer":"approve"}},"by":"{by}"}}"#
        )
    };
    let accounts = journal(&[asked, began(), answered("rfc-1", "user"), answered("push-2", "auto")]);
    let account = accounts.milestones.values().next().unwrap();
    assert_eq!(account.waited, Seconds(120));
    let given: Vec<_> = account.answers.iter().map(|given| (given.text.as_str(), given.by)).collect();
    assert_eq!(given, [("Is it good?", By::User), ("", By::Auto)]);
}

#[test]
fn decisions_count_with_the_commit_of_their_work_and_once() {
    let intended = |titles: &[&str]| {
        let decisions: Vec<String> = titles.iter().map(|title| format!(r#"{{"title":"{title}"}}"#)).collect();
        format!(
            r#"{{"record":"intended","milestone":"M1-a","work":"phase-1","commit":"{}","decisions":[{}]}}"#,
            "1".repeat(40),
            decisions.join(",")
        )
    };
    let titles = |accounts: &Accounts| -> Vec<String> {
        let account = accounts.milestones.values().next().unwrap();
        account.decisions.iter().map(|decided| decided.decision.title.clone()).collect()
    };
    assert!(titles(&journal(&[intended(&["lost"])])).is_empty());
    let twice = journal(&[
        intended(&["overtaken"]),
        intended(&["kept", "too"]),
        committed("phase-1"),
        committed("phase-1"),
    ]);
    assert_eq!(titles(&twice), ["kept", "too"]);
}

#[test]
fn a_journal_of_before_names_no_role_and_the_documents_do() {
    let of_old = turn(1, "phase-1", 1).replace(r#","role":"backend""#, "");
    let review = turn(2, "review-1", 1).replace(r#","role":"backend""#, "");
    let mut accounts = journal(&[began(), of_old, review]);
    accounts.end_what_is_over();
    assert!(in_words(&accounts).contains("phase-1 (?)"));
    accounts.name_roles(|_, work| work.phase().and_then(|_| RoleId::parse("frontend").ok()));
    let told = in_words(&accounts);
    assert!(told.contains("phase-1 (frontend)") && told.contains("review-1 (code-reviewer)"), "{told}");
}

/// One thing that a journal may hold, in any order.
fn anything() -> impl Strategy<Value = String> {
    let works =
        prop::sample::select(vec!["phase-1", "phase-2", "review-1", "fix-1-backend", "diagnosis-phase-1"]);
    let usage =
        (0..5_000_u64, 0..2_000_u64, 0..400_u64, 0..3_u32).prop_map(|(input, cached, output, cost)| {
            // Parts of two, whose sums are exact.
            let cost =
                if cost == 0 { String::new() } else { format!(r#","cost_usd":{}"#, f64::from(cost) / 8.0) };
            format!(r#"{{"input":{input},"cached":{cached},"output":{output}{cost}}}"#)
        });
    let usage = prop::option::of(usage).prop_map(Option::unwrap_or_default);
    let outcome = prop::sample::select(vec!["reported", "failed: x", "transient: x", "cancelled"]);
    prop_oneof![
        4 => (1..8_u64, works.clone(), 1..4_u32).prop_map(|(id, work, attempt)| turn(id, work, attempt)),
        4 => (1..8_u64, outcome, usage).prop_map(|(id, outcome, usage)| end(id, outcome, &usage)),
        1 => Just(began()),
        1 => Just(left()),
        1 => works.prop_map(committed),
    ]
}

proptest! {
    #[test]
    fn the_sum_is_the_usage_that_arrived_whatever_the_journal_holds(records in prop::collection::vec(anything(), 0..60)) {
        let mut arrived = Spent::default();
        let (mut ends, mut begins) = (0, 0);
        for record in &records {
            let record: serde_json::Value = serde_json::from_str(record).unwrap();
            begins += u32::from(record["record"] == "turn-started");
            if record["record"] == "turn-ended" {
                ends += 1;
                let usage = serde_json::from_value::<Option<Usage>>(record["usage"].clone()).unwrap();
                arrived = arrived.plus(Spent::turn(Seconds::default(), usage));
            }
        }
        let mut accounts = journal(&records);
        accounts.end_what_is_over();
        let sum = accounts.spent();
        prop_assert_eq!(sum.usage, arrived.usage);
        prop_assert_eq!(sum.without_cost, arrived.without_cost);
        // Every turn that began is there, and those that ended and of which nobody saw the begin.
        prop_assert_eq!(sum.turns, begins + accounts.stray.turns);
        prop_assert!(accounts.stray.turns <= ends);
        // Those without usage are named, each of them.
        let named: usize = accounts.milestones.values().map(|account| account.unmetered.len()).sum();
        prop_assert_eq!(u32::try_from(named).unwrap(), sum.without_usage - accounts.stray.without_usage);
        for account in accounts.milestones.values() {
            let by_role = account.roles().into_values().fold(Spent::default(), Spent::plus);
            prop_assert_eq!(by_role, account.spent());
        }
    }
}
