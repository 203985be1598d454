use std::collections::BTreeMap;

use orchestra_core::config::keys::KeySetting;
use ratatui::crossterm::event::{KeyCode, KeyModifiers};

use super::*;
use crate::key::Keys;
use crate::testing::milestone;
use crate::viewer::{Reading, Want};

fn copied(commands: &[Command]) -> &str {
    match commands {
        [Command::Copy(text)] => text,
        other => panic!("{other:?}"),
    }
}

fn keys(of: &[(&str, &str)]) -> Keys {
    let setting = |(action, key): &(&str, &str)| {
        let (action, keys) = ((*action).to_owned(), vec![(*key).to_owned()]);
        (action.clone(), KeySetting { action, keys, path: "own.yaml".to_owned(), line: 1, column: 1 })
    };
    Keys::of(&of.iter().map(setting).collect::<BTreeMap<_, _>>()).unwrap()
}

#[test]
fn what_has_the_focus_is_copied_as_it_was_said() {
    let mut bench = Bench::looking(PLAIN, USUAL);
    let words = format!("a\tlong line {}\nand \u{1b}[31mred\u{1b}[0m", "word ".repeat(60));
    bench.tell(Msg::Agent(TurnId(2), AgentEvent::Text { text: words.clone() }));
    let wanted = words.replace("\u{1b}[31m", "").replace("\u{1b}[0m", "");
    assert_eq!(copied(&bench.press("y")), wanted, "the last block");
    assert!(copied(&bench.press("up up y")).starts_with("run cargo test -q\nrunning 12 tests\nerror: wrong"));
    bench.press("end tab down down");
    assert_eq!(copied(&bench.press("y")), "phase-1 Tables");
    bench.press("up");
    assert_eq!(copied(&bench.press("up y")), "M1-user-auth Log in");

    bench.press("d");
    assert_eq!(bench.press("y"), [], "nothing was read yet");
    assert!(bench.seen().contains("there is nothing to copy"), "{}", bench.seen());
    let want = Want::Document { milestone: milestone("M1-user-auth"), work: None };
    bench.tell(Msg::Read(want, Reading::Markdown("# One\n\n*two*\n".to_owned())));
    assert_eq!(copied(&bench.press("y")), "# One\n\n*two*\n");
    bench.press("esc");
    bench.tell(push());
    let page = bench.press("y");
    assert!(
        copied(&page).contains("add login endpoint") && copied(&page).contains("+    new();"),
        "{page:?}"
    );
    assert_eq!(bench.press("a"), answer(&push(), Answer::Approve));
}

#[test]
fn a_word_about_it_stays_until_the_next_key() {
    let mut bench = Bench::looking(PLAIN, USUAL);
    bench.tell(Msg::Told("copied 12 lines by xclip\u{1b}[2J".to_owned()));
    assert!(bench.seen().contains("copied 12 lines by xclip␛[2J · ? keys"), "{}", bench.seen());
    bench.tell(Msg::Tick);
    assert!(bench.seen().contains("copied 12 lines"));
    bench.press("down");
    assert!(!bench.seen().contains("copied 12 lines"));
}

#[test]
fn a_key_beside_the_answers_takes_back_an_answer_that_does_not_count_yet() {
    let mut bench = Bench::looking(PLAIN, USUAL);
    bench.tell(rfc());
    bench.wait(1_000);
    bench.tell(Msg::Key(key_named("a")));
    bench.tell(Msg::Key(key_named("y")));
    assert_eq!(bench.wait(1_000), []);
    assert!(!bench.screen.dialogs.is_empty());
}

#[test]
fn a_key_that_works_everywhere_takes_it_back_too() {
    for (key, command) in
        [("ctrl-c", Command::Stop), ("ctrl-z", Command::Suspend), ("ctrl-l", Command::Redraw)]
    {
        let mut bench = Bench::looking(PLAIN, USUAL);
        bench.tell(push());
        bench.wait(1_000);
        bench.tell(Msg::Key(key_named("a")));
        assert_eq!(bench.tell(Msg::Key(key_named(key))), [command], "{key}");
        assert_eq!(bench.wait(1_000), [], "{key}");
        assert!(!bench.screen.dialogs.is_empty(), "{key}");
    }
}

