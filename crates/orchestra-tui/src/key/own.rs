//! The keys as they are for one person: those of the table, and what their own configuration changes about them.
//!
//! Whatever it changes, a key never means two things in one place, `ctrl-c` interrupts and `esc` leads back, and what
//! answers a question or is needed for writing stays free.

use std::collections::BTreeMap;

use orchestra_core::config::keys::{KeySetting, hint};
use orchestra_core::diagnostic::Diagnostic;
use ratatui::crossterm::event::KeyEvent;

use super::name::{is_letter, name_of, parse};
use super::{Action, ROWS, Row, Where};

/// Where the person is when they press a key.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Place {
    /// In the panes.
    Panes,
    /// In what was said in a conversation: it can be searched.
    Transcript,
    /// At the line at which one writes to those who work.
    Input,
    /// Something is read.
    Reading,
    /// A question is in front.
    Question,
    /// The keys are shown.
    Help,
    /// A text is written.
    Writing,
}

const PLACES: [Place; 7] = [
    Place::Panes,
    Place::Transcript,
    Place::Input,
    Place::Reading,
    Place::Question,
    Place::Help,
    Place::Writing,
];

/// Keys that nobody can take away from their action.
const KEPT: &[(Action, &str)] = &[(Action::Stop, "ctrl-c"), (Action::Back, "esc")];

/// Keys that mean something beside the table, and what.
const TAKEN: &[(Place, &[&str], &str)] = &[
    (
        Place::Question,
        &[
            "a", "b", "d", "f", "k", "n", "N", "p", "r", "s", "t", "v", "x", "1", "2", "3", "4", "5", "6",
            "7", "8", "9",
        ],
        "answers questions, and questions keep their keys",
    ),
    (Place::Reading, &["n", "N"], "goes on with a search"),
    (
        Place::Writing,
        &[
            "enter",
            "alt-enter",
            "tab",
            "shift-tab",
            "backspace",
            "delete",
            "up",
            "down",
            "left",
            "right",
            "pgup",
            "pgdn",
            "home",
            "end",
            "ctrl-a",
            "ctrl-b",
            "ctrl-d",
            "ctrl-e",
            "ctrl-f",
            "ctrl-h",
            "ctrl-j",
            "ctrl-k",
            "ctrl-n",
            "ctrl-o",
            "ctrl-p",
            "ctrl-r",
            "ctrl-u",
            "ctrl-v",
            "ctrl-w",
            "ctrl-x",
            "ctrl-y",
            "ctrl-_",
            "ctrl-/",
            "ctrl-7",
            "alt-b",
            "alt-d",
            "alt-f",
            "alt-h",
            "alt-v",
            "alt-backspace",
            "alt-delete",
            "ctrl-left",
            "ctrl-right",
        ],
        "does something where a text is written",
    ),
];

/// What can be done from the line at which one writes.
const AT_THE_LINE: &[Action] = &[
    Action::Palette,
    Action::Help,
    Action::Question,
    Action::NextPane,
    Action::PreviousPane,
    Action::PageUp,
    Action::PageDown,
];

/// What cannot be done in a conversation: its transcript says what happened, and what was rescued is the worker's.
pub(crate) const NOT_IN_TALKS: &[Action] = &[Action::Since, Action::Rescue];

/// The keys of one person.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Keys {
    /// For each of [`ROWS`].
    of: Vec<Vec<String>>,
}

impl Default for Keys {
    fn default() -> Self {
        let of = |row: &Row| row.keys.iter().map(|key| (*key).to_owned()).collect();
        Self { of: ROWS.iter().map(of).collect() }
    }
}

