//! Names of keys: `a`, `A`, `ctrl-k`, `alt-enter`, `pgup`, `f5`.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// Keys that are no single sign, by their names.
const NAMED: &[(&str, KeyCode)] = &[
    ("space", KeyCode::Char(' ')),
    ("enter", KeyCode::Enter),
    ("esc", KeyCode::Esc),
    ("tab", KeyCode::Tab),
    ("shift-tab", KeyCode::BackTab),
    ("backspace", KeyCode::Backspace),
    ("insert", KeyCode::Insert),
    ("delete", KeyCode::Delete),
    ("up", KeyCode::Up),
    ("down", KeyCode::Down),
    ("left", KeyCode::Left),
    ("right", KeyCode::Right),
    ("pgup", KeyCode::PageUp),
    ("pgdn", KeyCode::PageDown),
    ("home", KeyCode::Home),
    ("end", KeyCode::End),
];

/// Keys that terminals send as another one, or as the begin of one.
const SAME: &[(&str, &str)] = &[
    ("ctrl-i", "a terminal sends the same for `tab`"),
    ("ctrl-m", "a terminal sends the same for `enter`"),
    ("ctrl-[", "a terminal sends the same for `esc`"),
    ("alt-[", "what terminals send for other keys begins so"),
    ("alt-O", "what terminals send for other keys begins so"),
];

/// How names are written, for whoever wrote one that is none.
pub(super) const HINT: &str = "write a single letter or sign, `ctrl-k`, `alt-k`, `space`, `enter`, `tab`, `shift-tab`, `backspace`, `insert`, `delete`, `up`, `down`, `left`, `right`, `pgup`, `pgdn`, `home`, `end` or `f1` to `f12`";

/// Whether a modifier is held with it that no key here has: some terminals send what belongs to a window manager. Such a key
/// means nothing, and is no text either.
pub(crate) fn is_foreign(key: &KeyEvent) -> bool {
    key.modifiers.intersects(KeyModifiers::SUPER | KeyModifiers::HYPER | KeyModifiers::META)
}

/// The name of a key, as the table and the configuration have it.
pub(crate) fn name_of(key: &KeyEvent) -> Option<String> {
    if is_foreign(key) {
        return None;
    }
    let with = |modifier| key.modifiers.contains(modifier);
    let named = NAMED.iter().find(|(_, code)| *code == key.code).map(|(name, _)| (*name).to_owned());
    let name = match (named, key.code) {
        (Some(name), _) => name,
        // Terminals send no case with Control.
        (None, KeyCode::Char(c)) if with(KeyModifiers::CONTROL) => c.to_lowercase().collect(),
        // Some send the letter and say that Shift is held.
        (None, KeyCode::Char(c)) if with(KeyModifiers::SHIFT) => c.to_uppercase().collect(),
        (None, KeyCode::Char(c)) => c.to_string(),
        (None, KeyCode::F(number)) => format!("f{number}"),
        (None, _) => return None,
    };
    match (with(KeyModifiers::CONTROL), with(KeyModifiers::ALT)) {
        (true, false) => Some(format!("ctrl-{name}")),
        (false, true) => Some(format!("alt-{name}")),
        (false, false) => Some(name),
        (true, true) => None,
    }
}

/// Whether a name is that of a letter or sign alone, which is typed in a text.
pub(crate) fn is_letter(name: &str) -> bool {
    name == "space" || name.chars().count() == 1
}

/// Reads a name as somebody wrote it: the name as [`name_of`] has it, or what to write.
pub(super) fn parse(text: &str) -> Result<String, &'static str> {
    let text = text.trim();
    let (modifier, rest) = match text.split_once('-') {
        Some((modifier @ ("ctrl" | "alt"), rest)) if !rest.is_empty() => (Some(modifier), rest),
        _ => (None, text),
    };
    let mut signs = rest.chars();
    let single = signs.next().filter(|sign| signs.next().is_none() && is_sign(*sign));
    let is_named = NAMED.iter().any(|(name, _)| *name == rest);
    let is_function = rest.strip_prefix('f').is_some_and(|number| {
        number.parse().is_ok_and(|f: u8| (1..=12).contains(&f) && f.to_string() == number)
    });
    let name = match (modifier, single) {
        (Some("ctrl"), Some(sign)) => format!("ctrl-{}", sign.to_lowercase()),
        (Some(modifier), Some(sign)) => format!("{modifier}-{sign}"),
        (None, Some(sign)) => sign.to_string(),
        (Some(modifier), None) if is_named || is_function => format!("{modifier}-{rest}"),
        (None, None) if is_named || is_function => rest.to_owned(),
        _ => return Err(HINT),
    };
    match SAME.iter().find(|(same, _)| *same == name) {
        Some((_, why)) => Err(why),
        None => Ok(name),
    }
}

fn is_sign(sign: char) -> bool {
    !sign.is_whitespace()
        && !sign.is_control()
        && unicode_width::UnicodeWidthChar::width(sign).unwrap_or(0) > 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(code: KeyCode, modifiers: KeyModifiers) -> KeyEvent {
        KeyEvent::new(code, modifiers)
    }

    #[test]
    fn case_tells_letters_apart_and_control_does_not() {
        let none = KeyModifiers::NONE;
        let name = |c, modifiers| name_of(&key(KeyCode::Char(c), modifiers)).unwrap();
        assert_eq!([name('d', none), name('D', none), name('D', KeyModifiers::SHIFT)], ["d", "D", "D"]);
        assert_eq!(name('d', KeyModifiers::SHIFT), "D");
        assert_eq!(name('K', KeyModifiers::CONTROL | KeyModifiers::SHIFT), "ctrl-k");
        assert_eq!(name('?', KeyModifiers::SHIFT), "?");
        assert_eq!(name_of(&key(KeyCode::F(5), none)).unwrap(), "f5");
        assert_eq!(name_of(&key(KeyCode::BackTab, KeyModifiers::SHIFT)).unwrap(), "shift-tab");
    }

    #[test]
    fn a_key_with_a_foreign_modifier_has_no_name() {
        for modifier in [KeyModifiers::SUPER, KeyModifiers::HYPER, KeyModifiers::META] {
            assert_eq!(name_of(&key(KeyCode::Char('a'), modifier)), None);
            assert_eq!(name_of(&key(KeyCode::Char('c'), modifier | KeyModifiers::CONTROL)), None);
            assert_eq!(name_of(&key(KeyCode::Esc, modifier)), None);
        }
    }

    #[test]
    fn names_are_read_as_they_are_shown_and_nothing_else_is_a_name() {
        for name in [
            "a",
            "A",
            "ä",
            "-",
            "?",
            "ctrl-k",
            "ctrl--",
            "alt-A",
            "alt-enter",
            "ctrl-pgup",
            "f1",
            "f12",
            "space",
        ] {
            assert_eq!(parse(name).as_deref(), Ok(name), "{name}");
        }
        assert_eq!(parse(" ctrl-K ").as_deref(), Ok("ctrl-k"));
        for text in [
            "",
            "ab",
            "ctrl",
            "ctrl-",
            "Ctrl-k",
            "ctrl-alt-k",
            "f0",
            "f13",
            "f01",
            "shift-a",
            "\u{1b}",
            "\u{200b}",
            "page-up",
        ] {
            assert_eq!(parse(text), Err(HINT), "{text:?}");
        }
        for text in ["ctrl-i", "ctrl-M", "ctrl-[", "alt-["] {
            assert!(parse(text).is_err_and(|why| why != HINT), "{text}");
        }
    }
}