#[test]
fn a_key_with_a_foreign_modifier_answers_nothing_and_is_no_text() {
    for modifier in [KeyModifiers::SUPER, KeyModifiers::HYPER, KeyModifiers::META] {
        let held = |code| Msg::Key(KeyEvent::new(code, modifier));
        let mut bench = Bench::looking(PLAIN, USUAL);
        bench.tell(push());
        bench.wait(1_000);
        for code in [KeyCode::Char('a'), KeyCode::Char('e'), KeyCode::Enter, KeyCode::Esc] {
            assert_eq!(bench.tell(held(code)), []);
            assert_eq!(bench.wait(1_000), [], "{modifier:?} {code:?}");
        }
        assert!(bench.screen.dialog().is_some());
        // Neither in a search, nor in a text, nor in the palette.
        bench.press("/ x");
        bench.tell(held(KeyCode::Char('q')));
        assert!(bench.seen().contains("/x ") && !bench.seen().contains("/xq"), "{}", bench.seen());
        bench.press("esc r x");
        bench.tell(held(KeyCode::Char('q')));
        assert_eq!(bench.tell(held(KeyCode::Enter)), []);
        let entry = bench.screen.dialog().and_then(|dialog| dialog.entry()).map(|(_, entry)| entry.text());
        assert_eq!(entry.as_deref(), Some("x"));
        bench.press("esc ctrl-p x");
        bench.tell(held(KeyCode::Char('q')));
        assert_eq!(bench.screen.desk.palette.as_ref().map(|palette| palette.typed.as_str()), Some("x"));
    }
}

#[test]
fn who_types_on_under_a_question_starts_no_program() {
    for key in ["e", "y", "T"] {
        let mut bench = Bench::looking(PLAIN, USUAL);
        bench.tell(rfc());
        for _ in 0..5 {
            assert_eq!(bench.tell(Msg::Key(key_named(key))), [], "{key}");
            assert_eq!(bench.wait(390), [], "{key}");
        }
        bench.wait(400);
        assert_eq!(bench.tell(Msg::Key(key_named(key))).len(), 1, "{key}");
    }
    // By its name in the palette nobody does it by mistake.
    let mut bench = Bench::looking(PLAIN, USUAL);
    bench.tell(rfc());
    for key in ["ctrl-p", "e", "d", "i", "t"] {
        assert_eq!(bench.tell(Msg::Key(key_named(key))), []);
    }
    assert!(matches!(bench.tell(Msg::Key(key_named("enter")))[..], [Command::Edit(_)]));
}

#[test]
fn a_half_written_answer_is_sent_only_after_what_is_new_was_to_be_seen() {
    let mut bench = Bench::looking(PLAIN, USUAL);
    bench.tell(rfc());
    bench.press("r o n e");
    bench.tell(rfc());
    for wait in [40, 340] {
        bench.wait(wait);
        assert_eq!(bench.tell(Msg::Key(key_named("enter"))), [], "{wait}");
    }
    assert_eq!(bench.wait(20), []);
    let feedback = "one".to_owned();
    assert_eq!(bench.press("enter"), answer(&rfc(), Answer::Revise { feedback }));
}

/// The names of what the palette would list.
fn listed(bench: &Bench) -> Vec<&'static str> {
    bench.screen.possible().into_iter().map(|row| row.name).collect()
}

#[test]
fn the_palette_lists_only_what_does_something_there() {
    let mut bench = Bench::looking(PLAIN, (100, 40));
    bench.tell(push());
    bench.press("home");
    let names = listed(&bench);
    assert!(names.contains(&"search") && names.contains(&"next-part"), "{names:?}");
    assert!(!names.contains(&"filter") && !names.contains(&"comment"), "{names:?}");
    // The last line of the hunk can be commented on.
    bench.press("end up");
    assert!(listed(&bench).contains(&"comment"));
    bench.press("ctrl-p c o m m e n t enter");
    assert!(bench.seen().contains("Comment on src/auth.rs:3:"), "{}", bench.seen());
    bench.press("o k enter");
    assert!(bench.seen().contains("╰ ok"), "{}", bench.seen());

    let mut bench = Bench::looking(PLAIN, USUAL);
    bench.tell(failed());
    let names = listed(&bench);
    assert!(!names.contains(&"next-part") && !names.contains(&"comment"), "{names:?}");
    let at_the_line = listed(&Bench::running(PLAIN, USUAL));
    assert!(!at_the_line.contains(&"toggle") && !at_the_line.contains(&"down"), "{at_the_line:?}");
    assert!(at_the_line.contains(&"page-down") && at_the_line.contains(&"journal"), "{at_the_line:?}");
}

