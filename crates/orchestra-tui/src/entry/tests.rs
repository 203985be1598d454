use super::*;
use crate::testing::key_named;

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// Presses keys, each alone.
fn press(entry: &mut Entry, keys: &str) -> Entered {
    let mut entered = Entered::Nothing;
    for key in keys.split(' ') {
        let now = entry.last_key.unwrap_or_default() + ms(100);
        entered = entry.key(now, &key_named(key));
    }
    entered
}

fn paste(entry: &mut Entry, text: &str) {
    let now = entry.last_key.unwrap_or_default() + ms(100);
    entry.paste(now, text);
}

fn shown(entry: &Entry) -> String {
    entry.area.lines().join("\n")
}

fn lines(count: usize) -> String {
    "a line\n".repeat(count)
}

#[test]
fn a_long_paste_is_folded_and_sent_whole() {
    let mut entry = Entry::default();
    press(&mut entry, "a");
    paste(&mut entry, &lines(120));
    press(&mut entry, "b");
    assert_eq!(shown(&entry), "a[pasted 120 lines]b");
    assert_eq!(press(&mut entry, "enter"), Entered::Text(format!("a{}b", lines(120))));
    paste(&mut entry, &lines(120));
    paste(&mut entry, &"x".repeat(2_100));
    assert_eq!(shown(&entry), "a[pasted 120 lines]b[pasted 120 lines, 2][pasted 3 kB]");
    assert_eq!(entry.text(), format!("a{}b{}{}", lines(120), lines(120), "x".repeat(2_100)));
    // A short one is what it is.
    let mut entry = Entry::default();
    paste(&mut entry, "one\r\ntwo\r");
    assert_eq!(shown(&entry), "one\ntwo\n");
}

#[test]
fn a_folded_paste_is_deleted_as_one_whatever_key_deletes_it() {
    for (keys, left) in [
        ("backspace", "a b"),
        ("ctrl-h", "a b"),
        ("ctrl-w", "a b"),
        ("alt-backspace", "a b"),
        ("x . backspace ctrl-w backspace", "a b"),
        ("left delete", "a b"),
        ("left ctrl-d", "a b"),
        ("left alt-d", "a b"),
        ("left left alt-d", "ab"),
        ("left left ctrl-k", "a"),
        ("ctrl-u", "b"),
    ] {
        let mut entry = Entry::default();
        press(&mut entry, "a space b left");
        paste(&mut entry, &lines(20));
        assert_eq!(shown(&entry), "a [pasted 20 lines]b");
        press(&mut entry, keys);
        assert_eq!(shown(&entry).replace('x', ""), left, "{keys}");
        press(&mut entry, "ctrl-_");
        let undone = shown(&entry);
        assert!(undone.contains("[pasted 20 lines]") || !undone.contains("pasted"), "{keys}: {undone}");
    }
}

#[test]
fn a_folded_paste_is_opened_and_no_cursor_comes_into_it() {
    let mut entry = Entry::default();
    paste(&mut entry, &lines(20));
    press(&mut entry, "left x end left right alt-b y");
    assert_eq!(shown(&entry), "xy[pasted 20 lines]");
    press(&mut entry, "ctrl-o");
    assert_eq!(shown(&entry), format!("xy{}", lines(20)));
    assert!(!entry.has_folds());
    // What only looks like one is what it is.
    let mut entry = Entry::default();
    paste(&mut entry, "[pasted 20 lines] ");
    paste(&mut entry, &lines(20));
    assert_eq!(entry.text(), format!("[pasted 20 lines] {}", lines(20)));
}

#[test]
fn up_and_down_bring_back_what_was_written_before() {
    let history = History::new(["first", "second\nof two lines", "third"].map(str::to_owned).to_vec());
    let mut entry = Entry::with(history);
    press(&mut entry, "n e w");
    for (keys, text) in [
        ("up", "third"),
        ("up", "second\nof two lines"),
        ("up", "first"),
        ("up", "first"),
        ("down", "second\nof two lines"),
        ("up", "second\nof two lines"),
        ("up", "first"),
        ("down", "second\nof two lines"),
        ("down", "third"),
        ("ctrl-p ctrl-p ctrl-n", "second\nof two lines"),
        ("down down", "new"),
        ("down", "new"),
    ] {
        press(&mut entry, keys);
        assert_eq!(entry.text(), text, "{keys}");
    }
    // What was made of one is written by the person, and stays.
    press(&mut entry, "up ! up");
    assert_eq!(entry.text(), "third");
    press(&mut entry, "down");
    assert_eq!(entry.text(), "third!");
    assert_eq!(press(&mut entry, "enter"), Entered::Text("third!".to_owned()));
}

