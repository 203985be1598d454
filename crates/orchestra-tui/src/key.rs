//! Keys: what was pressed, what it does, and the one table of both.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// What a key does outside of questions and texts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Action {
    /// The worker interrupts the turn, or leaves where none runs.
    Stop,
    /// Back to the shell, until `fg`.
    Suspend,
    /// Everything is drawn anew.
    Redraw,
    /// The keys that work here.
    Help,
    /// One level up.
    Back,
    /// The question that was put aside.
    Question,
    /// The next pane.
    NextPane,
    /// The pane before.
    PreviousPane,
    /// Up, a line or a row.
    Up,
    /// Down.
    Down,
    /// Up, a page.
    PageUp,
    /// Down, a page.
    PageDown,
    /// To the begin.
    Top,
    /// To the end, and stay there.
    Bottom,
    /// Shows more or less of what is chosen.
    Toggle,
    /// Shows all that tools printed, or none of it.
    ToggleAll,
    /// Looks for a text.
    Search,
    /// Shows only lines that have a text.
    Filter,
    /// The next document, turn or file.
    NextPart,
    /// The one before.
    PreviousPart,
    /// Says something of a line.
    Comment,
    /// The document of what is chosen.
    Document,
    /// What was changed by what is chosen.
    Changes,
    /// What the agent said.
    Transcript,
    /// What happened since the person last pressed a key.
    Since,
    /// What was recorded.
    Journal,
    /// What was saved before it was taken out of the tree.
    Rescue,
}

/// Where a row of the table holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Where {
    /// Everywhere.
    Everywhere,
    /// Where no question is in front.
    Panes,
    /// Where something is read.
    Reading,
    /// Where a question is in front.
    Question,
    /// Wherever something can be scrolled.
    Scrolling,
}

/// A row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// What is done.
    pub action: Action,
    /// The keys that do it, as they are shown: `ctrl-c`, `pgup`.
    pub keys: &'static [&'static str],
    /// Where.
    pub place: Where,
    /// What it is, for people.
    pub words: &'static str,
}

/// All keys. `?` and the reference are made from it.
pub const ROWS: &[Row] = &[
    row(Action::Stop, &["ctrl-c"], Where::Everywhere, "interrupt the agent; leave where none runs"),
    row(Action::Suspend, &["ctrl-z"], Where::Everywhere, "back to the shell (`fg` returns)"),
    row(Action::Redraw, &["ctrl-l"], Where::Everywhere, "draw everything anew"),
    row(Action::Back, &["esc"], Where::Everywhere, "one level up; puts a question aside"),
    row(Action::Help, &["?"], Where::Panes, "these keys"),
    row(Action::Question, &["g"], Where::Panes, "the question that waits"),
    row(Action::NextPane, &["tab"], Where::Panes, "next pane"),
    row(Action::PreviousPane, &["shift-tab"], Where::Panes, "pane before"),
    row(Action::Toggle, &["enter", "space"], Where::Panes, "show more, or less, of what is chosen"),
    row(Action::ToggleAll, &["o"], Where::Panes, "show all that tools printed, or none of it"),
    row(Action::Document, &["d"], Where::Panes, "read the document of what is chosen"),
    row(Action::Changes, &["v"], Where::Panes, "what was changed by what is chosen"),
    row(Action::Transcript, &["t"], Where::Panes, "what the agent said, from the transcript"),
    row(Action::Since, &["w"], Where::Panes, "what happened since you last pressed a key"),
    row(Action::Journal, &["l"], Where::Panes, "the journal"),
    row(Action::Rescue, &["r"], Where::Panes, "what was saved before it was taken out of the tree"),
    row(Action::Search, &["/"], Where::Reading, "search; `n` and `N`, or an empty search, go on"),
    row(Action::NextPart, &["]"], Where::Reading, "next document, turn or file; in a question, too"),
    row(Action::PreviousPart, &["["], Where::Reading, "the one before"),
    row(Action::Filter, &["&"], Where::Reading, "show only lines that have a text; all, where it is empty"),
    row(Action::Comment, &["c"], Where::Question, "comment on the line; `r` sends all comments back"),
    row(Action::Up, &["up", "k"], Where::Scrolling, "up"),
    row(Action::Down, &["down", "j"], Where::Scrolling, "down"),
    row(Action::PageUp, &["pgup", "ctrl-u"], Where::Scrolling, "a page up"),
    row(Action::PageDown, &["pgdn", "ctrl-d"], Where::Scrolling, "a page down"),
    row(Action::Top, &["home"], Where::Scrolling, "to the begin"),
    row(Action::Bottom, &["end"], Where::Scrolling, "to the end; what is new is followed"),
];