/// A screen with keys of one's own.
fn with_keys(mut bench: Bench, of: &[(&str, &str)]) -> Bench {
    let other = Bench::new(PLAIN, USUAL).screen;
    bench.screen = std::mem::replace(&mut bench.screen, other).with_keys(keys(of));
    bench
}

#[test]
fn comments_have_the_key_that_a_person_gives_them() {
    let mut bench = with_keys(Bench::looking(PLAIN, (100, 40)), &[("comment", "m"), ("copy", "c")]);
    bench.tell(push());
    bench.press("end up");
    let seen = bench.seen().replace('\u{a0}', " ");
    assert!(seen.contains("m comment") && !seen.contains("c comment"), "{seen}");
    assert!(matches!(bench.press("c")[..], [Command::Copy(_)]));
    bench.press("m");
    assert!(bench.seen().contains("Comment on src/auth.rs:3:"), "{}", bench.seen());
}

#[test]
fn hints_at_the_line_name_keys_that_work_there() {
    let own = [("help", "ctrl-t"), ("next-pane", "P"), ("palette", "f2")];
    let mut bench = with_keys(Bench::running(PLAIN, (120, 24)), &own);
    let seen = bench.seen();
    let status = seen.lines().last().unwrap();
    assert!(status.contains("ctrl-t keys") && status.contains("f2 actions"), "{status}");
    assert!(!status.contains("pane"), "a letter is text: {status}");
    bench.press("h");
    assert!(!bench.seen().contains("tell whoever"), "{}", bench.seen());
    bench.press("ctrl-t");
    assert!(bench.screen.desk.help.is_some(), "{}", bench.seen());
}

#[test]
fn capital_letters_are_keys_of_their_own() {
    let mut bench = Bench::looking(PLAIN, USUAL);
    assert_eq!(bench.press("D"), []);
    bench.tell(failed());
    let transcript =
        Want::Transcript { milestone: milestone("M1-user-auth"), work: WorkId::parse("phase-2").ok() };
    assert_eq!(bench.press("T"), [Command::Page(transcript)], "`t` would try again");
    bench.tell(Msg::Returned);
    assert_eq!(bench.press("t"), answer(&failed(), Answer::Retry { note: None }));
}

#[test]
fn keys_of_ones_own_work_and_are_named_wherever_keys_are() {
    let mut bench = Bench::looking(PLAIN, (160, 45));
    bench.screen = std::mem::replace(&mut bench.screen, Bench::new(PLAIN, USUAL).screen).with_keys(keys(&[
        ("document", "D"),
        ("back", "esc"),
        ("help", "ctrl-t"),
    ]));
    assert!(bench.seen().contains("ctrl-t keys") && bench.seen().contains("D document"), "{}", bench.seen());
    assert_eq!(bench.press("d ?"), []);
    let want =
        Want::Document { milestone: milestone("M1-user-auth"), work: Some(crate::testing::phase("phase-2")) };
    assert_eq!(bench.press("D"), [Command::Read(want)]);
    bench.press("esc ctrl-t");
    assert!(bench.seen().contains("ctrl-t          these keys"), "{}", bench.seen());
    bench.press("ctrl-t");
    assert!(!bench.seen().contains("these keys"), "{}", bench.seen());
}

#[test]
fn the_palette_finds_an_action_and_does_it() {
    let mut bench = Bench::looking(PLAIN, USUAL);
    bench.press("ctrl-p j o u r");
    assert!(bench.seen().contains("› jour") && bench.seen().contains("▸ journal"), "{}", bench.seen());
    assert_eq!(bench.press("enter"), [Command::Read(Want::Journal { milestone: None })]);
    // What is read can be searched, from the palette too; what can be done in the panes alone cannot.
    bench.press("ctrl-p j o u r");
    assert!(bench.seen().contains("nothing that can be done here"), "{}", bench.seen());
    assert_eq!(bench.press("enter esc"), []);
    bench.press("ctrl-p s e a r c h enter n e e d l e");
    assert!(bench.seen().contains("/needle"), "{}", bench.seen());
    bench.press("esc esc");
    assert_eq!(bench.press("ctrl-p ctrl-c"), [Command::Stop]);
    bench.tell(Msg::Paste("copy\nand more".to_owned()));
    assert!(matches!(bench.press("enter").as_slice(), [Command::Copy(_)]));
    bench.press("? ctrl-p q u e s");
    assert!(!bench.seen().contains("▸ question"), "no question waits: {}", bench.seen());
}

