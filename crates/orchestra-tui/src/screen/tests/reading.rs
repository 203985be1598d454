//! The viewer: from one document to the next, lists that are opened, filters, and always a way back.

use super::*;
use crate::testing::milestone;
use crate::viewer::{Reading, Want};

fn named(name: &str) -> Want {
    Want::Named { milestone: milestone("M1-user-auth"), name: name.to_owned() }
}

/// A document among three.
fn document(name: &str, before: Option<&str>, after: Option<&str>) -> Reading {
    Reading::OneOf {
        title: format!("{name} (x of 3)"),
        before: before.map(named),
        after: after.map(named),
        reading: Box::new(Reading::Markdown(format!("# This is {name}\n"))),
    }
}

#[test]
fn the_documents_of_a_milestone_are_gone_through_one_by_one() {
    let mut bench = Bench::looking(PLAIN, USUAL);
    let want =
        Want::Document { milestone: milestone("M1-user-auth"), work: Some(crate::testing::phase("phase-2")) };
    assert_eq!(bench.press("d"), [Command::Read(want.clone())]);
    bench.tell(Msg::Read(want, document("milestone.md", None, Some("prd.md"))));
    let seen = bench.seen();
    assert!(seen.contains("document · M1-user-auth · milestone.md (x of 3)"), "{seen}");
    assert!(seen.contains("] [ document"), "{seen}");
    assert_eq!(bench.press("["), [], "it is the first");
    assert_eq!(bench.press("]"), [Command::Read(named("prd.md"))]);
    assert!(bench.seen().contains("This is milestone.md"), "until the other one comes");
    bench.tell(Msg::Read(named("prd.md"), document("prd.md", Some("milestone.md"), Some("rfc.md"))));
    assert!(bench.seen().contains("This is prd.md"), "{}", bench.seen());
    assert_eq!(bench.press("["), [Command::Read(named("milestone.md"))]);
    // What comes late is not what is shown.
    bench.tell(Msg::Read(named("prd.md"), document("late.md", None, None)));
    assert!(!bench.seen().contains("late.md"), "{}", bench.seen());
    bench.press("esc");
    assert!(bench.seen().contains("Milestones"), "{}", bench.seen());
}

#[test]
fn a_turn_says_which_it_is() {
    let mut bench = Bench::looking(PLAIN, USUAL);
    let work = Some(WorkId::Rfc);
    let want = |turn| Want::Turn { milestone: milestone("M1-user-auth"), work: work.clone(), turn };
    bench.press("tab down");
    let last = Want::Transcript { milestone: milestone("M1-user-auth"), work: work.clone() };
    assert_eq!(bench.press("t"), [Command::Read(last.clone())]);
    let reading = Reading::OneOf {
        title: "attempt 2 · turn 2 of 2".to_owned(),
        before: Some(want(4)),
        after: None,
        reading: Box::new(Reading::Printed("what was said\n".to_owned())),
    };
    bench.tell(Msg::Read(last, reading));
    let seen = bench.seen();
    assert!(seen.contains("transcript · M1-user-auth · rfc · attempt 2 · turn 2 of 2"), "{seen}");
    assert!(seen.contains("] [ turn"), "{seen}");
    assert_eq!(bench.press("["), [Command::Read(want(4))]);
}

#[test]
fn the_files_of_a_change_are_gone_through_one_by_one() {
    let mut bench = Bench::looking(PLAIN, (80, 15));
    bench.press("v");
    let want =
        Want::Changes { milestone: milestone("M1-user-auth"), work: Some(crate::testing::phase("phase-2")) };
    let file = |name: &str| format!("diff --git a/{name} b/{name}\n@@ -0,0 +1,30 @@\n{}", "+x\n".repeat(30));
    bench.tell(Msg::Read(want, Reading::Patch(format!("a head\n\n{}{}", file("one"), file("two")))));
    bench.press("]");
    assert!(bench.seen().lines().nth(2).unwrap().contains("a/one"), "{}", bench.seen());
    bench.press("]");
    assert!(bench.seen().lines().nth(2).unwrap().contains("a/two"), "{}", bench.seen());
    bench.press("[");
    assert!(bench.seen().lines().nth(2).unwrap().contains("a/one"), "{}", bench.seen());
}

