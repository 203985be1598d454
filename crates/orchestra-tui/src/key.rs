//! Keys: what was pressed, what it does, and the one table of both.

mod name;
mod own;

pub use own::{Keys, table};

pub(crate) use name::{is_foreign, is_letter, name_of};
pub(crate) use own::{NOT_IN_TALKS, Place, holds};

/// What a key does outside of questions and texts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Action {
    /// The worker interrupts the turn, or leaves where none runs.
    Stop,
    /// Back to the shell, until `fg`.
    Suspend,
    /// Everything is drawn anew.
    Redraw,
    /// One level up.
    Back,
    /// All actions, to be chosen from.
    Palette,
    /// What has the focus goes to the clipboard.
    Copy,
    /// The document of what is shown or chosen, in an editor.
    Edit,
    /// What the agent said, in a pager.
    Pager,
    /// The mouse is taken, or left to the terminal.
    Mouse,
    /// The keys that work here.
    Help,
    /// The question that was put aside.
    Question,
    /// The line at which one writes to those who work.
    Write,
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
    /// Everywhere, also where a text is written.
    Everywhere,
    /// Wherever no text is written.
    Looking,
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
    /// Its name in the configuration.
    pub name: &'static str,
    /// The keys that do it where nobody says otherwise, as they are shown: `ctrl-c`, `pgup`.
    pub keys: &'static [&'static str],
    /// Where.
    pub place: Where,
    /// What it is, for people.
    pub words: &'static str,
}

/// All actions. `?`, the palette and the reference are made from it.
pub const ROWS: &[Row] = &[
    row(Action::Stop, "stop", &["ctrl-c"], Where::Everywhere, "interrupt the agent; leave where none runs"),
    row(Action::Suspend, "suspend", &["ctrl-z"], Where::Everywhere, "back to the shell (`fg` returns)"),
    row(Action::Redraw, "redraw", &["ctrl-l"], Where::Everywhere, "draw everything anew"),
    row(Action::Back, "back", &["esc"], Where::Everywhere, "one level up; puts a question aside"),
    row(Action::Palette, "palette", &["ctrl-p"], Where::Looking, "all that can be done here, by its name"),
    row(Action::Copy, "copy", &["y"], Where::Looking, "copy what has the focus to the clipboard"),
    row(Action::Edit, "edit", &["e"], Where::Looking, "the document of what is chosen, in your editor"),
    row(Action::Pager, "pager", &["T"], Where::Looking, "what the agent said, in your pager"),
    row(
        Action::Mouse,
        "mouse",
        &["M"],
        Where::Looking,
        "mouse on or off; while it is on, shift-drag selects",
    ),
    row(Action::Help, "help", &["?"], Where::Panes, "these keys"),
    row(Action::Question, "question", &["g", "ctrl-g"], Where::Panes, "the question that waits"),
    row(Action::Write, "write", &["i"], Where::Panes, "write to those who work"),
    row(Action::NextPane, "next-pane", &["tab"], Where::Panes, "next pane"),
    row(Action::PreviousPane, "previous-pane", &["shift-tab"], Where::Panes, "pane before"),
    row(Action::Toggle, "toggle", &["enter", "space"], Where::Panes, "show more, or less, of what is chosen"),
    row(Action::ToggleAll, "toggle-all", &["o"], Where::Panes, "show all that tools printed, or none of it"),
    row(Action::Document, "document", &["d"], Where::Panes, "read the document of what is chosen"),
    row(Action::Changes, "changes", &["v"], Where::Panes, "what was changed by what is chosen"),
    row(Action::Transcript, "transcript", &["t"], Where::Panes, "what the agent said, from the transcript"),
    row(Action::Since, "since", &["w"], Where::Panes, "what happened since you last pressed a key"),
    row(Action::Journal, "journal", &["l"], Where::Panes, "the journal"),
    row(Action::Rescue, "rescue", &["r"], Where::Panes, "what was saved before it was taken out of the tree"),
    row(Action::Search, "search", &["/"], Where::Reading, "search; `n` and `N`, or an empty search, go on"),
    row(
        Action::NextPart,
        "next-part",
        &["]"],
        Where::Reading,
        "next document, turn or file; in a question, too",
    ),
    row(Action::PreviousPart, "previous-part", &["["], Where::Reading, "the one before"),
    row(
        Action::Filter,
        "filter",
        &["&"],
        Where::Reading,
        "show only lines that have a text; all, where it is empty",
    ),
    row(
        Action::Comment,
        "comment",
        &["c"],
        Where::Question,
        "comment on the line; `r` sends all comments back",
    ),
    row(Action::Up, "up", &["up", "k"], Where::Scrolling, "up"),
    row(Action::Down, "down", &["down", "j"], Where::Scrolling, "down"),
    row(Action::PageUp, "page-up", &["pgup", "ctrl-u"], Where::Scrolling, "a page up"),
    row(Action::PageDown, "page-down", &["pgdn", "ctrl-d"], Where::Scrolling, "a page down"),
    row(Action::Top, "top", &["home"], Where::Scrolling, "to the begin"),
    row(Action::Bottom, "bottom", &["end"], Where::Scrolling, "to the end; what is new is followed"),
];

const fn row(
    action: Action,
    name: &'static str,
    keys: &'static [&'static str],
    place: Where,
    words: &'static str,
) -> Row {
    Row { action, name, keys, place, words }
}