impl Keys {
    /// The keys of the table with what somebody's configuration sets, or everything that is wrong with that.
    ///
    /// # Errors
    /// An action or a key that there is not, a key that would mean two things in one place, and one that is needed.
    pub fn of(settings: &BTreeMap<String, KeySetting>) -> Result<Self, Vec<Diagnostic>> {
        let (mut keys, mut faults) = (Self::default(), Vec::new());
        // The setting of each row, where there is one.
        let mut by: Vec<Option<&KeySetting>> = vec![None; ROWS.len()];
        for setting in settings.values() {
            let Some(index) = ROWS.iter().position(|row| row.name == setting.action) else {
                let known: Vec<&str> = ROWS.iter().map(|row| row.name).collect();
                let what = format!("there is no action {}", shown(&setting.action));
                faults.push(fault(setting, what, hint(&setting.action, &known)));
                continue;
            };
            by[index] = Some(setting);
            keys.of[index].clear();
            for text in &setting.keys {
                match parse(text) {
                    Ok(name) => keys.of[index].push(name),
                    Err(why) => faults.push(fault(setting, format!("{} is no key to set", shown(text)), why)),
                }
            }
            keys.of[index].dedup();
        }
        for (index, setting) in by.iter().enumerate() {
            if let Some(setting) = setting {
                faults.extend(keys.faults_of(index, setting, &by));
            }
        }
        if faults.is_empty() { Ok(keys) } else { Err(faults) }
    }

    /// What is wrong with the keys of a row that was set.
    fn faults_of(&self, index: usize, setting: &KeySetting, by: &[Option<&KeySetting>]) -> Vec<Diagnostic> {
        let (row, mut faults) = (&ROWS[index], Vec::new());
        for (_, key) in KEPT.iter().filter(|(action, _)| *action == row.action) {
            if !self.of[index].iter().any(|own| own == key) {
                let what = format!("`{key}` cannot be taken away from `{}`", row.name);
                faults.push(fault(
                    setting,
                    what,
                    format!("write it beside the others: `{}: [{key}, …]`", row.name),
                ));
            }
        }
        for key in &self.of[index] {
            if let Some((_, _, why)) = TAKEN
                .iter()
                .find(|(place, taken, _)| works(row, key, *place) && taken.contains(&key.as_str()))
            {
                faults.push(fault(setting, format!("`{key}` {why}"), "take another one"));
            } else if row.place == Where::Everywhere && is_letter(key) {
                faults.push(fault(
                    setting,
                    format!("`{key}` could not be written any more"),
                    "take one with `ctrl-`",
                ));
            }
            let both = |other: usize| {
                self.of[other].contains(key)
                    && PLACES.iter().any(|place| works(row, key, *place) && works(&ROWS[other], key, *place))
            };
            // Of two that were set the later row tells.
            let other = (0..ROWS.len()).find(|other| *other != index && both(*other));
            if let Some(other) = other.filter(|other| by[*other].is_none() || *other < index) {
                let what = format!("`{key}` would mean both `{}` and `{}`", ROWS[other].name, row.name);
                let hint = format!("take another one, or give `{}` another one, too", ROWS[other].name);
                faults.push(fault(setting, what, hint));
            }
        }
        faults
    }

    /// The keys of an action, as they are shown.
    pub(crate) fn all(&self, action: Action) -> &[String] {
        ROWS.iter().position(|row| row.action == action).map_or(&[], |index| &self.of[index])
    }

    /// The first key of an action, where it has one.
    fn first(&self, action: Action) -> Option<&str> {
        self.all(action).first().map(String::as_str)
    }

    /// The first key of each of these actions, as a hint shows them; empty where there is none.
    pub(crate) fn hint(&self, actions: &[Action]) -> String {
        actions.iter().filter_map(|action| self.first(*action)).collect::<Vec<_>>().join(" ")
    }

    /// What a key does here.
    pub(crate) fn find(&self, key: &KeyEvent, place: Place) -> Option<Action> {
        let name = name_of(key)?;
        let is_meant = |(row, keys): &(&Row, &Vec<String>)| keys.contains(&name) && works(row, &name, place);
        ROWS.iter().zip(&self.of).find(is_meant).map(|(row, _)| row.action)
    }
}