#[test]
fn ctrl_r_finds_what_was_written_before_and_sends_nothing() {
    let history = History::new(["use a cookie", "use a Session", "a cookie jar"].map(str::to_owned).to_vec());
    let mut entry = Entry::with(history);
    press(&mut entry, "n e w ctrl-r c o o");
    assert_eq!(entry.text(), "a cookie jar");
    assert!(entry.searching().is_some_and(|words| words.contains("coo")));
    press(&mut entry, "ctrl-r");
    assert_eq!(entry.text(), "use a cookie");
    press(&mut entry, "ctrl-r");
    assert_eq!(entry.text(), "use a cookie");
    assert!(entry.searching().is_some_and(|words| words.contains("nothing")));
    assert_eq!(press(&mut entry, "esc"), Entered::Nothing);
    assert_eq!((entry.text().as_str(), entry.searching()), ("new", None));
    assert_eq!(press(&mut entry, "ctrl-r s e s s enter"), Entered::Nothing);
    assert_eq!((entry.text().as_str(), entry.searching()), ("use a Session", None));
    press(&mut entry, "!");
    assert_eq!(press(&mut entry, "enter"), Entered::Text("use a Session!".to_owned()));
    // An arrow takes what was found and does what it does.
    let mut entry = Entry::with(entry.past.history().clone());
    press(&mut entry, "ctrl-r j a r left x");
    assert_eq!(entry.text(), "a cookie jaxr");
}

#[test]
fn keys_of_readline_do_what_they_do_there() {
    for (keys, text) in [
        ("a b left ctrl-u", "b"),
        ("a b left ctrl-k", "a"),
        ("a b ctrl-a x", "xab"),
        ("a b ctrl-a ctrl-e x", "abx"),
        ("a space b ctrl-w", "a "),
        ("a b ctrl-_ c", "ac"),
        ("a b ctrl-7 c", "ac"),
        ("a ctrl-j b", "a\nb"),
        ("a \\ enter b", "a\nb"),
        ("a alt-enter b", "a\nb"),
    ] {
        let mut entry = Entry::default();
        press(&mut entry, keys);
        assert_eq!(entry.text(), text, "{keys}");
    }
}

mod properties {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Whatever is pressed, what was pasted is sent whole or not at all, and never a piece of its label.
        #[test]
        fn a_fold_is_there_or_gone(keys in prop::collection::vec(prop::sample::select(vec![
            "a", "space", ".", "left", "right", "home", "end", "up", "down", "backspace", "delete", "ctrl-w", "ctrl-u",
            "ctrl-k", "alt-d", "alt-b", "alt-f", "ctrl-y", "ctrl-_", "alt-enter", "ctrl-d", "ctrl-h",
        ]), 0..60)) {
            let mut entry = Entry::default();
            paste(&mut entry, &lines(20));
            for key in keys {
                press(&mut entry, key);
                let shown = shown(&entry);
                prop_assert_eq!(shown.matches("pasted").count(), shown.matches("[pasted 20 lines]").count(), "{}: {}", key, shown);
            }
        }
    }
}

#[test]
fn a_fold_that_is_too_far_away_to_be_opened_stays_whole() {
    for begin in ["\n".repeat(65_540), "x".repeat(65_540)] {
        let mut entry = Entry::default();
        paste(&mut entry, &begin);
        press(&mut entry, "ctrl-o");
        assert!(!entry.has_folds());
        paste(&mut entry, &lines(20));
        let whole = format!("{begin}{}", lines(20));
        press(&mut entry, "ctrl-o");
        assert!(entry.text() == whole && entry.has_folds());
        press(&mut entry, "left right");
        assert!(entry.text() == whole);
        press(&mut entry, "backspace");
        assert!(entry.text() == begin, "it is deleted as one");
    }
}
