//! Comments on lines of what a question shows, and the ways through it.

use super::*;

/// A question about a push, with a line of the diff chosen that says this.
fn at(line: &str) -> Bench {
    let mut bench = Bench::looking(PLAIN, (100, 40));
    bench.tell(push());
    to(&mut bench, line);
    bench
}

/// Chooses the next line that says this.
fn to(bench: &mut Bench, line: &str) {
    for _ in 0..200 {
        let seen = bench.seen();
        if seen.lines().any(|row| row.contains('▸') && row.contains(line)) {
            return;
        }
        bench.press("down");
    }
    panic!("{line} is not there:\n{}", bench.seen());
}

/// Types a text, letter by letter.
fn typed(bench: &mut Bench, text: &str) {
    let keys: Vec<String> =
        text.chars().map(|c| if c == ' ' { "space".to_owned() } else { c.to_string() }).collect();
    bench.press(&keys.join(" "));
}

#[test]
fn a_comment_stands_below_its_line_and_goes_with_what_is_sent_back() {
    let mut bench = at("+    newer();");
    assert_eq!(bench.press("c"), []);
    assert!(bench.seen().contains("Comment on src/auth.rs:3:"), "{}", bench.seen());
    typed(&mut bench, "a or b");
    bench.press("enter");
    let seen = bench.seen();
    assert!(seen.contains("╰ a or b") && seen.contains("· 1 comment"), "{seen}");
    assert!(seen.contains("src/auth.rs  +42 -3  (1 comment)"), "{seen}");
    bench.press("r");
    typed(&mut bench, "and more");
    let feedback = "src/auth.rs:3: a or b\n> +    newer();\n\nand more".to_owned();
    assert_eq!(bench.press("enter"), answer(&push(), Answer::Revise { feedback }));
    bench.tell(push());
    assert!(!bench.seen().contains("a or b"), "it was sent");
}

#[test]
fn a_comment_is_edited_where_it_stands_and_emptied_it_is_gone() {
    let mut bench = at("-    old();");
    bench.press("c o n e enter down c");
    assert!(bench.seen().contains("Comment on src/auth.rs:2:"), "{}", bench.seen());
    bench.press("! enter");
    assert!(bench.seen().contains("╰ one!"), "{}", bench.seen());
    bench.press("up c backspace esc");
    assert!(bench.seen().contains("╰ one!"), "it was left as it was: {}", bench.seen());
    bench.press("c backspace backspace backspace backspace enter");
    assert!(!bench.seen().contains('╰') && !bench.seen().contains("comment)"), "{}", bench.seen());
}

#[test]
fn a_comment_key_that_was_meant_for_something_else_opens_nothing() {
    let mut bench = at("+    newer();");
    // New content disarms it.
    bench.tell(push());
    to(&mut bench, "+    newer();");
    bench.tell(push());
    bench.tell(Msg::Key(key_named("c")));
    bench.wait(1_000);
    assert!(!bench.seen().contains("Comment on"), "{}", bench.seen());
    // Nor does one that comes together with something else.
    to(&mut bench, "+    newer();");
    bench.tell(Msg::Key(key_named("c")));
    bench.tell(Msg::Key(key_named("d")));
    bench.wait(1_000);
    assert!(!bench.seen().contains("Comment on"), "{}", bench.seen());
    // Nor one on a line of which nothing can be said.
    bench.press("home c");
    assert!(!bench.seen().contains("Comment on"), "{}", bench.seen());
}

#[test]
fn a_comment_stays_while_the_question_is_aside_renewed_or_gone_for_a_while() {
    let mut bench = at("+    newer();");
    bench.press("c w h y enter");
    bench.press("esc g");
    assert!(bench.seen().contains("╰ why"), "{}", bench.seen());
    bench.resize((60, 40));
    assert!(bench.seen().contains("╰ why"), "{}", bench.seen());
    bench.resize((100, 40));
    bench.tell(push());
    assert!(bench.seen().contains("╰ why"), "{}", bench.seen());
    bench.tell(Msg::Unasked(gate(&push())));
    let Msg::Asked(mut asked, mut page) = push() else { panic!("it is a question") };
    asked.gate = GateId::parse("push-0001").unwrap();
    page.patch = page.patch.map(|patch| patch.replace("newer", "newest"));
    bench.tell(Msg::Asked(asked, page));
    let seen = bench.seen();
    assert!(seen.contains("Comments on lines that are not there any more"), "{seen}");
    assert!(seen.contains("> +    newer();") && seen.contains("╰ why"), "{seen}");
    bench.press("r");
    assert!(bench.seen().contains("src/auth.rs:3: why"), "{}", bench.seen());
}

#[test]
fn a_comment_that_is_being_written_is_not_lost_when_its_question_goes() {
    let mut bench = at("+    newer();");
    bench.press("c w h y");
    bench.tell(push());
    assert!(bench.seen().contains("Comment on src/auth.rs:3:"), "{}", bench.seen());
    bench.tell(Msg::Unasked(gate(&push())));
    bench.tell(push());
    assert!(bench.seen().contains("╰ why"), "{}", bench.seen());
}

#[test]
fn a_comment_is_kept_at_once_though_there_is_something_new() {
    let mut bench = at("+    newer();");
    bench.press("c w h y");
    bench.tell(push());
    bench.wait(40);
    bench.tell(Msg::Key(key_named("enter")));
    assert!(bench.seen().contains("╰ why"), "{}", bench.seen());
}