#[test]
fn what_is_opened_from_a_list_is_left_by_going_back_to_it() {
    let mut bench = Bench::looking(PLAIN, USUAL);
    assert_eq!(bench.press("r"), [Command::Read(Want::Rescue)]);
    let saved = |name: &str| Want::Saved { name: name.to_owned() };
    let rows = ["M1-a/phase-1/1/before", "M1-a/phase-1/1/result"];
    let list = Reading::List {
        head: "how it is brought back\n\n".to_owned(),
        rows: rows.map(|name| (format!("{name}  3 files"), saved(name))).to_vec(),
    };
    bench.tell(Msg::Read(Want::Rescue, list));
    assert!(bench.seen().contains("▸M1-a/phase-1/1/before"), "{}", bench.seen());
    bench.press("down");
    assert!(bench.seen().contains("▸M1-a/phase-1/1/result"), "{}", bench.seen());
    assert_eq!(bench.press("enter"), [Command::Read(saved(rows[1]))]);
    bench.tell(Msg::Read(saved(rows[1]), Reading::Patch("diff --git a/x b/x\n".to_owned())));
    let seen = bench.seen();
    assert!(seen.contains("rescued · M1-a/phase-1/1/result") && seen.contains("back to the list"), "{seen}");
    bench.press("esc");
    assert!(bench.seen().contains("▸M1-a/phase-1/1/result"), "{}", bench.seen());
    bench.press("esc");
    assert!(bench.screen.desk.viewer.is_none());
}

#[test]
fn only_lines_with_a_text_are_shown_and_an_empty_one_shows_all() {
    let mut bench = Bench::looking(PLAIN, USUAL);
    bench.press("l");
    let want = Want::Journal { milestone: None };
    bench.tell(Msg::Read(want.clone(), Reading::Printed("Picked\nasked\npicked again\n".to_owned())));
    bench.press("& p i c k e d enter");
    let seen = bench.seen();
    assert!(seen.contains("journal · only lines with “picked”"), "{seen}");
    assert!(seen.contains("Picked") && seen.contains("picked again") && !seen.contains("asked"), "{seen}");
    bench.press("& enter");
    assert!(bench.seen().contains("asked") && !bench.seen().contains("only lines"), "{}", bench.seen());
    bench.press("& x y z enter");
    assert!(!bench.seen().contains("Picked"), "{}", bench.seen());
    bench.press("down up pgdn end home n N");
    bench.press("& a esc");
    assert!(bench.seen().contains("only lines with “xyz”"), "{}", bench.seen());
    // What comes anew is shown whole.
    bench.tell(Msg::Read(want, Reading::Printed("Picked\n".to_owned())));
    assert!(bench.seen().contains("Picked"), "{}", bench.seen());
}

#[test]
fn an_empty_search_goes_on_with_the_last() {
    let mut bench = Bench::looking(PLAIN, (80, 15));
    bench.press("l");
    let text = format!("{}needle 1\n{}needle 2\n{}", "x\n".repeat(30), "x\n".repeat(30), "x\n".repeat(30));
    bench.tell(Msg::Read(Want::Journal { milestone: None }, Reading::Printed(text)));
    bench.press("home / n e e d l e enter");
    assert!(bench.seen().lines().nth(2).unwrap().contains("needle 1"), "{}", bench.seen());
    bench.press("/ enter");
    assert!(bench.seen().lines().nth(2).unwrap().contains("needle 2"), "{}", bench.seen());
    bench.press("N");
    assert!(bench.seen().lines().nth(2).unwrap().contains("needle 1"), "{}", bench.seen());
}

#[test]
fn a_text_that_is_broken_over_two_rows_is_found() {
    let mut bench = Bench::looking(PLAIN, (60, 15));
    bench.press("d");
    let want =
        Want::Document { milestone: milestone("M1-user-auth"), work: Some(crate::testing::phase("phase-2")) };
    let text = format!("{}{} a needle in hay\n", "x\n\n".repeat(20), "y".repeat(47));
    bench.tell(Msg::Read(want, Reading::Markdown(text)));
    bench.press("/ n e e d l e space i n space h a y enter");
    assert!(bench.seen().contains("yyy"), "{}", bench.seen());
}

