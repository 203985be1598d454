use crate::msg::Msg;
use crate::testing::{ASCII, Bench, COLOURED, PLAIN, failed, push, rfc};
use crate::theme::Theme;

mod talk;

const SIZES: [(u16, u16); 3] = [(80, 24), (160, 45), (60, 15)];

/// A view at every size, one below the other.
fn views(theme: Theme, show: impl Fn(&mut Bench)) -> String {
    let view = |size| {
        let mut bench = Bench::running(theme, size);
        show(&mut bench);
        bench.seen()
    };
    SIZES.map(view).join("\n\n")
}

/// A view at every size, without colours and with them.
fn looks_like(name: &str, show: impl Fn(&mut Bench)) {
    insta::assert_snapshot!(name, views(PLAIN, &show));
    let coloured = SIZES.map(|size| {
        let mut bench = Bench::running(COLOURED, size);
        show(&mut bench);
        bench.looks()
    });
    insta::assert_snapshot!(format!("{name}_in_colours"), coloured.join("\n\n"));
}

fn asks(msg: &Msg) -> impl Fn(&mut Bench) {
    move |bench| {
        bench.tell(msg.clone());
        bench.wait(1_000);
    }
}

#[test]
fn a_running_phase() {
    looks_like("a_running_phase", |_| {});
}

#[test]
fn a_running_phase_in_ascii() {
    insta::assert_snapshot!(views(ASCII, |_| {}));
}

#[test]
fn a_question_about_a_design() {
    looks_like("a_question_about_a_design", asks(&rfc()));
}

#[test]
fn a_question_about_a_push() {
    looks_like("a_question_about_a_push", asks(&push()));
}

#[test]
fn a_question_about_a_failed_phase_with_a_note_being_written() {
    looks_like("a_question_about_a_failed_phase_with_a_note_being_written", |bench| {
        asks(&failed())(bench);
        bench.press("n h i");
    });
}

#[test]
fn the_keys() {
    looks_like("the_keys", |bench| drop(bench.press("?")));
}

#[test]
fn the_palette() {
    looks_like("the_palette", |bench| drop(bench.press("ctrl-p p a g down")));
}

#[test]
fn a_long_paste_folded_in_a_text() {
    looks_like("a_long_paste_folded_in_a_text", |bench| {
        asks(&failed())(bench);
        bench.press("n h i space");
        bench.tell(Msg::Paste("a line\n".repeat(120)));
    });
}

#[test]
fn a_question_put_aside_and_the_milestones_in_focus() {
    looks_like("a_question_put_aside_and_the_milestones_in_focus", |bench| {
        asks(&push())(bench);
        bench.press("esc tab down");
    });
}

#[test]
fn a_patch_being_read() {
    use crate::viewer::{Reading, Want};
    looks_like("a_patch_being_read", |bench| {
        bench.press("tab v");
        let work = Some(crate::testing::phase("phase-2"));
        let want = Want::Changes { milestone: crate::testing::milestone("M1-user-auth"), work };
        let patch = "commit 1\n    feat: x\n\ndiff --git a/a b/a\n@@ -1 +1 @@\n-old\n+new\twith a tab\n";
        bench.tell(Msg::Read(want, Reading::Patch(patch.to_owned())));
    });
}

#[test]
fn a_terminal_that_is_too_small_says_so_and_recovers() {
    let mut bench = Bench::running(PLAIN, (20, 5));
    assert!(bench.seen().starts_with("too small"), "{}", bench.seen());
    bench.resize((80, 24));
    assert!(bench.seen().contains("Milestones"));
}

#[test]
fn colours_are_used_only_where_they_may_be() {
    use ratatui::style::Color;
    let coloured = |theme| {
        let mut bench = Bench::running(theme, (80, 24));
        bench.tell(push());
        bench.wait(1_000);
        bench
            .cells()
            .content()
            .iter()
            .filter(|cell| cell.fg != Color::Reset || cell.bg != Color::Reset)
            .count()
    };
    assert_eq!(coloured(PLAIN), 0);
    assert!(coloured(crate::testing::COLOURED) > 0);
}

#[test]
fn a_comment_on_a_line_of_a_push() {
    looks_like("a_comment_on_a_line_of_a_push", |bench| {
        asks(&push())(bench);
        bench.press("] down down down down down down c w h y ? enter");
    });
}

#[test]
fn a_comment_on_a_line_of_a_push_in_ascii_while_it_is_written() {
    insta::assert_snapshot!(views(ASCII, |bench| {
        asks(&push())(bench);
        bench.press("] down down down down down down c w h y ? enter c !");
    }));
}

#[test]
fn comments_about_to_be_sent() {
    looks_like("comments_about_to_be_sent", |bench| {
        asks(&push())(bench);
        bench.press("] down down down down down down c w h y ? enter r");
    });
}

#[test]
fn what_was_rescued_as_a_list() {
    use crate::viewer::{Reading, Want};
    looks_like("what_was_rescued_as_a_list", |bench| {
        bench.press("tab r");
        let rows = ["M1-a/phase-2/1/before", "M1-a/phase-1/1/out-of-room"];
        let row = |name: &str| {
            let words = format!(
                "{name}  2026-03-01 12:41 · 3 files  orchestra: what was not committed before a turn"
            );
            (words, Want::Saved { name: name.to_owned() })
        };
        let head = "`orchestra rescue restore NAME` brings one back.\n\n".to_owned();
        bench.tell(Msg::Read(Want::Rescue, Reading::List { head, rows: rows.map(row).to_vec() }));
        bench.press("down");
    });
}

#[test]
fn one_document_of_several() {
    use crate::viewer::{Reading, Want};
    looks_like("one_document_of_several", |bench| {
        bench.press("tab d");
        let milestone = crate::testing::milestone("M1-user-auth");
        let named = |name: &str| Some(Want::Named { milestone: milestone.clone(), name: name.to_owned() });
        let reading = Reading::OneOf {
            title: "rfc.md (3 of 7)".to_owned(),
            before: named("prd.md"),
            after: named("context.md"),
            reading: Box::new(Reading::Markdown("# RFC\n\nCookies.\n\nSessions.\n".to_owned())),
        };
        bench.tell(Msg::Read(
            Want::Document { milestone: milestone.clone(), work: Some(crate::testing::phase("phase-2")) },
            reading,
        ));
        bench.press("& s e s s enter");
    });
}
