use std::sync::Arc;

use orchestra_core::conversation::{Conversation, What};

use super::SIZES;
use crate::talk::TalkMsg;
use crate::testing::{ASCII, COLOURED, PLAIN, TalkBench, change, form, open, proposal, talking};
use crate::theme::Theme;

/// A view at every size, one below the other.
fn views(theme: Theme, show: impl Fn(&mut TalkBench)) -> String {
    let view = |size| {
        let mut bench = TalkBench::running(theme, size);
        show(&mut bench);
        bench.seen()
    };
    SIZES.map(view).join("\n\n")
}

/// A view at every size, without colours and with them.
fn looks_like(name: &str, show: impl Fn(&mut TalkBench)) {
    insta::assert_snapshot!(name, views(PLAIN, &show));
    let coloured = SIZES.map(|size| {
        let mut bench = TalkBench::running(COLOURED, size);
        show(&mut bench);
        bench.looks()
    });
    insta::assert_snapshot!(format!("{name}_in_colours"), coloured.join("\n\n"));
}

fn waits(what: What) -> impl Fn(&mut TalkBench) {
    move |bench| {
        bench.waits(vec![open(1, what.clone())]);
        bench.wait(1_000);
    }
}

#[test]
fn a_conversation_in_the_middle_of_a_turn() {
    looks_like("a_conversation_in_the_middle_of_a_turn", |_| {});
}

#[test]
fn a_conversation_in_ascii() {
    insta::assert_snapshot!(views(ASCII, |bench| bench.waits(vec![open(1, What::Form(form()))])));
}

#[test]
fn a_conversation_before_anything_was_said() {
    looks_like("a_conversation_before_anything_was_said", |bench| {
        *bench = TalkBench::new(bench.talk.desk.theme, bench.size);
    });
}

#[test]
fn a_proposal_that_waits() {
    looks_like("a_proposal_that_waits", waits(What::Proposal(proposal())));
}

#[test]
fn the_files_of_a_proposal_one_folded_and_a_comment_on_the_other() {
    looks_like("the_files_of_a_proposal_one_folded_and_a_comment_on_the_other", |bench| {
        waits(What::Proposal(proposal()))(bench);
        bench.press("] enter ] down down c w h y ? enter");
    });
}

#[test]
fn a_change_that_waits() {
    looks_like("a_change_that_waits", |bench| {
        waits(What::Proposal(change()))(bench);
        bench.press("]");
    });
}

#[test]
fn questions_that_wait() {
    looks_like("questions_that_wait", |bench| {
        waits(What::Form(form()))(bench);
        bench.press("2 tab down space down down b o t h");
    });
}

#[test]
fn a_proposal_put_aside_while_texts_wait() {
    looks_like("a_proposal_put_aside_while_texts_wait", |bench| {
        waits(What::Proposal(proposal()))(bench);
        bench.press("esc");
        let state = Conversation {
            queue: vec!["one".to_owned(), "two\nthree".to_owned()],
            open: vec![open(1, What::Proposal(proposal()))],
            ..talking(true)
        };
        bench.tell(TalkMsg::State(Arc::new(state)));
    });
}

#[test]
fn files_that_can_be_meant() {
    looks_like("files_that_can_be_meant", |bench| {
        bench.write("see @");
        let files = ["Cargo.toml", "src/auth.rs", "src/api/auth_token.rs"].map(str::to_owned).to_vec();
        bench.tell(TalkMsg::Files(Arc::new(files)));
        bench.write("au");
        bench.press("down");
    });
}

#[test]
fn the_milestones_in_focus() {
    looks_like("the_milestones_in_focus", |bench| drop(bench.press("shift-tab down")));
}

#[test]
fn the_keys_of_a_conversation() {
    looks_like("the_keys_of_a_conversation", |bench| drop(bench.press("?")));
}

#[test]
fn a_terminal_that_is_too_small_for_a_conversation_says_so_and_recovers() {
    let mut bench = TalkBench::running(PLAIN, (20, 5));
    assert!(bench.seen().starts_with("too small"), "{}", bench.seen());
    bench.resize((80, 24));
    assert!(bench.seen().contains("sign cookies"));
}