/// What there is to be read.
fn anything_read() -> impl Strategy<Value = Reading> {
    let text = "([a-z漢\u{1b}+\\-@ ]{0,90}\n){0,40}";
    let patch = "(diff --git a/x b/x\n(@@ -[0-3],[0-3] \\+[0-3],[0-3] @@\n)?([+\\- ]x\n){0,9}){0,5}";
    let want = prop::option::of(Just(Want::Since));
    let simple = prop_oneof![
        text.prop_map(Reading::Markdown),
        patch.prop_map(Reading::Patch),
        text.prop_map(Reading::Printed),
        text.prop_map(Reading::Nothing),
        (text, prop::collection::vec(text, 0..5)).prop_map(|(head, rows)| {
            let row = |(number, text)| (text, Want::Saved { name: format!("{number}") });
            Reading::List { head, rows: rows.into_iter().enumerate().map(row).collect() }
        }),
    ];
    (simple, want.clone(), want, any::<bool>()).prop_map(|(reading, before, after, is_one)| {
        if is_one {
            let title = "1 of 2".to_owned();
            Reading::OneOf { title, before, after, reading: Box::new(reading) }
        } else {
            reading
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    /// Whatever is read and pressed: nothing breaks, every cell is harmless, and `esc` leads out of everything.
    #[test]
    fn every_viewer_is_left_by_esc(
        readings in prop::collection::vec(anything_read(), 1..4),
        keys in prop::collection::vec(prop::sample::select(
            "enter enter ] [ / & n N up down pgup pgdn home end space x a backspace".split(' ').collect::<Vec<_>>()
        ), 0..40),
        size in (40_u16..120, 10_u16..50),
        begin in prop::sample::select(vec!["d", "v", "t", "l", "r", "w"]),
    ) {
        let mut bench = Bench::looking(PLAIN, USUAL);
        bench.press(begin);
        let mut readings = readings.into_iter().cycle();
        let mut keys = keys.into_iter();
        let mut depth = 1;
        loop {
            let want = bench.screen.desk.viewer.as_ref().expect("it is open").want.clone();
            bench.tell(Msg::Read(want, readings.next().expect("it goes round")));
            let mut was_asked = false;
            for key in keys.by_ref() {
                let commands = bench.press(key);
                assert_harmless(&mut bench);
                if commands.iter().any(|command| matches!(command, Command::Read(_))) {
                    was_asked = true;
                    depth += 1;
                    break;
                }
            }
            if !was_asked {
                break;
            }
        }
        bench.resize(size);
        assert_harmless(&mut bench);
        // One for a text that is being typed.
        for _ in 0..=depth {
            if bench.screen.desk.viewer.is_some() {
                bench.press("esc");
            }
        }
        prop_assert!(bench.screen.desk.viewer.is_none());
    }
}

#[test]
fn of_what_is_very_long_only_a_part_is_laid_out_and_it_is_said_how_much_is_left() {
    let lines = |count: usize| {
        let lines: Vec<String> = (1..=count).map(|number| format!("+line-{number}")).collect();
        lines.join("\n") + "\n"
    };
    let shown = |reading: Reading| {
        let mut bench = Bench::looking(PLAIN, USUAL);
        bench.press("l");
        bench.tell(Msg::Read(Want::Journal { milestone: None }, reading));
        bench.press("end");
        let rows = bench.screen.desk.viewer.as_ref().unwrap().rows().len();
        (rows, bench.seen())
    };
    let (rows, seen) = shown(Reading::Patch(lines(20_003)));
    assert!(rows == 20_001 && seen.contains("+line-20000 "), "{rows}: {seen}");
    assert!(seen.contains("… not shown: 3 more lines"), "{seen}");
    let (rows, seen) = shown(Reading::Printed(lines(20_001)));
    assert!(rows == 20_001 && seen.contains("+line-20001 "), "{rows}: {seen}");
    assert!(seen.contains("… not shown: 1 earlier line "), "{seen}");
    let (_, seen) = shown(Reading::Markdown(lines(20_007)));
    assert!(seen.contains("… not shown: 7 more lines"), "{seen}");
    let (rows, seen) = shown(Reading::Patch(lines(20_000)));
    assert!(rows == 20_000 && !seen.contains("not shown"), "{rows}: {seen}");
}