#[test]
fn a_design_is_commented_on_by_the_lines_of_its_file() {
    let mut bench = Bench::looking(PLAIN, (100, 40));
    bench.tell(rfc());
    to(&mut bench, "src/auth.rs");
    bench.press("c n o enter");
    to(&mut bench, "2. another one");
    let feedback = "rfc.md:8: no\n> | store | `src/auth.rs` |\n\nrfc.md:12: ok\n> 2. another one".to_owned();
    bench.press("c o k enter r");
    assert_eq!(bench.press("enter"), answer(&rfc(), Answer::Revise { feedback }));
}

#[test]
fn the_files_of_a_push_are_gone_through_one_by_one() {
    let mut bench = Bench::looking(PLAIN, (80, 15));
    let Msg::Asked(asked, mut page) = push() else { panic!("it is a question") };
    let file = |name: &str| {
        let lines = "+x\n".repeat(30);
        format!("diff --git a/{name} b/{name}\n@@ -0,0 +1,30 @@\n{lines}")
    };
    page.patch = Some(format!("{}{}", file("one.rs"), file("two.rs")));
    bench.tell(Msg::Asked(asked, page));
    let first = |bench: &mut Bench| bench.seen().lines().nth(2).unwrap().to_owned();
    bench.press("]");
    assert!(first(&mut bench).contains("▸diff --git a/one.rs"), "{}", bench.seen());
    bench.press("]");
    assert!(first(&mut bench).contains("▸diff --git a/two.rs"), "{}", bench.seen());
    bench.press("] [");
    assert!(first(&mut bench).contains("▸diff --git a/one.rs"), "{}", bench.seen());
}

#[test]
fn something_is_searched_for_in_a_question_and_letters_of_it_answer_nothing() {
    let mut bench = Bench::looking(PLAIN, USUAL);
    bench.tell(push());
    assert_eq!(bench.press("/ a f n e w enter"), [], "they are text: {}", bench.seen());
    assert_eq!(bench.press("/ n e w enter"), []);
    assert!(bench.seen().contains("▸+    new();"), "{}", bench.seen());
    assert!(bench.seen().contains("/new (n next, N before)"), "{}", bench.seen());
    bench.press("n");
    assert!(bench.seen().contains("▸+    newer();"), "{}", bench.seen());
    bench.press("N");
    assert!(bench.seen().contains("▸+    new();"), "{}", bench.seen());
    assert_eq!(bench.press("a"), answer(&push(), Answer::Approve));
}

#[test]
fn where_n_answers_an_empty_search_goes_on() {
    let mut bench = Bench::looking(PLAIN, (60, 15));
    let Msg::Asked(asked, mut page) = failed() else { panic!("it is a question") };
    page.text = Some(format!("{}needle one\n{}needle two\n", "x\n".repeat(30), "x\n".repeat(30)));
    bench.tell(Msg::Asked(asked, page));
    bench.press("/ n e e d l e enter");
    assert!(bench.seen().contains("needle one"), "{}", bench.seen());
    assert!(bench.seen().contains("/needle (/ enter: next)"), "{}", bench.seen());
    bench.press("/ enter");
    assert!(bench.seen().contains("needle two"), "{}", bench.seen());
    bench.press("n");
    assert!(bench.seen().contains("A note for the agent:"), "{}", bench.seen());
}

/// What a hand may do to a question.
fn keys() -> impl Strategy<Value = Vec<(&'static str, u64)>> {
    let names = "c c c enter esc up down pgup pgdn home end ] [ / n N r g x space backspace d v ctrl-l"
        .split(' ')
        .collect::<Vec<_>>();
    prop::collection::vec((prop::sample::select(names), prop::sample::select(vec![0, 60, 500])), 1..60)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    /// Whatever is pressed, a comment that is there is below its line or in the list; it goes only where it is sent or
    /// emptied by hand. In the second patch its line is another one.
    #[test]
    fn every_comment_is_somewhere(keys in keys(), other in prop::bool::ANY, width in 60_u16..120) {
        let mut bench = at("+    newer();");
        bench.press("c m a r k enter");
        let mut was_sent = false;
        for (key, wait) in keys {
            // A letter of a mark that is being edited would make it another one.
            let is_writing = bench.screen.dialog().is_some_and(|dialog| dialog.entry().is_some());
            if is_writing && !matches!(key, "enter" | "esc" | "up" | "down" | "home" | "end") {
                continue;
            }
            bench.wait(wait);
            let commands = bench.tell(Msg::Key(key_named(key)));
            was_sent |= commands.iter().any(|command| matches!(command, Command::Answer { .. }));
            was_sent |= !bench.wait(0).is_empty();
        }
        if was_sent {
            return Ok(());
        }
        bench.resize((width, 60));
        let Msg::Asked(asked, mut page) = push() else { panic!("it is a question") };
        if other {
            page.patch = page.patch.map(|patch| patch.replace("newer", "newest"));
        }
        bench.tell(Msg::Asked(asked, page));
        for _ in 0..4 {
            if bench.screen.desk.viewer.is_some() || bench.screen.desk.help.is_some() || bench.screen.dialog().is_some() {
                bench.press("esc");
            }
        }
        prop_assert!(bench.screen.desk.viewer.is_none() && bench.screen.desk.help.is_none());
        bench.press("g");
        let dialog = bench.screen.dialog().expect("it waits");
        prop_assert!(dialog.comment_count() >= 1);
        let shown = dialog.sheet.pieces().iter().filter(|piece| matches!(piece.mark, crate::sheet::Mark::Comment(_)));
        prop_assert!(shown.count() >= dialog.comment_count(), "{}", bench.seen());
        prop_assert_eq!(bench.seen().contains("not there any more"), other, "{}", bench.seen());
    }
}
