//! Telling somebody who looks elsewhere: notices, and a terminal's own sign of progress.

use orchestra_agent::environment::{Environment, get};
use orchestra_core::config::Notify;
use orchestra_tui::Busy;

/// The longest text of a notice, in characters.
const LONGEST: usize = 200;

/// What tells the person through the terminal; nothing where it does not. Where the terminal does not say who looks, `auto` is the
/// bell alone.
pub(in crate::commands) fn sequence(notify: &Notify, has_focus: Option<bool>, text: &str) -> Option<String> {
    if has_focus == Some(true) {
        return None;
    }
    let plain: String = text.chars().filter(|c| !c.is_control()).take(LONGEST).collect();
    let osc9 = format!("\u{1b}]9;{plain}\u{1b}\\");
    match notify {
        Notify::Auto if has_focus == Some(false) => Some(format!("\u{7}{osc9}")),
        Notify::Auto | Notify::Bell => Some("\u{7}".to_owned()),
        Notify::Osc9 => Some(osc9),
        Notify::Osc777 => Some(format!("\u{1b}]777;notify;orchestra;{plain}\u{1b}\\")),
        Notify::Off | Notify::Command(_) => None,
    }
}

/// The sign of progress that a terminal shows in its tab, its title or the dock: `OSC 9;4`, as `ConEmu` has it.
///
/// 0 takes it away, 3 goes round and round, 4 is paused.
pub(in crate::commands) fn progress(busy: Busy) -> &'static str {
    match busy {
        Busy::Rests => "\u{1b}]9;4;0;0\u{1b}\\",
        Busy::Runs => "\u{1b}]9;4;3;0\u{1b}\\",
        Busy::Waits => "\u{1b}]9;4;4;100\u{1b}\\",
    }
}

/// Whether the terminal is one that is known to show progress so. Others take any `OSC 9` for a notice, as iTerm2 did first, and
/// would show one that says `4;3;0`.
pub(in crate::commands) fn shows_progress(environment: &Environment) -> bool {
    let value = |name: &str| get(environment, name).and_then(|value| value.to_str()).unwrap_or_default();
    let is_set = |name: &str| !value(name).is_empty();
    // What stands between hands nothing on, and these variables are of a terminal that may be another by now.
    if is_set("TMUX") || is_set("STY") {
        return false;
    }
    let version = value("TERM_PROGRAM_VERSION");
    let numbers: Vec<u32> = version.split(['.', '-', '+']).map_while(|part| part.parse().ok()).collect();
    match value("TERM_PROGRAM") {
        // Since 1.2; 1.0 and 1.1 pass over it.
        "ghostty" => numbers.as_slice() >= [1, 2].as_slice(),
        // Since 20250209-182623-44866cc1.
        "WezTerm" => numbers.first().is_some_and(|date| *date >= 20_250_209),
        // iTerm2 since 3.6.6 says so itself (its feature reporting: `P`). Other terminals may say it, too.
        _ => {
            has_feature(value("TERM_FEATURES"), "P")
                || is_set("WT_SESSION")
                || value("ConEmuANSI") == "ON"
                || value("PTYXIS_VERSION")
                    .split('.')
                    .next()
                    .and_then(|major| major.parse().ok())
                    .is_some_and(|major: u32| major >= 48)
        }
    }
}

/// Whether a list of features, each of them a capital with small letters and digits behind it, has this one.
fn has_feature(features: &str, wanted: &str) -> bool {
    let mut rest = features;
    while let Some(first) = rest.chars().next() {
        let behind = &rest[first.len_utf8()..];
        let end = first.len_utf8() + behind.find(|c: char| c.is_ascii_uppercase()).unwrap_or(behind.len());
        if rest[..end].trim_end_matches(|c: char| c.is_ascii_digit()) == wanted {
            return true;
        }
        rest = &rest[end..];
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(of: &[(&str, &str)]) -> Environment {
        of.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect()
    }

    #[test]
    fn progress_is_shown_by_terminals_that_are_known_for_it_and_by_no_other() {
        let ghostty = |version| [("TERM_PROGRAM", "ghostty"), ("TERM_PROGRAM_VERSION", version)];
        let wezterm = |version| [("TERM_PROGRAM", "WezTerm"), ("TERM_PROGRAM_VERSION", version)];
        let iterm = |features| [("TERM_PROGRAM", "iTerm.app"), ("TERM_FEATURES", features)];
        for (of, shows) in [
            (&ghostty("1.2.3")[..], true),
            (&ghostty("1.1.3"), false),
            (&ghostty("1.3.0-main+abc"), true),
            (&ghostty(""), false),
            (&wezterm("20250209-182623-44866cc1"), true),
            (&wezterm("20240203-110809-5046fc22"), false),
            (&iterm("T3CwLrMSc7UUw9Ts3BFGsSyHNoSxFP"), true),
            (&iterm("T3CwLrMSc7UUw9Ts3BFGsSyHNoSxF"), false),
            (&iterm("T3Pa"), false),
            (&[("TERM_PROGRAM", "iTerm.app"), ("TERM_PROGRAM_VERSION", "3.4.0")], false),
            (&[("TERM_PROGRAM", "Apple_Terminal")], false),
            (&[("TERM_PROGRAM", "vscode")], false),
            (&[("TERM", "xterm-kitty")], false),
            (&[("WT_SESSION", "b3a1")], true),
            (&[("WT_SESSION", "b3a1"), ("TMUX", "/tmp/x,1,0")], false),
            (&[("WT_SESSION", "b3a1"), ("STY", "1.x")], false),
            (&[("ConEmuANSI", "ON")], true),
            (&[("ConEmuANSI", "OFF")], false),
            (&[("PTYXIS_VERSION", "48.1")], true),
            (&[("PTYXIS_VERSION", "47.9")], false),
            (&[], false),
        ] {
            assert_eq!(shows_progress(&environment(of)), shows, "{of:?}");
        }
    }

    #[test]
    fn notices_are_what_the_person_wants_and_only_for_somebody_who_looks_elsewhere() {
        let told = |notify, focus| sequence(&notify, focus, "shop: rfc\u{1b}[2J\u{7} waits");
        let osc9 = "\u{1b}]9;shop: rfc[2J waits\u{1b}\\";
        assert_eq!(told(Notify::Auto, None).as_deref(), Some("\u{7}"));
        assert_eq!(told(Notify::Auto, Some(false)), Some(format!("\u{7}{osc9}")));
        assert_eq!(told(Notify::Bell, Some(false)).as_deref(), Some("\u{7}"));
        assert_eq!(told(Notify::Osc9, None).as_deref(), Some(osc9));
        let osc777 = "\u{1b}]777;notify;orchestra;shop: rfc[2J waits\u{1b}\\";
        assert_eq!(told(Notify::Osc777, None).as_deref(), Some(osc777));
        for quiet in [Notify::Off, Notify::Command(vec!["x".to_owned()])] {
            assert_eq!(told(quiet, None), None);
        }
        for notify in [Notify::Auto, Notify::Bell, Notify::Osc9, Notify::Osc777] {
            assert_eq!(told(notify, Some(true)), None);
        }
    }
}