#[test]
fn a_question_behind_the_palette_is_not_answered_and_arms_again() {
    let mut bench = Bench::looking(PLAIN, USUAL);
    bench.tell(rfc());
    bench.press("ctrl-p");
    assert!(bench.seen().contains("Actions"), "{}", bench.seen());
    assert_eq!(bench.press("a enter esc"), [], "no answer is an action");
    bench.press("esc ctrl-g");
    bench.press("ctrl-p");
    bench.tell(Msg::Key(key_named("esc")));
    bench.tell(Msg::Key(key_named("a")));
    assert_eq!(bench.wait(1_000), []);
    assert_eq!(bench.press("a"), answer(&rfc(), Answer::Approve));
    // One that comes meanwhile waits behind it.
    bench.press("ctrl-p");
    bench.tell(push());
    assert_eq!(bench.press("a esc"), []);
    assert_eq!(bench.press("f"), answer(&push(), Answer::Finish));
}

#[test]
fn in_a_text_the_palettes_key_is_a_key_of_the_text() {
    let mut bench = Bench::looking(PLAIN, USUAL);
    bench.tell(rfc());
    bench.press("r o n e ctrl-p");
    assert!(bench.screen.desk.palette.is_none());
    assert_eq!(bench.press("ctrl-z"), [Command::Suspend], "this one is the shell's, everywhere");
    assert_eq!(bench.press("y T e enter"), answer(&rfc(), Answer::Revise { feedback: "oneyTe".to_owned() }));
    assert_eq!(bench.remembered, ["oneyTe"]);
}

#[test]
fn what_was_written_for_one_question_can_be_had_for_another() {
    let mut bench = Bench::looking(PLAIN, USUAL);
    let screen = std::mem::replace(&mut bench.screen, Bench::new(PLAIN, USUAL).screen);
    bench.screen = screen.with_history(vec!["from an earlier run".to_owned()]);
    bench.tell(rfc());
    bench.press("r n o w enter");
    bench.tell(push());
    bench.press("r up");
    assert!(bench.seen().contains("now"), "{}", bench.seen());
    bench.press("up ctrl-u ctrl-r e a r l");
    assert!(bench.seen().contains("Search: earl"), "{}", bench.seen());
    let feedback = "from an earlier run".to_owned();
    assert_eq!(bench.press("enter enter"), answer(&push(), Answer::Revise { feedback }));
    assert_eq!(bench.remembered, ["now", "from an earlier run"]);
}

#[test]
fn the_document_of_what_is_looked_at_is_edited_and_nothing_else() {
    let document = |work| Command::Edit(Want::Document { milestone: milestone("M1-user-auth"), work });
    let mut bench = Bench::looking(PLAIN, USUAL);
    assert_eq!(bench.press("e"), [document(Some(crate::testing::phase("phase-2")))], "what runs");
    bench.press("tab down");
    assert_eq!(bench.press("e"), [document(Some(WorkId::Rfc))], "what is chosen");
    bench.press("l");
    assert_eq!(bench.press("e"), []);
    assert!(bench.seen().contains("no document belongs to this"), "{}", bench.seen());
    bench.press("esc");
    bench.tell(rfc());
    assert_eq!(bench.press("e"), [document(Some(WorkId::Rfc))], "what is asked about");
    // What was typed in the editor answers nothing.
    bench.tell(Msg::Returned);
    bench.tell(Msg::Key(key_named("a")));
    assert_eq!(bench.wait(1_000), []);
    bench.tell(Msg::Unasked(gate(&rfc())));
    bench.tell(push());
    assert_eq!(bench.press("e"), []);
}

#[test]
fn a_terminal_is_told_what_goes_on() {
    let mut bench = Bench::new(PLAIN, USUAL);
    assert_eq!(bench.screen.busy(), Busy::Rests);
    let mut running = Bench::looking(PLAIN, USUAL);
    assert_eq!(running.screen.busy(), Busy::Runs);
    running.tell(push());
    assert_eq!(running.screen.busy(), Busy::Waits);
    bench.tell(Msg::State(Arc::new(State { stage: Stage::Idle, ..State::default() })));
    assert_eq!(bench.screen.busy(), Busy::Rests);
}