/// Whether an action can be done here.
pub(crate) fn holds(row: &Row, place: Place) -> bool {
    match (row.place, place) {
        (Where::Everywhere, _)
        | (
            Where::Looking | Where::Scrolling,
            Place::Panes | Place::Transcript | Place::Reading | Place::Question,
        )
        | (Where::Scrolling, Place::Help)
        | (Where::Panes, Place::Panes)
        | (Where::Reading, Place::Reading | Place::Question)
        | (Where::Question, Place::Question) => true,
        (_, Place::Input) => AT_THE_LINE.contains(&row.action),
        (Where::Panes, Place::Transcript) => !NOT_IN_TALKS.contains(&row.action),
        (Where::Reading, Place::Transcript) => row.action == Action::Search,
        // What is proposed has files that can be folded.
        (Where::Panes, Place::Question) => matches!(row.action, Action::Toggle | Action::ToggleAll),
        (Where::Looking | Where::Panes, Place::Help) => matches!(row.action, Action::Help | Action::Palette),
        (Where::Looking | Where::Scrolling, Place::Writing)
        | (Where::Panes, Place::Reading | Place::Writing)
        | (Where::Reading | Where::Question, _) => false,
    }
}

/// Whether a key does it here. In front of a question letters are answers, and scroll nothing.
fn works(row: &Row, key: &str, place: Place) -> bool {
    if place == Place::Input {
        // There the begin and the end of a line are deleted by what scrolls elsewhere.
        let is_for_writing = row.place == Where::Scrolling && !["pgup", "pgdn"].contains(&key);
        return holds(row, place) && !is_letter(key) && !is_for_writing;
    }
    let is_answer = place == Place::Question && row.place == Where::Scrolling && is_letter(key);
    holds(row, place) && !is_answer
}

fn fault(setting: &KeySetting, expected: String, hint: impl Into<String>) -> Diagnostic {
    let KeySetting { path, line, column, .. } = setting;
    Diagnostic { path: path.clone(), line: *line, column: *column, expected, hint: hint.into() }
}

/// A word of a file, inside a message.
fn shown(word: &str) -> String {
    let word: String = crate::text::harmless(word, true).chars().take(60).collect();
    format!("`{}`", word.replace('\n', " "))
}