const fn row(action: Action, keys: &'static [&'static str], place: Where, words: &'static str) -> Row {
    Row { action, keys, place, words }
}

/// The rows as a Markdown table.
pub fn table() -> String {
    let places = [
        (Where::Everywhere, "everywhere"),
        (Where::Panes, "in the panes"),
        (Where::Reading, "while reading"),
        (Where::Question, "in a question"),
        (Where::Scrolling, "wherever there is more"),
    ];
    let mut table = "| keys | where | what |\n|---|---|---|\n".to_owned();
    for (place, words) in places {
        for row in ROWS.iter().filter(|row| row.place == place) {
            let keys: Vec<String> = row.keys.iter().map(|key| format!("`{key}`")).collect();
            table.push_str("| ");
            table.push_str(&[keys.join(" ").as_str(), words, row.words].join(" | "));
            table.push_str(" |\n");
        }
    }
    table
}

/// The action of a key, letters included.
pub(crate) fn action_of(key: &KeyEvent) -> Option<Action> {
    let name = name_of(key)?;
    ROWS.iter().find(|row| row.keys.contains(&name.as_str())).map(|row| row.action)
}

/// As [`action_of`], without keys that are a letter or a sign alone: where these mean something else.
pub(crate) fn action_beside_letters(key: &KeyEvent) -> Option<Action> {
    let is_letter = matches!(key.code, KeyCode::Char(_)) && !key.modifiers.contains(KeyModifiers::CONTROL);
    if is_letter { None } else { action_of(key) }
}

/// The name of a key, as the table has it.
pub(crate) fn name_of(key: &KeyEvent) -> Option<String> {
    let name = match key.code {
        KeyCode::Char(' ') => "space".to_owned(),
        KeyCode::Char(c) => c.to_lowercase().collect(),
        KeyCode::Enter => "enter".to_owned(),
        KeyCode::Esc => "esc".to_owned(),
        KeyCode::Tab => "tab".to_owned(),
        KeyCode::BackTab => "shift-tab".to_owned(),
        KeyCode::Up => "up".to_owned(),
        KeyCode::Down => "down".to_owned(),
        KeyCode::PageUp => "pgup".to_owned(),
        KeyCode::PageDown => "pgdn".to_owned(),
        KeyCode::Home => "home".to_owned(),
        KeyCode::End => "end".to_owned(),
        _ => return None,
    };
    let with = |modifier| key.modifiers.contains(modifier);
    match (with(KeyModifiers::CONTROL), with(KeyModifiers::ALT)) {
        (true, false) => Some(format!("ctrl-{name}")),
        (false, true) => Some(format!("alt-{name}")),
        (false, false) => Some(name),
        (true, true) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_means_two_things() {
        let mut keys: Vec<&str> = ROWS.iter().flat_map(|row| row.keys).copied().collect();
        let count = keys.len();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), count);
    }

    #[test]
    fn each_key_of_the_table_can_be_pressed() {
        for row in ROWS {
            for name in row.keys {
                let key = crate::testing::key_named(name);
                assert_eq!(action_of(&key), Some(row.action), "{name}");
            }
        }
    }
}
