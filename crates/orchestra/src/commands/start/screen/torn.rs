//! Escape sequences that a slow line tore apart right behind their `ESC`.
//!
//! That first byte alone is taken for the key `esc`, and what follows for letters: an arrow would throw away what somebody
//! writes, and add two letters to what is beneath. So an `esc` is looked at again with what comes right behind it. A
//! sequence that is torn anywhere else is put together by whoever reads the bytes. What the mouse did is not put together: a
//! step of the wheel that is lost is no loss.

use ratatui::crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

/// The longest sequence that is put together, in bytes.
const LONGEST: usize = 32;

/// What has become of a sequence with what came last.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Torn {
    /// More belongs to it.
    Open(String),
    /// It is a key; none where it is nothing that anybody presses here.
    Whole(Option<Event>),
    /// It was none, or has no end: this comes after all that was taken before.
    Not(Event),
}

/// Whether a sequence may have begun.
pub(super) fn may_begin(event: &Event) -> bool {
    matches!(event, Event::Key(key) if key.code == KeyCode::Esc && key.modifiers.is_empty() && key.kind == KeyEventKind::Press)
}

/// Takes what came next. `so_far` is what follows the `ESC`.
pub(super) fn take(mut so_far: String, event: Event) -> Torn {
    let sign = match &event {
        Event::Key(KeyEvent { code: KeyCode::Char(sign), modifiers, .. })
            if (*modifiers - KeyModifiers::SHIFT).is_empty() && sign.is_ascii_graphic() =>
        {
            *sign
        }
        _ => return Torn::Not(event),
    };
    let is_begun = !so_far.is_empty();
    if !is_begun && !matches!(sign, '[' | 'O') || so_far.len() >= LONGEST {
        return Torn::Not(event);
    }
    so_far.push(sign);
    let is_whole = is_begun && (so_far.starts_with('O') || matches!(sign, '@'..='~'));
    if is_whole { Torn::Whole(key_of(&so_far)) } else { Torn::Open(so_far) }
}

/// The key that sends this behind an `ESC` (xterm, "PC-Style Function Keys"), with the modifiers that mean something here.
fn key_of(sequence: &str) -> Option<Event> {
    let last = sequence.chars().last()?;
    let parameters = sequence.get(1..sequence.len() - 1)?;
    let (first, second) = parameters.split_once(';').unwrap_or((parameters, "1"));
    let code = match (last, first) {
        ('A', _) => KeyCode::Up,
        ('B', _) => KeyCode::Down,
        ('C', _) => KeyCode::Right,
        ('D', _) => KeyCode::Left,
        ('H', _) | ('~', "1" | "7") => KeyCode::Home,
        ('F', _) | ('~', "4" | "8") => KeyCode::End,
        ('Z', _) => KeyCode::BackTab,
        ('~', "3") => KeyCode::Delete,
        ('~', "5") => KeyCode::PageUp,
        ('~', "6") => KeyCode::PageDown,
        _ => return None,
    };
    let bits = second.parse::<u8>().ok()?.checked_sub(1)?;
    let flags = [(1, KeyModifiers::SHIFT), (2, KeyModifiers::ALT), (4, KeyModifiers::CONTROL)];
    let modifiers = flags.into_iter().filter(|(bit, _)| bits & bit != 0).map(|(_, flag)| flag).collect();
    Some(Event::Key(KeyEvent::new(code, modifiers)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(code: KeyCode) -> Event {
        Event::Key(KeyEvent::new(code, KeyModifiers::NONE))
    }

    /// What becomes of these letters behind an `esc`.
    fn torn(letters: &str) -> Torn {
        letters.chars().fold(Torn::Open(String::new()), |torn, letter| match torn {
            Torn::Open(so_far) => take(so_far, key(KeyCode::Char(letter))),
            over => panic!("{over:?} before {letter}"),
        })
    }

    #[test]
    fn keys_are_put_together() {
        for (letters, code) in [
            ("[A", KeyCode::Up),
            ("OD", KeyCode::Left),
            ("[H", KeyCode::Home),
            ("[4~", KeyCode::End),
            ("[6~", KeyCode::PageDown),
            ("[Z", KeyCode::BackTab),
        ] {
            assert_eq!(torn(letters), Torn::Whole(Some(key(code))), "{letters}");
        }
        let ctrl_right = Event::Key(KeyEvent::new(KeyCode::Right, KeyModifiers::CONTROL));
        assert_eq!(torn("[1;5C"), Torn::Whole(Some(ctrl_right)));
    }

    #[test]
    fn what_is_unknown_is_no_text_and_what_is_no_sequence_is_kept() {
        for letters in [
            "[200~",
            "[?1;2c",
            "[I",
            "[99~",
            "[1;0A",
            "[1;999A",
            "OP",
            "[97;5u",
            "[<0;10;20M",
            "[<65;1000;1000m",
        ] {
            assert_eq!(torn(letters), Torn::Whole(None), "{letters}");
        }
        assert_eq!(torn("[1;"), Torn::Open("[1;".to_owned()));
        for (so_far, event) in
            [("", key(KeyCode::Char('a'))), ("", key(KeyCode::Esc)), ("[1", key(KeyCode::Enter))]
        {
            assert_eq!(take(so_far.to_owned(), event.clone()), Torn::Not(event));
        }
        let endless = take(format!("[{}", "1".repeat(LONGEST)), key(KeyCode::Char('1')));
        assert_eq!(endless, Torn::Not(key(KeyCode::Char('1'))));
    }

    #[test]
    fn only_a_lone_esc_may_begin_one() {
        assert!(may_begin(&key(KeyCode::Esc)));
        assert!(!may_begin(&key(KeyCode::Char('['))));
        assert!(!may_begin(&Event::Key(KeyEvent::new(KeyCode::Esc, KeyModifiers::ALT))));
    }
}