/// The rows as a Markdown table, with the keys that they have where nobody says otherwise.
pub fn table() -> String {
    let places = [
        (Where::Everywhere, "everywhere"),
        (Where::Looking, "everywhere but in a text"),
        (Where::Panes, "in the panes"),
        (Where::Reading, "while reading"),
        (Where::Question, "in a question"),
        (Where::Scrolling, "wherever there is more"),
    ];
    let mut table = "| keys | where | what | name |\n|---|---|---|---|\n".to_owned();
    for (place, words) in places {
        for row in ROWS.iter().filter(|row| row.place == place) {
            let keys: Vec<String> = row.keys.iter().map(|key| format!("`{key}`")).collect();
            let name = format!("`{}`", row.name);
            table.push_str("| ");
            table.push_str(&[keys.join(" ").as_str(), words, row.words, name.as_str()].join(" | "));
            table.push_str(" |\n");
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::key_named;

    fn settings(of: &[(&str, &[&str])]) -> BTreeMap<String, KeySetting> {
        let setting = |(index, (action, keys)): (usize, &(&str, &[&str]))| {
            let setting = KeySetting {
                action: (*action).to_owned(),
                keys: keys.iter().map(|key| (*key).to_owned()).collect(),
                path: "own.yaml".to_owned(),
                line: u32::try_from(index).unwrap() + 2,
                column: 3,
            };
            (setting.action.clone(), setting)
        };
        of.iter().enumerate().map(setting).collect()
    }

    fn told(of: &[(&str, &[&str])]) -> Vec<String> {
        let faults = Keys::of(&settings(of)).unwrap_err();
        faults.into_iter().map(|fault| format!("{}: {}", fault.line, fault.expected)).collect()
    }

    #[test]
    fn the_table_itself_keeps_all_rules() {
        let as_set: Vec<(&str, &[&str])> = ROWS.iter().map(|row| (row.name, row.keys)).collect();
        assert_eq!(Keys::of(&settings(&as_set)), Ok(Keys::default()));
        for row in ROWS {
            assert!(row.name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "{}", row.name);
            assert_eq!(ROWS.iter().filter(|other| other.name == row.name).count(), 1, "{}", row.name);
            assert_eq!(ROWS.iter().filter(|other| other.action == row.action).count(), 1, "{}", row.name);
        }
    }

    #[test]
    fn each_key_of_the_table_can_be_pressed() {
        for row in ROWS {
            for name in row.keys {
                let place = PLACES.into_iter().find(|place| works(row, name, *place)).unwrap();
                assert_eq!(Keys::default().find(&key_named(name), place), Some(row.action), "{name}");
            }
        }
    }

    #[test]
    fn what_a_person_sets_takes_the_place_of_the_table() {
        let keys =
            Keys::of(&settings(&[("document", &["D", "f2"]), ("journal", &[]), ("copy", &["ctrl-k"])]))
                .unwrap();
        let find = |name| keys.find(&key_named(name), Place::Panes);
        assert_eq!((find("D"), find("d"), find("l")), (Some(Action::Document), None, None));
        assert_eq!(keys.first(Action::Document), Some("D"));
        assert_eq!(keys.first(Action::Journal), None);
        assert_eq!(find("ctrl-k"), Some(Action::Copy));
        // What is free in one place can be used there: a search is no business of the worker's panes.
        assert!(Keys::of(&settings(&[("search", &["w"])])).is_ok());
    }

    #[test]
    fn what_cannot_be_is_refused_at_its_place() {
        assert_eq!(told(&[("documnt", &["D"])]), ["2: there is no action `documnt`"]);
        assert_eq!(told(&[("document", &["hyper-d"])]), ["2: `hyper-d` is no key to set"]);
        assert_eq!(told(&[("document", &["l"])]), ["2: `l` would mean both `journal` and `document`"]);
        assert_eq!(
            told(&[("document", &["X"]), ("journal", &["X"])]),
            ["3: `X` would mean both `document` and `journal`"]
        );
        assert_eq!(told(&[("stop", &["ctrl-q"])]), ["2: `ctrl-c` cannot be taken away from `stop`"]);
        assert_eq!(told(&[("back", &[])]), ["2: `esc` cannot be taken away from `back`"]);
        assert_eq!(told(&[("copy", &["ctrl-c"])]), ["2: `ctrl-c` would mean both `stop` and `copy`"]);
        assert_eq!(told(&[("copy", &["a"])]), ["2: `a` answers questions, and questions keep their keys"]);
        assert_eq!(told(&[("search", &["n"])]), ["2: `n` answers questions, and questions keep their keys"]);
        assert_eq!(told(&[("redraw", &["R"])]), ["2: `R` could not be written any more"]);
        assert_eq!(told(&[("redraw", &["ctrl-w"])]), ["2: `ctrl-w` does something where a text is written"]);
        let hint = &Keys::of(&settings(&[("documnt", &[])])).unwrap_err()[0].hint;
        assert!(hint.starts_with("did you mean `document`?"), "{hint}");
    }

    #[test]
    fn in_front_of_a_question_letters_scroll_nothing() {
        let keys = Keys::default();
        assert_eq!(keys.find(&key_named("k"), Place::Question), None);
        assert_eq!(keys.find(&key_named("up"), Place::Question), Some(Action::Up));
        assert_eq!(keys.find(&key_named("y"), Place::Question), Some(Action::Copy));
        assert_eq!(keys.find(&key_named("y"), Place::Writing), None);
        assert_eq!(keys.find(&key_named("ctrl-z"), Place::Writing), Some(Action::Suspend));
    }
}
